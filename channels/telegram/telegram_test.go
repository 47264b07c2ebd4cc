package telegram

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"tamas/channels"
	"tamas/channels/channeltest"
	"tamas/channels/provider"
	"tamas/channels/telegram/telegramtest"
)

// account opens an account at a double; more overrides its settings.
func account(t *testing.T, srv *telegramtest.Server, more map[string]any) (*adapter, *channeltest.Desk) {
	t.Helper()
	desk := channeltest.NewDesk()
	return accountAt(t, srv, desk, more), desk
}

// accountAt opens it at a desk that there is.
func accountAt(t *testing.T, srv *telegramtest.Server, desk *channeltest.Desk, more map[string]any) *adapter {
	t.Helper()
	set := map[string]any{"token": telegramtest.Token, "api_url": srv.URL()}
	for k, v := range more {
		set[k] = v
	}
	raw, _ := json.Marshal(set)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	a, err := open(channels.Config{ID: "acc1", Settings: raw, PublicURL: "http://127.0.0.1:1", Secret: bytes.Repeat([]byte{1}, 32),
		Desk: desk, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Client: &http.Client{Transport: transport}}, fast)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, w := range desk.Wrong() {
			t.Errorf("the adapter breaks the contract: %s", w)
		}
	})
	return a
}

// run runs the account until stop, or until the test ends.
func run(t *testing.T, a *adapter) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			_ = a.Run(ctx)
			_ = provider.Pause(ctx, 10*time.Millisecond)
		}
	}()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

// hook hands an update to the account's webhook and gives the answer's status.
func hook(a *adapter, method, secret, body string) int {
	r := httptest.NewRequest(method, "/", strings.NewReader(body))
	r.Header.Set("X-Telegram-Bot-Api-Secret-Token", secret)
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	return w.Code
}

func TestConflictAndForeignWebhook(t *testing.T) {
	srv := start(t)
	srv.SetWebhook("https://other.example/secret-path")
	a, desk := account(t, srv, nil)
	run(t, a)
	desk.AwaitHealth(t, "refused")
	h := desk.Healths()
	if h := h[len(h)-1]; !strings.Contains(h.Detail, "other.example") || strings.Contains(h.Detail, "secret-path") || !strings.Contains(h.Do, "Delete the webhook") {
		t.Errorf("%+v", h)
	}
	if err := a.Check(context.Background()); err == nil || !strings.Contains(err.Error(), "Take the bot over") {
		t.Errorf("the check while another program holds the bot: %v", err)
	}
	if srv.Webhook() == "" {
		t.Error("the webhook of another program was removed")
	}

	taking, desk2 := account(t, srv, map[string]any{"take_over": true})
	run(t, taking)
	desk2.AwaitHealth(t, "connected")
	if srv.Webhook() != "" {
		t.Error("the webhook of another program is still there")
	}
	// The first account gives no rest now: the two fetch in each other's way, which both must say.
	desk.Await(t, "a report of the conflict", func() bool {
		for _, h := range append(desk.Healths(), desk2.Healths()...) {
			if h.State == "refused" && strings.Contains(h.Detail, "Another program is fetching") && h.Do != "" {
				return true
			}
		}
		return false
	})
}

func TestOwnWebhookGoesWhenPolling(t *testing.T) {
	srv := start(t)
	srv.SetWebhook("https://old-address.example/hooks/acc1/")
	a, desk := account(t, srv, nil)
	run(t, a)
	desk.AwaitHealth(t, "connected")
	srv.Say(customer(0), "hello")
	desk.AwaitMessages(t, 1)
}

func TestWebhookIsTakenAway(t *testing.T) {
	srv := start(t)
	a, desk := account(t, srv, map[string]any{"mode": "webhook"})
	run(t, a)
	desk.AwaitHealth(t, "connected")
	if srv.Webhook() != "http://127.0.0.1:1/hooks/acc1/" {
		t.Errorf("webhook %q", srv.Webhook())
	}
	srv.SetWebhook("https://other.example/x")
	desk.AwaitHealth(t, "refused")
}

