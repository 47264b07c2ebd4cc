package webchat

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"tamas/channels/channeltest"
)

// visitor is a widget without a face.
type visitor struct {
	t      testing.TB
	base   string // ends in /
	origin string
	session
}

func newVisitorAt(t testing.TB, base string) *visitor {
	t.Helper()
	v := &visitor{t: t, base: base, origin: site}
	if status := v.do("POST", "session", "{}", &v.session); status != http.StatusOK {
		t.Fatalf("session: %d", status)
	}
	return v
}

// do makes one request and decodes its answer into out, if given.
func (v *visitor) do(method, path, body string, out any) (status int) {
	v.t.Helper()
	resp, b := v.call(method, path, body)
	if out != nil && resp.StatusCode < 300 {
		if err := json.Unmarshal(b, out); err != nil {
			v.t.Fatalf("%s %s: %v in %q", method, path, err, b)
		}
	}
	return resp.StatusCode
}

func (v *visitor) call(method, path, body string) (*http.Response, []byte) {
	v.t.Helper()
	req, err := http.NewRequest(method, v.base+path, strings.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	if v.origin != "" {
		req.Header.Set("Origin", v.origin)
	}
	if v.Token != "" {
		req.Header.Set("Authorization", "Bearer "+v.Token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return resp, b
}

// wire is a visitor's socket.
type wire struct {
	t testing.TB
	*websocket.Conn
}

func (v *visitor) dial(after string) *wire {
	v.t.Helper()
	c, resp, err := v.tryDial(after)
	if err != nil {
		v.t.Fatalf("dial: %v (%+v)", err, resp)
	}
	v.t.Cleanup(func() { c.Close() })
	w := &wire{v.t, c}
	if f := w.next(); f.T != "hello" || f.Visitor != v.Visitor {
		v.t.Fatalf("greeted with %+v", f)
	}
	return w
}

func (v *visitor) tryDial(after string) (*websocket.Conn, *http.Response, error) {
	d := websocket.Dialer{Subprotocols: []string{subprotocol, v.Token}, HandshakeTimeout: channeltest.Patience}
	return d.Dial(strings.Replace(v.base, "http", "ws", 1)+"socket?after="+after, http.Header{"Origin": {v.origin}})
}

// next reads one frame.
func (w *wire) next() (f serverFrame) {
	w.t.Helper()
	w.SetReadDeadline(time.Now().Add(channeltest.Patience))
	if err := w.ReadJSON(&f); err != nil {
		w.t.Fatalf("read: %v", err)
	}
	return f
}

// items reads until there are n items and returns their texts; other frames are passed over.
func (w *wire) items(n int) (texts []string) {
	w.t.Helper()
	for len(texts) < n {
		for _, i := range w.next().Items {
			texts = append(texts, i.Text)
		}
	}
	return texts
}

// until reads until a frame of kind t and returns it.
func (w *wire) until(t string) serverFrame {
	w.t.Helper()
	for {
		if f := w.next(); f.T == t {
			return f
		}
	}
}

func (w *wire) say(format string, args ...any) {
	w.t.Helper()
	if err := w.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, format, args...)); err != nil {
		w.t.Fatalf("write: %v", err)
	}
}

// closed reads to the end and returns the close code.
func (w *wire) closed() int {
	w.t.Helper()
	w.SetReadDeadline(time.Now().Add(channeltest.Patience))
	for {
		if _, _, err := w.ReadMessage(); err != nil {
			if c, ok := err.(*websocket.CloseError); ok {
				return c.Code
			}
			w.t.Fatalf("ended without a close frame: %v", err)
		}
	}
}

func mustJSON(v any) string {
	var b bytes.Buffer
	json.NewEncoder(&b).Encode(v)
	return strings.TrimSpace(b.String())
}
