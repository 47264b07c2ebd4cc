package email

//lint:file-ignore ST1018 Persian is written with zero-width non-joiners.

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"strconv"
	"strings"
	"sync"
	"time"

	"tamas/channels"
)

// Settings of an email account, as JSON.
type Settings struct {
	Address      string   `json:"address"`       // the mailbox's own address, the sender of replies
	FromName     string   `json:"from_name"`     // shown as sender beside the address; Outbound.From stands before it
	IMAPHost     string   `json:"imap_host"`     // receiving
	IMAPPort     int      `json:"imap_port"`     // 0: 993 with TLS, else 143
	IMAPSecurity string   `json:"imap_security"` // "tls", "starttls" or "none"
	Username     string   `json:"username"`      // "": Address
	Password     string   `json:"password"`
	Mailbox      string   `json:"mailbox"`     // "": INBOX
	ImportDays   int      `json:"import_days"` // at the first connection: take mail of so many days back
	SMTPHost     string   `json:"smtp_host"`   // sending
	SMTPPort     int      `json:"smtp_port"`   // 0: 465 with TLS, else 587
	SMTPSecurity string   `json:"smtp_security"`
	SMTPUsername string   `json:"smtp_username"` // "": Username; "-": no login
	SMTPPassword string   `json:"smtp_password"` // "": Password
	Plus         bool     `json:"plus_addressing"`
	FormSenders  []string `json:"form_senders"` // addresses of web forms, whose Reply-To names the customer
	CA           []string `json:"ca"`           // PEM lines of a certificate authority of one's own

	Together       bool     `json:"together"`        // a mail to several of our accounts is one conversation
	BlockedSenders []string `json:"blocked_senders"` // addresses, and @domains, whose mail wakes nobody
	AuthServ       string   `json:"authserv_id"`     // our own server's name in Authentication-Results; "": these are not believed
}

// Kind is the email channel.
func Kind() channels.Kind {
	security := []string{"tls", "starttls", "none"}
	return channels.Kind{
		Name:   "email",
		Label:  channels.Text{EN: "Email", FA: "ایمیل"},
		Weight: 1,
		Limits: channels.Limits{Subject: true},
		Fields: []channels.Field{
			{Key: "address", Type: "text", Required: true, Label: channels.Text{EN: "Address", FA: "نشانی"},
				Help: channels.Text{EN: "The mailbox's own address, such as support@example.com.", FA: "نشانی خودِ صندوق، مانند support@example.com."}},
			{Key: "from_name", Type: "text", Label: channels.Text{EN: "Sender name", FA: "نام فرستنده"}},
			{Key: "imap_host", Type: "text", Required: true, Label: channels.Text{EN: "IMAP server", FA: "کارساز IMAP"}},
			{Key: "imap_port", Type: "number", Default: 993, Label: channels.Text{EN: "IMAP port", FA: "درگاه IMAP"}},
			{Key: "imap_security", Type: "choice", Choices: security, Default: "tls", Label: channels.Text{EN: "IMAP encryption", FA: "رمزگذاری IMAP"}},
			{Key: "username", Type: "text", Label: channels.Text{EN: "User name", FA: "نام کاربری"},
				Help: channels.Text{EN: "When it is not the address.", FA: "اگر همان نشانی نیست."}},
			{Key: "password", Type: "secret", Required: true, Label: channels.Text{EN: "Password", FA: "گذرواژه"},
				Help: channels.Text{EN: "Gmail and others want an app password here.", FA: "جیمیل و برخی دیگر اینجا گذرواژهٔ برنامه می‌خواهند."}},
			{Key: "mailbox", Type: "text", Default: "INBOX", Label: channels.Text{EN: "Folder", FA: "پوشه"}},
			{Key: "import_days", Type: "number", Default: 0, Label: channels.Text{EN: "Days of old mail to take in at first", FA: "روزهای نامه‌های پیشین برای دریافت در آغاز"},
				Help: channels.Text{EN: "0: only mail that comes from now on.", FA: "۰: فقط نامه‌هایی که از این پس می‌رسند."}},
			{Key: "smtp_host", Type: "text", Required: true, Label: channels.Text{EN: "SMTP server", FA: "کارساز SMTP"}},
			{Key: "smtp_port", Type: "number", Default: 587, Label: channels.Text{EN: "SMTP port", FA: "درگاه SMTP"}},
			{Key: "smtp_security", Type: "choice", Choices: security, Default: "starttls", Label: channels.Text{EN: "SMTP encryption", FA: "رمزگذاری SMTP"}},
			{Key: "smtp_username", Type: "text", Label: channels.Text{EN: "SMTP user name", FA: "نام کاربری SMTP"},
				Help: channels.Text{EN: "When it differs; “-” sends without a login.", FA: "اگر متفاوت است؛ «-» یعنی بدون ورود."}},
			{Key: "smtp_password", Type: "secret", Label: channels.Text{EN: "SMTP password", FA: "گذرواژهٔ SMTP"},
				Help: channels.Text{EN: "When it differs.", FA: "اگر متفاوت است."}},
			{Key: "plus_addressing", Type: "bool", Default: false, Label: channels.Text{EN: "Replies to a plus-address", FA: "پاسخ به نشانیِ مثبت‌دار"},
				Help: channels.Text{
					EN: "Replies go to address+token@…, which finds their conversation even when a mailer drops its references. The server must deliver such addresses to this mailbox.",
					FA: "پاسخ‌ها به address+token@… می‌روند تا گفت‌وگو حتی بی ارجاع‌ها پیدا شود. کارساز باید چنین نشانی‌هایی را به همین صندوق برساند."}},
			{Key: "form_senders", Type: "list", Label: channels.Text{EN: "Web form senders", FA: "فرستنده‌های فرم وب"},
				Help: channels.Text{EN: "Addresses from which web forms write: there the customer is who Reply-To names.", FA: "نشانی‌هایی که فرم‌های وب از آن‌ها می‌فرستند: آنجا مشتری همان Reply-To است."}},
			{Key: "ca", Type: "list", Label: channels.Text{EN: "Own certificate authority (PEM)", FA: "مرجع گواهی خودی (PEM)"}},
		},
		Open: Open,
	}
}

