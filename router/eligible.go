package router

import (
	"slices"

	"tamas/inbox/record"
)

// Reason says why an agent cannot take a conversation now, or why a queue hands it to nobody. "" means that nothing
// stands against it. An agent's state other than Available is its own reason ("break", "wrap_up", …).
type Reason string

const (
	Unknown   Reason = "unknown"           // no such user
	Disabled  Reason = "disabled"          // may not sign in
	NotMember Reason = "not_member"        // of the conversation's queue, nor preferred
	Later     Reason = "secondary_not_yet" // serves the queue once somebody has waited for longer
	Lost      Reason = "lost"              // no live socket at the moment
	Sticky    Reason = "sticky_other"      // it waits for its preferred agent alone
	Declined  Reason = "declined"          // in this round
	Channel   Reason = "channel"           // takes no conversations of its channel at the moment
	NoSkill   Reason = "skill"             // has not a skill that it asks for
	LowLevel  Reason = "level"             // has it, at too low a level
	Full      Reason = "capacity"          // fewer units left than it takes
	Heavy     Reason = "heavy_reserved"    // kept for a heavier one that has waited long
	Pull      Reason = "pull"              // who serves the queue takes from it
	Closed    Reason = "closed"            // the queue offers nothing new
	NoQueue   Reason = "no_queue"          // the queue is not known
	NoMembers Reason = "no_members"        // nobody serves the queue
	Deciding  Reason = "deciding"          // a decision is on its way
	Retrying  Reason = "retrying"          // the last decision was refused; it is made anew in a moment
)

// Exclusion is one answer to "why is this still waiting?". Agent is empty when it concerns the queue or the
// conversation.
type Exclusion struct {
	Agent  string        `json:"agent,omitempty"`
	Reason Reason        `json:"reason"`
	Skill  string        `json:"skill,omitempty"` // that fails
	Until  record.Millis `json:"until,omitempty"` // when it ends by itself, where that is known
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
	case a.lapsed:
		return Reason(record.NotResponding)
	}
	return ""
}

// takes tells whether an agent who is there could take what asks this: channel, skills, room. It is what demand must hold.
func (a *agent) takes(d *demand, asks []ask) bool {
	return a.roomFor(d.units) && (a.kept == nil || d.units >= a.bar()) && a.takesKind(d.kind) && a.skilled(asks)
}

func (a *agent) takesKind(kind string) bool {
	return len(a.h.Channels) == 0 || slices.Contains(a.h.Channels, kind)
}

// against gives the first thing that stands against a's taking c, as placed and settled last: with takes the one place where
// eligibility is defined. What it asks of the conversation alone, other than Declined, Prefer and stickiness, must be part of its
// demand.
func (e *Engine) against(a *agent, c *conv, now record.Millis) Exclusion {
	return e.inTheWay(a, c.queue.seats[a.h.ID], c, now)
}

// inTheWay is against for an agent with this seat, if any, in c's queue.
func (e *Engine) inTheWay(a *agent, s *seat, c *conv, now record.Millis) Exclusion {
	x, chosen := Exclusion{Agent: a.h.ID}, c.h.Prefer == a.h.ID
	if x.Reason = absent(a); x.Reason != "" {
		if a.h.State == record.WrapUp && x.Reason == Reason(record.WrapUp) {
			x.Until = a.h.WrapUpUntil
		}
		return x
	}
	need, lacks := e.lacks(a, c, now)
	switch {
	case s == nil && !chosen:
		x.Reason = NotMember
	case c.sticky && !chosen:
		x.Reason, x.Until = Sticky, c.h.StickyUntil
	case s != nil && s.tier > c.demand.tier && !chosen:
		x.Reason, x.Until = Later, c.h.WaitingSince+record.Millis(c.queue.h.Routing.Secondary[s.tier-1].After)*1000
	case slices.Contains(c.h.Declined, a.h.ID):
		x.Reason, x.Until = Declined, c.h.DeclinedAt+e.round
	case !a.takesKind(c.demand.kind):
		x.Reason = Channel
	case lacks != "":
		x.Reason, x.Skill, x.Until = lacks, need.Skill, dropped(need, c.h.WaitingSince)
	case !a.roomFor(c.demand.units):
		x.Reason = Full
	case a.kept != nil && c.demand.units < a.bar():
		x.Reason = Heavy
	}
	return x
}
