package email

import (
	"bufio"
	"encoding/base64"
	"io"
	"strings"

	"github.com/emersion/go-message/textproto"
)

// transferEncoding is a part's Content-Transfer-Encoding in one word.
func transferEncoding(h textproto.Header) string {
	enc, _, _ := strings.Cut(strings.ToLower(h.Get("Content-Transfer-Encoding")), ";")
	switch enc = strings.Trim(enc, "\"' \t"); enc {
	case "b", "base-64":
		return "base64"
	case "quotedprintable", "quoted_printable", "qp":
		return "quoted-printable"
	case "x-uuencode", "uuencode", "x-uue", "uue":
		return "uuencode"
	}
	return enc
}

// decoder undoes a transfer encoding as far as that goes; it has no errors of its own.
func decoder(enc string, r io.Reader) io.Reader {
	switch enc {
	case "base64":
		return &base64Reader{r: bufio.NewReaderSize(r, 16<<10)}
	case "quoted-printable":
		return &quotedReader{r: bufio.NewReaderSize(r, 16<<10)}
	case "uuencode":
		return &uuReader{r: bufio.NewReaderSize(r, 16<<10)}
	}
	return r
}

// base64Reader passes over what is no base64, as mailers put line numbers, footers and NULs between, and reads several
// padded pieces in a row.
type base64Reader struct {
	r     *bufio.Reader
	group [4]byte
	n     int // letters in group
	out   [3]byte
	rest  []byte // of out, not yet given away
	bad   int
	err   error
}

func (d *base64Reader) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if len(d.rest) > 0 {
			c := copy(p[n:], d.rest)
			n, d.rest = n+c, d.rest[c:]
			continue
		}
		if d.err != nil {
			break
		}
		d.fill()
	}
	if n == 0 && len(p) > 0 {
		return 0, d.err
	}
	return n, nil
}

// fill decodes the next group into rest.
func (d *base64Reader) fill() {
	for {
		c, err := d.r.ReadByte()
		if err != nil {
			d.err = err
			d.flush()
			return
		}
		switch {
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '+', c == '/':
			d.group[d.n] = c
			if d.n++; d.n == 4 {
				d.flush()
				return
			}
		case c == '=':
			if d.n > 1 {
				d.flush()
				return
			}
		case c > ' ':
			d.bad++
		}
	}
}

func (d *base64Reader) flush() {
	if d.n > 1 {
		n, _ := base64.RawStdEncoding.Decode(d.out[:], d.group[:d.n])
		d.rest = d.out[:n]
	}
	d.n = 0
}

// decodeBase64 decodes what is in memory; ok is false when much of it was no base64.
func decodeBase64(b []byte) (out []byte, ok bool) {
	d := &base64Reader{r: bufio.NewReader(strings.NewReader(string(b)))}
	out, _ = io.ReadAll(d)
	return out, d.bad*20 <= len(b)
}

// quotedReader undoes quoted-printable; what is no escape stands as it is.
type quotedReader struct{ r *bufio.Reader }

func (d *quotedReader) Read(p []byte) (n int, err error) {
	for n < len(p) {
		c, err := d.r.ReadByte()
		if err != nil {
			if n == 0 {
				return 0, err
			}
			return n, nil
		}
		if c == '=' {
			var soft bool
			if c, soft = d.escape(); soft {
				continue
			}
		}
		p[n] = c
		n++
	}
	return n, nil
}

// escape is what stands behind a "=": a byte, or the end of a line that goes on.
func (d *quotedReader) escape() (c byte, soft bool) {
	next, _ := d.r.Peek(2)
	if len(next) == 2 && unhex(next[0]) >= 0 && unhex(next[1]) >= 0 {
		d.r.Discard(2)
		return byte(unhex(next[0])<<4 | unhex(next[1])), false
	}
	for n := 1; n <= 100; n++ {
		next, _ = d.r.Peek(n)
		if len(next) < n { // the end
			d.r.Discard(len(next))
			return 0, true
		}
		switch next[n-1] {
		case ' ', '\t', '\r':
			continue
		case '\n':
			d.r.Discard(n)
			return 0, true
		}
		break
	}
	return '=', false
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

func decodeQuoted(b []byte) []byte {
	out, _ := io.ReadAll(&quotedReader{bufio.NewReader(strings.NewReader(string(b)))})
	return out
}
