package inbox

import (
	"fmt"
	"strings"
	"testing"

	"tamas/channels"
)

// Many long mails leave a log in Redis that is bounded by their size, and every one of them is recorded.
func TestTheLogIsBoundedInBytes(t *testing.T) {
	for _, s := range []store{stores[0], stores[1]} {
		t.Run(s.String(), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, s)
			const most, batches = 2 << 20, 4
			r.tune = func(h *Hub) { h.tail.most = most }
			h, _ := r.hub()
			text := strings.Repeat("x", channels.MaxText)
			for b := range batches {
				var batch []channels.Inbound
				for i := range 64 {
					batch = append(batch, from(fmt.Sprint("t", i), fmt.Sprint(b, "/", i), text))
				}
				r.deliver(h, batch...)
			}
			n, err := h.rdb.XLen(t.Context(), h.keys.events()).Result()
			if err != nil || n > 2*most/channels.MaxText+64 { // it is trimmed in steps
				t.Errorf("%d events of 64 KB are in Redis, %v", n, err)
			}
			page, err := h.db.Touch(t.Context(), r.touches(h.db, "t7")[batches-1].ID)
			if err != nil || len(page.Body.Text) != len(text) {
				t.Error(err)
			}
			two, _ := r.hub() // one that comes later reads no more than is kept
			if c := r.live(two, "t7"); c.Unread != batches {
				t.Errorf("%+v", c)
			}
		})
	}
}
