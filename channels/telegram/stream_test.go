package telegram

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"tamas/channels"
	"tamas/channels/channeltest"
	"tamas/channels/telegram/telegramtest"
)

// sink is a desk whose files are zeros on the way out and are counted on the way in.
type sink struct {
	*channeltest.Desk
	size int64
	got  int64
}

func (s *sink) MaxFile() int64 { return 100 << 20 }

func (s *sink) Open(context.Context, string) (io.ReadCloser, error) {
	return io.NopCloser(io.LimitReader(zeroReader{}, s.size)), nil
}

func (s *sink) Store(_ context.Context, f channels.File, content io.Reader) (channels.File, error) {
	n, err := io.Copy(io.Discard, content)
	s.got, f.Blob, f.Size = n, "b", n
	return f, err
}

// Files pass through without being held: 50 MB cost no more memory than a few buffers, here and in the double together.
func TestStreams(t *testing.T) {
	const size = 50 << 20
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/file/"):
			w.Header().Set("Content-Length", fmt.Sprint(size))
			_, _ = io.Copy(w, io.LimitReader(zeroReader{}, size))
		case strings.HasSuffix(r.URL.Path, "/getFile"):
			fmt.Fprint(w, `{"ok":true,"result":{"file_id":"f","file_path":"documents/file_1"}}`)
		default:
			n, _ := io.Copy(io.Discard, r.Body)
			fmt.Fprintf(w, `{"ok":%v,"error_code":400,"description":"%d bytes","result":{"message_id":5,"date":1,"chat":{"id":4000,"type":"private"}}}`, n > size && n == r.ContentLength, n)
		}
	}))
	defer srv.Close()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	set, _ := json.Marshal(map[string]any{"token": telegramtest.Token, "api_url": srv.URL})
	desk := &sink{Desk: channeltest.NewDesk(), size: size}
	a, err := open(channels.Config{ID: "acc1", Settings: set, Desk: desk, Client: &http.Client{Transport: transport}}, fast)
	if err != nil {
		t.Fatal(err)
	}
	cost := func(what string, f func() error) {
		t.Helper()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		begin := time.Now()
		if err := f(); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		took := time.Since(begin)
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 4<<20 {
			t.Errorf("%s: %d bytes of memory for a file of %d", what, n, size)
		}
		t.Logf("%s: %.0f MB/s", what, size/took.Seconds()/1e6)
	}
	cost("upload", func() error {
		r, err := a.Send(t.Context(), channels.Outbound{ID: "o", Thread: "4000", Files: []channels.File{{Name: "a.zip", Type: "application/zip", Blob: "b", Size: size}}})
		if err == nil && r.ProviderID != "4000/5" {
			err = fmt.Errorf("%+v", r)
		}
		return err
	})
	cost("download", func() error {
		f, err := a.fetch(t.Context(), remote{"f", channels.File{Name: "a.zip", Kind: "file"}})
		if err == nil && (f.Missing != "" || desk.got != size) {
			err = fmt.Errorf("%+v, %d bytes", f, desk.got)
		}
		return err
	})
}
