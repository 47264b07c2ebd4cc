package record

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Cuts of rollups: what rows of facts are summed apart by. A report reads the smallest that has all it asks for.
const (
	cutQueue       = "queue"        // day × queue × channel
	cutAgent       = "agent"        // day × channel × agent
	cutState       = "state"        // day × agent, of FactState alone
	cutFull        = "full"         // day × queue × channel × agent
	cutTag         = "tag"          // day × queue × channel × tag
	cutTagAgent    = "tag/agent"    // day × queue × channel × agent × tag
	cutHalf        = "half"         // half hour
	cutHalfQueue   = "half/queue"   // half hour × queue
	cutHalfChannel = "half/channel" // half hour × channel
	cutHalfTag     = "half/tag"     // half hour × tag
	cutHour        = "hour"         // hour × queue × channel
	cutHourTag     = "hour/tag"     // hour × queue × channel × tag
)

// Most cuts are there by months too: see rollup_month.go.
var (
	dayCuts   = []string{cutQueue, cutAgent, cutState, cutFull, cutTag, cutTagAgent}
	hourCuts  = []string{cutHalf, cutHalfQueue, cutHalfChannel, cutHalfTag, cutHour}
	monthCuts = append(slices.Clip(dayCuts), hourCuts...)
	allCuts   = append(slices.Clip(monthCuts), cutHourTag) // of which months would be hardly fewer
)

// halfHour is the length of the shorter slots.
const halfHour = Millis(30 * 60_000)

// slotOf is when the half hour of the zone's clock begins.
func slotOf(at Millis, zone *time.Location) Millis {
	_, offset := at.Time().In(zone).Zone()
	past := (at + Millis(offset)*1000) % halfHour
	return at - past
}

// hourOf is when the hour of the zone's clock begins.
func hourOf(at Millis, zone *time.Location) Millis {
	s := slotOf(at, zone)
	if at.Time().In(zone).Minute() >= 30 {
		return s - halfHour
	}
	return s
}

// rollKey names a row of rollups.
type rollKey struct {
	cut                        string
	at                         Millis
	queue, channel, agent, tag string
}

// rollup sums the facts of one day.
type rollup struct {
	day, end Millis
	zone     *time.Location
	rows     map[rollKey]cells
}

func (r *rollup) row(k rollKey) cells {
	c := r.rows[k]
	if c == nil {
		c = cells{}
		r.rows[k] = c
	}
	return c
}

// add sums a fact. tags are the conversation's, between line feeds.
func (r *rollup) add(f *Fact, tags string) {
	if f.Kind == FactState {
		r.addState(f)
		return
	}
	if f.At < r.day || f.At >= r.end {
		return
	}
	r.row(rollKey{cut: cutQueue, at: r.day, queue: f.Queue, channel: f.Channel}).add(f)
	r.row(rollKey{cut: cutFull, at: r.day, queue: f.Queue, channel: f.Channel, agent: f.Agent}).add(f)
	r.row(rollKey{cut: cutAgent, at: r.day, channel: f.Channel, agent: f.Agent}).add(f)
	slot, hour := slotOf(f.At, r.zone), max(hourOf(f.At, r.zone), r.day)
	for tag := range strings.FieldsFuncSeq(tags, func(c rune) bool { return c == '\n' }) {
		r.row(rollKey{cut: cutTag, at: r.day, queue: f.Queue, channel: f.Channel, tag: tag}).add(f)
		r.row(rollKey{cut: cutTagAgent, at: r.day, queue: f.Queue, channel: f.Channel, agent: f.Agent, tag: tag}).add(f)
		r.row(rollKey{cut: cutHalfTag, at: slot, tag: tag}).add(f)
		r.row(rollKey{cut: cutHourTag, at: hour, queue: f.Queue, channel: f.Channel, tag: tag}).add(f)
	}
	r.row(rollKey{cut: cutHour, at: hour, queue: f.Queue, channel: f.Channel}).add(f)
	r.row(rollKey{cut: cutHalf, at: slot}).add(f)
	r.row(rollKey{cut: cutHalfQueue, at: slot, queue: f.Queue}).add(f)
	r.row(rollKey{cut: cutHalfChannel, at: slot, channel: f.Channel}).add(f)
}

