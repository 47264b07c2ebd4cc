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
	cutAgent       = "agent"        // day × agent
	cutFull        = "full"         // day × queue × channel × agent
	cutTag         = "tag"          // day × queue × tag
	cutHalf        = "half"         // half hour
	cutHalfQueue   = "half/queue"   // half hour × queue
	cutHalfChannel = "half/channel" // half hour × channel
)

var allCuts = []string{cutQueue, cutAgent, cutFull, cutTag, cutHalf, cutHalfQueue, cutHalfChannel}

// halfHour is the length of the shorter slots.
const halfHour = Millis(30 * 60_000)

// slotOf is when the half hour of the zone's clock begins.
func slotOf(at Millis, zone *time.Location) Millis {
	_, offset := at.Time().In(zone).Zone()
	past := (at + Millis(offset)*1000) % halfHour
	return at - past
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
	r.row(rollKey{cut: cutAgent, at: r.day, agent: f.Agent}).add(f)
	for tag := range strings.FieldsFuncSeq(tags, func(c rune) bool { return c == '\n' }) {
		r.row(rollKey{cut: cutTag, at: r.day, queue: f.Queue, tag: tag}).add(f)
	}
	slot := slotOf(f.At, r.zone)
	r.row(rollKey{cut: cutHalf, at: slot}).add(f)
	r.row(rollKey{cut: cutHalfQueue, at: slot, queue: f.Queue}).add(f)
	r.row(rollKey{cut: cutHalfChannel, at: slot, channel: f.Channel}).add(f)
}

