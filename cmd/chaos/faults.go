package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// faultKind is one way to hurt the cluster. do hurts and heals, bounded in time, and says what it did.
type faultKind struct {
	name, about string
	do          func(ctx context.Context, x *chaos) (string, error)
}

// chaos is what faults act on, with their share of chance.
type chaos struct {
	*cluster
	rng *rand.Rand
}

// between picks a duration.
func (x *chaos) between(a, b time.Duration) time.Duration {
	return a + time.Duration(x.rng.Int64N(int64(b-a)+1))
}

// kinds are all faults, by group; --faults names groups or single ones.
var kinds = []faultKind{
	{"kill-leader", "SIGKILL of the leading hub, which comes back", killLeader},
	{"kill-hub", "SIGKILL of a hub that does not lead", killHub},
	{"kill-all", "SIGKILL of all hubs at once", killAll},
	{"kill-redis", "SIGKILL of redis-server, which comes back with its append-only file", killRedis},
	{"kill-sql", "SIGKILL of PostgreSQL, which recovers", killSQL},
	{"flush", "FLUSHALL under load", flush},
	{"flush-commit", "FLUSHALL between append and commit: SQL's answers are held back meanwhile", flushCommit},
	{"flush-cut", "the same, the leader killed, while another hub cannot ask the record", flushCut},
	{"restore", "an old dump of Redis restored", restore},
	{"promote", "a replica that was cut off is promoted", promote},
	{"promote-split", "the same, and one hub follows later than the others", promoteSplit},
	{"stop-leader", "SIGSTOP of the leader past its lease", stopLeader},
	{"stop-sender", "SIGSTOP of the hub that sends past its lease", stopSender},
	{"stop-hub", "SIGSTOP of any hub past its lease", stopHub},
	{"commit-lost", "the reply to a COMMIT of the recorder is lost", commitLost},
	{"sql-held", "SQL does not answer for a while", sqlHeld},
	{"cut-redis", "one hub is cut off from Redis past its lease", cutRedis},
	{"kill-sender", "the sending hub is killed after the provider accepted and before it answers", killSender},
}

// choose gives the faults that a list names: names, or the beginnings of names.
func choose(list string) ([]faultKind, error) {
	if list == "" || list == "all" {
		return kinds, nil
	}
	var out []faultKind
	for _, want := range strings.Split(list, ",") {
		found := false
		for _, k := range kinds {
			if k.name == want || strings.HasPrefix(k.name, want+"-") {
				out, found = append(out, k), true
			}
		}
		if !found {
			return nil, fmt.Errorf("there is no fault %q", want)
		}
	}
	return out, nil
}

func killLeader(ctx context.Context, x *chaos) (string, error) {
	h := x.leader()
	return h.name, x.killAndStart(ctx, h)
}

func killHub(ctx context.Context, x *chaos) (string, error) {
	h := x.other(x.rng, x.leader())
	return h.name, x.killAndStart(ctx, h)
}

func (x *chaos) killAndStart(ctx context.Context, h *hub) error {
	h.kill()
	_ = pause(ctx, x.between(0, 500*time.Millisecond))
	return h.start()
}

func killAll(ctx context.Context, x *chaos) (string, error) {
	for _, h := range x.hubs {
		h.kill()
	}
	return "", x.startAll()
}

// startAll starts the hubs that are down.
func (x *chaos) startAll() error {
	var errs []error
	for _, h := range x.hubs {
		errs = append(errs, h.start())
	}
	return errors.Join(errs...)
}

func killRedis(ctx context.Context, x *chaos) (string, error) {
	x.pool[x.live].Kill()
	_ = pause(ctx, x.between(100*time.Millisecond, time.Second))
	return "", x.pool[x.live].Start()
}

func killSQL(ctx context.Context, x *chaos) (string, error) {
	x.sql.Kill()
	_ = pause(ctx, x.between(100*time.Millisecond, time.Second))
	return "", x.startSQL(ctx)
}

func (x *chaos) flushall(ctx context.Context) error {
	c := x.redisOf(x.live)
	defer c.Close()
	return c.FlushAll(ctx).Err()
}

