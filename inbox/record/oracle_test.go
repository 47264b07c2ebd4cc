package record

import (
	"math"
	"slices"
	"strconv"
	"time"
)

// oracle measures a history in the plainest way: with all events at hand, one question after the other, without folding or sums.
type oracle struct {
	h     *history
	rules *FactRules
	convs map[string][]*Event // events with the conversation's header
	list  []Fact              // all but states
	lines map[string][]stretch
}

// stretch is a time in which an agent's state and work in hand were the same.
type stretch struct {
	from, to Millis
	reason   string
	handling bool
	work     int
}

// held is a time in which an agent had a conversation in hand.
type held struct {
	from, to Millis // to 0: still
	fact     *Fact  // its part's; nil while it is not over
}

func measureAnew(h *history, rules *FactRules) *oracle {
	o := &oracle{h: h, rules: rules, convs: map[string][]*Event{}, lines: map[string][]stretch{}}
	for i := range h.events {
		if e := &h.events[i]; e.Conversation != nil {
			o.convs[e.Conversation.ID] = append(o.convs[e.Conversation.ID], e)
		}
	}
	hands := map[string][]*held{}
	var over []*Fact
	for _, c := range h.convs {
		list := o.convs[c.ID]
		o.waits(list)
		o.offers(list)
		o.answers(list)
		o.ends(list)
		o.promises(list)
		over = append(over, o.parts(list, hands)...)
	}
	o.touches()
	for _, id := range historyAgents {
		o.line(id, hands[id])
	}
	for id, list := range hands {
		for _, x := range list {
			if x.fact != nil {
				x.fact.Second += int64(math.Round(1e6 * o.attention(id, x))) // in millionths until all are summed
			}
		}
	}
	for _, f := range over {
		f.Second = int64(math.Round(float64(f.Second) / 1e6))
		o.list = append(o.list, *f)
	}
	return o
}

func (o *oracle) add(e *Event, kind, queue, agent string, value, second Millis) *Fact {
	o.list = append(o.list, Fact{N: e.ID.N, Kind: kind, Conversation: e.Conversation.ID, Account: e.Conversation.Account, Channel: e.Conversation.Channel,
		Queue: queue, Agent: agent, At: e.At, Value: int64(value), Second: int64(second)})
	return &o.list[len(o.list)-1]
}

func waits(c *Conversation) bool { return c.Status == Waiting || c.Status == Offered }
func owned(c *Conversation) bool { return c.Status == Active || c.Status == Snoozed }

// waits: FIELD.md: offered = answered + abandoned + flow-out, and a wait is from queue entry to answer. Each is looked for from the customer's side: a
// message that stands unanswered while the conversation is in a queue where nobody has taken it for that message yet, and the customer is there.
func (o *oracle) waits(list []*Event) {
	told := map[Millis]bool{}
	message := 0             // place in the list of the customer's last message
	unanswered := false      // some message is
	var since *Event         // the wait that goes on began with it
	answers := map[int]int{} // place of an answer of a wait → the message that it was of
	for i, e := range list {
		c := e.Conversation
		if since != nil && (c.LeftAt != 0 || !waits(c) || c.Queue != since.Conversation.Queue) {
			queue, end := since.Conversation.Queue, e.At
			if c.LeftAt != 0 {
				end = min(max(c.LeftAt, since.At), e.At)
			}
			wait, work := end-since.At, o.rules.Working(queue, since.At, end)
			target := o.rules.Target(queue)
			in, in2 := target == 0 || wait <= target, target == 0 || work <= target
			switch {
			case c.LeftAt != 0:
				f := o.add(e, FactAbandoned, queue, "", wait, work)
				if f.At, f.OK, f.OK2 = end, in, in2; wait < o.rules.ShortAbandon {
					f.Reason = "short"
				}
			case waits(c):
				f := o.add(e, FactFlowOut, queue, "", wait, work)
				f.OK, f.OK2, f.Reason = in, in2, "transfer"
				if e.Kind == EvOverflowed {
					f.Reason = "overflow"
				} else {
					f.Agent = e.By.ID
				}
			case c.Status == Resolved && e.By.Kind != "agent":
				f := o.add(e, FactAbandoned, queue, "", wait, work)
				if f.OK, f.OK2 = in, in2; wait < o.rules.ShortAbandon {
					f.Reason = "short"
				}
			default:
				answers[i] = message
				f := o.add(e, FactAnswered, queue, c.Owner, wait, work)
				f.OK, f.OK2 = in, in2
				if was := list[i-1].Conversation.Told; was != nil && !told[was.At] {
					told[was.At] = true
					off := e.At - (was.At + was.Wait)
					o.add(e, FactEstimate, queue, c.Owner, off, Millis(math.Abs(float64(off))))
				}
			}
			since = nil
		}
		switch {
		case e.Kind == EvReceived:
			message, unanswered = i, true
		case e.Kind == EvResolved || e.Kind == EvQueued && e.By.Kind == "agent":
			unanswered = false
		}
		if since != nil || !waits(c) || !unanswered || c.LeftAt != 0 {
			continue
		}
		had := false // an agent took it out of this queue for that message, and the hub did not take it back
		for j := i; j > message && !had && list[j].Kind != EvRequeued; j-- {
			if of, ok := answers[j]; ok {
				if list[j-1].Conversation.Queue != c.Queue {
					break
				}
				had = of == message
			}
		}
		if !had {
			since = e
			o.add(e, FactOffered, c.Queue, "", 0, 0)
		}
	}
}

