package email

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/emersion/go-message/textproto"
)

// Mail is what Parse takes out of a raw mail.
type Mail struct {
	ID         string   // Message-ID without brackets; "" when there is none that can be used
	References []string // of References and then In-Reply-To, oldest first, without brackets, each once
	InReplyTo  string   // of these, the one that is answered
	From       address
	ReplyTo    []address
	To, Cc     []address
	Bcc        []address // of a mail that somebody put into the folder
	Recipients []string  // every address of To, Cc, Delivered-To and the like
	Subject    string
	Date       time.Time // zero when missing or unreadable
	Lang       string
	Text       string
	HTML       string // cleaned; its cid: images are files whose shown is set
	Auto       bool
	Unreadable string // why not, in a sentence

	files  []*attachment
	report *report          // of a bounce or a receipt
	header textproto.Header // for what asks for more of it
	inner  []string         // Message-IDs of the mails within it
	digest string           // of what makes it this mail and no other
}

// Parse reads a raw mail. It does not fail: what cannot be read is left out, and when that is
// everything, Unreadable says so. cut tells that raw is only the beginning of the mail.
func Parse(raw []byte, cut bool) Mail {
	m, _ := parse(bytes.NewReader(raw), cut)
	return m
}

// parse reads a mail from its source. The only error is the source's own: the mail has to be read again.
func parse(src source, cut bool) (m Mail, err error) {
	watched := &watchedSource{source: src}
	defer func() {
		if v := recover(); v != nil { // a bug in a parser must not stop the mailbox
			m.Unreadable = fmt.Sprintf("the mail could not be parsed: %v", v)
			m.files, m.report = nil, nil
			m.digest = digest(watched)
		}
		err = watched.err
	}()
	h, body, ok := headerOf(section{watched, 0, src.Size()})
	if !ok {
		m.digest = digest(watched)
		m.Unreadable = "the mail has no header"
		return m, nil
	}
	m.readHeader(h, watched)
	w := &walker{cut: cut}
	c := w.part(h, body, "text/plain", 0)
	m.report, m.inner = w.report, w.innerIDs
	m.Auto = automatic(h, m.From.addr)
	m.Text = clean(strings.Trim(c.plain(), "\n"))
	rich := c.html
	m.Text, rich = withInner(m.Text, rich, c.inner)
	m.Text, rich = withMeetings(m.Text, rich, c.meetings)
	m.HTML, m.files = cleanHTML(rich, onceEach(c.files))
	m.Text = strings.TrimSpace(m.Text)
	if w.more {
		m.files = append(m.files, &attachment{name: "…", typ: "application/octet-stream", missing: fmt.Sprintf("the mail has more than %d parts", maxParts)})
	}
	if cut && !truncated(m.files) {
		m.files = append(m.files, &attachment{name: "message.eml", typ: "message/rfc822", missing: tooLong})
	}
	if m.Text == "" && m.HTML == "" && w.broken != "" && !w.more && len(c.files) == 0 {
		m.Unreadable = "the mail could not be decoded: " + w.broken
	}
	m.plainBounce()
	return m, nil
}

// readHeader takes what the header tells.
func (m *Mail) readHeader(h textproto.Header, src source) {
	m.header = h
	if l := ids(h.Values("Message-Id")); len(l) > 0 {
		m.ID = l[0]
	} else if id := strings.Trim(strings.TrimSpace(h.Get("Message-Id")), "<>"); saneID(id) {
		m.ID = id
	}
	if m.ID != "" {
		// Not the Message-ID alone: there are senders that give all their mails the same one.
		m.digest = digest(strings.NewReader(strings.Join([]string{m.ID, h.Get("Date"), h.Get("From"), h.Get("Subject")}, "\n")))
	} else {
		m.digest = digest(src)
	}
	answered := ids(h.Values("In-Reply-To"))
	if len(answered) > 0 {
		m.InReplyTo = answered[0]
	}
	m.References = unique(append(ids(h.Values("References")), answered...))
	for _, k := range []string{"From", "Sender", "Reply-To", "Return-Path"} {
		if l := addresses(h.Values(k)); len(l) > 0 {
			m.From = l[0]
			break
		}
	}
	m.ReplyTo = addresses(h.Values("Reply-To"))
	m.To, m.Cc, m.Bcc = addresses(h.Values("To")), addresses(h.Values("Cc")), addresses(h.Values("Bcc"))
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
}

// watchedSource remembers a failure of the source, which must not look like the end of the mail.
type watchedSource struct {
	source
	err error
}

func (s *watchedSource) ReadAt(p []byte, off int64) (int, error) {
	n, err := s.source.ReadAt(p, off)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// keyOf is a mail's name in the record and its Message-ID, from its header alone; ok is false when the name needs the
// beginning of the mail (64 KB) as well: then Parse(beginning, true).key() has it.
func keyOf(header []byte) (key, id string, ok bool) {
	src := bytes.NewReader(header)
	h, _, ok := headerOf(section{src, 0, src.Size()})
	var m Mail
	if ok {
		m.readHeader(h, src)
	} else {
		m.digest = digest(src)
	}
	return m.key(), m.ID, m.ID != "" && len(m.ID) <= 150
}

// withInner writes the mails within a mail below its own words.
func withInner(text, html string, inner []enclosed) (string, string) {
	const most = 256 << 10
	for _, e := range inner {
		if len(text) > most || len(html) > most {
			break
		}
		rich := html != "" || text == "" && e.html != ""
		if rich && html == "" && text != "" {
			html = htmlLines(text)
		}
		var lines strings.Builder
		lines.WriteString(forwardMark)
		for _, l := range e.head {
			lines.WriteString("\n" + l[0] + ": " + l[1])
		}
		head := lines.String()
		text = strings.TrimSpace(strings.TrimSpace(text) + "\n\n" + head + "\n\n" + cut(strings.TrimSpace(clean(e.text)), most))
		if rich {
			body := e.html
			if body == "" {
				body = htmlLines(e.text)
			}
			html += "\n<div>" + htmlLines(head) + "<blockquote>" + body + "</blockquote></div>"
		}
	}
	return text, html
}

const forwardMark = "---------- Forwarded message ----------"

func truncated(files []*attachment) bool {
	for _, f := range files {
		if f.missing == tooLong {
			return true
		}
	}
	return false
}

// digest is short, and the same for the same mail under whatever UID. Only the beginning counts, so that a mail
// fetched in part has the digest of the whole.
func digest(src source) string {
	sum := sha256.Sum256(section{src, 0, src.Size()}.head(64 << 10))
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
