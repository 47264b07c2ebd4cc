package sim

import (
	"container/heap"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"tamas/inbox/record"
	"tamas/router"
)

// hub is what inbox does with the engine's decisions, as far as routing goes, on a virtual clock: it changes headers and tells the
// engine by events. It knows no text and no record.
type hub struct {
	s      *Scenario
	engine *router.Engine
	now    record.Millis
	n      uint64
	users  map[string]*record.User
	queues map[string]*record.Queue
	convs  map[string]*work
	agents map[string]*record.Agent
	due    agenda
	mood   *rand.Rand // of who is offered something
	tally  *tally
}

// work is a conversation on its way.
type work struct {
	Arrival
	h     record.Conversation
	agent string // who has it
	taken record.Millis
}

// appointment is something that happens at its time.
type appointment struct {
	at  record.Millis
	seq int
	do  func()
}

type agenda struct {
	list []appointment
	seq  int
}

func (a *agenda) Len() int { return len(a.list) }
func (a *agenda) Less(i, j int) bool {
	x, y := &a.list[i], &a.list[j]
	return x.at < y.at || x.at == y.at && x.seq < y.seq
}
func (a *agenda) Swap(i, j int) { a.list[i], a.list[j] = a.list[j], a.list[i] }
func (a *agenda) Push(x any)    { a.list = append(a.list, x.(appointment)) }
func (a *agenda) Pop() any {
	x := a.list[len(a.list)-1]
	a.list[len(a.list)-1] = appointment{}
	a.list = a.list[:len(a.list)-1]
	return x
}

func (h *hub) at(t record.Millis, do func()) {
	h.due.seq++
	heap.Push(&h.due, appointment{max(t, h.now), h.due.seq, do})
}

// Run carries a scenario out until all of its customers have been answered or have gone. progress, if given, hears the share done
// now and then. Its errors are ctx's and those of a scenario that makes no sense.
func Run(ctx context.Context, s Scenario, progress func(float64)) (*Result, error) {
	h := &hub{s: &s, engine: router.New(router.DefaultPolicy()), users: map[string]*record.User{}, queues: map[string]*record.Queue{},
		convs: map[string]*work{}, agents: map[string]*record.Agent{}, mood: rand.New(rand.NewPCG(1, uint64(len(s.Arrivals))))}
	for i := range s.Rules.Users {
		h.users[s.Rules.Users[i].ID] = &s.Rules.Users[i]
	}
	for i := range s.Rules.Queues {
		h.queues[s.Rules.Queues[i].ID] = &s.Rules.Queues[i]
	}
	rules := s.Rules
	rules.Queues = slices.Clone(rules.Queues)
	for i := range rules.Queues {
		if rules.Queues[i].Mode == router.ModePull { // who has room takes what is next
			rules.Queues[i].Mode = router.ModePush
		}
	}
	h.engine.Settings(rules)
	if len(s.Arrivals) == 0 {
		return nil, fmt.Errorf("%q has no arrivals", s.Name)
	}
	for i := range s.Arrivals {
		if h.queues[s.Arrivals[i].Queue] == nil {
			return nil, fmt.Errorf("%q has an arrival for a queue that it does not have", s.Name)
		}
	}
	h.now = s.Arrivals[0].At
	h.tally = newTally(h)
	h.staff()
	if err := h.run(ctx, progress); err != nil {
		return nil, err
	}
	return h.tally.result(), nil
}

// staff makes the shifts' beginnings and ends happen.
func (h *hub) staff() {
	if h.s.Shifts == nil {
		for _, id := range slices.Sorted(maps.Keys(h.users)) {
			h.state(id, record.Available)
		}
		return
	}
	for _, s := range h.s.Shifts {
		if h.users[s.Agent] != nil && s.From < s.To {
			h.at(s.From, func() { h.state(s.Agent, record.Available) })
			h.at(s.To, func() { h.state(s.Agent, record.Offline) })
		}
	}
}

