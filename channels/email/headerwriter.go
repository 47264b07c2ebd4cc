package email

import (
	"encoding/base64"
	"mime"
	"net/mail"
	"strings"
)

// headerWriter writes a header whose values cannot begin another line.
type headerWriter struct{ b strings.Builder }

func (h *headerWriter) String() string { return h.b.String() }

// add writes a field, folded at its spaces.
func (h *headerWriter) add(name, value string) {
	h.b.WriteString(name + ":")
	width := len(name) + 1
	for _, word := range strings.Fields(clean(value)) {
		if width+1+len(word) > 76 && width > len(name)+1 {
			h.b.WriteString("\r\n")
			width = 0
		}
		h.b.WriteString(" " + word)
		width += 1 + len(word)
	}
	h.b.WriteString("\r\n")
}

func (h *headerWriter) text(name, value string) { h.add(name, encoded(value)) }

// addresses writes a list of addresses; none when it is empty.
func (h *headerWriter) addresses(name string, list ...address) {
	var out []string
	for _, a := range list {
		if ascii([]byte(a.addr)) {
			out = append(out, (&mail.Address{Name: oneLine(a.name, 100), Address: a.addr}).String())
		} else { // with SMTPUTF8
			out = append(out, strings.TrimSpace(encoded(oneLine(a.name, 100))+" <"+a.addr+">"))
		}
	}
	if len(out) > 0 {
		h.add(name, strings.Join(out, ", "))
	}
}

// encoded is a text as words of ASCII (RFC 2047). What looks like such words already is encoded once more.
func encoded(s string) string {
	s = oneLine(s, 2000)
	long := false
	for _, w := range strings.Fields(s) {
		long = long || len(w) > 900
	}
	if ascii([]byte(s)) && !strings.Contains(s, "=?") && !long {
		return s
	}
	if strings.Contains(s, "=?") || long {
		var words []string
		for ; s != ""; s = s[len(cut(s, 42)):] {
			words = append(words, "=?utf-8?b?"+base64.StdEncoding.EncodeToString([]byte(cut(s, 42)))+"?=")
		}
		return strings.Join(words, " ")
	}
	return mime.BEncoding.Encode("utf-8", s)
}
