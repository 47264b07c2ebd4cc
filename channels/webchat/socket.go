package webchat

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"tamas/channels"
)

const (
	pageSize  = 100               // items of one History call
	maxQueue  = 128 << 10         // bytes that may wait for a slow reader
	maxFrames = 256               // frames that may
	writeTime = 10 * time.Second  // one write
	quietTime = 150 * time.Second // without a word from the client (it pings) the socket is dead
	byeTime   = 3 * time.Second   // for a client to answer our closing
)

// socket is one visitor's connection. Its fields are few and small: tens of thousands are open and idle.
type socket struct {
	a    *adapter
	conn *websocket.Conn
	caller
	stop   func() // ends the watch
	frames bucket // reader only

	mu      sync.Mutex
	queue   []serverFrame // waits for the writer
	queued  int           // bytes of it
	writing bool          // a writer goroutine lives
	replay  []item        // heard while history is replayed; nil afterwards
	ready   bool          // history is replayed
	told    uint64        // item.n up to which history was replayed: another node may have told it long before Watch does here
	code    int           // closing with this code
	typing  bool          // the customer is typing, as the agents were told
	moved   bool          // the standing is to be told
}

// serveSocket upgrades and returns: from then on the socket is one parked goroutine.
func (a *adapter) serveSocket(w http.ResponseWriter, r *http.Request) {
	var token string
	for _, p := range websocket.Subprotocols(r) {
		if p != subprotocol {
			token = p
		}
	}
	c, ok := a.caller(w, token)
	if !ok || !a.call(w, c.visitor) {
		return
	}
	visitor := c.visitor
	after := r.URL.Query().Get("after")
	if len(after) > maxID {
		refuse(w, http.StatusUnprocessableEntity, "invalid", "after is not an item's id.", 0)
		return
	}
	if !a.enter(visitor, maxConns) {
		refuse(w, http.StatusTooManyRequests, "slow_down", "This visitor has too many connections.", time.Second)
		return
	}
	conn, err := a.upgrader.Upgrade(w, r, nil)
	if err != nil {
		a.leave(visitor)
		return
	}
	after = strings.Clone(after) // lets the request go
	s := &socket{a: a, conn: conn, caller: c, writing: true}
	s.stop = a.cfg.Desk.Watch(visitor, s.hear)
	if !a.keep(s) {
		s.stop()
		conn.Close()
		a.leave(visitor)
		return
	}
	s.await()
	go s.read()
	go s.begin(after)
}

// keep registers a socket for Close; false when the adapter is closed already.
func (a *adapter) keep(s *socket) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	select {
	case <-a.down:
		return false
	default:
		a.sockets[s] = struct{}{}
		return true
	}
}

// read waits for one frame and has it handled; then a new goroutine waits for the next. So what waits is always a
// goroutine with a newborn's stack: the way down to the system call just fits into the 2 KB that it begins
// with, if this function has next to no frame of its own; and a stack that grew over a frame's work is given back
// at once. At every moment one goroutine reads, and it owns the socket.
func (s *socket) read() {
	kind, r, err := s.conn.NextReader()
	s.next(kind, r, err)
}

//go:noinline
func (s *socket) next(kind int, r io.Reader, err error) {
	if err == nil && s.take(kind, r) {
		s.await()
		go s.read()
		return
	}
	s.end()
}

// take does what one frame asks for; false: the connection is gone.
func (s *socket) take(kind int, r io.Reader) bool {
	b, err := io.ReadAll(io.LimitReader(r, maxFrame+1))
	if err != nil {
		return false
	}
	if !s.patient() {
		return true // its closing is under way: nothing counts any more
	}
	if wait := s.frames.take(time.Now(), s.a.calls.perSecond, s.a.calls.burst, 1); wait > 0 {
		s.fail(closeTooFast, "slow_down", "too many frames")
		return true
	}
	s.handle(kind, b)
	return true
}

