// Package apitest holds a double of a foreign system that is connected through package api: a shop's own app, or a bridge to
// another messenger. It calls the hub's webhook with signed events, in order, and repeats what was not taken; or it gives
// them where the hub fetches them. It takes signed messages at /send, each idempotency key once, has files at
// /files/, events at /events and its list of messages at /messages.
package apitest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"tamas/channels/signed"
	"tamas/internal/ports"
)

// Secret is what the system and the hub share.
const Secret = "a-secret-that-hub-and-system-share"

// Event is one event, as it goes over the wire.
type Event map[string]any

// Message is one that the system took for a customer.
type Message struct {
	ID, Address, Text, ReplyTo string
	Files                      []File
	Header                     http.Header
	Edits                      int // how often it was changed
}

// File is one of a message's files.
type File struct {
	Name string `json:"name"`
	Type string `json:"type"`
	URL  string `json:"url"`
}

// Fault is what happens to a send instead of success.
type Fault struct {
	Status     int
	Body       string
	RetryAfter int  // seconds
	Cut        bool // taken, but the connection is cut before the answer
}

// System is the double. All methods are safe for concurrent use.
type System struct {
	quit   chan struct{}
	wg     sync.WaitGroup
	closed bool // under mu

	mu     sync.Mutex
	addr   string
	http   *http.Server
	wake   chan struct{}
	hook   string
	secret string
	every  time.Duration
	n      int
	events []entry // all, oldest first
	taken  int     // of events: how many the webhook took
	again  bool    // the last of them is to come once more
	sent   []Message
	keys   map[string]string // idempotency key → id
	faults []Fault
	typed  int
	checks int
	files  map[string][]byte
	broken []int // statuses of the next fetches of files
}

type entry struct {
	raw []byte
	at  time.Time
	id  string
}

// Start listens on addr ("127.0.0.1:0" for any port) and serves until Close.
func Start(addr string) (*System, error) {
	s := &System{quit: make(chan struct{}), wake: make(chan struct{}), every: 20 * time.Millisecond, secret: Secret, keys: map[string]string{}, files: map[string][]byte{}}
	if err := s.listen(addr); err != nil {
		return nil, err
	}
	s.wg.Add(1)
	go s.deliver()
	return s, nil
}

func (s *System) listen(addr string) error {
	l, err := ports.Listen(addr)
	if err != nil {
		return fmt.Errorf("apitest: %w", err)
	}
	srv := &http.Server{Handler: http.HandlerFunc(s.serve), ReadHeaderTimeout: 10 * time.Second}
	s.mu.Lock()
	s.addr, s.http = l.Addr().String(), srv
	s.touch()
	s.mu.Unlock()
	s.wg.Add(1)
	go func() {
		defer s.wg.Done()
		_ = srv.Serve(l)
	}()
	return nil
}

func (s *System) touch() {
	close(s.wake)
	s.wake = make(chan struct{})
}

// URL is the double's address.
func (s *System) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return "http://" + s.addr
}

// Stop takes the double off the network; deliveries rest too.
func (s *System) Stop() {
	s.mu.Lock()
	srv := s.http
	s.http = nil
	s.mu.Unlock()
	if srv != nil {
		_ = srv.Close()
	}
}

// Restart brings a stopped double back at its address.
func (s *System) Restart() error {
	s.mu.Lock()
	addr := s.addr
	s.mu.Unlock()
	return s.listen(addr)
}

// enter counts a request in; false: Close has been called, and its wait may have begun.
func (s *System) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.wg.Add(1)
	}
	return !s.closed
}

// Close ends everything and waits for it.
func (s *System) Close() {
	s.Stop()
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	close(s.quit)
	s.wg.Wait()
}

// SetWebhook says where events go; "" keeps them to be fetched.
func (s *System) SetWebhook(url string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hook = url
	s.touch()
}

// Tell adds an event with an id of its own, unless it has one, and returns that.
func (s *System) Tell(e Event) string { return s.TellAt(time.Now(), e) }

