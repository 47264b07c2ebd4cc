package main

import (
	"sync"
	"time"

	"tamas/inbox/record"
)

// Doors by which customers write.
const (
	doorSMS      = "sms"
	doorTelegram = "telegram"
	doorChat     = "webchat"
	doorProbe    = "probe" // an SMS account of its own, to see whether the inbox serves
)

// message is one that a customer sent.
type message struct {
	Door, Thread string
	Seq          int // place in its sender's order; a sender waits for the acknowledgement before the next. 0: unordered
	Text         string
	Sent, Acked  time.Time // Acked is zero while no hub has taken it
	Hub          string    // which one
}

// reply is one that an agent wrote.
type reply struct {
	Agent, Conversation, Key, Text string
	Acked                          time.Time
	Event                          record.ID // that the hub named
	Touch                          string
}

// delivery is one that a provider's double accepted for a customer.
type delivery struct {
	Door, Thread, Text string
	At                 time.Time
}

// seen is one item of a visitor's window.
type seen struct{ ID, From, Text, By string } // By: the hub and the way

// header is what an agent's app holds of a conversation.
type header struct {
	Version          int64
	Status           record.Status
	Owner, OfferedTo string
	Unanswered       bool
}

func headerOf(c *record.Conversation) header {
	return header{c.Version, c.Status, c.Owner, c.OfferedTo, c.Unanswered != 0}
}

// history is everything that clients and providers saw of the hubs. It lives in this process, which no fault touches.
type history struct {
	mu         sync.Mutex
	messages   []*message
	replies    []*reply
	deliveries []delivery
	claims     map[record.ID]string // events that a hub said to be recorded, and to whom
	visitors   map[string][]seen    // visitor → window
	desks      map[string]map[string]header
	commands   int // of agents, beside replies, that a hub acknowledged
	reloads    int // of agents' apps
	resumes    int // of live sockets
	refused    int // answers that told a client to try again
}

func newHistory() *history {
	return &history{claims: map[record.ID]string{}, visitors: map[string][]seen{}, desks: map[string]map[string]header{}}
}

func (h *history) say(m *message) *message {
	h.mu.Lock()
	defer h.mu.Unlock()
	m.Sent = time.Now()
	h.messages = append(h.messages, m)
	return m
}

func (h *history) acked(m *message, hub string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if m.Acked.IsZero() {
		m.Acked, m.Hub = time.Now(), hub
	}
}

func (h *history) wrote(r *reply) *reply {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.replies = append(h.replies, r)
	return r
}

func (h *history) replied(r *reply, event record.ID, touch string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r.Acked, r.Event, r.Touch = time.Now(), event, touch
	if !event.IsZero() {
		h.claims[event] = "the answer to " + r.Agent + "'s reply"
	}
}

// claimed notes that a hub called these events recorded.
func (h *history) claimed(by string, ids ...record.ID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, id := range ids {
		if _, ok := h.claims[id]; !ok {
			h.claims[id] = by
		}
	}
}

func (h *history) delivered(d delivery) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.deliveries = append(h.deliveries, d)
}

func (h *history) count(n *int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	*n++
}

// tally counts for the summary.
func (h *history) tally() (sent, acked, replies, repliesAcked, deliveries int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, m := range h.messages {
		if !m.Acked.IsZero() {
			acked++
		}
	}
	for _, r := range h.replies {
		if !r.Acked.IsZero() {
			repliesAcked++
		}
	}
	return len(h.messages), acked, len(h.replies), repliesAcked, len(h.deliveries)
}
