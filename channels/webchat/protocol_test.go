package webchat

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"tamas/channels"
)

// Golden frames, read by the widget's tests as well: testdata/frames/client.json holds frames and what is made of them, server.json what
// the hub says, widget.json what the widget does.

func TestClientFrames(t *testing.T) {
	var golden []struct {
		Name  string          `json:"name"`
		Frame json.RawMessage `json:"frame"`
		Raw   string          `json:"raw"`   // instead of frame, when it is no JSON
		Error string          `json:"error"` // "" when the frame is good
	}
	readGolden(t, "client.json", &golden)
	for _, g := range golden {
		b := []byte(g.Frame)
		if g.Raw != "" {
			b = []byte(g.Raw)
		}
		_, err := parseFrame(b)
		got := ""
		if err != nil {
			got = err.Error()
			var bad *frameError
			if !errors.As(err, &bad) {
				t.Errorf("%s: %T is not a *frameError", g.Name, err)
			}
		}
		if got != g.Error {
			t.Errorf("%s: got %q, want %q", g.Name, got, g.Error)
		}
	}
}

func TestServerFrames(t *testing.T) {
	at := time.UnixMilli(1767225600000)
	sign := signer{"acc1", []byte(strings.Repeat("k", 32))}
	mine, _ := sign.toItem(channels.Item{ID: "3-1", Kind: "message", From: "customer", Name: "Sara", Text: "سلام <b>", At: at, Key: "visitor/k1234567"}, "visitor")
	theirs, _ := sign.toItem(channels.Item{ID: "4-1", Kind: "message", From: "agent", Name: "نیلوفر", Text: "بفرمایید", HTML: "<p>بفرمایید</p>", At: at}, "visitor")
	typing, _ := sign.toItem(channels.Item{Kind: "typing", From: "agent", Name: "نیلوفر", On: true}, "visitor")
	quote, _ := sign.toItem(channels.Item{ID: "5-1", Kind: "message", From: "agent", Name: "نیلوفر", At: at, ReplyTo: "3-1", Files: []channels.ItemFile{
		{File: channels.File{Name: "چای.png", Type: "image/png", Kind: "image", Size: 2048, Width: 640, Height: 480, Blob: strings.Repeat("ab", 32)}, URL: "https://hub.example/f/x"},
		{File: channels.File{Name: "film.mp4", Type: "video/mp4", Kind: "video", Missing: "larger than 25 MB"}},
		{File: channels.File{Name: "message.eml", Kind: "raw"}}}}, "visitor")
	edit, _ := sign.toItem(channels.Item{ID: "6-1", Kind: "edit", From: "agent", Name: "نیلوفر", Text: "بفرمایید!", At: at, Of: "4-1"}, "visitor")
	gone, _ := sign.toItem(channels.Item{ID: "7-1", Kind: "deletion", From: "agent", At: at, Of: "5-1"}, "visitor")
	read, _ := sign.toItem(channels.Item{Kind: "state", From: "agent", Of: "4-1", State: "read"}, "visitor")
	got := []serverFrame{
		{T: "hello", Visitor: "visitor"},
		{T: "items", Items: []item{mine, theirs}},
		{T: "items", Items: []item{quote}},
		{T: "items", Items: []item{edit, gone, read}},
		{T: "standing", Standing: &standing{Status: "waiting", Position: 2, Wait: 150, Staffed: true, Open: true, Next: at.UnixMilli()}},
		{T: "standing", Standing: &standing{Over: true}},
		{T: "items", Items: []item{typing}},
		{T: "ack", Key: "k1234567"},
		{T: "nack", Key: "k1234567", Code: "not_recorded", Message: "The message could not be kept. Try again.", Retry: true, Wait: 1000},
		*(&clientFrame{T: "send", Key: "k1234567", Text: strings.Repeat("x", maxText+1)}).refusal(),
		*(&clientFrame{T: "send", Key: "k1234567", Text: " \n"}).refusal(),
		{T: "pong"},
		{T: "error", Code: "bad_frame", Message: "t is unknown"},
	}
	b, err := json.MarshalIndent(got, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join("testdata", "frames", "server.json"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(bytes.TrimSpace(want), b) {
		t.Errorf("server.json differs; the hub says now:\n%s", b)
	}
	for _, i := range []channels.Item{{Kind: "state"}, {Kind: "typing", From: "customer"}, {Kind: "something new"}} {
		if _, ok := sign.toItem(i, "visitor"); ok {
			t.Errorf("%+v is nothing for visitors", i)
		}
	}
}

// widget.json is what the widget's own tests prove that it says.
func TestWidgetFrames(t *testing.T) {
	var golden []json.RawMessage
	readGolden(t, "widget.json", &golden)
	for _, b := range golden {
		f, err := parseFrame(b)
		if err != nil {
			t.Errorf("%s: %v", b, err)
			continue
		}
		if no := f.refusal(); f.T == "send" && no != nil {
			t.Errorf("%s: %+v", b, no)
		}
		if f.T == "send" && f.person() != "Sara (sara@mail.example, +98912)" {
			t.Errorf("%s is of %q", b, f.person())
		}
	}
	if len(golden) == 0 {
		t.Error("there is nothing in it")
	}
}

func readGolden(t *testing.T, name string, into any) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "frames", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatal(err)
	}
}

func TestPerson(t *testing.T) {
	for _, c := range []struct{ name, email, want string }{
		{"", "", ""},
		{" Sara\n Ahmadi ", "", "Sara Ahmadi"},
		{"", "sara@x.example", "sara@x.example"},
		{"سارا", "sara@x.example", "سارا (sara@x.example)"},
	} {
		if got := (&clientFrame{Name: c.name, Email: c.email}).person(); got != c.want {
			t.Errorf("person(%q, %q) = %q, want %q", c.name, c.email, got, c.want)
		}
	}
	long := &clientFrame{Name: strings.Repeat("ش", 100), Email: strings.Repeat("e", maxPerson)}
	if got := long.person(); len(got) > channels.MaxName || !utf8.ValidString(got) {
		t.Errorf("person has %d bytes, valid %v", len(got), utf8.ValidString(got))
	}
}

// FuzzFrame: whatever comes, parsing ends in a frame within its bounds or in a *frameError.
func FuzzFrame(f *testing.F) {
	var golden []struct {
		Frame json.RawMessage `json:"frame"`
		Raw   string          `json:"raw"`
	}
	b, err := os.ReadFile(filepath.Join("testdata", "frames", "client.json"))
	if err != nil {
		f.Fatal(err)
	}
	if err := json.Unmarshal(b, &golden); err != nil {
		f.Fatal(err)
	}
	for _, g := range golden {
		f.Add(append([]byte(g.Raw), g.Frame...))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		fr, err := parseFrame(b)
		if err != nil {
			var bad *frameError
			if !errors.As(err, &bad) || bad.reason == "" {
				t.Fatalf("%T %v", err, err)
			}
			return
		}
		if !utf8.ValidString(fr.Text) || len(fr.Text) > 3*maxFrame {
			t.Fatal("text out of bounds")
		}
		if p := fr.person(); len(p) > channels.MaxName || !utf8.ValidString(p) {
			t.Fatalf("person %q", p)
		}
		if fr.T == "send" && len(fr.Key)+27 > channels.MaxKey {
			t.Fatal("key out of bounds")
		}
		fr.refusal()
	})
}
