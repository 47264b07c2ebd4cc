package inbox

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"time"

	"tamas/channels"
	"tamas/inbox/record"
)

// locks keeps the commands of one thread on this node from competing for the same version: contended
// compare-and-set costs four times as much as waiting in line.
type locks struct {
	seed maphash.Seed
	list [1024]chan struct{} // with an item when locked
}

func newLocks() *locks {
	l := &locks{seed: maphash.MakeSeed()}
	for i := range l.list {
		l.list[i] = make(chan struct{}, 1)
	}
	return l
}

// lock waits until ctx ends: who is in front may wait for a live store that is away.
func (l *locks) lock(ctx context.Context, field string) (unlock func(), err error) {
	c := l.list[maphash.String(l.seed, field)%uint64(len(l.list))]
	select {
	case c <- struct{}{}:
		return func() { <-c }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// redeliverable is the age from which on a message's key may have left the buckets, so the record is asked.
const redeliverable = 40 * time.Hour

// receive is the way in of everything that customers do. It appends the batch in order, waits once, and
// returns nil when all of it is recorded; else channels.ErrUnrecorded or channels.ErrOverloaded: the
// provider has to deliver again.
func (h *Hub) receive(ctx context.Context, acct record.Account, b channels.Batch) error {
	if len(b.Messages) > channels.MaxBatch || len(b.Cursor) > channels.MaxCursor {
		return fmt.Errorf("a batch of %d messages is too large", len(b.Messages))
	}
	if h.unrecorded() > h.maxUnrecorded {
		return channels.ErrOverloaded
	}
	ctx, cancel := context.WithTimeout(ctx, h.recordWait+5*time.Second)
	defer cancel()
	list, err := h.enterAll(ctx, acct, b.Messages)
	if err != nil {
		return unrecorded(err)
	}
	todo, dropped := list, []*inbound(nil)
	cursorSent := b.Cursor == ""
	for len(todo) > 0 || !cursorSent {
		if _, err := h.mirror.ready(ctx); err != nil {
			return unrecorded(err)
		}
		run := &run{h: h, account: acct, life: h.mirror.generation(), batch: todo}
		again := false
		for k, in := range todo {
			cursor := ""
			if k == len(todo)-1 {
				cursor = b.Cursor
			}
			carried, err := run.receive(ctx, in, cursor)
			if again = errors.Is(err, errNewLife); again {
				break
			}
			if err != nil {
				return unrecorded(err)
			}
			cursorSent = cursorSent || carried
		}
		if again {
			// What was appended before may be gone; what follows it must not be recorded without it, nor a cursor behind it.
			cursorSent = b.Cursor == ""
			continue
		}
		if len(todo) == 0 {
			if err := run.moveCursor(ctx, b.Cursor); err != nil {
				return unrecorded(err)
			}
			cursorSent = true
		}
		dropped = dropped[:0]
		for _, a := range run.appended {
			switch err := h.await(ctx, a.id, a.epoch); {
			case errors.Is(err, errDropped):
				if a.in != nil && (len(dropped) == 0 || dropped[len(dropped)-1] != a.in) {
					dropped = append(dropped, a.in)
				}
				cursorSent = b.Cursor == ""
			case err != nil:
				return err
			}
		}
		todo = append([]*inbound(nil), dropped...)
	}
	h.metrics.received.WithLabelValues(acct.Kind).Add(float64(len(b.Messages)))
	for _, in := range list {
		if in.Unreadable != "" && !in.known {
			h.metrics.unreadable.WithLabelValues(acct.ID).Inc()
		}
	}
	return nil
}

// errNewLife says that the live state has been loaded anew in the middle of a batch.
var errNewLife = errors.New("the live state was loaded anew")

// unrecorded is what a channel hears when something was not even appended.
func unrecorded(err error) error {
	return fmt.Errorf("%w: %w", channels.ErrUnrecorded, err)
}

// closeOver closes a resolved conversation whose reopen window has passed, when the timer that would have is late:
// the message is a new conversation's. The caller has the thread's lock.
func (h *Hub) closeOver(ctx context.Context, thread record.Thread) error {
	conv, ok := h.mirror.byThread(thread)
	if !ok || conv.Status != record.Resolved || conv.ReopenUntil > h.Now() {
		return nil
	}
	_, _, err := h.commitSoon(ctx, "close/"+conv.ID+"/"+tokenText(newToken()), func() (*record.Event, bool, error) {
		s := h.stateNow()
		var ok bool
		if s.conv, ok = h.mirror.conversation(conv.ID); !ok {
			return nil, false, errNothing
		}
		e, err := s.command(&Command{By: record.Actor{Kind: "system", ID: "timer"}, Action: Close, Conversation: conv.ID})
		return e, false, err
	})
	var r *Refusal
	if errors.Is(err, errNothing) || errors.As(err, &r) { // closed or reopened meanwhile
		return nil
	}
	return err
}

// units is what a conversation of the account takes of an agent's capacity.
func (h *Hub) units(acct record.Account) int {
	if acct.Units > 0 || acct.Units == record.AllUnits {
		return acct.Units
	}
	return max(1, h.kinds[acct.Kind].Weight)
}

func (h *Hub) stateNow() *state {
	return &state{now: record.At(h.now()), agent: h.mirror.agent, other: h.mirror.conversation, set: h.Settings()}
}
