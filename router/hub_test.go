package router

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"tamas/inbox/record"
)

var errStale = errors.New("conflict")

// tx is one event in the making; headers are copied on their first change.
type tx struct {
	w      *world
	conv   *record.Conversation
	agents map[string]*record.Agent
}

func (w *world) change(id string) *tx {
	t := &tx{w: w, agents: map[string]*record.Agent{}}
	if id != "" {
		c := *w.convs[id]
		c.Version++
		c.Declined, c.Hops, c.ToldText = slices.Clone(c.Declined), slices.Clone(c.Hops), slices.Clone(c.ToldText)
		t.conv = &c
	}
	return t
}

func (t *tx) of(id string) *record.Agent {
	if t.agents[id] == nil {
		a := *t.w.agents[id]
		a.Version++
		a.Held = maps.Clone(a.Held)
		t.agents[id] = &a
	}
	return t.agents[id]
}

func (t *tx) letGo() {
	for id, a := range t.w.agents {
		if _, ok := a.Held[t.conv.ID]; ok {
			delete(t.of(id).Held, t.conv.ID)
		}
	}
	t.conv.OfferedTo, t.conv.OfferUntil, t.conv.Released = "", 0, false
}

func (t *tx) give(id string) error {
	a, u := t.of(id), t.w.users[id]
	_, held := a.Held[t.conv.ID]
	units := t.conv.Units
	full := a.Used()+units > u.Capacity
	if units == record.AllUnits {
		units = u.Capacity
		full = a.Used() > 0 || u.Capacity == 0
	}
	for id := range a.Held {
		full = full || t.w.convs[id].Units == record.AllUnits
	}
	if u.Disabled || !held && full {
		return errors.New("over_capacity")
	}
	if !held {
		a.Held[t.conv.ID] = units
	}
	a.TurnAt = t.w.now
	return nil
}

func (t *tx) own(id string) error {
	if err := t.give(id); err != nil {
		return err
	}
	for other, a := range t.w.agents {
		if _, ok := a.Held[t.conv.ID]; ok && other != id {
			delete(t.of(other).Held, t.conv.ID)
		}
	}
	c := t.conv
	c.Owner, c.Status, c.AssignedAt = id, record.Active, t.w.now
	c.OfferedTo, c.OfferUntil, c.Prefer, c.StickyUntil, c.SnoozedUntil, c.ReopenUntil = "", 0, "", 0, 0, 0
	c.Hops, c.ToldText, c.QueuedAt, c.Released = nil, nil, 0, false
	t.w.hops[c.ID] = 0
	t.newRound()
	t.of(id).IdleSince = t.w.now
	return nil
}

func (t *tx) newRound() {
	t.conv.Declined, t.conv.DeclinedAt = nil, 0
}

func (t *tx) queue(since record.Millis) {
	t.letGo()
	c := t.conv
	if c.Status != record.Waiting && c.Status != record.Offered {
		c.QueuedAt = t.w.now
		if q := t.w.queues[c.Queue]; q != nil && c.Prefer != "" {
			c.StickyUntil = t.w.now + record.Millis(q.Routing.StickySecs)*1000
		}
	}
	c.Status, c.Owner, c.SnoozedUntil, c.ReopenUntil, c.Released = record.Waiting, "", 0, 0, false
	if c.WaitingSince == 0 {
		c.WaitingSince = since
	}
}

func (t *tx) refused(by string) {
	if !slices.Contains(t.conv.Declined, by) {
		t.conv.Declined = append(t.conv.Declined, by)
	}
	t.conv.DeclinedAt = t.w.now
	if t.conv.Prefer == by {
		t.conv.Prefer = ""
	}
}

func (t *tx) commit(kind string) {
	w := t.w
	w.n++
	e := record.Event{V: 1, ID: record.ID{N: w.n, Token: w.n * 7}, Kind: kind, At: w.now}
	if c := t.conv; c != nil {
		e.Conversation = c
		if len(c.Declined) == 0 {
			for k := range w.asked {
				if k[0] == c.ID {
					delete(w.asked, k)
				}
			}
		}
		if kind == record.EvDeclined || kind == record.EvTimedOut {
			w.asked[[2]string{c.ID, c.Declined[len(c.Declined)-1]}] = w.now
		}
		if kind == record.EvClosed {
			delete(w.convs, c.ID)
		} else {
			w.convs[c.ID] = c
		}
	}
	for _, id := range sorted(t.agents) {
		w.agents[id] = t.agents[id]
		e.Agents = append(e.Agents, *t.agents[id])
	}
	w.log = append(w.log, e)
}

