package record

import (
	"context"
	"database/sql"
)

// Tiers gives the tiers of the customers behind identities, those that have one.
func (db *DB) Tiers(ctx context.Context, identities []string) (map[string]string, error) {
	out := map[string]string{}
	args := make([]any, len(identities))
	for i, id := range identities {
		args[i] = id
	}
	if len(args) == 0 {
		return out, nil
	}
	_, err := collect(ctx, db.pool, func(rows *sql.Rows, _ *struct{}) error {
		var id, tier string
		err := rows.Scan(&id, &tier)
		if tier != "" {
			out[id] = tier
		}
		return err
	}, "SELECT i.id, "+shownTier+" AS tier FROM identities i JOIN customers u ON u.id = i.customer WHERE i.id IN ("+placeholders(1, len(args))+")", args...)
	return out, err
}

// EditCustomer changes name and tier, nil leaves them, of the customer that was read at this version (0: any), and gives the row as it was
// and as it is, to note as well when that is not nil. Of one who was merged into another it changes the other. ErrConflict, ErrNotFound.
func (db *DB) EditCustomer(ctx context.Context, id string, version int64, name, tier *string, note func(before, after Customer) Note) (before, after Customer, err error) {
	var notes []Note
	if note != nil {
		notes = append(notes, func() (*Changed, error) { return note(before, after)() })
	}
	err = db.writeNoted(ctx, notes, func(q querier) (err error) {
		if id, err = rootOf(ctx, q, id); err != nil {
			return err
		}
		if before, err = customer(ctx, q, id); err != nil {
			return err
		}
		if err = edit(ctx, q, "customers", id,
			`UPDATE customers SET name = COALESCE(CAST($3 AS TEXT), name), tier = COALESCE(CAST($4 AS TEXT), tier), version = version + 1, stale = 1,
				seek = seek + 1 WHERE id = $1 AND ($2 = 0 OR version = $2)`, id, version, name, tier); err != nil {
			return err
		}
		after, err = customer(ctx, q, id)
		return err
	})
	return before, after, err
}
