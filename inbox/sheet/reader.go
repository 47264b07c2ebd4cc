package sheet

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bounds of one row: beyond them it is an error of that row.
const (
	maxRecord  = 1 << 20 // bytes
	maxLines   = 1000    // that one row of CSV may take
	MaxColumns = 500
)

// Row is one row of a table.
type Row struct {
	Number  int      // in a spreadsheet: the first row is 1, the header too
	Fields  []string // as many as the reader has columns, once it has
	Beyond  []string // cells that stand behind them: Err says so
	Raw     string   // of JSON lines: the line
	Err     string   // why it could not be read, a sentence; "" when it could
	Unknown []string // of JSON lines: names with a value that are no columns
}

// Reader streams the rows of a table.
type Reader struct {
	f       Format
	src     io.Reader
	buf     []byte // buf[at:end] is not read yet
	at, end int
	eof     bool
	err     error // of src
	began   bool

	number  int
	columns map[string]int // of JSON lines
	width   int            // 0: as many fields as there are
}

// NewReader reads r, which is written in f.
func NewReader(r io.Reader, f Format) *Reader {
	return &Reader{f: f, src: decoded(r, f), buf: make([]byte, 64<<10)}
}

// Expect says which columns rows have: those of JSON lines go to their places by name, rows of CSV are made as wide.
func (r *Reader) Expect(columns []string) {
	r.width, r.columns = len(columns), map[string]int{}
	for i, c := range columns {
		r.columns[c] = i
	}
}

// fill reads on; what is unread moves to the front, and the buffer grows when it is full.
func (r *Reader) fill() {
	if r.at > 0 {
		copy(r.buf, r.buf[r.at:r.end])
		r.at, r.end = 0, r.end-r.at
	}
	if r.end == len(r.buf) {
		r.buf = append(r.buf, make([]byte, len(r.buf))...)
	}
	for tries := 0; !r.eof; tries++ {
		n, err := r.src.Read(r.buf[r.end:])
		r.end += n
		if err != nil || tries == 100 {
			r.eof = true
			if err == nil {
				err = io.ErrNoProgress
			}
			if err != io.EOF {
				r.err = err
			}
		}
		if n > 0 {
			break
		}
	}
	if !r.began && (r.end >= 3 || r.eof) {
		r.began = true
		if bytes.HasPrefix(r.buf[r.at:r.end], []byte("\uFEFF")) {
			r.at += 3
		}
	}
}

// Next gives the next row that is not empty; io.EOF at the end. Another error is of the file: nothing more can be read.
func (r *Reader) Next() (Row, error) {
	for {
		for !r.began {
			r.fill()
		}
		row, ok, err := r.next()
		if err != nil {
			return Row{}, err
		}
		r.number++
		if !ok {
			continue
		}
		row.Number = r.number
		return row, nil
	}
}

// next reads one row; ok is false for an empty one.
func (r *Reader) next() (row Row, ok bool, err error) {
	for {
		if r.at == r.end && r.eof {
			if r.err != nil {
				return row, false, r.err
			}
			return row, false, io.EOF
		}
		var n int
		var more bool
		if r.f.Kind == JSONL {
			row, n, more = r.object(r.buf[r.at:r.end])
		} else {
			row, n, more = r.record(r.buf[r.at:r.end])
		}
		if !more {
			r.at += n
			return row, n > 0 && (row.Err != "" || row.Raw != "" || slices.ContainsFunc(row.Fields, func(s string) bool { return strings.TrimSpace(s) != "" })), nil
		}
		if r.eof && r.err != nil {
			return row, false, r.err
		}
		r.fill()
	}
}

