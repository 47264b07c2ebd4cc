package agentui

import (
	"fmt"
	"strings"
	"testing"

	"tamas/inbox/record"
)

func TestOrganisations(t *testing.T) {
	r := boot(t)
	b, sam := r.as("leyla"), r.as("sam")
	x, y := b.customerOf(r.says("sara", "hi").ID), b.customerOf(r.says("reza", "hi").ID)
	sam.attributes(0, map[string]any{"id": "size", "of": "organisation", "type": "number"})
	var o record.Organisation
	b.ok("POST", "/organisations", map[string]any{"name": "شرکت آب‌ریز", "tags": []string{"b2b"}, "place": map[string]string{"city": "Tabriz"}, "owner": r.users["omid"].ID, "attributes": map[string]any{"size": 12}}, &o)
	if o.Version != 1 || o.Place.City != "Tabriz" || o.Owner != r.users["omid"].ID || string(o.Attributes["size"]) != "12" || len(o.Tags) != 1 {
		t.Fatalf("%+v", o)
	}
	for i := range 3 {
		b.ok("POST", "/organisations", map[string]any{"name": fmt.Sprint("Other ", i)}, nil)
	}
	var list struct {
		Items []record.Organisation `json:"items"`
		Next  string                `json:"next"`
	}
	b.ok("GET", "/organisations?limit=2", nil, &list)
	if len(list.Items) != 2 || list.Items[0].Name != "Other 0" || list.Next == "" {
		t.Fatalf("%+v", list)
	}
	b.ok("GET", "/organisations?limit=2&before="+list.Next, nil, &list)
	if len(list.Items) != 2 || list.Items[1].ID != o.ID || list.Next != "" {
		t.Fatalf("%+v", list)
	}
	b.ok("GET", "/organisations?q=شركت", nil, &list) // with the Arabic letter
	if len(list.Items) != 1 || string(list.Items[0].Attributes["size"]) != "12" {
		t.Fatalf("%+v", list)
	}
	b.refused(422, codeInvalid, "before", "GET", "/organisations?before=none", nil)

	b.ok("PUT", "/organisations/"+o.ID+"/members/"+x, map[string]any{"role": "Buyer", "since": 1000}, nil)
	b.ok("PUT", "/organisations/"+o.ID+"/members/"+x, map[string]any{"role": "Head buyer", "since": 1000}, nil)
	b.ok("PUT", "/organisations/"+o.ID+"/members/"+y, map[string]any{"role": "Clerk", "since": 1000, "until": 2000}, nil)
	b.refused(422, codeInvalid, "until", "PUT", "/organisations/"+o.ID+"/members/"+y, map[string]any{"since": 2, "until": 1})
	b.refused(404, codeNotFound, "", "PUT", "/organisations/"+o.ID+"/members/none", map[string]any{})
	b.refused(404, codeNotFound, "", "PUT", "/organisations/none/members/"+x, map[string]any{})
	var p organisationAnswer
	b.ok("GET", "/organisations/"+o.ID, nil, &p)
	if len(p.Members) != 2 || p.Members[0].Customer != (record.CustomerName{ID: x, Name: "sara"}) || p.Members[0].Role != "Head buyer" || p.Members[1].Until != 2000 {
		t.Fatalf("%+v", p)
	}
	var c record.CustomerRecord
	b.ok("GET", "/customers/"+x, nil, &c)
	if len(c.Organisations) != 1 || c.Organisations[0] != (record.Membership{Organisation: o.ID, Name: "شرکت آب‌ریز", Role: "Head buyer", Since: 1000}) {
		t.Errorf("%+v", c.Organisations)
	}
	// Two members become one and two again.
	var m mergeAnswer
	b.ok("POST", "/customers/"+y+"/merge", map[string]any{"from": x}, &m)
	b.ok("GET", "/organisations/"+o.ID, nil, &p)
	if len(p.Members) != 1 || p.Members[0].Customer.ID != y {
		t.Errorf("%+v", p.Members)
	}
	b.ok("POST", "/merges/"+m.Merge.ID+"/undo", map[string]any{}, nil)
	b.ok("GET", "/organisations/"+o.ID, nil, &p)
	if len(p.Members) != 2 || p.Members[0].Customer.ID != x || p.Members[0].Role != "Head buyer" {
		t.Errorf("%+v", p.Members)
	}
	b.ok("PATCH", "/organisations/"+o.ID, map[string]any{"version": 1, "name": "Ab Riz", "tags": []string{}, "attributes": map[string]any{"size": nil}}, &o)
	if o.Version != 2 || o.Name != "Ab Riz" {
		t.Errorf("%+v", o)
	}
	if a := b.refused(409, codeConflict, "", "PATCH", "/organisations/"+o.ID, map[string]any{"version": 1, "name": "Again"}); a.Current == nil {
		t.Error("no current")
	}
	for field, body := range map[string]any{"name": map[string]any{}, "tags[0]": map[string]any{"name": "x", "tags": []string{"\x01"}}, "attributes.size": map[string]any{"name": "x", "attributes": map[string]any{"size": "big"}},
		"owner": map[string]any{"name": "x", "owner": "x"}, "place.country": map[string]any{"name": "x", "place": map[string]string{"country": "x"}}} {
		b.refused(422, codeInvalid, field, "POST", "/organisations", body)
	}
	b.ok("DELETE", "/organisations/"+o.ID+"/members/"+y, nil, nil)
	b.refused(404, codeNotFound, "", "DELETE", "/organisations/"+o.ID+"/members/"+y, nil)
	b.refused(403, codeForbidden, "", "DELETE", "/organisations/"+o.ID+"?version=2", nil)
	sam.refused(409, codeConflict, "", "DELETE", "/organisations/"+o.ID+"?version=1", nil)
	sam.ok("DELETE", "/organisations/"+o.ID+"?version=2", nil, nil)
	b.refused(404, codeNotFound, "", "GET", "/organisations/"+o.ID, nil)
	c = record.CustomerRecord{}
	b.ok("GET", "/customers/"+x, nil, &c)
	if len(c.Organisations) != 0 {
		t.Errorf("%+v", c.Organisations)
	}
}

