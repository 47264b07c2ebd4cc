package inbox

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text that comes from outside is normalised once, on entry: valid UTF-8, no NUL, bounded. PostgreSQL refuses
// the rest, and one refused message must not hold up the others.

// cleanText keeps line ends and tabs, drops other control characters, and cuts at most bytes at a rune.
func cleanText(s string, most int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if strings.ContainsFunc(s, dropped) {
		s = strings.Map(func(r rune) rune {
			if dropped(r) {
				return -1
			}
			return r
		}, s)
	}
	return cut(s, most)
}

func dropped(r rune) bool {
	return r != '\n' && r != '\t' && (unicode.IsControl(r) || r == '\u2028' || r == '\u2029')
}

// cleanLine is cleanText for one line, without space around it.
func cleanLine(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || r == '\r' {
			return ' '
		}
		return r
	}, s)
	return strings.TrimSpace(cleanText(s, most))
}

func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}

// boundKey keeps a key as it is when it is short and clean, else takes its hash: two keys stay two.
func boundKey(s string, most int) string {
	if len(s) <= most && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl) {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return "sha256:" + hex.EncodeToString(sum[:])
}
