package record

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

const userColumns = `id, version, email, name, public_name, role, locale, capacity, disabled, created_at, signature, skills`

func scanUser(rows *sql.Rows, u *User) error {
	return rows.Scan(&u.ID, &u.Version, &u.Email, &u.Name, &u.PublicName, &u.Role, &u.Locale, &u.Capacity, &u.Disabled, &u.CreatedAt, &u.Signature, asJSON{&u.Skills})
}

// Users are all users by name; disabled ones too.
func (db *DB) Users(ctx context.Context) ([]User, error) {
	return collect(ctx, db.pool, scanUser, "SELECT "+userColumns+" FROM users ORDER BY name, id")
}

// User reads one; ErrNotFound.
func (db *DB) User(ctx context.Context, id string) (User, error) {
	return single(collect(ctx, db.pool, scanUser, "SELECT "+userColumns+" FROM users WHERE id = $1", id))
}

// UserByEmail finds who signs in, with the hash of the password. ErrNotFound.
func (db *DB) UserByEmail(ctx context.Context, email string) (u User, password string, err error) {
	err = db.pool.QueryRowContext(ctx, "SELECT "+userColumns+", password FROM users WHERE email = $1", lower(email)).
		Scan(&u.ID, &u.Version, &u.Email, &u.Name, &u.PublicName, &u.Role, &u.Locale, &u.Capacity, &u.Disabled, &u.CreatedAt, &u.Signature, asJSON{&u.Skills}, &password)
	return u, password, one(err)
}

// Password is the hash of a user's password. ErrNotFound.
func (db *DB) Password(ctx context.Context, id string) (string, error) {
	var hash string
	err := db.pool.QueryRowContext(ctx, "SELECT password FROM users WHERE id = $1", id).Scan(&hash)
	return hash, one(err)
}

func lower(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

// AddUser stores a new user with the hash of the password; an empty ID is made up. ErrTaken: the email address.
func (db *DB) AddUser(ctx context.Context, u User, password string, notes ...Note) (User, error) {
	u = newUser(u)
	err := db.writeNoted(ctx, notes, func(q querier) error { return addUser(ctx, q, u, password) })
	return u, err
}

func newUser(u User) User {
	if u.ID == "" {
		u.ID = NewID("u")
	}
	u.Email, u.Version = lower(u.Email), 1
	return u
}

func addUser(ctx context.Context, q querier, u User, password string) error {
	return add(ctx, q, `INSERT INTO users (id, version, email, name, public_name, role, locale, capacity, disabled, created_at, password, signature, skills)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		u.ID, u.Version, u.Email, u.Name, u.PublicName, u.Role, u.Locale, u.Capacity, flag(u.Disabled), int64(u.CreatedAt), password, u.Signature, asJSON{u.Skills})
}

// EditUser replaces the user that was read at u.Version; password is the new hash, "" keeps the old one. A user
// who is disabled loses all sessions; so does one whose password changes, but for the session with the id keep.
// ErrConflict, ErrNotFound, ErrTaken.
func (db *DB) EditUser(ctx context.Context, u User, password, keep string, notes ...Note) (User, error) {
	u.Email = lower(u.Email)
	err := db.writeNoted(ctx, notes, func(q querier) error {
		if err := edit(ctx, q, "users", u.ID, `UPDATE users SET version = version + 1, email = $3, name = $4, public_name = $5, role = $6,
			locale = $7, capacity = $8, disabled = $9, password = CASE WHEN CAST($10 AS TEXT) <> '' THEN CAST($10 AS TEXT) ELSE password END, signature = $11,
			skills = $12
			WHERE id = $1 AND version = $2`,
			u.ID, u.Version, u.Email, u.Name, u.PublicName, u.Role, u.Locale, u.Capacity, flag(u.Disabled), password, u.Signature, asJSON{u.Skills}); err != nil {
			return err
		}
		if u.Disabled {
			keep = ""
		}
		if u.Disabled || password != "" {
			_, err := q.ExecContext(ctx, "DELETE FROM sessions WHERE user_id = $1 AND id <> $2", u.ID, keep)
			return err
		}
		return nil
	})
	u.Version++
	return u, err
}

// NewSetup lets whoever holds the token with this hash make the first admin; an earlier token ends. ErrConflict:
// there are users already.
func (db *DB) NewSetup(ctx context.Context, hash string) error {
	return db.write(ctx, func(q querier) error {
		if n, err := users(ctx, q); err != nil || n > 0 {
			return firstErr(err, ErrConflict)
		}
		_, err := q.ExecContext(ctx, `INSERT INTO settings (name, version, value) VALUES ('setup', 1, $1)
			ON CONFLICT (name) DO UPDATE SET value = excluded.value, version = settings.version + 1`, `"`+hash+`"`)
		return err
	})
}

// SetupNeeded tells whether there is no user yet.
func (db *DB) SetupNeeded(ctx context.Context) (bool, error) {
	n, err := users(ctx, db.pool)
	return n == 0, err
}

func users(ctx context.Context, q querier) (n int, err error) {
	err = q.QueryRowContext(ctx, "SELECT count(*) FROM users").Scan(&n)
	return n, err
}

func firstErr(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Setup makes the first admin and the first queue in one step, and uses up the token with this hash; "" is for
// callers that need no token (the environment, the command line). ErrConflict: there are users already.
// ErrNotFound: another token.
func (db *DB) Setup(ctx context.Context, hash string, admin User, password string, first Queue) (User, Queue, error) {
	admin = newUser(admin)
	if first.ID == "" {
		first.ID = NewID("q")
	}
	first.Version, first.Members = 1, []string{admin.ID}
	err := db.write(ctx, func(q querier) error {
		// The token's row is what two setups at once meet on.
		res, err := q.ExecContext(ctx, "DELETE FROM settings WHERE name = 'setup' AND (value = $1 OR $1 = '\"\"')", `"`+hash+`"`)
		if err != nil {
			return err
		}
		if n, err := users(ctx, q); err != nil || n > 0 {
			return firstErr(err, ErrConflict)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 && hash != "" {
			return firstErr(err, ErrNotFound)
		}
		if err := addUser(ctx, q, admin, password); err != nil {
			return err
		}
		return addQueue(ctx, q, first)
	})
	if err != nil {
		err = fmt.Errorf("set up: %w", err)
	}
	return admin, first, err
}
