package record

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// history writes random but plausible logs: conversations of a few customers in three queues, with four agents, over days.
type history struct {
	t       testing.TB
	rng     *rand.Rand
	now     Millis
	n       uint64
	written ID
	events  []Event // all of them
	unsent  []Event
	convs   []*Conversation
	agents  map[string]*Agent
	people  int
}

var (
	historyQueues = []string{"q1", "q2", "q3"}
	historyAgents = []string{"ada", "ben", "eve", "ida"}
)

func newHistory(t testing.TB, seed uint64, from time.Time) *history {
	h := &history{t: t, rng: rand.New(rand.NewPCG(seed, 7)), now: At(from), agents: map[string]*Agent{}, people: 12}
	for _, id := range historyAgents {
		h.agents[id] = &Agent{ID: id, State: Offline, Held: map[string]int{}}
	}
	return h
}

func (h *history) one(list ...string) string { return list[h.rng.IntN(len(list))] }

// emit appends an event that carries the conversation and the agents as they are now.
func (h *history) emit(e Event, c *Conversation, agents ...string) {
	h.n++
	e.V, e.ID, e.At = EventVersion, ID{h.n, h.rng.Uint64() | 1}, h.now
	if e.By.Kind == "" {
		e.By = Actor{Kind: "system", ID: "router"}
	}
	if c != nil {
		c.Version++
		x := *c
		x.Tags = slices.Clone(c.Tags)
		if c.SLA != nil {
			s := *c.SLA
			s.Clocks = slices.Clone(s.Clocks)
			x.SLA = &s
		}
		e.Conversation = &x
	}
	for _, id := range agents {
		a := h.agents[id]
		a.Version++
		x := *a
		x.Held = nil
		e.Agents = append(e.Agents, x)
	}
	if e.Touch != nil {
		e.Touch.ID = fmt.Sprintf("%016x", e.ID.Token)
		if e.Touch.At == 0 {
			e.Touch.At = h.now
		}
		e.Touch.N = 0
	}
	h.events = append(h.events, e)
	h.unsent = append(h.unsent, e)
}

func (h *history) flush(db *DB) {
	h.t.Helper()
	if len(h.unsent) == 0 {
		return
	}
	if err := db.Write(context.Background(), h.written, h.unsent); err != nil {
		h.t.Fatal(err)
	}
	h.written, h.unsent = h.unsent[len(h.unsent)-1].ID, nil
	// A customer's addresses on both channels are linked.
	if err := db.write(context.Background(), func(q querier) error {
		_, err := q.ExecContext(context.Background(), "UPDATE identities SET customer = 'customer of ' || substr(id, 1, 3)")
		return err
	}); err != nil {
		h.t.Fatal(err)
	}
}

func person(id string) Actor { return Actor{Kind: "agent", ID: id} }

// step does one random thing.
func (h *history) step() {
	switch h.rng.IntN(12) {
	case 0:
		h.now += Millis(h.rng.IntN(7 * 3600_000)) // over half hours, midnight, a change of the clocks
	case 1, 2, 3:
		h.now += Millis(h.rng.IntN(40 * 60_000))
	default:
		h.now += Millis(h.rng.IntN(90_000))
	}
	switch r := h.rng.IntN(20); {
	case r < 4 || len(h.convs) == 0:
		h.message()
	case r < 7:
		h.state()
	default:
		h.act(h.convs[max(0, len(h.convs)-1-h.rng.IntN(8))])
	}
}

func (h *history) in(c *Conversation) *Touch {
	t := &Touch{Kind: KindMessage, Conversation: c.ID, Identity: c.Identity, Account: c.Account, Channel: c.Channel, Inbound: true,
		Author: Actor{Kind: "customer"}, State: StateReceived, Key: fmt.Sprint("k", h.n), Body: &Body{Text: "words"}}
	switch h.rng.IntN(12) {
	case 0:
		t.At = h.now - Millis(h.rng.IntN(9*24*3600_000)) // it comes late
	case 1:
		t.At = h.now + 50_000 // the sender's clock is ahead
	case 2:
		t.AutoReply = true
	}
	return t
}

func (h *history) identity(c *Conversation) *Identity {
	return &Identity{ID: c.Identity, Customer: "customer of " + c.Identity, Channel: c.Channel, Address: c.Identity}
}

