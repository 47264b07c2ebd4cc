package agentui

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"tamas/inbox/record"
)

func TestSignIn(t *testing.T) {
	r := boot(t)
	b := r.browser()
	b.refused(401, codeSignedOut, "", "GET", "/session", nil)
	b.refused(401, codeSignedOut, "password", "POST", "/session", map[string]string{"email": "leyla@example.com", "password": "wrong"})
	b.refused(401, codeSignedOut, "password", "POST", "/session", map[string]string{"email": "nobody@example.com", "password": password})
	b.refused(422, codeInvalid, "email", "POST", "/session", map[string]string{"password": password})
	b.refused(422, codeInvalid, "remember", "POST", "/session", map[string]any{"email": "x", "password": "y", "remember": true})

	var m me
	a := b.call("POST", "/session", map[string]string{"email": " Leyla@Example.com ", "password": password})
	must(t, json.Unmarshal(a.body, &m))
	if a.status != 200 || m.User.Name != "لیلا" || !m.CSRF || len(m.Channels) != 1 || m.Version != "test" {
		t.Fatalf("%d %s", a.status, a.body)
	}
	cookie := a.header.Get("Set-Cookie")
	for _, want := range []string{"tamas_session=", "HttpOnly", "SameSite=Lax", "Path=/"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("the cookie %q lacks %s", cookie, want)
		}
	}
	if strings.Contains(cookie, "Secure") {
		t.Error("a cookie for TLS only, without TLS")
	}
	behindProxy := b.call("POST", "/session", map[string]string{"email": "leyla@example.com", "password": password}, "X-Forwarded-Proto", "https")
	if !strings.Contains(behindProxy.header.Get("Set-Cookie"), "Secure") {
		t.Error("behind TLS the cookie is not Secure")
	}
	secret := strings.TrimPrefix(strings.Split(cookie, ";")[0], "tamas_session=")
	if strings.Contains(r.logs.String(), secret) || strings.Contains(r.logs.String(), password) {
		t.Error("a secret stands in the log")
	}
	b.ok("DELETE", "/session", nil, nil)
	b.refused(401, codeSignedOut, "", "GET", "/session", nil)

	// A cookie that is none.
	b.refused(401, codeSignedOut, "", "GET", "/session", nil, "Cookie", "tamas_session="+strings.Repeat("x", 4000))
	b.refused(401, codeSignedOut, "", "GET", "/session", nil, "Authorization", "Bearer tms_wrong")
}

func TestSignInIsLimited(t *testing.T) {
	r := boot(t)
	b := r.browser()
	limited := 0
	for range 8 {
		a := b.call("POST", "/session", map[string]string{"email": "leyla@example.com", "password": "wrong wrong wrong"})
		if a.status == http.StatusTooManyRequests {
			limited++
			if a.problem().Code != codeSlowDown || a.header.Get("Retry-After") == "" {
				t.Errorf("%s", a.body)
			}
		}
	}
	if limited != 3 {
		t.Errorf("%d of 8 attempts at one e-mail were refused, want 3", limited)
	}
	limited = 0
	for i := range 30 {
		a := b.call("POST", "/session", map[string]string{"email": fmt.Sprintf("%d@example.com", i), "password": "x"})
		if a.status == http.StatusTooManyRequests {
			limited++
		}
	}
	if limited < 10 {
		t.Errorf("%d of 30 attempts from one address were refused", limited)
	}
	// Another address is not held to account for it. Our peer is a proxy on loopback, so its word is taken.
	b.ok("POST", "/session", map[string]string{"email": "omid@example.com", "password": password}, nil, "X-Forwarded-For", "203.0.113.9")
}

