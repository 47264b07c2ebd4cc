package inbox

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"

	"tamas/inbox/record"
)

// mirror is this node's copy of the live state: loaded from Redis, then kept by the tail and by the node's
// own commits. Decisions read it instead of Redis; that it may lag does no harm, since commit.lua
// compares the versions. It is of one epoch; a rebuild empties it.
type mirror struct {
	rdb  redis.UniversalClient
	keys keys

	mu      sync.RWMutex
	epoch   string // "" until loaded
	upTo    uint64 // N of an event than which nothing in here is newer
	opened  uint64 // counts the times it was loaded
	waiting chan struct{}
	convs   map[string]*record.Conversation
	agents  map[string]*record.Agent
	threads map[string]string // threadField → conversation
	blocked map[string]bool   // identity → whether its messages wake nobody, as the log said since it was loaded
	before  map[string]bool   // and as the record said then; nil until asked

	check chan struct{} // asks the tail to look at the epoch
}

func newMirror(rdb redis.UniversalClient, k keys) *mirror {
	return &mirror{rdb: rdb, keys: k, waiting: make(chan struct{}), check: make(chan struct{}, 1),
		blocked: map[string]bool{}, convs: map[string]*record.Conversation{}, agents: map[string]*record.Agent{}, threads: map[string]string{}}
}

// ready waits for a loaded live state and gives its epoch.
func (m *mirror) ready(ctx context.Context) (string, error) {
	for {
		m.mu.RLock()
		epoch, waiting := m.epoch, m.waiting
		m.mu.RUnlock()
		if epoch != "" {
			return epoch, nil
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-waiting:
		}
	}
}

// generation counts the live states that this node has followed.
func (m *mirror) generation() uint64 {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.opened
}

func (m *mirror) current() string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.epoch
}

// suspect says that Redis refused this epoch.
func (m *mirror) suspect(epoch string) {
	if m.current() == epoch {
		select {
		case m.check <- struct{}{}:
		default:
		}
	}
}

// drop empties the mirror: callers of ready wait from now on.
func (m *mirror) drop() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.epoch != "" {
		m.epoch, m.waiting = "", make(chan struct{})
	}
}

// load reads the whole live state of an epoch. Events after the position that the caller noted before
// bring it up to date.
func (m *mirror) load(ctx context.Context, epoch string) error {
	convs, agents, threads := map[string]*record.Conversation{}, map[string]*record.Agent{}, map[string]string{}
	err := scan(ctx, m.rdb, m.keys.conversations(), func(_, value string) error {
		var c record.Conversation
		if err := decodeHeader(value, &c); err != nil {
			return err
		}
		convs[c.ID] = &c
		return nil
	})
	if err == nil {
		err = scan(ctx, m.rdb, m.keys.agents(), func(_, value string) error {
			var a record.Agent
			if err := decodeHeader(value, &a); err != nil {
				return err
			}
			agents[a.ID] = &a
			return nil
		})
	}
	if err == nil {
		err = scan(ctx, m.rdb, m.keys.threads(), func(field, value string) error {
			threads[field] = value
			return nil
		})
	}
	var n uint64
	if err == nil {
		n, err = m.rdb.Get(ctx, m.keys.n()).Uint64() // after all that was read, and so not older than it
	}
	if err != nil {
		return fmt.Errorf("load the live state: %w", err)
	}
	m.mu.Lock()
	m.upTo = n
	m.convs, m.agents, m.threads, m.blocked, m.before = convs, agents, threads, map[string]bool{}, nil
	m.mu.Unlock()
	return nil
}

// open lets decisions read the mirror as of this epoch.
func (m *mirror) open(epoch string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.epoch = epoch
	m.opened++
	close(m.waiting)
}

func scan(ctx context.Context, rdb redis.UniversalClient, key string, f func(field, value string) error) error {
	var cursor uint64
	for {
		list, next, err := rdb.HScan(ctx, key, cursor, "", 1000).Result()
		if err != nil {
			return err
		}
		for i := 0; i+1 < len(list); i += 2 {
			if err := f(list[i], list[i+1]); err != nil {
				return err
			}
		}
		if cursor = next; cursor == 0 {
			return nil
		}
	}
}

