package telegram

import (
	"context"
	"crypto/subtle"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/go-telegram/bot"

	"tamas/channels"
)

// runWebhook sets the webhook and watches over it.
func (a *adapter) runWebhook(ctx context.Context) error {
	c, _, cancel := begin(ctx, brief)
	_, err := a.api.SetWebhook(c, &bot.SetWebhookParams{URL: a.hook, SecretToken: a.secret, AllowedUpdates: wanted, MaxConnections: 40})
	cancel()
	if err != nil {
		return a.report(ctx, a.judge(err))
	}
	set := time.Now()
	a.desk.Health(channels.Health{State: "connected", HeardAt: set})
	for {
		if err := pause(ctx, a.pace.info); err != nil {
			return err
		}
		c, _, cancel := begin(ctx, brief)
		info, err := a.api.GetWebhookInfo(c)
		cancel()
		if err != nil {
			return a.report(ctx, a.judge(err))
		}
		if info.URL != a.hook {
			return a.report(ctx, &trouble{refused: true, err: errors.New("the webhook was changed"),
				text: "Another program took this bot's messages over; its webhook was changed"})
		}
		failed := time.Unix(int64(info.LastErrorDate), 0)
		if info.PendingUpdateCount > 0 && failed.After(set) && time.Since(failed) < 4*a.pace.info {
			a.desk.Health(channels.Health{State: "failing", Detail: "Telegram could not deliver to " + a.hook + ": " + cut(info.LastErrorMessage, 200)})
			continue
		}
		a.desk.Health(channels.Health{State: "connected", HeardAt: time.Now()})
	}
}

// ServeHTTP takes one update from Telegram: 401 without the secret token, 503 with Retry-After (which
// Telegram honours) until it is recorded.
func (a *adapter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if a.hook == "" {
		http.Error(w, "this account fetches its messages itself", http.StatusNotFound)
		return
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "POST only", http.StatusMethodNotAllowed)
		return
	}
	if subtle.ConstantTimeCompare([]byte(r.Header.Get("X-Telegram-Bot-Api-Secret-Token")), []byte(a.secret)) != 1 {
		http.Error(w, "the secret token is missing or wrong", http.StatusUnauthorized)
		return
	}
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		var big *http.MaxBytesError
		if errors.As(err, &big) {
			http.Error(w, "too large", http.StatusRequestEntityTooLarge)
			return
		}
		http.Error(w, "the request broke off", http.StatusBadRequest)
		return
	}
	if _, in, ok := parse(raw); ok {
		if err := a.desk.Receive(r.Context(), channels.Batch{Messages: []channels.Inbound{in}}); err != nil {
			a.log.Warn("telegram: a message is not recorded; asking for it again", "key", in.Key, "err", err)
			w.Header().Set("Retry-After", "1")
			http.Error(w, "not recorded yet; deliver it again", http.StatusServiceUnavailable)
			return
		}
	}
	a.hear()
	w.WriteHeader(http.StatusOK)
}

// hear reports that Telegram was heard, at most once a second.
func (a *adapter) hear() {
	now := time.Now()
	a.mu.Lock()
	due := now.Sub(a.heard) >= time.Second
	if due {
		a.heard = now
	}
	a.mu.Unlock()
	if due {
		a.desk.Health(channels.Health{State: "connected", HeardAt: now})
	}
}
