package record

import (
	"context"
	"database/sql"
	"slices"
)

// EachTouch calls f with all touches of a customer in the order of events, with their text. What colleagues say among themselves is left out,
// but for notes.
func (db *DB) EachTouch(ctx context.Context, customer string, f func(*Touch) error) error {
	root, err := rootOf(ctx, db.pool, customer)
	if err != nil {
		return err
	}
	ids, err := collect(ctx, db.pool, func(rows *sql.Rows, s *string) error { return rows.Scan(s) }, "SELECT id FROM identities WHERE customer = $1", root)
	if err != nil {
		return err
	}
	var ns []int64
	for _, id := range ids {
		list, err := collect(ctx, db.pool, func(rows *sql.Rows, n *int64) error { return rows.Scan(n) },
			"SELECT n FROM touches WHERE identity = $1 AND kind NOT IN ('whisper', 'draft', 'review', 'verdict', 'flag', 'answer')", id)
		if err != nil {
			return err
		}
		ns = append(ns, list...)
	}
	slices.Sort(ns)
	return inPieces(ns, func(args []any) error {
		list, err := touches(ctx, db.pool, "WHERE t.n IN ("+placeholders(1, len(args))+") ORDER BY t.n", args...)
		if err != nil {
			return err
		}
		for i := range list {
			if err := f(&list[i]); err != nil {
				return err
			}
		}
		return nil
	})
}