func flush(ctx context.Context, x *chaos) (string, error) { return "", x.flushall(ctx) }

// flushCommit lets the log grow while no transaction's outcome gets back, empties Redis, and lets SQL go on.
func flushCommit(ctx context.Context, x *chaos) (string, error) {
	for _, h := range x.hubs {
		h.sql.down.hold()
	}
	defer func() {
		for _, h := range x.hubs {
			h.sql.down.release()
		}
	}()
	_, ahead, err := x.untilAhead(ctx, 20, 1500*time.Millisecond)
	if err != nil {
		return "", err
	}
	if err := x.flushall(ctx); err != nil {
		return "", err
	}
	_ = pause(ctx, x.between(0, 300*time.Millisecond))
	return fmt.Sprintf("%d events ahead of the record", ahead), nil
}

// ahead tells how many events the log has behind a number of the record's.
func (x *chaos) ahead(ctx context.Context, of uint64) uint64 {
	c := x.redisOf(x.live)
	defer c.Close()
	n, _ := c.Get(ctx, "{tamas}:n").Uint64() // 0 while it is empty
	return n - min(n, of)
}

// untilAhead waits until the log is some events ahead of the record as it is now. It gives the record's number and how far
// the log has come.
func (x *chaos) untilAhead(ctx context.Context, events uint64, most time.Duration) (from, ahead uint64, err error) {
	at, err := readCursor(ctx, x.db)
	if err != nil {
		return 0, 0, err
	}
	return at.N, x.untilPast(ctx, at.N, events, most), ctx.Err()
}

func (x *chaos) untilPast(ctx context.Context, from, events uint64, most time.Duration) uint64 {
	deadline := time.Now().Add(most)
	for {
		ahead := x.ahead(ctx, from)
		if ahead >= events || time.Now().After(deadline) || pause(ctx, 10*time.Millisecond) != nil {
			return ahead
		}
	}
}

// flushCut does the same, kills the leader, which still holds in memory what the log has lost, and meanwhile keeps one hub
// from asking the record: whether what that hub waits for was kept can only come to it by the list of recorded ids, of another
// history by then.
func flushCut(ctx context.Context, x *chaos) (string, error) {
	leader := x.leader()
	cut := x.other(x.rng, leader)
	for _, h := range x.hubs {
		h.sql.down.hold()
	}
	defer func() {
		for _, h := range x.hubs {
			h.sql.heal()
		}
	}()
	from, ahead, err := x.untilAhead(ctx, 30, 1500*time.Millisecond)
	if err != nil {
		return "", err
	}
	cut.sql.cutOff()
	if err := x.flushall(ctx); err != nil {
		return "", err
	}
	leader.kill()
	for _, h := range x.hubs {
		h.sql.down.release()
	}
	if err := leader.start(); err != nil {
		return "", err
	}
	// Until the new history has come further than the old one had.
	x.untilPast(ctx, from, ahead+20, 6*time.Second)
	_ = pause(ctx, x.between(100*time.Millisecond, 400*time.Millisecond))
	return fmt.Sprintf("%s; %d events ahead, %s killed", cut.name, ahead, leader.name), nil
}

// restore kills Redis and starts it with a dump that was made a while before.
func restore(ctx context.Context, x *chaos) (string, error) {
	s := x.pool[x.live]
	c := x.redisOf(x.live)
	defer c.Close()
	if err := c.Save(ctx).Err(); err != nil {
		return "", fmt.Errorf("save a dump: %w", err)
	}
	age := x.between(300*time.Millisecond, 1500*time.Millisecond)
	_ = pause(ctx, age)
	s.Kill()
	if err := os.RemoveAll(filepath.Join(s.Dir, "appendonlydir")); err != nil {
		return "", err
	}
	if err := x.persist("dump"); err != nil {
		return "", err
	}
	if err := s.Start(); err != nil {
		return "", err
	}
	if err := x.persist("aof"); err != nil {
		return "", err
	}
	if err := c.ConfigSet(ctx, "appendonly", "yes").Err(); err != nil {
		return "", err
	}
	return fmt.Sprintf("a dump %v old", age.Round(time.Millisecond)), nil
}

