package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

// door is an account's webhook.
type door struct{ addr, path string }

// caller is one HTTP connection. It writes and reads HTTP by hand: net/http would cost the bench more than the hub
// costs, on the same cores.
type caller struct {
	host string
	c    net.Conn
	r    *bufio.Reader
	out  []byte
}

func dialCaller(addr string) (*caller, error) {
	c, err := net.DialTimeout("tcp", addr, 10*time.Second)
	if err != nil {
		return nil, err
	}
	return &caller{host: addr, c: c, r: bufio.NewReaderSize(c, 2048)}, nil
}

func (c *caller) close() { c.c.Close() }

// post sends a body and reads the answer. headers are whole lines, each ending in \r\n. An answer other than 200 is an error.
func (c *caller) post(path, headers string, body []byte) ([]byte, error) {
	c.out = append(c.out[:0], "POST "...)
	c.out = append(c.out, path...)
	c.out = append(c.out, " HTTP/1.1\r\nHost: "...)
	c.out = append(c.out, c.host...)
	c.out = append(c.out, "\r\nContent-Type: application/json\r\n"...)
	c.out = append(c.out, headers...)
	c.out = append(c.out, "Content-Length: "...)
	c.out = strconv.AppendInt(c.out, int64(len(body)), 10)
	c.out = append(c.out, "\r\n\r\n"...)
	c.out = append(c.out, body...)
	c.c.SetDeadline(time.Now().Add(30 * time.Second))
	if _, err := c.c.Write(c.out); err != nil {
		return nil, err
	}
	status, length := "", -1
	for first := true; ; first = false {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if first {
			status = string(line)
		} else if len(line) == 0 {
			break
		} else if name, value, _ := bytes.Cut(line, []byte(": ")); bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(value)); err != nil {
				return nil, err
			}
		}
	}
	if length < 0 {
		return nil, errors.New("an answer without a length")
	}
	answer := make([]byte, length)
	if _, err := io.ReadFull(c.r, answer); err != nil {
		return nil, err
	}
	if !strings.HasPrefix(status, "HTTP/1.1 200 ") {
		return nil, fmt.Errorf("%s: %s", status, answer)
	}
	return answer, nil
}

// benchText marks a message with its number; it stands in the text so that agents' sockets show it.
func benchText(n int) string {
	return "bench " + strconv.Itoa(n) + " Hello, where is my order? It should have come on Tuesday, said the shop."
}

const benchMark = `"text":"bench `

// phone is the n-th customer's number.
func phone(n int) string { return fmt.Sprintf("+98912%07d", n) }

// smsBody is what a gateway posts: messages first … first+count-1, from the customers that from tells.
func smsBody(first, count int, from func(n int) string) []byte {
	b := []byte(`{"messages":[`)
	for n := first; n < first+count; n++ {
		if n > first {
			b = append(b, ',')
		}
		b = append(b, `{"id":"`...)
		b = strconv.AppendInt(b, int64(n), 10)
		b = append(b, `","from":"`...)
		b = append(b, from(n)...)
		b = append(b, `","to":"300050","text":"`...)
		b = append(b, benchText(n)...)
		b = append(b, `"}`...)
	}
	return append(b, `]}`...)
}

// sms delivers a gateway's body, signed.
func (c *caller) sms(d door, body []byte) error {
	t := strconv.FormatInt(time.Now().Unix(), 10)
	mac := hmac.New(sha256.New, []byte(benchSecret))
	mac.Write([]byte(t + "."))
	mac.Write(body)
	_, err := c.post(d.path, "X-Tamas-Signature: t="+t+",v1="+hex.EncodeToString(mac.Sum(nil))+"\r\n", body)
	return err
}

// session makes a visitor and gives its token.
func (c *caller) session(d door) (string, error) {
	answer, err := c.post(d.path+"session", "Origin: "+benchOrigin+"\r\n", []byte("{}"))
	if err != nil {
		return "", err
	}
	var s struct{ Token string }
	err = json.Unmarshal(answer, &s)
	return s.Token, err
}

// chatFrame is a visitor's message; over HTTP the "t" may stay.
func chatFrame(n int) []byte {
	return []byte(`{"t":"send","key":"bench-k` + strconv.Itoa(n) + `","text":"` + benchText(n) + `"}`)
}

