package record

import (
	"hash/fnv"
	"slices"
	"strconv"
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

// Fold brings a text into the form in which it is searched: lower case, compatibility forms, diacritics and hamza away,
// and of Arabic script one letter for each Persian sound (ی for ي and ى, ک for ك, ه for ة and ۀ, ا for أ إ آ, و for
// ؤ), ASCII digits for Persian and Arabic ones, no tatweel, a space for a zero-width non-joiner.
func Fold(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	var buf [8]rune
	for _, r := range seatHamza(s) { // U+FFFD for what is not UTF-8
		for _, f := range foldRune(buf[:0], r) {
			if f == nonJoiner || f == utf8.RuneError {
				f = ' '
			}
			b.WriteRune(f)
		}
	}
	return b.String()
}

// seatHamza writes a hamza on ی as on its other seat where Persian has both: مسئول, مسؤول; هیئت, هیأت; مسئله, مسأله. No byte changes its place.
func seatHamza(s string) string {
	const onYe = "ئ"
	at := strings.Index(s, onYe)
	if at < 0 {
		return s
	}
	b := []byte(s)
	for ; at < len(b)-len(onYe); at++ {
		if string(b[at:at+len(onYe)]) != onYe || strings.HasSuffix(s[:at], "ا") { // مسائل is مسایل
			continue
		}
		switch r, _ := utf8.DecodeRune(b[at+len(onYe):]); r {
		case 'و':
			copy(b[at:], "و")
		case 'ل', 'ت':
			copy(b[at:], "ا")
		}
	}
	return string(b)
}

const nonJoiner = '\u200c' // ZWNJ: parts a word from its ending, as in کتاب‌ها

// foldRune appends what a rune is searched by: nothing, itself, or several runes. A non-joiner stays one.
func foldRune(to []rune, r rune) []rune {
	if r < rune(len(foldTable)) {
		if f := foldTable[r]; f >= 0 {
			return append(to, f)
		} else if f == foldNone {
			return to
		}
	}
	return foldSlowly(to, r)
}

const (
	foldNone = -1
	foldMany = -2 // several runes
)

// foldTable has what the runes of Latin, Greek, Cyrillic, Hebrew and Arabic letters fold to.
var foldTable = func() (t [0x700]rune) {
	for r := range t {
		switch f := foldSlowly(nil, rune(r)); len(f) {
		case 0:
			t[r] = foldNone
		case 1:
			t[r] = f[0]
		default:
			t[r] = foldMany
		}
	}
	return t
}()

// plainLetters are those that Unicode does not decompose.
var plainLetters = map[rune]string{'ß': "ss", 'ẞ': "ss", 'æ': "ae", 'Æ': "ae", 'œ': "oe", 'Œ': "oe", 'ø': "o", 'Ø': "o", 'ł': "l", 'Ł': "l", 'đ': "d", 'Đ': "d", 'ð': "d", 'Ð': "d",
	'þ': "th", 'Þ': "th", 'ı': "i"}

func foldSlowly(to []rune, r rune) []rune {
	if r == '\u200b' { // stands where a non-joiner was meant
		r = nonJoiner
	}
	for _, r := range norm.NFKD.String(string(r)) {
		if plain, ok := plainLetters[r]; ok {
			to = append(to, []rune(plain)...)
		} else if r = foldOne(r); r >= 0 {
			to = append(to, r)
		}
	}
	return to
}

// foldOne gives the rune to search by, foldNone for none. r is of a decomposed text.
func foldOne(r rune) rune {
	switch r {
	case 'ي', 'ى', 'ې', 'ے':
		return 'ی'
	case 'ك', 'ڪ':
		return 'ک'
	case 'ة', 'ە', 'ہ', 'ھ', 'ۀ', 'ۃ':
		return 'ه'
	case 'ٱ':
		return 'ا'
	case 'ء', 'ـ', '\u200d', '\u200e', '\u200f', '\u00ad', '\u2060', '\ufeff', 0: // hamza, tatweel, joiners and marks of direction
		return foldNone
	}
	switch {
	case r >= '۰' && r <= '۹':
		return '0' + r - '۰'
	case r >= '٠' && r <= '٩':
		return '0' + r - '٠'
	case r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069': // marks of direction
		return foldNone
	case unicode.Is(unicode.Mn, r) && (r <= 0x036f || r >= 0x0591 && r <= 0x06ed || r >= 0x1ab0 && r <= 0x1dff):
		return foldNone // diacritics of Latin, Greek, Cyrillic, Hebrew and Arabic; in Indic scripts such marks are vowels
	}
	return unicode.ToLower(r)
}

// token is a word of a text, folded, and the bytes of the text that it was.
type token struct {
	text     string
	from, to int
	glued    bool // a non-joiner parts it from the one before
	near     bool // spaces part it from the one before
}

// tokens folds a text and splits it into words: runs of letters and digits; a character of Chinese or Japanese is a word of its own.
func tokens(s string) []token {
	if len(s) > maxFoldBytes {
		cut := maxFoldBytes
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut]
	}
	s = seatHamza(s)
	list := make([]token, 0, len(s)/6+2)
	words, ends := make([]byte, 0, len(s)+8), make([]int, 0, len(s)/6+2) // the words one behind the other
	runes := 0                                                           // of the word
	var buf [8]rune
	from, end := 0, 0 // of the word
	between := other  // it and the word before
	flush := func() {
		if runes > 0 {
			list = append(list, token{from: from, to: end, glued: between == glue, near: between == spaces})
			ends = append(ends, len(words))
			runes, between = 0, nothing
		}
	}
	for i, r := range s {
		next := i + utf8.RuneLen(r)
		if r == utf8.RuneError {
			_, n := utf8.DecodeRuneInString(s[i:])
			next = i + n
		}
		folded := foldRune(buf[:0], r)
		if len(folded) == 0 && runes > 0 { // a mark on the last letter
			end = next
		}
		for _, f := range folded {
			if f >= 'a' && f <= 'z' || f >= '0' && f <= '9' || f > 0x620 && f < 0x64b ||
				f >= utf8.RuneSelf && (unicode.IsLetter(f) || unicode.IsDigit(f) || unicode.IsMark(f)) {
				alone := f > 0x2e00 && unicode.In(f, unicode.Han, unicode.Hiragana, unicode.Katakana)
				if alone {
					flush()
				}
				if runes == 0 {
					from = i
				}
				if runes < maxWordRunes {
					words = utf8.AppendRune(words, f)
					runes++
				}
				end = next
				if alone {
					flush()
				}
				continue
			}
			flush()
			switch {
			case f == nonJoiner:
				between = max(between, glue)
			case f == ' ' || unicode.IsSpace(f):
				between = max(between, spaces)
			default:
				between = other
			}
		}
	}
	flush()
	text, at := string(words), 0
	for i, to := range ends {
		list[i].text, at = text[at:to], to
	}
	return list
}

