package router

import (
	"slices"

	"tamas/inbox/record"
)

// match gives waiting conversations to agents, the first in line first over all queues that are looked at. Only
// these can find somebody: conversations that changed (line, in order), those whom somebody could take who gained room, in queues
// or because they prefer that agent. Within one pass room only shrinks, so each is looked at once; whoever is kept for a heavy one
// is looked up before each pass, and who is kept no more brings another.
func (e *Engine) match(line []waiter, now record.Millis) {
	for e.keep(); len(line)+len(e.newly)+len(e.gained) > 0; e.keep() {
		e.pass(line, now)
		line = nil
	}
	e.newRounds(now)
}

// newRounds lets those be asked again who refused one that nobody else could take in any pass.
func (e *Engine) newRounds(now record.Millis) {
	slices.SortFunc(e.rounds, ahead)
	for _, w := range e.rounds {
		if w.c.placed() && w.c.pend == nil && e.refuserCould(w.c) {
			e.decide(w.c, Decision{Action: ActRequeue, Why: record.Why{Code: WhyRound}}, now)
		}
	}
	e.rounds = e.rounds[:0]
}

func (e *Engine) pass(line []waiter, now record.Millis) {
	lines := cursors(e.walk[:0])
	lines.add(cursor{list: &ordered[waiter]{items: line}, fixed: true})
	for _, q := range e.newly {
		if q.shut || q.pull() || q.free.len() == 0 {
			continue // whom they prefer among outsiders, gained tells
		}
		lines.add(cursor{queue: q})
		lines.add(cursor{list: &q.others, queue: q})
	}
	for _, a := range e.gained {
		lines.add(cursor{list: &a.prefs, agent: a})
	}
	lines.heapify()
	for len(lines) > 0 {
		l := &lines[0]
		c := l.w.c
		switch {
		case !c.placed(): // decided on through another line
			lines.next(l.fixed)
		case c.held():
			if l.list == nil && c.class != nil { // those behind it in its class are looked at by themselves
				lines.add(cursor{list: &c.class.list, i: 1, queue: l.queue})
				lines.heapify()
			}
			lines.next(true)
		default:
			decided := e.assign(c, now)
			if l.spent() {
				lines.sweep()
			} else {
				lines.next(!decided || l.fixed)
			}
		}
	}
	for _, q := range e.newly {
		q.newly = q.newly[:0]
	}
	e.walk, e.newly, e.gained = lines, e.newly[:0], e.gained[:0]
}

// serves tells whether anybody who gained room could take one of cl.
func (q *queue) serves(cl *class) bool {
	for _, s := range q.newly {
		if s.tier <= cl.demand.tier && s.agent.room > 0 && s.agent.takes(&cl.demand, cl.asks) {
			return true
		}
	}
	return false
}

// exhausted tells whether nobody who gained room in this pass has any left.
func (q *queue) exhausted() bool {
	for n := len(q.newly); n > 0 && q.newly[n-1].agent.room == 0; n-- {
		q.newly = q.newly[:n-1]
	}
	return len(q.newly) == 0
}

// span bounds what those who gained room take, in units. When they are many it does not look: then the first in line are served anyway.
func (q *queue) span() (least, most int) {
	if len(q.newly) > 8 {
		return 0, all
	}
	least = all
	for _, s := range q.newly {
		a := s.agent
		least = min(least, a.bar())
		if most = max(most, a.room); a.bare {
			most = all
		}
	}
	return least, most
}

// assign decides on one waiting conversation, if anything can be done for it.
func (e *Engine) assign(c *conv, now record.Millis) bool {
	q := c.queue
	if q.shut {
		return false
	}
	if p := c.prefer; p != nil && p.room > 0 && p.takes(&c.demand, c.asks) && !slices.Contains(c.h.Declined, p.h.ID) {
		e.hand(c, p, true, now)
		return true
	}
	if q.pull() || c.sticky {
		return false
	}
	for _, r := range q.free.all() {
		if r.tier > c.demand.tier {
			break
		}
		if a := r.s.agent; a.takes(&c.demand, c.asks) && !slices.Contains(c.h.Declined, a.h.ID) {
			e.hand(c, a, false, now)
			return true
		}
	}
	if len(c.h.Declined) > 0 && c.h.DeclinedAt+e.round <= now {
		e.rounds = append(e.rounds, c.w)
	}
	return false
}

// refuserCould tells whether somebody who refused c in this round could take it now.
func (e *Engine) refuserCould(c *conv) bool {
	for _, id := range c.h.Declined {
		a := e.agents[id]
		if a == nil || a.room == 0 || !a.takes(&c.demand, c.asks) {
			continue
		}
		if s := c.queue.seats[id]; s != nil && s.tier <= c.demand.tier || c.h.Prefer == id {
			return true
		}
	}
	return false
}