func TestRelationsAndTheirMap(t *testing.T) {
	r := boot(t)
	b := r.as("leyla")
	who := map[string]string{}
	for _, name := range []string{"sara", "reza", "mina", "far", "away"} {
		who[name] = b.customerOf(r.says(name, "hi").ID)
	}
	relate := func(a, kind, other string) (rel record.Relation) {
		b.ok("POST", "/customers/"+who[a]+"/relations", map[string]any{"other": who[other], "kind": kind, "text": "since school"}, &rel)
		return rel
	}
	rel := relate("sara", "parent", "reza")
	relate("reza", "friend", "mina")
	relate("mina", "friend", "far")
	relate("far", "friend", "away")
	b.refused(422, codeInvalid, "kind", "POST", "/customers/"+who["sara"]+"/relations", map[string]any{"other": who["reza"], "kind": "parent"})
	b.refused(422, codeInvalid, "kind", "POST", "/customers/"+who["sara"]+"/relations", map[string]any{"other": who["reza"], "kind": "rival"})
	b.refused(422, codeInvalid, "other", "POST", "/customers/"+who["sara"]+"/relations", map[string]any{"other": who["sara"], "kind": "friend"})
	b.refused(422, codeInvalid, "other", "POST", "/customers/"+who["sara"]+"/relations", map[string]any{"other": "none", "kind": "friend"})
	b.refused(404, codeNotFound, "", "POST", "/customers/none/relations", map[string]any{"other": who["sara"], "kind": "friend"})
	page := func(name string) string {
		var c record.CustomerRecord
		b.ok("GET", "/customers/"+who[name], nil, &c)
		var out []string
		for _, r := range c.Relations {
			out = append(out, fmt.Sprint(r.Other.Name, " ", r.Kind, " ", r.Back))
		}
		return strings.Join(out, ", ")
	}
	if got := page("sara"); got != "reza parent false" {
		t.Error(got)
	}
	if got := page("reza"); got != "mina friend false, sara parent true" {
		t.Error(got)
	}
	var o record.Organisation
	b.ok("POST", "/organisations", map[string]any{"name": "Firm"}, &o)
	b.ok("PUT", "/organisations/"+o.ID+"/members/"+who["sara"], map[string]any{"role": "boss"}, nil)
	draw := func(path string) (nodes, edges string) {
		var m record.Map
		b.ok("GET", path, nil, &m)
		name := map[string]string{}
		for _, n := range m.Nodes {
			name[n.ID] = n.Name
			nodes += fmt.Sprint(n.Name, n.Step, " ")
		}
		for _, e := range m.Edges {
			edges += fmt.Sprint(name[e.From], "-", e.Kind, "-", name[e.To], " ")
		}
		return nodes, edges
	}
	if nodes, edges := draw("/customers/" + who["sara"] + "/map"); nodes != "sara0 reza1 Firm1 mina2 " || edges != "sara-parent-reza sara-member-Firm reza-friend-mina " {
		t.Errorf("%s\n%s", nodes, edges)
	}
	if nodes, edges := draw("/organisations/" + o.ID + "/map"); nodes != "Firm0 sara1 reza2 " || edges != "sara-member-Firm sara-parent-reza " {
		t.Errorf("%s\n%s", nodes, edges)
	}
	b.refused(404, codeNotFound, "", "GET", "/customers/none/map", nil)
	// Who are one have no relation to themselves; parted again they have it back.
	var m mergeAnswer
	b.ok("POST", "/customers/"+who["sara"]+"/merge", map[string]any{"from": who["reza"]}, &m)
	if got := page("sara"); got != "mina friend false" {
		t.Error(got)
	}
	b.ok("POST", "/merges/"+m.Merge.ID+"/undo", map[string]any{}, nil)
	if got := page("sara"); got != "reza parent false" {
		t.Error(got)
	}
	b.ok("DELETE", "/relations/"+rel.ID, nil, nil)
	b.refused(404, codeNotFound, "", "DELETE", "/relations/"+rel.ID, nil)
	if got := page("sara"); got != "" {
		t.Error(got)
	}
}

