package email

import (
	"regexp"
	"strings"

	"github.com/emersion/go-message/textproto"
)

// report is what a delivery report (RFC 3464, RFC 6533), a receipt (RFC 8098) or a bounce in words says.
type report struct {
	action     string // "failed", "delayed", "delivered", …; "displayed" of a receipt; "" when there was no such part
	code       string // "5.1.1"
	recipient  string
	diagnostic string // the other server's words
	messageID  string // of the mail that it is about
	references []string
}

// state is the report as a message's state; "" when it changes nothing.
func (r *report) state() string {
	switch r.action {
	case "failed":
		return "failed"
	case "delivered":
		return "delivered"
	case "displayed":
		return "read"
	}
	return ""
}

// plainly says what the codes of RFC 3463 mean.
var plainly = []struct{ code, words string }{
	{"5.1.1", "there is no such mailbox"}, {"5.1.10", "there is no such mailbox"}, {"5.1.2", "there is no such mail server"}, {"5.1.3", "the address is not valid"},
	{"5.1.6", "the mailbox has moved"}, {"5.1.8", "the server does not take mail from our address"}, {"5.2.1", "the mailbox is closed"}, {"5.2.2", "the mailbox is full"},
	{"5.2.3", "the mail is too large for the mailbox"}, {"5.3.4", "the mail is too large for the server"}, {"5.4.1", "the recipient's server does not answer"},
	{"5.4.4", "there is no such mail server"}, {"5.4.6", "the mail went in a circle"}, {"5.4.7", "the recipient's server did not take it in time"}, {"4.4.7", "the recipient's server did not take it in time"},
	{"4.4.1", "the recipient's server does not answer"}, {"4.2.2", "the mailbox is full"}, {"5.7.1", "the recipient's server refused it"},
	{"5.7.26", "the recipient's server refused it: our address is not proved (SPF, DKIM)"},
}

// reason is the failure in a sentence for people: what it means, and the other server's words.
func (r *report) reason() string {
	what := ""
	for _, p := range plainly {
		if p.code == r.code {
			what = p.words
		}
	}
	words := r.diagnostic
	if r.code != "" && !strings.Contains(words, r.code) {
		words = strings.TrimSpace(words + " (" + r.code + ")")
	}
	s := what
	switch {
	case what == "":
		s = orDefault(words, "not delivered")
	case r.diagnostic == "":
		s += " " + words
	default:
		s += ": " + words
	}
	if r.recipient != "" && !strings.Contains(s, r.recipient) {
		s = r.recipient + ": " + s
	}
	return oneLine(s, 500)
}

// status reads a message/delivery-status: blocks of fields, the first about the mail, the others about its recipients.
func (r *report) status(data []byte) {
	text := strings.ReplaceAll(string(data), "\r\n", "\n")
	for _, block := range strings.SplitN(text, "\n\n", 500) {
		h, _, ok := readHeader([]byte(block + "\n\n"))
		if !ok || !h.Has("Action") {
			continue
		}
		if r.action == "failed" {
			break // the first failure is the message's
		}
		r.action = oneLine(token(h.Get("Action")), 20)
		r.code, _, _ = strings.Cut(oneLine(h.Get("Status"), 40), " ")
		r.recipient = ""
		for _, k := range []string{"Original-Recipient", "Final-Recipient"} {
			_, addr, found := strings.Cut(h.Get(k), ";")
			if addr, ok := normal(decodeWords(addr)); found && ok {
				r.recipient = addr
				break
			}
		}
		_, diagnostic, found := strings.Cut(h.Get("Diagnostic-Code"), ";")
		if !found {
			diagnostic = h.Get("Diagnostic-Code")
		}
		r.diagnostic = oneLine(decodeWords(diagnostic), 400)
	}
}

// disposition reads a message/disposition-notification. Only that it was shown says anything about its reader.
func (r *report) disposition(data []byte) {
	h, _, ok := readHeader(data)
	if !ok {
		return
	}
	_, what, _ := strings.Cut(h.Get("Disposition"), ";")
	what, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(what)), "/")
	r.action = orDefault(oneLine(what, 20), "other")
	if l := ids(h.Values("Original-Message-Id")); len(l) > 0 {
		r.messageID = l[0]
	}
}

// original reads the header of the mail that the report is about.
func (r *report) original(data []byte) {
	h, _, ok := readHeader(data)
	if !ok || r.messageID != "" {
		return
	}
	r.messageID = ownID(h)
	r.references = ids(append(h.Values("References"), h.Values("In-Reply-To")...))
}

// ownHeader repeats our Message-ID, which some servers replace on its way out.
const ownHeader = "X-Tamas-Message-Id"

// ownID is a mail's Message-ID, as its sender gave it.
func ownID(h textproto.Header) string {
	for _, k := range []string{ownHeader, "Message-Id"} {
		if l := ids(h.Values(k)); len(l) > 0 {
			return l[0]
		}
	}
	return ""
}

