package record

import (
	"cmp"
	"fmt"
	"slices"
)

// ValueSummary is what somebody was worth so far, in one currency.
type ValueSummary struct {
	Currency  string `json:"currency"`
	Recency   *int   `json:"recency_days"` // since the last purchase; null: none
	Frequency int    `json:"frequency"`    // purchases
	Returns   int    `json:"returns"`
	Money     Amount `json:"money"`            // purchases less returns: the lifetime value so far
	Cost      Amount `json:"cost,omitzero"`    // of all touches that say one; of returns it is taken off
	Margin    Amount `json:"margin,omitempty"` // Money less Cost, where costs were given
	Costed    bool   `json:"costed"`           // some were
	First     Millis `json:"first,omitempty"`  // purchase
	Last      Millis `json:"last,omitempty"`
	From      From   `json:"from"`
}

// ProductSummary is a product that somebody has bought.
type ProductSummary struct {
	Product  string `json:"product,omitempty"`
	Name     string `json:"name,omitempty"`
	Currency string `json:"currency,omitempty"`
	Quantity Amount `json:"quantity"` // less what came back
	Amount   Amount `json:"amount,omitzero"`
	Last     Millis `json:"last"`
	From     From   `json:"from"`
}

const (
	summaryProducts = 50
	valueKinds      = KindPurchase + "," + KindReturn // whose amounts are a value; others only cost
)

// value takes in what a touch says of money: see valued.
func (m *summing) value(t *told) {
	d := &t.data
	if d.Currency == "" || t.kind != KindPurchase && t.kind != KindReturn && d.Cost == 0 {
		return
	}
	v := entry(m.values, d.Currency)
	v.Currency = d.Currency
	switch t.kind {
	case KindPurchase:
		v.Frequency++
		v.Money += d.Amount
		if v.First == 0 || t.at < v.First {
			v.First = t.at
		}
		v.Last = max(v.Last, t.at)
		v.Cost += d.Cost
	case KindReturn:
		v.Returns++
		v.Money -= d.Amount
		v.Cost -= d.Cost
	default:
		v.Cost += d.Cost
	}
	v.Costed = v.Costed || d.Cost != 0
}

// valued is the condition that a touch t is one of those that value takes in of a currency, which is the argument of that number.
func (d *dialect) valued(currency int) string {
	return fmt.Sprintf("EXISTS (SELECT 1 FROM touch_data v WHERE v.n = t.n AND %s = $%d AND (t.kind IN ('%s', '%s') OR %s NOT IN ('', '0')))",
		d.jsonPart("v.json", "currency"), currency, KindPurchase, KindReturn, d.jsonPart("v.json", "cost"))
}

// bought takes in the products of a purchase or a return.
func (m *summing) bought(t *told) {
	sign := Amount(1)
	if t.kind == KindReturn {
		sign = -1
	}
	for _, it := range t.data.Items {
		key := [3]string{it.Product, it.Name, t.data.Currency}
		if it.Product != "" {
			key[1] = "" // by whatever name
		}
		p := entry(m.products, key)
		p.Product, p.Currency = it.Product, t.data.Currency
		if t.at >= p.Last || p.Name == "" {
			p.Name = it.Name
		}
		p.Quantity += sign * it.Quantity
		p.Amount += sign * it.Amount
		p.Last = max(p.Last, t.at)
	}
}

// worth puts values and products in order.
func (m *summing) worth() {
	s := m.s
	for _, v := range m.values {
		if v.Last != 0 {
			days := int(max(m.rules.Now-v.Last, 0) / (24 * 3600_000))
			v.Recency = &days
		}
		if v.Costed {
			v.Margin = v.Money - v.Cost
		}
		v.From = From{Value: v.Currency}
		s.Value = append(s.Value, *v)
	}
	slices.SortFunc(s.Value, func(a, b ValueSummary) int {
		return cmp.Or(cmp.Compare(b.Frequency, a.Frequency), cmp.Compare(a.Currency, b.Currency))
	})
	for _, p := range m.products {
		p.From = From{Kind: valueKinds, Text: findable(cmp.Or(p.Product, p.Name)), Value: p.Currency}
		s.Products = append(s.Products, *p)
	}
	slices.SortFunc(s.Products, func(a, b ProductSummary) int {
		return cmp.Or(cmp.Compare(b.Last, a.Last), cmp.Compare(a.Product, b.Product), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Currency, b.Currency))
	})
	s.Products = s.Products[:min(len(s.Products), summaryProducts)]
}
