package inbox

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"tamas/channels"
	"tamas/inbox/record"
)

// world is a live state in memory that takes decisions as commit.lua would.
type world struct {
	now    record.Millis
	set    *Settings
	convs  map[string]record.Conversation
	agents map[string]record.Agent

	touches int
}

func newWorld(agents, capacity int) *world {
	w := &world{now: 1_000_000, convs: map[string]record.Conversation{}, agents: map[string]record.Agent{},
		set: &Settings{Users: map[string]record.User{}, Accounts: map[string]record.Account{"a": {ID: "a", Kind: "probe", Queue: "q", ReopenHours: 1}},
			Queues: map[string]record.Queue{"q": {ID: "q", WrapUpSecs: 10}, "r": {ID: "r"}}}}
	q := w.set.Queues["q"]
	for i := range agents {
		id := fmt.Sprint("u", i)
		w.set.Users[id] = record.User{ID: id, Name: id, Capacity: capacity}
		if i > 0 { // u0 serves nothing
			q.Members = append(q.Members, id)
		}
	}
	w.set.Queues["q"] = q
	return w
}

func (w *world) state(conv string) *state {
	agent := func(id string) record.Agent {
		if a, ok := w.agents[id]; ok {
			return a
		}
		return record.Agent{ID: id, State: record.Offline}
	}
	other := func(id string) (record.Conversation, bool) {
		c, ok := w.convs[id]
		return c, ok
	}
	return &state{now: w.now, conv: w.convs[conv], set: w.set, agent: agent, other: other}
}

func (w *world) take(t *testing.T, e *record.Event) {
	t.Helper()
	woken := false
	if c := e.Conversation; c != nil {
		if c.ID == "" {
			c.ID = fmt.Sprint("c", len(w.convs))
		}
		old := w.convs[c.ID]
		if old.Version+1 != c.Version {
			t.Fatalf("%s: version %d after %d", e.Kind, c.Version, old.Version)
		}
		woken = old.Released && !c.Released && e.Kind == record.EvReceived
		if e.Touch != nil && e.Touch.ID == "" {
			w.touches++
			e.Touch.ID = fmt.Sprint("t", w.touches)
			asked(e)
		}
		w.convs[c.ID] = *c
	}
	for _, a := range e.Agents {
		old := w.agents[a.ID]
		if old.Version+1 != a.Version {
			t.Fatalf("%s: agent's version %d after %d", e.Kind, a.Version, old.Version)
		}
		if n := a.Used(); n > w.set.Users[a.ID].Capacity && n > old.Used() && !woken {
			t.Fatalf("%s: %s was given new work above capacity: %v", e.Kind, a.ID, a.Held)
		}
		w.agents[a.ID] = a
	}
}

func (w *world) receive(t *testing.T, conv string) string {
	return w.receiveOf(t, conv, 1)
}

func (w *world) receiveOf(t *testing.T, conv string, units int) string {
	s := w.state(conv)
	e := s.receive(&inbound{Inbound: channels.Inbound{Key: "k", Thread: "t", Address: "x", Text: "hi"}}, sender{account: w.set.Accounts["a"], identity: record.Identity{ID: "i"}, units: units})
	w.take(t, e)
	return e.Conversation.ID
}

func (w *world) do(t *testing.T, cmd Command) error {
	t.Helper()
	e, err := w.state(cmd.Conversation).command(&cmd)
	if err == nil {
		w.take(t, e)
	}
	return err
}

// check holds what must be true of any live state.
func (w *world) check(t *testing.T) {
	t.Helper()
	for id, c := range w.convs {
		holders := 0
		for _, a := range w.agents {
			if _, ok := a.Held[id]; ok {
				holders++
				if !(c.Status == record.Active && c.Owner == a.ID || c.Status == record.Offered && c.OfferedTo == a.ID) {
					t.Fatalf("%s holds %s, which is %s with owner %q, offered to %q", a.ID, id, c.Status, c.Owner, c.OfferedTo)
				}
			}
		}
		wants := 0
		if c.Status == record.Active && !c.Released || c.Status == record.Offered {
			wants = 1
		}
		if c.Released && c.Status != record.Active {
			t.Fatalf("%s is %s and released", id, c.Status)
		}
		if (c.Consult != nil || c.Review != nil || len(c.Barged) > 0) && c.Status != record.Active && c.Status != record.Snoozed {
			t.Fatalf("%s is %s, and colleagues take part still: %+v", id, c.Status, c)
		}
		if c.Status == record.Waiting && c.QueuedAt == 0 {
			t.Fatalf("%s waits and was never put in line", id)
		}
		if len(c.Hops) > record.MaxHops || c.Owner != "" && c.Status == record.Active && len(c.Hops) > 0 {
			t.Fatalf("%s overflowed by %v", id, c.Hops)
		}
		if holders != wants {
			t.Fatalf("%s is %s and held by %d", id, c.Status, holders)
		}
		if (c.Status == record.Waiting || c.Status == record.Offered) && c.WaitingSince == 0 {
			t.Fatalf("%s is %s since never", id, c.Status)
		}
		if c.Status == record.Waiting && c.Owner != "" {
			t.Fatalf("%s waits and is owned", id)
		}
		if c.Status == record.Resolved && c.ReopenUntil == 0 {
			t.Fatalf("%s is resolved for ever", id)
		}
	}
}

