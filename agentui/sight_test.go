package agentui

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tamas/channels"
	"tamas/inbox/record"
)

// secretFirm is a hub with a customer of whom everything has a value that can be told from all others.
type secretFirm struct {
	*rig
	ada                               *browser
	customer, other, organisation     string
	conversation, touch, merge, moved string
	imported                          string
	nameless                          record.Conversation
	hidden                            map[string]string // what it is → how it shows in an answer
}

const (
	secretMail  = "quill.secret@example.com"
	secretPhone = "+989121239876"
)

func bootSecret(t *testing.T) *secretFirm {
	r := boot(t)
	f := &secretFirm{rig: r, ada: r.as("ada")}
	a := f.ada
	a.ok("PUT", "/settings/routing", map[string]any{"version": 0, "value": map[string]any{"skills": []string{}, "tiers": []string{"goldleaf"}, "break_reasons": []any{}}}, nil)
	a.attributes(0, map[string]any{"id": "hc", "see": []string{"admin"}}, map[string]any{"id": "ho", "of": "organisation", "see": []string{"admin"}},
		map[string]any{"id": "hv", "of": "conversation", "see": []string{"admin"}})
	head := r.says(secretMail, "hello there")
	f.conversation, f.customer = head.ID, a.customerOf(head.ID)
	f.other = a.customerOf(r.says("other.secret@example.com", "hello").ID)
	f.nameless = r.says("nameless.secret@example.com", "hello")
	third := a.customerOf(r.says("third.secret@example.com", "hello").ID)
	fourth := a.customerOf(r.says("fourth.secret@example.com", "hello").ID)
	a.ok("POST", "/customers/"+f.customer+"/identities", map[string]any{"channel": "phone", "address": secretPhone, "evidence": "called from " + secretPhone}, nil)
	values := map[string]any{"name": "Quillonia Zamani", "tier": "goldleaf", "tags": []string{"hushtag"}, "languages": []string{"nn-NO"}, "time_zone": "Antarctica/Troll",
		"place": map[string]string{"city": "Hushville"}, "owner": r.users["omid"].ID, "stage": "advocate", "attributes": map[string]any{"hc": "hushcustomer"}}
	for _, id := range []string{f.customer, f.other, third, fourth} {
		a.ok("PATCH", "/customers/"+id, values, nil)
	}
	var m mergeAnswer
	a.ok("POST", "/customers/"+f.customer+"/merge", map[string]any{"from": third, "reason": "wrote as " + secretMail}, &m)
	f.merge = m.Merge.ID
	a.ok("POST", "/customers/"+f.customer+"/merge", map[string]any{"from": fourth}, &m)
	f.moved = m.Merge.ID
	a.ok("POST", "/merges/"+f.moved+"/undo", map[string]any{}, nil)
	var o record.Organisation
	a.ok("POST", "/organisations", map[string]any{"name": "Firm", "tags": []string{"hushtag"}, "place": map[string]string{"city": "Hushville"}, "attributes": map[string]any{"ho": "hushfirm"}}, &o)
	f.organisation = o.ID
	a.ok("PUT", "/organisations/"+o.ID+"/members/"+f.customer, map[string]any{"role": "hushrole"}, nil)
	a.ok("POST", "/conversations/"+f.conversation+"/attributes", map[string]any{"attributes": map[string]any{"hv": "hushconversation"}}, nil)
	a.ok("POST", "/customers/"+f.customer+"/relations", map[string]any{"other": f.other, "kind": "friend", "text": "hushrelation"}, nil)
	a.ok("PUT", "/customers/"+f.customer+"/consents", map[string]any{"purpose": "survey", "state": "given", "evidence": "hushconsent"}, nil)
	var logged struct{ Touch string }
	a.ok("POST", "/touches", map[string]any{"id": "p1", "source": "test", "kind": "purchase", "at": "2026-05-01T10:00:00Z", "customer": map[string]string{"channel": "phone", "address": secretPhone},
		"data": map[string]any{"amount": 7431.5, "currency": "EUR", "cost": 1337.25, "items": []map[string]any{{"name": "tea", "quantity": 1, "amount": 7431.5}}}}, &logged)
	f.touch = logged.Touch
	a.ok("POST", "/touches/"+f.touch+"/pin", nil, nil)
	f.imported = a.imports(record.ImportCustomers, "all.csv", "name,phone,tier\nQuillonia Zamani,"+secretPhone+",goldleaf\n,wrong,\n").ID
	r.until("all can be found", func() bool {
		var hits record.Hits
		var s record.Suggestions
		a.ok("GET", "/search?q="+url.QueryEscape(secretPhone), nil, &hits)
		a.ok("GET", "/suggestions", nil, &s)
		return len(hits.Customers) == 1 && hits.Customers[0].Name == "Quillonia Zamani" && len(s.Items) > 0
	})
	f.hidden = map[string]string{"name": "Quillonia", "tier": `"tier":"goldleaf"`, "tags": "hushtag", "languages": "nn-NO", "time_zone": "Antarctica", "place": "Hushville", "owner": `"owner":"` + r.users["omid"].ID,
		"stage": `"stage":"advocate"`, "organisations": "hushrole", "relations": "hushrelation", "consents": "hushconsent", "money": "7431.5", "cost": "1337.25", "attributes.hc": "hushcustomer",
		"attributes.ho": "hushfirm", "attributes.hv": "hushconversation", "address": ".secret@", "telephone": "9121239876"}
	return f
}

