package inbox

import "tamas/inbox/record"

// routed decides the router's and the timers' commands.
func (s *state) routed(cmd *Command) (*record.Event, error) {
	conv := &s.conv
	kinds := map[string]string{Offer: record.EvOffered, Push: record.EvAssigned, TimeOut: record.EvTimedOut, Requeue: record.EvRequeued, Close: record.EvClosed}
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
			h.Prefer = ""
		}
		if a := c.of(agent); a.State == record.Available && a.LostAt == 0 {
			a.State, a.Since = record.NotResponding, s.now
		}
	case Requeue:
		if conv.Status == record.Waiting && len(conv.Declined) == 0 || conv.Status == record.Resolved || conv.Status == record.Snoozed {
			return nil, s.conflict("There is nothing to put back.")
		}
		if conv.Status == record.Active {
			h.Prefer = conv.Owner
			h.WaitingSince = conv.Unanswered
		}
		if conv.Status != record.Offered { // an offer that is pulled back does not end the round
			h.Declined, h.DeclinedAt = nil, 0
		}
		c.queue(s.now)
	case Close:
		if conv.Status != record.Resolved || conv.ReopenUntil > s.now {
			return nil, s.conflict("It is not over yet.")
		}
	}
	return c.e, nil
}
