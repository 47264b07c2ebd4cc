package agentui

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"time"

	"tamas/inbox"
	"tamas/inbox/record"
)

const (
	maxPageItems = 512       // items of a frame
	maxPageBytes = 256 << 10 // of a frame, unless one item is larger

	paceFloor  = 500 * time.Microsecond // between two frames, however few sockets there are
	paceSocket = 16 * time.Microsecond  // about what one write costs
	paceCeil   = 20 * time.Millisecond

	pingEvery    = 25 * time.Second
	recheckEvery = time.Minute // that sessions still stand, when nobody told us
	behindFor    = 2 * time.Second
	statusEvery  = time.Second
	maxNews      = 1000 // that wait for the next page; more is not said
)

// live is this node's side of the agents' sockets. One goroutine (run) follows the log, packs what came
// into a page, once for everybody, and hands the page to every socket; sockets that resume read what they
// missed by themselves and then join. Locks: live.mu before socket.mu; nothing is waited for under either.
type live struct {
	hub *inbox.Hub
	log *slog.Logger
	// stands tells whether a socket's session or token still stands.
	stands  func(context.Context, *principal) bool
	metrics *metrics
	hasNews chan struct{}
	watched chan struct{} // somebody began to watch the figures
	check   chan struct{} // asks watchRecord to look
	suspect chan struct{} // asks watchSessions to look

	mu       sync.Mutex
	sockets  map[*socket]struct{}
	watchers map[*socket]*watcher // those of them that watch the figures
	at       record.ID            // the last event that was handed to every socket
	recorded record.ID            // the last id that they were told is recorded
	moved    chan struct{}        // closed when at moves; nil while nobody waits
	news     [][]byte             // typing, health: said with the next page, kept by nobody
	alerts   []byte               // news of alerts, for supervisors: the newest list
	status   string               // "up" or "down": whether the record takes what people write
	closing  bool
	gone     chan struct{} // closed when closing and the last socket has gone
}

func newLive(hub *inbox.Hub, log *slog.Logger, stands func(context.Context, *principal) bool, m *metrics) *live {
	return &live{hub: hub, log: log, stands: stands, metrics: m, sockets: map[*socket]struct{}{}, watchers: map[*socket]*watcher{}, watched: make(chan struct{}, 1),
		status: statusUp, hasNews: make(chan struct{}, 1), check: make(chan struct{}, 1), suspect: make(chan struct{}, 1), gone: make(chan struct{})}
}

// run follows the log until ctx ends.
func (l *live) run(ctx context.Context) {
	ping := time.NewTicker(pingEvery)
	defer ping.Stop()

	sub := l.subscribe(ctx)
	if sub == nil {
		return
	}
	defer func() {
		if sub != nil {
			sub.Close()
		}
	}()
	defer l.hub.OnNews(l.tell)()
	pace := time.NewTimer(time.Hour)
	pace.Stop()
	var last time.Time // when the last page went out
	came := sub.C
	for {
		select {
		case <-ctx.Done():
			return
		case <-ping.C:
			l.each(func(s *socket) { s.push(pingPage) })
			continue
		case <-l.hasNews:
			if came == nil {
				continue // a page is due anyway
			}
			if l.rest(last, pace) {
				came = nil
				continue
			}
		case <-came:
			// At once when idle; under load what comes within the pace goes out together.
			if l.rest(last, pace) {
				came = nil
				continue
			}
		case <-pace.C:
			came = sub.C
		}
		last = time.Now()
		frames, lost := sub.Next()
		if lost {
			// History forked, or we fell behind the kept tail: what the clients hold may be wrong.
			sub.Close()
			if sub = l.subscribe(ctx); sub == nil {
				return
			}
			came = sub.C
			continue
		}
		l.deliver(frames, sub.Recorded())
		l.tellAlerts()
		if touchesSessions(frames) {
			wake(l.suspect)
		}
	}
}

// subscribe begins at the log's last event. Whoever has followed an older log is told to reload. It returns nil
// when ctx ends.
func (l *live) subscribe(ctx context.Context) *inbox.Subscription {
	for {
		// The head is zero while the log is being rebuilt.
		if head := l.hub.Head(); !head.IsZero() {
			if sub, ok := l.hub.Subscribe(head.String()); ok {
				l.mu.Lock()
				defer l.mu.Unlock()
				for s := range l.sockets {
					s.end(closeReload)
				}
				l.at, l.recorded = head, earlier(sub.Recorded(), head)
				return sub
			}
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return nil
		}
	}
}

// earlier is the id that comes first.
func earlier(a, b record.ID) record.ID {
	if a.N < b.N {
		return a
	}
	return b
}

// pace is the least time between two pages: so long that writing them leaves most of a core to others.
func (l *live) pace() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return min(paceFloor+time.Duration(len(l.sockets))*paceSocket, paceCeil)
}

// rest sets the timer when the next page has to wait, and tells whether it has.
func (l *live) rest(last time.Time, pace *time.Timer) bool {
	rest := l.pace() - time.Since(last)
	if rest <= 0 {
		return false
	}
	pace.Reset(rest)
	return true
}

