package telegram

import (
	"strconv"
	"strings"
)

// target is where a message goes.
type target struct {
	chat  int64
	topic int // of a group; 0: none
}

// targetOf reads a thread: "4000" is a private chat, "chat:-55" a group, "chat:-55:7" a topic of it.
func targetOf(thread, address string) (target, bool) {
	if thread == "" {
		thread = address
	}
	var t target
	var err error
	rest, group := strings.CutPrefix(thread, "chat:")
	chat, topic, topical := strings.Cut(rest, ":")
	if t.chat, err = strconv.ParseInt(chat, 10, 64); err != nil || t.chat == 0 || topical && !group {
		return target{}, false
	}
	if topical {
		if t.topic, err = strconv.Atoi(topic); err != nil || t.topic <= 0 {
			return target{}, false
		}
	}
	return t, true
}

// target is where a thread's messages go now; a group that has moved is found at its new place.
func (a *adapter) target(thread, address string) (target, bool) {
	t, ok := targetOf(thread, address)
	if to, moved := a.moves.get(t.chat); moved {
		t.chat = to
	}
	return t, ok
}

func (t target) String() string {
	if t.topic == 0 {
		return strconv.FormatInt(t.chat, 10)
	}
	return strconv.FormatInt(t.chat, 10) + ":" + strconv.Itoa(t.topic)
}

// params adds where to.
func (t target) params(p params) params {
	p["chat_id"] = t.chat
	if t.topic != 0 {
		p["message_thread_id"] = t.topic
	}
	return p
}

// group tells a group by its id.
func (t target) group() bool { return t.chat < 0 }

// message reads a provider id; false when it is none of this chat's, as after a move.
func (t target) message(providerID string) (int, bool) {
	chat, id, _ := strings.Cut(providerID, "/")
	n, err := strconv.Atoi(id)
	return n, err == nil && n > 0 && chat == strconv.FormatInt(t.chat, 10)
}
