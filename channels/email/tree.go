package email

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strings"

	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// tree is a mail's HTML while it is made ready for the policy.
type tree struct {
	files []*attachment
	drawn int // images that stood in the HTML itself
}

const maxDrawn = 50

// prepare marks quotations and signatures, ties images to their files, takes tracking pixels out and keeps the body's own
// direction and looks. What is nested too deep to be read as a tree is left to the policy as it is.
func (t *tree) prepare(src string) string {
	doc, err := xhtml.ParseWithOptions(strings.NewReader(src), xhtml.ParseOptionEnableScripting(false))
	if err != nil {
		return imgTag.ReplaceAllString(src, "")
	}
	body := find(doc, atom.Body)
	if body == nil {
		return ""
	}
	t.images(body)
	unclass(body)
	markQuotes(body)
	wrap := &xhtml.Node{Type: xhtml.ElementNode, DataAtom: atom.Div, Data: "div"}
	for _, k := range []string{"dir", "lang", "style", "bgcolor"} {
		v := get(body, k)
		if v == "" {
			v = get(body.Parent, k)
		}
		switch {
		case v == "":
		case k == "bgcolor" && colorValue.MatchString(v):
			wrap.Attr = append(wrap.Attr, xhtml.Attribute{Key: "style", Val: "background-color:" + v})
		case k != "bgcolor":
			wrap.Attr = append(wrap.Attr, xhtml.Attribute{Key: k, Val: v})
		}
	}
	var out bytes.Buffer
	if len(wrap.Attr) == 0 {
		for n := body.FirstChild; n != nil; n = n.NextSibling {
			xhtml.Render(&out, n)
		}
		return out.String()
	}
	for n := body.FirstChild; n != nil; n = body.FirstChild {
		body.RemoveChild(n)
		wrap.AppendChild(n)
	}
	xhtml.Render(&out, wrap)
	return out.String()
}

var imgTag = regexp.MustCompile(`(?i)<img[^>]*>`)

func find(n *xhtml.Node, a atom.Atom) *xhtml.Node {
	if n.Type == xhtml.ElementNode && n.DataAtom == a {
		return n
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if f := find(c, a); f != nil {
			return f
		}
	}
	return nil
}

func get(n *xhtml.Node, key string) string {
	if n == nil {
		return ""
	}
	for _, a := range n.Attr {
		if a.Key == key && a.Namespace == "" {
			return a.Val
		}
	}
	return ""
}

func set(n *xhtml.Node, key, value string) {
	for i := range n.Attr {
		if n.Attr[i].Key == key {
			n.Attr[i].Val = value
			return
		}
	}
	n.Attr = append(n.Attr, xhtml.Attribute{Key: key, Val: value})
}

// unclass takes our own marks off what comes from outside: nobody else says what is folded away.
func unclass(n *xhtml.Node) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		for i := range c.Attr {
			if c.Attr[i].Key == "class" && (strings.TrimSpace(c.Attr[i].Val) == quoteClass || strings.TrimSpace(c.Attr[i].Val) == signatureClass) {
				c.Attr[i].Val += " -"
			}
		}
		unclass(c)
	}
}

// images ties the images of a node to their files.
func (t *tree) images(n *xhtml.Node) {
	for c := n.FirstChild; c != nil; {
		next := c.NextSibling
		if c.Type == xhtml.ElementNode && (c.DataAtom == atom.Img || c.Data == "image") {
			t.image(c)
		} else {
			t.images(c)
		}
		c = next
	}
}

func (t *tree) image(n *xhtml.Node) {
	src := strings.TrimSpace(get(n, "src"))
	remote := len(src) > 8 && (strings.EqualFold(src[:7], "http://") || strings.EqualFold(src[:8], "https://"))
	if strings.HasPrefix(src, "//") {
		src, remote = "https:"+src, true
		set(n, "src", src)
	}
	if remote {
		if tracks(n) {
			n.Parent.RemoveChild(n)
		}
		return
	}
	f := t.drawing(src)
	if f == nil {
		f = shownBy(t.files, src)
	}
	if f != nil && f.cid != "" {
		f.shown = true
		set(n, "src", "cid:"+f.cid)
		return
	}
	// An image that is not here is what its author calls it.
	if alt := oneLine(get(n, "alt"), 200); alt != "" {
		n.Parent.InsertBefore(&xhtml.Node{Type: xhtml.TextNode, Data: "[" + alt + "]"}, n)
	}
	n.Parent.RemoveChild(n)
}

// drawing is the file of an image that stands in the HTML itself; nil when src is none.
func (t *tree) drawing(src string) *attachment {
	m := dataURI.FindStringSubmatch(src[:min(len(src), 64)])
	if m == nil || t.drawn == maxDrawn {
		return nil
	}
	t.drawn++
	data, _ := decodeBase64([]byte(src[len(m[0]):]))
	f := &attachment{name: fmt.Sprintf("image%d%s", t.drawn, extensions[strings.ToLower(m[1])]), typ: strings.ToLower(m[1]),
		cid: fmt.Sprintf("drawn%d@html", t.drawn), open: func() io.Reader { return bytes.NewReader(data) }}
	t.files = append(t.files, f)
	return f
}

var dataURI = regexp.MustCompile(`^(?i:data:(image/(?:png|jpeg|jpg|gif|webp));base64,)`)

// tracks says that a remote image is there to be fetched, not to be seen.
func tracks(n *xhtml.Node) bool {
	dot := func(v string) bool {
		v = strings.TrimSuffix(strings.TrimSpace(v), "px")
		return v == "0" || v == "1"
	}
	style := strings.ToLower(strings.Join(strings.Fields(get(n, "style")), ""))
	if dot(get(n, "width")) && dot(get(n, "height")) || strings.Contains(style, "display:none") || strings.Contains(style, "visibility:hidden") {
		return true
	}
	return tiny.MatchString(";"+style) && tinyHigh.MatchString(";"+style)
}

var (
	tiny     = regexp.MustCompile(`;(?:max-)?width:[01](?:px)?(?:!important)?(?:;|$)`)
	tinyHigh = regexp.MustCompile(`;(?:max-)?height:[01](?:px)?(?:!important)?(?:;|$)`)
)
