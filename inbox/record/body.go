package record

import (
	"encoding/json"
	"fmt"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"tamas/channels"
)

// more is what few bodies have, in one column.
type more struct {
	Files    []channels.File    `json:"files,omitempty"`
	Envelope *channels.Envelope `json:"envelope,omitempty"`
	Forward  string             `json:"forward,omitempty"`
	HTMLBlob string             `json:"html_blob,omitempty"`
	Masked   []string           `json:"masked,omitempty"`
	Sealed   []byte             `json:"sealed,omitempty"`
}

// more is the column's text: "" for most bodies.
func (b *Body) more() string {
	if len(b.Files) == 0 && b.Envelope == nil && b.Forward == "" && b.HTMLBlob == "" && len(b.Masked) == 0 {
		return ""
	}
	text, err := json.Marshal(more{b.Files, b.Envelope, b.Forward, b.HTMLBlob, b.Masked, b.Sealed})
	if err != nil {
		panic(err) // plain structs
	}
	return string(text)
}

func (b *Body) readMore(text []byte) error {
	var m more
	if err := json.Unmarshal(text, &m); err != nil {
		return fmt.Errorf("read a body: %w", err)
	}
	b.Files, b.Envelope, b.Forward, b.HTMLBlob, b.Masked, b.Sealed = m.Files, m.Envelope, m.Forward, m.HTMLBlob, m.Masked, m.Sealed
	return nil
}

// Light is the body without what would make lists heavy: the HTML of a mail, of which it only tells that it is there, and original
// bytes; and without what is sealed.
func (b *Body) Light() Body {
	l := *b
	l.HasHTML, l.RemoteImages = b.HTML != "", remoteImages(b.HTML)
	l.HTML, l.Raw, l.Sealed = "", nil, nil
	return l
}

// Remote tells a picture's address that leads elsewhere.
func Remote(src string) bool {
	return strings.HasPrefix(src, "https://") || strings.HasPrefix(src, "http://") || strings.HasPrefix(src, "//")
}

// remoteImages counts the pictures that showing cleaned HTML would fetch from elsewhere.
func remoteImages(source string) int {
	if !strings.Contains(source, "<img") {
		return 0
	}
	n := 0
	z := html.NewTokenizer(strings.NewReader(source))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return n
		case html.StartTagToken, html.SelfClosingTagToken:
			if t := z.Token(); t.DataAtom == atom.Img {
				for _, a := range t.Attr {
					if a.Key == "src" && Remote(a.Val) {
						n++
					}
				}
			}
		}
	}
}