// What stands between two words, the more the later.
const (
	nothing = iota // of a script without spaces
	glue           // non-joiners
	spaces         // and those
	other
)

// Words folds a text and splits it into its different words, in order of appearance.
func Words(s string) []string {
	return different(func(yield func(string)) {
		for _, t := range tokens(s) {
			yield(t.text)
		}
	})
}

func different(each func(func(string))) []string {
	var words []string
	seen := map[string]bool{}
	each(func(w string) {
		if len(words) < maxWords && w != "" && !seen[w] {
			seen[w] = true
			words = append(words, w)
		}
	})
	return words
}

// What Persian writes apart, with a non-joiner, or as one word with the word beside it, as people please.
var (
	verbPrefixes = []string{"می", "نمی"}
	pluralEnds   = []string{"هایشان", "هایتان", "هایمان", "هایی", "هایم", "هایت", "هایش", "های", "ها"}
	otherEnds    = []string{"تر", "ترین", "ام", "ات", "اش", "ای", "ایم", "اید", "اند", "مان", "تان", "شان", "ی"}
)

func endsWord(w string) bool { return slices.Contains(pluralEnds, w) || slices.Contains(otherEnds, w) }

// compound is how many of the first tokens make one word: with non-joiners between them, or affixes with spaces.
func compound(list []token) int {
	n := 1
	for n < len(list) && n < 5 {
		t := &list[n]
		if !t.glued && !(t.near && (endsWord(t.text) || slices.Contains(verbPrefixes, list[n-1].text))) {
			break
		}
		n++
	}
	return n
}

// oneWord is the first n tokens as one word.
func oneWord(list []token, n int) string {
	var b strings.Builder
	for _, t := range list[:n] {
		b.WriteString(t.text)
	}
	w := b.String()
	if utf8.RuneCountInString(w) > maxWordRunes {
		w = string([]rune(w)[:maxWordRunes])
	}
	return w
}

// stem is a word without the ending of a plural that is written as part of it; "" for another.
func stem(w string) string {
	for _, end := range pluralEnds {
		if s, ok := strings.CutSuffix(w, end); ok && utf8.RuneCountInString(s) >= 3 {
			return s
		}
	}
	return ""
}

