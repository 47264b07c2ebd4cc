package inbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
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

func (d *desk) Health(hl channels.Health) { d.h.health.report(d.acct().ID, hl) }

func (d *desk) History(ctx context.Context, thread, after string, limit int) ([]channels.Item, error) {
	touches, err := d.h.db.History(ctx, d.thread(thread), after, min(max(limit, 1), 200))
	if err != nil {
		return nil, err
	}
	items := make([]channels.Item, len(touches))
	for i := range touches {
		items[i] = d.h.item(&touches[i])
	}
	return items, nil
}

func (d *desk) Watch(thread string, f func(channels.Item)) (stop func()) {
	return d.h.watchers.add(threadField(d.thread(thread)), f)
}

func (d *desk) Typing(thread string, on bool) {
	if c, ok := d.h.mirror.byThread(d.thread(thread)); ok {
		d.h.publish(news{Type: "typing", Conversation: c.ID, From: "customer", On: on})
	}
}

// item is what a customer may see of a touch.
func (h *Hub) item(t *record.Touch) channels.Item {
	it := channels.Item{ID: t.ID, Kind: "message", From: "customer", At: t.At.Time()}
	if t.Inbound {
		it.Key = t.Key
	} else {
		it.From = "system"
		if name := h.publicName(t.Author.ID); name != "" {
			it.From, it.Name = "agent", name
		}
	}
	if t.Body != nil {
		it.Text, it.HTML = t.Body.Text, t.Body.HTML
	}
	return it
}

// publicName is what customers know a user as; "" for nobody.
func (h *Hub) publicName(user string) string {
	u := h.Settings().Users[user]
	if u.PublicName != "" {
		return u.PublicName
	}
	return u.Name
}

// watchers are the customers who read along, by thread: open web chats.
type watchers struct {
	mu   sync.Mutex
	list map[string][]*watcher
}

type watcher struct{ f func(channels.Item) }

func newWatchers() *watchers { return &watchers{list: map[string][]*watcher{}} }

func (w *watchers) add(thread string, f func(channels.Item)) (stop func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	x := &watcher{f}
	w.list[thread] = append(w.list[thread], x)
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		rest := make([]*watcher, 0, len(w.list[thread]))
		for _, y := range w.list[thread] {
			if y != x {
				rest = append(rest, y)
			}
		}
		if len(rest) == 0 {
			delete(w.list, thread)
		} else {
			w.list[thread] = rest
		}
	}
}

// tell calls the thread's watchers, outside the lock: they must not block, but may stop themselves.
func (w *watchers) tell(thread string, it channels.Item) {
	w.mu.Lock()
	list := w.list[thread]
	w.mu.Unlock()
	for _, x := range list {
		x.f(it)
	}
}

// watchLoop shows to customers what is recorded, never more, and all of it: what it has not told when history forks, or when
// it falls behind the log, it takes from the record.
func (h *Hub) watchLoop(ctx context.Context) error {
	var pending []Frame
	var told, seen uint64 // N up to which all is told; of the last event that was read
	told = h.Recorded().N
	sub := h.subscribeAll() // what is not recorded yet is still to be told
	defer func() { sub.Close() }()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-sub.C:
		}
		frames, lost := sub.Next()
		if lost {
			sub.Close()
			sub, pending, seen = h.subscribeAll(), nil, 0
			var err error
			for told, err = h.tellFrom(ctx, told); err != nil; told, err = h.tellFrom(ctx, told) {
				h.log.Warn("customers cannot be shown what is recorded", "err", err)
				if sleep(ctx, 500*time.Millisecond) != nil {
					return ctx.Err()
				}
			}
			continue
		}
		for _, f := range frames {
			seen = f.ID.N
			if t := f.Event.Touch; t != nil && t.Kind == record.KindMessage && t.Body != nil && f.Event.Conversation != nil && f.ID.N > told {
				pending = append(pending, f)
			}
		}
		upTo := sub.Recorded().N
		for len(pending) > 0 && pending[0].ID.N <= upTo {
			e := pending[0].Event
			h.watchers.tell(threadField(e.Conversation.In()), h.item(e.Touch))
			pending = pending[1:]
		}
		told = max(told, min(upTo, seen))
	}
}

// tellFrom shows what the record holds behind number n, and gives the number up to which it has.
func (h *Hub) tellFrom(ctx context.Context, n uint64) (uint64, error) {
	for {
		events, err := h.db.Events(ctx, n, 200)
		if err != nil || len(events) == 0 {
			return n, err
		}
		for i := range events {
			e := &events[i]
			if c := e.Conversation; c != nil && e.Touch != nil && (e.Kind == record.EvReceived || e.Kind == record.EvQueued) {
				if thread := threadField(c.In()); h.watchers.any(thread) {
					t, err := h.db.Touch(ctx, e.Touch.ID)
					if err != nil {
						return n, err
					}
					h.watchers.tell(thread, h.item(&t))
				}
			}
			n = e.ID.N
		}
	}
}

// any tells whether somebody watches the thread.
func (w *watchers) any(thread string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.list[thread]) > 0
}

// turn commits a touch's next state under its next revision. The command key is the revision itself, so of two
// workers that move the same message on, one succeeds and the other hears *duplicate.
func (h *Hub) turn(ctx context.Context, t *record.Touch, by record.Actor, worker string) (record.ID, string, error) {
	next := *t
	next.Rev++
	next.Worker, next.Body = worker, nil
	e, epoch, err := h.commitSoon(ctx, fmt.Sprintf("touch/%s/%d", next.ID, next.Rev), func() (*record.Event, bool, error) {
		tt := next
		return &record.Event{Kind: record.EvTouch, By: by, Touch: &tt}, false, nil
	})
	if err != nil {
		return record.ID{}, epoch, err
	}
	*t = next
	return e.ID, epoch, nil
}

// retry puts a failed or an uncertain message in line again, by a person's word.
func (h *Hub) retry(ctx context.Context, cmd *Command) (_ record.Event, epoch string, _ error) {
	t, err := h.db.Touch(ctx, cmd.Touch)
	if errors.Is(err, record.ErrNotFound) {
		return record.Event{}, "", refuse("not_found", "There is no such message.")
	}
	if err != nil {
		return record.Event{}, "", unrecorded(err)
	}
	if t.State != record.StateFailed && t.State != record.StateUncertain {
		return record.Event{}, "", refuse("conflict", "Only a message that failed can be sent again.")
	}
	c, _, err := h.find(ctx, t.Conversation)
	if err != nil {
		return record.Event{}, "", err
	}
	if !cmd.Supervisor && c.Owner != cmd.By.ID && t.Author.ID != cmd.By.ID {
		return record.Event{}, "", (&state{conv: c, set: h.Settings()}).notYours(cmd)
	}
	t.State, t.Error, t.Attempt, t.RetryAt = record.StateQueued, "", 0, 0
	id, epoch, err := h.turn(ctx, &t, cmd.By, "")
	var dup *duplicate
	if errors.As(err, &dup) {
		id, err = dup.ID, nil
	}
	if err != nil {
		return record.Event{}, "", unrecorded(err)
	}
	return record.Event{ID: id, Kind: record.EvTouch, Touch: &t, Conversation: &c}, epoch, nil
}
