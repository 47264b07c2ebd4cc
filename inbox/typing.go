package inbox

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"tamas/channels"
)

// Customers see that an agent is typing where their channel can show it. Providers show it for some five seconds, so it is
// said again while it goes on.
const (
	typingEvery = 4 * time.Second // at most so often for one conversation
	typingTime  = 5 * time.Second // of one call
	typingMost  = 8               // calls at once; what is more is not said
)

// typists holds what was last said, by conversation.
type typists struct {
	mu   sync.Mutex
	said map[string]time.Time // that an agent types; removed when said that it is over
	todo chan typing
}

type typing struct {
	conversation string
	on           bool
}

func newTypists() *typists {
	return &typists{said: map[string]time.Time{}, todo: make(chan typing, 64)}
}

// due tells whether the provider is to hear this now, and takes it as said.
func (t *typists) due(conversation string, on bool, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	last, was := t.said[conversation]
	if !on {
		delete(t.said, conversation)
		return was
	}
	if was && now.Sub(last) < typingEvery {
		return false
	}
	if len(t.said) > 1000 { // agents who went without a word
		for id, at := range t.said {
			if now.Sub(at) > time.Minute {
				delete(t.said, id)
			}
		}
	}
	t.said[conversation] = now
	return true
}

// Typing tells everybody, and the customer where the channel can, that an agent is typing or has stopped. It never blocks.
func (h *Hub) Typing(conversation, agent string, on bool) {
	h.publish(news{Type: "typing", Conversation: conversation, From: "agent", Agent: agent, On: on})
	c, ok := h.mirror.conversation(conversation)
	if !ok || h.typist(c.Account) == nil || !h.typists.due(conversation, on, h.now()) {
		return
	}
	select {
	case h.typists.todo <- typing{conversation, on}:
	default:
	}
}

// typist is the account's adapter, when it can show typing; nil when not.
func (h *Hub) typist(account string) channels.Typist {
	h.accounts.mu.RLock()
	defer h.accounts.mu.RUnlock()
	if a := h.accounts.open[account]; a != nil {
		t, _ := a.adapter.(channels.Typist)
		return t
	}
	return nil
}

// typingLoop makes the calls, off the path of those who type.
func (h *Hub) typingLoop(ctx context.Context) error {
	var g errgroup.Group
	g.SetLimit(typingMost)
	defer func() { _ = g.Wait() }()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case x := <-h.typists.todo:
			g.TryGo(func() error {
				h.sayTyping(ctx, x)
				return nil
			})
		}
	}
}

func (h *Hub) sayTyping(ctx context.Context, x typing) {
	ctx, cancel := context.WithTimeout(ctx, typingTime)
	defer cancel()
	c, ok := h.mirror.conversation(x.conversation)
	if !ok {
		return
	}
	identity, err := h.db.Identity(ctx, c.Identity)
	t := h.typist(c.Account)
	if err != nil || t == nil || identity.Consent == "stop" || identity.Unreachable != "" {
		return
	}
	t.Typing(ctx, c.Thread, identity.Address, x.on)
}
