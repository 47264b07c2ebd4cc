package webchat

import (
	"encoding/json"
	"errors"
	"fmt"
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
	maxFrame  = 16 << 10 // one frame or request body from a client
	maxText   = 8 << 10  // one message
	maxID     = 64       // the client's id of a message, an item's id
	maxPerson = 200      // name; email
)

// clientFrame is what a widget sends: one JSON object a WebSocket text message, or a request's body (then
// without t). Unknown fields are left alone, so that a newer widget can talk to an older hub.
//
//	{"t":"send","key":"<uuid>","text":"…","name":"…","email":"…"}   answered by ack or nack
//	{"t":"typing","on":true}
//	{"t":"seen","id":"<item id>","state":"delivered"|"read"}          an agent's message arrived / was shown
//	{"t":"ping"}                                                     answered by pong; at least every 2 minutes
type clientFrame struct {
	T     string `json:"t"`
	Key   string `json:"key"`
	Text  string `json:"text"`
	Name  string `json:"name"`
	Email string `json:"email"`
	On    bool   `json:"on"`
	ID    string `json:"id"`
	State string `json:"state"`
}

// serverFrame is what the hub sends: one JSON object a WebSocket text message.
//
//	{"t":"hello","visitor":"…"}                        first
//	{"t":"items","items":[…]}                          history after the client's last item, then what happens
//	{"t":"ack","key":"…"}                              recorded; its item follows or went before
//	{"t":"nack","key":"…","code":"…","message":"…","retry":true,"wait":1200}
//	{"t":"pong"}
//	{"t":"error","code":"bad_frame","message":"…"}     before closing with 4400 or 4429
type serverFrame struct {
	T       string `json:"t"`
	Visitor string `json:"visitor,omitempty"`
	Items   []item `json:"items,omitempty"`
	Key     string `json:"key,omitempty"`
	Code    string `json:"code,omitempty"` // too_long, empty, slow_down, not_recorded, bad_frame
	Message string `json:"message,omitempty"`
	Retry   bool   `json:"retry,omitempty"` // the same message may pass later
	Wait    int64  `json:"wait,omitempty"`  // not before so many milliseconds
}

// item is a channels.Item as visitors see it.
type item struct {
	ID   string `json:"id,omitempty"`
	Kind string `json:"kind"` // "message", "typing"
	From string `json:"from"` // "customer", "agent", "system"
	Name string `json:"name,omitempty"`
	Text string `json:"text,omitempty"`
	At   int64  `json:"at,omitempty"`  // Unix milliseconds
	Key  string `json:"key,omitempty"` // of the visitor's own message: the widget's id of it
	On   bool   `json:"on,omitempty"`
}

// toItem translates; !ok: nothing for visitors.
func toItem(i channels.Item, visitor string) (it item, ok bool) {
	switch i.Kind {
	case "message":
		it = item{ID: i.ID, Kind: i.Kind, From: i.From, Name: i.Name, Text: i.Text, At: i.At.UnixMilli()}
		if i.From == "customer" {
			it.Name = "" // the visitor knows
			it.Key = strings.TrimPrefix(i.Key, visitor+"/")
		}
	case "typing":
		if i.From == "customer" {
			return it, false
		}
		it = item{Kind: i.Kind, From: i.From, Name: i.Name, On: i.On}
	default:
		return it, false
	}
	return it, true
}

func (i item) size() int { return 120 + len(i.Text) + len(i.Name) }

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
	case "send":
		if !isID(f.Key) {
			return &frameError{fmt.Sprintf("key has 8 to %d letters, digits, - or _", maxID)}
		}
		if len(f.Name) > maxPerson || len(f.Email) > maxPerson {
			return &frameError{fmt.Sprintf("name and email have at most %d bytes", maxPerson)}
		}
	case "seen":
		if f.ID == "" || len(f.ID) > maxID {
			return &frameError{fmt.Sprintf("id has 1 to %d bytes", maxID)}
		}
		if f.State != "delivered" && f.State != "read" {
			return &frameError{`state is "delivered" or "read"`}
		}
	case "typing", "ping":
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
	case strings.TrimSpace(f.Text) == "":
		return &serverFrame{T: "nack", Key: f.Key, Code: "empty", Message: "The message is empty."}
	case len(f.Text) > maxText:
		return &serverFrame{T: "nack", Key: f.Key, Code: "too_long", Message: "The message is too long."}
	}
	return nil
}

// person is the name to show to agents. The email is what a stranger typed, so it is shown as part of the
// name and is never taken for an identity.
func (f *clientFrame) person() string {
	name, email := oneLine(f.Name), oneLine(f.Email)
	switch {
	case name == "":
		return email
	case email == "":
		return name
	}
	return cut(name, channels.MaxName-len(email)-3) + " (" + email + ")"
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
