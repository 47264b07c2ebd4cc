package inbox

import (
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"tamas/channels"
	"tamas/inbox/record"
)

// Operators see what supervisors see: queues, agents and alerts, under names that stay.
func TestFiguresForOperators(t *testing.T) {
	r := newRig(t, store{"in-process", "sqlite"})
	r.user("ann", 3)
	reg := prometheus.NewRegistry()
	h, _ := r.hub(func(o *Options) { o.Metrics = reg })
	if err := (&desk{h: h, acct: func() record.Account { return r.account }}).Receive(t.Context(), channels.Batch{Messages: []channels.Inbound{{Key: "k1", Thread: "x", Address: "x", Text: "hello"}}}); err != nil {
		t.Fatal(err)
	}
	values := func() map[string]float64 {
		t.Helper()
		families, err := reg.Gather()
		if err != nil {
			t.Fatal(err)
		}
		all := map[string]float64{}
		for _, f := range families {
			for _, m := range f.GetMetric() {
				var labels []string
				for _, l := range m.GetLabel() {
					labels = append(labels, l.GetValue())
				}
				slices.Sort(labels)
				if m.GetGauge() != nil {
					all[f.GetName()+" "+strings.Join(labels, " ")] = m.GetGauge().GetValue()
				}
			}
		}
		return all
	}
	got := values()
	if got["tamas_queue_waiting General"] != 1 || got["tamas_agents available"] != 0 {
		t.Errorf("one waits, nobody is there: %v", got)
	}
	if _, ok := got["tamas_queue_longest_wait_seconds General"]; !ok {
		t.Errorf("how long is not told: %v", got)
	}
	if _, err := h.Do(t.Context(), Command{Key: "s", By: agentActor("ann"), Action: SetState, Agent: "ann", State: record.Available}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "she counts", func() bool { v := values(); return v["tamas_agents available"]+v["tamas_agents lost"] == 1 })
	eventually(t, "the alerts count", func() bool { // the leader looks every two seconds, and finds none of these
		h.alerts.Store(&[]Alert{{ID: "a", Kind: "refused"}, {ID: "b", Kind: record.RuleWait}, {ID: "c", Kind: record.RuleWait}})
		v := values()
		return v["tamas_alerts_firing longest_wait"] == 2 && v["tamas_alerts_firing refused"] == 1
	})
}
