package record

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

func indexAll(t *testing.T, db *DB) {
	t.Helper()
	for {
		n, err := db.IndexOnce(t.Context(), 30)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

func TestSearch(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		ctx := t.Context()
		f := newFirm(t, db)
		f.receive("1", "k1", "سفارش کتاب\u200cهای من نرسيد").Identity.Name = "زهرا كاظمی"
		f.receive("2", "k2", "Where is my ORDER, it's late! OR NOT NEAR").Identity.Address = "+989121234567"
		f.receive("1", "k3", "سفارش ۱۲۳۴ را می\u200cخواهم").Identity.Address = "ali.rezaei@example.com"
		f.receive("3", "k4", "hostile ' \" \\ & | ! : * ( ) <-> \x01 text")
		f.receive("3", "k5", "")
		f.receive("3", "k6", strings.Repeat("long"+random(100)+" ", 1000))
		f.write()
		indexAll(t, db)
		find := func(text string) (customers, messages []string) {
			h, err := db.Search(ctx, text, 10)
			if err != nil {
				t.Errorf("search %q: %v", text, err)
			}
			for _, c := range h.Customers {
				customers = append(customers, c.ID)
			}
			for _, m := range h.Messages {
				messages = append(messages, must(db.Touch(ctx, m.Touch)).Key)
			}
			return customers, messages
		}
		for _, c := range []struct {
			text                string
			customers, messages []string
		}{
			{"سفارش", nil, []string{"k3", "k1"}},
			{"كتاب", nil, []string{"k1"}},
			{"کتاب\u200cهاي نرسید", nil, []string{"k1"}},
			{"1234", []string{"c-2"}, []string{"k3"}}, // the last seven digits of a number begin so
			{"order late", nil, []string{"k2"}},
			{"or", nil, []string{"k2"}},
			{"NOT near", nil, []string{"k2"}},
			{"lat", nil, []string{"k2"}},
			{"order nothing", nil, nil},
			{"کاظ", []string{"c-1"}, nil},
			{"زهرا", []string{"c-1"}, nil},
			{"0912", []string{"c-2"}, nil},
			{"+98912123", []string{"c-2"}, nil},
			{"' \" \\ & | ! : *", nil, nil},
			{"hostile", nil, []string{"k4"}},
			{"", nil, nil},
			{"name of", []string{"c-3", "c-2"}, nil},
		} {
			customers, messages := find(c.text)
			slices.Sort(customers)
			slices.Sort(c.customers)
			if !slices.Equal(customers, c.customers) || !slices.Equal(messages, c.messages) {
				t.Errorf("search %q: %v %v, want %v %v", c.text, customers, messages, c.customers, c.messages)
			}
		}
		h := must(db.Search(ctx, "late", 10))
		if m := h.Messages[0]; m.Number != 2 || m.Customer.Name != "Name of 2" || !strings.Contains(m.Snippet, "it's late!") {
			t.Errorf("hit %+v", m)
		}
		if page := must(db.Conversations(ctx, Filter{Text: "سفارش"})); !slices.Equal(numbers(page), []int64{1}) {
			t.Errorf("list by message %v", numbers(page))
		}
		if page := must(db.Conversations(ctx, Filter{Text: "0912", Open: true})); !slices.Equal(numbers(page), []int64{2}) {
			t.Errorf("list by customer %v", numbers(page))
		}
		name := "مریم"
		if _, _, err := db.EditCustomer(ctx, "c-1", 0, CustomerEdit{Name: &name}, Decided{}, nil); err != nil {
			t.Fatal(err)
		}
		indexAll(t, db)
		if customers, _ := find("مریم"); !slices.Equal(customers, []string{"c-1"}) {
			t.Errorf("after a new name: %v", customers)
		}
	})
}

