package record

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
)

// eventsPage is how many events EachEvent reads at a time.
const eventsPage = 2000

// EachEvent calls f for the recorded events after number n up to number last (0: the end), in order and without personal text. Nothing
// is held open between its pages, so a hub beside it is not in its way. f's error ends it.
func (db *DB) EachEvent(ctx context.Context, n, last uint64, f func(*Event) error) error {
	if last == 0 || last > always {
		last = always
	}
	for {
		list, err := collect(ctx, db.pool, scanEntry, "SELECT n, token, json FROM events WHERE n > $1 AND n <= $2 ORDER BY n LIMIT $3", int64(n), int64(last), eventsPage)
		if err != nil {
			return fmt.Errorf("read events after %d: %w", n, err)
		}
		for i := range list {
			n = list[i].ID.N
			if err := f(&list[i]); err != nil {
				return err
			}
		}
		if len(list) < eventsPage {
			return nil
		}
	}
}

// DecidedFilter chooses decisions; what is empty does not matter.
type DecidedFilter struct {
	Conversation string
	Since        Millis
	Limit        int // the newest
}

// Decided lists events that carry a reason, in order.
func (db *DB) Decided(ctx context.Context, f DecidedFilter) ([]Event, error) {
	if f.Limit <= 0 {
		f.Limit = always
	}
	where, args := "", []any{int64(f.Since), int64(f.Limit)}
	if f.Conversation != "" {
		where, args = " AND conversation = $3", append(args, f.Conversation)
	}
	list, err := collect(ctx, db.pool, scanEntry,
		"SELECT n, token, json FROM events WHERE decided = 1 AND happened_at >= $1"+where+" ORDER BY n DESC LIMIT $2", args...)
	if err != nil {
		return nil, fmt.Errorf("read decisions: %w", err)
	}
	slices.Reverse(list)
	return list, nil
}

func scanEntry(rows *sql.Rows, e *Event) error {
	var n, token int64
	var text []byte
	if err := rows.Scan(&n, &token, &text); err != nil {
		return err
	}
	err := json.Unmarshal(text, e)
	e.ID = ID{uint64(n), uint64(token)}
	return err
}

// Numbered is the id of the conversation with that number. ErrNotFound.
func (db *DB) Numbered(ctx context.Context, number int64) (id string, err error) {
	err = db.pool.QueryRowContext(ctx, "SELECT id FROM conversations WHERE number = $1", number).Scan(&id)
	return id, one(err)
}