func TestWebhookGuards(t *testing.T) {
	srv := start(t)
	a, desk := account(t, srv, map[string]any{"mode": "webhook"})
	update := `{"update_id":1,"message":{"message_id":2,"date":3,"chat":{"id":4,"type":"private"},"text":"hi"}}`
	if c := hook(a, "POST", "wrong", update); c != 401 {
		t.Errorf("wrong secret: %d", c)
	}
	if c := hook(a, "POST", "", update); c != 401 {
		t.Errorf("no secret: %d", c)
	}
	if c := hook(a, "GET", a.secret, ""); c != 405 {
		t.Errorf("GET: %d", c)
	}
	desk.FailNext(1)
	if c := hook(a, "POST", a.secret, update); c != 503 {
		t.Errorf("unrecorded: %d", c)
	}
	if len(desk.Messages()) != 0 {
		t.Error("recorded what should not be")
	}
	if c := hook(a, "POST", a.secret, update); c != 200 || len(desk.Messages()) != 1 {
		t.Errorf("recorded: %d, %d messages", c, len(desk.Messages()))
	}
	if c := hook(a, "POST", a.secret, "not json"); c != 200 || len(desk.Messages()) != 2 {
		t.Errorf("not JSON: %d, %d messages", c, len(desk.Messages()))
	}
	polling, _ := account(t, srv, nil)
	if c := hook(polling, "POST", "", update); c != 404 {
		t.Errorf("a polling account's webhook: %d", c)
	}
}

func TestStartLink(t *testing.T) {
	srv := start(t)
	a, desk := account(t, srv, nil)
	run(t, a)
	const id = "0123456789abcdef"
	link := a.StartLink(id)
	payload, ok := strings.CutPrefix(link, "https://t.me/tamas_test_bot?start=")
	if !ok || len(payload) > 64 || strings.Trim(payload, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") != "" {
		t.Fatalf("link %q", link)
	}
	forged := "A" + payload[1:]
	if payload[0] == 'A' {
		forged = "B" + payload[1:]
	}
	other, _ := account(t, srv, nil)
	other.linked = keyed([]byte("of another account"), "telegram start link")
	for i, c := range []struct{ payload, customer string }{
		{payload, id},
		{forged, ""},
		{payload[:len(payload)-2] + "AA", ""},
		{a.payload(id, time.Now().Add(-time.Second)), ""},
		{other.payload(id, time.Now().Add(time.Hour)), ""},
		{a.payload("Customer-7", time.Now().Add(time.Hour)), "Customer-7"},
		{"campaign42", ""},
	} {
		srv.Say(customer(0), "/start "+c.payload)
		m := desk.AwaitMessages(t, i+1)[i]
		switch {
		case c.customer == "" && (m.Link != nil || m.Text != "/start "+c.payload):
			t.Errorf("%d: %+v", i, m)
		case c.customer != "" && (m.Link == nil || m.Link.Customer != c.customer || m.Link.Evidence == "" || m.Link.Once == "" || m.Link.Once == m.Text || m.Text != "/start"):
			t.Errorf("%d: %+v, %+v", i, m, m.Link)
		}
	}
	// Forwarded, or spelled otherwise, it is the same link; of another moment it is another.
	name := func(payload string) string {
		t.Helper()
		who, link := a.customerOf(payload)
		if who != id || link == "" || strings.Contains(payload, link) {
			t.Fatalf("%q: %q %q", payload, who, link)
		}
		return link
	}
	if name(payload) != name(payload[:9]+"\n"+payload[9:]) || name(payload) == name(a.payload(id, time.Now().Add(time.Hour))) {
		t.Error("the link's name")
	}
	srv.Say(customer(1), "/start "+payload)
	srv.Say(customer(2), "/start "+payload)
	if list := desk.AwaitMessages(t, 9); list[7].Link.Once != name(payload) || list[8].Link.Once != name(payload) || list[7].Address == list[8].Address {
		t.Errorf("%+v %+v", list[7], list[8])
	}
	if l := a.StartLink(strings.Repeat("x", 28)); l != "" {
		t.Errorf("a link for an id that is too long: %q", l)
	}
	if l := a.StartLink(strings.Repeat("x", 27)); len(l) != len("https://t.me/tamas_test_bot?start=")+64 {
		t.Errorf("the longest link: %q", l)
	}
}

