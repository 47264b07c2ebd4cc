package agentui

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"tamas/inbox/record"
)

// customerOf is the id of who is on a conversation.
func (b *browser) customerOf(conversation string) string {
	b.r.t.Helper()
	var d record.Detail
	b.ok("GET", "/conversations/"+conversation, nil, &d)
	return d.Conversation.Customer.ID
}

func TestMerge(t *testing.T) {
	r := boot(t)
	b, sam := r.as("leyla"), r.as("sam")
	xc, yc := r.says("sara", "one"), r.says("reza", "two")
	x, y := b.customerOf(xc.ID), b.customerOf(yc.ID)
	b.ok("PATCH", "/customers/"+y, map[string]any{"name": ""}, nil)

	var p record.MergePreview
	b.ok("GET", "/customers/"+y+"/merge?from="+x, nil, &p)
	if p.From.Touches != 1 || p.From.Open != 1 || p.Fields[0].Field != "name" || string(p.Fields[0].From) != `"sara"` || string(p.Fields[0].Into) != `""` || string(p.Fields[0].Shows) != `"sara"` {
		t.Fatalf("%+v", p)
	}
	b.refused(422, codeInvalid, "from", "GET", "/customers/"+y+"/merge?from="+y, nil)
	b.refused(422, codeInvalid, "from", "GET", "/customers/"+y+"/merge", nil)
	b.refused(422, codeInvalid, "from", "POST", "/customers/"+y+"/merge", map[string]any{"from": y})
	b.refused(422, codeInvalid, "from", "POST", "/customers/"+y+"/merge", map[string]any{"from": "a\x00b"})
	b.refused(422, codeInvalid, "from", "POST", "/customers/"+y+"/merge", map[string]any{"from": strings.Repeat("a", 300)})
	b.refused(422, codeInvalid, "reason", "POST", "/customers/"+y+"/merge", map[string]any{"from": x, "reason": strings.Repeat("a", 501)})
	b.refused(404, codeNotFound, "", "POST", "/customers/"+y+"/merge", map[string]any{"from": "' OR 1=1 --"})
	b.refused(404, codeNotFound, "", "POST", "/customers/"+url.PathEscape("a\x00b")+"/merge", map[string]any{"from": x})
	was := b.refused(409, codeConflict, "", "POST", "/customers/"+y+"/merge", map[string]any{"from": x, "seen": "what was before"})
	if now, _ := was.Current.(map[string]any); now["seen"] != p.Seen {
		t.Errorf("%+v", was.Current)
	}
	r.browser().refused(401, codeSignedOut, "", "POST", "/customers/"+y+"/merge", map[string]any{"from": x})

	var m mergeAnswer
	b.ok("POST", "/customers/"+y+"/merge", map[string]any{"from": x, "reason": "the same number", "seen": p.Seen}, &m)
	if m.Merge.From != x || m.Merge.Into != y || m.Into.Name != "sara" || m.From != nil || m.Merge.By != r.users["leyla"].ID {
		t.Fatalf("%+v", m)
	}
	var page record.CustomerPage
	b.ok("GET", "/customers/"+x, nil, &page)
	if page.MergedInto != y || page.Customer.ID != y || len(page.Identities) != 2 || len(page.Conversations) != 2 || page.Merged[0].ID != x {
		t.Fatalf("%+v", page)
	}
	if got := b.customerOf(xc.ID); got != y {
		t.Errorf("the conversation is of %s", got)
	}
	var line record.Timeline
	b.ok("GET", "/customers/"+x+"/touches", nil, &line)
	if len(line.Items) != 2 {
		t.Errorf("%+v", line)
	}
	r.says("sara", "and three")

	var u record.UndoPreview
	b.ok("GET", "/merges/"+m.Merge.ID, nil, &u)
	if u.Touches != 1 || len(u.Since) != 0 || u.From.Touches != 2 {
		t.Fatalf("%+v", u)
	}
	b.refused(404, codeNotFound, "", "GET", "/merges/none", nil)
	b.refused(409, codeConflict, "", "POST", "/merges/"+m.Merge.ID+"/undo", map[string]any{"move": []string{u.From.Identities[0].ID}})
	b.ok("POST", "/merges/"+m.Merge.ID+"/undo", map[string]any{"seen": u.Seen}, &m)
	if m.Merge.UndoneBy != r.users["leyla"].ID || m.From == nil || m.From.Name != "sara" || m.Into.Name != "" {
		t.Fatalf("%+v", m)
	}
	if p := b.refused(409, codeConflict, "", "POST", "/merges/"+m.Merge.ID+"/undo", map[string]any{}); p.Current != nil {
		t.Errorf("%+v", p)
	}
	b.refused(409, codeConflict, "", "GET", "/merges/"+m.Merge.ID, nil)
	if got := b.customerOf(xc.ID); got != x {
		t.Errorf("the conversation is of %s", got)
	}

	var h record.History
	b.ok("GET", "/customers/"+x+"/history", nil, &h)
	if len(h.Merges) != 1 || h.Merges[0].Reason != "the same number" || len(h.Links) != 0 {
		t.Errorf("%+v", h)
	}
	b.refused(404, codeNotFound, "", "GET", "/customers/none/history", nil)
	var audit auditAnswer
	sam.ok("GET", "/audit?subject="+y, nil, &audit)
	actions := map[string]record.Changed{}
	for _, c := range audit.Items {
		actions[c.Action] = c
	}
	var before, after struct{ From, Into whose }
	must(t, json.Unmarshal(actions["customer.merge"].Before, &before))
	must(t, json.Unmarshal(actions["customer.merge"].After, &after))
	if before.From.Customer != x || len(before.Into.Identities) != 1 || len(after.Into.Identities) != 2 || actions["customer.unmerge"].By != r.users["leyla"].ID {
		t.Errorf("%+v", audit.Items)
	}
}

