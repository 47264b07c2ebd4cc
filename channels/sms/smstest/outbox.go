package smstest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"tamas/internal/ports"
)

// Message is one that the double accepted for a customer.
type Message struct {
	ID, From, To, Text string
	StatusCallback     string // Twilio
	At                 time.Time
}

// Fault is what happens to a send instead of success.
type Fault struct {
	Status     int    // of the HTTP answer; with Cut it does not count
	Code       int    // Twilio's
	Text       string // the message of the error
	RetryAfter int    // seconds
	Cut        bool   // accepted, but the connection is cut before the answer
	Body       string // answered as it is, as a proxy in between would
}

// provider is what both doubles share: the network side, the customers' messages on their way to the webhook, and
// what was sent.
type provider struct {
	quit   chan struct{}
	wg     sync.WaitGroup
	closed bool // under mu

	mu       sync.Mutex
	addr     string
	handler  http.Handler
	http     *http.Server
	wake     chan struct{}
	hook     string
	queue    []*delivery
	last     *delivery
	every    time.Duration
	giveUp   int
	sent     []Message
	known    map[string]bool // ids of sent
	faults   []Fault
	onSend   func(Message) *Fault
	onAccept func(Message)
	n        int
}

// delivery is one call of the webhook that is still to succeed.
type delivery struct {
	thread  string
	request func(url string) (*http.Request, error)
	busy    bool
	due     time.Time
	tries   int
}

func (p *provider) start(addr string, h http.Handler) error {
	p.quit, p.wake, p.handler, p.every = make(chan struct{}), make(chan struct{}), h, time.Second
	p.known = map[string]bool{}
	if err := p.listen(addr); err != nil {
		return err
	}
	p.wg.Add(1)
	go p.deliver()
	return nil
}

func (p *provider) listen(addr string) error {
	l, err := ports.Listen(addr)
	if err != nil {
		return fmt.Errorf("smstest: %w", err)
	}
	srv := &http.Server{Handler: p.handler, ReadHeaderTimeout: 10 * time.Second}
	p.mu.Lock()
	p.addr, p.http = l.Addr().String(), srv
	p.touch()
	p.mu.Unlock()
	p.wg.Add(1)
	go func() {
		defer p.wg.Done()
		_ = srv.Serve(l)
	}()
	return nil
}

// touch wakes the delivery loop. p.mu is held.
func (p *provider) touch() {
	close(p.wake)
	p.wake = make(chan struct{})
}

// URL is the double's address.
func (p *provider) URL() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return "http://" + p.addr
}

// Stop takes the double off the network; webhooks rest too. What it holds stays.
func (p *provider) Stop() {
	p.mu.Lock()
	srv := p.http
	p.http = nil
	p.mu.Unlock()
	if srv != nil {
		_ = srv.Close()
	}
}

// Restart brings a stopped double back at its address.
func (p *provider) Restart() error {
	p.mu.Lock()
	addr := p.addr
	p.mu.Unlock()
	return p.listen(addr)
}

// enter counts a request in; false: Close has been called, and its wait may have begun.
func (p *provider) enter() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.wg.Add(1)
	}
	return !p.closed
}

// Close ends everything and waits for it.
func (p *provider) Close() {
	p.Stop()
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	close(p.quit)
	p.wg.Wait()
}

// SetWebhook says where the customers' messages go: the account's hook, ending in "/". "" keeps them.
func (p *provider) SetWebhook(url string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hook = url
	p.touch()
}

// RetryEvery sets the pause before a refused delivery comes again; 1 s unless set.
func (p *provider) RetryEvery(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.every = d
}

// Pending counts the deliveries that were not taken yet.
func (p *provider) Pending() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.queue)
}

// Redeliver makes the delivery that was taken last come once more.
func (p *provider) Redeliver() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if d := p.last; d != nil {
		p.queue = append([]*delivery{{thread: d.thread, request: d.request}}, p.queue...)
		p.touch()
	}
}

// Sent lists what was accepted for customers, in order.
func (p *provider) Sent() []Message {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Message(nil), p.sent...)
}

// FailNext meets the next sends with the faults, one each.
func (p *provider) FailNext(f ...Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = append(p.faults, f...)
}

// OnSend sets a function that may refuse a message before it is accepted; nil lets it pass.
func (p *provider) OnSend(f func(Message) *Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.onSend = f
}

// OnAccept sets a function that is called after a message was accepted and before it is answered.
func (p *provider) OnAccept(f func(Message)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.onAccept = f
}

// accept decides a send. It returns the fault to answer with; a message that is accepted with its reply to be
// cut never returns.
func (p *provider) accept(m Message) *Fault {
	p.mu.Lock()
	var f *Fault
	if len(p.faults) > 0 {
		f = &p.faults[0]
		p.faults = p.faults[1:]
	}
	onSend, onAccept := p.onSend, p.onAccept
	p.mu.Unlock()
	if f == nil && onSend != nil {
		f = onSend(m)
	}
	if f != nil && !f.Cut {
		return f
	}
	p.mu.Lock()
	p.sent = append(p.sent, m)
	p.known[m.ID] = true
	p.mu.Unlock()
	if onAccept != nil {
		onAccept(m)
	}
	if f != nil {
		panic(http.ErrAbortHandler)
	}
	return nil
}

// enqueue adds a delivery. p.mu is held.
func (p *provider) enqueue(d *delivery) {
	p.queue = append(p.queue, d)
	p.touch()
}

// deliver calls the webhook, one delivery at a time for each thread, until the double closes.
func (p *provider) deliver() {
	defer p.wg.Done()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		<-p.quit
		cancel()
	}()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}, Timeout: 15 * time.Second}
	defer client.CloseIdleConnections()
	for {
		p.mu.Lock()
		wake := p.wake
		var next time.Duration
		if p.hook != "" && p.http != nil {
			next = p.hand(ctx, client)
		}
		p.mu.Unlock()
		var due <-chan time.Time
		if next > 0 {
			due = time.After(next)
		}
		select {
		case <-wake:
		case <-due:
		case <-p.quit:
			return
		}
	}
}

// hand starts what is due and returns how long until the next is; 0 when nothing waits. p.mu is held.
func (p *provider) hand(ctx context.Context, client *http.Client) (next time.Duration) {
	seen, busy := map[string]bool{}, 0
	for _, d := range p.queue {
		if d.busy {
			seen[d.thread] = true
			busy++
		}
	}
	now := time.Now()
	for _, d := range p.queue {
		if seen[d.thread] || busy >= 100 {
			continue
		}
		seen[d.thread] = true
		if wait := d.due.Sub(now); wait > 0 {
			if next == 0 || wait < next {
				next = wait
			}
			continue
		}
		d.busy = true
		busy++
		p.wg.Add(1)
		go p.call(ctx, client, d, p.hook)
	}
	return next
}

func (p *provider) call(ctx context.Context, client *http.Client, d *delivery, url string) {
	defer p.wg.Done()
	taken := false
	if req, err := d.request(url); err == nil {
		if resp, err := client.Do(req.WithContext(ctx)); err == nil {
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
			taken = resp.StatusCode/100 == 2
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	d.busy = false
	d.tries++
	if taken {
		p.last = d
	}
	if taken || (p.giveUp > 0 && d.tries >= p.giveUp) {
		for i, q := range p.queue {
			if q == d {
				p.queue = append(p.queue[:i:i], p.queue[i+1:]...)
				break
			}
		}
	} else {
		d.due = time.Now().Add(p.every)
	}
	p.touch()
}
