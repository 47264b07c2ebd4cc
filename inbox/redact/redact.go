// Package redact finds what should not stand in a message for everybody to read, in Persian and in English, and masks it: numbers of
// payment cards, Iranian national ids, passwords and one-time codes. It is pure: text in, text out.
//
// Cards are told by Luhn's check and the first digits that issuers have (ISO/IEC 7812), national ids by their check digit. Both have false
// positives: one number in ten or eleven passes by chance, so a national id counts only near a word that names it unless Always says otherwise.
package redact

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"tamas/persian"

	"golang.org/x/net/html"
)

// Rules are what is masked.
type Rules struct {
	Cards       bool
	NationalIDs bool
	Always      bool // NationalIDs without a word near that says what the number is
	Passwords   bool
}

// Kinds of what is found.
const (
	Card       = "card"
	NationalID = "national_id"
	Password   = "password"
)

// Found is one place in a text, in bytes.
type Found struct {
	Kind     string
	From, To int
}

// Any tells whether there is anything to look for.
func (r Rules) Any() bool { return r.Cards || r.NationalIDs || r.Passwords }

// Find lists what is to be masked in a text, in order, without overlaps. Invisible characters, wherever they stand, hide nothing.
func (r Rules) Find(text string) []Found {
	list := r.find(text)
	seen, at := visible(text)
	if len(seen) == len(text) {
		return list
	}
	for _, f := range r.find(seen) {
		f.From, f.To = at[f.From], at[f.To-1]+1
		for i := 0; i < len(list); {
			if o := list[i]; f.From < o.To && o.From < f.To {
				f.From, f.To = min(f.From, o.From), max(f.To, o.To)
				list = slices.Delete(list, i, i+1)
			} else {
				i++
			}
		}
		list = append(list, f)
	}
	slices.SortFunc(list, func(a, b Found) int { return a.From - b.From })
	return list
}

// visible is a text without its invisible characters, and where each of its bytes stands in the text.
func visible(text string) (seen string, at []int) {
	if strings.IndexFunc(text, invisible) < 0 {
		return text, nil
	}
	var b strings.Builder
	for i, c := range text {
		if invisible(c) {
			continue
		}
		n := utf8.RuneLen(c)
		if c == utf8.RuneError { // a byte that is none
			_, n = utf8.DecodeRuneInString(text[i:])
		}
		b.WriteString(text[i : i+n])
		for k := range n {
			at = append(at, i+k)
		}
	}
	return b.String(), at
}

// invisible characters join, part and direct others: ZWNJ, marks of direction, soft hyphens.
func invisible(c rune) bool { return unicode.Is(unicode.Cf, c) }

func (r Rules) find(text string) []Found {
	var list []Found
	if r.Cards || r.NationalIDs {
		list = r.numbers(text)
	}
	if r.Passwords {
		for _, f := range passwords(text) {
			if !slices.ContainsFunc(list, func(o Found) bool { return f.From < o.To && o.From < f.To }) {
				list = append(list, f)
			}
		}
		slices.SortFunc(list, func(a, b Found) int { return a.From - b.From })
	}
	return list
}

// Secret is what was masked, as it stood there.
type Secret struct {
	Kind  string `json:"kind"`
	Value string `json:"value"`
}

// Text masks a text and tells what was: of a card its last four digits stay.
func (r Rules) Text(text string) (masked string, secrets []Secret) {
	found := r.Find(text)
	if len(found) == 0 {
		return text, nil
	}
	var b strings.Builder
	at := 0
	for _, f := range found {
		was := text[f.From:f.To]
		b.WriteString(text[at:f.From])
		b.WriteString(mask(f.Kind, was))
		at = f.To
		secrets = append(secrets, Secret{f.Kind, was})
	}
	b.WriteString(text[at:])
	return b.String(), secrets
}

// HTML is Text for the texts in cleaned HTML; a number that is parted by tags is not seen as one.
func (r Rules) HTML(source string) (masked string, secrets []Secret) {
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(source))
	for {
		switch z.Next() {
		case html.ErrorToken:
			if len(secrets) == 0 {
				return source, nil
			}
			return b.String(), secrets
		case html.TextToken:
			raw := string(z.Raw()) // Text would spoil it
			masked, found := r.Text(html.UnescapeString(raw))
			if len(found) == 0 {
				b.WriteString(raw)
				continue
			}
			b.WriteString(html.EscapeString(masked))
			secrets = append(secrets, found...)
		default:
			b.Write(z.Raw())
		}
	}
}

func mask(kind, was string) string {
	if kind != Card {
		return "••••••"
	}
	var last []rune
	for _, c := range was {
		if _, ok := digit(c); ok {
			last = append(last, c)
		}
	}
	return "•••• " + string(last[len(last)-4:])
}

// digit reads one of Latin, Arabic or Persian.
func digit(c rune) (byte, bool) {
	if c = persian.Latin(c); c >= '0' && c <= '9' {
		return byte(c - '0'), true
	}
	return 0, false
}

