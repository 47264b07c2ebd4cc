package agentui

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

type sample struct {
	Text string   `json:"text"`
	N    int      `json:"n"`
	List []string `json:"list"`
}

func TestDecodeJSON(t *testing.T) {
	for _, c := range []struct{ in, field, part string }{
		{`{"text":"سلام","n":3,"list":["a"]}`, "", ""},
		{`{}`, "", ""},
		{`{"text":"a","colour":1}`, "colour", "no field"},
		{`{"n":"three"}`, "n", "cannot be"},
		{`{"n":1.5}`, "n", "cannot be"},
		{`{"list":[1]}`, "list", "cannot be"},
		{`[]`, "", "object is expected"},
		{`"text"`, "", "object is expected"},
		{``, "", "breaks off"},
		{`{"text":`, "", "breaks off"},
		{`{"text":"a"} {}`, "", "after"},
		{`{"text":"a"}x`, "", "after"},
		{`{text}`, "", "broken at byte"},
		{"{\"text\":\"\xff\"}", "", "UTF-8"},
		{strings.Repeat("[", 10_000), "", "nested deeper"},
		{`{"list":["[[[[[[[[[[[[[[[[[[[[[[[["]}`, "", ""},
	} {
		var v sample
		err := decodeJSON([]byte(c.in), &v)
		if c.part == "" {
			if err != nil {
				t.Errorf("%s: %v", c.in, err)
			}
			continue
		}
		var p *problem
		if !errors.As(err, &p) || p.Status != 422 || p.Code != codeInvalid || p.Field != c.field || !strings.Contains(p.Message, c.part) {
			t.Errorf("%.40s: %+v, want field %q and %q", c.in, err, c.field, c.part)
		}
	}
}

// FuzzDecodeJSON: whatever comes, the answer is a value or an error of ours, and what passes is real JSON.
func FuzzDecodeJSON(f *testing.F) {
	for _, s := range []string{`{"text":"a","n":1,"list":["x"]}`, `{"x":1}`, `[[[[`, `{"text":"\ud800"}`, "{\"text\":\"\x00\"}", `{"n":1e999}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var v sample
		err := decodeJSON(b, &v)
		if err == nil {
			if !json.Valid(b) {
				t.Fatalf("took %q", b)
			}
			return
		}
		var p *problem
		if !errors.As(err, &p) || p.Status < 400 || p.Status > 499 || p.Message == "" || len(p.Field) > 256 {
			t.Fatalf("%q: %#v", b, err)
		}
	})
}

func TestText(t *testing.T) {
	for _, c := range []struct {
		in       string
		min, max int
		lines    bool
		want     string
		ok       bool
	}{
		{"  Sara  ", 1, 10, false, "Sara", true},
		{"", 1, 10, false, "", false},
		{"", 0, 10, false, "", true},
		{"سلام", 1, 4, false, "سلام", true},
		{"سلامم", 1, 4, false, "", false},
		{"a\nb", 1, 10, false, "", false},
		{"a\nb", 1, 10, true, "a\nb", true},
		{"a\x00b", 1, 10, true, "", false},
	} {
		got, err := text("name", c.in, c.min, c.max, c.lines)
		if (err == nil) != c.ok || got != c.want {
			t.Errorf("%q: %q, %v", c.in, got, err)
		}
	}
}
