package router

import "tamas/inbox/record"

// timer stands in a conversation, an agent or a queue, of which each has at most one.
type timer struct {
	due   record.Millis
	index int // in timers, +1; 0: not set
	conv  *conv
	agent *agent
	queue *queue
}

// before orders by time; among equals the order does not matter, since what is due is sorted by id.
func (t *timer) before(u *timer) bool { return t.due < u.due }

// arm sets the timer to the next moment at which the conversation must be looked at although nothing happened.
func (e *Engine) arm(c *conv, now record.Millis) {
	if c.pend != nil && !c.pend.aside {
		due := c.pend.until
		if until := c.h.OfferUntil; c.h.Status == record.Offered && until > now {
			due = min(due, until)
		}
		e.timers.set(&c.timer, due)
		return
	}
	var due record.Millis
	at := func(t record.Millis, _ string) {
		if t > now && (due == 0 || t < due) {
			due = t
		}
	}
	if c.pend != nil {
		at(c.pend.until, "")
	}
	switch c.h.Status {
	case record.Waiting:
		e.moments(c, at)
	case record.Offered:
		at(c.h.OfferUntil, "")
	case record.Active:
		at(c.releasedAt(), "")
	case record.Snoozed:
		at(c.h.SnoozedUntil, "")
	case record.Resolved:
		at(c.h.ReopenUntil, "")
	}
	if c.h.SLA != nil {
		for i := range c.h.SLA.Clocks {
			k := &c.h.SLA.Clocks[i]
			if warns(k) {
				at(k.WarnAt, "")
			}
			if k.MetAt == 0 && !k.Broken {
				at(k.Due, "")
			}
		}
	}
	e.timers.set(&c.timer, due)
}

// Changes that time alone brings to a waiting conversation.
const (
	NextRound     = "round"     // those who declined are asked again
	NextSticky    = "sticky"    // others than the preferred agent are asked
	NextRing      = "ring"      // a skill is asked for no more
	NextSecondary = "secondary" // secondary agents are asked
	NextHeavy     = "heavy"     // an agent is kept free for it
	NextOverflow  = "overflow"  // it has waited as long as a rule says
	NextCalendar  = "calendar"  // the queue opens or closes
)

// moments calls f with each of these and its time, also those that are over; 0 is never.
func (e *Engine) moments(c *conv, f func(at record.Millis, what string)) {
	since, r := c.h.WaitingSince, &c.queue.h.Routing
	if len(c.h.Declined) > 0 {
		f(c.h.DeclinedAt+e.round, NextRound)
	}
	if c.sticky {
		f(c.h.StickyUntil, NextSticky)
	}
	for _, n := range c.needs {
		f(dropped(n, since), NextRing)
	}
	for _, s := range r.Secondary {
		f(since+record.Millis(s.After)*1000, NextSecondary)
	}
	f(c.ripens(), NextHeavy)
	for i := range r.Overflow {
		if o := &r.Overflow[i]; o.When == record.OverWait {
			f(overdue(&c.h, o), NextOverflow)
		}
	}
}

// timers is a binary heap whose members know their place.
type timers []*timer

// set arms t for due, or disarms it for 0.
func (h *timers) set(t *timer, due record.Millis) {
	switch {
	case due == 0 && t.index == 0:
	case due == 0:
		h.drop(t)
	case t.index == 0:
		t.due = due
		*h = append(*h, t)
		t.index = len(*h)
		h.up(t.index - 1)
	case t.due != due:
		t.due = due
		h.fix(t.index - 1)
	}
}

func (h *timers) drop(t *timer) {
	i, n := t.index-1, len(*h)-1
	h.swap(i, n)
	(*h)[n] = nil
	*h = (*h)[:n]
	t.index = 0
	if i < n {
		h.fix(i)
	}
}

func (h timers) swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i+1, j+1
}

func (h timers) fix(i int) {
	if !h.down(i) {
		h.up(i)
	}
}

func (h timers) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if !h[i].before(h[parent]) {
			return
		}
		h.swap(i, parent)
		i = parent
	}
}

func (h timers) down(i int) (moved bool) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(h); child++ {
			if h[child].before(h[least]) {
				least = child
			}
		}
		if least == i {
			return moved
		}
		h.swap(i, least)
		i, moved = least, true
	}
}
