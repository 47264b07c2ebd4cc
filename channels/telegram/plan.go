package telegram

import (
	"path"
	"strings"
	"unicode/utf16"

	"tamas/channels"
)

// What one message may have. Telegram counts texts in UTF-16 units.
const (
	maxText    = 4096
	maxCaption = 1024
	maxAlbum   = 10
	maxUpload  = 50_000_000 // bytes of a call's files; the server in front of the Bot API takes 50 MiB, forms included
	maxPhoto   = 10 << 20   // of one that is to be shown as a photo
	maxParts   = 10         // the composer's bound: messages of one long answer
)

// outPart is one call of the provider: a text, a file with a caption, or an album.
type outPart struct {
	text  string // or caption
	files []channels.File
	kind  string // how the files go: a key of methods
}

// methods are how a file may go: the method, and the name of its parameter, which is also its type in an album.
var methods = map[string]struct{ method, field string }{
	"photo":     {"sendPhoto", "photo"},
	"video":     {"sendVideo", "video"},
	"animation": {"sendAnimation", "animation"},
	"audio":     {"sendAudio", "audio"},
	"voice":     {"sendVoice", "voice"},
	"document":  {"sendDocument", "document"},
}

// plan divides a message into calls, in order. The text goes with the first files when it fits as a caption, else before them.
func plan(m channels.Outbound) []outPart {
	var parts []outPart
	caption := strings.TrimSpace(strings.ToValidUTF8(m.Text, "�"))
	if len(m.Files) == 0 || units(caption) > maxCaption {
		for _, text := range split(caption, maxText) {
			parts = append(parts, outPart{text: text})
		}
		caption = ""
	}
	for _, f := range m.Files {
		kind := sendAs(f)
		if n := len(parts); n > 0 && parts[n-1].takes(f, kind) {
			parts[n-1].files = append(parts[n-1].files, f)
			continue
		}
		parts = append(parts, outPart{text: caption, files: []channels.File{f}, kind: kind})
		caption = ""
	}
	return parts
}

// takes tells whether a part can have one more file: neighbours go as one album.
func (p outPart) takes(f channels.File, kind string) bool {
	if len(p.files) == 0 || len(p.files) == maxAlbum {
		return false
	}
	size := f.Size
	for _, have := range p.files {
		size += have.Size
	}
	visual := func(k string) bool { return k == "photo" || k == "video" }
	return size <= maxUpload && (visual(p.kind) && visual(kind) || p.kind == kind && (kind == "document" || kind == "audio"))
}

// sendAs is how a file goes so that it is shown best and arrives whole.
func sendAs(f channels.File) string {
	media, _, _ := strings.Cut(strings.ToLower(f.Type), ";")
	ext := strings.ToLower(path.Ext(f.Name))
	switch {
	case media == "image/gif":
		return "animation"
	// Telegram wants a photo's sides to be below 10,000 together and no more than 1:20.
	case (media == "image/jpeg" || media == "image/png" || media == "image/webp") && f.Size <= maxPhoto &&
		f.Width+f.Height <= 10_000 && f.Width <= 20*max(f.Height, 1) && f.Height <= 20*max(f.Width, 1):
		return "photo"
	case media == "video/mp4":
		return "video"
	case f.Kind == "voice" && (media == "audio/ogg" || media == "audio/mpeg" || media == "audio/mp4"), media == "audio/ogg" && ext == ".oga":
		return "voice"
	case media == "audio/mpeg" || media == "audio/mp4":
		return "audio"
	}
	return "document"
}

// units is a text's length as Telegram counts it.
func units(s string) (n int) {
	for _, r := range s {
		n += max(utf16.RuneLen(r), 1)
	}
	return n
}