func TestCSRF(t *testing.T) {
	r := boot(t)
	b := r.as("leyla")
	conv := r.says("sara", "hello")
	path := "/conversations/" + conv.ID + "/note"
	note := map[string]string{"text": "x"}
	b.refused(403, codeCSRF, "", "POST", path, note, "X-Tamas-CSRF", "")
	b.refused(403, codeCSRF, "", "POST", path, note, "Origin", "https://evil.example")
	b.refused(403, codeCSRF, "", "POST", path, note, "Origin", "null")
	b.refused(403, codeCSRF, "", "POST", path, note, "Sec-Fetch-Site", "cross-site", "Origin", "")
	r.browser().refused(403, codeCSRF, "", "POST", "/session", map[string]string{"email": "leyla@example.com", "password": password}, "Origin", "https://evil.example")
	b.ok("POST", path, note, nil, "Origin", "")
	b.ok("GET", "/conversations", nil, nil, "X-Tamas-CSRF", "")

	// A token needs neither, and has its user's rights.
	ada := r.as("ada")
	var tok tokenView
	ada.ok("POST", "/tokens", map[string]string{"name": "robot", "user": r.users["omid"].ID}, &tok)
	if !strings.HasPrefix(tok.Secret, "tms_") || tok.Role != record.RoleAgent {
		t.Fatalf("%+v", tok)
	}
	robot := r.browser()
	robot.header = http.Header{"Authorization": {"Bearer " + tok.Secret}}
	robot.ok("POST", path, note, nil)
	robot.refused(403, codeForbidden, "", "GET", "/tokens", nil)
	robot.refused(403, codeForbidden, "", "PATCH", "/me", map[string]string{"password": "another long password", "old_password": password})
	var all items[tokenView]
	ada.ok("GET", "/tokens", nil, &all)
	if len(all.Items) != 1 || all.Items[0].Secret != "" || all.Items[0].ID != tok.ID {
		t.Errorf("%+v", all)
	}
	ada.refused(422, codeInvalid, "user", "POST", "/tokens", map[string]string{"name": "x", "user": "nobody"})
	ada.ok("DELETE", "/tokens/"+tok.ID, nil, nil)
	robot.refused(401, codeSignedOut, "", "GET", "/session", nil)
	ada.refused(404, codeNotFound, "", "DELETE", "/tokens/"+tok.ID, nil)
}

