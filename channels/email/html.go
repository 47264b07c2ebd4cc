package email

import (
	"regexp"
	"strings"
	"sync"

	"github.com/microcosm-cc/bluemonday"
	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

const maxHTML = 256 << 10 // bytes of HTML that are kept; more is left out, the text stands for it

// policy is what may stand in a mail's HTML: text, its structure and direction, links. No styles, no
// scripts, no forms; an image is its alternative text only, because loading it tells the sender that
// and where it was read.
var policy = sync.OnceValue(func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "div", "span", "br", "hr", "b", "strong", "i", "em", "u", "s", "del", "ins", "sub", "sup", "small", "mark",
		"blockquote", "pre", "code", "kbd", "q", "cite", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "dl", "dt", "dd",
		"table", "caption", "thead", "tbody", "tfoot", "tr", "td", "th", "bdi", "bdo", "center", "address")
	p.AllowAttrs("dir").Matching(regexp.MustCompile(`^(?i:rtl|ltr|auto)$`)).Globally()
	p.AllowAttrs("lang").Matching(regexp.MustCompile(`^[a-zA-Z-]{2,20}$`)).Globally()
	p.AllowAttrs("colspan", "rowspan").Matching(bluemonday.Integer).OnElements("td", "th")
	p.AllowAttrs("alt").Matching(bluemonday.Paragraph).OnElements("img")
	p.AllowAttrs("href").OnElements("a")
	p.AllowURLSchemes("http", "https", "mailto", "tel")
	p.AllowRelativeURLs(false)
	p.RequireParseableURLs(true)
	p.RequireNoFollowOnLinks(true)
	p.RequireNoReferrerOnLinks(true)
	p.AddTargetBlankToFullyQualifiedLinks(true)
	p.SkipElementsContent("title", "style", "script", "head", "noscript", "iframe", "object", "svg", "math", "template")
	return p
})

// cleanHTML is src as a view may show it; "" when it is too long.
func cleanHTML(src string) string {
	if len(src) > 4<<20 {
		return ""
	}
	out := strings.TrimSpace(policy().Sanitize(clean(src)))
	if len(out) > maxHTML {
		return ""
	}
	return out
}

// htmlText is the text of HTML as a mailer would write it: blocks on lines of their own, lists with
// dashes, quotations behind ">", the address of a link behind its text when that tells another one.
func htmlText(src string) string {
	w := &textWriter{}
	z := xhtml.NewTokenizer(strings.NewReader(src))
	z.SetMaxBuf(1 << 20)
	skip, pre := 0, 0
	var skipping atom.Atom
	var href string
	linkAt := 0
	for {
		tt := z.Next()
		if tt == xhtml.ErrorToken {
			break
		}
		if w.out.Len() > maxText {
			break
		}
		switch tt {
		case xhtml.TextToken:
			if skip == 0 {
				w.text(string(z.Text()), pre > 0)
			}
		case xhtml.StartTagToken, xhtml.SelfClosingTagToken:
			name, attrs := z.TagName()
			a := atom.Lookup(name)
			if skip > 0 {
				if a == skipping && tt == xhtml.StartTagToken {
					skip++
				}
				continue
			}
			switch a {
			case atom.Script, atom.Style, atom.Title, atom.Noscript, atom.Template, atom.Svg, atom.Iframe, atom.Object:
				if tt == xhtml.StartTagToken {
					skip, skipping = 1, a
				}
			case atom.Br:
				w.newline()
			case atom.Hr:
				w.block(1)
			case atom.Img:
				if alt := attr(z, attrs, "alt"); alt != "" {
					w.text("["+alt+"]", false)
				}
			case atom.A:
				href, linkAt = attr(z, attrs, "href"), w.out.Len()
			case atom.Blockquote:
				w.block(2)
				w.depth = min(w.depth+1, 20)
			case atom.Li:
				w.block(1)
				w.text("- ", true)
			case atom.Pre, atom.Textarea:
				pre++
				w.block(1)
			case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Table, atom.Ul, atom.Ol, atom.Dl:
				w.block(2)
			case atom.Div, atom.Tr, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Dt, atom.Dd, atom.Center, atom.Address, atom.Body:
				w.block(1)
			case atom.Td, atom.Th:
				w.cell()
			}
		case xhtml.EndTagToken:
			name, _ := z.TagName()
			a := atom.Lookup(name)
			if skip > 0 {
				if a == skipping {
					skip--
				}
				continue
			}
			switch a {
			case atom.A:
				shown := ""
				if linkAt <= w.out.Len() {
					shown = strings.TrimSpace(w.out.String()[linkAt:])
				}
				if u := linkTarget(href, shown); u != "" {
					w.text(" ("+u+")", false)
				}
				href = ""
			case atom.Blockquote:
				w.block(1)
				w.depth = max(w.depth-1, 0)
				w.block(2)
			case atom.Pre, atom.Textarea:
				pre = max(pre-1, 0)
				w.block(1)
			case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Table, atom.Ul, atom.Ol, atom.Dl:
				w.block(2)
			case atom.Div, atom.Tr, atom.Li, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Dt, atom.Dd, atom.Center, atom.Address:
				w.block(1)
			}
		}
	}
	return strings.TrimSpace(clean(w.out.String()))
}