func (h *hub) run(ctx context.Context, progress func(float64)) error {
	next, first := 0, h.now
	last := h.s.Arrivals[len(h.s.Arrivals)-1].At
	// What nobody can take any more would wait for ever: a week after the last arrival it counts as left behind.
	end := last + 7*24*3600_000
	for steps := 0; ; steps++ {
		if steps%1024 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			if progress != nil && last > first {
				progress(min(0.99, float64(h.now-first)/float64(last-first)))
			}
		}
		h.decide()
		at := record.Millis(-1)
		if next < len(h.s.Arrivals) {
			at = h.s.Arrivals[next].At
		}
		if len(h.due.list) > 0 && (at < 0 || h.due.list[0].at < at) {
			at = h.due.list[0].at
		}
		if n := h.engine.Next(); n > 0 && (at < 0 || n < at) {
			if at < 0 && len(h.convs) == 0 {
				return nil
			}
			at = n
		}
		if at < 0 || at > end || next == len(h.s.Arrivals) && len(h.convs) == 0 {
			h.advance(max(h.now, min(at, end)))
			return nil
		}
		h.advance(max(at, h.now))
		for next < len(h.s.Arrivals) && h.s.Arrivals[next].At <= h.now {
			h.arrive(&h.s.Arrivals[next], next)
			next++
		}
		for len(h.due.list) > 0 && h.due.list[0].at <= h.now {
			heap.Pop(&h.due).(appointment).do()
		}
	}
}

func (h *hub) advance(to record.Millis) {
	h.tally.pass(to)
	h.now = to
}

// decide lets the engine decide until it has nothing more to say about this moment.
func (h *hub) decide() {
	for range 64 {
		list := h.engine.Decide(h.now)
		if len(list) == 0 {
			return
		}
		for _, d := range list {
			if !h.carry(d) {
				h.engine.Refuse(d, h.now)
			}
		}
	}
}

// tell makes an event of headers that have changed.
func (h *hub) tell(kind string, c *record.Conversation, agents ...*record.Agent) {
	h.n++
	e := &record.Event{V: record.EventVersion, ID: record.ID{N: h.n, Token: h.n}, Kind: kind, At: h.now}
	if c != nil {
		c.Version++
		copied := *c
		copied.Declined, copied.Hops, copied.ToldText = slices.Clone(c.Declined), slices.Clone(c.Hops), slices.Clone(c.ToldText)
		e.Conversation = &copied
	}
	for _, a := range agents {
		a.Version++
		copied := *a
		copied.Held = maps.Clone(a.Held)
		e.Agents = append(e.Agents, copied)
	}
	h.engine.Apply(e)
}

func (h *hub) arrive(a *Arrival, i int) {
	q := h.queues[a.Queue]
	units := a.Units
	if units == 0 {
		units = 1
	}
	id := fmt.Sprintf("c%07d", i)
	w := &work{Arrival: *a, h: record.Conversation{ID: id, Number: int64(i + 1), Channel: a.Channel, Queue: a.Queue, Status: record.Waiting,
		Units: units, Needs: a.Needs, Priority: max(a.Priority, q.Priority), CreatedAt: h.now, WaitingSince: h.now, QueuedAt: h.now,
		Unanswered: h.now, LastInboundAt: h.now, LastMessageAt: h.now}}
	h.convs[id] = w
	h.tally.arrived(w)
	h.tell(record.EvReceived, &w.h)
	if a.Patience > 0 {
		h.at(h.now+a.Patience, func() { h.leave(id) })
	}
}

// leave is a customer's who has waited long enough.
func (h *hub) leave(id string) {
	w := h.convs[id]
	if w == nil || w.agent != "" {
		return
	}
	h.tally.left(w)
	var agents []*record.Agent
	if o := w.h.OfferedTo; o != "" {
		delete(h.agents[o].Held, id)
		agents = append(agents, h.agents[o])
	}
	h.close(w, agents...)
}

func (h *hub) close(w *work, agents ...*record.Agent) {
	delete(h.convs, w.h.ID)
	w.h.Status, w.h.OfferedTo, w.h.OfferUntil, w.h.WaitingSince = record.Resolved, "", 0, 0
	h.tell(record.EvClosed, &w.h, agents...)
}

// state is an agent's who comes or goes. Who goes finishes what is begun.
func (h *hub) state(id string, state record.AgentState) {
	a := h.agent(id)
	a.State, a.Since, a.WrapUpUntil = state, h.now, 0
	h.tell(record.EvAgent, nil, a)
}

func (h *hub) agent(id string) *record.Agent {
	a := h.agents[id]
	if a == nil {
		a = &record.Agent{ID: id, State: record.Offline, IdleSince: h.now, Held: map[string]int{}}
		h.agents[id] = a
	}
	return a
}