// Newest first, and never more than asked for.
func TestSearchManyIsBounded(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		f := newFirm(t, db)
		for i := range 500 {
			f.receive("x", fmt.Sprint("k", i), fmt.Sprint("common ", i%100))
		}
		f.write()
		indexAll(t, db)
		for text, want := range map[string]int{"common": 20, "common 7": 5} {
			h := must(db.Search(t.Context(), text, 20))
			if len(h.Messages) != want || !slices.IsSortedFunc(h.Messages, func(a, b MessageHit) int { return int(b.At - a.At) }) {
				t.Errorf("%s: %d hits, want %d newest first", text, len(h.Messages), want)
			}
		}
	})
}

func search(t *testing.T, db *DB, text string, more ...func(*SearchFor)) Hits {
	t.Helper()
	s := SearchFor{Query: ParseQuery(text, time.UTC, time.Now()), Limit: 20}
	for _, f := range more {
		f(&s)
	}
	h, err := db.SearchFor(t.Context(), s)
	if err != nil {
		t.Fatalf("search %s: %v", text, err)
	}
	return h
}

func hitKeys(t *testing.T, db *DB, list []MessageHit) (keys []string) {
	t.Helper()
	for _, m := range list {
		keys = append(keys, must(db.Touch(t.Context(), m.Touch)).Key)
	}
	return keys
}

// log records what happened at a time.
func (f *firm) log(conv, key, kind, agent, text string, at Millis, d *Data) *Event {
	return f.append(Event{Kind: EvLogged, By: Actor{Kind: "agent", ID: agent}, Touch: &Touch{ID: "t-" + key, N: 0, Kind: kind, Identity: "i-" + conv, Account: "@api", Channel: "phone", State: StateLogged,
		Author: Actor{Kind: "agent", ID: agent}, Key: key, At: at, Body: &Body{Text: text}, Data: d}})
}

