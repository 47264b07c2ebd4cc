package agentui

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"tamas/inbox/record"
)

// liveItem is any item of a frame.
type liveItem struct {
	T            string        `json:"t"`
	At           record.ID     `json:"at"`
	Recorded     record.ID     `json:"recorded"`
	Agent        any           `json:"agent"`
	User         string        `json:"user"`
	ID           record.ID     `json:"id"`
	Event        *record.Event `json:"event"`
	Conversation string        `json:"conversation"`
	From         string        `json:"from"`
	On           bool          `json:"on"`
	Account      string        `json:"account"`
	State        string        `json:"state"`
	Record       string        `json:"record"`
	Part         bool          `json:"part"`
	Figures      *figuresView  `json:"figures"`
}

// liveClient is an agent's app as far as the socket goes.
type liveClient struct {
	t    testing.TB
	conn *websocket.Conn
	have []liveItem // read and not yet taken
	err  error
}

// live connects; query is "from=…" or "".
func (b *browser) live(query string, small ...bool) *liveClient {
	b.r.t.Helper()
	c, res, err := b.dial(query, b.r.http.URL, len(small) > 0)
	if err != nil {
		b.r.t.Fatalf("connect: %v (%v)", err, res)
	}
	b.r.t.Cleanup(func() { c.conn.Close() })
	return c
}

// dial connects with that Origin; small gives the connection a small receive buffer.
func (b *browser) dial(query, origin string, small bool) (*liveClient, *http.Response, error) {
	d := websocket.Dialer{Jar: b.client.Jar, HandshakeTimeout: patience}
	if small {
		d.NetDial = func(network, addr string) (net.Conn, error) {
			c, err := net.Dial(network, addr)
			if err == nil {
				err = c.(*net.TCPConn).SetReadBuffer(64 << 10)
			}
			return c, err
		}
	}
	header := http.Header{"Origin": {origin}}
	if bearer := b.header.Get("Authorization"); bearer != "" {
		header.Set("Authorization", bearer)
	}
	conn, res, err := d.Dial("ws"+strings.TrimPrefix(b.r.http.URL, "http")+"/api/v1/live?"+query, header)
	if err != nil {
		return nil, res, err
	}
	return &liveClient{t: b.r.t, conn: conn}, res, nil
}

// next reads one item; false when the socket has ended (err says how).
func (c *liveClient) next() (liveItem, bool) {
	for len(c.have) == 0 {
		_ = c.conn.SetReadDeadline(time.Now().Add(patience))
		_, b, err := c.conn.ReadMessage()
		if err != nil {
			c.err = err
			return liveItem{}, false
		}
		checkItems(c.t, b)
		must(c.t, json.Unmarshal(b, &c.have))
	}
	it := c.have[0]
	c.have = c.have[1:]
	return it, true
}

// await reads until an item is what is wanted.
func (c *liveClient) await(what string, ok func(liveItem) bool) liveItem {
	c.t.Helper()
	for {
		it, open := c.next()
		if !open {
			c.t.Fatalf("the socket ended before %s: %v", what, c.err)
		}
		if ok(it) {
			return it
		}
	}
}

func (c *liveClient) hello() liveItem {
	c.t.Helper()
	it, ok := c.next()
	if !ok || it.T != "hello" {
		c.t.Fatalf("the first item is %+v, %v", it, c.err)
	}
	return it
}

// ends reads to the end, which must come with this code.
func (c *liveClient) ends(code closeCode) {
	c.t.Helper()
	for {
		if _, ok := c.next(); !ok {
			break
		}
	}
	c.ended(code)
}

// ended checks how a socket that was read to its end did end.
func (c *liveClient) ended(code closeCode) {
	c.t.Helper()
	var ce *websocket.CloseError
	if !errors.As(c.err, &ce) || ce.Code != code.Code || ce.Text != code.Reason {
		c.t.Fatalf("the socket ended with %v, want %d %s", c.err, code.Code, code.Reason)
	}
}

