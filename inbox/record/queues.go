package record

import (
	"context"
	"database/sql"
	"fmt"
)

func queues(ctx context.Context, q querier, where string, args ...any) ([]Queue, error) {
	list, err := collect(ctx, q, func(rows *sql.Rows, v *Queue) error {
		v.Members = []string{}
		return rows.Scan(&v.ID, &v.Version, &v.Name, &v.Mode, &v.OfferSeconds, &v.TargetSecs, &v.WrapUpSecs, &v.Priority, &v.Archived, &v.Signature,
			asJSON{&v.Routing})
	}, `SELECT id, version, name, mode, offer_seconds, target_seconds, wrap_up_seconds, priority, archived, signature, routing FROM queues `+where+` ORDER BY name, id`, args...)
	if err != nil {
		return nil, fmt.Errorf("read queues: %w", err)
	}
	at := map[string]int{}
	for i := range list {
		at[list[i].ID] = i
	}
	_, err = collect(ctx, q, func(rows *sql.Rows, _ *struct{}) error {
		var queue, user string
		if err := rows.Scan(&queue, &user); err != nil {
			return err
		}
		if i, ok := at[queue]; ok {
			list[i].Members = append(list[i].Members, user)
		}
		return nil
	}, "SELECT queue, user_id FROM queue_members ORDER BY user_id")
	return list, err
}

// Queues are all queues with their members, by name; archived ones too.
func (db *DB) Queues(ctx context.Context) ([]Queue, error) {
	var list []Queue
	_, err := db.read(ctx, func(q querier) (err error) { list, err = queues(ctx, q, ""); return err })
	return list, err
}

// Queue reads one; ErrNotFound.
func (db *DB) Queue(ctx context.Context, id string) (Queue, error) {
	return single(queues(ctx, db.pool, "WHERE id = $1", id))
}

func setMembers(ctx context.Context, q querier, v Queue) error {
	if _, err := q.ExecContext(ctx, "DELETE FROM queue_members WHERE queue = $1", v.ID); err != nil {
		return err
	}
	for _, user := range v.Members {
		if _, err := q.ExecContext(ctx, "INSERT INTO queue_members (queue, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING", v.ID, user); err != nil {
			return err
		}
	}
	return nil
}

// AddQueue stores a new queue; an empty ID is made up. It gives the row as stored.
func (db *DB) AddQueue(ctx context.Context, v Queue, notes ...Note) (Queue, error) {
	if v.ID == "" {
		v.ID = NewID("q")
	}
	v.Version = 1
	err := db.writeNoted(ctx, notes, func(q querier) error { return addQueue(ctx, q, v) })
	return v, err
}

func addQueue(ctx context.Context, q querier, v Queue) error {
	if err := add(ctx, q, `INSERT INTO queues (id, version, name, mode, offer_seconds, target_seconds, wrap_up_seconds, priority, archived, signature, routing)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		v.ID, v.Version, v.Name, v.Mode, v.OfferSeconds, v.TargetSecs, v.WrapUpSecs, v.Priority, flag(v.Archived), v.Signature, asJSON{v.Routing}); err != nil {
		return err
	}
	return setMembers(ctx, q, v)
}

// EditQueue replaces the queue that was read at v.Version, members included, and gives it with its new version.
// ErrConflict, ErrNotFound.
func (db *DB) EditQueue(ctx context.Context, v Queue, notes ...Note) (Queue, error) {
	err := db.writeNoted(ctx, notes, func(q querier) error {
		if err := edit(ctx, q, "queues", v.ID, `UPDATE queues SET version = version + 1, name = $3, mode = $4, offer_seconds = $5,
			target_seconds = $6, wrap_up_seconds = $7, priority = $8, archived = $9, signature = $10, routing = $11 WHERE id = $1 AND version = $2`,
			v.ID, v.Version, v.Name, v.Mode, v.OfferSeconds, v.TargetSecs, v.WrapUpSecs, v.Priority, flag(v.Archived), v.Signature, asJSON{v.Routing}); err != nil {
			return err
		}
		return setMembers(ctx, q, v)
	})
	v.Version++
	return v, err
}
