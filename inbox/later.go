package inbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tamas/channels"
	"tamas/inbox/record"
)

// A visitor who waits may choose to be answered elsewhere and keep the place in line. The header names the account; an address that the
// visitor typed stands in a note, and is nobody's identity for that. An answer goes there once its visitor has had the time to see it in
// the chat and has not; it goes on as what continue.go carries.
const laterAfter = 10 * time.Second

// laterActor is the author of the notes that name the address.
var laterActor = record.Actor{Kind: "system", ID: "later"}

// laterOn are the accounts on which somebody who waits in a live chat may choose to be answered, one of each kind, by its name: those that
// can begin with an address, and those that a known customer opens by a link.
func (h *Hub) laterOn(chat record.Account) (list []record.Account) {
	if !h.kinds[chat.Kind].Limits.Live {
		return nil
	}
	for _, a := range h.Settings().Accounts {
		if kind := h.kinds[a.Kind]; a.Enabled && !a.Archived && !kind.Limits.Live && kind.StartThread != nil && (!kind.Limits.NoReplyTo || kind.TellsWaiting) {
			list = append(list, a)
		}
	}
	slices.SortFunc(list, func(a, b record.Account) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name)) })
	return slices.CompactFunc(list, func(a, b record.Account) bool { return a.Kind == b.Kind })
}

func (d *desk) Later(ctx context.Context, thread, to string) (link string, err error) {
	h := d.h
	c, ok := h.mirror.byThread(d.thread(thread))
	if !ok || c.Status != record.Waiting && c.Status != record.Offered {
		return "", errors.ErrUnsupported
	}
	cmd := Command{By: record.Actor{Kind: "customer", ID: c.Identity}, Action: Later, Conversation: c.ID}
	if to = strings.TrimSpace(to); to != "" {
		if cmd.Account, cmd.Address, link, err = h.laterTo(ctx, &c, d.acct(), to); err != nil {
			return "", err
		}
	}
	_, err = h.Do(ctx, cmd)
	var r *Refusal
	if errors.As(err, &r) { // it waits no more
		return "", errors.ErrUnsupported
	}
	return link, err
}

// laterTo finds the account for what a visitor named: a kind of channel, which needs a link to open, or an address that one takes.
func (h *Hub) laterTo(ctx context.Context, c *record.Conversation, chat record.Account, to string) (account, address, link string, err error) {
	for _, a := range h.laterOn(chat) {
		kind := h.kinds[a.Kind]
		if kind.Limits.NoReplyTo {
			if to != a.Kind {
				continue
			}
			i, err := h.db.Identity(ctx, c.Identity)
			if err != nil {
				return "", "", "", unrecorded(err)
			}
			if link = h.StartLink(a.ID, i.Home); link != "" {
				return a.ID, "", link, nil
			}
			continue
		}
		_, normalised, err := kind.StartThread(a.Settings, boundKey(to, channels.MaxKey))
		if err != nil {
			continue
		}
		known, err := h.db.Identity(ctx, h.db.IdentityOf(a.Kind, normalised, "").ID)
		switch {
		case errors.Is(err, record.ErrNotFound):
		case err != nil:
			return "", "", "", unrecorded(err)
		case known.Consent == "stop" || known.Blocked || known.Unreachable != "":
			return "", "", "", &channels.FieldError{Field: "to", Reason: "We cannot write there."}
		}
		return a.ID, normalised, "", nil
	}
	return "", "", "", &channels.FieldError{Field: "to", Reason: "This is no address to which we can write."}
}

// later decides what its customer chose; the conversation keeps its place.
func (a *attempt) later() (*record.Event, error) {
	conv := &a.conv
	if a.By.Kind != "customer" || a.By.ID != conv.Identity {
		return nil, refuse("not_yours", "Only its customer can choose this.")
	}
	if a.Account == conv.Later && a.Address == "" {
		return nil, errNothing
	}
	if conv.Status != record.Waiting && conv.Status != record.Offered {
		return nil, a.conflict("It does not wait any more.")
	}
	c := a.change(record.EvTold, a.By)
	c.e.Conversation.Later = a.Account
	if a.Address != "" {
		texts := chatTexts[languageOf(a.set.Firm, nil)]
		c.e.Touch = a.touch(&Command{By: laterActor, Text: fmt.Sprintf(texts.wantsLater, a.set.Accounts[a.Account].Name, a.Address),
			Envelope: &channels.Envelope{To: []string{a.Address}}}, record.KindNote, record.StateReceived)
	}
	return c.e, nil
}

// laterLoop is the leader's. done remembers up to which message of a conversation nothing is left to be carried.
func (h *Hub) laterLoop(ctx context.Context) error {
	done := map[string]string{}
	for {
		if sleep(ctx, h.laterEvery) != nil {
			return ctx.Err()
		}
		list := h.mirror.filter(func(c *record.Conversation) bool {
			return c.Later != "" && c.FirstResponseAt != 0 && done[c.ID] != c.LastMessage
		})
		for i := range list {
			settled, err := h.carryLater(ctx, &list[i], h.Now())
			if err != nil && ctx.Err() == nil {
				h.log.Warn("an answer could not go where its visitor wants it", "conversation", list[i].ID, "err", err)
			}
			if settled {
				done[list[i].ID] = list[i].LastMessage
			}
		}
		if len(list) == 0 {
			clear(done)
		}
	}
}

// carryLater carries the answers that a visitor has had the time to see and has not. settled: there are none left.
func (h *Hub) carryLater(ctx context.Context, c *record.Conversation, now record.Millis) (settled bool, err error) {
	to, ok := h.Settings().Accounts[c.Later]
	if !ok || !to.Enabled || to.Archived {
		return true, nil
	}
	if head := h.Head(); head.N > h.Recorded().N { // what was carried or seen a moment ago must be in the record before it is asked
		if err := h.await(ctx, head, h.mirror.current()); err != nil {
			return false, err
		}
	}
	list, err := h.unseenOf(ctx, c.ID, now-record.Millis(continueBack.Milliseconds()))
	if err != nil || len(list) == 0 {
		// One that is being sent is not unseen yet.
		return err == nil && now-c.LastMessageAt > record.Millis(2*laterAfter.Milliseconds()), err
	}
	if list[len(list)-1].At > now-record.Millis(laterAfter.Milliseconds()) {
		return false, nil
	}
	var r *Refusal
	if err := h.continueChat(ctx, c.ID, to, now-record.Millis(continueBack.Milliseconds())); errors.As(err, &r) {
		h.log.Info("an answer cannot go where its visitor wants it", "conversation", c.ID, "account", to.ID, "err", err)
		return true, nil
	} else if err != nil {
		return false, err
	}
	return false, nil
}

// chosen is the address that a conversation's customer chose for this account; "" for none.
func (h *Hub) chosen(ctx context.Context, conv *record.Conversation, to *record.Account) (string, error) {
	if conv.Later != to.ID {
		return "", nil
	}
	all, _, err := h.db.Touches(ctx, conv.ID, 0, chatTouches)
	if err != nil {
		return "", err
	}
	for _, t := range slices.Backward(all) {
		if t.Kind == record.KindNote && t.Author == laterActor && t.Body != nil && t.Body.Envelope != nil && len(t.Body.Envelope.To) == 1 {
			// An address of another channel was chosen before this account.
			if _, a, err := h.kinds[to.Kind].StartThread(to.Settings, t.Body.Envelope.To[0]); err == nil {
				return a, nil
			}
		}
	}
	return "", nil
}
