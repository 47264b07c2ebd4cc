package record

import (
	"context"
	"database/sql"
)

func scanCanned(rows *sql.Rows, c *Canned) error {
	return rows.Scan(&c.ID, &c.Version, &c.Shortcut, &c.Title, &c.Text)
}

const cannedColumns = "id, version, shortcut, title, text"

// CannedAll are all prepared answers by shortcut.
func (db *DB) CannedAll(ctx context.Context) ([]Canned, error) {
	return collect(ctx, db.pool, scanCanned, "SELECT "+cannedColumns+" FROM canned ORDER BY shortcut")
}

// Canned reads one; ErrNotFound.
func (db *DB) Canned(ctx context.Context, id string) (Canned, error) {
	return single(collect(ctx, db.pool, scanCanned, "SELECT "+cannedColumns+" FROM canned WHERE id = $1", id))
}

// AddCanned stores a new prepared answer; an empty ID is made up. ErrTaken: the shortcut.
func (db *DB) AddCanned(ctx context.Context, c Canned, notes ...Note) (Canned, error) {
	if c.ID == "" {
		c.ID = NewID("n")
	}
	c.Version = 1
	err := db.writeNoted(ctx, notes, func(q querier) error {
		return add(ctx, q, "INSERT INTO canned (id, version, shortcut, title, text) VALUES ($1, $2, $3, $4, $5)", c.ID, c.Version, c.Shortcut, c.Title, c.Text)
	})
	return c, err
}

// EditCanned replaces the answer that was read at c.Version. ErrConflict, ErrNotFound, ErrTaken.
func (db *DB) EditCanned(ctx context.Context, c Canned, notes ...Note) (Canned, error) {
	err := db.writeNoted(ctx, notes, func(q querier) error {
		return edit(ctx, q, "canned", c.ID, "UPDATE canned SET version = version + 1, shortcut = $3, title = $4, text = $5 WHERE id = $1 AND version = $2",
			c.ID, c.Version, c.Shortcut, c.Title, c.Text)
	})
	c.Version++
	return c, err
}

// RemoveCanned removes the answer at this version (0: any). ErrConflict, ErrNotFound.
func (db *DB) RemoveCanned(ctx context.Context, id string, version int64, notes ...Note) error {
	return db.writeNoted(ctx, notes, func(q querier) error {
		return edit(ctx, q, "canned", id, "DELETE FROM canned WHERE id = $1 AND ($2 = 0 OR version = $2)", id, version)
	})
}
