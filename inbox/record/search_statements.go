package record

import (
	"context"
	"database/sql"
	"sync"
)

// statements keeps what is asked again and again as the database has understood it: in SQLite that is a good part of a short question.
type statements struct {
	mu   sync.Mutex
	list map[string]*sql.Stmt
}

const maxStatements = 300

func (s *statements) of(ctx context.Context, pool *sql.DB, text string) *sql.Stmt {
	s.mu.Lock()
	stmt, full := s.list[text], len(s.list) >= maxStatements
	s.mu.Unlock()
	if stmt != nil || full {
		return stmt
	}
	stmt, err := pool.PrepareContext(ctx, text)
	if err != nil {
		return nil // whoever asks directly gets the error
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if other := s.list[text]; other != nil {
		stmt.Close()
		return other
	}
	if s.list == nil {
		s.list = map[string]*sql.Stmt{}
	}
	s.list[text] = stmt
	return stmt
}

func (s *statements) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, stmt := range s.list {
		stmt.Close()
	}
	s.list = nil
}

// keptPool asks questions that are kept.
type keptPool struct {
	*sql.DB
	kept *statements
}

// asker is what searches read through: no snapshot, so that each question takes a connection only while it is answered. What goes meanwhile
// is not shown.
func (db *DB) asker() querier {
	if db.d.oneConn {
		return keptPool{db.pool, &db.kept}
	}
	return db.searches // its driver keeps them
}

func (p keptPool) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	if stmt := p.kept.of(ctx, p.DB, text); stmt != nil {
		return stmt.QueryContext(ctx, args...)
	}
	return p.DB.QueryContext(ctx, text, args...)
}

func (p keptPool) QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row {
	if stmt := p.kept.of(ctx, p.DB, text); stmt != nil {
		return stmt.QueryRowContext(ctx, args...)
	}
	return p.DB.QueryRowContext(ctx, text, args...)
}
