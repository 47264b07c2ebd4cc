package telegram

import (
	"strings"
	"unicode"
	"unicode/utf16"
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
			n = boundary(rest, n)
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

// boundary finds the best place at or before n at which to cut.
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
		if !joined(r, i) {
			return i
		}
	}
	return n
}

// joined tells whether a cut before r[i] goes through what people see as one character: combining marks, variation
// selectors, skin tones, ZWJ sequences, keycaps, flags.
func joined(r []rune, i int) bool {
	const zwj = 0x200D
	a, b := r[i-1], r[i]
	if flag(a) && flag(b) {
		n := 0
		for n < i && flag(r[i-1-n]) {
			n++
		}
		return n%2 == 1
	}
	return a == zwj || b == zwj || unicode.Is(unicode.M, b) || b >= 0x1F3FB && b <= 0x1F3FF || b >= 0xE0020 && b <= 0xE007F
}

// flag tells a regional indicator; two of them make a flag.
func flag(r rune) bool { return r >= 0x1F1E6 && r <= 0x1F1FF }
