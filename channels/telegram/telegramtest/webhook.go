package telegramtest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"time"
)

// webhook is what setWebhook set and what became of its deliveries.
type webhook struct {
	url, secret string
	conns       int
	errAt       time.Time
	err         string
	every       time.Duration
}

func (s *Server) setWebhook(w http.ResponseWriter, arg func(string) string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.webhook.url, s.webhook.secret = arg("url"), arg("secret_token")
	s.webhook.conns, _ = strconv.Atoi(arg("max_connections"))
	s.allow(arg("allowed_updates"))
	s.webhook.err, s.webhook.errAt = "", time.Time{}
	if drop, _ := strconv.ParseBool(arg("drop_pending_updates")); drop {
		s.confirm(len(s.queue))
	}
	s.touchLocked()
	answer(w, true)
}

func (s *Server) getWebhookInfo(w http.ResponseWriter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	info := map[string]any{"url": s.webhook.url, "has_custom_certificate": false, "pending_update_count": len(s.queue)}
	if s.webhook.url != "" {
		info["max_connections"] = s.webhook.conns
		info["allowed_updates"] = s.allowed
	}
	if s.webhook.err != "" {
		info["last_error_date"] = s.webhook.errAt.Unix()
		info["last_error_message"] = s.webhook.err
	}
	answer(w, info)
}

// deliver hands pending updates to the webhook, one at a time for each chat, until the server closes.
func (s *Server) deliver() {
	defer s.wg.Done()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}, Timeout: time.Minute}
	defer client.CloseIdleConnections()
	go func() { // s.quit ends what is on its way
		<-s.quit
		cancel()
	}()
	for {
		s.mu.Lock()
		wake := s.wake
		next := time.Duration(0)
		if s.webhook.url != "" && s.http != nil {
			next = s.hand(ctx, client)
		}
		s.mu.Unlock()
		var due <-chan time.Time
		if next > 0 {
			timer := time.NewTimer(next)
			due = timer.C
		}
		select {
		case <-wake:
		case <-due:
		case <-s.quit:
			return
		}
	}
}

// hand starts a delivery for each chat that has none under way and is due, within the bound of connections. It
// returns how long until the next becomes due; 0 when nothing waits for time. s.mu is held.
func (s *Server) hand(ctx context.Context, client *http.Client) (next time.Duration) {
	seen := map[int64]bool{}
	busy := 0
	conns := s.webhook.conns
	if conns <= 0 || conns > 100 {
		conns = 40
	}
	for _, u := range s.queue {
		if u.busy {
			busy++
			seen[u.chat] = true
		}
	}
	now := time.Now()
	for _, u := range s.queue {
		if busy >= conns {
			break
		}
		if seen[u.chat] {
			continue
		}
		seen[u.chat] = true
		if wait := u.due.Sub(now); wait > 0 {
			if next == 0 || wait < next {
				next = wait
			}
			continue
		}
		u.busy = true
		s.handed++
		busy++
		s.wg.Add(1)
		go s.post(ctx, client, u, s.webhook.url, s.webhook.secret)
	}
	return next
}

// post makes one delivery and notes how it went.
func (s *Server) post(ctx context.Context, client *http.Client, u *update, url, secret string) {
	defer s.wg.Done()
	failure, after := "", time.Duration(0)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(u.raw))
	if err == nil {
		req.Header.Set("Content-Type", "application/json")
		if secret != "" {
			req.Header.Set("X-Telegram-Bot-Api-Secret-Token", secret)
		}
		var resp *http.Response
		if resp, err = client.Do(req); err == nil {
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
			if resp.StatusCode/100 != 2 {
				failure = "Wrong response from the webhook: " + resp.Status
				sec, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
				after = time.Duration(sec) * time.Second
			}
		}
	}
	if err != nil {
		failure = "Connection refused"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	u.busy = false
	if failure == "" {
		for i, q := range s.queue {
			if q == u {
				s.queue = append(s.queue[:i:i], s.queue[i+1:]...)
				s.acked = append(s.acked, u)
				break
			}
		}
	} else {
		s.webhook.err, s.webhook.errAt = failure, time.Now()
		if after == 0 {
			after = s.retry << min(u.fails, 6)
		}
		if s.webhook.every > 0 {
			after = s.webhook.every
		}
		u.fails++
		u.due = time.Now().Add(after)
	}
	s.touchLocked()
}
