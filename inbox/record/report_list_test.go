package record

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"tamas/internal/testenv"
)

// TestEachNumberOpensItsItems: paging through what a row was made of gives as many things as the row counts, each once and newest first, also where the
// sums that lead a list through the time are out of date.
func TestEachNumberOpensItsItems(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		zone := must(time.LoadLocation("Asia/Tehran"))
		rules := testRules(zone)
		h := newHistory(t, 11, time.Date(2026, 2, 3, 5, 0, 0, 0, time.UTC))
		steps := 700
		if testenv.Raced {
			steps = 250
		}
		for i := range steps {
			if h.step(); i == steps/2 {
				h.now += 35 * 24 * 3600_000
			}
		}
		h.flush(db)
		catchUp(t, db, rules, h.now, h.rng)
		type opened struct {
			q    ReportQuery
			key  string
			want int64
		}
		var rows []opened
		for _, fig := range ReportFigures {
			if fig.line {
				continue // rows count pieces of time, items are whole states
			}
			for _, by := range append([]string{""}, fig.By...) {
				q := ReportQuery{Figure: fig.ID, From: h.events[0].At, To: h.now + 1, By: by, Step: "day", Zone: zone, Now: h.now}
				if ofPromise(by) {
					q.From = max(q.From, q.To-30*24*3600_000)
				}
				if h.rng.IntN(3) == 0 {
					q.Queue = h.one(historyQueues...)
				}
				if h.rng.IntN(4) == 0 {
					q.Channel = h.one("sms", "email")
				}
				if h.rng.IntN(4) == 0 {
					q.Tag = h.one("billing", "شکایت")
				}
				if slices.Contains(fig.By, ByAgent) && h.rng.IntN(4) == 0 {
					q.Agent = h.one(historyAgents...)
				}
				r := must(db.Report(t.Context(), q))
				if by == "" {
					r.Rows = []Row{r.Total}
				}
				for _, row := range r.Rows {
					if row.Count == 0 && h.rng.IntN(20) > 0 {
						continue
					}
					want := row.Count
					if fig.Unit == UnitShare && fig.listed == nil { // of both those with OK and those without
						want = *row.Of
					}
					rows = append(rows, opened{q, row.Key, want})
				}
			}
		}
		for _, r := range rows {
			itemsOf(t, db, h, r.q, r.key, r.want)
		}
		if len(rows) < 300 {
			t.Errorf("only %d rows were opened", len(rows))
		}
		if count(t, db, "SELECT count(*) FROM report_months WHERE summed = 1") == 0 {
			t.Error("no month is summed")
		}
		// A row of time in state opens the parts of states that it counts, those that go on included.
		r := must(db.Report(t.Context(), ReportQuery{Figure: "state_time", From: h.events[0].At, To: h.now, By: ByReason, Zone: zone, Now: h.now}))
		for _, row := range r.Rows {
			items, _, err := db.ReportItems(t.Context(), ReportQuery{Figure: "state_time", From: h.events[0].At, To: h.now, By: ByReason, Zone: zone, Now: h.now}, row.Key, true, "", 10_000)
			sum := int64(0)
			for _, it := range items {
				sum += it.Value
			}
			if err != nil || sum != int64(*row.Value) || slices.ContainsFunc(items, func(it ReportItem) bool { return it.Reason != row.Key || it.Agent == "" }) {
				t.Errorf("%s: %d, not %v; %v", row.Key, sum, *row.Value, err)
			}
		}
		// The sums of some days are lost, as if their facts had just been found.
		day := dayOf(h.events[0].At, zone)
		for range 4 {
			if err := db.Dirty(t.Context(), day, day, rules); err != nil {
				t.Fatal(err)
			}
			if err := db.write(t.Context(), func(q querier) error {
				_, err := q.ExecContext(t.Context(), "DELETE FROM rollups WHERE happened_at >= $1 AND happened_at < $2", int64(day), int64(dayAfter(day, zone)))
				if err == nil {
					_, err = q.ExecContext(t.Context(), "UPDATE report_months SET summed = 0 WHERE month <= $1", int64(day))
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
			day = dayOf(day+Millis(1+h.rng.IntN(2))*30*3600_000, zone)
		}
		for i := 0; i < len(rows); i += 5 {
			itemsOf(t, db, h, rows[i].q, rows[i].key, rows[i].want)
		}
	})
}

// itemsOf pages through what a row was made of.
func itemsOf(t *testing.T, db *DB, h *history, q ReportQuery, key string, want int64) {
	t.Helper()
	name := fmt.Sprintf("%s by %s, %s of queue %q, agent %q, channel %q, tag %q", q.Figure, q.By, key, q.Queue, q.Agent, q.Channel, q.Tag)
	got, places := int64(0), map[string]bool{}
	last := Millis(always)
	for after := ""; ; {
		items, next, err := db.ReportItems(t.Context(), q, key, q.By != "", after, 1+h.rng.IntN(9))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, it := range items {
			if got++; q.Figure != "backlog" && it.At > last || it.Conversation == "" || it.Number == 0 {
				t.Errorf("%s: %+v after %d", name, it, last)
			}
			last = it.At
		}
		if after = next; after == "" {
			break
		}
		if places[after] {
			t.Fatalf("%s: goes round at %s", name, after)
		}
		places[after] = true
	}
	// Within the service level who gave up early counts neither way, but is shown.
	if got != want && !(q.Figure == "service_level" && got >= want) {
		t.Errorf("%s: %d items, the row counts %d", name, got, want)
	}
}

// TestTooManyPromises: by what only single promises tell a report is answered for any time, and refused only for more promises than are read in about a second.
func TestTooManyPromises(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		do := func(text string, args ...any) {
			t.Helper()
			if err := db.write(t.Context(), func(q querier) error { _, err := q.ExecContext(t.Context(), text, args...); return err }); err != nil {
				t.Fatal(err)
			}
		}
		do(`INSERT INTO facts (n, kind, agent, happened_at, conversation, queue, account, channel, reason, value, second, ok)
			WITH RECURSIVE k(i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM k WHERE i <= $1) SELECT i, 'sla_first', '', i * 300000, 'c', 'q', 'a', 'sms', '', 1, 1, 1 FROM k`, mostPromises)
		q := ReportQuery{Figure: "sla_first", By: ByTier, From: 1, To: 100_000 * 300_000, Now: 100_000 * 300_000}
		var refused *ReportError
		if _, err := db.Report(t.Context(), q); !errors.As(err, &refused) || !strings.Contains(refused.Message, "too many") {
			t.Errorf("one too many: %v", err)
		}
		do("DELETE FROM facts WHERE n = 1")
		if _, err := db.Report(t.Context(), q); err != nil {
			t.Errorf("most of a year: %v", err)
		}
	})
}
