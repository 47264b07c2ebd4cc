package inbox

import (
	"cmp"
	"slices"
	"time"

	"tamas/inbox/record"
)

// steer is change for what somebody may do with a conversation that another has, or had when it was resolved. Then its event says how
// things were.
func (a *attempt) steer(kind string, fields ...string) *change {
	c := a.change(kind, a.By)
	if other := cmp.Or(a.conv.OfferedTo, a.conv.Owner); other != "" && other != a.By.ID {
		c.was(&a.conv, append(fields, "status", "owner", "offered_to")...)
	}
	return c
}

func (a *attempt) assign() (*record.Event, error) {
	if !a.mine && !a.takable {
		return nil, a.notYours(a.Command)
	}
	if a.conv.Status == record.Active && a.conv.Owner == a.Agent {
		return nil, errNothing
	}
	c := a.change(record.EvAssigned, a.By)
	if a.conv.Owner != a.By.ID {
		c.was(&a.conv, "status", "owner", "offered_to")
	}
	return c.e, c.own(a.Agent)
}

// transferHold is how long a transferred conversation waits for the one chosen, who is at the desk; longer where its queue says so.
const transferHold = 2 * time.Minute

// transfer hands on to a queue, or to an agent through the queue. Who gives it away is not asked in the round that begins.
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
	h.Declined, h.DeclinedAt, h.Hops = nil, 0, nil
	if giver := a.conv.Owner; giver != "" && giver != a.Agent {
		h.Declined, h.DeclinedAt = []string{giver}, a.now
	}
	c.unprefer()
	if a.conv.Owner != a.By.ID {
		c.was(&a.conv, "status", "owner", "offered_to", "queue", "prefer")
	}
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
		hold := max(transferHold, time.Duration(a.set.Queues[h.Queue].Routing.StickySecs)*time.Second)
		h.Prefer, h.StickyUntil = a.Agent, a.now+record.Millis(hold.Milliseconds())
	default:
		return nil, invalid("queue", "Say where to: a queue or an agent.")
	}
	h.WaitingSince = 0
	c.queue(since)
	h.QueuedAt = a.now
	return c.e, nil
}

// adjust changes what stands beside the conversation's status. Tags are everybody's; priority and skills, which steer, are for who has it or
// could take it, and for supervisors.
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
		if !a.mine && !a.takable {
			return nil, a.notYours(a.Command)
		}
		if a.Command.Priority < 0 || a.Command.Priority > 7*24*60 {
			return nil, invalid("priority", "Priority is in minutes, from 0 to a week.")
		}
		if a.conv.Priority == a.Command.Priority {
			return nil, errNothing
		}
		c.was(&a.conv, "priority")
		h.Priority = a.Command.Priority
	case Skills:
		if !a.mine && !a.takable {
			return nil, a.notYours(a.Command)
		}
		needs, err := cleanNeeds(a.Needs)
		if err != nil {
			return nil, err
		}
		if slices.Equal(needs, a.conv.Needs) {
			return nil, errNothing
		}
		c.was(&a.conv, "needs")
		h.Needs = needs
	case Read:
		if a.conv.Owner != a.By.ID || a.conv.Unread == 0 {
			return nil, errNothing // a look by somebody else does not make it read
		}
		h.Unread = 0
	}
	return c.e, nil
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

const (
	mostNeeds = 20
	mostDrop  = 24 * 3600 // seconds
)

func cleanNeeds(needs []record.Need) (out []record.Need, _ error) {
	if len(needs) > mostNeeds {
		return nil, invalid("needs", "At most %d skills.", mostNeeds)
	}
	for _, n := range needs {
		if n.Skill = cleanLine(n.Skill, 64); n.Skill == "" {
			return nil, invalid("needs", "A skill needs its name.")
		}
		if n.Level < 0 || n.Level > 5 {
			return nil, invalid("needs", "A level is from 1 to 5.")
		}
		if n.DropAfter < 0 || n.DropAfter > mostDrop {
			return nil, invalid("needs", "A skill is dropped within a day, or never.")
		}
		if slices.ContainsFunc(out, func(o record.Need) bool { return o.Skill == n.Skill }) {
			return nil, invalid("needs", "“%s” stands there twice.", n.Skill)
		}
		out = append(out, n)
	}
	return out, nil
}

// barge lets a supervisor take part beside the owner, or leave again.
func (a *attempt) barge() (*record.Event, error) {
	who := a.By.ID
	if !a.Supervisor {
		return nil, refuse("not_yours", "Only a supervisor can take part beside the owner.")
	}
	if a.On == slices.Contains(a.conv.Barged, who) {
		return nil, errNothing
	}
	if a.On && (a.conv.Status != record.Active || a.conv.Owner == who) {
		return nil, a.conflict("There is no owner beside whom you could take part.")
	}
	c := a.change(record.EvBarge, a.By)
	c.was(&a.conv, "barged")
	h := c.e.Conversation
	if h.Barged = slices.DeleteFunc(h.Barged, func(u string) bool { return u == who }); a.On {
		h.Barged = append(h.Barged, who)
	}
	return c.e, nil
}
