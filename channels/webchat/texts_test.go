package webchat

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestTexts(t *testing.T) {
	all := ownTexts()
	en, fa := slices.Sorted(maps.Keys(all["en"])), slices.Sorted(maps.Keys(all["fa"]))
	if !slices.Equal(en, fa) {
		t.Errorf("the languages say different things:\n%v\n%v", en, fa)
	}
	for _, name := range en {
		if strings.Count(all["en"][name], "{0}") != strings.Count(all["fa"][name], "{0}") {
			t.Errorf("%s names something in one language only", name)
		}
	}
	s, err := read([]byte(`{"allowed_origins":["https://a.example"],"title":"Tea","title_fa":"چای","welcome":"Hi","texts":["en.closed: We sleep: until {0}","fa.save:برویم"]}`))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"en.title": "Tea", "fa.title": "چای", "fa.welcome": "Hi", "en.closed": "We sleep: until {0}", "fa.save": "برویم", "en.save": "Start"} {
		lang, name, _ := strings.Cut(path, ".")
		if got := s.texts[lang][name]; got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	for _, bad := range []string{"closed: x", "de.closed: x", "en.nothing: x", "en.closed"} {
		if _, err := readTexts(lines{bad}); err == nil {
			t.Errorf("%q passes", bad)
		}
	}
}

func TestChooseLanguage(t *testing.T) {
	for _, c := range []struct {
		setting      string
		wishes       []string
		lang, locale string
	}{
		{"auto", []string{"", "fa-IR", "en-US"}, "fa", "fa-IR-u-ca-persian"},
		{"auto", []string{"", "de", "fa"}, "en", "en"},
		{"auto", []string{"", "", "fa"}, "fa", "fa-IR-u-ca-persian"},
		{"fa", []string{"", "en", "en-GB"}, "fa", "fa-IR-u-ca-persian"},
		{"fa", []string{"en", "fa", "en-GB"}, "en", "en-GB"},
		{"auto", []string{"auto", "en", "xx<script>"}, "en", "en"},
		{"auto", []string{"", "fake", ""}, "en", "en"},
		{"auto", nil, "en", "en"},
	} {
		if lang, locale := chooseLanguage(c.setting, c.wishes); lang != c.lang || locale != c.locale {
			t.Errorf("%s %q: %s %s", c.setting, c.wishes, lang, locale)
		}
	}
}

// Whatever colour a firm has, what stands on it or in it can be read.
func TestPaletteIsReadable(t *testing.T) {
	colors := []string{"#000", "#fff", "#ff0", "#0ff", "#f0f", "#777", "#767676", "#808080", "#ffd400", "#0f766e"}
	for range 500 {
		colors = append(colors, fmt.Sprintf("#%06x", rand.IntN(1<<24)))
	}
	for _, color := range colors {
		p := newPalette(color)
		for what, c := range map[string]float64{
			"text on the accent": contrast(parseColor(p.On), parseColor(color)), "ink on light": contrast(parseColor(p.Ink), lightGround), "ink on dark": contrast(parseColor(p.InkDark), darkGround),
		} {
			if c < 4.5 {
				t.Errorf("%s: %s has %.2f to 1", color, what, c)
			}
		}
	}
	if got := contrast(parseColor("#777"), rgb{1, 1, 1}); got < 4.4 || got > 4.5 {
		t.Errorf("#777 on white is %.2f, WCAG says 4.48", got)
	}
}
