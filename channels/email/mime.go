package email

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html"
	"regexp"
	"strings"

	"github.com/emersion/go-message/textproto"
)

const (
	maxText  = 1 << 20 // bytes of text taken from one mail
	maxDepth = 20      // of nested parts
	maxParts = 500     // of one mail
)

// content is what a part, with all that is in it, has to say.
type content struct {
	text, html string
	files      []file
}

// file is an attachment's name and decoded size in bytes.
type file struct {
	name string
	size int
}

// walker reads the parts of one mail.
type walker struct {
	parts  int
	broken string  // the first thing that could not be decoded
	report *report // of a delivery report
}

func (w *walker) part(h textproto.Header, body []byte, depth int) content {
	w.parts++
	if depth > maxDepth || w.parts > maxParts {
		w.fail("too many parts")
		return content{}
	}
	typ, params := mediaType(h.Get("Content-Type"))
	disposition, dparams := mediaType(h.Get("Content-Disposition"))
	if typ == "" || !strings.Contains(typ, "/") {
		typ = "text/plain"
	}
	if strings.HasPrefix(typ, "multipart/") {
		if b := boundary(params["boundary"], body); b != "" {
			return w.multipart(typ, split(body, b), depth)
		}
		w.fail("a multipart without a boundary")
		typ = "text/plain"
	}
	data := w.decode(h.Get("Content-Transfer-Encoding"), body)
	name := fileName(params, dparams)
	switch {
	case typ == "message/delivery-status" || typ == "message/global-delivery-status":
		w.bounce().status(data)
		return content{text: toText(data, "")}
	case typ == "text/rfc822-headers" || typ == "message/rfc822-headers":
		w.bounce().original(data)
		return content{}
	case typ == "message/rfc822" || typ == "message/global":
		inner, innerBody, ok := readHeader(data)
		if !ok {
			return content{files: []file{{orDefault(name, "message.eml"), len(data)}}}
		}
		w.bounce().original(data)
		subject := oneLine(decodeWords(inner.Get("Subject")), 100)
		c := content{files: []file{{orDefault(name, orDefault(subject, "message")+".eml"), len(data)}}}
		// Its text is shown only when the mail itself has none.
		in := w.part(inner, innerBody, depth+1)
		c.text = innerMark + subject + "\n\n" + in.text
		return c
	case disposition == "attachment" || (name != "" && disposition != "inline"):
		return content{files: []file{{orDefault(name, typ), len(data)}}}
	case typ == "text/plain" || typ == "text" || typ == "text/enriched" && name == "":
		text := toText(data, params["charset"])
		if strings.EqualFold(params["format"], "flowed") {
			text = unflow(text, strings.EqualFold(params["delsp"], "yes"))
		}
		return content{text: text}
	case typ == "text/html" || typ == "application/xhtml+xml":
		src := toUTF8(data, orDefault(params["charset"], metaCharset(data)))
		return content{html: src, text: ""}
	}
	return content{files: []file{{orDefault(name, typ), len(data)}}}
}

// innerMark stands before the text of an enclosed mail until it is known whether it is needed.
const innerMark = "\x00inner\x00"

func (w *walker) multipart(typ string, parts [][]byte, depth int) content {
	var all []content
	for _, raw := range parts {
		if w.parts > maxParts {
			break
		}
		h, body, ok := readHeader(raw)
		if !ok {
			h, body = textproto.Header{}, bytes.TrimLeft(raw, "\r\n")
		}
		all = append(all, w.part(h, body, depth+1))
	}
	var out content
	if typ == "multipart/alternative" {
		for _, c := range all { // plain text: the first that has any; HTML: the best, which stands last
			if strings.TrimSpace(out.text) == "" {
				out.text = c.text
			}
			if c.html != "" {
				out.html = c.html
			}
			out.files = append(out.files, c.files...)
		}
		return out
	}
	rich := false
	for _, c := range all {
		rich = rich || c.html != ""
	}
	var texts, htmls []string
	for _, c := range all {
		out.files = append(out.files, c.files...)
		inner := strings.HasPrefix(c.text, innerMark)
		if t := c.plain(); strings.TrimSpace(t) != "" && !(inner && len(texts) > 0) {
			texts = append(texts, strings.Trim(t, "\n"))
		}
		switch {
		case inner || !rich:
		case c.html != "":
			htmls = append(htmls, c.html)
		case strings.TrimSpace(c.text) != "":
			htmls = append(htmls, "<p>"+strings.ReplaceAll(html.EscapeString(c.text), "\n", "<br>")+"</p>")
		}
	}
	// One text beside an enclosed mail is the mail's own.
	if len(texts) > 1 && strings.HasPrefix(texts[0], innerMark) {
		texts = texts[1:]
	}
	out.text = cut(strings.Join(texts, "\n\n"), maxText)
	out.html = strings.Join(htmls, "\n")
	return out
}

