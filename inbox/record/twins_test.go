package record

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"tamas/channels"
)

// alike tells what two customers share, by their names and addresses alone.
func alike(a, b []string) bool {
	for _, w := range a {
		for _, l := range looksFor(w) {
			if slices.Contains(b, l) {
				return true
			}
		}
	}
	return false
}

func TestNamesThatAreAlike(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"محمد رضا", "محمدرضا", true},
		{"محمد\u200cرضا کریمی", "محمدرضا كريمي", true},
		{"مُحَمَّد رضـا", "محمد رضا", true},
		{"آقای علی رضایی", "علی رضائی", true},
		{"Rezaei, Ali", "ali REZAEI", true},
		{"Zoë Brûlé", "zoe brule", true},
		{"Ali Rezaei", "علی رضایی", true},
		{"Mohammad Reza Karimi", "محمدرضا کریمی", true},
		{"Fatemeh Khosravi", "فاطمه خسروی", true},
		{"Hossein Ghasemi", "حسین قاسمی", true},
		{"Shirin Chegini", "شیرین چگینی", true},
		{"Yousef Abdollahi", "یوسف عبداللهی", true},
		{"Ali Rezaei", "لیلا رضایی", false},
		{"Ali Rezaei", "Leila Razaee", false}, // one script: spelled otherwise is somebody else
		{"محمدرضا", "محمدرضا", false},         // too many are called so
		{"Sara", "Sara", false},
		{"", "", false},
		{"Branch Office 1", "Branch Office 2", false},
		{"Branch Office 2", "Office, Branch 2", true},
		{"Tea House Shop2", "Tea House Shop3", false},
		{"شعبه مرکزی ۱", "شعبه مرکزی ۲", false},
		{"شعبه مرکزی ۱", "شعبهٔ مركزي 1", true},
		{"علی رضایی ۲", "Ali Rezaei 2", true},
		{"علی رضایی ۲", "Ali Rezaei 3", false},
		{"Sara Karimi 09121234567", "Sara Karimi", true},
		{"Customer 12", "Customer 13", false},
		{"۱۲۳۴ ۵۶۷۸", "1234 5678", false},
		{"علی رضایی", "رضا علیی", false},
		{strings.Repeat("a b ", 200), strings.Repeat("a b ", 200), false},
	} {
		if got := alike(nameWords(c.a), nameWords(c.b)); got != c.want {
			t.Errorf("%q and %q: %v; %v, %v", c.a, c.b, got, nameWords(c.a), nameWords(c.b))
		}
		if alike(nameWords(c.a), nameWords(c.b)) != alike(nameWords(c.b), nameWords(c.a)) {
			t.Errorf("%q and %q: not the other way round", c.a, c.b)
		}
	}
}

func TestWhatIsTypedIsLikeAnAddress(t *testing.T) {
	words := func(name string, ids ...Identity) []string { return likenessWords([]string{name}, ids) }
	mail, phone := words("", Identity{Channel: "email", Address: "sara@example.com"}), words("", Identity{Channel: "sms", Address: "+989121234567"})
	for _, c := range []struct {
		name        string
		mail, phone bool
	}{
		{"Sara Karimi (sara@example.com)", true, false},
		{"Sara Karimi (Sara@Example.com, ۰۹۱۲ ۱۲۳ ۴۵۶۷)", true, true},
		{"سارا (09121234567)", false, true},
		{"sara@example.com", true, false},
		{"Sara Karimi (mila@example.com)", false, false},
		{"Sara Karimi (Tehran)", false, false},
		{"(sara@example.com", false, false},
	} {
		w := words(c.name)
		if alike(w, mail) != c.mail || alike(mail, w) != c.mail || alike(w, phone) != c.phone || alike(phone, w) != c.phone {
			t.Errorf("%q: %v", c.name, w)
		}
	}
	if !alike(words("Sara Karimi (sara@example.com)"), words("سارا کریمی")) || !alike(words("a b (sara@example.com)"), words("sara@example.com")) {
		t.Error("the name beside an address, or the same address typed twice, is not like itself")
	}
}

