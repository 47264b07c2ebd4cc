package inbox

import (
	"context"
	"errors"
	"sync"
	"time"

	"tamas/channels"
	"tamas/inbox/record"
)

// items are what each kind of touch is to a customer; notes, ratings and visits are nothing.
var items = map[string]bool{record.KindMessage: true, record.KindEdit: true, record.KindDeletion: true}

// item is what a customer may see of a touch that begins with event n.
func (h *Hub) item(t *record.Touch, n uint64) channels.Item {
	it := channels.Item{ID: t.ID, N: n, Kind: t.Kind, From: "customer", At: t.At.Time(), ReplyTo: t.ReplyTo, Of: t.Of}
	if t.Inbound {
		it.Key = t.Key
	} else {
		it.From = "system"
		if name := h.publicName(t.Author.ID); name != "" {
			it.From, it.Name = "agent", name
		}
	}
	if t.Body != nil {
		it.Text, it.HTML = t.Body.Text, t.Body.HTML
		for _, f := range t.Body.Files {
			it.Files = append(it.Files, channels.ItemFile{File: f, URL: h.FileLink(f)})
		}
	}
	return it
}

// publicName is what customers know a user as; "" for nobody.
func (h *Hub) publicName(user string) string {
	u := h.Settings().Users[user]
	if u.PublicName != "" {
		return u.PublicName
	}
	return u.Name
}

// watchers are the customers who read along, by thread: open web chats.
type watchers struct {
	mu   sync.Mutex
	list map[string][]*watcher
	left map[string]bool // threads whose last watcher went since lately was asked
}

type watcher struct{ f func(channels.Item) }

func newWatchers() *watchers {
	return &watchers{list: map[string][]*watcher{}, left: map[string]bool{}}
}

func (w *watchers) add(thread string, f func(channels.Item)) (stop func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	x := &watcher{f}
	w.list[thread] = append(w.list[thread], x)
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		rest := make([]*watcher, 0, len(w.list[thread]))
		for _, y := range w.list[thread] {
			if y != x {
				rest = append(rest, y)
			}
		}
		if len(rest) == 0 {
			delete(w.list, thread)
			w.left[thread] = true
		} else {
			w.list[thread] = rest
		}
	}
}

// tell calls the thread's watchers, outside the lock: they must not block, but may stop themselves.
func (w *watchers) tell(thread string, it channels.Item) {
	w.mu.Lock()
	list := w.list[thread]
	w.mu.Unlock()
	for _, x := range list {
		x.f(it)
	}
}

// any tells whether somebody watches the thread.
func (w *watchers) any(thread string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.list[thread]) > 0
}

// watched are the threads that somebody watches.
func (w *watchers) watched() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := make([]string, 0, len(w.list))
	for thread := range w.list {
		list = append(list, thread)
	}
	return list
}

// lately are the threads that somebody watches, or did when it was asked before.
func (w *watchers) lately() []string {
	list := w.watched()
	w.mu.Lock()
	defer w.mu.Unlock()
	for thread := range w.left {
		if w.list[thread] == nil {
			list = append(list, thread)
		}
	}
	clear(w.left)
	return list
}

// standingEvery is how often those who wait are told that their place may have changed.
const standingEvery = 3 * time.Second

// watchLoop shows to customers what is recorded, never more, and all of it: what it has not told when history forks, or when
// it falls behind the log, it takes from the record.
func (h *Hub) watchLoop(ctx context.Context) error {
	var pending []Frame
	var told, seen uint64 // N up to which all is told; of the last event that was read
	told = h.Recorded().N
	sub := h.subscribeAll() // what is not recorded yet is still to be told
	defer func() { sub.Close() }()
	tick := time.NewTicker(standingEvery)
	defer tick.Stop()
	show := newShow(h)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			show.places()
			continue
		case <-sub.C:
		}
		frames, lost := sub.Next()
		if lost {
			sub.Close()
			sub, pending, seen = h.subscribeAll(), nil, 0
			var err error
			for told, err = show.from(ctx, told); err != nil; told, err = show.from(ctx, told) {
				h.log.Warn("customers cannot be shown what is recorded", "err", err)
				if sleep(ctx, 500*time.Millisecond) != nil {
					return ctx.Err()
				}
			}
			continue
		}
		for _, f := range frames {
			seen = f.ID.N
			if f.ID.N > told && shows(f.Event) {
				pending = append(pending, f)
			}
		}
		upTo := sub.Recorded().N
		for len(pending) > 0 && pending[0].ID.N <= upTo {
			if err := show.event(ctx, pending[0].Event, pending[0].Event.Touch); err != nil {
				h.log.Warn("a customer was not shown something", "event", pending[0].ID, "err", err)
			}
			pending = pending[1:]
		}
		told = max(told, min(upTo, seen))
	}
}

