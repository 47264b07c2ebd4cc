package email

import (
	"bufio"
	"bytes"
	"html"
	"io"
	"path"
	"regexp"
	"strings"

	"github.com/emersion/go-message/textproto"
)

const (
	maxText  = 1 << 20  // bytes of text taken from one part
	maxWhole = 4 << 20  // bytes of HTML, of a calendar or of a report's part that are looked at
	maxInner = 32 << 20 // bytes of a part that is encoded although it has parts: taken into memory
	maxDepth = 20       // of nested parts
	maxParts = 500      // of one mail
)

// section is a run of a mail's bytes.
type section struct {
	src      source
	off, end int64
}

func (s section) size() int64       { return s.end - s.off }
func (s section) reader() io.Reader { return io.NewSectionReader(s.src, s.off, s.size()) }

// head is the section's first n bytes.
func (s section) head(n int64) []byte {
	b := make([]byte, min(n, s.size()))
	n0, _ := io.ReadFull(s.reader(), b)
	return b[:n0]
}

// content is what a part, with all that is in it, has to say.
type content struct {
	text, html string
	files      []*attachment
	inner      []enclosed // mails within the mail
	meetings   []meeting
}

// enclosed is a mail within the mail, as it is shown below the mail's own words.
type enclosed struct {
	head       [][2]string // its header's lines: name, value
	text, html string
}

// walker reads the parts of one mail.
type walker struct {
	parts    int
	cut      bool     // the source ends before the mail does
	broken   string   // the first thing that could not be decoded
	report   *report  // of a delivery report
	anyText  bool     // a text has been found
	more     bool     // there were too many parts
	innerIDs []string // what our Message-IDs are found among: those of the mails within the mail
}

func (w *walker) part(h textproto.Header, body section, typeless string, depth int) content {
	w.parts++
	if depth > maxDepth || w.parts > maxParts {
		w.fail("too many parts")
		w.more = true
		return content{}
	}
	typ, params := mediaType(h.Get("Content-Type"))
	disposition, dparams := mediaType(h.Get("Content-Disposition"))
	if !strings.Contains(typ, "/") {
		typ = typeless
	}
	p := part{header: h, typ: typ, params: params, disposition: disposition, name: fileName(params, dparams),
		encoding: transferEncoding(h), body: body}
	p.cut = w.cut && body.end == body.src.Size()
	if p.nests() && (p.encoding == "base64" || p.encoding == "quoted-printable") {
		// Forbidden, and done. What is decoded takes the part's place.
		data := readUpTo(p.open(), maxInner)
		p.body, p.encoding = section{bytes.NewReader(data), 0, int64(len(data))}, ""
	}
	switch {
	case strings.HasPrefix(typ, "multipart/"):
		if parts := w.split(params["boundary"], p.body); parts != nil {
			return w.multipart(typ, parts, depth)
		}
		w.fail("a multipart without a boundary")
		p.typ = "text/plain"
		return w.text(p)
	case typ == "message/delivery-status" || typ == "message/global-delivery-status":
		data := p.read(maxWhole)
		w.bounce().status(data)
		return content{text: toText(data, "")}
	case typ == "message/disposition-notification" || typ == "message/global-disposition-notification":
		w.bounce().disposition(p.read(maxWhole))
		return content{}
	case typ == "text/rfc822-headers" || typ == "message/rfc822-headers" || typ == "message/global-headers":
		w.bounce().original(p.read(maxWhole))
		return content{}
	case typ == "message/rfc822" || typ == "message/global":
		return w.enclosed(p, depth)
	case typ == "application/ms-tnef" || typ == "application/vnd.ms-tnef" || strings.EqualFold(p.name, "winmail.dat"):
		return w.tnef(p)
	case typ == "text/calendar" || typ == "application/ics":
		return w.calendar(p)
	case typ == "application/applefile":
		return content{} // the other half of a file, which only old Macs want
	case p.text() && disposition != "attachment" && (p.name == "" || disposition == "inline" && !w.anyText):
		return w.text(p)
	}
	return content{files: []*attachment{p.file()}}
}

