package record

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"tamas/internal/testenv"
)

func TestWriteAndReadBack(t *testing.T) {
	each(t, func(t *testing.T, db *DB, address string) {
		ctx := t.Context()
		f := newFirm(t, db)
		if at := must(db.Cursor(ctx)); !at.IsZero() {
			t.Fatalf("cursor of an empty record: %s", at)
		}
		got := *f.receive("x", "k1", "hello").Touch
		f.write()
		reply := *f.reply("x", "u1", "hi").Touch
		f.state(&reply, StateSending, func(t *Touch) { t.Worker, t.Attempt = "w1", 1 })
		agent := Agent{ID: "u1", Version: 3, State: Available, Since: f.now, Held: map[string]int{"x": 1}}
		older := agent
		older.Version, older.State = 2, Offline
		f.append(Event{Kind: EvAgent, Agents: []Agent{agent}})
		f.append(Event{Kind: EvAgent, Agents: []Agent{older}})
		last := f.append(Event{Kind: EvCursor, Account: "a1", Cursor: "uid 7"}).ID
		f.write()

		if at := must(db.Cursor(ctx)); at != last {
			t.Errorf("cursor %s, want %s", at, last)
		}
		if !must(db.HasEvent(ctx, last)) || must(db.HasEvent(ctx, ID{last.N, last.Token + 1})) {
			t.Error("HasEvent goes by n alone")
		}
		in := must(db.Touch(ctx, got.ID))
		got.N = 1
		if !reflect.DeepEqual(in, got) {
			t.Errorf("touch\n got %+v %+v\nwant %+v %+v", in, in.Body, got, got.Body)
		}
		if out := must(db.Touch(ctx, reply.ID)); out.State != StateSending || out.Rev != 1 || out.Worker != "w1" || out.Attempt != 1 || out.Body.Text != "hi" {
			t.Errorf("reply %+v", out)
		}
		var live []Conversation
		if err := db.LiveConversations(ctx, f.now, func(c Conversation) error { live = append(live, c); return nil }); err != nil {
			t.Fatal(err)
		}
		if len(live) != 1 || !reflect.DeepEqual(live[0], *f.convs["x"]) {
			t.Errorf("live %+v, want %+v", live, f.convs["x"])
		}
		if agents := must(db.Agents(ctx)); len(agents) != 1 || !reflect.DeepEqual(agents[0], agent) {
			t.Errorf("agents %+v", agents)
		}
		if c := must(db.AccountCursor(ctx, "a1")); c != "uid 7" {
			t.Errorf("account cursor %q", c)
		}
		if n := must(db.LastNumber(ctx)); n != 1 {
			t.Errorf("last number %d", n)
		}
		keys := map[string]ID{}
		if err := db.CommandKeys(ctx, f.now-60_000, func(k string, id ID, _ Millis) error { keys[k] = id; return nil }); err != nil {
			t.Fatal(err)
		}
		if len(keys) != 2 || keys["a1:k1"].N != 1 {
			t.Errorf("keys %v", keys)
		}
		if n := count(t, db, "SELECT count(*) FROM events WHERE json LIKE '%hello%' OR json LIKE '%Name of%' OR json LIKE '%+98%'"); n != 0 {
			t.Errorf("%d events hold personal text", n)
		}

		// Once more, as at the next start.
		again := open(t, address)
		if at := must(again.Cursor(ctx)); at != last {
			t.Errorf("cursor after opening again %s, want %s", at, last)
		}
	})
}

func TestWriteFromElsewhereIsRefused(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		ctx := t.Context()
		f := newFirm(t, db)
		f.receive("x", "k1", "one")
		f.write()
		f.receive("x", "k2", "two")
		for _, old := range []ID{{}, {f.at.N, f.at.Token + 1}, {f.at.N - 1, f.at.Token}} {
			if err := db.Write(ctx, old, f.events); !errors.Is(err, ErrMoved) || Unavailable(err) {
				t.Errorf("write after %s: %v", old, err)
			}
		}
		if n := count(t, db, "SELECT count(*) FROM events"); n != 1 {
			t.Errorf("%d events, want 1", n)
		}
		own := ID{f.at.N, 1 << 63}
		if err := db.MoveCursor(ctx, ID{}, own); !errors.Is(err, ErrMoved) {
			t.Errorf("move from elsewhere: %v", err)
		}
		if err := db.MoveCursor(ctx, f.at, own); err != nil {
			t.Fatal(err)
		}
		if err := db.Write(ctx, f.at, f.events); !errors.Is(err, ErrMoved) {
			t.Errorf("write by the old leader: %v", err)
		}
		if err := db.Write(ctx, own, f.events); err != nil {
			t.Errorf("write by the new leader: %v", err)
		}
		if err := db.Write(ctx, f.events[0].ID, f.events); err == nil {
			t.Error("events that do not come after the cursor were taken")
		}
	})
}

