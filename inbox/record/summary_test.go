package record

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// happened logs a touch of a customer's.
func (f *firm) happened(conv, kind, channel string, at Millis, inbound bool, d *Data) *Event {
	f.events = slices.Grow(f.events, 1)
	return f.append(Event{Kind: EvLogged, By: Actor{Kind: "system", ID: "@api"}, Touch: &Touch{ID: fmt.Sprint("t-", conv, "-", f.now), Kind: kind, Identity: "i-" + conv, Account: "@api", Channel: channel,
		State: StateLogged, Inbound: inbound, Author: Actor{Kind: "customer"}, Key: fmt.Sprint("h", conv, f.now), At: at, Data: d}})
}

func TestSummary(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		ctx := t.Context()
		f := newFirm(t, db)
		day := func(s string) Millis { return At(must(time.Parse(time.DateOnly, s))) }
		money := func(s string) Amount { return must(ParseAmount(s)) }
		for _, c := range []string{"x", "y"} {
			f.receive(c, "k"+c, "hello")
			f.now += 59_000
			f.reply(c, "u1", "yes")
		}
		tea := Item{Product: "t1", Name: "Tea", Quantity: money("2"), Amount: money("20.5")}
		f.happened("x", KindPurchase, "shop", day("2026-03-10"), true, &Data{Amount: money("30.5"), Currency: "EUR", Cost: money("10"), Order: "o1", Items: []Item{tea, {Name: "Cup", Quantity: money("1"), Amount: money("10")}}})
		f.happened("y", KindPurchase, "shop", day("2026-05-02"), true, &Data{Amount: money("20.5"), Currency: "EUR", Items: []Item{tea}})
		f.happened("x", KindReturn, "shop", day("2026-05-04"), true, &Data{Amount: money("10.25"), Currency: "EUR", Cost: money("2"), Items: []Item{{Product: "t1", Name: "Green tea", Quantity: money("1"), Amount: money("10.25")}}})
		f.happened("x", KindPurchase, "web", day("2026-05-03"), true, &Data{Amount: money("100000"), Currency: "IRT"})
		f.happened("x", KindCall, "phone", day("2020-01-01"), true, &Data{Cost: money("1"), Currency: "EUR"})
		for i, step := range []string{"sent", "opened", "clicked", "opened"} {
			f.happened("x", KindProgramme, "email", day("2026-04-01")+Millis(i), step != "sent", &Data{Programme: "Nowruz", Step: step, Currency: "EUR", Cost: map[string]Amount{"sent": money("0.5")}[step]})
		}
		f.happened("x", KindDelivery, "other", day("2026-03-12"), false, &Data{Order: "o1", Step: "delivered"})
		f.happened("x", KindDelivery, "other", day("2026-03-11"), false, &Data{Order: "o1", Step: "shipped"}) // late
		f.happened("y", KindDelivery, "other", day("2026-05-05"), false, &Data{Order: "o2", Step: "shipped"})
		for _, page := range []string{"/a", "/b", "/a"} {
			f.happened("y", KindVisit, "web", day("2026-05-01"), true, nil).Touch.Body = &Body{Subject: page, Text: "Title of " + page}
		}
		for i, score := range []int{1, 4, 5} { // the second thought about x counts
			e := f.happened("x", KindRating, "sms", day("2026-05-06")+Millis(i), true, nil)
			e.Touch.Score, e.Touch.Conversation = score, map[bool]string{true: "x", false: "y"}[i < 2]
		}
		e := f.happened("x", KindRating, "sms", day("2026-05-06"), true, nil)
		e.Touch.Score, e.Touch.Scale, e.Touch.Body = 9, 10, &Body{Subject: ScaleOfTen}
		f.happened("x", KindNote, "other", day("2026-05-06"), false, nil)
		c := f.change("x")
		c.SLA = &SLA{Clocks: []Clock{{Kind: "resolution", Left: 5000}, {Kind: "next", Due: 77}, {Kind: "first", MetAt: 5}}}
		f.append(Event{Kind: EvChanged, Conversation: c})
		f.write()
		rules := &FactRules{}
		for must(db.Measure(ctx, rules, f.now+1, 100)) > 0 {
		}
		must(db.Merge(ctx, "c-x", "c-y", "", Decided{At: 1}, nil))

		order := SummaryRules{Now: day("2026-05-20"), Zone: time.UTC}
		s := must(db.Summary(ctx, []string{"c-x"}, order))
		is := func(what string, got any, want string) {
			t.Helper()
			if asText(got) != want {
				t.Errorf("%s: %s\nwant %s", what, asText(got), want)
			}
		}
		is("value", s.Value, fmt.Sprintf(`[{"currency":"EUR","recency_days":18,"frequency":2,"returns":1,"money":40.75,"cost":9.5,"margin":31.25,"costed":true,"first":%d,"last":%d,"from":{"value":"EUR"}},`+
			`{"currency":"IRT","recency_days":17,"frequency":1,"returns":0,"money":100000,"costed":false,"first":%d,"last":%d,"from":{"value":"IRT"}}]`, day("2026-03-10"), day("2026-05-02"), day("2026-05-03"), day("2026-05-03")))
		is("products", s.Products, fmt.Sprintf(`[{"product":"t1","name":"Green tea","currency":"EUR","quantity":3,"amount":30.75,"last":%d,"from":{"kind":"purchase,return","text":"t1","value":"EUR"}},`+
			`{"name":"Cup","currency":"EUR","quantity":1,"amount":10,"last":%d,"from":{"kind":"purchase,return","text":"Cup","value":"EUR"}}]`, day("2026-05-04"), day("2026-03-10")))
		is("programmes", s.Programmes, fmt.Sprintf(`[{"programme":"Nowruz","step":"opened","at":%d,"steps":{"clicked":1,"opened":2,"sent":1},"from":{"kind":"programme","text":"Nowruz"}}]`, day("2026-04-01")+3))
		is("visits", s.Visits, fmt.Sprintf(`{"count":3,"last":%[1]d,"pages":[{"address":"/a","title":"Title of /a","count":2,"last":%[1]d},{"address":"/b","title":"Title of /b","count":1,"last":%[1]d}],"from":{"kind":"visit"}}`, day("2026-05-01")))
		is("satisfaction", s.Satisfaction, fmt.Sprintf(`{"count":3,"csat":100,"last":5,"at":%d,"nps":9,"from":{"kind":"rating"}}`, day("2026-05-06")+2))
		is("open", s.Open, fmt.Sprintf(`{"conversations":2,"promises":[{"conversation":"x","number":1,"kind":"next","due":77},{"conversation":"x","number":1,"kind":"resolution","left":5000}],"orders":[{"order":"o2","step":"shipped","at":%d,"from":{"kind":"delivery","text":"o2"}}]}`, day("2026-05-05")))
		var channels []string
		for _, c := range s.Channels {
			channels = append(channels, fmt.Sprint(c.Channel, " ", c.In, " ", c.Out, " ", c.Response))
		}
		if want := []string{"sms 6 2 60000", "email 3 1 0", "web 4 0 0", "other 0 3 0", "shop 3 0 0", "phone 1 0 0"}; !slices.Equal(channels, want) {
			t.Errorf("%q", channels)
		}
		if got := s.Channels[4]; got.First != day("2026-03-10") || got.Last != day("2026-05-04") || got.From.Channel != "shop" {
			t.Errorf("%+v", got)
		}
		// The filter of each part finds just its touches, and months tile.
		months := func(s Summary) (out []string) {
			for _, m := range s.Months {
				n := 0
				for _, k := range m.Kinds {
					n += k
				}
				line := must(db.TimelineOf(ctx, []string{"c-x"}, TimelineFilter{From: m.From.From, To: m.From.To, Limit: 100}))
				contacts := slices.DeleteFunc(line.Items, func(t TimelineTouch) bool { return t.Kind == KindNote })
				if len(contacts) != n {
					t.Errorf("%s: %d touches, the timeline has %d", m.Month, n, len(contacts))
				}
				out = append(out, fmt.Sprint(m.Month, " ", n))
			}
			return out
		}
		if got, want := months(s), []string{"2023-11 4", "2026-03 3", "2026-04 4", "2026-05 11"}; !slices.Equal(got, want) {
			t.Errorf("%q", got)
		}
		// A programme leads to its own touches, and a product to those of its id, whatever it was called.
		indexAll(t, db)
		for _, p := range s.Programmes {
			n := 0
			for _, steps := range p.Steps {
				n += steps
			}
			if line := must(db.TimelineOf(ctx, []string{"c-x"}, TimelineFilter{Kinds: []string{p.From.Kind}, Text: p.From.Text, Limit: 100})); len(line.Items) != n || p.From.Text == "" {
				t.Errorf("%s: %d touches, the timeline has %d", p.Programme, n, len(line.Items))
			}
		}
		// A value leads to all that it was made of, also to what only cost, and to nothing of another currency.
		leads := func(from From, want ...string) {
			t.Helper()
			f := TimelineFilter{Text: from.Text, Value: from.Value, Limit: 2}
			if from.Kind != "" {
				f.Kinds = strings.Split(from.Kind, ",")
			}
			var got []string
			for {
				line := must(db.TimelineOf(ctx, []string{"c-x"}, f))
				for _, t := range line.Items {
					got = append(got, fmt.Sprint(t.Kind, " ", t.At.Time().UTC().Format(time.DateOnly)))
				}
				if f.Before = line.Next; f.Before == "" {
					break
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%+v: %q\nwant %q", from, got, want)
			}
		}
		leads(s.Value[0].From, "return 2026-05-04", "purchase 2026-05-02", "programme 2026-04-01", "purchase 2026-03-10", "call 2020-01-01")
		leads(s.Value[1].From, "purchase 2026-05-03")
		leads(s.Products[0].From, "return 2026-05-04", "purchase 2026-05-02", "purchase 2026-03-10")
		leads(From{Value: "EUR", Text: "Nowruz"}, "programme 2026-04-01")
		if i := slices.IndexFunc(s.Products, func(p ProductSummary) bool { return p.Product == "t1" }); i < 0 || s.Products[i].From.Text != "t1" {
			t.Errorf("%+v", s.Products)
		}
		order.Jalali, order.Zone = true, must(time.LoadLocation("Asia/Tehran"))
		if got, want := months(must(db.Summary(ctx, []string{"c-x"}, order))), []string{"1402-08 4", "1404-12 3", "1405-01 4", "1405-02 11"}; !slices.Equal(got, want) {
			t.Errorf("%q", got)
		}
		if _, err := db.Summary(ctx, []string{"none"}, order); !errors.Is(err, ErrNotFound) {
			t.Error(err)
		}
		// Who does not see costs is led to none, and finds no touch by its cost.
		costs := Sight{hidden: map[string]bool{FieldCost: true}}
		seen := CutTo(costs, s)
		if v := seen.Value[0]; v.Margin != 0 || v.Cost != 0 || v.From != (From{Kind: valueKinds, Value: "EUR"}) {
			t.Errorf("%+v", v)
		}
		for _, f := range []TimelineFilter{{Value: "EUR"}, {Value: "EUR", Kinds: []string{KindReturn, KindCall}}, {Value: "EUR", Kinds: []string{KindCall}}} {
			if f = CutTo(costs, f); len(f.Kinds) == 0 || slices.Contains(f.Kinds, KindCall) {
				t.Errorf("%+v", f)
			}
		}
		var hidden = Sight{hidden: map[string]bool{FieldMoney: true}}
		if f := CutTo(hidden, TimelineFilter{Value: "EUR"}); f.Value != "" {
			t.Errorf("%+v", f)
		}
		s.Cut(hidden)
		if len(s.Value) != 0 || s.Products[0].Amount != 0 || s.Products[0].From.Value != "" {
			t.Errorf("%+v", s.Value)
		}
	})
}

