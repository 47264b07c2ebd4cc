package inbox

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"tamas/channels"
	"tamas/inbox/record"
)

// AccountHealth is what an account lives through, wherever it runs.
type AccountHealth struct {
	ID      string        `json:"account"`
	State   string        `json:"state"`
	Detail  string        `json:"detail,omitempty"`
	HeardAt record.Millis `json:"heard_at,omitempty"`
}

// healthBook holds the accounts' health: this node's own, to be told to the others, and theirs.
type healthBook struct {
	mu    sync.Mutex
	all   map[string]AccountHealth
	dirty map[string]bool
}

func newHealthBook() *healthBook {
	return &healthBook{all: map[string]AccountHealth{}, dirty: map[string]bool{}}
}

func (b *healthBook) report(account string, hl channels.Health) {
	b.mu.Lock()
	defer b.mu.Unlock()
	x := b.all[account]
	x.ID, x.State, x.Detail = account, hl.State, cleanLine(hl.Detail, 512)
	if at := record.At(hl.HeardAt); at > x.HeardAt {
		x.HeardAt = at
	}
	b.all[account], b.dirty[account] = x, true
}

func (b *healthBook) heard(account string, at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	x := b.all[account]
	x.ID, x.HeardAt = account, record.At(at)
	b.all[account], b.dirty[account] = x, true
}

func (b *healthBook) learn(x AccountHealth) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.dirty[x.ID] {
		b.all[x.ID] = x
	}
}

func (b *healthBook) take() []AccountHealth {
	b.mu.Lock()
	defer b.mu.Unlock()
	var list []AccountHealth
	for id := range b.dirty {
		list = append(list, b.all[id])
	}
	clear(b.dirty)
	return list
}

// Health gives an account's health as this node knows it.
func (h *Hub) Health(account string) AccountHealth {
	h.health.mu.Lock()
	defer h.health.mu.Unlock()
	x := h.health.all[account]
	x.ID = account
	return x
}

// news is what is said between nodes and kept by nobody: typing, health.
type news struct {
	Type         string         `json:"t"` // "typing", "health", "status"
	Conversation string         `json:"conversation,omitempty"`
	From         string         `json:"from,omitempty"`
	Agent        string         `json:"agent,omitempty"`
	On           bool           `json:"on,omitempty"`
	Record       string         `json:"record,omitempty"` // status: "up", "down"
	Health       *AccountHealth `json:"health,omitempty"`
}

// Typing tells everybody that an agent is typing to the customer.
func (h *Hub) Typing(conversation, agent string, on bool) {
	h.publish(news{Type: "typing", Conversation: conversation, From: "agent", Agent: agent, On: on})
}

// publish never blocks: news that cannot be said now is not said.
func (h *Hub) publish(n news) {
	select {
	case h.newsOut <- n:
	default:
	}
}

// OnNews calls f with each item for live sockets, {"t":"typing",…} or {"t":"health",…}, until stop. f must not block.
func (h *Hub) OnNews(f func(json []byte)) (stop func()) {
	h.newsMu.Lock()
	defer h.newsMu.Unlock()
	h.newsNext++
	id := h.newsNext
	h.newsTo[id] = f
	return func() {
		h.newsMu.Lock()
		defer h.newsMu.Unlock()
		delete(h.newsTo, id)
	}
}

func (h *Hub) newsLoop(ctx context.Context) error {
	sub := h.rdb.Subscribe(ctx, h.keys.news())
	defer sub.Close()
	in := sub.Channel()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	if list, err := h.rdb.HGetAll(ctx, h.keys.health()).Result(); err == nil {
		for _, text := range list {
			var x AccountHealth
			if json.Unmarshal([]byte(text), &x) == nil {
				h.health.learn(x)
			}
		}
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case n := <-h.newsOut:
			h.say(ctx, n)
		case <-tick.C:
			for _, x := range h.health.take() {
				text, _ := json.Marshal(x)
				h.rdb.HSet(ctx, h.keys.health(), x.ID, text)
				h.say(ctx, news{Type: "health", Health: &x})
			}
		case m, ok := <-in:
			if !ok {
				return nil
			}
			h.hear([]byte(m.Payload))
		}
	}
}

func (h *Hub) say(ctx context.Context, n news) {
	body, _ := json.Marshal(n)
	h.rdb.Publish(ctx, h.keys.news(), body)
}

func (h *Hub) hear(body []byte) {
	var n news
	if json.Unmarshal(body, &n) != nil {
		return
	}
	switch {
	case n.Type == "status":
		h.recordDown.Store(n.Record == "down")
	case n.Type == "health" && n.Health != nil:
		h.health.learn(*n.Health)
		body, _ = json.Marshal(struct {
			Type string `json:"t"`
			AccountHealth
		}{"health", *n.Health})
	case n.Type == "typing" && n.From == "agent":
		if c, ok := h.mirror.conversation(n.Conversation); ok {
			h.watchers.tell(threadField(c.In()), channels.Item{Kind: "typing", From: "agent", Name: h.publicName(n.Agent), On: n.On, At: h.now()})
		}
	}
	h.newsMu.Lock()
	defer h.newsMu.Unlock()
	for _, f := range h.newsTo {
		f(body)
	}
}
