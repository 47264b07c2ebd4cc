package record

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// fcrWindow is how long after its end a customer must not have come again for a conversation to have been the only one needed.
const fcrWindow = Millis(7 * 24 * 3600_000)

// contactKinds are the kinds of touches by which customers come again, on whatever channel.
const contactKinds = "'" + KindMessage + "', '" + KindCall + "', '" + KindShopVisit + "'"

// contacts tells a touch that others logged by which a customer came again.
func contacts(t *Touch) bool {
	return t.State == StateLogged && t.Inbound && (t.Kind == KindCall || t.Kind == KindShopVisit)
}

// Measure folds at most limit events into facts, behind the log, and tells how many it did: call it again until 0, then RollUp. It marks the
// days whose sums change. In SQLite it holds the writer for about 0.1 ms an event. Two callers at once do no harm: one does nothing.
func (db *DB) Measure(ctx context.Context, rules *FactRules, now Millis, limit int) (int, error) {
	n, err := db.measure(ctx, rules, now, limit)
	if errors.Is(err, ErrMoved) {
		return 0, nil
	}
	if err != nil {
		err = fmt.Errorf("measure events: %w", err)
	}
	return n, err
}

type measuredTo struct {
	n, life int64
	at      Millis
	zone    string
}

func reportCursor(ctx context.Context, q querier) (c measuredTo, err error) {
	err = q.QueryRowContext(ctx, "SELECT n, happened_at, zone, life FROM report_cursor").Scan(&c.n, &c.at, &c.zone, &c.life)
	return c, err
}

func (db *DB) measure(ctx context.Context, rules *FactRules, now Millis, limit int) (int, error) {
	at, err := reportCursor(ctx, db.pool)
	if err != nil {
		return 0, err
	}
	if zone := rules.zone().String(); at.zone != zone {
		if err := db.rezone(ctx, at, rules); err != nil {
			return 0, err
		}
	}
	events, last, err := db.eventsToMeasure(ctx, at.n, limit)
	if err != nil || last.n == at.n {
		return 0, err
	}
	f, err := db.loadFold(ctx, rules, events)
	if err != nil {
		return 0, err
	}
	for i := range events {
		f.event(&events[i])
	}
	list, err := f.statements(now)
	if err != nil {
		return 0, err
	}
	err = db.write(ctx, func(q querier) error {
		res, err := q.ExecContext(ctx, "UPDATE report_cursor SET n = $1, happened_at = $2 WHERE n = $3 AND life = $4", last.n, int64(last.at), at.n, at.life)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return firstErr(err, ErrMoved)
		}
		return db.runAll(ctx, q, list)
	})
	return last.count, err
}

// runAll runs statements in the transaction of a write.
func (db *DB) runAll(ctx context.Context, q querier, list []statement) error {
	if db.d.oneConn {
		_, err := db.wr.run(ctx, list)
		return err
	}
	for _, s := range list {
		text := s.key.text
		if s.key.many != nil {
			text = s.key.many.text(s.key.rows, db.d.numbered)
		}
		if _, err := q.ExecContext(ctx, text, s.args...); err != nil {
			return err
		}
	}
	return nil
}

type lastEvent struct {
	n     int64
	at    Millis
	count int
}

func (db *DB) eventsToMeasure(ctx context.Context, after int64, limit int) ([]Event, lastEvent, error) {
	last := lastEvent{n: after}
	rows, err := db.pool.QueryContext(ctx, "SELECT n, happened_at, json FROM events WHERE n > $1 ORDER BY n LIMIT $2", after, limit)
	if err != nil {
		return nil, last, err
	}
	defer rows.Close()
	var events []Event
	for rows.Next() {
		var text []byte
		if err := rows.Scan(&last.n, &last.at, &text); err != nil {
			return nil, last, err
		}
		last.count++
		var e Event
		if json.Unmarshal(text, &e) == nil { // what the database refused measures nothing
			e.ID.N = uint64(last.n)
			events = append(events, e)
		}
	}
	return events, last, rows.Err()
}

