package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/quick"

	"tamas/channels"
)

func TestAmount(t *testing.T) {
	for text, want := range map[string]string{
		"12.5": "12.5", "0": "0", "-3": "-3", "+7": "7", "1250": "1250", "0.0001": "0.0001", ".5": "0.5", "3.": "3", "12.50000": "12.5",
		"1,250,000": "1250000", "1 250": "1250", "۱۲٬۵۰۰٫۷۵": "12500.75", "٣٫٥": "3.5", " ۱۲۰۰\u200f": "1200", "\u22125": "-5", "10000000000000": "10000000000000",
	} {
		if a, err := ParseAmount(text); err != nil || a.String() != want {
			t.Errorf("%q: %s, %v", text, a, err)
		}
	}
	for _, text := range []string{"", ".", "-", "12,5", "1,25,000", "1,2500", "12.5.1", "1.00001", "ten", "12 €", "10000000000001", "99999999999999999999", "1,", ",100", "1e3"} {
		if a, err := ParseAmount(text); err == nil {
			t.Errorf("%q became %s", text, a)
		}
	}
	if err := quick.Check(func(n int64) bool {
		a := Amount(n % int64(MaxAmount))
		var fromNumber, fromText Amount
		text, _ := json.Marshal(a)
		return json.Unmarshal(text, &fromNumber) == nil && json.Unmarshal([]byte(`"`+string(text)+`"`), &fromText) == nil && fromNumber == a && fromText == a
	}, nil); err != nil {
		t.Error(err)
	}
	var d struct{ A, B, C, D Amount }
	if err := json.Unmarshal([]byte(`{"A": 1.25e3, "B": null, "C": "", "D": "۲٫۵"}`), &d); err != nil || d.A != 12_500_000 || d.B != 0 || d.C != 0 || d.D != 25_000 {
		t.Errorf("%+v, %v", d, err)
	}
}

// rulesNow are rules of a record with a kind of the firm's own.
func rulesNow(db *DB) *LogRules {
	repair := Kind{ID: "x_repair", Name: channels.Text{EN: "Repair"}, Inbound: true, Fields: []KindField{
		{ID: "device", Name: channels.Text{EN: "Device"}, Type: TypeText, Required: true},
		{ID: "state", Name: channels.Text{EN: "State"}, Type: TypeChoice, Options: []Option{{ID: "open", Name: channels.Text{EN: "Open"}}, {ID: "done", Name: channels.Text{EN: "Done"}}}},
		{ID: "hours", Name: channels.Text{EN: "Hours"}, Type: TypeNumber},
	}}
	gone := Kind{ID: "x_gone", Name: channels.Text{EN: "Gone"}, Archived: true}
	return &LogRules{Now: 1_800_000_000_000, Region: "IR", Kinds: AllKinds([]Kind{repair, gone}), User: func(s string) (string, bool) { return s, s == "u1" }, Record: db}
}

