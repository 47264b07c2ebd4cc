package email

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"mime"
	"net/mail"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/emersion/go-message/textproto"
)

const maxHeader = 256 << 10 // bytes of a header that are looked at

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
		text = strings.TrimRight(strings.ReplaceAll(text, " ", ""), "=")
		b, err := base64.RawStdEncoding.DecodeString(text)
		if err != nil && len(b) == 0 && text != "" {
			return nil, false
		}
		return b, true
	}
	return decodeQuoted([]byte(strings.ReplaceAll(text, "_", " "))), true
}

// address is one mailbox of a header.
type address struct{ name, addr string }

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
		found := angle.FindAllStringSubmatchIndex(v, -1)
		from := 0
		for _, m := range found {
			name := strings.Trim(v[from:m[0]], " \t,;")
			from = m[1]
			if addr, ok := normal(v[m[2]:m[3]]); ok {
				out = append(out, address{displayName(name), addr})
			}
		}
		if len(found) == 0 {
			for _, a := range bare.FindAllString(v, 50) {
				if addr, ok := normal(a); ok {
					out = append(out, address{addr: addr})
				}
			}
		}
	}
	return out
}

func displayName(s string) string {
	s = strings.TrimSpace(s)
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		s = strings.ReplaceAll(s[1:len(s)-1], `\"`, `"`)
	}
	return oneLine(strings.Trim(decodeWords(s), `"`), 256)
}

// normal is an address as the hub keeps it: lower-case, without anything that is not one address.
func normal(s string) (string, bool) {
	s = strings.ToLower(strings.Trim(toUTF8([]byte(s), ""), " \t<>\"'"))
	local, domain, ok := cutLast(s, "@")
	if !ok || local == "" || domain == "" || len(s) > 254 || strings.ContainsAny(s, " \t\r\n\x00<>(),;\\") {
		return "", false
	}
	for _, r := range s {
		if r < ' ' || r == 0x7f || r == '\uFFFD' {
			return "", false
		}
	}
	return s, true
}

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

// mediaType reads a Content-Type or Content-Disposition; what is malformed gives what can be read.
func mediaType(s string) (typ string, params map[string]string) {
	typ, params, err := mime.ParseMediaType(s)
	if err == nil && params != nil {
		for _, k := range []string{"name", "filename"} {
			if params[k] == "" {
				if v := extended(s, k); v != "" {
					params[k] = v
				}
			}
		}
		return typ, params
	}
	typ, params = "", map[string]string{}
	for i, f := range strings.Split(s, ";") {
		if i == 0 {
			words := strings.Fields(strings.ToLower(f))
			if len(words) > 0 && typeName.MatchString(words[0]) {
				typ = words[0]
			}
			continue
		}
		k, v, _ := strings.Cut(f, "=")
		k = strings.ToLower(strings.TrimSpace(k))
		v = strings.Trim(strings.TrimSpace(v), `"`)
		if _, dup := params[k]; k != "" && !dup {
			params[k] = v
		}
	}
	for _, k := range []string{"name", "filename"} {
		if v := extended(s, k); v != "" {
			params[k] = v
		}
	}
	return typ, params
}

var typeName = regexp.MustCompile(`^[a-z0-9!#$&^_.+-]+(/[a-z0-9!#$&^_.+-]+)?$`)

// extended reads an RFC 2231 parameter in a charset that the standard library does not know.
func extended(s, key string) string {
	re := regexp.MustCompile(`(?i)[;\s]` + key + `\*(?:0\*)?\s*=\s*"?([^;"\s]+)`)
	m := re.FindStringSubmatch(s)
	if m == nil {
		return ""
	}
	parts := strings.SplitN(m[1], "'", 3)
	if len(parts) != 3 {
		return ""
	}
	b, err := url.PathUnescape(parts[2])
	if err != nil {
		return ""
	}
	return toUTF8([]byte(b), parts[0])
}