// TestConversation is an agent's day: see it, take it, answer, resolve; and what is not allowed.
func TestConversation(t *testing.T) {
	r := boot(t)
	leyla, omid, sam := r.as("leyla"), r.as("omid"), r.as("sam")
	conv := r.says("sara", "Where is my parcel?")
	id := "/conversations/" + conv.ID

	var page record.Page
	leyla.ok("GET", "/conversations?list=waiting&queue="+r.queue, nil, &page)
	if len(page.Items) != 1 || page.Items[0].Customer.Name != "sara" || page.Items[0].Preview.Text != "Where is my parcel?" {
		t.Fatalf("%+v", page)
	}
	var d done
	key := newSecret()
	leyla.ok("POST", id+"/reply", map[string]string{"text": "On its way"}, &d, "Idempotency-Key", key)
	if d.Conversation.Owner != r.users["leyla"].ID || d.Conversation.Status != record.Active || d.Touch.Body.Text != "On its way" {
		t.Fatalf("%+v", d)
	}
	var again done
	leyla.ok("POST", id+"/reply", map[string]string{"text": "On its way"}, &again, "Idempotency-Key", key)
	if again.EventID != d.EventID {
		t.Errorf("one key made two events: %v and %v", d.EventID, again.EventID)
	}
	r.until("the reply is sent", func() bool {
		var detail record.Detail
		leyla.ok("GET", id, nil, &detail)
		return len(detail.Touches) == 2 && detail.Touches[1].State == record.StateSent
	})

	omid.refused(403, codeNotYours, "", "POST", id+"/reply", map[string]string{"text": "me too"})
	omid.refused(403, codeNotYours, "", "POST", id+"/resolve", nil)
	omid.ok("POST", id+"/note", map[string]string{"text": "customer is a friend"}, nil)
	omid.refused(409, codeConflict, "", "POST", id+"/accept", nil)
	leyla.refused(422, codeInvalid, "text", "POST", id+"/reply", map[string]string{"text": "   "})
	leyla.refused(422, codeInvalid, "text", "POST", id+"/reply", map[string]string{"text": strings.Repeat("x", 70_000)})
	leyla.refused(404, codeNotFound, "", "POST", "/conversations/none/reply", map[string]string{"text": "x"})
	leyla.refused(404, codeNotFound, "", "GET", "/conversations/none", nil)
	leyla.refused(404, codeNotFound, "", "GET", "/conversations/none/touches", nil)
	leyla.refused(422, codeInvalid, "until", "POST", id+"/snooze", map[string]any{"until": 1})
	leyla.refused(422, codeInvalid, "until", "POST", id+"/snooze", map[string]any{"until": time.Now().AddDate(9, 0, 0).UnixMilli()})
	leyla.refused(422, codeInvalid, "queue", "POST", id+"/transfer", map[string]any{})
	leyla.refused(422, codeInvalid, "queue", "POST", id+"/transfer", map[string]any{"queue": "none"})
	leyla.refused(422, codeInvalid, "tags", "POST", id+"/tags", map[string]any{})
	leyla.refused(422, codeInvalid, "Idempotency-Key", "POST", id+"/read", nil, "Idempotency-Key", strings.Repeat("k", 300))

	leyla.ok("POST", id+"/tags", map[string]any{"tags": []string{"parcel", "vip"}}, &d)
	leyla.ok("POST", id+"/priority", map[string]any{"priority": 10}, &d)
	if fmt.Sprint(d.Conversation.Tags) != "[parcel vip]" || d.Conversation.Priority != 10 {
		t.Errorf("%+v", d.Conversation)
	}
	leyla.ok("POST", id+"/snooze", map[string]any{"until": time.Now().Add(time.Hour).UnixMilli()}, &d)
	leyla.ok("POST", id+"/wake", nil, &d)
	leyla.ok("POST", id+"/claim", map[string]any{}, &d)
	leyla.ok("POST", id+"/transfer", map[string]any{"agent": r.users["omid"].ID}, &d)
	sam.ok("POST", id+"/assign", map[string]any{"agent": r.users["omid"].ID}, &d)
	omid.ok("POST", id+"/read", nil, nil)
	omid.ok("POST", id+"/typing", map[string]any{"on": true}, nil)
	omid.ok("POST", id+"/resolve", nil, &d)
	if d.Conversation.Status != record.Resolved {
		t.Errorf("%+v", d.Conversation)
	}
	omid.ok("POST", id+"/reopen", nil, &d)
	omid.ok("GET", id+"/decisions", nil, nil)

	var counts record.Counts
	omid.ok("GET", "/counts", nil, &counts)
	if counts.Mine != 1 || counts.AllOpen != 1 || counts.Waiting != 0 {
		t.Errorf("%+v", counts)
	}
	var older struct {
		Items   []record.Touch `json:"items"`
		Earlier bool           `json:"earlier"`
	}
	omid.ok("GET", id+"/touches?limit=2", nil, &older)
	if len(older.Items) != 2 || !older.Earlier {
		t.Errorf("%+v", older)
	}
	omid.ok("GET", fmt.Sprintf("%s/touches?before=%d", id, older.Items[0].N), nil, &older)
	if len(older.Items) != 1 || older.Earlier || older.Items[0].Body.Text != "Where is my parcel?" {
		t.Errorf("%+v", older)
	}
	for query, field := range map[string]string{"list=yours": "list", "status=odd": "status", "limit=0": "limit", "limit=x": "limit", "limit=5000": "limit",
		"before=odd": "before", "q=" + strings.Repeat("x", 300): "q"} {
		omid.refused(422, codeInvalid, field, "GET", "/conversations?"+query, nil)
	}
	omid.refused(422, codeInvalid, "before", "GET", id+"/touches?before=-1", nil)
}

