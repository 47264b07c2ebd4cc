package email

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"regexp"
	"strings"
	"time"

	"tamas/channels"
)

// outgoing is a mail that is ready to be sent.
type outgoing struct {
	id   string   // Message-ID, without brackets
	from string   // the envelope's sender
	to   []string // the envelope's recipients, each once: To, Cc and Bcc
	utf8 bool     // it needs a server that offers SMTPUTF8
	// write writes the mail with CRLF line ends, files as they are read from the Desk; the same bytes each time. Its error
	// is the writer's own, or a *storeError.
	write func(w io.Writer) error
}

// storeError says that a file of the mail could not be read.
type storeError struct{ err error }

func (e *storeError) Error() string {
	return "a file could not be read from the store: " + e.err.Error()
}
func (e *storeError) Unwrap() error { return e.err }

const (
	maxRecipients = 200 // of one mail
	maxRefs       = 20  // in References: the root and the newest
)

// outgoing makes the mail of an outbound message; its error is a *channels.SendError.
//
// It is text and simple HTML of the same words, then the signature, then what is answered or forwarded. Files that this history
// shows in its text (by Content-ID) go with it as inline images, all others as attachments.
func (a *Adapter) outgoing(ctx context.Context, m channels.Outbound) (*outgoing, error) {
	to, cc, bcc, err := recipients(m)
	if err != nil {
		return nil, &channels.SendError{Permanent: true, Reason: err.Error()}
	}
	out := &outgoing{id: a.sign.messageID(m.ID, m.Thread), from: a.set.Address}
	out.utf8 = !ascii([]byte(out.from))
	for _, l := range [][]address{to, cc, bcc} {
		for _, r := range l {
			out.to = append(out.to, r.addr)
			out.utf8 = out.utf8 || !ascii([]byte(r.addr))
		}
	}
	if out.to = unique(out.to); len(out.to) > maxRecipients {
		return nil, &channels.SendError{Permanent: true, Reason: fmt.Sprintf("a mail goes to at most %d recipients", maxRecipients)}
	}
	refs := realIDs(append(append([]string{}, m.Refs...), m.InReplyTo))
	if m.Forwarded {
		refs = nil // a third party knows nothing of the thread, and its answers come by the token
	}
	if len(refs) > maxRefs {
		refs = append(refs[:1:1], refs[len(refs)-maxRefs+1:]...)
	}
	h := &headerWriter{}
	h.add("Date", time.Now().Format(time.RFC1123Z))
	h.addresses("From", address{a.fromName(m.From), a.set.Address})
	h.addresses("To", to...)
	h.addresses("Cc", cc...)
	if len(to)+len(cc) == 0 {
		h.add("To", "undisclosed-recipients:;")
	}
	if plus := a.sign.plusAddress(m.Thread); a.set.Plus && plus != "" {
		h.addresses("Reply-To", address{a.fromName(""), plus})
	}
	h.add("Message-ID", "<"+out.id+">")
	h.add(ownHeader, "<"+out.id+">")
	if answered := realIDs([]string{m.InReplyTo}); len(answered) > 0 && !m.Forwarded {
		h.add("In-Reply-To", "<"+answered[0]+">")
	}
	if len(refs) > 0 {
		h.add("References", "<"+strings.Join(refs, "> <")+">")
	}
	h.text("Subject", a.subject(m, len(refs) > 0))
	if m.Auto { // RFC 3834; the others are for those who do not know it
		h.add("Auto-Submitted", map[bool]string{true: "auto-replied", false: "auto-generated"}[len(refs) > 0])
		h.add("Precedence", "bulk")
		h.add("X-Auto-Response-Suppress", "All")
	}
	h.add("MIME-Version", "1.0")
	l := letterOf(m)
	mark := short(20, "boundary", out.id)
	out.write = func(w io.Writer) error {
		c := &composer{ctx: ctx, w: w, mark: mark, open: a.cfg.Desk.Open}
		c.print(h.String())
		c.mail(l)
		return c.err
	}
	return out, nil
}

