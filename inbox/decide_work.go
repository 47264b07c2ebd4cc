package inbox

import "tamas/inbox/record"

func (a *attempt) take() (*record.Event, error) {
	conv, who := &a.conv, a.By.ID
	if conv.Status == record.Active && conv.Owner == who {
		return nil, errNothing
	}
	if a.Action == Accept && !(conv.Status == record.Offered && conv.OfferedTo == who) {
		return nil, a.conflict("This offer is over.")
	}
	if !a.free && !(conv.Status == record.Active && a.Supervisor) {
		return nil, a.conflict("Somebody else has this conversation already.")
	}
	if !a.takable && !a.Supervisor {
		return nil, a.notYours(a.Command)
	}
	c := a.steer(record.EvAccepted)
	if conv.Status == record.Resolved {
		c.e.Conversation.FirstResponseAt = 0
	}
	return c.e, c.own(who)
}

func (a *attempt) decline() (*record.Event, error) {
	who := a.By.ID
	if a.conv.Status != record.Offered || a.conv.OfferedTo != who {
		return nil, a.conflict("This offer is over.")
	}
	c := a.change(record.EvDeclined, a.By)
	c.queue(a.now)
	h := c.e.Conversation
	h.Declined, h.DeclinedAt = append(h.Declined, who), a.now
	if h.Prefer == who {
		c.unprefer()
	}
	return c.e, nil
}

func (a *attempt) snooze() (*record.Event, error) {
	if !a.mine && !a.takable {
		return nil, a.notYours(a.Command)
	}
	if a.Until <= a.now {
		return nil, invalid("until", "Choose a time to come.")
	}
	c := a.steer(record.EvSnoozed, "snoozed_until")
	c.letGo()
	h := c.e.Conversation
	if h.Owner == "" {
		h.Owner = a.By.ID
	}
	h.Status, h.SnoozedUntil, h.WaitingSince = record.Snoozed, a.Until, 0
	h.ResolvedAt, h.ReopenUntil, h.StickyUntil = 0, 0, 0
	return c.e, nil
}

func (a *attempt) wake() (*record.Event, error) {
	if a.conv.Status != record.Snoozed {
		return nil, errNothing
	}
	if !a.mine {
		return nil, a.notYours(a.Command)
	}
	c := a.steer(record.EvWoken, "snoozed_until")
	c.queueBack(a.now)
	return c.e, nil
}

func (a *attempt) resolve() (*record.Event, error) {
	if a.conv.Status == record.Resolved {
		return nil, errNothing
	}
	if !a.mine && !a.takable {
		return nil, a.notYours(a.Command)
	}
	c := a.steer(record.EvResolved)
	c.letGo()
	c.part()
	h := c.e.Conversation
	if h.Owner == "" && !a.system {
		h.Owner = a.By.ID
	}
	working := a.conv.Status == record.Active // who only closes what nobody had has nothing to wrap up
	if g := a.agent(h.Owner); working && g.State == record.Available && a.set.Queues[h.Queue].WrapUpSecs > 0 {
		w := c.of(h.Owner)
		w.State, w.Since, w.StateBy, w.WrapUp = record.WrapUp, a.now, "", h.ID
		w.WrapUpUntil = a.now + record.Millis(a.set.Queues[h.Queue].WrapUpSecs*1000)
	}
	h.Status, h.ResolvedAt, h.Unread, h.Unanswered, h.LeftAt = record.Resolved, a.now, 0, 0, 0
	h.WaitingSince, h.SnoozedUntil, h.Declined, h.DeclinedAt, h.Hops = 0, 0, nil, 0, nil
	c.unprefer()
	h.ReopenUntil = a.now + a.reopenWindow(h.Account)
	return c.e, nil
}

func (a *attempt) reopen() (*record.Event, error) {
	if a.conv.Status != record.Resolved {
		return nil, errNothing
	}
	if !a.mine && !a.takable {
		return nil, a.notYours(a.Command)
	}
	c := a.steer(record.EvReopened)
	c.e.Conversation.FirstResponseAt = 0
	g, user := a.agent(a.By.ID), a.set.Users[a.By.ID]
	if !a.system && a.fits(a.conv.Units, &g, &user) {
		return c.e, c.own(a.By.ID)
	}
	c.queueBack(a.now)
	return c.e, nil
}
