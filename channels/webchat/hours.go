package webchat

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // time zones on machines that have none

	"tamas/persian"
)

// hours are when the firm is there. The zero value: always.
type hours struct {
	zone   *time.Location
	week   [7][]span // by time.Weekday
	closed []func(year int, month time.Month, day int) bool
}

// span is a time of day in minutes after midnight, by the clock on the wall. One that ends on the next day has to > 24 h.
type span struct{ from, to int }

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

const maxHours = 100 // lines of hours, of closed days

func readHours(s *settings) error {
	if len(s.Hours) == 0 {
		if len(s.ClosedDays) > 0 {
			return fault("closed_days", "closed days need opening hours")
		}
		return nil
	}
	if len(s.Hours) > maxHours || len(s.ClosedDays) > maxHours {
		return fault("hours", "at most %d lines", maxHours)
	}
	if s.HoursZone = strings.TrimSpace(s.HoursZone); s.HoursZone == "" {
		return fault("hours_zone", "name the time zone of the opening hours, such as Asia/Tehran")
	}
	var err error
	if s.hours.zone, err = time.LoadLocation(s.HoursZone); err != nil || s.HoursZone == "Local" {
		return fault("hours_zone", "%q is no time zone; write it as Asia/Tehran", s.HoursZone)
	}
	for _, line := range s.Hours {
		if err := s.hours.add(strings.ToLower(line)); err != nil {
			return fault("hours", "%q: %v", line, err)
		}
	}
	for _, line := range s.ClosedDays {
		f, err := parseDays(plain(line))
		if err != nil {
			return fault("closed_days", "%q: %v", line, err)
		}
		s.hours.closed = append(s.hours.closed, f)
	}
	return nil
}

// add reads one line: "sat-wed 09:00-13:00, 14:00-24:00" or "thu 22:00-02:00" or "fri closed".
func (h *hours) add(line string) error {
	which, times, ok := strings.Cut(strings.TrimSpace(plain(line)), " ")
	if !ok {
		return fmt.Errorf("write days and times, such as sat-wed 09:00-17:30")
	}
	days, err := parseWeekdays(which)
	if err != nil {
		return err
	}
	if strings.TrimSpace(times) == "closed" {
		return nil
	}
	for part := range strings.SplitSeq(times, ",") {
		a, b, ok := strings.Cut(strings.TrimSpace(part), "-")
		from, err1 := parseClock(a)
		to, err2 := parseClock(b)
		if !ok || err1 != nil || err2 != nil || from == 24*60 || from == to {
			return fmt.Errorf("%q is no time; write 09:00-17:30", strings.TrimSpace(part))
		}
		if to < from {
			to += 24 * 60 // until the next morning
		}
		for _, d := range days {
			h.week[d] = append(h.week[d], span{from, to})
		}
	}
	return nil
}

// parseWeekdays reads "sat-wed", "mon,thu" or "daily".
func parseWeekdays(s string) (days []int, err error) {
	if s == "daily" {
		return []int{0, 1, 2, 3, 4, 5, 6}, nil
	}
	for part := range strings.SplitSeq(s, ",") {
		first, last, ok := strings.Cut(part, "-")
		if !ok {
			last = first
		}
		a, b := slices.Index(weekdays, first), slices.Index(weekdays, last)
		if a < 0 || b < 0 {
			return nil, fmt.Errorf("%q is no day; write sat-wed", part)
		}
		for d := a; ; d = (d + 1) % 7 {
			days = append(days, d)
			if d == b {
				break
			}
		}
	}
	return days, nil
}

// parseClock reads "09:30" as minutes; "24:00" is the day's end.
func parseClock(s string) (int, error) {
	n, ok := numbers(s, ":", 2)
	if !ok || n[1] > 59 || n[0]*60+n[1] > 24*60 {
		return 0, fmt.Errorf("%q is no time", s)
	}
	return n[0]*60 + n[1], nil
}

