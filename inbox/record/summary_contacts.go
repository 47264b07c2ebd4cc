package record

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"tamas/persian"
)

const summaryMonths = 36

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

// counts are the touches by month, channel, kind and direction.
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

// contacts puts channels and months in order.
func (m *summing) contacts() {
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
}