// await gives the client its time until the next frame, unless the socket is closing: then shut has set it.
func (s *socket) await() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.code == 0 {
		s.conn.SetReadDeadline(time.Now().Add(quietTime))
	}
}

func (s *socket) patient() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.code == 0
}

func (s *socket) end() {
	s.stop()
	s.conn.Close()
	s.mu.Lock()
	typing := s.typing
	s.code, s.queue, s.replay = closeDown, nil, nil // whatever comes now goes nowhere
	s.mu.Unlock()
	if typing {
		s.a.cfg.Desk.Typing(s.visitor, false)
	}
	s.a.mu.Lock()
	delete(s.a.sockets, s)
	s.a.mu.Unlock()
	s.a.leave(s.visitor)
	select {
	case s.a.gone <- struct{}{}:
	default:
	}
}

// handle does what one frame asks for.
func (s *socket) handle(kind int, b []byte) {
	defer s.guard()
	if kind != websocket.TextMessage {
		s.fail(closeBad, "bad_frame", "frames are text")
		return
	}
	f, err := parseFrame(b)
	if err != nil {
		s.fail(closeBad, "bad_frame", err.Error())
		return
	}
	ctx := context.Background() // a visitor who leaves does not take a message back
	switch f.T {
	case "send", "rate":
		s.tell(false)
		s.push(s.a.receive(ctx, s.caller, f))
	case "standing":
		s.stood()
	case "typing":
		s.tell(f.On)
	case "seen":
		if err := s.a.seen(ctx, s.visitor, f); err != nil {
			s.a.cfg.Log.Debug("webchat: seen", "account", s.a.cfg.ID, "err", err)
		}
	case "ping":
		s.push(serverFrame{T: "pong"})
	}
}

// tell tells the agents that the customer is typing. Saying again that it goes on is passed on too: agents'
// apps let the sign fade by themselves.
func (s *socket) tell(on bool) {
	s.mu.Lock()
	news := on || s.typing
	s.typing = on
	s.mu.Unlock()
	if news {
		s.a.cfg.Desk.Typing(s.visitor, on)
	}
}

// hear is called by Watch; it never blocks.
func (s *socket) hear(i channels.Item) {
	if isStanding(i) {
		s.stood()
		return
	}
	it, ok := s.a.sign.toItem(i, s.visitor)
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ready {
		if len(s.replay) < maxFrames {
			s.replay = append(s.replay, it)
		} else {
			s.shut(closeSlow)
		}
		return
	}
	s.offer(it)
}

// stood has the writer tell where the visitor stands now; asked for several times meanwhile it tells once.
func (s *socket) stood() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.code == 0 {
		s.moved = true
		s.wake()
	}
}

// offer queues an item unless it was replayed. s.mu is held.
func (s *socket) offer(it item) {
	if it.n != 0 && it.n <= s.told {
		return
	}
	s.enqueue(serverFrame{T: "items", Items: []item{it}})
}

func (s *socket) push(f serverFrame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.enqueue(f)
}

// enqueue leaves a frame to the writer and starts one if none lives. s.mu is held.
func (s *socket) enqueue(f serverFrame) {
	if s.code != 0 {
		return
	}
	size := 64
	for _, i := range f.Items {
		size += i.size()
	}
	if s.queued+size > maxQueue || len(s.queue) >= maxFrames {
		s.queue, s.queued = nil, 0
		s.shut(closeSlow)
		return
	}
	s.queued += size
	if n := len(s.queue); n > 0 && f.T == "items" && s.queue[n-1].T == "items" {
		s.queue[n-1].Items = append(s.queue[n-1].Items, f.Items...)
	} else {
		s.queue = append(s.queue, f)
	}
	s.wake()
}

// shut begins closing with a code: what is queued goes out first, then the closing. s.mu is held.
func (s *socket) shut(code int) {
	if s.code != 0 {
		return
	}
	s.code = code
	now := time.Now()
	s.conn.SetReadDeadline(now.Add(writeTime + byeTime)) // the reader ends whatever the client does
	if code == closeSlow {
		s.conn.NetConn().SetWriteDeadline(now.Add(byeTime)) // a write that hangs gives up soon
	}
	s.wake()
}

