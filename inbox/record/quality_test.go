package record

import (
	"encoding/json"
	"errors"
	"testing"
)

// What the API's tests try on SQLite alone is the same on both.
func TestListsOfARecordOnBoth(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		ctx := t.Context()
		set := DefaultRecordSetting()
		set.Required = RequirableFields
		attributes := []Attribute{{ID: "a", Of: OfCustomer, Type: TypeText, Required: true}}
		by := Decided{At: 5, By: "u"}
		c := must(db.AddCustomer(ctx, "Ann", []Identity{db.IdentityOf("sms", "+98", "")}, by, nil))
		if _, err := db.AddCustomer(ctx, "Eve", []Identity{db.IdentityOf("sms", "+98", "")}, by, nil); !errors.Is(err, ErrTaken) {
			t.Error(err)
		}
		must(db.AddIdentity(ctx, c.ID, db.IdentityOf("email", "a@b", ""), "", by, nil))
		must2(db.EditCustomer(ctx, c.ID, 0, CustomerEdit{Attributes: Values{"a": json.RawMessage(`"x"`)}}, by, nil))
		for list, want := range map[string]int{"": 1, FixIncomplete: 1, FixStale: 1, FixUnreachable: 0, FixTwins: 0} {
			p, err := db.FixList(ctx, list, &set, attributes, 400*24*3600_000, "9.x", 10)
			if err != nil || len(p.Items) != want || want == 1 && len(p.Items[0].Completeness.Missing) != len(RequirableFields)-2 {
				t.Errorf("%s: %+v %v", list, p, err)
			}
			must(db.FixList(ctx, list, &set, attributes, 1, "", 10))
		}
		if err := db.NoteSeen(ctx, []Seen{{Customer: c.ID, User: "u", At: 7}, {Customer: c.ID, User: "u", At: 7}}); err != nil {
			t.Fatal(err)
		}
		list, _, err := db.AccessOf(ctx, c.ID, 0, 10)
		if err != nil || len(list) != 2 || list[0].What != "seen" || list[1].Fields[0] != "attributes.a" {
			t.Errorf("%+v %v", list, err)
		}
		name := "Firm"
		o := must(db.AddOrganisation(ctx, OrganisationEdit{Name: &name}, by, nil))
		if err := db.SetMember(ctx, o.ID, c.ID, Member{Role: "boss"}, nil); err != nil {
			t.Fatal(err)
		}
		other := must(db.AddCustomer(ctx, "Bob", nil, by, nil))
		must(db.AddRelation(ctx, c.ID, other.ID, "friend", "", by, nil))
		must(db.SayConsent(ctx, c.ID, Consent{Purpose: "survey", State: ConsentGiven}, by, nil))
		m := must(db.RelationMap(ctx, c.ID))
		p := must(db.CustomerRecord(ctx, c.ID, &set, attributes, 9))
		if len(m.Nodes) != 3 || len(m.Edges) != 2 || len(p.Organisations) != 1 || len(p.Relations) != 1 || len(p.Consents) != 1 || len(must(db.Organisation(ctx, o.ID)).Members) != 1 {
			t.Errorf("%+v %+v", m, p)
		}
		if found, _, err := db.Organisations(ctx, "fir", "", 10); err != nil || len(found) != 1 {
			t.Errorf("%+v %v", found, err)
		}
	})
}

// Who is unreachable stands there with the address that failed last; when somebody was first in touch is when that happened; and who stands for
// somebody erased wants no mending.
func TestWhatAListSaysOfSomebody(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		ctx := t.Context()
		f := newFirm(t, db)
		ann := f.receive("1", "k1", "hello").Identity
		rules := rulesNow(db)
		touch, i, err := rules.Touch(Entry{ID: "old", Customer: Who{Phone: "+4530112233"}, Kind: KindCall, At: 7}, Actor{Kind: "agent", ID: "u"})
		if err != nil {
			t.Fatal(err)
		}
		i.Customer, touch.ID = ann.Customer, "old"
		f.append(Event{Kind: EvLogged, Identity: i, Touch: touch})
		f.mark(i, Mark{Kind: MarkUnreachable, Value: "no such number"})
		last := f.mark(ann, Mark{Kind: MarkUnreachable, Value: "blocked the bot"})
		f.write()
		set := DefaultRecordSetting()
		set.Required = []string{FieldName}
		list := func(name string) []FixHit { return must(db.FixList(ctx, name, &set, nil, f.now, "", 10)).Items }
		if l := list(FixUnreachable); len(l) != 1 || l[0].Unreachable != "blocked the bot" || l[0].UnreachableAt != last.At || l[0].Address != ann.Address || l[0].Channel != ann.Channel {
			t.Errorf("%+v", l)
		}
		f.mark(i, Mark{Kind: MarkUnreachable, Value: "the line is dead"})
		f.write()
		if l := list(FixUnreachable); len(l) != 1 || l[0].Unreachable != "the line is dead" || l[0].Address != i.Address {
			t.Errorf("%+v", l)
		}
		p := must(db.CustomerRecord(ctx, ann.Customer, &set, nil, f.now))
		if p.FirstTouch != 7 || p.LastTouch <= p.FirstTouch || p.Customer.CreatedAt <= p.FirstTouch {
			t.Errorf("first touch %d, last %d, of a row of %d", p.FirstTouch, p.LastTouch, p.Customer.CreatedAt)
		}
		bare := must(db.AddCustomer(ctx, "", []Identity{db.IdentityOf("sms", "+98", "")}, Decided{At: 5, By: "u"}, nil))
		if m := must(db.PreviewMerge(ctx, bare.ID, ann.Customer)); m.From.Known != (Known{}) || m.Into.Known != p.Known {
			t.Errorf("%+v %+v", m.From.Known, m.Into.Known)
		}
		c := f.change("1")
		c.Status, c.ReopenUntil = Resolved, 1
		f.append(Event{Kind: EvResolved, Conversation: c})
		f.write()
		gone := must(db.Erase(ctx, ann.Customer, "asked", Decided{At: f.now + 1, By: "u"}, nil))
		if p := must(db.Customer(ctx, gone.Stands)); p.Customer.ErasedAt != gone.At || p.Customer.Name != "" {
			t.Errorf("%+v", p.Customer)
		}
		if l := list(FixIncomplete); len(l) != 1 || l[0].ID != bare.ID {
			t.Errorf("%+v", l)
		}
		if l := list(""); len(l) != 2 || l[0].ErasedAt+l[1].ErasedAt != gone.At {
			t.Errorf("%+v", l)
		}
	})
}
