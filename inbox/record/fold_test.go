package record

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestFold(t *testing.T) {
	for text, want := range map[string]string{
		"كتاب\u200cهاي عَلي":               "کتاب های علی",
		"مـمـنـون":                         "ممنون",
		"۱۲۳ ٤٥٦":                          "123 456",
		"آب أب إب مؤمن رئیس":               "اب اب اب مومن رییس",
		"مسئول مسؤول مسوول":                "مسوول مسوول مسوول",
		"هیئت هيأت مسئله مسأله مسائل رئیس": "هیات هیات مساله مساله مسایل رییس",
		"خانۀ مدرسة خانهٔ":                 "خانه مدرسه خانه",
		"سوء جزء":                          "سو جز",
		"Crème BRÛLÉE ﬁnally":              "creme brulee finally",
		"Straße Łódź Ærø İ":                "strasse lodz aero i",
		"ﻼ":                                "لا",
		"नमस्ते":                           "नमस्ते",
		"a\xffb":                           "a b",
	} {
		if got := Fold(text); got != want {
			t.Errorf("Fold(%q) = %q, want %q", text, got, want)
		}
	}
	if got := Words("order #1042, order 日本 it's"); !slices.Equal(got, []string{"order", "1042", "日", "本", "it", "s"}) {
		t.Errorf("words %q", got)
	}
}

func FuzzWords(f *testing.F) {
	for _, s := range []string{"كتاب\u200cها", "Straße ﷺ İ", "a\xff\x00'\"*:&|!", "日本語", strings.Repeat("é", 100), "0912 123-4567", "می روم\u2003ها", "می\u200bروم ۱۲٣", "¼0", "0912 ½ 3456789", "مسئول ئ\xffئو"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if once := Fold(s); Fold(once) != once {
			t.Fatalf("%q folds to %q, and that to %q", s, once, Fold(once))
		}
		words := Words(s)
		for _, w := range words {
			if n := len([]rune(w)); n == 0 || n > maxWordRunes || strings.ContainsAny(w, " '\"\\\x00*&|!:()<>"+mark) {
				t.Fatalf("word %q of %q", w, s)
			}
		}
		if again := Words(strings.Join(words, " ")); !slices.Equal(again, words) {
			t.Fatalf("%q became %q, then %q", s, words, again)
		}
		// Where words are in a text is in order and within it.
		at := 0
		for _, w := range tokens(s) {
			if w.from < at || w.to < w.from || w.to > len(s) {
				t.Fatalf("%q stands at %d to %d of %q, behind %d", w.text, w.from, w.to, s, at)
			}
			at = w.from
		}
		// What was written is found by itself, and marked.
		if len(s) > 2000 {
			return
		}
		s = strings.ToValidUTF8(s, " ")
		clauses := clausesOf(strings.Join(strings.Fields(s), " "))
		if missing := missingFrom(terms(s), clauses); missing != "" {
			t.Fatalf("%q is not found by %s: %q", s, missing, terms(s))
		}
		if missing := missingFrom(written(s), slices.Concat(pairsOf(clauses), clauses)); missing != "" {
			t.Fatalf("%q is not found as a phrase by %s: %q", s, missing, written(s))
		}
		if len(clauses) > 0 && len(hits(s, clausesOf(strings.Join(strings.Fields(s), " ")), nil)) == 0 {
			t.Fatalf("nothing of %q is marked for itself", s)
		}
		if got := whole(parts(s, hits(s, clauses, nil), 1<<20)); got != strings.Join(strings.Fields(s), " ") {
			t.Fatalf("%q is shown as %q", s, got)
		}
	})
}

// missingFrom is a clause that a document of these words does not satisfy; "": it has all.
func missingFrom(words []string, clauses []clause) string {
	for _, c := range clauses {
		if !slices.ContainsFunc(c.any, func(way []string) bool {
			return !slices.ContainsFunc(way, func(w string) bool { return !slices.Contains(words, w) })
		}) {
			return fmt.Sprint(c.any)
		}
	}
	return ""
}

