package inbox

import (
	"cmp"
	"context"
	"slices"
	"time"

	"tamas/inbox/calendar"
	"tamas/inbox/record"
)

// defaultWarn is the share of its time after which a clock warns when its policy does not say.
const defaultWarn = 75

var clockKinds = []string{record.ClockFirst, record.ClockNext, record.ClockResolution}

// Calendar is a calendar ready to count by; nil, which is always open, when there is none of that id.
func (s *Settings) Calendar(id string) *calendar.Calendar {
	if id == "" {
		return nil
	}
	if c, ok := s.compiled[id]; ok {
		return c
	}
	row, ok := s.Calendars[id]
	if !ok {
		return nil
	}
	c, err := calendar.Of(row)
	if err != nil { // settings are checked where they are saved
		return nil
	}
	return c
}

// promise is the policy of a conversation as its header stands: the first whose conditions all hold. The zero policy promises nothing.
func (s *Settings) promise(h *record.Conversation) record.SLAPolicy {
	holds := func(list []string, v string) bool { return len(list) == 0 || slices.Contains(list, v) }
	for _, p := range s.SLA {
		if holds(p.Queues, h.Queue) && holds(p.Channels, h.Channel) && holds(p.Tiers, h.Tier) && h.Priority >= p.MinPriority {
			return p
		}
	}
	return record.SLAPolicy{}
}

func (s *Settings) policy(id string) record.SLAPolicy {
	if i := slices.IndexFunc(s.SLA, func(p record.SLAPolicy) bool { return p.ID == id }); id != "" && i >= 0 {
		return s.SLA[i]
	}
	return record.SLAPolicy{}
}

func target(p *record.SLAPolicy, kind string) record.Millis {
	return 1000 * record.Millis(map[string]int{record.ClockFirst: p.First, record.ClockNext: p.Next, record.ClockResolution: p.Resolution}[kind])
}

// promises keeps the SLA of the header that an event is about to carry. Every event of a conversation passes here, so that no decision
// has to think of it; what it counts from is the header before, as the live state has it: when that is not the one decided on, the commit
// is refused and comes again.
func (h *Hub) promises(e *record.Event) {
	c := e.Conversation
	if c == nil || e.Kind == record.EvClosed {
		return
	}
	set := h.Settings()
	if c.SLA == nil && len(set.SLA) == 0 {
		return
	}
	before := record.Conversation{}
	if c.Version > 1 {
		var ok bool
		if before, ok = h.mirror.conversation(c.ID); !ok { // it had left the live state: it was over
			before = *c
			before.Status = record.Resolved
		}
	}
	clocks(&before, c, e.At, set, false)
}

// clocks brings the SLA of after up to now, where it still is what it was in before (zero: the conversation is new). The policy is chosen
// when the conversation begins, is reopened, or changes its queue, priority or tier. renew chooses it too, and gives what runs the
// policy's present promise, with the time that has gone taken from it.
//
// A clock runs while somebody has a right to it: "first" while an unanswered customer has had no human reply since the beginning or the
// reopening, "next" while one has who had it, "resolution" while the conversation is open. The last stands still while the customer is
// waited for: everything is answered, and an agent has it or it sleeps. The first two are over then; a snooze alone stops neither.
func clocks(before, after *record.Conversation, now record.Millis, set *Settings, renew bool) {
	if after.SLA == nil && (len(set.SLA) == 0 || !after.Open()) {
		return
	}
	k := &keeper{h: after, now: now, set: set}
	if after.SLA != nil {
		k.sla = record.SLA{Policy: after.SLA.Policy, Clocks: slices.Clone(after.SLA.Clocks)}
	}
	chosen := renew || before.ID == "" || !before.Open() || before.Queue != after.Queue || before.Priority != after.Priority || before.Tier != after.Tier
	if chosen && after.Open() {
		k.policy = set.promise(after)
		k.choose()
	} else {
		k.policy = set.policy(k.sla.Policy)
	}
	for _, kind := range clockKinds {
		i := slices.IndexFunc(k.sla.Clocks, func(c record.Clock) bool { return c.Kind == kind })
		runs, due := i >= 0 && k.sla.Clocks[i].MetAt == 0, owed(after, kind)
		switch {
		case runs && !due:
			k.end(i)
		case runs:
			if renew {
				i = k.renew(i)
			}
			if i >= 0 {
				k.pause(&k.sla.Clocks[i])
			}
		case due && (chosen || !owed(before, kind)) && target(&k.policy, kind) > 0:
			if i < 0 {
				i = len(k.sla.Clocks)
				k.sla.Clocks = append(k.sla.Clocks, record.Clock{})
			}
			k.begin(i, kind)
		}
	}
	if k.sla.Policy == "" && len(k.sla.Clocks) == 0 {
		after.SLA = nil
		return
	}
	after.SLA = &k.sla
}

// owed tells whether the customer has a right to the clock now.
func owed(h *record.Conversation, kind string) bool {
	switch {
	case !h.Open() || h.ID == "" && h.Version == 0:
		return false
	case kind == record.ClockFirst:
		return h.Unanswered != 0 && h.FirstResponseAt == 0
	case kind == record.ClockNext:
		return h.Unanswered != 0 && h.FirstResponseAt != 0
	}
	return true
}

// forCustomer tells that it is the customer's turn.
func forCustomer(h *record.Conversation) bool {
	return h.Unanswered == 0 && (h.Status == record.Active || h.Status == record.Snoozed)
}

