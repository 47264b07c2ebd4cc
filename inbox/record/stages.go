package record

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Stages by rule are derived: what the rule says stands in the history beside what people said, and is made anew whenever purchases, returns, merges
// or what was undone make it another. The stage that shows is changed with it. Whoever has to be looked at is marked (customers.restage) where it
// happens, between two batches of the recorder; the mark goes with the looking. What time alone changes is found by looking at everybody.

// bought is the condition on a touch t that the rule looks at, as an index has it.
const bought = "t.kind IN ('purchase', 'return')"

// StagesMoved is what a sweep changed, or would.
type StagesMoved struct {
	Customers int            `json:"customers"` // whose stage shows as another
	Stages    map[string]int `json:"stages"`    // by what it is then; "": none
	More      bool           `json:"more"`      // there was not time enough for all
}

// MarkBuyers has looked at whose purchases and returns were recorded behind a number, of at most limit of these, and tells how far it came, and whether
// there are more.
func (db *DB) MarkBuyers(ctx context.Context, behind uint64, limit int) (next uint64, more bool, err error) {
	var last int64
	list, err := collect(ctx, db.pool, func(rows *sql.Rows, n *int64) error { return rows.Scan(n) },
		"SELECT t.n FROM touches t WHERE t.n > $1 AND "+bought+" ORDER BY t.n LIMIT $2", int64(behind), limit)
	if err != nil || len(list) == 0 {
		return behind, false, err
	}
	last = list[len(list)-1]
	return uint64(last), len(list) == limit, db.between(ctx, nil, func(q querier) (err error) {
		runner(ctx, q, &err)("UPDATE customers SET restage = 1 WHERE restage = 0 AND id IN (SELECT i.customer FROM touches t JOIN identities i ON i.id = t.identity WHERE t.n > $1 AND t.n <= $2 AND "+
			bought+")", int64(behind), last)
		return err
	})
}

// LastTouch is the number of the last touch there is.
func (db *DB) LastTouch(ctx context.Context) (uint64, error) {
	var n int64
	err := db.pool.QueryRowContext(ctx, "SELECT COALESCE(MAX(n), 0) FROM touches").Scan(&n)
	return uint64(n), err
}

// stagesTurn is how many customers' stages are written at a time: the recorder waits so long.
const stagesTurn = 20

// FollowStages has the rule's stages follow from what at most limit customers behind one have bought, and tells the last one looked at; "" at the end.
// marked means only those who are marked, whose marks it takes away. Of a preview nothing is written. Those who were erased have no stage by rule.
func (db *DB) FollowStages(ctx context.Context, set *RecordSetting, now Millis, after string, marked bool, limit int, preview bool, out *StagesMoved) (string, error) {
	which := "root = '' AND erased_at = 0"
	if marked {
		which = "restage = 1"
	}
	list, err := collect(ctx, db.pool, oneText, "SELECT id FROM customers WHERE id > $1 AND "+which+" ORDER BY id LIMIT $2", after, limit)
	if err != nil || len(list) == 0 {
		return "", err
	}
	next := ""
	if len(list) == limit {
		next = list[len(list)-1]
	}
	if !marked {
		had, err := stagesOf(ctx, db.pool, list)
		if err != nil {
			return "", err
		}
		steps, err := set.steps(ctx, db.pool, list, now)
		if err != nil {
			return "", err
		}
		list = slices.DeleteFunc(list, func(id string) bool { return sameSteps(had[id], steps[id]) })
	}
	for some := range slices.Chunk(list, stagesTurn) {
		var moved []string // what shows now
		follow := func(q querier) error {
			moved = nil
			for _, id := range some {
				was, is, err := followStage(ctx, q, set, now, id, preview)
				if err != nil {
					return err
				}
				if was != is {
					moved = append(moved, is)
				}
			}
			return nil
		}
		if preview {
			err = follow(db.pool)
		} else {
			err = db.between(ctx, nil, follow)
		}
		if err != nil {
			return "", fmt.Errorf("follow stages: %w", err)
		}
		for _, is := range moved {
			out.Customers++
			out.Stages[is]++
		}
	}
	return next, nil
}

// steps are the rule's steps of customers among the stages that are offered.
func (set *RecordSetting) steps(ctx context.Context, q querier, customers []string, now Millis) (map[string][]StageStep, error) {
	all, err := boughtBy(ctx, q, customers)
	if err != nil {
		return nil, err
	}
	var touched map[string][]Spell
	if set.StageRule.AnyTouch && len(all) > 0 {
		if touched, err = spellsOf(ctx, q, slices.Collect(maps.Keys(all)), now); err != nil {
			return nil, err
		}
	}
	out := map[string][]StageStep{}
	for id, facts := range all {
		out[id] = set.StageRule.Steps(facts, touched[id], now, func(stage string) bool {
			return slices.ContainsFunc(set.Stages, func(o Option) bool { return o.ID == stage && !o.Archived })
		})
	}
	return out, nil
}

// spellsOf are when customers did something themselves, in order.
func spellsOf(ctx context.Context, q querier, customers []string, now Millis) (map[string][]Spell, error) {
	type row struct {
		customer string
		Spell
	}
	rows, err := collect(ctx, q, func(rows *sql.Rows, r *row) error { return rows.Scan(&r.customer, &r.From, &r.To) },
		fmt.Sprintf(`SELECT i.customer, MIN(t.happened_at), MAX(t.happened_at) FROM identities i JOIN touches t ON t.identity = i.id WHERE i.customer IN (`+placeholders(1, len(customers))+`)
			AND t.inbound = 1 AND t.auto_reply = 0 AND t.spam = '' AND t.happened_at <= $%d GROUP BY i.customer, t.happened_at / %d ORDER BY 2`, len(customers)+1, int64(spellDays*24*3600_000)), append(anys(customers), int64(now))...)
	out := map[string][]Spell{}
	for _, r := range rows {
		out[r.customer] = append(out[r.customer], r.Spell)
	}
	return out, err
}

