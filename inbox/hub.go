package inbox

import (
	"context"
	"crypto/cipher"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"tamas/channels"
	"tamas/inbox/record"
)

// Options are what a Hub is made of.
type Options struct {
	Redis     *Redis
	DB        *record.DB
	Blobs     *Blobs
	Kinds     []channels.Kind
	Key       []byte // 32 bytes; seals secrets, signs what the outside holds
	PublicURL string // where customers and their providers reach this hub; "" when unknown
	LocalURL  string // where a browser on this machine does; stands in for PublicURL in what is shown there
	Ledger    string // file of the list of erasures beside the record; "": none is kept
	Workspace string // prefix of all keys in Redis; "" is "tamas"
	Log       *slog.Logger
	Metrics   prometheus.Registerer // may be nil
	Proxies   []netip.Prefix        // whose X-Forwarded-* headers adapters may believe

	// Lead are what the leader runs beside the recorder, each until its context ends.
	Lead []func(ctx context.Context, h *Hub) error
}

// Hub is the unified inbox: see the package comment.
type Hub struct {
	rdb       *Redis
	db        *record.DB
	blobs     *Blobs
	keys      keys
	kinds     map[string]channels.Kind
	key       []byte
	links     cipher.AEAD // of links.go
	publicURL string
	localURL  string
	proxies   []netip.Prefix
	log       *slog.Logger
	lead      []func(ctx context.Context, h *Hub) error
	node      string

	pipe      *pipe
	mirror    *mirror
	tail      *tail
	waiters   *waiters
	watchers  *watchers
	locks     *locks
	lines     lines
	flagsLeft flagsLeft
	health    *healthBook
	presence  *presence
	typists   *typists
	alerts    atomic.Pointer[[]Alert] // as last said
	day       dayBox
	sparks    sparkBook
	accounts  accounts
	renew     chan struct{} // of RenewPromises
	metrics   *metrics

	settings       settingsBox
	settingsBegun  atomic.Int64 // readings of them
	settingsRead   broadcast
	accountsOpened broadcast
	importAsked    broadcast
	importing      atomic.Bool // an import is being carried out here

	newsOut  chan news
	newsMu   sync.Mutex
	newsNext int
	newsTo   map[int]func([]byte)

	rounds
	keep          uint64 // events kept in the log behind the recorder
	trimmed       uint64 // the leader's: N up to which it last trimmed
	maxUnrecorded int    // bytes
	keptErrors    int64  // rows that were not taken which are kept of an import
	ledger        string
	ledgerLength  int        // as it was last kept
	fatal         chan error // ends Run
	leader        atomic.Bool
	recordDown    atomic.Bool
	unrecordedAt  atomic.Int64 // ms of the last count below
	unrecordedN   atomic.Int64
}

