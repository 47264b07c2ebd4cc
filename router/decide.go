package router

import (
	"cmp"
	"slices"

	"tamas/inbox/record"
)

// Actions of decisions.
const (
	ActOffer   = "offer"
	ActPush    = "push"
	ActTimeout = "timeout"
	ActRequeue = "requeue"
	ActWake    = "wake"
	ActClose   = "close"
	ActState   = "agent.state"

	ActOverflow = "overflow"
	ActTell     = "tell"
	ActRelease  = "release"
	ActSLA      = "sla"
)

// Codes of reasons, besides the name of an order of agents (offer, push) and "warn/first", "broken/next" … (sla).
const (
	WhyPreferred  = "preferred"     // offer, push: the conversation prefers this agent
	WhyTimeout    = "timeout"       // timeout: the offer ran out
	WhyLost       = "agent_lost"    // requeue: the offer ran out while the agent's socket was lost
	WhyLeft       = "agent_left"    // requeue: offered to somebody who takes no new work any more
	WhyGone       = "agent_gone"    // requeue: of an agent who is gone
	WhyRound      = "new_round"     // requeue: all who can take it have refused once
	WhySnoozeOver = "snooze_over"   // wake
	WhyWindowOver = "window_over"   // close: past its reopen window
	WhyGraceOver  = "grace_over"    // agent.state offline: the lost socket did not come back
	WhyDisabled   = "user_disabled" // agent.state offline
	WhyWrapUpOver = "wrap_up_over"  // agent.state available
	WhySilent     = "silent"        // release: its customer is

	WhyOverflow     = "overflow_"     // overflow: and the condition: "overflow_wait", …
	WhyTellOverflow = "tell_overflow" // tell: a rule's text
	WhyTellClosed   = "tell_closed"   // tell: the queue's
)

// Bounds of what a reason lists, to keep events small.
const (
	maxCandidates = 8
	maxExcluded   = 32
)

// Decision is a command for the hub. For agent.state Conversation is empty and Version is the agent's, otherwise the
// conversation's.
type Decision struct {
	Action       string
	Conversation string
	Version      int64 // of the header that it was decided on
	Agent        string
	Queue        string            // overflow: where to
	Until        record.Millis     // offer: how long it stands
	State        record.AgentState // agent.state
	Text         string            // tell
	Reason       string            // overflow: the condition; tell: its name in ToldText; sla: "warn/first", "broken/next", …
	Why          record.Why
}

// Decide gives everything that should happen now, in the order in which it should be tried, and takes it as pending.
func (e *Engine) Decide(now record.Millis) []Decision {
	e.turn(now)
	e.tend(now)
	e.elapse(now)
	line := e.arrange(now)
	e.match(line, now)
	e.follow(now)
	for _, c := range e.dirtyConvs {
		c.dirty = false
		if e.convs[c.h.ID] == c {
			e.arm(c, now)
		}
	}
	e.dirtyConvs = e.dirtyConvs[:0]
	out := e.out
	e.out = nil
	return out
}

// turn moves the engine's clock and collects what is due. When it goes back, everything that hangs on it is looked at anew.
func (e *Engine) turn(now record.Millis) {
	if now < e.now {
		for _, c := range e.convs {
			e.touchConv(c)
		}
		for _, a := range e.agents {
			e.touchAgent(a)
		}
		for _, q := range e.queues {
			e.open(q, now)
		}
	}
	e.now = now
	for len(e.timers) > 0 && e.timers[0].due <= now {
		t := e.timers[0]
		e.timers.drop(t)
		switch {
		case t.queue != nil:
			e.open(t.queue, now)
		case t.conv != nil:
			if c := t.conv; c.pend != nil && c.pend.until <= now {
				e.release(c)
			}
			e.touchConv(t.conv)
		default:
			if a := t.agent; a.pend != nil && a.pend.until <= now {
				a.pend = nil
			}
			e.touchAgent(t.agent)
		}
	}
}

// Next is the earliest moment at which Decide may have something to do although nothing was applied; it may lie in
// the past. 0: never. Ask after Decide.
func (e *Engine) Next() record.Millis {
	if len(e.dirtyConvs)+len(e.dirtyAgents)+len(e.newly)+len(e.gained)+len(e.stale) > 0 {
		return 1
	}
	if len(e.timers) == 0 {
		return 0
	}
	return e.timers[0].due
}