// Two leaders that both believe in their lease: every event is in the record once.
func TestTwoWritersAtOnce(t *testing.T) {
	each(t, func(t *testing.T, db *DB, address string) {
		done := make(chan error, 2)
		for leader := range 2 {
			mine := db
			if db.d.name == "postgres" {
				mine = open(t, address) // a connection of its own
			}
			go func() {
				for i := 0; i < 100; {
					old, err := mine.Cursor(t.Context())
					if err != nil {
						done <- err
						return
					}
					e := Event{V: 1, ID: ID{old.N + 1, uint64(leader)<<32 + uint64(i)}, Kind: EvSettings}
					switch err = mine.Write(t.Context(), old, []Event{e}); {
					case err == nil:
						i++
					case !errors.Is(err, ErrMoved):
						done <- err
						return
					}
				}
				done <- nil
			}()
		}
		for range 2 {
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		}
		if n := count(t, db, "SELECT count(*) FROM events"); n != 200 {
			t.Errorf("%d events, want 200", n)
		}
		if n := count(t, db, "SELECT n FROM log_cursor"); n != 200 {
			t.Errorf("cursor at %d, want 200", n)
		}
	})
}

func TestRowsAreReplacedWhenNewer(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		ctx := t.Context()
		f := newFirm(t, db)
		for i := range 100 { // one conversation many times in one batch
			f.receive("x", fmt.Sprint("k", i), "text")
		}
		e := f.append(Event{Kind: EvChanged, Conversation: f.change("x")})
		newest := *e.Conversation
		stale := newest
		stale.Version, stale.Queue = 3, "stale"
		f.append(Event{Kind: EvChanged, Conversation: &stale})
		f.write()
		f.append(Event{Kind: EvChanged, Conversation: &stale})
		f.write()
		c := must(db.LastConversation(ctx, Thread{"a1", "sms", "thread-x"}))
		if !reflect.DeepEqual(*c, newest) {
			t.Errorf("got %+v, want %+v", *c, newest)
		}

		reply := *f.reply("x", "u1", "hi").Touch
		f.write()
		sent := *f.state(&reply, StateSending, nil).Touch
		sent = *f.state(&sent, StateSent, func(t *Touch) { t.ProviderID = "p1" }).Touch
		f.write()
		f.state(&reply, StateSending, nil) // an old one again
		f.write()
		if got := must(db.Touch(ctx, reply.ID)); got.State != StateSent || got.ProviderID != "p1" {
			t.Errorf("touch %+v", got)
		}
	})
}

// Law 2's backstop: a duplicate that the log let through does not enter twice, and refuses nobody else.
func TestProvidersMessageOnce(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		f := newFirm(t, db)
		first := f.receive("x", "k1", "once").Touch.ID
		f.receive("x", "k1", "twice, same batch")
		f.receive("y", "k2", "other")
		f.write()
		f.receive("x", "k1", "twice, later batch")
		f.receive("y", "k3", "other")
		f.write()
		if got := must(db.TouchByKey(t.Context(), "a1", "k1")); got.ID != first || got.Body.Text != "once" {
			t.Errorf("got %+v", got)
		}
		if n := count(t, db, "SELECT count(*) FROM touches"); n != 3 {
			t.Errorf("%d touches, want 3", n)
		}
		if n := count(t, db, "SELECT count(*) FROM bodies"); n != 3 {
			t.Errorf("%d bodies, want 3", n)
		}
		if n := db.Duplicates(); n != 2 {
			t.Errorf("%d duplicates counted, want 2", n)
		}
	})
}

