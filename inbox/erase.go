package inbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"tamas/inbox/record"
)

// ErrOpen: a conversation of the customer is open, so that somebody may be at work on it.
var ErrOpen = errors.New("a conversation of the customer is open")

const (
	eraseTries = 5
	trimAfter  = 2 * time.Second // that every node has read what is trimmed
)

// privacyActor does what follows from erasing.
var privacyActor = record.Actor{Kind: "system", ID: "privacy"}

// Erase takes a person away everywhere: what may still be reopened is closed, what is queued is not sent, then the record lets go of the
// person, and the log and the files of what was theirs. ErrOpen; record.ErrHeld, record.ErrNotFound; record.ErrLive: something of theirs keeps
// happening, try again.
func (h *Hub) Erase(ctx context.Context, customer, reason, by string, note func(record.Erasure) record.Note) (record.Erasure, error) {
	for try := 0; ; try++ {
		open, reopenable, unsent, err := h.db.LiveOf(ctx, customer, h.Now())
		if err != nil {
			return record.Erasure{}, err
		}
		if len(open) > 0 {
			return record.Erasure{}, ErrOpen
		}
		sending := false
		for i := range unsent {
			t := &unsent[i]
			if t.State == record.StateSending {
				sending = true
				continue
			}
			t.State, t.Error = record.StateFailed, "Its customer was erased."
			id, epoch, err := h.turn(ctx, t, privacyActor, "")
			if err == nil {
				err = h.await(ctx, id, epoch)
			}
			var dup *duplicate
			if err != nil && !errors.As(err, &dup) {
				return record.Erasure{}, err
			}
		}
		if sending {
			return record.Erasure{}, record.ErrLive
		}
		for _, c := range reopenable {
			_, err := h.Do(ctx, Command{By: privacyActor, Action: Close, Conversation: c.ID, On: true})
			var r *Refusal
			if err != nil && !errors.As(err, &r) { // reopened meanwhile: seen in the next round
				return record.Erasure{}, err
			}
		}
		e, err := h.db.Erase(ctx, customer, reason, record.Decided{At: h.Now(), By: by, Rules: h.FactRules()}, note)
		if errors.Is(err, record.ErrLive) && try < eraseTries {
			continue
		}
		if err != nil {
			return e, err
		}
		if err := h.ForgetImported(ctx); err != nil { // they go after a while anyway
			h.log.Warn("imports still hold cells of their files", "err", err)
		}
		return e, nil
	}
}

// trimErased takes out of the log in Redis, once every node has read it, what was recorded when the last text was taken away, unless that was done. It is
// the leader's: whoever erased may have stopped since.
func (h *Hub) trimErased(ctx context.Context, last record.Millis, trimmed *record.Millis) error {
	if last == *trimmed || last == 0 {
		return nil
	}
	at, err := h.db.Cursor(ctx)
	if err == nil {
		err = sleep(ctx, trimAfter)
	}
	if err == nil {
		err = h.rdb.XTrimMinID(ctx, h.keys.events(), at.String()).Err()
	}
	if err != nil {
		return fmt.Errorf("trim what was erased: %w", err)
	}
	*trimmed = last
	return nil
}

// privacyLoop keeps the list of erasures, finishes those that are under way: the log, events' headers, files that nothing names any more, what deleted rows have left;
// and every hour (retainEvery) takes away what rules of retention say.
func (h *Hub) privacyLoop(ctx context.Context) error {
	var (
		retained time.Time
		trimmed  record.Millis
	)
	for {
		// What one of them cannot do now is no reason to leave the others, but for the certificate.
		more := false
		left, late := h.db.Unwiped(ctx)
		if late == nil {
			late = h.trimErased(ctx, left.Last, &trimmed)
		}
		err := errors.Join(h.keepLedger(ctx), h.removeDoomed(ctx), late)
		if late == nil {
			more, late = h.db.ScrubOnce(ctx, h.Now(), h.Now()-record.Millis(h.doomedAfter.Milliseconds()), left)
			err = errors.Join(err, late)
		}
		if time.Since(retained) > h.retainEvery {
			if _, late := h.Retain(ctx, time.Time{}); late == nil {
				retained = time.Now()
			} else {
				err = errors.Join(err, late)
			}
		}
		if err != nil && ctx.Err() == nil {
			h.log.Warn("erasures and retention are behind", "err", err)
		}
		if more && err == nil {
			continue
		}
		if sleep(ctx, h.scrubEvery) != nil {
			return ctx.Err()
		}
	}
}

func (h *Hub) removeDoomed(ctx context.Context) error {
	list, err := h.db.Doomed(ctx, h.Now()-record.Millis(h.doomedAfter.Milliseconds()))
	if err != nil {
		return err
	}
	var gone []string
	for _, name := range list {
		switch err := h.blobs.Remove(name, h.now().Add(-h.doomedAfter)); {
		case err == nil, errors.Is(err, os.ErrNotExist):
			gone = append(gone, name)
		case errors.Is(err, errInUse):
		default:
			return err
		}
	}
	return h.db.Spared(ctx, gone...)
}

// Retained is what rules of retention took away.
type Retained struct {
	Touches   int  `json:"touches"`   // their text
	Customers int  `json:"customers"` // who were erased
	More      bool `json:"more"`      // there was not time enough for all
}

// Retain carries the rules of retention out, a piece at a time; until a moment unless that is zero. Two at once do no harm.
func (h *Hub) Retain(ctx context.Context, until time.Time) (did Retained, err error) {
	now := h.Now()
	late := func() bool {
		did.More = did.More || !until.IsZero() && time.Now().After(until)
		return did.More
	}
	for _, r := range h.Settings().Privacy.Retention {
		if !r.Enabled {
			continue
		}
		cut := now - record.Millis(r.Days)*24*3600_000
		if r.What == record.RetainText {
			for after := int64(0); !late(); {
				n, next, err := h.db.RetainText(ctx, r, cut, now, after, 200)
				if err != nil {
					return did, err
				}
				if did.Touches += n; next == 0 {
					break
				}
				after = next
				if h.unrecorded() > indexYields { // what waits to be acknowledged comes first
					if err := sleep(ctx, 100*time.Millisecond); err != nil {
						return did, err
					}
				}
			}
			continue
		}
		for after := ""; !late(); {
			list, err := h.db.ToErase(ctx, r, cut, after, 100)
			if err != nil {
				return did, err
			}
			if len(list) == 0 {
				break
			}
			for _, id := range list {
				after = id
				switch _, err := h.Erase(ctx, id, r.Name, "", nil); {
				case err == nil:
					did.Customers++
				case errors.Is(err, ErrOpen), errors.Is(err, record.ErrHeld), errors.Is(err, record.ErrLive), errors.Is(err, record.ErrNotFound):
				default:
					return did, err
				}
				if late() {
					break
				}
			}
		}
	}
	return did, nil
}

// PreviewRetention counts what a rule would take away now.
func (h *Hub) PreviewRetention(ctx context.Context, r record.RetentionRule) (record.RetentionPreview, error) {
	return h.db.PreviewRetention(ctx, r, h.Now()-record.Millis(r.Days)*24*3600_000)
}
