package router

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"tamas/inbox/record"
)

const t0 = record.Millis(1_000_000_000)

// desk is an engine with its headers at hand.
type desk struct {
	*testing.T
	e *Engine
	n uint64
}

func newDesk(t *testing.T, queues []record.Queue, users ...record.User) *desk {
	e := New(DefaultPolicy())
	e.Settings(Rules{Queues: queues, Users: users})
	return &desk{T: t, e: e}
}

func user(id string, capacity int) record.User { return record.User{ID: id, Capacity: capacity} }

func line(id, mode string, members ...string) record.Queue {
	return record.Queue{ID: id, Mode: mode, OfferSeconds: 20, Members: members}
}

func (d *desk) conv(c record.Conversation) {
	d.n++
	d.e.Apply(&record.Event{ID: record.ID{N: d.n, Token: 1}, Conversation: &c})
}

func (d *desk) agent(a record.Agent) {
	d.n++
	d.e.Apply(&record.Event{ID: record.ID{N: d.n, Token: 1}, Agents: []record.Agent{a}})
}

func waiting(id string, since record.Millis) record.Conversation {
	return record.Conversation{ID: id, Version: 1, Queue: "q", Status: record.Waiting, Units: 1, WaitingSince: since}
}

func free(id string) record.Agent {
	return record.Agent{ID: id, Version: 1, State: record.Available}
}

// want compares what is decided with "action conversation agent code".
func (d *desk) want(now record.Millis, want ...string) []Decision {
	d.Helper()
	list := d.e.Decide(now)
	got := []string{}
	for _, x := range list {
		got = append(got, fmt.Sprintf("%s %s %s %s", x.Action, x.Conversation, x.Agent, x.Why.Code))
	}
	if !slices.Equal(got, want) {
		d.Fatalf("decided\n%q\nwant\n%q", got, want)
	}
	return list
}

// why gives the reasons for which one waits.
func (d *desk) why(conversation string, now record.Millis) []Exclusion {
	x := d.e.Explain(conversation, now)
	if x == nil {
		return nil
	}
	return x.Reasons
}

func TestOrderOfWaiting(t *testing.T) {
	d := newDesk(t, []record.Queue{line("q", ModePush, "a"), line("p", ModePush, "a")}, user("a", 10))
	d.agent(free("a"))
	young := waiting("young", t0-5*minute) // waited 5, priority 10 → 15
	young.Priority = 10
	other := waiting("other", t0-12*minute) // stands in another queue of the agent
	other.Queue = "p"
	d.conv(waiting("old", t0-14*minute))
	d.conv(young)
	d.conv(other)
	d.conv(waiting("b", t0-minute))
	d.conv(waiting("a", t0-minute))
	list := d.want(t0, "push young a longest_idle", "push old a longest_idle", "push other a longest_idle", "push a a longest_idle", "push b a longest_idle")
	if w := list[0].Why; w.Score != 15 || w.Waited != 5*minute || w.Now != t0 || w.Last != (record.ID{N: 6, Token: 1}) {
		t.Errorf("reason: %+v", w)
	}
}

func TestOrderOfAgents(t *testing.T) {
	d := newDesk(t, []record.Queue{line("q", ModeOffer, "a", "b", "c", "d")}, user("a", 2), user("b", 2), user("c", 2), user("d", 1))
	for id, idle := range map[string]record.Millis{"a": t0 - 5, "b": t0 - 7, "c": t0 - 6, "d": t0 - 9} {
		a := free(id)
		a.IdleSince = idle
		if id == "d" {
			a.Held = map[string]int{"x": 1}
		}
		d.agent(a)
	}
	d.conv(waiting("1", t0-10))
	list := d.want(t0, "offer 1 b longest_idle")
	if w := list[0].Why; !slices.Equal(w.Candidates, []string{"b", "c", "a"}) || !reflect.DeepEqual(w.Excluded, map[string]string{"d": "capacity"}) {
		t.Errorf("reason: %+v", w)
	}
	if list[0].Until != t0+20_000 {
		t.Errorf("stands until %d", list[0].Until)
	}
	// A live offer counts as work: b is asked again only after the others.
	b := free("b")
	b.Version, b.IdleSince, b.Held = 2, t0-7, map[string]int{"1": 1}
	c1 := waiting("1", t0-10)
	c1.Version, c1.Status, c1.OfferedTo, c1.OfferUntil = 2, record.Offered, "b", t0+20_000
	d.agent(b)
	d.conv(c1)
	for i := range 5 {
		d.conv(waiting(fmt.Sprint(2+i), t0-9+record.Millis(i)))
	}
	d.want(t0+1, "offer 2 c longest_idle", "offer 3 a longest_idle", "offer 4 b longest_idle", "offer 5 a longest_idle", "offer 6 c longest_idle")
}

