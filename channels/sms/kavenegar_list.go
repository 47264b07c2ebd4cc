package sms

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"tamas/channels"
)

// kavenegarMessage is one message of Kavenegar's lists.
type kavenegarMessage struct {
	ID       scalar `json:"messageid"`
	Text     string `json:"message"`
	Sender   string `json:"sender"`
	Receptor string `json:"receptor"`
	Date     int64  `json:"date"` // Unix
	Status   scalar `json:"status"`
}

// received reads what the line received between two moments, oldest first, whether it counts as read there or not: unread
// messages become read by being listed, so they are listed first.
func (a *kavenegar) received(ctx context.Context, from, to time.Time) ([]kavenegarMessage, error) {
	if now := time.Now(); to.After(now) {
		to = now
	}
	seen := map[scalar]bool{}
	var out []kavenegarMessage
	for _, read := range []string{"0", "1"} {
		for page := 1; page <= maxPages; page++ {
			args := url.Values{"linenumber": {a.line()}, "isread": {read}, "startdate": {unix(from)}, "enddate": {unix(to)}, "pagenumber": {strconv.Itoa(page)}}
			var entries []kavenegarMessage
			o, code, said := a.ask(ctx, "sms/inboxpaged", args, &entries)
			if err := a.trouble(o, code, said); code == noSuchDate {
				return nil, fmt.Errorf("%w: %w", errTooOld, err)
			} else if err != nil {
				return nil, err
			}
			for _, m := range entries {
				if m.ID != "" && !seen[m.ID] {
					seen[m.ID] = true
					out = append(out, m)
				}
			}
			if read == "0" && len(entries) > 0 {
				page = 0 // what was listed has left the list of unread ones
			}
			if len(entries) == 0 {
				break
			}
			if len(out) > maxPages*200 {
				return nil, &trouble{text: "Kavenegar's list of one day is too long to catch up with"}
			}
		}
	}
	slices.SortStableFunc(out, func(x, y kavenegarMessage) int {
		return cmp.Or(cmp.Compare(x.Date, y.Date), cmp.Compare(len(x.ID), len(y.ID)), cmp.Compare(x.ID, y.ID))
	})
	return out, nil
}

// noSuchDate is Kavenegar's code for dates that it does not list, errTooOld what it means.
const noSuchDate = 417

var errTooOld = errors.New("messages of that time are not listed")

func unix(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

// inbox is the account's lister.
func (a *kavenegar) inbox(ctx context.Context, from, to time.Time) ([]listed, error) {
	all, err := a.received(ctx, from, to)
	if errors.Is(err, errTooOld) {
		a.log.Warn("sms: Kavenegar does not list what was received then", "from", from, "to", to)
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	var out []listed
	for _, m := range all {
		form := url.Values{"messageid": {string(m.ID)}, "from": {m.Sender}, "message": {m.Text}}
		in := kavenegarInbound(form, []byte(form.Encode()), a.set.Region)
		out = append(out, listed{key: in.Key, thread: in.Thread, at: time.Unix(m.Date, 0).UTC(), read: func(context.Context) (channels.Inbound, error) { return in, nil }})
	}
	return out, nil
}

// Verify implements channels.Verifier. It makes messages count as read at Kavenegar, which means nothing to the account.
func (a *kavenegar) Verify(ctx context.Context, audit *channels.Audit) error {
	now := time.Now()
	for from := audit.Since; from.Before(now); from = from.Add(stretch) {
		to := from.Add(stretch)
		note := func(what string) {
			audit.Note("What was %s from %s to %s cannot be compared: Kavenegar does not list it.", what, from.UTC().Format(time.DateTime), to.UTC().Format(time.DateTime))
		}
		all, err := a.received(ctx, from, to)
		if errors.Is(err, errTooOld) {
			note("received")
		} else if err != nil {
			return err
		}
		for _, m := range all {
			if err := audit.Found(channels.Found{Key: string(m.ID), ProviderID: string(m.ID), At: time.Unix(m.Date, 0).UTC(), What: "SMS from " + m.Sender}); err != nil {
				return err
			}
		}
		all, err = a.sent(ctx, from, to)
		if errors.Is(err, errTooOld) {
			note("sent")
		} else if err != nil {
			return err
		}
		for _, m := range all {
			if err := audit.Found(channels.Found{ProviderID: string(m.ID), At: time.Unix(m.Date, 0).UTC(), Outbound: true, What: "SMS to " + m.Receptor}); err != nil {
				return err
			}
		}
	}
	return nil
}

// mostSent is how many sent messages Kavenegar lists at once.
const mostSent = 500

// sent reads what the line sent between two moments, in halves where it is more than is listed at once.
func (a *kavenegar) sent(ctx context.Context, from, to time.Time) ([]kavenegarMessage, error) {
	if now := time.Now(); to.After(now) {
		to = now
	}
	var entries []kavenegarMessage
	o, code, said := a.ask(ctx, "sms/selectoutbox", url.Values{"startdate": {unix(from)}, "enddate": {unix(to)}, "sender": {a.line()}}, &entries)
	if err := a.trouble(o, code, said); code == noSuchDate {
		return nil, fmt.Errorf("%w: %w", errTooOld, err)
	} else if err != nil {
		return nil, err
	}
	half := to.Sub(from) / 2
	if len(entries) < mostSent || half <= time.Second {
		return entries, nil
	}
	first, err := a.sent(ctx, from, from.Add(half))
	if err != nil {
		return nil, err
	}
	second, err := a.sent(ctx, from.Add(half), to)
	return append(first, second...), err
}

// outbox is the account's reporter.
func (a *kavenegar) outbox(ctx context.Context, from, to time.Time) ([]report, error) {
	all, err := a.sent(ctx, from, to)
	if errors.Is(err, errTooOld) {
		return nil, nil
	}
	var out []report
	for _, m := range all {
		out = append(out, kavenegarReport(string(m.ID), string(m.Status)))
	}
	return out, err
}
