package inbox

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tamas/channels"
	"tamas/inbox/record"
)

// reply makes ann answer in the thread.
func (r *rig) reply(h *Hub, thread, key string) record.Event {
	r.t.Helper()
	c, _ := h.mirror.byThread(r.thread(thread))
	e, err := h.Do(r.t.Context(), Command{Key: key, By: agentActor("ann"), Action: Reply, Conversation: c.ID, Text: "hello"})
	if err != nil {
		r.t.Fatal(err)
	}
	return e
}

func (r *rig) stateOf(db *record.DB, touch string) string {
	x, _ := db.Touch(context.Background(), touch)
	return x.State
}

// A retry that is due is made while the hub is busy with other things.
func TestRetryInABusyHub(t *testing.T) {
	r := newRig(t, store{"redis-server", "sqlite"})
	r.user("ann", 3)
	h, _ := r.hub()
	r.mustSay(h, "t", "1", "hi")
	var wg sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	defer func() { cancel(); wg.Wait() }()
	wg.Go(func() { // what wakes every reader of the log
		for sleep(ctx, 100*time.Millisecond) == nil {
			_ = h.SettingsChanged(ctx, "probe")
		}
	})
	var calls atomic.Int32
	r.provider.onSend(func(channels.Outbound) error {
		if calls.Add(1) == 1 {
			return &channels.SendError{Reason: "busy"}
		}
		return nil
	})
	e := r.reply(h, "t", "k")
	eventually(t, "sent", func() bool { return r.stateOf(h.db, e.Touch.ID) == record.StateSent })
}

// Law 7: "sending" that is recorded after the next worker began is uncertain as well.
func TestLateSendingIsUncertain(t *testing.T) {
	r := newRig(t, stores[0])
	r.user("ann", 3)
	h, _ := r.hub()
	r.mustSay(h, "t", "1", "hi")
	r.provider.onSend(func(channels.Outbound) error {
		return &channels.SendError{RetryAfter: time.Hour, Reason: "slow down"}
	})
	e := r.reply(h, "t", "k")
	var x record.Touch
	eventually(t, "put back", func() bool {
		x, _ = h.db.Touch(t.Context(), e.Touch.ID)
		return x.State == record.StateQueued && x.RetryAt > 0
	})
	x.State = record.StateSending
	if err := h.turnRecorded(t.Context(), &x, record.Actor{Kind: "system", ID: "sender"}, "gone"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "uncertain", func() bool { return r.stateOf(h.db, e.Touch.ID) == record.StateUncertain })
}

// politeProbe ends a call when its context ends, as an HTTP client does.
type politeProbe struct{ *probe }

func (a politeProbe) Send(ctx context.Context, m channels.Outbound) (channels.Receipt, error) {
	receipt, err := a.probe.Send(ctx, m) // the provider has it
	if sleep(ctx, 300*time.Millisecond) != nil {
		return channels.Receipt{}, ctx.Err()
	}
	return receipt, err
}

// A stop in the middle of a call neither sends twice nor leaves the outcome open.
func TestStopWhileSending(t *testing.T) {
	r := newRig(t, store{"redis-server", "sqlite"})
	r.user("ann", 3)
	polite := func(o *Options) {
		o.Kinds[0].Open = func(c channels.Config) (channels.Adapter, error) { return politeProbe{&probe{r.provider, c}}, nil }
	}
	h, stop := r.hub(polite)
	r.mustSay(h, "t", "1", "hi")
	e := r.reply(h, "t", "k")
	eventually(t, "called", func() bool { return len(r.provider.list()) == 1 })
	stop()
	db := r.openDB()
	if s := r.stateOf(db, e.Touch.ID); s != record.StateSent {
		t.Errorf("after the stop it is %s", s)
	}
	h, _ = r.hub(polite)
	r.mustSay(h, "u", "2", "hi")
	e = r.reply(h, "u", "k2")
	eventually(t, "the next one is sent", func() bool { return r.stateOf(db, e.Touch.ID) == record.StateSent })
	if n := len(r.provider.list()); n != 2 {
		t.Errorf("the provider was called %d times", n)
	}
}

// Law 7, 8: a sender that is stopped while its mark waits for the record, and whose mark is then dropped with the log's tail,
// does not go on from a revision that the record never had: another worker would count the same one again.
func TestStoppedSenderLosesItsMark(t *testing.T) {
	r := newRig(t, store{"redis-server", "sqlite"})
	r.user("ann", 3)
	h, _ := r.hub()
	r.mustSay(h, "t", "1", "hi")
	r.provider.onSend(func(channels.Outbound) error {
		return &channels.SendError{RetryAfter: time.Hour, Reason: "slow down"}
	})
	e := r.reply(h, "t", "k")
	var x record.Touch
	eventually(t, "put back", func() bool {
		x, _ = h.db.Touch(t.Context(), e.Touch.ID)
		return x.State == record.StateQueued && x.RetryAt > 0
	})
	h.accounts.mu.RLock()
	a := h.accounts.open[r.account.ID]
	h.accounts.mu.RUnlock()
	unlock := r.fork()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.send(ctx, x, func() bool { return true }, newPacer(channels.Pace{})) }()
	eventually(t, "marked", func() bool { return h.unrecorded() > 0 })
	cancel()
	unlock()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	events, err := h.db.Events(t.Context(), 0, 200)
	if err != nil {
		t.Fatal(err)
	}
	rev := 0
	for _, ev := range events {
		if ev.Touch != nil && ev.Touch.ID == x.ID {
			if rev++; ev.Touch.Rev != rev {
				t.Errorf("revision %d (%s) follows %d", ev.Touch.Rev, ev.Touch.State, rev-1)
			}
		}
	}
	if rev < 5 {
		t.Errorf("%d revisions", rev)
	}
}
