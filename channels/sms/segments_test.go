package sms

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"unicode/utf16"
)

// The cases are the composer's too: agentui/web/src/lib/segments.spec.ts reads the same file.
func TestSegments(t *testing.T) {
	raw, err := os.ReadFile("testdata/segments.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name     string
		Text     [][2]any // a string and how often
		Segments int
		Encoding string
		Units    int
		Left     int
	}
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 25 {
		t.Fatalf("only %d cases", len(cases))
	}
	for _, c := range cases {
		text := ""
		for _, p := range c.Text {
			text += strings.Repeat(p[0].(string), int(p[1].(float64)))
		}
		want := Count{c.Segments, c.Encoding, c.Units, c.Left}
		if got := Segments(text); got != want {
			t.Errorf("%s: %+v, want %+v", c.Name, got, want)
		}
	}
}

// bare is a part without its mark.
func bare(part string) string {
	if _, rest, ok := strings.Cut(part, ") "); ok && strings.HasPrefix(part, "(") {
		return rest
	}
	return part
}

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		name, text string
		limit      int
		parts      int
		starts     []string
		ends       []string
	}{
		{"short", " hello ", 1600, 1, []string{"hello"}, []string{"hello"}},
		{"ten segments", strings.Repeat("a", 1530), 1600, 1, nil, nil},
		{"eleven", strings.Repeat("a", 1531), 1600, 2, []string{"(1/2) a", "(2/2) a"}, nil},
		{"words", strings.Repeat("salam ", 260), 1600, 2, []string{"(1/2) salam", "(2/2) salam"}, []string{"salam", "salam"}},
		{"ten of Persian", strings.Repeat("س", 670), 1600, 1, nil, nil},
		{"eleven of Persian", strings.Repeat("سلام ", 135), 1600, 2, []string{"(1/2) سلام", "(2/2) سلام"}, []string{"سلام", "سلام"}},
		{"a paragraph", strings.Repeat("a", 1000) + "\n\n" + strings.Repeat("b c ", 200), 1600, 2, []string{"(1/2) a", "(2/2) b"}, []string{"a", "c"}},
		{"the provider's limit", strings.Repeat("سلام ", 100), 300, 2, nil, []string{"سلام", "سلام"}},
		{"faces are kept whole", strings.Repeat("👨‍👩‍👧", 100), 1600, 2, []string{"(1/2) 👨‍👩‍👧", "(2/2) 👨‍👩‍👧"}, []string{"👨‍👩‍👧", "👨‍👩‍👧"}},
	} {
		parts := split(c.text, c.limit)
		if len(parts) != c.parts {
			t.Errorf("%s: %d parts: %q", c.name, len(parts), parts)
			continue
		}
		for i, p := range parts {
			if c.starts != nil && !strings.HasPrefix(p, c.starts[i]) || c.ends != nil && !strings.HasSuffix(p, c.ends[i]) {
				t.Errorf("%s: part %d is %.20q … %q", c.name, i+1, p, p[max(0, len(p)-20):])
			}
		}
	}
}

// Whatever the text, every part can be sent, no word is lost and none is cut that could be kept whole.
func FuzzSegments(f *testing.F) {
	f.Add("hello €", 160)
	f.Add(strings.Repeat("سلام دنیا. ", 200), 1600)
	f.Add(strings.Repeat("😀", 900), 100)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		if limit < 50 || limit > 2000 || len(text) > 20_000 {
			return
		}
		var want, got strings.Builder
		for _, w := range strings.Fields(strings.ToValidUTF8(text, "�")) {
			want.WriteString(w)
		}
		parts := split(text, limit)
		for _, p := range parts {
			c := Segments(p)
			if units := len(utf16.Encode([]rune(p))); c.Segments > maxSegments || units > limit && len(parts) > 1 {
				t.Fatalf("a part of %d segments and %d units", c.Segments, units)
			}
			if len(parts) > 1 {
				p = bare(p)
			}
			for _, w := range strings.Fields(p) {
				got.WriteString(w)
			}
		}
		if len(parts) < 99 && got.String() != want.String() {
			t.Fatalf("%q became %q", text, parts)
		}
	})
}
