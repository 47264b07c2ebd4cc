package record

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Months are sums of days, so that a year is a few thousand rows and not a few hundred thousand; of hours and half hours they are sums by the hour of
// the week. report_months tells which of them agree with their days: a report takes these and reads the days of the others. A month is summed when it is
// over and all of its days are as they will stay.

// monthly names the cut of months that sums a cut of days.
func monthly(cut string) string { return "month/" + cut }

func monthOf(at Millis, zone *time.Location) Millis {
	y, m, _ := at.Time().In(zone).Date()
	return dayStart(y, m, 1, zone)
}

func monthAfter(month Millis, zone *time.Location) Millis {
	y, m, _ := (month + 12*3600_000).Time().In(zone).Date()
	return dayStart(y, m+1, 1, zone)
}

// A row of a month that is of an hour of the week stands so many hours behind the month's beginning, as Sunday's first hour is 0.
const anHour = 2 * halfHour

func hourOfWeek(at Millis, zone *time.Location) int {
	t := at.Time().In(zone)
	return int(t.Weekday())*24 + t.Hour()
}

const staleMonth = `INSERT INTO report_months (month, summed, mark) VALUES ($1, 0, 1)
	ON CONFLICT (month) DO UPDATE SET summed = 0, mark = report_months.mark + 1`

func (db *DB) knowsMonth(ctx context.Context, month Millis) (bool, error) {
	var n int
	err := db.pool.QueryRowContext(ctx, "SELECT count(*) FROM report_months WHERE month = $1", int64(month)).Scan(&n)
	return n > 0, err
}

// sumMonth sums one month that is over and out of date and tells whether there was one.
func (db *DB) sumMonth(ctx context.Context, zone *time.Location, now Millis) (bool, error) {
	type stale struct{ month, mark int64 }
	list, err := collect(ctx, db.pool, func(rows *sql.Rows, s *stale) error { return rows.Scan(&s.month, &s.mark) },
		"SELECT month, mark FROM report_months WHERE summed = 0 AND month < $1 ORDER BY month DESC", int64(monthOf(now, zone)))
	if err != nil {
		return false, err
	}
	for _, s := range list {
		month, end := Millis(s.month), monthAfter(Millis(s.month), zone)
		var dirty int
		if err := db.pool.QueryRowContext(ctx, "SELECT count(*) FROM report_dirty WHERE day >= $1 AND day < $2", int64(month), int64(end)).Scan(&dirty); err != nil {
			return false, err
		}
		if dirty > 0 {
			continue
		}
		// Nothing is written once a day has changed: the month is summed again then.
		still := func(q querier, text string) error {
			res, err := q.ExecContext(ctx, text, s.month, s.mark)
			if err != nil {
				return err
			}
			if n, err := res.RowsAffected(); err != nil || n == 0 {
				return firstErr(err, ErrMoved)
			}
			return nil
		}
		for _, cut := range monthCuts {
			if err = db.sumMonthsCut(ctx, cut, month, end, zone, func(q querier) error {
				return still(q, "UPDATE report_months SET summed = 0 WHERE month = $1 AND mark = $2 AND summed = 0")
			}); err != nil {
				break
			}
		}
		if err == nil {
			err = db.write(ctx, func(q querier) error {
				return still(q, "UPDATE report_months SET summed = 1 WHERE month = $1 AND mark = $2")
			})
		}
		if errors.Is(err, ErrMoved) {
			err = nil
		}
		return true, err
	}
	return false, nil
}

// sumMonthsCut sums the days of one cut, a queue at a time, and stores what differs.
func (db *DB) sumMonthsCut(ctx context.Context, cut string, month, end Millis, zone *time.Location, still func(q querier) error) error {
	queues, err := collect(ctx, db.pool, func(rows *sql.Rows, queue *string) error { return rows.Scan(queue) },
		`SELECT queue FROM rollups WHERE cut = $1 AND happened_at >= $3 AND happened_at < $4
		UNION SELECT queue FROM rollups WHERE cut = $2 AND happened_at >= $3 AND happened_at < $4`, cut, monthly(cut), int64(month), int64(end))
	if err != nil {
		return err
	}
	for _, queue := range queues {
		const where = "cut = $1 AND queue = $2 AND happened_at >= $3 AND happened_at < $4"
		sums := map[rollKey]cells{}
		if err := eachRollup(ctx, db.pool, db.d.indexedBy("rollups_queue"), where, []any{cut, queue, int64(month), int64(end)}, func(k *rollKey, body []byte) error {
			key := *k
			if key.cut, key.at = monthly(cut), month; slices.Contains(hourCuts, cut) {
				key.at += Millis(hourOfWeek(k.at, zone)) * anHour
			}
			c := sums[key]
			if c == nil {
				c = cells{}
				sums[key] = c
			}
			return mergeInto(c, body, nil, true)
		}); err != nil {
			return err
		}
		there, err := storedRows(ctx, db.pool, db.d.indexedBy("rollups_queue"), where, monthly(cut), queue, int64(month), int64(end))
		if err != nil {
			return err
		}
		for part := range slices.Chunk(differences(nil, there, sums, monthly(cut)), rollRows/maxRows+7) {
			if err := db.write(ctx, func(q querier) error {
				if err := still(q); err != nil {
					return err
				}
				return db.runAll(ctx, q, part)
			}); err != nil {
				return err
			}
		}
	}
	return nil
}

