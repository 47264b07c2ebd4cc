package email

import (
	"regexp"
	"strings"

	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// markQuotes wraps the quoted history at the end of a mail's HTML, and the signature above it, so that a view can fold them. The
// rule is that of Fold and Split, on the lines that a reader sees; besides, mailers mark their quotations and
// signatures with classes and ids of their own. As there, nothing is wrapped when nothing else would be left.
func markQuotes(body *xhtml.Node) {
	l := &liner{}
	l.children(body, 0)
	l.end()
	if l.over {
		return
	}
	plain := make([]string, len(l.lines))
	for i := range l.lines {
		plain[i] = plainLine(l.lines[i].text.String())
	}
	start := foldStart(plain)
	for _, m := range l.marks {
		if m.class == quoteClass && (start < 0 || m.from < start) && m.quotes(plain) {
			start = m.from
			break
		}
	}
	for start > 0 && (plain[start-1] == "" || rule.MatchString(plain[start-1])) {
		start--
	}
	if start == 0 || start > 0 && !anyWords(plain[:start]) {
		start = -1
	}
	own := plain
	if start > 0 {
		own = plain[:start]
	}
	sign := signatureStart(own)
	for _, m := range l.marks {
		if m.class == signatureClass && (sign < 0 || m.from < sign) && m.from < len(own) && !anyWords(own[min(m.to, len(own)):]) {
			sign = m.from
		}
	}
	if sign >= 0 && !anyWords(own[:sign]) {
		sign = -1
	}
	// From behind: what is cut off does not move what stands before it.
	if start > 0 {
		wrapFrom(body, l.lines[start].at, quoteClass)
	}
	if sign >= 0 {
		wrapFrom(body, l.lines[sign].at, signatureClass)
	}
}

func anyWords(lines []string) bool {
	for _, s := range lines {
		if s != "" && !rule.MatchString(s) {
			return true
		}
	}
	return false
}

// mark is a run of lines that a mailer calls a quotation or a signature.
type mark struct {
	class    string
	from, to int  // lines
	all      bool // it goes to the end of the mail, wherever its element ends
}

// quotes says whether a marked quotation can be folded: it is the mail's end, nothing in it was written in between, and
// it is not something that is sent on.
func (m mark) quotes(plain []string) bool {
	plain = plain[:lastSignature(plain)]
	to := min(m.to, len(plain))
	if m.all {
		to = len(plain)
	}
	from := min(m.from, to)
	for i := from; i < to && i < from+3; i++ {
		if forwardLine.MatchString(plain[i]) {
			return false
		}
	}
	if anyWords(plain[to:]) {
		return signatureStart(plain[to:]) >= 0 && !anyWords(plain[to:to+signatureStart(plain[to:])])
	}
	quoted := from
	for quoted < to && !strings.HasPrefix(plain[quoted], ">") {
		quoted++
	}
	if quoted == to {
		return true
	}
	return kinds(plain[quoted:to])[0] == quotedOnly
}

// htmlLine is a line as a reader sees it, and where it begins.
type htmlLine struct {
	text strings.Builder
	at   *xhtml.Node
}

const maxLines = 20000

// liner lays HTML out as lines.
type liner struct {
	lines []*htmlLine
	open  bool // the last line goes on
	marks []mark
	over  bool // there were too many lines
}

func (l *liner) end() { l.open = false }

// line is the current line; n begins it when it is new.
func (l *liner) line(n *xhtml.Node, depth int) *htmlLine {
	if !l.open {
		if len(l.lines) == maxLines {
			l.over = true
			l.lines = l.lines[:0]
		}
		l.lines = append(l.lines, &htmlLine{at: n})
		l.open = true
		if depth > 0 {
			l.lines[len(l.lines)-1].text.WriteString(strings.Repeat(">", min(depth, 20)) + " ")
		}
	}
	return l.lines[len(l.lines)-1]
}

func (l *liner) children(n *xhtml.Node, depth int) {
	for c := n.FirstChild; c != nil && !l.over; c = c.NextSibling {
		l.node(c, depth)
	}
}

func (l *liner) node(n *xhtml.Node, depth int) {
	switch n.Type {
	case xhtml.TextNode:
		l.text(n, depth)
		return
	case xhtml.ElementNode:
	default:
		return
	}
	switch n.DataAtom {
	case atom.Script, atom.Style, atom.Title, atom.Head, atom.Noscript, atom.Template, atom.Svg:
		return
	case atom.Br:
		l.line(n, depth)
		l.end()
		return
	case atom.Img:
		l.line(n, depth).text.WriteString(" [img] ")
		return
	case atom.Hr:
		l.end()
		l.line(n, depth).text.WriteString("_____")
		l.end()
	}
	class, all := marked(n)
	from := -1
	if class != "" {
		l.end()
		from = len(l.lines)
	}
	if n.DataAtom == atom.Blockquote {
		depth++
	}
	if !inline[n.DataAtom] {
		l.end()
	}
	l.children(n, depth)
	if !inline[n.DataAtom] {
		l.end()
	}
	if from >= 0 && from < len(l.lines) {
		l.end()
		l.marks = append(l.marks, mark{class, from, len(l.lines), all})
	}
}

// text adds a text to its line. In preformatted text each line becomes a node of its own, so that it can be cut there.
func (l *liner) text(n *xhtml.Node, depth int) {
	pre := false
	for p := n.Parent; p != nil; p = p.Parent {
		pre = pre || p.DataAtom == atom.Pre
	}
	if pre && strings.Contains(strings.TrimSuffix(n.Data, "\n"), "\n") {
		first, rest, _ := strings.Cut(n.Data, "\n")
		n.Data = first + "\n"
		n.Parent.InsertBefore(&xhtml.Node{Type: xhtml.TextNode, Data: rest}, n.NextSibling)
	}
	words := strings.Join(strings.Fields(n.Data), " ")
	if words == "" && !(pre && strings.HasSuffix(n.Data, "\n")) {
		if l.open && n.Data != "" {
			l.lines[len(l.lines)-1].text.WriteByte(' ')
		}
		return
	}
	line := l.line(n, depth)
	if line.text.Len() < 2000 {
		if n.Data[0] <= ' ' {
			line.text.WriteByte(' ')
		}
		line.text.WriteString(cut(words, 2000))
		if n.Data[len(n.Data)-1] <= ' ' {
			line.text.WriteByte(' ')
		}
	}
	if pre && strings.HasSuffix(n.Data, "\n") {
		l.end()
	}
}

var inline = map[atom.Atom]bool{atom.A: true, atom.B: true, atom.Strong: true, atom.I: true, atom.Em: true, atom.U: true, atom.S: true, atom.Span: true, atom.Font: true,
	atom.Small: true, atom.Big: true, atom.Code: true, atom.Sub: true, atom.Sup: true, atom.Bdi: true, atom.Bdo: true, atom.Mark: true, atom.Del: true, atom.Ins: true,
	atom.Cite: true, atom.Q: true, atom.Tt: true, atom.Kbd: true, atom.Strike: true, atom.Td: true, atom.Th: true}

var (
	quoteMark = regexp.MustCompile(`(?:^|\s)(?:gmail_quote|gmail_quote_container|yahoo_quoted|protonmail_quote|zmail_extra|moz-cite-prefix|ms-outlook-mobile-reference-message|` +
		`quote_header|tutanota_quote|hx_quote)(?:\s|$)`)
	quoteID  = regexp.MustCompile(`^(?:x_)*(?:yahoo_quoted_\d+|ydp[0-9a-z]*yahoo_quoted_\d+|mail-editor-reference-message-container|OLK_SRC_BODY_SECTION|reply-intro|isReplyContent|oriMsgHtmlSeperator)$`)
	belowID  = regexp.MustCompile(`^(?:x_)*(?:divRplyFwdMsg|appendonsend|stopSpelling|zwchr|ms-outlook-mobile-body-separator-line)$`)
	signMark = regexp.MustCompile(`(?:^|\s)(?:gmail_signature|moz-signature|protonmail_signature_block|ydp[0-9a-z]*signature|zm_signature|elementToProof_signature)(?:\s|$)`)
	signID   = regexp.MustCompile(`^(?:x_)*(?:Signature|signature|AppleMailSignature|ms-outlook-mobile-signature|lineBreakAtBeginningOfSignature|composer_signature|mobile_signature)$`)
	topLine  = regexp.MustCompile(`(?i)border-top:\s*solid\s+#(?:e1e1e1|b5c4df)`)
)

// marked is what a mailer says of an element; all: of everything below it too.
func marked(n *xhtml.Node) (class string, all bool) {
	switch c, id := get(n, "class"), get(n, "id"); {
	case quoteMark.MatchString(c) && !strings.Contains(c, "protonmail_quote-empty"):
		return quoteClass, strings.Contains(c, "moz-cite-prefix")
	case quoteID.MatchString(id):
		return quoteClass, id == "reply-intro"
	case belowID.MatchString(id):
		return quoteClass, true
	case n.DataAtom == atom.Blockquote && strings.EqualFold(get(n, "type"), "cite"):
		return quoteClass, false
	case n.DataAtom == atom.Div && get(n, "name") == "quote":
		return quoteClass, false
	case n.DataAtom == atom.Div && topLine.MatchString(get(n, "style")): // Outlook's line above its header block
		return quoteClass, true
	case signMark.MatchString(c) || signID.MatchString(id):
		return signatureClass, false
	}
	return "", false
}

// wrapFrom puts what stands from a node on, to the end of the body or the next mark of ours, into a div of that class. The
// node's elements are divided there.
func wrapFrom(body, n *xhtml.Node, class string) {
	for n.Parent != body {
		p := n.Parent
		if p == nil {
			return
		}
		if !wordsBefore(n) {
			n = p
			continue
		}
		right := &xhtml.Node{Type: xhtml.ElementNode, DataAtom: p.DataAtom, Data: p.Data, Namespace: p.Namespace, Attr: p.Attr}
		for c := n; c != nil; {
			next := c.NextSibling
			p.RemoveChild(c)
			right.AppendChild(c)
			c = next
		}
		p.Parent.InsertBefore(right, p.NextSibling)
		n = right
	}
	wrap := &xhtml.Node{Type: xhtml.ElementNode, DataAtom: atom.Div, Data: "div", Attr: []xhtml.Attribute{{Key: "class", Val: class}}}
	body.InsertBefore(wrap, n)
	for c := n; c != nil && get(c, "class") != quoteClass; {
		next := c.NextSibling
		body.RemoveChild(c)
		wrap.AppendChild(c)
		c = next
	}
}

// wordsBefore says whether anything that is seen stands before a node in its parent.
func wordsBefore(n *xhtml.Node) bool {
	for p := n.PrevSibling; p != nil; p = p.PrevSibling {
		if p.Type == xhtml.TextNode && strings.TrimSpace(p.Data) == "" || p.Type == xhtml.CommentNode {
			continue
		}
		if p.Type == xhtml.ElementNode && (p.DataAtom == atom.Br || p.DataAtom == atom.Style) {
			continue
		}
		return true
	}
	return false
}
