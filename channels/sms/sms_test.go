package sms

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
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

// Reports that the webhook missed are read from the list: after downtime, and always where there is no webhook.
func TestReportsCatchUp(t *testing.T) {
	tw, ka := startTwilio(t), startKavenegar(t)
	for name, c := range map[string]struct {
		settings json.RawMessage
		report   func(id string, ok bool)
	}{
		"twilio": {twilioSettings(tw, nil), func(id string, ok bool) {
			tw.SendStatus(id, map[bool]string{true: "delivered", false: "undelivered"}[ok], map[bool]int{false: 30005}[ok])
		}},
		"kavenegar": {kavenegarSettings(ka, nil), func(id string, ok bool) { ka.SendStatus(id, map[bool]int{true: 10, false: 11}[ok]) }},
	} {
		for _, hooked := range []bool{true, false} {
			a, desk := openFor(t, c.settings, pace{look: 10 * time.Millisecond})
			var acc *account
			switch a := a.(type) {
			case *twilio:
				acc = a.account
			case *kavenegar:
				acc = a.account
			}
			if !hooked {
				acc.hook = ""
			}
			send := func(id string) string {
				r, err := a.Send(t.Context(), channels.Outbound{ID: id, Address: customer(1), Text: "did it arrive?"})
				if err != nil {
					t.Fatal(err)
				}
				return r.ProviderID
			}
			good, bad, open := send("o1"), send("o2"), send("o3")
			c.report(good, true)
			c.report(bad, false)
			desk.SetCursor(time.Now().Add(-time.Minute).UTC().Format(time.RFC3339)) // it has run before
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() { _ = a.Run(ctx); close(done) }()
			told := func(id string) bool {
				return slices.ContainsFunc(desk.Statuses(), func(s channeltest.Status) bool { return s.ProviderID == id })
			}
			desk.Await(t, name+": two reports", func() bool { return told(good) && told(bad) })
			if !hooked {
				c.report(open, true)
				desk.Await(t, name+": the third", func() bool { return told(open) })
			}
			cancel()
			<-done
			byID := map[string]channeltest.Status{}
			for _, s := range desk.Statuses() {
				byID[s.ProviderID] = s
			}
			if n := len(desk.Statuses()); n != len(byID) || byID[good].State != "delivered" || byID[bad].State != "failed" || byID[bad].Reason == "" || (byID[open].State != "") == hooked {
				t.Errorf("%s, hooked %v: %+v", name, hooked, desk.Statuses())
			}
		}
	}
}
