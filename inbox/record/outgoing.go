package record

import "context"

// InParts tells whether a message went out as several.
func (db *DB) InParts(ctx context.Context, account, touch string) (bool, error) {
	var n int
	err := db.pool.QueryRowContext(ctx, `SELECT count(*) FROM touch_parts WHERE account = $1 AND touch = $2`, account, touch).Scan(&n)
	return n > 0, err
}
