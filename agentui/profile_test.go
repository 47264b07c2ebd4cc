package agentui

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"tamas/inbox/record"
)

// attributes saves definitions over those of a version.
func (b *browser) attributes(version int, list ...map[string]any) settingView[[]record.Attribute] {
	b.r.t.Helper()
	for _, a := range list {
		for k, v := range map[string]any{"of": "customer", "group": "demographic", "type": "text", "name": map[string]string{"en": fmt.Sprint(a["id"])}} {
			if a[k] == nil {
				a[k] = v
			}
		}
	}
	var v settingView[[]record.Attribute]
	b.ok("PUT", "/settings/attributes", map[string]any{"version": version, "value": list}, &v)
	return v
}

func TestProfileOfACustomer(t *testing.T) {
	r := boot(t)
	b, sam := r.as("leyla"), r.as("sam")
	id := b.customerOf(r.says("sara", "hi").ID)
	sam.attributes(0, map[string]any{"id": "birthday", "type": "date"}, map[string]any{"id": "likes", "type": "choices", "options": []map[string]any{{"id": "tea", "name": map[string]string{"fa": "چای"}}}},
		map[string]any{"id": "rank", "of": "organisation"})

	path := "/customers/" + id
	var c record.Customer
	b.ok("PATCH", path, map[string]any{"tags": []string{" vip "}, "languages": []string{"FA", "en-gb"}, "time_zone": "Asia/Tehran", "owner": r.users["omid"].ID, "stage": "active", "stage_why": "bought",
		"place": map[string]string{"country": "IR", "city": "شیراز"}, "attributes": map[string]any{"birthday": "1990-03-21", "likes": []string{"tea"}}}, &c)
	want := record.Customer{Tags: []string{"vip"}, Languages: []string{"fa", "en-GB"}, TimeZone: "Asia/Tehran", Owner: r.users["omid"].ID, Stage: "active", Place: &record.Place{Country: "IR", City: "شیراز"},
		Attributes: record.Values{"birthday": json.RawMessage(`"1990-03-21"`), "likes": json.RawMessage(`["tea"]`)}}
	same := func(c record.Customer) {
		t.Helper()
		c.ID, c.Name, c.CreatedAt, c.Version = "", "", 0, 0
		if c.ConfirmedAt == 0 {
			t.Error("it is not said to be fresh")
		}
		c.ConfirmedAt = 0
		got, _ := json.Marshal(c)
		if want, _ := json.Marshal(want); string(got) != string(want) {
			t.Errorf("%s, want %s", got, want)
		}
	}
	same(c)
	var p record.CustomerPage
	b.ok("GET", path, nil, &p)
	same(p.Customer)
	c = record.Customer{}
	b.ok("PATCH", path, map[string]any{"attributes": map[string]any{"likes": nil}, "owner": ""}, &c)
	want.Owner, want.Attributes = "", record.Values{"birthday": json.RawMessage(`"1990-03-21"`)}
	same(c)
	c = record.Customer{}
	b.ok("PATCH", path, map[string]any{"confirmed": true}, &c)
	same(c)

	for _, x := range []struct {
		field string
		body  any
	}{
		{"name", map[string]any{}}, {"tags[0]", map[string]any{"tags": []string{"a\x00b"}}}, {"tags[1]", map[string]any{"tags": []string{"a", "a"}}},
		{"languages[0]", map[string]any{"languages": []string{"klingonish!"}}}, {"time_zone", map[string]any{"time_zone": "Mars/Base"}},
		{"place.country", map[string]any{"place": map[string]string{"country": "Iran"}}}, {"place.country", map[string]any{"place": map[string]string{"country": "ZZ"}}}, {"place.city", map[string]any{"place": map[string]string{"city": strings.Repeat("x", 121)}}},
		{"owner", map[string]any{"owner": "nobody"}}, {"stage", map[string]any{"stage": "dancing"}}, {"attributes.birthday", map[string]any{"attributes": map[string]any{"birthday": "1990-02-30"}}},
		{"attributes.likes", map[string]any{"attributes": map[string]any{"likes": []string{"coffee"}}}}, {"attributes.none", map[string]any{"attributes": map[string]any{"none": 1}}},
		{"attributes.rank", map[string]any{"attributes": map[string]any{"rank": "x"}}}, {"more", map[string]any{"more": 1}},
	} {
		b.refused(422, codeInvalid, x.field, "PATCH", path, x.body)
	}
	b.refused(404, codeNotFound, "", "PATCH", "/customers/none", map[string]any{"confirmed": true})

	// The audit names what is personal and does not repeat it.
	var log auditAnswer
	sam.ok("GET", "/audit?action=customer.change&subject="+id, nil, &log)
	text, _ := json.Marshal(log)
	if !strings.Contains(string(text), `"attributes.birthday"`) || !strings.Contains(string(text), `"stage":"active"`) || strings.Contains(string(text), "1990") || strings.Contains(string(text), "شیراز") {
		t.Errorf("%s", text)
	}
}