// addState sums the part of an agent's state that lies within the day, half hour by half hour.
func (r *rollup) addState(f *Fact) {
	if part := piece(f, r.day, r.end); part != nil {
		r.row(rollKey{cut: cutState, at: r.day, agent: f.Agent}).add(part)
		halves(part, r.zone, func(slot Millis, p *Fact) { r.row(rollKey{cut: cutHalf, at: slot}).add(p) })
	}
}

// piece is the part of a FactState between two moments; nil when there is none.
func piece(f *Fact, from, to Millis) *Fact {
	from, to = max(f.At, from), min(f.At+Millis(f.Value), to)
	if from >= to {
		return nil
	}
	p := *f
	p.At, p.Value = from, int64(to-from)
	p.Second = f.Second / f.Value * p.Value
	return &p
}

// halves cuts a FactState at the half hours.
func halves(f *Fact, zone *time.Location, each func(slot Millis, p *Fact)) {
	end := f.At + Millis(f.Value)
	for slot := slotOf(f.At, zone); slot < end; slot += halfHour {
		if p := piece(f, slot, slot+halfHour); p != nil {
			each(slot, p)
		}
	}
}

// RollUp sums one day anew whose sums are out of date, the latest first, or, when there is none, a month, and tells whether there was one: call it
// again until false. It holds the writer of SQLite for a few milliseconds at a time. What the sums say follows from the facts alone, so that it may
// be broken off anywhere.
func (db *DB) RollUp(ctx context.Context, rules *FactRules, now Millis) (bool, error) {
	type mark struct{ day, ripe, mark int64 }
	marks, err := collect(ctx, db.pool, func(rows *sql.Rows, m *mark) error { return rows.Scan(&m.day, &m.ripe, &m.mark) },
		`SELECT day, ripe, mark FROM report_dirty WHERE due <= $1 AND day = (SELECT max(day) FROM report_dirty WHERE due <= $1)`, int64(now))
	if err != nil {
		return false, err
	}
	if len(marks) == 0 {
		done, err := db.sumMonth(ctx, rules.zone(), now)
		if err != nil {
			err = fmt.Errorf("sum a month: %w", err)
		}
		return done, err
	}
	r := &rollup{day: Millis(marks[0].day), zone: rules.zone(), rows: map[rollKey]cells{}}
	r.end = dayAfter(r.day, r.zone)
	if _, err := db.read(ctx, func(q querier) error { return r.sum(ctx, q, db.d, now >= ripeAt(r.day, rules)) }); err != nil {
		return false, fmt.Errorf("sum a day: %w", err)
	}
	if err := db.storeDay(ctx, r); err != nil {
		return false, fmt.Errorf("store a day's sums: %w", err)
	}
	err = db.write(ctx, func(q querier) error {
		for _, m := range marks { // one that was marked meanwhile stays
			if _, err := q.ExecContext(ctx, "DELETE FROM report_dirty WHERE day = $1 AND ripe = $2 AND mark = $3", m.day, m.ripe, m.mark); err != nil {
				return err
			}
		}
		return nil
	})
	return true, err
}

// sum adds all facts of the day; ripe: also what is known of contacts only days later.
func (r *rollup) sum(ctx context.Context, q querier, d *dialect, ripe bool) error {
	tags := map[string]string{} // by conversation: a day has few of them and many facts
	// PostgreSQL and SQLite both walk facts_at for one kind after the other.
	for _, kind := range factKinds {
		from := r.day
		if kind == FactState {
			from -= longestPiece
		}
		list, err := collect(ctx, q, scanFact, "SELECT "+factColumns+" FROM facts f WHERE f.kind = $1 AND f.happened_at >= $2 AND f.happened_at < $3",
			kind, int64(from), int64(r.end))
		if err != nil {
			return err
		}
		if err := learnTags(ctx, q, tags, list); err != nil {
			return err
		}
		for i := range list {
			r.add(&list[i], tags[list[i].Conversation])
		}
	}
	if !ripe {
		return nil
	}
	return eachResolved(ctx, q, d, filter{kind: FactResolved, from: r.day, to: r.end}, func(f *Fact, tags string) error { r.add(f, tags); return nil })
}

