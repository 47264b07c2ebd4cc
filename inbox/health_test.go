package inbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tamas/channels"
	"tamas/inbox/record"
)

// runProbe is a probe whose Run is the test's, and which can show typing.
type runProbe struct {
	*probe
	run    func(ctx context.Context, d channels.Desk) error
	typing func(thread, address string, on bool)
}

func (a runProbe) Run(ctx context.Context) error { return a.run(ctx, a.c.Desk) }
func (a runProbe) Typing(_ context.Context, thread, address string, on bool) {
	if a.typing != nil {
		a.typing(thread, address, on)
	}
}

func running(r *rig, run func(ctx context.Context, d channels.Desk) error, typing func(thread, address string, on bool)) func(*Options) {
	return func(o *Options) {
		o.Kinds[0].Open = func(c channels.Config) (channels.Adapter, error) {
			return runProbe{&probe{r.provider, c}, run, typing}, nil
		}
	}
}

// steady connects and stays.
func steady(ctx context.Context, d channels.Desk) error {
	d.Health(channels.Health{State: "connected"})
	<-ctx.Done()
	return ctx.Err()
}

func TestHealthBook(t *testing.T) {
	b := newHealthBook()
	now := time.Unix(1_700_000_000, 0)
	b.now = func() time.Time { return now }
	at := func() record.Millis { return record.At(now) }
	step := func() { now = now.Add(time.Minute) }

	b.report("a", channels.Health{State: "connecting"})
	step()
	b.report("a", channels.Health{State: "connected", Backlog: 3})
	first := at()
	step()
	b.report("a", channels.Health{State: "failing", Detail: "no route", Do: "Look at the cable."})
	broke := at()
	step()
	b.report("a", channels.Health{State: "connecting"})
	step()
	b.report("a", channels.Health{State: "failing", Detail: "no route\nto host", Do: "Look at the cable."})
	b.report("a", channels.Health{State: "failing", Detail: "no route", Do: "Look at the cable."})
	x := b.of("a")
	if x.FirstAt != first || x.TroubleAt != broke || x.ConnectedAt != 0 || x.Do != "Look at the cable." || x.Backlog != 0 {
		t.Errorf("%+v", x)
	}
	if len(x.Errors) != 2 || x.Errors[0] != (AccountError{at(), "no route", "Look at the cable.", 2}) || x.Errors[1].Text != "no route to host" {
		t.Errorf("its errors are %+v", x.Errors)
	}
	step()
	b.report("a", channels.Health{State: "connected"})
	if x = b.of("a"); x.TroubleAt != 0 || x.ConnectedAt != at() || x.FirstAt != first {
		t.Errorf("connected again: %+v", x)
	}
	for i := range 3 * maxErrors {
		b.failed("a", fmt.Sprint("reason ", i), "2026-11-22")
	}
	if x = b.of("a"); x.FailedToday != 3*maxErrors || len(x.Errors) != maxErrors || !strings.HasSuffix(x.Errors[0].Text, fmt.Sprint("reason ", 3*maxErrors-1)) {
		t.Errorf("%d failed, %d errors, %+v", x.FailedToday, len(x.Errors), x.Errors[0])
	}
	b.failed("a", "x", "2026-11-23")
	if x = b.of("a"); x.FailedToday != 1 {
		t.Errorf("%d failed on the next day", x.FailedToday)
	}
	b.report("a", channels.Health{State: "off"})
	if x = b.of("a"); x.FirstAt != 0 || x.ConnectedAt != 0 {
		t.Errorf("switched off: %+v", x)
	}
}

