package router

import (
	"cmp"
	"flag"
	"fmt"
	"math/rand"
	"reflect"
	"slices"
	"strings"
	"testing"

	"tamas/inbox/record"
)

var (
	long    = flag.Bool("long", false, "run 25 times as many random steps: more than a million")
	first   = flag.Int64("first", 1, "the seed of the first history")
	oneSeed = flag.Int64("seed", 0, "run only this history and tell all of it")
)

// history is one random run of world and engine, and the laws checked along the way.
type history struct {
	t      *testing.T
	seed   int64
	rnd    *rand.Rand
	w      *world
	e      *Engine
	fresh  *Engine // is to decide the same the next time
	prompt bool    // decisions are carried out and events delivered at once: the engine always sees the present

	past   []record.Event      // delivered
	flying []Decision          // not tried on the world yet
	made   map[string]Decision // by subject; the last one, if it was not refused
	step   int
	trace  []string
	count  map[string]int
}

func (h *history) tell(format string, args ...any) {
	h.trace = append(h.trace, fmt.Sprintf("%d @%d ", h.step, h.w.now)+fmt.Sprintf(format, args...))
}

func (h *history) fail(format string, args ...any) {
	h.t.Helper()
	trace := h.trace
	if *oneSeed == 0 && len(trace) > 25 {
		trace = trace[len(trace)-25:]
	}
	h.t.Fatalf("%s\nagain: go test ./router -run %s -seed %d\n%s", fmt.Sprintf(format, args...), h.t.Name(), h.seed, strings.Join(trace, "\n"))
}

func (h *history) deliver(n int) {
	for _, ev := range h.w.log[:n] {
		h.e.Apply(&ev)
		if h.past = append(h.past, ev); h.rnd.Intn(5) == 0 { // again, or something old, does no harm
			old := h.past[h.rnd.Intn(len(h.past))]
			if old.Conversation == nil || h.e.convs[old.Conversation.ID] != nil {
				h.e.Apply(&old)
			}
		}
	}
	h.w.log = h.w.log[n:]
}

// try lets the world judge a decision.
func (h *history) try(d Decision) {
	err := h.w.do(d)
	h.tell("%s %s → %s: %v", d.Action, d.Conversation, d.Agent, err)
	h.count[d.Action]++
	if err != nil {
		h.count["refused"]++
		if h.prompt {
			h.fail("refused although the engine saw the present: %+v: %v", d, err)
		}
		if h.rnd.Intn(10) > 0 { // else nobody tells the engine
			h.refuse(d)
		}
	}
}

func (h *history) refuse(d Decision) {
	h.e.Refuse(d, h.w.now)
	if h.made[subject(d)].Version == d.Version {
		delete(h.made, subject(d))
	}
}

// subject is the conversation that a decision is about, or the agent.
func subject(d Decision) string { return cmp.Or(d.Conversation, d.Agent) }

func (h *history) decide() []Decision {
	now := h.w.now
	list := h.e.Decide(now)
	if h.fresh != nil {
		if also := h.fresh.Decide(now); len(list)+len(also) > 0 && !reflect.DeepEqual(list, also) {
			h.fail("lived through events:\n%+v\ntaken over:\n%+v", list, also)
		}
		if !reflect.DeepEqual(h.e.Pending(), h.fresh.Pending()) {
			h.fail("pending:\n%+v\ntaken over:\n%+v", h.e.Pending(), h.fresh.Pending())
		}
		h.fresh = nil
	}
	for _, d := range list {
		if made, ok := h.made[subject(d)]; ok && made.Version == d.Version && now < made.Why.Now+h.e.policy.Patience {
			h.fail("decided %+v while %+v stands", d, made)
		}
		h.made[subject(d)] = d
		if d.Why.Code == "" || d.Why.Now != now {
			h.fail("without a reason: %+v", d)
		}
		switch d.Action {
		case ActOffer, ActPush:
			h.checkHanded(d)
		case ActOverflow:
			c := h.e.convs[d.Conversation].h
			if v := h.engineView(); d.Queue == c.Queue || slices.Contains(c.Hops, d.Queue) || len(c.Hops) >= record.MaxHops || !v.overflowMay(&c, d.Reason, d.Queue) {
				h.fail("must not overflow: %+v %+v", d, c)
			}
		}
		if c := h.e.convs[d.Conversation]; d.Why.Code == WhyRound && c.h.DeclinedAt+h.e.round > now {
			h.fail("a new round too early: %+v", d)
		}
	}
	h.checkNobodyForgotten(now)
	if next := h.e.Next(); next > 0 && next <= now {
		h.fail("Next %d is not in the future at %d", next, now)
	}
	return list
}

