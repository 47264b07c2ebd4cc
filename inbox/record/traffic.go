package record

import (
	"context"
	"database/sql"
	"fmt"
	"sort"
)

// Contact is a conversation's coming into a queue, as planning looks at it.
type Contact struct {
	At      Millis
	Queue   string
	Channel string
	Handled Millis // time that agents had it in hand, wrap-up included; 0: not known (yet)
	Alone   Millis // likewise as share of attention: as long as it takes an agent who does nothing beside it
	Waited  Millis // until an agent took it or its customer left
	Taken   bool   // by an agent
	Left    bool   // abandoned
}

// contactTail is how long after a span contacts of it may still be handled or abandoned.
const contactTail = 7 * 24 * 3600_000

// Contacts lists what came into a queue from one moment until another, oldest first. For "" it is what came into any, without what
// flowed from one queue into the next. More than most are a *ReportError.
func (db *DB) Contacts(ctx context.Context, from, to Millis, queue string, most int) ([]Contact, error) {
	type row struct {
		Contact
		conversation string
	}
	var came int
	const coming = ` FROM facts f WHERE f.kind = 'offered' AND f.happened_at >= $1 AND f.happened_at < $2
		AND (f.queue = $3 OR $3 = '' AND NOT EXISTS (SELECT 1 FROM facts o WHERE o.n = f.n AND o.kind = 'flow_out'))`
	if err := db.pool.QueryRowContext(ctx, "SELECT count(*)"+coming, int64(from), int64(to), queue).Scan(&came); err != nil {
		return nil, fmt.Errorf("read the traffic: %w", err)
	}
	if came > most {
		return nil, &ReportError{"from", fmt.Sprintf("More than %d contacts came in that time: take a shorter one.", most)}
	}
	// What came later is read, too: it ends what is known of a conversation's earlier coming.
	rows, err := collect(ctx, db.pool, func(r *sql.Rows, c *row) error { return r.Scan(&c.At, &c.Queue, &c.Channel, &c.conversation) },
		"SELECT f.happened_at, f.queue, f.channel, f.conversation"+coming+" ORDER BY f.happened_at, f.n",
		int64(from), int64(to+contactTail), queue)
	if err != nil {
		return nil, fmt.Errorf("read the traffic: %w", err)
	}
	within := sort.Search(len(rows), func(i int) bool { return rows[i].At >= to })
	list, of := make([]Contact, len(rows)), map[string][]int{}
	for i, r := range rows {
		list[i] = r.Contact
		of[r.conversation] = append(of[r.conversation], i)
	}
	// latest is the contact of a conversation that something at that moment belongs to.
	latest := func(conversation string, at Millis) *Contact {
		places := of[conversation]
		for i := len(places) - 1; i >= 0; i-- {
			if c := &list[places[i]]; c.At <= at {
				return c
			}
		}
		return nil
	}
	type end struct {
		at, value, second Millis
		conversation      string
	}
	for kind, take := range map[string]func(c *Contact, e end){
		FactAbandoned: func(c *Contact, e end) { c.Left, c.Waited = true, e.at-c.At },
		FactAnswered:  func(c *Contact, e end) { c.Taken, c.Waited = true, e.at-c.At },
		FactHandled:   func(c *Contact, e end) { c.Handled, c.Alone = c.Handled+e.value, c.Alone+e.second },
	} {
		ends, err := collect(ctx, db.pool, func(r *sql.Rows, e *end) error { return r.Scan(&e.at, &e.value, &e.second, &e.conversation) },
			`SELECT happened_at, value, second, conversation FROM facts WHERE kind = $1 AND happened_at >= $2 AND happened_at < $3`,
			kind, int64(from), int64(to+contactTail))
		if err != nil {
			return nil, fmt.Errorf("read the traffic: %w", err)
		}
		for _, e := range ends {
			if c := latest(e.conversation, e.at); c != nil {
				take(c, e)
			}
		}
	}
	return list[:within], nil
}
