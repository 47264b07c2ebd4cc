package sheet

import (
	"strings"
	"time"
	"unicode"

	"tamas/persian"
)

// Ways to read dates.
const (
	DatesAuto      = "auto"      // Jalali for years from 1200 to 1599; year first, else day first where the other is impossible or written with points
	DatesJalali    = "jalali"    // numbers are of the Persian calendar
	DatesGregorian = "gregorian" // years from 1200 to 1599 too; day or month first as with auto
	DatesDMY       = "dmy"       // 3/4/2026 is in April
	DatesMDY       = "mdy"       // 3/4/2026 is in March
)

// DateWays are the ways to read dates.
var DateWays = []string{DatesAuto, DatesJalali, DatesGregorian, DatesDMY, DatesMDY}

// Time reads a moment, or a day, as people and programs write them: ISO 8601 with or without a zone, Jalali and Gregorian dates with -, / or
// points and any digits, month names in English and Persian, 24 hours or am/pm (ق.ظ, ب.ظ), seconds and parts of them, Unix seconds and
// milliseconds, the day numbers of spreadsheets. zone is of what says none; day is true when no time of the day was given (then t is midnight).
func Time(s string, zone *time.Location, way string) (t time.Time, day bool, err error) {
	s = strings.ToLower(Clean(persian.LatinDigits(s)))
	s = strings.Map(func(r rune) rune {
		switch r {
		case '\u200c', '\u200e', '\u200f', '\u202a', '\u202b', '\u202c', '\u2066', '\u2067', '\u2068', '\u2069':
			return -1
		case '،', ',':
			return ' '
		case '٫':
			return '.'
		case '⁄', '∕', '؍':
			return '/'
		case '–', '‑', '−':
			return '-'
		case 'ي', 'ى':
			return 'ی'
		case 'ك':
			return 'ک'
		}
		if unicode.IsSpace(r) {
			return ' '
		}
		return r
	}, s)
	if s == "" || len(s) > 80 {
		return t, false, ErrValue
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02t15:04:05.999999999z07:00", "2006-01-02t15:04z07:00", "2006-01-02t15:04:05.999z0700", "2006-01-02 15:04:05.999999999z07:00",
		"2006-01-02 15:04:05.999999999 z0700", "2006-01-02 15:04:05.999999999z07", "mon, 02 jan 2006 15:04:05 -0700", "mon 02 jan 2006 15:04:05 -0700"} {
		if t, err := time.Parse(strings.ToUpper(layout), strings.ToUpper(s)); err == nil && !persianYear(t.Year(), way) {
			return bounded(t, false)
		}
	}
	if t, day, ok := serial(s, zone); ok {
		return bounded(t, day)
	}
	p, ok := parts(s)
	if !ok {
		return t, false, ErrValue
	}
	return p.time(zone, way)
}

func persianYear(y int, way string) bool {
	return (way == DatesAuto || way == "" || way == DatesJalali) && y >= 1200 && y < 1600
}

func bounded(t time.Time, day bool) (time.Time, bool, error) {
	if y := t.Year(); y < 1800 || y > 2200 {
		return time.Time{}, false, ErrValue
	}
	return t, day, nil
}

// serial reads a bare number: milliseconds, seconds, yyyymmdd, or days since the end of 1899.
func serial(s string, zone *time.Location) (t time.Time, day, ok bool) {
	whole, fraction, _ := strings.Cut(s, ".")
	for _, r := range whole + fraction {
		if r < '0' || r > '9' {
			return t, false, false
		}
	}
	switch n := atoi(whole); {
	case len(whole) == 13 && fraction == "":
		return time.UnixMilli(int64(n)), false, true
	case len(whole) == 10 && fraction == "":
		return time.Unix(int64(n), 0), false, true
	case len(whole) == 5 && n >= 10_000: // 1927 to 2173
		at := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n)
		secs := 0
		if fraction != "" {
			part := 0.0
			for i, scale := 0, 0.1; i < len(fraction); i, scale = i+1, scale/10 {
				part += float64(fraction[i]-'0') * scale
			}
			secs = int(part*86400 + 0.5)
		}
		return time.Date(at.Year(), at.Month(), at.Day(), 0, 0, secs, 0, zone), secs == 0, true
	}
	return t, false, false
}

// when is a date and time as it was written.
type when struct {
	numbers []int // of the date, in order
	widths  []int // digits of each
	month   int   // named; 0: it is among numbers
	persian bool  // the name is a Persian month's
	points  bool  // the date is written with points
	clock   []int // hours, minutes, seconds
	nanos   int
	half    string // am, pm
	offset  *int   // seconds east
}

