package agentui

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/labstack/echo/v4"

	"tamas/inbox/record"
)

// get asks without a browser's comforts: no decompression, no redirects.
func (r *rig) get(path string, headers ...string) (*http.Response, []byte) {
	r.t.Helper()
	req, err := http.NewRequest("GET", r.http.URL+path, nil)
	must(r.t, err)
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := (&http.Transport{DisableCompression: true, DisableKeepAlives: true}).RoundTrip(req)
	must(r.t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	must(r.t, err)
	return res, body
}

func TestHeaders(t *testing.T) {
	r := boot(t)
	for _, path := range []string{"/", "/inbox/mine", "/api/v1/setup", "/healthz", "/no/such.file"} {
		res, _ := r.get(path)
		for name, want := range map[string]string{"Content-Security-Policy": "default-src 'self'; script-src 'self';", "X-Content-Type-Options": "nosniff",
			"X-Frame-Options": "DENY", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin"} {
			if got := res.Header.Get(name); !strings.HasPrefix(got, want) {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
		if id := res.Header.Get("X-Request-Id"); len(id) < 8 {
			t.Errorf("%s: request id %q", path, id)
		}
		if strings.Contains(res.Header.Get("Content-Security-Policy"), "unsafe") {
			t.Errorf("%s: an unsafe policy", path)
		}
	}
	if res, _ := r.get("/api/v1/openapi.yaml", "Accept-Encoding", "gzip"); res.Header.Get("Content-Encoding") != "gzip" || res.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("an answer of the API: %v", res.Header)
	}
	if res, _ := r.get("/hooks/" + r.account); res.StatusCode != 400 {
		t.Errorf("the webhook without its slash answers %d, not what its adapter does", res.StatusCode)
	}
	// The widget lives on other people's pages: its adapter sets its own policy.
	res, _ := r.get("/hooks/" + r.account + "/in")
	if res.Header.Get("X-Frame-Options") != "" || res.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("webhook: %v", res.Header)
	}
	res, _ = r.get("/healthz", "X-Request-Id", "proxy-1234567")
	if got := res.Header.Get("X-Request-Id"); got != "proxy-1234567" {
		t.Errorf("the proxy's request id became %q", got)
	}
	for _, bad := range []string{"short", strings.Repeat("x", 65), "with space in it", "a\tb345678"} {
		res, _ = r.get("/healthz", "X-Request-Id", bad)
		if res.Header.Get("X-Request-Id") == bad {
			t.Errorf("the request id %q was taken", bad)
		}
	}
}

// TestApp: what Vite built is served as it should be kept, and every address of the app is the app.
func TestApp(t *testing.T) {
	r := boot(t)
	res, index := r.get("/")
	if res.StatusCode != 200 || res.Header.Get("Cache-Control") != "no-cache" || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
		t.Errorf("index: %d %v", res.StatusCode, res.Header)
	}
	for _, path := range []string{"/index.html", "/inbox/mine", "/settings/accounts", "/setup?token=x"} {
		res, body := r.get(path)
		if res.StatusCode != 200 || !bytes.Equal(body, index) {
			t.Errorf("%s is not the app: %d", path, res.StatusCode)
		}
	}
	for _, path := range []string{"/assets/none.js", "/none.js", "/api/v1/none", "/api/none", "/hooks/none", "/assets", "/../../etc/passwd.txt", "/.git/config.x"} {
		res, body := r.get(path)
		var p problemBody
		if err := json.Unmarshal(body, &p); err != nil || res.StatusCode != 404 || p.Error.Code != codeNotFound {
			t.Errorf("%s: %d %.100s", path, res.StatusCode, body)
		}
	}
	etag := res.Header.Get("Etag")
	if res, body := r.get("/", "If-None-Match", etag); res.StatusCode != 304 || len(body) != 0 {
		t.Errorf("unchanged index: %d, %d bytes", res.StatusCode, len(body))
	}

	files, err := fs.Sub(built, "web/dist")
	must(t, err)
	hashed := 0
	err = fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		want, err := fs.ReadFile(files, name)
		must(t, err)
		res, body := r.get("/"+name, "Accept-Encoding", "br, gzip")
		if res.Header.Get("Content-Encoding") == "gzip" {
			z, err := gzip.NewReader(bytes.NewReader(body))
			must(t, err)
			body, err = io.ReadAll(z)
			must(t, err)
		} else if ext := path.Ext(name); (ext == ".js" || ext == ".css") && len(want) > 2000 {
			t.Errorf("%s is not compressed", name)
		}
		if res.StatusCode != 200 || !bytes.Equal(body, want) || res.Header.Get("Content-Type") == "" {
			t.Errorf("%s: %d, %d of %d bytes", name, res.StatusCode, len(body), len(want))
		}
		if strings.HasPrefix(name, "assets/") {
			hashed++
			if !strings.Contains(res.Header.Get("Cache-Control"), "immutable") {
				t.Errorf("%s: Cache-Control %q", name, res.Header.Get("Cache-Control"))
			}
		}
		return nil
	})
	must(t, err)
	if bytes.Contains(index, []byte("/assets/")) && hashed == 0 {
		t.Error("no file with a hash in its name was looked at")
	}
	if bytes.Contains(index, []byte("<style")) || bytes.Contains(index, []byte("<script>")) || bytes.Contains(index, []byte(" style=")) {
		t.Error("index.html holds a script or a style, which the Content-Security-Policy forbids")
	}
}

