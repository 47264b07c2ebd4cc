package inbox

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"tamas/channels"
	"tamas/inbox/calendar"
	"tamas/inbox/record"
)

// promised is a world whose decisions pass the SLA as the hub's do.
type promised struct {
	*world
	t *testing.T
}

func newPromised(t *testing.T, policies ...record.SLAPolicy) *promised {
	p := &promised{newWorld(3, 20), t}
	p.set.SLA = policies
	for i := range 3 {
		id := fmt.Sprint("u", i)
		p.agents[id] = record.Agent{ID: id, Version: 1, State: record.Available}
	}
	q := p.set.Queues["q"]
	q.Members, q.WrapUpSecs = []string{"u0", "u1", "u2"}, 0
	p.set.Queues["q"] = q
	return p
}

func (p *promised) keep(e *record.Event, before record.Conversation) record.Conversation {
	p.t.Helper()
	clocks(&before, e.Conversation, p.now, p.set, false)
	p.take(p.t, e)
	return p.convs[e.Conversation.ID]
}

func (p *promised) write(conv string) record.Conversation {
	p.t.Helper()
	s := p.state(conv)
	return p.keep(s.receive(&inbound{Inbound: channels.Inbound{Key: "k", Thread: "t", Address: "x", Text: "hi"}},
		sender{account: p.set.Accounts["a"], identity: record.Identity{ID: "i"}, units: 1}), s.conv)
}

func (p *promised) act(cmd Command) record.Conversation {
	p.t.Helper()
	if cmd.By.ID == "" {
		cmd.By, cmd.Supervisor = agentActor("u1"), true
	}
	s := p.state(cmd.Conversation)
	e, err := s.command(&cmd)
	if err != nil {
		p.t.Fatalf("%s: %v", cmd.Action, err)
	}
	return p.keep(e, s.conv)
}

func (p *promised) refused(cmd Command) {
	p.t.Helper()
	if _, err := p.state(cmd.Conversation).command(&cmd); err == nil {
		p.t.Errorf("%s %s was taken", cmd.Action, cmd.Reason)
	}
}

func (p *promised) timer(conv, what string) record.Conversation {
	p.t.Helper()
	return p.act(Command{By: record.Actor{Kind: "system", ID: "router"}, Action: SLAClock, Conversation: conv, Reason: what})
}

func clock(c record.Conversation, kind string) record.Clock {
	if c.SLA != nil {
		for _, k := range c.SLA.Clocks {
			if k.Kind == kind {
				return k
			}
		}
	}
	return record.Clock{}
}

func (p *promised) want(c record.Conversation, kind string, want record.Clock) {
	p.t.Helper()
	want.Kind = kind
	if got := clock(c, kind); got != want {
		p.t.Errorf("%s:\n got %+v\nwant %+v", kind, got, want)
	}
}

const second, hour = record.Millis(1000), record.Millis(3600_000)

var usual = record.SLAPolicy{ID: "p", First: 600, Next: 1200, Resolution: 7200}

