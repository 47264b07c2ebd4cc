package emailtest

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"tamas/internal/ports"
)

// Credentials of the one mailbox.
const (
	Address  = "support@tamas.test"
	Password = "open-sesame-4711"
)

// Mail is one message that the SMTP server accepted.
type Mail struct {
	From string
	To   []string
	Raw  []byte
}

// Fault is a way in which a message over SMTP goes wrong.
type Fault int

const (
	Temporary   Fault = iota // 451 for the recipient
	Permanent                // 550 for the recipient
	RateLimited              // 421 at the beginning, or 451 on a connection that is open already
	LostReply                // kept, and the connection closed instead of an answer
	LostData                 // the connection closed in the middle of the message, which is not kept
	Spam                     // 554 after the message
)

// Server is the provider. Its methods may be called from any goroutine.
type Server struct {
	// OnSent, when set before the first message, is called for each one that is accepted.
	OnSent func(Mail)

	imapAddr, smtpAddr string
	options            Options

	mu     sync.Mutex
	user   *imapmemserver.User
	imap   *imapserver.Server
	open   []*listener
	smtp   *smtp.Server
	faults []Fault
	sent   []Mail
	poison string        // see Poison
	refuse string        // see Refuse
	drop   bool          // see DropIdle
	idles  int           // IDLE commands so far
	dials  int           // SMTP connections so far
	whole  int           // mails handed over whole
	news   chan struct{} // closed and replaced when a mail comes

	connMu  sync.Mutex // apart: closing a server waits for its listener
	conns   map[net.Conn]struct{}
	limited map[net.Conn]bool // connections that were told 421
}

// Options of a provider; the zero value is a plain one.
type Options struct {
	TLS       *tls.Config // offers STARTTLS on both ports
	LoginOnly bool        // SMTP offers AUTH LOGIN and nothing else, as some old servers do
	Tokens    *Tokens     // both ports take its tokens and no passwords
	Mechanism string      // with Tokens: "XOAUTH2" or "OAUTHBEARER"
}

// Start runs a provider on free ports of 127.0.0.1.
func Start() (*Server, error) { return StartWith(Options{}) }

// StartWith is Start with options.
func StartWith(options Options) (*Server, error) {
	s := &Server{options: options, user: imapmemserver.NewUser(Address, Password), conns: map[net.Conn]struct{}{}, limited: map[net.Conn]bool{},
		news: make(chan struct{}), imapAddr: "127.0.0.1:0", smtpAddr: "127.0.0.1:0"}
	if err := s.user.Create("INBOX", nil); err != nil {
		return nil, err
	}
	return s, s.Start()
}

// Start brings a stopped provider back.
func (s *Server) Start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.imap != nil {
		return errors.New("is running")
	}
	il, err := ports.Listen(s.imapAddr)
	if err != nil {
		return err
	}
	sl, err := ports.Listen(s.smtpAddr)
	if err != nil {
		il.Close()
		return err
	}
	s.imapAddr, s.smtpAddr = il.Addr().String(), sl.Addr().String()
	quiet := log.New(io.Discard, "", 0)
	s.imap = imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return &imapSession{server: s}, nil, nil
		},
		Caps:         imap.CapSet{imap.CapIMAP4rev1: {}},
		InsecureAuth: true,
		TLSConfig:    s.options.TLS,
		Logger:       quiet,
	})
	s.smtp = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return s.newSession(c) }))
	s.smtp.TLSConfig = s.options.TLS
	s.smtp.Domain = "tamas.test"
	s.smtp.AllowInsecureAuth = true
	s.smtp.MaxMessageBytes = 50 << 20
	s.smtp.ErrorLog = quiet
	s.open = []*listener{newListener(il, s), newListener(sl, s)}
	go s.imap.Serve(s.open[0])
	go s.smtp.Serve(s.open[1])
	return nil
}

// Stop takes the provider off the network; what it holds stays.
func (s *Server) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.imap == nil {
		return
	}
	for _, l := range s.open { // a server that is closed before it begins to serve leaves it open, and does not bear the race
		<-l.began
		l.Close()
	}
	s.imap.Close()
	s.smtp.Close()
	s.Cut()
	s.imap, s.smtp = nil, nil
}

