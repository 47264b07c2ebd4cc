package inbox

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
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

// receive is the way in of every customer's message. It appends the batch in order, waits once, and
// returns nil when all of it is recorded; else channels.ErrUnrecorded or channels.ErrOverloaded: the
// provider has to deliver again.
func (h *Hub) receive(ctx context.Context, acct record.Account, b channels.Batch) error {
	if len(b.Messages) > channels.MaxBatch || len(b.Cursor) > channels.MaxCursor {
		return fmt.Errorf("a batch of %d messages is too large", len(b.Messages))
	}
	if h.unrecorded() > h.maxUnrecorded {
		return channels.ErrOverloaded
	}
	ctx, cancel := context.WithTimeout(ctx, recordWait+5*time.Second)
	defer cancel()
	b.Messages = slices.Clone(b.Messages) // the caller may deliver its own again
	var dropped []int
	todo, blobs := make([]int, len(b.Messages)), make([]string, len(b.Messages))
	for i := range b.Messages {
		todo[i] = i
		var err error
		if b.Messages[i], blobs[i], err = h.enter(b.Messages[i]); err != nil {
			return unrecorded(err)
		}
	}
	cursorSent := b.Cursor == ""
	for len(todo) > 0 || !cursorSent {
		type appended struct {
			index int
			id    record.ID
			epoch string
		}
		var list []appended
		if _, err := h.mirror.ready(ctx); err != nil {
			return unrecorded(err)
		}
		life, again := h.mirror.generation(), false
		for k, i := range todo {
			cursor := ""
			if k == len(todo)-1 {
				cursor = b.Cursor
			}
			id, epoch, carried, err := h.receiveOne(ctx, acct, &b.Messages[i], blobs[i], cursor, life)
			if again = errors.Is(err, errNewLife); again {
				break
			}
			if err != nil {
				return unrecorded(err)
			}
			if !id.IsZero() {
				list = append(list, appended{i, id, epoch})
			}
			cursorSent = cursorSent || carried
		}
		if again {
			// What was appended before may be gone; what follows it must not be recorded without it, nor a cursor behind it.
			cursorSent = b.Cursor == ""
			continue
		}
		if len(todo) == 0 {
			id, epoch, err := h.moveCursor(ctx, acct, b.Cursor)
			if err != nil {
				return unrecorded(err)
			}
			list = append(list, appended{-1, id, epoch})
			cursorSent = true
		}
		dropped = dropped[:0]
		for _, a := range list {
			switch err := h.await(ctx, a.id, a.epoch); {
			case errors.Is(err, errDropped):
				if a.index >= 0 {
					dropped = append(dropped, a.index)
				}
				cursorSent = b.Cursor == ""
			case err != nil:
				return err
			}
		}
		todo = append(todo[:0], dropped...)
	}
	h.metrics.received.WithLabelValues(acct.Kind).Add(float64(len(b.Messages)))
	return nil
}

// enter normalises a message. What is too long for a row is stored as a blob first, so that the event never names
// something that is not there.
func (h *Hub) enter(in channels.Inbound) (_ channels.Inbound, blob string, err error) {
	if len(in.Text) > channels.MaxText {
		if blob, err = h.blobs.Put([]byte(in.Text)); err != nil {
			return in, "", err
		}
	}
	normalise(&in, h.now())
	return in, blob, nil
}

// errNewLife says that the live state has been loaded anew in the middle of a batch.
var errNewLife = errors.New("the live state was loaded anew")

// unrecorded is what a channel hears when something was not even appended.
func unrecorded(err error) error {
	return fmt.Errorf("%w: %w", channels.ErrUnrecorded, err)
}

// receiveOne appends one message and gives its event, or the earlier event of the same key; the zero id
// when an earlier delivery is known to be recorded. carried tells that its event has the cursor, which an earlier one
// need not have. errNewLife: the live state is not the one of that generation any more.
func (h *Hub) receiveOne(ctx context.Context, acct record.Account, in *channels.Inbound, blob, cursor string, life uint64) (_ record.ID, epoch string, carried bool, _ error) {
	if h.now().Sub(in.At) > redeliverable {
		if t, err := h.db.TouchByKey(ctx, acct.ID, in.Key); err == nil && t.ID != "" {
			return record.ID{}, "", false, nil
		} else if err != nil && !errors.Is(err, record.ErrNotFound) {
			return record.ID{}, "", false, err
		}
	}
	thread := record.Thread{Account: acct.ID, Channel: acct.Kind, ID: in.Thread}
	unlock, err := h.locks.lock(ctx, threadField(thread))
	if err != nil {
		return record.ID{}, "", false, err
	}
	defer unlock()
	if err := h.closeOver(ctx, thread); err != nil {
		return record.ID{}, "", false, err
	}
	identity := record.IdentityOf(acct.Kind, in.Address, in.Name)
	e, epoch, err := h.commitSoon(ctx, "in/"+acct.ID+"/"+in.Key, func() (*record.Event, bool, error) {
		if h.mirror.generation() != life {
			return nil, false, errNewLife
		}
		s := h.stateNow()
		previous := ""
		if conv, ok := h.mirror.byThread(thread); ok {
			s.conv = conv
		} else {
			last, err := h.db.LastConversation(ctx, thread)
			if err != nil && !errors.Is(err, record.ErrNotFound) {
				return nil, false, err
			}
			if last != nil {
				previous = last.ID
			}
		}
		e := s.receive(in, acct, identity, h.units(acct), previous)
		e.Touch.Body.Blob = blob
		if cursor != "" {
			e.Account, e.Cursor = acct.ID, cursor
		}
		return e, false, nil
	})
	var dup *duplicate
	if errors.As(err, &dup) {
		return dup.ID, epoch, false, nil
	}
	if err != nil {
		return record.ID{}, "", false, err
	}
	return e.ID, epoch, e.Cursor != "", nil
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

// moveCursor records a poller's position that no message carries.
func (h *Hub) moveCursor(ctx context.Context, acct record.Account, cursor string) (record.ID, string, error) {
	e, epoch, err := h.commitSoon(ctx, "cursor/"+tokenText(newToken()), func() (*record.Event, bool, error) {
		return &record.Event{Kind: record.EvCursor, Account: acct.ID, Cursor: cursor, By: record.Actor{Kind: "system", ID: "channel"}}, false, nil
	})
	if err != nil {
		return record.ID{}, "", err
	}
	return e.ID, epoch, nil
}

// units is what a conversation of the account takes of an agent's capacity.
func (h *Hub) units(acct record.Account) int {
	if acct.Units > 0 {
		return acct.Units
	}
	return max(1, h.kinds[acct.Kind].Weight)
}

func (h *Hub) stateNow() *state {
	return &state{now: record.At(h.now()), agent: h.mirror.agent, set: h.Settings()}
}
