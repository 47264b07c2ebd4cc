package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"tamas/inbox"
	"tamas/inbox/record"
)

// probeScript does in Redis what one commit does: the same number of reads and writes of the same sizes.
// KEYS 1 epoch 2..4 buckets 5 conversations 6 threads 7 n 8 events  ARGV 1 field 2 header 3 event
var probeScript = redis.NewScript(`
redis.call('GET', KEYS[1])
for i = 2, 4 do redis.call('HGET', KEYS[i], ARGV[1]) end
redis.call('HGET', KEYS[5], 'c')
redis.call('HSET', KEYS[5], 'c', ARGV[2])
local id = redis.call('INCR', KEYS[7]) .. '-1'
redis.call('XADD', KEYS[8], 'MAXLEN', '~', 5000, id, 'e', ARGV[3])
redis.call('HSET', KEYS[2], ARGV[1], id)
return id`)

// measureOne takes turns between one caller's message, one script in Redis and one commit of the same message, so that all
// three meet the same machine.
func (b *bencher) measureOne(ctx context.Context) error {
	d, callers, err := b.smsCallers(ctx, 8) // one of them measures
	if err != nil {
		return err
	}
	defer hangUp(callers)
	rdb := b.hub.redis
	if rdb == nil {
		if rdb, err = inbox.OpenRedis(ctx, ""); err != nil {
			return err
		}
		defer rdb.Close()
	}
	db, closeDB, err := b.hub.probeRecord(ctx)
	if err != nil {
		return err
	}
	space := "{" + b.hub.workspace + "}:probe:"
	keys := []string{"epoch", "b0", "b1", "b2", "conversations", "threads", "n", "events"}
	for i := range keys {
		keys[i] = space + keys[i]
	}
	old, err := db.Cursor(ctx)
	if err != nil {
		return errors.Join(err, closeDB())
	}
	header := probeHeader(1)
	var acks, scripts, commits []time.Duration
	begun := time.Now()
	for warm := true; time.Since(begun) < b.time+b.warmUp(); warm = time.Since(begun) < b.warmUp() {
		n := nextNumber()
		event, text := probeEvent(n, old)
		steps := []func() error{
			func() error { return callers[0].sms(d, smsBody(n, 1, b.phoneOf)) },
			func() error {
				return probeScript.EvalSha(ctx, rdb, keys, fmt.Sprintf("%012d", n), header, text).Err()
			},
			func() error { return db.Write(ctx, old, []record.Event{event}) },
		}
		if warm && len(acks) == 0 {
			if err := probeScript.Load(ctx, rdb).Err(); err != nil {
				return errors.Join(err, closeDB())
			}
		}
		for i, step := range steps {
			at := time.Now()
			if err := step(); err != nil {
				return errors.Join(err, closeDB())
			}
			if took := time.Since(at); !warm {
				list := []*[]time.Duration{&acks, &scripts, &commits}[i]
				*list = append(*list, took)
			}
		}
		old = event.ID
	}
	ack, script, commit := spreadOf(acks), spreadOf(scripts), spreadOf(commits)
	b.report.add(figure{Name: "one", Label: "one caller's p50 ÷ (Redis + commit)", Value: ack.P50 / (script.P50 + commit.P50), Unit: "×", Aim: 1.3, Less: true,
		Note: fmt.Sprintf("%s ms ÷ (%s + %s)", number(ack.P50), number(script.P50), number(commit.P50)), Spread: &ack})
	return errors.Join(rdb.Del(ctx, keys...).Err(), closeDB())
}

func probeHeader(n int) string {
	return fmt.Sprintf(`%d {"id":"00000000000003e8","number":17,"version":%d,"identity":"00000000000003e8","account":"00000000000003e8","channel":"sms","thread":"%s","queue":"00000000000003e8","status":"waiting","units":1,"unread":3,"unanswered":1767225600000,"created_at":1767225600000,"waiting_since":1767225600000,"last_inbound_at":1767225600000,"last_message_at":1767225600000,"last_message":"00000000000003e8"}`, n, n, phone(n))
}

