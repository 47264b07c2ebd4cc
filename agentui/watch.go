package agentui

import (
	"context"
	"time"

	"tamas/inbox"
	"tamas/inbox/record"
)

// watchRecord tells the apps when the hub stops taking what people write, and when it does again.
func (l *live) watchRecord(ctx context.Context) {
	tick := time.NewTicker(statusEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-l.check:
		}
		status := statusUp
		err := l.hub.Ready(ctx)
		if err != nil {
			status = statusDown
		}
		l.mu.Lock()
		changed := l.status != status
		if changed && ctx.Err() == nil {
			l.status = status
			l.news = append(l.news, statusFrame(status))
		}
		l.mu.Unlock()
		if changed {
			l.log.Warn("whether the hub takes what people write has changed", "record", status, "err", err)
			wake(l.hasNews)
		}
	}
}

// watchSessions ends the sockets whose session or token stands no more, wherever it was ended.
func (l *live) watchSessions(ctx context.Context) {
	tick := time.NewTicker(recheckEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-l.suspect:
		}
		var all []*socket
		l.each(func(s *socket) { all = append(all, s) })
		for _, s := range all {
			if !l.stands(ctx, s.who) && ctx.Err() == nil {
				s.end(closeSigned)
			}
		}
	}
}

// touchesSessions tells whether users or sessions were changed, here or on another node.
func touchesSessions(frames []inbox.Frame) bool {
	for _, f := range frames {
		if f.Event != nil && f.Event.Kind == record.EvSettings {
			switch f.Event.Topic {
			case topicUsers, topicSessions, topicTokens:
				return true
			}
		}
	}
	return false
}
