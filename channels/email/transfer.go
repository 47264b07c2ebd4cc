package email

import (
	"bufio"
	"bytes"
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
		return &base64Reader{r: r}
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
	r       io.Reader
	in      [8 << 10]byte
	letters []byte // not yet decoded: less than four between two calls
	out     []byte // decoded
	rest    []byte // of out, not yet given away
	bad     int    // bytes that were passed over, white space aside
	err     error
}

func (d *base64Reader) Read(p []byte) (n int, err error) {
	for len(d.rest) == 0 {
		if d.err != nil {
			return 0, d.err
		}
		d.fill()
	}
	n = copy(p, d.rest)
	d.rest = d.rest[n:]
	return n, nil
}

// What a byte is to base64.
const (
	isLetter = iota + 1
	isPadding
	isSpace
)

var base64Kind = func() (kinds [256]byte) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		kinds[c] = isLetter
	}
	for c := range ' ' + 1 {
		kinds[c] = isSpace
	}
	kinds['='] = isPadding
	return kinds
}()

// fill decodes the next bytes of the source into rest.
func (d *base64Reader) fill() {
	n, err := d.r.Read(d.in[:])
	d.out = d.out[:0]
	for _, c := range d.in[:n] {
		switch base64Kind[c] {
		case isLetter:
			d.letters = append(d.letters, c)
		case isPadding:
			d.decode(len(d.letters))
		case isSpace:
		default:
			d.bad++
		}
	}
	if d.err = err; err != nil {
		d.decode(len(d.letters))
	}
	d.decode(len(d.letters) &^ 3)
	d.rest = d.out
}

// decode takes the first n letters; one alone means nothing.
func (d *base64Reader) decode(n int) {
	whole := n
	if n%4 == 1 {
		whole--
	}
	d.out, _ = base64.RawStdEncoding.AppendDecode(d.out, d.letters[:whole])
	d.letters = append(d.letters[:0], d.letters[n:]...)
}

// decodeBase64 decodes what is in memory; ok is false when much of it was no base64.
func decodeBase64(b []byte) (out []byte, ok bool) {
	d := &base64Reader{r: bytes.NewReader(b)}
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
