package agentui

import (
	"errors"
	"io"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/time/rate"
)

const (
	maxQueuePages = 256     // pages that wait for one socket
	maxQueueBytes = 4 << 20 // of them; the bytes are shared by all sockets, the bound is on how far one may be behind

	sendBuffer = 128 << 10 // of the kernel

	writeFor = 10 * time.Second // for one page to go out; then the reader is slow
	closeFor = 10 * time.Second // for a slow reader to come to its close frame, and for its answer
	readFor  = 70 * time.Second // without a pong or a frame the socket is dead; more than two pings

	framesPerSecond = 20 // that a client may send
	framesBurst     = 60
)

// page is one WebSocket message, built once and written to many sockets.
type page struct {
	message *websocket.PreparedMessage
	items   int
	bytes   int
	figures bool // of figures: see socket.offer
}

func newPage(payload []byte, items int) *page {
	m, err := websocket.NewPreparedMessage(websocket.TextMessage, payload)
	if err != nil {
		panic(err) // only a bad message type
	}
	return &page{message: m, items: items, bytes: len(payload)}
}

// control is a page that holds a control frame, so that it too waits its turn and never blocks who sends it.
func control(kind int, payload []byte) *page {
	m, err := websocket.NewPreparedMessage(kind, payload)
	if err != nil {
		return nil // longer than a control frame may be
	}
	return &page{message: m, bytes: len(payload)}
}

var (
	pingPage = control(websocket.PingMessage, nil)
	pongPage = newPage([]byte(`[{"t":"pong"}]`), 1)
)

// socket is one agent's connection. A goroutine reads it for as long as it lives; another writes only while
// something waits. The reader owns the connection's end: it closes it and leaves live.
type socket struct {
	conn   *websocket.Conn
	live   *live
	who    *principal
	id     string
	frames *rate.Limiter // of the client's

	mu      sync.Mutex
	opened  bool    // hello is queued; before that pages only wait
	queue   []*page // [head:] waits, or is being written
	head    int
	bytes   int // of queue[head:]
	pages   int // that may wait
	most    int // bytes that may wait
	writing bool
	figures bool       // a page of figures waits or is being written
	ending  *closeCode // set once; nothing is queued after it
}

func newSocket(conn *websocket.Conn, l *live, who *principal) *socket {
	return &socket{conn: conn, live: l, who: who, id: newSecret()[:16], frames: rate.NewLimiter(framesPerSecond, framesBurst),
		pages: maxQueuePages, most: maxQueueBytes}
}

// open queues hello and what was missed in front of what has come since the socket joined.
func (s *socket) open(front []*page) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending != nil {
		return
	}
	s.queue = append(front, s.queue...) // nothing was written yet: head is 0
	for _, p := range front {
		s.bytes += p.bytes
		s.most += p.bytes // who comes back after long is not slow for it
	}
	s.pages += len(front)
	s.opened = true
	s.start()
}

// push queues a page. A socket that is too far behind is cut off.
func (s *socket) push(p *page) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending == nil {
		s.pushLocked(p)
	}
}

// pushLocked is push of a socket that is not ending. s.mu is held.
func (s *socket) pushLocked(p *page) {
	if n := len(s.queue) - s.head; n >= s.pages || n > 0 && s.bytes+p.bytes > s.most {
		s.endLocked(closeSlow)
		return
	}
	s.queue = append(s.queue, p)
	s.bytes += p.bytes
	if s.opened {
		s.start()
	}
}

// end closes the socket with a code after the page that is being written; what waits is dropped. It does not block.
func (s *socket) end(code closeCode) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending == nil {
		s.endLocked(code)
	}
}

func (s *socket) endLocked(code closeCode) {
	s.ending = &code
	s.queue, s.head, s.bytes = nil, 0, 0
	s.live.metrics.closed.WithLabelValues(code.Reason).Inc()
	if s.writing {
		// A reader that does not read gets a last chance, then no more than the connection's end.
		_ = s.conn.NetConn().SetWriteDeadline(time.Now().Add(closeFor))
	}
	s.start()
}

// start makes sure that a writer runs. s.mu is held.
func (s *socket) start() {
	if !s.writing {
		s.writing = true
		go s.write()
	}
}

