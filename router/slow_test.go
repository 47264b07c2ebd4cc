package router

import (
	"cmp"
	"math"
	"slices"
	"time"

	"tamas/inbox/record"
)

// view is what the laws and the slow way of matching look at: headers and rules, nothing of what the engine keeps beside them.
type view struct {
	now, grace, round record.Millis
	convs             map[string]*record.Conversation
	agents            map[string]*record.Agent
	users             map[string]*record.User
	queues            map[string]*record.Queue
	used              map[string]int
	idle, turn        map[string]record.Millis
	heavyHeld         map[string]string // agent → one that takes all
	lapsed            map[string]bool   // agents who let an offer run out
}

func newView(now record.Millis) *view {
	return &view{now: now, grace: 30_000, round: 30_000, convs: map[string]*record.Conversation{}, agents: map[string]*record.Agent{}, users: map[string]*record.User{},
		queues: map[string]*record.Queue{}, used: map[string]int{}, idle: map[string]record.Millis{}, turn: map[string]record.Millis{}, heavyHeld: map[string]string{}, lapsed: map[string]bool{}}
}

func (h *history) worldView() *view {
	v := newView(h.w.now)
	v.users, v.queues, v.convs, v.agents = h.w.users, h.w.queues, h.w.convs, h.w.agents
	v.count()
	return v
}

// engineView is of what the engine was told, with what it has decided and not heard of.
func (h *history) engineView() *view {
	v := newView(h.w.now)
	for _, u := range h.e.rules.Users {
		v.users[u.ID] = &u
	}
	for _, q := range h.e.rules.Queues {
		v.queues[q.ID] = &q
	}
	for id, c := range h.e.convs {
		v.convs[id] = &c.h
	}
	for id, a := range h.e.agents {
		v.agents[id] = &a.h
	}
	v.count()
	for id, c := range h.e.convs {
		if p := c.pend; p != nil && p.agent != nil && !p.refused {
			v.used[p.id()] += p.units
			if c.h.Units == record.AllUnits {
				v.heavyHeld[p.id()] = id
			}
		}
	}
	return v
}

func (v *view) count() {
	for id, a := range v.agents {
		v.used[id], v.idle[id], v.turn[id] = a.Used(), a.IdleSince, a.TurnAt
	}
	for _, c := range v.convs {
		holder := ""
		switch c.Status {
		case record.Offered:
			v.idle[c.OfferedTo] = max(v.idle[c.OfferedTo], c.OfferUntil)
			holder = c.OfferedTo
			if c.OfferUntil > 0 && c.OfferUntil <= v.now {
				v.lapsed[holder] = true
			}
		case record.Active:
			holder = c.Owner
		}
		if holder != "" && c.Units == record.AllUnits && !c.Released {
			v.heavyHeld[holder] = c.ID
		}
	}
}

func (v *view) take(c *record.Conversation, id string, until record.Millis) {
	n := max(1, c.Units)
	if c.Units == record.AllUnits {
		n = v.users[id].Capacity
		v.heavyHeld[id] = c.ID
	}
	v.used[id] += n
	v.idle[id] = max(v.idle[id], until)
	v.turn[id] = v.now
}

func weight(c *record.Conversation) int {
	if c.Units == record.AllUnits {
		return math.MaxInt
	}
	return max(1, c.Units)
}

func (v *view) queue(c *record.Conversation) *record.Queue {
	if q := v.queues[c.Queue]; q != nil {
		return q
	}
	return &record.Queue{}
}

func (v *view) shut(q *record.Queue) bool {
	if q.Routing.Closed || q.Routing.Calendar != "cal" {
		return q.Routing.Closed
	}
	t := v.now.Time()
	m := int(t.Sub(t.Truncate(24*time.Hour)) / time.Minute)
	return !slices.ContainsFunc(hoursOfTest.Week[0], func(s record.Span) bool { return s.From <= m && m < s.To })
}

// serves tells whether id is a member or a secondary agent, sooner or later.
func (v *view) serves(q *record.Queue, id string) bool {
	return slices.Contains(q.Members, id) || slices.ContainsFunc(q.Routing.Secondary, func(s record.Secondary) bool { return slices.Contains(s.Members, id) })
}

func (v *view) room(id string) int {
	if v.users[id] == nil || v.heavyHeld[id] != "" {
		return 0
	}
	return max(0, v.users[id].Capacity-v.used[id])
}