// eachRollup calls do for rows of rollups; what it is given holds until it returns.
func eachRollup(ctx context.Context, q querier, index, where string, args []any, do func(k *rollKey, body []byte) error) error {
	rows, err := q.QueryContext(ctx, "SELECT cut, happened_at, queue, channel, agent, tag, cells FROM rollups"+index+" WHERE "+where, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	var k rollKey
	var body sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&k.cut, &k.at, &k.queue, &k.channel, &k.agent, &k.tag, &body); err != nil {
			return err
		}
		if err := do(&k, body); err != nil {
			return err
		}
	}
	return rows.Err()
}

// rollups reads the sums of a cut: the months' where they agree with their days and no smaller step is asked for, the days' or half hours' of the rest.
func (p *prepared) rollups(ctx context.Context, q querier, cut, by string, group func(string) cells) error {
	want := map[string]bool{}
	for _, k := range p.fig.kinds {
		want[k] = true
	}
	add := func(k *rollKey, body []byte) error {
		return mergeInto(group(p.key(by, k.at, k.queue, k.channel, k.agent, k.tag)), body, want, p.fig.Percentiles)
	}
	months, err := p.months(ctx, q, cut, by)
	if err != nil {
		return err
	}
	from := p.From
	rest := func(to Millis) error {
		if from >= to {
			return nil
		}
		where, index, args := p.rowsOf(cut, from, to)
		return eachRollup(ctx, q, index, where, args, add)
	}
	for _, m := range months {
		if err := rest(m); err != nil {
			return err
		}
		from = monthAfter(m, p.Zone)
	}
	if err := rest(p.To); err != nil || len(months) == 0 {
		return err
	}
	for _, m := range months {
		where, index, args := p.rowsOf(monthly(cut), m, m+168*anHour)
		if err := eachRollup(ctx, q, index, where, args, func(k *rollKey, body []byte) error {
			if !slices.Contains(hourCuts, cut) {
				return add(k, body)
			}
			return mergeInto(group(strconv.Itoa(int((k.at-m)/anHour))), body, want, p.fig.Percentiles)
		}); err != nil {
			return err
		}
	}
	return nil
}

// rowsOf is the condition on the rows of a cut between two moments that the filters take.
func (p *prepared) rowsOf(cut string, from, to Millis) (where, index string, args []any) {
	where, args = "cut = $1 AND happened_at >= $2 AND happened_at < $3", []any{cut, int64(from), int64(to)}
	for _, x := range []struct{ column, v string }{{"channel", p.Channel}, {"queue", p.Queue}, {"tag", p.Tag}, {"agent", p.Agent}} {
		if x.v != "" {
			if x.column != "channel" {
				index = p.d.indexedBy("rollups_" + x.column) // the last, which is the narrowest
			}
			args = append(args, x.v)
			where += fmt.Sprintf(" AND %s = $%d AND %[1]s <> ''", x.column, len(args)) // as the partial indexes say
		}
	}
	return where, index, args
}

// months are those within the time asked for that agree with their days.
func (p *prepared) months(ctx context.Context, q querier, cut, by string) ([]Millis, error) {
	if !slices.Contains(monthCuts, cut) || by == ByTime && (p.Step != "month" || p.Month != nil) {
		return nil, nil
	}
	list, err := collect(ctx, q, func(rows *sql.Rows, m *Millis) error { return rows.Scan(m) },
		"SELECT month FROM report_months WHERE summed = 1 AND month >= $1 AND month < $2 ORDER BY month", int64(p.From), int64(p.To))
	return slices.DeleteFunc(list, func(m Millis) bool { return monthOf(m, p.Zone) != m || monthAfter(m, p.Zone) > p.To }), err
}
