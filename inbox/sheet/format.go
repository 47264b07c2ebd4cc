// Package sheet reads tables that people send: CSV as spreadsheets and old programs write it, and JSON lines. It finds out how a file is
// written, streams its rows in memory that does not depend on its size, and reads the values as people in Iran and elsewhere spell them. A row
// that cannot be read is an error of that row and never costs another one. It is pure: nothing here knows a database.
package sheet

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"tamas/persian"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	utf "golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// Kinds of files.
const (
	CSV   = "csv"
	JSONL = "jsonl" // one JSON object a line
)

// Format is how a file is written.
type Format struct {
	Kind      string `json:"kind"`
	Encoding  string `json:"encoding"`            // one of Encodings
	Delimiter string `json:"delimiter,omitempty"` // of CSV: one of Delimiters
	Header    bool   `json:"header"`              // the first row names the columns
	BOM       bool   `json:"bom,omitempty"`       // the file begins with a byte order mark
}

// Encodings and Delimiters are those that Sniff knows; a delimiter that stands earlier wins where several would do.
var (
	Encodings  = []string{"utf-8", "utf-16le", "utf-16be", "windows-1256", "windows-1252"}
	Delimiters = []string{",", ";", "\t", "|", "؛", "،"}
)

// ErrFormat says that a format names what there is not.
var ErrFormat = errors.New("no such format of a file")

// Valid tells that Reader and Writer can use the format.
func (f Format) Valid() bool {
	return slices.Contains(Encodings, f.Encoding) && (f.Kind == JSONL || f.Kind == CSV && slices.Contains(Delimiters, f.Delimiter))
}

// Persian tells that Persian can be written in the format.
func (f Format) Persian() bool { return f.Encoding != "windows-1252" }

func (f Format) encoding() encoding.Encoding {
	switch f.Encoding {
	case "utf-16le":
		return utf.UTF16(utf.LittleEndian, utf.IgnoreBOM)
	case "utf-16be":
		return utf.UTF16(utf.BigEndian, utf.IgnoreBOM)
	case "windows-1256":
		return charmap.Windows1256
	case "windows-1252":
		return charmap.Windows1252
	}
	return nil // UTF-8, which is read as it is
}

func (f Format) bom() []byte {
	switch f.Encoding {
	case "utf-8":
		return []byte{0xEF, 0xBB, 0xBF}
	case "utf-16le":
		return []byte{0xFF, 0xFE}
	case "utf-16be":
		return []byte{0xFE, 0xFF}
	}
	return nil
}

// SniffSize is how much of a file's beginning Sniff is best given.
const SniffSize = 256 << 10

// Sniff guesses how a file is written from its beginning; whole tells that this is all of it.
func Sniff(head []byte, whole bool) Format {
	f := Format{Kind: CSV, Delimiter: ","}
	f.Encoding, f.BOM = sniffEncoding(head, whole)
	text := f.decodeHead(head)
	if !whole { // the last line may be cut
		if i := strings.LastIndexByte(text, '\n'); i > 0 {
			text = text[:i+1]
		}
	}
	if t := strings.TrimLeft(text, " \t\r\n"); strings.HasPrefix(t, "{") && looksLikeJSON(t) {
		return Format{Kind: JSONL, Encoding: f.Encoding, Header: true, BOM: f.BOM}
	}
	f.Delimiter = sniffDelimiter(text)
	f.Header = sniffHeader(text, f)
	return f
}

// Why a file is no table that can be read.
const (
	Packed   = "packed" // a workbook, an archive, a PDF
	JSONList = "list"   // JSON, but one list instead of an object a line
)

