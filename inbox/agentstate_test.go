package inbox

import (
	"slices"
	"testing"

	"tamas/inbox/record"
)

var router = record.Actor{Kind: "system", ID: "router"}

// must does what has to succeed.
func (w *world) must(t *testing.T, cmds ...Command) {
	t.Helper()
	for _, cmd := range cmds {
		if err := w.do(t, cmd); err != nil {
			t.Fatalf("%s: %v", cmd.Action, err)
		}
		w.check(t)
	}
}

func (w *world) available(t *testing.T, users ...string) {
	t.Helper()
	for _, u := range users {
		w.must(t, Command{Action: SetState, By: agentActor(u), Agent: u, State: record.Available})
	}
}

// RC#23563: an agent's state flips by itself. Nothing that customers, colleagues or sockets do changes a state that was set by hand.
func TestAgentStateNeverFlipsByItself(t *testing.T) {
	for _, set := range []record.AgentState{record.Available, record.Busy, record.Break} {
		w := newWorld(4, 5)
		w.available(t, "u1", "u2")
		if set != record.Available {
			w.must(t, Command{Action: SetState, By: agentActor("u1"), Agent: "u1", State: set, Reason: "lunch"})
		}
		want := w.agents["u1"]
		r := w.set.Queues["r"]
		r.Members = []string{"u1", "u2"}
		w.set.Queues["r"] = r // without wrap-up
		id := w.receive(t, "")
		w.now += 1000
		w.must(t, Command{Action: Lost, By: router, Agent: "u1"}, Command{Action: Lost, By: router, Agent: "u1", On: true}, // reload
			Command{Action: Transfer, By: agentActor("u2"), Conversation: id, Queue: "r"},
			Command{Action: Assign, By: agentActor("u2"), Conversation: id, Agent: "u1", Supervisor: true},
			Command{Action: Reply, By: agentActor("u1"), Conversation: id, Text: "x"},
			Command{Action: Release, By: router, Conversation: id})
		w.receive(t, id)
		w.must(t, Command{Action: Whisper, By: agentActor("u0"), Conversation: id, Text: "x", Supervisor: true},
			Command{Action: Snooze, By: agentActor("u1"), Conversation: id, Until: w.now + 1000},
			Command{Action: Wake, By: router, Conversation: id},
			Command{Action: Claim, By: agentActor("u1"), Conversation: id},
			Command{Action: Resolve, By: agentActor("u1"), Conversation: id})
		w.receive(t, id)
		if a := w.agents["u1"]; a.State != set || a.Reason != want.Reason || a.Since != want.Since || a.LostAt != 0 {
			t.Errorf("%s became %s %q since %d (set at %d)", set, a.State, a.Reason, a.Since, want.Since)
		}
	}
}

// Who set a state, since when somebody is at work, whose conversations they take.
func TestAgentState(t *testing.T) {
	w := newWorld(3, 5)
	w.available(t, "u1")
	began := w.now
	w.now += 60_000
	w.must(t, Command{Action: SetState, By: agentActor("u0"), Supervisor: true, Agent: "u1", State: record.Break, Reason: "lunch", Channels: []string{"sms", "email", "sms"}})
	a := w.agents["u1"]
	if a.StateBy != "u0" || a.OnlineAt != began || a.Reason != "lunch" || !slices.Equal(a.Channels, []string{"email", "sms"}) || a.Since != w.now {
		t.Errorf("%+v", a)
	}
	w.must(t, Command{Action: SetState, By: agentActor("u1"), Agent: "u1", State: record.Available})
	if a := w.agents["u1"]; a.StateBy != "" || a.Reason != "" || len(a.Channels) != 2 || a.OnlineAt != began {
		t.Errorf("%+v", a)
	}
	w.must(t, Command{Action: SetState, By: agentActor("u1"), Agent: "u1", State: record.Available, Channels: []string{}})
	if a := w.agents["u1"]; len(a.Channels) != 0 || a.Since != w.now {
		t.Errorf("%+v", a)
	}
	w.must(t, Command{Action: SetState, By: router, Agent: "u1", State: record.Offline})
	if a := w.agents["u1"]; a.OnlineAt != 0 || a.StateBy != "" {
		t.Errorf("%+v", a)
	}
}

