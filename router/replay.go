package router

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"tamas/inbox/record"
)

// What becomes of a recorded decision that is computed again.
const (
	Agrees    = "agrees"
	Differs   = "differs"
	Unchecked = "unchecked" // something that it takes is not there
)

// Replayed is a recorded decision beside what the engine makes of the same events, policy and time.
type Replayed struct {
	Event   record.Event `json:"event"`
	Verdict string       `json:"verdict"`
	Words   []string     `json:"words,omitempty"` // the differences, or what is missing
}

// Replay computes decisions again, each from nothing but the record: the recorded events up to the last one that its reason names, the
// policy that is kept under its hash, and what its reason says was pending. They come in the order of the record.
func Replay(ctx context.Context, db *record.DB, f record.DecidedFilter) ([]Replayed, error) {
	events, err := db.Decided(ctx, f)
	if err != nil {
		return nil, err
	}
	var list []Replayed
	for i := range events {
		if e := &events[i]; e.By == self && e.Reason.Engine > 0 {
			list = append(list, Replayed{Event: *e})
		}
	}
	byCall := make([]*Replayed, len(list)) // decisions of one Decide side by side, in the order in which the events go by
	for i := range list {
		byCall[i] = &list[i]
	}
	slices.SortStableFunc(byCall, func(a, b *Replayed) int {
		x, y := a.Event.Reason, b.Event.Reason
		return cmp.Or(cmp.Compare(x.Last.N, y.Last.N), cmp.Compare(x.Last.Token, y.Last.Token), cmp.Compare(x.Now, y.Now),
			cmp.Compare(x.Policy, y.Policy), bytes.Compare(x.Pending, y.Pending))
	})
	p := &past{db: db, conversations: map[string]record.Conversation{}, agents: map[string]record.Agent{}, policies: map[string]policyText{}}
	for len(byCall) > 0 {
		n := 1
		for n < len(byCall) && sameCall(byCall[0].Event.Reason, byCall[n].Event.Reason) {
			n++
		}
		if err := p.check(ctx, byCall[:n]); err != nil {
			return nil, err
		}
		byCall = byCall[n:]
	}
	return list, nil
}

// sameCall tells that both were made by the same call of Decide, or by two that cannot be told apart.
func sameCall(a, b *record.Why) bool {
	return a.Last == b.Last && a.Now == b.Now && a.Policy == b.Policy && a.Engine == b.Engine && a.Cut == b.Cut && bytes.Equal(a.Pending, b.Pending)
}

// past is the live state as of an event, made from the record.
type past struct {
	db            *record.DB
	last          record.ID // of the newest event that has gone by
	conversations map[string]record.Conversation
	agents        map[string]record.Agent
	policies      map[string]policyText
}

// check computes one call of Decide again and compares what was recorded of it.
func (p *past) check(ctx context.Context, list []*Replayed) error {
	why := list[0].Event.Reason
	all := func(words string) error {
		for _, r := range list {
			r.Verdict, r.Words = Unchecked, []string{words}
		}
		return nil
	}
	switch {
	case why.Policy == "":
		return all("It was made before policies were kept.")
	case why.Engine != EngineVersion:
		return all(fmt.Sprintf("It was made by version %d of the engine; this is version %d.", why.Engine, EngineVersion))
	case why.Cut > 0:
		return all(fmt.Sprintf("%d decisions that stood when it was made were left out of its reason.", why.Cut))
	case why.Last.IsZero():
		return all("It was not certain which events the router had seen.")
	}
	policy, ok := p.policies[why.Policy]
	if !ok {
		text, err := p.db.Policy(ctx, why.Policy)
		if errors.Is(err, record.ErrNotFound) {
			return all(fmt.Sprintf("The record does not have the policy %s.", why.Policy))
		}
		if err != nil {
			return err
		}
		if policy, err = readPolicy(why.Policy, text); err != nil {
			return all(err.Error())
		}
		p.policies[why.Policy] = policy
	}
	var pending []Pending
	if len(why.Pending) > 0 {
		if err := json.Unmarshal(why.Pending, &pending); err != nil {
			return all("What was pending cannot be read: " + err.Error())
		}
	}
	if err := p.advance(ctx, why.Last.N); err != nil {
		return err
	}
	if p.last.N == why.Last.N && p.last != why.Last {
		return all(fmt.Sprintf("It was made on event %s, which was lost before it was recorded; %s stands in its place.", why.Last, p.last))
	}

	e := New(policy.Policy)
	e.Settings(policy.Rules)
	e.Load(why.Last, p.live(list), slices.SortedFunc(maps.Values(p.agents), func(a, b record.Agent) int { return cmp.Compare(a.ID, b.ID) }))
	e.Pend(pending)
	made := map[string][]byte{}
	for _, d := range e.Decide(why.Now) {
		d.Why.Policy, d.Why.Pending = why.Policy, why.Pending
		text, err := json.Marshal(decided(d))
		if err != nil {
			return err
		}
		made[about(d.Conversation, d.Agent)] = text
	}
	for _, r := range list {
		d := recorded(&r.Event)
		text, err := json.Marshal(decided(d))
		if err != nil {
			return err
		}
		switch now := made[about(d.Conversation, d.Agent)]; {
		case bytes.Equal(text, now):
			r.Verdict = Agrees
		case now == nil:
			r.Verdict, r.Words = Differs, []string{"The engine decides nothing of the kind."}
		default:
			r.Verdict, r.Words = Differs, differences(text, now)
		}
	}
	return nil
}

