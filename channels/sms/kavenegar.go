package sms

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"tamas/channels"
	"tamas/channels/provider"
)

// kavenegar is an account at Kavenegar.
type kavenegar struct {
	*account
	base string // of its methods, with the key: never shown
}

var (
	_ channels.Webhook  = (*kavenegar)(nil)
	_ channels.Verifier = (*kavenegar)(nil)
	_ channels.Pacer    = (*kavenegar)(nil)
)

func openKavenegar(a *account) (channels.Adapter, error) {
	switch set := a.set; {
	case set.KavenegarKey == "":
		return nil, fault("kavenegar_key", "the API key is needed; it stands in the panel's settings")
	case set.HookToken != "" && !tokenShape.MatchString(set.HookToken):
		return nil, fault("hook_token", "16 to 128 Latin letters and digits are needed")
	}
	base := a.set.APIURL
	if base == "" {
		base = "https://api.kavenegar.com"
	}
	if a.rate = 10; a.set.HookToken == "" {
		a.hook = "" // nobody could prove to be Kavenegar
		a.polls = channels.Health{Detail: "Without a webhook's token messages are fetched each minute instead of arriving at once", Do: "Enter a webhook's token here, and the address with it at Kavenegar."}
	}
	return &kavenegar{account: a, base: base + "/v1/" + url.PathEscape(a.set.KavenegarKey) + "/"}, nil
}

// kavenegarAnswer is the shape of its answers. Its status is the HTTP answer's too.
type kavenegarAnswer struct {
	Return struct {
		Status  int    `json:"status"`
		Message string `json:"message"`
	} `json:"return"`
	Entries json.RawMessage `json:"entries"`
}

// ask calls a method; said is Kavenegar's own word on what went wrong, "" when the answer is not in its words.
func (a *kavenegar) ask(ctx context.Context, method string, args url.Values, entries any) (o provider.Answer, code int, said string) {
	o = a.call(ctx, http.MethodPost, a.base+method+".json", formType, args.Encode(), nil)
	var k kavenegarAnswer
	if o.Err != nil || json.Unmarshal(o.Body, &k) != nil || k.Return.Status == 0 {
		return o, 0, ""
	}
	code = k.Return.Status
	if code == http.StatusOK {
		if json.Unmarshal(k.Entries, entries) != nil {
			code = 0
		}
		return o, code, ""
	}
	said = kavenegarReasons[code]
	if said == "" {
		said = k.Return.Message
	}
	return o, code, fmt.Sprintf("%s (Kavenegar error %d)", said, code)
}

// kavenegarReasons say in plain words what its codes mean.
var kavenegarReasons = map[int]string{
	401: "the Kavenegar account is switched off",
	402: "the operation failed",
	403: "the API key is not valid",
	407: "the key may not do this, or not from this address",
	409: "Kavenegar cannot answer now",
	411: "this is no valid phone number",
	412: "the own number is not one of the account's",
	413: "the text is empty or longer than 900 characters",
	414: "too many messages in one call",
	416: "the key may not be used from this address",
	418: "the Kavenegar account has no credit",
	422: "the text has characters that cannot be sent",
	451: "too many calls in a short time",
	501: "a trial account can only write to its owner's number",
}

const (
	kavenegarRefused = "Kavenegar refused the API key"
	kavenegarDo      = "Enter the API key of Kavenegar's panel again, and allow the hub's address there."
)

// trouble turns the outcome of a reading call into an error for people; nil when it went well.
func (a *kavenegar) trouble(o provider.Answer, code int, said string) error {
	switch {
	case code == http.StatusOK:
		return nil
	case code == 401 || code == 403 || code == 407 || code == 416:
		return &trouble{refused: true, text: kavenegarRefused + ": " + a.api.Clean(said), do: kavenegarDo}
	case o.Err == nil && o.Status/100 == 2:
		return &trouble{text: "Kavenegar sent an answer that cannot be read"}
	}
	return a.reading(o, said, kavenegarRefused, kavenegarDo)
}

// Run implements channels.Adapter.
func (a *kavenegar) Run(ctx context.Context) error { return a.follow(ctx, a.Check, a.inbox, a.outbox) }

// Check implements channels.Adapter.
func (a *kavenegar) Check(ctx context.Context) error {
	var entries map[string]any
	return a.trouble(a.ask(ctx, "account/info", nil, &entries))
}

// local is a number as Kavenegar writes it: 0912… within Iran, 00… elsewhere; its own lines have neither.
func local(number string) string {
	if national, ok := strings.CutPrefix(number, "+98"); ok {
		return "0" + national
	}
	if abroad, ok := strings.CutPrefix(number, "+"); ok {
		return "00" + abroad
	}
	return number
}

