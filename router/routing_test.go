package router

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"tamas/inbox/record"
)

func (d *desk) rules(change func(*Rules)) {
	r := d.e.rules
	r.Queues = slices.Clone(r.Queues)
	change(&r)
	d.e.Settings(r)
}

// lineOf is a queue of push mode with this routing.
func lineOf(r record.Routing, members ...string) record.Queue {
	q := line("q", ModePush, members...)
	q.Routing = r
	return q
}

func skilled(id string, capacity int, skills map[string]int) record.User {
	u := user(id, capacity)
	u.Skills = skills
	return u
}

// TestLoadRatio is Azure's example of load ratio: A 3 of 5 idle for 5 min, B 3 of 4, C 3 of 5 idle for 7 min, D 0 → D, C, A, B.
func TestLoadRatio(t *testing.T) {
	d := newDesk(t, []record.Queue{lineOf(record.Routing{Order: record.OrderRatio}, "A", "B", "C", "D")}, user("A", 5), user("B", 4), user("C", 5), user("D", 5))
	for id, idle := range map[string]record.Millis{"A": 5, "B": 20, "C": 7, "D": 0} {
		a := free(id)
		a.IdleSince = t0 - idle*minute
		if id != "D" {
			a.Held = map[string]int{"x" + id: 3}
		}
		d.agent(a)
	}
	d.conv(waiting("1", t0))
	if w := d.want(t0, "push 1 D load_ratio")[0].Why; !slices.Equal(w.Candidates, []string{"D", "C", "A", "B"}) {
		t.Errorf("asked in the order %v", w.Candidates)
	}
}

func TestOrdersOfAgents(t *testing.T) {
	want := map[string]string{ // used, of capacity, idle since, last turn
		record.OrderIdle: "c b d a", record.OrderActive: "d a b c", record.OrderAvailable: "b c d a", record.OrderRatio: "d b c a", record.OrderRound: "a d c b",
	}
	for order, first := range want {
		d := newDesk(t, []record.Queue{lineOf(record.Routing{Order: order}, "a", "b", "c", "d")}, user("a", 2), user("b", 9), user("c", 9), user("d", 4))
		for _, x := range []struct {
			id         string
			used       int
			idle, turn record.Millis
		}{{"a", 1, 40, 10}, {"b", 2, 20, 40}, {"c", 3, 10, 30}, {"d", 0, 30, 20}} {
			a := free(x.id)
			a.IdleSince, a.TurnAt = t0-1000+x.idle, t0-1000+x.turn
			if x.used > 0 {
				a.Held = map[string]int{"x" + x.id: x.used}
			}
			d.agent(a)
		}
		d.conv(waiting("1", t0))
		if got := fmt.Sprint(d.e.Decide(t0)[0].Why.Candidates); got != "["+first+"]" {
			t.Errorf("%s asks %s, not %s", order, got, first)
		}
	}
}

// TestRoundRobin: turns go round whoever is given what by whom.
func TestRoundRobin(t *testing.T) {
	d := newDesk(t, []record.Queue{lineOf(record.Routing{Order: record.OrderRound}, "a", "b", "c")}, user("a", 9), user("b", 9), user("c", 9))
	for i, id := range []string{"a", "b", "c"} {
		a := free(id)
		a.TurnAt = t0 - record.Millis(100-i)
		d.agent(a)
	}
	for i := range 5 {
		d.conv(waiting(fmt.Sprint(i), t0-100+record.Millis(i)))
	}
	d.want(t0, "push 0 a round_robin", "push 1 b round_robin", "push 2 c round_robin", "push 3 a round_robin", "push 4 b round_robin")
}

func clock(kind string, due record.Millis) *record.SLA {
	return &record.SLA{Clocks: []record.Clock{{Kind: kind, Due: due}}}
}

// TestOrderBySLA: the clock that runs out first goes first; without one a conversation stands as if it ran out an hour after its score
// was zero, in whichever of the agent's queues.
func TestOrderBySLA(t *testing.T) {
	q, p := lineOf(record.Routing{Waiting: record.WaitSLA}, "a"), line("p", ModePush, "a")
	d := newDesk(t, []record.Queue{q, p}, user("a", 9))
	d.agent(free("a"))
	put := func(id, queue string, waited, left record.Millis) {
		c := waiting(id, t0-waited*minute)
		c.Queue = queue
		if left != 0 {
			c.SLA = clock(record.ClockFirst, t0+left*minute)
			c.SLA.Clocks = append(c.SLA.Clocks, record.Clock{Kind: record.ClockNext, Due: t0 + 1, MetAt: t0}, record.Clock{Kind: record.ClockResolution, Due: t0 + 9999*minute})
		}
		d.conv(c)
	}
	put("due in 10", "q", 1, 10)
	put("overdue", "q", 1, -5)
	put("none, 55 min", "q", 55, 0) // as if due in 5
	put("none, 1 min", "q", 1, 0)   // as if due in 59
	put("by score, 52 min", "p", 52, 1)
	got := []string{}
	for _, x := range d.e.Decide(t0) {
		if x.Action == ActPush {
			got = append(got, x.Conversation)
		}
	}
	if want := []string{"overdue", "none, 55 min", "by score, 52 min", "due in 10", "none, 1 min"}; !slices.Equal(got, want) {
		t.Errorf("served %q, not %q", got, want)
	}
}

