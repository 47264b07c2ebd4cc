package record

import (
	"context"
	"database/sql"
	"fmt"
)

// Satisfaction is what somebody said to be content with: the last word on each conversation.
type Satisfaction struct {
	Count int      `json:"count"`
	CSAT  *float64 `json:"csat"` // percent of 4 and 5 among 1 to 5; null: none
	Last  int      `json:"last,omitempty"`
	At    Millis   `json:"at,omitempty"`
	NPS   *int     `json:"nps"` // the last answer of 0 to 10; null: none
	From  From     `json:"from"`
}

type rated struct {
	score int
	at    Millis
	ten   bool
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