func (h *history) pendingNow() bool {
	for _, c := range h.e.convs {
		if c.pend != nil {
			return true
		}
	}
	for _, a := range h.e.agents {
		if a.pend != nil {
			return true
		}
	}
	return false
}

// rebuilt is an engine that knows the present headers only.
func (h *history) rebuilt() *Engine {
	e := New(DefaultPolicy())
	convs, agents := h.w.headers()
	if h.rnd.Intn(2) == 0 {
		e.Settings(h.w.settings())
		e.Load(h.e.last, convs, agents)
	} else {
		e.Load(h.e.last, convs, agents)
		e.Settings(h.w.settings())
	}
	return e
}

func (h *history) runPrompt(steps int) {
	for ; h.step < steps; h.step++ {
		switch h.rnd.Intn(5) {
		case 0:
			h.w.now += record.Millis(h.rnd.Intn(20_000))
		case 1:
			if next := h.e.Next(); next > h.w.now+1 && h.rnd.Intn(2) == 0 {
				// until then nothing is due, whoever is asked
				h.w.now += record.Millis(h.rnd.Int63n(int64(next - h.w.now)))
				if list := h.e.Decide(h.w.now); len(list) > 0 {
					h.fail("decided %+v before %d", list, next)
				}
				if list := h.rebuilt().Decide(h.w.now); len(list) > 0 {
					h.fail("a rebuilt engine decided %+v before %d", list, next)
				}
			} else if next > 0 {
				h.w.now = max(next, h.w.now)
			}
		default:
			what := h.w.happen(h.rnd)
			h.tell("%s", what)
			if what == "settings" {
				h.e.Settings(h.w.settings())
			}
		}
		h.deliver(len(h.w.log))
		for round := 0; ; round++ {
			if round > 20 {
				h.fail("decisions do not come to an end")
			}
			var want []Decision
			var naive []string
			if !h.pendingNow() {
				want, naive = h.rebuilt().Decide(h.w.now), h.naive()
			} else {
				h.fail("something is pending")
			}
			list := h.decide()
			if len(list)+len(want) > 0 && !reflect.DeepEqual(list, want) {
				h.fail("lived through events:\n%+v\nrebuilt:\n%+v", list, want)
			}
			var handed []string
			for _, d := range list {
				if d.Action == ActOffer || d.Action == ActPush {
					handed = append(handed, d.Conversation+"→"+d.Agent)
				}
			}
			if !slices.Equal(handed, naive) {
				h.fail("matched %v, the slow way %v", handed, naive)
			}
			for _, d := range list {
				h.try(d)
			}
			h.deliver(len(h.w.log))
			if len(list) == 0 {
				break
			}
		}
		h.checkWorld()
		if h.step%50 == 0 {
			h.checkExplainer()
		}
	}
}

// runLate has everything late, lost, doubled and in the wrong order.
func (h *history) runLate(steps int) {
	for ; h.step < steps; h.step++ {
		switch h.rnd.Intn(8) {
		case 0:
			h.w.now += record.Millis(h.rnd.Intn(8_000))
		case 1, 2:
			h.deliver(h.rnd.Intn(len(h.w.log) + 1))
		case 3:
			h.checkTakeOver()
			h.flying = append(h.flying, h.decide()...)
		case 4, 5:
			if len(h.flying) > 0 {
				i := h.rnd.Intn(len(h.flying))
				d := h.flying[i]
				switch h.rnd.Intn(8) {
				case 0: // lost
					h.flying = slices.Delete(h.flying, i, i+1)
				case 1: // and once more later
					h.try(d)
				default:
					h.flying = slices.Delete(h.flying, i, i+1)
					h.try(d)
				}
			}
		default:
			what := h.w.happen(h.rnd)
			h.tell("%s", what)
			if what == "settings" {
				h.e.Settings(h.w.settings())
			}
		}
		h.checkWorld()
	}
}

