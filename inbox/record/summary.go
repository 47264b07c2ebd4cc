package record

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"tamas/persian"
)

// Summary is what follows from a customer's touches. Nobody types it. Each part says of which touches it was made: From is a filter of the timeline.
type Summary struct {
	Channels     []ChannelSummary   `json:"channels"` // most touches first
	Months       []MonthSummary     `json:"months"`   // at most 36, oldest first; those without touches are left out
	Value        []ValueSummary     `json:"value"`    // by currency
	Products     []ProductSummary   `json:"products"` // at most 50, latest first
	Programmes   []ProgrammeSummary `json:"programmes"`
	Visits       VisitSummary       `json:"visits"`
	Satisfaction Satisfaction       `json:"satisfaction"`
	Open         OpenSummary        `json:"open"`
}

// From is a filter of touches, as the timeline takes it.
type From struct {
	Kind    string `json:"kind,omitempty"` // with commas
	Channel string `json:"channel,omitempty"`
	Text    string `json:"text,omitempty"`
	From    Millis `json:"from,omitempty"`
	To      Millis `json:"to,omitempty"`
}

// ChannelSummary is what came and went on a channel.
type ChannelSummary struct {
	Channel  string `json:"channel"`
	In       int    `json:"in"`
	Out      int    `json:"out"`
	First    Millis `json:"first"`
	Last     Millis `json:"last"`
	Response Millis `json:"median_response,omitempty"` // of our first answers there; 0: none yet
	From     From   `json:"from"`
}

// MonthSummary counts a month's touches, of the calendar that was asked for.
type MonthSummary struct {
	Month    string         `json:"month"` // "2026-11", "1405-08"
	Channels map[string]int `json:"channels"`
	Kinds    map[string]int `json:"kinds"`
	From     From           `json:"from"`
}

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

// ProgrammeSummary is what somebody received of a marketing programme, and what came of it.
type ProgrammeSummary struct {
	Programme string         `json:"programme"`
	Step      string         `json:"step"` // the last one
	At        Millis         `json:"at"`
	Steps     map[string]int `json:"steps"`
	From      From           `json:"from"`
}

// VisitSummary is what somebody looked at on the web.
type VisitSummary struct {
	Count int       `json:"count"`
	Last  Millis    `json:"last,omitempty"`
	Pages []PageHit `json:"pages"` // of the last 200 visits, at most ten
	From  From      `json:"from"`
}

// PageHit is a page that was visited.
type PageHit struct {
	Address string `json:"address"`
	Title   string `json:"title,omitempty"`
	Count   int    `json:"count"`
	Last    Millis `json:"last"`
}

// Satisfaction is what somebody said to be content with: the last word on each conversation.
type Satisfaction struct {
	Count int      `json:"count"`
	CSAT  *float64 `json:"csat"` // percent of 4 and 5 among 1 to 5; null: none
	Last  int      `json:"last,omitempty"`
	At    Millis   `json:"at,omitempty"`
	NPS   *int     `json:"nps"` // the last answer of 0 to 10; null: none
	From  From     `json:"from"`
}

// OpenSummary is what somebody still waits for.
type OpenSummary struct {
	Conversations int           `json:"conversations"`
	Promises      []OpenPromise `json:"promises"` // soonest first
	Orders        []OpenOrder   `json:"orders"`   // on their way, oldest first
}

// OpenPromise is a clock that runs.
type OpenPromise struct {
	Conversation string `json:"conversation"`
	Number       int64  `json:"number"`
	Kind         string `json:"kind"`
	Due          Millis `json:"due"`
	Broken       bool   `json:"broken,omitempty"`
}

// OpenOrder is one whose last delivery has not ended.
type OpenOrder struct {
	Order string `json:"order"`
	Step  string `json:"step"`
	At    Millis `json:"at"`
	From  From   `json:"from"`
}

// SummaryRules are what a summary is made by.
type SummaryRules struct {
	Now    Millis
	Zone   *time.Location
	Jalali bool // months of the Iranian calendar
}

