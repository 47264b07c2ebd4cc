package record

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// found counts which of some words stand anywhere in the database's files.
func found(t *testing.T, path string, words []string) (list []string) {
	t.Helper()
	for _, end := range []string{"", "-wal"} {
		b, err := os.ReadFile(path + end)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		for _, w := range words {
			if bytes.Contains(b, []byte(w)) {
				list = append(list, w+" in the file"+end)
			}
		}
	}
	return list
}

// Of rows that come, grow, shrink, move and go, only those that are there leave bytes in SQLite's file after Overwrite, and all of these.
func TestOverwriteLeavesRowsAlone(t *testing.T) {
	path := t.TempDir() + "/record.db"
	db := open(t, path)
	ctx := t.Context()
	r := rand.New(rand.NewPCG(1, 2))
	word := func(kind string, i, version int) string { return fmt.Sprintf("%s%05dv%dq", kind, i, version) }
	const rows = 1000
	versions := make([]int, rows) // 0: not there
	content := func(i int) (string, string) {
		n := r.IntN(300)
		if r.IntN(20) == 0 {
			n = 2000 + r.IntN(20_000) // over several pages
		}
		return word("zqid", i, versions[i]), word("zqtx", i, versions[i]) + strings.Repeat("y", n) + word("zqen", i, versions[i])
	}
	if err := db.write(ctx, func(q querier) error {
		_, err := q.ExecContext(ctx, "CREATE TABLE probe (id TEXT PRIMARY KEY, n INTEGER, text TEXT) WITHOUT ROWID; CREATE TABLE probe_rows (n INTEGER PRIMARY KEY, text TEXT); CREATE INDEX probe_n ON probe (text)")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	var gone []string
	old := func(i int) {
		for _, kind := range []string{"zqid", "zqtx", "zqen"} {
			gone = append(gone, word(kind, i, versions[i]))
		}
	}
	change := func(q querier, i int, keep bool) (err error) {
		run := runner(ctx, q, &err)
		if versions[i] > 0 {
			old(i)
			run("DELETE FROM probe WHERE n = $1", i)
			run("DELETE FROM touch_words WHERE rowid = $1", i)
		}
		if !keep {
			run("DELETE FROM probe_rows WHERE n = $1", i)
			versions[i] = 0
			return err
		}
		versions[i] = versions[i]%1000 + 1
		id, text := content(i)
		run("INSERT INTO probe (id, n, text) VALUES ($1, $2, $3)", id, i, text)
		run("INSERT INTO probe_rows (n, text) VALUES ($1, $2) ON CONFLICT (n) DO UPDATE SET text = excluded.text", i, text)
		run("INSERT INTO touch_words (rowid, words) VALUES ($1, $2)", i, strings.ToLower(word("zqft", i, versions[i]))+" common words")
		return err
	}
	fresh := r.Perm(rows)
	for len(fresh) > 0 {
		if err := db.write(ctx, func(q querier) error {
			for range min(50, len(fresh)) {
				if err := change(q, fresh[0], true); err != nil {
					return err
				}
				if i := r.IntN(rows); versions[i] > 0 {
					if err := change(q, i, r.IntN(3) > 0); err != nil {
						return err
					}
				}
				fresh = fresh[1:]
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if len(found(t, path, gone)) == 0 {
		t.Fatal("nothing to be overwritten: the test cannot fail")
	}
	if err := db.Overwrite(ctx); err != nil {
		t.Fatal(err)
	}
	if left := found(t, path, gone); len(left) > 0 {
		t.Errorf("%d of %d are left: %v", len(left), len(gone), left[:min(5, len(left))])
	}
	sound(t, db)
	for i, v := range versions {
		if v == 0 {
			continue
		}
		id, start := word("zqid", i, v), word("zqtx", i, v)
		if n := count(t, db, "SELECT count(*) FROM probe p JOIN probe_rows r ON r.n = p.n AND r.text = p.text WHERE p.id = $1 AND substr(p.text, 1, $2) = $3", id, len(start), start); n != 1 {
			t.Fatalf("row %d is not what it was", i)
		}
		if n := count(t, db, "SELECT count(*) FROM touch_words WHERE touch_words MATCH $1", strings.ToLower(word("zqft", i, v))); n != 1 {
			t.Fatalf("full text of row %d: %d", i, n)
		}
	}
	// What full text knows of words is only of those that are there.
	if err := db.write(ctx, func(q querier) error {
		if _, err := q.ExecContext(ctx, "CREATE VIRTUAL TABLE temp.terms USING fts5vocab(main, touch_words, row)"); err != nil {
			return err
		}
		terms := must(collect(context.Background(), q, oneText, "SELECT term FROM terms WHERE term LIKE 'zqft%'"))
		there := 0
		for _, v := range versions {
			if v > 0 {
				there++
			}
		}
		if len(terms) != there {
			t.Errorf("full text knows %d words, %d are there", len(terms), there)
		}
		_, err := q.ExecContext(ctx, "DROP TABLE temp.terms")
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func sound(t *testing.T, db *DB) {
	t.Helper()
	list := must(collect(t.Context(), db.pool, oneText, "PRAGMA integrity_check"))
	if len(list) != 1 || list[0] != "ok" {
		t.Fatal(list)
	}
	for _, table := range wordTables {
		if err := db.write(t.Context(), func(q querier) error {
			_, err := q.ExecContext(t.Context(), "INSERT INTO "+table+" ("+table+") VALUES ('integrity-check')")
			return err
		}); err != nil {
			t.Fatalf("%s: %v", table, err)
		}
	}
}
