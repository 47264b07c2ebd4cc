package agentui

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"tamas/inbox/record"
)

type anyMap = map[string]any

func TestSettingsOfRouting(t *testing.T) {
	r := boot(t)
	leyla, sam := r.as("leyla"), r.as("sam")
	names := []string{"routing", "calendars", "sla", "alerts"}
	empty := map[string]any{"routing": anyMap{}, "calendars": []any{}, "sla": []any{}, "alerts": []any{}}
	for _, name := range names {
		path := "/settings/" + name
		var got settingView[json.RawMessage]
		sam.ok("GET", path, nil, &got)
		if got.Version != 0 || string(got.Value) == "null" || got.Value == nil {
			t.Errorf("%s before anybody saved it: %d %s", name, got.Version, got.Value)
		}
		if name == "alerts" {
			if !strings.Contains(string(got.Value), "longest_wait") {
				t.Errorf("alerts begin without their defaults: %s", got.Value)
			}
			leyla.refused(403, codeForbidden, "", "GET", path, nil)
		} else {
			leyla.ok("GET", path, nil, nil)
		}
		leyla.refused(403, codeForbidden, "", "PUT", path, anyMap{"value": empty[name], "version": 0})
		sam.refused(422, codeInvalid, "version", "PUT", path, anyMap{"value": empty[name]})
		sam.refused(422, codeInvalid, "value", "PUT", path, anyMap{"version": 0})
		sam.ok("PUT", path, anyMap{"value": empty[name], "version": 0}, &got)
		if got.Version != 1 {
			t.Errorf("%s: version %d", name, got.Version)
		}
		// Who saw an older one hears what is now.
		p := sam.refused(409, codeConflict, "", "PUT", path, anyMap{"value": empty[name], "version": 0})
		if now, ok := p.Current.(anyMap); !ok || now["version"] != float64(1) || now["value"] == nil {
			t.Errorf("%s: a stale change hears %v", name, p.Current)
		}
	}
	leyla.refused(403, codeForbidden, "", "GET", "/audit", nil)
	leyla.refused(403, codeForbidden, "", "POST", "/settings/calendars/preview", anyMap{"calendar": berlin("c"), "from": 1, "days": 1})
}

func berlin(id string) anyMap {
	day := []anyMap{{"from": 540, "to": 720}, {"from": 840, "to": 1080}}
	return anyMap{"id": id, "name": "Berlin", "zone": "Europe/Berlin", "week": []any{nil, day, day, day, day, day, nil},
		"holidays": []anyMap{{"date": "12-25", "name": "Christmas"}, {"date": "01-01", "jalali": true}}}
}

// put replaces a setting, whatever its version is, and waits until the hub has it.
func put(b *browser, name string, value any) {
	b.r.t.Helper()
	var was, is settingView[json.RawMessage]
	b.ok("GET", "/settings/"+name, nil, &was)
	b.ok("PUT", "/settings/"+name, anyMap{"value": value, "version": was.Version}, &is)
}

func TestCalendarsAreChecked(t *testing.T) {
	r := boot(t)
	sam := r.as("sam")
	bad := func(field string, change func(c anyMap)) {
		t.Helper()
		c := berlin("c")
		change(c)
		sam.refused(422, codeInvalid, field, "PUT", "/settings/calendars", anyMap{"value": []any{c}, "version": 0})
	}
	bad("value[0].id", func(c anyMap) { c["id"] = "" })
	bad("value[0].name", func(c anyMap) { c["name"] = " " })
	bad("value[0].zone", func(c anyMap) { c["zone"] = "Nowhere/Land" })
	bad("value[0].week[1][1]", func(c anyMap) {
		c["week"] = []any{nil, []anyMap{{"from": 540, "to": 720}, {"from": 700, "to": 800}}, nil, nil, nil, nil, nil}
	})
	bad("value[0].week[1][0]", func(c anyMap) { c["week"] = []any{nil, []anyMap{{"from": 0, "to": 1441}}, nil, nil, nil, nil, nil} })
	bad("value[0].holidays[0].date", func(c anyMap) { c["holidays"] = []anyMap{{"date": "1404-12-30", "jalali": true}} })
	sam.refused(422, codeInvalid, "value[1].id", "PUT", "/settings/calendars", anyMap{"value": []any{berlin("c"), berlin("c")}, "version": 0})

	var got struct{ Days []calendarDay }
	// From Friday, 19 March 2027 on; 22 March is the Persian new year's day then.
	sam.ok("POST", "/settings/calendars/preview", anyMap{"calendar": berlin(""), "from": 1805439600000, "days": 4}, &got)
	if len(got.Days) != 4 || got.Days[0].Date != "2027-03-19" || len(got.Days[0].Open) != 2 || len(got.Days[1].Open) != 0 || got.Days[2].Holiday != "01-01" {
		t.Errorf("%+v", got.Days)
	}
	sam.refused(422, codeInvalid, "days", "POST", "/settings/calendars/preview", anyMap{"calendar": berlin(""), "from": 0, "days": 401})
	sam.refused(422, codeInvalid, "calendar.zone", "POST", "/settings/calendars/preview", anyMap{"calendar": anyMap{"id": "", "name": "", "zone": "x", "week": []any{nil, nil, nil, nil, nil, nil, nil}}, "from": 0, "days": 1})

	// What a queue or a promise follows stays.
	put(sam, "calendars", []any{berlin("c"), berlin("d"), berlin("e")})
	put(sam, "sla", []any{anyMap{"id": "p", "name": "P", "first": 60, "calendar": "d"}})
	var q record.Queue
	sam.ok("GET", "/queues/"+r.queue, nil, &q)
	sam.ok("PATCH", "/queues/"+r.queue, anyMap{"version": q.Version, "routing": anyMap{"calendar": "c"}}, &q)
	for _, left := range [][]any{{berlin("d")}, {berlin("c")}} {
		sam.refused(422, codeInvalid, "value", "PUT", "/settings/calendars", anyMap{"value": left, "version": 1})
	}
	put(sam, "calendars", []any{berlin("c"), berlin("d")})
}