func TestSearchFilters(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		ctx := t.Context()
		must(db.AddQueue(ctx, Queue{ID: "q1", Name: "Sales desk", Members: []string{}}))
		if _, err := db.AddUser(ctx, User{ID: "u-omid", Email: "omid@firm.example", Name: "Omid Karimi", Role: RoleAgent}, ""); err != nil {
			t.Fatal(err)
		}
		f := newFirm(t, db)
		f.receive("1", "k1", "blue parcel one").Identity.Name = "Sara Ahmadi"
		f.reply("1", "u-omid", "blue parcel two").Touch.Key = "k2"
		e := f.receive("2", "k3", "blue parcel three")
		e.Conversation.Channel, e.Touch.Channel, e.Conversation.Queue = "telegram", "telegram", "q2"
		f.change("2").Channel, f.change("2").Queue = "telegram", "q2"
		day := At(time.Date(2020, 3, 1, 12, 0, 0, 0, time.UTC))
		f.log("1", "k4", KindCall, "u-omid", "asked about the blue parcel", day, nil)
		f.log("1", "k5", KindPurchase, "u-omid", "", day+1000, &Data{Items: []Item{{Name: "Blue kettle", Product: "KT-9"}}, Order: "ORD-77", Place: "Shiraz"})
		f.write()
		f.change("1").Tags = []string{"vip", "late order"}
		f.append(Event{Kind: EvChanged, Conversation: f.convs["1"]})
		f.change("2").Status = Resolved
		f.append(Event{Kind: EvChanged, Conversation: f.convs["2"]})
		f.write()
		indexAll(t, db)
		for _, c := range []struct{ text, messages, touches, conversations string }{
			{"blue", "k3 k2 k1", "k5 k4", ""},
			{"blue channel:telegram", "k3", "", ""},
			{"blue channel:phone", "", "k5 k4", ""},
			{"blue kind:call", "", "k4", ""},
			{"blue نوع:پیام", "k3 k2 k1", "", ""},
			{"blue tag:vip", "k2 k1", "", ""},
			{`blue tag:"late order"`, "k2 k1", "", ""},
			{"tag:VIP", "k2 k1", "", "1"},
			{"vip", "", "", "1"},
			{"blue queue:sales", "k2 k1", "", ""},
			{"blue queue:q1", "k2 k1", "", ""},
			{"blue from:sara", "k1", "", ""},
			{"blue from:omid", "k2", "k5 k4", ""},
			{"blue from:me", "k2", "k5 k4", ""},
			{"blue from:omid from:sara", "", "", ""},
			{"blue before:2020-03-02", "", "k5 k4", ""},
			{"blue before:۱۳۹۸/۱۲/۱۱", "", "", ""},
			{"blue after:1398/12/11 before:1398/12/12", "", "k5 k4", ""},
			{"blue after:2020-03-02", "k3 k2 k1", "", ""},
			{"blue status:resolved", "k3", "", ""},
			{"blue status:open", "k2 k1", "", ""},
			{"status:open", "k2 k1", "", "1"},
			{"blue in:touches", "", "k5 k4", ""},
			{"blue in:messages kind:message", "k3 k2 k1", "", ""},
			{"kettle", "", "k5", ""},
			{"ord-77", "", "k5", ""},
			{"shiraz kt", "", "k5", ""},
			{`"parcel two"`, "k2", "", ""},
			{`"two parcel"`, "", "", ""},
			{`"blue parcel" channel:telegram`, "k3", "", ""},
			{"bl channel:telegram", "k3", "", ""},
			{"b from:sara", "k1", "", ""},
			{"#2", "", "", "2"},
			// What is wrong is left out, and the rest works.
			{"blue tag:none", "k3 k2 k1", "k5 k4", ""},
			{"blue before:whenever channel:telegram", "k3", "", ""},
		} {
			h := search(t, db, c.text, func(s *SearchFor) { s.User = "u-omid" })
			var conversations []string
			for _, v := range h.Conversations {
				conversations = append(conversations, v.ID)
			}
			if got := [3]string{strings.Join(hitKeys(t, db, h.Messages), " "), strings.Join(hitKeys(t, db, h.Touches), " "), strings.Join(conversations, " ")}; got != [3]string{c.messages, c.touches, c.conversations} {
				t.Errorf("%s: %q, want %q %q %q (filters %+v)", c.text, got, c.messages, c.touches, c.conversations, h.Filters)
			}
		}
		for text, want := range map[string]string{"tag:none": FilterUnknown, "queue:nowhere": FilterUnknown, "from:nobody": FilterUnknown, "channel:fax": FilterUnknown, "before:x": FilterDate, "tag:": FilterEmpty} {
			if h := search(t, db, "blue "+text); len(h.Filters) != 1 || h.Filters[0].Error != want {
				t.Errorf("%s: %+v, want %s", text, h.Filters, want)
			}
		}
		if m := search(t, db, "parcel two").Messages[0]; whole(m.Parts) != "blue parcel two" || m.Author != (Actor{Kind: "agent", ID: "u-omid"}) || m.Customer.Name != "Sara Ahmadi" || m.Number != 1 || m.Kind != KindMessage || m.Inbound {
			t.Errorf("%+v", m)
		}
	})
}

