package inbox

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"tamas/inbox/record"
)

// tail is this process's one reader of the log, fanned out in memory. Each read is inclusive: it asks for the last
// entry seen too, and when that is missing or another one, history has forked: the mirror is loaded
// anew, every subscription is lost (its reader reloads), and waiters ask the record.
type tail struct {
	rdb    redis.UniversalClient
	keys   keys
	mirror *mirror
	log    *slog.Logger
	forked func() // called after each new epoch is open, and when ids of the recorder's may have been missed

	mu       sync.Mutex
	ring     []Frame // of one history; ring[i] has sequence number base+i
	base     uint64
	bytes    int         // of the ring's JSON
	most     int         // of them: ringBytes
	cut      bool        // older events had to go because of them
	history  int         // counts epochs
	recorded record.ID   // of this history
	heard    []record.ID // of the recorder, not seen in the log yet: it may lag, or they are of another history
	said     uint64      // N up to which the recorder's lists have been read
	subs     map[*Subscription]struct{}

	release func([]record.ID) // waiters
	own     own
}

// Frame is one event as it goes to sockets.
type Frame struct {
	ID    record.ID
	JSON  []byte // {"t":"event","id":…,"event":…}, marshalled once for everybody
	Event *record.Event

	weight int // bytes in the log, which may be more than JSON's
}

// What a process keeps in memory for readers that lag or come back: this many events, of this many bytes of JSON. A few long
// mails must not take what thousands of short messages do not.
const (
	ringSize  = 8192
	ringBytes = 32 << 20
)

const (
	tailRead  = 500 // events of one read
	tailBlock = 400 * time.Millisecond
	heardMost = 1000
)

// run follows the log until ctx ends.
func (t *tail) run(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := t.follow(ctx); err != nil && ctx.Err() == nil {
			t.log.Warn("the log is read again from its start", "err", err)
			if sleep(ctx, 50*time.Millisecond) != nil {
				break
			}
		}
	}
	return ctx.Err()
}

var errForked = errors.New("history has forked")

// follow loads the live state of the present epoch and reads on from there until that history ends.
func (t *tail) follow(ctx context.Context) error {
	epoch, pos, recPos, err := t.begin(ctx)
	if err != nil {
		return err
	}
	for {
		// One round trip: wait until something comes, then look whether what was read before still stands. Only that look tells: a log
		// that has forked may hold later numbers too. The time-out bounds how late a fork is seen whose ids lie below ours, which never
		// end the waiting.
		pl := t.rdb.Pipeline()
		came := pl.XRead(ctx, &redis.XReadArgs{Streams: []string{t.keys.events(), t.keys.recorded(), pos.String(), recPos}, Count: tailRead, Block: tailBlock})
		now := pl.Get(ctx, t.keys.epoch())
		stands := pl.XRange(ctx, t.keys.events(), pos.String(), pos.String())
		_, _ = pl.Exec(ctx) // which tells the first error alone, and that nothing came is one
		if err := errors.Join(unlessNil(came.Err()), unlessNil(now.Err()), stands.Err()); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			// Redis is away: the same history may come back, so nothing is dropped yet.
			t.log.Warn("redis does not answer", "err", err)
			if sleep(ctx, 100*time.Millisecond) != nil {
				return ctx.Err()
			}
			continue
		}
		if now.Val() != epoch {
			t.mirror.drop()
			return nil // a new epoch, or one to come
		}
		if len(stands.Val()) == 0 {
			t.mirror.drop()
			return fmt.Errorf("%w: %s is not there", errForked, pos)
		}
		for _, stream := range came.Val() {
			if stream.Stream == t.keys.recorded() {
				for _, x := range stream.Messages {
					recPos = x.ID
					t.markRecorded(idList(x))
				}
				continue
			}
			frames := make([]Frame, 0, len(stream.Messages))
			for _, x := range stream.Messages {
				f, err := frame(x, &t.own)
				if err != nil {
					t.log.Error("an event cannot be read", "id", x.ID, "err", err)
				}
				if f.ID.N != pos.N+f.Event.Span() {
					t.mirror.drop()
					return fmt.Errorf("%w: %s follows %s", errForked, f.ID, pos)
				}
				pos = f.ID
				t.mirror.apply(f.Event)
				frames = append(frames, f)
			}
			t.append(frames)
		}
	}
}

