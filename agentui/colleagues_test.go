package agentui

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"tamas/inbox/record"
)

// texts are the bodies of touches of one kind.
func texts(list []record.Touch, kind string) (out []string) {
	for _, t := range list {
		if t.Kind == kind && t.Body != nil {
			out = append(out, t.Body.Text)
		}
	}
	return out
}

// act gives a command that must succeed.
func (b *browser) act(path string, body any) (d done) {
	b.r.t.Helper()
	b.ok("POST", path, body, &d)
	return d
}

func (b *browser) asked() (ids []string) {
	b.r.t.Helper()
	var page record.Page
	b.ok("GET", "/conversations?list=asked", nil, &page)
	for _, v := range page.Items {
		ids = append(ids, v.ID)
	}
	var counts record.Counts
	b.ok("GET", "/counts", nil, &counts)
	if counts.Asked != len(ids) {
		b.r.t.Errorf("%d conversations are listed and %d counted", len(ids), counts.Asked)
	}
	return ids
}

// A colleague who is consulted joins, proposes an answer, cannot reply, and takes it over in the end.
func TestConsult(t *testing.T) {
	r := boot(t)
	leyla, omid, sam := r.as("leyla"), r.as("omid"), r.as("sam")
	conv := r.says("sara", "Is this under warranty?")
	id, omidID := "/conversations/"+conv.ID, r.users["omid"].ID
	var d done
	leyla.ok("POST", id+"/claim", nil, nil)
	leyla.refused(422, codeInvalid, "agent", "POST", id+"/consult", map[string]any{"agent": r.users["leyla"].ID})
	leyla.refused(422, codeInvalid, "agent", "POST", id+"/consult", map[string]any{"agent": "nobody"})
	omid.refused(403, codeNotYours, "", "POST", id+"/consult", map[string]any{"agent": r.users["sam"].ID})
	d = leyla.act(id+"/consult", map[string]any{"agent": omidID, "text": "You know the old models"})
	if c := d.Conversation.Consult; c == nil || c.Agent != omidID || c.By != r.users["leyla"].ID || c.Joined != 0 || d.Touch.Kind != record.KindNote {
		t.Fatalf("%+v", d)
	}
	if got := omid.asked(); !slices.Equal(got, []string{conv.ID}) {
		t.Errorf("Omid is asked to look at %v", got)
	}
	sam.refused(403, codeNotYours, "", "POST", id+"/consult/join", nil)
	leyla.refused(409, codeConflict, "", "POST", id+"/consult/complete", nil)
	d = omid.act(id+"/consult/join", nil)
	if d.Conversation.Consult.Joined == 0 {
		t.Errorf("%+v", d.Conversation.Consult)
	}
	omid.refused(403, codeNotYours, "", "POST", id+"/reply", map[string]string{"text": "I answer for her"})
	d = omid.act(id+"/draft", map[string]string{"text": "Two years, yes."})
	omid.ok("POST", id+"/note", map[string]string{"text": "see the list"}, nil)
	var detail record.Detail
	leyla.ok("GET", id, nil, &detail)
	if !slices.Equal(texts(detail.Touches, record.KindDraft), []string{"Two years, yes."}) || !slices.Contains(texts(detail.Touches, record.KindNote), "You know the old models") {
		t.Errorf("%+v", detail.Touches)
	}
	d = omid.act(id+"/consult/complete", nil)
	if d.Conversation.Owner != omidID || d.Conversation.Consult != nil {
		t.Errorf("%+v", d.Conversation)
	}
	omid.refused(409, codeConflict, "", "POST", id+"/consult/cancel", nil)
	if got := omid.asked(); len(got) > 0 {
		t.Errorf("Omid is still asked to look at %v", got)
	}
	// Either side may end it, and what ends the conversation ends it too.
	omid.ok("POST", id+"/consult", map[string]any{"agent": r.users["leyla"].ID}, nil)
	d = leyla.act(id+"/consult/cancel", nil)
	if d.Conversation.Consult != nil || d.Conversation.Owner != omidID {
		t.Errorf("%+v", d.Conversation)
	}
	omid.ok("POST", id+"/consult", map[string]any{"agent": r.users["leyla"].ID}, nil)
	d = omid.act(id+"/resolve", nil)
	if d.Conversation.Consult != nil {
		t.Errorf("%+v", d.Conversation)
	}
}