// tag: finds customers, organisations and conversations that are tagged so, and what was said in these conversations.
func TestSearchTags(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		ctx := t.Context()
		f := newFirm(t, db)
		f.receive("1", "k1", "blue parcel").Identity.Name = "Sara Ahmadi"
		f.receive("2", "k2", "blue parcel").Identity.Name = "Sara Karimi"
		f.write()
		f.change("2").Tags = []string{"vip"}
		f.append(Event{Kind: EvChanged, Conversation: f.convs["2"]})
		f.write()
		indexAll(t, db)
		if h := search(t, db, "tag:gold"); h.Filters[0].Error != FilterUnknown {
			t.Errorf("%+v", h.Filters)
		}
		tags, name, colour := []string{"vip", "Gold"}, "Golestan", []string{"gold"}
		must2 := func(_, _ any, err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		before, after, err := db.EditCustomer(ctx, "c-1", 0, CustomerEdit{Tags: &tags}, Decided{At: f.now}, nil)
		must2(before, after, err)
		o := must(db.AddOrganisation(ctx, OrganisationEdit{Name: &name, Tags: &colour}, Decided{At: f.now}, nil))
		indexAll(t, db)
		check := func(text, customers, organisations, conversations, messages string) {
			t.Helper()
			h := search(t, db, text)
			var got [4][]string
			for _, c := range h.Customers {
				got[0] = append(got[0], c.ID)
			}
			for _, o := range h.Organisations {
				got[1] = append(got[1], o.ID)
			}
			for _, c := range h.Conversations {
				got[2] = append(got[2], c.ID)
			}
			got[3] = hitKeys(t, db, h.Messages)
			for i, want := range []string{customers, organisations, conversations, messages} {
				if strings.Join(got[i], " ") != want {
					t.Errorf("%s: %q, want %q %q %q %q", text, got, customers, organisations, conversations, messages)
					break
				}
			}
		}
		check("tag:vip", "c-1", "", "2", "k2")
		check("tag:GOLD", "c-1", o.ID, "", "")
		check("tag:vip tag:gold", "c-1", "", "", "")
		check("sara tag:gold", "c-1", "", "", "")
		check("karimi tag:gold", "", "", "", "")
		check("blue tag:vip", "", "", "", "k2")
		check("gol", "", o.ID, "", "") // a name's beginning: tags are no names
		// Tags of customers and organisations that are kept from somebody find none of them; those of conversations do.
		kept := func(s *SearchFor) { s.Sight = Sight{hidden: map[string]bool{FieldTags: true}} }
		if h := search(t, db, "tag:gold", kept); len(h.Customers)+len(h.Organisations) > 0 || h.Filters[0].Error != FilterUnknown {
			t.Errorf("%+v", h)
		}
		if h := search(t, db, "tag:vip", kept); len(h.Customers) > 0 || len(h.Conversations) != 1 || len(h.Messages) != 1 {
			t.Errorf("%+v", h)
		}
		tags = tags[:1]
		before, after, err = db.EditCustomer(ctx, "c-1", 0, CustomerEdit{Tags: &tags}, Decided{At: f.now}, nil)
		must2(before, after, err)
		indexAll(t, db)
		check("tag:gold", "", o.ID, "", "")
	})
}

// Words that nothing says but that are somebody's name, with a filter: what that person had to do with.
func TestSearchByWhomTheWordsName(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		f := newFirm(t, db)
		f.receive("1", "k1", "سفارش من").Identity.Name = "سارا کاظمی"
		f.receive("2", "k2", "کاظمی هستم").Identity.Name = "علی رضایی"
		f.reply("1", "u1", "رسید")
		f.log("1", "k4", KindCall, "u1", "asked about a parcel", f.now, nil)
		f.log("2", "k5", KindCall, "u1", "asked about a parcel", f.now, nil)
		f.write()
		indexAll(t, db)
		h := search(t, db, "سارا کاظمی kind:call")
		if got := hitKeys(t, db, h.Touches); !slices.Equal(got, []string{"k4"}) || len(h.Meant) != 1 || h.Meant[0].ID != "c-1" {
			t.Errorf("%v, meant %+v", got, h.Meant)
		}
		if h := search(t, db, "سارا کاظمی channel:sms"); len(h.Messages) != 2 || h.Messages[1].Customer.ID != "c-1" {
			t.Errorf("%+v", h.Messages)
		}
		// Without a filter a name is looked for among names; and what the words say comes first.
		if h := search(t, db, "سارا کاظمی"); len(h.Touches)+len(h.Messages)+len(h.Meant) > 0 || len(h.Customers) != 1 {
			t.Errorf("%+v", h)
		}
		if h := search(t, db, "کاظمی channel:sms"); !slices.Equal(hitKeys(t, db, h.Messages), []string{"k2"}) || len(h.Meant) > 0 {
			t.Errorf("%+v", h)
		}
		if h := search(t, db, "سارا کاظمی channel:sms", func(s *SearchFor) { s.Limit = 1 }); len(h.Messages) != 1 || h.Next == "" {
			t.Errorf("%+v", h)
		} else if more := search(t, db, "سارا کاظمی channel:sms", func(s *SearchFor) { s.Limit, s.Before = 1, h.Next }); len(more.Messages) != 1 || more.Messages[0].Touch == h.Messages[0].Touch || more.Next != "" {
			t.Errorf("the next page: %+v", more)
		}
	})
}