// sameSteps tells whether a history, newest first, has just these steps by rule.
func sameSteps(history []StageChange, steps []StageStep) bool {
	var by []StageStep
	for _, s := range slices.Backward(history) {
		if s.By == ByRule {
			by = append(by, StageStep{s.Stage, s.At, s.Touch})
		}
	}
	return slices.Equal(by, steps)
}

// stagesOf are the histories of whole trees by their roots, newest first.
func stagesOf(ctx context.Context, q querier, roots []string) (map[string][]StageChange, error) {
	type row struct {
		root string
		StageChange
	}
	in := placeholders(1, len(roots))
	rows, err := collect(ctx, q, func(rows *sql.Rows, r *row) error {
		return rows.Scan(&r.root, &r.Stage, &r.At, &r.By, &r.Why, &r.Touch)
	},
		`SELECT CASE WHEN c.root = '' THEN c.id ELSE c.root END, s.stage, s.happened_at, s.by_user, s.why, s.touch FROM stages s JOIN customers c ON c.id = s.customer
		WHERE c.id IN (`+in+") OR c.root IN ("+in+") ORDER BY s.happened_at DESC, s.id DESC", anys(roots)...)
	out := map[string][]StageChange{}
	for _, r := range rows {
		out[r.root] = append(out[r.root], r.StageChange)
	}
	return out, err
}

// boughtBy is what customers bought and gave back.
func boughtBy(ctx context.Context, q querier, customers []string) (map[string][]Bought, error) {
	type row struct {
		customer string
		Bought
		json sql.NullString
	}
	rows, err := collect(ctx, q, func(rows *sql.Rows, r *row) error {
		return rows.Scan(&r.customer, &r.Touch, &r.Kind, &r.At, &r.json, &r.Mark)
	},
		"SELECT i.customer, t.id, t.kind, t.happened_at, d.json, COALESCE(m.mark, '') FROM identities i JOIN touches t ON t.identity = i.id AND "+bought+
			" LEFT JOIN touch_data d ON d.n = t.n LEFT JOIN order_marks m ON m.n = t.n WHERE i.customer IN ("+placeholders(1, len(customers))+")", anys(customers)...)
	out := map[string][]Bought{}
	for _, r := range rows {
		var d Data
		if r.json.Valid && json.Unmarshal([]byte(r.json.String), &d) == nil {
			r.Order, r.Currency, r.Amount = d.Order, d.Currency, d.Amount
		}
		out[r.customer] = append(out[r.customer], r.Bought)
	}
	return out, err
}

// followStage writes the rule's steps of one customer, and the stage that shows, takes the mark away, and tells the stage before and after. Who was
// erased, or taken back with an import, since somebody found them has none.
func followStage(ctx context.Context, q querier, set *RecordSetting, now Millis, id string, preview bool) (was, is string, err error) {
	run := runner(ctx, q, &err)
	root, err := rootOf(ctx, q, id)
	if err == nil && !preview { // two who edit at once take turns
		run("UPDATE customers SET restage = 0 WHERE id = $1 OR id = $2", id, root)
	}
	if err != nil {
		return "", "", gone(err)
	}
	t, err := profiles(ctx, q, id)
	if err != nil {
		return "", "", gone(err)
	}
	if slices.ContainsFunc(t.list, func(c Customer) bool { return c.ErasedAt != 0 }) {
		return "", "", nil
	}
	before := t.shown()
	histories, err := stagesOf(ctx, q, []string{t.root})
	if err != nil {
		return "", "", err
	}
	all, err := set.steps(ctx, q, []string{t.root}, now)
	if err != nil {
		return "", "", err
	}
	history, steps := histories[t.root], all[t.root]
	// What shows and stands in no history was said when nobody knows any more.
	said, at := before.Stage, Millis(0)
	if hand := slices.IndexFunc(history, func(s StageChange) bool { return s.By != ByRule }); hand >= 0 {
		said, at = history[hand].Stage, history[hand].At
	} else if len(history) > 0 {
		said = ""
	}
	is = before.Stage
	if s := outlasts(steps, said, at); s != nil {
		is = s.Stage
	} else if len(history) > 0 && history[0].By == ByRule && history[0].Stage == before.Stage { // what it came from is no more
		is = said
	}
	if preview || is == before.Stage && sameSteps(history, steps) {
		return before.Stage, is, nil
	}
	for _, c := range t.list {
		run("DELETE FROM stages WHERE customer = $1 AND by_user = '@rule'", c.ID)
	}
	for _, s := range steps {
		run("INSERT INTO stages (id, customer, stage, happened_at, by_user, why, touch) VALUES ($1, $2, $3, $4, '@rule', '', $5)", NewID("s"), t.root, s.Stage, int64(s.At), s.Touch)
	}
	if is != before.Stage {
		var value json.RawMessage
		if is != "" {
			value, _ = json.Marshal(is)
		} else {
			value = t.nothing(FieldStage)
		}
		sayField(run, t.root, FieldStage, value)
		noteField(run, t.root, FieldStage, before.value(FieldStage), value, Decided{At: now, By: ByRule})
		run("UPDATE customers SET version = version + 1, stale = 1 WHERE id = $1", t.root)
	}
	return before.Stage, is, err
}

// gone is no error of one who is not there any more.
func gone(err error) error {
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}
