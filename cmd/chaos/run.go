package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"

	"tamas/inbox/record"
)

// run is one run from building to judging.
type run struct {
	options
	kinds []faultKind
	dir   string
	out   io.Writer
	begun time.Time

	c *cluster
	f *firm
	l *load
	h *history

	recovered  map[string][]time.Duration // fault → times, sorted
	violations []violation
	probes     int

	cursor                                              record.ID
	events, conversations, inbound, outbound, uncertain int
}

// Bounds of what comes after the faults.
const (
	recoverMost = 20 * time.Second // after each fault
	restMost    = 30 * time.Second
	settleMost  = 40 * time.Second
	windowsMost = 10 * time.Second
)

// all runs everything. Its error says that nothing could be told; what was found is in violations.
func (r *run) all(ctx context.Context) (err error) {
	r.begun, r.recovered = time.Now(), map[string][]time.Duration{}
	r.note("seed %d: building the hub", r.seed)
	binary, err := build(ctx, r.dir, r.plant)
	if err != nil {
		return err
	}
	r.note("starting Redis, its replica, PostgreSQL and %d hubs", r.hubs)
	r.c, err = newCluster(ctx, r.dir, binary, r.hubs)
	defer r.c.close()
	if err != nil {
		return err
	}
	if r.f, err = found(ctx, r.c, r.h, r.agents); err != nil {
		return err
	}
	r.note("load begins: %d customers' messages a second", r.rate)
	r.l = startLoad(ctx, r.c, r.f, r.h, r.rate)
	defer r.l.stop()
	if pause(ctx, 2*time.Second) != nil {
		return ctx.Err()
	}
	if err := r.hurt(ctx); err != nil {
		return err
	}
	if err := r.settle(ctx); err != nil {
		return err
	}
	r.summary()
	return nil
}

// hurt brings the faults, one after another in seeded order, until the time is over; each kind comes once before any comes
// again.
func (r *run) hurt(ctx context.Context) error {
	x := &chaos{cluster: r.c, rng: rand.New(rand.NewPCG(r.seed, 0x7a3a5))}
	end := time.Now().Add(r.time)
	var deck []faultKind
	for time.Now().Before(end) {
		if len(deck) == 0 {
			deck = slices.Clone(r.kinds)
			x.rng.Shuffle(len(deck), func(i, j int) { deck[i], deck[j] = deck[j], deck[i] })
		}
		k := deck[0]
		deck = deck[1:]
		at := time.Now()
		what, err := k.do(ctx, x)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("%s: %w", k.name, err)
		}
		healed := time.Now()
		hub, err := r.serving(ctx, recoverMost)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		took := time.Since(healed)
		r.recovered[k.name] = append(r.recovered[k.name], took)
		slices.Sort(r.recovered[k.name])
		if err != nil {
			r.note("%-14s %-40s lasted %v; NOT recovered: %v", k.name, what, healed.Sub(at).Round(10*time.Millisecond), err)
			r.violations = append(r.violations, violation{"law 8", "the inbox did not come back by itself after " + k.name, []string{err.Error()}})
		} else {
			r.note("%-14s %-40s lasted %v, recovered after %v (%s last)", k.name, what,
				healed.Sub(at).Round(10*time.Millisecond), took.Round(10*time.Millisecond), hub)
		}
		if err := r.c.replicate(ctx); err != nil {
			return err
		}
		r.l.telegram.settle()
		if pause(ctx, x.between(200*time.Millisecond, time.Second)) != nil {
			return ctx.Err()
		}
	}
	return nil
}

