package sms

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"tamas/channels"
	"tamas/channels/channeltest"
	"tamas/channels/signed"
	"tamas/channels/sms/smstest"
)

// openFor opens an account at a double.
func openFor(t *testing.T, settings json.RawMessage, p pace) (channels.Adapter, *channeltest.Desk) {
	t.Helper()
	desk := channeltest.NewDesk()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	a, err := open(channels.Config{ID: "acc1", Settings: settings, PublicURL: "https://hub.example", Secret: make([]byte, 32), Desk: desk,
		Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
		Log:     slog.New(slog.NewTextHandler(io.Discard, nil)), Client: &http.Client{Transport: transport}}, p)
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

func TestTwilioStatus(t *testing.T) {
	srv := startTwilio(t)
	a, desk := openFor(t, twilioSettings(srv, nil), pace{})
	hook := "https://hub.example/hooks/acc1/"
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
		if w := post(a, "/", c.body, map[string]string{signed.Header: smstest.SignJSON(c.at, []byte(c.body))}); w.Code != c.want {
			t.Errorf("signed at %v: %d %s", c.at.Sub(now), w.Code, w.Body)
		}
	}
	for _, h := range []string{"", "junk", "t=1,v1=", smstest.SignJSON(now, []byte("other"))} {
		if w := post(a, "/", body, map[string]string{signed.Header: h}); w.Code != 401 {
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
	if w := post(a, "/", "not json", map[string]string{signed.Header: smstest.SignJSON(now, []byte("not json"))}); w.Code != 200 || len(desk.Messages()) != 4 {
		t.Errorf("signed junk: %d", w.Code)
	}
	many := `{"messages":[` + strings.TrimSuffix(strings.Repeat(`{"id":1,"from":"+989121234567","text":"x"},`, 450), ",") + `]}`
	if w := post(a, "/", many, map[string]string{signed.Header: smstest.SignJSON(now, []byte(many))}); w.Code != 200 || len(desk.Wrong()) != 0 {
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

// What proxies tell of the address is believed of trusted ones alone.
func TestTwilioBehindProxies(t *testing.T) {
	srv := startTwilio(t)
	a, desk := openFor(t, twilioSettings(srv, nil), pace{})
	form := url.Values{"MessageSid": {"SM1"}, "From": {customer(0)}, "Body": {"hi"}, "AccountSid": {smstest.AccountSID}}
	for _, c := range []struct {
		name, signedFor, remote, host, proto, forwarded string
		want                                            int
	}{
		{"direct", "http://sms.example/hooks/acc1/", "192.0.2.9:4711", "sms.example", "", "", 200},
		{"a proxy of ours", "https://sms.example/hooks/acc1/", "10.1.2.3:4711", "hub:8080", "https", "sms.example", 200},
		{"a proxy of ours, over IPv6", "https://sms.example/hooks/acc1/", "[::ffff:10.1.2.3]:4711", "hub:8080", "https, http", "sms.example, hub", 200},
		{"a proxy that keeps the host", "https://sms.example/hooks/acc1/", "10.1.2.3:4711", "sms.example", "https", "", 200},
		{"a stranger", "https://sms.example/hooks/acc1/", "192.0.2.9:4711", "hub:8080", "https", "sms.example", 403},
		{"a proxy of ours, signed for http", "http://sms.example/hooks/acc1/", "10.1.2.3:4711", "hub:8080", "https", "sms.example", 403},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(form.Encode()))
		r.RemoteAddr, r.Host = c.remote, c.host
		r.Header.Set("X-Twilio-Signature", smstest.Sign(c.signedFor, form))
		r.Header.Set("X-Forwarded-Proto", c.proto)
		r.Header.Set("X-Forwarded-Host", c.forwarded)
		w := httptest.NewRecorder()
		a.(http.Handler).ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%s: %d, want %d", c.name, w.Code, c.want)
		}
	}
	other := url.Values{"MessageSid": {"SM2"}, "From": {customer(0)}, "Body": {"hi"}, "AccountSid": {"AC00000000000000000000000000000002"}}
	if w := post(a, "/", other.Encode(), map[string]string{"X-Twilio-Signature": smstest.Sign("https://hub.example/hooks/acc1/", other)}); w.Code != 403 {
		t.Errorf("another account's message: %d", w.Code)
	}
	if n := len(desk.Messages()); n != 1 {
		t.Errorf("%d messages", n)
	}
}

// Files are fetched from Twilio's own hosts alone, and only the API sees the credentials.
func TestTwilioMedia(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("asked %s", r.URL) }))
	defer elsewhere.Close()
	srv := startTwilio(t)
	a, desk := openFor(t, twilioSettings(srv, nil), pace{again: time.Millisecond})
	hook := "https://hub.example/hooks/acc1/"
	for i, addr := range []string{elsewhere.URL + "/x", "https://169.254.169.254/latest", "https://api.twilio.com.evil.example/m", "https://evil-twilio.com/m", "https://user@api.twilio.com/m",
		"file:///etc/passwd", "http://api.twilio.com/m", "https://s3-external-1.amazonaws.com/other/m", "https://api.twilio.com:8443/m", "", "%zz"} {
		form := url.Values{"MessageSid": {fmt.Sprintf("MM%d", i)}, "From": {customer(0)}, "Body": {"see"}, "NumMedia": {"1"}, "MediaContentType0": {"image/jpeg"}, "MediaUrl0": {addr}}
		if w := post(a, "/", form.Encode(), map[string]string{"X-Twilio-Signature": smstest.Sign(hook, form)}); w.Code != 200 {
			t.Errorf("%q: %d", addr, w.Code)
			continue
		}
		got := desk.Messages()
		if m := got[len(got)-1]; len(m.Files) != 1 || !strings.Contains(m.Files[0].Missing, "address") || m.Text != "see" {
			t.Errorf("%q: %+v", addr, m)
		}
	}
	for _, addr := range []string{"https://api.twilio.com/m", "https://mms.twiliocdn.com/m?x", "https://s3-external-1.amazonaws.com/media.twiliocdn.com/m", srv.URL() + "/m"} {
		if u, _ := url.Parse(addr); !a.(*twilio).mediaHost(u) {
			t.Errorf("%s is Twilio's", addr)
		}
	}
	// A webhook that cannot have a file now is answered with 503; the list brings the message with it.
	srv.FailMedia(503)
	sid := srv.Say(customer(1), "late", smstest.Media{Type: "image/png", Content: []byte("\x89PNG\r\n\x1a\n…")})
	form := url.Values{"MessageSid": {sid}, "From": {customer(1)}, "Body": {"late"}, "NumMedia": {"1"}, "MediaContentType0": {"image/png"},
		"MediaUrl0": {srv.URL() + "/2010-04-01/Accounts/" + smstest.AccountSID + "/Messages/" + sid + "/Media/ME1"}}
	if w := post(a, "/", form.Encode(), map[string]string{"X-Twilio-Signature": smstest.Sign(hook, form)}); w.Code != 503 {
		t.Errorf("a file that is away: %d", w.Code)
	}
	desk.SetCursor(time.Now().Add(-time.Minute).UTC().Format(time.RFC3339))
	before := len(desk.Messages())
	if err := a.(*twilio).catchUp(t.Context(), a.(*twilio).listInbound); err != nil {
		t.Fatal(err)
	}
	if got := desk.Messages(); len(got) != before+1 || len(got[before].Files) != 1 || got[before].Files[0].Blob == "" || got[before].Files[0].Kind != "image" {
		t.Errorf("from the list: %+v", got[before:])
	}
}

