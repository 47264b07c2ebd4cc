package email

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-smtp"

	"tamas/channels"
)

// Adapter is one mailbox.
type Adapter struct {
	cfg    channels.Config
	set    Settings
	sign   signer
	roots  *x509.CertPool // nil: the system's
	forms  map[string]bool
	tokens *tokens // nil: logins by password
	timing timing

	out    outbox      // SMTP connections
	copies chan copied // sent mails that are to be put into the Sent folder

	mu        sync.Mutex
	noIdle    bool              // poll whatever the server offers
	pollUntil time.Time         // the same for a while
	drops     int               // how many connections in a row were lost in IDLE
	receive   channels.Health   // as Run lives through it
	sending   error             // why the last message could not be sent because of the account
	trouble   map[string]string // what goes wrong beside the receiving: folder or purpose → words
	rescans   int               // looks at headers after a renumbering that broke the connection
	stuck     suspect
}

// suspect is the mail whose fetching broke the connection last, and how often.
type suspect struct {
	folder string
	uid    imap.UID
	times  int
}

// timing are the adapter's intervals; tests shorten them.
type timing struct {
	dial  time.Duration // connecting and logging in, each
	idle  time.Duration // IDLE is re-issued so often
	poll  time.Duration // without IDLE, and for the folders after the first
	reply time.Duration // the longest silence in the middle of a command
	spare time.Duration // how long an unused SMTP connection is kept
}

var _ interface {
	channels.Adapter
	channels.Pacer
	channels.Verifier
} = (*Adapter)(nil)

// Open makes the adapter of an account. It does no I/O.
func Open(cfg channels.Config) (channels.Adapter, error) { return open(cfg) }

func open(cfg channels.Config) (*Adapter, error) {
	set := Settings{Auth: byPassword, IMAPSecurity: "tls", SMTPSecurity: "starttls", Afterwards: leave}
	if err := channels.Decode(cfg.Settings, &set); err != nil {
		return nil, err
	}
	a := &Adapter{cfg: cfg, forms: map[string]bool{}, trouble: map[string]string{}, copies: make(chan copied, 100),
		timing: timing{dial: 30 * time.Second, idle: 4 * time.Minute, poll: time.Minute, reply: time.Minute, spare: 30 * time.Second}}
	addr, ok := normal(set.Address)
	if !ok {
		return nil, fault("address", "must be an address such as support@example.com")
	}
	set.Address = addr
	a.sign.secret = cfg.Secret
	a.sign.local, a.sign.domain, _ = cutLast(addr, "@")
	if len(cfg.Secret) < 16 {
		return nil, errors.New("the account has no secret to sign with")
	}
	for _, step := range []func(*Settings) error{oneLines, servers, folders, numbers, a.logins, a.senders, a.trust} {
		if err := step(&set); err != nil {
			return nil, err
		}
	}
	a.set = set
	if set.PollSeconds > 0 {
		a.timing.poll = time.Duration(set.PollSeconds) * time.Second
	}
	a.out.slots = make(chan struct{}, mostSubmissions)
	return a, nil
}

func fault(field, reason string) error { return &channels.FieldError{Field: field, Reason: reason} }

// oneLines refuses line breaks in what becomes part of commands and headers.
func oneLines(set *Settings) error {
	for key, v := range map[string]string{"username": set.Username, "password": set.Password, "client_id": set.ClientID,
		"client_secret": set.ClientSecret, "refresh_token": set.RefreshToken, "tenant": set.Tenant, "token_url": set.TokenURL,
		"move_to": set.MoveTo, "sent_folder": set.SentFolder, "mailbox": set.Mailbox, "smtp_username": set.SMTPUsername,
		"smtp_password": set.SMTPPassword, "from_name": set.FromName, "authserv_id": set.AuthServ} {
		if strings.ContainsAny(v, "\r\n\x00") || len(v) > 8000 {
			return fault(key, "must be one line")
		}
	}
	return nil
}

