package agentui

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"io/fs"
	"mime"
	"net/http"
	"os"
	"path"
	"strings"
	"sync"

	"github.com/labstack/echo/v4"
)

//go:embed all:web/dist
var built embed.FS

//go:embed openapi.yaml
var openAPI []byte

// assets serves the agents' app: files as they were built, and index.html for every address that the app
// routes by itself. Files are read, hashed and compressed once, when first asked for.
type assets struct {
	files fs.FS
	keep  bool // false: a developer's folder, read anew each time
	mu    sync.Mutex
	ready map[string]*asset
}

type asset struct {
	plain, gzip []byte // gzip is nil when it does not pay
	kind        string // content type
	etag        string
}

// newAssets serves the embedded app, or a developer's folder when dev is set.
func newAssets(dev string) (*assets, error) {
	if dev != "" {
		if _, err := os.Stat(dev); err != nil {
			return nil, err
		}
		return &assets{files: os.DirFS(dev), ready: map[string]*asset{}}, nil
	}
	files, err := fs.Sub(built, "web/dist")
	return &assets{files: files, keep: true, ready: map[string]*asset{}}, err
}

// serve answers GET for everything that no other route takes.
func (a *assets) serve(c echo.Context) error {
	r := c.Request()
	name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
	if name == "" {
		name = "index.html"
	}
	f, err := a.get(name)
	if errors.Is(err, fs.ErrNotExist) && path.Ext(name) == "" && !reserved(name) {
		name = "index.html"
		f, err = a.get(name)
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
		return echo.ErrNotFound
	}
	if err != nil {
		return err
	}

	h := c.Response().Header()
	// Vite puts a hash into the names below assets/; everything else may change under its name.
	if strings.HasPrefix(name, "assets/") {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		h.Set("Cache-Control", "no-cache")
	}
	h.Set("Etag", f.etag)
	h.Add("Vary", "Accept-Encoding")
	if match := r.Header.Get("If-None-Match"); match != "" && strings.Contains(match, f.etag) {
		return c.NoContent(http.StatusNotModified)
	}
	body := f.plain
	if f.gzip != nil && acceptsGzip(r) {
		h.Set("Content-Encoding", "gzip")
		body = f.gzip
	}
	return c.Blob(http.StatusOK, f.kind, body)
}

// reserved are the first parts of addresses that are never the app's.
func reserved(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	switch first {
	case "api", "hooks", "assets":
		return true
	}
	return false
}

func (a *assets) get(name string) (*asset, error) {
	if a.keep {
		a.mu.Lock()
		defer a.mu.Unlock()
		if f := a.ready[name]; f != nil {
			return f, nil
		}
	}
	b, err := fs.ReadFile(a.files, name)
	if err != nil {
		if info, statErr := fs.Stat(a.files, name); statErr == nil && info.IsDir() {
			return nil, fs.ErrNotExist
		}
		return nil, err
	}
	f := newAsset(name, b)
	if a.keep {
		a.ready[name] = f
	}
	return f, nil
}

func newAsset(name string, b []byte) *asset {
	sum := sha256.Sum256(b)
	f := &asset{plain: b, kind: contentType(name), etag: `W/"` + hex.EncodeToString(sum[:12]) + `"`}
	switch path.Ext(name) {
	case ".woff2", ".png", ".jpg", ".webp", ".mp3", ".ogg":
		return f // compressed already
	}
	var z bytes.Buffer
	w, _ := gzip.NewWriterLevel(&z, gzip.BestCompression)
	_, _ = w.Write(b)
	if w.Close() == nil && z.Len() < len(b)*9/10 {
		f.gzip = z.Bytes()
	}
	return f
}

// contentType does not depend on the machine's mime tables for what the app consists of.
func contentType(name string) string {
	switch ext := path.Ext(name); ext {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".json", ".map":
		return "application/json"
	case ".webmanifest":
		return "application/manifest+json"
	case ".svg":
		return "image/svg+xml"
	case ".woff2":
		return "font/woff2"
	case ".txt":
		return "text/plain; charset=utf-8"
	default:
		if t := mime.TypeByExtension(ext); t != "" {
			return t
		}
		return "application/octet-stream"
	}
}

func acceptsGzip(r *http.Request) bool {
	for _, part := range strings.Split(r.Header.Get("Accept-Encoding"), ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		if name == "gzip" && strings.ReplaceAll(q, " ", "") != "q=0" {
			return true
		}
	}
	return false
}