func TestAddressesThatAreAlike(t *testing.T) {
	phones := []Identity{{Channel: "sms", Address: "+989121234567"}, {Channel: "api", Address: "00989121234567"}, {Channel: "hand", Address: "09121234567"},
		{Channel: "hand", Address: "۰۹۱۲ ۱۲۳ ۴۵۶۷"}, {Channel: "sms", Address: "9121234567"}, {Channel: "hand", Address: "+98 (912) 123-45.67"}}
	for _, i := range phones {
		if got := phoneWord(i.Channel, i.Address); got != "phone:9121234567" {
			t.Errorf("%+v: %q", i, got)
		}
	}
	for _, i := range []Identity{{Channel: "telegram", Address: "9121234567"}, {Channel: "external", Address: "4711"}, {Channel: "sms", Address: "TAMAS"}, {Channel: "sms", Address: "30001"},
		{Channel: "sms", Address: ""}, {Channel: "sms", Address: "+"}, {Channel: "sms", Address: strings.Repeat("9", 41)}, {Channel: "sms", Address: "+9891212345678901"}} {
		if got := phoneWord(i.Channel, i.Address); got != "" {
			t.Errorf("%+v: %q", i, got)
		}
	}
	for _, a := range []string{"sara@example.com", " Sara@Example.COM", "sara+shop@example.com"} {
		if got := emailWord(a); got != "email:sara@example.com" {
			t.Errorf("%q: %q", a, got)
		}
	}
	for _, a := range []string{"", "@", "@example.com", "sara@", "sara@localhost", "a b@example.com", "sara", "+x@example.com", "https://a@b.c", strings.Repeat("a", 300) + "@b.c"} {
		if got := emailWord(a); got != "" {
			t.Errorf("%q: %q", a, got)
		}
	}
}

// suggested are the open suggestions as lines.
func suggested(t *testing.T, db *DB) (lines []string) {
	t.Helper()
	index(t, db)
	for _, s := range must(db.Suggestions(t.Context(), SuggestionFilter{})).Items {
		if s.A.Customer.CreatedAt > s.B.Customer.CreatedAt {
			t.Errorf("%s, who is known for less long, stands before %s", s.A.Customer.ID, s.B.Customer.ID)
		}
		a, b := inOrder(s.A.Customer.ID, s.B.Customer.ID)
		line := fmt.Sprint(a, " ", b, " ", s.Score)
		for _, r := range s.Reasons {
			line += " " + strings.TrimSuffix(r.Kind+"="+r.Value, "=")
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return lines
}

func TestTwinsAreSuggested(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		ctx := t.Context()
		f := newFirm(t, db)
		says := func(who, channel, address, name string) {
			e := f.receive(who, "k"+who+fmt.Sprint(f.now), "hi")
			e.Identity.Channel, e.Identity.Address, e.Identity.Name = channel, address, name
		}
		want := func(what string, lines ...string) {
			t.Helper()
			slices.Sort(lines)
			if got := suggested(t, db); !slices.Equal(got, lines) {
				t.Errorf("%s: %q, want %q", what, got, lines)
			}
		}
		says("a", "sms", "+989121234567", "Sara")
		says("b", "hand", "0912 123 4567", "")
		says("d", "email", "d@example.com", "Ali Rezaei")
		says("e", "telegram", "77", "علی رضایی")
		f.write()
		want("at first", "c-a c-b 70 phone=9121234567", "c-d c-e 40 sound")

		// What a visitor types into the chat's form proves nothing, and is a reason to look.
		says("w", "webchat", "w", "Dana Doe (d@example.com)")
		f.write()
		want("with what was typed", "c-a c-b 70 phone=9121234567", "c-d c-e 40 sound", "c-d c-w 60 typed=d@example.com")
		if err := db.DismissSuggestion(ctx, pairID("c-d", "c-w"), Decided{By: "u"}); err != nil {
			t.Fatal(err)
		}

		// A name that comes later, and one that changes.
		says("b", "hand", "0912 123 4567", "علی رضایی")
		f.write()
		other := "Ali Rezaei"
		must2(db.EditCustomer(ctx, "c-a", 0, CustomerEdit{Name: &other}, Decided{}, nil))
		want("with names", "c-a c-b 82 phone=9121234567 sound", "c-b c-e 50 name", "c-a c-d 50 name", "c-d c-e 40 sound", "c-b c-d 40 sound", "c-a c-e 40 sound")

		list := must(db.Suggestions(ctx, SuggestionFilter{Customer: "c-e"})).Items
		if len(list) != 3 || list[0].Score != 50 || list[0].A.Customer.ID != "c-b" {
			t.Fatalf("%+v", list)
		}
		if err := db.DismissSuggestion(ctx, list[0].ID, Decided{By: "u"}); err != nil { // b and e
			t.Fatal(err)
		}
		// Into e, of whom b was told apart.
		m := must(db.AcceptSuggestion(ctx, pairID("c-d", "c-e"), "c-e", Decided{By: "u"}, nil))
		if m.From != "c-d" || m.Into != "c-e" {
			t.Errorf("%+v", m)
		}
		want("d is e", "c-a c-b 82 phone=9121234567 sound", "c-a c-e 50 name")
		// They are parted: that they are two is remembered, what else there was comes back.
		must(db.UndoMerge(ctx, m.ID, nil, Decided{By: "u"}, nil))
		want("d is not e", "c-a c-b 82 phone=9121234567 sound", "c-a c-d 50 name", "c-b c-d 40 sound", "c-a c-e 40 sound")
		if _, err := db.AcceptSuggestion(ctx, pairID("c-d", "c-e"), "c-e", Decided{By: "u"}, nil); !errors.Is(err, ErrConflict) {
			t.Errorf("%v", err)
		}
		// Somebody else whom nothing is known of takes the number away.
		nobody := "Nobody"
		must2(db.EditCustomer(ctx, "c-a", 0, CustomerEdit{Name: &nobody}, Decided{}, nil))
		want("a is called otherwise", "c-a c-b 70 phone=9121234567", "c-b c-d 40 sound")
	})
}

