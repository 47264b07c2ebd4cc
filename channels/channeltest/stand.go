package channeltest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tamas/channels"
)

// stand is what one case works at: the rig, a desk, the server of the webhook and the account when it is open.
type stand struct {
	t    *testing.T
	rig  Rig
	desk *Desk
	cfg  channels.Config

	mu     sync.Mutex
	hook   http.Handler // of the open adapter; nil: 503
	spoken []string     // every text that an error or a log line showed

	adapter channels.Adapter
	stop    context.CancelFunc
	done    chan struct{}
}

// setUp builds a case's stand and checks, when the case is over, that nothing was left behind.
func setUp(t *testing.T, build Build) *stand {
	t.Helper()
	old := goleak.IgnoreCurrent()
	t.Cleanup(func() {
		err := goleak.Find(old)
		for deadline := time.Now().Add(Patience); err != nil && time.Now().Before(deadline); { // each look waits for a moment
			err = goleak.Find(old)
		}
		if err != nil {
			t.Errorf("goroutines left behind: %v", err)
		}
	})
	s := &stand{t: t, desk: NewDesk()}
	srv := httptest.NewServer(http.StripPrefix("/hooks/"+AccountID, http.HandlerFunc(s.serveHook)))
	t.Cleanup(func() {
		srv.CloseClientConnections()
		srv.Close()
	})
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	s.rig = build(t, srv.URL+"/hooks/"+AccountID+"/")
	t.Cleanup(s.judge)
	t.Cleanup(s.close)
	s.cfg = channels.Config{
		ID: AccountID, Name: "Test account", Settings: s.rig.Settings, PublicURL: srv.URL,
		Secret: bytes.Repeat([]byte{7}, 32), Desk: s.desk, Client: &http.Client{Transport: transport},
		Log: slog.New(slog.NewTextHandler(spoken{s}, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	return s
}

// spoken is where the adapter's log goes.
type spoken struct{ s *stand }

func (w spoken) Write(p []byte) (int, error) { w.s.note(string(p)); return len(p), nil }

func (s *stand) note(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spoken = append(s.spoken, text)
}

func (s *stand) serveHook(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	h := s.hook
	s.mu.Unlock()
	if h == nil {
		http.Error(w, "nobody is here", http.StatusServiceUnavailable)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	h.ServeHTTP(w, r)
}

// openWith opens an adapter without running it; a nil settings means the rig's.
func (s *stand) openWith(settings json.RawMessage) (channels.Adapter, error) {
	cfg := s.cfg
	if settings != nil {
		cfg.Settings = settings
	}
	a, err := s.rig.Kind.Open(cfg)
	if err != nil {
		s.note(err.Error())
	}
	return a, err
}

// open opens the account and runs it as the hub does.
func (s *stand) open() channels.Adapter {
	s.t.Helper()
	a, err := s.openWith(nil)
	if err != nil {
		s.t.Fatalf("open: %v", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	s.adapter, s.stop, s.done = a, stop, make(chan struct{})
	s.mu.Lock()
	s.hook, _ = a.(http.Handler)
	s.mu.Unlock()
	go func() {
		defer close(s.done)
		for ctx.Err() == nil {
			if err := a.Run(ctx); err != nil {
				s.note(err.Error())
			} else if ctx.Err() == nil {
				s.t.Error("Run returned nil before its ctx ended")
			}
			select {
			case <-ctx.Done():
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	return a
}

// close ends Run as the hub does and fails the test when it does not end.
func (s *stand) close() {
	s.t.Helper()
	if s.adapter == nil {
		return
	}
	s.adapter = nil
	s.mu.Lock()
	s.hook = nil
	s.mu.Unlock()
	s.stop()
	select {
	case <-s.done:
	case <-time.After(Patience):
		s.t.Fatal("Run does not return after its ctx ended")
	}
}

// reopen is a restart of the hub: the adapter goes, another comes, the desk stays.
func (s *stand) reopen() channels.Adapter {
	s.t.Helper()
	s.close()
	return s.open()
}

// send sends the text to the customer of m, as an answer to m; more changes the message before it goes.
func (s *stand) send(m channels.Inbound, id, text string, more ...func(*channels.Outbound)) (channels.Receipt, error) {
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	out := channels.Outbound{
		ID: id, Thread: m.Thread, Address: m.Address, Name: m.Name, From: "Sara", Subject: m.Subject, Text: text,
		InReplyTo: providerID(m), Refs: []string{providerID(m)}, Attempt: 1,
	}
	for _, f := range more {
		f(&out)
	}
	r, err := s.adapter.Send(ctx, out)
	if err != nil {
		s.note(err.Error())
		var se *channels.SendError
		if errors.As(err, &se) {
			s.note(se.Reason)
			s.note(fmt.Sprintf("%+v %v", se, se.Err))
		}
		return r, err
	}
	for _, id := range append([]string{r.ProviderID}, r.Parts...) { // as the hub does
		s.desk.SetThread(id, m.Thread)
	}
	return r, nil
}

// providerID is what answers to m name.
func providerID(m channels.Inbound) string {
	if m.ProviderID != "" {
		return m.ProviderID
	}
	return m.Key
}

// check opens an account with the settings and asks for its credentials.
func (s *stand) check(settings json.RawMessage) error {
	s.t.Helper()
	a, err := s.openWith(settings)
	if err != nil {
		s.t.Fatalf("open for a check: %v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	err = a.Check(ctx)
	if err != nil {
		s.note(err.Error())
	}
	return err
}

// judge looks at what every case must leave behind: a kept contract and no secrets in sight.
func (s *stand) judge() {
	for _, w := range s.desk.Wrong() {
		s.t.Errorf("the adapter breaks the contract: %s", w)
	}
	if n := s.desk.Watchers(); n > 0 {
		s.t.Errorf("%d watches are left open", n)
	}
	for _, h := range s.desk.Healths() {
		s.note(h.Detail)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, text := range s.spoken {
		for _, secret := range s.rig.Secrets {
			if secret != "" && strings.Contains(text, secret) {
				s.t.Errorf("a secret is shown: %q", text)
			}
		}
	}
}
