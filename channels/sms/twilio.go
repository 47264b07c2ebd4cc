package sms

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"tamas/channels"
)

// twilio is an account at Twilio.
type twilio struct {
	*account
	base string               // of the account's resources
	seen map[string]time.Time // messages handed over by this node, guarded by mu; forgotten with the overlap
}

var _ channels.Webhook = (*twilio)(nil)

// get and post call the API as the account.
func (a *twilio) get(addr string) func(context.Context) (*http.Request, error) {
	return func(ctx context.Context) (*http.Request, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, addr, nil)
		if err == nil {
			req.SetBasicAuth(a.set.AccountSID, a.set.AuthToken)
		}
		return req, err
	}
}

func (a *twilio) post(addr string, form url.Values) func(context.Context) (*http.Request, error) {
	return func(ctx context.Context) (*http.Request, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, addr, strings.NewReader(form.Encode()))
		if err == nil {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			req.SetBasicAuth(a.set.AccountSID, a.set.AuthToken)
		}
		return req, err
	}
}

// twilioError is the shape of Twilio's errors.
type twilioError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Status  int    `json:"status"`
}

// said reads an error in Twilio's own words.
func (a *twilio) said(body []byte) (twilioError, string) {
	var e twilioError
	if json.Unmarshal(body, &e) != nil || (e.Message == "" && e.Code == 0) {
		return twilioError{}, ""
	}
	text := clip(strings.ReplaceAll(e.Message, a.set.AuthToken, "***"))
	if known := reasons[e.Code]; known != "" {
		text = known
	}
	return e, fmt.Sprintf("%s (Twilio error %d)", text, e.Code)
}

// reasons say in plain words what Twilio's codes mean.
var reasons = map[int]string{
	21211: "this is no valid phone number",
	21408: "the Twilio account may not send to this country",
	21606: "the own number cannot send text messages to this customer",
	21608: "a trial account can only write to verified numbers",
	21610: "the customer has opted out by answering STOP; they must text START first",
	21611: "too many messages of this number are waiting",
	21612: "Twilio cannot reach this number from the own number",
	21614: "this number cannot receive text messages",
	21617: "the text is longer than 1600 characters",
	30003: "the phone is switched off or out of reach",
	30004: "the customer or their operator blocks messages",
	30005: "this number is unknown or no longer in service",
	30006: "this is a landline, or its operator cannot be reached",
	30007: "the operator filtered the message as unwanted",
	30008: "the operator did not say why it failed",
}

// Check implements channels.Adapter.
func (a *twilio) Check(ctx context.Context) error {
	o, err := a.call(ctx, a.get(a.base+".json"))
	return a.trouble(o, err)
}

// trouble turns the outcome of a reading call into an error for people; nil when it went well.
func (a *twilio) trouble(o answer, err error) error {
	_, said := a.said(o.body)
	switch {
	case err != nil:
		return &trouble{text: "Twilio cannot be reached: " + clip(err.Error())}
	case o.status == http.StatusUnauthorized || o.status == http.StatusForbidden:
		return &trouble{refused: true, text: "Twilio refused the Account SID or Auth Token"}
	case o.status == http.StatusNotFound:
		return &trouble{refused: true, text: "Twilio does not know this Account SID"}
	case o.status/100 != 2:
		return &trouble{text: strings.TrimSpace(fmt.Sprintf("Twilio answered %d %s", o.status, said))}
	}
	return nil
}

