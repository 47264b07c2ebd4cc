package record

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
)

// Merge is two customers who were said to be one person.
type Merge struct {
	ID       string `json:"id"`
	From     string `json:"from"` // customer
	Into     string `json:"into"` // customer, as whom both are shown since
	At       Millis `json:"at"`
	By       string `json:"by"`
	Reason   string `json:"reason,omitempty"`
	UndoneAt Millis `json:"undone_at,omitempty"`
	UndoneBy string `json:"undone_by,omitempty"`

	n   int64
	was map[string][]string // customer → identities, of both trees when they were merged
}

const mergeColumns = "id, from_customer, into_customer, happened_at, by_user, reason, undone_at, undone_by, n, was"

func scanMerge(rows *sql.Rows, m *Merge) error {
	return rows.Scan(&m.ID, &m.From, &m.Into, &m.At, &m.By, &m.Reason, &m.UndoneAt, &m.UndoneBy, &m.n, asJSON{&m.was})
}

// Side is one of two customers who are merged or parted, with all that it brings along.
type Side struct {
	Known
	Customer      Customer   `json:"customer"`
	Merged        []Customer `json:"merged"` // into it before, as their own rows are
	Identities    []Identity `json:"identities"`
	Conversations int        `json:"conversations"`
	Open          int        `json:"open"` // of Conversations
	Touches       int        `json:"touches"`
}

// sideOf gathers what a tree, or a part of one, brings along.
func sideOf(ctx context.Context, q querier, t tree) (Side, error) {
	s := Side{Customer: t.shown(), Merged: t.merged()}
	var err error
	if s.Known, err = t.known(ctx, q); err != nil {
		return s, err
	}
	if s.Identities, err = t.identities(ctx, q); err != nil {
		return s, err
	}
	const of = " WHERE identity IN (SELECT id FROM identities WHERE home IN ("
	in := placeholders(1, len(t.list)) + "))"
	if err = q.QueryRowContext(ctx, fmt.Sprintf("SELECT count(*), COALESCE(sum(CASE WHEN live_until = %d THEN 1 ELSE 0 END), 0) FROM conversations", int64(always))+of+in,
		t.ids()...).Scan(&s.Conversations, &s.Open); err != nil {
		return s, err
	}
	return s, q.QueryRowContext(ctx, "SELECT count(*) FROM touches"+of+in, t.ids()...).Scan(&s.Touches)
}

// ShownField is what becomes of a value that a customer's page shows.
type ShownField struct {
	Field string          `json:"field"` // as a profile's fields are called
	From  json.RawMessage `json:"from"`  // null: nothing
	Into  json.RawMessage `json:"into"`
	Shows json.RawMessage `json:"shows"` // afterwards
}

// shownFields are name and tier, and what else one of the two has.
func shownFields(from, into, after Customer) (list []ShownField) {
	for _, f := range fieldsOf(from, into) {
		x := ShownField{f, from.value(f), into.value(f), after.value(f)}
		if f == FieldName || f == FieldTier { // texts, also where they are empty
			for _, v := range []*json.RawMessage{&x.From, &x.Into, &x.Shows} {
				if *v == nil {
					*v = json.RawMessage(`""`)
				}
			}
		}
		if x.From != nil || x.Into != nil {
			list = append(list, x)
		}
	}
	return list
}

// MergePreview is what a merge would do.
type MergePreview struct {
	From   Side         `json:"from"` // all of it moves
	Into   Side         `json:"into"`
	Fields []ShownField `json:"fields"` // what will show
	Seen   string       `json:"seen"`   // changes with what the merge would do
}