// linkTarget is what to write behind a link's text: nothing when the text says it already.
func linkTarget(href, shown string) string {
	href = strings.TrimSpace(href)
	if len(href) > 500 || !(strings.HasPrefix(href, "http://") || strings.HasPrefix(href, "https://")) {
		return ""
	}
	bareURL := func(s string) string {
		s = strings.TrimPrefix(strings.TrimPrefix(s, "https://"), "http://")
		return strings.TrimSuffix(strings.TrimPrefix(s, "www."), "/")
	}
	if shown == "" || bareURL(shown) == bareURL(href) {
		return ""
	}
	return href
}

func attr(z *xhtml.Tokenizer, more bool, key string) string {
	for more {
		var k, v []byte
		k, v, more = z.TagAttr()
		if string(k) == key {
			return string(v)
		}
	}
	return ""
}

// textWriter lays out text with collapsed white space.
type textWriter struct {
	out     strings.Builder
	depth   int  // of quotation
	begun   bool // the current line holds something
	space   bool // a space is due before the next word
	blanks  int  // line ends since the last word
	started bool
}

func (w *textWriter) newline() {
	if !w.started {
		return
	}
	if !w.begun && w.depth > 0 && w.blanks < 2 {
		w.out.WriteString(strings.Repeat(">", w.depth))
	}
	if w.blanks < 3 {
		w.out.WriteByte('\n')
		w.blanks++
	}
	w.begun, w.space = false, false
}

// block ends the line; n = 2 leaves a blank one.
func (w *textWriter) block(n int) {
	w.space = false
	for w.started && w.blanks < n {
		w.newline()
	}
}

func (w *textWriter) cell() {
	if w.begun {
		w.out.WriteByte('\t')
		w.space = false
	}
}

func (w *textWriter) text(s string, pre bool) {
	if pre {
		for i, line := range strings.Split(s, "\n") {
			if i > 0 {
				w.newline()
			}
			if line != "" {
				w.begin()
				w.out.WriteString(line)
			}
		}
		return
	}
	if s == "" {
		return
	}
	if white(s[0]) {
		w.space = true
	}
	for _, word := range strings.FieldsFunc(s, func(r rune) bool { return r < 0x80 && white(byte(r)) || r == '\u00a0' }) {
		if w.begun && w.space {
			w.out.WriteByte(' ')
		}
		w.begin()
		w.out.WriteString(word)
		w.space = true
	}
	w.space = w.begun && white(s[len(s)-1])
}

func (w *textWriter) begin() {
	if w.begun {
		return
	}
	if w.depth > 0 {
		w.out.WriteString(strings.Repeat(">", w.depth) + " ")
	}
	w.begun, w.started, w.blanks, w.space = true, true, 0, false
}

func white(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' }
