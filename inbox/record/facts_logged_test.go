package record

import (
	"fmt"
	"testing"
	"time"
)

// A call or a visit to a shop within a week is another contact, also when it is logged long after; a purchase and a call of ours are none.
func TestCallsAreContacts(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		rules := testRules(time.UTC)
		h := newHistory(t, 1, time.Unix(0, 0))
		h.at("2026-03-02 09:00:00")
		a, b := h.chat("q2"), h.chat("q2")
		b.Identity, b.Channel = a.Identity[:3]+"-other", "email" // another address of the same customer
		h.says(a)
		h.at("2026-03-02 09:05:00").resolve(a, person("ada"))
		if err := db.write(t.Context(), func(q querier) error { // which a history leaves out
			_, err := q.ExecContext(t.Context(), "INSERT INTO customers (id, name, created_at) VALUES ($1, 'Sara', 1)", "customer of "+a.Identity[:3])
			return err
		}); err != nil {
			t.Fatal(err)
		}
		log := func(kind string, inbound bool, at string) {
			h.at(at)
			sent := h.now
			h.at("2026-03-20 09:00:00")
			h.emit(Event{Kind: EvLogged, By: person("ada"), Identity: h.identity(b), Touch: &Touch{Kind: kind, Identity: b.Identity, Account: "@pbx", Channel: "phone",
				Inbound: inbound, Author: person("ada"), At: sent, State: StateLogged, Rev: 1, Key: fmt.Sprint(kind, inbound, at)}}, nil)
		}
		for _, step := range []struct {
			what string
			log  func()
			want float64
		}{
			{"nothing", func() { h.at("2026-03-20 09:00:00") }, 1},
			{"a purchase", func() { log(KindPurchase, true, "2026-03-04 09:00:00") }, 1},
			{"our call", func() { log(KindCall, false, "2026-03-04 09:00:00") }, 1},
			{"a call before", func() { log(KindCall, true, "2026-03-02 09:00:00") }, 1},
			{"a call a fortnight later", func() { log(KindCall, true, "2026-03-16 09:00:00") }, 1},
			{"a call within the week", func() { log(KindCall, true, "2026-03-09 09:00:00") }, 0},
		} {
			step.log()
			h.flush(db)
			catchUp(t, db, rules, h.now, h.rng)
			q := ReportQuery{Figure: "fcr", From: h.events[0].At, To: h.now, Now: h.now}
			r := must(db.Report(t.Context(), q))
			if r.Total.Value == nil || *r.Total.Value != step.want {
				t.Errorf("%s: %v, want %v", step.what, r.Total.Value, step.want)
			}
			if list, _, err := db.ReportItems(t.Context(), q, "", false, "", 9); err != nil || len(list) != 1 || list[0].OK != (step.want == 1) {
				t.Errorf("%s: the list says %+v, %v", step.what, list, err)
			}
		}
	})
}
