package sms

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"

	"tamas/channels"
)

// maxSegments bounds one message: phones join more than ten only sometimes.
const maxSegments = 10

// split cuts a text that takes more than maxSegments, or more than limit UTF-16 units, into parts that are sent one by one, each
// with a mark "(1/2)" before it. The cuts are after a paragraph, else a line, else a sentence, else a word, never within what
// people see as one character.
func split(text string, limit int) []string {
	text = strings.TrimSpace(strings.ToValidUTF8(text, "�"))
	all := []rune(text)
	if fit(all, "", limit) == len(all) {
		return []string{text}
	}
	const mark = "(99/99) "
	var parts []string
	for len(all) > 0 && len(parts) < 99 {
		n := fit(all, mark, limit)
		if n < len(all) {
			n = channels.Boundary(all, n)
		}
		if part := strings.TrimSpace(string(all[:n])); part != "" {
			parts = append(parts, part)
		}
		all = []rune(strings.TrimLeftFunc(string(all[n:]), unicode.IsSpace))
	}
	for i := range parts {
		parts[i] = fmt.Sprintf("(%d/%d) %s", i+1, len(parts), parts[i])
	}
	return parts
}

// fit tells how many runes fit into one message behind a mark.
func fit(text []rune, mark string, limit int) int {
	c, units := newCounter(), 0
	for _, r := range mark {
		c.add(r)
		units++
	}
	for i, r := range text {
		c.add(r)
		units += max(1, utf16.RuneLen(r))
		if units > limit || c.count().Segments > maxSegments {
			return max(i, 1)
		}
	}
	return len(text)
}