func TestPreferred(t *testing.T) {
	d := newDesk(t, []record.Queue{line("q", ModeOffer, "a", "b"), line("pull", ModePull, "a", "b")}, user("a", 5), user("b", 5), user("x", 1))
	d.agent(free("a"))
	d.agent(free("b"))
	d.agent(free("x"))
	c := waiting("1", t0)
	c.Prefer = "b"
	d.conv(c)
	c = waiting("2", t0+1)
	c.Prefer = "x" // who is no member, but chosen by hand
	d.conv(c)
	c = waiting("3", t0+2)
	c.Prefer = "x" // who is full then
	d.conv(c)
	c = waiting("4", t0+3)
	c.Queue, c.Prefer = "pull", "a"
	d.conv(c)
	c = waiting("5", t0+4)
	c.Queue = "pull"
	d.conv(c)
	d.want(t0+10, "offer 1 b preferred", "offer 2 x preferred", "offer 3 a longest_idle", "offer 4 a preferred")
	if got := d.why("5", t0+10); !reflect.DeepEqual(got, []Exclusion{{Reason: Pull}}) {
		t.Errorf("explained: %v", got)
	}
}

func TestHeavyItems(t *testing.T) {
	d := newDesk(t, []record.Queue{line("q", ModePush, "a", "b")}, user("a", 1), user("b", 3))
	d.agent(free("a"))
	b := free("b")
	b.Held = map[string]int{"x": 1}
	d.agent(b)
	heavy := waiting("heavy", t0)
	heavy.Units = 3
	d.conv(heavy)
	d.conv(waiting("light", t0+1))
	d.want(t0+2, "push light a longest_idle") // does not wait behind one that nobody can take
	want := []Exclusion{{Agent: "a", Reason: Full}, {Agent: "b", Reason: Full}}
	if got := d.why("heavy", t0+2); !reflect.DeepEqual(got, want) {
		t.Errorf("explained: %v", got)
	}
	b.Version, b.Held = 2, nil
	d.agent(b)
	d.want(t0+3, "push heavy b longest_idle")
}

func TestOfferRunsOut(t *testing.T) {
	for _, lost := range []bool{false, true} {
		d := newDesk(t, []record.Queue{line("q", ModeOffer, "a")}, user("a", 1))
		a := free("a")
		a.Held = map[string]int{"1": 1}
		want := "timeout 1 a timeout"
		if lost { // no fault of the agent's
			a.LostAt = t0 + 19_000
			want = "requeue 1 a agent_lost"
		}
		d.agent(a)
		c := waiting("1", t0)
		c.Status, c.OfferedTo, c.OfferUntil = record.Offered, "a", t0+20_000
		d.conv(c)
		d.want(t0)
		if next := d.e.Next(); next != t0+20_000 {
			t.Errorf("next %d", next)
		}
		d.want(t0 + 19_999)
		d.want(t0+20_000, want)
	}
}

func TestRounds(t *testing.T) {
	d := newDesk(t, []record.Queue{line("q", ModeOffer, "a", "b")}, user("a", 1), user("b", 1))
	d.agent(free("a"))
	b := free("b")
	b.State = record.Busy
	d.agent(b)
	c := waiting("1", t0)
	c.Declined, c.DeclinedAt = []string{"a"}, t0
	d.conv(c)
	d.want(t0 + 1)
	if got := d.why("1", t0+1); !reflect.DeepEqual(got, []Exclusion{{Agent: "a", Reason: Declined, Until: t0 + 30_000}, {Agent: "b", Reason: "busy"}}) {
		t.Errorf("explained: %v", got)
	}
	if next := d.e.Next(); next != t0+30_000 {
		t.Errorf("next %d", next)
	}
	d.want(t0+30_000, "requeue 1  new_round")
	c.Version, c.Declined, c.DeclinedAt = 2, nil, 0
	d.conv(c)
	d.want(t0+30_001, "offer 1 a longest_idle")
}

