package record

import (
	"context"
	"database/sql"
)

const checkWindow = 20_000 // numbers of touches

// CheckBlobs looks for blobs that are named and that a store has not. Of those that nothing names it says nothing: they may be files that somebody is
// about to send, or never sent.
func (db *DB) CheckBlobs(ctx context.Context, has func(name string) (bool, error)) ([]Flaw, error) {
	f := Flaw{What: "files that are named and are not there"}
	look := func(who, name string) error {
		there, err := has(name)
		if err == nil && !there {
			f.add(who + " " + name)
		}
		return err
	}
	var last int64
	if err := db.pool.QueryRowContext(ctx, "SELECT COALESCE(MAX(n), 0) FROM bodies").Scan(&last); err != nil {
		return nil, err
	}
	type named struct {
		id   string
		body Body
	}
	for from := int64(0); from < last; from += checkWindow { // each at its own moment: what is erased meanwhile is named no more
		list, err := collect(ctx, db.pool, func(rows *sql.Rows, v *named) error {
			var more []byte
			if err := rows.Scan(&v.id, &v.body.Blob, &more); err != nil || len(more) == 0 {
				return err
			}
			return v.body.readMore(more)
		}, "SELECT t.id, b.blob, b.more FROM bodies b JOIN touches t ON t.n = b.n WHERE b.n > $1 AND b.n <= $2 AND (b.blob <> '' OR b.more <> '')", from, from+checkWindow)
		if err != nil {
			return nil, err
		}
		for i := range list {
			for _, name := range list[i].body.Blobs() {
				if err := look(list[i].id, name); err != nil {
					return nil, err
				}
			}
		}
	}
	imports, err := collect(ctx, db.pool, func(rows *sql.Rows, v *named) error { return rows.Scan(&v.id, &v.body.Blob) }, "SELECT id, blob FROM imports WHERE blob <> ''")
	if err != nil {
		return nil, err
	}
	for i := range imports {
		if err := look(imports[i].id, imports[i].body.Blob); err != nil {
			return nil, err
		}
	}
	if f.Count == 0 {
		return nil, nil
	}
	return []Flaw{f}, nil
}
