package record

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
)

// NewID makes an id for a row: the prefix and 80 random bits in lower-case letters and digits.
func NewID(prefix string) string { return prefix + strings.ToLower(rand.Text()[:16]) }

// edit runs an UPDATE that compares the version of a row and reads why it changed none.
func edit(ctx context.Context, q querier, table, id, stmt string, args ...any) error {
	res, err := q.ExecContext(ctx, stmt, args...)
	if err != nil {
		if duplicate(err) {
			return ErrTaken
		}
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n > 0 {
		return err
	}
	var there int
	if err := q.QueryRowContext(ctx, "SELECT count(*) FROM "+table+" WHERE id = $1", id).Scan(&there); err != nil {
		return err
	}
	if there == 0 {
		return ErrNotFound
	}
	return ErrConflict
}

func add(ctx context.Context, q querier, stmt string, args ...any) error {
	_, err := q.ExecContext(ctx, stmt, args...)
	if err != nil && duplicate(err) {
		return ErrTaken
	}
	return err
}

func single[T any](list []T, err error) (T, error) {
	var none T
	if err != nil {
		return none, err
	}
	if len(list) == 0 {
		return none, ErrNotFound
	}
	return list[0], nil
}

// Setting reads the JSON value of a named setting into v; version 0: there is none yet, v is left as it is.
func (db *DB) Setting(ctx context.Context, name string, v any) (version int64, err error) {
	type row struct {
		version int64
		value   []byte
	}
	list, err := collect(ctx, db.pool, func(rows *sql.Rows, r *row) error { return rows.Scan(&r.version, &r.value) },
		"SELECT version, value FROM settings WHERE name = $1", name)
	if err != nil || len(list) == 0 {
		return 0, err
	}
	return list[0].version, json.Unmarshal(list[0].value, v)
}

// SetSetting replaces the value that was read at this version (0: there was none) and gives the new version.
func (db *DB) SetSetting(ctx context.Context, name string, version int64, v any, notes ...Note) (int64, error) {
	value, err := json.Marshal(v)
	if err != nil {
		return 0, err
	}
	err = db.writeNoted(ctx, notes, func(q querier) error {
		stmt := "UPDATE settings SET value = $2, version = version + 1 WHERE name = $1 AND version = $3"
		args := []any{name, string(value), version}
		if version == 0 {
			stmt, args = "INSERT INTO settings (name, value, version) VALUES ($1, $2, 1) ON CONFLICT (name) DO NOTHING", args[:2]
		}
		res, err := q.ExecContext(ctx, stmt, args...)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n > 0 {
			return err
		}
		return ErrConflict
	})
	if err != nil {
		return 0, fmt.Errorf("set %s: %w", name, err)
	}
	return version + 1, nil
}
