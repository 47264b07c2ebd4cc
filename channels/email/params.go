package email

import (
	"regexp"
	"strconv"
	"strings"
)

// mediaType reads a Content-Type or Content-Disposition, as strictly written or as badly as they come: parameters in pieces and
// charsets (RFC 2231), in encoded words, unquoted, without the semicolon before them. typ is "" when there is none.
func mediaType(s string) (typ string, params map[string]string) {
	if len(s) > 16<<10 {
		s = s[:16<<10]
	}
	s = strings.TrimLeft(s, " \t\r\n\"'")
	i := strings.IndexAny(s, "; \t\r\n,\"'")
	if i < 0 {
		i = len(s)
	}
	if typ = strings.ToLower(s[:i]); !typeName.MatchString(typ) {
		typ = ""
	}
	pieces := map[string]string{}
	for rest := s[i:]; len(pieces) < 100; {
		var key, value string
		if key, value, rest = parameter(rest); key == "" {
			break
		}
		if _, twice := pieces[key]; !twice {
			pieces[key] = value
		}
	}
	params = map[string]string{}
	for key, value := range pieces {
		base, _, divided := strings.Cut(key, "*")
		if !divided {
			if _, better := params[base]; !better {
				params[base] = value
			}
		} else if v, ok := joined(pieces, base); ok {
			params[base] = v
		}
	}
	return typ, params
}

// parameter takes the next "; key=value" off s.
func parameter(s string) (key, value, rest string) {
	for {
		s = strings.TrimLeft(s, "; \t\r\n,\"")
		eq := strings.IndexByte(s, '=')
		if eq < 0 {
			return "", "", ""
		}
		if semi := strings.IndexByte(s[:eq], ';'); semi >= 0 { // something without a value
			s = s[semi:]
			continue
		}
		words := strings.Fields(strings.ToLower(s[:eq]))
		s = strings.TrimLeft(s[eq+1:], " \t\r\n")
		if len(words) == 0 {
			continue
		}
		key = words[len(words)-1]
		break
	}
	if s == "" || s[0] != '"' {
		value, rest, _ = strings.Cut(s, ";")
		value = strings.TrimSpace(value)
		if key == "charset" || key == "boundary" || key == "format" || key == "delsp" {
			if i := strings.IndexAny(value, " \t("); i > 0 {
				value, rest = value[:i], value[i:]+";"+rest
			}
		}
		return key, strings.Trim(value, "'\""), rest
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return key, b.String(), s[i+1:]
		case s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'):
			i++
			b.WriteByte(s[i])
		case s[i] == '\r' || s[i] == '\n':
		default:
			b.WriteByte(s[i])
		}
	}
	return key, b.String(), ""
}

// joined puts the pieces of a parameter together (RFC 2231): "name*" alone, or "name*0", "name*1*" …
func joined(pieces map[string]string, base string) (string, bool) {
	charset := ""
	decoded := func(v string, first bool) []byte {
		if first {
			if parts := strings.SplitN(v, "'", 3); len(parts) == 3 {
				charset, v = parts[0], parts[2]
			}
		}
		return percent(v)
	}
	if v, ok := pieces[base+"*"]; ok {
		return toUTF8(decoded(v, true), charset), true
	}
	var out []byte
	for i := 0; i < 100; i++ {
		key := base + "*" + strconv.Itoa(i)
		if v, ok := pieces[key+"*"]; ok {
			out = append(out, decoded(v, i == 0)...)
		} else if v, ok := pieces[key]; ok {
			out = append(out, v...)
		} else {
			break
		}
	}
	return toUTF8(out, charset), len(out) > 0
}

// percent decodes %XX; what is none stands as it is.
func percent(s string) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && unhex(s[i+1]) >= 0 && unhex(s[i+2]) >= 0 {
			out = append(out, byte(unhex(s[i+1])<<4|unhex(s[i+2])))
			i += 2
			continue
		}
		out = append(out, s[i])
	}
	return out
}

var typeName = regexp.MustCompile(`^[a-z0-9!#$&^_.+-]+(/[a-z0-9!#$&^_.+-]+)?$`)
