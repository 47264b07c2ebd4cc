package sms

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"tamas/channels"
	"tamas/channels/channeltest"
	"tamas/channels/signed"
	"tamas/channels/sms/smstest"
)

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

// What Kavenegar no longer lists holds up neither a catch-up nor a comparison.
func TestKavenegarOldDates(t *testing.T) {
	srv := startKavenegar(t)
	srv.ListsSince(time.Now().Add(-50 * time.Hour))
	a, desk := openFor(t, kavenegarSettings(srv, nil), pace{})
	k := a.(*kavenegar)
	k.since = time.Now().Add(-10 * 24 * time.Hour)
	srv.Old(national(0), "yesterday", time.Now().Add(-20*time.Hour))
	if err := k.catchUp(t.Context(), k.inbox); err != nil {
		t.Fatal(err)
	}
	if got := desk.Messages(); len(got) != 1 || !got[0].Imported {
		t.Errorf("%+v", got)
	}
	notes, found := 0, 0
	err := k.Verify(t.Context(), &channels.Audit{Since: k.since, Gap: t.Errorf, Note: func(string, ...any) { notes++ }, Found: func(channels.Found) error { found++; return nil }})
	if err != nil || notes == 0 || found != 1 {
		t.Errorf("%v: %d notes, %d found", err, notes, found)
	}
}