// Send implements channels.Adapter.
func (a *twilio) Send(ctx context.Context, m channels.Outbound) (channels.Receipt, error) {
	if strings.TrimSpace(m.Text) == "" {
		return channels.Receipt{}, &channels.SendError{Permanent: true, Reason: "The message has no text"}
	}
	to, _ := Normalise(m.Address, a.set.Region)
	form := url.Values{"To": {to}, "Body": {m.Text}}
	if a.service() {
		form.Set("MessagingServiceSid", a.set.Number)
	} else {
		form.Set("From", a.set.Number)
	}
	if hook := a.hookURL(); hook != "" {
		form.Set("StatusCallback", strings.TrimRight(hook, "/")+"/status")
	}
	o, err := a.call(ctx, a.post(a.base+"/Messages.json", form))
	if err == nil && o.status/100 == 2 {
		var sent struct {
			SID string `json:"sid"`
		}
		if json.Unmarshal(o.body, &sent) == nil && sent.SID != "" {
			return channels.Receipt{ProviderID: bounded(sent.SID)}, nil
		}
	}
	e, said := a.said(o.body)
	switch e.Code {
	case 20429, 21611, 30001: // too many calls; this number's queue is full; the account's queue is full
		return channels.Receipt{}, &channels.SendError{RetryAfter: max(o.retry, 2*time.Second), Reason: "Twilio asks to send less often: " + said, Err: fmt.Errorf("HTTP %d", o.status)}
	}
	se := o.outcome("Twilio", said, err)
	if o.status == http.StatusUnauthorized || o.status == http.StatusForbidden || (o.status == http.StatusNotFound && e.Code == 20404) {
		se.Permanent = false
		a.desk.Health(channels.Health{State: "refused", Detail: "Twilio refused the Account SID or Auth Token"})
	}
	return channels.Receipt{}, se
}

// service tells that the own number is a Messaging Service.
func (a *twilio) service() bool {
	return len(a.set.Number) == 34 && strings.HasPrefix(a.set.Number, "MG")
}

// hookURL is the webhook's address as Twilio should know it.
func (a *twilio) hookURL() string {
	if a.set.WebhookURL != "" {
		addr, _, _ := strings.Cut(a.set.WebhookURL, "#") // connection overrides are Twilio's own business
		addr, _, _ = strings.Cut(addr, "?")
		return addr
	}
	return a.hook
}

const emptyTwiML = `<?xml version="1.0" encoding="UTF-8"?><Response></Response>`

// ServeHTTP takes a message or a status from Twilio: 403 without its signature, 503 until it is recorded.
func (a *twilio) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, ok := readBody(w, r)
	if !ok {
		return
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		refuse(w, http.StatusBadRequest, "invalid", "the body is no form")
		return
	}
	if !a.signed(r, form) {
		a.log.Warn("sms: a call of the webhook without Twilio's signature", "path", r.URL.Path)
		refuse(w, http.StatusForbidden, "signature", "X-Twilio-Signature is missing or does not fit the address and the form; if a proxy changes the address, set webhook_url")
		return
	}
	if status := form.Get("MessageStatus"); status != "" && status != "received" {
		err = a.status(r.Context(), form)
	} else {
		in := twilioInbound(form, body, a.set.Region)
		if err = a.desk.Receive(r.Context(), channels.Batch{Messages: []channels.Inbound{in}}); err == nil {
			a.note(in.Key)
		}
	}
	if err != nil {
		a.log.Warn("sms: a call of the webhook is not recorded; asking for it again", "err", err)
		refuse(w, http.StatusServiceUnavailable, "not_recorded", "not recorded yet; deliver it again")
		return
	}
	a.hear()
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	_, _ = w.Write([]byte(emptyTwiML))
}

// note remembers that a message was handed over by this node.
func (a *twilio) note(sid string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seen[sid] = time.Now()
}

// status passes a status callback on.
func (a *twilio) status(ctx context.Context, form url.Values) error {
	state, reason := "", ""
	switch form.Get("MessageStatus") {
	case "delivered":
		state = "delivered"
	case "read":
		state = "read"
	case "failed", "undelivered", "canceled":
		state = "failed"
		code, _ := strconv.Atoi(form.Get("ErrorCode"))
		if reason = reasons[code]; reason == "" {
			reason = "the operator did not deliver it"
		}
		if code != 0 {
			reason += fmt.Sprintf(" (Twilio error %d)", code)
		}
	}
	sid := bounded(form.Get("MessageSid"))
	if state == "" || sid == "" {
		return nil // queued, sending, sent: nothing that is not known
	}
	return a.desk.Status(ctx, sid, state, reason)
}