func TestLive(t *testing.T) {
	r := boot(t)
	leyla := r.as("leyla")
	c := leyla.live("")
	hello := c.hello()
	if hello.User != r.users["leyla"].ID || hello.Agent == nil {
		t.Errorf("hello: %+v", hello)
	}
	conv := r.says("sara", "سلام")
	ev := c.await("the message", func(it liveItem) bool { return it.T == "event" && it.Event.Kind == record.EvReceived })
	e := ev.Event
	if e.Conversation.ID != conv.ID || e.Touch.Body.Text != "سلام" || e.Identity.Name != "sara" {
		t.Errorf("the event: %+v", e)
	}
	c.await("that it is recorded", func(it liveItem) bool { return it.T == "recorded" && it.ID.N >= ev.ID.N })

	omid := r.as("omid").live("")
	omid.hello()
	must(t, c.conn.WriteMessage(websocket.TextMessage, []byte(`{"t":"typing","conversation":"`+conv.ID+`","on":true}`)))
	it := omid.await("typing", func(it liveItem) bool { return it.T == "typing" })
	if it.Conversation != conv.ID || it.From != "agent" || it.Agent != r.users["leyla"].ID || !it.On {
		t.Errorf("typing: %+v", it)
	}
	must(t, c.conn.WriteMessage(websocket.TextMessage, []byte(`{"t":"ping"}`)))
	c.await("pong", func(it liveItem) bool { return it.T == "pong" })

	// Presence: the agent's first socket is news.
	r.until("the hub knows that Leyla is there", func() bool { a := r.hub.Agent(r.users["leyla"].ID); return a.Version > 0 && a.LostAt == 0 })
	c.conn.Close()
	r.until("the hub knows that Leyla has gone", func() bool { return r.hub.Agent(r.users["leyla"].ID).LostAt != 0 })
}

// TestLiveResume is law 11: however often a socket breaks, and to whichever node it comes back, each event comes once and in order.
func TestLiveResume(t *testing.T) {
	r := boot(t)
	b := r.as("leyla")
	// The same browser, led to either node by a load balancer.
	elsewhere := *b
	elsewhere.r = r.node()
	nodes := []*browser{b, &elsewhere}
	const writers, each = 4, 60
	var done atomic.Int32
	for w := range writers {
		go func() {
			defer done.Add(1)
			for i := range each {
				r.says(fmt.Sprintf("customer %d", w), fmt.Sprintf("%d/%d", w, i))
			}
		}()
	}
	rng := rand.New(rand.NewPCG(11, 11))
	var last record.ID
	texts, connections := map[string]int{}, 0
	for len(texts) < writers*each {
		query := ""
		if !last.IsZero() {
			query = "from=" + last.String()
		} else if int(done.Load()) > 0 {
			t.Fatal("the writers were done before the first socket")
		}
		node := nodes[rng.IntN(2)]
		c, _, err := node.dial(query, node.r.http.URL, false)
		must(t, err)
		connections++
		hello := c.hello()
		if last.IsZero() {
			last = hello.At
			// What came before the first hello is the list's to show.
			page := record.Page{}
			b.ok("GET", "/conversations?limit=200", nil, &page)
			last = page.At
			c.conn.Close()
			for _, v := range page.Items {
				d := record.Detail{}
				b.ok("GET", "/conversations/"+v.ID, nil, &d)
				for _, x := range d.Touches {
					if x.N <= last.N {
						texts[x.Body.Text]++
					}
				}
			}
			continue
		}
		if hello.At != last {
			t.Fatalf("resumed at %v, not at %v", hello.At, last)
		}
		for k := rng.IntN(25); k >= 0 && len(texts) < writers*each; k-- {
			it, ok := c.next()
			if !ok {
				t.Fatalf("connection %d ended: %v", connections, c.err)
			}
			if it.T != "event" {
				continue
			}
			if it.ID.N != last.N+1 {
				t.Fatalf("event %v after %v", it.ID, last)
			}
			last = it.ID
			if x := it.Event.Touch; x != nil {
				texts[x.Body.Text]++
			}
		}
		c.conn.Close()
	}
	for text, n := range texts {
		if n != 1 {
			t.Errorf("%q came %d times", text, n)
		}
	}
	t.Logf("%d connections", connections)
}

