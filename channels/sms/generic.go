package sms

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"tamas/channels"
	"tamas/channels/provider"
	"tamas/channels/signed"
)

// generic is an account at a gateway that speaks the protocol of the package comment.
type generic struct{ *account }

func openGeneric(a *account) (channels.Adapter, error) {
	switch set := a.set; {
	case !address(set.SendURL):
		return nil, fault("send_url", "the gateway's address is needed, like https://sms.example.com/send")
	case len(set.Secret) < 16:
		return nil, fault("secret", "a secret of at least 16 characters is needed")
	case set.Auth != "" && set.Auth != "signature" && set.Auth != "token":
		return nil, fault("auth", `must be "signature" or "token"`)
	}
	return &generic{a}, nil
}

func (a *generic) token() bool { return a.set.Auth == "token" }

var (
	_ channels.Webhook = (*generic)(nil)
	_ channels.Pacer   = (*generic)(nil)
)

// post sends JSON that proves itself to the gateway.
func (a *generic) post(ctx context.Context, v any) provider.Answer {
	body, err := json.Marshal(v)
	if err != nil {
		return provider.Answer{Err: err}
	}
	return a.call(ctx, http.MethodPost, a.set.SendURL, jsonType, string(body), func(r *http.Request) {
		if a.token() {
			r.Header.Set("Authorization", "Bearer "+a.set.Secret)
		} else {
			r.Header.Set(signed.Header, signed.Sign(a.set.Secret, time.Now(), body))
		}
	})
}

// proven tells whether a call of the webhook is the gateway's.
func (a *generic) proven(r *http.Request, body []byte) error {
	if !a.token() {
		return signed.Verify(r.Header.Get(signed.Header), time.Now(), body, a.set.Secret)
	}
	if subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte("Bearer "+a.set.Secret)) != 1 {
		return errors.New("the header Authorization: Bearer with the shared secret is missing or wrong")
	}
	return nil
}

// said is the gateway's own error; "" when the answer is not in its words.
func said(body []byte) string {
	var e struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(body, &e) != nil {
		return ""
	}
	return e.Error
}

// Run implements channels.Adapter: messages come by the webhook; the gateway is asked now and then whether it is there.
func (a *generic) Run(ctx context.Context) error {
	a.desk.Health(channels.Health{State: "connecting"})
	for {
		if err := a.Check(ctx); err != nil {
			return a.report(ctx, err)
		}
		a.desk.Health(channels.Health{State: "connected", HeardAt: time.Now()})
		if err := provider.Pause(ctx, a.pace.look); err != nil {
			return err
		}
	}
}

const (
	genericRefused = "The gateway refused the credentials; both sides need the same secret"
	genericDo      = "Enter the shared secret again, here and at the gateway."
)

// Check implements channels.Adapter.
func (a *generic) Check(ctx context.Context) error {
	o := a.post(ctx, map[string]any{"check": true})
	return a.reading(o, said(o.Body), genericRefused, genericDo)
}

// Send implements channels.Adapter.
func (a *generic) Send(ctx context.Context, m channels.Outbound) (channels.Receipt, error) {
	to, err := a.recipient(m)
	if err != nil {
		return channels.Receipt{}, err
	}
	return a.sendParts(ctx, m, channels.MaxText, true, func(ctx context.Context, id, text string) (string, *channels.SendError) {
		o := a.post(ctx, map[string]any{"id": id, "from": a.set.Number, "to": to, "text": text})
		var sent struct {
			ID scalar `json:"id"`
		}
		if o.Err == nil && o.Status/100 == 2 && json.Unmarshal(o.Body, &sent) == nil && sent.ID != "" {
			return string(sent.ID), nil
		}
		se := a.api.SendError(o, said(o.Body))
		if o.Status == http.StatusUnauthorized || o.Status == http.StatusForbidden {
			a.desk.Health(channels.Health{State: "refused", Detail: genericRefused, Do: genericDo})
		}
		if se.RetryAfter == 0 && o.Status == http.StatusServiceUnavailable {
			se.RetryAfter = o.RetryAfter
		}
		return "", se
	})
}

