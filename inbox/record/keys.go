package record

import (
	"context"
	"database/sql"
)

const keysAtOnce = 200

// HasKeys tells which of these keys an account's provider has delivered, however long ago.
func (db *DB) HasKeys(ctx context.Context, account string, keys []string) (map[string]bool, error) {
	known := map[string]bool{}
	for len(keys) > 0 {
		some := keys[:min(len(keys), keysAtOnce)]
		keys = keys[len(some):]
		args := []any{account}
		for _, k := range some {
			args = append(args, k)
		}
		_, err := collect(ctx, db.pool, func(rows *sql.Rows, _ *struct{}) error {
			var key string
			err := rows.Scan(&key)
			known[key] = true
			return err
		}, "SELECT key FROM touches WHERE account = $1 AND inbound = 1 AND key <> '' AND key IN ("+placeholders(2, len(some))+")", args...)
		if err != nil {
			return nil, err
		}
	}
	return known, nil
}
