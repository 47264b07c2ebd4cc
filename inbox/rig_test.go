package inbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tamas/channels"
	"tamas/inbox/record"
	"tamas/internal/testenv"
)

// store is one pair of live store and record.
type store struct{ redis, database string } // database may be the URL of a PostgreSQL of the test's own

// stores are the pairs that the laws are tested on: in-process and real Redis, SQLite and PostgreSQL.
var stores = []store{{"in-process", "sqlite"}, {"redis-server", "sqlite"}, {"redis-server", "postgres"}, {"in-process", "postgres"}}

func (s store) String() string { return s.redis + "+" + s.database }

// installed is the record of an installation that nobody has used yet.
var installed = testenv.NewTemplate(func(address string) error {
	db, err := record.Open(context.Background(), address)
	if err != nil {
		return err
	}
	return db.Close()
})

// rig is one installation: a live store, a record and hubs on them.
type rig struct {
	t        *testing.T
	store    store
	redisURL string
	mini     *Redis
	dbURL    string
	space    string
	provider *provider
	queue    record.Queue
	account  record.Account
	hubs     []*Hub
	tune     func(*Hub) // of each new node before it runs; may be nil
}

// eachStore runs f on every pair.
func eachStore(t *testing.T, f func(t *testing.T, r *rig)) { onStores(t, stores, f) }

func onStores(t *testing.T, list []store, f func(t *testing.T, r *rig)) {
	t.Parallel() // they mostly wait
	for _, s := range list {
		t.Run(s.String(), func(t *testing.T) {
			t.Parallel()
			f(t, newRig(t, s))
		})
	}
}

// eachEnd runs f on two pairs, each live store and each record once: for what is no law of the two together.
func eachEnd(t *testing.T, f func(t *testing.T, r *rig)) {
	onStores(t, []store{stores[0], stores[2]}, f)
}

func newRig(t *testing.T, s store) *rig {
	t.Helper()
	r := &rig{t: t, store: s, space: "t" + tokenText(newToken()), provider: newProvider()}
	if s.database == "postgres" {
		r.dbURL = installed.Postgres(t)
	} else if strings.HasPrefix(s.database, "postgres://") {
		r.dbURL = s.database
	} else {
		r.dbURL = installed.SQLite(t, filepath.Join(t.TempDir(), "tamas.db"))
	}
	if s.redis == "redis-server" {
		r.redisURL = "redis://" + testenv.Redis(t)
	}
	db := r.openDB()
	var err error
	if r.queue, err = db.AddQueue(t.Context(), record.Queue{ID: "q1", Name: "General", Mode: "offer", OfferSeconds: 30, Members: []string{}}); err != nil {
		t.Fatal(err)
	}
	r.account, err = db.AddAccount(t.Context(), record.Account{ID: "acct", Kind: "probe", Name: "Probe", Queue: r.queue.ID, ReopenHours: 24, Enabled: true, Settings: []byte(`{}`)})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *rig) openDB() *record.DB {
	r.t.Helper()
	db, err := record.Open(r.t.Context(), r.dbURL)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { db.Close() })
	return db
}

// user adds an agent who serves the queue.
func (r *rig) user(id string, capacity int) record.User {
	r.t.Helper()
	db := r.openDB()
	u, err := db.AddUser(r.t.Context(), record.User{ID: id, Email: id + "@example.com", Name: id, Role: record.RoleAgent, Locale: "en", Capacity: capacity}, "")
	if err != nil {
		r.t.Fatal(err)
	}
	r.queue.Members = append(r.queue.Members, id)
	if r.queue, err = db.EditQueue(r.t.Context(), r.queue); err != nil {
		r.t.Fatal(err)
	}
	for _, h := range r.hubs {
		if err := h.readSettings(r.t.Context()); err != nil {
			r.t.Fatal(err)
		}
	}
	return u
}

