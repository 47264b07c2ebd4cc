package webchat

import (
	"sync"
	"time"
)

// bucket lets perSecond things pass on average and burst at once.
type bucket struct {
	left float64
	at   time.Time
}

// take takes n; when there are not so many it returns how long to wait.
func (b *bucket) take(now time.Time, perSecond, burst, n float64) (wait time.Duration) {
	if b.at.IsZero() {
		b.left = burst
	} else if d := now.Sub(b.at).Seconds(); d > 0 {
		b.left = min(burst, b.left+d*perSecond)
	}
	b.at = now
	if b.left < n {
		return time.Duration((n - b.left) / perSecond * float64(time.Second))
	}
	b.left -= n
	return 0
}

// limiter keeps a bucket for each key that was busy lately.
type limiter struct {
	perSecond, burst float64

	mu    sync.Mutex
	m     map[string]*bucket
	swept time.Time
}

func newLimiter(perSecond, burst float64) *limiter {
	return &limiter{perSecond: perSecond, burst: burst, m: map[string]*bucket{}}
}

// maxKeys bounds what strangers can make a limiter remember. Past it a stranger's key is refused until the
// next sweep; a key that is known keeps its bucket.
const maxKeys = 200_000

func (l *limiter) take(key string, now time.Time, n float64) (wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.swept) > time.Minute {
		l.swept = now
		full := time.Duration(l.burst / l.perSecond * float64(time.Second))
		for k, b := range l.m {
			if now.Sub(b.at) > full {
				delete(l.m, k)
			}
		}
	}
	b := l.m[key]
	if b == nil {
		if len(l.m) >= maxKeys {
			return time.Minute
		}
		b = &bucket{}
		l.m[key] = b
	}
	return b.take(now, l.perSecond, l.burst, n)
}
