package record

import (
	"context"
	"slices"
	"strconv"
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

// ofPromise tells whether only events know what a report is by.
func ofPromise(by string) bool { return by == ByPolicy || by == ByPriority || by == ByTier }

// clockFacts are the kinds of facts by the kinds of clocks.
var clockFacts = map[string]string{ClockFirst: FactSLAFirst, ClockNext: FactSLANext, ClockResolution: FactSLAResolve}

// factKey names a fact of a promise.
type factKey struct {
	n    uint64
	kind string
}

// promisedBy tells for each fact of a promise the group that it is in.
func promisedBy(ctx context.Context, q querier, by string, list []Fact) (map[factKey]string, error) {
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
		rows, err := q.QueryContext(ctx, "SELECT n, json FROM events WHERE n IN ("+placeholders(1, len(part))+")", part...)
		if err != nil {
			return nil, err
		}
		for rows.Next() {
			var n int64
			var e promiseEvent
			if err = rows.Scan(&n, asJSON{&e}); err != nil {
				break
			}
			for _, kind := range kinds[uint64(n)] {
				keys[factKey{uint64(n), kind}] = e.key(by, kind)
			}
		}
		rows.Close()
		if err := firstErr(err, rows.Err()); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// promiseEvent is what matters here of an event's header.
type promiseEvent struct {
	Conversation struct {
		Priority int    `json:"priority"`
		Tier     string `json:"tier"`
		SLA      struct {
			Policy string `json:"policy"`
			Clocks []struct {
				Kind   string `json:"kind"`
				Policy string `json:"policy"`
			} `json:"clocks"`
		} `json:"sla"`
	} `json:"conversation"`
}

func (e *promiseEvent) key(by, kind string) string {
	c := &e.Conversation
	switch by {
	case ByPriority:
		return strconv.Itoa(c.Priority)
	case ByTier:
		return c.Tier
	}
	for _, k := range c.SLA.Clocks {
		if k.Policy != "" && clockFacts[k.Kind] == kind {
			return k.Policy
		}
	}
	return c.SLA.Policy
}

// promises sums the facts of promises by what only their events know.
func (p *prepared) promises(ctx context.Context, q querier, by string, group func(string) cells) error {
	if p.To-p.From > mostScan {
		return &ReportError{"from", "Choose at most 62 days: promises are read one by one for this."}
	}
	for _, kind := range p.fig.kinds {
		var list []Fact
		err := eachFact(ctx, q, p.d, filter{kind, p.From, p.To, p.Queue, p.Agent, p.Channel}, p.Tag != "", func(f *Fact, tags string) error {
			if p.Tag == "" || strings.Contains(tags, "\n"+p.Tag+"\n") {
				list = append(list, *f)
			}
			return nil
		})
		if err != nil {
			return err
		}
		keys, err := promisedBy(ctx, q, by, list)
		if err != nil {
			return err
		}
		for i := range list {
			group(keys[factKey{list[i].N, kind}]).add(&list[i])
		}
	}
	return nil
}