// probeEvent is the n-th message as the recorder gets it, behind old.
func probeEvent(n int, old record.ID) (record.Event, string) {
	id := record.ID{N: old.N + 1, Token: uint64(n)}
	now := record.At(time.Now())
	thread := fmt.Sprint("t", n%1000)
	e := record.Event{V: record.EventVersion, ID: id, Kind: record.EvReceived, At: now, By: record.Actor{Kind: "customer", ID: thread}, Key: fmt.Sprint("in/probe/", n),
		Conversation: &record.Conversation{ID: thread, Number: 1, Version: int64(id.N), Identity: thread, Account: "probe", Channel: "sms", Thread: thread, Queue: "q",
			Status: record.Waiting, Units: 1, Unread: 1, CreatedAt: now, WaitingSince: now, LastInboundAt: now, LastMessageAt: now},
		Identity: &record.Identity{ID: thread, Customer: thread, Channel: "sms", Address: thread},
		Touch: &record.Touch{ID: fmt.Sprintf("%016x", n), Kind: record.KindMessage, Conversation: thread, Identity: thread, Account: "probe", Channel: "sms", Inbound: true,
			Author: record.Actor{Kind: "customer", ID: thread}, At: now, State: record.StateReceived, Rev: 1, Key: fmt.Sprint(n), ProviderID: fmt.Sprint(n),
			Body: &record.Body{Text: benchText(n)}}}
	return e, `{"v":1,"kind":"message.received","conversation":` + probeHeader(n) + `,"touch":{"text":"` + benchText(n) + `"},"more":"` + probeHeader(n) + `"}`
}