// shows tells the events that customers may be shown something of.
func shows(e *record.Event) bool {
	t := e.Touch
	return e.Conversation != nil || t != nil && (e.Kind == record.EvEdited || t.State == record.StateDelivered || t.State == record.StateRead)
}

// show tells the watchers of threads what events mean to them.
type show struct {
	h     *Hub
	stood map[string]string // thread → status and owner as last told, of those that are watched
	moved map[string]bool   // queues in which somebody's place may have changed
}

func newShow(h *Hub) *show { return &show{h, map[string]string{}, map[string]bool{}} }

// event shows one recorded event. t is its touch with its text.
func (s *show) event(ctx context.Context, e *record.Event, t *record.Touch) error {
	h := s.h
	if c := e.Conversation; c != nil {
		s.moved[c.Queue] = true
	}
	thread, err := s.thread(ctx, e)
	if err != nil || !h.watchers.any(thread) {
		return err
	}
	switch {
	case t == nil || t.Conversation == "":
	case e.Kind == record.EvTouch && (t.State == record.StateDelivered || t.State == record.StateRead) && t.Kind == record.KindMessage:
		h.watchers.tell(thread, channels.Item{Kind: "state", From: "system", At: e.At.Time(), Of: t.ID, State: t.State})
	case items[t.Kind] && (e.Kind == record.EvReceived || e.Kind == record.EvEdited || e.Kind == record.EvQueued && t.Body != nil):
		h.watchers.tell(thread, h.item(t, e.ID.N))
	}
	if c := e.Conversation; c != nil {
		if now := string(c.Status) + " " + c.Owner + " " + c.Queue; s.stood[thread] != now {
			s.stood[thread] = now
			s.standing(thread)
		}
	}
	return nil
}

func (s *show) standing(thread string) {
	s.h.watchers.tell(thread, channels.Item{Kind: "state", From: "system", At: s.h.now(), State: "standing"})
}

// thread is where an event belongs; "" when nobody could watch it.
func (s *show) thread(ctx context.Context, e *record.Event) (string, error) {
	if e.Conversation != nil {
		return threadField(e.Conversation.In()), nil
	}
	if len(s.h.watchers.watched()) == 0 || e.Touch == nil || e.Touch.Conversation == "" {
		return "", nil
	}
	if c, ok := s.h.mirror.conversation(e.Touch.Conversation); ok {
		return threadField(c.In()), nil
	}
	c, err := s.h.db.Header(ctx, e.Touch.Conversation)
	if errors.Is(err, record.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return threadField(c.In()), nil
}

// places tells those who wait that their place may have changed, and forgets threads that nobody watches any more.
func (s *show) places() {
	watched := map[string]bool{}
	for _, thread := range s.h.watchers.watched() {
		watched[thread] = true
		if c, ok := s.h.mirror.byField(thread); ok && s.moved[c.Queue] && (c.Status == record.Waiting || c.Status == record.Offered) {
			s.standing(thread)
		}
	}
	for thread := range s.stood {
		if !watched[thread] {
			delete(s.stood, thread)
		}
	}
	clear(s.moved)
}

// from shows what the record holds behind number n, and gives the number up to which it has.
func (s *show) from(ctx context.Context, n uint64) (uint64, error) {
	for {
		events, err := s.h.db.Events(ctx, n, 200)
		if err != nil || len(events) == 0 {
			return n, err
		}
		for i := range events {
			e := &events[i]
			if shows(e) {
				t := e.Touch
				if t != nil && items[t.Kind] && (e.Kind == record.EvReceived || e.Kind == record.EvQueued || e.Kind == record.EvEdited) {
					thread, err := s.thread(ctx, e)
					if err != nil {
						return n, err
					}
					if s.h.watchers.any(thread) {
						whole, err := s.h.db.Touch(ctx, t.ID)
						if err != nil {
							return n, err
						}
						t = &whole
					}
				}
				if err := s.event(ctx, e, t); err != nil {
					return n, err
				}
			}
			n = e.ID.N
		}
	}
}