// TestClocksOfOneConversation follows one from its beginning over answers, pauses and its end to its reopening (CW PR#12058, ZM#5177:
// answers measured from the wrong message, time counted while the customer was waited for).
func TestClocksOfOneConversation(t *testing.T) {
	p := newPromised(t, usual)
	t0 := p.now
	c := p.write("")
	id := c.ID
	p.want(c, record.ClockFirst, record.Clock{Target: 600 * second, Since: t0, Due: t0 + 600*second, WarnAt: t0 + 450*second})
	p.want(c, record.ClockResolution, record.Clock{Target: 7200 * second, Since: t0, Due: t0 + 7200*second, WarnAt: t0 + 5400*second})
	if clock(c, record.ClockNext).Kind != "" {
		t.Error("a first message has a next clock")
	}

	p.now += 100 * second // a second message does not begin the clock again
	if again := p.write(id); clock(again, record.ClockFirst).Since != t0 {
		t.Error("the second message took the first one's place")
	}
	p.now += 100 * second // a note and an assignment are no answers
	p.act(Command{Action: Assign, Conversation: id, Agent: "u2"})
	if c = p.act(Command{Action: Note, Conversation: id, Text: "hm"}); clock(c, record.ClockFirst).MetAt != 0 {
		t.Error("a note was taken for an answer")
	}
	p.now += 100 * second
	t1 := p.now
	c = p.act(Command{By: agentActor("u2"), Action: Reply, Conversation: id, Text: "hello"})
	p.want(c, record.ClockFirst, record.Clock{Target: 600 * second, Since: t0, MetAt: t1})
	p.want(c, record.ClockResolution, record.Clock{Target: 7200 * second, Since: t0, Left: 6900 * second})

	p.now += 5 * hour // the customer takes long; that is not ours
	t2 := p.now
	c = p.write(id)
	p.want(c, record.ClockNext, record.Clock{Target: 1200 * second, Since: t2, Due: t2 + 1200*second, WarnAt: t2 + 900*second})
	p.want(c, record.ClockResolution, record.Clock{Target: 7200 * second, Since: t0, Due: t2 + 6900*second, WarnAt: t2 + 5100*second})

	p.now += 60 * second // the agent puts it off: the customer waits all the same
	c = p.act(Command{By: agentActor("u2"), Action: Snooze, Conversation: id, Until: p.now + hour})
	if clock(c, record.ClockNext).Due != t2+1200*second || clock(c, record.ClockResolution).Due != t2+6900*second {
		t.Errorf("a snooze of what is unanswered stopped a clock: %+v", c.SLA)
	}
	p.now = t2 + 1199*second
	c = p.act(Command{By: agentActor("u2"), Action: Reply, Conversation: id, Text: "yes"})
	p.want(c, record.ClockNext, record.Clock{Target: 1200 * second, Since: t2, MetAt: p.now})

	p.now += 10 * second // answered and asleep: still the customer's turn
	c = p.act(Command{By: agentActor("u2"), Action: Snooze, Conversation: id, Until: p.now + hour})
	left := 6900*second - 1199*second
	p.want(c, record.ClockResolution, record.Clock{Target: 7200 * second, Since: t0, Left: left})
	p.now += hour // awake in the queue: ours again
	c = p.act(Command{By: record.Actor{Kind: "system", ID: "timer"}, Action: Wake, Conversation: id})
	if clock(c, record.ClockResolution).Due != p.now+left {
		t.Errorf("awake: %+v", c.SLA)
	}
	p.now += 10 * second
	c = p.act(Command{Action: Resolve, Conversation: id})
	p.want(c, record.ClockResolution, record.Clock{Target: 7200 * second, Since: t0, MetAt: p.now})

	p.now += 20 * second // reopened: both begin again
	t3 := p.now
	c = p.write(id)
	p.want(c, record.ClockFirst, record.Clock{Target: 600 * second, Since: t3, Due: t3 + 600*second, WarnAt: t3 + 450*second})
	p.want(c, record.ClockResolution, record.Clock{Target: 7200 * second, Since: t3, Due: t3 + 7200*second, WarnAt: t3 + 5400*second})
}

func TestWarnedAndBroken(t *testing.T) {
	p := newPromised(t, usual)
	t0 := p.now
	id := p.write("").ID
	system := record.Actor{Kind: "system", ID: "router"}
	warn := Command{By: system, Action: SLAClock, Conversation: id, Reason: "warn/first"}
	broken := Command{By: system, Action: SLAClock, Conversation: id, Reason: "broken/first"}
	p.now = t0 + 450*second - 1
	p.refused(warn)
	p.refused(Command{By: system, Action: SLAClock, Conversation: id, Reason: "broken/never"})
	p.refused(Command{By: agentActor("u1"), Supervisor: true, Action: SLAClock, Conversation: id, Reason: "warn/first"})
	p.now++
	p.want(p.timer(id, "warn/first"), record.ClockFirst, record.Clock{Target: 600 * second, Since: t0, Due: t0 + 600*second, Warned: true})
	p.refused(warn)
	p.now = t0 + 600*second - 1
	p.refused(broken)
	p.now++
	p.want(p.timer(id, "broken/first"), record.ClockFirst, record.Clock{Target: 600 * second, Since: t0, Due: t0 + 600*second, Warned: true, Broken: true})
	p.refused(broken)
	p.now += 5 * second // met late is broken all the same
	c := p.act(Command{Action: Reply, Conversation: id, Text: "sorry"})
	p.want(c, record.ClockFirst, record.Clock{Target: 600 * second, Since: t0, Warned: true, Broken: true, MetAt: p.now})
	p.refused(broken)

	// An answer in the very millisecond of Due is late, also when the timer is; one before it is not.
	for _, late := range []record.Millis{-1, 0} {
		p := newPromised(t, usual)
		id := p.write("").ID
		p.now += 600*second + late
		if c := p.act(Command{Action: Reply, Conversation: id, Text: "x"}); clock(c, record.ClockFirst).Broken != (late == 0) {
			t.Errorf("%d ms after Due: %+v", late, c.SLA)
		}
	}
}

