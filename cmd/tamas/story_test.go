package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tamas/channels/api/apitest"
)

// unshown are operations whose requests or answers are no text to show, and those that only the agents' app has a use for.
var unshown = []string{"getOpenAPI", "getLive", "postFile", "getFile", "getHTML", "getRaw", "exportPerson",
	"postConsult", "postReview", "postVerdict", "postSeen", "postStartLink", "postLinkUndo", "postSuggestionAccept", "postUnmask",
	"postAlertTest", "putAgentState", "postSimulation", "getSimulation", "postCancelImport"}

// TestExamples tells the story of the examples: a tea house sets up its hub, customers write and buy, two of them are one, and one goes.
func TestExamples(t *testing.T) {
	shop, err := apitest.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer shop.Close()
	hub := spawn(t, "--addr", "127.0.0.1:0", "--data", t.TempDir())
	link := hub.until("/setup?token=")
	token := strings.Fields(link[strings.Index(link, "token=")+len("token="):])[0]
	s := newTeller(t, hub.url, hub.url, "https://help.example.com", shop.URL(), "https://shop.example.com/tamas", token, "the-token-that-the-hub-printed", versionText(), "1.0")
	f := func(format string, args ...any) string { return fmt.Sprintf(format, args...) }

	// The firm.
	s.tell("GET /setup", "")
	s.tell("POST /setup", f(`{"token": %q, "name": "Nika", "email": "nika@example.com", "password": "a long password", "locale": "en", "firm": "The Tea House"}`, token))
	s.tell("POST /session", `{"email": "nika@example.com", "password": "a long password"}`)
	nika := s.tell("GET /session", "").at("user.id")
	s.tell("GET /sessions", "")
	s.tell("PATCH /me", `{"public_name": "Nika from the Tea House"}`)
	s.tell("POST /tokens", `{"name": "The till"}`)
	s.tell("GET /tokens", "")
	firm := s.tell("GET /firm", "").at("version")
	s.tell("PATCH /firm", f(`{"timezone": "Asia/Tehran", "country": "IR", "version": %s}`, firm))
	s.tell("GET /settings/routing", "")
	s.tell("PUT /settings/routing", `{"value": {"skills": ["Persian"], "tiers": ["gold", "silver"], "break_reasons": ["Lunch"]}, "version": 0}`)
	reza := s.tell("POST /users", `{"email": "reza@example.com", "name": "رضا مرادی", "public_name": "Reza", "role": "agent", "locale": "fa", "capacity": 4, "password": "another long one", "skills": {"Persian": 5}}`)
	rezaID := reza.at("id")
	s.tell("GET /users", "")
	s.tell("GET /users/"+rezaID, "")
	s.tell("PATCH /users/"+rezaID, f(`{"capacity": 5, "version": %s}`, reza.at("version")))
	queue := s.tell("POST /queues", f(`{"name": "Orders", "mode": "pull", "offer_seconds": 30, "target_seconds": 60, "members": [%q, %q]}`, nika, rezaID))
	queueID := queue.at("id")
	s.tell("GET /queues", "")
	s.tell("GET /queues/"+queueID, "")
	s.tell("PATCH /queues/"+queueID, f(`{"wrap_up_seconds": 20, "version": %s}`, queue.at("version")))
	s.tell("POST /queues/"+queueID+"/close", `{"closed": false}`)
	canned := s.tell("POST /canned", `{"shortcut": "post", "title": "By post", "text": "Dear {{customer}}, your tea left us this morning."}`)
	s.tell("PATCH /canned/"+canned.at("id"), f(`{"title": "It is on its way", "version": %s}`, canned.at("version")))
	s.tell("GET /canned", "")

	// What it wants to know, and its rules.
	s.tell("PUT /settings/attributes", `{"value": [
		{"id": "blend", "of": "customer", "name": {"en": "Favourite blend", "fa": "چای دلخواه"}, "group": "product", "type": "choice", "options": [{"id": "earl", "name": {"en": "Earl Grey", "fa": "ارل گری"}}, {"id": "lahijan", "name": {"en": "Lahijan", "fa": "لاهیجان"}}]},
		{"id": "cups", "of": "customer", "name": {"en": "Cups a day", "fa": "فنجان در روز"}, "group": "psychographic", "type": "number"},
		{"id": "parcel", "of": "conversation", "name": {"en": "Parcel", "fa": "مرسوله"}, "group": "commercial", "type": "text"}], "version": 0}`)
	s.tell("GET /settings/attributes", "")
	s.tell("PUT /settings/kinds", `{"value": [{"id": "x_tasting", "name": {"en": "Tasting", "fa": "چشیدن چای"}, "inbound": true, "fields": [{"id": "stars", "name": {"en": "Stars", "fa": "ستاره"}, "type": "number", "required": true}]}], "version": 0}`)
	s.tell("GET /settings/kinds", "")
	s.tell("GET /kinds", "")
	s.setting("/settings/record")
	s.tell("PUT /settings/calendars", `{"value": [{"id": "shop", "name": "Shop hours", "zone": "Asia/Tehran", "week": [[{"from": 540, "to": 1020}], [{"from": 540, "to": 1020}], [{"from": 540, "to": 1020}], [{"from": 540, "to": 1020}], [{"from": 540, "to": 780}], [], [{"from": 540, "to": 1020}]], "holidays": [{"date": "01-01", "jalali": true, "name": "Nowruz"}]}], "version": 0}`)
	s.tell("GET /settings/calendars", "")
	s.tell("POST /settings/calendars/preview", f(`{"calendar": {"id": "shop", "name": "Shop hours", "zone": "Asia/Tehran", "week": [[], [{"from": 540, "to": 1020}], [], [], [], [], []]}, "from": 1764000000000, "days": 2}`))
	s.tell("PUT /settings/sla", f(`{"value": [{"id": "fast", "name": "Fast", "queues": [%q], "first": 300}], "version": 0}`, queueID))
	s.tell("GET /settings/sla", "")
	s.setting("/settings/alerts")
	s.tell("PUT /settings/privacy", `{"value": {"cards": true, "national_ids": "named", "passwords": true, "keep": false, "reveal": "", "retention": [{"id": "old", "name": "After three years", "enabled": false, "days": 1095, "what": "text"}]}, "version": 0}`)
	s.tell("GET /settings/privacy", "")
	s.tell("POST /settings/privacy/preview", `{"rule": {"id": "old", "name": "After three years", "enabled": false, "days": 1095, "what": "text"}}`)
	s.tell("POST /settings/privacy/run", "")

	// A channel.
	settings := f(`{"send_url": %q, "secret": %q}`, shop.URL()+"/send", apitest.Secret)
	s.tell("POST /accounts/check", f(`{"kind": "api", "settings": %s}`, settings))
	account := s.tell("POST /accounts", f(`{"kind": "api", "name": "The shop's app", "queue": %q, "reopen_hours": 72, "enabled": true, "settings": %s}`, queueID, settings))
	accountID := account.at("id")
	eventually(t, "the account is open", func() bool {
		return strings.Contains(string(s.ask("GET /accounts/"+accountID, "").body), `"connected"`)
	})
	shop.SetWebhook(hub.url + "/hooks/" + accountID + "/")
	s.tell("GET /accounts", "")
	s.tell("GET /accounts/"+accountID, "")
	s.tell("POST /accounts/"+accountID+"/test", `{"address": "customer-41"}`)
	s.tell("PATCH /accounts/"+accountID, f(`{"silent_minutes": 0, "version": %s}`, account.at("version")))

	// What happened elsewhere, and who it happened to.
	touches := s.tell("POST /touches", `{"touches": [
		{"id": "order-88", "source": "shop", "kind": "purchase", "customer": {"phone": "+98 912 345 6789", "name": "سارا کاظمی"}, "data": {"amount": 2500000, "currency": "IRT", "order": "88", "items": [{"product": "tea-7", "name": "Lahijan, 500 g", "quantity": 2, "amount": 2500000}]}},
		{"id": "odd", "source": "shop", "kind": "purchase", "customer": {"phone": "12"}}]}`)
	touch := touches.at("items.0.touch")
	s.ask("POST /touches", `{"id": "call-1", "source": "pbx", "kind": "call", "customer": {"email": "reza.ahmadi@example.com", "name": "Reza Ahmadi"}, "text": "Asked for the price of 10 kg", "data": {"seconds": 95, "outcome": "answered"}}`)
	page := s.tell("GET /customers", "")
	other, sara := page.at("items.0.id"), page.at("items.1.id")
	version := s.ask("GET /customers/"+sara, "").at("customer.version")
	s.tell("PATCH /customers/"+sara, f(`{"tier": "gold", "tags": ["wholesale"], "languages": ["fa", "en"], "place": {"city": "Rasht"}, "stage": "active", "attributes": {"blend": "lahijan", "cups": 6}, "version": %s}`, version))
	s.tell("POST /customers/"+sara+"/identities", `{"channel": "email", "address": "sara@example.com", "evidence": "Told us on the telephone"}`)
	s.tell("PUT /customers/"+sara+"/consents", `{"purpose": "marketing", "channel": "email", "state": "given", "evidence": "The form in the shop"}`)
	s.tell("GET /customers/"+sara+"/consents", "")
	s.tell("POST /customers/"+sara+"/relations", f(`{"other": %q, "kind": "colleague"}`, other))
	s.tell("GET /customers/"+sara+"/map", "")
	s.ask("POST /touches/"+touch+"/pin", "")
	s.tell("GET /customers/"+sara, "")
	s.tell("GET /customers/"+sara+"/touches?kind=purchase,return", "")
	s.tell("GET /customers/"+sara+"/summary", "")
	s.tell("GET /customers/"+sara+"/history", "")
	s.tell("POST /settings/record/stages", `{"stage_rule": {"enabled": true, "active": 2, "active_months": 6, "loyal": 5, "loyal_months": 12, "lapsed_months": 12}}`)

	// An organisation.
	tea := s.tell("POST /organisations", `{"name": "Caspian Tea", "place": {"city": "Rasht", "country": "IR"}, "tags": ["grower"]}`)
	teaID := tea.at("id")
	s.tell("PATCH /organisations/"+teaID, f(`{"tags": ["grower", "wholesale"], "version": %s}`, tea.at("version")))
	s.tell("PUT /organisations/"+teaID+"/members/"+sara, `{"role": "Buyer"}`)
	s.tell("GET /organisations", "")
	s.tell("GET /organisations/"+teaID, "")
	s.tell("GET /organisations/"+teaID+"/touches", "")
	s.tell("GET /organisations/"+teaID+"/summary", "")
	s.tell("GET /organisations/"+teaID+"/map", "")

	// Two are one, and are two again.
	twin := s.tell("POST /customers", `{"name": "Sara Kazemi", "identities": [{"channel": "email", "address": "s.kazemi@example.com"}]}`)
	twinID := twin.at("id")
	s.tell("GET /customers/"+sara+"/merge?from="+twinID, "")
	merged := s.tell("POST /customers/"+sara+"/merge", f(`{"from": %q, "reason": "Both spellings of one name"}`, twinID))
	s.tell("GET /merges/"+merged.at("merge.id"), "")
	s.tell("POST /merges/"+merged.at("merge.id")+"/undo", `{"move": []}`)
	identity := s.ask("GET /customers/"+sara, "").at("identities.1.id")
	s.tell("POST /customers/"+sara+"/split", f(`{"identities": [%q], "name": "Sara's firm", "evidence": "The mailbox is her firm's"}`, identity))
	s.ask("POST /customers", `{"name": "رضا احمدی", "identities": [{"channel": "phone", "address": "+989351112233"}]}`)
	s.ask("POST /touches", `{"id": "call-2", "source": "pbx", "kind": "call", "customer": {"phone": "+989351112233"}, "data": {"seconds": 20, "outcome": "missed"}}`)
	eventually(t, "somebody is suggested", func() bool {
		return strings.Contains(string(s.ask("GET /suggestions?customer="+other, "").body), `"reasons"`)
	})
	s.tell("GET /suggestions?customer="+other, "")

	// A customer writes, and is answered.
	shop.Tell(apitest.Event{"address": "customer-42", "name": "Omid", "text": "Does the Earl Grey come in tins, too?", "lang": "en"})
	var conversation string
	eventually(t, "the conversation is there", func() bool {
		list := s.ask("GET /conversations?list=waiting", "")
		if !strings.Contains(string(list.body), "Earl Grey") {
			return false
		}
		conversation = list.at("items.0.id")
		return true
	})
	c := "/conversations/" + conversation
	s.tell("GET /conversations?list=waiting", "")
	s.tell("GET /counts", "")
	s.tell("GET /pull", "")
	s.tell("PUT /me/state", `{"state": "busy", "reason": "Stocktaking"}`)
	s.tell("GET /agents", "")
	s.tell("POST "+c+"/claim", "")
	s.tell("POST "+c+"/attributes", `{"attributes": {"parcel": "RB123456785IR"}}`)
	s.tell("POST "+c+"/note", `{"text": "He bought the tins last year, too"}`)
	s.tell("POST "+c+"/draft", `{"text": "It does: 100 g and 250 g."}`)
	s.tell("GET "+c+"/recipients", "")
	s.tell("POST "+c+"/reply", `{"text": "It does: 100 g and 250 g."}`)
	eventually(t, "the answer is sent", func() bool {
		return len(shop.Sent()) == 2 && strings.Contains(string(s.ask("GET "+c, "").body), `"sent"`)
	})
	s.tell("POST /identities/"+s.ask("GET "+c, "").at("conversation.identity")+"/block", `{"on": false}`)
	s.tell("POST "+c+"/tags", `{"tags": ["tins"]}`)
	s.tell("POST "+c+"/priority", `{"priority": 10}`)
	s.tell("POST "+c+"/needs", `{"needs": [{"skill": "Persian", "level": 2}]}`)
	s.tell("POST "+c+"/typing", `{"on": false}`)
	flagged := s.tell("POST "+c+"/flag", `{"text": "May I give him ten percent?"}`)
	s.tell("POST "+c+"/flag/answer", fmt.Sprintf(`{"touch": %q, "text": "You may"}`, flagged.at("touch.id")))
	s.tell("POST "+c+"/snooze", fmt.Sprintf(`{"until": %d}`, time.Now().Add(24*time.Hour).UnixMilli()))
	s.ask("POST "+c+"/wake", "")
	s.tell("GET "+c, "")
	s.tell("GET "+c+"/touches", "")
	s.tell("GET "+c+"/decisions", "")
	s.tell("GET "+c+"/why", "")
	s.tell("POST "+c+"/assign", fmt.Sprintf(`{"agent": %q}`, rezaID))
	s.tell("POST "+c+"/whisper", `{"text": "Offer him the new blend"}`)
	s.tell("POST "+c+"/barge", `{"on": true}`)
	s.tell("POST "+c+"/transfer", fmt.Sprintf(`{"queue": %q}`, queueID))
	s.tell("POST /conversations", fmt.Sprintf(`{"account": %q, "address": "customer-43", "name": "Aisha", "text": "Your tins are here."}`, accountID))

	// Customers from a file, and out again.
	s.tell("GET /imports/fields?of=customers", "")
	imported := s.tellAs("POST /imports?of=customers&name=customers.csv", "name,mobile,city\nمینا راد,0935 000 1122,Tabriz\nNobody,12,Yazd\n", "text/csv")
	im := "/imports/" + imported.at("id")
	s.tell("PATCH "+im, fmt.Sprintf(`{"options": {"region": "IR", "existing": "fill"}, "version": %s}`, imported.at("version")))
	s.tell("GET "+im+"/preview", "")
	s.tell("POST "+im+"/check", "")
	rests := func(state string) {
		eventually(t, "the import is "+state, func() bool { return s.ask("GET "+im, "").at("state") == state })
	}
	rests("checked")
	s.tell("POST "+im+"/run", "")
	rests("done")
	s.tell("GET "+im, "")
	s.tell("GET "+im+"/errors", "")
	s.tell("GET "+im+"/errors.csv", "")
	s.tell("GET /imports", "")
	s.tell("GET /exports/organisations.csv", "")
	s.tell("GET /exports/organisations.jsonl", "")
	s.tell("GET /exports/customers.csv?tier=gold", "")
	s.tell("GET /exports/customers.jsonl?tier=gold", "")
	s.tell("GET /exports/touches.csv?kind=call", "")
	s.tell("GET /exports/touches.jsonl?kind=call", "")
	s.tell("POST "+im+"/undo", "")
	rests("undone")

	// What is found, and counted.
	eventually(t, "the call is found", func() bool { return strings.Contains(string(s.ask("GET /search?q=price", "").body), `"touch":"`) })
	s.tell("GET /search?q=price+kind:call", "")
	s.tell("GET /reports", "")
	s.tell("GET /reports/backlog?by=queue", "")
	s.tell("GET /reports/backlog/touches", "")
	s.tell("GET /staffing", "")
	s.tell("GET /supervisor", "")
	s.tell("GET /accounts/health", "")
	s.tell("GET /alerts", "")
	s.tell("GET /audit?action=merge", "")
	eventually(t, "who looked is written down", func() bool {
		return strings.Contains(string(s.ask("GET /customers/"+sara+"/access", "").body), `"seen`)
	})
	s.tell("GET /customers/"+sara+"/access", "")

	// Somebody goes.
	s.tell("PUT /customers/"+other+"/hold", `{"why": "A dispute about the last parcel"}`)
	s.ask("PUT /customers/"+other+"/hold", `{"why": ""}`)
	s.tell("GET /customers/"+other+"/erase", "")
	erased := s.tell("POST /customers/"+other+"/erase", `{"reason": "He asked for it"}`)
	s.tell("GET /erasures", "")
	s.tell("GET /erasures/"+erased.at("id"), "")
	s.end()
}