// unlessNil is err, unless it says that there is nothing.
func unlessNil(err error) error {
	if errors.Is(err, redis.Nil) {
		return nil
	}
	return err
}

// begin waits for an epoch, loads the mirror and opens it.
func (t *tail) begin(ctx context.Context) (epoch string, pos record.ID, recPos string, err error) {
	for {
		epoch, err = t.rdb.Get(ctx, t.keys.epoch()).Result()
		if err == nil && epoch != "" {
			break
		}
		select {
		case <-ctx.Done():
			return "", pos, "", ctx.Err()
		case <-t.mirror.check:
		case <-time.After(20 * time.Millisecond):
		}
	}
	list, err := t.last(ctx)
	if err != nil {
		return "", pos, "", err
	}
	if len(list) == 0 {
		return "", pos, "", fmt.Errorf("%w: the log is empty", errForked)
	}
	frames := make([]Frame, 0, len(list))
	t.own.forget()
	for _, x := range list {
		f, err := frame(x, nil)
		if err != nil {
			t.log.Error("an event cannot be read", "id", x.ID, "err", err)
		}
		frames = append(frames, f)
	}
	pos = frames[len(frames)-1].ID
	recPos = "0-0"
	if last, err := t.rdb.XRevRangeN(ctx, t.keys.recorded(), "+", "-", 1).Result(); err == nil && len(last) == 1 {
		recPos = last[0].ID
	}
	if err := t.mirror.load(ctx, epoch); err != nil {
		return "", pos, "", err
	}
	for i := range frames {
		t.mirror.apply(frames[i].Event)
	}
	t.mu.Lock()
	t.base += uint64(len(t.ring)) + 1
	t.ring, t.bytes, t.cut = frames, 0, false
	for i := range frames {
		t.bytes += len(frames[i].JSON)
	}
	t.history++
	last, _ := record.ParseID(recPos)
	t.recorded, t.heard, t.said = record.ID{}, []record.ID{last}, last.N
	t.advance()
	for s := range t.subs {
		s.wake()
	}
	t.mu.Unlock()
	t.mirror.open(epoch)
	t.forked()
	return epoch, pos, recPos, nil
}

// last reads the end of the log, in order: as much as is kept in memory, which is not the whole log. While the record is away that may
// be as long as that lasts.
func (t *tail) last(ctx context.Context) (list []redis.XMessage, err error) {
	for end, size := "+", 0; len(list) < ringSize && size < t.most; {
		piece, err := t.rdb.XRevRangeN(ctx, t.keys.events(), end, "-", tailRead).Result()
		if err != nil {
			return nil, err
		}
		for _, x := range piece {
			body, _ := x.Values["e"].(string)
			size += len(body)
		}
		if list = append(list, piece...); len(piece) < tailRead {
			break
		}
		end = "(" + piece[len(piece)-1].ID
	}
	slices.Reverse(list)
	return list, nil
}

// kept is the N of the oldest event in memory when there are as many bytes as it holds, else 0.
func (t *tail) kept() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.ring) == 0 || t.bytes < t.most && !t.cut {
		return 0
	}
	return t.ring[0].ID.N
}

// frame reads an entry of the log; own, when not nil, may know it already.
func frame(x redis.XMessage, own *own) (Frame, error) {
	id, err := record.ParseID(x.ID)
	if err != nil {
		return Frame{Event: &record.Event{}}, err
	}
	body, _ := x.Values["e"].(string)
	if own != nil {
		if e := own.take(id.Token, body); e != nil {
			e.ID = id
			return Frame{ID: id, Event: e, JSON: frameJSON(x.ID, body, e), weight: len(body)}, nil
		}
	}
	e := &record.Event{}
	if err := json.Unmarshal([]byte(body), e); err != nil {
		var of struct { // a newer program's event is not for this one to record
			V      int
			Import *record.Import
		}
		_ = json.Unmarshal([]byte(body), &of)
		e = &record.Event{V: of.V, ID: id, Import: of.Import, Kind: record.EvUnreadable, By: record.Actor{Kind: "system", ID: "recorder"}, Raw: []byte(body)}
		return Frame{ID: id, Event: e, JSON: []byte(`{"t":"event","id":"` + x.ID + `","event":{}}`)}, err
	}
	e.ID = id
	return Frame{ID: id, Event: e, JSON: frameJSON(x.ID, body, e), weight: len(body)}, nil
}

