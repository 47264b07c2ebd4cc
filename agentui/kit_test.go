package agentui

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tamas/channels"
	"tamas/inbox"
	"tamas/inbox/record"
	"tamas/internal/testenv"
)

const patience = 60 * time.Second // bounds every wait of the tests

const password = "a long enough password"

// passwordHash is hashed once for all tests: it is slow by design.
var passwordHash = sync.OnceValue(func() string {
	h, err := HashPassword(password)
	if err != nil {
		panic(err)
	}
	return h
})

// rig is a whole hub as cmd/tamas wires it, on in-process Redis and SQLite, with one account of a channel that tests can hold
// in their hands.
type rig struct {
	t       testing.TB
	hub     *inbox.Hub
	redis   *inbox.Redis
	server  *Server
	http    *httptest.Server
	logs    *logBuffer
	closed  bool // the test has closed the record itself
	queue   string
	account string
	users   map[string]record.User // by the name before the @
}

// installed is the record of an installation that nobody has used yet.
var installed = testenv.NewTemplate(func(address string) error {
	db, err := record.Open(context.Background(), address)
	if err != nil {
		return err
	}
	return db.Close()
})

func boot(t testing.TB) *rig {
	t.Helper()
	return start(t, sqlite(t), true)
}

// bootOn is boot on a fresh, empty database.
func bootOn(t testing.TB, database string) *rig {
	t.Helper()
	return start(t, database, true)
}

func sqlite(t testing.TB) string { return installed.SQLite(t, filepath.Join(t.TempDir(), "tamas.db")) }

// bootEmpty starts a hub that nobody has set up.
func bootEmpty(t testing.TB) *rig {
	t.Helper()
	return start(t, sqlite(t), false)
}

