package record

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// What the figures of promises can be by besides: whose promise it was, and the priority of the conversation and the tier of its customer when it ended
// or was broken. Facts and sums do not know them; the events of the facts do, and they are read one by one.
const (
	ByPolicy   = "policy"
	ByPriority = "priority"
	ByTier     = "tier"
)

var byPromises = append(slices.Clone(byAll), ByPolicy, ByPriority, ByTier)

// mostPromises is how many are read for a report: those of a month at a million conversations a year, which take about a second.
const mostPromises = 85_000

// ofPromise tells whether only events know what a report is by.
func ofPromise(by string) bool { return by == ByPolicy || by == ByPriority || by == ByTier }

// clockFacts are the kinds of facts by the kinds of clocks.
var clockFacts = map[string]string{ClockFirst: FactSLAFirst, ClockNext: FactSLANext, ClockResolution: FactSLAResolve}

// promiseColumn is what of an event e tells the group.
func (d *dialect) promiseColumn(by string) string {
	switch by {
	case ByPriority:
		return d.jsonPart("e.json", "conversation", "priority")
	case ByTier:
		return d.jsonPart("e.json", "conversation", "tier")
	}
	return d.jsonPart("e.json", "conversation", "sla")
}

// promiseKey is the group that a column tells, of a fact of that kind.
func promiseKey(by, kind, column string) (string, error) {
	switch by {
	case ByPriority:
		return cmp.Or(column, "0"), nil
	case ByTier:
		return column, nil
	}
	var sla SLA
	if err := json.Unmarshal([]byte(cmp.Or(column, "{}")), &sla); err != nil {
		return "", err
	}
	for _, k := range sla.Clocks {
		if k.Policy != "" && clockFacts[k.Kind] == kind {
			return k.Policy, nil
		}
	}
	return sla.Policy, nil
}

// factKey names a fact of a promise.
type factKey struct {
	n    uint64
	kind string
}

// promisedBy tells for each fact of a promise the group that it is in.
func promisedBy(ctx context.Context, q querier, d *dialect, by string, list []Fact) (map[factKey]string, error) {
	keys := make(map[factKey]string, len(list))
	kinds := map[uint64][]string{}
	var ids []any
	for i := range list {
		f := &list[i]
		if kinds[f.N] == nil {
			ids = append(ids, int64(f.N))
		}
		kinds[f.N] = append(kinds[f.N], f.Kind)
	}
	for part := range slices.Chunk(ids, 500) {
		rows, err := q.QueryContext(ctx, "SELECT e.n, "+d.promiseColumn(by)+" FROM events e WHERE e.n IN ("+placeholders(1, len(part))+")", part...)
		if err != nil {
			return nil, err
		}
		for rows.Next() {
			var n int64
			var column string
			if err = rows.Scan(&n, &column); err != nil {
				break
			}
			for _, kind := range kinds[uint64(n)] {
				key, wrong := promiseKey(by, kind, column)
				keys[factKey{uint64(n), kind}], err = key, firstErr(err, wrong)
			}
		}
		rows.Close()
		if err := firstErr(err, rows.Err()); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// promises sums the facts of promises by what only their events know.
func (p *prepared) promises(ctx context.Context, q querier, by string, group func(string) cells) error {
	tags, join := "''", ""
	if p.Tag != "" {
		tags, join = "COALESCE(c.tags, '')", " LEFT JOIN conversations c ON c.id = f.conversation"
	}
	for _, kind := range p.fig.kinds {
		index, where, args := filter{kind, p.From, p.To, p.Queue, p.Agent, p.Channel}.where(p.d)
		var n int
		if err := q.QueryRowContext(ctx, fmt.Sprintf("SELECT count(*) FROM (SELECT 1 FROM facts f%s WHERE %s LIMIT %d) few", index, where, mostPromises+1), args...).Scan(&n); err != nil {
			return err
		}
		if n > mostPromises {
			return &ReportError{"from", "Choose a shorter time: promises are read one by one for this, and these are too many."}
		}
		rows, err := q.QueryContext(ctx, "SELECT f.ok, "+p.d.promiseColumn(by)+", "+tags+" FROM facts f"+index+" JOIN events e ON e.n = f.n"+join+" WHERE "+where, args...)
		if err != nil {
			return err
		}
		for rows.Next() {
			f := Fact{Kind: kind}
			var column, tags, key string
			if err = rows.Scan((*okBits)(&f), &column, &tags); err != nil {
				break
			}
			if p.Tag != "" && !strings.Contains(tags, "\n"+p.Tag+"\n") {
				continue
			}
			if key, err = promiseKey(by, kind, column); err != nil {
				break
			}
			x := group(key).of(kind, "") // a share needs no more than these
			x.N, x.OK = x.N+1, x.OK+flag(f.OK)
		}
		rows.Close()
		if err := firstErr(err, rows.Err()); err != nil {
			return err
		}
	}
	return nil
}
