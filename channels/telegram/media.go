package telegram

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/go-telegram/bot/models"

	"tamas/channels"
)

// remote is a file at Telegram.
type remote struct {
	id   string // file_id
	file channels.File
}

// filesOf are the files of a message.
func filesOf(m *models.Message) (out []remote) {
	add := func(id, name, kind, media, fallback string, size int64, w, h, seconds int) {
		if media == "" {
			media = fallback
		}
		out = append(out, remote{id, channels.File{Name: cut(name, 200), Type: cut(media, 100), Kind: kind, Size: max(size, 0),
			Width: max(w, 0), Height: max(h, 0), Duration: max(seconds, 0)}})
	}
	photo := func(sizes []models.PhotoSize) {
		var best models.PhotoSize
		for _, p := range sizes {
			if p.Width*p.Height >= best.Width*best.Height {
				best = p
			}
		}
		if len(sizes) > 0 {
			add(best.FileID, "photo.jpg", "image", "", "image/jpeg", int64(best.FileSize), best.Width, best.Height, 0)
		}
	}
	video := func(v *models.Video) {
		add(v.FileID, or(v.FileName, "video.mp4"), "video", v.MimeType, "video/mp4", v.FileSize, v.Width, v.Height, v.Duration)
	}
	switch {
	case m.Photo != nil:
		photo(m.Photo)
	case m.Animation != nil: // before Document, which comes along with it
		v := m.Animation
		add(v.FileID, or(v.FileName, "animation.mp4"), kindOf(or(v.MimeType, "video/mp4")), v.MimeType, "video/mp4", v.FileSize, v.Width, v.Height, v.Duration)
	case m.Document != nil:
		d := m.Document
		add(d.FileID, or(d.FileName, "file"), kindOf(d.MimeType), d.MimeType, "application/octet-stream", d.FileSize, 0, 0, 0)
	case m.Voice != nil:
		v := m.Voice
		add(v.FileID, "voice.ogg", "voice", v.MimeType, "audio/ogg", v.FileSize, 0, 0, v.Duration)
	case m.Audio != nil:
		v := m.Audio
		title := strings.Trim(v.Performer+" - "+v.Title, " -")
		add(v.FileID, or(v.FileName, or(title, "audio")+".mp3"), "audio", v.MimeType, "audio/mpeg", v.FileSize, 0, 0, v.Duration)
	case m.Video != nil:
		video(m.Video)
	case m.VideoNote != nil:
		v := m.VideoNote
		add(v.FileID, "video.mp4", "video", "", "video/mp4", int64(v.FileSize), v.Length, v.Length, v.Duration)
	case m.Sticker != nil:
		s := m.Sticker
		switch {
		case s.IsAnimated:
			add(s.FileID, "sticker.tgs", "file", "", "application/x-tgsticker", int64(s.FileSize), s.Width, s.Height, 0)
		case s.IsVideo:
			add(s.FileID, "sticker.webm", "file", "", "video/webm", int64(s.FileSize), s.Width, s.Height, 0)
		default:
			add(s.FileID, "sticker.webp", "image", "", "image/webp", int64(s.FileSize), s.Width, s.Height, 0)
		}
	case m.PaidMedia != nil:
		for _, p := range m.PaidMedia.PaidMedia {
			switch {
			case p.Photo != nil:
				photo(p.Photo.Photo)
			case p.Video != nil:
				video(&p.Video.Video)
			}
		}
	}
	return out
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// kindOf is the kind of a file that came as such.
func kindOf(media string) string {
	switch main, _, _ := strings.Cut(media, "/"); main {
	case "image", "audio", "video":
		return main
	}
	return "file"
}

// fetch brings a file into the hub's store. What can never be had comes back as missing, with the reason; an error means that it
// cannot be had now.
func (a *adapter) fetch(ctx context.Context, r remote) (channels.File, error) {
	f := r.file
	missing := func(format string, args ...any) (channels.File, error) {
		f.Missing = fmt.Sprintf(format, args...)
		return f, nil
	}
	if most := a.desk.MaxFile(); f.Size > most {
		return missing("larger than %d MB, which is this account's limit", most>>20)
	}
	raw, ce := a.api.post(ctx, a.api.slow, "getFile", params{"file_id": r.id})
	if ce != nil {
		switch {
		case ce.says("too big"):
			return missing("larger than 20 MB, which Telegram does not hand to bots")
		case ce.code == http.StatusBadRequest && !ce.says("temporarily", "try again"):
			return missing("Telegram does not have it any more: %s", ce.text)
		}
		return a.later(f, r.id, ce)
	}
	var at struct {
		Path string `json:"file_path"`
	}
	switch _ = json.Unmarshal(raw, &at); {
	case at.Path == "":
		return missing("Telegram does not have it any more")
	case path.IsAbs(at.Path):
		return missing("the Bot API server keeps it on its own disk; run it without --local")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.api.fileURL(at.Path), nil)
	if err != nil {
		return missing("Telegram gave an address for it that is none")
	}
	resp, err := a.api.http.Open(req)
	if err != nil {
		return a.later(f, r.id, err)
	}
	defer resp.Body.Close()
	switch code := resp.StatusCode; {
	case code == http.StatusNotFound || code == http.StatusGone || code == http.StatusForbidden || code == http.StatusBadRequest:
		return missing("Telegram does not have it any more")
	case code != http.StatusOK:
		return a.later(f, r.id, fmt.Errorf("HTTP %d", code))
	}
	body := &counted{Reader: resp.Body}
	stored, err := a.desk.Store(ctx, f, body)
	switch {
	case err != nil && body.failed.Load():
		return a.later(f, r.id, err)
	case err != nil: // the hub's store is away; that is no fault of the file's
		return f, fmt.Errorf("store a file: %w", err)
	}
	a.away.drop(r.id)
	return stored, nil
}

// later says that a file is to be fetched again later, but not for ever: one that fails long after others went is missing.
func (a *adapter) later(f channels.File, id string, err error) (channels.File, error) {
	since, ok := a.away.get(id)
	if !ok {
		since = time.Now()
		a.away.put(id, since)
	}
	if time.Since(since) > a.pace.giveUp {
		f.Missing = fmt.Sprintf("Telegram has not handed it out for %v", a.pace.giveUp)
		return f, nil
	}
	return f, fmt.Errorf("fetch a file: %w", err)
}
