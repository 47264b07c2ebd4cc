package inbox

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"tamas/channels"
	"tamas/inbox/record"
)

// state is what a decision may look at. It is read, never changed.
type state struct {
	now   record.Millis
	conv  record.Conversation // zero when there is none yet
	agent func(id string) record.Agent
	set   *Settings
}

// errNothing says that what was asked for is so already.
var errNothing = errors.New("nothing to do")

// change collects the headers that an event will carry; each is bumped once.
type change struct {
	*state
	e *record.Event
}

func (s *state) change(kind string, by record.Actor) *change {
	e := &record.Event{Kind: kind, By: by}
	if s.conv.ID != "" {
		c := s.conv
		c.Version++
		c.Tags, c.Declined = slices.Clone(c.Tags), slices.Clone(c.Declined)
		e.Conversation = &c
	}
	return &change{s, e}
}

// of gives the agent's header to change.
func (c *change) of(id string) *record.Agent {
	for i := range c.e.Agents {
		if c.e.Agents[i].ID == id {
			return &c.e.Agents[i]
		}
	}
	a := c.agent(id)
	a.Version++
	a.Held = maps.Clone(a.Held)
	if a.Held == nil {
		a.Held = map[string]int{}
	}
	c.e.Agents = append(c.e.Agents, a)
	return &c.e.Agents[len(c.e.Agents)-1]
}

// letGo takes the conversation from whoever holds its units.
func (c *change) letGo() {
	conv := c.e.Conversation
	// By the conversation's word, not by what this node happens to know of the agent: the agent's header is part of the
	// commit then, and one that is out of date is refused.
	if id := c.holder(); id != "" {
		delete(c.of(id).Held, conv.ID)
	}
	conv.OfferedTo, conv.OfferUntil = "", 0
}

// holder is who holds the conversation's units before the change; "" when nobody does.
func (s *state) holder() string {
	switch s.conv.Status {
	case record.Offered:
		return s.conv.OfferedTo
	case record.Active:
		return s.conv.Owner
	}
	return ""
}

// give puts the units on the agent, who must have room for them.
func (c *change) give(id string) error {
	conv := c.e.Conversation
	user, ok := c.set.Users[id]
	if !ok || user.Disabled {
		return invalid("agent", "There is no such agent.")
	}
	a := c.of(id)
	if _, held := a.Held[conv.ID]; !held && a.Used()+conv.Units > user.Capacity {
		return refuse("over_capacity", "%s has no free capacity for this conversation.", user.Name)
	}
	a.Held[conv.ID] = conv.Units
	return nil
}

// own makes the agent the owner, active from now.
func (c *change) own(id string) error {
	if err := c.give(id); err != nil {
		return err
	}
	conv := c.e.Conversation
	if other := c.holder(); other != "" && other != id {
		delete(c.of(other).Held, conv.ID)
	}
	conv.Owner, conv.Status = id, record.Active
	conv.OfferedTo, conv.OfferUntil, conv.Prefer, conv.Declined, conv.DeclinedAt = "", 0, "", nil, 0
	conv.SnoozedUntil, conv.ResolvedAt, conv.ReopenUntil = 0, 0, 0
	conv.AssignedAt = c.now
	c.of(id).IdleSince = c.now
	return nil
}

// queue puts the conversation back in line. since is its age: WaitingSince is kept where there is one.
func (c *change) queue(since record.Millis) {
	c.letGo()
	conv := c.e.Conversation
	conv.Status, conv.Owner = record.Waiting, ""
	conv.SnoozedUntil, conv.ResolvedAt, conv.ReopenUntil = 0, 0, 0
	if conv.WaitingSince == 0 {
		conv.WaitingSince = since
	}
}

