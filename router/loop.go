package router

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"tamas/inbox"
	"tamas/inbox/record"
)

// Hub is what the loop asks of the hub: the log, the live state, the settings, and a way to act. *inbox.Hub is one.
type Hub interface {
	Subscribe(from string) (*inbox.Subscription, bool)
	Head() record.ID
	LiveUpTo() (conversations []record.Conversation, agents []record.Agent, upTo uint64, ok bool)
	Settings() *inbox.Settings
	SettingsRead() <-chan struct{}
	// KeepPolicy stores the text that reasons name by its hash.
	KeepPolicy(ctx context.Context, hash string, text []byte) error
	// Propose carries a command out without waiting for the record: nobody outside hears of an offer before its event is
	// recorded anyway.
	Propose(ctx context.Context, c inbox.Command) error
}

const (
	parallel   = 16               // proposals under way at once
	fewStand   = 8                // decisions that may stand undone while more are made
	maxPending = 32               // that a reason lists
	maxSleep   = 10 * time.Second // a clock that jumps is noticed after this
	backwards  = 500 * time.Millisecond
	catchUp    = 2 * time.Second // until the events of a copied live state have come by
	firstPause = 100 * time.Millisecond
	lastPause  = 5 * time.Second
)

// self is who decides, in events.
var self = record.Actor{Kind: "system", ID: "router"}

// Router is a policy at work. Its zero value goes by DefaultPolicy, the machine's clock, and logs to slog's default.
type Router struct {
	Policy Policy // as a whole: DefaultPolicy when it is zero
	Log    *slog.Logger
	Clock  func() time.Time
}

// Run routes by the default policy.
func Run(ctx context.Context, hub Hub) error { return Router{}.Run(ctx, hub) }

func (r Router) policy() Policy {
	if r.Policy == (Policy{}) {
		return DefaultPolicy()
	}
	return r.Policy
}

// Run routes for hub until ctx ends, which is its only error. Run it on the leader; a second one does no harm.
func (r Router) Run(ctx context.Context, hub Hub) error {
	if r.Log == nil {
		r.Log = slog.Default()
	}
	if r.Clock == nil {
		r.Clock = time.Now
	}
	kept := map[string]bool{}
	for ctx.Err() == nil {
		l := &loop{Router: r, hub: hub, engine: New(r.policy()), busy: map[string]bool{}, done: make(chan outcome, parallel),
			kept: kept, keep: make(chan keeping, 1)}
		l.follow(ctx)
		l.running.Wait()
		select { // history forked, this reader fell behind, or the clock went back: load anew
		case <-ctx.Done():
		case <-time.After(firstPause):
		}
	}
	return ctx.Err()
}

// loop is one subscription's worth of routing. Everything but the proposals is one goroutine's.
type loop struct {
	Router
	hub    Hub
	engine *Engine
	rules  Rules  // that the engine has
	policy string // the hash of them
	text   []byte
	upTo   uint64 // the engine's headers may hold what events up to here say
	begun  time.Time
	at     record.Millis // the engine's clock: it never goes back

	todo    []*Decision
	made    []*Decision     // that may be pending
	busy    map[string]bool // conversations and agents with a proposal under way
	under   int             // proposals under way
	done    chan outcome    // has room for all of them
	running sync.WaitGroup

	kept    map[string]bool // policies that the record has
	keep    chan keeping
	storing bool

	pause time.Duration // of the last failure; 0: the hub answers
	hold  time.Time     // nothing is decided or proposed before
}

// outcome is how a proposal ended.
type outcome struct {
	d   Decision
	err error
}

// keeping is how storing a policy ended.
type keeping struct {
	hash string
	err  error
}

// follow returns when ctx ends, the subscription is lost, or the clock went back.
func (l *loop) follow(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	sub, _ := l.hub.Subscribe("")
	defer sub.Close()
	read := l.hub.SettingsRead()
	l.adopt(l.hub.Settings())
	at := l.hub.Head()
	conversations, agents, upTo, ok := l.hub.LiveUpTo() // what comes after the subscription may be in here already: versions tell
	if !ok {
		return
	}
	l.engine.Load(at, conversations, agents)
	l.upTo, l.begun = upTo, time.Now()

	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		frames, lost := sub.Next()
		if lost {
			return
		}
		for i := range frames {
			l.engine.Apply(frames[i].Event)
		}
		now := time.Now()
		if back := l.tick(); back > backwards {
			l.Log.Warn("the clock went back; what is due is worked out anew", "by", back)
			return
		}
		l.store(ctx, now)
		l.decide(now)
		l.propose(ctx, now)

		timer.Reset(l.sleep(now))
		select {
		case <-ctx.Done():
			return
		case <-sub.C:
		case <-timer.C:
		case <-read:
			read = l.hub.SettingsRead()
			l.adopt(l.hub.Settings())
		case k := <-l.keep:
			l.storing = false
			if k.err == nil {
				l.kept[k.hash] = true
			} else if ctx.Err() == nil {
				l.fail(now, k.err)
			}
		case o := <-l.done:
			l.finish(o)
			for more := true; more; {
				select {
				case o := <-l.done:
					l.finish(o)
				default:
					more = false
				}
			}
		}
	}
}

// tick moves the engine's clock on, which never goes back, and tells how far behind it the other one is.
func (l *loop) tick() (back time.Duration) {
	clock := record.At(l.Clock())
	back = time.Duration(l.at-clock) * time.Millisecond
	l.at = max(l.at, clock)
	return back
}

