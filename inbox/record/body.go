package record

import (
	"encoding/json"
	"fmt"

	"tamas/channels"
)

// more is what few bodies have, in one column.
type more struct {
	Files    []channels.File    `json:"files,omitempty"`
	Envelope *channels.Envelope `json:"envelope,omitempty"`
	Forward  string             `json:"forward,omitempty"`
	HTMLBlob string             `json:"html_blob,omitempty"`
}

// more is the column's text: "" for most bodies.
func (b *Body) more() string {
	if len(b.Files) == 0 && b.Envelope == nil && b.Forward == "" && b.HTMLBlob == "" {
		return ""
	}
	text, err := json.Marshal(more{b.Files, b.Envelope, b.Forward, b.HTMLBlob})
	if err != nil {
		panic(err) // plain structs
	}
	return string(text)
}

func (b *Body) readMore(text []byte) error {
	var m more
	if err := json.Unmarshal(text, &m); err != nil {
		return fmt.Errorf("read a body: %w", err)
	}
	b.Files, b.Envelope, b.Forward, b.HTMLBlob = m.Files, m.Envelope, m.Forward, m.HTMLBlob
	return nil
}