// decodeHeader reads "<version> <JSON>".
func decodeHeader(value string, into any) error {
	_, text, ok := strings.Cut(value, " ")
	if !ok {
		return fmt.Errorf("bad header in the live state")
	}
	return json.Unmarshal([]byte(text), into)
}

// applyOwn is apply for what this node has committed in an epoch. When that epoch is over meanwhile, the event may be of a
// tail that was dropped, and its versions mean something else in the new one.
func (m *mirror) applyOwn(epoch string, e *record.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.epoch == epoch && epoch != "" {
		m.replace(e)
	}
}

// apply replaces what is older than the event's headers. The mirror keeps copies of its own.
func (m *mirror) apply(e *record.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.replace(e)
}

func (m *mirror) replace(e *record.Event) {
	m.upTo = max(m.upTo, e.ID.N)
	if c := e.Conversation; c != nil {
		old := m.convs[c.ID]
		if old == nil || old.Version < c.Version {
			tf := threadField(c.In())
			if e.Kind == record.EvClosed {
				delete(m.convs, c.ID)
				if m.threads[tf] == c.ID {
					delete(m.threads, tf)
				}
			} else {
				cc := *c
				m.convs[c.ID] = &cc
				m.threads[tf] = c.ID
			}
		}
	}
	for i := range e.Marks {
		if e.Marks[i].Kind == record.MarkBlocked && e.Identity != nil {
			m.blocked[e.Identity.ID] = e.Marks[i].Value != ""
		}
	}
	for i := range e.Agents {
		a := e.Agents[i]
		if old := m.agents[a.ID]; old == nil || old.Version < a.Version {
			m.agents[a.ID] = &a
		}
	}
}

// reread fetches from Redis what the event wanted to change, after a conflict. What the log has brought meanwhile stays: it may be newer
// than what was read.
func (m *mirror) reread(ctx context.Context, epoch string, e *record.Event) error {
	c := e.Conversation
	m.mu.RLock()
	convs, agents := map[string]*record.Conversation{}, make([]*record.Agent, len(e.Agents))
	whose := ""
	if c != nil {
		whose = m.threads[threadField(c.In())]
		for _, id := range []string{c.ID, whose} {
			convs[id] = m.convs[id]
		}
	}
	for i := range e.Agents {
		agents[i] = m.agents[e.Agents[i].ID]
	}
	m.mu.RUnlock()

	pl := m.rdb.Pipeline()
	var conv, thread *redis.StringCmd
	if c != nil {
		thread = pl.HGet(ctx, m.keys.threads(), threadField(c.In()))
		conv = pl.HGet(ctx, m.keys.conversations(), c.ID)
	}
	held := make([]*redis.StringCmd, len(e.Agents))
	for i := range e.Agents {
		held[i] = pl.HGet(ctx, m.keys.agents(), e.Agents[i].ID)
	}
	last := pl.Get(ctx, m.keys.n())
	if _, err := pl.Exec(ctx); err != nil && err != redis.Nil {
		return err
	}
	var now record.Conversation
	if c != nil {
		if id := thread.Val(); id != "" && id != c.ID { // somebody else's conversation holds the thread
			pl := m.rdb.Pipeline()
			conv, last = pl.HGet(ctx, m.keys.conversations(), id), pl.Get(ctx, m.keys.n())
			if _, err := pl.Exec(ctx); err != nil && err != redis.Nil {
				return err
			}
		}
		if value := conv.Val(); value != "" {
			if err := decodeHeader(value, &now); err != nil {
				return err
			}
		}
	}

	m.mu.Lock()
	defer m.mu.Unlock()
	if m.epoch != epoch {
		return nil
	}
	m.upTo = max(m.upTo, number(last))
	if c != nil {
		tf := threadField(c.In())
		unmoved := m.threads[tf] == whose
		old := m.convs[cmp.Or(now.ID, c.ID)]
		switch {
		case now.ID == "" && old == convs[c.ID]:
			delete(m.convs, c.ID)
			if unmoved {
				delete(m.threads, tf)
			}
		case now.ID != "":
			if old == convs[now.ID] || old != nil && old.Version < now.Version {
				m.convs[now.ID] = &now
			}
			if unmoved && m.convs[now.ID] != nil {
				m.threads[tf] = now.ID
			}
		}
	}
	for i, cmd := range held {
		var a record.Agent
		id, value := e.Agents[i].ID, cmd.Val()
		switch old := m.agents[id]; {
		case value == "" && old == agents[i]:
			delete(m.agents, id)
		case value != "" && decodeHeader(value, &a) == nil && (old == agents[i] || old != nil && old.Version < a.Version):
			m.agents[id] = &a
		}
	}
	return nil
}