// addState sums the part of an agent's state that lies within the day, half hour by half hour.
func (r *rollup) addState(f *Fact) {
	if part := piece(f, r.day, r.end); part != nil {
		r.row(rollKey{cut: cutAgent, at: r.day, agent: f.Agent}).add(part)
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

// RollUp sums one day anew whose sums are out of date, the latest first, and tells whether there was one: call it again until false. It holds the
// writer of SQLite for a few milliseconds at a time. What the sums say follows from the facts alone, so that it may be broken off anywhere.
func (db *DB) RollUp(ctx context.Context, rules *FactRules, now Millis) (bool, error) {
	type mark struct{ day, ripe, mark int64 }
	marks, err := collect(ctx, db.pool, func(rows *sql.Rows, m *mark) error { return rows.Scan(&m.day, &m.ripe, &m.mark) },
		`SELECT day, ripe, mark FROM report_dirty WHERE due <= $1 AND day = (SELECT max(day) FROM report_dirty WHERE due <= $1)`, int64(now))
	if err != nil || len(marks) == 0 {
		return false, err
	}
	r := &rollup{day: Millis(marks[0].day), zone: rules.zone(), rows: map[rollKey]cells{}}
	r.end = dayAfter(r.day, r.zone)
	if err := db.sumDay(ctx, r, now >= ripeAt(r.day, rules)); err != nil {
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

func (db *DB) sumDay(ctx context.Context, r *rollup, ripe bool) error {
	_, err := db.read(ctx, func(q querier) error {
		// PostgreSQL and SQLite both walk facts_at for one kind after the other.
		for _, kind := range factKinds {
			from := r.day
			if kind == FactState {
				from -= longestPiece
			}
			if err := eachFact(ctx, q, func(f *Fact, tags string) error { r.add(f, tags); return nil },
				"WHERE f.kind = $1 AND f.happened_at >= $2 AND f.happened_at < $3", kind, int64(from), int64(r.end)); err != nil {
				return err
			}
		}
		if !ripe {
			return nil
		}
		return eachResolved(ctx, q, r.day, r.end, func(f *Fact, tags string) error { r.add(f, tags); return nil })
	})
	return err
}

var factKinds = []string{FactOffered, FactAnswered, FactAbandoned, FactFlowOut, FactOffer, FactAccepted, FactDeclined, FactRONA, FactTransfer, FactFirst, FactNext,
	FactHandled, FactState, FactResolved, FactReopened, FactRating, FactNPS, FactSLAFirst, FactSLANext, FactSLAResolve, FactEstimate, FactIn, FactOut}

// eachFact calls do for facts with the tags of their conversations.
func eachFact(ctx context.Context, q querier, do func(f *Fact, tags string) error, where string, args ...any) error {
	rows, err := q.QueryContext(ctx, "SELECT "+factColumns+", COALESCE(c.tags, '') FROM facts f LEFT JOIN conversations c ON c.id = f.conversation "+where, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var f Fact
		var n int64
		var tags string
		if err := rows.Scan(&n, &f.Kind, &f.Agent, &f.At, &f.Conversation, &f.Queue, &f.Account, &f.Channel, &f.Reason, &f.Value, &f.Second, &f.OK, &tags); err != nil {
			return err
		}
		f.N = uint64(n)
		if err := do(&f, tags); err != nil {
			return err
		}
	}
	return rows.Err()
}

// eachResolved calls do for what was resolved between two moments, as facts of the kind cellFCR: OK where the customer, at whatever address, wrote
// no more within fcrWindow.
func eachResolved(ctx context.Context, q querier, from, to Millis, do func(f *Fact, tags string) error) error {
	rows, err := q.QueryContext(ctx, "SELECT "+factColumns+`, COALESCE(c.tags, ''), NOT EXISTS (
			SELECT 1 FROM identities i JOIN identities o ON o.customer = i.customer JOIN touches t ON t.identity = o.id
			WHERE i.id = c.identity AND t.happened_at > f.happened_at AND t.happened_at <= f.happened_at + $1 AND t.n > f.n
				AND t.inbound = 1 AND t.kind = 'message' AND t.spam = '' AND t.auto_reply = 0)
		FROM facts f LEFT JOIN conversations c ON c.id = f.conversation
		WHERE f.kind = 'resolved' AND f.happened_at >= $2 AND f.happened_at < $3`, int64(fcrWindow), int64(from), int64(to))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var f Fact
		var n int64
		var tags string
		if err := rows.Scan(&n, &f.Kind, &f.Agent, &f.At, &f.Conversation, &f.Queue, &f.Account, &f.Channel, &f.Reason, &f.Value, &f.Second, &f.OK,
			&tags, &f.OK); err != nil {
			return err
		}
		f.N, f.Kind, f.Reason, f.Value, f.Second = uint64(n), cellFCR, "", flag(f.OK), 0
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

// storeDay writes what differs from what stands there.
func (db *DB) storeDay(ctx context.Context, r *rollup) error {
	type stored struct {
		key   rollKey
		cells []byte
	}
	var upserts, deletes []any
	for _, cut := range allCuts {
		there, err := collect(ctx, db.pool, func(rows *sql.Rows, s *stored) error {
			s.key.cut = cut
			return rows.Scan(&s.key.at, &s.key.queue, &s.key.channel, &s.key.agent, &s.key.tag, &s.cells)
		}, "SELECT happened_at, queue, channel, agent, tag, cells FROM rollups WHERE cut = $1 AND happened_at >= $2 AND happened_at < $3", cut, int64(r.day), int64(r.end))
		if err != nil {
			return err
		}
		for _, s := range there {
			k := s.key
			c, ok := r.rows[k]
			switch {
			case !ok:
				deletes = append(deletes, k.cut, int64(k.at), k.queue, k.channel, k.agent, k.tag)
			case bytes.Equal(c.encode(), s.cells):
				delete(r.rows, k)
			}
		}
	}
	for k, c := range r.rows {
		upserts = append(upserts, k.cut, int64(k.at), k.queue, k.channel, k.agent, k.tag, c.encode())
	}
	list := deleteRollups.over(nil, deletes)
	list = upsertRollups.over(list, upserts)
	for part := range slices.Chunk(list, rollRows/maxRows+7) {
		if err := db.write(ctx, func(q querier) error { return db.runAll(ctx, q, part) }); err != nil {
			return err
		}
	}
	return nil
}
