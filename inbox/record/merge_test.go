package record

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"tamas/channels"
)

// index brings full text and twins up to date.
func index(t testing.TB, db *DB) {
	t.Helper()
	for must(db.IndexOnce(t.Context(), 100)) > 0 {
	}
	for must(db.FindTwins(t.Context(), 5, 100)) > 0 {
	}
}

// names are what a search finds, as one line.
func names(hits Hits) string {
	var out []string
	for _, c := range hits.Customers {
		out = append(out, c.ID+"="+c.Name)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func ids(list []Identity) string {
	var out []string
	for _, i := range list {
		out = append(out, i.ID)
	}
	return strings.Join(out, " ")
}

func TestMergeAndUndo(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		ctx := t.Context()
		f := newFirm(t, db)
		f.receive("x", "k1", "one")
		f.receive("x", "k2", "two")
		f.receive("y", "k3", "three").Identity.Name = ""
		f.write()
		gold := "gold"
		must2(db.EditCustomer(ctx, "c-x", 0, CustomerEdit{Tier: &gold}, Decided{}, nil))
		index(t, db)
		before := [2]CustomerPage{must(db.Customer(ctx, "c-x")), must(db.Customer(ctx, "c-y"))}

		p := must(db.PreviewMerge(ctx, "c-x", "c-y"))
		if p.From.Touches != 2 || p.From.Conversations != 1 || p.From.Open != 1 || p.Into.Touches != 1 || ids(p.From.Identities) != "i-x" || ids(p.Into.Identities) != "i-y" {
			t.Errorf("%+v", p)
		}
		if got, want := asText(p.Fields), `[{"field":"name","from":"Name of x","into":"","shows":"Name of x"},{"field":"tier","from":"gold","into":"","shows":"gold"}]`; got != want {
			t.Errorf("%s", got)
		}
		m := must(db.Merge(ctx, "c-x", "c-y", "same number", Decided{At: 7, By: "u1", Seen: p.Seen}, nil))
		if m.From != "c-x" || m.Into != "c-y" || m.At != 7 || m.By != "u1" {
			t.Errorf("%+v", m)
		}
		for id, into := range map[string]string{"c-x": "c-y", "c-y": ""} {
			page := must(db.Customer(ctx, id))
			if page.Customer.ID != "c-y" || page.MergedInto != into || page.Customer.Name != "Name of x" || page.Customer.Tier != "gold" ||
				ids(page.Identities) != "i-x i-y" || len(page.Conversations) != 2 || len(page.Merged) != 1 || page.Merged[0].ID != "c-x" || page.Merged[0].MergedInto != "c-y" {
				t.Errorf("%s: %+v", id, page)
			}
			if line := must(db.Timeline(ctx, id, "", 10)); len(line.Items) != 3 {
				t.Errorf("%s: %d touches", id, len(line.Items))
			}
		}
		for _, v := range must(db.Conversations(ctx, Filter{})).Items {
			if v.Customer != (CustomerName{"c-y", "Name of x"}) {
				t.Errorf("%+v", v.Customer)
			}
		}
		if got := must(db.Tiers(ctx, []string{"i-x", "i-y"})); got["i-x"] != "gold" || got["i-y"] != "gold" {
			t.Errorf("%v", got)
		}
		index(t, db)
		for _, word := range []string{"name", "98x", "98y"} {
			if got := names(must(db.Search(ctx, word, 10))); got != "c-y=Name of x" {
				t.Errorf("%s: %s", word, got)
			}
		}
		// An edit of either is of the root.
		other := "Other"
		if _, c, err := db.EditCustomer(ctx, "c-x", 0, CustomerEdit{Name: &other}, Decided{}, nil); err != nil || c.ID != "c-y" || c.Name != "Other" {
			t.Errorf("%+v %v", c, err)
		}
		index(t, db)
		for _, word := range []string{"name", "other"} {
			if got := names(must(db.Search(ctx, word, 10))); got != "c-y=Other" {
				t.Errorf("%s: %s", word, got)
			}
		}
		none := ""
		must2(db.EditCustomer(ctx, "c-y", 0, CustomerEdit{Name: &none}, Decided{}, nil))

		u := must(db.UndoMerge(ctx, m.ID, nil, Decided{At: 8, By: "u2"}, nil))
		if u.UndoneAt != 8 || u.UndoneBy != "u2" {
			t.Errorf("%+v", u)
		}
		index(t, db)
		for i, id := range []string{"c-x", "c-y"} {
			page := must(db.Customer(ctx, id))
			page.Customer.Version = before[i].Customer.Version
			if asText(page.Customer) != asText(before[i].Customer) || page.MergedInto != "" || len(page.Merged) != 0 || ids(page.Identities) != ids(before[i].Identities) ||
				len(page.Conversations) != 1 || page.Conversations[0].ID != before[i].Conversations[0].ID {
				t.Errorf("%+v, was %+v", page, before[i])
			}
		}
		if got := names(must(db.Search(ctx, "name", 10))); got != "c-x=Name of x" {
			t.Error(got)
		}
		h := must(db.CustomerHistory(ctx, "c-x"))
		if len(h.Merges) != 1 || h.Merges[0].UndoneAt != 8 || h.Merges[0].Reason != "same number" {
			t.Errorf("%+v", h)
		}
	})
}

