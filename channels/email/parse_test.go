package email

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"tamas/channels"
	"tamas/channels/channeltest"
)

var update = flag.Bool("update", false, "write what the corpus gives now as what it should give")

// reading is what the corpus says of a mail: what the hub gets of it, and what becomes of the message that it is about.
type reading struct {
	From       string             `json:"from"`
	Name       string             `json:"name,omitempty"`
	Subject    string             `json:"subject,omitempty"`
	ID         string             `json:"id,omitempty"`
	References []string           `json:"references,omitempty"`
	Envelope   *channels.Envelope `json:"envelope,omitempty"`
	Date       string             `json:"date,omitempty"`
	Text       string             `json:"text"`
	HTML       string             `json:"html,omitempty"`
	Files      []channels.File    `json:"files,omitempty"`
	Auto       bool               `json:"auto,omitempty"`
	Spam       string             `json:"spam,omitempty"`
	Unreadable string             `json:"unreadable,omitempty"`
	Report     string             `json:"report,omitempty"`
	Status     string             `json:"status,omitempty"`
}

// corpusAdapter is an account that needs no servers.
func corpusAdapter(t testing.TB) (*Adapter, *channeltest.Desk) {
	t.Helper()
	desk := channeltest.NewDesk()
	settings := `{"address":"support@tamas.test","from_name":"Tamas Test","imap_host":"127.0.0.1","smtp_host":"127.0.0.1","password":"x","imap_security":"none","smtp_security":"none",
		"plus_addressing":true,"form_senders":["forms@shop.test"],"blocked_senders":["Pest@Example.net","@spam.example"],"authserv_id":"mx.tamas.test"}`
	a, err := open(channels.Config{ID: "corpus", Settings: []byte(settings), Secret: testSecret, Desk: desk, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return a, desk
}

// TestCorpus reads ugly mails; what comes of each stands beside it as JSON.
func TestCorpus(t *testing.T) {
	files, _ := filepath.Glob("testdata/corpus/*.eml")
	if len(files) < 120 {
		t.Fatalf("only %d mails in the corpus", len(files))
	}
	a, _ := corpusAdapter(t)
	ours := a.sign.messageID("out1", short(threadLen, "corpus"))
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".eml"), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			raw = bytes.ReplaceAll(raw, []byte("OURS@tamas.test"), []byte(ours))
			a, desk := corpusAdapter(t)
			m := Parse(raw, false)
			batch, err := a.batch(context.Background(), []*letter{{raw: raw}})
			if err != nil || len(batch.Messages) != 1 {
				t.Fatalf("%d messages, %v", len(batch.Messages), err)
			}
			in := batch.Messages[0]
			got := reading{From: in.Address, Name: in.Name, Subject: in.Subject, ID: in.ProviderID, References: m.References, Envelope: in.Envelope,
				Text: in.Text, HTML: in.HTML, Files: in.Files, Auto: in.AutoReply, Spam: in.Spam, Unreadable: in.Unreadable}
			if !m.Date.IsZero() {
				got.Date = m.Date.UTC().Format(time.RFC3339)
			}
			if m.report != nil && m.report.action != "" {
				got.Report = m.report.action + " " + strings.ReplaceAll(m.report.messageID, ours, "OURS@tamas.test") + ": " + m.report.reason()
				if in.Thread != short(threadLen, "corpus") && m.report.messageID == ours {
					t.Error("the report is in another thread than what it is about")
				}
			}
			for _, s := range desk.Statuses() {
				got.Status += strings.TrimSpace(s.State + " " + s.Reason)
			}
			got.HTML = strings.ReplaceAll(got.HTML, ours, "OURS@tamas.test")
			got.Text = strings.ReplaceAll(got.Text, ours, "OURS@tamas.test")
			for i := range got.References {
				got.References[i] = strings.ReplaceAll(got.References[i], ours, "OURS@tamas.test")
			}
			for i, f := range got.Files {
				if (f.Blob == "") != (f.Missing != "") || f.Size != int64(len(desk.Content(f))) {
					t.Errorf("file %+v", f)
				}
				if f.CID != "" && !strings.Contains(in.HTML, "cid:"+f.CID) {
					t.Errorf("nothing shows %q", f.CID)
				}
				if got.Files[i].Blob != "" {
					got.Files[i].Blob = f.Blob[:8]
				}
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
			judge(t, m)
			if key, _, ok := keyOf(raw); ok && key != m.key() || Parse(raw, false).key() != m.key() {
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
			if took := time.Since(began); took > 60*time.Second { // on a busy machine; what is not linear takes minutes
				t.Errorf("took %v", took)
			}
			judge(t, m)
		})
	}
}

var dangerous = regexp.MustCompile(`(?i)<(?:script|iframe|style|object|embed|form|input|link|meta|base|svg|video|audio|source|picture|button)|` +
	`<(?:[a-hj-z][a-z0-9]*|i|i[a-ln-z][a-z]*)\s[^>]*?\ssrc=|<[a-z][^>]*\s(?:srcset|background|poster|on[a-z]+|id|name)=|="\s*(?:javascript|data|vbscript|file):|` +
	`style="[^"]*(?:url\(|expression|position|@import|\\|/\*)`)

// judge checks what the hub asks of every mail, however bad.
func judge(t *testing.T, m Mail) {
	t.Helper()
	if len(m.key()) > 200 || m.key() == "" || len(providerID(m.ID)) > channels.MaxKey || len(newThread(m, m.From.addr, false)) != threadLen {
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
