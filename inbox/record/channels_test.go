package record

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"tamas/channels"
)

func TestWhatATouchCarriesComesBack(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		f := newFirm(t, db)
		e := f.receive("x", "k1", "hello")
		e.Touch.ReplyTo, e.Touch.Spam = "t0", "looks like it"
		e.Touch.Body.Forward, e.Touch.Body.HTMLBlob = "t9", "abc"
		e.Touch.Body.Files = []channels.File{{Name: "عکس.png", Type: "image/png", Kind: "image", Size: 7, Blob: "b", CID: "c", Width: 1, Height: 2}, {Name: "big", Missing: "larger than 25 MB"}}
		e.Touch.Body.Envelope = &channels.Envelope{From: "A <a@b>", To: []string{"us@firm"}, Cc: []string{"x@y"}}
		edit := f.append(Event{Kind: EvEdited, By: Actor{Kind: "customer"}, Touch: &Touch{Kind: KindEdit, Conversation: "x", Identity: "i-x", Account: "a1", Channel: "sms",
			Inbound: true, State: StateReceived, Rev: 1, Key: "k2", ProviderID: "p1", Of: e.Touch.ID, Body: &Body{Text: "hallo"}}})
		visit := f.append(Event{Kind: EvLogged, By: Actor{Kind: "customer"}, Identity: e.Identity, Touch: &Touch{Kind: KindVisit, Identity: "i-x", Account: "a1", Channel: "sms",
			Inbound: true, State: StateReceived, Rev: 1, Key: "k3", Body: &Body{Text: "Prices", Subject: "https://shop.example/prices"}}})
		rating := f.append(Event{Kind: EvLogged, By: Actor{Kind: "customer"}, Touch: &Touch{Kind: KindRating, Conversation: "x", Identity: "i-x", Account: "a1", Channel: "sms",
			Inbound: true, State: StateReceived, Rev: 1, Key: "k4", Score: 4, Body: &Body{}}})
		f.write()
		for _, want := range []*Touch{e.Touch, edit.Touch, visit.Touch, rating.Touch} {
			got := must(db.Touch(t.Context(), want.ID))
			got.N = 0
			if !reflect.DeepEqual(&got, want) {
				t.Errorf("got %+v %+v\nwant %+v %+v", got, got.Body, want, want.Body)
			}
		}
		if got := must(db.Timeline(t.Context(), "c-x", "", 10)); len(got.Items) != 4 {
			t.Errorf("%d touches on the timeline", len(got.Items))
		}
	})
}

func TestAMessageIsFoundByItsParts(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		f := newFirm(t, db)
		f.receive("x", "k1", "hello")
		r := f.reply("x", "u1", "a long one")
		sent := f.state(r.Touch, StateSent, func(t *Touch) { t.ProviderID, t.Parts = "p1", []string{"p2", "p3"} })
		again := f.state(sent.Touch, StateDelivered, nil) // a report has the parts no more, or once more
		f.append(Event{Kind: EvEdited, By: r.By, Touch: &Touch{Kind: KindEdit, Conversation: "x", Identity: "i-x", Account: "a1", Channel: "sms",
			State: StateSent, Rev: 3, ProviderID: "p1", Parts: []string{"p2"}, Of: r.Touch.ID, Body: &Body{Text: "shorter"}}})
		f.write()
		for _, id := range []string{"p1", "p2", "p3"} {
			if got := must(db.TouchByProviderID(t.Context(), "a1", id)); got.ID != r.Touch.ID || got.Rev != again.Touch.Rev {
				t.Errorf("%s finds %+v", id, got)
			}
			if got := must(db.ThreadOf(t.Context(), "a1", nil, []string{"none", id})); got != "thread-x" {
				t.Errorf("%s is of thread %q", id, got)
			}
		}
		if _, err := db.TouchByProviderID(t.Context(), "a2", "p2"); err != ErrNotFound {
			t.Error(err)
		}
	})
}

// mark appends an event about an identity that somebody else brings about.
func (f *firm) mark(i *Identity, list ...Mark) *Event {
	return f.append(Event{Kind: EvIdentity, Identity: i, Marks: list})
}

