package telegram

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-telegram/bot"

	"tamas/channels"
)

// restTime bounds how long the parts after the first are tried within one Send.
const restTime = 30 * time.Second

// Send implements channels.Adapter.
func (a *adapter) Send(ctx context.Context, m channels.Outbound) (channels.Receipt, error) {
	thread := m.Thread
	if thread == "" {
		thread = m.Address
	}
	chat, err := strconv.ParseInt(thread, 10, 64)
	if err != nil || chat == 0 {
		return channels.Receipt{}, &channels.SendError{Permanent: true, Reason: "This is no Telegram chat"}
	}
	parts := split(m.Text, maxText)
	if len(parts) == 0 {
		return channels.Receipt{}, &channels.SendError{Permanent: true, Reason: "The message has no text"}
	}
	var r channels.Receipt
	var failed *channels.SendError
	if r.ProviderID, failed = a.sendPart(ctx, chat, parts[0]); failed != nil {
		return channels.Receipt{}, failed
	}
	// From here on the customer has a part of it: the whole must not be sent again by a machine.
	deadline := time.Now().Add(restTime)
	for i := 1; i < len(parts); i++ {
		for wait := a.pace.retry; ; wait *= 2 {
			_, failed = a.sendPart(ctx, chat, parts[i])
			if failed == nil || failed.Permanent || failed.Uncertain {
				break
			}
			d := max(wait, failed.RetryAfter)
			if time.Now().Add(d).After(deadline) || pause(ctx, d) != nil {
				break
			}
		}
		if failed != nil {
			failed.Reason = fmt.Sprintf("Only %d of %d parts are sure to have arrived: %s", i, len(parts), failed.Reason)
			failed.RetryAfter = 0
			failed.Uncertain = !failed.Permanent
			return channels.Receipt{}, failed
		}
	}
	return r, nil
}

// sendPart sends one text of at most maxText units and returns its id as in Inbound.Key; "" when the message
// was accepted with an answer that does not tell its number.
func (a *adapter) sendPart(ctx context.Context, chat int64, text string) (string, *channels.SendError) {
	c, fate, cancel := begin(ctx, brief)
	defer cancel()
	sent, err := a.api.SendMessage(c, &bot.SendMessageParams{ChatID: chat, Text: text})
	if err == nil && sent != nil && sent.ID != 0 {
		return fmt.Sprintf("%d/%d", chat, sent.ID), nil
	}
	if fate.ok {
		return "", nil
	}
	return "", a.sendError(err, fate)
}

// sendError tells what a failed call of sendMessage means. The rule: what the Bot API refused in its own words was not
// accepted; what never reached it neither; all else is uncertain.
func (a *adapter) sendError(err error, c *call) *channels.SendError {
	se := &channels.SendError{Err: a.http.clean(err)}
	var slow *bot.TooManyRequestsError
	var moved *bot.MigrateError
	switch {
	case errors.As(err, &slow):
		se.RetryAfter = time.Duration(max(slow.RetryAfter, 1)) * time.Second
		se.Reason = "Telegram asks to send less often"
	case errors.Is(err, bot.ErrorForbidden):
		se.Permanent = true
		switch text := err.Error(); {
		case strings.Contains(text, "blocked"):
			se.Reason = "The customer has blocked the bot"
		case strings.Contains(text, "deactivated"):
			se.Reason = "The customer's Telegram account no longer exists"
		case strings.Contains(text, "initiate"):
			se.Reason = "The customer must write to the bot first"
		default:
			se.Reason = "Telegram does not allow the bot to write to this customer"
		}
	case errors.Is(err, bot.ErrorBadRequest), errors.As(err, &moved):
		se.Permanent = true
		se.Reason = "Telegram did not accept the message"
		if strings.Contains(err.Error(), "chat not found") {
			se.Reason = "Telegram does not know this chat; the customer must write to the bot first"
		}
	case errors.Is(err, bot.ErrorUnauthorized), errors.Is(err, bot.ErrorNotFound):
		se.Reason = "Telegram refused the bot's token"
		a.desk.Health(channels.Health{State: "refused", Detail: "Telegram refused the bot's token; @BotFather shows the right one"})
	case c.spoke:
		se.Reason = "Telegram could not take the message now"
	case c.status == 0 && !c.wrote.Load():
		se.Reason = "Telegram cannot be reached"
	case c.status == http.StatusServiceUnavailable || c.status == http.StatusTooManyRequests || c.status/100 == 4 || c.status/100 == 3:
		se.Reason = "What stands between here and Telegram turned the message away"
	default:
		se.Uncertain = true
		se.Reason = "Telegram did not answer; it may have taken the message"
	}
	if se.Err == nil {
		se.Err = errors.New("no message in the answer")
	}
	return se
}
