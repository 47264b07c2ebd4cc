package record

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
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
	p.d = db.d
	if hasKey && p.fig.ID != "backlog" { // its rows are told from each other one by one: two tags may be asked for
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
	low   Millis // all that is to be read lies from here to the place, or before the next stretch
	sums  sums
	tags  map[string]string // of conversations, where they matter

	promised map[factKey]string // groups of the facts that are looked at, where only their events tell them
}

const (
	listChunk = 2000   // facts of each kind that are read at once at most
	listMost  = 20_000 // facts that are looked at for one page; a list that is narrowed much goes on from there
)

// facts merges the kinds, newest first.
func (l *listing) facts(ctx context.Context, q querier) error {
	if l.fig.line && l.at == (place{at: always, n: always}) {
		if err := l.goingOn(ctx, q); err != nil {
			return err
		}
	}
	if err := l.walk(ctx, q); err != nil {
		return err
	}
	return l.describe(ctx, q)
}

// goingOn puts first the states in which agents are and which have no facts yet; they come on top of a page's limit.
func (l *listing) goingOn(ctx context.Context, q querier) error {
	agents, err := collect(ctx, q, func(rows *sql.Rows, a *agentFold) error { return rows.Scan(asJSON{a}) }, "SELECT json FROM report_states WHERE id >= 'a/' AND id < 'a0'")
	for i := range agents {
		if f := agents[i].open(l.Now); f != nil && (l.Agent == "" || f.Agent == l.Agent) && l.wants(f) {
			l.items = append(l.items, l.item(f))
		}
	}
	l.limit += len(l.items)
	slices.SortStableFunc(l.items, func(a, b ReportItem) int { return cmp.Compare(b.At, a.At) })
	return err
}

func (l *listing) walk(ctx context.Context, q querier) error {
	kinds := l.fig.listed
	if kinds == nil {
		kinds = l.fig.kinds
	}
	l.tags = map[string]string{}
	if err := l.findSums(ctx, q, kinds); err != nil {
		return err
	}
	if more, err := l.stretch(ctx, q); err != nil || !more {
		return err
	}
	for looked, size := 0, l.limit+1; ; {
		size = max(size, l.at.skip+2)
		var list []Fact
		full := false
		for _, kind := range kinds {
			part, err := l.chunk(ctx, q, kind, size)
			if err != nil {
				return err
			}
			list, full = append(list, part...), full || len(part) == size
		}
		slices.SortStableFunc(list, func(a, b Fact) int {
			return cmp.Or(cmp.Compare(b.At, a.At), cmp.Compare(b.N, a.N))
		})
		if len(list) > size { // of what lies behind another kind may have more
			list, full = list[:size], true
		}
		if l.Tag != "" {
			if err := learnTags(ctx, q, l.tags, slices.DeleteFunc(slices.Clone(list), func(f Fact) bool { return !l.may(&f) })); err != nil {
				return err
			}
		}
		if l.keyed && ofPromise(l.By) {
			var err error
			if l.promised, err = promisedBy(ctx, q, l.d, l.By, list); err != nil {
				return err
			}
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
				l.items = append(l.items, l.item(f))
			}
			if len(l.items) == l.limit {
				more := i < len(list)-1 || full
				if !more {
					var err error
					if more, err = l.on(ctx, q); err != nil {
						return err
					}
				}
				if more {
					l.next = l.at.String()
				}
				return nil
			}
		}
		if !full {
			if more, err := l.on(ctx, q); err != nil || !more {
				return err
			}
		}
		if looked += len(list); looked >= listMost {
			l.next = l.at.String()
			return nil
		}
		size = min(2*size, listChunk)
	}
}

// on goes to the next stretch; false: there is none.
func (l *listing) on(ctx context.Context, q querier) (bool, error) {
	if l.low <= l.From {
		return false, nil
	}
	l.at = place{at: l.low - 1, n: always}
	return l.stretch(ctx, q)
}

