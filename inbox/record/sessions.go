package record

import (
	"context"
	"database/sql"
)

// Session is one sign-in. The cookie is known by its hash only.
type Session struct {
	ID        string `json:"id"`
	User      string `json:"user"`
	CreatedAt Millis `json:"created_at"`
	SeenAt    Millis `json:"seen_at"`
	ExpiresAt Millis `json:"expires_at"`
	Address   string `json:"address"` // of the browser, IP
	Browser   string `json:"browser"` // its User-Agent
}

const sessionColumns = "s.id, s.user_id, s.created_at, s.seen_at, s.expires_at, s.address, s.browser"

func (s *Session) fields() []any {
	return []any{&s.ID, &s.User, &s.CreatedAt, &s.SeenAt, &s.ExpiresAt, &s.Address, &s.Browser}
}

func (u *User) fields() []any {
	return []any{&u.ID, &u.Version, &u.Email, &u.Name, &u.PublicName, &u.Role, &u.Locale, &u.Capacity, &u.Disabled, &u.CreatedAt}
}

const joinedUserColumns = "u.id, u.version, u.email, u.name, u.public_name, u.role, u.locale, u.capacity, u.disabled, u.created_at"

// AddSession stores a sign-in under the hash of its cookie, and forgets sessions that are over.
func (db *DB) AddSession(ctx context.Context, s Session, hash string) (Session, error) {
	if s.ID == "" {
		s.ID = NewID("s")
	}
	err := db.write(ctx, func(q querier) error {
		if _, err := q.ExecContext(ctx, "DELETE FROM sessions WHERE expires_at < $1", int64(s.CreatedAt)); err != nil {
			return err
		}
		_, err := q.ExecContext(ctx, `INSERT INTO sessions (id, hash, user_id, created_at, seen_at, expires_at, address, browser)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			s.ID, hash, s.User, int64(s.CreatedAt), int64(s.SeenAt), int64(s.ExpiresAt), s.Address, s.Browser)
		return err
	})
	return s, err
}

// Session finds the sign-in whose cookie has this hash, and its user. ErrNotFound: none, over at now, or the user is
// disabled.
func (db *DB) Session(ctx context.Context, hash string, now Millis) (s Session, u User, err error) {
	err = db.pool.QueryRowContext(ctx, "SELECT "+sessionColumns+", "+joinedUserColumns+` FROM sessions s JOIN users u ON u.id = s.user_id
		WHERE s.hash = $1 AND s.expires_at > $2 AND u.disabled = 0`, hash, int64(now)).Scan(append(s.fields(), u.fields()...)...)
	return s, u, one(err)
}

// SeenSession moves a session's last use and its end. To be called now and then, not at every request.
func (db *DB) SeenSession(ctx context.Context, id string, seen, expires Millis) error {
	return db.write(ctx, func(q querier) error {
		_, err := q.ExecContext(ctx, "UPDATE sessions SET seen_at = $2, expires_at = $3 WHERE id = $1", id, int64(seen), int64(expires))
		return err
	})
}

// Sessions are a user's sign-ins that are not over at now, last used first.
func (db *DB) Sessions(ctx context.Context, user string, now Millis) ([]Session, error) {
	return collect(ctx, db.pool, func(rows *sql.Rows, s *Session) error { return rows.Scan(s.fields()...) },
		"SELECT "+sessionColumns+" FROM sessions s WHERE s.user_id = $1 AND s.expires_at > $2 ORDER BY s.seen_at DESC, s.id", user, int64(now))
}

// EndSession ends one session of a user. ErrNotFound.
func (db *DB) EndSession(ctx context.Context, user, id string) error {
	return db.remove(ctx, nil, "DELETE FROM sessions WHERE id = $1 AND user_id = $2", id, user)
}

// EndSessions ends all sessions of a user; note is told how many there were.
func (db *DB) EndSessions(ctx context.Context, user string, note func(ended int64) Note) error {
	var n int64
	return db.writeNoted(ctx, []Note{func() (*Changed, error) { return note(n)() }}, func(q querier) error {
		res, err := q.ExecContext(ctx, "DELETE FROM sessions WHERE user_id = $1", user)
		if err == nil {
			n, err = res.RowsAffected()
		}
		return err
	})
}

func (db *DB) remove(ctx context.Context, notes []Note, stmt string, args ...any) error {
	return db.writeNoted(ctx, notes, func(q querier) error {
		res, err := q.ExecContext(ctx, stmt, args...)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n > 0 {
			return err
		}
		return ErrNotFound
	})
}

// Token lets a program act for a user. Its secret is known by its hash only.
type Token struct {
	ID        string `json:"id"`
	User      string `json:"user"`
	Name      string `json:"name"`
	CreatedAt Millis `json:"created_at"`
	SeenAt    Millis `json:"seen_at,omitempty"`
}

func (k *Token) fields() []any { return []any{&k.ID, &k.User, &k.Name, &k.CreatedAt, &k.SeenAt} }

const tokenColumns = "k.id, k.user_id, k.name, k.created_at, k.seen_at"

// AddToken stores a token under the hash of its secret.
func (db *DB) AddToken(ctx context.Context, k Token, hash string, notes ...Note) (Token, error) {
	if k.ID == "" {
		k.ID = NewID("k")
	}
	err := db.writeNoted(ctx, notes, func(q querier) error {
		return add(ctx, q, "INSERT INTO tokens (id, hash, user_id, name, created_at, seen_at) VALUES ($1, $2, $3, $4, $5, 0)",
			k.ID, hash, k.User, k.Name, int64(k.CreatedAt))
	})
	return k, err
}

// Token finds the token whose secret has this hash, and its user. ErrNotFound: none, or the user is disabled.
func (db *DB) Token(ctx context.Context, hash string) (k Token, u User, err error) {
	err = db.pool.QueryRowContext(ctx, "SELECT "+tokenColumns+", "+joinedUserColumns+` FROM tokens k JOIN users u ON u.id = k.user_id
		WHERE k.hash = $1 AND u.disabled = 0`, hash).Scan(append(k.fields(), u.fields()...)...)
	return k, u, one(err)
}

// SeenToken moves a token's last use. To be called now and then.
func (db *DB) SeenToken(ctx context.Context, id string, seen Millis) error {
	return db.write(ctx, func(q querier) error {
		_, err := q.ExecContext(ctx, "UPDATE tokens SET seen_at = $2 WHERE id = $1", id, int64(seen))
		return err
	})
}

// Tokens are all tokens, or with user set those of one user, newest first.
func (db *DB) Tokens(ctx context.Context, user string) ([]Token, error) {
	return collect(ctx, db.pool, func(rows *sql.Rows, k *Token) error { return rows.Scan(k.fields()...) },
		"SELECT "+tokenColumns+" FROM tokens k WHERE $1 = '' OR k.user_id = $1 ORDER BY k.created_at DESC, k.id", user)
}

// EndToken removes a token. ErrNotFound.
func (db *DB) EndToken(ctx context.Context, id string, notes ...Note) error {
	return db.remove(ctx, notes, "DELETE FROM tokens WHERE id = $1", id)
}
