package telegram

import (
	"context"
	"time"
)

// Telegram shows "typing…" for five seconds.
const typingShown = 4 * time.Second

// Typing implements channels.Typist. Telegram lets it end by itself, or by the message.
func (a *adapter) Typing(ctx context.Context, thread, address string, on bool) {
	to, ok := a.target(thread, address)
	if !on || !ok {
		return
	}
	key := to.String()
	if last, ok := a.typed.get(key); ok && time.Since(last) < typingShown {
		return
	}
	a.typed.put(key, time.Now())
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	if _, ce := a.api.call(ctx, "sendChatAction", to.params(params{"action": "typing"})); ce != nil {
		a.log.Debug("telegram: the customer does not see the agent typing", "err", ce)
	}
}