func (o *oracle) offers(list []*Event) {
	for i, e := range list {
		if c := e.Conversation; e.Kind == EvOffered {
			o.add(e, FactOffer, c.Queue, c.OfferedTo, 0, 0)
			if i+1 == len(list) {
				continue
			}
			// Nothing else than these can follow but what neither takes nor gives.
			for _, end := range list[i+1:] {
				kind := map[string]string{EvAccepted: FactAccepted, EvDeclined: FactDeclined, EvTimedOut: FactRONA}[end.Kind]
				if kind != "" {
					o.add(end, kind, c.Queue, c.OfferedTo, end.At-e.At, end.At-e.At)
				}
				if end.Conversation.Status != Offered {
					break
				}
			}
		}
	}
}

func (o *oracle) answers(list []*Event) {
	var asked Millis
	first := true
	for i, e := range list {
		c := e.Conversation
		if i > 0 && list[i-1].Conversation.Status == Resolved && c.Status != Resolved {
			first = true
		}
		switch {
		case e.Kind == EvReceived && asked == 0:
			asked = e.At
		case e.Kind == EvResolved:
			asked = 0
		case e.Kind == EvQueued && e.By.Kind == "agent":
			if asked != 0 {
				kind := map[bool]string{true: FactFirst, false: FactNext}[first]
				f := o.add(e, kind, c.Queue, e.By.ID, e.At-asked, o.rules.Working(c.Queue, asked, e.At))
				f.OK = o.rules.Target(c.Queue) == 0 || e.At-asked <= o.rules.Target(c.Queue)
			}
			if asked != 0 || i == 0 { // what an agent writes of their own accord is no response, but there is none to be first when they begin
				first = false
			}
			asked = 0
		}
	}
}

func (o *oracle) ends(list []*Event) {
	begun := list[0].At
	for i := 1; i < len(list); i++ {
		e, was, is := list[i], list[i-1].Conversation, list[i].Conversation
		switch {
		case was.Status == Resolved && is.Status != Resolved:
			begun = e.At
			o.add(e, FactReopened, was.Queue, was.Owner, 0, 0).Reason = map[string]string{EvReceived: "customer", EvReopened: "agent"}[e.Kind]
		case was.Status != Resolved && is.Status == Resolved:
			o.add(e, FactResolved, is.Queue, is.Owner, e.At-begun, o.rules.Working(is.Queue, begun, e.At)).OK = is.Account == "acct-sms"
		}
		if had := owned(was) && was.Owner != ""; had && e.Kind == EvTransfer {
			f := o.add(e, FactTransfer, was.Queue, e.By.ID, 0, 0)
			f.Reason = map[bool]string{true: "queue", false: "agent"}[was.Queue != is.Queue]
		} else if had && e.Kind == EvConsult {
			o.add(e, FactTransfer, was.Queue, was.Owner, 0, 0).Reason = "consult"
		}
	}
}

// promises: of each clock, told apart by kind and beginning, the first event at which it is met or broken.
func (o *oracle) promises(list []*Event) {
	type clock struct {
		kind  string
		since Millis
	}
	seen := map[clock]bool{}
	for i, e := range list {
		if e.Conversation.SLA == nil {
			continue
		}
		for _, k := range e.Conversation.SLA.Clocks {
			key := clock{k.Kind, k.Since}
			if seen[key] || k.MetAt == 0 && !k.Broken {
				continue
			}
			seen[key] = true
			agent := e.Conversation.Owner
			if agent == "" && i > 0 {
				agent = list[i-1].Conversation.Owner
			}
			kind := map[string]string{ClockFirst: FactSLAFirst, ClockNext: FactSLANext, ClockResolution: FactSLAResolve}[k.Kind]
			o.add(e, kind, e.Conversation.Queue, agent, e.At-k.Since, o.rules.Working(e.Conversation.Queue, k.Since, e.At)).OK = !k.Broken
		}
	}
}