// An account that connects and breaks off, again and again, is in trouble all the time, however short each outage is.
func TestATroubleOutlastsConnectionsThatBreakAtOnce(t *testing.T) {
	b := newHealthBook()
	now := time.Unix(1_700_000_000, 0)
	b.now = func() time.Time { return now }
	row := record.Account{ID: "a", Name: "Support", Enabled: true}
	begun := record.At(now)
	for range 4 {
		b.report("a", channels.Health{State: "failing", Detail: "no answer"})
		now = now.Add(50 * time.Second)
		b.report("a", channels.Health{State: "connected"})
		now = now.Add(5 * time.Second)
	}
	if list := alertsOf(row, b.of("a"), now); len(list) != 0 {
		t.Errorf("while it is connected: %+v", list)
	}
	b.report("a", channels.Health{State: "failing", Detail: "no answer"})
	if list := alertsOf(row, b.of("a"), now); len(list) != 1 || list[0].Since != begun {
		t.Errorf("%+v, since %d", list, begun)
	}
	b.report("a", channels.Health{State: "connected"})
	now = now.Add(steadyFor)
	b.report("a", channels.Health{State: "failing", Detail: "no answer"})
	if x := b.of("a"); x.TroubleAt != record.At(now) {
		t.Errorf("after a connection that held: %+v", x)
	}
}

// What is heard every moment is told now and then, what matters at once.
func TestHealthIsToldInTime(t *testing.T) {
	b := newHealthBook()
	b.report("a", channels.Health{State: "connected"})
	b.heard("b", time.Now())
	if list := b.take(false); len(list) != 1 || list[0].ID != "a" {
		t.Errorf("at once: %+v", list)
	}
	b.report("a", channels.Health{State: "connected", HeardAt: time.Now()}) // nothing new for people
	if list := b.take(false); len(list) != 0 {
		t.Errorf("at once: %+v", list)
	}
	b.queued("c", 0)
	if list := b.take(true); len(list) != 2 {
		t.Errorf("in the round: %+v", list)
	}
	b.queued("c", 7)
	b.limited("d", time.Now())
	if list := b.take(false); len(list) != 2 {
		t.Errorf("at once: %+v", list)
	}
}

// Two nodes that know different things of an account know both in the end, whoever speaks first.
func TestHealthMerges(t *testing.T) {
	x := AccountHealth{ID: "a", State: "failing", ReportedAt: 10, TroubleAt: 9, HeardAt: 5, MessageAt: 5, CountedAt: 1, Queued: 4,
		Errors: []AccountError{{At: 10, Text: "one", Count: 2}, {At: 3, Text: "two", Count: 1}}}
	y := AccountHealth{ID: "a", State: "connected", ReportedAt: 8, ConnectedAt: 7, HeardAt: 12, MessageAt: 4, CountedAt: 2, Queued: 9, FailedToday: 3,
		Errors: []AccountError{{At: 7, Text: "three", Count: 1}, {At: 5, Text: "one", Count: 9}}}
	for _, m := range []AccountHealth{x.merge(y), y.merge(x), x.merge(y).merge(x)} {
		texts := []string{}
		for _, e := range m.Errors {
			texts = append(texts, e.Text)
		}
		if m.State != "failing" || m.TroubleAt != 9 || m.ConnectedAt != 0 || m.HeardAt != 12 || m.MessageAt != 5 || m.Queued != 9 || m.FailedToday != 3 ||
			!slices.Equal(texts, []string{"one", "three", "two"}) || m.Errors[0] != (AccountError{At: 10, Text: "one", Count: 9}) {
			t.Errorf("%+v", m)
		}
	}
}