// fail says why, then closes.
func (s *socket) fail(code int, why, message string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if why != "" {
		s.enqueue(serverFrame{T: "error", Code: why, Message: message})
	}
	s.shut(code)
}

// wake starts a writer unless one lives. s.mu is held.
func (s *socket) wake() {
	if !s.writing {
		s.writing = true
		go s.write()
	}
}

// begin is the first writer: hello, then what the client missed, then whatever was heard meanwhile.
func (s *socket) begin(after string) {
	defer s.guard()
	if !s.put(serverFrame{T: "hello", Visitor: s.visitor}) {
		return
	}
	var told uint64
	known := after != ""
	for at := after; ; {
		ctx, cancel := context.WithTimeout(context.Background(), receiveTime)
		items, next, n, err := s.a.history(ctx, s.visitor, at)
		cancel()
		if err != nil {
			s.a.cfg.Log.Warn("webchat: history", "account", s.a.cfg.ID, "err", err)
			s.mu.Lock()
			s.shut(closeDown)
			s.mu.Unlock()
			break
		}
		if len(items) > 0 && !s.put(serverFrame{T: "items", Items: items}) {
			return
		}
		told = max(told, n)
		known = known || len(items) > 0
		if next == "" || !s.patient() {
			break
		}
		at = next
	}

	s.mu.Lock()
	s.moved = s.moved || known // who has written here wants to know
	s.told = told
	for _, it := range s.replay {
		s.offer(it)
	}
	s.replay, s.ready = nil, true
	s.mu.Unlock()
	s.write()
}

// write lives while something is queued.
func (s *socket) write() {
	defer s.guard()
	for {
		s.mu.Lock()
		frames, code, moved := s.queue, s.code, s.moved && s.code == 0
		s.queue, s.queued, s.moved = nil, 0, false
		if len(frames) == 0 && code == 0 && !moved {
			s.writing = false
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
		for _, f := range frames {
			if !s.put(f) {
				return
			}
		}
		if moved && !s.putStanding() {
			return
		}
		if len(frames) == 0 && code != 0 {
			// The last word. s.writing stays true: nobody writes after it. The reader waits a little for the
			// client's answer, because closing over unread input would destroy what is under way to it.
			s.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, ""), time.Now().Add(byeTime))
			s.conn.SetReadDeadline(time.Now().Add(byeTime))
			return
		}
	}
}

// putStanding tells where the visitor stands; when nobody knows, nothing is said.
func (s *socket) putStanding() bool {
	ctx, cancel := context.WithTimeout(context.Background(), receiveTime)
	defer cancel()
	st, err := s.a.standing(ctx, s.visitor)
	if err != nil {
		s.a.cfg.Log.Debug("webchat: standing", "account", s.a.cfg.ID, "err", err)
		return true
	}
	return s.put(serverFrame{T: "standing", Standing: st})
}

// put writes one frame; false: the connection is gone, and s.writing stays true so that nobody tries again.
func (s *socket) put(f serverFrame) bool {
	b, err := json.Marshal(f)
	if err == nil {
		s.mu.Lock()
		wait := writeTime + byeTime // a frame that is broken off leaves no room for the closing
		if s.code == closeSlow {
			wait = byeTime
		}
		s.conn.SetWriteDeadline(time.Now().Add(wait))
		s.mu.Unlock()
		slow := time.AfterFunc(writeTime, func() { s.fail(closeSlow, "", "") })
		err = s.conn.WriteMessage(websocket.TextMessage, b)
		slow.Stop()
	}
	if err != nil {
		s.conn.Close() // the reader sees it and ends the socket
		return false
	}
	return true
}

// guard keeps one socket's accident from being everybody's.
func (s *socket) guard() {
	if p := recover(); p != nil {
		s.a.cfg.Log.Error("webchat: panic", "account", s.a.cfg.ID, "panic", p)
		s.conn.Close()
	}
}