func TestResolvedWithoutAnAnswerCountsNeitherWay(t *testing.T) {
	p := newPromised(t, usual)
	id := p.write("").ID
	p.now += second
	if c := p.act(Command{Action: Resolve, Conversation: id}); clock(c, record.ClockFirst).Kind != "" {
		t.Errorf("kept: %+v", c.SLA)
	}
	p.now += second
	if c := p.write(id); clock(c, record.ClockFirst).Due != p.now+600*second {
		t.Errorf("reopened: %+v", c.SLA)
	}
	p.now += hour
	if c := p.act(Command{Action: Resolve, Conversation: id}); !clock(c, record.ClockFirst).Broken {
		t.Errorf("the broken promise is gone: %+v", c.SLA)
	}
}

func TestPolicyIsTheFirstThatHolds(t *testing.T) {
	p := newPromised(t,
		record.SLAPolicy{ID: "gold", Tiers: []string{"gold"}, First: 60},
		record.SLAPolicy{ID: "urgent", MinPriority: 30, First: 120},
		record.SLAPolicy{ID: "r", Queues: []string{"r"}, First: 180, Resolution: 3600},
		record.SLAPolicy{ID: "mail", Channels: []string{"email"}, First: 240},
		record.SLAPolicy{ID: "rest", Channels: []string{"probe"}, First: 300, Next: 30})
	p.set.Routing.Tiers = []string{"gold"}
	t0 := p.now
	c := p.write("")
	id := c.ID
	if c.SLA.Policy != "rest" || clock(c, record.ClockFirst).Target != 300*second {
		t.Fatalf("%+v", c.SLA)
	}
	// A transfer chooses again; what runs keeps what was promised, what was not promised begins.
	p.now += 10 * second
	c = p.act(Command{Action: Transfer, Conversation: id, Queue: "r"})
	if c.SLA.Policy != "r" || clock(c, record.ClockFirst).Policy != "rest" || clock(c, record.ClockResolution).Policy != "" || clock(c, record.ClockFirst).Target != 300*second || clock(c, record.ClockResolution).Since != p.now {
		t.Errorf("after the transfer: %+v", c.SLA)
	}
	if c = p.act(Command{Action: Priority, Conversation: id, Priority: 30}); c.SLA.Policy != "urgent" {
		t.Errorf("with priority: %+v", c.SLA)
	}
	c = p.act(Command{Action: SetTier, Conversation: id, Reason: "gold"})
	if c.SLA.Policy != "gold" || clock(c, record.ClockFirst).Policy != "rest" || clock(c, record.ClockResolution).Policy != "r" || clock(c, record.ClockFirst).Due != t0+300*second {
		t.Errorf("of gold: %+v", c.SLA)
	}
	p.now += 10 * second
	p.act(Command{Action: Resolve, Conversation: id})
	p.now += 10 * second
	if c = p.write(id); clock(c, record.ClockFirst).Target != 60*second {
		t.Errorf("reopened: %+v", c.SLA)
	}
}