// chunk reads the next facts of one kind, from the place where the list is on.
func (l *listing) chunk(ctx context.Context, q querier, kind string, size int) ([]Fact, error) {
	x := filter{kind, l.low, l.To, l.Queue, l.Agent, ""}
	switch kind {
	case FactState:
		x.from -= longestPiece
	case cellFCR:
		x.kind, x.to = FactResolved, min(l.To, l.ripe())
	}
	if l.at.at < x.to { // one bound: of two SQLite may walk from the other
		x.to = l.at.at + 1
	}
	index, where, args := x.where(l.d)
	n := len(args)
	list, err := collect(ctx, q, scanFact, "SELECT "+factColumns+" FROM facts f"+index+" WHERE "+where+
		fmt.Sprintf(" AND (f.happened_at < $%d OR f.n <= $%d) ORDER BY f.happened_at DESC, f.n DESC, f.agent LIMIT $%d", n+1, n+2, n+3),
		append(args, int64(l.at.at), l.at.n, size)...)
	for i := range list {
		list[i].Kind = kind
	}
	return list, err
}

// item is a fact in the list. Of a state it is the part that the row counts.
func (l *listing) item(f *Fact) ReportItem {
	if f.Kind == FactState {
		f = piece(f, l.From, min(l.To, l.Now))
		if part := *f; l.keyed && l.By == ByHourOfWeek {
			f.Value, f.Second, f.At = 0, 0, 0
			halves(&part, l.Zone, func(slot Millis, x *Fact) {
				if l.prepared.key(l.By, slot, "", "", "", "") == l.key {
					if f.At == 0 {
						f.At = x.At
					}
					f.Value, f.Second = f.Value+x.Value, f.Second+x.Second
				}
			})
		}
	}
	it := ReportItem{N: f.N, Kind: f.Kind, Conversation: f.Conversation, Queue: f.Queue, Agent: f.Agent, Channel: f.Channel,
		Reason: f.Reason, At: f.At, Value: f.Value, OK: f.OK}
	if l.second {
		if it.Value = f.Second; l.fig.ID == "service_level" {
			it.OK = f.OK2
		}
	}
	return it
}

// describe adds what the facts do not say: conversation, touch, customer, and whether it was the customer's only contact.
func (l *listing) describe(ctx context.Context, q querier) error {
	for i := range l.items {
		it := &l.items[i]
		if it.Conversation == "" {
			continue
		}
		err := q.QueryRowContext(ctx, `SELECT c.number, COALESCE(u.id, ''), `+shownName+`, COALESCE((SELECT t.id FROM touches t WHERE t.n = $2), '')
			FROM conversations c LEFT JOIN identities i ON i.id = c.identity LEFT JOIN customers u ON u.id = i.customer WHERE c.id = $1`,
			it.Conversation, int64(it.N)).Scan(&it.Number, &it.Customer, &it.CustomerName, &it.Touch)
		if err != nil && !errors.Is(err, sql.ErrNoRows) { // it was erased
			return err
		}
		if it.Kind != cellFCR {
			continue
		}
		var again int
		if err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM identities o JOIN touches w ON w.identity = o.id
			WHERE o.customer = $1 AND w.happened_at > $2 AND w.happened_at <= $3 AND w.n > $4
				AND w.inbound = 1 AND w.kind IN (`+contactKinds+`) AND w.spam = '' AND w.auto_reply = 0 LIMIT 1) AS w`,
			it.Customer, int64(it.At), int64(it.At+fcrWindow), int64(it.N)).Scan(&again); err != nil {
			return err
		}
		it.OK, it.Value = again == 0, int64(1-again)
	}
	return nil
}

// wants tells whether a fact is in the row.
func (l *listing) wants(f *Fact) bool {
	return l.may(f) && (l.Tag == "" || strings.Contains(l.tags[f.Conversation], "\n"+l.Tag+"\n")) &&
		(l.promised == nil || l.promised[factKey{f.N, f.Kind}] == l.key)
}

// may tells whether it is, whatever the tags and the events are.
func (l *listing) may(f *Fact) bool {
	if l.Channel != "" && f.Channel != l.Channel || l.fig.only != nil && !l.fig.only(f) {
		return false
	}
	if f.Kind == FactState {
		part := piece(f, l.From, min(l.To, l.Now))
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
