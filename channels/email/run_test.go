package email

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tamas/channels"
	"tamas/channels/channeltest"
	"tamas/channels/email/emailtest"
)

var testSecret = bytes.Repeat([]byte{7}, 32)

// box is an open account with its desk.
type box struct {
	*Adapter
	t    testing.TB
	desk *channeltest.Desk
	stop func()
	errs chan error
}

func openBox(t testing.TB, settings json.RawMessage, desk *channeltest.Desk, with ...func(*Adapter)) *box {
	t.Helper()
	if desk == nil {
		desk = channeltest.NewDesk()
	}
	a, err := open(channels.Config{ID: "acc1", Settings: settings, Secret: testSecret, Desk: desk, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range with {
		f(a)
	}
	return &box{Adapter: a, t: t, desk: desk, errs: make(chan error, 100)}
}

// run runs it as the hub does, until the test ends or stop is called.
func (b *box) run() *box {
	b.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			err := b.Run(ctx)
			select {
			case b.errs <- err:
			default:
			}
			select {
			case <-ctx.Done():
			case <-time.After(10 * time.Millisecond):
			}
		}
	}()
	b.stop = func() { cancel(); <-done }
	b.t.Cleanup(b.stop)
	b.desk.AwaitHealth(b.t, "connected")
	return b
}

func with(raw json.RawMessage, set map[string]any) json.RawMessage {
	m := map[string]any{}
	json.Unmarshal(raw, &m)
	for k, v := range set {
		m[k] = v
	}
	out, _ := json.Marshal(m)
	return out
}

func (b *box) texts() (out []string) {
	for _, m := range b.desk.Messages() {
		out = append(out, m.Text)
	}
	return out
}

// A mailbox is tested both against the server in this process and against Dovecot.
type server struct {
	deliver  func(raw []byte)
	settings func(with map[string]any) json.RawMessage
	renumber func(raws ...[]byte) // raws are what the mailbox holds, in order
	marked   func() (count int, flags string)
	smtp     *emailtest.Server
}

func onBoth(t *testing.T, f func(t *testing.T, s server)) {
	t.Run("in process", func(t *testing.T) {
		s := startServer(t)
		f(t, server{
			deliver: func(raw []byte) {
				if err := s.Deliver(raw); err != nil {
					t.Error(err)
				}
			},
			settings: func(m map[string]any) json.RawMessage { return with(s.Settings(emailtest.Password), m) },
			renumber: func(raws ...[]byte) {
				if err := s.Renumber(raws...); err != nil {
					t.Error(err)
				}
			},
			marked: func() (int, string) {
				all, seen := s.Count()
				return int(all), strings.Repeat("S", int(seen))
			},
			smtp: s,
		})
	})
	t.Run("Dovecot", func(t *testing.T) {
		d, s := startDovecot(t), startServer(t)
		f(t, server{
			deliver:  d.deliver,
			settings: func(m map[string]any) json.RawMessage { return d.settings(s, dovecotPassword, m) },
			renumber: func(...[]byte) { d.renumber() },
			marked:   d.flags,
			smtp:     s,
		})
	})
}

func TestStartsNowAndTouchesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, s server) {
		s.deliver(customerMail(0, "from before"))
		b := openBox(t, s.settings(nil), nil).run()
		s.deliver(customerMail(0, "new"))
		b.desk.AwaitMessages(t, 1)
		if got := b.texts(); !slices.Equal(got, []string{"new"}) {
			t.Errorf("took %q", got)
		}
		if count, flags := s.marked(); count != 2 || flags != "" {
			t.Errorf("the mailbox holds %d mails, marked %q", count, flags)
		}
	})
}

func TestStartIsRecordedAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, s server) {
		b := openBox(t, s.settings(nil), nil).run()
		b.stop()
		s.deliver(customerMail(0, "while nobody was there"))
		openBox(t, s.settings(nil), b.desk).run()
		b.desk.AwaitMessages(t, 1)
	})
}

