package sms

import (
	"context"
	"errors"
	"strings"
	"time"

	"tamas/channels"
	"tamas/channels/provider"
)

const (
	overlap = 5 * time.Minute  // the list is read again from this long before the cursor: its times are whole seconds, and clocks differ
	settled = 15 * time.Minute // after which nothing older appears in a list
	stretch = 24 * time.Hour   // how much of a list is read at once
)

// listed is one message of a provider's list.
type listed struct {
	key, thread string
	at          time.Time
	read        func(context.Context) (channels.Inbound, error) // whole; its error: not now
}

// lister reads what customers wrote from one moment until before another, oldest first. Both are whole seconds, as lists know no others.
type lister func(ctx context.Context, from, to time.Time) ([]listed, error)

// reporter reads what became of messages that were sent between two moments.
type reporter func(ctx context.Context, from, to time.Time) ([]report, error)

// report is what became of a sent message; its state is "" while that is open.
type report struct{ id, state, reason string }

// follow proves the credentials and then, again and again, takes from the provider's list what the webhook did not bring.
func (a *account) follow(ctx context.Context, check func(context.Context) error, list lister, sent reporter) error {
	a.desk.Health(channels.Health{State: "connecting"})
	if err := check(ctx); err != nil {
		return a.report(ctx, err)
	}
	cursor, err := a.desk.Cursor(ctx)
	if err != nil {
		return err
	}
	pos, _ := parsePosition(cursor)
	for unreported := pos.upTo; ; {
		wait := a.pace.look
		if err := a.catchUp(ctx, list); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if !unrecorded(err) {
				return a.report(ctx, err)
			}
			a.log.Warn("sms: messages of the list are not recorded yet; trying again", "err", err)
			wait = min(wait, 5*time.Second)
		} else if unreported, err = a.catchUpReports(ctx, sent, unreported); err != nil && ctx.Err() == nil {
			a.log.Warn("sms: what became of sent messages is not known yet", "err", err)
		}
		h := channels.Health{State: "connected", HeardAt: time.Now()}
		if !a.hooked() {
			h.Detail, h.Do = a.polls.Detail, a.polls.Do
		}
		a.desk.Health(h)
		if err := provider.Pause(ctx, wait); err != nil {
			return err
		}
	}
}

// reportsBack is how far back reports are looked for.
const reportsBack = 3 * 24 * time.Hour

// catchUpReports records what became of messages that were sent since a moment at which reports may have been missed; the zero
// time: none were. It returns the moment for the next time.
func (a *account) catchUpReports(ctx context.Context, sent reporter, since time.Time) (time.Time, error) {
	now := time.Now().UTC()
	if since.IsZero() && a.hooked() {
		return since, nil
	}
	for from := later(since.Add(-time.Hour), now.Add(-reportsBack)).Truncate(time.Second); from.Before(now); from = from.Add(stretch) {
		all, err := sent(ctx, from, from.Add(stretch))
		if err != nil {
			return since, err
		}
		for _, r := range all {
			key := "report/" + r.id
			if r.state == "" || a.noted(key) {
				continue
			}
			if err := a.desk.Status(ctx, r.id, r.state, r.reason); err != nil {
				return since, err
			}
			a.note(key)
		}
	}
	if a.hooked() {
		return time.Time{}, nil
	}
	return now.Add(-time.Hour), nil // without a webhook reports come in no other way
}

func unrecorded(err error) bool {
	return errors.Is(err, channels.ErrUnrecorded) || errors.Is(err, channels.ErrOverloaded)
}

// position is an account's cursor: the moment up to which the list was looked through, and that at which the account
// began. What is older than the account is imported.
type position struct{ upTo, began time.Time }

func (p position) String() string {
	text := p.upTo.UTC().Format(time.RFC3339)
	if !p.began.IsZero() {
		text += " " + p.began.UTC().Format(time.RFC3339)
	}
	return text
}

func parsePosition(cursor string) (p position, ok bool) {
	upTo, began, _ := strings.Cut(cursor, " ")
	var err error
	if p.upTo, err = time.Parse(time.RFC3339, upTo); err != nil {
		return position{}, false
	}
	p.began, _ = time.Parse(time.RFC3339, began)
	return p, true
}