func TestEntriesAreChecked(t *testing.T) {
	rules := rulesNow(&DB{})
	by := Actor{Kind: "agent", ID: "u7"}
	for _, c := range []struct{ entry, field string }{
		{`{"id":"1","kind":"call","customer":{"phone":"09121234567"}}`, ""},
		{`{"kind":"call","customer":{"phone":"09121234567"}}`, "id"},
		{`{"id":"1","kind":"tea","customer":{"phone":"09121234567"}}`, "kind"},
		{`{"id":"1","customer":{"phone":"09121234567"}}`, "kind"},
		{`{"id":"1","kind":"x_gone","customer":{"phone":"09121234567"}}`, "kind"},
		{`{"id":"1","kind":"message","customer":{"phone":"09121234567"}}`, "kind"},
		{`{"id":"1","source":"The shop","kind":"call","customer":{"phone":"09121234567"}}`, "source"},
		{`{"id":"1","kind":"call","customer":{}}`, "customer"},
		{`{"id":"1","kind":"call","customer":{"phone":"09121234567","id":"c1"}}`, "customer"},
		{`{"id":"1","kind":"call","customer":{"phone":"abc"}}`, "customer.phone"},
		{`{"id":"1","kind":"call","customer":{"phone":"12"}}`, "customer.phone"},
		{`{"id":"1","kind":"call","customer":{"email":"nobody"}}`, "customer.email"},
		{`{"id":"1","kind":"call","customer":{"address":"7"}}`, "customer.channel"},
		{`{"id":"1","kind":"call","customer":{"channel":"external"}}`, "customer.address"},
		{`{"id":"1","kind":"call","customer":{"email":"s***@example.com"}}`, "customer.email"},
		{`{"id":"1","kind":"call","customer":{"channel":"telegram","address":"12***89"}}`, "customer.address"},
		{`{"id":"1","kind":"call","customer":{"channel":"customer","address":"c1"}}`, "customer.channel"},
		{`{"id":"1","kind":"call","at":1800090000000,"customer":{"phone":"09121234567"}}`, "at"},
		{`{"id":"1","kind":"call","at":"1850-01-01T00:00:00Z","customer":{"phone":"09121234567"}}`, "at"},
		{`{"id":"1","kind":"call","at":"1985-01-01T00:00:00Z","customer":{"phone":"09121234567"}}`, ""},
		{`{"id":"1","kind":"call","agent":"nobody","customer":{"phone":"09121234567"}}`, "agent"},
		{`{"id":"1","kind":"call","customer":{"phone":"09121234567"},"data":{"items":[{"name":"x"}]}}`, "data.items"},
		{`{"id":"1","kind":"call","customer":{"phone":"09121234567"},"data":{"seconds":-1}}`, "data.seconds"},
		{`{"id":"1","kind":"purchase","customer":{"phone":"09121234567"},"data":{"amount":12}}`, "data.currency"},
		{`{"id":"1","kind":"purchase","customer":{"phone":"09121234567"},"data":{"amount":12,"currency":"toman"}}`, "data.currency"},
		{`{"id":"1","kind":"purchase","customer":{"phone":"09121234567"},"data":{"amount":-12,"currency":"EUR"}}`, "data.amount"},
		{`{"id":"1","kind":"purchase","customer":{"phone":"09121234567"},"data":{"amount":"۱۲٬۵۰۰","currency":"IRT"}}`, ""},
		{`{"id":"1","kind":"purchase","customer":{"phone":"09121234567"},"data":{"items":[{"quantity":2}]}}`, "data.items[0]"},
		{`{"id":"1","kind":"programme","customer":{"phone":"09121234567"},"data":{"programme":"Yalda"}}`, "data.step"},
		{`{"id":"1","kind":"programme","customer":{"phone":"09121234567"},"data":{"programme":"Yalda","step":"eaten"}}`, "data.step"},
		{`{"id":"1","kind":"delivery","customer":{"phone":"09121234567"},"data":{"step":"at_the_door"}}`, ""},
		{`{"id":"1","kind":"delivery","customer":{"phone":"09121234567"},"data":{"step":"lost at sea"}}`, "data.step"},
		{`{"id":"1","kind":"call","at":"1970-01-20T00:00:00Z","customer":{"phone":"09121234567"}}`, ""},
		{`{"id":"1","kind":"purchase","customer":{"phone":"09121234567"},"data":{"amount":12,"currency":"eur"}}`, ""},
		{`{"id":"1","kind":"visit","customer":{"phone":"09121234567"}}`, "subject"},
		{`{"id":"1","kind":"note","customer":{"phone":"09121234567"}}`, "text"},
		{`{"id":"1","kind":"x_repair","customer":{"phone":"09121234567"}}`, "data.fields.device"},
		{`{"id":"1","kind":"x_repair","customer":{"phone":"09121234567"},"data":{"fields":{"device":"Kettle","state":"lost"}}}`, "data.fields.state"},
		{`{"id":"1","kind":"x_repair","customer":{"phone":"09121234567"},"data":{"fields":{"device":"Kettle","colour":"red"}}}`, "data.fields.colour"},
		{`{"id":"1","kind":"x_repair","customer":{"phone":"09121234567"},"data":{"fields":{"device":"Kettle","state":"done","hours":"۲٫۵"}}}`, ""},
		{`{"id":"1","kind":"call","customer":{"phone":"09121234567"},"data":{"fields":{"device":"Kettle"}}}`, "data.fields"},
	} {
		var e Entry
		if err := json.Unmarshal([]byte(c.entry), &e); err != nil {
			t.Fatalf("%s: %v", c.entry, err)
		}
		_, _, err := rules.Touch(e, by)
		var wrong *channels.FieldError
		switch {
		case c.field == "" && err != nil:
			t.Errorf("%s: %v", c.entry, err)
		case c.field != "" && (!errors.As(err, &wrong) || wrong.Field != c.field || wrong.Reason == ""):
			t.Errorf("%s: %v, want it at %s", c.entry, err, c.field)
		}
	}
	var e Entry
	if err := json.Unmarshal([]byte(`{"at":1763616600}`), &e); err == nil || !strings.Contains(err.Error(), "seconds") {
		t.Errorf("seconds were taken for milliseconds: %v, %v", e.At, err)
	}
	for _, long := range []Entry{
		{ID: strings.Repeat("1", 201)}, {ID: "1", Subject: strings.Repeat("s", 501)}, {ID: "1", Text: strings.Repeat("t", channels.MaxText+1)},
		{ID: "1", Data: Data{Items: make([]Item, 201)}}, {ID: "1", Data: Data{Place: strings.Repeat("p", 201)}},
		{ID: "1", Customer: Who{Channel: "external", Address: strings.Repeat("a", 257)}},
	} {
		long.Kind = KindPurchase
		if long.Customer == (Who{}) {
			long.Customer.Phone = "09121234567"
		}
		if _, _, err := rules.Touch(long, by); err == nil {
			t.Errorf("as long as this is was taken: %.80v", long)
		}
	}
}