// part is one part of a mail, without what it is to the whole.
type part struct {
	header      textproto.Header
	typ         string
	params      map[string]string
	disposition string
	name        string
	encoding    string
	body        section
	cut         bool // the body's end is not here
}

func (p part) nests() bool {
	return strings.HasPrefix(p.typ, "multipart/") || p.typ == "message/rfc822" || p.typ == "message/global"
}

func (p part) text() bool {
	switch p.typ {
	case "text/plain", "text/html", "application/xhtml+xml", "text/enriched", "text/richtext", "text/amp-html", "text/x-amp-html":
		return true
	}
	return false
}

// open reads the part's decoded content from its beginning.
func (p part) open() io.Reader { return decoder(p.encoding, p.body.reader()) }

// read is the beginning of the part's decoded content.
func (p part) read(most int64) []byte { return readUpTo(p.open(), most) }

func readUpTo(r io.Reader, most int64) []byte {
	b, _ := io.ReadAll(io.LimitReader(r, most))
	return b
}

// file is the part as something to download.
func (p part) file() *attachment {
	f := &attachment{name: orDefault(p.name, nameOf(p.typ)), typ: p.typ, open: p.open, cid: contentID(p.header.Get("Content-Id"))}
	f.location = strings.TrimSpace(p.header.Get("Content-Location"))
	if p.cut {
		f.missing = tooLong
	}
	return f
}

const tooLong = "the mail is too large to be fetched whole"

// enclosed is a mail within the mail: a file, its files, and its words below the mail's own.
func (w *walker) enclosed(p part, depth int) content {
	h, body, ok := headerOf(p.body)
	if !ok {
		return content{files: []*attachment{p.file()}}
	}
	if id := ownID(h); id != "" && len(w.innerIDs) < 100 {
		w.innerIDs = append(w.innerIDs, id)
	}
	if w.report != nil {
		w.bounce().original(p.body.head(maxWhole))
	}
	subject := oneLine(decodeWords(h.Get("Subject")), 100)
	f := p.file()
	if p.name == "" {
		f.name = orDefault(strings.ReplaceAll(subject, "/", "_"), "message") + ".eml"
	}
	f.typ = "message/rfc822"
	c := content{files: []*attachment{f}}
	if w.report != nil { // our own words come back; nobody needs to read them again
		return c
	}
	had := w.anyText
	in := w.part(h, body, "text/plain", depth+1)
	w.anyText = had
	e := enclosed{text: in.plain(), html: in.html}
	for _, k := range []string{"From", "Date", "Subject", "To"} {
		if v := oneLine(decodeWords(h.Get(k)), 300); v != "" {
			e.head = append(e.head, [2]string{k, v})
		}
	}
	c.files = append(c.files, in.files...)
	c.meetings = in.meetings
	c.inner = append([]enclosed{e}, in.inner...)
	return c
}

func (w *walker) multipart(typ string, parts []section, depth int) content {
	typeless := "text/plain"
	if typ == "multipart/digest" {
		typeless = "message/rfc822"
	}
	if typ == "multipart/report" {
		w.bounce()
	}
	var all []content
	for _, s := range parts {
		if w.parts > maxParts {
			w.more = true
			break
		}
		h, body, ok := headerOf(s)
		if !ok {
			h = textproto.Header{}
			lead := len(s.head(4)) - len(bytes.TrimLeft(s.head(4), "\r\n"))
			body = section{s.src, s.off + int64(lead), s.end}
		}
		all = append(all, w.part(h, body, typeless, depth+1))
	}
	var out content
	for _, c := range all {
		out.files = append(out.files, c.files...)
		out.inner = append(out.inner, c.inner...)
		out.meetings = append(out.meetings, c.meetings...)
	}
	if typ == "multipart/alternative" {
		for _, c := range all { // plain text: the first that has any; HTML: the best, which stands last
			if strings.TrimSpace(out.text) == "" {
				out.text = c.text
			}
			if c.html != "" {
				out.html = c.html
			}
		}
		return out
	}
	rich := false
	for _, c := range all {
		rich = rich || c.html != ""
	}
	var texts, htmls []string
	for _, c := range all {
		if t := c.plain(); strings.TrimSpace(t) != "" {
			texts = append(texts, strings.Trim(t, "\n"))
		}
		switch {
		case !rich:
		case c.html != "":
			htmls = append(htmls, c.html)
		case strings.TrimSpace(c.text) != "":
			htmls = append(htmls, htmlLines(c.text))
		}
	}
	out.text = cut(strings.Join(texts, "\n\n"), maxText)
	out.html = strings.Join(htmls, "\n")
	return out
}

