package email

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// mostSubmissions is how many mails of one account are handed over at the same time: servers bound connections of one user.
const mostSubmissions = 3

// outbox keeps SMTP connections for the next mail.
type outbox struct {
	slots chan struct{} // one for each connection that may be in use

	mu   sync.Mutex
	idle []*submission
}

// submission is a logged-in SMTP connection.
type submission struct {
	*smtp.Client
	conn  net.Conn
	used  bool // for a mail before
	timer *time.Timer
}

// writeConn bounds how long one write may hang; go-smtp sets no deadline while a mail's content goes out.
type writeConn struct {
	net.Conn
	patience time.Duration
}

func (c *writeConn) Write(b []byte) (int, error) {
	c.Conn.SetWriteDeadline(time.Now().Add(c.patience))
	return c.Conn.Write(b)
}

// borrow gives a connection, a spare one where that still lives; it closes when ctx ends. The caller gives it back, or ends it, and leaves.
func (a *Adapter) borrow(ctx context.Context) (*submission, error) {
	for {
		s := a.out.pop()
		if s == nil {
			return a.dialSMTP(ctx)
		}
		stop := context.AfterFunc(ctx, func() { s.conn.Close() })
		s.CommandTimeout = min(10*time.Second, a.timing.dial)
		err := s.Noop()
		s.CommandTimeout = a.timing.reply
		stop()
		if err == nil {
			return s, nil
		}
		s.conn.Close()
	}
}

func (o *outbox) pop() *submission {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.idle) > 0 {
		s := o.idle[len(o.idle)-1]
		o.idle = o.idle[:len(o.idle)-1]
		if s.timer.Stop() {
			return s
		}
	}
	return nil
}

// giveBack keeps a connection whose last transaction is over, for a while.
func (o *outbox) giveBack(s *submission, spare time.Duration) {
	s.used = true
	o.mu.Lock()
	defer o.mu.Unlock()
	s.timer = time.AfterFunc(spare, func() {
		o.mu.Lock()
		for i, x := range o.idle {
			if x == s {
				o.idle = append(o.idle[:i], o.idle[i+1:]...)
				break
			}
		}
		o.mu.Unlock()
		s.end()
	})
	o.idle = append(o.idle, s)
}

// closeIdle ends the spare connections.
func (o *outbox) closeIdle() {
	for s := o.pop(); s != nil; s = o.pop() {
		s.end()
	}
}

// end says QUIT, whose answer does not matter.
func (s *submission) end() {
	s.CommandTimeout = 2 * time.Second
	s.Quit()
	s.conn.Close()
}

func (a *Adapter) checkSMTP(ctx context.Context) error {
	s, err := a.dialSMTP(ctx)
	if err != nil {
		return a.failure("SMTP server "+a.set.SMTPHost, err)
	}
	s.end()
	return nil
}

// dialSMTP connects and logs in.
func (a *Adapter) dialSMTP(ctx context.Context) (*submission, error) {
	s, err := a.dialSMTPOnce(ctx)
	var r *refusal
	if a.tokens != nil && errors.As(err, &r) && ctx.Err() == nil { // the token may have been withdrawn before its time
		s, err = a.dialSMTPOnce(ctx)
	}
	return s, err
}

func (a *Adapter) dialSMTPOnce(ctx context.Context) (*submission, error) {
	ctx, cancel := context.WithTimeout(ctx, a.timing.dial)
	defer cancel()
	var dialer net.Dialer
	raw, err := dialer.DialContext(ctx, "tcp", hostPort(a.set.SMTPHost, a.set.SMTPPort))
	if err != nil {
		return nil, err
	}
	s := &submission{conn: raw}
	stop := context.AfterFunc(ctx, func() { raw.Close() })
	defer stop()
	if err := a.loginSMTP(ctx, s); err != nil {
		raw.Close()
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return nil, fmt.Errorf("the server does not answer: %w", err)
		}
		return nil, err
	}
	s.CommandTimeout, s.SubmissionTimeout = a.timing.reply, 10*a.timing.reply
	return s, nil
}

func (a *Adapter) loginSMTP(ctx context.Context, s *submission) error {
	conn := &writeConn{s.conn, a.timing.reply}
	config := a.tlsConfig(a.set.SMTPHost)
	switch a.set.SMTPSecurity {
	case "tls":
		secure := tls.Client(conn, config)
		if err := secure.HandshakeContext(ctx); err != nil {
			return err
		}
		s.Client = smtp.NewClient(secure)
	case "starttls":
		client, err := smtp.NewClientStartTLS(conn, config)
		if err != nil {
			return err
		}
		s.Client = client
	default:
		s.Client = smtp.NewClient(conn)
	}
	if err := s.Hello(helo(a.sign.domain)); err != nil {
		return err
	}
	if a.set.SMTPUsername == "-" {
		return nil
	}
	way, err := a.mechanism(ctx, s.SupportsAuth, a.set.SMTPUsername, a.set.SMTPPassword, a.set.SMTPHost, a.set.SMTPPort)
	if err != nil {
		return err
	}
	if way == nil {
		return errors.New("the server offers no login by PLAIN or LOGIN")
	}
	err = s.Auth(way)
	var said *smtp.SMTPError
	if errors.As(err, &said) && said.Code >= 500 && !passing.MatchString(said.Message) {
		a.rejected(way)
		return a.refused(said.Message)
	}
	return err
}

// passing are words of a refused login that will be over by itself, such as Gmail's "Too many simultaneous connections".
var passing = regexp.MustCompile(`(?i)too many (?:simultaneous |concurrent )?connections|try again|temporar|rate.?limit|throttl|server (?:is )?(?:busy|unavailable)`)

// helo is a name that servers accept from a client behind whatever address.
func helo(domain string) string {
	if ascii([]byte(domain)) && strings.Contains(domain, ".") {
		return domain
	}
	return "localhost"
}
