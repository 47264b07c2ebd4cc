package email

import (
	"bytes"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	unicode16 "golang.org/x/text/encoding/unicode"
)

// toUTF8 decodes b, whose sender calls its charset label ("" when he does not). It always gives valid
// UTF-8: labels lie, so bytes that are plainly UTF-8 are taken as that, and bytes that the label
// cannot explain are guessed.
func toUTF8(b []byte, label string) string {
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	if bytes.HasPrefix(b, []byte("\xff\xfe")) || bytes.HasPrefix(b, []byte("\xfe\xff")) {
		if out, err := utf16.NewDecoder().Bytes(b); err == nil {
			return strings.ToValidUTF8(string(out), "\uFFFD")
		}
	}
	if isUTF7(label) && ascii(b) {
		return fromUTF7(string(b))
	}
	enc, known := lookup(label)
	if ascii(b) && !sevenBit(label) {
		return string(b)
	}
	if utf8.Valid(b) && (!known || enc == nil || plainlyUTF8(b, enc)) {
		return string(b)
	}
	if !known || enc == nil { // nil: labelled UTF-8 or ASCII, and is not
		if mostlyUTF8(b) {
			return strings.ToValidUTF8(string(b), "\uFFFD")
		}
		enc = guess(b)
	}
	if enc == charmap.Windows1252 && surelyArabic(b) {
		enc = charmap.Windows1256
	}
	out, err := enc.NewDecoder().Bytes(b)
	if err != nil {
		return strings.ToValidUTF8(string(b), "\uFFFD")
	}
	return strings.ToValidUTF8(string(out), "\uFFFD")
}

// lookup finds the encoding of a label; nil and true for UTF-8 and ASCII, false for what is unknown.
func lookup(label string) (enc encoding.Encoding, known bool) {
	label = strings.ToLower(strings.Trim(strings.TrimSpace(label), `"'`))
	switch label {
	case "utf-8", "utf8", "utf_8", "us-ascii", "ascii", "ansi_x3.4-1968", "unicode-1-1-utf-8", "cp65001":
		return nil, true
	case "cp1256", "windows1256", "win-1256", "windows-arabic":
		return charmap.Windows1256, true
	case "cp1252", "cp-1252", "windows1252", "ansi":
		return charmap.Windows1252, true
	case "", "unknown-8bit", "x-unknown", "default", "default_charset", "none", "binary":
		return nil, false
	}
	// htmlindex first: as browsers do, it takes iso-8859-1 for the windows-1252 that it mostly is.
	if enc, err := htmlindex.Get(label); err == nil && enc != encoding.Replacement {
		if name, _ := htmlindex.Name(enc); name == "utf-8" {
			return nil, true
		}
		return enc, true
	}
	for _, index := range []*ianaindex.Index{ianaindex.MIME, ianaindex.IANA} {
		if enc, err := index.Encoding(label); err == nil && enc != nil {
			return enc, true
		}
	}
	// "cp1251", "ibm-866", "x-windows-874", "8859-9": names that are nearly right.
	if m := nearly.FindStringSubmatch(label); m != nil {
		for _, name := range []string{"windows-" + m[1], "ibm" + m[1], "iso-" + m[1]} {
			if enc, err := htmlindex.Get(name); err == nil {
				return enc, true
			}
		}
	}
	return nil, false
}

var nearly = regexp.MustCompile(`^(?:x-|ms-|iso)*(?:cp|ibm|win|windows|iso)?[-_]?(\d{3,4}(?:-\d{1,2})?)$`)

var utf16 = unicode16.UTF16(unicode16.LittleEndian, unicode16.UseBOM)

func isUTF7(label string) bool {
	label = strings.ToLower(label)
	return label == "utf-7" || label == "unicode-1-1-utf-7" || label == "utf7"
}

var utf7Run = regexp.MustCompile(`\+([A-Za-z0-9+/]*)-?`)

// fromUTF7 decodes the one charset of old mail that the library does not have (RFC 2152).
func fromUTF7(s string) string {
	return utf7Run.ReplaceAllStringFunc(s, func(run string) string {
		letters := strings.TrimSuffix(run[1:], "-")
		if letters == "" {
			return "+"
		}
		b, _ := decodeBase64([]byte(letters))
		out, err := unicode16.UTF16(unicode16.BigEndian, unicode16.IgnoreBOM).NewDecoder().Bytes(b[:len(b)&^1])
		if err != nil {
			return run
		}
		return string(out)
	})
}

// sevenBit says that a charset writes other letters with ASCII bytes, so that ASCII bytes must be decoded too.
func sevenBit(label string) bool {
	label = strings.ToLower(label)
	return strings.HasPrefix(label, "iso-2022-") || strings.HasPrefix(label, "hz-") || strings.HasPrefix(label, "utf-16")
}

func ascii(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// plainlyUTF8 judges valid UTF-8 under the label of a single-byte charset. A short windows-1256 text
// can be valid UTF-8 by chance, so the letters must be those that the label is about.
func plainlyUTF8(b []byte, enc encoding.Encoding) bool {
	if _, single := enc.(*charmap.Charmap); !single {
		return false
	}
	high, arabic := 0, 0
	for _, r := range string(b) {
		if r >= utf8.RuneSelf {
			high++
			if unicode.Is(unicode.Arabic, r) {
				arabic++
			}
		}
	}
	if enc == charmap.Windows1256 || enc == charmap.ISO8859_6 {
		return arabic >= 3 && arabic*2 >= high
	}
	return high > 0
}

// mostlyUTF8 is true for UTF-8 with a few bytes cut off or damaged.
func mostlyUTF8(b []byte) bool {
	good, bad := 0, 0
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			bad++
		case n > 1:
			good++
		}
		i += n
	}
	return good > 0 && bad*8 <= good
}

// guess tells Persian and Arabic from western text: in windows-1256 the high bytes stand in words, in
// western charsets they stand alone between ASCII letters.
func guess(b []byte) encoding.Encoding {
	if high, together := runs(b); together*2 > high {
		return charmap.Windows1256
	}
	return charmap.Windows1252
}

// surelyArabic is guess against a label that says western.
func surelyArabic(b []byte) bool {
	high, together := runs(b)
	return high >= 8 && together*10 >= high*9
}

// runs counts the high bytes, and those of them that have a high neighbour.
func runs(b []byte) (high, together int) {
	for i, c := range b {
		if c < utf8.RuneSelf {
			continue
		}
		high++
		if (i > 0 && b[i-1] >= utf8.RuneSelf) || (i+1 < len(b) && b[i+1] >= utf8.RuneSelf) {
			together++
		}
	}
	return high, together
}

// clean makes text what the record takes: valid UTF-8, "\n" line ends, no control characters.
func clean(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\r' || r == '\u2028' || r == '\u2029' || r == '\v' || r == '\f':
			return '\n'
		case r < ' ' || (r >= 0x7f && r < 0xa0) || r == '\ufeff':
			return -1
		}
		return r
	}, s)
}

// oneLine is clean for names and subjects.
func oneLine(s string, max int) string {
	s = strings.Join(strings.Fields(clean(s)), " ")
	return cut(s, max)
}

// cut shortens s to at most max bytes at a rune's border.
func cut(s string, max int) string {
	if len(s) <= max {
		return s
	}
	for max > 0 && !utf8.RuneStart(s[max]) {
		max--
	}
	return s[:max]
}