func TestPromisesAndAlertsAreChecked(t *testing.T) {
	r := boot(t)
	sam := r.as("sam")
	for field, p := range map[string]anyMap{
		"value[0].first":        {},
		"value[0].queues[0]":    {"first": 1, "queues": []string{"none"}},
		"value[0].channels[0]":  {"first": 1, "channels": []string{"pigeon"}},
		"value[0].tiers[0]":     {"first": 1, "tiers": []string{"gold"}},
		"value[0].calendar":     {"first": 1, "calendar": "none"},
		"value[0].next":         {"next": -1},
		"value[0].warn_percent": {"next": 1, "warn_percent": 100},
		"value[0].name":         {"next": 1, "name": ""},
	} {
		p["id"] = "p"
		if p["name"] == nil {
			p["name"] = "P"
		}
		sam.refused(422, codeInvalid, field, "PUT", "/settings/sla", anyMap{"value": []any{p}, "version": 0})
	}
	for field, a := range map[string]anyMap{
		"value[0].kind":      {"kind": "bad mood"},
		"value[0].value":     {"kind": "service_level", "value": 101},
		"value[0].queues[0]": {"kind": "sla", "queues": []string{"none"}},
		"value[0].emails[0]": {"kind": "sla", "emails": []string{"not an address"}},
		"value[0].account":   {"kind": "sla", "emails": []string{"a@example.com"}, "account": r.account},
		"value[0].webhook":   {"kind": "sla", "webhook": "file:///etc/passwd"},
		"value[0].id":        {"kind": "sla", "id": ""},
	} {
		if a["id"] == nil {
			a["id"] = "a"
		}
		if a["value"] == nil {
			a["value"] = 1
		}
		sam.refused(422, codeInvalid, field, "PUT", "/settings/alerts", anyMap{"value": []any{a}, "version": 0})
	}
	sam.refused(422, codeInvalid, "value[0].value", "PUT", "/settings/alerts", anyMap{"value": []any{anyMap{"id": "a", "kind": "service_level", "value": 0}}, "version": 0})
	sam.refused(422, codeInvalid, "running", "PUT", "/settings/alerts", anyMap{"value": []any{}, "version": 0, "running": true})

	// What a webhook's calls are signed with is told once, when it is new.
	hook := []any{anyMap{"id": "a", "kind": "sla", "value": 1, "webhook": "https://example.com/x"}}
	var got settingView[[]record.AlertRule]
	sam.ok("PUT", "/settings/alerts", anyMap{"value": hook, "version": 0}, &got)
	secret := got.Secrets["a"]
	if len(secret) < 32 {
		t.Fatalf("%+v", got)
	}
	for _, a := range []answer{sam.call("PUT", "/settings/alerts", anyMap{"value": hook, "version": 1}), sam.call("GET", "/settings/alerts", nil), sam.call("GET", "/audit", nil)} {
		if a.status != http.StatusOK || strings.Contains(string(a.body), secret) {
			t.Errorf("%d: %s", a.status, a.body)
		}
	}
}