// packed are the first bytes of what people send for a table: XLSX, ODS and ZIP, XLS, gzip, PDF.
var packed = []string{"PK\x03\x04", "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "\x1F\x8B", "%PDF-"}

// NoTable tells from its beginning what a file is instead of a table; "" for a table.
func NoTable(head []byte) string {
	text := string(head)
	if slices.ContainsFunc(packed, func(p string) bool { return strings.HasPrefix(text, p) }) {
		return Packed
	}
	text = strings.TrimLeft(strings.TrimPrefix(text, "\uFEFF"), " \t\r\n")
	if rest, ok := strings.CutPrefix(text, "["); ok && strings.HasPrefix(strings.TrimLeft(rest, " \t\r\n"), "{") {
		return JSONList
	}
	return ""
}

func looksLikeJSON(t string) bool {
	line, _, _ := strings.Cut(t, "\n")
	_, err := object([]byte(line))
	return err == nil || len(line) > maxRecord/2
}

func (f Format) decodeHead(head []byte) string {
	if f.BOM {
		head = bytes.TrimPrefix(head, f.bom())
	}
	if e := f.encoding(); e != nil {
		head, _, _ = transform.Bytes(e.NewDecoder(), head)
	}
	return strings.ToValidUTF8(string(head), "\uFFFD")
}

func sniffEncoding(head []byte, whole bool) (name string, bom bool) {
	for _, e := range Encodings[:3] {
		if bytes.HasPrefix(head, Format{Encoding: e}.bom()) {
			return e, true
		}
	}
	// Text in UTF-16 without a mark has zeros for half of its delimiters at least.
	even, odd := 0, 0
	for i, b := range head {
		if b == 0 && i%2 == 0 {
			even++
		} else if b == 0 {
			odd++
		}
	}
	switch {
	case odd > len(head)/40+1 && even*4 < odd:
		return "utf-16le", false
	case even > len(head)/40+1 && odd*4 < even:
		return "utf-16be", false
	}
	cut := head
	if !whole { // a character may be cut at the end
		for range utf8.UTFMax {
			if utf8.Valid(cut) || len(cut) == 0 {
				break
			}
			cut = cut[:len(cut)-1]
		}
	}
	if utf8.Valid(cut) {
		return "utf-8", false
	}
	// A file that is UTF-8 but for some broken bytes stays UTF-8: only its broken rows are errors.
	multi, broken := 0, 0
	for b := cut; len(b) > 0; {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == utf8.RuneError && n == 1:
			broken++
		case n > 1:
			multi++
		}
		b = b[n:]
	}
	if multi > 20*broken {
		return "utf-8", false
	}
	// In Arabic script letters stand together; in Latin text, those beyond ASCII stand alone.
	together, alone := 0, 0
	for i, b := range head {
		if b < 0x80 {
			continue
		}
		if i > 0 && head[i-1] >= 0x80 || i+1 < len(head) && head[i+1] >= 0x80 {
			if unicode.Is(unicode.Arabic, charmap.Windows1256.DecodeByte(b)) {
				together++
				continue
			}
		}
		alone++
	}
	if together > alone {
		return "windows-1256", false
	}
	return "windows-1252", false
}

// sniffDelimiter takes the one that parts the first rows into the same number of fields, and into most.
func sniffDelimiter(text string) string {
	best, most := ",", 0
	for _, d := range Delimiters {
		r := NewReader(strings.NewReader(text), Format{Kind: CSV, Encoding: "utf-8", Delimiter: d})
		width, same, rows := 0, 0, 0
		for rows < 50 {
			row, err := r.Next()
			if err != nil {
				break
			}
			if row.Err != "" {
				continue
			}
			if rows++; rows == 1 {
				width = len(row.Fields)
			}
			if len(row.Fields) == width {
				same++
			}
		}
		if width < 2 || same*10 < rows*7 {
			continue
		}
		if points := (width - 1) * same; points > most {
			best, most = d, points
		}
	}
	return best
}

// sniffHeader tells that the first row names the columns: it has no value that only data have, and names nothing twice.
func sniffHeader(text string, f Format) bool {
	r := NewReader(strings.NewReader(text), Format{Kind: CSV, Encoding: "utf-8", Delimiter: f.Delimiter})
	row, err := r.Next()
	if err != nil || row.Err != "" {
		return true
	}
	named, seen := 0, map[string]bool{}
	for _, s := range row.Fields {
		s = strings.TrimSpace(persian.LatinDigits(s))
		if s == "" {
			continue
		}
		if _, err := Number(s); err == nil || strings.Contains(s, "@") || looksLikeDate(s) || seen[s] {
			return false
		}
		if strings.HasPrefix(s, "+") || len(s) > 120 {
			return false
		}
		seen[s] = true
		named++
	}
	return named > 0
}

// Names gives each column a name that no other has.
func Names(list []string) []string {
	out, seen := make([]string, len(list)), map[string]bool{}
	for i, s := range list {
		s = Clean(s)
		if len(s) > 200 {
			s = strings.ToValidUTF8(s[:200], "")
		}
		if s == "" {
			s = "column " + columnLetters(i)
		}
		name := s
		for n := 2; seen[name]; n++ {
			name = s + " (" + strconv.Itoa(n) + ")"
		}
		seen[name] = true
		out[i] = name
	}
	return out
}

// columnLetters names a column as spreadsheets do: A … Z, AA …
func columnLetters(i int) string {
	s := ""
	for i++; i > 0; i = (i - 1) / 26 {
		s = string(rune('A'+(i-1)%26)) + s
	}
	return s
}

// decoded is a file's text in UTF-8, without its byte order mark.
func decoded(r io.Reader, f Format) io.Reader {
	if e := f.encoding(); e != nil {
		r = transform.NewReader(r, e.NewDecoder())
	}
	return r
}
