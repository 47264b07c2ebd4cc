package inbox

import (
	"fmt"
	"testing"

	"tamas/channels"
	"tamas/inbox/record"
)

// A conversation with many messages in line before a slow provider does not keep the others out.
func TestLongConversationHoldsUpNobody(t *testing.T) {
	r := newRig(t, store{"redis-server", "sqlite"})
	r.user("ann", 9)
	h, _ := r.hub()
	r.mustSay(h, "long", "1", "hi")
	r.mustSay(h, "short", "2", "hi")
	wait := make(chan struct{})
	r.provider.onSend(func(m channels.Outbound) error {
		if m.Thread == "long" {
			<-wait
		}
		return nil
	})
	for i := range sendMost + 1 {
		r.answer(h, "long", fmt.Sprint("l", i))
	}
	e := r.answer(h, "short", "s")
	eventually(t, "the other conversation's is sent", func() bool {
		x, _ := h.db.Touch(t.Context(), e.Touch.ID)
		return x.State == record.StateSent
	})
	close(wait)
	eventually(t, "all are sent", func() bool { return len(r.provider.list()) == sendMost+2 })
	last := -1
	for _, m := range r.provider.list() {
		if i := -1; m.Thread == "long" {
			fmt.Sscanf(m.Text, "l%d", &i)
			if i != last+1 {
				t.Fatalf("%s after l%d", m.Text, last)
			}
			last = i
		}
	}
}

func (r *rig) answer(h *Hub, thread, text string) record.Event {
	r.t.Helper()
	c, _ := h.mirror.byThread(r.thread(thread))
	e, err := h.Do(r.t.Context(), Command{Key: text, By: agentActor("ann"), Action: Reply, Conversation: c.ID, Text: text})
	if err != nil {
		r.t.Fatal(err)
	}
	return e
}
