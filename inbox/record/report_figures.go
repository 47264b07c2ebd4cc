package record

import "slices"

// Units of figures.
const (
	UnitCount = "count"
	UnitMs    = "ms"
	UnitShare = "share" // 0 to 1
	UnitScore = "score" // of NPS: -100 to 100
	UnitRatio = "ratio"
)

// What reports can be by.
const (
	ByTime       = "time"
	ByQueue      = "queue"
	ByAgent      = "agent"
	ByChannel    = "channel"
	ByTag        = "tag"
	ByReason     = "reason"
	ByHourOfWeek = "hour_of_week" // 0 is Sunday from midnight
	ByAge        = "age"          // of the backlog
)

// Clocks of durations. Share of attention is that of handling times.
const (
	ClockWall      = "wall"
	ClockBusiness  = "business"
	ClockAttention = "attention"
)

// Figure is one that reports show.
type Figure struct {
	ID          string
	Unit        string
	By          []string
	Clocks      []string // the first is meant when none is named
	Percentiles bool

	kinds  []string // of the cells that it is made of
	listed []string // kinds of the facts that it opens; nil: kinds
	only   func(f *Fact) bool
	of     func(c cells, second bool) Row
	line   bool // of agents' time, which belongs to no queue
}

var (
	byAll    = []string{ByTime, ByQueue, ByAgent, ByChannel, ByTag, ByHourOfWeek}
	byQueues = []string{ByTime, ByQueue, ByChannel, ByTag, ByHourOfWeek} // of what no agent has part in
	byAgents = []string{ByTime, ByAgent, ByHourOfWeek}
	wall     = []string{ClockWall}
	both     = []string{ClockWall, ClockBusiness}
)

