package inbox

import (
	"slices"
	"testing"

	"tamas/inbox/record"
)

// A wait counts at each step's end that it covers, whoever still waits counts up to now, and what is too old is forgotten.
func TestSparks(t *testing.T) {
	const step = sparkMillis
	set := &Settings{Queues: map[string]record.Queue{"q": {ID: "q"}, "old": {ID: "old", Archived: true}, "idle": {ID: "idle"}}}
	now := step*1000 + 60_000 // a minute into step 1000
	last := int64(1000)
	b := &sparkBook{queues: map[string]map[int64]sparkStep{}}
	b.take([]record.Wait{
		{Queue: "q", At: step*996 + 1000},                                                             // arrives in 996
		{Queue: "q", At: step*998 + 2000, Ended: true, Took: step*2 + 1000},                           // waited from 996 to 998: at the ends of 996 and 997
		{Queue: "q", At: step*998 + 3000}, {Queue: "q", At: step*998 + 9000, Ended: true, Took: 6000}, // within a step: at no end
		{Queue: "q", At: step*998 + 4000}, {Queue: "q", At: step * 990, Ended: true, Took: step * 200}, // longer than what is shown
		{Queue: "old", At: now},
	}, last-SparkSteps+1)
	got := b.draw(map[string][]record.Millis{"q": {step*999 - 30_000, now - 20_500}}, now, set)
	q := got["q"]
	tail := func(list []int) []int { return list[SparkSteps-5:] }
	if w := tail(q.Waiting); !slices.Equal(w, []int{1, 1, 1, 1, 2}) {
		t.Errorf("waiting %v", w)
	}
	if a := tail(q.Arrived); !slices.Equal(a, []int{1, 0, 2, 0, 0}) {
		t.Errorf("arrived %v", a)
	}
	if l := q.Longest[SparkSteps-5:]; !slices.Equal(l, []record.Millis{step - 1000, 2*step - 1000, 30_000, step + 30_000, step + 90_000}) {
		t.Errorf("longest %v", l)
	}
	if q.Waiting[0] != 1 || q.Longest[0] != step*140 {
		t.Errorf("at first %d, %d", q.Waiting[0], q.Longest[0]/step)
	}
	if len(got) != 2 || slices.Max(got["idle"].Waiting) != 0 {
		t.Errorf("%d queues", len(got))
	}
	b.take(nil, last+1)
	for s := range b.queues["q"] {
		if s <= last {
			t.Errorf("step %d is still held", s)
		}
	}
}
