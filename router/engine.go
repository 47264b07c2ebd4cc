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
	last   record.ID // last event seen

	convs  map[string]*conv
	agents map[string]*agent
	queues map[string]*queue
	timers timers

	// what changed since the last Decide
	dirtyConvs  []*conv
	dirtyAgents []*agent
	dirtyQueues []*queue
	gained      []*agent // in Decide: gained room and are preferred by somebody

	out []Decision
}

// New gives an engine that knows nothing yet: Settings and Load follow, in any order.
func New(p Policy) *Engine {
	return &Engine{policy: p, convs: map[string]*conv{}, agents: map[string]*agent{}, queues: map[string]*queue{}}
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
	queues, users := r.Queues, r.Users
	for _, q := range e.queues {
		q.known, q.members, q.seats = false, nil, nil
		q.free = ordered[ranked]{}
		q.h = record.Queue{ID: q.h.ID}
	}
	for _, a := range e.agents {
		a.user, a.seats, a.room = nil, nil, 0
		e.touchAgent(a)
	}
	for i := range users {
		u := users[i]
		a := e.agent(u.ID)
		a.user = &u
	}
	for i := range queues {
		q := e.queue(queues[i].ID)
		q.h, q.known = queues[i], true
		q.order = e.policy.Agents(&q.h)
		q.seats = make(map[string]*seat, len(q.h.Members))
		for _, id := range q.h.Members {
			if q.seats[id] != nil {
				continue
			}
			s := &seat{agent: e.agent(id), queue: q}
			q.seats[id] = s
			q.members = append(q.members, s)
			s.agent.seats = append(s.agent.seats, s)
		}
		slices.SortFunc(q.members, func(a, b *seat) int { return cmp.Compare(a.agent.h.ID, b.agent.h.ID) })
	}
	for _, q := range e.queues {
		e.touchQueue(q)
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
		q = &queue{h: record.Queue{ID: id}}
		e.queues[id] = q
	}
	return q
}

func (q *queue) class(d demand) *class {
	i, ok := slices.BinarySearchFunc(q.classes, d, func(c *class, d demand) int { return c.demand.compare(d) })
	if !ok {
		q.classes = slices.Insert(q.classes, i, &class{demand: d})
	}
	return q.classes[i]
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

func (e *Engine) touchQueue(q *queue) {
	if !q.dirty {
		q.dirty = true
		e.dirtyQueues = append(e.dirtyQueues, q)
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
	c.demand = demand{units: max(1, h.Units)}
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
	e.stand(c)
	e.arm(c)
	e.touchConv(c)
}

// drop forgets a conversation that has left the live state.
func (e *Engine) drop(h *record.Conversation) {
	if c := e.convs[h.ID]; c != nil && c.h.Version < h.Version {
		e.unlink(c)
		e.timers.set(&c.timer, 0)
		c.h = *h
		c.h.Status = record.Resolved
		c.queue = nil
		delete(e.convs, h.ID)
	}
}

// unlink takes a conversation out of everything that its header and its pending decision put it into.
func (e *Engine) unlink(c *conv) {
	if c.pend != nil {
		e.unpend(c)
	}
	e.leave(c)
	if a := c.holder; a != nil {
		c.holder = nil
		a.holds = without(a.holds, c)
		e.touchAgent(a)
	}
}

// stand puts a waiting conversation into its line.
func (e *Engine) stand(c *conv) {
	if c.h.Status != record.Waiting || c.pend != nil || c.place != nil {
		return
	}
	c.w = waiter{e.policy.Waiting(&c.h), c.h.WaitingSince, c}
	cl := c.queue.class(c.demand)
	if c.place = &cl.plain; len(c.h.Declined) > 0 {
		c.place = &cl.refused
	}
	c.place.insert(c.w)
	if c.h.Prefer != "" {
		c.prefer = e.agent(c.h.Prefer)
		c.prefer.prefs.insert(c.w)
	}
}

func (e *Engine) leave(c *conv) {
	if c.place != nil {
		c.place.remove(c.w)
		c.place = nil
	}
	if c.prefer != nil {
		c.prefer.prefs.remove(c.w)
		c.prefer = nil
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
	e.stand(c)
	e.arm(c)
	e.touchConv(c)
}

// arm sets the timer to when the conversation must be looked at although nothing happened.
func (e *Engine) arm(c *conv) {
	var due record.Millis
	switch {
	case c.pend != nil:
		due = c.pend.until
	case c.h.Status == record.Waiting && len(c.h.Declined) > 0:
		due = c.h.DeclinedAt + e.policy.Round
	case c.h.Status == record.Offered:
		due = c.h.OfferUntil
	case c.h.Status == record.Snoozed:
		due = c.h.SnoozedUntil
	case c.h.Status == record.Resolved:
		due = max(c.h.ReopenUntil, 1)
	}
	e.timers.set(&c.timer, due)
}

func without(list []*conv, c *conv) []*conv {
	if i := slices.Index(list, c); i >= 0 {
		return slices.Delete(list, i, i+1)
	}
	return list
}

// gone tells that an agent will not come back by itself any moment.
func (e *Engine) gone(a *agent, now record.Millis) bool {
	return a.user != nil && a.user.Disabled || a.h.LostAt > 0 && a.h.LostAt+e.policy.Grace <= now
}

// settle brings an agent's room and places up to date.
func (e *Engine) settle(a *agent) {
	room := 0
	if absent(a) == "" {
		room = max(0, a.vacant())
	}
	var idle record.Millis
	var used int
	if room > 0 {
		idle, used = a.idle(), a.committed()
	}
	for _, s := range a.seats {
		var rank ranked
		if room > 0 {
			rank = ranked{s.queue.order.Key(&a.h, used, a.user.Capacity), idle, used, s}
		}
		if rank != s.rank {
			if s.free {
				s.queue.free.remove(s.rank)
			}
			if s.rank, s.free = rank, room > 0; s.free {
				s.queue.free.insert(rank)
			}
		}
		if room > a.room {
			e.touchQueue(s.queue)
		}
	}
	if room > a.room && a.prefs.len() > 0 {
		e.gained = append(e.gained, a)
	}
	a.room = room
}
