package record

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// spread gives a customer touches over many identities, some of them of who was merged into it, and one touch to another customer.
func spread(t testing.TB, db *DB, identities, touches int) (customer string, all []Touch) {
	t.Helper()
	ctx := t.Context()
	f := newFirm(t, db)
	rng := rand.New(rand.NewPCG(3, 4))
	rules := rulesNow(db)
	rules.User = func(s string) (string, bool) { return s, true }
	external := func(i int) Who { return Who{Channel: "external", Address: fmt.Sprint("e", i)} }
	root := db.IdentityOf("external", "e0", "").Customer
	log := func(e Entry) {
		touch, i, err := rules.Touch(e, Actor{Kind: "agent", ID: "u0"})
		if err != nil {
			t.Fatal(err)
		}
		i.Customer = root // as if each had been linked to the customer
		if e.Customer.Address == "other" {
			i.Customer = "c-other"
		}
		touch.ID = "t" + e.ID
		ev := f.append(Event{Kind: EvLogged, By: Actor{Kind: "agent", ID: "u0"}, Identity: i, Touch: touch})
		touch.N = ev.ID.N
		if e.Customer.Address != "other" {
			all = append(all, *touch)
		}
	}
	words := []string{"rug", "carpet", "قالی", "گلیم", "price"}
	for i := range touches {
		e := Entry{ID: fmt.Sprint(i), Customer: external(rng.IntN(identities)), At: Moment(rules.Now) - Moment(rng.IntN(50)*1000), // many at one moment
			Kind: []string{KindCall, KindShopVisit, KindNote}[rng.IntN(3)], Text: words[rng.IntN(len(words))], Agent: fmt.Sprint("u", rng.IntN(3))}
		if rng.IntN(4) == 0 {
			e.Channel = "fair"
		}
		log(e)
	}
	log(Entry{ID: "other", Customer: Who{Channel: "external", Address: "other"}, Kind: KindCall, Text: "rug"})
	f.write()
	slices.SortFunc(all, func(a, b Touch) int { return cmp.Or(cmp.Compare(b.At, a.At), cmp.Compare(b.N, a.N)) })
	if _, err := db.Customer(ctx, root); err != nil {
		t.Fatal(err)
	}
	return root, all
}

// A timeline page by page, whatever it is narrowed to, is what all touches sorted and narrowed would be.
func TestTimelineNarrowed(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		customer, all := spread(t, db, 130, 600)
		index(t, db)
		mid := all[len(all)/2].At
		for name, c := range map[string]struct {
			f    TimelineFilter
			keep func(*Touch) bool
		}{
			"all":     {TimelineFilter{}, func(*Touch) bool { return true }},
			"kinds":   {TimelineFilter{Kinds: []string{KindCall, KindNote}}, func(t *Touch) bool { return t.Kind != KindShopVisit }},
			"channel": {TimelineFilter{Channels: []string{"fair"}}, func(t *Touch) bool { return t.Channel == "fair" }},
			"agent":   {TimelineFilter{Agent: "u1"}, func(t *Touch) bool { return t.Author.ID == "u1" }},
			"from":    {TimelineFilter{From: mid}, func(t *Touch) bool { return t.At >= mid }},
			"to":      {TimelineFilter{To: mid}, func(t *Touch) bool { return t.At < mid }},
			"all of them": {TimelineFilter{From: mid - 9000, To: mid, Kinds: []string{KindCall}, Channels: []string{"phone"}, Agent: "u2"}, func(t *Touch) bool {
				return t.At >= mid-9000 && t.At < mid && t.Kind == KindCall && t.Channel == "phone" && t.Author.ID == "u2"
			}},
			"text":      {TimelineFilter{Text: "rug"}, func(t *Touch) bool { return t.Body.Text == "rug" }},
			"Persian":   {TimelineFilter{Text: "قالي"}, func(t *Touch) bool { return t.Body.Text == "قالی" }},
			"beginning": {TimelineFilter{Text: "carp"}, func(t *Touch) bool { return t.Body.Text == "carpet" }},
			"text and more": {TimelineFilter{Text: "rug", Kinds: []string{KindCall}, Agent: "u1", From: mid}, func(t *Touch) bool {
				return t.Body.Text == "rug" && t.Kind == KindCall && t.Author.ID == "u1" && t.At >= mid
			}},
			"text and to":    {TimelineFilter{Text: "rug", To: mid}, func(t *Touch) bool { return t.Body.Text == "rug" && t.At < mid }},
			"nothing":        {TimelineFilter{Kinds: []string{KindPurchase}}, func(*Touch) bool { return false }},
			"nothing at all": {TimelineFilter{Text: "…"}, func(*Touch) bool { return false }},
		} {
			var want []string
			for i := range all {
				if c.keep(&all[i]) {
					want = append(want, all[i].ID)
				}
			}
			for _, limit := range []int{7, 1000} {
				var got []string
				f := c.f
				f.Limit = limit
				for pages := 0; ; pages++ {
					line, err := db.TimelineOf(t.Context(), []string{customer}, f)
					if err != nil {
						t.Fatalf("%s: %v", name, err)
					}
					for i := range line.Items {
						got = append(got, line.Items[i].ID)
					}
					if len(line.Items) > limit || line.Next != "" && len(line.Items) == 0 || pages > len(all) {
						t.Fatalf("%s: a page of %d, next %q", name, len(line.Items), line.Next)
					}
					if f.Before = line.Next; line.Next == "" {
						break
					}
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s by %d: %d touches, want %d: %v, want %v", name, limit, len(got), len(want), got, want)
				}
			}
		}
		if line, err := db.TimelineOf(t.Context(), []string{customer, "c-other", "nobody"}, TimelineFilter{Limit: 1000}); err != nil || len(line.Items) != len(all)+1 ||
			slices.ContainsFunc(line.Items, func(x TimelineTouch) bool {
				return x.Customer == nil || (x.Key == "other") != (x.Customer.ID == "c-other")
			}) {
			t.Errorf("of two: %d touches, %v", len(line.Items), err)
		}
		if _, err := db.TimelineOf(t.Context(), []string{customer}, TimelineFilter{Before: "yesterday", Limit: 5}); !errors.Is(err, ErrCursor) {
			t.Errorf("a place that is none: %v", err)
		}
	})
}

// BenchmarkTimeline reads pages of a customer with 10,000 touches over 200 identities.
func BenchmarkTimeline(b *testing.B) {
	db, err := Open(b.Context(), b.TempDir()+"/tamas.db")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	customer, all := spread(b, db, 200, 10_000)
	index(b, db)
	middle := fmt.Sprintf("%d.%d", all[5000].At, all[5000].N)
	for name, f := range map[string]TimelineFilter{"newest": {}, "middle": {Before: middle}, "kind": {Kinds: []string{KindCall}}, "rare": {Agent: "nobody"}, "text": {Text: "carp"}} {
		f.Limit = 50
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := db.TimelineOf(b.Context(), []string{customer}, f); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
