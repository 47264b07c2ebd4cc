package inbox

import (
	"strings"
	"sync/atomic"
	"testing"
)

// A follower that heard of a record that is down hears when it is up again: from a new leader, or from what is recorded.
func TestFollowerLearnsThatTheRecordIsUp(t *testing.T) {
	tests := []struct {
		name string
		then func(r *rig, leader, follower *Hub, stopLeader func())
	}{
		{"a new leader", func(_ *rig, _, _ *Hub, stopLeader func()) { stopLeader() }},
		{"something is recorded", func(r *rig, leader, _ *Hub, _ func()) { r.mustSay(leader, "t", "1", "x") }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, store{"redis-server", "sqlite"})
			leader, stopLeader := r.hub()
			next, _ := r.hub()
			follower, _ := r.hub()
			listens(t, leader, follower)
			var heard atomic.Bool
			follower.OnNews(func(b []byte) {
				if strings.Contains(string(b), `"up"`) {
					heard.Store(true)
				}
			})
			follower.recordDown.Store(true)
			tt.then(r, leader, follower, stopLeader)
			eventually(t, "up", func() bool { return follower.RecordUp() })
			if !follower.Leading() {
				eventually(t, "live sockets hear it", heard.Load)
			}
			_ = next
		})
	}
}