// A wrap-up is of the conversation that was resolved, can be made longer up to the most since its beginning, and ends by hand.
func TestWrapUp(t *testing.T) {
	w := newWorld(3, 5)
	w.available(t, "u1")
	id := w.receive(t, "")
	extend := func(by record.Millis) error {
		return w.do(t, Command{Action: SetState, By: agentActor("u1"), Agent: "u1", State: record.WrapUp, Until: w.now + by})
	}
	if err := extend(5000); code(err) != "conflict" {
		t.Errorf("a wrap-up that does not run was made longer: %v", err)
	}
	w.must(t, Command{Action: Reply, By: agentActor("u1"), Conversation: id, Text: "x"}, Command{Action: Resolve, By: agentActor("u1"), Conversation: id})
	began := w.now
	if a := w.agents["u1"]; a.State != record.WrapUp || a.WrapUp != id || a.WrapUpUntil != w.now+10_000 {
		t.Fatalf("%+v", a)
	}
	if err := extend(60_000); err != nil {
		t.Fatal(err)
	}
	if err := extend(30_000); code(err) != "invalid" {
		t.Errorf("a wrap-up was made shorter: %v", err)
	}
	w.now += 50_000
	w.set.Routing.WrapUpMost = 90
	if err := extend(3600_000); err != nil {
		t.Fatal(err)
	}
	if a := w.agents["u1"]; a.WrapUpUntil != began+90_000 || a.Since != began {
		t.Errorf("it began at %d and lasts until %d", began, a.WrapUpUntil)
	}
	w.available(t, "u1")
	if a := w.agents["u1"]; a.WrapUp != "" || a.WrapUpUntil != 0 {
		t.Errorf("%+v", a)
	}
}

// CW PR#12058: response times that are wrong. A response is a person's reply to the customer and nothing else; a reopened conversation
// waits for one anew.
func TestOnlyAPersonsReplyIsAResponse(t *testing.T) {
	w := newWorld(3, 5)
	id := w.receive(t, "")
	asked := w.now
	w.now += 1000
	w.must(t, Command{Action: Tell, By: router, Conversation: id, Text: "You are next.", Reason: "closed"})
	w.take(t, w.state(id).answered("We are on it", "k2", w.set.Accounts["a"]))
	w.must(t, Command{Action: Claim, By: agentActor("u1"), Conversation: id})
	for _, cmd := range []Command{{Action: Note}, {Action: Draft}, {Action: Review}, {Action: Flag}, {Action: Whisper, By: agentActor("u2"), Supervisor: true}} {
		if cmd.Conversation, cmd.Text = id, "x"; cmd.By.ID == "" {
			cmd.By = agentActor("u1")
		}
		w.must(t, cmd)
	}
	if c := w.convs[id]; c.FirstResponseAt != 0 || c.Unanswered != asked || c.WaitingSince != asked {
		t.Errorf("%+v", c)
	}
	w.now += 1000
	w.must(t, Command{Action: Reply, By: agentActor("u1"), Conversation: id, Text: "x"})
	if c := w.convs[id]; c.FirstResponseAt != w.now || c.Unanswered != 0 {
		t.Errorf("%+v", c)
	}
	w.must(t, Command{Action: Resolve, By: agentActor("u1"), Conversation: id})
	w.now += 60_000
	w.receive(t, id)
	if c := w.convs[id]; c.FirstResponseAt != 0 || c.Unanswered != w.now || c.WaitingSince != w.now || c.QueuedAt != w.now {
		t.Errorf("%+v", c)
	}
}

// Who has been idle longest, and whose turn it is: taken and finished work counts, what a colleague does not.
func TestIdleAndTurn(t *testing.T) {
	w := newWorld(3, 5)
	w.available(t, "u1", "u2")
	id := w.receive(t, "")
	w.now += 1000
	w.must(t, Command{Action: Offer, By: router, Conversation: id, Agent: "u1", Until: w.now + 30_000})
	if a := w.agents["u1"]; a.TurnAt != w.now || a.IdleSince == w.now {
		t.Errorf("offered: %+v", a)
	}
	turn := w.now
	w.now += 1000
	w.must(t, Command{Action: Accept, By: agentActor("u1"), Conversation: id})
	if a := w.agents["u1"]; a.TurnAt != turn || a.IdleSince != w.now {
		t.Errorf("accepted: %+v", a)
	}
	w.now += 1000
	w.must(t, Command{Action: Resolve, By: agentActor("u1"), Conversation: id})
	if a := w.agents["u1"]; a.TurnAt != turn || a.IdleSince != w.now {
		t.Errorf("finished: %+v", a)
	}
}

