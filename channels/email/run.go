package email

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
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
	a.heard("connecting", "")
	err := a.run(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var r *refusal
	switch {
	case errors.As(err, &r):
		a.heard("refused", r.Error())
	case errors.Is(err, channels.ErrUnrecorded), errors.Is(err, channels.ErrOverloaded):
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
	if err != nil {
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

// fetch gets the mails in UID order, as many as fit into memory; what cannot be had comes with its
// failure. done is the last UID that was dealt with.
func (a *Adapter) fetch(box *mailbox, uids []imap.UID) (out []*letter, done imap.UID, err error) {
	known, err := a.sizes(box, uids)
	if err != nil {
		return nil, 0, err
	}
	var whole, parts []*letter
	total := int64(0)
	for _, uid := range uids {
		l := known[uid]
		if l == nil { // deleted meanwhile
			done = uid
			continue
		}
		size := min(l.size, wholeMail)
		if len(out) > 0 && total+size > batchBytes {
			break
		}
		total += size
		out = append(out, l)
		done = uid
		switch broke := a.broke(uid); {
		case l.fail != "":
		case broke >= 2*stuckTimes:
			l.fail = "the server's answer cannot be read"
		case broke >= stuckTimes || l.size > wholeMail:
			parts = append(parts, l)
		default:
			whole = append(whole, l)
		}
	}
	// After a broken connection one by one, so that the culprit is known.
	if len(whole) > 0 && !a.suspicious(done) {
		if err := box.bodies(0, whole...); err == nil {
			whole = nil
		} else if !refused(err) {
			a.suspect(whole[0].uid, 0)
			return nil, 0, err
		}
	}
	one := func(l *letter, limit int64) error {
		l.raw = nil
		err := box.bodies(limit, l)
		if refused(err) {
			l.fail = err.Error()
			return nil
		}
		if err != nil {
			a.suspect(l.uid, 1)
		}
		return err
	}
	for _, l := range whole {
		if err := one(l, 0); err != nil {
			return nil, 0, err
		}
	}
	for _, l := range parts {
		if err := one(l, partOfMail); err != nil {
			return nil, 0, err
		}
	}
	for _, l := range out {
		if l.fail == "" && len(l.raw) == 0 {
			l.fail = "the server gave no content"
		}
	}
	return out, done, nil
}

// sizes asks for all at once, and one by one when the server fails on one of them.
func (a *Adapter) sizes(box *mailbox, uids []imap.UID) (map[imap.UID]*letter, error) {
	known, err := box.sizes(uids)
	if err == nil || !refused(err) {
		return known, err
	}
	known = map[imap.UID]*letter{}
	for _, uid := range uids {
		one, err := box.sizes([]imap.UID{uid})
		switch {
		case refused(err):
			known[uid] = &letter{uid: uid, fail: err.Error()}
		case err != nil:
			return nil, err
		case one[uid] != nil:
			known[uid] = one[uid]
		}
	}
	return known, nil
}

// suspect remembers which mail was being fetched when the connection broke; times 0: one of several, from uid on.
func (a *Adapter) suspect(uid imap.UID, times int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.stuckUID != uint32(uid) {
		a.stuckUID, a.stuckFor = uint32(uid), 0
	}
	a.stuckFor += times
}

// suspicious: the batch up to that mail broke the connection before.
func (a *Adapter) suspicious(upto imap.UID) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.stuckUID != 0 && a.stuckUID <= uint32(upto)
}

// broke counts how often the connection broke while that mail was fetched.
func (a *Adapter) broke(uid imap.UID) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.stuckUID != uint32(uid) {
		return 0
	}
	return a.stuckFor
}

// batch reads the letters and finds their threads.
func (a *Adapter) batch(ctx context.Context, letters []*letter) (channels.Batch, error) {
	var b channels.Batch
	threads := map[string]string{} // provider id → thread, of this batch
	for _, l := range letters {
		if l.fail != "" {
			b.Messages = append(b.Messages, a.lost(l))
			continue
		}
		m := Parse(l.raw, l.cut)
		l.raw, m = shed(l, m)
		if _, own := a.sign.ofMessageID(m.ID); own {
			continue // what we sent ourselves
		}
		in, err := a.inbound(ctx, m, l, threads)
		if err != nil {
			return b, err
		}
		b.Messages = append(b.Messages, in)
	}
	return b, nil
}

// shed keeps of the raw mail only what an unreadable one is recorded with.
func shed(l *letter, m Mail) ([]byte, Mail) {
	if m.Unreadable == "" {
		return nil, m
	}
	return append([]byte(nil), l.raw[:min(len(l.raw), channels.MaxRaw)]...), m
}

// lost stands for a mail that the server does not give.
func (a *Adapter) lost(l *letter) channels.Inbound {
	what := fmt.Sprintf("mail %d of the folder could not be fetched: %s", l.uid, a.redact(l.fail))
	key := fmt.Sprintf("uid:%d:%d", l.uid, l.at.Unix())
	return channels.Inbound{Key: key, Thread: short(threadLen, "thread", key), Address: unknownSender, At: l.at,
		AutoReply: true, Unreadable: what, Raw: []byte(what)}
}

// unknownSender is the address of mail that names no sender.
const unknownSender = "unknown@invalid"

func (a *Adapter) inbound(ctx context.Context, m Mail, l *letter, threads map[string]string) (channels.Inbound, error) {
	sender := m.From
	if a.forms[sender.addr] && len(m.ReplyTo) > 0 {
		sender = m.ReplyTo[0]
	}
	if sender.addr == "" {
		sender.addr = unknownSender
	}
	in := channels.Inbound{
		Key: m.key(), ProviderID: providerID(m.ID), Address: sender.addr, Name: cut(sender.name, channels.MaxName),
		Subject: m.Subject, Text: m.Text, HTML: m.HTML, Lang: m.Lang, At: when(m.Date, l.at),
		AutoReply: m.Auto || a.own(sender.addr), Unreadable: m.Unreadable, Raw: l.raw,
	}
	if a.forms[m.From.addr] {
		in.AutoReply = a.own(sender.addr) // the form is a machine, its author is not
	}
	refs := m.References
	if m.report != nil && m.report.action != "" {
		in.AutoReply = true
		if id := m.report.messageID; id != "" {
			refs = append(append(refs[:len(refs):len(refs)], m.report.references...), id)
			if _, own := a.sign.ofMessageID(id); own && m.report.failed() {
				if err := a.cfg.Desk.Status(ctx, id, "failed", m.report.reason()); err != nil {
					return in, err
				}
			}
		}
	}
	var err error
	if in.Thread, err = a.thread(ctx, m, refs, in.Address, threads); err != nil {
		return in, err
	}
	if in.ProviderID != "" {
		threads[in.ProviderID] = in.Thread
	}
	return in, nil
}

// thread finds where a mail belongs, as the package comment says.
func (a *Adapter) thread(ctx context.Context, m Mail, refs []string, sender string, threads map[string]string) (string, error) {
	for _, r := range m.Recipients {
		if t := a.sign.ofAddress(r); t != "" {
			return t, nil
		}
	}
	for i := len(refs) - 1; i >= 0; i-- {
		if t, _ := a.sign.ofMessageID(refs[i]); t != "" {
			return t, nil
		}
	}
	if lookup := lookupIDs(refs); len(lookup) > 0 {
		t, err := a.cfg.Desk.ThreadOf(ctx, lookup)
		if err != nil || t != "" {
			return t, err
		}
		for _, id := range lookup {
			if t := threads[id]; t != "" {
				return t, nil
			}
		}
	}
	return newThread(m, sender), nil
}

// own is the account's own address, with or without a plus part.
func (a *Adapter) own(addr string) bool {
	local, domain, _ := cutLast(addr, "@")
	base, _, _ := strings.Cut(local, "+")
	return domain == a.sign.domain && (local == a.sign.local || base == a.sign.local)
}

// when is the sender's time where that is likely, else the server's: many clocks are wrong.
func when(sent, got time.Time) time.Time {
	switch {
	case got.IsZero() && sent.After(time.Now().Add(10*time.Minute)):
		return time.Time{}
	case got.IsZero():
		return sent
	case sent.IsZero(), sent.After(got.Add(10 * time.Minute)), sent.Before(got.Add(-7 * 24 * time.Hour)):
		return got
	}
	return sent
}