// promised tells of a fact of a promise what the conversation was like when the promise ended or was broken.
func (o *oracle) promised(f *Fact, by string) string {
	kinds := map[string]string{FactSLAFirst: ClockFirst, FactSLANext: ClockNext, FactSLAResolve: ClockResolution}
	for _, e := range o.convs[f.Conversation] {
		c := e.Conversation
		if e.ID.N != f.N {
			continue
		}
		switch by {
		case ByPriority:
			return strconv.Itoa(c.Priority)
		case ByTier:
			return c.Tier
		}
		for _, k := range c.SLA.Clocks {
			if k.Kind == kinds[f.Kind] && k.Policy != "" {
				return k.Policy
			}
		}
		return c.SLA.Policy
	}
	return "no such event"
}

// parts finds agents' parts, and notes what they had in hand when. Second is filled in later.
func (o *oracle) parts(list []*Event, hands map[string][]*held) (over []*Fact) {
	var agent, queue string
	var spans []*held
	for i, e := range list {
		is := e.Conversation
		var was *Conversation
		if i > 0 {
			was = list[i-1].Conversation
			if was.Status == Active && !was.Released {
				h := &held{from: list[i-1].At, to: e.At}
				spans, hands[was.Owner] = append(spans, h), append(hands[was.Owner], h)
			}
		}
		direct := agent == "" && was != nil && waits(was) && is.Status == Resolved && e.By.Kind == "agent"
		if direct {
			agent, queue = e.By.ID, was.Queue
		}
		if agent != "" && (is.Status == Resolved || owned(is) && is.Owner != agent || e.Kind == EvTransfer && !(owned(is) && is.Owner == agent)) {
			f := &Fact{N: e.ID.N, Kind: FactHandled, Conversation: is.ID, Account: is.Account, Channel: is.Channel, Queue: queue, Agent: agent, At: e.At}
			done := true
			if was.Status == Active && is.Status == Resolved {
				if wraps, to := o.wrapUp(e, agent); wraps {
					h := &held{from: e.At, to: to}
					spans, hands[agent] = append(spans, h), append(hands[agent], h)
					if done = to != 0; done {
						f.N = o.eventAt(to, agent)
					}
				}
			}
			for _, h := range spans {
				f.Value += int64(h.to - h.from)
				if done {
					h.fact = f
				}
			}
			if done {
				over = append(over, f)
			}
			agent, spans = "", nil
		}
		if owned(is) && agent == "" {
			agent, queue = is.Owner, is.Queue
		}
	}
	last := list[len(list)-1]
	if c := last.Conversation; c.Status == Active && !c.Released {
		hands[c.Owner] = append(hands[c.Owner], &held{from: last.At})
	}
	return over
}

// wrapUp tells whether an agent began to wrap up with this event, and until when.
func (o *oracle) wrapUp(e *Event, agent string) (bool, Millis) {
	i := slices.IndexFunc(e.Agents, func(a Agent) bool { return a.ID == agent && a.State == WrapUp && a.WrapUp == e.Conversation.ID })
	if i < 0 || e.Kind != EvResolved {
		return false, 0
	}
	for _, later := range o.h.events[e.ID.N:] { // N counts from 1
		for _, a := range later.Agents {
			if a.ID == agent && (a.State != WrapUp || a.WrapUp != e.Conversation.ID) {
				return true, later.At
			}
		}
	}
	return true, 0
}

// eventAt is the number of the event at which the agent's wrap-up ended.
func (o *oracle) eventAt(at Millis, agent string) uint64 {
	for i := range o.h.events {
		e := &o.h.events[i]
		if e.At == at && slices.ContainsFunc(e.Agents, func(a Agent) bool { return a.ID == agent && a.State != WrapUp }) {
			return e.ID.N
		}
	}
	return 0
}

