package record

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"sync"
	"time"
)

// TodayFigures are what was measured since a moment, as far as the facts go: a second or so behind the record.
type TodayFigures struct {
	Since  Millis
	Until  Millis // time of the last event that was measured
	Queues map[string]QueueToday
	Agents map[string]AgentToday
}

// QueueToday is of one queue. Answered, Abandoned, AbandonedShort and FlowOut are waits that ended; Offered are those that began.
type QueueToday struct {
	Offered        int
	Answered       int
	InTarget       int // of Answered; all when the queue has no target
	Abandoned      int // short ones apart
	AbandonedShort int
	AbandonedIn    int // of both, within the target: they count neither way in the service level
	FlowOut        int
	WaitSum        Millis // of Answered

	Estimates   int    // waits whose customer was told an estimate and was answered
	EstimateSum Millis // wait − estimate
	EstimateAbs Millis // without signs
}

// ASA is the average speed of answer; 0 when nothing was answered.
func (q QueueToday) ASA() Millis {
	if q.Answered == 0 {
		return 0
	}
	return q.WaitSum / Millis(q.Answered)
}

// Ended is how many waits did: what FIELD calls offered, without those that go on.
func (q QueueToday) Ended() int { return q.Answered + q.Abandoned + q.AbandonedShort + q.FlowOut }

// LevelOf is what the service level is a share of: waits that ended − abandoned within the target.
func (q QueueToday) LevelOf() int { return q.Ended() - q.AbandonedIn }

// ServiceLevel is answered within the target ÷ LevelOf; ok is false when none ended.
func (q QueueToday) ServiceLevel() (share float64, ok bool) {
	of := q.LevelOf()
	if of == 0 {
		return 0, false
	}
	return float64(q.InTarget) / float64(of), true
}

// AgentToday is of one agent.
type AgentToday struct {
	Handled        int
	HandleSum      Millis // active, hold and wrap-up
	AttentionSum   Millis // the same as share of attention
	FirstResponses int
	FirstSum       Millis
	Offers         int
	RONA           int
	Declined       int
	States         map[string]Millis // "available", "break/lunch", …, the present one up to now included
	Handling       Millis            // with work in hand, while available, busy or in wrap-up
	Available      Millis            // without
}

// AHT is the average handling time; 0 when nothing was handled.
func (a AgentToday) AHT() Millis {
	if a.Handled == 0 {
		return 0
	}
	return a.HandleSum / Millis(a.Handled)
}

// FirstResponse is the mean first response time; 0 when there was none.
func (a AgentToday) FirstResponse() Millis {
	if a.FirstResponses == 0 {
		return 0
	}
	return a.FirstSum / Millis(a.FirstResponses)
}

// Occupancy is handling ÷ (handling + available); ok is false when the agent was neither.
func (a AgentToday) Occupancy() (share float64, ok bool) {
	if a.Handling+a.Available <= 0 {
		return 0, false
	}
	return float64(a.Handling) / float64(a.Handling+a.Available), true
}

// today is what Today has summed so far, so that each call reads only what is new.
type today struct {
	mu      sync.Mutex
	since   Millis
	life, n int64
	queues  map[string]*QueueToday
	agents  map[string]*AgentToday
}