// ServeHTTP takes messages and statuses from the gateway: 401 without a right signature, 503 until all is recorded.
func (a *generic) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, ok := readBody(w, r)
	if !ok {
		return
	}
	if err := a.proven(r, body); err != nil {
		a.log.Warn("sms: a call of the webhook that is not rightly signed", "err", err)
		refuse(w, http.StatusUnauthorized, "signature", err.Error())
		return
	}
	messages, statuses := parseGeneric(body, a.set.Region)
	for i := range messages {
		a.words.read(&messages[i])
	}
	for batch := range slices.Chunk(messages, channels.MaxBatch) {
		if err := a.desk.Receive(r.Context(), channels.Batch{Messages: batch}); err != nil {
			a.unrecordedYet(w, err)
			return
		}
	}
	for _, s := range statuses {
		if err := a.desk.Status(r.Context(), s.id, s.state, a.api.Clean(s.reason)); err != nil {
			a.unrecordedYet(w, err)
			return
		}
	}
	a.hear()
	w.Header().Set("Content-Type", jsonType)
	_, _ = w.Write([]byte(`{"ok":true}`))
}

// scalar is a JSON string or number, as text.
type scalar string

func (s *scalar) UnmarshalJSON(b []byte) error {
	var text string
	if json.Unmarshal(b, &text) == nil {
		*s = scalar(text)
		return nil
	}
	var n json.Number
	if err := json.Unmarshal(b, &n); err != nil {
		return err
	}
	*s = scalar(n.String())
	return nil
}

type genericStatus struct{ id, state, reason string }

// parseGeneric reads a body of the generic protocol. Each message stands for itself: one that cannot be
// read, or a body that cannot be read at all, becomes an unreadable message. Statuses of an unknown state are passed over.
func parseGeneric(body []byte, region string) (messages []channels.Inbound, statuses []genericStatus) {
	var envelope struct {
		Messages []json.RawMessage `json:"messages"`
		Statuses []json.RawMessage `json:"statuses"`
	}
	if err := json.Unmarshal(body, &envelope); err != nil {
		return []channels.Inbound{unreadable(body, "", "the gateway sent what is no JSON of the protocol")}, nil
	}
	for _, raw := range envelope.Messages {
		messages = append(messages, genericInbound(raw, region))
	}
	for _, raw := range envelope.Statuses {
		var s struct {
			ID     scalar `json:"id"`
			State  string `json:"state"`
			Reason string `json:"reason"`
		}
		if json.Unmarshal(raw, &s) != nil || s.ID == "" {
			continue
		}
		if s.State == "delivered" || s.State == "read" || s.State == "failed" {
			statuses = append(statuses, genericStatus{bounded(string(s.ID)), s.State, s.Reason})
		}
	}
	return messages, statuses
}

func genericInbound(raw []byte, region string) channels.Inbound {
	var m struct {
		ID   scalar  `json:"id"`
		From scalar  `json:"from"`
		Text *string `json:"text"`
		At   scalar  `json:"at"`
	}
	err := json.Unmarshal(raw, &m)
	from, _ := Normalise(string(m.From), region)
	if err != nil || m.ID == "" || from == "" || m.Text == nil {
		return unreadable(raw, from, "the gateway sent a message without a readable id, from or text")
	}
	in := channels.Inbound{Key: string(m.ID), Thread: from, Address: from, Text: *m.Text}
	if len(in.Key) > channels.MaxKey {
		in.Key = rawKey([]byte(in.Key))
	}
	if at, err := time.Parse(time.RFC3339, string(m.At)); err == nil {
		in.At = at.UTC()
	} else if n, err := strconv.ParseInt(string(m.At), 10, 64); err == nil && n > 0 && n < 1<<33 {
		in.At = time.Unix(n, 0).UTC()
	}
	return in
}

// unreadable keeps what came as it is, in its customer's thread when at least that can be told.
func unreadable(raw []byte, from, why string) channels.Inbound {
	return channels.Inbound{Key: rawKey(raw), Thread: from, Address: from, Unreadable: why, Raw: slices.Clone(raw[:min(len(raw), channels.MaxRaw)]), RawName: "message.json"}
}

// rawKey is a key for what has none: the same bytes have the same key.
func rawKey(raw []byte) string {
	sum := sha256.Sum256(raw)
	return "raw/" + hex.EncodeToString(sum[:])
}
