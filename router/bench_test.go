package router

import (
	"fmt"
	"maps"
	"math/rand"
	"runtime"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tamas/inbox/record"
)

// floor is a large contact centre: 1,000 agents of capacity 4, 50 queues, 20 skills of which an agent has eight. A third of the
// conversations ask one skill, a third two of which one is dropped after a minute; half take two units.
type floor struct {
	e      *Engine
	now    record.Millis
	n      uint64
	rnd    *rand.Rand
	agents map[string]*record.Agent
	convs  map[string]*record.Conversation
	active []string
	queues []record.Queue
	events []record.Event // not applied yet
	engine time.Duration  // processor time of the engine alone
}

// decide lets the engine have the events and decide, and counts the time that its thread has: without the model, other programs and
// the collector's threads.
func (f *floor) decide() []Decision {
	before := threadTime()
	for i := range f.events {
		f.e.Apply(&f.events[i])
	}
	list := f.e.Decide(f.now)
	f.engine += threadTime() - before
	f.events = nil
	return list
}

func threadTime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		panic(err)
	}
	return time.Duration(t.Nano())
}

func newFloor(each, agents int) *floor {
	f := &floor{e: New(DefaultPolicy()), now: t0, rnd: rand.New(rand.NewSource(1)), agents: map[string]*record.Agent{}, convs: map[string]*record.Conversation{}}
	for i := range 50 {
		orders := []string{record.OrderIdle, record.OrderActive, record.OrderAvailable, record.OrderRatio, record.OrderRound}
		f.queues = append(f.queues, record.Queue{ID: fmt.Sprintf("q%02d", i), Mode: ModePush, Routing: record.Routing{Order: orders[i%5]}})
	}
	var users []record.User
	for i := range agents {
		id := fmt.Sprintf("u%05d", i)
		u := user(id, 4)
		u.Skills = map[string]int{}
		for _, s := range f.rnd.Perm(20)[:8] {
			u.Skills[fmt.Sprintf("s%02d", s)] = 1 + f.rnd.Intn(5)
		}
		users = append(users, u)
		for _, q := range f.rnd.Perm(50)[:each] {
			f.queues[q].Members = append(f.queues[q].Members, id)
		}
		f.agents[id] = &record.Agent{ID: id, Version: 1, State: record.Available, Held: map[string]int{}}
	}
	f.e.Settings(Rules{Queues: f.queues, Users: users})
	return f
}

func (f *floor) event(kind string, c *record.Conversation, a *record.Agent) {
	f.n++
	f.now++
	e := record.Event{ID: record.ID{N: f.n, Token: 1}, Kind: kind, At: f.now, Conversation: c}
	if a != nil {
		e.Agents = []record.Agent{*a}
	}
	f.events = append(f.events, e)
}

func (f *floor) arrive() {
	c := &record.Conversation{ID: fmt.Sprintf("c%09d", f.n), Version: 1, Queue: f.queues[f.rnd.Intn(50)].ID, Status: record.Waiting,
		Units: 1 + f.rnd.Intn(2), WaitingSince: f.now, Priority: f.rnd.Intn(3) * 5, Unanswered: f.now}
	skill := func() string { return fmt.Sprintf("s%02d", f.rnd.Intn(20)) }
	switch f.rnd.Intn(3) {
	case 0:
		c.Needs = []record.Need{{Skill: skill(), Level: 1 + f.rnd.Intn(2)}}
	case 1:
		c.Needs = []record.Need{{Skill: skill()}, {Skill: skill(), Level: 2, DropAfter: 60}}
	}
	f.convs[c.ID] = c
	f.event(record.EvReceived, c, nil)
}

func (f *floor) bump(id string) *record.Agent {
	a := *f.agents[id]
	a.Version++
	a.Held = maps.Clone(a.Held)
	f.agents[id] = &a
	return &a
}

func (f *floor) resolve() {
	i := f.rnd.Intn(len(f.active))
	id := f.active[i]
	f.active[i] = f.active[len(f.active)-1]
	f.active = f.active[:len(f.active)-1]
	c := f.convs[id]
	delete(f.convs, id)
	a := f.bump(c.Owner)
	delete(a.Held, id)
	gone := *c
	gone.Version, gone.Status = c.Version+1, record.Resolved
	f.event(record.EvClosed, &gone, a)
}

