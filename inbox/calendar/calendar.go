// Package calendar counts working time: which moments a record.Calendar calls open, when that changes next, and how much of it lies
// between two moments. It is pure; time is a parameter.
//
// A moment is open when the wall clock of the calendar's zone stands within one of the spans of its date. That one sentence also rules
// daylight saving: an hour that the clock skips has no working time, one that it shows twice counts twice, and a date that a zone left
// out (Apia, 30 December 2011) never was. Spans end before their To, so that 24:00 of a day meets 00:00 of the next without a gap; work
// over midnight is written as two spans.
//
// A nil *Calendar is always open. Moments from the year 1700 to 2250 are exact; others are taken for the nearer of the two.
package calendar

import (
	"time"
	_ "time/tzdata" // a bare container has no zones of its own

	"tamas/inbox/record"
	"tamas/persian"
)

// Horizon is how far Next and Add look ahead: further than the rarest day that comes again, a leap day.
const Horizon = 10 * 366 * 24 * time.Hour

// Calendar is a record.Calendar made ready to count by. It does not change and may be shared.
type Calendar struct {
	zone   *time.Location
	week   [7][]record.Span
	dates  map[int64]holiday // by day number
	yearly map[int]holiday   // by month<<5 + day
	jalali map[int]holiday   // likewise, of the Persian year
}

type holiday struct {
	name string
	open []record.Span
}

// Day is one date of the calendar's zone.
type Day struct {
	Date    string     // "2026-03-21"
	Open    []Interval // in order, apart from each other
	Holiday string     // its name, or its date in the settings when it has none
}

// Interval is a stretch of time, To not included.
type Interval struct{ From, To time.Time }

// Open tells whether t is working time.
func (c *Calendar) Open(t time.Time) bool {
	if c == nil {
		return true
	}
	from := nanos(t)
	open := false
	c.walk(from, from+1, func(_, _, _ int64) bool {
		open = true
		return false
	})
	return open
}

// Next is the first opening or closing after t; ok is false when there is none within the Horizon.
func (c *Calendar) Next(t time.Time) (change time.Time, ok bool) {
	if c == nil {
		return time.Time{}, false
	}
	from := nanos(t)
	to := from + int64(Horizon)
	at, end := to, from
	c.walk(from, to, func(_, a, b int64) bool {
		switch {
		case a == end: // open until now; goes on
			end = b
			return true
		case end == from: // closed until now
			at = a
		default:
			at = end
		}
		return false
	})
	if at == to && end > from {
		at = end
	}
	if at == to {
		return time.Time{}, false
	}
	return moment(at, t), true
}

// Add is the first moment at which so much working time has gone since t, t itself when working is not positive. It is the zero time when
// that is not within the Horizon.
func (c *Calendar) Add(t time.Time, working time.Duration) time.Time {
	if working <= 0 {
		return t
	}
	if c == nil {
		return t.Add(working)
	}
	from, left := nanos(t), int64(working)
	var at time.Time
	c.walk(from, from+int64(Horizon), func(_, a, b int64) bool {
		if left <= b-a {
			at = moment(a+left, t)
			return false
		}
		left -= b - a
		return true
	})
	return at
}

// Between is the working time from a to b, negative when b is before a.
func (c *Calendar) Between(a, b time.Time) time.Duration {
	if c == nil {
		return b.Sub(a)
	}
	if b.Before(a) {
		return -c.Between(b, a)
	}
	var sum int64
	c.walk(nanos(a), nanos(b), func(_, a, b int64) bool {
		sum += b - a
		return true
	})
	return time.Duration(sum)
}

// Days describes n dates from that of from on, at most 400.
func (c *Calendar) Days(from time.Time, n int) []Day {
	zone := time.UTC
	if c != nil {
		zone = c.zone
	}
	y, m, d := from.In(zone).Date()
	first := persian.DayNumber(y, int(m), d)
	days := make([]Day, max(0, min(n, 400)))
	for i := range days {
		y, m, d := persian.Gregorian(first + int64(i))
		days[i].Date = time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
		if h, ok := c.holiday(first + int64(i)); ok {
			days[i].Holiday = h.name
		}
	}
	all := c
	if c == nil {
		all = &Calendar{zone: zone}
		for i := range all.week {
			all.week[i] = []record.Span{{From: 0, To: 24 * 60}}
		}
	}
	// Zones reach from −12 to +14 hours, so that two days on either side hold every moment of these dates.
	all.walk((first-2)*day, (first+int64(len(days))+2)*day, func(d, a, b int64) bool {
		i := d - first
		if i < 0 || i >= int64(len(days)) {
			return true
		}
		open := &days[i].Open
		if k := len(*open); k > 0 && (*open)[k-1].To.UnixNano() == a {
			(*open)[k-1].To = moment(b, from)
		} else {
			*open = append(*open, Interval{moment(a, from), moment(b, from)})
		}
		return true
	})
	return days
}

const (
	minute = int64(time.Minute)
	day    = int64(24 * time.Hour)
)

// walk tells the open stretches of [from, to) in order, each within one date (its day number) and one offset of the zone, so that they may
// touch. It stops when yield returns false. Within one offset the wall clock is the time plus a constant, which is all the arithmetic.
func (c *Calendar) walk(from, to int64, yield func(day, a, b int64) bool) {
	for from < to {
		here := time.Unix(0, from).In(c.zone)
		_, seconds := here.Zone()
		offset := int64(seconds) * int64(time.Second)
		end := to
		if _, until := here.ZoneBounds(); !until.IsZero() && until.Unix() < to/int64(time.Second) {
			end = until.UnixNano()
		}
		for d := floor(from+offset, day); d*day-offset < end; d++ {
			midnight := d*day - offset
			for _, s := range c.spans(d) {
				a, b := max(midnight+int64(s.From)*minute, from), min(midnight+int64(s.To)*minute, end)
				if a < b && !yield(d, a, b) {
					return
				}
			}
		}
		from = end
	}
}

// spans are the hours of a date.
func (c *Calendar) spans(d int64) []record.Span {
	if h, ok := c.holiday(d); ok {
		return h.open
	}
	w := (d + 4) % 7 // day 0 was a Thursday
	if w < 0 {
		w += 7
	}
	return c.week[w]
}

// holiday finds what rules a date instead of its weekday: one of that very date before one of each year, the Gregorian before the Persian.
func (c *Calendar) holiday(d int64) (holiday, bool) {
	if c == nil {
		return holiday{}, false
	}
	if len(c.dates) > 0 {
		if h, ok := c.dates[d]; ok {
			return h, true
		}
	}
	if len(c.yearly) > 0 {
		_, m, dd := persian.Gregorian(d)
		if h, ok := c.yearly[m<<5+dd]; ok {
			return h, true
		}
	}
	if len(c.jalali) > 0 {
		_, m, dd := persian.Date(d)
		if h, ok := c.jalali[m<<5+dd]; ok {
			return h, true
		}
	}
	return holiday{}, false
}

var (
	earliest = time.Date(1700, 1, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(2250, 1, 1, 0, 0, 0, 0, time.UTC)
)

func nanos(t time.Time) int64 {
	switch {
	case t.Before(earliest):
		t = earliest
	case t.After(latest):
		t = latest
	}
	return t.UnixNano()
}

// moment is n in the zone in which like is told.
func moment(n int64, like time.Time) time.Time { return time.Unix(0, n).In(like.Location()) }

func floor(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
