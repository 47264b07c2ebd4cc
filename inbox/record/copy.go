package record

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"os"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// A record is copied table by table: into a file, out of one, from one kind of database into the other. All columns are numbers, texts
// or bytes, of the same names in both. What follows from the rest is left out and made again: full text.

// made are the tables that are not copied, beside all whose names begin with one of them and "_".
var made = []string{"goose_db_version", "sqlite", "search", "touch_words", "conversation_words", "customer_words", "customer_rows"}

// Table is one of a record's.
type Table struct {
	Name    string
	Columns []string
}

// Rows are a table's, each an int64, a string, bytes or nil a column. What is yielded is good until the next.
type Rows = iter.Seq2[[]any, error]

// Tally tells copies of a table apart: how many rows it has, and a sum over them that does not depend on their order.
type Tally struct {
	Rows int64     `json:"rows"`
	Sum  [4]uint64 `json:"sum"`

	text []byte
}

// Add counts a row.
func (t *Tally) Add(row []any) error {
	b := t.text[:0]
	for _, v := range row {
		switch v := v.(type) {
		case nil:
			b = append(b, 0)
		case int64:
			b = binary.BigEndian.AppendUint64(append(b, 1), uint64(v))
		case string:
			b = append(binary.BigEndian.AppendUint64(append(b, 2), uint64(len(v))), v...)
		case []byte:
			b = append(binary.BigEndian.AppendUint64(append(b, 3), uint64(len(v))), v...)
		default:
			return fmt.Errorf("a %T in a column", v)
		}
	}
	t.text = b
	sum := sha256.Sum256(b)
	for i := range t.Sum {
		t.Sum[i] += binary.BigEndian.Uint64(sum[8*i:])
	}
	t.Rows++
	return nil
}

// Is tells whether two tallies are of the same rows.
func (t *Tally) Is(other *Tally) bool { return t.Rows == other.Rows && t.Sum == other.Sum }

