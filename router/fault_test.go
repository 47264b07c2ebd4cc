package router

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tamas/inbox"
	"tamas/inbox/record"
	"tamas/internal/testenv"
)

// grown makes an installation on a real Redis.
func grown(t *testing.T, mode string, offerSeconds int) *house {
	t.Helper()
	return build(t, "redis://"+testenv.Redis(t), installed.SQLite(t, filepath.Join(t.TempDir(), "tamas.db")), mode, offerSeconds)
}

// agree checks that what the record holds of decisions comes out again.
func (h *house) agree() {
	h.Helper()
	h.recorded()
	list, err := Replay(h.Context(), h.db, record.DecidedFilter{})
	if err != nil || len(list) == 0 {
		h.Fatalf("%d decisions, %v", len(list), err)
	}
	for _, r := range list {
		if r.Verdict != Agrees {
			h.Errorf("%s %s: %s %v", r.Event.ID, r.Event.Kind, r.Verdict, r.Words)
		}
	}
}

// Law 6: the leader dies between a decision and its offer. Another node offers everything, with its age.
func TestRouterDiesBetweenDecisionAndOffer(t *testing.T) {
	h := grown(t, ModeOffer, 60)
	var died atomic.Int64
	h.node(func(ctx context.Context, hub *inbox.Hub) error {
		return Router{Log: quiet()}.Run(ctx, unsure{hub, func(ctx context.Context, c inbox.Command) error {
			if c.Action != inbox.Offer {
				return hub.Propose(ctx, c)
			}
			if died.CompareAndSwap(0, time.Now().UnixNano()) {
				h.cut()
			}
			<-ctx.Done()
			return ctx.Err()
		}})
	})
	first, cut := h.hub, h.cut
	h.until("the first node leads", first.Leading)
	h.node(routing(DefaultPolicy()))
	h.cut = cut
	h.hire(3, "a", "b")
	h.say("c1", "c2", "c3", "c4", "c5", "c6")
	since := map[string]record.Millis{}
	convs, _ := h.hub.Live()
	for _, c := range convs {
		since[c.ID] = c.WaitingSince
	}
	h.until("all are offered", func() bool {
		convs, _ := h.hub.Live()
		n := 0
		for _, c := range convs {
			if c.Status == record.Offered {
				n++
			}
		}
		return n == 6
	})
	t.Logf("taken over after %s", time.Since(time.Unix(0, died.Load())))
	convs, _ = h.hub.Live()
	for _, c := range convs {
		if was, ok := since[c.ID]; ok && was != c.WaitingSince {
			t.Errorf("%s waits since %d, not %d", c.ID, c.WaitingSince, was)
		}
	}
	h.agree()
}

// watch follows the log and checks the laws of capacity and ownership at every event.
func (h *house) watch(ctx context.Context, capacity int) *sync.WaitGroup {
	var w sync.WaitGroup
	sub, _ := h.hub.Subscribe("")
	convs := map[string]record.Conversation{}
	agents := map[string]record.Agent{}
	w.Go(func() {
		defer sub.Close()
		for {
			select {
			case <-ctx.Done():
				return
			case <-sub.C:
			}
			frames, lost := sub.Next()
			if lost {
				h.Error("the log was lost")
				return
			}
			for _, f := range frames {
				if c := f.Event.Conversation; c != nil {
					convs[c.ID] = *c
				}
				for _, a := range f.Event.Agents {
					agents[a.ID] = a
				}
				for id, a := range agents {
					if a.Used() > capacity {
						h.Errorf("%s: %s has %d units of %d", f.ID, id, a.Used(), capacity)
					}
					for held := range a.Held {
						if c := convs[held]; c.OfferedTo != id && c.Owner != id {
							h.Errorf("%s: %s holds %s, which is %s of %q, offered to %q", f.ID, id, held, c.Status, c.Owner, c.OfferedTo)
						}
					}
				}
			}
		}
	})
	return &w
}