// Close is Stop for good.
func (s *Server) Close() { s.Stop() }

// Cut breaks every connection; the provider stays.
func (s *Server) Cut() {
	s.connMu.Lock()
	defer s.connMu.Unlock()
	for c := range s.conns {
		c.Close()
	}
}

// Settings are an email account's settings for this provider, with a password that may be another than the right one.
func (s *Server) Settings(password string) json.RawMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	set := map[string]any{
		"address": Address, "from_name": "Tamas Test", "password": password, "plus_addressing": true,
		"imap_security": "none", "smtp_security": "none",
	}
	for key, addr := range map[string]string{"imap": s.imapAddr, "smtp": s.smtpAddr} {
		host, port, _ := net.SplitHostPort(addr)
		set[key+"_host"] = host
		set[key+"_port"] = json.Number(port)
	}
	if s.options.Tokens != nil {
		delete(set, "password")
		set["auth"], set["token_url"] = "oauth2", s.options.Tokens.URL()
		set["client_id"], set["client_secret"], set["refresh_token"] = ClientID, ClientSecret, RefreshToken
	}
	b, _ := json.Marshal(set)
	return b
}

// Deliver puts a mail, with its header, into the mailbox. Lines may end in "\n" alone.
func (s *Server) Deliver(raw []byte) error { return s.DeliverAt(raw, time.Now()) }

// DeliverAt is Deliver with the time at which the mailbox got it.
func (s *Server) DeliverAt(raw []byte, at time.Time) error {
	raw = crlf(raw)
	s.mu.Lock()
	user := s.user
	s.mu.Unlock()
	_, err := user.Append("INBOX", literal{bytes.NewReader(raw), int64(len(raw))}, &imap.AppendOptions{Time: at})
	s.mu.Lock()
	close(s.news)
	s.news = make(chan struct{})
	s.mu.Unlock()
	return err
}

// Count is how many mails the mailbox holds, and how many of them a client has marked as seen.
func (s *Server) Count() (all, seen uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st, err := s.user.Status("INBOX", &imap.StatusOptions{NumMessages: true, NumUnseen: true})
	if err != nil {
		return 0, 0
	}
	return *st.NumMessages, *st.NumMessages - *st.NumUnseen
}

// Renumber gives the mailbox a new UIDVALIDITY and new UIDs, as a provider does who moves it to another
// machine. Clients are cut off.
func (s *Server) Renumber(raws ...[]byte) error {
	s.mu.Lock()
	if err := errors.Join(s.user.Delete("INBOX"), s.user.Create("INBOX", nil)); err != nil {
		s.mu.Unlock()
		return err
	}
	s.mu.Unlock()
	s.Cut()
	for _, raw := range raws {
		if err := s.Deliver(raw); err != nil {
			return err
		}
	}
	return nil
}

// Fail makes the next messages over SMTP go wrong, one each.
func (s *Server) Fail(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, faults...)
}

// Poison makes the IMAP server break the connection whenever a mail with that header field is fetched.
func (s *Server) Poison(field string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.poison = field
}

// Refuse makes the IMAP server answer NO whenever the content of a mail with that header field is asked for.
func (s *Server) Refuse(field string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = field
}

// DropIdle makes the IMAP server close every connection that idles, as some firewalls do.
func (s *Server) DropIdle(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop = on
}

// Idles counts the IDLE commands.
func (s *Server) Idles() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.idles
}

// Connections counts the SMTP connections.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dials
}

// Fetches counts the mails that were handed over whole, each as often as it was.
func (s *Server) Fetches() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.whole
}

// Sent lists the accepted messages, in order.
func (s *Server) Sent() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Mail(nil), s.sent...)
}

// Compose writes a plain mail of a customer to the mailbox; more are further header lines.
func Compose(from, id, subject, text string, more ...string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "From: %s\r\nTo: %s\r\nDate: %s\r\nMessage-ID: <%s>\r\nSubject: %s\r\n", from, Address,
		time.Now().Format(time.RFC1123Z), id, subject)
	for _, line := range more {
		b.WriteString(line + "\r\n")
	}
	b.WriteString("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n")
	b.WriteString(strings.ReplaceAll(text, "\n", "\r\n") + "\r\n")
	return []byte(b.String())
}

