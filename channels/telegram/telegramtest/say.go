package telegramtest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Say makes a user write a text in the private chat with the bot. It returns the message's id.
func (s *Server) Say(from User, text string) int {
	return s.SayWith(from, map[string]any{"text": text})
}

// SayWith is Say with other fields of the Bot API's Message (photo, caption, location …).
func (s *Server) SayWith(from User, fields map[string]any) int {
	return s.sayIn(private(from), from, fields)
}

// Group is a group or supergroup that the bot is a member of.
type Group struct {
	ID    int64
	Title string
	Super bool
}

// SayIn makes a user write in a group.
func (s *Server) SayIn(g Group, from User, fields map[string]any) int {
	kind := "group"
	if g.Super {
		kind = "supergroup"
	}
	return s.sayIn(map[string]any{"id": g.ID, "type": kind, "title": g.Title}, from, fields)
}

func private(u User) map[string]any {
	return map[string]any{"id": u.ID, "type": "private", "first_name": u.FirstName, "last_name": u.LastName, "username": u.Username}
}

func (s *Server) sayIn(chat map[string]any, from User, fields map[string]any) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nextMsg++
	id := s.nextMsg
	m := map[string]any{"message_id": id, "date": time.Now().Unix(), "from": from, "chat": chat}
	for k, v := range fields {
		m[k] = v
	}
	s.chats[chat["id"].(int64)] = from
	s.said[key(chat["id"].(int64), id)] = m
	s.update("message", chat["id"].(int64), m)
	return id
}

func key(chat int64, id int) string { return fmt.Sprintf("%d/%d", chat, id) }

// Edit makes a user change the text of an own message in the private chat.
func (s *Server) Edit(from User, messageID int, text string) {
	s.EditWith(from, messageID, map[string]any{"text": text})
}

// EditWith is Edit with other fields.
func (s *Server) EditWith(from User, messageID int, fields map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.said[key(from.ID, messageID)]
	if m == nil {
		m = map[string]any{"message_id": messageID, "date": time.Now().Unix(), "from": from, "chat": private(from)}
	}
	for k, v := range fields {
		m[k] = v
	}
	m["edit_date"] = time.Now().Unix()
	s.update("edited_message", from.ID, m)
}

// Reply makes a user answer a message of the private chat, the bot's or an own one, with further fields of the answer.
func (s *Server) Reply(from User, to int, fields map[string]any) int {
	s.mu.Lock()
	old := s.said[key(from.ID, to)]
	for i := range s.sent {
		if m := &s.sent[i]; m.ChatID == from.ID && m.ID == to {
			old = s.shape(m)
		}
	}
	s.mu.Unlock()
	if old == nil {
		old = map[string]any{"message_id": to, "date": 1, "chat": private(from)}
	}
	return s.SayWith(from, with(map[string]any{"reply_to_message": old}, fields))
}

// Press makes a user press the button with that data below a message of the bot's. It returns the query's id.
func (s *Server) Press(from User, message int, buttons map[string]string, data string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var row []map[string]any
	for text, d := range buttons {
		row = append(row, map[string]any{"text": text, "callback_data": d})
	}
	id := "q" + strconv.FormatInt(s.nextID+1, 10)
	s.pressed[id] = false
	s.update("callback_query", from.ID, map[string]any{"id": id, "from": from, "chat_instance": "1", "data": data,
		"message": map[string]any{"message_id": message, "date": 1, "chat": private(from), "from": s.self, "text": "?",
			"reply_markup": map[string]any{"inline_keyboard": [][]map[string]any{row}}}})
	return id
}

// Answered tells whether the bot has answered a press.
func (s *Server) Answered(query string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pressed[query]
}

// Migrate makes a group a supergroup: both service messages come, and the old group's id is answered with the new one.
func (s *Server) Migrate(g Group, to int64) Group {
	who := User{ID: 1087968824, IsBot: true, FirstName: "Group", Username: "GroupAnonymousBot"}
	s.SayIn(g, who, map[string]any{"migrate_to_chat_id": to})
	super := Group{ID: to, Title: g.Title, Super: true}
	s.SayIn(super, who, map[string]any{"migrate_from_chat_id": g.ID})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moved[g.ID] = to
	return super
}

// update queues an update. s.mu is held.
func (s *Server) update(kind string, chat int64, what any) {
	raw, err := json.Marshal(map[string]any{"update_id": s.nextID + 1, kind: what})
	if err != nil {
		panic(fmt.Sprintf("telegramtest: fields that are no JSON: %v", err))
	}
	s.enqueue(chat, raw)
}

// Inject queues an update as it is: %d in raw stands for its update_id. chat orders it among the chat's updates.
func (s *Server) Inject(chat int64, raw string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.enqueue(chat, json.RawMessage(fmt.Sprintf(raw, s.nextID+1)))
}

// enqueue queues an update of a kind that is allowed; others get no number. s.mu is held.
func (s *Server) enqueue(chat int64, raw json.RawMessage) {
	if s.allowed != nil {
		var kinds map[string]json.RawMessage
		_ = json.Unmarshal(raw, &kinds)
		for k := range kinds {
			if k != "update_id" && !slices.Contains(s.allowed, k) && !strings.HasPrefix(k, "x_") {
				return
			}
		}
	}
	s.nextID++
	s.queue = append(s.queue, &update{id: s.nextID, chat: chat, raw: raw})
	s.touchLocked()
}

// allow takes a call's allowed_updates; "" leaves what was set before. s.mu is held.
func (s *Server) allow(list string) {
	var kinds []string
	if json.Unmarshal([]byte(list), &kinds) == nil {
		s.allowed = kinds
	}
}

// Lose makes n updates never come, as when another program has fetched them.
func (s *Server) Lose(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nextID += int64(n)
}

// Handed counts the updates that were handed over, each as often as it was.
func (s *Server) Handed() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.handed
}

// SetPrivacy turns the bot's privacy mode on or off, as /setprivacy does.
func (s *Server) SetPrivacy(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.self.readsAll = !on
}

// with adds what one value has as JSON to a map.
func with(m map[string]any, v any) map[string]any {
	b, _ := json.Marshal(v)
	_ = json.Unmarshal(b, &m)
	return m
}
