package webchat

import (
	"context"
	"net/http"
	"time"

	"tamas/channels"
)

// history reads one page after an item. next is where to go on, "" at the end; at is how far in the record's order it reaches.
func (a *adapter) history(ctx context.Context, visitor, after string) (items []item, next string, at uint64, err error) {
	page, at, err := a.cfg.Desk.History(ctx, visitor, after, pageSize)
	if err != nil {
		return nil, "", 0, err
	}
	for _, i := range page {
		if it, ok := a.sign.toItem(i, visitor); ok && it.kept() {
			items = append(items, it)
		}
	}
	if len(page) == pageSize {
		next = page[len(page)-1].ID
	}
	if next == after {
		next = ""
	}
	return items, next, at, nil
}

// page is the first page after an item that has something for the visitor.
func (a *adapter) page(ctx context.Context, visitor, after string) ([]item, error) {
	for {
		items, next, _, err := a.history(ctx, visitor, after)
		if err != nil || len(items) > 0 || next == "" {
			return items, err
		}
		after = next
	}
}

// standing tells where a visitor stands, and whether the firm is there.
func (a *adapter) standing(ctx context.Context, visitor string) (*standing, error) {
	st, err := a.cfg.Desk.Standing(ctx, visitor)
	if err != nil {
		return nil, err
	}
	s := &standing{Status: st.Status, Agent: st.Agent, Staffed: st.Staffed, Over: !isOpen(st), Mail: st.Transcript}
	if st.Status == "waiting" {
		// In whole minutes: so much is honest, and not every second is news.
		s.Position, s.Wait = st.Position, int64((st.Wait+time.Minute-1)/time.Minute)*60
		if *a.set.Later {
			s.Later, s.LaterOn = st.Later, st.LaterOn
		}
	}
	s.Open, s.Next = a.hours(time.Now())
	if st.Closed { // the queue's hours count beside the account's own
		if s.Open {
			s.Open, s.Next = false, 0
		}
		if !st.Opens.IsZero() {
			s.Next = max(s.Next, st.Opens.UnixMilli())
		}
	}
	return s, nil
}

// isOpen tells whether a conversation is under way.
func isOpen(s channels.Standing) bool {
	return s.Status == "waiting" || s.Status == "active" || s.Status == "snoozed"
}

// hours tells whether the firm is there and when that changes, in Unix milliseconds; 0: not soon.
func (a *adapter) hours(now time.Time) (open bool, next int64) {
	open, at := a.set.hours.at(now)
	if !at.IsZero() {
		next = at.UnixMilli()
	}
	return open, next
}

// contextOf is the request's context without its end.
func contextOf(r *http.Request) context.Context { return context.WithoutCancel(r.Context()) }

var _ channels.Webhook = (*adapter)(nil)
