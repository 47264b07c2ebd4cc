package inbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"tamas/inbox/record"
)

// errDropped says that an event was in an unrecorded tail that a rebuild has dropped.
var errDropped = errors.New("dropped before it was recorded")

// KEYS 1 loading 2 the hash  ARGV 1 the rebuild's id, then field, value, … Refuses another rebuild's chunks.
var loadScript = redis.NewScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
for i = 2, #ARGV, 2 do redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1]) end
return 1`)

// KEYS 1 loading 2 epoch 3 events 4 n 5 number 6 recorded
// ARGV 1 the rebuild's id, which is also its event's  2 its N  3 last number  4 the event
var openScript = redis.NewScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[4], ARGV[2])
redis.call('SET', KEYS[5], ARGV[3])
redis.call('XADD', KEYS[3], ARGV[1], 'e', ARGV[4])
redis.call('XADD', KEYS[6], ARGV[1], 'ids', ARGV[1])
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[2], ARGV[1])
return 1`)

const loadChunk = 500

// begin finds the place from which this leader records: the record's cursor when the log still holds that
// entry, else a rebuilt live state. An emptied Redis, a lost tail and a forked history are one case.
func (h *Hub) begin(ctx context.Context) (record.ID, error) {
	cursor, err := h.db.Cursor(ctx)
	if err != nil {
		return cursor, fmt.Errorf("read the cursor: %w", err)
	}
	epoch, err := h.rdb.Get(ctx, h.keys.epoch()).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return cursor, fmt.Errorf("read the epoch: %w", err)
	}
	if epoch != "" && !cursor.IsZero() && h.checkCursor(ctx, cursor) == nil {
		return cursor, nil
	}
	return h.rebuild(ctx, cursor)
}

// rebuild makes the live state from the record. The SQL cursor moves first, to an id that no recorder has:
// from then on nobody can record what the old log held. The epoch is set last: until then every commit is refused.
func (h *Hub) rebuild(ctx context.Context, old record.ID) (record.ID, error) {
	begun := time.Now()
	id := record.ID{N: old.N + 1, Token: newToken()}
	if err := h.db.MoveCursor(ctx, old, id); err != nil {
		return old, fmt.Errorf("move the cursor: %w", err)
	}
	k := h.keys
	buckets := k.buckets(h.now())
	del := []string{k.epoch(), k.events(), k.recorded(), k.n(), k.number(), k.conversations(), k.agents(), k.threads(), k.bucket(day(h.now()) - bucketsKept)}
	del = append(del, buckets[:]...)
	// The epoch goes first and alone decides: whoever commits in between is refused.
	pl := h.rdb.TxPipeline()
	pl.Del(ctx, del...)
	pl.Set(ctx, k.loading(), id.String(), 0)
	if _, err := pl.Exec(ctx); err != nil {
		return old, fmt.Errorf("empty the live state: %w", err)
	}

	load := &loader{h: h, ctx: ctx, id: id.String()}
	now := record.At(h.now())
	n := 0
	err := h.db.LiveConversations(ctx, now, func(c record.Conversation) error {
		n++
		body, err := json.Marshal(&c)
		if err != nil {
			return err
		}
		load.add(k.conversations(), c.ID, versionPrefix(c.Version)+string(body))
		load.add(k.threads(), threadField(c.In()), c.ID)
		return load.err
	})
	if err == nil {
		var agents []record.Agent
		if agents, err = h.db.Agents(ctx); err == nil {
			for i := range agents {
				body, err := json.Marshal(&agents[i])
				if err != nil {
					return old, err
				}
				load.add(k.agents(), agents[i].ID, versionPrefix(agents[i].Version)+string(body))
			}
		}
	}
	if err == nil {
		since := now - record.Millis((48 * time.Hour).Milliseconds())
		err = h.db.CommandKeys(ctx, since, func(key string, event record.ID, at record.Millis) error {
			load.add(k.bucket(day(at.Time())), shortKey(key), event.String())
			return load.err
		})
	}
	if err == nil {
		err = load.flush()
	}
	if err != nil {
		return old, fmt.Errorf("load the live state: %w", err)
	}
	number, err := h.db.LastNumber(ctx)
	if err != nil {
		return old, fmt.Errorf("load the live state: %w", err)
	}
	event, err := json.Marshal(&record.Event{V: record.EventVersion, Kind: record.EvRebuilt, At: now, By: record.Actor{Kind: "system", ID: "recorder"}})
	if err != nil {
		return old, err
	}
	opened, err := openScript.Run(ctx, h.rdb, []string{k.loading(), k.epoch(), k.events(), k.n(), k.number(), k.recorded()},
		id.String(), id.N, number, event).Int()
	if err != nil {
		return old, fmt.Errorf("open the live state: %w", err)
	}
	if opened != 1 {
		return old, errors.New("another rebuild took over")
	}
	h.metrics.rebuilds.Inc()
	h.log.Info("live state rebuilt from the record", "conversations", n, "took", time.Since(begun).Round(time.Millisecond), "epoch", id)
	return id, nil
}

// loader sends fields in chunks, a chunk of one hash at a time.
type loader struct {
	h    *Hub
	ctx  context.Context
	id   string
	wait map[string][]any
	err  error
}

func (l *loader) add(hash, field, value string) {
	if l.wait == nil {
		l.wait = map[string][]any{}
	}
	l.wait[hash] = append(l.wait[hash], field, value)
	if len(l.wait[hash]) >= 2*loadChunk {
		l.send(hash)
	}
}

func (l *loader) send(hash string) {
	if l.err != nil || len(l.wait[hash]) == 0 {
		return
	}
	args := append([]any{l.id}, l.wait[hash]...)
	l.wait[hash] = l.wait[hash][:0]
	ok, err := loadScript.Run(l.ctx, l.h.rdb, []string{l.h.keys.loading(), hash}, args...).Int()
	switch {
	case err != nil:
		l.err = err
	case ok != 1:
		l.err = errors.New("another rebuild took over")
	}
}

func (l *loader) flush() error {
	for hash := range l.wait {
		l.send(hash)
	}
	return l.err
}
