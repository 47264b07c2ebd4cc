package inbox

import (
	"context"
	"errors"
	"fmt"

	"tamas/inbox/record"
)

// turn commits a touch's next state under its next revision. The command key is the revision itself, so of two
// workers that move the same message on, one succeeds and the other hears *duplicate.
func (h *Hub) turn(ctx context.Context, t *record.Touch, by record.Actor, worker string) (record.ID, string, error) {
	next := *t
	next.Rev++
	next.Worker, next.Body = worker, nil
	e, epoch, err := h.commitSoon(ctx, fmt.Sprintf("touch/%s/%d", next.ID, next.Rev), func() (*record.Event, bool, error) {
		tt := next
		return &record.Event{Kind: record.EvTouch, By: by, Touch: &tt}, false, nil
	})
	if err != nil {
		return record.ID{}, epoch, err
	}
	*t = next
	return e.ID, epoch, nil
}

// retry puts a failed or an uncertain message in line again, by a person's word.
func (h *Hub) retry(ctx context.Context, cmd *Command) (_ record.Event, epoch string, _ error) {
	t, err := h.db.Touch(ctx, cmd.Touch)
	if errors.Is(err, record.ErrNotFound) {
		return record.Event{}, "", refuse("not_found", "There is no such message.")
	}
	if err != nil {
		return record.Event{}, "", unrecorded(err)
	}
	if t.State != record.StateFailed && t.State != record.StateUncertain {
		return record.Event{}, "", refuse("conflict", "Only a message that failed can be sent again.")
	}
	c, _, err := h.find(ctx, t.Conversation, false)
	if err != nil {
		return record.Event{}, "", err
	}
	if !cmd.Supervisor && c.Owner != cmd.By.ID && t.Author.ID != cmd.By.ID {
		return record.Event{}, "", (&state{conv: c, set: h.Settings()}).notYours(cmd)
	}
	t.State, t.Error, t.Attempt, t.RetryAt = record.StateQueued, "", 0, 0
	id, epoch, err := h.turn(ctx, &t, cmd.By, "")
	var dup *duplicate
	if errors.As(err, &dup) {
		id, err = dup.ID, nil
	}
	if err != nil {
		return record.Event{}, "", unrecorded(err)
	}
	return record.Event{ID: id, Kind: record.EvTouch, Touch: &t, Conversation: &c}, epoch, nil
}
