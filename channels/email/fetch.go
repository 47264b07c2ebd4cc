package email

import (
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"

	"tamas/channels"
)

const (
	batchMails  = channels.MaxBatch // of one batch
	batchBytes  = 16 << 20          // of one batch in memory
	batchSpool  = 200 << 20         // of one batch in files
	inMemory    = 256 << 10         // a bigger mail is streamed into a file
	wholeMail   = 50 << 20          // a bigger one is fetched only in part, unless the account's files may be larger still:
	partOfMail  = 512 << 10         // its first bytes
	keyOfMail   = 64 << 10          // as much of a mail as its name in the record depends on
	stuckTimes  = 3                 // a mail that broke so many connections is fetched in part, after twice as many passed over
	mostMissing = 200               // attachments named of a mail that is too large
)

// withMissing adds to the files of the mail's beginning those that only its structure names.
func withMissing(files, missing []channels.File) []channels.File {
	for _, m := range missing {
		i := slices.IndexFunc(files, func(f channels.File) bool { return f.Name == m.Name })
		switch {
		case i < 0:
			files = append(files, m)
		case files[i].Missing != "":
			files[i].Size, files[i].Missing = m.Size, m.Missing
		}
	}
	return files
}

// most is the size up to which a mail is fetched whole: room for a file of the account's limit in base64.
func (a *Adapter) most() int64 { return max(wholeMail, a.cfg.Desk.MaxFile()/8*11+1<<20) }

// fetch gets mails in UID order, as many of uids as fit into a batch; what cannot be had comes with its failure. done is how many of uids
// were dealt with. The letters are the caller's to release.
func (a *Adapter) fetch(box *mailbox, uids []imap.UID) (out []*letter, done int, err error) {
	defer func() {
		if err != nil {
			release(out)
			out = nil
		}
	}()
	uids = uids[:min(len(uids), batchMails)]
	known, err := a.sizes(box, uids)
	if err != nil {
		return nil, 0, err
	}
	var whole, parts []*letter
	memory, disk, most := int64(0), int64(0), a.most()
	for _, uid := range uids {
		l := known[uid]
		if l == nil { // deleted meanwhile
			done++
			continue
		}
		size := min(l.size, most)
		if size > inMemory {
			disk += size
		} else {
			memory += size
		}
		if len(out) > 0 && (memory > batchBytes || disk > batchSpool) {
			break
		}
		done++
		out = append(out, l)
		switch broke := a.broke(box.folder, uid); {
		case l.fail != "":
		case broke >= 2*stuckTimes:
			l.fail = "the server's answer cannot be read"
		case broke >= stuckTimes || l.size > most:
			parts = append(parts, l)
		default:
			whole = append(whole, l)
		}
	}
	// After a broken connection one by one, so that the culprit is known.
	if len(whole) > 0 && !a.suspicious(box.folder, whole[len(whole)-1].uid) {
		if err := box.bodies(0, most, whole...); err == nil {
			whole = nil
		} else if !no(err) {
			for _, l := range whole { // the first that did not come
				if l.empty() {
					a.suspects(box.folder, l.uid, 0)
					break
				}
			}
			return out, 0, err
		}
	}
	for _, l := range whole {
		if l.empty() {
			if err := a.one(box, l, 0, most); err != nil {
				return out, 0, err
			}
		}
	}
	for _, l := range parts {
		why := fmt.Sprintf("not fetched: the mail has %d MB", l.size>>20)
		if a.broke(box.folder, l.uid) == 0 {
			if err := box.structure(l, why); err != nil && !no(err) {
				a.suspects(box.folder, l.uid, 1)
				return out, 0, err
			}
		}
		if err := a.one(box, l, partOfMail, most); err != nil {
			return out, 0, err
		}
	}
	for _, l := range out {
		if l.fail == "" && l.empty() {
			l.fail = "the server gave no content"
		}
	}
	return out, done, nil
}

// one fetches a single mail: a server's no is the mail's own failure, a broken connection makes it suspect.
func (a *Adapter) one(box *mailbox, l *letter, limit, most int64) error {
	err := box.bodies(limit, most, l)
	if no(err) {
		l.fail = err.Error()
		return nil
	}
	if err != nil {
		a.suspects(box.folder, l.uid, 1)
	}
	return err
}

// sizes asks for all at once, and one by one when the server fails on one of them.
func (a *Adapter) sizes(box *mailbox, uids []imap.UID) (map[imap.UID]*letter, error) {
	known, err := box.sizes(uids)
	if err == nil || !no(err) {
		return known, err
	}
	known = map[imap.UID]*letter{}
	for _, uid := range uids {
		one, err := box.sizes([]imap.UID{uid})
		switch {
		case no(err):
			known[uid] = &letter{uid: uid, fail: err.Error()}
		case err != nil:
			return nil, err
		case one[uid] != nil:
			known[uid] = one[uid]
		}
	}
	return known, nil
}

// suspects remembers which mail was being fetched when the connection broke; times 0: one of several, from uid on.
func (a *Adapter) suspects(folder string, uid imap.UID, times int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.stuck.folder != folder || a.stuck.uid != uid {
		a.stuck = suspect{folder: folder, uid: uid}
	}
	a.stuck.times += times
}

// passed ends the suspicion once the mail is dealt with.
func (a *Adapter) passed(folder string, uid imap.UID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.stuck.folder == folder && a.stuck.uid <= uid {
		a.stuck = suspect{}
	}
}

// suspicious: a batch up to that mail broke the connection before.
func (a *Adapter) suspicious(folder string, upto imap.UID) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.stuck.uid != 0 && a.stuck.folder == folder && a.stuck.uid <= upto
}

// broke counts how often the connection broke while that mail was fetched.
func (a *Adapter) broke(folder string, uid imap.UID) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.stuck.folder != folder || a.stuck.uid != uid {
		return 0
	}
	return a.stuck.times
}