// Adapter is one mailbox.
type Adapter struct {
	cfg    channels.Config
	set    Settings
	sign   signer
	roots  *x509.CertPool // nil: the system's
	forms  map[string]bool
	timing timing
	noIdle bool // poll whatever the server offers

	mu       sync.Mutex
	receive  channels.Health // as Run lives through it
	sending  string          // why the last message could not be sent because of the account; "": fine
	stuckUID uint32          // the mail whose fetching broke the connection last, and how often
	stuckFor int
}

// timing are the adapter's intervals; tests shorten them.
type timing struct {
	dial  time.Duration // connecting and logging in, each
	idle  time.Duration // IDLE is re-issued so often
	poll  time.Duration // without IDLE
	reply time.Duration // the longest silence in the middle of a command
}

// Open makes the adapter of an account. It does no I/O.
func Open(cfg channels.Config) (channels.Adapter, error) { return open(cfg) }

func open(cfg channels.Config) (*Adapter, error) {
	set := Settings{IMAPSecurity: "tls", SMTPSecurity: "starttls", Mailbox: "INBOX"}
	if err := channels.Decode(cfg.Settings, &set); err != nil {
		return nil, err
	}
	a := &Adapter{cfg: cfg, set: set, forms: map[string]bool{},
		timing: timing{dial: 30 * time.Second, idle: 4 * time.Minute, poll: 30 * time.Second, reply: time.Minute}}
	fault := func(field, reason string) (*Adapter, error) {
		return nil, &channels.FieldError{Field: field, Reason: reason}
	}
	addr, ok := normal(set.Address)
	if !ok {
		return fault("address", "must be an address such as support@example.com")
	}
	a.set.Address = addr
	a.sign.secret = cfg.Secret
	a.sign.local, a.sign.domain, _ = cutLast(addr, "@")
	var field, reason string
	check := func(key, host, security string, port *int, tlsPort, plainPort int) {
		switch {
		case field != "":
		case strings.TrimSpace(host) == "" || strings.ContainsAny(host, " /@") || len(host) > 255:
			field, reason = key+"_host", "must be the name of a server"
		case security != "tls" && security != "starttls" && security != "none":
			field, reason = key+"_security", "must be tls, starttls or none"
		case *port < 0 || *port > 65535:
			field, reason = key+"_port", "must be between 1 and 65535"
		case *port == 0 && security == "tls":
			*port = tlsPort
		case *port == 0:
			*port = plainPort
		}
	}
	check("imap", set.IMAPHost, set.IMAPSecurity, &a.set.IMAPPort, 993, 143)
	check("smtp", set.SMTPHost, set.SMTPSecurity, &a.set.SMTPPort, 465, 587)
	if field != "" {
		return fault(field, reason)
	}
	if set.Password == "" {
		return fault("password", "is needed")
	}
	if set.ImportDays < 0 || set.ImportDays > 3650 {
		return fault("import_days", "must be between 0 and 3650")
	}
	for key, v := range map[string]string{"username": set.Username, "password": set.Password, "mailbox": set.Mailbox,
		"smtp_username": set.SMTPUsername, "smtp_password": set.SMTPPassword, "from_name": set.FromName} {
		if strings.ContainsAny(v, "\r\n\x00") || len(v) > 1000 {
			return fault(key, "must be one line")
		}
	}
	if len(cfg.Secret) < 16 {
		return nil, errors.New("the account has no secret to sign with")
	}
	a.set.Username = orDefault(set.Username, addr)
	a.set.Mailbox = orDefault(set.Mailbox, "INBOX")
	a.set.SMTPUsername = orDefault(set.SMTPUsername, a.set.Username)
	a.set.SMTPPassword = orDefault(set.SMTPPassword, set.Password)
	for _, f := range set.FormSenders {
		if strings.TrimSpace(f) == "" {
			continue
		}
		addr, ok := normal(f)
		if !ok {
			return fault("form_senders", "must be addresses, one a line")
		}
		a.forms[addr] = true
	}
	if pem := strings.TrimSpace(strings.Join(set.CA, "\n")); pem != "" {
		a.roots = x509.NewCertPool()
		if !a.roots.AppendCertsFromPEM([]byte(pem)) {
			return fault("ca", "must be a certificate in PEM")
		}
	}
	return a, nil
}