var monthNames = map[string]int{
	"jan": 1, "january": 1, "feb": 2, "february": 2, "mar": 3, "march": 3, "apr": 4, "april": 4, "may": 5, "jun": 6, "june": 6, "jul": 7, "july": 7,
	"aug": 8, "august": 8, "sep": 9, "sept": 9, "september": 9, "oct": 10, "october": 10, "nov": 11, "november": 11, "dec": 12, "december": 12,
	"ژانویه": 1, "فوریه": 2, "مارس": 3, "آوریل": 4, "اوریل": 4, "آپریل": 4, "مه": 5, "می": 5, "ژوئن": 6, "ژوئیه": 7, "جولای": 7, "اوت": 8, "آگوست": 8, "سپتامبر": 9,
	"اکتبر": 10, "نوامبر": 11, "دسامبر": 12,
}

var persianMonths = map[string]int{
	"فروردین": 1, "اردیبهشت": 2, "خرداد": 3, "تیر": 4, "مرداد": 5, "امرداد": 5, "شهریور": 6, "مهر": 7, "آبان": 8, "ابان": 8, "آذر": 9, "اذر": 9, "دی": 10, "بهمن": 11, "اسفند": 12,
	"farvardin": 1, "ordibehesht": 2, "khordad": 3, "tir": 4, "mordad": 5, "shahrivar": 6, "mehr": 7, "aban": 8, "azar": 9, "dey": 10, "bahman": 11, "esfand": 12,
}

// idle are words that say nothing more: days of the week, "at".
var idle = map[string]bool{"ساعت": true, "at": true, "شنبه": true, "یکشنبه": true, "دوشنبه": true, "سهشنبه": true, "چهارشنبه": true, "پنجشنبه": true, "جمعه": true, "یک": true, "دو": true,
	"سه": true, "چهار": true, "پنج": true, "mon": true, "tue": true, "wed": true, "thu": true, "fri": true, "sat": true, "sun": true, "monday": true, "tuesday": true,
	"wednesday": true, "thursday": true, "friday": true, "saturday": true, "sunday": true, "t": true, "of": true, "th": true, "st": true, "nd": true, "rd": true}

var halves = map[string]string{"am": "am", "a.m": "am", "a.m.": "am", "pm": "pm", "p.m": "pm", "p.m.": "pm", "ق.ظ": "am", "ق.ظ.": "am", "قظ": "am", "صبح": "am",
	"ب.ظ": "pm", "ب.ظ.": "pm", "بظ": "pm", "بعدازظهر": "pm", "عصر": "pm", "شب": "pm"}

// parts takes a text apart into numbers and words.
func parts(s string) (w when, ok bool) {
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c >= '0' && c <= '9':
			j := i
			for j < len(s) && s[j] >= '0' && s[j] <= '9' {
				j++
			}
			if j-i == 8 && len(w.numbers) == 0 { // 20261122, 14050901
				w.numbers, w.widths = []int{atoi(s[i : i+4]), atoi(s[i+4 : i+6]), atoi(s[i+6 : j])}, []int{4, 2, 2}
				i = j
				continue
			}
			if j-i > 9 {
				return w, false
			}
			if j < len(s) && s[j] == ':' || len(w.clock) > 0 && len(w.clock) < 3 && i > 0 && s[i-1] == ':' {
				if w.clock = append(w.clock, atoi(s[i:j])); len(w.clock) > 3 || j-i > 2 {
					return w, false
				}
				if j < len(s) && s[j] == ':' {
					j++
				} else if len(w.clock) == 3 && j+1 < len(s) && s[j] == '.' && s[j+1] >= '0' && s[j+1] <= '9' {
					k := j + 1
					for scale := 100_000_000; k < len(s) && s[k] >= '0' && s[k] <= '9'; k, scale = k+1, scale/10 {
						w.nanos += int(s[k]-'0') * scale
					}
					j = k
				}
				if len(w.clock) >= 2 && j < len(s) && (s[j] == '+' || s[j] == '-') {
					off, n := zoneOffset(s[j:])
					if n == 0 {
						return w, false
					}
					w.offset = &off
					j += n
				} else if len(w.clock) >= 2 && j < len(s) && s[j] == 'z' {
					off := 0
					w.offset = &off
					j++
				}
				i = j
				continue
			}
			if len(w.numbers) == 3 {
				return w, false
			}
			w.numbers, w.widths = append(w.numbers, atoi(s[i:j])), append(w.widths, j-i)
			i = j
		case c == ' ' || c == '/' || c == '-':
			i++
		case c == '.':
			w.points = true
			i++
		default:
			j := i
			for j < len(s) && strings.IndexByte(" 0123456789/-:", s[j]) < 0 {
				j++
			}
			if i == j {
				return w, false
			}
			word := s[i:j]
			if h := halves[word]; h != "" && w.half == "" {
				w.half = h
			} else if word = strings.Trim(word, "."); halves[word] != "" && w.half == "" {
				w.half = halves[word]
			} else if m := persianMonths[word]; m > 0 && w.month == 0 {
				w.month, w.persian = m, true
			} else if m := monthNames[word]; m > 0 && w.month == 0 {
				w.month = m
			} else if !idle[word] {
				return w, false
			}
			i = j
		}
	}
	return w, true
}