// between tells what may stand between the digits of one number, at most twice in a row: spaces, dashes, invisible marks.
func between(c rune) bool {
	switch c {
	case ' ', '-', '_', '.', '/', '\u00a0', '\u2010', '\u2011', '\u2012', '\u2013', '\u2014', '\u200c', '\u200e', '\u200f', '\u202f', '\u2009':
		return true
	}
	return false
}

// group is a run of digits without anything between.
type group struct {
	from, to int
	digits   []byte
}

// runs are the groups of a text that follow each other with no more than two separators between, run by run.
func runs(text string) (out [][]group) {
	var run []group
	gap := 3 // characters since the last digit
	for i, c := range text {
		d, ok := digit(c)
		switch {
		case !ok && between(c):
			gap++
		case !ok:
			gap = 3
		default:
			if gap > 2 {
				if run != nil {
					out = append(out, run)
				}
				run = nil
			}
			if gap > 0 || len(run) == 0 {
				run = append(run, group{from: i})
			}
			g := &run[len(run)-1]
			g.digits, g.to = append(g.digits, d), i+utf8.RuneLen(c)
			gap = 0
		}
	}
	if run != nil {
		out = append(out, run)
	}
	return out
}

func (r Rules) numbers(text string) (list []Found) {
	for _, run := range runs(text) {
		for i := 0; i < len(run); {
			took := 0
			var digits []byte
			for k := i; k < len(run) && len(digits) < 19 && took == 0; k++ {
				digits = append(digits, run[k].digits...)
				whole := k-i+1 == 1 || len(run[i].digits) >= 3 // "4 5 6" is no card
				switch {
				case r.Cards && whole && isCard(digits) && !otherwise(text, run, i):
					// One that goes on is another number; but the longer of two that pass is meant.
					for n := k + 1; n < len(run) && len(digits)+len(run[n].digits) <= 19; n++ {
						if more := append(slices.Clone(digits), run[n].digits...); isCard(more) && len(digits) < 16 {
							digits, k = more, n
						} else {
							break
						}
					}
					list = append(list, Found{Card, run[i].from, run[k].to})
					took = k - i + 1
					if at := besideCard.FindStringSubmatchIndex(text[run[k].to:]); at != nil {
						list = append(list, Found{Password, run[k].to + at[2], run[k].to + at[3]})
						for i+took < len(run) && run[i+took].from < run[k].to+at[3] {
							took++
						}
					}
				case r.NationalIDs && isNationalID(digits) && alone(run, i, k) && (r.Always || named(text, run[i].from, run[k].to)):
					list = append(list, Found{NationalID, run[i].from, run[k].to})
					took = k - i + 1
				}
			}
			i += max(took, 1)
		}
	}
	return list
}

// besideCard is how a card goes on: when it ends, and the digits of its back.
var besideCard = regexp.MustCompile(`^[\s,،;|]*(?i:exp\w*[:\s]*)?[0-9۰-۹]{2}\s*[/-]\s*[0-9۰-۹]{2,4}[\s,،;|]+([0-9۰-۹]{3,4})(?:[^0-9۰-۹/.-]|$)`)

// otherWords: the number of something that is no card stands behind a word for it.
var otherWords = regexp.MustCompile(`(?i)(?:\b(?:order|invoice|tracking|parcel|shipment|reference|ref|ticket|transaction|imei|serial|barcode)|سفارش|فاکتور|ره‌?گ[یي]ر[یي]|پ[یي]گ[یي]ر[یي]|مرسوله|بارنامه|شبا|سر[یي]ال|بارکد|تراکنش|ارجاع)[\p{L}\x{200c}]{0,3}(?:[\s:#=.\x{200c}-]|\b(?:number|no|nr|id|code|is)\b|شماره|کد|پست[یي]|مرسوله|من)*$`)

// otherwise tells that a number is said to be something else, or is an account's (IBAN).
func otherwise(text string, run []group, i int) bool {
	const near = 60
	if otherWords.MatchString(strings.ToValidUTF8(text[max(0, run[i].from-near):run[i].from], "")) {
		return true
	}
	return isIBAN(text, run)
}

// isIBAN tells a run that is the rest of one: two letters before it, and a sum that is right.
func isIBAN(text string, run []group) bool {
	from := run[0].from
	if from < 2 || len(run[0].digits) < 2 {
		return false
	}
	a, b := text[from-2]|0x20, text[from-1]|0x20
	if a < 'a' || a > 'z' || b < 'a' || b > 'z' {
		return false
	}
	sum := 0
	add := func(d byte) { sum = (sum*10 + int(d)) % 97 }
	for i, g := range run {
		for n, d := range g.digits {
			if i > 0 || n >= 2 {
				add(d)
			}
		}
	}
	for _, letter := range []byte{a, b} {
		add((letter - 'a' + 10) / 10)
		add((letter - 'a' + 10) % 10)
	}
	add(run[0].digits[0])
	add(run[0].digits[1])
	return sum == 1
}