// keeps hides fields from all but admins.
func (f *secretFirm) keeps(version int, fields ...string) {
	set := record.DefaultRecordSetting()
	set.FieldRoles = map[string]record.Limit{}
	for _, x := range fields {
		set.FieldRoles[x] = record.Limit{See: []string{"admin"}}
	}
	set.Required = []string{"name", "tier", "tags", "place", "stage", "organisations", "consents", "address"}
	f.ada.ok("PUT", "/settings/record", map[string]any{"version": version, "value": set}, nil)
}

// doors are all that can be asked for by GET, with all that has to be said for it.
func (f *secretFirm) doors() (list []string) {
	doc, err := document()
	must(f.t, err)
	ids := map[string]string{"customers": f.customer, "conversations": f.conversation, "organisations": f.organisation, "merges": f.merge, "touches": f.touch, "files": f.touch,
		"imports": f.imported, "queues": f.queue, "users": f.users["omid"].ID, "accounts": f.account, "reports": "first_response", "simulations": "none", "erasures": "none"}
	q := url.QueryEscape
	asks := map[string][]string{"/live": nil, "/openapi.yaml": nil, // the sockets: below
		"/customers":                  {"", "?q=Quillonia", "?q=" + q(secretMail), "?q=" + q(secretPhone), "?fix=incomplete", "?fix=stale", "?fix=unreachable", "?fix=twins"},
		"/search":                     {"?q=Quillonia", "?q=" + q(secretMail), "?q=" + q(secretPhone), "?q=hello", "?q=tea", "?q=" + q("from:Quillonia hello"), "?q=" + q("from:"+secretMail+" hello"), "?q=hushtag", "?q=hushcustomer", "?q=Hushville", strings.TrimPrefix(f.byNumber(), "/search")},
		"/conversations":              {"", "?q=Quillonia", "?q=" + q(secretMail), "?list=waiting", "?status=open"},
		"/customers/{id}/merge":       {"?from=" + f.other},
		"/merges/{id}":                {"", "!" + f.moved},
		"/suggestions":                {"", "?customer=" + f.customer, "?state=dismissed", "?state=merged"},
		"/imports/fields":             {"?of=customers", "?of=touches"},
		"/reports/{figure}":           {"?from=0&to=9999999999999"},
		"/reports/{figure}/touches":   {"?from=0&to=9999999999999"},
		"/staffing":                   {"?queue=" + f.queue},
		"/exports/touches.csv":        {"", "?customer=" + f.customer},
		"/customers/{id}/touches":     {"", "?text=tea"},
		"/exports/customers.csv":      {"", "?tier=goldleaf", "?tag=hushtag", "?stage=advocate"},
		"/organisations/{id}/touches": {"", "?text=tea"}}
	for path, it := range doc.Paths.Map() {
		if it.Get == nil {
			continue
		}
		of := strings.Split(path, "/")[1]
		at := path
		if strings.Contains(path, "{") {
			id, ok := ids[of]
			if !ok {
				f.t.Errorf("say in this test what %s is to be asked with", path)
			}
			at = parameter.ReplaceAllString(strings.NewReplacer("{id}", id, "{figure}", id, "{n}", "0").Replace(path), "")
		}
		queries, said := asks[path]
		if !said {
			queries = []string{""}
		}
		for _, query := range queries {
			if other, ok := strings.CutPrefix(query, "!"); ok {
				list = append(list, strings.Replace(at, ids[of], other, 1))
				continue
			}
			list = append(list, at+query)
		}
	}
	slices.Sort(list)
	return list
}

