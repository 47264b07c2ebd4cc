package record

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

func cursor(ctx context.Context, q querier) (ID, error) {
	var n, token int64
	err := q.QueryRowContext(ctx, "SELECT n, token FROM log_cursor").Scan(&n, &token)
	return ID{uint64(n), uint64(token)}, err
}

// Cursor is the id of the last event in the record; zero in an empty one.
func (db *DB) Cursor(ctx context.Context) (ID, error) {
	id, err := cursor(ctx, db.pool)
	if err != nil {
		err = fmt.Errorf("read the cursor: %w", err)
	}
	return id, err
}

const moveCursor = "UPDATE log_cursor SET n = $1, token = $2 WHERE n = $3 AND token = $4"

// move runs the statements after the one that moves the cursor, in the same piece, and gives their changed rows.
func (w *writer) move(ctx context.Context, old, new ID, then []statement) ([]int64, error) {
	list := append([]statement{{key: stmtKey{text: moveCursor},
		args: []any{int64(new.N), int64(new.Token), int64(old.N), int64(old.Token)}}}, then...)
	n, err := w.run(ctx, list)
	if len(n) > 0 && n[0] == 0 {
		return nil, ErrMoved // whatever became of the rest is rolled back
	}
	return n[min(1, len(n)):], err
}

// MoveCursor sets the cursor from old to new without events, as a rebuild does. ErrMoved: it was not at old.
func (db *DB) MoveCursor(ctx context.Context, old, new ID) error {
	err := db.wr.tx(ctx, func() error {
		_, err := db.wr.move(ctx, old, new, nil)
		return err
	})
	if err != nil {
		err = fmt.Errorf("move the cursor: %w", err)
	}
	return err
}

// HasEvent tells whether exactly this event is in the record.
func (db *DB) HasEvent(ctx context.Context, id ID) (bool, error) {
	var n int
	err := db.pool.QueryRowContext(ctx, "SELECT count(*) FROM events WHERE n = $1 AND token = $2",
		int64(id.N), int64(id.Token)).Scan(&n)
	return n > 0, err
}

// Write stores the events that follow old, in order, all or none, and moves the cursor to the last one's id.
//
// ErrMoved: the cursor is not at old. Unavailable errors: nothing is written, or, when the reply to COMMIT was
// lost, all is; Cursor tells. An event whose data the database refuses is stored raw, as kind
// "event.unreadable"; that is no error.
func (db *DB) Write(ctx context.Context, old ID, events []Event) error {
	if len(events) == 0 {
		return nil
	}
	for i, last := 0, old; i < len(events); last, i = events[i].ID, i+1 {
		if events[i].ID.N <= last.N {
			return fmt.Errorf("write events: %s after %s", events[i].ID, last)
		}
	}
	new := events[len(events)-1].ID
	b, err := db.newBatch(events)
	if err != nil {
		return fmt.Errorf("write events after %s: %w", old, err)
	}
	b.statements = db.refusing(ctx, b.statements, b.met)
	err = db.wr.tx(ctx, func() error {
		n, err := db.wr.move(ctx, old, new, b.statements)
		if err != nil {
			return err
		}
		return db.afterwards(ctx, b, n)
	})
	if refused(err) {
		// Again, looking for the culprits. Savepoints from the start would cost every batch two round trips.
		err = db.wr.tx(ctx, func() error {
			if _, err := db.wr.move(ctx, old, new, nil); err != nil {
				return err
			}
			return db.bisect(ctx, events)
		})
	}
	if err != nil {
		return fmt.Errorf("write %d events after %s: %w", len(events), old, err)
	}
	return nil
}

// bisect stores what can be stored, and the rest raw.
func (db *DB) bisect(ctx context.Context, events []Event) error {
	err := db.attempt(ctx, func() error { return db.insert(ctx, events) })
	if !refused(err) {
		return err
	}
	if half := len(events) / 2; half > 0 {
		if err := db.bisect(ctx, events[:half]); err != nil {
			return err
		}
		return db.bisect(ctx, events[half:])
	}
	return db.keepRaw(ctx, &events[0], err)
}

// attempt runs f below a savepoint and undoes it when it fails.
func (db *DB) attempt(ctx context.Context, f func() error) error {
	if err := db.wr.exec(ctx, "SAVEPOINT attempt"); err != nil {
		return err
	}
	err := f()
	if err != nil {
		if !refused(err) {
			return err // the whole transaction is lost
		}
		if back := db.wr.exec(ctx, "ROLLBACK TO SAVEPOINT attempt"); back != nil {
			return back
		}
	}
	return errors.Join(err, db.wr.exec(ctx, "RELEASE SAVEPOINT attempt"))
}

// keepRaw stores an event that was refused: its bytes as they came, and, so that its conversation shows that
// something is there, its header and a touch without text where the database takes them.
func (db *DB) keepRaw(ctx context.Context, e *Event, why error) error {
	raw, err := json.Marshal(e)
	if err != nil {
		raw = []byte(fmt.Sprintf("%#v", e))
	}
	if e.Raw != nil {
		raw = e.Raw
	}
	reason := clean(why.Error(), 500)
	err = db.attempt(ctx, func() error { return db.insert(ctx, []Event{remains(e, reason)}) })
	if refused(err) {
		err = db.insert(ctx, []Event{{V: e.V, ID: e.ID, Kind: EvUnreadable, At: e.At, By: Actor{Kind: "system", ID: "record"}}})
	}
	if err != nil {
		return err
	}
	return db.wr.exec(ctx, "INSERT INTO unreadable_events (n, reason, raw) VALUES ($1, $2, $3)", int64(e.ID.N), reason, raw)
}

// Unreadable gives the raw bytes of an event of kind "event.unreadable", JSON where it could be written, and
// why it was refused.
func (db *DB) Unreadable(ctx context.Context, n uint64) (raw []byte, reason string, err error) {
	err = db.pool.QueryRowContext(ctx, "SELECT raw, reason FROM unreadable_events WHERE n = $1", int64(n)).Scan(&raw, &reason)
	return raw, reason, one(err)
}
