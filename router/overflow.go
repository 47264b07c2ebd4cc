package router

import (
	"slices"
	"strconv"

	"tamas/inbox/record"
)

// tellTries is after how many refusals a text is given up, so that nobody stays in a line for the sake of what cannot be said.
const tellTries = 3

// overflow carries out the first rule of c's queue that holds and has something left to do: first its text, once a wait, then its
// queue. Whoever could be matched has been.
func (e *Engine) overflow(c *conv, now record.Millis) bool {
	for i := range c.queue.h.Routing.Overflow {
		o := &c.queue.h.Routing.Overflow[i]
		if !e.holds(c, o, now) {
			continue
		}
		if o.Text != "" && e.tell(c, o.Text, "overflow/"+c.h.Queue+"/"+strconv.Itoa(i), WhyTellOverflow, now) {
			return true
		}
		if e.mayMove(c, o.Queue) {
			e.decide(c, Decision{Action: ActOverflow, Queue: o.Queue, Reason: o.When, Why: record.Why{Code: WhyOverflow + o.When}}, now)
			return true
		}
	}
	return false
}

// mayMove keeps a conversation from going round: never where it is, nor where it has been since somebody last had it, and not for ever.
func (e *Engine) mayMove(c *conv, queue string) bool {
	q := e.queues[queue]
	return queue != "" && queue != c.h.Queue && q != nil && q.known && !q.h.Archived &&
		len(c.h.Hops) < record.MaxHops && !slices.Contains(c.h.Hops, queue)
}

// holds tells whether a rule's condition does.
func (e *Engine) holds(c *conv, o *record.Overflow, now record.Millis) bool {
	q := c.queue
	switch o.When {
	case record.OverWait:
		return overdue(&c.h, o) <= now
	case record.OverLength:
		return o.Value >= 0 && q.line.len() > o.Value && !c.w.before(q.line.at(o.Value))
	case record.OverUnstaffed:
		return q.staff == 0
	case record.OverClosed:
		return q.shut
	case record.OverImpossible:
		return !e.possible(c)
	}
	return false
}

// overdue is when a rule about waiting holds. It counts from when the conversation came into this queue: its age would send it
// through all queues at once.
func overdue(c *record.Conversation, o *record.Overflow) record.Millis {
	return queuedAt(c) + record.Millis(o.Value)*1000
}

func queuedAt(c *record.Conversation) record.Millis {
	if c.QueuedAt > 0 {
		return c.QueuedAt
	}
	return c.WaitingSince
}

// pushed has those looked at whom an arrival has pushed out of the first so many.
func (e *Engine) pushed(q *queue) {
	for i := range q.h.Routing.Overflow {
		if o := &q.h.Routing.Overflow[i]; o.When == record.OverLength && o.Value >= 0 && q.line.len() > o.Value {
			e.touchConv(q.line.at(o.Value).c)
		}
	}
}

// tell has a waiting customer told a text under its name in ToldText, once a wait.
func (e *Engine) tell(c *conv, text, name, code string, now record.Millis) bool {
	if slices.Contains(c.h.ToldText, name) || c.tries >= tellTries {
		return false
	}
	e.decide(c, Decision{Action: ActTell, Text: text, Reason: name, Why: record.Why{Code: code}}, now)
	return true
}