// message comes from a customer, into a new conversation or one that is there.
func (h *history) message() {
	var c *Conversation
	if len(h.convs) > 0 && h.rng.IntN(2) == 0 {
		c = h.convs[h.rng.IntN(len(h.convs))]
	}
	by := Actor{Kind: "customer"}
	if c == nil || c.Status == "closed" {
		channel := h.one("sms", "email")
		c = &Conversation{ID: fmt.Sprintf("c%03d", len(h.convs)), Number: int64(len(h.convs) + 1), Account: "acct-" + channel, Channel: channel,
			Identity: fmt.Sprintf("%03d-%s", h.rng.IntN(h.people), channel), Thread: fmt.Sprint("t", len(h.convs)), Queue: h.one(historyQueues...),
			Status: Waiting, Units: 1, CreatedAt: h.now, WaitingSince: h.now}
		h.convs = append(h.convs, c)
	} else if c.Status == Snoozed || c.Status == Resolved {
		if c.Status == Resolved {
			c.FirstResponseAt, c.SLA = 0, nil
		}
		c.Prefer, c.Owner, c.Status, c.WaitingSince = c.Owner, "", Waiting, h.now
		c.ResolvedAt, c.SnoozedUntil = 0, 0
	}
	if c.Unanswered == 0 {
		c.Unanswered = h.now
	}
	if c.SLA == nil {
		c.SLA = &SLA{Policy: []string{"p", "r", ""}[len(h.convs)%3], Clocks: []Clock{{Kind: ClockFirst, Target: 3600_000, Since: h.now, Due: h.now + 3600_000},
			{Kind: ClockResolution, Policy: []string{"", "s"}[len(h.convs)%2], Since: c.CreatedAt, Due: h.now + 7200_000}}}
		c.Priority, c.Tier = len(h.convs)%4*10, []string{"", "gold"}[len(h.convs)/2%2]
	}
	if c.LeftAt != 0 {
		c.LeftAt, c.Told = 0, nil
	}
	c.Released = false
	h.emit(Event{Kind: EvReceived, By: by, Identity: h.identity(c), Touch: h.in(c)}, c)
}

// state changes an agent's.
func (h *history) state() {
	a := h.agents[h.one(historyAgents...)]
	state := AgentState(h.one("available", "available", "available", "busy", "break", "break", "offline"))
	a.Reason = ""
	if state == Break {
		a.Reason = h.one("lunch", "rest", "")
	}
	a.State, a.WrapUp, a.Since = state, "", h.now
	h.emit(Event{Kind: EvAgent, By: person(a.ID)}, nil, a.ID)
}

func (h *history) own(c *Conversation, agent string) {
	c.Owner, c.Status, c.OfferedTo, c.Prefer, c.ResolvedAt, c.Released = agent, Active, "", "", 0, false
}

func (h *history) queue(c *Conversation) {
	c.Status, c.Owner, c.OfferedTo, c.ResolvedAt, c.Released = Waiting, "", "", 0, false
}

// reply writes to the customer, by the owner or by who takes it with that.
func (h *history) reply(c *Conversation, agent string) {
	h.own(c, agent)
	c.Unanswered, c.Told = 0, nil
	if c.FirstResponseAt == 0 {
		c.FirstResponseAt = h.now
	}
	if c.SLA != nil {
		for i := range c.SLA.Clocks {
			if k := &c.SLA.Clocks[i]; k.Kind != ClockResolution && k.MetAt == 0 {
				k.MetAt, k.Broken = h.now, k.Broken || h.now > k.Due
			}
		}
	}
	h.emit(Event{Kind: EvQueued, By: person(agent), Touch: h.out(c, person(agent))}, c, agent)
}

func (h *history) out(c *Conversation, by Actor) *Touch {
	return &Touch{Kind: KindMessage, Conversation: c.ID, Identity: c.Identity, Account: c.Account, Channel: c.Channel, Author: by, State: StateQueued, Rev: 1, Body: &Body{Text: "words"}}
}

func (h *history) resolve(c *Conversation, by Actor) {
	agents := []string{}
	if c.Owner == "" && by.Kind == "agent" {
		c.Owner = by.ID
	}
	if a := h.agents[c.Owner]; a != nil && c.Status == Active && a.State == Available && h.rng.IntN(2) == 0 {
		a.State, a.WrapUp, a.Since = WrapUp, c.ID, h.now
		agents = append(agents, a.ID)
	}
	c.Status, c.OfferedTo, c.Unanswered, c.ResolvedAt, c.Released, c.Told, c.LeftAt = Resolved, "", 0, h.now, false, nil, 0
	if c.SLA != nil {
		for i := range c.SLA.Clocks {
			if k := &c.SLA.Clocks[i]; k.Kind == ClockResolution && k.MetAt == 0 {
				k.MetAt, k.Broken = h.now, k.Broken || h.now > k.Due
			}
		}
	}
	h.emit(Event{Kind: EvResolved, By: by}, c, agents...)
}

// leaves says that the customer went so long ago, or is back.
func (h *history) leaves(c *Conversation, ago Millis) {
	switch {
	case c.LeftAt != 0:
		c.LeftAt, c.Told = 0, nil
		h.emit(Event{Kind: EvBack}, c)
	case c.Unanswered != 0:
		c.LeftAt = h.now - ago
		h.emit(Event{Kind: EvLeft}, c)
	}
}

