package inbox

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"tamas/inbox/record"
)

// A change of settings that comes while a node reads the one before is read at once too.
func TestSettingsChangedWhileRead(t *testing.T) {
	r := newRig(t, store{"redis-server", "postgres"})
	r.tune = func(h *Hub) { h.rereadAfter = time.Hour }
	h, _ := r.hub()
	db := r.openDB()
	time.Sleep(100 * time.Millisecond)
	other, err := sql.Open("pgx", r.dbURL)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	tx, err := other.Begin() // the queues can be read, the users not yet
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.Exec("LOCK TABLE users IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	changed := func() { // as another node says it
		e, err := h.settingsEvent(t)
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, "heard", func() bool { return h.Head().N >= e.ID.N })
	}
	changed()
	eventually(t, "it waits for the users", func() bool {
		var n int
		_ = other.QueryRow("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()").Scan(&n)
		return n > 0
	})
	if _, err := db.AddQueue(t.Context(), record.Queue{ID: "late", Name: "late", Mode: "offer", OfferSeconds: 30, Members: []string{}}); err != nil {
		t.Fatal(err)
	}
	changed()
	tx.Rollback()
	eventually(t, "it is read", func() bool { return h.Settings().Queues["late"].ID != "" })
}

// What was read before a change does not take it back when it comes later: settings are read by whoever changes them, and by the node's loop.
func TestSettingsReadBefore(t *testing.T) {
	t.Parallel()
	r := newRig(t, stores[0])
	h, _ := r.newHub()
	db := r.openDB()
	begun := h.settingsBegun.Add(1)
	before, err := ReadSettings(t.Context(), h.db)
	if err != nil {
		t.Fatal(err)
	}
	late, err := db.AddQueue(t.Context(), record.Queue{Name: "late", Mode: "offer", OfferSeconds: 30, Members: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.readSettings(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.takeSettings(before, begun)
	if h.Settings().Queues[late.ID].ID == "" {
		t.Error("the queue has gone again")
	}
}

func (h *Hub) settingsEvent(t *testing.T) (*record.Event, error) {
	e := &record.Event{Kind: record.EvSettings, Topic: "queues", V: record.EventVersion, Key: tokenText(newToken()), At: h.Now()}
	return e, h.commit(t.Context(), h.mirror.current(), newToken(), e, false)
}

// An import that goes on, retention and alerts work by settings: a leader does nothing before it knows them.
func TestLeaderKnowsSettings(t *testing.T) {
	t.Parallel()
	r := newRig(t, stores[0])
	h, _ := r.newHub()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- h.leadLog(ctx, nil) }()
	eventually(t, "the leader waits for the settings", func() bool {
		h.settingsRead.mu.Lock()
		defer h.settingsRead.mu.Unlock()
		return h.settingsRead.c != nil
	})
	if h.Leading() {
		t.Error("it leads without")
	}
	if err := h.readSettings(ctx); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it leads", h.Leading)
	cancel()
	<-ended
}

// Whoever calls just after the start, or while the settings change, is not told that there is no such account.
func TestAccountsAreOpening(t *testing.T) {
	t.Parallel()
	r := newRig(t, stores[0])
	h, _ := r.newHub()
	ctx, stop := context.WithCancel(t.Context())
	answered := make(chan string)
	for _, id := range []string{r.account.ID, "nobody"} {
		ended, end := context.WithTimeout(ctx, 10*time.Millisecond)
		if _, err := h.Webhook(ended, id); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("before the settings are known, %s: %v", id, err)
		}
		end()
		go func() {
			if _, err := h.Webhook(ctx, id); err != nil {
				t.Errorf("%s: %v", id, err)
			}
			answered <- id
		}()
	}
	if err := h.readSettings(ctx); err != nil {
		t.Fatal(err)
	}
	if id := <-answered; id != "nobody" {
		t.Error("an account that is not open yet was not waited for")
	}
	ended := make(chan error, 1)
	go func() { ended <- h.accountsLoop(ctx) }()
	<-answered
	stop()
	<-ended
}