// TellAt adds an event of another time.
func (s *System) TellAt(at time.Time, e Event) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n++
	if e["id"] == nil && e["type"] != "status" && e["type"] != "typing" {
		e["id"] = fmt.Sprintf("e%d", s.n)
	}
	if e["at"] == nil {
		e["at"] = at.UTC().Format(time.RFC3339Nano)
	}
	raw, _ := json.Marshal(e)
	id, _ := e["id"].(string)
	s.events = append(s.events, entry{raw, at, id})
	s.touch()
	return id
}

// TellRaw adds an event that is what it is.
func (s *System) TellRaw(raw string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, entry{raw: []byte(raw), at: time.Now()})
	s.touch()
}

// Keep has a file and returns its address.
func (s *System) Keep(name string, content []byte) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n++
	path := fmt.Sprintf("/files/%d/%s", s.n, name)
	s.files[path] = content
	return "http://" + s.addr + path
}

// FailFiles meets the next fetches of files with these statuses, one each.
func (s *System) FailFiles(statuses ...int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = append(s.broken, statuses...)
}

// Pending counts the events that the webhook did not take yet.
func (s *System) Pending() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.events) - s.taken
}

// Redeliver makes the event that was taken last come once more.
func (s *System) Redeliver() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.again = true
	s.touch()
}

// Sent lists what was taken for customers, in order, as it is now.
func (s *System) Sent() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Message(nil), s.sent...)
}

// Typed counts the signs that an agent is typing.
func (s *System) Typed() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.typed
}

// FailNext meets the next sends with the faults, one each.
func (s *System) FailNext(f ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, f...)
}

// deliver calls the webhook with what is next, one event at a time, until the double closes.
func (s *System) deliver() {
	defer s.wg.Done()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		<-s.quit
		cancel()
	}()
	client := &http.Client{Transport: &http.Transport{}, Timeout: 15 * time.Second}
	defer client.CloseIdleConnections()
	for {
		s.mu.Lock()
		wake, hook, secret := s.wake, s.hook, s.secret
		var next []byte
		again := s.again && s.taken > 0
		switch {
		case hook == "" || s.http == nil:
		case again:
			next = s.events[s.taken-1].raw
		case s.taken < len(s.events):
			next = s.events[s.taken].raw
		}
		s.mu.Unlock()
		var pause <-chan time.Time
		if next != nil {
			if post(ctx, client, hook, secret, next) {
				s.mu.Lock()
				if again {
					s.again = false
				} else {
					s.taken++
				}
				s.mu.Unlock()
				continue
			}
			pause = time.After(s.every)
		}
		select {
		case <-wake:
		case <-pause:
		case <-s.quit:
			return
		}
	}
}