// byNumber looks for the conversation of somebody without a name.
func (f *secretFirm) byNumber() string {
	return "/search?in=conversations&q=" + strconv.FormatInt(f.nameless.Number, 10)
}

// echoed is what the caller has written: the words and the filters of a search.
var echoed = regexp.MustCompile(`"text":"[^"]*","filters":\[[^\]]*\]`)

// walk asks for everything and tells where hidden values show.
func (f *secretFirm) walk(b *browser) map[string][]string {
	shows := map[string][]string{}
	for _, path := range f.doors() {
		body := string(b.call("GET", path, nil).body)
		if strings.HasPrefix(path, "/search") {
			body = echoed.ReplaceAllString(body, "")
		}
		for field, value := range f.hidden {
			if strings.Contains(body, value) {
				shows[field] = append(shows[field], path)
			}
		}
	}
	return shows
}

// No way to ask tells what is kept from a role: not one of those that are described, however it was made.
func TestNoDoorTellsWhatIsHidden(t *testing.T) {
	f := bootSecret(t)
	all := f.walk(f.ada)
	for field := range f.hidden {
		if len(all[field]) == 0 {
			t.Errorf("%s shows nowhere, so that this test tells nothing of it", field)
		}
	}
	for _, door := range []string{"/customers/" + f.customer, "/customers", "/customers?q=Quillonia", "/conversations", "/conversations/" + f.conversation, "/search?q=Quillonia", "/suggestions", "/merges/" + f.merge,
		"/customers/" + f.customer + "/merge?from=" + f.other, "/customers/" + f.customer + "/map", "/organisations/" + f.organisation, "/customers/" + f.customer + "/access", "/imports/" + f.imported + "/preview", "/exports/customers.csv",
		"/exports/customers.jsonl"} {
		if !slices.Contains(all["name"], door) {
			t.Errorf("%s does not tell an admin the name, so that this test tells nothing of it: %v", door, all["name"])
		}
	}
	for door, field := range map[string]string{"/search?q=hello": "address", f.byNumber(): "address", "/search?q=tea": "telephone"} {
		if !slices.Contains(all[field], door) {
			t.Errorf("%s does not tell an admin whose it is, so that this test tells nothing of it: %v", door, all[field])
		}
	}
	check := func(b *browser, role string, kept ...string) {
		t.Helper()
		for field, doors := range f.walk(b) {
			if slices.Contains(kept, field) {
				t.Errorf("%s: an %s is told by %v", field, role, doors)
			}
		}
	}
	agent, supervisor := f.as("leyla"), f.as("sam")
	f.keeps(0, record.LimitedFields...)
	everything := slices.Collect(maps.Keys(f.hidden))
	check(agent, "agent", everything...)
	check(supervisor, "supervisor", everything...)
	if f.walk(f.ada)["name"] == nil {
		t.Error("an admin is told nothing either")
	}

	// Names show where only addresses are hidden, and find.
	f.keeps(1, record.FieldAddress)
	check(agent, "agent", "address", "telephone", "attributes.hc", "attributes.ho", "attributes.hv")
	check(supervisor, "supervisor", "address", "telephone")
	for query, want := range map[string]int{"Quillonia": 1, "Quilonia Zaman": 1, secretMail: 0, secretPhone: 0, "9121239876": 0, "quill": 1, "quill.secret": 0, "0912 123 9876": 0} {
		for path, found := range map[string]func([]byte) int{"/customers?q=": itemsIn, "/conversations?q=": itemsIn, "/search?in=customers&q=": customersIn} {
			n := found(agent.call("GET", path+url.QueryEscape(query), nil).body)
			if (n > 0) != (want > 0) {
				t.Errorf("%s%s finds %d", path, query, n)
			}
		}
	}
	var p record.CustomerRecord
	agent.ok("GET", "/customers/"+f.customer, nil, &p)
	var masked []string
	for _, i := range p.Identities {
		masked = append(masked, i.Address)
	}
	slices.Sort(masked)
	if want := []string{"+98912***9876", "q***@example.com", "t***@example.com"}; !slices.Equal(masked, want) || p.Customer.Name != "Quillonia Zamani" || !slices.Equal(p.Limits.Hidden, []string{"address", "attributes.hc", "attributes.ho", "attributes.hv"}) {
		t.Errorf("%q %q %q", masked, p.Customer.Name, p.Limits.Hidden)
	}
	// One who may see an address may not learn by it whose it is, either.
	agent.refused(403, codeForbidden, "address", "POST", "/customers", map[string]any{"identities": []map[string]string{{"channel": "email", "address": secretMail}}})
	agent.refused(403, codeForbidden, "address", "POST", "/customers/"+f.other+"/identities", map[string]any{"channel": "email", "address": secretMail})
	supervisor.refused(403, codeForbidden, "", "GET", "/customers/"+f.customer+"/export", nil)
	supervisor.refused(403, codeForbidden, "", "GET", "/imports/"+f.imported+"/preview", nil)
	// They answer all the same.
	agent.ok("POST", "/conversations/"+f.conversation+"/claim", nil, nil)
	agent.ok("POST", "/conversations/"+f.conversation+"/reply", map[string]any{"text": "welcome"}, nil)
	f.until("it is sent", func() bool {
		var d record.Detail
		f.ada.ok("GET", "/conversations/"+f.conversation, nil, &d)
		return slices.ContainsFunc(d.Touches, func(x record.Touch) bool {
			return x.Body != nil && x.Body.Text == "welcome" && x.State == record.StateSent
		})
	})
}

