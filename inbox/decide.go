package inbox

import (
	"errors"
	"maps"
	"slices"

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

// reopenWindow is how long after its end a conversation of the account goes on with the next message.
func (s *state) reopenWindow(account string) record.Millis {
	return record.Millis(s.set.reopenHours(account)) * 3600_000
}

// attempt is a command with what its actor may do to the conversation.
type attempt struct {
	*state
	*Command
	system  bool
	mine    bool // may steer what somebody has
	free    bool // nobody has it
	takable bool // and the actor may take it
}

func (s *state) attempt(cmd *Command) *attempt {
	conv, who := &s.conv, cmd.By.ID
	a := &attempt{state: s, Command: cmd, system: cmd.By.Kind == "system"}
	a.mine = a.system || cmd.Supervisor || conv.Owner == who && conv.Status != record.Waiting && conv.Status != record.Offered
	a.free = conv.Status == record.Waiting || conv.Status == record.Offered && (conv.OfferedTo == who || cmd.Supervisor) || conv.Status == record.Resolved
	a.takable = a.free && (cmd.Supervisor || s.set.Member(conv.Queue, who) || conv.OfferedTo == who || conv.Owner == who)
	return a
}

// command decides what a Command does: an event, a *Refusal, or errNothing.
func (s *state) command(cmd *Command) (*record.Event, error) {
	if cmd.Action == SetState || cmd.Action == Lost {
		return s.agentState(cmd)
	}
	if s.conv.ID == "" {
		return nil, refuse("not_found", "There is no such conversation.")
	}
	if cmd.Version != 0 && cmd.Version != s.conv.Version {
		return nil, s.conflict("The conversation has changed meanwhile.")
	}
	a := s.attempt(cmd)
	switch cmd.Action {
	case Reply:
		return a.reply()
	case Note:
		return a.note()
	case Accept, Claim:
		return a.take()
	case Decline:
		return a.decline()
	case Assign:
		return a.assign()
	case Transfer:
		return a.transfer()
	case Snooze:
		return a.snooze()
	case Wake:
		return a.wake()
	case Resolve:
		return a.resolve()
	case Reopen:
		return a.reopen()
	case Tag, Priority, Read:
		return a.adjust()
	}
	if a.system {
		return s.routed(cmd)
	}
	return nil, invalid("action", "There is no such action.")
}

func (a *attempt) take() (*record.Event, error) {
	conv, who := &a.conv, a.By.ID
	if conv.Status == record.Active && conv.Owner == who {
		return nil, errNothing
	}
	if a.Action == Accept && !(conv.Status == record.Offered && conv.OfferedTo == who) {
		return nil, a.conflict("This offer is over.")
	}
	if !a.free && !(conv.Status == record.Active && a.Supervisor) {
		return nil, a.conflict("Somebody else has this conversation already.")
	}
	if !a.takable && !a.Supervisor {
		return nil, a.notYours(a.Command)
	}
	c := a.change(record.EvAccepted, a.By)
	if conv.Status == record.Resolved {
		c.e.Conversation.FirstResponseAt = 0
	}
	return c.e, c.own(who)
}

func (a *attempt) decline() (*record.Event, error) {
	who := a.By.ID
	if a.conv.Status != record.Offered || a.conv.OfferedTo != who {
		return nil, a.conflict("This offer is over.")
	}
	c := a.change(record.EvDeclined, a.By)
	c.queue(a.now)
	h := c.e.Conversation
	h.Declined, h.DeclinedAt = append(h.Declined, who), a.now
	if h.Prefer == who {
		h.Prefer = ""
	}
	return c.e, nil
}

func (a *attempt) assign() (*record.Event, error) {
	if !a.mine && !a.takable {
		return nil, a.notYours(a.Command)
	}
	if a.conv.Status == record.Active && a.conv.Owner == a.Agent {
		return nil, errNothing
	}
	c := a.change(record.EvAssigned, a.By)
	return c.e, c.own(a.Agent)
}

func (a *attempt) transfer() (*record.Event, error) {
	if !a.mine && !a.takable {
		return nil, a.notYours(a.Command)
	}
	c := a.change(record.EvTransfer, a.By)
	h := c.e.Conversation
	since := h.WaitingSince
	if since == 0 {
		since = h.Unanswered
	}
	if since == 0 {
		since = a.now
	}
	h.Declined, h.DeclinedAt, h.Prefer = nil, 0, ""
	switch {
	case a.Queue != "":
		q, ok := a.set.Queues[a.Queue]
		if !ok || q.Archived {
			return nil, invalid("queue", "There is no such queue.")
		}
		h.Queue = a.Queue
	case a.Agent != "":
		if u, ok := a.set.Users[a.Agent]; !ok || u.Disabled {
			return nil, invalid("agent", "There is no such agent.")
		}
		h.Prefer = a.Agent
	default:
		return nil, invalid("queue", "Say where to: a queue or an agent.")
	}
	h.WaitingSince = 0
	c.queue(since)
	return c.e, nil
}

func (a *attempt) snooze() (*record.Event, error) {
	if !a.mine && !a.takable {
		return nil, a.notYours(a.Command)
	}
	if a.Until <= a.now {
		return nil, invalid("until", "Choose a time to come.")
	}
	c := a.change(record.EvSnoozed, a.By)
	c.letGo()
	h := c.e.Conversation
	if h.Owner == "" {
		h.Owner = a.By.ID
	}
	h.Status, h.SnoozedUntil, h.WaitingSince = record.Snoozed, a.Until, 0
	h.ResolvedAt, h.ReopenUntil = 0, 0
	return c.e, nil
}

func (a *attempt) wake() (*record.Event, error) {
	if a.conv.Status != record.Snoozed {
		return nil, errNothing
	}
	if !a.mine {
		return nil, a.notYours(a.Command)
	}
	c := a.change(record.EvWoken, a.By)
	c.e.Conversation.Prefer = a.conv.Owner
	c.queue(a.now)
	return c.e, nil
}

func (a *attempt) resolve() (*record.Event, error) {
	if a.conv.Status == record.Resolved {
		return nil, errNothing
	}
	if !a.mine && !a.takable {
		return nil, a.notYours(a.Command)
	}
	c := a.change(record.EvResolved, a.By)
	c.letGo()
	h := c.e.Conversation
	if h.Owner == "" && !a.system {
		h.Owner = a.By.ID
	}
	if g := a.agent(h.Owner); h.Owner != "" && g.State == record.Available && a.set.Queues[h.Queue].WrapUpSecs > 0 && g.Held[h.ID] > 0 {
		w := c.of(h.Owner)
		w.State, w.Since = record.WrapUp, a.now
		w.WrapUpUntil = a.now + record.Millis(a.set.Queues[h.Queue].WrapUpSecs*1000)
	}
	h.Status, h.ResolvedAt, h.Unread, h.Unanswered = record.Resolved, a.now, 0, 0
	h.WaitingSince, h.SnoozedUntil, h.Prefer, h.Declined, h.DeclinedAt = 0, 0, "", nil, 0
	h.ReopenUntil = a.now + a.reopenWindow(h.Account)
	return c.e, nil
}

func (a *attempt) reopen() (*record.Event, error) {
	if a.conv.Status != record.Resolved {
		return nil, errNothing
	}
	if !a.mine && !a.takable {
		return nil, a.notYours(a.Command)
	}
	c := a.change(record.EvReopened, a.By)
	c.e.Conversation.FirstResponseAt = 0
	if g := a.agent(a.By.ID); !a.system && g.Used()+a.conv.Units <= a.set.Users[a.By.ID].Capacity {
		return c.e, c.own(a.By.ID)
	}
	c.e.Conversation.Prefer = a.conv.Owner
	c.queue(a.now)
	return c.e, nil
}

// adjust changes what stands beside the conversation's status.
func (a *attempt) adjust() (*record.Event, error) {
	c := a.change(record.EvChanged, a.By)
	h := c.e.Conversation
	switch a.Action {
	case Tag:
		tags, err := cleanTags(a.Tags)
		if err != nil {
			return nil, err
		}
		if slices.Equal(tags, a.conv.Tags) {
			return nil, errNothing
		}
		h.Tags = tags
	case Priority:
		if a.Command.Priority < 0 || a.Command.Priority > 7*24*60 {
			return nil, invalid("priority", "Priority is in minutes, from 0 to a week.")
		}
		if a.conv.Priority == a.Command.Priority {
			return nil, errNothing
		}
		h.Priority = a.Command.Priority
	case Read:
		if a.conv.Owner != a.By.ID || a.conv.Unread == 0 {
			return nil, errNothing // a look by somebody else does not make it read
		}
		h.Unread = 0
	}
	return c.e, nil
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
