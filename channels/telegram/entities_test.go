package telegram

import (
	"html"
	"regexp"
	"strings"
	"testing"

	"github.com/go-telegram/bot/models"
)

func entity(kind string, offset, length int) models.MessageEntity {
	return models.MessageEntity{Type: models.MessageEntityType(kind), Offset: offset, Length: length}
}

const rel = `" rel="noopener noreferrer nofollow" target="_blank">`

func TestRender(t *testing.T) {
	link := func(addr string, offset, length int) models.MessageEntity {
		e := entity("text_link", offset, length)
		e.URL = addr
		return e
	}
	pre := entity("pre", 0, 9)
	pre.Language = "go"
	for _, c := range []struct {
		name, text string
		es         []models.MessageEntity
		want       string
	}{
		{"nothing", "plain <b>", nil, ""},
		{"nothing that shows", "#tag /start", []models.MessageEntity{entity("hashtag", 0, 4), entity("bot_command", 5, 6), entity("custom_emoji", 0, 2)}, ""},
		{"bold, escaped", "a <b> & c", []models.MessageEntity{entity("bold", 2, 3)}, "a <b>&lt;b&gt;</b> &amp; c"},
		{"nested", "one two", []models.MessageEntity{entity("bold", 0, 7), entity("italic", 4, 3), entity("underline", 4, 3)}, "<b>one <i><u>two</u></i></b>"},
		{"overlapping", "abcdef", []models.MessageEntity{entity("bold", 0, 4), entity("italic", 2, 4)}, "<b>ab<i>cd</i></b><i>ef</i>"},
		{"after an emoji and Persian", "😀 سلام دنیا", []models.MessageEntity{entity("strikethrough", 3, 4), entity("spoiler", 8, 4)}, `😀 <s>سلام</s> <span class="spoiler">دنیا</span>`},
		{"inside a pair", "😀😀", []models.MessageEntity{entity("bold", 1, 2)}, "<b>😀😀</b>"},
		{"code holds nothing", "x = <1>", []models.MessageEntity{entity("code", 0, 7), entity("bold", 0, 1)}, "<code>x = &lt;1&gt;</code>"},
		{"pre keeps its lines", "a := 1\nb\nend", []models.MessageEntity{pre}, "<pre><code class=\"language-go\">a := 1\nb\n</code></pre>end"},
		{"lines", "a\nb", []models.MessageEntity{entity("bold", 0, 1)}, "<b>a</b><br>b"},
		{"quote around", "q\nr", []models.MessageEntity{entity("bold", 0, 3), entity("expandable_blockquote", 0, 1)}, "<blockquote><b>q</b></blockquote><b><br>r</b>"},
		{"links", "here you", []models.MessageEntity{link("https://a.example/?x=1&y=\"", 0, 4)}, `<a href="https://a.example/?x=1&amp;y=&#34;` + rel + `here</a> you`},
		{"a link in a link", "here", []models.MessageEntity{link("https://a.example", 0, 4), link("https://b.example", 0, 4)}, `<a href="https://a.example` + rel + `here</a>`},
		{"addresses", "b.example a@b.example +98 912 @mina_rad @x", []models.MessageEntity{entity("url", 0, 9), entity("email", 10, 11), entity("phone_number", 22, 7), entity("mention", 30, 9), entity("mention", 40, 2)},
			`<a href="http://b.example` + rel + `b.example</a> <a href="mailto:a@b.example` + rel + `a@b.example</a> <a href="tel:+98912` + rel + `+98 912</a> <a href="https://t.me/mina_rad` + rel + `@mina_rad</a> @x`},
		{"hostile", "click", []models.MessageEntity{link("javascript:alert(1)", 0, 5), link(" JaVaScRiPt:alert(1)", 0, 5), link("data:text/html,x", 0, 5), link("https://bank.example@evil.example", 0, 5), link("//evil.example", 0, 5), link("https://a\u202e.example", 0, 5), link("vbscript:x", 0, 5), link("tg://user?id=1", 0, 5)}, ""},
		{"out of bounds", "abc", []models.MessageEntity{entity("bold", -1, 2), entity("bold", 3, 1), entity("bold", 1, 0), entity("italic", 1, 1<<62), entity("bold", 1<<62, 1<<62)}, "a<i>bc</i>"},
	} {
		if got := render(c.text, c.es); got != c.want {
			t.Errorf("%s:\n%s, want\n%s", c.name, got, c.want)
		}
	}
}

// tag is all that may stand in what render makes, besides text.
var tag = regexp.MustCompile(`^(</?(b|i|u|s|code|pre|blockquote)>|</?span>|<span class="spoiler">|<code class="language-[A-Za-z0-9_+#.-]+">|<br>|</a>|<a href="(https?://|mailto:|tel:)[^"<>]*" rel="noopener noreferrer nofollow" target="_blank">)$`)

func FuzzEntities(f *testing.F) {
	f.Add("😀 سلام <b> here\n", "bold", 0, 5, "italic", 2, 9, "https://a.example/")
	f.Add("x", "text_link", 0, 1, "text_link", 0, 1, "javascript:alert(1)")
	f.Add("code", "pre", 0, 4, "blockquote", 1, 2, `go"><script>`)
	f.Fuzz(func(t *testing.T, text, k1 string, o1, l1 int, k2 string, o2, l2 int, more string) {
		text = strings.ToValidUTF8(text, "�")
		es := []models.MessageEntity{entity(k1, o1, l1), entity(k2, o2, l2), entity("text_link", o2, l1)}
		for i := range es {
			es[i].URL, es[i].Language = more, more
		}
		withLinks(text, es)
		out := render(text, es)
		if out == "" {
			return
		}
		var plain strings.Builder
		var open []string
		for rest := out; rest != ""; {
			at := strings.IndexByte(rest, '<')
			if at < 0 {
				plain.WriteString(rest)
				break
			}
			plain.WriteString(rest[:at])
			end := strings.IndexByte(rest[at:], '>')
			if end < 0 || !tag.MatchString(rest[at:at+end+1]) {
				t.Fatalf("a tag that may not be: %q", out)
			}
			name := strings.Trim(strings.Fields(rest[at : at+end+1])[0], "<>")
			switch {
			case name == "br":
				plain.WriteString("\n")
			case strings.HasPrefix(name, "/"):
				if len(open) == 0 || open[len(open)-1] != name[1:] {
					t.Fatalf("tags that cross: %q", out)
				}
				open = open[:len(open)-1]
			default:
				open = append(open, name)
			}
			rest = rest[at+end+1:]
		}
		if got := html.UnescapeString(plain.String()); len(open) != 0 || got != text {
			t.Fatalf("%q shows %q, open %q", text, got, open)
		}
	})
}
