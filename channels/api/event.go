package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"tamas/channels"
)

// Types of an event.
const (
	message  = "message"
	edit     = "edit"
	deletion = "deletion"
	rating   = "rating"
	status   = "status"
	typing   = "typing"
)

// event is one thing that the system tells of. The package comment and docs/channel-api.schema.json say what each field means.
type event struct {
	Type    string `json:"type"`
	ID      text   `json:"id"`
	Thread  text   `json:"thread"`
	Address text   `json:"address"`
	Name    string `json:"name"`
	Text    string `json:"text"`
	At      moment `json:"at"`
	ReplyTo text   `json:"reply_to"`
	Of      text   `json:"of"`
	Lang    string `json:"lang"`
	Score   *int   `json:"score"`
	Scale   int    `json:"scale"`
	Consent string `json:"consent"`
	Auto    bool   `json:"auto"`
	Link    *link  `json:"link"`
	Files   []file `json:"files"`
	State   string `json:"state"`
	Reason  string `json:"reason"`
	On      bool   `json:"on"`
}

// link says who the customer is; the signed call is its proof.
type link struct {
	External text   `json:"external"`
	Name     string `json:"name"`
	Email    string `json:"email"`
	Phone    string `json:"phone"`
}

// file is one of a message's files, its content at url, in data, or uploaded before.
type file struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Kind     string `json:"kind"`
	URL      string `json:"url"`
	Data     []byte `json:"data"` // base64
	Upload   string `json:"upload"`
	Width    int    `json:"width"`
	Height   int    `json:"height"`
	Duration int    `json:"duration"`
}

// text is a JSON string or number.
type text string

func (s *text) UnmarshalJSON(b []byte) error {
	var t string
	if json.Unmarshal(b, &t) == nil {
		*s = text(strings.ToValidUTF8(t, "�"))
		return nil
	}
	var n json.Number
	if json.Unmarshal(b, &n) != nil {
		return errors.New("must be a string or a number")
	}
	*s = text(n.String())
	return nil
}

// moment is RFC 3339 or Unix seconds.
type moment struct{ time.Time }

func (m *moment) UnmarshalJSON(b []byte) error {
	var t text
	_ = t.UnmarshalJSON(b)
	if t == "" {
		return nil
	}
	if at, err := time.Parse(time.RFC3339, string(t)); err == nil {
		m.Time = at.UTC()
		return nil
	}
	sec, err := strconv.ParseFloat(string(t), 64)
	if err != nil || sec <= 0 || sec > 1<<33 {
		return errors.New("must be a time in RFC 3339 or in Unix seconds")
	}
	m.Time = time.UnixMilli(int64(sec * 1000)).UTC()
	return nil
}

// wrong is a field that cannot be taken.
type wrong struct {
	Path    string `json:"path"` // "events[2].address"
	Message string `json:"message"`
}

// parse reads a body: one event, or {"events": […]} of at most channels.MaxBatch. A body with wrong fields has no
// events.
func parse(body []byte) ([]event, []wrong) {
	var top map[string]json.RawMessage
	if err := json.Unmarshal(body, &top); err != nil || top == nil {
		return nil, []wrong{{"", "the body must be a JSON object"}}
	}
	list, many := top["events"]
	if !many {
		e, bad := parseEvent(body, "")
		return []event{e}, bad
	}
	var raw []json.RawMessage
	if len(top) != 1 || json.Unmarshal(list, &raw) != nil {
		return nil, []wrong{{"events", "must be a list, and all that the body has"}}
	}
	if len(raw) > channels.MaxBatch {
		return nil, []wrong{{"events", fmt.Sprintf("at most %d events fit one call", channels.MaxBatch)}}
	}
	var events []event
	var bad []wrong
	for i, b := range raw {
		e, w := parseEvent(b, fmt.Sprintf("events[%d]", i))
		events, bad = append(events, e), append(bad, w...)
	}
	if len(bad) > 20 {
		bad = bad[:20]
	}
	return events, bad
}

