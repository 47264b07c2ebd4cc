package inbox

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// A lease says who works on something (the log; an account). It is for efficiency only: what two holders
// might do at once is decided by the SQL cursor and by commit.lua. A holder may trust it until its deadline
// by its own clock, so a process that was stopped past it notices before it acts.
type lease struct {
	rdb    redis.UniversalClient
	key    string
	holder string
	lasts  time.Duration // unless it is renewed

	until time.Time
}

const leaseRenew = 700 * time.Millisecond

// KEYS 1 the lease  ARGV 1 holder  2 ms. Takes a free lease, renews an own one; 1 when held.
var leaseScript = redis.NewScript(`
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`)

var releaseScript = redis.NewScript(`
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`)

// take tries to hold or renew the lease.
func (l *lease) take(ctx context.Context) (bool, error) {
	asked := time.Now()
	held, err := leaseScript.Run(ctx, l.rdb, []string{l.key}, l.holder, l.lasts.Milliseconds()).Int()
	if err != nil {
		return false, fmt.Errorf("lease %s: %w", l.key, err)
	}
	if held == 1 {
		l.until = asked.Add(l.lasts)
	}
	return held == 1, nil
}

func (l *lease) release() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = releaseScript.Run(ctx, l.rdb, []string{l.key}, l.holder).Err()
}

// hold runs work whenever the lease can be had, until ctx ends. work's context ends when the lease is
// lost; its deadline function tells whether the lease still stands by this node's clock.
func hold(ctx context.Context, rdb redis.UniversalClient, key string, lasts time.Duration, work func(ctx context.Context, valid func() bool) error) error {
	for ctx.Err() == nil {
		l := &lease{rdb: rdb, key: key, holder: tokenText(newToken()), lasts: lasts}
		held, err := l.take(ctx)
		if err != nil || !held {
			if sleep(ctx, leaseRenew) != nil {
				break
			}
			continue
		}
		l.run(ctx, work)
	}
	return ctx.Err()
}

func (l *lease) run(ctx context.Context, work func(ctx context.Context, valid func() bool) error) {
	inner, cancel := context.WithCancel(context.WithValue(ctx, leaseHolder{}, l.holder))
	defer cancel()
	until := make(chan time.Time, 1)
	until <- l.until
	valid := func() bool {
		t := <-until
		until <- t
		return time.Now().Before(t)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = work(inner, valid)
	}()
	tick := time.NewTicker(leaseRenew)
	defer tick.Stop()
	for {
		select {
		case <-done:
			l.release()
			if ctx.Err() == nil {
				_ = sleep(ctx, 100*time.Millisecond) // work that ends at once is not to spin
			}
			return
		case <-tick.C:
			held, err := l.take(ctx)
			if err == nil && held {
				<-until
				until <- l.until
			} else if err == nil || time.Now().After(l.until) {
				cancel()
				<-done
				return
			}
		}
	}
}

type leaseHolder struct{}

// holderOf names the lease under which ctx's work runs.
func holderOf(ctx context.Context) string {
	s, _ := ctx.Value(leaseHolder{}).(string)
	return s
}