// alone: a national id is written in one piece or as 3-6-1.
func alone(run []group, i, k int) bool {
	return i == k || k-i == 2 && len(run[i].digits) == 3 && len(run[i+1].digits) == 6
}

func isCard(d []byte) bool {
	if len(d) < 13 || len(d) > 19 {
		return false
	}
	n := int(d[0])*1000 + int(d[1])*100 + int(d[2])*10 + int(d[3])
	if (d[0] < 3 || d[0] > 6) && (n < 2221 || n > 2720) && n != 9919 || d[0] == 3 && len(d) > 16 {
		return false
	}
	sum := 0
	for i, x := range d {
		v := int(x)
		if (len(d)-i)%2 == 0 {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum += v
	}
	return sum%10 == 0 && slices.ContainsFunc(d, func(x byte) bool { return x != d[0] })
}

// isNationalID checks the last of ten digits, as the Iranian registry does.
func isNationalID(d []byte) bool {
	if len(d) != 10 || !slices.ContainsFunc(d, func(x byte) bool { return x != d[0] }) {
		return false
	}
	sum := 0
	for i, x := range d[:9] {
		sum += int(x) * (10 - i)
	}
	if sum %= 11; sum >= 2 {
		sum = 11 - sum
	}
	return int(d[9]) == sum
}

var nationalWords = regexp.MustCompile(`(?i)(ملّ?[یيى]|national\s*(id|code|number|no)|\bmell?i\b|\bssn\b)`)

// named tells a word near a number that says it is a national id.
func named(text string, from, to int) bool {
	const near = 60 // bytes, about thirty letters
	a, b := max(0, from-near), min(len(text), to+near)
	return nationalWords.MatchString(text[a:from]) || nationalWords.MatchString(text[to:b])
}

// Words before a secret. Persian letters come in several spellings.
var secretWords = regexp.MustCompile(`(?i)(\bpass(?:word|code|wd)?\b|\bpwd\b|\bpin(?:\s*code)?\b|\b(?:verification|security|confirmation|login|access|one[- ]?time|sms)\s+code\b|\bcvv2?\b|س[یي]\s?و[یي]\s?و[یي](?:\s?[2۲٢])?|\botp\b|پ[اَ]?سورد|پس\s?ورد|رمز[\s\x{200c}]*(?:عبور|دوم|پو[یي]ا|[یي]کبار\s*مصرف|کارت|ورود)?|گذر\s?واژه|[کك]لمه[\s\x{200c}]*عبور|[کك]د[\s\x{200c}]*(?:تا[یي][یي]د|فعال\s?ساز[یي]|ورود|[یي]ک\s?بار\s?مصرف))`)

var (
	// What may stand between the word and the secret: "my password is: …", «رمزم اینه …».
	saysSo  = regexp.MustCompile(`^[\s\x{200c}]*(?:من|م|ام|شما|ش|کارتم?|my|is|هست|است|ا[یي]نه|ا[یي]ن|برابر|عبارت\s+است\s+از|[\s\x{200c}])*[\s\x{200c}]*[:=：]+[\s\x{200c}"'«“(\[]*`)
	follows = regexp.MustCompile(`^[\s\x{200c}]*(?:(?:من|م|ام|شما|ش|کارتم?|is|هست|است|ا[یي]نه|ا[یي]ن)[\s\x{200c}]+)*["'«“(\[]*`)
	token   = regexp.MustCompile(`^[^\s"'»”)\],،؛;]{3,128}`)
)

// passwords are what follows a word for a secret: anything behind a colon, or what has a digit in it and is no mere count.
func passwords(text string) (list []Found) {
	end := 0
	for _, w := range secretWords.FindAllStringIndex(text, -1) {
		if w[0] < end {
			continue
		}
		rest := text[w[1]:]
		at, sure := saysSo.FindStringIndex(rest), true
		if at == nil {
			at, sure = follows.FindStringIndex(rest), false
		}
		if at == nil || !sure && at[1] == 0 {
			continue
		}
		t := token.FindString(rest[at[1]:])
		t = strings.TrimRight(t, ".!?؟…")
		if utf8.RuneCountInString(t) < 3 || !sure && !hasDigits(t) {
			continue
		}
		from := w[1] + at[1]
		end = from + len(t)
		list = append(list, Found{Password, from, end})
	}
	return list
}

// hasDigits tells what looks like a code: at least three digits, or a digit among letters that no Persian word has.
func hasDigits(t string) bool {
	n, latin := 0, false
	for _, c := range t {
		if _, ok := digit(c); ok {
			n++
		}
		latin = latin || c < 128 && unicode.IsLetter(c)
	}
	return n >= 3 || n > 0 && latin
}
