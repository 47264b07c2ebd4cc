package router

import "tamas/inbox/record"

// conv is a live conversation.
type conv struct {
	h      record.Conversation
	queue  *queue
	holder *agent // whom it is offered to, or who is active on it

	// While it waits, as last placed.
	needs   []record.Need // its own and its queue's
	numbers []int32       // of their skills
	asks    []ask         // those in force
	demand  demand
	w       waiter
	lined   bool   // stands in queue.line
	class   *class // in which it stands
	other   bool   // it stands in queue.others instead
	prefer  *agent // in whose prefs it stands
	sticky  bool   // only prefer is asked: it stands in no class
	ripe    bool   // heavy and has waited long: counted in class and queue

	pend  *pending
	tries int // refusals of decisions on this header
	timer timer
	dirty bool
}

// agent is a user's live side and settings; either may be missing.
type agent struct {
	h      record.Agent
	user   *record.User
	levels []uint8 // by number of skill
	used   int     // units by the header
	holds  []*conv // offered and active
	pends  []*conv // decided on for this agent, not heard of yet
	seats  []*seat // one for each queue that the agent serves
	prefs  ordered[waiter]

	// As last settled.
	room   int      // units left; 0: takes no work
	bare   bool     // takes work and has none
	lapsed bool     // an offer has run out: about to be Not Responding
	kinds  []string // h.Channels then
	atWork bool

	keeping []*queue // whose heavy one this agent is kept for
	kept    *conv    // the first in line of those; nil: none
	pend    *pending // decision on the agent itself
	tries   int
	timer   timer
	dirty   bool
}

func (a *agent) offline() bool { return a.h.State == record.Offline || a.h.State == "" }

// queue is a line with those who serve it.
type queue struct {
	h      record.Queue
	known  bool // false: only conversations speak of it
	order  agentOrder
	roster []*seat // members and secondary agents, by id
	seats  map[string]*seat
	free   ordered[ranked] // those of them with room, in the order in which they are asked
	line   ordered[waiter] // all who wait, also those with a pending decision
	class  map[demand]*class
	prune  int             // at so many classes the empty ones go
	heads  ordered[headed] // the classes that are not empty, by who is first in them
	others ordered[waiter] // in no class: somebody has declined, each has to be looked at by itself

	hours  hours
	shut   bool // closed, by hand or by the calendar
	turns  record.Millis
	staff  int // members at work
	able   map[string]bool
	timer  timer
	ripe   int // conversations
	heavy  *conv
	keeper *agent  // kept for heavy
	stale  bool    // heavy and keeper must be looked for anew
	newly  []*seat // who gained room since the last pass: all others have been asked for all who wait
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
	units int    // ≥ 1; all
	kind  string // of channel
	tier  int    // of secondary agents that may be asked
	asks  string // the skills in force, as text
}

// class is the waiting conversations of one queue and one demand that nobody has declined.
type class struct {
	demand demand
	asks   []ask
	list   ordered[waiter]
	ripe   int
}

// headed is a class in the order of its first.
type headed struct {
	w     waiter
	cl    *class
	units int // that the class asks for
}

//lint:ignore U1000 ordered asks for it; the linter does not see through the constraint
func (h headed) before(o headed) bool { return h.w.before(o.w) }

// waiter is a conversation's place in line.
type waiter struct {
	key   record.Millis // Conversation.Line
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

func ahead(a, b waiter) int {
	switch {
	case a.c == b.c:
		return 0
	case a.before(b):
		return -1
	}
	return 1
}

// seat is an agent's place in a queue, as a member (tier 0) or as a secondary agent, with its rank in the order.
type seat struct {
	agent *agent
	queue *queue
	tier  int
	rank  ranked
	free  bool // stands in queue.free, as rank
}

type ranked struct {
	tier int
	key  int64
	idle record.Millis
	used int
	s    *seat
}

//lint:ignore U1000 ordered asks for it; the linter does not see through the constraint
func (r ranked) before(o ranked) bool {
	if r.tier != o.tier {
		return r.tier < o.tier
	}
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
	aside   bool // it gives the conversation to nobody: once refused it does not hold up matching
}

func (p *pending) id() string {
	if p.agent == nil {
		return ""
	}
	return p.agent.h.ID
}

// held tells that nothing is to be decided on c until its pending decision is heard of.
func (c *conv) held() bool { return c.pend != nil && !(c.pend.refused && c.pend.aside) }