// An agent asks whether a draft may be sent; another speaks up; both questions are seen, answered and closed.
func TestSecondOpinionAndFlag(t *testing.T) {
	r := boot(t)
	leyla, omid, sam := r.as("leyla"), r.as("omid"), r.as("sam")
	conv := r.says("sara", "I want my money back")
	id := "/conversations/" + conv.ID
	var d done
	leyla.ok("POST", id+"/claim", nil, nil)
	omid.refused(403, codeNotYours, "", "POST", id+"/review", map[string]any{"text": "No."})
	key := newSecret()
	leyla.ok("POST", id+"/review", map[string]any{"text": "You get all of it back."}, &d, "Idempotency-Key", key)
	review := d.Touch.ID
	if q := d.Conversation.Review; q == nil || q.Touch != review || q.Of != "" || d.Touch.Kind != record.KindReview {
		t.Fatalf("%+v", d)
	}
	var again done
	leyla.ok("POST", id+"/review", map[string]any{"text": "You get all of it back."}, &again, "Idempotency-Key", key)
	if again.Touch == nil || again.Touch.ID != review {
		t.Errorf("a repeated question is answered with %+v", again)
	}
	if got, other := sam.asked(), omid.asked(); !slices.Equal(got, []string{conv.ID}) || len(other) > 0 {
		t.Errorf("Sam is asked to look at %v, Omid at %v", got, other)
	}
	d = omid.act(id+"/seen", map[string]any{"touch": review})
	if d.Conversation.Review.Seen != 0 {
		t.Error("somebody who is not asked has seen it")
	}
	d = sam.act(id+"/seen", map[string]any{"touch": review})
	if d.Conversation.Review.Seen == 0 {
		t.Errorf("%+v", d.Conversation.Review)
	}
	omid.refused(403, codeNotYours, "", "POST", id+"/review/answer", map[string]any{"touch": review, "ok": true})
	sam.refused(409, codeConflict, "", "POST", id+"/review/answer", map[string]any{"touch": "other", "ok": true})
	sam.refused(422, codeInvalid, "ok", "POST", id+"/review/answer", map[string]any{"touch": review})
	d = sam.act(id+"/review/answer", map[string]any{"touch": review, "ok": true, "text": "Fine by me"})
	if d.Conversation.Review != nil || d.Touch.Kind != record.KindVerdict || d.Touch.Score != 1 || d.Touch.ReplyTo != review {
		t.Errorf("%+v", d)
	}
	sam.refused(409, codeConflict, "", "POST", id+"/review/answer", map[string]any{"touch": review, "ok": false})

	d = omid.act(id+"/flag", map[string]any{"text": "We promise what we cannot keep"})
	flag := d.Touch.ID
	if q := d.Conversation.Flag; q == nil || q.Touch != flag || q.By != r.users["omid"].ID {
		t.Fatalf("%+v", d)
	}
	leyla.refused(409, codeConflict, "", "POST", id+"/flag", map[string]any{"text": "I too"})
	d = leyla.act(id+"/resolve", nil)
	if d.Conversation.Flag == nil {
		t.Error("a flag went with the conversation's end")
	}
	omid.refused(403, codeNotYours, "", "POST", id+"/flag/answer", map[string]any{"touch": flag, "text": "never mind"})
	sam.ok("POST", id+"/seen", map[string]any{"touch": flag}, nil)
	d = sam.act(id+"/flag/answer", map[string]any{"touch": flag, "text": "I have changed the text on the site."})
	if d.Conversation.Flag != nil || d.Touch.Kind != record.KindAnswer || d.Touch.ReplyTo != flag {
		t.Errorf("%+v", d)
	}
	for path, field := range map[string]string{"/flag": "text", "/draft": "text", "/review": "text", "/seen": "touch", "/flag/answer": "text"} {
		sam.refused(422, codeInvalid, field, "POST", id+path, map[string]any{})
	}
}

