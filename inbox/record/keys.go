package record

import (
	"context"
	"database/sql"
	"errors"
)

const (
	keysAtOnce = 200
	oneKey     = "SELECT 1 FROM touches WHERE account = $1 AND inbound = 1 AND key <> '' AND key = $2"
)

// hasKey is HasKeys for one: it stands before the acknowledgement of every message that has no date, and preparing it each time
// would be two thirds of its cost in SQLite.
func (db *DB) hasKey(ctx context.Context, account, key string) (bool, error) {
	s := db.oneKey.Load()
	if s == nil {
		var err error
		if s, err = db.pool.PrepareContext(ctx, oneKey); err != nil {
			return false, err
		}
		if !db.oneKey.CompareAndSwap(nil, s) {
			s.Close()
			s = db.oneKey.Load()
		}
	}
	var one int
	err := s.QueryRowContext(ctx, account, key).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// HasKeys tells which of these keys an account's provider has delivered, however long ago.
func (db *DB) HasKeys(ctx context.Context, account string, keys []string) (map[string]bool, error) {
	known := map[string]bool{}
	if len(keys) == 1 {
		has, err := db.hasKey(ctx, account, keys[0])
		if has {
			known[keys[0]] = true
		}
		return known, err
	}
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