func TestMarksHoldInTheOrderOfEvents(t *testing.T) {
	for _, together := range []bool{true, false} { // in one batch, or each in its own
		each(t, func(t *testing.T, db *DB, _ string) {
			f := newFirm(t, db)
			step := func() {
				if !together {
					f.write()
				}
			}
			e := f.receive("x", "k1", "hello")
			step()
			e2 := f.mark(e.Identity, Mark{Kind: MarkUnreachable, Value: "blocked the bot"})
			unreachableAt := e2.At
			step()
			f.receive("y", "k2", "another")
			step()
			stop := f.mark(e.Identity, Mark{Kind: MarkConsent, Value: "stop"}, Mark{Kind: MarkBlocked, Value: "yes"})
			stopAt := stop.At
			f.write()
			got := must(db.Identity(t.Context(), "i-x"))
			if got.Unreachable != "blocked the bot" || got.UnreachableAt != unreachableAt || got.Consent != "stop" || got.ConsentAt != stopAt || !got.Blocked {
				t.Fatalf("%+v", got)
			}
			f.mark(e.Identity, Mark{Kind: MarkBlocked})
			step()
			f.mark(e.Identity, Mark{Kind: MarkUnreachable, Value: "again"})
			step()
			f.receive("x", "k3", "I am back")
			step()
			f.mark(e.Identity, Mark{Kind: MarkConsent, Value: "start"})
			f.write()
			got = must(db.Identity(t.Context(), "i-x"))
			if got.Unreachable != "" || got.UnreachableAt != 0 || got.Consent != "start" || got.Blocked {
				t.Fatalf("%+v", got)
			}
			if y := must(db.Identity(t.Context(), "i-y")); y.Consent != "" || y.Blocked {
				t.Fatalf("%+v", y)
			}
		})
	}
}

// A STOP that came by the webhook is not undone by an older START that a catch-up or an import brings after it.
func TestConsentIsTheNewestWordOfTheCustomer(t *testing.T) {
	for _, together := range []bool{true, false} {
		each(t, func(t *testing.T, db *DB, _ string) {
			f := newFirm(t, db)
			say := func(key, wish string, ago Millis) (at Millis) {
				e := f.receive("x", key, wish)
				e.Marks = []Mark{{Kind: MarkConsent, Value: wish}}
				e.Touch.At = e.At - ago
				if !together {
					f.write()
				}
				return e.Touch.At
			}
			end := func() {
				if together {
					f.write()
				}
			}
			at := say("k1", "stop", 0)
			say("k2", "start", 3_600_000)
			end()
			if got := must(db.Identity(t.Context(), "i-x")); got.Consent != "stop" || got.ConsentAt != at {
				t.Fatalf("%+v", got)
			}
			at = say("k3", "start", 0)
			end()
			if got := must(db.Identity(t.Context(), "i-x")); got.Consent != "start" || got.ConsentAt != at {
				t.Fatalf("%+v", got)
			}
		})
	}
}

func TestALinkGivesAnIdentityToAnotherCustomer(t *testing.T) {
	for _, together := range []bool{true, false} {
		each(t, func(t *testing.T, db *DB, _ string) {
			f := newFirm(t, db)
			step := func() {
				if !together {
					f.write()
				}
			}
			known := db.IdentityOf("email", "ann@example.org", "")
			f.append(Event{Kind: EvReceived, By: Actor{Kind: "customer"}, Identity: &known, Conversation: f.change("m"),
				Touch: &Touch{Kind: KindMessage, Conversation: "m", Identity: known.ID, Account: "a1", Channel: "email", Inbound: true, Key: "m1", Body: &Body{Text: "a mail"}}})
			step()
			visitor := db.IdentityOf("webchat", "v1", "Visitor")
			link := &channels.Link{Channel: "external", Address: "4711", Name: "Ann Lee", Email: "ann@example.org", Phone: "+989120000001", Evidence: "signed token of the site"}
			chat := func(key string, l *channels.Link) {
				e := f.receive("w", key, "hi")
				e.Identity = &visitor
				e.Touch.Identity, e.Conversation.Identity = visitor.ID, visitor.ID
				if l != nil {
					e.Marks = []Mark{{Kind: MarkLink, Link: l}}
				}
			}
			chat("k1", link)
			step()
			chat("k2", link) // the proof comes with every message
			step()
			chat("k3", nil)
			f.write()

			who := db.IdentityOf("external", "4711", "").Customer
			got := must(db.Identity(t.Context(), visitor.ID))
			if got.Customer != who || got.Evidence != "signed token of the site" {
				t.Fatalf("%+v", got)
			}
			p := must(db.Customer(t.Context(), who))
			if p.Customer.Name != "Ann Lee" || len(p.Identities) != 3 { // the chat, the firm's own number, the telephone
				t.Fatalf("%+v", p)
			}
			if phone := must(db.Identity(t.Context(), db.IdentityOf("sms", "+989120000001", "").ID)); phone.Customer != who {
				t.Errorf("%+v", phone)
			}
			if mail := must(db.Identity(t.Context(), known.ID)); mail.Customer != known.Customer {
				t.Error("an address that somebody has was taken from them")
			}
			// A start link names the customer itself; one that is nobody changes nothing.
			f.mark(&visitor, Mark{Kind: MarkLink, Link: &channels.Link{Customer: known.Customer, Evidence: "start link"}})
			step()
			f.mark(&visitor, Mark{Kind: MarkLink, Link: &channels.Link{Customer: "nobody", Evidence: "forged"}})
			f.write()
			if got := must(db.Identity(t.Context(), visitor.ID)); got.Customer != known.Customer || got.Evidence != "start link" {
				t.Fatalf("%+v", got)
			}
			for _, e := range must(db.Events(t.Context(), 0, 100)) {
				for _, m := range e.Marks {
					if l := m.Link; l != nil && (l.Address != "" || l.Name != "" || l.Email != "" || l.Phone != "") {
						t.Errorf("event %s keeps %+v", e.ID, l)
					}
				}
			}
		})
	}
}