func asText(v any) string { return string(must(json.Marshal(v))) }

func must2[A, B any](_ A, _ B, err error) {
	if err != nil {
		panic(err)
	}
}

// firmOfThree has the customers c-x, c-y and c-z, each with a message.
func firmOfThree(t *testing.T, db *DB) *firm {
	f := newFirm(t, db)
	for _, c := range []string{"x", "y", "z"} {
		f.receive(c, c, "hi")
	}
	f.write()
	return f
}

func TestMergeRefuses(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		ctx := t.Context()
		firmOfThree(t, db)
		is := func(what string, err, want error) {
			t.Helper()
			if !errors.Is(err, want) || Unavailable(err) {
				t.Errorf("%s: %v, want %v", what, err, want)
			}
		}
		merge := func(from, into, seen string) error {
			_, err := db.Merge(ctx, from, into, "", Decided{By: "u", Seen: seen}, nil)
			return err
		}
		undo := func(id string, move ...string) error {
			_, err := db.UndoMerge(ctx, id, move, Decided{By: "u"}, nil)
			return err
		}
		is("itself", merge("c-x", "c-x", ""), ErrSame)
		is("nobody", merge("c-x", "none", ""), ErrNotFound)
		is("nobody", merge("none", "c-x", ""), ErrNotFound)
		is("something else than was seen", merge("c-x", "c-y", "another"), ErrConflict)
		seen := must(db.PreviewMerge(ctx, "c-x", "c-z")).Seen
		m := must(db.Merge(ctx, "c-x", "c-y", "", Decided{By: "u"}, nil))
		is("a loop", merge("c-y", "c-x", ""), ErrSame)
		_, err := db.PreviewMerge(ctx, "c-y", "c-x")
		is("a loop seen before", err, ErrSame)
		is("what has changed since it was seen", merge("c-x", "c-z", seen), ErrConflict)
		last := must(db.Merge(ctx, "c-x", "c-z", "", Decided{By: "u"}, nil)) // of the whole tree
		if last.From != "c-y" {
			t.Errorf("%+v", last)
		}
		is("a longer loop", merge("c-z", "c-x", ""), ErrSame)
		is("no merge", undo("none"), ErrNotFound)
		is("what has not come since", undo(m.ID, "i-y"), ErrConflict)
		if c := must(db.Identity(ctx, "i-x")); c.Customer != "c-z" || c.Home != "c-x" {
			t.Errorf("a refused undo has done something: %+v", c)
		}
		must(db.UndoMerge(ctx, m.ID, nil, Decided{By: "u"}, nil))
		is("twice", undo(m.ID), ErrConflict)
		_, err = db.PreviewUndo(ctx, m.ID)
		is("twice", err, ErrConflict)
		for id, want := range map[string]string{"i-x": "c-x", "i-y": "c-z", "i-z": "c-z"} {
			if i := must(db.Identity(ctx, id)); i.Customer != want {
				t.Errorf("%s is of %s, want %s", id, i.Customer, want)
			}
		}
		split := func(customer string, o SplitOrder) error {
			_, err := db.Split(ctx, customer, o, Decided{By: "u"}, nil)
			return err
		}
		is("all of them", split("c-x", SplitOrder{Identities: []string{"i-x"}}), ErrSame)
		is("somebody else's", split("c-x", SplitOrder{Identities: []string{"i-z"}}), ErrConflict)
		is("twice the same", split("c-y", SplitOrder{Identities: []string{"i-z", "i-z"}}), ErrConflict)
		is("none", split("c-y", SplitOrder{}), ErrConflict)
		is("into itself", split("c-y", SplitOrder{Identities: []string{"i-z"}, Into: "c-z"}), ErrSame)
		is("into nobody", split("c-y", SplitOrder{Identities: []string{"i-z"}, Into: "none"}), ErrNotFound)
		is("of nobody", split("none", SplitOrder{Identities: []string{"i-z"}}), ErrNotFound)
		_, err = db.UndoLink(ctx, "none", Decided{}, nil)
		is("no link", err, ErrNotFound)
	})
}

