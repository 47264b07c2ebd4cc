package router

import (
	"slices"

	"tamas/inbox/record"
)

// A conversation is heavy when it takes more than one unit. One that has waited HeavySecs and still found nobody with so much room is
// ripe: of those who could take it but for their room, one is kept from lighter ones until it is served or gone. In each queue that
// is done for the first in line that anybody could serve, and the one kept is who needs least to be freed, then the lower id, of those
// with some room: who has none cannot be filled up anyway. An agent kept for several queues is kept for the first in line of them.
//
// Who is kept stands fast within one pass of matching and is looked up anew after it, so it follows from the state alone.

// ripens is when a conversation becomes ripe; 0: never.
func (c *conv) ripens() record.Millis {
	if c.demand.units <= 1 {
		return 0
	}
	secs := c.queue.h.Routing.HeavySecs
	if secs <= 0 {
		secs = 120
	}
	return c.h.WaitingSince + record.Millis(secs)*1000
}

// keep brings up to date who is kept for whom.
func (e *Engine) keep() {
	for _, q := range e.stale {
		q.stale = false
		c, a := e.keeper(q)
		old := q.keeper
		if c == q.heavy && a == old {
			continue
		}
		q.heavy, q.keeper = c, a
		if old != nil && old != a {
			old.keeping = slices.DeleteFunc(old.keeping, func(x *queue) bool { return x == q })
			e.rekeep(old)
		}
		if a != nil {
			if old != a {
				a.keeping = append(a.keeping, q)
			}
			e.rekeep(a)
		}
	}
	e.stale = e.stale[:0]
}

// rekeep finds whom an agent is kept for. Who is not any more, or for a lighter one, is as good as one who gained room.
func (e *Engine) rekeep(a *agent) {
	before := a.bar()
	a.kept = nil
	for _, q := range a.keeping {
		if a.kept == nil || q.heavy.w.before(a.kept.w) {
			a.kept = q.heavy
		}
	}
	if a.bar() < before && a.room > 0 {
		e.gain(a)
	}
}

// bar is the units below which a kept agent takes nothing; 0: it is not kept.
func (a *agent) bar() int {
	if a.kept == nil {
		return 0
	}
	return a.kept.demand.units
}

// keeper finds the conversation of a queue that somebody must be kept for, and whom.
func (e *Engine) keeper(q *queue) (best *conv, a *agent) {
	if q.ripe == 0 || q.shut || q.pull() || q.free.len() == 0 {
		return nil, nil
	}
	try := func(c *conv) bool {
		near := q.nearest(c)
		if near != nil {
			best, a = c, near
		}
		return near != nil
	}
	for _, h := range q.heads.all() { // the first ripe one of a class stands no further ahead than its first
		if best != nil && !h.w.before(best.w) {
			break
		}
		if h.cl.ripe == 0 {
			continue
		}
		for _, w := range h.cl.list.all() {
			if w.c.ripe {
				if best == nil || w.before(best.w) {
					try(w.c)
				}
				break // the others are alike
			}
		}
	}
	for _, w := range q.others.all() {
		if best != nil && !w.before(best.w) || w.c.ripe && try(w.c) {
			break
		}
	}
	return best, a
}

// nearest is who of those with some room needs least to be freed for c.
func (q *queue) nearest(c *conv) *agent {
	var best *agent
	least := 0
	for _, r := range q.free.all() {
		a := r.s.agent
		if r.tier > c.demand.tier {
			break
		}
		if !holdsWhole(a.user.Capacity, c.demand.units) || !a.takesKind(c.demand.kind) || !a.skilled(c.asks) || slices.Contains(c.h.Declined, a.h.ID) {
			continue
		}
		short := r.used
		if c.demand.units != all {
			short = max(0, c.demand.units-a.room)
		}
		if best == nil || short < least || short == least && a.h.ID < best.h.ID {
			best, least = a, short
		}
	}
	return best
}

// ripen counts c in among the ripe of its class, or out.
func (e *Engine) ripen(c *conv, n int) {
	c.ripe = n > 0
	if c.class != nil {
		c.class.ripe += n
	}
	c.queue.ripe += n
	e.touchStale(c.queue)
}
