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