func TestVerifyShowsGaps(t *testing.T) {
	srv := start(t)
	a, desk := account(t, srv, nil)
	stop := run(t, a)
	verify := func() (gaps, notes []string) {
		t.Helper()
		err := a.Verify(context.Background(), &channels.Audit{Since: time.Now().Add(-time.Hour),
			Found: func(f channels.Found) error { t.Errorf("found %+v", f); return nil },
			Note:  func(f string, args ...any) { notes = append(notes, f) },
			Gap:   func(f string, args ...any) { gaps = append(gaps, strings.TrimSpace(strings.ReplaceAll(f, "%d", "#"))) },
		})
		if err != nil {
			t.Fatal(err)
		}
		return gaps, notes
	}
	srv.Say(customer(0), "one")
	srv.Inject(1, `{"update_id":%d,"message":{"message_id":5,"date":1,"chat":{"id":-100,"type":"channel"},"text":"passed over"}}`)
	srv.Say(customer(0), "two")
	desk.AwaitMessages(t, 2)
	if gaps, _ := verify(); len(gaps) != 0 {
		t.Errorf("nothing is missing: %q", gaps)
	}
	srv.Lose(3)
	srv.Say(customer(0), "three")
	desk.AwaitMessages(t, 3)
	desk.Await(t, "the acknowledgement", func() bool { return srv.Pending() == 0 })
	if gaps, _ := verify(); len(gaps) != 1 {
		t.Errorf("three updates are missing: %q", gaps)
	}
	cursor, _ := desk.Cursor(context.Background())
	if pos, ok := parsePosition(cursor); !ok || len(pos.gaps) != 1 || pos.gaps[0].to-pos.gaps[0].from != 2 || pos.String() != cursor {
		t.Errorf("cursor %q: %+v", cursor, pos)
	}
	// Another program's webhook is a gap in itself.
	stop()
	srv.SetWebhook("https://other.example/x")
	if gaps, _ := verify(); len(gaps) != 2 {
		t.Errorf("another program has the bot: %q", gaps)
	}
}

func TestPosition(t *testing.T) {
	now := time.Unix(1_767_225_600, 0)
	p, ok := parsePosition("500000016") // of the version before
	p.saw(500000020, now)
	if !ok || len(p.gaps) != 0 || p.next != 500000021 {
		t.Errorf("a cursor that does not tell when: %+v", p)
	}
	p.saw(500000021, now.Add(time.Second))
	p.saw(500000024, now.Add(2*time.Second))
	if len(p.gaps) != 1 || p.gaps[0] != (gap{500000022, 500000023, now.Add(2 * time.Second)}) {
		t.Errorf("%+v", p)
	}
	p.saw(500000022, now.Add(3*time.Second)) // again
	if p.next != 500000025 || len(p.gaps) != 1 {
		t.Errorf("%+v", p)
	}
	p.saw(17, now.Add(8*24*time.Hour)) // after a quiet week
	if p.next != 18 || len(p.gaps) != 1 {
		t.Errorf("%+v", p)
	}
	for i := range int64(200) {
		p.saw(p.next+1+i, now.Add(8*24*time.Hour))
	}
	if s := p.String(); len(p.gaps) != maxGaps || len(s) > channels.MaxCursor {
		t.Errorf("%d gaps, %d bytes", len(p.gaps), len(s))
	}
	for _, bad := range []string{"x", "-5", "12x 4"} {
		if _, ok := parsePosition(bad); ok {
			t.Errorf("%q is taken for a cursor", bad)
		}
	}
	if again, ok := parsePosition(p.String()); !ok || again.String() != p.String() {
		t.Errorf("%q, %q", p, again)
	}
}

// A bot that is written to after it fell behind says so, and what it has been told it keeps.
func TestSettings(t *testing.T) {
	for _, c := range []struct {
		set   string
		field string
	}{
		{`{"token":"123:x"}`, "token"},
		{`{"token":"` + telegramtest.Token + `","mode":"push"}`, "mode"},
		{`{"token":"` + telegramtest.Token + `","mode":"webhook"}`, "mode"},
		{`{"token":"` + telegramtest.Token + `","groups":"some"}`, "groups"},
		{`{"token":"` + telegramtest.Token + `","api_url":"ftp://x"}`, "api_url"},
	} {
		_, err := Kind().Open(channels.Config{Settings: json.RawMessage(c.set), Desk: channeltest.NewDesk()})
		if fe, ok := err.(*channels.FieldError); !ok || fe.Field != c.field {
			t.Errorf("%s: %v", c.set, err)
		}
	}
}
