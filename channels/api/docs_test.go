package api

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"tamas/channels"
	"tamas/channels/api/apitest"
	"tamas/channels/channeltest"
)

// program finds a program or skips the test; where tests must be whole it fails.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("TAMAS_TEST_REQUIRE") != "" {
			t.Fatal(err)
		}
		t.Skip(name + " is not installed")
	}
	return path
}

// hub serves an account's webhook as the hub does.
func hub(t *testing.T, a *adapter) string {
	t.Helper()
	srv := httptest.NewServer(http.StripPrefix("/hooks/acc1", a))
	t.Cleanup(srv.Close)
	return srv.URL + "/hooks/acc1/"
}

// The examples of docs/channel-api.md are tried as they are written.
func TestDocsExamples(t *testing.T) {
	bash := program(t, "bash")
	program(t, "curl")
	program(t, "openssl")
	page, err := os.ReadFile("../../docs/channel-api.md")
	if err != nil {
		t.Fatal(err)
	}
	script := "set -eu\n"
	for _, m := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllSubmatch(page, -1) {
		script += strings.ReplaceAll(string(m[1]), "/tmp/note.txt", filepath.Join(t.TempDir(), "note.txt")) + "\necho\n"
	}
	a, desk := openFor(t, settingsOf(start(t), nil))
	cmd := exec.CommandContext(t.Context(), bash, "-c", script)
	cmd.Env = append(os.Environ(), "HUB="+hub(t, a), "SECRET="+apitest.Secret)
	out, err := cmd.CombinedOutput()
	if err != nil || strings.Count(string(out), `{"ok":true}`) != 4 || strings.Contains(string(out), "error") {
		t.Fatalf("%v: %s", err, out)
	}
	got := desk.Messages()
	var keys []string
	for _, m := range got {
		keys = append(keys, m.Key)
	}
	if !slices.Equal(keys, []string{"m1", "m2", "m2-edit", "m3", "m3-gone", "r1", "m4"}) || len(desk.Statuses()) != 1 || len(desk.Typed()) != 1 {
		t.Fatalf("%q %v %v", keys, desk.Statuses(), desk.Typed())
	}
	if f := got[6].Files; len(f) != 1 || string(desk.Content(f[0])) != "hello" || f[0].Name != "note.txt" {
		t.Errorf("%+v", f)
	}
}

