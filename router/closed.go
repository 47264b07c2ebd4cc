package router

import (
	"time"

	"tamas/inbox/calendar"
	"tamas/inbox/record"
)

// hours tells when a queue is open; nil: always.
type hours interface {
	Open(time.Time) bool
	Next(time.Time) (change time.Time, ok bool)
}

// calendars makes the rules' calendars ready. One that cannot be read holds nobody up: its queues are open.
func calendars(list []record.Calendar) map[string]hours {
	ready := map[string]hours{}
	for _, c := range list {
		if h, err := calendar.Of(c); err == nil {
			ready[c.ID] = h
		}
	}
	return ready
}

// open brings a queue's doors up to date, and has everybody who waits there looked at when they have moved.
func (e *Engine) open(q *queue, now record.Millis) {
	shut, turns := q.h.Routing.Closed, record.Millis(0)
	if q.hours != nil {
		t := now.Time()
		shut = shut || !q.hours.Open(t)
		if change, ok := q.hours.Next(t); ok {
			turns = max(record.At(change), now+1)
		}
	}
	q.turns = turns
	e.timers.set(&q.timer, turns)
	if shut != q.shut {
		q.shut = shut
		e.touchLine(q)
		e.touchStale(q)
	}
}

// opens is when a closed queue opens by itself; 0: nobody knows.
func (q *queue) opens() record.Millis {
	if q.h.Routing.Closed {
		return 0
	}
	return q.turns
}

// tellClosed tells who waits in a closed queue so, once a wait.
func (e *Engine) tellClosed(c *conv, now record.Millis) bool {
	text := c.queue.h.Routing.ClosedText
	if !c.queue.shut || text == "" {
		return false
	}
	return e.tell(c, text, record.OverClosed, WhyTellClosed, now)
}
