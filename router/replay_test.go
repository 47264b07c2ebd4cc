package router

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tamas/channels"
	"tamas/inbox"
	"tamas/inbox/record"
	"tamas/internal/testenv"
)

// eachPlace runs f on the embedded stores and on real ones.
func eachPlace(t *testing.T, f func(t *testing.T, redis, disk string)) {
	t.Run("embedded", func(t *testing.T) { f(t, "", installed.SQLite(t, filepath.Join(t.TempDir(), "tamas.db"))) })
	t.Run("grown", func(t *testing.T) { f(t, "redis://"+testenv.Redis(t), installed.Postgres(t)) })
}

// hasty is a policy under which much happens in little time.
func hasty() Policy {
	p := DefaultPolicy()
	p.Grace, p.Round, p.Patience, p.Backoff = 150, 200, 1000, 20
	return p
}

// traffic does what customers, agents and supervisors do, at random, from several at once, until stop is closed. What is refused is refused.
// It goes on after that until enough was done.
func (h *house) traffic(seed int64, agents []string, stop <-chan struct{}) {
	const enough = 100
	var all sync.WaitGroup
	var acts atomic.Int64
	for w := range 4 {
		rnd := rand.New(rand.NewSource(seed + int64(w)))
		all.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					if acts.Load() > enough {
						return
					}
				case <-time.After(time.Duration(rnd.Intn(8)) * time.Millisecond):
				}
				acts.Add(1)
				hub, a := h.hub, agents[rnd.Intn(len(agents))]
				me := record.Actor{Kind: "agent", ID: a}
				convs, _ := hub.Live()
				var mine, any []record.Conversation
				for _, c := range convs {
					if c.OfferedTo == a || c.Owner == a && c.Status == record.Active {
						mine = append(mine, c)
					}
					if c.Open() {
						any = append(any, c)
					}
				}
				do := func(c inbox.Command) {
					c.By = me
					ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
					defer cancel()
					_, _ = hub.Do(ctx, c)
				}
				switch n := rnd.Intn(100); {
				case n < 25:
					ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
					_ = (*h.desk.Load()).Receive(ctx, channels.Batch{Messages: []channels.Inbound{{Key: fmt.Sprint(seed, w, "/", i),
						Thread: fmt.Sprint("c", rnd.Intn(60)), Address: "x", Text: "Salam"}}})
					cancel()
				case n < 60 && len(mine) > 0:
					c := mine[rnd.Intn(len(mine))]
					action := []string{inbox.Accept, inbox.Accept, inbox.Decline}[rnd.Intn(3)]
					if c.Status == record.Active {
						action = []string{inbox.Resolve, inbox.Resolve, inbox.Reply}[rnd.Intn(3)]
					}
					do(inbox.Command{Action: action, Conversation: c.ID, Text: "Hello", Key: fmt.Sprint(seed, w, "r", i)})
				case n < 68 && len(mine) > 0:
					c := mine[rnd.Intn(len(mine))]
					do(inbox.Command{Action: inbox.Snooze, Conversation: c.ID, Until: hub.Now() + record.Millis(50+rnd.Intn(300))})
				case n < 74 && len(mine) > 0:
					do(inbox.Command{Action: inbox.Transfer, Conversation: mine[0].ID, Agent: agents[rnd.Intn(len(agents))]})
				case n < 78 && len(any) > 0:
					me.ID = "boss"
					do(inbox.Command{Action: inbox.Priority, Conversation: any[rnd.Intn(len(any))].ID, Priority: rnd.Intn(20), Supervisor: true})
				case n < 94:
					do(inbox.Command{Action: inbox.SetState, Agent: a, State: []record.AgentState{record.Available, record.Available, record.Available, record.Available,
						record.Busy, record.Break, record.Offline}[rnd.Intn(7)]})
				case n < 97:
					hub.Presence(a, "s", false)
				default:
					hub.Presence(a, "s", true)
				}
			}
		})
	}
	all.Wait()
}

