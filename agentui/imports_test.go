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
	if a := sam.call("GET", "/imports/"+i.ID+"/errors.csv", nil); a.status != http.StatusOK || !strings.Contains(string(a.body), "Bad;1;y;mobile ") {
		t.Errorf("%d %q", a.status, a.body)
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