// An API key alone sends and lists; webhooks could not be believed then.
func TestTwilioAPIKey(t *testing.T) {
	srv := startTwilio(t)
	a, desk := openFor(t, twilioSettings(srv, map[string]any{"auth_token": "", "api_key": smstest.APIKey, "api_key_secret": smstest.APIKeySecret,
		"service_sid": "MG00000000000000000000000000000001"}), pace{})
	if err := a.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Send(t.Context(), channels.Outbound{ID: "o", Address: customer(0), Text: "x"}); err != nil {
		t.Fatal(err)
	}
	if m := srv.Sent()[0]; m.StatusCallback != "" || m.From != smstest.Number {
		t.Errorf("%+v", m)
	}
	srv.Say(customer(0), "hello")
	desk.SetCursor(time.Now().Add(-time.Minute).UTC().Format(time.RFC3339))
	if err := a.(*twilio).catchUp(t.Context(), a.(*twilio).listInbound); err != nil || len(desk.Messages()) != 1 {
		t.Errorf("%v, %+v", err, desk.Messages())
	}
	form := url.Values{"MessageSid": {"SM1"}, "From": {customer(0)}, "Body": {"hi"}}
	if w := post(a, "/", form.Encode(), map[string]string{"X-Twilio-Signature": smstest.Sign("https://hub.example/hooks/acc1/", form)}); w.Code != 403 {
		t.Errorf("a webhook: %d", w.Code)
	}
}

