package record

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
)

// Errors of this package, to be matched with errors.Is.
var (
	ErrMoved    = errors.New("the record's cursor is elsewhere") // another leader writes
	ErrConflict = errors.New("the row has been changed by another")
	ErrNotFound = errors.New("no such row")
	ErrTaken    = errors.New("the name is taken") // an email address, a shortcut
	ErrSame     = errors.New("they are one customer already")
)

// DB is an open record. Its methods may be called at once from many goroutines.
type DB struct {
	d        *dialect
	pool     *sql.DB // reads; in PostgreSQL also the writes of settings
	wr       *writer // the recorder's connection; in SQLite all writes
	own      *sql.DB // wr's pool, when not pool
	searches *sql.DB // for searches, when not pool

	duplicates atomic.Int64
	oneKey     atomic.Pointer[sql.Stmt] // of hasKey
	kept       statements               // of searches
	views      searchViews
	key        []byte       // of refusals
	salt       []byte       // of ids; empty in a record from before it
	refusals   atomic.Bool  // there are any
	refusalsAt atomic.Int64 // ms when it was last looked
	today      today
}

// Open opens the record at a PostgreSQL URL (postgres://…) or in a SQLite file, and brings its tables up to
// date. It does not keep a second process away from a SQLite file: see LockFile.
func Open(ctx context.Context, address string, options ...func(*DB)) (*DB, error) {
	db := &DB{}
	for _, o := range options {
		o(db)
	}
	switch scheme, _, ok := strings.Cut(address, "://"); {
	case ok && (scheme == "postgres" || scheme == "postgresql"):
		pool, err := openPostgres(address, 16)
		if err != nil {
			return nil, err
		}
		// Searches ask few different questions, each by keys: to plan one takes longer than to answer it, so each connection does that once.
		searches, err := openPostgres(address, 8, "plan_cache_mode", "force_generic_plan")
		if err != nil {
			return nil, err
		}
		db.d, db.pool, db.searches = &postgresDialect, pool, searches
		db.wr = newWriter(pool, db.d)
	case ok:
		return nil, fmt.Errorf("the record can be a file or a postgres:// address, not %s://", scheme)
	default:
		w, r, err := openSQLite(address)
		if err != nil {
			return nil, fmt.Errorf("open the record %s: %w", address, err)
		}
		db.d, db.pool, db.own = &sqliteDialect, r, w
		db.wr = newWriter(w, db.d)
	}
	if err := db.prepare(ctx); err != nil {
		db.Close()
		return nil, fmt.Errorf("open the record: %w", err)
	}
	if err := db.readSalt(ctx); err != nil {
		db.Close()
		return nil, fmt.Errorf("open the record: %w", err)
	}
	return db, nil
}

// prepare migrates. Several nodes may start at once on one PostgreSQL: they take turns.
func (db *DB) prepare(ctx context.Context) error {
	if db.own != nil {
		return migrate(ctx, db.own, db.d)
	}
	c, err := db.pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	const key = 0x74616d6173 // "tamas"
	defer c.ExecContext(context.WithoutCancel(ctx), "RESET lock_timeout")
	if _, err := c.ExecContext(ctx, "SET lock_timeout = 0"); err != nil {
		return err
	}
	if _, err := c.ExecContext(ctx, "SELECT pg_advisory_lock($1)", int64(key)); err != nil {
		return err
	}
	defer c.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", int64(key))
	return migrate(ctx, db.pool, db.d)
}

// Close waits for the write under way and closes all connections.
func (db *DB) Close() error {
	db.wr.close()
	if s := db.oneKey.Load(); s != nil {
		s.Close()
	}
	db.kept.close()
	err := db.pool.Close()
	if db.searches != nil {
		err = errors.Join(err, db.searches.Close())
	}
	if db.own != nil {
		err = errors.Join(err, db.own.Close())
	}
	return err
}

// Ping asks the database whether it answers.
func (db *DB) Ping(ctx context.Context) error {
	var one int
	return db.pool.QueryRowContext(ctx, "SELECT 1").Scan(&one)
}

// Kind names the database: "sqlite" or "postgres".
func (db *DB) Kind() string { return db.d.name }

// Duplicates counts touches that the unique index on a provider's key kept out since Open. The log removes
// duplicates before; this stays 0.
func (db *DB) Duplicates() int64 { return db.duplicates.Load() }

// querier is what *sql.DB, *sql.Conn and *sql.Tx have in common.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// write runs f in a transaction of its own: in SQLite on the one writing connection.
func (db *DB) write(ctx context.Context, f func(q querier) error) error {
	if db.d.oneConn {
		return db.wr.tx(ctx, func() error {
			if _, err := db.wr.run(ctx, nil); err != nil { // BEGIN
				return err
			}
			return f(db.wr.conn)
		})
	}
	tx, err := db.pool.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// read runs f in one snapshot and gives the cursor that it is true at.
func (db *DB) read(ctx context.Context, f func(q querier) error) (ID, error) {
	tx, err := db.pool.BeginTx(ctx, &db.d.snapshot)
	if err != nil {
		return ID{}, err
	}
	defer tx.Rollback()
	at, err := cursor(ctx, tx)
	if err == nil {
		err = f(tx)
	}
	return at, err
}

// collect reads all rows of a query.
func collect[T any](ctx context.Context, q querier, scan func(*sql.Rows, *T) error, query string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list := []T{}
	for rows.Next() {
		var v T
		if err := scan(rows, &v); err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, rows.Err()
}

// one turns "no rows" into ErrNotFound.
func one(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	return err
}

// asJSON is a column that holds JSON: with a pointer it is scanned into, with a value it is written. ” and '{}' leave what is pointed to empty.
type asJSON struct{ v any }

func (j asJSON) Value() (driver.Value, error) {
	b, err := json.Marshal(j.v)
	if string(b) == "null" {
		b = []byte("{}")
	}
	return string(b), err
}

func (j asJSON) Scan(src any) error {
	text, ok := src.(string)
	if b, raw := src.([]byte); raw {
		text, ok = string(b), true
	}
	switch {
	case !ok:
		return fmt.Errorf("no JSON in a %T", src)
	case text == "" || text == "{}":
		return nil
	}
	return json.Unmarshal([]byte(text), j.v)
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
