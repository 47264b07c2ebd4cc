package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"regexp"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	benchVisitors = 256 // open web chats of a load
	benchWatchers = 10  // agents' sockets that latency is measured on
)

// smsCallers dials callers for a gateway's webhook and makes the conversations, so that a load is of messages in
// conversations that there are.
func (b *bencher) smsCallers(ctx context.Context, n int) (door, []*caller, error) {
	d, err := b.hub.smsDoor(ctx)
	if err != nil {
		return d, nil, err
	}
	callers, err := b.dial(n)
	if err != nil {
		return d, nil, err
	}
	return d, callers, fill(d, callers, b.threads, phone)
}

// fill makes so many conversations, in as few posts as there may be.
func fill(d door, callers []*caller, conversations int, of func(n int) string) error {
	var g errgroup.Group
	var next atomic.Int64
	const most = 50
	for _, c := range callers[:min(len(callers), 16)] {
		g.Go(func() error {
			for {
				at := int(next.Add(most)) - most
				n := min(most, conversations-at)
				if n <= 0 {
					return nil
				}
				first := int(numbers.Add(int64(n))) - n + 1
				if err := c.sms(d, smsBody(first, n, func(m int) string { return of(at + m - first) })); err != nil {
					return err
				}
			}
		})
	}
	return g.Wait()
}

// phoneOf spreads message numbers over the conversations.
func (b *bencher) phoneOf(n int) string { return phone(n % b.threads) }

