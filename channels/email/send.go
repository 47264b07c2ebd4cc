package email

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"regexp"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"tamas/channels"
)

// Send hands one message to the SMTP server, over a connection of its own.
func (a *Adapter) Send(ctx context.Context, m channels.Outbound) (channels.Receipt, error) {
	msg, id, err := a.compose(m)
	if err != nil {
		return channels.Receipt{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*a.timing.dial)
	defer cancel()
	s, err := a.dialSMTP(ctx)
	if err != nil {
		return channels.Receipt{}, a.undialed(err)
	}
	defer s.close()
	if err := s.client.SendWithSMTPClient(s.session, msg); err != nil && !msg.IsDelivered() {
		return channels.Receipt{}, a.unsent(err)
	}
	a.sent("")
	return channels.Receipt{ProviderID: providerID(id)}, nil
}

func (a *Adapter) checkSMTP(ctx context.Context) error {
	s, err := a.dialSMTP(ctx)
	if err != nil {
		return a.failure("SMTP server "+a.set.SMTPHost, err)
	}
	s.close()
	return nil
}

// submission is a logged-in SMTP connection.
type submission struct {
	client  *gomail.Client
	session *smtp.Client
	conn    net.Conn
	stop    func() bool
}

func (s *submission) close() {
	s.conn.SetDeadline(time.Now().Add(2 * time.Second))
	s.client.CloseWithSMTPClient(s.session) // QUIT; its answer does not matter
	s.stop()
	s.conn.Close()
}

// dialSMTP connects and logs in. The connection closes when ctx ends.
func (a *Adapter) dialSMTP(ctx context.Context) (*submission, error) {
	s := &submission{}
	login := &login{user: a.set.SMTPUsername, password: a.set.SMTPPassword, host: a.set.SMTPHost, plain: a.set.SMTPSecurity == "none"}
	config := a.tlsConfig(a.set.SMTPHost)
	options := []gomail.Option{
		gomail.WithPort(a.set.SMTPPort), gomail.WithTimeout(a.timing.dial), gomail.WithTLSConfig(config),
		gomail.WithHELO(helo(a.sign.domain)), gomail.WithoutNoop(),
		// go-mail leaves its connection open when a login fails, so we keep hold of it.
		gomail.WithDialContextFunc(func(ctx context.Context, network, addr string) (net.Conn, error) {
			var dialer net.Dialer
			conn, err := dialer.DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			s.conn = conn
			if a.set.SMTPSecurity != "tls" {
				return conn, nil
			}
			secure := tls.Client(conn, config)
			return secure, secure.HandshakeContext(ctx)
		}),
	}
	if a.set.SMTPUsername != "-" {
		options = append(options, gomail.WithSMTPAuthCustom(login))
	}
	switch a.set.SMTPSecurity {
	case "tls":
		options = append(options, gomail.WithSSL())
	case "starttls":
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	}
	client, err := gomail.NewClient(a.set.SMTPHost, options...)
	if err != nil {
		return nil, err
	}
	s.client = client
	s.stop = context.AfterFunc(ctx, func() {
		if s.conn != nil {
			s.conn.SetDeadline(time.Unix(1, 0))
		}
	})
	s.session, err = client.DialToSMTPClientWithContext(ctx)
	if err == nil {
		return s, nil
	}
	s.stop()
	if s.conn != nil {
		s.conn.Close()
	}
	var said *textproto.Error
	if login.begun && errors.As(err, &said) && said.Code >= 500 {
		return nil, &refusal{a.redact(said.Msg)}
	}
	return nil, err
}

// helo is a name that servers accept from a client behind whatever address.
func helo(domain string) string {
	if ascii([]byte(domain)) && strings.Contains(domain, ".") {
		return domain
	}
	return "localhost"
}

// undialed classifies a failure before the message was offered: it certainly was not accepted, and the message
// is not at fault.
func (a *Adapter) undialed(err error) error {
	err = a.failure("SMTP server "+a.set.SMTPHost, err)
	a.sent(err.Error())
	out := &channels.SendError{Reason: err.Error(), Err: err}
	var r *refusal
	var said *textproto.Error
	switch {
	case errors.As(err, &r):
		out.RetryAfter = 5 * time.Minute // more tries would lock the mailbox
	case errors.As(err, &said) && slowDown(said.Code, said.Msg):
		out.RetryAfter = time.Minute
	}
	return out
}

// unsent classifies a failure of the message itself.
func (a *Adapter) unsent(err error) error {
	var se *gomail.SendError
	if !errors.As(err, &se) {
		return &channels.SendError{Reason: a.redact(err.Error()), Err: err}
	}
	words := a.redact(serverWords(se))
	out := &channels.SendError{Reason: words, Err: errors.New(words)}
	switch code := se.ErrorCode(); {
	case quota.MatchString(words):
		out.RetryAfter = time.Hour
	case code >= 500:
		out.Permanent = true
	case code >= 400:
		if slowDown(code, words) {
			out.RetryAfter = time.Minute
		}
	case se.Reason == gomail.ErrSMTPDataClose:
		out.Uncertain = true
		out.Reason = "the connection was lost before the server confirmed the message"
	case se.Reason == gomail.ErrGetRcpts || se.Reason == gomail.ErrGetSender || se.Reason == gomail.ErrNoUnencoded:
		out.Permanent = true
	default:
		out.Reason = "the connection to the SMTP server was lost"
	}
	return out
}

var (
	answer = regexp.MustCompile(`(?s)\b([45]\d\d)[ -](.*)$`)
	tails  = regexp.MustCompile(`(?s), affected (?:recipient\(s\)|message ID):.*$`)
	slow   = regexp.MustCompile(`(?i)too many|rate.?limit|throttl|4\.7\.28|try again later`)
	quota  = regexp.MustCompile(`(?i)\b5\.4\.5\b|(?:daily|hourly)[a-z ]*(?:quota|limit)`)
)

// serverWords is the server's answer without what go-mail writes around it.
func serverWords(se *gomail.SendError) string {
	s := tails.ReplaceAllString(se.Error(), "")
	m := answer.FindStringSubmatch(s)
	if m == nil {
		return s
	}
	words := m[2]
	if q, err := strconv.QuotedPrefix(words); err == nil { // as textproto writes its errors
		words, _ = strconv.Unquote(q)
	}
	return m[1] + " " + words
}

func slowDown(code int, words string) bool {
	return code == 421 || code == 454 || slow.MatchString(words)
}

// login picks PLAIN or LOGIN by what the server offers, and tells whether it came to that.
type login struct {
	user, password, host string
	plain                bool // also without encryption: the account is set so
	begun                bool
	chosen               smtp.Auth
}

func (l *login) Start(server *smtp.ServerInfo) (string, []byte, error) {
	for _, mech := range server.Auth {
		switch strings.ToUpper(mech) {
		case "PLAIN":
			l.chosen = smtp.PlainAuth("", l.user, l.password, l.host, l.plain)
		case "LOGIN":
			if l.chosen == nil {
				l.chosen = smtp.LoginAuth(l.user, l.password, l.host, l.plain)
			}
		}
	}
	if l.chosen == nil {
		return "", nil, fmt.Errorf("the server offers no login by PLAIN or LOGIN")
	}
	l.begun = true
	return l.chosen.Start(server)
}

func (l *login) Next(fromServer []byte, more bool) ([]byte, error) {
	return l.chosen.Next(fromServer, more)
}
