package record

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"strings"
)

// TimelineTouch is a touch on a timeline.
type TimelineTouch struct {
	Touch
	Number   int64         `json:"number"`             // of its conversation
	Customer *CustomerName `json:"customer,omitempty"` // where the timeline is of several
}

// Timeline is a piece of the touches of customers on all channels.
type Timeline struct {
	Items []TimelineTouch `json:"items"` // newest first
	Next  string          `json:"next"`  // to be given as before; "" at the end
}

// TimelineFilter says which touches of a timeline are wanted. Empty fields do not matter.
type TimelineFilter struct {
	Kinds    []string
	Channels []string
	Agent    string // who wrote it or took part
	Text     string // all of these words, as search finds them, the last one perhaps unfinished; visits have none
	Value    string // a currency: what counts into the value in it (ValueSummary)
	From, To Millis // To itself is not meant
	Before   string // Timeline.Next
	Limit    int
}

// identitiesAtOnce is how many identities' touches one statement gathers.
const identitiesAtOnce = 50

// spot is where a touch stands on a timeline.
type spot struct{ at, n int64 }

// numbersOf are their touches.
func numbersOf(list []spot) []int64 {
	out := make([]int64, len(list))
	for i, p := range list {
		out[i] = p.n
	}
	return out
}

func (p spot) compare(o spot) int { return cmp.Or(cmp.Compare(p.at, o.at), cmp.Compare(p.n, o.n)) }

// Timeline reads the touches of a customer, of all who were merged into one, by when they happened, then by event, newest first. ErrCursor.
func (db *DB) Timeline(ctx context.Context, customer, before string, limit int) (Timeline, error) {
	return db.TimelineOf(ctx, []string{customer}, TimelineFilter{Before: before, Limit: limit})
}

// TimelineOf is Timeline for customers, narrowed. ErrNotFound: the only one is not there.
func (db *DB) TimelineOf(ctx context.Context, customers []string, f TimelineFilter) (Timeline, error) {
	line := Timeline{Items: []TimelineTouch{}}
	top := spot{math.MaxInt64, math.MaxInt64}
	if f.Before != "" {
		if n, err := fmt.Sscanf(f.Before, "%d.%d", &top.at, &top.n); err != nil || n != 2 {
			return line, ErrCursor
		}
	}
	if f.To != 0 {
		if to := (spot{int64(f.To), math.MinInt64}); to.compare(top) < 0 {
			top = to
		}
	}
	words := clausesOf(f.Text)
	if strings.TrimSpace(f.Text) != "" && len(words) == 0 {
		return line, nil // nothing that could be found
	}
	_, err := db.read(ctx, func(q querier) error {
		identities, err := identitiesOf(ctx, q, customers)
		if err != nil || len(identities) == 0 {
			return err
		}
		var places []spot
		if len(words) > 0 {
			places, err = db.placesBySaying(ctx, q, identities, words, f, top)
		} else {
			places, err = db.placesOf(ctx, q, identities, f, top)
		}
		if err != nil || len(places) == 0 {
			return err
		}
		if len(places) > f.Limit {
			places = places[:f.Limit]
			last := places[len(places)-1]
			line.Next = fmt.Sprintf("%d.%d", last.at, last.n)
		}
		line.Items, err = timelineTouches(ctx, q, places, len(customers) > 1)
		return err
	})
	if err != nil {
		err = fmt.Errorf("read a timeline: %w", err)
	}
	return line, err
}