// htmlLines is text in a paragraph of HTML.
func htmlLines(text string) string {
	return `<p dir="auto">` + strings.ReplaceAll(html.EscapeString(text), "\n", "<br>") + "</p>"
}

// plain is the content's text, taken from its HTML when it has no other, or one that only says so.
func (c content) plain() string {
	if c.html == "" {
		return c.text
	}
	if strings.TrimSpace(c.text) == "" || len(c.text) < 300 && noHTML.MatchString(c.text) {
		return htmlText(c.html)
	}
	return c.text
}

func (w *walker) fail(what string) {
	if w.broken == "" {
		w.broken = what
	}
}

func (w *walker) bounce() *report {
	if w.report == nil {
		w.report = &report{}
	}
	return w.report
}

func orDefault(s, def string) string {
	if strings.TrimSpace(s) == "" {
		return def
	}
	return s
}

// split cuts a multipart's body at its boundary; nil when it has none. A boundary that was not declared, or is not the one
// that the body uses, is guessed.
func (w *walker) split(declared string, body section) []section {
	if declared = strings.TrimRight(declared, " \t"); declared != "" {
		if parts := splitAt(body, declared); parts != nil {
			return parts
		}
	}
	if m := boundaryLine.FindSubmatch(body.head(64 << 10)); m != nil {
		return splitAt(body, string(m[1]))
	}
	return nil
}

var boundaryLine = regexp.MustCompile(`(?m)^--([^\r\n]{1,200}?)[ \t]*\r?\nContent-[A-Za-z-]+:`)

// splitAt cuts a body at the lines of a boundary; a missing last one ends the last part with the body.
func splitAt(body section, boundary string) []section {
	dash := []byte("--" + boundary)
	r := bufio.NewReaderSize(body.reader(), 64<<10)
	var parts []section
	start, at := int64(-1), body.off
	var ended int64 // how long the line end before the current line is
	for {
		line, err := r.ReadSlice('\n')
		begin := at
		at += int64(len(line))
		if len(line) > 0 && bytes.HasPrefix(line, dash) {
			rest := bytes.TrimRight(line[len(dash):], " \t\r\n")
			last := bytes.Equal(rest, []byte("--"))
			if len(rest) == 0 || last {
				if start >= 0 {
					parts = append(parts, section{body.src, start, max(start, begin-ended)})
				}
				if start = at; last { // unless more follows: a multipart within one of the same boundary
					start = -1
				}
				if len(parts) > maxParts {
					return parts
				}
			}
		}
		ended = lineEnd(line)
		for err == bufio.ErrBufferFull { // the rest of a long line
			line, err = r.ReadSlice('\n')
			at += int64(len(line))
			ended = lineEnd(line)
		}
		if err != nil {
			break
		}
	}
	if start >= 0 && start < body.end {
		parts = append(parts, section{body.src, start, body.end})
	}
	return parts
}

func lineEnd(line []byte) int64 {
	return int64(len(line) - len(bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))))
}

// fileName is a part's name, without the path that some mailers tell with it.
func fileName(params, dparams map[string]string) string {
	name := decodeWords(orDefault(dparams["filename"], params["name"]))
	name = strings.ReplaceAll(strings.ReplaceAll(name, `\`, "/"), "\x00", "")
	if base := path.Base(name); base != "." && base != "/" {
		name = base
	}
	return oneLine(name, 200)
}
