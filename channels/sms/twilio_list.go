package sms

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"tamas/channels"
	"tamas/channels/provider"
)

// maxPages bounds what is read of one day's list, a thousand messages each.
const maxPages = 200

// twilioMessage is one message of Twilio's list.
type twilioMessage struct {
	SID       string `json:"sid"`
	From      string `json:"from"`
	To        string `json:"to"`
	Body      string `json:"body"`
	Direction string `json:"direction"`
	NumMedia  string `json:"num_media"`
	Service   string `json:"messaging_service_sid"`
	Status    string `json:"status"`
	Sent      string `json:"date_sent"`
	Created   string `json:"date_created"`
	ErrorCode int    `json:"error_code"` // or null

	at time.Time
}

// list reads the account's messages of the days from one moment to another, oldest first: those to the own number, or
// with from those that it sent. Twilio's filter knows whole days in UTC.
func (a *twilio) list(ctx context.Context, sent bool, from, to time.Time) ([]twilioMessage, error) {
	var out []twilioMessage
	if soon := time.Now().Add(time.Hour); to.After(soon) {
		to = soon.Truncate(time.Second) // no list of days to come
	}
	for day := from.UTC().Truncate(24 * time.Hour); day.Before(to); day = day.Add(24 * time.Hour) {
		all, err := a.listDay(ctx, sent, day, from)
		if err != nil {
			return nil, err
		}
		slices.Reverse(all)
		for _, m := range all {
			if !m.at.Before(from) && m.at.Before(to) {
				out = append(out, m)
			}
		}
	}
	return out, nil
}

// listDay reads one day's messages, newest first as Twilio gives them, until they are older than from.
func (a *twilio) listDay(ctx context.Context, sent bool, day, from time.Time) ([]twilioMessage, error) {
	q := url.Values{"PageSize": {"1000"}, "DateSent": {day.Format(time.DateOnly)}}
	if a.own != "" {
		q.Set(map[bool]string{false: "To", true: "From"}[sent], a.own)
	}
	addr := a.base + "/Messages.json?" + q.Encode()
	var out []twilioMessage
	for range maxPages {
		o := a.get(ctx, addr)
		for tries := 0; o.Status == 429 && tries < 5; tries++ {
			if err := provider.Pause(ctx, min(max(o.RetryAfter, time.Second), time.Minute)); err != nil {
				return nil, err
			}
			o = a.get(ctx, addr)
		}
		if err := a.trouble(o); err != nil {
			return nil, err
		}
		var page struct {
			Messages []twilioMessage `json:"messages"`
			Next     string          `json:"next_page_uri"`
		}
		if err := json.Unmarshal(o.Body, &page); err != nil {
			return nil, &trouble{text: "Twilio sent a list that cannot be read"}
		}
		older := false
		for _, m := range page.Messages {
			if (m.Direction == "inbound") == sent || m.SID == "" || m.From == "" || (a.own == "" && m.Service != a.service) {
				continue
			}
			at, err := time.Parse(time.RFC1123Z, m.Created)
			if err != nil {
				if at, err = time.Parse(time.RFC1123Z, m.Sent); err != nil {
					at = day
				}
			}
			m.at = at.UTC()
			out = append(out, m)
			older = m.at.Before(from)
		}
		if older || page.Next == "" {
			return out, nil
		}
		if !strings.HasPrefix(page.Next, "/") || strings.HasPrefix(page.Next, "//") {
			return nil, &trouble{text: "Twilio sent a list that leads elsewhere"}
		}
		addr = a.set.APIURL + page.Next
	}
	return nil, &trouble{text: "Twilio's list of one day is too long to catch up with"}
}

// listInbound is the account's lister.
func (a *twilio) listInbound(ctx context.Context, from, to time.Time) ([]listed, error) {
	all, err := a.list(ctx, false, from, to)
	if err != nil {
		return nil, err
	}
	var out []listed
	for _, m := range all {
		thread, _ := Normalise(m.From, a.set.Region)
		out = append(out, listed{key: bounded(m.SID), thread: thread, at: m.at, read: func(ctx context.Context) (channels.Inbound, error) {
			raw, err := json.Marshal(m)
			if err != nil {
				return channels.Inbound{}, err
			}
			in := twilioInbound(url.Values{"MessageSid": {m.SID}, "From": {m.From}, "Body": {m.Body}}, raw, a.set.Region)
			if n, _ := strconv.Atoi(m.NumMedia); n > 0 {
				in.Files, err = a.listMedia(ctx, m.SID, n)
			}
			return in, err
		}})
	}
	return out, nil
}

// listReports is the account's reporter.
func (a *twilio) listReports(ctx context.Context, from, to time.Time) ([]report, error) {
	all, err := a.list(ctx, true, from, to)
	if err != nil {
		return nil, err
	}
	var out []report
	for _, m := range all {
		out = append(out, twilioReport(m.SID, m.Status, m.ErrorCode))
	}
	return out, nil
}

// Verify implements channels.Verifier: Twilio's list holds both directions.
func (a *twilio) Verify(ctx context.Context, audit *channels.Audit) error {
	now := time.Now().Add(time.Minute)
	if a.own == "" {
		audit.Note("Only messages of the Messaging Service %s are compared.", a.service)
	}
	for from := audit.Since.Truncate(time.Second); from.Before(now); from = from.Add(stretch) {
		for _, sent := range []bool{false, true} {
			all, err := a.list(ctx, sent, from, from.Add(stretch))
			if err != nil {
				return err
			}
			for _, m := range all {
				found := channels.Found{Key: m.SID, ProviderID: m.SID, At: m.at, Outbound: sent, What: "SMS from " + m.From}
				if sent {
					found.Key, found.What = "", "SMS to "+m.To
				}
				if err := audit.Found(found); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
