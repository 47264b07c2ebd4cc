package email

//lint:file-ignore ST1018 Persian is written with zero-width non-joiners.

import (
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"tamas/channels"
	"tamas/persian"
)

// letterhead is what a mail says: the answer, the signature and the history below.
type letterhead struct {
	text, html string
	inline     []channels.File // that html shows
	files      []channels.File
}

const maxHistory = 64 << 10 // bytes of text, and four times as much HTML, that go below an answer

func letterOf(m channels.Outbound) letterhead {
	var l letterhead
	m.Files = slices.DeleteFunc(slices.Clone(m.Files), func(f channels.File) bool { return f.Blob == "" }) // nothing to send
	text, sign := strings.TrimRight(clean(m.Text), "\n"), strings.Trim(clean(m.Signature), "\n")
	body := paragraphs(text)
	if sign != "" {
		text += "\n\n-- \n" + sign
		body += "<div class=\"" + signatureClass + "\" dir=\"" + direction(sign) + "\">-- <br>\n" + htmlBreaks(sign) + "</div>\n"
	}
	if m.History != nil {
		htext, hhtml, shown := history(m)
		text = strings.TrimLeft(text+"\n\n"+htext, "\n")
		body += hhtml
		for _, f := range m.Files {
			if cid := contentID(f.CID); cid != "" && shown[cid] {
				l.inline = append(l.inline, f)
				continue
			}
			l.files = append(l.files, f)
		}
	} else {
		l.files = m.Files
	}
	l.text = text + "\n"
	l.html = "<!DOCTYPE html><html><head><meta charset=\"utf-8\"></head><body>\n" + body + "</body></html>\n"
	return l
}

// history is the message that is answered or sent on, below a line or a header that says whose it is; shown are the
// Content-IDs of the images in it.
func history(m channels.Outbound) (text, body string, shown map[string]bool) {
	h := m.History
	was := cut(strings.TrimSpace(clean(h.Text)), maxHistory)
	lang := tongue(was + "\n" + m.Text)
	shown = map[string]bool{}
	src := ""
	if h.HTML != "" && len(h.HTML) <= 4*maxHistory {
		var files []*attachment
		for _, f := range m.Files {
			if f.CID != "" {
				files = append(files, &attachment{name: f.Name, cid: contentID(f.CID)})
			}
		}
		src, files = cleanHTML(h.HTML, files)
		for _, f := range files {
			shown[f.cid] = f.shown && f.open == nil
		}
	}
	if src == "" {
		src, shown = paragraphs(was), map[string]bool{}
	}
	dir := direction(was)
	if m.Forwarded {
		head := forwardHead(lang, h)
		text = strings.Join(head, "\n") + "\n\n" + was
		body = "<div dir=\"" + direction(head[1]) + "\">" + htmlBreaks(strings.Join(head, "\n")) + "</div>\n<br>\n<div dir=\"" + dir + "\">" + src + "</div>\n"
		return text, body, shown
	}
	says := attributionLine(lang, h)
	var b strings.Builder
	b.WriteString(says)
	for _, line := range strings.Split(was, "\n") {
		if strings.HasPrefix(line, ">") {
			b.WriteString("\n>" + line)
		} else {
			b.WriteString("\n" + strings.TrimRight("> "+line, " "))
		}
	}
	body = "<div class=\"" + quoteClass + "\"><div dir=\"" + direction(says) + "\">" + html.EscapeString(says) + "</div>\n<blockquote type=\"cite\" dir=\"" + dir + "\">" +
		src + "</blockquote></div>\n"
	return b.String(), body, shown
}

// attributionLine says who wrote what is quoted, as mailers of that language do: ours and theirs fold it away.
func attributionLine(lang string, h *channels.History) string {
	who, at := oneLine(h.From, 200), h.At
	if at.IsZero() {
		return who + ":"
	}
	zone := at.Format("-0700")
	if _, off := at.Zone(); off == 0 {
		zone = "UTC"
	}
	day, hour := at.Format("02.01.2006"), at.Format("15:04")+" ("+zone+")"
	var s string
	switch lang {
	case "fa":
		s = fmt.Sprintf("در %s، ساعت %s، %s نوشت:", jalali(at), persian.Digits(hour), who)
	case "ar":
		s = fmt.Sprintf("في %s، %s، كتب %s:", at.Format("2006-01-02"), hour, who)
	case "de":
		s = fmt.Sprintf("Am %s um %s schrieb %s:", day, hour, who)
	case "fr":
		s = fmt.Sprintf("Le %s à %s, %s a écrit :", at.Format("02/01/2006"), hour, who)
	case "es":
		s = fmt.Sprintf("El %s a las %s, %s escribió:", at.Format("02/01/2006"), hour, who)
	case "tr":
		s = fmt.Sprintf("%s %s tarihinde %s şunu yazdı:", day, hour, who)
	case "ru":
		s = fmt.Sprintf("%s %s, %s пишет:", day, hour, who)
	default:
		s = fmt.Sprintf("On %s at %s, %s wrote:", at.Format("Mon, 2 Jan 2006"), hour, who)
	}
	return s
}

