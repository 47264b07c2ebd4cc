package telegramtest

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"tamas/internal/ports"
)

// Token is the only bot token that the double knows.
const Token = "7000000001:AAtestTokenOfTheDoubleTestTokenOfThe"

// User is a person who writes to the bot. The private chat has the same ID.
type User struct {
	ID        int64  `json:"id"`
	IsBot     bool   `json:"is_bot"`
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name,omitempty"`
	Username  string `json:"username,omitempty"`
	Lang      string `json:"language_code,omitempty"`
	readsAll  bool   // a bot whose privacy mode is off
}

// Message is one that the bot sent, as it is now.
type Message struct {
	ID      int
	ChatID  int64
	Topic   int    // message_thread_id
	Text    string // or caption
	At      time.Time
	Edited  int    // how often
	ReplyTo int    // message_id that it shows itself to answer
	Group   string // media_group_id
	File    *File
}

// File is one that somebody sent.
type File struct {
	ID       string // file_id
	Kind     string // "photo", "video", "animation", "audio", "voice", "document", "sticker", "video_note"
	Name     string
	Type     string
	Content  []byte
	Uploaded bool // in this message; else it was named by its id
	path     string
}

// Fault is what happens to a call that sends something instead of success.
type Fault struct {
	Code        int    // HTTP status and error_code; 0 with Cut: accepted, but the connection is cut before the answer
	Description string // "" : the usual one of the code
	RetryAfter  int    // seconds, of a 429
	MovedTo     int64  // migrate_to_chat_id, of a 400
	Cut         bool
	Body        string // answered as it is with Code, as a proxy in between would; instead of the API's JSON
}

// Server is the double. All methods are safe for concurrent use.
type Server struct {
	addr   string
	quit   chan struct{} // closed by Close
	wg     sync.WaitGroup
	closed bool // under mu

	mu       sync.Mutex
	self     User
	http     *http.Server
	listener net.Listener
	nextID   int64 // of updates
	nextMsg  int
	queue    []*update // pending, oldest first
	acked    []*update // the last few confirmed ones
	wake     chan struct{}
	poll     chan struct{} // of the waiting getUpdates; closed to end it with 409
	lastPoll struct {
		offset int64
		at     time.Time
	}
	webhook  webhook
	retry    time.Duration
	chats    map[int64]User
	blocked  map[int64]bool
	sent     []Message
	actions  int
	files    map[string]*File // by file_id
	nfiles   int
	badFiles []Fault                   // of downloads
	moved    map[int64]int64           // groups that have become supergroups
	said     map[string]map[string]any // "<chat>/<id>" → a customer's message
	pressed  map[string]bool           // callback query → answered
	handed   int
	allowed  []string // allowed_updates, as set last; nil: all
	faults   []Fault
	onSend   func(Message) *Fault
	onAccept func(Message)
	onFile   func(File) *Fault
	calls    map[string]int
}

// update is one pending update.
type update struct {
	id    int64
	chat  int64
	raw   json.RawMessage
	busy  bool      // on its way to the webhook
	due   time.Time // not before, after a failure
	fails int
}

// Start listens on addr ("127.0.0.1:0" for any port) and serves until Close.
func Start(addr string) (*Server, error) {
	s := &Server{
		quit: make(chan struct{}), wake: make(chan struct{}), nextID: 500_000_000, nextMsg: 10,
		retry: time.Second, chats: map[int64]User{}, blocked: map[int64]bool{}, calls: map[string]int{},
		files: map[string]*File{}, moved: map[int64]int64{}, said: map[string]map[string]any{}, pressed: map[string]bool{},
		self: User{ID: 7000000001, IsBot: true, FirstName: "Tamas test bot", Username: "tamas_test_bot"},
	}
	if err := s.listen(addr); err != nil {
		return nil, err
	}
	s.wg.Add(1)
	go s.deliver()
	return s, nil
}

func (s *Server) listen(addr string) error {
	l, err := ports.Listen(addr)
	if err != nil {
		return fmt.Errorf("telegramtest: %w", err)
	}
	srv := &http.Server{Handler: http.HandlerFunc(s.serve), ReadHeaderTimeout: 10 * time.Second}
	s.mu.Lock()
	s.addr, s.http, s.listener = l.Addr().String(), srv, l
	s.mu.Unlock()
	s.wg.Add(1)
	go func() {
		defer s.wg.Done()
		_ = srv.Serve(l)
	}()
	return nil
}

