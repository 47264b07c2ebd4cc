package inbox

import (
	"testing"

	"tamas/inbox/record"
)

// A node whose copy lags refuses nothing that another node has just made possible.
func TestNoRefusalByAStaleCopy(t *testing.T) {
	r := newRig(t, store{"redis-server", "sqlite"})
	r.user("ann", 3)
	h, _ := r.hub()
	ann := agentActor("ann")
	tests := []struct {
		name        string
		first, then Command
		status      record.Status
	}{
		{"resolve, reopen", Command{By: ann, Action: Resolve}, Command{By: ann, Action: Reopen}, record.Active},
		{"claim, resolve", Command{By: ann, Action: Claim}, Command{By: ann, Action: Resolve}, record.Resolved},
		{"snooze, wake", Command{By: ann, Action: Snooze, Until: h.Now() + 1e6}, Command{By: ann, Action: Wake}, record.Waiting},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r.mustSay(h, tt.name, tt.name, "hi")
			c, _ := h.mirror.byThread(r.thread(tt.name))
			if tt.first.Action != Claim {
				if _, err := h.Do(t.Context(), Command{By: ann, Action: Claim, Conversation: c.ID}); err != nil {
					t.Fatal(err)
				}
			}
			old, _ := h.mirror.conversation(c.ID)
			tt.first.Conversation, tt.then.Conversation = c.ID, c.ID
			if _, err := h.Do(t.Context(), tt.first); err != nil {
				t.Fatal(err)
			}
			h.mirror.mu.Lock()
			h.mirror.convs[c.ID] = &old // as on a node that has not read on
			h.mirror.mu.Unlock()
			if e, err := h.Do(t.Context(), tt.then); err != nil || e.ID.IsZero() {
				t.Fatalf("refused, or taken for done: %v", err)
			}
			if now, _ := h.mirror.conversation(c.ID); now.Status != tt.status {
				t.Fatalf("it is %s", now.Status)
			}
		})
	}
}