// record reads a row of CSV from the beginning of b and tells how many bytes it took, or that more of the file is needed.
func (r *Reader) record(b []byte) (row Row, n int, more bool) {
	delim := r.f.Delimiter
	d0 := delim[0]
	fields := make([]string, 0, max(r.width, 8))
	i, lines := 0, 1
	for {
		// A field begins at i.
		if i < len(b) && b[i] == '"' {
			var unescaped []byte
			from := i + 1
			j := from
			for {
				k := bytes.IndexByte(b[j:], '"')
				if k < 0 {
					if !r.eof && len(b) < maxRecord {
						return row, 0, true
					}
					return r.broken(b)
				}
				lines += bytes.Count(b[j:j+k], []byte("\n"))
				if j += k; lines > maxLines {
					return r.broken(b)
				}
				if j+1+len(delim) > len(b) && !r.eof {
					return row, 0, true
				}
				next := b[j+1:]
				if len(next) == 0 || next[0] == '\n' || next[0] == '\r' || bytes.HasPrefix(next, []byte(delim)) {
					break
				}
				// Doubled, it stands for itself; a single one in the middle is taken as it is.
				unescaped = append(unescaped, b[from:j+1]...)
				if j++; next[0] == '"' {
					j++
				}
				from = j
			}
			if unescaped == nil {
				fields = append(fields, string(b[from:j]))
			} else {
				fields = append(fields, string(append(unescaped, b[from:j]...)))
			}
			i = j + 1
		} else {
			j := i
			for ; j < len(b); j++ {
				if c := b[j]; c == '\n' || c == '\r' || c == d0 && bytes.HasPrefix(b[j:], []byte(delim)) {
					break
				}
			}
			if j == len(b) && !r.eof || j < len(b) && b[j] == d0 && j+len(delim) > len(b) && !r.eof {
				if len(b) >= maxRecord {
					return r.broken(b)
				}
				return row, 0, true
			}
			fields = append(fields, string(b[i:j]))
			i = j
		}
		if i == len(b) { // the end of the file
			break
		}
		if b[i] == '\n' {
			i++
			break
		}
		if b[i] == '\r' {
			if i+1 == len(b) && !r.eof {
				return row, 0, true
			}
			if i++; i < len(b) && b[i] == '\n' {
				i++
			}
			break
		}
		i += len(delim)
		if len(fields) > 4*MaxColumns {
			return r.broken(b)
		}
	}
	if i > maxRecord {
		return r.broken(b)
	}
	row.Fields = fields
	if !utf8.Valid(b[:i]) {
		row.Err = "The row holds bytes that are no text in this encoding."
		for k := range fields {
			fields[k] = strings.ToValidUTF8(fields[k], "\uFFFD")
		}
	}
	r.fit(&row)
	return row, i, false
}

// fit makes a row as wide as the table.
func (r *Reader) fit(row *Row) {
	if r.width == 0 {
		return
	}
	for len(row.Fields) > r.width && strings.TrimSpace(row.Fields[len(row.Fields)-1]) == "" {
		row.Fields = row.Fields[:len(row.Fields)-1]
	}
	if n := len(row.Fields); n > r.width {
		if row.Err == "" {
			row.Err = "The row has " + strconv.Itoa(n) + " fields, the table " + strconv.Itoa(r.width) + " columns."
		}
		row.Fields, row.Beyond = row.Fields[:r.width:r.width], row.Fields[r.width:]
	}
	for len(row.Fields) < r.width {
		row.Fields = append(row.Fields, "")
	}
}

// broken gives up the line that b begins with; what follows is read as if it had not been there.
func (r *Reader) broken(b []byte) (row Row, n int, more bool) {
	n = len(b)
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		n = i + 1
	} else if !r.eof && len(b) < 8*maxRecord {
		return row, 0, true // the rest of an endless line goes with it
	}
	line := strings.ToValidUTF8(string(b[:min(n, 4096)]), "\uFFFD")
	row = Row{Fields: []string{strings.TrimRight(line, "\r\n")}, Err: "The row is too long, or a quotation mark in it is opened and not closed."}
	if r.f.Kind == JSONL {
		row.Raw, row.Err = row.Fields[0], "The line is too long."
	}
	r.fit(&row)
	return row, n, false
}

// object reads a line of JSON.
func (r *Reader) object(b []byte) (row Row, n int, more bool) {
	n = bytes.IndexByte(b, '\n')
	switch {
	case n < 0 && !r.eof && len(b) < maxRecord:
		return row, 0, true
	case n > maxRecord, n < 0 && len(b) >= maxRecord:
		return r.broken(b)
	case n < 0:
		n = len(b)
	default:
		n++
	}
	line := bytes.TrimSpace(b[:n])
	if len(line) == 0 {
		return row, n, false
	}
	row.Raw = strings.ToValidUTF8(string(line), "\uFFFD")
	row.Fields = make([]string, r.width)
	values, err := object(line)
	if err != nil {
		row.Err = "The line is no JSON object."
		return row, n, false
	}
	for _, v := range values {
		if i, ok := r.columns[v.name]; ok {
			row.Fields[i] = v.value
		} else if r.columns == nil {
			row.Fields = append(row.Fields, v.value)
		} else if v.value != "" {
			row.Unknown = append(row.Unknown, v.name)
		}
	}
	return row, n, false
}

