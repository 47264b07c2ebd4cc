package record

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"
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
	Value   string `json:"value,omitempty"` // a currency: what a ValueSummary in it was made of
	From    Millis `json:"from,omitempty"`
	To      Millis `json:"to,omitempty"`
}

// SummaryRules are what a summary is made by.
type SummaryRules struct {
	Now    Millis
	Zone   *time.Location
	Jalali bool // months of the Iranian calendar
}

// Summary reads it, of a customer or of several, as the members of an organisation. ErrNotFound: there is no such customer.
func (db *DB) Summary(ctx context.Context, customers []string, rules SummaryRules) (Summary, error) {
	s := Summary{Channels: []ChannelSummary{}, Months: []MonthSummary{}, Value: []ValueSummary{}, Products: []ProductSummary{}, Programmes: []ProgrammeSummary{},
		Visits: VisitSummary{Pages: []PageHit{}, From: From{Kind: KindVisit}}, Satisfaction: Satisfaction{From: From{Kind: KindRating}},
		Open: OpenSummary{Promises: []OpenPromise{}, Orders: []OpenOrder{}}}
	_, err := db.read(ctx, func(q querier) error {
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

func entry[K comparable, V any](m map[K]*V, k K) *V {
	v, ok := m[k]
	if !ok {
		v = new(V)
		m[k] = v
	}
	return v
}

// told is a touch that says more than that it happened.
type told struct {
	kind string
	at   Millis
	data Data
}

// data are amounts, products, programmes and deliveries.
func (m *summing) data(ctx context.Context, in string, args []any) error {
	type row struct {
		told
		json []byte
	}
	rows, err := collect(ctx, m.q, func(rows *sql.Rows, r *row) error { return rows.Scan(&r.kind, &r.at, &r.json) },
		"SELECT t.kind, t.happened_at, d.json FROM touches t JOIN touch_data d ON d.n = t.n WHERE t.identity IN "+in, args...)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if json.Unmarshal(r.json, &r.data) != nil {
			continue
		}
		m.value(&r.told)
		switch r.kind {
		case KindPurchase, KindReturn:
			m.bought(&r.told)
		case KindProgramme:
			m.received(&r.told)
		case KindDelivery:
			m.delivered(&r.told)
		}
	}
	return nil
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
	m.contacts()
	m.worth()
	m.reactions()
	m.opened()
	m.looked()
	m.satisfaction()
}
