package email

import (
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/microcosm-cc/bluemonday"
	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

const (
	maxHTML  = 256 << 10 // bytes of HTML that are kept; more is left out, the text stands for it
	maxClean = 1 << 20   // bytes of HTML that are cleaned, once the images in it are files
)

// Classes that mark what a view may fold away.
const (
	quoteClass     = "tamas-quote"
	signatureClass = "tamas-signature"
)

// policy is what may stand in a mail's HTML: text, its structure, its direction and looks, links. No scripts, forms, frames or
// style sheets; of inline styles only what stays in its place and fetches nothing. The one thing that can be fetched is the src of
// an img: whoever shows the HTML decides about that in one place.
var policy = sync.OnceValue(func() *bluemonday.Policy { return newPolicy(true) })

// plainPolicy is the same without looks, for mails that are too long with them.
var plainPolicy = sync.OnceValue(func() *bluemonday.Policy { return newPolicy(false) })

func newPolicy(looks bool) *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "div", "span", "br", "hr", "b", "strong", "i", "em", "u", "s", "strike", "del", "ins", "sub", "sup", "small", "big", "mark",
		"blockquote", "pre", "code", "kbd", "tt", "q", "cite", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "dl", "dt", "dd",
		"table", "caption", "colgroup", "col", "thead", "tbody", "tfoot", "tr", "td", "th", "bdi", "bdo", "center", "address")
	p.AllowAttrs("dir").Matching(regexp.MustCompile(`^(?i:rtl|ltr|auto)$`)).Globally()
	p.AllowAttrs("lang").Matching(regexp.MustCompile(`^[a-zA-Z-]{2,20}$`)).Globally()
	p.AllowAttrs("class").Matching(regexp.MustCompile(`^(?:` + quoteClass + `|` + signatureClass + `)$`)).OnElements("div")
	p.AllowAttrs("colspan", "rowspan", "span").Matching(bluemonday.Integer).OnElements("td", "th", "col", "colgroup")
	p.AllowAttrs("start", "value").Matching(bluemonday.Integer).OnElements("ol", "li")
	p.AllowAttrs("type").Matching(regexp.MustCompile(`^[1aAiI]$`)).OnElements("ol", "li")
	p.AllowAttrs("alt", "title").OnElements("img")
	p.AllowAttrs("src").Matching(regexp.MustCompile(`^(?i:https?://|cid:)`)).OnElements("img")
	p.AllowAttrs("href").Matching(regexp.MustCompile(`^(?i:https?://|mailto:|tel:)`)).OnElements("a")
	if looks {
		p.AllowElements("font")
		p.AllowAttrs("color").Matching(colorValue).OnElements("font")
		p.AllowAttrs("size").Matching(regexp.MustCompile(`^[+-]?[1-7]$`)).OnElements("font")
		p.AllowAttrs("face").Matching(regexp.MustCompile(`^[\w\s,'-]{1,200}$`)).OnElements("font")
		p.AllowAttrs("bgcolor").Matching(colorValue).OnElements("table", "tr", "td", "th", "tbody", "thead")
		p.AllowAttrs("align").Matching(regexp.MustCompile(`^(?i:left|right|center|justify)$`)).OnElements("table", "tr", "td", "th", "p", "div", "img", "h1", "h2", "h3", "h4", "h5", "h6", "hr")
		p.AllowAttrs("valign").Matching(regexp.MustCompile(`^(?i:top|middle|bottom|baseline)$`)).OnElements("tr", "td", "th")
		p.AllowAttrs("width", "height").Matching(regexp.MustCompile(`^[0-9]{1,4}(?:px|%)?$`)).OnElements("table", "tr", "td", "th", "img", "col", "hr")
		p.AllowAttrs("border", "cellpadding", "cellspacing").Matching(regexp.MustCompile(`^[0-9]{1,3}$`)).OnElements("table", "img")
		p.AllowStyles(safeStyles...).MatchingHandler(safeValue).Globally()
	}
	p.AllowURLSchemes("http", "https", "mailto", "tel", "cid")
	p.AllowRelativeURLs(false)
	p.RequireParseableURLs(true)
	p.RequireNoFollowOnLinks(true)
	p.RequireNoReferrerOnLinks(true)
	p.AddTargetBlankToFullyQualifiedLinks(true)
	p.SkipElementsContent("title", "style", "script", "head", "noscript", "iframe", "object", "svg", "math", "template", "select", "textarea")
	return p
}

