package router

import "tamas/inbox/record"

// EngineVersion stands in every stored reason: decisions of one version can be computed again by it.
const EngineVersion = 4

// Policy is what the engine goes by, besides the rules. Times are in milliseconds.
type Policy struct {
	Grace    record.Millis // from the loss of an agent's last socket until the agent counts as gone, when the rules do not say
	Round    record.Millis // from a round's last refusal until those who refused may be asked again, likewise
	Offer    record.Millis // how long an offer stands in a queue that does not say
	Patience record.Millis // after which a decision that was never heard of is made anew
	Backoff  record.Millis // first pause after a refused decision when no news arrives; doubles up to Patience
}

// DefaultPolicy is what a small team never needs to change.
func DefaultPolicy() Policy {
	return Policy{
		Grace:    30_000,
		Round:    30_000,
		Offer:    30_000,
		Patience: 10_000,
		Backoff:  250,
	}
}
