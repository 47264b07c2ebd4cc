package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// spread is how a time is distributed, in milliseconds.
type spread struct {
	N    int     `json:"n"`
	P50  float64 `json:"p50_ms"`
	P95  float64 `json:"p95_ms"`
	P99  float64 `json:"p99_ms"`
	P999 float64 `json:"p99_9_ms"`
	Max  float64 `json:"max_ms"`
}

func spreadOf(list []time.Duration) spread {
	if len(list) == 0 {
		return spread{}
	}
	slices.Sort(list)
	at := func(p float64) float64 {
		i := int(math.Ceil(p*float64(len(list)))) - 1
		return float64(list[min(max(i, 0), len(list)-1)]) / 1e6
	}
	return spread{len(list), at(.5), at(.95), at(.99), at(.999), at(1)}
}

// numbers gives each message of a run a number of its own.
var numbers atomic.Int64

func nextNumber() int { return int(numbers.Add(1)) }

// closedLoop has callers call one after another for a time and tells how often and how long each took. What was
// under way at the end is not counted.
func closedLoop(ctx context.Context, callers int, d time.Duration, call func(caller int) error) (perSecond float64, times spread, err error) {
	g, ctx := errgroup.WithContext(ctx)
	lists := make([][]time.Duration, callers)
	begun := time.Now()
	end := begun.Add(d)
	for i := range callers {
		g.Go(func() error {
			for ctx.Err() == nil {
				at := time.Now()
				if err := call(i); err != nil {
					return err
				}
				now := time.Now()
				if now.After(end) {
					return nil
				}
				lists[i] = append(lists[i], now.Sub(at))
			}
			return ctx.Err()
		})
	}
	err = g.Wait()
	all := slices.Concat(lists...)
	return float64(len(all)) / d.Seconds(), spreadOf(all), err
}

// openLoop sends messages at a fixed rate, whatever becomes of them, and keeps the time from when each was due: a hub that
// stalls is charged for all that should have been sent meanwhile.
type openLoop struct {
	rate   int
	first  int // number of the first message
	begun  time.Time
	acked  []atomic.Int64 // ns from when it was due; 0: not yet
	ackedN atomic.Int64
	latest time.Duration // that the bench itself was behind
}

func newOpenLoop(rate int, d time.Duration) *openLoop {
	n := max(1, int(float64(rate)*d.Seconds()))
	first := int(numbers.Add(int64(n))) - n + 1
	return &openLoop{rate: rate, first: first, acked: make([]atomic.Int64, n)}
}

// due is when a message is to be sent.
func (l *openLoop) due(n int) time.Time {
	return l.begun.Add(time.Duration(float64(n-l.first) / float64(l.rate) * float64(time.Second)))
}

// since is how long ago a message was due; false when it is none of this run.
func (l *openLoop) since(n int, now time.Time) (time.Duration, bool) {
	if n < l.first || n >= l.first+len(l.acked) {
		return 0, false
	}
	return max(now.Sub(l.due(n)), 1), true
}

func (l *openLoop) ack(n int) {
	if d, ok := l.since(n, time.Now()); ok && l.acked[n-l.first].CompareAndSwap(0, int64(d)) {
		l.ackedN.Add(1)
	}
}

// run calls send for each message when it is due; send must not wait. Then it waits for the acknowledgements.
func (l *openLoop) run(ctx context.Context, send func(n int) error) error {
	l.begun = time.Now().Add(20 * time.Millisecond)
	for n := l.first; n < l.first+len(l.acked); n++ {
		if wait := time.Until(l.due(n)); wait > 0 {
			time.Sleep(wait)
		} else {
			l.latest = max(l.latest, -wait)
		}
		if err := send(n); err != nil {
			return err
		}
	}
	for deadline := time.Now().Add(20 * time.Second); int(l.ackedN.Load()) < len(l.acked); {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%d of %d messages were not acknowledged", len(l.acked)-int(l.ackedN.Load()), len(l.acked))
		}
		time.Sleep(time.Millisecond)
	}
	return nil
}

func (l *openLoop) acks() spread {
	list := make([]time.Duration, len(l.acked))
	for i := range l.acked {
		list[i] = time.Duration(l.acked[i].Load())
	}
	return spreadOf(list)
}