// TestAssetsOfAFolder: who works on the app sees every change at once.
func TestAssetsOfAFolder(t *testing.T) {
	files := fstest.MapFS{"index.html": {Data: []byte("one")}}
	a := &assets{files: files, ready: map[string]*asset{}}
	for _, want := range []string{"one", "two"} {
		files["index.html"].Data = []byte(want)
		f, err := a.get("index.html")
		if err != nil || string(f.plain) != want {
			t.Errorf("%v, %v", f, err)
		}
	}
	if _, err := newAssets(t.TempDir() + "/none"); err == nil {
		t.Error("a folder that does not exist is taken")
	}
}

func TestBadInput(t *testing.T) {
	r := boot(t)
	b := r.as("leyla")
	conv := r.says("sara", "hello")
	path := "/conversations/" + conv.ID + "/note"
	b.refused(415, codeUnsupported, "", "POST", path, []byte(`{"text":"x"}`), "Content-Type", "text/plain")
	b.refused(415, codeUnsupported, "", "POST", path, []byte(`text=x`), "Content-Type", "application/x-www-form-urlencoded")
	b.refused(413, codeTooLarge, "", "POST", path, bytes.Repeat([]byte("x"), maxBody+1))
	b.refused(422, codeInvalid, "", "POST", path, []byte(`{"text":"x"`))
	b.refused(422, codeInvalid, "", "POST", path, []byte("{\"text\":\"\xff\xfe\"}"))
	b.refused(422, codeInvalid, "", "POST", path, bytes.Repeat([]byte("["), 100_000))
	b.refused(422, codeInvalid, "texte", "POST", path, []byte(`{"texte":"x"}`))
	b.refused(404, codeNotFound, "", "GET", "/no/such/route", nil)
	b.refused(404, codeNotFound, "", "GET", "/conversations/"+strings.Repeat("x", 5000), nil)
	b.refused(404, codeNotFound, "", "GET", "/conversations/%00%ff", nil)
	b.ok("GET", "/search?q=%27%22%3B+OR+NEAR%28", nil, nil)
	b.ok("GET", "/search?q=%ff%fe", nil, nil)
	b.ok("GET", "/conversations?tag=%25&q=%25_%5C", nil, nil)
	b.ok("POST", path, map[string]string{"text": "nul \x00 inside, \u202e and the rest"}, nil)

	big, err := http.Post(r.http.URL+"/hooks/"+r.account+"/in", "application/json", io.LimitReader(endless{}, 5<<20))
	must(t, err)
	if big.Body.Close(); big.StatusCode < 400 || big.StatusCode > 499 {
		t.Errorf("a webhook of 5 MB answers %d", big.StatusCode)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// TestPanic: what breaks shows nothing of it to the caller, and all of it to the log.
func TestPanic(t *testing.T) {
	r := boot(t)
	r.server.echo.GET("/breaks", func(echo.Context) error { panic("the secret is 42") })
	res, body := r.get("/breaks")
	var p problemBody
	must(t, json.Unmarshal(body, &p))
	if res.StatusCode != 500 || p.Error.Code != codeInternal || bytes.Contains(body, []byte("42")) || bytes.Contains(body, []byte(".go")) {
		t.Errorf("%d %s", res.StatusCode, body)
	}
	log := r.logs.String()
	if !strings.Contains(log, "the secret is 42") || !strings.Contains(log, "request_id="+p.Error.RequestID) || !strings.Contains(log, "server_test.go") {
		t.Error("the log does not tell what happened")
	}
}

func TestHealth(t *testing.T) {
	r := boot(t)
	if res, body := r.get("/healthz"); res.StatusCode != 200 || !bytes.Contains(body, []byte(`"version":"test"`)) {
		t.Errorf("healthz: %d %s", res.StatusCode, body)
	}
	if res, body := r.get("/readyz"); res.StatusCode != 200 {
		t.Errorf("readyz: %d %s", res.StatusCode, body)
	}
	r.says("sara", "hello")
	m := r.metrics()
	for _, want := range []string{"tamas_http_request_seconds_bucket", `tamas_build_info{version="test"} 1`, "tamas_ready 1", "tamas_recorded_n", "go_goroutines",
		`tamas_account_connected{account="` + r.account + `",channel="hand"}`} {
		if !strings.Contains(m, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
	if strings.Contains(m, "sara") {
		t.Error("metrics hold personal text")
	}
	// From anywhere else, admins only.
	for _, from := range []string{"203.0.113.7", "10.0.0.1, 203.0.113.7"} {
		if res, _ := r.get("/metrics", "X-Forwarded-For", from); res.StatusCode != 401 {
			t.Errorf("metrics for %s: %d", from, res.StatusCode)
		}
	}
	var tok tokenView
	r.as("ada").ok("POST", "/tokens", map[string]string{"name": "prometheus"}, &tok)
	if res, _ := r.get("/metrics", "X-Forwarded-For", "203.0.113.7", "Authorization", "Bearer "+tok.Secret); res.StatusCode != 200 {
		t.Errorf("metrics for an admin's token: %d", res.StatusCode)
	}
}

// TestClientIP: nobody but a trusted proxy is believed.
func TestClientIP(t *testing.T) {
	r := boot(t)
	for _, c := range []struct{ peer, forwarded, want string }{
		{"203.0.113.9:1000", "10.0.0.1", "203.0.113.9"},
		{"127.0.0.1:1000", "198.51.100.7", "198.51.100.7"},
		{"127.0.0.1:1000", "1.1.1.1, 198.51.100.7", "198.51.100.7"},
		{"127.0.0.1:1000", "1.1.1.1, 198.51.100.7, 127.0.0.2", "198.51.100.7"},
		{"127.0.0.1:1000", "junk", "127.0.0.1"},
		{"127.0.0.1:1000", "", "127.0.0.1"},
		{"[::ffff:127.0.0.1]:1000", "198.51.100.7", "198.51.100.7"},
	} {
		req := &http.Request{RemoteAddr: c.peer, Header: http.Header{}}
		if c.forwarded != "" {
			req.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := r.server.clientIP(req); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

// The firm's days are those of the first admin's browser.
func TestSetupTakesTheBrowsersZone(t *testing.T) {
	r := bootEmpty(t)
	link, err := r.server.SetupLink(t.Context(), r.http.URL)
	must(t, err)
	var m me
	r.browser().ok("POST", "/setup", map[string]string{"token": strings.TrimPrefix(link, r.http.URL+"/setup?token="), "name": "Sara", "email": "sara@example.com",
		"password": password, "locale": "en", "timezone": "Asia/Kabul"}, &m)
	if m.Firm.Timezone != "Asia/Kabul" {
		t.Errorf("%+v", m.Firm)
	}
}

func TestSetup(t *testing.T) {
	r := bootEmpty(t)
	b := r.browser()
	var state struct{ Needed bool }
	b.ok("GET", "/setup", nil, &state)
	if !state.Needed {
		t.Fatal("a hub without users needs no setup")
	}
	old, err := r.server.SetupLink(t.Context(), r.http.URL)
	must(t, err)
	link, err := r.server.SetupLink(t.Context(), r.http.URL)
	must(t, err)
	token := strings.TrimPrefix(link, r.http.URL+"/setup?token=")
	in := func(token string) map[string]string {
		return map[string]string{"token": token, "name": "سارا", "email": "sara@example.com", "password": password, "locale": "fa", "firm": "کاوه"}
	}
	b.refused(403, codeForbidden, "token", "POST", "/setup", in("guess"))
	b.refused(403, codeForbidden, "token", "POST", "/setup", in(strings.TrimPrefix(old, r.http.URL+"/setup?token=")))
	bad := in(token)
	bad["password"] = "short"
	b.refused(422, codeInvalid, "password", "POST", "/setup", bad)
	var m me
	b.ok("POST", "/setup", in(token), &m)
	if m.User.Role != record.RoleAdmin || m.Firm.Name != "کاوه" || m.Firm.Timezone != "Asia/Tehran" {
		t.Errorf("%+v", m)
	}
	var queues items[record.Queue]
	b.ok("GET", "/queues", nil, &queues)
	if len(queues.Items) != 1 || queues.Items[0].Name != "عمومی" || queues.Items[0].Members[0] != m.User.ID {
		t.Errorf("%+v", queues)
	}
	b.ok("GET", "/setup", nil, &state)
	b.refused(409, codeConflict, "", "POST", "/setup", in(token))
	if link, err := r.server.SetupLink(t.Context(), ""); link != "" || err != nil || state.Needed {
		t.Errorf("set up, and again: %q, %v, %v", link, err, state)
	}
	if strings.Contains(r.logs.String(), token) {
		t.Error("the link's token stands in the log")
	}
}

// TestRecordDown is the API's part of law 9: with no record nothing is taken, and the callers are told so.
func TestRecordDown(t *testing.T) {
	r := boot(t)
	b := r.as("leyla")
	conv := r.says("sara", "hello")
	c := b.live("")
	c.hello()
	r.closed = true
	must(t, r.hub.Record().Close())
	c.await("the bad news", func(it liveItem) bool { return it.T == "status" && it.Record == "down" })
	a := b.call("POST", "/conversations/"+conv.ID+"/note", map[string]string{"text": "kept by the app"})
	if a.status != 503 || a.problem().Code != codeNotRecorded || a.header.Get("Retry-After") == "" {
		t.Errorf("%d %s", a.status, a.body)
	}
	if res, _ := r.get("/readyz"); res.StatusCode != 503 {
		t.Errorf("readyz: %d", res.StatusCode)
	}
	if res, _ := r.get("/healthz"); res.StatusCode != 200 {
		t.Errorf("healthz: %d", res.StatusCode)
	}
}