// hand offers or pushes c to a.
func (e *Engine) hand(c *conv, a *agent, preferred bool, now record.Millis) {
	q := c.queue
	d := Decision{Action: ActOffer, Agent: a.h.ID}
	idle := now
	if q.h.Mode == ModePush { // what somebody chose in a pull queue is offered
		d.Action = ActPush
	} else {
		stands := record.Millis(q.h.OfferSeconds) * 1000
		if stands <= 0 {
			stands = e.policy.Offer
		}
		d.Until = now + stands
		idle = d.Until
	}
	d.Why = e.why(c, a, preferred, now)
	d.Why.Score = score(&c.h, now)
	e.decide(c, d, now)
	c.pend.agent, c.pend.units, c.pend.idle = a, min(c.demand.units, a.user.Capacity), idle
	a.pends = append(a.pends, c)
	e.settle(a)
}

// why lists who could have taken c, in order, and agents of the queue who could not: free ones first, then by id.
func (e *Engine) why(c *conv, a *agent, preferred bool, now record.Millis) record.Why {
	q := c.queue
	w := record.Why{Code: q.order.name, Candidates: []string{a.h.ID}}
	if preferred {
		w.Code = WhyPreferred
		if q.pull() {
			return w
		}
	}
	free, rest := q.free.all(), len(q.roster)-q.free.len()
	w.Excluded = make(map[string]string, min(maxExcluded, rest))
	exclude := func(s *seat) {
		if len(w.Excluded) == maxExcluded {
			w.More++
		} else {
			w.Excluded[s.agent.h.ID] = string(e.inTheWay(s.agent, s, c, now).Reason)
		}
	}
	for _, r := range free {
		if o := r.s.agent; o == a {
			continue
		} else if r.tier > c.demand.tier || c.sticky || !o.takes(&c.demand, c.asks) || slices.Contains(c.h.Declined, o.h.ID) {
			exclude(r.s)
		} else if w.Candidates = append(w.Candidates, o.h.ID); len(w.Candidates) == maxCandidates {
			break
		}
	}
	for _, m := range q.roster {
		if rest == 0 {
			break
		}
		if len(w.Excluded) == maxExcluded {
			w.More += rest
			break
		}
		if !m.free {
			exclude(m)
			rest--
		}
	}
	return w
}

// cursor walks a list, or the classes of a queue: of each that anybody could serve the first, again and again.
type cursor struct {
	list  *ordered[waiter] // nil: the classes of queue
	i     int
	w     waiter // looked at
	fixed bool   // the list does not lose what is decided on
	queue *queue // where somebody who gained room is needed, if anywhere
	agent *agent // who is needed, if anybody
}

// seek finds what to look at, for classes behind w; false at the end.
func (c *cursor) seek() bool {
	if c.list != nil {
		if c.i >= c.list.len() {
			return false
		}
		c.w = c.list.at(c.i)
		return true
	}
	heads, i := c.queue.heads.all(), 0
	if c.w.c != nil {
		i = c.queue.heads.search(headed{w: c.w}) - c.queue.heads.head
	}
	least, most := c.queue.span()
	for ; i < len(heads); i++ {
		if h := &heads[i]; h.units >= least && h.units <= most && h.w != c.w && c.queue.serves(h.cl) {
			c.w = h.w
			return true
		}
	}
	return false
}

// cursors is a heap by the item looked at.
type cursors []cursor

func (h *cursors) add(c cursor) {
	if c.seek() {
		*h = append(*h, c)
	}
}

func (h cursors) heapify() {
	for i := len(h)/2 - 1; i >= 0; i-- {
		h.down(i)
	}
}

func (h cursors) down(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(h); child++ {
			if h[child].w.before(h[least].w) {
				least = child
			}
		}
		if least == i {
			return
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
}

// next moves the first cursor on: past its item when stay, else to what has taken that item's place.
func (h *cursors) next(stays bool) {
	c := &(*h)[0]
	if stays {
		c.i++
	}
	if !c.seek() {
		h.end()
		return
	}
	h.down(0)
}

// spent tells that nobody is left for what the cursor walks.
func (c *cursor) spent() bool {
	return c.queue != nil && c.queue.exhausted() || c.agent != nil && c.agent.room == 0
}

// sweep takes all spent cursors away: with an agent's last room mostly many are.
func (h *cursors) sweep() {
	kept := (*h)[:0]
	for i := range *h {
		if c := &(*h)[i]; !c.spent() {
			kept = append(kept, *c)
		}
	}
	*h = kept
	h.heapify()
}

// end takes the first cursor away.
func (h *cursors) end() {
	n := len(*h) - 1
	(*h)[0] = (*h)[n]
	*h = (*h)[:n]
	h.down(0)
}
