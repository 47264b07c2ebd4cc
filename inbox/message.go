package inbox

import (
	"context"
	"errors"
	"strings"

	"tamas/inbox/record"
)

// checkMessage bounds what a reply, a note or a first message carries and finds what it refers to. A *Refusal names what is wrong.
func (h *Hub) checkMessage(ctx context.Context, cmd *Command) error {
	cmd.Subject = cleanLine(cmd.Subject, maxSubject)
	cmd.Envelope = boundEnvelope(cmd.Envelope)
	if len(cmd.Files) > maxFiles {
		return invalid("files", "A message carries at most %d files.", maxFiles)
	}
	for i := range cmd.Files {
		f := boundFile(cmd.Files[i])
		if has, err := h.blobs.Has(f.Blob); err != nil {
			return unrecorded(err)
		} else if !has {
			return invalid("files", "“%s” is not here any more: attach it again.", f.Name)
		}
		f.Missing = ""
		cmd.Files[i] = f
	}
	if cmd.ReplyTo == "" && cmd.Forward == "" && cmd.Envelope == nil || cmd.Action == Continue {
		return nil
	}
	var in record.Thread
	if cmd.Action == Start {
		in = record.Thread{Channel: h.Settings().Accounts[cmd.Account].Kind}
	} else {
		c, _, err := h.find(ctx, cmd.Conversation, false)
		if err != nil {
			return err
		}
		in = c.In()
	}
	limits := h.kinds[in.Channel].Limits
	if cmd.Envelope != nil && !limits.Recipients {
		return invalid("envelope", "On this channel a message goes to the customer alone.")
	}
	if cmd.Forward != "" && (cmd.Envelope == nil || len(cmd.Envelope.To) == 0) {
		return invalid("envelope", "Say to whom it is to be forwarded.")
	}
	for _, ref := range []struct{ field, touch string }{{"reply_to", cmd.ReplyTo}, {"forward", cmd.Forward}} {
		if ref.touch == "" {
			continue
		}
		ok, err := h.isOf(ctx, ref.touch, in)
		if err != nil {
			return err
		}
		if !ok {
			return invalid(ref.field, "There is no such message in this conversation.")
		}
	}
	return nil
}

// isOf tells whether a touch is a message of the thread.
func (h *Hub) isOf(ctx context.Context, touch string, thread record.Thread) (bool, error) {
	t, err := h.db.Touch(ctx, touch)
	if errors.Is(err, record.ErrNotFound) || err == nil && (t.Kind != record.KindMessage || t.Conversation == "") {
		return false, nil
	}
	if err != nil {
		return false, unrecorded(err)
	}
	c, err := h.db.Header(ctx, t.Conversation)
	if errors.Is(err, record.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, unrecorded(err)
	}
	return threadField(c.In()) == threadField(thread), nil
}

// changeMessage queues the new text of a message that was sent.
func (h *Hub) changeMessage(ctx context.Context, cmd *Command) (_ record.Event, epoch string, _ error) {
	t, err := h.db.Touch(ctx, cmd.Touch)
	if errors.Is(err, record.ErrNotFound) {
		return record.Event{}, "", refuse("not_found", "There is no such message.")
	}
	if err != nil {
		return record.Event{}, "", unrecorded(err)
	}
	if err := h.mayChange(ctx, cmd, &t); err != nil {
		return record.Event{}, "", err
	}
	key := cmd.eventKey()
	e, epoch, err := h.commitSoon(ctx, key, func() (*record.Event, bool, error) {
		return &record.Event{Kind: record.EvEdited, By: cmd.By, Touch: &record.Touch{Kind: record.KindEdit, Conversation: t.Conversation,
			Identity: t.Identity, Account: t.Account, Channel: t.Channel, Author: cmd.By, At: h.Now(), State: record.StateQueued, Rev: 1,
			Key: cmd.Key, Of: t.ID, Body: &record.Body{Text: cmd.Text}}}, false, nil
	})
	return h.outcome(cmd, e, epoch, err)
}

func (h *Hub) mayChange(ctx context.Context, cmd *Command, t *record.Touch) error {
	switch {
	case t.Kind != record.KindMessage || t.Inbound:
		return refuse("conflict", "Only a message of ours can be changed.")
	case !h.kinds[t.Channel].Limits.Edits:
		return refuse("conflict", "This channel cannot change what was sent.")
	case t.State != record.StateSent && t.State != record.StateDelivered && t.State != record.StateRead || t.ProviderID == "":
		return refuse("conflict", "Only a message that was sent can be changed.")
	case strings.TrimSpace(cmd.Text) == "":
		return invalid("text", "Write something first.")
	case cmd.Supervisor || t.Author == cmd.By:
		return nil
	}
	c, err := h.db.Header(ctx, t.Conversation)
	if err != nil {
		return unrecorded(err)
	}
	if c.Owner != cmd.By.ID {
		return (&state{conv: *c, set: h.Settings()}).notYours(cmd)
	}
	return nil
}

// block says whether an identity's messages wake anybody.
func (h *Hub) block(ctx context.Context, cmd *Command) (_ record.Event, epoch string, _ error) {
	i, err := h.db.Identity(ctx, cmd.Identity)
	if errors.Is(err, record.ErrNotFound) {
		return record.Event{}, "", refuse("not_found", "There is no such address.")
	}
	if err != nil {
		return record.Event{}, "", unrecorded(err)
	}
	value := ""
	if cmd.On {
		value = "yes"
	}
	e, epoch, err := h.commitSoon(ctx, cmd.eventKey(), func() (*record.Event, bool, error) {
		of := record.Identity{ID: i.ID, Customer: i.Customer, Channel: i.Channel, Address: i.Address, Name: i.Name}
		return &record.Event{Kind: record.EvIdentity, By: cmd.By, Identity: &of, Marks: []record.Mark{{Kind: record.MarkBlocked, Value: value}}}, false, nil
	})
	return h.outcome(cmd, e, epoch, err)
}

// outcome is what propose gives for the end of a commit that decides on no header.
func (h *Hub) outcome(cmd *Command, e *record.Event, epoch string, err error) (record.Event, string, error) {
	var dup *duplicate
	var r *Refusal
	switch {
	case err == nil:
		return *e, epoch, nil
	case errors.As(err, &dup):
		return h.repeated(cmd, dup.ID), epoch, nil
	case errors.As(err, &r):
		return record.Event{}, epoch, err
	case errors.Is(err, errConflict):
		return record.Event{}, epoch, refuse("conflict", "The conversation keeps changing; try again.")
	}
	return record.Event{}, epoch, unrecorded(err)
}
