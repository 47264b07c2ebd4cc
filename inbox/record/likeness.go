package record

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What customers are compared by: words that two who may be one person share.
//
//	phone:…     the last ten digits of a number, however it is spelled
//	email:…     an address without what follows a +
//	name:…      letters of a name of several words, in its order and sorted
//	name1:…     of a name that is one long word; it is like a name of several words only
//	sound/fa:…  consonants of a name of several words in Arabic script, likewise; it is like
//	sound/la:…  those of one in Latin script only
//	typed/…     a phone:… or email:… that somebody typed about themselves, which is no address of theirs

// likenessWords are a customer's, of all its names and addresses.
func likenessWords(names []string, ids []Identity) []string {
	var words []string
	for _, i := range ids {
		names = append(names, i.Name)
		if w := phoneWord(i.Channel, i.Address); w != "" {
			words = append(words, w)
		}
		if w := emailWord(i.Address); w != "" {
			words = append(words, w)
		}
	}
	for _, n := range names {
		name, addresses := typedIn(n)
		words = append(append(words, nameWords(name)...), addresses...)
	}
	slices.Sort(words)
	words = slices.Compact(words)
	return words[:min(len(words), maxLikenessWords)]
}

const maxLikenessWords = 60

// looksFor are the words to be found at another customer for one of one's own.
func looksFor(word string) []string {
	kind, rest, _ := strings.Cut(word, ":")
	switch kind {
	case "name":
		return []string{word, "name1:" + rest}
	case "name1":
		return []string{"name:" + rest}
	case "sound/fa":
		return []string{"sound/la:" + rest}
	case "sound/la":
		return []string{"sound/fa:" + rest}
	case "email", "phone":
		return []string{word, "typed/" + word}
	case "typed/email", "typed/phone":
		return []string{strings.TrimPrefix(word, "typed/"), word}
	}
	return []string{word}
}

// phoneWord is "" for what is no telephone number. Other channels' addresses may be numbers too, so that one of them has to begin like a
// telephone number.
func phoneWord(channel, address string) string {
	if len(address) > 40 {
		return ""
	}
	var digits strings.Builder
	plus := false
	for i, r := range Fold(address) {
		switch {
		case r >= '0' && r <= '9':
			digits.WriteRune(r)
		case r == '+' && i == 0:
			plus = true
		case !strings.ContainsRune(" -().\u00a0", r):
			return ""
		}
	}
	d := digits.String()
	if !plus && channel != phoneChannel && !strings.HasPrefix(d, "00") && !(len(d) == 11 && strings.HasPrefix(d, "09")) {
		return ""
	}
	d = strings.TrimLeft(d, "0")
	if len(d) < 7 || len(d) > 15 {
		return ""
	}
	return "phone:" + d[max(0, len(d)-10):]
}

// emailWord is "" for what is no mail address.
func emailWord(address string) string {
	s := strings.ToLower(strings.TrimSpace(address))
	at := strings.LastIndexByte(s, '@')
	if len(s) > 254 || at < 1 || !strings.Contains(s[at:], ".") || strings.ContainsFunc(s, unicode.IsSpace) || strings.ContainsAny(s, ",;<>:\"/") {
		return ""
	}
	box, _, _ := strings.Cut(s[:at], "+")
	if box == "" {
		return ""
	}
	return "email:" + box + s[at:]
}

// typedIn parts a name as the web chat's form makes it, "Sara Karimi (sara@example.com, 0912 123 4567)", into the name and typed/ words.
func typedIn(name string) (string, []string) {
	rest, list := "", name
	if i := strings.LastIndex(name, " ("); i > 0 && strings.HasSuffix(name, ")") {
		rest, list = name[:i], name[i+2:len(name)-1]
	}
	var words []string
	for _, a := range strings.Split(list, ", ") {
		if w := cmp.Or(emailWord(a), phoneWord("", a)); w != "" {
			words = append(words, "typed/"+w)
		}
	}
	if words == nil {
		return name, nil
	}
	return rest, words
}

// titles are no part of a name.
var titles = []string{"اقای", "اقا", "خانم", "دکتر", "مهندس", "mr", "mrs", "ms", "miss", "dr"}

