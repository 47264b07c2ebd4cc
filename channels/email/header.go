package email

import (
	"bufio"
	"bytes"
	"mime"
	"net/mail"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-message/textproto"

	"tamas/channels"
)

const maxHeader = 256 << 10 // bytes of a header that are looked at

// headerOf splits a section into its header and body, however long the header is. ok is false when it has none.
func headerOf(s section) (h textproto.Header, body section, ok bool) {
	for n := int64(8 << 10); ; n *= 8 {
		head := s.head(n)
		if !headerEnds(head) && int64(len(head)) == n && n < 2*maxHeader {
			continue
		}
		h, rest, ok := readHeader(head)
		body = section{s.src, s.off + int64(len(head)-len(rest)), s.end}
		if len(rest) == 0 && int64(len(head)) == n { // longer than what is looked at
			body.off = afterHeader(s)
		}
		return h, body, ok
	}
}

// headerEnds tells whether there is an empty line.
func headerEnds(b []byte) bool {
	return bytes.HasPrefix(b, []byte("\n")) || bytes.HasPrefix(b, []byte("\r\n")) ||
		bytes.Contains(b, []byte("\n\n")) || bytes.Contains(b, []byte("\n\r\n"))
}

// afterHeader is where the body of a huge header begins.
func afterHeader(s section) int64 {
	r := bufio.NewReaderSize(s.reader(), 64<<10)
	at, begins := s.off, true
	for {
		line, err := r.ReadSlice('\n')
		at += int64(len(line))
		if begins && err == nil && len(bytes.TrimRight(line, "\r\n")) == 0 {
			return at
		}
		if err != nil && err != bufio.ErrBufferFull {
			return s.end
		}
		begins = err == nil
	}
}

// readHeader splits a mail or a part into its header and body. Lines that are no header fields are
// passed over, so one bad line costs itself only; ok is false when no line was a field.
func readHeader(raw []byte) (h textproto.Header, body []byte, ok bool) {
	var kept bytes.Buffer
	rest := raw
	fields, inField := 0, false
	for len(rest) > 0 {
		line, next, _ := bytes.Cut(rest, []byte("\n"))
		line = bytes.TrimSuffix(line, []byte("\r"))
		rest = next
		if len(line) == 0 {
			break
		}
		cont := line[0] == ' ' || line[0] == '\t'
		switch {
		case cont && !inField:
			continue
		case cont:
		case fieldName(line):
			inField = true
			fields++
		case fields == 0 && bytes.HasPrefix(line, []byte("--")): // the body of a part without header
			return h, raw, false
		default:
			inField = false
			continue
		}
		if kept.Len() < maxHeader {
			room := maxHeader - kept.Len()
			if len(line) > room {
				line = line[:room]
			}
			kept.Write(bytes.ReplaceAll(line, []byte{0}, nil))
			kept.WriteString("\r\n")
		}
	}
	if fields == 0 {
		return h, raw, false
	}
	kept.WriteString("\r\n")
	h, _ = textproto.ReadHeader(bufio.NewReader(&kept))
	return h, rest, h.Len() > 0
}