// URL is the address for the setting api_url.
func (s *Server) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return "http://" + s.addr
}

// Stop takes the server off the network, open connections included; webhooks rest too. What it holds stays.
func (s *Server) Stop() {
	s.mu.Lock()
	srv, l := s.http, s.listener
	s.http = nil
	s.mu.Unlock()
	if srv != nil {
		_ = srv.Close()
		_ = l.Close() // which the server does not know yet when it was started a moment ago
	}
}

// Restart brings a stopped server back at its address.
func (s *Server) Restart() error {
	s.mu.Lock()
	addr := s.addr
	s.mu.Unlock()
	defer s.touch()
	return s.listen(addr)
}

// enter counts a request in; false: Close has been called, and its wait may have begun.
func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.wg.Add(1)
	}
	return !s.closed
}

// Close ends everything and waits for it.
func (s *Server) Close() {
	s.Stop()
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	close(s.quit)
	s.wg.Wait()
}

// touch wakes those who wait for updates.
func (s *Server) touch() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.touchLocked()
}

func (s *Server) touchLocked() {
	close(s.wake)
	s.wake = make(chan struct{})
}

// Redeliver puts the update that was confirmed last back at the head of the queue, as if its confirmation had been lost.
func (s *Server) Redeliver() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.acked); n > 0 {
		u := s.acked[n-1]
		s.acked = s.acked[:n-1]
		s.queue = append([]*update{{id: u.id, chat: u.chat, raw: u.raw}}, s.queue...)
		s.touchLocked()
	}
}

// confirm takes the first n updates off the queue. s.mu is held.
func (s *Server) confirm(n int) {
	s.acked = append(s.acked, s.queue[:n]...)
	s.queue = s.queue[n:]
	if len(s.acked) > 100 {
		s.acked = append([]*update(nil), s.acked[len(s.acked)-10:]...)
	}
}

// Pending counts the updates that are not confirmed.
func (s *Server) Pending() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.queue)
}

// Sent lists what the bot sent and the double accepted, in order.
func (s *Server) Sent() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Message(nil), s.sent...)
}

// Actions counts the calls of sendChatAction.
func (s *Server) Actions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.actions
}

// Calls counts the calls of a method, its name in lower case.
func (s *Server) Calls(method string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[method]
}

// FailNext meets the next calls that send something with the faults, one each.
func (s *Server) FailNext(f ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, f...)
}

// OnSend sets a function that may refuse a message before it is accepted; nil lets it pass.
func (s *Server) OnSend(f func(Message) *Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onSend = f
}

// OnAccept sets a function that is called after a message was accepted and before it is answered.
func (s *Server) OnAccept(f func(Message)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onAccept = f
}

// Block makes a user block the bot, or let it in again; the bot hears of it by my_chat_member when it asks for that.
func (s *Server) Block(user int64, blocked bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.blocked[user] = blocked
	before, after := "member", "kicked"
	if !blocked {
		before, after = after, before
	}
	bot := map[string]any{"id": 1, "is_bot": true, "first_name": "bot"}
	member := func(status string) map[string]any {
		m := map[string]any{"status": status, "user": bot}
		if status == "kicked" {
			m["until_date"] = 0
		}
		return m
	}
	s.update("my_chat_member", user, map[string]any{"chat": map[string]any{"id": user, "type": "private", "first_name": "x"},
		"from": map[string]any{"id": user, "first_name": "x"}, "date": 1, "old_chat_member": member(before), "new_chat_member": member(after)})
}

// RetryEvery makes failed webhook deliveries come again after d, whatever their answer asked for. Without it the
// answer's Retry-After counts, else 1 s that doubles.
func (s *Server) RetryEvery(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.webhook.every = d
}

// Webhook is the address that is set; "" while none is.
func (s *Server) Webhook() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.webhook.url
}

// SetWebhook sets a webhook as another program with the same token would.
func (s *Server) SetWebhook(url string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.webhook.url, s.webhook.secret = url, ""
	s.touchLocked()
}
