package router

import (
	"math"
	"testing"

	"tamas/inbox/record"
)

func TestTallies(t *testing.T) {
	offered := waiting("2", t0-20)
	offered.Status = record.Offered
	got := Tallies([]record.Conversation{waiting("1", t0-10), offered, {ID: "3", Queue: "q", Status: record.Active},
		{ID: "4", Queue: "p", Status: record.Snoozed}, {ID: "5", Queue: "r", Status: record.Resolved}})
	if len(got) != 2 || got["q"] != (Tally{Waiting: 2, Active: 1, WaitSince: t0 - 20}) || got["p"] != (Tally{Snoozed: 1}) {
		t.Errorf("%+v", got)
	}
	if w := got["q"].LongestWait(t0); w != 20 {
		t.Errorf("longest wait %d", w)
	}
	if w := got["p"].LongestWait(t0); w != 0 {
		t.Errorf("longest wait %d where nobody waits", w)
	}
}

func TestServiceLevel(t *testing.T) {
	for _, x := range []struct {
		answered, offered, short int
		want                     float64
		ok                       bool
	}{{80, 100, 0, 0.8, true}, {80, 110, 10, 0.8, true}, {0, 0, 0, 0, false}, {0, 3, 3, 0, false}} {
		if got, ok := ServiceLevel(x.answered, x.offered, x.short); ok != x.ok || math.Abs(got-x.want) > 1e-9 {
			t.Errorf("%+v: %v %v", x, got, ok)
		}
	}
}

func TestWaited(t *testing.T) {
	c := record.Conversation{Status: record.Active, WaitingSince: t0, AssignedAt: t0 + 17_000}
	if got, ok := Waited(&c); !ok || got != 17_000 {
		t.Error(got, ok)
	}
	c.WaitingSince = 0
	if _, ok := Waited(&c); ok {
		t.Error("answered without having waited")
	}
}