// Verify tells of both directions, over pages, and asks nothing of the hub.
func TestTwilioVerify(t *testing.T) {
	srv := startTwilio(t)
	a, desk := openFor(t, twilioSettings(srv, nil), pace{})
	srv.Old(customer(0), "before", time.Now().Add(-50*time.Hour))
	srv.Old(customer(0), "the day before", time.Now().Add(-26*time.Hour))
	for range 130 { // more than a page of the double
		srv.Old(customer(1), "hello", time.Now().Add(-time.Minute))
	}
	r, err := a.Send(t.Context(), channels.Outbound{ID: "o", Address: customer(0), Text: "x"})
	if err != nil {
		t.Fatal(err)
	}
	in, out := 0, []string{}
	err = a.(channels.Verifier).Verify(t.Context(), &channels.Audit{Since: time.Now().Add(-30 * time.Hour), Note: t.Logf, Gap: t.Errorf,
		Found: func(f channels.Found) error {
			if f.Outbound {
				out = append(out, f.ProviderID)
			} else if in++; f.Key == "" || f.At.IsZero() || strings.Contains(f.What, "hello") {
				t.Errorf("%+v", f)
			}
			return nil
		}})
	if err != nil || in != 131 || !slices.Equal(out, []string{r.ProviderID}) || len(desk.Messages())+desk.Spared() != 0 {
		t.Errorf("%v: %d, %q", err, in, out)
	}
}

