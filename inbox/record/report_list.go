package record

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ReportItem is one of the things that a number was made of.
type ReportItem struct {
	N            uint64 `json:"-"`
	Kind         string `json:"kind"`
	Conversation string `json:"conversation,omitempty"`
	Number       int64  `json:"number,omitempty"`
	Touch        string `json:"touch,omitempty"`
	Customer     string `json:"customer,omitempty"`
	CustomerName string `json:"customer_name,omitempty"`
	Queue        string `json:"queue,omitempty"`
	Agent        string `json:"agent,omitempty"`
	Channel      string `json:"channel,omitempty"`
	Reason       string `json:"reason,omitempty"`
	At           Millis `json:"at"`
	Value        int64  `json:"value"` // ms or a score, by the clock that was asked for
	OK           bool   `json:"ok"`
}

// ReportItems lists, newest first, what the row with that key was made of; hasKey false: what the total was. after is "" at first, then what the call
// before gave as next; next is "" at the end.
func (db *DB) ReportItems(ctx context.Context, query ReportQuery, key string, hasKey bool, after string, limit int) (items []ReportItem, next string, err error) {
	p, err := query.prepare()
	if err != nil {
		return nil, "", err
	}
	if hasKey {
		if err := p.narrow(key); err != nil {
			return nil, "", err
		}
	}
	at, err := parsePlace(after)
	if err != nil {
		return nil, "", err
	}
	l := &listing{prepared: p, key: key, keyed: hasKey, limit: limit, items: []ReportItem{}, at: at}
	_, err = db.read(ctx, func(q querier) error {
		if p.fig.ID == "backlog" {
			return l.backlog(ctx, q)
		}
		return l.facts(ctx, q)
	})
	if err != nil {
		return nil, "", fmt.Errorf("list what a report was made of: %w", err)
	}
	return l.items, l.next, nil
}

// narrow turns a row's key into filters.
func (p *prepared) narrow(key string) error {
	switch p.By {
	case ByQueue:
		p.Queue = key
	case ByAgent:
		p.Agent = key
	case ByChannel:
		p.Channel = key
	case ByTag:
		p.Tag = key
	case ByTime:
		n, err := strconv.ParseInt(key, 10, 64)
		if err != nil || Millis(n) < p.step(p.From) || Millis(n) >= p.To || p.step(Millis(n)) != Millis(n) {
			return &ReportError{"key", "There is no row with this key."}
		}
		p.From, p.To = max(p.From, Millis(n)), min(p.To, p.next(Millis(n)))
	}
	return nil
}

// place is where a list goes on: behind so many things of that moment and event.
type place struct {
	at   Millis
	n    int64
	skip int
}

func (c place) String() string { return fmt.Sprintf("%d-%d-%d", c.at, c.n, c.skip) }

func parsePlace(s string) (place, error) {
	if s == "" {
		return place{at: always, n: always}, nil
	}
	parts := strings.Split(s, "-")
	var v [3]int64
	for i := range v {
		if len(parts) != 3 {
			return place{}, &ReportError{"after", "This list does not go on there."}
		}
		var err error
		if v[i], err = strconv.ParseInt(parts[i], 10, 64); err != nil || v[i] < 0 {
			return place{}, &ReportError{"after", "This list does not go on there."}
		}
	}
	return place{Millis(v[0]), v[1], int(v[2])}, nil
}

type listing struct {
	*prepared
	key   string
	keyed bool
	limit int
	items []ReportItem
	next  string
	at    place
}

const (
	listChunk = 400    // facts of each kind that are read at once
	listMost  = 40_000 // facts that are looked at for one page; a list that is narrowed much goes on from there
)

// found is a fact with what its item needs.
type found struct {
	Fact
	item ReportItem
	tags string
}

// facts merges the kinds, newest first.
func (l *listing) facts(ctx context.Context, q querier) error {
	kinds := l.fig.listed
	if kinds == nil {
		kinds = l.fig.kinds
	}
	for looked := 0; ; {
		var list []found
		full := false
		for _, kind := range kinds {
			part, err := l.chunk(ctx, q, kind)
			if err != nil {
				return err
			}
			list, full = append(list, part...), full || len(part) == listChunk
		}
		slices.SortStableFunc(list, func(a, b found) int {
			if a.At != b.At {
				return int(min(max(b.At-a.At, -1), 1))
			}
			return int(min(max(int64(b.N)-int64(a.N), -1), 1))
		})
		list = list[:min(len(list), listChunk)] // of what lies behind another kind may have more
		if len(list) == 0 {
			return nil
		}
		skip := l.at.skip
		for i := range list {
			f := &list[i]
			if f.At == l.at.at && int64(f.N) == l.at.n {
				if skip > 0 {
					skip--
					continue
				}
				l.at.skip++
			} else {
				l.at, skip = place{f.At, int64(f.N), 1}, 0
			}
			if l.wants(f) {
				l.items = append(l.items, f.item)
			}
			if len(l.items) == l.limit {
				if i < len(list)-1 || full {
					l.next = l.at.String()
				}
				return nil
			}
		}
		if !full && len(list) < listChunk {
			return nil
		}
		if looked += len(list); looked >= listMost {
			l.next = l.at.String()
			return nil
		}
	}
}

