package telegram

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"tamas/channels/provider"
)

const (
	brief    = 30 * time.Second // bounds a call that is answered at once
	fileTime = 2 * time.Minute  // how long a call with a file may go without progress
)

// api calls the methods of the Bot API for one bot.
type api struct {
	base  string // "https://api.telegram.org"
	token string
	http  *provider.Client
	long  *provider.Client // as patient as a long poll is long
	slow  *provider.Client // for files, which the server takes to or fetches from Telegram before it answers
}

func newAPI(base, token string, client *http.Client, poll time.Duration) *api {
	_, secret, _ := strings.Cut(token, ":")
	made := func() *provider.Client { return provider.New("Telegram", client, token, secret) }
	a := &api{base: base, token: token, http: made(), long: made(), slow: made()}
	a.slow.Stall = fileTime
	a.long.Stall = poll + 20*time.Second
	a.long.MaxAnswer = 16 << 20 // getUpdates fills at most 4 MiB
	return a
}

// params are a method's parameters; what is not a string goes as JSON.
type params map[string]any

// callError is a call that did not succeed.
type callError struct {
	code   int    // error_code, when the Bot API itself has spoken; else 0
	text   string // its description, or what came instead; without secrets
	retry  time.Duration
	moved  int64 // migrate_to_chat_id: the group has become a supergroup of that id
	answer provider.Answer
	broken bool // our own side of an upload failed, so the server cannot have taken it
}

func (e *callError) Error() string { return e.text }

// says tells whether Telegram's own words contain any of these.
func (e *callError) says(words ...string) bool {
	for _, w := range words {
		if e.code != 0 && strings.Contains(strings.ToLower(e.text), w) {
			return true
		}
	}
	return false
}

// call calls a method and gives its result.
func (a *api) call(ctx context.Context, method string, p params) (json.RawMessage, *callError) {
	ctx, cancel := context.WithTimeout(ctx, brief)
	defer cancel()
	return a.post(ctx, a.http, method, p)
}

func (a *api) post(ctx context.Context, client *provider.Client, method string, p params) (json.RawMessage, *callError) {
	if p == nil {
		p = params{}
	}
	body, err := json.Marshal(p)
	if err != nil {
		return nil, &callError{text: err.Error(), broken: true}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.base+"/bot"+a.token+"/"+method, bytes.NewReader(body))
	if err != nil {
		return nil, &callError{text: client.CleanError(err).Error(), broken: true}
	}
	req.Header.Set("Content-Type", "application/json")
	return result(client, client.Call(req))
}

// upload calls a method with files. Nothing but the call's own progress bounds it.
func (a *api) upload(ctx context.Context, method string, p params, files []upload) (json.RawMessage, *callError) {
	body, size, contentType, err := form(p, files)
	if err != nil {
		return nil, &callError{text: err.Error(), broken: true}
	}
	watched := &counted{Reader: body}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.base+"/bot"+a.token+"/"+method, io.NopCloser(watched))
	if err != nil {
		return nil, &callError{text: a.http.CleanError(err).Error(), broken: true}
	}
	req.ContentLength = size
	req.Header.Set("Content-Type", contentType)
	out, ce := result(a.slow, a.slow.Call(req))
	if ce != nil && ce.answer.Status == 0 {
		// Without its end a form is no form: such a request was not taken, whatever became of it.
		ce.broken = watched.failed.Load() || size >= 0 && watched.n.Load() < size
	}
	return out, ce
}

// result reads an answer in the Bot API's shape.
func result(client *provider.Client, a provider.Answer) (json.RawMessage, *callError) {
	if a.Status == 0 || a.Err != nil {
		return nil, &callError{text: client.CleanError(a.Err).Error(), answer: a}
	}
	var r struct {
		OK          *bool           `json:"ok"`
		Result      json.RawMessage `json:"result"`
		Code        int             `json:"error_code"`
		Description string          `json:"description"`
		Parameters  struct {
			RetryAfter int64 `json:"retry_after"`
			Moved      int64 `json:"migrate_to_chat_id"`
		} `json:"parameters"`
	}
	if err := json.Unmarshal(a.Body, &r); err != nil || r.OK == nil {
		return nil, &callError{text: fmt.Sprintf("an answer (HTTP %d) that is not the Bot API's", a.Status), answer: a}
	}
	if *r.OK {
		return r.Result, nil
	}
	ce := &callError{code: r.Code, text: client.Clean(r.Description), moved: r.Parameters.Moved, answer: a}
	if ce.code == 0 {
		ce.code = a.Status
	}
	if ce.text == "" {
		ce.text = fmt.Sprintf("error %d", ce.code)
	}
	if ce.code == http.StatusTooManyRequests {
		ce.retry = time.Duration(min(max(r.Parameters.RetryAfter, 1), 3600)) * time.Second
	}
	return nil, ce
}

// fileURL is where a file of getFile is downloaded.
func (a *api) fileURL(path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		segments[i] = url.PathEscape(s)
	}
	return a.base + "/file/bot" + a.token + "/" + strings.Join(segments, "/")
}

// trouble is a failed call, told for people.
type trouble struct {
	refused bool   // by Telegram and for good, until a person does something; else failing
	text    string // a sentence
	do      string // what to do about it; may be empty
	wait    time.Duration
	err     error
}

func (t *trouble) Error() string { return t.text + ": " + t.err.Error() }
func (t *trouble) Unwrap() error { return t.err }

const (
	tokenRefused = "Telegram refused the bot's token"
	tokenDo      = "Ask @BotFather for the right token with /mybots → API Token and enter it here."
)

// judge tells what a call's failure means for the account.
func judge(ce *callError) *trouble {
	t := &trouble{err: ce, wait: ce.retry}
	switch {
	case ce.code == http.StatusUnauthorized || ce.code == http.StatusNotFound:
		t.refused, t.text, t.do = true, tokenRefused, tokenDo
	case ce.code == http.StatusConflict && ce.says("webhook"):
		t.refused, t.text = true, "This bot's messages go to a webhook, so they cannot be fetched"
		t.do = takeOverDo
	case ce.code == http.StatusConflict:
		t.refused, t.text = true, "Another program is fetching this bot's messages"
		t.do = "Stop it there. If you cannot find it, revoke the token with @BotFather (/revoke) and enter the new one here."
	case ce.code == http.StatusForbidden:
		t.refused, t.text = true, "Telegram does not allow this to the bot"
	case ce.code == http.StatusTooManyRequests:
		t.text = "Telegram asks to call less often"
	case ce.code == http.StatusBadRequest:
		t.text = "Telegram did not accept the call"
	default:
		t.text = "Telegram cannot be reached"
	}
	return t
}
