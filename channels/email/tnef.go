package email

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"strconv"
	"strings"

	"golang.org/x/text/encoding/unicode"
)

// What Outlook calls winmail.dat (TNEF, MS-OXTNEF): a run of attributes, each level (1 byte), id (4, its upper half the type),
// length (4), data and checksum (2), all little-endian. Texts and files stand in attributes of their own and in blocks of
// MAPI properties.
const (
	tnefSignature = 0x223e9f78
	maxTNEF       = 100     // files
	maxMAPI       = 4 << 20 // bytes of a block of properties that are looked at
	maxProps      = 2000    // of one block
)

// Attribute ids, without their types, and MAPI properties.
const (
	attrAttachRend  = 0x9002 // begins a file
	attrAttachTitle = 0x8010
	attrAttachData  = 0x800f
	attrAttachProps = 0x9005
	attrBody        = 0x800c
	attrMessage     = 0x9003 // the message's properties
	attrCodepage    = 0x9007

	propSubject     = 0x0037
	propBody        = 0x1000
	propHTML        = 0x1013
	propRTF         = 0x1009
	propData        = 0x3701
	propFilename    = 0x3704
	propLongName    = 0x3707
	propMIME        = 0x370e
	propContentID   = 0x3712
	propDisplayName = 0x3001
)

// tnef unpacks a winmail.dat. When it holds nothing that can be read it stays the file that it is.
func (w *walker) tnef(p part) content {
	shared := &rewinder{open: p.open}
	t := tnefReader{r: bufio.NewReaderSize(p.open(), 64<<10), shared: shared}
	if !t.read() || len(t.files)+len(t.inner) == 0 && t.text == "" && t.html == "" {
		return content{files: []*attachment{p.file()}}
	}
	c := content{files: t.files, text: t.text, html: t.html, inner: t.inner}
	if w.anyText { // the mail has said it already
		c.text, c.html = "", ""
	}
	return c
}

// tnefReader goes once through a TNEF and notes where the files stand.
type tnefReader struct {
	r        *bufio.Reader
	at       int64
	shared   *rewinder
	codepage string
	text     string
	html     string
	files    []*attachment
	file     *attachment // the current one
	subject  string
	inner    []enclosed // mails within it
	depth    int
}

func (t *tnefReader) read() bool {
	var head [6]byte
	if !t.full(head[:]) || binary.LittleEndian.Uint32(head[:]) != tnefSignature {
		return false
	}
	for {
		var h [9]byte
		if !t.full(h[:]) {
			return true
		}
		id, size := binary.LittleEndian.Uint32(h[1:])&0xffff, int64(binary.LittleEndian.Uint32(h[5:]))
		next := t.at + size
		if size > 1<<31 || !t.attribute(id, size) {
			return true
		}
		if !t.skip(next + 2 - t.at) {
			return true
		}
	}
}

func (t *tnefReader) full(b []byte) bool {
	n, err := io.ReadFull(t.r, b)
	t.at += int64(n)
	return err == nil
}

func (t *tnefReader) skip(n int64) bool {
	n, err := io.CopyN(io.Discard, t.r, n)
	t.at += n
	return err == nil
}

// data is an attribute's content as far as most.
func (t *tnefReader) data(size, most int64) []byte {
	b := readUpTo(t.r, min(size, most))
	t.at += int64(len(b))
	return b
}

func (t *tnefReader) attribute(id uint32, size int64) bool {
	switch id {
	case attrCodepage:
		if b := t.data(size, 8); len(b) >= 4 {
			t.codepage = codepage(binary.LittleEndian.Uint32(b))
		}
	case attrBody:
		t.setText(toUTF8(bytes.TrimRight(t.data(size, maxText), "\x00"), t.codepage))
	case attrMessage:
		t.properties(t.data(size, maxMAPI), 0, func(id uint32, p prop) {
			switch id {
			case propSubject:
				t.subject = oneLine(p.text(t.codepage), 300)
			case propBody:
				t.setText(p.text(t.codepage))
			case propHTML:
				if b := p.bytes(); len(b) > 0 {
					t.html = toUTF8(b, orDefault(metaCharset(b), t.codepage))
				}
			case propRTF:
				if t.text == "" && t.html == "" {
					t.text = rtfText(p.bytes())
				}
			}
		})
	case attrAttachRend:
		if len(t.files) >= maxTNEF {
			return false
		}
		t.file = &attachment{name: nameOf("application/octet-stream"), typ: "application/octet-stream", missing: "it is in a form that only Outlook reads"}
		t.files = append(t.files, t.file)
	case attrAttachTitle:
		if t.file != nil {
			t.name(toUTF8(bytes.TrimRight(t.data(size, 1024), "\x00"), t.codepage))
		}
	case attrAttachData:
		if t.file != nil {
			t.file.missing = ""
			t.file.open = t.shared.section(t.at, size)
		}
	case attrAttachProps:
		if t.file == nil {
			break
		}
		begin := t.at
		t.properties(t.data(size, maxMAPI), begin, func(id uint32, p prop) {
			switch id {
			case propLongName:
				t.name(p.text(t.codepage))
			case propMIME:
				if typ, _ := mediaType(p.text(t.codepage)); strings.Contains(typ, "/") {
					t.file.typ = typ
				}
			case propContentID:
				t.file.cid = contentID(p.text(t.codepage))
			case propData: // an object, behind the 16 bytes of its kind: a mail within the mail, or something of Outlook's own
				if t.enclosed(p) {
					return
				}
				if t.file.open == nil && len(p.value) > 16 {
					t.file.missing = ""
					t.file.open = t.shared.section(p.off+16, int64(len(p.value))-16)
				}
			}
		})
	}
	return true
}

