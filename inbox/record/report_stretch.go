package record

import (
	"context"
	"database/sql"
	"errors"
	"slices"
)

// Where facts are narrowed by what no index knows, a list goes from stretch to stretch of time in which there is something for it, by the sums: half
// hours, hours or days, whole months passed over at once. What the sums do not agree with yet is such a stretch too.

// sums is where a listing looks.
type sums struct {
	needed  bool
	by      string
	days    string          // cut of days
	slots   string          // the same by less than days, where there is one
	hours   bool            // slots tell the hour of the week
	months  map[Millis]bool // that agree with their days and have not been asked; false: there is nothing
	ripened bool            // what is known only days later matters
	want    map[string]bool
}

func (l *listing) findSums(ctx context.Context, q querier, kinds []string) error {
	s := &l.sums
	byKey := l.keyed && (l.By == ByHourOfWeek || l.By == ByReason || l.key == "")
	if s.needed = !l.fig.line && (l.Tag != "" || l.Channel != "" || l.fig.only != nil || byKey); !s.needed {
		return nil
	}
	if l.keyed && slices.Contains([]string{ByQueue, ByAgent, ByChannel}, l.By) {
		s.by = l.By
	}
	p := *l.prepared
	p.sub = false
	s.days = p.cut(s.by)
	p.sub = true
	if s.slots = p.cut(s.by); s.slots == "" {
		s.slots = s.days
	}
	s.hours = s.slots != s.days
	s.want = map[string]bool{}
	for _, k := range kinds {
		s.want[k] = true
	}
	s.ripened = s.want[cellFCR]
	list, err := collect(ctx, q, func(rows *sql.Rows, m *Millis) error { return rows.Scan(m) }, "SELECT month FROM report_months WHERE summed = 1")
	s.months = map[Millis]bool{}
	for _, m := range list {
		if monthOf(m, l.Zone) == m {
			s.months[m] = true
		}
	}
	return err
}

// stretch moves the place to where there is something next, and low to where that ends; false: there is nothing.
func (l *listing) stretch(ctx context.Context, q querier) (bool, error) {
	if !l.sums.needed {
		l.low = l.From
		return true, nil
	}
	to := l.To
	if l.sums.ripened {
		to = min(to, l.ripe())
	}
	found := func(high, low Millis) bool {
		if l.low = max(low, l.From); high < l.at.at {
			l.at = place{at: high, n: always}
		}
		return true
	}
	for at := min(l.at.at, to-1); at >= l.From; {
		var dirty int64
		if err := q.QueryRowContext(ctx, "SELECT COALESCE(max(day), 0) FROM report_dirty WHERE day <= $1 AND ripe <= $2", int64(at), flag(l.sums.ripened)).Scan(&dirty); err != nil {
			return false, err
		}
		floor := l.From
		if dirty > 0 {
			end := dayAfter(Millis(dirty), l.Zone)
			if at < end {
				return found(at, Millis(dirty)), nil
			}
			floor = max(floor, end)
		}
		for at >= floor {
			month := monthOf(at, l.Zone)
			if some, err := l.monthHas(ctx, q, month); err != nil {
				return false, err
			} else if some {
				high, low, err := l.slots(ctx, q, max(month, dayOf(floor, l.Zone)), at)
				if err != nil {
					return false, err
				}
				if high >= floor {
					return found(min(at, high), low), nil
				}
			}
			at = max(month, floor) - 1
		}
	}
	return false, nil
}

// monthHas tells whether there may be something in a month.
func (l *listing) monthHas(ctx context.Context, q querier, month Millis) (bool, error) {
	some, summed := l.sums.months[month]
	if !summed || !some {
		return !summed, nil
	}
	delete(l.sums.months, month)
	where, index, args := l.rowsOf(monthly(l.sums.days), month, month+1)
	err := eachRollup(ctx, q, index, where, args, func(k *rollKey, body []byte) error {
		if n, err := l.countIn(k, body, false); err != nil || n > 0 {
			return firstErr(err, errEnough)
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		return true, nil
	}
	l.sums.months[month] = false
	return false, err
}

var errEnough = errors.New("enough was read")

// slots finds the last slots between two moments that have something, one after the other without a gap, as many as have enough for the list. high is
// their end, 0 when there are none.
func (l *listing) slots(ctx context.Context, q querier, from, to Millis) (high, low Millis, err error) {
	end := func(at Millis) Millis {
		switch l.sums.slots {
		case l.sums.days:
			return dayAfter(at, l.Zone)
		case cutHour, cutHourTag:
			return at + anHour
		}
		return at + halfHour
	}
	where, index, args := l.rowsOf(l.sums.slots, from, to+1)
	n := int64(0)
	err = eachRollup(ctx, q, index, where+" ORDER BY happened_at DESC", args, func(k *rollKey, body []byte) error {
		if n > 0 && k.at < low && (n > int64(l.limit-len(l.items)) || end(k.at) < low) {
			return errEnough
		}
		more, err := l.countIn(k, body, l.sums.hours)
		if err != nil || more == 0 {
			return err
		}
		if n += more; high == 0 {
			high = end(k.at) - 1
		}
		low = k.at
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return high, low, err
}

// countIn is how much of a row of sums is for the list; slot: its time tells the hour of the week.
func (l *listing) countIn(k *rollKey, body []byte, slot bool) (n int64, err error) {
	if l.sums.by != "" && l.prepared.key(l.sums.by, k.at, k.queue, k.channel, k.agent, k.tag) != l.key ||
		slot && l.keyed && l.By == ByHourOfWeek && l.prepared.key(l.By, k.at, "", "", "", "") != l.key {
		return 0, nil
	}
	c := cells{}
	err = mergeInto(c, body, l.sums.want, false)
	for of, x := range c {
		if (l.fig.only == nil || l.fig.only(&Fact{Kind: of.kind, Reason: of.reason, OK: true})) && !(l.keyed && l.By == ByReason && of.reason != l.key) {
			n += x.N
		}
	}
	return n, err
}
