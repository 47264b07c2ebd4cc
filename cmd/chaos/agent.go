package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"tamas/inbox/record"
)

// agent is a person at the app: a desk that is loaded from the lists and follows the live socket, and hands that accept,
// claim, answer and resolve over the API. It does what the app does: it resumes by event id, reloads when told to, and
// repeats what was not acknowledged under the same key.
type agent struct {
	name string
	api  *api
	h    *history
	pull string // the queue that agents take from

	mu      sync.Mutex
	me      record.Agent
	convs   map[string]*record.Conversation
	at      record.ID // position in the log; zero: the desk has to be loaded
	live    bool      // a socket is open
	retired bool      // takes nothing more
	written int
	busy    sync.Mutex // held while something is being done
	passed  map[string]time.Time
}

func newAgent(name string, a *api, h *history) *agent {
	return &agent{name: name, api: a, h: h, convs: map[string]*record.Conversation{}, passed: map[string]time.Time{}}
}

// run follows and works until ctx ends.
func (a *agent) run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { a.work(ctx) })
	for ctx.Err() == nil {
		if err := a.follow(ctx, a.api.hubs[rand.IntN(len(a.api.hubs))]); err != nil {
			_ = pause(ctx, 50*time.Millisecond+rand.N(200*time.Millisecond))
		}
	}
	wg.Wait()
}

