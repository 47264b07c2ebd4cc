package email

import (
	"bytes"
	"regexp"
	"strings"
	"unicode/utf8"
)

// text is a part that people read.
func (w *walker) text(p part) (c content) {
	switch p.typ {
	case "text/amp-html", "text/x-amp-html":
		return content{} // always beside the same as HTML
	case "text/html", "application/xhtml+xml":
		data := w.decoded(p, maxWhole)
		c.html = toUTF8(data, orDefault(p.params["charset"], metaCharset(data)))
	default:
		data := w.decoded(p, maxText+1)
		if uuBegin.Match(data) {
			data, c.files = w.uuencoded(p)
		}
		if len(data) > maxText {
			whole := p.file()
			whole.name = orDefault(p.name, "message.txt")
			c.files = append(c.files, whole)
		}
		c.text = toText(data, p.params["charset"])
		if p.typ != "text/plain" && strings.HasPrefix(p.typ, "text/") && p.typ != "text/html" {
			c.text = enriched.ReplaceAllString(strings.ReplaceAll(c.text, "<<", "‹"), "")
		}
		if strings.EqualFold(p.params["format"], "flowed") {
			c.text = unflow(c.text, strings.EqualFold(p.params["delsp"], "yes"))
		}
	}
	if p.name != "" {
		c.files = append(c.files, p.file())
	}
	w.anyText = w.anyText || strings.TrimSpace(c.text) != "" || c.html != ""
	return c
}

var enriched = regexp.MustCompile(`(?i)<param>[^<]*</param>|</?[a-z]+>`)

// decoded is a text's content. What is called base64 and is plain text is taken as that.
func (w *walker) decoded(p part, most int64) []byte {
	if p.encoding != "base64" {
		return p.read(most)
	}
	raw := readUpTo(p.body.reader(), most*3/2)
	data, ok := decodeBase64(raw)
	if ok {
		return data[:min(int64(len(data)), most)]
	}
	if !readable(data) && wordy(raw) {
		return raw
	}
	w.fail("broken base64")
	return data
}

// readable: text in UTF-8, without what no text has.
func readable(b []byte) bool {
	return len(b) > 0 && utf8.Valid(b) && bytes.IndexFunc(b, func(r rune) bool { return r < ' ' && r != '\n' && r != '\r' && r != '\t' }) < 0
}

// wordy: most of it are letters, with spaces between.
func wordy(b []byte) bool {
	letters, spaces := 0, 0
	for _, c := range b {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= 0x80:
			letters++
		case c == ' ':
			spaces++
		}
	}
	return letters*2 > len(b) && spaces*40 > len(b)
}

// unflow joins the lines of format=flowed (RFC 3676): one that ends in a space goes on in the next of
// the same quotation depth; with delsp that space goes.
func unflow(text string, delsp bool) string {
	var out strings.Builder
	flowing, depthBefore := false, 0
	for i, line := range strings.Split(text, "\n") {
		depth := len(line) - len(strings.TrimLeft(line, ">"))
		line = strings.TrimPrefix(line[depth:], " ") // space-stuffed
		if !(flowing && depth == depthBefore && line != "-- ") {
			if i > 0 {
				out.WriteByte('\n')
			}
			if depth > 0 {
				out.WriteString(strings.Repeat(">", depth) + " ")
			}
		}
		flowing, depthBefore = strings.HasSuffix(line, " ") && line != "-- ", depth
		if flowing && delsp {
			line = strings.TrimSuffix(line, " ")
		}
		out.WriteString(line)
	}
	return out.String()
}

var metaTag = regexp.MustCompile(`(?i)<meta[^>]{0,200}charset\s*=\s*["']?([a-z0-9_-]+)`)

func metaCharset(data []byte) string {
	if m := metaTag.FindSubmatch(data[:min(len(data), 4<<10)]); m != nil {
		return string(m[1])
	}
	return ""
}

func toText(data []byte, charset string) string {
	if len(data) > maxText {
		data = data[:maxText]
	}
	return clean(toUTF8(data, charset))
}

var noHTML = regexp.MustCompile(`(?i)\bhtml\b.{0,80}(?:e-?mail|message|view|support|client|format|browser)|(?:e-?mail|message|view|support|client)\b.{0,80}\bhtml\b`)