// act does something to a conversation that its status allows.
func (h *history) act(c *Conversation) {
	agent := h.one(historyAgents...)
	switch c.Status {
	case Waiting:
		switch h.rng.IntN(14) {
		case 12, 13:
			h.leaves(c, Millis(h.rng.IntN(90_000)))
		case 0, 1, 2:
			c.Status, c.OfferedTo = Offered, agent
			h.emit(Event{Kind: EvOffered}, c, agent)
		case 3:
			h.own(c, agent)
			h.emit(Event{Kind: EvAssigned}, c, agent)
		case 4, 5:
			h.reply(c, agent)
		case 6:
			c.Queue = h.one(historyQueues...)
			h.emit(Event{Kind: EvTransfer, By: person(agent)}, c)
		case 7:
			c.Queue = h.one(historyQueues...)
			h.emit(Event{Kind: EvOverflowed}, c)
		case 8:
			h.resolve(c, Actor{Kind: h.one("customer", "system")})
		case 9:
			h.resolve(c, person(agent))
		case 10:
			c.Told = &Told{At: h.now, Position: 1, Wait: Millis(h.rng.IntN(600_000))}
			h.emit(Event{Kind: EvTold}, c)
		case 11:
			h.emit(Event{Kind: EvQueued, By: Actor{Kind: "system", ID: "channel"}, Touch: h.out(c, Actor{Kind: "system", ID: "channel"})}, c)
		}
	case Offered:
		who := c.OfferedTo
		switch h.rng.IntN(5) {
		case 4:
			h.leaves(c, Millis(h.rng.IntN(90_000)))
		case 0, 1:
			h.own(c, who)
			h.emit(Event{Kind: EvAccepted, By: person(who)}, c, who)
		case 2:
			h.queue(c)
			h.emit(Event{Kind: EvDeclined, By: person(who)}, c, who)
		case 3:
			h.queue(c)
			h.agents[who].State = NotResponding
			h.agents[who].WrapUp, h.agents[who].Reason = "", ""
			h.emit(Event{Kind: EvTimedOut}, c, who)
		}
	case Active:
		switch h.rng.IntN(12) {
		case 0, 1, 2, 3:
			h.reply(c, c.Owner)
		case 4:
			c.Status, c.Released = Snoozed, false
			h.emit(Event{Kind: EvSnoozed, By: person(c.Owner)}, c)
		case 5:
			by := person(c.Owner)
			c.Queue = h.one(historyQueues...)
			h.queue(c)
			h.emit(Event{Kind: EvTransfer, By: by}, c)
		case 6:
			c.Prefer = c.Owner
			h.queue(c)
			h.emit(Event{Kind: EvRequeued}, c)
		case 7:
			h.own(c, agent)
			h.emit(Event{Kind: EvAssigned, By: person("ida")}, c)
		case 8:
			h.own(c, agent)
			h.emit(Event{Kind: EvConsult, By: person(agent), Reason: &Why{Code: "completed"}}, c)
		case 9:
			c.Released = !c.Released
			h.emit(Event{Kind: EvReleased}, c)
		case 10, 11:
			h.resolve(c, person(c.Owner))
		}
	case Snoozed:
		c.Prefer = c.Owner
		h.queue(c)
		h.emit(Event{Kind: EvWoken}, c)
	case Resolved:
		switch h.rng.IntN(6) {
		case 0:
			c.FirstResponseAt, c.SLA = 0, nil
			h.own(c, agent)
			h.emit(Event{Kind: EvReopened, By: person(agent)}, c, agent)
		case 1, 2:
			t := &Touch{Kind: KindRating, Conversation: c.ID, Identity: c.Identity, Account: c.Account, Channel: c.Channel, Inbound: true,
				Author: Actor{Kind: "customer"}, State: StateReceived, Score: 1 + h.rng.IntN(5), Body: &Body{}}
			if h.rng.IntN(3) == 0 {
				t.Scale, t.Score = 10, h.rng.IntN(11)
			}
			h.emit(Event{Kind: EvLogged, By: Actor{Kind: "customer"}, Identity: h.identity(c), Touch: t}, nil)
		case 3:
			h.emit(Event{Kind: EvClosed}, c)
			c.Status = "closed"
		}
	case "closed": // a rating may come all the same
		t := &Touch{Kind: KindRating, Conversation: c.ID, Identity: c.Identity, Account: c.Account, Channel: c.Channel, Inbound: true,
			Author: Actor{Kind: "customer"}, State: StateReceived, Score: 1 + h.rng.IntN(5), Body: &Body{}}
		h.emit(Event{Kind: EvLogged, By: Actor{Kind: "customer"}, Identity: h.identity(c), Touch: t}, nil)
	}
	if c.Status != "closed" && h.rng.IntN(10) == 0 {
		c.Tags = nil
		for _, tag := range []string{"billing", "شکایت", "vip"} {
			if h.rng.IntN(2) == 0 {
				c.Tags = append(c.Tags, tag)
			}
		}
		c.Priority++
		h.emit(Event{Kind: EvChanged, By: person("ida")}, c)
	}
	if c.SLA != nil && c.Status != "closed" && c.Status != Resolved && h.rng.IntN(6) == 0 {
		for i := range c.SLA.Clocks {
			if k := &c.SLA.Clocks[i]; k.MetAt == 0 && !k.Broken && h.now > k.Due {
				k.Broken = true
				h.emit(Event{Kind: EvSLA, Reason: &Why{Code: "broken/" + k.Kind}}, c)
				break
			}
		}
	}
}