// Law 5, over random histories of everything that anybody may ask for.
func TestDecisionsKeepTheLaws(t *testing.T) {
	actions := []string{Reply, Note, Accept, Decline, Claim, Assign, Transfer, Snooze, Wake, Resolve, Reopen, Tag, Priority, Read, SetState, Lost, Offer, Push, TimeOut, Requeue,
		Release, Overflow, Tell, Consult, Join, Unasked, HandOver, Draft, Review, Verdict, Flag, Answer, Seen, Whisper, Barge, Skills, Later, "nonsense"}
	states := []record.AgentState{record.Available, record.Available, record.Busy, record.Break, record.Offline, "asleep"}
	done := map[string]int{}
	for seed := range uint64(30) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 1))
			w := newWorld(5, 2)
			for range 3000 {
				w.now += record.Millis(rnd.IntN(5000))
				if len(w.convs) < 8 || rnd.IntN(8) == 0 {
					conv := ""
					if len(w.convs) >= 8 {
						conv = fmt.Sprint("c", rnd.IntN(8))
					}
					w.receiveOf(t, conv, []int{1, 1, 2, record.AllUnits}[rnd.IntN(4)])
					w.check(t)
					continue
				}
				a := actions[rnd.IntN(len(actions))]
				cmd := Command{Action: a, By: agentActor(fmt.Sprint("u", rnd.IntN(5))), Agent: fmt.Sprint("u", rnd.IntN(6)), Conversation: fmt.Sprint("c", rnd.IntN(8)),
					Text: "x", Until: w.now + record.Millis(rnd.IntN(9000)-1000), Priority: rnd.IntN(3), State: states[rnd.IntN(len(states))],
					Supervisor: rnd.IntN(4) == 0, On: rnd.IntN(2) == 0, Tags: []string{"b", "a"}}
				if rnd.IntN(3) == 0 {
					cmd.Queue = "r"
				}
				switch a {
				case Offer, Push, TimeOut, Requeue, Release, Overflow, Tell:
					cmd.By = record.Actor{Kind: "system", ID: "router"}
				case Later:
					cmd.By, cmd.Account = record.Actor{Kind: "customer", ID: "i"}, fmt.Sprint("m", rnd.IntN(2))
				case Skills:
					cmd.Needs = []record.Need{{Skill: "fa", Level: rnd.IntN(5)}}
				}
				before := w.convs[cmd.Conversation]
				if ask := map[string]*record.Ask{Verdict: before.Review, Answer: before.Flag, Seen: before.Flag}[a]; ask != nil {
					cmd.ReplyTo, cmd.Touch, cmd.By.ID = ask.Touch, ask.Touch, []string{"u1", "u2"}[rnd.IntN(2)]
				}
				if a == Join && before.Consult != nil {
					cmd.By.ID = before.Consult.Agent
				}
				if a == Consult || a == Review {
					cmd.By.ID = before.Owner
				}
				if (a == Accept || a == Decline) && rnd.IntN(2) == 0 && before.OfferedTo != "" {
					cmd.By.ID = before.OfferedTo
				}
				err := w.do(t, cmd)
				var r *Refusal
				if err != nil && !errors.As(err, &r) && !errors.Is(err, errNothing) {
					t.Fatalf("%s: %v", a, err)
				}
				if err == nil {
					done[a]++
				}
				after := w.convs[cmd.Conversation]
				if (a == Decline || a == TimeOut) && err == nil && after.WaitingSince != before.WaitingSince {
					t.Fatalf("%s made it younger", a)
				}
				w.check(t)
			}
		})
	}
	for _, a := range actions {
		if done[a] == 0 && a != "nonsense" {
			t.Errorf("%s never happened: the histories prove little", a)
		}
	}
}

