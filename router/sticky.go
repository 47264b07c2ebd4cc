package router

import (
	"slices"

	"tamas/inbox/record"
)

// stuck tells whether c waits for its preferred agent alone: until StickyUntil, while that agent could take it or may soon: is at the
// desk, if busy or full, and has what it asks for. It is never waited for who is offline, on a break, disabled, gone, or has declined.
func (e *Engine) stuck(c *conv, now record.Millis) bool {
	if c.h.Prefer == "" || c.h.StickyUntil <= now {
		return false
	}
	a := e.agents[c.h.Prefer]
	if a == nil || a.user == nil || !e.present(a, now) || !holdsWhole(a.user.Capacity, c.demand.units) {
		return false
	}
	return a.takesKind(c.demand.kind) && a.skilled(c.asks) && !slices.Contains(c.h.Declined, a.h.ID)
}

// present tells that an agent is at work, or will be any moment: a lost socket has its grace.
func (e *Engine) present(a *agent, now record.Millis) bool {
	switch a.h.State {
	case record.Available, record.Busy, record.WrapUp:
		return a.user != nil && !e.gone(a, now)
	}
	return false
}

// gone tells that an agent will not come back by itself any moment.
func (e *Engine) gone(a *agent, now record.Millis) bool {
	return a.user != nil && a.user.Disabled || a.h.LostAt > 0 && a.h.LostAt+e.grace <= now
}
