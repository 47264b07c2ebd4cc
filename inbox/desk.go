package inbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"tamas/channels"
	"tamas/inbox/record"
)

// desk is what one account's adapter may ask of the hub.
type desk struct {
	h    *Hub
	acct func() record.Account
}

var _ channels.Desk = (*desk)(nil)

func (d *desk) Receive(ctx context.Context, b channels.Batch) error {
	acct := d.acct()
	err := d.h.receive(ctx, acct, b)
	if err == nil && len(b.Messages) > 0 {
		d.h.health.heard(acct.ID, d.h.now())
	}
	return err
}

func (d *desk) Cursor(ctx context.Context) (string, error) {
	return d.h.db.AccountCursor(ctx, d.acct().ID)
}

func (d *desk) ThreadOf(ctx context.Context, providerIDs []string) (string, error) {
	ids := make([]string, len(providerIDs))
	for i, id := range providerIDs {
		ids[i] = boundKey(id, channels.MaxKey)
	}
	acct := d.acct()
	return d.h.db.ThreadOf(ctx, acct.ID, d.h.others(acct.ID), ids)
}

// others are the other accounts of an account's channel.
func (h *Hub) others(account string) (list []string) {
	all := h.Settings().Accounts
	for id, a := range all {
		if id != account && a.Kind == all[account].Kind {
			list = append(list, id)
		}
	}
	slices.Sort(list)
	return list
}

// thread is one of the account's threads as the hub keeps it.
func (d *desk) thread(id string) record.Thread {
	acct := d.acct()
	return record.Thread{Account: acct.ID, Channel: acct.Kind, ID: boundKey(id, channels.MaxKey)}
}

// rank orders the states that a provider may report, so that a late one changes nothing.
var rank = map[string]int{record.StateSending: 0, record.StateUncertain: 0, record.StateSent: 1, record.StateDelivered: 2, record.StateRead: 3, record.StateFailed: 3}

func (d *desk) Status(ctx context.Context, providerID, state, reason string) error {
	if state != record.StateDelivered && state != record.StateRead && state != record.StateFailed {
		return fmt.Errorf("no such state %q", state)
	}
	t, err := d.sentAs(ctx, boundKey(providerID, channels.MaxKey))
	if errors.Is(err, record.ErrNotFound) {
		return nil // not ours
	}
	if err != nil {
		return err
	}
	for {
		if from, ok := rank[t.State]; t.Inbound || !ok || rank[state] <= from {
			return nil
		}
		t.State, t.Error = state, cleanLine(reason, 512)
		id, epoch, err := d.h.turn(ctx, &t, record.Actor{Kind: "system", ID: "channel"}, "")
		var dup *duplicate
		if errors.As(err, &dup) { // another word on it came at the same time: look again once that is recorded
			if err := d.h.await(ctx, dup.ID, d.h.mirror.current()); err != nil {
				return err
			}
			if t, err = d.h.db.Touch(ctx, t.ID); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return unrecorded(err)
		}
		return d.h.await(ctx, id, epoch)
	}
}

// sentAs finds a message by the provider's id. A report may be faster than the record of what it is about, so an id that
// is not known is looked for a little longer.
func (d *desk) sentAs(ctx context.Context, providerID string) (t record.Touch, err error) {
	for range 10 {
		if t, err = d.h.db.TouchByProviderID(ctx, d.acct().ID, providerID); !errors.Is(err, record.ErrNotFound) {
			return t, err
		}
		if sleep(ctx, 100*time.Millisecond) != nil {
			break
		}
	}
	return t, err
}

func (d *desk) Unreachable(ctx context.Context, address, reason string) error {
	address = boundKey(address, channels.MaxKey)
	identity, err := d.h.db.Identity(ctx, d.h.db.IdentityOf(d.acct().Kind, address, "").ID)
	if errors.Is(err, record.ErrNotFound) {
		return nil
	}
	if err != nil {
		return unrecorded(err)
	}
	ctx, cancel := context.WithTimeout(ctx, d.h.recordWait+5*time.Second)
	defer cancel()
	key := "unreachable/" + identity.ID + "/" + tokenText(newToken())
	if err := d.h.markUnreachable(ctx, identity, reason, key, channelActor); err != nil {
		return unrecorded(err)
	}
	return nil
}

func (d *desk) Health(hl channels.Health) { d.h.health.report(d.acct().ID, hl) }

func (d *desk) History(ctx context.Context, thread, after string, limit int) ([]channels.Item, uint64, error) {
	touches, at, err := d.h.db.History(ctx, d.thread(thread), after, min(max(limit, 1), 200))
	if err != nil {
		return nil, 0, err
	}
	items := make([]channels.Item, len(touches))
	for i := range touches {
		items[i] = d.h.item(&touches[i], touches[i].N)
	}
	return items, at, nil
}

func (d *desk) Watch(thread string, f func(channels.Item)) (stop func()) {
	return d.h.watchers.add(threadField(d.thread(thread)), f)
}

func (d *desk) Typing(thread string, on bool) {
	if c, ok := d.h.mirror.byThread(d.thread(thread)); ok {
		d.h.publish(news{Type: "typing", Conversation: c.ID, From: "customer", On: on})
	}
}