// promote cuts the replica off, lets the master run on for a while, and makes everybody use the replica.
func promote(ctx context.Context, x *chaos) (string, error) { return x.failover(ctx, 0) }

func promoteSplit(ctx context.Context, x *chaos) (string, error) {
	return x.failover(ctx, x.between(300*time.Millisecond, 1500*time.Millisecond))
}

func (x *chaos) failover(ctx context.Context, split time.Duration) (string, error) {
	replica := x.redisOf(1 - x.live)
	defer replica.Close()
	if err := replica.ReplicaOf(ctx, "NO", "ONE").Err(); err != nil {
		return "", fmt.Errorf("cut the replica off: %w", err)
	}
	behind := x.between(50*time.Millisecond, 1200*time.Millisecond)
	_ = pause(ctx, behind)
	late := x.hubs[x.rng.IntN(len(x.hubs))]
	for _, h := range x.hubs {
		if h != late {
			h.redis.lead(x.pool[1-x.live].Addr)
		}
	}
	_ = pause(ctx, split)
	late.redis.lead(x.pool[1-x.live].Addr)
	x.live = 1 - x.live
	text := fmt.Sprintf("%v behind", behind.Round(time.Millisecond))
	if split > 0 {
		text += fmt.Sprintf(", %s followed %v later", late.name, split.Round(time.Millisecond))
	}
	return text, nil
}

func stopLeader(ctx context.Context, x *chaos) (string, error) { return x.freeze(ctx, x.leader()) }

func stopSender(ctx context.Context, x *chaos) (string, error) {
	return x.freeze(ctx, x.sender([]string{hostTelegram, hostSMS}[x.rng.IntN(2)]))
}

func stopHub(ctx context.Context, x *chaos) (string, error) {
	return x.freeze(ctx, x.hubs[x.rng.IntN(len(x.hubs))])
}

// freeze stops a process for longer than a lease (3 s).
func (x *chaos) freeze(ctx context.Context, h *hub) (string, error) {
	h.pause()
	defer h.resume()
	_ = pause(ctx, x.between(3300*time.Millisecond, 4500*time.Millisecond))
	return h.name, nil
}

// commitLost makes a few commits of the leader run without a word back.
func commitLost(ctx context.Context, x *chaos) (string, error) {
	n := 0
	for range 3 {
		h := x.leader()
		lost := h.sql.loseCommit()
		select {
		case <-lost:
			n++
		case <-time.After(2 * time.Second):
		case <-ctx.Done():
		}
		_ = pause(ctx, x.between(50*time.Millisecond, 400*time.Millisecond))
	}
	for _, h := range x.hubs {
		h.sql.heal()
	}
	return fmt.Sprintf("%d commits", n), nil
}

func sqlHeld(ctx context.Context, x *chaos) (string, error) {
	for _, h := range x.hubs {
		h.sql.hold()
	}
	d := x.between(time.Second, 4*time.Second)
	_ = pause(ctx, d)
	for _, h := range x.hubs {
		h.sql.release()
	}
	return d.Round(time.Millisecond).String(), nil
}

func cutRedis(ctx context.Context, x *chaos) (string, error) {
	h := x.hubs[x.rng.IntN(len(x.hubs))]
	if x.rng.IntN(2) == 0 {
		h.redis.cutOff()
	} else {
		h.redis.hold()
	}
	_ = pause(ctx, x.between(3300*time.Millisecond, 4500*time.Millisecond))
	h.redis.heal()
	return h.name, nil
}

// killSender ends the hub while the provider has the message and the hub does not know.
func killSender(ctx context.Context, x *chaos) (string, error) {
	killed := make(chan *hub, len(x.hubs))
	for _, h := range x.hubs {
		h.out.afterSend(func(string) {
			h.kill()
			killed <- h
		})
	}
	defer func() {
		for _, h := range x.hubs {
			h.out.afterSend(nil)
		}
	}()
	select {
	case h := <-killed:
		for _, other := range x.hubs {
			other.out.afterSend(nil)
		}
		_ = pause(ctx, x.between(0, 500*time.Millisecond))
		return h.name, x.startAll() // two may have sent at once
	case <-time.After(5 * time.Second):
		return "nothing was sent", nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
