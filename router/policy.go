package router

import "tamas/inbox/record"

// EngineVersion stands in every stored reason: decisions of one version can be computed again by it.
const EngineVersion = 1

// Policy is what the engine goes by, besides the settings of queues and users. Times are in milliseconds.
type Policy struct {
	Grace    record.Millis // from the loss of an agent's last socket until the agent counts as gone
	Round    record.Millis // from a round's last refusal until those who refused may be asked again
	Offer    record.Millis // how long an offer stands in a queue that does not say
	Patience record.Millis // after which a decision that was never heard of is made anew
	Backoff  record.Millis // first pause after a refused decision when no news arrives; doubles up to Patience

	// Waiting gives the place in line: lower is served first, ties go to the older. It must not depend on the time.
	Waiting func(*record.Conversation) int64 `json:"-"`
	// Agents gives the order in which a queue's agents are asked.
	Agents func(*record.Queue) AgentOrder `json:"-"`
}

// DefaultPolicy is what a small team never needs to change.
func DefaultPolicy() Policy {
	return Policy{
		Grace:    30_000,
		Round:    30_000,
		Offer:    30_000,
		Patience: 10_000,
		Backoff:  250,
		Waiting:  ByScore,
		Agents:   func(*record.Queue) AgentOrder { return LongestIdle },
	}
}

const minute = 60_000 // in record.Millis

// ByScore orders by minutes waited + priority in minutes: all scores grow alike, so the moment at which the score
// was zero says it once and for all.
func ByScore(c *record.Conversation) int64 {
	return int64(c.WaitingSince) - int64(c.Priority)*minute
}

// AgentOrder is one way to rank agents who could all take a conversation. Key gives a lower number to who is asked
// first; ties go to who has been idle longest, then to who uses fewer units, then to the lower id. used counts what
// is reserved, too.
type AgentOrder struct {
	Name string // the reason's code when it decided
	Key  func(a *record.Agent, used, capacity int) int64
}

// LongestIdle leaves it all to the tie.
var LongestIdle = AgentOrder{"longest_idle", func(*record.Agent, int, int) int64 { return 0 }}
