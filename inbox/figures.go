package inbox

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tamas/inbox/record"
)

// figures shows what supervisors watch to Prometheus too: counted when asked for, the same on every node. Queues go by name.
type figures struct {
	h                                         *Hub
	waiting, longest, level, agents, standing *prometheus.Desc
}

func newFigures(h *Hub) *figures {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("tamas_"+name, help, labels, nil)
	}
	return &figures{h,
		desc("queue_waiting", "Conversations that wait in a queue, offered ones included.", "queue"),
		desc("queue_longest_wait_seconds", "How long the one has waited who has waited longest in a queue; 0 when nobody waits.", "queue"),
		desc("queue_service_level_today", "Answered within the target ÷ (offered − abandoned within it), today by the firm's clock; absent when nothing was offered.", "queue"),
		desc("agents", "Agents by state; those who lost their connection count as lost.", "state"),
		desc("alerts_firing", "Alerts that stand now, by kind.", "kind")}
}

func (f *figures) Describe(c chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{f.waiting, f.longest, f.level, f.agents, f.standing} {
		c <- d
	}
}

func (f *figures) Collect(c chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, label string) {
		c <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, label)
	}
	h := f.h
	set := h.Settings()
	if !set.known() || h.mirror.current() == "" {
		return // nothing is known yet
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	day, _ := h.Today(ctx) // without it the level is absent
	t := h.Tally()
	named := map[string]bool{}
	for _, q := range set.byName() {
		name := q.Name
		if named[name] {
			name += " " + q.ID
		}
		if named[name] = true; q.Archived {
			continue
		}
		n := t.Queues[q.ID]
		gauge(f.waiting, float64(n.Waiting), name)
		longest := 0.0
		if n.LongestSince > 0 {
			longest = max(0, float64(t.At-n.LongestSince)/1000)
		}
		gauge(f.longest, longest, name)
		if day != nil {
			if level, ok := day.Queues[q.ID].ServiceLevel(); ok {
				gauge(f.level, level, name)
			}
		}
	}
	states := map[string]int{}
	for _, s := range []record.AgentState{record.Available, record.Busy, record.Break, record.NotResponding, record.WrapUp} {
		states[string(s)] = 0
	}
	for _, a := range t.Agents {
		switch {
		case a.State == record.Offline || a.State == "":
		case a.LostAt != 0:
			states["lost"]++
		default:
			states[string(a.State)]++
		}
	}
	for s, n := range states {
		gauge(f.agents, float64(n), s)
	}
	kinds := map[string]int{}
	for _, a := range h.Alerts() {
		kinds[a.Kind]++
	}
	for k, n := range kinds {
		gauge(f.standing, float64(n), k)
	}
}