// What a supervisor whispers is for the owner and for supervisors: no list, no search, no socket shows it to anybody else.
func TestWhispersAreForTheOwnerOnly(t *testing.T) {
	r := boot(t)
	leyla, omid, sam := r.as("leyla"), r.as("omid"), r.as("sam")
	conv := r.says("sara", "hello")
	id := "/conversations/" + conv.ID
	const secret = "mentionthediscount"
	sam.refused(409, codeConflict, "", "POST", id+"/whisper", map[string]any{"text": secret})
	var claimed done
	leyla.ok("POST", id+"/claim", nil, &claimed)
	leyla.refused(403, codeForbidden, "", "POST", id+"/whisper", map[string]any{"text": secret})

	hears, deaf := leyla.live(""), omid.live("")
	hears.hello()
	from := deaf.hello().At
	d := sam.act(id+"/whisper", map[string]any{"text": secret})
	whisper := func(it liveItem) bool { return it.T == "event" && it.ID == d.EventID }
	if it := hears.await("the whisper", whisper); it.Event.Touch == nil || it.Event.Touch.Body.Text != secret {
		t.Errorf("the owner hears %+v", it.Event)
	}
	if it := deaf.await("that something happened", whisper); it.Event.Touch != nil || it.Event.Conversation.Version != d.Conversation.Version {
		t.Errorf("another agent hears %+v", it.Event)
	}
	resumed := omid.live("from=" + from.String())
	resumed.hello()
	if it := resumed.await("that something happened", whisper); it.Event.Touch != nil {
		t.Errorf("another agent who comes back hears %+v", it.Event)
	}
	leyla.ok("POST", id+"/note", map[string]any{"text": "andanote"}, nil)
	r.until("the note is found", func() bool {
		return strings.Contains(string(sam.call("GET", "/search?q=andanot", nil).body), "andanote")
	})

	var view record.View
	var detail record.Detail
	omid.ok("GET", id, nil, &detail)
	view = detail.Conversation
	paths := []string{id, id + "/touches", "/customers/" + view.Customer.ID + "/touches", "/search?q=" + secret[:12], "/conversations?q=" + secret, "/touches/" + d.Touch.ID + "/html",
		"/touches/" + d.Touch.ID + "/raw", id + "/decisions", "/conversations"}
	for _, path := range paths {
		if a := omid.call("GET", path, nil); strings.Contains(string(a.body), secret) && !strings.Contains(string(a.body), `"code"`) {
			t.Errorf("GET %s shows another agent %s", path, a.body)
		}
	}
	var page record.Page
	omid.ok("GET", "/conversations?q="+secret, nil, &page)
	if len(page.Items) > 0 {
		t.Error("a search tells that something was whispered")
	}
	for name, b := range map[string]*browser{"the owner": leyla, "the supervisor": sam} {
		for _, path := range paths[:4] {
			if a := b.call("GET", path, nil); !strings.Contains(string(a.body), secret) {
				t.Errorf("GET %s does not show it to %s", path, name)
			}
		}
	}
}

// A whisper stays with whom it was whispered to: not with who has the conversation later.
func TestWhispersDoNotMoveOn(t *testing.T) {
	r := boot(t)
	leyla, omid, sam := r.as("leyla"), r.as("omid"), r.as("sam")
	id := "/conversations/" + r.says("sara", "hello").ID
	leyla.act(id+"/claim", nil)
	sam.act(id+"/whisper", map[string]any{"text": "forleyla"})
	sam.act(id+"/assign", map[string]any{"agent": r.users["omid"].ID})
	sam.act(id+"/whisper", map[string]any{"text": "foromid"})
	for who, hears := range map[*browser][2]bool{leyla: {true, false}, omid: {false, true}, sam: {true, true}} {
		for _, path := range []string{id, id + "/touches"} {
			body := string(who.call("GET", path, nil).body)
			for i, text := range []string{"forleyla", "foromid"} {
				if strings.Contains(body, text) != hears[i] {
					t.Errorf("GET %s: %v, not %v, that it shows %q:\n%s", path, !hears[i], hears[i], text, body)
				}
			}
		}
	}
}