// seenOf is a mark of who has which identities and what is said of them.
func seenOf(sides ...Side) string {
	h := sha256.New()
	for _, s := range sides {
		for _, c := range append(slices.Clone(s.Merged), s.Customer) {
			fmt.Fprintf(h, "%q %q\n", c.ID, c.MergedInto)
			for _, f := range fieldsOf(c) {
				fmt.Fprintf(h, "%q %s\n", f, c.value(f))
			}
		}
		for _, i := range s.Identities {
			fmt.Fprintf(h, "%q %q\n", i.ID, i.Home)
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// merging reads the two trees that a merge is about. ErrNotFound, ErrSame.
func merging(ctx context.Context, q querier, from, into string) (f, i tree, p MergePreview, err error) {
	for _, c := range []string{from, into} {
		if _, err := living(ctx, q, c, ""); err != nil {
			return f, i, p, err
		}
	}
	if f, err = profiles(ctx, q, from); err != nil {
		return f, i, p, err
	}
	if i, err = profiles(ctx, q, into); err != nil {
		return f, i, p, err
	}
	if f.root == i.root {
		return f, i, p, ErrSame
	}
	if p.From, err = sideOf(ctx, q, f); err != nil {
		return f, i, p, err
	}
	p.Into, err = sideOf(ctx, q, i)
	p.Fields = shownFields(f.shown(), i.shown(), i.joined(f).shown())
	p.Seen = seenOf(p.From, p.Into)
	return f, i, p, err
}

// PreviewMerge tells what merging one customer into another would do. ErrNotFound; ErrSame: they are one.
func (db *DB) PreviewMerge(ctx context.Context, from, into string) (MergePreview, error) {
	var p MergePreview
	_, err := db.read(ctx, func(q querier) (err error) {
		_, _, p, err = merging(ctx, q, from, into)
		return err
	})
	return p, err
}

// Decided is who decides about customers, when, and having seen what.
type Decided struct {
	At    Millis
	By    string // user
	Seen  string // of the preview; "": whatever it would be
	Rules *FactRules
}

// Merge makes two customers one: From's whole tree counts for Into's root from now on, and Into's values show. Nothing is copied and nothing
// lost, so that UndoMerge can part them again whatever was done since. ErrNotFound, ErrSame; ErrConflict: it is not as it was seen.
func (db *DB) Merge(ctx context.Context, from, into, reason string, by Decided, note func(MergePreview, Merge) Note) (m Merge, err error) {
	var p MergePreview
	err = db.between(ctx, notesOf(note != nil, func() (*Changed, error) { return note(p, m)() }), func(q querier) (err error) {
		m, p, err = db.merge(ctx, q, from, into, reason, by)
		return err
	})
	return m, err
}

func notesOf(is bool, n Note) []Note {
	if !is {
		return nil
	}
	return []Note{n}
}

func (db *DB) merge(ctx context.Context, q querier, from, into, reason string, by Decided) (m Merge, p MergePreview, err error) {
	f, i, p, err := merging(ctx, q, from, into)
	if err != nil {
		return m, p, err
	}
	if by.Seen != "" && by.Seen != p.Seen {
		return m, p, ErrConflict
	}
	m = Merge{ID: NewID("g"), From: f.root, Into: i.root, At: by.At, By: by.By, Reason: reason, was: map[string][]string{}}
	for _, c := range i.joined(f).list {
		m.was[c.ID] = []string{}
	}
	for _, x := range append(slices.Clone(p.From.Identities), p.Into.Identities...) {
		m.was[x.Home] = append(m.was[x.Home], x.ID)
	}
	if err := q.QueryRowContext(ctx, "SELECT n FROM log_cursor").Scan(&m.n); err != nil {
		return m, p, err
	}
	run := runner(ctx, q, &err)
	run("INSERT INTO merges (id, from_customer, into_customer, n, happened_at, by_user, reason, was) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
		m.ID, m.From, m.Into, m.n, int64(m.At), m.By, m.Reason, asJSON{m.was})
	run("UPDATE customers SET merged_into = $2 WHERE id = $1", f.root, i.root)
	setRoots(run, f, i.root)
	run("UPDATE suggestions SET state = 'merged', decided_at = $2, decided_by = $3 WHERE id = $1", pairID(f.root, i.root), int64(m.At), m.By)
	if err != nil {
		return m, p, err
	}
	return m, p, db.countAnew(ctx, q, by.Rules, f.root, i.root)
}

// runner runs statements until one fails.
func runner(ctx context.Context, q querier, err *error) func(text string, args ...any) {
	return func(text string, args ...any) {
		if *err == nil {
			_, *err = q.ExecContext(ctx, text, args...)
		}
	}
}

// setRoots makes all of a tree, or of a part that has been cut off or is being put elsewhere, count for a root.
func setRoots(run func(string, ...any), t tree, root string) {
	for _, c := range t.list {
		if c.ID == root {
			run("UPDATE customers SET root = '' WHERE id = $1", c.ID)
		} else {
			run("UPDATE customers SET root = $2 WHERE id = $1", c.ID, root)
		}
		run("UPDATE identities SET customer = $2 WHERE home = $1", c.ID, root)
	}
	run("UPDATE customers SET stale = 1, restage = 1, seek = seek + 1 WHERE id = $1", t.root)
	run("UPDATE customers SET stale = 1, restage = 1, seek = seek + 1 WHERE id = $1", root)
}

// countAnew has the days summed again on which the conversations of customers may count otherwise now that others have their touches.
func (db *DB) countAnew(ctx context.Context, q querier, rules *FactRules, roots ...string) error {
	if rules == nil {
		return nil
	}
	days := map[Millis]bool{}
	for _, root := range roots {
		heads, err := collect(ctx, q, scanHeader, "SELECT header FROM conversations WHERE identity IN (SELECT id FROM identities WHERE customer = $1)", root)
		if err != nil {
			return err
		}
		for i := range heads {
			h := &heads[i]
			for d := dayOf(h.CreatedAt, rules.zone()); d <= max(h.LastMessageAt, h.ResolvedAt, h.CreatedAt)+clockSlack; d = dayAfter(d, rules.zone()) {
				days[d] = true
			}
		}
	}
	var marks []any
	for d := range days {
		marks = append(marks, int64(d), 0, 0, int64(d), 1, int64(ripeAt(d, rules)))
	}
	return db.runAll(ctx, q, markDays.over(nil, marks))
}
