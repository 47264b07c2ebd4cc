package inbox

import (
	"slices"
	"strings"

	"tamas/inbox/record"
)

// renewClocks is the Reason of the SLAClock command that gives running clocks the present promises.
const renewClocks = "policy"

// slaClock decides what the timers and the settings do to a conversation's promises: Reason is "warn/first", "broken/next", …, or "policy".
func (s *state) slaClock(cmd *Command) (*record.Event, error) {
	c := s.change(record.EvSLA, cmd.By)
	h := c.e.Conversation
	why := record.Why{}
	if cmd.Why != nil {
		why = *cmd.Why
	}
	why.Code = cmd.Reason
	c.e.Reason = &why
	if cmd.Reason == renewClocks {
		if !h.Open() {
			return nil, errNothing
		}
		clocks(&s.conv, h, s.now, s.set, true)
		if same(s.conv.SLA, h.SLA) {
			return nil, errNothing
		}
		return c.e, nil
	}
	what, kind, _ := strings.Cut(cmd.Reason, "/")
	if h.SLA == nil {
		return nil, s.conflict("There is no such clock.")
	}
	list := slices.Clone(h.SLA.Clocks)
	i := slices.IndexFunc(list, func(k record.Clock) bool { return k.Kind == kind && k.MetAt == 0 && k.Due != 0 })
	if i < 0 {
		return nil, s.conflict("There is no such clock.")
	}
	k := &list[i]
	switch {
	case what == "warn" && !k.Warned && !k.Broken && k.WarnAt != 0 && k.WarnAt <= s.now:
		k.Warned, k.WarnAt = true, 0
	case what == "broken" && !k.Broken && k.Due <= s.now:
		k.Broken, k.WarnAt = true, 0
	case what != "warn" && what != "broken":
		return nil, invalid("reason", "There is no such word of a clock.")
	default:
		return nil, s.conflict("The clock does not say so.")
	}
	h.SLA = &record.SLA{Policy: h.SLA.Policy, Clocks: list}
	return c.e, nil
}

func same(a, b *record.SLA) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Policy == b.Policy && slices.Equal(a.Clocks, b.Clocks)
}

// tier decides the customer's tier in the header of a conversation; the row of the customer is the caller's.
func (a *attempt) tier() (*record.Event, error) {
	if !a.system && !a.Supervisor && !a.mine && !a.takable {
		return nil, a.notYours(a.Command)
	}
	if a.conv.Tier == a.Reason || !a.conv.Open() {
		return nil, errNothing
	}
	if a.Reason != "" && !slices.Contains(a.set.Routing.Tiers, a.Reason) {
		return nil, invalid("tier", "There is no such tier.")
	}
	c := a.change(record.EvChanged, a.By)
	c.was(&a.conv, "tier")
	c.e.Conversation.Tier = a.Reason
	return c.e, nil
}
