package record

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
)

const summaryVisits = 200

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

// looked puts pages in order.
func (m *summing) looked() {
	s := m.s
	for _, p := range m.pages {
		s.Visits.Pages = append(s.Visits.Pages, *p)
	}
	slices.SortFunc(s.Visits.Pages, func(a, b PageHit) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(b.Last, a.Last), cmp.Compare(a.Address, b.Address))
	})
	s.Visits.Pages = s.Visits.Pages[:min(len(s.Visits.Pages), 10)]
}
