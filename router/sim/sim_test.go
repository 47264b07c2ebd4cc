package sim

import (
	"context"
	"errors"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"tamas/inbox/record"
	"tamas/internal/testenv"
)

const start = record.Millis(1_700_000_000_000)

// run is one long scenario of alike agents with one thing in hand at a time.
func run(t *testing.T, l Load, agents, arrivals int) *Result {
	t.Helper()
	hours := float64(arrivals) / l.PerHour
	list, err := Poisson([]Stream{{Queue: "q", PerHour: l.PerHour, AHT: l.AHT, Patience: l.Patience}}, start, start+record.Millis(hours*3600_000), 7)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Run(t.Context(), Scenario{Rules: Alike("q", agents, 1, int(l.Target.Seconds())), Arrivals: list, Warm: 2 * 3600_000}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.Left > 0 || r.Answered+r.Abandoned != r.Arrived {
		t.Fatalf("%d arrived, %d answered, %d gave up, %d were left behind", r.Arrived, r.Answered, r.Abandoned, r.Left)
	}
	return r
}

func within(t *testing.T, what string, got, want, share float64) {
	t.Helper()
	if math.Abs(got-want) > share*math.Abs(want) {
		t.Errorf("%s is %.4f, the formula says %.4f: %.1f %% off", what, got, want, 100*(got/want-1))
	}
}

// Enough that chance is well below five percent; the wait of a queue near its limit varies most.
const sampleC, sampleA = 400_000, 150_000

func TestSimulatorMeetsErlangC(t *testing.T) {
	if testenv.Raced {
		t.Skip("takes minutes with the race detector; TestWaitsAreFirstComeFirstServed does not")
	}
	t.Parallel()
	for _, agents := range []int{13, 14} {
		want, _ := oracleLoad.Erlang(agents)
		r := run(t, oracleLoad, agents, sampleC)
		within(t, "the service level", *r.Level, want.Level, 0.05)
		within(t, "the speed of answer", float64(r.ASA), float64(want.ASA.Milliseconds()), 0.05)
		within(t, "the occupancy", *r.Occupancy, want.Occupancy, 0.05)
		waited := 0.0
		for _, s := range r.Slots {
			waited += s.Waiting
		}
		// Little: the mean number in line is the arrival rate times the mean wait.
		within(t, "the line", waited/float64(len(r.Slots)), oracleLoad.PerHour*want.ASA.Hours(), 0.06)
	}
}

func TestSimulatorMeetsErlangA(t *testing.T) {
	if testenv.Raced {
		t.Skip("takes minutes with the race detector")
	}
	t.Parallel()
	for _, x := range []struct {
		agents   int
		patience time.Duration
	}{{8, 2 * time.Minute}, {10, 2 * time.Minute}, {11, 5 * time.Minute}} {
		l := oracleLoad
		l.Patience = x.patience
		want, _ := l.Erlang(x.agents)
		r := run(t, l, x.agents, sampleA)
		within(t, "the abandonment", float64(r.Abandoned)/float64(r.Arrived), want.Abandoned, 0.05)
		within(t, "the service level", *r.Level, want.Level, 0.05)
		within(t, "the speed of answer", float64(r.ASA), float64(want.ASA.Milliseconds()), 0.05)
		within(t, "the occupancy", *r.Occupancy, want.Occupancy, 0.05)
	}
}

// With one queue of alike agents who take one thing at a time the engine can only serve first come, first served. Then each wait follows
// from those before (Kiefer and Wolfowitz, 1955): until the first agent is free.
func TestWaitsAreFirstComeFirstServed(t *testing.T) {
	const agents = 13
	list, err := Poisson([]Stream{{Queue: "q", PerHour: 230, AHT: 3 * time.Minute}}, start, start+100*3600_000, 11)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Run(t.Context(), Scenario{Rules: Alike("q", agents, 1, 20), Arrivals: list}, nil)
	if err != nil {
		t.Fatal(err)
	}
	free := make([]record.Millis, agents) // when each agent is, in order
	var total, longest record.Millis
	for _, a := range list {
		begins := max(a.At, free[0])
		total, longest = total+begins-a.At, max(longest, begins-a.At)
		free[0] = begins + max(1, a.Handle)
		slices.Sort(free)
	}
	if want := total / record.Millis(len(list)); r.ASA != want || r.Longest != longest || r.Answered != len(list) {
		t.Errorf("the mean wait of %d is %d ms, the longest %d; by the recursion %d and %d", r.Answered, r.ASA, r.Longest, want, longest)
	}
	if longest < 60_000 {
		t.Error("there was no line to speak of")
	}
}

func TestSameSeedSameResult(t *testing.T) {
	streams := []Stream{{Queue: "q", PerHour: 200, AHT: 3 * time.Minute, Patience: time.Minute}}
	one := func(seed uint64) *Result {
		list, err := Poisson(streams, start, start+8*3600_000, seed)
		if err != nil {
			t.Fatal(err)
		}
		r, err := Run(t.Context(), Scenario{Rules: Alike("q", 9, 2, 20), Arrivals: list}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if !reflect.DeepEqual(one(1), one(1)) {
		t.Error("two runs of one seed differ")
	}
	if reflect.DeepEqual(one(1), one(2)) {
		t.Error("two seeds give the same traffic")
	}
}

// Two things in hand at a time: offers with their time to accept, wrap-up and shifts take their toll and lose nobody.
func TestShiftsOffersAndWrapUp(t *testing.T) {
	rules := Alike("q", 3, 2, 60)
	rules.Queues[0].Mode, rules.Queues[0].OfferSeconds, rules.Queues[0].WrapUpSecs = "offer", 20, 30
	list, err := Poisson([]Stream{{Queue: "q", PerHour: 30, AHT: 4 * time.Minute}}, start, start+8*3600_000, 3)
	if err != nil {
		t.Fatal(err)
	}
	var shifts []Shift
	for _, u := range rules.Users {
		shifts = append(shifts, Shift{u.ID, start + 3600_000, start + 9*3600_000})
	}
	r, err := Run(t.Context(), Scenario{Rules: rules, Arrivals: list, Shifts: shifts, Accept: 5_000}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.Left != 0 || r.Answered != len(list) {
		t.Errorf("%d of %d answered", r.Answered, len(list))
	}
	if first := start + 3600_000 - list[0].At; r.Longest < first {
		t.Errorf("nobody was there for an hour, and the longest wait is %d s", r.Longest/1000)
	}
	if r.P50 < 5_000 {
		t.Errorf("an offer takes five seconds to accept, the median wait is %d ms", r.P50)
	}
	for _, a := range r.Agents {
		if a.Busy > a.Staffed || a.Staffed < 6*3600_000 {
			t.Errorf("%+v", a)
		}
	}
	// An agent whose offers run out before being accepted is not asked without end: and nobody is answered.
	r, err = Run(t.Context(), Scenario{Rules: rules, Arrivals: list[:5], Accept: 25_000}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.Answered != 0 || r.Left != 5 {
		t.Errorf("%+v", r)
	}
}

// What waits too long goes to the second queue, whose agents have nothing else to do; skills and hours are the engine's as well.
func TestOverflowHelps(t *testing.T) {
	rules := Alike("first", 4, 1, 30)
	second := Alike("second", 6, 1, 30)
	for i := range second.Users {
		second.Users[i].ID += " of the second"
		second.Queues[0].Members[i] = second.Users[i].ID
	}
	rules.Queues, rules.Users = append(rules.Queues, second.Queues...), append(rules.Users, second.Users...)
	list, err := Poisson([]Stream{{Queue: "first", PerHour: 120, AHT: 3 * time.Minute, Patience: 5 * time.Minute}}, start, start+8*3600_000, 5)
	if err != nil {
		t.Fatal(err)
	}
	alone, err := Run(t.Context(), Scenario{Rules: rules, Arrivals: list}, nil)
	if err != nil {
		t.Fatal(err)
	}
	rules.Queues[0].Routing.Overflow = []record.Overflow{{When: record.OverWait, Value: 20, Queue: "second", Text: "Somebody else will help you."}}
	helped, err := Run(t.Context(), Scenario{Rules: rules, Arrivals: list}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if alone.Overflows != 0 || helped.Overflows == 0 || helped.Abandoned*4 > alone.Abandoned || *helped.Level <= *alone.Level || helped.Longest > 180_000 {
		t.Errorf("alone: %d gave up, level %v; helped: %d moved, %d gave up, level %v, longest wait %d s",
			alone.Abandoned, *alone.Level, helped.Overflows, helped.Abandoned, *helped.Level, helped.Longest/1000)
	}
	rules.Queues[0].Routing.Needs = []record.Need{{Skill: "Persian", Level: 3}}
	rules.Queues[0].Routing.Overflow = nil
	rules.Users[0].Skills = map[string]int{"Persian": 4}
	skilled, err := Run(t.Context(), Scenario{Rules: rules, Arrivals: list[:30]}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(skilled.Agents) == 0 || skilled.Agents[0].Answered != skilled.Answered || skilled.Answered == 0 {
		t.Errorf("one agent has the skill: %+v", skilled.Agents)
	}
}

func TestRunEndsWhenTold(t *testing.T) {
	list, err := Poisson([]Stream{{Queue: "q", PerHour: 1000, AHT: time.Minute}}, start, start+100*3600_000, 1)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	heard := 0.0
	_, err = Run(ctx, Scenario{Rules: Alike("q", 20, 1, 20), Arrivals: list}, func(share float64) {
		if heard = share; share > 0.1 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || heard > 0.5 {
		t.Errorf("%v at %v", err, heard)
	}
	if _, err := Run(t.Context(), Scenario{Name: "x", Rules: Alike("q", 1, 1, 1), Arrivals: []Arrival{{Queue: "other"}}}, nil); err == nil {
		t.Error("an arrival for no queue is taken")
	}
	if _, err := Poisson([]Stream{{Queue: "q", PerHour: 1e12, AHT: time.Second}}, 0, 3600_000, 1); err == nil {
		t.Error("a trillion arrivals are taken")
	}
}
