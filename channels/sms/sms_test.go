package sms

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"tamas/channels"
	"tamas/channels/channeltest"
	"tamas/channels/sms/smstest"
)

// openFor opens an account at a double.
func openFor(t *testing.T, settings json.RawMessage, p pace) (channels.Adapter, *channeltest.Desk) {
	t.Helper()
	desk := channeltest.NewDesk()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	a, err := open(channels.Config{ID: "acc1", Settings: settings, PublicURL: "https://hub.example", Secret: make([]byte, 32), Desk: desk,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Client: &http.Client{Transport: transport}}, p)
	if err != nil {
		t.Fatal(err)
	}
	return a, desk
}

func post(a channels.Adapter, path, body string, header map[string]string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	for k, v := range header {
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	a.(http.Handler).ServeHTTP(w, r)
	return w
}

func TestTwilioSignature(t *testing.T) {
	srv := startTwilio(t)
	a, desk := openFor(t, twilioSettings(srv, map[string]any{"webhook_url": "https://proxy.example/sms?x=1"}), pace{})
	form := url.Values{"MessageSid": {"SM1"}, "From": {customer(0)}, "To": {smstest.Number}, "Body": {"hi & سلام"}}
	for _, c := range []struct {
		url, path string
		want      int
	}{
		{"https://hub.example/hooks/acc1/", "/", 200},
		{"https://hub.example/hooks/acc1", "/", 200},
		{"https://hub.example:443/hooks/acc1/", "/", 200},
		{"https://hub.example/hooks/acc1/?a=b", "/?a=b", 200},
		{"https://proxy.example/sms?x=1", "/", 200},
		{"https://elsewhere.example/hooks/acc1/", "/", 403},
		{"http://hub.example/hooks/acc1/", "/", 403},
	} {
		w := post(a, c.path, form.Encode(), map[string]string{"X-Twilio-Signature": smstest.Sign(c.url, form)})
		if w.Code != c.want {
			t.Errorf("signed for %s: %d, want %d", c.url, w.Code, c.want)
		}
	}
	good := smstest.Sign("https://hub.example/hooks/acc1/", form)
	other := url.Values{"MessageSid": {"SM1"}, "From": {customer(1)}, "Body": {"hi"}}
	for name, w := range map[string]*httptest.ResponseRecorder{
		"another form": post(a, "/", other.Encode(), map[string]string{"X-Twilio-Signature": good}),
		"no signature": post(a, "/", form.Encode(), nil),
		"junk":         post(a, "/", form.Encode(), map[string]string{"X-Twilio-Signature": "%%%"}),
	} {
		if w.Code != 403 {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	if w := post(a, "/", "%zz", map[string]string{"X-Twilio-Signature": good}); w.Code != 400 {
		t.Errorf("no form: %d", w.Code)
	}
	w := post(a, "/", form.Encode(), map[string]string{"X-Twilio-Signature": good})
	if w.Body.String() != emptyTwiML || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/xml") {
		t.Errorf("answer: %q", w.Body)
	}
	if got := desk.Messages(); len(got) != 1 || got[0].Text != "hi & سلام" || got[0].Key != "SM1" || got[0].Address != customer(0) {
		t.Errorf("recorded %+v", got)
	}
	desk.FailNext(1)
	if w := post(a, "/", form.Encode(), map[string]string{"X-Twilio-Signature": good}); w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("unrecorded: %d", w.Code)
	}
}

func TestTwilioMediaAndStatus(t *testing.T) {
	srv := startTwilio(t)
	a, desk := openFor(t, twilioSettings(srv, nil), pace{})
	hook := "https://hub.example/hooks/acc1/"
	form := url.Values{"MessageSid": {"MM1"}, "From": {customer(0)}, "Body": {"see"}, "NumMedia": {"1"}, "MediaContentType0": {"image/jpeg"}, "MediaUrl0": {"https://api.twilio.com/m/1"}}
	post(a, "/", form.Encode(), map[string]string{"X-Twilio-Signature": smstest.Sign(hook, form)})
	if got := desk.Messages(); len(got) != 1 || got[0].Text != "[attachment image/jpeg] https://api.twilio.com/m/1\nsee" {
		t.Errorf("recorded %+v", got)
	}
	for _, s := range []url.Values{
		{"MessageSid": {"SM9"}, "MessageStatus": {"sent"}},
		{"MessageSid": {"SM9"}, "MessageStatus": {"delivered"}},
		{"MessageSid": {"SM8"}, "MessageStatus": {"undelivered"}, "ErrorCode": {"30005"}},
		{"MessageSid": {"SM7"}, "MessageStatus": {"failed"}, "ErrorCode": {"39999"}},
	} {
		if w := post(a, "/status", s.Encode(), map[string]string{"X-Twilio-Signature": smstest.Sign(hook+"status", s)}); w.Code != 200 {
			t.Errorf("status: %d", w.Code)
		}
	}
	want := []channeltest.Status{{ProviderID: "SM9", State: "delivered"},
		{ProviderID: "SM8", State: "failed", Reason: "this number is unknown or no longer in service (Twilio error 30005)"},
		{ProviderID: "SM7", State: "failed", Reason: "the operator did not deliver it (Twilio error 39999)"}}
	if got := desk.Statuses(); !slices.Equal(got, want) {
		t.Errorf("statuses %+v", got)
	}
	desk.FailNext(1)
	s := url.Values{"MessageSid": {"SM9"}, "MessageStatus": {"read"}}
	if w := post(a, "/status", s.Encode(), map[string]string{"X-Twilio-Signature": smstest.Sign(hook+"status", s)}); w.Code != 503 {
		t.Errorf("a status that is not recorded: %d", w.Code)
	}
	if _, err := a.Send(context.Background(), channels.Outbound{ID: "o", Address: customer(0), Text: "x"}); err != nil {
		t.Fatal(err)
	}
	if m := srv.Sent()[0]; m.StatusCallback != hook+"status" || m.From != smstest.Number {
		t.Errorf("sent %+v", m)
	}
}

// What the webhook missed while the hub was away comes from the list: in order, once, and no later than the grace.
func TestTwilioCatchesUp(t *testing.T) {
	srv := startTwilio(t)
	srv.GiveUpAfter(1)
	a, desk := openFor(t, twilioSettings(srv, nil), pace{look: 20 * time.Millisecond})
	srv.Say(customer(0), "before the account was made")
	run := func() (stop func()) {
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() { _ = a.Run(ctx); close(done) }()
		return func() { cancel(); <-done }
	}
	// An account that begins an hour ago, so that the overlap does not reach back before it.
	desk.SetCursor(time.Now().Add(-time.Hour).UTC().Format(time.RFC3339))
	const n = 450 // three batches
	for range n {
		srv.Say(customer(1), "hello")
	}
	stop := run()
	got := desk.AwaitMessages(t, n+1)
	stop()
	for i := 1; i < len(got); i++ {
		if got[i].Key <= got[i-1].Key {
			t.Fatalf("order: %s after %s", got[i].Key, got[i-1].Key)
		}
	}
	srv.Say(customer(1), "last")
	a, _ = openFor(t, twilioSettings(srv, nil), pace{look: 20 * time.Millisecond})
	a.(*twilio).desk = desk
	stop = run()
	defer stop()
	if got := desk.AwaitMessages(t, n+2); got[n+1].Text != "last" || desk.Again() != 0 {
		t.Errorf("%q, %d came twice", got[n+1].Text, desk.Again())
	}
}

func TestTwilioReasons(t *testing.T) {
	srv := startTwilio(t)
	a, desk := openFor(t, twilioSettings(srv, nil), pace{})
	for _, c := range []struct {
		fault smstest.Fault
		want  channels.SendError
	}{
		{smstest.Fault{Status: 400, Code: 21610, Text: "x"}, channels.SendError{Permanent: true, Reason: "opted out"}},
		{smstest.Fault{Status: 400, Code: 29999, Text: "strange"}, channels.SendError{Permanent: true, Reason: "strange (Twilio error 29999)"}},
		{smstest.Fault{Status: 429, Code: 20429, Text: "x", RetryAfter: 9}, channels.SendError{RetryAfter: 9 * time.Second, Reason: "less often"}},
		{smstest.Fault{Status: 400, Code: 21611, Text: "x"}, channels.SendError{RetryAfter: 2 * time.Second, Reason: "less often"}},
		{smstest.Fault{Status: 401, Code: 20003, Text: "Authenticate"}, channels.SendError{Reason: "credentials"}},
		{smstest.Fault{Status: 404, Code: 20404, Text: "no"}, channels.SendError{Reason: "did not accept"}},
		{smstest.Fault{Status: 500, Code: 20500, Text: "oops"}, channels.SendError{Reason: "now"}},
		{smstest.Fault{Status: 502, Body: "<html>"}, channels.SendError{Uncertain: true, Reason: "may have taken"}},
		{smstest.Fault{Status: 404, Body: "<html>"}, channels.SendError{Reason: "did not accept"}},
		{smstest.Fault{Status: 200, Body: "<html>"}, channels.SendError{Uncertain: true, Reason: "may have taken"}},
	} {
		srv.FailNext(c.fault)
		_, err := a.Send(context.Background(), channels.Outbound{ID: "o", Address: customer(0), Text: "x"})
		var se *channels.SendError
		if !errors.As(err, &se) || se.Permanent != c.want.Permanent || se.Uncertain != c.want.Uncertain || se.RetryAfter != c.want.RetryAfter || !strings.Contains(se.Reason, c.want.Reason) {
			t.Errorf("%+v: %+v", c.fault, se)
		}
	}
	if desk.HealthState() != "refused" {
		t.Errorf("health %q after refused credentials", desk.HealthState())
	}
}

func TestGenericWebhook(t *testing.T) {
	srv := startGateway(t)
	a, desk := openFor(t, genericSettings(srv, nil), pace{})
	body := `{"messages":[{"id":77,"from":"۰۹۱۲۱۲۳۴۵۶۷","text":"سلام","at":"2026-01-02T03:04:05+03:30","new":1},
		{"from":"x"},{"id":"78","from":"BANK","text":"","at":1767225600}],
		"statuses":[{"id":"gw-1","state":"failed","reason":"no credit"},{"id":"gw-2","state":"odd"},5]}`
	now := time.Now()
	for _, c := range []struct {
		at   time.Time
		body string
		want int
	}{
		{now, body, 200}, {now.Add(-4 * time.Minute), body, 200}, {now.Add(-6 * time.Minute), body, 401}, {now.Add(6 * time.Minute), body, 401},
	} {
		if w := post(a, "/", c.body, map[string]string{signatureHeader: smstest.SignJSON(c.at, []byte(c.body))}); w.Code != c.want {
			t.Errorf("signed at %v: %d %s", c.at.Sub(now), w.Code, w.Body)
		}
	}
	for _, h := range []string{"", "junk", "t=1,v1=", smstest.SignJSON(now, []byte("other"))} {
		if w := post(a, "/", body, map[string]string{signatureHeader: h}); w.Code != 401 {
			t.Errorf("signature %q: %d", h, w.Code)
		}
	}
	got := desk.Messages()
	if len(got) != 3 || desk.Again() != 3 {
		t.Fatalf("%d recorded, %d again: %+v", len(got), desk.Again(), got)
	}
	if m := got[0]; m.Key != "77" || m.Address != "+989121234567" || m.Text != "سلام" || !m.At.Equal(time.Date(2026, 1, 1, 23, 34, 5, 0, time.UTC)) {
		t.Errorf("%+v", m)
	}
	if m := got[1]; m.Unreadable == "" || string(m.Raw) != `{"from":"x"}` || m.Address != "x" {
		t.Errorf("%+v", m)
	}
	if m := got[2]; m.Address != "BANK" || m.At.Unix() != 1767225600 {
		t.Errorf("%+v", m)
	}
	if s := desk.Statuses(); len(s) != 2 || s[0] != (channeltest.Status{ProviderID: "gw-1", State: "failed", Reason: "no credit"}) {
		t.Errorf("statuses %+v", s)
	}
	if w := post(a, "/", "not json", map[string]string{signatureHeader: smstest.SignJSON(now, []byte("not json"))}); w.Code != 200 || len(desk.Messages()) != 4 {
		t.Errorf("signed junk: %d", w.Code)
	}
	many := `{"messages":[` + strings.TrimSuffix(strings.Repeat(`{"id":1,"from":"+989121234567","text":"x"},`, 450), ",") + `]}`
	if w := post(a, "/", many, map[string]string{signatureHeader: smstest.SignJSON(now, []byte(many))}); w.Code != 200 || len(desk.Wrong()) != 0 {
		t.Errorf("many: %d %v", w.Code, desk.Wrong())
	}
	big := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(make([]byte, 2000)))
	w := httptest.NewRecorder()
	big.Body = http.MaxBytesReader(w, big.Body, 1000)
	a.(http.Handler).ServeHTTP(w, big)
	if w.Code != 413 {
		t.Errorf("too large: %d", w.Code)
	}
}