type value struct{ name, value string }

// maxDepth bounds the nesting of JSON.
const maxDepth = 8

// object reads a JSON object's values in order; those of objects within get the outer name in front: "customer.phone". Of a list of plain
// values the values stand with commas between, another one as its JSON.
func object(line []byte) ([]value, error) {
	if !utf8.Valid(line) {
		return nil, ErrFormat
	}
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.UseNumber()
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, ErrFormat
	}
	var out []value
	if err := members(dec, "", 1, &out); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, ErrFormat
	}
	return out, nil
}

func members(dec *json.Decoder, prefix string, depth int, out *[]value) error {
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return err
		}
		key, ok := t.(string)
		if !ok || len(*out) > 4*MaxColumns {
			return ErrFormat
		}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return err
		}
		if err := plain(prefix+key, raw, depth, out); err != nil {
			return err
		}
	}
	_, err := dec.Token()
	return err
}

func plain(name string, raw json.RawMessage, depth int, out *[]value) error {
	switch raw[0] {
	case '{':
		if depth >= maxDepth {
			return ErrFormat
		}
		dec := json.NewDecoder(bytes.NewReader(raw))
		dec.UseNumber()
		if _, err := dec.Token(); err != nil {
			return err
		}
		return members(dec, name+".", depth+1, out)
	case '[':
		var list []any
		dec := json.NewDecoder(bytes.NewReader(raw))
		dec.UseNumber()
		if err := dec.Decode(&list); err != nil {
			return err
		}
		texts := make([]string, 0, len(list))
		for _, v := range list {
			switch v := v.(type) {
			case string:
				if strings.Contains(v, ",") {
					*out = append(*out, value{name, string(raw)})
					return nil
				}
				texts = append(texts, v)
			case json.Number:
				texts = append(texts, v.String())
			default:
				*out = append(*out, value{name, string(raw)})
				return nil
			}
		}
		*out = append(*out, value{name, strings.Join(texts, ",")})
	case '"':
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			return err
		}
		*out = append(*out, value{name, s})
	case 'n':
		*out = append(*out, value{name, ""})
	default:
		*out = append(*out, value{name, string(raw)})
	}
	return nil
}

// namedBy is how many rows of JSON lines are read for the names of their columns: what is empty is often left out of a row.
const namedBy = 20_000

// Table reads the names of a file's columns and its first rows, at most most of them.
func Table(r io.Reader, f Format, most int) (columns []string, rows []Row, err error) {
	in := NewReader(r, f)
	if f.Kind == JSONL {
		in.Expect(nil)
		at := map[string]bool{}
		for range namedBy {
			row, err := in.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				return nil, nil, err
			}
			if row.Err == "" {
				values, _ := object([]byte(row.Raw))
				for _, v := range values {
					if !at[v.name] && len(columns) < MaxColumns {
						at[v.name] = true
						columns = append(columns, v.name)
					}
				}
			}
			if row.Unknown = nil; len(rows) < most {
				rows = append(rows, row)
			}
		}
		in.Expect(columns)
		for i := range rows {
			if rows[i].Err == "" {
				row, _, _ := in.object([]byte(rows[i].Raw + "\n"))
				rows[i].Fields = row.Fields
			}
		}
		return columns, rows, nil
	}
	for len(rows) < most {
		row, err := in.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, nil, err
		}
		if columns == nil && row.Err == "" {
			if f.Header {
				columns = Names(row.Fields[:min(len(row.Fields), MaxColumns)])
				in.Expect(columns)
				continue
			}
			columns = Names(make([]string, min(len(row.Fields), MaxColumns)))
			in.Expect(columns)
		}
		rows = append(rows, row)
	}
	return columns, rows, nil
}

// Rows streams a file's rows behind its header, as wide as columns says.
func Rows(r io.Reader, f Format, columns []string) (*Reader, error) {
	in := NewReader(r, f)
	if f.Kind == CSV && f.Header {
		for {
			row, err := in.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				return nil, err
			}
			if row.Err == "" {
				break
			}
		}
	}
	in.Expect(columns)
	return in, nil
}