func TestImportsDaysBack(t *testing.T) {
	s := startServer(t)
	now := time.Now()
	for i, age := range []time.Duration{30, 20, 2, 1} {
		if err := s.DeliverAt(customerMail(0, fmt.Sprintf("mail %d", i)), now.Add(-age*24*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	b := openBox(t, with(s.Settings(emailtest.Password), map[string]any{"import_days": 7}), nil).run()
	s.Deliver(customerMail(0, "new"))
	b.desk.AwaitMessages(t, 3)
	if got := b.texts(); !slices.Equal(got, []string{"mail 2", "mail 3", "new"}) {
		t.Errorf("took %q", got)
	}
}

func TestRenumberedMailboxComesOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, s server) {
		b := openBox(t, s.settings(nil), nil).run()
		var raws [][]byte
		for i := range 5 {
			raws = append(raws, customerMail(i, fmt.Sprintf("mail %d", i)))
			s.deliver(raws[i])
		}
		b.desk.AwaitMessages(t, 5)
		b.stop()
		between := customerMail(6, "came in between")
		s.renumber(append(slices.Clone(raws), between)...)
		if _, flags := s.marked(); flags != "" {
			t.Errorf("marked %q", flags)
		}
		if count, _ := s.marked(); count == 5 { // Dovecot keeps what it has
			s.deliver(between)
		}
		c := openBox(t, s.settings(nil), b.desk).run()
		b.desk.AwaitMessages(t, 6)
		s.deliver(customerMail(7, "after"))
		b.desk.AwaitMessages(t, 7)
		if got := c.texts(); !slices.Equal(got, []string{"mail 0", "mail 1", "mail 2", "mail 3", "mail 4", "came in between", "after"}) {
			t.Errorf("recorded %q", got)
		}
		if c.desk.Again() != 0 || c.desk.Spared() == 0 {
			t.Errorf("%d mails were handed over again, %d were known by their headers", c.desk.Again(), c.desk.Spared())
		}
	})
}

func TestBacklogInOrder(t *testing.T) {
	onBoth(t, func(t *testing.T, s server) {
		b := openBox(t, s.settings(nil), nil).run()
		b.stop()
		var want []string
		for i := range 130 {
			want = append(want, fmt.Sprintf("mail %d", i))
			s.deliver(customerMail(i%3, want[i]))
		}
		b = openBox(t, s.settings(nil), b.desk).run()
		b.desk.AwaitMessages(t, 130)
		if !slices.Equal(b.texts(), want) {
			t.Errorf("recorded %q", b.texts())
		}
		var last cursor
		cur, _ := b.desk.Cursor(context.Background())
		if json.Unmarshal([]byte(cur), &last); last.Folders["INBOX"].UID != 130 {
			t.Errorf("cursor %s", cur)
		}
	})
}

func TestPollsWithoutIdle(t *testing.T) {
	onBoth(t, func(t *testing.T, s server) {
		b := openBox(t, s.settings(nil), nil, func(a *Adapter) { a.timing.poll = 20 * time.Millisecond })
		// The server offers IDLE; the adapter is told that it failed.
		b.noIdle = true
		b.run()
		s.deliver(customerMail(0, "polled"))
		b.desk.AwaitMessages(t, 1)
		s.deliver(customerMail(0, "polled again"))
		b.desk.AwaitMessages(t, 2)
	})
}

func TestEncryptedConnections(t *testing.T) {
	d, s := startDovecot(t), startServer(t)
	for _, security := range []string{"tls", "starttls"} {
		t.Run(security, func(t *testing.T) {
			port := d.tls
			if security == "starttls" {
				port = d.port
			}
			set := map[string]any{"imap_security": security, "imap_port": port, "ca": lines(d.cert)}
			b := openBox(t, d.settings(s, dovecotPassword, set), nil).run()
			d.deliver(customerMail(0, "over TLS"))
			b.desk.AwaitMessages(t, 1)
			b.stop()
			delete(set, "ca")
			err := openBox(t, d.settings(s, dovecotPassword, set), nil).Check(context.Background())
			if err == nil || !strings.Contains(err.Error(), "certificate") {
				t.Errorf("an unknown certificate gives %v", err)
			}
		})
	}
}

func TestRefusedLogin(t *testing.T) {
	onBoth(t, func(t *testing.T, s server) {
		b := openBox(t, s.settings(map[string]any{"password": "wrong-horse-99"}), nil)
		err := b.Run(context.Background())
		if err == nil || !strings.HasPrefix(err.Error(), "login refused: ") || strings.Contains(err.Error(), "wrong-horse") {
			t.Errorf("Run: %v", err)
		}
		h := b.desk.Healths()
		if last := h[len(h)-1]; last.State != "refused" || !strings.HasPrefix(last.Detail, "login refused: ") {
			t.Errorf("health %+v", last)
		}
		err = openBox(t, s.settings(map[string]any{"smtp_password": "wrong-horse-99"}), nil).Check(context.Background())
		if err == nil || !strings.HasPrefix(err.Error(), "sending: ") || !strings.Contains(err.Error(), "login refused") {
			t.Errorf("Check with a wrong SMTP password: %v", err)
		}
		err = openBox(t, s.settings(map[string]any{"mailbox": "No/Such"}), nil).Check(context.Background())
		if err == nil || !strings.HasPrefix(err.Error(), "receiving: ") {
			t.Errorf("Check of a missing folder: %v", err)
		}
	})
}

// A login that cannot be had for the moment is no refusal: nobody has to do anything.
func TestPassingRefusal(t *testing.T) {
	for words, want := range map[string]bool{
		"[ALERT] Too many simultaneous connections. (Failure)": true, "Temporary authentication failure": true, "4.7.0 Try again later": true, "Server is busy": true,
		"Invalid credentials (Failure)": false, "Application-specific password required": false, "AUTHENTICATE failed.": false, "5.7.139 basic authentication is disabled": false,
	} {
		if passing.MatchString(words) != want {
			t.Errorf("%q passes: %v", words, !want)
		}
	}
}

