package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"tamas/inbox/record"
)

// contents is what the record holds in the end, read past the hubs by plain SQL.
type contents struct {
	cursor        record.ID
	events        []record.Event // by n
	touches       []record.Touch // by n, with bodies; of accounts
	conversations []record.Conversation
	agents        []record.Agent
	addresses     map[string]string // identity → address
}

// readCursor tells the last recorded event.
func readCursor(ctx context.Context, db *sql.DB) (id record.ID, err error) {
	var n, token int64
	err = db.QueryRowContext(ctx, "SELECT n, token FROM log_cursor").Scan(&n, &token)
	return record.ID{N: uint64(n), Token: uint64(token)}, err
}

// readContents reads all of it in one snapshot.
func readContents(ctx context.Context, db *sql.DB) (*contents, error) {
	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer tx.Rollback()
	c := &contents{addresses: map[string]string{}}
	var n, token int64
	if err := tx.QueryRowContext(ctx, "SELECT n, token FROM log_cursor").Scan(&n, &token); err != nil {
		return nil, err
	}
	c.cursor = record.ID{N: uint64(n), Token: uint64(token)}
	err = each(ctx, tx, "SELECT n, token, json FROM events ORDER BY n", func(scan func(...any) error) error {
		var n, token int64
		var text string
		if err := scan(&n, &token, &text); err != nil {
			return err
		}
		var e record.Event
		if err := json.Unmarshal([]byte(text), &e); err != nil {
			return fmt.Errorf("event %d: %w", n, err)
		}
		e.ID = record.ID{N: uint64(n), Token: uint64(token)}
		c.events = append(c.events, e)
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = each(ctx, tx, `SELECT t.n, t.id, t.kind, t.conversation, t.identity, t.account, t.inbound, t.author, t.state, t.rev, t.error, t.key, COALESCE(b.text, '')
		FROM touches t LEFT JOIN bodies b ON b.n = t.n WHERE t.account NOT LIKE '@%' ORDER BY t.n`, func(scan func(...any) error) error {
		var t record.Touch
		var n, inbound int64
		t.Body = &record.Body{}
		if err := scan(&n, &t.ID, &t.Kind, &t.Conversation, &t.Identity, &t.Account, &inbound, &t.Author.ID, &t.State, &t.Rev, &t.Error, &t.Key, &t.Body.Text); err != nil {
			return err
		}
		t.N, t.Inbound = uint64(n), inbound != 0
		c.touches = append(c.touches, t)
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = each(ctx, tx, "SELECT header FROM conversations ORDER BY number, id", func(scan func(...any) error) error {
		var text string
		if err := scan(&text); err != nil {
			return err
		}
		var x record.Conversation
		if err := json.Unmarshal([]byte(text), &x); err != nil {
			return err
		}
		c.conversations = append(c.conversations, x)
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = each(ctx, tx, "SELECT header FROM agents ORDER BY id", func(scan func(...any) error) error {
		var text string
		if err := scan(&text); err != nil {
			return err
		}
		var x record.Agent
		if err := json.Unmarshal([]byte(text), &x); err != nil {
			return err
		}
		c.agents = append(c.agents, x)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return c, each(ctx, tx, "SELECT id, address FROM identities", func(scan func(...any) error) error {
		var id, address string
		if err := scan(&id, &address); err != nil {
			return err
		}
		c.addresses[id] = address
		return nil
	})
}

func each(ctx context.Context, tx *sql.Tx, query string, f func(scan func(...any) error) error) error {
	rows, err := tx.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}
