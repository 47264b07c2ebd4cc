package inbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tamas/channels"
	"tamas/inbox/record"
	"tamas/internal/testenv"
)

// Law 1, 2: what is acknowledged is in the record, once, however often it is delivered.
func TestAcknowledgedIsRecordedOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, r *rig) {
		h, _ := r.hub()
		var wg sync.WaitGroup
		for i := range 40 {
			wg.Go(func() {
				if err := r.say(h, "bob", fmt.Sprint("k", i%4), "hello"); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		// Through another connection, at once: no waiting for anything.
		if list := r.touches(r.openDB(), "bob"); len(list) != 4 {
			t.Fatalf("%d touches of 4 messages", len(list))
		}
		if h.db.Duplicates() != 0 {
			t.Error("only the unique index kept duplicates out")
		}
	})
}

// Law 2, for keys that the buckets have forgotten.
func TestOldRedeliveryAsksTheRecord(t *testing.T) {
	eachStore(t, func(t *testing.T, r *rig) {
		h, _ := r.hub()
		b := func() channels.Batch {
			return channels.Batch{Messages: []channels.Inbound{{Key: "old", Thread: "t", Address: "t", Text: "hi", At: time.Now().Add(-72 * time.Hour)}}}
		}
		if err := h.receive(t.Context(), r.account, b()); err != nil {
			t.Fatal(err)
		}
		for _, bucket := range h.keys.buckets(time.Now()) {
			h.rdb.Del(t.Context(), bucket)
		}
		if err := h.receive(t.Context(), r.account, b()); err != nil {
			t.Fatal(err)
		}
		c, _ := h.mirror.byThread(r.thread("t"))
		if n := len(r.touches(h.db, "t")); n != 1 || c.Unread != 1 {
			t.Fatalf("%d touches, %d unread", n, c.Unread)
		}
	})
}

// Law 3: a hundred first messages of one thread, over several nodes, make one conversation of one customer.
func TestOneConversationAThread(t *testing.T) {
	eachStore(t, func(t *testing.T, r *rig) {
		var hubs []*Hub
		for range 3 {
			h, _ := r.hub()
			hubs = append(hubs, h)
		}
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				if err := r.say(hubs[i%3], "one", fmt.Sprint(i), "first"); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		list := r.touches(r.openDB(), "one")
		if len(list) != 100 {
			t.Fatalf("%d touches", len(list))
		}
		for _, x := range list {
			if x.Conversation != list[0].Conversation || x.Identity != list[0].Identity {
				t.Fatalf("two conversations: %s, %s", x.Conversation, list[0].Conversation)
			}
		}
		c, err := r.openDB().Header(t.Context(), list[0].Conversation)
		if err != nil || c.Unread != 100 || c.Number != 1 {
			t.Fatalf("%+v, %v", c, err)
		}
	})
}

// Law 4: a thread's messages have one order for every reader, that of their events.
func TestOneOrder(t *testing.T) {
	eachStore(t, func(t *testing.T, r *rig) {
		h, _ := r.hub()
		sub, _ := h.Subscribe("")
		defer sub.Close()
		var batch channels.Batch
		for i := range 50 {
			batch.Messages = append(batch.Messages, channels.Inbound{Key: fmt.Sprint(i), Thread: "t", Address: "t", Text: fmt.Sprint(i), At: time.Now().Add(-time.Duration(i) * time.Minute)})
		}
		batch.Cursor = "50"
		if err := h.receive(t.Context(), r.account, batch); err != nil {
			t.Fatal(err)
		}
		for i, x := range r.touches(h.db, "t") {
			if x.Body.Text != fmt.Sprint(i) {
				t.Fatalf("place %d holds %s", i, x.Body.Text)
			}
		}
		frames, lost := sub.Next()
		n := 0
		for _, f := range frames {
			if f.Event.Touch != nil {
				if f.Event.Touch.Body.Text != fmt.Sprint(n) {
					t.Fatalf("the feed's place %d holds %s", n, f.Event.Touch.Body.Text)
				}
				n++
			}
		}
		if n != 50 || lost {
			t.Fatalf("the feed had %d, lost %v", n, lost)
		}
		if c, err := h.db.AccountCursor(t.Context(), r.account.ID); err != nil || c != "50" {
			t.Fatalf("cursor %q, %v", c, err)
		}
	})
}

// Law 5: nobody above capacity, no conversation with two owners, whoever asks at once and wherever.
func TestNeverAboveCapacity(t *testing.T) {
	eachStore(t, func(t *testing.T, r *rig) {
		r.user("ann", 3)
		r.user("ben", 3)
		a, _ := r.hub()
		b, _ := r.hub()
		var convs []string
		for i := range 10 {
			r.mustSay(a, fmt.Sprint("t", i), fmt.Sprint(i), "hi")
			c, _ := a.mirror.byThread(r.thread(fmt.Sprint("t", i)))
			convs = append(convs, c.ID)
		}
		eventually(t, "the other node knows them", func() bool { _, ok := b.mirror.conversation(convs[9]); return ok })
		var wg sync.WaitGroup
		for _, conv := range convs {
			for _, who := range []string{"ann", "ben"} {
				for _, h := range []*Hub{a, b} {
					wg.Go(func() {
						_, err := h.Do(t.Context(), Command{By: agentActor(who), Action: Claim, Conversation: conv})
						if c := code(err); err != nil && c != "over_capacity" && c != "conflict" {
							t.Error(err)
						}
					})
				}
			}
		}
		wg.Wait()
		agents, err := a.db.Agents(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		owned := map[string]int{}
		if err := a.db.LiveConversations(t.Context(), 0, func(c record.Conversation) error {
			if c.Status == record.Active {
				owned[c.Owner]++
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		for _, x := range agents {
			if x.Used() != 3 || owned[x.ID] != 3 {
				t.Errorf("%s holds %d units and owns %d", x.ID, x.Used(), owned[x.ID])
			}
		}
		if len(agents) != 2 {
			t.Errorf("%d agents", len(agents))
		}
	})
}

// Law 7: the provider is called only when the record holds the message as being sent.
func TestSentIsRecorded(t *testing.T) {
	eachStore(t, func(t *testing.T, r *rig) {
		r.user("ann", 3)
		h, _ := r.hub()
		r.mustSay(h, "t", "1", "hi")
		db := r.openDB()
		r.provider.onSend(func(m channels.Outbound) error {
			x, err := db.Touch(context.Background(), m.ID)
			if err != nil || x.State != record.StateSending || x.Body == nil || x.Body.Text != m.Text {
				t.Errorf("the provider is called while the record holds %+v, %v", x, err)
			}
			return nil
		})
		c, _ := h.mirror.byThread(r.thread("t"))
		e, err := h.Do(t.Context(), Command{Key: "c1", By: agentActor("ann"), Action: Reply, Conversation: c.ID, Text: "hello"})
		if err != nil {
			t.Fatal(err)
		}
		again, err := h.Do(t.Context(), Command{Key: "c1", By: agentActor("ann"), Action: Reply, Conversation: c.ID, Text: "hello"})
		if err != nil || again.ID != e.ID || again.Touch.ID != e.Touch.ID {
			t.Fatalf("the same key again: %+v, %v", again, err)
		}
		eventually(t, "sent", func() bool { x, _ := db.Touch(t.Context(), e.Touch.ID); return x.State == record.StateSent })
		if list := r.provider.list(); len(list) != 1 || list[0].Text != "hello" || list[0].Thread != "t" {
			t.Fatalf("the provider got %+v", list)
		}
	})
}

// Law 7: no reply is dropped in silence.
func TestFailuresAreShown(t *testing.T) {
	r := newRig(t, stores[0])
	r.user("ann", 9)
	h, _ := r.hub()
	db := r.openDB()
	tests := []struct {
		name  string
		err   error
		state string
	}{
		{"permanent", &channels.SendError{Permanent: true, Reason: "blocked"}, record.StateFailed},
		{"uncertain", &channels.SendError{Uncertain: true, Reason: "reply lost"}, record.StateUncertain},
		{"temporary", &channels.SendError{Reason: "busy"}, record.StateSent},
		{"rate limited", &channels.SendError{RetryAfter: 50 * time.Millisecond, Reason: "slow down"}, record.StateSent},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			thread := fmt.Sprint("t", i)
			calls := 0
			r.provider.onSend(func(channels.Outbound) error {
				if calls++; calls == 1 {
					return tt.err
				}
				return nil
			})
			r.mustSay(h, thread, fmt.Sprint(i), "hi")
			c, _ := h.mirror.byThread(r.thread(thread))
			e, err := h.Do(t.Context(), Command{Key: fmt.Sprint(i), By: agentActor("ann"), Action: Reply, Conversation: c.ID, Text: "x"})
			if err != nil {
				t.Fatal(err)
			}
			eventually(t, tt.state, func() bool { x, _ := db.Touch(t.Context(), e.Touch.ID); return x.State == tt.state })
			if tt.state == record.StateSent {
				return
			}
			if x, _ := db.Touch(t.Context(), e.Touch.ID); x.Error == "" {
				t.Error("no reason is shown")
			}
			if _, err := h.Do(t.Context(), Command{By: agentActor("ann"), Action: Retry, Touch: e.Touch.ID}); err != nil {
				t.Fatal(err)
			}
			eventually(t, "sent by hand", func() bool { x, _ := db.Touch(t.Context(), e.Touch.ID); return x.State == record.StateSent })
		})
	}
}

// Law 7: what a worker was sending when it died is uncertain to the next one, and is not sent again by a machine.
func TestInterruptedSendIsUncertain(t *testing.T) {
	eachStore(t, func(t *testing.T, r *rig) {
		r.user("ann", 3)
		h, _ := r.hub()
		r.mustSay(h, "t", "1", "hi")
		c, _ := h.mirror.byThread(r.thread("t"))
		calling := make(chan struct{})
		r.provider.onSend(func(channels.Outbound) error { close(calling); <-t.Context().Done(); return nil })
		e, err := h.Do(t.Context(), Command{Key: "c", By: agentActor("ann"), Action: Reply, Conversation: c.ID, Text: "x"})
		if err != nil {
			t.Fatal(err)
		}
		<-calling
		r.secondWorker(t) // as after a crash
		db := r.openDB()
		eventually(t, "uncertain", func() bool { x, _ := db.Touch(t.Context(), e.Touch.ID); return x.State == record.StateUncertain })
		if n := len(r.provider.list()); n != 0 {
			t.Fatalf("sent %d times", n)
		}
	})
}

// secondWorker takes the account's lease away from whoever has it.
func (r *rig) secondWorker(t *testing.T) {
	h, _ := r.hub()
	key := h.keys.lease("account:" + r.account.ID)
	eventually(t, "the lease changes hands", func() bool {
		old, _ := h.rdb.Get(t.Context(), key).Result()
		h.rdb.Del(t.Context(), key)
		var now string
		for range 100 {
			if now, _ = h.rdb.Get(t.Context(), key).Result(); now != "" {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		return now != "" && now != old
	})
}

// Law 8: Redis is emptied under load; nothing acknowledged is lost, and the inbox comes back by itself.
func TestEmptiedRedis(t *testing.T) {
	eachStore(t, func(t *testing.T, r *rig) {
		r.user("ann", 5)
		h, _ := r.hub()
		h2, _ := r.hub()
		var mu sync.Mutex
		acked := map[string]int{}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for w := range 8 {
			wg.Go(func() {
				for i := 0; ctx.Err() == nil; i++ {
					thread, key := fmt.Sprint("t", w), fmt.Sprintf("%d/%d", w, i)
					for ctx.Err() == nil {
						if err := r.say([]*Hub{h, h2}[i%2], thread, key, "x"); err == nil {
							mu.Lock()
							acked[thread]++
							mu.Unlock()
							break
						} else if !errors.Is(err, channels.ErrUnrecorded) && !errors.Is(err, channels.ErrOverloaded) {
							t.Error(err)
						}
					}
					if i >= 60 {
						return
					}
				}
			})
		}
		for range 3 {
			n := h.Recorded().N
			eventually(t, "progress", func() bool { return h.Recorded().N > n+20 || done(&wg) })
			h.rdb.FlushAll(t.Context())
		}
		wg.Wait()
		cancel()
		mu.Lock()
		defer mu.Unlock()
		for thread, n := range acked {
			keys := map[string]bool{}
			for after := ""; ; {
				list, _, err := h.db.History(t.Context(), r.thread(thread), after, 200)
				if err != nil {
					t.Fatal(err)
				}
				if len(list) == 0 {
					break
				}
				for _, x := range list {
					if keys[x.Key] {
						t.Errorf("%s twice", x.Key)
					}
					keys[x.Key] = true
				}
				after = list[len(list)-1].ID
			}
			if len(keys) < n {
				t.Errorf("thread %s: %d acknowledged, %d recorded", thread, n, len(keys))
			}
		}
		// The live state equals the record.
		eventually(t, "the mirror equals the record", func() bool {
			same := true
			_ = h.db.LiveConversations(t.Context(), 0, func(c record.Conversation) error {
				m, ok := h.mirror.conversation(c.ID)
				same = same && ok && m.Version == c.Version
				return nil
			})
			return same
		})
	})
}

func done(wg *sync.WaitGroup) bool {
	c := make(chan struct{})
	go func() { wg.Wait(); close(c) }()
	select {
	case <-c:
		return true
	case <-time.After(time.Millisecond):
		return false
	}
}

// Law 8: Redis comes back with an older state of the same epoch.
func TestRolledBackRedis(t *testing.T) {
	eachStore(t, func(t *testing.T, r *rig) {
		h, _ := r.hub()
		r.mustSay(h, "a", "1", "x")
		old := r.dump(h)
		r.mustSay(h, "a", "2", "x")
		r.mustSay(h, "b", "3", "x")
		epoch := h.mirror.current()
		sub, _ := h.Subscribe("")
		r.restore(h, old)
		if err := r.say(h, "a", "2", "x"); err != nil { // delivered again, as a provider may
			t.Fatal(err)
		}
		r.mustSay(h, "b", "4", "x")
		eventually(t, "a new epoch", func() bool { e := h.mirror.current(); return e != "" && e != epoch })
		if _, lost := sub.Next(); !lost {
			t.Error("a reader of the old history was not told to reload")
		}
		if a, b := len(r.touches(h.db, "a")), len(r.touches(h.db, "b")); a != 2 || b != 2 {
			t.Errorf("%d and %d touches", a, b)
		}
	})
}

// dump and restore copy the workspace's keys by value.
func (r *rig) dump(h *Hub) map[string]string {
	r.t.Helper()
	out := map[string]string{}
	ctx := r.t.Context()
	for _, key := range []string{h.keys.epoch(), h.keys.n(), h.keys.number()} {
		out[key], _ = h.rdb.Get(ctx, key).Result()
	}
	for _, key := range []string{h.keys.conversations(), h.keys.threads(), h.keys.agents(), h.keys.bucket(day(time.Now()))} {
		m, err := h.rdb.HGetAll(ctx, key).Result()
		if err != nil {
			r.t.Fatal(err)
		}
		for f, v := range m {
			out[key+"\x00"+f] = v
		}
	}
	list, err := h.rdb.XRange(ctx, h.keys.events(), "-", "+").Result()
	if err != nil {
		r.t.Fatal(err)
	}
	for _, x := range list {
		out[h.keys.events()+"\x00"+x.ID] = x.Values["e"].(string)
	}
	return out
}

func (r *rig) restore(h *Hub, dump map[string]string) {
	r.t.Helper()
	if err := restoreScript.Run(r.t.Context(), h.rdb, []string{h.keys.events()}, flat(dump, h.keys)...).Err(); err != nil {
		r.t.Fatal(err)
	}
}

// Law 9: the record takes nothing, so nothing is acknowledged; nothing is lost, and all is caught up with.
func TestRecordAway(t *testing.T) {
	eachStore(t, func(t *testing.T, r *rig) {
		h, _ := r.hub()
		r.mustSay(h, "t", "0", "x")
		unlock := r.blockWrites()
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		err := h.receive(ctx, r.account, channels.Batch{Messages: []channels.Inbound{{Key: "1", Thread: "t", Address: "t", Text: "x"}}})
		cancel()
		if !errors.Is(err, channels.ErrUnrecorded) {
			t.Fatalf("acknowledged while the record was away: %v", err)
		}
		if n := len(r.touches(h.db, "t")); n != 1 {
			t.Fatalf("%d touches", n)
		}
		unlock()
		r.mustSay(h, "t", "1", "x") // the provider tries again
		if n := len(r.touches(h.db, "t")); n != 2 {
			t.Fatalf("%d touches", n)
		}
	})
}

// Past the bound of what waits to be recorded nothing more is taken, not even into the log.
func TestOverloaded(t *testing.T) {
	eachStore(t, func(t *testing.T, r *rig) {
		h, _ := r.hub()
		h.maxUnrecorded = 20_000
		r.mustSay(h, "t", "0", "x")
		unlock := r.blockWrites()
		ctx, cancel := context.WithCancel(t.Context())
		refused := make(chan struct{})
		var once sync.Once
		var wg sync.WaitGroup
		send := func(i int) {
			err := h.receive(ctx, r.account, channels.Batch{Messages: []channels.Inbound{{Key: fmt.Sprint("k", i), Thread: fmt.Sprint(i), Address: "t", Text: strings.Repeat("x", 1000)}}})
			if errors.Is(err, channels.ErrOverloaded) {
				once.Do(func() { close(refused) })
			} else if err == nil {
				t.Error("acknowledged while the record was away")
			}
		}
		i := 0
		eventually(t, "something is refused", func() bool {
			i++
			n := i
			wg.Go(func() { send(n) })
			select {
			case <-refused:
				return true
			default:
				return false
			}
		})
		cancel()
		wg.Wait()
		unlock()
		eventually(t, "it takes messages again", func() bool { return r.say(h, "t", "1", "x") == nil })
	})
}

// Every key and every script stays in one slot: a cluster of three masters serves as well as one server.
func TestCluster(t *testing.T) {
	var addrs []string
	for range 3 {
		addrs = append(addrs, testenv.Redis(t, "--cluster-enabled", "yes", "--cluster-node-timeout", "2000"))
	}
	ctx := t.Context()
	for i, addr := range addrs {
		c := redis.NewClient(&redis.Options{Addr: addr})
		defer c.Close()
		from, to := i*16384/3, (i+1)*16384/3-1
		if err := c.Do(ctx, "cluster", "addslotsrange", from, to).Err(); err != nil {
			t.Fatal(err)
		}
		for _, other := range addrs {
			host, port, _ := net.SplitHostPort(other)
			if err := c.ClusterMeet(ctx, host, port).Err(); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, addr := range addrs {
		c := redis.NewClient(&redis.Options{Addr: addr})
		defer c.Close()
		eventually(t, "the cluster stands", func() bool {
			info, _ := c.ClusterInfo(ctx).Result()
			return strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_known_nodes:3")
		})
	}
	r := newRig(t, store{"", "sqlite"})
	r.redisURL = "redis-cluster://" + addrs[0] + "?addr=" + addrs[1] + "&addr=" + addrs[2]
	r.user("ann", 5)
	h, _ := r.hub()
	for i := range 20 {
		r.mustSay(h, fmt.Sprint("t", i%5), fmt.Sprint(i), "x")
	}
	c, _ := h.mirror.byThread(r.thread("t0"))
	e, err := h.Do(ctx, Command{Key: "1", By: agentActor("ann"), Action: Reply, Conversation: c.ID, Text: "x"})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "sent", func() bool { x, _ := h.db.Touch(ctx, e.Touch.ID); return x.State == record.StateSent })
	for _, addr := range addrs {
		c := redis.NewClient(&redis.Options{Addr: addr})
		defer c.Close()
		if err := c.FlushAll(ctx).Err(); err != nil {
			t.Fatal(err)
		}
	}
	r.mustSay(h, "t0", "after", "x")
}

// Law 11: who comes back by event id has missed nothing, or is told to reload.
func TestResume(t *testing.T) {
	eachStore(t, func(t *testing.T, r *rig) {
		h, _ := r.hub()
		r.mustSay(h, "t", "1", "x")
		eventually(t, "seen", func() bool { return h.Head() == h.Recorded() })
		at := h.Head()
		for i := range 5 {
			r.mustSay(h, "t", fmt.Sprint("later", i), "x")
		}
		sub, ok := h.Subscribe(at.String())
		if !ok {
			t.Fatal("the id is not known any more")
		}
		defer sub.Close()
		n := 0
		eventually(t, "all five", func() bool {
			frames, lost := sub.Next()
			if lost {
				t.Fatal("lost")
			}
			n += len(frames)
			return n == 5
		})
		if _, ok := h.Subscribe(record.ID{N: at.N, Token: at.Token + 1}.String()); ok {
			t.Error("an id of another history was taken")
		}
		if _, ok := h.Subscribe("junk"); ok {
			t.Error("junk was taken")
		}
	})
}

// Two live stores that claim one record stop with a clear error, instead of rebuilding in turns.
func TestTwoStoresOneRecord(t *testing.T) {
	r := newRig(t, store{"redis-server", "postgres"})
	r.hub()
	rdb, err := OpenRedis(t.Context(), "redis://"+testenv.Redis(t))
	if err != nil {
		t.Fatal(err)
	}
	defer rdb.Close()
	h, err := New(Options{Redis: rdb, DB: r.openDB(), Key: make([]byte, 32), Workspace: r.space + "other", Kinds: []channels.Kind{r.provider.kind()}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	if err := h.Run(ctx); !errors.Is(err, errTwoStores) {
		t.Fatalf("Run: %v", err)
	}
}

// A message that comes after the reopen window begins a new conversation, also when the timer is late; the new one
// names the old one.
func TestAfterTheReopenWindow(t *testing.T) {
	eachStore(t, func(t *testing.T, r *rig) {
		r.user("ann", 3)
		h, _ := r.hub()
		r.mustSay(h, "t", "1", "x")
		first, _ := h.mirror.byThread(r.thread("t"))
		if _, err := h.Do(t.Context(), Command{By: agentActor("ann"), Action: Resolve, Conversation: first.ID}); err != nil {
			t.Fatal(err)
		}
		r.mustSay(h, "t", "2", "x")
		if c, _ := h.mirror.byThread(r.thread("t")); c.ID != first.ID || c.Status != record.Waiting {
			t.Fatalf("inside the window: %+v", c)
		}
		db := r.openDB()
		account, err := db.Account(t.Context(), r.account.ID)
		if err != nil {
			t.Fatal(err)
		}
		account.ReopenHours = 0
		if r.account, err = db.EditAccount(t.Context(), account); err != nil {
			t.Fatal(err)
		}
		if err := h.SettingsChanged(t.Context(), "accounts"); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Do(t.Context(), Command{By: agentActor("ann"), Action: Resolve, Conversation: first.ID}); err != nil {
			t.Fatal(err)
		}
		r.mustSay(h, "t", "3", "x")
		c, _ := h.mirror.byThread(r.thread("t"))
		if c.ID == first.ID || c.Previous != first.ID || c.Number != first.Number+1 {
			t.Fatalf("after the window: %+v", c)
		}
		if _, err := h.Do(t.Context(), Command{By: agentActor("ann"), Action: Reopen, Conversation: first.ID}); code(err) != "conflict" {
			t.Fatalf("the old one was reopened beside the new one: %v", err)
		}
	})
}
