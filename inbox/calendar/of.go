package calendar

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"tamas/inbox/record"
	"tamas/persian"
)

// Bounds of a calendar.
const (
	MaxHolidays = 1000
	MaxSpans    = 24 // of one day
	maxName     = 200
)

// Error is what a calendar has wrong. Field names the place as in JSON: "zone", "week[1][0]", "holidays[3].date".
type Error struct{ Field, Message string }

func (e *Error) Error() string { return e.Field + ": " + e.Message }

func wrong(field, format string, args ...any) error {
	return &Error{field, fmt.Sprintf(format, args...)}
}

// Of makes a calendar ready. What is wrong with it comes as an *Error. Spans may stand in any order; one without a single open minute is
// refused, because whoever waits for it would wait for ever.
func Of(c record.Calendar) (*Calendar, error) {
	if len(c.Name) > maxName {
		return nil, wrong("name", "is longer than %d bytes", maxName)
	}
	out := &Calendar{dates: map[int64]holiday{}, yearly: map[int]holiday{}, jalali: map[int]holiday{}}
	var err error
	// The empty name and "Local" are this machine's zone: another on each node.
	if out.zone, err = time.LoadLocation(c.Zone); err != nil || c.Zone == "" || c.Zone == "Local" {
		return nil, wrong("zone", "%.60q is not a time zone such as Asia/Tehran", c.Zone)
	}
	open := false
	for i, day := range c.Week {
		if out.week[i], err = spansOf(fmt.Sprintf("week[%d]", i), day); err != nil {
			return nil, err
		}
		open = open || len(day) > 0
	}
	if len(c.Holidays) > MaxHolidays {
		return nil, wrong("holidays", "are more than %d", MaxHolidays)
	}
	for i, h := range c.Holidays {
		if err := out.add(fmt.Sprintf("holidays[%d]", i), h); err != nil {
			return nil, err
		}
		open = open || len(h.Open) > 0
	}
	if !open {
		return nil, wrong("week", "has no working hours at all")
	}
	return out, nil
}

func spansOf(field string, in []record.Span) ([]record.Span, error) {
	if len(in) > MaxSpans {
		return nil, wrong(field, "has more than %d spans", MaxSpans)
	}
	for i, s := range in {
		if s.From < 0 || s.From >= s.To || s.To > 24*60 {
			return nil, wrong(fmt.Sprintf("%s[%d]", field, i), "must begin before it ends, within 00:00 and 24:00; work over midnight is written as two spans")
		}
	}
	out := slices.Clone(in)
	slices.SortFunc(out, func(a, b record.Span) int { return a.From - b.From })
	for i := 1; i < len(out); i++ {
		if out[i].From < out[i-1].To {
			return nil, wrong(fmt.Sprintf("%s[%d]", field, slices.Index(in, out[i])), "overlaps another span of the day")
		}
	}
	return out, nil
}

// add enters one holiday. Two for the same date are refused, so that no order decides between them; where a date and one of each year
// meet, the date holds.
func (c *Calendar) add(field string, h record.Holiday) error {
	if len(h.Name) > maxName {
		return wrong(field+".name", "is longer than %d bytes", maxName)
	}
	y, m, d, ok := dateOf(h.Date, h.Jalali)
	if !ok {
		return wrong(field+".date", "%.40q is not a date such as 2026-03-21, or 03-21 for each year", h.Date)
	}
	open, err := spansOf(field+".open", h.Open)
	if err != nil {
		return err
	}
	name := h.Name
	if name == "" {
		name = h.Date
	}
	entry := holiday{name, open}
	twice := false
	switch {
	case y == 0 && h.Jalali:
		twice = put(c.jalali, m<<5+d, entry)
	case y == 0:
		twice = put(c.yearly, m<<5+d, entry)
	case h.Jalali:
		twice = put(c.dates, persian.Day(y, m, d), entry)
	default:
		twice = put(c.dates, persian.DayNumber(y, m, d), entry)
	}
	if twice {
		return wrong(field+".date", "%.40q is in the list twice", h.Date)
	}
	return nil
}

func put[K comparable](in map[K]holiday, key K, h holiday) (twice bool) {
	_, twice = in[key]
	in[key] = h
	return twice
}

// dateOf reads "2026-03-21", or "03-21" with the year 0. It takes the leap day of a year that has one, and of each year.
func dateOf(s string, isJalali bool) (y, m, d int, ok bool) {
	if strings.Trim(s, "0123456789-") != "" {
		return 0, 0, 0, false
	}
	parts := strings.Split(s, "-")
	switch {
	case len(s) == 10 && len(parts) == 3 && len(parts[0]) == 4:
		var err error
		if y, err = strconv.Atoi(parts[0]); err != nil || y < 1 {
			return 0, 0, 0, false
		}
		parts = parts[1:]
	case len(s) != 5 || len(parts) != 2:
		return 0, 0, 0, false
	}
	if len(parts[0]) != 2 || len(parts[1]) != 2 {
		return 0, 0, 0, false
	}
	m, err1 := strconv.Atoi(parts[0])
	d, err2 := strconv.Atoi(parts[1])
	if err1 != nil || err2 != nil || m < 1 || m > 12 || d < 1 {
		return 0, 0, 0, false
	}
	of := y
	if isJalali {
		if of == 0 {
			of = 1403 // a leap year
		}
		return y, m, d, d <= persian.Days(of, m)
	}
	if of == 0 {
		of = 2024
	}
	return y, m, d, d <= time.Date(of, time.Month(m)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}
