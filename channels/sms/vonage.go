package sms

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"tamas/channels"
	"tamas/channels/provider"
)

// vonage is an account at Vonage, over its Messages API.
type vonage struct {
	*account
	messages, rest string // addresses of its two APIs
}

var (
	_ channels.Webhook = (*vonage)(nil)
	_ channels.Pacer   = (*vonage)(nil)
)

func openVonage(a *account) (channels.Adapter, error) {
	switch set := a.set; {
	case set.VonageKey == "":
		return nil, fault("vonage_key", "the API key is needed; it stands on the Vonage dashboard")
	case set.VonageSecret == "":
		return nil, fault("vonage_secret", "the API secret is needed; it stands on the Vonage dashboard")
	case len(set.VonageSignature) < 16:
		return nil, fault("vonage_signature", "the signature secret is needed; it stands in the dashboard's API settings")
	}
	v := &vonage{account: a, messages: "https://api.nexmo.com", rest: "https://rest.nexmo.com"}
	if a.set.APIURL != "" {
		v.messages, v.rest = a.set.APIURL, a.set.APIURL
	}
	a.rate = 30
	return v, nil
}

func (a *vonage) login(r *http.Request) { r.SetBasicAuth(a.set.VonageKey, a.set.VonageSecret) }

const (
	vonageRefused = "Vonage refused the API key or secret"
	vonageDo      = "Enter the API key and secret of the Vonage dashboard again."
)

// Run implements channels.Adapter: Vonage keeps no list that could be read, so its webhook, which it repeats for 24 hours, is
// all there is; the account is looked at now and then.
func (a *vonage) Run(ctx context.Context) error {
	a.desk.Health(channels.Health{State: "connecting"})
	for {
		if err := a.Check(ctx); err != nil {
			return a.report(ctx, err)
		}
		h := channels.Health{State: "connected", HeardAt: time.Now()}
		if a.hook == "" {
			h = channels.Health{State: "failing", Detail: "The hub's public address is unknown, so Vonage cannot deliver messages", Do: "Start the hub with --public-url."}
		}
		a.desk.Health(h)
		if err := provider.Pause(ctx, a.pace.look); err != nil {
			return err
		}
	}
}

// Check implements channels.Adapter.
func (a *vonage) Check(ctx context.Context) error {
	o := a.call(ctx, http.MethodGet, a.rest+"/account/get-balance", "", "", a.login)
	_, said := vonageSaid(o.Body)
	return a.reading(o, said, vonageRefused, vonageDo)
}

// vonageError is the shape of its errors, in answers and in reports.
type vonageError struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
}

// code is the number at the end of the type's address: "…/api-errors/messages#1120".
func (e vonageError) code() string {
	_, code, _ := strings.Cut(e.Type, "#")
	return code
}

// words tells the error for people.
func (e vonageError) words() string {
	code := e.code()
	if known := vonageReasons[code]; known != "" {
		return known + " (Vonage error " + code + ")"
	}
	text := strings.Trim(e.Title+": "+e.Detail, ": ")
	if code != "" && strings.Trim(code, "0123456789") == "" {
		text += " (Vonage error " + code + ")"
	}
	return text
}

var vonageReasons = map[string]string{
	"1000": "too many messages were sent at once",
	"1020": "Vonage does not accept the number or the text",
	"1040": "the number's country is unknown to Vonage",
	"1050": "this number is on Vonage's block list",
	"1060": "the Vonage account is barred",
	"1070": "the Vonage account's quota is used up",
	"1100": "the operator could not be reached",
	"1120": "the own number or name is not allowed as a sender in this country",
	"1160": "a trial account can only write to listed numbers",
	"1170": "this is no valid phone number",
	"1180": "the phone is switched off or out of reach",
	"1190": "this number is no longer in service",
	"1210": "the operator filtered the message as unwanted",
	"1220": "the phone was busy",
	"1230": "the operator's network failed",
	"1240": "the customer has opted out",
	"1260": "no operator carries messages to this number",
}

var vonageDead = []string{"1050", "1170", "1190", "1240"}

// vonageSaid reads an error in Vonage's own words; "" when it is not.
func vonageSaid(body []byte) (vonageError, string) {
	var e vonageError
	if json.Unmarshal(body, &e) != nil || e.Title == "" && e.Detail == "" {
		return vonageError{}, ""
	}
	return e, e.words()
}

// plain is a number as Vonage writes it: digits with the country's code and nothing before them.
func plain(number string) string { return strings.TrimPrefix(number, "+") }

// Send implements channels.Adapter.
func (a *vonage) Send(ctx context.Context, m channels.Outbound) (channels.Receipt, error) {
	to, err := a.recipient(m)
	if err != nil {
		return channels.Receipt{}, err
	}
	own, _ := Normalise(a.set.Number, a.set.Region)
	return a.sendParts(ctx, m, 1000, false, func(ctx context.Context, id, text string) (string, *channels.SendError) {
		msg := map[string]any{"message_type": "text", "channel": "sms", "from": plain(own), "to": plain(to), "text": text}
		if len(id) <= 100 {
			msg["client_ref"] = id
		}
		if a.hook != "" {
			msg["webhook_url"], msg["webhook_version"] = a.hook+"status", "v1"
		}
		body, err := json.Marshal(msg)
		if err != nil {
			return "", &channels.SendError{Permanent: true, Reason: "The message cannot be sent as text", Err: err}
		}
		o := a.call(ctx, http.MethodPost, a.messages+"/v1/messages", jsonType, string(body), a.login)
		var sent struct {
			ID string `json:"message_uuid"`
		}
		if o.Err == nil && o.Status/100 == 2 && json.Unmarshal(o.Body, &sent) == nil && sent.ID != "" {
			return sent.ID, nil
		}
		return "", a.failed(o)
	})
}

