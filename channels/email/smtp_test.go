package email

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"tamas/channels"
	"tamas/channels/email/emailtest"
)

// settings are those for receiving from s and sending over x.
func (x *exim) settings(s *emailtest.Server, set map[string]any) json.RawMessage {
	m := map[string]any{"smtp_host": "127.0.0.1", "smtp_port": x.port, "smtp_security": "starttls", "smtp_username": eximUser, "smtp_password": eximPassword, "ca": lines(x.cert)}
	for k, v := range set {
		m[k] = v
	}
	return with(s.Settings(emailtest.Password), m)
}

func TestExim(t *testing.T) {
	x, s := startExim(t), startServer(t)
	b := openBox(t, x.settings(s, nil), nil)
	send := func(b *box, id, to string) error {
		_, err := b.Send(context.Background(), channels.Outbound{ID: id, Thread: short(threadLen, "t"), Address: to, Text: "سلام " + id, Subject: "پرسش"})
		return err
	}
	t.Run("encryption", func(t *testing.T) {
		for name, set := range map[string]map[string]any{"starttls": {}, "tls": {"smtp_security": "tls", "smtp_port": x.tls}} {
			if err := openBox(t, x.settings(s, set), nil).checkSMTP(context.Background()); err != nil {
				t.Errorf("%s: %v\n%s", name, err, x.log())
			}
			set["ca"] = []string{}
			if err := openBox(t, x.settings(s, set), nil).checkSMTP(context.Background()); err == nil || !strings.Contains(err.Error(), "certificate") {
				t.Errorf("%s, an unknown certificate: %v", name, err)
			}
		}
		err := openBox(t, x.settings(s, map[string]any{"smtp_password": "wrong-horse-99"}), nil).checkSMTP(context.Background())
		if err == nil || !strings.Contains(err.Error(), "login refused") || strings.Contains(err.Error(), "wrong-horse") {
			t.Errorf("a wrong password: %v", err)
		}
	})
	t.Run("one connection for several mails", func(t *testing.T) {
		for i := range 12 { // it bounds the mails of one connection at 5
			if err := send(b, fmt.Sprint("m", i), "sara@example.org"); err != nil {
				t.Fatalf("mail %d: %v\n%s", i, err, x.log())
			}
		}
		b.desk.Await(t, "the mails", func() bool { return len(x.mails()) == 12 })
		m := Parse(x.mails()[0], false)
		if m.Subject != "پرسش" || !strings.HasPrefix(m.Text, "سلام m") {
			t.Errorf("arrived %q %q", m.Subject, m.Text)
		}
		if n := strings.Count(x.log(), "too many messages in one connection"); n != 2 {
			t.Errorf("the bound of a connection was met %d times, want 2\n%s", n, x.log())
		}
	})
	t.Run("several at a time", func(t *testing.T) {
		var wait sync.WaitGroup
		for i := range 10 {
			wait.Go(func() {
				if err := send(b, fmt.Sprint("p", i), "ali@example.org"); err != nil {
					t.Errorf("mail %d: %v", i, err)
				}
			})
		}
		wait.Wait()
		b.desk.Await(t, "the mails", func() bool { return len(x.mails()) == 22 })
	})
	t.Run("refusals", func(t *testing.T) {
		var se *channels.SendError
		if err := send(b, "u", "nobody@example.org"); !errors.As(err, &se) || !se.Permanent || !se.Unreachable || se.Reason != "550 5.1.1 no such mailbox here" {
			t.Errorf("an unknown mailbox: %+v", err)
		}
		if err := send(b, "g", "grey@example.org"); !errors.As(err, &se) || se.Permanent || se.RetryAfter == 0 || se.Uncertain {
			t.Errorf("a greylisted mail: %+v", err)
		}
		_, err := b.Send(context.Background(), channels.Outbound{ID: "big", Thread: "t", Address: "sara@example.org", Text: strings.Repeat("سلام ", 300_000)})
		if !errors.As(err, &se) || !se.Permanent || se.Unreachable || se.Uncertain {
			t.Errorf("a mail over the server's size: %+v", err)
		}
		if err := send(b, "after", "sara@example.org"); err != nil {
			t.Errorf("after the refusals: %v", err)
		}
		b.desk.Await(t, "the mail after the refusals", func() bool { return len(x.mails()) == 23 })
	})
	t.Run("all recipients or none", func(t *testing.T) {
		n := len(x.mails())
		_, err := b.Send(context.Background(), channels.Outbound{ID: "cc", Thread: "t", Address: "sara@example.org", Text: "x",
			Envelope: &channels.Envelope{To: []string{"sara@example.org"}, Cc: []string{"nobody@example.org"}}})
		var se *channels.SendError
		if !errors.As(err, &se) || !se.Permanent || se.Unreachable || !strings.HasPrefix(se.Reason, "nobody@example.org: 550") {
			t.Errorf("a wrong Cc: %+v", err)
		}
		if len(x.mails()) != n {
			t.Error("the mail went to the others")
		}
	})
	t.Run("a server that comes back", func(t *testing.T) {
		x.stop()
		var se *channels.SendError
		if err := send(b, "away", "sara@example.org"); !errors.As(err, &se) || se.Permanent || se.Uncertain {
			t.Errorf("a server that is away: %+v", err)
		}
		x.start()
		if err := send(b, "back", "sara@example.org"); err != nil {
			t.Errorf("a server that came back: %v", err)
		}
	})
	t.Run("spare connections end", func(t *testing.T) {
		b.timing.spare = 10 * time.Millisecond
		if err := send(b, "last", "sara@example.org"); err != nil {
			t.Fatal(err)
		}
		b.desk.Await(t, "no spare connection", func() bool { b.out.mu.Lock(); defer b.out.mu.Unlock(); return len(b.out.idle) == 0 })
	})
}

