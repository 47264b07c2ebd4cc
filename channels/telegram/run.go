package telegram

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"

	"tamas/channels"
)

// brief bounds a call that is answered at once.
const brief = 20 * time.Second

// wanted are the kinds of updates that are asked for.
var wanted = []string{models.AllowedUpdateMessage, models.AllowedUpdateEditedMessage}

// Run implements channels.Adapter.
func (a *adapter) Run(ctx context.Context) error {
	a.desk.Health(channels.Health{State: "connecting"})
	if t := a.hello(ctx); t != nil {
		return a.report(ctx, t)
	}
	if a.hook != "" {
		return a.runWebhook(ctx)
	}
	if t := a.removeWebhook(ctx); t != nil {
		return a.report(ctx, t)
	}
	a.desk.Health(channels.Health{State: "connected", HeardAt: time.Now()})
	return a.poll(ctx)
}

// Check implements channels.Adapter.
func (a *adapter) Check(ctx context.Context) error {
	if t := a.hello(ctx); t != nil {
		if t.refused {
			return errors.New(t.text)
		}
		return t
	}
	return nil
}

// hello asks who the bot is and whether another program holds it.
func (a *adapter) hello(ctx context.Context) *trouble {
	c, _, cancel := begin(ctx, brief)
	defer cancel()
	if _, err := a.api.GetMe(c); err != nil {
		return a.judge(err)
	}
	info, err := a.api.GetWebhookInfo(c)
	if err != nil {
		return a.judge(err)
	}
	if info.URL != "" && !a.own(info.URL) && !a.set.TakeOver {
		return &trouble{refused: true, err: errors.New("a webhook is set"),
			text: fmt.Sprintf("This bot's messages go to another program at %s; remove its webhook there, or choose to take the bot over", host(info.URL))}
	}
	return nil
}

// own tells whether a webhook's address is this account's, under whatever public address the hub had then.
func (a *adapter) own(hook string) bool {
	return hook == a.hook || strings.HasSuffix(hook, hookPath(a.id))
}

// host is the part of an address that may be shown: its path may hold a secret.
func host(addr string) string {
	if u, err := url.Parse(addr); err == nil && u.Host != "" {
		return u.Host
	}
	return "an unknown address"
}

func (a *adapter) removeWebhook(ctx context.Context) *trouble {
	c, _, cancel := begin(ctx, brief)
	defer cancel()
	info, err := a.api.GetWebhookInfo(c)
	if err == nil && info.URL != "" {
		_, err = a.api.DeleteWebhook(c, &bot.DeleteWebhookParams{}) // what is pending stays pending
	}
	if err != nil {
		return a.judge(err)
	}
	return nil
}

// poll fetches updates from the recorded cursor on. The offset of a call is the acknowledgement of all
// before it, so it only ever comes from a batch that is recorded.
func (a *adapter) poll(ctx context.Context) error {
	cursor, err := a.desk.Cursor(ctx)
	if err != nil {
		return fmt.Errorf("telegram: read the cursor: %w", err)
	}
	offset, err := strconv.ParseInt(cursor, 10, 64)
	if cursor != "" && err != nil {
		a.log.Warn("telegram: the recorded cursor is no number; starting from the oldest update", "cursor", cursor)
	}
	for {
		raws, err := a.getUpdates(ctx, offset)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return a.report(ctx, a.judge(err))
		}
		a.desk.Health(channels.Health{State: "connected", HeardAt: time.Now()})
		if len(raws) == 0 {
			continue
		}
		var b channels.Batch
		next, numbered := offset, false
		for _, raw := range raws {
			id, in, ok := parse(raw)
			if id != 0 {
				// Not the highest but the last: after a quiet week Telegram begins anew at a random number.
				next, numbered = id+1, true
			}
			if ok {
				b.Messages = append(b.Messages, in)
			}
		}
		b.Cursor = strconv.FormatInt(next, 10)
		if err := a.receive(ctx, b); err != nil {
			return err
		}
		if !numbered {
			// Only updates without an id, which nothing can confirm: they will come again, under the same keys.
			a.desk.Health(channels.Health{State: "failing", Detail: "Telegram sends updates without an id"})
			if err := pause(ctx, time.Minute); err != nil {
				return err
			}
		}
		offset = next
	}
}

// receive hands a batch over until it is recorded or ctx ends.
func (a *adapter) receive(ctx context.Context, b channels.Batch) error {
	for wait := a.pace.retry; ; wait = min(2*wait, 5*time.Second) {
		err := a.desk.Receive(ctx, b)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		a.log.Warn("telegram: messages are not recorded yet; trying again", "messages", len(b.Messages), "err", err)
		if err := pause(ctx, wait/2+rand.N(wait)); err != nil {
			return err
		}
	}
}

// getUpdates makes one long poll. Its errors are those of the library.
func (a *adapter) getUpdates(ctx context.Context, offset int64) ([]json.RawMessage, error) {
	c, _, cancel := begin(ctx, a.pace.poll+brief)
	defer cancel()
	body, err := json.Marshal(map[string]any{
		"offset": offset, "limit": 100, "timeout": int(a.pace.poll.Seconds()), "allowed_updates": wanted,
	})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(c, http.MethodPost, a.set.APIURL+"/bot"+a.set.Token+"/getUpdates", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := a.http.Do(req)
	if err != nil {
		return nil, err
	}
	var answer struct {
		OK          bool              `json:"ok"`
		Result      []json.RawMessage `json:"result"`
		Code        int               `json:"error_code"`
		Description string            `json:"description"`
		Parameters  struct {
			RetryAfter int `json:"retry_after"`
		} `json:"parameters"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return nil, fmt.Errorf("an answer (%s) that is not the Bot API's: %w", resp.Status, err)
	}
	if answer.OK {
		return answer.Result, nil
	}
	switch answer.Code {
	case http.StatusUnauthorized:
		return nil, fmt.Errorf("%w, %s", bot.ErrorUnauthorized, answer.Description)
	case http.StatusNotFound:
		return nil, fmt.Errorf("%w, %s", bot.ErrorNotFound, answer.Description)
	case http.StatusConflict:
		return nil, fmt.Errorf("%w, %s", bot.ErrorConflict, answer.Description)
	case http.StatusTooManyRequests:
		return nil, &bot.TooManyRequestsError{Message: answer.Description, RetryAfter: answer.Parameters.RetryAfter}
	}
	return nil, fmt.Errorf("%d %s", answer.Code, answer.Description)
}
