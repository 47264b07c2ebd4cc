package sms

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"tamas/channels"
)

const (
	overlap  = 5 * time.Minute // the list is read again from this long before the cursor: its times are whole seconds, and clocks differ
	maxPages = 200             // of a thousand messages
)

// Run implements channels.Adapter: it proves the credentials and then, again and again, takes from
// Twilio's list what the webhook did not bring.
func (a *twilio) Run(ctx context.Context) error {
	a.desk.Health(channels.Health{State: "connecting"})
	if err := a.Check(ctx); err != nil {
		return a.report(ctx, err)
	}
	for {
		wait := a.pace.look
		if err := a.catchUp(ctx); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if !unrecorded(err) {
				return a.report(ctx, err)
			}
			a.log.Warn("sms: messages of the list are not recorded yet; trying again", "err", err)
			wait = min(wait, 5*time.Second)
		}
		h := channels.Health{State: "connected", HeardAt: time.Now()}
		if a.hookURL() == "" {
			h.Detail = "The hub's public address is unknown, so messages are fetched each minute instead of arriving at once"
		}
		a.desk.Health(h)
		if err := pause(ctx, wait); err != nil {
			return err
		}
	}
}

func unrecorded(err error) bool {
	return errors.Is(err, channels.ErrUnrecorded) || errors.Is(err, channels.ErrOverloaded)
}

// listed is one message of Twilio's list.
type listed struct {
	SID       string `json:"sid"`
	From      string `json:"from"`
	To        string `json:"to"`
	Body      string `json:"body"`
	Direction string `json:"direction"`
	NumMedia  string `json:"num_media"`
	Service   string `json:"messaging_service_sid"`
	Sent      string `json:"date_sent"`
	Created   string `json:"date_created"`

	at time.Time
}

// catchUp hands over, oldest first, the listed messages since the cursor that are old enough for the webhook to have
// failed and that the record does not hold.
func (a *twilio) catchUp(ctx context.Context) error {
	cursor, err := a.desk.Cursor(ctx)
	if err != nil {
		return err
	}
	now := time.Now().UTC()
	since, err := time.Parse(time.RFC3339, cursor)
	if err != nil {
		// A new account begins now: what customers wrote before is not for this hub.
		return a.desk.Receive(ctx, channels.Batch{Cursor: now.Add(-time.Second).Format(time.RFC3339)})
	}
	all, err := a.list(ctx, since.Add(-overlap))
	if err != nil {
		return err
	}
	a.forget(now)
	slices.Reverse(all)
	var b channels.Batch
	upTo := since
	hand := func() error {
		b.Cursor = upTo.Format(time.RFC3339)
		if len(b.Messages) == 0 && b.Cursor == cursor {
			return nil
		}
		if err := a.desk.Receive(ctx, b); err != nil {
			return err
		}
		for _, m := range b.Messages {
			a.note(m.Key)
		}
		cursor, b = b.Cursor, channels.Batch{}
		return nil
	}
	held := map[string]bool{} // threads with a message too young: what follows it waits with it
	for _, m := range all {
		if now.Sub(m.at) < a.pace.grace {
			held[m.From] = true
		}
		if held[m.From] {
			continue
		}
		if len(held) == 0 && m.at.After(upTo) {
			upTo = m.at
		}
		if known, err := a.known(ctx, m.SID); err != nil {
			return err
		} else if known {
			continue
		}
		raw, err := json.Marshal(m)
		if err != nil {
			return err
		}
		in := twilioInbound(url.Values{"MessageSid": {m.SID}, "From": {m.From}, "Body": {m.Body}}, raw, a.set.Region)
		if m.NumMedia != "" && m.NumMedia != "0" {
			in.Text = strings.TrimSpace("[" + m.NumMedia + " attachments at Twilio]\n" + in.Text)
		}
		in.At = m.at
		if b.Messages = append(b.Messages, in); len(b.Messages) == channels.MaxBatch {
			if err := hand(); err != nil {
				return err
			}
		}
	}
	return hand()
}

// known tells whether a message was handed over before, by this node or by any.
func (a *twilio) known(ctx context.Context, sid string) (bool, error) {
	a.mu.Lock()
	_, seen := a.seen[sid]
	a.mu.Unlock()
	if seen {
		return true, nil
	}
	thread, err := a.desk.ThreadOf(ctx, []string{sid})
	return thread != "", err
}

// forget drops what the list will not show again.
func (a *twilio) forget(now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for sid, at := range a.seen {
		if now.Sub(at) > 2*overlap+a.pace.grace+a.pace.look {
			delete(a.seen, sid)
		}
	}
}

// list reads the inbound messages since a moment, newest first as Twilio gives them.
func (a *twilio) list(ctx context.Context, since time.Time) ([]listed, error) {
	q := url.Values{"PageSize": {"1000"}, "DateSent>": {since.Format(time.DateOnly)}}
	if !a.service() {
		q.Set("To", a.set.Number)
	}
	addr := a.base + "/Messages.json?" + q.Encode()
	var out []listed
	for range maxPages {
		o, err := a.call(ctx, a.get(addr))
		if err := a.trouble(o, err); err != nil {
			return nil, err
		}
		var page struct {
			Messages []listed `json:"messages"`
			Next     string   `json:"next_page_uri"`
		}
		if err := json.Unmarshal(o.body, &page); err != nil {
			return nil, &trouble{text: "Twilio sent a list that cannot be read"}
		}
		older := false
		for _, m := range page.Messages {
			if m.Direction != "inbound" || m.SID == "" || m.From == "" || (a.service() && m.Service != a.set.Number) {
				continue
			}
			at, err := time.Parse(time.RFC1123Z, m.Created)
			if err != nil {
				if at, err = time.Parse(time.RFC1123Z, m.Sent); err != nil {
					at = since
				}
			}
			if m.at = at.UTC(); m.at.Before(since) {
				older = true
				continue
			}
			out = append(out, m)
		}
		if older || page.Next == "" {
			return out, nil
		}
		if !strings.HasPrefix(page.Next, "/") || strings.HasPrefix(page.Next, "//") {
			return nil, &trouble{text: "Twilio sent a list that leads elsewhere"}
		}
		addr = a.set.APIURL + page.Next
	}
	return nil, &trouble{text: "Twilio's list is too long to catch up with"}
}