// recipients are those that the agent chose, or the customer.
func recipients(m channels.Outbound) (to, cc, bcc []address, err error) {
	customer, ok := normal(m.Address)
	if m.Envelope == nil || len(m.Envelope.To)+len(m.Envelope.Cc)+len(m.Envelope.Bcc) == 0 {
		if !ok || customer == unknownSender {
			return nil, nil, nil, fmt.Errorf("the customer's address is no email address")
		}
		return []address{{oneLine(m.Name, 100), customer}}, nil, nil, nil
	}
	seen := map[string]bool{}
	read := func(list []string) (out []address) {
		for _, v := range list {
			found := addresses([]string{v})
			if len(found) == 0 && strings.TrimSpace(v) != "" && err == nil {
				err = fmt.Errorf("%q is no email address", cut(oneLine(v, 100), 100))
			}
			for _, r := range found {
				if r.addr == unknownSender && err == nil {
					err = fmt.Errorf("the customer's address is no email address")
				}
				if !seen[r.addr] {
					seen[r.addr] = true
					out = append(out, r)
				}
			}
		}
		return out
	}
	to, cc, bcc = read(m.Envelope.To), read(m.Envelope.Cc), read(m.Envelope.Bcc)
	return to, cc, bcc, err
}

// fromName is the sender's name: the agent's and the firm's.
func (a *Adapter) fromName(who string) string {
	who, firm := oneLine(who, 100), oneLine(a.set.FromName, 100)
	switch {
	case who == "" || who == firm:
		return firm
	case firm == "":
		return who
	}
	return who + " (" + firm + ")"
}

// What stands before the subjects of answers and of what is sent on, by language.
var (
	answerMark  = regexp.MustCompile(`^(?i:\s*(?:re|r|aw|antw|antwort|sv|vs|rv|res|resp|ref|rif|odp|ynt|yanıt|cevap|отв|ответ|на|پاسخ|جواب|رد|回复|回覆|答复|返信)\s*(?:[\[(]\d+[\])]|\^\d+)?\s*[::])`)
	forwardedBy = regexp.MustCompile(`^(?i:\s*(?:fwd?|fw|wg|tr|rv|enc|i|doorst|vb|ilt|ilet|пер|пересл|بازارسال|هدایت|إعادة توجيه|转发|轉寄)\s*(?:[\[(]\d+[\])])?\s*[::])`)
)

func (a *Adapter) subject(m channels.Outbound, answer bool) string {
	s := oneLine(m.Subject, 500)
	switch {
	case m.Forwarded:
		if forwardedBy.MatchString(s) {
			return s
		}
		return strings.TrimSpace("Fwd: " + stripMarks(s))
	case s == "" && answer:
		return "Re:"
	case s == "":
		return orDefault(a.fromName(""), a.set.Address)
	case answer && answerMark.MatchString(s):
		mark := strings.TrimSpace(answerMark.FindString(s))
		return strings.TrimSpace(mark + " " + stripMarks(s))
	case answer:
		return "Re: " + s
	}
	return s
}

// stripMarks takes all marks of answers off a subject's beginning.
func stripMarks(s string) string {
	for {
		mark := answerMark.FindString(s)
		if mark == "" {
			return strings.TrimSpace(s)
		}
		s = s[len(mark):]
	}
}

// realIDs keeps what are Message-IDs; a mail without one is known by a name that we made up.
func realIDs(list []string) []string {
	var out []string
	for _, id := range list {
		id = strings.Trim(id, "<>")
		if saneID(id) && !strings.HasPrefix(id, "raw:") && !strings.HasPrefix(id, "sha256:") && !strings.HasPrefix(id, "uid:") {
			out = append(out, id)
		}
	}
	return unique(out)
}

// composer writes one mail. After an error it writes nothing more.
type composer struct {
	ctx   context.Context
	w     io.Writer
	mark  string // what boundaries are made of
	depth int
	open  func(ctx context.Context, blob string) (io.ReadCloser, error)
	err   error
}

func (c *composer) print(s string) {
	if c.err == nil {
		_, c.err = io.WriteString(c.w, s)
	}
}

