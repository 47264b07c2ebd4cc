package agentui

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"tamas/channels"
	"tamas/inbox"
	"tamas/inbox/record"
)

// uploadFor bounds how long an upload may take.
const uploadFor = 15 * time.Minute

// filePolicy is the Content-Security-Policy of everything that came from outside: whatever it is, it does nothing.
const filePolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; media-src 'self'; sandbox"

// uploaded is a file that an agent has sent up, as replies name it.
type uploaded struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Type   string `json:"type"`
	Kind   string `json:"kind"`
	Size   int64  `json:"size"`
	Width  int    `json:"width,omitempty"`
	Height int    `json:"height,omitempty"`
}

// postFile streams the request's body into the store. The file is nobody's until a reply or a note names it.
func (s *Server) postFile(c echo.Context) error {
	name, err := text("name", c.QueryParam("name"), 1, 255, false)
	if err != nil {
		return err
	}
	r := c.Request()
	if r.ContentLength > s.maxFile {
		return s.fileTooLarge()
	}
	_ = http.NewResponseController(c.Response()).SetReadDeadline(time.Now().Add(uploadFor))
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	broken := &brokenReader{r: r.Body}
	f, err := s.hub.StoreFile(r.Context(), channels.File{Name: name, Type: kind}, broken, s.maxFile)
	switch {
	case broken.err != nil:
		return &problem{Status: http.StatusBadRequest, Code: codeInvalid, Message: "The upload broke off.", Cause: broken.err}
	case err != nil:
		return notRecorded(err)
	case f.Missing != "":
		return s.fileTooLarge()
	case f.Size == 0:
		return invalid("", "The file is empty.")
	}
	return c.JSON(http.StatusCreated, map[string]uploaded{"file": {ID: s.hub.UploadToken(principalOf(c).User.ID, f), Name: f.Name,
		Type: f.Type, Kind: f.Kind, Size: f.Size, Width: f.Width, Height: f.Height}})
}

// brokenReader remembers that it was the sender who failed, not the store.
type brokenReader struct {
	r   io.Reader
	err error
}

func (b *brokenReader) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}

func (s *Server) fileTooLarge() *problem {
	return &problem{Status: http.StatusRequestEntityTooLarge, Code: codeTooLarge,
		Message: "The file is larger than " + strconv.FormatInt(s.maxFile>>20, 10) + " MB."}
}

// openUploads turns the ids that a reply names into files.
func (s *Server) openUploads(user string, ids []string) ([]channels.File, error) {
	if len(ids) > 30 {
		return nil, invalid("files", "At most 30 files.")
	}
	files := make([]channels.File, 0, len(ids))
	for _, id := range ids {
		f, err := s.hub.OpenUpload(user, id)
		if err != nil {
			p := invalid("files", "One of the files is not here any more. Attach it again.")
			p.Cause = err
			return nil, p
		}
		files = append(files, f)
	}
	return files, nil
}

// getFile serves a file of a message to those who may see its conversation.
func (s *Server) getFile(c echo.Context) error {
	ctx := c.Request().Context()
	f, err := s.fileOf(ctx, s.sight(c), c.Param("id"), c.Param("n"))
	if err != nil {
		return err
	}
	if c.QueryParam("thumb") != "" {
		return s.serveThumb(c, f)
	}
	c.Response().Header().Set("Cache-Control", "private, max-age=31536000, immutable")
	return s.serveFile(c, f, c.QueryParam("download") != "")
}

// rawHidden: the original of a message tells who wrote it.
var rawHidden = forbidden("The original of a message holds addresses, which are kept from your role.")

func (s *Server) fileOf(ctx context.Context, sight record.Sight, touch, index string) (channels.File, error) {
	t, err := s.db.Touch(ctx, touch)
	if err != nil {
		return channels.File{}, missing(err, "message")
	}
	n, err := strconv.Atoi(index)
	if err == nil && n >= 0 && t.Body != nil && n < len(t.Body.Files) && t.Body.Files[n].Kind == "raw" && !sight.Sees(record.FieldAddress) {
		return channels.File{}, rawHidden
	}
	if err != nil || t.Body == nil || n < 0 || n >= len(t.Body.Files) || t.Body.Files[n].Blob == "" {
		return channels.File{}, notFound("file")
	}
	return t.Body.Files[n], nil
}

