package router

import (
	"errors"
	"fmt"
	"maps"
	"math/rand"
	"slices"

	"tamas/inbox/record"
)

// world is a model of the hub: the live state, its state machine as far as routing goes, and the log of what
// happened. It refuses as the hub does: by version, by state, by capacity.
type world struct {
	now    record.Millis
	n      uint64
	convs  map[string]*record.Conversation
	agents map[string]*record.Agent
	users  map[string]*record.User
	queues map[string]*record.Queue
	log    []record.Event // not delivered to the engine yet
	keep   bool           // a requeue of an offer keeps Declined

	asked map[[2]string]record.Millis // conversation, agent → refusal in the conversation's present round
}

var errStale = errors.New("conflict")

func newWorld(rnd *rand.Rand) *world {
	w := &world{now: 1_000_000, keep: rnd.Intn(2) == 0, convs: map[string]*record.Conversation{}, agents: map[string]*record.Agent{},
		users: map[string]*record.User{}, queues: map[string]*record.Queue{}, asked: map[[2]string]record.Millis{}}
	for i := range 1 + rnd.Intn(7) {
		id := fmt.Sprintf("u%02d", i)
		w.users[id] = &record.User{ID: id, Capacity: rnd.Intn(6)}
		w.agents[id] = &record.Agent{ID: id, Version: 1, State: record.Available, Held: map[string]int{}}
	}
	for i := range 1 + rnd.Intn(4) {
		id := fmt.Sprintf("q%d", i)
		w.queues[id] = &record.Queue{ID: id}
		w.shuffleQueue(id, rnd)
	}
	return w
}

func (w *world) shuffleQueue(id string, rnd *rand.Rand) {
	q := *w.queues[id]
	q.Mode = []string{ModePush, ModeOffer, ModeOffer, ModeOffer, ModePull, ""}[rnd.Intn(6)]
	q.OfferSeconds = rnd.Intn(3) * 20
	q.WrapUpSecs = rnd.Intn(2) * 15
	q.Members = nil
	for _, u := range sorted(w.users) {
		if rnd.Intn(3) > 0 {
			q.Members = append(q.Members, u)
		}
	}
	w.queues[id] = &q
}

func sorted[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }

func (w *world) settings() (r Rules) {
	for _, id := range sorted(w.queues) {
		r.Queues = append(r.Queues, *w.queues[id])
	}
	for _, id := range sorted(w.users) {
		r.Users = append(r.Users, *w.users[id])
	}
	return r
}

func (w *world) headers() (convs []record.Conversation, agents []record.Agent) {
	for _, c := range w.convs {
		convs = append(convs, *c)
	}
	for _, a := range w.agents {
		agents = append(agents, *a)
	}
	return convs, agents
}

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
		c.Declined = slices.Clone(c.Declined)
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
	t.conv.OfferedTo, t.conv.OfferUntil = "", 0
}

func (t *tx) give(id string) error {
	a, u := t.of(id), t.w.users[id]
	_, held := a.Held[t.conv.ID]
	if u.Disabled || !held && a.Used()+t.conv.Units > u.Capacity {
		return errors.New("over_capacity")
	}
	a.Held[t.conv.ID] = t.conv.Units
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
	c.OfferedTo, c.OfferUntil, c.Prefer, c.SnoozedUntil, c.ReopenUntil = "", 0, "", 0, 0
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
	c.Status, c.Owner, c.SnoozedUntil, c.ReopenUntil = record.Waiting, "", 0, 0
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
			h.WaitingSince = c.Unanswered
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
	default:
		panic("unknown action " + d.Action)
	}
	t.commit(kind)
	return nil
}