// recorded waits until the record has all that this node knows when it is called.
func (h *house) recorded() {
	h.Helper()
	_, _, upTo, _ := h.hub.LiveUpTo()
	h.until("all is recorded", func() bool {
		at, err := h.db.Cursor(h.Context())
		return err == nil && at.N >= upTo
	})
}

// TestReplayAgrees: a day's decisions of several routers one after another, with settings that change meanwhile, come out of the
// record again to the byte.
func TestReplayAgrees(t *testing.T) {
	eachPlace(t, func(t *testing.T, redis, disk string) {
		h := build(t, redis, disk, ModeOffer, 1)
		policy := hasty()
		if _, err := h.db.AddQueue(t.Context(), record.Queue{ID: "q2", Name: "Overflow", Mode: ModePull, Members: []string{}}); err != nil {
			t.Fatal(err)
		}
		if _, err := h.db.SetSetting(t.Context(), inbox.SLASetting, 0, []record.SLAPolicy{{ID: "s", Name: "Soon", First: 1, Next: 1}}); err != nil {
			t.Fatal(err)
		}
		_, stopFirst := h.node(routing(policy))
		agents := []string{"a", "b", "c", "d", "e"}
		h.hire(2, agents...)

		part := func(seed int64, d time.Duration) {
			stop := make(chan struct{})
			time.AfterFunc(d, func() { close(stop) })
			h.traffic(seed, agents, stop)
		}
		part(1, 700*time.Millisecond)
		change := func(f func(q *record.Queue)) {
			t.Helper()
			var err error
			f(&h.queue)
			if h.queue, err = h.db.EditQueue(t.Context(), h.queue); err != nil {
				t.Fatal(err)
			}
			if err := h.hub.SettingsChanged(t.Context(), "queues"); err != nil {
				t.Fatal(err)
			}
		}
		change(func(q *record.Queue) { q.WrapUpSecs, q.Members = 1, []string{"a", "b", "c"} })
		part(2, 700*time.Millisecond)
		change(func(q *record.Queue) {
			q.Routing = record.Routing{Order: record.OrderRatio, Waiting: record.WaitSLA, StickySecs: 1, ReleaseSecs: 1, Needs: []record.Need{{Skill: "farsi", DropAfter: 1}},
				Overflow: []record.Overflow{{When: record.OverWait, Value: 1, Queue: "q2", Text: "Somebody else will look at it."}}}
		})
		part(5, 2*time.Second)
		change(func(q *record.Queue) { q.Routing = record.Routing{Order: record.OrderRound} })
		change(func(q *record.Queue) { q.Mode, q.Members = ModePush, agents })
		pushed := h.hub.Now()
		part(3, 500*time.Millisecond)
		h.hire(2, "p") // who has room, whatever the others have
		h.say("p1")
		h.until("somebody is given a conversation", func() bool {
			list, err := h.db.Decided(t.Context(), record.DecidedFilter{Since: pushed})
			return err == nil && slices.ContainsFunc(list, func(e record.Event) bool { return e.Kind == record.EvAssigned })
		})
		// Another leader: with real stores beside the first one, else after it.
		if redis == "" {
			stopFirst()
			h.node(routing(policy))
		} else {
			h.node(routing(policy))
			stopFirst()
		}
		h.until("another leads", h.hub.Leading)
		change(func(q *record.Queue) { q.Mode, q.OfferSeconds = ModeOffer, 2 })
		for _, a := range agents {
			h.hub.Presence(a, "s", true)
		}
		part(4, 1200*time.Millisecond)
		change(func(q *record.Queue) { q.OfferSeconds, q.Routing = 60, record.Routing{ReleaseSecs: 1} })
		h.hire(200, "z")
		h.say("z")
		z := func() (z record.Conversation) {
			convs, _ := h.hub.Live()
			for _, c := range convs {
				if c.Thread == "z" {
					z = c
				}
			}
			return z
		}
		if _, err := h.hub.Do(t.Context(), inbox.Command{By: record.Actor{Kind: "agent", ID: "z"}, Supervisor: true, Action: inbox.Reply, Conversation: z().ID, Text: "Hello", Key: "z"}); err != nil {
			t.Fatal(err)
		}
		h.until("a customer's silence frees the agent", func() bool { return z().Released })
		h.do("z", inbox.Command{Action: inbox.Snooze, Conversation: z().ID, Until: h.hub.Now() + 100})
		h.until("it wakes", func() bool { return z().Status != record.Snoozed })
		change(func(q *record.Queue) { q.OfferSeconds, q.Routing = 1, record.Routing{} }) // and nobody reacts any more
		for _, a := range agents {
			h.hub.Presence(a, "s", true)
			h.do(a, inbox.Command{Action: inbox.SetState, Agent: a, State: record.Break, Reason: "tea"})
			h.state(a, record.Available)
		}
		quiet := h.hub.Now()
		h.say("x1", "x2", "x3", "x4")
		h.until("somebody lets an offer run out", func() bool {
			list, err := h.db.Decided(t.Context(), record.DecidedFilter{Since: quiet})
			return err == nil && slices.ContainsFunc(list, func(e record.Event) bool { return e.Kind == record.EvTimedOut })
		})
		h.recorded()

		db, err := record.OpenReadOnly(t.Context(), disk) // beside the hub
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		list, err := Replay(t.Context(), db, record.DecidedFilter{})
		if err != nil {
			t.Fatal(err)
		}
		verdicts, kinds, policies := map[string]int{}, map[string]int{}, map[string]bool{}
		pending := 0
		for _, r := range list {
			verdicts[r.Verdict]++
			kinds[r.Event.Kind]++
			policies[r.Event.Reason.Policy] = true
			if len(r.Event.Reason.Pending) > 0 {
				pending++
			}
			if r.Verdict != Agrees && verdicts[Differs]+verdicts[Unchecked] < 4 {
				reason, _ := json.Marshal(r.Event.Reason)
				t.Errorf("%s %s: %s: %s\n%s", r.Event.ID, r.Event.Kind, r.Verdict, strings.Join(r.Words, "; "), reason)
			}
		}
		t.Logf("%v %v, %d with something pending, %d policies", verdicts, kinds, pending, len(policies))
		if len(list) < 60 || pending == 0 || len(policies) < 4 {
			t.Errorf("%d decisions, %d with something pending, %d policies: too little to tell", len(list), pending, len(policies))
		}
		for _, kind := range []string{record.EvOffered, record.EvAssigned, record.EvRequeued, record.EvTimedOut, record.EvAgent, record.EvWoken, record.EvOverflowed, record.EvQueued,
			record.EvReleased, record.EvSLA} {
			if kinds[kind] == 0 {
				t.Errorf("no %s among the decisions: %v", kind, kinds)
			}
		}

		// One conversation, and the newest.
		some := list[slices.IndexFunc(list, func(r Replayed) bool { return r.Event.Kind == record.EvOffered })].Event
		one, err := Replay(t.Context(), db, record.DecidedFilter{Conversation: some.Conversation.ID})
		if err != nil || len(one) == 0 || slices.ContainsFunc(one, func(r Replayed) bool { return r.Verdict != Agrees }) {
			t.Errorf("of one conversation: %+v %v", one, err)
		}
		last, err := Replay(t.Context(), db, record.DecidedFilter{Limit: 5})
		if err != nil || len(last) == 0 || len(last) > 5 || last[0].Event.ID.N < list[len(list)-5].Event.ID.N || last[0].Verdict != Agrees {
			t.Errorf("the newest: %+v %v", last, err)
		}
	})
}

