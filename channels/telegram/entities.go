package telegram

import (
	"cmp"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/go-telegram/bot/models"
)

// maxEntities bounds what is looked at; Telegram itself stops at 100.
const maxEntities = 200

// span is an entity that shows, in UTF-16 units of its text.
type span struct {
	from, to    int
	open, close string
	block       bool // stands outside of all that is inline
	link        bool // holds no other link
	verbatim    bool // holds nothing else
}

// render writes a text with its entities as HTML: b, i, u, s, span.spoiler, code, pre, blockquote, a and br, with nothing but
// class="spoiler", class="language-…" and a link's href, rel and target. Entities may nest, overlap and lie; what of them makes no
// sense is passed over. "" when the plain text says as much.
func render(text string, es []models.MessageEntity) string {
	units := utf16.Encode([]rune(text))
	spans := spansOf(units, es)
	if len(spans) == 0 {
		return ""
	}
	edges := []int{0, len(units)}
	for _, s := range spans {
		edges = append(edges, s.from, s.to)
	}
	slices.Sort(edges)
	edges = slices.Compact(edges)

	var b strings.Builder
	var open []span
	for i := 0; i+1 < len(edges); i++ {
		at, end := edges[i], edges[i+1]
		now := holding(spans, at, end)
		same := 0
		for same < len(open) && same < len(now) && open[same] == now[same] {
			same++
		}
		for k := len(open) - 1; k >= same; k-- {
			b.WriteString(open[k].close)
		}
		for _, s := range now[same:] {
			b.WriteString(s.open)
		}
		open = now
		piece := html.EscapeString(string(utf16.Decode(units[at:end])))
		if !slices.ContainsFunc(now, func(s span) bool { return s.verbatim && s.block }) {
			piece = strings.ReplaceAll(piece, "\n", "<br>")
		}
		b.WriteString(piece)
	}
	for k := len(open) - 1; k >= 0; k-- {
		b.WriteString(open[k].close)
	}
	return b.String()
}

// spansOf are the entities that show, those that hold others first.
func spansOf(units []uint16, es []models.MessageEntity) []span {
	var out []span
	for _, e := range es[:min(len(es), maxEntities)] {
		from, to, ok := bounds(units, e)
		if !ok {
			continue
		}
		s := span{from: from, to: to}
		if s.dress(e, string(utf16.Decode(units[from:to]))) {
			out = append(out, s)
		}
	}
	slices.SortStableFunc(out, func(a, b span) int {
		if a.block != b.block {
			if a.block {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(b.to, a.to))
	})
	return out
}

// bounds are an entity's ends within its text, never inside a surrogate pair.
func bounds(units []uint16, e models.MessageEntity) (from, to int, ok bool) {
	if e.Offset < 0 || e.Length <= 0 || e.Offset >= len(units) {
		return 0, 0, false
	}
	from, to = e.Offset, e.Offset+min(e.Length, len(units)-e.Offset)
	inside := func(i int) bool {
		return i > 0 && i < len(units) && utf16.DecodeRune(rune(units[i-1]), rune(units[i])) != unicode.ReplacementChar
	}
	if inside(from) {
		from--
	}
	if inside(to) {
		to++
	}
	return from, to, true
}

// holding are the spans around [at, end), the outermost first: one link, and nothing within what is verbatim.
func holding(spans []span, at, end int) (now []span) {
	linked := false
	for _, s := range spans {
		if s.from > at || s.to < end || s.link && linked {
			continue
		}
		now = append(now, s)
		linked = linked || s.link
		if s.verbatim {
			break
		}
	}
	return now
}

var (
	mention  = regexp.MustCompile(`^@[A-Za-z0-9_]{4,32}$`)
	language = regexp.MustCompile(`^[A-Za-z0-9_+#.-]{1,30}$`)
)

// dress gives a span its tags; false when it has none.
func (s *span) dress(e models.MessageEntity, shown string) bool {
	wrap := func(tag string) bool {
		s.open, s.close = "<"+tag+">", "</"+tag+">"
		return true
	}
	link := func(addr string) bool {
		if addr = safeURL(addr); addr == "" {
			return false
		}
		s.open, s.close, s.link = `<a href="`+html.EscapeString(addr)+`" rel="noopener noreferrer nofollow" target="_blank">`, "</a>", true
		return true
	}
	switch e.Type {
	case models.MessageEntityTypeBold:
		return wrap("b")
	case models.MessageEntityTypeItalic:
		return wrap("i")
	case models.MessageEntityTypeUnderline:
		return wrap("u")
	case models.MessageEntityTypeStrikethrough:
		return wrap("s")
	case models.MessageEntityTypeSpoiler:
		s.open, s.close = `<span class="spoiler">`, "</span>"
		return true
	case models.MessageEntityTypeBlockquote, models.MessageEntityTypeExpandableBlockquote:
		s.block = true
		return wrap("blockquote")
	case models.MessageEntityTypeCode:
		s.verbatim = true
		return wrap("code")
	case models.MessageEntityTypePre:
		s.block, s.verbatim = true, true
		if language.MatchString(e.Language) {
			s.open, s.close = `<pre><code class="language-`+html.EscapeString(e.Language)+`">`, "</code></pre>"
			return true
		}
		return wrap("pre")
	case models.MessageEntityTypeTextLink:
		return link(e.URL)
	case models.MessageEntityTypeURL:
		if !strings.Contains(shown, "://") {
			shown = "http://" + shown
		}
		return link(shown)
	case models.MessageEntityTypeEmail:
		return link("mailto:" + shown)
	case models.MessageEntityTypePhoneNumber:
		return link("tel:" + digits(shown))
	case models.MessageEntityTypeMention:
		return mention.MatchString(shown) && link("https://t.me/"+shown[1:])
	}
	// Hashtags, commands, people without a name of their own and custom emoji, which stand in the text as plain ones.
	return false
}

// digits keeps of a phone number what can be dialled.
func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r == '+' {
			return r
		}
		return -1
	}, s)
}

// safeURL is an address as it may stand in a link; "" for all that is not plainly a page, a mail or a call.
func safeURL(raw string) string {
	raw = strings.TrimSpace(raw)
	if len(raw) > 2048 || strings.ContainsFunc(raw, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }) {
		return ""
	}
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	switch strings.ToLower(u.Scheme) {
	case "http", "https":
		if u.Host == "" || u.User != nil { // https://bank.example@evil.example
			return ""
		}
	case "mailto", "tel":
		if u.Opaque == "" {
			return ""
		}
	default:
		return ""
	}
	return u.String()
}

// withLinks writes the addresses that hide behind words after them, in parentheses.
func withLinks(text string, es []models.MessageEntity) string {
	hides := func(e models.MessageEntity) bool {
		return e.Type == models.MessageEntityTypeTextLink && safeURL(e.URL) != ""
	}
	if !slices.ContainsFunc(es, hides) {
		return text
	}
	units := utf16.Encode([]rune(text))
	var b strings.Builder
	at := 0
	for _, e := range es[:min(len(es), maxEntities)] { // Telegram sends them by rising offset
		from, to, ok := bounds(units, e)
		if !ok || !hides(e) || to < at {
			continue
		}
		b.WriteString(string(utf16.Decode(units[at:to])))
		if shown := string(utf16.Decode(units[from:to])); strings.Trim(shown, "/") != strings.Trim(e.URL, "/") {
			b.WriteString(" (" + safeURL(e.URL) + ")")
		}
		at = to
	}
	b.WriteString(string(utf16.Decode(units[at:])))
	return b.String()
}
