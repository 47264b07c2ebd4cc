package telegram

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-telegram/bot/models"

	"tamas/channels"
)

// wanted are the kinds of updates that are asked for. Whatever is not among them gets no number, so that the numbers of those
// that come have no gaps of our own making.
var wanted = []string{models.AllowedUpdateMessage, models.AllowedUpdateEditedMessage, models.AllowedUpdateCallbackQuery, models.AllowedUpdateMyChatMember}

// reader turns updates into messages. It asks nobody.
type reader struct {
	bot    func() models.User                           // who we are; needed for groups only
	groups string                                       // "no", "addressed", "all"
	known  func(payload string) (customer, link string) // whom a start link's payload names, and the link's name; "" when it proves nothing
	first  func(album string) (id string)               // provider id of an album's message; "" when it is not known
}

// arrival is one update.
type arrival struct {
	id       int64            // update_id; 0: it has none
	in       channels.Inbound // without the content of its files
	record   bool             // in is to be recorded; else the update is deliberately passed over
	files    []remote
	body     words  // what in.Text and in.HTML say without what stands before it
	album    string // "<chat>/<media group>"; "": it is of none
	aside    bool   // of a group, not to the bot; recorded only as part of an album that is
	chat     int64
	topic    int
	group    bool
	callback string // to be answered once it is recorded
	left     string // the customer's address: the bot was blocked there
	movedTo  int64  // the chat is a supergroup of that id from now on
}

// read reads an update. What cannot be read comes back as an unreadable message.
func (r *reader) read(raw []byte) arrival {
	var head struct {
		ID int64 `json:"update_id"`
	}
	_ = json.Unmarshal(raw, &head)
	a := arrival{id: head.ID}
	u, err := decode(raw)
	switch {
	case err != nil:
		why := "Telegram sent an update that cannot be read"
		if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) && wrong.Field != "" {
			why += ": its " + cut(wrong.Field, 100) + " is of another kind than is known"
		}
		return r.unreadable(a, raw, why)
	case u.Message != nil:
		return r.message(a, raw, u.Message, false)
	case u.EditedMessage != nil:
		return r.message(a, raw, u.EditedMessage, true)
	case u.CallbackQuery != nil:
		return r.press(a, u.CallbackQuery)
	case u.MyChatMember != nil:
		// Of a private chat only: a group that the bot was taken out of is seen when something is sent there.
		if c := u.MyChatMember; c.Chat.Type == models.ChatTypePrivate && c.NewChatMember.Type == models.ChatMemberTypeBanned {
			a.left = strconv.FormatInt(c.Chat.ID, 10)
		}
	}
	return a
}

// hasBlocked is why nothing arrives any more.
const hasBlocked = "The customer has blocked the bot."

// decode reads an update. Where a message comes from and what else hangs on it has shapes that grow from year to year; when
// one of those is new, the message itself is read without them.
func decode(raw []byte) (u models.Update, err error) {
	if err = json.Unmarshal(raw, &u); err == nil {
		return u, nil
	}
	var update map[string]json.RawMessage
	if json.Unmarshal(raw, &update) != nil {
		return u, err
	}
	for _, kind := range []string{"message", "edited_message"} {
		var m map[string]json.RawMessage
		if json.Unmarshal(update[kind], &m) != nil {
			continue
		}
		for k := range m {
			if !slices.Contains(plain, k) {
				delete(m, k)
			}
		}
		update[kind], _ = json.Marshal(m)
	}
	plainer, _ := json.Marshal(update)
	var again models.Update
	if json.Unmarshal(plainer, &again) != nil {
		return u, err
	}
	return again, nil
}

// plain are the fields of a message that have stayed as they are for years.
var plain = []string{"message_id", "message_thread_id", "is_topic_message", "from", "date", "edit_date", "chat", "media_group_id",
	"text", "entities", "caption", "caption_entities", "photo", "video", "voice", "audio", "document", "video_note", "animation",
	"sticker", "location", "venue", "contact", "dice", "poll", "migrate_to_chat_id"}

// place fills in where an arrival belongs; false when its chat is none of ours.
func (r *reader) place(a *arrival, chat models.Chat, from *models.User, topic int) bool {
	a.chat = chat.ID
	switch chat.Type {
	case "", models.ChatTypePrivate:
		a.in.Thread, a.in.Address = strconv.FormatInt(chat.ID, 10), strconv.FormatInt(chat.ID, 10)
		a.in.Name = name(chat.FirstName, chat.LastName, chat.Username)
		if from != nil && from.ID != 0 {
			a.in.Address = strconv.FormatInt(from.ID, 10)
			a.in.Name = name(from.FirstName, from.LastName, from.Username)
			a.in.Lang = cut(from.LanguageCode, 35)
		}
		return true
	case models.ChatTypeGroup, models.ChatTypeSupergroup:
		a.group, a.topic = true, topic
		a.in.Thread, a.in.Address = groupThread(chat.ID, topic), groupThread(chat.ID, 0)
		a.in.Name = name(chat.Title, "", chat.Username)
		return r.groups == "addressed" || r.groups == "all"
	}
	return false
}

