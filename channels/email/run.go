package email

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/emersion/go-imap/v2"

	"tamas/channels"
)

const (
	batchMails = 50        // of one batch
	batchBytes = 32 << 20  // of one batch in memory
	wholeMail  = 25 << 20  // a bigger mail is fetched only in part:
	partOfMail = 512 << 10 // its first bytes
	rescanBack = 7 * 24 * time.Hour
	stuckTimes = 3 // a mail that broke so many connections is fetched in part, after twice as many passed over
)

// cursor is the account's position, as Batch.Cursor carries it.
type cursor struct {
	Validity uint32   `json:"v"`
	UID      imap.UID `json:"uid"` // the last one that was handed over
	// While an import or a re-scan goes on: mails up to Upto are taken only when the server got them since that time.
	Since int64    `json:"since,omitempty"` // Unix seconds
	Upto  imap.UID `json:"upto,omitempty"`
	At    int64    `json:"at,omitempty"` // Unix seconds: when the server got the newest mail so far, else when the account began
}

func (c cursor) String() string {
	b, _ := json.Marshal(c)
	return string(b)
}

// Run receives until ctx ends or the connection fails.
func (a *Adapter) Run(ctx context.Context) error {
	a.connecting()
	err := a.run(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var r *refusal
	switch {
	case errors.As(err, &r):
		a.heard("refused", r.Error())
	case unrecorded(err):
		a.heard("failing", "waiting for the record: "+err.Error())
	default:
		a.heard("failing", err.Error())
	}
	return err
}

func (a *Adapter) run(ctx context.Context) error {
	box, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer box.close()
	cur, err := a.start(ctx, box)
	if unrecorded(err) {
		return err
	} else if err != nil {
		return a.failure("IMAP", err)
	}
	for {
		select { // what is news until here is found by the search below
		case <-box.news:
		default:
		}
		busy := false
		for {
			more, err := a.take(ctx, box, &cur)
			if err != nil {
				return err
			}
			a.heard("connected", "")
			if !more {
				break
			}
			busy = true
		}
		// There are servers that keep a mail to themselves when it comes between the search and the IDLE.
		idle := a.timing.idle
		if busy {
			idle = min(idle, a.timing.poll)
		}
		if err := a.rest(ctx, box, idle); err != nil {
			return a.failure("IMAP", err)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

func unrecorded(err error) bool {
	return errors.Is(err, channels.ErrUnrecorded) || errors.Is(err, channels.ErrOverloaded)
}

// rest waits until there may be something new.
func (a *Adapter) rest(ctx context.Context, box *mailbox, idle time.Duration) error {
	if box.idles && !a.noIdle {
		err := box.idle(ctx, idle, a.timing.reply)
		if err == nil || !refused(err) {
			return err
		}
		box.idles = false // announced, and then refused
	}
	box.conn.bear(a.timing.poll + a.timing.reply)
	defer box.conn.bear(a.timing.reply)
	timer := time.NewTimer(a.timing.poll)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-box.news:
	case <-ctx.Done():
		return nil
	case <-box.Closed():
		return errors.New("the server closed the connection")
	}
	return box.Noop().Wait()
}

// start finds where to go on, and records it when that is a new place.
func (a *Adapter) start(ctx context.Context, box *mailbox) (cursor, error) {
	text, err := a.cfg.Desk.Cursor(ctx)
	if err != nil {
		return cursor{}, err
	}
	var cur cursor
	if text != "" {
		if err := json.Unmarshal([]byte(text), &cur); err != nil {
			return cur, fmt.Errorf("the recorded position cannot be read: %w", err)
		}
		if cur.Validity == box.validity {
			return cur, nil
		}
	}
	last := box.next - 1
	if box.next == 0 { // a server that does not tell UIDNEXT
		uids, err := box.search(1, 0, time.Time{})
		if err != nil {
			return cur, err
		}
		last = 0
		if len(uids) > 0 {
			last = uids[len(uids)-1]
		}
	}
	now := time.Now()
	fresh := cursor{Validity: box.validity, UID: last, At: now.Unix()}
	switch {
	case text != "":
		// All UIDs are void. The mail itself tells which of it the record has.
		fresh = cursor{Validity: box.validity, Since: time.Unix(cur.At, 0).Add(-rescanBack).Unix(), Upto: last, At: cur.At}
		a.cfg.Log.Warn("mailbox was renumbered; looking again at its last mails", "account", a.cfg.ID, "since", time.Unix(fresh.Since, 0))
	case a.set.ImportDays > 0:
		fresh = cursor{Validity: box.validity, Since: now.AddDate(0, 0, -a.set.ImportDays).Unix(), Upto: last, At: now.Unix()}
	}
	return fresh, a.cfg.Desk.Receive(ctx, channels.Batch{Cursor: fresh.String()})
}

// take hands over the next batch; more says that another one waits.
func (a *Adapter) take(ctx context.Context, box *mailbox, cur *cursor) (more bool, err error) {
	uids, next, err := a.upcoming(box, *cur)
	if err != nil {
		return false, a.failure("IMAP", err)
	}
	if len(uids) == 0 {
		*cur = next // nothing of what is passed over needs recording
		return false, nil
	}
	if len(uids) > batchMails {
		uids = uids[:batchMails]
	}
	letters, done, err := a.fetch(box, uids)
	if err != nil {
		return false, a.failure("IMAP", err)
	}
	next.UID = done
	for _, l := range letters {
		if !l.at.IsZero() && l.at.Unix() > next.At && l.at.Before(time.Now().Add(time.Hour)) {
			next.At = l.at.Unix()
		}
	}
	batch, err := a.batch(ctx, letters)
	if err != nil {
		return false, err
	}
	batch.Cursor = next.String()
	if err := a.cfg.Desk.Receive(ctx, batch); err != nil {
		return false, err
	}
	*cur = next
	a.suspect(0, 0)
	return true, nil
}

// upcoming lists the UIDs after the cursor, and the cursor as it is before the first of them.
func (a *Adapter) upcoming(box *mailbox, cur cursor) ([]imap.UID, cursor, error) {
	if cur.UID < cur.Upto {
		uids, err := box.search(cur.UID+1, cur.Upto, time.Unix(cur.Since, 0).UTC())
		if err != nil || len(uids) > 0 {
			return uids, cur, err
		}
		cur.UID = cur.Upto
	}
	cur.Since, cur.Upto = 0, 0
	uids, err := box.search(cur.UID+1, 0, time.Time{})
	return uids, cur, err
}
