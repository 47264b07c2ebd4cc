package email

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/emersion/go-imap/v2"

	"tamas/channels"
)

const (
	rescanBack = 7 * 24 * time.Hour // so much before the last mail a renumbered folder is looked at again
	mostDrops  = 3                  // connections lost in IDLE one after the other, before it is done without
)

// Run receives until ctx ends or the connection fails.
func (a *Adapter) Run(ctx context.Context) error {
	a.connecting()
	defer a.out.closeIdle()
	stop := a.fileCopies(ctx)
	defer stop()
	err := a.run(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	a.failing(err)
	return err
}

// receiver is one connection's work on the account's folders.
type receiver struct {
	*Adapter
	box    *mailbox
	cur    cursor
	states map[string]folderState // of folders as they were before all of them was taken
}

func (a *Adapter) run(ctx context.Context) error {
	box, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer box.close()
	r := &receiver{Adapter: a, box: box, states: map[string]folderState{}}
	if r.cur, err = a.load(ctx); err != nil {
		return err
	}
	for first := true; ; first = false {
		busy := first
		for _, folder := range a.set.Folders {
			took, err := r.visit(ctx, folder)
			if err != nil {
				return err
			}
			busy = busy || took
		}
		a.connected(0)
		if err := r.rest(ctx, busy); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

func unrecorded(err error) bool {
	return errors.Is(err, channels.ErrUnrecorded) || errors.Is(err, channels.ErrOverloaded)
}

// visit takes what is new in a folder. A folder that cannot be opened is told of, and holds up the others; alone it fails.
func (r *receiver) visit(ctx context.Context, folder string) (took bool, err error) {
	missing := func(err error) (bool, error) {
		if !no(err) || len(r.set.Folders) == 1 {
			return false, r.failure("IMAP", err)
		}
		r.troubled("folder "+folder, r.redact(err.Error()))
		return false, nil
	}
	var state folderState
	if r.box.folder != folder {
		if len(r.set.Folders) > 1 { // STATUS, before it is opened: servers need not answer it for the open folder
			if state, err = r.box.status(folder); err != nil {
				return missing(err)
			}
			if before, visited := r.states[folder]; visited && before == state {
				return false, nil
			}
		}
		if err := r.box.open(folder, r.set.Afterwards == leave); err != nil {
			return missing(err)
		}
	}
	r.troubled("folder "+folder, "")
	if err := r.start(ctx); err != nil {
		return false, err
	}
	select { // what is news until here is found by the search below
	case <-r.box.news:
	default:
	}
	for {
		more, err := r.round(ctx)
		if err != nil {
			return took, err
		}
		if !more {
			break
		}
		took = true
	}
	r.states[folder] = state
	return took, nil
}

// start finds where to go on in the open folder. A new place is recorded at once, so that mail which comes while the hub is down is found later.
func (r *receiver) start(ctx context.Context) error {
	p, fresh, err := r.locate(r.box, r.cur)
	if err != nil {
		return r.failure("IMAP", err)
	}
	if !fresh {
		if p.Done < p.UID { // what was recorded just before the last connection ended
			return r.catchUp(p)
		}
		return nil
	}
	next := r.cur.with(r.box.folder, p)
	if err := r.cfg.Desk.Receive(ctx, channels.Batch{Cursor: next.String()}); err != nil {
		return err
	}
	r.cur = next
	return nil
}

// catchUp does what was left undone with mails that are recorded.
func (r *receiver) catchUp(p position) error {
	if r.set.Afterwards == leave {
		r.cur.Folders[r.box.folder].Done = p.UID
		return nil
	}
	var since time.Time
	if p.Since > 0 { // SEARCH knows days alone: rather one mail too few
		since = time.Unix(p.Since, 0).UTC().Add(48 * time.Hour)
	}
	uids, err := r.box.search(p.Done+1, p.UID, since)
	if err == nil {
		err = r.settle(r.box, uids)
	}
	if err != nil {
		return r.failure("IMAP", err)
	}
	r.cur.Folders[r.box.folder].Done = p.UID
	return nil
}

// round takes what one search of the open folder finds; more says that there was something.
func (r *receiver) round(ctx context.Context) (more bool, err error) {
	uids, p, err := r.upcoming(ctx)
	if err != nil {
		return false, err
	}
	r.cur = r.cur.with(r.box.folder, p) // nothing of what is passed over needs recording
	if len(uids) == 0 {
		return false, nil
	}
	var good []imap.UID
	if err = r.take(ctx, uids, &good); err != nil {
		return false, err
	}
	if err := r.settle(r.box, good); err != nil {
		return false, r.failure("IMAP", err)
	}
	r.cur.Folders[r.box.folder].Done = uids[len(uids)-1]
	return true, nil
}

// upcoming lists the UIDs after the position, and the position as it is before the first of them.
func (r *receiver) upcoming(ctx context.Context) ([]imap.UID, position, error) {
	p := *r.cur.Folders[r.box.folder]
	if p.UID < p.Upto {
		// SEARCH knows days alone, in the server's own time zone.
		since := time.Unix(p.Since, 0).UTC()
		uids, err := r.box.search(p.UID+1, p.Upto, since.Add(-24*time.Hour))
		if err == nil && p.Again && len(uids) > 0 && r.again() {
			uids, err = r.unrecorded(ctx, r.box, uids, time.Unix(r.floor(r.cur), 0))
			r.looked(err)
		}
		if err != nil || len(uids) > 0 {
			return uids, p, r.failure("IMAP", err)
		}
		p.UID, p.Done = p.Upto, max(p.Done, p.Upto)
	}
	p.Since, p.Upto, p.Again = 0, 0, false
	uids, err := r.box.search(p.UID+1, 0, time.Time{})
	return uids, p, r.failure("IMAP", err)
}

// again tells whether headers are worth another look: where that broke the connection twice, the mails are fetched whole, one by one in the end.
func (a *Adapter) again() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.rescans++
	return a.rescans <= 2
}

// looked ends the count of again.
func (a *Adapter) looked(err error) {
	if err == nil {
		a.mu.Lock()
		a.rescans = 0
		a.mu.Unlock()
	}
}

// haul is what one fetch brought.
type haul struct {
	letters []*letter
	uids    []imap.UID // that it dealt with
	err     error
}

// take hands over mails in batches. While one batch is being recorded the next one is fetched. good gets the UIDs of what is recorded.
func (r *receiver) take(ctx context.Context, uids []imap.UID, good *[]imap.UID) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	hauls := make(chan haul)
	go func() {
		defer close(hauls)
		for rest := uids; len(rest) > 0; {
			var h haul
			var n int
			h.letters, n, h.err = r.fetch(r.box, rest)
			h.uids, rest = rest[:n], rest[n:]
			select {
			case hauls <- h:
			case <-ctx.Done():
				release(h.letters)
				return
			}
			if h.err != nil {
				return
			}
		}
	}()
	defer func() { // the connection is free again when the fetcher has ended
		cancel()
		if err != nil {
			r.box.conn.Close()
		}
		for h := range hauls {
			release(h.letters)
		}
	}()
	left := len(uids)
	for h := range hauls {
		if h.err != nil {
			return r.failure("IMAP", h.err)
		}
		left -= len(h.uids)
		err := r.hand(ctx, h, good)
		release(h.letters)
		if err != nil {
			return err
		}
		r.connected(left)
	}
	return ctx.Err()
}

// hand gives one haul to the desk, with the position behind it.
func (r *receiver) hand(ctx context.Context, h haul, good *[]imap.UID) error {
	folder := r.box.folder
	p := *r.cur.Folders[folder]
	var letters []*letter
	for _, l := range h.letters {
		got := !l.at.IsZero() && l.at.Before(time.Now().Add(time.Hour))
		old := l.uid <= p.Upto
		if old && got && l.at.Unix() < p.Since {
			continue
		}
		if got {
			p.At = max(p.At, l.at.Unix())
		}
		l.imported = old && (!p.Again || got && l.at.Unix() <= r.cur.Begin)
		letters = append(letters, l)
	}
	batch, err := r.batch(ctx, letters)
	if err != nil {
		return err
	}
	p.UID = h.uids[len(h.uids)-1]
	next := r.cur.with(folder, p)
	batch.Cursor = next.String()
	if err := r.cfg.Desk.Receive(ctx, batch); err != nil {
		return err
	}
	r.cur = next
	r.passed(folder, p.UID)
	for _, l := range letters {
		if l.fail == "" {
			*good = append(*good, l.uid)
		}
	}
	return nil
}

// rest waits until there may be something new.
func (r *receiver) rest(ctx context.Context, busy bool) error {
	if r.box.folder != r.set.Folders[0] { // IDLE hears of the open folder alone
		if err := r.box.open(r.set.Folders[0], r.set.Afterwards == leave); err != nil && !no(err) {
			return r.failure("IMAP", err)
		} else if err == nil {
			if _, visited := r.states[r.box.folder]; visited {
				if took, err := r.visit(ctx, r.box.folder); err != nil || took {
					return err
				}
			}
		}
	}
	r.mu.Lock()
	noIdle := r.noIdle || time.Now().Before(r.pollUntil)
	r.mu.Unlock()
	if r.box.idles && !noIdle && r.box.folder != "" {
		// There are servers that keep a mail to themselves when it comes between the search and the IDLE.
		every := r.timing.idle
		if busy || len(r.set.Folders) > 1 {
			every = min(every, r.timing.poll)
		}
		err := r.box.idle(ctx, every, r.timing.reply)
		if err == nil {
			r.rested(ctx)
			return nil
		}
		if !no(err) {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			r.dropped()
			return r.failure("IMAP", fmt.Errorf("the connection was lost while waiting for mail: %w", err))
		}
		r.box.idles = false // announced, and then refused
	}
	r.box.conn.bear(r.timing.poll + r.timing.reply)
	defer r.box.conn.bear(r.timing.reply)
	timer := time.NewTimer(r.timing.poll)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.box.news:
	case <-ctx.Done():
		return nil
	case <-r.box.Closed():
		return r.failure("IMAP", errors.New("the server closed the connection"))
	}
	return r.failure("IMAP", r.box.Noop().Wait())
}

// dropped counts a connection that was lost in IDLE: there are servers and firewalls that break every one.
func (a *Adapter) dropped() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.drops++; a.drops >= mostDrops {
		a.drops, a.pollUntil = 0, time.Now().Add(time.Hour)
		a.cfg.Log.Warn("connections are lost in IDLE; the mailbox is polled for an hour", "account", a.cfg.ID)
	}
}

func (a *Adapter) rested(ctx context.Context) {
	if ctx.Err() != nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.drops = 0
}