// catchUp hands over, oldest first, the listed messages since the cursor that are old enough for the webhook to have
// failed and that the record does not hold.
func (a *account) catchUp(ctx context.Context, list lister) error {
	cursor, err := a.desk.Cursor(ctx)
	if err != nil {
		return err
	}
	now := time.Now().UTC()
	a.forget(now)
	pos, ok := parsePosition(cursor)
	if !ok {
		// A new account begins now, or as long ago as it is to import.
		pos.began = now.Truncate(time.Second)
		if pos.upTo = pos.began; !a.since.IsZero() && a.since.Before(now) {
			pos.upTo = a.since.UTC().Truncate(time.Second)
		}
		if err := a.desk.Receive(ctx, channels.Batch{Cursor: pos.String()}); err != nil {
			return err
		}
	}
	floor := pos.began
	if !a.since.IsZero() {
		floor = a.since
	}
	held := map[string]bool{} // threads with a message too young: what follows it waits with it
	for from := later(pos.upTo.Add(-overlap), floor).Truncate(time.Second); ; from = from.Add(stretch) {
		to := from.Add(stretch)
		last := to.After(now)
		if last {
			to = now.Add(time.Hour).Truncate(time.Second) // clocks differ
		}
		items, err := list(ctx, from, to)
		if err != nil {
			return err
		}
		if pos, err = a.take(ctx, items, pos, now, held); err != nil {
			return err
		}
		handled := to
		if last {
			handled = now.Add(-settled)
		}
		if len(held) == 0 && handled.Sub(pos.upTo) > time.Hour {
			pos.upTo = handled.Truncate(time.Second)
			if err := a.desk.Receive(ctx, channels.Batch{Cursor: pos.String()}); err != nil {
				return err
			}
		}
		if last {
			return nil
		}
	}
}

// take hands over what is new among items and returns the position after it.
func (a *account) take(ctx context.Context, items []listed, pos position, now time.Time, held map[string]bool) (position, error) {
	known, err := a.known(ctx, items)
	if err != nil {
		return pos, err
	}
	var b channels.Batch
	hand := func() error {
		if len(b.Messages) == 0 {
			return nil
		}
		b.Cursor = pos.String()
		if err := a.desk.Receive(ctx, b); err != nil {
			return err
		}
		for _, m := range b.Messages {
			a.note(m.Key)
		}
		b = channels.Batch{}
		return nil
	}
	for _, m := range items {
		if now.Sub(m.at) < a.grace() {
			held[m.thread] = true
		}
		if held[m.thread] {
			continue
		}
		if known[m.key] {
			if len(held) == 0 {
				pos.upTo = later(pos.upTo, m.at)
			}
			continue
		}
		in, err := m.read(ctx)
		if err != nil {
			return pos, err
		}
		in.At, in.Imported = m.at, m.at.Before(pos.began)
		a.words.read(&in)
		if len(held) == 0 {
			pos.upTo = later(pos.upTo, m.at)
		}
		if b.Messages = append(b.Messages, in); len(b.Messages) == channels.MaxBatch {
			if err := hand(); err != nil {
				return pos, err
			}
		}
	}
	return pos, hand()
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// grace is how long a message may have been with the provider before the list is believed to be alone with it.
func (a *account) grace() time.Duration {
	if !a.hooked() {
		return 0
	}
	return a.pace.grace
}

// hooked tells whether the provider can call the hub at all.
func (a *account) hooked() bool { return a.hook != "" || a.set.WebhookURL != "" }

// known tells which messages were handed over before, by this node or by any.
func (a *account) known(ctx context.Context, items []listed) (map[string]bool, error) {
	known := map[string]bool{}
	var ask []string
	a.mu.Lock()
	for _, m := range items {
		if _, seen := a.seen[m.key]; seen {
			known[m.key] = true
		} else {
			ask = append(ask, m.key)
		}
	}
	a.mu.Unlock()
	for len(ask) > 0 {
		some := ask[:min(len(ask), channels.MaxBatch)]
		ask = ask[len(some):]
		recorded, err := a.desk.Recorded(ctx, some)
		if err != nil {
			return nil, err
		}
		for key, is := range recorded {
			known[key] = known[key] || is
		}
	}
	return known, nil
}

// noted tells whether note remembers a key.
func (a *account) noted(key string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, ok := a.seen[key]
	return ok
}

// note remembers that a message was handed over by this node, so that the record need not be asked.
func (a *account) note(key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.seen) > 100_000 {
		clear(a.seen)
	}
	a.seen[key] = time.Now()
}

// forget drops what the list will not show again.
func (a *account) forget(now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for key, at := range a.seen {
		if now.Sub(at) > 3*time.Hour {
			delete(a.seen, key)
		}
	}
}