func TestWhoMay(t *testing.T) {
	system := record.Actor{Kind: "system", ID: "router"}
	prepare := func(t *testing.T) (*world, string) {
		w := newWorld(4, 5)
		id := w.receive(t, "")
		for _, u := range []string{"u1", "u2"} {
			if err := w.do(t, Command{Action: SetState, By: agentActor(u), Agent: u, State: record.Available}); err != nil {
				t.Fatal(err)
			}
		}
		return w, id
	}
	tests := []struct {
		name string
		cmds []Command
		want string // code of the last one's refusal
	}{
		{"a stranger to the queue cannot claim", []Command{{Action: Claim, By: agentActor("u0")}}, "not_yours"},
		{"a member can", []Command{{Action: Claim, By: agentActor("u1")}}, ""},
		{"nobody can take what is owned", []Command{{Action: Claim, By: agentActor("u1")}, {Action: Claim, By: agentActor("u2")}}, "conflict"},
		{"nor answer it", []Command{{Action: Claim, By: agentActor("u1")}, {Action: Reply, By: agentActor("u2"), Text: "x"}}, "not_yours"},
		{"a supervisor can", []Command{{Action: Claim, By: agentActor("u1")}, {Action: Reply, By: agentActor("u0"), Text: "x", Supervisor: true}}, ""},
		{"an answer takes it", []Command{{Action: Reply, By: agentActor("u1"), Text: "x"}, {Action: Resolve, By: agentActor("u1")}}, ""},
		{"an empty answer", []Command{{Action: Reply, By: agentActor("u1")}}, "invalid"},
		{"an offer is for one", []Command{{Action: Offer, By: system, Agent: "u1", Until: 2e6}, {Action: Accept, By: agentActor("u2")}}, "conflict"},
		{"it can be accepted", []Command{{Action: Offer, By: system, Agent: "u1", Until: 2e6}, {Action: Accept, By: agentActor("u1")}}, ""},
		{"not after it ran out", []Command{{Action: Offer, By: system, Agent: "u1", Until: 2e6}, {Action: TimeOut, By: system}, {Action: Accept, By: agentActor("u1")}}, "conflict"},
		{"no offer to who is not available", []Command{{Action: Offer, By: system, Agent: "u3", Until: 2e6}}, "conflict"},
		{"people do not offer", []Command{{Action: Offer, By: agentActor("u1"), Agent: "u2"}}, "invalid"},
		{"a stale version", []Command{{Action: Resolve, By: agentActor("u1"), Version: 7}}, "conflict"},
		{"notes are free", []Command{{Action: Note, By: agentActor("u0"), Text: "x"}}, ""},
		{"the priority of what waits", []Command{{Action: Priority, By: agentActor("u1"), Priority: 5}}, ""},
		{"but a stranger's", []Command{{Action: Priority, By: agentActor("u0"), Priority: 5}}, "not_yours"},
		{"the priority of one's own", []Command{{Action: Claim, By: agentActor("u1")}, {Action: Priority, By: agentActor("u1"), Priority: 5}}, ""},
		{"but another's", []Command{{Action: Claim, By: agentActor("u1")}, {Action: Priority, By: agentActor("u2"), Priority: 5}}, "not_yours"},
		{"a supervisor's right", []Command{{Action: Claim, By: agentActor("u1")}, {Action: Priority, By: agentActor("u0"), Priority: 5, Supervisor: true}}, ""},
		{"tags are everybody's", []Command{{Action: Claim, By: agentActor("u1")}, {Action: Tag, By: agentActor("u2"), Tags: []string{"x"}}}, ""},
		{"transfer to nowhere", []Command{{Action: Transfer, By: agentActor("u1"), Queue: "zz"}}, "invalid"},
		{"another's state", []Command{{Action: SetState, By: agentActor("u1"), Agent: "u2", State: record.Break}}, "not_yours"},
		{"a snooze into the past", []Command{{Action: Claim, By: agentActor("u1")}, {Action: Snooze, By: agentActor("u1"), Until: 1}}, "invalid"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, id := prepare(t)
			for i, cmd := range tt.cmds {
				if cmd.Action != SetState {
					cmd.Conversation = id
				}
				err := w.do(t, cmd)
				want := ""
				if i == len(tt.cmds)-1 {
					want = tt.want
				}
				if code(err) != want || err != nil && want == "" {
					t.Fatalf("%s: %v", cmd.Action, err)
				}
				w.check(t)
			}
		})
	}
}

