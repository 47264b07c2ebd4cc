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
	if nullSender(h) {
		return true
	}
	if typ, _ := mediaType(h.Get("Content-Type")); typ == "multipart/report" {
		return true
	}
	return robot(from)
}

// nullSender: the mail was sent from "<>", as reports are.
func nullSender(h textproto.Header) bool {
	return h.Has("Return-Path") && strings.Trim(h.Get("Return-Path"), " \t<>") == ""
}

// robot says that nobody reads what is sent to that address.
func robot(addr string) bool {
	local, _, _ := strings.Cut(addr, "@")
	local, _, _ = strings.Cut(local, "+")
	switch strings.NewReplacer("-", "", "_", "", ".", "").Replace(local) {
	case "mailerdaemon", "postmaster", "noreply", "donotreply", "noresponse", "autoreply", "autoresponder", "bounce", "bounces":
		return true
	}
	return false
}

// formRobot says that programs of web sites write from that address in somebody's name.
func formRobot(addr string) bool {
	local, _, _ := strings.Cut(addr, "@")
	switch strings.NewReplacer("-", "", "_", "", ".", "").Replace(local) {
	case "wordpress", "wwwdata", "apache", "nobody", "forms", "form", "contactform", "webform", "formmail", "notification", "notifications", "website":
		return true
	}
	return robot(addr)
}

// token is the first word of a header's value, without parameters.
func token(v string) string {
	v, _, _ = strings.Cut(strings.ToLower(v), ";")
	return strings.TrimSpace(v)
}
