package agentui

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"tamas/inbox/record"
)

func TestCustomersMadeByHand(t *testing.T) {
	r := boot(t)
	b := r.as("leyla")
	var c record.Customer
	b.ok("POST", "/customers", map[string]any{"name": "Sara", "identities": []map[string]string{{"channel": "phone", "address": "+98 912 000 00 01"}, {"channel": "email", "address": "Sara@Example.com"},
		{"channel": "phone", "address": "۰۰۹۸۹۱۲۰۰۰۰۰۰۱"}, {"channel": "hand", "address": "sara"}}}, &c)
	var p record.CustomerRecord
	b.ok("GET", "/customers/"+c.ID, nil, &p)
	var has []string
	for _, i := range p.Identities {
		has = append(has, i.Channel+" "+i.Address)
		if i.Link == nil || i.Link.Kind != record.LinkHand || i.Link.By != r.users["leyla"].ID || i.Link.Verified {
			t.Errorf("%+v", i.Link)
		}
	}
	slices.Sort(has)
	if !slices.Equal(has, []string{"email sara@example.com", "hand sara", "sms +989120000001"}) || p.Customer.Name != "Sara" {
		t.Errorf("%q", has)
	}
	// What comes from the address is this customer's.
	if got := b.customerOf(r.says("sara", "hi").ID); got != c.ID {
		t.Errorf("the message is of %s, want %s", got, c.ID)
	}
	taken := b.refused(409, codeConflict, "identities[0].address", "POST", "/customers", map[string]any{"identities": []map[string]string{{"channel": "email", "address": "sara@example.com"}}})
	if who, _ := taken.Current.(map[string]any); who["id"] != c.ID || who["name"] != "Sara" {
		t.Errorf("%+v", taken.Current)
	}
	var i record.Identity
	b.ok("POST", "/customers/"+c.ID+"/identities", map[string]any{"channel": "external", "address": "77", "evidence": "said so on the phone"}, &i)
	if i.Customer != c.ID || i.Evidence != "said so on the phone" {
		t.Errorf("%+v", i)
	}
	b.refused(409, codeConflict, "address", "POST", "/customers/"+c.ID+"/identities", map[string]any{"channel": "external", "address": "77"})
	b.refused(404, codeNotFound, "", "POST", "/customers/none/identities", map[string]any{"channel": "external", "address": "78"})
	for field, body := range map[string]any{"name": map[string]any{}, "identities[0].address": map[string]any{"identities": []map[string]string{{"channel": "phone", "address": "tomorrow"}}},
		"identities[1].channel": map[string]any{"identities": []map[string]string{{"channel": "hand", "address": "x"}, {"channel": "customer", "address": "x"}}}} {
		b.refused(422, codeInvalid, field, "POST", "/customers", body)
	}
	var nobody record.Customer
	b.ok("POST", "/customers", map[string]any{"name": "Nobody yet"}, &nobody)
	b.ok("GET", "/customers/"+nobody.ID, nil, &p)
}

func TestFixLists(t *testing.T) {
	r := boot(t)
	b, sam := r.as("leyla"), r.as("sam")
	sam.attributes(0, map[string]any{"id": "size", "required": true})
	set := record.DefaultRecordSetting()
	set.Required = []string{"name", "place", "address", "tags"}
	sam.ok("PUT", "/settings/record", map[string]any{"version": 0, "value": set}, nil)
	who := map[string]string{}
	for _, name := range []string{"whole", "half", "merged"} {
		who[name] = b.customerOf(r.says(name, "hi").ID)
	}
	b.ok("PATCH", "/customers/"+who["whole"], map[string]any{"place": map[string]string{"city": "Yazd"}, "attributes": map[string]any{"size": "xl"}}, nil)
	b.ok("PATCH", "/customers/"+who["merged"], map[string]any{"tags": []string{"a"}}, nil)
	b.ok("PATCH", "/customers/"+who["half"], map[string]any{"place": map[string]string{"city": "Qom"}}, nil)
	b.ok("POST", "/customers/"+who["whole"]+"/merge", map[string]any{"from": who["merged"]}, nil) // its tags count
	list := func(query string) (p record.FixPage, names string) {
		b.ok("GET", "/customers?"+query, nil, &p)
		var out []string
		for _, h := range p.Items {
			out = append(out, fmt.Sprintf("%s%v%d", h.Name, h.Completeness.Missing, h.Completeness.Percent))
			var c record.CustomerRecord // it says what the page says
			b.ok("GET", "/customers/"+h.ID, nil, &c)
			if slices.Sort(c.Completeness.Missing); c.Completeness.Percent != h.Completeness.Percent || c.Completeness.Stale != h.Completeness.Stale || !slices.Equal(c.Completeness.Missing, slices.Sorted(slices.Values(h.Completeness.Missing))) {
				t.Errorf("%+v, the page says %+v", h.Completeness, c.Completeness)
			}
		}
		return p, strings.Join(out, " ")
	}
	p, names := list("fix=incomplete")
	if names != "half[tags attributes.size]60" || p.Counts["incomplete"] != 1 || p.Counts["stale"] != 0 || p.Counts["twins"] != 0 {
		t.Errorf("%s %+v", names, p)
	}
	if _, names := list("fix=stale"); names != "" {
		t.Error(names)
	}
	if _, names := list(""); names != "half[tags attributes.size]60 whole[]100" {
		t.Error(names)
	}
	p, names = list("limit=1")
	if _, rest := list("limit=1&before=" + url.QueryEscape(p.Next)); names != "half[tags attributes.size]60" || rest != "whole[]100" {
		t.Errorf("%s, %s", names, rest)
	}
	b.refused(422, codeInvalid, "fix", "GET", "/customers?fix=everything", nil)
	b.refused(422, codeInvalid, "before", "GET", "/customers?fix=stale&before=x", nil)
}

