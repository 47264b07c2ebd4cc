package webchat

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"net/http"
	"strings"
	"sync"
)

// The bundle is built from widget/ (npm run build) and committed, so that the hub builds with Go alone.
//
//go:embed dist/widget.js
var bundle []byte

// zipped is the bundle as most browsers get it, and its name for caches.
var zipped = sync.OnceValues(func() ([]byte, string) {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is valid
	w.Write(bundle)
	w.Close()
	sum := sha256.Sum256(bundle)
	return b.Bytes(), `"` + hex.EncodeToString(sum[:8]) + `"`
})

// serveWidget answers anybody: the bundle is the same for all and says nothing about an account.
func serveWidget(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		refuse(w, http.StatusMethodNotAllowed, "invalid", "This address does not know the method.", 0)
		return
	}
	small, tag := zipped()
	h := w.Header()
	h.Set("Content-Type", "text/javascript; charset=utf-8")
	h.Set("Cache-Control", "public, max-age=600")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("ETag", tag)
	h.Add("Vary", "Accept-Encoding")
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		w.Write(small)
		return
	}
	w.Write(bundle)
}
