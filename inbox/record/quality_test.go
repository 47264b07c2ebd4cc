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
		c := must(db.AddCustomer(ctx, "Ann", []Identity{IdentityOf("sms", "+98", "")}, by, nil))
		if _, err := db.AddCustomer(ctx, "Eve", []Identity{IdentityOf("sms", "+98", "")}, by, nil); !errors.Is(err, ErrTaken) {
			t.Error(err)
		}
		must(db.AddIdentity(ctx, c.ID, IdentityOf("email", "a@b", ""), "", by, nil))
		must2(db.EditCustomer(ctx, c.ID, 0, CustomerEdit{Attributes: Values{"a": json.RawMessage(`"x"`)}}, by, nil))
		for list, want := range map[string]int{"": 1, FixIncomplete: 1, FixStale: 1, FixUnreachable: 0, FixTwins: 0} {
			p, err := db.FixList(ctx, list, &set, attributes, 400*24*3600_000, "9.x", 10)
			if err != nil || len(p.Items) != want || want == 1 && len(p.Items[0].Completeness.Missing) != len(RequirableFields)-2 {
				t.Errorf("%s: %+v %v", list, p, err)
			}
			must(db.FixList(ctx, list, &set, attributes, 1, "", 10))
		}
		if err := db.NoteSeen(ctx, []Seen{{c.ID, "u", 7}, {c.ID, "u", 7}}); err != nil {
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
