package agentui

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"tamas/inbox"
	"tamas/inbox/record"
)

// finished waits for a simulation's end.
func (b *browser) finished(t *testing.T, id string) (v simulationView) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		b.ok("GET", "/simulations/"+id, nil, &v)
		if v.Done {
			return v
		}
		if time.Now().After(deadline) {
			t.Fatalf("not done: %+v", v)
		}
	}
}

func TestSimulationComparesPolicies(t *testing.T) {
	r := boot(t)
	ada := r.as("ada")
	stream := map[string]any{"queue": r.queue, "channel": "hand", "per_half_hour": 100, "aht_seconds": 180}
	ask := map[string]any{"seed": 3, "traffic": map[string]any{"kind": "poisson", "hours": 20, "streams": []any{stream}},
		"policies": []any{
			map[string]any{"name": "thirteen", "agents": 13, "queues": map[string]any{r.queue: map[string]any{"mode": "push", "target_seconds": 20}}},
			map[string]any{"name": "fifteen", "agents": 15, "queues": map[string]any{r.queue: map[string]any{"mode": "push", "target_seconds": 20}}},
		}}
	var v simulationView
	ada.ok("POST", "/simulations", ask, &v)
	v = ada.finished(t, v.ID)
	if v.Error != "" || len(v.Results) != 2 {
		t.Fatalf("%+v", v)
	}
	few, many := v.Results[0], v.Results[1]
	if few.Name != "thirteen" || few.Arrived != many.Arrived || few.Arrived < 3500 || *few.Level >= *many.Level || few.ASA <= many.ASA || *few.Occupancy <= *many.Occupancy {
		t.Errorf("thirteen: %d arrived, level %v, ASA %d; fifteen: %d, %v, %d", few.Arrived, *few.Level, few.ASA, many.Arrived, *many.Level, many.ASA)
	}
	if q := r.hub.Settings().Queues[r.queue]; q.Mode == "push" {
		t.Error("a simulation has changed the settings")
	}

	// One that would take long is stopped.
	ask["traffic"] = map[string]any{"kind": "poisson", "hours": 500, "streams": []any{map[string]any{"queue": r.queue, "per_half_hour": 900, "aht_seconds": 600}}}
	ada.ok("POST", "/simulations", ask, &v)
	if a := ada.call("DELETE", "/simulations/"+v.ID, nil); a.status != http.StatusNoContent {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if v = ada.finished(t, v.ID); v.Error == "" {
		t.Errorf("%+v", v)
	}

	for field, bad := range map[string]map[string]any{
		"traffic.kind":    {"traffic": map[string]any{"kind": "wishes"}},
		"traffic.hours":   {"traffic": map[string]any{"kind": "poisson", "hours": -1, "streams": []any{stream}}},
		"traffic.streams": {"traffic": map[string]any{"kind": "poisson", "hours": 1, "streams": []any{map[string]any{"queue": "q0", "per_half_hour": 1, "aht_seconds": 1}}}},
		"traffic.from":    {"traffic": map[string]any{"kind": "recorded", "from": 5, "to": 4}},
		"policies":        {"traffic": map[string]any{"kind": "poisson", "hours": 1, "streams": []any{stream}}, "policies": []any{map[string]any{"agents": 0}}},
	} {
		ada.refused(422, codeInvalid, field, "POST", "/simulations", bad)
	}
	ada.refused(404, codeNotFound, "", "GET", "/simulations/s0", nil)
	r.as("omid").refused(403, codeForbidden, "", "POST", "/simulations", ask)
}

// Recorded traffic meets the agents who were at work, who decline as often as they did; ideal ones are there and accept.
func TestSimulationOfTheRecord(t *testing.T) {
	r := boot(t)
	ada, leyla := r.as("ada"), r.as("leyla")
	since := time.Now().Add(-time.Minute).UnixMilli()
	leyla.ok("PUT", "/me/state", map[string]any{"state": "available"}, nil)
	conv := r.says("0912", "Where is my order?")
	id := "/conversations/" + conv.ID
	offer := func() {
		t.Helper()
		_, err := r.hub.Do(t.Context(), inbox.Command{By: record.Actor{Kind: "system", ID: "router"}, Action: inbox.Offer, Conversation: conv.ID,
			Agent: r.users["leyla"].ID, Until: record.At(time.Now().Add(time.Hour))})
		must(t, err)
	}
	offer()
	leyla.act(id+"/decline", nil)
	offer()
	leyla.act(id+"/accept", nil)
	leyla.act(id+"/resolve", nil)
	run := func(ideal bool, policies ...any) (v simulationView) {
		t.Helper()
		ada.ok("POST", "/simulations", map[string]any{"ideal": ideal, "policies": policies,
			"traffic": map[string]any{"kind": "recorded", "from": since, "to": time.Now().Add(time.Minute).UnixMilli()}}, &v)
		v = ada.finished(t, v.ID)
		if v.Error != "" || v.People == nil {
			t.Fatalf("%+v", v)
		}
		return v
	}
	r.until("the record tells of the offers", func() bool {
		a := ada.call("POST", "/simulations", map[string]any{"traffic": map[string]any{"kind": "recorded", "from": since, "to": time.Now().Add(time.Minute).UnixMilli()}})
		if a.status != http.StatusAccepted { // its traffic is not counted yet
			return false
		}
		var v simulationView
		must(t, json.Unmarshal(a.body, &v))
		v = ada.finished(t, v.ID)
		return v.People.Attended == 1 && v.People.Declined == 0.5
	})
	alike := map[string]any{"name": "alike", "agents": 2, "queues": map[string]any{r.queue: map[string]any{"mode": "push"}}}
	v := run(false, map[string]any{"name": "now"}, alike)
	if v.People.Ignored != 0 || len(v.Results) != 2 || v.Results[1].Answered != 1 || len(v.Results[1].Agents) != 2 {
		t.Errorf("%+v %+v", v.People, v.Results)
	}
	for _, a := range v.Results[0].Agents {
		if a.Agent != r.users["leyla"].ID {
			t.Errorf("%s was not at work: %+v", a.Agent, a)
		}
	}
	v = run(true, map[string]any{"name": "now"})
	if *v.People != (people{}) || len(v.Results[0].Agents) < 2 || v.Results[0].Answered != 1 {
		t.Errorf("%+v %+v", v.People, v.Results[0])
	}
	ada.refused(422, codeInvalid, "traffic.from", "POST", "/simulations", map[string]any{"traffic": map[string]any{"kind": "recorded", "from": 1000, "to": 2000}})
}

// Each that waits for its turn holds its traffic in memory, so few may.
func TestSimulationsThatWaitAreFew(t *testing.T) {
	r := boot(t)
	ada := r.as("ada")
	ask := map[string]any{"traffic": map[string]any{"kind": "poisson", "hours": 500, "streams": []any{map[string]any{"queue": r.queue, "per_half_hour": 300, "aht_seconds": 600}}}}
	var ids []string
	for range simulationsOpen {
		var v simulationView
		ada.ok("POST", "/simulations", ask, &v)
		ids = append(ids, v.ID)
	}
	ada.refused(409, codeConflict, "", "POST", "/simulations", ask)
	for _, id := range ids {
		ada.call("DELETE", "/simulations/"+id, nil)
		ada.finished(t, id)
	}
	var v simulationView
	ada.ok("POST", "/simulations", ask, &v)
	ada.call("DELETE", "/simulations/"+v.ID, nil)
}

func TestStaffingOfAnEmptyRecord(t *testing.T) {
	r := boot(t)
	ada := r.as("ada")
	var v staffingView
	ada.ok("GET", "/staffing?level_percent=90", nil, &v)
	if len(v.Slots) != 336 || v.AHTSource != "assumed" || v.AHT != record.Millis(300_000) || v.Slots[0].Agents != 0 {
		t.Errorf("%d slots, %s %d", len(v.Slots), v.AHTSource, v.AHT)
	}
	ada.refused(422, codeInvalid, "queue", "GET", "/staffing?queue=q0", nil)
	ada.refused(422, codeInvalid, "weeks", "GET", "/staffing?weeks=0", nil)
	r.as("omid").refused(403, codeForbidden, "", "GET", "/staffing", nil)
}

func TestPolicyFiles(t *testing.T) {
	set := &inbox.Settings{Queues: map[string]record.Queue{"q1": {ID: "q1", Name: "Help"}, "q2": {ID: "q2", Name: "Sales"}}}
	p, err := ParsePolicy([]byte(`{"name": "rings", "queues": {"Help": {"mode": "push", "routing": {"order": "load_ratio"}}, "q2": {"target_seconds": 60}}}`), set)
	if err != nil || p.Name != "rings" || len(p.Queues) != 2 || *p.Queues["q1"].Mode != "push" || p.Queues["q1"].Routing.Order != record.OrderRatio || *p.Queues["q2"].TargetSecs != 60 {
		t.Errorf("%+v, %v", p, err)
	}
	for text, part := range map[string]string{
		`{"nam": "x"}`: `"nam"`,
		`{"queues": {"q1": {"order": "load_ratio"}}}`: `"order"`,
		`{"queues": {"Nobody": {}}}`:                  `"Nobody"`,
		`{}{}`:                                        "after",
	} {
		if _, err := ParsePolicy([]byte(text), set); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
