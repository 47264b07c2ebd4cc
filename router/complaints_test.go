package router

import (
	"fmt"
	"math/rand"
	"testing"

	"tamas/inbox/record"
)

// What users of other systems complain about most in their routing, one test each.

// shop is an engine whose decisions are carried out at once.
type shop struct {
	*desk
	now    record.Millis
	convs  map[string]*record.Conversation
	agents map[string]*record.Agent
	made   map[string]int // decisions by action
}

func newShop(t *testing.T, q record.Queue, capacity int, agents ...string) *shop {
	var users []record.User
	for _, id := range agents {
		users = append(users, user(id, capacity))
	}
	q.Members = agents
	s := &shop{desk: newDesk(t, []record.Queue{q}, users...), now: t0, convs: map[string]*record.Conversation{}, agents: map[string]*record.Agent{}, made: map[string]int{}}
	for _, id := range agents {
		s.edit(id, func(a *record.Agent) { a.State = record.Available })
	}
	return s
}

func (s *shop) edit(id string, f func(*record.Agent)) {
	a := record.Agent{ID: id, Held: map[string]int{}}
	if old := s.agents[id]; old != nil {
		a = *old
		a.Held = map[string]int{}
		for k, v := range old.Held {
			a.Held[k] = v
		}
	}
	f(&a)
	a.Version++
	s.agents[id] = &a
	s.agent(a)
}

func (s *shop) put(c record.Conversation) {
	c.Version++
	s.convs[c.ID] = &c
	s.conv(c)
}

func (s *shop) arrive(id string, priority int) {
	c := waiting(id, s.now)
	c.Version, c.Priority = 0, priority
	s.put(c)
}

// run carries out what is decided until nothing is.
func (s *shop) run() {
	s.Helper()
	for list := s.e.Decide(s.now); len(list) > 0; list = s.e.Decide(s.now) {
		for _, d := range list {
			s.made[d.Action]++
			if d.Action == ActState {
				s.edit(d.Agent, func(a *record.Agent) { a.State = d.State })
				continue
			}
			c := *s.convs[d.Conversation]
			switch d.Action {
			case ActPush, ActOffer:
				if c.Status = record.Active; d.Action == ActOffer {
					c.Status, c.OfferedTo, c.OfferUntil = record.Offered, d.Agent, d.Until
				} else {
					c.Owner, c.AssignedAt = d.Agent, s.now
				}
				s.edit(d.Agent, func(a *record.Agent) { a.Held[c.ID], a.IdleSince, a.TurnAt = max(1, c.Units), s.now, s.now })
				if n := s.agents[d.Agent].Used(); n > s.e.agents[d.Agent].user.Capacity {
					s.Fatalf("%s has %d", d.Agent, n)
				}
			case ActTimeout, ActRequeue:
				if d.Action == ActTimeout {
					c.Declined, c.DeclinedAt = append(c.Declined, d.Agent), s.now
					s.edit(d.Agent, func(a *record.Agent) { a.State = record.NotResponding })
				} else {
					c.Declined, c.DeclinedAt = nil, 0
				}
				if d.Agent != "" {
					s.edit(d.Agent, func(a *record.Agent) { delete(a.Held, c.ID) })
				}
				c.Status, c.Owner, c.OfferedTo, c.OfferUntil = record.Waiting, "", "", 0
			default:
				s.Fatalf("decided %+v", d)
			}
			s.put(c)
		}
	}
}

func (s *shop) end(id string) {
	c := *s.convs[id]
	s.edit(c.Owner, func(a *record.Agent) { delete(a.Held, id); a.IdleSince = s.now })
	c.Status, c.ReopenUntil = record.Resolved, s.now+1e12
	s.put(c)
	delete(s.convs, id)
}

func (s *shop) count(status record.Status) (n int) {
	for _, c := range s.convs {
		if c.Status == status {
			n++
		}
	}
	return n
}

// TestComplaintNoWaitingQueueUnderLoad: whoever finds everybody busy waits, in order, and is served as soon as one is not.
func TestComplaintNoWaitingQueueUnderLoad(t *testing.T) {
	s := newShop(t, line("q", ModePush), 3, "a", "b", "c", "d")
	for i := range 500 {
		s.now++
		s.arrive(fmt.Sprintf("%03d", i), 0)
		s.run()
	}
	if s.count(record.Active) != 12 || s.count(record.Waiting) != 488 {
		t.Fatalf("%d active, %d waiting", s.count(record.Active), s.count(record.Waiting))
	}
	for i := range 488 {
		if x := s.e.Explain("499", s.now); x.Position != 488-i || len(x.Reasons) != 4 || x.Reasons[0].Reason != Full {
			t.Fatalf("explained: %+v", x)
		}
		s.now++
		s.end(fmt.Sprintf("%03d", i))
		s.run()
		if c := s.convs[fmt.Sprintf("%03d", i+12)]; c.Status != record.Active {
			t.Fatalf("%s is not served next", c.ID)
		}
	}
}

