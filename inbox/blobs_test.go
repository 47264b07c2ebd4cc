package inbox

import (
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"tamas/channels"
)

func TestBlobs(t *testing.T) {
	b, err := OpenBlobs(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	one, err := b.Put([]byte("one"))
	if err != nil {
		t.Fatal(err)
	}
	if again, err := b.Put([]byte("one")); err != nil || again != one {
		t.Fatalf("%q, %q, %v", one, again, err)
	}
	r, err := b.Open(one)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if text, _ := io.ReadAll(r); string(text) != "one" {
		t.Fatalf("%q", text)
	}
	for _, bad := range []string{"", "..", "../../etc/passwd", strings.Repeat("0", 64), strings.Repeat("z", 64)} {
		if _, err := b.Open(bad); !os.IsNotExist(err) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// A text that is too long for a row is cut there and kept whole beside it.
func TestLongTextIsKeptWhole(t *testing.T) {
	r := newRig(t, stores[0])
	h, _ := r.hub()
	whole := strings.Repeat("سلام ", 30_000)
	r.mustSay(h, "t", "1", whole)
	x := r.touches(h.db, "t")[0]
	if len(x.Body.Text) > channels.MaxText || x.Body.Blob == "" || !strings.HasPrefix(whole, x.Body.Text) {
		t.Fatalf("%d bytes, blob %q", len(x.Body.Text), x.Body.Blob)
	}
	f, err := h.Blobs().Open(x.Body.Blob)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if text, _ := io.ReadAll(f); string(text) != whole {
		t.Fatalf("%d bytes of %d are kept", len(text), len(whole))
	}
}

func FuzzNormalise(f *testing.F) {
	f.Add("key", "thread", "a\x00b", "\xff\xfe", "text\u2028", "A@b.example")
	f.Add("", "*t", "stop", "+98 912 000 0001", "edit", "../\u202egpj.exe")
	f.Fuzz(func(t *testing.T, key, thread, name, address, text, other string) {
		in := inbound{Inbound: channels.Inbound{Kind: text, Key: key, Thread: thread, Name: name, Address: address, Text: text, Subject: text, HTML: text,
			ProviderID: other, ReplyTo: other, Of: other, Page: other, Spam: other, Unreadable: other, Answer: other, Consent: name,
			Files:    []channels.File{{Name: other, Type: other, Kind: other, Blob: other, CID: other, Missing: other, Size: -1}},
			Envelope: &channels.Envelope{From: other, To: []string{other, ""}, Cc: []string{name}},
			Link:     &channels.Link{Customer: name, Channel: text, Address: address, Name: name, Email: other, Phone: address, Evidence: text}}}
		in.normalise(time.Now())
		file := in.Files[0]
		short := []string{in.Key, in.Thread, in.Name, in.Address, in.ProviderID, in.ReplyTo, in.Of, in.Spam, file.Name, file.Type, file.CID, file.Missing}
		if l := in.Link; l != nil {
			short = append(short, l.Customer, l.Channel, l.Address, l.Name, l.Email, l.Phone, l.Evidence)
			if l.Customer == "" && (l.Channel == "" || l.Address == "") {
				t.Fatalf("a link to nobody: %+v", l)
			}
		}
		for _, s := range append([]string{in.Text, in.Subject, in.HTML, in.Page, in.Answer, in.Unreadable, in.Envelope.From}, append(short, in.Envelope.To...)...) {
			if strings.ContainsRune(s, 0) || strings.ToValidUTF8(s, "") != s {
				t.Fatalf("%q is not clean", s)
			}
		}
		for _, s := range short {
			if len(s) > channels.MaxKey {
				t.Fatalf("%d bytes", len(s))
			}
		}
		if len(in.Text) > channels.MaxText || file.Size < 0 || file.Blob != "" && !named(file.Blob) || file.Blob == "" && file.Missing == "" {
			t.Fatalf("%+v", file)
		}
	})
}
