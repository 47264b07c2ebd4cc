package inbox

import (
	"slices"
	"strings"

	"tamas/inbox/record"
)

// quietWindow is how long a conversation that woke nobody stays in the live state: long enough for the next message of the same
// batch, short enough that thousands of old mails do not fill it.
const quietWindow = 10_000 // ms

// sender is who a message is from, and where it comes in.
type sender struct {
	account  record.Account
	identity record.Identity
	units    int    // of a new conversation
	tier     string // of the customer, likewise
	previous string // the thread's conversation before, when none is live
}

// receive decides what an inbound message does.
func (s *state) receive(in *inbound, from sender) *record.Event {
	acct, id := from.account, from.identity
	c := s.change(record.EvReceived, record.Actor{Kind: "customer", ID: id.ID})
	at := record.At(in.At)
	if c.e.Conversation == nil {
		c.e.Conversation = &record.Conversation{Version: 1, Identity: id.ID, Account: acct.ID, Channel: acct.Kind, Thread: in.Thread,
			Queue: acct.Queue, Status: record.Waiting, Units: from.units, CreatedAt: s.now, WaitingSince: s.now, QueuedAt: s.now,
			Previous: from.previous, Priority: s.set.Queues[acct.Queue].Priority, Tier: from.tier}
		if in.quiet() {
			c.settle(in, at)
		}
	}
	if in.quiet() {
		c.heardQuietly(in, at)
	} else {
		c.heard()
	}
	c.e.Identity, c.e.Marks = &id, in.marks()
	c.e.Touch = in.touch(record.KindMessage, from)
	c.e.Touch.Conversation = c.e.Conversation.ID
	return c.e
}

// heard makes a conversation wait for its answer.
func (c *change) heard() {
	conv := c.e.Conversation
	conv.Unread++
	conv.LastMessageAt, conv.LastInboundAt = c.now, c.now
	if conv.Unanswered == 0 {
		conv.Unanswered = c.now
	}
	c.back()
	switch conv.Status {
	case record.Snoozed, record.Resolved:
		if conv.Status == record.Resolved {
			conv.FirstResponseAt, conv.Later = 0, ""
		}
		conv.WaitingSince = 0
		c.queueBack(c.now)
	case record.Active:
		if conv.Released {
			c.takeBack()
		}
	}
}

// settle makes of a new conversation one that is over: what begins it wakes nobody.
func (c *change) settle(in *inbound, at record.Millis) {
	conv := c.e.Conversation
	conv.Status, conv.WaitingSince, conv.QueuedAt, conv.ResolvedAt = record.Resolved, 0, 0, c.now
	conv.ReopenUntil = c.now + quietWindow
	switch {
	case in.Imported:
		conv.CreatedAt, conv.ResolvedAt = at, at
	case in.Spam == "" && in.unwanted == "": // an automatic answer may be followed by a person's
		conv.ReopenUntil = c.now + max(quietWindow, c.reopenWindow(conv.Account))
	}
	if in.Spam != "" {
		conv.Tags = []string{"spam"}
	}
}

// heardQuietly notes a message that leaves status and routing alone. What nobody wants, or is old, changes no order either.
func (c *change) heardQuietly(in *inbound, at record.Millis) {
	conv := c.e.Conversation
	switch {
	case in.Imported:
		conv.LastMessageAt, conv.LastInboundAt = max(conv.LastMessageAt, at), max(conv.LastInboundAt, at)
	case in.Spam != "" || in.unwanted != "":
		if conv.LastMessageAt == 0 {
			conv.LastMessageAt = c.now
		}
		conv.LastInboundAt = c.now
	default:
		conv.LastMessageAt, conv.LastInboundAt = c.now, c.now
		if conv.Open() {
			conv.Unread++
		}
	}
}

// changed decides an edit or a deletion by the customer of the message of. It never wakes a conversation nor moves it in a list.
func (s *state) changed(in *inbound, from sender, of *record.Touch) *record.Event {
	c := s.change(record.EvEdited, record.Actor{Kind: "customer", ID: from.identity.ID})
	kind := record.KindEdit
	if in.deletes() {
		kind = record.KindDeletion
	}
	if h := c.e.Conversation; h != nil && kind == record.KindEdit && h.Open() && !in.quiet() {
		h.Unread++
	}
	c.e.Identity, c.e.Marks = &from.identity, in.marks()
	c.e.Touch = in.touch(kind, from)
	c.e.Touch.Conversation, c.e.Touch.Of, c.e.Touch.ReplyTo = of.Conversation, of.ID, ""
	return c.e
}

// logged decides what is only noted: a rating of a conversation, a visit, a deletion of what is not known.
func (s *state) logged(in *inbound, from sender, kind, conversation string) *record.Event {
	e := &record.Event{Kind: record.EvLogged, By: record.Actor{Kind: "customer", ID: from.identity.ID}, Identity: &from.identity, Marks: in.marks()}
	e.Touch = in.touch(kind, from)
	e.Touch.Conversation = conversation
	return e
}

