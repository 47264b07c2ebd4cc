package email

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tamas/channels"
	"tamas/channels/channeltest"
	"tamas/channels/email/emailtest"
)

func startTokens(t *testing.T) *emailtest.Tokens {
	t.Helper()
	tok, err := emailtest.StartTokens()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tok.Close)
	t.Cleanup(http.DefaultTransport.(*http.Transport).CloseIdleConnections)
	return tok
}

func startWithTokens(t *testing.T, tok *emailtest.Tokens, mechanism string) *emailtest.Server {
	t.Helper()
	s, err := emailtest.StartWith(emailtest.Options{Tokens: tok, Mechanism: mechanism})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func TestChannelWithTokens(t *testing.T) {
	channeltest.Run(t, func(t *testing.T, _ string) channeltest.Rig {
		tok := startTokens(t)
		s := startWithTokens(t, tok, xoauth2)
		r := rigOf(s)
		r.Settings = s.Settings("")
		r.Wrong = with(s.Settings(""), map[string]any{"refresh_token": "wrong-refresh-99"})
		r.Secrets = []string{emailtest.RefreshToken, emailtest.ClientSecret, "wrong-refresh-99", "access-sesame"}
		return r
	})
}

func TestTokens(t *testing.T) {
	for _, mechanism := range []string{xoauth2, "OAUTHBEARER"} {
		t.Run(mechanism, func(t *testing.T) {
			tok := startTokens(t)
			s := startWithTokens(t, tok, mechanism)
			b := openBox(t, s.Settings(""), nil).run()
			s.Deliver(customerMail(0, "hello"))
			in := b.desk.AwaitMessages(t, 1)[0]
			send := func(id string) error {
				_, err := b.Send(context.Background(), channels.Outbound{ID: id, Thread: in.Thread, Address: in.Address, Text: "x"})
				return err
			}
			if err := send("one"); err != nil {
				t.Fatal(err)
			}
			if n := len(tok.Requests()); n != 1 {
				t.Errorf("%d tokens for one hour's work", n)
			}
			// A token that is withdrawn before its time is replaced, without a word to anybody.
			tok.Expire()
			s.Cut()
			s.Deliver(customerMail(0, "after the withdrawal"))
			b.desk.AwaitMessages(t, 2)
			b.desk.AwaitHealth(t, "connected")
			if err := send("two"); err != nil {
				t.Fatal(err)
			}
			for _, h := range b.desk.Healths() {
				if h.State == "refused" {
					t.Errorf("health %+v", h)
				}
			}
			if n := len(tok.Requests()); n != 2 {
				t.Errorf("%d tokens were asked for", n)
			}
		})
	}
}

func TestTokenFailures(t *testing.T) {
	tok := startTokens(t)
	s := startWithTokens(t, tok, xoauth2)
	for code, want := range map[string]struct{ state, detail string }{
		"invalid_grant":  {"refused", "the refresh token is no longer accepted"},
		"invalid_client": {"refused", "client secret"},
		"invalid_scope":  {"refused", "invalid_scope"},
		"503":            {"failing", "503"},
	} {
		b := openBox(t, s.Settings(""), nil)
		tok.Fail(code)
		ctx, cancel := context.WithTimeout(context.Background(), channeltest.Patience)
		err := b.Run(ctx)
		cancel()
		h := b.desk.Healths()
		last := h[len(h)-1]
		if err == nil || last.State != want.state || !strings.Contains(last.Detail, want.detail) || (last.Do == "") != (want.state == "failing") {
			t.Errorf("%s: %v, health %+v", code, err, last)
		}
		if strings.Contains(err.Error()+last.Detail+last.Do, "sesame") {
			t.Errorf("%s shows a secret: %v", code, err)
		}
	}
	// Sending says the same, and waits.
	b := openBox(t, s.Settings(""), nil)
	tok.Fail("invalid_grant")
	_, err := b.Send(context.Background(), channels.Outbound{ID: "x", Address: "a@b.test", Text: "x"})
	var se *channels.SendError
	if !errors.As(err, &se) || se.Permanent || se.Uncertain || se.RetryAfter == 0 || !strings.Contains(se.Reason, "refresh token") {
		t.Errorf("sending: %+v", err)
	}
}

func TestAppOnlyTokens(t *testing.T) {
	tok := startTokens(t)
	s := startWithTokens(t, tok, xoauth2)
	set := map[string]any{"auth": "microsoft", "tenant": "firm.example", "refresh_token": ""}
	b := openBox(t, with(s.Settings(""), set), nil)
	if err := b.Check(context.Background()); err != nil {
		t.Fatal(err)
	}
	form := tok.Requests()[0]
	if form.Get("grant_type") != "client_credentials" || form.Get("scope") != "https://outlook.office365.com/.default" {
		t.Errorf("asked with %v", form)
	}
}

func TestProvidersAreKnown(t *testing.T) {
	s := startServer(t)
	for auth, want := range map[string][3]string{
		"google":    {"imap.gmail.com", "smtp.gmail.com", ""},
		"microsoft": {"outlook.office365.com", "smtp.office365.com", ""},
	} {
		b := openBox(t, with(s.Settings(""), map[string]any{"auth": auth, "imap_host": "", "smtp_host": "", "imap_security": "tls", "smtp_security": "starttls",
			"imap_port": 0, "smtp_port": 0, "client_id": "c", "client_secret": "s", "refresh_token": "r"}), nil)
		if b.set.IMAPHost != want[0] || b.set.SMTPHost != want[1] || b.set.IMAPPort != 993 || b.set.SMTPPort != 587 {
			t.Errorf("%s: %+v", auth, b.set)
		}
	}
	for field, set := range map[string]map[string]any{
		"client_id":     {"auth": "google"},
		"client_secret": {"auth": "google", "client_id": "c"},
		"refresh_token": {"auth": "google", "client_id": "c", "client_secret": "s"},
		"tenant":        {"auth": "microsoft", "client_id": "c", "client_secret": "s"},
		"token_url":     {"auth": "oauth2", "client_id": "c", "refresh_token": "s", "token_url": "http://evil.example/token"},
		"password":      {"auth": "password", "password": " "},
		"auth":          {"auth": "kerberos"},
	} {
		_, err := Kind().Open(channels.Config{Settings: with(s.Settings(""), set), Secret: testSecret})
		var fe *channels.FieldError
		if !errors.As(err, &fe) || fe.Field != field {
			t.Errorf("%v: %v, want a word about %s", set, err, field)
		}
	}
}

// Dovecot itself asks the token server whether a token is good.
func TestTokensOverDovecot(t *testing.T) {
	tok := startTokens(t)
	conf := filepath.Join(t.TempDir(), "oauth2.conf")
	if err := os.WriteFile(conf, []byte("introspection_mode = get\nintrospection_url = "+tok.Introspection()+
		"\nusername_attribute = email\nactive_attribute = active\nactive_value = true\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	d := startDovecot(t, `service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
auth_mechanisms = $auth_mechanisms xoauth2 oauthbearer
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = `+conf+`
}`)
	s := startServer(t)
	set := with(d.settings(s, "", nil), map[string]any{"auth": "oauth2", "password": "", "smtp_username": "-", "token_url": tok.URL(),
		"client_id": emailtest.ClientID, "client_secret": emailtest.ClientSecret, "refresh_token": emailtest.RefreshToken})
	b := openBox(t, set, nil).run()
	d.deliver(customerMail(0, "hello"))
	b.desk.AwaitMessages(t, 1)
	b.stop()
	tok.Expire()
	c := openBox(t, set, b.desk)
	c.tokens = b.tokens // with the token that is void now
	c.run()
	d.deliver(customerMail(0, "again"))
	c.desk.AwaitMessages(t, 2)
	c.stop()
	// A mailbox that gave no consent is refused for good.
	b = openBox(t, with(set, map[string]any{"username": "other@tamas.test"}), nil)
	ctx, cancel := context.WithTimeout(context.Background(), channeltest.Patience)
	defer cancel()
	err := b.Run(ctx)
	if h := b.desk.Healths(); h[len(h)-1].State != "refused" || !strings.Contains(h[len(h)-1].Do, "consent") {
		t.Errorf("%v, health %+v", err, h[len(h)-1])
	}
}