// The schema has the fields that events have, no more and no less.
func TestDocsSchema(t *testing.T) {
	raw, err := os.ReadFile("../../docs/channel-api.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Defs map[string]struct {
			Properties map[string]json.RawMessage `json:"properties"`
		} `json:"$defs"`
	}
	if err := json.Unmarshal(raw, &schema); err != nil {
		t.Fatal(err)
	}
	for name, of := range map[string]any{"event": event{}, "file": file{}} {
		var want, got []string
		for i := range reflect.TypeOf(of).NumField() {
			want = append(want, reflect.TypeOf(of).Field(i).Tag.Get("json"))
		}
		for field := range schema.Defs[name].Properties {
			got = append(got, field)
		}
		slices.Sort(want)
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// The bridge to WhatsApp works against the Cloud API as Meta documents it.
func TestDocsBridge(t *testing.T) {
	python := program(t, "python3")
	var mu sync.Mutex // of what the servers share with the test
	var sent []map[string]any
	var next *http.Response
	var account http.Handler
	mux := http.NewServeMux()
	meta := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer meta-token" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	defer meta.Close()
	mux.HandleFunc("GET /media1", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"url": %q, "mime_type": "audio/ogg; codecs=opus", "sha256": "x", "file_size": 5, "id": "media1", "messaging_product": "whatsapp"}`, meta.URL+"/content")
	})
	mux.HandleFunc("GET /content", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "voice") })
	mux.HandleFunc("POST /phone1/messages", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if next != nil {
			w.WriteHeader(next.StatusCode)
			_, _ = io.Copy(w, next.Body)
			next = nil
			return
		}
		var m map[string]any
		_ = json.NewDecoder(r.Body).Decode(&m)
		sent = append(sent, m)
		fmt.Fprintf(w, `{"messaging_product": "whatsapp", "contacts": [{"input": "98912", "wa_id": "98912"}], "messages": [{"id": "wamid.%d"}]}`, len(sent))
	})

	// The bridge's port is known once it listens, the account's hook before.
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		h := account
		mu.Unlock()
		h.ServeHTTP(w, r)
	}))
	defer front.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, python, "../../docs/channel_api_whatsapp.py")
	cmd.Env = append(os.Environ(), "HUB="+front.URL+"/", "SECRET="+apitest.Secret, "TOKEN=meta-token", "PHONE_ID=phone1", "APP_SECRET=app", "VERIFY=verify-me", "PORT=0", "GRAPH="+meta.URL)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { cancel(); _ = cmd.Wait() }()
	var port int
	if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		t.Fatal(err)
	} else if _, err := fmt.Sscanf(line, "listening on %d", &port); err != nil {
		t.Fatalf("%q", line)
	}
	bridge := fmt.Sprintf("http://127.0.0.1:%d", port)
	set, _ := json.Marshal(map[string]any{"send_url": bridge + "/tamas", "secret": apitest.Secret})
	a, desk := openFor(t, set)
	mu.Lock()
	account = a
	mu.Unlock()

	res, err := http.Get(bridge + "/whatsapp?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=verify-me")
	if err != nil {
		t.Fatal(err)
	}
	b, _ := io.ReadAll(res.Body)
	if res.Body.Close(); string(b) != "1158201444" {
		t.Errorf("verification: %d %q", res.StatusCode, b)
	}
	tellMeta := func(value string) int {
		body := `{"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"field": "messages", "value": ` + value + `}]}]}`
		req, _ := http.NewRequest(http.MethodPost, bridge+"/whatsapp", strings.NewReader(body))
		mac := hmac.New(sha256.New, []byte("app"))
		mac.Write([]byte(body))
		req.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		return res.StatusCode
	}
	contacts := `"contacts": [{"profile": {"name": "Sara"}, "wa_id": "98912"}]`
	said := `{` + contacts + `, "messages": [
		{"from": "98912", "id": "wamid.A", "timestamp": "1767225600", "type": "text", "text": {"body": "سلام"}},
		{"from": "98912", "id": "wamid.B", "timestamp": "1767225601", "type": "audio", "audio": {"id": "media1", "mime_type": "audio/ogg", "voice": true}, "context": {"id": "wamid.A"}}]}`
	desk.FailNext(1)
	if code := tellMeta(said); code != 503 {
		t.Errorf("unrecorded: %d", code)
	}
	if code := tellMeta(said); code != 200 {
		t.Fatalf("%d", code)
	}
	got := desk.Messages()
	if len(got) != 2 || got[0].Text != "سلام" || got[0].Name != "Sara" || got[0].Address != "98912" || got[1].ReplyTo != "wamid.A" || len(got[1].Files) != 1 ||
		got[1].Files[0].Kind != "voice" || string(desk.Content(got[1].Files[0])) != "voice" {
		t.Fatalf("%+v", got)
	}
	if err := a.Check(t.Context()); err != nil {
		t.Error(err)
	}
	out := channels.Outbound{ID: "o1", Thread: "98912", Address: "98912", Text: "درود", InReplyTo: "wamid.A", Quoted: true}
	for range 2 { // the second is answered as before
		if r, err := a.Send(t.Context(), out); err != nil || r.ProviderID != "wamid.1" {
			t.Fatalf("%+v %v", r, err)
		}
	}
	mu.Lock()
	if len(sent) != 1 || sent[0]["to"] != "98912" || fmt.Sprint(sent[0]["text"]) != "map[body:درود]" || fmt.Sprint(sent[0]["context"]) != "map[message_id:wamid.A]" {
		t.Errorf("%+v", sent)
	}
	next = &http.Response{StatusCode: 400, Body: io.NopCloser(strings.NewReader(`{"error": {"message": "Message undeliverable", "code": 131026}}`))}
	mu.Unlock()
	out.ID = "o2"
	var se *channels.SendError
	if _, err := a.Send(t.Context(), out); err == nil {
		t.Error("an undeliverable message was sent")
	} else if se, _ = err.(*channels.SendError); se == nil || !se.Permanent || !se.Unreachable || !strings.Contains(se.Reason, "undeliverable") {
		t.Errorf("%+v", err)
	}
	if code := tellMeta(`{"statuses": [{"id": "wamid.1", "status": "sent", "timestamp": "1", "recipient_id": "98912"}, {"id": "wamid.1", "status": "read", "timestamp": "2", "recipient_id": "98912"}]}`); code != 200 {
		t.Errorf("statuses: %d", code)
	}
	if s := desk.Statuses(); len(s) != 1 || s[0] != (channeltest.Status{ProviderID: "wamid.1", State: "read"}) {
		t.Errorf("%+v", s)
	}
}
