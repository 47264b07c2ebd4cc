package router

import (
	"cmp"
	"maps"
	"slices"

	"tamas/inbox"
	"tamas/inbox/record"
)

// Rules is all of the settings that decisions depend on, as one value that can be stored and hashed: equal rules have equal JSON.
// Everything is sorted by id and cut down to what routing asks, so a new name or signature makes no new rules.
type Rules struct {
	Queues    []record.Queue        `json:"queues"`
	Users     []record.User         `json:"users"` // ID, Capacity, Disabled, Skills
	Calendars []record.Calendar     `json:"calendars,omitempty"`
	Routing   record.RoutingSetting `json:"routing"` // GraceSecs, RoundSecs
}

// RulesOf cuts the rules out of the settings. It shares their slices and maps, which nobody changes.
func RulesOf(s *inbox.Settings) Rules {
	r := Rules{
		Queues: slices.Collect(maps.Values(s.Queues)), Users: slices.Collect(maps.Values(s.Users)),
		Calendars: slices.Collect(maps.Values(s.Calendars)), Routing: s.Routing,
	}
	return r.Cut()
}

// Cut gives the rules sorted and without what routing does not ask.
func (r Rules) Cut() Rules {
	cut := Rules{Routing: record.RoutingSetting{GraceSecs: r.Routing.GraceSecs, RoundSecs: r.Routing.RoundSecs}}
	for _, q := range r.Queues {
		members := slices.Clone(q.Members)
		slices.Sort(members)
		cut.Queues = append(cut.Queues, record.Queue{ID: q.ID, Mode: q.Mode, OfferSeconds: q.OfferSeconds, Members: members,
			Routing: q.Routing, Archived: q.Archived})
	}
	for _, u := range r.Users {
		cut.Users = append(cut.Users, record.User{ID: u.ID, Capacity: u.Capacity, Disabled: u.Disabled, Skills: u.Skills})
	}
	for _, c := range r.Calendars {
		c.Name = ""
		cut.Calendars = append(cut.Calendars, c)
	}
	slices.SortFunc(cut.Queues, func(a, b record.Queue) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(cut.Users, func(a, b record.User) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(cut.Calendars, func(a, b record.Calendar) int { return cmp.Compare(a.ID, b.ID) })
	return cut
}