func TestALinkSurvivesARefusedNeighbour(t *testing.T) {
	each(t, func(t *testing.T, db *DB, address string) {
		f := newFirm(t, db)
		visitor := db.IdentityOf("webchat", "v1", "")
		link := Mark{Kind: MarkLink, Link: &channels.Link{Channel: "external", Address: "47\x0011", Name: strings.Repeat("n", 10), Evidence: "token"}}
		e := f.receive("w", "k1", "hi")
		e.Identity, e.Marks = &visitor, []Mark{{Kind: MarkLink, Link: &channels.Link{Channel: "external", Address: "good", Evidence: "token"}}}
		bad := f.receive("v", "k\x00", "hi") // PostgreSQL refuses NUL
		bad.Marks = []Mark{link}
		f.write()
		if got := must(db.Identity(t.Context(), visitor.ID)); got.Customer != db.IdentityOf("external", "good", "").Customer {
			t.Errorf("%+v", got)
		}
		if link.Link.Address != "47\x0011" {
			t.Error("the event itself was changed")
		}
	})
}

func TestSettingsRowsKeepWhatChannelsAdd(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		ctx := t.Context()
		a := must(db.AddAccount(ctx, Account{Kind: "email", Name: "Mail", ImportSince: 5, SilentMins: 10, MaxFileMB: 3}))
		if got := must(db.Account(ctx, a.ID)); got.ImportSince != 5 || got.SilentMins != 10 || got.MaxFileMB != 3 {
			t.Fatalf("%+v", got)
		}
		a.ImportSince, a.SilentMins, a.MaxFileMB = 6, 11, 4
		a = must(db.EditAccount(ctx, a))
		if got := must(db.Account(ctx, a.ID)); got.ImportSince != 5 || got.SilentMins != 11 || got.MaxFileMB != 4 || got.Version != 2 {
			t.Fatalf("%+v", got)
		}
		q := must(db.AddQueue(ctx, Queue{Name: "Q", Signature: "one"}))
		if got := must(db.Queue(ctx, q.ID)); got.Signature != "one" {
			t.Fatalf("%+v", got)
		}
		q.Signature = "two"
		must(db.EditQueue(ctx, q))
		if got := must(db.Queue(ctx, q.ID)); got.Signature != "two" {
			t.Fatalf("%+v", got)
		}
		u := must(db.AddUser(ctx, User{Email: "a@b", Name: "A", Signature: "one"}, ""))
		u.Signature = "two"
		must(db.EditUser(ctx, u, "", ""))
		if got, _, err := db.UserByEmail(ctx, "a@b"); err != nil || got.Signature != "two" {
			t.Fatalf("%+v %v", got, err)
		}
	})
}

func TestRecentWaits(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		f := newFirm(t, db)
		for _, c := range []string{"a", "b", "c"} {
			f.receive(c, c, "question")
			f.now += 5000
			f.reply(c, "u1", "answer")
		}
		f.write()
		for must(db.Measure(t.Context(), &FactRules{}, f.now, 1000)) > 0 {
		}
		if got := must(db.RecentWaits(t.Context(), "q1", 0, 2)); len(got) != 2 || got[0].At-got[0].Asked != 6000 {
			t.Errorf("%v", got)
		}
		if got := must(db.RecentWaits(t.Context(), "q1", f.now+1, 2)); len(got) != 0 {
			t.Errorf("%v", got)
		}
		if got := must(db.RecentWaits(t.Context(), "q2", 0, 2)); len(got) != 0 {
			t.Errorf("%v", got)
		}
	})
}