// ReportFigures are all of them, in the order in which they are shown.
var ReportFigures = []*Figure{
	{ID: "offered", Unit: UnitCount, By: byQueues, Clocks: wall, kinds: []string{FactOffered}, of: counted(FactOffered)},
	{ID: "answered", Unit: UnitCount, By: byAll, Clocks: wall, kinds: []string{FactAnswered}, of: counted(FactAnswered)},
	{ID: "abandoned", Unit: UnitCount, By: byQueues, Clocks: wall, kinds: []string{FactAbandoned}, only: func(f *Fact) bool { return f.Reason == "" },
		of: func(c cells, _ bool) Row { return countRow(c.reason(FactAbandoned, "").N) }},
	{ID: "short_abandoned", Unit: UnitCount, By: byQueues, Clocks: wall, kinds: []string{FactAbandoned}, only: func(f *Fact) bool { return f.Reason == "short" },
		of: func(c cells, _ bool) Row { return countRow(c.reason(FactAbandoned, "short").N) }},
	{ID: "flow_out", Unit: UnitCount, By: append(slices.Clone(byQueues), ByReason), Clocks: wall, kinds: []string{FactFlowOut}, of: counted(FactFlowOut)},
	{ID: "abandonment", Unit: UnitShare, By: byQueues, Clocks: wall, kinds: []string{FactAnswered, FactAbandoned, FactFlowOut}, listed: []string{FactAbandoned},
		only: func(f *Fact) bool { return f.Reason == "" }, of: func(c cells, _ bool) Row {
			return share(c.reason(FactAbandoned, "").N, c.all(FactAnswered).N+c.all(FactAbandoned).N+c.all(FactFlowOut).N)
		}},
	{ID: "service_level", Unit: UnitShare, By: byQueues, Clocks: both, kinds: []string{FactAnswered, FactAbandoned, FactFlowOut}, of: func(c cells, second bool) Row {
		answered, lost := c.all(FactAnswered), c.all(FactAbandoned)
		in, early := answered.OK, lost.OK
		if second {
			in, early = answered.OK2, lost.OK2
		}
		return share(in, answered.N+lost.N-early+c.all(FactFlowOut).N)
	}},
	{ID: "asa", Unit: UnitMs, By: byAll, Clocks: both, Percentiles: true, kinds: []string{FactAnswered}, of: lasted(FactAnswered)},
	{ID: "frt", Unit: UnitMs, By: byAll, Clocks: both, Percentiles: true, kinds: []string{FactFirst}, of: lasted(FactFirst)},
	{ID: "next_response", Unit: UnitMs, By: byAll, Clocks: both, Percentiles: true, kinds: []string{FactNext}, of: lasted(FactNext)},
	{ID: "resolution_time", Unit: UnitMs, By: byAll, Clocks: both, Percentiles: true, kinds: []string{FactResolved}, of: lasted(FactResolved)},
	{ID: "handled", Unit: UnitCount, By: byAll, Clocks: wall, kinds: []string{FactHandled}, of: counted(FactHandled)},
	{ID: "aht", Unit: UnitMs, By: byAll, Clocks: []string{ClockWall, ClockAttention}, Percentiles: true, kinds: []string{FactHandled}, of: lasted(FactHandled)},
	{ID: "occupancy", Unit: UnitShare, By: byAgents, Clocks: wall, line: true, kinds: []string{FactState}, of: func(c cells, _ bool) Row {
		handling, free := c.all(FactState).OKSum, c.reason(FactState, string(Available))
		return share(handling, handling+free.Sum-free.OKSum)
	}},
	{ID: "utilisation", Unit: UnitShare, By: byAgents, Clocks: wall, line: true, kinds: []string{FactState}, of: func(c cells, _ bool) Row {
		x := c.all(FactState)
		return share(x.OKSum, x.Sum)
	}},
	{ID: "concurrency", Unit: UnitRatio, By: byAgents, Clocks: wall, line: true, kinds: []string{FactState}, only: func(f *Fact) bool { return f.OK }, of: func(c cells, _ bool) Row {
		x := c.all(FactState)
		return share(x.Sum2, x.OKSum)
	}},
	{ID: "state_time", Unit: UnitMs, By: append(slices.Clone(byAgents), ByReason), Clocks: wall, line: true, kinds: []string{FactState}, of: func(c cells, _ bool) Row {
		x := c.all(FactState)
		return Row{Count: x.N, Value: number(float64(x.Sum))}
	}},
	{ID: "fcr", Unit: UnitShare, By: byAll, Clocks: wall, kinds: []string{cellFCR}, of: oks(cellFCR)},
	{ID: "csat", Unit: UnitShare, By: byAll, Clocks: wall, kinds: []string{FactRating}, of: oks(FactRating)},
	{ID: "csat_response", Unit: UnitShare, By: byAll, Clocks: wall, kinds: []string{FactRating, FactResolved}, listed: []string{FactRating}, of: func(c cells, _ bool) Row {
		return share(c.all(FactRating).N, c.all(FactResolved).OK)
	}},
	{ID: "nps", Unit: UnitScore, By: byAll, Clocks: wall, kinds: []string{FactNPS}, of: func(c cells, _ bool) Row {
		r := share(c.reason(FactNPS, "promoter").N-c.reason(FactNPS, "detractor").N, c.all(FactNPS).N)
		r.Count = c.all(FactNPS).N
		if r.Value != nil {
			*r.Value *= 100
		}
		return r
	}},
	{ID: "backlog", Unit: UnitCount, By: []string{ByAge, ByQueue, ByAgent, ByChannel, ByTag}, Clocks: wall, Percentiles: true},
	{ID: "rona", Unit: UnitCount, By: byAll, Clocks: wall, kinds: []string{FactRONA, FactOffer}, listed: []string{FactRONA}, of: countedOf(FactRONA, FactOffer)},
	{ID: "declines", Unit: UnitCount, By: byAll, Clocks: wall, kinds: []string{FactDeclined, FactOffer}, listed: []string{FactDeclined}, of: countedOf(FactDeclined, FactOffer)},
	{ID: "transfers", Unit: UnitCount, By: append(slices.Clone(byAll), ByReason), Clocks: wall, kinds: []string{FactTransfer, FactHandled}, listed: []string{FactTransfer},
		of: countedOf(FactTransfer, FactHandled)},
	{ID: "rona_rate", Unit: UnitShare, By: byAll, Clocks: wall, kinds: []string{FactRONA, FactOffer}, listed: []string{FactRONA}, of: shareOf(FactRONA, FactOffer)},
	{ID: "decline_rate", Unit: UnitShare, By: byAll, Clocks: wall, kinds: []string{FactDeclined, FactOffer}, listed: []string{FactDeclined}, of: shareOf(FactDeclined, FactOffer)},
	{ID: "transfer_rate", Unit: UnitShare, By: byAll, Clocks: wall, kinds: []string{FactTransfer, FactHandled}, listed: []string{FactTransfer}, of: shareOf(FactTransfer, FactHandled)},
	{ID: "reopen_rate", Unit: UnitShare, By: byAll, Clocks: wall, kinds: []string{FactReopened, FactResolved}, listed: []string{FactReopened},
		only: func(f *Fact) bool { return f.Reason == "customer" }, of: func(c cells, _ bool) Row {
			return share(c.reason(FactReopened, "customer").N, c.all(FactResolved).N)
		}},
	{ID: "sla_first", Unit: UnitShare, By: byPromises, Clocks: wall, kinds: []string{FactSLAFirst}, of: oks(FactSLAFirst)},
	{ID: "sla_next", Unit: UnitShare, By: byPromises, Clocks: wall, kinds: []string{FactSLANext}, of: oks(FactSLANext)},
	{ID: "sla_resolution", Unit: UnitShare, By: byPromises, Clocks: wall, kinds: []string{FactSLAResolve}, of: oks(FactSLAResolve)},
	{ID: "messages_in", Unit: UnitCount, By: byQueues, Clocks: wall, kinds: []string{FactIn}, of: counted(FactIn)},
	{ID: "messages_out", Unit: UnitCount, By: append(slices.Clone(byAll), ByReason), Clocks: wall, kinds: []string{FactOut}, of: counted(FactOut)},
	{ID: "estimate_error", Unit: UnitMs, By: byQueues, Clocks: wall, Percentiles: true, kinds: []string{FactEstimate}, of: func(c cells, _ bool) Row {
		r := lasted(FactEstimate)(c, true) // the error without its sign
		if x := c.all(FactEstimate); x.N > 0 {
			r.Mean = number(float64(x.Sum) / float64(x.N)) // with it: above 0 customers waited longer than they were told
		}
		return r
	}},
}

