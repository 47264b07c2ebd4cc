package record

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// Ages of the backlog: up to so many ms; the last is open.
var backlogAges = []Millis{3600_000, 4 * 3600_000, 24 * 3600_000, 3 * 24 * 3600_000, 7 * 24 * 3600_000, 30 * 24 * 3600_000}

// openConversation is one of the backlog.
type openConversation struct {
	item ReportItem
	tags string
	age  Millis
}

// keys are the rows that it counts in.
func (o *openConversation) keys(by string) []string {
	switch by {
	case ByQueue:
		return []string{o.item.Queue}
	case ByAgent:
		return []string{o.item.Agent}
	case ByChannel:
		return []string{o.item.Channel}
	case ByTag:
		return strings.FieldsFunc(o.tags, func(c rune) bool { return c == '\n' })
	}
	for _, a := range backlogAges {
		if o.age < a {
			return []string{strconv.FormatInt(int64(a), 10)}
		}
	}
	return []string{"older"}
}

// eachOpen calls do for each conversation that is open now and passes the filters, oldest first.
func (p *prepared) eachOpen(ctx context.Context, q querier, do func(o *openConversation)) error {
	list, err := collect(ctx, q, func(rows *sql.Rows, o *openConversation) error {
		it := &o.item
		var head []byte
		if err := rows.Scan(&it.Conversation, &it.Number, &it.Queue, &it.Channel, &it.Agent, &o.tags, &it.Reason, &head, &it.Customer, &it.CustomerName); err != nil {
			return err
		}
		var h struct {
			CreatedAt Millis `json:"created_at"`
		}
		err := json.Unmarshal(head, &h)
		it.Kind, it.At, it.OK = "open", h.CreatedAt, true
		o.age = max(p.Now-h.CreatedAt, 0)
		it.Value = int64(o.age)
		return err
	}, `SELECT c.id, c.number, c.queue, c.channel, c.holder, c.tags, c.status, c.header, COALESCE(u.id, ''), `+shownName+`
		FROM conversations c LEFT JOIN identities i ON i.id = c.identity LEFT JOIN customers u ON u.id = i.customer
		WHERE c.live_until = $1 AND ($2 = '' OR c.queue = $2) AND ($3 = '' OR c.holder = $3) AND ($4 = '' OR c.channel = $4)`, int64(always), p.Queue, p.Agent, p.Channel)
	if err != nil {
		return err
	}
	slices.SortStableFunc(list, func(a, b openConversation) int {
		if a.age != b.age {
			return int(min(max(b.age-a.age, -1), 1))
		}
		return int(min(max(a.item.Number-b.item.Number, -1), 1))
	})
	for i := range list {
		if p.Tag == "" || strings.Contains(list[i].tags, "\n"+p.Tag+"\n") {
			do(&list[i])
		}
	}
	return nil
}

// backlog counts what is open at this moment.
func (p *prepared) backlog(ctx context.Context, q querier, out *Report) error {
	groups, total := map[string]*cell{}, &cell{}
	add := func(x *cell, age Millis) {
		one := cell{N: 1, Sum: int64(age), Max: int64(age), Hist: hist{bucket(int64(age)): 1}}
		x.merge(&one)
	}
	if err := p.eachOpen(ctx, q, func(o *openConversation) {
		add(total, o.age)
		for _, k := range o.keys(p.By) {
			if groups[k] == nil {
				groups[k] = &cell{}
			}
			add(groups[k], o.age)
		}
	}); err != nil {
		return err
	}
	row := func(key string, x *cell) Row {
		r := durationRow(*x, false) // of the ages
		r.Key, r.Value = key, number(float64(x.N))
		return r
	}
	out.Total = row("", total)
	switch p.By {
	case "":
	case ByAge:
		for _, a := range append(slices.Clone(backlogAges), 0) {
			key := "older"
			if a > 0 {
				key = strconv.FormatInt(int64(a), 10)
			}
			x := groups[key]
			if x == nil {
				x = &cell{}
			}
			out.Rows = append(out.Rows, row(key, x))
		}
	default:
		for k, x := range groups {
			out.Rows = append(out.Rows, row(k, x))
		}
		slices.SortFunc(out.Rows, func(a, b Row) int {
			if a.Count != b.Count {
				return int(min(max(b.Count-a.Count, -1), 1))
			}
			return strings.Compare(a.Key, b.Key)
		})
	}
	return nil
}

// backlog lists what is open, oldest first.
func (l *listing) backlog(ctx context.Context, q querier) error {
	i := 0
	return l.eachOpen(ctx, q, func(o *openConversation) {
		if l.keyed && !slices.Contains(o.keys(l.By), l.key) {
			return
		}
		i++
		switch from := l.at.skip; {
		case i <= from:
		case len(l.items) < l.limit:
			l.items = append(l.items, o.item)
			l.next = ""
		case l.next == "":
			l.next = place{skip: from + l.limit}.String()
		}
	})
}