var colorValue = regexp.MustCompile(`^(?:#[0-9a-fA-F]{3,8}|[a-zA-Z]{3,30})$`)

// safeStyles are the properties that cannot leave their place.
var safeStyles = []string{"color", "background", "background-color", "font", "font-family", "font-size", "font-style", "font-weight", "font-variant", "line-height",
	"letter-spacing", "word-spacing", "text-align", "text-decoration", "text-decoration-line", "text-decoration-color", "text-indent", "text-transform", "white-space", "direction", "unicode-bidi", "vertical-align",
	"margin", "margin-top", "margin-right", "margin-bottom", "margin-left", "padding", "padding-top", "padding-right", "padding-bottom", "padding-left",
	"border", "border-top", "border-right", "border-bottom", "border-left", "border-color", "border-style", "border-width", "border-radius",
	"border-top-color", "border-top-style", "border-top-width", "border-left-color", "border-left-style", "border-left-width",
	"border-right-color", "border-right-style", "border-right-width", "border-bottom-color", "border-bottom-style", "border-bottom-width",
	"border-collapse", "border-spacing", "table-layout", "width", "max-width", "min-width", "height", "max-height", "min-height",
	"display", "float", "clear", "list-style-type", "list-style-position", "word-break", "word-wrap", "overflow-wrap", "overflow"}

var (
	plainValue = regexp.MustCompile(`^[\pL\pN#%.,\s!'"_+/-]{0,300}$`)
	colorFunc  = regexp.MustCompile(`(?i)\b(?:rgb|rgba|hsl|hsla)\([0-9.,%/\s]{1,60}\)`)
	expands    = regexp.MustCompile(`(?i)\b(?:url|expression|javascript|fixed|sticky|absolute|var|attr|env)\b`)
)

// safeValue takes numbers, words and colours; no functions, no addresses, no escapes; nothing that pulls a box over another.
func safeValue(v string) bool {
	v = strings.TrimSpace(colorFunc.ReplaceAllString(v, "red"))
	return plainValue.MatchString(v) && !expands.MatchString(v) && !strings.HasPrefix(v, "-") && !strings.Contains(v, " -") && !strings.Contains(v, "//") && !strings.Contains(v, "/*")
}

// cleanHTML is src as a view may show it, with quotations and signatures marked; "" when it is too long. Images that the mail
// brings with it keep src="cid:…" and are marked as shown; one that stands in the HTML itself becomes a file as well.
func cleanHTML(src string, files []*attachment) (string, []*attachment) {
	if len(src) > maxWhole || strings.TrimSpace(src) == "" {
		return "", files
	}
	t := tree{files: files}
	src = strings.ReplaceAll(t.prepare(clean(src)), "<br/>", "<br>")
	out := ""
	if len(src) <= maxClean {
		out = strings.TrimSpace(policy().Sanitize(src))
	}
	if len(out) > maxHTML {
		out = strings.TrimSpace(plainPolicy().Sanitize(src))
	}
	if len(out) > maxHTML {
		out = ""
	}
	for _, f := range t.files {
		f.shown = f.shown && strings.Contains(out, `src="cid:`+f.cid+`"`)
	}
	return out, t.files
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
			case atom.Ol, atom.Ul:
				w.block(2)
				w.lists = append(w.lists, list{ordered: a == atom.Ol})
			case atom.Li:
				w.block(1)
				w.text(w.bullet(), true)
			case atom.Pre, atom.Textarea:
				pre++
				w.block(1)
			case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Table, atom.Dl:
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
			case atom.Ol, atom.Ul:
				w.lists = w.lists[:max(len(w.lists)-1, 0)]
				w.block(2)
			case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Table, atom.Dl:
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
	lists   []list
}

// list is an open list, and how many items it has had.
type list struct {
	ordered bool
	items   int
}

// bullet is what stands before the next item.
func (w *textWriter) bullet() string {
	if len(w.lists) == 0 {
		return "- "
	}
	l := &w.lists[len(w.lists)-1]
	l.items++
	indent := strings.Repeat("  ", min(len(w.lists)-1, 10))
	if l.ordered {
		return indent + strconv.Itoa(l.items) + ". "
	}
	return indent + "- "
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