func crlf(raw []byte) []byte {
	return bytes.ReplaceAll(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
}

type literal struct {
	*bytes.Reader
	size int64
}

func (l literal) Size() int64 { return l.size }

// listener remembers the connections, so that they can be cut.
type listener struct {
	net.Listener
	server *Server
	began  chan struct{} // closed by the first Accept
	begin  sync.Once
}

func newListener(l net.Listener, s *Server) *listener {
	return &listener{Listener: l, server: s, began: make(chan struct{})}
}

func (l *listener) Accept() (net.Conn, error) {
	l.begin.Do(func() { close(l.began) })
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	t := &tracked{Conn: c, server: l.server}
	l.server.connMu.Lock()
	l.server.conns[t] = struct{}{}
	l.server.connMu.Unlock()
	return t, nil
}

type tracked struct {
	net.Conn
	server *Server
	once   sync.Once
}

func (c *tracked) Close() error {
	c.once.Do(func() { go c.forget() }) // Cut holds the lock
	return c.Conn.Close()
}

func (c *tracked) forget() {
	c.server.connMu.Lock()
	delete(c.server.conns, c)
	delete(c.server.limited, c)
	c.server.connMu.Unlock()
}

// imapSession is the session of one connection; it is nobody's until the login.
type imapSession struct {
	*imapmemserver.UserSession
	server *Server
}

func (s *imapSession) Login(username, password string) error {
	user := s.server.account()
	if s.server.options.Tokens != nil {
		return imapserver.ErrAuthFailed
	}
	if err := user.Login(username, password); err != nil {
		return err
	}
	s.UserSession = imapmemserver.NewUserSession(user)
	return nil
}

// Idle also tells what came between the client's last command and its IDLE; that of imapmemserver waits for the next mail.
func (s *imapSession) Idle(w *imapserver.UpdateWriter, stop <-chan struct{}) error {
	s.server.mu.Lock()
	s.server.idles++
	drop := s.server.drop
	s.server.mu.Unlock()
	if drop {
		s.server.Cut()
		return errors.New("cut")
	}
	for {
		s.server.mu.Lock()
		news := s.server.news
		s.server.mu.Unlock()
		if err := s.Poll(w, true); err != nil {
			return err
		}
		select {
		case <-news:
		case <-stop:
			return nil
		}
	}
}

func (s *imapSession) Fetch(w *imapserver.FetchWriter, set imap.NumSet, options *imap.FetchOptions) error {
	s.server.mu.Lock()
	poison, refuse := s.server.poison, s.server.refuse
	s.server.mu.Unlock()
	content := false
	for _, b := range options.BodySection {
		content = content || b.Specifier == imap.PartSpecifierNone
	}
	asked, _ := set.(imap.UIDSet)
	hit := func(field string) (bool, error) {
		if field == "" || !content {
			return false, nil
		}
		bad, err := s.Search(imapserver.NumKindUID, &imap.SearchCriteria{Header: []imap.SearchCriteriaHeaderField{{Key: field}}}, &imap.SearchOptions{})
		if err != nil {
			return false, err
		}
		for _, uid := range bad.AllUIDs() {
			if asked.Contains(uid) {
				return true, nil
			}
		}
		return false, nil
	}
	if found, err := hit(poison); err != nil {
		return err
	} else if found {
		s.server.Cut()
		return errors.New("cut")
	}
	if found, err := hit(refuse); err != nil {
		return err
	} else if found {
		return &imap.Error{Type: imap.StatusResponseTypeNo, Code: imap.ResponseCodeServerBug, Text: "mail is damaged"}
	}
	if content {
		all, err := s.Search(imapserver.NumKindUID, &imap.SearchCriteria{UID: []imap.UIDSet{asked}}, &imap.SearchOptions{})
		if err != nil {
			return err
		}
		s.server.mu.Lock()
		s.server.whole += len(all.AllUIDs())
		s.server.mu.Unlock()
	}
	return s.UserSession.Fetch(w, set, options)
}

func (s *imapSession) AuthenticateMechanisms() []string {
	if s.server.options.Tokens != nil {
		return []string{s.server.options.Mechanism}
	}
	return []string{sasl.Plain}
}

func (s *imapSession) Authenticate(mech string) (sasl.Server, error) {
	no := &imap.Error{Type: imap.StatusResponseTypeNo, Code: imap.ResponseCodeAuthenticationFailed, Text: "Invalid credentials (Failure)"}
	if t := s.server.options.Tokens; t != nil && mech == s.server.options.Mechanism {
		return &bearerServer{tokens: t, fault: no, ok: func() { s.UserSession = imapmemserver.NewUserSession(s.server.account()) }}, nil
	}
	if mech != sasl.Plain || s.server.options.Tokens != nil {
		return nil, no
	}
	return sasl.NewPlainServer(func(_, username, password string) error { return s.Login(username, password) }), nil
}

func (s *Server) account() *imapmemserver.User {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.user
}

// session is one SMTP connection.
type session struct {
	server *Server
	conn   *smtp.Conn
	authed bool
	fault  *Fault
	mail   Mail
}

var _ smtp.AuthSession = (*session)(nil)

func (s *Server) newSession(c *smtp.Conn) (smtp.Session, error) {
	x := &session{server: s, conn: c}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dials++
	s.connMu.Lock()
	defer s.connMu.Unlock()
	if len(s.faults) > 0 && s.faults[0] == RateLimited {
		s.faults = s.faults[1:]
		s.limited[c.Conn()] = true // also for the HELO after the EHLO
	}
	if s.limited[c.Conn()] {
		return nil, &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 7, 0}, Message: "too many connections, try again later"}
	}
	return x, nil
}