func (f *floor) carryOut(list []Decision) {
	for i := range list {
		d := &list[i]
		c := *f.convs[d.Conversation]
		c.Version, c.Status, c.Owner, c.AssignedAt = c.Version+1, record.Active, d.Agent, f.now
		a := f.bump(d.Agent)
		a.Held[c.ID], a.IdleSince = c.Units, f.now
		f.convs[c.ID] = &c
		f.active = append(f.active, c.ID)
		f.event(record.EvAssigned, &c, a)
	}
}

func (f *floor) load() {
	convs, list := []record.Conversation{}, []record.Agent{}
	for _, c := range f.convs {
		convs = append(convs, *c)
	}
	for _, a := range f.agents {
		list = append(list, *a)
	}
	f.e.Load(record.ID{N: f.n, Token: 1}, convs, list)
	f.events = nil
}

// spent is the processor time that the process has had: what counts on a machine that does something else besides.
func spent() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkBacklog is the rush hour: 10,000 wait and every agent is busy; one conversation ends, a customer arrives,
// one decision follows. Times are for all three, with the events of all of them.
func BenchmarkBacklog(b *testing.B) {
	for _, each := range []int{4, 50} {
		b.Run(fmt.Sprintf("queues-per-agent=%d", each), func(b *testing.B) {
			f := newFloor(each, 1000)
			f.load()
			for range 13_000 {
				f.arrive()
			}
			f.carryOut(f.decide())
			for len(f.convs)-len(f.active) < 10_000 {
				f.arrive()
			}
			f.carryOut(f.decide())
			b.ReportAllocs()
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			before, n := spent(), 0
			f.engine = 0
			b.ResetTimer()
			for n < b.N {
				f.resolve()
				f.arrive()
				list := f.decide()
				f.carryOut(list)
				n += len(list)
			}
			b.ReportMetric(float64(n)/f.engine.Seconds(), "decisions/engine-s")
			b.ReportMetric(float64(n)/(spent()-before).Seconds(), "decisions/cpu-s")
			b.ReportMetric(float64(len(f.convs)-len(f.active)), "waiting")
		})
	}
}

// BenchmarkQuiet is a quiet day: nobody waits, 1,000 agents are free, a customer arrives and is handed over at once.
func BenchmarkQuiet(b *testing.B) {
	for _, each := range []int{4, 50} {
		b.Run(fmt.Sprintf("queues-per-agent=%d", each), func(b *testing.B) {
			f := newFloor(each, 1000)
			f.load()
			b.ReportAllocs()
			before := spent()
			for i := range b.N {
				f.arrive()
				f.carryOut(f.decide())
				if i > 500 {
					f.resolve()
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
			b.ReportMetric(float64(b.N)/(spent()-before).Seconds(), "decisions/cpu-s")
		})
	}
}

// BenchmarkTakeOver is a new leader: 10,000 wait for 1,000 free agents.
func BenchmarkTakeOver(b *testing.B) {
	f := newFloor(4, 1000)
	for range 10_000 {
		f.arrive()
	}
	n := 0
	for b.Loop() {
		f.load()
		n += len(f.decide())
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "decisions/s")
}

// BenchmarkExplain is "why is this still waiting?" of one of 10,000, for agents who are all busy.
func BenchmarkExplain(b *testing.B) {
	f := newFloor(4, 1000)
	f.load()
	for range 13_000 {
		f.arrive()
	}
	f.carryOut(f.decide())
	var waits record.Conversation
	var convs []record.Conversation
	for _, c := range f.convs {
		if convs = append(convs, *c); c.Status == record.Waiting {
			waits = *c
		}
	}
	var agents []record.Agent
	for _, a := range f.agents {
		agents = append(agents, *a)
	}
	hub := newStillHub(convs, agents, f.e.rules)
	for _, shared := range []bool{false, true} {
		b.Run(fmt.Sprintf("shared=%v", shared), func(b *testing.B) {
			var x Explainer
			b.ReportAllocs()
			before := spent()
			for b.Loop() {
				if !shared {
					f.now += 1000
				}
				if why := x.Explain(hub, waits, f.now); len(why.Reasons) == 0 {
					b.Fatal("no reason")
				}
			}
			b.ReportMetric(float64((spent()-before).Microseconds())/float64(b.N), "cpu-µs/op")
		})
	}
}

// BenchmarkIdle is a night: 10,000 wait for agents who are not there, and somebody asks whether anything is due.
func BenchmarkIdle(b *testing.B) {
	f := newFloor(4, 0)
	for range 10_000 {
		f.arrive()
	}
	f.carryOut(f.decide())
	for b.Loop() {
		if next := f.e.Next(); next > 0 && next <= f.now || len(f.e.Decide(f.now)) > 0 {
			b.Fatal("something is due")
		}
	}
}
