package record

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
)

// Seen is that somebody has looked at a customer's record.
type Seen struct {
	Customer string
	User     string
	At       Millis
	How      string // one of the below
}

// How somebody looked.
const (
	SeenPage         = ""             // its page, or the panel beside a conversation
	SeenConversation = "conversation" // a conversation was opened
	SeenToken        = "token"        // a program of theirs did
	SeenUnmasked     = "unmask"       // what was masked in a message
	SeenExport       = "export"       // in a file: of all about the customer, or a list of customers or touches
)

var insertSeen = many{`INSERT INTO seen (customer, user_id, happened_at, how) VALUES `, `(?, ?, ?, ?)`, ` ON CONFLICT DO NOTHING`}

// NoteSeen keeps who has opened whose record.
func (db *DB) NoteSeen(ctx context.Context, list []Seen) error {
	var rows []any
	for _, s := range list {
		rows = append(rows, s.Customer, s.User, int64(s.At), s.How)
	}
	return db.write(ctx, func(q querier) error { return db.runAll(ctx, q, insertSeen.over(nil, rows)) })
}

// Access is that somebody has seen or changed a customer's record.
type Access struct {
	At      Millis          `json:"at"`
	By      string          `json:"by"`               // user
	What    string          `json:"what"`             // "seen", "changed"
	How     string          `json:"how,omitempty"`    // of what was seen
	Action  string          `json:"action,omitempty"` // of the audit
	Fields  []string        `json:"fields,omitempty"` // that were changed
	History []FieldChange   `json:"history,omitempty"`
	Before  json.RawMessage `json:"before,omitempty"` // as in the audit, without what history tells
	After   json.RawMessage `json:"after,omitempty"`
}

// FieldChange is what became of a field.
type FieldChange struct {
	Field string          `json:"field"`
	Was   json.RawMessage `json:"was"` // null: nothing
	Value json.RawMessage `json:"value"`
}

// AccessOf lists who has seen or changed a customer's record, or that of one who was merged into it, newest first. Entries of one millisecond are not
// parted. ErrNotFound.
func (db *DB) AccessOf(ctx context.Context, customer string, before Millis, limit int) (list []Access, next Millis, err error) {
	if before == 0 {
		before = always
	}
	_, err = db.read(ctx, func(q querier) error {
		t, err := treeOf(ctx, q, customer)
		if err != nil {
			return err
		}
		at := len(t.list) + 1
		where := func(column string) string {
			return fmt.Sprintf(" WHERE %s IN (%s) AND happened_at < $%d ORDER BY happened_at DESC LIMIT $%d", column, placeholders(1, len(t.list)), at, at+1)
		}
		args := append(t.ids(), int64(before), 2*limit+1)
		if list, err = collect(ctx, q, func(rows *sql.Rows, a *Access) error {
			a.What = "seen"
			return rows.Scan(&a.At, &a.By, &a.How)
		}, "SELECT DISTINCT happened_at, user_id, how FROM seen"+where("customer"), args...); err != nil {
			return err
		}
		type row struct {
			at                    Millis
			by, field, was, value string
		}
		fields, err := collect(ctx, q, func(rows *sql.Rows, r *row) error { return rows.Scan(&r.at, &r.by, &r.field, &r.was, &r.value) },
			"SELECT happened_at, by_user, field, was, value FROM field_history"+where("subject"), args...)
		if err != nil {
			return err
		}
		changes, err := collect(ctx, q, func(rows *sql.Rows, a *Access) error {
			var was, is string
			err := rows.Scan(&a.At, &a.By, &a.Action, &was, &is)
			a.What, a.Before, a.After = "changed", rawOf(was), rawOf(is)
			if a.Action == "customer.export" {
				a.What, a.How, a.Before, a.After = "seen", SeenExport, nil, nil
			}
			return err
		}, "SELECT happened_at, by_user, action, before_json, after_json FROM audit"+where("subject"), args...)
		if err != nil {
			return err
		}
		for _, f := range fields {
			of := slices.IndexFunc(changes, func(a Access) bool {
				return a.At == f.at && a.By == f.by && (a.Action == "" || a.Action == "customer.change")
			})
			if of < 0 {
				of = len(changes)
				changes = append(changes, Access{At: f.at, By: f.by, What: "changed", Action: "customer.change"})
			}
			a := &changes[of]
			a.Fields, a.Before, a.After = append(a.Fields, f.field), nil, nil
			a.History = append(a.History, FieldChange{f.field, json.RawMessage(f.was), json.RawMessage(f.value)})
		}
		exports, err := t.exports(ctx, q, before, 2*limit+1)
		list = slices.Concat(list, changes, exports)
		return err
	})
	slices.SortStableFunc(list, func(a, b Access) int { return cmp.Compare(b.At, a.At) })
	if n := limit; len(list) > n {
		for n < len(list) && list[n].At == list[n-1].At {
			n++
		}
		if n < len(list) {
			next = list[n-1].At
		}
		list = list[:n]
	}
	return list, next, err
}

// exports are those of lists that the customer may have been on: after it was known, and of no other alone. What they were narrowed to stands in After.
func (t tree) exports(ctx context.Context, q querier, before Millis, limit int) ([]Access, error) {
	list, err := collect(ctx, q, func(rows *sql.Rows, a *Access) error {
		var is string
		err := rows.Scan(&a.At, &a.By, &a.Action, &is)
		a.What, a.How, a.After = "seen", SeenExport, rawOf(is)
		return err
	}, `SELECT happened_at, by_user, action, after_json FROM audit WHERE subject IN ('customers', 'touches') AND action IN ('export.customers', 'export.touches')
		AND happened_at < $1 AND happened_at >= $2 ORDER BY happened_at DESC LIMIT $3`, int64(before), int64(t.list[0].CreatedAt), limit)
	return slices.DeleteFunc(list, func(a Access) bool {
		var what struct {
			Filter struct{ Customer string }
		}
		return json.Unmarshal(a.After, &what) == nil && what.Filter.Customer != "" && !t.has(what.Filter.Customer)
	}), err
}