// frameJSON is an event as sockets get it: the log's own text. The HTML of a mail is a document of its own for those who open it,
// and may be as large as a thousand other messages; the data of a touch are not for everybody to see, so whoever shows them asks.
func frameJSON(id, body string, e *record.Event) []byte {
	if t := e.Touch; t != nil && (t.Data != nil || t.Body != nil && (t.Body.HTML != "" || len(t.Body.Raw) > 0)) {
		light, touch := *e, *t
		if touch.Data = nil; t.Body != nil {
			b := t.Body.Light()
			touch.Body = &b
		}
		light.Touch, light.ID = &touch, record.ID{}
		if text, err := json.Marshal(&light); err == nil {
			body = string(text)
		}
	}
	return []byte(`{"t":"event","id":"` + id + `","event":` + body + `}`)
}

// idList reads an entry of the recorded stream.
func idList(x redis.XMessage) []record.ID {
	text, _ := x.Values["ids"].(string)
	var ids []record.ID
	for _, s := range strings.Fields(text) {
		if id, err := record.ParseID(s); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

func (t *tail) append(frames []Frame) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ring = append(t.ring, frames...)
	for i := range frames {
		t.bytes += len(frames[i].JSON)
	}
	if len(t.ring)-ringSize > ringSize/4 || t.bytes-t.most > t.most/4 { // in steps, so that the copy is rare
		over := 0
		t.cut = t.cut || t.bytes > t.most
		for len(t.ring)-over > ringSize || t.bytes > t.most && over < len(t.ring)-1 {
			t.bytes -= len(t.ring[over].JSON)
			over++
		}
		t.ring = append(make([]Frame, 0, len(t.ring)-over+ringSize/2), t.ring[over:]...)
		t.base += uint64(over)
	}
	t.advance()
	for s := range t.subs {
		s.wake()
	}
}

// markRecorded releases the waiters of these ids and moves the position up to which readers that must
// see only what is recorded may read.
func (t *tail) markRecorded(ids []record.ID) {
	if len(ids) == 0 {
		return
	}
	t.release(ids)
	t.mu.Lock()
	next := uint64(1)
	if i, ok := t.find(ids[0]); ok {
		next = t.ring[i].Event.Span()
	}
	missed := ids[0].N > t.said+next
	last := ids[len(ids)-1]
	t.said = max(t.said, last.N)
	t.heard = append(t.heard, last)
	if t.advance() {
		for s := range t.subs {
			s.wake()
		}
	}
	t.mu.Unlock()
	if missed { // a list was trimmed or never said: those who wait for it ask the record
		t.forked()
	}
}

// advance moves recorded up to what has been heard of this history. An id that is not in the ring may be of another one, whose
// numbers say nothing about ours: a recorder may still be writing what Redis has lost. mu is held.
func (t *tail) advance() (moved bool) {
	rest := t.heard[:0]
	for _, id := range t.heard {
		_, ok := t.find(id)
		n := len(t.ring)
		switch {
		case ok || n > 0 && id.N < t.ring[0].ID.N: // below the ring nobody asks for it
			if id.N > t.recorded.N {
				t.recorded, moved = id, true
			}
		case n == 0 || id.N > t.ring[n-1].ID.N:
			rest = append(rest, id)
		}
	}
	t.heard = rest[max(0, len(rest)-heardMost):]
	return moved
}

// unrecorded estimates the bytes of the log that are not recorded yet. What has left the ring counts as what is in it.
func (t *tail) unrecorded() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := 0
	for i := len(t.ring) - 1; i >= 0 && t.ring[i].ID.N > t.recorded.N; i-- {
		n += max(t.ring[i].weight, len(t.ring[i].JSON))
	}
	if len(t.ring) > 0 && !t.recorded.IsZero() && t.ring[0].ID.N > t.recorded.N+1 {
		numbers := int(t.ring[len(t.ring)-1].ID.N-t.ring[0].ID.N) + 1 // an event may take several
		n += int(t.ring[0].ID.N-t.recorded.N-1) * n / numbers
	}
	return n
}

