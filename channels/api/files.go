package api

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"tamas/channels"
	"tamas/channels/signed"
)

// contents stores the files of an event. An error: deliver it again.
func (a *adapter) contents(ctx context.Context, e event) ([]channels.File, error) {
	var out []channels.File
	for i, f := range e.Files {
		meta := channels.File{Name: f.Name, Type: f.Type, Kind: kindOf(f), Width: f.Width, Height: f.Height, Duration: f.Duration}
		var err error
		switch {
		case f.Upload != "":
			meta, err = a.uploaded(f.Upload, meta), nil
		case f.URL != "":
			meta, err = a.fetch(ctx, fmt.Sprintf("%s/%d", e.ID, i), f.URL, meta)
		default:
			meta, err = a.desk.Store(ctx, meta, bytes.NewReader(f.Data))
		}
		if err != nil {
			return nil, err
		}
		out = append(out, meta)
	}
	return out, nil
}

// kindOf is a file's kind as the system says, else by its type.
func kindOf(f file) string {
	if f.Kind != "" {
		return f.Kind
	}
	switch main, _, _ := strings.Cut(strings.ToLower(f.Type), "/"); main {
	case "image", "audio", "video":
		return main
	}
	return "file"
}

// patience is how often content is asked for before its message goes on without it.
const patience = 3

// fetch stores content that is at an address. What is gone, or may not be fetched, is missing; what cannot be had now makes
// the event come again, until patience ends.
func (a *adapter) fetch(ctx context.Context, id, addr string, meta channels.File) (channels.File, error) {
	if u, err := url.Parse(addr); meta.Name == "" && err == nil {
		meta.Name = u.Path[strings.LastIndex(u.Path, "/")+1:]
	}
	body, err := a.files.open(ctx, addr)
	if err == nil {
		defer body.Close()
		content := &watched{r: body}
		var stored channels.File
		if stored, err = a.desk.Store(ctx, meta, content); err == nil {
			a.tried(id, true)
			return stored, nil
		}
		if content.err == nil {
			return meta, err // the store is away
		}
		err = content.err
	}
	var gone *goneError
	if errors.As(err, &gone) || a.tried(id, false) >= patience {
		a.tried(id, true)
		meta.Missing = "could not be fetched: " + a.api.Clean(err.Error())
		return meta, nil
	}
	return meta, fmt.Errorf("%w: %s: %s", errLater, a.api.Clean(id), a.api.Clean(err.Error()))
}

// errLater is content that may be had later.
var errLater = errors.New("a file cannot be fetched now")

// tried counts failed fetches, until one is over.
func (a *adapter) tried(id string, over bool) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	if over {
		delete(a.tries, id)
		return 0
	}
	if len(a.tries) > 10_000 {
		clear(a.tries)
	}
	a.tries[id]++
	return a.tries[id]
}

// watched remembers whether reading failed, so that a bad line is not taken for a bad store.
type watched struct {
	r   io.Reader
	err error
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if err != nil && err != io.EOF {
		w.err = err
	}
	return n, err
}

// Uploads: content that is put to /files before its message, streamed into the store. The signature covers the content's
// SHA-256, which the call tells beforehand, so that nothing is read of strangers.

const digestHeader = "X-Tamas-SHA256"

// MaxBody implements channels.Uploads.
func (a *adapter) MaxBody(r *http.Request) int64 {
	if strings.TrimSuffix(r.URL.Path, "/") != "/files" || a.provenUpload(r) != nil {
		return 0
	}
	return a.desk.MaxFile() + 1<<20 // beyond the limit the store says so
}

func (a *adapter) provenUpload(r *http.Request) error {
	return signed.Verify(r.Header.Get(signed.Header), time.Now(), []byte(r.Header.Get(digestHeader)), a.set.Secret, a.set.OldSecret)
}

func (a *adapter) serveUpload(w http.ResponseWriter, r *http.Request) {
	if err := a.provenUpload(r); err != nil {
		a.log.Warn("api: an upload that is not rightly signed", "err", err)
		refuse(w, http.StatusUnauthorized, "signature", err.Error()+"; of an upload the signed text is "+digestHeader, nil)
		return
	}
	content := &digesting{r: r.Body, h: sha256.New()}
	f := channels.File{Name: r.URL.Query().Get("name"), Type: r.Header.Get("Content-Type"), Kind: kindOf(file{Type: r.Header.Get("Content-Type")})}
	f, err := a.desk.Store(r.Context(), f, content)
	var big *http.MaxBytesError
	switch {
	case errors.As(content.err, &big) || err == nil && f.Missing != "":
		refuse(w, http.StatusRequestEntityTooLarge, "too_large", fmt.Sprintf("a file has at most %d bytes here", a.desk.MaxFile()), nil)
	case content.err != nil:
		refuse(w, http.StatusBadRequest, "invalid", "the request broke off", nil)
	case err != nil:
		a.log.Warn("api: an upload is not stored; asking for it again", "err", err)
		refuse(w, http.StatusServiceUnavailable, "not_stored", "not stored now; deliver it again", nil)
	case hex.EncodeToString(content.h.Sum(nil)) != strings.ToLower(r.Header.Get(digestHeader)):
		refuse(w, http.StatusBadRequest, "digest", "the content does not have the SHA-256 of "+digestHeader, nil)
	default:
		answer(w, http.StatusCreated, map[string]any{"upload": a.seal(f), "type": f.Type, "size": f.Size})
	}
}

// digesting reads a body and its digest.
type digesting struct {
	r   io.Reader
	h   hash.Hash
	err error
}

func (d *digesting) Read(p []byte) (int, error) {
	n, err := d.r.Read(p)
	d.h.Write(p[:n])
	if err != nil && err != io.EOF {
		d.err = err
	}
	return n, err
}

// seal makes the name under which events give an uploaded file.
func (a *adapter) seal(f channels.File) string {
	b, _ := json.Marshal(f)
	text := base64.RawURLEncoding.EncodeToString(b)
	return text + "." + a.mac(text)
}

func (a *adapter) mac(text string) string {
	m := hmac.New(sha256.New, a.sign)
	m.Write([]byte("upload " + text))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// uploaded opens such a name; what the event says of the file comes before what the upload said.
func (a *adapter) uploaded(name string, meta channels.File) channels.File {
	text, mac, _ := strings.Cut(name, ".")
	b, err := base64.RawURLEncoding.DecodeString(text)
	var f channels.File
	if err != nil || !hmac.Equal([]byte(mac), []byte(a.mac(text))) || json.Unmarshal(b, &f) != nil || f.Blob == "" {
		meta.Missing = "the upload's name is not one that this account gave"
		return meta
	}
	if meta.Name != "" {
		f.Name = meta.Name
	}
	if meta.Kind != "file" {
		f.Kind = meta.Kind
	}
	if meta.Duration > 0 {
		f.Duration = meta.Duration
	}
	return f
}