func post(ctx context.Context, client *http.Client, hook, secret string, body []byte) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, hook, bytes.NewReader(body))
	if err != nil {
		return false
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(signed.Header, signed.Sign(secret, time.Now(), body))
	resp, err := client.Do(req)
	if err != nil {
		return false
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	return resp.StatusCode/100 == 2
}

func (s *System) serve(w http.ResponseWriter, r *http.Request) {
	if !s.enter() {
		return
	}
	defer s.wg.Done()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if strings.HasPrefix(r.URL.Path, "/files/") {
		s.file(w, r)
		return
	}
	proof := body
	if r.Method == http.MethodGet {
		proof = []byte(r.URL.RawQuery)
	}
	if err := signed.Verify(r.Header.Get(signed.Header), time.Now(), proof, Secret); err != nil {
		respond(w, http.StatusUnauthorized, map[string]any{"error": err.Error()})
		return
	}
	switch r.Method + " " + r.URL.Path {
	case "POST /send":
		s.send(w, r, body)
	case "GET /events":
		s.pull(w, r)
	case "GET /messages":
		s.list(w, r)
	default:
		respond(w, http.StatusNotFound, map[string]any{"error": "there is nothing here"})
	}
}

func (s *System) file(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	content, ok := s.files[r.URL.Path]
	status := http.StatusOK
	if len(s.broken) > 0 {
		status, s.broken = s.broken[0], s.broken[1:]
	}
	s.mu.Unlock()
	switch {
	case !ok:
		http.NotFound(w, r)
	case status != http.StatusOK:
		w.WriteHeader(status)
	default:
		_, _ = w.Write(content)
	}
}

func (s *System) send(w http.ResponseWriter, r *http.Request, body []byte) {
	var in struct {
		Type    string `json:"type"`
		ID      string `json:"id"`
		Thread  string `json:"thread"`
		Address string `json:"address"`
		Text    string `json:"text"`
		ReplyTo string `json:"reply_to"`
		Of      string `json:"of"`
		Files   []File `json:"files"`
	}
	if json.Unmarshal(body, &in) != nil {
		respond(w, http.StatusBadRequest, map[string]any{"error": "this is no JSON"})
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch in.Type {
	case "check":
		s.checks++
		respond(w, http.StatusOK, map[string]any{"ok": true})
		return
	case "typing":
		s.typed++
		respond(w, http.StatusOK, map[string]any{"ok": true})
		return
	}
	cut := false
	if len(s.faults) > 0 {
		f := s.faults[0]
		s.faults = s.faults[1:]
		if !f.Cut {
			if f.RetryAfter > 0 {
				w.Header().Set("Retry-After", strconv.Itoa(f.RetryAfter))
			}
			w.WriteHeader(f.Status)
			_, _ = io.WriteString(w, f.Body)
			return
		}
		cut = true
	}
	if in.ID == "" || in.ID != r.Header.Get("Idempotency-Key") || in.Thread == "" || in.Address == "" || in.Text == "" && len(in.Files) == 0 {
		respond(w, http.StatusUnprocessableEntity, map[string]any{"error": "id, thread, address and text are needed"})
		return
	}
	id, known := s.keys[in.ID]
	switch {
	case known: // taken before: the same answer
	case in.Type == "edit":
		for i := range s.sent {
			if s.sent[i].ID == in.Of {
				id, s.sent[i].Text = in.Of, in.Text
				s.sent[i].Edits++
			}
		}
	default:
		s.n++
		id = fmt.Sprintf("s%d", s.n)
		s.sent = append(s.sent, Message{ID: id, Address: in.Address, Text: in.Text, ReplyTo: in.ReplyTo, Files: in.Files, Header: r.Header.Clone()})
	}
	s.keys[in.ID] = id
	if cut {
		panic(http.ErrAbortHandler)
	}
	respond(w, http.StatusOK, map[string]any{"id": id})
}

// page is how much pull and list give at once.
const page = 50

func (s *System) pull(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	after, _ := strconv.Atoi(q.Get("after"))
	since, _ := time.Parse(time.RFC3339, q.Get("since"))
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []json.RawMessage{}
	i := after
	for ; i < len(s.events) && len(out) < page; i++ {
		if !s.events[i].at.Before(since) {
			out = append(out, s.events[i].raw)
		}
	}
	cursor := q.Get("after")
	if i > after {
		cursor = strconv.Itoa(i)
	}
	respond(w, http.StatusOK, map[string]any{"events": out, "cursor": cursor, "more": i < len(s.events)})
}

func (s *System) list(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	after, _ := strconv.Atoi(q.Get("after"))
	since, _ := time.Parse(time.RFC3339, q.Get("since"))
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []map[string]any{}
	for _, e := range s.events {
		if e.id != "" && !e.at.Before(since) {
			all = append(all, map[string]any{"id": e.id, "at": e.at.UTC().Format(time.RFC3339), "address": "someone"})
		}
	}
	for _, m := range s.sent {
		all = append(all, map[string]any{"id": m.ID, "at": time.Now().Unix(), "outbound": true, "address": m.Address})
	}
	to := min(after+page, len(all))
	respond(w, http.StatusOK, map[string]any{"messages": all[min(after, to):to], "cursor": strconv.Itoa(to), "more": to < len(all)})
}

func respond(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
