package inbox

import (
	"database/sql"
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

func (h *Hub) settingsEvent(t *testing.T) (*record.Event, error) {
	e := &record.Event{Kind: record.EvSettings, Topic: "queues", V: record.EventVersion, Key: tokenText(newToken()), At: h.Now()}
	return e, h.commit(t.Context(), h.mirror.current(), newToken(), e, false)
}
