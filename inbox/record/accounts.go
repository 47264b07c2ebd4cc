package record

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
)

const accountsQuery = `SELECT a.id, a.version, a.kind, a.name, a.queue, a.reopen_hours, a.units, a.enabled, a.settings, a.secrets_set, a.sealed,
	a.created_at, a.archived, a.import_since, a.silent_minutes, a.max_file_mb, a.continue_on, a.continue_after, COALESCE(c.position, '') FROM accounts a LEFT JOIN account_cursors c ON c.account = a.id `

func scanAccount(rows *sql.Rows, a *Account) error {
	var settings, set []byte
	if err := rows.Scan(&a.ID, &a.Version, &a.Kind, &a.Name, &a.Queue, &a.ReopenHours, &a.Units, &a.Enabled, &settings, &set, &a.SealedSecret,
		&a.CreatedAt, &a.Archived, &a.ImportSince, &a.SilentMins, &a.MaxFileMB, &a.ContinueOn, &a.ContinueAfter, &a.Cursor); err != nil {
		return err
	}
	a.Settings = settings
	return json.Unmarshal(set, &a.SecretsSet)
}

// Accounts are all accounts by name, with sealed secrets and cursors; archived ones too.
func (db *DB) Accounts(ctx context.Context) ([]Account, error) {
	list, err := collect(ctx, db.pool, scanAccount, accountsQuery+"ORDER BY a.name, a.id")
	if err != nil {
		err = fmt.Errorf("read accounts: %w", err)
	}
	return list, err
}

// Account reads one; ErrNotFound.
func (db *DB) Account(ctx context.Context, id string) (Account, error) {
	return single(collect(ctx, db.pool, scanAccount, accountsQuery+"WHERE a.id = $1", id))
}

func (a *Account) row() ([]any, error) {
	if len(a.Settings) == 0 {
		a.Settings = json.RawMessage("{}")
	}
	if a.SecretsSet == nil {
		a.SecretsSet = []string{}
	}
	set, err := json.Marshal(a.SecretsSet)
	return []any{a.ID, a.Version, a.Kind, a.Name, a.Queue, a.ReopenHours, a.Units, flag(a.Enabled), string(a.Settings), string(set),
		a.SealedSecret, flag(a.Archived), a.SilentMins, a.MaxFileMB, a.ContinueOn, a.ContinueAfter}, err
}

// AddAccount stores a new account; an empty ID is made up.
func (db *DB) AddAccount(ctx context.Context, a Account, notes ...Note) (Account, error) {
	if a.ID == "" {
		a.ID = NewID("a")
	}
	a.Version = 1
	row, err := a.row()
	if err != nil {
		return a, err
	}
	err = db.writeNoted(ctx, notes, func(q querier) error {
		return add(ctx, q, `INSERT INTO accounts (id, version, kind, name, queue, reopen_hours, units, enabled, settings, secrets_set, sealed, archived, silent_minutes, max_file_mb,
			continue_on, continue_after, created_at, import_since) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`,
			append(row, int64(a.CreatedAt), int64(a.ImportSince))...)
	})
	return a, err
}

// EditAccount replaces the account that was read at a.Version, its sealed secrets included; its kind, its time of
// creation, from when it imports, and its cursor stay. ErrConflict, ErrNotFound.
func (db *DB) EditAccount(ctx context.Context, a Account, notes ...Note) (Account, error) {
	row, err := a.row()
	if err != nil {
		return a, err
	}
	row = append(row[:2:2], row[3:]...) // without the kind
	err = db.writeNoted(ctx, notes, func(q querier) error {
		return edit(ctx, q, "accounts", a.ID, `UPDATE accounts SET version = version + 1, name = $3, queue = $4, reopen_hours = $5, units = $6,
			enabled = $7, settings = $8, secrets_set = $9, sealed = $10, archived = $11, silent_minutes = $12, max_file_mb = $13,
			continue_on = $14, continue_after = $15 WHERE id = $1 AND version = $2`, row...)
	})
	a.Version++
	return a, err
}