// write writes what waits, and returns when nothing does.
func (s *socket) write() {
	// A page that does not go out in time cuts the reader off by name. The deadline of the write itself is later: a page
	// that is broken off leaves no room for a close frame.
	slow := time.AfterFunc(writeFor, func() { s.end(closeSlow) })
	defer slow.Stop()
	for {
		s.mu.Lock()
		if s.ending != nil {
			code := *s.ending
			s.mu.Unlock()
			s.sayGoodbye(code)
			return // writing stays true: nobody writes after it
		}
		if s.head == len(s.queue) {
			s.queue, s.head = s.queue[:0], 0
			s.writing = false
			s.mu.Unlock()
			return
		}
		p := s.queue[s.head]
		s.mu.Unlock()

		slow.Reset(writeFor)
		_ = s.conn.SetWriteDeadline(time.Now().Add(writeFor + closeFor))
		if err := s.conn.WritePreparedMessage(p.message); err != nil {
			s.mu.Lock()
			if s.ending == nil {
				s.ending = &closeSlow
				s.live.metrics.closed.WithLabelValues("write failed").Inc()
			}
			s.mu.Unlock()
			s.conn.Close() // the reader notices and leaves
			return
		}
		s.mu.Lock()
		if p.figures {
			s.figures = false
		}
		if s.ending == nil {
			s.queue[s.head] = nil
			s.head++
			s.bytes -= p.bytes
		}
		s.mu.Unlock()
	}
}

// sayGoodbye sends the close frame and gives the client a while to answer it.
func (s *socket) sayGoodbye(code closeCode) {
	deadline := time.Now().Add(closeFor)
	message := websocket.FormatCloseMessage(code.Code, code.Reason)
	if err := s.conn.WriteControl(websocket.CloseMessage, message, deadline); err != nil {
		s.conn.Close()
		return
	}
	_ = s.conn.SetReadDeadline(deadline)
}

// read reads frames until the connection ends. It runs in a goroutine of its own.
func (s *socket) read() {
	defer func() {
		s.mu.Lock()
		if s.ending == nil {
			s.ending = &closeGoing // nothing more is queued
			s.live.metrics.closed.WithLabelValues("by client").Inc()
		}
		s.mu.Unlock()
		s.conn.Close()
		s.live.leave(s)
	}()
	s.conn.SetReadLimit(16 * maxClientFrame) // beyond it gorilla answers by itself
	extend := func() { s.extendRead() }
	extend()
	s.conn.SetPongHandler(func(string) error { extend(); return nil })
	s.conn.SetPingHandler(func(data string) error {
		if !s.frames.Allow() {
			return errors.New("too many pings")
		}
		extend()
		if p := control(websocket.PongMessage, []byte(data)); p != nil {
			s.push(p)
		}
		return nil
	})
	for {
		kind, r, err := s.conn.NextReader()
		if err != nil {
			return
		}
		b, err := io.ReadAll(io.LimitReader(r, maxClientFrame+1))
		if err != nil {
			return
		}
		if !s.take(kind, b) {
			s.end(closeBad)
			s.drain()
			return
		}
		extend()
	}
}

// extendRead moves the read deadline, unless the socket is ending and has a nearer one.
func (s *socket) extendRead() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending == nil {
		_ = s.conn.SetReadDeadline(time.Now().Add(readFor))
	}
}

// drain reads and forgets until the client answers the close frame, so that closing does not reset the
// connection before the close frame has come through.
func (s *socket) drain() {
	_ = s.conn.SetReadDeadline(time.Now().Add(closeFor))
	for {
		if _, _, err := s.conn.NextReader(); err != nil {
			return
		}
	}
}

// take acts on one frame from the client; false: it is bad, or there are too many.
func (s *socket) take(kind int, b []byte) bool {
	if kind != websocket.TextMessage || !s.frames.Allow() {
		return false
	}
	f, err := parseClientFrame(b)
	if err != nil {
		return false
	}
	switch f.T {
	case "ping":
		s.push(pongPage)
	case "watch":
		s.live.watch(s, f.On)
	case "typing":
		s.live.hub.Typing(f.Conversation, s.who.User.ID, f.On)
	}
	return true
}
