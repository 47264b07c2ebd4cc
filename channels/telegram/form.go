package telegram

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/textproto"
	"slices"
	"strings"
	"sync/atomic"
)

// upload is a file within a form.
type upload struct {
	field   string
	name    string
	kind    string // media type
	size    int64  // in bytes; below 0: unknown
	content io.Reader
}

// form makes a multipart form without holding a file in memory. size is -1 when a file's is unknown.
func form(p params, files []upload) (body io.Reader, size int64, contentType string, err error) {
	var buf bytes.Buffer
	w := multipart.NewWriter(&buf)
	for _, k := range slices.Sorted(maps.Keys(p)) {
		v, ok := p[k].(string)
		if !ok {
			b, err := json.Marshal(p[k])
			if err != nil {
				return nil, 0, "", err
			}
			v = string(b)
		}
		if err := w.WriteField(k, v); err != nil {
			return nil, 0, "", err
		}
	}
	var pieces []io.Reader
	flush := func() {
		size += int64(buf.Len())
		pieces = append(pieces, bytes.NewReader(bytes.Clone(buf.Bytes())))
		buf.Reset()
	}
	unknown := false
	for _, f := range files {
		h := textproto.MIMEHeader{}
		h.Set("Content-Disposition", fmt.Sprintf(`form-data; name="%s"; filename="%s"`, f.field, quoted.Replace(f.name)))
		if t, _, err := mime.ParseMediaType(f.kind); err == nil {
			h.Set("Content-Type", t)
		}
		if _, err := w.CreatePart(h); err != nil {
			return nil, 0, "", err
		}
		flush()
		pieces = append(pieces, f.content)
		size += f.size
		unknown = unknown || f.size < 0
	}
	if err := w.Close(); err != nil {
		return nil, 0, "", err
	}
	flush()
	if unknown {
		size = -1
	}
	return io.MultiReader(pieces...), size, w.FormDataContentType(), nil
}

// quoted writes a name as browsers do in a form's header.
var quoted = strings.NewReplacer("\\", "_", `"`, "%22", "\r", "", "\n", "")

// counted is a body that tells how much of it was read, and whether reading failed.
type counted struct {
	io.Reader
	n      atomic.Int64
	failed atomic.Bool
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n.Add(int64(n))
	if err != nil && err != io.EOF {
		c.failed.Store(true)
	}
	return n, err
}
