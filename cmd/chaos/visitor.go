package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// visitor is one web chat: a window that fills from the feed, and a person who writes. It does what the widget does:
// connects anywhere, resumes behind the last item, sends a message under the same key until it is acknowledged.
type visitor struct {
	hubs    []*hub
	account string
	h       *history
	polls   bool // sockets are blocked

	mu    sync.Mutex
	id    string // thread and address
	token string
	last  string // item
	conn  *websocket.Conn
	at    *hub
	acks  map[string]chan bool // key → acknowledged or refused
	write sync.Mutex
}

type chatItem struct {
	ID, Kind, From, Text string
}

// begin gets a token; it returns when there is one or ctx ends.
func (v *visitor) begin(ctx context.Context) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.acks == nil {
		v.acks = map[string]chan bool{}
	}
	for v.token == "" {
		var s struct{ Visitor, Token string }
		if v.request(ctx, v.hubs[rand.IntN(len(v.hubs))], "", "POST", "session", nil, &s, 5*time.Second) == nil {
			v.id, v.token = s.Visitor, s.Token
			break
		}
		if pause(ctx, 200*time.Millisecond) != nil {
			return false
		}
	}
	return true
}

func (v *visitor) request(ctx context.Context, to *hub, token, method, path string, in, out any, most time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	body, _ := json.Marshal(in)
	req, err := http.NewRequestWithContext(ctx, method, to.url()+"/hooks/"+v.account+"/"+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Origin", origin)
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		return &apiError{Status: resp.StatusCode}
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(b, out)
}

// read keeps the window up to date until ctx ends.
func (v *visitor) read(ctx context.Context) {
	if !v.begin(ctx) {
		return
	}
	for ctx.Err() == nil {
		to := v.hubs[rand.IntN(len(v.hubs))]
		var err error
		if v.polls {
			err = v.poll(ctx, to)
		} else {
			err = v.listen(ctx, to)
		}
		if err != nil {
			_ = pause(ctx, 100*time.Millisecond+rand.N(300*time.Millisecond))
		}
	}
}

func (v *visitor) poll(ctx context.Context, to *hub) error {
	v.mu.Lock()
	after, token := v.last, v.token
	v.mu.Unlock()
	var page struct{ Items []chatItem }
	if err := v.request(ctx, to, token, "GET", "messages?wait=5&after="+url.QueryEscape(after), nil, &page, 10*time.Second); err != nil {
		return err
	}
	v.show(page.Items, to.name+" by polling")
	return nil
}

// listen holds a socket until it ends.
func (v *visitor) listen(ctx context.Context, to *hub) error {
	v.mu.Lock()
	after, token := v.last, v.token
	v.mu.Unlock()
	d := websocket.Dialer{HandshakeTimeout: 5 * time.Second, Subprotocols: []string{"tamas.webchat.1", token}}
	conn, resp, err := d.DialContext(ctx, "ws://"+to.addr+"/hooks/"+v.account+"/socket?after="+url.QueryEscape(after), http.Header{"Origin": {origin}})
	if err != nil {
		if resp != nil {
			resp.Body.Close()
		}
		return err
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	defer conn.Close()
	v.mu.Lock()
	v.conn, v.at = conn, to
	v.mu.Unlock()
	defer func() {
		v.mu.Lock()
		v.conn = nil
		v.mu.Unlock()
	}()
	v.h.count(&v.h.resumes)
	for {
		// The widget pings when it is quiet; here a quiet minute means a dead connection.
		_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
		var f struct {
			T     string
			Key   string
			Items []chatItem
		}
		_, b, err := conn.ReadMessage()
		if err != nil {
			return err
		}
		if err := json.Unmarshal(b, &f); err != nil {
			return err
		}
		switch f.T {
		case "items":
			v.show(f.Items, to.name+" by socket")
		case "ack", "nack":
			v.mu.Lock()
			c := v.acks[f.Key]
			v.mu.Unlock()
			if c != nil {
				select {
				case c <- f.T == "ack":
				default:
				}
			}
		}
	}
}

// show adds items to the window.
func (v *visitor) show(items []chatItem, by string) {
	v.mu.Lock()
	id := v.id
	for _, it := range items {
		if it.Kind == "message" {
			v.last = it.ID
		}
	}
	v.mu.Unlock()
	v.h.mu.Lock()
	defer v.h.mu.Unlock()
	for _, it := range items {
		if it.Kind == "message" {
			v.h.visitors[id] = append(v.h.visitors[id], seen{it.ID, it.From, it.Text, by})
		}
	}
}

// run writes.
func (v *visitor) run(write, live context.Context, every time.Duration) {
	if !v.begin(live) {
		return
	}
	for seq := 1; pause(write, every/2+rand.N(every)) == nil; seq++ {
		m := v.h.say(&message{Door: doorChat, Thread: v.id, Seq: seq, Text: fmt.Sprintf("%s #%d", v.id, seq)})
		key := fmt.Sprintf("message-%06d", seq)
		for live.Err() == nil && !v.send(live, m, key) {
			v.h.count(&v.h.refused)
			_ = pause(live, 100*time.Millisecond+rand.N(200*time.Millisecond))
		}
	}
}

// send tries once; true: acknowledged.
func (v *visitor) send(ctx context.Context, m *message, key string) bool {
	frame := map[string]any{"t": "send", "key": key, "text": m.Text}
	v.mu.Lock()
	conn, at := v.conn, v.at
	v.mu.Unlock()
	if v.polls {
		to := v.hubs[rand.IntN(len(v.hubs))]
		if v.request(ctx, to, v.token, "POST", "messages", map[string]any{"key": key, "text": m.Text}, nil, 15*time.Second) != nil {
			return false
		}
		v.h.acked(m, to.name)
		return true
	}
	if conn == nil {
		return false
	}
	c := make(chan bool, 1)
	v.mu.Lock()
	v.acks[key] = c
	v.mu.Unlock()
	defer func() {
		v.mu.Lock()
		delete(v.acks, key)
		v.mu.Unlock()
	}()
	v.write.Lock()
	_ = conn.SetWriteDeadline(time.Now().Add(5 * time.Second))
	err := conn.WriteJSON(frame)
	v.write.Unlock()
	if err != nil {
		conn.Close()
		return false
	}
	late := time.NewTimer(12 * time.Second)
	defer late.Stop()
	gone := time.NewTicker(100 * time.Millisecond)
	defer gone.Stop()
	for {
		select {
		case ok := <-c:
			if ok {
				v.h.acked(m, at.name)
			}
			return ok
		case <-late.C:
			conn.Close() // as the widget does: another connection, the same key
			return false
		case <-gone.C:
			v.mu.Lock()
			same := v.conn == conn
			v.mu.Unlock()
			if !same {
				return false
			}
		case <-ctx.Done():
			return false
		}
	}
}