// answered decides what an account answers by itself. It takes the conversation from nobody and is no person's answer.
func (s *state) answered(text, key string, acct record.Account) *record.Event {
	c := s.change(record.EvQueued, record.Actor{Kind: "system", ID: "channel"})
	h := c.e.Conversation
	h.LastMessageAt = s.now
	c.e.Touch = &record.Touch{Kind: record.KindMessage, Conversation: h.ID, Identity: h.Identity, Account: acct.ID, Channel: acct.Kind,
		Author: c.e.By, At: s.now, State: record.StateQueued, Rev: 1, Key: key, Body: &record.Body{Text: text}}
	return c.e
}

func (a *attempt) reply() (*record.Event, error) {
	if a.empty() {
		return nil, invalid("text", "Write something first.")
	}
	conv, who := &a.conv, a.By.ID
	c := a.change(record.EvQueued, a.By)
	if !(conv.Status == record.Active && conv.Owner == who) {
		taking := a.takable || conv.Status == record.Snoozed && a.mine || conv.Status == record.Active && a.Supervisor
		if !taking {
			return nil, a.notYours(a.Command)
		}
		if !(conv.Status == record.Active && a.Supervisor) { // a supervisor may answer beside the owner
			if a.conv.Status != record.Resolved { // whoever answers what is over takes nothing from anybody
				c = a.steer(record.EvQueued)
			}
			if err := c.own(who); err != nil {
				return nil, err
			}
			if a.conv.Status == record.Resolved {
				c.e.Conversation.FirstResponseAt = 0
			}
		}
	}
	if a.Forward == "" { // what a third party gets is no answer
		c.answer()
	}
	c.e.Conversation.LastMessageAt = a.now
	c.e.Touch = a.touch(a.Command, record.KindMessage, record.StateQueued)
	return c.e, nil
}

// answer notes a person's answer in the header. What a person adds when nothing was asked, after a reopening, is no first response.
func (c *change) answer() {
	h := c.e.Conversation
	if h.FirstResponseAt == 0 && (h.Unanswered != 0 || h.Version == 1) {
		h.FirstResponseAt = c.now
	}
	h.LastMessageAt, h.Unread, h.Unanswered, h.WaitingSince = c.now, 0, 0, 0
}

func (a *attempt) note() (*record.Event, error) {
	if a.empty() {
		return nil, invalid("text", "Write something first.")
	}
	c := a.change(record.EvNoted, a.By)
	c.e.Touch = a.touch(a.Command, record.KindNote, record.StateReceived)
	return c.e, nil
}

// empty tells a message that carries nothing.
func (cmd *Command) empty() bool {
	return strings.TrimSpace(cmd.Text) == "" && len(cmd.Files) == 0 && cmd.Forward == ""
}

// start decides a conversation that By begins, with its first message, and owns.
func (s *state) start(cmd *Command, to sender, thread string) (*record.Event, error) {
	acct := to.account
	if !cmd.Supervisor && !s.set.Member(acct.Queue, cmd.By.ID) {
		return nil, refuse("not_yours", "Only who serves the account's queue can write from it.")
	}
	if cmd.empty() {
		return nil, invalid("text", "Write something first.")
	}
	c := s.change(record.EvQueued, cmd.By)
	c.e.Conversation = &record.Conversation{Version: 1, Identity: to.identity.ID, Account: acct.ID, Channel: acct.Kind, Thread: thread,
		Queue: acct.Queue, Status: record.Active, Units: to.units, CreatedAt: s.now, Previous: to.previous, Tier: to.tier,
		Priority: s.set.Queues[acct.Queue].Priority}
	if err := c.own(cmd.By.ID); err != nil {
		return nil, err
	}
	c.answer()
	c.e.Identity = &to.identity
	c.e.Touch = s.touch(cmd, record.KindMessage, record.StateQueued)
	c.e.Touch.Identity, c.e.Touch.Account, c.e.Touch.Channel = to.identity.ID, acct.ID, acct.Kind
	return c.e, nil
}

// touch makes a message to the customer or a note.
func (s *state) touch(cmd *Command, kind, sendState string) *record.Touch {
	return &record.Touch{Kind: kind, Conversation: s.conv.ID, Identity: s.conv.Identity, Account: s.conv.Account, Channel: s.conv.Channel,
		Author: cmd.By, At: s.now, State: sendState, Rev: 1, Key: cmd.Key, ReplyTo: cmd.ReplyTo,
		Body: &record.Body{Subject: cmd.Subject, Text: cmd.Text, Files: slices.Clone(cmd.Files), Envelope: cmd.Envelope, Forward: cmd.Forward, Masked: cmd.masked.Masked, Sealed: cmd.masked.Sealed}}
}
