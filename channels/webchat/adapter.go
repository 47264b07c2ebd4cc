package webchat

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"tamas/channels"
)

// adapter is one account.
type adapter struct {
	cfg      channels.Config
	set      settings
	sign     signer
	origins  map[string]bool
	upgrader websocket.Upgrader

	messages *limiter // by visitor
	calls    *limiter // by visitor: requests other than the long poll's wait
	visits   *limiter // by visitor
	laters   *limiter // by visitor
	uploads  *limiter // by visitor and, prefixed, by network address; in megabytes
	sessions *limiter // by network address

	mu      sync.Mutex
	configs map[configKey]prepared
	linked  map[string][8]byte // visitor → digest of the link that the hub was told last
	open    map[string]int     // visitor → sockets and waiting polls on this node
	sockets map[*socket]struct{}
	gone    chan struct{} // told, without waiting, whenever a socket has ended
	down    chan struct{} // closed by Close

	heard atomic.Int64 // Unix ms of the last health report made for a message
}

// maxConns is how many sockets and polls one visitor may hold on a node: tabs. visitsPerMinute bounds the pages of one.
const (
	maxConns        = 12
	visitsPerMinute = 30
)

// receiveTime is how long a visitor's message may take to be recorded before the widget is told to try again.
const receiveTime = 20 * time.Second

func open(c channels.Config) (*adapter, error) {
	set, err := read(c.Settings)
	if err != nil {
		return nil, err
	}
	if len(c.Secret) < 16 {
		return nil, errNoSecret
	}
	a := &adapter{
		cfg: c, set: set,
		sign:     signer{c.ID, c.Secret},
		origins:  map[string]bool{},
		messages: newLimiter(float64(set.Messages)/60, max(5, float64(set.Messages)/3)),
		calls:    newLimiter(10+float64(set.Messages)/20, 60+float64(set.Messages)),
		visits:   newLimiter(visitsPerMinute/60.0, visitsPerMinute),
		laters:   newLimiter(1.0/60, 5),
		uploads:  newLimiter(uploadRate, uploadBurst),
		sessions: newLimiter(float64(set.Sessions)/60, float64(set.Sessions)),
		configs:  map[configKey]prepared{},
		linked:   map[string][8]byte{},
		open:     map[string]int{},
		sockets:  map[*socket]struct{}{},
		gone:     make(chan struct{}, 1),
		down:     make(chan struct{}),
	}
	for _, o := range set.AllowedOrigins {
		a.origins[o] = true
	}
	a.upgrader = websocket.Upgrader{
		// A message is read in pieces of this size; together with WriteBufferPool it is most of what an idle socket holds.
		ReadBufferSize: 512, WriteBufferSize: 4 << 10, WriteBufferPool: &writeBuffers,
		HandshakeTimeout: 10 * time.Second,
		Subprotocols:     []string{subprotocol},
		CheckOrigin:      func(*http.Request) bool { return true }, // ServeHTTP has checked
		Error: func(w http.ResponseWriter, _ *http.Request, status int, err error) {
			refuse(w, status, "invalid", "This address speaks WebSocket only.", 0)
		},
	}
	return a, nil
}

// writeBuffers is shared by all accounts: sockets borrow from it only while they write.
var writeBuffers sync.Pool

// Run has nothing to fetch: visitors come by themselves, to any node. When it ends, the hub is stopping, the account
// was changed or switched off, or another node holds it: this node's sockets are closed with 4503 and the
// visitors come back to whatever is there then.
func (a *adapter) Run(ctx context.Context) error {
	a.cfg.Desk.Health(channels.Health{State: "connected", Detail: "Ready for visitors."})
	select {
	case <-ctx.Done():
		a.hangUp()
		return ctx.Err()
	case <-a.down:
		return errors.New("webchat: the account was closed")
	}
}

// hangUp closes the sockets that are open and gives them a moment to go.
func (a *adapter) hangUp() {
	late := time.NewTimer(time.Second)
	defer late.Stop()
	for {
		a.mu.Lock()
		n := len(a.sockets)
		for s := range a.sockets {
			s.fail(closeDown, "", "")
		}
		a.mu.Unlock()
		if n == 0 {
			return
		}
		select {
		case <-a.gone:
		case <-late.C:
			return
		}
	}
}