// Every node knows what the one with the account lives through: its state, what to do, its queue, what failed.
func TestHealthIsEverywhere(t *testing.T) {
	r := newRig(t, store{"redis-server", "sqlite"})
	r.user("ann", 3)
	var calls atomic.Int32
	o := running(r, func(ctx context.Context, d channels.Desk) error {
		if calls.Add(1) == 1 {
			d.Health(channels.Health{State: "refused", Detail: "wrong password", Do: "Enter it again."})
			return errors.New("refused: wrong password")
		}
		return steady(ctx, d)
	}, nil)
	h, _ := r.hub(o)
	other, _ := r.hub(o)
	var told atomic.Value
	other.OnNews(func(b []byte) {
		if strings.Contains(string(b), `"health"`) {
			told.Store(string(b))
		}
	})
	eventually(t, "connected", func() bool { return other.Health(r.account.ID).State == "connected" })
	x := other.Health(r.account.ID)
	if len(x.Errors) != 1 || x.Errors[0].Text != "wrong password" || x.Errors[0].Do != "Enter it again." || x.ConnectedAt == 0 || x.TroubleAt != 0 {
		t.Errorf("%+v", x)
	}
	r.provider.onSend(func(channels.Outbound) error { return &channels.SendError{Permanent: true, Reason: "no such number"} })
	r.mustSay(h, "t", "1", "hi")
	r.settled(h, r.put(h, "t", record.Touch{Body: &record.Body{Text: "x"}}))
	eventually(t, "that a message failed is known", func() bool { return other.Health(r.account.ID).FailedToday == 1 })
	if x = other.Health(r.account.ID); x.Errors[0].Text != "A message was not sent: no such number" || x.MessageAt != 0 && x.HeardAt == 0 {
		t.Errorf("%+v", x)
	}
	r.provider.onSend(func(channels.Outbound) error {
		return &channels.SendError{RetryAfter: time.Hour, OneThread: true, Reason: "slow"}
	})
	r.put(h, "t", record.Touch{Body: &record.Body{Text: "y"}})
	eventually(t, "the queue is known", func() bool { return other.Health(r.account.ID).Queued == 1 })
	var frame struct {
		Type    string         `json:"t"`
		Account string         `json:"account"`
		Errors  []AccountError `json:"errors"`
	}
	if text, _ := told.Load().(string); json.Unmarshal([]byte(text), &frame) != nil || frame.Type != "health" || frame.Account != r.account.ID || len(frame.Errors) == 0 {
		t.Errorf("sockets are told %v", told.Load())
	}
	if list := other.AllHealth(); len(list) != 1 || list[0].ID != r.account.ID {
		t.Errorf("all: %+v", list)
	}
	third, _ := r.hub(o) // one that comes later reads what is kept
	eventually(t, "read", func() bool { return len(third.Health(r.account.ID).Errors) >= 2 })
}

// An adapter that stops without having said why is failing.
func TestStoppedAdapterFails(t *testing.T) {
	r := newRig(t, store{"redis-server", "sqlite"})
	h, _ := r.hub(running(r, func(ctx context.Context, d channels.Desk) error {
		d.Health(channels.Health{State: "connected"})
		return errors.New("the line broke")
	}, nil))
	eventually(t, "failing", func() bool {
		x := h.Health(r.account.ID)
		return x.State == "failing" && x.Detail == "the line broke"
	})
}

// closingProbe ends its Run when it is drained.
type closingProbe struct {
	runProbe
	closed chan struct{}
}

func (a closingProbe) Close() error { close(a.closed); return nil }

// What ends because the hub is about to stop is no trouble of the account.
func TestDrainedAccountIsNotFailing(t *testing.T) {
	r := newRig(t, store{"redis-server", "sqlite"})
	closed, ended := make(chan struct{}), make(chan struct{})
	h, stop := r.hub(func(o *Options) {
		o.Kinds[0].Open = func(c channels.Config) (channels.Adapter, error) {
			return closingProbe{runProbe{&probe{r.provider, c}, func(ctx context.Context, d channels.Desk) error {
				d.Health(channels.Health{State: "connected"})
				<-closed
				close(ended)
				return errors.New("the account was closed")
			}, nil}, closed}, nil
		}
	})
	eventually(t, "connected", func() bool { return h.Health(r.account.ID).State == "connected" })
	h.Drain()
	<-ended
	stop()
	if x := h.Health(r.account.ID); x.State != "connected" || len(x.Errors) != 0 {
		t.Errorf("%+v", x)
	}
}

