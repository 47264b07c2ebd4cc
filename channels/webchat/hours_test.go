package webchat

import (
	"errors"
	"strings"
	"testing"
	"time"

	"tamas/channels"
)

func hoursOf(t *testing.T, zone, lines, closed string) hours {
	t.Helper()
	s, err := read([]byte(`{"allowed_origins":["https://a.example"],"hours_zone":` + mustJSON(zone) + `,"hours":` + mustJSON(lines) + `,"closed_days":` + mustJSON(closed) + `}`))
	if err != nil {
		t.Fatal(err)
	}
	return s.hours
}

func TestHours(t *testing.T) {
	const week = "sat-wed 09:00-13:00, 14:00-17:30\nthu 9:00-13:00\nfri closed"
	for _, c := range []struct {
		name, zone, lines, closed, now string
		open                           bool
		next                           string
	}{
		{"within", "Asia/Tehran", week, "", "2026-11-22T10:00", true, "2026-11-22T13:00"},
		{"at the minute", "Asia/Tehran", week, "", "2026-11-22T09:00", true, "2026-11-22T13:00"},
		{"at the end", "Asia/Tehran", week, "", "2026-11-22T13:00", false, "2026-11-22T14:00"},
		{"in the evening", "Asia/Tehran", week, "", "2026-11-22T20:00", false, "2026-11-23T09:00"},
		{"over the weekend", "Asia/Tehran", week, "", "2026-11-26T15:00", false, "2026-11-28T09:00"},
		{"Persian digits", "Asia/Tehran", "sun ۰۹:۰۰-۱۷:۰۰", "", "2026-11-22T10:00", true, "2026-11-22T17:00"},
		{"a closed day", "Asia/Tehran", week, "2026-11-22", "2026-11-22T10:00", false, "2026-11-23T09:00"},
		{"closed each year", "Asia/Tehran", week, "11-22", "2027-11-22T10:00", false, "2027-11-23T09:00"},
		{"the Iranian new year", "Asia/Tehran", week, "1405-01-01..1405-01-04", "2026-03-22T10:00", false, "2026-03-25T09:00"},
		{"until midnight", "UTC", "daily 18:00-24:00", "", "2026-11-22T23:59", true, "2026-11-23T00:00"},
		{"over midnight", "UTC", "sat 22:00-02:00", "", "2026-11-22T01:00", true, "2026-11-22T02:00"},
		{"a closed evening has no morning after", "UTC", "sat 22:00-02:00", "2026-11-21", "2026-11-22T01:00", false, "2026-11-28T22:00"},
		{"spans that touch", "UTC", "daily 09:00-12:00, 12:00-17:00", "", "2026-11-22T10:00", true, "2026-11-22T17:00"},
		{"never closes", "UTC", "daily 00:00-24:00", "", "2026-11-22T10:00", true, ""},
		{"never opens again", "UTC", "mon 09:00-10:00", "2026-01-01..2029-01-01", "2026-11-22T10:00", false, ""},
		{"opens in three weeks", "UTC", "mon 09:00-10:00", "2026-11-20..2026-12-12", "2026-11-22T10:00", false, "2026-12-14T09:00"},
		{"the clock goes forward", "Europe/Berlin", "sun 01:00-04:00", "", "2026-03-29T01:30", true, "2026-03-29T04:00"},
		{"the clock goes back", "Europe/Berlin", "sun 09:00-17:00", "", "2026-10-25T00:30", false, "2026-10-25T09:00"},
	} {
		h := hoursOf(t, c.zone, c.lines, c.closed)
		at := func(s string) time.Time {
			v, err := time.ParseInLocation("2006-01-02T15:04", s, h.zone)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		var next time.Time
		if c.next != "" {
			next = at(c.next)
		}
		if open, got := h.at(at(c.now)); open != c.open || !got.Equal(next) {
			t.Errorf("%s: open %v until %v, want %v until %v", c.name, open, got, c.open, next)
		}
	}
	var always hours
	if open, next := always.at(time.Now()); !open || !next.IsZero() {
		t.Error("without hours it is not always open")
	}
}

func TestHoursRefused(t *testing.T) {
	for settings, field := range map[string]string{
		`"hours":["sat-wed 09:00-17:00"]`:                                                     "hours_zone",
		`"hours":["sat 09:00-17:00"],"hours_zone":"Iran/Tehran"`:                              "hours_zone",
		`"hours":["sat 09:00-17:00"],"hours_zone":"Local"`:                                    "hours_zone",
		`"hours":["sat 09:00-17:00"],"hours_zone":"../../etc/passwd"`:                         "hours_zone",
		`"hours":["someday 09:00-17:00"],"hours_zone":"UTC"`:                                  "hours",
		`"hours":["sat"],"hours_zone":"UTC"`:                                                  "hours",
		`"hours":["sat 09:00"],"hours_zone":"UTC"`:                                            "hours",
		`"hours":["sat 09:00-25:00"],"hours_zone":"UTC"`:                                      "hours",
		`"hours":["sat 09:60-10:00"],"hours_zone":"UTC"`:                                      "hours",
		`"hours":["sat 9:00-9:00"],"hours_zone":"UTC"`:                                        "hours",
		`"hours":["sat +9:00-10:00"],"hours_zone":"UTC"`:                                      "hours",
		`"hours":["sat 09:00-10:00x"],"hours_zone":"UTC"`:                                     "hours",
		`"hours":["sat 1-2"],"hours_zone":"UTC","closed_days":[]`:                             "hours",
		`"closed_days":["2026-01-01"]`:                                                        "closed_days",
		`"hours":["sat 1:00-2:00"],"hours_zone":"UTC","closed_days":"13-01"`:                  "closed_days",
		`"hours":["sat 1:00-2:00"],"hours_zone":"UTC","closed_days":"2026-02-30"`:             "closed_days",
		`"hours":["sat 1:00-2:00"],"hours_zone":"UTC","closed_days":"1404-12-30"`:             "closed_days",
		`"hours":["sat 1:00-2:00"],"hours_zone":"UTC","closed_days":"2026-02-03..2026-02-01"`: "closed_days",
		`"hours":["sat 1:00-2:00"],"hours_zone":"UTC","closed_days":"soon"`:                   "closed_days",
	} {
		_, err := read([]byte(`{"allowed_origins":["https://a.example"],` + settings + `}`))
		var f *channels.FieldError
		if !errors.As(err, &f) || f.Field != field {
			t.Errorf("%s: %v, want the field %s at fault", settings, err, field)
		}
	}
}

func TestJalali(t *testing.T) {
	for in, want := range map[[3]int]string{
		{1300, 1, 1}: "1921-03-21", {1357, 11, 22}: "1979-02-11", {1399, 12, 30}: "2021-03-20", {1403, 1, 1}: "2024-03-20",
		{1403, 12, 30}: "2025-03-20", {1404, 1, 1}: "2025-03-21", {1405, 1, 13}: "2026-04-02", {1405, 9, 1}: "2026-11-22", {1408, 12, 30}: "2030-03-20",
	} {
		if got, ok := date(in[0], in[1], in[2]); !ok || got.Format(time.DateOnly) != want {
			t.Errorf("%v is %v, want %s", in, got, want)
		}
	}
	if _, ok := date(1405, 7, 31); ok {
		t.Error("Mehr has 31 days")
	}
}

// FuzzHours: whatever an admin types, it is refused with a sentence or a moment can be told.
func FuzzHours(f *testing.F) {
	f.Add("sat-wed 09:00-13:00, 14:00-24:00", "1405-01-01..1405-01-13", int64(1767225600))
	f.Add("daily 22:00-02:00", "12-25", int64(0))
	f.Fuzz(func(t *testing.T, line, closed string, now int64) {
		s := settings{Hours: lines{line}, HoursZone: "Asia/Tehran"}
		if closed != "" {
			s.ClosedDays = lines{closed}
		}
		if err := readHours(&s); err != nil {
			if strings.TrimSpace(err.Error()) == "" {
				t.Fatal("refused without a word")
			}
			return
		}
		at := time.Unix(now%4e9, 0)
		if open, next := s.hours.at(at); !next.IsZero() && !next.After(at) {
			t.Fatalf("at %v open %v until %v", at, open, next)
		}
	})
}