// settle lets everybody come to work, answer everything at once, and time pass: nobody may be left waiting, except
// where no queue serves them.
func (h *history) settle() {
	w := h.w
	h.prompt = true
	for _, d := range h.flying {
		h.refuse(d)
	}
	h.flying = nil
	for _, id := range sorted(w.users) {
		u := *w.users[id]
		u.Disabled, u.Capacity, u.Skills = false, 1000, map[string]int{"english": 5, "billing": 5, "خط": 5}
		w.users[id] = &u
		t := w.change("")
		a := t.of(id)
		a.State, a.LostAt, a.Channels = record.Available, 0, nil
		t.commit(record.EvAgent)
	}
	for _, id := range sorted(w.queues) {
		q := *w.queues[id]
		q.Mode, q.Members = ModeOffer, sorted(w.users)
		q.Routing.Closed, q.Routing.Calendar = false, ""
		w.queues[id] = &q
	}
	h.e.Settings(w.settings())
	h.deliver(len(w.log))
	for range 80 {
		w.now = max(w.now, h.e.Next())
		for _, d := range h.decide() {
			h.w.do(d)
		}
		for _, id := range sorted(w.users) { // who let an old offer run out is back at once
			if w.agents[id].State != record.Available {
				t := w.change("")
				t.of(id).State = record.Available
				t.commit(record.EvAgent)
			}
		}
		for _, id := range sorted(w.convs) {
			if c := w.convs[id]; c.Status == record.Offered {
				t := w.change(id)
				if t.own(c.OfferedTo) == nil {
					t.commit(record.EvAccepted)
				}
			} else if c.Status == record.Active {
				t := w.change(id)
				t.letGo()
				t.conv.Status, t.conv.Unanswered, t.conv.WaitingSince, t.conv.SLA = record.Resolved, 0, 0, nil
				t.commit(record.EvResolved)
			}
		}
		h.deliver(len(w.log))
	}
	for id, c := range w.convs {
		if (c.Status == record.Waiting || c.Status == record.Offered) && w.queues[c.Queue] != nil {
			h.fail("%s was forgotten: %+v, %v", id, c, h.e.Explain(id, w.now))
		}
	}
}

func histories(t *testing.T, prompt bool, steps int) {
	const each = 300
	if *long {
		steps *= 25
	}
	count := map[string]int{}
	run := func(seed int64) {
		rnd := rand.New(rand.NewSource(seed))
		h := &history{t: t, seed: seed, rnd: rnd, w: newWorld(rnd), e: New(DefaultPolicy()), prompt: prompt, count: count, made: map[string]Decision{}}
		h.e.Settings(h.w.settings())
		_, agents := h.w.headers()
		h.e.Load(record.ID{}, nil, agents)
		if prompt {
			h.runPrompt(each)
		} else {
			h.runLate(each)
		}
		h.settle()
		if *oneSeed != 0 {
			t.Log(strings.Join(h.trace, "\n"))
		}
	}
	if *oneSeed != 0 {
		run(*oneSeed)
		return
	}
	for seed := *first; seed < *first+int64(steps/each); seed++ {
		run(seed)
	}
	t.Log(count)
	for _, a := range []string{ActOffer, ActPush, ActTimeout, ActRequeue, ActWake, ActClose, ActState, ActOverflow, ActTell, ActRelease, ActSLA} {
		if count[a] < 10 {
			t.Errorf("%s was hardly tried: %d", a, count[a])
		}
	}
}

// TestPromptHistories: while the engine sees the present, each Decide equals that of an engine rebuilt from the
// headers and the slow way's, no decision is refused, and nothing is due before Next.
func TestPromptHistories(t *testing.T) { histories(t, true, 6_000) }

// TestLateHistories: whatever is late, lost, doubled or reordered, the laws hold.
func TestLateHistories(t *testing.T) { histories(t, false, 40_000) }
