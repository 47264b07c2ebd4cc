package agentui

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tamas/inbox/record"
)

// What one hub exports comes into a fresh one as it was, once however often it is sent, and goes again: customers without an address, with several
// organisations, with what they have said, and touches of such customers.
func TestExportComesBackAsItWas(t *testing.T) {
	databases := map[string]func() string{"sqlite": func() string { return sqlite(t) }, "postgres": func() string { return installed.Postgres(t) }}
	a := bootOn(t, databases["postgres"]()).as("ada")
	add := func(name string, addresses ...string) string {
		list := []map[string]string{}
		for _, s := range addresses {
			channel, address, _ := strings.Cut(s, ":")
			list = append(list, map[string]string{"channel": channel, "address": address})
		}
		var c struct{ ID string }
		a.ok("POST", "/customers", map[string]any{"name": name, "identities": list}, &c)
		return c.ID
	}
	sara, shop := add("سارا", "phone:+989120000001", "email:sara@example.com"), add("مغازهٔ سر کوچه")
	add("مغازهٔ سر کوچه")
	other := add("Sara R.", "telegram:4711")
	a.ok("POST", "/customers/"+sara+"/merge", map[string]any{"from": other}, nil)
	for n, role := range []string{"", "buyer", "مشاور"} {
		var o struct{ ID string }
		a.ok("POST", "/organisations", map[string]any{"name": fmt.Sprint("Firm ", n)}, &o)
		a.ok("PUT", "/organisations/"+o.ID+"/members/"+sara, map[string]any{"role": role}, nil)
		if n == 1 {
			a.ok("PUT", "/organisations/"+o.ID+"/members/"+shop, map[string]any{"role": "owner, and more"}, nil)
		}
	}
	for _, said := range []map[string]string{{"channel": "sms", "purpose": "marketing", "state": "given"}, {"purpose": "marketing", "state": "refused"}, {"channel": "email", "purpose": "service", "state": "given"}} {
		said["evidence"] = "form 12,\n\"signed\""
		a.ok("PUT", "/customers/"+sara+"/consents", said, nil)
	}
	a.ok("PUT", "/customers/"+shop+"/consents", map[string]string{"purpose": "survey", "state": "refused", "evidence": "on the phone"}, nil)
	a.ok("POST", "/touches", map[string]any{"touches": []map[string]any{
		{"id": "1", "source": "till", "kind": "purchase", "at": "2026-03-21T10:00:00Z", "customer": map[string]string{"phone": "+989120000001"}, "data": map[string]any{"amount": 12.5, "currency": "EUR"}},
		{"id": "2", "source": "till", "kind": "shop_visit", "at": "2026-03-22T10:00:00Z", "customer": map[string]string{"id": shop}, "text": "=1+1"},
	}}, nil)

	things := []string{"organisations", "customers", "touches"}
	own := regexp.MustCompile(`"id":"(o[^"]*|[0-9a-f]{16})"|,"customer.name":"[^"]*"`) // each hub's organisations and addresses have ids of its own; a file names the addresses that it brings
	files := func(b *browser) string {
		var all []string
		for _, what := range things {
			answer := b.call("GET", "/exports/"+what+".jsonl", nil)
			if answer.status != http.StatusOK {
				t.Fatalf("%s: %d %s", what, answer.status, answer.body)
			}
			lines := strings.Split(own.ReplaceAllString(string(answer.body), ""), "\n")
			slices.Sort(lines)
			all = append(all, lines...)
		}
		return strings.Join(all, "\n")
	}
	want := files(a)
	for _, part := range []string{`"id":"` + shop + `"`, `\"purpose\":\"marketing\"`, `"organisation":"Firm 0\nFirm 1\nFirm 2"`, `"role":"[\"\",\"buyer\",\"مشاور\"]"`, `"customer.address":"` + shop + `"`} {
		if !strings.Contains(want, part) {
			t.Fatalf("no %s in\n%s", part, want)
		}
	}
	for database, fresh := range databases {
		for _, form := range []string{"csv", "jsonl"} {
			b := bootOn(t, fresh()).as("ada")
			for again := range 2 {
				var done []string
				for _, what := range things {
					i := b.imports(what, "x."+form, string(a.call("GET", "/exports/"+what+"."+form, nil).body))
					if i.Bad != 0 || again == 0 && i.Known+i.Updated != 0 || again == 1 && i.Made+i.Updated != 0 {
						t.Errorf("%s, %s, sent %d times: %+v", database, form, again+1, i)
					}
					done = append(done, i.ID)
				}
				if got := files(b); got != want {
					t.Errorf("%s, %s:\n%s\nnot\n%s", database, form, got, want)
				}
				if again == 1 {
					continue
				}
				// Undone, nothing is left; then all comes in once more.
				slices.Reverse(done)
				for _, id := range done {
					b.ok("POST", "/imports/"+id+"/undo", map[string]any{}, nil)
					b.r.until("it is undone", func() bool {
						var i struct {
							State     string
							LeftCount int `json:"left_count"`
						}
						b.ok("GET", "/imports/"+id, nil, &i)
						if i.LeftCount != 0 {
							t.Fatalf("%s, %s: %+v", database, form, i)
						}
						return i.State == record.ImportUndone
					})
				}
				if got := files(b); strings.Trim(got, "\n") != "" {
					t.Errorf("%s, %s: left are\n%s", database, form, got)
				}
				for _, what := range things {
					b.imports(what, "x."+form, string(a.call("GET", "/exports/"+what+"."+form, nil).body))
				}
			}
		}
	}
	for _, what := range things { // where it came from
		if i := a.imports(what, "x.csv", string(a.call("GET", "/exports/"+what+".csv", nil).body)); i.Made+i.Updated+i.Bad != 0 {
			t.Errorf("%s: %+v", what, i)
		}
	}
}
