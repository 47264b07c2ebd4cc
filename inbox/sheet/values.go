package sheet

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"unicode"

	"tamas/channels"
	"tamas/persian"
)

// ErrValue says that a text is not what it is read as.
var ErrValue = errors.New("not a value of that kind")

// Clean takes away what spreadsheets and people leave around a value: spaces of all kinds and marks of direction.
func Clean(s string) string {
	return strings.TrimFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || r == '\u200c' || r == '\u200b' || r == '\u200e' || r == '\u200f' || r == '\u202a' || r == '\u202b' || r == '\u202c' ||
			r == '\u2066' || r == '\u2067' || r == '\u2068' || r == '\u2069' || r == '\ufeff' || r == 0
	})
}

// Number reads a decimal number with any of the separators of Persian and European writing (1,234.5 · 1.234,5 · ۱٬۲۳۴٫۵ · 1 234,5) and gives
// it plainly: digits with at most one point. A single separator before exactly three digits parts thousands when it is a comma (of
// either script), and is a decimal point when it is a point.
func Number(s string) (string, error) {
	s = Clean(persian.LatinDigits(s))
	s = strings.Map(func(r rune) rune {
		switch r {
		case '٫':
			return '.'
		case '٬', '،', '\'', '’':
			return ','
		case '−', '–':
			return '-'
		case '\u200e', '\u200f', '\u200c':
			return -1
		}
		if unicode.IsSpace(r) {
			return ' '
		}
		return r
	}, s)
	// ٫ is never anything but the decimal point; the map above has made it one, and ٬ a comma.
	sign := ""
	if rest, ok := strings.CutPrefix(s, "-"); ok {
		sign, s = "-", rest
	} else if rest, ok := strings.CutSuffix(s, "-"); ok { // accounting
		sign, s = "-", rest
	} else if strings.HasPrefix(s, "(") && strings.HasSuffix(s, ")") {
		sign, s = "-", s[1:len(s)-1]
	} else {
		s = strings.TrimPrefix(s, "+")
	}
	s = strings.TrimSpace(s)
	if s == "" || len(s) > 40 {
		return "", ErrValue
	}
	point := decimalPoint(s)
	whole, fraction := s, ""
	if point >= 0 {
		whole, fraction = s[:point], s[point+1:]
	}
	whole, ok := ungrouped(whole)
	if !ok || strings.ContainsFunc(fraction, func(r rune) bool { return r < '0' || r > '9' }) || whole == "" && fraction == "" {
		return "", ErrValue
	}
	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}
	if fraction = strings.TrimRight(fraction, "0"); fraction != "" {
		fraction = "." + fraction
	}
	if whole == "0" && fraction == "" {
		sign = ""
	}
	return sign + whole + fraction, nil
}

// decimalPoint is where a number's fraction begins; -1 when it has none.
func decimalPoint(s string) int {
	dot, comma := strings.LastIndexByte(s, '.'), strings.LastIndexByte(s, ',')
	switch {
	case dot >= 0 && comma >= 0: // both: the later one
		return max(dot, comma)
	case dot >= 0 && strings.Count(s, ".") == 1:
		return dot
	case comma >= 0 && strings.Count(s, ",") == 1 && len(s)-comma != 4:
		return comma
	}
	return -1
}

// ungrouped takes the marks of thousands away, when there are as many digits between them as there should be.
func ungrouped(s string) (string, bool) {
	mark := byte(0)
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
		case c == ',' || c == '.' || c == ' ':
			if mark != 0 && mark != c {
				return "", false
			}
			mark = c
		default:
			return "", false
		}
	}
	if mark == 0 {
		return s, true
	}
	groups := strings.Split(s, string(mark))
	for i, g := range groups {
		// Thousands have three digits; in India some have two.
		if i == 0 && (g == "" || len(g) > 3) || i > 0 && len(g) != 3 && !(len(g) == 2 && i < len(groups)-1) {
			return "", false
		}
	}
	return strings.Join(groups, ""), true
}

// Bool reads yes and no in English and Persian.
func Bool(s string) (bool, error) {
	switch strings.ToLower(strings.ReplaceAll(persian.LatinDigits(Clean(s)), "ي", "ی")) {
	case "yes", "y", "true", "t", "1", "on", "x", "✓", "✔", "بله", "بلی", "آری", "اری", "دارد", "هست", "درست":
		return true, nil
	case "no", "n", "false", "f", "0", "off", "-", "✗", "✘", "خیر", "نه", "ندارد", "نیست", "نادرست":
		return false, nil
	}
	return false, ErrValue
}

// Phone reads a telephone number as it is spelled anywhere (+98…, 0098…, 09…, 9…, ۰۹…) and gives it in the form of the SMS channel's addresses.
// region (two letters) is of numbers without a country code.
func Phone(s, region string) (string, error) {
	s = persian.LatinDigits(Clean(s))
	s = strings.Map(func(r rune) rune { // marks of direction, and the dashes that people take for a hyphen
		switch r {
		case '\u200c', '\u200e', '\u200f', '\u202a', '\u202c', '\u2066', '\u2069':
			return -1
		case '–', '—', '‑', '−':
			return '-'
		case '\u00a0':
			return ' '
		}
		return r
	}, s)
	// A spreadsheet that took it for a number: 9.12e9 is lost, 9121234567.0 is not.
	s = strings.TrimSuffix(s, ".0")
	if n, ok := channels.Phone(s, region); ok && strings.HasPrefix(n, "+") && len(n) >= 8 {
		return n, nil
	}
	// Without its country code's plus: 989121234567.
	if len(s) > 10 && s[0] != '+' && s[0] != '0' {
		if n, ok := channels.Phone("+"+s, region); ok && len(n) >= 8 {
			return n, nil
		}
	}
	return "", ErrValue
}

// Email reads a mail address as the mail channel's addresses are written: in lower case.
func Email(s string) (string, error) {
	s = strings.TrimPrefix(strings.ToLower(Clean(s)), "mailto:")
	if i := strings.LastIndexByte(s, '<'); i >= 0 && strings.HasSuffix(s, ">") {
		s = s[i+1 : len(s)-1]
	}
	s, ok := channels.Email(s)
	// Stricter than what mail brings: a typing error in a file is better corrected there. What is looked at is the address as
	// it will be kept, without the quotes around it and with its domain as servers take it.
	at := strings.LastIndexByte(s, '@')
	if !ok || !strings.Contains(s[at+1:], ".") || strings.HasSuffix(s, ".") || strings.Contains(s[at:], "..") || strings.Contains(s[:at], "@") ||
		strings.ContainsFunc(s, func(r rune) bool {
			return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune(`:"[]`, r)
		}) {
		return "", ErrValue
	}
	return s, nil
}

// List reads several values in one field, parted by commas, semicolons or bars of either script, or lines; a JSON list too.
func List(s string) []string {
	var out []string
	if s = Clean(s); strings.HasPrefix(s, "[") && json.Unmarshal([]byte(s), &out) == nil {
		return out
	}
	out = nil
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(",;|،؛\n", r) }) {
		if part = Clean(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return -1
	}
	return n
}