func TestSplitAndLinks(t *testing.T) {
	r := boot(t)
	b := r.as("leyla")
	x, y := b.customerOf(r.says("sara", "one").ID), b.customerOf(r.says("reza", "two").ID)
	var page record.CustomerPage
	b.ok("GET", "/customers/"+x, nil, &page)
	mine := page.Identities[0].ID
	b.refused(422, codeInvalid, "identities", "POST", "/customers/"+x+"/split", map[string]any{"identities": []string{}})
	b.refused(422, codeInvalid, "identities", "POST", "/customers/"+x+"/split", map[string]any{"identities": []string{mine}}) // it has no other
	b.refused(422, codeInvalid, "identities", "POST", "/customers/"+x+"/split", map[string]any{"identities": []string{"other"}})
	b.refused(422, codeInvalid, "into", "POST", "/customers/"+x+"/split", map[string]any{"identities": []string{mine}, "into": x})
	b.refused(404, codeNotFound, "", "POST", "/customers/"+x+"/split", map[string]any{"identities": []string{mine}, "into": "none"})

	var moved, split splitAnswer
	b.ok("POST", "/customers/"+x+"/split", map[string]any{"identities": []string{mine, mine}, "into": y, "evidence": "said so by telephone"}, &moved)
	if moved.Customer.ID != y || moved.Link.Kind != record.LinkHand {
		t.Fatalf("%+v", moved)
	}
	b.ok("POST", "/customers/"+y+"/split", map[string]any{"identities": []string{mine}, "name": "Sara's sister"}, &split)
	if split.Customer.Name != "Sara's sister" || split.Link.Kind != record.LinkSplit {
		t.Fatalf("%+v", split)
	}
	b.refused(409, codeConflict, "", "POST", "/links/"+moved.Link.ID+"/undo", nil) // it has moved on
	b.refused(404, codeNotFound, "", "POST", "/links/none/undo", nil)
	var back items[record.Identity]
	b.ok("POST", "/links/"+split.Link.ID+"/undo", nil, &back)
	b.ok("GET", "/customers/"+y, nil, &page)
	if len(back.Items) != 1 || back.Items[0].Customer != y || len(page.Identities) != 2 {
		t.Fatalf("%+v %+v", back, page)
	}
	for _, i := range page.Identities {
		if i.ID == mine && (i.Link == nil || i.Link.Kind != record.LinkBack || i.Link.By != r.users["leyla"].ID) {
			t.Errorf("%+v", i.Link)
		}
	}
}