// Today sums the facts since a moment, mostly the beginning of the firm's day. A call with the same since as before reads only what has been
// measured in between, so it may be made every second.
func (db *DB) Today(ctx context.Context, since Millis) (TodayFigures, error) {
	t := &db.today
	t.mu.Lock()
	defer t.mu.Unlock()
	out := TodayFigures{Since: since, Queues: map[string]QueueToday{}, Agents: map[string]AgentToday{}}
	var states []agentFold
	if _, err := db.read(ctx, func(q querier) error {
		var n, life int64
		if err := q.QueryRowContext(ctx, "SELECT n, happened_at, life FROM report_cursor").Scan(&n, &out.Until, &life); err != nil {
			return err
		}
		where, args := "WHERE n > $1 AND n <= $2 AND happened_at >= $3", []any{t.n, n, int64(since - longestPiece)}
		if t.since != since || t.life != life || t.n > n {
			t.since, t.life, t.queues, t.agents = since, life, map[string]*QueueToday{}, map[string]*AgentToday{}
			where, args = "WHERE "+inKinds(todayKinds)+" AND happened_at >= $1 AND n <= $2", []any{int64(since - longestPiece), n}
		}
		t.n = n
		list, err := collect(ctx, q, scanFact, "SELECT "+factColumns+" FROM facts f "+where, args...)
		if err != nil {
			t.since = -1 // from the start the next time
			return err
		}
		for i := range list {
			t.add(&list[i])
		}
		states, err = collect(ctx, q, func(rows *sql.Rows, a *agentFold) error { return rows.Scan(asJSON{a}) },
			"SELECT json FROM report_states WHERE id >= 'a/' AND id < 'a0'")
		return err
	}); err != nil {
		return out, fmt.Errorf("sum today's facts: %w", err)
	}
	for id, q := range t.queues {
		out.Queues[id] = *q
	}
	for id, a := range t.agents {
		v := *a
		v.States = maps.Clone(a.States)
		out.Agents[id] = v
	}
	now := At(time.Now())
	for i := range states {
		if f := states[i].open(now); f != nil {
			v := out.Agents[f.Agent]
			v.in(f, since)
			out.Agents[f.Agent] = v
		}
	}
	return out, nil
}

var todayKinds = []string{FactOffered, FactAnswered, FactAbandoned, FactFlowOut, FactOffer, FactDeclined, FactRONA, FactFirst, FactHandled, FactState, FactEstimate}

func (t *today) add(f *Fact) {
	if f.Kind != FactState && f.At < t.since {
		return
	}
	if f.Queue != "" {
		if t.queues[f.Queue] == nil {
			t.queues[f.Queue] = &QueueToday{}
		}
		t.queues[f.Queue].add(f)
	}
	if f.Agent != "" {
		if t.agents[f.Agent] == nil {
			t.agents[f.Agent] = &AgentToday{}
		}
		t.agents[f.Agent].add(f, t.since)
	}
}

func (q *QueueToday) add(f *Fact) {
	in := int(flag(f.OK))
	switch f.Kind {
	case FactOffered:
		q.Offered++
	case FactAnswered:
		q.Answered++
		q.InTarget += in
		q.WaitSum += Millis(f.Value)
	case FactAbandoned:
		if f.Reason == "short" {
			q.AbandonedShort++
		} else {
			q.Abandoned++
		}
		q.AbandonedIn += in
	case FactFlowOut:
		q.FlowOut++
	case FactEstimate:
		q.Estimates++
		q.EstimateSum += Millis(f.Value)
		q.EstimateAbs += Millis(f.Second)
	}
}

func (a *AgentToday) add(f *Fact, since Millis) {
	switch f.Kind {
	case FactHandled:
		a.Handled++
		a.HandleSum += Millis(f.Value)
		a.AttentionSum += Millis(f.Second)
	case FactFirst:
		a.FirstResponses++
		a.FirstSum += Millis(f.Value)
	case FactOffer:
		a.Offers++
	case FactRONA:
		a.RONA++
	case FactDeclined:
		a.Declined++
	case FactState:
		a.in(f, since)
	}
}

// in adds the part of a state that is not before since.
func (a *AgentToday) in(f *Fact, since Millis) {
	part := f.At + Millis(f.Value) - max(f.At, since)
	if part <= 0 {
		return
	}
	if a.States == nil {
		a.States = map[string]Millis{}
	}
	a.States[f.Reason] += part
	switch {
	case f.OK:
		a.Handling += part
	case f.Reason == string(Available):
		a.Available += part
	}
}
