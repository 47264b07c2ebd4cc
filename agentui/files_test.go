package agentui

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tamas/inbox/record"
)

// upload sends a file up and gives its id.
func (b *browser) upload(name string, content []byte) uploaded {
	b.r.t.Helper()
	var out struct{ File uploaded }
	b.ok("POST", "/files?name="+url.QueryEscape(name), content, &out, "Content-Type", "application/octet-stream")
	return out.File
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
