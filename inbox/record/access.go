package record

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
)

// Seen is that somebody has opened a customer's record.
type Seen struct {
	Customer string
	User     string
	At       Millis
}

var insertSeen = many{`INSERT INTO seen (customer, user_id, happened_at) VALUES `, `(?, ?, ?)`, ` ON CONFLICT DO NOTHING`}

// NoteSeen keeps who has opened whose record.
func (db *DB) NoteSeen(ctx context.Context, list []Seen) error {
	var rows []any
	for _, s := range list {
		rows = append(rows, s.Customer, s.User, int64(s.At))
	}
	return db.write(ctx, func(q querier) error { return db.runAll(ctx, q, insertSeen.over(nil, rows)) })
}

// Access is that somebody has seen or changed a customer's record.
type Access struct {
	At      Millis          `json:"at"`
	By      string          `json:"by"`               // user
	What    string          `json:"what"`             // "seen", "changed"
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
			return rows.Scan(&a.At, &a.By)
		}, "SELECT DISTINCT happened_at, user_id FROM seen"+where("customer"), args...); err != nil {
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
		list = append(list, changes...)
		return nil
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
