package router

import (
	"cmp"

	"tamas/inbox/record"
)

// conv is a live conversation.
type conv struct {
	h      record.Conversation
	queue  *queue
	demand demand
	holder *agent // whom it is offered to, or who is active on it

	place  *ordered[waiter] // its line, while Waiting and not pending
	prefer *agent           // in whose prefs it stands, likewise
	w      waiter

	pend  *pending
	tries int // refusals of decisions on this header
	timer timer
	dirty bool
}

// agent is a user's live side and settings; either may be missing.
type agent struct {
	h     record.Agent
	user  *record.User
	used  int             // units by the header
	holds []*conv         // offered and active
	pends []*conv         // decided on for this agent, not heard of yet
	seats []*seat         // one for each queue that the agent is a member of
	prefs ordered[waiter] // waiting conversations that prefer this agent
	room  int             // units left when last settled; 0: takes no work
	pend  *pending        // decision on the agent itself
	tries int
	timer timer
	dirty bool
}

func (a *agent) offline() bool { return a.h.State == record.Offline || a.h.State == "" }

// vacant is the units left after what is held and what is reserved.
func (a *agent) vacant() int {
	if a.user == nil {
		return 0
	}
	return a.user.Capacity - a.committed()
}

func (a *agent) committed() int {
	n := a.used
	for _, c := range a.pends {
		if !c.pend.refused {
			n += c.pend.units
		}
	}
	return n
}

// idle is since when the agent has had no new work. A live offer counts as work taken when it will run out, and so
// does one that is on its way.
func (a *agent) idle() record.Millis {
	idle := a.h.IdleSince
	for _, c := range a.holds {
		if c.h.Status == record.Offered {
			idle = max(idle, c.h.OfferUntil)
		}
	}
	for _, c := range a.pends {
		if !c.pend.refused {
			idle = max(idle, c.pend.idle)
		}
	}
	return idle
}

// queue is a line with those who serve it.
type queue struct {
	h       record.Queue
	known   bool // false: only conversations speak of it
	order   AgentOrder
	members []*seat // by agent's id
	seats   map[string]*seat
	free    ordered[ranked] // members with room, in the order in which they are asked
	classes []*class        // by demand
	dirty   bool
}

func (q *queue) pull() bool { return q.h.Mode == ModePull }

// Modes of a queue; any other counts as ModeOffer.
const (
	ModePush  = "push"
	ModeOffer = "offer"
	ModePull  = "pull"
)

// demand is all that eligibility asks of a conversation in its queue. Those of equal demand are interchangeable as
// far as agents go.
type demand struct {
	units int // ≥ 1
}

func (d demand) compare(o demand) int { return cmp.Compare(d.units, o.units) }

// class is the waiting conversations of one queue and one demand.
type class struct {
	demand  demand
	plain   ordered[waiter]
	refused ordered[waiter] // with somebody in Declined: each has to be looked at by itself
}

// waiter is a conversation's place in line.
type waiter struct {
	key   int64
	since record.Millis
	c     *conv
}

func (w waiter) before(o waiter) bool {
	if w.key != o.key {
		return w.key < o.key
	}
	if w.since != o.since {
		return w.since < o.since
	}
	return w.c.h.ID < o.c.h.ID
}

// seat is an agent's membership of a queue, with its place in the order.
type seat struct {
	agent *agent
	queue *queue
	rank  ranked
	free  bool // stands in queue.free, as rank
}

type ranked struct {
	key  int64
	idle record.Millis
	used int
	s    *seat
}

//lint:ignore U1000 ordered asks for it; the linter does not see through the constraint
func (r ranked) before(o ranked) bool {
	if r.key != o.key {
		return r.key < o.key
	}
	if r.idle != o.idle {
		return r.idle < o.idle
	}
	if r.used != o.used {
		return r.used < o.used
	}
	return r.s.agent.h.ID < o.s.agent.h.ID
}

// pending is a decision whose event has not come yet.
type pending struct {
	version int64
	agent   *agent // who gets the conversation, if anybody
	units   int    // reserved until refused
	idle    record.Millis
	at      record.Millis // when it was decided
	until   record.Millis // then it is given up
	refused bool
	aside   bool // it moves the conversation nowhere
}

func (p *pending) id() string {
	if p.agent == nil {
		return ""
	}
	return p.agent.h.ID
}