// loadFold reads what is remembered of the conversations and agents that events may be about.
func (db *DB) loadFold(ctx context.Context, rules *FactRules, events []Event) (*fold, error) {
	f := &fold{rules: rules, convs: map[string]*convFold{}, agents: map[string]*agentFold{}, stale: map[Millis]bool{}}
	ids := map[string]bool{}
	rated := map[string]bool{}
	agent := func(id string) {
		if id != "" {
			ids["a/"+id] = true
		}
	}
	for i := range events {
		e := &events[i]
		if c := e.Conversation; c != nil {
			ids["c/"+c.ID] = true
			agent(c.Owner)
		} else if e.Touch != nil && e.Touch.Kind == KindRating {
			ids["c/"+e.Touch.Conversation], rated[e.Touch.Conversation] = true, true
		}
		for j := range e.Agents {
			agent(e.Agents[j].ID)
		}
	}
	if err := db.loadStates(ctx, f, ids); err != nil {
		return nil, err
	}
	// Owners before, who may be let go without being named.
	more := map[string]bool{}
	for _, c := range f.convs {
		if c.Part != nil && f.agents[c.Part.Agent] == nil {
			more["a/"+c.Part.Agent] = true
		}
	}
	if err := db.loadStates(ctx, f, more); err != nil {
		return nil, err
	}
	over := map[string]*Conversation{}
	for id := range rated { // also what is forgotten within these events
		if h, err := db.Header(ctx, id); err == nil {
			over[id] = h
		} else if !errors.Is(err, ErrNotFound) {
			return nil, err
		}
	}
	f.header = func(id string) *Conversation { return over[id] }
	f.rates = map[string][]Fact{}
	for id := range rated {
		list, err := collect(ctx, db.pool, scanFact, "SELECT "+factColumns+` FROM facts f WHERE f.kind || '' IN ('rating', 'nps')
			AND f.n IN (SELECT t.n FROM touches t WHERE t.conversation = $1 AND t.kind = 'rating')`, id)
		if err != nil {
			return nil, err
		}
		f.rates[id] = list
	}
	return f, nil
}

func (db *DB) loadStates(ctx context.Context, f *fold, ids map[string]bool) error {
	var args []any
	for id := range ids {
		args = append(args, id)
	}
	for len(args) > 0 {
		part := args[:min(len(args), 500)]
		args = args[len(part):]
		rows, err := db.pool.QueryContext(ctx, "SELECT id, json FROM report_states WHERE id IN ("+placeholders(1, len(part))+")", part...)
		if err != nil {
			return err
		}
		for rows.Next() {
			var id string
			var text []byte
			if err = rows.Scan(&id, &text); err != nil {
				break
			}
			if key, ok := strings.CutPrefix(id, "c/"); ok {
				c := new(convFold)
				f.convs[key] = c
				err = json.Unmarshal(text, c)
			} else {
				a := new(agentFold)
				f.agents[id[2:]] = a
				err = json.Unmarshal(text, a)
			}
			if err != nil {
				break
			}
		}
		rows.Close()
		if err := firstErr(err, rows.Err()); err != nil {
			return err
		}
	}
	return nil
}

var (
	upsertStates = many{`INSERT INTO report_states (id, json) VALUES `, `(?, ?)`, ` ON CONFLICT (id) DO UPDATE SET json = excluded.json`}
	deleteStates = many{`DELETE FROM report_states WHERE id IN (`, `?`, `)`}
	// A day that is marked already keeps the time at which it is due.
	markDays = many{`INSERT INTO report_dirty (day, ripe, due, mark) VALUES `, `(?, ?, ?, 1)`,
		` ON CONFLICT (day, ripe) DO UPDATE SET mark = report_dirty.mark + 1`}
)

// statements store what the fold has made.
func (f *fold) statements(now Millis) ([]statement, error) {
	var facts, states, gone, marks []any
	days, ripe := map[Millis]bool{}, map[Millis]bool{}
	zone := f.rules.zone()
	for i := range f.facts {
		x := &f.facts[i]
		facts = factRow(facts, x)
		day := dayOf(x.At, zone)
		days[day] = true
		switch x.Kind {
		case FactState:
			days[dayOf(x.At+Millis(x.Value)-1, zone)] = true
		case FactResolved:
			ripe[day] = true
		}
	}
	for _, at := range f.late {
		for d := dayOf(at-fcrWindow, zone); d <= at; d = dayAfter(d, zone) {
			days[d] = true
		}
	}
	for at := range f.stale {
		days[dayOf(at, zone)] = true
	}
	for id, c := range f.convs {
		if c == nil {
			gone = append(gone, "c/"+id)
			continue
		}
		text, err := json.Marshal(c)
		if err != nil {
			return nil, err
		}
		states = append(states, "c/"+id, string(text))
	}
	for id, a := range f.agents {
		text, err := json.Marshal(a)
		if err != nil {
			return nil, err
		}
		states = append(states, "a/"+id, string(text))
	}
	for d := range days {
		marks = append(marks, int64(d), 0, int64(now+f.rules.Hold))
	}
	for d := range ripe {
		marks = append(marks, int64(d), 1, int64(ripeAt(d, f.rules)))
	}
	var list []statement
	for i := range f.gone { // few: one after the other finds each by its key
		list = append(list, statement{key: stmtKey{text: "DELETE FROM facts WHERE n = $1 AND kind = $2"}, args: []any{int64(f.gone[i].N), f.gone[i].Kind}})
	}
	list = insertFacts.over(list, facts)
	list = upsertStates.over(list, states)
	list = deleteStates.over(list, gone)
	return markDays.over(list, marks), nil
}

