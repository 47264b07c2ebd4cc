package inbox

import (
	"context"
	"sync"
	"time"

	"tamas/inbox/record"
)

// inFlight is what an account is sending now: at most one message of a thread, so that order holds, and
// at most sendParallel in all.
type inFlight struct {
	a      *openAccount
	valid  func() bool
	free   chan struct{}
	done   *broadcast
	expect []record.ID // queued messages that are about to be recorded

	mu      sync.Mutex
	threads map[string]bool // identities being sent to: a thread may go on in its next conversation
	pause   time.Time
	wg      sync.WaitGroup
}

// start sends t unless its customer is busy or all places are taken; true when it began.
func (f *inFlight) start(ctx context.Context, t record.Touch) bool {
	f.mu.Lock()
	if f.threads[t.Identity] {
		f.mu.Unlock()
		return false
	}
	select {
	case f.free <- struct{}{}:
	default:
		f.mu.Unlock()
		return false
	}
	f.threads[t.Identity] = true
	f.wg.Add(1)
	f.mu.Unlock()
	go func() {
		if err := f.a.send(ctx, t, f.valid, f.rest); err != nil && ctx.Err() == nil {
			f.a.h.log.Info("a message could not be settled", "touch", t.ID, "err", err)
			_ = sleep(ctx, 300*time.Millisecond) // another worker has it, which the record may not know yet
		}
		f.mu.Lock()
		delete(f.threads, t.Identity)
		f.mu.Unlock()
		<-f.free
		f.wg.Done()
		f.done.broadcast()
	}()
	return true
}

// rest pauses the whole account: the provider limits it.
func (f *inFlight) rest(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if until := time.Now().Add(d); until.After(f.pause) {
		f.pause = until
	}
}

func (f *inFlight) pausedUntil() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.pause
}

// busy tells whether something is being sent to an identity.
func (f *inFlight) busy(identity string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.threads[identity]
}

func (f *inFlight) wait() { f.wg.Wait() }
