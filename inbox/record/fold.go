package record

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Bounds of what is indexed of one text.
const (
	maxFoldBytes = 64 << 10 // of the text
	maxWords     = 4000     // different ones
	maxWordRunes = 40       // of a word; longer ones are cut, alike in text and query
)

// Fold brings a text into the form in which it is searched: lower case, compatibility forms and diacritics away,
// and of Arabic script one letter for each Persian sound (ی for ي and ى, ک for ك, ه for ة and ۀ, ا for أ إ آ, و for
// ؤ), ASCII digits for Persian and Arabic ones, no tatweel, a space for a zero-width non-joiner.
func Fold(s string) string {
	s = strings.ToValidUTF8(s, " ")
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range norm.NFKD.String(s) {
		if r = foldRune(r); r >= 0 {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// foldRune gives the rune to search by, -1 for none. r is of a decomposed text.
func foldRune(r rune) rune {
	switch r {
	case 'ي', 'ى', 'ې', 'ے':
		return 'ی'
	case 'ك', 'ڪ':
		return 'ک'
	case 'ة', 'ە', 'ہ', 'ھ', 'ۀ':
		return 'ه'
	case 'ٱ':
		return 'ا'
	case 'ـ', '\u200d', '\u200e', '\u200f', '\u00ad', '\u2060', '\ufeff', 0: // tatweel, joiners and marks of direction
		return -1
	case '\u200c': // ZWNJ parts a word from its ending: کتاب‌ها holds کتاب
		return ' '
	case 'ı':
		return 'i'
	}
	switch {
	case r >= '۰' && r <= '۹':
		return '0' + r - '۰'
	case r >= '٠' && r <= '٩':
		return '0' + r - '٠'
	case unicode.Is(unicode.Mn, r) && (r <= 0x036f || r >= 0x0591 && r <= 0x06ed || r >= 0x1ab0 && r <= 0x1dff):
		return -1 // diacritics of Latin, Greek, Cyrillic, Hebrew and Arabic; in Indic scripts such marks are vowels
	}
	return unicode.ToLower(r)
}

// Words folds a text and splits it into its different words, in order of appearance: runs of letters and digits;
// a character of Chinese or Japanese is a word of its own.
func Words(s string) []string {
	if len(s) > maxFoldBytes {
		cut := maxFoldBytes
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut]
	}
	var words []string
	seen := map[string]bool{}
	word := make([]rune, 0, maxWordRunes)
	flush := func() {
		if len(word) > 0 && len(words) < maxWords {
			if w := string(word); !seen[w] {
				seen[w] = true
				words = append(words, w)
			}
		}
		word = word[:0]
	}
	for _, r := range Fold(s) {
		switch {
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana):
			flush()
			word = append(word, r)
			flush()
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r):
			if len(word) < maxWordRunes {
				word = append(word, r)
			}
		default:
			flush()
		}
	}
	flush()
	return words
}