// Who has no name is known by the address; what was logged of the customer itself has none.
func TestSearchTellsWhoseItIs(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		f := newFirm(t, db)
		f.receive("1", "k1", "a parcel").Identity.Name = ""
		f.receive("2", "k2", "a parcel")
		f.log("1", "k3", KindCall, "u1", "asked about a parcel", f.now, nil)
		own := ownIdentity("c-1")
		f.log("1", "k4", KindCall, "u1", "asked about a letter", f.now, nil).Touch.Identity = own.ID
		f.events[len(f.events)-1].Identity = own
		f.write()
		indexAll(t, db)
		one, two := WhoHit{CustomerName{"c-1", ""}, "+981", "sms"}, WhoHit{CustomerName{"c-2", "Name of 2"}, "+982", "sms"}
		h := search(t, db, "parcel")
		if len(h.Messages) != 2 || h.Messages[0].Customer != two || h.Messages[1].Customer != one || len(h.Touches) != 1 || h.Touches[0].Customer != one {
			t.Errorf("%+v\n%+v", h.Messages, h.Touches)
		}
		if h := search(t, db, "letter"); len(h.Touches) != 1 || h.Touches[0].Customer != (WhoHit{CustomerName{"c-1", ""}, "", OwnChannel}) {
			t.Errorf("%+v", h.Touches)
		}
		if h := search(t, db, fmt.Sprint("#", h.Messages[1].Number)); len(h.Conversations) != 1 || h.Conversations[0].Customer != one {
			t.Errorf("%+v", h.Conversations)
		}
		hidden := SightOf(RoleAgent, &RecordSetting{FieldRoles: map[string]Limit{FieldAddress: {See: []string{RoleAdmin}}, FieldName: {See: []string{RoleAdmin}}}}, nil)
		if got := CutTo(hidden, h).Messages[0].Customer; got != (WhoHit{CustomerName{"c-2", ""}, MaskAddress("+982"), "sms"}) || h.Messages[0].Customer != two {
			t.Errorf("%+v", got)
		}
	})
}

// What happened earlier stands behind, however late it is told, and pages meet without a gap.
func TestSearchIsByWhenItHappened(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		f := newFirm(t, db)
		f.receive("1", "first", "begin")
		base := At(time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC))
		n := 300
		order := rand.New(rand.NewPCG(7, 7)).Perm(n)
		for _, i := range order {
			at := base + Millis(i/20)*40*24*3600_000 // twenty at the same moment, forty days apart
			f.log("1", fmt.Sprintf("k%04d", i), KindCall, "u1", fmt.Sprint("common ", i), at, nil)
			if i%50 == 0 {
				f.write()
				indexAll(t, db)
			}
		}
		f.write()
		indexAll(t, db)
		for _, text := range []string{"common", "comm", `"common"`, "kind:call"} {
			var at []Millis
			seen := map[string]bool{}
			next := ""
			for page := 0; ; page++ {
				h := search(t, db, text, func(s *SearchFor) { s.Before, s.Limit = next, 17 })
				for _, m := range h.Touches {
					at = append(at, m.At)
					if seen[m.Touch] {
						t.Errorf("%s: twice on pages", text)
					}
					seen[m.Touch] = true
				}
				if next = h.Next; next == "" {
					break
				}
				if page > n {
					t.Fatal("pages without end")
				}
			}
			if len(at) != n || !slices.IsSortedFunc(at, func(a, b Millis) int { return cmp.Compare(b, a) }) {
				t.Errorf("%s: %d found, sorted %v", text, len(at), slices.IsSortedFunc(at, func(a, b Millis) int { return cmp.Compare(b, a) }))
			}
		}
		// A word of one touch is found however long ago that was, and below a bound too.
		for _, i := range []int{20, 155, n - 1} {
			for _, bound := range []string{"", " before:2023-12-31"} {
				if h := search(t, db, fmt.Sprintf(`"%d"%s`, i, bound)); len(h.Touches) != 1 {
					t.Errorf("the touch %d%s: %d found", i, bound, len(h.Touches))
				}
			}
		}
		if _, err := db.SearchFor(t.Context(), SearchFor{Query: ParseQuery("common", nil, time.Now()), Limit: 5, Before: "nonsense"}); !errors.Is(err, ErrCursor) {
			t.Errorf("a place of no list: %v", err)
		}
	})
}

