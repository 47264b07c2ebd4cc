package inbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"tamas/channels"
	"tamas/inbox/record"
)

const defaultMaxFile = 25 << 20 // bytes

// maxFile is an account's limit for one file, in bytes.
func maxFile(acct record.Account) int64 {
	if acct.MaxFileMB > 0 {
		return int64(acct.MaxFileMB) << 20
	}
	return defaultMaxFile
}

// StoreFile streams a file into the store, finds out what it is and measures it. Content of more than most bytes is not kept: f
// comes back with Missing set.
func (h *Hub) StoreFile(ctx context.Context, f channels.File, content io.Reader, most int64) (channels.File, error) {
	f.Name = cleanFileName(f.Name)
	blob, size, err := h.blobs.Write(content, most)
	if errors.Is(err, errTooLarge) {
		f.Missing = fmt.Sprintf("larger than %d MB", most>>20)
		return f, nil
	}
	if err != nil {
		return f, err
	}
	f.Blob, f.Size = blob, size
	return f, nil
}

// cleanFileName keeps a name's last part without what file systems, browsers or people could be misled by.
func cleanFileName(name string) string {
	name = name[strings.LastIndexAny(name, `/\\`)+1:]
	return cleanLine(name, 200)
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

func (d *desk) Recorded(ctx context.Context, keys []string) (map[string]bool, error) {
	known := map[string]bool{}
	for _, key := range keys {
		_, err := d.h.db.TouchByKey(ctx, d.acct().ID, boundKey(key, channels.MaxKey))
		if err != nil && !errors.Is(err, record.ErrNotFound) {
			return nil, err
		}
		known[key] = err == nil
	}
	return known, nil
}

func (d *desk) Standing(context.Context, string) (channels.Standing, error) {
	return channels.Standing{}, nil
}
