package sim

import (
	"cmp"
	"math"
	"slices"

	"tamas/inbox/record"
)

// Result is how a scenario went. Waits are from arrival to answer, of the answered; a mean or percentile of nothing is 0.
type Result struct {
	Name      string        `json:"name"`
	Arrived   int           `json:"arrived"`
	Answered  int           `json:"answered"`
	Abandoned int           `json:"abandoned"`
	Left      int           `json:"left_behind"` // nobody who could take them came
	Overflows int           `json:"overflows"`
	InTarget  int           `json:"in_target"`     // answered within their first queue's target
	Level     *float64      `json:"service_level"` // InTarget ÷ arrived: who left counts as missed, also within the target, as in Erlang's formulas; nil: nothing arrived
	ASA       record.Millis `json:"asa_ms"`
	P50       record.Millis `json:"wait_p50_ms"`
	P90       record.Millis `json:"wait_p90_ms"`
	P95       record.Millis `json:"wait_p95_ms"`
	Longest   record.Millis `json:"wait_max_ms"`
	Occupancy *float64      `json:"occupancy"` // share of the staffed time with something in hand; nil: nobody was there
	Queues    []QueueResult `json:"by_queue"`  // by id
	Slots     []Slot        `json:"by_half_hour"`
	Agents    []AgentResult `json:"by_agent"` // by id
}

// QueueResult is of the conversations that arrived in a queue, wherever they went.
type QueueResult struct {
	Queue     string        `json:"queue"`
	Arrived   int           `json:"arrived"`
	Answered  int           `json:"answered"`
	Abandoned int           `json:"abandoned"`
	InTarget  int           `json:"in_target"`
	ASA       record.Millis `json:"asa_ms"`
}

// Slot is a half hour: of those who arrived in it; Waiting is the time-weighted mean number of who waits.
type Slot struct {
	At        record.Millis `json:"at"`
	Arrived   int           `json:"arrived"`
	Answered  int           `json:"answered"`
	Abandoned int           `json:"abandoned"`
	InTarget  int           `json:"in_target"`
	ASA       record.Millis `json:"asa_ms"`
	Waiting   float64       `json:"waiting"`
	Busy      float64       `json:"busy"`    // mean number of agents with something in hand
	Staffed   float64       `json:"staffed"` // mean number of agents who are there
	waited    record.Millis
}

// AgentResult is how an agent's time went.
type AgentResult struct {
	Agent    string        `json:"agent"`
	Answered int           `json:"answered"`
	Busy     record.Millis `json:"busy_ms"`
	Staffed  record.Millis `json:"staffed_ms"`
}

const halfHour = 30 * 60 * 1000

// tally counts while the clock runs.
type tally struct {
	h       *hub
	from    record.Millis // counted from
	r       Result
	waits   []record.Millis
	total   record.Millis
	queues  map[string]*QueueResult
	waitsOf map[string]record.Millis
	slots   map[record.Millis]*Slot
	agents  map[string]*AgentResult
	open    map[string]bool // counted and not ended
	at      record.Millis
	waiting int
}

func newTally(h *hub) *tally {
	return &tally{h: h, from: h.now + h.s.Warm, at: h.now, r: Result{Name: h.s.Name, Agents: []AgentResult{}}, queues: map[string]*QueueResult{},
		waitsOf: map[string]record.Millis{}, slots: map[record.Millis]*Slot{}, agents: map[string]*AgentResult{}, open: map[string]bool{}}
}

func (t *tally) queue(id string) *QueueResult {
	if t.queues[id] == nil {
		t.queues[id] = &QueueResult{Queue: id}
	}
	return t.queues[id]
}

func (t *tally) slot(at record.Millis) *Slot {
	at -= at % halfHour
	if t.slots[at] == nil {
		t.slots[at] = &Slot{At: at}
	}
	return t.slots[at]
}

func (t *tally) agent(id string) *AgentResult {
	if t.agents[id] == nil {
		t.agents[id] = &AgentResult{Agent: id}
	}
	return t.agents[id]
}

