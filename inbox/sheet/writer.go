package sheet

import (
	"bufio"
	"encoding/json"
	"io"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
)

// formulas are what a spreadsheet takes text that begins with it for a formula by.
const formulas = "=+-@\t\r"

// Guard keeps spreadsheets from running a text: one that begins like a formula gets an apostrophe in front. A negative number is none.
func Guard(s string) string {
	switch {
	case s == "":
		return s
	case s[0] == '-' && plainNumber(s[1:]):
		return s
	case strings.IndexByte(formulas, s[0]) >= 0 || s[0] == '\'' && len(s) > 1 && (s[1] == '\'' || strings.IndexByte(formulas, s[1]) >= 0):
		return "'" + s
	}
	return s
}

// Unguard takes Guard's apostrophe away.
func Unguard(s string) string {
	if len(s) > 1 && s[0] == '\'' && (s[1] == '\'' || strings.IndexByte(formulas, s[1]) >= 0) {
		return s[1:]
	}
	return s
}

func plainNumber(s string) bool {
	dots := 0
	for i := 0; i < len(s); i++ {
		if s[i] == '.' {
			dots++
		} else if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != "" && dots <= 1 && s != "."
}

// Writer writes a table row by row. Its first error stays: Flush tells it.
type Writer struct {
	f       Format
	w       *bufio.Writer
	enc     io.Writer
	columns []string
	keys    []string // JSON of each column's name
	err     error
	line    []byte
}

// NewWriter begins a table with these columns: CSV with a row of their names, after a byte order mark where f has one. What the encoding does
// not know is replaced by its substitute character.
func NewWriter(w io.Writer, f Format, columns []string) *Writer {
	t := &Writer{f: f, w: bufio.NewWriterSize(w, 32<<10), columns: columns}
	t.enc = t.w
	if f.BOM {
		_, t.err = t.w.Write(f.bom())
	}
	if e := f.encoding(); e != nil {
		to := transform.Transformer(encoding.ReplaceUnsupported(e.NewEncoder()))
		if f.Encoding == "windows-1256" {
			to = transform.Chain(runes.Remove(runes.Predicate(unknownTo1256)), runes.Map(writtenIn1256), to)
		}
		t.enc = transform.NewWriter(t.w, to)
	}
	for _, c := range columns {
		key, _ := json.Marshal(c)
		t.keys = append(t.keys, string(key))
	}
	if f.Kind == CSV && f.Header {
		t.Row(columns)
	}
	return t
}

// Row writes a row of CSV as it is, of JSON lines an object of texts without the empty ones.
func (t *Writer) Row(fields []string) {
	t.line = t.line[:0]
	if t.f.Kind == JSONL {
		t.line = append(t.line, '{')
		for i, s := range fields {
			if s == "" || i >= len(t.keys) {
				continue
			}
			if len(t.line) > 1 {
				t.line = append(t.line, ',')
			}
			v, err := json.Marshal(s)
			if err != nil {
				t.fail(err)
			}
			t.line = append(append(append(t.line, t.keys[i]...), ':'), v...)
		}
		t.line = append(t.line, '}', '\n')
		t.put()
		return
	}
	for i, s := range fields {
		if i > 0 {
			t.line = append(t.line, t.f.Delimiter...)
		}
		if s != "" && (strings.ContainsAny(s, "\"\n\r") || strings.Contains(s, t.f.Delimiter) || s[0] == ' ' || s[0] == '\t' || s[len(s)-1] == ' ') {
			t.line = append(t.line, '"')
			t.line = append(t.line, strings.ReplaceAll(s, `"`, `""`)...)
			t.line = append(t.line, '"')
		} else {
			t.line = append(t.line, s...)
		}
	}
	if len(fields) == 1 && fields[0] == "" { // else it would be no row
		t.line = append(t.line, `""`...)
	}
	t.line = append(t.line, '\r', '\n')
	t.put()
}

// Object writes a row of JSON lines.
func (t *Writer) Object(v any) {
	b, err := json.Marshal(v)
	if err != nil {
		t.fail(err)
		return
	}
	t.line = append(append(t.line[:0], b...), '\n')
	t.put()
}

func (t *Writer) put() {
	if t.err == nil {
		_, t.err = t.enc.Write(t.line)
	}
}

func (t *Writer) fail(err error) {
	if t.err == nil {
		t.err = err
	}
}

// Flush writes what is held back and tells the first error.
func (t *Writer) Flush() error {
	if t.err == nil {
		t.err = t.w.Flush()
	}
	return t.err
}

// Windows-1256 was made for Arabic: Persian is written in it with the Arabic ye and Latin digits, without a hamza above and marks of direction.

func unknownTo1256(r rune) bool { return r == '\u0654' || r >= '\u2066' && r <= '\u2069' }

func writtenIn1256(r rune) rune {
	switch {
	case r == 'ی':
		return 'ي'
	case r >= '۰' && r <= '۹':
		return r - '۰' + '0'
	}
	return r
}