// What came while two were one is asked about: it stays with whom its evidence names, and may go along with the other.
func TestUndoAsksAboutWhatCameSince(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		ctx := t.Context()
		f := firmOfThree(t, db)
		m := must(db.Merge(ctx, "c-x", "c-y", "", Decided{By: "u"}, nil))
		f.receive("x", "x2", "hi again")
		start := func(who, customer string) {
			f.mark(&Identity{ID: "i-" + who, Customer: "c-" + who, Channel: "sms", Address: "+98" + who}, Mark{Kind: MarkLink, Link: &channels.Link{Customer: customer, Evidence: "start link"}})
		}
		for _, who := range []string{"a", "b", "c"} {
			f.receive(who, who, "hi")
		}
		start("a", "c-x")
		start("b", "c-y")
		start("c", "c-y")
		f.write()
		must(db.Merge(ctx, "c-z", "c-y", "", Decided{By: "u"}, nil)) // its identity came along with it, not since

		p := must(db.PreviewUndo(ctx, m.ID))
		var since []string
		for _, s := range p.Since {
			since = append(since, s.Side+" "+s.Identity.ID+" "+s.Identity.Link.Kind)
		}
		if want := []string{"from i-a start", "into i-b start", "into i-c start"}; !slices.Equal(since, want) || p.Touches != 2 {
			t.Fatalf("%v, %d touches", since, p.Touches)
		}
		if ids(p.From.Identities) != "i-x i-a" || p.From.Touches != 3 || p.Into.Touches != 4 {
			t.Errorf("%+v", p)
		}
		must(db.UndoMerge(ctx, m.ID, []string{"i-c"}, Decided{By: "u", Seen: p.Seen}, nil))
		for id, want := range map[string]string{"i-x": "c-x", "i-a": "c-x", "i-c": "c-x", "i-y": "c-y", "i-b": "c-y", "i-z": "c-y"} {
			if i := must(db.Identity(ctx, id)); i.Customer != want {
				t.Errorf("%s is of %s, want %s", id, i.Customer, want)
			}
		}
	})
}

func TestSplitAndUndo(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		ctx := t.Context()
		f := newFirm(t, db)
		f.receive("x", "k1", "one")
		f.receive("y", "k2", "two")
		f.receive("z", "k3", "three")
		f.mark(&Identity{ID: "i-y", Customer: "c-y", Channel: "sms", Address: "+98y"}, Mark{Kind: MarkLink, Link: &channels.Link{Customer: "c-x", Evidence: "start link"}})
		f.write()
		page := must(db.Customer(ctx, "c-x"))
		if l := page.Identities[1].Link; l == nil || l.Kind != LinkStart || !l.Verified || l.From != "c-y" || l.To != "c-x" || l.At == 0 || l.Evidence != "start link" || page.Identities[0].Link != nil {
			t.Fatalf("%+v", page.Identities)
		}
		l := must(db.Split(ctx, "c-x", SplitOrder{Identities: []string{"i-y"}, Name: "Y"}, Decided{At: 9, By: "u1"}, nil))
		p := must(db.Customer(ctx, l.To))
		if p.Customer.Name != "Y" || ids(p.Identities) != "i-y" || len(p.Conversations) != 1 || p.Identities[0].Link.Kind != LinkSplit || p.Identities[0].Link.Verified || p.Identities[0].Link.By != "u1" {
			t.Errorf("%+v", p)
		}
		if p := must(db.Customer(ctx, "c-x")); ids(p.Identities) != "i-x" {
			t.Errorf("%+v", p)
		}
		// The customer of whom it was split is merged, and split off all the same.
		m := must(db.Merge(ctx, "c-x", "c-z", "", Decided{By: "u"}, nil))
		back := must(db.UndoLink(ctx, l.ID, Decided{At: 10, By: "u1"}, nil))
		if ids(back) != "i-y" || back[0].Customer != "c-z" || back[0].Home != "c-x" {
			t.Errorf("%+v", back)
		}
		must(db.UndoMerge(ctx, m.ID, nil, Decided{By: "u"}, nil))
		if p := must(db.Customer(ctx, "c-x")); ids(p.Identities) != "i-x i-y" || p.Identities[1].Link.Kind != LinkBack {
			t.Errorf("%+v", p)
		}
		if _, err := db.UndoLink(ctx, l.ID, Decided{}, nil); !errors.Is(err, ErrConflict) {
			t.Errorf("twice: %v", err)
		}
		// By hand to somebody who is known, then the proof says the same: it is verified.
		hand := must(db.Split(ctx, "c-x", SplitOrder{Identities: []string{"i-y"}, Into: "c-z", Evidence: "says so"}, Decided{At: 11, By: "u1"}, nil))
		if i := must(db.Customer(ctx, "c-z")).Identities; ids(i) != "i-y i-z" || i[0].Link.Kind != LinkHand || i[0].Link.Verified || hand.To != "c-z" {
			t.Errorf("%+v", i)
		}
		proof := Mark{Kind: MarkLink, Link: &channels.Link{Customer: "c-z", Evidence: "start link"}}
		f.mark(&Identity{ID: "i-y", Customer: "c-y", Channel: "sms", Address: "+98y"}, proof, proof)
		f.write()
		if i := must(db.Customer(ctx, "c-z")).Identities; !i[0].Link.Verified || i[0].Evidence != "start link" {
			t.Errorf("%+v", i)
		}
		if n := count(t, db, "SELECT count(*) FROM links WHERE identity = 'i-y'"); n != 5 { // start, split, back, hand, start
			t.Errorf("%d links", n)
		}
		h := must(db.CustomerHistory(ctx, "c-x"))
		if len(h.Links) != 4 || len(h.Merges) != 1 {
			t.Errorf("%+v", h)
		}
	})
}

