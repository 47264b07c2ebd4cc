package record

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestHistogramIsTwoPercentOff: whatever the values, each percentile lies within 2 % of the exact one.
func TestHistogramIsTwoPercentOff(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 60 {
		h := hist{}
		var list []int64
		for range 1 + rng.IntN(400) {
			v := int64(1) << rng.IntN(36)
			v += rng.Int64N(v)
			if rng.IntN(20) == 0 {
				v = 0
			}
			h[bucket(v)]++
			list = append(list, v)
		}
		slices.Sort(list)
		for _, q := range []float64{0.001, 0.5, 0.9, 0.95, 1} {
			want := float64(list[max(int(q*float64(len(list))+0.999999999)-1, 0)])
			if got := h.quantile(q); got < want*0.98-1 || got > want*1.02+1 {
				t.Fatalf("the %v quantile of %d values is %v, not %v", q, len(list), got, want)
			}
		}
	}
	if q := (hist{}).quantile(0.5); q != 0 {
		t.Errorf("of nothing %v", q)
	}
}

// FuzzCells: what is read from a row is what was written, and broken rows are refused.
func FuzzCells(f *testing.F) {
	c := cells{}
	c.add(&Fact{Kind: FactFirst, Value: 61_000, Second: 5, OK: true})
	c.add(&Fact{Kind: FactState, Reason: "break/نهار", Value: 1 << 40, Second: -3})
	f.Add(c.encode())
	f.Add([]byte{1, 'x', 0, 3, 1, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		all := cells{}
		if mergeInto(all, b, map[string]bool{FactFirst: true, FactState: true}, true) != nil {
			return
		}
		again := cells{}
		if err := mergeInto(again, all.encode(), map[string]bool{FactFirst: true, FactState: true}, true); err != nil || !bytes.Equal(again.encode(), all.encode()) {
			t.Fatalf("%v of %x", err, b)
		}
	})
}

// TestDays: days begin at the zone's midnight, also where there is none, and have the length that they have.
func TestDays(t *testing.T) {
	for _, c := range []struct {
		zone, at, day string
		hours         float64
	}{
		{"Europe/Berlin", "2025-10-26 12:00:00", "2025-10-25 22:00:00", 25},
		{"Europe/Berlin", "2026-03-29 22:30:00", "2026-03-29 22:00:00", 24},
		{"Europe/Berlin", "2026-03-29 12:00:00", "2026-03-28 23:00:00", 23},
		{"Asia/Tehran", "2026-01-05 20:29:59", "2026-01-04 20:30:00", 24},
		{"Asia/Tehran", "2021-03-22 12:00:00", "2021-03-21 20:30:00", 23}, // there was no midnight: 00:00 was 01:00
		{"America/Sao_Paulo", "2018-11-04 12:00:00", "2018-11-04 03:00:00", 23},
		{"Asia/Kathmandu", "2026-01-05 18:14:00", "2026-01-04 18:15:00", 24},
	} {
		zone := must(time.LoadLocation(c.zone))
		at := At(must(time.Parse(time.DateTime, c.at)))
		day := dayOf(at, zone)
		if got := day.Time().Format(time.DateTime); got != c.day || dayOf(day, zone) != day {
			t.Errorf("%s in %s is of the day of %s, not %s", c.at, c.zone, got, c.day)
		}
		if end := dayAfter(day, zone); float64(end-day)/3600_000 != c.hours || dayOf(end, zone) != end || dayOf(end-1, zone) != day {
			t.Errorf("the day of %s in %s has %v hours, not %v", c.at, c.zone, float64(end-day)/3600_000, c.hours)
		}
	}
}