// FigureOf finds a figure; nil when there is none of that name.
func FigureOf(id string) *Figure {
	if i := slices.IndexFunc(ReportFigures, func(f *Figure) bool { return f.ID == id }); i >= 0 {
		return ReportFigures[i]
	}
	return nil
}

// Row is a figure for one key: a moment, a queue, …. Of Value, Mean and the percentiles those are nil that cannot be told.
type Row struct {
	Key   string   `json:"key"`
	Count int64    `json:"count"`        // things that were counted or measured
	Of    *int64   `json:"of,omitempty"` // what they are a share of
	Value *float64 `json:"value"`        // the figure, in its unit
	Mean  *float64 `json:"mean,omitempty"`
	P50   *float64 `json:"p50,omitempty"`
	P90   *float64 `json:"p90,omitempty"`
	P95   *float64 `json:"p95,omitempty"`
	Max   *float64 `json:"max,omitempty"`
}

func number(v float64) *float64 { return &v }

func countRow(n int64) Row { return Row{Count: n, Value: number(float64(n))} }

func share(n, of int64) Row {
	r := Row{Count: n, Of: &of}
	if of > 0 {
		r.Value = number(float64(n) / float64(of))
	}
	return r
}

// all sums the cells of a kind over all reasons.
func (c cells) all(kind string) cell {
	var sum cell
	for k, x := range c {
		if k.kind == kind {
			sum.merge(x)
		}
	}
	return sum
}

func (c cells) reason(kind, reason string) cell {
	if x := c[cellKey{kind, reason}]; x != nil {
		return *x
	}
	return cell{}
}

func counted(kind string) func(cells, bool) Row {
	return func(c cells, _ bool) Row { return countRow(c.all(kind).N) }
}

func countedOf(kind, of string) func(cells, bool) Row {
	return func(c cells, _ bool) Row {
		r, n := countRow(c.all(kind).N), c.all(of).N
		r.Of = &n
		return r
	}
}

func shareOf(kind, of string) func(cells, bool) Row {
	return func(c cells, _ bool) Row { return share(c.all(kind).N, c.all(of).N) }
}

func oks(kind string) func(cells, bool) Row {
	return func(c cells, _ bool) Row {
		x := c.all(kind)
		return share(x.OK, x.N)
	}
}

func lasted(kind string) func(cells, bool) Row {
	return func(c cells, second bool) Row { return durationRow(c.all(kind), second) }
}

// durationRow is the mean and the percentiles by the one clock or the other.
func durationRow(x cell, second bool) Row {
	r := Row{Count: x.N}
	if x.N == 0 {
		return r
	}
	sum, most, h := x.Sum, x.Max, x.Hist
	if second {
		sum, most, h = x.Sum2, x.Max2, x.Hist2
	}
	r.Value = number(float64(sum) / float64(x.N))
	r.Mean, r.Max = number(*r.Value), number(float64(most))
	q := func(p float64) *float64 { return number(min(h.quantile(p), float64(most))) }
	r.P50, r.P90, r.P95 = q(0.5), q(0.9), q(0.95)
	return r
}