// nameWords are none for a short name of one word: too many have it. A short number is part of a name, since shops and branches are told apart
// by it; a long one is a telephone's or an id.
func nameWords(name string) []string {
	if len(name) > 400 {
		return nil
	}
	var words []string
	letters, written := 0, 0 // in words without a digit, and these
	for _, w := range Words(name) {
		digits := 0
		strange := slices.Contains(titles, w) || strings.ContainsFunc(w, func(r rune) bool {
			if r >= '0' && r <= '9' {
				digits++
				return false
			}
			return !unicode.IsLetter(r) && !unicode.IsMark(r)
		})
		if strange || digits > 6 {
			continue
		}
		words = append(words, w)
		if digits == 0 {
			letters += utf8.RuneCountInString(w)
			written++
		}
	}
	if letters < 6 || len(words) > 8 {
		return nil
	}
	joined := strings.Join(words, "")
	if written == 1 {
		return []string{"name1:" + joined}
	}
	out := []string{"name:" + joined}
	sorted := slices.Sorted(slices.Values(words))
	out = append(out, "name:"+strings.Join(sorted, ""))
	var sounds []string
	script, consonants := "", 0
	for _, w := range words {
		if strings.ContainsAny(w, "0123456789") {
			sounds = append(sounds, w)
			continue
		}
		s, of := soundOf(w)
		if of == "" || script != "" && of != script {
			return out // of a third script, or of two
		}
		script = of
		sounds = append(sounds, s)
		consonants += len(s)
	}
	if consonants >= 3 {
		out = append(out, "sound/"+script+":"+strings.Join(sounds, ""))
		slices.Sort(sounds)
		out = append(out, "sound/"+script+":"+strings.Join(sounds, ""))
	}
	return out
}

// Consonants by script. What is in neither table and is a letter of the script is a vowel, or may be one.
var (
	arabicSounds = map[rune]byte{'ب': 'b', 'پ': 'p', 'ت': 't', 'ط': 't', 'ث': 's', 'س': 's', 'ص': 's', 'ج': 'j', 'چ': 'c', 'ح': 'h', 'ه': 'h', 'خ': 'x', 'د': 'd',
		'ذ': 'z', 'ز': 'z', 'ض': 'z', 'ظ': 'z', 'ر': 'r', 'ژ': 'j', 'ش': 'S', 'غ': 'q', 'ق': 'q', 'ف': 'f', 'ک': 'k', 'گ': 'g', 'ل': 'l', 'م': 'm', 'ن': 'n'}
	latinPairs  = strings.NewReplacer("ch", "C", "sh", "S", "kh", "x", "gh", "q", "zh", "j", "ph", "f", "th", "t", "ck", "k", "x", "ks")
	latinSounds = "bptsjhdzrfkglmnqxSC"
)

// soundOf are a folded word's consonants, A for a vowel that it begins with, alike for an Iranian name in both scripts; and the script, "fa" or
// "la"; "" for another.
func soundOf(word string) (sound, script string) {
	var out []byte
	put := func(c byte, first, doubled bool) {
		switch {
		case c == 0 && first:
			out = append(out, 'A')
		case c != 0 && !doubled:
			out = append(out, c)
		}
	}
	if r := []rune(word); unicode.Is(unicode.Arabic, r[0]) {
		for i, r := range r {
			if !unicode.Is(unicode.Arabic, r) {
				return "", ""
			}
			c := arabicSounds[r]
			// و and ی begin a word as consonants, which are left out alike in Latin.
			put(c, i == 0 && r != 'و' && r != 'ی', i > 0 && c != 0 && len(out) > 0 && out[len(out)-1] == c && []rune(word)[i-1] == r)
		}
		script = "fa"
	} else {
		last := rune(0)
		for i, r := range latinPairs.Replace(word) {
			if r > 'z' {
				return "", ""
			}
			var c byte
			switch {
			case r == 'c':
				c = 'k'
			case r == 'C':
				c = 'c'
			case strings.ContainsRune(latinSounds, r):
				c = byte(r)
			}
			put(c, i == 0 && !strings.ContainsRune("vwy", r), r == last)
			last = r
		}
		script = "la"
	}
	if n := len(out); n > 1 && out[n-1] == 'h' { // written or not
		out = out[:n-1]
	}
	return string(out), script
}
