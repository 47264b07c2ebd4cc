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

// script is a bundle that is built from widget/ (npm run build) and committed, so that the hub builds with Go alone.
type script struct {
	text   []byte
	zipped func() (small []byte, tag string) // as most browsers get it, and its name for caches
}

//go:embed dist/widget.js
var bundle []byte

//go:embed dist/beacon.js
var beaconBundle []byte

// scripts are what everybody may load: the same for all, they say nothing about an account.
var scripts = map[string]script{"widget.js": scriptOf(bundle), "beacon.js": scriptOf(beaconBundle)}

func scriptOf(text []byte) script {
	return script{text, sync.OnceValues(func() ([]byte, string) {
		var b bytes.Buffer
		w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is valid
		w.Write(text)
		w.Close()
		sum := sha256.Sum256(text)
		return b.Bytes(), `"` + hex.EncodeToString(sum[:8]) + `"`
	})}
}

func (s script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		refuse(w, http.StatusMethodNotAllowed, "invalid", "This address does not know the method.", 0)
		return
	}
	small, tag := s.zipped()
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
	w.Write(s.text)
}
