package telegram

import (
	"context"
	"crypto/subtle"
	"errors"
	"io"
	"net/http"
	"time"

	"tamas/channels"
	"tamas/channels/provider"
)

// runWebhook sets the webhook and watches over it.
func (a *adapter) runWebhook(ctx context.Context) error {
	_, ce := a.api.call(ctx, "setWebhook", params{"url": a.hook, "secret_token": a.secret, "allowed_updates": wanted, "max_connections": 40})
	if ce != nil {
		return a.report(ctx, judge(ce))
	}
	set := time.Now()
	a.healthy(0)
	for {
		if err := provider.Pause(ctx, a.pace.info); err != nil {
			return err
		}
		info, ce := a.webhookInfo(ctx)
		if ce != nil {
			return a.report(ctx, judge(ce))
		}
		if info.URL != a.hook {
			return a.report(ctx, &trouble{refused: true, err: errors.New("the webhook was changed"),
				text: "Another program took this bot's messages over; its webhook was changed",
				do:   "Stop the other program, or revoke the token with @BotFather (/revoke) and enter the new one here."})
		}
		failed := time.Unix(int64(info.LastErrorDate), 0)
		if info.PendingUpdateCount > 0 && failed.After(set) && time.Since(failed) < 4*a.pace.info {
			a.desk.Health(channels.Health{State: "failing", Backlog: info.PendingUpdateCount,
				Detail: "Telegram could not deliver to " + a.hook + ": " + cut(info.LastErrorMessage, 200),
				Do:     "See that this address can be reached from the internet over https, with a certificate that is valid."})
			continue
		}
		a.healthy(info.PendingUpdateCount)
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
	if err := a.takeOne(r.Context(), raw); err != nil {
		a.log.Warn("telegram: a message is not recorded; asking for it again", "err", err)
		w.Header().Set("Retry-After", "1")
		http.Error(w, "not recorded yet; deliver it again", http.StatusServiceUnavailable)
		return
	}
	a.hear()
	w.WriteHeader(http.StatusOK)
}

// takeOne records one update. Telegram brings a chat's next one only after this is answered, so nothing is waited for: each part
// of an album is a message of its own here.
func (a *adapter) takeOne(ctx context.Context, raw []byte) error {
	if a.set.Groups != "" && a.set.Groups != "no" {
		if _, ce := a.self(ctx); ce != nil {
			return ce
		}
	}
	page := []arrival{a.reader.read(raw)}
	u := &page[0]
	if u.left != "" {
		return a.desk.Unreachable(ctx, u.left, hasBlocked)
	}
	if !u.record {
		return nil
	}
	failed, err := a.fill(ctx, page)
	if err != nil {
		return err
	}
	if failed[0] != nil {
		return failed[0]
	}
	if err := a.desk.Receive(ctx, channels.Batch{Messages: []channels.Inbound{u.in}}); err != nil {
		return err
	}
	if u.callback != "" {
		a.pressed(ctx, []string{u.callback})
	}
	return nil
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
		a.healthy(0)
	}
}