// TestLiveReload: who holds what the log does not has to load everything anew.
func TestLiveReload(t *testing.T) {
	r := boot(t)
	b := r.as("leyla")
	r.says("sara", "hello")
	head := r.hub.Head()
	for _, from := range []string{
		record.ID{N: head.N, Token: head.Token + 1}.String(), // another history
		"0-0",
		"99999999-1",
		"nonsense",
	} {
		b.live("from=" + url.QueryEscape(from)).ends(closeReload)
	}
	c := b.live("from=" + head.String())
	c.hello()
	must(t, r.redis.FlushAll(t.Context()).Err())
	c.ends(closeReload)

	// The record has it all; the app loads its lists and goes on.
	var page record.Page
	r.until("the hub has come back", func() bool { return r.hub.Ready(t.Context()) == nil })
	b.ok("GET", "/conversations", nil, &page)
	if len(page.Items) != 1 {
		t.Fatalf("%d conversations after the flush", len(page.Items))
	}
	c = b.live("from=" + page.At.String())
	c.hello()
	r.says("sara", "still there?")
	c.await("the message after the flush", func(it liveItem) bool {
		return it.T == "event" && it.Event.Touch != nil && it.Event.Touch.Body.Text == "still there?"
	})
}

// TestLiveSlowReader is law 12: who does not read is cut off by name, and holds up nobody, whether much comes at once or so
// little that its queue never fills.
func TestLiveSlowReader(t *testing.T) {
	for name, most := range map[string]int{
		"much":   2 * maxQueueBytes, // more than may wait
		"little": maxQueueBytes / 2, // more than the kernel takes, less than may wait
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := boot(t)
			slow := r.as("omid").live("", true)
			slow.hello()
			fast := r.as("leyla").live("")
			fast.hello()

			cut := func() bool { return strings.Contains(r.metrics(), `reason="slow reader"`) }
			text := strings.Repeat("x", 60_000)
			for n := 0; n*len(text) < most && !cut(); n++ {
				said := fmt.Sprintf("%d %s", n, text)
				r.says("sara", said)
				fast.await("the message", func(it liveItem) bool {
					return it.T == "event" && it.Event.Touch != nil && it.Event.Touch.Body.Text == said
				})
			}
			r.until("the slow reader is cut off", cut)
			got := 0
			for {
				it, ok := slow.next()
				if !ok {
					break
				}
				if it.T == "event" {
					got++
				}
			}
			slow.ended(closeSlow)
			if got == 0 {
				t.Fatal("the slow reader got nothing")
			}
			if strings.Contains(r.metrics(), `reason="write failed"`) {
				t.Error("somebody was cut off without a name")
			}
		})
	}
}