// TestComplaintFreeAgentsNotGivenWaiting: however an agent becomes able, by state, socket, capacity, skill, channel, membership or the end of
// other work, somebody who waits is given at once.
func TestComplaintFreeAgentsNotGivenWaiting(t *testing.T) {
	able := map[string]struct{ before, after func(*shop) }{
		"state":    {func(s *shop) { s.edit("a", func(a *record.Agent) { a.State = record.Break }) }, func(s *shop) { s.edit("a", func(a *record.Agent) { a.State = record.Available }) }},
		"socket":   {func(s *shop) { s.edit("a", func(a *record.Agent) { a.LostAt = t0 }) }, func(s *shop) { s.edit("a", func(a *record.Agent) { a.LostAt = 0 }) }},
		"channel":  {func(s *shop) { s.edit("a", func(a *record.Agent) { a.Channels = []string{"mail"} }) }, func(s *shop) { s.edit("a", func(a *record.Agent) { a.Channels = nil }) }},
		"work":     {func(s *shop) { s.edit("a", func(a *record.Agent) { a.Held["x"] = 1 }) }, func(s *shop) { s.edit("a", func(a *record.Agent) { delete(a.Held, "x") }) }},
		"capacity": {func(s *shop) { s.rules(func(r *Rules) { r.Users = []record.User{user("a", 0)} }) }, func(s *shop) { s.rules(func(r *Rules) { r.Users = []record.User{user("a", 1)} }) }},
		"disabled": {func(s *shop) {
			s.rules(func(r *Rules) { r.Users = []record.User{{ID: "a", Capacity: 1, Disabled: true}} })
		},
			func(s *shop) {
				s.rules(func(r *Rules) { r.Users = []record.User{user("a", 1)} })
				s.edit("a", func(a *record.Agent) { a.State = record.Available })
			}},
		"member": {func(s *shop) { s.rules(func(r *Rules) { r.Queues[0].Members = nil }) }, func(s *shop) { s.rules(func(r *Rules) { r.Queues[0].Members = []string{"a"} }) }},
		"skill": {func(s *shop) { s.rules(func(r *Rules) { r.Queues[0].Routing.Needs = []record.Need{{Skill: "x"}} }) },
			func(s *shop) {
				s.rules(func(r *Rules) { r.Users = []record.User{skilled("a", 1, map[string]int{"x": 1})} })
			}},
		"mode":   {func(s *shop) { s.rules(func(r *Rules) { r.Queues[0].Mode = ModePull }) }, func(s *shop) { s.rules(func(r *Rules) { r.Queues[0].Mode = ModePush }) }},
		"closed": {func(s *shop) { s.rules(func(r *Rules) { r.Queues[0].Routing.Closed = true }) }, func(s *shop) { s.rules(func(r *Rules) { r.Queues[0].Routing.Closed = false }) }},
	}
	for what, x := range able {
		t.Run(what, func(t *testing.T) {
			s := newShop(t, line("q", ModePush), 1, "a")
			x.before(s)
			s.run()
			s.arrive("1", 0)
			s.run()
			if s.count(record.Waiting) != 1 {
				t.Fatal("it does not wait")
			}
			s.now += 1000
			x.after(s)
			s.run()
			if s.count(record.Active) != 1 {
				t.Errorf("still waits: %+v", s.e.Explain("1", s.now))
			}
		})
	}
}

// TestComplaintUnevenAssignment: under any order of agents nobody gets above capacity, and what many alike are given differs by one.
func TestComplaintUnevenAssignment(t *testing.T) {
	for _, order := range []string{record.OrderIdle, record.OrderActive, record.OrderAvailable, record.OrderRatio, record.OrderRound} {
		t.Run(order, func(t *testing.T) {
			q := line("q", ModePush)
			q.Routing.Order = order
			agents := []string{"a", "b", "c", "d", "e", "f", "g"}
			s := newShop(t, q, 5, agents...)
			for i := range 50 {
				if i%3 > 0 { // some come together
					s.now += 1000
				}
				s.arrive(fmt.Sprintf("%02d", i), 0)
				if i%4 > 0 {
					s.run()
				}
				least, most := 99, 0
				for _, a := range s.agents {
					least, most = min(least, a.Used()), max(most, a.Used())
				}
				if most-least > 1 || most > 5 {
					t.Fatalf("after %d one has %d, another %d", i+1, least, most)
				}
			}
			s.run()
			if s.count(record.Active) != 35 {
				t.Errorf("%d are served", s.count(record.Active))
			}
		})
	}
}