// Send has nothing to do: the message is recorded and Watch shows it to the visitor, now or on return.
func (a *adapter) Send(_ context.Context, m channels.Outbound) (channels.Receipt, error) {
	if !isVisitor(m.Thread) {
		return channels.Receipt{}, &channels.SendError{Permanent: true, Reason: "This is not a visitor of the web chat."}
	}
	return channels.Receipt{ProviderID: providerID(m.Thread, m.ID)}, nil
}

// providerID binds a message to its visitor, so that a "seen" with a stranger's id finds nothing.
func providerID(visitor, id string) string { return visitor + "/" + id }

// Check has no provider to ask: settings that cannot work were refused when the account was opened.
func (a *adapter) Check(context.Context) error { return nil }

// Close ends all sockets with 4503 and all waiting polls and takes no more, on a node where the account is replaced
// or switched off without Run ending there.
func (a *adapter) Close() error {
	a.mu.Lock()
	select {
	case <-a.down:
	default:
		close(a.down)
	}
	a.mu.Unlock()
	a.hangUp()
	return nil
}

// ServeHTTP answers everything below /hooks/<account id>/.
func (a *adapter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	path := strings.TrimPrefix(r.URL.Path, "/")
	if s, ok := scripts[path]; ok {
		s.ServeHTTP(w, r)
		return
	}
	h.Set("Cache-Control", "no-store")
	h.Add("Vary", "Origin")

	serve, method := a.route(path, r.Method)
	if serve == nil {
		refuse(w, http.StatusNotFound, "not_found", "There is nothing at this address.", 0)
		return
	}
	origin := originOf(r)
	if !a.origins[origin] {
		a.cfg.Log.Debug("webchat: origin refused", "account", a.cfg.ID, "origin", cut(origin, 200), "path", path)
		refuse(w, http.StatusForbidden, "forbidden", "This site may not use this chat.", 0)
		return
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", "Retry-After")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	switch {
	case r.Method == http.MethodOptions:
		h.Set("Access-Control-Allow-Methods", method)
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
		h.Set("Access-Control-Max-Age", "7200")
		w.WriteHeader(http.StatusNoContent)
	case !strings.Contains(method, r.Method):
		h.Set("Allow", method+", OPTIONS")
		refuse(w, http.StatusMethodNotAllowed, "invalid", "This address does not know the method.", 0)
	default:
		serve(w, r)
	}
}

// route finds what serves a path and with which methods.
func (a *adapter) route(path, method string) (http.HandlerFunc, string) {
	if name, ok := strings.CutPrefix(path, "files/"); ok {
		return func(w http.ResponseWriter, r *http.Request) { a.getFile(w, r, name) }, "GET"
	}
	switch path {
	case "config":
		return a.serveConfig, "GET"
	case "session":
		return a.serveSession, "POST"
	case "socket":
		return a.serveSocket, "GET"
	case "messages":
		if method == http.MethodPost {
			return a.postMessage, "GET, POST"
		}
		return a.getMessages, "GET, POST"
	case "typing":
		return a.postTyping, "POST"
	case "seen":
		return a.postSeen, "POST"
	case "rate":
		return a.postRate, "POST"
	case "transcript":
		return a.postTranscript, "POST"
	case "later":
		return a.postLater, "POST"
	case "visits":
		return a.postVisit, "POST"
	case "files":
		return a.postFile, "POST"
	}
	return nil, ""
}

// originOf tells which site's page asks. Browsers leave Origin out of a GET to the page's own site; the widget
// asks them for a Referer instead.
func originOf(r *http.Request) string {
	if o := r.Header.Get("Origin"); o != "" {
		return o
	}
	u, err := url.Parse(r.Header.Get("Referer"))
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// caller is who asks: a visitor, and who that is where the site has proven it.
type caller struct {
	visitor string
	who     *person
}

// caller checks the request's token; it has answered when !ok.
func (a *adapter) caller(w http.ResponseWriter, token string) (caller, bool) {
	p, ok := a.sign.check(token, time.Now())
	if !ok {
		refuse(w, http.StatusUnauthorized, "signed_out", "This visitor is not known. Begin a new session.", 0)
		return caller{}, false
	}
	return caller{p.visitor.String(), p.who}, true
}

func bearer(r *http.Request) string {
	t, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return t
}

// enter counts a socket, a poll or an upload in; !ok: who does it has so many already, or the adapter is closed.
func (a *adapter) enter(key string, most int) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	select {
	case <-a.down:
		return false
	default:
	}
	if a.open[key] >= most {
		return false
	}
	a.open[key]++
	return true
}

