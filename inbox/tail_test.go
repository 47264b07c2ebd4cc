package inbox

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"tamas/channels"
	"tamas/inbox/record"
)

func testTail() (t *tail, asked *int) {
	asked = new(int)
	return &tail{log: slog.New(slog.DiscardHandler), most: ringBytes, subs: map[*Subscription]struct{}{},
		release: func([]record.ID) {}, forked: func() { *asked++ }}, asked
}

func framesOf(from, to, token uint64) (list []Frame) {
	for n := from; n <= to; n++ {
		id := record.ID{N: n, Token: token}
		list = append(list, Frame{ID: id, Event: &record.Event{ID: id}, JSON: make([]byte, 1000)})
	}
	return list
}

// Law 1: that another history's later id is recorded says nothing of this one.
func TestRecordedOfThisHistory(t *testing.T) {
	tests := []struct {
		name     string
		steps    func(x *tail)
		recorded uint64 // N of the last one that may be acknowledged
	}{
		{"as it should be", func(x *tail) { x.append(framesOf(1, 5, 1)); x.markRecorded([]record.ID{{N: 3, Token: 1}}) }, 3},
		{"heard before it is read", func(x *tail) {
			x.append(framesOf(1, 2, 1))
			x.markRecorded([]record.ID{{N: 3, Token: 1}, {N: 4, Token: 1}})
			x.append(framesOf(3, 5, 1))
		}, 4},
		{"the recorder writes what Redis has lost", func(x *tail) { x.append(framesOf(1, 5, 1)); x.markRecorded([]record.ID{{N: 9, Token: 2}}) }, 0},
		{"and the log grows over it", func(x *tail) {
			x.append(framesOf(1, 5, 1))
			x.markRecorded([]record.ID{{N: 4, Token: 1}})
			x.markRecorded([]record.ID{{N: 9, Token: 2}})
			x.append(framesOf(6, 12, 1))
		}, 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x, _ := testTail()
			tt.steps(x)
			for _, f := range x.ring {
				if got, want := x.hasRecorded(f.ID), f.ID.N <= tt.recorded; got != want {
					t.Errorf("hasRecorded(%s) = %v, want %v", f.ID, got, want)
				}
			}
			if len(x.heard) > 0 && x.heard[0].N <= x.ring[len(x.ring)-1].ID.N {
				t.Errorf("%v is still waited for", x.heard)
			}
		})
	}
}

// Law 1, 8: Redis comes back with an older log, while its list of recorded ids is of the newer one.
func TestRecordedAfterRollback(t *testing.T) {
	r := newRig(t, stores[0])
	h, stop := r.hub()
	r.mustSay(h, "a", "1", "x")
	old := r.dump(h)
	for _, key := range []string{"2", "3", "4"} {
		r.mustSay(h, "a", key, "x")
	}
	stop()
	r.restore(h, old)
	x, _ := testTail()
	x.rdb, x.keys, x.mirror = h.rdb, h.keys, newMirror(h.rdb, h.keys)
	if _, _, _, err := x.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	x.append(framesOf(x.ring[len(x.ring)-1].ID.N+1, x.ring[len(x.ring)-1].ID.N+1, 7))
	if last := x.ring[len(x.ring)-1].ID; x.hasRecorded(last) {
		t.Fatalf("%s counts as recorded (up to %s), which the record has never seen", last, x.recorded)
	}
}

// A list of recorded ids that was trimmed before it was read, or never said, does not leave its waiters hanging.
func TestMissedListAsksTheRecord(t *testing.T) {
	x, asked := testTail()
	x.append(framesOf(1, 20, 1))
	x.markRecorded([]record.ID{{N: 1, Token: 1}, {N: 2, Token: 1}})
	x.markRecorded([]record.ID{{N: 1, Token: 1}, {N: 2, Token: 1}}) // as the leader hears its own
	if x.markRecorded([]record.ID{{N: 3, Token: 1}}); *asked != 0 {
		t.Fatal("asked without need")
	}
	if x.markRecorded([]record.ID{{N: 9, Token: 1}}); *asked != 1 {
		t.Fatal("the waiters of 4 to 8 were not told to ask")
	}

	// The same through Redis: a follower whose list is gone.
	r := newRig(t, store{"redis-server", "sqlite"})
	h, _ := r.hub()
	r.mustSay(h, "a", "1", "x")
	e, _, err := h.propose(t.Context(), &Command{By: agentActor("ann"), Action: Note, Text: "x", Conversation: r.touches(h.db, "a")[0].Conversation})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "recorded", func() bool { ok, _ := h.db.HasEvent(t.Context(), e.ID); return ok })
	w := h.waiters.add(e.ID)
	h.tail.markRecorded([]record.ID{{N: e.ID.N + 2, Token: 1}})
	select {
	case <-w.fork:
	case <-time.After(60 * time.Second):
		t.Fatal("the waiter was not told to ask")
	}
}

// A mail's HTML is in the log and in the record, and not in every agent's socket.
func TestFramesAreLight(t *testing.T) {
	r := newRig(t, stores[0])
	h, _ := r.hub()
	sub, _ := h.Subscribe("")
	defer sub.Close()
	html := `<p>` + strings.Repeat("x", 1000) + `</p><img src="https://t.example/p.gif">`
	if err := h.receive(t.Context(), r.account, channels.Batch{Messages: []channels.Inbound{{Key: "1", Thread: "t", Address: "t", Text: "hi", HTML: html}}}); err != nil {
		t.Fatal(err)
	}
	var f Frame
	eventually(t, "in the feed", func() bool {
		frames, _ := sub.Next()
		for _, x := range frames {
			if x.Event.Touch != nil {
				f = x
			}
		}
		return f.Event != nil
	})
	if f.Event.Touch.Body.HTML != html {
		t.Errorf("the recorder reads %q", f.Event.Touch.Body.HTML)
	}
	var shown struct {
		Event struct{ Touch struct{ Body record.Body } }
	}
	if err := json.Unmarshal(f.JSON, &shown); err != nil {
		t.Fatal(err)
	}
	if b := shown.Event.Touch.Body; b.HTML != "" || !b.HasHTML || b.RemoteImages != 1 || b.Text != "hi" {
		t.Errorf("sockets get %+v", b)
	}
	if x := r.touches(h.db, "t"); len(x) != 1 || x[0].Body.HTML != html || x[0].Body.HasHTML {
		t.Errorf("the record holds %+v", x)
	}
}

// A few long events are bounded as thousands of short ones are, and the newest is always there.
func TestTheRingIsBoundedInBytes(t *testing.T) {
	x, _ := testTail()
	long := func(n uint64, size int) []Frame {
		f := framesOf(n, n, 1)
		f[0].JSON = make([]byte, size)
		return f
	}
	for n := range uint64(300) {
		x.append(long(n+1, 300<<10))
		sum := 0
		for _, f := range x.ring {
			sum += len(f.JSON)
		}
		if sum != x.bytes || sum > ringBytes+ringBytes/2 || x.ring[len(x.ring)-1].ID.N != n+1 {
			t.Fatalf("%d events of %d bytes, counted as %d", len(x.ring), sum, x.bytes)
		}
	}
	if x.kept() == 0 || x.kept() != x.ring[0].ID.N {
		t.Errorf("%d are kept from %d on", len(x.ring), x.kept())
	}
	x.append(long(301, 2*ringBytes))
	if len(x.ring) != 1 || x.base != 300 {
		t.Errorf("%d events from %d on", len(x.ring), x.base)
	}
	x.append(long(302, 10))
	if len(x.ring) != 1 || x.ring[0].ID.N != 302 || x.bytes != 10 {
		t.Errorf("%d events of %d bytes", len(x.ring), x.bytes)
	}
}
