package inbox

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"io"
	"os"
	"testing"

	"tamas/channels"
)

func bufioReader(b []byte) *bufio.Reader { return bufio.NewReader(bytes.NewReader(b)) }

const benchFile = 50 << 20

// content is what no store has yet: another one at each call, without the cost of making it.
func content(whole []byte, i int) []byte {
	copy(whole, []byte{byte(i), byte(i >> 8), byte(i >> 16), byte(i >> 24)})
	return whole
}

// BenchmarkStore compares storing a file of 50 MB with io.Copy to the same disk, both made durable.
func BenchmarkStore(b *testing.B) {
	whole := make([]byte, benchFile)
	_, _ = rand.Read(whole)
	b.Run("copy", func(b *testing.B) {
		dir := b.TempDir()
		b.SetBytes(benchFile)
		for i := 0; b.Loop(); i++ {
			f, err := os.CreateTemp(dir, "")
			if err != nil {
				b.Fatal(err)
			}
			if _, err := io.Copy(f, onlyReader{bytes.NewReader(content(whole, i))}); err != nil {
				b.Fatal(err)
			}
			if err := f.Sync(); err != nil {
				b.Fatal(err)
			}
			f.Close()
			os.Remove(f.Name())
		}
	})
	b.Run("store", func(b *testing.B) {
		h := fileHub(b)
		b.SetBytes(benchFile)
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			f, err := h.StoreFile(b.Context(), channels.File{Name: "a"}, onlyReader{bytes.NewReader(content(whole, i))}, benchFile)
			if err != nil {
				b.Fatal(err)
			}
			os.Remove(h.blobs.path(f.Blob))
		}
	})
}

// BenchmarkRead compares reading a stored file with reading any.
func BenchmarkRead(b *testing.B) {
	h := fileHub(b)
	whole := make([]byte, benchFile)
	_, _ = rand.Read(whole)
	f, err := h.StoreFile(b.Context(), channels.File{Name: "a"}, bytes.NewReader(whole), benchFile)
	if err != nil {
		b.Fatal(err)
	}
	read := func(b *testing.B, open func() (io.ReadCloser, error)) {
		b.SetBytes(benchFile)
		for b.Loop() {
			r, err := open()
			if err != nil {
				b.Fatal(err)
			}
			if n, err := io.Copy(onlyWriter{io.Discard}, r); err != nil || n != benchFile {
				b.Fatal(n, err)
			}
			r.Close()
		}
	}
	b.Run("copy", func(b *testing.B) {
		read(b, func() (io.ReadCloser, error) { return os.Open(h.blobs.path(f.Blob)) })
	})
	b.Run("open", func(b *testing.B) {
		d := &desk{h: h}
		read(b, func() (io.ReadCloser, error) { return d.Open(b.Context(), f.Blob) })
	})
}

// Neither side may take a short cut.
type onlyReader struct{ io.Reader }
type onlyWriter struct{ io.Writer }
