package channeltest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"

	"tamas/channels"
)

// Store implements channels.Desk: it keeps content in memory. A desk that was told to fail (FailNext) fails here too, at the
// cost of one of those failures.
func (d *Desk) Store(_ context.Context, f channels.File, content io.Reader) (channels.File, error) {
	d.mu.Lock()
	away, most := d.fail > 0, d.maxFile
	if away {
		d.fail--
		d.refused++
		d.touch()
	}
	d.mu.Unlock()
	if away {
		return f, channels.ErrUnrecorded
	}
	b, err := io.ReadAll(io.LimitReader(content, most+1))
	if err != nil {
		return f, err
	}
	if int64(len(b)) > most {
		f.Missing = fmt.Sprintf("larger than %d bytes", most)
		return f, nil
	}
	sum := sha256.Sum256(b)
	f.Blob, f.Size = hex.EncodeToString(sum[:]), int64(len(b))
	if kind := http.DetectContentType(b); kind != "application/octet-stream" || f.Type == "" {
		f.Type, _, _ = strings.Cut(kind, ";")
	}
	if f.Kind == "" {
		f.Kind = "file"
		if main, _, _ := strings.Cut(f.Type, "/"); main == "image" || main == "audio" || main == "video" {
			f.Kind = main
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.blobs[f.Blob] = b
	return f, nil
}

// MaxFile implements channels.Desk.
func (d *Desk) MaxFile() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.maxFile
}

// SetMaxFile sets the account's limit, in bytes.
func (d *Desk) SetMaxFile(n int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.maxFile = n
}

// Open implements channels.Desk.
func (d *Desk) Open(_ context.Context, blob string) (io.ReadCloser, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	b, ok := d.blobs[blob]
	if !ok {
		return nil, os.ErrNotExist
	}
	return io.NopCloser(bytes.NewReader(b)), nil
}

// Content is what a stored file holds; nil when it is not there.
func (d *Desk) Content(f channels.File) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.blobs[f.Blob]
}

// FileURL implements channels.Desk.
func (d *Desk) FileURL(f channels.File) string { return "https://hub.example/f/" + f.Blob }

// Recorded implements channels.Desk.
func (d *Desk) Recorded(_ context.Context, keys []string) (map[string]bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	known := map[string]bool{}
	for _, k := range keys {
		if _, ok := d.keys[k]; ok {
			known[k] = true
			d.spared++
		}
	}
	d.touch()
	return known, nil
}

// Spared counts the keys that Recorded told to be in the record already.
func (d *Desk) Spared() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.spared
}

// Standing implements channels.Desk.
func (d *Desk) Standing(_ context.Context, thread string) (channels.Standing, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.standing[thread], nil
}

// Transcript implements channels.Desk: it goes where Standing says that it can.
func (d *Desk) Transcript(_ context.Context, thread string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.standing[thread].Transcript {
		return errors.ErrUnsupported
	}
	d.transcripts = append(d.transcripts, thread)
	d.touch()
	return nil
}

// Later implements channels.Desk: addresses with an @ are taken, and kinds of which Standing speaks, which get a link.
func (d *Desk) Later(_ context.Context, thread, to string) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.standing[thread]
	switch {
	case s.Status != "waiting":
		return "", errors.ErrUnsupported
	case to == "":
		s.LaterOn = ""
	case strings.Contains(to, "@"):
		s.LaterOn = "email"
	case slices.Contains(strings.Split(s.Later, ","), to):
		s.LaterOn = to
	default:
		return "", &channels.FieldError{Field: "to", Reason: "This is no address to which we can write."}
	}
	d.standing[thread] = s
	d.publish(thread, channels.Item{Kind: "state", State: "standing"})
	d.touch()
	if s.LaterOn == to && to != "" {
		return "https://later.example/" + to, nil
	}
	return "", nil
}

// Transcripts lists the threads that were asked for, in order.
func (d *Desk) Transcripts() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.transcripts)
}

// SetStanding sets what Standing tells of a thread.
func (d *Desk) SetStanding(thread string, s channels.Standing) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.standing[thread] = s
	d.publish(thread, channels.Item{Kind: "state", State: "standing"})
}
