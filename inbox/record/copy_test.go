package record

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tamas/internal/testenv"
)

// A record goes into a new one of either kind whole, and what is made from it is made again.
func TestCopy(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		ctx := t.Context()
		h := newHistory(t, 5, time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
		for range 300 {
			h.step()
		}
		h.flush(db)
		if err := db.write(ctx, func(q querier) error {
			_, err := q.ExecContext(ctx, "INSERT INTO bodies (n, subject, text, html, raw, blob, more) VALUES ($1, '', $2, '', $3, '', '')",
				int64(1)<<40, "کتاب‌های من "+strings.Repeat("long", 50_000), []byte{0, 1, 255})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		indexAll(t, db)
		was := tally(t, db)
		if was["events"].Rows < 300 || was["touches"].Rows == 0 || len(was) < 30 {
			t.Fatalf("too little to copy: %+v", was)
		}
		version := must(db.Version(ctx))
		for name, address := range map[string]string{"sqlite": filepath.Join(t.TempDir(), "copy.db"), "postgres": testenv.Postgres(t)} {
			t.Run("to "+name, func(t *testing.T) {
				l := must(Load(ctx, address, version))
				defer l.Close()
				var at ID
				at, err := db.Dump(ctx, func(table Table, rows Rows) error { return l.Table(ctx, table, rows) })
				if err != nil {
					t.Fatal(err)
				}
				if name == "sqlite" {
					if _, err := os.Stat(address); err == nil {
						t.Error("half of a copy is there")
					}
				}
				if err := l.Finish(ctx); err != nil {
					t.Fatal(err)
				}
				copied := open(t, address)
				for table, want := range was {
					if got := tally(t, copied)[table]; !got.Is(&want) && table != "customers" { // marked to be indexed
						t.Errorf("%s: %+v, want %+v", table, got, want)
					}
				}
				if now := must(copied.Cursor(ctx)); now != at || at != must(db.Cursor(ctx)) {
					t.Errorf("the cursor is %v, was %v", now, at)
				}
				indexAll(t, copied)
				for _, text := range []string{"words", "wor"} {
					if got, want := must(copied.Search(ctx, text, 20)), must(db.Search(ctx, text, 20)); fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) || len(want.Messages)+len(want.Customers) == 0 {
						t.Errorf("search %s: %+v, want %+v", text, got, want)
					}
				}
				h := &history{t: t, rng: h.rng, now: h.now, n: h.n, written: at, convs: slices.Clone(h.convs), agents: h.agents, people: h.people}
				h.step()
				h.flush(copied) // it goes on
				if _, err := Load(ctx, address, version); !errors.Is(err, ErrOccupied) {
					t.Errorf("over one that is there: %v", err)
				}
			})
		}
	})
}