// Released units come back when the customer writes, also when the agent is full by then; nothing new is given above capacity.
func TestReleasedUnits(t *testing.T) {
	w := newWorld(3, 1)
	w.available(t, "u1")
	first, second := w.receive(t, ""), w.receive(t, "")
	w.must(t, Command{Action: Claim, By: agentActor("u1"), Conversation: first})
	if err := w.do(t, Command{Action: Release, By: router, Conversation: first}); code(err) != "conflict" {
		t.Errorf("released while its customer waits for an answer: %v", err)
	}
	w.must(t, Command{Action: Reply, By: agentActor("u1"), Conversation: first, Text: "x"}, Command{Action: Release, By: router, Conversation: first},
		Command{Action: Claim, By: agentActor("u1"), Conversation: second})
	w.receive(t, first)
	if a, c := w.agents["u1"], w.convs[first]; a.Used() != 2 || c.Released || c.Owner != "u1" {
		t.Errorf("%+v, %+v", a, c)
	}
	third := w.receive(t, "")
	if err := w.do(t, Command{Action: Claim, By: agentActor("u1"), Conversation: third}); code(err) != "over_capacity" {
		t.Errorf("above capacity: %v", err)
	}
	// However it ends while it is released, nothing is left behind.
	for _, end := range []Command{{Action: Resolve, By: agentActor("u1")}, {Action: Snooze, By: agentActor("u1"), Until: w.now + 9e6},
		{Action: Transfer, By: agentActor("u1"), Queue: "r"}, {Action: Requeue, By: router}, {Action: Assign, By: agentActor("u0"), Agent: "u2", Supervisor: true}} {
		w := newWorld(3, 1)
		w.available(t, "u1")
		end.Conversation = w.receive(t, "")
		w.must(t, Command{Action: Reply, By: agentActor("u1"), Conversation: end.Conversation, Text: "x"}, Command{Action: Release, By: router, Conversation: end.Conversation}, end)
		if c, a := w.convs[end.Conversation], w.agents["u1"]; c.Released || len(a.Held) > 0 {
			t.Errorf("%s: %+v, %+v", end.Action, c, a)
		}
	}
}

// A conversation that takes all of an agent needs one who has nothing else, and leaves no room.
func TestTakesAll(t *testing.T) {
	w := newWorld(3, 4)
	w.available(t, "u1")
	small, all := w.receive(t, ""), w.receiveOf(t, "", record.AllUnits)
	w.must(t, Command{Action: Claim, By: agentActor("u1"), Conversation: small})
	if err := w.do(t, Command{Action: Push, By: router, Conversation: all, Agent: "u1"}); code(err) != "over_capacity" {
		t.Errorf("beside something else: %v", err)
	}
	w.must(t, Command{Action: Resolve, By: agentActor("u1"), Conversation: small}, Command{Action: Claim, By: agentActor("u1"), Conversation: all})
	if a := w.agents["u1"]; a.Used() != 4 {
		t.Errorf("%+v", a)
	}
	if err := w.do(t, Command{Action: Claim, By: agentActor("u1"), Conversation: w.receive(t, "")}); code(err) != "over_capacity" {
		t.Errorf("something else beside it: %v", err)
	}
	u := w.set.Users["u1"]
	u.Capacity = 9 // an agent who may hold more holds nothing beside it all the same
	w.set.Users["u1"] = u
	if err := w.do(t, Command{Action: Claim, By: agentActor("u1"), Conversation: w.receive(t, "")}); code(err) != "over_capacity" {
		t.Errorf("beside it, with a capacity that has grown: %v", err)
	}
}

// What goes back to who had it is kept for them as long as the queue says, and no longer than they decline.
func TestSticky(t *testing.T) {
	w := newWorld(3, 4)
	q := w.set.Queues["q"]
	q.WrapUpSecs, q.Routing.StickySecs = 0, 60
	w.set.Queues["q"] = q
	w.available(t, "u1")
	id := w.receive(t, "")
	w.must(t, Command{Action: Reply, By: agentActor("u1"), Conversation: id, Text: "x"}, Command{Action: Resolve, By: agentActor("u1"), Conversation: id})
	w.now += 1000
	w.receive(t, id)
	if c := w.convs[id]; c.Prefer != "u1" || c.StickyUntil != w.now+60_000 {
		t.Errorf("%+v", c)
	}
	w.must(t, Command{Action: Offer, By: router, Conversation: id, Agent: "u1", Until: w.now + 30_000}, Command{Action: Decline, By: agentActor("u1"), Conversation: id})
	if c := w.convs[id]; c.Prefer != "" || c.StickyUntil != 0 {
		t.Errorf("%+v", c)
	}
}