// identitiesOf are the ids of all identities of customers and of those who were merged into them. ErrNotFound: the only one is not there.
func identitiesOf(ctx context.Context, q querier, customers []string) ([]string, error) {
	if len(customers) == 1 {
		if _, err := rootOf(ctx, q, customers[0]); err != nil {
			return nil, err
		}
	}
	var out []string
	for some := range slices.Chunk(customers, keysAtOnce) {
		list, err := collect(ctx, q, scanText, `SELECT i.id FROM identities i WHERE i.customer IN
			(SELECT CASE WHEN root = '' THEN id ELSE root END FROM customers WHERE id IN (`+placeholders(1, len(some))+")) ORDER BY i.id", anys(some)...)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return slices.Compact(out), nil
}

// placesOf are the newest places below top that the filter lets through, at most one more than wanted.
func (db *DB) placesOf(ctx context.Context, q querier, identities []string, f TimelineFilter, top spot) ([]spot, error) {
	var found []spot
	low := spot{math.MinInt64, math.MinInt64}
	if f.From != 0 {
		low.at = int64(f.From)
	}
	for some := range slices.Chunk(identities, identitiesAtOnce) {
		args := []any{top.at, top.n, low.at, low.n, f.Limit + 1}
		cond := ""
		in := func(column string, list []string) {
			if len(list) > 0 {
				cond += " AND " + column + " IN (" + placeholders(len(args)+1, len(list)) + ")"
				args = append(args, anys(list)...)
			}
		}
		in("kind", f.Kinds)
		in("channel", f.Channels)
		if f.Agent != "" {
			in("author", []string{f.Agent})
			cond += " AND author_kind = 'agent'"
		}
		if f.Value != "" {
			args = append(args, f.Value)
			cond += " AND " + db.d.valued(len(args))
		}
		// Each identity's piece comes in order from its index; one query over all of them would sort everything.
		pieces := make([]string, len(some))
		for i, id := range some {
			args = append(args, id)
			pieces[i] = fmt.Sprintf(`SELECT * FROM (SELECT happened_at, n FROM touches t WHERE identity = $%d AND (happened_at, n) < ($1, $2)
				AND (happened_at, n) > ($3, $4)%s ORDER BY happened_at DESC, n DESC LIMIT $5) AS p%d`, len(args), cond, i)
		}
		list, err := collect(ctx, q, func(rows *sql.Rows, p *spot) error { return rows.Scan(&p.at, &p.n) },
			"SELECT happened_at, n FROM ("+strings.Join(pieces, " UNION ALL ")+") AS p ORDER BY happened_at DESC, n DESC LIMIT $5", args...)
		if err != nil {
			return nil, err
		}
		found = append(found, list...)
		slices.SortFunc(found, func(a, b spot) int { return b.compare(a) })
		if len(found) > f.Limit {
			found = found[:f.Limit+1]
			low = found[f.Limit]
		}
	}
	return found, nil
}

// placesBySaying is placesByText without what does not count into the value that is asked for: the index knows nothing of amounts.
func (db *DB) placesBySaying(ctx context.Context, q querier, identities []string, words []clause, f TimelineFilter, top spot) ([]spot, error) {
	var out []spot
	for {
		places, err := db.placesByText(ctx, q, identities, words, f, top)
		if err != nil || f.Value == "" {
			return places, err
		}
		counts := map[int64]bool{}
		for some := range slices.Chunk(places, keysAtOnce) {
			args := []any{f.Value}
			for _, p := range some {
				args = append(args, p.n)
			}
			if _, err := collect(ctx, q, func(rows *sql.Rows, n *int64) error {
				err := rows.Scan(n)
				counts[*n] = true
				return err
			}, "SELECT t.n FROM touches t WHERE t.n IN ("+placeholders(2, len(some))+") AND "+db.d.valued(1), args...); err != nil {
				return nil, err
			}
		}
		for _, p := range places {
			if counts[p.n] {
				out = append(out, p)
			}
		}
		if len(places) <= f.Limit || len(out) > f.Limit {
			return out[:min(len(out), f.Limit+1)], nil
		}
		top = places[len(places)-1]
	}
}

// placesByText is placesOf for words: the index knows whose touches it has, of what kind, by which channel and by whom.
func (db *DB) placesByText(ctx context.Context, q querier, identities []string, words []clause, f TimelineFilter, top spot) ([]spot, error) {
	from := int64(math.MinInt64)
	if f.From != 0 {
		from = int64(f.From)
	}
	v, err := db.view(ctx, q)
	if err != nil {
		return nil, err
	}
	m := match{all: clausesWithBeginning(words)}
	marked := func(kind string, values []string) {
		if len(values) > 0 {
			var c clause
			for _, v := range values {
				c.any = append(c.any, []string{markOf(kind, v)})
			}
			m.all = append(m.all, c)
		}
	}
	marked("kind", f.Kinds)
	marked("channel", f.Channels)
	if f.Agent != "" {
		marked("author", []string{f.Agent})
	}
	var found []spot
	touched := db.lists(q, ofTouches)
	for some := range slices.Chunk(identities, 4*identitiesAtOnce) {
		all := m.all
		marked("identity", some)
		a := pick{mask: docWhisper, below: top, limit: f.Limit + 1}
		err := touched.newest(ctx, v, touched.lookup(m), from, &a)
		m.all = all
		if err != nil {
			return nil, err
		}
		found = append(found, a.found...)
	}
	slices.SortFunc(found, func(a, b spot) int { return b.compare(a) })
	return found[:min(len(found), f.Limit+1)], nil
}

// timelineTouches reads the touches at places, in their order.
func timelineTouches(ctx context.Context, q querier, places []spot, named bool) ([]TimelineTouch, error) {
	var out []TimelineTouch
	for some := range slices.Chunk(places, 1000) {
		ns := make([]any, len(some))
		for i, p := range some {
			ns[i] = p.n
		}
		list, err := collect(ctx, q, func(rows *sql.Rows, t *TimelineTouch) error { return scanTouch(rows, &t.Touch) },
			"SELECT "+touchColumns+touchTables+"WHERE t.n IN ("+placeholders(1, len(ns))+") ORDER BY t.happened_at DESC, t.n DESC", ns...)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	ids := func(of func(*TimelineTouch) string) []any {
		seen := map[string]bool{"": true}
		var list []any
		for i := range out {
			if id := of(&out[i]); !seen[id] {
				seen[id] = true
				list = append(list, id)
			}
		}
		return list
	}
	numbers := map[string]int64{}
	for some := range slices.Chunk(ids(func(t *TimelineTouch) string { return t.Conversation }), 1000) {
		if _, err := collect(ctx, q, func(rows *sql.Rows, _ *struct{}) error {
			var id string
			var number int64
			err := rows.Scan(&id, &number)
			numbers[id] = number
			return err
		}, "SELECT id, number FROM conversations WHERE id IN ("+placeholders(1, len(some))+")", some...); err != nil {
			return nil, err
		}
	}
	customers := map[string]*CustomerName{}
	if named {
		for some := range slices.Chunk(ids(func(t *TimelineTouch) string { return t.Identity }), 1000) {
			if _, err := collect(ctx, q, func(rows *sql.Rows, _ *struct{}) error {
				var id string
				var c CustomerName
				err := rows.Scan(&id, &c.ID, &c.Name)
				customers[id] = &c
				return err
			}, "SELECT i.id, u.id, "+shownName+" FROM identities i JOIN customers u ON u.id = i.customer WHERE i.id IN ("+placeholders(1, len(some))+")", some...); err != nil {
				return nil, err
			}
		}
	}
	for i := range out {
		out[i].Number, out[i].Customer = numbers[out[i].Conversation], customers[out[i].Identity]
	}
	return out, nil
}
