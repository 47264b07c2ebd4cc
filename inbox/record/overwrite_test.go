package record

import (
	"bytes"
	"errors"
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
	}
}

// While somebody reads what was there before, the file is not written anew, which would have to be done again.
func TestOverwriteWaitsForReaders(t *testing.T) {
	db := open(t, t.TempDir()+"/record.db")
	ctx := t.Context()
	do := func(text string) {
		t.Helper()
		if err := db.write(ctx, func(q querier) error { _, err := q.ExecContext(ctx, text); return err }); err != nil {
			t.Fatal(err)
		}
	}
	do("CREATE TABLE probe AS WITH RECURSIVE k(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i < 10000) SELECT i, 'some text that goes' AS text FROM k")
	reader := must(db.pool.BeginTx(ctx, nil))
	defer reader.Rollback()
	var n int
	if err := reader.QueryRowContext(ctx, "SELECT count(*) FROM probe").Scan(&n); err != nil {
		t.Fatal(err)
	}
	do("DELETE FROM probe")
	if err := db.Overwrite(ctx); !errors.Is(err, errBusy) {
		t.Errorf("beside a reader: %v", err)
	}
	if n := count(t, db, "SELECT freelist_count FROM pragma_freelist_count"); n == 0 {
		t.Error("the file was written anew for nothing")
	}
	if err := reader.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := db.Overwrite(ctx); err != nil {
		t.Error(err)
	}
	if n := count(t, db, "SELECT freelist_count FROM pragma_freelist_count"); n != 0 {
		t.Errorf("%d pages are left", n)
	}
}

func sound(t *testing.T, db *DB) {
	t.Helper()
	list := must(collect(t.Context(), db.pool, oneText, "PRAGMA integrity_check"))
	if len(list) != 1 || list[0] != "ok" {
		t.Fatal(list)
	}
}
