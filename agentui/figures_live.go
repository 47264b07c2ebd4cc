package agentui

import (
	"context"
	"reflect"
	"slices"
	"time"

	"tamas/inbox/record"
)

// figuresEvery is the least time between two tellings of the figures to those who watch.
const figuresEvery = 2 * time.Second

// watcher is a socket that watches. A socket has one page of figures waiting at most: who has not taken the last one yet is left out,
// and told the whole again when it has. So a slow reader costs nothing, and is never behind by more than a page of them.
type watcher struct {
	*socket
	whole bool // is to be told all
}

// watch begins or ends telling a socket the figures. Of who is no supervisor nothing comes.
func (l *live) watch(s *socket, on bool) {
	l.mu.Lock()
	_, joined := l.sockets[s]
	if on = on && joined && l.present(s.who).atLeast(record.RoleSupervisor); !on {
		delete(l.watchers, s)
	} else if l.watchers[s] == nil {
		l.watchers[s] = &watcher{s, true}
	}
	l.mu.Unlock()
	if on {
		wake(l.watched)
	}
}

// present is who signed in as they are by now: a role may have been taken away since a socket began.
func (l *live) present(p *principal) *principal {
	u, ok := l.hub.Settings().Users[p.User.ID]
	if !ok || u.Role == p.User.Role {
		return p
	}
	now := *p
	now.User = u
	return &now
}

// watching are the sockets that watch and may.
func (l *live) watching() (list []*watcher) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for s, w := range l.watchers {
		if !l.present(s.who).atLeast(record.RoleSupervisor) {
			delete(l.watchers, s)
			continue
		}
		list = append(list, w)
	}
	return list
}

// tellAlerts hands news of alerts to supervisors, when there are some.
func (l *live) tellAlerts() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.alerts == nil {
		return
	}
	for _, p := range pages([][]byte{l.alerts}) {
		for s := range l.sockets {
			if l.present(s.who).atLeast(record.RoleSupervisor) {
				s.push(p)
				l.metrics.deliveries.Inc()
			}
		}
	}
	l.alerts = nil
}

// tellFigures tells the figures to those who watch until ctx ends: counted once for all of them, and only while there are some.
func (s *Server) tellFigures(ctx context.Context) {
	tick := time.NewTicker(figuresEvery)
	defer tick.Stop()
	var held *figuresView // as last told
	for {
		due := true
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-s.live.watched:
			due = held == nil // who comes in between is told what the others know
		}
		watchers := s.live.watching()
		if len(watchers) == 0 {
			held = nil
			continue
		}
		var part *figuresView
		if due {
			now, err := s.figures(ctx)
			if err != nil {
				if ctx.Err() == nil {
					s.log.Debug("the figures could not be counted", "err", err)
				}
				continue
			}
			if held != nil {
				var ok bool
				if part, ok = partOf(held, now); !ok {
					for _, w := range watchers {
						w.whole = true
					}
				}
			}
			held = now
		}
		pages := figurePages{whole: held, part: part}
		for _, w := range watchers {
			if p := pages.of(w.whole); p != nil {
				w.whole = !w.offer(p)
				s.live.metrics.deliveries.Inc()
			}
		}
	}
}

// figurePages are the two forms of one telling, each built when somebody is to have it.
type figurePages struct {
	whole, part         *figuresView
	wholePage, partPage *page
}

func (f *figurePages) of(whole bool) *page {
	v, p := f.part, &f.partPage
	if whole {
		v, p = f.whole, &f.wholePage
	}
	if *p == nil && v != nil {
		frame := figuresFrame(v, !whole)
		*p = newPage(slices.Concat([]byte("["), frame, []byte("]")), 1)
		(*p).figures = true
	}
	return *p
}

// partOf is what differs; nil when nothing does. ok is false when queues or agents have come, gone or moved.
func partOf(old, now *figuresView) (part *figuresView, ok bool) {
	if !slices.EqualFunc(old.Queues, now.Queues, func(a, b queueView) bool { return a.ID == b.ID }) ||
		!slices.EqualFunc(old.Agents, now.Agents, func(a, b agentView) bool { return a.User.ID == b.User.ID }) || old.Since != now.Since {
		return nil, false
	}
	part = &figuresView{Queues: []queueView{}, Agents: []agentView{}, Since: now.Since}
	for i, q := range now.Queues {
		was := old.Queues[i]
		if reflect.DeepEqual(q.Queue, was.Queue) {
			q.Queue, was.Queue = nil, nil
		}
		if reflect.DeepEqual(q.Spark, was.Spark) {
			q.Spark, was.Spark = nil, nil
		}
		if !reflect.DeepEqual(q, was) {
			part.Queues = append(part.Queues, q)
		}
	}
	for i, a := range now.Agents {
		if !reflect.DeepEqual(a, old.Agents[i]) {
			part.Agents = append(part.Agents, a)
		}
	}
	if !slices.Equal(old.Flags, now.Flags) {
		part.Flags = now.Flags
	}
	if !slices.Equal(old.Reviews, now.Reviews) {
		part.Reviews = now.Reviews
	}
	if len(part.Queues) == 0 && len(part.Agents) == 0 && part.Flags == nil && part.Reviews == nil {
		return nil, true
	}
	return part, true
}

// offer queues a page of figures, unless one waits already.
func (s *socket) offer(p *page) (taken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending != nil || s.figures {
		return false
	}
	s.figures = true
	s.pushLocked(p)
	return s.ending == nil
}
