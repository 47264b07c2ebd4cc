package agentui

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tamas/inbox/record"
)

func picture64(t testing.TB) []byte {
	var b bytes.Buffer
	must(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, 64, 48))))
	return b.Bytes()
}

// upload sends a file up and gives its id.
func (b *browser) upload(name string, content []byte) uploaded {
	b.r.t.Helper()
	var out struct{ File uploaded }
	b.ok("POST", "/files?name="+url.QueryEscape(name), content, &out, "Content-Type", "application/octet-stream")
	return out.File
}

// A file goes up, goes out with a reply, and comes back as it was, to people who are signed in only, and never as something
// that runs.
func TestFilesOfAReply(t *testing.T) {
	r := boot(t)
	c := r.says("reza", "سلام")
	leyla := r.as("leyla")
	shot, page := picture64(t), []byte("<!doctype html><script>alert(1)</script>")
	a, b := leyla.upload("عکس.png", shot), leyla.upload(`..\..\evil/page.html`, page)
	if a.Type != "image/png" || a.Kind != "image" || a.Size != int64(len(shot)) || a.Name != "عکس.png" || strings.ContainsAny(b.Name, `/\`) {
		t.Errorf("went up as %+v, %+v", a, b)
	}
	var out done
	leyla.ok("POST", "/conversations/"+c.ID+"/reply", map[string]any{"files": []string{a.ID, b.ID}}, &out)
	if out.Touch == nil || out.Touch.Body == nil || len(out.Touch.Body.Files) != 2 {
		t.Fatalf("replied %+v", out.Touch)
	}
	at := "/files/" + out.Touch.ID

	got := leyla.call("GET", at+"/0", nil)
	if got.status != 200 || !bytes.Equal(got.body, shot) || got.header.Get("Content-Type") != "image/png" ||
		got.header.Get("Content-Disposition") != `inline; filename="___.png"; filename*=UTF-8''%D8%B9%DA%A9%D8%B3.png` {
		t.Errorf("the picture: %d %v", got.status, got.header)
	}
	got = leyla.call("GET", at+"/1", nil)
	if got.status != 200 || !bytes.Equal(got.body, page) || got.header.Get("Content-Type") != "application/octet-stream" ||
		!strings.HasPrefix(got.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("the page: %d %v", got.status, got.header)
	}
	for i := range 2 {
		h := leyla.call("GET", at+"/"+string(rune('0'+i)), nil).header
		if p := h.Get("Content-Security-Policy"); !strings.Contains(p, "sandbox") || !strings.Contains(p, "default-src 'none'") || strings.Contains(p, "script") {
			t.Errorf("file %d: policy %q", i, p)
		}
		if h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("file %d may be sniffed", i)
		}
	}
	if got := leyla.call("GET", at+"/0", nil, "Range", "bytes=1-3"); got.status != http.StatusPartialContent || string(got.body) != "PNG" {
		t.Errorf("a range: %d %q", got.status, got.body)
	}
	if got := leyla.call("GET", at+"/0?download=1", nil); !strings.HasPrefix(got.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("to be saved: %v", got.header)
	}
	small := leyla.call("GET", at+"/0?thumb=1", nil)
	if _, _, err := image.Decode(bytes.NewReader(small.body)); small.status != 200 || err != nil {
		t.Errorf("small: %d %v", small.status, err)
	}
	leyla.refused(404, codeNotFound, "", "GET", at+"/1?thumb=1", nil)
	for _, n := range []string{"2", "-1", "x", "99999999999999999999"} {
		leyla.refused(404, codeNotFound, "", "GET", at+"/"+n, nil)
	}
	r.browser().refused(401, codeSignedOut, "", "GET", at+"/0", nil)
}

// What an agent sent up is that agent's alone, and nothing but what was sent up can be named.
func TestUploadsAreTheirOwners(t *testing.T) {
	r := boot(t)
	c := r.says("reza", "hi")
	leyla, omid := r.as("leyla"), r.as("omid")
	f := omid.upload("a.txt", []byte("mine"))
	reply := "/conversations/" + c.ID + "/reply"
	for _, id := range []string{f.ID, "", "nothing", f.ID + "x", strings.Repeat("a", 10_000)} {
		leyla.refused(422, codeInvalid, "files", "POST", reply, map[string]any{"text": "x", "files": []string{id}})
	}
	leyla.refused(422, codeInvalid, "files", "POST", reply, map[string]any{"text": "x", "files": make([]string, 31)})
	leyla.refused(422, codeInvalid, "text", "POST", reply, map[string]any{"text": " "})
	r.browser().refused(401, codeSignedOut, "", "POST", "/files?name=a", []byte("x"))
	leyla.refused(403, codeCSRF, "", "POST", "/files?name=a", []byte("x"), "X-Tamas-CSRF", "")
	leyla.refused(422, codeInvalid, "name", "POST", "/files", []byte("x"))
	leyla.refused(422, codeInvalid, "", "POST", "/files?name=a", []byte{})
}

// A file over the server's bound is refused, whether it says its size or not.
func TestUploadTooLarge(t *testing.T) {
	r := boot(t)
	r.server.maxFile = 1 << 20
	leyla := r.as("leyla")
	big := make([]byte, 1<<20+1)
	leyla.refused(413, codeTooLarge, "", "POST", "/files?name=a", big)
	req, err := http.NewRequest("POST", r.http.URL+"/api/v1/files?name=a", http.MaxBytesReader(nil, readCloser{bytes.NewReader(big)}, 1<<30))
	must(t, err)
	req.Header = leyla.header.Clone()
	res, err := leyla.client.Do(req)
	must(t, err)
	res.Body.Close()
	if res.StatusCode != 413 {
		t.Errorf("a body that does not say its size: %d", res.StatusCode)
	}
	leyla.upload("fits", big[1:])
}

type readCloser struct{ *bytes.Reader }

func (readCloser) Close() error { return nil }

// The original of an unreadable message is downloaded, never shown.
func TestRawIsADownload(t *testing.T) {
	r := boot(t)
	c := r.says("reza", "garbled <script>")
	leyla := r.as("leyla")
	var d record.Detail
	leyla.ok("GET", "/conversations/"+c.ID, nil, &d)
	got := leyla.call("GET", "/touches/"+d.Touches[0].ID+"/raw", nil)
	if got.status != 200 || string(got.body) != "garbled <script>" || !strings.HasPrefix(got.header.Get("Content-Disposition"), "attachment") ||
		got.header.Get("Content-Type") != "application/octet-stream" {
		t.Errorf("%d %v %q", got.status, got.header, got.body)
	}
}

func TestDisposition(t *testing.T) {
	for name, want := range map[string]string{
		"":             "attachment",
		"a b.pdf":      `attachment; filename="a b.pdf"`,
		`a"b\.pdf`:     `attachment; filename="a_b_.pdf"; filename*=UTF-8''a%22b%5C.pdf`,
		"\r\nX: y.pdf": `attachment; filename="__X: y.pdf"; filename*=UTF-8''%0D%0AX%3A%20y.pdf`,
	} {
		if got := disposition("attachment", name); got != want {
			t.Errorf("%q: %s", name, got)
		}
	}
}

