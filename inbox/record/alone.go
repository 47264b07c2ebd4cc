package record

import (
	"context"
	"errors"
	"fmt"
)

// LockAlone keeps a second process away from a PostgreSQL record, for a hub whose live state is in its own process.
// The lock ends with release or with the connection that holds it.
func (db *DB) LockAlone(ctx context.Context) (release func(), err error) {
	c, err := db.pool.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("lock the record: %w", err)
	}
	const key = 0x74616d617331 // "tamas1"
	var got bool
	if err := c.QueryRowContext(ctx, "SELECT pg_try_advisory_lock($1)", int64(key)).Scan(&got); err != nil {
		c.Close()
		return nil, fmt.Errorf("lock the record: %w", err)
	}
	if !got {
		c.Close()
		return nil, errors.New("the record is in use by another hub with an in-process Redis: give both the same --redis to run several")
	}
	return func() {
		// Close alone would give the connection, and with it the lock, back to the pool.
		c.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", int64(key))
		c.Close()
	}, nil
}
