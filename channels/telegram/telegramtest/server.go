package telegramtest

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
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
}

// Message is one that the bot sent.
type Message struct {
	ID     int
	ChatID int64
	Text   string
	At     time.Time
}

// Fault is what happens to a call of sendMessage instead of success.
type Fault struct {
	Code        int    // HTTP status and error_code; 0 with Cut: accepted, but the connection is cut before the answer
	Description string // "" : the usual one of the code
	RetryAfter  int    // seconds, of a 429
	Cut         bool
	Body        string // answered as it is with Code, as a proxy in between would; instead of the API's JSON
}

// Server is the double. All methods are safe for concurrent use.
type Server struct {
	addr string
	quit chan struct{} // closed by Close
	wg   sync.WaitGroup

	mu       sync.Mutex
	http     *http.Server
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
	faults   []Fault
	onSend   func(Message) *Fault
	onAccept func(Message)
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
	}
	if err := s.listen(addr); err != nil {
		return nil, err
	}
	s.wg.Add(1)
	go s.deliver()
	return s, nil
}

func (s *Server) listen(addr string) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("telegramtest: %w", err)
	}
	srv := &http.Server{Handler: http.HandlerFunc(s.serve), ReadHeaderTimeout: 10 * time.Second}
	s.mu.Lock()
	s.addr, s.http = l.Addr().String(), srv
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
	srv := s.http
	s.http = nil
	s.mu.Unlock()
	if srv != nil {
		_ = srv.Close()
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

// Close ends everything and waits for it.
func (s *Server) Close() {
	s.Stop()
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

// Say makes a user write a text in the private chat with the bot. It returns the message's id.
func (s *Server) Say(from User, text string) int {
	return s.SayWith(from, map[string]any{"text": text})
}

// SayWith is Say with other fields of the Bot API's Message (photo, caption, location …).
func (s *Server) SayWith(from User, fields map[string]any) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nextMsg++
	id := s.nextMsg
	s.put(from, "message", id, time.Now(), fields)
	return id
}

// Edit makes a user change the text of an own message.
func (s *Server) Edit(from User, messageID int, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.put(from, "edited_message", messageID, now, map[string]any{"text": text, "edit_date": now.Unix()})
}

// put queues an update with a private message. s.mu is held.
func (s *Server) put(from User, kind string, id int, at time.Time, fields map[string]any) {
	m := map[string]any{
		"message_id": id, "date": at.Unix(), "from": from,
		"chat": map[string]any{"id": from.ID, "type": "private", "first_name": from.FirstName, "last_name": from.LastName, "username": from.Username},
	}
	for k, v := range fields {
		m[k] = v
	}
	s.chats[from.ID] = from
	raw, err := json.Marshal(map[string]any{"update_id": s.nextID + 1, kind: m})
	if err != nil {
		panic(fmt.Sprintf("telegramtest: fields that are no JSON: %v", err))
	}
	s.enqueue(from.ID, raw)
}

// Inject queues an update as it is: %d in raw stands for its update_id. chat orders it among the chat's updates.
func (s *Server) Inject(chat int64, raw string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.enqueue(chat, json.RawMessage(fmt.Sprintf(raw, s.nextID+1)))
}

func (s *Server) enqueue(chat int64, raw json.RawMessage) {
	s.nextID++
	s.queue = append(s.queue, &update{id: s.nextID, chat: chat, raw: raw})
	s.touchLocked()
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

// FailNext meets the next calls of sendMessage with the faults, one each.
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

// Block makes a user block the bot, or let it in again.
func (s *Server) Block(user int64, blocked bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.blocked[user] = blocked
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
