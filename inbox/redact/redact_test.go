package redact

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

var all = Rules{Cards: true, NationalIDs: true, Passwords: true}

func TestText(t *testing.T) {
	for text, want := range map[string]string{
		"کارت من ۶۰۳۷-۹۹۷۱-۲۳۴۵-۶۷۸۳ است":                 "کارت من •••• ۶۷۸۳ است",
		"my card 4111 1111 1111 1111, exp 12/28":          "my card •••• 1111, exp 12/28",
		"5500-0000-0000-0004":                             "•••• 0004",
		"378282246310005":                                 "•••• 0005",
		"4111111111111112":                                "4111111111111112",       // fails Luhn
		"order 1234567890123452":                          "order 1234567890123452", // passes Luhn, no issuer begins so
		"4111111111111111 and 6037997123456783 both":      "•••• 1111 and •••• 6783 both",
		"4111\u200c1111\u200e1111–1111":                   "•••• 1111",
		"کد ملی من ۰۰۸۴۵۷۵۹۴۸":                            "کد ملی من ••••••",
		"national id: 0084575948.":                        "national id: ••••••.",
		"کدملی 008-457594-8":                              "کدملی ••••••",
		"my order is 0084575948":                          "my order is 0084575948", // nothing says that it is one
		"کد ملی ۱۱۱۱۱۱۱۱۱۱":                               "کد ملی ۱۱۱۱۱۱۱۱۱۱",
		"کد ملی 0084575949":                               "کد ملی 0084575949",
		"call 09123456789":                                "call 09123456789",
		"password: hunter2, thanks":                       "password: ••••••, thanks",
		"my password is hunter2!":                         "my password is ••••••!",
		"I forgot my password please help":                "I forgot my password please help",
		"رمز عبور من رو فراموش کردم":                      "رمز عبور من رو فراموش کردم",
		"رمز عبورم: Zahra@1380":                           "رمز عبورم: ••••••",
		"رمز دوم ۱۲۳۴۵۶ است":                              "رمز دوم •••••• است",
		"پسورد من اینه abc123":                            "پسورد من اینه ••••••",
		"گذرواژه «سلام‌دنیا»":                             "گذرواژه «سلام‌دنیا»",
		"گذرواژه: «سلام‌دنیا»":                            "گذرواژه: «••••••»",
		"گذر\u200cواژه\u200cام: abc123":                   "گذر\u200cواژه\u200cام: ••••••",
		"pass\u00adword: hun\u200bter2, thanks":           "pass\u00adword: ••••••, thanks",
		"پس\u200cورد 12\u200c34":                          "پس\u200cورد ••••••",
		"411111111111\u2060\u20601\ufeff\u200b\u200d111!": "•••• 1111!",
		"کد ملی 00\u200c845\u200c75948":                   "کد ملی ••••••",
		"CVV2=123":                                        "CVV2=••••••",
		"کد تایید 52731":                                  "کد تایید ••••••",
		"رمزارز ۲۰۰ تومان شد":                             "رمزارز ۲۰۰ تومان شد",
		"the password page has 3 fields":                  "the password page has 3 fields",
		"":                                                "",
	} {
		if got, _ := all.Text(text); got != want {
			t.Errorf("%q\n became %q\n   want %q", text, got, want)
		}
	}
	if got, kinds := all.Text("password: 4111111111111111 کد ملی 0084575948"); got != "password: •••• 1111 کد ملی ••••••" || !slices.Equal(kinds, []Secret{{Card, "4111111111111111"}, {NationalID, "0084575948"}}) {
		t.Errorf("%q %v", got, kinds)
	}
	if got, _ := (Rules{NationalIDs: true, Always: true}).Text("order 0084575948"); got != "order ••••••" {
		t.Errorf("%q", got)
	}
	if got, _ := (Rules{}).Text("4111111111111111 password: x123"); !strings.HasPrefix(got, "4111") {
		t.Errorf("%q", got)
	}
}

func TestHTML(t *testing.T) {
	for source, want := range map[string]string{
		`<p title="4111111111111111">card <b>4111 1111 1111 1111</b> &amp; more</p>`: `<p title="4111111111111111">card <b>•••• 1111</b> &amp; more</p>`,
		`<p>1 &lt; 2 password: a&amp;b1</p>`:                                         `<p>1 &lt; 2 password: ••••••</p>`,
		`<p>nothing &nbsp; here</p>`:                                                 `<p>nothing &nbsp; here</p>`,
	} {
		if got, _ := all.HTML(source); got != want {
			t.Errorf("%s\n became %s\n   want %s", source, got, want)
		}
	}
}

// Every card is found however it is parted and whatever digits it is in; a number that differs in one digit is none.
func TestCards(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		d := append([]byte{}, [][]byte{{6, 0, 3, 7, 9, 9}, {4}, {5, 1}, {6, 2, 1, 9, 8, 6}, {2, 2, 2, 1}, {5, 0, 2, 2, 2, 9}}[rng.IntN(6)]...)
		for len(d) < 15 {
			d = append(d, byte(rng.IntN(10)))
		}
		for last := byte(0); ; last++ {
			if isCard(append(slices.Clone(d), last)) {
				d = append(d, last)
				break
			}
		}
		zero := []rune{'0', '٠', '۰'}[rng.IntN(3)]
		sep := []string{"", " ", "-", "  ", "\u200c", " - "}[rng.IntN(5)]
		var b strings.Builder
		for i, x := range d {
			if i > 0 && i%4 == 0 {
				b.WriteString(sep)
			}
			b.WriteRune(zero + rune(x))
		}
		text := "text " + b.String() + " متن"
		found := all.Find(text)
		if len(found) != 1 || found[0].Kind != Card || text[found[0].From:found[0].To] != b.String() {
			t.Fatalf("%q: %+v", text, found)
		}
		d[7] = (d[7] + 1) % 10
		if isCard(d) {
			t.Fatalf("%v passes with a digit changed", d)
		}
	}
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"4111 1111 1111 1111", "password: x1\xff", "کد ملی ۰۰۸۴۵۷۵۹۴۸ رمز: «", "1-2-3-4-5-6-7-8-9-0-1-2-3-4-5-6", strings.Repeat("4", 100), "پسورد:::::"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		end := 0
		for _, x := range all.Find(s) {
			if x.From < end || x.To <= x.From || x.To > len(s) {
				t.Fatalf("%q: %+v", s, x)
			}
			end = x.To
		}
		masked, _ := all.Text(s)
		if utf8.ValidString(s) && !utf8.ValidString(masked) {
			t.Fatalf("%q became %q", s, masked)
		}
		if again, kinds := all.Text(masked); strings.Contains(fmt.Sprint(kinds), Card+" ") {
			t.Fatalf("a card is left in %q, then %q", masked, again)
		}
		all.HTML(s)
	})
}