// Steering says what was before, in its event, and is refused to who may not.
func TestSteering(t *testing.T) {
	r := boot(t)
	leyla, omid, sam := r.as("leyla"), r.as("omid"), r.as("sam")
	conv := r.says("sara", "hello")
	id, leylaID, omidID := "/conversations/"+conv.ID, r.users["leyla"].ID, r.users["omid"].ID
	var d done
	leyla.ok("POST", id+"/claim", nil, nil)
	was := func(what string, e record.ID, want map[string]string) {
		t.Helper()
		events, err := r.hub.Record().Events(t.Context(), e.N-1, 1)
		must(t, err)
		for field, value := range want {
			if got := string(events[0].Was[field]); got != value {
				t.Errorf("%s: %s was %s, want %s", what, field, got, value)
			}
		}
	}
	d = sam.act(id+"/barge", map[string]any{"on": true})
	was("barge", d.EventID, map[string]string{"barged": "null"})
	if !slices.Contains(d.Conversation.Barged, r.users["sam"].ID) || !slices.Contains(sam.asked(), conv.ID) {
		t.Errorf("%+v", d.Conversation)
	}
	d = sam.act(id+"/reply", map[string]any{"text": "May I add something"})
	if d.Conversation.Owner != leylaID {
		t.Errorf("who takes part beside the owner has taken it: %+v", d.Conversation)
	}
	d = sam.act(id+"/priority", map[string]any{"priority": 30})
	was("priority", d.EventID, map[string]string{"priority": "null"})
	omid.refused(403, codeNotYours, "", "POST", id+"/needs", map[string]any{"needs": []record.Need{}})
	sam.refused(422, codeInvalid, "needs", "POST", id+"/needs", map[string]any{"needs": []record.Need{{Skill: "x"}, {Skill: "x"}}})
	d = sam.act(id+"/needs", map[string]any{"needs": []record.Need{{Skill: "warranty", Level: 3}, {Skill: "german", DropAfter: 60}}})
	was("needs", d.EventID, map[string]string{"needs": "null"})
	d = sam.act(id+"/assign", map[string]any{"agent": omidID})
	was("assign", d.EventID, map[string]string{"owner": `"` + leylaID + `"`, "status": `"active"`})
	d = sam.act(id+"/claim", nil)
	was("take over", d.EventID, map[string]string{"owner": `"` + omidID + `"`})
	if len(d.Conversation.Barged) != 0 {
		t.Errorf("%+v", d.Conversation)
	}
	omid.refused(403, codeForbidden, "", "POST", id+"/barge", map[string]any{"on": true})

	var a record.Agent
	sam.ok("PUT", "/agents/"+omidID+"/state", map[string]any{"state": "available", "channels": []string{"hand"}}, &a)
	if a.StateBy != r.users["sam"].ID || !slices.Equal(a.Channels, []string{"hand"}) || a.OnlineAt == 0 {
		t.Errorf("%+v", a)
	}
	events, err := r.hub.Record().Events(t.Context(), d.EventID.N, 50)
	must(t, err)
	if !slices.ContainsFunc(events, func(e record.Event) bool {
		return e.Kind == record.EvAgent && e.By.ID == r.users["sam"].ID && string(e.Was["state"]) == `"offline"`
	}) {
		t.Errorf("no event says what state it was: %+v", events)
	}
	a = record.Agent{}
	omid.ok("PUT", "/me/state", map[string]any{"state": "break", "reason": "lunch"}, &a)
	if a.StateBy != "" || a.Reason != "lunch" || !slices.Equal(a.Channels, []string{"hand"}) {
		t.Errorf("%+v", a)
	}
	omid.refused(422, codeInvalid, "channels", "PUT", "/me/state", map[string]any{"state": "available", "channels": []string{"pigeon"}})
	omid.refused(409, codeConflict, "", "PUT", "/me/state", map[string]any{"state": "wrap_up", "until": time.Now().Add(time.Minute).UnixMilli()})
}

// A forgotten agent is signed out: the sessions end, the sockets close, the state is offline, and it is in the audit.
func TestSignOutOfAForgottenAgent(t *testing.T) {
	r := boot(t)
	omid, sam := r.as("omid"), r.as("sam")
	id := r.users["omid"].ID
	omid.ok("PUT", "/me/state", map[string]any{"state": "available"}, nil)
	c := omid.live("")
	c.hello()
	omid.refused(403, codeForbidden, "", "POST", "/agents/"+id+"/sign-out", nil)
	sam.refused(404, codeNotFound, "", "POST", "/agents/nobody/sign-out", nil)
	sam.refused(403, codeForbidden, "", "POST", "/agents/"+r.users["ada"].ID+"/sign-out", nil)
	sam.ok("POST", "/agents/"+id+"/sign-out", nil, nil)
	c.ends(closeSigned)
	omid.refused(401, codeSignedOut, "", "GET", "/session", nil)
	if a := r.hub.Agent(id); a.State != record.Offline || a.StateBy != r.users["sam"].ID {
		t.Errorf("%+v", a)
	}
	list, _, err := r.hub.Record().Changes(t.Context(), record.AuditFilter{Action: "agent.sign_out", Limit: 5})
	must(t, err)
	if len(list) != 1 || list[0].Subject != id || list[0].By != r.users["sam"].ID || !strings.Contains(string(list[0].Before), "available") {
		t.Errorf("%+v", list)
	}
}