// Refuse tells that the hub would not have d: it is made anew when a newer header of the conversation or the agent
// arrives, or after a pause that grows.
func (e *Engine) Refuse(d Decision, now record.Millis) {
	p, tries := (*pending)(nil), (*int)(nil)
	var t *timer
	if c := e.convs[d.Conversation]; c != nil {
		p, tries, t = c.pend, &c.tries, &c.timer
	} else if a := e.agents[d.Agent]; a != nil && d.Conversation == "" {
		p, tries, t = a.pend, &a.tries, &a.timer
	}
	if p == nil || p.version != d.Version || p.refused {
		return
	}
	p.refused = true
	p.until = now + min(e.policy.Backoff<<min(*tries, 20), e.policy.Patience)
	*tries++
	if t.index == 0 || p.until < t.due { // what else is due stays so
		e.timers.set(t, p.until)
	}
	if p.agent != nil {
		e.touchAgent(p.agent)
	}
	if p.aside {
		e.touchConv(e.convs[d.Conversation])
	}
}

// Stands tells whether d is still what the engine waits to hear of: no event has overtaken it, it was not refused,
// and it has not expired.
func (e *Engine) Stands(d Decision) bool {
	var p *pending
	if c := e.convs[d.Conversation]; c != nil {
		p = c.pend
	} else if a := e.agents[d.Agent]; a != nil && d.Conversation == "" {
		p = a.pend
	}
	return p != nil && p.version == d.Version && !p.refused && p.until == d.Why.Now+e.policy.Patience
}

// tend looks at the agents that changed: their states, and what they hold but can no longer serve.
func (e *Engine) tend(now record.Millis) {
	slices.SortFunc(e.dirtyAgents, func(a, b *agent) int { return cmp.Compare(a.h.ID, b.h.ID) })
	for i := 0; i < len(e.dirtyAgents); i++ { // deciding touches agents that are in the list already
		e.examine(e.dirtyAgents[i], now)
	}
	for _, a := range e.dirtyAgents {
		a.dirty = false
		e.settle(a)
		for _, w := range a.prefs.all() { // they may wait for this agent alone, or no more
			if w.c.h.StickyUntil > 0 {
				e.touchConv(w.c)
			}
		}
	}
	e.dirtyAgents = e.dirtyAgents[:0]
}

func (e *Engine) examine(a *agent, now record.Millis) {
	gone := e.gone(a, now)
	disabled := a.user != nil && a.user.Disabled
	if a.pend == nil {
		switch {
		case gone && !a.offline():
			code := WhyGraceOver
			if disabled {
				code = WhyDisabled
			}
			e.decideState(a, record.Offline, code, now)
		case !gone && a.h.State == record.WrapUp && a.h.WrapUpUntil > 0 && a.h.WrapUpUntil <= now:
			e.decideState(a, record.Available, WhyWrapUpOver, now)
		}
	}
	if a.pend == nil {
		e.giveBack(a, gone, disabled, now)
	}

	var due record.Millis
	at := func(t record.Millis) {
		if t > now && (due == 0 || t < due) {
			due = t
		}
	}
	if a.pend != nil {
		at(a.pend.until)
	}
	if a.h.LostAt > 0 && !gone { // also while something is on its way: the agent is at work no more
		at(a.h.LostAt + e.grace)
	}
	if a.h.State == record.WrapUp && !gone {
		at(a.h.WrapUpUntil)
	}
	e.timers.set(&a.timer, due)
}

// giveBack requeues what an agent holds and will not serve.
func (e *Engine) giveBack(a *agent, gone, disabled bool, now record.Millis) {
	working := a.h.State == record.Available || a.h.State == record.WrapUp
	if working && !gone || len(a.holds) == 0 {
		return
	}
	var list []*conv
	for _, c := range a.holds {
		switch {
		case c.held():
		case c.h.Status == record.Offered:
			list = append(list, c)
		case gone && c.h.Unanswered > 0 && (disabled || c.h.AssignedAt < a.h.LostAt+e.grace):
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b *conv) int { return cmp.Compare(a.h.ID, b.h.ID) })
	for _, c := range list {
		code := WhyGone
		if !gone {
			code = WhyLeft
		}
		e.decide(c, Decision{Action: ActRequeue, Agent: a.h.ID, Why: record.Why{Code: code}}, now)
	}
}

