package record

import (
	"slices"
	"testing"
	"time"

	"tamas/internal/testenv"
)

// TestEachNumberOpensItsItems: paging through what a row was made of gives as many things as the row counts, each once and newest first.
func TestEachNumberOpensItsItems(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		zone := must(time.LoadLocation("Asia/Tehran"))
		rules := testRules(zone)
		h := newHistory(t, 11, time.Date(2026, 2, 3, 5, 0, 0, 0, time.UTC))
		steps := 700
		if testenv.Raced {
			steps = 250
		}
		for range steps {
			h.step()
		}
		h.flush(db)
		catchUp(t, db, rules, h.now, h.rng)
		opened := 0
		for _, fig := range ReportFigures {
			if fig.line {
				continue // rows count pieces of time, items are whole states
			}
			for _, by := range append([]string{""}, fig.By...) {
				q := ReportQuery{Figure: fig.ID, From: h.events[0].At, To: h.now + 1, By: by, Step: "day", Zone: zone, Now: h.now}
				if h.rng.IntN(3) == 0 {
					q.Queue = h.one(historyQueues...)
				}
				if h.rng.IntN(4) == 0 {
					q.Channel = h.one("sms", "email")
				}
				if h.rng.IntN(4) == 0 {
					q.Tag = h.one("billing", "شکایت")
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
					got, places := int64(0), map[string]bool{}
					last := Millis(always)
					for after := ""; ; {
						items, next, err := db.ReportItems(t.Context(), q, row.Key, by != "", after, 1+h.rng.IntN(9))
						if err != nil {
							t.Fatalf("%s by %s, %s: %v", fig.ID, by, row.Key, err)
						}
						for _, it := range items {
							if got++; fig.ID != "backlog" && it.At > last || it.Conversation == "" || it.Number == 0 {
								t.Errorf("%s by %s, %s: %+v after %d", fig.ID, by, row.Key, it, last)
							}
							last = it.At
						}
						if after = next; after == "" {
							break
						}
						if places[after] {
							t.Fatalf("%s by %s, %s: goes round at %s", fig.ID, by, row.Key, after)
						}
						places[after] = true
					}
					// Within the service level who gave up early counts neither way, but is shown.
					if opened++; got != want && !(fig.ID == "service_level" && got >= want) {
						t.Errorf("%s by %s, %s of queue %q, channel %q, tag %q: %d items, the row counts %d", fig.ID, by, row.Key, q.Queue, q.Channel, q.Tag, got, want)
					}
				}
			}
		}
		if opened < 300 {
			t.Errorf("only %d rows were opened", opened)
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
	})
}
