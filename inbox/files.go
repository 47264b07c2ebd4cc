package inbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"path"
	"strings"

	"github.com/gabriel-vasile/mimetype"

	"tamas/channels"
	"tamas/inbox/record"
)

const (
	defaultMaxFile = 25 << 20 // bytes
	sniffed        = 3072     // bytes that tell what a file is
	maxFiles       = 50       // of one message
)

// maxFile is an account's limit for one file, in bytes.
func maxFile(acct record.Account) int64 {
	if acct.MaxFileMB > 0 {
		return int64(acct.MaxFileMB) << 20
	}
	return defaultMaxFile
}

// StoreFile streams a file into the store, finds out what it is and measures it. It gives f with Blob, Size, a cleaned Name, the
// Type that the content has, Kind, and Width and Height of an image. Content of more than most bytes is not kept: f comes back with
// Missing set and no error.
func (h *Hub) StoreFile(ctx context.Context, f channels.File, content io.Reader, most int64) (channels.File, error) {
	head := make([]byte, sniffed)
	n, err := io.ReadFull(content, head)
	head = head[:n]
	switch {
	case err == nil:
		content = io.MultiReader(bytes.NewReader(head), content)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF): // that is all of it
		content = bytes.NewReader(head)
	default:
		return f, fmt.Errorf("read a file: %w", err)
	}
	f.Type = typeOf(head, f.Type, f.Name)
	f.Kind = kindOf(f.Type, f.Kind)
	f.Name = cleanFileName(f.Name)
	if f.Name == "" {
		f.Name = f.Kind
		if m := mimetype.Lookup(f.Type); m != nil {
			f.Name += m.Extension()
		}
	}
	f.Blob, f.Size, f.Width, f.Height = "", 0, 0, 0
	f.CID, f.Missing = cleanLine(f.CID, channels.MaxKey), ""
	f.Duration = min(max(f.Duration, 0), 30*24*3600)
	blob, size, err := h.blobs.Write(reader{ctx, content}, most)
	if errors.Is(err, errTooLarge) {
		f.Missing = "larger than " + megabytes(most)
		return f, nil
	}
	if err != nil {
		return f, err
	}
	f.Blob, f.Size = blob, size
	if f.Kind == "image" {
		f.Width, f.Height = h.blobs.measure(blob)
	}
	return f, nil
}

func megabytes(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%d KB", n>>10)
	}
	return fmt.Sprintf("%d MB", n>>20)
}

// reader ends with its context.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

// typeOf is the media type that content which begins with head has, without parameters. The sender's word counts where the content
// alone cannot tell: sound in a container that films come in, the kinds of plain text, what stands in an archive.
func typeOf(head []byte, said, name string) string {
	said, _, err := mime.ParseMediaType(said)
	if err != nil || len(said) > 100 {
		said = ""
	}
	told := said
	if said == "" || said == "application/octet-stream" {
		said, _, _ = mime.ParseMediaType(mime.TypeByExtension(path.Ext(name)))
	}
	is, _, _ := strings.Cut(mimetype.Detect(head).String(), ";")
	switch is {
	case "application/octet-stream", "application/zip", "application/x-ole-storage", "text/plain", "text/xml", "application/json":
		// What browsers would act on is believed of no sender.
		main, sub, _ := strings.Cut(said, "/")
		if said == "" || active(said) || main == "image" || main == "audio" || main == "video" || main == "text" && is != "text/plain" || sub == "" {
			return is
		}
		return said
	case "video/webm", "video/ogg", "application/ogg", "audio/ogg", "video/mp4", "video/quicktime", "video/3gpp", "video/x-matroska", "video/x-ms-asf":
		if main, _, _ := strings.Cut(told, "/"); main == "audio" || main == "video" {
			return told
		}
		if is == "application/ogg" {
			return "audio/ogg"
		}
	}
	return is
}

// active tells types that a browser would run or draw by the sender's rules.
func active(media string) bool {
	return strings.Contains(media, "html") || strings.Contains(media, "xml") || strings.Contains(media, "svg") || strings.Contains(media, "script")
}

// shown are the images that every browser draws.
var shown = map[string]bool{"image/png": true, "image/jpeg": true, "image/gif": true, "image/webp": true, "image/avif": true, "image/bmp": true}

// kindOf is how a file is shown. said is what the channel calls it: only that tells a voice message from music.
func kindOf(media, said string) string {
	main, _, _ := strings.Cut(media, "/")
	switch {
	case said == "raw":
		return "raw"
	case shown[media]:
		return "image"
	case main == "audio" && said == "voice":
		return "voice"
	case main == "audio", main == "video":
		return main
	}
	return "file"
}

func (d *desk) Store(ctx context.Context, f channels.File, content io.Reader) (channels.File, error) {
	f, err := d.h.StoreFile(ctx, f, content, d.MaxFile())
	if err != nil {
		return f, unrecorded(err)
	}
	return f, nil
}

func (d *desk) MaxFile() int64 { return maxFile(d.acct()) }

func (d *desk) Open(_ context.Context, blob string) (io.ReadCloser, error) {
	return d.h.blobs.Open(blob)
}

func (d *desk) FileURL(f channels.File) string { return d.h.FileLink(f) }

// Recorded asks for all keys at once.
func (d *desk) Recorded(ctx context.Context, keys []string) (map[string]bool, error) {
	bound := make([]string, len(keys))
	for i, k := range keys {
		bound[i] = boundKey(k, channels.MaxKey)
	}
	have, err := d.h.db.HasKeys(ctx, d.acct().ID, bound)
	if err != nil {
		return nil, err
	}
	known := make(map[string]bool, len(keys))
	for i, k := range keys {
		known[k] = have[bound[i]]
	}
	return known, nil
}