func tally(t *testing.T, db *DB) map[string]Tally {
	t.Helper()
	out := map[string]Tally{}
	if _, err := db.Dump(t.Context(), func(table Table, rows Rows) error {
		var n Tally
		for _, err := range n.Of(rows) {
			if err != nil {
				return err
			}
		}
		out[table.Name] = n
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

// A record's ids are its own: they are the same when it is opened again and in a copy of it, whatever was opened where the copy comes to be, and an address
// has others in any other record.
func TestIDsAreARecordsOwn(t *testing.T) {
	ctx := t.Context()
	of := func(db *DB) string {
		i, row := db.IdentityOf("phone", "+989121234567", ""), (&LogRules{Record: db}).RowCustomer([]string{"Ann"})
		if j := db.IdentityOf("sms", "+989121234567", ""); i.ID != j.ID || i.Customer != j.Customer || i.ID == i.Customer {
			t.Errorf("%+v, %+v", i, j)
		}
		return i.ID + " " + i.Customer + " " + row
	}
	seen := map[string]string{of(&DB{}): "without a salt"}
	for name, address := range map[string]string{"sqlite": filepath.Join(t.TempDir(), "a.db"), "postgres": testenv.Postgres(t)} {
		db := open(t, address)
		own := of(db)
		if before := seen[own]; before != "" {
			t.Errorf("%s has the ids of %s", name, before)
		}
		seen[own] = name
		if len(db.salt) < 60 {
			t.Errorf("%s: the salt is %q", name, db.salt)
		}
		if again := of(open(t, address)); again != own {
			t.Errorf("%s has %s when it is opened again, had %s", name, again, own)
		}
		ro := must(OpenReadOnly(ctx, address))
		if of(ro) != own {
			t.Errorf("%s has others when it is only read", name)
		}
		ro.Close()
		pg := testenv.Postgres(t)
		if of(open(t, pg)) == own { // what was made there and never used has a salt already
			t.Error("two new records have the same ids")
		}
		if _, err := Load(ctx, pg, must(db.Version(ctx))-1); err == nil || !strings.Contains(err.Error(), "empty database") {
			t.Errorf("of an older version into tables of a newer: %v", err)
		}
		for _, to := range []string{filepath.Join(t.TempDir(), "b.db"), pg} {
			l := must(Load(ctx, to, must(db.Version(ctx))))
			must(db.Dump(ctx, func(table Table, rows Rows) error { return l.Table(ctx, table, rows) }))
			if err := l.Finish(ctx); err != nil {
				t.Fatal(err)
			}
			l.Close()
			if copied := of(open(t, to)); copied != own {
				t.Errorf("%s has %s in a copy, had %s", name, copied, own)
			}
		}
	}
}

// Both databases have the same tables and columns, so that one goes into the other.
func TestTablesAreAlike(t *testing.T) {
	lite, pg := open(t, filepath.Join(t.TempDir(), "a.db")), open(t, testenv.Postgres(t))
	of := func(db *DB) map[string]string {
		out := map[string]string{}
		for _, table := range must(tables(t.Context(), db.pool, db.d)) {
			out[table.Name] = strings.Join(table.Columns, " ")
		}
		return out
	}
	if a, b := of(lite), of(pg); !maps.Equal(a, b) || len(a) < 30 {
		t.Errorf("SQLite has %v\nPostgreSQL %v", a, b)
	}
}

// What is broken off, or lacks a table, leaves nothing.
func TestCopyBrokenOff(t *testing.T) {
	for name, address := range map[string]string{"sqlite": filepath.Join(t.TempDir(), "copy.db"), "postgres": testenv.Postgres(t)} {
		t.Run(name, func(t *testing.T) {
			from := open(t, filepath.Join(t.TempDir(), "from.db"))
			f := newFirm(t, from)
			f.receive("1", "k", "text")
			f.write()
			version := must(from.Version(t.Context()))
			for _, broken := range []func(*Loading) error{
				func(l *Loading) error { return nil },
				func(l *Loading) error {
					_, err := from.Dump(t.Context(), func(table Table, rows Rows) error {
						if table.Name == "events" {
							return nil
						}
						return l.Table(t.Context(), table, rows)
					})
					return err
				},
				func(l *Loading) error {
					return l.Table(t.Context(), Table{"events", []string{"n", "surprise"}}, func(func([]any, error) bool) {})
				},
			} {
				l := must(Load(t.Context(), address, version))
				err := broken(l)
				if err == nil {
					err = l.Finish(t.Context())
				}
				if err == nil {
					t.Error("finished without its tables")
				}
				l.Close()
			}
			if name == "sqlite" {
				left := must(filepath.Glob(address + "*"))
				if len(left) > 0 {
					t.Errorf("left: %v", left)
				}
			} else if db := open(t, address); count(t, db, "SELECT count(*) FROM events") != 0 {
				t.Error("something was left")
			}
		})
	}
	if _, err := Load(t.Context(), filepath.Join(t.TempDir(), "x.db"), 9999); err == nil || !strings.Contains(err.Error(), "newer program") {
		t.Errorf("of a newer program: %v", err)
	}
}
