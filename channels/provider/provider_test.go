package provider

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

const secret = "s3cr3t/token+="

func request(t *testing.T, method, addr string, body io.Reader) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, addr, body)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// raw serves connections as it likes.
func raw(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() { defer c.Close(); serve(c) }()
		}
	}()
	return "http://" + ln.Addr().String()
}

// closed is an address where nobody listens.
func closed(t *testing.T) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return "http://" + ln.Addr().String()
}

// What a failed call means decides whether a customer gets a message twice or not at all.
func TestSendError(t *testing.T) {
	answer := func(status int, header, body string) func(*testing.T) string {
		return func(t *testing.T) string {
			return raw(t, func(c net.Conn) {
				if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
					fmt.Fprintf(c, "HTTP/1.1 %d X\r\n%sContent-Length: %d\r\n\r\n%s", status, header, len(body), body)
				}
			})
		}
	}
	tests := []struct {
		name  string
		at    func(*testing.T) string
		said  string
		want  string // permanent, uncertain, temporary or the pause
		wants string // in the reason
	}{
		{"nobody listens", closed, "", "temporary", "cannot be reached"},
		{"no such host", func(*testing.T) string { return "http://nowhere.invalid" }, "", "temporary", "cannot be reached"},
		{"hangs up", func(t *testing.T) string {
			return raw(t, func(c net.Conn) { _, _ = http.ReadRequest(bufio.NewReader(c)) })
		}, "", "uncertain", "may have"},
		{"silent", func(t *testing.T) string {
			return raw(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
		}, "", "uncertain", "may have"},
		{"cut off", func(t *testing.T) string {
			return raw(t, func(c net.Conn) {
				_, _ = http.ReadRequest(bufio.NewReader(c))
				fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
			})
		}, "", "uncertain", "may have"},
		{"too long", answer(200, "", strings.Repeat("x", 5000)), "", "uncertain", "may have"},
		{"no HTTP", func(t *testing.T) string {
			return raw(t, func(c net.Conn) { fmt.Fprint(c, "220 mail.example.com ESMTP\r\n") })
		}, "", "uncertain", "may have"},
		{"slow down", answer(429, "Retry-After: 7\r\n", ""), "", "7s", "less often"},
		{"slow down, unsaid", answer(429, "", ""), "", "1s", "less often"},
		{"slow down for ever", answer(429, "Retry-After: 999999999\r\n", ""), "", "1h0m0s", "less often"},
		{"slow down, negative", answer(429, "Retry-After: -5\r\n", ""), "", "1s", "less often"},
		{"credentials", answer(401, "", "{}"), "no", "temporary", "credentials: no"},
		{"refused in its words", answer(400, "", "{}"), "bad number " + secret, "permanent", "did not accept the message: bad number ***"},
		{"refused in between", answer(400, "", "<html>"), "", "temporary", "did not accept"},
		{"redirected", answer(302, "Location: http://elsewhere.invalid/\r\n", ""), "", "temporary", "cannot take"},
		{"over capacity", answer(503, "", ""), "", "temporary", "cannot take"},
		{"broken in its words", answer(500, "", "{}"), "internal", "temporary", "cannot take the message now: internal"},
		{"broken in between", answer(502, "", "<html>"), "", "uncertain", "may have"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := New("Acme", nil, secret)
			c.Stall, c.MaxAnswer = time.Minute, 4000
			if tt.name == "silent" {
				c.Stall = 3 * time.Second // time for a slow machine to write the request
			}
			a := c.Call(request(t, http.MethodPost, tt.at(t)+"/"+"?key=other", strings.NewReader("text")))
			se := c.SendError(a, tt.said)
			got := "temporary"
			switch {
			case se.Permanent:
				got = "permanent"
			case se.Uncertain:
				got = "uncertain"
			case se.RetryAfter > 0:
				got = se.RetryAfter.String()
			}
			if got != tt.want || !strings.HasPrefix(se.Reason, "Acme ") || !strings.Contains(se.Reason, tt.wants) {
				t.Errorf("%s, %q (%v), want %s", got, se.Reason, se.Err, tt.want)
			}
			if text := se.Error(); strings.Contains(text, "key=") || strings.Contains(text, secret) || se.Err == nil {
				t.Errorf("shown: %q", text)
			}
		})
	}
}

