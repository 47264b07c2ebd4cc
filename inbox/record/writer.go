package record

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// writer is one connection with its prepared statements, for one transaction at a time. After an error that
// leaves its state in doubt the connection is thrown away; the next transaction takes a new one.
type writer struct {
	pool *sql.DB
	d    *dialect
	turn chan struct{} // holds one token: whoever takes it may use conn

	conn  *sql.Conn
	begun bool                  // BEGIN has been sent
	texts map[stmtKey]string    // of statements over several rows
	stmts map[stmtKey]*sql.Stmt // SQLite's, prepared on conn
}

// stmtKey names a statement by its text, or by what runs over rows and their number.
type stmtKey struct {
	text string
	many *many
	rows int
}

// statement is one to be run.
type statement struct {
	key  stmtKey
	args []any
}

var errClosed = errors.New("the record is closed")

func newWriter(pool *sql.DB, d *dialect) *writer {
	w := &writer{pool: pool, d: d, turn: make(chan struct{}, 1), texts: map[stmtKey]string{}}
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

// tx runs f in a transaction on the writer's connection. f's error rolls back.
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
	w.begun = false // run sends it along with f's first statement
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
	if !w.begun {
		return err
	}
	back, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if w.exec(back, "ROLLBACK") != nil {
		w.drop()
	}
	return err
}

// exec runs one statement.
func (w *writer) exec(ctx context.Context, text string, args ...any) error {
	_, err := w.run(ctx, []statement{{key: stmtKey{text: text}, args: args}})
	return err
}

// run runs statements in order until one fails and gives the number of rows that each changed. To PostgreSQL they
// go in one piece, so that the batch waits for one answer and not for ten.
func (w *writer) run(ctx context.Context, list []statement) ([]int64, error) {
	if !w.begun {
		w.begun = true
		list = append([]statement{{key: stmtKey{text: w.d.begin}}}, list...)
		n, err := w.run(ctx, list)
		return n[min(1, len(n)):], err // without its own
	}
	if w.d.numbered {
		return w.send(ctx, list)
	}
	changed := make([]int64, 0, len(list))
	for i := range list {
		s := w.stmts[list[i].key]
		if s == nil {
			var err error
			if s, err = w.conn.PrepareContext(ctx, w.text(&list[i])); err != nil {
				return changed, err
			}
			w.stmts[list[i].key] = s
		}
		res, err := s.ExecContext(ctx, list[i].args...)
		if err != nil {
			return changed, err
		}
		n, err := res.RowsAffected()
		if err != nil {
			return changed, err
		}
		changed = append(changed, n)
	}
	return changed, nil
}

// send is run for PostgreSQL. pgx prepares and keeps what it has not seen.
func (w *writer) send(ctx context.Context, list []statement) (changed []int64, err error) {
	var b pgx.Batch
	for i := range list {
		b.Queue(w.text(&list[i]), list[i].args...)
	}
	if raw := w.conn.Raw(func(c any) error {
		results := c.(*stdlib.Conn).Conn().SendBatch(ctx, &b)
		for range list {
			tag, e := results.Exec()
			if e != nil {
				err = e
				break
			}
			changed = append(changed, tag.RowsAffected())
		}
		if e := results.Close(); err == nil {
			err = e
		}
		return nil
	}); raw != nil {
		err = raw
	}
	return changed, err
}

// text is a statement's SQL, made once.
func (w *writer) text(s *statement) string {
	if s.key.many == nil {
		return s.key.text
	}
	text, ok := w.texts[s.key]
	if !ok {
		text = s.key.many.text(s.key.rows, w.d.numbered)
		w.texts[s.key] = text
	}
	return text
}

// many is a statement over any number of rows: head, row, row, …, tail. Each ? of row is one argument.
type many struct {
	head, row, tail string
}

// maxRows is the largest number of rows of one statement. Smaller powers of two do the rest, so that few different
// statements are prepared.
const maxRows = 64

// over adds the statements that run m over args, a whole number of rows.
func (m *many) over(list []statement, args []any) []statement {
	width := strings.Count(m.row, "?")
	for rows := maxRows; rows > 0; rows /= 2 {
		for len(args) >= rows*width {
			list = append(list, statement{stmtKey{many: m, rows: rows}, args[:rows*width]})
			args = args[rows*width:]
		}
	}
	return list
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