func (t *tally) counts(w *work) bool { return w.At >= t.from }

func (t *tally) arrived(w *work) {
	t.waiting++
	if t.counts(w) {
		t.r.Arrived++
		t.queue(w.Arrival.Queue).Arrived++
		t.slot(w.At).Arrived++
		t.open[w.h.ID] = true
	}
}

func (t *tally) answered(w *work) {
	t.waiting--
	if !t.counts(w) {
		return
	}
	delete(t.open, w.h.ID)
	wait := t.h.now - w.At
	t.waits, t.total = append(t.waits, wait), t.total+wait
	q, s := t.queue(w.Arrival.Queue), t.slot(w.At)
	t.r.Answered++
	q.Answered++
	s.Answered++
	s.waited += wait
	t.waitsOf[w.Arrival.Queue] += wait
	t.agent(w.agent).Answered++
	if target := t.h.queues[w.Arrival.Queue].TargetSecs; target == 0 || wait <= record.Millis(target)*1000 {
		t.r.InTarget++
		q.InTarget++
		s.InTarget++
	}
}

func (t *tally) left(w *work) {
	t.waiting--
	if t.counts(w) {
		delete(t.open, w.h.ID)
		t.r.Abandoned++
		t.queue(w.Arrival.Queue).Abandoned++
		t.slot(w.At).Abandoned++
	}
}

// pass weighs the present state by the time until to, half hour by half hour.
func (t *tally) pass(to record.Millis) {
	if to <= t.from {
		t.at = to
		return
	}
	t.at = max(t.at, t.from)
	if to == t.at {
		return
	}
	busy, staffed := 0, 0
	for id, a := range t.h.agents {
		held := len(a.Held) > 0
		if held {
			busy++
			t.agent(id).Busy += to - t.at
		}
		if held || a.State != record.Offline && a.State != "" {
			staffed++
			t.agent(id).Staffed += to - t.at
		}
	}
	for t.at < to {
		end := min(to, t.at-t.at%halfHour+halfHour)
		s, share := t.slot(t.at), float64(end-t.at)/halfHour
		s.Waiting += float64(t.waiting) * share
		s.Busy += float64(busy) * share
		s.Staffed += float64(staffed) * share
		t.at = end
	}
}

func (t *tally) result() *Result {
	r := &t.r
	r.Left = len(t.open)
	if r.Arrived > 0 {
		level := float64(r.InTarget) / float64(r.Arrived)
		r.Level = &level
	}
	if n := len(t.waits); n > 0 {
		r.ASA = t.total / record.Millis(n)
		slices.Sort(t.waits)
		at := func(p float64) record.Millis { return t.waits[max(0, int(math.Ceil(p*float64(n)))-1)] }
		r.P50, r.P90, r.P95, r.Longest = at(0.5), at(0.9), at(0.95), t.waits[n-1]
	}
	var busy, staffed record.Millis
	for _, a := range t.agents {
		busy += a.Busy
		staffed += a.Staffed
		r.Agents = append(r.Agents, *a)
	}
	if staffed > 0 {
		share := float64(busy) / float64(staffed)
		r.Occupancy = &share
	}
	for _, q := range t.queues {
		if q.Answered > 0 {
			q.ASA = t.waitsOf[q.Queue] / record.Millis(q.Answered)
		}
		r.Queues = append(r.Queues, *q)
	}
	for _, s := range t.slots {
		if s.Answered > 0 {
			s.ASA = s.waited / record.Millis(s.Answered)
		}
		r.Slots = append(r.Slots, *s)
	}
	slices.SortFunc(r.Agents, func(a, b AgentResult) int { return cmp.Compare(a.Agent, b.Agent) })
	slices.SortFunc(r.Queues, func(a, b QueueResult) int { return cmp.Compare(a.Queue, b.Queue) })
	slices.SortFunc(r.Slots, func(a, b Slot) int { return cmp.Compare(a.At, b.At) })
	return r
}
