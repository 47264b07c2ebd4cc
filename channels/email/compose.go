package email

import (
	"context"
	"html"
	"io"
	"net/mail"
	"regexp"
	"strings"
	"unicode"

	gomail "github.com/wneessen/go-mail"

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

// outgoing makes the mail of an outbound message; its error is a *channels.SendError.
func (a *Adapter) outgoing(_ context.Context, m channels.Outbound) (*outgoing, error) {
	msg, id, err := a.compose(m)
	if err != nil {
		return nil, err
	}
	to, _ := normal(m.Address)
	return &outgoing{id: id, from: a.set.Address, to: []string{to}, write: func(w io.Writer) error {
		_, err := msg.WriteTo(w)
		return err
	}}, nil
}

// compose makes the mail of an outbound message.
func (a *Adapter) compose(m channels.Outbound) (*gomail.Msg, string, error) {
	to, ok := normal(m.Address)
	if !ok || to == unknownSender {
		return nil, "", &channels.SendError{Permanent: true, Reason: "the customer's address is no email address"}
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(&mail.Address{Name: a.fromName(m.From), Address: a.set.Address})
	msg.ToMailAddress(&mail.Address{Name: oneLine(m.Name, 100), Address: to})
	if plus := a.sign.plusAddress(m.Thread); a.set.Plus && plus != "" {
		msg.ReplyToMailAddress(&mail.Address{Name: a.fromName(""), Address: plus})
	}
	id := a.sign.messageID(m.ID, m.Thread)
	msg.SetMessageIDWithValue(id)
	refs := realIDs(append(append([]string{}, m.Refs...), m.InReplyTo))
	if len(refs) > 20 { // the root and the newest
		refs = append(refs[:1:1], refs[len(refs)-19:]...)
	}
	if len(refs) > 0 {
		msg.SetGenHeader(gomail.HeaderReferences, "<"+strings.Join(refs, "> <")+">")
	}
	if answered := realIDs([]string{m.InReplyTo}); len(answered) > 0 {
		msg.SetGenHeader(gomail.HeaderInReplyTo, "<"+answered[0]+">")
	}
	msg.SetDate()
	msg.Subject(a.subject(m, len(refs) > 0))
	text := clean(m.Text)
	msg.SetBodyString(gomail.TypeTextPlain, text)
	msg.AddAlternativeString(gomail.TypeTextHTML, htmlOf(text))
	return msg, id, nil
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

var answerMark = regexp.MustCompile(`(?i)^\s*(?:re|aw|sv|antw|پاسخ)\s*(?:\[\d+\])?\s*[::]`)

func (a *Adapter) subject(m channels.Outbound, answer bool) string {
	s := oneLine(m.Subject, 500)
	switch {
	case s == "" && answer:
		return "Re:"
	case s == "":
		return orDefault(a.fromName(""), a.set.Address)
	case answer && !answerMark.MatchString(s):
		return "Re: " + s
	}
	return s
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

// htmlOf is the text as HTML whose paragraphs have their direction: mail programs show plain Persian from the left.
func htmlOf(text string) string {
	var b strings.Builder
	b.WriteString("<!DOCTYPE html><html><head><meta charset=\"utf-8\"></head><body>\n")
	for _, p := range strings.Split(strings.Trim(text, "\n"), "\n\n") {
		b.WriteString("<p dir=\"" + direction(p) + "\">" + strings.ReplaceAll(html.EscapeString(p), "\n", "<br>\n") + "</p>\n")
	}
	b.WriteString("</body></html>\n")
	return b.String()
}

// direction is that of the first letter that has one.
func direction(s string) string {
	for _, r := range s {
		switch {
		case unicode.In(r, unicode.Arabic, unicode.Hebrew, unicode.Syriac, unicode.Thaana) && unicode.IsLetter(r):
			return "rtl"
		case unicode.IsLetter(r):
			return "ltr"
		}
	}
	return "auto"
}