func TestQueuesRoutingIsChecked(t *testing.T) {
	r := boot(t)
	sam, ada, leyla := r.as("sam"), r.as("ada"), r.as("leyla")
	put(sam, "routing", anyMap{"skills": []string{"persian", "billing"}, "tiers": []string{"gold"}})
	sam.refused(422, codeInvalid, "value.skills[1]", "PUT", "/settings/routing", anyMap{"value": anyMap{"skills": []string{"a", "a"}}, "version": 1})
	sam.refused(422, codeInvalid, "value.grace_seconds", "PUT", "/settings/routing", anyMap{"value": anyMap{"grace_seconds": -1}, "version": 1})
	path := "/queues/" + r.queue
	for field, routing := range map[string]anyMap{
		"routing.order":                {"order": "loudest"},
		"routing.sticky_seconds":       {"sticky_seconds": -1},
		"routing.needs[0].skill":       {"needs": []anyMap{{"skill": "juggling"}}},
		"routing.needs[1].skill":       {"needs": []anyMap{{"skill": "persian"}, {"skill": "persian"}}},
		"routing.needs[0].level":       {"needs": []anyMap{{"skill": "persian", "level": 6}}},
		"routing.calendar":             {"calendar": "none"},
		"routing.secondary[0].members": {"secondary": []anyMap{{"after": 60, "members": []string{"nobody"}}}},
		"routing.overflow[0].queue":    {"overflow": []anyMap{{"when": "closed", "queue": r.queue}}},
		"routing.overflow[0].value":    {"overflow": []anyMap{{"when": "wait", "text": "Patience"}}},
		"routing.overflow[0].when":     {"overflow": []anyMap{{"when": "rain", "text": "Patience"}}},
	} {
		sam.refused(422, codeInvalid, field, "PATCH", path, anyMap{"version": 1, "routing": routing})
	}
	good := anyMap{"order": "least_active", "needs": []anyMap{{"skill": "persian", "level": 3}, {"skill": "billing", "drop_after": 60}},
		"secondary": []anyMap{{"after": 90, "members": []string{r.users["sam"].ID}}, {"after": 30, "members": []string{r.users["ada"].ID}}},
		"overflow":  []anyMap{{"when": "wait", "value": 300, "text": "It takes longer today."}}}
	leyla.refused(403, codeForbidden, "", "PATCH", path, anyMap{"version": 1, "routing": good})
	var q record.Queue
	sam.ok("PATCH", path, anyMap{"version": 1, "routing": good}, &q)
	if q.Routing.Secondary[0].After != 30 || len(q.Routing.Needs) != 2 {
		t.Errorf("%+v", q.Routing)
	}
	if now := r.hub.Settings().Queues[r.queue].Routing; now.Order != record.OrderActive {
		t.Errorf("not live: %+v", now)
	}
	sam.refused(422, codeInvalid, "value.skills", "PUT", "/settings/routing", anyMap{"value": anyMap{"skills": []string{"persian"}}, "version": 1})

	who := "/users/" + r.users["leyla"].ID
	ada.refused(422, codeInvalid, "skills", "PATCH", who, anyMap{"version": 1, "skills": anyMap{"juggling": 1}})
	ada.refused(422, codeInvalid, "skills", "PATCH", who, anyMap{"version": 1, "skills": anyMap{"persian": 0}})
	leyla.refused(403, codeForbidden, "", "PATCH", who, anyMap{"version": 1, "skills": anyMap{"persian": 5}})
	var u record.User
	ada.ok("PATCH", who, anyMap{"version": 1, "skills": anyMap{"persian": 5}}, &u)
	if u.Skills["persian"] != 5 {
		t.Errorf("%+v", u)
	}
	sam.ok("PATCH", who, anyMap{"version": u.Version, "skills": anyMap{"persian": 4}}, &u)
	if u.Skills["persian"] != 4 || r.hub.Settings().Users[u.ID].Skills["persian"] != 4 {
		t.Errorf("a supervisor set %+v", u)
	}
	for field, x := range (anyMap{"capacity": 9, "role": "admin", "password": "a password of one's own", "disabled": false}) {
		sam.refused(403, codeForbidden, "", "PATCH", who, anyMap{"version": u.Version, "skills": anyMap{"persian": 1}, field: x})
	}
}

