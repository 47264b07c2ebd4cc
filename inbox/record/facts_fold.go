package record

import (
	"math"
	"slices"
	"strings"
)

// fold turns events, taken in order, into facts. It is pure: what it knows stands in convs and agents, which are loaded before and stored
// after, so that it can be stopped and taken up between any two events.
type fold struct {
	rules  *FactRules
	convs  map[string]*convFold // nil: known to be new
	agents map[string]*agentFold
	rates  map[string][]Fact             // ratings that conversations have
	header func(id string) *Conversation // of a conversation that is over; nil when there is none

	facts []Fact
	stale map[Millis]bool // moments on days whose sums change though no fact does
	gone  []Fact          // that count no more
	late  []Millis        // when messages were sent that came late: what seemed to be over before may not have been
}

// convFold is what is remembered of a conversation.
type convFold struct {
	Version  int64      `json:"v"`
	Queue    string     `json:"queue"`
	Status   Status     `json:"status"`
	Owner    string     `json:"owner,omitempty"`
	Offered  string     `json:"offered,omitempty"`
	OfferAt  Millis     `json:"offer_at,omitempty"`
	Entered  Millis     `json:"entered,omitempty"` // its queue, while nobody has it and its customer waits there
	Served   string     `json:"served,omitempty"`  // queue out of which an agent took it since its customer's last message
	Begun    Millis     `json:"begun,omitempty"`   // or reopened
	Asked    Millis     `json:"asked,omitempty"`   // oldest unanswered message
	Replied  bool       `json:"replied,omitempty"` // a person has answered since it began or was reopened, or began it
	Released bool       `json:"released,omitempty"`
	Told     *Told      `json:"told,omitempty"`
	Checked  Millis     `json:"checked,omitempty"` // when what has been compared with the wait was told
	Part     *part      `json:"part,omitempty"`
	Clocks   []measured `json:"clocks,omitempty"`
	Tags     string     `json:"tags,omitempty"`
	Days     []Millis   `json:"days,omitempty"` // UTC days on which it has facts
}

// part is an agent's part of a conversation, from taking it to the end or to another agent. While it waits in a queue in between, is asleep, or
// released for a silent customer, nothing is counted.
type part struct {
	Agent     string  `json:"agent"`
	Queue     string  `json:"queue"`
	Done      Millis  `json:"done,omitempty"`      // active and hold
	Share     float64 `json:"share,omitempty"`     // of attention, ms
	Since     Millis  `json:"since,omitempty"`     // since when it is in hand; 0: it is not
	Attention float64 `json:"attention,omitempty"` // the agent's at Since
}

// measured is a clock that has its fact.
type measured struct {
	Kind  string `json:"kind"`
	Since Millis `json:"since"`
}

func (f *fold) agent(id string) *agentFold {
	a := f.agents[id]
	if a == nil {
		a = &agentFold{ID: id}
		f.agents[id] = a
	}
	return a
}

func (f *fold) fact(x Fact) { f.facts = append(f.facts, x) }

// event takes the next event.
func (f *fold) event(e *Event) {
	if c := e.Conversation; c != nil {
		f.conversation(e, c)
	} else if t := e.Touch; t != nil && t.Kind == KindRating && e.Kind == EvLogged {
		f.rated(e, t)
	} else if t != nil && contacts(t) && e.At-t.At > clockSlack/2 {
		f.late = append(f.late, t.At)
	}
	for i := range e.Agents {
		f.agentIs(&e.Agents[i], e)
	}
}

// step is a conversation's change from what was to what is.
type step struct {
	*fold
	e      *Event
	was    *convFold // Status "": it is new
	is     *Conversation
	reopen bool
	at     Millis // of what is measured; mostly the event's
}

func (f *fold) conversation(e *Event, c *Conversation) {
	was := f.convs[c.ID]
	if was == nil {
		if was = new(convFold); c.Version > 1 { // it was over, and forgotten
			was = &convFold{Version: c.Version - 1, Status: Resolved, Queue: c.Queue, Owner: c.Prefer}
			if was.Owner == "" {
				was.Owner = c.Owner
			}
		}
		f.convs[c.ID] = was
	}
	if c.Version <= was.Version {
		return
	}
	from := len(f.facts)
	s := &step{f, e, was, c, was.Status == Resolved && c.Status != Resolved, e.At}
	if was.Status == "" && c.Status != Resolved {
		was.Begun = c.CreatedAt
	}
	if s.reopen {
		was.Begun, was.Replied = e.At, false
		s.add(FactReopened, was.Queue, was.Owner, 0).Reason = "system"
		if k := e.By.Kind; k == "customer" || k == "agent" {
			s.facts[len(s.facts)-1].Reason = k
		}
	}
	took := s.wait()
	s.offer()
	s.transferred()
	s.parts(took)
	if c.Status == Resolved && was.Status != Resolved && was.Status != "" {
		s.timed(FactResolved, c.Queue, c.Owner, was.Begun).OK = f.rules.Asks == nil || f.rules.Asks(c.Account)
	}
	s.messages()
	s.clocks()
	s.remember(from)
	if e.Kind == EvClosed {
		f.convs[c.ID] = nil
	}
}