func TestConsentsAndPins(t *testing.T) {
	r := boot(t)
	b := r.as("leyla")
	conv := r.says("sara", "hi")
	x, y := b.customerOf(conv.ID), b.customerOf(r.says("reza", "hi").ID)
	var list items[record.Consent]
	b.ok("PUT", "/customers/"+x+"/consents", map[string]any{"channel": "hand", "purpose": "marketing", "state": "given", "evidence": "form of May"}, &list)
	b.ok("PUT", "/customers/"+x+"/consents", map[string]any{"channel": "hand", "purpose": "marketing", "state": "refused"}, &list)
	b.ok("PUT", "/customers/"+x+"/consents", map[string]any{"purpose": "survey", "state": "given"}, &list)
	if len(list.Items) != 2 || record.Consented(list.Items, "", "hand", "marketing") != "refused" || record.Consented(list.Items, "", "sms", "marketing") != "" || record.Consented(list.Items, "", "sms", "survey") != "given" {
		t.Fatalf("%+v", list.Items)
	}
	for field, body := range map[string]any{"purpose": map[string]any{"purpose": "spying", "state": "given"}, "state": map[string]any{"purpose": "survey", "state": "maybe"}, "channel": map[string]any{"channel": "No!", "purpose": "survey", "state": "given"}} {
		b.refused(422, codeInvalid, field, "PUT", "/customers/"+x+"/consents", body)
	}
	b.refused(404, codeNotFound, "", "PUT", "/customers/none/consents", map[string]any{"purpose": "survey", "state": "given"})
	b.refused(404, codeNotFound, "", "GET", "/customers/none/consents", nil)
	b.ok("GET", "/customers/"+x+"/consents", nil, &list)
	if len(list.Items) != 3 || list.Items[2].Evidence != "form of May" || list.Items[2].By != r.users["leyla"].ID {
		t.Errorf("%+v", list.Items)
	}
	// A refusal keeps nobody from answering.
	b.ok("POST", "/conversations/"+conv.ID+"/claim", map[string]any{}, nil)
	b.ok("POST", "/conversations/"+conv.ID+"/reply", map[string]any{"text": "Hello"}, nil)

	var line record.Timeline
	b.ok("GET", "/customers/"+x+"/touches", nil, &line)
	touch := line.Items[0].ID
	b.ok("POST", "/touches/"+touch+"/pin", nil, nil)
	b.ok("POST", "/touches/"+touch+"/pin", nil, nil)
	var c record.CustomerRecord
	b.ok("GET", "/customers/"+x, nil, &c)
	if len(c.Pins) != 1 || c.Pins[0].ID != touch || c.Pins[0].Body == nil || c.Pins[0].Number != conv.Number || c.Pins[0].PinnedBy != r.users["leyla"].ID || len(c.Consents) != 2 {
		t.Errorf("%+v", c)
	}
	b.ok("POST", "/customers/"+y+"/merge", map[string]any{"from": x}, nil)
	b.ok("GET", "/customers/"+y, nil, &c)
	if len(c.Pins) != 1 || len(c.Consents) != 2 {
		t.Errorf("%+v", c)
	}
	b.ok("DELETE", "/touches/"+touch+"/pin", nil, nil)
	b.refused(404, codeNotFound, "", "POST", "/touches/none/pin", nil)
	c = record.CustomerRecord{}
	b.ok("GET", "/customers/"+y, nil, &c)
	if len(c.Pins) != 0 {
		t.Errorf("%+v", c.Pins)
	}
}

