package email

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"

	"tamas/channels"
	"tamas/channels/channeltest"
	"tamas/internal/testenv"
)

// flatDesk stores files nowhere, and notes how much memory was in use meanwhile.
type flatDesk struct {
	*channeltest.Desk
	most uint64
	err  error
}

func (d *flatDesk) Store(_ context.Context, f channels.File, content io.Reader) (channels.File, error) {
	if d.err != nil {
		return f, d.err
	}
	sum, buf := sha256.New(), make([]byte, 1<<20)
	for {
		n, err := content.Read(buf)
		sum.Write(buf[:n])
		f.Size += int64(n)
		if f.Size%(8<<20) < int64(n) {
			d.look()
		}
		if err == io.EOF {
			break
		} else if err != nil {
			return f, err
		}
	}
	f.Blob = hex.EncodeToString(sum.Sum(nil))
	return f, nil
}

func (d *flatDesk) look() {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	d.most = max(d.most, m.HeapAlloc)
}

// pattern is n bytes that do not repeat soon.
func pattern(n int64) io.Reader {
	return io.LimitReader(&counter{}, n)
}

type counter struct{ n uint64 }

func (c *counter) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(c.n * 0x9e3779b97f4a7c15 >> 56)
		c.n++
	}
	return len(p), nil
}

// A file of 50 MB goes through in whatever wrapping, and memory stays flat.
func TestBigFilesAreStreamed(t *testing.T) {
	size := int64(50 << 20)
	if testenv.Raced {
		size = 16 << 20
	}
	sum := sha256.New()
	io.Copy(sum, pattern(size))
	want := hex.EncodeToString(sum.Sum(nil))
	encode := func(w io.Writer, r io.Reader) {
		c := &composer{w: w}
		c.base64(r)
	}
	begin := "From: Sara <sara@example.org>\r\nMessage-ID: <q1@example.org>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSee the film.\r\n"
	part := "--b\r\nContent-Type: video/mp4; name=film.mp4\r\nContent-Transfer-Encoding: "
	for name, write := range map[string]func(w io.Writer){
		"base64": func(w io.Writer) {
			io.WriteString(w, begin+part+"base64\r\n\r\n")
			encode(w, pattern(size))
			io.WriteString(w, "--b--\r\n")
		},
		"within a mail within it": func(w io.Writer) {
			io.WriteString(w, strings.Replace(begin, "boundary=b", "boundary=o", 1)[:strings.Index(begin, "--b")]+"--o\r\nContent-Type: message/rfc822\r\n\r\n"+begin+part+"base64\r\n\r\n")
			encode(w, pattern(size))
			io.WriteString(w, "--b--\r\n--o--\r\n")
		},
		"winmail.dat": func(w io.Writer) {
			io.WriteString(w, begin+"--b\r\nContent-Type: application/ms-tnef\r\nContent-Transfer-Encoding: base64\r\n\r\n")
			attr := func(id uint32, n uint32) []byte {
				return []byte{2, byte(id), byte(id >> 8), byte(id >> 16), byte(id >> 24), byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)}
			}
			encode(w, io.MultiReader(bytes.NewReader([]byte{0x78, 0x9f, 0x3e, 0x22, 1, 0}),
				bytes.NewReader(append(attr(0x00069002, 14), make([]byte, 16)...)),
				bytes.NewReader(append(attr(0x00018010, 9), "film.mp4\x00\x00\x00"...)),
				bytes.NewReader(attr(0x0006800f, uint32(size))), pattern(size), bytes.NewReader(make([]byte, 2))))
			io.WriteString(w, "--b--\r\n")
		},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := os.CreateTemp(t.TempDir(), "mail")
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			write(f)
			length, _ := f.Seek(0, io.SeekCurrent)
			a, plain := corpusAdapter(t)
			desk := &flatDesk{Desk: plain}
			a.cfg.Desk = desk
			desk.look()
			before := desk.most
			batch, err := a.batch(context.Background(), []*letter{{src: io.NewSectionReader(f, 0, length)}})
			if err != nil {
				t.Fatal(err)
			}
			files := batch.Messages[0].Files
			film := files[len(files)-1]
			if film.Name != "film.mp4" || film.Size != size || film.Blob != want || !strings.HasSuffix(batch.Messages[0].Text, "See the film.") {
				t.Errorf("text %q, files %+v", batch.Messages[0].Text, files)
			}
			if grown := int64(desk.most) - int64(before); grown > 8<<20 {
				t.Errorf("memory grew by %d KB", grown>>10)
			} else {
				t.Logf("memory grew by %d KB", grown>>10)
			}
		})
	}
}

// A file over the account's limit is named, without its content; a store that is away lets the mail be delivered again.
func TestStoreLimitsAndFailures(t *testing.T) {
	raw := []byte("From: sara@example.org\r\nMessage-ID: <q1@x>\r\nContent-Type: image/png; name=p.png\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
		base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("x"), 3000)) + "\r\n")
	a, desk := corpusAdapter(t)
	desk.SetMaxFile(1000)
	batch, err := a.batch(context.Background(), []*letter{{raw: raw}})
	if err != nil || len(batch.Messages[0].Files) != 1 || batch.Messages[0].Files[0].Missing == "" || batch.Messages[0].Files[0].Name != "p.png" {
		t.Errorf("%+v %v", batch, err)
	}
	a.cfg.Desk = &flatDesk{Desk: desk, err: channels.ErrUnrecorded}
	if _, err = a.batch(context.Background(), []*letter{{raw: raw}}); !errors.Is(err, channels.ErrUnrecorded) {
		t.Errorf("a store that is away: %v", err)
	}
	// A source that fails is no short mail.
	for _, good := range []int64{0, 60, int64(len(raw)) - 200} {
		if _, err = a.batch(context.Background(), []*letter{{src: &failing{bytes.NewReader(raw), good}}}); !errors.Is(err, errBroken) && !errors.Is(err, channels.ErrUnrecorded) {
			t.Errorf("a source that fails after %d bytes: %v", good, err)
		}
	}
}

var errBroken = errors.New("the disk is broken")

// failing is a source that can be read up to some byte.
type failing struct {
	*bytes.Reader
	good int64
}

func (f *failing) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > f.good && off < f.Size() {
		return 0, errBroken
	}
	return f.Reader.ReadAt(p, off)
}

// Many parts, and what is behind the bound is told.
func TestPartsAreBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString("From: sara@example.org\r\nMessage-ID: <q1@x>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n")
	for i := range 2 * maxParts {
		fmt.Fprintf(&b, "--b\r\nContent-Type: image/gif; name=%d.gif\r\n\r\nx\r\n", i)
	}
	a, _ := corpusAdapter(t)
	batch, err := a.batch(context.Background(), []*letter{{raw: []byte(b.String())}})
	files := batch.Messages[0].Files
	if err != nil || len(files) > maxParts+1 || files[len(files)-1].Missing == "" || files[0].Missing != "" {
		t.Errorf("%d files, last %+v, %v", len(files), files[len(files)-1], err)
	}
}
