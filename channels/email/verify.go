package email

import (
	"context"
	"fmt"
	"time"

	"github.com/emersion/go-imap/v2"

	"tamas/channels"
)

// notYet is how long a mail may wait to be fetched before it counts as missing.
const notYet = 10 * time.Minute

// Verify lists what the folders of the account hold since a.Since, and which of our own mails the Sent folder holds. Folders
// are examined and headers peeked at: nothing is marked.
func (a *Adapter) Verify(ctx context.Context, audit *channels.Audit) error {
	cur, err := a.load(ctx)
	if err != nil {
		return err
	}
	box, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer box.close()
	since := audit.Since
	if floor := time.Unix(a.floor(cur), 0); since.Before(floor) {
		since = floor
		audit.Note("mail from before %s was never to be taken in; it is left out", since.UTC().Format(time.DateTime))
	}
	v := &verification{Adapter: a, Audit: audit, box: box, since: since, seen: map[string]bool{}}
	for _, folder := range a.set.Folders {
		if err := v.inbound(ctx, folder, cur.Folders[folder]); err != nil {
			return err
		}
	}
	if a.set.Afterwards == moveAway {
		// Mail of other origin lies there as well: only what is on record can be told of.
		audit.Note("recorded mails are moved to %s; what lies there is compared by what the record knows", a.set.MoveTo)
		if err := v.moved(ctx); err != nil {
			return err
		}
	}
	return v.outbound(ctx)
}

// verification is one run of Verify.
type verification struct {
	*Adapter
	*channels.Audit
	box   *mailbox
	since time.Time
	seen  map[string]bool // keys that were found
}

// each gives the headings of a folder's mails since v.since.
func (v *verification) each(folder string, f func(heading) error) error {
	if err := v.box.open(folder, true); err != nil {
		if no(err) {
			v.Gap("%s", v.redact(err.Error()))
			return nil
		}
		return v.failure("IMAP", err)
	}
	uids, err := v.box.search(1, 0, v.since.UTC().Add(-24*time.Hour)) // SEARCH knows days, in the server's own time zone
	if err != nil {
		return v.failure("IMAP", err)
	}
	for len(uids) > 0 {
		n := min(len(uids), batchMails)
		list, err := v.headings(uids[:n])
		if err != nil {
			return v.failure("IMAP", err)
		}
		uids = uids[n:]
		for _, h := range list {
			if !h.at.IsZero() && h.at.Unix() < v.since.Unix() {
				continue
			}
			if err := f(h); err != nil {
				return err
			}
		}
	}
	return nil
}

// headings asks one by one when the server fails on one of them.
func (v *verification) headings(uids []imap.UID) ([]heading, error) {
	list, err := v.box.headings(uids)
	if err == nil || !no(err) {
		return list, err
	}
	for _, uid := range uids {
		one, err := v.box.headings([]imap.UID{uid})
		switch {
		case no(err):
			list = append(list, heading{uid: uid})
		case err != nil:
			return nil, err
		}
		list = append(list, one...)
	}
	return list, nil
}

func (v *verification) inbound(ctx context.Context, folder string, p *position) error {
	var all []heading
	err := v.each(folder, func(h heading) error {
		all = append(all, h)
		return nil
	})
	if err != nil {
		return err
	}
	waiting := 0
	for len(all) > 0 {
		n := min(len(all), batchMails)
		some := all[:n]
		all = all[n:]
		var keys []string
		for _, h := range some {
			keys = append(keys, h.key, lostKey(h.uid, h.at))
		}
		known, err := v.cfg.Desk.Recorded(ctx, keys)
		if err != nil {
			return err
		}
		for _, h := range some {
			if _, own := v.sign.ofMessageID(h.id); own {
				continue // what we sent ourselves is no touch of a customer
			}
			key := h.key
			if !known[key] {
				if lost := lostKey(h.uid, h.at); known[lost] || key == "" {
					key = lost // recorded as one that could not be fetched
				} else if (p == nil || h.uid > p.UID) && time.Since(h.at) < notYet {
					waiting++
					continue
				}
			}
			if v.seen[key] { // the same mail in two folders is one
				continue
			}
			v.seen[key] = true
			if err := v.Found(channels.Found{Key: key, ProviderID: providerID(h.id), At: h.at, What: h.what()}); err != nil {
				return err
			}
		}
	}
	if waiting > 0 {
		v.Note("%d mails in %s have just come and are not fetched yet", waiting, folder)
	}
	return nil
}

// moved finds recorded mails where they were moved to.
func (v *verification) moved(ctx context.Context) error {
	if _, found := v.box.find(v.set.MoveTo); !found {
		return nil // nothing was moved so far
	}
	var all []heading
	err := v.each(v.set.MoveTo, func(h heading) error { all = append(all, h); return nil })
	if err != nil {
		return err
	}
	for len(all) > 0 {
		n := min(len(all), batchMails)
		var keys []string
		for _, h := range all[:n] {
			keys = append(keys, h.key)
		}
		known, err := v.cfg.Desk.Recorded(ctx, keys)
		if err != nil {
			return err
		}
		for _, h := range all[:n] {
			if known[h.key] && !v.seen[h.key] {
				v.seen[h.key] = true
				if err := v.Found(channels.Found{Key: h.key, ProviderID: providerID(h.id), At: h.at, What: h.what()}); err != nil {
					return err
				}
			}
		}
		all = all[n:]
	}
	return nil
}

// outbound finds our own mails in the Sent folder, where there is one.
func (v *verification) outbound(context.Context) error {
	name, err := v.box.sentFolder(v.set.SentFolder)
	if err != nil {
		v.Note("what was sent cannot be compared: %s", v.redact(err.Error()))
		return nil
	}
	others := 0
	err = v.each(name, func(h heading) error {
		if _, own := v.sign.ofMessageID(h.id); !own {
			others++
			return nil
		}
		return v.Found(channels.Found{ProviderID: providerID(h.id), At: h.at, Outbound: true, What: h.what()})
	})
	if err == nil && others > 0 {
		v.Note("%d mails in %s were sent by other programs; they are left out", others, name)
	}
	return err
}

// what names a mail for people.
func (h heading) what() string {
	header, _, _ := readHeader(h.raw)
	from := "?"
	if l := addresses(header.Values("From")); len(l) > 0 {
		from = l[0].addr
	}
	return oneLine(fmt.Sprintf("%s: %s", from, decodeWords(header.Get("Subject"))), 200)
}

// lostKey is the name in the record of a mail that could not be fetched.
func lostKey(uid imap.UID, at time.Time) string { return fmt.Sprintf("uid:%d:%d", uid, at.Unix()) }
