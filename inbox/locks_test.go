package inbox

import (
	"context"
	"errors"
	"testing"
	"time"

	"tamas/channels"
)

// While the live store is away nobody waits longer than asked to, also behind one who waits for ever.
func TestWaitingBehindAProposal(t *testing.T) {
	r := newRig(t, store{"redis-server", "sqlite"})
	r.user("ann", 3)
	h, _ := r.hub()
	r.mustSay(h, "t", "1", "hi")
	c, _ := h.mirror.byThread(r.thread("t"))
	epoch := h.mirror.current()
	h.rdb.Del(t.Context(), h.keys.epoch())
	eventually(t, "no live state", func() bool { return h.mirror.current() == "" })
	go h.Propose(t.Context(), Command{By: agentActor("ann"), Action: Note, Conversation: c.ID, Text: "x"}) // as the router does
	time.Sleep(50 * time.Millisecond)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		done <- h.receive(ctx, r.account, channels.Batch{Messages: []channels.Inbound{{Key: "2", Thread: "t", Address: "t", Text: "x"}}})
	}()
	select {
	case err := <-done:
		if !errors.Is(err, channels.ErrUnrecorded) {
			t.Fatal(err)
		}
	case <-time.After(60 * time.Second):
		t.Error("the provider's call hangs")
	}
	h.rdb.Set(t.Context(), h.keys.epoch(), epoch, 0)
	eventually(t, "it goes on", func() bool { return h.mirror.current() != "" })
}
