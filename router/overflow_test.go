package router

import (
	"reflect"
	"testing"

	"tamas/inbox/record"
)

func TestChannelsOfAnAgent(t *testing.T) {
	d := newDesk(t, []record.Queue{line("q", ModePush, "a")}, user("a", 9))
	a := free("a")
	a.Channels = []string{"email"}
	d.agent(a)
	chat, mail := waiting("chat", t0), waiting("mail", t0+1)
	chat.Channel, mail.Channel = "webchat", "email"
	d.conv(chat)
	d.conv(mail)
	d.want(t0+1, "push mail a longest_idle")
	if got := d.why("chat", t0+1); !reflect.DeepEqual(got, []Exclusion{{Agent: "a", Reason: Channel}}) {
		t.Errorf("explained: %v", got)
	}
	a.Version, a.Channels = 2, []string{"email", "webchat"}
	d.agent(a)
	d.want(t0+2, "push chat a longest_idle")
}

func TestClosedQueue(t *testing.T) {
	d := newDesk(t, []record.Queue{lineOf(record.Routing{Closed: true, ClosedText: "We are closed."}, "a")}, user("a", 9))
	d.agent(free("a"))
	c := waiting("1", t0)
	c.Prefer = "a"
	d.conv(c)
	list := d.want(t0, "tell 1  tell_closed")
	if list[0].Text != "We are closed." || list[0].Reason != "closed" {
		t.Errorf("%+v", list[0])
	}
	c.Version, c.ToldText = 2, []string{"closed"}
	d.conv(c)
	d.want(t0 + 1) // once
	if got := d.why("1", t0+1); !reflect.DeepEqual(got, []Exclusion{{Reason: Closed}}) {
		t.Errorf("explained: %v", got)
	}
	d.rules(func(r *Rules) { r.Queues[0].Routing.Closed = false })
	d.want(t0+2, "push 1 a preferred")
}

func TestHours(t *testing.T) {
	day := record.Millis(24 * 60 * minute)
	monday := record.Millis(1_767_571_200_000) // 2026-01-05 00:00 UTC
	cal := record.Calendar{ID: "c", Zone: "UTC", Holidays: []record.Holiday{{Date: "2026-01-06"}}}
	for i := range cal.Week {
		cal.Week[i] = []record.Span{{From: 9 * 60, To: 12 * 60}, {From: 13 * 60, To: 1440}}
	}
	d := newDesk(t, nil, user("a", 9))
	d.e.Settings(Rules{Users: []record.User{user("a", 9)}, Calendars: []record.Calendar{cal}, Queues: []record.Queue{lineOf(record.Routing{Calendar: "c"}, "a")}})
	d.agent(free("a"))
	d.want(monday + 12*60*minute)
	d.conv(waiting("1", monday+12*60*minute))
	d.want(monday + 12*60*minute + 1)
	x := d.e.Explain("1", monday+12*60*minute+1)
	if x.Reasons[0] != (Exclusion{Reason: Closed, Until: monday + 13*60*minute}) || *x.Next != (Change{monday + 13*60*minute, NextCalendar}) {
		t.Errorf("explained: %+v", x)
	}
	if next := d.e.Next(); next != monday+13*60*minute {
		t.Errorf("next %d", next)
	}
	d.want(monday+13*60*minute, "push 1 a longest_idle")
	taken := waiting("1", 0)
	taken.Version, taken.Status, taken.Owner = 2, record.Active, "a"
	d.conv(taken)
	d.want(monday + day) // 24:00, and Tuesday is a holiday
	d.conv(waiting("2", monday+day))
	d.want(monday + 2*day)
	if next := d.e.Next(); next != monday+2*day+9*60*minute {
		t.Errorf("next %d", next-monday)
	}
	d.want(monday+2*day+9*60*minute, "push 2 a longest_idle")
}

