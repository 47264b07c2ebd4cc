package agentui

import (
	"slices"
	"testing"

	"tamas/inbox"
	"tamas/inbox/record"
	"tamas/router"
)

// TestWhy: what an agent asks of one that waits, and of one that has been decided on.
func TestWhy(t *testing.T) {
	r := boot(t)
	leyla := r.as("leyla")
	conv := r.says("sara", "Where is my parcel?")
	path := "/conversations/" + conv.ID + "/why"
	var why struct {
		Waiting   *router.Explanation
		Decisions []record.Event
	}
	leyla.ok("GET", path, nil, &why)
	user := r.users["leyla"].ID
	if w := why.Waiting; w == nil || w.Position != 1 || w.Since != conv.WaitingSince || len(why.Decisions) != 0 ||
		!slices.Contains(w.Reasons, router.Exclusion{Agent: user, Reason: "offline"}) {
		t.Fatalf("%+v", why.Waiting)
	}

	// What the router would do.
	if _, err := r.hub.Do(t.Context(), inbox.Command{By: record.Actor{Kind: "agent", ID: user}, Action: inbox.SetState, Agent: user, State: record.Available}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.hub.Do(t.Context(), inbox.Command{By: record.Actor{Kind: "system", ID: "router"}, Action: inbox.Offer, Conversation: conv.ID, Agent: user, Until: r.hub.Now() + 60_000,
		Why: &record.Why{Code: "longest_idle", Policy: "0123", Engine: 2, Pending: []byte(`[{"conversation":"x","version":1}]`), Cut: 1}}); err != nil {
		t.Fatal(err)
	}
	leyla.ok("GET", path, nil, &why)
	if why.Waiting != nil || len(why.Decisions) != 1 || why.Decisions[0].Reason.Code != "longest_idle" {
		t.Errorf("offered: %+v", why)
	}
	leyla.refused(404, codeNotFound, "", "GET", "/conversations/none/why", nil)
	r.browser().refused(401, codeSignedOut, "", "GET", path, nil)
}