// enclosed unpacks a mail that is attached as a TNEF of its own; its files take the place of the current one.
func (t *tnefReader) enclosed(p prop) bool {
	if t.depth >= 3 || len(p.value) < 22 || binary.LittleEndian.Uint32(p.value[16:]) != tnefSignature {
		return false
	}
	data := bytes.Clone(p.value[16:])
	open := func() io.Reader { return bytes.NewReader(data) }
	in := tnefReader{r: bufio.NewReader(open()), shared: &rewinder{open: open}, depth: t.depth + 1}
	if !in.read() {
		return false
	}
	t.files = t.files[:len(t.files)-1]
	t.files = append(t.files, in.files[:min(len(in.files), maxTNEF-len(t.files))]...)
	e := enclosed{text: orDefault(in.text, htmlText(in.html)), html: in.html}
	if in.subject != "" {
		e.head = [][2]string{{"Subject", in.subject}}
	}
	t.inner = append(append(t.inner, e), in.inner...)
	t.file = &attachment{} // what else is said of it is about nothing
	return true
}

func (t *tnefReader) setText(s string) {
	if s = clean(s); strings.TrimSpace(s) != "" && t.text == "" {
		t.text = cut(s, maxText)
	}
}

func (t *tnefReader) name(s string) {
	if s = fileName(map[string]string{"name": s}, nil); s != "" {
		t.file.name = s
	}
}

// prop is one value of a MAPI property.
type prop struct {
	typ   uint16
	value []byte
	off   int64 // of value in the decoded TNEF
}

func (p prop) text(codepage string) string {
	if p.typ == 0x1f {
		out, _ := unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewDecoder().Bytes(p.value[:len(p.value)&^1])
		return clean(strings.TrimRight(string(out), "\x00"))
	}
	return clean(toUTF8(bytes.TrimRight(p.value, "\x00"), codepage))
}

func (p prop) bytes() []byte {
	if p.typ == 0x1f || p.typ == 0x1e {
		return []byte(p.text(""))
	}
	return p.value
}

// properties goes through a block of MAPI properties; begin is where it stands. It ends at the first thing that makes no sense.
func (t *tnefReader) properties(b []byte, begin int64, each func(id uint32, p prop)) {
	at := 0
	u32 := func() (uint32, bool) {
		if at+4 > len(b) {
			at = len(b)
			return 0, false
		}
		v := binary.LittleEndian.Uint32(b[at:])
		at += 4
		return v, true
	}
	count, _ := u32()
	for range min(count, maxProps) {
		tag, ok := u32()
		if !ok {
			return
		}
		typ, id := uint16(tag), tag>>16
		if id >= 0x8000 { // a name of its own: GUID, kind, and number or text
			at += 16
			kind, ok1 := u32()
			n, ok2 := u32()
			if !ok1 || !ok2 {
				return
			}
			if kind == 1 {
				if n > uint32(len(b)) {
					return
				}
				at += int(n+3) &^ 3
			}
		}
		multi := typ&0x1000 != 0
		typ &^= 0x1000
		values, size := uint32(1), 0
		switch typ {
		case 0x02, 0x03, 0x04, 0x0a, 0x0b:
			size = 4
		case 0x05, 0x06, 0x07, 0x14, 0x40:
			size = 8
		case 0x48:
			size = 16
		case 0x0d, 0x1e, 0x1f, 0x102:
		default:
			return
		}
		if multi || size == 0 {
			if values, ok = u32(); !ok {
				return
			}
		}
		for i := range min(values, maxProps) {
			n := size
			if size == 0 {
				l, ok := u32()
				if !ok || l > uint32(len(b)) {
					return
				}
				n = int(l)
			}
			if at+n > len(b) || at < 0 {
				return
			}
			if i == 0 {
				each(id, prop{typ, b[at : at+n], begin + int64(at)})
			}
			at += (n + 3) &^ 3
		}
	}
}

func codepage(n uint32) string {
	if n == 65001 || n == 0 {
		return "utf-8"
	}
	return "windows-" + strconv.Itoa(int(n))
}

// rewinder gives sections of a stream that can only be read forward; sections in order cost one pass.
type rewinder struct {
	open func() io.Reader
	r    io.Reader
	at   int64
}

func (w *rewinder) section(off, size int64) func() io.Reader {
	return func() io.Reader {
		if w.r == nil || w.at > off {
			w.r, w.at = w.open(), 0
		}
		n, _ := io.CopyN(io.Discard, w.r, off-w.at)
		w.at += n
		return &counted{w, io.LimitReader(w.r, size)}
	}
}

// counted keeps count of how far the stream has been read.
type counted struct {
	w *rewinder
	r io.Reader
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.w.at += int64(n)
	return n, err
}
