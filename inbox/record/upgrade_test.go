package record

import (
	"context"
	"database/sql"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/pressly/goose/v3"

	"tamas/internal/testenv"
)

// openAt opens a database with the tables of an older version, and gives it to f.
func openAt(t *testing.T, pool *sql.DB, d *dialect, version int64, f func(pool *sql.DB)) {
	t.Helper()
	var list []*goose.Migration
	for _, file := range must(fs.Glob(migrations, "migrations/*.sql")) {
		name := strings.TrimSuffix(filepath.Base(file), ".sql")
		number, _, _ := strings.Cut(name, "_")
		n := must(strconv.ParseInt(number, 10, 64))
		if _, of, ok := strings.Cut(name, "."); n > version || ok && of != d.name {
			continue
		}
		text := d.words.Replace(string(must(migrations.ReadFile(file))))
		list = append(list, goose.NewGoMigration(n, &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, text)
			return err
		}}, nil))
	}
	p := must(goose.NewProvider(d.goose, pool, nil, goose.WithGoMigrations(list...), goose.WithDisableGlobalRegistry(true)))
	must(p.Up(t.Context()))
	f(pool)
	pool.Close()
}

// The identities of a record from before merges are at home with their customers, and how they were linked is kept as far as it is known.
func TestIdentitiesOfARecordBeforeMerges(t *testing.T) {
	old := func(pool *sql.DB) {
		for _, text := range []string{
			`INSERT INTO customers (id, name, created_at) VALUES ('c1', 'Ann', 5), ('c2', '', 6)`,
			`INSERT INTO identities (id, customer, channel, address, name, created_at, evidence) VALUES
				('i1', 'c1', 'external', '7', '', 5, ''), ('i2', 'c1', 'webchat', 'v', '', 6, 'signed token of the site'), ('i3', 'c2', 'sms', '+98', '', 7, '')`,
		} {
			must(pool.Exec(text))
		}
	}
	path := filepath.Join(t.TempDir(), "old.db")
	addresses := map[string]func() string{
		"sqlite": func() string {
			w, r, err := openSQLite(path)
			if err != nil {
				t.Fatal(err)
			}
			r.Close()
			openAt(t, w, &sqliteDialect, 7, old)
			return path
		},
		"postgres": func() string {
			a := testenv.Postgres(t)
			openAt(t, must(openPostgres(a, 4)), &postgresDialect, 7, old)
			return a
		},
	}
	for name, address := range addresses {
		t.Run(name, func(t *testing.T) {
			db := open(t, address())
			p := must(db.Customer(t.Context(), "c1"))
			if ids(p.Identities) != "i1 i2" || p.Identities[0].Home != "c1" || p.Identities[0].Link != nil {
				t.Fatalf("%+v", p)
			}
			l := p.Identities[1].Link
			if l == nil || l.Evidence != "signed token of the site" || !l.Verified || l.At != 0 || l.To != "c1" {
				t.Fatalf("%+v", l)
			}
			must(db.UndoLink(t.Context(), l.ID, Decided{At: 9, By: "u"}, nil))
			if len(db.salt) > 0 { // its ids are what they were
				t.Errorf("the salt is %q", db.salt)
			}
			if p := must(db.Customer(t.Context(), derived("customer", "webchat", "v"))); ids(p.Identities) != "i2" {
				t.Errorf("%+v", p)
			}
			must(db.Merge(t.Context(), "c2", "c1", "", Decided{At: 9, By: "u"}, nil))
			if p := must(db.Customer(t.Context(), "c2")); p.MergedInto != "c1" || ids(p.Identities) != "i1 i3" {
				t.Errorf("%+v", p)
			}
		})
	}
}
