package record

import (
	"database/sql"
	"slices"
	"strings"
	"testing"
)

// However far apart touches are, a rule finds the text of each once, the oldest first, and says when that was all.
func TestRetainTextGoesOn(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		f := newFirm(t, db)
		for _, k := range []string{"1", "2", "3", "4"} {
			f.receive(k, "k"+k, "text of "+k)
			c := f.change(k)
			c.Status, c.ReopenUntil = Resolved, 1
			f.append(Event{Kind: EvResolved, Conversation: c})
		}
		f.write()
		if err := db.write(t.Context(), func(q querier) (err error) {
			run := runner(t.Context(), q, &err)
			for _, table := range []string{"touches", "bodies"} { // two of them far behind, across windows with nothing in them
				for i := range 2 {
					run("UPDATE "+table+" SET n = n + $1 WHERE n = (SELECT max(n) FROM "+table+" WHERE n < 1000)", (i+2)*retainWindow)
				}
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		did, after, rounds := 0, int64(0), 0
		for ; rounds == 0 || after > 0; rounds++ {
			n, next, err := db.RetainText(t.Context(), RetentionRule{What: RetainText}, f.now+3600_000, f.now, after, 1)
			if err != nil || rounds > 10 {
				t.Fatal(rounds, err)
			}
			did, after = did+n, next
		}
		if left := count(t, db, "SELECT count(*) FROM bodies"); did != 4 || left != 0 {
			t.Errorf("took the text of %d away, %d are left", did, left)
		}
	})
}

// A purchase that was returned stays returned when a rule has taken its order's number away, whichever of both goes first, and its return too.
func TestRetainTextKeepsWhatWasReturned(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		ctx := t.Context()
		f := newFirm(t, db)
		f.now = theDay("2026-06-01")
		for _, c := range []string{"x", "y", "z"} {
			f.receive(c, "k"+c, "hello")
		}
		told := func(c, kind, at, order string, amount int) {
			f.happened(c, kind, "shop", theDay(at), true, &Data{Amount: Amount(amount) * amountUnit, Currency: "EUR", Order: order})
		}
		told("x", KindPurchase, "2026-01-01", "o1", 5)
		told("x", KindPurchase, "2026-01-02", "o2", 5)
		told("x", KindReturn, "2026-01-20", "o1", 2)
		told("x", KindReturn, "2026-03-03", "o1", 1)
		told("y", KindPurchase, "2026-01-01", "o1", 5) // of another shop, perhaps
		told("y", KindReturn, "2026-03-01", "o1", 5)
		told("z", KindPurchase, "2026-01-01", "o3", 5)
		f.write()
		is := func(when string, want map[string]int) {
			t.Helper()
			all := must(boughtBy(ctx, db.pool, []string{"c-x", "c-y", "c-z"}))
			for c, n := range want {
				if list := kept(all["c-"+c]); len(list) != n {
					t.Errorf("%s: %s keeps %+v of %+v", when, c, list, all["c-"+c])
				}
			}
		}
		wipe := func(cut string) {
			t.Helper()
			for after := int64(0); ; {
				did, next, err := db.RetainText(ctx, RetentionRule{What: RetainText}, theDay(cut), f.now, after, 1)
				if err != nil {
					t.Fatal(err)
				}
				if did == 0 {
					break
				}
				after = next
			}
			unflawed(t, db)
		}
		is("before", map[string]int{"x": 2, "y": 0, "z": 1})
		wipe("2026-02-01") // the younger returns keep their numbers
		if n := count(t, db, `SELECT count(*) FROM touch_data WHERE json LIKE '%"order":%'`); n != 2 {
			t.Errorf("%d numbers are left", n)
		}
		is("when the purchases' numbers are gone", map[string]int{"x": 2, "y": 0, "z": 1})
		told("x", KindReturn, "2026-04-01", "o1", 2) // what was left of it
		told("z", KindReturn, "2026-04-01", "o3", 5)
		f.write()
		is("when the rest comes back", map[string]int{"x": 1, "y": 0, "z": 0})
		wipe("2026-05-01")
		is("when all numbers are gone", map[string]int{"x": 1, "y": 0, "z": 0})
		if n := count(t, db, `SELECT count(*) FROM touch_data WHERE json LIKE '%"order":%' OR json LIKE '%o1%'`); n != 0 {
			t.Errorf("%d numbers are left", n)
		}
	})
}

// Who is erased by age is found by keys alone, however many customers there are; one who is held by what was merged into them is not.
func TestToErase(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		ctx := t.Context()
		f := newFirm(t, db)
		for _, c := range []string{"a", "b", "d", "open"} {
			f.receive(c, "k"+c, "hello")
			if conv := f.change(c); c != "open" {
				conv.Status, conv.ReopenUntil = Resolved, 1
				f.append(Event{Kind: EvResolved, Conversation: conv})
			}
		}
		f.write()
		rule, cut := RetentionRule{What: RetainCustomer, Without: "news"}, f.now+1
		is := func(want ...string) {
			t.Helper()
			if got := must(db.ToErase(ctx, rule, cut, "", 10)); !slices.Equal(got, want) {
				t.Errorf("%q, want %q", got, want)
			}
		}
		is("c-a", "c-b", "c-d")
		if err := db.SetHold(ctx, Hold{Customer: "c-a", At: 1, By: "u", Why: "a lawsuit"}); err != nil {
			t.Fatal(err)
		}
		is("c-b", "c-d")
		must(db.SayConsent(ctx, "c-d", Consent{Channel: "sms", Purpose: "news", State: "given"}, Decided{At: 1, By: "u"}, nil))
		is("c-b")
		must(db.Merge(ctx, "c-a", "c-b", "", Decided{At: f.now, By: "u"}, nil))
		is()
		if db.Kind() != "sqlite" {
			return
		}
		from, args := rule.customersOf(cut, false)
		type row struct {
			id, parent, rest int
			text             string
		}
		for _, r := range must(collect(ctx, db.pool, func(rows *sql.Rows, r *row) error { return rows.Scan(&r.id, &r.parent, &r.rest, &r.text) },
			"EXPLAIN QUERY PLAN SELECT i.customer"+from+" AND i.customer > 'c' ORDER BY i.customer LIMIT 10", args...)) {
			if strings.HasPrefix(r.text, "SCAN ") && r.text != "SCAN h" && r.text != "SCAN CONSTANT ROW" {
				t.Error(r.text)
			}
		}
	})
}