// chat posts a visitor's message.
func (c *caller) chat(d door, token string, n int) error {
	_, err := c.post(d.path+"messages", "Origin: "+benchOrigin+"\r\nAuthorization: Bearer "+token+"\r\n", chatFrame(n))
	return err
}

// visitor is an open web chat.
type visitor struct{ conn *websocket.Conn }

func openVisitor(ctx context.Context, d door, token string) (*visitor, error) {
	dialer := websocket.Dialer{Subprotocols: []string{"tamas.webchat.1", token}, ReadBufferSize: 1024, WriteBufferSize: 512, HandshakeTimeout: 30 * time.Second}
	conn, resp, err := dialer.DialContext(ctx, "ws://"+d.addr+d.path+"socket", http.Header{"Origin": {benchOrigin}})
	if err != nil {
		return nil, fmt.Errorf("a visitor's socket: %w%s", err, said(resp))
	}
	_, hello, err := conn.ReadMessage()
	if err == nil && !bytes.HasPrefix(hello, []byte(`{"t":"hello"`)) {
		err = fmt.Errorf("a visitor's socket begins with %.100s", hello)
	}
	return &visitor{conn}, err
}

func said(resp *http.Response) string {
	if resp == nil {
		return ""
	}
	b, _ := io.ReadAll(io.LimitReader(resp.Body, 300))
	return ": " + resp.Status + " " + string(b)
}

func (v *visitor) send(n int) error { return v.conn.WriteMessage(websocket.TextMessage, chatFrame(n)) }

var ackMark = []byte(`{"t":"ack","key":"bench-k`)

// acked reads until a message is acknowledged and gives its number.
func (v *visitor) acked() (int, error) {
	for {
		_, b, err := v.conn.ReadMessage()
		if err != nil {
			return 0, err
		}
		if rest, ok := bytes.CutPrefix(b, ackMark); ok {
			return leadingNumber(rest), nil
		}
		if bytes.HasPrefix(b, []byte(`{"t":"nack"`)) {
			return 0, fmt.Errorf("a visitor's message was refused: %s", b)
		}
	}
}

// leadingNumber reads the digits that b begins with.
func leadingNumber(b []byte) int {
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' {
			break
		}
		n = 10*n + int(c-'0')
	}
	return n
}

// watcher is an agent's live socket.
type watcher struct {
	conn *websocket.Conn
	read atomic.Int64 // bytes of the connection
	err  error        // why it ended; after follow
}

// counting counts what is read of a connection.
type counting struct {
	net.Conn
	n *atomic.Int64
}

func (c counting) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.n.Add(int64(n))
	return n, err
}

func (h *benchHub) watch(ctx context.Context) (*watcher, error) {
	return h.watchAs(ctx, http.Header{"Authorization": {"Bearer " + h.token}})
}

func (h *benchHub) watchAs(ctx context.Context, who http.Header) (*watcher, error) {
	w := &watcher{}
	dialer := websocket.Dialer{ReadBufferSize: 16 << 10, WriteBufferSize: 512, HandshakeTimeout: 30 * time.Second,
		NetDialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := (&net.Dialer{}).DialContext(ctx, network, addr)
			return counting{c, &w.read}, err
		}}
	conn, resp, err := dialer.DialContext(ctx, "ws://"+h.addr+"/api/v1/live", who)
	if err != nil {
		return nil, fmt.Errorf("an agent's socket: %w%s", err, said(resp))
	}
	w.conn = conn
	_, _, err = conn.ReadMessage() // hello
	return w, err
}

// follow calls seen with the number of each message that the socket shows, until the connection ends.
func (w *watcher) follow(seen func(n int)) {
	mark := []byte(benchMark)
	for {
		_, b, err := w.conn.ReadMessage()
		if err != nil {
			w.err = err
			return
		}
		for {
			i := bytes.Index(b, mark)
			if i < 0 {
				break
			}
			b = b[i+len(mark):]
			seen(leadingNumber(b))
		}
	}
}

// drain reads and forgets: a socket that is only there to be written to. Pings are not answered; a run is shorter
// than the hub's patience.
func (w *watcher) drain() {
	b := make([]byte, 32<<10)
	for {
		if _, err := w.conn.NetConn().Read(b); err != nil {
			w.err = err
			return
		}
	}
}