const (
	summaryMonths   = 36
	summaryProducts = 50
	summaryVisits   = 200
)

// notContacts are kinds that are no contact with the customer: what colleagues do, and changes of what was said.
var notContacts = []string{KindNote, KindEdit, KindDeletion, KindWhisper, KindDraft, KindReview, KindVerdict, KindFlag, KindAnswer}

// month is a month of a calendar.
type month struct {
	name     string
	from, to Millis
}

// months are the last n months until now's, oldest first.
func (r *SummaryRules) months(n int) []month {
	zone := r.Zone
	if zone == nil {
		zone = time.UTC
	}
	now := r.Now.Time().In(zone)
	begin := func(y, m int) time.Time {
		if r.Jalali {
			t, _ := jalaliDay(y, m, 1, zone)
			return t
		}
		return time.Date(y, time.Month(m), 1, 0, 0, 0, 0, zone)
	}
	y, m := now.Year(), int(now.Month())
	if r.Jalali {
		y, m, _ = persian.Of(now.Date())
	}
	list := make([]month, n)
	end := r.Now + 366*24*3600_000 // a sender's clock may be ahead
	for i := n - 1; i >= 0; i-- {
		b := At(begin(y, m))
		list[i] = month{fmt.Sprintf("%04d-%02d", y, m), b, end}
		end = b
		if m--; m == 0 {
			y, m = y-1, 12
		}
	}
	return list
}

// Summary reads it, of a customer or of several, as the members of an organisation. ErrNotFound: there is no such customer.
func (db *DB) Summary(ctx context.Context, customers []string, rules SummaryRules) (Summary, error) {
	s := Summary{Channels: []ChannelSummary{}, Months: []MonthSummary{}, Value: []ValueSummary{}, Products: []ProductSummary{}, Programmes: []ProgrammeSummary{},
		Visits: VisitSummary{Pages: []PageHit{}, From: From{Kind: KindVisit}}, Satisfaction: Satisfaction{From: From{Kind: KindRating}},
		Open: OpenSummary{Promises: []OpenPromise{}, Orders: []OpenOrder{}}}
	_, err := db.read(ctx, func(q querier) error {
		if len(customers) == 1 {
			if _, err := rootOf(ctx, q, customers[0]); err != nil {
				return err
			}
		}
		all, err := identitiesOf(ctx, q, customers)
		if err != nil {
			return err
		}
		m := summing{q: q, rules: rules, s: &s, months: rules.months(summaryMonths), channels: map[string]*ChannelSummary{}, counted: map[int]*MonthSummary{},
			values: map[string]*ValueSummary{}, products: map[[3]string]*ProductSummary{}, programmes: map[string]*ProgrammeSummary{}, orders: map[string]OpenOrder{},
			waits: map[string][]Millis{}, pages: map[string]*PageHit{}, ratings: map[string]rated{}, kinds: map[string]bool{}}
		for some := range slices.Chunk(all, identitiesAtOnce) {
			if err := m.read(ctx, some); err != nil {
				return err
			}
		}
		m.finish()
		return nil
	})
	if err != nil {
		err = fmt.Errorf("summarise: %w", err)
	}
	return s, err
}

// summing gathers a summary.
type summing struct {
	q          querier
	rules      SummaryRules
	s          *Summary
	months     []month
	channels   map[string]*ChannelSummary
	counted    map[int]*MonthSummary
	values     map[string]*ValueSummary
	products   map[[3]string]*ProductSummary
	programmes map[string]*ProgrammeSummary
	orders     map[string]OpenOrder
	waits      map[string][]Millis
	pages      map[string]*PageHit
	ratings    map[string]rated
	kinds      map[string]bool // that there are
}

type rated struct {
	score int
	at    Millis
	ten   bool
}