// receive decides what an inbound message does. previous is the conversation before, when none is live.
func (s *state) receive(in *channels.Inbound, acct record.Account, id record.Identity, units int, previous string) *record.Event {
	c := s.change(record.EvReceived, record.Actor{Kind: "customer", ID: id.ID})
	conv := c.e.Conversation
	at := record.At(in.At)
	if conv == nil {
		conv = &record.Conversation{Version: 1, Identity: id.ID, Account: acct.ID, Channel: acct.Kind, Thread: in.Thread,
			Queue: acct.Queue, Status: record.Waiting, Units: units, CreatedAt: s.now, WaitingSince: s.now, Previous: previous,
			Priority: s.set.Queues[acct.Queue].Priority}
		c.e.Conversation = conv
	}
	conv.Unread++
	conv.LastMessageAt, conv.LastInboundAt = s.now, s.now
	if !in.AutoReply {
		if conv.Unanswered == 0 {
			conv.Unanswered = s.now
		}
		switch conv.Status {
		case record.Snoozed, record.Resolved:
			if conv.Status == record.Resolved {
				conv.FirstResponseAt = 0
			}
			conv.Prefer, conv.WaitingSince = conv.Owner, 0
			c.queue(s.now)
		}
	}
	c.e.Identity = &id
	c.e.Touch = &record.Touch{Kind: record.KindMessage, Conversation: conv.ID, Identity: id.ID, Account: acct.ID, Channel: acct.Kind,
		Inbound: true, Author: c.e.By, At: at, State: record.StateReceived, Rev: 1, Key: in.Key, ProviderID: in.ProviderID,
		AutoReply: in.AutoReply, Unreadable: in.Unreadable,
		Body: &record.Body{Subject: in.Subject, Text: in.Text, HTML: in.HTML, Raw: in.Raw}}
	return c.e
}

