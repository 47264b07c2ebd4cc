package agentui

import (
	"container/list"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// limiter is a rate limit a key (an address, an e-mail). It remembers a bounded number of keys and forgets
// the one that was used longest ago, so that many keys cannot fill the memory.
type limiter struct {
	every time.Duration
	burst int
	max   int

	mu   sync.Mutex
	keys map[string]*list.Element
	used *list.List // of *limiterKey, most recent first
}

type limiterKey struct {
	key      string
	attempts *rate.Limiter
}

func newLimiter(every time.Duration, burst, max int) *limiter {
	return &limiter{every: every, burst: burst, max: max, keys: map[string]*list.Element{}, used: list.New()}
}

// take takes one attempt of the key's; when none is left it returns how long to wait for the next.
func (l *limiter) take(key string, now time.Time) (wait time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.keys[key]
	if e == nil {
		if len(l.keys) >= l.max {
			oldest := l.used.Back()
			delete(l.keys, oldest.Value.(*limiterKey).key)
			l.used.Remove(oldest)
		}
		e = l.used.PushFront(&limiterKey{key, rate.NewLimiter(rate.Every(l.every), l.burst)})
		l.keys[key] = e
	} else {
		l.used.MoveToFront(e)
	}
	lim := e.Value.(*limiterKey).attempts
	r := lim.ReserveN(now, 1)
	if d := r.DelayFrom(now); d > 0 {
		r.CancelAt(now)
		return d, false
	}
	return 0, true
}

// forget gives a key its attempts back, after a success.
func (l *limiter) forget(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.keys[key]; e != nil {
		l.used.Remove(e)
		delete(l.keys, key)
	}
}