// load fetches the list of open conversations, all pages; it is true at the first page's position.
func (a *agent) load(ctx context.Context, to *hub) error {
	convs := map[string]*record.Conversation{}
	var at record.ID
	before := ""
	for first := true; first || before != ""; first = false {
		var page struct {
			Items []record.Conversation
			Next  string
			At    record.ID
		}
		if err := a.api.once(ctx, to, "GET", "/conversations?list=all&status=open&limit=200&before="+url.QueryEscape(before), "", nil, &page); err != nil {
			return err
		}
		for i := range page.Items {
			c := &page.Items[i]
			if old := convs[c.ID]; old == nil || old.Version < c.Version {
				convs[c.ID] = c
			}
		}
		if first {
			at = page.At
		}
		before = page.Next
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.convs, a.at = convs, at
	return nil
}

// item is one thing that a live socket says.
type item struct {
	T        string
	ID       record.ID
	Recorded record.ID
	At       record.ID
	Agent    record.Agent
	Event    *record.Event
}

// follow holds a live socket until it ends.
func (a *agent) follow(ctx context.Context, to *hub) error {
	a.mu.Lock()
	at := a.at
	a.mu.Unlock()
	if at.IsZero() {
		if err := a.load(ctx, to); err != nil {
			return err
		}
		a.mu.Lock()
		at = a.at
		a.mu.Unlock()
		a.h.count(&a.h.reloads)
	}
	d := websocket.Dialer{HandshakeTimeout: 5 * time.Second}
	conn, resp, err := d.DialContext(ctx, "ws://"+to.addr+"/api/v1/live?from="+at.String(), http.Header{"Cookie": {a.api.cookie}})
	if err != nil {
		if resp != nil {
			resp.Body.Close()
		}
		return err
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	defer conn.Close()
	a.h.count(&a.h.resumes)
	defer func() {
		a.mu.Lock()
		a.live = false
		a.mu.Unlock()
	}()
	_ = conn.SetReadDeadline(time.Now().Add(40 * time.Second))
	conn.SetPingHandler(func(data string) error {
		_ = conn.SetReadDeadline(time.Now().Add(40 * time.Second))
		return conn.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(time.Second))
	})
	var pending []record.ID // seen on this socket and not yet called recorded
	for {
		_, b, err := conn.ReadMessage()
		if err != nil {
			var ce *websocket.CloseError
			if errors.As(err, &ce) && ce.Code == 4000 {
				a.mu.Lock()
				a.at = record.ID{}
				a.mu.Unlock()
			}
			return err
		}
		var items []item
		if err := json.Unmarshal(b, &items); err != nil {
			return fmt.Errorf("%s: a frame that is no array: %w", a.name, err)
		}
		pending = a.take(items, pending, to)
	}
}

// take applies a frame to the desk.
func (a *agent) take(items []item, pending []record.ID, from *hub) []record.ID {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range items {
		it := &items[i]
		switch it.T {
		case "hello":
			a.me, a.live = it.Agent, true
			pending = a.recorded(it.Recorded, pending, from)
		case "recorded":
			pending = a.recorded(it.ID, pending, from)
		case "event":
			pending = append(pending, it.ID)
			a.at = it.ID
			e := it.Event
			if e == nil {
				continue
			}
			if c := e.Conversation; c != nil {
				old := a.convs[c.ID]
				switch {
				case old != nil && old.Version >= c.Version:
				case !c.Open():
					delete(a.convs, c.ID)
				default:
					a.convs[c.ID] = c
				}
			}
			for _, x := range e.Agents {
				if x.ID == a.api.user && x.Version > a.me.Version {
					a.me = x
				}
			}
		}
	}
	return pending
}

// recorded: everything on this socket up to id was called recorded.
func (a *agent) recorded(id record.ID, pending []record.ID, from *hub) []record.ID {
	n := 0
	for n < len(pending) && pending[n].N <= id.N {
		n++
	}
	a.h.claimed(from.name+"'s live socket", pending[:n]...)
	return pending[n:]
}

// work does one thing after another.
func (a *agent) work(ctx context.Context) {
	for pause(ctx, 20*time.Millisecond+rand.N(40*time.Millisecond)) == nil {
		a.busy.Lock()
		a.step(ctx)
		a.busy.Unlock()
	}
}

// step finds something to do and does it.
func (a *agent) step(ctx context.Context) {
	a.mu.Lock()
	me, live, retired := a.me, a.live, a.retired
	var offered, open, waiting *record.Conversation
	for _, c := range a.convs {
		switch {
		case c.Status == record.Offered && c.OfferedTo == a.api.user && time.Since(a.passed[c.ID]) > 8*time.Second:
			offered = c
		case c.Status == record.Active && c.Owner == a.api.user && (c.Unanswered != 0 || open == nil):
			open = c
		case c.Status == record.Waiting && c.Queue == a.pull:
			waiting = c
		}
	}
	a.mu.Unlock()
	if !live {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	switch {
	case retired:
		if me.State != record.Busy {
			_ = a.api.call(ctx, "PUT", "/me/state", "", map[string]string{"state": "busy"}, nil)
			_ = pause(ctx, 200*time.Millisecond)
		}
	case me.State != record.Available:
		_ = a.api.call(ctx, "PUT", "/me/state", "", map[string]string{"state": "available"}, nil)
		_ = pause(ctx, 100*time.Millisecond)
	case offered != nil:
		switch x := rand.IntN(40); x {
		case 0:
			a.act(ctx, offered, "decline")
		case 1: // lets it run out
			a.mu.Lock()
			a.passed[offered.ID] = time.Now()
			a.mu.Unlock()
		default:
			a.act(ctx, offered, "accept")
		}
	case open != nil && open.Unanswered != 0:
		a.answer(ctx, open)
		if rand.IntN(3) == 0 {
			a.act(ctx, open, "resolve")
		}
	case waiting != nil && me.Used() < agentCapacity:
		a.act(ctx, waiting, "claim")
	case open != nil && rand.IntN(10) == 0:
		a.act(ctx, open, "resolve")
	}
}

// act carries out a command without arguments. Refusals are part of the work: somebody was quicker.
func (a *agent) act(ctx context.Context, c *record.Conversation, action string) {
	var done struct {
		Event record.ID `json:"event_id"`
	}
	key := action + "-" + random()
	err := a.api.call(ctx, "POST", "/conversations/"+c.ID+"/"+action, key, nil, &done)
	if err == nil && !done.Event.IsZero() {
		a.h.claimed("the answer to "+a.name+"'s "+action, done.Event)
		a.h.count(&a.h.commands)
	}
	if err != nil {
		_ = pause(ctx, 50*time.Millisecond)
	}
}

// answer replies to the customer.
func (a *agent) answer(ctx context.Context, c *record.Conversation) {
	a.written++
	r := a.h.wrote(&reply{Agent: a.name, Conversation: c.ID, Key: fmt.Sprintf("%s-%d", a.name, a.written),
		Text: fmt.Sprintf("%s answers #%d", a.name, a.written)})
	var done struct {
		Event record.ID `json:"event_id"`
		Touch *record.Touch
	}
	err := a.api.call(ctx, "POST", "/conversations/"+c.ID+"/reply", r.Key, map[string]string{"text": r.Text}, &done)
	if err != nil {
		_ = pause(ctx, 50*time.Millisecond)
		return
	}
	touch := ""
	if done.Touch != nil {
		touch = done.Touch.ID
	}
	a.h.replied(r, done.Event, touch)
	// Until the event comes back by the socket, do not answer the same message again.
	deadline := time.Now().Add(time.Second)
	for time.Now().Before(deadline) {
		a.mu.Lock()
		now := a.convs[c.ID]
		behind := now != nil && now.Unanswered != 0 && now.Version <= c.Version
		a.mu.Unlock()
		if !behind || pause(ctx, 10*time.Millisecond) != nil {
			return
		}
	}
}

// retire takes no more work.
func (a *agent) retire() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.retired = true
}

// idle returns when nothing is being done any more and the desk says that the agent is busy.
func (a *agent) idle(ctx context.Context) {
	for {
		a.busy.Lock() // until what is being done is done
		//lint:ignore SA2001 the wait is all that is wanted
		a.busy.Unlock()
		a.mu.Lock()
		done := a.retired && a.me.State == record.Busy
		a.mu.Unlock()
		if done || pause(ctx, 50*time.Millisecond) != nil {
			return
		}
	}
}

// state is what the desk shows, and up to which event.
func (a *agent) state() (map[string]header, record.ID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := map[string]header{}
	for id, c := range a.convs {
		if c.Open() {
			out[id] = headerOf(c)
		}
	}
	return out, a.at
}