// read takes in the touches of some identities. The database counts; only what says more than that it happened is read row by row.
func (m *summing) read(ctx context.Context, identities []string) error {
	in, args := "("+placeholders(1, len(identities))+")", anys(identities)
	if err := m.counts(ctx, in, args); err != nil {
		return err
	}
	for _, part := range []struct {
		of   string // kind; "": whatever there is
		read func(context.Context, string, []any) error
	}{{"", m.data}, {KindMessage, m.answers}, {KindRating, m.rated}, {KindVisit, m.visits}, {"", m.open}} {
		if part.of != "" && !m.kinds[part.of] {
			continue
		}
		if err := part.read(ctx, in, args); err != nil {
			return err
		}
	}
	return nil
}

func (m *summing) counts(ctx context.Context, in string, args []any) error {
	type row struct {
		month         int
		channel, kind string
		inbound       bool
		n             int
		first, last   Millis
	}
	var values strings.Builder
	fmt.Fprintf(&values, "(-1, -9000000000000000, %d)", m.months[0].from)
	for i, mo := range m.months {
		fmt.Fprintf(&values, ", (%d, %d, %d)", i, mo.from, mo.to)
	}
	rows, err := collect(ctx, m.q, func(rows *sql.Rows, r *row) error {
		return rows.Scan(&r.month, &r.channel, &r.kind, &r.inbound, &r.n, &r.first, &r.last)
	}, `WITH months (i, a, b) AS (VALUES `+values.String()+`)
		SELECT months.i, t.channel, t.kind, t.inbound, count(*), MIN(t.happened_at), MAX(t.happened_at) FROM months CROSS JOIN touches t
		WHERE t.identity IN `+in+` AND t.happened_at >= months.a AND t.happened_at < months.b AND t.kind NOT IN ('`+strings.Join(notContacts, "', '")+`')
		GROUP BY months.i, t.channel, t.kind, t.inbound`, args...)
	for _, r := range rows {
		c := entry(m.channels, r.channel)
		if c.Channel = r.channel; r.inbound {
			c.In += r.n
		} else {
			c.Out += r.n
		}
		if c.First == 0 || r.first < c.First {
			c.First = r.first
		}
		c.Last = max(c.Last, r.last)
		m.kinds[r.kind] = true
		if r.kind == KindVisit {
			m.s.Visits.Count += r.n
			m.s.Visits.Last = max(m.s.Visits.Last, r.last)
		}
		if r.month >= 0 {
			x := entry(m.counted, r.month)
			if x.Channels == nil {
				x.Channels, x.Kinds = map[string]int{}, map[string]int{}
			}
			x.Channels[r.channel] += r.n
			x.Kinds[r.kind] += r.n
		}
	}
	return err
}

func entry[K comparable, V any](m map[K]*V, k K) *V {
	v, ok := m[k]
	if !ok {
		v = new(V)
		m[k] = v
	}
	return v
}

// data are amounts, products, programmes and deliveries.
func (m *summing) data(ctx context.Context, in string, args []any) error {
	type row struct {
		kind string
		at   Millis
		data []byte
	}
	rows, err := collect(ctx, m.q, func(rows *sql.Rows, r *row) error { return rows.Scan(&r.kind, &r.at, &r.data) },
		"SELECT t.kind, t.happened_at, d.json FROM touches t JOIN touch_data d ON d.n = t.n WHERE t.identity IN "+in, args...)
	if err != nil {
		return err
	}
	for _, r := range rows {
		var d Data
		if json.Unmarshal(r.data, &d) != nil {
			continue
		}
		sign := Amount(1)
		if r.kind == KindReturn {
			sign = -1
		}
		if d.Currency != "" && (r.kind == KindPurchase || r.kind == KindReturn || d.Cost != 0) {
			v := entry(m.values, d.Currency)
			v.Currency = d.Currency
			switch r.kind {
			case KindPurchase:
				v.Frequency++
				v.Money += d.Amount
				if v.First == 0 || r.at < v.First {
					v.First = r.at
				}
				v.Last = max(v.Last, r.at)
			case KindReturn:
				v.Returns++
				v.Money -= d.Amount
			}
			v.Cost += sign * d.Cost
			v.Costed = v.Costed || d.Cost != 0
		}
		switch r.kind {
		case KindPurchase, KindReturn:
			for _, it := range d.Items {
				key := [3]string{it.Product, it.Name, d.Currency}
				if it.Product != "" {
					key[1] = "" // by whatever name
				}
				p := entry(m.products, key)
				p.Product, p.Currency = it.Product, d.Currency
				if r.at >= p.Last || p.Name == "" {
					p.Name = it.Name
				}
				p.Quantity += sign * it.Quantity
				p.Amount += sign * it.Amount
				p.Last = max(p.Last, r.at)
			}
		case KindProgramme:
			p := entry(m.programmes, d.Programme)
			if p.Steps == nil {
				p.Programme, p.Steps = d.Programme, map[string]int{}
			}
			p.Steps[d.Step]++
			if r.at >= p.At {
				p.At, p.Step = r.at, d.Step
			}
		case KindDelivery:
			if o := m.orders[d.Order]; d.Order != "" && r.at >= o.At {
				m.orders[d.Order] = OpenOrder{Order: d.Order, Step: d.Step, At: r.at, From: From{Kind: KindDelivery, Text: findable(d.Order)}}
			}
		}
	}
	return nil
}