// Overflow keeps age and priority, notes where it was, ends at the bound, and is forgotten when somebody takes it.
func TestOverflow(t *testing.T) {
	w := newWorld(3, 4)
	for _, id := range []string{"s", "t", "u", "v", "x"} {
		w.set.Queues[id] = record.Queue{ID: id, Members: []string{"u1"}}
	}
	id := w.receive(t, "")
	w.must(t, Command{Action: Priority, By: agentActor("u1"), Conversation: id, Priority: 7})
	since := w.now
	overflow := func(to string) error {
		w.now += 1000
		return w.do(t, Command{Action: Overflow, By: router, Conversation: id, Queue: to, Reason: record.OverWait})
	}
	for i, to := range []string{"r", "s", "t", "u", "v"} {
		if err := overflow(to); err != nil {
			t.Fatal(err)
		}
		if c := w.convs[id]; c.Queue != to || len(c.Hops) != i+1 || c.WaitingSince != since || c.Priority != 7 || c.QueuedAt != w.now || c.Status != record.Waiting {
			t.Fatalf("%+v", c)
		}
	}
	if err := overflow("x"); code(err) != "conflict" {
		t.Errorf("beyond the bound: %v", err)
	}
	w.must(t, Command{Action: Claim, By: agentActor("u1"), Conversation: id})
	if c := w.convs[id]; len(c.Hops) != 0 || c.WaitingSince != since {
		t.Errorf("%+v", c)
	}
	w.must(t, Command{Action: Requeue, By: router, Conversation: id})
	if err := overflow("r"); err != nil {
		t.Errorf("after somebody had it: %v", err)
	}
	if err := overflow("v"); code(err) != "conflict" {
		t.Errorf("back to where it was: %v", err)
	}
}

// A waiting customer is told each thing once a wait, and the first estimate stands until the next wait.
func TestTellOnceAWait(t *testing.T) {
	w := newWorld(3, 4)
	id := w.receive(t, "")
	tell := func(text, reason string, e *record.Told) error {
		return w.do(t, Command{Action: Tell, By: router, Conversation: id, Text: text, Reason: reason, Estimate: e})
	}
	if err := tell("We are closed.", "closed", nil); err != nil {
		t.Fatal(err)
	}
	if err := tell("We are closed.", "closed", nil); err != errNothing {
		t.Errorf("told twice: %v", err)
	}
	if err := tell("", "", &record.Told{Position: 2, Wait: 90_000}); err != nil {
		t.Fatal(err)
	}
	if err := tell("", "", &record.Told{Position: 1, Wait: 10_000}); err != errNothing {
		t.Errorf("another estimate: %v", err)
	}
	w.must(t, Command{Action: Reply, By: agentActor("u1"), Conversation: id, Text: "x"})
	if c := w.convs[id]; c.Told == nil || c.Told.Position != 2 || c.Told.At == 0 {
		t.Errorf("the estimate cannot be measured: %+v", c.Told)
	}
	if err := tell("late", "x", nil); code(err) != "conflict" {
		t.Errorf("told who waits no more: %v", err)
	}
	w.must(t, Command{Action: Resolve, By: agentActor("u1"), Conversation: id})
	w.receive(t, id)
	if c := w.convs[id]; c.Told != nil || len(c.ToldText) != 0 {
		t.Errorf("another wait begins with %+v, %v", c.Told, c.ToldText)
	}
}

// Of what colleagues do among themselves nothing is an item for the customer, and nothing is sent.
func TestColleaguesAreAmongThemselves(t *testing.T) {
	for _, kind := range []string{record.KindNote, record.KindWhisper, record.KindDraft, record.KindReview, record.KindVerdict, record.KindFlag, record.KindAnswer} {
		touch := record.Touch{ID: "t", Kind: kind, Author: agentActor("u1"), State: record.StateReceived, Body: &record.Body{Text: "secret"}}
		if items[kind] {
			t.Errorf("%s is shown to customers", kind)
		}
		if got := asTheyRead([]record.Touch{touch}); len(got) > 0 {
			t.Errorf("%s stands in the transcript", kind)
		}
	}
	w := newWorld(4, 5)
	id := w.receive(t, "")
	w.must(t, Command{Action: Claim, By: agentActor("u1"), Conversation: id})
	for _, cmd := range []Command{{Action: Consult, Agent: "u2"}, {Action: Draft}, {Action: Review}, {Action: Flag}, {Action: Whisper, By: agentActor("u3"), Supervisor: true}} {
		if cmd.Conversation, cmd.Text = id, "x"; cmd.By.ID == "" {
			cmd.By = agentActor("u1")
		}
		e, err := w.state(id).command(&cmd)
		if err != nil {
			t.Fatal(err)
		}
		if e.Kind == record.EvQueued || e.Touch == nil || e.Touch.State != record.StateReceived || e.Touch.Inbound || e.Conversation.LastMessageAt != w.convs[id].LastMessageAt {
			t.Errorf("%s: %s %+v", cmd.Action, e.Kind, e.Touch)
		}
		w.take(t, e)
	}
}