// learnTags adds the tags of the conversations that facts are of and that are not known yet.
func learnTags(ctx context.Context, q querier, known map[string]string, list []Fact) error {
	var ids []any
	for i := range list {
		id := list[i].Conversation
		if _, ok := known[id]; !ok {
			known[id] = ""
			ids = append(ids, id)
		}
	}
	for part := range slices.Chunk(ids, 500) {
		rows, err := q.QueryContext(ctx, "SELECT id, tags FROM conversations WHERE id IN ("+placeholders(1, len(part))+")", part...)
		if err != nil {
			return err
		}
		for rows.Next() {
			var id, tags string
			if err = rows.Scan(&id, &tags); err != nil {
				break
			}
			known[id] = tags
		}
		rows.Close()
		if err := firstErr(err, rows.Err()); err != nil {
			return err
		}
	}
	return nil
}

var factKinds = []string{FactOffered, FactAnswered, FactAbandoned, FactFlowOut, FactOffer, FactAccepted, FactDeclined, FactRONA, FactTransfer, FactFirst, FactNext,
	FactHandled, FactState, FactResolved, FactReopened, FactRating, FactNPS, FactSLAFirst, FactSLANext, FactSLAResolve, FactEstimate, FactIn, FactOut}

// filter is which facts are read. Empty texts take all.
type filter struct {
	kind                  string
	from, to              Millis
	queue, agent, channel string
}

// where is the condition, with its arguments from $1 on, and the index to take. The kinds, the agents and the queues have one each, in the order of
// time; an agent has less to do than a queue.
func (x filter) where(d *dialect) (index, text string, args []any) {
	text, args = "f.kind = $1 AND f.happened_at >= $2 AND f.happened_at < $3", []any{x.kind, int64(x.from), int64(x.to)}
	and := func(condition, v string) {
		if v != "" {
			args = append(args, v)
			text += fmt.Sprintf(" AND "+condition+" = $%d", len(args))
		}
	}
	and("f.channel", x.channel)
	switch {
	case x.agent != "":
		index = d.indexedBy("facts_agent")
		and("f.agent <> '' AND f.agent", x.agent)
		and("f.queue || ''", x.queue)
	case x.queue != "":
		index = d.indexedBy("facts_queue")
		and("f.queue <> '' AND f.queue", x.queue)
	}
	return index, text, args
}

// eachFact calls do for facts with the tags of their conversations.
func eachFact(ctx context.Context, q querier, d *dialect, x filter, tagged bool, do func(f *Fact, tags string) error) error {
	tags, join := "''", ""
	if tagged {
		tags, join = "COALESCE(c.tags, '')", " LEFT JOIN conversations c ON c.id = f.conversation"
	}
	index, where, args := x.where(d)
	return eachRow(ctx, q, "SELECT "+factColumns+", "+tags+", 0 FROM facts f"+index+join+" WHERE "+where, args, do)
}

// eachResolved calls do for what was resolved between two moments, as facts of the kind cellFCR: OK where the customer, at whatever address, wrote,
// called and came no more within fcrWindow.
func eachResolved(ctx context.Context, q querier, d *dialect, x filter, do func(f *Fact, tags string) error) error {
	index, where, args := x.where(d)
	return eachRow(ctx, q, "SELECT "+factColumns+fmt.Sprintf(`, COALESCE(c.tags, ''), CASE WHEN EXISTS (
			SELECT 1 FROM identities i JOIN identities o ON o.customer = i.customer JOIN touches t ON t.identity = o.id
			WHERE i.id = c.identity AND t.happened_at > f.happened_at AND t.happened_at <= f.happened_at + %d AND t.n > f.n
				AND t.inbound = 1 AND t.kind IN (`+contactKinds+`) AND t.spam = '' AND t.auto_reply = 0) THEN 1 ELSE 2 END
		FROM facts f%s LEFT JOIN conversations c ON c.id = f.conversation WHERE `, fcrWindow, index)+where, args, do)
}