// servers fills in what the providers' names say, and checks the rest.
func servers(set *Settings) error {
	switch set.Auth {
	case byGoogle:
		set.IMAPHost, set.SMTPHost = orDefault(set.IMAPHost, "imap.gmail.com"), orDefault(set.SMTPHost, "smtp.gmail.com")
	case byMicrosoft:
		set.IMAPHost, set.SMTPHost = orDefault(set.IMAPHost, "outlook.office365.com"), orDefault(set.SMTPHost, "smtp.office365.com")
	}
	for _, s := range []struct {
		key, host, security string
		port                *int
		tls, plain          int
	}{
		{"imap", set.IMAPHost, set.IMAPSecurity, &set.IMAPPort, 993, 143},
		{"smtp", set.SMTPHost, set.SMTPSecurity, &set.SMTPPort, 465, 587},
	} {
		switch {
		case strings.TrimSpace(s.host) == "" || strings.ContainsAny(s.host, " /@\r\n") || len(s.host) > 255:
			return fault(s.key+"_host", "must be the name of a server")
		case s.security != "tls" && s.security != "starttls" && s.security != "none":
			return fault(s.key+"_security", "must be tls, starttls or none")
		case s.security == "none" && !set.Unencrypted && !loopback(s.host):
			return fault(s.key+"_security", "“none” shows the password to everybody on the way; allow it below, or take tls or starttls")
		case *s.port < 0 || *s.port > 65535:
			return fault(s.key+"_port", "must be between 1 and 65535")
		case *s.port == 0 && s.security == "tls":
			*s.port = s.tls
		case *s.port == 0:
			*s.port = s.plain
		}
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// folders checks the names of folders, and that a position in each of them fits into the cursor.
func folders(set *Settings) error {
	var list []string
	for _, f := range set.Folders {
		if f = strings.TrimSpace(f); f != "" {
			list = append(list, f)
		}
	}
	if len(list) == 0 {
		list = []string{orDefault(set.Mailbox, inbox)}
	}
	for i, f := range list {
		if strings.ContainsAny(f, "\r\n\x00") {
			return fault("folders", "must be names, one a line")
		}
		if strings.EqualFold(f, inbox) {
			list[i] = inbox
		}
	}
	set.Folders = unique(list)
	full := cursor{Folders: map[string]*position{}, Begin: 1 << 33}
	for _, f := range set.Folders {
		full.Folders[f] = &position{Validity: 1<<32 - 1, UID: 1<<32 - 1, Since: 1 << 33, Upto: 1<<32 - 1, Again: true, At: 1 << 33, Done: 1<<32 - 1}
	}
	if text, _ := json.Marshal(full); len(text) > channels.MaxCursor {
		return fault("folders", "are too many, or their names are too long")
	}
	switch set.Afterwards {
	case leave, markSeen:
	case moveAway:
		set.MoveTo = strings.TrimSpace(set.MoveTo)
		if set.MoveTo == "" {
			return fault("move_to", "must name a folder")
		}
		for _, f := range set.Folders {
			if strings.EqualFold(f, set.MoveTo) {
				return fault("move_to", "must not be one of the folders from which mail is taken")
			}
		}
	default:
		return fault("afterwards", "must be leave, seen or move")
	}
	return nil
}

func numbers(set *Settings) error {
	for _, n := range []struct {
		key         string
		value, most int
	}{{"import_days", set.ImportDays, 3650}, {"poll_seconds", set.PollSeconds, 3600}, {"per_minute", set.PerMinute, 100000}} {
		if n.value < 0 || n.value > n.most {
			return fault(n.key, fmt.Sprintf("must be between 0 and %d", n.most))
		}
	}
	return nil
}

// logins checks what the login needs.
func (a *Adapter) logins(set *Settings) error {
	set.Username = orDefault(set.Username, set.Address)
	set.SMTPUsername = orDefault(set.SMTPUsername, set.Username)
	need := map[string]string{"client_id": set.ClientID, "refresh_token": set.RefreshToken}
	switch set.Auth {
	case byPassword:
		need = map[string]string{"password": set.Password}
		set.SMTPPassword = orDefault(set.SMTPPassword, set.Password)
	case byGoogle:
		need["client_secret"] = set.ClientSecret
	case byMicrosoft:
		if set.RefreshToken == "" {
			need = map[string]string{"client_id": set.ClientID, "client_secret": set.ClientSecret, "tenant": set.Tenant}
		}
		if strings.ContainsAny(set.Tenant, "/?# ") {
			return fault("tenant", "must be the directory's ID or domain")
		}
	case byOAuth2:
		if set.RefreshToken == "" {
			need = map[string]string{"client_id": set.ClientID, "client_secret": set.ClientSecret}
		}
		u, err := url.Parse(set.TokenURL)
		if err != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())) {
			return fault("token_url", "must be an https address")
		}
	default:
		return fault("auth", "must be password, google, microsoft or oauth2")
	}
	for _, key := range []string{"password", "tenant", "client_id", "client_secret", "refresh_token"} {
		if v, needed := need[key]; needed && strings.TrimSpace(v) == "" {
			return fault(key, "is needed")
		}
	}
	if set.Auth != byPassword {
		a.tokens = newTokens(*set, a.cfg.Client)
	}
	return nil
}

