package inbox

import "tamas/inbox/record"

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
	if old.State == cmd.State && old.Reason == cmd.Reason {
		return nil, errNothing
	}
	if old.State != cmd.State {
		a.Since = s.now
	}
	if cmd.State == record.Available && old.State == record.Offline {
		a.IdleSince = s.now
	}
	a.State, a.Reason, a.WrapUpUntil = cmd.State, "", 0
	if cmd.State == record.Break {
		a.Reason = cmd.Reason
	}
	return c.e, nil
}
