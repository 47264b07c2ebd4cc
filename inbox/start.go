package inbox

import (
	"context"
	"errors"
	"strings"

	"tamas/channels"
	"tamas/inbox/record"
)

// start begins a conversation with an address, or, when one of its thread is live, answers in that one. Continue does so too, for
// nobody in particular.
func (h *Hub) start(ctx context.Context, cmd *Command) (_ record.Event, epoch string, _ error) {
	if err := h.checkMessage(ctx, cmd); err != nil {
		return record.Event{}, "", err
	}
	key := cmd.eventKey()
	to, thread, err := h.startAt(ctx, cmd, key)
	if err != nil {
		return record.Event{}, "", err
	}
	unlock, err := h.locks.lock(ctx, threadField(thread))
	if err != nil {
		return record.Event{}, "", unrecorded(err)
	}
	defer unlock()
	if err := h.closeOver(ctx, thread); err != nil {
		return record.Event{}, "", unrecorded(err)
	}
	e, epoch, err := h.commitSoon(ctx, key, func() (*record.Event, bool, error) {
		s := h.stateNow()
		conv, live := h.mirror.byThread(thread)
		if live {
			s.conv = conv
			if cmd.Action == Continue {
				e, err := s.carryOn(cmd, to, thread.ID)
				return e, false, err
			}
			return s.join(cmd)
		}
		last, err := h.db.LastConversation(ctx, thread)
		if err != nil && !errors.Is(err, record.ErrNotFound) {
			return nil, false, err
		}
		if to.previous = ""; last != nil {
			to.previous = last.ID
		}
		begin := s.start
		if cmd.Action == Continue {
			begin = s.carryOn
		}
		e, err := begin(cmd, to, thread.ID)
		return e, false, err
	})
	var r *Refusal
	if errors.As(err, &r) {
		// A retry of what went through must hear so, even when the first call made it impossible now.
		if id, ok := h.seen(ctx, key); ok && cmd.Key != "" {
			err = &duplicate{ID: id}
		}
	}
	out, epoch, err := h.outcome(cmd, e, epoch, err)
	if err == nil && out.Conversation == nil {
		if c, ok := h.mirror.byThread(thread); ok {
			out.Conversation = &c
		}
	}
	return out, epoch, err
}

// join answers in the conversation that stands in the way, where the actor may.
func (s *state) join(cmd *Command) (*record.Event, bool, error) {
	reply := *cmd
	reply.Action, reply.Conversation = Reply, s.conv.ID
	e, err := s.command(&reply)
	var r *Refusal
	if errors.As(err, &r) && r.Code == "not_yours" {
		err = s.conflict("Somebody else is in conversation with this customer already.")
	}
	return e, false, err
}

// startAt finds whom a Start is for, and where the conversation will stand. A *Refusal says why it cannot be.
func (h *Hub) startAt(ctx context.Context, cmd *Command, key string) (to sender, thread record.Thread, _ error) {
	acct, ok := h.Settings().Accounts[cmd.Account]
	if !ok || !acct.Enabled || acct.Archived {
		return to, thread, invalid("account", "There is no such account.")
	}
	kind := h.kinds[acct.Kind]
	if kind.StartThread == nil || kind.Limits.NoReplyTo && cmd.Action != Continue {
		return to, thread, invalid("account", "On this channel only the customer can begin.")
	}
	id, address, err := kind.StartThread(acct.Settings, strings.TrimSpace(cmd.Address))
	if err != nil {
		var field *channels.FieldError
		if errors.As(err, &field) {
			return to, thread, invalid("address", "%s", field.Reason)
		}
		return to, thread, invalid("address", "%s", err.Error())
	}
	if id == "" {
		id = "start/" + h.db.IdentityOf("start", key, "").ID
	}
	thread = record.Thread{Account: acct.ID, Channel: acct.Kind, ID: boundKey(id, channels.MaxKey)}
	to = sender{account: acct, units: h.units(acct),
		identity: h.db.IdentityOf(acct.Kind, boundKey(address, channels.MaxKey), cleanLine(cmd.Name, channels.MaxName))}
	known, err := h.db.Identity(ctx, to.identity.ID)
	switch {
	case errors.Is(err, record.ErrNotFound):
	case err != nil:
		return to, thread, unrecorded(err)
	case known.Consent == "stop":
		return to, thread, invalid("address", "This customer has asked not to be written to.")
	case known.Blocked:
		return to, thread, invalid("address", "This address is blocked.")
	}
	if len(h.Settings().Routing.Tiers) > 0 {
		tiers, err := h.db.Tiers(ctx, []string{to.identity.ID})
		if err != nil {
			return to, thread, unrecorded(err)
		}
		to.tier = tiers[to.identity.ID]
	}
	return to, thread, nil
}
