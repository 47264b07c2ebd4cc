package inbox

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"tamas/channels"
)

// In no window are there more calls than the pace allows, however the record holds marks up and lets them go at once, and none
// for one customer come closer than its own pace; yet the pace is used.
func TestPaceIsKept(t *testing.T) {
	var ids [200]string
	for i := range ids {
		ids[i] = fmt.Sprint(i)
	}
	for seed := range uint64(40) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		pace := channels.Pace{PerSecond: 0.5 + 50*rnd.Float64(), PerThread: 0.2 + 5*rnd.Float64(), Burst: rnd.IntN(30)}
		p := newPacer(pace)
		now := time.Unix(1_700_000_000, 0)
		begun := now
		var marked []string
		busy := map[string]bool{}
		var calls []time.Time
		of := map[string][]time.Time{}
		stalled := false
		for now.Sub(begun) < 2*time.Minute {
			id := ids[rnd.IntN(len(ids))]
			if !busy[id] && len(marked) < sendParallel && p.account(now) == 0 && p.identity(id, now) == 0 && p.enter(now) == 0 {
				busy[id] = true
				marked = append(marked, id)
			}
			if rnd.IntN(2000) == 0 {
				stalled = !stalled
			}
			for !stalled && len(marked) > 0 {
				id, marked = marked[0], marked[1:]
				at := now.Add(p.call(id, now))
				calls, of[id], busy[id] = append(calls, at), append(of[id], at), false
			}
			now = now.Add(time.Duration(rnd.IntN(int(4 * time.Millisecond))))
		}
		burst := float64(pace.Burst)
		if burst == 0 {
			burst = max(1, float64(int(pace.PerSecond)))
		}
		// Of the windows that end with a call, the one that begins where the calls were furthest behind the pace is the fullest.
		behind := math.Inf(1)
		for i, at := range calls {
			ahead := float64(i) - pace.PerSecond*at.Sub(begun).Seconds()
			behind = min(behind, ahead)
			if n := ahead - behind + 1; n > burst+1e-3 {
				t.Fatalf("seed %d, %+v: %.3f calls more than the pace allows", seed, pace, n-burst)
			}
		}
		for id, at := range of {
			for i := 1; i < len(at); i++ {
				if gap := at[i].Sub(at[i-1]).Seconds(); gap < 1/pace.PerThread-1e-6 {
					t.Fatalf("seed %d, %+v: two calls for %s within %.3f s", seed, pace, id, gap)
				}
			}
		}
		if want := 0.2 * pace.PerSecond * 120; float64(len(calls)) < want {
			t.Errorf("seed %d, %+v: only %d calls in two minutes", seed, pace, len(calls))
		}
	}
}

func TestPaceRests(t *testing.T) {
	p := newPacer(channels.Pace{})
	now := time.Unix(1_700_000_000, 0)
	for range 1000 {
		if d := p.enter(now) + p.call("x", now) + p.identity("x", now); d != 0 {
			t.Fatalf("without a pace one waits %v", d)
		}
	}
	p.restAccount(now.Add(time.Minute))
	p.restAccount(now.Add(time.Second)) // a shorter one does not end it
	if d := p.account(now); d != time.Minute {
		t.Errorf("the account rests for %v", d)
	}
	p.restIdentity("x", now.Add(time.Hour), now)
	if p.identity("x", now) != time.Hour || p.identity("y", now) != 0 {
		t.Error("another customer rests")
	}
	for i := range 5000 { // what is over is forgotten
		p.restIdentity(fmt.Sprint(i), now.Add(time.Duration(i)), now.Add(time.Duration(i)))
	}
	if n := len(p.rests); n > 1100 || p.identity("x", now) != time.Hour {
		t.Errorf("%d rests are kept", n)
	}
}
