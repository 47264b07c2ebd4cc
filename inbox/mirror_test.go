package inbox

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tamas/inbox/record"
)

// TestLiveUpTo: a snapshot that is followed up to its number is the state that the recorded events make, whatever two nodes do meanwhile
// to the same conversations and agents.
func TestLiveUpTo(t *testing.T) {
	r := newRig(t, store{"redis-server", "sqlite"})
	h, _ := r.hub()
	other, _ := r.hub()
	for _, id := range []string{"u1", "u2", "u3"} {
		r.user(id, 50)
		if _, err := h.Do(t.Context(), Command{By: agentActor(id), Action: SetState, Agent: id, State: record.Available}); err != nil {
			t.Fatal(err)
		}
	}
	stop := make(chan struct{})
	var work sync.WaitGroup
	for w, hub := range []*Hub{h, other, h, other} {
		work.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				thread := fmt.Sprint("c", i%5)
				_ = r.say(hub, thread, fmt.Sprint(w, "/", i), "Salam")
				c, _ := hub.mirror.byThread(r.thread(thread))
				// Refusals and conflicts make the mirror read again what others did.
				_, _ = hub.Do(t.Context(), Command{By: agentActor(fmt.Sprint("u", 1+(w+i)%3)), Action: []string{Claim, Resolve}[i%2], Conversation: c.ID})
			}
		})
	}

	type seen struct {
		n     uint64
		convs map[string]int64 // versions
		held  map[string]int64
	}
	var all []seen
	// As many as 1.5 s allow, and enough of them however slow the machine is.
	moments := func() (n int) {
		for i := 1; i < len(all); i++ {
			if all[i].n > all[i-1].n {
				n++
			}
		}
		return n
	}
	for least := time.Now().Add(1500 * time.Millisecond); time.Now().Before(least) || len(all) < 20 || moments() < 10; {
		if time.Now().After(least.Add(2 * time.Minute)) {
			t.Fatalf("%d snapshots, %d moments: too few to tell", len(all), moments())
		}
		sub, _ := h.Subscribe("")
		at := h.Head()
		convs, agents, upTo, ok := h.LiveUpTo()
		if !ok {
			t.Fatal("there is no live state")
		}
		s := seen{n: at.N, convs: map[string]int64{}, held: map[string]int64{}}
		for _, c := range convs {
			s.convs[c.ID] = c.Version
		}
		for _, a := range agents {
			s.held[a.ID] = a.Version
		}
		for s.n < upTo {
			<-sub.C
			frames, lost := sub.Next()
			if lost {
				t.Fatal("lost")
			}
			for _, f := range frames {
				s.n = max(s.n, f.ID.N)
				if c := f.Event.Conversation; c != nil {
					s.convs[c.ID] = max(s.convs[c.ID], c.Version)
				}
				for _, a := range f.Event.Agents {
					s.held[a.ID] = max(s.held[a.ID], a.Version)
				}
			}
		}
		sub.Close()
		all = append(all, s)
	}
	close(stop)
	work.Wait()

	db := r.openDB()
	want := seen{convs: map[string]int64{}, held: map[string]int64{}}
	for _, s := range all {
		for want.n < s.n {
			var events []record.Event
			eventually(t, "the events are recorded", func() bool {
				var err error
				events, err = db.Events(t.Context(), want.n, int(s.n-want.n))
				return err == nil && len(events) > 0
			})
			for _, e := range events {
				if e.ID.N > s.n {
					break
				}
				if e.Conversation != nil {
					want.convs[e.Conversation.ID] = e.Conversation.Version
				}
				for _, a := range e.Agents {
					want.held[a.ID] = a.Version
				}
			}
			want.n = min(s.n, events[len(events)-1].ID.N)
		}
		if !maps.Equal(s.convs, want.convs) || !maps.Equal(s.held, want.held) {
			t.Fatalf("as of %d:\n%v %v\nthe record has\n%v %v", s.n, s.convs, s.held, want.convs, want.held)
		}
	}
}

// between is what happens to a mirror after it has read from Redis and before it takes that in.
type between struct{ f func() }

func (b between) DialHook(next redis.DialHook) redis.DialHook          { return next }
func (b between) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }
func (b between) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		defer b.f()
		return next(ctx, cmds)
	}
}

// A thread that begins again while a conflict about it is looked into is neither forgotten nor lost for good.
func TestRereadKeepsTheThread(t *testing.T) {
	r := newRig(t, stores[0])
	h, _ := r.hub()
	r.deliver(h, from("t1", "1", "Salam"))
	x := r.live(h, "t1")
	tf := threadField(x.In())
	one := redis.NewClient(&redis.Options{Addr: r.mini.mini.Addr()})
	defer one.Close()
	m := newMirror(one, h.keys)
	m.epoch = h.mirror.current()
	mine := x // what this node would begin, which knows of no conversation there
	mine.ID, mine.Version = "mine", 1
	e := &record.Event{Kind: record.EvReceived, Conversation: &mine}

	// Redis had nothing there yet; before that is taken in, the log brings the other node's.
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(one.HDel(t.Context(), h.keys.threads(), tf).Err())
	one.AddHook(between{func() { m.apply(&record.Event{ID: record.ID{N: 9}, Kind: record.EvReceived, Conversation: &x}) }})
	must(m.reread(t.Context(), m.epoch, e))
	if c, ok := m.byThread(x.In()); !ok || c.ID != x.ID {
		t.Errorf("the log brought %s, and the thread is %+v", x.ID, c)
	}

	// A mirror that has the conversation without its thread learns whose it is.
	must(one.HSet(t.Context(), h.keys.threads(), tf, x.ID).Err())
	delete(m.threads, tf)
	other := redis.NewClient(&redis.Options{Addr: r.mini.mini.Addr()})
	defer other.Close()
	m.rdb = other
	must(m.reread(t.Context(), m.epoch, e))
	if c, ok := m.byThread(x.In()); !ok || c.ID != x.ID {
		t.Errorf("Redis has %s, and the thread is %+v", x.ID, c)
	}
}