// line cuts an agent's time wherever anything changes.
func (o *oracle) line(id string, hands []*held) {
	type change struct {
		at     Millis
		state  AgentState
		reason string
	}
	var changes []change
	cuts := []Millis{o.h.now}
	for i := range o.h.events {
		for _, a := range o.h.events[i].Agents {
			if a.ID == id {
				changes = append(changes, change{o.h.events[i].At, a.State, a.Reason})
				cuts = append(cuts, o.h.events[i].At)
			}
		}
	}
	for _, x := range hands {
		if cuts = append(cuts, x.from); x.to != 0 {
			cuts = append(cuts, x.to)
		}
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	for i := 1; i < len(cuts); i++ {
		s := stretch{from: cuts[i-1], to: cuts[i]}
		var state AgentState
		for _, c := range changes {
			if c.at <= s.from {
				state, s.reason = c.state, string(c.state)
				if c.state == Break && c.reason != "" {
					s.reason += "/" + c.reason
				}
			}
		}
		for _, x := range hands {
			if x.from <= s.from && (x.to == 0 || x.to >= s.to) {
				s.work++
			}
		}
		s.handling = state == WrapUp || s.work > 0 && (state == Available || state == Busy)
		if state != "" && state != Offline {
			o.lines[id] = append(o.lines[id], s)
		}
	}
}

// attention is the share of an agent's time that went to what was in hand.
func (o *oracle) attention(id string, x *held) (ms float64) {
	for _, s := range o.lines[id] {
		if s.handling && s.from >= x.from && s.to <= x.to {
			ms += float64(s.to-s.from) / float64(max(s.work, 1))
		}
	}
	return ms
}

func (o *oracle) touches() {
	last := map[string]*Conversation{}
	type rating struct {
		of    string
		scale int
	}
	count := map[rating]uint64{} // the last one
	for i := range o.h.events {
		if t := o.h.events[i].Touch; t != nil && t.Kind == KindRating {
			count[rating{t.Conversation, t.Scale}] = o.h.events[i].ID.N
		}
	}
	for i := range o.h.events {
		e := &o.h.events[i]
		if e.Conversation != nil {
			last[e.Conversation.ID] = e.Conversation
		}
		t := e.Touch
		if t == nil {
			continue
		}
		f := Fact{N: e.ID.N, Conversation: t.Conversation, Account: t.Account, Channel: t.Channel, Queue: last[t.Conversation].Queue, At: e.At}
		if t.Kind == KindRating && count[rating{t.Conversation, t.Scale}] != e.ID.N {
			continue
		}
		switch {
		case t.Kind == KindRating && t.Scale == 10:
			f.Kind, f.Agent, f.Value, f.Second, f.OK = FactNPS, last[t.Conversation].Owner, int64(t.Score), int64(t.Score), t.Score > 8
			f.Reason = []string{"detractor", "detractor", "detractor", "detractor", "detractor", "detractor", "detractor", "passive", "passive", "promoter", "promoter"}[t.Score]
		case t.Kind == KindRating:
			f.Kind, f.Agent, f.Value, f.Second, f.OK = FactRating, last[t.Conversation].Owner, int64(t.Score), int64(t.Score), t.Score > 3
		case t.Inbound:
			f.Kind, f.At = FactIn, min(t.At, e.At)
			if t.AutoReply {
				f.Reason = "auto"
			}
		default:
			f.Kind, f.Reason = FactOut, t.Author.Kind
			if t.Author.Kind == "agent" {
				f.Agent = t.Author.ID
			}
		}
		o.list = append(o.list, f)
	}
}

// onlyContacts are what was resolved on days that are over for a week, as facts of cellFCR.
func (o *oracle) onlyContacts(now Millis, zone *time.Location) (out []Fact) {
	customer := func(conv string) string { return o.convs[conv][0].Conversation.Identity[:3] }
	for _, f := range o.list {
		if f.Kind != FactResolved {
			continue
		}
		t := f.At.Time().In(zone)
		midnight := time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, zone)
		if At(midnight.Add(7*24*time.Hour)) > now-clockSlack {
			continue
		}
		f.Kind, f.Reason, f.OK = cellFCR, "", true
		for _, g := range o.list {
			// g.At is not after its event; what the sender's clock says may be.
			if g.Kind == FactIn && g.Reason == "" && g.N > f.N && customer(g.Conversation) == customer(f.Conversation) {
				if sent := o.h.events[g.N-1].Touch.At; sent > f.At && sent <= f.At+7*24*3600_000 {
					f.OK = false
				}
			}
		}
		f.Value, f.Second = flag(f.OK), 0
		out = append(out, f)
	}
	return out
}

// slices of lines as facts of half hours, from a moment to another.
func (o *oracle) states(from, to Millis) (out []Fact) {
	for id, line := range o.lines {
		for _, s := range line {
			for at := s.from; at < s.to; {
				next := min(s.to, (at/(15*60_000)+1)*15*60_000)
				if at >= from && at < to {
					f := Fact{Kind: FactState, Agent: id, Reason: s.reason, At: at, Value: int64(next - at), OK: s.handling}
					if s.handling {
						f.Second = f.Value * int64(max(s.work, 1))
					}
					out = append(out, f)
				}
				at = next
			}
		}
	}
	return out
}

// label names the row of a moment; independent of how reports key theirs.
func label(by, step string, at Millis, zone *time.Location, weekday time.Weekday) string {
	t := at.Time().In(zone)
	if by == ByHourOfWeek {
		return strconv.Itoa(int(t.Weekday())*24 + t.Hour())
	}
	switch step {
	case "half_hour":
		return t.Format("2006-01-02 15 -0700 ") + strconv.Itoa(t.Minute()/30)
	case "hour":
		return t.Format("2006-01-02 15 -0700")
	case "week":
		for t.Weekday() != weekday {
			t = t.AddDate(0, 0, -1)
		}
	case "month":
		return t.Format("2006-01")
	}
	return t.Format("2006-01-02")
}