func TestAttributeDefinitions(t *testing.T) {
	r := boot(t)
	b, sam := r.as("leyla"), r.as("sam")
	id := b.customerOf(r.says("sara", "hi").ID)
	option := func(ids ...string) (list []map[string]any) {
		for _, id := range ids {
			list = append(list, map[string]any{"id": id, "name": map[string]string{"en": id}})
		}
		return list
	}
	v := sam.attributes(0, map[string]any{"id": "size", "type": "choice", "options": option("s", "m")}, map[string]any{"id": "motto"})
	b.ok("PATCH", "/customers/"+id, map[string]any{"attributes": map[string]any{"size": "s", "motto": "on"}}, nil)
	// What is left out is archived and keeps its values.
	v = sam.attributes(int(v.Version), map[string]any{"id": "size", "type": "choice", "options": option("m", "l")})
	if len(v.Value) != 2 || !v.Value[1].Archived || v.Value[1].ID != "motto" || len(v.Value[0].Options) != 3 || !v.Value[0].Options[2].Archived || v.Value[0].Options[2].ID != "s" {
		t.Fatalf("%+v", v.Value)
	}
	var p record.CustomerPage
	b.ok("GET", "/customers/"+id, nil, &p)
	if string(p.Customer.Attributes["size"]) != `"s"` || string(p.Customer.Attributes["motto"]) != `"on"` {
		t.Errorf("%s", p.Customer.Attributes)
	}
	b.refused(422, codeInvalid, "attributes.motto", "PATCH", "/customers/"+id, map[string]any{"attributes": map[string]any{"motto": "off"}})
	b.refused(422, codeInvalid, "attributes.size", "PATCH", "/customers/"+id, map[string]any{"attributes": map[string]any{"size": "s"}})
	b.ok("PATCH", "/customers/"+id, map[string]any{"attributes": map[string]any{"motto": nil}}, nil)

	one := map[string]any{"id": "x", "of": "customer", "group": "product", "type": "text", "name": map[string]string{"en": "X"}}
	with := func(field string, value any) []map[string]any {
		m := map[string]any{}
		for k, v := range one {
			m[k] = v
		}
		m[field] = value
		return []map[string]any{m}
	}
	for _, x := range []struct {
		field string
		value any
	}{
		{"value[0].id", with("id", "No Good")}, {"value[0].of", with("of", "dog")}, {"value[0].type", with("type", "blob")}, {"value[0].group", with("group", "")},
		{"value[0].name", with("name", map[string]string{})}, {"value[0].see", with("see", []string{"king"})}, {"value[0].options", with("options", option("a"))},
		{"value[0].options", with("type", "choice")}, {"value[1].id", []map[string]any{one, one}},
		{"value[0].type", []map[string]any{{"id": "size", "of": "customer", "group": "product", "type": "text", "name": map[string]string{"en": "X"}}}},
	} {
		sam.refused(422, codeInvalid, x.field, "PUT", "/settings/attributes", map[string]any{"version": v.Version, "value": x.value})
	}
	sam.refused(409, codeConflict, "", "PUT", "/settings/attributes", map[string]any{"version": v.Version - 1, "value": []any{one}})
	b.refused(403, codeForbidden, "", "PUT", "/settings/attributes", map[string]any{"version": v.Version, "value": []any{one}})

	var set settingView[record.RecordSetting]
	b.ok("GET", "/settings/record", nil, &set)
	if set.Version != 0 || len(set.Value.Stages) != 7 || !slices.ContainsFunc(set.Value.RelationKinds, func(k record.RelationKind) bool { return k.ID == "parent" && k.Back.EN == "Child" }) {
		t.Fatalf("%+v", set)
	}
	next := set.Value
	next.Stages, next.StaleDays, next.FieldRoles = next.Stages[:1], 10, map[string]record.Limit{"place": {See: []string{"supervisor"}}}
	sam.ok("PUT", "/settings/record", map[string]any{"version": 0, "value": next}, &set)
	if set.Version != 1 || len(set.Value.Stages) != 7 || !set.Value.Stages[1].Archived || set.Value.Stages[0].Archived {
		t.Errorf("%+v", set)
	}
	b.refused(422, codeInvalid, "stage", "PATCH", "/customers/"+id, map[string]any{"stage": "loyal"})
	for field, change := range map[string]func(v *record.RecordSetting){
		"value.stale_days":             func(v *record.RecordSetting) { v.StaleDays = -1 },
		"value.required_fields[0]":     func(v *record.RecordSetting) { v.Required = []string{"shoe"} },
		"value.field_roles":            func(v *record.RecordSetting) { v.FieldRoles = map[string]record.Limit{"shoe": {}} },
		"value.field_roles.place.edit": func(v *record.RecordSetting) { v.FieldRoles = map[string]record.Limit{"place": {Edit: []string{"x"}}} },
		"value.stages[0].id":           func(v *record.RecordSetting) { v.Stages = []record.Option{{ID: "X Y"}} },
		"value.relation_kinds[0].name": func(v *record.RecordSetting) { v.RelationKinds = []record.RelationKind{{ID: "x"}} },
	} {
		bad := set.Value
		change(&bad)
		sam.refused(422, codeInvalid, field, "PUT", "/settings/record", map[string]any{"version": 1, "value": bad})
	}
}

