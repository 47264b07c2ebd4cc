package inbox

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf8"

	"tamas/channels"
)

// fileHub is a hub that only stores files.
func fileHub(t testing.TB) *Hub {
	b, err := OpenBlobs(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return &Hub{blobs: b}
}

// picture is red on its left half and blue on its right one.
func picture(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{255, 0, 0, 255}
			if x >= w/2 {
				c = color.RGBA{0, 0, 255, 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	return img
}

func pngOf(t testing.TB, img image.Image) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// jpegOf writes a JPEG with an EXIF orientation.
func jpegOf(t testing.TB, img image.Image, orientation byte) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	exif := []byte("Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00" + string(orientation) + "\x00\x00\x00\x00\x00\x00\x00")
	head := append([]byte{0xff, 0xd8, 0xff, 0xe1}, binary.BigEndian.AppendUint16(nil, uint16(len(exif)+2))...)
	return append(append(head, exif...), b.Bytes()[2:]...)
}

func TestStoreFileSeesWhatAFileIs(t *testing.T) {
	h := fileHub(t)
	var moving bytes.Buffer
	if err := gif.Encode(&moving, picture(30, 20), nil); err != nil {
		t.Fatal(err)
	}
	webm := append([]byte{0x1a, 0x45, 0xdf, 0xa3, 0x9f, 0x42, 0x86, 0x81, 0x01, 0x42, 0xf7, 0x81, 0x01, 0x42, 0xf2, 0x81, 0x04, 0x42, 0xf3, 0x81, 0x08, 0x42, 0x82, 0x84}, "webm"...)
	tests := []struct {
		what             string
		name, said, kind string
		content          []byte
		wantType         string
		wantKind         string
		w, h             int
	}{
		{"a picture", "a.png", "image/png", "", pngOf(t, picture(300, 200)), "image/png", "image", 300, 200},
		{"a picture under another name", "a.exe", "application/x-msdownload", "", pngOf(t, picture(3, 2)), "image/png", "image", 3, 2},
		{"a photo that lies on its side", "a.jpg", "image/jpeg", "", jpegOf(t, picture(40, 20), 6), "image/jpeg", "image", 20, 40},
		{"a moving picture", "a.gif", "", "", moving.Bytes(), "image/gif", "image", 30, 20},
		{"a page that says it is a picture", "a.png", "image/png", "", []byte("<!DOCTYPE html><script>alert(1)</script>"), "text/html", "file", 0, 0},
		{"a drawing", "a.svg", "image/svg+xml", "image", []byte(`<svg xmlns="http://www.w3.org/2000/svg"></svg>`), "image/svg+xml", "file", 0, 0},
		{"a table", "a.csv", "text/csv", "", []byte("one"), "text/csv", "file", 0, 0},
		{"text that says it is a page", "a.txt", "text/html", "", []byte("just words"), "text/plain", "file", 0, 0},
		{"unknown bytes that say they are a picture", "a.png", "image/png", "", []byte{0, 1, 2, 3}, "application/octet-stream", "file", 0, 0},
		{"what only its sender knows", "a.dwg", "application/acad", "", []byte{0, 1, 2, 3}, "application/acad", "file", 0, 0},
		{"what only its name tells", "b.css", "", "", []byte("a{}"), "text/css", "file", 0, 0},
		{"a recorded voice", "voice.webm", "audio/webm;codecs=opus", "voice", webm, "audio/webm", "voice", 0, 0},
		{"a film", "film.webm", "", "voice", webm, "video/webm", "video", 0, 0},
		{"a document", "a.pdf", "", "", []byte("%PDF-1.7\n"), "application/pdf", "file", 0, 0},
		{"a mail as it came", "message.eml", "message/rfc822", "raw", []byte("\x00\x01 garbled"), "message/rfc822", "raw", 0, 0},
		{"nothing", "", "", "", nil, "text/plain", "file", 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			in := channels.File{Name: tt.name, Type: tt.said, Kind: tt.kind, Blob: "forged", Size: 99, CID: "c1", Missing: "forged"}
			f, err := h.StoreFile(t.Context(), in, bytes.NewReader(tt.content), 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			if f.Type != tt.wantType || f.Kind != tt.wantKind || f.Width != tt.w || f.Height != tt.h || f.CID != "c1" || f.Missing != "" || f.Name == "" {
				t.Fatalf("%+v", f)
			}
			r, err := h.blobs.Open(f.Blob)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if got, _ := io.ReadAll(r); !bytes.Equal(got, tt.content) || f.Size != int64(len(tt.content)) {
				t.Errorf("%d bytes came back of %d", len(got), len(tt.content))
			}
		})
	}
}

func TestAFileOverTheLimitIsMissing(t *testing.T) {
	h := fileHub(t)
	in := channels.File{Name: "big.png", Type: "image/png"}
	f, err := h.StoreFile(t.Context(), in, io.LimitReader(endless{}, 4<<20), 2<<20)
	if err != nil || f.Missing != "larger than 2 MB" || f.Blob != "" || f.Name != "big.png" {
		t.Fatalf("%+v, %v", f, err)
	}
	if f, err = h.StoreFile(t.Context(), in, io.LimitReader(endless{}, 2<<20), 2<<20); err != nil || f.Missing != "" {
		t.Fatalf("%+v, %v", f, err)
	}
	broken := errors.New("the provider hung up")
	if _, err = h.StoreFile(t.Context(), in, io.MultiReader(io.LimitReader(endless{}, 1<<20), failing{broken}), 2<<20); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err = h.StoreFile(ctx, in, io.LimitReader(endless{}, 1<<20), 2<<20); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	left, _ := filepath.Glob(filepath.Join(h.blobs.dir, newBlob+"*"))
	if len(left) != 0 {
		t.Errorf("%q are left", left)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { clear(p); return len(p), nil }

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// A large file takes no more memory than a small one.
func TestStoringTakesFlatMemory(t *testing.T) {
	h := fileHub(t)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := h.StoreFile(t.Context(), channels.File{Name: "a"}, io.LimitReader(endless{}, 50<<20), 50<<20); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 4<<20 {
		t.Errorf("%d bytes were allocated for 50 MB", n)
	}
}

func TestBlobsSweepWhatDeadWritersLeft(t *testing.T) {
	dir := t.TempDir()
	old, young, other := filepath.Join(dir, newBlob+"1"), filepath.Join(dir, newBlob+"2"), filepath.Join(dir, "readme")
	for _, p := range []string{old, young, other} {
		if err := os.WriteFile(p, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	past := time.Now().Add(-2 * staleBlob)
	for _, p := range []string{old, other} {
		if err := os.Chtimes(p, past, past); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := OpenBlobs(dir); err != nil {
		t.Fatal(err)
	}
	for p, want := range map[string]bool{old: false, young: true, other: true} {
		if _, err := os.Stat(p); (err == nil) != want {
			t.Errorf("%s: %v", p, err)
		}
	}
}

func TestFileNames(t *testing.T) {
	for in, want := range map[string]string{
		"گزارش نهایی.pdf":                  "گزارش نهایی.pdf",
		"می\u200cخواهم.txt":                "می\u200cخواهم.txt",
		"../../etc/passwd":                 "passwd",
		`C:\Users\a\b.txt`:                 "b.txt",
		"invoice\u202egpj.exe":             "invoicegpj.exe",
		"a\u2066b\u200bc\ufeff.txt":        "abc.txt",
		"a\x00b\r\nc.txt":                  "ab  c.txt",
		"..":                               "",
		" . ":                              "",
		".htaccess":                        "htaccess",
		"con":                              "_con",
		"LPT1.txt":                         "_LPT1.txt",
		"console.txt":                      "console.txt",
		`a<b>:"|?*.txt`:                    "a_b______.txt",
		"a.txt. . ":                        "a.txt",
		strings.Repeat("م", 300) + ".docx": strings.Repeat("م", 97) + ".docx",
		"a." + strings.Repeat("x", 300):    "a." + strings.Repeat("x", 198),
	} {
		if got := cleanFileName(in); got != want {
			t.Errorf("%q becomes %q, not %q", in, got, want)
		}
	}
}

func FuzzFileName(f *testing.F) {
	for _, s := range []string{"a.txt", "../x", "con.", " . .", "a\u202eb", "\xff\xfe.", "nul\x00.txt", strings.Repeat("é", 150) + "." + strings.Repeat("x", 15)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := cleanFileName(s)
		if again := cleanFileName(got); again != got {
			t.Fatalf("%q becomes %q, and that %q", s, got, again)
		}
		if len(got) > maxFileName || !utf8.ValidString(got) || strings.ContainsAny(got, "/\\\x00\r\n<>:\"|?*\u202a\u202e\u2066") || strings.HasPrefix(got, ".") || strings.HasSuffix(got, ".") {
			t.Fatalf("%q becomes %q", s, got)
		}
	})
}

func TestThumb(t *testing.T) {
	h := fileHub(t)
	store := func(content []byte) string {
		f, err := h.StoreFile(t.Context(), channels.File{}, bytes.NewReader(content), 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		return f.Blob
	}
	clear := picture(1000, 500)
	clear.SetRGBA(0, 0, color.RGBA{})
	for _, tt := range []struct {
		what    string
		content []byte
		media   string
		w, h    int
	}{
		{"wide", pngOf(t, picture(1000, 500)), "image/jpeg", 480, 240},
		{"high", pngOf(t, picture(500, 1000)), "image/jpeg", 240, 480},
		{"very high", pngOf(t, picture(2, 2000)), "image/jpeg", 1, 480},
		{"small", pngOf(t, picture(40, 30)), "image/jpeg", 40, 30},
		{"with holes", pngOf(t, clear), "image/png", 480, 240},
		{"on its side", jpegOf(t, picture(600, 300), 6), "image/jpeg", 240, 480},
	} {
		blob := store(tt.content)
		for range 2 { // made, and kept
			f, media, err := h.Thumb(t.Context(), blob)
			if err != nil {
				t.Fatalf("%s: %v", tt.what, err)
			}
			cfg, _, err := image.DecodeConfig(f)
			f.Close()
			if err != nil || media != tt.media || cfg.Width != tt.w || cfg.Height != tt.h {
				t.Errorf("%s: %s %d×%d, %v", tt.what, media, cfg.Width, cfg.Height, err)
			}
		}
	}
	if _, _, err := h.Thumb(t.Context(), strings.Repeat("0", 64)); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	if _, _, err := h.Thumb(t.Context(), "../../etc/passwd"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// Every orientation is turned so that what the camera saw on the left is on the left.
func TestThumbsAreUpright(t *testing.T) {
	h := fileHub(t)
	isRed := func(img image.Image, x, y int) bool { r, _, b, _ := img.At(x, y).RGBA(); return r > b }
	// Where the red half of the stored picture is to be seen: x, y of a point in it, on a 40×20 or 20×40 picture.
	for orientation, p := range map[byte][2]int{1: {2, 10}, 2: {37, 10}, 3: {37, 10}, 4: {2, 10}, 5: {10, 2}, 6: {10, 2}, 7: {10, 37}, 8: {10, 37}} {
		f, err := h.StoreFile(t.Context(), channels.File{}, bytes.NewReader(jpegOf(t, picture(40, 20), orientation)), 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		r, _, err := h.Thumb(t.Context(), f.Blob)
		if err != nil {
			t.Fatal(err)
		}
		img, _, err := image.Decode(r)
		r.Close()
		if err != nil {
			t.Fatal(err)
		}
		b := img.Bounds()
		if !isRed(img, p[0], p[1]) || isRed(img, b.Dx()-1-p[0], b.Dy()-1-p[1]) || b.Dx() != f.Width || b.Dy() != f.Height {
			t.Errorf("orientation %d: %v", orientation, b)
		}
	}
}

// A PNG of 16-bit greys of which one is transparent takes eight bytes a pixel once it is decoded, not the two that its header tells.
func TestThumbCountsWhatIsDecoded(t *testing.T) {
	h := fileHub(t)
	var whole bytes.Buffer // not compressed: that would take most of the test's time
	if err := (&png.Encoder{CompressionLevel: png.NoCompression}).Encode(&whole, image.NewGray16(image.Rect(0, 0, 5100, 5100))); err != nil {
		t.Fatal(err)
	}
	b := whole.Bytes()
	chunk := []byte("\x00\x00\x00\x02tRNS\x00\x00")
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(chunk[4:]))
	const header = 8 + 25
	f, err := h.StoreFile(t.Context(), channels.File{Name: "a.png"}, io.MultiReader(bytes.NewReader(b[:header]), bytes.NewReader(chunk), bytes.NewReader(b[header:])), 1<<30)
	if err != nil || f.Width != 5100 {
		t.Fatalf("%+v, %v", f, err)
	}
	if _, _, err := h.Thumb(t.Context(), f.Blob); !errors.Is(err, ErrNoThumb) {
		t.Errorf("%v", err)
	}
}

// The decoder passes over what stands between the segments of a JPEG. What can only be found so is taken for the dearer kind.
func TestJPEGHeaderIsNotDeceived(t *testing.T) {
	const sequential, progressive = "\xff\xc0\x00\x04\x08\x00", "\xff\xc2\x00\x04\x08\x00"
	for head, want := range map[string]bool{
		sequential + "\xff\xda":                         false,
		progressive + "\xff\xda":                        true,
		"\xff\xe0\x00\x03x" + sequential:                false,
		"\xff" + progressive:                            true, // a fill byte
		"x" + progressive + sequential:                  true,
		"\xff\xd0\x00\x08" + progressive + sequential:   true, // a marker without a size
		"\xff\x00\x00\x08" + progressive + sequential:   true,
		"\xff\xff\xc2\x00\x0b\x08\x00\x01" + sequential: true,
	} {
		if p := jpegHeader(bufioReader([]byte("\xff\xd8" + head + strings.Repeat("\x00", 8)))); p.progressive != want {
			t.Errorf("%q: %+v", head, p)
		}
	}
}

// A bomb is small on disk and huge in memory: it is refused by its header. So is what is no image, and that is remembered.
func TestThumbRefusesBombs(t *testing.T) {
	h := fileHub(t)
	bomb := pngOf(t, picture(1, 1))
	binary.BigEndian.PutUint32(bomb[16:], 60_000)
	binary.BigEndian.PutUint32(bomb[20:], 60_000)
	binary.BigEndian.PutUint32(bomb[29:], crc32.ChecksumIEEE(bomb[12:29]))
	for what, content := range map[string][]byte{"a bomb": bomb, "half an image": pngOf(t, picture(300, 300))[:200], "no image": []byte("hello"), "nothing": nil} {
		f, err := h.StoreFile(t.Context(), channels.File{}, bytes.NewReader(content), 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if _, _, err := h.Thumb(t.Context(), f.Blob); !errors.Is(err, ErrNoThumb) {
					t.Errorf("%s: %v", what, err)
				}
			})
		}
		wg.Wait()
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 8<<20 {
			t.Errorf("%s: %d bytes were allocated", what, n)
		}
		if _, err := os.Stat(h.blobs.path(f.Blob) + ".thumb.none"); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func FuzzImageHeader(f *testing.F) {
	f.Add(jpegOf(f, picture(4, 4), 3))
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x10Exif\x00\x00MM\x00*\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if o := exifOrientation(b); o < 1 || o > 8 {
			t.Fatal(o)
		}
		if p := jpegHeader(bufioReader(b)); p.orientation < 1 || p.orientation > 8 {
			t.Fatal(p)
		}
	})
}

// Content that breaks off is not the whole of it, wherever that is.
func TestContentThatBreaksOff(t *testing.T) {
	b, err := OpenBlobs(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 10, blobChunk, blobChunk + 1, 3*blobChunk - 1} {
		content := io.MultiReader(bytes.NewReader(make([]byte, n)), iotest.ErrReader(io.ErrUnexpectedEOF))
		if name, size, err := b.Write(content, 1<<30); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("after %d bytes: stored as %q, %d bytes, %v", n, name, size, err)
		}
		whole := bytes.Repeat([]byte{7}, n)
		name, size, err := b.Write(iotest.OneByteReader(bytes.NewReader(whole)), 1<<30)
		if sum := sha256.Sum256(whole); err != nil || size != int64(n) || name != hex.EncodeToString(sum[:]) {
			t.Errorf("%d bytes: %q, %d, %v", n, name, size, err)
		}
	}
}
