package email

import (
	"bufio"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"tamas/channels/email/emailtest"
)

// oddServer is an IMAP server as one would not write it: it tells no UIDNEXT, sizes that are wrong, UIDs after contents, dates that are none
// of the mail's, answers that nobody asked for, a search out of order and with doubles, and it knows no AUTHENTICATE.
type oddServer struct {
	port int

	mu    sync.Mutex
	mails []string
	idle  []chan struct{}
}

func startOddServer(t *testing.T) *oddServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &oddServer{port: l.Addr().(*net.TCPAddr).Port}
	var wait sync.WaitGroup
	var open sync.Map
	t.Cleanup(func() {
		l.Close()
		open.Range(func(c, _ any) bool { c.(net.Conn).Close(); return true })
		wait.Wait()
	})
	wait.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			open.Store(c, true)
			wait.Go(func() { s.serve(c); c.Close() })
		}
	})
	return s
}

func (s *oddServer) deliver(raw []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails = append(s.mails, string(raw))
	for _, c := range s.idle {
		close(c)
	}
	s.idle = nil
}

var setPart = regexp.MustCompile(`\d+|\*`)

// uids reads a set; UIDs are ten times the place.
func (s *oddServer) uids(set string) (out []int) {
	for _, part := range strings.Split(set, ",") {
		ends := setPart.FindAllString(part, 2)
		from, _ := strconv.Atoi(ends[0])
		to := from
		if len(ends) == 2 {
			if to, _ = strconv.Atoi(ends[1]); ends[1] == "*" {
				to = 1 << 30
			}
		}
		for i := range s.mails {
			if uid := (i + 1) * 10; uid >= from && uid <= to || ends[len(ends)-1] == "*" && i == len(s.mails)-1 {
				out = append(out, uid)
			}
		}
	}
	return out
}

func (s *oddServer) serve(c net.Conn) {
	r := bufio.NewReader(c)
	say := func(format string, args ...any) { fmt.Fprintf(c, format+"\r\n", args...) }
	say("* OK odd server ready")
	told := 0 // how many mails the client knows of
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		tag, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		verb, args, _ := strings.Cut(rest, " ")
		s.mu.Lock()
		switch strings.ToUpper(verb) {
		case "CAPABILITY":
			say("* CAPABILITY IMAP4rev1 IDLE")
			say("%s OK done", tag)
		case "LOGIN":
			say("%s OK welcome", tag)
		case "EXAMINE", "SELECT":
			told = len(s.mails)
			say("* %d EXISTS", len(s.mails))
			say("* 0 RECENT")
			say("* FLAGS (\\Seen)")
			say("* OK [UIDVALIDITY 7] fine")
			say("%s OK [READ-ONLY] done", tag)
		case "NOOP":
			say("* 1 FETCH (FLAGS (\\Seen))")
			say("%s OK done", tag)
		case "LOGOUT":
			say("* BYE")
			say("%s OK", tag)
			s.mu.Unlock()
			return
		case "IDLE":
			wake := make(chan struct{})
			if s.idle = append(s.idle, wake); told < len(s.mails) {
				close(wake)
				s.idle = s.idle[:len(s.idle)-1]
			}
			told = len(s.mails)
			s.mu.Unlock()
			say("+ idling")
			done := make(chan error, 1)
			go func() { _, err := r.ReadString('\n'); done <- err }()
			select {
			case <-wake:
				say("* 1 FETCH (FLAGS ())")
				say("* 99 EXISTS")
				err = <-done
			case err = <-done:
			}
			if err != nil {
				return
			}
			say("%s OK done", tag)
			s.mu.Lock()
		case "UID":
			s.uid(say, tag, args)
		default:
			say("%s BAD what?", tag)
		}
		s.mu.Unlock()
	}
}

func (s *oddServer) uid(say func(string, ...any), tag, args string) {
	verb, args, _ := strings.Cut(args, " ")
	switch strings.ToUpper(verb) {
	case "SEARCH":
		set := "1:*"
		if _, after, found := strings.Cut(args, "UID "); found {
			set, _, _ = strings.Cut(after, " ")
		}
		found := s.uids(strings.Trim(set, "()"))
		text := ""
		for i := len(found) - 1; i >= 0; i-- {
			text += fmt.Sprintf(" %d %d", found[i], found[i])
		}
		say("* SEARCH%s", text)
	case "FETCH":
		set, items, _ := strings.Cut(args, " ")
		say("* OK still here")
		for _, uid := range s.uids(set) {
			raw := s.mails[uid/10-1]
			switch {
			case strings.Contains(items, "RFC822.SIZE"):
				say(`* %d FETCH (RFC822.SIZE 12 INTERNALDATE "%s" UID %d)`, uid/10, time.Now().Format("_2-Jan-2006 15:04:05 -0700"), uid)
			case strings.Contains(items, "BODY"):
				say("* %d FETCH (FLAGS (\\Recent) BODY[] {%d}\r\n%s UID %d)", uid/10, len(raw), raw, uid)
			}
			say("* %d FETCH (FLAGS (\\Seen))", uid/10)
		}
	}
	say("%s OK done", tag)
}

func TestOddServer(t *testing.T) {
	odd, s := startOddServer(t), startServer(t)
	odd.deliver(customerMail(0, "from before"))
	b := openBox(t, with(s.Settings(emailtest.Password), map[string]any{"imap_port": odd.port}), nil).run()
	for i := range 5 {
		odd.deliver(customerMail(i, fmt.Sprintf("mail %d", i)))
	}
	odd.deliver(filmMail("film", 1<<20))
	got := b.desk.AwaitMessages(t, 6)
	for i, m := range got[:5] {
		if m.Text != fmt.Sprintf("mail %d", i) {
			t.Errorf("mail %d: %q, %s", i, m.Text, m.Unreadable)
		}
	}
	if f := got[5].Files; len(f) != 1 || f[0].Blob == "" || f[0].Type == "" || f[0].Missing != "" || got[5].Text != "See the film." {
		t.Errorf("%q with %+v", got[5].Text, f)
	}
	b.stop()
	odd.deliver(customerMail(0, "later"))
	c := openBox(t, with(s.Settings(emailtest.Password), map[string]any{"imap_port": odd.port}), b.desk).run()
	if got := c.desk.AwaitMessages(t, 7); got[6].Text != "later" || c.desk.Again() != 0 {
		t.Errorf("%q, %d came again", c.texts(), c.desk.Again())
	}
	for _, h := range b.desk.Healths() {
		if h.State == "failing" {
			t.Errorf("health %+v", h)
		}
	}
}
