package inbox

import (
	"slices"

	"tamas/inbox/record"
)

// routed decides the router's and the timers' commands.
func (s *state) routed(cmd *Command) (*record.Event, error) {
	conv := &s.conv
	kinds := map[string]string{Offer: record.EvOffered, Push: record.EvAssigned, TimeOut: record.EvTimedOut, Requeue: record.EvRequeued, Close: record.EvClosed,
		Overflow: record.EvOverflowed, Release: record.EvReleased}
	switch cmd.Action {
	case Tell:
		return s.tell(cmd)
	case Left:
		return s.left(cmd)
	case SLAClock:
		return s.slaClock(cmd)
	}
	kind, ok := kinds[cmd.Action]
	if !ok {
		return nil, invalid("action", "There is no such action.")
	}
	c := s.change(kind, cmd.By)
	c.e.Reason = cmd.Why
	h := c.e.Conversation
	switch cmd.Action {
	case Offer, Push:
		if conv.Status != record.Waiting {
			return nil, s.conflict("It does not wait any more.")
		}
		if a := s.agent(cmd.Agent); a.State != record.Available {
			return nil, s.conflict("The agent is not available any more.")
		}
		if cmd.Action == Push {
			return c.e, c.own(cmd.Agent)
		}
		if err := c.give(cmd.Agent); err != nil {
			return nil, err
		}
		h.Status, h.OfferedTo, h.OfferUntil = record.Offered, cmd.Agent, cmd.Until
	case TimeOut:
		if conv.Status != record.Offered {
			return nil, s.conflict("It is not offered any more.")
		}
		agent := conv.OfferedTo
		c.queue(s.now)
		h.Declined, h.DeclinedAt = append(h.Declined, agent), s.now
		if h.Prefer == agent {
			c.unprefer()
		}
		if a := c.of(agent); a.State == record.Available && a.LostAt == 0 {
			a.State, a.Since, a.StateBy = record.NotResponding, s.now, ""
		}
	case Requeue:
		if conv.Status == record.Waiting && len(conv.Declined) == 0 || conv.Status == record.Resolved || conv.Status == record.Snoozed {
			return nil, s.conflict("There is nothing to put back.")
		}
		if conv.Status != record.Offered { // an offer that is pulled back does not end the round
			h.Declined, h.DeclinedAt = nil, 0
		}
		if conv.Status == record.Active {
			h.WaitingSince = conv.Unanswered
			c.queueBack(s.now)
		} else {
			c.queue(s.now)
		}
	case Overflow:
		q, ok := s.set.Queues[cmd.Queue]
		switch {
		case conv.Status != record.Waiting:
			return nil, s.conflict("It does not wait any more.")
		case !ok || q.Archived:
			return nil, invalid("queue", "There is no such queue.")
		case cmd.Queue == conv.Queue || slices.Contains(conv.Hops, cmd.Queue) || len(conv.Hops) >= record.MaxHops:
			return nil, s.conflict("It has overflowed enough.")
		}
		if c.e.Reason == nil {
			c.e.Reason = &record.Why{Code: cmd.Reason}
		}
		h.Hops, h.Queue = append(h.Hops, conv.Queue), cmd.Queue
		h.Declined, h.DeclinedAt, h.StickyUntil = nil, 0, 0
		c.queue(s.now)
	case Release:
		if conv.Status != record.Active || conv.Released || conv.Unanswered != 0 {
			return nil, s.conflict("Its units are not to be released.")
		}
		delete(c.of(conv.Owner).Held, conv.ID)
		h.Released = true
	case Close:
		if conv.Status != record.Resolved || conv.ReopenUntil > s.now && !cmd.On {
			return nil, s.conflict("It is not over yet.")
		}
		h.ReopenUntil = min(conv.ReopenUntil, s.now)
	}
	return c.e, nil
}