// Undoing what the hub linked on proof gives an identity back to whom it was of before, also where that is not written down.
func TestALinkIsUndone(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		ctx := t.Context()
		f := newFirm(t, db)
		visitor := db.IdentityOf("webchat", "v1", "")
		e := f.receive("w", "k1", "hi")
		e.Identity, e.Touch.Identity, e.Conversation.Identity = &visitor, visitor.ID, visitor.ID
		e.Marks = []Mark{{Kind: MarkLink, Link: &channels.Link{Channel: "external", Address: "7", Name: "Ann", Phone: "+989120000001", Evidence: "token"}}}
		f.write()
		who, phone := db.IdentityOf("external", "7", "").Customer, db.IdentityOf("sms", "+989120000001", "")
		links := map[string]Link{}
		for _, i := range must(db.Customer(ctx, who)).Identities {
			if i.Link != nil {
				links[i.ID] = *i.Link
			}
		}
		if len(links) != 2 || links[visitor.ID].Kind != LinkProof || links[phone.ID].Kind != LinkNamed || links[phone.ID].From != "" {
			t.Fatalf("%+v", links)
		}
		for _, i := range []Identity{visitor, phone} {
			must(db.UndoLink(ctx, links[i.ID].ID, Decided{At: 5, By: "u"}, nil))
			if got := must(db.Customer(ctx, i.Customer)); ids(got.Identities) != i.ID {
				t.Errorf("%+v", got)
			}
		}
	})
}

// What others have said of a customer who was merged away counts for the root, and is found.
func TestNamesOfTheMerged(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		ctx := t.Context()
		f := newFirm(t, db)
		f.receive("x", "k1", "one").Identity.Name = ""
		f.receive("y", "k2", "two").Identity.Name = ""
		f.write()
		must(db.Merge(ctx, "c-x", "c-y", "", Decided{By: "u"}, nil))
		index(t, db)
		f.receive("x", "k3", "now with a name").Identity.Name = "Parisa"
		f.write()
		index(t, db)
		if p := must(db.Customer(ctx, "c-y")); p.Customer.Name != "Parisa" {
			t.Errorf("%+v", p.Customer)
		}
		if got := names(must(db.Search(ctx, "parisa", 10))); got != "c-y=Parisa" {
			t.Error(got)
		}
	})
}

// A contact of the other one within days is a further contact once both are one person.
func TestMergeHasFiguresCountedAnew(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		ctx := t.Context()
		f := newFirm(t, db)
		f.receive("x", "k1", "one")
		f.reply("x", "u1", "answer")
		c := f.change("x")
		c.Status, c.ResolvedAt = Resolved, f.now+1000
		f.append(Event{Kind: EvResolved, By: Actor{Kind: "agent", ID: "u1"}, Conversation: c})
		f.now += 3600_000
		f.receive("y", "k2", "two")
		f.write()
		rules := &FactRules{}
		now := f.now + 30*24*3600_000
		solved := func() float64 {
			for must(db.Measure(ctx, rules, now, 100)) > 0 {
			}
			for must(db.RollUp(ctx, rules, now)) {
			}
			return *must(db.Report(ctx, ReportQuery{Figure: "fcr", From: 1_700_000_000_000 - 24*3600_000, To: now, Now: now})).Total.Value
		}
		if v := solved(); v != 1 {
			t.Fatalf("%v solved at once before", v)
		}
		m := must(db.Merge(ctx, "c-x", "c-y", "", Decided{By: "u", Rules: rules}, nil))
		if v := solved(); v != 0 {
			t.Errorf("%v after the merge", v)
		}
		must(db.UndoMerge(ctx, m.ID, nil, Decided{By: "u", Rules: rules}, nil))
		if v := solved(); v != 1 {
			t.Errorf("%v after it was undone", v)
		}
	})
}
