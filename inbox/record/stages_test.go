package record

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

func theDay(s string) Millis { return At(must(time.Parse(time.DateOnly, s))) }

func TestStageSteps(t *testing.T) {
	rule := StageRule{Active: 2, ActiveMonths: 3, Loyal: 4, LoyalMonths: 12, LapsedMonths: 6}
	unit := func(n int) Amount { return Amount(n) * amountUnit }
	buy := func(at string) Bought {
		return Bought{Touch: "p" + at, Kind: KindPurchase, At: theDay(at), Currency: "EUR", Amount: unit(5)}
	}
	of := func(b Bought, order string, amount int) Bought { b.Order, b.Amount = order, unit(amount); return b }
	back := func(at, order string, amount int) Bought {
		return Bought{Touch: "r" + at, Kind: KindReturn, At: theDay(at), Order: order, Currency: "EUR", Amount: unit(amount)}
	}
	marked := func(b Bought, mark string) Bought { b.Mark = mark; return b }
	any := rule
	any.AnyTouch = true
	spell := func(from, to string) Spell { return Spell{theDay(from), theDay(to)} }
	for name, c := range map[string]struct {
		rule    StageRule
		all     []Bought
		want    string
		touched []Spell
	}{
		"nothing":        {rule, nil, "", nil},
		"one":            {rule, []Bought{buy("2026-05-01")}, "first_purchase 2026-05-01", nil},
		"two, far apart": {rule, []Bought{buy("2026-01-01"), buy("2026-05-01")}, "first_purchase 2026-01-01", nil},
		"active":         {rule, []Bought{buy("2026-02-01"), buy("2026-05-01")}, "first_purchase 2026-02-01, active 2026-05-01", nil},
		"loyal":          {rule, []Bought{buy("2026-01-01"), buy("2026-02-01"), buy("2026-05-01"), buy("2026-06-01")}, "first_purchase 2026-01-01, active 2026-02-01, loyal 2026-06-01", nil},
		"lapsed":         {rule, []Bought{buy("2025-08-01")}, "first_purchase 2025-08-01, lapsed 2026-02-01", nil},
		"won back":       {rule, []Bought{buy("2025-08-01"), buy("2026-02-01"), buy("2026-03-01")}, "first_purchase 2025-08-01, won_back 2026-02-01, active 2026-03-01", nil},
		"won back later": {rule, []Bought{buy("2025-08-01"), buy("2026-02-02"), buy("2026-03-01")}, "first_purchase 2025-08-01, lapsed 2026-02-01, won_back 2026-02-02, active 2026-03-01", nil},
		"old ones count no more": {rule, []Bought{buy("2025-01-01"), buy("2025-01-02"), buy("2025-01-03"), buy("2026-05-01")},
			"first_purchase 2025-01-01, active 2025-01-02, lapsed 2025-07-03, won_back 2026-05-01", nil},
		"returned whole":  {rule, []Bought{of(buy("2026-05-01"), "o1", 5), of(buy("2026-05-02"), "o2", 5), back("2026-05-03", "o1", 5)}, "first_purchase 2026-05-02", nil},
		"in two parts":    {rule, []Bought{of(buy("2026-05-01"), "o1", 5), back("2026-05-03", "o1", 2), back("2026-05-04", "o1", 3)}, "", nil},
		"a part":          {rule, []Bought{of(buy("2026-05-01"), "o1", 5), back("2026-05-03", "o1", 2)}, "first_purchase 2026-05-01", nil},
		"of no amount":    {rule, []Bought{of(buy("2026-05-01"), "o1", 5), back("2026-05-03", "o1", 0)}, "", nil},
		"without order":   {rule, []Bought{buy("2026-05-01"), back("2026-05-03", "", 5)}, "", nil},
		"of another sum":  {rule, []Bought{buy("2026-05-01"), back("2026-05-03", "", 4)}, "first_purchase 2026-05-01", nil},
		"number lost":     {rule, []Bought{marked(of(buy("2026-05-01"), "", 5), "r1"), marked(back("2026-05-03", "", 2), "r1"), marked(back("2026-05-04", "o1", 2), "r1"), back("2026-05-05", "o1", 1)}, "", nil},
		"told too late":   {rule, []Bought{of(buy("2026-05-02"), "o2", 5), marked(of(buy("2026-05-01"), "", 5), "r1"), buy("2026-05-03"), back("2026-05-04", "o1", 5)}, "first_purchase 2026-05-02, active 2026-05-03", nil},
		"of another part": {rule, []Bought{marked(of(buy("2026-05-01"), "", 5), "r1"), back("2026-05-04", "o1", 4)}, "first_purchase 2026-05-01", nil},
		"before it":       {rule, []Bought{buy("2026-05-01"), back("2026-04-03", "", 5)}, "first_purchase 2026-05-01", nil},
		"to come":         {rule, []Bought{buy("2027-05-01")}, "", nil},
		"only lapsing":    {StageRule{LapsedMonths: 1}, []Bought{buy("2026-01-01"), buy("2026-01-02"), buy("2026-01-03")}, "first_purchase 2026-01-01, lapsed 2026-02-03", nil},
		"nothing but one": {StageRule{}, []Bought{buy("2020-01-01"), buy("2020-01-02")}, "first_purchase 2020-01-01", nil},
		"one moment":      {StageRule{Active: 1, ActiveMonths: 1}, []Bought{buy("2026-01-01")}, "active 2026-01-01", nil},
		"writes":          {any, []Bought{buy("2025-08-01")}, "first_purchase 2025-08-01", []Spell{spell("2025-07-20", "2025-08-10"), spell("2026-01-30", "2026-02-09")}},
		"wrote too late":  {any, []Bought{buy("2025-08-01")}, "first_purchase 2025-08-01, lapsed 2026-02-10", []Spell{spell("2025-07-20", "2025-08-10"), spell("2026-02-10", "2026-03-01")}},
		"wrote, and came back": {any, []Bought{buy("2025-01-01"), buy("2026-05-01")}, "first_purchase 2025-01-01, lapsed 2025-09-01, won_back 2026-05-01",
			[]Spell{spell("2025-01-01", "2025-01-01"), spell("2025-03-01", "2025-03-01"), spell("2026-04-28", "2026-05-01")}},
		"wrote all the time": {any, []Bought{buy("2025-08-01"), buy("2026-05-01")}, "first_purchase 2025-08-01", []Spell{spell("2025-12-01", "2025-12-24"), spell("2026-05-01", "2026-05-01")}},
	} {
		for range 5 { // in whichever order it is told of
			rand.Shuffle(len(c.all), func(i, j int) { c.all[i], c.all[j] = c.all[j], c.all[i] })
			var got []string
			for _, s := range c.rule.Steps(c.all, c.touched, theDay("2026-06-15"), func(string) bool { return true }) {
				got = append(got, s.Stage+" "+s.At.Time().UTC().Format(time.DateOnly))
			}
			if text := strings.Join(got, ", "); text != c.want {
				t.Errorf("%s: %q, want %q", name, text, c.want)
			}
		}
	}
}