func TestFailedAndUnreadable(t *testing.T) {
	r := boot(t)
	leyla, omid := r.as("leyla"), r.as("omid")
	conv := r.says("sara", "garbled \x01\x02")
	id := "/conversations/" + conv.ID
	var d record.Detail
	leyla.ok("GET", id, nil, &d)
	first := d.Touches[0]
	if first.Unreadable == "" || first.Body.Raw != nil {
		t.Errorf("%+v", first)
	}
	raw := leyla.call("GET", "/touches/"+first.ID+"/raw", nil)
	if string(raw.body) != "garbled \x01\x02" || !strings.HasPrefix(raw.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("%d %q %v", raw.status, raw.body, raw.header)
	}
	leyla.refused(404, codeNotFound, "", "GET", "/touches/none/raw", nil)

	leyla.ok("POST", id+"/reply", map[string]string{"text": "this will bounce"}, nil)
	var failed record.Touch
	r.until("the reply has failed", func() bool {
		leyla.ok("GET", id, nil, &d)
		failed = d.Touches[len(d.Touches)-1]
		return failed.State == record.StateFailed
	})
	if failed.Error != "the address does not exist" {
		t.Errorf("%+v", failed)
	}
	leyla.refused(404, codeNotFound, "", "GET", "/touches/"+failed.ID+"/raw", nil)
	omid.refused(403, codeNotYours, "", "POST", "/touches/"+failed.ID+"/retry", nil)
	leyla.ok("POST", "/touches/"+failed.ID+"/retry", nil, nil)
	leyla.refused(404, codeNotFound, "", "POST", "/touches/none/retry", nil)
}

func TestCustomers(t *testing.T) {
	r := boot(t)
	b := r.as("leyla")
	conv := r.says("sara", "The blue parcel, please")
	r.says("sara", "still waiting")
	r.says("reza", "hello")
	var page record.Page
	b.ok("GET", "/conversations?list=all", nil, &page)
	var customer string
	for _, v := range page.Items {
		if v.ID == conv.ID {
			customer = v.Customer.ID
		}
	}
	var c record.CustomerPage
	b.ok("GET", "/customers/"+customer, nil, &c)
	if c.Customer.Name != "sara" || len(c.Identities) != 1 || len(c.Conversations) != 1 {
		t.Fatalf("%+v", c)
	}
	var renamed record.Customer
	b.ok("PATCH", "/customers/"+customer, map[string]any{"name": "Sara Karimi", "version": c.Customer.Version}, &renamed)
	p := b.refused(409, codeConflict, "", "PATCH", "/customers/"+customer, map[string]any{"name": "S. K.", "version": c.Customer.Version})
	if now, _ := p.Current.(map[string]any); now["name"] != "Sara Karimi" {
		t.Errorf("the conflict shows %+v", p.Current)
	}
	b.refused(422, codeInvalid, "name", "PATCH", "/customers/"+customer, map[string]any{})
	b.refused(404, codeNotFound, "", "PATCH", "/customers/none", map[string]any{"name": "x"})
	b.refused(404, codeNotFound, "", "GET", "/customers/none", nil)
	b.refused(404, codeNotFound, "", "GET", "/customers/none/touches", nil)
	b.refused(404, codeNotFound, "", "GET", "/customers/none/touches?text=tea", nil)

	var line record.Timeline
	b.ok("GET", "/customers/"+customer+"/touches?limit=1", nil, &line)
	if len(line.Items) != 1 || line.Items[0].Body.Text != "still waiting" || line.Items[0].Number != conv.Number || line.Next == "" {
		t.Fatalf("%+v", line)
	}
	b.ok("GET", "/customers/"+customer+"/touches?limit=1&before="+line.Next, nil, &line)
	if len(line.Items) != 1 || line.Items[0].Body.Text != "The blue parcel, please" || line.Next != "" {
		t.Fatalf("%+v", line)
	}
	b.refused(422, codeInvalid, "before", "GET", "/customers/"+customer+"/touches?before=x", nil)

	r.until("the search knows both", func() bool {
		var hits record.Hits
		b.ok("GET", "/search?q=blue+parcel", nil, &hits)
		var people items[record.CustomerHit]
		b.ok("GET", "/customers?q=kari", nil, &people)
		return len(hits.Messages) == 1 && hits.Messages[0].Conversation == conv.ID && len(people.Items) == 1
	})
}

