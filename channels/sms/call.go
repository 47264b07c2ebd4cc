package sms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"tamas/channels"
)

// brief bounds one call of a provider, maxAnswer its answer.
const (
	brief     = 20 * time.Second
	maxAnswer = 16 << 20
)

// answer is what became of a call.
type answer struct {
	wrote  bool // the request may have reached the provider
	status int  // 0: no answer came
	body   []byte
	retry  time.Duration // Retry-After; 0: not given
}

// call makes one HTTP call. Its error has no address, which may hold a secret in its query.
func (a *account) call(ctx context.Context, build func(context.Context) (*http.Request, error)) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, brief)
	defer cancel()
	var out answer
	var wrote atomic.Bool
	req, err := build(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { wrote.Store(true) }}))
	if err != nil {
		return out, err
	}
	resp, err := a.client.Do(req)
	out.wrote = wrote.Load()
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err
		}
		return out, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return out, fmt.Errorf("read the answer: %w", err)
	}
	out.status, out.body = resp.StatusCode, body
	if sec, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && sec > 0 {
		out.retry = min(time.Duration(sec)*time.Second, time.Hour)
	}
	return out, nil
}

// outcome classifies a send that failed. said is the provider's own error, "" when the answer is not in its words; the
// rule is that what it refused in its own words, and what never reached it, was not accepted.
func (o answer) outcome(name, said string, err error) *channels.SendError {
	se := &channels.SendError{Err: err}
	if se.Err == nil {
		se.Err = fmt.Errorf("HTTP %d", o.status)
	}
	with := func(reason string) *channels.SendError {
		se.Reason = reason
		if said != "" {
			se.Reason += ": " + said
		}
		return se
	}
	switch {
	case o.status == 0 && !o.wrote:
		return with(name + " cannot be reached")
	case o.status == http.StatusTooManyRequests:
		se.RetryAfter = max(o.retry, time.Second)
		return with(name + " asks to send less often")
	case o.status == http.StatusUnauthorized, o.status == http.StatusForbidden:
		return with(name + " refused the account's credentials")
	case o.status == http.StatusRequestTimeout, o.status == http.StatusTooEarly, o.status == http.StatusServiceUnavailable, o.status/100 == 3:
		return with(name + " cannot take the message now")
	case o.status/100 == 4:
		// A 4xx that is not in the provider's words comes from something in between and may pass.
		se.Permanent = said != ""
		return with(name + " did not accept the message")
	case o.status/100 == 5 && said != "":
		return with(name + " cannot take the message now")
	}
	se.Uncertain = true
	return with(name + " did not answer; it may have taken the message")
}

// clip bounds and cleans a provider's own words before people see them.
func clip(s string) string {
	s = strings.TrimSpace(strings.ToValidUTF8(s, ""))
	if len(s) > 300 {
		s = strings.ToValidUTF8(s[:300], "") + "…"
	}
	return s
}

// pause waits for d or until ctx ends, which it returns as an error.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// trouble is why an account does not work, told for people.
type trouble struct {
	refused bool
	text    string
}

func (t *trouble) Error() string { return t.text }

// report tells the desk of a trouble and returns what Run returns.
func (a *account) report(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	state := "failing"
	var t *trouble
	if errors.As(err, &t) && t.refused {
		state = "refused"
	}
	a.desk.Health(channels.Health{State: state, Detail: err.Error()})
	return err
}

// refuse answers a call of the webhook that is not taken.
func refuse(w http.ResponseWriter, status int, code, message string) {
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]string{"code": code, "message": message}})
}

// readBody reads a webhook's body; when that fails it has answered.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		refuse(w, http.StatusMethodNotAllowed, "method", "POST only")
		return nil, false
	}
	body, err := io.ReadAll(r.Body)
	var big *http.MaxBytesError
	switch {
	case errors.As(err, &big):
		refuse(w, http.StatusRequestEntityTooLarge, "too_large", "the body is too large")
	case err != nil:
		refuse(w, http.StatusBadRequest, "invalid", "the request broke off")
	case len(body) == 0:
		refuse(w, http.StatusBadRequest, "invalid", "the body is empty")
	}
	return body, err == nil && len(body) > 0
}