// answers are the waits for our first answers, as they have been measured.
func (m *summing) answers(ctx context.Context, in string, args []any) error {
	type row struct {
		channel string
		wait    Millis
	}
	rows, err := collect(ctx, m.q, func(rows *sql.Rows, r *row) error { return rows.Scan(&r.channel, &r.wait) },
		"SELECT t.channel, f.value FROM touches t JOIN facts f ON f.n = t.n AND f.kind = '"+FactFirst+"' WHERE t.identity IN "+in+" AND t.inbound = 0 AND t.kind = 'message'", args...)
	for _, r := range rows {
		m.waits[r.channel] = append(m.waits[r.channel], r.wait)
	}
	return err
}

func (m *summing) rated(ctx context.Context, in string, args []any) error {
	type row struct {
		conversation, subject string
		rated
	}
	rows, err := collect(ctx, m.q, func(rows *sql.Rows, r *row) error { return rows.Scan(&r.conversation, &r.at, &r.score, &r.subject) },
		"SELECT t.conversation, t.happened_at, t.score, COALESCE(b.subject, '') FROM touches t LEFT JOIN bodies b ON b.n = t.n WHERE t.identity IN "+in+" AND t.kind = 'rating'", args...)
	for _, r := range rows {
		r.ten = r.subject == ScaleOfTen
		key := fmt.Sprint(r.conversation, " ", r.ten)
		if was, ok := m.ratings[key]; !ok || r.at >= was.at {
			m.ratings[key] = r.rated
		}
	}
	return err
}

func (m *summing) visits(ctx context.Context, in string, args []any) error {
	rows, err := collect(ctx, m.q, func(rows *sql.Rows, p *PageHit) error { return rows.Scan(&p.Address, &p.Title, &p.Last) },
		"SELECT b.subject, b.text, t.happened_at FROM touches t JOIN bodies b ON b.n = t.n WHERE t.identity IN "+in+" AND t.kind = 'visit' ORDER BY t.happened_at DESC LIMIT "+fmt.Sprint(summaryVisits), args...)
	for _, r := range rows {
		p := entry(m.pages, r.Address)
		p.Address = r.Address
		p.Count++
		if r.Last >= p.Last {
			p.Last, p.Title = r.Last, r.Title
		}
	}
	return err
}

func (m *summing) open(ctx context.Context, in string, args []any) error {
	heads, err := collect(ctx, m.q, scanHeader, "SELECT header FROM conversations WHERE identity IN "+in+" AND status <> 'resolved'", args...)
	m.s.Open.Conversations += len(heads)
	for _, h := range heads {
		if h.SLA == nil {
			continue
		}
		for _, c := range h.SLA.Clocks {
			if c.Due != 0 && c.MetAt == 0 {
				m.s.Open.Promises = append(m.s.Open.Promises, OpenPromise{h.ID, h.Number, c.Kind, c.Due, c.Broken})
			}
		}
	}
	return err
}

