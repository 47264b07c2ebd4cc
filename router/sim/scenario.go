package sim

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"tamas/inbox/record"
	"tamas/router"
)

// Arrival is one conversation that comes into a queue.
type Arrival struct {
	At       record.Millis
	Queue    string
	Channel  string
	Priority int           // in minutes
	Units    int           // of capacity; 0: 1, record.AllUnits: all of its agent
	Needs    []record.Need // besides its queue's
	Handle   record.Millis // how long it is worked on
	Patience record.Millis // after which its customer has gone, unless somebody has taken it; 0: stays
}

// Shift is when an agent is at work.
type Shift struct {
	Agent    string
	From, To record.Millis
}

// Scenario is what is run.
type Scenario struct {
	Name     string
	Rules    router.Rules
	Arrivals []Arrival     // in order of At
	Shifts   []Shift       // nil: every agent all the time
	Accept   record.Millis // from an offer to its acceptance, or to its being declined
	Declined float64       // share of the offers that is declined
	Ignored  float64       // share that is let run out
	Warm     record.Millis // arrivals before are not counted; 0: all are
}

// MaxArrivals bounds a scenario.
const MaxArrivals = 1_000_000

// Stream is Poisson traffic into one queue. Handling and patience are exponential.
type Stream struct {
	Queue    string
	Channel  string
	PerHour  float64
	AHT      time.Duration
	Patience time.Duration // mean; 0: nobody leaves
	Units    int
	Priority int
}

// Poisson draws the arrivals of all streams between two moments; the same seed gives the same ones.
func Poisson(streams []Stream, from, to record.Millis, seed uint64) ([]Arrival, error) {
	var list []Arrival
	for i, s := range streams {
		if s.PerHour < 0 || s.AHT <= 0 || s.Patience < 0 || math.IsNaN(s.PerHour) {
			return nil, errors.New("a stream needs a handling time, and no negative figures")
		}
		if s.PerHour == 0 {
			continue
		}
		rnd := rand.New(rand.NewPCG(seed, uint64(i)))
		mean := float64(time.Hour.Milliseconds()) / s.PerHour
		for at := float64(from) + rnd.ExpFloat64()*mean; at < float64(to); at += rnd.ExpFloat64() * mean {
			a := Arrival{At: record.Millis(at), Queue: s.Queue, Channel: s.Channel, Units: s.Units, Priority: s.Priority,
				Handle: drawn(rnd, s.AHT)}
			if s.Patience > 0 {
				a.Patience = drawn(rnd, s.Patience)
			}
			if list = append(list, a); len(list) > MaxArrivals {
				return nil, fmt.Errorf("more than %d arrivals: take less traffic or a shorter time", MaxArrivals)
			}
		}
	}
	slices.SortStableFunc(list, func(a, b Arrival) int { return cmp.Compare(a.At, b.At) })
	return list, nil
}

func drawn(rnd *rand.Rand, mean time.Duration) record.Millis {
	return max(1, record.Millis(rnd.ExpFloat64()*float64(mean.Milliseconds())))
}

// Alike gives rules in which n agents of that capacity serve one queue that hands out at once: what Erlang's formulas speak of.
func Alike(queue string, n, capacity, targetSecs int) router.Rules {
	q := record.Queue{ID: queue, Name: queue, Mode: router.ModePush, TargetSecs: targetSecs}
	r := router.Rules{}
	for i := range n {
		id := fmt.Sprintf("agent %04d", i+1)
		q.Members = append(q.Members, id)
		r.Users = append(r.Users, record.User{ID: id, Capacity: capacity})
	}
	r.Queues = []record.Queue{q}
	return r
}