// tell queues an item that is kept by nobody. It never blocks.
func (l *live) tell(item []byte) {
	if bytes.HasPrefix(item, []byte(`{"t":"status"`)) {
		// The leader's word about the record; watchRecord looks for itself at all that is needed.
		wake(l.check)
		return
	}
	l.mu.Lock()
	switch {
	case bytes.HasPrefix(item, []byte(`{"t":"alerts"`)):
		l.alerts = item
	case len(l.news) < maxNews:
		l.news = append(l.news, item)
	}
	l.mu.Unlock()
	wake(l.hasNews)
}

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// deliver hands frames, and how far the record has come, to every socket.
func (l *live) deliver(frames []inbox.Frame, recorded record.ID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := l.at
	if n := len(frames); n > 0 {
		at = frames[n-1].ID
	}
	var news *record.ID
	// Never announced beyond what the sockets have seen.
	if r := earlier(recorded, at); r.N > l.recorded.N {
		l.recorded = r
		news = &r
	}
	if at != l.at {
		l.at = at
		if l.moved != nil {
			close(l.moved)
			l.moved = nil
		}
	}
	var tail [][]byte
	if news != nil {
		tail = append(tail, recordedFrame(*news))
	}
	tail = append(tail, l.news...)
	l.news = nil
	whisper := secret(frames)
	if !whisper && !l.limited() {
		items := make([][]byte, 0, len(frames)+len(tail))
		for _, f := range frames {
			items = append(items, f.JSON)
		}
		for _, p := range pages(append(items, tail...)) {
			for s := range l.sockets {
				s.push(p)
			}
			l.metrics.deliveries.Add(float64(p.items * len(l.sockets)))
		}
		return
	}
	made := map[string][]*page{}
	for s := range l.sockets {
		who := l.present(s.who)
		same := sameFor(who, whisper)
		list, ok := made[same]
		if !ok {
			items := make([][]byte, 0, len(frames)+len(tail))
			for i := range frames {
				items = append(items, itemFor(&frames[i], who, l.sight(who)))
			}
			list = pages(append(items, tail...))
			made[same] = list
		}
		for _, p := range list {
			s.push(p)
			l.metrics.deliveries.Add(float64(p.items))
		}
	}
}

// each calls f for every socket; f must not block.
func (l *live) each(f func(*socket)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for s := range l.sockets {
		f(s)
	}
}

// join registers a socket and queues what it missed in front of what comes.
func (l *live) join(s *socket, from string, agent record.Agent) {
	var start record.ID
	if from != "" {
		var err error
		if start, err = record.ParseID(from); err != nil || !l.reaches(start) {
			s.end(closeReload)
			return
		}
	}
	l.mu.Lock()
	if l.closing {
		l.mu.Unlock()
		s.end(closeRestart)
		return
	}
	l.sockets[s] = struct{}{}
	if s.who.Session != "" { // a program that listens is not a person who is there
		l.hub.Presence(s.who.User.ID, s.id, true)
	}
	at, recorded, status := l.at, l.recorded, l.status
	l.metrics.sockets.Set(float64(len(l.sockets)))
	l.mu.Unlock()
	if from == "" {
		start = at
	}

	items := [][]byte{helloFrame(start, recorded, agent, s.who.User.ID)}
	if status != statusUp {
		items = append(items, statusFrame(status))
	}
	if start != at {
		missed, ok := l.between(start, at, l.present(s.who))
		if !ok {
			s.end(closeReload)
			return
		}
		items = append(items, missed...)
	}
	s.open(pages(items))
}

// reaches waits until the feed has come to id, which another node may have shown to the client a moment before us.
func (l *live) reaches(id record.ID) bool {
	tooLate := time.After(behindFor)
	for {
		l.mu.Lock()
		if l.at.N >= id.N {
			l.mu.Unlock()
			return true
		}
		if l.moved == nil {
			l.moved = make(chan struct{})
		}
		moved := l.moved
		l.mu.Unlock()
		select {
		case <-moved:
		case <-tooLate:
			return false
		}
	}
}

// between reads the events after start up to at, as who may see them; !ok when start is not (or no longer) in the log.
func (l *live) between(start, at record.ID, who *principal) (items [][]byte, ok bool) {
	sub, ok := l.hub.Subscribe(start.String())
	if !ok {
		return nil, false
	}
	defer sub.Close()
	all, lost := sub.Next()
	if lost {
		return nil, false
	}
	for i := range all {
		items = append(items, itemFor(&all[i], who, l.sight(who)))
		if all[i].ID == at {
			return items, true
		}
	}
	return nil, false // the log has forked between the two reads
}

// leave takes a socket out. Its reader calls it, once.
func (l *live) leave(s *socket) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, joined := l.sockets[s]; !joined {
		return
	}
	delete(l.sockets, s)
	delete(l.watchers, s)
	if s.who.Session != "" {
		l.hub.Presence(s.who.User.ID, s.id, false)
	}
	l.metrics.sockets.Set(float64(len(l.sockets)))
	if l.closing && len(l.sockets) == 0 {
		close(l.gone)
	}
}

// signOut ends the sockets that match, at once.
func (l *live) signOut(match func(*principal) bool) {
	l.each(func(s *socket) {
		if match(s.who) {
			s.end(closeSigned)
		}
	})
}

// shutdown ends every socket and waits until they have gone or ctx ends. No socket joins after it.
func (l *live) shutdown(ctx context.Context) error {
	l.mu.Lock()
	first := !l.closing
	l.closing = true
	if first && len(l.sockets) == 0 {
		close(l.gone)
	}
	l.mu.Unlock()
	l.each(func(s *socket) { s.end(closeRestart) })
	select {
	case <-l.gone:
		return nil
	case <-ctx.Done():
		l.each(func(s *socket) { s.conn.Close() })
		return ctx.Err()
	}
}
