package router

import (
	"slices"

	"tamas/inbox/record"
)

// Reason says why an agent cannot take a conversation now, or why a queue hands it to nobody. "" means that nothing
// stands against it. An agent's state other than Available is its own reason ("break", "wrap_up", …).
type Reason string

const (
	Unknown   Reason = "unknown"    // no such user
	Disabled  Reason = "disabled"   // may not sign in
	NotMember Reason = "not_member" // of the conversation's queue, nor preferred
	Lost      Reason = "lost"       // no live socket at the moment
	Declined  Reason = "declined"   // in this round
	Full      Reason = "capacity"   // fewer units left than it takes
	Pull      Reason = "pull"       // the queue's members take from it themselves
	NoQueue   Reason = "no_queue"   // the queue is not known
	NoMembers Reason = "no_members" // nobody serves the queue
	Deciding  Reason = "deciding"   // a decision is on its way
	Retrying  Reason = "retrying"   // the last decision was refused; it is made anew in a moment
)

// Exclusion is one answer to "why is this still waiting?". Agent is empty when it concerns the queue or the
// conversation.
type Exclusion struct {
	Agent  string `json:"agent,omitempty"`
	Reason Reason `json:"reason"`
}

// absent gives the first reason for which an agent takes no work at all.
func absent(a *agent) Reason {
	switch {
	case a.user == nil:
		return Unknown
	case a.user.Disabled:
		return Disabled
	case a.offline():
		return Reason(record.Offline)
	case a.h.LostAt > 0:
		return Lost
	case a.h.State != record.Available:
		return Reason(a.h.State)
	}
	return ""
}

// against gives the first reason for which a cannot take c: the one place where eligibility is defined. What it asks
// of the conversation alone, other than Declined and Prefer, must be part of its demand.
func (e *Engine) against(a *agent, c *conv) Reason {
	if r := absent(a); r != "" {
		return r
	}
	switch {
	case c.h.Prefer != a.h.ID && c.queue.seats[a.h.ID] == nil:
		return NotMember
	case slices.Contains(c.h.Declined, a.h.ID):
		return Declined
	case a.vacant() < c.demand.units:
		return Full
	}
	return ""
}

// Explain answers "why is this still waiting?": a reason for the conversation, its queue, and each of the queue's
// members and the preferred agent. It is nil for one that is not waiting. Agents who could take it are not listed:
// then the reason is Deciding.
func (e *Engine) Explain(conversation string, now record.Millis) []Exclusion {
	c := e.convs[conversation]
	if c == nil || c.h.Status != record.Waiting {
		return nil
	}
	var list []Exclusion
	if c.pend != nil {
		if c.pend.refused {
			list = append(list, Exclusion{Reason: Retrying})
		} else {
			return []Exclusion{{Agent: c.pend.id(), Reason: Deciding}}
		}
	}
	q := c.queue
	switch {
	case !q.known:
		list = append(list, Exclusion{Reason: NoQueue})
	case q.pull():
		list = append(list, Exclusion{Reason: Pull})
	case len(q.members) == 0:
		list = append(list, Exclusion{Reason: NoMembers})
	}
	ids := make([]string, 0, len(q.members)+1)
	for _, s := range q.members {
		ids = append(ids, s.agent.h.ID)
	}
	if p := c.h.Prefer; p != "" && q.seats[p] == nil {
		ids = append(ids, p)
	}
	able := false
	for _, id := range ids {
		a := e.agents[id]
		if a == nil {
			a = &agent{h: record.Agent{ID: id}}
		}
		r := e.against(a, c)
		if r == "" && q.pull() && id != c.h.Prefer {
			r = Pull
		}
		if r == "" {
			able = true
		} else if r != Pull {
			list = append(list, Exclusion{id, r})
		}
	}
	if able && c.pend == nil {
		list = append(list, Exclusion{Reason: Deciding})
	}
	return list
}
