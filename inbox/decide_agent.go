package inbox

import (
	"slices"

	"tamas/inbox/record"
)

// agentState decides a change of an agent's state, by hand, by the router, or by its sockets.
func (s *state) agentState(cmd *Command) (*record.Event, error) {
	user, ok := s.set.Users[cmd.Agent]
	if !ok {
		return nil, refuse("not_found", "There is no such agent.")
	}
	if cmd.By.Kind != "system" && cmd.By.ID != cmd.Agent && !cmd.Supervisor {
		return nil, refuse("not_yours", "Only %s or a supervisor can change this state.", user.Name)
	}
	old := s.agent(cmd.Agent)
	if cmd.Version != 0 && cmd.Version != old.Version {
		return nil, refuse("conflict", "The agent's state has changed meanwhile.")
	}
	c := &change{s, &record.Event{Kind: record.EvAgent, By: cmd.By, Reason: cmd.Why}}
	a := c.of(cmd.Agent)
	// A socket that comes or goes changes no state: what was set by hand stays until the router's grace is over.
	if cmd.Action == Lost {
		switch {
		case cmd.On && old.LostAt == 0 && old.Version > 0, !cmd.On && old.LostAt != 0:
			return nil, errNothing
		case cmd.On:
			a.LostAt = 0
		default:
			a.LostAt = s.now
		}
		return c.e, nil
	}
	switch cmd.State {
	case record.Offline, record.Available, record.Busy, record.Break, record.WrapUp, record.NotResponding:
	default:
		return nil, invalid("state", "There is no such state.")
	}
	if len(cmd.Reason) > 200 {
		return nil, invalid("reason", "The reason is too long.")
	}
	if cmd.State != record.Break {
		cmd.Reason = ""
	}
	if cmd.Channels != nil {
		var err error
		if a.Channels, err = cleanChannels(cmd.Channels); err != nil {
			return nil, err
		}
	}
	if by := cmd.By; by.Kind == "agent" && by.ID != cmd.Agent {
		c.was(&old, "state", "reason", "channels", "wrap_up_until")
	}
	if cmd.State == record.WrapUp && cmd.Until != 0 {
		return c.e, s.extend(a, cmd.Until)
	}
	if old.State == cmd.State && old.Reason == cmd.Reason && slices.Equal(old.Channels, a.Channels) {
		return nil, errNothing
	}
	if old.State != cmd.State {
		a.Since, a.StateBy = s.now, ""
		if cmd.By.Kind == "agent" && cmd.By.ID != cmd.Agent {
			a.StateBy = cmd.By.ID
		}
		a.WrapUpUntil, a.WrapUp = 0, ""
		switch offline := old.State == record.Offline || old.State == ""; {
		case cmd.State == record.Offline:
			a.OnlineAt = 0
		case offline:
			a.OnlineAt = s.now
		}
	}
	if cmd.State == record.Available && old.State == record.Offline {
		a.IdleSince = s.now
	}
	a.State, a.Reason = cmd.State, cmd.Reason
	return c.e, nil
}

// wrapUpMost is how long a wrap-up may be made, in seconds, unless the setting says otherwise.
const wrapUpMost = 600

// extend lets a wrap-up end later, up to the most that is allowed since its beginning.
func (s *state) extend(a *record.Agent, until record.Millis) error {
	if a.State != record.WrapUp {
		return refuse("conflict", "There is no wrap-up to extend.")
	}
	most := s.set.Routing.WrapUpMost
	if most == 0 {
		most = wrapUpMost
	}
	until = min(until, a.Since+record.Millis(most)*1000)
	if until <= max(a.WrapUpUntil, s.now) {
		return invalid("until", "The wrap-up cannot be made longer than it is.")
	}
	a.WrapUpUntil = until
	return nil
}

// cleanChannels are the kinds of channels that an agent takes, each once; none: all.
func cleanChannels(list []string) (out []string, _ error) {
	if len(list) > 30 {
		return nil, invalid("channels", "At most 30 channels.")
	}
	for _, kind := range list {
		if kind = cleanLine(kind, 32); kind != "" && !slices.Contains(out, kind) {
			out = append(out, kind)
		}
	}
	slices.Sort(out)
	return out, nil
}