// TestToday: today's figures agree with the things themselves, whether summed at once or bit by bit, while the events go on being measured.
func TestToday(t *testing.T) {
	each(t, func(t *testing.T, db *DB, address string) {
		rules := testRules(time.UTC)
		h := newHistory(t, 5, time.Date(2026, 2, 3, 5, 0, 0, 0, time.UTC))
		since := h.now + 20*3600_000
		for range 40 {
			for range 12 {
				h.step()
			}
			h.flush(db)
			must(db.Measure(t.Context(), rules, h.now, 1+h.rng.IntN(30)))
			must(db.Today(t.Context(), since))
		}
		catchUp(t, db, rules, h.now, h.rng)
		o := measureAnew(h, rules)
		other := open(t, address) // which sums all at once
		for name, db := range map[string]*DB{"bit by bit": db, "at once": other} {
			f := must(db.Today(t.Context(), since))
			if f.Until != h.now {
				t.Errorf("%s: until %d, not %d", name, f.Until, h.now)
			}
			want := TodayFigures{Queues: map[string]QueueToday{}, Agents: map[string]AgentToday{}}
			for _, x := range o.list {
				if x.At < since {
					continue
				}
				q, a := want.Queues[x.Queue], want.Agents[x.Agent]
				q.add(&x)
				a.add(&x, since)
				want.Queues[x.Queue], want.Agents[x.Agent] = q, a
			}
			for _, id := range historyQueues {
				if f.Queues[id] != want.Queues[id] || f.Queues[id].Answered == 0 {
					t.Errorf("%s: %s: %+v, not %+v", name, id, f.Queues[id], want.Queues[id])
				}
			}
			// The live page and the report say the same.
			for id, q := range f.Queues {
				for figure, shares := range map[string][2]int{"service_level": {q.InTarget, q.LevelOf()}, "abandonment": {q.Abandoned, q.Ended()}} {
					r := must(db.Report(t.Context(), ReportQuery{Figure: figure, Queue: id, From: since, To: h.now + 1, Now: h.now})).Total
					if r.Count != int64(shares[0]) || *r.Of != int64(shares[1]) {
						t.Errorf("%s: %s of %s: %d of %d in the report, %v now", name, figure, id, r.Count, *r.Of, shares)
					}
				}
			}
			for _, id := range historyAgents {
				got, want := f.Agents[id], want.Agents[id]
				if got.Handled != want.Handled || got.HandleSum != want.HandleSum || got.FirstResponses != want.FirstResponses || got.RONA != want.RONA || got.Declined != want.Declined {
					t.Errorf("%s: %s: %+v, not %+v", name, id, got, want)
				}
				// What goes on is counted up to this moment, which is long after.
				rest := Millis(0)
				for _, s := range o.lines[id] {
					if s.to > since {
						rest += s.to - max(s.from, since)
					}
				}
				sum := Millis(0)
				for _, ms := range got.States {
					sum += ms
				}
				if h.agents[id].State == Offline && sum != rest || sum < rest {
					t.Errorf("%s: %s was there for %d ms, not %d", name, id, sum, rest)
				}
			}
		}
	})
}

// TestMergedCustomers: when two customers turn out to be one, what the one wrote afterwards counts against what was resolved for the other.
func TestMergedCustomers(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		rules := testRules(time.UTC)
		h := newHistory(t, 1, time.Unix(0, 0))
		h.at("2026-03-02 09:00:00")
		a, b := h.chat("q2"), h.chat("q2")
		b.Identity, b.Channel = "999-email", "email"
		h.says(a)
		h.at("2026-03-02 09:05:00").resolve(a, person("ada"))
		h.at("2026-03-04 09:00:00").says(b)
		h.at("2026-03-20 09:00:00").flush(db)
		catchUp(t, db, rules, h.now, h.rng)
		fcr := func() float64 {
			r := must(db.Report(t.Context(), ReportQuery{Figure: "fcr", From: h.events[0].At, To: h.now, Now: h.now}))
			if r.Total.Value == nil {
				t.Fatal("nothing is ripe")
			}
			return *r.Total.Value
		}
		if v := fcr(); v != 1 {
			t.Fatalf("%v", v)
		}
		if err := db.write(t.Context(), func(q querier) error {
			_, err := q.ExecContext(t.Context(), "UPDATE identities SET customer = (SELECT customer FROM identities WHERE id = $1) WHERE id = $2", a.Identity, b.Identity)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if err := db.DirtyConversation(t.Context(), b.ID, rules); err != nil {
			t.Fatal(err)
		}
		catchUp(t, db, rules, h.now, h.rng)
		if v := fcr(); v != 0 {
			t.Errorf("%v after the merge", v)
		}
	})
}