func itemsIn(b []byte) int {
	var v struct{ Items []json.RawMessage }
	_ = json.Unmarshal(b, &v)
	return len(v.Items)
}

func customersIn(b []byte) int {
	var v record.Hits
	_ = json.Unmarshal(b, &v)
	return len(v.Customers)
}

// The live feed tells each role what it may see; whoever comes back later, too.
func TestNoSocketTellsWhatIsHidden(t *testing.T) {
	f := bootSecret(t)
	f.keeps(0, record.LimitedFields...)
	from := ""
	sockets := map[string]*liveClient{}
	for _, who := range []string{"leyla", "sam", "ada"} {
		c := f.as(who).live("")
		if at := c.hello().At; from == "" {
			from = at.String()
		}
		sockets[who] = c
	}
	f.says("fresh.secret@example.com", "hi")
	f.ada.ok("PATCH", "/customers/"+f.other, map[string]any{"tier": ""}, nil)
	f.ada.ok("PATCH", "/customers/"+f.other, map[string]any{"tier": "goldleaf"}, nil)
	f.ada.ok("POST", "/conversations/"+f.conversation+"/attributes", map[string]any{"attributes": map[string]any{"hv": "hushconversation"}}, nil)
	f.ada.ok("POST", "/touches", map[string]any{"id": "p2", "source": "test", "kind": "purchase", "at": "2026-05-02T10:00:00Z", "customer": map[string]string{"channel": "phone", "address": secretPhone},
		"data": map[string]any{"amount": 7431.5, "currency": "EUR", "cost": 1337.25}}, nil)
	f.says("last.secret@example.com", "the end")
	heard := func(c *liveClient) (all string) {
		for {
			_ = c.conn.SetReadDeadline(time.Now().Add(patience))
			_, b, err := c.conn.ReadMessage()
			must(t, err)
			checkItems(t, b)
			if all += string(b); strings.Contains(all, "the end") {
				return all
			}
		}
	}
	told := heard(sockets["ada"])
	for _, value := range []string{".secret@", `"tier":"goldleaf"`, "9121239876"} {
		if !strings.Contains(told, value) {
			t.Errorf("%s is told to nobody, so that this test tells nothing of it", value)
		}
	}
	for _, who := range []string{"leyla", "sam"} {
		again := f.as(who).live("from=" + from)
		for how, text := range map[string]string{"live": heard(sockets[who]), "later": heard(again)} {
			for field, value := range f.hidden {
				if strings.Contains(text, value) {
					t.Errorf("%s, %s: %s is told", who, how, field)
				}
			}
		}
	}
}