func TestSendingTroubleIsShown(t *testing.T) {
	s := startServer(t)
	b := openBox(t, with(s.Settings(emailtest.Password), map[string]any{"smtp_password": "wrong-horse-99"}), nil).run()
	_, err := b.Send(context.Background(), channels.Outbound{ID: "o1", Address: "a@b.test", Text: "x", Thread: "t"})
	var se *channels.SendError
	if !errors.As(err, &se) || se.Permanent || se.Uncertain || se.RetryAfter == 0 || !strings.Contains(se.Reason, "login refused") {
		t.Fatalf("%+v", err)
	}
	b.desk.AwaitHealth(t, "refused")
	s.Deliver(customerMail(0, "receiving goes on"))
	b.desk.AwaitMessages(t, 1)
	b.desk.AwaitHealth(t, "refused")
}

func TestCorpusOverIMAP(t *testing.T) {
	onBoth(t, func(t *testing.T, s server) {
		b := openBox(t, s.settings(nil), nil).run()
		files, _ := os.ReadDir("testdata/corpus")
		n := 0
		for _, f := range files {
			if strings.HasSuffix(f.Name(), ".eml") {
				raw, err := os.ReadFile("testdata/corpus/" + f.Name())
				if err != nil {
					t.Fatal(err)
				}
				s.deliver(bytes.Replace(raw, []byte("<q1@example.org>"), fmt.Appendf(nil, "<%d@example.org>", n), 1))
				n++
			}
		}
		s.deliver(customerMail(0, "the last"))
		got := b.desk.AwaitMessages(t, n+1)
		if got[n].Text != "the last" {
			t.Errorf("the last of %d is %q", len(got), got[n].Text)
		}
		if wrong := b.desk.Wrong(); len(wrong) > 0 {
			t.Errorf("breaches: %q", wrong)
		}
	})
}

// A mail whose fetching always breaks the connection is passed over after a few times, and nothing with it.
func TestMailThatBreaksTheConnection(t *testing.T) {
	s := startServer(t)
	b := openBox(t, s.Settings(emailtest.Password), nil)
	first := cursor{Folders: map[string]*position{"INBOX": {Validity: 1, At: time.Now().Unix()}}, Begin: time.Now().Unix()}
	b.desk.SetCursor(first.String())
	s.Deliver(customerMail(0, "before"))
	s.Deliver([]byte("X-Break-The-Connection: yes\r\n\r\nboom"))
	s.Deliver(customerMail(0, "after"))
	s.Poison("X-Break-The-Connection")
	b.run()
	got := b.desk.AwaitMessages(t, 3)
	if got[0].Text != "before" || got[2].Text != "after" || got[1].Unreadable == "" || len(got[1].Raw) == 0 {
		t.Errorf("recorded %q, %+v", b.texts(), got[1])
	}
}

// A connection that dies without a word is noticed in idling as in polling, and the mail after it comes.
func TestSilentConnection(t *testing.T) {
	for _, idle := range []bool{true, false} {
		t.Run(fmt.Sprint("idle ", idle), func(t *testing.T) {
			s := startServer(t)
			b := openBox(t, s.Settings(emailtest.Password), nil)
			w := newTarpit(t, hostPort("127.0.0.1", b.set.IMAPPort))
			b.set.IMAPPort = w.port
			b.noIdle = !idle
			b.timing.idle, b.timing.poll, b.timing.reply = 50*time.Millisecond, 50*time.Millisecond, 100*time.Millisecond
			b.run()
			w.freeze()
			s.Deliver(customerMail(0, "nobody told me"))
			b.desk.Await(t, "a report of the failure", func() bool {
				return slices.ContainsFunc(b.desk.Healths(), func(h channels.Health) bool { return h.State == "failing" && h.Detail != "" })
			})
			b.desk.AwaitMessages(t, 1)
		})
	}
}

// tarpit passes bytes on until it is frozen; connections after that are good again.
type tarpit struct {
	port int
	mu   sync.Mutex
	cold chan struct{}
}

func (w *tarpit) freeze() {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.cold)
	w.cold = make(chan struct{})
}

func newTarpit(t *testing.T, to string) *tarpit {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	w := &tarpit{port: l.Addr().(*net.TCPAddr).Port, cold: make(chan struct{})}
	pass := func(dst, src net.Conn, cold chan struct{}) {
		buf := make([]byte, 4096)
		for {
			n, err := src.Read(buf)
			if err != nil {
				dst.Close()
				return
			}
			select {
			case <-cold:
			default:
				dst.Write(buf[:n])
			}
		}
	}
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
			w.mu.Lock()
			cold := w.cold
			w.mu.Unlock()
			go pass(up, c, cold)
			go pass(c, up, cold)
		}
	}()
	return w
}