// TestTwoFollowers: two leaders that measure at once, as when one has lost its lease without knowing, count nothing twice.
func TestTwoFollowers(t *testing.T) {
	each(t, func(t *testing.T, db *DB, address string) {
		rules := testRules(time.UTC)
		h := newHistory(t, 9, time.Date(2026, 2, 3, 5, 0, 0, 0, time.UTC))
		for range 200 {
			h.step()
		}
		h.flush(db)
		var g sync.WaitGroup
		for _, db := range []*DB{db, open(t, address)} {
			g.Go(func() {
				for {
					until, behind, _, err := db.Measured(t.Context())
					if err != nil || behind == 0 && until > 0 {
						return
					}
					if _, err := db.Measure(t.Context(), rules, h.now, 7); err != nil {
						t.Errorf("measure: %v", err)
						return
					}
				}
			})
		}
		g.Wait()
		catchUp(t, db, rules, h.now, h.rng)
		o := measureAnew(h, rules)
		if n := count(t, db, "SELECT count(*) FROM facts WHERE kind <> 'state'"); n != len(o.list) {
			t.Errorf("%d facts, %d things", n, len(o.list))
		}
	})
}

// TestSumsOfARecordBeforeHours: the sums by the hour are added to those that are there, without measuring anything again, and then all is exact.
func TestSumsOfARecordBeforeHours(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		zone := must(time.LoadLocation("Asia/Tehran"))
		rules := testRules(zone)
		h := newHistory(t, 2, time.Date(2026, 1, 3, 5, 0, 0, 0, time.UTC))
		for i := range 400 {
			if h.step(); i == 200 {
				h.now += 40 * 24 * 3600_000
			}
		}
		h.flush(db)
		catchUp(t, db, rules, h.now, h.rng)
		do := func(text string) {
			t.Helper()
			if err := db.write(t.Context(), func(q querier) error { _, err := q.ExecContext(t.Context(), text); return err }); err != nil {
				t.Fatal(err)
			}
		}
		const older = "cut IN ('queue', 'agent', 'state', 'full', 'tag', 'tag/agent', 'half', 'half/queue', 'half/channel', 'half/tag') OR cut LIKE 'month/%' AND cut NOT LIKE 'month/h%'"
		do("DELETE FROM rollups WHERE NOT (" + older + ")")
		was := count(t, db, "SELECT count(*) FROM rollups")
		before := must(reportCursor(t.Context(), db.pool))
		for text := range strings.SplitSeq(db.d.words.Replace(string(must(migrations.ReadFile("migrations/00010_report_hours.sql")))), ";\n") {
			if strings.TrimSpace(text) != "" {
				do(text)
			}
		}
		if db.Kind() == "sqlite" { // none of those that are there is written
			do("CREATE TRIGGER same BEFORE UPDATE ON rollups BEGIN SELECT RAISE(ABORT, 'written again'); END")
			do("CREATE TRIGGER there BEFORE DELETE ON rollups BEGIN SELECT RAISE(ABORT, 'deleted'); END")
		}
		catchUp(t, db, rules, h.now, h.rng)
		if n := count(t, db, "SELECT count(*) FROM rollups WHERE "+older); n != was || count(t, db, "SELECT count(*) FROM rollups") <= was {
			t.Errorf("%d rows of before, not %d", n, was)
		}
		if after := must(reportCursor(t.Context(), db.pool)); after != before {
			t.Errorf("measured up to %+v, before %+v", after, before)
		}
		sameReports(t, db, measureAnew(h, rules), zone, h.rng)
	})
}
