package email

import (
	"bytes"
	"context"
	"time"

	"github.com/emersion/go-imap/v2"
)

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
