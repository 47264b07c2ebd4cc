package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html"
	"image"
	"image/color"
	"image/png"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/textproto"
	"sync"
	"time"
)

// demoMail is a mail as people's programs write it: plain text and HTML beside each other, a picture in its place, and a
// remote one that tells its sender who has looked.
type demoMail struct {
	from, id, subject, text string
	answers                 string // Message-ID
	photo                   []byte // PNG
}

func (m demoMail) bytes() []byte {
	var b bytes.Buffer
	head := func(key, value string) { fmt.Fprintf(&b, "%s: %s\r\n", key, value) }
	head("From", m.from)
	head("To", "support@tamas.test")
	head("Date", time.Now().Format(time.RFC1123Z))
	head("Message-ID", m.id)
	subject := m.subject
	if m.answers != "" {
		subject = "Re: " + subject
		head("In-Reply-To", m.answers)
		head("References", m.answers)
	}
	head("Subject", mime.QEncoding.Encode("utf-8", subject))
	head("MIME-Version", "1.0")
	all := multipart.NewWriter(&b)
	head("Content-Type", fmt.Sprintf("multipart/related; boundary=%q", all.Boundary()))
	b.WriteString("\r\n")

	body := &bytes.Buffer{}
	both := multipart.NewWriter(body)
	part := func(kind, content string) {
		w, _ := both.CreatePart(textproto.MIMEHeader{"Content-Type": {kind + "; charset=utf-8"}, "Content-Transfer-Encoding": {"quoted-printable"}})
		q := quotedprintable.NewWriter(w)
		_, _ = q.Write([]byte(content))
		_ = q.Close()
	}
	part("text/plain", m.text)
	markup := "<div dir=\"auto\" style=\"font-family:Georgia,serif\"><p>" + html.EscapeString(m.text) + "</p>"
	if m.photo != nil {
		markup += `<p><img src="cid:photo@demo" alt="photo.png" width="320"></p>`
	}
	part("text/html", markup+`<p style="color:#777;font-size:12px">The Tea Post <img src="https://newsletter.example/logo.png" alt="logo"></p></div>`)
	_ = both.Close()
	w, _ := all.CreatePart(textproto.MIMEHeader{"Content-Type": {fmt.Sprintf("multipart/alternative; boundary=%q", both.Boundary())}})
	_, _ = w.Write(body.Bytes())
	if m.photo != nil {
		w, _ := all.CreatePart(textproto.MIMEHeader{"Content-Type": {`image/png; name="photo.png"`}, "Content-Transfer-Encoding": {"base64"},
			"Content-ID": {"<photo@demo>"}, "Content-Disposition": {`inline; filename="photo.png"`}})
		text := base64.StdEncoding.EncodeToString(m.photo)
		for len(text) > 76 {
			fmt.Fprintf(w, "%s\r\n", text[:76])
			text = text[76:]
		}
		fmt.Fprintf(w, "%s\r\n", text)
	}
	_ = all.Close()
	return b.Bytes()
}

// demoPhoto is a picture of a dented tin, as far as that can be drawn with circles and stripes.
var demoPhoto = sync.OnceValue(func() []byte {
	const w, h = 640, 480
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{uint8(236 - y/12), uint8(226 - y/10), uint8(208 - y/8), 255} // a table in the sun
			dx, dy := float64(x-320), float64(y-250)
			dent := (float64(x)-430)*(float64(x)-430)+(float64(y)-230)*(float64(y)-230) < 70*70
			if dx > -130 && dx < 130 && dy > -150 && dy < 170 {
				shade := 1 - dx*dx/(130*130)*0.55
				if dent {
					shade *= 0.45 + float64(x-360)/400
				}
				c = color.RGBA{uint8(20 + 25*shade), uint8(70 + 70*shade), uint8(60 + 65*shade), 255}
				if dy > -60 && dy < 60 {
					c = color.RGBA{uint8(190 * shade), uint8(170 * shade), uint8(120 * shade), 255}
				}
			}
			if ex, ey := dx/140, (dy+150)/26; ex*ex+ey*ey < 1 {
				c = color.RGBA{188, 196, 194, 255} // the lid
			}
			img.SetRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	_ = png.Encode(&b, img) // into memory
	return b.Bytes()
})
