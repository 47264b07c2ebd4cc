package record

import (
	"context"
	"database/sql"
)

// What is compared with a provider's own list. These read an account's touches one by one: they are for an operator's check, not
// for a path on which somebody waits.

// ReceivedKeys calls f with the keys under which an account's messages since then were received, in order, until f says false.
func (db *DB) ReceivedKeys(ctx context.Context, account string, since Millis, f func(key string) bool) error {
	const page = 1000
	type row struct {
		n   int64
		key string
	}
	for after := int64(0); ; {
		list, err := collect(ctx, db.pool, func(rows *sql.Rows, r *row) error { return rows.Scan(&r.n, &r.key) },
			`SELECT n, key FROM touches WHERE account = $1 AND inbound = 1 AND key <> '' AND happened_at >= $2 AND n > $3 ORDER BY n LIMIT $4`,
			account, int64(since), after, page)
		if err != nil {
			return err
		}
		for _, r := range list {
			if !f(r.key) {
				return nil
			}
		}
		if len(list) < page {
			return nil
		}
		after = list[len(list)-1].n
	}
}

// ReceivedTwice lists the provider ids under which more than one message of an account was recorded since then.
func (db *DB) ReceivedTwice(ctx context.Context, account string, since Millis) ([]string, error) {
	return collect(ctx, db.pool, func(rows *sql.Rows, id *string) error { return rows.Scan(id) },
		`SELECT provider_id FROM touches WHERE account = $1 AND provider_id <> '' AND inbound = 1 AND kind = 'message' AND happened_at >= $2
		GROUP BY provider_id HAVING count(*) > 1 ORDER BY provider_id`, account, int64(since))
}

// SentSince lists the messages, without their text, that the record holds as sent from an account between two moments, oldest
// first. Parts are filled in.
func (db *DB) SentSince(ctx context.Context, account string, since, until Millis) ([]Touch, error) {
	list, err := collect(ctx, db.pool, func(rows *sql.Rows, t *Touch) error {
		return rows.Scan(&t.ID, &t.Conversation, &t.At, &t.State, &t.ProviderID)
	}, `SELECT id, conversation, happened_at, state, provider_id FROM touches WHERE account = $1 AND provider_id <> '' AND inbound = 0
		AND kind = 'message' AND state IN ('sent', 'delivered', 'read') AND happened_at >= $2 AND happened_at < $3 ORDER BY n`,
		account, int64(since), int64(until))
	if err != nil {
		return nil, err
	}
	at := map[string]int{}
	for i := range list {
		at[list[i].ID] = i
	}
	type part struct{ touch, id string }
	parts, err := collect(ctx, db.pool, func(rows *sql.Rows, p *part) error { return rows.Scan(&p.touch, &p.id) },
		`SELECT touch, provider_id FROM touch_parts WHERE account = $1 ORDER BY provider_id`, account)
	for _, p := range parts {
		if i, ok := at[p.touch]; ok {
			list[i].Parts = append(list[i].Parts, p.id)
		}
	}
	return list, err
}
