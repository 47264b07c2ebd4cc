package record

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"
)

// writer is one connection with its prepared statements, for one transaction at a time. After an error that
// leaves its state in doubt the connection is thrown away; the next transaction takes a new one.
type writer struct {
	pool *sql.DB
	d    *dialect
	turn chan struct{} // holds one token: whoever takes it may use conn

	conn  *sql.Conn
	stmts map[stmtKey]*sql.Stmt
}

type stmtKey struct {
	text string
	rows int
}

var errClosed = errors.New("the record is closed")

func newWriter(pool *sql.DB, d *dialect) *writer {
	w := &writer{pool: pool, d: d, turn: make(chan struct{}, 1)}
	w.turn <- struct{}{}
	return w
}

func (w *writer) close() {
	if _, ok := <-w.turn; ok {
		w.drop()
		close(w.turn)
	}
}

// drop closes the connection for good, which rolls back what is open on it.
func (w *writer) drop() {
	if w.conn == nil {
		return
	}
	for _, s := range w.stmts {
		s.Close()
	}
	w.conn.Raw(func(any) error { return driver.ErrBadConn })
	w.conn.Close()
	w.conn, w.stmts = nil, nil
}

// tx runs f in a transaction on w.conn. f's error rolls back.
func (w *writer) tx(ctx context.Context, f func() error) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case _, ok := <-w.turn:
		if !ok {
			return errClosed
		}
	}
	defer func() { w.turn <- struct{}{} }()
	if w.conn == nil {
		c, err := w.pool.Conn(ctx)
		if err != nil {
			return err
		}
		w.conn, w.stmts = c, map[stmtKey]*sql.Stmt{}
	}
	if err := w.exec(ctx, w.d.begin); err != nil {
		w.drop()
		return err
	}
	err := f()
	if err == nil {
		// A cancelled COMMIT would leave its outcome unknown for no gain; one without an answer must end.
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
		defer cancel()
		if err = w.exec(last, "COMMIT"); err != nil {
			w.drop()
		}
		return err
	}
	back, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if w.exec(back, "ROLLBACK") != nil {
		w.drop()
	}
	return err
}

// exec runs a prepared statement.
func (w *writer) exec(ctx context.Context, text string, args ...any) error {
	_, err := w.run(ctx, stmtKey{text, 0}, text, args)
	return err
}

func (w *writer) run(ctx context.Context, key stmtKey, text string, args []any) (int64, error) {
	s := w.stmts[key]
	if s == nil {
		var err error
		if s, err = w.conn.PrepareContext(ctx, text); err != nil {
			return 0, err
		}
		w.stmts[key] = s
	}
	res, err := s.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// many is a statement over any number of rows: head, row, row, …, tail. Each ? of row is one argument.
type many struct {
	head, row, tail string
}

// chunks are the numbers of rows that a statement is prepared for.
var chunks = [...]int{64, 32, 16, 8, 4, 2, 1}

// all runs m over args, a whole number of rows, and counts the rows it changed.
func (w *writer) all(ctx context.Context, m *many, args []any) (int64, error) {
	width := strings.Count(m.row, "?")
	var changed int64
	for _, size := range chunks {
		for len(args) >= size*width {
			key := stmtKey{m.head, size}
			var text string
			if w.stmts[key] == nil {
				text = m.text(size, w.d.numbered)
			}
			n, err := w.run(ctx, key, text, args[:size*width])
			if err != nil {
				return changed, err
			}
			changed += n
			args = args[size*width:]
		}
	}
	return changed, nil
}

func (m *many) text(rows int, numbered bool) string {
	text := m.head + strings.Repeat(m.row+", ", rows-1) + m.row + m.tail
	if !numbered {
		return text
	}
	var b strings.Builder
	for i, part := range strings.Split(text, "?") {
		if i > 0 {
			fmt.Fprintf(&b, "$%d", i)
		}
		b.WriteString(part)
	}
	return b.String()
}
