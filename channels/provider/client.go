// Package provider makes an adapter's HTTP calls to its provider, and tells what became of them.
//
// What every adapter needs and none should think out anew: answers of a bounded size, time without progress bounded, no
// redirect followed (a secret goes nowhere else), secrets kept out of errors, and the one question on which it depends
// whether a customer gets a message twice: may the provider have the request? See Client.SendError.
//
//	twilio := provider.New("Twilio", c.Client, set.AuthToken)
//	req, err := http.NewRequestWithContext(ctx, http.MethodPost, addr, body)
//	…
//	a := twilio.Call(req)
//	if a.Err != nil || a.Status/100 != 2 {
//		return channels.Receipt{}, twilio.SendError(a, wordsOf(a.Body))
//	}
//
// A library that makes its requests itself is given the Client as its HTTP client (it has Do) and a context of Note.
package provider

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Client calls one provider. It may be used by many goroutines at once; its fields are set before the first call.
type Client struct {
	Name      string        // as people know it: "Twilio"
	Stall     time.Duration // how long a call may go without progress: no byte of the body sent, no answer, no byte of a file. 20 s
	MaxAnswer int64         // bytes of one answer; 1 MiB

	http    *http.Client
	secrets []string
}

// New makes a client on base (nil: the default) that shows none of the secrets. Calls have no time limit but Stall and the
// caller's context, so that a large file may take its time.
func New(name string, base *http.Client, secrets ...string) *Client {
	c := &Client{Name: name, Stall: 20 * time.Second, MaxAnswer: 1 << 20, http: &http.Client{}}
	if base != nil {
		copied := *base
		c.http = &copied
	}
	c.http.Timeout = 0
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for _, s := range secrets {
		if s != "" {
			c.secrets = append(c.secrets, s)
			for _, form := range []string{url.QueryEscape(s), url.PathEscape(s)} {
				if form != s {
					c.secrets = append(c.secrets, form)
				}
			}
		}
	}
	return c
}

// Answer is what became of a call.
type Answer struct {
	Status     int // 0: no answer came
	Header     http.Header
	Body       []byte
	RetryAfter time.Duration // as the answer asks; 0: it does not. At most an hour
	Wrote      bool          // the request, or a part of it, may have reached the provider
	Err        error         // why there is no answer, or no whole one; without secrets
}

// Call makes one call and reads its answer whole.
func (c *Client) Call(r *http.Request) Answer {
	ctx, note := Note(r.Context())
	_, _ = c.Do(r.WithContext(ctx))
	return note.Answer()
}

// Noted is where Do notes what became of the last call under its context.
type Noted struct {
	wrote atomic.Bool
	last  atomic.Pointer[Answer]
}

type notedKey struct{}

// Note gives a context whose calls through Do are noted, for libraries whose errors do not tell enough.
func Note(ctx context.Context) (context.Context, *Noted) {
	n := &Noted{}
	return context.WithValue(ctx, notedKey{}, n), n
}

// Answer is the last call's. Wrote tells of all of them. The zero Answer: none was made.
func (n *Noted) Answer() Answer {
	a := Answer{}
	if last := n.last.Load(); last != nil {
		a = *last
	}
	a.Wrote = n.wrote.Load()
	return a
}

// Do makes one call for a library: the answer is read whole, and its Body gives it once more.
func (c *Client) Do(r *http.Request) (*http.Response, error) {
	note, _ := r.Context().Value(notedKey{}).(*Noted)
	if note == nil {
		note = &Noted{}
	}
	resp, err := c.Open(r)
	if err != nil {
		note.last.Store(&Answer{Err: err})
		return nil, err
	}
	defer resp.Body.Close()
	a := &Answer{Status: resp.StatusCode, Header: resp.Header, RetryAfter: retryAfter(resp.Header)}
	defer note.last.Store(a)
	if a.Body, a.Err = io.ReadAll(io.LimitReader(resp.Body, c.MaxAnswer+1)); a.Err == nil && int64(len(a.Body)) > c.MaxAnswer {
		a.Body, a.Err = nil, fmt.Errorf("an answer of more than %d bytes", c.MaxAnswer)
	}
	if a.Err != nil {
		a.Err = fmt.Errorf("read the answer: %w", a.Err)
		return nil, a.Err
	}
	resp.Body = io.NopCloser(bytes.NewReader(a.Body))
	return resp, nil
}

// Open makes one call and leaves the answer's body to be read, for files: as long as it takes, but never longer than Stall
// without a byte. The caller closes it.
func (c *Client) Open(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(r.Context())
	stall := &stall{limit: c.Stall, timer: time.AfterFunc(c.Stall, func() { cancel(errStalled) })}
	note, _ := ctx.Value(notedKey{}).(*Noted)
	// A connection is had before the first byte is written, and in the caller's goroutine: what comes after it may have
	// arrived, whatever the error says.
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) {
		if note != nil {
			note.wrote.Store(true)
		}
	}})
	end := func() { stall.timer.Stop(); cancel(nil) }
	r = r.WithContext(ctx)
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = &watched{ReadCloser: r.Body, stall: stall}
	}
	resp, err := c.http.Do(r)
	if err != nil {
		if context.Cause(ctx) == errStalled {
			err = errStalled
		}
		end()
		return nil, c.clean(err)
	}
	stall.moved()
	resp.Body = &watched{ReadCloser: resp.Body, stall: stall, fail: func(err error) error {
		if context.Cause(ctx) == errStalled {
			err = errStalled
		}
		return c.clean(err)
	}, end: end}
	return resp, nil
}

// errStalled ends a call without progress.
var errStalled = errors.New("no answer in time")

// stall ends a call when nothing has moved for a while.
type stall struct {
	limit time.Duration
	timer *time.Timer
}

func (s *stall) moved() { s.timer.Reset(s.limit) }

// watched is a body whose bytes are progress.
type watched struct {
	io.ReadCloser
	stall *stall
	fail  func(error) error // of a failed read; nil: as it is
	end   func()            // when closed
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.ReadCloser.Read(p)
	if n > 0 && w.stall.timer.Stop() { // once it has gone off, the call is over
		w.stall.moved()
	}
	if err != nil && err != io.EOF && w.fail != nil {
		err = w.fail(err)
	}
	return n, err
}

func (w *watched) Close() error {
	err := w.ReadCloser.Close()
	if w.end != nil {
		w.end()
	}
	return err
}

// retryAfter reads the header in both of its forms, seconds and a date.
func retryAfter(h http.Header) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if sec, err := strconv.Atoi(text); err == nil {
		return time.Duration(min(max(sec, 0), 3600)) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(time.Until(at), 0), time.Hour)
	}
	return 0
}