// serving returns when each hub has acknowledged a new message, and which did last. Every hub is asked several times at once:
// a call that hangs says nothing about the next one.
func (r *run) serving(ctx context.Context, most time.Duration) (last string, err error) {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	done := make(chan string, 1000)
	probe := &smsSender{hubs: r.c.hubs, account: r.f.accounts[doorProbe], door: doorProbe, h: r.h}
	try := func(h *hub, n int) {
		m := r.h.say(&message{Door: doorProbe, Thread: phone(probeThreads + n%10), Text: fmt.Sprintf("probe %d", n)})
		if probe.once(ctx, h, m, fmt.Sprintf("probe-%d", n), most) == nil {
			done <- h.name
		}
	}
	waiting := map[string]*hub{}
	for _, h := range r.c.hubs {
		waiting[h.name] = h
	}
	tick := time.NewTicker(150 * time.Millisecond)
	defer tick.Stop()
	for {
		for _, name := range sortedKeys(waiting) {
			r.probes++
			go try(waiting[name], r.probes)
		}
		select {
		case name := <-done:
			delete(waiting, name)
			if len(waiting) == 0 {
				return name, nil
			}
		case <-tick.C:
		case <-ctx.Done():
			return "", fmt.Errorf("%v took no message within %v", sortedKeys(waiting), most)
		}
	}
}

// settle heals everything, lets all come to rest, and judges.
func (r *run) settle(ctx context.Context) error {
	r.note("healing")
	if err := r.c.heal(ctx); err != nil {
		return err
	}
	if _, err := r.serving(ctx, recoverMost); err != nil {
		r.violations = append(r.violations, violation{"law 8", "in the end hubs do not serve", []string{err.Error()}})
	}
	if err := r.serves(ctx); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		r.violations = append(r.violations, violation{"law 8", "in the end the inbox does not serve", []string{err.Error()}})
	}
	r.note("the load ends")
	if err := r.l.rest(ctx, restMost); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		r.violations = append(r.violations, violation{"law 8", "in the end clients are left waiting", []string{err.Error()}})
	}
	var c *contents
	var quiet error
	for try := 0; ; try++ {
		quiet = r.quiet(ctx)
		r.note("judging")
		var err error
		if c, err = readContents(ctx, r.c.db); err != nil {
			return fmt.Errorf("read the record: %w", err)
		}
		// Who waits in line is told their place now and then, also while the record is read.
		if at, err := readCursor(ctx, r.c.db); err != nil || at == c.cursor || try == 3 {
			break
		}
	}
	if quiet != nil {
		r.note("%v", quiet)
	}
	if pending := r.l.telegram.settle(); pending > 0 {
		r.violations = append(r.violations, violation{"law 13", "messages are left at Telegram", []string{fmt.Sprint(pending)}})
	}
	for _, a := range r.f.agents {
		desk, at := a.state()
		r.h.mu.Lock()
		r.h.desks[a.name] = desk
		r.h.mu.Unlock()
		if at != c.cursor {
			r.violations = append(r.violations, violation{"law 11", "an agent's app is not at the record's last event", []string{
				fmt.Sprintf("%s at %s, the record at %s", a.name, at, c.cursor)}})
		}
	}
	r.violations = append(r.violations, check(r.h, c, r.f.doors, r.f.capacity)...)
	flaws, err := contradictions(ctx, r.c.sql.URL)
	if err != nil {
		return fmt.Errorf("check the record: %w", err)
	}
	r.violations = append(r.violations, flaws...)
	r.count(c)
	if r.keep || len(r.violations) > 0 {
		return errors.Join(writeLines(filepath.Join(r.dir, "events.jsonl"), c.events), writeLines(filepath.Join(r.dir, "touches.jsonl"), c.touches),
			writeLines(filepath.Join(r.dir, "deliveries.jsonl"), r.h.deliveries))
	}
	return nil
}

// writeLines keeps evidence: one JSON object a line.
func writeLines[T any](name string, list []T) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	enc := json.NewEncoder(w)
	for i := range list {
		err = errors.Join(err, enc.Encode(&list[i]))
	}
	return errors.Join(err, w.Flush(), f.Close())
}

