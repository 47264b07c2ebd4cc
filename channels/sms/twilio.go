package sms

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"tamas/channels"
	"tamas/channels/provider"
)

// twilio is an account at Twilio.
type twilio struct {
	*account
	base       string // of the account's resources
	own        string // the own number, "" when only a service is known
	service    string // Messaging Service, "" for none
	mediaHosts []string
	tries      map[string]int // to have a message's files; guarded by mu
}

var (
	_ channels.Webhook  = (*twilio)(nil)
	_ channels.Verifier = (*twilio)(nil)
	_ channels.Pacer    = (*twilio)(nil)
)

func openTwilio(a *account) (channels.Adapter, error) {
	set := &a.set
	switch {
	case !sidShape.MatchString(set.AccountSID):
		return nil, fault("account_sid", "the Account SID is needed; it stands in the Twilio console and begins with AC")
	case set.APIKey != "" && !keyShape.MatchString(set.APIKey):
		return nil, fault("api_key", "an API key's SID begins with SK")
	case set.APIKey != "" && set.APIKeySecret == "":
		return nil, fault("api_key_secret", "the secret of the API key is needed")
	case set.AuthToken == "" && set.APIKey == "":
		return nil, fault("auth_token", "the Auth Token is needed; it stands in the Twilio console")
	case set.ServiceSID != "" && !serviceShape.MatchString(set.ServiceSID):
		return nil, fault("service_sid", "a Messaging Service's SID begins with MG")
	case set.WebhookURL != "" && !address(set.WebhookURL):
		return nil, fault("webhook_url", "an address like https://hub.example.com/hooks/… is needed")
	}
	t := &twilio{account: a, service: set.ServiceSID, mediaHosts: []string{".twilio.com", ".twiliocdn.com"}, tries: map[string]int{}}
	if serviceShape.MatchString(set.Number) {
		t.service = set.Number
	} else {
		t.own, _ = Normalise(set.Number, set.Region)
	}
	if set.APIURL == "" {
		set.APIURL = "https://api.twilio.com"
	}
	t.base = set.APIURL + "/2010-04-01/Accounts/" + set.AccountSID
	if a.rate = 1; t.service != "" { // a long code's pace; a service has several numbers
		a.rate = 10
	}
	if set.AuthToken == "" {
		a.hook, set.WebhookURL = "", "" // nothing that comes there could be believed
		a.polls = channels.Health{Detail: "Without the Auth Token Twilio's calls cannot be checked, so messages are fetched each minute instead of arriving at once", Do: "Enter the Auth Token beside the API key."}
	}
	return t, nil
}

// login adds the account's credentials.
func (a *twilio) login(r *http.Request) {
	if a.set.APIKey != "" {
		r.SetBasicAuth(a.set.APIKey, a.set.APIKeySecret)
	} else {
		r.SetBasicAuth(a.set.AccountSID, a.set.AuthToken)
	}
}

func (a *twilio) get(ctx context.Context, addr string) provider.Answer {
	return a.call(ctx, http.MethodGet, addr, "", "", a.login)
}

// twilioError is the shape of Twilio's errors.
type twilioError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// said reads an error in Twilio's own words.
func (a *twilio) said(body []byte) (twilioError, string) {
	var e twilioError
	if json.Unmarshal(body, &e) != nil || (e.Message == "" && e.Code == 0) {
		return twilioError{}, ""
	}
	text := e.Message
	if known := twilioReasons[e.Code]; known != "" {
		text = known
	}
	return e, fmt.Sprintf("%s (Twilio error %d)", text, e.Code)
}

// twilioReasons say in plain words what Twilio's codes mean.
var twilioReasons = map[int]string{
	21211: "this is no valid phone number",
	21214: "this number cannot be reached",
	21217: "this is no valid phone number",
	21408: "the Twilio account may not send to this country",
	21606: "the own number cannot send text messages to this customer",
	21608: "a trial account can only write to verified numbers",
	21610: "the customer has opted out by answering STOP; they must text START first",
	21611: "too many messages of this number are waiting",
	21612: "Twilio cannot reach this number from the own number",
	21614: "this number cannot receive text messages",
	21617: "the text is longer than 1600 characters",
	30001: "too many messages of the account are waiting",
	30002: "the Twilio account is suspended",
	30003: "the phone is switched off or out of reach",
	30004: "the customer or their operator blocks messages",
	30005: "this number is unknown or no longer in service",
	30006: "this is a landline, or its operator cannot be reached",
	30007: "the operator filtered the message as unwanted",
	30008: "the operator did not say why it failed",
	30034: "the own number is not registered for messages to the United States (A2P 10DLC)",
}

// twilioDead are the codes after which nothing else will reach the number either.
var twilioDead = []int{21211, 21214, 21217, 21610, 21614, 30003, 30005, 30006}

const (
	twilioRefused = "Twilio refused the Account SID or its credentials"
	twilioDo      = "Enter the Account SID and Auth Token (or API key) of the Twilio console again."
)

// Run implements channels.Adapter.
func (a *twilio) Run(ctx context.Context) error {
	return a.follow(ctx, a.Check, a.listInbound, a.listReports)
}

// Check implements channels.Adapter.
func (a *twilio) Check(ctx context.Context) error {
	if a.set.APIKey != "" { // a standard key may not read the account itself
		return a.trouble(a.get(ctx, a.base+"/Messages.json?PageSize=1"))
	}
	return a.trouble(a.get(ctx, a.base+".json"))
}

// trouble turns the outcome of a reading call into an error for people; nil when it went well.
func (a *twilio) trouble(o provider.Answer) error {
	_, said := a.said(o.Body)
	if o.Err == nil && o.Status == http.StatusNotFound {
		return &trouble{refused: true, text: "Twilio does not know this Account SID", do: twilioDo}
	}
	return a.reading(o, said, twilioRefused, twilioDo)
}

