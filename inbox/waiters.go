package inbox

import (
	"context"
	"slices"
	"sync"
	"time"

	"tamas/channels"
	"tamas/inbox/record"
)

// waiters holds the callers whose effect outside the hub waits until their event is recorded. Each is
// released by its own id in the recorder's list, never by a later one: after a fork a later id says nothing
// about an earlier one of another history.
type waiters struct {
	mu   sync.Mutex
	list map[uint64][]*waiter // by the event's token; several when a message was delivered twice at once
}

type waiter struct {
	id   record.ID
	done chan struct{} // has an item when recorded
	fork chan struct{} // has an item when the epoch changed: ask the record
}

func newWaiters() *waiters { return &waiters{list: map[uint64][]*waiter{}} }

// add begins to wait for an id that was committed.
func (w *waiters) add(id record.ID) *waiter {
	w.mu.Lock()
	defer w.mu.Unlock()
	x := &waiter{id: id, done: make(chan struct{}, 1), fork: make(chan struct{}, 1)}
	w.list[id.Token] = append(w.list[id.Token], x)
	return x
}

func (w *waiters) remove(x *waiter) {
	w.mu.Lock()
	defer w.mu.Unlock()
	rest := slices.DeleteFunc(w.list[x.id.Token], func(y *waiter) bool { return y == x })
	if len(rest) == 0 {
		delete(w.list, x.id.Token)
	} else {
		w.list[x.id.Token] = rest
	}
}

// release lets go of those whose own id is in ids.
func (w *waiters) release(ids []record.ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if plantedBug {
		w.releaseBelow(ids[len(ids)-1])
		return
	}
	for _, id := range ids {
		for _, x := range w.list[id.Token] {
			if x.id == id {
				x.recorded()
			}
		}
	}
}

// releaseBelow is the classic mistake, "the watermark has passed me". It is compiled in by the build tag
// plantedbug only, so that cmd/chaos can show that it would find it.
func (w *waiters) releaseBelow(id record.ID) {
	for _, list := range w.list {
		for _, x := range list {
			if x.id.N <= id.N {
				x.recorded()
			}
		}
	}
}

// forked tells all that the epoch has changed.
func (w *waiters) forked() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, list := range w.list {
		for _, x := range list {
			x.ask()
		}
	}
}

// recorded lets the waiter go.
func (x *waiter) recorded() {
	select {
	case x.done <- struct{}{}:
	default:
	}
}

// ask lets the waiter look into the record.
func (x *waiter) ask() {
	select {
	case x.fork <- struct{}{}:
	default:
	}
}

// await returns nil once id, committed in epoch, is recorded; errDropped when it never will be, because
// a rebuild dropped the tail that held it; channels.ErrUnrecorded when that is not known in time.
func (h *Hub) await(ctx context.Context, id record.ID, epoch string) error {
	w := h.waiters.add(id)
	defer h.waiters.remove(w)
	timer := time.NewTimer(h.recordWait)
	defer timer.Stop()
	// It may have been recorded before the waiter stood, or for long (a duplicate).
	if h.tail.hasRecorded(id) {
		return nil
	}
	if h.mirror.current() != epoch || id.N <= h.Recorded().N {
		w.ask()
	}
	for {
		select {
		case <-w.done:
			return nil
		case <-ctx.Done():
			return channels.ErrUnrecorded
		case <-timer.C:
			if ok, err := h.db.HasEvent(ctx, id); err == nil && ok {
				return nil
			}
			return channels.ErrUnrecorded
		case <-w.fork:
			// The cursor moved before the new epoch was opened: what the record lacks now it will never have.
			now, err := h.mirror.ready(ctx)
			if err != nil {
				return channels.ErrUnrecorded
			}
			at, err := h.db.Cursor(ctx)
			ok := false
			if err == nil {
				ok, err = h.db.HasEvent(ctx, id)
			}
			switch {
			case err != nil:
				if sleep(ctx, 100*time.Millisecond) != nil {
					return channels.ErrUnrecorded
				}
				w.ask()
			case ok:
				return nil
			case now != epoch, at.N >= id.N: // a replica without the tail went on in the same epoch: the record has another event of that number, or passed it
				return errDropped
			}
		}
	}
}