// do carries a decision out, or refuses it.
func (w *world) do(d Decision) error {
	if d.Action == ActState {
		a := w.agents[d.Agent]
		if a == nil || a.Version != d.Version {
			return errStale
		}
		t := w.change("")
		h := t.of(d.Agent)
		h.State, h.Since, h.WrapUpUntil = d.State, w.now, 0
		t.commit(record.EvAgent)
		return nil
	}
	c := w.convs[d.Conversation]
	if c == nil || c.Version != d.Version {
		return errStale
	}
	t := w.change(c.ID)
	h := t.conv
	kind := ""
	switch d.Action {
	case ActOffer, ActPush:
		if c.Status != record.Waiting || w.agents[d.Agent].State != record.Available {
			return errStale
		}
		if d.Action == ActPush {
			if err := t.own(d.Agent); err != nil {
				return err
			}
			kind = record.EvAssigned
			break
		}
		if err := t.give(d.Agent); err != nil {
			return err
		}
		h.Status, h.OfferedTo, h.OfferUntil = record.Offered, d.Agent, d.Until
		kind = record.EvOffered
	case ActTimeout:
		if c.Status != record.Offered {
			return errStale
		}
		agent := c.OfferedTo
		t.queue(w.now)
		t.refused(agent)
		if a := t.of(agent); a.State == record.Available {
			a.State, a.Since = record.NotResponding, w.now
		}
		kind = record.EvTimedOut
	case ActRequeue:
		if c.Status == record.Waiting && len(c.Declined) == 0 || c.Status == record.Resolved || c.Status == record.Snoozed {
			return errStale
		}
		if c.Status == record.Active {
			h.WaitingSince, h.Prefer = c.Unanswered, c.Owner
		}
		if !w.keep || c.Status != record.Offered {
			t.newRound()
		}
		t.queue(w.now)
		kind = record.EvRequeued
	case ActWake:
		if c.Status != record.Snoozed {
			return errStale
		}
		h.Prefer = c.Owner
		t.queue(w.now)
		kind = record.EvWoken
	case ActClose:
		if c.Status != record.Resolved || c.ReopenUntil > w.now {
			return errStale
		}
		kind = record.EvClosed
	case ActOverflow:
		if c.Status != record.Waiting || c.Queue == d.Queue || slices.Contains(c.Hops, d.Queue) || len(c.Hops) >= record.MaxHops {
			return errors.New("must not go there")
		}
		h.Hops, h.Queue, h.QueuedAt = append(h.Hops, c.Queue), d.Queue, w.now
		t.newRound()
		if w.hops[c.ID]++; w.hops[c.ID] > record.MaxHops {
			return errors.New("goes round for ever")
		}
		kind = record.EvOverflowed
	case ActTell:
		if c.Status != record.Waiting || slices.Contains(c.ToldText, d.Reason) || d.Text == "" {
			return errors.New("told already")
		}
		h.ToldText = append(h.ToldText, d.Reason)
		kind = record.EvTold
	case ActRelease:
		if c.Status != record.Active || c.Released || c.Unanswered > 0 {
			return errStale
		}
		t.letGo()
		h.Released = true
		kind = record.EvReleased
	case ActSLA:
		if !t.clock(d.Reason) {
			return errors.New("no such clock runs out")
		}
		kind = record.EvSLA
	default:
		panic("unknown action " + d.Action)
	}
	t.commit(kind)
	return nil
}

// clock marks a clock as warned or broken, if it is due.
func (t *tx) clock(code string) bool {
	what, kind, _ := strings.Cut(code, "/")
	if t.conv.SLA == nil {
		return false
	}
	s := *t.conv.SLA
	s.Clocks = slices.Clone(s.Clocks)
	t.conv.SLA = &s
	for i := range s.Clocks {
		k := &s.Clocks[i]
		if k.Kind != kind || k.MetAt > 0 || k.Due == 0 {
			continue
		}
		if what == "warn" && !k.Warned && k.WarnAt <= t.w.now {
			k.Warned, k.WarnAt = true, 0
			return true
		}
		if what == "broken" && !k.Broken && k.Due <= t.w.now {
			k.Broken = true
			return true
		}
	}
	return false
}

func (w *world) secs(queue string) int {
	if q := w.queues[queue]; q != nil {
		return q.WrapUpSecs
	}
	return 0
}
