package email

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"
)

// quoteCase is one of testdata/quotes.json, which the web app's own fold is held against as well.
type quoteCase struct {
	Name      string `json:"name"`
	Text      string `json:"text"`
	Visible   string `json:"visible"`
	Signature string `json:"signature"`
	Quoted    string `json:"quoted"`
}

func TestSplit(t *testing.T) {
	raw, err := os.ReadFile("testdata/quotes.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []quoteCase
	if err := json.Unmarshal(raw, &cases); err != nil || len(cases) < 50 {
		t.Fatal(len(cases), err)
	}
	for i := range cases {
		c := &cases[i]
		visible, signature, quoted := Split(c.Text)
		if *update {
			c.Visible, c.Signature, c.Quoted = visible, signature, quoted
			continue
		}
		if visible != c.Visible || signature != c.Signature || quoted != c.Quoted {
			t.Errorf("%s: visible %q, signature %q, quoted %q; want %q, %q, %q", c.Name, visible, signature, quoted, c.Visible, c.Signature, c.Quoted)
		}
		both, again := Fold(c.Text)
		if again != quoted || !strings.HasPrefix(both, visible) {
			t.Errorf("%s: Fold %q, %q", c.Name, both, again)
		}
	}
	if *update {
		var out bytes.Buffer
		enc := json.NewEncoder(&out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", " ")
		enc.Encode(cases)
		if err := os.WriteFile("testdata/quotes.json", out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// Nobody's text takes long to fold.
func TestSplitIsQuick(t *testing.T) {
	for name, text := range map[string]string{
		"attributions":  strings.Repeat("On 1 a wrote:\nx\n> y\n", 60000),
		"half of one":   strings.Repeat("On 1 a\n", 100000),
		"colons":        strings.Repeat("1.1.2026 "+strings.Repeat("x ", 200)+":\n", 4000),
		"from lines":    strings.Repeat("From: a\nTo: b\n", 50000),
		"signatures":    strings.Repeat("-- \n", 200000),
		"one long line": strings.Repeat("в ", 500000) + ":",
	} {
		began := time.Now()
		Split(text)
		markHTML("<pre>" + text + "</pre>")
		if took := time.Since(began); took > 60*time.Second { // on a busy machine; what is not linear takes minutes
			t.Errorf("%s: %v", name, took)
		}
	}
}

func markHTML(src string) string {
	out, _ := cleanHTML(src, nil)
	return out
}