func TestStagesFollow(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		ctx := t.Context()
		f := newFirm(t, db)
		f.now = theDay("2026-04-01")
		for _, c := range []string{"x", "y", "z"} {
			f.receive(c, "k"+c, "hello")
		}
		set := DefaultRecordSetting()
		set.StageRule = StageRule{Enabled: true, Active: 2, ActiveMonths: 3, LapsedMonths: 6}
		now := theDay("2026-05-01")
		follow := func(preview bool) StagesMoved {
			t.Helper()
			if len(f.events) > 0 {
				f.write()
			}
			moved := StagesMoved{Stages: map[string]int{}}
			for _, marked := range []bool{true, false} {
				for after := ""; !preview || !marked; {
					if after = must(db.FollowStages(ctx, &set, now, after, marked, 2, preview, &moved)); after == "" {
						break
					}
				}
			}
			return moved
		}
		buys := func(c, at string) string {
			return f.happened(c, KindPurchase, "shop", theDay(at), true, &Data{Amount: 5 * amountUnit, Currency: "EUR", Order: c + at}).Touch.ID
		}
		is := func(c, stage string, history ...string) {
			t.Helper()
			p := must(db.CustomerRecord(ctx, "c-"+c, &set, nil, now))
			var got []string
			for _, s := range p.Stages {
				if got = append(got, fmt.Sprint(s.Stage, " ", s.At.Time().UTC().Format(time.DateOnly), " ", s.By)); (s.By == ByRule) != (s.Touch != "") {
					t.Errorf("%+v", s)
				}
			}
			if p.Customer.Stage != stage || !slices.Equal(got, history) {
				t.Errorf("%s: %q, %q\nwant %q, %q", c, p.Customer.Stage, got, stage, history)
			}
			if moved := follow(true); moved.Customers != 0 {
				t.Errorf("it is not at rest: %+v", moved)
			}
		}
		says := func(c, stage, at string) {
			t.Helper()
			_, _, err := db.EditCustomer(ctx, "c-"+c, 0, CustomerEdit{Stage: &stage}, Decided{At: theDay(at), By: "u1"}, nil)
			if err != nil {
				t.Fatal(err)
			}
		}
		first := buys("x", "2026-04-02")
		if moved := follow(true); moved.Customers != 1 || moved.Stages[StageFirst] != 1 {
			t.Errorf("%+v", moved)
		}
		if p := must(db.CustomerRecord(ctx, "c-x", &set, nil, now)); p.Customer.Stage != "" || len(p.Stages) != 0 {
			t.Errorf("a preview writes: %+v", p.Stages)
		}
		if moved := follow(false); moved.Customers != 1 {
			t.Errorf("%+v", moved)
		}
		is("x", StageFirst, "first_purchase 2026-04-02 @rule")
		if s := must(db.CustomerRecord(ctx, "c-x", &set, nil, now)).Stages[0]; s.Touch != first {
			t.Errorf("%+v", s)
		}
		// An earlier purchase that is told of late, and another day's return of the later one.
		buys("x", "2026-03-02")
		follow(false)
		is("x", StageActive, "active 2026-04-02 @rule", "first_purchase 2026-03-02 @rule")
		f.happened("x", KindReturn, "shop", theDay("2026-04-05"), true, &Data{Amount: 5 * amountUnit, Currency: "EUR", Order: "x2026-04-02"})
		follow(false)
		is("x", StageFirst, "first_purchase 2026-03-02 @rule")
		// What somebody says holds, until something happens later.
		says("x", "prospect", "2026-04-10")
		buys("x", "2026-04-09")
		follow(false)
		is("x", "prospect", "prospect 2026-04-10 u1", "active 2026-04-09 @rule", "first_purchase 2026-03-02 @rule")
		now = theDay("2026-10-20")
		follow(false)
		is("x", StageLapsed, "lapsed 2026-10-09 @rule", "prospect 2026-04-10 u1", "active 2026-04-09 @rule", "first_purchase 2026-03-02 @rule")
		// Who writes does not lapse where any touch counts: ours, and what a machine answered, do not.
		set.StageRule.AnyTouch = true
		f.happened("x", KindCall, "phone", theDay("2026-08-01"), false, nil)
		follow(false)
		is("x", StageLapsed, "lapsed 2026-10-09 @rule", "prospect 2026-04-10 u1", "active 2026-04-09 @rule", "first_purchase 2026-03-02 @rule")
		f.happened("x", KindCall, "phone", theDay("2026-08-02"), true, nil)
		follow(false)
		is("x", "prospect", "prospect 2026-04-10 u1", "active 2026-04-09 @rule", "first_purchase 2026-03-02 @rule")
		set.StageRule.AnyTouch = false
		follow(false)
		// An advocate is one whatever they buy, until they lapse.
		now = theDay("2026-05-01")
		buys("y", "2026-04-02")
		follow(false)
		says("y", StageAdvocate, "2026-04-03")
		buys("y", "2026-04-20")
		follow(false)
		if p := must(db.Customer(ctx, "c-y")); p.Customer.Stage != StageAdvocate {
			t.Error(p.Customer.Stage)
		}
		now = theDay("2026-10-20")
		follow(false)
		if p := must(db.Customer(ctx, "c-y")); p.Customer.Stage != StageLapsed {
			t.Error(p.Customer.Stage)
		}
		// A merge counts both, its undo each for itself.
		markedNow := func() []string {
			return must(collect(ctx, db.pool, oneText, "SELECT id FROM customers WHERE restage = 1 ORDER BY id"))
		}
		marked := func(want ...string) {
			t.Helper()
			if got := markedNow(); !slices.Equal(got, want) {
				t.Errorf("marked: %q, want %q", got, want)
			}
			if len(want) > 0 { // who is marked is found without looking at everybody
				must(db.FollowStages(ctx, &set, now, "", true, 10, false, &StagesMoved{Stages: map[string]int{}}))
			}
			if again := markedNow(); len(again) > 0 {
				t.Errorf("marked again: %q", again)
			}
			if moved := follow(true); moved.Customers != 0 {
				t.Errorf("the marks do not tell all: %+v", moved)
			}
		}
		marked()
		buys("z", "2026-10-01")
		follow(false)
		m := must(db.Merge(ctx, "c-z", "c-x", "", Decided{At: now}, nil))
		marked("c-x", "c-z")
		follow(false)
		is("x", "prospect", "prospect 2026-04-10 u1", "active 2026-04-09 @rule", "first_purchase 2026-03-02 @rule")
		must(db.UndoMerge(ctx, m.ID, nil, Decided{At: now}, nil))
		marked("c-x", "c-z")
		follow(false)
		is("x", StageLapsed, "lapsed 2026-10-09 @rule", "prospect 2026-04-10 u1", "active 2026-04-09 @rule", "first_purchase 2026-03-02 @rule")
		is("z", StageFirst, "first_purchase 2026-10-01 @rule")
		// So it is when they are split, or their purchases are taken back.
		must(db.Merge(ctx, "c-z", "c-x", "", Decided{At: now}, nil))
		marked("c-x", "c-z")
		apart := must(db.Split(ctx, "c-x", SplitOrder{Identities: []string{"i-z"}}, Decided{At: now}, nil)).To
		both := []string{apart, "c-x"}
		slices.Sort(both)
		marked(both...)
		follow(false)
		if p := must(db.Customer(ctx, apart)); p.Customer.Stage != StageFirst {
			t.Errorf("%+v", p.Customer)
		}
		lost := f.happened("x", KindPurchase, "shop", theDay("2026-10-05"), true, &Data{Amount: 5 * amountUnit, Currency: "EUR"}).ID.N
		follow(false)
		is("x", "prospect", "prospect 2026-04-10 u1", "active 2026-04-09 @rule", "first_purchase 2026-03-02 @rule")
		f.append(Event{Kind: EvWithdrawn, By: Actor{Kind: "agent", ID: "u1"}, Import: &Import{ID: "none", First: 1, From: lost, To: lost}})
		f.write()
		marked("c-x")
		follow(false)
		is("x", StageLapsed, "lapsed 2026-10-09 @rule", "prospect 2026-04-10 u1", "active 2026-04-09 @rule", "first_purchase 2026-03-02 @rule")
		// Who has bought since a number.
		last := must(db.LastTouch(ctx))
		buys("z", "2026-10-02")
		buys("x", "2026-10-03")
		f.receive("y", "late", "hello")
		f.write()
		for _, who := range []string{apart, "c-x"} {
			next, more, err := db.MarkBuyers(ctx, last, 1)
			if err != nil || !more || next <= last {
				t.Error(last, next, more, err)
			}
			last = next
			if got := markedNow(); !slices.Contains(got, who) {
				t.Errorf("%q does not have %s", got, who)
			}
		}
		both = []string{apart, "c-x"}
		slices.Sort(both)
		marked(both...)
		if next, more, err := db.MarkBuyers(ctx, last, 1); err != nil || more || next != last {
			t.Error(last, next, more, err)
		}
		// A mark stays until it was followed.
		away := func(from, to string) {
			t.Helper()
			if err := db.write(ctx, func(q querier) error { _, err := q.ExecContext(ctx, "ALTER TABLE "+from+" RENAME TO "+to); return err }); err != nil {
				t.Fatal(err)
			}
		}
		buys("x", "2026-10-04")
		f.write()
		if _, _, err := db.MarkBuyers(ctx, last, 10); err != nil {
			t.Fatal(err)
		}
		away("stages", "away")
		if _, err := db.FollowStages(ctx, &set, now, "", true, 10, false, &StagesMoved{Stages: map[string]int{}}); err == nil {
			t.Error("nothing to write stages into, and no error")
		}
		away("away", "stages")
		marked("c-x")
		// Whoever has lost all identities has bought nothing.
		must(db.Split(ctx, apart, SplitOrder{Identities: []string{"i-z"}, Into: "c-y"}, Decided{At: now}, nil))
		both = []string{apart, "c-y"}
		slices.Sort(both)
		marked(both...)
		if p := must(db.Customer(ctx, apart)); p.Customer.Stage != "" {
			t.Errorf("%+v", p.Customer)
		}
		// Who is gone when the turn comes is passed over.
		if err := db.between(ctx, nil, func(q querier) error { _, _, err := followStage(ctx, q, &set, now, "nobody", false); return err }); err != nil {
			t.Error(err)
		}
	})
}
