package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	routeAgents = 8   // with a socket each
	routeRate   = 100 // conversations a second that begin and end
	routeLine   = 100 // conversations an agent works off, one at a time
)

const routePassword = "a password for the bench"

// measureRoute looks at the router from its agents' sockets. They take what they are offered and are done with it at once.
func (b *bencher) measureRoute(ctx context.Context) error {
	if err := b.routeFree(ctx); err != nil {
		return err
	}
	return b.routeBusy(ctx)
}

// routeFree: agents are free, customers write at a fixed rate. A customer becomes eligible with the message's event; the offer comes behind
// it on the same socket.
func (b *bencher) routeFree(ctx context.Context) error {
	f, err := b.openFloor(ctx, 1000)
	if err != nil {
		return err
	}
	defer f.close()
	callers, err := b.dial(16)
	if err != nil {
		return err
	}
	defer hangUp(callers)
	jobs := make(chan int, 100_000)
	defer close(jobs)
	for _, c := range callers {
		go func() {
			for n := range jobs {
				if err := c.sms(f.door, smsBody(n, 1, phone)); err != nil {
					f.fail(err)
				}
			}
		}()
	}
	pass := func(d time.Duration) (*openLoop, error) {
		l := newOpenLoop(routeRate, d)
		f.mu.Lock()
		f.loop, f.after, f.sent = l, nil, nil
		f.mu.Unlock()
		err := l.run(ctx, func(n int) error { jobs <- n; return f.failed() })
		return l, errors.Join(err, f.failed())
	}
	if _, err := pass(b.warmUp()); err != nil {
		return err
	}
	l, err := pass(b.time)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	after, sent := spreadOf(f.after), spreadOf(f.sent)
	b.report.add(figure{Name: "route.eligible", Label: "eligible → offered on the agent's socket p99", Value: after.P99, Unit: "ms", Aim: 10, Less: true, Spread: &after,
		Note: fmt.Sprintf("%d conversations a second, %d agents", l.rate, routeAgents)})
	b.report.add(figure{Name: "route.sent", Label: "customer → offered on the agent's socket p99", Value: sent.P99, Unit: "ms", Less: true, Spread: &sent})
	return nil
}