// A reply carries what an agent chose; a quotation, an edit and a conversation that we begin are recorded as such.
func TestMessagesCarryMore(t *testing.T) {
	r := boot(t)
	c := r.says("reza", "first")
	leyla := r.as("leyla")
	var d record.Detail
	leyla.ok("GET", "/conversations/"+c.ID, nil, &d)
	var out done
	leyla.ok("POST", "/conversations/"+c.ID+"/reply", map[string]any{"text": "answer", "reply_to": d.Touches[0].ID}, &out)
	if out.Touch.ReplyTo != d.Touches[0].ID {
		t.Errorf("the quotation: %+v", out.Touch)
	}
	sent := out.Touch.ID
	r.until("sent", func() bool {
		x, err := r.hub.Record().Touch(t.Context(), sent)
		return err == nil && x.State == record.StateSent
	})
	leyla.ok("POST", "/touches/"+sent+"/edit", map[string]any{"text": "better"}, &out)
	if out.Touch.Kind != record.KindEdit || out.Touch.Of != sent {
		t.Errorf("the edit: %+v", out.Touch)
	}
	leyla.refused(422, codeInvalid, "reply_to", "POST", "/conversations/"+c.ID+"/reply", map[string]any{"text": "x", "reply_to": "none"})
	leyla.refused(422, codeInvalid, "text", "POST", "/conversations/"+c.ID+"/note", map[string]any{"text": "x", "reply_to": sent})
	leyla.refused(422, codeInvalid, "envelope.cc", "POST", "/conversations/"+c.ID+"/reply",
		map[string]any{"text": "x", "envelope": map[string]any{"to": []string{"a@b.example"}, "cc": []string{"no address"}}})
	leyla.refused(404, codeNotFound, "", "POST", "/conversations", map[string]any{"account": "none", "address": "x", "text": "hi"})
}

// Whoever is blocked wakes nobody, until that is taken back.
func TestBlocking(t *testing.T) {
	r := boot(t)
	c := r.says("reza", "buy now")
	leyla := r.as("leyla")
	var d record.Detail
	leyla.ok("GET", "/conversations/"+c.ID, nil, &d)
	leyla.ok("POST", "/identities/"+c.Identity+"/block", map[string]any{"on": true}, nil)
	var page record.CustomerPage
	leyla.ok("GET", "/customers/"+d.Conversation.Customer.ID, nil, &page)
	if !page.Identities[0].Blocked {
		t.Errorf("blocked: %+v", page.Identities[0])
	}
	leyla.ok("POST", "/identities/"+c.Identity+"/block", map[string]any{"on": false}, nil)
	leyla.refused(404, codeNotFound, "", "POST", "/identities/none/block", map[string]any{"on": true})
	leyla.refused(422, codeInvalid, "on", "POST", "/identities/"+c.Identity+"/block", map[string]any{})
}
