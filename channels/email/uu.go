package email

import (
	"bufio"
	"bytes"
	"io"
	"regexp"
	"strings"
)

// uuBegin is the first line of a uuencoded file in a text, and the first of its content.
var uuBegin = regexp.MustCompile(`(?m)^begin [0-7]{3,4} ([^\r\n]{1,200}?)\r?\n[!-M` + "`" + `][ -` + "`" + `]*\r?$`)

const maxUU = 20 // files in one text

// uuencoded takes the files out of a text. They are decoded when they are opened.
func (w *walker) uuencoded(p part) (text []byte, files []*attachment) {
	r := bufio.NewReaderSize(p.open(), 64<<10)
	inside := false
	for {
		line, err := r.ReadSlice('\n')
		plain := strings.TrimRight(string(line), "\r\n")
		name, begins := uuName(plain)
		switch {
		case !inside && begins && len(files) < maxUU:
			inside = true
			index := len(files)
			files = append(files, &attachment{name: fileName(map[string]string{"name": toUTF8([]byte(name), p.params["charset"])}, nil), typ: "application/octet-stream",
				open: func() io.Reader { return &uuReader{r: bufio.NewReaderSize(p.open(), 16<<10), skip: index} }})
		case inside && plain == "end":
			inside = false
		case inside && (uuData(plain) || plain == ""):
		case len(text) <= maxText:
			inside = false
			text = append(text, line...)
		}
		if err != nil && err != bufio.ErrBufferFull {
			return text, files
		}
	}
}

func uuName(line string) (string, bool) {
	rest, ok := strings.CutPrefix(line, "begin ")
	mode, name, found := strings.Cut(rest, " ")
	return name, ok && found && len(mode) >= 3 && len(mode) <= 4 && strings.Trim(mode, "01234567") == "" && name != ""
}

// uuData says that a line has as many letters as its first one tells. Mailers take spaces off its end.
func uuData(line string) bool {
	if line == "" || line[0] < ' ' || line[0] > '`' {
		return false
	}
	n := (int(line[0]-' ')&63 + 2) / 3 * 4
	return len(line)-1 <= n+1 && len(line)-1 >= n-4
}

// uuReader decodes the file after skip others.
type uuReader struct {
	r      *bufio.Reader
	skip   int
	inside bool
	rest   []byte
	err    error
}

func (d *uuReader) Read(p []byte) (n int, err error) {
	for len(d.rest) == 0 && d.err == nil {
		line, err := d.r.ReadSlice('\n')
		if err != nil && err != bufio.ErrBufferFull {
			d.err = err
		}
		plain := string(bytes.TrimRight(line, "\r\n"))
		_, begins := uuName(plain)
		switch {
		case !d.inside && begins && d.skip > 0:
			d.skip--
		case !d.inside && begins:
			d.inside = true
		case d.inside && (plain == "end" || plain != "" && !uuData(plain)):
			d.err = io.EOF
		case d.inside && plain != "":
			d.rest = uuLine(plain)
		}
	}
	if len(d.rest) == 0 {
		return 0, d.err
	}
	n = copy(p, d.rest)
	d.rest = d.rest[n:]
	return n, nil
}

func uuLine(line string) []byte {
	n := int(line[0]-' ') & 63
	out := make([]byte, 0, n+3)
	at := func(i int) byte {
		if i >= len(line) {
			return 0
		}
		return (line[i] - ' ') & 63
	}
	for i := 1; len(out) < n; i += 4 {
		a, b, c, d := at(i), at(i+1), at(i+2), at(i+3)
		out = append(out, a<<2|b>>4, b<<4|c>>2, c<<6|d)
	}
	return out[:n]
}
