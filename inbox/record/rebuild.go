package record

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
)

func scanHeader(rows *sql.Rows, c *Conversation) error {
	var text []byte
	if err := rows.Scan(&text); err != nil {
		return err
	}
	return json.Unmarshal(text, c)
}

// LiveConversations calls f for each conversation that the live state holds: open, or resolved with its reopen
// window not over at now. f's error ends it.
func (db *DB) LiveConversations(ctx context.Context, now Millis, f func(Conversation) error) error {
	rows, err := db.pool.QueryContext(ctx, "SELECT header FROM conversations WHERE live_until > $1", int64(now))
	if err != nil {
		return fmt.Errorf("read live conversations: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var c Conversation
		if err := scanHeader(rows, &c); err != nil {
			return fmt.Errorf("read live conversations: %w", err)
		}
		if err := f(c); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Agents are all agents as their last events left them.
func (db *DB) Agents(ctx context.Context) ([]Agent, error) {
	return agents(ctx, db.pool)
}

func agents(ctx context.Context, q querier) ([]Agent, error) {
	return collect(ctx, q, func(rows *sql.Rows, a *Agent) error {
		var text []byte
		if err := rows.Scan(&text); err != nil {
			return err
		}
		return json.Unmarshal(text, a)
	}, "SELECT header FROM agents ORDER BY id")
}

// clockSlack is how far the clocks of nodes, and so the times of neighbouring events, may be apart.
const clockSlack = Millis(15 * 60 * 1000)

// CommandKeys calls f for the keys of commands since that time, newest first.
func (db *DB) CommandKeys(ctx context.Context, since Millis, f func(key string, id ID, at Millis) error) error {
	type row struct {
		key      string
		n, token int64
		at       Millis
	}
	const page = 5000
	below := int64(always)
	for {
		list, err := collect(ctx, db.pool, func(rows *sql.Rows, r *row) error {
			return rows.Scan(&r.n, &r.token, &r.at, &r.key)
		}, "SELECT n, token, happened_at, key FROM events WHERE n < $1 ORDER BY n DESC LIMIT $2", below, page)
		if err != nil {
			return fmt.Errorf("read command keys: %w", err)
		}
		for _, r := range list {
			below = r.n
			if r.at < since-clockSlack {
				return nil
			}
			if r.key != "" && r.at >= since {
				if err := f(r.key, ID{uint64(r.n), uint64(r.token)}, r.at); err != nil {
					return err
				}
			}
		}
		if len(list) < page {
			return nil
		}
	}
}

// LastNumber is the largest conversation number given; 0 when there is none.
func (db *DB) LastNumber(ctx context.Context) (int64, error) {
	var n int64
	err := db.pool.QueryRowContext(ctx, "SELECT COALESCE(max(number), 0) FROM conversations").Scan(&n)
	return n, err
}

// AccountCursor is the position of an account's poller as recorded; "" at first.
func (db *DB) AccountCursor(ctx context.Context, account string) (string, error) {
	list, err := collect(ctx, db.pool, func(rows *sql.Rows, s *string) error { return rows.Scan(s) },
		"SELECT position FROM account_cursors WHERE account = $1", account)
	if err != nil || len(list) == 0 {
		return "", err
	}
	return list[0], nil
}