func fieldName(line []byte) bool {
	name, _, found := bytes.Cut(line, []byte(":"))
	name = bytes.TrimRight(name, " \t")
	if !found || len(name) == 0 || len(name) > 200 {
		return false
	}
	for _, c := range name {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return true
}

// encodedWord is one =?charset?encoding?text?= (RFC 2047; the charset may carry a language, RFC 2231).
var encodedWord = regexp.MustCompile(`=\?([^?\s*]+)(?:\*[^?\s]*)?\?([bBqQ])\?([^?\r\n]*)\?=`)

// decodeWords decodes a header's text. Neighbouring words of one charset are joined before their charset is
// decoded: mailers cut Persian letters in halves between two words.
func decodeWords(s string) string {
	var out strings.Builder
	var pending []byte
	charset := ""
	flush := func() {
		if len(pending) > 0 {
			out.WriteString(toUTF8(pending, charset))
			pending = nil
		}
	}
	at := 0
	for _, m := range encodedWord.FindAllStringSubmatchIndex(s, -1) {
		between := s[at:m[0]]
		data, ok := decodeWord(s[m[4]:m[5]], s[m[6]:m[7]])
		if !ok {
			continue // stands as it is, as part of the next text between
		}
		label := strings.ToLower(s[m[2]:m[3]])
		if strings.TrimSpace(between) != "" || at == 0 {
			flush()
			out.WriteString(toUTF8([]byte(between), ""))
		} else if label != charset {
			flush()
		}
		charset = label
		pending = append(pending, data...)
		at = m[1]
	}
	flush()
	out.WriteString(toUTF8([]byte(s[at:]), ""))
	return out.String()
}

func decodeWord(enc, text string) ([]byte, bool) {
	if strings.EqualFold(enc, "b") {
		b, _ := decodeBase64([]byte(text))
		return b, len(b) > 0 || text == ""
	}
	return decodeQuoted([]byte(strings.ReplaceAll(text, "_", " "))), true
}

// address is one mailbox of a header.
type address struct{ name, addr string }

// String is the address as it may stand in a header: "Name <a@b>" or "a@b".
func (a address) String() string {
	switch {
	case a.name == "" || strings.EqualFold(a.name, a.addr):
		return a.addr
	case strings.ContainsAny(a.name, `()<>[]:;@\,."`):
		return strconv.Quote(strings.NewReplacer(`\`, "", `"`, "").Replace(a.name)) + " <" + a.addr + ">"
	}
	return a.name + " <" + a.addr + ">"
}

// angle finds an address between brackets.
var angle = regexp.MustCompile(`<\s*([^<>\s]+@[^<>\s]+?)\s*>`)

// bare finds an address without them.
var bare = regexp.MustCompile(`[^\s<>()\[\],;:"']+@[^\s<>()\[\],;:"']+`)

// addresses reads an address list, as strictly as it can and as leniently as it must.
func addresses(values []string) []address {
	var out []address
	parser := mail.AddressParser{WordDecoder: &mime.WordDecoder{}}
	for _, v := range values {
		if len(v) > 64<<10 || len(out) > 200 {
			break
		}
		// Words stay encoded for the strict reader: a decoded name may hold commas and quotes.
		if list, err := parser.ParseList(v); err == nil && !strings.Contains(v, "=?") && ascii([]byte(v)) {
			for _, a := range list {
				if addr, ok := normal(a.Address); ok {
					out = append(out, address{oneLine(a.Name, 256), addr})
				}
			}
			continue
		}
		name := "" // a name with a comma in it, so far
		for _, piece := range pieces(v) {
			if strings.Contains(piece, "=?") && !strings.Contains(piece, "@") { // the address is encoded too
				piece = decodeWords(piece)
			}
			if m := angle.FindStringSubmatchIndex(piece); m != nil {
				addr := piece[m[2]:m[3]]
				if route := strings.LastIndexByte(addr, ':'); addr[0] == '@' && route > 0 {
					addr = addr[route+1:]
				}
				if addr, ok := normal(addr); ok {
					out = append(out, address{displayName(name + piece[:m[0]]), addr})
				}
				name = ""
				continue
			}
			found := bare.FindAllString(piece, 50)
			for _, b := range found {
				if addr, ok := normal(b); ok {
					out = append(out, address{addr: addr})
				}
			}
			if name += piece + ","; len(found) > 0 || len(name) > 1000 {
				name = ""
			}
		}
	}
	return out
}

// pieces divides an address list at its commas, outside of quotes, brackets and comments; what a group is called goes.
func pieces(v string) (out []string) {
	start, depth, quoted, angled := 0, 0, false, false
	for i := 0; i < len(v); i++ {
		switch c := v[i]; {
		case c == '\\' && (quoted || depth > 0):
			i++
		case c == '"' && depth == 0:
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')' && depth > 0:
			depth--
		case depth > 0:
		case c == '<' || c == '>':
			angled = c == '<'
		case angled:
		case c == ':':
			start = i + 1
		case c == ',' || c == ';':
			out = append(out, v[start:i])
			start = i + 1
		}
	}
	return append(out, v[min(start, len(v)):])
}

func displayName(s string) string {
	s = strings.Trim(s, " \t,;")
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		s = strings.ReplaceAll(s[1:len(s)-1], `\"`, `"`)
	}
	return oneLine(strings.Trim(decodeWords(s), `"`), 256)
}

// normal is an address as the hub keeps it: see channels.Email.
func normal(s string) (string, bool) { return channels.Email(toUTF8([]byte(s), "")) }

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// ids finds the message ids of a header, without brackets, in order.
func ids(values []string) []string {
	var out []string
	for _, v := range values {
		for len(v) > 0 && len(out) < 500 {
			i := strings.IndexByte(v, '<')
			if i < 0 {
				break
			}
			v = v[i+1:]
			j := strings.IndexAny(v, "<>")
			if j < 0 {
				break
			}
			if v[j] == '>' {
				if id := strings.Join(strings.Fields(v[:j]), ""); saneID(id) {
					out = append(out, id)
				}
				j++
			}
			v = v[j:]
		}
	}
	return out
}

// saneID accepts what can stand in a References header again.
func saneID(id string) bool {
	if len(id) < 3 || len(id) > 900 {
		return false
	}
	for i := 0; i < len(id); i++ {
		if id[i] <= ' ' || id[i] > '~' || id[i] == '<' || id[i] == '>' {
			return false
		}
	}
	return true
}

// date reads a Date header; the zero time when it is none.
func date(s string) time.Time {
	t, err := mail.ParseDate(s)
	if err != nil {
		// A zone in words after the offset, or a name that is no zone.
		fields := strings.Fields(s)
		for n := len(fields) - 1; n >= 4 && err != nil; n-- {
			t, err = mail.ParseDate(strings.Join(fields[:n], " "))
		}
		if err != nil && len(fields) >= 5 {
			t, err = mail.ParseDate(strings.Join(fields[:len(fields)-1], " ") + " +0000")
		}
	}
	if err != nil || t.Year() < 1980 || t.Year() > 2200 {
		return time.Time{}
	}
	return t
}
