package webchat

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"unicode/utf8"

	"tamas/channels"
)

// The socket's subprotocol. A client offers two: this one and its token.
const subprotocol = "tamas.webchat.1"

// Close codes of the socket. The widget comes back after each of them, with backoff and jitter.
const (
	closeSlow    = 4008 // the reader did not keep up: resume by id
	closeBad     = 4400 // a frame that makes no sense; an error frame says why
	closeTooFast = 4429 // too many frames
	closeDown    = 4503 // the hub goes down or the account changed
)

// Bounds, in bytes.
const (
	maxFrame  = 24 << 10 // one frame or request body from a client
	maxText   = 8 << 10  // one message
	maxID     = 64       // the client's id of a message, an item's id
	maxPerson = 200      // name; email
	maxPhone  = 40
	maxFiles  = 10 // files of one message, not bytes
)

// clientFrame is what a widget sends: one JSON object a WebSocket text message, or a request's body (then
// without t). Unknown fields are left alone, so that a newer widget can talk to an older hub.
//
//	{"t":"send","key":"<uuid>","text":"…","files":["<id>"],"name":"…","email":"…","phone":"…"}   answered by ack or nack
//	{"t":"rate","key":"…","score":5,"text":"…"}                        how the conversation was; answered by ack or nack
//	{"t":"typing","on":true}
//	{"t":"seen","id":"<item id>","state":"delivered"|"read"}          an agent's message arrived / was shown
//	{"t":"standing"}                                                  answered by standing
//	{"t":"ping"}                                                     answered by pong; at least every 2 minutes
type clientFrame struct {
	T     string   `json:"t"`
	Key   string   `json:"key"`
	Text  string   `json:"text"`
	Files []string `json:"files"` // as the upload named them
	Name  string   `json:"name"`
	Email string   `json:"email"`
	Phone string   `json:"phone"`
	Lang  string   `json:"lang"`
	On    bool     `json:"on"`
	ID    string   `json:"id"`
	State string   `json:"state"`
	Score int      `json:"score"`
}

// serverFrame is what the hub sends: one JSON object a WebSocket text message.
//
//	{"t":"hello","visitor":"…"}                        first
//	{"t":"items","items":[…]}                          history after the client's last item, then what happens
//	{"t":"ack","key":"…"}                              recorded; its item follows or went before
//	{"t":"nack","key":"…","code":"…","message":"…","retry":true,"wait":1200}
//	{"t":"standing","standing":{…}}                    asked for, or because it has changed
//	{"t":"pong"}
//	{"t":"error","code":"bad_frame","message":"…"}     before closing with 4400 or 4429
type serverFrame struct {
	T       string `json:"t"`
	Visitor string `json:"visitor,omitempty"`
	Items   []item `json:"items,omitempty"`
	Key     string `json:"key,omitempty"`
	Code    string `json:"code,omitempty"` // too_long, empty, invalid, slow_down, not_recorded, bad_frame
	Message string `json:"message,omitempty"`
	Retry   bool   `json:"retry,omitempty"` // the same message may pass later
	Wait    int64  `json:"wait,omitempty"`  // not before so many milliseconds

	Standing *standing `json:"standing,omitempty"`
}

// standing is what a visitor who waits may honestly be told: only what is known.
type standing struct {
	Status   string `json:"status,omitempty"`   // of the conversation: "waiting", "active", "snoozed", "resolved"; "": there is none
	Position int    `json:"position,omitempty"` // 1 is next; while waiting
	Wait     int64  `json:"wait,omitempty"`     // seconds, estimated; 0: unknown
	Agent    string `json:"agent,omitempty"`    // who has it
	Staffed  bool   `json:"staffed"`            // somebody who could answer is there
	Over     bool   `json:"over,omitempty"`     // no conversation is open
	Mail     bool   `json:"mail,omitempty"`     // it can be mailed to its visitor: POST transcript
	Later    string `json:"later,omitempty"`    // kinds of channels, with commas, on which it can be answered instead: POST later; while waiting
	LaterOn  string `json:"later_on,omitempty"` // the one that was chosen
	Open     bool   `json:"open"`               // within opening hours
	Next     int64  `json:"next,omitempty"`     // Unix milliseconds: when Open changes
}

