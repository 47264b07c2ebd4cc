package router

import (
	"cmp"
	"slices"

	"tamas/inbox/record"
)

// Engine decides; see the package comment. It is not safe for concurrent use.
type Engine struct {
	policy Policy
	rules  Rules
	grace  record.Millis
	round  record.Millis
	last   record.ID     // last event seen
	now    record.Millis // of the last Decide

	convs  map[string]*conv
	agents map[string]*agent
	queues map[string]*queue
	skills map[string]int32
	timers timers

	// what changed since the last Decide
	dirtyConvs  []*conv
	dirtyAgents []*agent
	newly       []*queue // where somebody gained room
	stale       []*queue
	gained      []*agent // in Decide: gained room and are preferred by somebody
	rounds      []waiter // in Decide: found nobody, and their round is over

	walk []cursor // of match, kept for the next
	out  []Decision
}

// New gives an engine that knows nothing yet: Settings and Load follow, in any order.
func New(p Policy) *Engine {
	return &Engine{policy: p, grace: p.Grace, round: p.Round, convs: map[string]*conv{}, agents: map[string]*agent{}, queues: map[string]*queue{}}
}

// Load replaces all headers by the live state as of the event at. Headers are the engine's from now on. Settings stay.
func (e *Engine) Load(at record.ID, conversations []record.Conversation, agents []record.Agent) {
	rules := e.rules
	*e = *New(e.policy)
	e.last = at
	e.Settings(rules)
	for i := range agents {
		e.setAgent(&agents[i])
	}
	for i := range conversations {
		e.setConversation(&conversations[i])
	}
}

// Apply takes in an event: its headers replace older ones. Events that are applied again change nothing. The engine
// may keep what the event points to, and never writes to it.
func (e *Engine) Apply(ev *record.Event) {
	if ev.ID.N > e.last.N {
		e.last = ev.ID
	}
	for i := range ev.Agents {
		e.setAgent(&ev.Agents[i])
	}
	if c := ev.Conversation; c != nil {
		if ev.Kind == record.EvClosed {
			e.drop(c)
		} else {
			e.setConversation(c)
		}
	}
}

// Last is the last event that was applied, or where Load stood.
func (e *Engine) Last() record.ID { return e.last }

// Settings replaces the rules. An archived queue gets no new conversations but is served until it is empty.
func (e *Engine) Settings(r Rules) {
	e.rules = r
	e.grace, e.round = e.policy.Grace, e.policy.Round
	if n := r.Routing.GraceSecs; n > 0 {
		e.grace = record.Millis(n) * 1000
	}
	if n := r.Routing.RoundSecs; n > 0 {
		e.round = record.Millis(n) * 1000
	}
	e.scatter()
	e.newly, e.gained = e.newly[:0], e.gained[:0] // everybody gains anew
	for i := range r.Users {
		u := r.Users[i]
		e.agent(u.ID).user = &u
	}
	e.learn(r.Users)
	open := calendars(r.Calendars)
	for i := range r.Queues {
		q := e.queue(r.Queues[i].ID)
		q.h, q.known = r.Queues[i], true
		q.order = orderOf(q.h.Routing.Order)
		q.hours = open[q.h.Routing.Calendar]
		q.seats = make(map[string]*seat, len(q.h.Members))
		e.sit(q, q.h.Members, 0)
		q.h.Routing.Secondary = slices.SortedStableFunc(slices.Values(q.h.Routing.Secondary), func(a, b record.Secondary) int { return cmp.Compare(a.After, b.After) })
		for i, s := range q.h.Routing.Secondary {
			e.sit(q, s.Members, i+1)
		}
		slices.SortFunc(q.roster, func(a, b *seat) int { return cmp.Compare(a.agent.h.ID, b.agent.h.ID) })
	}
	for _, q := range e.queues {
		if q.shut = false; q.known { // opened or closed by the next Decide
			e.timers.set(&q.timer, 1)
		}
	}
}

// scatter takes everybody from everywhere.
func (e *Engine) scatter() {
	for _, q := range e.queues {
		e.timers.set(&q.timer, 0)
		*q = queue{h: record.Queue{ID: q.h.ID}, stale: q.stale, order: orderOf("")}
		q.timer.queue = q
	}
	for _, a := range e.agents {
		a.user, a.levels, a.seats, a.prefs = nil, nil, nil, ordered[waiter]{}
		a.room, a.bare, a.kinds, a.atWork, a.keeping, a.kept = 0, false, nil, false, nil, nil
		e.touchAgent(a)
	}
	for _, c := range e.convs {
		c.lined, c.class, c.other, c.prefer, c.ripe = false, nil, false, nil, false
		e.touchConv(c)
	}
}

