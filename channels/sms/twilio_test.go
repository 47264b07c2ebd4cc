package sms

import (
	"context"
	"errors"
	"fmt"
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

// A message whose files Twilio does not tell comes all the same, and what is behind it too.
func TestTwilioUnlistedMedia(t *testing.T) {
	srv := startTwilio(t)
	a, desk := openFor(t, twilioSettings(srv, nil), pace{})
	tw := a.(*twilio)
	srv.Say(customer(0), "see", smstest.Media{Type: "image/png", Content: []byte("x")})
	srv.Say(customer(1), "after it")
	srv.FailMediaList(404, 500, 404)
	desk.SetCursor(time.Now().Add(-time.Minute).UTC().Format(time.RFC3339))
	for try := 1; try < 3; try++ {
		if err := tw.catchUp(t.Context(), tw.listInbound); err == nil || unrecorded(err) {
			t.Errorf("try %d: %v", try, err)
		}
	}
	if err := tw.catchUp(t.Context(), tw.listInbound); err != nil {
		t.Fatal(err)
	}
	if got := desk.Messages(); len(got) != 2 || len(got[0].Files) != 1 || got[0].Files[0].Missing == "" || got[1].Text != "after it" {
		t.Errorf("%+v", got)
	}
}

// With a Messaging Service's own words Twilio says what a message means.
func TestTwilioOptOut(t *testing.T) {
	srv := startTwilio(t)
	a, desk := openFor(t, twilioSettings(srv, map[string]any{"answers": "on"}), pace{})
	for i, c := range []struct{ kind, body, consent string }{{"STOP", "no more", "stop"}, {"START", "yes please", "start"}, {"HELP", "HELP", ""}} {
		form := url.Values{"MessageSid": {fmt.Sprintf("SM%d", i)}, "From": {customer(0)}, "Body": {c.body}, "OptOutType": {c.kind}}
		if w := post(a, "/", form.Encode(), map[string]string{"X-Twilio-Signature": smstest.Sign("https://hub.example/hooks/acc1/", form)}); w.Code != 200 {
			t.Fatalf("%d", w.Code)
		}
		if m := desk.Messages()[i]; m.Consent != c.consent || m.Answer != "" {
			t.Errorf("%+v", m)
		}
	}
}

// A look at the list reads no more of the day than it needs.
func TestTwilioLooksAtWhatIsNew(t *testing.T) {
	srv := startTwilio(t)
	a, _ := openFor(t, twilioSettings(srv, nil), pace{})
	noon := time.Now().UTC().Truncate(24 * time.Hour).Add(-12 * time.Hour)
	for range 450 { // five pages of the double
		srv.Old(customer(0), "in the morning", noon.Add(-6*time.Hour))
	}
	srv.Old(customer(0), "at noon", noon)
	got, err := a.(*twilio).listInbound(t.Context(), noon.Add(-time.Minute), noon.Add(time.Minute))
	if err != nil || len(got) != 1 || srv.Pages() != 1 {
		t.Errorf("%v: %d messages, %d pages", err, len(got), srv.Pages())
	}
}