func start(t testing.TB, database string, seeded bool) *rig {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	db, err := record.Open(ctx, database)
	must(t, err)
	rdb, err := inbox.OpenRedis(ctx, "")
	must(t, err)
	r := &rig{t: t, redis: rdb, logs: &logBuffer{}, users: map[string]record.User{}}
	log := slog.New(slog.NewTextHandler(r.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	kinds := []channels.Kind{handKind}
	blobs, err := inbox.OpenBlobs(t.TempDir())
	must(t, err)
	r.hub, err = inbox.New(inbox.Options{Redis: rdb, DB: db, Blobs: blobs, Kinds: kinds, Key: bytes.Repeat([]byte{7}, 32), Log: log})
	must(t, err)

	if seeded {
		r.seed(db)
	}
	ran := make(chan error, 1)
	go func() { ran <- r.hub.Run(ctx) }()
	wait, stop := context.WithTimeout(ctx, patience)
	defer stop()
	must(t, r.hub.WaitReady(wait))
	if seeded {
		a, err := r.hub.SaveAccount(wait, record.Account{Kind: "hand", Name: "By hand", Queue: r.queue, ReopenHours: 24, Enabled: true,
			Settings: json.RawMessage(`{"colour":"red","token":"very secret"}`)}, nil)
		must(t, err)
		r.account = a.ID
	}
	r.server, err = New(Options{Hub: r.hub, Log: log, Kinds: kinds, Version: "test",
		Proxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	must(t, err)
	r.http = httptest.NewServer(r.server.Handler())
	t.Cleanup(func() {
		down, stop := context.WithTimeout(context.Background(), patience)
		defer stop()
		if err := r.server.Shutdown(down); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		r.http.Close()
		cancel()
		if err := <-ran; err != nil {
			t.Errorf("the hub: %v", err)
		}
		rdb.Close()
		if err := db.Close(); err != nil && !r.closed {
			t.Errorf("the record: %v", err)
		}
		if t.Failed() {
			t.Logf("log:\n%s", r.logs.tail(60))
		}
	})
	return r
}

// seed makes four users and a queue that two of them serve.
func (r *rig) seed(db *record.DB) {
	r.t.Helper()
	t, ctx := r.t, context.Background()
	for _, u := range []record.User{
		{Email: "ada@example.com", Name: "Ada", Role: record.RoleAdmin},
		{Email: "sam@example.com", Name: "Sam", Role: record.RoleSupervisor},
		{Email: "leyla@example.com", Name: "لیلا", PublicName: "Leyla", Role: record.RoleAgent, Locale: "fa"},
		{Email: "omid@example.com", Name: "Omid", Role: record.RoleAgent},
	} {
		if u.Locale == "" {
			u.Locale = "en"
		}
		u.Capacity, u.CreatedAt = 6, record.At(time.Now())
		u, err := db.AddUser(ctx, u, passwordHash())
		must(t, err)
		r.users[strings.TrimSuffix(u.Email, "@example.com")] = u
	}
	q, err := db.AddQueue(ctx, record.Queue{Name: "General", Mode: "pull", OfferSeconds: 30, TargetSecs: 60,
		Members: []string{r.users["leyla"].ID, r.users["omid"].ID}})
	must(t, err)
	r.queue = q.ID
}

// node is a second node on the same stores.
func (r *rig) node() *rig {
	r.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	hub, err := inbox.New(inbox.Options{Redis: r.redis, DB: r.hub.Record(), Kinds: r.server.kinds, Key: bytes.Repeat([]byte{7}, 32), Log: r.server.log})
	must(r.t, err)
	ran := make(chan error, 1)
	go func() { ran <- hub.Run(ctx) }()
	wait, stop := context.WithTimeout(ctx, patience)
	defer stop()
	must(r.t, hub.WaitReady(wait))
	other := *r
	other.hub = hub
	other.server, err = New(Options{Hub: hub, Log: r.server.log, Kinds: r.server.kinds, Version: "test"})
	must(r.t, err)
	other.http = httptest.NewServer(other.server.Handler())
	r.t.Cleanup(func() {
		if err := other.server.Shutdown(context.Background()); err != nil {
			r.t.Errorf("shutdown of the second node: %v", err)
		}
		other.http.Close()
		cancel()
		if err := <-ran; err != nil {
			r.t.Errorf("the second hub: %v", err)
		}
	})
	return &other
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (r *rig) until(what string, ok func() bool) {
	r.t.Helper()
	deadline := time.Now().Add(patience)
	for !ok() {
		if time.Now().After(deadline) {
			r.t.Fatalf("not in %v: %s", patience, what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// says lets a customer write by the account's webhook, and returns the conversation once it is recorded.
func (r *rig) says(customer, text string) record.Conversation {
	r.t.Helper()
	body, _ := json.Marshal(handMessage{Key: newSecret(), From: customer, Text: text})
	r.until("the webhook takes the message", func() bool { // a provider delivers it again until then
		res, err := http.Post(r.http.URL+"/hooks/"+r.account+"/in", "application/json", bytes.NewReader(body))
		must(r.t, err)
		defer res.Body.Close()
		if res.StatusCode != http.StatusOK && res.StatusCode != http.StatusServiceUnavailable {
			r.t.Fatalf("the webhook answers %d", res.StatusCode)
		}
		return res.StatusCode == http.StatusOK
	})
	convs, _ := r.hub.Live()
	for _, c := range convs {
		if c.Account == r.account && c.Thread == customer {
			return c
		}
	}
	r.t.Fatalf("%s's message is acknowledged, but there is no conversation", customer)
	return record.Conversation{}
}

// browser is somebody's browser: a cookie jar, the app's header, and every answer checked against openapi.yaml.
type browser struct {
	r      *rig
	client *http.Client
	header http.Header
}

func (r *rig) browser() *browser {
	jar, _ := cookiejar.New(nil)
	return &browser{r: r, client: &http.Client{Jar: jar, Transport: &checkedTransport{t: r.t}, Timeout: patience},
		header: http.Header{"X-Tamas-Csrf": {"1"}, "Origin": {r.http.URL}}}
}

// as signs a user in.
func (r *rig) as(name string) *browser {
	r.t.Helper()
	b := r.browser()
	b.ok("POST", "/session", map[string]string{"email": name + "@example.com", "password": password}, nil)
	return b
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// problem reads an error's answer.
func (a answer) problem() problemView {
	var p problemBody
	_ = json.Unmarshal(a.body, &p)
	return p.Error
}

// call makes a call; body may be nil, raw bytes, or what is to be JSON.
func (b *browser) call(method, path string, body any, headers ...string) answer {
	b.r.t.Helper()
	var rd io.Reader
	switch x := body.(type) {
	case nil:
	case []byte:
		rd = bytes.NewReader(x)
	default:
		j, err := json.Marshal(x)
		must(b.r.t, err)
		rd = bytes.NewReader(j)
	}
	if strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "/api/") {
		path = "/api/v1" + path
	}
	req, err := http.NewRequest(method, b.r.http.URL+path, rd)
	must(b.r.t, err)
	req.Header = b.header.Clone()
	if rd != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i+1] == "" {
			req.Header.Del(headers[i])
		} else {
			req.Header.Set(headers[i], headers[i+1])
		}
	}
	res, err := b.client.Do(req)
	must(b.r.t, err)
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	must(b.r.t, err)
	return answer{res.StatusCode, res.Header, got}
}

// ok makes a call that must succeed, and reads its answer.
func (b *browser) ok(method, path string, body, into any, headers ...string) {
	b.r.t.Helper()
	a := b.call(method, path, body, headers...)
	if a.status < 200 || a.status > 299 {
		b.r.t.Fatalf("%s %s: %d %s", method, path, a.status, a.body)
	}
	if into != nil {
		if err := json.Unmarshal(a.body, into); err != nil {
			b.r.t.Fatalf("%s %s: %v in %s", method, path, err, a.body)
		}
	}
}

// refused makes a call that must fail in this way.
func (b *browser) refused(status int, code, field, method, path string, body any, headers ...string) problemView {
	b.r.t.Helper()
	a := b.call(method, path, body, headers...)
	p := a.problem()
	if a.status != status || p.Code != code || p.Field != field {
		b.r.t.Errorf("%s %s: %d %s, want %d %s %q", method, path, a.status, a.body, status, code, field)
	}
	if p.Message == "" || p.RequestID == "" || p.RequestID != a.header.Get("X-Request-Id") {
		b.r.t.Errorf("%s %s: an error without sentence or request id: %s", method, path, a.body)
	}
	return p
}

// hand is the tests' channel: customers write by its webhook, and what is sent to them is kept.
type hand struct{ cfg channels.Config }

type handMessage struct{ Key, From, Text string }

var handKind = channels.Kind{
	Name:   "hand",
	Label:  channels.Text{EN: "By hand", FA: "دستی"},
	Fields: []channels.Field{{Key: "colour", Type: "text", Required: true, Label: channels.Text{EN: "Colour", FA: "رنگ"}}, {Key: "token", Type: "secret", Label: channels.Text{EN: "Token", FA: "کلید"}}},
	Limits: channels.Limits{TextLength: 1000, Live: true, Edits: true, Quotes: true, Files: &channels.FileLimits{MaxSize: 1 << 20}},
	Weight: 1,
	Open: func(cfg channels.Config) (channels.Adapter, error) {
		var set struct {
			Colour string `json:"colour"`
			Token  string `json:"token"`
		}
		if err := channels.Decode(cfg.Settings, &set); err != nil {
			return nil, err
		}
		if set.Colour == "" {
			return nil, &channels.FieldError{Field: "colour", Reason: "is needed"}
		}
		return &hand{cfg}, nil
	},
}

func (h *hand) Run(ctx context.Context) error {
	h.cfg.Desk.Health(channels.Health{State: "connected", HeardAt: time.Now()})
	<-ctx.Done()
	return ctx.Err()
}

func (h *hand) Send(_ context.Context, m channels.Outbound) (channels.Receipt, error) {
	if strings.Contains(m.Text, "bounce") {
		return channels.Receipt{}, &channels.SendError{Permanent: true, Reason: "the address does not exist"}
	}
	return channels.Receipt{ProviderID: "sent-" + m.ID}, nil
}

func (h *hand) Check(context.Context) error {
	if strings.Contains(string(h.cfg.Settings), "wrong") {
		return fmt.Errorf("login refused: wrong token")
	}
	return nil
}

func (h *hand) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var m handMessage
	if err := json.NewDecoder(r.Body).Decode(&m); err != nil || r.URL.Path != "/in" {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	in := channels.Inbound{Key: m.Key, Thread: m.From, Address: m.From, Name: m.From, Text: m.Text}
	if strings.HasPrefix(m.Text, "garbled") {
		in.Unreadable, in.Raw = "it is garbled", []byte(m.Text)
	}
	if html, ok := strings.CutPrefix(m.Text, "html:"); ok {
		in.HTML = html
	}
	if err := h.cfg.Desk.Receive(r.Context(), channels.Batch{Messages: []channels.Inbound{in}}); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	}
}

// logBuffer keeps the log for tests that read it.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *logBuffer) tail(lines int) string {
	all := strings.Split(l.String(), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
