package router

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"reflect"
	"sync"
	"time"

	"tamas/inbox"
	"tamas/inbox/record"
)

// Hub is what the loop asks of the hub: the log, the live state, the settings, and a way to act. *inbox.Hub is one.
type Hub interface {
	Subscribe(from string) (*inbox.Subscription, bool)
	Head() record.ID
	Live() ([]record.Conversation, []record.Agent)
	Settings() *inbox.Settings
	SettingsRead() <-chan struct{}
	// Propose carries a command out without waiting for the record: nobody outside hears of an offer before its event is
	// recorded anyway.
	Propose(ctx context.Context, c inbox.Command) error
}

const (
	parallel   = 16               // proposals under way at once
	maxSleep   = 10 * time.Second // a clock that jumps is noticed after this
	firstPause = 100 * time.Millisecond
	lastPause  = 5 * time.Second
)

// self is who decides, in events.
var self = record.Actor{Kind: "system", ID: "router"}

// Router is a policy at work. Its zero value goes by DefaultPolicy and logs to slog's default.
type Router struct {
	Policy Policy // as a whole: DefaultPolicy when Waiting is nil
	Log    *slog.Logger
}

// Run routes by the default policy.
func Run(ctx context.Context, hub Hub) error { return Router{}.Run(ctx, hub) }

// Explain answers by the default policy.
func Explain(hub Hub, conversation string, now record.Millis) []Exclusion {
	return Router{}.Explain(hub, conversation, now)
}

func (r Router) policy() Policy {
	if r.Policy.Waiting == nil {
		return DefaultPolicy()
	}
	return r.Policy
}

// Run routes for hub until ctx ends, which is its only error. Run it on the leader; a second one does no harm.
func (r Router) Run(ctx context.Context, hub Hub) error {
	log := r.Log
	if log == nil {
		log = slog.Default()
	}
	for ctx.Err() == nil {
		l := &loop{hub: hub, log: log, engine: New(r.policy()), busy: map[string]bool{}, done: make(chan outcome, parallel)}
		l.follow(ctx)
		l.running.Wait()
		select { // history forked, or this reader fell behind: load anew
		case <-ctx.Done():
		case <-time.After(firstPause):
		}
	}
	return ctx.Err()
}

// Explain answers "why is this still waiting?" from the live state, on any node; nil when it is not waiting.
func (r Router) Explain(hub Hub, conversation string, now record.Millis) []Exclusion {
	e := New(r.policy())
	e.Settings(RulesOf(hub.Settings()))
	conversations, agents := hub.Live()
	for _, c := range conversations {
		if c.ID == conversation {
			e.Load(record.ID{}, []record.Conversation{c}, agents)
			return e.Explain(conversation, now)
		}
	}
	return nil
}

// loop is one subscription's worth of routing. Everything but the proposals is one goroutine's.
type loop struct {
	hub    Hub
	log    *slog.Logger
	engine *Engine
	rows   *inbox.Settings // that the engine has

	todo    []*Decision
	busy    map[string]bool // conversations and agents with a proposal under way
	under   int             // proposals under way
	done    chan outcome    // has room for all of them
	running sync.WaitGroup

	pause time.Duration // of the last failure; 0: the hub answers
	hold  time.Time     // nothing is proposed before
}

// outcome is how a proposal ended.
type outcome struct {
	d   Decision
	err error
}

// follow returns when ctx ends or the subscription is lost.
func (l *loop) follow(ctx context.Context) {
	sub, _ := l.hub.Subscribe("")
	defer sub.Close()
	read := l.hub.SettingsRead()
	l.rows = l.hub.Settings()
	l.engine.Settings(RulesOf(l.rows))
	at := l.hub.Head()
	conversations, agents := l.hub.Live() // what comes after the subscription may be in here already: versions tell
	l.engine.Load(at, conversations, agents)

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
		list := l.engine.Decide(record.At(now))
		for i := range list {
			l.todo = append(l.todo, &list[i])
		}
		l.propose(ctx, now)

		timer.Reset(l.sleep(now))
		select {
		case <-ctx.Done():
			return
		case <-sub.C:
		case <-timer.C:
		case <-read:
			read = l.hub.SettingsRead()
			if rows := l.hub.Settings(); !same(rows, l.rows) { // they are read again every few seconds
				l.rows = rows
				l.engine.Settings(RulesOf(rows))
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

// sleep is how long nothing will be due.
func (l *loop) sleep(now time.Time) time.Duration {
	d := maxSleep
	if next := l.engine.Next(); next > 0 {
		d = min(d, max(0, next.Time().Sub(now)))
	}
	if len(l.todo) > 0 && l.hold.After(now) {
		d = min(d, l.hold.Sub(now))
	}
	return d
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
	now := time.Now()
	l.engine.Refuse(o.d, record.At(now))
	var refusal *inbox.Refusal
	if errors.As(o.err, &refusal) {
		l.pause = 0
		l.log.Debug("decision refused", "action", o.d.Action, "conversation", o.d.Conversation, "agent", o.d.Agent,
			"code", refusal.Code)
		return
	}
	if now.Before(l.hold) || errors.Is(o.err, context.Canceled) {
		return
	}
	l.pause = min(max(2*l.pause, firstPause), lastPause)
	l.hold = now.Add(l.pause)
	l.log.Warn("the hub takes no decisions", "err", o.err, "pause", l.pause)
}

// command is a decision as the hub takes it.
func command(d Decision) inbox.Command {
	why := d.Why
	return inbox.Command{By: self, Action: d.Action, Conversation: d.Conversation, Version: d.Version, Agent: d.Agent,
		Until: d.Until, State: d.State, Why: &why}
}

// same tells that routing need not know of the difference; each edit of a row raises its version.
func same(a, b *inbox.Settings) bool {
	return maps.EqualFunc(a.Queues, b.Queues, func(x, y record.Queue) bool { return x.Version == y.Version }) &&
		maps.EqualFunc(a.Users, b.Users, func(x, y record.User) bool { return x.Version == y.Version }) &&
		reflect.DeepEqual(a.Calendars, b.Calendars) && reflect.DeepEqual(a.Routing, b.Routing)
}
