package agentui

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"tamas/inbox"
	"tamas/inbox/record"
)

func TestTouchesAreLogged(t *testing.T) {
	r := boot(t)
	b := r.as("leyla")
	var one inbox.Logged
	call := map[string]any{"id": "pbx-1", "source": "pbx", "kind": "call", "customer": map[string]any{"phone": "+989121234567", "name": "سارا"}, "at": "2026-01-02T10:00:00+03:30",
		"agent": "omid@example.com", "text": "asked for the price", "data": map[string]any{"seconds": 90, "outcome": "answered"}}
	b.ok("POST", "/touches", call, &one)
	if one.Status != inbox.LogRecorded || one.ID != "pbx-1" || one.Touch == "" {
		t.Fatalf("%+v", one)
	}
	first := one.Touch
	if b.ok("POST", "/touches", call, &one); one.Status != inbox.LogKnown || one.Touch != first {
		t.Errorf("again: %+v", one)
	}
	for field, change := range map[string]any{"kind": "tea", "customer": map[string]any{"phone": "12"}, "at": "yesterday", "data": map[string]any{"cost": "12,5", "currency": "EUR"}, "agent": "nobody", "source": "The PBX", "id": ""} {
		wrong := map[string]any{}
		for k, v := range call {
			wrong[k] = v
		}
		wrong[field] = change
		want := map[string]string{"customer": "customer.phone", "data": "data.cost"}[field]
		if want == "" {
			want = field
		}
		b.refused(422, codeInvalid, want, "POST", "/touches", wrong)
	}
	b.refused(422, codeInvalid, "colour", "POST", "/touches", map[string]any{"id": "1", "colour": "red"})
	r.browser().refused(401, codeSignedOut, "", "POST", "/touches", call)

	// A list: what is wrong holds up nothing else.
	var list items[inbox.Logged]
	b.ok("POST", "/touches", map[string]any{"touches": []any{call,
		map[string]any{"id": "o-1", "kind": "purchase", "customer": map[string]any{"phone": "00989121234567"}, "data": map[string]any{"amount": "۱۲٬۵۰۰", "currency": "IRT", "cost": 7000.5}},
		map[string]any{"id": "o-2", "kind": "purchase", "customer": map[string]any{"phone": "00989121234567"}, "data": map[string]any{"amount": "12,5", "currency": "IRT"}},
		map[string]any{"id": "o-3", "kind": "purchase", "customer": map[string]any{}},
		"a touch", map[string]any{"id": "o-4", "knd": "purchase"}}}, &list)
	var got []string
	for _, l := range list.Items {
		got = append(got, l.ID+" "+l.Status)
		if l.Error != nil {
			got[len(got)-1] += " " + l.Error.Field
		}
	}
	if s := strings.Join(got, ", "); s != "pbx-1 known, o-1 recorded, o-2 refused data.amount, o-3 refused customer,  refused , o-4 refused knd" {
		t.Errorf("%s", s)
	}
	many := make([]any, 1001)
	b.refused(422, codeInvalid, "touches", "POST", "/touches", map[string]any{"touches": many})

	// They are on the timeline, which can be narrowed.
	customer := r.hub.Record().IdentityOf("sms", "+989121234567", "").Customer
	kinds := func(b *browser, query string) string {
		t.Helper()
		var line record.Timeline
		b.ok("GET", "/customers/"+customer+"/touches"+query, nil, &line)
		var out []string
		for _, x := range line.Items {
			out = append(out, x.Kind)
			if x.Data != nil && x.Data.Amount != 0 {
				out[len(out)-1] += fmt.Sprint(" ", x.Data.Amount, " ", x.Data.Cost)
			}
		}
		return strings.Join(out, ", ")
	}
	for query, want := range map[string]string{"": "purchase 12500 7000.5, call", "?kind=call,note": "call", "?channel=phone": "call", "?agent=" + r.users["omid"].ID: "call",
		"?from=1767999999999": "purchase 12500 7000.5", "?to=1767999999999": "call", "?limit=1": "purchase 12500 7000.5"} {
		if got := kinds(b, query); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	r.until("what was said is found", func() bool { return kinds(b, "?text=pric") == "call" })
	for field, query := range map[string]string{"from": "?from=yesterday", "text": "?text=" + strings.Repeat("a", 201), "limit": "?limit=0", "before": "?before=yesterday"} {
		b.refused(422, codeInvalid, field, "GET", "/customers/"+customer+"/touches"+query, nil)
	}

	// Amounts that a role may not see are not there.
	var setting settingView[record.RecordSetting]
	sam := r.as("sam")
	sam.ok("GET", "/settings/record", nil, &setting)
	setting.Value.FieldRoles = map[string]record.Limit{record.FieldMoney: {See: []string{record.RoleSupervisor}}}
	sam.ok("PUT", "/settings/record", map[string]any{"version": setting.Version, "value": setting.Value}, nil)
	r.until("the amount is kept from agents", func() bool { return kinds(b, "") == "purchase, call" })
	if got := kinds(sam, ""); got != "purchase 12500 7000.5, call" {
		t.Errorf("a supervisor sees %s", got)
	}
}

func TestKindsOfOnesOwn(t *testing.T) {
	r := boot(t)
	b, sam := r.as("leyla"), r.as("sam")
	repair := map[string]any{"id": "x_repair", "name": map[string]string{"fa": "تعمیر"}, "inbound": true, "icon": "i-lucide-wrench",
		"fields": []any{map[string]any{"id": "device", "name": map[string]string{"en": "Device"}, "type": "text", "required": true}}}
	var v settingView[[]record.Kind]
	sam.ok("PUT", "/settings/kinds", map[string]any{"version": 0, "value": []any{repair}}, &v)
	if v.Version != 1 || len(v.Value) != 1 {
		t.Fatalf("%+v", v)
	}
	b.refused(403, codeForbidden, "", "PUT", "/settings/kinds", map[string]any{"version": 1, "value": []any{}})
	sam.refused(409, codeConflict, "", "PUT", "/settings/kinds", map[string]any{"version": 0, "value": []any{}})
	sam.refused(422, codeInvalid, "value[0].id", "PUT", "/settings/kinds", map[string]any{"version": 1, "value": []any{map[string]any{"id": "repair", "name": map[string]string{"fa": "تعمیر"}}}})
	sam.refused(422, codeInvalid, "value[0].fields[0].type", "PUT", "/settings/kinds", map[string]any{"version": 1, "value": []any{map[string]any{"id": "x_r", "name": map[string]string{"fa": "تعمیر"},
		"fields": []any{map[string]any{"id": "a", "name": map[string]string{"en": "A"}, "type": "colour"}}}}})
	var kinds items[record.Kind]
	b.ok("GET", "/kinds", nil, &kinds)
	last := kinds.Items[len(kinds.Items)-1]
	if len(kinds.Items) != len(record.Kinds())+1 || last.ID != "x_repair" || last.Name.FA != "تعمیر" || last.Fields[0].ID != "device" {
		t.Errorf("%+v", kinds.Items)
	}
	entry := map[string]any{"id": "1", "kind": "x_repair", "customer": map[string]any{"email": "sara@example.com"}, "data": map[string]any{"fields": map[string]any{"device": "Kettle"}}}
	b.ok("POST", "/touches", entry, nil)
	b.refused(422, codeInvalid, "data.fields.device", "POST", "/touches", map[string]any{"id": "2", "kind": "x_repair", "customer": map[string]any{"email": "sara@example.com"}})
	// What is left out is archived: it takes no more, and keeps its name.
	sam.ok("PUT", "/settings/kinds", map[string]any{"version": 1, "value": []any{}}, &v)
	if len(v.Value) != 1 || !v.Value[0].Archived {
		t.Errorf("%+v", v.Value)
	}
	entry["id"] = "3"
	b.refused(422, codeInvalid, "kind", "POST", "/touches", entry)
	entry["id"] = "1"
}

// The touches that the pages for shops' developers send are taken as they are written there, but for the one that is wrong on purpose.
func TestDocumentedTouches(t *testing.T) {
	r := boot(t)
	b := r.as("leyla")
	sent := regexp.MustCompile(`(?s)'(\{.*?\})'`)
	n := 0
	for _, file := range []string{"../docs/touches.md", "../docs/record.md"} {
		page, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range sent.FindAllStringSubmatch(string(page), -1) {
			body := json.RawMessage(strings.ReplaceAll(m[1], `"at": "2026-`, `"at": "2024-`)) // whatever today is
			var got struct {
				inbox.Logged
				Items []inbox.Logged
			}
			b.ok("POST", "/touches", body, &got)
			if got.Items == nil {
				got.Items = []inbox.Logged{got.Logged}
			}
			for _, l := range got.Items {
				n++
				if want := l.ID != "odd"; (l.Status == inbox.LogRecorded) != want {
					t.Errorf("%s: %+v, %+v", file, l, l.Error)
				}
			}
		}
	}
	if n < 6 {
		t.Errorf("%d touches were found", n)
	}
}
