package telegram

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-telegram/bot"

	"tamas/channels"
)

// maxAnswer bounds an answer of the Bot API; getUpdates fills at most 4 MiB.
const maxAnswer = 16 << 20

// wire carries the calls of the library and of getUpdates, and notes in the call's context what became of
// each, which the library's errors do not tell.
type wire struct {
	client *http.Client
	token  string
}

// call is what became of one call.
type call struct {
	wrote  atomic.Bool // the request may have reached the server
	status int         // of the answer; 0: none came
	spoke  bool        // the answer is the Bot API's own, not that of something in between
	ok     bool        // and it says that the call succeeded
}

type callKey struct{}

// begin bounds a call and returns where its fate is noted.
func begin(ctx context.Context, bound time.Duration) (context.Context, *call, context.CancelFunc) {
	c := &call{}
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, callKey{}, c), bound)
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { c.wrote.Store(true) }}), c, cancel
}

// Do implements bot.HttpClient. The answer is read whole.
func (w *wire) Do(r *http.Request) (*http.Response, error) {
	resp, err := w.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	if c, _ := r.Context().Value(callKey{}).(*call); c != nil {
		var head struct {
			OK *bool `json:"ok"`
		}
		c.status = resp.StatusCode
		c.spoke = json.Unmarshal(body, &head) == nil && head.OK != nil
		c.ok = c.spoke && *head.OK
	}
	return resp, nil
}

// clean makes an error fit to be shown: without the token and in a bounded length. Of what it wraps only the
// end of a context stays recognisable.
func (w *wire) clean(err error) error {
	if err == nil {
		return nil
	}
	text := strings.ReplaceAll(err.Error(), w.token, "***")
	if _, secret, ok := strings.Cut(w.token, ":"); ok {
		text = strings.ReplaceAll(text, secret, "***")
	}
	text = cut(text, 300)
	for _, end := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, end) {
			return &cleanError{text, end}
		}
	}
	return errors.New(text)
}

type cleanError struct {
	text string
	is   error
}

func (e *cleanError) Error() string { return e.text }
func (e *cleanError) Unwrap() error { return e.is }

// cut shortens a text to n bytes of valid UTF-8.
func cut(s string, n int) string {
	if len(s) <= n {
		return strings.ToValidUTF8(s, "�")
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}

// trouble is a failed call, told for people.
type trouble struct {
	refused bool          // by Telegram and for good, until a person does something; else failing
	text    string        // a sentence
	wait    time.Duration // asked for by Telegram
	err     error         // cleaned
}

func (t *trouble) Error() string { return t.text + ": " + t.err.Error() }
func (t *trouble) Unwrap() error { return t.err }

// judge tells what a call's error means for the account.
func (a *adapter) judge(err error) *trouble {
	t := &trouble{err: a.http.clean(err)}
	var slow *bot.TooManyRequestsError
	switch {
	case errors.Is(err, bot.ErrorUnauthorized), errors.Is(err, bot.ErrorNotFound):
		t.refused, t.text = true, "Telegram refused the bot's token; @BotFather shows the right one"
	case errors.Is(err, bot.ErrorConflict):
		t.refused, t.text = true, "Another program is fetching this bot's messages; stop it there, or revoke the token with @BotFather and enter the new one"
	case errors.Is(err, bot.ErrorForbidden):
		t.refused, t.text = true, "Telegram does not allow this to the bot"
	case errors.As(err, &slow):
		t.wait, t.text = time.Duration(max(slow.RetryAfter, 1))*time.Second, "Telegram asks to call less often"
	case errors.Is(err, bot.ErrorBadRequest):
		t.text = "Telegram did not accept the call"
	default:
		t.text = "Telegram cannot be reached"
	}
	return t
}

// report tells the desk of a trouble and waits as long as Telegram asked; it returns what Run returns.
func (a *adapter) report(ctx context.Context, t *trouble) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	state, detail := "failing", t.Error()
	if t.refused {
		state, detail = "refused", t.text
	}
	a.desk.Health(channels.Health{State: state, Detail: detail})
	if t.wait > 0 {
		_ = pause(ctx, min(t.wait, 5*time.Minute))
	}
	return t
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