// Of counts rows on their way.
func (t *Tally) Of(rows Rows) Rows {
	return func(yield func([]any, error) bool) {
		for row, err := range rows {
			if err == nil {
				err = t.Add(row)
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}

// tables lists what is copied, by name.
func tables(ctx context.Context, q querier, d *dialect) ([]Table, error) {
	type column struct{ table, name string }
	list, err := collect(ctx, q, func(rows *sql.Rows, c *column) error { return rows.Scan(&c.table, &c.name) }, d.columns)
	if err != nil {
		return nil, err
	}
	var out []Table
	for _, c := range list {
		if slices.ContainsFunc(made, func(m string) bool { return c.table == m || strings.HasPrefix(c.table, m+"_") }) {
			continue
		}
		if len(out) == 0 || out[len(out)-1].Name != c.table {
			out = append(out, Table{Name: c.table})
		}
		t := &out[len(out)-1]
		t.Columns = append(t.Columns, c.name)
	}
	return out, nil
}

// Version is the number of the last migration that the record has had.
func (db *DB) Version(ctx context.Context) (n int64, err error) {
	err = db.pool.QueryRowContext(ctx, "SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version").Scan(&n)
	return n, err
}

// Dump gives all tables as they are at one moment, beside whoever writes, to f one after the other, and the last event that is in them.
// f reads the rows before it returns.
func (db *DB) Dump(ctx context.Context, f func(Table, Rows) error) (ID, error) {
	at, err := db.read(ctx, func(q querier) error {
		if !db.d.oneConn {
			if _, err := q.ExecContext(ctx, "SET LOCAL idle_in_transaction_session_timeout = 0"); err != nil { // f may take its time
				return err
			}
		}
		list, err := tables(ctx, q, db.d)
		if err != nil {
			return err
		}
		for _, t := range list {
			if err := f(t, rowsOf(ctx, q, t)); err != nil {
				return fmt.Errorf("table %s: %w", t.Name, err)
			}
		}
		return nil
	})
	if err != nil {
		err = fmt.Errorf("copy the record: %w", err)
	}
	return at, err
}

func rowsOf(ctx context.Context, q querier, t Table) Rows {
	return func(yield func([]any, error) bool) {
		rows, err := q.QueryContext(ctx, "SELECT "+strings.Join(t.Columns, ", ")+" FROM "+t.Name)
		if err != nil {
			yield(nil, err)
			return
		}
		defer rows.Close()
		row, to := make([]any, len(t.Columns)), make([]any, len(t.Columns))
		for i := range row {
			to[i] = &row[i]
		}
		for rows.Next() {
			if err := rows.Scan(to...); err != nil {
				yield(nil, err)
				return
			}
			if !yield(row, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(nil, err)
		}
	}
}

// ErrOccupied: there is a record already where one was to be made.
var ErrOccupied = errors.New("there is a record already")

// Loading is a record that is being filled with the tables of another. Nothing is there until Finish.
type Loading struct {
	d          *dialect
	pool       *sql.DB
	conn       *sql.Conn
	path, made string // SQLite: where it is to be, and is until then
	tables     map[string]Table
}

// Load begins to make a record at an address that has none, of the version that the tables are of. ErrOccupied.
func Load(ctx context.Context, address string, version int64) (_ *Loading, err error) {
	l := &Loading{tables: map[string]Table{}}
	defer func() {
		if err != nil {
			l.Close()
		}
	}()
	if strings.Contains(address, "://") {
		l.d = &postgresDialect
		if l.pool, err = openPostgres(address, 4); err != nil {
			return nil, err
		}
		var there bool
		if err := l.pool.QueryRowContext(ctx, "SELECT to_regclass('events') IS NOT NULL").Scan(&there); err != nil {
			return nil, err
		}
		if there {
			var rows int
			if err := l.pool.QueryRowContext(ctx, "SELECT count(*) FROM (SELECT 1 FROM events UNION ALL SELECT 1 FROM users UNION ALL SELECT 1 FROM settings LIMIT 1) AS any_row").Scan(&rows); err != nil {
				return nil, err
			}
			if rows > 0 {
				return nil, ErrOccupied
			}
		}
	} else {
		l.d, l.path = &sqliteDialect, address
		if _, err := os.Stat(address); !errors.Is(err, os.ErrNotExist) {
			return nil, errors.Join(ErrOccupied, err)
		}
		l.made = address + ".loading"
		l.clear() // of one that was broken off
		w, r, err := openSQLite(l.made)
		if err != nil {
			return nil, err
		}
		r.Close()
		l.pool = w
	}
	if err := migrateTo(ctx, l.pool, l.d, version); err != nil {
		return nil, err
	}
	list, err := tables(ctx, l.pool, l.d)
	if err != nil {
		return nil, err
	}
	if l.conn, err = l.pool.Conn(ctx); err != nil {
		return nil, err
	}
	if _, err := l.conn.ExecContext(ctx, l.d.begin); err != nil {
		return nil, err
	}
	for _, t := range list {
		l.tables[t.Name] = t
		if _, err := l.conn.ExecContext(ctx, "DELETE FROM "+t.Name); err != nil { // what a new record begins with
			return nil, err
		}
	}
	return l, nil
}

// Table fills one.
func (l *Loading) Table(ctx context.Context, t Table, rows Rows) error {
	own, ok := l.tables[t.Name]
	if !ok || len(own.Columns) != len(t.Columns) || slices.ContainsFunc(t.Columns, func(c string) bool { return !slices.Contains(own.Columns, c) }) {
		return fmt.Errorf("this program knows no table %s (%s)", t.Name, strings.Join(t.Columns, ", "))
	}
	delete(l.tables, t.Name)
	var err error
	if l.d.numbered {
		err = l.copyIn(ctx, t, rows)
	} else {
		err = l.insert(ctx, t, rows)
	}
	if err != nil {
		err = fmt.Errorf("fill table %s: %w", t.Name, err)
	}
	return err
}

// copyIn is PostgreSQL's way.
func (l *Loading) copyIn(ctx context.Context, t Table, rows Rows) error {
	next, stop := iter.Pull2(rows)
	defer stop()
	var err error
	if raw := l.conn.Raw(func(c any) error {
		_, err = c.(*stdlib.Conn).Conn().CopyFrom(ctx, pgx.Identifier{t.Name}, t.Columns, pgx.CopyFromFunc(func() ([]any, error) {
			row, err, ok := next()
			if !ok {
				return nil, nil
			}
			return row, err
		}))
		return nil
	}); raw != nil {
		return raw
	}
	return err
}

func (l *Loading) insert(ctx context.Context, t Table, rows Rows) error {
	const most = 32 // rows of a statement
	m := many{"INSERT INTO " + t.Name + " (" + strings.Join(t.Columns, ", ") + ") VALUES ", "(" + strings.Repeat("?, ", len(t.Columns)-1) + "?)", ""}
	stmts := map[int]*sql.Stmt{}
	defer func() {
		for _, s := range stmts {
			s.Close()
		}
	}()
	args := make([]any, 0, most*len(t.Columns))
	flush := func() error {
		n := len(args) / len(t.Columns)
		if n == 0 {
			return nil
		}
		s := stmts[n]
		if s == nil {
			var err error
			if s, err = l.conn.PrepareContext(ctx, m.text(n, false)); err != nil {
				return err
			}
			stmts[n] = s
		}
		_, err := s.ExecContext(ctx, args...)
		args = args[:0]
		return err
	}
	for row, err := range rows {
		if err != nil {
			return err
		}
		if args = append(args, row...); len(args) == cap(args) {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// Tallies counts what has been filled in, as it stands there now.
func (l *Loading) Tallies(ctx context.Context) (map[string]*Tally, error) {
	list, err := tables(ctx, l.conn, l.d)
	if err != nil {
		return nil, err
	}
	out := map[string]*Tally{}
	for _, t := range list {
		out[t.Name] = &Tally{}
		for _, err := range out[t.Name].Of(rowsOf(ctx, l.conn, t)) {
			if err != nil {
				return nil, fmt.Errorf("count table %s: %w", t.Name, err)
			}
		}
	}
	return out, nil
}

// Unused tells, for a PostgreSQL record, that no hub is connected to it. For a file see LockFile.
func (db *DB) Unused(ctx context.Context) error {
	if db.d.oneConn {
		return nil
	}
	var others int
	if err := db.pool.QueryRowContext(ctx, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'tamas'
		AND pid <> pg_backend_pid()`).Scan(&others); err != nil {
		return err
	}
	if others > 0 {
		return errors.New("a hub is connected to the database: stop it first")
	}
	return nil
}

// Finish makes the record be there, brought up to date. Tables that nobody filled are as a new record has them: an error, since all of one
// version have the same.
func (l *Loading) Finish(ctx context.Context) error {
	for name := range l.tables {
		return fmt.Errorf("table %s is missing", name)
	}
	for _, text := range []string{"UPDATE customers SET stale = 1", "UPDATE organisations SET stale = 1", "COMMIT"} { // to be indexed
		if _, err := l.conn.ExecContext(ctx, text); err != nil {
			return err
		}
	}
	l.conn.Close()
	l.conn = nil
	if err := migrate(ctx, l.pool, l.d); err != nil {
		return err
	}
	if l.path == "" {
		return nil
	}
	if _, err := l.pool.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		return err
	}
	if err := l.pool.Close(); err != nil {
		return err
	}
	return os.Rename(l.made, l.path)
}

// Close ends it; without Finish before, nothing is there.
func (l *Loading) Close() {
	if l.conn != nil {
		l.conn.ExecContext(context.Background(), "ROLLBACK")
		l.conn.Close()
	}
	if l.pool != nil {
		l.pool.Close()
	}
	l.clear()
}

func (l *Loading) clear() {
	if l.made != "" {
		for _, end := range []string{"", "-wal", "-shm"} {
			os.Remove(l.made + end)
		}
	}
}