// happen lets something random happen that is not the router's doing, and says what.
func (w *world) happen(rnd *rand.Rand) string {
	pick := func(list []string) string {
		if len(list) == 0 {
			return ""
		}
		return list[rnd.Intn(len(list))]
	}
	some := func(status ...record.Status) string {
		var ids []string
		for _, id := range sorted(w.convs) {
			if slices.Contains(status, w.convs[id].Status) {
				ids = append(ids, id)
			}
		}
		return pick(ids)
	}
	agent := pick(sorted(w.users))
	switch what := rnd.Intn(20); what {
	case 0, 1, 2, 3: // a new customer
		if len(w.convs) > 40 {
			return "full"
		}
		id := fmt.Sprintf("c%05d", w.n)
		c := record.Conversation{ID: id, Version: 0, Queue: pick(append(sorted(w.queues), "q0", "gone")), Status: record.Waiting, Units: 1 + rnd.Intn(8)/6,
			Priority: rnd.Intn(4) / 3 * 2, WaitingSince: w.now, Unanswered: w.now, CreatedAt: w.now}
		w.convs[id] = &c
		w.change(id).commit(record.EvReceived)
		return "arrival " + id + " in " + c.Queue
	case 4: // the customer writes again
		id := some(record.Active, record.Snoozed, record.Resolved)
		if id == "" {
			return "nobody"
		}
		t := w.change(id)
		if t.conv.Unanswered == 0 {
			t.conv.Unanswered = w.now
		}
		if t.conv.Status != record.Active {
			t.conv.Prefer, t.conv.WaitingSince = t.conv.Owner, 0
			t.queue(w.now)
		}
		t.commit(record.EvReceived)
		return "message in " + id
	case 5, 6, 7:
		id := some(record.Offered)
		if id == "" {
			return "no offer"
		}
		t := w.change(id)
		if t.own(t.conv.OfferedTo) == nil {
			t.commit(record.EvAccepted)
		}
		return "accept " + id
	case 8:
		id := some(record.Offered)
		if id == "" {
			return "no offer"
		}
		t := w.change(id)
		by := t.conv.OfferedTo
		t.queue(w.now)
		t.refused(by)
		t.commit(record.EvDeclined)
		return "decline " + id + " by " + by
	case 9, 10:
		id := some(record.Active)
		if id == "" {
			return "nothing active"
		}
		t := w.change(id)
		owner := t.conv.Owner
		t.letGo()
		if secs := w.secs(t.conv.Queue); secs > 0 && w.agents[owner].State == record.Available {
			a := t.of(owner)
			a.State, a.Since, a.WrapUpUntil = record.WrapUp, w.now, w.now+record.Millis(secs)*1000
		}
		t.conv.Status, t.conv.Unanswered, t.conv.WaitingSince, t.conv.ReopenUntil = record.Resolved, 0, 0, w.now+record.Millis(rnd.Intn(200_000))
		t.commit(record.EvResolved)
		return "resolve " + id
	case 11:
		id := some(record.Active)
		if id == "" {
			return "nothing active"
		}
		t := w.change(id)
		t.conv.Unanswered, t.conv.WaitingSince = 0, 0
		t.commit(record.EvQueued)
		return "reply " + id
	case 12:
		id := some(record.Active, record.Waiting, record.Offered)
		if id == "" {
			return "nothing to transfer"
		}
		t := w.change(id)
		since := t.conv.WaitingSince
		if since == 0 {
			since = max(t.conv.Unanswered, w.now)
		}
		t.newRound()
		t.conv.Prefer = ""
		if rnd.Intn(2) == 0 {
			t.conv.Queue = pick(sorted(w.queues))
		} else {
			t.conv.Prefer = agent
		}
		t.conv.WaitingSince = 0
		t.queue(since)
		t.commit(record.EvTransfer)
		return "transfer " + id + " to " + t.conv.Queue + " " + t.conv.Prefer
	case 13:
		id := some(record.Active, record.Waiting)
		if id == "" {
			return "nothing to snooze"
		}
		t := w.change(id)
		t.letGo()
		if t.conv.Owner == "" {
			t.conv.Owner = agent
		}
		t.conv.Status, t.conv.SnoozedUntil, t.conv.WaitingSince = record.Snoozed, w.now+record.Millis(rnd.Intn(100_000)), 0
		t.commit(record.EvSnoozed)
		return "snooze " + id
	case 14, 15:
		t := w.change("")
		a := t.of(agent)
		a.State = []record.AgentState{record.Offline, record.Available, record.Available, record.Available, record.Busy, record.Break, record.WrapUp}[rnd.Intn(7)]
		a.WrapUpUntil = 0
		if a.State == record.WrapUp && rnd.Intn(2) == 0 {
			a.WrapUpUntil = w.now + 20_000
		}
		a.Since = w.now
		t.commit(record.EvAgent)
		return "state of " + agent + ": " + string(a.State)
	case 16:
		t := w.change("")
		a := t.of(agent)
		if a.LostAt == 0 {
			a.LostAt = w.now
		} else {
			a.LostAt = 0
		}
		t.commit(record.EvAgent)
		return fmt.Sprintf("socket of %s lost: %v", agent, a.LostAt > 0)
	case 17: // a supervisor assigns, or somebody claims
		id := some(record.Active, record.Waiting, record.Offered)
		if id == "" {
			return "nothing to assign"
		}
		t := w.change(id)
		if t.own(agent) == nil {
			t.commit(record.EvAssigned)
		}
		return "assign " + id + " to " + agent
	case 18:
		id := some(record.Waiting, record.Offered)
		if id == "" {
			return "nothing waits"
		}
		t := w.change(id)
		t.conv.Priority = rnd.Intn(3)
		t.commit(record.EvChanged)
		return "priority " + id
	default:
		if rnd.Intn(4) > 0 {
			return "settings stay"
		}
		if rnd.Intn(2) == 0 {
			w.shuffleQueue(pick(sorted(w.queues)), rnd)
		} else {
			u := *w.users[agent]
			u.Capacity, u.Disabled = rnd.Intn(6), rnd.Intn(6) == 0
			w.users[agent] = &u
		}
		return "settings"
	}
}

func (w *world) secs(queue string) int {
	if q := w.queues[queue]; q != nil {
		return q.WrapUpSecs
	}
	return 0
}