// mail writes the body: mixed(related(alternative(text, HTML), inline images), attachments), as much of it as is needed.
func (c *composer) mail(l letterhead) {
	c.multi("mixed", len(l.files) > 0, func(part func()) {
		part()
		c.multi("related", len(l.inline) > 0, func(part func()) {
			part()
			c.multi("alternative", true, func(part func()) {
				part()
				c.text("text/plain", l.text)
				part()
				c.text("text/html", l.html)
			})
			for _, f := range l.inline {
				part()
				c.file(f, "inline")
			}
		})
		for _, f := range l.files {
			part()
			c.file(f, "attachment")
		}
	})
}

// multi writes a multipart; when it is not needed, what would be its only part. body calls part before each part.
func (c *composer) multi(kind string, needed bool, body func(part func())) {
	if !needed {
		body(func() {})
		return
	}
	c.depth++
	boundary := fmt.Sprintf("=_%s_%d", c.mark, c.depth)
	more := ""
	if kind == "related" {
		more = `; type="multipart/alternative"`
	}
	c.print("Content-Type: multipart/" + kind + more + ";\r\n boundary=\"" + boundary + "\"\r\n\r\n")
	body(func() { c.print("\r\n--" + boundary + "\r\n") })
	c.print("\r\n--" + boundary + "--\r\n")
}

// text writes a part of text: readable as it is when most of it is ASCII.
func (c *composer) text(typ, s string) {
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\n", "\r\n")
	other := 0
	for i := range len(s) {
		if s[i] >= 0x80 {
			other++
		}
	}
	c.print("Content-Type: " + typ + "; charset=utf-8\r\nContent-Transfer-Encoding: ")
	if other*5 < len(s) {
		c.print("quoted-printable\r\n\r\n")
		if c.err == nil {
			w := quotedprintable.NewWriter(c.w)
			io.WriteString(w, s)
			c.err = w.Close()
		}
		return
	}
	c.print("base64\r\n\r\n")
	c.base64(strings.NewReader(s))
}

// file writes a file as it is read.
func (c *composer) file(f channels.File, disposition string) {
	typ, _, err := mime.ParseMediaType(f.Type)
	if err != nil || !strings.Contains(typ, "/") || strings.HasPrefix(typ, "multipart/") || strings.HasPrefix(typ, "message/") {
		typ = "application/octet-stream" // base64 is forbidden for mails within mails
	}
	name := orDefault(oneLine(f.Name, 200), nameOf(typ))
	h := &headerWriter{}
	h.add("Content-Type", orDefault(mime.FormatMediaType(typ, map[string]string{"name": name}), typ))
	h.add("Content-Disposition", orDefault(mime.FormatMediaType(disposition, map[string]string{"filename": name}), disposition))
	if cid := contentID(f.CID); cid != "" && disposition == "inline" {
		h.add("Content-ID", "<"+cid+">")
	}
	h.add("Content-Transfer-Encoding", "base64")
	c.print(h.String() + "\r\n")
	if c.err != nil {
		return
	}
	content, err := c.open(c.ctx, f.Blob)
	if err != nil {
		c.err = &storeError{err}
		return
	}
	defer content.Close()
	c.base64(&readFailure{r: content, c: c})
}

// base64 writes lines of 76 letters.
func (c *composer) base64(r io.Reader) {
	if c.err != nil {
		return
	}
	var in [57 * 64]byte
	var line [76]byte
	var out bytes.Buffer
	for {
		n, err := io.ReadFull(r, in[:])
		out.Reset()
		for i := 0; i < n; i += 57 {
			piece := in[i:min(i+57, n)]
			base64.StdEncoding.Encode(line[:], piece)
			out.Write(line[:base64.StdEncoding.EncodedLen(len(piece))])
			out.WriteString("\r\n")
		}
		if c.err != nil { // of the reader
			return
		}
		if _, werr := c.w.Write(out.Bytes()); werr != nil {
			c.err = werr
			return
		}
		if err != nil {
			return
		}
	}
}

// readFailure tells a store's failure from the end of a file.
type readFailure struct {
	r io.Reader
	c *composer
}

func (f *readFailure) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if err != nil && err != io.EOF {
		f.c.err = &storeError{err}
	}
	return n, err
}
