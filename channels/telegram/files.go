package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"

	"github.com/go-telegram/bot/models"

	"tamas/channels"
)

// sendFiles sends a file or an album: by its id what went the same way before, else by upload.
func (a *adapter) sendFiles(ctx context.Context, to target, p outPart, extra params) ([]string, *callError, *channels.SendError) {
	for again := false; ; again = true {
		call, uploads, closeAll, failed := a.form(ctx, p, extra)
		if failed != nil {
			return nil, nil, failed
		}
		method := methods[p.kind].method
		if len(p.files) > 1 {
			method = "sendMediaGroup"
		}
		var raw json.RawMessage
		var ce *callError
		if len(uploads) > 0 {
			raw, ce = a.api.upload(ctx, method, to.params(call), uploads)
		} else {
			raw, ce = a.api.call(ctx, method, to.params(call))
		}
		closeAll()
		if ce == nil {
			sent := accepted(raw)
			a.remember(p, sent)
			return idsOf(sent), nil, nil
		}
		switch {
		case again || ce.code != http.StatusBadRequest:
		case len(uploads) < len(p.files) && ce.says("file identifier", "file_id", "file reference", "media_empty"):
			for _, f := range p.files { // an id that Telegram knows no more
				a.fileID.drop(fileKey(f))
			}
			continue
		case p.kind == "photo" && ce.says("photo", "image"):
			// It is no picture that Telegram shows; as a document anything goes.
			p.kind = "document"
			continue
		case p.kind == "voice" && ce.says("voice"): // the customer does not let bots send voice messages
			p.kind = "document"
			continue
		}
		return nil, ce, nil
	}
}

// form makes a call's parameters, with the files that have to be uploaded. closeAll closes those.
func (a *adapter) form(ctx context.Context, p outPart, extra params) (call params, uploads []upload, closeAll func(), failed *channels.SendError) {
	call = params{}
	for k, v := range extra {
		call[k] = v
	}
	var open []io.Closer
	closeAll = func() {
		for _, c := range open {
			_ = c.Close()
		}
	}
	var media []map[string]any
	for i, f := range p.files {
		as := p.kind
		if len(p.files) > 1 && (p.kind == "photo" || p.kind == "video") {
			as = sendAs(f)
		}
		field := methods[as].field
		value, known := a.fileID.get(fileKey(f))
		if !known {
			content, err := a.desk.Open(ctx, f.Blob)
			if err != nil {
				closeAll()
				gone := errors.Is(err, fs.ErrNotExist)
				return nil, nil, nil, &channels.SendError{Permanent: gone, Err: err, Reason: fmt.Sprintf("The file “%s” cannot be read", cut(f.Name, 100))}
			}
			open = append(open, content)
			name := field
			if len(p.files) > 1 {
				name = fmt.Sprintf("file%d", i)
			}
			size := f.Size
			if size <= 0 {
				size = -1
			}
			uploads = append(uploads, upload{field: name, name: or(f.Name, "file"), kind: f.Type, size: size, content: content})
			value = "attach://" + name
		}
		if len(p.files) == 1 {
			if known {
				call[field] = value
			}
			if p.text != "" {
				call["caption"] = p.text
			}
			measures(call, as, f)
			break
		}
		item := map[string]any{"type": field, "media": value}
		if i == 0 && p.text != "" {
			item["caption"] = p.text
		}
		measures(item, as, f)
		media = append(media, item)
	}
	if media != nil {
		call["media"] = media
	}
	return call, uploads, closeAll, nil
}

// measures tells what Telegram does not find out by itself.
func measures(p map[string]any, as string, f channels.File) {
	if as == "video" || as == "animation" {
		if f.Width > 0 && f.Height > 0 {
			p["width"], p["height"] = f.Width, f.Height
		}
	}
	if (as == "video" || as == "animation" || as == "audio" || as == "voice") && f.Duration > 0 {
		p["duration"] = f.Duration
	}
	if as == "video" {
		p["supports_streaming"] = true
	}
}

// fileKey is under which a file's id is remembered: Telegram shows a file under the name and in the way in which it came first.
func fileKey(f channels.File) string { return f.Blob + " " + sendAs(f) + " " + f.Name }

// accepted are the messages of an answer: one, or an album's.
func accepted(raw json.RawMessage) (list []models.Message) {
	var one models.Message
	if json.Unmarshal(raw, &one) == nil {
		return []models.Message{one}
	}
	_ = json.Unmarshal(raw, &list)
	return list
}

func idsOf(list []models.Message) (ids []string) {
	for _, m := range list {
		if m.ID != 0 && m.Chat.ID != 0 {
			ids = append(ids, providerID(m.Chat.ID, m.ID))
		}
	}
	return ids
}

// remember keeps the ids of what was sent, so that the same file need not be uploaded again.
func (a *adapter) remember(p outPart, sent []models.Message) {
	for i, m := range sent {
		if i >= len(p.files) || p.files[i].Blob == "" || p.kind == "document" && sendAs(p.files[i]) != "document" {
			continue
		}
		if files := filesOf(&m); len(files) == 1 && files[0].id != "" {
			a.fileID.put(fileKey(p.files[i]), files[0].id)
		}
	}
}
