package email

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"tamas/channels"
)

// written is an outbound message as it goes out, read again.
func written(t *testing.T, a *Adapter, m channels.Outbound) (Mail, *outgoing, []byte) {
	t.Helper()
	out, err := a.outgoing(context.Background(), m)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := out.write(&b); err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(b.String(), "\r\n") {
		if len(line) > 998 || strings.ContainsAny(line, "\r\n") || !ascii([]byte(line)) && !out.utf8 {
			t.Errorf("a line that servers refuse: %q", cut(line, 200))
		}
	}
	var again bytes.Buffer
	if out.write(&again); !bytes.Equal(b.Bytes(), again.Bytes()) {
		t.Error("a second time it is another mail")
	}
	return Parse(b.Bytes(), false), out, b.Bytes()
}

func stored(t *testing.T, a *Adapter, name, typ, cid, content string) channels.File {
	t.Helper()
	f, err := a.cfg.Desk.Store(context.Background(), channels.File{Name: name, Type: typ, CID: cid}, strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	f.Type = typ
	return f
}

func TestAnswerWithHistorySignatureAndFiles(t *testing.T) {
	a, _ := corpusAdapter(t)
	at := time.Date(2026, 1, 5, 10, 20, 0, 0, time.FixedZone("", 3*3600+1800))
	logo, unseen := stored(t, a, "logo.png", "image/png", "logo@01DC", "the logo"), stored(t, a, "other.png", "image/png", "other@x", "not shown")
	bill := stored(t, a, "فاکتور؛ «نهایی».pdf", "application/pdf", "", "the bill")
	m, out, raw := written(t, a, channels.Outbound{ID: "m1", Thread: short(threadLen, "x"), Address: "sara@example.org", Name: "سارا", From: "علی", Subject: "سفارش ۱۲",
		Text: "سلام سارا،\nپیوست را ببینید: https://shop.example/o?a=1&b=2.\n\nBest & bye", Signature: "علی\nفروشگاه",
		InReplyTo: "q1@example.org", Refs: []string{"root@example.org", "q1@example.org"}, Files: []channels.File{bill, logo, unseen},
		History: &channels.History{From: "Sara <sara@example.org>", Subject: "سفارش ۱۲", At: at, Text: "سفارش من کجاست؟\n> پیش‌تر\n\nسارا",
			HTML: `<p dir="rtl">سفارش من <b>کجاست</b>؟</p><img src="cid:logo@01DC"><img src="cid:gone@x" alt="عکس"><script>alert(1)</script><img src="https://shop.example/b.png">`}})
	visible, signature, quoted := Split(m.Text)
	if visible != "سلام سارا،\nپیوست را ببینید: https://shop.example/o?a=1&b=2.\n\nBest & bye" || signature != "-- \nعلی\nفروشگاه" {
		t.Errorf("visible %q, signature %q", visible, signature)
	}
	if quoted != "در ۱۵ دی ۱۴۰۴، ساعت ۱۰:۲۰ (+۰۳۳۰)، Sara <sara@example.org> نوشت:\n> سفارش من کجاست؟\n>> پیش‌تر\n>\n> سارا" {
		t.Errorf("quoted %q", quoted)
	}
	for _, want := range []string{`<p dir="rtl">سلام سارا،`, `<p dir="ltr">Best &amp; bye`, `href="https://shop.example/o?a=1&amp;b=2"`, `<div class="tamas-signature">`, `<div class="tamas-quote">`, `<b>کجاست</b>`,
		`src="cid:logo@01DC"`, `[عکس]`, `src="https://shop.example/b.png"`} {
		if !strings.Contains(m.HTML, want) {
			t.Errorf("HTML without %s: %s", want, m.HTML)
		}
	}
	if strings.Contains(m.HTML, "alert") || strings.Index(m.HTML, signatureClass) > strings.Index(m.HTML, quoteClass) {
		t.Errorf("HTML %s", m.HTML)
	}
	if len(m.files) != 3 || !m.files[0].shown || m.files[0].cid != "logo@01DC" || m.files[1].name != bill.Name || m.files[2].name != "other.png" || m.files[1].shown {
		t.Errorf("files %+v", m.files)
	}
	for i, want := range []string{"the logo", "the bill", "not shown"} {
		if got, _ := io.ReadAll(m.files[i].open()); string(got) != want {
			t.Errorf("file %d is %q", i, got)
		}
	}
	if m.Subject != "Re: سفارش ۱۲" || m.InReplyTo != "q1@example.org" || strings.Join(m.References, " ") != "root@example.org q1@example.org" || m.ID != out.id || m.Auto {
		t.Errorf("subject %q, references %q, auto %v", m.Subject, m.References, m.Auto)
	}
	if !bytes.Contains(raw, []byte("multipart/related")) || !bytes.Contains(raw, []byte("multipart/mixed")) {
		t.Errorf("%s", raw[:500])
	}
}

// What we write above a quotation is folded away by our own rule in each language.
func TestAttributionLines(t *testing.T) {
	at := time.Date(2026, 3, 21, 8, 5, 0, 0, time.UTC)
	for lang, text := range map[string]string{"fa": "سفارش من کجاست؟ پیگیری می‌کنید؟", "ar": "أين طلبيتي يا سادة؟", "ru": "Где мой заказ?", "de": "Wo ist meine Bestellung? Ich danke für die Hilfe.",
		"fr": "Où est ma commande ? Merci pour votre aide, je suis à la maison.", "es": "¿Dónde está mi pedido? Gracias por la ayuda.", "tr": "Merhaba, siparişim için bir bilgi var mı?", "en": "Where is my order?"} {
		if got := tongue(text); got != lang {
			t.Errorf("%q is %s", text, got)
		}
		line := attributionLine(lang, &channels.History{From: "Sara <sara@example.org>", At: at})
		if v, q := Fold("Own words.\n\n" + line + "\n> " + text); v != "Own words." || !strings.HasPrefix(q, line) {
			t.Errorf("%s: %q stays", lang, v)
		}
		head := strings.Join(forwardHead(lang, &channels.History{From: "Sara <sara@example.org>", Subject: "x", At: at}), "\n")
		if _, q := Fold("Own words.\n\n" + head + "\n\n" + text); q != "" {
			t.Errorf("%s: what is sent on is folded away: %q", lang, q)
		}
	}
	if d := jalali(at); d != "۱ فروردین ۱۴۰۵" {
		t.Errorf("Nowruz is %s", d)
	}
}

func TestForward(t *testing.T) {
	a, _ := corpusAdapter(t)
	m, out, _ := written(t, a, channels.Outbound{ID: "m1", Thread: short(threadLen, "x"), Address: "sara@example.org", Subject: "Re: Contract", Text: "Please look.", Forwarded: true,
		Envelope: &channels.Envelope{To: []string{"Expert <expert@firm.test>"}}, InReplyTo: "q1@example.org", Refs: []string{"q1@example.org"}, Files: []channels.File{stored(t, a, "c.pdf", "application/pdf", "", "pdf")},
		History: &channels.History{From: "Sara <sara@example.org>", Subject: "Contract", At: time.Unix(1767595800, 0).UTC(), Text: "See the file.", HTML: "<p>See <i>the</i> file.</p>"}})
	want := "Please look.\n\n" + forwardMark + "\nFrom: Sara <sara@example.org>\nDate: Mon, 5 Jan 2026 06:50 +0000\nSubject: Contract\n\nSee the file."
	if m.Text != want || m.Subject != "Fwd: Contract" || len(m.References) != 0 || len(m.files) != 1 || !strings.Contains(m.HTML, "<i>the</i>") || strings.Contains(m.HTML, quoteClass) {
		t.Errorf("%q %q %q %s", m.Text, m.Subject, m.References, m.HTML)
	}
	if strings.Join(out.to, " ") != "expert@firm.test" || a.sign.ofAddress(m.ReplyTo[0].addr) != short(threadLen, "x") {
		t.Errorf("to %q, reply to %+v", out.to, m.ReplyTo)
	}
}

func TestRecipients(t *testing.T) {
	a, _ := corpusAdapter(t)
	m, out, raw := written(t, a, channels.Outbound{ID: "m1", Thread: "t", Address: "sara@example.org", Text: "x", Envelope: &channels.Envelope{
		To: []string{`"Ahmadi, Sara" <Sara@example.org>`, "علی <ali@bücher.example>"}, Cc: []string{"boss@firm.test, boss@firm.test"}, Bcc: []string{"Secret <secret@firm.test>", "sara@example.org"}}})
	if strings.Join(out.to, " ") != "sara@example.org ali@xn--bcher-kva.example boss@firm.test secret@firm.test" || out.utf8 {
		t.Errorf("to %q", out.to)
	}
	if len(m.To) != 2 || m.To[0].name != "Ahmadi, Sara" || m.To[1].name != "علی" || len(m.Cc) != 1 || bytes.Contains(raw, []byte("ecret")) || m.header.Has("Bcc") {
		t.Errorf("to %+v cc %+v\n%s", m.To, m.Cc, raw)
	}
	if _, out, _ := written(t, a, channels.Outbound{ID: "m2", Address: "jörg@example.org", Text: "x"}); !out.utf8 {
		t.Error("a local part that needs SMTPUTF8")
	}
	if m, out, _ := written(t, a, channels.Outbound{ID: "m3", Text: "x", Envelope: &channels.Envelope{Bcc: []string{"a@b.test"}}}); len(out.to) != 1 || len(m.To) != 0 {
		t.Errorf("only Bcc: %q %+v", out.to, m.To)
	}
	for _, e := range []*channels.Envelope{{To: []string{"nobody"}}, {To: []string{"a@b.test"}, Cc: []string{"x@"}}, {To: []string{unknownSender}}} {
		var se *channels.SendError
		if _, err := a.outgoing(context.Background(), channels.Outbound{ID: "x", Address: "a@b.test", Text: "x", Envelope: e}); !errors.As(err, &se) || !se.Permanent {
			t.Errorf("%+v: %v", e, err)
		}
	}
}

func TestAutomaticAnswers(t *testing.T) {
	a, _ := corpusAdapter(t)
	m, _, _ := written(t, a, channels.Outbound{ID: "m1", Address: "sara@example.org", Text: "We are closed.", Auto: true, InReplyTo: "q1@x", Refs: []string{"q1@x"}})
	if m.header.Get("Auto-Submitted") != "auto-replied" || m.header.Get("Precedence") != "bulk" || !m.Auto {
		t.Errorf("%+v", m.header)
	}
	if m, _, _ := written(t, a, channels.Outbound{ID: "m2", Address: "sara@example.org", Text: "News."}); m.Auto || m.header.Has("Precedence") {
		t.Error("a person's mail calls itself automatic")
	}
}

func TestSubjectMarksInAnyLanguage(t *testing.T) {
	a, _ := corpusAdapter(t)
	for in, want := range map[string]string{"Re: RE: Order": "Re: Order", "AW: Re: Bestellung": "AW: Bestellung", "Re[2]: Order": "Re[2]: Order", "رد: طلب": "رد: طلب", "回复:订单": "回复: 订单",
		"YNT: Sipariş": "YNT: Sipariş", "Отв: заказ": "Отв: заказ", "Fwd: Re: x": "Re: Fwd: Re: x", "Re:": "Re:", "Order\r\nBcc: evil@x.test": "Re: Order Bcc: evil@x.test"} {
		if got := a.subject(channels.Outbound{Subject: in}, true); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{"Order": "Fwd: Order", "Re: AW: Order": "Fwd: Order", "WG: Order": "WG: Order", "": "Fwd:"} {
		if got := a.subject(channels.Outbound{Subject: in, Forwarded: true}, false); got != want {
			t.Errorf("%q forwarded: %q, want %q", in, got, want)
		}
	}
}

func TestReferencesAreBounded(t *testing.T) {
	a, _ := corpusAdapter(t)
	refs := []string{"root@x"}
	for i := range 100 {
		refs = append(refs, short(10, "ref", string(rune(i)))+"@x")
	}
	m, _, _ := written(t, a, channels.Outbound{ID: "m1", Address: "sara@example.org", Text: "x", Refs: refs, InReplyTo: "last@x"})
	if len(m.References) != maxRefs || m.References[0] != "root@x" || m.References[maxRefs-1] != "last@x" {
		t.Errorf("%q", m.References)
	}
}

// A file that cannot be read is the store's trouble: the mail must not end as if it were whole.
func TestStoreFailsWhileSending(t *testing.T) {
	a, _ := corpusAdapter(t)
	for name, open := range map[string]func() (io.ReadCloser, error){
		"at once":       func() (io.ReadCloser, error) { return nil, os.ErrNotExist },
		"in the middle": func() (io.ReadCloser, error) { return io.NopCloser(io.MultiReader(pattern(100000), broken{})), nil },
	} {
		a.cfg.Desk = &openDesk{a.cfg.Desk, open}
		out, err := a.outgoing(context.Background(), channels.Outbound{ID: "m1", Address: "sara@example.org", Text: "x", Files: []channels.File{{Name: "a", Type: "x/y", Blob: "b"}}})
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		var se *storeError
		err = out.write(&b)
		if !errors.As(err, &se) || bytes.HasSuffix(b.Bytes(), []byte("--\r\n")) {
			t.Errorf("%s: %v", name, err)
		}
		// What is gone does not come back: ten tries would hold up the customer's next messages for an hour.
		var failed *channels.SendError
		if !errors.As(a.unsent(&contentError{err: err}, channels.Outbound{}), &failed) || failed.Permanent != (name == "at once") {
			t.Errorf("%s: %+v", name, failed)
		}
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errBroken }

type openDesk struct {
	channels.Desk
	open func() (io.ReadCloser, error)
}

func (d *openDesk) Open(context.Context, string) (io.ReadCloser, error) { return d.open() }

// A file of 50 MB goes out without being held in memory.
func TestBigFilesAreSentAsStreams(t *testing.T) {
	a, plain := corpusAdapter(t)
	const size = 50 << 20
	a.cfg.Desk = &openDesk{plain, func() (io.ReadCloser, error) { return io.NopCloser(pattern(size)), nil }}
	out, err := a.outgoing(context.Background(), channels.Outbound{ID: "m1", Address: "sara@example.org", Text: "x", Files: []channels.File{{Name: "a", Type: "video/mp4", Size: size, Blob: "b"}}})
	if err != nil {
		t.Fatal(err)
	}
	d := &flatDesk{Desk: plain}
	d.look()
	before, n := d.most, int64(0)
	if err := out.write(writerFunc(func(p []byte) (int, error) {
		if n += int64(len(p)); n%(8<<20) < int64(len(p)) {
			d.look()
		}
		return len(p), nil
	})); err != nil || n < size*4/3 {
		t.Fatalf("%d bytes, %v", n, err)
	}
	if grown := int64(d.most) - int64(before); grown > 4<<20 {
		t.Errorf("memory grew by %d KB", grown>>10)
	} else {
		t.Logf("memory grew by %d KB", grown>>10)
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