// keeper works on one header's clocks.
type keeper struct {
	h      *record.Conversation
	now    record.Millis
	set    *Settings
	policy record.SLAPolicy
	sla    record.SLA
}

// choose makes the policy the conversation's. What runs stays the promise of the one before.
func (k *keeper) choose() {
	if k.sla.Policy != k.policy.ID {
		for i := range k.sla.Clocks {
			if c := &k.sla.Clocks[i]; c.MetAt == 0 && c.Policy == "" {
				c.Policy = k.sla.Policy
			}
		}
	}
	k.sla.Policy = k.policy.ID
}

func (k *keeper) begin(i int, kind string) {
	since := k.now
	if kind != record.ClockResolution {
		since = k.h.Unanswered // also when a policy comes later: the customer has waited since then
	}
	c := &k.sla.Clocks[i]
	*c = record.Clock{Kind: kind, Target: target(&k.policy, kind), Calendar: k.policy.Calendar, Since: since}
	k.run(c, since, c.Target)
	k.pause(c)
}

// run starts a clock that has so much working time left from a moment on.
func (k *keeper) run(c *record.Clock, from, left record.Millis) {
	c.Left = 0
	c.Due = k.after(c, from, left)
	if c.WarnAt = 0; !c.Warned {
		c.WarnAt = k.after(c, from, left-k.late(c.Target))
	}
}

// late is how much of a promised time is left when people are warned.
func (k *keeper) late(promised record.Millis) record.Millis {
	return promised * record.Millis(100-cmp.Or(k.policy.WarnPercent, defaultWarn)) / 100
}

// after is the moment when so much working time has gone. A calendar that never opens again counts for nothing.
func (k *keeper) after(c *record.Clock, from, working record.Millis) record.Millis {
	working = max(0, working)
	if t := k.set.Calendar(c.Calendar).Add(from.Time(), time.Duration(working)*time.Millisecond); !t.IsZero() {
		return record.At(t)
	}
	return from + working
}

// pause stops or starts a clock as the header's state wants it. What is broken stands for good: there is nothing left to count.
func (k *keeper) pause(c *record.Clock) {
	if c.Broken || c.Kind != record.ClockResolution {
		return
	}
	switch still := forCustomer(k.h); {
	case still && c.Due != 0:
		left := k.left(c)
		if left <= 0 {
			c.Broken, c.WarnAt = true, 0
			return
		}
		c.Left, c.Due, c.WarnAt = left, 0, 0
	case !still && c.Due == 0:
		k.run(c, k.now, c.Left)
	}
}

// left is the working time that a clock has, negative when it is late.
func (k *keeper) left(c *record.Clock) record.Millis {
	if c.Due == 0 {
		return c.Left
	}
	left := record.Millis(k.set.Calendar(c.Calendar).Between(k.now.Time(), c.Due.Time()) / time.Millisecond)
	if left == 0 && k.now < c.Due { // hours changed meanwhile: what was promised holds
		left = 1
	}
	return left
}

// end notes that a clock is over. One whose conversation was resolved without the answer it waits for has been neither kept nor, unless it
// was broken by then, broken: it goes.
func (k *keeper) end(i int) {
	c := &k.sla.Clocks[i]
	at := k.now
	if c.Kind == record.ClockFirst && k.h.FirstResponseAt != 0 {
		at = k.h.FirstResponseAt
	}
	if c.Due != 0 && at >= c.Due { // the timer was about to say so
		c.Broken = true
	}
	if c.Kind != record.ClockResolution && !k.h.Open() && !c.Broken {
		k.sla.Clocks = slices.Delete(k.sla.Clocks, i, i+1)
		return
	}
	c.Due, c.WarnAt, c.Left, c.MetAt = 0, 0, 0, at
}

// renew gives a running clock the policy's present promise and tells its place, -1 when there is none any more.
func (k *keeper) renew(i int) int {
	c := &k.sla.Clocks[i]
	promised := target(&k.policy, c.Kind)
	switch {
	case c.Broken:
		return i
	case promised == c.Target && k.policy.Calendar == c.Calendar:
		c.Policy = ""
		return i
	case promised == 0:
		k.sla.Clocks = slices.Delete(k.sla.Clocks, i, i+1)
		return -1
	}
	left := promised - (c.Target - k.left(c))
	c.Target, c.Calendar, c.Policy = promised, k.policy.Calendar, ""
	c.Warned = c.Warned && left <= k.late(promised)
	if c.Due == 0 {
		c.Left = max(1, left)
		return i
	}
	k.run(c, k.now, left)
	return i
}

// RenewPromises has the present SLA policies hold also for the clocks that run. It returns at once; the conversations follow at a pace that
// leaves room for others. When this node ends before it is through, the rest keeps the old promises.
func (h *Hub) RenewPromises() {
	select {
	case h.renew <- struct{}{}:
	default: // one more is to come anyway
	}
}

func (h *Hub) renewLoop(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-h.renew:
		}
		live, _ := h.Live()
		for i := range live {
			if !live[i].Open() {
				continue
			}
			cmd := Command{By: record.Actor{Kind: "system", ID: "settings"}, Action: SLAClock, Conversation: live[i].ID, Reason: renewClocks}
			if err := h.Propose(ctx, cmd); err != nil {
				h.log.Debug("a conversation keeps its promises as they were", "conversation", live[i].ID, "err", err)
			}
			if err := sleep(ctx, 2*time.Millisecond); err != nil {
				return err
			}
		}
	}
}