// What may be seen but not changed is refused by its name; who may not change a field may not let themselves either.
func TestLimitsOfNamesAndTiers(t *testing.T) {
	f := bootSecret(t)
	set := record.DefaultRecordSetting()
	set.FieldRoles = map[string]record.Limit{"name": {Edit: []string{"admin"}}, "tier": {Edit: []string{"supervisor"}}, "address": {See: []string{"supervisor"}, Edit: []string{"admin"}}}
	f.ada.ok("PUT", "/settings/record", map[string]any{"version": 0, "value": set}, nil)
	b, sam := f.as("leyla"), f.as("sam")
	b.refused(403, codeForbidden, "name", "PATCH", "/customers/"+f.customer, map[string]any{"name": "X"})
	b.refused(403, codeForbidden, "tier", "PATCH", "/customers/"+f.customer, map[string]any{"tier": ""})
	sam.refused(403, codeForbidden, "name", "PATCH", "/customers/"+f.customer, map[string]any{"name": "X"})
	sam.ok("PATCH", "/customers/"+f.customer, map[string]any{"tier": ""}, nil)
	sam.refused(403, codeForbidden, "name", "POST", "/customers", map[string]any{"name": "New"})
	sam.refused(403, codeForbidden, "address", "POST", "/customers/"+f.customer+"/identities", map[string]any{"channel": "external", "address": "5"})
	// Names of organisations are nobody's but theirs.
	if i := sam.imports(record.ImportOrganisations, "firms.csv", "name,city\nFirm of Yazd,Yazd\n"); i.Made != 1 || i.Mapping["name"] != "name" {
		t.Errorf("%+v", i)
	}
	var p record.CustomerRecord
	sam.ok("GET", "/customers/"+f.customer, nil, &p)
	if !slices.Equal(p.Limits.Locked, []string{"address", "name"}) || !slices.ContainsFunc(p.Identities, func(i record.Identity) bool { return i.Address == secretPhone }) {
		t.Errorf("%+v %+v", p.Limits, p.Identities)
	}
	next := set
	next.FieldRoles = map[string]record.Limit{"tier": {}, "address": set.FieldRoles["address"]}
	sam.refused(403, codeForbidden, "value.field_roles.name", "PUT", "/settings/record", map[string]any{"version": 1, "value": next})
	next.FieldRoles["name"] = set.FieldRoles["name"]
	sam.ok("PUT", "/settings/record", map[string]any{"version": 1, "value": next}, nil)
	var defined settingView[[]record.Attribute]
	sam.ok("GET", "/settings/attributes", nil, &defined)
	defined.Value[0].See = nil
	sam.refused(403, codeForbidden, "value[0].see", "PUT", "/settings/attributes", map[string]any{"version": defined.Version, "value": defined.Value})
}

