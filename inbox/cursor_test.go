package inbox

import (
	"testing"
	"time"

	"tamas/channels"
)

// Law 13: a poller's position is recorded whatever of its batch is known already.
func TestCursorOfABatch(t *testing.T) {
	in := func(keys ...string) (list []channels.Inbound) {
		for _, k := range keys {
			list = append(list, channels.Inbound{Key: k, Thread: "t", Address: "t", Text: k})
		}
		return list
	}
	old := in("old")
	old[0].At = time.Now().Add(-72 * time.Hour)
	tests := []struct {
		name string
		b    channels.Batch
	}{
		{"new", channels.Batch{Messages: in("1", "2"), Cursor: "c1"}},
		{"the last one known", channels.Batch{Messages: in("3", "1"), Cursor: "c2"}},
		{"all known", channels.Batch{Messages: in("1", "3"), Cursor: "c3"}},
		{"old", channels.Batch{Messages: old, Cursor: "c4"}},
		{"the last one known for long", channels.Batch{Messages: append(in("4"), old...), Cursor: "c5"}},
		{"all known for long", channels.Batch{Messages: old, Cursor: "c6"}},
		{"none", channels.Batch{Cursor: "c7"}},
	}
	r := newRig(t, stores[0])
	h, _ := r.hub()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := h.receive(t.Context(), r.account, tt.b); err != nil {
				t.Fatal(err)
			}
			if got, err := h.db.AccountCursor(t.Context(), r.account.ID); got != tt.b.Cursor || err != nil {
				t.Fatalf("the cursor is %q, %v", got, err)
			}
		})
	}
	if n := len(r.touches(h.db, "t")); n != 5 {
		t.Fatalf("%d touches", n)
	}
}
