package email

import (
	"github.com/emersion/go-imap/v2"
)

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