// able is eligibility but for room, and for being kept.
func (v *view) able(c *record.Conversation, id string) string {
	q, a, u := v.queue(c), v.agents[id], v.users[id]
	waited := v.now - c.WaitingSince
	serves := slices.Contains(q.Members, id)
	for _, s := range q.Routing.Secondary {
		serves = serves || slices.Contains(s.Members, id) && record.Millis(s.After)*1000 <= waited
	}
	switch {
	case u == nil || u.Disabled || a == nil || a.State != record.Available || a.LostAt > 0 || v.lapsed[id]:
		return "away"
	case v.shut(q):
		return "closed"
	case c.Prefer != id && (!serves || q.Mode == ModePull || v.sticky(c)):
		return "not asked"
	case slices.Contains(c.Declined, id):
		return "declined"
	case len(a.Channels) > 0 && !slices.Contains(a.Channels, c.Channel):
		return "channel"
	case !v.skilled(c, id, false):
		return "skills"
	}
	return ""
}

func (v *view) against(c *record.Conversation, id string) string {
	if why := v.able(c, id); why != "" {
		return why
	}
	if room := v.room(id); c.Units == record.AllUnits && (v.used[id] > 0 || room == 0) || room < max(1, c.Units) {
		return "room"
	}
	return ""
}

// skilled asks of an agent what is in force: of two needs for one skill the stricter one in both respects.
func (v *view) skilled(c *record.Conversation, id string, mandatory bool) bool {
	needs := slices.Concat(c.Needs, v.queue(c).Routing.Needs)
	for _, n := range needs {
		forever, longest := false, 0
		for _, o := range needs {
			if o.Skill == n.Skill {
				forever = forever || o.DropAfter == 0
				longest = max(longest, o.DropAfter)
			}
		}
		over := !forever && (mandatory || c.WaitingSince+record.Millis(longest)*1000 <= v.now)
		if !over && v.users[id].Skills[n.Skill] < max(1, n.Level) {
			return false
		}
	}
	return true
}

func (v *view) sticky(c *record.Conversation) bool {
	a, u := v.agents[c.Prefer], v.users[c.Prefer]
	if c.Prefer == "" || c.StickyUntil <= v.now || a == nil || u == nil || u.Disabled {
		return false
	}
	there := a.State == record.Available || a.State == record.Busy || a.State == record.WrapUp
	fits := u.Capacity >= c.Units && u.Capacity > 0
	return there && fits && (a.LostAt == 0 || a.LostAt+v.grace > v.now) && !slices.Contains(c.Declined, c.Prefer) &&
		(len(a.Channels) == 0 || slices.Contains(a.Channels, c.Channel)) && v.skilled(c, c.Prefer, false)
}

// earlier is the order of waiting.
func (v *view) earlier(a, b *record.Conversation) bool { return v.order(a, b) < 0 }

func (v *view) order(a, b *record.Conversation) int {
	urgency := func(c *record.Conversation) float64 { // in minutes: waited and priority, or an hour less what is left of the clock
		if c.SLA != nil && v.queue(c).Routing.Waiting == record.WaitSLA {
			least := record.Millis(0)
			for _, k := range c.SLA.Clocks {
				if k.MetAt == 0 && k.Due > 0 && (least == 0 || k.Due < least) {
					least = k.Due
				}
			}
			if least > 0 {
				return 60 - float64(least-v.now)/60000
			}
		}
		return float64(v.now-c.WaitingSince)/60000 + float64(c.Priority)
	}
	if x := urgency(b) - urgency(a); math.Abs(x) > 1e-9 {
		return cmp.Compare(x, 0)
	}
	return cmp.Or(cmp.Compare(a.WaitingSince, b.WaitingSince), cmp.Compare(a.ID, b.ID))
}