// Weak evidence of links: an address that the proof named and somebody else has, and a browser in which two people proved who they are.
func TestLinksSuggest(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		f := newFirm(t, db)
		mail := f.receive("m", "k1", "a mail")
		mail.Identity.Channel, mail.Identity.Address = "email", "ann@example.org"
		known := db.IdentityOf("email", "ann@example.org", "")
		*mail.Identity, mail.Touch.Identity, mail.Conversation.Identity = known, known.ID, known.ID
		f.write()
		visit := func(key, who, email string) {
			e := f.receive("w", key, "hi")
			e.Identity.Name = ""
			e.Marks = []Mark{{Kind: MarkLink, Link: &channels.Link{Channel: "external", Address: who, Email: email, Evidence: "token"}}}
			f.write()
		}
		pair := func(a, b string) string { a, b = inOrder(a, b); return a + " " + b }
		ann, bob := db.IdentityOf("external", "ann", "").Customer, db.IdentityOf("external", "bob", "").Customer
		visit("k2", "ann", "ann@example.org")
		want := []string{pair(ann, known.Customer) + " 85 named=ann@example.org"}
		if got := suggested(t, db); !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		if i := must(db.Identity(t.Context(), known.ID)); i.Customer != known.Customer {
			t.Error("an address that nobody proved is linked")
		}
		visit("k3", "bob", "")
		want = append(want, pair(ann, bob)+" 40 device")
		slices.Sort(want)
		if got := suggested(t, db); !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

// A link that is good for one account links the first that brings it. Another one is only suggested, whatever is merged, started anew or taken apart meanwhile.
func TestAForwardedLinkSuggests(t *testing.T) {
	each(t, func(t *testing.T, db *DB, addr string) {
		ctx := t.Context()
		f := newFirm(t, db)
		for _, who := range []string{"x", "a", "b", "c", "d", "e", "f"} {
			f.receive(who, "k"+who, "hello").Identity.Name = ""
		}
		f.write()
		brings := func(who, link string) {
			i := must(db.Identity(ctx, "i-"+who))
			f.mark(&Identity{ID: i.ID, Customer: "c-" + who, Channel: i.Channel, Address: i.Address}, Mark{Kind: MarkLink, Link: &channels.Link{Customer: "c-x", Evidence: "start link", Once: link}})
		}
		of := func(who string) string { return must(db.Identity(ctx, "i-"+who)).Customer }
		suggests := func(want ...string) {
			t.Helper()
			if got := suggested(t, db); !slices.Equal(got, want) {
				t.Errorf("%q, want %q", got, want)
			}
		}
		brings("a", "one") // both in one batch
		brings("b", "one")
		f.write()
		if of("a") != "c-x" || of("b") != "c-b" {
			t.Fatal(of("a"), of("b"))
		}
		suggests("c-b c-x 50 start")
		// The same accounts again, after a restart.
		db.Close()
		db = must(Open(ctx, addr))
		t.Cleanup(func() { db.Close() })
		f.db = db
		brings("b", "one")
		brings("a", "one")
		f.write()
		if of("a") != "c-x" || of("b") != "c-b" || len(must(db.Customer(ctx, "c-x")).Identities) != 2 {
			t.Error(of("a"), of("b"))
		}
		suggests("c-b c-x 50 start")
		// Another link is good for another account.
		brings("c", "two")
		f.write()
		if of("c") != "c-x" {
			t.Error(of("c"))
		}
		// Whom people have told apart is not linked by the same link again, and it stays used up.
		history := must(db.CustomerHistory(ctx, "c-x"))
		for _, l := range history.Links {
			if l.Identity == "i-a" {
				must(db.UndoLink(ctx, l.ID, Decided{At: f.now, By: "u1"}, nil))
			}
		}
		brings("a", "one")
		brings("d", "one")
		f.write()
		if of("a") != "c-a" || of("d") != "c-d" {
			t.Error(of("a"), of("d"))
		}
		suggests("c-b c-x 50 start", "c-d c-x 50 start")
		// Of a customer who was merged, the one it is now; and what an erased account has used up stays so.
		must(db.Merge(ctx, "c-x", "c-e", "", Decided{At: f.now}, nil))
		c := f.change("a")
		c.Status = Resolved
		f.append(Event{Kind: EvResolved, Conversation: c})
		f.write()
		must(db.Erase(ctx, "c-a", "asked", Decided{At: f.now}, nil))
		brings("f", "one")
		f.write()
		if of("f") != "c-f" {
			t.Error(of("f"))
		}
		suggests("c-b c-e 50 start", "c-d c-e 50 start", "c-e c-f 50 start")
		if n := count(t, db, "SELECT count(*) FROM link_uses WHERE identity = 'i-a'"); n != 0 {
			t.Error("an erased account is still named")
		}
		// So it does when its customer is erased, for who comes back under the same id.
		used := count(t, db, "SELECT count(*) FROM link_uses WHERE first = 1")
		for _, id := range []string{"x", "b", "c", "d", "e", "f"} {
			c := f.change(id)
			c.Status = Resolved
			f.append(Event{Kind: EvResolved, Conversation: c})
		}
		f.write()
		must(db.Erase(ctx, "c-x", "asked", Decided{At: f.now}, nil))
		unflawed(t, db)
		f.receive("y", "again", "hello").Identity.Customer = "c-x"
		f.receive("g", "kg", "hello")
		f.write()
		brings("g", "one")
		f.write()
		if of("g") != "c-g" || used == 0 || count(t, db, "SELECT count(*) FROM link_uses WHERE first = 1") != used {
			t.Error(of("g"), used)
		}
		if n := count(t, db, "SELECT count(*) FROM link_uses WHERE customer = 'c-x' AND first = 1 OR customer = 'c-e'"); n != 0 {
			t.Error("an erased customer is still named")
		}
	})
}

// What many share says nothing, and costs little.
func TestCommonWordsSuggestNothing(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		f := newFirm(t, db)
		for i := range 40 {
			e := f.receive(fmt.Sprint(i), fmt.Sprint("k", i), "hi")
			e.Identity.Channel, e.Identity.Address, e.Identity.Name = "hand", fmt.Sprint("n", i), "Maryam Mohammadi"
		}
		f.write()
		index(t, db)
		// The first ones were not many yet; nobody has more than that.
		if n := count(t, db, "SELECT count(*) FROM suggestions"); n > commonWord*commonWord {
			t.Errorf("%d suggestions", n)
		}
		for i := range 40 {
			if n := count(t, db, "SELECT count(*) FROM suggestions WHERE a = $1 OR b = $1", fmt.Sprint("c-", i)); n >= commonWord {
				t.Errorf("%d of one", n)
			}
		}
		if n := must(db.FindTwins(t.Context(), 1, 100)); n != 0 {
			t.Errorf("%d are looked at again", n)
		}
	})
}