func TestSearchNames(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		f := newFirm(t, db)
		for i, name := range []string{"زهرا کاظمی", "Mohammad Rezaei", "Katherine Johnson", "Ali Karimi", "شرکت سپید"} {
			e := f.receive(fmt.Sprint(i), fmt.Sprint("k", i), "x")
			e.Identity.Name, e.Identity.Address = name, []string{"+989121234567", "rezaei.m@example.com", "+442071234567", "09351112222", "+14155550100"}[i]
		}
		f.write()
		firmName := "Golestan Tejarat گلستان"
		if _, err := db.AddOrganisation(t.Context(), OrganisationEdit{Name: &firmName}, Decided{At: f.now}, nil); err != nil {
			t.Fatal(err)
		}
		indexAll(t, db)
		for text, want := range map[string]string{
			"kazemi": "c-0", "zahra kazemi": "c-0", "کاظمى": "c-0", "کاضمی": "c-0", // by sound, in either script
			"rezaie": "c-1", "rezai": "c-1", "mohamad": "c-1", "reazei": "c-1", "محمد رضایی": "c-1",
			"katherina": "c-2", "kahterine": "c-2", "johnsno": "c-2", "jonhson": "c-2", "katerina johnson": "c-2",
			"karim": "c-3", "karmi": "c-3", "alu": "", "xali": "c-3",
			"+98 912 123 45 67": "c-0", "0098-912-1234567": "c-0", "۰۹۱۲ ۱۲۳ ۴۵۶۷": "c-0", "09121234567": "c-0", "9121234567": "c-0", "0912123": "c-0", "0098 912 123": "c-0", "+98912": "c-0",
			"+98 935 111 2222": "c-3", "(020) 7123 4567": "c-2",
			"REZAEI.M@Example.COM": "c-1", "rezaei.m@ex": "c-1",
			"زهراکاظمی": "c-0", "زهرا‌کاظمی": "c-0", "زهراکاظ": "c-0", "alikarimi": "c-3", "johnsonkatherine": "",
			"4567": "c-2 c-0", "۴۵۶۷": "c-2 c-0", "34567": "c-2 c-0", "1234567": "c-2 c-0", "2222": "c-3", "567": "",
		} {
			var ids []string
			h := search(t, db, text)
			for _, c := range h.Customers {
				ids = append(ids, c.ID)
			}
			if strings.Join(ids, " ") != want {
				t.Errorf("%s: %v, want %s", text, ids, want)
			}
		}
		for _, text := range []string{"golestantejarat", "golestan", "گلستان", "golesatn", "tej"} {
			if h := search(t, db, text); len(h.Organisations) != 1 || whole(h.Organisations[0].Parts) != "Golestan Tejarat گلستان" || len(h.Customers) > 0 {
				t.Errorf("%s: %+v %+v", text, h.Organisations, h.Customers)
			}
		}
		numbers := func(s *SearchFor) {
			s.Sight = SightOf(RoleAgent, &RecordSetting{FieldRoles: map[string]Limit{FieldAddress: {See: []string{RoleAdmin}}}}, nil)
		}
		if h := search(t, db, "4567", numbers); len(h.Customers) > 0 {
			t.Errorf("who sees no numbers finds by their ends: %+v", h.Customers)
		}
		if h := search(t, db, "زهراکاظمی", numbers); len(h.Customers) != 1 {
			t.Errorf("who sees no numbers finds no names: %+v", h.Customers)
		}
		if c := search(t, db, "0912").Customers[0]; whole(c.Parts) != "+989121234567" || !c.Parts[1].Hit || c.Parts[1].Text != "912" {
			t.Errorf("found by the address, shown %+v", c.Parts)
		}
	})
}

