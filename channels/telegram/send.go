package telegram

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"tamas/channels"
	"tamas/channels/provider"
)

// restTime bounds how long the parts after the first are tried within one Send.
const restTime = 30 * time.Second

// Send implements channels.Adapter. A message of several parts that fails halfway is remembered: the next try goes on with the part
// that is missing. When nothing is remembered of an earlier try (the hub was restarted), it is uncertain, and only
// a person sends it again, whole.
func (a *adapter) Send(ctx context.Context, m channels.Outbound) (channels.Receipt, error) {
	to, ok := a.target(m.Thread, m.Address)
	if !ok {
		return channels.Receipt{}, &channels.SendError{Permanent: true, Reason: "This is no Telegram chat"}
	}
	if m.Edits != "" {
		return a.edit(ctx, to, m)
	}
	parts := plan(m)
	if len(parts) == 0 {
		return channels.Receipt{}, &channels.SendError{Permanent: true, Reason: "The message has no text"}
	}
	sent, known := a.begun.get(m.ID)
	if !known && m.Attempt > 1 && len(parts) > 1 {
		return channels.Receipt{}, &channels.SendError{Uncertain: true,
			Reason: fmt.Sprintf("The hub was restarted while this message was tried; some of its %d parts may have arrived", len(parts))}
	}
	deadline := time.Now().Add(restTime)
	for i := len(sent); i < len(parts); i++ {
		if i > len(sent) && i > 0 && a.pause(ctx) != nil {
			return channels.Receipt{}, a.halfway(m.ID, sent, len(parts), &channels.SendError{Reason: "the hub is stopping"})
		}
		ids, failed := a.sendPart(ctx, &to, parts[i], m, i == 0)
		for wait := a.pace.retry; failed != nil && len(sent) > 0 && !failed.Permanent && !failed.Uncertain; wait *= 2 {
			d := max(wait, failed.RetryAfter)
			if time.Now().Add(d).After(deadline) || provider.Pause(ctx, d) != nil {
				break
			}
			ids, failed = a.sendPart(ctx, &to, parts[i], m, i == 0)
		}
		if failed != nil {
			if len(parts) == 1 {
				return channels.Receipt{}, failed
			}
			return channels.Receipt{}, a.halfway(m.ID, sent, len(parts), failed)
		}
		sent = append(sent, ids)
	}
	a.begun.drop(m.ID)
	var all []string
	for _, ids := range sent {
		all = append(all, ids...)
	}
	if len(all) == 0 {
		return channels.Receipt{}, nil // accepted, in answers that do not tell the numbers
	}
	return channels.Receipt{ProviderID: all[0], Parts: all[1:]}, nil
}

// pause is the time between two parts: one message a second and chat.
func (a *adapter) pause(ctx context.Context) error { return provider.Pause(ctx, a.pace.part) }

// halfway remembers the parts that went and says which.
func (a *adapter) halfway(id string, sent [][]string, parts int, se *channels.SendError) *channels.SendError {
	a.begun.put(id, sent)
	if len(sent) == 0 {
		return se
	}
	if se.Uncertain {
		se.Reason = fmt.Sprintf("%d of %d parts were sent, the next may have been: %s", len(sent), parts, se.Reason)
	} else {
		se.Reason = fmt.Sprintf("%d of %d parts were sent: %s", len(sent), parts, se.Reason)
	}
	se.RetryAfter, se.OneThread = 0, false // so that the next try counts as one: see Send
	return se
}

// sendPart makes one call and gives the ids of what it sent; none when it was accepted with an answer that does not tell them. A
// group that has moved is followed.
func (a *adapter) sendPart(ctx context.Context, to *target, p outPart, m channels.Outbound, first bool) ([]string, *channels.SendError) {
	for moved := false; ; moved = true {
		if wait := a.spend(*to); wait > 0 {
			return nil, &channels.SendError{RetryAfter: wait, OneThread: true, Reason: "Telegram takes 20 messages a minute for a group"}
		}
		extra := params{}
		if id, ok := to.message(m.InReplyTo); ok && first && m.Quoted {
			extra["reply_parameters"] = map[string]any{"message_id": id, "allow_sending_without_reply": true}
		}
		var ids []string
		var ce *callError
		var failed *channels.SendError
		if len(p.files) == 0 {
			extra["text"] = p.text
			ids, ce = a.sendText(ctx, *to, extra)
		} else {
			ids, ce, failed = a.sendFiles(ctx, *to, p, extra)
		}
		switch {
		case failed != nil:
			return nil, failed
		case ce == nil:
			return ids, nil
		case ce.moved != 0 && !moved:
			a.moves.put(to.chat, ce.moved)
			a.homes.put(ce.moved, to.chat)
			to.chat = ce.moved
		default:
			return nil, a.sendError(ce, to.chat)
		}
	}
}

func (a *adapter) sendText(ctx context.Context, to target, p params) ([]string, *callError) {
	raw, ce := a.api.call(ctx, "sendMessage", to.params(p))
	if ce != nil {
		return nil, ce
	}
	return idsOf(accepted(raw)), nil
}

