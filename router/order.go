package router

import "tamas/inbox/record"

const minute = 60_000 // in record.Millis

// promised is how long before its clock runs out a conversation stands beside those without a clock: see waitingKey.
const promised = 60 * minute

// byScore orders by minutes waited + priority in minutes: all scores grow alike, so the moment at which the score
// was zero says it once and for all.
func byScore(c *record.Conversation) int64 {
	return int64(c.WaitingSince) - int64(c.Priority)*minute
}

// score is what byScore orders by, in minutes.
func score(c *record.Conversation, now record.Millis) float64 {
	return float64(int64(now)-byScore(c)) / minute
}

// waitingKey gives the place in line, lower first, ties to the older. It does not depend on the time, so that nothing has to be
// sorted again when time passes, and it is one scale for both orders, so that an agent may serve queues of both: one whose
// clock runs out at some moment stands where one without a clock stands whose score was zero an hour before. Each key is passed by
// only so much later arrivals, whatever their clocks: nobody starves.
func waitingKey(c *record.Conversation, order string) int64 {
	if order == record.WaitSLA {
		if due := firstDue(c); due > 0 {
			return int64(due) - promised
		}
	}
	return byScore(c)
}

// load is what orders of agents look at. What is reserved counts as used.
type load struct {
	used, capacity int
	turn           record.Millis // when something was last given
}

// agentOrder is one way to rank agents who could all take a conversation: a lower key is asked first, ties go to who has been idle
// longest, then to who uses fewer units, then to the lower id.
type agentOrder struct {
	name string // the reason's code when it decided
	key  func(load) int64
}

func orderOf(name string) agentOrder {
	switch name {
	case record.OrderActive:
		return agentOrder{name, func(l load) int64 { return int64(l.used) }}
	case record.OrderAvailable:
		return agentOrder{name, func(l load) int64 { return int64(l.used - l.capacity) }}
	case record.OrderRatio: // exact: different fractions of capacities below 2^16 differ by more than 2^-32
		return agentOrder{name, func(l load) int64 { return int64(l.used) << 32 / int64(max(1, l.capacity)) }}
	case record.OrderRound:
		return agentOrder{name, func(l load) int64 { return int64(l.turn) }}
	}
	return agentOrder{record.OrderIdle, func(load) int64 { return 0 }}
}