// numbers reads so many numbers of at most four digits.
func numbers(s, separator string, n int) (list []int, ok bool) {
	for part := range strings.SplitSeq(strings.TrimSpace(s), separator) {
		v, err := strconv.ParseUint(part, 10, 16)
		if err != nil || len(part) > 4 {
			return nil, false
		}
		list = append(list, int(v))
	}
	return list, len(list) == n
}

// parseDays reads a date, a date of each year or a range of dates.
func parseDays(s string) (func(int, time.Month, int) bool, error) {
	from, to, isRange := strings.Cut(s, "..")
	if !isRange {
		to = from
	}
	if n, ok := numbers(s, "-", 2); ok {
		if n[0] < 1 || n[0] > 12 || n[1] < 1 || n[1] > 31 {
			return nil, fmt.Errorf("no such day")
		}
		return func(_ int, month time.Month, day int) bool { return int(month) == n[0] && day == n[1] }, nil
	}
	var bounds [2]time.Time
	for i, text := range []string{from, to} {
		n, ok := numbers(text, "-", 3)
		if !ok {
			return nil, fmt.Errorf("write it as 2026-12-25")
		}
		if bounds[i], ok = date(n[0], n[1], n[2]); !ok {
			return nil, fmt.Errorf("no such day")
		}
	}
	if bounds[1].Before(bounds[0]) {
		return nil, fmt.Errorf("it ends before it begins")
	}
	return func(year int, month time.Month, day int) bool {
		t := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
		return !t.Before(bounds[0]) && !t.After(bounds[1])
	}, nil
}

// date is a day as midnight UTC. Years from 1300 to 1500 are of the Iranian calendar.
func date(y, m, d int) (time.Time, bool) {
	if m < 1 || m > 12 || d < 1 || d > 31 {
		return time.Time{}, false
	}
	if y >= 1300 && y <= 1500 {
		gy, gm, gd, ok := persian.ToGregorian(y, m, d)
		return time.Date(gy, gm, gd, 0, 0, 0, 0, time.UTC), ok
	}
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	return t, y >= 1900 && y <= 2200 && t.Day() == d
}

// plain has Latin digits and one kind of dash.
func plain(s string) string {
	return dashes.Replace(persian.LatinDigits(s))
}

var dashes = strings.NewReplacer("–", "-", "−", "-")

// at tells whether the firm is there, and when that changes next; zero: not within a year.
func (h *hours) at(now time.Time) (open bool, next time.Time) {
	if h.zone == nil {
		return true, time.Time{}
	}
	now = now.In(h.zone)
	type interval struct{ from, to time.Time }
	var all []interval
	// From yesterday, whose last span may reach into today.
	for i := -1; i <= 366; i++ {
		day := time.Date(now.Year(), now.Month(), now.Day()+i, 12, 0, 0, 0, h.zone)
		y, m, d := day.Date()
		if slices.ContainsFunc(h.closed, func(f func(int, time.Month, int) bool) bool { return f(y, m, d) }) {
			continue
		}
		for _, s := range h.week[day.Weekday()] {
			from, to := time.Date(y, m, d, 0, s.from, 0, 0, h.zone), time.Date(y, m, d, 0, s.to, 0, 0, h.zone)
			if to.After(now) && from.Before(to) {
				all = append(all, interval{from, to})
			}
		}
		if len(all) > 0 && i > 7 {
			break
		}
	}
	slices.SortFunc(all, func(x, y interval) int { return x.from.Compare(y.from) })
	for _, x := range all {
		switch {
		case !open && x.from.After(now):
			return false, x.from
		case !open:
			open, next = true, x.to
		case !x.from.After(next) && x.to.After(next):
			next = x.to // they touch: it stays open
		}
	}
	if open && next.Sub(now) > 7*24*time.Hour {
		next = time.Time{} // it never closes
	}
	return open, next
}