// message reads a message or its edit.
func (r *reader) message(a arrival, raw []byte, m *models.Message, edited bool) arrival {
	topic := 0
	if m.IsTopicMessage {
		topic = m.MessageThreadID
	}
	if !r.place(&a, m.Chat, m.From, topic) {
		return a
	}
	if m.Chat.ID == 0 || m.ID == 0 {
		return r.unreadable(a, raw, "Telegram sent a message without its chat or its number")
	}
	if m.MigrateToChatID != 0 {
		return moved(a, m.MigrateToChatID)
	}
	a.in.Key = providerID(m.Chat.ID, m.ID)
	a.in.At = time.Unix(int64(m.Date), 0).UTC()
	if m.MediaGroupID != "" {
		a.album = albumID(m)
	}
	body, files, ok := content(m)
	switch {
	case !ok && isService(raw):
		return a
	case edited && m.Location != nil && m.Venue == nil:
		return a // a live location reports itself every few seconds
	case !ok:
		a.in.Unreadable = "a kind of Telegram message that cannot be shown yet"
		a.in.Raw, a.in.RawName = bounded(raw), "update.json"
	}
	a.record, a.files = true, files
	if payload, ok := strings.CutPrefix(m.Text, "/start "); ok && !a.group && r.known != nil {
		if customer, link := r.known(strings.TrimSpace(payload)); customer != "" {
			a.in.Link = &channels.Link{Customer: customer, Evidence: "start link", Once: link}
			body = words{text: "/start"} // the payload is a proof, nobody needs to read it
		}
	}
	if command, _, _ := strings.Cut(m.Text, "@"); command == "/position" && !a.group && !edited {
		a.in.Position = true
		if m.From != nil {
			a.in.Lang = m.From.LanguageCode
		}
	}
	a.body = body
	lines := append(origin(m), body)
	if a.group {
		lines = from(sender(m), lines)
		a.aside = r.groups == "addressed" && !r.addressed(m)
		a.record = !a.aside
	}
	a.in.Text, a.in.HTML = together(lines)
	a.in.ReplyTo = r.answers(m)
	if edited {
		a.in.Kind, a.in.Of = channels.Edit, a.in.Key
		if id := r.albumOf(m); id != "" {
			a.in.Of = id
		}
		// By the update's id, not by its second: two edits within one second are two.
		a.in.Key += "/edit/" + strconv.FormatInt(a.id, 10)
		a.in.At = time.Unix(int64(max(m.EditDate, m.Date)), 0).UTC()
		a.album, a.in.ReplyTo = "", ""
	}
	return a
}

// answers is the provider id of the message that m answers; "" when it answers none.
func (r *reader) answers(m *models.Message) string {
	to := m.ReplyToMessage
	// In a topic every message that answers no other one answers its first.
	if to == nil || to.ID == 0 || m.IsTopicMessage && to.ID == m.MessageThreadID {
		return ""
	}
	if id := r.albumOf(to); id != "" && (to.From == nil || !to.From.IsBot) {
		return id
	}
	return providerID(m.Chat.ID, to.ID)
}

func (r *reader) albumOf(m *models.Message) string {
	if m.MediaGroupID == "" || r.first == nil {
		return ""
	}
	return r.first(albumID(m))
}

// addressed tells whether a group's message is meant for the bot: a command, its name, an answer to it.
func (r *reader) addressed(m *models.Message) bool {
	me := r.bot()
	if to := m.ReplyToMessage; to != nil && to.From != nil && me.ID != 0 && to.From.ID == me.ID {
		return true
	}
	named := func(s string) bool { return me.Username != "" && strings.EqualFold(s, "@"+me.Username) }
	for _, text := range []struct {
		text string
		es   []models.MessageEntity
	}{{m.Text, m.Entities}, {m.Caption, m.CaptionEntities}} {
		for _, e := range text.es {
			shown := part(text.text, e)
			switch e.Type {
			case models.MessageEntityTypeMention:
				if named(shown) {
					return true
				}
			case models.MessageEntityTypeTextMention:
				if e.User != nil && e.User.ID == me.ID {
					return true
				}
			case models.MessageEntityTypeBotCommand:
				if _, to, ok := strings.Cut(shown, "@"); e.Offset == 0 && (!ok || named("@"+to)) {
					return true
				}
			}
		}
	}
	return false
}

