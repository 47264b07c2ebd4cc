package email

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

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

// letter is one mail as the server gives it.
type letter struct {
	uid  imap.UID
	at   time.Time // when the server got it
	size int64     // as the server says; a few say it wrong
	raw  []byte
	src  source // the mail where it is too big for raw; closed by who opened it
	cut  bool   // raw or src is only the beginning
	fail string // why there is neither

	imported bool            // older than the account
	missing  []channels.File // when cut: the attachments that the mail has by its structure, each Missing
}

// spool is a mail in a file that has no name any more.
type spool struct {
	*os.File
	size int64
}

func (s spool) Size() int64 { return s.size }

// release closes what letters keep in files.
func release(letters []*letter) {
	for _, l := range letters {
		if s, ok := l.src.(spool); ok {
			s.Close()
			os.Remove(s.Name()) // where an open file could not be removed
			l.src = nil
		}
	}
}

// spoolError is a fault of this machine, not of the mail.
type spoolError struct{ err error }

func (e *spoolError) Error() string { return "no room for a large mail: " + e.err.Error() }
func (e *spoolError) Unwrap() error { return e.err }

// take reads the letter's content from the connection; most > 0 leaves out what is beyond.
func (l *letter) take(r io.Reader, size, most int64) error {
	if most > 0 && size > most { // RFC822.SIZE had promised less
		l.cut = true
		r = io.LimitReader(r, most)
	}
	if size <= inMemory {
		raw, err := io.ReadAll(r)
		l.raw = raw
		return err
	}
	f, err := os.CreateTemp("", "tamas-mail-*")
	if err != nil {
		return &spoolError{err}
	}
	os.Remove(f.Name())
	n, err := io.Copy(spoolWriter{f}, r)
	if err != nil {
		f.Close()
		os.Remove(f.Name())
		return err
	}
	l.src = spool{f, n}
	return nil
}

type spoolWriter struct{ f *os.File }

func (w spoolWriter) Write(b []byte) (int, error) {
	n, err := w.f.Write(b)
	if err != nil {
		err = &spoolError{err}
	}
	return n, err
}

func (l *letter) empty() bool { return l.src == nil && len(l.raw) == 0 }

// sizes tells of each mail its time and size; those that are gone by now are left out.
func (m *mailbox) sizes(uids []imap.UID) (map[imap.UID]*letter, error) {
	list, err := m.Fetch(imap.UIDSetNum(uids...), &imap.FetchOptions{UID: true, RFC822Size: true, InternalDate: true}).Collect()
	if err != nil {
		return nil, err
	}
	out := map[imap.UID]*letter{}
	for _, d := range list {
		out[d.UID] = &letter{uid: d.UID, at: d.InternalDate, size: d.RFC822Size}
	}
	return out, nil
}

// bodies fetches the mails in one command, each as it comes; limit > 0 takes only that many bytes of each.
func (m *mailbox) bodies(limit, most int64, letters ...*letter) error {
	var uids []imap.UID
	byUID := map[imap.UID]*letter{}
	for _, l := range letters {
		uids = append(uids, l.uid)
		byUID[l.uid] = l
	}
	section := &imap.FetchItemBodySection{Peek: true}
	if limit > 0 {
		section.Partial = &imap.SectionPartial{Size: limit}
	}
	cmd := m.Fetch(imap.UIDSetNum(uids...), &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{section}})
	for msg := cmd.Next(); msg != nil; msg = cmd.Next() {
		var l *letter
		for item := msg.Next(); item != nil; item = msg.Next() {
			switch item := item.(type) {
			case imapclient.FetchItemDataUID:
				l = byUID[item.UID]
			case imapclient.FetchItemDataBodySection:
				if l == nil || item.Literal == nil || !l.empty() {
					continue
				}
				if err := l.take(item.Literal, item.Literal.Size(), most); err != nil {
					l.raw = nil
					m.conn.Close() // in the middle of an answer nothing else can be done
					cmd.Close()
					return err
				}
				l.cut = l.cut || limit > 0 && l.size > limit
			}
		}
	}
	err := cmd.Close()
	m.claim(letters)
	return err
}

// lateUID takes a mail whose content comes before its UID, as a few servers send it: go-imap does not know then for which command it is.
func (m *mailbox) lateUID(msg *imapclient.FetchMessageData) {
	var l *letter
	var uid imap.UID
	for item := msg.Next(); item != nil; item = msg.Next() {
		switch item := item.(type) {
		case imapclient.FetchItemDataUID:
			uid = item.UID
		case imapclient.FetchItemDataBodySection:
			if l != nil || item.Literal == nil || item.Section.Specifier != imap.PartSpecifierNone {
				continue
			}
			m.late.Add(1) // before the content is read, and so before the command can be over
			defer m.late.Done()
			l = &letter{}
			if l.take(item.Literal, item.Literal.Size(), m.most) != nil {
				release([]*letter{l})
				l = &letter{}
			}
		}
	}
	if l != nil && !l.empty() {
		m.lateMu.Lock()
		defer m.lateMu.Unlock()
		if m.lates == nil {
			m.lates = map[imap.UID]*letter{}
		}
		m.lates[uid] = l
	}
}