func (a *adapter) leave(key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.open[key]--; a.open[key] <= 0 {
		delete(a.open, key)
	}
}

// receive hands one message or rating over and says what became of it. Its ack stands for "recorded".
func (a *adapter) receive(ctx context.Context, c caller, f clientFrame) serverFrame {
	files := make([]channels.File, 0, len(f.Files))
	for _, name := range f.Files {
		file, ok := a.sign.file(c.visitor, name)
		if !ok {
			return serverFrame{T: "nack", Key: f.Key, Code: "invalid", Message: "This is no file of this visitor."}
		}
		files = append(files, file)
	}
	if no := f.refusal(); no != nil {
		return *no
	}
	if wait := a.messages.take(c.visitor, time.Now(), 1); wait > 0 {
		return serverFrame{T: "nack", Key: f.Key, Code: "slow_down", Message: "Too many messages at once.", Retry: true, Wait: wait.Milliseconds() + 1}
	}
	m := channels.Inbound{Name: f.person(), Text: f.Text, Lang: f.Lang, Files: files}
	if f.T == "rate" {
		m.Kind, m.Score, m.Files = channels.Rating, f.Score, nil
	}
	if err := a.record(ctx, c, f.Key, m); err != nil {
		return serverFrame{T: "nack", Key: f.Key, Code: "not_recorded", Message: "The message could not be kept. Try again.", Retry: true, Wait: 1000}
	}
	return serverFrame{T: "ack", Key: f.Key}
}

// record hands over what a visitor did; nil: it is recorded. Whose identity the visitor is goes with the first of it that this
// node sees, and with the first after that changed.
func (a *adapter) record(ctx context.Context, c caller, key string, m channels.Inbound) error {
	ctx, cancel := context.WithTimeout(ctx, receiveTime)
	defer cancel()
	now := time.Now()
	m.Key, m.Thread, m.Address, m.At = c.visitor+"/"+key, c.visitor, c.visitor, now
	if c.who != nil {
		m.Name = or(c.who.Name, m.Name)
		if !a.isLinked(c) {
			m.Link = c.who.link()
		}
	}
	if err := a.cfg.Desk.Receive(ctx, channels.Batch{Messages: []channels.Inbound{m}}); err != nil {
		a.cfg.Log.Warn("webchat: message not recorded", "account", a.cfg.ID, "visitor", c.visitor, "err", err)
		return err
	}
	if m.Link != nil {
		a.setLinked(c)
	}
	// At most one report a second: the settings page shows seconds.
	if last := a.heard.Load(); now.UnixMilli()-last >= 1000 && a.heard.CompareAndSwap(last, now.UnixMilli()) {
		a.cfg.Desk.Health(channels.Health{State: "connected", Detail: "Ready for visitors.", HeardAt: now})
	}
	return nil
}

// maxLinked bounds how many visitors' links a node remembers to have told; telling one again changes nothing.
const maxLinked = 50_000

func (a *adapter) isLinked(c caller) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.linked[c.visitor] == c.who.digest()
}

func (a *adapter) setLinked(c caller) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.linked) >= maxLinked {
		clear(a.linked)
	}
	a.linked[c.visitor] = c.who.digest()
}

// seen passes on that an agent's message arrived or was shown.
func (a *adapter) seen(ctx context.Context, visitor string, f clientFrame) error {
	ctx, cancel := context.WithTimeout(ctx, receiveTime)
	defer cancel()
	return a.cfg.Desk.Status(ctx, providerID(visitor, f.ID), f.State, "")
}

// network is the address that sessions are counted by: IPv6 callers own whole /64 networks.
func network(remote string) string {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		host = remote
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	if ip = ip.Unmap().WithZone(""); ip.Is6() {
		if p, err := ip.Prefix(64); err == nil {
			return p.String()
		}
	}
	return ip.String()
}

// refuse answers with the one error shape of the hub's API.
func refuse(w http.ResponseWriter, status int, code, message string, wait time.Duration) {
	if wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
	}
	var body struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	body.Error.Code, body.Error.Message = code, message
	answer(w, status, body)
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v) // the reader is gone when this fails
}