func BenchmarkSummary(b *testing.B) {
	for _, kind := range []string{"mixed", KindPurchase} {
		b.Run(kind, func(b *testing.B) {
			db := open(b, b.TempDir()+"/tamas.db")
			f := &firm{t: b, db: db, now: 1_700_000_000_000, convs: map[string]*Conversation{}}
			const n = 10_000
			item := Item{Product: "p", Name: "Tea", Quantity: amountUnit, Amount: 5 * amountUnit}
			for i := range n {
				at := f.now - Millis(i)*3*3600_000
				switch {
				case i < 500:
					f.receive("x", fmt.Sprint("k", i), "words and words")
				case i%5 == 0 || kind == KindPurchase:
					f.happened("x", KindPurchase, "shop", at, true, &Data{Amount: 10 * amountUnit, Currency: "EUR", Items: []Item{item, item}})
				case i%5 == 1:
					f.happened("x", KindVisit, "web", at, true, nil).Touch.Body = &Body{Subject: fmt.Sprint("/", i%20), Text: "A page"}
				default:
					f.happened("x", KindCall, "phone", at, i%2 == 0, nil)
				}
				if len(f.events) == 1000 {
					if err := db.Write(b.Context(), f.at, f.events); err != nil {
						b.Fatal(err)
					}
					f.at, f.events = f.events[len(f.events)-1].ID, nil
				}
			}
			rules := SummaryRules{Now: f.now, Zone: time.UTC}
			b.ResetTimer()
			for range b.N {
				if s, err := db.Summary(b.Context(), []string{"c-x"}, rules); err != nil || len(s.Channels) < 2 {
					b.Fatal(s, err)
				}
			}
		})
	}
}
