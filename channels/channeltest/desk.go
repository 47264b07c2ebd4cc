package channeltest

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"tamas/channels"
)

// Patience bounds every wait of the suite. It is long because machines are slow, never because a
// case takes that long.
const Patience = 60 * time.Second

// Desk is a channels.Desk that records in memory, each message once by its key, batches and their
// cursor in one step. It can be told to fail and to hang. Safe for concurrent use.
type Desk struct {
	mu       sync.Mutex
	changed  chan struct{} // closed and replaced at every change
	fail     int
	gate     chan struct{} // not nil: Receive waits until it is closed
	blocked  int
	refused  int
	again    int
	spared   int
	wrong    []string
	keys     map[string]int // key → index in messages
	messages []channels.Inbound
	cursor   string
	cursors  []string
	threads  map[string]string // provider id → thread
	health   []channels.Health
	statuses []Status
	typed    []Typed

	unreachable []string
	items       map[string][]channels.Item // thread → what its customer may see
	nitems      int
	placed      uint64              // items
	watchers    map[*watcher]string // → thread
	blobs       map[string][]byte   // name → content of stored files
	maxFile     int64
	standing    map[string]channels.Standing
	transcripts []string // threads
}

// Status is one call of Desk.Status.
type Status struct{ ProviderID, State, Reason string }

// Typed is one call of Desk.Typing.
type Typed struct {
	Thread string
	On     bool
}

var _ channels.Desk = (*Desk)(nil)

// NewDesk returns an empty desk.
func NewDesk() *Desk {
	return &Desk{
		changed:  make(chan struct{}),
		keys:     map[string]int{},
		threads:  map[string]string{},
		items:    map[string][]channels.Item{},
		watchers: map[*watcher]string{},
		blobs:    map[string][]byte{},
		maxFile:  25 << 20,
		standing: map[string]channels.Standing{},
	}
}

// touch tells the waiters that something changed. d.mu is held.
func (d *Desk) touch() {
	close(d.changed)
	d.changed = make(chan struct{})
}

// FailNext makes the next n calls of Receive return channels.ErrUnrecorded; nothing of them is recorded.
func (d *Desk) FailNext(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fail = n
}

// Block makes Receive wait, from the next call on, until release is called or the caller's ctx ends
// (then it returns channels.ErrUnrecorded and records nothing). release may be called more than once.
func (d *Desk) Block() (release func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	gate := make(chan struct{})
	d.gate = gate
	var once sync.Once
	return func() {
		once.Do(func() {
			d.mu.Lock()
			defer d.mu.Unlock()
			if d.gate == gate {
				d.gate = nil
			}
			close(gate)
		})
	}
}

// Receive implements channels.Desk.
func (d *Desk) Receive(ctx context.Context, b channels.Batch) error {
	d.mu.Lock()
	for d.gate != nil {
		gate := d.gate
		d.blocked++
		d.touch()
		d.mu.Unlock()
		var err error
		select {
		case <-gate:
		case <-ctx.Done():
			err = fmt.Errorf("%w: %w", channels.ErrUnrecorded, ctx.Err())
		}
		d.mu.Lock()
		d.blocked--
		if err != nil {
			d.refused++
			d.touch()
			d.mu.Unlock()
			return err
		}
	}
	defer d.mu.Unlock()
	defer d.touch()
	if err := ctx.Err(); err != nil {
		d.refused++
		return fmt.Errorf("%w: %w", channels.ErrUnrecorded, err)
	}
	if d.fail > 0 {
		d.fail--
		d.refused++
		return channels.ErrUnrecorded
	}
	d.judge(b)
	for _, m := range b.Messages {
		if _, known := d.keys[m.Key]; known {
			d.again++
			continue
		}
		d.keys[m.Key] = len(d.messages)
		d.messages = append(d.messages, m)
		pid := m.ProviderID
		if pid == "" {
			pid = m.Key
		}
		d.threads[pid] = m.Thread
		at := m.At
		if at.IsZero() {
			at = time.Now()
		}
		d.publish(m.Thread, channels.Item{Kind: "message", From: "customer", Name: m.Name, Text: m.Text, At: at, Key: m.Key})
	}
	if b.Cursor != "" {
		d.cursor = b.Cursor
		d.cursors = append(d.cursors, b.Cursor)
	}
	return nil
}

// judge notes what of a batch breaks the contract. d.mu is held.
func (d *Desk) judge(b channels.Batch) {
	note := func(format string, args ...any) { d.wrong = append(d.wrong, fmt.Sprintf(format, args...)) }
	if len(b.Messages) > channels.MaxBatch {
		note("a batch of %d messages", len(b.Messages))
	}
	if len(b.Cursor) > channels.MaxCursor {
		note("a cursor of %d bytes", len(b.Cursor))
	}
	for _, m := range b.Messages {
		switch {
		case m.Kind != channels.Message && m.Kind != channels.Edit && m.Kind != channels.Deletion && m.Kind != channels.Rating && m.Kind != channels.Visit:
			note("a kind that is none: %+v", m)
		case (m.Kind == channels.Edit || m.Kind == channels.Deletion) && m.Of == "":
			note("an edit of nothing: %+v", m)
		case m.Key == "":
			note("a message without a key: %+v", m)
		case len(m.Key) > channels.MaxKey || len(m.Thread) > channels.MaxKey || len(m.Address) > channels.MaxKey:
			note("a key, thread or address over %d bytes: %+v", channels.MaxKey, m)
		case m.Unreadable == "" && (m.Thread == "" || m.Address == ""):
			note("a readable message without thread or address: %+v", m)
		case m.Unreadable != "" && len(m.Raw) == 0:
			note("an unreadable message without its raw bytes: %+v", m)
		case len(m.Raw) > channels.MaxRaw:
			note("raw bytes over %d: %q", channels.MaxRaw, m.Key)
		}
		for _, f := range m.Files {
			switch {
			case (f.Blob == "") == (f.Missing == ""):
				note("a file that is neither here nor missing, or both: %+v", f)
			case f.Blob != "" && d.blobs[f.Blob] == nil:
				note("a file that was never stored: %+v", f)
			case f.Kind != "image" && f.Kind != "audio" && f.Kind != "voice" && f.Kind != "video" && f.Kind != "file" && f.Kind != "raw":
				note("a file of a kind that is none: %+v", f)
			}
		}
	}
}