// refresh fetches the present header of a conversation, "" for none, and those of agents, where they are newer.
func (m *mirror) refresh(ctx context.Context, conversation string, agents ...string) error {
	epoch := m.current()
	pl := m.rdb.Pipeline()
	conv := pl.HGet(ctx, m.keys.conversations(), conversation)
	held := pl.HMGet(ctx, m.keys.agents(), agents...)
	last := pl.Get(ctx, m.keys.n())
	if _, err := pl.Exec(ctx); err != nil && err != redis.Nil {
		return err
	}
	e := record.Event{ID: record.ID{N: number(last)}}
	var c record.Conversation
	if conv.Val() != "" {
		if err := decodeHeader(conv.Val(), &c); err != nil {
			return err
		}
		e.Conversation = &c
	}
	for _, value := range held.Val() {
		var a record.Agent
		if text, ok := value.(string); ok {
			if err := decodeHeader(text, &a); err != nil {
				return err
			}
			e.Agents = append(e.Agents, a)
		}
	}
	m.applyOwn(epoch, &e)
	return nil
}

// number is the last event's N, as it stood when it was asked for; 0 when Redis is empty.
func number(cmd *redis.StringCmd) uint64 {
	n, _ := cmd.Uint64()
	return n
}

// conversation gives a live conversation; the copy is the caller's, its slices are not to be written.
func (m *mirror) conversation(id string) (record.Conversation, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if c := m.convs[id]; c != nil {
		return *c, true
	}
	return record.Conversation{}, false
}

func (m *mirror) byThread(t record.Thread) (record.Conversation, bool) {
	return m.byField(threadField(t))
}

func (m *mirror) byField(thread string) (record.Conversation, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if c := m.convs[m.threads[thread]]; c != nil {
		return *c, true
	}
	return record.Conversation{}, false
}

// isBlocked tells whether an identity's messages wake nobody. record gives the ids that the record says so of; it is asked once
// in each life of the live state.
func (m *mirror) isBlocked(identity string, record func() ([]string, error)) (bool, error) {
	m.mu.RLock()
	now, said := m.blocked[identity]
	before, life := m.before, m.opened
	m.mu.RUnlock()
	if said {
		return now, nil
	}
	if before == nil {
		list, err := record()
		if err != nil {
			return false, err
		}
		before = make(map[string]bool, len(list))
		for _, id := range list {
			before[id] = true
		}
		m.mu.Lock()
		if m.opened == life {
			m.before = before
		}
		m.mu.Unlock()
	}
	return before[identity], nil
}

// filter copies the conversations that f picks; f must not keep what it is given.
func (m *mirror) filter(f func(*record.Conversation) bool) (list []record.Conversation) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, c := range m.convs {
		if f(c) {
			list = append(list, *c)
		}
	}
	return list
}

// agent gives an agent's live side; one that never signed in is offline, at version 0.
func (m *mirror) agent(id string) record.Agent {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if a := m.agents[id]; a != nil {
		return *a
	}
	return record.Agent{ID: id, State: record.Offline}
}

// snapshot copies everything; upTo is the N of an event than which nothing in it is newer. What is older may be in it or not: the log
// from before the snapshot up to upTo makes it whole.
func (m *mirror) snapshot() (convs []record.Conversation, agents []record.Agent, upTo uint64) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	convs = make([]record.Conversation, 0, len(m.convs))
	for _, c := range m.convs {
		convs = append(convs, *c)
	}
	for _, a := range m.agents {
		agents = append(agents, *a)
	}
	return convs, agents, m.upTo
}
