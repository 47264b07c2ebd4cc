package record

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// dialect is all that differs between the two databases.
type dialect struct {
	name     string // part of the name of its own migrations
	goose    goose.Dialect
	words    *strings.Replacer // the @WORDS of migrations
	begin    string            // a transaction that will write
	snapshot sql.TxOptions     // of a list with its cursor
	oneConn  bool              // all writing goes through one connection
	// lockCursor makes the recorder wait for the end of the transaction: as oneConn does already.
	lockCursor string
	// lockRows follows a SELECT whose rows are to stay as they are until the transaction ends: oneConn does that already.
	lockRows string
	// numbered: many's rows are written with $1, $2, …. SQLite takes these too, but looks each up by its name: 45 %
	// of the time of a large insert.
	numbered bool
	// arrays: one argument may be a list, so that there is one statement for all lengths.
	arrays bool
	// indexedBy follows a table's name where the planner would take another index than is good: SQLite knows no statistics.
	indexedBy func(index string) string
	// jsonPart is the text at a path of JSON in a column, "" when nothing is there: of an object its JSON.
	jsonPart func(column string, path ...string) string
	columns  string // lists table and column of all tables, in their order
}

var sqliteDialect = dialect{
	name:      "sqlite",
	goose:     goose.DialectSQLite3,
	words:     strings.NewReplacer("@BIGKEY", "INTEGER PRIMARY KEY", "@BYTES", "BLOB", "@NO_ROWID", " WITHOUT ROWID", "@RANDOM", "lower(hex(randomblob(32)))"),
	begin:     "BEGIN IMMEDIATE", // a deferred one could fail at its first write
	snapshot:  sql.TxOptions{ReadOnly: true},
	oneConn:   true,
	indexedBy: func(index string) string { return " INDEXED BY " + index },
	jsonPart: func(column string, path ...string) string {
		return "COALESCE(CAST(json_extract(" + column + ", '$." + strings.Join(path, ".") + "') AS TEXT), '')"
	},

	columns: "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY m.name, c.cid",

	lockCursor: "SELECT n FROM log_cursor",
}

var postgresDialect = dialect{
	arrays:    true,
	name:      "postgres",
	goose:     goose.DialectPostgres,
	words:     strings.NewReplacer("@BIGKEY", "BIGINT PRIMARY KEY", "@BYTES", "BYTEA", "@NO_ROWID", "", "@RANDOM", "replace(CAST(gen_random_uuid() AS TEXT) || CAST(gen_random_uuid() AS TEXT), '-', '')"),
	begin:     "BEGIN",
	snapshot:  sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead},
	numbered:  true,
	indexedBy: func(string) string { return "" },
	jsonPart: func(column string, path ...string) string {
		return "COALESCE(CAST(" + column + " AS jsonb) #>> '{" + strings.Join(path, ",") + "}', '')"
	},

	columns: `SELECT c.table_name, c.column_name FROM information_schema.columns c JOIN information_schema.tables t ON t.table_schema = c.table_schema
		AND t.table_name = c.table_name WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE' ORDER BY c.table_name, c.ordinal_position`,

	lockCursor: "SELECT n FROM log_cursor FOR UPDATE",
	lockRows:   " FOR UPDATE",
}

// openPostgres opens a pool of at most so many connections, with more of the server's settings by name; nothing is dialled yet.
func openPostgres(addr string, most int, more ...string) (*sql.DB, error) {
	cfg, err := pgx.ParseConfig(addr)
	if err != nil {
		return nil, errors.New("the database's address is not a PostgreSQL URL") // err would show the password
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = 5 * time.Second
	}
	set := func(name, value string) {
		if _, ok := cfg.RuntimeParams[name]; !ok {
			cfg.RuntimeParams[name] = value
		}
	}
	set("application_name", "tamas")
	set("jit", "off")                              // it compiled for a second what then ran for a tenth of one
	cfg.RuntimeParams["synchronous_commit"] = "on" // acknowledged means on disk, whatever the server's default
	// A leader that is stopped within its transaction must not hold the cursor's row against its successor.
	set("idle_in_transaction_session_timeout", "5000")
	set("lock_timeout", "8000")
	for i := 0; i < len(more); i += 2 {
		cfg.RuntimeParams[more[i]] = more[i+1]
	}
	db := stdlib.OpenDB(*cfg)
	db.SetMaxOpenConns(most)
	db.SetMaxIdleConns(most)
	db.SetConnMaxIdleTime(5 * time.Minute)
	return db, nil
}

// openSQLite opens the file, made when missing, once for the writer and once for readers.
func openSQLite(path string) (w, r *sql.DB, err error) {
	if path == "" || strings.Contains(path, ":memory:") {
		return nil, nil, errors.New("the record needs a file")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, nil, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) // personal text: for the owner only
	if err != nil {
		return nil, nil, err
	}
	f.Close()
	// As much as SQLite lets be mapped: a page that is read through the file, not copied from it, costs half.
	dsn := func(more ...string) string {
		v := url.Values{"_pragma": append([]string{
			"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "temp_store(MEMORY)",
			"cache_size(-32000)", "mmap_size(2147418112)", "foreign_keys(0)"}, more...)}
		return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + v.Encode()
	}
	if w, err = sql.Open("sqlite", dsn("wal_autocheckpoint(10000)")); err != nil {
		return nil, nil, err
	}
	w.SetMaxOpenConns(1)
	if r, err = sql.Open("sqlite", dsn("query_only(1)")); err != nil {
		w.Close()
		return nil, nil, err
	}
	n := max(4, runtime.GOMAXPROCS(0))
	r.SetMaxOpenConns(n)
	r.SetMaxIdleConns(n)
	return w, r, nil
}

// refused tells an error about the data themselves: the same rows would be refused again.
func refused(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch pg.Code[:min(2, len(pg.Code))] {
		case "22", "23", "54": // data exception, integrity violation, program limit exceeded
			return true
		}
		return false
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		switch lite.Code() & 0xff {
		case sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH:
			return true
		}
	}
	return false
}

// duplicate tells the violation of a unique index.
func duplicate(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "23505"
	}
	var lite *sqlite.Error
	return errors.As(err, &lite) && (lite.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || lite.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
}

// Unavailable tells that the database could not do its work now and may later: it cannot be reached, is
// shutting down, locked, full or read-only, or did not answer in time. It is false for nil, for data that the
// database refuses, for this package's own errors, and for a cancelled context.
func Unavailable(err error) bool {
	if err == nil || refused(err) || errors.Is(err, context.Canceled) {
		return false
	}
	for _, own := range []error{ErrMoved, ErrConflict, ErrNotFound, ErrTaken, ErrCursor, ErrSame, sql.ErrNoRows} {
		if errors.Is(err, own) {
			return false
		}
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) && strings.HasPrefix(pg.Code, "42") { // a statement that is wrong
		return false
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) && lite.Code() == sqlite3.SQLITE_ERROR {
		return false
	}
	return true
}

// oneOf is the condition that a column has one of some values, of which there is one at least, and its arguments from $at on.
func oneOf[T any](d *dialect, column string, at int, list []T) (string, []any) {
	if d.arrays {
		return fmt.Sprintf("%s = ANY($%d)", column, at), []any{list}
	}
	args := pad(anys(list))
	return column + " IN (" + placeholders(at, len(args)) + ")", args
}

// placeholders writes "$from, $from+1, …", n of them.
func placeholders(from, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", from+i)
	}
	return b.String()
}