// digest names what a standing says, so that a poll is answered when it is not what the widget knows.
func (s *standing) digest() string {
	b, _ := json.Marshal(s)
	h := fnv.New64a()
	h.Write(b)
	return strconv.FormatUint(h.Sum64(), 36)
}

// item is a channels.Item as visitors see it.
type item struct {
	n       uint64 // channels.Item.N
	ID      string `json:"id,omitempty"`
	Kind    string `json:"kind"` // "message", "edit", "deletion", "typing", "state"
	From    string `json:"from"` // "customer", "agent", "system"
	Name    string `json:"name,omitempty"`
	Text    string `json:"text,omitempty"`
	At      int64  `json:"at,omitempty"`  // Unix milliseconds
	Key     string `json:"key,omitempty"` // of the visitor's own message: the widget's id of it
	On      bool   `json:"on,omitempty"`
	Files   []file `json:"files,omitempty"`
	ReplyTo string `json:"reply_to,omitempty"` // id of the item that it quotes
	Of      string `json:"of,omitempty"`       // id of the item that an edit, a deletion or a state is about
	State   string `json:"state,omitempty"`    // "delivered", "read": of the agent's item, perhaps on another device
}

// file is a channels.File as its visitor sees it.
type file struct {
	ID       string `json:"id"` // opens it at files/<id>, for this visitor only, and stands for it in a message
	Name     string `json:"name"`
	Type     string `json:"type"`
	Kind     string `json:"kind"`
	Size     int64  `json:"size"`
	Width    int    `json:"width,omitempty"`
	Height   int    `json:"height,omitempty"`
	Duration int    `json:"duration,omitempty"`
	Missing  string `json:"missing,omitempty"`
}

func (s signer) toFile(visitor string, f channels.File) file {
	return file{s.named(visitor, f), f.Name, f.Type, f.Kind, f.Size, f.Width, f.Height, f.Duration, f.Missing}
}

// toItem translates; !ok: nothing for visitors.
func (s signer) toItem(i channels.Item, visitor string) (it item, ok bool) {
	switch {
	case i.Kind == "message", (i.Kind == "edit" || i.Kind == "deletion") && i.Of != "":
		it = item{n: i.N, ID: i.ID, Kind: i.Kind, From: i.From, Name: i.Name, Text: i.Text, At: i.At.UnixMilli(), ReplyTo: i.ReplyTo, Of: i.Of}
		if i.From == "customer" {
			it.Name = "" // the visitor knows
			it.Key = strings.TrimPrefix(i.Key, visitor+"/")
		}
		for _, f := range i.Files {
			if f.Kind != "raw" {
				it.Files = append(it.Files, s.toFile(visitor, f.File))
			}
		}
	case i.Kind == "typing" && i.From != "customer":
		it = item{Kind: i.Kind, From: i.From, Name: i.Name, On: i.On}
	case i.Kind == "state" && i.Of != "" && (i.State == "delivered" || i.State == "read"):
		it = item{Kind: i.Kind, From: i.From, Of: i.Of, State: i.State}
	default:
		return it, false
	}
	return it, true
}

// kept tells whether history holds such an item.
func (i item) kept() bool { return i.Kind != "typing" && i.Kind != "state" }

// isStanding tells whether an item only says that the thread stands elsewhere now.
func isStanding(i channels.Item) bool { return i.Kind == "state" && i.State == "standing" }

func (i item) size() int { return 120 + len(i.Text) + len(i.Name) + 600*len(i.Files) }

// frameError is a frame that makes no sense; its text is for developers who read the error frame.
type frameError struct{ reason string }

func (e *frameError) Error() string { return e.reason }