// TestComplaintNoPullBack: an offer that is ignored goes to the next, its agent is asked nothing more, and a chat whose agent is gone goes back with
// its age.
func TestComplaintNoPullBack(t *testing.T) {
	s := newShop(t, line("q", ModeOffer), 1, "a", "b")
	s.arrive("1", 0)
	s.run()
	first := s.convs["1"].OfferedTo
	s.now = s.e.Next()
	s.run()
	c := s.convs["1"]
	if s.now != t0+20_000 || c.Status != record.Offered || c.OfferedTo == first || s.agents[first].State != record.NotResponding || c.WaitingSince != t0 {
		t.Fatalf("at %d: %+v", s.now, c)
	}
	taken := *c
	taken.Status, taken.Owner, taken.OfferedTo, taken.AssignedAt, taken.Unanswered = record.Active, c.OfferedTo, "", s.now, t0
	s.put(taken)
	s.edit(taken.Owner, func(a *record.Agent) { a.LostAt = s.now })
	s.run()
	s.now = s.e.Next()
	s.run()
	if c := s.convs["1"]; c.Status != record.Waiting || c.WaitingSince != t0 || s.agents[taken.Owner].State != record.Offline || s.agents[taken.Owner].Used() > 0 {
		t.Errorf("at %d: %+v", s.now, c)
	}
}

// TestComplaintStateFlipsByItself: through a day of work the engine changes no agent's state but when wrap-up is over, an offer ran out, a socket stayed
// lost past its grace, or the user was disabled.
func TestComplaintStateFlipsByItself(t *testing.T) {
	s := newShop(t, line("q", ModePush), 3, "a", "b", "c", "d", "e")
	set := map[string]record.AgentState{"a": record.Available, "b": record.Busy, "c": record.Break, "d": record.Offline, "e": record.NotResponding}
	for id, state := range set {
		s.edit(id, func(a *record.Agent) { a.State = state })
	}
	rnd := rand.New(rand.NewSource(1))
	for i := range 2000 {
		s.now += record.Millis(rnd.Intn(60_000))
		switch id := []string{"a", "b", "c", "d", "e"}[rnd.Intn(5)]; rnd.Intn(4) {
		case 0: // a reload: the socket goes and comes back within its grace
			s.edit(id, func(a *record.Agent) { a.LostAt = s.now })
			s.run()
			s.now += 29_999
			s.run()
			s.edit(id, func(a *record.Agent) { a.LostAt = 0 })
		case 1:
			s.arrive(fmt.Sprint(i), 0)
		case 2:
			for id, c := range s.convs {
				if c.Status == record.Active {
					s.end(id)
					break
				}
			}
		default:
			s.rules(func(r *Rules) {})
		}
		s.run()
		for id, state := range set {
			if a := s.agents[id]; a.State != state {
				t.Fatalf("%s is %s", id, a.State)
			}
		}
	}
	if s.made[ActState] > 0 || s.made[ActPush] == 0 {
		t.Errorf("%v", s.made)
	}
}

// TestNobodyStarves: more arrive than can be served, of every priority, clock and weight; nobody waits longer than what bounds the order says.
func TestNobodyStarves(t *testing.T) {
	for _, order := range []string{record.WaitScore, record.WaitSLA} {
		t.Run(order, func(t *testing.T) {
			q := line("q", ModePush)
			q.Routing.Waiting, q.Routing.HeavySecs = order, 60
			s := newShop(t, q, 2, "a", "b")
			rnd := rand.New(rand.NewSource(2))
			var mark []string
			for i := range 6000 { // twice as many units as can be served, then arrivals at the rate of service
				s.now += 10_000
				if i < 1500 || i%2 == 0 {
					c := waiting(fmt.Sprintf("%05d", i), s.now)
					c.Version, c.Units = 0, 1+rnd.Intn(2)
					switch rnd.Intn(4) {
					case 0:
						c.Priority = 30
					case 1:
						c.SLA = clock(record.ClockFirst, s.now+record.Millis(1+rnd.Intn(30))*minute)
						c.SLA.Clocks[0].Broken = true // said already
					}
					s.put(c)
					if i < 1500 {
						mark = append(mark, c.ID)
					}
				}
				done := 0
				for _, id := range sorted(s.convs) {
					if c := s.convs[id]; c.Status == record.Active && done < 1+i%2 {
						s.end(id)
						done++
					}
				}
				s.run()
			}
			left := 0
			for _, id := range mark {
				if s.convs[id] != nil {
					left++
				}
			}
			if left > 0 {
				t.Errorf("%d of the first %d still wait", left, len(mark))
			}
		})
	}
}