func TestLatePolicyCountsTheCustomersWait(t *testing.T) {
	p := newPromised(t, record.SLAPolicy{ID: "r", Queues: []string{"r"}, First: 180})
	t0 := p.now
	c := p.write("")
	if c.SLA != nil {
		t.Fatalf("a promise of another queue: %+v", c.SLA)
	}
	p.now += 60 * second
	c = p.act(Command{Action: Transfer, Conversation: c.ID, Queue: "r"})
	if k := clock(c, record.ClockFirst); k.Since != t0 || k.Due != t0+180*second {
		t.Errorf("%+v", k)
	}
}

func TestChangedPolicies(t *testing.T) {
	p := newPromised(t, usual)
	t0 := p.now
	id := p.write("").ID
	p.set = withSLA(p.set, record.SLAPolicy{ID: "p", First: 1000, Next: 60, Resolution: 3600, WarnPercent: 50})
	p.now += 100 * second
	c := p.act(Command{Action: Note, Conversation: id, Text: "n"})
	if clock(c, record.ClockFirst).Due != t0+600*second {
		t.Error("a changed policy moved a running clock by itself")
	}
	// Unless who changed it said so.
	c = p.timer(id, renewClocks)
	p.want(c, record.ClockFirst, record.Clock{Target: 1000 * second, Since: t0, Due: t0 + 1000*second, WarnAt: t0 + 500*second})
	p.want(c, record.ClockResolution, record.Clock{Target: 3600 * second, Since: t0, Due: t0 + 3600*second, WarnAt: t0 + 1800*second})
	if _, err := p.state(id).command(&Command{By: record.Actor{Kind: "system"}, Action: SLAClock, Conversation: id, Reason: renewClocks}); err != errNothing {
		t.Errorf("a second time: %v", err)
	}
	// A clock that begins after the change has its promise; one that stands still takes it too when told.
	c = p.act(Command{Action: Reply, Conversation: id, Text: "a"})
	p.want(c, record.ClockResolution, record.Clock{Target: 3600 * second, Since: t0, Left: 3500 * second})
	p.set = withSLA(p.set, record.SLAPolicy{ID: "p", Next: 60, Resolution: 1800})
	c = p.timer(id, renewClocks)
	p.want(c, record.ClockResolution, record.Clock{Target: 1800 * second, Since: t0, Left: 1700 * second})
	// Tightened beyond what is gone, it breaks as soon as it runs.
	p.set = withSLA(p.set, record.SLAPolicy{ID: "p", Next: 60, Resolution: 60})
	p.timer(id, renewClocks)
	p.now += second
	c = p.write(id)
	if k := clock(c, record.ClockResolution); k.Due != p.now+1 || clock(c, record.ClockNext).Target != 60*second {
		t.Errorf("%+v", c.SLA)
	}
	// A policy that is gone promises nothing new; without running ones nothing is left.
	p.now += 2 * second
	p.set = withSLA(p.set)
	c = p.timer(id, renewClocks)
	for _, k := range c.SLA.Clocks {
		if k.MetAt == 0 {
			t.Errorf("runs without a promise: %+v", k)
		}
	}
}

// Who was warned at the policy's own share of the time is not warned again when that share has gone of the new promise as well.
func TestRenewedClocksWarnOnce(t *testing.T) {
	for _, tt := range []struct {
		first  int // seconds promised anew
		warned bool
	}{{500, true}, {1200, false}} {
		p := newPromised(t, record.SLAPolicy{ID: "p", First: 600, WarnPercent: 50})
		id := p.write("").ID
		p.now += 301 * second
		p.timer(id, "warn/first")
		p.set = withSLA(p.set, record.SLAPolicy{ID: "p", First: tt.first, WarnPercent: 50})
		if k := clock(p.timer(id, renewClocks), record.ClockFirst); k.Warned != tt.warned || (k.WarnAt == 0) != tt.warned {
			t.Errorf("%d s promised: %+v", tt.first, k)
		}
	}
}

func withSLA(set *Settings, list ...record.SLAPolicy) *Settings {
	s := *set
	s.SLA = list
	return &s
}

