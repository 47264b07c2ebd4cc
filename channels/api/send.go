package api

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"tamas/channels"
	"tamas/channels/provider"
	"tamas/channels/signed"
)

// outgoing is what the system is told.
type outgoing struct {
	Type      string         `json:"type"` // "message", "edit", "typing", "check"
	ID        string         `json:"id,omitempty"`
	Thread    string         `json:"thread,omitempty"`
	Address   string         `json:"address,omitempty"`
	Name      string         `json:"name,omitempty"`
	From      string         `json:"from,omitempty"`
	Text      string         `json:"text,omitempty"`
	Files     []outgoingFile `json:"files,omitempty"`
	ReplyTo   string         `json:"reply_to,omitempty"`
	InReplyTo string         `json:"in_reply_to,omitempty"`
	Of        string         `json:"of,omitempty"`
	Auto      bool           `json:"auto,omitempty"`
	Attempt   int            `json:"attempt,omitempty"`
	On        *bool          `json:"on,omitempty"`
}

type outgoingFile struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Kind     string `json:"kind"`
	Size     int64  `json:"size"`
	URL      string `json:"url"`
	Width    int    `json:"width,omitempty"`
	Height   int    `json:"height,omitempty"`
	Duration int    `json:"duration,omitempty"`
}

// answered is what the system answers.
type answered struct {
	ID          text    `json:"id"`
	Parts       []text  `json:"parts"`
	Error       string  `json:"error"`
	Unreachable bool    `json:"unreachable"`
	RetryAfter  float64 `json:"retry_after"` // seconds
}

// post makes a signed call of send_url.
func (a *adapter) post(ctx context.Context, v outgoing) provider.Answer {
	body, err := json.Marshal(v)
	if err != nil {
		return provider.Answer{Err: err}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.set.SendURL, bytes.NewReader(body))
	if err != nil {
		return provider.Answer{Err: a.api.CleanError(err)}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(signed.Header, signed.Sign(a.set.Secret, time.Now(), body))
	if v.ID != "" {
		req.Header.Set("Idempotency-Key", v.ID)
		req.GetBody = nil // or net/http sends it twice by itself when the answer is lost; that is the hub's to decide
	}
	return a.api.Call(req)
}

const (
	refused = "The system refused the signature; both sides need the same secret"
	do      = "Enter the shared secret again, here and in your system."
)

// Send implements channels.Adapter.
func (a *adapter) Send(ctx context.Context, m channels.Outbound) (channels.Receipt, error) {
	if strings.TrimSpace(m.Text) == "" && len(m.Files) == 0 {
		return channels.Receipt{}, &channels.SendError{Permanent: true, Reason: "The message has neither a text nor files"}
	}
	out := outgoing{Type: message, ID: m.ID, Thread: m.Thread, Address: m.Address, Name: m.Name, From: m.From, Text: m.Text, InReplyTo: m.InReplyTo, Auto: m.Auto, Attempt: m.Attempt}
	if m.Edits != "" {
		out.Type, out.Of = edit, m.Edits
	}
	if m.Quoted {
		out.ReplyTo = m.InReplyTo
	}
	for _, f := range m.Files {
		link := a.desk.FileURL(f)
		if link == "" {
			return channels.Receipt{}, &channels.SendError{Permanent: true, Reason: "The hub has no public address from which the file could be fetched; it is started with --public-url"}
		}
		out.Files = append(out.Files, outgoingFile{f.Name, f.Type, f.Kind, f.Size, link, f.Width, f.Height, f.Duration})
	}
	o := a.post(ctx, out)
	var got answered
	understood := o.Err == nil && json.Unmarshal(o.Body, &got) == nil
	if understood && o.Status/100 == 2 && got.ID != "" && len(got.ID) <= channels.MaxKey {
		r := channels.Receipt{ProviderID: string(got.ID)}
		for _, p := range got.Parts {
			if p != "" && len(p) <= channels.MaxKey && len(r.Parts) < 100 {
				r.Parts = append(r.Parts, string(p))
			}
		}
		return r, nil
	}
	se := a.api.SendError(o, got.Error)
	if o.Status == http.StatusUnauthorized || o.Status == http.StatusForbidden {
		a.desk.Health(channels.Health{State: "refused", Detail: refused, Do: do})
	}
	if se.Permanent {
		se.Unreachable = got.Unreachable
	} else if o.Status == http.StatusTooManyRequests || o.Status == http.StatusServiceUnavailable {
		se.RetryAfter = max(se.RetryAfter, o.RetryAfter, min(time.Duration(max(got.RetryAfter, 0)*float64(time.Second)), time.Hour))
	}
	return channels.Receipt{}, se
}

// Typing implements channels.Typist.
func (a *adapter) Typing(ctx context.Context, thread, address string, on bool) {
	if !a.set.Typing {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	a.post(ctx, outgoing{Type: typing, Thread: thread, Address: address, On: &on})
}

// Check implements channels.Adapter.
func (a *adapter) Check(ctx context.Context) error {
	o := a.post(ctx, outgoing{Type: "check"})
	var got answered
	_ = json.Unmarshal(o.Body, &got)
	return a.reading(o, got.Error)
}