func TestAuditTellsWhoWhenWhatBeforeAndAfter(t *testing.T) {
	r := boot(t)
	sam, ada, leyla := r.as("sam"), r.as("ada"), r.as("leyla")
	put(sam, "routing", anyMap{"tiers": []string{"gold"}})
	var q record.Queue
	sam.ok("POST", "/queues", anyMap{"name": "Second"}, &q)
	sam.ok("PATCH", "/queues/"+q.ID, anyMap{"version": q.Version, "name": "Other", "priority": 0}, nil)
	sam.ok("PATCH", "/queues/"+q.ID, anyMap{"version": q.Version + 1, "name": "Other"}, nil) // changes nothing
	ada.ok("PATCH", "/users/"+r.users["leyla"].ID, anyMap{"version": 1, "capacity": 3, "password": "another long password"}, nil)
	ada.ok("PATCH", "/accounts/"+r.account, anyMap{"version": 1, "settings": anyMap{"colour": "blue", "token": "most secret"}}, nil)
	var token struct{ ID, Secret string }
	ada.ok("POST", "/tokens", anyMap{"user": r.users["sam"].ID, "name": "robot"}, &token)
	ada.ok("DELETE", "/tokens/"+token.ID, nil, nil)
	c := r.says("sara", "hello")
	identity, err := r.hub.Record().Identity(t.Context(), c.Identity)
	must(t, err)
	customer := "/customers/" + identity.Customer
	sam.refused(422, codeInvalid, "tier", "PATCH", customer, anyMap{"tier": "platinum"})
	sam.ok("PATCH", customer, anyMap{"tier": "gold"}, nil)
	sam.ok("POST", "/conversations/"+c.ID+"/priority", anyMap{"priority": 30}, nil)
	leyla.refused(401, codeSignedOut, "", "GET", "/audit", nil) // her password is new

	var page struct {
		Items []struct {
			ID, By, Action, Subject string
			At                      record.Millis
			Before, After           json.RawMessage
			Conversation            *record.Steered
		}
		More bool
	}
	sam.ok("GET", "/audit?limit=100", nil, &page)
	id := func(name string) string { return r.users[name].ID }
	want := []struct{ by, action, subject, before, after string }{
		{id("sam"), "conversation.changed", c.ID, `{"priority":null}`, `{"priority":30}`},
		{id("sam"), "conversation.changed", c.ID, `{"tier":null}`, `{"tier":"gold"}`},
		{id("sam"), "customer.change", identity.Customer, `{"tier":""}`, `{"tier":"gold"}`},
		{id("ada"), "token.archive", token.ID, `{"id":"` + token.ID + `"}`, ``},
		{id("ada"), "token.create", token.ID, ``, `robot`},
		{id("ada"), "account.change", r.account, `{"settings":{"colour":"red"}}`, `{"new_secrets":["token"],"settings":{"colour":"blue"}}`},
		{id("ada"), "user.change", id("leyla"), `{"capacity":6}`, `{"capacity":3,"password":"new"}`},
		{id("sam"), "queue.change", q.ID, `{"name":"Second"}`, `{"name":"Other"}`},
		{id("sam"), "queue.create", q.ID, ``, `"name":"Second"`},
		{id("sam"), "settings.routing", "routing", `{"value":{}}`, `{"value":{"tiers":["gold"]}}`},
	}
	if len(page.Items) != len(want) || page.More {
		t.Fatalf("%d entries: %+v", len(page.Items), page)
	}
	for i, w := range want {
		g := page.Items[i]
		if g.By != w.by || g.Action != w.action || g.Subject != w.subject || string(g.Before) != w.before || !strings.Contains(string(g.After), w.after) || g.At == 0 {
			t.Errorf("entry %d: %s %s %s\n%s\n%s\nwant %+v", i, g.By, g.Action, g.Subject, g.Before, g.After, w)
		}
		for _, secret := range []string{"another long", "most secret", "very secret", token.Secret} {
			if strings.Contains(string(g.Before)+string(g.After), secret) {
				t.Errorf("%s shows a secret: %s", g.Action, g.After)
			}
		}
	}
	if page.Items[0].Conversation == nil || page.Items[0].Conversation.Number != c.Number {
		t.Errorf("%+v", page.Items[0])
	}

	// Page by page it is the same list.
	seen, before := 0, ""
	for range 20 {
		sam.ok("GET", "/audit?limit=3"+before, nil, &page)
		seen += len(page.Items)
		if !page.More {
			break
		}
		before = "&before=" + strconv.FormatInt(int64(page.Items[len(page.Items)-1].At), 10)
	}
	if seen != len(want) {
		t.Errorf("%d entries by pages", seen)
	}
	sam.ok("GET", "/audit?action=queue.&by="+id("sam"), nil, &page)
	if len(page.Items) != 2 {
		t.Errorf("%+v", page)
	}
	sam.refused(422, codeInvalid, "before", "GET", "/audit?before=x", nil)

	if got := r.hubConversation(c.ID); got.Tier != "gold" {
		t.Errorf("the open conversation's tier: %q", got.Tier)
	}
}

func (r *rig) hubConversation(id string) record.Conversation {
	live, _ := r.hub.Live()
	for _, c := range live {
		if c.ID == id {
			return c
		}
	}
	return record.Conversation{}
}
