package record

import (
	"context"
	"fmt"
	"hash/fnv"
	"strconv"
)

// The index has a document for each touch, each conversation and each customer or organisation: its words and, beside them, marks for what
// filters ask for. Marks of conversations' queues and tags stand with each of their touches; they follow changes through search_redo.

// markOf is a word for something that filters ask for.
func markOf(kind, value string) string {
	h := fnv.New64a()
	h.Write([]byte(kind + "\x00" + Fold(value)))
	return mark + mark + mark + strconv.FormatUint(h.Sum64(), 36)
}

// Marks without a value.
var (
	markInbound = markOf("inbound", "")
	markFirm    = markOf("organisation", "") // no customer
)

// IndexOnce brings at most limit touches, limit conversations, limit customers and limit organisations into full text, behind the log, and
// tells how many it did: call it again until 0. In SQLite it holds the writer for about 0.3 ms each, so small limits (30) keep
// acknowledgements quick. Two callers at once do no harm: one does nothing.
func (db *DB) IndexOnce(ctx context.Context, limit int) (int, error) {
	done := 0
	for _, step := range []struct {
		name string
		do   func(context.Context, int) (int, error)
	}{
		// Conversations go before their touches, which take over their marks.
		{"conversations", db.indexConversations}, {"older conversations", db.indexOlder}, {"touches", db.indexTouches},
		{"touches of changed conversations", db.indexAgain}, {"a block of touches", db.settle}, {"what is gone", db.sweep},
		{"customers", db.indexCustomers}, {"organisations", db.indexOrganisations},
	} {
		n, err := step.do(ctx, limit)
		done += n
		if err != nil {
			return done, fmt.Errorf("index %s: %w", step.name, err)
		}
	}
	return done, nil
}

// searchCursor is how far the index has got.
type searchCursor struct {
	n, back, event, number int64
	seq                    int64 // how often touches have been indexed
	upcoming, settled      int64 // slots: the next, and the first that is in the head
}

// more tells that there are touches to be indexed.
func (c *searchCursor) more() bool { return c.n < c.event || c.back > 0 }

const readSearchCursor = "SELECT n, back, event, number, seq, upcoming, settled FROM search_cursor"

func (c *searchCursor) read(ctx context.Context, q querier) error {
	return c.readBy(ctx, q, readSearchCursor)
}

// lock reads it, and keeps others from writing the index until the transaction ends. It comes before all rows of the record that the
// transaction locks.
func (c *searchCursor) lock(ctx context.Context, q querier, d *dialect) error {
	return c.readBy(ctx, q, readSearchCursor+d.lockRows)
}

// lockSearch is for transactions that take something out of the index.
func (db *DB) lockSearch(ctx context.Context, q querier) error {
	var at searchCursor
	return at.lock(ctx, q, db.d)
}

func (c *searchCursor) readBy(ctx context.Context, q querier, text string) error {
	return q.QueryRowContext(ctx, text).Scan(&c.n, &c.back, &c.event, &c.number, &c.seq, &c.upcoming, &c.settled)
}

// moveSearch moves one of the cursor's columns, within the index's lock. ErrMoved: another indexer has.
func moveSearch(ctx context.Context, q querier, column string, from, to int64) error {
	res, err := q.ExecContext(ctx, "UPDATE search_cursor SET "+column+" = $1 WHERE "+column+" = $2", to, from)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return firstErr(err, ErrMoved)
	}
	return nil
}