// Cursor implements channels.Desk.
func (d *Desk) Cursor(context.Context) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.cursor, nil
}

// SetCursor sets the position as if a batch had carried it; "" is the beginning.
func (d *Desk) SetCursor(c string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cursor = c
	d.touch()
}

// Cursors lists the positions that batches brought, in order.
func (d *Desk) Cursors() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.cursors...)
}

// ThreadOf implements channels.Desk.
func (d *Desk) ThreadOf(_ context.Context, providerIDs []string) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, id := range providerIDs {
		if t := d.threads[id]; t != "" {
			return t, nil
		}
	}
	return "", nil
}

// SetThread notes the provider id of a sent message, for ThreadOf.
func (d *Desk) SetThread(providerID, thread string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.threads[providerID] = thread
}

// Status implements channels.Desk.
func (d *Desk) Status(_ context.Context, providerID, state, reason string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	defer d.touch()
	if d.fail > 0 {
		d.fail--
		d.refused++
		return channels.ErrUnrecorded
	}
	d.statuses = append(d.statuses, Status{providerID, state, reason})
	return nil
}

// Unreachable implements channels.Desk.
func (d *Desk) Unreachable(_ context.Context, address, reason string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	defer d.touch()
	if d.fail > 0 {
		d.fail--
		d.refused++
		return channels.ErrUnrecorded
	}
	d.unreachable = append(d.unreachable, address+": "+reason)
	return nil
}

// UnreachableOnes lists the calls of Unreachable that were recorded, "address: reason", in order.
func (d *Desk) UnreachableOnes() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.unreachable...)
}

// Statuses lists the calls of Status that were recorded, in order.
func (d *Desk) Statuses() []Status {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]Status(nil), d.statuses...)
}

// Health implements channels.Desk.
func (d *Desk) Health(h channels.Health) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch h.State {
	case "connected", "connecting", "refused", "failing", "off":
	default:
		d.wrong = append(d.wrong, fmt.Sprintf("a health state that is none: %+v", h))
	}
	d.health = append(d.health, h)
	d.touch()
}

// Healths lists the reports of Health, in order.
func (d *Desk) Healths() []channels.Health {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]channels.Health(nil), d.health...)
}

// HealthState is the last report's state; "" before the first.
func (d *Desk) HealthState() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.health) == 0 {
		return ""
	}
	return d.health[len(d.health)-1].State
}

// Typing implements channels.Desk.
func (d *Desk) Typing(thread string, on bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.typed = append(d.typed, Typed{thread, on})
	d.touch()
}

// Typed lists the calls of Typing, in order.
func (d *Desk) Typed() []Typed {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]Typed(nil), d.typed...)
}

// Messages lists what is recorded, in order.
func (d *Desk) Messages() []channels.Inbound {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]channels.Inbound(nil), d.messages...)
}

// Again counts the messages that came under a key that was already recorded.
func (d *Desk) Again() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.again
}

// Refused counts the calls of Receive and Status that recorded nothing.
func (d *Desk) Refused() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.refused
}

// Blocked counts the calls of Receive that are waiting at this moment.
func (d *Desk) Blocked() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.blocked
}

// Wrong lists the breaches of the contract that were seen in calls of the desk; a good adapter causes none.
func (d *Desk) Wrong() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.wrong...)
}

// Await waits until ok, which may call the desk, tells true; it looks again at every change of the desk
// and, for what happens elsewhere, every few milliseconds. It fails the test after Patience.
func (d *Desk) Await(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.NewTimer(Patience)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		d.mu.Lock()
		changed := d.changed
		d.mu.Unlock()
		if ok() {
			return
		}
		select {
		case <-changed:
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("not in %v: %s (recorded %d messages, last health %q)", Patience, what, len(d.Messages()), d.HealthState())
		}
	}
}

// AwaitMessages waits until n messages are recorded and returns them.
func (d *Desk) AwaitMessages(t testing.TB, n int) []channels.Inbound {
	t.Helper()
	d.Await(t, strconv.Itoa(n)+" messages recorded", func() bool { return len(d.Messages()) >= n })
	return d.Messages()
}

// AwaitHealth waits until the last reported state is one of states.
func (d *Desk) AwaitHealth(t testing.TB, states ...string) {
	t.Helper()
	d.Await(t, fmt.Sprintf("health %q", states), func() bool {
		now := d.HealthState()
		for _, s := range states {
			if s == now {
				return true
			}
		}
		return false
	})
}
