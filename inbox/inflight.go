package inbox

import (
	"context"
	"sync"
	"time"

	"tamas/channels"
	"tamas/inbox/record"
)

// inFlight is what an account is sending now: at most one message of a customer, so that order holds, at most sendParallel
// in all, no faster than its pace, and in turn: it goes round all customers who wait, one message of each, so that
// a long queue of one delays the others by one message.
type inFlight struct {
	a     *openAccount
	valid func() bool
	pace  *pacer
	free  chan struct{}
	done  *broadcast

	// Of the sender's goroutine.
	expect []record.ID     // queued messages that are about to be recorded
	page   []record.Touch  // of this round, still to be started
	readAt time.Time       // when page was read
	after  uint64          // N up to which this round has read
	last   bool            // page is the round's last
	served map[string]bool // identities that had their turn in this round
	began  bool            // something was started in this round

	mu   sync.Mutex
	busy map[string]bool // identities being sent to: a thread may go on in its next conversation
	wg   sync.WaitGroup
}

func newInFlight(a *openAccount, valid func() bool) *inFlight {
	return &inFlight{a: a, valid: valid, pace: newPacer(a.pace()), free: make(chan struct{}, sendParallel), done: &broadcast{},
		served: map[string]bool{}, busy: map[string]bool{}}
}

// pace is the adapter's own, or its kind's.
func (a *openAccount) pace() channels.Pace {
	if p, ok := a.adapter.(channels.Pacer); ok {
		return p.Pace()
	}
	return a.h.kinds[a.row.Kind].Pace
}

const (
	sendLook = time.Second     // how long the sender waits at most before it looks again
	pageAge  = 2 * time.Second // how old a page may be that messages are taken from
)

// next starts what may be sent now, and tells how long there is nothing more to start, unless something ends or is queued.
// 0: ask again.
func (f *inFlight) next(ctx context.Context) time.Duration {
	now := time.Now()
	if rest := f.pace.account(now); rest > 0 {
		f.page = nil
		return min(rest, sendLook)
	}
	if len(f.page) == 0 || now.Sub(f.readAt) > pageAge {
		list, err := f.a.h.db.Queued(ctx, f.a.row.ID, record.At(f.a.h.now()), f.after, sendMost)
		if err != nil {
			if ctx.Err() == nil {
				f.a.h.log.Warn("queued messages could not be read", "account", f.a.row.ID, "err", err)
			}
			return sendLook
		}
		f.page, f.readAt, f.last = list, now, len(list) < sendMost
	}
	soon := sendLook
	for ; len(f.page) > 0; f.page = f.page[1:] {
		t := f.page[0]
		if !f.served[t.Identity] && !f.isBusy(t.Identity) {
			if rest := f.pace.identity(t.Identity, now); rest > 0 {
				soon = min(soon, rest)
			} else if wait := f.start(ctx, t, now); wait > 0 {
				return min(wait, sendLook)
			}
		}
		f.after = t.N
	}
	if !f.last {
		return 0
	}
	again := f.began
	f.after, f.began = 0, false
	clear(f.served)
	if again {
		return 0
	}
	return soon
}

// start sends t, unless no place is free: then it tells how long to wait for one.
func (f *inFlight) start(ctx context.Context, t record.Touch, now time.Time) time.Duration {
	select {
	case f.free <- struct{}{}:
	default:
		return sendLook
	}
	if wait := f.pace.enter(now); wait > 0 {
		<-f.free
		f.a.h.metrics.paced.WithLabelValues(f.a.row.ID).Add(min(wait, sendLook).Seconds())
		return wait
	}
	f.mu.Lock()
	f.busy[t.Identity] = true
	f.mu.Unlock()
	f.served[t.Identity], f.began = true, true
	f.wg.Go(func() {
		if err := f.a.send(ctx, t, f.valid, f.pace); err != nil && ctx.Err() == nil {
			f.a.h.log.Info("a message could not be settled", "touch", t.ID, "err", err)
			_ = sleep(ctx, 300*time.Millisecond) // another worker has it, which the record may not know yet
		}
		f.mu.Lock()
		delete(f.busy, t.Identity)
		f.mu.Unlock()
		<-f.free
		f.done.broadcast()
	})
	return 0
}

// isBusy tells whether something is being sent to an identity.
func (f *inFlight) isBusy(identity string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.busy[identity]
}

func (f *inFlight) wait() { f.wg.Wait() }
