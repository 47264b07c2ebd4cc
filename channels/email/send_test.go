package email

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"tamas/channels"
	"tamas/channels/email/emailtest"
)

func TestReplyRoundTrip(t *testing.T) {
	onBoth(t, func(t *testing.T, s server) {
		b := openBox(t, s.settings(map[string]any{"from_name": "فروشگاه تماس"}), nil).run()
		s.deliver(emailtest.Compose("Sara Ahmadi <sara@example.org>", "q1@example.org", "Order 12", "Where is it?", "References: <old@example.org>"))
		in := b.desk.AwaitMessages(t, 1)[0]
		out := channels.Outbound{ID: "m42", Thread: in.Thread, Address: in.Address, Name: in.Name, From: "علی", Subject: in.Subject,
			Text: "سلام سارا،\nدر راه است.\n\nBest regards & <thanks>", InReplyTo: in.ProviderID, Refs: []string{"old@example.org", in.ProviderID, "raw:1234"}}
		r, err := b.Send(context.Background(), out)
		if err != nil {
			t.Fatal(err)
		}
		again, err := b.Send(context.Background(), out)
		if err != nil || again.ProviderID != r.ProviderID {
			t.Errorf("sent again: %+v %v, want %+v", again, err, r)
		}
		sent := s.smtp.Sent()[0]
		m := Parse(sent.Raw, false)
		h, _, _ := readHeader(sent.Raw)
		if m.ID != r.ProviderID || m.Subject != "Re: Order 12" || m.From.name != "علی (فروشگاه تماس)" || m.From.addr != emailtest.Address {
			t.Errorf("id %q, subject %q, from %+v", m.ID, m.Subject, m.From)
		}
		if strings.Join(m.References, " ") != "old@example.org q1@example.org" || h.Get("In-Reply-To") != "<q1@example.org>" {
			t.Errorf("references %q, in reply to %q", m.References, h.Get("In-Reply-To"))
		}
		if m.Text != out.Text || !strings.Contains(m.HTML, `<p dir="rtl">سلام سارا،<br>`) || !strings.Contains(m.HTML, `<p dir="ltr">Best regards &amp; &lt;thanks&gt;`) {
			t.Errorf("text %q\nHTML %s", m.Text, m.HTML)
		}
		if sent.From != emailtest.Address || len(sent.To) != 1 || sent.To[0] != "sara@example.org" || m.Auto {
			t.Errorf("envelope %q %q, automatic %v", sent.From, sent.To, m.Auto)
		}
		if len(m.ReplyTo) != 1 || b.sign.ofAddress(m.ReplyTo[0].addr) != in.Thread {
			t.Errorf("reply to %+v", m.ReplyTo)
		}
		for _, line := range lines(sent.Raw) {
			if len(line) > 998 {
				t.Errorf("a line of %d bytes", len(line))
			}
		}
		// What comes back: our own mail is passed over, an answer stays in its thread, by either sign.
		s.deliver(sent.Raw)
		s.deliver(emailtest.Compose("sara@example.org", "q2@example.org", "AW: something else", "Thanks", "In-Reply-To: <"+m.ID+">"))
		s.deliver(emailtest.Compose("sara@private.test", "q3@private.test", "new", "From my other address", "Delivered-To: "+m.ReplyTo[0].addr))
		got := b.desk.AwaitMessages(t, 3)
		if got[1].Text != "Thanks" || got[1].Thread != in.Thread || got[2].Thread != in.Thread {
			t.Errorf("threads %q %q %q, texts %q", in.Thread, got[1].Thread, got[2].Thread, b.texts())
		}
	})
}

func TestSendFailures(t *testing.T) {
	s := startServer(t)
	b := openBox(t, s.Settings(emailtest.Password), nil)
	for name, c := range map[string]struct {
		fault emailtest.Fault
		want  channels.SendError
		kept  bool
	}{
		"4xx":                {emailtest.Temporary, channels.SendError{Reason: "451 4.3.0 mailbox is busy"}, false},
		"5xx":                {emailtest.Permanent, channels.SendError{Permanent: true, Unreachable: true, Reason: "550 5.1.1 no such mailbox here"}, false},
		"5xx after the data": {emailtest.Spam, channels.SendError{Permanent: true, Reason: "554 5.7.1 looks like spam"}, false},
		"lost reply":         {emailtest.LostReply, channels.SendError{Uncertain: true}, true},
		"lost in the middle": {emailtest.LostData, channels.SendError{Uncertain: true}, false}, // the end was on its way
	} {
		before := len(s.Sent())
		s.Fail(c.fault)
		_, err := b.Send(context.Background(), channels.Outbound{ID: name, Address: "a@b.test", Text: "x", Thread: short(threadLen, "t")})
		var se *channels.SendError
		if !errors.As(err, &se) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if se.Permanent != c.want.Permanent || se.Uncertain != c.want.Uncertain || se.Unreachable != c.want.Unreachable || se.RetryAfter != 0 || (c.want.Reason != "" && se.Reason != c.want.Reason) {
			t.Errorf("%s: %+v", name, *se)
		}
		if kept := len(s.Sent()) > before; kept != c.kept {
			t.Errorf("%s: kept %v", name, kept)
		}
	}
	for _, address := range []string{"", "nobody", unknownSender, "a@b.test\r\nBcc: evil@x.test", "two@b.test, evil@x.test"} {
		_, err := b.Send(context.Background(), channels.Outbound{ID: "x", Address: address, Text: "x"})
		var se *channels.SendError
		if !errors.As(err, &se) || !se.Permanent {
			t.Errorf("to %q: %v", address, err)
		}
	}
	// A mail gateway that accepts connections and says nothing must not hold the account for ever.
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	b.out.closeIdle()
	b.set.SMTPPort = silent.Addr().(*net.TCPAddr).Port
	b.timing.dial = 50 * time.Millisecond
	_, err = b.Send(context.Background(), channels.Outbound{ID: "x", Address: "a@b.test", Text: "x"})
	var se *channels.SendError
	if !errors.As(err, &se) || se.Permanent || se.Uncertain {
		t.Errorf("to a silent server: %v", err)
	}
}