func (x *session) AuthMechanisms() []string {
	if x.server.options.Tokens != nil {
		return []string{x.server.options.Mechanism}
	}
	if x.server.options.LoginOnly {
		return []string{sasl.Login}
	}
	return []string{sasl.Plain}
}

func (x *session) Auth(mech string) (sasl.Server, error) {
	if t := x.server.options.Tokens; t != nil {
		return &bearerServer{tokens: t, fault: smtp.ErrAuthFailed, ok: func() { x.authed = true }}, nil
	}
	check := func(username, password string) error {
		if username != Address || password != Password {
			return smtp.ErrAuthFailed
		}
		x.authed = true
		return nil
	}
	if mech == sasl.Login {
		return &loginServer{check: check}, nil
	}
	return sasl.NewPlainServer(func(_, username, password string) error { return check(username, password) }), nil
}

// loginServer asks for the name and then for the password.
type loginServer struct {
	step  int
	name  string
	check func(name, password string) error
}

func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	if l.step == 0 && len(response) > 0 { // came with the command
		l.step = 1
	}
	l.step++
	switch l.step {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		l.name = string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(l.name, string(response))
}

func (x *session) Mail(from string, _ *smtp.MailOptions) error {
	if !x.authed {
		return smtp.ErrAuthRequired
	}
	x.mail = Mail{From: from}
	x.server.mu.Lock()
	defer x.server.mu.Unlock()
	if len(x.server.faults) > 0 {
		x.fault = &x.server.faults[0]
		x.server.faults = x.server.faults[1:]
	}
	if x.has(RateLimited) { // on a connection that had been good before
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 0}, Message: "too many messages, try again later"}
	}
	return nil
}

func (x *session) has(f Fault) bool { return x.fault != nil && *x.fault == f }

func (x *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	switch {
	case x.has(Temporary):
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "mailbox is busy"}
	case x.has(Permanent):
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox here"}
	}
	x.mail.To = append(x.mail.To, to)
	return nil
}

func (x *session) Data(r io.Reader) error {
	if x.has(LostData) {
		x.conn.Conn().Close()
		return errors.New("lost")
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if x.has(Spam) {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "looks like spam"}
	}
	x.mail.Raw = raw
	x.server.mu.Lock()
	x.server.sent = append(x.server.sent, x.mail)
	x.server.mu.Unlock()
	if x.server.OnSent != nil {
		x.server.OnSent(x.mail)
	}
	if x.has(LostReply) {
		x.conn.Conn().Close()
		return errors.New("lost")
	}
	return nil
}

func (x *session) Reset()        { x.mail, x.fault = Mail{}, nil }
func (x *session) Logout() error { return nil }