// TestSteeringSaysWhatWas: whatever somebody does with what another has says in its event how things were; what is one's own, or
// nobody's, does not.
func TestSteeringSaysWhatWas(t *testing.T) {
	var w *world
	var id string
	begin := func() {
		w = newWorld(3, 4)
		w.agents["u1"] = record.Agent{ID: "u1", State: record.Available}
		id = w.receive(t, "")
	}
	do := func(by string, cmd Command) (was map[string]string) {
		t.Helper()
		cmd.By, cmd.Supervisor, cmd.Conversation = record.Actor{Kind: "agent", ID: by}, by == "u0", id
		if by == "router" {
			cmd.By.Kind = "system"
		}
		e, err := w.state(id).command(&cmd)
		if err != nil {
			t.Fatal(cmd.Action, err)
		}
		w.take(t, e)
		for field, text := range e.Was {
			if was == nil {
				was = map[string]string{}
			}
			was[field] = string(text)
		}
		return was
	}
	offered := func() {
		begin()
		do("router", Command{Action: Offer, Agent: "u1", Until: w.now + 1000})
	}
	snoozed := func() {
		begin()
		do("u1", Command{Action: Claim})
		do("u1", Command{Action: Snooze, Until: w.now + 5000})
	}
	resolved := func() {
		begin()
		do("u1", Command{Action: Claim})
		do("u1", Command{Action: Resolve})
	}
	taken := func() {
		begin()
		do("u1", Command{Action: Claim})
	}
	for name, x := range map[string]struct {
		first func()
		by    string
		cmd   Command
		want  map[string]string // nil: nothing
	}{
		"claim of what is offered to another":   {offered, "u0", Command{Action: Claim}, map[string]string{"status": `"offered"`, "offered_to": `"u1"`}},
		"answer to what is offered to another":  {offered, "u0", Command{Action: Reply, Text: "x"}, map[string]string{"status": `"offered"`, "offered_to": `"u1"`}},
		"resolve of what is offered to another": {offered, "u0", Command{Action: Resolve}, map[string]string{"status": `"offered"`, "offered_to": `"u1"`}},
		"transfer of it":                        {offered, "u0", Command{Action: Transfer, Queue: "r"}, map[string]string{"offered_to": `"u1"`, "queue": `"q"`}},
		"take over":                             {taken, "u0", Command{Action: Claim}, map[string]string{"status": `"active"`, "owner": `"u1"`}},
		"resolve of another's":                  {taken, "u0", Command{Action: Resolve}, map[string]string{"status": `"active"`, "owner": `"u1"`}},
		"snooze of another's":                   {taken, "u0", Command{Action: Snooze, Until: 2_000_000}, map[string]string{"status": `"active"`, "owner": `"u1"`, "snoozed_until": "null"}},
		"wake of another's":                     {snoozed, "u0", Command{Action: Wake}, map[string]string{"status": `"snoozed"`, "owner": `"u1"`, "snoozed_until": "1005000"}},
		"answer to another's that sleeps":       {snoozed, "u0", Command{Action: Reply, Text: "x"}, map[string]string{"status": `"snoozed"`, "owner": `"u1"`}},
		"reopen of another's":                   {resolved, "u0", Command{Action: Reopen}, map[string]string{"status": `"resolved"`, "owner": `"u1"`}},
		"reopen by a colleague":                 {resolved, "u2", Command{Action: Reopen}, map[string]string{"status": `"resolved"`, "owner": `"u1"`}},

		"answer to what is over":    {resolved, "u2", Command{Action: Reply, Text: "x"}, nil},
		"answer beside the owner":   {taken, "u0", Command{Action: Reply, Text: "x"}, nil},
		"claim of what waits":       {begin, "u0", Command{Action: Claim}, nil},
		"accept of one's offer":     {offered, "u1", Command{Action: Accept}, nil},
		"resolve of one's own":      {taken, "u1", Command{Action: Resolve}, nil},
		"snooze of one's own":       {taken, "u1", Command{Action: Snooze, Until: 2_000_000}, nil},
		"wake of one's own":         {snoozed, "u1", Command{Action: Wake}, nil},
		"reopen of one's own":       {resolved, "u1", Command{Action: Reopen}, nil},
		"the timer's wake":          {snoozed, "router", Command{Action: Wake}, nil},
		"resolve of nobody's":       {begin, "u1", Command{Action: Resolve}, nil},
		"snooze of what waits":      {begin, "u1", Command{Action: Snooze, Until: 2_000_000}, nil},
		"answer to what nobody has": {begin, "u1", Command{Action: Reply, Text: "x"}, nil},
	} {
		x.first()
		was := do(x.by, x.cmd)
		if x.want == nil && was != nil {
			t.Errorf("%s says what was: %v", name, was)
		}
		for field, want := range x.want {
			if was[field] != want {
				t.Errorf("%s: %s was %s, want %s", name, field, was[field], want)
			}
		}
	}
}

