package telegram

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"tamas/channels"
	"tamas/channels/channeltest"
	"tamas/channels/telegram/telegramtest"
)

// account opens an account at a double; more overrides its settings.
func account(t *testing.T, srv *telegramtest.Server, more map[string]any) (*adapter, *channeltest.Desk) {
	t.Helper()
	set := map[string]any{"token": telegramtest.Token, "api_url": srv.URL()}
	for k, v := range more {
		set[k] = v
	}
	raw, _ := json.Marshal(set)
	desk := channeltest.NewDesk()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	a, err := open(channels.Config{ID: "acc1", Settings: raw, PublicURL: "http://127.0.0.1:1", Secret: bytes.Repeat([]byte{1}, 32),
		Desk: desk, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Client: &http.Client{Transport: transport}}, fast)
	if err != nil {
		t.Fatal(err)
	}
	return a, desk
}

// run runs the account until the test ends.
func run(t *testing.T, a *adapter) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			_ = a.Run(ctx)
			_ = pause(ctx, 10*time.Millisecond)
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
}

func TestContent(t *testing.T) {
	srv := start(t)
	a, desk := account(t, srv, nil)
	run(t, a)
	who := customer(0)
	id := srv.Say(who, "first")
	srv.Edit(who, id, "first, corrected")
	srv.Edit(who, id, "first, corrected twice")
	photo := []map[string]any{{"file_id": "x", "file_unique_id": "y", "width": 1, "height": 1}}
	for _, f := range []map[string]any{
		{"photo": photo, "caption": "our kitchen"},
		{"document": map[string]any{"file_id": "x", "file_unique_id": "y", "file_name": "offer.pdf"}},
		{"voice": map[string]any{"file_id": "x", "file_unique_id": "y", "duration": 3}},
		{"sticker": map[string]any{"file_id": "x", "file_unique_id": "y", "emoji": "🌷", "type": "regular"}},
		{"location": map[string]any{"latitude": 35.7, "longitude": 51.4}},
		{"contact": map[string]any{"phone_number": "+98912", "first_name": "Ali"}},
		{"text": "😀 see here and there", "entities": []map[string]any{{"type": "text_link", "offset": 7, "length": 4, "url": "https://a.example/x"}}},
		{"text": "news", "forward_origin": map[string]any{"type": "hidden_user", "sender_user_name": "N", "date": 1}},
		{"some_thing_of_next_year": map[string]any{"a": 1}},
	} {
		srv.SayWith(who, f)
	}
	srv.Inject(-100, `{"update_id":%d,"message":{"message_id":5,"date":1,"chat":{"id":-100,"type":"supergroup"},"text":"in a group"}}`)
	srv.Inject(1, `{"update_id":%d,"poll":{"id":"1"}}`)
	srv.Say(who, "last")

	want := []string{
		"first", "[edited] first, corrected", "[edited] first, corrected twice", "[photo] our kitchen", "[file: offer.pdf]", "[voice message: 3 s]",
		"[sticker: 🌷]", "[location: 35.700000, 51.400000]", "[contact: Ali +98912]",
		"😀 see here (https://a.example/x) and there", "[forwarded] news", "", "last",
	}
	got := desk.AwaitMessages(t, len(want))
	for i, m := range got {
		if m.Text != want[i] {
			t.Errorf("message %d is %q, want %q", i, m.Text, want[i])
		}
		if m.Address != "4000" || m.Thread != "4000" || m.Name != "Mina Rad" || m.Lang != "fa" {
			t.Errorf("message %d is of %+v", i, m)
		}
	}
	if m := got[11]; m.Unreadable == "" || !bytes.Contains(m.Raw, []byte("next_year")) {
		t.Errorf("an unknown kind of message is not kept raw: %+v", m)
	}
	desk.Await(t, "everything is acknowledged", func() bool { return srv.Pending() == 0 })
	// The updates are numbered from 500000001 on; two of the fifteen brought nothing to record.
	if c, _ := desk.Cursor(context.Background()); c != "500000016" {
		t.Errorf("the recorded cursor is %q", c)
	}
}