func TestVonageWebhook(t *testing.T) {
	srv := startVonage(t)
	a, desk := openFor(t, vonageSettings(srv, nil), pace{})
	body := `{"channel":"sms","message_uuid":"u1","to":"447700900000","from":"989121234567","timestamp":"2026-01-01T14:00:00.000Z","message_type":"text","text":"سلام","sms":{"num_messages":"2","keyword":"سلام"}}`
	token := smstest.VonageToken(smstest.VonageSignature, time.Now(), []byte(body))
	parts := strings.Split(token, ".")
	none := "eyJhbGciOiJub25lIn0." + parts[1] + "."
	for name, c := range map[string]struct {
		header, body string
		want         int
	}{
		"signed":         {"Bearer " + token, body, 200},
		"an old one":     {"Bearer " + smstest.VonageToken(smstest.VonageSignature, time.Now().Add(-20*time.Hour), []byte(body)), body, 200},
		"another body":   {"Bearer " + token, strings.Replace(body, "u1", "u2", 1), 401},
		"another secret": {"Bearer " + smstest.VonageToken("not the signature secret", time.Now(), []byte(body)), body, 401},
		"no signature":   {"Bearer " + none, body, 401},
		"nothing":        {"", body, 401},
		"junk":           {"Bearer a.b.c", body, 401},
	} {
		if w := post(a, "/", c.body, map[string]string{"Authorization": c.header}); w.Code != c.want {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	got := desk.Messages()
	if len(got) != 1 || got[0].Key != "u1" || got[0].Address != "+989121234567" || got[0].Text != "سلام" || got[0].At.Hour() != 14 {
		t.Errorf("%+v", got)
	}
	for _, c := range []struct{ body, state, reason string }{
		{`{"message_uuid":"m1","status":"submitted"}`, "", ""},
		{`{"message_uuid":"m1","status":"delivered"}`, "delivered", ""},
		{`{"message_uuid":"m2","status":"rejected","error":{"type":"https://developer.vonage.com/api-errors/messages#1180","title":"1180","detail":"x"}}`, "failed", "out of reach"},
		{`{"message_uuid":"m3","status":"undeliverable","error":{"type":"https://developer.vonage.com/api-errors/messages#1999","title":"Odd","detail":"Something"}}`, "failed", "Odd: Something (Vonage error 1999)"},
		{`{"message_uuid":"m4","status":"rejected"}`, "failed", "did not deliver"},
	} {
		n := len(desk.Statuses())
		if w := post(a, "/status", c.body, map[string]string{"Authorization": "Bearer " + smstest.VonageToken(smstest.VonageSignature, time.Now(), []byte(c.body))}); w.Code != 200 {
			t.Errorf("%s: %d", c.body, w.Code)
		}
		if s := desk.Statuses(); c.state == "" && len(s) != n || c.state != "" && (len(s) != n+1 || s[n].State != c.state || !strings.Contains(s[n].Reason, c.reason)) {
			t.Errorf("%s: %+v", c.body, s[n:])
		}
	}
	if len(desk.Messages()) != 1 {
		t.Errorf("a status became a message: %+v", desk.Messages())
	}
}

func TestKavenegarWebhook(t *testing.T) {
	srv := startKavenegar(t)
	a, desk := openFor(t, kavenegarSettings(srv, nil), pace{})
	call := func(method, path string, form url.Values) int {
		r := httptest.NewRequest(method, path+"?"+form.Encode(), nil)
		if method == http.MethodPost {
			r = httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
			r.Header.Set("Content-Type", formType)
		}
		w := httptest.NewRecorder()
		a.(http.Handler).ServeHTTP(w, r)
		return w.Code
	}
	form := url.Values{"messageid": {"1"}, "from": {"09121234567"}, "to": {smstest.KavenegarLine}, "message": {"لغو۱۱"}}
	for path, want := range map[string]int{"/" + smstest.HookToken: 200, "/" + smstest.HookToken + "/": 200, "/": 404, "/" + smstest.HookToken + "x": 404, "/x": 404} {
		if got := call(http.MethodGet, path, form); got != want {
			t.Errorf("%s: %d", path, got)
		}
	}
	form.Set("messageid", "2")
	if got := call(http.MethodPost, "/"+smstest.HookToken, form); got != 200 {
		t.Errorf("posted: %d", got)
	}
	got := desk.Messages()
	if len(got) != 2 || got[0].Address != "+989121234567" || got[0].Consent != "stop" || !strings.Contains(got[0].Answer, "شروع") {
		t.Errorf("%+v", got)
	}
	desk.FailNext(1)
	form.Set("messageid", "3")
	if got := call(http.MethodGet, "/"+smstest.HookToken, form); got != 503 {
		t.Errorf("unrecorded: %d", got)
	}
}

// A long answer goes in parts; what of it was sent is told when one fails.
func TestLongAnswers(t *testing.T) {
	srv := startTwilio(t)
	a, _ := openFor(t, twilioSettings(srv, nil), pace{})
	long := strings.Repeat("سلام دنیا. ", 100)
	r, err := a.Send(t.Context(), channels.Outbound{ID: "o", Address: customer(0), Text: long})
	if got := srv.Sent(); err != nil || len(got) != 2 || !strings.HasPrefix(got[1].Text, "(2/2) ") || r.ProviderID != got[0].ID || !slices.Equal(r.Parts, []string{got[1].ID}) {
		t.Fatalf("%v, %+v, %+v", err, r, got)
	}
	var se *channels.SendError
	for _, f := range []smstest.Fault{{Status: 400, Code: 21610, Text: "x"}, {Status: 503, Code: 20503, Text: "x"}} {
		n := 0
		srv.OnSend(func(smstest.Message) *smstest.Fault {
			if n++; n == 2 {
				return &f
			}
			return nil
		})
		_, err = a.Send(t.Context(), channels.Outbound{ID: "o2", Address: customer(0), Text: long})
		if !errors.As(err, &se) || !se.Uncertain || se.Permanent || !strings.Contains(se.Reason, "1 of 2 parts") {
			t.Errorf("%+v: %+v", f, se)
		}
	}
	// A gateway takes each id once, so there the whole is tried again.
	gw := startGateway(t)
	g, _ := openFor(t, genericSettings(gw, nil), pace{})
	n := 0
	gw.OnSend(func(smstest.Message) *smstest.Fault {
		if n++; n == 2 {
			return &smstest.Fault{Status: 503, Text: "later"}
		}
		return nil
	})
	if _, err = g.Send(t.Context(), channels.Outbound{ID: "o", Address: customer(0), Text: long}); !errors.As(err, &se) || se.Uncertain || se.Permanent {
		t.Errorf("%+v", err)
	}
	if _, err = g.Send(t.Context(), channels.Outbound{ID: "o", Address: customer(0), Text: long, Attempt: 2}); err != nil || len(gw.Sent()) != 2 {
		t.Errorf("%v: %d", err, len(gw.Sent()))
	}
}

func TestNames(t *testing.T) {
	srv := startTwilio(t)
	a, _ := openFor(t, twilioSettings(srv, nil), pace{})
	var se *channels.SendError
	if _, err := a.Send(t.Context(), channels.Outbound{ID: "o", Address: "BANK", Text: "x"}); !errors.As(err, &se) || !se.Permanent || !se.Unreachable || len(srv.Sent()) != 0 {
		t.Errorf("an answer to a name: %+v", se)
	}
	if _, err := a.Send(t.Context(), channels.Outbound{ID: "o", Address: "30005", Text: "x"}); err != nil || srv.Sent()[0].To != "30005" {
		t.Errorf("a short code: %v", err)
	}
}

func TestPace(t *testing.T) {
	srv, gw := startTwilio(t), startGateway(t)
	for _, c := range []struct {
		raw  json.RawMessage
		want float64
	}{
		{twilioSettings(srv, nil), 1},
		{twilioSettings(srv, map[string]any{"per_second": 0.5}), 0.5},
		{twilioSettings(srv, map[string]any{"number": "MG00000000000000000000000000000001"}), 10},
		{genericSettings(gw, nil), 0},
	} {
		a, _ := openFor(t, c.raw, pace{})
		if got := a.(channels.Pacer).Pace(); got.PerSecond != c.want {
			t.Errorf("%s: %+v", c.raw, got)
		}
	}
}

func TestSettingsAtFault(t *testing.T) {
	srv, gw, vo, ka := startTwilio(t), startGateway(t), startVonage(t), startKavenegar(t)
	for _, c := range []struct {
		field string
		raw   json.RawMessage
	}{
		{"account_sid", twilioSettings(srv, map[string]any{"account_sid": "AC1"})},
		{"auth_token", twilioSettings(srv, map[string]any{"auth_token": " "})},
		{"api_key", twilioSettings(srv, map[string]any{"api_key": "AC1"})},
		{"api_key_secret", twilioSettings(srv, map[string]any{"api_key": smstest.APIKey})},
		{"service_sid", twilioSettings(srv, map[string]any{"service_sid": "AC1"})},
		{"api_url", twilioSettings(srv, map[string]any{"api_url": "ftp://x"})},
		{"webhook_url", twilioSettings(srv, map[string]any{"webhook_url": "hub"})},
		{"region", twilioSettings(srv, map[string]any{"region": "XX"})},
		{"per_second", twilioSettings(srv, map[string]any{"per_second": -1})},
		{"answers", twilioSettings(srv, map[string]any{"answers": "maybe"})},
		{"provider", twilioSettings(srv, map[string]any{"provider": "pigeon"})},
		{"vonage_key", vonageSettings(vo, map[string]any{"vonage_key": ""})},
		{"vonage_secret", vonageSettings(vo, map[string]any{"vonage_secret": ""})},
		{"vonage_signature", vonageSettings(vo, map[string]any{"vonage_signature": "short"})},
		{"kavenegar_key", kavenegarSettings(ka, map[string]any{"kavenegar_key": ""})},
		{"hook_token", kavenegarSettings(ka, map[string]any{"hook_token": "short"})},
		{"hook_token", kavenegarSettings(ka, map[string]any{"hook_token": "with/slashes/and more"})},
		{"send_url", genericSettings(gw, map[string]any{"send_url": ""})},
		{"secret", genericSettings(gw, map[string]any{"secret": "short"})},
		{"auth", genericSettings(gw, map[string]any{"auth": "none"})},
	} {
		_, err := Kind().Open(channels.Config{ID: "acc1", Settings: c.raw})
		var fe *channels.FieldError
		if !errors.As(err, &fe) || fe.Field != c.field {
			t.Errorf("%s: %v", c.field, err)
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

func FuzzVonage(f *testing.F) {
	f.Add([]byte(`{"message_uuid":"1","from":"98912","text":"x","timestamp":"2026-01-01T14:00:00.000Z"}`), "IR")
	f.Add([]byte(`{"message_uuid":"1","status":"rejected","error":{"type":"#1"}}`), "")
	f.Add([]byte(`{"message_uuid":"1","from":"447700900000","message_type":"image"}`), "")
	f.Fuzz(func(t *testing.T, body []byte, region string) {
		if len(body) == 0 {
			return
		}
		if s, is := vonageStatus(body); is && (s.id == "" || len(s.id) > channels.MaxKey) {
			t.Fatalf("%+v", s)
		}
		sane(t, vonageInbound(body, region))
	})
}

func FuzzKavenegar(f *testing.F) {
	f.Add("messageid=1&from=09121234567&message=%D8%B3", "IR")
	f.Add("messageid=&status=10", "")
	f.Fuzz(func(t *testing.T, body, region string) {
		form, err := url.ParseQuery(body)
		if err != nil || body == "" {
			return
		}
		if s := kavenegarStatus(form); len(s.id) > channels.MaxKey {
			t.Fatalf("%+v", s)
		}
		sane(t, kavenegarInbound(form, []byte(body), region))
	})
}

func FuzzWords(f *testing.F) {
	f.Add("لغو ۱۱")
	f.Add("*stop*")
	w := wordsOf(settings{Provider: "generic"})
	f.Fuzz(func(t *testing.T, text string) {
		in := channels.Inbound{Text: text}
		w.read(&in)
		if in.Consent != "" && (utf8.RuneCountInString(fold(text)) > 12 || w.meaning[fold(" "+text+"! ")] != in.Consent) {
			t.Fatalf("%q means %q", text, in.Consent)
		}
	})
}
