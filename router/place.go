package router

import (
	"slices"

	"tamas/inbox/record"
)

// arrange puts the waiting ones of those that changed into their places, in order. Doing it again changes nothing.
func (e *Engine) arrange(now record.Millis) []waiter {
	var list []waiter
	for _, c := range e.dirtyConvs {
		if c.h.Status != record.Waiting || e.convs[c.h.ID] != c {
			continue
		}
		if !c.lined {
			c.w = waiter{c.h.Line(c.queue.h.Routing.Waiting), c.h.WaitingSince, c}
		}
		list = append(list, c.w)
	}
	slices.SortFunc(list, ahead)
	for _, w := range list {
		e.place(w.c, now)
	}
	return list
}

// place puts a waiting conversation where it belongs at now.
func (e *Engine) place(c *conv, now record.Millis) {
	q := c.queue
	e.leave(c)
	if !c.lined {
		q.line.insert(c.w)
		c.lined = true
		e.pushed(q)
	}
	r, since := &q.h.Routing, c.h.WaitingSince
	c.demand = demand{units: unitsOf(&c.h), kind: c.h.Channel, asks: e.asking(c, now)}
	for c.demand.tier < len(r.Secondary) && since+record.Millis(r.Secondary[c.demand.tier].After)*1000 <= now {
		c.demand.tier++
	}
	c.sticky = e.stuck(c, now)
	if c.pend != nil && !c.pend.aside {
		return
	}
	if c.h.Prefer != "" {
		c.prefer = e.agent(c.h.Prefer)
		c.prefer.prefs.insert(c.w)
	}
	if c.sticky {
		return
	}
	if c.other = len(c.h.Declined) > 0; c.other {
		q.others.insert(c.w)
	} else {
		q.classOf(c.demand, c.asks).insert(c)
	}
	if at := c.ripens(); at > 0 && at <= now {
		e.ripen(c, 1)
	}
}

// leave takes a conversation out of its place; it still stands in its queue's line.
func (e *Engine) leave(c *conv) {
	if c.ripe {
		e.ripen(c, -1)
	}
	if c.other {
		c.other = false
		c.queue.others.remove(c.w)
	}
	if c.class != nil {
		c.class.remove(c)
	}
	if c.prefer != nil {
		c.prefer.prefs.remove(c.w)
		c.prefer = nil
	}
}

// placed tells whether c may be given to somebody.
func (c *conv) placed() bool { return c.class != nil || c.other || c.prefer != nil }

func (cl *class) insert(c *conv) {
	heads := &c.queue.heads
	first := cl.list.len() == 0
	if !first && c.w.before(cl.list.at(0)) {
		heads.remove(headed{cl.list.at(0), cl, cl.demand.units})
		first = true
	}
	if first {
		heads.insert(headed{c.w, cl, cl.demand.units})
	}
	cl.list.insert(c.w)
	c.class = cl
}

func (cl *class) remove(c *conv) {
	heads := &c.queue.heads
	first := cl.list.at(0) == c.w
	cl.list.remove(c.w)
	if first {
		heads.remove(headed{c.w, cl, cl.demand.units})
		if cl.list.len() > 0 {
			heads.insert(headed{cl.list.at(0), cl, cl.demand.units})
		}
	}
	c.class = nil
}

func (q *queue) classOf(d demand, asks []ask) *class {
	if cl := q.class[d]; cl != nil {
		return cl
	}
	if len(q.class) >= q.prune {
		q.prune = 2*q.heads.len() + 16
		q.class = make(map[demand]*class, q.prune)
		for _, h := range q.heads.all() {
			q.class[h.cl.demand] = h.cl
		}
	}
	cl := &class{demand: d, asks: asks}
	q.class[d] = cl
	return cl
}

// settle brings an agent's room, ranks and being at work up to date.
func (e *Engine) settle(a *agent) {
	room, bare, used := 0, false, 0
	var idle, turn record.Millis
	a.lapsed = slices.ContainsFunc(a.holds, func(c *conv) bool {
		return c.h.Status == record.Offered && c.h.OfferUntil > 0 && c.h.OfferUntil <= e.now
	})
	if absent(a) == "" {
		if room = max(0, a.vacant()); room > 0 {
			used, idle, turn = a.committed(), a.idle(), a.turn()
			bare = used == 0
		}
	}
	atWork := e.present(a, e.now)
	gained := room > a.room || room > 0 && !slices.Equal(a.kinds, a.h.Channels)
	for _, s := range a.seats {
		q := s.queue
		var rank ranked
		if room > 0 {
			rank = ranked{s.tier, q.order.key(load{used, a.user.Capacity, turn}), idle, used, s}
		}
		if rank != s.rank {
			if s.free {
				q.free.remove(s.rank)
			}
			if s.rank, s.free = rank, room > 0; s.free {
				q.free.insert(rank)
			}
		}
		if q.ripe > 0 {
			e.touchStale(q)
		}
		if s.tier == 0 && atWork != a.atWork {
			e.staff(q, atWork)
		}
	}
	a.room, a.bare, a.kinds, a.atWork = room, bare, a.h.Channels, atWork
	if gained {
		e.gain(a)
	}
}

// gain has everybody looked at whom a could take.
func (e *Engine) gain(a *agent) {
	for _, s := range a.seats {
		q := s.queue
		if len(q.newly) == 0 {
			e.newly = append(e.newly, q)
		}
		q.newly = append(q.newly, s)
	}
	if a.prefs.len() > 0 {
		e.gained = append(e.gained, a)
	}
}

// staff counts a member in or out of those at work.
func (e *Engine) staff(q *queue, in bool) {
	if in {
		q.staff++
		return
	}
	if q.staff--; q.staff == 0 && slices.ContainsFunc(q.h.Routing.Overflow, func(o record.Overflow) bool { return o.When == record.OverUnstaffed }) {
		e.touchLine(q)
	}
}
