package inbox

import (
	"context"
	"errors"

	"tamas/channels"
	"tamas/inbox/record"
)

// run is one attempt to append a batch, in one life of the live state.
type run struct {
	h        *Hub
	account  record.Account
	life     uint64 // generation of the mirror
	appended []appended
	batch    []*inbound
	tiers    map[string]string // by identity, of the batch's; nil until asked for
}

// appended is an event that the batch waits for: a message's own, or the earlier one of its key.
type appended struct {
	in    *inbound // nil: only the cursor
	id    record.ID
	epoch string
}

// receive appends one message, and what its account answers by itself. carried tells that the event has the cursor, which that of
// an earlier delivery need not have. errNewLife: the live state is not the one of the run any more.
func (r *run) receive(ctx context.Context, in *inbound, cursor string) (carried bool, err error) {
	if in.known {
		return false, nil
	}
	switch in.Kind {
	case channels.Edit, channels.Deletion:
		carried, err = r.change(ctx, in, cursor)
	case channels.Rating:
		carried, err = r.rate(ctx, in, cursor)
	case channels.Visit:
		carried, err = r.log(ctx, in, record.KindVisit, "", cursor)
	default:
		carried, err = r.message(ctx, in, cursor)
	}
	if err == nil && in.Position && !in.Imported {
		in.Answer, err = r.positionText(ctx, in)
	}
	if err == nil && in.Answer != "" && !in.AutoReply && !in.Imported && in.Spam == "" && in.unwanted == "" {
		err = r.answer(ctx, in)
	}
	return carried, err
}

func (r *run) thread(in *inbound) record.Thread {
	return record.Thread{Account: r.account.ID, Channel: r.account.Kind, ID: in.Thread}
}

func (r *run) sender(in *inbound) sender {
	return sender{account: r.account, identity: in.identity, units: r.h.units(r.account)}
}

// commit appends the event that decide makes of the message, once by its key.
func (r *run) commit(ctx context.Context, in *inbound, cursor string, decide func(s *state) (e *record.Event, restored bool, err error)) (carried bool, err error) {
	e, epoch, err := r.h.commitSoon(ctx, "in/"+r.account.ID+"/"+in.Key, func() (*record.Event, bool, error) {
		if r.h.mirror.generation() != r.life {
			return nil, false, errNewLife
		}
		e, restored, err := decide(r.h.stateNow())
		if err == nil && cursor != "" {
			e.Account, e.Cursor = r.account.ID, cursor
		}
		return e, restored, err
	})
	var dup *duplicate
	if errors.As(err, &dup) {
		r.appended = append(r.appended, appended{in, dup.ID, epoch})
		return false, nil
	}
	if err != nil {
		return false, err
	}
	r.appended = append(r.appended, appended{in, e.ID, epoch})
	return e.Cursor != "", nil
}

func (r *run) message(ctx context.Context, in *inbound, cursor string) (carried bool, err error) {
	thread := r.thread(in)
	if in.ReplyTo != "" && in.replyTo == "" {
		if t, err := r.find(ctx, thread, in.ReplyTo); err == nil {
			in.replyTo = t.ID
		} else if !errors.Is(err, record.ErrNotFound) {
			return false, err
		}
	}
	unlock, err := r.h.locks.lock(ctx, threadField(thread))
	if err != nil {
		return false, err
	}
	defer unlock()
	if !in.quiet() {
		if err := r.h.closeOver(ctx, thread); err != nil {
			return false, err
		}
	}
	from := r.sender(in)
	return r.commit(ctx, in, cursor, func(s *state) (*record.Event, bool, error) {
		from.previous = ""
		restored := false
		if conv, ok := r.h.mirror.byThread(thread); ok {
			s.conv = conv
		} else {
			last, err := r.h.db.LastConversation(ctx, thread)
			switch {
			case errors.Is(err, record.ErrNotFound):
			case err != nil:
				return nil, false, err
			case in.quiet() && !last.Open(): // begins nothing: it goes to where the thread ended
				s.conv, restored = cold(last), true
			default:
				from.previous = last.ID
			}
			if s.conv.ID == "" {
				if from.tier, err = r.tier(ctx, in); err != nil {
					return nil, false, err
				}
			}
		}
		return s.receive(in, from), restored, nil
	})
}

// change appends an edit or a deletion. One of a message that is not known says what it says: an edit is a message then.
func (r *run) change(ctx context.Context, in *inbound, cursor string) (carried bool, err error) {
	thread := r.thread(in)
	of, err := r.find(ctx, thread, in.Of)
	switch {
	case errors.Is(err, record.ErrNotFound), err == nil && !of.Inbound:
		if in.deletes() {
			return r.log(ctx, in, record.KindDeletion, "", cursor)
		}
		// Later edits find it by the id of what it is an edit of.
		whole := *in
		whole.Kind, whole.ProviderID = channels.Message, in.Of
		return r.message(ctx, &whole, cursor)
	case err != nil:
		return false, err
	}
	unlock, err := r.h.locks.lock(ctx, threadField(thread))
	if err != nil {
		return false, err
	}
	defer unlock()
	return r.commit(ctx, in, cursor, func(s *state) (*record.Event, bool, error) {
		s.conv, _ = r.h.mirror.conversation(of.Conversation) // one that is over is left alone
		return s.changed(in, r.sender(in), &of), false, nil
	})
}