// What bounces in words have in common. They are believed only from senders that are machines, about mails that we signed.
var (
	bounceSubject = regexp.MustCompile(`(?i)undeliver|delivery (?:status|failure|has failed)|failure notice|returned mail|mail delivery|not delivered|could not be delivered|unzustellbar|non remis|no entregad|не доставлен|gönderilemedi|delivery report|تحویل نشد`)
	givenUp       = regexp.MustCompile(`(?i)permanent (?:fatal )?error|I've given up|giving up|could(?:n't| not) be delivered|wasn't delivered|was not delivered|has not been delivered|` +
		`delivery (?:has|to the following recipients?) failed|undeliverable|address not found|user unknown|no such user|mailbox (?:unavailable|not found|is full)|does not exist|` +
		`unable to deliver|recipient address rejected|(?m:^|[^\d.])5\d\d[ -]#?5\.\d{1,3}\.\d{1,3}\b|(?m:^|[^\d.])55[0-4][ -]`)
	stillTrying = regexp.MustCompile(`(?i)will (?:be retried|keep trying|continue to (?:try|be attempted))|delivery (?:is |has been )?delayed|still being retried|this is (?:only )?a warning|no action is required on your part|not yet been delivered|you do not need to resend`)
	smtpWords   = regexp.MustCompile(`(?m)(?:^|[\s:<>"'(])((?:[45]\d\d)[ -](?:#?[45]\.\d{1,3}\.\d{1,3})?[^\r\n]{3,300})`)
	statusCode  = regexp.MustCompile(`\b([45]\.\d{1,3}\.\d{1,3})\b`)
	quotedID    = regexp.MustCompile(`(?i)message-?id:?\s*<?\s*([^<>\s]{5,300}@[^<>\s]{1,250})`)
	ourID       = regexp.MustCompile(`tms\.[a-z2-7]{16}\.[a-z2-7]{10}\.[a-z2-7]{12}@[A-Za-z0-9.-]{1,250}`)
	failedAddr  = regexp.MustCompile(`<?([^\s<>()\[\],;:"']+@[^\s<>()\[\],;:"']+\.[A-Za-z]{2,})>?`)
)

// plainBounce reads a bounce that is written in words only, as qmail, Exchange, Postfix, Exim and Gmail write them.
func (m *Mail) plainBounce() {
	if m.report != nil && m.report.action != "" {
		if m.report.messageID == "" {
			m.report.messageID = m.aboutID()
		}
		return
	}
	local, _, _ := strings.Cut(m.From.addr, "@")
	local = strings.ReplaceAll(local, "-", "")
	machine := nullSender(m.header) || local == "mailerdaemon" || local == "postmaster" || m.header.Has("X-Failed-Recipients") ||
		m.report != nil || strings.HasPrefix(local, "microsoftexchange")
	if !machine || !(bounceSubject.MatchString(m.Subject) || m.header.Has("X-Failed-Recipients")) {
		return
	}
	if m.report == nil {
		m.report = &report{}
	}
	r := m.report
	words := cut(m.Text, 32<<10)
	if original := strings.Index(words, forwardMark); original > 0 {
		words = words[:original]
	}
	switch {
	case stillTrying.MatchString(words):
		r.action = "delayed"
	case givenUp.MatchString(words) || m.header.Has("X-Failed-Recipients"):
		r.action = "failed"
	default:
		return
	}
	if r.messageID == "" {
		r.messageID = m.aboutID()
	}
	for _, v := range append([]string{m.header.Get("X-Failed-Recipients")}, failedAddr.FindAllString(words, 5)...) {
		if addr, ok := normal(v); ok && !robot(addr) {
			r.recipient = addr
			break
		}
	}
	if s := smtpWords.FindStringSubmatch(words); s != nil {
		r.diagnostic = oneLine(strings.Trim(s[1], "<>\"' )("), 400)
	} else if s := below(words, r.recipient); s != "" {
		r.diagnostic = oneLine(s, 400)
	} else if i := givenUp.FindStringIndex(words); i != nil {
		line := words[strings.LastIndexByte(words[:i[0]], '\n')+1:]
		line, _, _ = strings.Cut(line, "\n")
		r.diagnostic = oneLine(line, 400)
	}
	if c := statusCode.FindStringSubmatch(orDefault(r.diagnostic, words)); c != nil {
		r.code = c[1]
	}
}

// below is the line under one that holds nothing but the recipient: qmail and Exim say there what was wrong.
func below(words, recipient string) string {
	lines := strings.Split(words, "\n")
	for i, l := range lines {
		if recipient != "" && strings.EqualFold(strings.Trim(l, " \t<>:"), recipient) && i+1 < len(lines) {
			return strings.TrimSpace(lines[i+1])
		}
	}
	return ""
}

// aboutID is the Message-ID that a report's words, or its own references, name: one of ours rather than another.
func (m *Mail) aboutID() string {
	for _, r := range m.References {
		if ourID.MatchString(strings.ToLower(r)) {
			return r
		}
	}
	for _, id := range append(m.inner, ourID.FindString(m.Text)) {
		if ourID.MatchString(strings.ToLower(id)) {
			return id
		}
	}
	if q := quotedID.FindStringSubmatch(m.Text); q != nil && saneID(q[1]) {
		return q[1]
	}
	if len(m.References) > 0 {
		return m.References[len(m.References)-1]
	}
	return ""
}
