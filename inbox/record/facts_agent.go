package record

import "math"

// longestPiece bounds At to At+Value of a FactState: longer ones are cut at its multiples.
const longestPiece = Millis(6 * 3600_000)

// agentFold is what is remembered of an agent: a line of time on which state and work in hand change.
type agentFold struct {
	ID      string     `json:"id"`
	Version int64      `json:"v,omitempty"`
	State   AgentState `json:"state,omitempty"`
	Reason  string     `json:"reason,omitempty"`
	Since   Millis     `json:"since"`          // up to when time has been counted
	Work    int        `json:"work,omitempty"` // conversations in hand
	// Attention is a clock that runs by 1/Work of the time while the agent attends to conversations: what it went on by from a
	// conversation's beginning to its end is the conversation's share.
	Attention float64 `json:"attention,omitempty"` // ms
	Wrap      *wrapUp `json:"wrap,omitempty"`
}

// wrapUp is a conversation that is resolved, and measured as handled when its wrap-up is over.
type wrapUp struct {
	Fact      Fact    `json:"fact"`
	Since     Millis  `json:"since"`
	Attention float64 `json:"attention"` // at Since
}

// handling tells that the agent works on something.
func (a *agentFold) handling() bool {
	return a.State == WrapUp || a.Work > 0 && (a.State == Available || a.State == Busy)
}

// open is the state that goes on, from where time has been counted; nil when there is nothing to count.
func (a *agentFold) open(until Millis) *Fact {
	if a.State == "" || a.State == Offline || until <= a.Since {
		return nil
	}
	f := &Fact{Kind: FactState, Agent: a.ID, Reason: string(a.State), At: a.Since, Value: int64(until - a.Since), OK: a.handling()}
	if a.State == Break && a.Reason != "" {
		f.Reason += "/" + a.Reason
	}
	if f.OK {
		f.Second = f.Value * int64(max(a.Work, 1))
	}
	return f
}

// count brings an agent's time up to at, before its state or work changes.
func (f *fold) count(a *agentFold, at Millis, n uint64) {
	piece := a.open(at)
	if piece != nil {
		if piece.OK {
			a.Attention += float64(piece.Value) / float64(max(a.Work, 1))
		}
		piece.N = n
		for from, until := piece.At, at; from < until; {
			next := min(until, (from/longestPiece+1)*longestPiece)
			p := *piece
			p.At, p.Value, p.Second = from, int64(next-from), piece.Second/piece.Value*int64(next-from)
			f.fact(p)
			from = next
		}
	}
	a.Since = max(a.Since, at)
}

// work notes that an agent has taken something in hand or let go of it.
func (f *fold) work(id string, by int, at Millis, n uint64) *agentFold {
	a := f.agent(id)
	f.count(a, at, n)
	a.Work = max(a.Work+by, 0)
	return a
}

// agentIs takes an agent's new header.
func (f *fold) agentIs(h *Agent, e *Event) {
	a := f.agent(h.ID)
	if h.Version <= a.Version {
		return
	}
	a.Version = h.Version
	if h.State == a.State && (h.Reason == a.Reason || h.State != Break) && (a.Wrap == nil || h.WrapUp == "" || h.WrapUp == a.Wrap.Fact.Conversation) {
		return
	}
	f.count(a, e.At, e.ID.N)
	if a.Wrap != nil && (h.State != WrapUp || h.WrapUp != "" && h.WrapUp != a.Wrap.Fact.Conversation) {
		f.unwrap(a, e)
	}
	a.State, a.Reason = h.State, h.Reason
}

// unwrap ends a wrap-up and with it what was handled.
func (f *fold) unwrap(a *agentFold, e *Event) {
	w := a.Wrap
	a.Wrap, a.Work = nil, max(a.Work-1, 0)
	w.Fact.N = e.ID.N
	w.Fact.Value += int64(max(e.At-w.Since, 0))
	w.Fact.Second += int64(math.Round(a.Attention - w.Attention))
	f.fact(w.Fact)
}
