package record

import (
	"reflect"
	"strings"
	"unicode/utf8"
)

// maxRemains bounds each text of an event that was refused: below every limit of an index key.
const maxRemains = 256

// remains is what can be shown of an event that the database refused: its header with cleaned texts, its
// touch, when it is new, without text and marked unreadable.
func remains(e *Event, reason string) Event {
	r := *e
	r.Kind = EvUnreadable
	if e.Conversation != nil {
		c := *e.Conversation
		c.Declined, c.Tags = append([]string(nil), c.Declined...), append([]string(nil), c.Tags...)
		cleanTexts(reflect.ValueOf(&c).Elem())
		r.Conversation = &c
	}
	if e.Touch != nil {
		t := *e.Touch
		t.Body, t.Data, t.Parts = nil, nil, append([]string(nil), t.Parts...)
		if begins(e) {
			t.Body, t.Unreadable = &Body{}, reason
		}
		cleanTexts(reflect.ValueOf(&t).Elem())
		r.Touch = &t
	}
	if e.Identity != nil {
		i := *e.Identity
		cleanTexts(reflect.ValueOf(&i).Elem())
		r.Identity = &i
	}
	if len(e.Marks) > 0 {
		r.Marks = cleanMarks(e.Marks)
	}
	r.Agents = nil
	for _, a := range e.Agents {
		held := make(map[string]int, len(a.Held))
		for k, v := range a.Held {
			held[clean(k, maxRemains)] = v
		}
		a.Held = held
		cleanTexts(reflect.ValueOf(&a).Elem())
		r.Agents = append(r.Agents, a)
	}
	r.Key, r.Account, r.Topic = clean(e.Key, maxRemains), clean(e.Account, maxRemains), clean(e.Topic, maxRemains)
	r.Cursor = clean(e.Cursor, 4<<10)
	r.By = Actor{Kind: clean(e.By.Kind, maxRemains), ID: clean(e.By.ID, maxRemains)}
	r.Reason, r.Raw = nil, nil // in the raw bytes
	return r
}

// cleanTexts cleans the strings of a struct, its slices and inner structs in place.
func cleanTexts(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(clean(v.String(), maxRemains))
	case reflect.Struct:
		for i := range v.NumField() {
			cleanTexts(v.Field(i))
		}
	case reflect.Slice:
		for i := range v.Len() {
			cleanTexts(v.Index(i))
		}
	}
}

// clean makes s valid UTF-8 without NUL, of at most n bytes.
func clean(s string, n int) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\uFFFD")
	if len(s) > n {
		for n > 0 && !utf8.RuneStart(s[n]) {
			n--
		}
		s = s[:n]
	}
	return s
}
