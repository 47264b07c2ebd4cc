package router

import (
	"slices"
	"strings"
	"sync"

	"tamas/inbox"
	"tamas/inbox/record"
)

// Explanation answers "why is this still waiting?".
type Explanation struct {
	Now      record.Millis `json:"now"`
	Score    float64       `json:"score"`    // minutes waited + priority in minutes
	Position int           `json:"position"` // in its queue; 1 is next
	Waited   record.Millis `json:"waited"`   // since its beginning, ms
	Since    record.Millis `json:"since"`
	Needs    []record.Need `json:"needs"` // in force, its own and its queue's
	Next     *Change       `json:"next,omitempty"`
	Reasons  []Exclusion   `json:"reasons"` // of the conversation and its queue, then of each agent who serves it or is preferred, by id
}

// Explainer explains by the default policy what waits in a hub, on any node. It looks at the whole live state for that, which takes
// tens of milliseconds when 10,000 wait; so questions share what was looked at for a second, and one at a time looks. What was asked
// about is always as in its header; the others, and the agents, may be of a second ago. The zero value is ready, safe for concurrent use.
type Explainer struct {
	mu       sync.Mutex
	at       record.Millis
	settings *inbox.Settings
	engine   *Engine
}

// Explain answers why c waits; nil when it does not.
func (x *Explainer) Explain(hub Hub, c record.Conversation, now record.Millis) *Explanation {
	if c.Status != record.Waiting {
		return nil
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	settings := hub.Settings()
	if x.engine == nil || x.settings != settings || now < x.at || now >= x.at+1000 || !x.engine.knows(&c) {
		conversations, agents, _, _ := hub.LiveUpTo()
		conversations = slices.DeleteFunc(conversations, func(c record.Conversation) bool { return !c.Open() })
		x.at, x.settings, x.engine = now, settings, New(DefaultPolicy())
		x.engine.Settings(RulesOf(settings))
		x.engine.Load(record.ID{}, conversations, agents)
		x.engine.refresh(now)
		x.engine.dirtyConvs, x.engine.dirtyAgents = nil, nil // it decides nothing
	}
	return x.engine.Explain(c.ID, now)
}

// knows tells whether the engine was told this header of c.
func (e *Engine) knows(c *record.Conversation) bool {
	known := e.convs[c.ID]
	return known != nil && known.h.Version == c.Version
}

// Change is what time alone brings next: see the Next constants.
type Change struct {
	At   record.Millis `json:"at"`
	What string        `json:"what"`
}

// Explain tells why a conversation waits at now; nil for one that does not. Agents who could take it are not listed: then the
// reason is Deciding. It may be asked at any time, also of an engine that was only loaded, and changes no decision.
func (e *Engine) Explain(conversation string, now record.Millis) *Explanation {
	c := e.convs[conversation]
	if c == nil || c.h.Status != record.Waiting {
		return nil
	}
	e.refresh(now)
	e.place(c, now) // by the time
	e.keep()
	x := &Explanation{Now: now, Score: score(&c.h, now), Position: c.queue.line.search(c.w) - c.queue.line.head + 1, Since: c.h.WaitingSince,
		Waited: now - c.h.WaitingSince, Needs: []record.Need{}, Next: e.change(c, now)}
	for _, n := range c.needs {
		if inForce(n, c.h.WaitingSince, now) {
			x.Needs = append(x.Needs, n)
		}
	}
	x.Reasons = e.reasons(c, now)
	return x
}

// refresh brings rooms and places up to date without deciding anything. What changed stays marked for Decide.
func (e *Engine) refresh(now record.Millis) {
	e.now = max(e.now, now)
	for _, q := range e.queues {
		if q.timer.index > 0 && q.timer.due <= now {
			e.open(q, now)
		}
	}
	for _, a := range e.dirtyAgents {
		e.settle(a)
	}
	e.arrange(now)
}

func (e *Engine) reasons(c *conv, now record.Millis) (list []Exclusion) {
	if p := c.pend; p != nil {
		if !p.refused {
			return []Exclusion{{Agent: p.id(), Reason: Deciding}}
		}
		list = append(list, Exclusion{Reason: Retrying, Until: p.until})
	}
	q := c.queue
	switch {
	case !q.known:
		list = append(list, Exclusion{Reason: NoQueue})
	case q.shut:
		list = append(list, Exclusion{Reason: Closed, Until: q.opens()})
	case q.pull():
		list = append(list, Exclusion{Reason: Pull})
	case len(q.roster) == 0:
		list = append(list, Exclusion{Reason: NoMembers})
	}
	ids := make([]string, 0, len(q.roster)+1)
	for _, s := range q.roster {
		ids = append(ids, s.agent.h.ID)
	}
	if p := c.h.Prefer; p != "" && q.seats[p] == nil {
		i, _ := slices.BinarySearchFunc(ids, p, strings.Compare)
		ids = slices.Insert(ids, i, p)
	}
	able := false
	for _, id := range ids {
		a := e.agents[id]
		if a == nil {
			a = &agent{h: record.Agent{ID: id}}
		}
		switch x := e.against(a, c, now); {
		case x.Reason != "":
			list = append(list, x)
		case !q.shut && (!q.pull() || id == c.h.Prefer):
			able = true
		}
	}
	if able && c.pend == nil {
		list = append(list, Exclusion{Reason: Deciding})
	}
	return list
}

// change finds what time brings next.
func (e *Engine) change(c *conv, now record.Millis) (next *Change) {
	at := func(t record.Millis, what string) {
		if t > now && (next == nil || t < next.At) {
			next = &Change{t, what}
		}
	}
	e.moments(c, at)
	at(c.queue.turns, NextCalendar)
	return next
}