// A resolved conversation that hears from its customer waits again and prefers who had it.
func TestReopensByCustomer(t *testing.T) {
	w := newWorld(3, 5)
	id := w.receive(t, "")
	for _, cmd := range []Command{{Action: Reply, By: agentActor("u1"), Text: "x"}, {Action: Resolve, By: agentActor("u1")}} {
		cmd.Conversation = id
		if err := w.do(t, cmd); err != nil {
			t.Fatal(err)
		}
	}
	w.now += 1000
	w.receive(t, id)
	w.check(t)
	if c := w.convs[id]; c.Status != record.Waiting || c.Prefer != "u1" || c.WaitingSince != w.now || c.FirstResponseAt != 0 || c.Unanswered != w.now {
		t.Fatalf("%+v", c)
	}
}

// Who gives a conversation up is part of the change even when this node's copy of that agent does not show it held:
// then the commit refuses the stale copy, instead of leaving the units taken for ever.
func TestHolderIsAlwaysPartOfTheChange(t *testing.T) {
	system := record.Actor{Kind: "system", ID: "router"}
	tests := []struct {
		name   string
		before []Command
		last   Command
	}{
		{"decline", []Command{{Action: Offer, By: system, Agent: "u1", Until: 2e6}}, Command{Action: Decline, By: agentActor("u1")}},
		{"time-out", []Command{{Action: Offer, By: system, Agent: "u1", Until: 2e6}}, Command{Action: TimeOut, By: system}},
		{"resolve", []Command{{Action: Claim, By: agentActor("u1")}}, Command{Action: Resolve, By: agentActor("u1")}},
		{"taken over", []Command{{Action: Claim, By: agentActor("u1")}}, Command{Action: Assign, By: agentActor("u0"), Agent: "u2", Supervisor: true}},
		{"transfer", []Command{{Action: Claim, By: agentActor("u1")}}, Command{Action: Transfer, By: agentActor("u1"), Queue: "r"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(3, 5)
			id := w.receive(t, "")
			if err := w.do(t, Command{Action: SetState, By: agentActor("u1"), Agent: "u1", State: record.Available}); err != nil {
				t.Fatal(err)
			}
			stale := w.agents["u1"]
			for _, cmd := range tt.before {
				cmd.Conversation = id
				if err := w.do(t, cmd); err != nil {
					t.Fatal(err)
				}
			}
			w.agents["u1"] = stale
			tt.last.Conversation = id
			e, err := w.state(id).command(&tt.last)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(e.Agents, func(a record.Agent) bool { return a.ID == "u1" && a.Version == stale.Version+1 }) {
				t.Fatalf("u1 is not compared: %+v", e.Agents)
			}
		})
	}
}

// A transfer is not answered by giving it back: who gave it away is not asked in the round that begins, and the one chosen, who is at
// the desk, is waited for.
func TestTransferLeavesItsGiver(t *testing.T) {
	for name, to := range map[string]Command{"queue": {Queue: "r"}, "agent": {Agent: "u2"}, "giver": {Agent: "u1"}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(3, 5)
			id := w.receive(t, "")
			for _, cmd := range []Command{{Action: Claim}, to} {
				cmd.Action, cmd.By, cmd.Conversation = cmp.Or(cmd.Action, Transfer), agentActor("u1"), id
				if err := w.do(t, cmd); err != nil {
					t.Fatal(err)
				}
			}
			c := w.state(id).conv
			if gave := slices.Equal(c.Declined, []string{"u1"}) && c.DeclinedAt == w.now; gave != (name != "giver") {
				t.Errorf("declined: %v at %d", c.Declined, c.DeclinedAt)
			}
			if c.Prefer != to.Agent || (to.Agent != "") != (c.StickyUntil > w.now) {
				t.Errorf("preferred: %q until %d, now %d", c.Prefer, c.StickyUntil, w.now)
			}
		})
	}
}