// measureRedis fills conversations with ten messages each and looks at what all keys but the log hold; the log is of the
// same length however many conversations there are.
func (b *bencher) measureRedis(ctx context.Context) error {
	if b.hub.redis == nil {
		return nil // the in-process one does not tell
	}
	const conversations, messages = 2000, 10
	if b.url == "" { // hash tables grow by doubling: from nothing they are charged whole
		if err := b.fresh(ctx, true); err != nil {
			return err
		}
	}
	d, err := b.hub.smsDoor(ctx)
	if err != nil {
		return err
	}
	callers, err := b.dial(4)
	if err != nil {
		return err
	}
	defer hangUp(callers)
	size := func() (total float64, err error) {
		keys, err := b.hub.keys(ctx)
		if err != nil {
			return 0, err
		}
		for _, k := range keys {
			if k == "{"+b.hub.workspace+"}:events" || k == "{"+b.hub.workspace+"}:recorded" {
				continue
			}
			n, err := b.hub.redis.MemoryUsage(ctx, k, 0).Result()
			if err != nil && !errors.Is(err, redis.Nil) {
				return 0, err
			}
			total += float64(n)
		}
		return total, nil
	}
	before, err := size()
	if err != nil {
		return err
	}
	first := int(numbers.Add(conversations))
	g := errgroup.Group{}
	for i, c := range callers {
		g.Go(func() error {
			for m := i; m < conversations; m += len(callers) {
				from := func(int) string { return phone(1_000_000 + first + m) }
				if err := c.sms(d, smsBody(int(numbers.Add(messages))-messages+1, messages, from)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	after, err := size()
	if err != nil {
		return err
	}
	log, _ := b.hub.redis.MemoryUsage(ctx, "{"+b.hub.workspace+"}:events", 0).Result()
	b.report.add(figure{Name: "redis", Label: "Redis, open conversation of ten messages", Value: (after - before) / conversations / 1024, Unit: "KB", Aim: 2, Less: true,
		Note: fmt.Sprintf("beside the log, which is trimmed to %.1f MB", float64(log)/(1<<20))})
	return nil
}

// measureMemory opens visitors' sockets that say nothing, on a hub of their own.
func (b *bencher) measureMemory(ctx context.Context) error {
	n := min(b.sockets, freeFiles()-200)
	if err := b.fresh(ctx, true); err != nil {
		return err
	}
	d, err := b.hub.chatDoor(ctx)
	if err != nil {
		return err
	}
	if err := b.hub.collect(); err != nil {
		return err
	}
	before, err := b.hub.usage(ctx)
	if err != nil {
		return err
	}
	visitors := make([]*visitor, n)
	defer func() {
		for _, v := range visitors {
			if v != nil {
				v.conn.Close()
			}
		}
	}()
	g, gctx := errgroup.WithContext(ctx)
	const openers = 16
	for i := range openers {
		g.Go(func() error {
			c, err := dialCaller(b.hub.addr)
			if err != nil {
				return err
			}
			defer c.close()
			for at := i; at < n; at += openers {
				token, err := c.session(d)
				if err != nil {
					return err
				}
				if visitors[at], err = openVisitor(gctx, d, token); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	open, err := b.hub.usage(ctx)
	if err != nil {
		return err
	}
	if err := b.hub.collect(); err != nil {
		return err
	}
	after, err := b.hub.usage(ctx)
	if err != nil {
		return err
	}
	each := func(x, y float64) float64 { return (y - x) / float64(n) / 1024 }
	b.report.add(figure{Name: "memory", Label: "idle visitor's socket, resident", Value: each(before.resident, after.resident), Unit: "KB", Aim: 8, Less: true,
		Note: fmt.Sprintf("%d open, after a collection, as comes by itself within minutes; heap and stacks %s KB. Just opened: resident %s, heap and stacks %s KB",
			n, number(each(before.heap, after.heap)), number(each(before.resident, open.resident)), number(each(before.heap, open.heap)))})
	return nil
}

// fresh starts the hub anew on an empty record and an empty Redis.
func (b *bencher) fresh(ctx context.Context, admin bool) error {
	if err := b.hub.stop(); err != nil {
		return err
	}
	if err := b.hub.forget(ctx); err != nil {
		return err
	}
	return b.hub.up(ctx, admin)
}

// measureStart starts the hub a few times with nothing and with many open conversations, and an empty Redis each time.
func (b *bencher) measureStart(ctx context.Context) error {
	times := 5
	if b.time < time.Second {
		times = 1 // only to see that it works
	}
	var took []time.Duration
	for range times {
		if err := b.fresh(ctx, false); err != nil {
			return err
		}
		took = append(took, b.hub.took)
	}
	s := spreadOf(took)
	b.report.add(figure{Name: "start", Label: "start to serving, empty", Value: s.P50, Unit: "ms", Aim: 150, Less: true, Note: fmt.Sprintf("the middle of %d", times)})

	if err := b.fresh(ctx, true); err != nil {
		return err
	}
	d, err := b.hub.smsDoor(ctx)
	if err != nil {
		return err
	}
	callers, err := b.dial(16)
	if err != nil {
		return err
	}
	err = fill(d, callers, b.rebuild, func(n int) string { return phone(2_000_000 + n) })
	hangUp(callers)
	if err != nil {
		return err
	}
	took = took[:0]
	for range times {
		if err := b.hub.stop(); err != nil {
			return err
		}
		if err := b.hub.forgetRedis(ctx); err != nil {
			return err
		}
		if err := b.hub.up(ctx, false); err != nil {
			return err
		}
		took = append(took, b.hub.took)
	}
	s = spreadOf(took)
	rebuilt := figure{Name: "rebuild", Label: fmt.Sprintf("start to serving, %d open conversations", b.rebuild), Value: s.P50, Unit: "ms", Less: true,
		Note: fmt.Sprintf("rebuilt from the record; the middle of %d", times)}
	if b.rebuild >= 10_000 {
		rebuilt.Aim = 2000
	}
	b.report.add(rebuilt)
	return nil
}
