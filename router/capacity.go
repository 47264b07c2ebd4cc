package router

import "tamas/inbox/record"

// all stands for record.AllUnits: heavier than anything that is counted.
const all = 1 << 30

// unitsOf is what a conversation takes: at least 1, or all.
func unitsOf(c *record.Conversation) int {
	if c.Units == record.AllUnits {
		return all
	}
	return max(1, c.Units)
}

// holdsWhole tells whether so many units fit into an agent who has nothing else.
func holdsWhole(capacity, units int) bool {
	return capacity >= units || units == all && capacity > 0
}

// roomFor tells whether so many units fit now, by the agent as last settled.
func (a *agent) roomFor(units int) bool {
	if units == all {
		return a.bare
	}
	return a.room >= units
}

// vacant is the units left after what is held and what is reserved; less than 0 when something woke into a full load. Who has one
// that takes all has none left, also when its capacity has grown since.
func (a *agent) vacant() int {
	if a.user == nil {
		return 0
	}
	for _, c := range a.holds {
		if c.h.Units == record.AllUnits && !c.h.Released {
			return 0
		}
	}
	for _, c := range a.pends {
		if c.h.Units == record.AllUnits && !c.pend.refused {
			return 0
		}
	}
	return a.user.Capacity - a.committed()
}

func (a *agent) committed() int {
	n := a.used
	for _, c := range a.pends {
		if !c.pend.refused {
			n += c.pend.units
		}
	}
	return n
}

// idle is since when the agent has had no new work. A live offer counts as work taken when it will run out, and so
// does one that is on its way.
func (a *agent) idle() record.Millis {
	idle := a.h.IdleSince
	for _, c := range a.holds {
		if c.h.Status == record.Offered {
			idle = max(idle, c.h.OfferUntil)
		}
	}
	for _, c := range a.pends {
		if !c.pend.refused {
			idle = max(idle, c.pend.idle)
		}
	}
	return idle
}

// turn is when the agent was last given something, or is about to be.
func (a *agent) turn() record.Millis {
	turn := a.h.TurnAt
	for _, c := range a.pends {
		if !c.pend.refused {
			turn = max(turn, c.pend.at)
		}
	}
	return turn
}

// releasedAt is when an active conversation's units become free because its customer is silent; 0: not by itself.
func (c *conv) releasedAt() record.Millis {
	secs := c.queue.h.Routing.ReleaseSecs
	if secs <= 0 || c.holder == nil || c.h.Status != record.Active || c.h.Released || c.h.Unanswered > 0 {
		return 0
	}
	return max(c.h.LastMessageAt, c.h.AssignedAt) + record.Millis(secs)*1000
}