// Whichever node is asked, the adapter starts again at once, out of its backoff and out of a standing connection.
func TestReconnect(t *testing.T) {
	r := newRig(t, store{"redis-server", "sqlite"})
	var runs atomic.Int32
	var stay atomic.Bool
	o := running(r, func(ctx context.Context, d channels.Desk) error {
		runs.Add(1)
		if stay.Load() {
			return steady(ctx, d)
		}
		return errors.New("no")
	}, nil)
	r.tune = func(h *Hub) { h.restartAfter = time.Hour }
	h, _ := r.hub(o)
	other, _ := r.hub(o)
	eventually(t, "it stopped", func() bool { return h.Health(r.account.ID).State == "failing" })
	stay.Store(true)
	n := runs.Load()
	if err := other.Reconnect(t.Context(), r.account.ID); err != nil {
		t.Fatal(err)
	}
	if err := h.Reconnect(t.Context(), r.account.ID); err != nil { // both nodes hear both: one has nothing to start
		t.Fatal(err)
	}
	eventually(t, "connected", func() bool { return h.Health(r.account.ID).State == "connected" })
	n = max(n, runs.Load())
	if err := h.Reconnect(t.Context(), r.account.ID); err != nil {
		t.Fatal(err)
	}
	eventually(t, "connected anew", func() bool { return runs.Load() > n })
	if err := h.Reconnect(t.Context(), "nothing"); code(err) != "not_found" {
		t.Error(err)
	}
	row := r.account
	row.Enabled = false
	if _, err := r.openDB().EditAccount(t.Context(), row); err != nil {
		t.Fatal(err)
	}
	if err := h.readSettings(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := h.Reconnect(t.Context(), row.ID); code(err) != "conflict" {
		t.Error(err)
	}
	if x := h.Health(row.ID); x.State != "off" {
		t.Errorf("switched off it is %q", x.State)
	}
}

// The customer's channel hears that an agent types, at most every few seconds while it goes on and once when it is over.
func TestTypingReachesTheChannel(t *testing.T) {
	ty := newTypists()
	now := time.Unix(1_700_000_000, 0)
	said := ""
	for i := range 100 { // ten seconds of typing
		if ty.due("c", true, now.Add(time.Duration(i)*100*time.Millisecond)) {
			said += fmt.Sprint(i, " ")
		}
	}
	if said != "0 40 80 " {
		t.Errorf("said at %s", said)
	}
	if !ty.due("c", false, now) || ty.due("c", false, now) || ty.due("other", false, now) {
		t.Error("the end is said not once")
	}
	for i := range 5000 {
		ty.due(fmt.Sprint(i), true, now.Add(time.Duration(i)*time.Second))
	}
	if len(ty.said) > 1100 {
		t.Errorf("%d are remembered", len(ty.said))
	}

	r := newRig(t, store{"redis-server", "sqlite"})
	r.user("ann", 3)
	var mu sync.Mutex
	var heard []string
	h, _ := r.hub(running(r, steady, func(thread, address string, on bool) {
		mu.Lock()
		defer mu.Unlock()
		heard = append(heard, fmt.Sprint(thread, address, on))
	}))
	r.mustSay(h, "t", "1", "hi")
	c, _ := h.mirror.byThread(record.Thread{Account: r.account.ID, Channel: r.account.Kind, ID: "t"})
	for range 10 {
		h.Typing(c.ID, "ann", true)
	}
	list := func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(heard)
	}
	eventually(t, "typing", func() bool { return len(list()) == 1 })
	h.Typing(c.ID, "ann", false)
	h.Typing(c.ID, "ann", false)
	h.Typing("nothing", "ann", true)
	eventually(t, "the end", func() bool { return len(list()) == 2 })
	if got := list(); !slices.Equal(got, []string{"tttrue", "ttfalse"}) {
		t.Errorf("%v", got)
	}
}
