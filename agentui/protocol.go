package agentui

import (
	"bytes"
	"encoding/json"

	"tamas/channels"
	"tamas/inbox/record"
)

// The live socket's protocol: GET /api/v1/live?from=<event id>.
//
// Every frame from the server is a JSON array of items; a frame holds what came together. The first item
// of the first frame is hello; after it come, in order and without a gap, all events after "from" (or
// after hello's "at" when from is empty). An event may come before it is recorded; it is recorded once a
// "recorded" item (or hello) names an id with an n that is not lower. A touch's body comes without its HTML ("has_html" tells of it).
//
//	{"t":"hello","at":ID,"recorded":ID,"agent":Agent,"user":"u…"}
//	{"t":"event","id":ID,"event":Event}
//	{"t":"recorded","id":ID}
//	{"t":"typing","conversation":"…","from":"customer"|"agent","agent":"…","on":bool}
//	{"t":"health", …the fields of inbox.AccountHealth…}
//	{"t":"alerts","alerts":[inbox.Alert…]}             all that stand; to supervisors only
//	{"t":"figures","figures":{…},"part":bool}          to supervisors who watch: see figures.go
//	{"t":"status","record":"up"|"down"}
//	{"t":"pong"}
//
// A frame from the client is one object of at most 4 KB:
//
//	{"t":"typing","conversation":"…","on":bool}
//	{"t":"watch","on":bool}                            supervisors: figures from now on, or no more; of others nothing comes of it
//	{"t":"ping"}

// closeCode is why the server ended a socket, and what the client should do.
type closeCode struct {
	Code   int    `json:"code"`
	Reason string `json:"reason"`
	Client string `json:"client"` // "reload", "sign_in", "resume", "stop"
}

// The close codes. resume: connect again with the last id, after a random pause. reload: fetch the lists
// anew and connect with their "at".
var (
	closeGoing   = closeCode{1001, "going away", "resume"}
	closeReload  = closeCode{4000, "reload", "reload"}
	closeSigned  = closeCode{4001, "signed out", "sign_in"}
	closeSlow    = closeCode{4008, "slow reader", "resume"}
	closeBad     = closeCode{4400, "bad frame", "stop"}
	closeRestart = closeCode{4503, "going down", "resume"}
)

var closeCodes = []closeCode{closeGoing, closeReload, closeSigned, closeSlow, closeBad, closeRestart}

const maxClientFrame = 4 << 10 // bytes

// The record's state, as status items say it.
const (
	statusUp   = "up"
	statusDown = "down"
)

func helloFrame(at, recorded record.ID, agent record.Agent, user string) []byte {
	return item(struct {
		T        string       `json:"t"`
		At       record.ID    `json:"at"`
		Recorded record.ID    `json:"recorded"`
		Agent    record.Agent `json:"agent"`
		User     string       `json:"user"`
	}{"hello", at, recorded, agent, user})
}

func recordedFrame(id record.ID) []byte {
	return item(struct {
		T  string    `json:"t"`
		ID record.ID `json:"id"`
	}{"recorded", id})
}

func statusFrame(status string) []byte {
	return item(struct {
		T      string `json:"t"`
		Record string `json:"record"`
	}{"status", status})
}

// figuresFrame tells the figures: all of them, or (part) only the rows that are not as before.
func figuresFrame(v *figuresView, part bool) []byte {
	return item(struct {
		T       string       `json:"t"`
		Part    bool         `json:"part,omitempty"`
		Figures *figuresView `json:"figures"`
	}{"figures", part, v})
}

func item(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain structs
	}
	return b
}

// clientFrame is a frame from the app. Conversation belongs to typing, On to typing and watch.
type clientFrame struct {
	T            string `json:"t"`
	Conversation string `json:"conversation,omitempty"`
	On           bool   `json:"on,omitempty"`
}

// parseClientFrame reads a frame from the app; any error closes the socket with closeBad.
func parseClientFrame(b []byte) (clientFrame, error) {
	var f clientFrame
	if len(b) > maxClientFrame {
		return f, tooLarge(maxClientFrame)
	}
	if err := decodeJSON(b, &f); err != nil {
		return f, err
	}
	switch f.T {
	case "ping":
		if f.Conversation != "" || f.On {
			return f, invalid("t", "A ping carries nothing.")
		}
	case "typing":
		if f.Conversation == "" || len(f.Conversation) > channels.MaxKey {
			return f, invalid("conversation", "Typing needs its conversation.")
		}
	case "watch":
		if f.Conversation != "" {
			return f, invalid("conversation", "What is watched is all there is.")
		}
	default:
		return f, invalid("t", "There is no such frame.")
	}
	return f, nil
}

// pages packs items into frames: arrays of at most maxPageItems and about maxPageBytes.
func pages(items [][]byte) []*page {
	var out []*page
	for len(items) > 0 {
		n, size := 0, 2
		for n < len(items) && n < maxPageItems && (n == 0 || size+len(items[n]) <= maxPageBytes) {
			size += len(items[n]) + 1
			n++
		}
		buf := make([]byte, 0, size)
		buf = append(buf, '[')
		buf = append(buf, bytes.Join(items[:n], []byte{','})...)
		out = append(out, newPage(append(buf, ']'), n))
		items = items[n:]
	}
	return out
}