// How complete a record is counts what the asker sees.
func TestCompletenessOfWhatIsSeen(t *testing.T) {
	f := bootSecret(t)
	set := record.DefaultRecordSetting()
	set.Required = []string{record.FieldPlace, record.FieldOwner}
	set.FieldRoles = map[string]record.Limit{"place": {See: []string{"admin"}}, "owner": {See: []string{"admin"}}}
	attributes := []record.Attribute{{ID: "size", Of: record.OfCustomer, Required: true, See: []string{record.RoleAdmin}}, {ID: "shoe", Of: record.OfCustomer, Required: true}}
	seen, asked := record.SightOf(record.RoleAgent, &set, attributes).Asks(&set, attributes)
	if len(seen.Required) != 0 || asked[0].Required || !asked[1].Required || len(set.Required) != 2 || !attributes[0].Required {
		t.Errorf("%+v %+v", seen.Required, asked)
	}
	f.ada.ok("PUT", "/settings/record", map[string]any{"version": 0, "value": set}, nil)
	var whole, part record.CustomerRecord
	f.ada.ok("GET", "/customers/"+f.customer, nil, &whole)
	f.as("sam").ok("GET", "/customers/"+f.customer, nil, &part)
	for _, field := range set.Required {
		if slices.Contains(part.Completeness.Missing, field) {
			t.Errorf("%s is asked for", field)
		}
	}
	if len(part.Completeness.Missing) == 0 && part.Completeness.Percent != 100 || part.Completeness.Percent < whole.Completeness.Percent {
		t.Errorf("%+v %+v", whole.Completeness, part.Completeness)
	}
}

// A reply in whose envelope stands a part of an address goes to the whole of it.
func TestPartsOfAddressesAreAnswered(t *testing.T) {
	f := bootSecret(t)
	s := f.server
	e := &channels.Envelope{To: []string{"q***@example.com", "new@example.com"}}
	must(t, s.unmask(t.Context(), f.conversation, e))
	if got := fmt.Sprint(e.To); got != "["+secretMail+" new@example.com]" {
		t.Error(got)
	}
	for _, bad := range []string{"z***@example.com", "Quill <x***@example.com>"} {
		if err := s.unmask(t.Context(), f.conversation, &channels.Envelope{Cc: []string{bad}}); asProblem(err).Field != "envelope.cc" {
			t.Errorf("%s: %v", bad, err)
		}
	}
	// Of two that look alike each keeps its place.
	for range 20 {
		e := &channels.Envelope{To: []string{"q***@example.com"}, Cc: []string{"q***@example.com", "Mia <m***@example.com>"}, Bcc: []string{"q***@example.com"}}
		must(t, unmasked([]string{"quill@example.com", "Quentin <quentin@example.com>", "mia@example.com", "quinn@example.com"}, e))
		if got := fmt.Sprint(e.To, e.Cc, e.Bcc); got != "[quill@example.com] [Quentin <quentin@example.com> mia@example.com] [quinn@example.com]" {
			t.Fatal(got)
		}
	}
	f.ada.refused(422, codeInvalid, "address", "POST", "/conversations", map[string]any{"account": f.account, "address": "q***@example.com", "text": "hi"})
	f.ada.refused(422, codeInvalid, "address", "POST", "/customers/"+f.customer+"/identities", map[string]any{"channel": "email", "address": "q***@example.com"})
}