func TestClocksStopOutsideHours(t *testing.T) {
	office := []record.Span{{From: 9 * 60, To: 12 * 60}, {From: 14 * 60, To: 18 * 60}} // split shifts: CW#10436
	week := [7][]record.Span{nil, office, office, office, office, office, nil}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at := func(s string) record.Millis {
		when, err := time.ParseInLocation("2006-01-02 15:04", s, berlin)
		if err != nil {
			t.Fatal(err)
		}
		return record.At(when)
	}
	for _, k := range []struct {
		name       string
		first      int
		now        string
		warn, due  string
		holidays   []record.Holiday
		everyHours bool
	}{
		{"over the midday pause", 7200, "2026-11-23 11:00", "2026-11-23 14:30", "2026-11-23 15:00", nil, false},
		{"over a weekend", 7200, "2026-11-20 17:00", "2026-11-23 09:30", "2026-11-23 10:00", nil, false},
		{"written at night", 3600, "2026-11-23 23:00", "2026-11-24 09:45", "2026-11-24 10:00", nil, false},
		{"over a holiday", 7200, "2026-12-24 17:00", "2026-12-28 09:30", "2026-12-28 10:00", []record.Holiday{{Date: "12-25"}}, false},
		{"over a holiday with hours of its own", 7200, "2026-12-24 17:00", "2026-12-25 10:30", "2026-12-25 11:00",
			[]record.Holiday{{Date: "12-25", Open: []record.Span{{From: 600, To: 660}}}}, false},
		{"over the hour that is skipped", 7200, "2026-03-29 01:00", "2026-03-29 03:30", "2026-03-29 04:00", nil, true},
		{"the end of the day is not the end of the hour", 4 * 3600, "2026-11-23 14:00", "2026-11-23 17:00", "2026-11-23 18:00", nil, false},
	} {
		cal := record.Calendar{ID: "c", Zone: "Europe/Berlin", Week: week, Holidays: k.holidays}
		if k.everyHours {
			for i := range cal.Week {
				cal.Week[i] = []record.Span{{From: 0, To: 1440}}
			}
		}
		p := newPromised(t, record.SLAPolicy{ID: "p", First: k.first, Calendar: "c"})
		p.set.Calendars = map[string]record.Calendar{"c": cal}
		p.now = at(k.now)
		c := p.write("")
		if got := clock(c, record.ClockFirst); got.Due != at(k.due) || got.WarnAt != at(k.warn) {
			t.Errorf("%s: warns %v, due %v", k.name, got.WarnAt.Time().In(berlin), got.Due.Time().In(berlin))
		}
	}

	// What stands still keeps working time: two hours left on Friday are two hours of Monday.
	p := newPromised(t, record.SLAPolicy{ID: "p", Resolution: 4 * 3600, Calendar: "c"})
	p.set.Calendars = map[string]record.Calendar{"c": {ID: "c", Zone: "Europe/Berlin", Week: week}}
	p.now = at("2026-11-20 15:00")
	id := p.write("").ID
	p.now = at("2026-11-20 17:00")
	c := p.act(Command{Action: Reply, Conversation: id, Text: "a"})
	if got := clock(c, record.ClockResolution); got.Left != 2*hour {
		t.Errorf("stands still with %v", got)
	}
	p.now = at("2026-11-22 12:00")
	c = p.write(id)
	if got := clock(c, record.ClockResolution); got.Due != at("2026-11-23 11:00") {
		t.Errorf("goes on until %v", got.Due.Time().In(berlin))
	}
}

