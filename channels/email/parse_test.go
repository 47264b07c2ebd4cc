package email

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"tamas/channels"
)

var update = flag.Bool("update", false, "write what the corpus gives now as what it should give")

// reading is what the corpus says of a mail.
type reading struct {
	From       string   `json:"from"`
	Name       string   `json:"name,omitempty"`
	Subject    string   `json:"subject,omitempty"`
	ID         string   `json:"id,omitempty"`
	References []string `json:"references,omitempty"`
	Recipients []string `json:"recipients,omitempty"`
	Date       string   `json:"date,omitempty"`
	Text       string   `json:"text"`
	HTML       string   `json:"html,omitempty"`
	Auto       bool     `json:"auto,omitempty"`
	Unreadable string   `json:"unreadable,omitempty"`
	Report     string   `json:"report,omitempty"`
}

// TestCorpus reads ugly mails; what comes of each stands beside it as JSON.
func TestCorpus(t *testing.T) {
	files, _ := filepath.Glob("testdata/corpus/*.eml")
	if len(files) < 40 {
		t.Fatalf("only %d mails in the corpus", len(files))
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".eml"), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			m := Parse(raw, false)
			got := reading{From: m.From.addr, Name: m.From.name, Subject: m.Subject, ID: m.ID, References: m.References,
				Recipients: m.Recipients, Text: m.Text, HTML: m.HTML, Auto: m.Auto, Unreadable: m.Unreadable}
			if !m.Date.IsZero() {
				got.Date = m.Date.UTC().Format(time.RFC3339)
			}
			if m.report != nil && m.report.action != "" {
				got.Report = m.report.action + " " + m.report.messageID + ": " + m.report.reason()
			}
			golden := strings.TrimSuffix(file, ".eml") + ".json"
			var buf bytes.Buffer
			enc := json.NewEncoder(&buf)
			enc.SetEscapeHTML(false)
			enc.SetIndent("", "  ")
			enc.Encode(got)
			if *update {
				if err := os.WriteFile(golden, buf.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(want, buf.Bytes()) {
				t.Errorf("got %s\nwant %s", buf.Bytes(), want)
			}
			if again := Parse(raw, false); again.key() != m.key() {
				t.Error("the key is not stable")
			}
		})
	}
}

// TestMonsters reads mails that are too big or too deep to stand in the corpus.
func TestMonsters(t *testing.T) {
	begin := "From: Sara <sara@example.org>\r\nMessage-ID: <q1@example.org>\r\nSubject: x\r\n"
	var deep, wide strings.Builder
	deep.WriteString(begin)
	for i := range 200 {
		fmt.Fprintf(&deep, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
	}
	deep.WriteString("\r\nat the bottom")
	wide.WriteString(begin + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nthe first part\r\n")
	for range 20000 {
		wide.WriteString("--b\r\nContent-Type: image/gif; name=x.gif\r\n\r\nx\r\n")
	}
	long := strings.Repeat("x", 900) + "@example.org"
	for name, c := range map[string]struct{ raw, text string }{
		"huge header":      {begin + strings.Repeat("X-Junk: "+strings.Repeat("y", 990)+"\r\n", 2000) + "\r\nstill here", "still here"},
		"one long line":    {begin + "X-Junk: " + strings.Repeat("y", 3<<20) + "\r\n\r\nstill here", "still here"},
		"too deep":         {deep.String(), ""},
		"too wide":         {wide.String(), "the first part"},
		"many references":  {begin + "References: " + strings.Repeat("<"+long+">\r\n ", 5000) + "\r\n\r\nstill here", "still here"},
		"many recipients":  {begin + "Cc: " + strings.Repeat("a@b.test, ", 100000) + "c@d.test\r\n\r\nstill here", "still here"},
		"deep quotation":   {begin + "Content-Type: text/html\r\n\r\n" + strings.Repeat("<blockquote>", 5000) + "deep", "deep"},
		"unclosed comment": {begin + "Content-Type: text/html\r\n\r\n<p>visible</p><!-- " + strings.Repeat("z", 1<<20), "visible"},
		"attributions":     {begin + "\r\n" + strings.Repeat("On 1 a wrote:\r\nx\r\n> y\r\n", 60000) + "z", "On 1 a"},
		"flowed":           {begin + "Content-Type: text/plain; format=flowed; delsp=yes\r\n\r\n" + strings.Repeat("x \r\n", 200000), "xxx"},
		"attributes":       {begin + "Content-Type: text/html\r\n\r\n<p" + strings.Repeat(" a=b", 100000) + ">visible", "visible"},
		"open links":       {begin + "Content-Type: text/html\r\n\r\n" + strings.Repeat("<a href=http://x.test/>visible", 50000), "visible"},
		"long text":        {begin + "\r\n" + strings.Repeat("سلام ", 1<<20), "سلام"},
		"long message id":  {strings.Replace(begin, "q1@example.org", long, 1) + "\r\nstill here", "still here"},
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			m := Parse([]byte(c.raw), false)
			if !strings.Contains(m.Text, c.text) || m.From.addr != "sara@example.org" {
				t.Errorf("from %q, text %q", m.From.addr, cut(m.Text, 200))
			}
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("took %v", took)
			}
			judge(t, m)
		})
	}
}

var dangerous = regexp.MustCompile(`(?i)<(?:script|iframe|style|object|embed|form|input|link|meta|base|svg)|<[a-z][^>]*(?:\ssrc=|\sstyle=|\son[a-z]+=|="\s*(?:javascript|data|vbscript):)`)

// judge checks what the hub asks of every mail, however bad.
func judge(t *testing.T, m Mail) {
	t.Helper()
	if len(m.key()) > 200 || m.key() == "" || len(providerID(m.ID)) > channels.MaxKey || len(newThread(m, m.From.addr)) != threadLen {
		t.Errorf("keys: %q %q", m.key(), m.ID)
	}
	if len(m.From.addr) > channels.MaxKey || len(m.From.name) > channels.MaxName {
		t.Errorf("sender: %+v", m.From)
	}
	if len(m.Text) > maxText+64<<10 || len(m.HTML) > maxHTML {
		t.Errorf("text of %d bytes, HTML of %d", len(m.Text), len(m.HTML))
	}
	for _, s := range []string{m.ID, m.From.addr, m.From.name, m.Subject, m.Text, m.HTML, m.Unreadable} {
		if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
			t.Errorf("not clean: %q", cut(s, 200))
		}
	}
	if strings.Contains(m.Text, "\r") || strings.ContainsAny(m.Subject+m.From.name+m.From.addr, "\r\n") {
		t.Error("line ends where none may be")
	}
	if bad := dangerous.FindString(m.HTML); bad != "" {
		t.Errorf("HTML holds %q: %q", bad, cut(m.HTML, 300))
	}
}

func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/corpus/*.eml")
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) > 256<<10 {
			return
		}
		m := Parse(raw, false)
		if strings.HasPrefix(m.Unreadable, "the mail could not be parsed") {
			t.Errorf("a parser's bug: %s", m.Unreadable)
		}
		judge(t, m)
		visible, quoted := Fold(m.Text)
		if !strings.HasPrefix(m.Text, visible) || !strings.HasSuffix(m.Text, quoted) {
			t.Errorf("folding changes the text: %q %q", visible, quoted)
		}
	})
}
