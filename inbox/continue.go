package inbox

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"tamas/channels"
	"tamas/inbox/record"
)

const (
	continueBack = 24 * time.Hour // what is older is left alone: nobody waits for it any more
	continuePage = 50             // chats looked for at once
	chatTouches  = 500            // the last ones of a chat that are looked at
)

// continueLoop is the leader's: what an agent wrote to a visitor who has left goes on where the customer can be reached.
//
// One message carries all that was not seen. Its command key is the first of it, so that whoever repeats this, after a lost
// reply or as the next leader, repeats the same command; its ReplyTo is the last of it, which is all that tells later what went on.
func (h *Hub) continueLoop(ctx context.Context) error {
	if _, err := h.mirror.ready(ctx); err != nil {
		return err
	}
	// The leader before may have ended between a message and its notes.
	recent, err := h.db.Continued(ctx, h.Now()-record.Millis(time.Hour/time.Millisecond))
	for i := 0; err == nil && i < len(recent); i++ {
		err = h.noteContinued(ctx, &recent[i])
	}
	for {
		if err != nil && ctx.Err() == nil {
			h.log.Warn("what visitors have not seen could not go on elsewhere", "err", err)
		}
		if sleep(ctx, h.continueEvery) != nil {
			return ctx.Err()
		}
		err = h.continueAll(ctx, h.Now())
	}
}

// continueAll lets go on what is due at now.
func (h *Hub) continueAll(ctx context.Context, now record.Millis) error {
	settled := false
	for _, acct := range h.Settings().Accounts {
		to, ok := h.continuesOn(acct)
		if !ok {
			continue
		}
		if !settled { // what went on a moment ago, or was seen, must be in the record before it is asked
			if head := h.Head(); head.N > h.Recorded().N {
				if err := h.await(ctx, head, h.mirror.current()); err != nil {
					return err
				}
			}
			settled = true
		}
		u := record.Unseen{Account: acct.ID, From: now - record.Millis(continueBack/time.Millisecond), To: now - record.Millis(max(acct.ContinueAfter, 1))*60_000,
			Channel: to.Kind, Spoken: h.spoken(to), AtMost: continuePage}
		for {
			chats, err := h.db.Unseen(ctx, u)
			if err != nil {
				return err
			}
			for _, c := range chats {
				u.After = max(u.After, c.N)
				var r *Refusal
				if err := h.continueChat(ctx, c.Conversation, to, u.From); errors.As(err, &r) {
					h.log.Info("a chat cannot go on elsewhere", "conversation", c.Conversation, "account", to.ID, "err", err)
				} else if err != nil {
					return err
				}
			}
			if len(chats) < continuePage {
				break
			}
		}
	}
	return nil
}

// continuesOn is the account on which an account's chats go on when their visitors have left.
func (h *Hub) continuesOn(acct record.Account) (record.Account, bool) {
	to, ok := h.Settings().Accounts[acct.ContinueOn]
	return to, ok && acct.ContinueOn != "" && acct.Enabled && !acct.Archived && to.Enabled && !to.Archived
}

// spoken is the account that a customer must have spoken with to be written to by it; "" when it can begin.
func (h *Hub) spoken(acct record.Account) string {
	if h.kinds[acct.Kind].Limits.NoReplyTo {
		return acct.ID
	}
	return ""
}

// checkContinue checks where an account's chats go on. A *Refusal names what is wrong.
func (h *Hub) checkContinue(row *record.Account) error {
	if row.ContinueOn == "" {
		row.ContinueAfter = 0
		return nil
	}
	if row.ContinueAfter == 0 {
		row.ContinueAfter = 5
	}
	if row.ContinueAfter < 1 || row.ContinueAfter > 24*60 {
		return invalid("continue_after", "It is in minutes, from 1 to a day.")
	}
	if l := h.kinds[row.Kind].Limits; !l.Live || !l.Read {
		return invalid("continue_on", "Only a live chat whose visitors' reading is known goes on elsewhere.")
	}
	to, ok := h.Settings().Accounts[row.ContinueOn]
	kind := h.kinds[to.Kind]
	switch {
	case !ok || to.Archived:
		return invalid("continue_on", "There is no such account.")
	case to.Kind == row.Kind || kind.Limits.Live || kind.StartThread == nil:
		return invalid("continue_on", "On this account customers who have left cannot be reached.")
	}
	return nil
}

// continueChat lets the unseen end of a conversation go on at another account.
func (h *Hub) continueChat(ctx context.Context, conversation string, to record.Account, since record.Millis) error {
	conv, err := h.db.Header(ctx, conversation)
	if err != nil {
		return err
	}
	list, err := h.unseenOf(ctx, conversation, since)
	if err != nil || len(list) == 0 {
		return err
	}
	address, name := "", ""
	if address, err = h.chosen(ctx, conv, &to); err != nil {
		return err
	}
	if address == "" {
		addresses, err := h.db.Reachable(ctx, conv.Identity, to.Kind, h.spoken(to))
		if err != nil || len(addresses) == 0 {
			return err
		}
		address, name = addresses[0].Address, addresses[0].Name
	}
	list = fitting(list)
	firm := h.Settings().Firm
	lang := languageOf(firm, list)
	why := chatTexts[lang].left
	if conv.Later == to.ID {
		why = chatTexts[lang].asked
	}
	cmd := Command{Key: list[0].ID, By: record.Continuer, Action: Continue, Account: to.ID, Address: address, Name: name,
		Subject: chatSubject(lang, firm), Text: why + "\n\n" + h.carried(list), ReplyTo: list[len(list)-1].ID, Agent: conv.Owner, Queue: conv.Queue}
	for i := range list {
		cmd.Files = append(cmd.Files, sound(list[i].Body.Files)...)
	}
	e, err := h.Do(ctx, cmd)
	if err != nil {
		return err
	}
	t, err := h.db.Touch(ctx, e.Touch.ID)
	if err != nil {
		return err
	}
	return h.noteContinued(ctx, &t)
}

