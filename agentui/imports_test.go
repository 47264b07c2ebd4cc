package agentui

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tamas/inbox"
	"tamas/inbox/record"
)

// sends sends a file, runs it and gives the import when it is done.
func (b *browser) imports(of, name, text string) (i inbox.Import) {
	b.r.t.Helper()
	b.ok("POST", "/imports?of="+of+"&name="+url.QueryEscape(name), []byte(text), &i, "Content-Type", "application/octet-stream")
	b.ok("POST", "/imports/"+i.ID+"/run", map[string]any{}, nil)
	b.r.until("the import is done", func() bool {
		b.ok("GET", "/imports/"+i.ID, nil, &i)
		if i.State == record.ImportFailed {
			b.r.t.Fatalf("failed: %s", i.Error)
		}
		return i.State == record.ImportDone
	})
	return i
}

func TestImportsAPI(t *testing.T) {
	r := boot(t)
	sam := r.as("sam")
	r.as("leyla").refused(http.StatusForbidden, codeForbidden, "", "GET", "/imports", nil)
	r.as("leyla").refused(http.StatusForbidden, codeForbidden, "", "GET", "/exports/customers.csv", nil)
	sam.refused(http.StatusUnprocessableEntity, codeInvalid, "of", "POST", "/imports?of=x&name=y", []byte("a,b\n"), "Content-Type", "text/csv")
	sam.refused(http.StatusUnprocessableEntity, codeInvalid, "file", "POST", "/imports?of=customers&name=y", []byte("\n"), "Content-Type", "text/csv")
	for _, no := range []string{"PK\x03\x04\x14\x00\x06\x00[Content_Types].xml", `[{"name": "Sara"}]`} { // each says what to do, in both languages
		p := sam.refused(http.StatusUnprocessableEntity, codeInvalid, "file", "POST", "/imports?of=customers&name=y", []byte(no), "Content-Type", "application/octet-stream")
		if strings.Contains(p.Message, "no table") || inbox.ImportText("fa", p.Message) == p.Message {
			t.Errorf("%q: %s", no, p.Message)
		}
	}

	var i inbox.Import
	sam.ok("POST", "/imports?of=customers&name=people.csv", []byte("name;mobile;when\nAli;09121234567;x\nBad;1;y\n"), &i, "Content-Type", "text/csv")
	if i.State != record.ImportNew || i.Mapping["mobile"] != "phone" || i.Mapping["name"] != "name" || len(i.Columns) != 3 {
		t.Fatalf("%+v", i)
	}
	var fields items[inbox.ImportField]
	sam.ok("GET", "/imports/fields?of=touches", nil, &fields)
	if !slices.ContainsFunc(fields.Items, func(f inbox.ImportField) bool { return f.ID == "amount" }) {
		t.Errorf("%+v", fields)
	}
	sam.refused(http.StatusUnprocessableEntity, codeInvalid, "mapping", "PATCH", "/imports/"+i.ID, map[string]any{"version": i.Version, "mapping": map[string]string{"when": "nothing"}})
	sam.ok("PATCH", "/imports/"+i.ID, map[string]any{"version": i.Version, "mapping": map[string]string{"name": "name", "mobile": "phone"}, "options": map[string]any{"region": "IR"}}, &i)
	sam.refused(http.StatusConflict, codeConflict, "", "PATCH", "/imports/"+i.ID, map[string]any{"version": i.Version - 1, "name": "x"})
	var preview items[inbox.PreviewRow]
	sam.ok("GET", "/imports/"+i.ID+"/preview?rows=5", nil, &preview)
	if len(preview.Items) != 2 || preview.Items[0].Status != "made" || preview.Items[1].Status != "bad" || preview.Items[1].Errors[0].Code != "bad_phone" {
		t.Fatalf("%+v", preview)
	}
	sam.ok("POST", "/imports/"+i.ID+"/check", map[string]any{}, nil)
	r.until("it is checked", func() bool {
		sam.ok("GET", "/imports/"+i.ID, nil, &i)
		return i.State == record.ImportChecked
	})
	if i.Made != 1 || i.Bad != 1 {
		t.Errorf("%+v", i)
	}
	sam.ok("POST", "/imports/"+i.ID+"/run", map[string]any{}, nil)
	r.until("it is done", func() bool {
		sam.ok("GET", "/imports/"+i.ID, nil, &i)
		return i.State == record.ImportDone
	})
	sam.refused(http.StatusConflict, codeConflict, "", "POST", "/imports/"+i.ID+"/check", map[string]any{})
	var errs struct {
		Items []record.ImportError
		Total int
	}
	sam.ok("GET", "/imports/"+i.ID+"/errors", nil, &errs)
	if errs.Total != 1 || errs.Items[0].Row != 3 {
		t.Errorf("%+v", errs)
	}
	for locale, want := range map[string]struct{ row, sentence, mapping string }{
		"en": {"Bad;1;y;“mobile”: It is no telephone number.", "It is no telephone number.", `There is no field "nothing".`},
		"fa": {"Bad;1;y;«mobile»: شمارهٔ تلفن نیست.", "شمارهٔ تلفن نیست.", "فیلدی به نام \u2068nothing\u2069 نیست."},
	} {
		sam.ok("PATCH", "/me", map[string]any{"locale": locale}, nil)
		if a := sam.call("GET", "/imports/"+i.ID+"/errors.csv", nil); a.status != http.StatusOK || !strings.Contains(string(a.body), want.row) {
			t.Errorf("%s: %d %q", locale, a.status, a.body)
		}
		sam.ok("GET", "/imports/"+i.ID+"/errors", nil, &errs)
		if errs.Items[0].Reasons[0].Message != want.sentence {
			t.Errorf("%s: %+v", locale, errs)
		}
		var other inbox.Import
		sam.ok("POST", "/imports?of=customers&name=other.csv", []byte("name;mobile\nAli;09121234567\nBad;1\n"), &other, "Content-Type", "text/csv")
		if a := sam.call("PATCH", "/imports/"+other.ID, map[string]any{"version": other.Version, "mapping": map[string]string{"name": "nothing"}}); a.status != http.StatusUnprocessableEntity || a.problem().Message != want.mapping {
			t.Errorf("%s: %d %s", locale, a.status, a.body)
		}
		sam.ok("DELETE", fmt.Sprintf("/imports/%s?version=%d", other.ID, other.Version), nil, nil)
	}
	var page struct{ Items []inbox.Import }
	sam.ok("GET", "/imports", nil, &page)
	if len(page.Items) != 1 || page.Items[0].ID != i.ID {
		t.Errorf("%+v", page)
	}
	sam.ok("POST", "/imports/"+i.ID+"/undo", map[string]any{}, nil)
	r.until("it is undone", func() bool {
		sam.ok("GET", "/imports/"+i.ID, nil, &i)
		return i.State == record.ImportUndone
	})
	sam.ok("DELETE", fmt.Sprintf("/imports/%s?version=%d", i.ID, i.Version), nil, nil)
	sam.refused(http.StatusNotFound, codeNotFound, "", "GET", "/imports/"+i.ID, nil)
}