func TestOverflow(t *testing.T) {
	other := line("other", ModePush, "b")
	rules := func(o ...record.Overflow) []record.Queue {
		return []record.Queue{lineOf(record.Routing{Overflow: o}, "a"), other}
	}
	at := func(id string, queued record.Millis) record.Conversation {
		c := waiting(id, t0-99*minute)
		c.QueuedAt = queued
		return c
	}
	t.Run("wait", func(t *testing.T) { // text, then queue, and the next rule when the first has nothing left to do
		d := newDesk(t, rules(record.Overflow{When: record.OverWait, Value: 30, Text: "soon"}, record.Overflow{When: record.OverWait, Value: 60, Queue: "other", Text: "others"}), user("a", 9), user("b", 9))
		c := at("1", t0)
		d.conv(c)
		d.want(t0 + 29_999)
		if l := d.want(t0+30_000, "tell 1  tell_overflow"); l[0].Text != "soon" || l[0].Reason != "overflow/q/0" {
			t.Errorf("%+v", l[0])
		}
		c.Version, c.ToldText = 2, []string{"overflow/q/0"}
		d.conv(c)
		d.want(t0 + 59_999)
		d.want(t0+60_000, "tell 1  tell_overflow")
		c.Version, c.ToldText = 3, []string{"overflow/q/0", "overflow/q/1"}
		d.conv(c)
		if l := d.want(t0+60_001, "overflow 1  overflow_wait"); l[0].Queue != "other" || l[0].Reason != record.OverWait {
			t.Errorf("%+v", l[0])
		}
		c.Version, c.Queue, c.Hops = 4, "other", []string{"q"}
		d.conv(c)
		d.want(t0 + 900_000)
	})
	t.Run("not with a free agent", func(t *testing.T) {
		d := newDesk(t, rules(record.Overflow{When: record.OverWait, Queue: "other"}), user("a", 9), user("b", 9))
		d.agent(free("a"))
		d.conv(at("1", t0))
		d.want(t0+1, "push 1 a longest_idle")
	})
	t.Run("length", func(t *testing.T) {
		d := newDesk(t, rules(record.Overflow{When: record.OverLength, Value: 2, Queue: "other"}), user("a", 9), user("b", 9))
		d.conv(at("1", t0))
		d.conv(at("2", t0))
		d.want(t0)
		first := at("0", t0)
		first.Priority = 5 // pushes the second out
		d.conv(first)
		d.want(t0+1, "overflow 2  overflow_length")
	})
	t.Run("unstaffed", func(t *testing.T) {
		d := newDesk(t, rules(record.Overflow{When: record.OverUnstaffed, Queue: "other"}), user("a", 9), user("b", 9))
		a := free("a")
		a.State = record.Busy
		d.agent(a)
		d.conv(at("1", t0))
		d.want(t0) // busy is at work
		a.Version, a.State = 2, record.Break
		d.agent(a)
		d.want(t0+1, "overflow 1  overflow_unstaffed")
	})
	t.Run("closed", func(t *testing.T) {
		d := newDesk(t, rules(record.Overflow{When: record.OverClosed, Queue: "other"}), user("a", 9), user("b", 9))
		d.agent(free("a"))
		d.rules(func(r *Rules) { r.Queues[0].Routing.Closed = true })
		d.conv(at("1", t0))
		d.want(t0, "overflow 1  overflow_closed")
	})
	t.Run("impossible", func(t *testing.T) {
		d := newDesk(t, rules(record.Overflow{When: record.OverImpossible, Queue: "other"}), skilled("a", 2, map[string]int{"law": 1}), user("b", 9))
		for id, c := range map[string]record.Conversation{
			"possible": {Units: 2, Needs: []record.Need{{Skill: "law"}, {Skill: "chess", DropAfter: 60}}},
			"skill":    {Units: 1, Needs: []record.Need{{Skill: "law", Level: 2}}},
			"units":    {Units: 3},
		} {
			x := at(id, t0)
			x.Units, x.Needs = c.Units, c.Needs
			d.conv(x)
		}
		d.want(t0, "overflow skill  overflow_impossible", "overflow units  overflow_impossible")
	})
	t.Run("guards", func(t *testing.T) {
		d := newDesk(t, rules(record.Overflow{When: record.OverUnstaffed, Queue: "other"}, record.Overflow{When: record.OverUnstaffed, Queue: "q"},
			record.Overflow{When: record.OverUnstaffed, Queue: "nowhere"}), user("a", 9), user("b", 9))
		been, tired := at("1", t0), at("2", t0)
		been.Hops = []string{"other"}
		tired.Hops = []string{"1", "2", "3", "4", "5"}
		d.conv(been)
		d.conv(tired)
		d.want(t0)
	})
}