// variant writes a text as somebody else might: other letters for the same sound, marks, digits, case, and what is between the pieces of
// a word, here written as "|".
func variant(rng *rand.Rand, s string) string {
	pick := func(of ...string) string { return of[rng.IntN(len(of))] }
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '|':
			b.WriteString(pick("\u200c", "", " ", "\u200c", "\u200b"))
			continue
		case r == 'ی':
			b.WriteString(pick("ی", "ي", "ى"))
		case r == 'ک':
			b.WriteString(pick("ک", "ك"))
		case r == 'ه':
			b.WriteString(pick("ه", "ة", "ۀ", "هٔ"))
		case r == 'ا':
			b.WriteString(pick("ا", "أ", "إ", "آ"))
		case r == 'و':
			b.WriteString(pick("و", "ؤ"))
		case r >= '0' && r <= '9':
			b.WriteString(pick(string(r), string('۰'+r-'0'), string('٠'+r-'0')))
			continue
		case r == 'e':
			b.WriteString(pick("e", "E", "é", "É", "e\u0301"))
		case r == 'o':
			b.WriteString(pick("o", "O", "ö", "ø"))
		case r >= 'a' && r <= 'z':
			b.WriteString(pick(string(r), strings.ToUpper(string(r))))
		default:
			b.WriteRune(r)
			continue
		}
		if r > 0x600 {
			b.WriteString(pick("", "", "", "ـ", "\u064e", "\u0651\u0650", "\u200d"))
		}
	}
	return b.String()
}

// However it was written and however it is asked for, it is found.
func TestSearchFindsWhatWasWrittenInEveryVariant(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, uint64(rand.Int64())))
	words := strings.Fields("می|روم نمی|خواهم کتاب|ها کتاب|های خانه|ام بزرگ|تر بزرگ|ترین آمده|اند سفارش رسید کیفیت order delivery Crème 1042 ۱۴۰۵ علی|رضا دانش|آموز سؤال مدرسه")
	for i := range words {
		words[i] = strings.NewReplacer("آ", "ا", "ؤ", "و", "è", "e", "۱", "1", "۴", "4", "۰", "0", "۵", "5", "C", "c").Replace(words[i])
	}
	phrases := 0
	for range 2000 {
		var list []string
		for range 1 + rng.IntN(4) {
			list = append(list, words[rng.IntN(len(words))])
		}
		plain := strings.Join(list, " ")
		said, asked := variant(rng, "گفت که "+plain+" پس"), variant(rng, plain)
		// Pieces of one word that are no affixes are found together only where one of the two parts them.
		if strings.Contains(plain, "علی|رضا") || strings.Contains(plain, "دانش|اموز") {
			asked = variant(rng, strings.ReplaceAll(plain, "|", "\u200c"))
			if i := strings.IndexAny(said, " "); i < 0 {
				continue
			}
		}
		clauses := ParseQuery(asked, nil, time.Unix(0, 0)).words
		if missing := missingFrom(terms(said), clauses); missing != "" {
			t.Fatalf("%q (%+q) is not found by %q (%+q): %s in %q", said, said, asked, asked, missing, terms(said))
		}
		if found := hits(said, clauses, nil); len(found) == 0 {
			t.Fatalf("nothing of %q is marked for %q", said, asked)
		}
		q := ParseQuery(`"`+asked+`"`, nil, time.Unix(0, 0))
		if holds(said, q.phrases) {
			phrases++
			if missing := missingFrom(written(said), slices.Concat(q.words, q.pairs)); missing != "" {
				t.Fatalf("%q holds %q, which is not found by %s: %q", said, asked, missing, written(said))
			}
		}
	}
	if phrases < 100 {
		t.Errorf("only %d phrases", phrases)
	}
}

func TestMarksFallOnTheText(t *testing.T) {
	for _, c := range []struct{ text, query, want string }{
		{"I want the BLUE  parcel, please", "blue parcel", "I want the [BLUE] [parcel], please"},
		{"سفارشِ كتاب\u200cهاي من", "کتاب‌های سفارش", "[سفارشِ] [كتاب\u200cهاي] من"},
		{"من می روم خانه", "می‌روم", "من [می روم] خانه"},
		{"من ميروم خانه", "می روم", "من [ميروم] خانه"},
		{"زنگ بزنید به ۰۹۱۲ ۱۲۳ ۴۵۶۷ لطفا", "+98 912-1234567", "زنگ بزنید به [۰۹۱۲ ۱۲۳ ۴۵۶۷] لطفا"},
		{"a Crème brûlée", "creme", "a [Crème] brûlée"},
		{"the red box and the box of red", `"red box"`, "the [red box] and the box of red"},
		{strings.Repeat("word ", 50) + "needle" + strings.Repeat(" more", 50), "needle", "… word word word word word word word [needle] more more"},
	} {
		q := ParseQuery(c.query, nil, time.Unix(0, 0))
		var b strings.Builder
		for _, p := range parts(c.text, hits(c.text, q.words, q.phrases), 160) {
			if p.Hit {
				b.WriteString("[" + p.Text + "]")
			} else {
				b.WriteString(p.Text)
			}
		}
		if got := b.String(); !strings.HasPrefix(got, c.want) {
			t.Errorf("%q in %q is marked as %q, want %q", c.query, c.text, got, c.want)
		}
	}
}
