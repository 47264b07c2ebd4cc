package webchat

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"tamas/channels"
)

const shop = `{"allowed_origins":["https://shop.example","http://localhost:3000"],"title":"Shop","ask_name":true}`

func TestOnlyAllowedOrigins(t *testing.T) {
	_, _, base := account(t, newDesk(), shop)
	v := newVisitorAt(t, base)
	for _, origin := range []string{"", "null", "https://evil.example", "https://shop.example.evil.example", "http://shop.example",
		"https://shop.example:8443", "https://Shop.example", "https://shop.example, https://evil.example", "https://shop.example/"} {
		v.origin = origin
		for path, method := range map[string]string{"config": "GET", "session": "POST", "messages": "GET", "typing": "POST", "seen": "POST"} {
			resp, b := v.call(method, path, "{}")
			if resp.StatusCode != http.StatusForbidden || resp.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s for %q: %d, allows %q", path, origin, resp.StatusCode, resp.Header.Get("Access-Control-Allow-Origin"))
			}
			if strings.Contains(string(b), "Shop") {
				t.Errorf("%s tells %q something: %s", path, origin, b)
			}
			if pre, _ := v.call("OPTIONS", path, ""); pre.StatusCode != http.StatusForbidden {
				t.Errorf("preflight of %s for %q: %d", path, origin, pre.StatusCode)
			}
		}
		if _, resp, err := v.tryDial(""); err == nil || resp == nil || resp.StatusCode != http.StatusForbidden {
			t.Errorf("a socket for %q: %v %+v", origin, err, resp)
		}
	}
	v.origin = "http://localhost:3000"
	resp, _ := v.call("GET", "config", "")
	if resp.StatusCode != 200 || resp.Header.Get("Access-Control-Allow-Origin") != v.origin || !slices.Contains(resp.Header.Values("Vary"), "Origin") ||
		resp.Header.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("config: %d %v", resp.StatusCode, resp.Header)
	}
	pre, _ := v.call("OPTIONS", "messages", "")
	if pre.StatusCode != 204 || pre.Header.Get("Access-Control-Allow-Origin") != v.origin || !strings.Contains(pre.Header.Get("Access-Control-Allow-Headers"), "Authorization") {
		t.Errorf("preflight: %d %v", pre.StatusCode, pre.Header)
	}
}

// A page of the hub's own origin sends no Origin with a GET; its Referer tells as much.
func TestOwnOriginByReferer(t *testing.T) {
	_, _, base := account(t, newDesk(), shop)
	for referer, want := range map[string]int{"https://shop.example/": 200, "https://shop.example/tea?x=1": 200, "https://evil.example/": 403, "": 403, "shop.example": 403} {
		req, _ := http.NewRequest("GET", base+"config", nil)
		req.Header.Set("Referer", referer)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("referer %q: %d, want %d", referer, resp.StatusCode, want)
		}
	}
}

func TestSession(t *testing.T) {
	a, _, base := account(t, newDesk(), shop)
	v := newVisitorAt(t, base)
	if !isVisitor(v.Visitor) {
		t.Fatalf("visitor %q", v.Visitor)
	}
	var again session
	if status := v.do("POST", "session", mustJSON(map[string]string{"token": v.Token}), &again); status != 200 || again.Visitor != v.Visitor {
		t.Errorf("resumed as %q with %d", again.Visitor, status)
	}
	other := newVisitorAt(t, base)
	if other.Visitor == v.Visitor {
		t.Error("two visitors are one")
	}
	forged := v.Token[:40] + strings.Repeat("A", len(v.Token)-40)
	if status := v.do("POST", "session", mustJSON(map[string]string{"token": forged}), nil); status != 401 {
		t.Errorf("forged token: %d", status)
	}
	v.Token = forged
	for path, method := range map[string]string{"messages": "GET", "typing": "POST", "seen": "POST"} {
		if status := v.do(method, path, `{"on":true,"id":"1-1","state":"read"}`, nil); status != 401 {
			t.Errorf("%s with a forged token: %d", path, status)
		}
	}
	if _, resp, err := v.tryDial(""); err == nil || resp == nil || resp.StatusCode != 401 {
		t.Errorf("a socket with a forged token: %v %+v", err, resp)
	}
	if status := v.do("POST", "session", `{"token":7}`, nil); status != 422 {
		t.Errorf("nonsense: %d", status)
	}
	if status := v.do("POST", "session", strings.Repeat("x", maxFrame+1), nil); status != 413 {
		t.Errorf("huge: %d", status)
	}
	var status int
	for range a.set.Sessions + 1 {
		if status = v.do("POST", "session", "{}", nil); status == 429 {
			break
		}
	}
	if status != 429 {
		t.Error("sessions from one address are not limited")
	}
}