func TestSettings(t *testing.T) {
	r := boot(t)
	ada, sam, leyla := r.as("ada"), r.as("sam"), r.as("leyla")

	// Who may.
	for _, c := range []struct {
		b            *browser
		method, path string
	}{
		{leyla, "POST", "/queues"}, {leyla, "POST", "/canned"}, {leyla, "POST", "/users"}, {sam, "POST", "/users"}, {sam, "POST", "/accounts"},
		{leyla, "GET", "/supervisor"}, {sam, "PATCH", "/firm"}, {sam, "GET", "/tokens"}, {leyla, "PUT", "/agents/x/state"}, {sam, "GET", "/accounts/" + r.account},
	} {
		c.b.refused(403, codeForbidden, "", c.method, c.path, nil)
	}

	// Queues.
	var q record.Queue
	sam.ok("POST", "/queues", map[string]any{"name": "Sales", "mode": "push", "members": []string{r.users["omid"].ID, r.users["omid"].ID}}, &q)
	if q.Version != 1 || q.OfferSeconds != 30 || len(q.Members) != 1 {
		t.Errorf("%+v", q)
	}
	sam.refused(422, codeInvalid, "name", "POST", "/queues", map[string]any{})
	sam.refused(422, codeInvalid, "mode", "POST", "/queues", map[string]any{"name": "x", "mode": "magic"})
	sam.refused(422, codeInvalid, "members", "POST", "/queues", map[string]any{"name": "x", "members": []string{"nobody"}})
	sam.refused(422, codeInvalid, "offer_seconds", "POST", "/queues", map[string]any{"name": "x", "offer_seconds": 1})
	sam.refused(422, codeInvalid, "version", "PATCH", "/queues/"+q.ID, map[string]any{"name": "x"})
	sam.ok("PATCH", "/queues/"+q.ID, map[string]any{"name": "Sales 2", "version": q.Version}, &q)
	p := sam.refused(409, codeConflict, "", "PATCH", "/queues/"+q.ID, map[string]any{"name": "Sales 3", "version": 1})
	if now, _ := p.Current.(map[string]any); now["name"] != "Sales 2" {
		t.Errorf("the conflict shows %+v", p.Current)
	}
	leyla.ok("GET", "/queues/"+q.ID, nil, &q)
	sam.refused(409, codeConflict, "", "DELETE", "/queues/"+r.queue+"?version=1", nil) // an account leads there
	sam.refused(422, codeInvalid, "version", "DELETE", "/queues/"+q.ID, nil)
	sam.ok("DELETE", fmt.Sprintf("/queues/%s?version=%d", q.ID, q.Version), nil, nil)
	leyla.refused(404, codeNotFound, "", "GET", "/queues/"+q.ID, nil)

	// Prepared answers.
	var x record.Canned
	sam.ok("POST", "/canned", map[string]any{"shortcut": "/hi", "title": "Hello", "text": "سلام!\nHow can I help?"}, &x)
	if x.Shortcut != "hi" {
		t.Errorf("%+v", x)
	}
	sam.refused(422, codeInvalid, "shortcut", "POST", "/canned", map[string]any{"shortcut": "hi", "text": "again"})
	sam.refused(422, codeInvalid, "shortcut", "POST", "/canned", map[string]any{"shortcut": "two words", "text": "x"})
	sam.ok("PATCH", "/canned/"+x.ID, map[string]any{"text": "Hello!", "version": x.Version}, &x)
	sam.refused(409, codeConflict, "", "DELETE", "/canned/"+x.ID+"?version=1", nil)
	leyla.ok("GET", "/canned", nil, nil)
	sam.ok("DELETE", fmt.Sprintf("/canned/%s?version=%d", x.ID, x.Version), nil, nil)

	// Firm.
	var f Firm
	leyla.ok("GET", "/firm", nil, &f)
	ada.ok("PATCH", "/firm", map[string]any{"name": "Kaveh", "timezone": "Asia/Tehran", "color": "#00aa55", "locale": "fa", "version": f.Version}, &f)
	ada.refused(409, codeConflict, "", "PATCH", "/firm", map[string]any{"name": "x", "version": 0})
	ada.refused(422, codeInvalid, "timezone", "PATCH", "/firm", map[string]any{"timezone": "Mars/Olympus", "version": f.Version})
	ada.refused(422, codeInvalid, "color", "PATCH", "/firm", map[string]any{"color": "red;background:url(x)", "version": f.Version})

	// Supervisor.
	r.says("sara", "hello")
	var v supervisorView
	sam.ok("GET", "/supervisor", nil, &v)
	if len(v.Queues) != 1 || v.Queues[0].Waiting != 1 || v.Queues[0].LongestSince == 0 || len(v.Agents) != 2 {
		t.Errorf("%+v", v)
	}
	var agent record.Agent
	sam.ok("PUT", "/agents/"+r.users["leyla"].ID+"/state", map[string]any{"state": "available"}, &agent)
	leyla.ok("PUT", "/me/state", map[string]any{"state": "break", "reason": "tea"}, &agent)
	leyla.ok("PUT", "/me/state", map[string]any{"state": "break", "reason": "tea"}, &agent)
	if agent.State != record.Break || agent.Reason != "tea" {
		t.Errorf("%+v", agent)
	}
	leyla.refused(422, codeInvalid, "state", "PUT", "/me/state", map[string]any{"state": "wrap_up"})
}