// ripeAt is when all that was resolved on a day has been over for fcrWindow.
func ripeAt(day Millis, rules *FactRules) Millis {
	return dayAfter(day, rules.zone()) + fcrWindow + clockSlack
}

// rezone has all days summed again, as days of another zone.
func (db *DB) rezone(ctx context.Context, at measuredTo, rules *FactRules) error {
	var first, last sql.NullInt64
	if err := db.pool.QueryRowContext(ctx, "SELECT min(happened_at), max(happened_at + CASE WHEN kind = 'state' THEN value ELSE 0 END) FROM facts").Scan(&first, &last); err != nil {
		return err
	}
	return db.write(ctx, func(q querier) error {
		res, err := q.ExecContext(ctx, "UPDATE report_cursor SET zone = $1 WHERE n = $2 AND life = $3 AND zone = $4", rules.zone().String(), at.n, at.life, at.zone)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return firstErr(err, ErrMoved)
		}
		for _, table := range []string{"report_dirty", "report_months"} {
			if _, err := q.ExecContext(ctx, "DELETE FROM "+table); err != nil {
				return err
			}
		}
		if !first.Valid {
			return nil
		}
		return db.mark(ctx, q, Millis(first.Int64)-24*3600_000, Millis(last.Int64)+24*3600_000, rules)
	})
}

// mark has the days from one moment to another summed again.
func (db *DB) mark(ctx context.Context, q querier, from, to Millis, rules *FactRules) error {
	var marks []any
	for d := dayOf(from, rules.zone()); d <= to; d = dayAfter(d, rules.zone()) {
		marks = append(marks, int64(d), 0, 0, int64(d), 1, int64(ripeAt(d, rules)))
	}
	return db.runAll(ctx, q, markDays.over(nil, marks))
}

// Dirty has the days from one moment to another summed again, because something else than their events changed.
func (db *DB) Dirty(ctx context.Context, from, to Millis, rules *FactRules) error {
	return db.write(ctx, func(q querier) error { return db.mark(ctx, q, from, to, rules) })
}

// DirtyConversation has all days on which a conversation may count summed again: after it was erased, or its customer was merged with another.
func (db *DB) DirtyConversation(ctx context.Context, id string, rules *FactRules) error {
	h, err := db.Header(ctx, id)
	if err != nil {
		return err
	}
	return db.Dirty(ctx, h.CreatedAt-fcrWindow, max(h.LastMessageAt, h.ResolvedAt, h.CreatedAt)+fcrWindow, rules)
}

// MeasureAgain has everything measured again from the first event: after the rules were changed for the past too. What is shown
// meanwhile is what has been measured by then.
func (db *DB) MeasureAgain(ctx context.Context) error {
	return db.write(ctx, func(q querier) error {
		for _, text := range []string{"UPDATE report_cursor SET n = 0, happened_at = 0, life = life + 1", "DELETE FROM report_states", "DELETE FROM facts",
			"DELETE FROM rollups", "DELETE FROM report_dirty", "DELETE FROM report_months"} {
			if _, err := q.ExecContext(ctx, text); err != nil {
				return err
			}
		}
		return nil
	})
}

// Measured tells how far reports go: the time of the last event measured, how many events there are behind it, and how many days have to be
// summed again.
func (db *DB) Measured(ctx context.Context) (until Millis, behind, days int, err error) {
	err = db.pool.QueryRowContext(ctx, `SELECT happened_at, (SELECT COALESCE(max(n), 0) FROM events) - n,
		(SELECT count(*) FROM report_dirty WHERE ripe = 0) FROM report_cursor`).Scan(&until, &behind, &days)
	return until, max(behind, 0), days, err
}