// Check logs in to both servers.
func (a *Adapter) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*a.timing.dial)
	defer cancel()
	box, err := a.connect(ctx)
	if err != nil {
		return fmt.Errorf("receiving: %w", err)
	}
	box.logout()
	if err := a.checkSMTP(ctx); err != nil {
		return fmt.Errorf("sending: %w", err)
	}
	return nil
}

func (a *Adapter) tlsConfig(host string) *tls.Config {
	return &tls.Config{ServerName: host, RootCAs: a.roots, MinVersion: tls.VersionTLS12}
}

// refusal is a login that a server said no to: trying again does not help until somebody changes the settings.
type refusal struct{ words string }

func (r *refusal) Error() string { return "login refused: " + r.words }

// heard reports what Run lives through; troubles with sending are shown as long as they last.
func (a *Adapter) heard(state, detail string) {
	a.mu.Lock()
	a.receive = channels.Health{State: state, Detail: detail, HeardAt: a.receive.HeardAt}
	if state == "connected" {
		a.receive.HeardAt = time.Now()
	}
	h := a.healthLocked()
	a.mu.Unlock()
	a.cfg.Desk.Health(h)
}

// connecting keeps the words about the last failure: until it is over they are what people want to know.
func (a *Adapter) connecting() {
	a.mu.Lock()
	before := a.receive
	a.mu.Unlock()
	if before.State == "connected" {
		before.Detail = ""
	}
	a.heard("connecting", before.Detail)
}

// sent reports whether the account can send: "" or why not.
func (a *Adapter) sent(trouble string) {
	a.mu.Lock()
	changed := a.sending != trouble
	a.sending = trouble
	h := a.healthLocked()
	a.mu.Unlock()
	if changed && h.State != "" {
		a.cfg.Desk.Health(h)
	}
}

func (a *Adapter) healthLocked() channels.Health {
	h := a.receive
	if a.sending != "" && (h.State == "connected" || h.State == "") {
		h.State, h.Detail = "failing", "sending: "+a.sending
		if strings.HasPrefix(a.sending, "login refused") {
			h.State = "refused"
		}
	}
	return h
}

// failure is err as Run and Send return it: without secrets, in words for people.
func (a *Adapter) failure(what string, err error) error {
	if err == nil {
		return nil
	}
	var r *refusal
	if errors.As(err, &r) {
		return r
	}
	text := err.Error()
	var cert *tls.CertificateVerificationError
	var op *net.OpError
	var dns *net.DNSError
	var said *textproto.Error
	switch {
	case errors.As(err, &said):
		text = strconv.Itoa(said.Code) + " " + said.Msg
	case errors.As(err, &cert):
		text = "its certificate is not trusted: " + cert.Err.Error()
	case errors.As(err, &dns):
		text = "the server's name was not found"
	case errors.As(err, &op) && op.Op == "dial":
		text = "cannot connect: " + op.Err.Error()
	}
	return &failure{what + ": " + a.redact(text), err}
}

// failure keeps the cause for errors.Is and shows words without secrets.
type failure struct {
	text  string
	cause error
}

func (f *failure) Error() string { return f.text }
func (f *failure) Unwrap() error { return f.cause }

// redact takes the passwords out of what a server said, and bounds it.
func (a *Adapter) redact(s string) string {
	for _, secret := range []string{a.set.Password, a.set.SMTPPassword} {
		if len(secret) >= 3 {
			s = strings.ReplaceAll(s, secret, "•••")
		}
	}
	return oneLine(s, 300)
}

func hostPort(host string, port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }
