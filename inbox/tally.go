package inbox

import (
	"cmp"
	"slices"
	"time"

	"tamas/inbox/record"
)

// Tally is the live state counted in one pass, as this node knows it.
type Tally struct {
	At       record.Millis
	Queues   map[string]QueueTally     // those in which something is
	Agents   map[string]record.Agent   // who ever worked
	Channels map[string]map[string]int // agent → kind of channel → conversations held, those that hold no units included
	Flags    []Asked                   // raised and not answered, oldest first, at most maxAsked
	Reviews  []Asked                   // second opinions that are awaited, likewise
}

// QueueTally is how a queue stands.
type QueueTally struct {
	Waiting      int // offered ones included
	Offered      int
	Left         int // of Waiting: their visitors have left the page
	Active       int
	Snoozed      int
	Broken       int           // open conversations with a promise that is broken and not met
	LongestSince record.Millis // since when the one waits who has waited longest, of those who have not left; 0: nobody waits
	Longest      string        // that conversation

	ImpossibleSince record.Millis // likewise, of those whom nobody who serves the queue could ever take
	Impossible      string
}

// Asked is an open question on a conversation.
type Asked struct {
	Conversation string
	Number       int64
	Queue        string
	Ask          record.Ask
}

const maxAsked = 200

// Tally counts.
func (h *Hub) Tally() Tally {
	t := Tally{At: h.Now(), Queues: map[string]QueueTally{}, Agents: map[string]record.Agent{}, Channels: map[string]map[string]int{}}
	queues := map[string]*QueueTally{}
	set := h.Settings()
	m := h.mirror
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, c := range m.convs {
		if c.Flag != nil { // stands until it is answered, also when the conversation is over
			t.Flags = append(t.Flags, Asked{c.ID, c.Number, c.Queue, *c.Flag})
		}
		if !c.Open() {
			continue
		}
		q := queues[c.Queue]
		if q == nil {
			q = &QueueTally{}
			queues[c.Queue] = q
		}
		t.add(q, c, set)
	}
	for id, q := range queues {
		t.Queues[id] = *q
	}
	for id, a := range m.agents {
		t.Agents[id] = *a
	}
	t.Flags, t.Reviews = oldest(t.Flags), oldest(t.Reviews)
	return t
}

func (t *Tally) add(q *QueueTally, c *record.Conversation, set *Settings) {
	switch c.Status {
	case record.Offered:
		q.Offered++
		t.hold(c.OfferedTo, c.Channel)
		fallthrough
	case record.Waiting:
		q.Waiting++
		if c.LeftAt != 0 {
			q.Left++
		} else if q.LongestSince == 0 || c.WaitingSince < q.LongestSince {
			q.LongestSince, q.Longest = c.WaitingSince, c.ID
		}
		if (q.ImpossibleSince == 0 || c.WaitingSince < q.ImpossibleSince) && c.Status == record.Waiting && set.impossible(c) {
			q.ImpossibleSince, q.Impossible = c.WaitingSince, c.ID
		}
	case record.Active:
		q.Active++
		t.hold(c.Owner, c.Channel)
	case record.Snoozed:
		q.Snoozed++
	}
	if broken(c, t.At) {
		q.Broken++
	}
	if c.Review != nil {
		t.Reviews = append(t.Reviews, Asked{c.ID, c.Number, c.Queue, *c.Review})
	}
}

func (t *Tally) hold(agent, channel string) {
	of := t.Channels[agent]
	if of == nil {
		of = map[string]int{}
		t.Channels[agent] = of
	}
	of[channel]++
}

// impossible tells a conversation that nobody who serves its queue could ever take: for want of a skill that is never dropped, or of
// capacity. A queue that nobody serves is another trouble.
func (s *Settings) impossible(c *record.Conversation) bool {
	q := s.Queues[c.Queue]
	somebody := false
	could := func(id string) bool {
		u, ok := s.Users[id]
		if !ok || u.Disabled {
			return false
		}
		somebody = true
		lacks := func(n record.Need) bool { return n.DropAfter == 0 && u.Skills[n.Skill] < max(1, n.Level) }
		return u.Capacity >= max(1, c.Units) && !slices.ContainsFunc(q.Routing.Needs, lacks) && !slices.ContainsFunc(c.Needs, lacks)
	}
	if slices.ContainsFunc(q.Members, could) || c.Prefer != "" && could(c.Prefer) {
		return false
	}
	for _, more := range q.Routing.Secondary {
		if slices.ContainsFunc(more.Members, could) {
			return false
		}
	}
	return somebody
}

// broken tells whether a promise to the customer is broken and not met yet, whether or not the event that says so has come.
func broken(c *record.Conversation, now record.Millis) bool {
	if c.SLA == nil {
		return false
	}
	return slices.ContainsFunc(c.SLA.Clocks, func(k record.Clock) bool {
		return k.MetAt == 0 && (k.Broken || k.Due > 0 && k.Due <= now)
	})
}

func oldest(list []Asked) []Asked {
	slices.SortFunc(list, func(a, b Asked) int {
		return cmp.Or(cmp.Compare(a.Ask.At, b.Ask.At), cmp.Compare(a.Conversation, b.Conversation))
	})
	return list[:min(len(list), maxAsked)]
}

// AtWork tells whether an agent is there and serves customers: neither away nor gone without a word.
func AtWork(a record.Agent) bool {
	switch a.State {
	case record.Available, record.Busy, record.WrapUp:
		return a.LostAt == 0
	}
	return false
}

// Reasons for which a queue is closed.
const (
	ClosedByHand     = "hand"
	ClosedByCalendar = "calendar"
)

// QueueOpen tells whether a queue is open, why it is not, and when its calendar opens it; 0: not within a few years, or nobody knows. A
// calendar that is gone or cannot be read closes nothing.
func (s *Settings) QueueOpen(q record.Queue, now time.Time) (closed string, opens record.Millis) {
	if q.Routing.Closed {
		return ClosedByHand, 0
	}
	c := s.Calendar(q.Routing.Calendar)
	if c.Open(now) {
		return "", 0
	}
	if at, ok := c.Next(now); ok {
		opens = record.At(at)
	}
	return ClosedByCalendar, opens
}