func TestOddRequests(t *testing.T) {
	_, _, base := account(t, newDesk(), shop)
	v := newVisitorAt(t, base)
	for _, c := range []struct {
		method, path, body string
		want               int
	}{
		{"GET", "", "", 404}, {"GET", "nothing", "", 404}, {"GET", "config/", "", 404}, {"GET", "../acc2/config", "", 404},
		{"DELETE", "messages", "", 405}, {"GET", "session", "", 405}, {"POST", "config", "", 405}, {"POST", "widget.js", "", 405},
		{"GET", "socket", "", 401},
		{"GET", "messages?wait=x", "", 422}, {"GET", "messages?wait=-1", "", 422}, {"GET", "messages?after=" + strings.Repeat("1", 65), "", 422},
		{"POST", "messages", "", 422}, {"POST", "messages", "[]", 422}, {"POST", "messages", `{"text":"x"}`, 422},
		{"POST", "messages", `{"t":"ping"}`, 422}, {"POST", "messages", `{"key":"abcdefgh","text":" "}`, 422},
		{"POST", "messages", mustJSON(clientFrame{Key: "abcdefgh", Text: strings.Repeat("x", maxText+1)}), 413},
		{"POST", "messages", strings.Repeat("x", 100_000), 413},
		{"POST", "messages", "{\"key\":\"abcdefgh\",\"text\":\"\xff\"}", 422},
		{"POST", "typing", `{"on":1}`, 422}, {"POST", "seen", `{"id":"","state":"read"}`, 422},
	} {
		resp, b := v.call(c.method, c.path, c.body)
		if resp.StatusCode != c.want {
			t.Errorf("%s %s %.40q: %d, want %d: %s", c.method, c.path, c.body, resp.StatusCode, c.want, b)
		}
		if resp.StatusCode >= 400 && !strings.Contains(string(b), `"error":{"code":`) && !strings.Contains(string(b), "404 page") {
			t.Errorf("%s %s: no error in the common shape: %s", c.method, c.path, b)
		}
	}
}

func TestPolling(t *testing.T) {
	d := newDesk()
	_, _, base := account(t, d, shop)
	v := newVisitorAt(t, base)
	var ack serverFrame
	if status := v.do("POST", "messages", `{"key":"key-0001","text":"سلام","name":"Sara","email":"s@x.example"}`, &ack); status != 200 || ack.T != "ack" || ack.Key != "key-0001" {
		t.Fatalf("%d %+v", status, ack)
	}
	if d.names[v.Visitor] != "Sara (s@x.example)" {
		t.Errorf("name %q", d.names[v.Visitor])
	}
	// A retry after a lost answer changes nothing.
	if status := v.do("POST", "messages", `{"key":"key-0001","text":"سلام"}`, nil); status != 200 || len(d.items[v.Visitor]) != 1 {
		t.Errorf("%d, %d messages", status, len(d.items[v.Visitor]))
	}
	var feed struct{ Items []item }
	v.do("GET", "messages?after=&wait=20", "", &feed)
	if len(feed.Items) != 1 || feed.Items[0].Key != "key-0001" {
		t.Fatalf("%+v", feed)
	}
	after := feed.Items[0].ID

	// A poll that waits ends as soon as there is an answer.
	done := make(chan struct{})
	go func() {
		defer close(done)
		v.do("GET", "messages?wait=20&after="+after, "", &feed)
	}()
	d.wait(t, "the poll watches", func() bool { return len(d.watchers[v.Visitor]) == 1 })
	said := d.say(v.Visitor, "Ali", "Hello")
	<-done
	if len(feed.Items) != 1 || feed.Items[0].ID != said.ID || feed.Items[0].Name != "Ali" {
		t.Fatalf("%+v", feed)
	}
	d.wait(t, "the poll's watch ends", func() bool { return len(d.watchers) == 0 })
	feed.Items = nil
	if v.do("GET", "messages?wait=0&after="+said.ID, "", &feed); len(feed.Items) != 0 {
		t.Errorf("nothing new, and yet %+v", feed)
	}
	v.do("GET", "messages?wait=0&after=0-0", "", &feed)
	if len(feed.Items) != 2 {
		t.Errorf("an unknown id gives %d items, want all", len(feed.Items))
	}

	if v.do("POST", "seen", `{"id":"`+said.ID+`","state":"read"}`, nil) != 204 || !slices.Equal(d.statuses, []string{v.Visitor + "/" + said.ID + " read"}) {
		t.Errorf("statuses %q", d.statuses)
	}
	if v.do("POST", "typing", `{"on":true}`, nil) != 204 || !slices.Equal(d.typing, []string{"true"}) {
		t.Errorf("typing %q", d.typing)
	}

	d.refuse = func(channels.Inbound) error { return channels.ErrOverloaded }
	resp, b := v.call("POST", "messages", `{"key":"key-0002","text":"now?"}`)
	if resp.StatusCode != 503 || !strings.Contains(string(b), `"not_recorded"`) || resp.Header.Get("Retry-After") == "" {
		t.Errorf("%d %s", resp.StatusCode, b)
	}
}

func TestVisitorsMessagesAreLimited(t *testing.T) {
	d := newDesk()
	a, _, base := account(t, d, `{"allowed_origins":["https://shop.example"],"messages_per_minute":6}`)
	v := newVisitorAt(t, base)
	var status int
	for i := range 10 {
		status = v.do("POST", "messages", mustJSON(clientFrame{Key: "key-000" + string(rune('0'+i)), Text: "x"}), nil)
		if status != 200 {
			break
		}
	}
	if status != 429 || len(d.items[v.Visitor]) != int(a.messages.burst) {
		t.Errorf("%d after %d messages", status, len(d.items[v.Visitor]))
	}
	if newVisitorAt(t, base).do("POST", "messages", `{"key":"key-0000","text":"x"}`, nil) != 200 {
		t.Error("another visitor pays for it")
	}
}

func TestSend(t *testing.T) {
	a, _, base := account(t, newDesk(), shop)
	v := newVisitorAt(t, base)
	r, err := a.Send(t.Context(), channels.Outbound{ID: "t1", Thread: v.Visitor})
	if err != nil || r.ProviderID != v.Visitor+"/t1" {
		t.Errorf("%+v %v", r, err)
	}
	var se *channels.SendError
	if _, err := a.Send(t.Context(), channels.Outbound{ID: "t1", Thread: "+989121234567"}); !errors.As(err, &se) || !se.Permanent {
		t.Errorf("a send to no visitor: %v", err)
	}
}