// unseenOf are the answers at a conversation's end that its visitor has not seen and that did not go on yet, as they read now.
func (h *Hub) unseenOf(ctx context.Context, conversation string, since record.Millis) ([]record.Touch, error) {
	all, _, err := h.db.Touches(ctx, conversation, 0, chatTouches)
	if err != nil {
		return nil, err
	}
	carried, err := h.db.Carried(ctx, conversation)
	if err != nil {
		return nil, err
	}
	from := 0
	for i := range all {
		if all[i].Inbound || all[i].N <= carried || all[i].State == record.StateRead { // who has read a later one has seen it
			from = i + 1
		}
	}
	var list []record.Touch
	for _, t := range asTheyRead(all[from:]) {
		if t.Author.Kind == "agent" && (t.State == record.StateSent || t.State == record.StateDelivered) && t.At >= since {
			list = append(list, t)
		}
	}
	return list, nil
}

// fitting are as many of the messages, the first ones, as one message can carry; at least one.
func fitting(list []record.Touch) []record.Touch {
	size, files := 0, 0
	for i := range list {
		size, files = size+len(list[i].Body.Text)+200, files+len(list[i].Body.Files)
		if i > 0 && (size > channels.MaxText-1024 || files > maxFiles) {
			return list[:i]
		}
	}
	return list
}

// sound are the files that have a content.
func sound(files []channels.File) (list []channels.File) {
	for _, f := range files {
		if f.Blob != "" {
			list = append(list, f)
		}
	}
	return list
}

// carried is the text of messages, each run of them below its author's name.
func (h *Hub) carried(list []record.Touch) string {
	var b strings.Builder
	for i := range list {
		if t := &list[i]; t.Body.Text != "" {
			if b.Len() > 0 {
				b.WriteString("\n\n")
			}
			if name := h.publicName(t.Author.ID); name != "" && (i == 0 || t.Author != list[i-1].Author) {
				b.WriteString(name + ": ")
			}
			b.WriteString(t.Body.Text)
		}
	}
	return b.String()
}

// noteContinued tells agents, on both sides, where a chat went on by this message. It may be called again.
func (h *Hub) noteContinued(ctx context.Context, t *record.Touch) error {
	last, err := h.db.Touch(ctx, t.ReplyTo)
	if err != nil {
		return err
	}
	chat, err := h.db.Header(ctx, last.Conversation)
	if err != nil {
		return err
	}
	there, err := h.db.Header(ctx, t.Conversation)
	if err != nil {
		return err
	}
	identity, err := h.db.Identity(ctx, t.Identity)
	if err != nil {
		return err
	}
	texts := chatTexts[languageOf(h.Settings().Firm, []record.Touch{*t})]
	for _, n := range []struct{ in, text string }{
		{chat.ID, fmt.Sprintf(texts.wentOn, h.Settings().Accounts[t.Account].Name, identity.Address, there.Number)},
		{there.ID, fmt.Sprintf(texts.cameFrom, chat.Number)},
	} {
		_, err := h.Do(ctx, Command{Key: t.ID + "/" + n.in, By: record.Continuer, Action: Note, Conversation: n.in, Text: n.text})
		var r *Refusal
		if errors.As(err, &r) { // the customer has a newer conversation there
			h.log.Debug("a chat that went on was not noted", "conversation", n.in, "err", err)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// carryOn decides what goes on with a customer on another channel than the one where it began, or by mail because the customer asked: it
// holds nobody's capacity. In a conversation that is there it changes nothing else; a new one is over until its customer answers,
// and is the agent's then whom the command names.
func (s *state) carryOn(cmd *Command, to sender, thread string) (*record.Event, error) {
	if cmd.empty() {
		return nil, invalid("text", "There is nothing to send.")
	}
	acct := to.account
	c := s.change(record.EvQueued, cmd.By)
	if c.e.Conversation == nil {
		c.e.Conversation = &record.Conversation{Version: 1, Identity: to.identity.ID, Account: acct.ID, Channel: acct.Kind, Thread: thread,
			Queue: cmd.Queue, Status: record.Resolved, Owner: cmd.Agent, Units: to.units, CreatedAt: s.now, ResolvedAt: s.now, Previous: to.previous,
			ReopenUntil: s.now + max(quietWindow, s.reopenWindow(acct.ID)), Priority: s.set.Queues[cmd.Queue].Priority}
	}
	c.e.Conversation.LastMessageAt = s.now
	c.e.Identity = &to.identity
	c.e.Touch = s.touch(cmd, record.KindMessage, record.StateQueued)
	c.e.Touch.Identity, c.e.Touch.Account, c.e.Touch.Channel = to.identity.ID, acct.ID, acct.Kind
	return c.e, nil
}