// add appends a fact of the conversation, now.
func (s *step) add(kind, queue, agent string, value Millis) *Fact {
	s.fact(Fact{N: s.e.ID.N, Kind: kind, Conversation: s.is.ID, Queue: queue, Account: s.is.Account, Channel: s.is.Channel, Agent: agent,
		At: s.at, Value: int64(value), Second: int64(value)})
	return &s.facts[len(s.facts)-1]
}

// timed appends a fact with the time since a moment, by both clocks.
func (s *step) timed(kind, queue, agent string, since Millis) *Fact {
	until := max(s.at, since)
	x := s.add(kind, queue, agent, until-since)
	x.Second = int64(s.rules.working(queue, since, until))
	return x
}

func inQueue(s Status) bool { return s == Waiting || s == Offered }

// by is the person who did it.
func (s *step) by() string {
	if s.e.By.Kind == "agent" {
		return s.e.By.ID
	}
	return ""
}

// wait measures how the customer came to wait in a queue and stopped. Who has been answered does not wait: what comes back then (woken, transferred)
// counts from the customer's next message on. What an agent took and puts back unanswered goes on with the wait that was counted, except that
// a new message, or the hub that takes it from the agent, begins another. Who has left gave up then, whatever becomes of the conversation, and
// waits again once back. It tells who took the conversation out of its queue.
func (s *step) wait() (took string) {
	w, c := s.was, s.is
	if inQueue(w.Status) && c.Status == Resolved {
		took = s.by()
	}
	if s.e.Kind == EvRequeued || s.e.Kind == EvReceived && s.e.Touch != nil && s.e.Touch.Inbound && c.Unanswered != 0 {
		w.Served = ""
	}
	stays := inQueue(c.Status) && c.Queue == w.Queue && c.LeftAt == 0
	if c.LeftAt != 0 {
		s.at = min(max(c.LeftAt, w.Entered), s.e.At)
	}
	if w.Entered != 0 && !stays {
		waited := max(s.at-w.Entered, 0)
		switch {
		case c.LeftAt != 0:
			s.gaveUp(waited)
		case inQueue(c.Status):
			x := s.waited(FactFlowOut, s.by())
			x.Reason = "transfer"
			if s.e.Kind == EvOverflowed {
				x.Reason = "overflow"
			}
		case c.Status == Resolved && s.by() == "":
			s.gaveUp(waited)
		default:
			by := c.Owner
			if c.Status == Resolved {
				by = took
			}
			w.Served = w.Queue
			s.waited(FactAnswered, by)
			if t := w.Told; t != nil && t.At != w.Checked { // it may be put back without a word having been said
				w.Checked = t.At
				off := s.e.At - t.At - t.Wait
				s.add(FactEstimate, w.Queue, by, off).Second = int64(max(off, -off))
			}
		}
		w.Entered = 0
	}
	s.at = s.e.At
	if inQueue(c.Status) && w.Entered == 0 && c.Unanswered != 0 && w.Served != c.Queue && c.LeftAt == 0 {
		w.Entered = s.e.At
		s.add(FactOffered, c.Queue, "", 0)
	}
	return took
}

// gaveUp appends the fact that a wait ended with no agent.
func (s *step) gaveUp(waited Millis) {
	if x := s.waited(FactAbandoned, ""); waited < s.rules.ShortAbandon {
		x.Reason = "short"
	}
}

// waited appends the fact of a wait that ends, with whether it was within the queue's target.
func (s *step) waited(kind, agent string) *Fact {
	x := s.timed(kind, s.was.Queue, agent, s.was.Entered)
	target := int64(s.rules.target(s.was.Queue))
	x.OK, x.OK2 = target == 0 || x.Value <= target, target == 0 || x.Second <= target
	return x
}