// command decides what a Command does: an event, a *Refusal, or errNothing.
func (s *state) command(cmd *Command) (*record.Event, error) {
	if cmd.Action == SetState || cmd.Action == Lost {
		return s.agentState(cmd)
	}
	conv := &s.conv
	if conv.ID == "" {
		return nil, refuse("not_found", "There is no such conversation.")
	}
	if cmd.Version != 0 && cmd.Version != conv.Version {
		return nil, s.conflict("The conversation has changed meanwhile.")
	}
	who := cmd.By.ID
	system := cmd.By.Kind == "system"
	// Whether the actor may steer what somebody has.
	mine := system || cmd.Supervisor || conv.Owner == who && conv.Status != record.Waiting && conv.Status != record.Offered
	// Whether the actor may take what nobody has.
	free := conv.Status == record.Waiting || conv.Status == record.Offered && (conv.OfferedTo == who || cmd.Supervisor) || conv.Status == record.Resolved
	takable := free && (cmd.Supervisor || s.set.Member(conv.Queue, who) || conv.OfferedTo == who || conv.Owner == who)

	switch cmd.Action {
	case Reply:
		if strings.TrimSpace(cmd.Text) == "" {
			return nil, invalid("text", "Write something first.")
		}
		c := s.change(record.EvQueued, cmd.By)
		if !(conv.Status == record.Active && conv.Owner == who) {
			taking := takable || conv.Status == record.Snoozed && mine || conv.Status == record.Active && cmd.Supervisor
			if !taking {
				return nil, s.notYours(cmd)
			}
			if !(conv.Status == record.Active && cmd.Supervisor) { // a supervisor may answer beside the owner
				if err := c.own(who); err != nil {
					return nil, err
				}
			}
		}
		h := c.e.Conversation
		h.LastMessageAt, h.Unread, h.Unanswered, h.WaitingSince = s.now, 0, 0, 0
		if h.FirstResponseAt == 0 {
			h.FirstResponseAt = s.now
		}
		c.e.Touch = s.touch(cmd, record.KindMessage, record.StateQueued)
		return c.e, nil

	case Note:
		if strings.TrimSpace(cmd.Text) == "" {
			return nil, invalid("text", "Write something first.")
		}
		c := s.change(record.EvNoted, cmd.By)
		c.e.Touch = s.touch(cmd, record.KindNote, record.StateReceived)
		return c.e, nil

	case Accept, Claim:
		if conv.Status == record.Active && conv.Owner == who {
			return nil, errNothing
		}
		if cmd.Action == Accept && !(conv.Status == record.Offered && conv.OfferedTo == who) {
			return nil, s.conflict("This offer is over.")
		}
		if !free && !(conv.Status == record.Active && cmd.Supervisor) {
			return nil, s.conflict("Somebody else has this conversation already.")
		}
		if !takable && !cmd.Supervisor {
			return nil, s.notYours(cmd)
		}
		c := s.change(record.EvAccepted, cmd.By)
		if conv.Status == record.Resolved {
			c.e.Conversation.FirstResponseAt = 0
		}
		return c.e, c.own(who)

	case Decline:
		if conv.Status != record.Offered || conv.OfferedTo != who {
			return nil, s.conflict("This offer is over.")
		}
		c := s.change(record.EvDeclined, cmd.By)
		c.queue(s.now)
		c.e.Conversation.Declined, c.e.Conversation.DeclinedAt = append(c.e.Conversation.Declined, who), s.now
		if c.e.Conversation.Prefer == who {
			c.e.Conversation.Prefer = ""
		}
		return c.e, nil

	case Assign:
		if !mine && !takable {
			return nil, s.notYours(cmd)
		}
		if conv.Status == record.Active && conv.Owner == cmd.Agent {
			return nil, errNothing
		}
		c := s.change(record.EvAssigned, cmd.By)
		return c.e, c.own(cmd.Agent)

	case Transfer:
		if !mine && !takable {
			return nil, s.notYours(cmd)
		}
		c := s.change(record.EvTransfer, cmd.By)
		h := c.e.Conversation
		since := h.WaitingSince
		if since == 0 {
			since = h.Unanswered
		}
		if since == 0 {
			since = s.now
		}
		h.Declined, h.DeclinedAt, h.Prefer = nil, 0, ""
		switch {
		case cmd.Queue != "":
			q, ok := s.set.Queues[cmd.Queue]
			if !ok || q.Archived {
				return nil, invalid("queue", "There is no such queue.")
			}
			h.Queue = cmd.Queue
		case cmd.Agent != "":
			if u, ok := s.set.Users[cmd.Agent]; !ok || u.Disabled {
				return nil, invalid("agent", "There is no such agent.")
			}
			h.Prefer = cmd.Agent
		default:
			return nil, invalid("queue", "Say where to: a queue or an agent.")
		}
		h.WaitingSince = 0
		c.queue(since)
		return c.e, nil

	case Snooze:
		if !mine && !takable {
			return nil, s.notYours(cmd)
		}
		if cmd.Until <= s.now {
			return nil, invalid("until", "Choose a time to come.")
		}
		c := s.change(record.EvSnoozed, cmd.By)
		c.letGo()
		h := c.e.Conversation
		if h.Owner == "" {
			h.Owner = who
		}
		h.Status, h.SnoozedUntil, h.WaitingSince = record.Snoozed, cmd.Until, 0
		h.ResolvedAt, h.ReopenUntil = 0, 0
		return c.e, nil

	case Wake:
		if conv.Status != record.Snoozed {
			return nil, errNothing
		}
		if !mine {
			return nil, s.notYours(cmd)
		}
		c := s.change(record.EvWoken, cmd.By)
		c.e.Conversation.Prefer = conv.Owner
		c.queue(s.now)
		return c.e, nil

	case Resolve:
		if conv.Status == record.Resolved {
			return nil, errNothing
		}
		if !mine && !takable {
			return nil, s.notYours(cmd)
		}
		c := s.change(record.EvResolved, cmd.By)
		c.letGo()
		h := c.e.Conversation
		if h.Owner == "" && !system {
			h.Owner = who
		}
		if a := s.agent(h.Owner); h.Owner != "" && a.State == record.Available && s.set.Queues[h.Queue].WrapUpSecs > 0 && a.Held[h.ID] > 0 {
			w := c.of(h.Owner)
			w.State, w.Since = record.WrapUp, s.now
			w.WrapUpUntil = s.now + record.Millis(s.set.Queues[h.Queue].WrapUpSecs*1000)
		}
		h.Status, h.ResolvedAt, h.Unread, h.Unanswered = record.Resolved, s.now, 0, 0
		h.WaitingSince, h.SnoozedUntil, h.Prefer, h.Declined, h.DeclinedAt = 0, 0, "", nil, 0
		h.ReopenUntil = s.now + record.Millis(s.set.reopenHours(h.Account)*3600_000)
		return c.e, nil

	case Reopen:
		if conv.Status != record.Resolved {
			return nil, errNothing
		}
		if !mine && !takable {
			return nil, s.notYours(cmd)
		}
		c := s.change(record.EvReopened, cmd.By)
		c.e.Conversation.FirstResponseAt = 0
		if a := s.agent(who); !system && a.Used()+conv.Units <= s.set.Users[who].Capacity {
			return c.e, c.own(who)
		}
		c.e.Conversation.Prefer = conv.Owner
		c.queue(s.now)
		return c.e, nil

	case Tag, Priority, Read:
		c := s.change(record.EvChanged, cmd.By)
		h := c.e.Conversation
		switch cmd.Action {
		case Tag:
			tags, err := cleanTags(cmd.Tags)
			if err != nil {
				return nil, err
			}
			if slices.Equal(tags, conv.Tags) {
				return nil, errNothing
			}
			h.Tags = tags
		case Priority:
			if cmd.Priority < 0 || cmd.Priority > 7*24*60 {
				return nil, invalid("priority", "Priority is in minutes, from 0 to a week.")
			}
			if conv.Priority == cmd.Priority {
				return nil, errNothing
			}
			h.Priority = cmd.Priority
		case Read:
			if conv.Owner != who || conv.Unread == 0 {
				return nil, errNothing // a look by somebody else does not make it read
			}
			h.Unread = 0
		}
		return c.e, nil
	}
	if system {
		return s.routed(cmd)
	}
	return nil, invalid("action", "There is no such action.")
}

