package agentui

import (
	"slices"

	"tamas/inbox"
	"tamas/inbox/record"
)

var slaSetting = &setting[[]record.SLAPolicy]{inbox.SLASetting, func() []record.SLAPolicy { return []record.SLAPolicy{} }, checkSLA}

func checkSLA(s *Server, _, v *[]record.SLAPolicy) error {
	if *v == nil {
		*v = []record.SLAPolicy{}
	}
	if len(*v) > 100 {
		return invalid("value", "There are more than 100 promises.")
	}
	set, seen := s.hub.Settings(), map[string]bool{}
	for i := range *v {
		p := &(*v)[i]
		if err := checkKey(at("value", i, "id"), p.ID, seen); err != nil {
			return err
		}
		var err error
		if p.Name, err = text(at("value", i, "name"), p.Name, 1, 120, false); err != nil {
			return err
		}
		if err := checkQueues(at("value", i, "queues"), p.Queues, set); err != nil {
			return err
		}
		for k, kind := range p.Channels {
			if !slices.Contains(s.kindNames(), kind) {
				return invalid(at(at("value", i, "channels"), k), "There is no such channel.")
			}
		}
		for k, tier := range p.Tiers {
			if !slices.Contains(set.Routing.Tiers, tier) {
				return invalid(at(at("value", i, "tiers"), k), "There is no such tier.")
			}
		}
		if _, ok := set.Calendars[p.Calendar]; !ok && p.Calendar != "" {
			return invalid(at("value", i, "calendar"), "There is no such calendar.")
		}
		for _, n := range []struct {
			field string
			value int
			most  int
		}{{"first", p.First, 90 * 24 * 3600}, {"next", p.Next, 90 * 24 * 3600}, {"resolution", p.Resolution, 365 * 24 * 3600},
			{"min_priority", p.MinPriority, 7 * 24 * 60}, {"warn_percent", p.WarnPercent, 99}} {
			if err := between(at("value", i, n.field), n.value, 0, n.most); err != nil {
				return err
			}
		}
		if p.First+p.Next+p.Resolution == 0 {
			return invalid(at("value", i, "first"), "Promise at least one time.")
		}
	}
	return nil
}