// after gives at most most events behind id, when id is in the ring.
func (t *tail) after(id record.ID, most int) (frames []Frame, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	i, ok := t.find(id)
	if !ok {
		return nil, false
	}
	list := t.ring[i+1:]
	return list[:min(len(list), most)], true
}

// hasRecorded tells that id is in the ring and recorded.
func (t *tail) hasRecorded(id record.ID) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, ok := t.find(id)
	return ok && id.N <= t.recorded.N
}

// find gives the ring's index of id. Few events take more than one number, so it is mostly where its distance from the last one says.
func (t *tail) find(id record.ID) (int, bool) {
	n := len(t.ring)
	if n == 0 || id.N < t.ring[0].ID.N || id.N > t.ring[n-1].ID.N {
		return 0, false
	}
	if ago := t.ring[n-1].ID.N - id.N; ago < uint64(n) && t.ring[n-1-int(ago)].ID == id {
		return n - 1 - int(ago), true
	}
	i, ok := slices.BinarySearchFunc(t.ring, id.N, frameAt)
	return i, ok && t.ring[i].ID == id
}

func frameAt(f Frame, n uint64) int { return cmp.Compare(f.ID.N, n) }

// before gives the N of the event that stands so many events before the last one with at most N; of the oldest in memory, when there are
// fewer; 0 while there is none.
func (t *tail) before(n, events uint64) uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	i, ok := slices.BinarySearchFunc(t.ring, n, frameAt)
	if !ok {
		i--
	}
	if i < 0 {
		return 0
	}
	return t.ring[i-int(min(events, uint64(i)))].ID.N
}

// Subscription reads the log from some position on, at its reader's pace.
type Subscription struct {
	C       <-chan struct{} // says that Next has something
	c       chan struct{}
	t       *tail
	next    uint64 // sequence number
	history int
}

// Subscribe reads on behind from; "" means from now. ok is false when from is not in what is kept: then
// the reader has to load everything anew.
func (h *Hub) Subscribe(from string) (s *Subscription, ok bool) {
	t := h.tail
	t.mu.Lock()
	defer t.mu.Unlock()
	next := t.base + uint64(len(t.ring))
	if from != "" {
		id, err := record.ParseID(from)
		if err != nil {
			return nil, false
		}
		i, ok := t.find(id)
		if !ok {
			return nil, false
		}
		next = t.base + uint64(i) + 1
	}
	c := make(chan struct{}, 1)
	s = &Subscription{C: c, c: c, t: t, next: next, history: t.history}
	t.subs[s] = struct{}{}
	s.wake()
	return s, true
}

// subscribeAll reads from the first event that is kept.
func (h *Hub) subscribeAll() *Subscription {
	t := h.tail
	t.mu.Lock()
	defer t.mu.Unlock()
	c := make(chan struct{}, 1)
	s := &Subscription{C: c, c: c, t: t, next: t.base, history: t.history}
	t.subs[s] = struct{}{}
	s.wake()
	return s
}

func (s *Subscription) wake() {
	select {
	case s.c <- struct{}{}:
	default:
	}
}

// Next gives what came since the last call. lost: the reader fell out of what is kept, or history has
// forked; it has to load everything anew.
func (s *Subscription) Next() (frames []Frame, lost bool) {
	t := s.t
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.history != t.history || s.next < t.base {
		return nil, true
	}
	frames = t.ring[s.next-t.base:]
	s.next += uint64(len(frames))
	return frames, false
}

// Recorded is the last id of the subscription's history that this node knows to be recorded.
func (s *Subscription) Recorded() record.ID {
	s.t.mu.Lock()
	defer s.t.mu.Unlock()
	if s.history != s.t.history {
		return record.ID{}
	}
	return s.t.recorded
}

// Head is the last event of the log that this node has seen.
func (h *Hub) Head() record.ID {
	h.tail.mu.Lock()
	defer h.tail.mu.Unlock()
	if n := len(h.tail.ring); n > 0 {
		return h.tail.ring[n-1].ID
	}
	return record.ID{}
}

// Recorded is the last id that this node knows to be recorded.
func (h *Hub) Recorded() record.ID {
	h.tail.mu.Lock()
	defer h.tail.mu.Unlock()
	return h.tail.recorded
}

// Close ends the subscription.
func (s *Subscription) Close() {
	s.t.mu.Lock()
	defer s.t.mu.Unlock()
	delete(s.t.subs, s)
}
