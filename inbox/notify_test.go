package inbox

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tamas/channels"
	"tamas/channels/email"
	"tamas/channels/email/emailtest"
	"tamas/channels/signed"
	"tamas/inbox/record"
)

// hook is a program that is told of alerts.
type hook struct {
	*httptest.Server
	mu     sync.Mutex
	heard  []Word
	bad    []string
	answer func(call int, w http.ResponseWriter, r *http.Request) (done bool)
	calls  int
	secret string
}

func newHook(t *testing.T) *hook {
	k := &hook{}
	k.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		k.mu.Lock()
		defer k.mu.Unlock()
		k.calls++
		if k.answer != nil && k.answer(k.calls, w, r) {
			return
		}
		var word Word
		if err := json.Unmarshal(body, &word); err != nil {
			k.bad = append(k.bad, err.Error())
		}
		if err := signed.Verify(r.Header.Get(signed.Header), time.Now(), body, k.secret); err != nil {
			k.bad = append(k.bad, err.Error())
		}
		if r.Method != http.MethodPost || r.Header.Get(WordHeader) != word.ID || word.ID == "" {
			k.bad = append(k.bad, r.Method+" "+r.Header.Get(WordHeader))
		}
		k.heard = append(k.heard, word)
	}))
	t.Cleanup(k.Close)
	return k
}

func (k *hook) words() (states []string, all []Word) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, w := range k.heard {
		states = append(states, w.State)
	}
	return states, slices.Clone(k.heard)
}

// ruled is a hub with rules, without agents at work.
func ruled(t *testing.T, r *rig, kinds []channels.Kind, rules ...record.AlertRule) *Hub {
	t.Helper()
	db := r.openDB()
	if _, err := db.SetSetting(t.Context(), AlertsSetting, 0, rules); err != nil {
		t.Fatal(err)
	}
	h, _ := r.hub(func(o *Options) { o.Kinds = append(o.Kinds, kinds...) })
	return h
}

// A trouble is told to the rule's webhook when it begins and when it is over, signed, each under one id, again when the other side was
// not well; and one after the other.
func TestWebhookIsTold(t *testing.T) {
	r := newRig(t, store{"redis-server", "sqlite"})
	k := newHook(t)
	k.answer = func(call int, w http.ResponseWriter, _ *http.Request) bool {
		if call == 1 {
			w.WriteHeader(http.StatusBadGateway)
		}
		return call == 1
	}
	h := ruled(t, r, nil, record.AlertRule{ID: "acc", Kind: record.RuleAccount, Webhook: k.URL + "/in?token=x", Sound: true})
	k.mu.Lock()
	k.secret, _ = h.AlertSecret("acc")
	k.mu.Unlock()
	since := record.At(time.Now().Add(-time.Hour))
	eventually(t, "connected", func() bool { return h.Health(r.account.ID).State == "connected" })
	h.health.change(r.account.ID, func(x *AccountHealth, now record.Millis) bool {
		x.State, x.Detail, x.ReportedAt, x.TroubleAt = "refused", "wrong password", now, since
		return true
	})
	eventually(t, "the alert stands", func() bool { return len(h.Alerts()) == 1 })
	if a := h.Alerts()[0]; a.Rule != "acc" || !a.Sound || a.TextFA == "" {
		t.Errorf("%+v", a)
	}
	h.health.report(r.account.ID, channels.Health{State: "connected"})
	eventually(t, "both words", func() bool { states, _ := k.words(); return len(states) == 2 })
	states, words := k.words()
	if !slices.Equal(states, []string{Firing, Over}) || words[0].ID == words[1].ID || words[0].Alert.Kind != "refused" || words[0].Alert.Since != since {
		t.Errorf("%+v", words)
	}
	eventually(t, "nothing is left to be told", func() bool {
		n, err := h.rdb.HLen(t.Context(), h.keys.told()).Result()
		return n == 0 && err == nil
	})
	if k.mu.Lock(); len(k.bad) > 0 || k.calls != 3 {
		t.Errorf("%d calls; %q", k.calls, k.bad)
	}
	k.mu.Unlock()
	other, _ := h.AlertSecret("other")
	if other == k.secret || len(k.secret) != 64 {
		t.Error("a rule's secret is not its own")
	}
}