func TestConflictAndForeignWebhook(t *testing.T) {
	srv := start(t)
	srv.SetWebhook("https://other.example/secret-path")
	a, desk := account(t, srv, nil)
	run(t, a)
	desk.AwaitHealth(t, "refused")
	h := desk.Healths()
	if d := h[len(h)-1].Detail; !strings.Contains(d, "other.example") || strings.Contains(d, "secret-path") {
		t.Errorf("detail: %q", d)
	}
	if err := a.Check(context.Background()); err == nil {
		t.Error("the check passes while another program holds the bot")
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
			if h.State == "refused" && strings.Contains(h.Detail, "Another program is fetching") {
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

func TestWebhookGuards(t *testing.T) {
	srv := start(t)
	a, desk := account(t, srv, map[string]any{"mode": "webhook"})
	update := `{"update_id":1,"message":{"message_id":2,"date":3,"chat":{"id":4,"type":"private"},"text":"hi"}}`
	call := func(method, secret, body string) int {
		r := httptest.NewRequest(method, "/", strings.NewReader(body))
		r.Header.Set("X-Telegram-Bot-Api-Secret-Token", secret)
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		return w.Code
	}
	if c := call("POST", "wrong", update); c != 401 {
		t.Errorf("wrong secret: %d", c)
	}
	if c := call("POST", "", update); c != 401 {
		t.Errorf("no secret: %d", c)
	}
	if c := call("GET", a.secret, ""); c != 405 {
		t.Errorf("GET: %d", c)
	}
	desk.FailNext(1)
	if c := call("POST", a.secret, update); c != 503 {
		t.Errorf("unrecorded: %d", c)
	}
	if len(desk.Messages()) != 0 {
		t.Error("recorded what should not be")
	}
	if c := call("POST", a.secret, update); c != 200 || len(desk.Messages()) != 1 {
		t.Errorf("recorded: %d, %d messages", c, len(desk.Messages()))
	}
	if c := call("POST", a.secret, "not json"); c != 200 || len(desk.Messages()) != 2 {
		t.Errorf("not JSON: %d, %d messages", c, len(desk.Messages()))
	}
	polling, _ := account(t, srv, nil)
	w := httptest.NewRecorder()
	polling.ServeHTTP(w, httptest.NewRequest("POST", "/", strings.NewReader(update)))
	if w.Code != 404 {
		t.Errorf("a polling account's webhook: %d", w.Code)
	}
}

func TestSendParts(t *testing.T) {
	srv := start(t)
	a, _ := account(t, srv, nil)
	srv.Say(customer(0), "hi")
	long := channels.Outbound{ID: "o", Thread: "4000", Address: "4000", Text: strings.Repeat("سلام دنیا ", 1000)}
	srv.FailNext() // none
	if _, err := a.Send(context.Background(), long); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, m := range srv.Sent() {
		all = append(all, m.Text)
	}
	if len(all) != 3 || strings.Join(all, " ") != strings.TrimSpace(long.Text) {
		t.Errorf("%d parts", len(all))
	}

	// Troubles after the first part are waited out within the call.
	n := 0
	srv.OnSend(func(telegramtest.Message) *telegramtest.Fault {
		if n++; n == 2 || n == 3 {
			return &telegramtest.Fault{Code: 500}
		}
		return nil
	})
	if _, err := a.Send(context.Background(), long); err != nil || len(srv.Sent()) != 6 {
		t.Fatalf("%v, %d parts", err, len(srv.Sent()))
	}
	// When they stay, it is uncertain, not to be sent again as a whole.
	n = 0
	srv.OnSend(func(telegramtest.Message) *telegramtest.Fault {
		if n++; n > 1 {
			return &telegramtest.Fault{Code: 429, RetryAfter: 3600}
		}
		return nil
	})
	_, err := a.Send(context.Background(), long)
	var se *channels.SendError
	if !errors.As(err, &se) || !se.Uncertain || se.RetryAfter != 0 || !strings.Contains(se.Reason, "1 of 3") {
		t.Errorf("%+v", err)
	}
}

func TestSendReasons(t *testing.T) {
	srv := start(t)
	a, _ := account(t, srv, nil)
	srv.Say(customer(0), "hi")
	m := channels.Outbound{ID: "o", Thread: "4000", Text: "hello"}
	for _, c := range []struct {
		fault telegramtest.Fault
		want  channels.SendError
	}{
		{telegramtest.Fault{Code: 403}, channels.SendError{Permanent: true, Reason: "blocked the bot"}},
		{telegramtest.Fault{Code: 403, Description: "Forbidden: user is deactivated"}, channels.SendError{Permanent: true, Reason: "no longer exists"}},
		{telegramtest.Fault{Code: 400}, channels.SendError{Permanent: true, Reason: "does not know this chat"}},
		{telegramtest.Fault{Code: 401}, channels.SendError{Reason: "token"}},
		{telegramtest.Fault{Code: 429, RetryAfter: 30}, channels.SendError{RetryAfter: 30 * time.Second, Reason: "less often"}},
		{telegramtest.Fault{Code: 503, Body: "<html>busy</html>"}, channels.SendError{Reason: "turned the message away"}},
		{telegramtest.Fault{Code: 502, Body: "<html>bad gateway</html>"}, channels.SendError{Uncertain: true, Reason: "may have taken"}},
		{telegramtest.Fault{Code: 200, Body: "surprise"}, channels.SendError{Uncertain: true, Reason: "may have taken"}},
	} {
		srv.FailNext(c.fault)
		_, err := a.Send(context.Background(), m)
		var se *channels.SendError
		if !errors.As(err, &se) || se.Permanent != c.want.Permanent || se.Uncertain != c.want.Uncertain || se.RetryAfter != c.want.RetryAfter ||
			!strings.Contains(se.Reason, c.want.Reason) {
			t.Errorf("%+v: %+v", c.fault, se)
		}
	}
	srv.FailNext(telegramtest.Fault{Code: 200, Body: `{"ok":true,"result":{"message_id":"of a new shape"}}`})
	if _, err := a.Send(context.Background(), m); err != nil {
		t.Errorf("accepted, with an answer of a new shape: %v", err)
	}
	if _, err := a.Send(context.Background(), channels.Outbound{Thread: "x", Text: "y"}); err == nil {
		t.Error("a chat that is none")
	}
	if _, err := a.Send(context.Background(), channels.Outbound{Thread: "4000", Text: " \n"}); err == nil {
		t.Error("a text that is none")
	}
}

func TestSplit(t *testing.T) {
	check := func(text string, limit int, want ...string) {
		t.Helper()
		if got := split(text, limit); !slices.Equal(got, want) {
			t.Errorf("split(%q, %d) = %q, want %q", text, limit, got, want)
		}
	}
	check("", 10)
	check(" \n ", 10)
	check("short", 10, "short")
	check("one two three", 8, "one two", "three")
	check("First. Second and third", 12, "First.", "Second and", "third")
	check("line one\nline two", 12, "line one", "line two")
	check("abcdefghijkl", 5, "abcde", "fghij", "kl")
	check("😀😀😀", 4, "😀😀", "😀")
	check("ab👍🏽", 5, "ab", "👍🏽") // a skin tone stays with its thumb
}

func FuzzSplit(f *testing.F) {
	f.Add("hello\n\nworld 😀 سلام", 6)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		limit = 2 + (limit&0xff)%200
		var all strings.Builder
		for _, p := range split(text, limit) {
			if n := len(utf16.Encode([]rune(p))); n > limit || n == 0 || !utf8.ValidString(p) {
				t.Fatalf("a part of %d units, limit %d: %q", n, limit, p)
			}
			all.WriteString(strings.Join(strings.Fields(p), ""))
		}
		if want := strings.Join(strings.Fields(strings.ToValidUTF8(text, "�")), ""); all.String() != want {
			t.Fatalf("text was lost: %q, want %q", all.String(), want)
		}
	})
}

func FuzzUpdate(f *testing.F) {
	f.Add([]byte(`{"update_id":1,"message":{"message_id":2,"date":3,"chat":{"id":4,"type":"private"},"from":{"id":4,"first_name":"A"},"text":"hi","entities":[{"type":"text_link","offset":0,"length":2,"url":"https://x"}]}}`))
	f.Add([]byte(`{"update_id":1,"edited_message":{"message_id":2,"edit_date":9,"chat":{"id":4,"type":"private"},"photo":[{}],"caption":"c"}}`))
	f.Add([]byte(`{"update_id":"x","message":{"chat":{"id":4}}}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		_, in, ok := parse(raw)
		if !ok {
			return
		}
		if in.Key == "" || len(in.Key) > channels.MaxKey || len(in.Name) > channels.MaxName {
			t.Fatalf("%+v", in)
		}
		if in.Unreadable == "" && (in.Thread == "" || in.Address == "") {
			t.Fatalf("nobody's message: %+v", in)
		}
		if in.Unreadable != "" && !bytes.HasPrefix(raw, in.Raw) {
			t.Fatalf("raw bytes were changed: %+v", in)
		}
		if _, again, _ := parse(raw); again.Key != in.Key {
			t.Fatalf("key is not stable: %q, %q", in.Key, again.Key)
		}
	})
}
