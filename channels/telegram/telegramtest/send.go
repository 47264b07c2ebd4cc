package telegramtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// sends are the methods that send something, with the parameter that says what.
var sends = map[string]string{"sendmessage": "text", "sendphoto": "photo", "sendvideo": "video", "sendanimation": "animation",
	"sendaudio": "audio", "sendvoice": "voice", "senddocument": "document", "sendmediagroup": "media"}

// send answers all of them.
func (s *Server) send(w http.ResponseWriter, field string, arg func(string) string, uploads map[string]*File) {
	total := 0
	for _, f := range uploads {
		total += len(f.Content)
	}
	if total > 50<<20-1000 { // the server in front, which counts all that comes
		refuse(w, Fault{Code: 413, Body: "<html><head><title>413 Request Entity Too Large</title></head></html>"})
		return
	}
	chat, err := strconv.ParseInt(arg("chat_id"), 10, 64)
	base := Message{ChatID: chat, At: time.Now()}
	base.Topic, _ = strconv.Atoi(arg("message_thread_id"))
	var list []Message
	bad := Fault{}
	switch field {
	case "text":
		m := base
		m.Text = arg("text")
		list = append(list, m)
	case "media":
		list, bad = s.group(base, arg("media"), uploads)
	default:
		m := base
		m.Text = arg("caption")
		m.File, bad = s.file(field, arg(field), uploads)
		list = append(list, m)
	}
	s.mu.Lock()
	_, known := s.chats[chat]
	blocked, moved := s.blocked[chat], s.moved[chat]
	for i := range list {
		s.nextMsg++
		list[i].ID = s.nextMsg
	}
	var fault *Fault
	if len(s.faults) > 0 {
		fault = &s.faults[0]
		s.faults = s.faults[1:]
	}
	onSend, onAccept := s.onSend, s.onAccept
	s.mu.Unlock()
	if fault == nil && onSend != nil && len(list) > 0 {
		fault = onSend(list[0])
	}
	switch {
	case fault != nil && !fault.Cut:
		refuse(w, *fault)
		return
	case moved != 0:
		refuse(w, Fault{Code: 400, Description: "Bad Request: group chat was upgraded to a supergroup chat", MovedTo: moved})
		return
	case err != nil || !known:
		refuse(w, Fault{Code: 400})
		return
	case blocked:
		refuse(w, Fault{Code: 403})
		return
	case bad.Code != 0:
		refuse(w, bad)
		return
	}
	for _, m := range list {
		if f := tooMuch(m); f.Code != 0 {
			refuse(w, f)
			return
		}
	}
	var reply struct {
		ID    int  `json:"message_id"`
		Allow bool `json:"allow_sending_without_reply"`
	}
	_ = json.Unmarshal([]byte(arg("reply_parameters")), &reply)
	s.mu.Lock()
	if reply.ID != 0 {
		if s.said[key(chat, reply.ID)] != nil || s.find(chat, reply.ID) != nil {
			list[0].ReplyTo = reply.ID
		} else if !reply.Allow {
			s.mu.Unlock()
			refuse(w, Fault{Code: 400, Description: "Bad Request: message to be replied not found"})
			return
		}
	}
	for i := range list {
		if f := list[i].File; f != nil && f.Uploaded {
			s.keep(f)
		}
	}
	s.sent = append(s.sent, list...)
	var shapes []map[string]any
	for i := range list {
		shapes = append(shapes, s.shape(&list[i]))
	}
	s.mu.Unlock()
	if onAccept != nil {
		for _, m := range list {
			onAccept(m)
		}
	}
	if fault != nil { // accepted, the answer lost
		panic(http.ErrAbortHandler)
	}
	if field == "media" {
		answer(w, shapes)
		return
	}
	answer(w, shapes[0])
}

func length(s string) int { return len(utf16.Encode([]rune(s))) }

func tooMuch(m Message) Fault {
	switch {
	case m.File == nil && strings.TrimSpace(m.Text) == "":
		return Fault{Code: 400, Description: "Bad Request: message text is empty"}
	case m.File == nil && length(m.Text) > 4096:
		return Fault{Code: 400, Description: "Bad Request: message is too long"}
	case m.File != nil && length(m.Text) > 1024:
		return Fault{Code: 400, Description: "Bad Request: message caption is too long"}
	}
	return Fault{}
}

