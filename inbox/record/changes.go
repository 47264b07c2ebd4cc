package record

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
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

	Conversation *Steered `json:"conversation,omitempty"` // of steering
}

// Steered names the conversation that somebody steered.
type Steered struct {
	ID     string `json:"id"`
	Number int64  `json:"number"`
}

// Note makes the audit's entry of a change; nil: nothing has changed. It is asked within the transaction of the change, which fails when it
// does, so neither stands without the other.
type Note func() (*Changed, error)

// writeNoted is write with the audit's entries of what is written.
func (db *DB) writeNoted(ctx context.Context, notes []Note, f func(q querier) error) error {
	return db.write(ctx, func(q querier) error {
		if err := f(q); err != nil {
			return err
		}
		for _, note := range notes {
			c, err := note()
			if err == nil && c != nil {
				_, err = q.ExecContext(ctx, "INSERT INTO audit (id, happened_at, by_user, action, subject, before_json, after_json) VALUES ($1, $2, $3, $4, $5, $6, $7)",
					NewID("au"), int64(c.At), c.By, c.Action, c.Subject, string(c.Before), string(c.After))
			}
			if err != nil {
				return fmt.Errorf("audit: %w", err)
			}
		}
		return nil
	})
}

// AuditFilter chooses entries; what is empty does not matter.
type AuditFilter struct {
	By, Action, Subject string // Action: the beginning of it. Subject: of what was changed, or a conversation
	Before              Millis // older than; for the next page
	Limit               int
}

// Changes lists the audit, newest first: what people changed, and how they steered conversations and each other. Entries of one millisecond
// are never parted: all of the last one's come, also beyond the limit.
func (db *DB) Changes(ctx context.Context, f AuditFilter) (list []Changed, more bool, err error) {
	if f.Before == 0 {
		f.Before = always
	}
	f.Limit = min(max(f.Limit, 1), 500)
	f.Action = strings.NewReplacer("%", "", "_", `\_`, `\`, "").Replace(f.Action)
	rows, err := collect(ctx, db.pool, func(rows *sql.Rows, c *Changed) error {
		var before, after string
		if err := rows.Scan(&c.ID, &c.At, &c.By, &c.Action, &c.Subject, &before, &after); err != nil {
			return err
		}
		c.Before, c.After = rawOf(before), rawOf(after)
		return nil
	}, `SELECT id, happened_at, by_user, action, subject, before_json, after_json FROM audit
		WHERE happened_at < $1 AND happened_at >= COALESCE((SELECT happened_at FROM audit
			WHERE happened_at < $1 AND ($2 = '' OR by_user = $2) AND action LIKE $3 ESCAPE '\' AND ($4 = '' OR subject = $4) ORDER BY happened_at DESC LIMIT 1 OFFSET $5), 0)
		AND ($2 = '' OR by_user = $2) AND action LIKE $3 ESCAPE '\' AND ($4 = '' OR subject = $4) ORDER BY happened_at DESC, id`,
		int64(f.Before), f.By, f.Action+"%", f.Subject, f.Limit)
	if err != nil {
		return nil, false, fmt.Errorf("read the audit: %w", err)
	}
	// Of agents' states the subject stands in the text alone.
	events, err := collect(ctx, db.pool, scanEvent, `SELECT json FROM events
		WHERE steered <> '' AND happened_at < $1 AND happened_at >= COALESCE((SELECT happened_at FROM events
			WHERE steered <> '' AND happened_at < $1 AND ($2 = '' OR steered = $2) AND kind LIKE $3 ESCAPE '\' AND ($4 = '' OR conversation = $4 OR json LIKE $5) ORDER BY happened_at DESC LIMIT 1 OFFSET $6), 0)
		AND ($2 = '' OR steered = $2) AND kind LIKE $3 ESCAPE '\' AND ($4 = '' OR conversation = $4 OR json LIKE $5) ORDER BY happened_at DESC, n DESC`,
		int64(f.Before), f.By, f.Action+"%", f.Subject, `%"agents":[%"id":"`+strings.NewReplacer("%", "", "_", "").Replace(f.Subject)+`"%`, f.Limit)
	if err != nil {
		return nil, false, fmt.Errorf("read who steered: %w", err)
	}
	for i := range events {
		c, err := steering(&events[i])
		if err != nil {
			return nil, false, err
		}
		if f.Subject == "" || c.Subject == f.Subject {
			rows = append(rows, c)
		}
	}
	slices.SortStableFunc(rows, func(a, b Changed) int { return cmp.Compare(b.At, a.At) })
	n := min(len(rows), f.Limit)
	for n > 0 && n < len(rows) && rows[n].At == rows[n-1].At {
		n++
	}
	return rows[:n], n < len(rows), nil
}

func rawOf(s string) json.RawMessage {
	if s == "" {
		return nil
	}
	return json.RawMessage(s)
}

// steering is an event that says how things were, as an entry of the audit: of the header only the fields that it says so of.
func steering(e *Event) (Changed, error) {
	c := Changed{ID: e.ID.String(), At: e.At, By: e.By.ID, Action: e.Kind}
	var after any
	switch {
	case e.Conversation != nil:
		c.Subject, c.Conversation, after = e.Conversation.ID, &Steered{e.Conversation.ID, e.Conversation.Number}, e.Conversation
	case len(e.Agents) > 0:
		c.Subject, after = e.Agents[0].ID, &e.Agents[0]
	}
	text, err := json.Marshal(after)
	if err != nil {
		return c, err
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil {
		return c, err
	}
	is := map[string]json.RawMessage{}
	for field := range e.Was {
		if is[field] = all[field]; is[field] == nil {
			is[field] = json.RawMessage("null")
		}
	}
	if c.Before, err = json.Marshal(e.Was); err != nil {
		return c, err
	}
	c.After, err = json.Marshal(is)
	return c, err
}