// TestRefusedAsideHoldsUpNobody: when a text or a promise cannot be noted, matching goes on, and a text is given up.
func TestRefusedAsideHoldsUpNobody(t *testing.T) {
	d := newDesk(t, []record.Queue{lineOf(record.Routing{Overflow: []record.Overflow{{When: record.OverWait, Text: "x", Queue: "p"}}}, "a"), line("p", ModePush)}, user("a", 9))
	d.conv(waiting("1", t0))
	now := t0
	for range tellTries {
		l := d.want(now, "tell 1  tell_overflow")
		d.e.Refuse(l[0], now)
		d.want(now)
		now = d.e.Next()
	}
	l := d.want(now, "overflow 1  overflow_wait")
	d.e.Refuse(l[0], now)
	d.agent(free("a"))
	d.want(now+1, "push 1 a longest_idle")
}

// TestRefusedStateHidesNoGrace: the hub refuses to end a wrap-up just when the grace of the same agent is over.
func TestRefusedStateHidesNoGrace(t *testing.T) {
	q := lineOf(record.Routing{Overflow: []record.Overflow{{When: record.OverUnstaffed, Text: "Nobody is here."}}}, "a")
	d := newDesk(t, []record.Queue{q}, user("a", 1))
	a := free("a")
	a.State, a.WrapUpUntil, a.LostAt = record.WrapUp, t0+29_000, t0
	d.agent(a)
	d.conv(waiting("1", t0))
	d.want(t0)
	over := d.want(t0+29_000, "agent.state  a wrap_up_over")
	d.e.Refuse(over[0], t0+30_000)
	if next := d.e.Next(); next != t0+30_000 {
		t.Errorf("next %d", next)
	}
	d.want(t0+30_000, "tell 1  tell_overflow")
}

func TestPromises(t *testing.T) {
	d := newDesk(t, []record.Queue{line("q", ModePush)}, user("a", 9))
	c := record.Conversation{ID: "1", Version: 1, Queue: "q", Status: record.Active, Owner: "a", Units: 1, Unanswered: t0}
	set := func(warned, broken bool) {
		c.SLA = &record.SLA{Clocks: []record.Clock{{Kind: record.ClockNext, Due: t0 + 100, WarnAt: t0 + 75, Warned: warned, Broken: broken}, {Kind: record.ClockResolution, Left: 5}}}
		d.conv(c)
		c.Version++
	}
	set(false, false)
	d.want(t0)
	if next := d.e.Next(); next != t0+75 {
		t.Errorf("next %d", next)
	}
	if l := d.want(t0+75, "sla 1 a warn/next"); l[0].Reason != "warn/next" {
		t.Errorf("%+v", l[0])
	}
	set(true, false)
	d.want(t0 + 99)
	d.want(t0+100, "sla 1 a broken/next")
	set(true, true)
	d.want(t0 + 1000)
	set(false, false)
	d.want(t0+1001, "sla 1 a broken/next") // both are over: the worse alone
}

// TestClockGoesBack: what depends on the time is worked out anew.
func TestClockGoesBack(t *testing.T) {
	d := newDesk(t, []record.Queue{lineOf(record.Routing{Needs: []record.Need{{Skill: "law", DropAfter: 60}}}, "a")}, user("a", 9))
	d.conv(waiting("1", t0))
	d.want(t0 + 90_000)
	d.agent(free("a"))
	d.want(t0 + 1000)
	if next := d.e.Next(); next != t0+60_000 {
		t.Errorf("next %d", next)
	}
	d.want(t0+60_000, "push 1 a longest_idle")
}