// TestClockLaws does anything at any time and looks at what must always hold.
func TestClockLaws(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	week := [7][]record.Span{}
	for i := range week {
		week[i] = []record.Span{{From: 540, To: 1020}}
	}
	for round := range 200 {
		p := newPromised(t, record.SLAPolicy{ID: "a", Queues: []string{"q"}, First: 600, Next: 300, Resolution: 3600, Calendar: "c"},
			record.SLAPolicy{ID: "b", First: 60, Resolution: 7200})
		p.set.Calendars = map[string]record.Calendar{"c": {ID: "c", Zone: "Asia/Tehran", Week: week}}
		p.now = record.At(time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)) + record.Millis(round)*hour
		id := p.write("").ID
		for range 60 {
			p.now += record.Millis(r.IntN(900_000))
			before := p.convs[id]
			cmds := []Command{{Action: Reply, Text: "x"}, {Action: Note, Text: "x"}, {Action: Snooze, Until: p.now + hour}, {Action: Wake}, {Action: Resolve},
				{Action: Reopen}, {Action: Transfer, Queue: "r"}, {Action: Transfer, Queue: "q"}, {Action: Assign, Agent: "u2"}, {Action: Priority, Priority: r.IntN(9)}}
			if k := r.IntN(len(cmds) + 4); k >= len(cmds) {
				p.write(id)
			} else {
				cmd := cmds[k]
				cmd.By, cmd.Supervisor, cmd.Conversation = agentActor("u1"), true, id
				s := p.state(id)
				e, err := s.command(&cmd)
				if err != nil {
					continue
				}
				p.keep(e, s.conv)
			}
			c := p.convs[id]
			seen := map[string]bool{}
			if c.SLA == nil {
				continue
			}
			for _, k := range c.SLA.Clocks {
				if seen[k.Kind] {
					t.Fatalf("two clocks of a kind: %+v", c.SLA)
				}
				seen[k.Kind] = true
				states := 0
				for _, is := range []bool{k.Due != 0, k.Left != 0, k.MetAt != 0} {
					if is {
						states++
					}
				}
				if states != 1 {
					t.Fatalf("a clock runs, stands or is over: %+v", k)
				}
				if k.MetAt == 0 && !owed(&c, k.Kind) {
					t.Fatalf("%s: %+v of %+v", k.Kind, k, c)
				}
				if k.Left != 0 && (!forCustomer(&c) || k.Kind != record.ClockResolution) {
					t.Fatalf("stands still while the customer waits: %+v", c)
				}
				if k.WarnAt > k.Due || k.Left > k.Target {
					t.Fatalf("%+v", k)
				}
				if old := clock(before, k.Kind); old.Broken && old.Since == k.Since && !k.Broken {
					t.Fatalf("mended: %+v", k)
				}
			}
		}
	}
}

func TestDecisionsDoNotWriteOldClocks(t *testing.T) {
	p := newPromised(t, usual)
	old := p.write("")
	text, _ := json.Marshal(old.SLA)
	p.now += second
	p.act(Command{Action: Reply, Conversation: old.ID, Text: "a"})
	if now, _ := json.Marshal(old.SLA); string(now) != string(text) {
		t.Errorf("the header before was written: %s", now)
	}
}

// TestPromisesOfTheHub goes through the real thing: what customers write, tiers that are read, policies that change.
func TestPromisesOfTheHub(t *testing.T) {
	r := newRig(t, stores[0])
	db := r.openDB()
	u := r.user("ann", 5)
	for name, v := range map[string]any{
		RoutingSetting: record.RoutingSetting{Tiers: []string{"gold"}},
		SLASetting:     []record.SLAPolicy{{ID: "g", Tiers: []string{"gold"}, First: 60}, {ID: "all", First: 600, Resolution: 6000}},
	} {
		if _, err := db.SetSetting(t.Context(), name, 0, v); err != nil {
			t.Fatal(err)
		}
	}
	h, _ := r.hub()
	r.mustSay(h, "one", "k1", "hi")
	live := func(thread string) record.Conversation {
		c, ok := h.mirror.byThread(r.thread(thread))
		if !ok {
			t.Fatalf("%s is not live", thread)
		}
		return c
	}
	c := live("one")
	if c.SLA == nil || c.SLA.Policy != "all" || clock(c, record.ClockFirst).Due-clock(c, record.ClockFirst).Since != 600*second {
		t.Fatalf("%+v", c.SLA)
	}
	gold := "gold"
	identity, err := db.Identity(t.Context(), c.Identity)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := db.EditCustomer(t.Context(), identity.Customer, 0, record.CustomerEdit{Tier: &gold}, record.Decided{}, nil); err != nil {
		t.Fatal(err)
	}
	if err := h.SetTier(t.Context(), agentActor(u.ID), identity.Customer, gold); err != nil {
		t.Fatal(err)
	}
	if c = live("one"); c.Tier != gold || c.SLA.Policy != "g" || clock(c, record.ClockFirst).Target != 600*second {
		t.Fatalf("%+v", c)
	}
	if _, err := h.Do(t.Context(), Command{By: agentActor(u.ID), Supervisor: true, Action: Resolve, Conversation: c.ID}); err != nil {
		t.Fatal(err)
	}
	if c = live("one"); c.Open() || clock(c, record.ClockResolution).MetAt == 0 {
		t.Fatalf("resolved: %+v", c.SLA)
	}
	// A new conversation of the same customer begins with the tier.
	if err := h.receive(t.Context(), r.account, channels.Batch{Messages: []channels.Inbound{{Key: "k2", Thread: "two", Address: "one", Text: "again"},
		{Key: "k3", Thread: "three", Address: "three", Text: "somebody else"}}}); err != nil {
		t.Fatal(err)
	}
	if c = live("two"); c.Tier != gold || clock(c, record.ClockFirst).Target != 60*second {
		t.Fatalf("the second conversation: %+v", c)
	}
	if c = live("three"); c.Tier != "" || c.SLA.Policy != "all" {
		t.Fatalf("somebody else's: %+v", c)
	}
	// The promise is tightened for what runs too.
	if _, err := db.SetSetting(t.Context(), SLASetting, 1, []record.SLAPolicy{{ID: "all", First: 300}}); err != nil {
		t.Fatal(err)
	}
	if err := h.SettingsChanged(t.Context(), SLASetting); err != nil {
		t.Fatal(err)
	}
	h.RenewPromises()
	eventually(t, "running clocks take the new promise", func() bool {
		k := clock(live("three"), record.ClockFirst)
		return k.Target == 300*second && k.Due == k.Since+300*second && clock(live("three"), record.ClockResolution).Kind == ""
	})
}

