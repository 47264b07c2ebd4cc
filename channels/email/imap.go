package email

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
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

// mailbox is a logged-in connection that examines the account's folder.
type mailbox struct {
	*imapclient.Client
	conn     *patientConn
	stop     func() bool // of the watch over ctx
	news     chan struct{}
	validity uint32
	next     imap.UID // at the time of EXAMINE; 0 when the server did not tell
	idles    bool
}

// connect dials, logs in and examines. The connection closes when ctx ends.
func (a *Adapter) connect(ctx context.Context) (*mailbox, error) {
	where := "IMAP server " + a.set.IMAPHost
	dialer := net.Dialer{Timeout: a.timing.dial}
	raw, err := dialer.DialContext(ctx, "tcp", hostPort(a.set.IMAPHost, a.set.IMAPPort))
	if err != nil {
		return nil, a.failure(where, err)
	}
	conn := &patientConn{Conn: raw}
	conn.bear(a.timing.dial)
	box := &mailbox{conn: conn, news: make(chan struct{}, 1)}
	box.stop = context.AfterFunc(ctx, func() { raw.Close() })
	if err := a.login(ctx, box); err != nil {
		box.close()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, a.failure(where, err)
	}
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
	caps := box.Caps()
	if box.State() == imap.ConnStateNotAuthenticated {
		var err error
		if caps.Has(imap.AuthCap("PLAIN")) {
			err = box.Authenticate(sasl.NewPlainClient("", a.set.Username, a.set.Password))
		} else {
			err = box.Login(a.set.Username, a.set.Password).Wait()
		}
		var no *imap.Error
		if errors.As(err, &no) {
			if no.Code == imap.ResponseCodeUnavailable || no.Code == imap.ResponseCodeInUse || no.Code == imap.ResponseCodeServerBug ||
				no.Code == imap.ResponseCodeLimit {
				return fmt.Errorf("login not possible now: %s", no.Text)
			}
			return &refusal{a.redact(orDefault(no.Text, "no reason given"))}
		}
		if err != nil {
			return err
		}
	}
	caps = box.Caps()
	box.idles = caps.Has(imap.CapIdle) || caps.Has(imap.CapIMAP4rev2)
	data, err := box.Select(a.set.Mailbox, &imap.SelectOptions{ReadOnly: true}).Wait()
	if err != nil {
		return fmt.Errorf("folder %s: %w", a.set.Mailbox, err)
	}
	box.conn.bear(a.timing.reply)
	box.validity, box.next = data.UIDValidity, data.UIDNext
	return nil
}

// close ends the connection at once.
func (m *mailbox) close() {
	m.stop()
	if m.Client != nil {
		m.Client.Close()
	}
	m.conn.Close()
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

// letter is one mail as the server gives it.
type letter struct {
	uid  imap.UID
	at   time.Time // when the server got it
	size int64
	raw  []byte
	src  source // the mail where it is too big for raw; closed by who opened it
	cut  bool   // raw or src is only the beginning
	fail string // why there is neither

	imported bool // older than the account
}

// sizes tells of each mail its time and size; those that are gone by now are left out.
func (m *mailbox) sizes(uids []imap.UID) (map[imap.UID]*letter, error) {
	list, err := m.Fetch(imap.UIDSetNum(uids...), &imap.FetchOptions{UID: true, RFC822Size: true, InternalDate: true}).Collect()
	if err != nil {
		return nil, err
	}
	out := map[imap.UID]*letter{}
	for _, d := range list {
		out[d.UID] = &letter{uid: d.UID, at: d.InternalDate, size: d.RFC822Size}
	}
	return out, nil
}

// bodies fetches the mails; limit > 0 takes only that many bytes of each.
func (m *mailbox) bodies(limit int64, letters ...*letter) error {
	var uids []imap.UID
	byUID := map[imap.UID]*letter{}
	for _, l := range letters {
		uids = append(uids, l.uid)
		byUID[l.uid] = l
	}
	section := &imap.FetchItemBodySection{Peek: true}
	if limit > 0 {
		section.Partial = &imap.SectionPartial{Size: limit}
	}
	list, err := m.Fetch(imap.UIDSetNum(uids...), &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{section}}).Collect()
	for _, d := range list {
		if l := byUID[d.UID]; l != nil && len(d.BodySection) > 0 {
			l.raw = d.BodySection[0].Bytes
			l.cut = limit > 0
		}
	}
	return err
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

// refused: the server understood and said no; the connection is still good.
func refused(err error) bool {
	var no *imap.Error
	return errors.As(err, &no) && !strings.EqualFold(string(no.Type), "BYE")
}