// line is the own number as Kavenegar writes it: 10004346, 30005088.
func (a *kavenegar) line() string {
	return strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(a.set.Number, "+98"), "0098"), "+")
}

// Send implements channels.Adapter.
func (a *kavenegar) Send(ctx context.Context, m channels.Outbound) (channels.Receipt, error) {
	to, err := a.recipient(m)
	if err != nil {
		return channels.Receipt{}, err
	}
	return a.sendParts(ctx, m, 900, false, func(ctx context.Context, _, text string) (string, *channels.SendError) {
		var sent []struct {
			ID scalar `json:"messageid"`
		}
		o, code, said := a.ask(ctx, "sms/send", url.Values{"receptor": {local(to)}, "sender": {a.line()}, "message": {text}}, &sent)
		if code == http.StatusOK && len(sent) == 1 && sent[0].ID != "" {
			return string(sent[0].ID), nil
		}
		return "", a.failed(o, code, said)
	})
}

// failed tells what a failed send means.
func (a *kavenegar) failed(o provider.Answer, code int, said string) *channels.SendError {
	se := a.api.SendError(o, said)
	switch code {
	case 401, 403, 407, 416:
		se.Permanent = false
		a.desk.Health(channels.Health{State: "refused", Detail: kavenegarRefused + ": " + a.api.Clean(said), Do: kavenegarDo})
	case 418:
		se.Permanent, se.Reason = false, "The Kavenegar account has no credit"
		a.desk.Health(channels.Health{State: "failing", Detail: se.Reason, Do: "Add credit in Kavenegar's panel."})
	case 402, 409:
		se.Permanent = false
	case 451:
		se.Permanent, se.RetryAfter = false, max(o.RetryAfter, 5*time.Second)
	case 411:
		se.Unreachable = se.Permanent
	}
	return se
}

// ServeHTTP takes a message or a status; Kavenegar calls by GET or POST and signs nothing, so the address holds a token: 404
// without it, 503 until the message is recorded.
func (a *kavenegar) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	token := strings.Trim(r.URL.Path, "/")
	if a.set.HookToken == "" || subtle.ConstantTimeCompare([]byte(token), []byte(a.set.HookToken)) != 1 {
		a.log.Warn("sms: a call of the webhook without its token")
		refuse(w, http.StatusNotFound, "token", "the address lacks the webhook's token")
		return
	}
	if err := r.ParseForm(); err != nil || len(r.Form) == 0 {
		refuse(w, http.StatusBadRequest, "invalid", "the call has no readable fields")
		return
	}
	var err error
	if r.Form.Has("status") && !r.Form.Has("message") {
		if s := kavenegarStatus(r.Form); s.id != "" && s.state != "" {
			err = a.desk.Status(r.Context(), s.id, s.state, s.reason)
		}
	} else {
		in := kavenegarInbound(r.Form, []byte(r.Form.Encode()), a.set.Region)
		a.words.read(&in)
		if err = a.desk.Receive(r.Context(), channels.Batch{Messages: []channels.Inbound{in}}); err == nil {
			a.note(in.Key)
		}
	}
	if err != nil {
		a.unrecordedYet(w, err)
		return
	}
	a.hear()
	w.WriteHeader(http.StatusOK)
}

// kavenegarStatus reads the report of a sent message.
func kavenegarStatus(form url.Values) report {
	return kavenegarReport(form.Get("messageid"), form.Get("status"))
}

func kavenegarReport(id, status string) report {
	s := report{id: bounded(id)}
	switch status {
	case "10":
		s.state = "delivered"
	case "6":
		s.state, s.reason = "failed", "the operator refused it"
	case "11":
		s.state, s.reason = "failed", "it did not reach the phone"
	case "13":
		s.state, s.reason = "failed", "it was cancelled"
	case "14":
		s.state, s.reason = "failed", "the customer has blocked messages from this number"
	case "100":
		s.state, s.reason = "failed", "Kavenegar does not know it"
	}
	return s
}

// kavenegarInbound reads a message. Kavenegar joins the parts of long ones itself.
func kavenegarInbound(form url.Values, raw []byte, region string) channels.Inbound {
	if region == "" {
		region = "IR"
	}
	from, _ := Normalise(form.Get("from"), region)
	id := strings.ToValidUTF8(form.Get("messageid"), "")
	if id == "" || from == "" || !form.Has("message") {
		in := unreadable(raw, from, "Kavenegar sent a message without its number, its sender or its text")
		in.RawName = "message.txt"
		return in
	}
	return channels.Inbound{Key: bounded(id), Thread: from, Address: from, Text: strings.ToValidUTF8(form.Get("message"), "�")}
}
