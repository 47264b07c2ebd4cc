package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"tamas/channels"
	"tamas/channels/provider"
)

// pageSize is how many updates are asked for at once, Telegram's most.
const pageSize = 100

// poll fetches updates from the recorded position on. The offset of a call is the acknowledgement of all
// before it, so it only ever comes from a batch that is recorded.
func (a *adapter) poll(ctx context.Context) error {
	cursor, err := a.desk.Cursor(ctx)
	if err != nil {
		return fmt.Errorf("telegram: read the cursor: %w", err)
	}
	pos, ok := parsePosition(cursor)
	if !ok {
		a.log.Warn("telegram: the recorded cursor is none; starting from the oldest update", "cursor", cursor)
	}
	ahead := map[int64]bool{} // updates that are done beyond the position, while a file holds it up
	var held error
	wait := a.pace.retry
	for {
		page, err := a.page(ctx, pos.next)
		if err != nil {
			return err
		}
		if held == nil {
			a.connected(ctx, len(page) == pageSize)
		}
		if len(page) == 0 {
			continue
		}
		before := pos
		if held, err = a.take(ctx, page, &pos, ahead); err != nil {
			return err
		}
		switch {
		case held != nil:
			// The rest of the page is recorded; only the thread with that file waits, and this account's offset.
			a.desk.Health(channels.Health{State: "failing", Detail: "A file cannot be had now; its message waits: " + held.Error(), HeardAt: time.Now()})
			a.log.Warn("telegram: a file cannot be had now", "err", held)
			d := wait/2 + rand.N(wait)
			if ce := (*callError)(nil); errors.As(held, &ce) {
				d = max(d, min(ce.retry, time.Minute)) // Telegram's own wish
			}
			if err := provider.Pause(ctx, d); err != nil {
				return err
			}
			wait = min(2*wait, 5*time.Second)
		case pos.next == before.next:
			// Only updates that came before, which the next call confirms, or without a number, which nothing confirms: those
			// come again and again, under the same keys.
			a.log.Warn("telegram: a page that is no progress", "updates", len(page))
			if err := provider.Pause(ctx, wait); err != nil {
				return err
			}
			wait = min(2*wait, time.Minute)
		default:
			wait = a.pace.retry
			maps.DeleteFunc(ahead, func(id int64, _ bool) bool { return id < pos.next })
		}
	}
}

// page makes one long poll. An album that may not be whole yet is waited for, without an acknowledgement: the same updates come
// again, with what has joined them.
func (a *adapter) page(ctx context.Context, offset int64) ([]arrival, error) {
	raws, err := a.getUpdates(ctx, offset, a.pace.poll)
	if err != nil {
		return nil, err
	}
	for range 3 {
		if len(raws) == 0 || len(raws) >= pageSize || !growing(a.readAll(raws), time.Now()) {
			break
		}
		if err := provider.Pause(ctx, a.pace.album); err != nil {
			return nil, err
		}
		more, err := a.getUpdates(ctx, offset, 0)
		if err != nil {
			return nil, err
		}
		if len(more) <= len(raws) {
			break
		}
		raws = more
	}
	page := a.readAll(raws)
	if len(raws) >= pageSize {
		page = uncut(page)
	}
	return page, nil
}

// getUpdates fetches what waits at Telegram, for up to patience. Its error is what Run returns.
func (a *adapter) getUpdates(ctx context.Context, offset int64, patience time.Duration) ([]json.RawMessage, error) {
	c, cancel := context.WithTimeout(ctx, patience+brief)
	defer cancel()
	raw, ce := a.api.post(c, a.api.long, "getUpdates", params{
		"offset": offset, "limit": pageSize, "timeout": int(patience.Seconds()), "allowed_updates": wanted,
	})
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if ce != nil {
		return nil, a.report(ctx, judge(ce))
	}
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, a.report(ctx, judge(&callError{text: "getUpdates answered with something that is no list"}))
	}
	return list, nil
}

func (a *adapter) readAll(raws []json.RawMessage) []arrival {
	page := make([]arrival, len(raws))
	for i, raw := range raws {
		page[i] = a.reader.read(raw)
	}
	return page
}

// take records a page in order and moves the position behind it. held says why it stands before the page's end: a file that
// cannot be had now. Then the messages of other threads are recorded all the same, and their updates noted in ahead.
func (a *adapter) take(ctx context.Context, page []arrival, pos *position, ahead map[int64]bool) (held, err error) {
	for i := range page {
		if u := &page[i]; ahead[u.id] {
			*u = arrival{id: u.id, chat: u.chat}
		}
	}
	a.join(page)
	failed, err := a.fill(ctx, page)
	if err != nil {
		return nil, err
	}
	next := *pos
	next.gaps = slices.Clone(pos.gaps)
	var b channels.Batch
	var presses []string
	var done []int64
	waiting := map[string]bool{}
	now := time.Now()
	for i := range page {
		u := &page[i]
		if failed[i] != nil {
			held = failed[i]
			waiting[u.in.Thread] = true
		}
		switch {
		case held == nil && u.id != 0:
			next.saw(u.id, now)
		case u.id != 0 && !waiting[u.in.Thread]:
			done = append(done, u.id)
		}
		if u.left != "" {
			// What the customer wrote before says that they can be reached: it comes first.
			if len(b.Messages) > 0 {
				if err := a.receive(ctx, b); err != nil {
					return nil, err
				}
				b = channels.Batch{}
			}
			if err := a.lost(ctx, u.left); err != nil {
				return nil, err
			}
		}
		if !u.record || waiting[u.in.Thread] {
			continue
		}
		b.Messages = append(b.Messages, u.in)
		if u.callback != "" {
			presses = append(presses, u.callback)
		}
	}
	if next.next != pos.next {
		b.Cursor = next.String()
	}
	for _, g := range next.gaps {
		if g.at.Equal(now) {
			a.log.Warn("telegram: updates are missing; another program may have fetched them", "from", g.from, "to", g.to)
		}
	}
	if len(b.Messages) > 0 || b.Cursor != "" {
		if err := a.receive(ctx, b); err != nil {
			return nil, err
		}
	}
	for _, id := range done {
		ahead[id] = true
	}
	*pos = next
	a.pressed(ctx, presses)
	return held, nil
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
		if err := provider.Pause(ctx, wait/2+rand.N(wait)); err != nil {
			return err
		}
	}
}

// lost records that a customer has blocked the bot, until it is recorded or ctx ends: what comes after it in the batch moves the
// position past it.
func (a *adapter) lost(ctx context.Context, address string) error {
	for wait := a.pace.retry; ; wait = min(2*wait, 5*time.Second) {
		err := a.desk.Unreachable(ctx, address, hasBlocked)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		a.log.Warn("telegram: a block is not recorded yet; trying again", "err", err)
		if err := provider.Pause(ctx, wait/2+rand.N(wait)); err != nil {
			return err
		}
	}
}

// pressed tells Telegram that presses of buttons have arrived, so that they stop spinning. It is a courtesy: failing costs nothing.
func (a *adapter) pressed(ctx context.Context, ids []string) {
	for _, id := range ids {
		c, cancel := context.WithTimeout(ctx, 5*time.Second)
		_, ce := a.api.call(c, "answerCallbackQuery", params{"callback_query_id": id})
		cancel()
		if ce != nil {
			a.log.Debug("telegram: a button keeps spinning", "err", ce)
		}
	}
}
