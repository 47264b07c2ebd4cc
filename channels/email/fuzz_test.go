package email

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	xhtml "golang.org/x/net/html"

	"tamas/channels"
)

// corpus adds the mails of the corpus whose name begins so.
func corpus(f *testing.F, prefix string) {
	files, _ := filepath.Glob("testdata/corpus/" + prefix + "*.eml")
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
}

// FuzzParse reads any bytes as a mail, its files included.
func FuzzParse(f *testing.F) {
	corpus(f, "")
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) > 256<<10 {
			return
		}
		m := Parse(raw, false)
		if strings.HasPrefix(m.Unreadable, "the mail could not be parsed") {
			t.Errorf("a parser's bug: %s", m.Unreadable)
		}
		judge(t, m)
		if key, _, ok := keyOf(raw); ok && key != m.key() {
			t.Errorf("keys %q and %q", key, m.key())
		}
		for _, file := range m.files {
			if !utf8.ValidString(file.name) || file.name == "" || strings.ContainsAny(file.name, "\x00\n/") || len(file.name) > 300 {
				t.Errorf("a file called %q", file.name)
			}
			if file.missing == "" {
				if n, err := io.Copy(io.Discard, file.open()); err != nil || n > int64(len(raw))+maxText {
					t.Errorf("%q has %d bytes, %v", file.name, n, err)
				}
			}
		}
		visible, signature, quoted := Split(m.Text)
		if !strings.HasPrefix(m.Text, visible) || !strings.Contains(m.Text, signature) || !strings.HasSuffix(m.Text, quoted) {
			t.Errorf("folding changes the text: %q %q %q", visible, signature, quoted)
		}
	})
}

// FuzzTNEF unpacks any bytes as a winmail.dat, and as an invitation.
func FuzzTNEF(f *testing.F) {
	files, _ := filepath.Glob("testdata/corpus/*.eml")
	for _, file := range files {
		raw, _ := os.ReadFile(file)
		for _, part := range bytes.Split(raw, []byte("base64\r\n\r\n"))[1:] {
			data, _ := decodeBase64(bytes.Split(part, []byte("\r\n-"))[0])
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 64<<10 {
			return
		}
		w := &walker{}
		c := w.tnef(part{typ: "application/ms-tnef", body: section{bytes.NewReader(data), 0, int64(len(data))}})
		total := int64(0)
		for _, file := range c.files {
			if file.missing == "" {
				n, _ := io.Copy(io.Discard, file.open())
				total += n
			}
		}
		if len(c.files) > maxTNEF || total > int64(len(data))*(maxTNEF+1) || len(c.text) > maxText+1 {
			t.Errorf("%d files, %d bytes of %d", len(c.files), total, len(data))
		}
		for _, m := range meetings(string(data), "REQUEST") {
			if out := strings.Join(m.lines(meetingEN), "\n"); len(out) > 100<<10 {
				t.Errorf("an invitation of %d bytes", len(out))
			}
		}
	})
}

// FuzzHTML cleans anything, and looks at the result as a browser reads it.
func FuzzHTML(f *testing.F) {
	files, _ := filepath.Glob("testdata/corpus/*.eml")
	for _, file := range files {
		raw, _ := os.ReadFile(file)
		if _, body, ok := readHeader(raw); ok && bytes.Contains(body, []byte("<")) {
			f.Add(string(body))
		}
	}
	for _, s := range []string{`<img src=x onerror=alert(1)>`, `<svg/onload=alert(1)>`, `<a href="java&#10;script:alert(1)">x`, `<p style="width:expres/**/sion(alert(1))">`, `<table><td background=//e.test>`,
		`<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">`, `<noscript><p title="</noscript><img src=x onerror=alert(1)>">`, `<div style="background:\75rl(//e.test)">`,
		`<style>@import'//e.test'</style>`, `<img srcset="//e.test 1x">`, `<blockquote type=cite><blockquote>`, `<plaintext>x`, `<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		if len(src) > 64<<10 {
			return
		}
		out, _ := cleanHTML(src, []*attachment{{name: "a.png", cid: "a@x"}})
		harmless(t, out)
		htmlText(src)
	})
}

var (
	wanted = regexp.MustCompile(`^(?:a|p|div|span|br|hr|b|strong|i|em|u|s|strike|del|ins|sub|sup|small|big|mark|blockquote|pre|code|kbd|tt|q|cite|h[1-6]|ul|ol|li|dl|dt|dd|table|caption|colgroup|col|thead|tbody|tfoot|tr|td|th|bdi|bdo|center|address|img|font)$`)
	fetch  = regexp.MustCompile(`(?i)url|expression|import|javascript|position|\\|/\*|//`)
)

// harmless fails when HTML does more than a mail may: the tree that a browser makes of it has other elements or attributes, or
// fetches anything but images.
func harmless(t *testing.T, src string) {
	t.Helper()
	doc, err := xhtml.Parse(strings.NewReader(src))
	if err != nil {
		return // too deep: so was what came, and the policy took its elements one by one
	}
	var look func(n *xhtml.Node)
	look = func(n *xhtml.Node) {
		if n.Type == xhtml.ElementNode && n.Data != "html" && n.Data != "head" && n.Data != "body" {
			if !wanted.MatchString(n.Data) || n.Namespace != "" {
				t.Errorf("<%s> in %q", n.Data, cut(src, 500))
			}
			for _, a := range n.Attr {
				v := strings.ToLower(strings.TrimSpace(a.Val))
				switch a.Key {
				case "src":
					if n.Data != "img" || !strings.HasPrefix(v, "cid:") && !strings.HasPrefix(v, "http:") && !strings.HasPrefix(v, "https:") {
						t.Errorf("src=%q", a.Val)
					}
				case "href":
					if n.Data != "a" || !regexp.MustCompile(`^(?:https?:|mailto:|tel:)`).MatchString(v) {
						t.Errorf("href=%q", a.Val)
					}
				case "style":
					if fetch.MatchString(v) {
						t.Errorf("style=%q", a.Val)
					}
				case "class":
					if v != quoteClass && v != signatureClass {
						t.Errorf("class=%q", a.Val)
					}
				case "dir", "lang", "alt", "title", "rel", "target", "align", "valign", "width", "height", "border", "cellpadding", "cellspacing", "bgcolor", "color", "size", "face",
					"colspan", "rowspan", "span", "start", "value", "type":
				default:
					t.Errorf("%s=%q in <%s>", a.Key, a.Val, n.Data)
				}
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			look(c)
		}
	}
	look(doc)
}

// FuzzBounce: whatever a report says, only what carries our signature changes a message's state.
func FuzzBounce(f *testing.F) {
	corpus(f, "bounce")
	corpus(f, "re")
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) > 64<<10 {
			return
		}
		a, desk := corpusAdapter(t)
		if _, err := a.batch(context.Background(), []*letter{{raw: raw}}); err != nil {
			t.Fatal(err)
		}
		if s := desk.Statuses(); len(s) > 0 {
			t.Errorf("forged: %+v", s)
		}
		ours := a.sign.messageID("out1", short(threadLen, "corpus"))
		if _, err := a.batch(context.Background(), []*letter{{raw: bytes.ReplaceAll(raw, []byte("OURS@tamas.test"), []byte(ours))}}); err != nil {
			t.Fatal(err)
		}
		for _, s := range desk.Statuses() {
			if s.ProviderID != ours || len(s.Reason) > 512 || s.State != "failed" && s.State != "delivered" && s.State != "read" || s.State == "failed" && s.Reason == "" || !utf8.ValidString(s.Reason) {
				t.Errorf("%+v", s)
			}
		}
	})
}