// sit gives seats of a tier to those who have none yet.
func (e *Engine) sit(q *queue, ids []string, tier int) {
	for _, id := range ids {
		if q.seats[id] == nil {
			s := &seat{agent: e.agent(id), queue: q, tier: tier}
			q.seats[id] = s
			q.roster = append(q.roster, s)
			s.agent.seats = append(s.agent.seats, s)
		}
	}
}

// agent finds an agent or makes a place for one that was only spoken of.
func (e *Engine) agent(id string) *agent {
	a := e.agents[id]
	if a == nil {
		a = &agent{h: record.Agent{ID: id}}
		a.timer.agent = a
		e.agents[id] = a
		e.touchAgent(a)
	}
	return a
}

func (e *Engine) queue(id string) *queue {
	q := e.queues[id]
	if q == nil {
		q = &queue{h: record.Queue{ID: id}, order: orderOf("")}
		q.timer.queue = q
		e.queues[id] = q
	}
	return q
}

func (e *Engine) touchConv(c *conv) {
	if !c.dirty {
		c.dirty = true
		e.dirtyConvs = append(e.dirtyConvs, c)
	}
}

func (e *Engine) touchAgent(a *agent) {
	if !a.dirty {
		a.dirty = true
		e.dirtyAgents = append(e.dirtyAgents, a)
	}
}

func (e *Engine) touchStale(q *queue) {
	if !q.stale {
		q.stale = true
		e.stale = append(e.stale, q)
	}
}

// touchLine has everybody looked at who waits in q.
func (e *Engine) touchLine(q *queue) {
	for _, w := range q.line.all() {
		e.touchConv(w.c)
	}
}

func (e *Engine) setAgent(h *record.Agent) {
	a := e.agent(h.ID)
	if a.h.Version >= h.Version && a.h.Version > 0 {
		return
	}
	a.h, a.used, a.pend, a.tries = *h, h.Used(), nil, 0
	e.touchAgent(a)
	for i := len(a.pends) - 1; i >= 0; i-- { // what was refused on the agent's account may be right now
		if c := a.pends[i]; c.pend.refused {
			e.release(c)
		}
	}
}

func (e *Engine) setConversation(h *record.Conversation) {
	c := e.convs[h.ID]
	if c == nil {
		c = &conv{}
		c.timer.conv = c
		e.convs[h.ID] = c
	} else if c.h.Version >= h.Version {
		return
	} else {
		e.unlink(c)
	}
	c.h, c.tries = *h, 0
	c.queue = e.queue(h.Queue)
	switch {
	case h.Status == record.Offered && h.OfferedTo != "":
		c.holder = e.agent(h.OfferedTo)
	case h.Status == record.Active && h.Owner != "":
		c.holder = e.agent(h.Owner)
	}
	if c.holder != nil {
		c.holder.holds = append(c.holder.holds, c)
		e.touchAgent(c.holder)
	}
	e.touchConv(c)
}

// drop forgets a conversation that has left the live state.
func (e *Engine) drop(h *record.Conversation) {
	if c := e.convs[h.ID]; c != nil && c.h.Version < h.Version {
		e.unlink(c)
		e.timers.set(&c.timer, 0)
		c.h = *h
		c.h.Status = record.Resolved
		delete(e.convs, h.ID)
	}
}

// unlink takes a conversation out of everything that its header and its pending decision put it into.
func (e *Engine) unlink(c *conv) {
	if c.pend != nil {
		e.unpend(c)
	}
	e.leave(c)
	if c.lined {
		c.queue.line.remove(c.w)
		c.lined = false
	}
	if a := c.holder; a != nil {
		c.holder = nil
		a.holds = without(a.holds, c)
		e.touchAgent(a)
	}
}

// unpend ends a pending decision, with its reservation.
func (e *Engine) unpend(c *conv) {
	if a := c.pend.agent; a != nil {
		a.pends = without(a.pends, c)
		e.touchAgent(a)
	}
	c.pend = nil
}

// release lets a conversation be decided on again.
func (e *Engine) release(c *conv) {
	e.unpend(c)
	if c.holder != nil {
		e.touchAgent(c.holder)
	}
	e.touchConv(c)
}

func without(list []*conv, c *conv) []*conv {
	if i := slices.Index(list, c); i >= 0 {
		return slices.Delete(list, i, i+1)
	}
	return list
}