// New wires a hub; Run makes it live.
func New(o Options) (*Hub, error) {
	if len(o.Key) != keySize {
		return nil, fmt.Errorf("the installation's key has %d bytes, not %d", len(o.Key), keySize)
	}
	if o.Workspace == "" {
		o.Workspace = "tamas"
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	k := newKeys(o.Workspace)
	h := &Hub{rdb: o.Redis, db: o.DB, blobs: o.Blobs, keys: k, kinds: map[string]channels.Kind{}, key: o.Key, publicURL: strings.TrimRight(o.PublicURL, "/"),
		localURL: strings.TrimRight(o.LocalURL, "/"), proxies: o.Proxies, log: o.Log, lead: o.Lead, ledger: o.Ledger, ledgerLength: -1, node: tokenText(newToken()),
		pipe: newPipe(o.Redis), mirror: newMirror(o.Redis, k), waiters: newWaiters(), watchers: newWatchers(), locks: newLocks(),
		health: newHealthBook(), presence: newPresence(), typists: newTypists(), accounts: accounts{open: map[string]*openAccount{}},
		renew: make(chan struct{}, 1), newsOut: make(chan news, 256), newsTo: map[int]func([]byte){},
		fatal: make(chan error, 1), rounds: usualRounds(), keep: 5000, maxUnrecorded: 64 << 20, keptErrors: 100_000}
	if o.Redis.InProcess {
		h.keep = 100 // its reads scan the stream from the head, and nobody but this node reads
	}
	var err error
	if h.links, err = sealer(h.key, "file links"); err != nil {
		return nil, err
	}
	h.metrics = newMetrics(o.Metrics, h)
	for _, kind := range o.Kinds {
		h.kinds[kind.Name] = kind
	}
	h.tail = &tail{rdb: o.Redis, keys: k, mirror: h.mirror, log: o.Log, most: ringBytes, subs: map[*Subscription]struct{}{},
		release: h.released, forked: h.waiters.forked}
	h.settings.Store(&Settings{})
	return h, nil
}

// Run works until ctx ends, then stops in order: first what brings work in, then what records it.
func (h *Hub) Run(ctx context.Context) error {
	spineCtx, stopSpine := context.WithCancel(context.WithoutCancel(ctx))
	defer stopSpine()
	spine, spineCtx := errgroup.WithContext(spineCtx)
	spine.Go(func() error { return h.pipe.run(spineCtx) })
	spine.Go(func() error { return h.tail.run(spineCtx) })
	spine.Go(func() error { return h.rdb.run(spineCtx) })
	spine.Go(func() error { return h.nodeLoop(spineCtx) })
	spine.Go(func() error {
		select {
		case err := <-h.fatal:
			return err
		case <-spineCtx.Done():
			return spineCtx.Err()
		}
	})
	spine.Go(func() error { return hold(spineCtx, h.rdb, h.keys.lease("leader"), h.leaseTime, h.leadLog) })

	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { // the spine's failure ends the rest
		select {
		case <-spineCtx.Done():
			return context.Cause(spineCtx)
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	g.Go(func() error {
		for {
			err := h.readSettings(ctx)
			if err == nil {
				break
			}
			h.log.Warn("settings could not be read", "err", err)
			if sleep(ctx, time.Second) != nil {
				return ctx.Err()
			}
		}
		if _, err := h.mirror.ready(ctx); err != nil {
			return err
		}
		g.Go(func() error { return h.settingsLoop(ctx) })
		g.Go(func() error { return h.accountsLoop(ctx) })
		g.Go(func() error { return h.watchLoop(ctx) })
		g.Go(func() error { return h.newsLoop(ctx) })
		g.Go(func() error { return h.presenceLoop(ctx) })
		g.Go(func() error { return h.typingLoop(ctx) })
		g.Go(func() error { return h.renewLoop(ctx) })
		return nil
	})
	err := g.Wait()
	stopSpine()
	spineErr := spine.Wait()
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	if err == nil && spineErr != nil && !errors.Is(spineErr, context.Canceled) {
		err = spineErr
	}
	return err
}

// leadLog is the leader's work: record the log, and what Options.Lead names.
func (h *Hub) leadLog(ctx context.Context, _ func() bool) error {
	err := h.alone(ctx)
	if errors.Is(err, errTwoStores) {
		h.fatal <- err
		<-ctx.Done()
		return err
	}
	var cursor record.ID
	if err == nil {
		cursor, err = h.begin(ctx)
	}
	if err == nil { // what a leader does by settings must not be done by none: an import that goes on, retention, alerts
		err = h.settingsKnown(ctx)
	}
	if err != nil {
		if ctx.Err() == nil {
			h.setRecordUp(!record.Unavailable(err))
			h.log.Warn("cannot lead", "err", err)
			_ = sleep(ctx, 300*time.Millisecond)
		}
		return err
	}
	h.recordDown.Store(false)
	h.publish(news{Type: "status", Record: "up"}) // others may have heard the opposite of a leader that is no more
	h.log.Info("leading", "cursor", cursor)
	h.leader.Store(true)
	defer h.leader.Store(false)
	h.trimmed = 0
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return h.recordLoop(ctx, cursor) })
	g.Go(func() error { return h.indexLoop(ctx) })
	g.Go(func() error { return h.twinsLoop(ctx) })
	g.Go(func() error { return h.reportLoop(ctx) })
	g.Go(func() error { return h.importLoop(ctx) })
	g.Go(func() error { return h.claimLoop(ctx) })
	g.Go(func() error { return h.sweepPresence(ctx) })
	g.Go(func() error { return h.visitorLoop(ctx) })
	g.Go(func() error { return h.alertLoop(ctx) })
	g.Go(func() error { return h.tellLoop(ctx) })
	g.Go(func() error { return h.continueLoop(ctx) })
	g.Go(func() error { return h.waitingLoop(ctx) })
	g.Go(func() error { return h.laterLoop(ctx) })
	g.Go(func() error { return h.privacyLoop(ctx) })
	g.Go(func() error { return h.stagesLoop(ctx) })
	g.Go(func() error { return h.forgetKeys(ctx) })
	for _, f := range h.lead {
		g.Go(func() error {
			if _, err := h.mirror.ready(ctx); err != nil {
				return err
			}
			return f(ctx, h)
		})
	}
	err = g.Wait()
	if ctx.Err() == nil || !errors.Is(err, context.Canceled) {
		h.log.Warn("leads no more", "err", err)
	}
	return err
}

// indexYields is how many bytes may wait to be recorded before the full-text index steps back.
const indexYields = 16 << 10

// indexTurn is about how long the index may keep SQLite's writer from others.
const indexTurn = 40 * time.Millisecond

// indexLoop brings the full-text index up to what is recorded, behind the acknowledged path. What is far behind goes in large batches, where a text
// costs a fifth of what it does in small ones; those come first again as soon as somebody waits. SQLite's index holds the one writer.
func (h *Hub) indexLoop(ctx context.Context) error {
	least := 500
	if h.db.Kind() == "sqlite" {
		least = 30
	}
	most := least
	for {
		begun := time.Now()
		n, err := h.db.IndexOnce(ctx, most)
		took, busy := time.Since(begun), h.unrecorded() > indexYields // what waits to be acknowledged comes first
		switch {
		case busy || took > indexTurn:
			most = max(least, most/2)
		case n >= most && took < indexTurn/2:
			most = min(2*most, 500)
		}
		wait := 300 * time.Millisecond
		if err != nil && ctx.Err() == nil {
			h.log.Warn("the full-text index is behind", "err", err)
			wait = 2 * time.Second
		} else if n > 0 {
			wait = 5 * time.Millisecond
			if busy {
				wait = 100 * time.Millisecond
			}
			if h.importing.Load() { // a fifth of the time: the rest is done faster when the import is over
				wait = max(wait, 4*took)
			}
		}
		if sleep(ctx, wait) != nil {
			return ctx.Err()
		}
	}
}

// forgetKeys removes the buckets of command keys that nobody reads any more.
func (h *Hub) forgetKeys(ctx context.Context) error {
	for {
		d := day(h.now())
		for i := int64(bucketsKept); i < bucketsKept+14; i++ {
			h.rdb.Unlink(ctx, h.keys.bucket(d-i))
		}
		if sleep(ctx, time.Hour) != nil {
			return ctx.Err()
		}
	}
}

func (h *Hub) now() time.Time { return time.Now() }

// Now is the hub's clock.
func (h *Hub) Now() record.Millis { return record.At(h.now()) }

// Record is the hub's record.
func (h *Hub) Record() *record.DB { return h.db }

// Blobs holds what is too large for the record's rows.
func (h *Hub) Blobs() *Blobs { return h.blobs }

// Live copies the live state.
func (h *Hub) Live() ([]record.Conversation, []record.Agent) {
	conversations, agents, _ := h.mirror.snapshot()
	return conversations, agents
}

// LiveUpTo copies the live state too, and gives the number of an event than which nothing in it is newer: this node's commits, and what it
// has read again, are in it before their events come by. Who subscribed before and has read up to that event has the state as of it.
// ok is false while there is none.
func (h *Hub) LiveUpTo() (conversations []record.Conversation, agents []record.Agent, upTo uint64, ok bool) {
	if h.mirror.current() == "" {
		return nil, nil, 0, false
	}
	conversations, agents, upTo = h.mirror.snapshot()
	return conversations, agents, upTo, true
}

// KeepPolicy stores what decisions are made by under the hash that they carry, for who asks later.
func (h *Hub) KeepPolicy(ctx context.Context, hash string, text []byte) error {
	return h.db.KeepPolicy(ctx, hash, h.Now(), text)
}

// Conversation gives a live conversation's header.
func (h *Hub) Conversation(id string) (record.Conversation, bool) { return h.mirror.conversation(id) }

// Agent gives the live side of a user.
func (h *Hub) Agent(id string) record.Agent { return h.mirror.agent(id) }

// Leading tells whether this node is the leader.
func (h *Hub) Leading() bool { return h.leader.Load() }

// SettingsRead gives a channel that is closed when the settings have been read again.
func (h *Hub) SettingsRead() <-chan struct{} { return h.settingsRead.wait() }

// settingsKnown returns when the settings have been read for the first time.
func (h *Hub) settingsKnown(ctx context.Context) error {
	for {
		read := h.SettingsRead()
		if h.Settings().known() {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-read:
		}
	}
}

// WaitReady returns when the hub can take messages.
func (h *Hub) WaitReady(ctx context.Context) error {
	for {
		opened := h.accountsOpened.wait()
		if h.Ready(ctx) == nil && h.Settings().known() {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-opened:
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Ready is nil when messages can be taken and recorded.
func (h *Hub) Ready(ctx context.Context) error {
	if h.mirror.current() == "" {
		return errors.New("the live state is being rebuilt")
	}
	if h.recordDown.Load() {
		return errors.New("the record cannot be written")
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if err := h.rdb.Ping(ctx).Err(); err != nil {
		return errors.New("redis does not answer")
	}
	if err := h.db.Ping(ctx); err != nil {
		return errors.New("the record does not answer")
	}
	return nil
}

// released lets those go who wait for these ids. That something was recorded says, to whom no news came, that the record is up.
func (h *Hub) released(ids []record.ID) {
	h.waiters.release(ids)
	if !h.leader.Load() && h.recordDown.CompareAndSwap(true, false) {
		h.hear([]byte(`{"t":"status","record":"up"}`))
	}
}

// setRecordUp notes whether the record takes writes and tells the live sockets when that changes.
func (h *Hub) setRecordUp(up bool) {
	if h.recordDown.Swap(!up) == up {
		state := "up"
		if !up {
			state = "down"
		}
		h.publish(news{Type: "status", Record: state})
	}
}

// RecordUp tells whether the record takes writes, as far as this node knows.
func (h *Hub) RecordUp() bool { return !h.recordDown.Load() }

// unrecorded is the tail's estimate, counted at most every 10 ms.
func (h *Hub) unrecorded() int {
	now := time.Now().UnixMilli()
	if at := h.unrecordedAt.Load(); now-at >= 10 && h.unrecordedAt.CompareAndSwap(at, now) {
		h.unrecordedN.Store(int64(h.tail.unrecorded()))
	}
	return int(h.unrecordedN.Load())
}