// TestAddedAndMovedPolicies: a policy that is added, or moved up, is an open conversation's only when who changed the list says so.
func TestAddedAndMovedPolicies(t *testing.T) {
	p := newPromised(t)
	t0 := p.now
	id := p.write("").ID
	slow, quick := record.SLAPolicy{ID: "slow", First: 600}, record.SLAPolicy{ID: "quick", First: 60}
	p.set = withSLA(p.set, slow)
	p.now += 10 * second
	if c := p.act(Command{Action: Note, Conversation: id, Text: "n"}); c.SLA != nil {
		t.Errorf("added, it holds by itself: %+v", c.SLA)
	}
	c := p.timer(id, renewClocks)
	p.want(c, record.ClockFirst, record.Clock{Target: 600 * second, Since: t0, Due: t0 + 600*second, WarnAt: t0 + 450*second})
	p.set = withSLA(p.set, quick, slow)
	p.now += 10 * second
	if c = p.act(Command{Action: Note, Conversation: id, Text: "n"}); c.SLA.Policy != "slow" || clock(c, record.ClockFirst).Due != t0+600*second {
		t.Errorf("before another, it holds by itself: %+v", c.SLA)
	}
	if c = p.timer(id, renewClocks); c.SLA.Policy != "quick" {
		t.Errorf("told to, the conversation keeps %q", c.SLA.Policy)
	}
	p.want(c, record.ClockFirst, record.Clock{Target: 60 * second, Since: t0, Due: t0 + 60*second, WarnAt: t0 + 45*second})
}

func BenchmarkClocks(b *testing.B) {
	week := [7][]record.Span{}
	for i := range week {
		week[i] = []record.Span{{From: 540, To: 1020}}
	}
	set := &Settings{SLA: []record.SLAPolicy{{ID: "a", First: 600, Next: 300, Resolution: 36000, Calendar: "c"}}, Calendars: map[string]record.Calendar{"c": {ID: "c", Zone: "Asia/Tehran", Week: week}}}
	ready, err := calendar.Of(set.Calendars["c"])
	if err != nil {
		b.Fatal(err)
	}
	set.compiled = map[string]*calendar.Calendar{"c": ready}
	now := record.At(time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC))
	for b.Loop() {
		h := record.Conversation{ID: "c", Version: 1, Status: record.Waiting, Unanswered: now}
		clocks(&record.Conversation{}, &h, now, set, false)
	}
}
