package record

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tamas/internal/testenv"
)

// office is a working time of its own kind: from 8 to 16 UTC for q1, all the time for q2, every other hour for q3.
func office(queue string, from, to Millis) Millis {
	const hour, day = 3600_000, 24 * 3600_000
	upTo := func(t Millis) Millis {
		switch queue {
		case "q1":
			return t/day*8*hour + min(max(t%day-8*hour, 0), 8*hour)
		case "q3":
			return t/(2*hour)*hour + min(t%(2*hour), hour)
		}
		return t
	}
	return upTo(to) - upTo(from)
}

func testRules(zone *time.Location) *FactRules {
	return &FactRules{Zone: zone, ShortAbandon: 600_000, Working: office, Asks: func(account string) bool { return account == "acct-sms" },
		Target: func(q string) Millis { return map[string]Millis{"q1": 1200_000, "q2": 7200_000}[q] }}
}

// catchUp measures and sums all there is, in steps of random size, as a leader does that is stopped now and then.
func catchUp(t testing.TB, db *DB, rules *FactRules, now Millis, rng *rand.Rand) {
	t.Helper()
	for must(db.Measure(t.Context(), rules, now, 1+rng.IntN(60))) > 0 {
	}
	for must(db.RollUp(t.Context(), rules, now)) {
	}
}

// TestReportsAreExact writes random histories with late messages, transfers, reopenings, midnights and changes of the clocks, follows them with stops in the
// middle, and compares facts and every report with what is measured anew from the raw events.
func TestReportsAreExact(t *testing.T) {
	each(t, func(t *testing.T, db *DB, address string) {
		berlin, tehran := must(time.LoadLocation("Europe/Berlin")), must(time.LoadLocation("Asia/Tehran"))
		kathmandu := must(time.LoadLocation("Asia/Kathmandu"))
		seeds := []uint64{1, 2, 3}
		if testing.Short() || testenv.Raced {
			seeds = seeds[:1]
		}
		for _, seed := range seeds {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				if seed > 1 {
					clear := must(Open(t.Context(), address))
					defer clear.Close()
					for _, table := range []string{"events", "touches", "bodies", "conversations", "agents", "identities", "customers"} {
						if err := clear.write(t.Context(), func(q querier) error { _, err := q.ExecContext(context.Background(), "DELETE FROM "+table); return err }); err != nil {
							t.Fatal(err)
						}
					}
					if err := errors.Join(clear.MeasureAgain(t.Context()), clear.MoveCursor(t.Context(), must(clear.Cursor(t.Context())), ID{})); err != nil {
						t.Fatal(err)
					}
				}
				zone := []*time.Location{berlin, tehran, kathmandu}[seed%3]
				rules := testRules(zone)
				h := newHistory(t, seed, time.Date(2025, 10, 22, 21, 0, 0, 0, time.UTC)) // the 26th has 25 hours in Berlin
				rng := rand.New(rand.NewPCG(seed, 8))
				db := must(Open(t.Context(), address))
				for i := range 900 {
					h.step()
					if rng.IntN(15) == 0 {
						h.flush(db)
						if rng.IntN(3) == 0 {
							must(db.Measure(t.Context(), rules, h.now, 1+rng.IntN(100)))
						}
						if rng.IntN(6) == 0 {
							must(db.RollUp(t.Context(), rules, h.now))
						}
						if rng.IntN(12) == 0 { // the leader dies
							db.Close()
							db = must(Open(t.Context(), address))
						}
					}
					if i == 400 {
						catchUp(t, db, testRules(time.UTC), h.now, rng) // and the firm moves
					}
					if i == 600 {
						h.now += 40 * 24 * 3600_000 // months pass; some messages come late even so
					}
				}
				h.flush(db)
				catchUp(t, db, rules, h.now, rng)
				if count(t, db, "SELECT count(*) FROM report_months WHERE summed = 1") == 0 || count(t, db, "SELECT count(*) FROM report_months WHERE mark > 1") == 0 {
					t.Error("no month was summed, or none anew")
				}
				o := measureAnew(h, rules)
				sameFacts(t, db, o)
				if t.Failed() {
					return
				}
				sameReports(t, db, o, zone, rng)
				db.Close()
			})
		}
	})
}

