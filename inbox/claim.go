package inbox

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"tamas/inbox/record"
)

// Two live stores that claim one record would rebuild in turns for ever. So the leader says in the record which node leads,
// again and again; another node that sees this, and sees that the leading node is not in its own live store,
// stops with a clear error.

type claim struct {
	Node string        `json:"node"`
	At   record.Millis `json:"at"`
}

const (
	claimName  = "leader"
	claimEvery = time.Second
	claimFresh = 3 * claimEvery
)

// errTwoStores ends the hub.
var errTwoStores = errors.New("another hub leads this record with another Redis: give both the same --redis, or each its own --database")

// nodeLoop says that this node is on this live store.
func (h *Hub) nodeLoop(ctx context.Context) error {
	for {
		h.rdb.HSet(ctx, h.keys.nodes(), h.node, h.now().UnixMilli())
		if sleep(ctx, time.Second) != nil {
			h.rdb.HDel(context.WithoutCancel(ctx), h.keys.nodes(), h.node)
			return ctx.Err()
		}
	}
}

// alone returns nil when nobody on another live store leads the record. A leader that has gone, or that is on
// this live store and has only just lost its lease, is no obstacle.
func (h *Hub) alone(ctx context.Context) error {
	if h.rdb.InProcess {
		return nil // its process has the record locked
	}
	deadline := time.Now().Add(claimFresh + claimEvery)
	var first claim
	for {
		var c claim
		if _, err := h.db.Setting(ctx, claimName, &c); err != nil && !errors.Is(err, record.ErrNotFound) {
			return fmt.Errorf("read who leads: %w", err)
		}
		if first.At == 0 {
			first = c
		}
		stale := h.Now()-c.At > record.Millis(claimFresh.Milliseconds())
		if c.Node == "" || c.Node == h.node || stale || h.nodeHere(ctx, c.Node) {
			return nil
		}
		if c.At != first.At && time.Now().After(deadline) {
			return errTwoStores
		}
		if err := sleep(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
}

func (h *Hub) nodeHere(ctx context.Context, node string) bool {
	text, err := h.rdb.HGet(ctx, h.keys.nodes(), node).Result()
	if err != nil {
		return false
	}
	ms, _ := strconv.ParseInt(text, 10, 64)
	return h.now().UnixMilli()-ms < claimFresh.Milliseconds()
}

// claimLoop is the leader's.
func (h *Hub) claimLoop(ctx context.Context) error {
	for {
		var c claim
		version, err := h.db.Setting(ctx, claimName, &c)
		if err == nil || errors.Is(err, record.ErrNotFound) {
			_, err = h.db.SetSetting(ctx, claimName, version, claim{h.node, h.Now()})
		}
		if err != nil && ctx.Err() == nil {
			h.log.Debug("the claim could not be written", "err", err)
		}
		if sleep(ctx, claimEvery) != nil {
			// Gracefully given up: the next leader need not wait.
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			if version, err := h.db.Setting(last, claimName, &c); err == nil && c.Node == h.node {
				_, _ = h.db.SetSetting(last, claimName, version, claim{})
			}
			return ctx.Err()
		}
	}
}