// about is what a decision is on: a conversation or an agent.
func about(conversation, agent string) string {
	if conversation != "" {
		return conversation
	}
	return "agent " + agent
}

// advance lets the events up to number n go by.
func (p *past) advance(ctx context.Context, n uint64) error {
	if n <= p.last.N {
		return nil
	}
	return p.db.EachEvent(ctx, p.last.N, n, func(e *record.Event) error {
		p.last = e.ID
		if e.Kind == record.EvUnreadable { // the log had it whole
			if raw, _, err := p.db.Unreadable(ctx, e.ID.N); err == nil {
				whole := record.Event{}
				if json.Unmarshal(raw, &whole) == nil {
					e = &whole
				}
			} else if !errors.Is(err, record.ErrNotFound) {
				return err
			}
		}
		if c := e.Conversation; c != nil && p.conversations[c.ID].Version < c.Version {
			if e.Kind == record.EvClosed {
				delete(p.conversations, c.ID)
			} else {
				p.conversations[c.ID] = *c
			}
		}
		for _, a := range e.Agents {
			if p.agents[a.ID].Version < a.Version {
				p.agents[a.ID] = a
			}
		}
		return nil
	})
}

// live gives the conversations that the engine had, without those that are over: of them it decides only that they leave.
func (p *past) live(list []*Replayed) []record.Conversation {
	asked := map[string]bool{}
	for _, r := range list {
		if c := r.Event.Conversation; c != nil {
			asked[c.ID] = true
		}
	}
	var live []record.Conversation
	for id, c := range p.conversations {
		if c.Open() || asked[id] {
			live = append(live, c)
		}
	}
	slices.SortFunc(live, func(a, b record.Conversation) int { return cmp.Compare(a.ID, b.ID) })
	return live
}

// recorded reads from an event the decision that it carried out, as far as it shows.
func recorded(e *record.Event) Decision {
	d := Decision{Why: *e.Reason}
	if c := e.Conversation; c != nil {
		d.Conversation, d.Version = c.ID, c.Version-1
	}
	switch e.Kind {
	case record.EvOffered:
		d.Action, d.Agent, d.Until = ActOffer, e.Conversation.OfferedTo, e.Conversation.OfferUntil
	case record.EvAssigned:
		d.Action, d.Agent = ActPush, e.Conversation.Owner
	case record.EvAgent:
		d.Action = ActState
		if len(e.Agents) > 0 {
			d.Agent, d.Version, d.State = e.Agents[0].ID, e.Agents[0].Version-1, e.Agents[0].State
		}
	case record.EvOverflowed:
		d.Action, d.Queue = e.Kind, e.Conversation.Queue
	case record.EvTold, record.EvQueued: // a text goes out as a message where the channel has it so
		d.Action = record.EvTold
		if n := len(e.Conversation.ToldText); n > 0 {
			d.Reason = e.Conversation.ToldText[n-1]
		}
	default:
		d.Action = e.Kind
	}
	return d
}

// decided is a decision as recorded shows it: what an event does not show is left out.
func decided(d Decision) Decision {
	kinds := map[string]string{ActTimeout: record.EvTimedOut, ActRequeue: record.EvRequeued, ActWake: record.EvWoken, ActClose: record.EvClosed,
		ActOverflow: record.EvOverflowed, ActTell: record.EvTold, ActRelease: record.EvReleased, ActSLA: record.EvSLA}
	if kind, ok := kinds[d.Action]; ok {
		d.Action, d.Agent, d.Text = kind, "", ""
		if kind != record.EvTold { // of the others the reason's code says it
			d.Reason = ""
		}
	}
	return d
}

// differences tells two decisions apart, field by field.
func differences(recorded, computed []byte) (words []string) {
	a, b := fields(recorded), fields(computed)
	names := map[string]bool{}
	for name := range a {
		names[name] = true
	}
	for name := range b {
		names[name] = true
	}
	show := func(v json.RawMessage) string {
		if v == nil {
			return "nothing"
		}
		return string(v)
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if !bytes.Equal(a[name], b[name]) {
			words = append(words, fmt.Sprintf("%s: recorded %s, computed %s", strings.ToLower(name), show(a[name]), show(b[name])))
		}
	}
	return words
}

// fields takes a decision apart; a reason's fields stand beside the decision's.
func fields(text []byte) map[string]json.RawMessage {
	var m, why map[string]json.RawMessage
	_ = json.Unmarshal(text, &m)
	_ = json.Unmarshal(m["Why"], &why)
	delete(m, "Why")
	for name, v := range why {
		m["why "+name] = v
	}
	return m
}
