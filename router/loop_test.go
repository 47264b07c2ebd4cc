package router

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tamas/channels"
	"tamas/inbox"
	"tamas/inbox/record"
	"tamas/internal/testenv"
)

// house is an installation with one channel and one queue, and a node of it.
type house struct {
	*testing.T
	redis string // "": in-process
	disk  string // the record's address
	hub   *inbox.Hub
	stop  func()
	cut   func() // the node's line to Redis: to the others it is as good as dead
	db    *record.DB
	queue record.Queue
	desk  atomic.Pointer[channels.Desk]
	said  int
}

// mouth is a channel whose customers speak through its desk.
type mouth struct{ c channels.Config }

func (m mouth) Run(ctx context.Context) error {
	m.c.Desk.Health(channels.Health{State: "connected"})
	<-ctx.Done()
	return ctx.Err()
}
func (mouth) Check(context.Context) error { return nil }
func (mouth) Send(context.Context, channels.Outbound) (channels.Receipt, error) {
	return channels.Receipt{}, nil
}

// open starts a hub on in-process Redis and SQLite that runs lead beside its recorder.
func open(t *testing.T, mode string, offerSeconds int, lead ...func(context.Context, *inbox.Hub) error) *house {
	t.Helper()
	h := build(t, "", installed.SQLite(t, filepath.Join(t.TempDir(), "tamas.db")), mode, offerSeconds)
	h.node(lead...)
	return h
}

// installed is the record of an installation that nobody has used yet.
var installed = testenv.NewTemplate(func(address string) error {
	db, err := record.Open(context.Background(), address)
	if err != nil {
		return err
	}
	return db.Close()
})

// build makes an installation that nobody runs yet.
func build(t *testing.T, redis, disk, mode string, offerSeconds int) *house {
	t.Helper()
	h := &house{T: t, redis: redis, disk: disk}
	var err error
	if h.db, err = record.Open(t.Context(), disk); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.db.Close() })
	q := record.Queue{ID: "q", Name: "General", Mode: mode, OfferSeconds: offerSeconds, Members: []string{}}
	h.queue, err = h.db.AddQueue(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	account := record.Account{ID: "acct", Kind: "mouth", Name: "Mouth", Queue: "q", ReopenHours: 24, Enabled: true,
		Settings: []byte(`{}`)}
	if _, err = h.db.AddAccount(t.Context(), account); err != nil {
		t.Fatal(err)
	}
	return h
}

// node starts a hub that runs lead beside its recorder; from now on the house speaks through it. stop ends it gracefully.
func (h *house) node(lead ...func(context.Context, *inbox.Hub) error) (hub *inbox.Hub, stop func()) {
	h.Helper()
	rdb, err := inbox.OpenRedis(h.Context(), h.redis)
	if err != nil {
		h.Fatal(err)
	}
	db, err := record.Open(h.Context(), h.disk)
	if err != nil {
		h.Fatal(err)
	}
	kind := channels.Kind{Name: "mouth", Weight: 1, Open: func(c channels.Config) (channels.Adapter, error) {
		h.desk.Store(&c.Desk)
		return mouth{c}, nil
	}}
	log := quiet()
	if os.Getenv("TAMAS_TEST_LOG") != "" {
		log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	hub, err = inbox.New(inbox.Options{Redis: rdb, DB: db, Key: make([]byte, 32), Kinds: []channels.Kind{kind}, Lead: lead, Log: log})
	if err != nil {
		h.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- hub.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			h.Errorf("hub: %v", err)
		}
		rdb.Close()
		db.Close()
	})
	h.Cleanup(stop)
	ready, end := context.WithTimeout(h.Context(), 60*time.Second)
	defer end()
	if err := hub.WaitReady(ready); err != nil {
		h.Fatal(err)
	}
	h.hub, h.stop, h.cut = hub, stop, func() { rdb.Close() }
	h.until("the account is open", func() bool { return h.desk.Load() != nil })
	return hub, stop
}

func (h *house) until(what string, f func() bool) {
	h.Helper()
	for deadline := time.Now().Add(60 * time.Second); !f(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			convs, agents := h.hub.Live()
			h.Fatalf("never: %s\n%+v\n%+v", what, convs, agents)
		}
	}
}

