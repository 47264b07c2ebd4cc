package router

import (
	"cmp"
	"encoding/json"
	"slices"
)

// pendingOf gives what is pending where d was decided, or what is left of it.
func (e *Engine) pendingOf(d *Decision) (Pending, bool) {
	if d.Conversation != "" {
		if c := e.convs[d.Conversation]; c != nil && (c.pend != nil || c.tries > 0) {
			return entry(c.pend, d.Conversation, c.h.Version, c.tries), true
		}
	} else if a := e.agents[d.Agent]; a != nil && (a.pend != nil || a.tries > 0) {
		p := entry(a.pend, "", a.h.Version, a.tries)
		p.Agent = d.Agent
		return p, true
	}
	return Pending{}, false
}

// listed is what a reason says of the decisions that stood: at most maxPending, each once.
func listed(stood []Pending) (text json.RawMessage, cut int) {
	slices.SortFunc(stood, func(a, b Pending) int {
		return cmp.Or(cmp.Compare(a.Conversation, b.Conversation), cmp.Compare(a.Agent, b.Agent))
	})
	stood = slices.CompactFunc(stood, func(a, b Pending) bool {
		return a.Conversation == b.Conversation && (a.Conversation != "" || a.Agent == b.Agent)
	})
	if len(stood) == 0 {
		return nil, 0
	}
	if len(stood) > maxPending {
		stood, cut = stood[:maxPending], len(stood)-maxPending
	}
	text, err := json.Marshal(stood)
	if err != nil {
		panic(err) // plain structs
	}
	return text, cut
}
