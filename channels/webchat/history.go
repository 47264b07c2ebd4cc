package webchat

import (
	"context"
	"net/http"

	"tamas/channels"
)

// history reads one page after an item. next is where to go on, "" at the end.
func (a *adapter) history(ctx context.Context, visitor, after string) (items []item, next string, err error) {
	page, err := a.cfg.Desk.History(ctx, visitor, after, pageSize)
	if err != nil {
		return nil, "", err
	}
	for _, i := range page {
		if it, ok := toItem(i, visitor); ok && it.Kind == "message" {
			items = append(items, it)
		}
	}
	if len(page) == pageSize {
		next = page[len(page)-1].ID
	}
	if next == after {
		next = ""
	}
	return items, next, nil
}

// page is the first page after an item that has something for the visitor.
func (a *adapter) page(ctx context.Context, visitor, after string) ([]item, error) {
	for {
		items, next, err := a.history(ctx, visitor, after)
		if err != nil || len(items) > 0 || next == "" {
			return items, err
		}
		after = next
	}
}

// contextOf is the request's context without its end.
func contextOf(r *http.Request) context.Context { return context.WithoutCancel(r.Context()) }

var _ channels.Webhook = (*adapter)(nil)
