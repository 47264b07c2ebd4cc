package record

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
)

// Stint is a time in which an agent took conversations: Available, or wrapping one up.
type Stint struct {
	Agent    string
	From, To Millis
}

// Attendance lists when agents were at work between two moments, by agent and time; what goes on still lasts until now.
func (db *DB) Attendance(ctx context.Context, from, to, now Millis) ([]Stint, error) {
	of := map[string][]Stint{}
	add := func(agent string, since, until Millis) {
		since, until = max(since, from), min(until, to)
		if since >= until {
			return
		}
		list := of[agent]
		if n := len(list) - 1; n >= 0 && since <= list[n].To { // facts are cut where the work in hand changes
			list[n].To = max(list[n].To, until)
			return
		}
		of[agent] = append(list, Stint{agent, since, until})
	}
	var on []agentFold
	_, err := db.read(ctx, func(q querier) (err error) {
		_, err = collect(ctx, q, func(rows *sql.Rows, _ *struct{}) error {
			var agent string
			var at, lasted Millis
			err := rows.Scan(&agent, &at, &lasted)
			add(agent, at, at+lasted)
			return err
		}, `SELECT agent, happened_at, value FROM facts WHERE kind = 'state' AND happened_at >= $1 AND happened_at < $2 AND reason IN ('available', 'wrap_up')
			ORDER BY happened_at, n`, int64(from-longestPiece), int64(to))
		if err != nil {
			return err
		}
		on, err = collect(ctx, q, func(rows *sql.Rows, a *agentFold) error { return rows.Scan(asJSON{a}) },
			"SELECT json FROM report_states WHERE id >= 'a/' AND id < 'a0'")
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the attendance: %w", err)
	}
	for _, a := range on {
		if a.State == Available || a.State == WrapUp {
			add(a.ID, a.Since, now)
		}
	}
	var list []Stint
	for _, agent := range slices.Sorted(maps.Keys(of)) {
		list = append(list, of[agent]...)
	}
	return list, nil
}

// Offers is how offers ended.
type Offers struct {
	Made, Declined, RONA int
}

// Offers counts those made, declined and let run out between two moments.
func (db *DB) Offers(ctx context.Context, from, to Millis) (o Offers, err error) {
	_, err = collect(ctx, db.pool, func(rows *sql.Rows, _ *struct{}) error {
		var kind string
		var n int
		err := rows.Scan(&kind, &n)
		switch kind {
		case FactOffer:
			o.Made = n
		case FactDeclined:
			o.Declined = n
		case FactRONA:
			o.RONA = n
		}
		return err
	}, "SELECT kind, count(*) FROM facts WHERE kind IN ('offer', 'declined', 'rona') AND happened_at >= $1 AND happened_at < $2 GROUP BY kind", int64(from), int64(to))
	if err != nil {
		err = fmt.Errorf("count the offers: %w", err)
	}
	return o, err
}