// Law 10, second half.
func TestRefusedEventIsKeptRawAndHoldsUpNobody(t *testing.T) {
	each(t, func(t *testing.T, db *DB, address string) {
		ctx := t.Context()
		poison(t, db)
		f := newFirm(t, db)
		var bad []*Event
		for i := range 50 {
			switch i {
			case 7, 8, 30, 49:
				f.receive("x", fmt.Sprint("k", i), "poison")
			default:
				f.receive(fmt.Sprint("c", i%5), fmt.Sprint("k", i), "good")
			}
		}
		events := f.events
		for _, i := range []int{7, 8, 30, 49} {
			bad = append(bad, &events[i])
		}
		f.write()
		if n := count(t, db, "SELECT count(*) FROM touches t JOIN bodies b ON b.n = t.n WHERE b.text = 'good'"); n != 46 {
			t.Errorf("%d good messages, want 46", n)
		}
		for _, e := range bad {
			if !must(db.HasEvent(ctx, e.ID)) {
				t.Errorf("%s is missing", e.ID)
			}
			raw, reason, err := db.Unreadable(ctx, e.ID.N)
			if err != nil || !strings.Contains(string(raw), `"text":"poison"`) || reason == "" {
				t.Errorf("raw %q, reason %q: %v", raw, reason, err)
			}
			touch, err := db.Touch(ctx, e.Touch.ID)
			if err != nil || touch.Unreadable == "" || touch.Conversation != "x" {
				t.Errorf("touch %+v: %v", touch, err)
			}
		}
		if n := count(t, db, "SELECT count(*) FROM events WHERE kind = 'event.unreadable'"); n != 4 {
			t.Errorf("%d unreadable, want 4", n)
		}
		if c := must(db.LastConversation(ctx, Thread{"a1", "sms", "thread-x"})); c.Version != 4 {
			t.Errorf("header at version %d, want 4", c.Version)
		}
	})
}

// poison makes the database refuse a body of this text.
func poison(t testing.TB, db *DB) {
	t.Helper()
	stmt := `CREATE TRIGGER poison BEFORE INSERT ON bodies WHEN new.text = 'poison' BEGIN SELECT RAISE(ABORT, 'refused'); END`
	if db.d.name == "postgres" {
		stmt = `ALTER TABLE bodies ADD CHECK (text <> 'poison')`
	}
	if err := db.write(t.Context(), func(q querier) error { _, err := q.ExecContext(t.Context(), stmt); return err }); err != nil {
		t.Fatal(err)
	}
}

// What PostgreSQL is known to refuse, should it get past the door. SQLite takes some of it as it is.
func TestHostileTexts(t *testing.T) {
	long := strings.Repeat("\u06F5x", 8000)
	cases := map[string]func(e *Event){
		"NUL in the text":        func(e *Event) { e.Touch.Body.Text = "a\x00b" },
		"NUL in the key":         func(e *Event) { e.Touch.Key = "a\x00b" },
		"invalid UTF-8":          func(e *Event) { e.Touch.Body.Text, e.Identity.Name = "a\xffb", "\xc3" },
		"NUL in the thread":      func(e *Event) { e.Conversation.Thread = "a\x00b" },
		"NUL in a tag":           func(e *Event) { e.Conversation.Tags = []string{"\x00"} },
		"long key":               func(e *Event) { e.Touch.Key, e.Key = random(20_000), random(20_000) },
		"long thread":            func(e *Event) { e.Conversation.Thread = random(20_000) },
		"long ids":               func(e *Event) { e.Conversation.ID, e.Touch.Conversation = long, long },
		"id of another touch":    func(e *Event) { e.Touch.ID = "0000000000000001" },
		"kind that is not UTF-8": func(e *Event) { e.Kind = "\xff"; e.Touch = nil },
		"everything at once": func(e *Event) {
			e.By, e.Account, e.Cursor, e.Topic = Actor{"\x00", "\xff"}, "\x00", "\x00", "\xff"
			e.Agents = []Agent{{ID: "\x00", Version: 1, Held: map[string]int{"\x00": 1}}}
			e.Conversation.ID = "\x00"
		},
	}
	each(t, func(t *testing.T, db *DB, _ string) {
		for name, spoil := range cases {
			t.Run(name, func(t *testing.T) {
				f := newFirm(t, db)
				f.at = must(db.Cursor(t.Context()))
				key := func(n int) string { return fmt.Sprint(name, n) }
				f.receive("a", key(1), "before")
				if f.at.IsZero() {
					f.events[0].Touch.ID = "0000000000000001"
				}
				bad := f.receive("x", key(2), "text")
				spoil(bad)
				id := bad.ID
				f.receive("b", key(3), "after")
				f.write()
				f.receive("b", key(4), "later")
				f.write()
				if !must(db.HasEvent(t.Context(), id)) {
					t.Error("the event is missing")
				}
				for _, n := range []int{1, 3, 4} {
					if _, err := db.TouchByKey(t.Context(), "a1", key(n)); err != nil {
						t.Errorf("%s: %v", key(n), err)
					}
				}
			})
		}
	})
}

