package router

import (
	"fmt"
	"maps"
	"math/rand"
	"slices"

	"tamas/inbox/record"
)

// world is a model of the hub: the live state, its state machine as far as routing goes, and the log of what
// happened. It refuses as the hub does: by version, by state, by capacity.
type world struct {
	now    record.Millis
	n      uint64
	convs  map[string]*record.Conversation
	agents map[string]*record.Agent
	users  map[string]*record.User
	queues map[string]*record.Queue
	log    []record.Event // not delivered to the engine yet
	hops   map[string]int // conversation → overflows since somebody had it
	keep   bool           // a requeue of an offer keeps Declined

	asked map[[2]string]record.Millis // conversation, agent → refusal in the conversation's present round
}

func newWorld(rnd *rand.Rand) *world {
	w := &world{now: 1_000_000, keep: rnd.Intn(2) == 0, convs: map[string]*record.Conversation{}, agents: map[string]*record.Agent{},
		users: map[string]*record.User{}, queues: map[string]*record.Queue{}, asked: map[[2]string]record.Millis{}, hops: map[string]int{}}
	for i := range 1 + rnd.Intn(7) {
		id := fmt.Sprintf("u%02d", i)
		w.users[id] = &record.User{ID: id, Capacity: rnd.Intn(6), Skills: someSkills(rnd)}
		w.agents[id] = &record.Agent{ID: id, Version: 1, State: record.Available, Held: map[string]int{}}
	}
	for i := range 1 + rnd.Intn(4) {
		id := fmt.Sprintf("q%d", i)
		w.queues[id] = &record.Queue{ID: id}
		w.shuffleQueue(id, rnd)
	}
	return w
}

func (w *world) shuffleQueue(id string, rnd *rand.Rand) {
	q := *w.queues[id]
	q.Mode = []string{ModePush, ModeOffer, ModeOffer, ModeOffer, ModePull, ""}[rnd.Intn(6)]
	q.OfferSeconds = rnd.Intn(3) * 20
	q.WrapUpSecs = rnd.Intn(2) * 15
	q.Members = nil
	r := record.Routing{
		Order:   []string{"", record.OrderActive, record.OrderAvailable, record.OrderRatio, record.OrderRound, record.OrderIdle}[rnd.Intn(6)],
		Waiting: []string{"", record.WaitScore, record.WaitSLA}[rnd.Intn(3)],
		Needs:   someNeeds(rnd), StickySecs: rnd.Intn(3) * 20, HeavySecs: rnd.Intn(2) * 30, ReleaseSecs: rnd.Intn(3) * 5,
		Closed: rnd.Intn(12) == 0, Calendar: []string{"", "", "", "", "cal", "unknown"}[rnd.Intn(6)],
	}
	if rnd.Intn(2) == 0 {
		r.ClosedText = "closed"
	}
	late := []record.Secondary{{After: 20}, {After: 60}}
	for _, u := range sorted(w.users) {
		switch rnd.Intn(5) {
		case 0:
		case 1:
			s := &late[rnd.Intn(2)]
			s.Members = append(s.Members, u)
		default:
			q.Members = append(q.Members, u)
		}
	}
	if rnd.Intn(2) == 0 {
		r.Secondary = late
	}
	for range rnd.Intn(3) {
		o := record.Overflow{When: []string{record.OverWait, record.OverLength, record.OverUnstaffed, record.OverClosed, record.OverImpossible}[rnd.Intn(5)],
			Value: rnd.Intn(4), Queue: pick(rnd, append(sorted(w.queues), "", "gone"))}
		if o.When == record.OverWait {
			o.Value *= 30
		}
		if rnd.Intn(3) == 0 {
			o.Text = "over"
		}
		r.Overflow = append(r.Overflow, o)
	}
	q.Routing = r
	w.queues[id] = &q
}

func pick[T any](rnd *rand.Rand, list []T) (none T) {
	if len(list) == 0 {
		return none
	}
	return list[rnd.Intn(len(list))]
}

var skills = []string{"english", "billing", "خط"}

func someSkills(rnd *rand.Rand) map[string]int {
	has := map[string]int{}
	for _, s := range skills {
		if rnd.Intn(3) > 0 {
			has[s] = 1 + rnd.Intn(3)
		}
	}
	return has
}

// someNeeds are mostly none, some mandatory, some in rings.
func someNeeds(rnd *rand.Rand) (needs []record.Need) {
	for range rnd.Intn(6) - 3 {
		needs = append(needs, record.Need{Skill: skills[rnd.Intn(3)], Level: rnd.Intn(4), DropAfter: rnd.Intn(3) * 25})
	}
	return needs
}

// someSLA has clocks of every state.
func (w *world) someSLA(rnd *rand.Rand) *record.SLA {
	if rnd.Intn(2) == 0 {
		return nil
	}
	s := &record.SLA{Policy: "p"}
	for _, kind := range []string{record.ClockFirst, record.ClockNext, record.ClockResolution} {
		k := record.Clock{Kind: kind, Since: w.now}
		switch rnd.Intn(4) {
		case 0:
			continue
		case 1:
			k.Left = 1000
		case 2:
			k.MetAt, k.Due = w.now, w.now+1
		default:
			k.Due = w.now + record.Millis(rnd.Intn(200_000))
			k.WarnAt = w.now + record.Millis(rnd.Intn(int(k.Due-w.now+1)))
		}
		s.Clocks = append(s.Clocks, k)
	}
	return s
}

// hoursOfTest are open and closed every few minutes of the first hours.
var hoursOfTest = func() record.Calendar {
	c := record.Calendar{ID: "cal", Zone: "UTC"}
	for d := range c.Week {
		for m := 0; m < 230; m += 10 {
			c.Week[d] = append(c.Week[d], record.Span{From: m, To: m + 4 + m%5})
		}
	}
	return c
}()

func sorted[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }

func (w *world) settings() (r Rules) {
	for _, id := range sorted(w.queues) {
		r.Queues = append(r.Queues, *w.queues[id])
	}
	for _, id := range sorted(w.users) {
		r.Users = append(r.Users, *w.users[id])
	}
	r.Calendars = []record.Calendar{hoursOfTest, {ID: "unreadable", Zone: "../nowhere"}}
	return r
}

func (w *world) headers() (convs []record.Conversation, agents []record.Agent) {
	for _, c := range w.convs {
		convs = append(convs, *c)
	}
	for _, a := range w.agents {
		agents = append(agents, *a)
	}
	return convs, agents
}
