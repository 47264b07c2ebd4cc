package record

import (
	"context"
	"database/sql"
)

// Pin is a touch that everybody is shown first.
type Pin struct {
	TimelineTouch
	PinnedAt Millis `json:"pinned_at"`
	PinnedBy string `json:"pinned_by"`
}

// maxPins of one customer.
const maxPins = 50

// pins are a root's, newest first.
func pins(ctx context.Context, q querier, root string) ([]Pin, error) {
	type row struct {
		id, by string
		at     Millis
		number int64
	}
	rows, err := collect(ctx, q, func(rows *sql.Rows, r *row) error { return rows.Scan(&r.id, &r.at, &r.by, &r.number) },
		`SELECT p.touch, p.happened_at, p.by_user, COALESCE(c.number, 0) FROM identities i JOIN pins p ON p.identity = i.id JOIN touches t ON t.id = p.touch
			LEFT JOIN conversations c ON c.id = t.conversation WHERE i.customer = $1 ORDER BY p.happened_at DESC, p.touch LIMIT $2`, root, maxPins)
	if err != nil || len(rows) == 0 {
		return []Pin{}, err
	}
	args := []any{}
	for _, r := range rows {
		args = append(args, r.id)
	}
	list, err := touches(ctx, q, "WHERE t.id IN ("+placeholders(1, len(args))+")", args...)
	at := map[string]Touch{}
	for _, t := range list {
		at[t.ID] = t
	}
	out := []Pin{}
	for _, r := range rows {
		out = append(out, Pin{TimelineTouch: TimelineTouch{Touch: at[r.id], Number: r.number}, PinnedAt: r.at, PinnedBy: r.by})
	}
	return out, err
}

// SetPin pins a touch, or takes the pin away; what is so already stays as it is. It gives the customer. ErrNotFound: there is no such touch of a
// customer; ErrTaken: there are too many pins.
func (db *DB) SetPin(ctx context.Context, touch string, on bool, by Decided, note func(root string) Note) (root string, err error) {
	err = db.writeNoted(ctx, notesOf(note != nil, func() (*Changed, error) { return note(root)() }), func(q querier) error {
		var identity string
		if err := q.QueryRowContext(ctx, "SELECT i.id, i.customer FROM touches t JOIN identities i ON i.id = t.identity WHERE t.id = $1", touch).Scan(&identity, &root); err != nil {
			return one(err)
		}
		if !on {
			_, err := q.ExecContext(ctx, "DELETE FROM pins WHERE touch = $1", touch)
			return err
		}
		var n int
		if err := q.QueryRowContext(ctx, "SELECT count(*) FROM identities i JOIN pins p ON p.identity = i.id WHERE i.customer = $1 AND p.touch <> $2", root, touch).Scan(&n); err != nil {
			return err
		}
		if n >= maxPins {
			return ErrTaken
		}
		_, err := q.ExecContext(ctx, "INSERT INTO pins (touch, identity, happened_at, by_user) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING", touch, identity, int64(by.At), by.By)
		return err
	})
	return root, err
}
