package channels

import (
	"strings"
	"unicode"
)

// Boundary finds the best place at or before n, and not before its half, at which to cut a text that is longer: after a
// paragraph, else a line, a sentence, a word; never inside what people see as one character.
func Boundary(r []rune, n int) int {
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