// forwardHead is what stands above a mail that is sent on.
func forwardHead(lang string, h *channels.History) []string {
	at := ""
	if !h.At.IsZero() {
		at = h.At.Format("Mon, 2 Jan 2006 15:04 -0700")
	}
	names := []string{forwardMark, "From: ", "Date: ", "Subject: "}
	if lang == "fa" {
		names = []string{"---------- پیام هدایت‌شده ----------", "از: ", "تاریخ: ", "موضوع: "}
		if !h.At.IsZero() {
			at = jalali(h.At) + "، " + persian.Digits(h.At.Format("15:04"))
		}
	}
	out := []string{names[0]}
	for i, v := range []string{oneLine(h.From, 300), at, oneLine(h.Subject, 500)} {
		if v != "" {
			out = append(out, names[i+1]+v)
		}
	}
	if len(out) == 1 {
		out = append(out, "")
	}
	return out
}

// paragraphs is text as HTML whose paragraphs have their direction: mail programs show plain Persian from the left.
func paragraphs(text string) string {
	var b strings.Builder
	for _, p := range strings.Split(strings.Trim(text, "\n"), "\n\n") {
		if strings.TrimSpace(p) == "" {
			continue
		}
		b.WriteString("<p dir=\"" + direction(p) + "\">" + htmlBreaks(p) + "</p>\n")
	}
	return b.String()
}

// htmlBreaks is text as HTML with its line ends and with links that can be clicked.
func htmlBreaks(s string) string {
	var b strings.Builder
	at := 0
	for _, m := range webAddress.FindAllStringIndex(s, 200) {
		u := strings.TrimRight(s[m[0]:m[1]], ".,;:!?)]»\"'،؛؟")
		b.WriteString(html.EscapeString(s[at:m[0]]))
		b.WriteString("<a href=\"" + html.EscapeString(u) + "\">" + html.EscapeString(u) + "</a>")
		at = m[0] + len(u)
	}
	b.WriteString(html.EscapeString(s[at:]))
	return strings.ReplaceAll(b.String(), "\n", "<br>\n")
}

var webAddress = regexp.MustCompile(`\bhttps?://[^\s<>"]{3,900}`)

// direction is that of the first letter that has one.
func direction(s string) string {
	for _, r := range s {
		switch {
		case unicode.In(r, unicode.Arabic, unicode.Hebrew, unicode.Syriac, unicode.Thaana) && unicode.IsLetter(r):
			return "rtl"
		case unicode.IsLetter(r):
			return "ltr"
		}
	}
	return "auto"
}

// tongue guesses a text's language among those whose mailers we imitate; "en" when nothing tells.
func tongue(s string) string {
	s = strings.ToLower(cut(s, 4000))
	arabic, cyrillic, latin := 0, 0, 0
	for _, r := range s {
		switch {
		case unicode.Is(unicode.Arabic, r):
			arabic++
		case unicode.Is(unicode.Cyrillic, r):
			cyrillic++
		case unicode.Is(unicode.Latin, r):
			latin++
		}
	}
	switch {
	case arabic > latin && arabic > cyrillic:
		if strings.ContainsAny(s, "پچژگیک") || !strings.ContainsAny(s, "ةىأإ") {
			return "fa"
		}
		return "ar"
	case cyrillic > latin:
		return "ru"
	}
	best, most := "en", 1
	words := strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) })
	for _, l := range []struct{ lang, words string }{
		{"de", " der die das und ich nicht ist mit für sie bitte danke vielen eine haben wir auf grüße "},
		{"fr", " le la les et je pas est avec pour vous merci bonjour une des nous sur mon ma cordialement "},
		{"es", " el los las y no es con para usted gracias hola una por mi pedido buenos días saludos que "},
		{"tr", " ve bir bu için ile merhaba teşekkürler değil var yok ben siz sipariş lütfen iyi çok "},
		{"en", " the and i not is with for you please thanks thank hello a have we on my of to it "},
	} {
		n := 0
		for _, w := range words {
			if strings.Contains(l.words, " "+w+" ") {
				n++
			}
		}
		if n > most {
			best, most = l.lang, n
		}
	}
	return best
}

// jalali is a day in the Persian calendar, in its words: "۱۵ دی ۱۴۰۴".
func jalali(t time.Time) string {
	year, month, day := persian.Of(t.Date())
	return persian.Digits(fmt.Sprintf("%d %s %d", day, persian.Months[month-1], year))
}
