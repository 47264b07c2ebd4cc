package webchat

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"tamas/channels"
)

const (
	maxUploads  = 3                // of one visitor at once, on a node
	uploadBurst = 200              // megabytes of one visitor, of one network address
	uploadRate  = 0.5              // megabytes a second after that
	stallTime   = 30 * time.Second // without a byte an upload is given up
)

var _ channels.Uploads = (*adapter)(nil)

// MaxBody lets a visitor's upload be as large as the account takes files.
func (a *adapter) MaxBody(r *http.Request) int64 {
	if strings.TrimPrefix(r.URL.Path, "/") != "files" || r.Method != http.MethodPost {
		return 0
	}
	if _, ok := a.sign.check(bearer(r), time.Now()); !ok {
		return 0
	}
	return a.cfg.Desk.MaxFile() + 1
}

// postFile stores one file: POST files?name=…, the bytes as the body → 201 {"file":{…}}. Its id is then named in a message. What is
// too large is answered with 413 and a file that only says so, which a message may name as well.
func (a *adapter) postFile(w http.ResponseWriter, r *http.Request) {
	c, ok := a.caller(w, bearer(r))
	if !ok || !a.call(w, c.visitor) {
		return
	}
	if !*a.set.Files {
		refuse(w, http.StatusForbidden, "forbidden", "Files are not taken here.", 0)
		return
	}
	if r.ContentLength < 0 {
		refuse(w, http.StatusLengthRequired, "invalid", "Say the file's length.", 0)
		return
	}
	f := channels.File{Name: cut(strings.ToValidUTF8(r.URL.Query().Get("name"), "�"), channels.MaxName)}
	f.Type, _, _ = mime.ParseMediaType(cut(r.Header.Get("Content-Type"), 200))
	if most := a.cfg.Desk.MaxFile(); r.ContentLength > most {
		f.Size, f.Kind, f.Missing = r.ContentLength, "file", fmt.Sprintf("larger than %d MB", most>>20)
		a.tooLarge(w, c.visitor, f)
		return
	}
	size := 1 + float64(r.ContentLength)/(1<<20)
	for _, key := range []string{c.visitor, "net " + network(r.RemoteAddr)} {
		if wait := a.uploads.take(key, time.Now(), min(size, uploadBurst)); wait > 0 {
			refuse(w, http.StatusTooManyRequests, "slow_down", "Too many files at once.", wait)
			return
		}
	}
	if !a.enter("upload "+c.visitor, maxUploads) {
		refuse(w, http.StatusTooManyRequests, "slow_down", "Too many files at once.", time.Second)
		return
	}
	defer a.leave("upload " + c.visitor)
	body := &patient{r: r.Body, c: http.NewResponseController(w)}
	f, err := a.cfg.Desk.Store(r.Context(), f, body)
	switch {
	case body.err != nil:
		refuse(w, http.StatusBadRequest, "invalid", "The file did not arrive whole.", 0)
	case err != nil:
		a.cfg.Log.Warn("webchat: file not stored", "account", a.cfg.ID, "visitor", c.visitor, "err", err)
		refuse(w, http.StatusServiceUnavailable, "not_recorded", "The file could not be kept. Try again.", time.Second)
	case f.Missing != "":
		a.tooLarge(w, c.visitor, f)
	default:
		answer(w, http.StatusCreated, struct {
			File file `json:"file"`
		}{a.sign.toFile(c.visitor, f)})
	}
}

func (a *adapter) tooLarge(w http.ResponseWriter, visitor string, f channels.File) {
	w.Header().Set("Connection", "close") // the rest of the body is not read
	body := struct {
		Error map[string]string `json:"error"`
		File  file              `json:"file"`
	}{map[string]string{"code": "too_large", "message": "The file is too large."}, a.sign.toFile(visitor, f)}
	answer(w, http.StatusRequestEntityTooLarge, body)
}

// patient reads a body as long as something comes, and keeps its error apart from the store's.
type patient struct {
	r   io.Reader
	c   *http.ResponseController
	err error
}

func (p *patient) Read(b []byte) (n int, err error) {
	_ = p.c.SetReadDeadline(time.Now().Add(stallTime)) // where the server knows deadlines
	n, err = p.r.Read(b)
	if err != nil && err != io.EOF {
		p.err = err
	}
	if err == io.EOF {
		_ = p.c.SetReadDeadline(time.Time{})
	}
	return n, err
}

// shown are the media types that a browser may show; all else is only ever saved.
var shown = []string{
	"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif",
	"audio/mpeg", "audio/ogg", "audio/wav", "audio/webm", "audio/mp4", "audio/aac", "audio/flac",
	"video/mp4", "video/webm", "video/ogg",
}

// getFile answers GET files/<id> to the visitor whose file it is, as something that is never active content.
func (a *adapter) getFile(w http.ResponseWriter, r *http.Request, id string) {
	c, ok := a.caller(w, bearer(r))
	if !ok || !a.call(w, c.visitor) {
		return
	}
	f, ok := a.sign.file(c.visitor, id)
	if !ok || f.Blob == "" {
		refuse(w, http.StatusNotFound, "not_found", "There is no such file.", 0)
		return
	}
	content, err := a.cfg.Desk.Open(r.Context(), f.Blob)
	if errors.Is(err, os.ErrNotExist) {
		refuse(w, http.StatusNotFound, "not_found", "The file is not there any more.", 0)
		return
	}
	if err != nil {
		a.cfg.Log.Warn("webchat: file not opened", "account", a.cfg.ID, "err", err)
		refuse(w, http.StatusServiceUnavailable, "not_recorded", "The file cannot be read. Try again.", time.Second)
		return
	}
	defer content.Close()
	kind, how := "application/octet-stream", "attachment"
	if slices.Contains(shown, f.Type) {
		kind, how = f.Type, "inline"
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", mime.FormatMediaType(how, map[string]string{"filename": f.Name}))
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	if s, ok := content.(io.ReadSeeker); ok {
		http.ServeContent(w, r, "", time.Time{}, s)
		return
	}
	h.Set("Content-Length", strconv.FormatInt(f.Size, 10))
	io.Copy(w, content) // the reader is gone when this fails
}
