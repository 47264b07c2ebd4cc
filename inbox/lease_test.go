package inbox

import (
	"context"
	"testing"
	"time"
)

// A lease that was lost without being given back becomes free again, in-process too: else nothing would be recorded any more.
func TestLostLeaseIsFreeAgain(t *testing.T) {
	for _, address := range []string{"", "redis-server"} {
		t.Run(address, func(t *testing.T) {
			r := &rig{t: t}
			if address != "" {
				r = newRig(t, store{address, "sqlite"})
			}
			rdb, err := OpenRedis(t.Context(), r.redisURL)
			if err != nil {
				t.Fatal(err)
			}
			defer rdb.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
			defer cancel()
			go rdb.run(ctx)
			gone := &lease{rdb: rdb, key: "{t}:lease:leader", holder: "gone", lasts: time.Second}
			if held, err := gone.take(ctx); !held || err != nil {
				t.Fatal(held, err)
			}
			worked := false
			_ = hold(ctx, rdb, gone.key, time.Second, func(context.Context, func() bool) error { worked = true; cancel(); return nil })
			if !worked {
				t.Fatal("the lease is never free again")
			}
		})
	}
}
