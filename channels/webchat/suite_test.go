package webchat

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"tamas/channels/channeltest"
)

// crowd are visitors whose widgets keep what they write until the hub has ticked it off: the even ones by
// socket, the odd ones by polling.
type crowd struct {
	hook string
	stop chan struct{}
	wg   sync.WaitGroup

	mu      sync.Mutex
	waiting map[int][]clientFrame
	tokens  map[int]string
	uploads map[string]channeltest.Upload // by the key of their message
	last    func() bool                   // sends the last acknowledged message again
	n       int
}

func TestChannel(t *testing.T) {
	channeltest.Run(t, func(t *testing.T, hook string) channeltest.Rig {
		c := &crowd{hook: hook, stop: make(chan struct{}), waiting: map[int][]clientFrame{}, tokens: map[int]string{}, uploads: map[string]channeltest.Upload{}}
		t.Cleanup(func() { close(c.stop); c.wg.Wait() })
		return channeltest.Rig{
			Kind: Kind(), Settings: json.RawMessage(`{"allowed_origins":["` + site + `"],"messages_per_minute":6000}`),
			Say: c.say,
			Pending: func() (n int) {
				c.mu.Lock()
				defer c.mu.Unlock()
				for _, w := range c.waiting {
					n += len(w)
				}
				return n
			},
			Redeliver: func() { c.until(c.last) },
			SayFile:   c.sayFile,
		}
	})
}

func (c *crowd) say(n int, texts ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	idle := len(c.waiting[n]) == 0
	for _, text := range texts {
		c.n++
		c.waiting[n] = append(c.waiting[n], clientFrame{T: "send", Key: fmt.Sprintf("key-%08d", c.n), Text: text})
	}
	if idle {
		c.wg.Go(func() { c.deliver(n) })
	}
}

// sayFile puts a message with a file in line behind what the customer wrote before; it is uploaded when its turn comes.
func (c *crowd) sayFile(n int, text string, f channeltest.Upload) {
	c.mu.Lock()
	c.uploads[fmt.Sprintf("key-%08d", c.n+1)] = f
	c.mu.Unlock()
	c.say(n, text)
}

// upload gives the name that the hub has for a file.
func (c *crowd) upload(token string, f channeltest.Upload) (string, bool) {
	req, err := http.NewRequest("POST", c.hook+"files?name="+url.QueryEscape(f.Name), bytes.NewReader(f.Content))
	if err != nil {
		return "", false
	}
	req.Header = http.Header{"Origin": {site}, "Authorization": {"Bearer " + token}, "Content-Type": {f.Type}}
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", false
	}
	defer resp.Body.Close()
	var got struct{ File file }
	err = json.NewDecoder(resp.Body).Decode(&got)
	return got.File.ID, err == nil && got.File.ID != ""
}

// deliver sends what customer n wrote, each until it is ticked off.
func (c *crowd) deliver(n int) {
	for {
		c.mu.Lock()
		if len(c.waiting[n]) == 0 {
			c.mu.Unlock()
			return
		}
		f := c.waiting[n][0]
		c.mu.Unlock()
		send := func() bool { return c.send(n, f) }
		if !c.until(send) {
			return
		}
		c.mu.Lock()
		c.waiting[n], c.last = c.waiting[n][1:], send
		c.mu.Unlock()
	}
}

// until tries again until f tells true; false: the test is over.
func (c *crowd) until(f func() bool) bool {
	for !f() {
		select {
		case <-c.stop:
			return false
		case <-time.After(10 * time.Millisecond):
		}
	}
	return true
}

func (c *crowd) send(n int, f clientFrame) bool {
	c.mu.Lock()
	token := c.tokens[n]
	c.mu.Unlock()
	if token == "" {
		var s session
		if !c.post("session", "", struct{}{}, &s) {
			return false
		}
		c.mu.Lock()
		token, c.tokens[n] = s.Token, s.Token
		c.mu.Unlock()
	}
	c.mu.Lock()
	content, attached := c.uploads[f.Key]
	c.mu.Unlock()
	if attached {
		id, ok := c.upload(token, content)
		if !ok {
			return false
		}
		f.Files = []string{id}
	}
	if n%2 == 1 {
		return c.post("messages", token, f, nil)
	}
	d := websocket.Dialer{Subprotocols: []string{subprotocol, token}}
	conn, _, err := d.Dial(strings.Replace(c.hook, "http", "ws", 1)+"socket", http.Header{"Origin": {site}})
	if err != nil {
		return false
	}
	defer func() {
		// Until the hub hangs up: then it holds nothing more of this socket.
		conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Now().Add(channeltest.Patience))
		conn.NetConn().SetReadDeadline(time.Now().Add(channeltest.Patience))
		for b := make([]byte, 4096); ; {
			if _, err := conn.NetConn().Read(b); err != nil {
				break
			}
		}
		conn.Close()
	}()
	if conn.WriteJSON(f) != nil {
		return false
	}
	conn.SetReadDeadline(time.Now().Add(channeltest.Patience))
	for {
		var got serverFrame
		if conn.ReadJSON(&got) != nil || got.T == "nack" {
			return false
		}
		if got.T == "ack" && got.Key == f.Key {
			return true
		}
	}
}

func (c *crowd) post(path, token string, body, out any) bool {
	b, _ := json.Marshal(body)
	req, err := http.NewRequest("POST", c.hook+path, bytes.NewReader(b))
	if err != nil {
		return false
	}
	req.Header.Set("Origin", site)
	req.Header.Set("Authorization", "Bearer "+token)
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return resp.StatusCode == http.StatusOK && (out == nil || json.NewDecoder(resp.Body).Decode(out) == nil)
}
