package email

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// Mail is what Parse takes out of a raw mail.
type Mail struct {
	ID         string   // Message-ID without brackets; "" when there is none that can be used
	References []string // of References and then In-Reply-To, oldest first, without brackets, each once
	From       address
	ReplyTo    []address
	Recipients []string // every address of To, Cc, Delivered-To and the like
	Subject    string
	Date       time.Time // zero when missing or unreadable
	Lang       string
	Text       string // with "📎" lines for files, before the quoted history
	HTML       string // cleaned
	Auto       bool
	Unreadable string // why not, in a sentence

	report *report
	digest string // of what makes it this mail and no other
}

// Parse reads a raw mail. It does not fail: what cannot be read is left out, and when that is
// everything, Unreadable says so. cut tells that raw is only the beginning of the mail.
func Parse(raw []byte, cut bool) (m Mail) {
	defer func() {
		if v := recover(); v != nil { // a bug in a parser must not stop the mailbox
			m.Unreadable = fmt.Sprintf("the mail could not be parsed: %v", v)
			m.digest = digest(raw)
		}
	}()
	h, body, ok := readHeader(raw)
	m.digest = digest(raw)
	if !ok {
		m.Unreadable = "the mail has no header"
		return m
	}
	if l := ids(h.Values("Message-Id")); len(l) > 0 {
		m.ID = l[0]
	} else if id := strings.Trim(strings.TrimSpace(h.Get("Message-Id")), "<>"); saneID(id) {
		m.ID = id
	}
	if m.ID != "" {
		// Not the Message-ID alone: there are senders that give all their mails the same one.
		m.digest = digest([]byte(strings.Join([]string{m.ID, h.Get("Date"), h.Get("From"), h.Get("Subject")}, "\n")))
	}
	m.References = unique(append(ids(h.Values("References")), ids(h.Values("In-Reply-To"))...))
	for _, k := range []string{"From", "Sender", "Reply-To", "Return-Path"} {
		if l := addresses(h.Values(k)); len(l) > 0 {
			m.From = l[0]
			break
		}
	}
	m.ReplyTo = addresses(h.Values("Reply-To"))
	for _, k := range []string{"To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "Resent-To"} {
		for _, a := range addresses(h.Values(k)) {
			m.Recipients = append(m.Recipients, a.addr)
		}
	}
	m.Subject = oneLine(decodeWords(h.Get("Subject")), 1000)
	m.Date = date(h.Get("Date"))
	if lang := token(strings.ReplaceAll(h.Get("Content-Language"), ",", ";")); len(lang) >= 2 && len(lang) <= 10 && ascii([]byte(lang)) {
		m.Lang = lang
	}

	w := &walker{}
	c := w.part(h, body, 0)
	m.report = w.report
	m.Auto = automatic(h, m.From.addr)
	text := strings.TrimSpace(strings.Replace(c.plain(), innerMark, "", 1))
	m.HTML = cleanHTML(c.html)
	m.Text = strings.TrimSpace(withFiles(clean(text), c.files, cut))
	if text == "" && w.broken != "" && len(c.files) == 0 {
		m.Unreadable = "the mail could not be decoded: " + w.broken
	}
	return m
}

// keyOf is a mail's name in the record and its Message-ID, from its header alone; ok is false when the name needs the
// beginning of the mail (64 KB) as well: then Parse(beginning, true).key() has it.
func keyOf(header []byte) (key, id string, ok bool) {
	m := Parse(header, true)
	return m.key(), m.ID, m.ID != "" && len(m.ID) <= 150
}

// withFiles writes the files' lines below the author's own words.
func withFiles(text string, files []file, cut bool) string {
	if len(files) == 0 && !cut {
		return text
	}
	var notes []string
	for i, f := range files {
		if i == 50 {
			notes = append(notes, fmt.Sprintf("📎 … +%d", len(files)-i))
			break
		}
		notes = append(notes, f.String())
	}
	if cut {
		notes = append(notes, "📎 …")
	}
	visible, quoted := Fold(text)
	out := strings.TrimSpace(visible) + "\n\n" + strings.Join(notes, "\n")
	if quoted != "" {
		out += "\n\n" + quoted
	}
	return out
}

// digest is short, and the same for the same mail under whatever UID. Only the beginning counts, so that a mail
// fetched in part has the digest of the whole.
func digest(raw []byte) string {
	sum := sha256.Sum256(raw[:min(len(raw), 64<<10)])
	return hex.EncodeToString(sum[:16])
}

func unique(list []string) []string {
	seen := map[string]bool{}
	out := list[:0]
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}