func (r *run) rate(ctx context.Context, in *inbound, cursor string) (carried bool, err error) {
	thread := r.thread(in)
	conv, ok := r.h.mirror.byThread(thread)
	if !ok {
		last, err := r.h.db.LastConversation(ctx, thread)
		if err != nil && !errors.Is(err, record.ErrNotFound) {
			return false, err
		}
		if last != nil {
			conv = *last
		}
	}
	return r.log(ctx, in, record.KindRating, conv.ID, cursor)
}

func (r *run) log(ctx context.Context, in *inbound, kind, conversation, cursor string) (carried bool, err error) {
	return r.commit(ctx, in, cursor, func(s *state) (*record.Event, bool, error) {
		return s.logged(in, r.sender(in), kind, conversation), false, nil
	})
}

// answer appends what the account answers by itself. Its key is the message's, so it is given once.
func (r *run) answer(ctx context.Context, in *inbound) error {
	thread, key := r.thread(in), "answer/"+r.account.ID+"/"+in.Key
	unlock, err := r.h.locks.lock(ctx, threadField(thread))
	if err != nil {
		return err
	}
	defer unlock()
	e, epoch, err := r.h.commitSoon(ctx, key, func() (*record.Event, bool, error) {
		if r.h.mirror.generation() != r.life {
			return nil, false, errNewLife
		}
		s, restored := r.h.stateNow(), false
		conv, ok := r.h.mirror.byThread(thread)
		if !ok {
			last, err := r.h.db.LastConversation(ctx, thread)
			if err != nil {
				return nil, false, err
			}
			if last.Open() { // that it is over is not recorded yet
				return nil, false, errors.New("the conversation of an answer is between two states")
			}
			conv, restored = cold(last), true
		}
		s.conv = conv
		return s.answered(in.Answer, boundKey(key, channels.MaxKey), r.account), restored, nil
	})
	var dup *duplicate
	switch {
	case errors.As(err, &dup):
		r.appended = append(r.appended, appended{in, dup.ID, epoch})
	case err != nil:
		return err
	default:
		r.appended = append(r.appended, appended{in, e.ID, epoch})
	}
	return nil
}

// moveCursor appends a poller's position that no message carries.
func (r *run) moveCursor(ctx context.Context, cursor string) error {
	e, epoch, err := r.h.commitSoon(ctx, "cursor/"+tokenText(newToken()), func() (*record.Event, bool, error) {
		return &record.Event{Kind: record.EvCursor, Account: r.account.ID, Cursor: cursor, By: record.Actor{Kind: "system", ID: "channel"}}, false, nil
	})
	if err != nil {
		return err
	}
	r.appended = append(r.appended, appended{nil, e.ID, epoch})
	return nil
}

// find gives the message of a thread that the provider knows by an id. What is not in the record may be about to be: it is looked
// for again once the log is recorded as far as it is known here. record.ErrNotFound.
func (r *run) find(ctx context.Context, thread record.Thread, providerID string) (record.Touch, error) {
	recorded := r.h.Recorded() // before looking: what is recorded meanwhile was not seen
	t, err := r.h.touchOf(ctx, thread, providerID)
	if !errors.Is(err, record.ErrNotFound) || providerID == "" {
		return t, err
	}
	head, epoch := r.h.Head(), r.h.mirror.current()
	for _, a := range r.appended {
		if a.id.N > head.N {
			head, epoch = a.id, a.epoch
		}
	}
	if head.N <= recorded.N {
		return t, err
	}
	if err := r.h.await(ctx, head, epoch); err != nil && !errors.Is(err, errDropped) {
		return t, err
	}
	return r.h.touchOf(ctx, thread, providerID)
}

// touchOf finds a message by a provider's id, in this thread only: others are not to be quoted in it.
func (h *Hub) touchOf(ctx context.Context, thread record.Thread, providerID string) (record.Touch, error) {
	t, err := h.db.TouchByProviderID(ctx, thread.Account, providerID)
	if errors.Is(err, record.ErrNotFound) && record.Shared(thread.ID) {
		for _, a := range h.others(thread.Account) {
			if t, err = h.db.TouchByProviderID(ctx, a, providerID); !errors.Is(err, record.ErrNotFound) {
				break
			}
		}
	}
	if err != nil {
		return t, err
	}
	c, ok := h.mirror.conversation(t.Conversation)
	if !ok {
		old, err := h.db.Header(ctx, t.Conversation)
		if err != nil {
			return t, err
		}
		c = *old
	}
	if threadField(c.In()) != threadField(thread) {
		return record.Touch{}, record.ErrNotFound
	}
	return t, nil
}

// cold makes a header of the record fit to come back into the live state: its last events may not be recorded yet, and must
// not look newer than what comes now.
func cold(c *record.Conversation) record.Conversation {
	cc := *c
	cc.Version += 100
	return cc
}
