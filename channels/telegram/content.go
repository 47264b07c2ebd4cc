package telegram

import (
	"fmt"
	"html"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/go-telegram/bot/models"
)

// words are a text and, where it says more, the same as HTML.
type words struct{ text, html string }

func marked(text string, es []models.MessageEntity) words {
	return words{withLinks(text, es), render(text, es)}
}

func (w words) asHTML() string {
	if w.html != "" {
		return w.html
	}
	return strings.ReplaceAll(html.EscapeString(w.text), "\n", "<br>")
}

// together joins lines. There is HTML only when one of them has some.
func together(lines []words) (text, markup string) {
	var texts, htmls []string
	rich := false
	for _, w := range lines {
		if w.text == "" {
			continue
		}
		texts = append(texts, w.text)
		htmls = append(htmls, w.asHTML())
		rich = rich || w.html != ""
	}
	if rich {
		markup = strings.ReplaceAll(strings.Join(htmls, "<br>"), "</blockquote><br>", "</blockquote>")
	}
	return strings.Join(texts, "\n"), markup
}

// from puts a sender's name in front of the first line.
func from(who string, lines []words) []words {
	if who == "" {
		return lines
	}
	for i, w := range lines {
		if w.text == "" {
			continue
		}
		if w.html != "" {
			w.html = "<b>" + html.EscapeString(who) + ":</b> " + w.html
		}
		lines[i] = words{who + ": " + w.text, w.html}
		return lines
	}
	return append(lines, words{text: who + ":"})
}

// sender is who speaks in a group: a person, or a chat in whose name somebody does.
func sender(m *models.Message) string {
	if m.SenderChat != nil {
		return name(m.SenderChat.Title, "", m.SenderChat.Username)
	}
	if m.From != nil {
		return name(m.From.FirstName, m.From.LastName, m.From.Username)
	}
	return ""
}

// origin are the lines before a message that was forwarded, or that quotes.
func origin(m *models.Message) (lines []words) {
	if m.ForwardOrigin != nil {
		lines = append(lines, words{text: strings.TrimSpace("↪ " + originName(m.ForwardOrigin))})
	}
	if m.ExternalReply != nil && m.ForwardOrigin == nil {
		lines = append(lines, words{text: strings.TrimSpace("↩ " + originName(&m.ExternalReply.Origin))})
	}
	// Without a choice of the customer's the quotation is what the hub shows of the message answered anyway.
	if q := m.Quote; q != nil && q.Text != "" && (q.IsManual || m.ExternalReply != nil) {
		quote := words{text: "> " + strings.ReplaceAll(q.Text, "\n", "\n> ")}
		quote.html = "<blockquote>" + marked(q.Text, q.Entities).asHTML() + "</blockquote>"
		lines = append(lines, quote)
	}
	return lines
}

// originName names who wrote a message at first.
func originName(o *models.MessageOrigin) string {
	signed := func(n string, signature *string) string {
		if signature != nil && *signature != "" {
			return n + " (" + cut(*signature, 100) + ")"
		}
		return n
	}
	switch {
	case o.MessageOriginUser != nil:
		u := o.MessageOriginUser.SenderUser
		return name(u.FirstName, u.LastName, u.Username)
	case o.MessageOriginHiddenUser != nil:
		return name(o.MessageOriginHiddenUser.SenderUserName, "", "")
	case o.MessageOriginChat != nil:
		return signed(name(o.MessageOriginChat.SenderChat.Title, "", o.MessageOriginChat.SenderChat.Username), o.MessageOriginChat.AuthorSignature)
	case o.MessageOriginChannel != nil:
		c := o.MessageOriginChannel
		n := signed(name(c.Chat.Title, "", c.Chat.Username), c.AuthorSignature)
		if c.Chat.Username != "" && mention.MatchString("@"+c.Chat.Username) {
			n += fmt.Sprintf(" https://t.me/%s/%d", c.Chat.Username, c.MessageID)
		}
		return n
	}
	return ""
}

// content is what a message says and carries. What is neither text nor a file is told in signs and numbers, which need no
// language; false when there is nothing that could be told.
func content(m *models.Message) (words, []remote, bool) {
	if m.Text != "" {
		return marked(m.Text, m.Entities), nil, true
	}
	if files := filesOf(m); len(files) > 0 {
		w := marked(m.Caption, m.CaptionEntities)
		switch {
		case m.Sticker != nil:
			w.text = m.Sticker.Emoji
		case m.PaidMedia != nil:
			w.text = strings.TrimSpace(fmt.Sprintf("⭐ %d\n%s", m.PaidMedia.StarCount, w.text))
		}
		return w, files, true
	}
	lines := func(list ...string) (words, []remote, bool) {
		var kept []string
		for _, s := range list {
			if s = strings.TrimSpace(s); s != "" {
				kept = append(kept, s)
			}
		}
		return words{text: strings.Join(kept, "\n")}, nil, true
	}
	switch {
	case m.Venue != nil: // before Location, which comes along with it
		return lines("📍 "+m.Venue.Title, m.Venue.Address, place(m.Venue.Location), mapLink(m.Venue.Location))
	case m.Location != nil:
		return lines("📍 "+place(*m.Location), mapLink(*m.Location))
	case m.Contact != nil:
		return lines("👤 "+m.Contact.FirstName+" "+m.Contact.LastName, m.Contact.PhoneNumber)
	case m.Poll != nil:
		list := []string{"📊 " + m.Poll.Question}
		for _, o := range m.Poll.Options {
			list = append(list, "◦ "+o.Text)
		}
		return lines(list...)
	case m.Checklist != nil:
		list := []string{"☑ " + m.Checklist.Title}
		for _, t := range m.Checklist.Tasks {
			list = append(list, "◦ "+t.Text)
		}
		return lines(list...)
	case m.Dice != nil:
		return lines(m.Dice.Emoji + " " + strconv.Itoa(m.Dice.Value))
	case m.Game != nil: // its picture is the game's, not the customer's
		return lines("🎮 "+m.Game.Title, m.Game.Description)
	case m.Story != nil:
		where := name(m.Story.Chat.Title, "", "")
		if mention.MatchString("@" + m.Story.Chat.Username) {
			where = fmt.Sprintf("https://t.me/%s/s/%d", m.Story.Chat.Username, m.Story.ID)
		}
		return lines("📖 " + where)
	case m.Caption != "":
		return marked(m.Caption, m.CaptionEntities), nil, true
	}
	return words{}, nil, false
}

func degrees(x float64) string { return strconv.FormatFloat(x, 'f', 6, 64) }

func place(l models.Location) string { return degrees(l.Latitude) + ", " + degrees(l.Longitude) }

func mapLink(l models.Location) string {
	lat, lon := degrees(l.Latitude), degrees(l.Longitude)
	return "https://www.openstreetmap.org/?mlat=" + lat + "&mlon=" + lon + "#map=16/" + lat + "/" + lon
}

// part is what an entity covers.
func part(text string, e models.MessageEntity) string {
	units := utf16.Encode([]rune(text))
	from, to, ok := bounds(units, e)
	if !ok {
		return ""
	}
	return string(utf16.Decode(units[from:to]))
}