// Laws 5 and 6 with two routers, each on a node of its own, that know nothing of each other.
func TestTwoRoutersOnTwoNodes(t *testing.T) {
	h := grown(t, ModeOffer, 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var routers sync.WaitGroup
	for range 2 {
		hub, _ := h.node()
		routers.Go(func() { _ = Router{Policy: hasty(), Log: quiet()}.Run(ctx, hub) })
	}
	agents := []string{"a", "b", "c", "d"}
	h.hire(2, agents...)
	watching := h.watch(ctx, 2)
	stop := make(chan struct{})
	time.AfterFunc(2*time.Second, func() { close(stop) })
	h.traffic(7, agents, stop)
	for _, a := range agents { // and in the end everybody comes back
		h.hub.Presence(a, "s", true)
		h.do(a, inbox.Command{Action: inbox.SetState, Agent: a, State: record.Break, Reason: "tea"})
		h.state(a, record.Available)
	}
	h.say("y1", "y2", "y3")
	h.until("nobody waits while somebody is free", func() bool {
		convs, agents := h.hub.Live()
		free, waiting := 0, 0
		for i := range agents {
			if a := &agents[i]; a.State == record.Available && a.LostAt == 0 {
				free += 2 - a.Used()
			}
		}
		for _, c := range convs {
			if c.Status == record.Waiting && len(c.Declined) == 0 {
				waiting++
			}
		}
		return free == 0 || waiting == 0
	})
	h.agree()
	cancel()
	routers.Wait()
	watching.Wait()
}

// An agent's machine dies in each state. Back within the grace nothing has happened; later the work is where it belongs.
func TestSocketLostInEachState(t *testing.T) {
	for _, x := range []struct {
		name    string
		prepare func(h *house) // c1 is the only conversation, a the first agent
		state   record.AgentState
		after   record.Status
		back    bool // b is asked next
	}{
		{"offered", func(h *house) {}, record.Available, record.Waiting, true},
		{"active, unanswered", func(h *house) {
			h.do("a", inbox.Command{Action: inbox.Accept, Conversation: h.one().ID})
		}, record.Available, record.Waiting, true},
		{"active, answered", func(h *house) {
			h.do("a", inbox.Command{Action: inbox.Accept, Conversation: h.one().ID})
			h.do("a", inbox.Command{Action: inbox.Reply, Conversation: h.one().ID, Text: "Hello", Key: "k"})
		}, record.Available, record.Active, false},
		{"wrap-up", func(h *house) {
			h.do("a", inbox.Command{Action: inbox.Accept, Conversation: h.one().ID})
			h.do("a", inbox.Command{Action: inbox.Resolve, Conversation: h.one().ID})
		}, record.WrapUp, record.Resolved, false},
		{"break", func(h *house) {
			h.do("a", inbox.Command{Action: inbox.Accept, Conversation: h.one().ID})
			h.do("a", inbox.Command{Action: inbox.Reply, Conversation: h.one().ID, Text: "Hello", Key: "k"})
			h.do("a", inbox.Command{Action: inbox.SetState, Agent: "a", State: record.Break, Reason: "tea"})
		}, record.Break, record.Active, false},
	} {
		t.Run(x.name, func(t *testing.T) {
			h := grown(t, ModeOffer, 600)
			h.queue.WrapUpSecs = 600
			p := DefaultPolicy()
			p.Grace = 400
			h.node(routing(p))
			h.hire(3, "a")
			h.say("c1")
			h.until("offered", func() bool { return h.one().OfferedTo == "a" })
			x.prepare(h)
			if s := h.hub.Agent("a").State; s != x.state {
				t.Fatalf("prepared: %s", s)
			}
			before := h.one()

			h.hub.Presence("a", "s", false)
			h.until("the loss is known", func() bool { return h.hub.Agent("a").LostAt > 0 })
			h.hub.Presence("a", "s", true)
			h.until("the return is known", func() bool { return h.hub.Agent("a").LostAt == 0 })
			if c, a := h.one(), h.hub.Agent("a"); c.Version != before.Version || a.State != x.state {
				t.Fatalf("back at once: %+v %+v", c, a)
			}

			h.hub.Presence("a", "s", false)
			h.until("a is offline", func() bool { return h.hub.Agent("a").State == record.Offline })
			h.until("the conversation is where it belongs", func() bool { return h.one().Status == x.after })
			if c := h.one(); c.WaitingSince != before.WaitingSince && x.after == record.Waiting && before.WaitingSince > 0 {
				t.Errorf("its age: %+v, was %+v", c, before)
			}
			if x.back {
				h.hire(3, "b")
				h.until("b is asked", func() bool { return h.one().OfferedTo == "b" })
			} else if c := h.one(); c.Owner != "a" {
				t.Errorf("it left its agent: %+v", c)
			}
			if !x.back && x.after == record.Active { // the customer writes again while the agent is gone
				h.say("c1")
				h.until("back in line", func() bool { return h.one().Status == record.Waiting })
			}
			h.agree()
		})
	}
}

// The router's clock jumps by an hour either way. Nobody is forgotten, and who comes afterwards is offered at once.
func TestClockJumps(t *testing.T) {
	h := grown(t, ModeOffer, 600)
	var jump atomic.Int64
	clock := func() time.Time { return time.Now().Add(time.Duration(jump.Load())) }
	h.node(func(ctx context.Context, hub *inbox.Hub) error {
		return Router{Log: quiet(), Clock: clock}.Run(ctx, hub)
	})
	h.hire(10, "a", "b")
	offered := func(n int) func() bool {
		return func() bool {
			convs, _ := h.hub.Live()
			for _, c := range convs {
				if c.Status == record.Offered {
					n--
				}
			}
			return n <= 0
		}
	}
	say := func(thread string) {
		t.Helper()
		h.say(thread)
		h.until("offered", func() bool {
			convs, _ := h.hub.Live()
			for _, c := range convs {
				if c.Thread == thread {
					return c.Status == record.Offered
				}
			}
			return false
		})
	}
	say("c1")
	jump.Store(int64(-time.Hour))
	say("c2")
	say("c3")
	h.until("all three", offered(3))
	jump.Store(0)
	say("c4")
	jump.Store(int64(time.Hour)) // all offers have run out by this clock
	h.say("c5")
	h.until("they are taken back", func() bool {
		return h.hub.Agent("a").State == record.NotResponding && h.hub.Agent("b").State == record.NotResponding
	})
	jump.Store(0)
	h.hire(10, "c")
	h.until("somebody else has all of them", func() bool { return len(h.hub.Agent("c").Held) == 5 })
	h.agree()
}

// A policy that the record cannot keep is not decided by; once it can, everybody is served.
func TestNothingIsDecidedByAPolicyThatIsNotKept(t *testing.T) {
	var away atomic.Bool
	away.Store(true)
	var tried, proposed atomic.Int64
	h := open(t, ModePush, 0, func(ctx context.Context, hub *inbox.Hub) error {
		return Router{Log: quiet()}.Run(ctx, keeper{hub, func(ctx context.Context, hash string, text []byte) error {
			tried.Add(1)
			if away.Load() {
				return errors.New("the record is away")
			}
			return hub.KeepPolicy(ctx, hash, text)
		}, &proposed})
	})
	h.hire(3, "a")
	h.say("c1", "c2")
	h.until("it has tried again", func() bool { return tried.Load() > 2 })
	if n := proposed.Load(); n != 0 {
		t.Errorf("%d proposals", n)
	}
	away.Store(false)
	h.until("both are taken", func() bool { return len(h.hub.Agent("a").Held) == 2 })
	h.agree()
}

type keeper struct {
	*inbox.Hub
	keep     func(ctx context.Context, hash string, text []byte) error
	proposed *atomic.Int64
}

func (k keeper) KeepPolicy(ctx context.Context, hash string, text []byte) error {
	return k.keep(ctx, hash, text)
}

func (k keeper) Propose(ctx context.Context, c inbox.Command) error {
	k.proposed.Add(1)
	return k.Hub.Propose(ctx, c)
}

// TestLoopSleeps: while nothing happens and nobody waits for a moment to come, the loop does nothing.
func TestLoopSleeps(t *testing.T) {
	var looks atomic.Int64
	h := open(t, ModeOffer, 600, func(ctx context.Context, hub *inbox.Hub) error {
		return Router{Log: quiet(), Clock: func() time.Time { looks.Add(1); return time.Now() }}.Run(ctx, hub)
	})
	h.hire(1, "a")
	h.say("c1", "c2") // one is offered, the other waits
	h.until("offered", func() bool { return len(h.hub.Agent("a").Held) == 1 })
	h.recorded()
	h.until("it sleeps", func() bool { // what is under way ends first
		before := looks.Load()
		time.Sleep(1500 * time.Millisecond)
		return looks.Load()-before <= 2
	})
}