// eachRow reads facts with tags and what is known of their contact: 0 nothing, 1 another came after it, 2 it was the only one.
func eachRow(ctx context.Context, q querier, text string, args []any, do func(f *Fact, tags string) error) error {
	rows, err := q.QueryContext(ctx, text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var f Fact
		var n int64
		var fcr int
		var tags string
		if err := rows.Scan(&n, &f.Kind, &f.Agent, &f.At, &f.Conversation, &f.Queue, &f.Account, &f.Channel, &f.Reason, &f.Value, &f.Second, (*okBits)(&f), &tags, &fcr); err != nil {
			return err
		}
		f.N = uint64(n)
		if fcr > 0 {
			f.Kind, f.Reason, f.OK, f.Value, f.Second = cellFCR, "", fcr == 2, int64(fcr-1), 0
		}
		if err := do(&f, tags); err != nil {
			return err
		}
	}
	return rows.Err()
}

var (
	upsertRollups = many{`INSERT INTO rollups (cut, happened_at, queue, channel, agent, tag, cells) VALUES `, `(?, ?, ?, ?, ?, ?, ?)`,
		` ON CONFLICT (cut, happened_at, queue, channel, agent, tag) DO UPDATE SET cells = excluded.cells`}
	deleteRollups = many{`DELETE FROM rollups WHERE (cut, happened_at, queue, channel, agent, tag) IN (VALUES `,
		`(CAST(? AS TEXT), CAST(? AS BIGINT), CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT))`, `)`}
)

// rollRows is how many rows one transaction writes at most: about 10 ms in SQLite. A day of a small firm is written whole: seven statements are for what is less than maxRows.
const rollRows = 512

// storeDay writes what differs from what stands there. The month whose sums it changes is out of date from the first of it on.
func (db *DB) storeDay(ctx context.Context, r *rollup) error {
	list, err := r.differs(ctx, db.pool)
	if err != nil {
		return err
	}
	month := monthOf(r.day, r.zone)
	known, err := db.knowsMonth(ctx, month)
	if err != nil {
		return err
	}
	if len(list) > 0 || !known {
		list = append([]statement{{key: stmtKey{text: staleMonth}, args: []any{int64(month)}}}, list...)
	}
	for part := range slices.Chunk(list, rollRows/maxRows+7) {
		if err := db.write(ctx, func(q querier) error { return db.runAll(ctx, q, part) }); err != nil {
			return err
		}
	}
	return nil
}

// differs are the statements that make what stands there of the day what it should be.
func (r *rollup) differs(ctx context.Context, q querier) (list []statement, err error) {
	for _, cut := range allCuts {
		there, err := storedRows(ctx, q, "", "cut = $1 AND happened_at >= $2 AND happened_at < $3", cut, int64(r.day), int64(r.end))
		if err != nil {
			return nil, err
		}
		list = differences(list, there, r.rows, cut)
	}
	return list, nil
}

// storedRow is a row of rollups.
type storedRow struct {
	key   rollKey
	cells []byte
}

func storedRows(ctx context.Context, q querier, index, where string, args ...any) ([]storedRow, error) {
	return collect(ctx, q, func(rows *sql.Rows, s *storedRow) error {
		return rows.Scan(&s.key.cut, &s.key.at, &s.key.queue, &s.key.channel, &s.key.agent, &s.key.tag, &s.cells)
	}, "SELECT cut, happened_at, queue, channel, agent, tag, cells FROM rollups"+index+" WHERE "+where, args...)
}

// differences adds the statements that make the rows of a cut that are there into those that should be.
func differences(list []statement, there []storedRow, should map[rollKey]cells, cut string) []statement {
	var upserts, deletes []any
	same := map[rollKey]bool{}
	for i := range there {
		k := there[i].key
		switch c, ok := should[k]; {
		case !ok:
			deletes = append(deletes, k.cut, int64(k.at), k.queue, k.channel, k.agent, k.tag)
		case bytes.Equal(c.encode(), there[i].cells):
			same[k] = true
		}
	}
	for k, c := range should {
		if k.cut == cut && !same[k] {
			upserts = append(upserts, k.cut, int64(k.at), k.queue, k.channel, k.agent, k.tag, c.encode())
		}
	}
	return upsertRollups.over(deleteRollups.over(list, deletes), upserts)
}