func (b *bencher) dial(n int) ([]*caller, error) {
	list := make([]*caller, n)
	for i := range list {
		var err error
		if list[i], err = dialCaller(b.hub.addr); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func hangUp(callers []*caller) {
	for _, c := range callers {
		c.close()
	}
}

// chatVisitors opens web chats.
func (b *bencher) chatVisitors(ctx context.Context, n int) (d door, tokens []string, visitors []*visitor, err error) {
	if d, err = b.hub.chatDoor(ctx); err != nil {
		return d, nil, nil, err
	}
	c, err := dialCaller(b.hub.addr)
	if err != nil {
		return d, nil, nil, err
	}
	defer c.close()
	for range n {
		token, err := c.session(d)
		if err != nil {
			return d, nil, nil, err
		}
		v, err := openVisitor(ctx, d, token)
		if err != nil {
			return d, nil, nil, err
		}
		tokens, visitors = append(tokens, token), append(visitors, v)
	}
	return d, tokens, visitors, nil
}

func leave(visitors []*visitor) {
	for _, v := range visitors {
		v.conn.Close()
	}
}

// warmUp lets connections, stacks and the databases' caches come to their size.
func (b *bencher) warmUp() time.Duration { return min(b.time/4, 2*time.Second) }

func (b *bencher) measureAck(ctx context.Context) error {
	d, callers, err := b.smsCallers(ctx, b.callers)
	if err != nil {
		return err
	}
	defer hangUp(callers)
	aim := 6000.0
	if b.url == "" && b.Redis == "" {
		aim = 2500
	}
	load := func(name, label string, n int, call func(i int) error) error {
		if _, _, err := closedLoop(ctx, n, b.warmUp(), call); err != nil {
			return err
		}
		before, err := b.hub.usage(ctx)
		if err != nil {
			return err
		}
		perSecond, times, err := closedLoop(ctx, n, b.time, call)
		if err != nil {
			return err
		}
		after, err := b.hub.usage(ctx)
		if err != nil {
			return err
		}
		done := max(1, perSecond*b.time.Seconds())
		b.report.add(figure{Name: "ack." + name, Label: label + " acknowledged", Value: perSecond, Unit: "/s", Aim: aim,
			Note: fmt.Sprintf("%d callers, %.0f events a transaction", n, (after.events-before.events)/max(1, after.batches-before.batches)), Spread: &times})
		cpu := figure{Name: "cpu." + name, Label: "  hub's CPU for each", Value: (after.cpu - before.cpu) / done * 1e6, Unit: "µs", Less: true,
			Note: fmt.Sprintf("and the bench's %s", number((after.own-before.own)/done*1e6))}
		if b.hub.redis != nil {
			cpu.Note += fmt.Sprintf(", Redis's %s", number((after.redisCPU-before.redisCPU)/done*1e6))
		}
		b.report.add(cpu)
		return nil
	}
	if err := load("sms", "SMS webhooks", len(callers), func(i int) error {
		return callers[i].sms(d, smsBody(nextNumber(), 1, func(int) string { return phone(rand.IntN(b.threads)) }))
	}); err != nil {
		return err
	}
	chat, tokens, visitors, err := b.chatVisitors(ctx, min(b.callers, benchVisitors))
	if err != nil {
		return err
	}
	defer leave(visitors)
	if err := load("chat", "visitors' sockets", len(visitors), func(i int) error {
		n := nextNumber()
		if err := visitors[i].send(n); err != nil {
			return err
		}
		_, err := visitors[i].acked()
		return err
	}); err != nil {
		return err
	}
	return load("chat_http", "visitors' posts", len(visitors), func(i int) error { return callers[i].chat(chat, tokens[i], nextNumber()) })
}

func (b *bencher) measureLatency(ctx context.Context) error {
	d, callers, err := b.smsCallers(ctx, min(b.callers, 128))
	if err != nil {
		return err
	}
	defer hangUp(callers)
	_, _, visitors, err := b.chatVisitors(ctx, min(b.callers, benchVisitors))
	if err != nil {
		return err
	}
	defer leave(visitors)
	var run atomic.Pointer[openLoop]
	var failed atomic.Pointer[error]
	for _, v := range visitors {
		go func() {
			for {
				n, err := v.acked()
				if err != nil {
					failed.CompareAndSwap(nil, &err)
					return
				}
				if l := run.Load(); l != nil {
					l.ack(n)
				}
			}
		}()
	}
	jobs := make(chan int, 100_000)
	defer close(jobs)
	for _, c := range callers {
		go func() {
			for n := range jobs {
				if err := c.sms(d, smsBody(n, 1, b.phoneOf)); err != nil {
					failed.CompareAndSwap(nil, &err)
					return
				}
				run.Load().ack(n)
			}
		}()
	}
	var mu sync.Mutex
	var shown []time.Duration
	watchers, err := b.watchers(ctx, benchWatchers)
	if err != nil {
		return err
	}
	defer hangUpOn(watchers)
	for _, w := range watchers {
		go w.follow(func(n int) {
			if l := run.Load(); l != nil {
				if d, ok := l.since(n, time.Now()); ok {
					mu.Lock()
					shown = append(shown, d)
					mu.Unlock()
				}
			}
		})
	}
	send := func(n int) error {
		if err := failed.Load(); err != nil {
			return *err
		}
		if n%2 == 0 {
			return visitors[n/2%len(visitors)].send(n)
		}
		select {
		case jobs <- n:
			return nil
		default:
			return errors.New("the hub is so far behind that the bench gives up")
		}
	}
	pass := func(rate int, d time.Duration) (*openLoop, error) {
		l := newOpenLoop(rate, d)
		run.Store(l)
		return l, l.run(ctx, send)
	}
	for _, rate := range b.rates {
		if _, err := pass(rate, b.warmUp()); err != nil {
			return err
		}
		mu.Lock()
		shown = shown[:0]
		mu.Unlock()
		l, err := pass(rate, b.time)
		if err != nil {
			return err
		}
		want := benchWatchers * len(l.acked)
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
			mu.Lock()
			n := len(shown)
			mu.Unlock()
			if n >= want {
				break
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("agents' sockets showed %d of %d messages", n, want)
			}
		}
		acks, seen := l.acks(), spreadOf(shown)
		note := "half SMS, half visitors' sockets"
		if l.latest > 2*time.Millisecond {
			note += fmt.Sprintf("; the bench itself was up to %.0f ms late", l.latest.Seconds()*1000)
		}
		agents := figure{Name: fmt.Sprintf("agent.%d", rate), Label: fmt.Sprintf("customer → agent's socket p99 at %d/s", rate), Value: seen.P99, Unit: "ms", Less: true, Spread: &seen, Note: note}
		if rate == 3000 && (b.url != "" || b.Redis != "") {
			agents.Aim = 5
		}
		b.report.add(agents)
		b.report.add(figure{Name: fmt.Sprintf("acked.%d", rate), Label: fmt.Sprintf("customer → acknowledged p99 at %d/s", rate), Value: acks.P99, Unit: "ms", Less: true, Spread: &acks})
	}
	return nil
}

// watchers opens agents' sockets.
func (b *bencher) watchers(ctx context.Context, n int) ([]*watcher, error) {
	list := make([]*watcher, n)
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(32)
	for i := range list {
		g.Go(func() (err error) {
			list[i], err = b.hub.watch(gctx)
			return err
		})
	}
	return list, g.Wait()
}

func hangUpOn(watchers []*watcher) {
	for _, w := range watchers {
		w.conn.Close()
	}
}

// measureFanOut posts bursts of ten messages while many agents listen. Every socket is sent the same bytes, so one that is
// read with care tells what the bytes of the others were.
func (b *bencher) measureFanOut(ctx context.Context) error {
	d, callers, err := b.smsCallers(ctx, 4)
	if err != nil {
		return err
	}
	defer hangUp(callers)
	agents := min(b.agents, freeFiles()-200)
	watchers, err := b.watchers(ctx, agents)
	if err != nil {
		return err
	}
	defer hangUpOn(watchers)
	var events atomic.Int64
	go watchers[0].follow(func(int) { events.Add(1) })
	for _, w := range watchers[1:] {
		go w.drain()
	}
	var last int64 // all that was sent before has come
	for quiet := 0; quiet < 20; quiet++ {
		time.Sleep(10 * time.Millisecond)
		if n := watchers[0].read.Load(); n != last {
			last, quiet = n, 0
		}
	}
	begin := make([]int64, len(watchers))
	for i, w := range watchers {
		begin[i] = w.read.Load()
	}
	slowest := func() int64 {
		least := watchers[0].read.Load() - begin[0]
		for i, w := range watchers {
			least = min(least, w.read.Load()-begin[i])
		}
		return least
	}
	before, err := b.hub.usage(ctx)
	if err != nil {
		return err
	}
	first := events.Load()
	begun := time.Now()
	var sent atomic.Int64
	_, _, err = closedLoop(ctx, len(callers), b.time, func(i int) error {
		const burst = 10
		if err := callers[i].sms(d, smsBody(int(numbers.Add(burst))-burst+1, burst, b.phoneOf)); err != nil {
			return err
		}
		sent.Add(burst)
		for ctx.Err() == nil && watchers[0].read.Load()-begin[0]-slowest() > 512<<10 { // as far as sockets may lag; else the hub cuts them off
			time.Sleep(200 * time.Microsecond)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for deadline := time.Now().Add(20 * time.Second); events.Load()-first < sent.Load() || slowest() < watchers[0].read.Load()-begin[0]; time.Sleep(200 * time.Microsecond) {
		if time.Now().After(deadline) {
			return fmt.Errorf("%d agents' sockets do not get all: the first %d of %d events, the slowest %d of %d bytes",
				agents, events.Load()-first, sent.Load(), slowest(), watchers[0].read.Load()-begin[0])
		}
	}
	took := time.Since(begun)
	after, err := b.hub.usage(ctx)
	if err != nil {
		return err
	}
	n := float64(sent.Load())
	b.report.add(figure{Name: "fanout", Label: fmt.Sprintf("fan-out to %d agents", agents), Value: n * float64(agents) / took.Seconds(), Unit: "deliveries/s", Aim: 1.5e6,
		Note: fmt.Sprintf("%.0f events/s of %.0f bytes; a delivery costs the hub %.2f µs and the bench %.2f µs", n/took.Seconds(),
			float64(watchers[0].read.Load()-begin[0])/n, (after.cpu-before.cpu)/(n*float64(agents))*1e6, (after.own-before.own)/(n*float64(agents))*1e6)})
	return nil
}

// freeFiles is how many more files this process may open.
func freeFiles() int {
	var l syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l) != nil {
		return 1000
	}
	return int(min(l.Cur, 1<<20)) - 64
}

// loads are what a page's HTML makes a browser fetch before it shows something.
var loads = regexp.MustCompile(`<(?:script|link)\b[^>]*?(?:src|href)="(/[^"]+\.(?:js|css))"`)

// measureApp fetches the app's page and what it names, as a browser does that takes gzip.
func (b *bencher) measureApp(ctx context.Context) error {
	size, files := 0, 0
	fetch := func(path string) ([]byte, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.hub.base+path, nil)
		if err != nil {
			return nil, err
		}
		req.Header.Set("Accept-Encoding", "gzip")
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("%s: %s", path, resp.Status)
		}
		body, err := io.ReadAll(resp.Body)
		size, files = size+len(body), files+1
		if err == nil && resp.Header.Get("Content-Encoding") == "gzip" {
			z, err := gzip.NewReader(bytes.NewReader(body))
			if err != nil {
				return nil, err
			}
			return io.ReadAll(z)
		}
		return body, err
	}
	page, err := fetch("/")
	if err != nil {
		return err
	}
	for _, m := range loads.FindAllSubmatch(page, -1) {
		if _, err := fetch(string(m[1])); err != nil {
			return err
		}
	}
	b.report.add(figure{Name: "app", Label: "agents' app, first load, gzip", Value: float64(size) / 1024, Unit: "KB", Aim: 250, Less: true,
		Note: fmt.Sprintf("%d files that the page names", files)})
	return nil
}