func factText(f *Fact) string {
	return fmt.Sprintf("%s n%d %s %s/%s agent=%s reason=%s at=%d value=%d second=%d ok=%v,%v", f.Kind, f.N, f.Conversation, f.Queue, f.Channel, f.Agent, f.Reason, f.At, f.Value, f.Second, f.OK, f.OK2)
}

func sameFacts(t *testing.T, db *DB, o *oracle) {
	t.Helper()
	got := must(collect(t.Context(), db.pool, scanFact, "SELECT "+factColumns+" FROM facts f WHERE kind <> 'state'"))
	text := func(list []Fact, by int64) (out []string) {
		for _, f := range list {
			if f.Kind == FactHandled { // both round to a millisecond
				f.Second = (f.Second + by) / 4
			}
			out = append(out, factText(&f))
		}
		slices.Sort(out)
		return out
	}
	var diff [2][]string
	for i, by := range []int64{0, 2} { // what lies on an edge in one lies within in the other
		a, b := text(got, by), text(o.list, by)
		for _, x := range a {
			if _, ok := slices.BinarySearch(b, x); !ok {
				diff[i] = append(diff[i], "measured, but is not: "+x)
			}
		}
		for _, x := range b {
			if _, ok := slices.BinarySearch(a, x); !ok {
				diff[i] = append(diff[i], "is not measured: "+x)
			}
		}
		if len(a) != len(b) {
			t.Errorf("%d facts, %d things", len(a), len(b))
		}
	}
	if len(diff[0]) > 0 && len(diff[1]) > 0 {
		t.Errorf("%d differences\n%s", len(diff[0]), strings.Join(diff[0][:min(len(diff[0]), 12)], "\n"))
	}
	seen := map[string]int{}
	for _, f := range got {
		seen[f.Kind]++
	}
	for _, kind := range factKinds {
		if kind != FactState && kind != FactSLANext && seen[kind] == 0 {
			t.Errorf("no %s in this history: it tests too little", kind)
		}
	}
}

// sameReports compares each figure by all it can be by, over all and parts of the time, with and without filters.
func sameReports(t *testing.T, db *DB, o *oracle, zone *time.Location, rng *rand.Rand) {
	first, last := o.h.events[0].At, o.h.now
	tags := map[string][]string{}
	for _, c := range o.h.convs {
		tags[c.ID] = c.Tags
	}
	for range 3 {
		from, to := first, last+1
		if rng.IntN(2) == 0 {
			from += Millis(rng.Int64N(int64(last-first) / 2))
			to -= Millis(rng.Int64N(int64(last-first) / 3))
		}
		for _, fig := range ReportFigures {
			if fig.ID == "backlog" {
				continue
			}
			for _, by := range append([]string{""}, fig.By...) {
				q := ReportQuery{Figure: fig.ID, From: from, To: to, By: by, Zone: zone, Weekday: time.Saturday, Now: last, Clock: fig.Clocks[rng.IntN(len(fig.Clocks))]}
				q.Step = []string{"half_hour", "hour", "day", "week", "month"}[rng.IntN(5)]
				agents := slices.Contains(fig.By, ByAgent)
				if rng.IntN(2) == 0 && agents {
					q.Agent = o.h.one(historyAgents...)
				}
				if !fig.line && rng.IntN(3) == 0 {
					q.Queue = o.h.one(historyQueues...)
				}
				if !fig.line && rng.IntN(3) == 0 {
					q.Channel = o.h.one("sms", "email")
				}
				if !fig.line && rng.IntN(4) == 0 {
					q.Tag = o.h.one("billing", "شکایت")
				}
				sameReport(t, db, o, q, tags)
			}
		}
	}
}

