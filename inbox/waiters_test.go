package inbox

import (
	"errors"
	"testing"
	"time"

	"tamas/channels"
	"tamas/inbox/record"
)

// What is not in the record when the record has passed its number was dropped, also when no epoch ended: a promoted replica may lack a tail that
// the record had not, either. A sender that waited for it held its customer's line for good.
func TestPassedOverIsDropped(t *testing.T) {
	eachStore(t, func(t *testing.T, r *rig) {
		r.tune = func(h *Hub) { h.recordWait = time.Second }
		h, _ := r.hub()
		if err := h.receive(t.Context(), r.account, channels.Batch{Messages: []channels.Inbound{{Key: "k1", Thread: "ali", Address: "ali", Text: "hello"}}}); err != nil {
			t.Fatal(err)
		}
		at, err := h.db.Cursor(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, "the hub knows how far the record is", func() bool { return h.Recorded().N >= at.N })
		lost := record.ID{N: at.N, Token: at.Token + 1}
		if err := h.await(t.Context(), lost, h.mirror.current()); !errors.Is(err, errDropped) {
			t.Errorf("%v", err)
		}
		if err := h.await(t.Context(), at, h.mirror.current()); err != nil {
			t.Errorf("of one that is recorded: %v", err)
		}
	})
}