// TestReplayTells: whatever is changed in the record of a decision afterwards is told, and what cannot be checked as well.
func TestReplayTells(t *testing.T) {
	disk := filepath.Join(t.TempDir(), "tamas.db")
	h := build(t, "", disk, ModeOffer, 60)
	h.node(routing(DefaultPolicy()))
	h.hire(1, "a", "b")
	h.say("c1", "c2", "c3")
	h.until("both have an offer", func() bool { return len(h.hub.Agent("a").Held)+len(h.hub.Agent("b").Held) == 2 })
	h.recorded()
	raw, err := sql.Open("sqlite", disk+"?_pragma=busy_timeout(20000)") // the hub writes beside it
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	exec := func(query string, args ...any) {
		t.Helper()
		if _, err := raw.ExecContext(t.Context(), query, args...); err != nil {
			t.Fatal(err)
		}
	}
	check := func() Replayed {
		t.Helper()
		list, err := Replay(t.Context(), h.db, record.DecidedFilter{Limit: 1})
		if err != nil || len(list) != 1 {
			t.Fatalf("%+v %v", list, err)
		}
		return list[0]
	}
	if r := check(); r.Verdict != Agrees {
		t.Fatalf("%+v", r)
	}
	n := check().Event.ID.N
	var whole, policy string
	if err := raw.QueryRowContext(t.Context(), "SELECT json FROM events WHERE n = ?", int64(n)).Scan(&whole); err != nil {
		t.Fatal(err)
	}
	hash := check().Event.Reason.Policy
	if err := raw.QueryRowContext(t.Context(), "SELECT json FROM policies WHERE hash = ?", hash).Scan(&policy); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"@", "General", `"email":"a`} { // of people and places
		if strings.Contains(policy, name) {
			t.Errorf("a policy holds %q: %s", name, policy)
		}
	}
	for _, x := range []struct{ path, value, verdict, words string }{
		{"$.reason.score", "17", Differs, "why score: recorded 17, computed"},
		{"$.reason.waited", "987654321", Differs, "why waited: recorded 987654321, computed"},
		{"$.reason.code", `"preferred"`, Differs, `why code: recorded "preferred", computed "longest_idle"`},
		{"$.reason.candidates", `["z"]`, Differs, `why candidates: recorded ["z"], computed`},
		{"$.reason.excluded", `{"a":"break"}`, Differs, `why excluded`},
		{"$.reason.now", "1000", Differs, "why"},
		{"$.reason.last", `"2-1"`, Unchecked, "lost"},
		{"$.reason.last", `"1-1"`, Differs, "decides nothing"},
		{"$.reason.pending", `[{"conversation":"` + check().Event.Conversation.ID + `","version":1,"until":9000000000000}]`, Differs, "decides nothing"},
		{"$.reason.pending", `7`, Unchecked, "cannot be read"},
		{"$.reason.policy", `"0123"`, Unchecked, "does not have the policy"},
		{"$.reason.policy", `""`, Unchecked, "before policies were kept"},
		{"$.reason.engine", "99", Unchecked, "version 99 of the engine"},
		{"$.reason.cut", "3", Unchecked, "3 decisions"},
		{"$.reason.last", `"0-0"`, Unchecked, "not certain"},
		{"$.conversation.offered_to", `"z"`, Differs, `agent: recorded "z", computed`},
		{"$.conversation.offer_until", "17", Differs, "until: recorded 17, computed"},
	} {
		exec("UPDATE events SET json = json_set(json, ?, json(?)) WHERE n = ?", x.path, x.value, int64(n))
		r := check()
		if words := strings.Join(r.Words, "; "); r.Verdict != x.verdict || !strings.Contains(words, x.words) {
			t.Errorf("%s = %s: %s, %s", x.path, x.value, r.Verdict, words)
		}
		exec("UPDATE events SET json = ? WHERE n = ?", whole, int64(n))
	}
	exec("UPDATE policies SET json = replace(json, '\"capacity\":1', '\"capacity\":2')")
	if r := check(); r.Verdict != Unchecked || !strings.Contains(r.Words[0], "another text") {
		t.Errorf("with another policy: %+v", r)
	}
	exec("UPDATE policies SET json = ? WHERE hash = ?", policy, hash)
	exec("UPDATE events SET json = json_set(json, '$.agents[0].state', 'break') WHERE kind = 'agent.changed'") // what led to it
	if r := check(); r.Verdict != Differs {
		t.Errorf("with other events before it: %+v", r)
	}
}