// elapse looks at the conversations that changed or whose time has come, except for waiting ones.
func (e *Engine) elapse(now record.Millis) {
	slices.SortFunc(e.dirtyConvs, func(a, b *conv) int { return cmp.Compare(a.h.ID, b.h.ID) })
	for _, c := range e.dirtyConvs {
		if until := c.h.OfferUntil; c.h.Status == record.Offered && until > 0 && until <= now && c.holder != nil {
			e.settle(c.holder) // is asked nothing more, whatever is on its way
		}
		if c.held() || e.convs[c.h.ID] != c {
			continue
		}
		switch c.h.Status {
		case record.Active:
			if at := c.releasedAt(); at > 0 && at <= now && c.pend == nil {
				e.decide(c, Decision{Action: ActRelease, Agent: c.h.Owner, Why: record.Why{Code: WhySilent}}, now)
			}
		case record.Offered:
			if c.h.OfferUntil == 0 || c.h.OfferUntil > now {
				break
			}
			d := Decision{Action: ActTimeout, Agent: c.h.OfferedTo, Why: record.Why{Code: WhyTimeout}}
			if c.holder != nil && c.holder.h.LostAt > 0 {
				d.Action, d.Why.Code = ActRequeue, WhyLost
			}
			e.decide(c, d, now)
		case record.Snoozed:
			if c.h.SnoozedUntil > 0 && c.h.SnoozedUntil <= now {
				e.decide(c, Decision{Action: ActWake, Agent: c.h.Owner, Why: record.Why{Code: WhySnoozeOver}}, now)
			}
		case record.Resolved:
			if c.h.ReopenUntil <= now {
				e.decide(c, Decision{Action: ActClose, Why: record.Why{Code: WhyWindowOver}}, now)
			}
		}
		if c.pend == nil && c.h.Status != record.Waiting {
			e.promise(c, now)
		}
	}
}

// follow sees to the waiting ones that changed and found nobody: rules of overflow, a closed door, promises.
func (e *Engine) follow(now record.Millis) {
	var list []waiter
	for _, c := range e.dirtyConvs {
		if c.lined && c.pend == nil && e.convs[c.h.ID] == c {
			list = append(list, c.w)
		}
	}
	slices.SortFunc(list, ahead)
	for _, w := range list {
		_ = e.overflow(w.c, now) || e.tellClosed(w.c, now) || e.promise(w.c, now)
	}
}

// aside tells of an action that gives c to nobody: it keeps its place meanwhile, with the agent who is kept for it, and when the hub
// refuses it, matching goes on.
func (c *conv) aside(action string) bool {
	switch action {
	case ActOverflow, ActTell, ActRelease, ActSLA:
		return true
	}
	return action == ActRequeue && c.h.Status == record.Waiting // a new round
}

// decide takes d, about c, as pending and puts it out.
func (e *Engine) decide(c *conv, d Decision, now record.Millis) {
	d.Conversation, d.Version = c.h.ID, c.h.Version
	d.Why.Engine, d.Why.Now, d.Why.Last = EngineVersion, now, e.last
	if c.h.WaitingSince > 0 && (c.h.Status == record.Waiting || c.h.Status == record.Offered) {
		d.Why.Waited = now - c.h.WaitingSince
	}
	if c.pend != nil { // refused, and overtaken
		e.unpend(c)
	}
	c.pend = &pending{version: c.h.Version, at: now, until: now + e.policy.Patience}
	e.timers.set(&c.timer, c.pend.until)
	if c.pend.aside = c.aside(d.Action); c.pend.aside {
		e.touchConv(c) // the other times of one that keeps its place are armed too
	} else {
		e.leave(c)
	}
	e.out = append(e.out, d)
}

func (e *Engine) decideState(a *agent, state record.AgentState, code string, now record.Millis) {
	a.pend = &pending{version: a.h.Version, at: now, until: now + e.policy.Patience}
	e.out = append(e.out, Decision{Action: ActState, Agent: a.h.ID, Version: a.h.Version, State: state,
		Why: record.Why{Code: code, Engine: EngineVersion, Now: now, Last: e.last}})
}
