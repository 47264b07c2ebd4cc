package record

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"tamas/internal/testenv"
)

// each runs f on both databases; address is what db was opened with.
func each(t *testing.T, f func(t *testing.T, db *DB, address string)) {
	t.Helper()
	for name, address := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return installed.SQLite(t, filepath.Join(t.TempDir(), "data", "record.db")) },
		"postgres": func(t *testing.T) string { return installed.Postgres(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // they mostly wait for the disk
			a := address(t)
			f(t, open(t, a), a)
		})
	}
}

// installed is a record that nobody has used yet.
var installed = testenv.NewTemplate(func(address string) error {
	db, err := Open(context.Background(), address)
	if err != nil {
		return err
	}
	return db.Close()
})

func open(t testing.TB, address string) *DB {
	t.Helper()
	db, err := Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// must fails the test on an error and gives the value.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// firm writes a plausible log: each method appends one event, write stores what was appended.
type firm struct {
	t      testing.TB
	db     *DB
	at     ID
	now    Millis
	events []Event
	convs  map[string]*Conversation
}

func newFirm(t testing.TB, db *DB) *firm {
	return &firm{t: t, db: db, now: 1_700_000_000_000, convs: map[string]*Conversation{}}
}

func (f *firm) append(e Event) *Event {
	f.now += 1000
	n := f.at.N
	if len(f.events) > 0 {
		n = f.events[len(f.events)-1].ID.N
	}
	e.V, e.ID, e.At = EventVersion, ID{n + 1, rand.Uint64()}, f.now
	if e.By.Kind == "" {
		e.By = Actor{Kind: "system", ID: "router"}
	}
	if e.Touch != nil && e.Touch.ID == "" {
		e.Touch.ID, e.Touch.At = fmt.Sprintf("%016x", e.ID.Token), f.now
	}
	if e.Conversation != nil {
		if e.Touch != nil && e.Touch.Kind == KindMessage && e.Kind != EvTouch {
			e.Conversation.LastMessage, e.Conversation.LastMessageAt = e.Touch.ID, f.now
		}
		c := *e.Conversation
		e.Conversation = &c
	}
	f.events = append(f.events, e)
	return &f.events[len(f.events)-1]
}

// change gives the conversation's next version to be changed and appended.
func (f *firm) change(id string) *Conversation {
	c := f.convs[id]
	if c == nil {
		c = &Conversation{ID: id, Number: int64(len(f.convs) + 1), Identity: "i-" + id, Account: "a1", Channel: "sms",
			Thread: "thread-" + id, Queue: "q1", Status: Waiting, Units: 1, CreatedAt: f.now, WaitingSince: f.now}
		f.convs[id] = c
	}
	c.Version++
	return c
}

func (f *firm) receive(conv, key, text string) *Event {
	c := f.change(conv)
	c.Unread++
	c.LastInboundAt = f.now + 1000
	if c.Unanswered == 0 {
		c.Unanswered = f.now + 1000
	}
	return f.append(Event{Kind: EvReceived, By: Actor{Kind: "customer"}, Key: "a1:" + key, Conversation: c,
		Identity: &Identity{ID: "i-" + conv, Customer: "c-" + conv, Channel: "sms", Address: "+98" + conv, Name: "Name of " + conv},
		Touch: &Touch{Kind: KindMessage, Conversation: conv, Identity: "i-" + conv, Account: "a1", Channel: "sms", Inbound: true,
			Author: Actor{Kind: "customer"}, State: StateReceived, Key: key, Body: &Body{Text: text}}})
}

func (f *firm) reply(conv, agent, text string) *Event {
	c := f.change(conv)
	c.Owner, c.Status, c.Unanswered, c.Unread = agent, Active, 0, 0
	if c.FirstResponseAt == 0 {
		c.FirstResponseAt = f.now + 1000
	}
	return f.append(Event{Kind: EvQueued, By: Actor{Kind: "agent", ID: agent}, Key: fmt.Sprint("m", f.now), Conversation: c,
		Touch: &Touch{Kind: KindMessage, Conversation: conv, Identity: "i-" + conv, Account: "a1", Channel: "sms",
			Author: Actor{Kind: "agent", ID: agent}, State: StateQueued, Body: &Body{Text: text}}})
}

// state appends a new state of a touch.
func (f *firm) state(t *Touch, state string, set func(*Touch)) *Event {
	n := *t
	n.Body, n.State = nil, state
	n.Rev++
	if set != nil {
		set(&n)
	}
	return f.append(Event{Kind: EvTouch, Touch: &n})
}

func (f *firm) write() {
	f.t.Helper()
	if err := f.db.Write(f.t.Context(), f.at, f.events); err != nil {
		f.t.Fatal(err)
	}
	f.at, f.events = f.events[len(f.events)-1].ID, nil
}

// count asks for one number.
func count(t testing.TB, db *DB, query string, args ...any) int {
	t.Helper()
	var n int
	if err := db.pool.QueryRowContext(context.Background(), query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