func sameReport(t *testing.T, db *DB, o *oracle, q ReportQuery, tags map[string][]string) {
	t.Helper()
	name := fmt.Sprintf("%s by %s/%s of %s,%s,%s,%s by the %s clock", q.Figure, q.By, q.Step, q.Queue, q.Agent, q.Channel, q.Tag, q.Clock)
	r, err := db.Report(t.Context(), q)
	var wrong *ReportError
	if errors.As(err, &wrong) && q.By == ByTime && q.Step == "half_hour" {
		return // too many rows
	}
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	if f := r.From.Time().In(q.Zone); r.From > q.From || r.To < q.To || r.To-q.To > 26*3600_000 || f.Minute()%30 != 0 || f.Second() != 0 {
		t.Errorf("%s: from %v to %v", name, r.From.Time().In(q.Zone), r.To.Time().In(q.Zone))
	}
	fig := FigureOf(q.Figure)
	list := o.list
	if fig.line {
		list = o.states(r.From, r.To)
	} else if fig.ID == "fcr" {
		list = o.onlyContacts(q.Now, q.Zone)
	}
	groups := map[string][]Fact{}
	var all []Fact
	for _, f := range list {
		if !slices.Contains(fig.kinds, f.Kind) || f.At < r.From || f.At >= r.To || q.Queue != "" && f.Queue != q.Queue || q.Agent != "" && f.Agent != q.Agent ||
			q.Channel != "" && f.Channel != q.Channel || q.Tag != "" && !slices.Contains(tags[f.Conversation], q.Tag) {
			continue
		}
		all = append(all, f)
		switch q.By {
		case ByQueue:
			groups[f.Queue] = append(groups[f.Queue], f)
		case ByAgent:
			groups[f.Agent] = append(groups[f.Agent], f)
		case ByChannel:
			groups[f.Channel] = append(groups[f.Channel], f)
		case ByReason:
			groups[f.Reason] = append(groups[f.Reason], f)
		case ByPolicy, ByPriority, ByTier:
			key := o.promised(&f, q.By)
			groups[key] = append(groups[key], f)
		case ByTag:
			for _, tag := range tags[f.Conversation] {
				if q.Tag == "" || q.Tag == tag {
					groups[tag] = append(groups[tag], f)
				}
			}
		case ByTime, ByHourOfWeek:
			l := label(q.By, q.Step, f.At, q.Zone, q.Weekday)
			groups[l] = append(groups[l], f)
		}
	}
	sameRow(t, name+": total", fig, q, r.Total, all)
	seen := map[string]bool{}
	for _, row := range r.Rows {
		key := row.Key
		if q.By == ByTime {
			ms := must(strconv.ParseInt(key, 10, 64))
			key = label(q.By, q.Step, Millis(ms), q.Zone, q.Weekday)
		}
		if seen[key] {
			t.Errorf("%s: two rows of %s", name, key)
		}
		seen[key] = true
		sameRow(t, name+": "+key, fig, q, row, groups[key])
	}
	for key, list := range groups {
		if want := plainRow(fig, q, list); !seen[key] && (want.Count != 0 || want.Of != nil && *want.Of != 0 && q.By != ByReason) {
			t.Errorf("%s: no row of %q", name, key)
		}
	}
}