// getLink serves a file to whoever has its signed address.
func (s *Server) getLink(c echo.Context) error {
	f, err := s.hub.OpenLink(c.Param("token"))
	switch {
	case errors.Is(err, inbox.ErrExpired):
		return &problem{Status: http.StatusGone, Code: codeExpired, Message: "This link is over. Please ask for a new one."}
	case err != nil:
		return notFound("file")
	}
	h := c.Response().Header()
	h.Set("Cache-Control", "private, no-store")
	h.Set("X-Robots-Tag", "noindex, nofollow")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	return s.serveFile(c, f, c.QueryParam("download") != "")
}

func (s *Server) serveThumb(c echo.Context, f channels.File) error {
	small, kind, err := s.hub.Thumb(c.Request().Context(), f.Blob)
	if errors.Is(err, inbox.ErrNoThumb) || errors.Is(err, os.ErrNotExist) {
		return notFound("small picture of this file")
	}
	if err != nil {
		return err
	}
	defer small.Close()
	h := c.Response().Header()
	h.Set("Content-Security-Policy", filePolicy)
	h.Set("Cache-Control", "private, max-age=31536000, immutable")
	h.Set("Content-Type", kind)
	http.ServeContent(c.Response(), c.Request(), "", time.Time{}, small)
	return nil
}

// serveFile answers with a file's content, also in ranges. It is never active: the browser is told not to guess its type, to
// run nothing in it, and to show only what is a picture, a sound or a film.
func (s *Server) serveFile(c echo.Context, f channels.File, download bool) error {
	content, err := s.hub.Blobs().Open(f.Blob)
	if errors.Is(err, os.ErrNotExist) {
		return notFound("file")
	}
	if err != nil {
		return err
	}
	defer content.Close()
	h := c.Response().Header()
	h.Set("Content-Security-Policy", filePolicy)
	how, kind := "attachment", "application/octet-stream"
	if shown[f.Type] {
		kind = f.Type
		if !download {
			how = "inline"
		}
	}
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", disposition(how, f.Name))
	h.Set("ETag", `"`+f.Blob+`"`)
	http.ServeContent(c.Response(), c.Request(), "", time.Time{}, content)
	return nil
}

// shown are the types that browsers show in a page without running anything in them. SVG is not among them.
var shown = map[string]bool{
	"image/png": true, "image/jpeg": true, "image/gif": true, "image/webp": true, "image/avif": true, "image/bmp": true,
	"audio/mpeg": true, "audio/ogg": true, "audio/wav": true, "audio/x-wav": true, "audio/wave": true, "audio/mp4": true, "audio/aac": true,
	"audio/webm": true, "audio/flac": true, "audio/x-m4a": true, "audio/opus": true, "audio/amr": true,
	"video/mp4": true, "video/webm": true, "video/ogg": true, "video/quicktime": true, "video/3gpp": true,
}

// disposition is a Content-Disposition for any name (RFC 6266).
func disposition(how, name string) string {
	if name == "" {
		return how
	}
	plain := strings.Map(func(r rune) rune {
		if r < 0x20 || r > 0x7e || r == '"' || r == '\\' || r == '%' {
			return '_'
		}
		return r
	}, name)
	if plain == name {
		return how + `; filename="` + plain + `"`
	}
	return how + `; filename="` + plain + `"; filename*=UTF-8''` + percent(name)
}

// percent encodes what RFC 5987 does not take as it is.
func percent(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0:
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		}
	}
	return b.String()
}

// getRaw downloads the original of a message that could not be read. It is never shown in the page.
func (s *Server) getRaw(c echo.Context) error {
	if !s.sight(c).Sees(record.FieldAddress) {
		return rawHidden
	}
	t, err := s.db.Touch(c.Request().Context(), c.Param("id"))
	if err != nil {
		return missing(err, "message")
	}
	if t.Body != nil {
		for _, f := range t.Body.Files {
			if f.Kind == "raw" && f.Blob != "" {
				return s.serveFile(c, f, true)
			}
		}
		if len(t.Body.Raw) > 0 {
			h := c.Response().Header()
			h.Set("Content-Disposition", disposition("attachment", t.ID+".bin"))
			h.Set("Content-Security-Policy", filePolicy)
			return c.Blob(http.StatusOK, echo.MIMEOctetStream, t.Body.Raw)
		}
	}
	return notFound("original of this message")
}

// withoutRaw lightens every touch of a list.
func withoutRaw(list []record.Touch) {
	for i := range list {
		lighten(&list[i])
	}
}

func lighten(t *record.Touch) {
	if t.Body != nil {
		b := t.Body.Light()
		t.Body = &b
	}
}