func TestConnectionsAreReused(t *testing.T) {
	s := startServer(t)
	b := openBox(t, s.Settings(emailtest.Password), nil)
	send := func() error {
		_, err := b.Send(context.Background(), channels.Outbound{ID: "x", Thread: "t", Address: "sara@example.org", Text: "x"})
		return err
	}
	for range 5 {
		if err := send(); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.Connections(); n != 1 {
		t.Errorf("%d connections for five mails", n)
	}
	s.Fail(emailtest.Permanent)
	if send() == nil || send() != nil || s.Connections() != 1 {
		t.Errorf("%d connections after a refusal", s.Connections())
	}
	s.Cut() // what was lost in silence is replaced
	if err := send(); err != nil || s.Connections() != 2 {
		t.Errorf("after a lost connection: %v, %d connections", err, s.Connections())
	}
}

// The copy in the Sent folder is made beside the sending, and its failure is nobody's.
func TestCopyToSent(t *testing.T) {
	d, s := startDovecot(t), startServer(t)
	b := openBox(t, d.settings(s, dovecotPassword, map[string]any{"copy_to_sent": true}), nil, brisk)
	send := func(id string) string {
		t.Helper()
		r, err := b.Send(context.Background(), channels.Outbound{ID: id, Thread: short(threadLen, "t"), Address: "sara@example.org", Text: "سلام"})
		if err != nil {
			t.Fatal(err)
		}
		return r.ProviderID
	}
	send("before Run")
	b.run()
	send("one")
	send("two")
	b.desk.Await(t, "three copies, read", func() bool { n, flags := d.flagsOf("Sent"); return n == 3 && flags == "SSS" })
	if len(s.Sent()) != 3 {
		t.Errorf("%d mails were sent", len(s.Sent()))
	}
	b.stop()
	c := openBox(t, d.settings(s, dovecotPassword, map[string]any{"copy_to_sent": true, "sent_folder": "No/Such"}), b.desk, brisk).run()
	if _, err := c.Send(context.Background(), channels.Outbound{ID: "three", Thread: "t", Address: "sara@example.org", Text: "x"}); err != nil {
		t.Fatal(err)
	}
	c.desk.AwaitHealth(t, "failing")
	h := c.desk.Healths()
	if last := h[len(h)-1]; !strings.Contains(last.Detail, "No/Such") {
		t.Errorf("health %+v", last)
	}
	d.deliver(customerMail(0, "mail still comes"))
	c.desk.AwaitMessages(t, 1)
	if len(s.Sent()) != 4 {
		t.Errorf("%d mails were sent", len(s.Sent()))
	}
}

func TestAnswersAreUnderstood(t *testing.T) {
	b := offline(t)
	const to = "sara@example.org"
	for _, c := range []struct {
		code      int
		enhanced  smtp.EnhancedCode
		words     string
		rcpt      string // "" before any recipient was named
		want      channels.SendError
		waits, by bool // RetryAfter, of one thread alone
	}{
		{421, smtp.EnhancedCode{4, 7, 0}, "too many connections", "", channels.SendError{}, true, false},
		{421, smtp.EnhancedCode{}, "closing", to, channels.SendError{}, true, false},
		{450, smtp.EnhancedCode{4, 2, 1}, "mailbox busy", to, channels.SendError{}, true, true},
		{452, smtp.EnhancedCode{4, 2, 2}, "mailbox full", to, channels.SendError{}, true, true},
		{452, smtp.EnhancedCode{4, 3, 1}, "insufficient system storage", "", channels.SendError{}, true, false},
		{451, smtp.EnhancedCode{4, 3, 0}, "local error", to, channels.SendError{}, false, false},
		{550, smtp.EnhancedCode{5, 4, 5}, "Daily user sending quota exceeded", "", channels.SendError{}, true, false},
		{550, smtp.EnhancedCode{5, 1, 1}, "unknown", to, channels.SendError{Permanent: true, Unreachable: true}, false, false},
		{550, smtp.EnhancedCode{}, "No such user here", to, channels.SendError{Permanent: true, Unreachable: true}, false, false},
		{550, smtp.EnhancedCode{}, "Unrouteable address", to, channels.SendError{Permanent: true, Unreachable: true}, false, false},
		{550, smtp.EnhancedCode{5, 1, 1}, "unknown", "cc@example.org", channels.SendError{Permanent: true}, false, false},
		{550, smtp.EnhancedCode{5, 1, 1}, "unknown", "", channels.SendError{Permanent: true}, false, false}, // our own address, as the sender
		{550, smtp.EnhancedCode{5, 7, 1}, "relaying denied", to, channels.SendError{Permanent: true}, false, false},
		{550, smtp.EnhancedCode{}, "blocked", to, channels.SendError{Permanent: true}, false, false},
		{552, smtp.EnhancedCode{5, 2, 2}, "mailbox full", to, channels.SendError{Permanent: true}, false, false},
		{554, smtp.EnhancedCode{5, 7, 1}, "spam", "", channels.SendError{Permanent: true}, false, false},
	} {
		var err error = &smtp.SMTPError{Code: c.code, EnhancedCode: c.enhanced, Message: c.words}
		if c.rcpt != "" {
			err = &recipientError{c.rcpt, err}
		}
		var got *channels.SendError
		if !errors.As(b.unsent(err, channels.Outbound{Address: to}), &got) {
			t.Fatal("no SendError")
		}
		if got.Permanent != c.want.Permanent || got.Unreachable != c.want.Unreachable || got.Uncertain || got.RetryAfter > 0 != c.waits || got.OneThread != c.by || got.Reason == "" {
			t.Errorf("%d %v %s, %q: %+v", c.code, c.enhanced, c.words, c.rcpt, got)
		}
	}
}
