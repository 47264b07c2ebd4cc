package router

import "tamas/inbox/record"

const minute = 60_000 // in record.Millis

// score is what the order by score goes by: minutes waited + priority in minutes.
func score(c *record.Conversation, now record.Millis) float64 {
	return float64(now-c.Line(record.WaitScore)) / minute
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
