package inbox

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"tamas/channels"
)

// linkHub is enough of a hub to make and open links.
func linkHub(t testing.TB, key byte) *Hub {
	t.Helper()
	k := make([]byte, keySize)
	k[0] = key
	links, err := sealer(k, "file links")
	if err != nil {
		t.Fatal(err)
	}
	return &Hub{key: k, links: links, publicURL: "https://help.example.com"}
}

var aFile = channels.File{Name: "گزارش ماه.pdf", Type: "application/pdf", Kind: "file", Size: 5 << 30, Width: 3, Height: 4, Duration: 5,
	Blob: strings.Repeat("0123456789abcdef", 4)}

func TestLinks(t *testing.T) {
	h := linkHub(t, 1)
	link := h.FileLink(aFile)
	token, ok := strings.CutPrefix(link, "https://help.example.com/f/")
	if !ok || strings.ContainsAny(token, "/?#&%") || len(token) > 250 {
		t.Fatalf("the link is %q", link)
	}
	if f, err := h.OpenLink(token); err != nil || f != aFile {
		t.Errorf("%+v, %v", f, err)
	}
	raw, _ := base64.RawURLEncoding.DecodeString(token)
	if strings.Contains(string(raw), "pdf") {
		t.Error("the name can be read from the link")
	}
	if h.FileLink(aFile) == link {
		t.Error("two links are one: whoever sees both learns that the files are the same")
	}

	if h.localURL = "http://localhost:8080"; !strings.HasPrefix(h.FileLink(aFile), h.publicURL) {
		t.Error("the local address comes before the public one")
	}
	if h.publicURL = ""; !strings.HasPrefix(h.FileLink(aFile), "http://localhost:8080/f/") {
		t.Error("no local address")
	}
	if h.localURL = ""; h.FileLink(aFile) != "" {
		t.Error("a link to nowhere")
	}
	for _, f := range []channels.File{{Missing: "larger than 25 MB"}, {Blob: "zz"}, {Blob: "00"}} {
		if h.UploadToken("ann", f) != "" {
			t.Errorf("a token of %+v", f)
		}
	}
}

func TestLinksRefuse(t *testing.T) {
	h := linkHub(t, 1)
	link := h.fileToken("link", aFile, time.Minute)
	upload := h.UploadToken("ann", aFile)
	if f, err := h.OpenUpload("ann", upload); err != nil || f != aFile {
		t.Fatalf("%+v, %v", f, err)
	}
	flip := []byte(link)
	flip[30] ^= 1
	tests := []struct {
		name string
		open func() (channels.File, error)
		want error
	}{
		{"expired link", func() (channels.File, error) { return h.OpenLink(h.fileToken("link", aFile, -time.Second)) }, ErrExpired},
		{"expired upload", func() (channels.File, error) {
			return h.OpenUpload("ann", h.fileToken("upload ann", aFile, -time.Second))
		}, ErrExpired},
		{"empty", func() (channels.File, error) { return h.OpenLink("") }, ErrNoLink},
		{"cut", func() (channels.File, error) { return h.OpenLink(link[:len(link)-2]) }, ErrNoLink},
		{"cut to the nonce", func() (channels.File, error) { return h.OpenLink(link[:16]) }, ErrNoLink},
		{"changed", func() (channels.File, error) { return h.OpenLink(string(flip)) }, ErrNoLink},
		{"longer", func() (channels.File, error) { return h.OpenLink(link + "AAAA") }, ErrNoLink},
		{"huge", func() (channels.File, error) { return h.OpenLink(strings.Repeat("A", 1<<20)) }, ErrNoLink},
		{"another installation's", func() (channels.File, error) { return linkHub(t, 2).OpenLink(link) }, ErrNoLink},
		{"another user's upload", func() (channels.File, error) { return h.OpenUpload("bob", upload) }, ErrNoLink},
		{"an upload as a link", func() (channels.File, error) { return h.OpenLink(upload) }, ErrNoLink},
		{"a link as an upload", func() (channels.File, error) { return h.OpenUpload("ann", link) }, ErrNoLink},
	}
	for _, tt := range tests {
		if f, err := tt.open(); !errors.Is(err, tt.want) || f != (channels.File{}) {
			t.Errorf("%s: %+v, %v", tt.name, f, err)
		}
	}
}

func FuzzOpenLink(f *testing.F) {
	h := linkHub(f, 1)
	f.Add(h.fileToken("link", aFile, time.Minute), []byte("x"))
	f.Add("", []byte{})
	f.Add("AAAA", []byte{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1})
	f.Fuzz(func(t *testing.T, token string, inside []byte) {
		if file, err := h.OpenLink(token); err == nil && file != aFile {
			t.Errorf("opened %q: %+v", token, file)
		}
		// What another version of this program may have sealed.
		nonce := make([]byte, h.links.NonceSize())
		_, _ = h.OpenLink(base64.RawURLEncoding.EncodeToString(h.links.Seal(nonce, nonce, inside, []byte("link"))))
	})
}
