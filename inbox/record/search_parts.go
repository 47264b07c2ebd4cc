package record

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Part is a piece of a text, in order. Hits are what was searched for.
type Part struct {
	Text string `json:"text"`
	Hit  bool   `json:"hit,omitempty"`
}

// hits finds where words of a query are in a text: pieces of it by their bytes, in order.
func hits(s string, words []clause, phrases []string) [][2]int {
	list := tokens(s)
	var found [][2]int
	for i := range list {
		to := 0
		for _, c := range words {
			if c.quoted {
				continue
			}
			for _, way := range c.any {
				for _, w := range way {
					to = max(to, hitAt(s, list[i:], w))
				}
			}
		}
		for _, p := range phrases {
			to = max(to, phraseAt(list[i:], p))
		}
		if to > 0 {
			if n := len(found); n > 0 && list[i].from <= found[n-1][1] {
				found[n-1][1] = max(found[n-1][1], to)
			} else {
				found = append(found, [2]int{list[i].from, to})
			}
		}
	}
	return found
}

// hitAt is where a word ends that the first token begins; 0: it is another.
func hitAt(s string, list []token, word string) int {
	if strings.HasPrefix(word, mark) {
		if t := list[0].text; t[0] > '9' || !isNumber(t) {
			return 0
		}
		if n, digits := telephone(s, list); n > 0 && lineOf(digits) == word {
			return list[n-1].to
		}
		return 0
	}
	word, begins := strings.CutSuffix(word, "*")
	is := func(w string) bool { return w == word || begins && strings.HasPrefix(w, word) || stem(w) == word }
	if is(list[0].text) {
		return list[0].to
	}
	if !strings.HasPrefix(word, list[0].text) {
		return 0
	}
	for n, whole := 2, compound(list); n <= whole; n++ {
		if is(oneWord(list, n)) {
			return list[n-1].to
		}
	}
	if len(list) > 1 && isNumber(list[0].text) {
		if n, digits := telephone(s, list); n > 1 && is(digits) {
			return list[n-1].to
		}
	}
	return 0
}

// phraseAt is where a phrase, without what parts its words, ends that the first token begins; 0: it does not.
func phraseAt(list []token, phrase string) int {
	for i := range list {
		rest, ok := strings.CutPrefix(phrase, list[i].text)
		if !ok {
			return 0
		}
		if phrase = rest; phrase == "" {
			return list[i].to
		}
	}
	return 0
}

// holds tells whether a text holds all phrases.
func holds(s string, phrases []string) bool {
	list := tokens(s)
	return !slices.ContainsFunc(phrases, func(p string) bool {
		for i := range list {
			if phraseAt(list[i:], p) > 0 {
				return false
			}
		}
		return true
	})
}

// parts are the surroundings of the first hit, about length characters, spaces made one.
func parts(s string, found [][2]int, length int) []Part {
	const before = 40
	from := 0
	if len(found) > 0 && utf8.RuneCountInString(s[:found[0][0]]) > before {
		// From the beginning of a word.
		from = found[0][0]
		for n := 0; from > 0 && n < before; n++ {
			_, size := utf8.DecodeLastRuneInString(s[:from])
			from -= size
		}
		if i := strings.IndexFunc(s[from:found[0][0]], unicode.IsSpace); i >= 0 {
			from += i
		}
	}
	out := []Part{}
	room := length
	space := true // nothing before it, or a space: another is left out
	add := func(piece string, hit bool) {
		var b strings.Builder
		for _, r := range piece {
			if unicode.IsSpace(r) {
				if space {
					continue
				}
				r = ' '
			}
			space = r == ' '
			if room--; room < 0 {
				break
			}
			b.WriteRune(r)
		}
		if b.Len() > 0 {
			out = append(out, Part{b.String(), hit})
		}
	}
	at := from
	for _, f := range found {
		if room <= 0 {
			break
		}
		if f[0] < at { // two words in one place
			continue
		}
		add(s[at:f[0]], false)
		add(s[f[0]:f[1]], true)
		at = f[1]
	}
	add(s[at:], false)
	join := func(i int, text string, front bool) {
		switch {
		case out[i].Hit && front:
			out = slices.Insert(out, 0, Part{Text: text})
		case out[i].Hit:
			out = append(out, Part{Text: text})
		case front:
			out[i].Text = text + out[i].Text
		default:
			out[i].Text = strings.TrimRight(out[i].Text, " ") + text
		}
	}
	if len(out) > 0 && from > 0 {
		join(0, "… ", true)
	}
	if len(out) > 0 && room < 0 {
		join(len(out)-1, " …", false)
	}
	if n := len(out); n > 0 && !out[n-1].Hit {
		out[n-1].Text = strings.TrimRight(out[n-1].Text, " ")
		if out[n-1].Text == "" {
			out = out[:n-1]
		}
	}
	return out
}

// whole is the text of parts.
func whole(list []Part) string {
	var b strings.Builder
	for _, p := range list {
		b.WriteString(p.Text)
	}
	return b.String()
}