// Spelled however, in both databases: what the property test says of texts holds of the record.
func TestSearchFindsVariants(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		rng := rand.New(rand.NewPCG(3, 3))
		f := newFirm(t, db)
		said := []string{"من می|روم خانه", "کتاب|های تازه رسید", "سفارش 1042 کجاست", "bought two kettles|and Crème"}
		for i, s := range said {
			for k := range 4 {
				f.receive("1", fmt.Sprintf("k%d.%d", i, k), variant(rng, strings.ReplaceAll(s, "kettles|", "kettles ")))
			}
		}
		f.write()
		indexAll(t, db)
		for i, ask := range []string{"می|روم", "کتاب|های رسید", "سفارش 1042", "kettles creme"} {
			for range 5 {
				asked := variant(rng, ask)
				h := search(t, db, asked)
				if len(h.Messages) != 4 {
					t.Errorf("%q finds %d of 4: %v", asked, len(h.Messages), hitKeys(t, db, h.Messages))
				}
				for _, m := range h.Messages {
					if !strings.HasPrefix(must(db.Touch(t.Context(), m.Touch)).Key, fmt.Sprintf("k%d.", i)) || !slices.ContainsFunc(m.Parts, func(p Part) bool { return p.Hit }) {
						t.Errorf("%q: %+v", asked, m)
					}
				}
			}
		}
		f.receive("1", "phone", "ring me at 0912-123 4567")
		f.write()
		indexAll(t, db)
		for _, asked := range []string{"+98 912 123 4567", "09121234567", "۰۰۹۸۹۱۲۱۲۳۴۵۶۷"} {
			if h := search(t, db, asked); len(h.Messages) != 1 {
				t.Errorf("%s finds %d", asked, len(h.Messages))
			}
		}
	})
}

func TestWhispersAreFoundByTheirHearer(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		f := newFirm(t, db)
		f.receive("1", "k1", "hello")
		f.reply("1", "u1", "hello back")
		f.append(Event{Kind: EvNoted, By: Actor{Kind: "agent", ID: "boss"}, Conversation: f.change("1"), Touch: &Touch{Kind: KindWhisper, Conversation: "1", Identity: "i-1", Account: "a1", Channel: "sms",
			Author: Actor{Kind: "agent", ID: "boss"}, State: StateReceived, Body: &Body{Text: "discount secretly"}}})
		f.write()
		f.change("1").Owner = "u2"
		f.append(Event{Kind: EvChanged, Conversation: f.convs["1"]})
		f.write()
		indexAll(t, db)
		for _, c := range []struct {
			user       string
			supervisor bool
			want       int
		}{{"u1", false, 1}, {"u2", false, 0}, {"", false, 0}, {"boss", true, 1}} {
			if h := search(t, db, "secretly", func(s *SearchFor) { s.User, s.Supervisor = c.user, c.supervisor }); len(h.Messages) != c.want {
				t.Errorf("%q finds %d whispers", c.user, len(h.Messages))
			}
		}
		if page := must(db.Conversations(t.Context(), Filter{Text: "secretly"})); len(page.Items) > 0 {
			t.Error("a list tells that something was whispered")
		}
	})
}

// A record of before this index is indexed from its newest touch down, and says so; what is new is found meanwhile.
func TestSearchWhileItIsIndexedAnew(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		f := newFirm(t, db)
		for i := range 100 {
			f.receive(fmt.Sprint(i%10), fmt.Sprint("k", i), "common")
		}
		f.write()
		if err := db.write(t.Context(), func(q querier) (err error) { // as the migration leaves it
			run := runner(t.Context(), q, &err)
			run("UPDATE search_cursor SET n = 100, back = 101, event = 100, number = 11")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		f.receive("1", "new", "common brandnew")
		f.write()
		last := -1
		for {
			n := must(db.IndexOnce(t.Context(), 20))
			h := search(t, db, "common", func(s *SearchFor) { s.Limit = 200 })
			keys := hitKeys(t, db, h.Messages)
			if len(keys) == 0 || keys[0] != "new" || len(keys) < last || h.Indexed == 100 && len(keys) < 101 || n == 0 && h.Indexed < 100 {
				t.Fatalf("%d found, %v first, %d percent", len(keys), keys[:min(2, len(keys))], h.Indexed)
			}
			if len(keys) > 1 && keys[1] != "k99" {
				t.Errorf("%s comes after the newest", keys[1])
			}
			if last = len(keys); n == 0 {
				break
			}
		}
		if last != 101 {
			t.Errorf("%d of 101 are found at last", last)
		}
	})
}

