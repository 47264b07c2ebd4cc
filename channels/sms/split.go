package sms

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
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
			n = boundary(all, n)
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

// boundary finds the best place at or before n, and not before its half, at which to cut.
func boundary(r []rune, n int) int {
	best, rank := 0, 0
	for i := n; i > n/2; i-- {
		k := 0
		switch {
		case r[i-1] == '\n' && i > 1 && r[i-2] == '\n':
			k = 4
		case r[i-1] == '\n' || r[i] == '\n':
			k = 3
		case unicode.IsSpace(r[i]) && strings.ContainsRune(".!?؟。…", r[i-1]):
			k = 2
		case unicode.IsSpace(r[i]) || unicode.IsSpace(r[i-1]):
			k = 1
		}
		if k > rank {
			best, rank = i, k
		}
	}
	if rank > 0 {
		return best
	}
	for i := n; i > n-40 && i > 1; i-- {
		if !joined(r[i-1], r[i]) {
			return i
		}
	}
	return n
}

// joined tells whether two runes stand for one visible character: combining marks, variation selectors, skin tones, ZWJ.
func joined(a, b rune) bool {
	const zwj = 0x200D
	return a == zwj || b == zwj || unicode.Is(unicode.M, b) || (b >= 0x1F3FB && b <= 0x1F3FF)
}