// metrics reads /metrics.
func (r *rig) metrics() string {
	r.t.Helper()
	res, err := http.Get(r.http.URL + "/metrics")
	must(r.t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	must(r.t, err)
	return string(b)
}

func TestLiveSignedOut(t *testing.T) {
	r := boot(t)
	phone, desk := r.as("leyla"), r.as("leyla")
	onPhone, onDesk := phone.live(""), desk.live("")
	onPhone.hello()
	onDesk.hello()

	var list items[sessionView]
	desk.ok("GET", "/sessions", nil, &list)
	if len(list.Items) != 2 {
		t.Fatalf("%d sessions", len(list.Items))
	}
	for _, x := range list.Items {
		if !x.Current {
			desk.ok("DELETE", "/sessions/"+x.ID, nil, nil)
		}
	}
	onPhone.ends(closeSigned)
	phone.refused(401, codeSignedOut, "", "GET", "/session", nil)

	// Ended on another node: this one hears of it by the log.
	elsewhere := r.node().as("leyla")
	elsewhere.ok("DELETE", "/sessions/"+current(t, desk), nil, nil)
	onDesk.ends(closeSigned)

	// A user who is disabled is out everywhere.
	omid := r.as("omid")
	c := omid.live("")
	c.hello()
	u := r.users["omid"]
	r.as("ada").ok("PATCH", "/users/"+u.ID, map[string]any{"disabled": true, "version": u.Version}, nil)
	c.ends(closeSigned)
	omid.refused(401, codeSignedOut, "", "GET", "/session", nil)
}

func current(t *testing.T, b *browser) string {
	t.Helper()
	var list items[sessionView]
	b.ok("GET", "/sessions", nil, &list)
	for _, x := range list.Items {
		if x.Current {
			return x.ID
		}
	}
	t.Fatal("no current session")
	return ""
}

func TestLiveBadFrames(t *testing.T) {
	r := boot(t)
	b := r.as("leyla")
	for name, send := range map[string]func(*websocket.Conn) error{
		"no JSON":      func(c *websocket.Conn) error { return c.WriteMessage(websocket.TextMessage, []byte("hello")) },
		"unknown kind": func(c *websocket.Conn) error { return c.WriteMessage(websocket.TextMessage, []byte(`{"t":"shout"}`)) },
		"unknown field": func(c *websocket.Conn) error {
			return c.WriteMessage(websocket.TextMessage, []byte(`{"t":"ping","x":1}`))
		},
		"binary": func(c *websocket.Conn) error { return c.WriteMessage(websocket.BinaryMessage, []byte(`{"t":"ping"}`)) },
		"too long": func(c *websocket.Conn) error {
			return c.WriteMessage(websocket.TextMessage, bytes.Repeat([]byte(" "), maxClientFrame+1))
		},
		"too many": func(c *websocket.Conn) error {
			for { // as many as it takes, however slowly they are read
				if err := c.WriteMessage(websocket.TextMessage, []byte(`{"t":"ping"}`)); err != nil {
					return err
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := b.live("")
			c.t = t
			c.hello()
			_ = send(c.conn) // the end may come while it still writes
			c.ends(closeBad)
		})
	}
	// Junk without reading: the process lives, and others are served.
	junk := b.live("", true)
	var wg sync.WaitGroup
	wg.Go(func() {
		for range 200_000 {
			if junk.conn.WriteMessage(websocket.TextMessage, []byte(`{"t":"ping"}`)) != nil {
				return
			}
		}
	})
	c := b.live("")
	c.hello()
	r.says("sara", "hello")
	c.await("the message", func(it liveItem) bool { return it.T == "event" && it.Event.Kind == record.EvReceived })
	wg.Wait()
}

func TestLiveDoor(t *testing.T) {
	r := boot(t)
	for _, c := range []struct {
		name   string
		b      *browser
		origin string
		status int
	}{
		{"nobody", r.browser(), r.http.URL, 401},
		{"another site", r.as("leyla"), "https://evil.example", 403},
		{"a page without an origin", r.as("leyla"), "null", 403},
	} {
		if _, res, err := c.b.dial("", c.origin, false); err == nil || res == nil || res.StatusCode != c.status {
			t.Errorf("%s: %v, %v, want %d", c.name, res, err, c.status)
		}
	}
	r.as("leyla").refused(426, codeUnsupported, "", "GET", "/live", nil)
	r.as("leyla").refused(400, codeInvalid, "", "GET", "/live", nil, "Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "7")

	// A token opens it too, and its end closes it.
	ada := r.as("ada")
	var tok tokenView
	ada.ok("POST", "/tokens", map[string]string{"name": "wallboard"}, &tok)
	program := r.browser()
	program.header = http.Header{"Authorization": {"Bearer " + tok.Secret}}
	c := program.live("")
	c.hello()
	ada.ok("DELETE", "/tokens/"+tok.ID, nil, nil)
	c.ends(closeSigned)
}

func TestLiveShutdown(t *testing.T) {
	r := boot(t)
	b := r.as("leyla")
	var all []*liveClient
	for range 5 {
		c := b.live("")
		c.hello()
		all = append(all, c)
	}
	ended := make(chan error, 1)
	go func() { ended <- r.server.Shutdown(t.Context()) }()
	for _, c := range all {
		c.ends(closeRestart)
	}
	must(t, <-ended)
	late, _, err := b.dial("", r.http.URL, false)
	must(t, err)
	late.ends(closeRestart)
}

// FuzzClientFrame: any frame is taken or refused, never more.
func FuzzClientFrame(f *testing.F) {
	for _, s := range []string{`{"t":"ping"}`, `{"t":"typing","conversation":"c1","on":true}`, `{}`, `[]`, `{"t":"typing"}`, "\x00", `{"t":"ping","t":"typing"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := parseClientFrame(b)
		if err == nil && got.T != "ping" && (got.T != "typing" || got.Conversation == "") {
			t.Fatalf("%q is taken as %+v", b, got)
		}
	})
}
