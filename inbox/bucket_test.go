package inbox

import (
	"testing"
	"time"
)

// Law 2: at midnight nodes' clocks are not of one mind about the day, and a message is still one.
func TestKeyOfAnotherNodesDay(t *testing.T) {
	for _, days := range []int64{-2, -1, 0, 1} {
		r := newRig(t, stores[0])
		h, _ := r.hub()
		r.mustSay(h, "t", "1", "hi")
		d := day(time.Now())
		all, err := h.rdb.HGetAll(t.Context(), h.keys.bucket(d)).Result()
		if err != nil || len(all) == 0 {
			t.Fatal(all, err)
		}
		h.rdb.Del(t.Context(), h.keys.bucket(d))
		h.rdb.HSet(t.Context(), h.keys.bucket(d+days), all)
		r.mustSay(h, "t", "1", "hi")
		if c, _ := h.mirror.byThread(r.thread("t")); c.Unread != 1 {
			t.Errorf("%+d days: %d unread after one message", days, c.Unread)
		}
	}
}
