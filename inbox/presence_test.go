package inbox

import (
	"strconv"
	"testing"
	"time"
)

// A node that died without a word leaves nothing behind in Redis for good.
func TestDeadNodesAreSwept(t *testing.T) {
	t.Parallel()
	r := newRig(t, stores[0])
	r.tune = func(h *Hub) { h.presenceEvery = 100 * time.Millisecond }
	h, _ := r.hub()
	old, young := strconv.FormatInt(time.Now().Add(-time.Hour).UnixMilli(), 10), strconv.FormatInt(time.Now().UnixMilli(), 10)
	h.rdb.HSet(t.Context(), h.keys.presence(), "ann\x1fdead", old, "ann\x1fother", young)
	h.rdb.HSet(t.Context(), h.keys.nodes(), "dead", old, "other", young)
	eventually(t, "swept", func() bool {
		a, _ := h.rdb.HExists(t.Context(), h.keys.presence(), "ann\x1fdead").Result()
		b, _ := h.rdb.HExists(t.Context(), h.keys.nodes(), "dead").Result()
		return !a && !b
	})
	for key, field := range map[string]string{h.keys.presence(): "ann\x1fother", h.keys.nodes(): "other"} {
		if ok, _ := h.rdb.HExists(t.Context(), key, field).Result(); !ok {
			t.Errorf("%s of %s is gone as well", field, key)
		}
	}
}
