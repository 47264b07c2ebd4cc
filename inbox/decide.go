package inbox

import (
	"encoding/json"
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
	other func(id string) (record.Conversation, bool)
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
		// What c points to is the mirror's: it is replaced, never written.
		c.Tags, c.Declined = slices.Clone(c.Tags), slices.Clone(c.Declined)
		c.Hops, c.ToldText, c.Barged = slices.Clone(c.Hops), slices.Clone(c.ToldText), slices.Clone(c.Barged)
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
		a := c.of(id)
		delete(a.Held, conv.ID)
		if c.conv.Status == record.Active {
			a.IdleSince = c.now
		}
	}
	conv.OfferedTo, conv.OfferUntil, conv.Released = "", 0, false
}

// holder is whose the conversation's units are before the change, also while they are released; "" when nobody's.
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
	if _, held := a.Held[conv.ID]; !held {
		if !c.fits(conv.Units, a, &user) {
			return refuse("over_capacity", "%s has no free capacity for this conversation.", user.Name)
		}
		a.Held[conv.ID] = weight(conv.Units, &user)
	}
	conv.Released = false
	if c.e.By.ID != id {
		a.TurnAt = c.now
	}
	return nil
}

// fits tells whether the agent has room for so many units more. One that takes all leaves none, also when the capacity has grown since.
func (s *state) fits(units int, a *record.Agent, user *record.User) bool {
	if units == record.AllUnits {
		return len(a.Held) == 0 && user.Capacity > 0
	}
	for id := range a.Held {
		if c, ok := s.other(id); ok && c.Units == record.AllUnits {
			return false
		}
	}
	return a.Used()+units <= user.Capacity
}

// weight is what units take of this agent.
func weight(units int, user *record.User) int {
	if units == record.AllUnits {
		return max(1, user.Capacity)
	}
	return units
}

// takeBack puts the units of a conversation that was released on its owner again, also beyond the capacity: who is there is served.
func (c *change) takeBack() {
	conv := c.e.Conversation
	user := c.set.Users[conv.Owner]
	c.of(conv.Owner).Held[conv.ID] = weight(conv.Units, &user)
	conv.Released = false
}

// own makes the agent the owner, active from now.
func (c *change) own(id string) error {
	if err := c.give(id); err != nil {
		return err
	}
	conv := c.e.Conversation
	if other := c.holder(); other != "" && other != id {
		a := c.of(other)
		delete(a.Held, conv.ID)
		a.IdleSince = c.now
	}
	if conv.Owner != id {
		c.part()
		conv.Barged = slices.DeleteFunc(slices.Clone(c.conv.Barged), func(u string) bool { return u == id })
	}
	conv.Owner, conv.Status = id, record.Active
	conv.OfferedTo, conv.OfferUntil, conv.Prefer, conv.Declined, conv.DeclinedAt = "", 0, "", nil, 0
	conv.StickyUntil, conv.Hops = 0, nil
	conv.SnoozedUntil, conv.ResolvedAt, conv.ReopenUntil = 0, 0, 0
	conv.AssignedAt = c.now
	c.of(id).IdleSince = c.now
	return nil
}

// queue puts the conversation back in line. since is its age: WaitingSince is kept where there is one.
func (c *change) queue(since record.Millis) {
	c.letGo()
	c.part()
	conv, before := c.e.Conversation, &c.conv
	if before.Status != record.Waiting && before.Status != record.Offered || before.Queue != conv.Queue {
		conv.QueuedAt = c.now
	}
	if before.WaitingSince == 0 { // another wait
		conv.Told, conv.ToldText = nil, nil
	}
	conv.Status, conv.Owner = record.Waiting, ""
	conv.SnoozedUntil, conv.ResolvedAt, conv.ReopenUntil = 0, 0, 0
	if conv.WaitingSince == 0 {
		conv.WaitingSince = since
	}
}

// queueBack puts it in line for who had it, who is waited for as long as the queue says.
func (c *change) queueBack(since record.Millis) {
	conv := c.e.Conversation
	conv.Prefer, conv.StickyUntil = conv.Owner, 0
	if secs := c.set.Queues[conv.Queue].Routing.StickySecs; secs > 0 && conv.Owner != "" {
		conv.StickyUntil = c.now + record.Millis(secs)*1000
	}
	c.queue(since)
}

// unprefer forgets whom it was to be asked first.
func (c *change) unprefer() {
	c.e.Conversation.Prefer, c.e.Conversation.StickyUntil = "", 0
}

// part ends what others do beside an owner who has it no more.
func (c *change) part() {
	conv := c.e.Conversation
	conv.Consult, conv.Review, conv.Barged = nil, nil, nil
}

// was keeps fields of the header as they were before a person's steering, for the audit.
func (c *change) was(before any, fields ...string) {
	if c.e.By.Kind != "agent" {
		return
	}
	var all map[string]json.RawMessage
	if text, err := json.Marshal(before); err != nil || json.Unmarshal(text, &all) != nil {
		return // plain structs: cannot be
	}
	if c.e.Was == nil {
		c.e.Was = map[string]json.RawMessage{}
	}
	for _, f := range fields {
		if c.e.Was[f] = all[f]; c.e.Was[f] == nil {
			c.e.Was[f] = json.RawMessage("null")
		}
	}
}

// serves tells whether the user may take the conversation from its queue: a member, or one of those who help out after so long a wait.
func (s *state) serves(user string) bool {
	q := s.set.Queues[s.conv.Queue]
	return slices.Contains(q.Members, user) || slices.ContainsFunc(q.Routing.Secondary, func(x record.Secondary) bool {
		return s.conv.WaitingSince > 0 && s.now-s.conv.WaitingSince >= record.Millis(x.After)*1000 && slices.Contains(x.Members, user)
	})
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
	a.takable = a.free && (cmd.Supervisor || s.serves(who) || conv.OfferedTo == who || conv.Owner == who)
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
	case Tag, Priority, Read, Skills:
		return a.adjust()
	case Barge:
		return a.barge()
	case Consult:
		return a.consult()
	case Join, Unasked, HandOver:
		return a.consulted()
	case Draft, Whisper:
		return a.remark()
	case Review:
		return a.review()
	case Verdict:
		return a.verdict()
	case Flag:
		return a.flag()
	case Answer:
		return a.answerFlag()
	case Seen:
		return a.seen()
	case Later:
		return a.later()
	case SetTier:
		return a.tier()
	}
	if a.system {
		return s.routed(cmd)
	}
	return nil, invalid("action", "There is no such action.")
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