func TestSkillsAndRings(t *testing.T) {
	r := record.Routing{Needs: []record.Need{{Skill: "english", Level: 3, DropAfter: 60}, {Skill: "billing", DropAfter: 30}}}
	d := newDesk(t, []record.Queue{lineOf(r, "best", "half", "law", "none")},
		skilled("best", 1, map[string]int{"english": 3, "billing": 1, "law": 2}), skilled("half", 1, map[string]int{"english": 4, "law": 5}),
		skilled("law", 1, map[string]int{"english": 2, "law": 2}), skilled("none", 9, map[string]int{"english": 5, "billing": 5}))
	for _, id := range []string{"half", "law", "none"} {
		d.agent(free(id))
	}
	c := waiting("1", t0)
	c.Needs = []record.Need{{Skill: "law", Level: 2}}
	d.conv(c)
	d.want(t0)
	want := []Exclusion{{Agent: "best", Reason: "offline"}, {Agent: "half", Reason: NoSkill, Skill: "billing", Until: t0 + 30_000},
		{Agent: "law", Reason: NoSkill, Skill: "billing", Until: t0 + 30_000}, {Agent: "none", Reason: NoSkill, Skill: "law"}}
	x := d.e.Explain("1", t0)
	if !reflect.DeepEqual(x.Reasons, want) || *x.Next != (Change{t0 + 30_000, NextRing}) || len(x.Needs) != 3 {
		t.Errorf("explained: %+v", x)
	}
	half := free("half")
	half.Version, half.State = 2, record.Busy
	d.agent(half)
	if next := d.e.Next(); next != 1 {
		t.Errorf("next %d", next)
	}
	d.want(t0 + 30_000)
	if got := d.why("1", t0+30_000)[2]; got != (Exclusion{Agent: "law", Reason: LowLevel, Skill: "english", Until: t0 + 60_000}) {
		t.Errorf("explained: %v", got)
	}
	if next := d.e.Next(); next != t0+60_000 {
		t.Errorf("next %d", next)
	}
	d.want(t0+60_000, "push 1 law longest_idle") // never "none": law is mandatory
}

