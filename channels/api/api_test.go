package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"tamas/channels"
	"tamas/channels/api/apitest"
	"tamas/channels/channeltest"
	"tamas/channels/signed"
)

// openFor opens an account at a double.
func openFor(t *testing.T, settings json.RawMessage) (*adapter, *channeltest.Desk) {
	t.Helper()
	desk := channeltest.NewDesk()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	a, err := open(channels.Config{ID: "acc1", Settings: settings, PublicURL: "https://hub.example", Secret: bytes.Repeat([]byte{7}, 32), Desk: desk,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Client: &http.Client{Transport: transport}}, pace{look: time.Minute, fetch: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if v, ok := a.(*verifying); ok {
		return v.adapter, desk
	}
	return a.(*adapter), desk
}

func call(a http.Handler, method, path, body string, header map[string]string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for k, v := range header {
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	return w
}

func tell(a http.Handler, body string) *httptest.ResponseRecorder {
	return call(a, http.MethodPost, "/", body, map[string]string{signed.Header: signed.Sign(apitest.Secret, time.Now(), []byte(body))})
}

func TestEvents(t *testing.T) {
	a, desk := openFor(t, settingsOf(start(t), nil))
	w := tell(a, `{"events": [
		{"id": 77, "address": "c1", "name": "Sara", "text": "سلام", "at": "2026-01-02T03:04:05+03:30", "lang": "fa",
		 "link": {"external": 42, "name": "Sara", "phone": "+989121234567"}, "consent": "start"},
		{"type": "edit", "id": "78", "of": "77", "address": "c1", "text": "سلام!"},
		{"type": "status", "of": "s1", "state": "failed", "reason": "no such\nphone `+apitest.Secret+`"},
		{"type": "typing", "thread": "room", "on": true},
		{"type": "message", "id": "79", "thread": "room", "address": "c2", "at": 1767225600.5, "reply_to": "s9", "files": [{"name": "a.txt", "type": "text/plain", "data": "aGVsbG8="}]},
		{"type": "deletion", "id": "80", "of": "79", "thread": "room", "address": "c2"},
		{"type": "rating", "id": "81", "address": "c1", "score": 5, "text": "thanks"},
		{"type": "rating", "id": "82", "address": "c1", "score": 0, "scale": 10}]}`)
	if w.Code != 200 || strings.TrimSpace(w.Body.String()) != `{"ok":true}` {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	got := desk.Messages()
	if len(got) != 6 || len(desk.Wrong()) != 0 {
		t.Fatalf("%+v %v", got, desk.Wrong())
	}
	if m := got[0]; m.Key != "77" || m.Thread != "c1" || m.Name != "Sara" || !m.At.Equal(time.Date(2026, 1, 1, 23, 34, 5, 0, time.UTC)) || m.Consent != "start" || m.Lang != "fa" ||
		m.Link == nil || *m.Link != (channels.Link{Channel: "external", Address: "42", Name: "Sara", Phone: "+989121234567", Evidence: "signed call of the system"}) {
		t.Errorf("%+v %+v", m, m.Link)
	}
	if m := got[1]; m.Kind != channels.Edit || m.Of != "77" || m.Text != "سلام!" {
		t.Errorf("%+v", m)
	}
	if m := got[2]; m.Thread != "room" || m.Address != "c2" || m.At.UnixMilli() != 1767225600500 || m.ReplyTo != "s9" || len(m.Files) != 1 || string(desk.Content(m.Files[0])) != "hello" {
		t.Errorf("%+v", m)
	}
	if got[3].Kind != channels.Deletion || got[4].Kind != channels.Rating || got[4].Score != 5 || got[4].Scale != 0 || got[5].Score != 0 || got[5].Scale != 10 {
		t.Errorf("%+v", got[3:])
	}
	if s := desk.Statuses(); len(s) != 1 || s[0].Reason != "no such phone ***" {
		t.Errorf("%+v", s)
	}
	if ty := desk.Typed(); len(ty) != 1 || ty[0] != (channeltest.Typed{Thread: "room", On: true}) {
		t.Errorf("%+v", ty)
	}
	// A status is recorded after what stands before it, and a batch comes again whole.
	desk.FailNext(1)
	if w := tell(a, `{"id": "82", "address": "c1", "text": "x"}`); w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("unrecorded: %d", w.Code)
	}
	if w := tell(a, `{"id": "82", "address": "c1", "text": "x"}`); w.Code != 200 || len(desk.Messages()) != 6 {
		t.Errorf("again: %d", w.Code)
	}
}

// A call with wrong fields is refused whole, and says which they are.
func TestWrongFields(t *testing.T) {
	a, desk := openFor(t, settingsOf(start(t), nil))
	long := strings.Repeat("x", channels.MaxKey+1)
	for body, want := range map[string]string{
		`[]`:                            "the body must be a JSON object",
		`{"events": {}}`:                "events must be a list",
		`{"events": [], "x": 1}`:        "events must be a list, and all that the body has",
		`{"events": [7]}`:               "events[0] must be a JSON object",
		`{"address": "c", "text": "x"}`: "id is needed",
		`{"id": "1", "text": "x"}`:      "address is needed",
		`{"id": "1", "address": "c"}`:   "text is needed, or files",
		`{"id": [1], "address": "c"}`:   "id must be a string or a number",
		`{"id": "1", "address": "c", "at": "yesterday", "text": "x"}`:                                 "at must be a time in RFC 3339",
		`{"id": "1", "address": "c", "text": 7}`:                                                      "text must be a string",
		`{"id": "1", "address": "c", "txt": "x"}`:                                                     "txt is no field of an event",
		`{"id": "1", "address": "c", "text": "x", "score": 5}`:                                        "score is 1 to 5, with scale 10 0 to 10, and of ratings alone",
		`{"type": "rating", "id": "1", "address": "c", "scale": 10}`:                                  "score is 1 to 5",
		`{"type": "rating", "id": "1", "address": "c", "score": 7}`:                                   "score is 1 to 5",
		`{"type": "rating", "id": "1", "address": "c", "score": 3, "scale": 7}`:                       "scale is 5 or 10",
		`{"id": "1", "address": "c", "text": "x", "thread": "*all"}`:                                  `thread must not begin with "*"`,
		`{"id": "1", "address": "c", "text": "x", "consent": "maybe"}`:                                "consent must be",
		`{"id": "1", "address": "c", "text": "x", "link": {"name": "x"}}`:                             "link.external is needed",
		`{"id": "1", "address": "` + long + `", "text": "x"}`:                                         "address has at most 256 bytes",
		`{"type": "edit", "id": "1", "address": "c", "text": "x"}`:                                    "of is needed",
		`{"type": "status", "of": "1", "state": "sent"}`:                                              "state must be",
		`{"type": "typing", "on": true}`:                                                              "thread is needed",
		`{"type": "dance", "id": "1"}`:                                                                "type must be",
		`{"events": [{"id": "1", "address": "c", "text": "x"}, {"id": "2", "text": "x"}]}`:            "events[1].address is needed",
		`{"id": "1", "address": "c", "files": [{"name": "x"}]}`:                                       "files[0] needs one of url, data and upload",
		`{"id": "1", "address": "c", "files": [{"url": "ftp://x/y"}]}`:                                "files[0].url must be an https address",
		`{"id": "1", "address": "c", "files": [{"data": "%%"}]}`:                                      "files have data that is no base64",
		`{"id": "1", "address": "c", "files": [{"data": "aGk=", "kind": "smell"}]}`:                   "files[0].kind must be",
		`{"events": [` + strings.Repeat(`{"id":1,"address":"c","text":"x"},`, 200) + `{"id":"201"}]}`: "at most 200 events",
	} {
		w := tell(a, body)
		var got struct {
			Error struct {
				Code   string
				Fields []wrong
			}
		}
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 400 || got.Error.Code != "invalid" || len(got.Error.Fields) == 0 {
			t.Errorf("%.80s: %d %s", body, w.Code, w.Body)
			continue
		}
		if f := got.Error.Fields[0]; !strings.Contains(strings.TrimSpace(f.Path+" "+f.Message), want) {
			t.Errorf("%.80s: %+v, want %q", body, f, want)
		}
	}
	if n := len(desk.Messages()); n != 0 {
		t.Errorf("%d messages of refused calls", n)
	}
}

func TestSignatures(t *testing.T) {
	a, desk := openFor(t, settingsOf(start(t), map[string]any{"old_secret": "the-secret-before-this-one"}))
	body := `{"id": "1", "address": "c", "text": "x"}`
	now := time.Now()
	for name, c := range map[string]struct {
		header string
		want   int
	}{
		"right":      {signed.Sign(apitest.Secret, now, []byte(body)), 200},
		"the old":    {signed.Sign("the-secret-before-this-one", now, []byte(body)), 200},
		"none":       {"", 401},
		"a stranger": {signed.Sign("somebody-else-altogether", now, []byte(body)), 401},
		"late":       {signed.Sign(apitest.Secret, now.Add(-6*time.Minute), []byte(body)), 401},
		"other body": {signed.Sign(apitest.Secret, now, []byte(body+" ")), 401},
	} {
		if w := call(a, http.MethodPost, "/", body, map[string]string{signed.Header: c.header}); w.Code != c.want || strings.Contains(w.Body.String(), apitest.Secret) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	if len(desk.Messages()) != 1 {
		t.Errorf("%+v", desk.Messages())
	}
	for _, c := range []struct {
		method, path string
		want         int
	}{{http.MethodGet, "/", 405}, {http.MethodPost, "/x", 404}, {http.MethodGet, "/files", 405}, {http.MethodPut, "/files", 401}} {
		if w := call(a, c.method, c.path, "", nil); w.Code != c.want {
			t.Errorf("%s %s: %d", c.method, c.path, w.Code)
		}
	}
	big := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(make([]byte, 2000)))
	w := httptest.NewRecorder()
	big.Body = http.MaxBytesReader(w, big.Body, 1000)
	if a.ServeHTTP(w, big); w.Code != 413 {
		t.Errorf("too large: %d", w.Code)
	}
}

func TestUploads(t *testing.T) {
	a, desk := openFor(t, settingsOf(start(t), nil))
	content := strings.Repeat("0123456789abcdef", 1000)
	sum := sha256.Sum256([]byte(content))
	digest := hex.EncodeToString(sum[:])
	header := map[string]string{digestHeader: digest, "Content-Type": "text/plain", signed.Header: signed.Sign(apitest.Secret, time.Now(), []byte(digest))}
	put := func(content string, header map[string]string) (int, string) {
		w := call(a, http.MethodPut, "/files?name=a.txt", content, header)
		var got struct{ Upload string }
		_ = json.Unmarshal(w.Body.Bytes(), &got)
		return w.Code, got.Upload
	}
	code, upload := put(content, header)
	if code != 201 || upload == "" {
		t.Fatalf("%d", code)
	}
	if w := tell(a, `{"id": "1", "address": "c", "files": [{"upload": "`+upload+`", "kind": "voice", "duration": 3}, {"upload": "`+upload[:len(upload)-4]+`AAAA"}]}`); w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	f := desk.Messages()[0].Files
	if len(f) != 2 || f[0].Name != "a.txt" || f[0].Kind != "voice" || f[0].Duration != 3 || string(desk.Content(f[0])) != content || f[1].Missing == "" || f[1].Blob != "" {
		t.Errorf("%+v", f)
	}
	if code, _ := put(content+"x", header); code != 400 {
		t.Errorf("other content: %d", code)
	}
	if code, _ := put(content, map[string]string{digestHeader: digest}); code != 401 {
		t.Errorf("unsigned: %d", code)
	}
	desk.SetMaxFile(100)
	if code, _ := put(content, header); code != 413 {
		t.Errorf("over the limit: %d", code)
	}
	desk.FailNext(1)
	if code, _ := put(content, header); code != 503 {
		t.Errorf("no store: %d", code)
	}
	r := httptest.NewRequest(http.MethodPut, "/files", nil)
	if a.MaxBody(r) != 0 {
		t.Error("a stranger may send much")
	}
	r.Header.Set(digestHeader, digest)
	if r.Header.Set(signed.Header, header[signed.Header]); a.MaxBody(r) <= 100 {
		t.Error("an upload may not be large")
	}
}

// Nobody makes the hub ask its own network.
func TestFetchesPublicAddressesOnly(t *testing.T) {
	for ip, want := range map[string]bool{
		"8.8.8.8": true, "2606:4700::1111": true, "127.0.0.1": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false, "169.254.169.254": false,
		"100.64.0.1": false, "0.0.0.0": false, "224.0.0.1": false, "255.255.255.255": false, "::1": false, "::": false, "fe80::1": false, "fd00::1": false,
		"::ffff:127.0.0.1": false, "::ffff:8.8.8.8": true, "64:ff9b::7f00:1": false, "2002:7f00:1::": false, "198.18.0.1": false, "fe80::1%eth0": false,
	} {
		if got := public(netip.MustParseAddr(ip)); got != want {
			t.Errorf("%s: %v", ip, got)
		}
	}
	asked := 0
	inside := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer inside.Close()
	sys := start(t)
	a, desk := openFor(t, settingsOf(sys, map[string]any{"file_urls": []string{sys.URL() + "/files/"}}))
	_, port, _ := net.SplitHostPort(inside.Listener.Addr().String())
	for i, addr := range []string{inside.URL, "https://localhost:" + port, "https://[::ffff:127.0.0.1]:" + port, "https://0x7f000001:" + port, "http://" + inside.Listener.Addr().String(),
		sys.URL() + "/send", sys.URL() + "/files/../send", sys.URL() + "/files/%2e%2e/send"} {
		var w *httptest.ResponseRecorder
		for range patience {
			if w = tell(a, fmt.Sprintf(`{"id": "u%d", "address": "c", "files": [{"url": %q}]}`, i, addr)); w.Code == 200 {
				break
			}
		}
		got := desk.Messages()
		if w.Code != 200 || len(got) != i+1 || got[i].Files[0].Missing == "" {
			t.Errorf("%s: %d %+v", addr, w.Code, got[len(got)-1:])
		}
	}
	if asked != 0 {
		t.Errorf("the inside was asked %d times", asked)
	}
	// An own address that leads elsewhere is followed under the rules of where it leads.
	leads := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to := map[string]string{"/in": inside.URL, "/circle": "/circle", "/own": "/file"}[r.URL.Path]
		if to == "" {
			_, _ = io.WriteString(w, "content")
			return
		}
		http.Redirect(w, r, to, http.StatusFound)
	}))
	defer leads.Close()
	own, _ := url.Parse(leads.URL)
	f := newFetcher([]*url.URL{own}, leads.Client())
	var gone *goneError
	if _, err := f.open(t.Context(), leads.URL+"/in"); !errors.As(err, &gone) || asked != 0 {
		t.Errorf("led inside: %v", err)
	}
	if _, err := f.open(t.Context(), leads.URL+"/circle"); !errors.As(err, &gone) {
		t.Errorf("in circles: %v", err)
	}
	body, err := f.open(t.Context(), leads.URL+"/own")
	if err != nil {
		t.Fatal(err)
	}
	b, _ := io.ReadAll(body)
	if _ = body.Close(); string(b) != "content" {
		t.Errorf("%q", b)
	}
}