// Whoever writes a number or an address in whatever way means the same customer, and the one whose messages come by that channel.
func TestWhoseEntriesAre(t *testing.T) {
	db := &DB{salt: []byte("salt")}
	rules := rulesNow(db)
	whose := func(w Who) *Identity {
		t.Helper()
		_, i, err := rules.Touch(Entry{ID: "1", Kind: KindCall, Customer: w}, Actor{})
		if err != nil {
			t.Fatalf("%+v: %v", w, err)
		}
		return i
	}
	sms := db.IdentityOf("sms", "+989121234567", "")
	for _, phone := range []string{"+989121234567", "00989121234567", "989121234567", "09121234567", "0912 123 4567", "۰۹۱۲۱۲۳۴۵۶۷", "+98 (912) 123-4567"} {
		for _, w := range []Who{{Phone: phone}, {Channel: "phone", Address: phone}, {Channel: "sms", Address: phone}} {
			if i := whose(w); i.ID != sms.ID || i.Customer != sms.Customer {
				t.Errorf("%+v is %+v", w, i)
			}
		}
	}
	mail := db.IdentityOf("email", "sara@example.com", "")
	for _, w := range []Who{{Email: " Sara@Example.COM "}, {Channel: "email", Address: "<sara@example.com>"}} {
		if i := whose(w); i.ID != mail.ID {
			t.Errorf("%+v is %+v", w, i)
		}
	}
	if i := whose(Who{Channel: "external", Address: "Shop-7"}); i.ID != db.IdentityOf("external", "Shop-7", "").ID {
		t.Errorf("an id of elsewhere became %+v", i)
	}
}

func TestWhatAnEntryBecomes(t *testing.T) {
	db := &DB{salt: []byte("salt")}
	rules := rulesNow(db)
	by, no := Actor{Kind: "agent", ID: "u7"}, false
	who := Who{Email: "sara@example.com"}
	for _, c := range []struct {
		entry Entry
		want  string // channel, inbound, author
	}{
		{Entry{Kind: KindCall}, "phone true agent/u7"},
		{Entry{Kind: KindCall, Inbound: &no, Agent: "u1"}, "phone false agent/u1"},
		{Entry{Kind: KindPurchase, Data: Data{Place: "Tajrish"}}, "shop true customer/" + db.IdentityOf("email", "sara@example.com", "").ID},
		{Entry{Kind: KindDelivery, Source: "post", Data: Data{Step: "shipped"}}, "other false system/@post"},
		{Entry{Kind: KindProgramme, Data: Data{Programme: "p", Step: "sent"}}, "email false system/@api"},
		{Entry{Kind: KindProgramme, Data: Data{Programme: "p", Step: "clicked"}}, "email true customer/" + db.IdentityOf("email", "sara@example.com", "").ID},
		{Entry{Kind: KindEvent, Channel: "fair"}, "fair true agent/u7"},
	} {
		c.entry.ID, c.entry.Customer = "1", who
		touch, _, err := rules.Touch(c.entry, by)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%s %v %s/%s", touch.Channel, touch.Inbound, touch.Author.Kind, touch.Author.ID); got != c.want {
			t.Errorf("%+v became %s, want %s", c.entry, got, c.want)
		}
		if touch.State != StateLogged || touch.Conversation != "" || touch.At != rules.Now {
			t.Errorf("%+v became %+v", c.entry, touch)
		}
	}
	touch, _, err := rules.Touch(Entry{ID: "1", Kind: KindPurchase, Customer: who, Data: Data{Currency: "EUR", Items: []Item{{Name: "Tea", Amount: 25_000}, {Name: "Cup", Quantity: 20_000, Amount: 100_000}}}}, by)
	if err != nil || touch.Data.Amount != 125_000 || touch.Data.Items[0].Quantity != 10_000 {
		t.Errorf("items are summed: %+v, %v", touch.Data, err)
	}
}

