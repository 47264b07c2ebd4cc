package record

import (
	"context"
	"database/sql"
)

// KeepPolicy stores the text of a policy under its hash; what is there already stays. None is ever removed: decisions are kept for good, and
// each is to be explained and computed again by the policy that it names. There is one for each change of what routing goes by under
// which something was decided, and it names no person but by id.
func (db *DB) KeepPolicy(ctx context.Context, hash string, at Millis, text []byte) error {
	return db.write(ctx, func(q querier) error {
		_, err := q.ExecContext(ctx, "INSERT INTO policies (hash, created_at, json) VALUES ($1, $2, $3) ON CONFLICT (hash) DO NOTHING",
			hash, int64(at), string(text))
		return err
	})
}

// Policy is the text kept under a hash. ErrNotFound.
func (db *DB) Policy(ctx context.Context, hash string) ([]byte, error) {
	return single(collect(ctx, db.pool, func(rows *sql.Rows, text *[]byte) error { return rows.Scan(text) },
		"SELECT json FROM policies WHERE hash = $1", hash))
}