func TestGrace(t *testing.T) {
	d := newDesk(t, []record.Queue{line("q", ModeOffer, "a")}, user("a", 9))
	a := free("a")
	a.LostAt, a.Held = t0, map[string]int{"asks": 1, "offer": 1, "told": 1, "given": 1}
	d.agent(a)
	active := func(id string, unanswered, assigned record.Millis) record.Conversation {
		return record.Conversation{ID: id, Version: 1, Queue: "q", Status: record.Active, Owner: "a", Units: 1, Unanswered: unanswered, AssignedAt: assigned}
	}
	d.conv(active("asks", t0-1, t0-100))
	d.conv(active("told", 0, t0-100))
	d.conv(active("given", t0-1, t0+40_000)) // by a supervisor who knew that a was away
	c := waiting("offer", t0)
	c.Status, c.OfferedTo, c.OfferUntil = record.Offered, "a", t0+90_000
	d.conv(c)
	d.conv(waiting("new", t0))
	d.want(t0 + 1) // nothing is taken away yet, and nothing given
	if got := d.why("new", t0+1); !reflect.DeepEqual(got, []Exclusion{{Agent: "a", Reason: Lost}}) {
		t.Errorf("explained: %v", got)
	}
	if next := d.e.Next(); next != t0+30_000 {
		t.Errorf("next %d", next)
	}
	list := d.want(t0+30_000, "agent.state  a grace_over")
	if list[0].State != record.Offline || list[0].Version != 1 {
		t.Errorf("%+v", list[0])
	}
	a.Version, a.State = 2, record.Offline
	d.agent(a)
	d.want(t0+30_001, "requeue asks a agent_gone", "requeue offer a agent_gone")
	for _, id := range []string{"asks", "offer"} {
		c := waiting(id, t0-1)
		c.Version = 2
		d.conv(c)
	}
	told := active("told", t0+50_000, t0-100) // the customer writes again
	told.Version = 2
	d.conv(told)
	d.want(t0+50_000, "requeue told a agent_gone")
}

func TestDisabledUser(t *testing.T) {
	u := user("a", 9)
	u.Disabled = true
	d := newDesk(t, []record.Queue{line("q", ModeOffer, "a")}, u)
	a := free("a")
	a.Held = map[string]int{"1": 1}
	d.agent(a)
	d.conv(record.Conversation{ID: "1", Version: 1, Queue: "q", Status: record.Active, Owner: "a", Units: 1, Unanswered: t0, AssignedAt: t0})
	d.want(t0, "agent.state  a user_disabled")
	a.Version, a.State = 2, record.Offline
	d.agent(a)
	d.want(t0+1, "requeue 1 a agent_gone")
}

func TestOfferOfOneWhoLeft(t *testing.T) {
	d := newDesk(t, []record.Queue{line("q", ModeOffer, "a")}, user("a", 9))
	a := free("a")
	a.State, a.Held = record.WrapUp, map[string]int{"1": 1}
	d.agent(a)
	c := waiting("1", t0)
	c.Status, c.OfferedTo, c.OfferUntil = record.Offered, "a", t0+20_000
	d.conv(c)
	d.want(t0) // still at the desk
	a.Version, a.State = 2, record.Break
	d.agent(a)
	d.want(t0+1, "requeue 1 a agent_left")
}