// routed decides the router's and the timers' commands.
func (s *state) routed(cmd *Command) (*record.Event, error) {
	conv := &s.conv
	kinds := map[string]string{Offer: record.EvOffered, Push: record.EvAssigned, TimeOut: record.EvTimedOut, Requeue: record.EvRequeued, Close: record.EvClosed}
	kind, ok := kinds[cmd.Action]
	if !ok {
		return nil, invalid("action", "There is no such action.")
	}
	c := s.change(kind, cmd.By)
	c.e.Reason = cmd.Why
	h := c.e.Conversation
	switch cmd.Action {
	case Offer, Push:
		if conv.Status != record.Waiting {
			return nil, s.conflict("It does not wait any more.")
		}
		if a := s.agent(cmd.Agent); a.State != record.Available {
			return nil, s.conflict("The agent is not available any more.")
		}
		if cmd.Action == Push {
			return c.e, c.own(cmd.Agent)
		}
		if err := c.give(cmd.Agent); err != nil {
			return nil, err
		}
		h.Status, h.OfferedTo, h.OfferUntil = record.Offered, cmd.Agent, cmd.Until
	case TimeOut:
		if conv.Status != record.Offered {
			return nil, s.conflict("It is not offered any more.")
		}
		agent := conv.OfferedTo
		c.queue(s.now)
		h.Declined, h.DeclinedAt = append(h.Declined, agent), s.now
		if h.Prefer == agent {
			h.Prefer = ""
		}
		if a := c.of(agent); a.State == record.Available && a.LostAt == 0 {
			a.State, a.Since = record.NotResponding, s.now
		}
	case Requeue:
		if conv.Status == record.Waiting && len(conv.Declined) == 0 || conv.Status == record.Resolved || conv.Status == record.Snoozed {
			return nil, s.conflict("There is nothing to put back.")
		}
		if conv.Status == record.Active {
			h.Prefer = conv.Owner
			h.WaitingSince = conv.Unanswered
		}
		if conv.Status != record.Offered { // an offer that is pulled back does not end the round
			h.Declined, h.DeclinedAt = nil, 0
		}
		c.queue(s.now)
	case Close:
		if conv.Status != record.Resolved || conv.ReopenUntil > s.now {
			return nil, s.conflict("It is not over yet.")
		}
	}
	return c.e, nil
}

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

// touch makes a message to the customer or a note.
func (s *state) touch(cmd *Command, kind, sendState string) *record.Touch {
	return &record.Touch{Kind: kind, Conversation: s.conv.ID, Identity: s.conv.Identity, Account: s.conv.Account, Channel: s.conv.Channel,
		Author: cmd.By, At: s.now, State: sendState, Rev: 1, Key: cmd.Key, Body: &record.Body{Text: cmd.Text}}
}

func (s *state) conflict(message string) error {
	c := s.conv
	return &Refusal{Code: "conflict", Message: message, Current: &c}
}

func (s *state) notYours(cmd *Command) error {
	c := s.conv
	message := "This conversation is not yours."
	if c.Owner != "" && c.Owner != cmd.By.ID && c.Status != record.Waiting {
		message = "This conversation belongs to " + s.set.Users[c.Owner].Name + "."
	}
	return &Refusal{Code: "not_yours", Message: message, Current: &c}
}

func cleanTags(tags []string) ([]string, error) {
	if len(tags) > 30 {
		return nil, invalid("tags", "At most 30 tags.")
	}
	var out []string
	for _, t := range tags {
		t = cleanLine(t, 64)
		if t != "" && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	slices.Sort(out)
	return out, nil
}
