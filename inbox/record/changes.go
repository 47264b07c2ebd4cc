package record

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
)

// Changed is one entry of the audit: somebody changed what is no conversation.
type Changed struct {
	ID      string          `json:"id"`
	At      Millis          `json:"at"`
	By      string          `json:"by"`     // user
	Action  string          `json:"action"` // "queue.edit", "agent.state", "sla.edit", …
	Subject string          `json:"subject"`
	Before  json.RawMessage `json:"before,omitempty"` // without secrets; nil: it is new
	After   json.RawMessage `json:"after,omitempty"`  // nil: it is gone
}

// Audit notes a change. before and after become JSON, nil is nothing.
func (db *DB) Audit(ctx context.Context, at Millis, by, action, subject string, before, after any) error {
	texts := [2]string{}
	for i, v := range []any{before, after} {
		if v == nil {
			continue
		}
		b, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("audit %s: %w", action, err)
		}
		texts[i] = string(b)
	}
	return db.write(ctx, func(q querier) error {
		_, err := q.ExecContext(ctx, "INSERT INTO audit (id, happened_at, by_user, action, subject, before_json, after_json) VALUES ($1, $2, $3, $4, $5, $6, $7)",
			NewID("au"), int64(at), by, action, subject, texts[0], texts[1])
		return err
	})
}

// AuditFilter chooses entries; what is empty does not matter.
type AuditFilter struct {
	By, Action, Subject string // Action: the beginning of it
	Before              Millis // older than; for the next page
	Limit               int
}

// Changes lists the audit, newest first.
func (db *DB) Changes(ctx context.Context, f AuditFilter) ([]Changed, error) {
	if f.Before == 0 {
		f.Before = always
	}
	return collect(ctx, db.pool, func(rows *sql.Rows, c *Changed) error {
		var before, after string
		if err := rows.Scan(&c.ID, &c.At, &c.By, &c.Action, &c.Subject, &before, &after); err != nil {
			return err
		}
		if before != "" {
			c.Before = json.RawMessage(before)
		}
		if after != "" {
			c.After = json.RawMessage(after)
		}
		return nil
	}, `SELECT id, happened_at, by_user, action, subject, before_json, after_json FROM audit
		WHERE happened_at < $1 AND ($2 = '' OR by_user = $2) AND action LIKE $3 AND ($4 = '' OR subject = $4) ORDER BY happened_at DESC, id LIMIT $5`,
		int64(f.Before), f.By, strings.ReplaceAll(f.Action, "%", "")+"%", f.Subject, min(max(f.Limit, 1), 500))
}