// routeBusy: many wait, and each agent takes one at a time. The next becomes eligible with the end of the last one.
func (b *bencher) routeBusy(ctx context.Context) error {
	f, err := b.openFloor(ctx, 1)
	if err != nil {
		return err
	}
	defer f.close()
	callers, err := b.dial(1)
	if err != nil {
		return err
	}
	defer hangUp(callers)
	all := routeAgents * routeLine
	if b.time < time.Second { // a try, not a measurement
		all = routeAgents * 2
	}
	f.mu.Lock()
	f.hold = true // nobody accepts before all are in line
	f.mu.Unlock()
	first := int(numbers.Add(int64(all))) - all + 1
	if err := callers[0].sms(f.door, smsBody(first, all, phone)); err != nil {
		return err
	}
	f.release()
	for deadline := time.Now().Add(5 * time.Minute); f.done() < all; time.Sleep(time.Millisecond) {
		if err := f.failed(); err != nil {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%d of %d conversations were worked off", f.done(), all)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	next := spreadOf(f.freed)
	b.report.add(figure{Name: "route.freed", Label: "agent done → next offer on the socket p99", Value: next.P99, Unit: "ms", Aim: 10, Less: true, Spread: &next,
		Note: fmt.Sprintf("%d wait, %d agents of capacity 1", all, routeAgents)})
	return nil
}

// floor is a queue with its agents at their sockets.
type floor struct {
	hub    *benchHub
	door   door
	agents []*routed

	mu    sync.Mutex
	loop  *openLoop
	hold  bool
	after []time.Duration // from the message's event to the offer's
	sent  []time.Duration // from when the message was due to the offer
	freed []time.Duration // from the end of one to the next offer
	ended int
	err   error
}

// routed is an agent of the bench.
type routed struct {
	id, token string
	session   http.Header
	socket    *watcher
	came      map[string]time.Time // conversation → its first message's event
	number    map[string]int       // and that message
	free      time.Time            // the end of the last one
	work      chan string
}

// openFloor makes agents of a capacity, their queue and an account for it.
func (b *bencher) openFloor(ctx context.Context, capacity int) (*floor, error) {
	f := &floor{hub: b.hub}
	h := b.hub
	var members []string
	for i := range routeAgents {
		a := &routed{came: map[string]time.Time{}, number: map[string]int{}, work: make(chan string, 10_000)}
		var u struct{ ID string }
		email := fmt.Sprintf("agent%d.%d@example.com", capacity, i)
		if err := h.api(ctx, http.MethodPost, "users", map[string]any{"email": email, "name": fmt.Sprint("Agent ", i), "role": "agent",
			"password": routePassword, "capacity": capacity}, &u); err != nil {
			return nil, fmt.Errorf("an agent: %w", err)
		}
		var t struct{ Secret string }
		if err := h.api(ctx, http.MethodPost, "tokens", map[string]string{"name": "bench", "user": u.ID}, &t); err != nil {
			return nil, fmt.Errorf("a token: %w", err)
		}
		a.id, a.token = u.ID, t.Secret
		var err error
		if a.session, err = h.signIn(ctx, email, routePassword); err != nil {
			return nil, err
		}
		members, f.agents = append(members, u.ID), append(f.agents, a)
	}
	before := h.queue
	defer func() { h.queue = before }()
	if err := h.api(ctx, http.MethodPost, "queues", map[string]any{"name": fmt.Sprint("Routed ", capacity), "mode": "offer", "offer_seconds": 600, "members": members}, &h.queue); err != nil {
		return nil, fmt.Errorf("a queue: %w", err)
	}
	var err error
	if f.door, err = h.smsDoor(ctx); err != nil {
		return nil, err
	}
	for _, a := range f.agents {
		if a.socket, err = h.watchAs(ctx, a.session); err != nil {
			return nil, errors.Join(err, f.close())
		}
		if err := h.apiAs(ctx, a.token, http.MethodPut, "me/state", map[string]string{"state": "available"}, nil); err != nil {
			return nil, errors.Join(err, f.close())
		}
		go f.follow(a)
		go f.serve(ctx, a)
	}
	return f, nil
}

func (f *floor) close() error {
	for _, a := range f.agents {
		if a.socket != nil {
			a.socket.conn.Close()
		}
	}
	return nil
}

// follow reads an agent's socket.
func (f *floor) follow(a *routed) {
	defer close(a.work)
	for {
		_, page, err := a.socket.conn.ReadMessage()
		if err != nil {
			f.fail(fmt.Errorf("an agent's socket: %w", err))
			return
		}
		now := time.Now()
		if !bytes.Contains(page, []byte(`"conversation.`)) && !bytes.Contains(page, []byte(`"message.received"`)) {
			continue
		}
		var items []struct {
			T     string
			Event struct {
				Kind         string
				Conversation struct {
					ID, Owner string
					OfferedTo string `json:"offered_to"`
				}
				Touch struct{ Body struct{ Text string } }
			}
		}
		if err := json.Unmarshal(page, &items); err != nil {
			f.fail(err)
			return
		}
		for i := range items {
			e := &items[i].Event
			switch c := &e.Conversation; {
			case items[i].T != "event":
			case e.Kind == "message.received":
				if text, ok := strings.CutPrefix(e.Touch.Body.Text, "bench "); ok && a.came[c.ID].IsZero() {
					a.came[c.ID], a.number[c.ID] = now, leadingNumber([]byte(text))
				}
			case e.Kind == "conversation.offered" && c.OfferedTo == a.id:
				f.offered(a, c.ID, now)
				a.work <- c.ID
			case e.Kind == "conversation.resolved" && c.Owner == a.id:
				a.free = now
				f.mu.Lock()
				f.ended++
				f.mu.Unlock()
			}
		}
	}
}

// offered notes how long an offer took.
func (f *floor) offered(a *routed, conversation string, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	came, n := a.came[conversation], a.number[conversation]
	if !a.free.IsZero() {
		f.freed = append(f.freed, now.Sub(a.free))
	}
	if l := f.loop; l != nil && !came.IsZero() {
		if d, ok := l.since(n, now); ok {
			f.after, f.sent = append(f.after, now.Sub(came)), append(f.sent, d)
			l.ack(n)
		}
	}
}

// serve accepts and ends what the agent is offered.
func (f *floor) serve(ctx context.Context, a *routed) {
	for id := range a.work {
		for {
			f.mu.Lock()
			hold := f.hold
			f.mu.Unlock()
			if !hold {
				break
			}
			time.Sleep(time.Millisecond)
		}
		for _, action := range []string{"accept", "resolve"} {
			if err := f.hub.apiAs(ctx, a.token, http.MethodPost, "conversations/"+id+"/"+action, struct{}{}, nil); err != nil {
				f.fail(err)
				return
			}
		}
	}
}

func (f *floor) release() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hold = false
}

func (f *floor) done() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ended
}

func (f *floor) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = errors.Join(f.err, err)
}

func (f *floor) failed() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}