// zoneOffset reads "+03:30", "+0330", "+03" and tells how many bytes it takes; 0: it is none.
func zoneOffset(s string) (seconds, n int) {
	digits := make([]byte, 0, 4)
	i := 1
	for ; i < len(s) && len(digits) < 4; i++ {
		if s[i] == ':' && len(digits) == 2 {
			continue
		}
		if s[i] < '0' || s[i] > '9' {
			break
		}
		digits = append(digits, s[i])
	}
	var h, m int
	switch len(digits) {
	case 2:
		h = atoi(string(digits))
	case 4:
		h, m = atoi(string(digits[:2])), atoi(string(digits[2:]))
	default:
		return 0, 0
	}
	if h > 14 || m > 59 {
		return 0, 0
	}
	seconds = h*3600 + m*60
	if s[0] == '-' {
		seconds = -seconds
	}
	return seconds, i
}

func (w when) time(zone *time.Location, way string) (t time.Time, day bool, err error) {
	y, m, d, ok := w.date(way)
	if !ok {
		return t, false, ErrValue
	}
	jalali := w.persian || way == DatesJalali || persianYear(y, way)
	if w.month > 0 && !w.persian {
		jalali = false
	}
	month := time.Month(m)
	if jalali {
		if y < 100 { // 05/9/1
			y += 1400
			if y >= 1450 {
				y -= 100
			}
		}
		if y, month, d, ok = persian.ToGregorian(y, m, d); !ok {
			return t, false, ErrValue
		}
	} else {
		if y < 100 {
			y += 2000
			if y >= 2070 {
				y -= 100
			}
		}
		if m < 1 || m > 12 || d < 1 || d > time.Date(y, month+1, 0, 0, 0, 0, 0, time.UTC).Day() {
			return t, false, ErrValue
		}
	}
	if len(w.clock) == 1 || w.half != "" && len(w.clock) == 0 {
		return t, false, ErrValue
	}
	c := [3]int{}
	copy(c[:], w.clock)
	if c[0] > 24 || c[1] > 59 || c[2] > 60 || c[0] == 24 && (c[1] > 0 || c[2] > 0) {
		return t, false, ErrValue
	}
	switch {
	case w.half == "pm" && c[0] < 12:
		c[0] += 12
	case w.half == "am" && c[0] == 12:
		c[0] = 0
	}
	if w.offset != nil {
		zone = time.FixedZone("", *w.offset)
	}
	return bounded(time.Date(y, month, d, c[0], c[1], c[2], w.nanos, zone), len(w.clock) == 0)
}

// date puts the numbers in order.
func (w when) date(way string) (y, m, d int, ok bool) {
	n := w.numbers
	if w.month > 0 {
		if len(n) != 2 {
			return 0, 0, 0, false
		}
		if w.widths[0] == 4 || n[0] > 31 {
			return n[0], w.month, n[1], true
		}
		return n[1], w.month, n[0], true
	}
	if len(n) != 3 {
		return 0, 0, 0, false
	}
	switch {
	case w.widths[0] == 4:
		return n[0], n[1], n[2], true
	case w.widths[2] == 4:
	case max(w.widths[0], w.widths[2]) > 2 || w.widths[0]+w.widths[1]+w.widths[2] < 4:
		return 0, 0, 0, false
	case way == DatesDMY, way == DatesMDY, w.points && way != DatesJalali && w.widths[2] == 2: // 22.11.26
	case way == DatesJalali: // 05/09/01
		return n[0], n[1], n[2], true
	default: // 05/09/01 may be anything
		return 0, 0, 0, false
	}
	switch {
	case n[1] > 12:
		return n[2], n[0], n[1], true
	case n[0] > 12 || way == DatesDMY || w.points || way == DatesJalali || persianYear(n[2], way):
		return n[2], n[1], n[0], true
	case way == DatesMDY:
		return n[2], n[0], n[1], true
	}
	return n[2], n[1], n[0], true // day first, as most of the world writes
}

// looksLikeDate tells a value that only data have.
func looksLikeDate(s string) bool {
	_, _, err := Time(s, time.UTC, DatesAuto)
	return err == nil
}
