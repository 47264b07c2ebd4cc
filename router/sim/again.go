package sim

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"

	"tamas/inbox/record"
)

// line is what has times of its own: a queue's contacts of one channel.
type line struct{ queue, channel string }

// patience estimates how long customers wait before they leave, the mean in each line in which anybody left, as if it were exponential: all the
// time that anybody waited ÷ those who left. Who was answered has waited as well, and only who left says how long is too long: the mean
// wait of those alone would be far too short (L. Brown et al., "Statistical Analysis of a Telephone Call Center", 2005). What still waits
// tells nothing yet.
func patience(contacts []record.Contact) map[line]time.Duration {
	type sum struct {
		waited record.Millis
		left   int
	}
	of := map[line]sum{}
	for _, c := range contacts {
		if !c.Left && !c.Taken {
			continue
		}
		s := of[line{c.Queue, c.Channel}]
		s.waited += max(0, c.Waited)
		if c.Left {
			s.left++
		}
		of[line{c.Queue, c.Channel}] = s
	}
	out := map[line]time.Duration{}
	for k, s := range of {
		if s.left > 0 {
			out[k] = time.Duration(s.waited/record.Millis(s.left)) * time.Millisecond
		}
	}
	return out
}

// Again turns the record's contacts into arrivals. How long one that nobody handled would have taken is one of those of its line. Who left
// waits as long again; who was taken would have waited so long at least, and then as long as its line's customers do: the same seed
// draws the same. Where nobody ever left everybody stays. fallback is taken where a line has no handling time at all.
func Again(contacts []record.Contact, fallback time.Duration, seed uint64) []Arrival {
	times, patient := map[line][]record.Millis{}, patience(contacts)
	for _, c := range contacts {
		if k := (line{c.Queue, c.Channel}); c.Handled > 0 {
			times[k] = append(times[k], c.Handled)
		}
	}
	rnd, turn := rand.New(rand.NewPCG(seed, 0)), map[line]int{}
	list := make([]Arrival, 0, len(contacts))
	for _, c := range contacts {
		k := line{c.Queue, c.Channel}
		a := Arrival{At: c.At, Queue: c.Queue, Channel: c.Channel, Handle: c.Handled}
		switch mean := patient[k]; {
		case c.Left:
			a.Patience = max(1, c.Waited)
		case mean > 0:
			a.Patience = max(0, c.Waited) + drawn(rnd, mean)
		}
		if a.Handle == 0 {
			a.Handle = record.Millis(fallback.Milliseconds())
			if known := times[k]; len(known) > 0 { // one after the other: the same each time
				a.Handle = known[turn[k]%len(known)]
				turn[k]++
			}
		}
		list = append(list, a)
	}
	slices.SortStableFunc(list, func(a, b Arrival) int { return cmp.Compare(a.At, b.At) })
	return list
}

// Attended are the shifts of who was at work.
func Attended(stints []record.Stint) []Shift {
	list := make([]Shift, len(stints))
	for i, s := range stints {
		list[i] = Shift(s)
	}
	return list
}