func TestNormalise(t *testing.T) {
	for _, c := range []struct {
		in, region, want string
		ok               bool
	}{
		{"+98 912 123 4567", "", "+989121234567", true},
		{"09121234567", "IR", "+989121234567", true},
		{"989121234567", "IR", "+989121234567", true},
		{"00989121234567", "IR", "+989121234567", true},
		{"989121234567", "", "+989121234567", true},
		{"۰۹۱۲۱۲۳۴۵۶۷", "IR", "+989121234567", true},
		{"(415) 555-2671", "US", "+14155552671", true},
		{"09121234567", "", "09121234567", false},
		{" BANK ", "IR", "BANK", false},
		{"whatsapp:+989121234567", "IR", "whatsapp:+989121234567", false},
		{"", "IR", "", false},
	} {
		got, ok := Normalise(c.in, c.region)
		if got != c.want || ok != c.ok {
			t.Errorf("Normalise(%q, %q) = %q, %v, want %q, %v", c.in, c.region, got, ok, c.want, c.ok)
		}
	}
}

func TestSettingsAtFault(t *testing.T) {
	srv := startTwilio(t)
	gw := startGateway(t)
	for field, raw := range map[string]json.RawMessage{
		"account_sid": twilioSettings(srv, map[string]any{"account_sid": "AC1"}),
		"auth_token":  twilioSettings(srv, map[string]any{"auth_token": " "}),
		"api_url":     twilioSettings(srv, map[string]any{"api_url": "ftp://x"}),
		"webhook_url": twilioSettings(srv, map[string]any{"webhook_url": "hub"}),
		"region":      twilioSettings(srv, map[string]any{"region": "XX"}),
		"provider":    twilioSettings(srv, map[string]any{"provider": "pigeon"}),
		"send_url":    genericSettings(gw, map[string]any{"send_url": ""}),
		"secret":      genericSettings(gw, map[string]any{"secret": "short"}),
	} {
		_, err := Kind().Open(channels.Config{ID: "acc1", Settings: raw})
		var fe *channels.FieldError
		if !errors.As(err, &fe) || fe.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}

// sane fails when a parsed message breaks the contract.
func sane(t *testing.T, m channels.Inbound) {
	t.Helper()
	if m.Key == "" || len(m.Key) > channels.MaxKey || len(m.Thread) > channels.MaxKey || len(m.Address) > channels.MaxKey {
		t.Fatalf("keys: %+v", m)
	}
	if m.Unreadable == "" && (m.Thread == "" || m.Address == "") {
		t.Fatalf("nobody's message: %+v", m)
	}
	if m.Unreadable != "" && len(m.Raw) == 0 {
		t.Fatalf("an unreadable message without its bytes: %+v", m)
	}
}

func FuzzTwilioForm(f *testing.F) {
	f.Add("MessageSid=SM1&From=%2B989121234567&Body=hi&NumMedia=1&MediaUrl0=x", "IR")
	f.Add("From=&Body=%FF", "")
	f.Fuzz(func(t *testing.T, body, region string) {
		form, err := url.ParseQuery(body)
		if err != nil || body == "" {
			return
		}
		sane(t, twilioInbound(form, []byte(body), region))
	})
}

func FuzzGeneric(f *testing.F) {
	f.Add([]byte(`{"messages":[{"id":"1","from":"0912","text":"x","at":1}],"statuses":[{"id":1,"state":"read"}]}`), "IR")
	f.Add([]byte(`{"messages":[{},null,[]]}`), "")
	f.Add([]byte(`[`), "DE")
	f.Fuzz(func(t *testing.T, body []byte, region string) {
		if len(body) == 0 {
			return
		}
		ms, ss := parseGeneric(body, region)
		for _, m := range ms {
			sane(t, m)
		}
		for _, s := range ss {
			if s.id == "" || len(s.id) > channels.MaxKey {
				t.Fatalf("%+v", s)
			}
		}
	})
}

func FuzzSignature(f *testing.F) {
	f.Add("t=1,v1=00", []byte("{}"))
	f.Fuzz(func(t *testing.T, header string, body []byte) {
		if verify([]byte(smstest.Secret), header, time.Now(), body) == nil {
			t.Fatalf("a signature out of thin air: %q", header)
		}
	})
}