// plain is the content's text, taken from its HTML when it has no other.
func (c content) plain() string {
	if strings.TrimSpace(c.text) == "" && c.html != "" {
		return htmlText(c.html)
	}
	return c.text
}

func (w *walker) fail(what string) {
	if w.broken == "" {
		w.broken = what
	}
}

func (w *walker) bounce() *report {
	if w.report == nil {
		w.report = &report{}
	}
	return w.report
}

func toText(data []byte, charset string) string {
	if len(data) > maxText {
		data = data[:maxText]
	}
	return clean(toUTF8(data, charset))
}

func orDefault(s, def string) string {
	if strings.TrimSpace(s) == "" {
		return def
	}
	return s
}

func fileName(params, dparams map[string]string) string {
	name := orDefault(dparams["filename"], params["name"])
	return oneLine(strings.ReplaceAll(decodeWords(name), "/", "_"), 200)
}

// split cuts a multipart's body at its boundary; a missing last boundary ends the last part.
func split(body []byte, boundary string) [][]byte {
	dash := []byte("--" + boundary)
	var parts [][]byte
	start := -1
	for at := 0; at < len(body); {
		end := bytes.IndexByte(body[at:], '\n')
		next := len(body)
		line := body[at:]
		if end >= 0 {
			next = at + end + 1
			line = body[at : at+end]
		}
		if bytes.HasPrefix(line, dash) {
			rest := bytes.TrimRight(line[len(dash):], " \t\r")
			last := bytes.Equal(rest, []byte("--"))
			if len(rest) == 0 || last {
				if start >= 0 {
					parts = append(parts, trimEnd(body[start:at]))
				}
				start = next
				if last {
					return parts
				}
				if len(parts) > maxParts {
					return parts
				}
			}
		}
		at = next
	}
	if start >= 0 && start < len(body) {
		parts = append(parts, body[start:])
	}
	return parts
}

func trimEnd(b []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(b, []byte("\n")), []byte("\r"))
}

var boundaryLine = regexp.MustCompile(`(?m)^--([^\r\n]{1,200}?)[ \t]*\r?\nContent-[A-Za-z-]+:`)

// boundary is the declared one when the body has it, else the one that the body plainly uses.
func boundary(declared string, body []byte) string {
	if declared != "" && bytes.Contains(body, []byte("--"+declared)) {
		return declared
	}
	if m := boundaryLine.FindSubmatch(body[:min(len(body), 64<<10)]); m != nil {
		return string(m[1])
	}
	return ""
}

// decode undoes a transfer encoding as far as that goes.
func (w *walker) decode(enc string, body []byte) []byte {
	enc, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(enc)), ";")
	switch strings.Trim(enc, `" `) {
	case "base64":
		data, ok := decodeBase64(body)
		if !ok {
			w.fail("broken base64")
		}
		return data
	case "quoted-printable":
		return decodeQuoted(body)
	}
	return body
}

// decodeBase64 passes over what is no base64, as mailers put line numbers, footers and NULs between; ok is
// false when that was much, or nothing was left.
func decodeBase64(b []byte) (out []byte, ok bool) {
	kept := make([]byte, 0, len(b))
	bad := 0
	for _, c := range b {
		switch {
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '+', c == '/':
			kept = append(kept, c)
		case c == '=' || c <= ' ':
		default:
			bad++
		}
	}
	if len(kept)%4 == 1 {
		kept = kept[:len(kept)-1]
	}
	out = make([]byte, base64.RawStdEncoding.DecodedLen(len(kept)))
	n, _ := base64.RawStdEncoding.Decode(out, kept)
	return out[:n], bad*20 <= len(b)
}

// decodeQuoted undoes quoted-printable; what is no escape stands as it is.
func decodeQuoted(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] != '=' {
			out = append(out, b[i])
			continue
		}
		if i+2 < len(b) {
			hi, lo := unhex(b[i+1]), unhex(b[i+2])
			if hi >= 0 && lo >= 0 {
				out = append(out, byte(hi<<4|lo))
				i += 2
				continue
			}
		}
		j := i + 1
		for j < len(b) && (b[j] == ' ' || b[j] == '\t' || b[j] == '\r') {
			j++
		}
		if j < len(b) && b[j] == '\n' || j == len(b) { // soft line break
			i = j
			continue
		}
		out = append(out, '=')
	}
	return out
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
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

func (f file) String() string {
	switch {
	case f.size >= 1<<20:
		return fmt.Sprintf("📎 %s · %.1f MB", f.name, float64(f.size)/(1<<20))
	case f.size >= 1<<10:
		return fmt.Sprintf("📎 %s · %d KB", f.name, f.size>>10)
	}
	return fmt.Sprintf("📎 %s · %d B", f.name, f.size)
}
