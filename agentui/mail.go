package agentui

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"tamas/channels"
	"tamas/inbox/record"
)

// A message's HTML is a document of its own, shown in a frame that may run nothing. The channel has cleaned it by an allow-list;
// what is done here only decides which pictures are fetched.

const mailPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:%s; base-uri 'none'; form-action 'none'; " +
	"frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox allow-same-origin"

// mailStyle makes plain mails look like the app's texts and keeps wide ones inside their frame.
const mailStyle = `html{color-scheme:light;background:#fff}body{margin:0;padding:6px 12px;font:15px/1.55 system-ui,"Segoe UI",Vazirmatn,Tahoma,sans-serif;color:#18181b;overflow-wrap:anywhere}
body>:first-child,body>:first-child>:first-child,body>:first-child>:first-child>:first-child{margin-top:0}
img{max-width:100%;height:auto}table{max-width:100%}pre{white-space:pre-wrap}blockquote{margin:0 0 0 .6em;padding-inline-start:.8em;border-inline-start:2px solid #d4d4d8;color:#52525b}
.tamas-blocked{display:inline-block;padding:0 .4em;border:1px dashed #a1a1aa;border-radius:4px;background:#f4f4f5;color:#52525b;font-size:12px}`

// getHTML answers with the document. ?images=1 lets remote pictures load, which tells their sender that the mail was opened;
// ?quotes=0 leaves what is quoted out.
func (s *Server) getHTML(c echo.Context) error {
	t, err := s.db.Touch(c.Request().Context(), c.Param("id"))
	if err != nil {
		return missing(err, "message")
	}
	if t.Body == nil || t.Body.HTML == "" {
		return notFound("HTML of this message")
	}
	source, err := s.wholeHTML(t.Body)
	if err != nil {
		return err
	}
	remote, from := c.QueryParam("images") != "", ""
	if remote {
		from = " https: http:"
	}
	body, err := mailBody(source, t.ID, t.Body.Files, remote)
	if err != nil {
		return err
	}
	style := mailStyle
	if c.QueryParam("quotes") == "0" {
		style += "\n.tamas-quote,.tamas-signature{display:none}"
	}
	h := c.Response().Header()
	h.Set("Content-Security-Policy", strings.Replace(mailPolicy, "%s", from, 1))
	h.Set("X-Frame-Options", "SAMEORIGIN")
	h.Set("Referrer-Policy", "no-referrer")
	return c.HTML(http.StatusOK, `<!doctype html><html dir="auto"><head><meta charset="utf-8"><base target="_blank"><title></title><style>`+
		style+`</style></head><body dir="auto">`+body+`</body></html>`)
}

const maxHTML = 4 << 20 // bytes that are shown

// wholeHTML is a body's HTML, also where the row holds only its beginning.
func (s *Server) wholeHTML(b *record.Body) (string, error) {
	if b.HTMLBlob == "" {
		return b.HTML, nil
	}
	f, err := s.hub.Blobs().Open(b.HTMLBlob)
	if err != nil {
		return "", err
	}
	defer f.Close()
	all, err := io.ReadAll(io.LimitReader(f, maxHTML))
	return strings.ToValidUTF8(string(all), ""), err
}

// mailBody points the pictures of cleaned HTML to the message's own files, and takes away the remote ones unless they are wanted.
func mailBody(source, touch string, files []channels.File, remote bool) (string, error) {
	nodes, err := html.ParseFragment(strings.NewReader(source), &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body})
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	for _, n := range nodes {
		for d := range allNodes(n) {
			if d.Type != html.ElementNode {
				continue
			}
			switch d.DataAtom {
			case atom.Img:
				picture(d, touch, files, remote)
			case atom.A:
				setAttr(d, "target", "_blank")
				setAttr(d, "rel", "noopener noreferrer nofollow")
			}
		}
		if err := html.Render(&out, n); err != nil {
			return "", err
		}
	}
	return out.String(), nil
}

// allNodes gives n and all below it.
func allNodes(n *html.Node) func(yield func(*html.Node) bool) {
	return func(yield func(*html.Node) bool) {
		if !yield(n) {
			return
		}
		for d := range n.Descendants() {
			if !yield(d) {
				return
			}
		}
	}
}

func picture(n *html.Node, touch string, files []channels.File, remote bool) {
	src := attr(n, "src")
	dropAttr(n, "srcset")
	switch {
	case strings.HasPrefix(strings.ToLower(src), "cid:"):
		for i, f := range files {
			if f.CID == src[4:] && f.Blob != "" {
				setAttr(n, "src", "/api/v1/files/"+touch+"/"+strconv.Itoa(i))
				return
			}
		}
	case strings.HasPrefix(src, "data:image/"):
		return
	case remote && record.Remote(src):
		setAttr(n, "referrerpolicy", "no-referrer")
		return
	}
	// What is not fetched stands there in words: a picture without an address would be drawn as a broken one.
	words := attr(n, "alt")
	if words == "" {
		words = "🖼"
	}
	n.Data, n.DataAtom, n.Attr = "span", atom.Span, []html.Attribute{{Key: "class", Val: "tamas-blocked"}}
	n.AppendChild(&html.Node{Type: html.TextNode, Data: words})
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func setAttr(n *html.Node, key, value string) {
	for i := range n.Attr {
		if n.Attr[i].Key == key {
			n.Attr[i].Val = value
			return
		}
	}
	n.Attr = append(n.Attr, html.Attribute{Key: key, Val: value})
}

func dropAttr(n *html.Node, key string) {
	for i := range n.Attr {
		if n.Attr[i].Key == key {
			n.Attr = append(n.Attr[:i], n.Attr[i+1:]...)
			return
		}
	}
}