// TestNeedsOfQueueAndConversation: the stricter of two holds, in level and in time.
func TestNeedsOfQueueAndConversation(t *testing.T) {
	got := needsOf([]record.Need{{Skill: "b", Level: 1, DropAfter: 9}, {Skill: "a", Level: 2, DropAfter: 5}}, []record.Need{{Skill: "a", Level: 1}, {Skill: "b", Level: 3, DropAfter: 4}})
	want := []record.Need{{Skill: "a", Level: 2}, {Skill: "b", Level: 3, DropAfter: 9}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
}

func TestTakesAll(t *testing.T) {
	d := newDesk(t, []record.Queue{line("q", ModePush, "a", "b")}, user("a", 6), user("b", 2))
	a := free("a")
	a.Held = map[string]int{"x": 1}
	d.agent(a)
	call := waiting("call", t0)
	call.Units = record.AllUnits
	d.conv(call)
	d.want(t0)
	d.agent(free("b"))
	d.want(t0+1, "push call b longest_idle")
	if p := d.e.Pending(); len(p) != 1 || p[0].Units != 2 {
		t.Errorf("pending: %+v", p)
	}
	d.rules(func(r *Rules) { r.Users = []record.User{user("a", 1), user("b", 9)} }) // capacity grows, the call still takes all
	d.conv(waiting("1", t0))
	d.want(t0 + 2)
	call.Version, call.Status, call.Owner = 2, record.Active, "b"
	d.conv(call)
	b := free("b")
	b.Version, b.Held = 2, map[string]int{"call": 2}
	d.agent(b)
	d.want(t0 + 3)
}

// TestBlendStarvation: one that takes two units waits while single ones keep two agents half full; after HeavySecs one of them is kept,
// the other goes on.
func TestBlendStarvation(t *testing.T) {
	d := newDesk(t, []record.Queue{lineOf(record.Routing{HeavySecs: 60}, "a", "b")}, user("a", 2), user("b", 3))
	half := func(id string, version int64, held int) {
		a := free(id)
		a.Version, a.Held = version, map[string]int{"x" + id: held}
		d.agent(a)
	}
	half("a", 1, 2)
	half("b", 1, 3)
	heavy := waiting("heavy", t0)
	heavy.Units, heavy.Priority = 2, 0
	d.conv(heavy)
	for i := range 9 {
		c := waiting(fmt.Sprint(i), t0+record.Millis(i))
		c.Priority = 60 // always before the heavy one
		d.conv(c)
	}
	d.want(t0 + 100)
	half("a", 2, 1)
	d.want(t0+59_000, "push 0 a longest_idle") // too early to keep anybody
	half("a", 3, 2)
	c := waiting("0", t0)
	c.Version, c.Status = 2, record.Resolved
	c.ReopenUntil = t0 + 999_000
	d.conv(c)
	d.want(t0 + 60_000)
	half("b", 2, 2)
	d.want(t0 + 61_000) // b has a unit, and is kept
	if got := d.why("1", t0+61_000); !slices.Contains(got, Exclusion{Agent: "b", Reason: Heavy}) {
		t.Errorf("explained: %v", got)
	}
	half("a", 4, 1)
	d.want(t0+62_000, "push 1 b longest_idle") // a needs as little and has the lower id: now a is kept, b is not
	half("a", 5, 0)
	d.want(t0+63_000, "push heavy a longest_idle")
}

// TestNewRoundOfAHeavyOne: while its new round is on its way, whoever is kept for it stays kept; and when the hub refuses the round, it is
// given to who gains room, and the round is tried again only after the pause.
func TestNewRoundOfAHeavyOne(t *testing.T) {
	d := newDesk(t, []record.Queue{lineOf(record.Routing{HeavySecs: 60}, "a", "b")}, user("a", 2), user("b", 2))
	a := free("a")
	a.Held = map[string]int{"x": 1}
	d.agent(a)
	d.agent(free("b"))
	heavy, light := waiting("heavy", t0), waiting("light", t0+1)
	heavy.Units, heavy.Declined, heavy.DeclinedAt = 2, []string{"b"}, t0+31_000
	light.Declined, light.DeclinedAt = []string{"b"}, t0+60_500
	d.conv(heavy)
	d.want(t0 + 60_000) // a is kept from now on
	d.conv(light)
	for _, at := range []record.Millis{t0 + 61_000, t0 + 61_250} {
		round := d.want(at, "requeue heavy  new_round")
		if next := d.e.Next(); next <= at {
			t.Errorf("at %d it is not done before %d", at, next)
		}
		d.e.Refuse(round[0], at)
		d.want(at)
	}
	a.Version, a.Held = 2, nil
	d.agent(a)
	d.want(t0+61_300, "push heavy a longest_idle")
}

// TestNewRoundsInOrder: the heavy one takes a, so b is kept no more; only now is the older of the two looked at whom b had refused.
func TestNewRoundsInOrder(t *testing.T) {
	d := newDesk(t, []record.Queue{lineOf(record.Routing{HeavySecs: 60}, "a", "b")}, user("a", 2), user("b", 2))
	for id, held := range map[string]int{"a": 2, "b": 1} {
		h := free(id)
		h.Held = map[string]int{"x" + id: held}
		d.agent(h)
	}
	heavy, older, younger := waiting("heavy", t0), waiting("older", t0+1), waiting("younger", t0+2)
	heavy.Units = 2
	older.Declined, older.DeclinedAt = []string{"b"}, t0+40_000
	younger.Declined, younger.DeclinedAt = []string{"b"}, t0+45_000
	d.conv(heavy)
	d.conv(older)
	d.conv(younger)
	d.want(t0 + 60_000)
	d.want(t0 + 70_000) // the older one's round is over, and b is kept
	a := free("a")
	a.Version = 2
	d.agent(a)
	d.want(t0+75_000, "push heavy a longest_idle", "requeue older  new_round", "requeue younger  new_round")
}

func TestRelease(t *testing.T) {
	d := newDesk(t, []record.Queue{lineOf(record.Routing{ReleaseSecs: 60}, "a")}, user("a", 1))
	a := free("a")
	a.Held = map[string]int{"1": 1}
	d.agent(a)
	c := record.Conversation{ID: "1", Version: 1, Queue: "q", Status: record.Active, Owner: "a", Units: 1, Unanswered: t0, LastMessageAt: t0, AssignedAt: t0}
	d.conv(c)
	d.conv(waiting("2", t0))
	d.want(t0 + 70_000) // it is the customer who waits
	c.Version, c.Unanswered, c.LastMessageAt = 2, 0, t0+70_000
	d.conv(c)
	d.want(t0 + 129_999)
	if next := d.e.Next(); next != t0+130_000 {
		t.Errorf("next %d", next)
	}
	list := d.want(t0+130_000, "release 1 a silent")
	if list[0].Version != 2 {
		t.Errorf("%+v", list[0])
	}
	c.Version, c.Released = 3, true
	d.conv(c)
	a.Version, a.Held = 2, nil
	d.agent(a)
	d.want(t0+130_001, "push 2 a longest_idle")
	a.Version, a.Held = 3, map[string]int{"1": 1, "2": 1} // the customer woke it: overfilled, and nothing new
	d.agent(a)
	d.conv(waiting("3", t0))
	d.want(t0 + 130_002)
}

func TestSticky(t *testing.T) {
	for _, x := range []struct {
		name   string
		state  record.AgentState
		lost   record.Millis
		waits  bool
		change func(*record.Conversation)
	}{
		{"busy", record.Busy, 0, true, nil},
		{"wrap-up", record.WrapUp, 0, true, nil},
		{"full", record.Available, 0, true, nil},
		{"lost for a moment", record.Available, t0 - 1000, true, nil},
		{"offline", record.Offline, 0, false, nil},
		{"on a break", record.Break, 0, false, nil},
		{"lost for long", record.Available, t0 - 40_000, false, nil},
		{"declined", record.Available, 0, false, func(c *record.Conversation) { c.Declined, c.DeclinedAt = []string{"mine"}, t0 }},
		{"without the skill", record.Available, 0, false, func(c *record.Conversation) { c.Needs = []record.Need{{Skill: "law"}} }},
	} {
		t.Run(x.name, func(t *testing.T) {
			d := newDesk(t, []record.Queue{line("q", ModePush, "mine", "other")}, user("mine", 1), skilled("other", 5, map[string]int{"law": 1}))
			mine := free("mine")
			mine.State, mine.LostAt, mine.Held = x.state, x.lost, map[string]int{"x": 1}
			d.agent(mine)
			d.agent(free("other"))
			c := waiting("1", t0)
			c.Prefer, c.StickyUntil = "mine", t0+60_000
			if x.change != nil {
				x.change(&c)
			}
			d.conv(c)
			var states []Decision
			for _, y := range d.e.Decide(t0) {
				if y.Action == ActState {
					states = append(states, y)
				} else if x.waits || y.Agent != "other" {
					t.Errorf("decided: %+v", y)
				} else {
					return
				}
			}
			if !x.waits {
				t.Fatalf("nobody is asked: %v", d.why("1", t0))
			}
			if got := d.why("1", t0); !slices.Contains(got, Exclusion{Agent: "other", Reason: Sticky, Until: t0 + 60_000}) || len(states) > 0 {
				t.Errorf("explained: %v", got)
			}
			if x.name == "busy" { // comes free
				mine.Version, mine.State, mine.Held = 2, record.Available, nil
				d.agent(mine)
				d.want(t0+1, "push 1 mine preferred")
				return
			}
			for _, y := range d.e.Decide(t0 + 60_000) {
				if y.Action == ActPush && y.Agent == "other" {
					return
				}
			}
			t.Errorf("waits for ever: %v", d.why("1", t0+60_000))
		})
	}
}

func TestSecondaryAgents(t *testing.T) {
	r := record.Routing{Secondary: []record.Secondary{{After: 120, Members: []string{"third"}}, {After: 60, Members: []string{"second", "first"}}}}
	d := newDesk(t, []record.Queue{lineOf(r, "first")}, user("first", 1), user("second", 1), user("third", 9))
	d.agent(free("third"))
	second := free("second")
	second.Held = map[string]int{"x": 1}
	d.agent(second)
	d.conv(waiting("1", t0))
	d.want(t0)
	if got := d.why("1", t0)[2]; got != (Exclusion{Agent: "third", Reason: Later, Until: t0 + 120_000}) {
		t.Errorf("explained: %v", got)
	}
	if next := d.e.Next(); next != t0+60_000 {
		t.Errorf("next %d", next)
	}
	d.want(t0 + 60_000)
	d.want(t0+120_000, "push 1 third longest_idle")
	second.Version, second.Held = 2, nil
	d.agent(second)
	d.conv(waiting("2", t0)) // both may: the nearer first, however idle
	d.want(t0+121_000, "push 2 second longest_idle")
}