// parseEvent reads one event; path is where it stands.
func parseEvent(raw []byte, path string) (event, []wrong) {
	var e event
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&e); err != nil {
		return e, []wrong{decodeError(raw, path, err)}
	}
	if e.Type == "" {
		e.Type = message
	}
	var bad []wrong
	need := func(field string, ok bool, what string) {
		if !ok {
			bad = append(bad, wrong{strings.TrimPrefix(path+"."+field, "."), what})
		}
	}
	key := func(field string, value text, required bool) {
		need(field, value != "" || !required, "is needed")
		need(field, len(value) <= channels.MaxKey, fmt.Sprintf("has at most %d bytes", channels.MaxKey))
	}
	if e.Thread == "" {
		e.Thread = e.Address
	}
	key("of", e.Of, e.Type == edit || e.Type == deletion || e.Type == status)
	key("id", e.ID, e.Type != status && e.Type != typing)
	key("reply_to", e.ReplyTo, false)
	switch e.Type {
	case message, edit, deletion, rating:
		key("address", e.Address, true)
		key("thread", e.Thread, false)
		need("thread", !strings.HasPrefix(string(e.Thread), "*"), `must not begin with "*"`)
		scored := e.Type != rating && (e.Score == nil || *e.Score == 0)
		if e.Type == rating && e.Score != nil {
			scored = *e.Score >= 1 && *e.Score <= 5 || e.Scale == 10 && *e.Score >= 0 && *e.Score <= 10
		}
		need("score", scored, "is 1 to 5, with scale 10 0 to 10, and of ratings alone")
		need("scale", e.Scale == 0 || e.Type == rating && (e.Scale == 5 || e.Scale == 10), "is 5 or 10, and of ratings alone")
		need("text", e.Type != message || e.Text != "" || len(e.Files) > 0, "is needed, or files")
		need("consent", e.Consent == "" || e.Consent == "stop" || e.Consent == "start", `must be "stop" or "start"`)
		need("files", len(e.Files) <= 20, "are at most 20")
		if e.Link != nil {
			key("link.external", e.Link.External, true)
		}
	case status:
		need("state", e.State == "delivered" || e.State == "read" || e.State == "failed", `must be "delivered", "read" or "failed"`)
	case typing:
		key("thread", e.Thread, true)
	default:
		need("type", false, `must be "message", "edit", "deletion", "rating", "status" or "typing"`)
	}
	for i, f := range e.Files {
		at := fmt.Sprintf("files[%d]", i)
		ways := 0
		for _, has := range []bool{f.URL != "", len(f.Data) > 0, f.Upload != ""} {
			if has {
				ways++
			}
		}
		need(at, ways == 1, "needs one of url, data and upload")
		u, err := url.Parse(f.URL)
		need(at+".url", f.URL == "" || err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil, "must be an https address")
		need(at+".kind", f.Kind == "" || slices.Contains([]string{"image", "audio", "voice", "video", "file"}, f.Kind), `must be "image", "audio", "voice", "video" or "file"`)
	}
	return e, bad
}

// decodeError tells where JSON does not fit.
func decodeError(raw []byte, path string, err error) wrong {
	var te *json.UnmarshalTypeError
	switch {
	case errors.As(err, &te) && te.Field != "":
		return wrong{strings.TrimPrefix(path+"."+te.Field, "."), "must be a " + te.Type.String()}
	case strings.Contains(err.Error(), "unknown field"):
		_, name, _ := strings.Cut(err.Error(), "unknown field ")
		return wrong{strings.TrimPrefix(path+"."+strings.Trim(name, `"`), "."), "is no field of an event"}
	}
	// What a type of ours refuses comes without its field: look which it is.
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) == nil {
		for _, name := range []string{"id", "thread", "address", "reply_to", "of"} {
			var t text
			if v, ok := fields[name]; ok && json.Unmarshal(v, &t) != nil {
				return wrong{strings.TrimPrefix(path+"."+name, "."), "must be a string or a number"}
			}
		}
		var m moment
		if v, ok := fields["at"]; ok && json.Unmarshal(v, &m) != nil {
			return wrong{strings.TrimPrefix(path+".at", "."), "must be a time in RFC 3339 or in Unix seconds"}
		}
	}
	var be base64.CorruptInputError
	if errors.As(err, &be) {
		return wrong{strings.TrimPrefix(path+".files", "."), "have data that is no base64"}
	}
	return wrong{path, "must be a JSON object: " + strings.ToValidUTF8(err.Error(), "")}
}

// inbound is the event as the hub takes it, without its files.
func (e event) inbound() channels.Inbound {
	in := channels.Inbound{Key: string(e.ID), Thread: string(e.Thread), Address: string(e.Address), Name: e.Name, Text: strings.ToValidUTF8(e.Text, "�"), At: e.At.Time,
		ReplyTo: string(e.ReplyTo), Of: string(e.Of), Lang: e.Lang, Consent: e.Consent, AutoReply: e.Auto}
	switch e.Type {
	case edit:
		in.Kind = channels.Edit
	case deletion:
		in.Kind = channels.Deletion
	case rating:
		if in.Kind, in.Score = channels.Rating, *e.Score; e.Scale == 10 {
			in.Scale = 10
		}
	}
	if l := e.Link; l != nil {
		in.Link = &channels.Link{Channel: "external", Address: string(l.External), Name: l.Name, Email: l.Email, Phone: l.Phone, Evidence: "signed call of the system"}
	}
	return in
}

// unreadable keeps an event as it came, in its customer's thread when at least that can be told.
func unreadable(raw []byte, why []wrong) channels.Inbound {
	sum := sha256.Sum256(raw)
	in := channels.Inbound{Key: "raw/" + hex.EncodeToString(sum[:]), Unreadable: "the event cannot be read",
		Raw: slices.Clone(raw[:min(len(raw), channels.MaxRaw)]), RawName: "event.json"}
	if len(why) > 0 {
		in.Unreadable += ": " + strings.TrimSpace(why[0].Path+" "+why[0].Message)
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) == nil {
		var address, thread text
		_ = json.Unmarshal(fields["address"], &address)
		if _ = json.Unmarshal(fields["thread"], &thread); thread == "" {
			thread = address
		}
		if address != "" && len(address) <= channels.MaxKey && len(thread) <= channels.MaxKey && !strings.HasPrefix(string(thread), "*") {
			in.Address, in.Thread = string(address), string(thread)
		}
	}
	return in
}