// random is a text that does not compress.
func random(n int) string {
	var b strings.Builder
	for i := uint64(1); b.Len() < n; i++ {
		fmt.Fprintf(&b, "%x", i*0x9E3779B97F4A7C15)
	}
	return b.String()[:n]
}

// Law 9 as far as it is the record's: while the database is away nothing is written, and the same DB goes on after.
func TestDatabaseAway(t *testing.T) {
	s := testenv.PostgresServer(t)
	db := open(t, s.URL)
	f := newFirm(t, db)
	f.receive("x", "k1", "before")
	f.write()
	for name, end := range map[string]func(){"stopped": s.Stop, "killed": s.Kill} {
		end()
		// A session may outlive its killed server for a moment.
		for !Unavailable(db.wr.tx(t.Context(), func() error { return nil })) {
			time.Sleep(time.Millisecond)
		}
		f.receive("x", "k-"+name, "meanwhile")
		for range 3 {
			if err := db.Write(t.Context(), f.at, f.events); !Unavailable(err) {
				t.Errorf("write while %s: %v", name, err)
			}
			if _, err := db.Cursor(t.Context()); !Unavailable(err) {
				t.Errorf("cursor while %s: %v", name, err)
			}
		}
		if err := s.Start(); err != nil {
			t.Fatal(err)
		}
		at, err := db.Cursor(t.Context())
		for ; Unavailable(err); at, err = db.Cursor(t.Context()) { // "starting up", on a slow machine
			time.Sleep(10 * time.Millisecond)
		}
		if err != nil || at != f.at {
			t.Errorf("cursor %s after %s, want %s: %v", at, name, f.at, err)
		}
		f.write()
	}
	if n := count(t, db, "SELECT count(*) FROM touches"); n != 3 {
		t.Errorf("%d touches, want 3", n)
	}
}

// A leader that was stopped within its transaction does not hold the cursor against its successor for ever.
func TestLockedCursorIsUnavailable(t *testing.T) {
	db := open(t, testenv.Postgres(t))
	f := newFirm(t, db)
	f.receive("x", "k1", "one")
	c := must(db.pool.Conn(t.Context()))
	defer c.Close()
	for _, stmt := range []string{"SET idle_in_transaction_session_timeout = 500", "BEGIN", "UPDATE log_cursor SET n = 99"} {
		if _, err := c.ExecContext(t.Context(), stmt); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 1)
	defer cancel()
	if err := db.Write(ctx, f.at, f.events); !Unavailable(err) {
		t.Errorf("write against a lock: %v", err)
	}
	f.write() // once the idle transaction has been ended by the server
}

func TestClosed(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		f := newFirm(t, db)
		f.receive("x", "k1", "one")
		db.Close()
		if err := db.Write(t.Context(), ID{}, f.events); !Unavailable(err) {
			t.Errorf("write after Close: %v", err)
		}
		if err := db.Close(); err != nil {
			t.Errorf("second Close: %v", err)
		}
	})
}

func TestCancelledWriteWritesNothing(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		f := newFirm(t, db)
		f.receive("x", "k1", "one")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := db.Write(ctx, f.at, f.events); !errors.Is(err, context.Canceled) {
			t.Errorf("write with a cancelled context: %v", err)
		}
		f.write()
	})
}