// twilioInbound reads the form of an incoming message.
func twilioInbound(form url.Values, raw []byte, region string) channels.Inbound {
	from, _ := Normalise(form.Get("From"), region)
	in := channels.Inbound{Key: bounded(strings.ToValidUTF8(form.Get("MessageSid"), "")), Thread: from, Address: from, Text: strings.ToValidUTF8(form.Get("Body"), "�")}
	if in.Key == "" {
		in.Key = bounded(strings.ToValidUTF8(form.Get("SmsSid"), ""))
	}
	if n, _ := strconv.Atoi(form.Get("NumMedia")); n > 0 {
		var media []string
		for i := range min(n, 20) {
			media = append(media, fmt.Sprintf("[attachment %s] %s", form.Get("MediaContentType"+strconv.Itoa(i)), form.Get("MediaUrl"+strconv.Itoa(i))))
		}
		in.Text = strings.TrimSpace(strings.Join(media, "\n") + "\n" + strings.ToValidUTF8(form.Get("Body"), "�"))
	}
	if in.Key == "" || from == "" {
		in.Unreadable = "Twilio sent a message without its number or its sender"
		in.Raw = slices.Clone(raw[:min(len(raw), channels.MaxRaw)])
		if in.Key == "" {
			in.Key = rawKey(raw)
		}
	}
	return in
}

// signed checks X-Twilio-Signature: HMAC-SHA1 by the auth token over the address that Twilio called and the form's
// fields, sorted. Behind proxies the request does not tell that address, so the known ones are tried.
func (a *twilio) signed(r *http.Request, form url.Values) bool {
	got, err := base64.StdEncoding.DecodeString(r.Header.Get("X-Twilio-Signature"))
	if err != nil || len(got) != sha1.Size {
		return false
	}
	keys := make([]string, 0, len(form))
	for k := range form {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	var fields strings.Builder
	for _, k := range keys {
		vs := slices.Clone(form[k])
		slices.Sort(vs)
		for _, v := range slices.Compact(vs) {
			fields.WriteString(k + v)
		}
	}
	ok := false
	for _, addr := range a.addresses(r) {
		mac := hmac.New(sha1.New, []byte(a.set.AuthToken))
		mac.Write([]byte(addr + fields.String()))
		ok = hmac.Equal(mac.Sum(nil), got) || ok
	}
	return ok
}

// addresses lists what Twilio may have called: the public address and webhook_url, with and without the slash at the
// end and the scheme's own port (which Twilio signs or leaves out, depending).
func (a *twilio) addresses(r *http.Request) []string {
	var out []string
	path := strings.TrimPrefix(r.URL.Path, "/")
	query := ""
	if r.URL.RawQuery != "" {
		query = "?" + r.URL.RawQuery
	}
	add := func(addr string) {
		out = append(out, addr)
		u, err := url.Parse(addr)
		if err != nil {
			return
		}
		def := map[string]string{"https": ":443", "http": ":80"}[u.Scheme]
		if u.Port() == "" {
			out = append(out, strings.Replace(addr, u.Host, u.Host+def, 1))
		} else if strings.HasSuffix(u.Host, def) {
			out = append(out, strings.Replace(addr, u.Host, strings.TrimSuffix(u.Host, def), 1))
		}
	}
	for _, base := range []string{a.hookURL(), a.hook} {
		if base == "" {
			continue
		}
		base = strings.TrimRight(base, "/")
		add(base + "/" + path + query)
		if path == "" {
			add(base + query)
		}
	}
	if full, _, _ := strings.Cut(a.set.WebhookURL, "#"); full != "" {
		add(full)
	}
	return out
}