// chunk reads the next facts of one kind, from the place where the list is on.
func (l *listing) chunk(ctx context.Context, q querier, kind string) ([]found, error) {
	from, to, fcr := l.From, l.To, "0"
	switch kind {
	case FactState:
		from -= longestPiece
	case cellFCR:
		kind, to = FactResolved, min(to, l.ripe())
		fcr = fmt.Sprintf(`CASE WHEN EXISTS (SELECT 1 FROM identities o JOIN touches w ON w.identity = o.id
			WHERE o.customer = i.customer AND w.happened_at > f.happened_at AND w.happened_at <= f.happened_at + %d AND w.n > f.n
				AND w.inbound = 1 AND w.kind = 'message' AND w.spam = '' AND w.auto_reply = 0) THEN 1 ELSE 2 END`, fcrWindow)
	}
	return collect(ctx, q, func(rows *sql.Rows, x *found) error {
		var n int64
		var fcr int
		f, it := &x.Fact, &x.item
		err := rows.Scan(&n, &f.Kind, &f.Agent, &f.At, &f.Conversation, &f.Queue, &f.Account, &f.Channel, &f.Reason, &f.Value, &f.Second, &f.OK,
			&it.Number, &x.tags, &it.Touch, &it.Customer, &it.CustomerName, &fcr)
		f.N = uint64(n)
		if fcr > 0 {
			f.Kind, f.OK, f.Value, f.Second = cellFCR, fcr == 2, int64(fcr-1), int64(fcr-1)
		}
		it.N, it.Kind, it.Conversation, it.Queue, it.Agent, it.Channel = f.N, f.Kind, f.Conversation, f.Queue, f.Agent, f.Channel
		it.Reason, it.At, it.Value, it.OK = f.Reason, f.At, f.Value, f.OK
		if l.second {
			it.Value = f.Second
		}
		return err
	}, "SELECT "+factColumns+", COALESCE(c.number, 0), COALESCE(c.tags, ''), COALESCE(t.id, ''), COALESCE(u.id, ''), COALESCE(u.name, ''), "+fcr+`
		FROM facts f LEFT JOIN conversations c ON c.id = f.conversation LEFT JOIN touches t ON t.n = f.n
		LEFT JOIN identities i ON i.id = c.identity LEFT JOIN customers u ON u.id = i.customer
		WHERE f.kind = $1 AND f.happened_at >= $2 AND f.happened_at < $3 AND f.happened_at <= $4 AND (f.happened_at < $4 OR f.n <= $5)
			AND ($6 = '' OR f.queue = $6) AND ($7 = '' OR f.agent = $7) AND ($8 = '' OR f.channel = $8)
		ORDER BY f.happened_at DESC, f.n DESC, f.agent LIMIT $9`,
		kind, int64(from), int64(to), int64(l.at.at), l.at.n, l.Queue, l.Agent, l.Channel, listChunk)
}

// wants tells whether a fact is in the row.
func (l *listing) wants(f *found) bool {
	if l.fig.only != nil && !l.fig.only(&f.Fact) || l.Tag != "" && !strings.Contains(f.tags, "\n"+l.Tag+"\n") {
		return false
	}
	if f.Kind == FactState {
		part := piece(&f.Fact, l.From, l.To)
		if part == nil {
			return false
		}
		if l.keyed && l.By == ByHourOfWeek {
			in := false
			halves(part, l.Zone, func(slot Millis, _ *Fact) { in = in || l.prepared.key(l.By, slot, "", "", "", "") == l.key })
			return in
		}
	}
	switch {
	case !l.keyed:
		return true
	case l.By == ByHourOfWeek:
		return l.prepared.key(l.By, f.At, "", "", "", "") == l.key
	case l.By == ByReason:
		return f.Reason == l.key
	case l.By == ByQueue:
		return f.Queue == l.key // also the one without
	case l.By == ByAgent:
		return f.Agent == l.key
	case l.By == ByChannel:
		return f.Channel == l.key
	}
	return true
}