func (a *Adapter) senders(set *Settings) error {
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
	list, bad := blockList(set.BlockedSenders)
	if bad != "" {
		return fault("blocked_senders", "must be addresses or @domains, one a line")
	}
	a.set.BlockedSenders = list
	return nil
}

func (a *Adapter) trust(set *Settings) error {
	if pem := strings.TrimSpace(strings.Join(set.CA, "\n")); pem != "" {
		a.roots = x509.NewCertPool()
		if !a.roots.AppendCertsFromPEM([]byte(pem)) {
			return fault("ca", "must be a certificate in PEM")
		}
	}
	return nil
}

// Pace bounds sending to the setting per_minute.
func (a *Adapter) Pace() channels.Pace {
	if a.set.PerMinute == 0 {
		return channels.Pace{}
	}
	return channels.Pace{PerSecond: float64(a.set.PerMinute) / 60, Burst: 1}
}

// Check logs in to both servers and looks for the folders.
func (a *Adapter) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*a.timing.dial)
	defer cancel()
	if err := a.checkIMAP(ctx); err != nil {
		return fmt.Errorf("receiving: %w", err)
	}
	if err := a.checkSMTP(ctx); err != nil {
		return fmt.Errorf("sending: %w", err)
	}
	return nil
}

func (a *Adapter) checkIMAP(ctx context.Context) error {
	box, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer box.close()
	for _, f := range a.set.Folders {
		if err := box.open(f, true); err != nil {
			return a.failure("IMAP", err)
		}
	}
	if a.set.CopyToSent {
		if _, err := box.sentFolder(a.set.SentFolder); err != nil {
			return a.failure("IMAP", err)
		}
	}
	box.logout()
	return nil
}

func (a *Adapter) tlsConfig(host string) *tls.Config {
	return &tls.Config{ServerName: host, RootCAs: a.roots, MinVersion: tls.VersionTLS12}
}

// refusal is a login that a server said no to: trying again does not help until somebody changes the settings.
type refusal struct {
	words string
	do    string // what somebody should do
}

func (r *refusal) Error() string { return "login refused: " + r.words }

// refused is what a server's no to a login means.
func (a *Adapter) refused(words string) *refusal {
	do := "Enter the user name and the password again. Gmail, Yahoo and iCloud want an app password; at some providers IMAP must be switched on first."
	if a.tokens != nil {
		do = "Look whether the address is the mailbox that gave its consent, whether IMAP and SMTP are allowed for it, and whether the scopes include mail."
	}
	return &refusal{a.redact(orDefault(words, "no reason given")), do}
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
	var known *failure
	if errors.As(err, &known) {
		return known
	}
	text := err.Error()
	var cert *tls.CertificateVerificationError
	var op *net.OpError
	var dns *net.DNSError
	var said *smtp.SMTPError
	switch {
	case errors.As(err, &said):
		text = reply(said)
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

// redact takes the secrets out of what a server said, and bounds it.
func (a *Adapter) redact(s string) string {
	secrets := []string{a.set.Password, a.set.SMTPPassword, a.set.ClientSecret, a.set.RefreshToken}
	if a.tokens != nil {
		secrets = append(secrets, a.tokens.secrets()...)
	}
	for _, secret := range secrets {
		if len(secret) >= 3 {
			s = strings.ReplaceAll(s, secret, "•••")
		}
	}
	return oneLine(s, 300)
}

func hostPort(host string, port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }
