package inbox

import (
	"testing"
	"time"

	"tamas/inbox/record"
)

// A command that had to wait for a live state is not taken for dropped, and so not carried out twice.
func TestWaitingCommandIsOne(t *testing.T) {
	r := newRig(t, store{"redis-server", "postgres"})
	r.user("ann", 3)
	h, _ := r.hub()
	r.mustSay(h, "t", "1", "hi")
	c, _ := h.mirror.byThread(r.thread("t"))
	epoch := h.mirror.current()
	unlock := r.blockWrites()
	h.rdb.Del(t.Context(), h.keys.epoch())
	eventually(t, "no live state", func() bool { return h.mirror.current() == "" })
	errs := make(chan error, 1)
	go func() {
		_, err := h.Do(t.Context(), Command{By: agentActor("ann"), Action: Note, Conversation: c.ID, Text: "once"})
		errs <- err
	}()
	time.Sleep(50 * time.Millisecond) // it has begun to wait, or has not begun: right in both cases
	h.rdb.Set(t.Context(), h.keys.epoch(), epoch, 0)
	eventually(t, "in the log", func() bool { return h.Head().N > 0 && notes(h) > 0 })
	time.Sleep(100 * time.Millisecond) // for a second one to come
	unlock()
	if err := <-errs; err != nil {
		t.Fatal(err)
	}
	if n := notes(h); n != 1 {
		t.Fatalf("%d notes", n)
	}
}

func notes(h *Hub) (n int) {
	h.tail.mu.Lock()
	defer h.tail.mu.Unlock()
	for _, f := range h.tail.ring {
		if f.Event.Kind == record.EvNoted {
			n++
		}
	}
	return n
}