// What is kept from a role is in no answer for it, and it cannot change it.
func TestFieldsKeptFromRoles(t *testing.T) {
	r := boot(t)
	b, sam := r.as("leyla"), r.as("sam")
	x, y := b.customerOf(r.says("sara", "hi").ID), b.customerOf(r.says("reza", "hi").ID)
	sam.attributes(0, map[string]any{"id": "secret", "see": []string{"supervisor"}}, map[string]any{"id": "fixed", "edit": []string{"supervisor"}})
	set := record.DefaultRecordSetting()
	set.FieldRoles = map[string]record.Limit{"tags": {See: []string{"supervisor"}}, "place": {See: []string{"admin"}}, "owner": {Edit: []string{"supervisor"}}}
	sam.ok("PUT", "/settings/record", map[string]any{"version": 0, "value": set}, nil)
	for _, id := range []string{x, y} {
		r.as("ada").ok("PATCH", "/customers/"+id, map[string]any{"tags": []string{"hushhush"}, "place": map[string]string{"city": "hushhush"}, "owner": r.users["sam"].ID,
			"attributes": map[string]any{"secret": "hushhush", "fixed": "stays"}}, nil)
	}
	looks := func(b *browser, path string, sees bool) {
		t.Helper()
		a := b.call("GET", path, nil)
		if a.status != 200 || strings.Contains(string(a.body), "hushhush") != sees {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	paths := []string{"/customers/" + x, "/customers/" + x + "/merge?from=" + y}
	for _, p := range paths {
		looks(b, p, false)
		looks(sam, p, true)
	}
	for field, body := range map[string]any{"tags": map[string]any{"tags": []string{}}, "place": map[string]any{"place": map[string]string{}}, "owner": map[string]any{"owner": ""},
		"attributes.secret": map[string]any{"attributes": map[string]any{"secret": nil}}, "attributes.fixed": map[string]any{"attributes": map[string]any{"fixed": "x"}}} {
		b.refused(403, codeForbidden, field, "PATCH", "/customers/"+x, body)
	}
	sam.refused(403, codeForbidden, "place", "PATCH", "/customers/"+x, map[string]any{"place": map[string]string{}})
	a := b.call("PATCH", "/customers/"+x, map[string]any{"name": "Sara", "version": 1})
	if a.status != 409 || strings.Contains(string(a.body), "hushhush") || !strings.Contains(string(a.body), "stays") {
		t.Errorf("%d %s", a.status, a.body)
	}
	var m mergeAnswer
	b.ok("POST", "/customers/"+x+"/merge", map[string]any{"from": y}, &m)
	for _, p := range []string{"/customers/" + y, "/merges/" + m.Merge.ID} {
		looks(b, p, false)
		looks(sam, p, true)
	}
	if a := b.call("POST", "/merges/"+m.Merge.ID+"/undo", map[string]any{}); a.status != 200 || strings.Contains(string(a.body), "hushhush") {
		t.Errorf("%d %s", a.status, a.body)
	}
}