// press reads the press of a button below one of our messages: the customer says what stands on it.
func (r *reader) press(a arrival, q *models.CallbackQuery) arrival {
	var m models.Message
	switch {
	case q.Message.Message != nil:
		m = *q.Message.Message
	case q.Message.InaccessibleMessage != nil:
		m.Chat, m.ID = q.Message.InaccessibleMessage.Chat, q.Message.InaccessibleMessage.MessageID
	}
	topic := 0
	if m.IsTopicMessage {
		topic = m.MessageThreadID
	}
	if m.Chat.ID == 0 || q.ID == "" || !r.place(&a, m.Chat, &q.From, topic) {
		return a
	}
	said := words{text: cut(q.Data, 200)}
	if m.ReplyMarkup != nil {
		for _, row := range m.ReplyMarkup.InlineKeyboard {
			for _, button := range row {
				if button.CallbackData == q.Data && button.Text != "" {
					said.text = button.Text
				}
			}
		}
	}
	lines := []words{said}
	if a.group {
		lines = from(name(q.From.FirstName, q.From.LastName, q.From.Username), lines)
	}
	a.in.Text, a.in.HTML = together(lines)
	a.in.Key, a.callback, a.record = "callback/"+cut(q.ID, 100), q.ID, true
	if m.ID != 0 {
		a.in.ReplyTo = providerID(m.Chat.ID, m.ID)
	}
	return a
}

// moved is the word that a group goes on as a supergroup. Its provider id is how the thread is found by what comes from there.
func moved(a arrival, to int64) arrival {
	a.movedTo, a.record = to, true
	a.in.Key, a.in.ProviderID = "moved/"+strconv.FormatInt(to, 10), groupThread(to, 0)
	a.in.Thread, a.in.Text, a.in.AutoReply = groupThread(a.chat, 0), "⇢ "+a.in.Name, true
	return a
}

// unreadable keeps an update raw, in its customer's thread when at least that can be told.
func (r *reader) unreadable(a arrival, raw []byte, why string) arrival {
	a.in = channels.Inbound{Unreadable: why, Raw: bounded(raw), RawName: "update.json"}
	a.record, a.files, a.album = true, nil, ""
	if a.id != 0 {
		a.in.Key = "update/" + strconv.FormatInt(a.id, 10)
	} else {
		sum := sha256.Sum256(raw)
		a.in.Key = "raw/" + hex.EncodeToString(sum[:])
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
		a.chat, a.in.Thread = chat, strconv.FormatInt(chat, 10)
		a.in.Address = a.in.Thread
	}
	return a
}

// service are the fields of messages that Telegram writes itself about a chat; nobody said them.
var service = []string{"new_chat_members", "left_chat_member", "new_chat_title", "new_chat_photo", "delete_chat_photo",
	"group_chat_created", "supergroup_chat_created", "channel_chat_created", "message_auto_delete_timer_changed",
	"migrate_from_chat_id", "pinned_message", "connected_website", "write_access_allowed", "proximity_alert_triggered",
	"boost_added", "chat_background_set", "forum_topic_created", "forum_topic_edited", "forum_topic_closed",
	"forum_topic_reopened", "general_forum_topic_hidden", "general_forum_topic_unhidden", "video_chat_scheduled",
	"video_chat_started", "video_chat_ended", "video_chat_participants_invited", "chat_owner_left", "chat_owner_changed",
	"paid_message_price_changed", "direct_message_price_changed"}

// isService tells whether an update brings one of those.
func isService(raw []byte) bool {
	var u struct {
		Message map[string]json.RawMessage `json:"message"`
		Edited  map[string]json.RawMessage `json:"edited_message"`
	}
	_ = json.Unmarshal(raw, &u)
	return slices.ContainsFunc(service, func(k string) bool { return u.Message[k] != nil || u.Edited[k] != nil })
}

// providerID is the id under which a message is known to the hub.
func providerID(chat int64, message int) string { return fmt.Sprintf("%d/%d", chat, message) }

func albumID(m *models.Message) string {
	return fmt.Sprintf("%d/%s", m.Chat.ID, cut(m.MediaGroupID, 100))
}

// groupThread is the thread of a group, or of one of its topics.
func groupThread(chat int64, topic int) string {
	if topic == 0 {
		return fmt.Sprintf("chat:%d", chat)
	}
	return fmt.Sprintf("chat:%d:%d", chat, topic)
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

// cut shortens a text to n bytes of valid UTF-8.
func cut(s string, n int) string {
	if len(s) <= n {
		return strings.ToValidUTF8(s, "�")
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}
