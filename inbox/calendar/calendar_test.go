package calendar

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"tamas/inbox/record"
	"tamas/persian"
)

var nine = []record.Span{{From: 9 * 60, To: 17 * 60}}

// office is open from Monday to Friday, 9 to 17.
func office(zone string) record.Calendar {
	return record.Calendar{ID: "c", Name: "Office", Zone: zone, Week: [7][]record.Span{nil, nine, nine, nine, nine, nine, nil}}
}

func must(t testing.TB, c record.Calendar) *Calendar {
	t.Helper()
	out, err := Of(c)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func at(t testing.TB, zone, wall string) time.Time {
	t.Helper()
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	out, err := time.ParseInLocation("2006-01-02 15:04:05", wall, loc)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestNilIsAlwaysOpen(t *testing.T) {
	var c *Calendar
	now := at(t, "UTC", "2026-11-22 04:00:00")
	if !c.Open(now) || c.Add(now, time.Hour) != now.Add(time.Hour) || c.Between(now, now.Add(time.Hour)) != time.Hour {
		t.Error("a nil calendar counts otherwise than the clock")
	}
	if _, ok := c.Next(now); ok {
		t.Error("a nil calendar changes")
	}
	if d := c.Days(now, 2); len(d) != 2 || len(d[1].Open) != 1 || d[1].Open[0].To.Sub(d[1].Open[0].From) != 24*time.Hour {
		t.Errorf("days: %v", d)
	}
}

func TestWorkingTime(t *testing.T) {
	c := must(t, office("Europe/Berlin"))
	split := office("Europe/Berlin")
	split.Week[1] = []record.Span{{From: 14 * 60, To: 18 * 60}, {From: 8 * 60, To: 12 * 60}}
	split.Holidays = []record.Holiday{{Date: "12-25"}, {Date: "2026-12-24", Open: []record.Span{{From: 9 * 60, To: 12 * 60}}}}
	sp := must(t, split)
	night := must(t, record.Calendar{Zone: "UTC", Week: [7][]record.Span{
		{{From: 22 * 60, To: 1440}}, {{From: 0, To: 6 * 60}}, nil, nil, nil, nil, nil}})
	for _, k := range []struct {
		name     string
		c        *Calendar
		zone     string
		from, to string
		want     time.Duration
	}{
		{"within a day", c, "Europe/Berlin", "2026-11-23 10:00:00", "2026-11-23 11:30:00", 90 * time.Minute},
		{"over a weekend", c, "Europe/Berlin", "2026-11-20 16:00:00", "2026-11-23 10:00:00", 2 * time.Hour},
		{"split shifts", sp, "Europe/Berlin", "2026-11-23 11:00:00", "2026-11-23 15:00:00", 2 * time.Hour},
		{"a holiday with hours, then one without", sp, "Europe/Berlin", "2026-12-24 11:00:00", "2026-12-28 09:00:00", 2 * time.Hour},
		{"over midnight", night, "UTC", "2026-11-22 23:00:00", "2026-11-23 02:00:00", 3 * time.Hour},
	} {
		from, to := at(t, k.zone, k.from), at(t, k.zone, k.to)
		if got := k.c.Between(from, to); got != k.want {
			t.Errorf("%s: %v, want %v", k.name, got, k.want)
		}
		if got := k.c.Add(from, k.want); k.c.Between(got, to) != 0 || got.After(to) {
			t.Errorf("%s: Add gives %v", k.name, got)
		}
	}
	if next, ok := night.Next(at(t, "UTC", "2026-11-22 23:00:00")); !ok || !next.Equal(at(t, "UTC", "2026-11-23 06:00:00")) {
		t.Errorf("24:00 is a closing: %v %v", next, ok)
	}
	if next, ok := c.Next(at(t, "Europe/Berlin", "2026-11-20 17:00:00")); !ok || !next.Equal(at(t, "Europe/Berlin", "2026-11-23 09:00:00")) {
		t.Errorf("after Friday's closing comes %v %v", next, ok)
	}
	if next, ok := c.Next(at(t, "Europe/Berlin", "2026-11-23 09:00:00")); !ok || !next.Equal(at(t, "Europe/Berlin", "2026-11-23 17:00:00")) {
		t.Errorf("after Monday's opening comes %v %v", next, ok)
	}
}

func TestPersianHolidays(t *testing.T) {
	rc := record.Calendar{Zone: "Asia/Tehran", Holidays: []record.Holiday{
		{Date: "01-01", Jalali: true, Name: "Nowruz"},
		{Date: "12-30", Jalali: true},                                 // of leap years
		{Date: "1405-01-02", Jalali: true, Open: nine, Name: "Short"}, // 22 March 2026
	}}
	for i := range rc.Week {
		rc.Week[i] = []record.Span{{From: 0, To: 1440}}
	}
	c := must(t, rc)
	noon := func(d string) time.Time { return at(t, "Asia/Tehran", d+" 08:00:00") }
	for d, want := range map[string]bool{"2026-03-20": true, "2026-03-21": false, "2026-03-22": false, "2026-03-23": true,
		"2025-03-20": false, "2025-03-21": false, "2027-03-21": false, "2027-03-22": true} {
		if c.Open(noon(d)) != want {
			t.Errorf("%s: open is %v", d, !want)
		}
	}
	days := c.Days(noon("2026-03-20"), 3)
	if days[0].Holiday != "" || days[1].Holiday != "Nowruz" || len(days[1].Open) != 0 || days[2].Holiday != "Short" || len(days[2].Open) != 1 {
		t.Errorf("days: %+v", days)
	}
}

func TestDaylightSaving(t *testing.T) {
	full := func(zone string) record.Calendar {
		c := record.Calendar{Zone: zone}
		for i := range c.Week {
			c.Week[i] = []record.Span{{From: 0, To: 1440}}
		}
		return c
	}
	one := func(zone string, from, to int) record.Calendar {
		c := record.Calendar{Zone: zone}
		for i := range c.Week {
			c.Week[i] = []record.Span{{From: from, To: to}}
		}
		return c
	}
	for _, k := range []struct {
		name string
		c    record.Calendar
		date string
		want time.Duration
	}{
		{"spring", full("Europe/Berlin"), "2026-03-29", 23 * time.Hour},
		{"autumn", full("Europe/Berlin"), "2026-10-25", 25 * time.Hour},
		{"the hour that is skipped", one("America/New_York", 120, 180), "2026-03-08", 0},
		{"the hour that comes twice", one("America/New_York", 60, 120), "2026-11-01", 2 * time.Hour},
		{"half an hour twice", one("Australia/Lord_Howe", 60, 180), "2026-04-05", 150 * time.Minute},
		{"midnight skipped", full("Asia/Tehran"), "2022-03-22", 23 * time.Hour},
		{"a date that never was", full("Pacific/Apia"), "2011-12-30", 0},
		{"Tehran without it since", full("Asia/Tehran"), "2026-03-22", 24 * time.Hour},
	} {
		c := must(t, k.c)
		noon := at(t, "UTC", k.date+" 12:00:00")
		var d Day
		for _, x := range c.Days(noon.AddDate(0, 0, -1), 3) {
			if x.Date == k.date {
				d = x
			}
		}
		var sum time.Duration
		for _, i := range d.Open {
			sum += i.To.Sub(i.From)
		}
		if d.Date != k.date || sum != k.want {
			t.Errorf("%s: %v, want %v (%+v)", k.name, sum, k.want, d)
		}
	}
}

// step is how fine the count is that tests compare with, in minutes; every change of a clock is a multiple of it.
const step = 10

// zones have daylight saving of every sort, and a date line that was crossed.
var zones = []struct {
	name string
	year int
}{
	{"Europe/Berlin", 2026}, {"America/New_York", 2026}, {"Asia/Tehran", 2021}, {"Asia/Tehran", 2022}, {"Asia/Tehran", 2026},
	{"Australia/Lord_Howe", 2026}, {"Pacific/Apia", 2011}, {"Africa/Casablanca", 2026}, {"UTC", 2024},
}

// random makes a calendar whose hours are multiples of step.
func random(r *rand.Rand, zone string, year int) record.Calendar {
	day := func() (out []record.Span) {
		cuts := []int{}
		for range r.IntN(4) * 2 {
			cuts = append(cuts, r.IntN(1440/step+1)*step)
		}
		slices.Sort(cuts)
		for i := 0; i+1 < len(cuts); i += 2 {
			if cuts[i] < cuts[i+1] {
				out = append(out, record.Span{From: cuts[i], To: cuts[i+1]})
			}
		}
		return out
	}
	c := record.Calendar{Zone: zone}
	for i := range c.Week {
		c.Week[i] = day()
	}
	c.Week[2] = append([]record.Span{}, nine...)
	from := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
	for range r.IntN(20) {
		d := from.AddDate(0, 0, r.IntN(365))
		h := record.Holiday{Date: d.Format("2006-01-02"), Open: day()}
		switch r.IntN(4) {
		case 0:
			h.Date = d.Format("01-02")
		case 1:
			_, m, dd := persian.Of(d.Date())
			h.Date, h.Jalali = twoDigits(m)+"-"+twoDigits(dd), true
		}
		if !slices.ContainsFunc(c.Holidays, func(o record.Holiday) bool { return o.Date == h.Date && o.Jalali == h.Jalali }) {
			c.Holidays = append(c.Holidays, h)
		}
	}
	return c
}

// TestAgainstMinutes compares with a count of small steps that knows nothing of offsets: each is open when its wall clock says so.
func TestAgainstMinutes(t *testing.T) {
	for i, z := range zones {
		r := rand.New(rand.NewPCG(uint64(i), 7))
		loc, err := time.LoadLocation(z.name)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			rc := random(r, z.name, z.year)
			c := must(t, rc)
			start := time.Date(z.year, 1, 1, 0, 0, 0, 0, time.UTC)
			const steps = 366 * 24 * 60 / step
			count := make([]int, steps+1) // open steps before
			open := make([]bool, steps)
			for m := range steps {
				at := start.Add(time.Duration(m) * step * time.Minute)
				open[m] = slowOpen(rc, at.In(loc))
				count[m+1] = count[m]
				if open[m] {
					count[m+1]++
				}
			}
			for range 300 {
				a, b := r.IntN(steps), r.IntN(steps)
				if a > b {
					a, b = b, a
				}
				from, to := start.Add(time.Duration(a)*step*time.Minute), start.Add(time.Duration(b)*step*time.Minute)
				want := count[b] - count[a]
				if got := c.Between(from, to); got != time.Duration(want)*step*time.Minute {
					t.Fatalf("%s: from %v to %v are %v, counted %d steps; %+v", z.name, from, to, got, want, rc)
				}
				if c.Open(from) != open[a] {
					t.Fatalf("%s: %v: open is %v", z.name, from, !open[a])
				}
				change := a + 1
				for change < steps && open[change] == open[a] {
					change++
				}
				if next, ok := c.Next(from); change < steps && (!ok || !next.Equal(start.Add(time.Duration(change)*step*time.Minute))) {
					t.Fatalf("%s: after %v the next change is %v %v, counted %d steps", z.name, from, next, ok, change-a)
				}
			}
		}
	}
}

func slowOpen(c record.Calendar, wall time.Time) bool {
	y, m, d := wall.Date()
	spans := c.Week[wall.Weekday()]
	jy, jm, jd := persian.Of(y, m, d)
	jdate := twoDigits(jm) + "-" + twoDigits(jd)
	best := 0
	for _, h := range c.Holidays {
		rank := 0
		switch {
		case !h.Jalali && h.Date == wall.Format("2006-01-02"):
			rank = 3
		case !h.Jalali && h.Date == wall.Format("01-02"):
			rank = 2
		case h.Jalali && h.Date == jdate && jy > 0:
			rank = 1
		}
		if rank > best {
			best, spans = rank, h.Open
		}
	}
	minute := wall.Hour()*60 + wall.Minute()
	return slices.ContainsFunc(spans, func(s record.Span) bool { return s.From <= minute && minute < s.To })
}

func TestLaws(t *testing.T) {
	for i, z := range zones {
		r := rand.New(rand.NewPCG(uint64(i), 9))
		for range 8 {
			c := must(t, random(r, z.name, z.year))
			start := time.Date(z.year, 1, 1, 0, 0, 0, 0, time.UTC)
			for range 50 {
				a := start.Add(time.Duration(r.Int64N(int64(300 * 24 * time.Hour))))
				d := time.Duration(r.Int64N(int64(40 * time.Hour)))
				b := c.Add(a, d)
				if b.IsZero() || c.Between(a, b) != d {
					t.Fatalf("%s: %v and %v of work is %v, which are %v", z.name, a, d, b, c.Between(a, b))
				}
				if d > 0 && c.Between(a, b.Add(-1)) != d-1 {
					t.Fatalf("%s: %v is not the first such moment", z.name, b)
				}
				m := a.Add(time.Duration(r.Int64N(int64(b.Sub(a)) + 1)))
				if c.Between(a, m)+c.Between(m, b) != c.Between(a, b) {
					t.Fatalf("%s: the parts at %v do not add up", z.name, m)
				}
				if c.Between(b, a) != -d {
					t.Fatalf("%s: backwards it is %v", z.name, c.Between(b, a))
				}
			}
		}
	}
}

func TestNeverAgain(t *testing.T) {
	c := must(t, record.Calendar{Zone: "UTC", Holidays: []record.Holiday{{Date: "2020-02-03", Open: nine}}})
	now := at(t, "UTC", "2026-01-01 00:00:00")
	if b := c.Add(now, time.Second); !b.IsZero() {
		t.Errorf("Add finds work at %v", b)
	}
	if next, ok := c.Next(now); ok {
		t.Errorf("Next finds a change at %v", next)
	}
	leap := must(t, record.Calendar{Zone: "UTC", Holidays: []record.Holiday{{Date: "02-29", Open: nine}}})
	if b := leap.Add(at(t, "UTC", "2096-03-01 00:00:00"), time.Hour); !b.Equal(at(t, "UTC", "2104-02-29 10:00:00")) {
		t.Errorf("the leap day after a century without is %v", b)
	}
	always := record.Calendar{Zone: "Europe/Berlin"}
	for i := range always.Week {
		always.Week[i] = []record.Span{{From: 0, To: 1440}}
	}
	if next, ok := must(t, always).Next(now); ok {
		t.Errorf("what is always open changes at %v", next)
	}
	for _, far := range []time.Time{{}, time.Unix(1<<40, 0), time.Unix(-1<<40, 0)} {
		c.Open(far)
		c.Next(far)
		c.Add(far, time.Hour)
		c.Days(far, 3)
	}
}

func TestErrorsNameTheField(t *testing.T) {
	for field, change := range map[string]func(*record.Calendar){
		"zone":             func(c *record.Calendar) { c.Zone = "Mars/Base" },
		"week":             func(c *record.Calendar) { c.Week = [7][]record.Span{} },
		"week[1][0]":       func(c *record.Calendar) { c.Week[1] = []record.Span{{From: 60, To: 60}} },
		"week[2][1]":       func(c *record.Calendar) { c.Week[2] = []record.Span{{From: 0, To: 120}, {From: 119, To: 200}} },
		"week[3][0]":       func(c *record.Calendar) { c.Week[3] = []record.Span{{From: 0, To: 1441}} },
		"holidays[0].date": func(c *record.Calendar) { c.Holidays = []record.Holiday{{Date: "2026-02-29"}} },
		"holidays[1].date": func(c *record.Calendar) {
			c.Holidays = []record.Holiday{{Date: "2026-03-21"}, {Date: "1405-01-01", Jalali: true}}
		},
		"holidays[0].open[0]": func(c *record.Calendar) {
			c.Holidays = []record.Holiday{{Date: "12-24", Open: []record.Span{{From: -1, To: 5}}}}
		},
		"holidays[0].name": func(c *record.Calendar) {
			c.Holidays = []record.Holiday{{Date: "12-24", Name: string(make([]byte, 300))}}
		},
	} {
		rc := office("UTC")
		change(&rc)
		_, err := Of(rc)
		var e *Error
		if !errors.As(err, &e) || e.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	for _, date := range []string{"", "2026-3-21", "20260321", "03/21", "13-01", "00-10", "02-30", "+026-03-21", "2026-03-2a", "-1-01"} {
		rc := office("UTC")
		rc.Holidays = []record.Holiday{{Date: date}}
		if _, err := Of(rc); err == nil {
			t.Errorf("%q is taken for a date", date)
		}
	}
	for _, zone := range []string{"", "Local", "../../etc/passwd", "/etc/localtime"} {
		if _, err := Of(office(zone)); err == nil {
			t.Errorf("%q is taken for a zone", zone)
		}
	}
}

func FuzzOf(f *testing.F) {
	seed, _ := json.Marshal(office("Europe/Berlin"))
	f.Add(seed, int64(1e18))
	f.Add([]byte(`{"zone":"Asia/Tehran","week":[[{"from":0,"to":1440}],[],[],[],[],[],[]],"holidays":[{"date":"01-13","jalali":true}]}`), int64(0))
	f.Fuzz(func(t *testing.T, raw []byte, now int64) {
		var rc record.Calendar
		if json.Unmarshal(raw, &rc) != nil {
			return
		}
		c, err := Of(rc)
		if err != nil {
			return
		}
		from := time.Unix(0, now)
		if b := c.Add(from, time.Hour); !b.IsZero() && !from.Before(earliest) && !from.After(latest) && c.Between(from, b) != time.Hour {
			t.Fatalf("%s: an hour after %v is %v", raw, from, b)
		}
		c.Next(from)
		c.Days(from, 3)
	})
}

func BenchmarkYear(b *testing.B) {
	rc := office("Europe/Berlin")
	rc.Week[1] = []record.Span{{From: 480, To: 720}, {From: 780, To: 1020}}
	rc.Holidays = []record.Holiday{{Date: "12-25"}, {Date: "2026-04-03"}, {Date: "01-01", Jalali: true}}
	c := must(b, rc)
	from := at(b, "Europe/Berlin", "2026-01-01 00:00:00")
	to := from.AddDate(1, 0, 0)
	work := c.Between(from, to)
	b.Run("Between", func(b *testing.B) {
		for b.Loop() {
			c.Between(from, to)
		}
	})
	b.Run("Add", func(b *testing.B) {
		for b.Loop() {
			c.Add(from, work)
		}
	})
	b.Run("AddHours", func(b *testing.B) {
		for b.Loop() {
			c.Add(from, 8*time.Hour)
		}
	})
}

func twoDigits(n int) string { return string([]byte{byte('0' + n/10), byte('0' + n%10)}) }