// parseFrame reads one frame. A message's text may still be empty or too long: that is no reason to close,
// see (*clientFrame).refusal.
func parseFrame(b []byte) (clientFrame, error) {
	f, err := decodeFrame(b)
	if err != nil {
		return f, err
	}
	return f, f.check()
}

// parseBody reads a request's body, whose address says already which kind of frame it is.
func parseBody(b []byte, t string) (clientFrame, error) {
	f, err := decodeFrame(b)
	if err != nil {
		return f, err
	}
	if f.T == "" {
		f.T = t
	}
	if f.T != t {
		return f, &frameError{"t is not what this address takes"}
	}
	return f, f.check()
}

func decodeFrame(b []byte) (clientFrame, error) {
	var f clientFrame
	if len(b) > maxFrame {
		return f, &frameError{fmt.Sprintf("a frame has at most %d bytes", maxFrame)}
	}
	if !utf8.Valid(b) {
		return f, &frameError{"a frame is valid UTF-8"}
	}
	if err := json.Unmarshal(b, &f); err != nil {
		var t *json.UnmarshalTypeError
		if errors.As(err, &t) && t.Field != "" {
			return f, &frameError{fmt.Sprintf("%s has the wrong type", t.Field)}
		}
		return f, &frameError{"a frame is one JSON object"}
	}
	return f, nil
}

func (f *clientFrame) check() error {
	switch f.T {
	case "send", "rate":
		if !isID(f.Key) {
			return &frameError{fmt.Sprintf("key has 8 to %d letters, digits, - or _", maxID)}
		}
		if len(f.Name) > maxPerson || len(f.Email) > maxPerson || len(f.Phone) > maxPhone {
			return &frameError{fmt.Sprintf("name and email have at most %d bytes, phone %d", maxPerson, maxPhone)}
		}
		if len(f.Files) > maxFiles {
			return &frameError{fmt.Sprintf("a message has at most %d files", maxFiles)}
		}
		if len(f.Lang) > 35 {
			return &frameError{"lang is a language tag"}
		}
		if f.T == "rate" && (f.Score < 1 || f.Score > 5) {
			return &frameError{"score lies between 1 and 5"}
		}
	case "seen":
		if f.ID == "" || len(f.ID) > maxID {
			return &frameError{fmt.Sprintf("id has 1 to %d bytes", maxID)}
		}
		if f.State != "delivered" && f.State != "read" {
			return &frameError{`state is "delivered" or "read"`}
		}
	case "typing", "ping", "standing":
	case "":
		return &frameError{"t is missing"}
	default:
		return &frameError{"t is unknown"}
	}
	return nil
}

// isID tells whether s is an id such as widgets make: it becomes part of the idempotency key.
func isID(s string) bool {
	if len(s) < 8 || len(s) > maxID {
		return false
	}
	for _, c := range []byte(s) {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}

// refusal is the answer to a message that no retry can help; nil when there is nothing against it.
func (f *clientFrame) refusal() *serverFrame {
	switch {
	case strings.TrimSpace(f.Text) == "" && len(f.Files) == 0 && f.T != "rate":
		return &serverFrame{T: "nack", Key: f.Key, Code: "empty", Message: "The message is empty."}
	case len(f.Text) > maxText:
		return &serverFrame{T: "nack", Key: f.Key, Code: "too_long", Message: "The message is too long."}
	}
	return nil
}

// person is the name to show to agents. Email and phone are what a stranger typed, so they are shown as part of the
// name and never taken for an identity.
func (f *clientFrame) person() string {
	name := oneLine(f.Name)
	var reach []string
	for _, v := range []string{f.Email, f.Phone} {
		if v = oneLine(v); v != "" {
			reach = append(reach, v)
		}
	}
	list := strings.Join(reach, ", ")
	switch {
	case name == "":
		return list
	case list == "":
		return name
	}
	return cut(name, max(channels.MaxName-len(list)-3, 0)) + " (" + list + ")"
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// cut shortens s to at most n bytes without breaking a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