// quiet returns when the record has stopped growing, everything is sent, and clients have caught up; or, with what is still
// amiss, after a while.
func (r *run) quiet(ctx context.Context) error {
	rdb := r.c.redisOf(r.c.live)
	defer rdb.Close()
	var last record.ID
	since := time.Now()
	deadline := time.Now().Add(settleMost)
	for {
		r.l.telegram.settle()
		at, err := readCursor(ctx, r.c.db)
		if err != nil {
			return err
		}
		if at != last {
			last, since = at, time.Now()
		}
		n, _ := rdb.Get(ctx, "{tamas}:n").Uint64()
		var unsent int
		if err := r.c.db.QueryRowContext(ctx, "SELECT count(*) FROM touches WHERE state IN ('queued', 'sending')").Scan(&unsent); err != nil {
			return err
		}
		behind := ""
		for _, a := range r.f.agents {
			if _, pos := a.state(); pos != at {
				behind = a.name
			}
		}
		still := time.Since(since)
		if still > 1500*time.Millisecond && n == at.N && unsent == 0 && behind == "" && (r.windows(ctx) || still > windowsMost) {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("not quiet after %v: record at %s since %v, log at %d, %d messages unsent, behind: %q", settleMost, at,
				still.Round(time.Millisecond), n, unsent, behind)
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
}

// windows tells whether every visitor has seen as many messages as the record holds.
func (r *run) windows(ctx context.Context) bool {
	want := map[string]int{}
	rows, err := r.c.db.QueryContext(ctx, "SELECT i.address, count(*) FROM touches t JOIN identities i ON i.id = t.identity WHERE t.account = $1 AND t.kind = 'message' GROUP BY 1",
		r.f.accounts[doorChat])
	if err != nil {
		return false
	}
	defer rows.Close()
	for rows.Next() {
		var visitor string
		var n int
		if rows.Scan(&visitor, &n) != nil {
			return false
		}
		want[visitor] = n
	}
	r.h.mu.Lock()
	defer r.h.mu.Unlock()
	for visitor, n := range want {
		if len(r.h.visitors[visitor]) < n {
			return false
		}
	}
	return rows.Err() == nil
}

// serves walks through the inbox once with everything healed: a message comes in, somebody takes it and answers, and the
// customer gets the answer.
func (r *run) serves(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, recoverMost)
	defer cancel()
	admin := newAPI(r.c.hubs, nil)
	if err := admin.signIn(ctx, r.c.adminEmail, r.c.adminPassword); err != nil {
		return err
	}
	s := &smsSender{hubs: r.c.hubs, account: r.f.accounts[doorProbe], door: doorProbe, h: r.h}
	m := r.h.say(&message{Door: doorProbe, Thread: phone(probeThreads + 99), Text: "does it serve?"})
	for s.once(ctx, r.c.hubs[0], m, "serves", 5*time.Second) != nil {
		if pause(ctx, 100*time.Millisecond) != nil {
			return errors.New("a new message was not acknowledged")
		}
	}
	var page struct{ Items []record.Conversation }
	if err := admin.call(ctx, "GET", "/conversations?list=all&status=open&limit=1&account="+s.account, "", nil, &page); err != nil {
		return fmt.Errorf("list the new conversation: %w", err)
	}
	if len(page.Items) != 1 || page.Items[0].Thread != m.Thread {
		return errors.New("the acknowledged message's conversation is not in the list")
	}
	a := r.h.wrote(&reply{Agent: "admin", Conversation: page.Items[0].ID, Key: "serves", Text: "it serves"})
	var done struct {
		Event record.ID `json:"event_id"`
	}
	if err := admin.call(ctx, "POST", "/conversations/"+a.Conversation+"/reply", a.Key, map[string]string{"text": a.Text}, &done); err != nil {
		return fmt.Errorf("reply: %w", err)
	}
	r.h.replied(a, done.Event, "")
	for {
		for _, sent := range r.c.sms.Sent() {
			if sent.Text == a.Text {
				return nil
			}
		}
		if pause(ctx, 50*time.Millisecond) != nil {
			return errors.New("the reply did not reach the customer")
		}
	}
}

// count is for the summary.
func (r *run) count(c *contents) {
	r.cursor, r.events, r.conversations = c.cursor, len(c.events), len(c.conversations)
	for i := range c.touches {
		switch t := &c.touches[i]; {
		case t.Inbound:
			r.inbound++
		default:
			r.outbound++
			if t.State == record.StateUncertain {
				r.uncertain++
			}
		}
	}
}
