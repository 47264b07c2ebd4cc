package inbox

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"tamas/inbox/record"
)

const (
	presenceStale = 15 * time.Second
	presenceGone  = 10 * time.Minute
)

// presence counts the live sockets of each agent on this node and says so in Redis, for the case that the
// node dies without a word: then the leader notices that nobody speaks for the agent any more.
type presence struct {
	mu      sync.Mutex
	sockets map[string]map[string]bool // agent → sockets
	changed chan string                // agents whose first socket came or whose last one went
}

func newPresence() *presence {
	return &presence{sockets: map[string]map[string]bool{}, changed: make(chan string, 1024)}
}

// Presence says that a live socket of an agent opened or closed on this node.
func (h *Hub) Presence(agent, socket string, up bool) {
	p := h.presence
	p.mu.Lock()
	defer p.mu.Unlock()
	had := len(p.sockets[agent])
	if up {
		if p.sockets[agent] == nil {
			p.sockets[agent] = map[string]bool{}
		}
		p.sockets[agent][socket] = true
	} else {
		delete(p.sockets[agent], socket)
		if len(p.sockets[agent]) == 0 {
			delete(p.sockets, agent)
		}
	}
	if (had == 0) != (len(p.sockets[agent]) == 0) {
		select {
		case p.changed <- agent:
		default: // the next round says it
		}
	}
}

func (p *presence) agents() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := make([]string, 0, len(p.sockets))
	for a := range p.sockets {
		list = append(list, a)
	}
	return list
}

func (p *presence) here(agent string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.sockets[agent]) > 0
}

func (h *Hub) presenceLoop(ctx context.Context) error {
	tick := time.NewTicker(h.presenceEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case agent := <-h.presence.changed:
			h.sayPresence(ctx, agent)
		case <-tick.C:
			for _, agent := range h.presence.agents() {
				h.sayPresence(ctx, agent)
			}
			if err := h.sayVisitors(ctx, h.Now()); err != nil && ctx.Err() == nil {
				h.log.Debug("which visitors are here could not be said", "err", err)
			}
		}
	}
}

// sayPresence brings the agent's header in line with the sockets. Another node's sockets are theirs to say; an
// agent who lost the last one here but has one there is found again within a round.
func (h *Hub) sayPresence(ctx context.Context, agent string) {
	field := agent + "\x1f" + h.node
	on := h.presence.here(agent)
	if on {
		h.rdb.HSet(ctx, h.keys.presence(), field, h.now().UnixMilli())
	} else {
		h.rdb.HDel(ctx, h.keys.presence(), field)
		if h.presentElsewhere(ctx, agent) {
			return
		}
	}
	a := h.mirror.agent(agent)
	if on == (a.LostAt == 0) && (a.Version > 0 || !on) {
		return
	}
	cmd := Command{By: record.Actor{Kind: "system", ID: "presence"}, Action: Lost, Agent: agent, On: on}
	if err := h.Propose(ctx, cmd); err != nil && ctx.Err() == nil {
		h.log.Debug("presence was not taken", "agent", agent, "err", err)
	}
}

func (h *Hub) presentElsewhere(ctx context.Context, agent string) bool {
	all, err := h.rdb.HGetAll(ctx, h.keys.presence()).Result()
	return err == nil && fresh(all, h.now())[agent]
}

// fresh gives the agents for whom some node has spoken lately.
func fresh(all map[string]string, now time.Time) map[string]bool {
	here := map[string]bool{}
	for field, at := range all {
		agent, _, _ := strings.Cut(field, "\x1f")
		ms, _ := strconv.ParseInt(at, 10, 64)
		if now.UnixMilli()-ms < presenceStale.Milliseconds() {
			here[agent] = true
		}
	}
	return here
}

// sweepPresence is the leader's: agents whose node died without a word have lost their sockets.
func (h *Hub) sweepPresence(ctx context.Context) error {
	tick := time.NewTicker(h.presenceEvery)
	defer tick.Stop()
	misses := map[string]int{}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		all, err := h.rdb.HGetAll(ctx, h.keys.presence()).Result()
		if err != nil {
			continue
		}
		h.sweepFields(ctx, h.keys.presence(), all)
		if nodes, err := h.rdb.HGetAll(ctx, h.keys.nodes()).Result(); err == nil {
			h.sweepFields(ctx, h.keys.nodes(), nodes)
		}
		here := fresh(all, h.now())
		missed := map[string]int{}
		for _, agent := range h.mirror.present() {
			if here[agent] {
				continue
			}
			if missed[agent] = misses[agent] + 1; missed[agent] < 3 { // an emptied Redis forgets presence until its nodes speak again
				continue
			}
			cmd := Command{By: record.Actor{Kind: "system", ID: "presence"}, Action: Lost, Agent: agent}
			if err := h.Propose(ctx, cmd); err != nil && ctx.Err() == nil {
				h.log.Debug("presence was not taken", "agent", agent, "err", err)
			}
		}
		misses = missed
	}
}

// sweepFields removes what nodes that died without a word said of themselves, so long ago that no clock explains it.
func (h *Hub) sweepFields(ctx context.Context, key string, all map[string]string) {
	var gone []string
	for field, at := range all {
		if ms, _ := strconv.ParseInt(at, 10, 64); h.now().UnixMilli()-ms > presenceGone.Milliseconds() {
			gone = append(gone, field)
		}
	}
	if len(gone) > 0 {
		h.rdb.HDel(ctx, key, gone...)
	}
}

// present are the agents who have a socket somewhere, as their headers say.
func (m *mirror) present() (list []string) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for id, a := range m.agents {
		if a.LostAt == 0 && a.State != record.Offline {
			list = append(list, id)
		}
	}
	return list
}