func TestClosingAQueue(t *testing.T) {
	r := boot(t)
	leyla, sam := r.as("leyla"), r.as("sam")
	path := "/queues/" + r.queue + "/close"
	leyla.refused(403, codeForbidden, "", "POST", path, map[string]any{"closed": true})
	sam.refused(422, codeInvalid, "closed", "POST", path, map[string]any{})
	var q record.Queue
	sam.ok("POST", path, map[string]any{"closed": true, "text": "We are moving today."}, &q)
	if !q.Routing.Closed || q.Routing.ClosedText != "We are moving today." {
		t.Errorf("%+v", q.Routing)
	}
	r.until("the hub knows", func() bool { return r.hub.Settings().Queues[r.queue].Routing.Closed })
	q = record.Queue{}
	sam.ok("POST", path, map[string]any{"closed": false}, &q)
	sam.ok("POST", path, map[string]any{"closed": false}, &q)
	if q.Routing.Closed || q.Routing.ClosedText == "" {
		t.Errorf("%+v", q.Routing)
	}
	list, _, err := r.hub.Record().Changes(t.Context(), record.AuditFilter{Action: "queue.close", Limit: 5})
	must(t, err)
	if len(list) != 2 || list[0].Subject != r.queue || !strings.Contains(string(list[1].After), "moving") {
		t.Errorf("%+v", list)
	}
}

// The pull list is what the agent may claim, first what has waited longest with its priority.
func TestPull(t *testing.T) {
	r := boot(t)
	leyla, sam := r.as("leyla"), r.as("sam")
	first, second, third := r.says("sara", "one"), r.says("mina", "two"), r.says("dara", "three")
	list := func(b *browser) (ids []string) {
		var page struct {
			Items []record.View `json:"items"`
			At    record.ID     `json:"at"`
		}
		b.ok("GET", "/pull", nil, &page)
		for _, v := range page.Items {
			ids = append(ids, v.ID)
		}
		return ids
	}
	sam.ok("POST", "/conversations/"+third.ID+"/priority", map[string]any{"priority": 5}, nil)
	if got, want := list(leyla), []string{third.ID, first.ID, second.ID}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := list(sam); len(got) > 0 {
		t.Errorf("who does not serve the queue is shown %v", got)
	}
	sam.ok("POST", "/conversations/"+first.ID+"/needs", map[string]any{"needs": []record.Need{{Skill: "warranty"}}}, nil)
	leyla.ok("POST", "/conversations/"+third.ID+"/claim", nil, nil)
	if got, want := list(leyla), []string{second.ID}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// An account may say that one of its conversations takes all of its agent.
func TestAccountTakesAll(t *testing.T) {
	r := boot(t)
	ada, leyla := r.as("ada"), r.as("leyla")
	var row accountView
	ada.ok("GET", "/accounts/"+r.account, nil, &row)
	before := r.says("sara", "one")
	ada.refused(422, codeInvalid, "units", "PATCH", "/accounts/"+r.account, map[string]any{"units": -2, "version": row.Version})
	ada.ok("PATCH", "/accounts/"+r.account, map[string]any{"units": -1, "version": row.Version}, &row)
	r.until("the hub knows", func() bool { return r.hub.Settings().Accounts[r.account].Units == record.AllUnits })
	all := r.says("mina", "two")
	if row.Units != record.AllUnits || all.Units != record.AllUnits {
		t.Fatalf("%+v, %+v", row, all)
	}
	leyla.ok("POST", "/conversations/"+before.ID+"/claim", nil, nil)
	leyla.refused(409, codeCapacity, "", "POST", "/conversations/"+all.ID+"/claim", nil)
	leyla.ok("POST", "/conversations/"+before.ID+"/resolve", nil, nil)
	leyla.ok("POST", "/conversations/"+all.ID+"/claim", nil, nil)
	if a := r.hub.Agent(r.users["leyla"].ID); a.Used() != r.users["leyla"].Capacity {
		b, _ := json.Marshal(a)
		t.Errorf("%s", b)
	}
	leyla.refused(409, codeCapacity, "", "POST", "/conversations/"+r.says("dara", "three").ID+"/claim", nil)
}