func TestSuggestions(t *testing.T) {
	r := boot(t)
	b, sam := r.as("leyla"), r.as("sam")
	x, y, z := b.customerOf(r.says("one", "1").ID), b.customerOf(r.says("two", "2").ID), b.customerOf(r.says("three", "3").ID)
	for id, name := range map[string]string{x: "محمد رضا کریمی", y: "محمدرضا كريمي", z: "Mohammad Reza Karimi"} {
		b.ok("PATCH", "/customers/"+id, map[string]any{"name": name}, nil)
	}
	of := func(query string) (page record.Suggestions) {
		t.Helper()
		sam.ok("GET", "/suggestions?"+query, nil, &page)
		return page
	}
	r.until("all three are alike", func() bool { return len(of("").Items) == 3 })
	first := of("limit=1")
	if s := first.Items[0]; s.Score != 50 || s.Reasons[0].Kind != "name" || len(s.A.Identities) != 1 || first.Next == "" {
		t.Fatalf("%+v", s)
	}
	rest := of("before=" + first.Next)
	if len(rest.Items) != 2 || rest.Next != "" || rest.Counts["open"] != 3 || rest.Items[0].Reasons[0].Kind != "sound" {
		t.Fatalf("%+v", rest)
	}
	b.refused(403, codeForbidden, "", "GET", "/suggestions", nil)
	b.refused(404, codeNotFound, "", "GET", "/suggestions?customer=none", nil)
	b.refused(422, codeInvalid, "before", "GET", "/suggestions?customer="+x+"&before=x", nil)
	b.refused(422, codeInvalid, "state", "GET", "/suggestions?customer="+x+"&state=lost", nil)
	var mine record.Suggestions
	b.ok("GET", "/suggestions?customer="+x, nil, &mine)
	if len(mine.Items) != 2 {
		t.Fatalf("%+v", mine)
	}
	b.ok("POST", "/suggestions/"+rest.Items[0].ID+"/dismiss", nil, nil)
	b.refused(409, codeConflict, "", "POST", "/suggestions/"+rest.Items[0].ID+"/dismiss", nil)
	b.refused(404, codeNotFound, "", "POST", "/suggestions/none/dismiss", nil)
	b.refused(422, codeInvalid, "into", "POST", "/suggestions/"+first.Items[0].ID+"/accept", map[string]any{})
	b.refused(409, codeConflict, "", "POST", "/suggestions/"+first.Items[0].ID+"/accept", map[string]any{"into": z})
	var m mergeAnswer
	b.ok("POST", "/suggestions/"+first.Items[0].ID+"/accept", map[string]any{"into": y}, &m)
	if m.Merge.From != x || m.Merge.Into != y {
		t.Fatalf("%+v", m)
	}
	b.refused(409, codeConflict, "", "POST", "/suggestions/"+first.Items[0].ID+"/accept", map[string]any{"into": y})
	r.until("who was told apart from one of them is told apart from both", func() bool { return len(of("").Items) == 0 })
	got := of("state=merged")
	if len(got.Items) != 1 || got.Items[0].DecidedBy != r.users["leyla"].ID {
		t.Errorf("%+v", got)
	}
	if c := got.Counts; c["open"] != 0 || c["merged"] != 1 || c["dismissed"] == 0 {
		t.Errorf("%v", c)
	}
}