// FuzzCompose: what is sent can be read again, and nobody gets it who was not named.
func FuzzCompose(f *testing.F) {
	f.Add("Order", "سلام\nخوبی؟", "-- \nعلی", "Sara <sara@example.org>", "فاکتور.pdf", "application/pdf", "<p>x</p>", "Hi")
	f.Add("Re: x\r\nBcc: evil@x.test", ".\r\n..\r\n.", "\x00", "\"a\\\"b\" <a@b.test>, c@d.test", "a\"b\r\nX: y.txt", "text/html\r\nX: y", "<img src=cid:a>", "> > x")
	f.Add("=?utf-8?q?=41?=", strings.Repeat("x", 3000), "", "علی <ali@bücher.example>", "../..", "message/rfc822", "", "")
	f.Fuzz(func(t *testing.T, subject, text, signature, to, name, typ, html, history string) {
		if len(subject)+len(text)+len(signature)+len(to)+len(name)+len(typ)+len(html)+len(history) > 32<<10 {
			return
		}
		a, desk := corpusAdapter(t)
		file, err := desk.Store(context.Background(), channels.File{Name: name, CID: "a"}, strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		file.Name, file.Type = name, typ
		m := channels.Outbound{ID: subject, Thread: short(threadLen, text), Address: "sara@example.org", Name: name, From: to, Subject: subject, Text: text, Signature: signature, Files: []channels.File{file},
			InReplyTo: to, Refs: []string{to, "ok@x"}, Envelope: &channels.Envelope{To: []string{"sara@example.org"}, Cc: []string{to}},
			History: &channels.History{From: to, Subject: subject, Text: history, HTML: html, At: time.Unix(int64(len(text))*1e6, 0).UTC()}}
		out, err := a.outgoing(context.Background(), m)
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := out.write(&b); err != nil {
			t.Fatal(err)
		}
		for _, line := range bytes.Split(b.Bytes(), []byte("\r\n")) {
			if len(line) > 998 || bytes.ContainsAny(line, "\r\n") {
				t.Errorf("a line that servers refuse: %q", cut(string(line), 300))
			}
		}
		back := Parse(b.Bytes(), false)
		judge(t, back)
		harmless(t, back.HTML)
		said := strings.TrimSpace(clean(text))
		if got := back.Text; !strings.HasPrefix(got, said) && !strings.HasPrefix(strings.TrimSpace(got), strings.TrimRight(said, " \t\n")) {
			t.Errorf("text %q comes back as %q", said, got)
		}
		if back.ID != out.id || back.header.Has("Bcc") || back.header.Has("X") || len(back.files) != 1 || back.From.addr != "support@tamas.test" {
			t.Errorf("%q %+v, %d files", back.ID, back.From, len(back.files))
		}
		if got, _ := io.ReadAll(back.files[0].open()); string(got) != text {
			t.Errorf("file %q comes back as %q", text, got)
		}
		for _, r := range append(back.To, back.Cc...) {
			found := false
			for _, o := range out.to {
				found = found || o == r.addr
			}
			if !found {
				t.Errorf("%q is in the header and not among %q", r.addr, out.to)
			}
		}
	})
}