// hire adds agents to the queue, with a socket each.
func (h *house) hire(capacity int, ids ...string) {
	h.Helper()
	for _, id := range ids {
		u := record.User{ID: id, Email: id + "@example.com", Name: id, Role: record.RoleAgent, Locale: "en", Capacity: capacity}
		if _, err := h.db.AddUser(h.Context(), u, ""); err != nil {
			h.Fatal(err)
		}
		h.queue.Members = append(h.queue.Members, id)
	}
	var err error
	if h.queue, err = h.db.EditQueue(h.Context(), h.queue); err != nil {
		h.Fatal(err)
	}
	if err := h.hub.SettingsChanged(h.Context(), "queues"); err != nil {
		h.Fatal(err)
	}
	for _, id := range ids {
		// A reading that began before the change may come to its end after ours; the next one puts it right.
		h.until("the agent is known", func() bool { _, ok := h.hub.Settings().Users[id]; return ok })
		h.hub.Presence(id, "s", true)
		h.state(id, record.Available)
		h.until("the socket is known", func() bool { return h.hub.Agent(id).LostAt == 0 })
	}
}

func (h *house) state(id string, s record.AgentState) {
	h.Helper()
	h.do(id, inbox.Command{Action: inbox.SetState, Agent: id, State: s})
}

func (h *house) do(by string, c inbox.Command) {
	h.Helper()
	c.By = record.Actor{Kind: "agent", ID: by}
	if _, err := h.hub.Do(h.Context(), c); err != nil {
		h.Fatalf("%s: %v", c.Action, err)
	}
}

// say has customers write.
func (h *house) say(threads ...string) {
	h.Helper()
	var b channels.Batch
	for _, th := range threads {
		h.said++
		b.Messages = append(b.Messages, channels.Inbound{Key: fmt.Sprint(h.said), Thread: th, Address: th, Text: "Salam"})
	}
	if err := (*h.desk.Load()).Receive(h.Context(), b); err != nil {
		h.Fatal(err)
	}
}

// one gives the only live conversation.
func (h *house) one() record.Conversation {
	convs, _ := h.hub.Live()
	if len(convs) != 1 {
		return record.Conversation{}
	}
	return convs[0]
}

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func routing(p Policy) func(context.Context, *inbox.Hub) error {
	return func(ctx context.Context, h *inbox.Hub) error { return Router{Policy: p, Log: quiet()}.Run(ctx, h) }
}

func TestLoopFromArrivalToWrapUp(t *testing.T) {
	p := DefaultPolicy()
	p.Grace = 300
	h := open(t, ModeOffer, 1, routing(p))
	h.say("c1")
	since := h.one().WaitingSince
	var why Explainer
	if got := why.Explain(h.hub, h.one(), h.hub.Now()); got == nil || len(got.Reasons) != 1 || got.Reasons[0].Reason != NoMembers {
		t.Errorf("explained: %v", got)
	}
	h.hire(3, "a") // settings change live
	h.until("offered", func() bool { return h.one().OfferedTo == "a" })
	h.until("ran out", func() bool { return h.hub.Agent("a").State == record.NotResponding && h.one().Status == record.Waiting })
	if c := h.one(); c.WaitingSince != since || len(c.Declined) != 1 {
		t.Errorf("after RONA: %+v", c)
	}
	if got := why.Explain(h.hub, h.one(), h.hub.Now()); got == nil || len(got.Reasons) != 1 || got.Reasons[0] != (Exclusion{Agent: "a", Reason: "not_responding"}) {
		t.Errorf("explained: %v", got)
	}
	h.queue.OfferSeconds = 60 // b has time, also on a busy machine
	h.hire(3, "b")
	h.until("offered to the next", func() bool { return h.one().OfferedTo == "b" })
	h.do("b", inbox.Command{Action: inbox.Accept, Conversation: h.one().ID})
	h.hub.Presence("b", "s", false) // and b's machine dies
	h.until("b is gone", func() bool { return h.hub.Agent("b").State == record.Offline })
	h.until("back in line", func() bool { return h.one().Status == record.Waiting })
	if c := h.one(); c.WaitingSince != since || c.Prefer != "b" {
		t.Errorf("after the loss: %+v", c)
	}

	var codes []string
	sub, _ := h.hub.Subscribe("")
	defer sub.Close()
	h.state("a", record.Available)
	h.until("offered with its reason", func() bool {
		frames, _ := sub.Next()
		for _, f := range frames {
			// What the mirror showed above may reach the log's readers only now.
			if r := f.Event.Reason; r != nil && f.Event.Kind == record.EvOffered {
				codes = append(codes, r.Code)
				if r.Excluded["b"] != "offline" || len(r.Candidates) != 1 || r.Last.IsZero() || r.Waited <= 0 {
					t.Errorf("reason: %+v", r)
				}
			}
		}
		return len(codes) > 0
	})
	if codes[0] != "longest_idle" {
		t.Errorf("codes: %v", codes)
	}
}