// The caller's own end stays recognisable, and what may have been written before it is told.
func TestContextEnds(t *testing.T) {
	got := make(chan struct{}, 1)
	at := raw(t, func(c net.Conn) {
		_, _ = http.ReadRequest(bufio.NewReader(c))
		got <- struct{}{}
		_, _ = io.Copy(io.Discard, c)
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-got; cancel() }()
	c := New("Acme", nil)
	a := c.Call(request(t, http.MethodPost, at, nil).WithContext(ctx))
	if !errors.Is(a.Err, context.Canceled) || !a.Wrote {
		t.Errorf("%+v", a)
	}
	if a = c.Call(request(t, http.MethodPost, at, nil).WithContext(ctx)); !errors.Is(a.Err, context.Canceled) || a.Wrote {
		t.Errorf("after its end: %+v", a)
	}
}

// A library that calls several times: the last answer, and whether any call may have arrived.
func TestNote(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", time.Now().Add(time.Minute).UTC().Format(http.TimeFormat))
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = io.WriteString(w, r.URL.Path)
	}))
	defer s.Close()
	c := New("Acme", s.Client())
	ctx, note := Note(t.Context())
	if a := note.Answer(); a.Wrote || a.Status != 0 {
		t.Errorf("before: %+v", a)
	}
	resp, err := c.Do(request(t, http.MethodGet, s.URL+"/one", nil).WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(resp.Body); string(b) != "/one" || err != nil {
		t.Errorf("the library reads %q, %v", b, err)
	}
	if a := note.Answer(); a.Status != 429 || string(a.Body) != "/one" || a.RetryAfter <= 0 || a.RetryAfter > time.Minute {
		t.Errorf("%+v", a)
	}
	if _, err = c.Do(request(t, http.MethodGet, closed(t), nil).WithContext(ctx)); err == nil {
		t.Fatal("connected to nobody")
	}
	if a := note.Answer(); a.Status != 0 || a.Err == nil || !a.Wrote {
		t.Errorf("%+v", a)
	}
}

// Files go on as long as something moves, and end when nothing does; a limit of the base client does not cut them.
func TestOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base := *online(t, func(w http.ResponseWriter, r *http.Request) {
			for i := range 8 {
				fmt.Fprint(w, i)
				w.(http.Flusher).Flush()
				time.Sleep(15 * time.Second)
			}
			if r.URL.Path == "/stops" {
				<-r.Context().Done()
			}
		})
		base.Timeout = 25 * time.Second
		c := New("Acme", &base, "stops")
		read := func(path string) (string, error) {
			resp, err := c.Open(request(t, http.MethodGet, "http://acme.test"+path, nil))
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			b, err := io.ReadAll(resp.Body)
			return string(b), err
		}
		if b, err := read("/goes"); b != "01234567" || err != nil {
			t.Errorf("%q, %v", b, err)
		}
		if b, err := read("/stops"); b != "01234567" || err == nil || !strings.Contains(err.Error(), "in time") {
			t.Errorf("%q, %v", b, err)
		}
	})
}

// online gives a client of h without a network, for a synctest bubble: the bubble's clock goes on when both wait.
func online(t *testing.T, h http.HandlerFunc) *http.Client {
	l := pipes{make(chan net.Conn), make(chan struct{})}
	s := &http.Server{Handler: h}
	go s.Serve(l)
	tr := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		l.conns <- far
		return near, nil
	}}
	t.Cleanup(func() {
		tr.CloseIdleConnections()
		s.Close()
	})
	return &http.Client{Transport: tr}
}

// pipes is a listener of pipes.
type pipes struct {
	conns chan net.Conn
	ended chan struct{}
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.ended:
		return nil, net.ErrClosed
	}
}
func (p pipes) Close() error   { close(p.ended); return nil }
func (p pipes) Addr() net.Addr { return &net.UnixAddr{} }

// slowly gives a body in pieces.
type slowly struct {
	pieces int
	every  time.Duration
}

func (s *slowly) Read(p []byte) (int, error) {
	if s.pieces--; s.pieces < 0 {
		return 0, io.EOF
	}
	time.Sleep(s.every)
	return copy(p, "piece"), nil
}

// A large upload over a slow line is progress.
func TestSlowUpload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got atomic.Int64
		c := New("Acme", online(t, func(_ http.ResponseWriter, r *http.Request) {
			n, _ := io.Copy(io.Discard, r.Body)
			got.Store(n)
		}))
		if a := c.Call(request(t, http.MethodPost, "http://acme.test/", &slowly{10, 15 * time.Second})); a.Status != 200 || got.Load() != 50 {
			t.Errorf("%+v, %d bytes arrived", a, got.Load())
		}
	})
}

// Secrets go nowhere else, and are shown in no form.
func TestSecrets(t *testing.T) {
	var elsewhere atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	s := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer s.Close()
	c := New("Acme", s.Client(), secret, "")
	if a := c.Call(request(t, http.MethodPost, s.URL, strings.NewReader("x"))); a.Status != 307 || elsewhere.Load() != 0 {
		t.Errorf("%+v, followed %d times", a, elsewhere.Load())
	}
	for _, text := range []string{secret, "a " + secret + " b", "s3cr3t%2Ftoken%2B%3D"} {
		if got := c.Clean(text); !strings.Contains(got, "***") || strings.Contains(got, "s3cr3t") {
			t.Errorf("%q is shown as %q", text, got)
		}
	}
	if err := c.CleanError(fmt.Errorf("x %s: %w", secret, context.DeadlineExceeded)); strings.Contains(err.Error(), "s3cr3t") || !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if got := c.Clean("two\nlines\x00 \xff" + strings.Repeat("é", 400)); strings.Contains(got, "\n") || len(got) > 310 {
		t.Errorf("%d bytes: %q", len(got), got)
	}
	if c.CleanError(nil) != nil {
		t.Error("an error of nothing")
	}
}