// Content that does not come in several tries does not hold its message back for ever.
func TestContentAway(t *testing.T) {
	sys := start(t)
	a, desk := openFor(t, settingsOf(sys, nil))
	addr := sys.Keep("photo.jpg", []byte("x"))
	sys.FailFiles(503, 500, 503)
	for i, want := range []int{503, 503, 200} {
		if w := tell(a, `{"id": "1", "address": "c", "text": "see", "files": [{"url": "`+addr+`"}]}`); w.Code != want {
			t.Errorf("try %d: %d", i+1, w.Code)
		}
	}
	if m := desk.Messages(); len(m) != 1 || m[0].Files[0].Missing == "" || m[0].Files[0].Name != "photo.jpg" {
		t.Errorf("%+v", m)
	}
}

func TestSend(t *testing.T) {
	sys := start(t)
	a, desk := openFor(t, settingsOf(sys, nil))
	var se *channels.SendError
	for _, c := range []struct {
		fault apitest.Fault
		want  channels.SendError
	}{
		{apitest.Fault{Status: 410, Body: `{"error": "gone", "unreachable": true}`}, channels.SendError{Permanent: true, Unreachable: true, Reason: "did not accept the message: gone"}},
		{apitest.Fault{Status: 400, Body: `<html>`}, channels.SendError{Reason: "did not accept"}},
		{apitest.Fault{Status: 429, Body: `{"retry_after": 7}`}, channels.SendError{RetryAfter: 7 * time.Second, Reason: "less often"}},
		{apitest.Fault{Status: 503, RetryAfter: 9}, channels.SendError{RetryAfter: 9 * time.Second, Reason: "now"}},
		{apitest.Fault{Status: 200, Body: `{}`}, channels.SendError{Uncertain: true, Reason: "may have"}},
		{apitest.Fault{Status: 502, Body: `<html>`}, channels.SendError{Uncertain: true, Reason: "may have"}},
		{apitest.Fault{Status: 302}, channels.SendError{Reason: "now"}},
		{apitest.Fault{Status: 403, Body: `{"error": "no"}`}, channels.SendError{Reason: "credentials"}},
	} {
		sys.FailNext(c.fault)
		_, err := a.Send(t.Context(), channels.Outbound{ID: "o", Thread: "c", Address: "c", Text: "x"})
		if !errors.As(err, &se) || se.Permanent != c.want.Permanent || se.Unreachable != c.want.Unreachable || se.Uncertain != c.want.Uncertain || se.RetryAfter != c.want.RetryAfter || !strings.Contains(se.Reason, c.want.Reason) {
			t.Errorf("%+v: %+v", c.fault, err)
		}
	}
	if desk.HealthState() != "refused" {
		t.Errorf("health %q after a refused signature", desk.HealthState())
	}
	if _, err := a.Send(t.Context(), channels.Outbound{ID: "o", Thread: "c", Address: "c", Text: "x"}); err != nil {
		t.Fatal(err)
	}
	if m := sys.Sent(); len(m) != 1 || m[0].Header.Get("Idempotency-Key") != "o" || m[0].Header.Get("Content-Type") != "application/json" {
		t.Errorf("%+v", m)
	}
}