func TestWhoHasSeenARecord(t *testing.T) {
	r := boot(t)
	b, sam := r.as("leyla"), r.as("sam")
	x, y := b.customerOf(r.says("sara", "hi").ID), b.customerOf(r.says("reza", "hi").ID)
	for range 3 {
		b.ok("GET", "/customers/"+x, nil, nil)
	}
	b.ok("PATCH", "/customers/"+x, map[string]any{"place": map[string]string{"city": "Yazd"}}, nil)
	b.ok("PATCH", "/customers/"+x, map[string]any{"name": "Sara K."}, nil)
	b.ok("PUT", "/customers/"+x+"/consents", map[string]any{"purpose": "survey", "state": "given"}, nil)
	b.refused(403, codeForbidden, "", "GET", "/customers/"+x+"/access", nil)
	var a struct {
		Items []record.Access `json:"items"`
		Next  string          `json:"next"`
	}
	told := func(id, query string) string {
		a.Items, a.Next = nil, ""
		sam.ok("GET", "/customers/"+id+"/access?"+query, nil, &a)
		var out []string
		for _, x := range a.Items {
			if x.By != r.users["leyla"].ID {
				t.Errorf("%+v", x)
			}
			history, _ := json.Marshal(x.History)
			out = append(out, fmt.Sprint(x.What, " ", x.How, x.Action, x.Fields, string(history)))
		}
		return strings.Join(out, "; ")
	}
	want := `changed customer.consent[]null; changed customer.change[name][{"field":"name","was":"sara","value":"Sara K."}]; changed customer.change[place][{"field":"place","was":null,"value":{"city":"Yazd"}}]; seen []null; seen conversation[]null`
	r.until("it is noted", func() bool { return told(x, "") == want })
	first := told(x, "limit=3")
	if rest := told(x, "limit=3&before="+a.Next); first+"; "+rest != want || a.Next != "" {
		t.Errorf("%s; %s", first, rest)
	}
	// Whoever sees one sees what was merged into it.
	var m mergeAnswer
	b.ok("POST", "/customers/"+x+"/merge", map[string]any{"from": y}, &m)
	b.ok("GET", "/customers/"+x, nil, nil)
	b.ok("POST", "/merges/"+m.Merge.ID+"/undo", map[string]any{}, nil)
	r.until("the merged one too", func() bool { return told(y, "") == "seen []null; seen conversation[]null" })
	if all := told(x, ""); strings.Count(all, "seen []") != 1 {
		t.Errorf("seen again within minutes is noted again: %s", all)
	}
	// Whoever exports it, or a list that it may be on, has seen it.
	if a := r.as("ada").call("GET", "/exports/customers.csv", nil); a.status != 200 {
		t.Errorf("%d", a.status)
	}
	if a := r.as("ada").call("GET", "/customers/"+x+"/export", nil); a.status != 200 {
		t.Errorf("%d", a.status)
	}
	a.Items = nil
	sam.ok("GET", "/customers/"+x+"/access", nil, &a)
	for i, action := range []string{"customer.export", "export.customers"} {
		if e := a.Items[i]; e.What != "seen" || e.How != record.SeenExport || e.Action != action || e.By != r.users["ada"].ID {
			t.Errorf("%+v", e)
		}
	}
	sam.refused(404, codeNotFound, "", "GET", "/customers/none/access", nil)
	sam.refused(422, codeInvalid, "before", "GET", "/customers/"+x+"/access?before=x", nil)
}

func TestAttributesOfAConversation(t *testing.T) {
	r := boot(t)
	b, sam := r.as("leyla"), r.as("sam")
	id := r.says("sara", "hi").ID
	sam.attributes(0, map[string]any{"id": "cause", "of": "conversation"}, map[string]any{"id": "hush", "of": "conversation", "see": []string{"supervisor"}})
	var out struct{ Attributes record.Values }
	sam.ok("POST", "/conversations/"+id+"/attributes", map[string]any{"attributes": map[string]any{"cause": "late", "hush": "hush"}}, &out)
	if len(out.Attributes) != 2 {
		t.Errorf("%s", out.Attributes)
	}
	out.Attributes = nil
	b.ok("GET", "/conversations/"+id, nil, &out)
	if len(out.Attributes) != 1 || string(out.Attributes["cause"]) != `"late"` {
		t.Errorf("%s", out.Attributes)
	}
	out.Attributes = nil
	b.ok("POST", "/conversations/"+id+"/attributes", map[string]any{"attributes": map[string]any{"cause": nil}}, &out)
	if len(out.Attributes) != 0 {
		t.Errorf("%s", out.Attributes)
	}
	b.refused(403, codeForbidden, "attributes.hush", "POST", "/conversations/"+id+"/attributes", map[string]any{"attributes": map[string]any{"hush": nil}})
	b.refused(422, codeInvalid, "attributes", "POST", "/conversations/"+id+"/attributes", map[string]any{"attributes": map[string]any{}})
	b.refused(422, codeInvalid, "attributes.cause", "POST", "/conversations/"+id+"/attributes", map[string]any{"attributes": map[string]any{"cause": 5}})
	b.refused(404, codeNotFound, "", "POST", "/conversations/none/attributes", map[string]any{"attributes": map[string]any{"cause": "x"}})
}
