package inbox

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"tamas/channels"
)

// pacer bounds how fast an account's provider is called, as its Pace says and as the provider asks. Two gates stand in
// a row: enter, before a message is marked as being sent, so that few are marked and wait; and call, before the provider is
// called, since what was marked over some time may come from the record all at once.
type pacer struct {
	marks, calls *rate.Limiter
	gap          time.Duration // between two calls for one customer

	mu     sync.Mutex
	rest   time.Time            // of the whole account
	rests  map[string]time.Time // of identities: not before
	unused int                  // rests added since the last that were over went
}

func newPacer(p channels.Pace) *pacer {
	limit, burst := rate.Inf, 1
	if p.PerSecond > 0 {
		limit = rate.Limit(p.PerSecond)
		if burst = p.Burst; burst <= 0 {
			burst = max(1, int(p.PerSecond))
		}
	}
	x := &pacer{marks: rate.NewLimiter(limit, burst), calls: rate.NewLimiter(limit, burst), rests: map[string]time.Time{}}
	if p.PerThread > 0 {
		x.gap = time.Duration(float64(time.Second) / p.PerThread)
	}
	return x
}

// account tells how long the account rests; 0: it does not.
func (p *pacer) account(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(0, p.rest.Sub(now))
}

// identity tells how long nothing may be sent to an identity.
func (p *pacer) identity(id string, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(0, p.rests[id].Sub(now))
}

// enter takes a place for one message, or tells how long none is free.
func (p *pacer) enter(now time.Time) time.Duration {
	if p.marks.AllowN(now, 1) {
		return 0
	}
	r := p.marks.ReserveN(now, 1)
	defer r.CancelAt(now)
	return max(r.DelayFrom(now), time.Millisecond)
}

// call takes the place of one call and tells how long it has to wait for it. The identity rests from that call on.
func (p *pacer) call(id string, now time.Time) time.Duration {
	wait := p.calls.ReserveN(now, 1).DelayFrom(now)
	if p.gap > 0 {
		p.restIdentity(id, now.Add(wait+p.gap), now)
	}
	return wait
}

// restAccount keeps everything back until then: the provider asks for it.
func (p *pacer) restAccount(until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until.After(p.rest) {
		p.rest = until
	}
}

// restIdentity keeps back what goes to one identity.
func (p *pacer) restIdentity(id string, until, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until.After(p.rests[id]) {
		p.rests[id] = until
	}
	if p.unused++; p.unused > 1000 {
		p.unused = 0
		for id, at := range p.rests {
			if !at.After(now) {
				delete(p.rests, id)
			}
		}
	}
}
