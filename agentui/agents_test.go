package agentui

import (
	"slices"
	"testing"

	"tamas/inbox/record"
)

// Any agent sees who of the colleagues is there, without having been there when they came.
func TestAgentsSeeColleagues(t *testing.T) {
	r := boot(t)
	leyla, omid := r.as("leyla"), r.as("omid")
	omid.ok("PUT", "/me/state", map[string]any{"state": "break", "reason": "Lunch"}, nil)
	var list struct{ Items []record.Agent }
	leyla.ok("GET", "/agents", nil, &list)
	i := slices.IndexFunc(list.Items, func(a record.Agent) bool { return a.ID == r.users["omid"].ID })
	if i < 0 || list.Items[i].State != record.Break || list.Items[i].Reason != "Lunch" {
		t.Fatalf("%+v", list.Items)
	}
}
