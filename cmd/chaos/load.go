package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"tamas/channels/sms/smstest"
	"tamas/channels/telegram/telegramtest"
)

// load is the customers and the agents. Customers of SMS and web chat write one message after another, each only when the
// one before was acknowledged, and again until it is; those of Telegram leave that to Telegram.
type load struct {
	h        *history
	c        *cluster
	f        *firm
	rate     int // customers' messages a second, all doors together, when nothing is wrong
	writing  context.CancelFunc
	stopping context.CancelFunc
	writers  sync.WaitGroup // customers
	readers  sync.WaitGroup // visitors' sockets, agents
	telegram *telegramUsers
	visitors []*visitor
}

const (
	smsThreads      = 40
	telegramThreads = 16
	chatVisitors    = 16   // every fourth by polling
	probeThreads    = 9900 // numbers from here on write to the probe's account
)

// start begins the load.
func startLoad(ctx context.Context, c *cluster, f *firm, h *history, rate int) *load {
	l := &load{h: h, c: c, f: f, rate: rate}
	c.telegram.OnAccept(func(m telegramtest.Message) {
		h.delivered(delivery{Door: doorTelegram, Thread: fmt.Sprint(m.ChatID), Text: m.Text, At: m.At})
	})
	c.sms.OnAccept(func(m smstest.Message) {
		door := doorSMS
		if m.To >= phone(probeThreads) {
			door = doorProbe
		}
		h.delivered(delivery{Door: door, Thread: m.To, Text: m.Text, At: m.At})
	})
	live, stopLive := context.WithCancel(ctx)
	write, stopWrite := context.WithCancel(live)
	l.stopping, l.writing = stopLive, stopWrite

	each := time.Duration(smsThreads+telegramThreads+chatVisitors) * time.Second / time.Duration(rate)
	for i := range smsThreads {
		s := &smsSender{hubs: c.hubs, account: f.accounts[doorSMS], door: doorSMS, thread: phone(i), h: h}
		l.writers.Go(func() { s.run(write, live, each) })
	}
	l.telegram = &telegramUsers{srv: c.telegram, h: h}
	l.writers.Go(func() { l.telegram.run(write, each/telegramThreads) })
	for i := range chatVisitors {
		v := &visitor{hubs: c.hubs, account: f.accounts[doorChat], h: h, polls: i%4 == 3}
		l.visitors = append(l.visitors, v)
		l.readers.Go(func() { v.read(live) })
		l.writers.Go(func() { v.run(write, live, each) })
	}
	for _, a := range f.agents {
		l.readers.Go(func() { a.run(live) })
	}
	for _, k := range f.clerks {
		l.writers.Go(func() { k.run(write) })
	}
	return l
}

// rest ends the writing: customers finish what they have begun, agents take nothing more. It tells who did not finish in time.
func (l *load) rest(ctx context.Context, most time.Duration) error {
	l.writing()
	for _, a := range l.f.agents {
		a.retire()
	}
	done := make(chan struct{})
	go func() {
		l.writers.Wait()
		for _, a := range l.f.agents {
			a.idle(ctx)
		}
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-time.After(most):
		return fmt.Errorf("customers or agents still wait for an acknowledgement %v after everything was healed", most)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// stop ends everything.
func (l *load) stop() {
	l.stopping()
	l.writers.Wait()
	l.readers.Wait()
}

// phone is the number of a customer.
func phone(i int) string { return fmt.Sprintf("+98912%07d", 1000+i) }

// smsSender is one customer of the SMS gateway: the gateway delivers to any hub until one takes it.
type smsSender struct {
	hubs                  []*hub
	account, door, thread string
	h                     *history
}

func (s *smsSender) run(write, live context.Context, every time.Duration) {
	for seq := 1; pause(write, every/2+rand.N(every)) == nil; seq++ {
		m := s.h.say(&message{Door: s.door, Thread: s.thread, Seq: seq, Text: fmt.Sprintf("%s #%d", s.thread, seq)})
		id := fmt.Sprintf("%s-%d", s.thread, seq)
		for live.Err() == nil {
			if s.once(live, s.hubs[rand.IntN(len(s.hubs))], m, id, 15*time.Second) == nil {
				break
			}
			s.h.count(&s.h.refused)
			_ = pause(live, 100*time.Millisecond+rand.N(200*time.Millisecond))
		}
		if rand.IntN(10) == 0 { // a gateway that did not hear us, and delivers again
			_ = s.once(live, s.hubs[rand.IntN(len(s.hubs))], m, id, 15*time.Second)
		}
	}
}

// once delivers to one hub; nil: acknowledged.
func (s *smsSender) once(ctx context.Context, to *hub, m *message, id string, most time.Duration) error {
	body, _ := json.Marshal(map[string]any{"messages": []any{map[string]any{
		"id": id, "from": m.Thread, "to": smstest.ShortCode, "text": m.Text, "at": m.Sent.UTC().Format(time.RFC3339Nano),
	}}})
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.url()+"/hooks/"+s.account+"/", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Tamas-Signature", smstest.SignJSON(time.Now(), body))
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	if resp.StatusCode/100 != 2 {
		return &apiError{Status: resp.StatusCode}
	}
	s.h.acked(m, to.name)
	return nil
}

// telegramUsers write to the bot. Telegram holds what the hub has not confirmed, so what it does not hold any more is acknowledged.
type telegramUsers struct {
	srv *telegramtest.Server
	h   *history
	mu  sync.Mutex
	all []*message // in the order of updates
}

func (t *telegramUsers) run(write context.Context, every time.Duration) {
	seq := map[int]int{}
	for i := 0; pause(write, every/2+rand.N(every)) == nil; i++ {
		user := i % telegramThreads
		seq[user]++
		t.say(user, seq[user])
		t.settle()
	}
}

func (t *telegramUsers) say(user, seq int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	id := int64(5_000_000 + user)
	m := t.h.say(&message{Door: doorTelegram, Thread: fmt.Sprint(id), Seq: seq, Text: fmt.Sprintf("telegram %d #%d", id, seq)})
	t.all = append(t.all, m)
	t.srv.Say(telegramtest.User{ID: id, FirstName: fmt.Sprintf("Customer %d", user)}, m.Text)
}

// settle notes what has been confirmed, and returns what has not.
func (t *telegramUsers) settle() (pending int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	pending = t.srv.Pending()
	for _, m := range t.all[:len(t.all)-pending] {
		t.h.acked(m, "the poller")
	}
	return pending
}