// findable is a name by which touches that have it are found; "" of one without words.
func findable(name string) string {
	if len(clausesOf(name)) == 0 {
		return ""
	}
	return name
}

// finish puts what was gathered in order.
func (m *summing) finish() {
	s := m.s
	for _, c := range m.channels {
		if w := m.waits[c.Channel]; len(w) > 0 {
			slices.Sort(w)
			c.Response = (w[(len(w)-1)/2] + w[len(w)/2]) / 2
		}
		c.From = From{Channel: c.Channel}
		s.Channels = append(s.Channels, *c)
	}
	slices.SortFunc(s.Channels, func(a, b ChannelSummary) int {
		return cmp.Or(cmp.Compare(b.In+b.Out, a.In+a.Out), cmp.Compare(a.Channel, b.Channel))
	})
	for i, mo := range m.months {
		if c, ok := m.counted[i]; ok {
			c.Month, c.From = mo.name, From{From: mo.from, To: mo.to}
			s.Months = append(s.Months, *c)
		}
	}
	for _, v := range m.values {
		if v.Last != 0 {
			days := int(max(m.rules.Now-v.Last, 0) / (24 * 3600_000))
			v.Recency = &days
		}
		if v.Costed {
			v.Margin = v.Money - v.Cost
		}
		v.From = From{Kind: KindPurchase + "," + KindReturn}
		s.Value = append(s.Value, *v)
	}
	slices.SortFunc(s.Value, func(a, b ValueSummary) int {
		return cmp.Or(cmp.Compare(b.Frequency, a.Frequency), cmp.Compare(a.Currency, b.Currency))
	})
	for _, p := range m.products {
		p.From = From{Kind: KindPurchase + "," + KindReturn, Text: findable(cmp.Or(p.Product, p.Name))}
		s.Products = append(s.Products, *p)
	}
	slices.SortFunc(s.Products, func(a, b ProductSummary) int {
		return cmp.Or(cmp.Compare(b.Last, a.Last), cmp.Compare(a.Product, b.Product), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Currency, b.Currency))
	})
	s.Products = s.Products[:min(len(s.Products), summaryProducts)]
	for _, p := range m.programmes {
		p.From = From{Kind: KindProgramme, Text: findable(p.Programme)}
		s.Programmes = append(s.Programmes, *p)
	}
	slices.SortFunc(s.Programmes, func(a, b ProgrammeSummary) int {
		return cmp.Or(cmp.Compare(b.At, a.At), cmp.Compare(a.Programme, b.Programme))
	})
	for _, o := range m.orders {
		if !slices.Contains([]string{"delivered", "failed", "returned", "cancelled"}, o.Step) {
			s.Open.Orders = append(s.Open.Orders, o)
		}
	}
	slices.SortFunc(s.Open.Orders, func(a, b OpenOrder) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Order, b.Order)) })
	slices.SortFunc(s.Open.Promises, func(a, b OpenPromise) int {
		return cmp.Or(cmp.Compare(a.Due, b.Due), cmp.Compare(a.Number, b.Number), cmp.Compare(a.Kind, b.Kind))
	})
	for _, p := range m.pages {
		s.Visits.Pages = append(s.Visits.Pages, *p)
	}
	slices.SortFunc(s.Visits.Pages, func(a, b PageHit) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(b.Last, a.Last), cmp.Compare(a.Address, b.Address))
	})
	s.Visits.Pages = s.Visits.Pages[:min(len(s.Visits.Pages), 10)]
	m.satisfaction()
}

func (m *summing) satisfaction() {
	x := &m.s.Satisfaction
	good, of, nps := 0, 0, Millis(0)
	for _, r := range m.ratings {
		x.Count++
		if r.ten {
			if r.at >= nps {
				score := r.score
				x.NPS, nps = &score, r.at
			}
			continue
		}
		if of++; r.score >= 4 {
			good++
		}
		if r.at >= x.At {
			x.Last, x.At = r.score, r.at
		}
	}
	if of > 0 {
		percent := 100 * float64(good) / float64(of)
		x.CSAT = &percent
	}
}