func TestKindsAreChecked(t *testing.T) {
	name := channels.Text{FA: "تعمیر"}
	good := []Kind{{ID: "x_repair", Name: name, Fields: []KindField{{ID: "device", Name: name, Type: TypeText}}}}
	if err := CheckKinds("kinds", good); err != nil {
		t.Error(err)
	}
	for field, k := range map[string]Kind{
		"kinds[0].id":                      {ID: "repair", Name: name},
		"kinds[0].name":                    {ID: "x_r"},
		"kinds[0].fields[0].id":            {ID: "x_r", Name: name, Fields: []KindField{{ID: "The device", Name: name, Type: TypeText}}},
		"kinds[0].fields[0].type":          {ID: "x_r", Name: name, Fields: []KindField{{ID: "device", Name: name, Type: "colour"}}},
		"kinds[0].fields[0].options":       {ID: "x_r", Name: name, Fields: []KindField{{ID: "device", Name: name, Type: TypeChoice}}},
		"kinds[0].fields[0].options[0].id": {ID: "x_r", Name: name, Fields: []KindField{{ID: "device", Name: name, Type: TypeChoice, Options: []Option{{Name: name}}}}},
		"kinds[0].fields":                  {ID: "x_r", Name: name, Fields: make([]KindField, 51)},
	} {
		var wrong *channels.FieldError
		if err := CheckKinds("kinds", []Kind{k}); !errors.As(err, &wrong) || wrong.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	if err := CheckKinds("kinds", append(good, good[0])); err == nil {
		t.Error("one id twice")
	}
}

// What is logged twice, however it went, is there once, with its data; none of that is among the events.
func TestLoggedOnce(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		ctx := t.Context()
		f := newFirm(t, db)
		rules := rulesNow(db)
		rules.Now = f.now
		log := func(e Entry) *Event {
			t.Helper()
			touch, i, err := rules.Touch(e, Actor{Kind: "agent", ID: "u1"})
			if err != nil {
				t.Fatal(err)
			}
			return f.append(Event{Kind: EvLogged, By: Actor{Kind: "agent", ID: "u1"}, Identity: i, Touch: touch})
		}
		secret := "Persian rug 8841"
		first := log(Entry{ID: "o-1", Kind: KindPurchase, Customer: Who{Phone: "09121234567", Name: "Sara"}, Text: "paid in cash",
			Data: Data{Amount: 125_000, Currency: "EUR", Order: "o-1", Items: []Item{{Name: secret, Quantity: 10_000, Amount: 125_000}}}})
		f.write()
		log(Entry{ID: "o-1", Kind: KindPurchase, Customer: Who{Phone: "09121234567"}, Text: "again", Data: Data{Amount: 990_000, Currency: "EUR"}})
		out := log(Entry{ID: "d-1", Kind: KindDelivery, Customer: Who{Phone: "09121234567"}, Data: Data{Step: "shipped", Order: "o-1"}})
		log(Entry{ID: "d-1", Kind: KindDelivery, Customer: Who{Phone: "09121234567"}, Data: Data{Step: "lost"}}) // in the same batch
		other := log(Entry{ID: "d-1", Source: "post", Kind: KindDelivery, Customer: Who{Phone: "09121234567"}, Data: Data{Step: "delivered"}})
		f.write()

		customer := db.IdentityOf("sms", "+989121234567", "").Customer
		line := must(db.Timeline(ctx, customer, "", 50))
		if len(line.Items) != 3 {
			t.Fatalf("%d touches, want 3: %+v", len(line.Items), line.Items)
		}
		got := must(db.Touch(ctx, first.Touch.ID))
		if got.Data == nil || got.Data.Amount != 125_000 || got.Data.Items[0].Name != secret || got.Body.Text != "paid in cash" {
			t.Errorf("read back: %+v %+v", got.Data, got.Body)
		}
		if got := must(db.Touch(ctx, out.Touch.ID)); got.Data.Step != "shipped" || got.Inbound {
			t.Errorf("read back: %+v", got)
		}
		for table, want := range map[string]int{"touches": 3, "touch_data": 3, "bodies": 1} {
			var n int
			if err := db.pool.QueryRowContext(ctx, "SELECT count(*) FROM "+table).Scan(&n); err != nil || n != want {
				t.Errorf("%s: %d rows, want %d (%v)", table, n, want, err)
			}
		}
		for _, e := range must(db.Events(ctx, 0, 100)) {
			if text := asText(e); strings.Contains(text, "rug") || strings.Contains(text, "cash") || strings.Contains(text, "0912") || strings.Contains(text, "+98") {
				t.Errorf("an event tells: %s", text)
			}
		}
		known := must(db.Logged(ctx, "api", []string{"o-1", "d-1", "d-2"}))
		if len(known) != 2 || known["o-1"] != first.Touch.ID || known["d-1"] != out.Touch.ID {
			t.Errorf("known: %v", known)
		}
		if known := must(db.Logged(ctx, "post", []string{"d-1"})); known["d-1"] != other.Touch.ID {
			t.Errorf("known: %v", known)
		}
		if p := must(db.Customer(ctx, customer)); p.Customer.Name != "Sara" || len(p.Conversations) != 0 {
			t.Errorf("customer: %+v", p)
		}
	})
}