// line gives those who wait, in one queue or all, in order.
func (v *view) line(queue string) (list []*record.Conversation) {
	for _, c := range v.convs {
		if c.Status == record.Waiting && (queue == "" || c.Queue == queue) {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, v.order)
	return list
}

// first is the order of agents for c.
func (v *view) first(c *record.Conversation, a, b string) int {
	q := v.queue(c)
	by := func(f func(id string) float64) int { return cmp.Compare(f(a), f(b)) }
	tier := by(func(id string) float64 {
		if slices.Contains(q.Members, id) {
			return 0
		}
		for i, s := range q.Routing.Secondary {
			if slices.Contains(s.Members, id) {
				return float64(i + 1)
			}
		}
		return 9
	})
	order := 0
	switch q.Routing.Order {
	case record.OrderActive:
		order = by(func(id string) float64 { return float64(v.used[id]) })
	case record.OrderAvailable:
		order = by(func(id string) float64 { return float64(v.used[id] - v.users[id].Capacity) })
	case record.OrderRatio:
		order = cmp.Compare(v.used[a]*v.users[b].Capacity, v.used[b]*v.users[a].Capacity)
	case record.OrderRound:
		order = by(func(id string) float64 { return float64(v.turn[id]) })
	}
	return cmp.Or(-cmp.Compare(b2i(a == c.Prefer), b2i(b == c.Prefer)), tier, order, cmp.Compare(v.idle[a], v.idle[b]), cmp.Compare(v.used[a], v.used[b]), cmp.Compare(a, b))
}

func (v *view) heavyAfter(c *record.Conversation) record.Millis {
	return record.Millis(cmp.Or(v.queue(c).Routing.HeavySecs, 120)) * 1000
}

// bars tells who is kept for a heavy one, as the units below which they take nothing.
func (v *view) bars(decided map[string]bool) map[string]int {
	kept := map[string]*record.Conversation{}
	for id, q := range v.queues {
		if q.Mode == ModePull {
			continue
		}
		for _, c := range v.line(id) {
			if decided[c.ID] || weight(c) < 2 || v.sticky(c) || c.WaitingSince+v.heavyAfter(c) > v.now {
				continue
			}
			best, least := "", math.MaxInt
			for _, id := range sorted(v.agents) {
				member := *c
				member.Prefer = ""
				if v.able(&member, id) != "" || v.room(id) == 0 || v.users[id].Capacity < c.Units {
					continue
				}
				short := max(0, c.Units-v.room(id))
				if c.Units == record.AllUnits {
					short = v.used[id]
				}
				if short < least {
					best, least = id, short
				}
			}
			if best != "" {
				if k := kept[best]; k == nil || v.earlier(c, k) {
					kept[best] = c
				}
				break
			}
		}
	}
	bars := map[string]int{}
	for id, c := range kept {
		bars[id] = weight(c)
	}
	return bars
}

// overflows says what a rule would have happen to c by now; "": nothing.
func (v *view) overflows(c *record.Conversation) string {
	q := v.queue(c)
	for i, o := range q.Routing.Overflow {
		if !v.overflowHolds(c, o) {
			continue
		}
		name := "overflow/" + q.ID + "/" + string(rune('0'+i))
		if o.Text != "" && !slices.Contains(c.ToldText, name) {
			return "be told " + name
		}
		if to := v.queues[o.Queue]; to != nil && o.Queue != c.Queue && !slices.Contains(c.Hops, o.Queue) && len(c.Hops) < record.MaxHops {
			return "overflow to " + o.Queue
		}
	}
	if v.shut(q) && q.Routing.ClosedText != "" && !slices.Contains(c.ToldText, "closed") {
		return "be told that it is closed"
	}
	return ""
}

// overflowMay tells whether a rule with this condition and queue holds.
func (v *view) overflowMay(c *record.Conversation, when, queue string) bool {
	return slices.ContainsFunc(v.queue(c).Routing.Overflow, func(o record.Overflow) bool {
		return o.When == when && o.Queue == queue && v.overflowHolds(c, o)
	})
}

func (v *view) overflowHolds(c *record.Conversation, o record.Overflow) bool {
	q := v.queue(c)
	switch o.When {
	case record.OverWait:
		return v.now-c.QueuedAt >= record.Millis(o.Value)*1000
	case record.OverLength:
		return slices.IndexFunc(v.line(c.Queue), func(x *record.Conversation) bool { return x.ID == c.ID }) >= o.Value
	case record.OverUnstaffed:
		return !slices.ContainsFunc(q.Members, func(id string) bool {
			a, u := v.agents[id], v.users[id]
			return a != nil && u != nil && !u.Disabled && (a.LostAt == 0 || a.LostAt+v.grace > v.now) && (a.State == record.Available || a.State == record.Busy || a.State == record.WrapUp)
		})
	case record.OverClosed:
		return v.shut(q)
	case record.OverImpossible:
		return !slices.ContainsFunc(sorted(v.users), func(id string) bool {
			u := v.users[id]
			return v.serves(q, id) && !u.Disabled && u.Capacity > 0 && u.Capacity >= c.Units && v.skilled(c, id, true)
		})
	}
	return false
}

// naive is the whole of matching, done the slow way on the present headers.
func (h *history) naive() (list []string) {
	v := h.worldView()
	decided := map[string]bool{}
	for more := true; more; {
		more = false
		bars := v.bars(decided)
		for _, c := range v.line("") {
			if decided[c.ID] {
				continue
			}
			var could []string
			for _, id := range sorted(v.agents) {
				if v.against(c, id) == "" && weight(c) >= bars[id] {
					could = append(could, id)
				}
			}
			if len(could) == 0 {
				continue
			}
			slices.SortFunc(could, func(a, b string) int { return v.first(c, a, b) })
			id := could[0]
			decided[c.ID], more = true, true
			until := v.now
			if q := v.queue(c); q.Mode != ModePush {
				until += record.Millis(cmp.Or(q.OfferSeconds, 30)) * 1000
			}
			v.take(c, id, until)
			list = append(list, c.ID+"→"+id)
		}
	}
	return list
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
