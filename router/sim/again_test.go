package sim

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"tamas/inbox/record"
)

func TestAgainDrawsWhatIsNotKnown(t *testing.T) {
	list := Again([]record.Contact{
		{At: 3, Queue: "a", Channel: "sms", Handled: 100, Taken: true, Waited: 70},
		{At: 1, Queue: "a", Channel: "sms", Left: true, Waited: 40},
		{At: 2, Queue: "b", Channel: "sms", Taken: true, Waited: 1000},
	}, time.Minute, 1)
	if len(list) != 3 || list[0].Handle != 100 || list[0].Patience != 40 || list[1].Handle != 60_000 || list[1].Patience != 0 || list[2].At != 3 || list[2].Patience <= 70 {
		t.Errorf("%+v", list)
	}
}

// Customers' patience is known of those alone who left; that the others waited as well must tell.
func TestPatienceOfTheAnsweredCounts(t *testing.T) {
	const mean = 4 * 60_000 // of the patience
	rnd := rand.New(rand.NewPCG(5, 5))
	var list []record.Contact
	var left, lefts float64
	for range 100_000 {
		c := record.Contact{Queue: "q", Channel: "webchat", Handled: 1, Waited: record.Millis(rnd.ExpFloat64() * 90_000), Taken: true}
		if p := record.Millis(rnd.ExpFloat64() * mean); p < c.Waited {
			c.Taken, c.Left, c.Waited, c.Handled = false, true, p, 0
			left, lefts = left+float64(p), lefts+1
		}
		list = append(list, c)
	}
	k := line{"q", "webchat"}
	if got := patience(list)[k]; math.Abs(got.Seconds()-240) > 12 {
		t.Errorf("the patience is 4m, it is taken for %v", got)
	}
	if left/lefts > mean/2 {
		t.Error("who left tells the patience in this test alone")
	}
	again := Again(list, time.Minute, 1)
	sum := 0.0
	for i, a := range again {
		if list[i].Taken && a.Patience <= list[i].Waited {
			t.Fatalf("a customer who waited %d would have left after %d", list[i].Waited, a.Patience)
		}
		sum += float64(a.Patience)
	}
	if got := sum / float64(len(again)); math.Abs(got-mean) > mean/20 {
		t.Errorf("customers are drawn who wait %.0f ms, not %d", got, mean)
	}
	if !reflect.DeepEqual(again, Again(list, time.Minute, 1)) {
		t.Error("the same seed draws others")
	}
}

// Offers that are declined or run out cost time, and lose nobody: they go to somebody else, or again to the same after the round.
func TestDeclinedAndIgnoredOffers(t *testing.T) {
	rules := Alike("q", 4, 2, 60)
	rules.Queues[0].Mode, rules.Queues[0].OfferSeconds, rules.Routing.RoundSecs = "offer", 20, 30
	list, err := Poisson([]Stream{{Queue: "q", PerHour: 40, AHT: 4 * time.Minute}}, start, start+20*3600_000, 3)
	if err != nil {
		t.Fatal(err)
	}
	one := func(declined, ignored float64) *Result {
		r, err := Run(t.Context(), Scenario{Rules: rules, Arrivals: list, Accept: 5_000, Declined: declined, Ignored: ignored}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if r.Left != 0 || r.Answered != len(list) {
			t.Fatalf("%v declined, %v ignored: %d of %d answered", declined, ignored, r.Answered, len(list))
		}
		return r
	}
	willing, declining, ignoring := one(0, 0), one(0.3, 0), one(0, 0.3)
	if !(willing.ASA+1_000 < declining.ASA && declining.ASA < ignoring.ASA) {
		t.Errorf("the mean wait is %d ms when all accept, %d when offers are declined, %d when they run out", willing.ASA, declining.ASA, ignoring.ASA)
	}
	if again := one(0.3, 0); !reflect.DeepEqual(again, declining) {
		t.Error("two runs differ")
	}
}

// In a pull queue who has room takes what waits.
func TestPullQueuesAreServed(t *testing.T) {
	rules := Alike("q", 1, 1, 60)
	rules.Queues[0].Mode = "pull"
	r, err := Run(t.Context(), Scenario{Rules: rules, Arrivals: []Arrival{{At: start, Queue: "q", Handle: 1000}, {At: start, Queue: "q", Handle: 1000}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.Answered != 2 || r.Longest != 1000 || rules.Queues[0].Mode != "pull" {
		t.Errorf("%+v", r)
	}
}

// Agents are there when they were: what comes in a break waits until it is over.
func TestAttendedShifts(t *testing.T) {
	rules := Alike("q", 1, 1, 60)
	id := rules.Users[0].ID
	shifts := Attended([]record.Stint{{Agent: id, From: start, To: start + 60_000}, {Agent: id, From: start + 600_000, To: start + 700_000}, {Agent: "gone", From: start, To: start + 700_000}})
	r, err := Run(t.Context(), Scenario{Rules: rules, Shifts: shifts, Arrivals: []Arrival{
		{At: start + 1000, Queue: "q", Handle: 120_000}, {At: start + 2000, Queue: "q", Handle: 1000}, {At: start + 650_000, Queue: "q", Handle: 200_000}, {At: start + 660_000, Queue: "q", Handle: 1000}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	// The first is finished although its agent's time is over; the second waits for the next; the last for ever.
	if r.Answered != 3 || r.Left != 1 || r.Longest != 598_000 || len(r.Agents) != 1 {
		t.Errorf("%+v", r)
	}
}
