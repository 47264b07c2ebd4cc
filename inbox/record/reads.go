package record

import (
	"context"
	"database/sql"
	"fmt"
)

// LastEnvelope is the last message of a conversation that has an envelope and is no forward: the customer's, else ours. ErrNotFound.
func (db *DB) LastEnvelope(ctx context.Context, conversation string) (Touch, error) {
	return firstTouch(touches(ctx, db.pool, `WHERE t.conversation = $1 AND t.kind = 'message' AND b.more LIKE '%"envelope":%' AND b.more NOT LIKE '%"forward":%'
		ORDER BY t.inbound DESC, t.n DESC LIMIT 1`, conversation))
}

// Answered is a customer's wait for a first answer.
type Answered struct{ Asked, At Millis }

// RecentWaits are the last waits of a queue's customers for their first answer, newest first: at most limit of those answered since
// that time, as far as the facts go.
func (db *DB) RecentWaits(ctx context.Context, queue string, since Millis, limit int) ([]Answered, error) {
	list, err := collect(ctx, db.pool, func(rows *sql.Rows, a *Answered) error { return rows.Scan(&a.Asked, &a.At) },
		`SELECT happened_at - value, happened_at FROM facts`+db.d.indexedBy("facts_queue")+` WHERE queue = $1 AND queue <> '' AND kind = 'first' AND happened_at >= $2
		ORDER BY happened_at DESC LIMIT $3`, queue, int64(since), limit)
	if err != nil {
		err = fmt.Errorf("read recent waits: %w", err)
	}
	return list, err
}