// Mails come from the rule's account, in both languages, and no conversation is made of them.
func TestAlertIsMailed(t *testing.T) {
	r := newRig(t, store{"in-process", "sqlite"})
	mail, err := emailtest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(mail.Close)
	db := r.openDB()
	if _, err := db.SetSetting(t.Context(), FirmSetting, 0, Firm{Name: "Acme", Locale: "fa", Timezone: "UTC"}); err != nil {
		t.Fatal(err)
	}
	h := ruled(t, r, []channels.Kind{email.Kind()})
	row, err := h.SaveAccount(t.Context(), record.Account{Kind: "email", Name: "Support", Queue: r.queue.ID, Enabled: true, Settings: mail.Settings(emailtest.Password)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	rule := record.AlertRule{ID: "n", Kind: record.RuleUnstaffed, Emails: []string{"boss@example.com", "chief@example.com"}, Account: row.ID}
	if _, err := db.SetSetting(t.Context(), AlertsSetting, 1, []record.AlertRule{rule}); err != nil {
		t.Fatal(err)
	}
	if err := h.SettingsChanged(t.Context(), AlertsSetting); err != nil {
		t.Fatal(err)
	}
	eventually(t, "both are told", func() bool { return len(mail.Sent()) == 2 })
	to := map[string]bool{}
	for _, m := range mail.Sent() {
		to[m.To[0]] = true
		text := string(m.Raw)
		if m.From != emailtest.Address || !strings.Contains(text, "Auto-Submitted: auto-") {
			t.Errorf("from %s: %s", m.From, text)
		}
	}
	if !maps.Equal(to, map[string]bool{"boss@example.com": true, "chief@example.com": true}) {
		t.Errorf("told %v", to)
	}
	if convs, _ := h.Live(); len(convs) != 0 {
		t.Errorf("%d conversations were made", len(convs))
	}

	tried, err := h.TryAlert(t.Context(), "n")
	if err != nil || len(tried) != 2 || !tried[0].OK || !tried[1].OK {
		t.Errorf("%+v, %v", tried, err)
	}
	mail.Fail(emailtest.Permanent, emailtest.Permanent)
	if tried, err = h.TryAlert(t.Context(), "n"); err != nil || tried[0].OK || tried[0].Error == "" {
		t.Errorf("a mail server that refuses: %+v, %v", tried, err)
	}
	if _, err := h.TryAlert(t.Context(), "none"); code(err) != "not_found" {
		t.Error(err)
	}
}

// What a webhook's address leads to is the admin's choice, but it is http(s), is not led elsewhere, and its answer is not waited for
// or read without end.
func TestWebhookIsBounded(t *testing.T) {
	for _, bad := range []string{"", "ftp://example.com/", "file:///etc/passwd", "gopher://x", "//example.com/x", "http://", "javascript:alert(1)", "http://" + strings.Repeat("x", 3000)} {
		if CheckWebhook(bad) == nil {
			t.Errorf("%.40q is taken", bad)
		}
	}
	if err := CheckWebhook("https://10.0.0.1:8443/in?x=1"); err != nil {
		t.Error(err)
	}
	h := &Hub{key: make([]byte, keySize)}
	h.settings.Store(&Settings{})
	elsewhere, k := newHook(t), newHook(t)
	k.secret, _ = h.AlertSecret("r")
	call := func(path string) error {
		return h.callWebhook(t.Context(), record.AlertRule{ID: "r", Webhook: k.URL + path}, Word{ID: "w", State: trying})
	}
	k.answer = func(_ int, w http.ResponseWriter, r *http.Request) bool {
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		case "/get":
			http.Redirect(w, r, "/", http.StatusFound)
		case "/near":
			http.Redirect(w, r, "/", http.StatusTemporaryRedirect)
		case "/round":
			http.Redirect(w, r, "/round", http.StatusTemporaryRedirect)
		case "/long":
			for range 1 << 20 {
				if _, err := w.Write(make([]byte, 1<<10)); err != nil {
					return true
				}
			}
		default:
			return false
		}
		return true
	}
	for path, want := range map[string]string{"/": "", "/near": "", "/away": "it answers 307", "/get": "it answers 302", "/round": "it answers 307", "/long": ""} {
		err := call(path)
		if want == "" && err != nil || want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
	if states, _ := elsewhere.words(); len(states) > 0 || len(k.bad) > 0 {
		t.Errorf("another host was called: %v; %q", states, k.bad)
	}
	gone := httptest.NewServer(nil)
	gone.Close()
	err := h.callWebhook(t.Context(), record.AlertRule{ID: "r", Webhook: gone.URL + "/?token=secret"}, Word{ID: "w"})
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("the error tells the address: %v", err)
	}
}

// What nobody could have heard is no silence: after a time without a hub an account has its whole limit again.
func TestSilenceBeginsWhenTheHubListens(t *testing.T) {
	t.Parallel()
	r := newRig(t, store{"redis-server", "sqlite"})
	r.tune = byHand
	h, stop := r.hub()
	if err := h.keepAlerts(t.Context(), newAlertWatch()); err != nil {
		t.Fatal(err)
	}
	h.health.change(r.account.ID, func(x *AccountHealth, now record.Millis) bool {
		x.FirstAt, x.MessageAt, x.ListenAt = now-100*3600_000, now-10*3600_000, 0
		return true
	})
	row := record.Account{Enabled: true, SilentMins: 60}
	if silentSince(row, h.health.of(r.account.ID), time.Now()) == 0 {
		t.Error("an account that has brought nothing for ten hours is not silent")
	}
	// A hand-over is no time without a hub.
	if err := h.listen(t.Context()); err != nil || h.health.of(r.account.ID).ListenAt != 0 {
		t.Errorf("after a moment: %v", err)
	}
	stop()
	next, _ := r.hub()
	if err := next.rdb.Set(t.Context(), next.keys.led(), time.Now().Add(-5*time.Minute).UnixMilli(), 0).Err(); err != nil {
		t.Fatal(err)
	}
	if err := next.listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	next.health.change(r.account.ID, func(x *AccountHealth, now record.Millis) bool {
		x.FirstAt, x.MessageAt = now-100*3600_000, now-10*3600_000
		return true
	})
	x := next.health.of(r.account.ID)
	if at := silentSince(row, x, time.Now()); at != 0 || x.ListenAt == 0 {
		t.Errorf("silent since %v, heard again since %v", at, x.ListenAt)
	}
	if at := silentSince(row, x, time.Now().Add(61*time.Minute)); at != x.ListenAt {
		t.Errorf("an hour later: %v", at)
	}
	if next.view(x).ListenAt != 0 {
		t.Error("people see what is the hub's own")
	}
}

// Where a webhook leads is the supervisors' choice, but not to what only a machine may ask its own host, such as a cloud's metadata.
func TestWebhooksLeadToNoMetadata(t *testing.T) {
	h := &Hub{key: make([]byte, 32)}
	for _, address := range []string{"http://169.254.169.254/latest/meta-data", "http://[fe80::1]/", "http://[::ffff:169.254.169.254]/", "http://0.0.0.0:1/", "http://[::]:1/", "http://224.0.0.1/"} {
		ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
		err := h.callWebhook(ctx, record.AlertRule{ID: "r", Webhook: address}, Word{ID: "w"})
		cancel()
		if !errors.Is(err, errWebhookAddress) {
			t.Errorf("%s: %v", address, err)
		}
	}
}