func TestSummaries(t *testing.T) {
	r := boot(t)
	b, sam := r.as("leyla"), r.as("sam")
	conv := r.says("sara", "hi")
	x := b.customerOf(conv.ID)
	b.ok("POST", "/touches", map[string]any{"id": "p1", "kind": "purchase", "customer": map[string]string{"id": x}, "data": map[string]any{"amount": "12.5", "currency": "EUR", "cost": 5}}, nil)
	var o record.Organisation
	b.ok("POST", "/organisations", map[string]any{"name": "Firm"}, &o)
	b.ok("PUT", "/organisations/"+o.ID+"/members/"+x, map[string]any{}, nil)
	for _, path := range []string{"/customers/" + x, "/organisations/" + o.ID} {
		var sum record.Summary
		b.ok("GET", path+"/summary?calendar=jalali", nil, &sum)
		if len(sum.Value) != 1 || sum.Value[0].Money.String() != "12.5" || sum.Value[0].Margin.String() != "7.5" || len(sum.Channels) != 2 || len(sum.Months) != 1 || sum.Months[0].Month > "1500" || sum.Open.Conversations != 1 {
			t.Errorf("%s: %+v", path, sum)
		}
		var line record.Timeline
		b.ok("GET", path+"/touches?value="+sum.Value[0].From.Value, nil, &line)
		if len(line.Items) != 1 || line.Items[0].Data.Cost.String() != "5" {
			t.Errorf("%+v", line.Items)
		}
	}
	b.refused(422, codeInvalid, "calendar", "GET", "/customers/"+x+"/summary?calendar=mayan", nil)
	b.refused(404, codeNotFound, "", "GET", "/customers/none/summary", nil)
	b.refused(404, codeNotFound, "", "GET", "/organisations/none/summary", nil)
	b.refused(404, codeNotFound, "", "GET", "/organisations/none/touches", nil)
	set := record.DefaultRecordSetting()
	set.FieldRoles = map[string]record.Limit{"cost": {See: []string{"supervisor"}}}
	sam.ok("PUT", "/settings/record", map[string]any{"version": 0, "value": set}, nil)
	for who, cost := range map[*browser]string{b: "0", sam: "5"} {
		var sum record.Summary
		who.ok("GET", "/customers/"+x+"/summary", nil, &sum)
		var line record.Timeline
		who.ok("GET", "/customers/"+x+"/touches?kind=purchase", nil, &line)
		if sum.Value[0].Cost.String() != cost || line.Items[0].Data.Cost.String() != cost || line.Items[0].Data.Amount == 0 {
			t.Errorf("%s: %+v %+v", cost, sum.Value, line.Items[0].Data)
		}
	}
}