// plainRow is a figure from the things themselves.
func plainRow(fig *Figure, q ReportQuery, list []Fact) Row {
	n := func(ok func(f *Fact) bool) (n int64) {
		for i := range list {
			if ok(&list[i]) {
				n++
			}
		}
		return n
	}
	sum := func(ok func(f *Fact) bool, v func(f *Fact) int64) (n int64) {
		for i := range list {
			if ok(&list[i]) {
				n += v(&list[i])
			}
		}
		return n
	}
	is := func(kinds ...string) func(f *Fact) bool {
		return func(f *Fact) bool { return slices.Contains(kinds, f.Kind) }
	}
	good := func(kinds ...string) func(f *Fact) bool {
		return func(f *Fact) bool { return slices.Contains(kinds, f.Kind) && f.OK }
	}
	value := func(f *Fact) int64 { return f.Value }
	handling := func(f *Fact) bool { return f.OK }
	switch fig.ID {
	case "offered", "answered", "flow_out", "handled", "messages_in", "messages_out":
		return countRow(int64(len(list)))
	case "abandoned":
		return countRow(n(func(f *Fact) bool { return f.Reason != "short" }))
	case "short_abandoned":
		return countRow(n(func(f *Fact) bool { return f.Reason == "short" }))
	case "rona", "declines", "transfers":
		kind, of := FactRONA, FactOffer
		if fig.ID == "declines" {
			kind = FactDeclined
		} else if fig.ID == "transfers" {
			kind, of = FactTransfer, FactHandled
		}
		r, m := countRow(n(is(kind))), n(is(of))
		r.Of = &m
		return r
	case "abandonment":
		return share(n(func(f *Fact) bool { return f.Kind == FactAbandoned && f.Reason == "" }), int64(len(list)))
	case "rona_rate":
		return share(n(is(FactRONA)), n(is(FactOffer)))
	case "decline_rate":
		return share(n(is(FactDeclined)), n(is(FactOffer)))
	case "transfer_rate":
		return share(n(is(FactTransfer)), n(is(FactHandled)))
	case "service_level":
		if q.Clock == ClockBusiness {
			in := func(kind string) int64 { return n(func(f *Fact) bool { return f.Kind == kind && f.OK2 }) }
			return share(in(FactAnswered), int64(len(list))-in(FactAbandoned))
		}
		return share(n(good(FactAnswered)), int64(len(list))-n(good(FactAbandoned)))
	case "csat", "fcr", "sla_first", "sla_next", "sla_resolution":
		return share(n(handling), int64(len(list)))
	case "csat_response":
		return share(n(is(FactRating)), n(good(FactResolved)))
	case "reopen_rate":
		return share(n(func(f *Fact) bool { return f.Kind == FactReopened && f.Reason == "customer" }), n(is(FactResolved)))
	case "nps":
		r := share(n(func(f *Fact) bool { return f.Value >= 9 })-n(func(f *Fact) bool { return f.Value <= 6 }), int64(len(list)))
		if r.Count = int64(len(list)); r.Value != nil {
			*r.Value *= 100
		}
		return r
	case "occupancy":
		busy := sum(handling, value)
		return share(busy, busy+sum(func(f *Fact) bool { return !f.OK && f.Reason == "available" }, value))
	case "utilisation":
		return share(sum(handling, value), sum(is(FactState), value))
	case "concurrency":
		return share(sum(is(FactState), func(f *Fact) int64 { return f.Second }), sum(handling, value))
	case "state_time":
		return Row{Count: -1, Value: number(float64(sum(is(FactState), value)))}
	}
	var values []float64
	total, signed := 0.0, 0.0
	for _, f := range list {
		v := f.Value
		if q.Clock != ClockWall || fig.ID == "estimate_error" {
			v = f.Second
		}
		values = append(values, float64(v))
		total += float64(v)
		signed += float64(f.Value)
	}
	r := Row{Count: int64(len(list))}
	if len(values) == 0 {
		return r
	}
	slices.Sort(values)
	at := func(p float64) *float64 { return number(values[max(int(math.Ceil(p*float64(len(values))))-1, 0)]) }
	r.Value, r.Mean, r.Max = number(total/float64(len(values))), number(total/float64(len(values))), number(values[len(values)-1])
	if fig.ID == "estimate_error" {
		r.Mean = number(signed / float64(len(values)))
	}
	r.P50, r.P90, r.P95 = at(0.5), at(0.9), at(0.95)
	return r
}

func sameRow(t *testing.T, name string, fig *Figure, q ReportQuery, got Row, list []Fact) {
	t.Helper()
	want := plainRow(fig, q, list)
	near := func(what string, a, b *float64, relative float64) {
		t.Helper()
		if (a == nil) != (b == nil) || a != nil && math.Abs(*a-*b) > math.Abs(*b)*relative+1.01 {
			t.Errorf("%s: %s %s, not %s", name, what, text(a), text(b))
		}
	}
	if want.Count != -1 && got.Count != want.Count || (got.Of == nil) != (want.Of == nil) || got.Of != nil && *got.Of != *want.Of {
		t.Errorf("%s: %d, not %d, or of another number", name, got.Count, want.Count)
		return
	}
	if fig.Unit == UnitMs {
		near("value", got.Value, want.Value, 1e-9)
	} else if (got.Value == nil) != (want.Value == nil) || got.Value != nil && math.Abs(*got.Value-*want.Value) > 1e-9 {
		t.Errorf("%s: value %s, not %s", name, text(got.Value), text(want.Value))
	}
	if want.P50 != nil {
		near("mean", got.Mean, want.Mean, 1e-9)
		near("max", got.Max, want.Max, 0)
		near("p50", got.P50, want.P50, 0.02)
		near("p90", got.P90, want.P90, 0.02)
		near("p95", got.P95, want.P95, 0.02)
	}
}

func text(v *float64) string {
	if v == nil {
		return "none"
	}
	return strconv.FormatFloat(*v, 'f', -1, 64)
}
