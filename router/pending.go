package router

import (
	"cmp"
	"slices"

	"tamas/inbox/record"
)

// Pending is a decision that the engine has made and not heard of, or one that was refused and is made anew later. With the
// headers, the rules and the time it is all that decisions depend on.
type Pending struct {
	Conversation string        `json:"conversation,omitempty"` // "": Agent's state
	Version      int64         `json:"version"`                // of the header that it was decided on
	Agent        string        `json:"agent,omitempty"`        // who gets the conversation, or whose state it is
	Units        int           `json:"units,omitempty"`        // reserved of Agent
	Idle         record.Millis `json:"idle,omitempty"`         // Agent counts as idle since then
	At           record.Millis `json:"at,omitempty"`           // when it was decided
	Until        record.Millis `json:"until,omitempty"`        // then it is given up; 0: it is over, only Tries is left of it
	Refused      bool          `json:"refused,omitempty"`      // it reserves nothing
	Aside        bool          `json:"aside,omitempty"`        // it gives the conversation to nobody: once refused it does not hold up matching
	Tries        int           `json:"tries,omitempty"`        // refusals of decisions on this header
}

// Pending lists what is pending, by conversation and agent.
func (e *Engine) Pending() []Pending {
	var list []Pending
	for id, c := range e.convs {
		if c.pend != nil || c.tries > 0 {
			list = append(list, entry(c.pend, id, c.h.Version, c.tries))
		}
	}
	for id, a := range e.agents {
		if a.pend != nil || a.tries > 0 {
			p := entry(a.pend, "", a.h.Version, a.tries)
			p.Agent = id
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(a, b Pending) int {
		return cmp.Or(cmp.Compare(a.Conversation, b.Conversation), cmp.Compare(a.Agent, b.Agent))
	})
	return list
}

func entry(p *pending, conversation string, version int64, tries int) Pending {
	if p == nil {
		return Pending{Conversation: conversation, Version: version, Tries: tries}
	}
	return Pending{Conversation: conversation, Version: version, Agent: p.id(), Units: p.units, Idle: p.idle, At: p.at,
		Until: p.until, Refused: p.refused, Aside: p.aside, Tries: tries}
}

// Pend takes up what another engine had pending: after Load and Settings, before Decide. What was decided on other headers than
// the present ones is left out.
func (e *Engine) Pend(list []Pending) {
	for _, p := range list {
		if c := e.convs[p.Conversation]; c != nil && p.Conversation != "" && c.h.Version == p.Version {
			c.tries = p.Tries
			if p.Until == 0 {
				continue
			}
			if c.pend != nil {
				e.unpend(c)
			}
			c.pend = &pending{version: p.Version, units: p.Units, idle: p.Idle, at: p.At, until: p.Until, refused: p.Refused, aside: p.Aside}
			e.timers.set(&c.timer, p.Until)
			if p.Agent != "" {
				c.pend.agent = e.agent(p.Agent)
				c.pend.agent.pends = append(c.pend.agent.pends, c)
				e.touchAgent(c.pend.agent)
			}
			e.touchConv(c)
		} else if a := e.agents[p.Agent]; a != nil && p.Conversation == "" && a.h.Version == p.Version {
			a.tries = p.Tries
			if p.Until > 0 {
				a.pend = &pending{version: p.Version, at: p.At, until: p.Until, refused: p.Refused}
				e.timers.set(&a.timer, p.Until)
			}
			e.touchAgent(a)
		}
	}
}