func TestHeadersCannotBeInjected(t *testing.T) {
	s := startServer(t)
	b := openBox(t, s.Settings(emailtest.Password), nil)
	evil := "x\r\nBcc: evil@x.test\r\n\r\nbody"
	_, err := b.Send(context.Background(), channels.Outbound{ID: evil, Thread: evil, Address: "a@b.test", Name: evil, From: evil,
		Subject: evil, Text: "x", InReplyTo: evil, Refs: []string{evil, "ok@x"}})
	if err != nil {
		t.Fatal(err)
	}
	sent := s.Sent()[0]
	h, body, _ := readHeader(sent.Raw)
	if h.Has("Bcc") || len(sent.To) != 1 || !strings.HasPrefix(strings.TrimSpace(string(body)), "--") || h.Get("References") != "<ok@x>" {
		t.Errorf("%s", sent.Raw)
	}
}

func TestSMTPEncryptionAndLogin(t *testing.T) {
	key, cert := selfSigned(t)
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}}
	s, err := emailtest.StartWith(emailtest.Options{TLS: config, LoginOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	set := map[string]any{"smtp_security": "starttls", "imap_security": "starttls", "ca": lines(cert)}
	b := openBox(t, with(s.Settings(emailtest.Password), set), nil)
	wrapped := wrapTLS(t, hostPort("127.0.0.1", b.set.SMTPPort), config)
	for _, security := range []string{"starttls", "tls", "none"} {
		set["smtp_security"] = security
		if delete(set, "smtp_port"); security == "tls" {
			set["smtp_port"] = wrapped
		}
		b := openBox(t, with(s.Settings(emailtest.Password), set), nil)
		if err := b.Check(context.Background()); err != nil {
			t.Errorf("%s: check: %v", security, err)
		}
		before := len(s.Sent())
		if _, err := b.Send(context.Background(), channels.Outbound{ID: security, Address: "a@b.test", Text: "x"}); err != nil || len(s.Sent()) != before+1 {
			t.Errorf("%s: send: %v", security, err)
		}
	}
	// Without encryption where it is asked for, the password is not shown to anybody.
	plain := startServer(t)
	b = openBox(t, with(plain.Settings(emailtest.Password), map[string]any{"smtp_security": "starttls"}), nil)
	if err := b.Check(context.Background()); err == nil || !strings.Contains(err.Error(), "STARTTLS") {
		t.Errorf("a server without STARTTLS: %v", err)
	}
	// An unknown certificate is a matter of the settings, not of the message.
	set["smtp_security"] = "starttls"
	delete(set, "ca")
	delete(set, "smtp_port")
	b = openBox(t, with(s.Settings(emailtest.Password), set), nil)
	_, err = b.Send(context.Background(), channels.Outbound{ID: "x", Address: "a@b.test", Text: "x"})
	var se *channels.SendError
	if !errors.As(err, &se) || se.Permanent || se.Uncertain || !strings.Contains(se.Reason, "certificate") {
		t.Errorf("an unknown certificate: %v", err)
	}
}

// wrapTLS is the same server behind implicit TLS.
func wrapTLS(t *testing.T, to string, config *tls.Config) (port int) {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			up, err := net.Dial("tcp", to)
			if err != nil {
				c.Close()
				continue
			}
			go func() { io.Copy(up, c); up.Close() }()
			go func() { io.Copy(c, up); c.Close() }()
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

func TestSubjects(t *testing.T) {
	b := offline(t)
	for _, c := range []struct {
		in     string
		answer bool
		want   string
	}{
		{"Order", true, "Re: Order"}, {"Order", false, "Order"}, {"RE: Order", true, "RE: Order"}, {"پاسخ: سفارش", true, "پاسخ: سفارش"},
		{"سفارش", true, "Re: سفارش"}, {"", true, "Re:"}, {"", false, "Tamas Test"}, {"Regarding", true, "Re: Regarding"},
	} {
		if got := b.subject(channels.Outbound{Subject: c.in}, c.answer); got != c.want {
			t.Errorf("%q: %q, want %q", c.in, got, c.want)
		}
	}
}

func TestSettingsAreChecked(t *testing.T) {
	s := startServer(t)
	for field, value := range map[string]any{
		"address": "support", "imap_host": "", "imap_security": "ssl", "smtp_port": 70000, "import_days": -1,
		"form_senders": []string{"x"}, "ca": []string{"no certificate"}, "username": "a\r\nb", "smtp_host": "smtp://x",
	} {
		_, err := Kind().Open(channels.Config{Settings: with(s.Settings(emailtest.Password), map[string]any{field: value}), Secret: testSecret})
		var fe *channels.FieldError
		if !errors.As(err, &fe) || fe.Field != field {
			t.Errorf("%s = %v: %v", field, value, err)
		}
	}
}
