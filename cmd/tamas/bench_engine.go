package main

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"time"

	"tamas/inbox/record"
	"tamas/router"
)

// engineSkills are asked for on the floor that the engine is measured on; it has a queue for twenty agents, and ten customers wait for each.
const engineSkills = 20

// measureEngine runs the router's engine alone, without a hub: the rush hour. Every agent is busy and 10,000 wait; one conversation ends,
// another customer arrives, one decision follows. A decision's time is that of all three, with their events.
func (b *bencher) measureEngine(ctx context.Context) error {
	f, waiting := newEngineFloor(b.floor), 10*b.floor
	for range 3*b.floor + waiting {
		f.arrive()
	}
	f.carryOut(f.engine.Decide(f.now))
	for len(f.convs)-len(f.active) < waiting {
		f.arrive()
	}
	f.carryOut(f.engine.Decide(f.now))
	f.turn(waiting, b.warmUp()/4)
	n, took := f.turn(waiting, b.time/4)
	if n == 0 {
		return fmt.Errorf("the engine decided nothing: %d wait", len(f.convs)-len(f.active))
	}
	b.report.add(figure{Name: "engine", Label: "decisions of the engine", Value: float64(n) / took.Seconds(), Unit: "/s", Aim: 50_000,
		Note: fmt.Sprintf("%d agents, %d wait, %d queues, %d skills", b.floor, len(f.convs)-len(f.active), len(f.rules.Queues), engineSkills)})
	return ctx.Err()
}

// engineFloor is a large contact centre as the engine sees it.
type engineFloor struct {
	engine *router.Engine
	now    record.Millis
	n      uint64
	rnd    *rand.Rand
	rules  router.Rules
	agents map[string]*record.Agent
	convs  map[string]*record.Conversation
	active []string
}

func newEngineFloor(agents int) *engineFloor {
	f := &engineFloor{engine: router.New(router.DefaultPolicy()), now: record.At(time.Now()), rnd: rand.New(rand.NewPCG(1, 2)),
		agents: map[string]*record.Agent{}, convs: map[string]*record.Conversation{}}
	orders := []string{record.OrderIdle, record.OrderActive, record.OrderAvailable, record.OrderRatio, record.OrderRound}
	for i := range max(4, agents/20) {
		f.rules.Queues = append(f.rules.Queues, record.Queue{ID: fmt.Sprintf("q%02d", i), Mode: router.ModePush,
			Routing: record.Routing{Order: orders[i%len(orders)], Needs: []record.Need{{Skill: skill(i), Level: 1 + i%3}}}})
	}
	var list []record.Agent
	for i := range agents {
		id := fmt.Sprintf("u%04d", i)
		u := record.User{ID: id, Capacity: 4, Skills: map[string]int{}}
		for _, q := range f.rnd.Perm(len(f.rules.Queues))[:4] { // and what their queues ask
			f.rules.Queues[q].Members = append(f.rules.Queues[q].Members, id)
			u.Skills[skill(q)] = 3 + f.rnd.IntN(3)
		}
		f.rules.Users = append(f.rules.Users, u)
		f.agents[id] = &record.Agent{ID: id, Version: 1, State: record.Available, Held: map[string]int{}}
		list = append(list, *f.agents[id])
	}
	f.engine.Settings(f.rules.Cut())
	f.engine.Load(record.ID{N: 1, Token: 1}, nil, list)
	f.n = 1
	return f
}

func skill(i int) string { return fmt.Sprintf("skill%02d", i%engineSkills) }

func (f *engineFloor) event(kind string, c *record.Conversation, a *record.Agent) {
	f.n++
	f.now++
	e := record.Event{ID: record.ID{N: f.n, Token: 1}, Kind: kind, At: f.now, Conversation: c}
	if a != nil {
		e.Agents = []record.Agent{*a}
	}
	f.engine.Apply(&e)
}

// arrive has a customer write; one in ten asks for a skill of the conversation's own.
func (f *engineFloor) arrive() {
	q := f.rnd.IntN(len(f.rules.Queues))
	c := &record.Conversation{ID: fmt.Sprintf("c%09d", f.n), Version: 1, Channel: "webchat", Queue: f.rules.Queues[q].ID, Status: record.Waiting,
		Units: 1 + f.rnd.IntN(2), WaitingSince: f.now, QueuedAt: f.now, Priority: f.rnd.IntN(3) * 5, Unanswered: f.now}
	if f.rnd.IntN(10) == 0 {
		c.Needs = []record.Need{{Skill: skill(f.rnd.IntN(engineSkills)), DropAfter: 60}}
	}
	f.convs[c.ID] = c
	f.event(record.EvReceived, c, nil)
}

func (f *engineFloor) agent(id string) *record.Agent {
	a := *f.agents[id]
	a.Version++
	a.Held = maps.Clone(a.Held)
	f.agents[id] = &a
	return &a
}

// finish ends one of the active conversations.
func (f *engineFloor) finish() {
	i := f.rnd.IntN(len(f.active))
	id := f.active[i]
	f.active[i] = f.active[len(f.active)-1]
	f.active = f.active[:len(f.active)-1]
	gone := *f.convs[id]
	delete(f.convs, id)
	a := f.agent(gone.Owner)
	delete(a.Held, id)
	a.IdleSince = f.now
	gone.Version, gone.Status = gone.Version+1, record.Resolved
	f.event(record.EvClosed, &gone, a)
}

func (f *engineFloor) carryOut(list []router.Decision) {
	for i := range list {
		d := &list[i]
		c := *f.convs[d.Conversation]
		c.Version, c.Status, c.Owner, c.AssignedAt = c.Version+1, record.Active, d.Agent, f.now
		a := f.agent(d.Agent)
		a.Held[c.ID], a.IdleSince, a.TurnAt = c.Units, f.now, f.now
		f.convs[c.ID] = &c
		f.active = append(f.active, c.ID)
		f.event(record.EvAssigned, &c, a)
	}
}

// turn works for a time, with so many in line, and tells how much was decided.
func (f *engineFloor) turn(waiting int, d time.Duration) (decisions int, took time.Duration) {
	begun := time.Now()
	for took < d {
		for range 50 {
			f.finish()
			for len(f.convs)-len(f.active) < waiting {
				f.arrive()
			}
			list := f.engine.Decide(f.now)
			f.carryOut(list)
			decisions += len(list)
		}
		took = time.Since(begun)
	}
	return decisions, took
}
