package record

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// RetentionPreview is what a rule would take away now.
type RetentionPreview struct {
	Touches   int    `json:"touches"`   // whose text goes
	Customers int    `json:"customers"` // of those touches; or who are erased
	Oldest    Millis `json:"oldest"`
	Held      int    `json:"held"` // customers who are kept by a hold
}

// heldBy is the condition that the tree of an identity i's customer is held. There are few holds: they are looked up once, and their customers by key.
const heldBy = `i.customer IN (SELECT COALESCE(NULLIF(hc.root, ''), hc.id) FROM holds h CROSS JOIN customers hc WHERE hc.id = h.customer)`

// consented is the condition that the last word of an identity i's customer on a purpose is yes, on any channel.
const consented = `EXISTS (SELECT 1 FROM consents k WHERE k.customer IN (SELECT i.customer UNION ALL SELECT id FROM customers WHERE root <> '' AND root = i.customer) AND k.purpose = %s AND k.state = 'given'
	AND NOT EXISTS (SELECT 1 FROM consents l WHERE l.customer IN (SELECT i.customer UNION ALL SELECT id FROM customers WHERE root <> '' AND root = i.customer) AND l.purpose = k.purpose
		AND l.channel = k.channel AND l.state <> 'given' AND l.happened_at >= k.happened_at))`

// textOf is the FROM and WHERE of the touches whose text a rule takes away: a body, or what wipeText takes from their data. Conversations that are open
// keep theirs.
func (r *RetentionRule) textOf(cut Millis) (string, []any) {
	args := []any{int64(cut)}
	where := []string{"t.happened_at < $1", fmt.Sprintf("(t.conversation = '' OR c.live_until IS NULL OR c.live_until < %d)", int64(always))}
	in := func(column string, values []string) {
		if len(values) == 0 {
			return
		}
		where = append(where, column+" IN ("+placeholders(len(args)+1, len(values))+")")
		for _, v := range values {
			args = append(args, v)
		}
	}
	in("t.kind", r.Kinds)
	in("t.channel", r.Channels)
	if r.Without != "" {
		args = append(args, r.Without)
		where = append(where, "NOT "+fmt.Sprintf(consented, fmt.Sprintf("$%d", len(args))))
	}
	return ` FROM touches t JOIN identities i ON i.id = t.identity LEFT JOIN bodies b ON b.n = t.n LEFT JOIN touch_data d ON d.n = t.n LEFT JOIN conversations c ON c.id = t.conversation
		WHERE (b.n IS NOT NULL OR d.json LIKE '%"order":%' OR d.json LIKE '%"fields":%') AND ` + strings.Join(where, " AND "), args
}

// PreviewRetention counts what a rule would take away of what is older than cut.
func (db *DB) PreviewRetention(ctx context.Context, r RetentionRule, cut Millis) (p RetentionPreview, err error) {
	_, err = db.read(ctx, func(q querier) error {
		if r.What == RetainCustomer {
			from, args := r.customersOf(cut, false)
			if err := q.QueryRowContext(ctx, "SELECT count(*), COALESCE(min(last), 0) FROM (SELECT i.customer, max(i.last) AS last"+from+") AS old", args...).Scan(&p.Customers, &p.Oldest); err != nil {
				return err
			}
			from, args = r.customersOf(cut, true)
			return q.QueryRowContext(ctx, "SELECT count(*) FROM (SELECT i.customer"+from+") AS held", args...).Scan(&p.Held)
		}
		from, args := r.textOf(cut)
		if err := q.QueryRowContext(ctx, "SELECT count(*), count(DISTINCT i.customer), COALESCE(min(t.happened_at), 0)"+from+" AND NOT "+heldBy, args...).Scan(&p.Touches, &p.Customers, &p.Oldest); err != nil {
			return err
		}
		return q.QueryRowContext(ctx, "SELECT count(DISTINCT i.customer)"+from+" AND "+heldBy, args...).Scan(&p.Held)
	})
	return p, err
}

// retainWindow is how many touches RetainText looks at by one statement, so that each is short however many there are.
const retainWindow = 20_000

// RetainText takes away the text of at most limit touches behind one, the oldest first, and tells of how many, and behind which to go on; 0: that was all.
func (db *DB) RetainText(ctx context.Context, r RetentionRule, cut, now Millis, after int64, limit int) (did int, next int64, err error) {
	from, args := r.textOf(cut)
	var last int64
	if err := db.pool.QueryRowContext(ctx, "SELECT COALESCE(max(n), 0) FROM touches").Scan(&last); err != nil {
		return 0, 0, err
	}
	for after < last {
		end := after + retainWindow
		ns, err := collect(ctx, db.pool, func(rows *sql.Rows, n *int64) error { return rows.Scan(n) },
			"SELECT t.n"+from+" AND NOT "+heldBy+fmt.Sprintf(" AND t.n > %d AND t.n <= %d ORDER BY t.n LIMIT %d", after, end, limit), args...)
		if err != nil {
			return 0, 0, err
		}
		after = end
		if len(ns) == limit {
			after = ns[limit-1]
		}
		if len(ns) > 0 {
			var counts EraseCounts
			return len(ns), after, db.between(ctx, nil, func(q querier) error { return db.wipe(ctx, q, now, ns, &counts) })
		}
	}
	return 0, 0, nil
}

// customersOf is the FROM of roots without any touch since cut, whom nothing holds, or something does.
func (r *RetentionRule) customersOf(cut Millis, held bool) (string, []any) {
	args := []any{int64(cut)}
	also := " AND " + heldBy
	if !held {
		also = " AND NOT " + heldBy
	}
	if r.Without != "" {
		args = append(args, r.Without)
		also += " AND NOT " + fmt.Sprintf(consented, "$2")
	}
	return ` FROM (SELECT i.customer, i.id, COALESCE((SELECT max(happened_at) FROM touches t WHERE t.identity = i.id), i.created_at) AS last,
		i.id IN (SELECT c.identity FROM conversations c WHERE c.live_until = ` + fmt.Sprint(int64(always)) + `) AS open FROM identities i) AS i
		JOIN customers u ON u.id = i.customer WHERE u.erased_at = 0` + also + ` GROUP BY i.customer HAVING max(i.last) < $1 AND NOT ` + anyOf("i.open"), args
}

// anyOf tells whether a condition holds of any row of a group, in both databases.
func anyOf(condition string) string {
	return "max(CASE WHEN " + condition + " THEN 1 ELSE 0 END) = 1"
}

// ToErase lists customers whom a rule erases, in the order of their ids, behind one.
func (db *DB) ToErase(ctx context.Context, r RetentionRule, cut Millis, after string, limit int) ([]string, error) {
	from, args := r.customersOf(cut, false)
	args = append(args, after)
	return collect(ctx, db.pool, oneText, "SELECT i.customer"+from+fmt.Sprintf(" AND i.customer > $%d ORDER BY i.customer LIMIT %d", len(args), limit), args...)
}