func TestTimers(t *testing.T) {
	d := newDesk(t, []record.Queue{line("q", ModeOffer, "a")}, user("a", 9))
	a := free("a")
	a.State, a.WrapUpUntil = record.WrapUp, t0+10
	d.agent(a)
	d.conv(record.Conversation{ID: "s", Version: 4, Queue: "q", Status: record.Snoozed, Owner: "a", SnoozedUntil: t0 + 20})
	d.conv(record.Conversation{ID: "r", Version: 9, Queue: "q", Status: record.Resolved, Owner: "a", ReopenUntil: t0 + 30})
	d.conv(record.Conversation{ID: "ever", Version: 9, Queue: "q", Status: record.Snoozed, Owner: "a"})
	d.want(t0)
	if next := d.e.Next(); next != t0+10 {
		t.Errorf("next %d", next)
	}
	if list := d.want(t0+10, "agent.state  a wrap_up_over"); list[0].State != record.Available {
		t.Errorf("%+v", list[0])
	}
	if list := d.want(t0+30, "close r  window_over", "wake s a snooze_over"); list[1].Version != 4 {
		t.Errorf("%+v", list[1])
	}
	d.e.Apply(&record.Event{ID: record.ID{N: 90, Token: 1}, Kind: record.EvClosed, Conversation: &record.Conversation{ID: "r", Version: 10}})
	if len(d.e.convs) != 2 {
		t.Errorf("%d conversations are left", len(d.e.convs))
	}
}

func TestRefusals(t *testing.T) {
	d := newDesk(t, []record.Queue{line("q", ModePush, "a", "b")}, user("a", 1), user("b", 0))
	d.agent(free("a"))
	d.conv(waiting("1", t0))
	d.conv(waiting("2", t0+1))
	list := d.want(t0+10, "push 1 a longest_idle")
	if got := d.why("1", t0+10); !reflect.DeepEqual(got, []Exclusion{{Agent: "a", Reason: Deciding}}) {
		t.Errorf("explained: %v", got)
	}
	d.e.Refuse(list[0], t0+20)
	list = d.want(t0+20, "push 2 a longest_idle") // the room is free for the next in line
	if got := d.why("1", t0+20); got[0].Reason != Retrying {
		t.Errorf("explained: %v", got)
	}
	d.e.Refuse(list[0], t0+20)
	list = d.want(t0+270, "push 1 a longest_idle")
	d.e.Refuse(list[0], t0+270)
	list = d.want(t0+280, "push 2 a longest_idle")
	d.e.Refuse(list[0], t0+280)
	d.want(t0 + 700) // 1 waits twice as long now
	a := free("a")   // until there is news of the agent
	a.Version = 2
	d.agent(a)
	d.want(t0+701, "push 1 a longest_idle")
	d.want(t0 + 10_700)
	d.want(t0+10_701, "push 1 a longest_idle") // never heard of
}

func TestReasonsStaySmall(t *testing.T) {
	var users []record.User
	var members []string
	for i := range 100 {
		id := fmt.Sprintf("u%02d", i)
		users, members = append(users, user(id, 1)), append(members, id)
	}
	d := newDesk(t, []record.Queue{line("q", ModePush, members...)}, users...)
	for i := 50; i < 100; i++ {
		d.agent(free(members[i]))
	}
	d.conv(waiting("1", t0))
	w := d.want(t0, "push 1 u50 longest_idle")[0].Why
	if len(w.Candidates) != 8 || len(w.Excluded) != 32 || w.More != 18 || w.Excluded["u00"] != "offline" {
		t.Errorf("reason: %+v", w)
	}
}

func TestExplainWithoutQueue(t *testing.T) {
	d := newDesk(t, []record.Queue{line("empty", ModeOffer)}, user("a", 1))
	d.conv(waiting("1", t0))
	c := waiting("2", t0)
	c.Queue = "empty"
	d.conv(c)
	d.want(t0)
	if got := d.why("1", t0); !reflect.DeepEqual(got, []Exclusion{{Reason: NoQueue}}) {
		t.Errorf("explained: %v", got)
	}
	if got := d.why("2", t0); !reflect.DeepEqual(got, []Exclusion{{Reason: NoMembers}}) {
		t.Errorf("explained: %v", got)
	}
	q := line("q", ModeOffer, "a")
	q.Archived = true // served until it is empty
	d.e.Settings(Rules{Queues: []record.Queue{q}, Users: []record.User{user("a", 1)}})
	d.agent(free("a"))
	d.want(t0+1, "offer 1 a longest_idle")
}
