package telegram

import (
	"strings"
	"unicode"
	"unicode/utf16"

	"tamas/channels"
)

// split cuts a text into parts of at most limit UTF-16 units: after a paragraph, else a line, else a
// sentence, else a word, unless that leaves a part less than half full; never inside a character that people see as
// one. White space at the cuts is dropped, parts without any text too.
func split(text string, limit int) []string {
	var parts []string
	rest := []rune(strings.TrimSpace(strings.ToValidUTF8(text, "�")))
	for len(rest) > 0 {
		n, units := 0, 0
		for n < len(rest) && units+utf16.RuneLen(rest[n]) <= limit {
			units += utf16.RuneLen(rest[n])
			n++
		}
		if n < len(rest) {
			n = channels.Boundary(rest, n)
		}
		if part := strings.TrimSpace(string(rest[:n])); part != "" {
			parts = append(parts, part)
		}
		for rest = rest[n:]; len(rest) > 0 && unicode.IsSpace(rest[0]); {
			rest = rest[1:]
		}
	}
	return parts
}