// What is exported and imported elsewhere is exported there as the same.
func TestExportIsImportedAsTheSame(t *testing.T) {
	seed := rand.Uint64()
	rnd := rand.New(rand.NewPCG(seed, 1))
	words := []string{"علی", "Sara", "=SUM(A1)", "+plus", "-dash", "@at", "a,b", "c;d", "\"quoted\"", "two\nlines", "رضایی", "O'Neil", "'=x", "x y", "ü"}
	word := func() string { return words[rnd.IntN(len(words))] }
	var firms, people, touches strings.Builder
	firms.WriteString("name\tcity\tcountry\ttags\n")
	people.WriteString("name\tphone\temail\texternal\tcity\ttags\tlanguages\torganisation\trole\n")
	touches.WriteString("id\tkind\tat\tphone\tsubject\ttext\tamount\tcurrency\n")
	quote := func(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
	for n := range 5 {
		fmt.Fprintf(&firms, "%s\t%s\tIR\t%s\n", quote("Firm "+fmt.Sprint(n)), quote(strings.ReplaceAll(word(), "\n", " ")), quote(strings.ReplaceAll(word(), "\n", " ")))
	}
	for n := range 60 {
		oneLine := strings.ReplaceAll(word()+" "+word(), "\n", " ")
		fmt.Fprintf(&people, "%s\t0912%07d\tp%d@example.com\t%s\t%s\t%s\tfa,en\t%s\t%s\n", quote(oneLine), n, n, quote(fmt.Sprint("x", n)), quote(strings.ReplaceAll(word(), "\n", " ")),
			quote("t"+fmt.Sprint(n%3)), quote("Firm "+fmt.Sprint(n%5)), quote("role"))
		amount := ""
		if n%2 == 0 {
			amount = fmt.Sprintf("%d.%d\tEUR", n*1000+1, n%10)
		} else {
			amount = "\t"
		}
		fmt.Fprintf(&touches, "%d\tpurchase\t1405/0%d/0%d 1%d:00\t0912%07d\t%s\t%s\t%s\n", n, n%6+1, n%9+1, n%10, n%20, quote(oneLine), quote(word()+" "+word()), amount)
	}
	export := func(b *browser, path string) string {
		a := b.call("GET", path, nil)
		if a.status != http.StatusOK {
			t.Fatalf("%s: %d %s", path, a.status, a.body)
		}
		lines := strings.Split(string(a.body), "\n")
		if strings.Contains(path, "customers.jsonl") { // the hub's own ids follow from the addresses, but not their order
			slices.Sort(lines)
		}
		if strings.Contains(path, "organisations.jsonl") { // each hub has its own ids of these
			for n := range lines {
				lines[n] = regexp.MustCompile(`"id":"[^"]*"`).ReplaceAllString(lines[n], `"id":"o"`)
			}
		}
		return strings.Join(lines, "\n")
	}
	a := boot(t).as("ada")
	if i := a.imports("organisations", "f.tsv", firms.String()); i.Made != 5 || i.Bad != 0 {
		t.Fatalf("seed %d: %+v", seed, i)
	}
	if i := a.imports("customers", "a.tsv", people.String()); i.Made != 60 || i.Bad != 0 {
		t.Fatalf("seed %d: %+v", seed, i)
	}
	if i := a.imports("touches", "t.tsv", touches.String()); i.Made != 60 || i.Bad != 0 {
		t.Fatalf("seed %d: %+v", seed, i)
	}
	organisations := export(a, "/exports/organisations.jsonl")
	customers, logged := export(a, "/exports/customers.jsonl"), export(a, "/exports/touches.jsonl?kind=purchase")
	if strings.Count(customers, "\n") != 60 || strings.Count(logged, "\n") != 60 {
		t.Fatalf("seed %d: %s", seed, customers)
	}
	for _, form := range []string{"csv", "jsonl"} {
		b := boot(t).as("ada")
		if i := b.imports("organisations", "b."+form, export(a, "/exports/organisations."+form)); i.Made != 5 || i.Bad != 0 {
			t.Fatalf("seed %d, %s: %+v", seed, form, i)
		}
		if i := b.imports("customers", "b."+form, export(a, "/exports/customers."+form)); i.Made != 60 || i.Bad != 0 {
			t.Fatalf("seed %d, %s: %+v", seed, form, i)
		}
		if i := b.imports("touches", "b."+form, export(a, "/exports/touches."+form+"?kind=purchase")); i.Made != 60 || i.Bad != 0 {
			t.Fatalf("seed %d, %s: %+v", seed, form, i)
		}
		if got := export(b, "/exports/organisations.jsonl"); got != organisations || strings.Count(got, "\n") != 5 {
			t.Errorf("seed %d, %s:\n%s\nnot\n%s", seed, form, got, organisations)
		}
		if got := export(b, "/exports/customers.jsonl"); got != customers {
			t.Errorf("seed %d, %s:\n%s\nnot\n%s", seed, form, got, customers)
		}
		if got := export(b, "/exports/touches.jsonl?kind=purchase"); got != logged {
			t.Errorf("seed %d, %s:\n%s\nnot\n%s", seed, form, got, logged)
		}
	}
}

// Two kinds may have fields of one name and another type, an option may be called what another's id is, colleagues have other ids elsewhere, and two
// sources may have the same id.
func TestExportOfOwnKinds(t *testing.T) {
	options := []map[string]any{{"id": "a", "name": map[string]string{"en": "b"}}, {"id": "b", "name": map[string]string{"en": "c"}}}
	kinds := []map[string]any{
		{"id": "x_fitting", "name": map[string]string{"en": "Fitting"}, "fields": []map[string]any{{"id": "size", "name": map[string]string{"en": "Size"}, "type": "number"}, {"id": "grade", "name": map[string]string{"en": "Grade"}, "type": "choice", "options": options}}},
		{"id": "x_repair", "name": map[string]string{"en": "Repair"}, "fields": []map[string]any{{"id": "size", "name": map[string]string{"en": "Size"}, "type": "text"}}},
	}
	hub := func() *browser {
		b := boot(t).as("ada")
		b.ok("PUT", "/settings/kinds", map[string]any{"version": 0, "value": kinds}, nil)
		return b
	}
	a := hub()
	a.ok("POST", "/touches", map[string]any{"touches": []map[string]any{
		{"id": "1", "kind": "x_fitting", "at": "2026-03-21T10:00:00Z", "customer": map[string]string{"phone": "+989120000001"}, "agent": a.r.users["leyla"].Email, "data": map[string]any{"fields": map[string]any{"size": 42, "grade": "b"}}},
		{"id": "2", "kind": "x_repair", "at": "2026-03-21T11:00:00Z", "customer": map[string]string{"phone": "+989120000001"}, "agent": a.r.users["leyla"].Email, "data": map[string]any{"fields": map[string]any{"size": "XL"}}},
		{"id": "1", "source": "till", "kind": "purchase", "at": "2026-03-21T12:00:00Z", "customer": map[string]string{"phone": "+989120000001"}},
	}}, nil)
	// Of the customer, not of an address: elsewhere only an address says whose it is.
	a.ok("POST", "/touches", map[string]any{"touches": []map[string]any{
		{"id": "3", "kind": "purchase", "at": "2026-03-21T13:00:00Z", "customer": map[string]string{"id": a.r.hub.Record().IdentityOf("phone", "+989120000001", "").Customer}},
	}}, nil)
	export := func(b *browser) string { return string(b.call("GET", "/exports/touches.jsonl", nil).body) }
	want := export(a)
	if !strings.Contains(want, `"agent":"`+a.r.users["leyla"].Email+`"`) || strings.Count(want, `"customer.address":"+989120000001"`) != 4 || strings.Count(want, "\n") != 4 {
		t.Fatal(want)
	}
	for _, form := range []string{"csv", "jsonl"} {
		b := hub()
		if i := b.imports("touches", "t."+form, string(a.call("GET", "/exports/touches."+form, nil).body)); i.Made != 4 || i.Bad != 0 {
			t.Fatalf("%s: %+v", form, i)
		}
		if got := export(b); got != want {
			t.Errorf("%s:\n%s\nnot\n%s", form, got, want)
		}
	}
	if i := a.imports("touches", "t.csv", string(a.call("GET", "/exports/touches.csv", nil).body)); i.Made != 0 || i.Known != 4 {
		t.Errorf("where it came from: %+v", i)
	}
}
