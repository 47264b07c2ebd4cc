package email

import (
	"strings"

	"github.com/emersion/go-message/textproto"
)

// automatic says that a machine wrote the mail: an auto-reply, a bounce, a list, a newsletter.
func automatic(h textproto.Header, from string) bool {
	if v := token(h.Get("Auto-Submitted")); v != "" && v != "no" {
		return true
	}
	switch token(h.Get("Precedence")) {
	case "bulk", "list", "junk", "auto_reply", "auto-reply":
		return true
	}
	for _, k := range []string{"X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-Auto-Reply-From", "X-Mail-Autoreply",
		"X-Failed-Recipients", "List-Id", "List-Post", "List-Unsubscribe", "Feedback-Id"} {
		if h.Has(k) && token(h.Get(k)) != "no" {
			return true
		}
	}
	for _, v := range strings.Split(strings.ToLower(h.Get("X-Auto-Response-Suppress")), ",") {
		switch strings.TrimSpace(v) {
		case "all", "oof", "autoreply":
			return true
		}
	}
	if h.Has("Return-Path") && strings.Trim(h.Get("Return-Path"), " \t<>") == "" {
		return true
	}
	if typ, _ := mediaType(h.Get("Content-Type")); typ == "multipart/report" {
		return true
	}
	local, _, _ := strings.Cut(from, "@")
	local, _, _ = strings.Cut(local, "+")
	switch strings.NewReplacer("-", "", "_", "", ".", "").Replace(local) {
	case "mailerdaemon", "postmaster", "noreply", "donotreply", "autoreply", "autoresponder", "bounce", "bounces":
		return true
	}
	return false
}

// token is the first word of a header's value, without parameters.
func token(v string) string {
	v, _, _ = strings.Cut(strings.ToLower(v), ";")
	return strings.TrimSpace(v)
}

// report is what a delivery report says (RFC 3464).
type report struct {
	action     string // "failed", "delayed", "delivered", …; "" when there was no status part
	code       string // "5.1.1"
	diagnostic string // the other server's words
	messageID  string // of the mail that it is about
	references []string
}

// failed: the mail will not arrive, as far as its sender's server knows.
func (r *report) failed() bool { return r != nil && r.action == "failed" }

// reason is the failure in a sentence for people.
func (r *report) reason() string {
	s := r.diagnostic
	if s == "" {
		s = "not delivered"
	}
	if r.code != "" && !strings.Contains(s, r.code) {
		s += " (" + r.code + ")"
	}
	return oneLine(s, 500)
}

// status reads a message/delivery-status: blocks of fields, the first about the mail, the others about its recipients.
func (r *report) status(data []byte) {
	text := strings.ReplaceAll(string(data), "\r\n", "\n")
	for _, block := range strings.Split(text, "\n\n") {
		h, _, ok := readHeader([]byte(block + "\n\n"))
		if !ok || !h.Has("Action") {
			continue
		}
		action := token(h.Get("Action"))
		if r.action == "failed" {
			break // one recipient a message is what we send; the first failure is its failure
		}
		r.action = oneLine(action, 20)
		r.code = oneLine(h.Get("Status"), 20)
		_, diagnostic, found := strings.Cut(h.Get("Diagnostic-Code"), ";")
		if !found {
			diagnostic = h.Get("Diagnostic-Code")
		}
		r.diagnostic = oneLine(toUTF8([]byte(diagnostic), ""), 400)
	}
}

// original reads the header of the mail that the report is about.
func (r *report) original(data []byte) {
	h, _, ok := readHeader(data)
	if !ok || r.messageID != "" {
		return
	}
	if l := ids(h.Values("Message-Id")); len(l) > 0 {
		r.messageID = l[0]
	}
	r.references = ids(append(h.Values("References"), h.Values("In-Reply-To")...))
}