func TestUsers(t *testing.T) {
	r := boot(t)
	ada := r.as("ada")
	var u record.User
	ada.ok("POST", "/users", map[string]any{"email": "Nima@Example.com", "name": "Nima", "role": "agent", "password": "nima nima nima"}, &u)
	if u.Email != "nima@example.com" || u.Capacity != defaultCapacity {
		t.Errorf("%+v", u)
	}
	for field, body := range map[string]map[string]any{
		"email":    {"email": "nima@example.com", "name": "N", "role": "agent", "password": "nima nima nima"},
		"password": {"email": "n2@example.com", "name": "N", "role": "agent", "password": "short"},
		"role":     {"email": "n2@example.com", "name": "N", "role": "king", "password": "nima nima nima"},
		"name":     {"email": "n2@example.com", "name": " ", "role": "agent", "password": "nima nima nima"},
		"capacity": {"email": "n2@example.com", "name": "N", "role": "agent", "password": "nima nima nima", "capacity": -1},
	} {
		ada.refused(422, codeInvalid, field, "POST", "/users", body)
	}
	ada.refused(422, codeInvalid, "email", "POST", "/users", map[string]any{"email": "Nima <n@example.com>", "name": "N", "role": "agent", "password": "nima nima nima"})

	nima := r.browser()
	nima.ok("POST", "/session", map[string]string{"email": "nima@example.com", "password": "nima nima nima"}, nil)
	elsewhere := r.browser()
	elsewhere.ok("POST", "/session", map[string]string{"email": "nima@example.com", "password": "nima nima nima"}, nil)
	nima.refused(422, codeInvalid, "old_password", "PATCH", "/me", map[string]any{"password": "a new one, longer"})
	nima.refused(422, codeInvalid, "old_password", "PATCH", "/me", map[string]any{"password": "a new one, longer", "old_password": "wrong"})
	nima.refused(422, codeInvalid, "role", "PATCH", "/me", map[string]any{"role": "admin"})
	nima.ok("PATCH", "/me", map[string]any{"password": "a new one, longer", "old_password": "nima nima nima", "locale": "fa"}, nil)
	nima.ok("GET", "/session", nil, nil)
	elsewhere.refused(401, codeSignedOut, "", "GET", "/session", nil)

	ada.ok("GET", "/users/"+u.ID, nil, &u)
	if u.Locale != "fa" {
		t.Errorf("%+v", u)
	}
	ada.refused(409, codeConflict, "", "PATCH", "/users/"+u.ID, map[string]any{"name": "x", "version": 1})
	ada.ok("DELETE", fmt.Sprintf("/users/%s?version=%d", u.ID, u.Version), nil, nil)
	nima.refused(401, codeSignedOut, "", "GET", "/session", nil)
	nima.refused(401, codeSignedOut, "password", "POST", "/session", map[string]string{"email": "nima@example.com", "password": "a new one, longer"})

	// Somebody must be left who can change things.
	me := r.users["ada"]
	ada.refused(422, codeInvalid, "role", "PATCH", "/users/"+me.ID, map[string]any{"role": "agent", "version": me.Version})
	ada.refused(422, codeInvalid, "role", "DELETE", fmt.Sprintf("/users/%s?version=%d", me.ID, me.Version), nil)
	ada.refused(404, codeNotFound, "", "GET", "/users/none", nil)
}

