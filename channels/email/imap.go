package email

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-sasl"
)

// patientConn bounds every silence. go-imap sets no deadline while it waits for a reply to begin, so a
// connection that died quietly would be waited for without end; its own read deadlines are not used.
type patientConn struct {
	net.Conn
	patience atomic.Int64 // nanoseconds
}

func (c *patientConn) Read(b []byte) (int, error) {
	c.Conn.SetReadDeadline(time.Now().Add(time.Duration(c.patience.Load())))
	return c.Conn.Read(b)
}

func (c *patientConn) SetReadDeadline(time.Time) error { return nil }

func (c *patientConn) SetDeadline(t time.Time) error { return c.Conn.SetWriteDeadline(t) }

// bear changes the longest silence, also for the read that is under way.
func (c *patientConn) bear(d time.Duration) {
	c.patience.Store(int64(d))
	c.Conn.SetReadDeadline(time.Now().Add(d))
}

// mailbox is a logged-in connection with at most one folder open.
type mailbox struct {
	*imapclient.Client
	conn  *patientConn
	stop  func() bool // of the watch over ctx
	news  chan struct{}
	idles bool

	folder   string // that is open, as the settings name it; "" none
	validity uint32
	next     imap.UID         // when the folder was opened; 0 when the server did not tell
	names    []*imap.ListData // of the server's folders, once they were asked for

	most   int64          // see Adapter.most
	late   sync.WaitGroup // mails whose UID comes after their content, while they are read
	lateMu sync.Mutex
	lates  map[imap.UID]*letter
}

// connect dials and logs in. The connection closes when ctx ends.
func (a *Adapter) connect(ctx context.Context) (*mailbox, error) {
	where := "IMAP server " + a.set.IMAPHost
	box, err := a.dialIMAP(ctx)
	var r *refusal
	if a.tokens != nil && errors.As(err, &r) && ctx.Err() == nil { // the token may have been withdrawn before its time
		box, err = a.dialIMAP(ctx)
	}
	if ctx.Err() != nil && err != nil {
		return nil, ctx.Err()
	}
	return box, a.failure(where, err)
}

func (a *Adapter) dialIMAP(ctx context.Context) (*mailbox, error) {
	dialer := net.Dialer{Timeout: a.timing.dial}
	raw, err := dialer.DialContext(ctx, "tcp", hostPort(a.set.IMAPHost, a.set.IMAPPort))
	if err != nil {
		return nil, err
	}
	conn := &patientConn{Conn: raw}
	conn.bear(a.timing.dial)
	box := &mailbox{conn: conn, news: make(chan struct{}, 1), most: a.most()}
	box.stop = context.AfterFunc(ctx, func() { raw.Close() })
	if err := a.login(ctx, box); err != nil {
		box.close()
		return nil, err
	}
	conn.bear(a.timing.reply)
	return box, nil
}

func (a *Adapter) login(ctx context.Context, box *mailbox) error {
	options := &imapclient.Options{
		TLSConfig: a.tlsConfig(a.set.IMAPHost),
		UnilateralDataHandler: &imapclient.UnilateralDataHandler{
			Mailbox: func(data *imapclient.UnilateralDataMailbox) {
				if data.NumMessages != nil {
					select {
					case box.news <- struct{}{}:
					default:
					}
				}
			},
			Fetch: box.lateUID,
		},
	}
	switch a.set.IMAPSecurity {
	case "tls":
		secure := tls.Client(box.conn, options.TLSConfig)
		if err := secure.HandshakeContext(ctx); err != nil {
			return err
		}
		box.Client = imapclient.New(secure, options)
	case "starttls":
		client, err := imapclient.NewStartTLS(box.conn, options)
		if err != nil {
			return err
		}
		box.Client = client
	default:
		box.Client = imapclient.New(box.conn, options)
	}
	if err := box.WaitGreeting(); err != nil {
		return err
	}
	if box.State() == imap.ConnStateNotAuthenticated {
		if err := a.authenticate(ctx, box); err != nil {
			return err
		}
	}
	caps := box.Caps()
	box.idles = caps.Has(imap.CapIdle) || caps.Has(imap.CapIMAP4rev2)
	return nil
}