// telephone is how many of the first tokens are a telephone number, with spaces, dashes and the like between them, and its digits; 0 for none.
func telephone(s string, list []token) (n int, digits string) {
	for n < len(list) && n < 8 && isNumber(list[n].text) && len(digits)+len(list[n].text) <= 15 {
		if n > 0 {
			a, b := list[n-1].to, list[n].from
			if b < a || strings.Trim(s[a:b], " -().\u00a0\u200c\u200e\u200f\u202a\u202c/") != "" { // ¼ is two words in one place
				break
			}
		}
		digits += list[n].text
		n++
	}
	if len(digits) < 7 {
		return 0, ""
	}
	return n, digits
}

func isNumber(w string) bool {
	return strings.IndexFunc(w, func(r rune) bool { return r < '0' || r > '9' }) < 0
}

// lineOf is what all spellings of a telephone number share, its last ten digits: "" for fewer.
func lineOf(digits string) string {
	digits = strings.TrimLeft(digits, "0")
	if len(digits) < 10 {
		return ""
	}
	return mark + digits[len(digits)-10:]
}

// mark begins what stands in the index beside words. No word has it.
const mark = "¦"

// terms are what a text is found by: its words, those that may be written as one also joined, plurals also without their ending,
// telephone numbers also by their line.
func terms(s string) []string {
	list := tokens(s)
	return different(func(yield func(string)) {
		for i := range list {
			t := &list[i]
			yield(t.text)
			yield(stem(t.text))
			for n, whole := 2, compound(list[i:]); n <= whole; n++ {
				w := oneWord(list[i:], n)
				yield(w)
				yield(stem(w))
			}
			if t.text[0] <= '9' && isNumber(t.text) {
				if n, digits := telephone(s, list[i:]); n > 0 {
					yield(lineOf(digits))
					if n > 1 {
						yield(digits)
					}
				}
			}
		}
	})
}

// written are the terms of a document: those of its words, and a pair for each two neighbours, by which phrases are found.
func written(s string) []string {
	list := tokens(s)
	seen := map[string]bool{}
	out := terms(s)
	for i := 1; i < len(list); i++ {
		// A piece of one letter is also taken together with what it may be written with.
		lefts, rights := []string{list[i-1].text}, []string{list[i].text}
		if i > 1 && utf8.RuneCountInString(lefts[0]) < 2 {
			lefts = append(lefts, list[i-2].text+lefts[0])
		}
		if i+1 < len(list) && utf8.RuneCountInString(rights[0]) < 2 {
			rights = append(rights, rights[0]+list[i+1].text)
		}
		for _, l := range lefts {
			for _, r := range rights {
				if p := pairOf(l, r); !seen[p] && len(seen) < maxWords {
					seen[p] = true
					out = append(out, p)
				}
			}
		}
	}
	return out
}

// pairOf is a term for two neighbours: one of 4096, by the last two letters of the one and the first two of the other, which stay what they
// are however the words are put together.
func pairOf(left, right string) string {
	h := fnv.New32a()
	h.Write([]byte(lastLetters(left) + " " + firstLetters(right)))
	v := h.Sum32()
	return pairSign + strconv.FormatUint(uint64((v^v>>12^v>>24)&0xfff), 36)
}

func lastLetters(w string) string {
	at := len(w)
	for range 2 {
		_, n := utf8.DecodeLastRuneInString(w[:at])
		at -= n
	}
	return w[at:]
}

func firstLetters(w string) string {
	at := 0
	for range 2 {
		_, n := utf8.DecodeRuneInString(w[at:])
		at += n
	}
	return w[:at]
}

// pairsOf are what the clauses of a phrase must be found by beside their words. Those within a way are added to it.
func pairsOf(words []clause) (out []clause) {
	for i := 1; i < len(words); i++ {
		c := clause{any: [][]string{{pairOf(words[i-1].ends[1], words[i].ends[0])}}, quoted: true}
		for _, left := range words[i-1].any {
			for _, right := range words[i].any {
				if p := []string{pairOf(left[len(left)-1], right[0])}; !slices.ContainsFunc(c.any, func(o []string) bool { return o[0] == p[0] }) {
					c.any = append(c.any, p)
				}
			}
		}
		out = append(out, c)
	}
	for _, c := range words {
		for i, way := range c.any {
			for k := 1; k < len(way); k++ { // way itself stays as it is
				c.any[i] = append(c.any[i], pairOf(way[k-1], way[k]))
			}
		}
	}
	return out
}