// Another indexer brings a conversation's new mark between what this one reads and writes.
func TestTwoIndexers(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		ctx := t.Context()
		f := newFirm(t, db)
		f.receive("1", "k1", "blue parcel")
		f.write()
		must(db.indexConversations(ctx, 100))
		var at searchCursor
		if err := at.read(ctx, db.pool); err != nil {
			t.Fatal(err)
		}
		docs := must(collect(ctx, db.pool, scanDocument, readDocuments("")))
		f.change("1").Tags = []string{"vip"}
		f.append(Event{Kind: EvChanged, Conversation: f.convs["1"]})
		f.write()
		must(db.indexConversations(ctx, 100))
		must(db.indexAgain(ctx, 100))
		if err := db.write(ctx, func(q querier) error { return db.writeDocuments(ctx, q, at, docs) }); !errors.Is(err, ErrMoved) {
			t.Errorf("what was read before is written: %v", err)
		}
		indexAll(t, db)
		if h := search(t, db, "parcel tag:vip"); len(h.Messages) != 1 {
			t.Errorf("%d found by the tag", len(h.Messages))
		}
	})
}

// An organisation is changed, or goes away, between the moments that the indexer reads which are to be indexed and indexes them.
func TestOrganisationsChangeWhileIndexed(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		ctx := t.Context()
		name, tags := "Golestan", []string{"vip"}
		o := must(db.AddOrganisation(ctx, OrganisationEdit{Name: &name}, Decided{At: 1}, nil))
		indexed := make(chan error, 1)
		index := func() { // begins, and waits for the change that runs this
			go func() {
				_, err := db.indexOrganisations(ctx, 100)
				indexed <- err
			}()
			for waits := db.d.oneConn; !waits; { // a file's one writer cannot be looked at
				if err := db.pool.QueryRowContext(ctx, "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()").Scan(&waits); err != nil {
					t.Error(err)
					return
				}
			}
		}
		if _, _, err := db.EditOrganisation(ctx, o.ID, 0, OrganisationEdit{Tags: &tags}, Decided{At: 2}, func(_, _ Organisation) Note {
			index()
			return func() (*Changed, error) { return nil, nil }
		}); err != nil {
			t.Fatal(err)
		}
		if err := <-indexed; err != nil {
			t.Fatal(err)
		}
		indexAll(t, db)
		if h := search(t, db, "tag:vip"); len(h.Organisations) != 1 {
			t.Errorf("%d found by the tag", len(h.Organisations))
		}
		name = "Shiraz"
		o2 := must(db.AddOrganisation(ctx, OrganisationEdit{Name: &name}, Decided{At: 3}, nil))
		if err := db.DeleteOrganisation(ctx, o2.ID, 0, func() (*Changed, error) {
			index()
			return nil, nil
		}); err != nil {
			t.Fatal(err)
		}
		if err := <-indexed; err != nil {
			t.Fatal(err)
		}
		if n := count(t, db, "SELECT count(*) FROM customer_rows WHERE customer = '"+o2.ID+"'"); n != 0 {
			t.Error("words of one who is gone are in the index")
		}
	})
}

// What is erased leaves no word behind.
func TestSearchForgets(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		f := newFirm(t, db)
		gone := f.receive("1", "k1", "parcel verysecretword")
		f.receive("1", "k2", "parcel")
		f.write()
		indexAll(t, db)
		if err := db.write(t.Context(), func(q querier) error { return db.unsearch(t.Context(), q, []int64{int64(gone.ID.N)}) }); err != nil {
			t.Fatal(err)
		}
		if h := search(t, db, "parcel"); len(h.Messages) != 1 || len(search(t, db, "verysecretword").Messages) > 0 {
			t.Errorf("%+v", h.Messages)
		}
	})
}
