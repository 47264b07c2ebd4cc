package inbox

import (
	"testing"

	"tamas/inbox/record"
)

// The bound of what waits to be recorded holds however many events that is: more than are kept in memory.
func TestUnrecordedBeyondTheRing(t *testing.T) {
	x := &tail{most: ringBytes, subs: map[*Subscription]struct{}{}, release: func([]record.ID) {}}
	const events, size = 5 * ringSize, 1000
	for n := uint64(1); n <= events; n++ {
		id := record.ID{N: n, Token: 1}
		x.append([]Frame{{ID: id, JSON: make([]byte, size), Event: &record.Event{ID: id}}})
		if n == 1 {
			x.markRecorded([]record.ID{id})
		}
	}
	if got, want := x.unrecorded(), (events-1)*size; got < want*9/10 || got > want*11/10 {
		t.Fatalf("%d bytes, want about %d", got, want)
	}
}