// newHub makes one more node that does not run yet.
func (r *rig) newHub(change ...func(*Options)) (*Hub, *Redis) {
	r.t.Helper()
	var rdb *Redis
	var err error
	if r.redisURL != "" || r.mini == nil {
		if rdb, err = OpenRedis(r.t.Context(), r.redisURL); err != nil {
			r.t.Fatal(err)
		}
		if r.redisURL == "" {
			r.mini = rdb
		}
	} else { // more nodes on one in-process store exist in tests only
		c, err := OpenRedis(r.t.Context(), "redis://"+r.mini.mini.Addr())
		if err != nil {
			r.t.Fatal(err)
		}
		rdb = c
	}
	rdb.InProcess = r.redisURL == ""
	log := slog.New(slog.DiscardHandler)
	if os.Getenv("TAMAS_TEST_LOG") != "" {
		log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	blobs, err := OpenBlobs(r.t.TempDir())
	if err != nil {
		r.t.Fatal(err)
	}
	o := Options{Redis: rdb, DB: r.openDB(), Blobs: blobs, Key: make([]byte, 32), Workspace: r.space, Log: log, Kinds: []channels.Kind{r.provider.kind()}}
	for _, c := range change {
		c(&o)
	}
	h, err := New(o)
	if err != nil {
		r.t.Fatal(err)
	}
	h.recordWait, h.leaseTime = time.Minute, 20*time.Second // a machine that stops for a moment changes nothing
	if r.tune != nil {
		r.tune(h)
	}
	return h, rdb
}

// hub starts one more node and waits until it is ready. stop ends it as a graceful stop would.
func (r *rig) hub(change ...func(*Options)) (h *Hub, stop func()) {
	r.t.Helper()
	h, rdb := r.newHub(change...)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			select {
			case err := <-done:
				if err != nil {
					r.t.Errorf("Run: %v", err)
				}
			case <-time.After(2 * time.Minute):
				r.t.Error("Run does not end")
			}
			if rdb != r.mini {
				rdb.Close()
			}
		})
	}
	r.t.Cleanup(stop)
	wait, cancelWait := context.WithTimeout(r.t.Context(), 60*time.Second)
	defer cancelWait()
	if err := h.WaitReady(wait); err != nil {
		r.t.Fatalf("not ready: %v", h.Ready(r.t.Context()))
	}
	r.hubs = append(r.hubs, h)
	return h, stop
}

// listens waits until one node hears what another says: who has just started may not do so yet.
func listens(t *testing.T, says, hears *Hub) {
	t.Helper()
	var heard atomic.Bool
	stop := hears.OnNews(func([]byte) { heard.Store(true) })
	defer stop()
	eventually(t, "a node listens", func() bool { return says.say(t.Context(), news{Type: "typing"}) == nil && heard.Load() })
}

// byHand leaves the rounds to a test that makes them itself, on a clock of its own.
func byHand(h *Hub) {
	h.alertEvery, h.presenceEvery, h.continueEvery, h.waitingEvery, h.laterEvery = time.Hour, time.Hour, time.Hour, time.Hour, time.Hour
}

func (r *rig) thread(id string) record.Thread {
	return record.Thread{Account: r.account.ID, Channel: r.account.Kind, ID: id}
}

// say is a message from a customer through the hub's own door.
func (r *rig) say(h *Hub, thread, key, text string) error {
	return h.receive(r.t.Context(), r.account, channels.Batch{Messages: []channels.Inbound{{Key: key, Thread: thread, Address: thread, Name: "Customer " + thread, Text: text}}})
}

// mustSay says it until it is acknowledged, as a provider does.
func (r *rig) mustSay(h *Hub, thread, key, text string) {
	r.t.Helper()
	err := r.say(h, thread, key, text)
	for deadline := time.Now().Add(60 * time.Second); errors.Is(err, channels.ErrUnrecorded) && time.Now().Before(deadline); {
		err = r.say(h, thread, key, text)
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

// touches are what the record holds of a thread.
func (r *rig) touches(db *record.DB, thread string) []record.Touch {
	r.t.Helper()
	list, _, err := db.History(r.t.Context(), r.thread(thread), "", 200)
	if err != nil {
		r.t.Fatal(err)
	}
	return list
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for !f() {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// provider is the other side of the probe channel: it takes what is sent, or fails as told.
type provider struct {
	mu   sync.Mutex
	sent []channels.Outbound
	fail func(channels.Outbound) error // called first, outside the lock
}

func newProvider() *provider { return &provider{} }

func (p *provider) kind() channels.Kind {
	return channels.Kind{Name: "probe", Weight: 1, Open: func(c channels.Config) (channels.Adapter, error) { return &probe{p, c}, nil }}
}

func (p *provider) list() []channels.Outbound {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]channels.Outbound(nil), p.sent...)
}

func (p *provider) onSend(f func(channels.Outbound) error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fail = f
}

type probe struct {
	p *provider
	c channels.Config
}

func (a *probe) Run(ctx context.Context) error {
	a.c.Desk.Health(channels.Health{State: "connected"})
	<-ctx.Done()
	return ctx.Err()
}
func (a *probe) Check(context.Context) error { return nil }
func (a *probe) Send(ctx context.Context, m channels.Outbound) (channels.Receipt, error) {
	a.p.mu.Lock()
	f := a.p.fail
	a.p.mu.Unlock()
	if f != nil {
		if err := f(m); err != nil {
			return channels.Receipt{}, err
		}
	}
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	a.p.sent = append(a.p.sent, m)
	return channels.Receipt{ProviderID: fmt.Sprintf("p%d", len(a.p.sent))}, nil
}

func agentActor(id string) record.Actor { return record.Actor{Kind: "agent", ID: id} }

func code(err error) string {
	var r *Refusal
	if errors.As(err, &r) {
		return r.Code
	}
	return ""
}