// A pull that gives no way on is a trouble, not a loop; what it cannot read does not stop it.
func TestPullAnswers(t *testing.T) {
	var reply func(w http.ResponseWriter, r *http.Request)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { reply(w, r) }))
	defer srv.Close()
	sys := start(t)
	a, desk := openFor(t, settingsOf(sys, map[string]any{"pull_url": srv.URL + "/events?shop=7"}))
	give := func(body string) (bool, error) {
		reply = func(w http.ResponseWriter, r *http.Request) {
			if err := signed.Verify(r.Header.Get(signed.Header), time.Now(), []byte(r.URL.RawQuery), apitest.Secret); err != nil || r.URL.Query().Get("shop") != "7" {
				t.Errorf("%v: %s", err, r.URL)
			}
			_, _ = io.WriteString(w, body)
		}
		return a.pull(t.Context())
	}
	for _, body := range []string{`<html>`, `{"events": [{"id":"1","address":"c","text":"x"}]}`, `{"events": [], "cursor": "` + strings.Repeat("x", channels.MaxCursor) + `"}`} {
		if _, err := give(body); err == nil || len(desk.Messages()) != 0 {
			t.Errorf("%.60s: %v", body, err)
		}
	}
	if more, err := give(`{"events": [{"id":"1","address":"c","text":"x"}, 7, {"type":"status","of":"s","state":"read"}, {"address":"c","text":"no id"}], "cursor": "c1", "more": true}`); err != nil || !more {
		t.Fatalf("%v", err)
	}
	got := desk.Messages()
	if len(got) != 3 || got[0].Key != "1" || got[1].Unreadable == "" || got[2].Unreadable == "" || got[2].Address != "c" || string(got[1].Raw) != "7" || len(desk.Statuses()) != 1 {
		t.Errorf("%+v", got)
	}
	if c, _ := desk.Cursor(t.Context()); !strings.HasSuffix(c, " c1") {
		t.Errorf("cursor %q", c)
	}
	if more, err := give(`{"events": [], "cursor": "c1"}`); more || err != nil || len(desk.Cursors()) != 2 {
		t.Errorf("nothing new: %v %q", err, desk.Cursors())
	}
}