// What is logged of a customer, not of an address, is the customer's through merging, splitting and their undoing.
func TestLoggedOfACustomer(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		ctx := t.Context()
		f := newFirm(t, db)
		f.receive("x", "k1", "hello")
		f.receive("y", "k2", "hello")
		f.write()
		x, y := f.convs["x"].Identity, f.convs["y"].Identity
		cx, cy := must(db.Identity(ctx, x)).Customer, must(db.Identity(ctx, y)).Customer
		rules := rulesNow(db)
		rules.Now = f.now
		log := func(id, customer string) {
			t.Helper()
			touch, i, err := rules.Touch(Entry{ID: id, Kind: KindShopVisit, Customer: Who{ID: customer}}, Actor{})
			if err != nil {
				t.Fatal(err)
			}
			if there := must(db.Settle(ctx, []*Identity{i})); !there[0] {
				t.Fatal("the customer is not there")
			}
			f.append(Event{Kind: EvLogged, Identity: i, Touch: touch})
			f.write()
		}
		kinds := func(customer string) (list []string) {
			for _, i := range must(db.Timeline(ctx, customer, "", 50)).Items {
				list = append(list, i.Kind+"/"+i.Key)
			}
			return list
		}
		merge := must(db.Merge(ctx, cx, cy, "", Decided{At: f.now, By: "u1"}, nil))
		log("v1", cx) // who was merged
		log("v2", cy)
		if got := kinds(cx); len(got) != 4 {
			t.Errorf("merged: %v", got)
		}
		if _, err := db.UndoMerge(ctx, merge.ID, nil, Decided{At: f.now, By: "u1"}, nil); err != nil {
			t.Fatal(err)
		}
		if got := kinds(cx); len(got) != 2 || got[0] != "shop_visit/v1" && got[1] != "shop_visit/v1" {
			t.Errorf("parted, from: %v", got)
		}
		if got := kinds(cy); len(got) != 2 || got[0] != "shop_visit/v2" && got[1] != "shop_visit/v2" {
			t.Errorf("parted, into: %v", got)
		}
		gone := []*Identity{ownIdentity("nobody"), {ID: "nobody"}, {ID: x}}
		if there := must(db.Settle(ctx, gone)); there[0] || there[1] || !there[2] || gone[2].Customer != cx {
			t.Errorf("settled %v: %+v", there, gone[2])
		}
		who := must(db.AddCustomer(ctx, "Ann", []Identity{db.IdentityOf("email", "ann@example.com", "")}, Decided{At: f.now, By: "u1"}, nil))
		erased := must(db.Erase(ctx, who.ID, "asked", Decided{At: f.now, By: "u1"}, nil))
		left := must(db.Customer(ctx, erased.Stands)).Identities
		gone = []*Identity{ownIdentity(erased.Stands), {ID: left[0].ID}, {ID: y}}
		if there := must(db.Settle(ctx, gone)); there[0] || there[1] || !there[2] {
			t.Errorf("settled %v of %+v", there, left)
		}
	})
}
