package inbox

import (
	"context"
	"errors"
	"time"

	"tamas/channels"
	"tamas/inbox/record"
)

// Do carries a command out and returns its event once that is recorded. What was so already gives an event
// without an id. A key that was seen before gives the first one's id, and its touch's.
// Errors: *Refusal; channels.ErrUnrecorded, channels.ErrOverloaded: call again with the same key.
func (h *Hub) Do(ctx context.Context, cmd Command) (record.Event, error) {
	ctx, cancel := context.WithTimeout(ctx, h.recordWait+5*time.Second)
	defer cancel()
	for {
		e, epoch, err := h.propose(ctx, &cmd)
		if err != nil || e.ID.IsZero() {
			return e, err
		}
		if err = h.await(ctx, e.ID, epoch); !errors.Is(err, errDropped) {
			return e, err
		}
	}
}

// Propose is Do without waiting for the record: for what has no effect outside the hub, such as an offer.
func (h *Hub) Propose(ctx context.Context, cmd Command) error {
	_, _, err := h.propose(ctx, &cmd)
	return err
}

// propose also gives the epoch that await has to know.
func (h *Hub) propose(ctx context.Context, cmd *Command) (_ record.Event, epoch string, _ error) {
	if h.unrecorded() > h.maxUnrecorded {
		return record.Event{}, "", channels.ErrOverloaded
	}
	cmd.Text = cleanText(cmd.Text, channels.MaxText)
	cmd.Reason = cleanLine(cmd.Reason, 256)
	switch cmd.Action {
	case Retry:
		return h.retry(ctx, cmd)
	case Change:
		return h.changeMessage(ctx, cmd)
	case Block:
		return h.block(ctx, cmd)
	case Start, Continue:
		return h.start(ctx, cmd)
	case Reply, Note:
		if err := h.checkMessage(ctx, cmd); err != nil {
			return record.Event{}, "", err
		}
		if cmd.Action == Note {
			if err := h.maskNote(ctx, cmd); err != nil {
				return record.Event{}, "", err
			}
		}
	}
	key := cmd.eventKey()
	if cmd.Conversation != "" {
		if c, _, err := h.find(ctx, cmd.Conversation, cmd.aside()); err == nil {
			unlock, err := h.locks.lock(ctx, threadField(c.In()))
			if err != nil {
				return record.Event{}, "", unrecorded(err)
			}
			defer unlock()
		}
	}
	var refused *record.Event
	asked := false
	e, epoch, err := h.commitSoon(ctx, key, func() (*record.Event, bool, error) {
		s := h.stateNow()
		cold := false
		if cmd.Conversation != "" {
			var err error
			if s.conv, cold, err = h.find(ctx, cmd.Conversation, cmd.aside()); err != nil {
				return nil, false, err
			}
		}
		e, err := s.command(cmd)
		if err != nil && !asked {
			// The script corrects what a stale copy made possible, not what it made impossible: another node may have
			// done a moment ago what this command builds on.
			asked = true
			if h.mirror.refresh(ctx, cmd.Conversation, cmd.Agent, cmd.By.ID) == nil {
				s = h.stateNow()
				if cmd.Conversation != "" {
					if s.conv, cold, err = h.find(ctx, cmd.Conversation, cmd.aside()); err != nil {
						return nil, false, err
					}
				}
				e, err = s.command(cmd)
			}
		}
		if err != nil {
			refused = &record.Event{Conversation: &s.conv}
			return nil, cold, err
		}
		if e.Reason == nil {
			e.Reason = cmd.Why
		}
		if cold && cmd.aside() {
			e.Kind = record.EvClosed
		}
		return e, cold, nil
	})
	var dup *duplicate
	switch {
	case err == nil:
		return *e, epoch, nil
	case errors.As(err, &dup):
		return h.repeated(cmd, dup.ID), epoch, nil
	case errors.Is(err, errNothing):
		return *refused, epoch, nil
	}
	var r *Refusal
	if errors.As(err, &r) {
		// A retry of what went through must hear so, even when the first call made it impossible now.
		if id, ok := h.seen(ctx, key); ok && cmd.Key != "" {
			return h.repeated(cmd, id), epoch, nil
		}
		return record.Event{}, epoch, err
	}
	if errors.Is(err, errConflict) {
		return record.Event{}, epoch, refuse("conflict", "The conversation keeps changing; try again.")
	}
	return record.Event{}, epoch, unrecorded(err)
}

// eventKey is the key of the command's event: who repeats a command is answered with the first one's.
func (cmd *Command) eventKey() string {
	key := cmd.Action + "/" + cmd.By.ID + "/" + cmd.Key
	if cmd.Key == "" {
		key += tokenText(newToken())
	}
	return key
}

// repeated is the answer to a key that was committed before.
func (h *Hub) repeated(cmd *Command, id record.ID) record.Event {
	e := record.Event{ID: id}
	if c, ok := h.mirror.conversation(cmd.Conversation); ok {
		e.Conversation = &c
	}
	switch cmd.Action {
	case Reply, Note, Start, Continue, Change, Draft, Whisper, Review, Verdict, Flag, Answer:
		e.Touch = &record.Touch{ID: tokenText(id.Token), Conversation: cmd.Conversation, Key: cmd.Key}
	}
	return e
}

// seen looks a command key up in the live buckets.
func (h *Hub) seen(ctx context.Context, key string) (record.ID, bool) {
	for _, bucket := range h.keys.buckets(h.now()) {
		if text, err := h.rdb.HGet(ctx, bucket, shortKey(key)).Result(); err == nil {
			id, err := record.ParseID(text)
			return id, err == nil
		}
	}
	return record.ID{}, false
}

// aside tells what is done about a flag, which may stand longer than its conversation lives: one that is over stays so, its thread whose
// it is.
func (cmd *Command) aside() bool { return cmd.Action == Answer || cmd.Action == Seen }

// find gives a conversation: a live one, or (cold) one that has left the live state, while no newer one has
// taken its thread, or whether or not one has (aside).
func (h *Hub) find(ctx context.Context, id string, aside bool) (c record.Conversation, restored bool, err error) {
	if c, ok := h.mirror.conversation(id); ok {
		return c, false, nil
	}
	old, err := h.db.Header(ctx, id)
	if errors.Is(err, record.ErrNotFound) {
		return c, false, refuse("not_found", "There is no such conversation.")
	}
	if err != nil {
		return c, false, err
	}
	if newer, ok := h.mirror.byThread(old.In()); ok && newer.ID != id && !aside {
		return c, false, &Refusal{Code: "conflict", Message: "This conversation is over; the customer has a newer one.", Current: &newer}
	}
	return cold(old), true, nil
}