// failed tells what a failed send means.
func (a *vonage) failed(o provider.Answer) *channels.SendError {
	e, said := vonageSaid(o.Body)
	se := a.api.SendError(o, said)
	switch {
	case o.Status == http.StatusUnauthorized:
		a.desk.Health(channels.Health{State: "refused", Detail: vonageRefused, Do: vonageDo})
	case o.Status == http.StatusPaymentRequired:
		se.Permanent, se.Reason = false, "The Vonage account has no credit"
		a.desk.Health(channels.Health{State: "failing", Detail: se.Reason, Do: "Add credit on the Vonage dashboard."})
	}
	se.Unreachable = se.Permanent && slices.Contains(vonageDead, e.code())
	return se
}

// ServeHTTP takes a message or a status: 401 without Vonage's signature, 503 until it is recorded.
func (a *vonage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, ok := readBody(w, r)
	if !ok {
		return
	}
	if err := a.proven(r.Header.Get("Authorization"), body); err != nil {
		a.log.Warn("sms: a call of the webhook without Vonage's signature", "err", err)
		refuse(w, http.StatusUnauthorized, "signature", err.Error())
		return
	}
	var err error
	if s, is := vonageStatus(body); is {
		if s.state != "" {
			err = a.desk.Status(r.Context(), s.id, s.state, a.api.Clean(s.reason))
		}
	} else {
		in := vonageInbound(body, a.set.Region)
		a.words.read(&in)
		err = a.desk.Receive(r.Context(), channels.Batch{Messages: []channels.Inbound{in}})
	}
	if err != nil {
		a.unrecordedYet(w, err)
		return
	}
	a.hear()
	w.WriteHeader(http.StatusOK)
}

// proven checks a signed webhook: a JWT by the signature secret whose payload_hash is the body's. Old tokens pass: a message
// that Vonage repeats counts once by its id, so that there is nothing to gain from a replay.
func (a *vonage) proven(header string, body []byte) error {
	token, ok := strings.CutPrefix(header, "Bearer ")
	if !ok {
		return errors.New("the header Authorization: Bearer with Vonage's token is missing: set the API settings to the Messages API, whose webhooks are signed")
	}
	var claims struct {
		jwt.RegisteredClaims
		Key  string `json:"api_key"`
		Hash string `json:"payload_hash"`
	}
	_, err := jwt.ParseWithClaims(token, &claims, func(*jwt.Token) (any, error) { return []byte(a.set.VonageSignature), nil },
		jwt.WithValidMethods([]string{"HS256"}), jwt.WithLeeway(5*time.Minute))
	sum := sha256.Sum256(body)
	switch {
	case err != nil:
		return errors.New("the token does not fit the signature secret")
	case claims.Key != a.set.VonageKey:
		return errors.New("the token is of another API key")
	case subtle.ConstantTimeCompare([]byte(strings.ToLower(claims.Hash)), []byte(hex.EncodeToString(sum[:]))) != 1:
		return errors.New("the body is not the one that was signed")
	}
	return nil
}

// vonageStatus reads the report of a sent message; is tells whether it is one.
func vonageStatus(body []byte) (s report, is bool) {
	var m struct {
		ID     string      `json:"message_uuid"`
		Status string      `json:"status"`
		Error  vonageError `json:"error"`
	}
	if json.Unmarshal(body, &m) != nil || m.Status == "" || m.ID == "" {
		return report{}, false
	}
	s.id = bounded(m.ID)
	switch m.Status {
	case "delivered", "read":
		s.state = m.Status
	case "rejected", "undeliverable":
		s.state = "failed"
		if s.reason = m.Error.words(); s.reason == "" {
			s.reason = "the operator did not deliver it"
		}
	}
	return s, true
}

// vonageInbound reads a message. Vonage joins the parts of long ones itself.
func vonageInbound(body []byte, region string) channels.Inbound {
	var m struct {
		ID   string  `json:"message_uuid"`
		From string  `json:"from"`
		At   string  `json:"timestamp"`
		Type string  `json:"message_type"`
		Text *string `json:"text"`
	}
	err := json.Unmarshal(body, &m)
	from := m.From
	if number, ok := Normalise("+"+strings.TrimLeft(from, "+"), ""); ok && len(from) > 8 {
		from = number
	} else {
		from, _ = Normalise(from, region)
	}
	if err != nil || m.ID == "" || from == "" {
		return unreadable(body, from, "Vonage sent what is no message of the Messages API")
	}
	if len(m.ID) > channels.MaxKey {
		m.ID = rawKey([]byte(m.ID))
	}
	in := channels.Inbound{Key: m.ID, Thread: from, Address: from}
	if m.Text != nil {
		in.Text = *m.Text
	} else {
		in = unreadable(body, from, fmt.Sprintf("a message of the type %.40q, which is not text", m.Type))
		in.Key = m.ID
	}
	if at, err := time.Parse(time.RFC3339, m.At); err == nil {
		in.At = at.UTC()
	}
	return in
}
