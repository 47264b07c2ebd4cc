package telegram

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/go-telegram/bot/models"

	"tamas/channels"
)

// parse turns one update into a message. id is the update's, 0 when it has none; ok is false for updates
// that bring no private message. What cannot be read comes back as an unreadable message.
func parse(raw []byte) (id int64, in channels.Inbound, ok bool) {
	var head struct {
		ID int64 `json:"update_id"`
	}
	_ = json.Unmarshal(raw, &head)
	var u models.Update
	if err := json.Unmarshal(raw, &u); err != nil {
		return head.ID, unreadable(raw, head.ID, "Telegram sent an update that cannot be read: "+cut(err.Error(), 200)), true
	}
	m, edited := u.Message, false
	if m == nil {
		m, edited = u.EditedMessage, true
	}
	if m == nil || (m.Chat.Type != "" && m.Chat.Type != models.ChatTypePrivate) {
		return head.ID, in, false
	}
	if m.Chat.ID == 0 || m.ID == 0 {
		return head.ID, unreadable(raw, head.ID, "Telegram sent a message without its chat or its number"), true
	}
	in = channels.Inbound{
		Key:     fmt.Sprintf("%d/%d", m.Chat.ID, m.ID),
		Thread:  strconv.FormatInt(m.Chat.ID, 10),
		Address: strconv.FormatInt(m.Chat.ID, 10),
		Name:    name(m.Chat.FirstName, m.Chat.LastName, m.Chat.Username),
		Text:    content(m),
		At:      time.Unix(int64(m.Date), 0).UTC(),
	}
	if m.From != nil {
		in.Address = strconv.FormatInt(m.From.ID, 10)
		in.Name = name(m.From.FirstName, m.From.LastName, m.From.Username)
		in.Lang = cut(m.From.LanguageCode, 35)
	}
	if in.Text == "" {
		in.Unreadable = "a kind of Telegram message that cannot be shown yet"
		in.Raw = bounded(raw)
	}
	if m.ForwardOrigin != nil {
		in.Text = "[forwarded] " + in.Text
	}
	if edited {
		// By the update's id, not by its second: two edits within one second are two.
		in.Key += "/edit/" + strconv.FormatInt(u.ID, 10)
		in.Text = "[edited] " + in.Text
		in.At = time.Unix(int64(max(m.EditDate, m.Date)), 0).UTC()
	}
	return head.ID, in, true
}

// unreadable keeps an update raw, in its customer's thread when at least that can be told.
func unreadable(raw []byte, id int64, why string) channels.Inbound {
	in := channels.Inbound{Unreadable: why, Raw: bounded(raw)}
	if id != 0 {
		in.Key = "update/" + strconv.FormatInt(id, 10)
	} else {
		sum := sha256.Sum256(raw)
		in.Key = "raw/" + hex.EncodeToString(sum[:])
	}
	type message struct {
		Chat struct {
			ID int64 `json:"id"`
		} `json:"chat"`
	}
	var parts map[string]json.RawMessage
	var sent, edited message
	if json.Unmarshal(raw, &parts) == nil {
		_ = json.Unmarshal(parts["message"], &sent)
		_ = json.Unmarshal(parts["edited_message"], &edited)
	}
	// Private chats have positive ids, those of groups and channels are negative.
	if chat := max(sent.Chat.ID, edited.Chat.ID); chat > 0 {
		in.Thread = strconv.FormatInt(chat, 10)
		in.Address = in.Thread
	}
	return in
}

func bounded(raw []byte) []byte {
	return append([]byte{}, raw[:min(len(raw), channels.MaxRaw)]...)
}

func name(first, last, user string) string {
	n := strings.TrimSpace(first + " " + last)
	if n == "" && user != "" {
		n = "@" + user
	}
	return cut(n, channels.MaxName-4)
}

// content is a message's text, or a placeholder for what is none.
func content(m *models.Message) string {
	if m.Text != "" {
		return withLinks(m.Text, m.Entities)
	}
	caption := withLinks(m.Caption, m.CaptionEntities)
	with := func(what string, more ...string) string {
		s := "[" + what
		if d := strings.Join(strings.Fields(strings.Join(more, " ")), " "); d != "" {
			s += ": " + d
		}
		s += "]"
		if caption != "" {
			s += " " + caption
		}
		return s
	}
	switch {
	case m.Photo != nil:
		return with("photo")
	case m.Animation != nil: // before Document, which comes along with it
		return with("animation", m.Animation.FileName)
	case m.Document != nil:
		return with("file", m.Document.FileName)
	case m.Voice != nil:
		return with("voice message", fmt.Sprintf("%d s", m.Voice.Duration))
	case m.Audio != nil:
		return with("audio", m.Audio.Performer, m.Audio.Title, m.Audio.FileName)
	case m.Video != nil:
		return with("video", m.Video.FileName)
	case m.VideoNote != nil:
		return with("video message", fmt.Sprintf("%d s", m.VideoNote.Duration))
	case m.Sticker != nil:
		return with("sticker", m.Sticker.Emoji)
	case m.Contact != nil:
		return with("contact", m.Contact.FirstName, m.Contact.LastName, m.Contact.PhoneNumber)
	case m.Venue != nil: // before Location, which comes along with it
		return with("place", m.Venue.Title, m.Venue.Address, fmt.Sprintf("%f, %f", m.Venue.Location.Latitude, m.Venue.Location.Longitude))
	case m.Location != nil:
		return with("location", fmt.Sprintf("%f, %f", m.Location.Latitude, m.Location.Longitude))
	case m.Poll != nil:
		return with("poll", m.Poll.Question)
	case m.Dice != nil:
		return with("dice", m.Dice.Emoji, strconv.Itoa(m.Dice.Value))
	case m.Story != nil:
		return with("story")
	case m.Game != nil:
		return with("game", m.Game.Title)
	case m.Checklist != nil:
		return with("checklist", m.Checklist.Title)
	case m.PaidMedia != nil:
		return with("paid media")
	}
	return caption
}

// withLinks writes the addresses that hide behind words after them, in parentheses. Offsets are in UTF-16 units.
func withLinks(text string, es []models.MessageEntity) string {
	hidden := false
	for _, e := range es {
		hidden = hidden || (e.Type == models.MessageEntityTypeTextLink && e.URL != "")
	}
	if !hidden {
		return text
	}
	units := utf16.Encode([]rune(text))
	var b strings.Builder
	at := 0
	for _, e := range es { // Telegram sends them by rising offset
		end := e.Offset + e.Length
		if e.Type != models.MessageEntityTypeTextLink || e.URL == "" || e.Offset < 0 || e.Length <= 0 || end < at || end > len(units) {
			continue
		}
		b.WriteString(string(utf16.Decode(units[at:end])))
		if shown := string(utf16.Decode(units[max(0, e.Offset):end])); strings.Trim(shown, "/") != strings.Trim(e.URL, "/") {
			b.WriteString(" (" + e.URL + ")")
		}
		at = end
	}
	b.WriteString(string(utf16.Decode(units[at:])))
	return b.String()
}