// Send implements channels.Adapter.
func (a *twilio) Send(ctx context.Context, m channels.Outbound) (channels.Receipt, error) {
	to, err := a.recipient(m)
	if err != nil {
		return channels.Receipt{}, err
	}
	return a.sendParts(ctx, m, 1600, false, func(ctx context.Context, _, text string) (string, *channels.SendError) {
		form := url.Values{"To": {to}, "Body": {text}}
		if a.service != "" {
			form.Set("MessagingServiceSid", a.service)
		}
		if a.own != "" {
			form.Set("From", a.own)
		}
		if hook := a.hookURL(); hook != "" {
			form.Set("StatusCallback", strings.TrimRight(hook, "/")+"/status")
		}
		o := a.call(ctx, http.MethodPost, a.base+"/Messages.json", formType, form.Encode(), a.login)
		var sent struct {
			SID string `json:"sid"`
		}
		if o.Err == nil && o.Status/100 == 2 && json.Unmarshal(o.Body, &sent) == nil && sent.SID != "" {
			return sent.SID, nil
		}
		return "", a.failed(o)
	})
}

// failed tells what a failed send means.
func (a *twilio) failed(o provider.Answer) *channels.SendError {
	e, said := a.said(o.Body)
	switch e.Code {
	case 20429, 21611, 30001: // too many calls; this number's queue is full; the account's queue is full
		return &channels.SendError{RetryAfter: max(o.RetryAfter, 2*time.Second), Reason: "Twilio asks to send less often: " + a.api.Clean(said), Err: fmt.Errorf("HTTP %d", o.Status)}
	}
	se := a.api.SendError(o, said)
	if o.Status == http.StatusUnauthorized || (o.Status == http.StatusForbidden && e.Code == 20003) || (o.Status == http.StatusNotFound && e.Code == 20404) {
		se.Permanent = false
		a.desk.Health(channels.Health{State: "refused", Detail: twilioRefused, Do: twilioDo})
	}
	se.Unreachable = se.Permanent && slices.Contains(twilioDead, e.Code)
	return se
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
	if of := form.Get("AccountSid"); of != "" && of != a.set.AccountSID {
		refuse(w, http.StatusForbidden, "account", "this is the webhook of another Twilio account")
		return
	}
	if status := form.Get("MessageStatus"); status != "" && status != "received" {
		err = a.status(r.Context(), form)
	} else {
		err = a.receive(r.Context(), form, body)
	}
	if err != nil {
		a.unrecordedYet(w, err)
		return
	}
	a.hear()
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	_, _ = w.Write([]byte(emptyTwiML))
}

// receive records the message of a form.
func (a *twilio) receive(ctx context.Context, form url.Values, body []byte) error {
	in := twilioInbound(form, body, a.set.Region)
	if n := mediaOf(form); n > 0 && in.Unreadable == "" {
		ctx, cancel := context.WithTimeout(ctx, 12*time.Second) // Twilio gives up after 15; then the list has it
		defer cancel()
		for i := range n {
			f, err := a.media(ctx, form.Get("MediaUrl"+strconv.Itoa(i)), form.Get("MediaContentType"+strconv.Itoa(i)), false)
			if err != nil {
				return err
			}
			in.Files = append(in.Files, f)
		}
	}
	switch meaning := strings.ToLower(form.Get("OptOutType")); meaning {
	case stop, start: // Twilio's own reading, by the service's words; and it has answered
		in.Consent = meaning
	case help:
	default:
		a.words.read(&in)
	}
	if err := a.desk.Receive(ctx, channels.Batch{Messages: []channels.Inbound{in}}); err != nil {
		return err
	}
	a.note(in.Key)
	return nil
}

// status passes a status callback on.
func (a *twilio) status(ctx context.Context, form url.Values) error {
	code, _ := strconv.Atoi(form.Get("ErrorCode"))
	r := twilioReport(form.Get("MessageSid"), form.Get("MessageStatus"), code)
	if r.state == "" || r.id == "" {
		return nil
	}
	return a.desk.Status(ctx, r.id, r.state, r.reason)
}

// twilioReport reads a status; queued, sending and sent say nothing that is not known.
func twilioReport(sid, status string, code int) report {
	r := report{id: bounded(sid)}
	switch status {
	case "delivered", "read":
		r.state = status
	case "failed", "undelivered", "canceled":
		r.state = "failed"
		if r.reason = twilioReasons[code]; r.reason == "" {
			r.reason = "the operator did not deliver it"
		}
		if code != 0 {
			r.reason += fmt.Sprintf(" (Twilio error %d)", code)
		}
	}
	return r
}

// mediaOf tells how many files a form names.
func mediaOf(form url.Values) int {
	n, _ := strconv.Atoi(form.Get("NumMedia"))
	return max(min(n, 20), 0)
}

// twilioInbound reads the form of an incoming message, without its files.
func twilioInbound(form url.Values, raw []byte, region string) channels.Inbound {
	from, _ := Normalise(form.Get("From"), region)
	in := channels.Inbound{Key: bounded(strings.ToValidUTF8(form.Get("MessageSid"), "")), Thread: from, Address: from, Text: strings.ToValidUTF8(form.Get("Body"), "�")}
	if in.Key == "" {
		in.Key = bounded(strings.ToValidUTF8(form.Get("SmsSid"), ""))
	}
	if in.Key == "" || from == "" {
		in.Unreadable = "Twilio sent a message without its number or its sender"
		in.Raw = slices.Clone(raw[:min(len(raw), channels.MaxRaw)])
		in.RawName = "message.txt"
		if in.Key == "" {
			in.Key = rawKey(raw)
		}
	}
	return in
}