// adopt takes the settings, which are read again every few seconds, when routing has to know of a difference.
func (l *loop) adopt(s *inbox.Settings) {
	rules := RulesOf(s)
	hash, text := named(l.engine.policy, rules)
	if hash != l.policy {
		l.rules, l.policy, l.text = rules, hash, text
		l.engine.Settings(rules)
	}
}

// store has the record keep the policy; nothing is decided by one that it does not have.
func (l *loop) store(ctx context.Context, now time.Time) {
	if l.storing || l.kept[l.policy] || l.hold.After(now) {
		return
	}
	l.storing = true
	hash, text := l.policy, l.text
	l.running.Go(func() { l.keep <- keeping{hash, l.hub.KeepPolicy(ctx, hash, text)} })
}

// ready tells whether decisions may be made: what stands undone must be little, since each reason lists it.
func (l *loop) ready(now time.Time) bool {
	return l.kept[l.policy] && !l.hold.After(now) && (len(l.todo) == 0 || l.under+len(l.todo) <= fewStand) && l.behind(now) <= 0
}

// behind is how long to wait at most for the events that are in the headers already: only then the last event seen tells what the
// engine knows.
func (l *loop) behind(now time.Time) time.Duration {
	if l.exact() {
		return 0
	}
	return l.begun.Add(catchUp).Sub(now)
}

func (l *loop) exact() bool { return l.engine.Last().N >= l.upTo }

// decide asks the engine and gives each reason what it takes to compute it again.
func (l *loop) decide(now time.Time) {
	if next := l.engine.Next(); !l.ready(now) || next == 0 || next > l.at {
		return
	}
	var stood []Pending
	rest := l.made[:0]
	for _, d := range l.made {
		if p, ok := l.engine.pendingOf(d); ok {
			stood, rest = append(stood, p), append(rest, d)
		}
	}
	clear(l.made[len(rest):])
	l.made = rest
	list := l.engine.Decide(l.at)
	if len(list) == 0 {
		return
	}
	pending, cut := listed(stood)
	for i := range list {
		d := &list[i]
		d.Why.Policy, d.Why.Pending, d.Why.Cut = l.policy, pending, cut
		if !l.exact() {
			d.Why.Last = record.ID{}
		}
		l.todo, l.made = append(l.todo, d), append(l.made, d)
	}
}

// sleep is how long nothing will be due.
func (l *loop) sleep(now time.Time) time.Duration {
	switch {
	case l.hold.After(now):
		return min(l.hold.Sub(now), maxSleep)
	case !l.ready(now): // an outcome or an event will wake the loop
		if wait := l.behind(now); wait > 0 {
			return wait
		}
	default:
		if next := l.engine.Next(); next > 0 {
			return min(max(0, time.Duration(next-l.at)*time.Millisecond), maxSleep)
		}
	}
	return maxSleep
}

// propose starts what may start: one proposal for a conversation and for an agent, in order.
func (l *loop) propose(ctx context.Context, now time.Time) {
	if l.hold.After(now) {
		return
	}
	rest := l.todo[:0]
	for i, d := range l.todo {
		if l.under == parallel {
			rest = append(rest, l.todo[i:]...)
			break
		}
		switch {
		case !l.engine.Stands(*d): // overtaken by an event while it stood in line
		case l.busy[d.Conversation] || l.busy[d.Agent]:
			rest = append(rest, d)
		default:
			l.mark(*d, true)
			l.under++
			l.running.Go(func() { l.done <- outcome{*d, l.hub.Propose(ctx, command(*d))} })
		}
	}
	clear(l.todo[len(rest):])
	l.todo = rest
}

func (l *loop) mark(d Decision, busy bool) {
	for _, id := range []string{d.Conversation, d.Agent} {
		switch {
		case id == "":
		case busy:
			l.busy[id] = true
		default:
			delete(l.busy, id)
		}
	}
}

// finish takes in how a proposal ended. What was refused is decided anew when there is news; when the hub fails,
// everything waits.
func (l *loop) finish(o outcome) {
	l.under--
	l.mark(o.d, false)
	if o.err == nil {
		l.pause = 0
		return
	}
	l.tick()
	l.engine.Refuse(o.d, l.at)
	var refusal *inbox.Refusal
	switch {
	case errors.As(o.err, &refusal):
		l.pause = 0
		l.Log.Debug("decision refused", "action", o.d.Action, "conversation", o.d.Conversation, "agent", o.d.Agent, "code", refusal.Code)
	case !errors.Is(o.err, context.Canceled):
		l.fail(time.Now(), o.err)
	}
}

// fail lets everything wait, longer each time.
func (l *loop) fail(now time.Time, err error) {
	if now.Before(l.hold) {
		return
	}
	l.pause = min(max(2*l.pause, firstPause), lastPause)
	l.hold = now.Add(l.pause)
	l.Log.Warn("the hub takes no decisions", "err", err, "pause", l.pause)
}

// command is a decision as the hub takes it.
func command(d Decision) inbox.Command {
	why := d.Why
	return inbox.Command{By: self, Action: d.Action, Conversation: d.Conversation, Version: d.Version, Agent: d.Agent,
		Queue: d.Queue, Until: d.Until, State: d.State, Text: d.Text, Reason: d.Reason, Why: &why}
}