// offer measures what became of an offer.
func (s *step) offer() {
	w, c := s.was, s.is
	same := c.Status == Offered && c.OfferedTo == w.Offered
	if w.Status == Offered && !same {
		kind := ""
		switch {
		case s.e.Kind == EvDeclined:
			kind = FactDeclined
		case s.e.Kind == EvTimedOut:
			kind = FactRONA
		case c.Status == Active && c.Owner == w.Offered && s.by() == w.Offered:
			kind = FactAccepted
		}
		if kind != "" {
			s.add(kind, w.Queue, w.Offered, max(s.e.At-w.OfferAt, 0))
		}
	}
	if c.Status == Offered && !(same && w.Status == Offered) {
		s.add(FactOffer, c.Queue, c.OfferedTo, 0)
		w.OfferAt = s.e.At
	}
}

// transferred measures that somebody who had the conversation gave it away.
func (s *step) transferred() {
	if w := s.was; w.Owner == "" || w.Status != Active && w.Status != Snoozed {
		return
	}
	agent := s.by()
	if agent == "" {
		agent = s.was.Owner
	}
	switch {
	case s.e.Kind == EvTransfer && s.is.Queue != s.was.Queue:
		s.add(FactTransfer, s.was.Queue, agent, 0).Reason = "queue"
	case s.e.Kind == EvTransfer:
		s.add(FactTransfer, s.was.Queue, agent, 0).Reason = "agent"
	case s.e.Kind == EvConsult && s.e.Reason != nil && s.e.Reason.Code == "completed":
		s.add(FactTransfer, s.was.Queue, s.was.Owner, 0).Reason = "consult"
	}
}

// parts measures agents' parts of the conversation.
func (s *step) parts(took string) {
	w, c := s.was, s.is
	owned := c.Status == Active || c.Status == Snoozed
	inHand := c.Status == Active && !c.Released
	p := w.Part
	if p == nil && c.Status == Resolved && took != "" {
		p = &part{Agent: took, Queue: w.Queue} // ended straight out of the queue
	}
	if p != nil {
		wraps := c.Status == Resolved && w.Status == Active && s.wraps(p.Agent)
		if w.Status != c.Status || w.Owner != c.Owner || w.Released != c.Released {
			s.stop(p, wraps)
		}
		if c.Status == Resolved || owned && c.Owner != p.Agent || s.e.Kind == EvTransfer && !(owned && c.Owner == p.Agent) {
			s.handled(p, wraps)
			p = nil
		}
	}
	if owned && c.Owner != "" {
		if p == nil {
			p = &part{Agent: c.Owner, Queue: c.Queue}
		}
		if p.Since == 0 && inHand {
			p.Since, p.Attention = s.e.At, s.work(p.Agent, 1, s.e.At, s.e.ID.N).Attention
		}
	}
	w.Part = p
}

// stop ends a stretch in hand. When the agent wraps up, the conversation stays in hand.
func (s *step) stop(p *part, wraps bool) {
	if p.Since == 0 {
		if wraps { // it was released, and comes in hand for that
			s.work(p.Agent, 1, s.e.At, s.e.ID.N)
		}
		return
	}
	p.Done += max(s.e.At-p.Since, 0)
	by := -1
	if wraps {
		by = 0
	}
	p.Share += s.work(p.Agent, by, s.e.At, s.e.ID.N).Attention - p.Attention
	p.Since = 0
}

// wraps tells that with this event the agent begins to wrap up.
func (s *step) wraps(agent string) bool {
	if a := s.agent(agent); a.State == WrapUp || a.Wrap != nil {
		return false
	}
	return slices.ContainsFunc(s.e.Agents, func(a Agent) bool {
		return a.ID == agent && a.State == WrapUp && (a.WrapUp == "" || a.WrapUp == s.is.ID)
	})
}

func (s *step) handled(p *part, wraps bool) {
	x := s.add(FactHandled, p.Queue, p.Agent, p.Done)
	x.Second = int64(math.Round(p.Share))
	if wraps {
		a := s.agent(p.Agent)
		a.Wrap = &wrapUp{Fact: *x, Since: s.e.At, Attention: a.Attention}
		s.facts = s.facts[:len(s.facts)-1]
	}
}