// claim gives letters what came with a late UID.
func (m *mailbox) claim(letters []*letter) {
	m.late.Wait()
	m.lateMu.Lock()
	defer m.lateMu.Unlock()
	for _, l := range letters {
		if got := m.lates[l.uid]; got != nil && l.empty() {
			l.raw, l.src, l.cut = got.raw, got.src, got.cut
			delete(m.lates, l.uid)
		}
	}
	for uid, l := range m.lates {
		release([]*letter{l})
		delete(m.lates, uid)
	}
}

// structure asks which attachments a mail has, without fetching them.
func (m *mailbox) structure(l *letter, why string) error {
	list, err := m.Fetch(imap.UIDSetNum(l.uid), &imap.FetchOptions{UID: true, BodyStructure: &imap.FetchItemBodyStructure{Extended: true}}).Collect()
	if err != nil || len(list) == 0 || list[0].BodyStructure == nil {
		return err
	}
	list[0].BodyStructure.Walk(func(_ []int, part imap.BodyStructure) bool {
		one, ok := part.(*imap.BodyStructureSinglePart)
		if !ok || len(l.missing) >= mostMissing {
			return true
		}
		name := one.Filename()
		if d := one.Disposition(); name == "" && (d == nil || d.Value != "attachment") {
			return true
		}
		size := int64(one.Size)
		if one.Encoding == "BASE64" || one.Encoding == "base64" {
			size = size * 3 / 4
		}
		l.missing = append(l.missing, channels.File{Name: orDefault(oneLine(decodeWords(name), 200), one.MediaType()), Type: one.MediaType(), Kind: "file", Size: size, Missing: why})
		return true
	})
	return nil
}

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

// heading is what a header alone tells of a mail.
type heading struct {
	uid imap.UID
	at  time.Time // when the server got it
	key string    // as Inbound.Key; "" when the server gave no header
	id  string    // Message-ID
	raw []byte    // the fields From, Date, Subject and Message-ID
}

// headings fetches what names the mails in the record, without their bodies and without marking them.
func (m *mailbox) headings(uids []imap.UID) ([]heading, error) {
	fields := &imap.FetchItemBodySection{Peek: true, Specifier: imap.PartSpecifierHeader, HeaderFields: []string{"Message-ID", "Date", "From", "Subject"},
		Partial: &imap.SectionPartial{Size: keyOfMail}} // whatever somebody puts into a header
	list, err := m.Fetch(imap.UIDSetNum(uids...), &imap.FetchOptions{UID: true, InternalDate: true, BodySection: []*imap.FetchItemBodySection{fields}}).Collect()
	if err != nil {
		return nil, err
	}
	var out []heading
	for _, d := range list {
		h := heading{uid: d.UID, at: d.InternalDate}
		if len(d.BodySection) > 0 {
			h.raw = d.BodySection[0].Bytes
		}
		if err := m.name(&h); err != nil {
			return nil, err
		}
		out = append(out, h)
	}
	return out, nil
}

// name finds a mail's name in the record: most have a Message-ID, of the others the beginning is needed.
func (m *mailbox) name(h *heading) error {
	if len(bytes.TrimSpace(h.raw)) > 0 {
		key, id, ok := keyOf(h.raw)
		if ok {
			h.key, h.id = key, id
			return nil
		}
	}
	l := &letter{uid: h.uid, size: keyOfMail}
	if err := m.bodies(keyOfMail, keyOfMail, l); err != nil && !no(err) {
		return err
	}
	if len(l.raw) > 0 {
		mail := Parse(l.raw, true)
		h.key, h.id = mail.key(), mail.ID
	}
	return nil
}

// unrecorded leaves out of uids what the record has already, under whatever UID, and what is from before floor by its own date: a mailbox
// that is moved to another server may have got all its mails "just now".
func (a *Adapter) unrecorded(ctx context.Context, box *mailbox, uids []imap.UID, floor time.Time) ([]imap.UID, error) {
	var out []imap.UID
	for len(uids) > 0 {
		n := min(len(uids), batchMails)
		some := uids[:n]
		uids = uids[n:]
		list, err := box.headings(some)
		if no(err) { // then the mails themselves tell
			out = append(out, some...)
			continue
		}
		if err != nil {
			return nil, err
		}
		var keys []string
		byUID := map[imap.UID]heading{}
		for _, h := range list {
			byUID[h.uid] = h
			if h.key != "" {
				keys = append(keys, h.key)
			}
		}
		known, err := a.cfg.Desk.Recorded(ctx, keys)
		if err != nil {
			return nil, err
		}
		for _, uid := range some {
			h := byUID[uid]
			header, _, _ := readHeader(h.raw)
			sent := date(header.Get("Date"))
			if known[h.key] || sent.Year() > 1990 && sent.Before(floor.Add(-3*24*time.Hour)) {
				continue
			}
			out = append(out, uid)
		}
	}
	return out, nil
}