// edit replaces the text of a message that was sent.
func (a *adapter) edit(ctx context.Context, to target, m channels.Outbound) (channels.Receipt, error) {
	refuse := func(reason string) (channels.Receipt, error) {
		return channels.Receipt{}, &channels.SendError{Permanent: true, Reason: reason}
	}
	id, ok := to.message(m.Edits)
	parts := split(m.Text, maxText)
	switch {
	case !ok:
		return refuse("Telegram cannot change this message")
	case len(parts) == 0:
		return refuse("The message has no text")
	case len(parts) > 1:
		return refuse(fmt.Sprintf("A message that is changed may have at most %d characters", maxText))
	}
	call := func(method, field string) *callError {
		_, ce := a.api.call(ctx, method, params{"chat_id": to.chat, "message_id": id, field: parts[0]})
		return ce
	}
	ce := call("editMessageText", "text")
	if ce != nil && ce.code == http.StatusBadRequest && ce.says("no text in the message") { // it has a file
		if units(parts[0]) > maxCaption {
			return refuse(fmt.Sprintf("The text beside a file may have at most %d characters", maxCaption))
		}
		ce = call("editMessageCaption", "caption")
	}
	switch {
	case ce == nil, ce.says("message is not modified"):
		return channels.Receipt{ProviderID: m.Edits}, nil
	case ce.says("message to edit not found"):
		return refuse("The message is not there any more")
	case ce.says("can't be edited"):
		return refuse("Telegram does not let this message be changed any more")
	}
	se := a.sendError(ce, to.chat)
	if se.Uncertain { // the same edit again changes nothing
		se.Uncertain = false
		se.Reason = "Telegram did not answer; the change is tried again"
	}
	return channels.Receipt{}, se
}

// spend counts a message to a group and says how long to wait when its minute is full: 20 a minute.
func (a *adapter) spend(to target) (wait time.Duration) {
	if !to.group() {
		return 0
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	times, _ := a.spent.get(to.chat)
	for len(times) > 0 && now.Sub(times[0]) > time.Minute {
		times = times[1:]
	}
	if len(times) >= 20 {
		return time.Minute - now.Sub(times[0]) + time.Millisecond
	}
	a.spent.put(to.chat, append(times, now))
	return 0
}

// slow tells whether a 429 is one chat's. Telegram does not say; but when a second chat meets one while the first one's stands, it is
// the whole bot's.
func (a *adapter) slow(chat int64, d time.Duration) (oneThread bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	oneThread = a.slowed == chat || now.After(a.until)
	a.slowed, a.until = chat, now.Add(d)
	return oneThread
}

// sendError tells what a failed call that was to send something means. What the Bot API refused in its own words was not accepted.
func (a *adapter) sendError(ce *callError, chat int64) *channels.SendError {
	se := &channels.SendError{Err: errors.New(ce.text)}
	switch {
	case ce.broken:
		se.Reason = "The file was not sent whole"
	case ce.code == 0 && ce.answer.Status == http.StatusRequestEntityTooLarge: // in the words of the server in front
		se.Permanent, se.Reason = true, "Telegram takes no file of this size"
	case ce.code == 0:
		se = a.api.http.SendError(ce.answer, "")
	case ce.code == http.StatusTooManyRequests:
		se.RetryAfter, se.OneThread = ce.retry, a.slow(chat, ce.retry)
		se.Reason = "Telegram asks to send less often"
	case ce.code == http.StatusForbidden:
		se.Permanent, se.Unreachable = true, true
		switch {
		case ce.says("blocked"):
			se.Reason = "The customer has blocked the bot"
		case ce.says("deactivated"):
			se.Reason = "The customer's Telegram account no longer exists"
		case ce.says("initiate"):
			se.Reason = "The customer must write to the bot first"
		case ce.says("kicked", "not a member"):
			se.Reason = "The bot is no longer in this group"
		default:
			se.Unreachable = false
			se.Reason = "Telegram does not allow the bot to do this here: " + ce.text
		}
	case ce.code == http.StatusBadRequest || ce.code == http.StatusRequestEntityTooLarge:
		se.Permanent = true
		switch {
		case ce.says("chat not found"):
			se.Unreachable = true
			se.Reason = "Telegram does not know this chat; the customer must write to the bot first"
		case ce.says("too large", "too big"):
			se.Reason = "Telegram takes no file of this size"
		case ce.says("thread not found", "topic_closed", "topic closed"):
			se.Reason = "This topic of the group is closed or gone"
		default:
			se.Reason = "Telegram did not accept the message: " + ce.text
		}
	case ce.code == http.StatusUnauthorized || ce.code == http.StatusNotFound:
		se.Reason = tokenRefused
		a.desk.Health(channels.Health{State: "refused", Detail: tokenRefused, Do: tokenDo})
	default:
		se.Reason = "Telegram could not take the message now"
	}
	return se
}