// unsure is a hub that takes decisions badly.
type unsure struct {
	*inbox.Hub
	propose func(context.Context, inbox.Command) error
}

func (u unsure) Propose(ctx context.Context, c inbox.Command) error { return u.propose(ctx, c) }

// TestTwoRoutersOnABadDay: two routers at once, on a hub that loses, doubles and delays what they decide, overfill
// nobody and forget nobody.
func TestTwoRoutersOnABadDay(t *testing.T) {
	var n atomic.Int64
	bad := func(ctx context.Context, h *inbox.Hub) error {
		u := unsure{h, func(ctx context.Context, c inbox.Command) error {
			switch n.Add(1) % 5 {
			case 0:
				return errors.New("redis is away")
			case 1: // the reply is lost
				_ = h.Propose(ctx, c)
				return errors.New("time out")
			case 2:
				time.Sleep(3 * time.Millisecond)
			case 3:
				_ = h.Propose(ctx, c)
			}
			return h.Propose(ctx, c)
		}}
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() { Router{Log: quiet()}.Run(ctx, u) })
		}
		both.Wait()
		return ctx.Err()
	}
	h := open(t, ModePush, 0, bad)
	h.hire(7, "a", "b", "c")
	var threads []string
	for i := range 40 {
		threads = append(threads, fmt.Sprintf("c%02d", i))
	}
	h.say(threads...)
	count := func() (active, waiting int) {
		convs, agents := h.hub.Live()
		for _, c := range convs {
			switch c.Status {
			case record.Active:
				active++
			case record.Waiting:
				waiting++
			}
		}
		for _, a := range agents {
			if a.Used() > 7 {
				t.Fatalf("%s has %d", a.ID, a.Used())
			}
		}
		return active, waiting
	}
	h.until("everybody has all they can take", func() bool { active, _ := count(); return active == 21 })
	if active, waiting := count(); active != 21 || waiting != 19 {
		t.Errorf("%d active, %d waiting", active, waiting)
	}
	convs, _ := h.hub.Live() // each end makes room for one more
	ended := 0
	for _, c := range convs {
		if c.Status == record.Active && ended < 10 {
			h.do(c.Owner, inbox.Command{Action: inbox.Resolve, Conversation: c.ID})
			ended++
		}
	}
	h.until("the rest move up", func() bool { active, waiting := count(); return active == 21 && waiting == 9 })
}

// TestLoopPauses: a hub that fails is not hammered, and everything is decided once it is back.
func TestLoopPauses(t *testing.T) {
	var away atomic.Bool
	var asked atomic.Int64
	away.Store(true)
	h := open(t, ModePush, 0, func(ctx context.Context, h *inbox.Hub) error {
		return Router{Log: quiet()}.Run(ctx, unsure{h, func(ctx context.Context, c inbox.Command) error {
			asked.Add(1)
			if away.Load() {
				return channels.ErrOverloaded
			}
			return h.Propose(ctx, c)
		}})
	})
	h.hire(100, "a", "b", "c")
	var threads []string
	for i := range 30 {
		threads = append(threads, fmt.Sprintf("c%02d", i))
	}
	h.say(threads...)
	h.until("it has tried for a while", func() bool { return asked.Load() >= 6 })
	away.Store(false)
	h.until("all are taken", func() bool {
		convs, _ := h.hub.Live()
		for _, c := range convs {
			if c.Status != record.Active {
				return false
			}
		}
		return len(convs) == 30
	})
	if n := asked.Load(); n > 100 {
		t.Errorf("%d proposals for 30 conversations", n)
	}
}