func TestListsShowTheLastMessageAsItIs(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		f := newFirm(t, db)
		e := f.receive("x", "k1", "")
		for _, name := range []string{"a.jpg", "b.jpg", "c.jpg", "d.jpg"} {
			e.Touch.Body.Files = append(e.Touch.Body.Files, channels.File{Name: name, Kind: "image", Blob: "b"})
		}
		y := f.receive("y", "k2", "words")
		f.append(Event{Kind: EvEdited, By: Actor{Kind: "customer"}, Touch: &Touch{Kind: KindEdit, Conversation: "y", Identity: "i-y", Account: "a1", Channel: "sms",
			Inbound: true, State: StateReceived, Rev: 1, Key: "k3", Of: y.Touch.ID, Body: &Body{Text: "new words"}}})
		f.write()
		for _, v := range must(db.Conversations(t.Context(), Filter{})).Items {
			if v.ID == "y" && (v.Preview.Files != 0 || v.Preview.Text != "new words") || v.ID == "x" && (v.Preview.Files != 4 || v.Preview.FileKind != "image") {
				t.Errorf("%+v", v.Preview)
			}
		}
	})
}

// What a customer changed a message into is found; so is what it said before. Visits are not searched, nor is who has become another.
func TestSearchFindsWhatChannelsAdd(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		f := newFirm(t, db)
		e := f.receive("x", "k1", "kettle")
		f.append(Event{Kind: EvEdited, By: Actor{Kind: "customer"}, Touch: &Touch{Kind: KindEdit, Conversation: "x", Identity: "i-x", Account: "a1", Channel: "sms",
			Inbound: true, State: StateReceived, Rev: 1, Key: "k2", Of: e.Touch.ID, Body: &Body{Text: "teapot"}}})
		f.append(Event{Kind: EvLogged, By: Actor{Kind: "customer"}, Identity: e.Identity, Touch: &Touch{Kind: KindVisit, Identity: "i-x", Account: "a1", Channel: "sms",
			Inbound: true, State: StateReceived, Rev: 1, Key: "k3", Body: &Body{Text: "Samovars"}}})
		f.write()
		index := func() {
			t.Helper()
			for must(db.IndexOnce(t.Context(), 100)) > 0 {
			}
		}
		index()
		for word, want := range map[string]int{"kettle": 1, "teapot": 1, "samovars": 0} {
			if got := must(db.Search(t.Context(), word, 10)); len(got.Messages) != want {
				t.Errorf("%s: %+v", word, got.Messages)
			}
		}
		if got := must(db.Search(t.Context(), "Name", 10)); len(got.Customers) != 1 {
			t.Fatalf("%+v", got)
		}
		f.mark(e.Identity, Mark{Kind: MarkLink, Link: &channels.Link{Channel: "external", Address: "7", Name: "Ann"}})
		f.write()
		index()
		if got := must(db.Search(t.Context(), "Name", 10)); len(got.Customers) != 1 || got.Customers[0].Name != "Ann" { // not who it was taken for before
			t.Errorf("%+v", got)
		}
		if got := must(db.Search(t.Context(), "Ann", 10)); len(got.Customers) != 1 {
			t.Errorf("%+v", got)
		}
	})
}

func TestHasKeys(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		f := newFirm(t, db)
		var keys []string
		for i := range 450 {
			k := fmt.Sprint("k", i)
			keys = append(keys, k, "no "+k)
			f.receive("x", k, "hi")
		}
		f.reply("x", "u1", "the key of an answer is its client's")
		f.write()
		if got := must(db.HasKeys(t.Context(), "a1", keys)); len(got) != 450 || !got["k449"] || got["no k1"] {
			t.Errorf("%d keys", len(got))
		}
		for key, want := range map[string]bool{"k7": true, "no k7": false, "": false, f.convs["x"].LastMessage: false} {
			if got := must(db.HasKeys(t.Context(), "a1", []string{key})); got[key] != want {
				t.Errorf("%q: %v", key, got)
			}
		}
		if got := must(db.HasKeys(t.Context(), "a2", []string{"k7"})); got["k7"] {
			t.Error("of another account")
		}
	})
}
