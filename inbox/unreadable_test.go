package inbox

import (
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tamas/inbox/record"
)

var appendScript = redis.NewScript(`
local id = redis.call('INCR', KEYS[1]) .. '-7'
redis.call('XADD', KEYS[2], id, 'e', ARGV[1])
return id`)

// Law 10: an entry of the log that cannot be read is kept as it came and holds up nobody. One of a newer program is not
// recorded by this one at all.
func TestUnreadableEntry(t *testing.T) {
	tests := []struct {
		name, text string
		recorded   bool
	}{
		{"no JSON", `{"v":1,"kind":`, true},
		{"other types", `{"v":1,"kind":"x","touch":"y"}`, true},
		{"a newer version", fmt.Sprintf(`{"v":%d,"kind":"x","touch":"y"}`, record.EventVersion+1), false},
	}
	for _, s := range []store{stores[0], stores[2]} {
		for _, tt := range tests {
			t.Run(s.String()+"/"+tt.name, func(t *testing.T) {
				r := newRig(t, s)
				h, _ := r.hub()
				r.mustSay(h, "t", "1", "x")
				text, err := appendScript.Run(t.Context(), h.rdb, []string{h.keys.n(), h.keys.events()}, tt.text).Text()
				if err != nil {
					t.Fatal(err)
				}
				id, _ := record.ParseID(text)
				if !tt.recorded {
					eventually(t, "given up", func() bool { return !h.Leading() })
					time.Sleep(500 * time.Millisecond)
					if ok, _ := h.db.HasEvent(t.Context(), id); ok {
						t.Fatal("recorded by a program that does not know it")
					}
					return
				}
				r.mustSay(h, "t", "2", "x")
				if raw, reason, err := h.db.Unreadable(t.Context(), id.N); err != nil || string(raw) != tt.text || reason == "" {
					t.Fatalf("kept %q, %q, %v", raw, reason, err)
				}
			})
		}
	}
}