func TestWhereAConversationBegins(t *testing.T) {
	for address, want := range map[string]string{" customer-42 ": "customer-42", "": "", "*all": "", strings.Repeat("x", 257): ""} {
		thread, normalised, err := Kind().StartThread(nil, address)
		if thread != want || normalised != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %q, %v", address, thread, normalised, err)
		}
	}
}

func TestSettingsAtFault(t *testing.T) {
	sys := start(t)
	for field, value := range map[string]any{"send_url": "x", "secret": "short", "old_secret": "short", "pull_url": "x", "pull_seconds": -1, "list_url": "x",
		"file_urls": []string{"media.internal"}, "per_second": -1} {
		_, err := Kind().Open(channels.Config{ID: "acc1", Settings: settingsOf(sys, map[string]any{field: value})})
		var fe *channels.FieldError
		if !errors.As(err, &fe) || fe.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func FuzzEvents(f *testing.F) {
	f.Add([]byte(`{"events":[{"id":"1","address":"c","text":"x","at":1,"files":[{"data":"aGk="}]}]}`))
	f.Add([]byte(`{"type":"status","of":1,"state":"read"}`))
	f.Add([]byte(`{"id":"1","address":"c","link":{"external":1},"at":"2026-01-01T00:00:00Z","score":1,"type":"rating"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		events, bad := parse(body)
		if len(bad) == 0 && len(events) > channels.MaxBatch {
			t.Fatalf("%d events", len(events))
		}
		for i, e := range events {
			if len(bad) > 0 || e.Type == status || e.Type == typing {
				continue
			}
			m := e.inbound()
			if m.Key == "" || len(m.Key) > channels.MaxKey || m.Thread == "" || m.Address == "" || len(m.Thread) > channels.MaxKey || len(m.Address) > channels.MaxKey {
				t.Fatalf("event %d: %+v", i, m)
			}
		}
		if len(body) > 0 {
			if m := unreadable(body, bad); m.Key == "" || len(m.Raw) == 0 || (m.Address == "") != (m.Thread == "") {
				t.Fatalf("%+v", m)
			}
		}
	})
}