// authenticate logs in; a no that means the login is a *refusal.
func (a *Adapter) authenticate(ctx context.Context, box *mailbox) error {
	caps := box.Caps()
	offers := func(mech string) bool { return mech != sasl.Login && caps.Has(imap.AuthCap(mech)) }
	way, err := a.mechanism(ctx, offers, a.set.Username, a.set.Password, a.set.IMAPHost, a.set.IMAPPort)
	if err != nil {
		return err
	}
	if way != nil {
		err = box.Authenticate(way)
	} else {
		err = box.Login(a.set.Username, a.set.Password).Wait()
	}
	var no *imap.Error
	if !errors.As(err, &no) {
		return err
	}
	switch no.Code {
	case imap.ResponseCodeUnavailable, imap.ResponseCodeInUse, imap.ResponseCodeServerBug, imap.ResponseCodeLimit:
		return fmt.Errorf("login not possible now: %s", no.Text)
	}
	if passing.MatchString(no.Text) {
		return fmt.Errorf("login not possible now: %s", no.Text)
	}
	a.rejected(way)
	return a.refused(no.Text)
}

// open selects a folder: to change nothing in it (EXAMINE), or so that mails can be marked and moved.
func (m *mailbox) open(folder string, readOnly bool) error {
	m.folder = ""
	options := &imap.SelectOptions{ReadOnly: readOnly}
	data, err := m.Select(folder, options).Wait()
	if no(err) {
		name, found := m.find(folder)
		if found && name != folder {
			data, err = m.Select(name, options).Wait()
		}
	}
	if err != nil {
		return fmt.Errorf("folder %s: %w", folder, err)
	}
	m.folder, m.validity, m.next = folder, data.UIDValidity, data.UIDNext
	return nil
}

// close ends the connection at once.
func (m *mailbox) close() {
	m.stop()
	if m.Client != nil {
		m.Client.Close()
	}
	m.conn.Close()
	m.claim(nil)
}

// logout ends the connection politely, without waiting long for the answer.
func (m *mailbox) logout() {
	m.conn.bear(2 * time.Second)
	m.Client.Logout().Wait()
	m.close()
}

// search lists the UIDs of a range in order; since, when not zero, leaves out what the server got before that day.
func (m *mailbox) search(from, to imap.UID, since time.Time) ([]imap.UID, error) {
	set := imap.UIDSet{}
	set.AddRange(from, to) // to 0 is "*"
	data, err := m.UIDSearch(&imap.SearchCriteria{UID: []imap.UIDSet{set}, Since: since}, nil).Wait()
	if err != nil {
		return nil, err
	}
	var out []imap.UID
	for _, uid := range data.AllUIDs() { // sorted; "n:*" also gives the last mail below n
		if uid >= from && (to == 0 || uid <= to) {
			out = append(out, uid)
		}
	}
	return out, nil
}

// idle waits for news, for the server's next sign of life, or for ctx.
func (m *mailbox) idle(ctx context.Context, every, patience time.Duration) error {
	m.conn.bear(every + patience)
	defer m.conn.bear(patience)
	cmd, err := m.Client.Idle()
	if err != nil {
		return err
	}
	timer := time.NewTimer(every)
	defer timer.Stop()
	select {
	case <-m.news:
	case <-timer.C:
	case <-ctx.Done():
	case <-m.Closed():
	}
	m.conn.bear(patience)
	if err := cmd.Close(); err != nil {
		return err
	}
	return cmd.Wait()
}

// no: the server understood and said no; the connection is still good.
func no(err error) bool {
	var said *imap.Error
	return errors.As(err, &said) && !strings.EqualFold(string(said.Type), "BYE")
}