// file is the file of a call: an upload, attached or not, or one that is known by its id.
func (s *Server) file(kind, value string, uploads map[string]*File) (*File, Fault) {
	f := uploads[kind]
	if name, ok := strings.CutPrefix(value, "attach://"); ok {
		f = uploads[name]
	}
	if f == nil && value == "" {
		return nil, Fault{Code: 400, Description: "Bad Request: there is no " + kind + " in the request"}
	}
	if f == nil {
		s.mu.Lock()
		known := s.files[value]
		s.mu.Unlock()
		if known == nil || known.Kind != kind {
			return nil, Fault{Code: 400, Description: "Bad Request: wrong file identifier/HTTP URL specified"}
		}
		again := *known
		again.Uploaded = false
		return &again, Fault{}
	}
	f.Kind = kind
	if kind == "photo" && (len(f.Content) > 10<<20 || !strings.HasPrefix(http.DetectContentType(f.Content), "image/")) {
		return nil, Fault{Code: 400, Description: "Bad Request: IMAGE_PROCESS_FAILED"}
	}
	return f, Fault{}
}

// group is what sendMediaGroup is to send.
func (s *Server) group(base Message, media string, uploads map[string]*File) (list []Message, _ Fault) {
	var items []struct{ Type, Media, Caption string }
	if err := json.Unmarshal([]byte(media), &items); err != nil || len(items) < 2 || len(items) > 10 {
		return nil, Fault{Code: 400, Description: "Bad Request: group send failed"}
	}
	s.mu.Lock()
	s.nfiles++
	base.Group = fmt.Sprintf("9%d", s.nfiles)
	s.mu.Unlock()
	visual := func(k string) bool { return k == "photo" || k == "video" }
	for _, it := range items {
		if it.Type != items[0].Type && !(visual(it.Type) && visual(items[0].Type)) {
			return nil, Fault{Code: 400, Description: "Bad Request: " + it.Type + " can't be mixed with other media types"}
		}
		f, fault := s.file(it.Type, it.Media, uploads)
		if fault.Code != 0 {
			return nil, fault
		}
		m := base
		m.Text, m.File = it.Caption, f
		list = append(list, m)
	}
	return list, Fault{}
}

// find is one of the bot's messages. s.mu is held.
func (s *Server) find(chat int64, id int) *Message {
	for i := range s.sent {
		if m := &s.sent[i]; m.ChatID == chat && m.ID == id {
			return m
		}
	}
	return nil
}

// shape is a message of the bot's as the API tells it. s.mu is held.
func (s *Server) shape(m *Message) map[string]any {
	kind := "private"
	if m.ChatID < 0 {
		kind = "group"
	}
	out := map[string]any{"message_id": m.ID, "date": m.At.Unix(), "from": s.self,
		"chat": map[string]any{"id": m.ChatID, "type": kind, "first_name": s.chats[m.ChatID].FirstName}}
	if m.Topic != 0 {
		out["message_thread_id"], out["is_topic_message"] = m.Topic, true
	}
	if m.Group != "" {
		out["media_group_id"] = m.Group
	}
	if m.File == nil {
		out["text"] = m.Text
		return out
	}
	if m.Text != "" {
		out["caption"] = m.Text
	}
	what := map[string]any{"file_id": m.File.ID, "file_unique_id": "u" + m.File.ID, "file_size": len(m.File.Content),
		"file_name": m.File.Name, "mime_type": m.File.Type}
	if out[m.File.Kind] = what; m.File.Kind == "photo" {
		out["photo"] = []map[string]any{{"file_id": m.File.ID + "s", "file_unique_id": "s", "width": 90, "height": 90},
			with(map[string]any{"width": 800, "height": 600}, what)}
	}
	return out
}

// editMessage answers editMessageText and editMessageCaption.
func (s *Server) editMessage(w http.ResponseWriter, caption bool, arg func(string) string) {
	chat, _ := strconv.ParseInt(arg("chat_id"), 10, 64)
	id, _ := strconv.Atoi(arg("message_id"))
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.faults) > 0 {
		f := s.faults[0]
		s.faults = s.faults[1:]
		refuse(w, f)
		return
	}
	m := s.find(chat, id)
	if m == nil {
		refuse(w, Fault{Code: 400, Description: "Bad Request: message to edit not found"})
		return
	}
	now := *m
	now.Text = arg("text")
	if caption {
		now.Text = arg("caption")
	}
	switch f := tooMuch(now); {
	case !caption && m.File != nil:
		refuse(w, Fault{Code: 400, Description: "Bad Request: there is no text in the message to edit"})
	case caption && m.File == nil:
		refuse(w, Fault{Code: 400, Description: "Bad Request: there is no caption in the message to edit"})
	case f.Code != 0:
		refuse(w, f)
	case now.Text == m.Text:
		refuse(w, Fault{Code: 400, Description: "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message"})
	default:
		m.Text = now.Text
		m.Edited++
		answer(w, s.shape(m))
	}
}