// messages measures messages, and how long customers waited for theirs to be answered.
func (s *step) messages() {
	t := s.e.Touch
	if t == nil || t.Kind != KindMessage {
		return
	}
	switch {
	case s.e.Kind == EvReceived && t.Inbound && t.Spam == "":
		x := s.add(FactIn, s.is.Queue, "", 0)
		if t.At > 0 {
			x.At = min(t.At, s.e.At)
		}
		if s.e.At-x.At > clockSlack/2 {
			s.late = append(s.late, x.At)
		}
		if t.AutoReply {
			x.Reason = "auto"
		}
	case s.e.Kind == EvQueued && !t.Inbound && (t.N == s.e.ID.N || t.Body != nil): // its first event
		agent := ""
		if t.Author.Kind == "agent" {
			agent = t.Author.ID
		}
		s.add(FactOut, s.is.Queue, agent, 0).Reason = t.Author.Kind
		switch {
		case agent != "" && s.was.Status == "": // who is written to first has asked nothing
			s.was.Replied = true
		case agent != "" && s.was.Asked != 0 && s.is.Unanswered == 0:
			kind := FactNext
			if !s.was.Replied {
				kind = FactFirst
			}
			s.was.Replied = true
			x := s.timed(kind, s.is.Queue, agent, s.was.Asked)
			target := s.rules.target(s.is.Queue)
			x.OK = target == 0 || Millis(x.Value) <= target
		}
	}
}

// clocks measures promises that were kept or broken.
func (s *step) clocks() {
	if s.is.SLA == nil {
		return
	}
	for _, k := range s.is.SLA.Clocks {
		m := measured{k.Kind, k.Since}
		if clockFacts[k.Kind] == "" || k.MetAt == 0 && !k.Broken || slices.Contains(s.was.Clocks, m) {
			continue
		}
		s.was.Clocks = append(slices.DeleteFunc(s.was.Clocks, func(o measured) bool { return o.Kind == k.Kind }), m)
		agent := s.is.Owner
		if agent == "" {
			agent = s.was.Owner
		}
		s.timed(clockFacts[k.Kind], s.is.Queue, agent, k.Since).OK = !k.Broken
	}
}

// remember makes what is what was.
func (s *step) remember(from int) {
	w, c := s.was, s.is
	for _, x := range s.facts[from:] {
		if d := x.At - x.At%(24*3600_000); x.Conversation == c.ID && !slices.Contains(w.Days, d) {
			w.Days = append(w.Days, d)
		}
	}
	if tags := strings.Join(c.Tags, "\n"); tags != w.Tags {
		w.Tags = tags
		for _, d := range w.Days {
			s.stale[d], s.stale[d+24*3600_000-1] = true, true
		}
	}
	w.Version, w.Queue, w.Status, w.Owner, w.Offered = c.Version, c.Queue, c.Status, c.Owner, c.OfferedTo
	w.Asked, w.Released = c.Unanswered, c.Released
	if w.Told = c.Told; w.Entered == 0 {
		w.Told = nil
	}
}

// rated measures a customer's rating. It counts for the queue and the agent that had the conversation, in place of the one before.
func (f *fold) rated(e *Event, t *Touch) {
	x := Fact{N: e.ID.N, Kind: FactRating, Conversation: t.Conversation, Account: t.Account, Channel: t.Channel, At: e.At,
		Value: int64(t.Score), Second: int64(t.Score), OK: t.Score >= 4}
	if c := f.convs[t.Conversation]; c != nil {
		x.Queue, x.Agent = c.Queue, c.Owner
		if d := x.At - x.At%(24*3600_000); !slices.Contains(c.Days, d) {
			c.Days = append(c.Days, d)
		}
	} else if h := f.header(t.Conversation); h != nil {
		x.Queue, x.Agent = h.Queue, h.Owner
	}
	if t.Scale == 10 {
		x.Kind, x.OK = FactNPS, t.Score >= 9
		switch {
		case t.Score >= 9:
			x.Reason = "promoter"
		case t.Score >= 7:
			x.Reason = "passive"
		default:
			x.Reason = "detractor"
		}
	}
	if f.rates == nil {
		f.rates = map[string][]Fact{}
	}
	f.rates[t.Conversation] = slices.DeleteFunc(f.rates[t.Conversation], func(o Fact) bool {
		if o.Kind != x.Kind {
			return false
		}
		f.stale[o.At] = true
		f.gone = append(f.gone, o)
		f.facts = slices.DeleteFunc(f.facts, func(y Fact) bool { return y.N == o.N && y.Kind == o.Kind })
		return true
	})
	f.rates[t.Conversation] = append(f.rates[t.Conversation], x)
	f.fact(x)
}