func TestAccounts(t *testing.T) {
	r := boot(t)
	ada, leyla := r.as("ada"), r.as("leyla")
	var all items[accountView]
	leyla.ok("GET", "/accounts", nil, &all)
	if len(all.Items) != 1 || string(all.Items[0].Settings) != "{}" || all.Items[0].SecretsSet != nil {
		t.Errorf("an agent sees %+v", all.Items)
	}
	r.until("the account is connected", func() bool {
		ada.ok("GET", "/accounts", nil, &all)
		return all.Items[0].Health.State == "connected"
	})
	a := all.Items[0]
	if string(a.Settings) != `{"colour":"red"}` || fmt.Sprint(a.SecretsSet) != "[token]" || a.WebhookURL != r.http.URL+"/hooks/"+a.ID+"/" {
		t.Errorf("%+v", a)
	}
	ada.refused(422, codeInvalid, "settings.colour", "PATCH", "/accounts/"+a.ID, map[string]any{"settings": map[string]any{}, "version": a.Version})
	ada.refused(422, codeInvalid, "settings", "PATCH", "/accounts/"+a.ID, map[string]any{"settings": []int{}, "version": a.Version})
	ada.ok("PATCH", "/accounts/"+a.ID, map[string]any{"settings": map[string]any{"colour": "blue", "token": ""}, "name": "Blue", "version": a.Version}, &a)
	if fmt.Sprint(a.SecretsSet) != "[token]" {
		t.Errorf("the secret is lost: %+v", a)
	}
	ada.refused(409, codeConflict, "", "PATCH", "/accounts/"+a.ID, map[string]any{"name": "x", "version": 1})

	var b accountView
	ada.ok("POST", "/accounts", map[string]any{"kind": "hand", "name": "Second", "queue": r.queue, "settings": map[string]any{"colour": "green", "token": "hush hush"}}, &b)
	ada.refused(422, codeInvalid, "kind", "POST", "/accounts", map[string]any{"kind": "pigeon", "name": "x", "queue": r.queue, "settings": map[string]any{}})
	ada.refused(422, codeInvalid, "queue", "POST", "/accounts", map[string]any{"kind": "hand", "name": "x", "queue": "none", "settings": map[string]any{"colour": "x"}})
	if strings.Contains(r.logs.String(), "hush hush") || bytes.Contains(ada.call("GET", "/accounts/"+b.ID, nil).body, []byte("hush")) {
		t.Error("a secret is shown")
	}
	var out outcome
	ada.ok("POST", "/accounts/check", map[string]any{"id": b.ID, "kind": "hand", "settings": map[string]any{"colour": "green"}}, &out)
	if !out.OK {
		t.Errorf("%+v", out)
	}
	ada.ok("POST", "/accounts/check", map[string]any{"kind": "hand", "settings": map[string]any{"colour": "wrong"}}, &out)
	if out.OK || out.Detail != "login refused: wrong token" {
		t.Errorf("%+v", out)
	}
	ada.refused(422, codeInvalid, "settings.colour", "POST", "/accounts/check", map[string]any{"kind": "hand", "settings": map[string]any{}})
	ada.ok("POST", "/accounts/"+b.ID+"/test", map[string]any{"address": "sara"}, &out)
	if !out.OK {
		t.Errorf("%+v", out)
	}
	ada.ok("DELETE", fmt.Sprintf("/accounts/%s?version=%d", b.ID, b.Version), nil, nil)
	ada.refused(404, codeNotFound, "", "GET", "/accounts/"+b.ID, nil)
	r.until("its webhook is gone", func() bool { h, err := r.hub.Webhook(t.Context(), b.ID); return h == nil && err == nil })
	res, err := http.Post(r.http.URL+"/hooks/"+b.ID+"/in", "application/json", strings.NewReader("{}"))
	must(t, err)
	if res.Body.Close(); res.StatusCode != 404 {
		t.Errorf("the webhook of an account that is gone answers %d", res.StatusCode)
	}
}
