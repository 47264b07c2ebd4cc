package webchat

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tamas/channels"
)

const onlySite = `{"allowed_origins":["` + site + `"]}`

// upload sends a file; answer holds what came back.
func (v *visitor) upload(name, kind string, content []byte) (status int, f file) {
	v.t.Helper()
	req, err := http.NewRequest("POST", v.base+"files?name="+url.QueryEscape(name), bytes.NewReader(content))
	if err != nil {
		v.t.Fatal(err)
	}
	req.Header = http.Header{"Origin": {v.origin}, "Authorization": {"Bearer " + v.Token}, "Content-Type": {kind}}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	var got struct{ File file }
	b, _ := io.ReadAll(resp.Body)
	if err := jsonInto(b, &got); err != nil {
		v.t.Fatalf("%d %q", resp.StatusCode, b)
	}
	return resp.StatusCode, got.File
}

func TestFiles(t *testing.T) {
	d := newDesk()
	a, _, base := account(t, d, onlySite)
	v, other := newVisitorAt(t, base), newVisitorAt(t, base)
	png := []byte("\x89PNG\r\n\x1a\n rest of a picture")
	status, f := v.upload("آشپزخانه.png", "image/png", png)
	if status != 201 || f.Name != "آشپزخانه.png" || f.Type != "image/png" || f.Kind != "image" || f.Size != int64(len(png)) || f.ID == "" {
		t.Fatalf("%d %+v", status, f)
	}
	w := v.dial("")
	w.say(`{"t":"send","key":"key-0001","files":[%q]}`, f.ID)
	if got := w.until("ack"); got.Key != "key-0001" {
		t.Fatalf("%+v", got)
	}
	m := d.received(channels.Message)[0]
	if len(m.Files) != 1 || m.Files[0].Blob == "" || m.Text != "" {
		t.Fatalf("%+v", m)
	}
	var feed struct{ Items []item }
	v.do("GET", "messages?wait=0", "", &feed)
	if len(feed.Items) != 1 || len(feed.Items[0].Files) != 1 || feed.Items[0].Files[0].ID != f.ID {
		t.Fatalf("%+v", feed.Items)
	}
	resp, b := v.call("GET", "files/"+f.ID, "")
	h := resp.Header
	if resp.StatusCode != 200 || !bytes.Equal(b, png) || h.Get("Content-Type") != "image/png" || h.Get("X-Content-Type-Options") != "nosniff" ||
		h.Get("Content-Security-Policy") != "sandbox; default-src 'none'" || !strings.HasPrefix(h.Get("Content-Disposition"), "inline") || h.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v %q", resp.StatusCode, h, b)
	}
	// Nobody else: no token, another's, another origin.
	if got := other.do("GET", "files/"+f.ID, "", nil); got != 404 {
		t.Errorf("another visitor: %d", got)
	}
	if nack := other.dial(""); nack != nil {
		nack.say(`{"t":"send","key":"key-0002","files":[%q]}`, f.ID)
		if got := nack.until("nack"); got.Code != "invalid" || got.Retry {
			t.Errorf("another visitor's file in a message: %+v", got)
		}
	}
	stranger := *v
	stranger.Token = ""
	if got := stranger.do("GET", "files/"+f.ID, "", nil); got != 401 {
		t.Errorf("no token: %d", got)
	}
	stranger = *v
	stranger.origin = "https://evil.example"
	if got := stranger.do("GET", "files/"+f.ID, "", nil); got != 403 {
		t.Errorf("another site: %d", got)
	}
	// What a browser could run is only ever saved.
	for name, kind := range map[string]string{"x.html": "text/html", "x.svg": "image/svg+xml", "x.pdf": "application/pdf", "x.js": "text/javascript"} {
		blob := channels.File{Name: name, Type: kind, Blob: m.Files[0].Blob, Size: m.Files[0].Size}
		resp, _ := v.call("GET", "files/"+a.sign.named(v.Visitor, blob), "")
		if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "application/octet-stream" || !strings.HasPrefix(resp.Header.Get("Content-Disposition"), "attachment") {
			t.Errorf("%s: %v", name, resp.Header)
		}
	}
	// The agent's files come the same way.
	d.mu.Lock()
	d.add(v.Visitor, channels.Item{Kind: "message", From: "agent", Name: "Ali", Files: []channels.ItemFile{{File: m.Files[0], URL: "https://hub.example/f/x"}}})
	d.mu.Unlock()
	var theirs item
	for theirs.From != "agent" {
		theirs = w.until("items").Items[0]
	}
	if len(theirs.Files) != 1 || strings.Contains(mustJSON(theirs), "hub.example") || strings.Contains(mustJSON(theirs), m.Files[0].Blob) {
		t.Errorf("%+v", theirs)
	}
	if got := v.do("GET", "files/"+theirs.Files[0].ID, "", nil); got != 200 {
		t.Errorf("the agent's file: %d", got)
	}
}

func TestFileLimits(t *testing.T) {
	d := newDesk()
	d.SetMaxFile(100_000)
	a, _, base := account(t, d, onlySite)
	v := newVisitorAt(t, base)
	status, f := v.upload("big.bin", "application/zip", make([]byte, 100_001))
	if status != 413 || f.Missing == "" || f.ID == "" {
		t.Errorf("too large: %d %+v", status, f)
	}
	if got := v.do("GET", "files/"+f.ID, "", nil); got != 404 {
		t.Errorf("what was not kept: %d", got)
	}
	if a.MaxBody(httpRequest("POST", "/files", v.Token)) <= 100_000 || a.MaxBody(httpRequest("POST", "/files", "x")) != 0 || a.MaxBody(httpRequest("POST", "/messages", v.Token)) != 0 {
		t.Error("who may send how much")
	}
	d.FailNext(1)
	if status, _ = v.upload("a.txt", "text/plain", []byte("abc")); status != 503 {
		t.Errorf("the store is away: %d", status)
	}
	for _, path := range []string{"files/", "files/x", "files/" + f.ID + "A", "files/../config"} {
		if got := v.do("GET", path, "", nil); got != 404 {
			t.Errorf("%s: %d", path, got)
		}
	}
	for i := 0; status != 429; i++ {
		if status, _ = v.upload(fmt.Sprint(i), "text/plain", []byte("abc")); i > uploadBurst {
			t.Fatal("uploads are not limited")
		}
	}
	_, _, base = account(t, newDesk(), `{"allowed_origins":["`+site+`"],"files":false}`)
	v = newVisitorAt(t, base)
	if status, _ := v.upload("a.txt", "text/plain", []byte("abc")); status != 403 {
		t.Errorf("files are off: %d", status)
	}
}
