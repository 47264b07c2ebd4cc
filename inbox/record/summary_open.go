package record

import (
	"cmp"
	"context"
	"slices"
)

// OpenSummary is what somebody still waits for.
type OpenSummary struct {
	Conversations int           `json:"conversations"`
	Promises      []OpenPromise `json:"promises"` // soonest first, then what stands still
	Orders        []OpenOrder   `json:"orders"`   // on their way, oldest first
}

// OpenPromise is a clock that has not ended: it runs until Due, or stands still with Left to go while the customer is waited for.
type OpenPromise struct {
	Conversation string `json:"conversation"`
	Number       int64  `json:"number"`
	Kind         string `json:"kind"`
	Due          Millis `json:"due,omitempty"`
	Left         Millis `json:"left,omitempty"`
	Broken       bool   `json:"broken,omitempty"`
}

// OpenOrder is one whose last delivery has not ended.
type OpenOrder struct {
	Order string `json:"order"`
	Step  string `json:"step"`
	At    Millis `json:"at"`
	From  From   `json:"from"`
}

func (m *summing) open(ctx context.Context, in string, args []any) error {
	heads, err := collect(ctx, m.q, scanHeader, "SELECT header FROM conversations WHERE identity IN "+in+" AND status <> 'resolved'", args...)
	m.s.Open.Conversations += len(heads)
	for _, h := range heads {
		if h.SLA == nil {
			continue
		}
		for _, c := range h.SLA.Clocks {
			if c.MetAt == 0 {
				m.s.Open.Promises = append(m.s.Open.Promises, OpenPromise{h.ID, h.Number, c.Kind, c.Due, c.Left, c.Broken})
			}
		}
	}
	return err
}

// delivered takes in a step of an order.
func (m *summing) delivered(t *told) {
	order := t.data.Order
	if was := m.orders[order]; order != "" && t.at >= was.At {
		m.orders[order] = OpenOrder{Order: order, Step: t.data.Step, At: t.at, From: From{Kind: KindDelivery, Text: findable(order)}}
	}
}

// opened puts what is open in order, without what has ended.
func (m *summing) opened() {
	s := m.s
	for _, o := range m.orders {
		if !slices.Contains([]string{"delivered", "failed", "returned", "cancelled"}, o.Step) {
			s.Open.Orders = append(s.Open.Orders, o)
		}
	}
	slices.SortFunc(s.Open.Orders, func(a, b OpenOrder) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Order, b.Order)) })
	still := func(p OpenPromise) int {
		if p.Due == 0 {
			return 1
		}
		return 0
	}
	slices.SortFunc(s.Open.Promises, func(a, b OpenPromise) int {
		return cmp.Or(cmp.Compare(still(a), still(b)), cmp.Compare(a.Due, b.Due), cmp.Compare(a.Left, b.Left), cmp.Compare(a.Number, b.Number), cmp.Compare(a.Kind, b.Kind))
	})
}
