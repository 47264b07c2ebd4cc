package webchat

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"tamas/channels"
)

func TestConversation(t *testing.T) {
	d := newDesk()
	_, _, base := account(t, d, shop)
	v := newVisitorAt(t, base)
	w := v.dial("")
	w.say(`{"t":"send","key":"key-0001","text":"سلام","name":"سارا"}`)
	if f := w.until("ack"); f.Key != "key-0001" {
		t.Errorf("%+v", f)
	}
	if d.names[v.Visitor] != "سارا" || !d.keys[v.Visitor+"/key-0001"] {
		t.Errorf("names %v keys %v", d.names, d.keys)
	}
	w.say(`{"t":"typing","on":true}`)
	d.wait(t, "typing reaches the agents", func() bool { return slices.Equal(d.typing, []string{"true"}) })
	d.show(v.Visitor, channels.Item{Kind: "typing", From: "agent", Name: "Ali", On: true})
	d.show(v.Visitor, channels.Item{Kind: "state", From: "customer"}) // nothing for visitors
	said := d.say(v.Visitor, "Ali", "Hello")
	var got []item
	for len(got) < 2 {
		got = append(got, w.until("items").Items...)
	}
	if got[0].Kind != "typing" || !got[0].On || got[1].ID != said.ID || got[1].Text != "Hello" {
		t.Errorf("%+v", got)
	}
	w.say(`{"t":"seen","id":%q,"state":"read"}`, said.ID)
	d.wait(t, "the answer is read", func() bool { return slices.Equal(d.statuses, []string{v.Visitor + "/" + said.ID + " read"}) })
	w.say(`{"t":"ping"}`)
	w.until("pong")
	w.Close()
	d.wait(t, "the watch ends and typing with it", func() bool {
		return len(d.watchers) == 0 && slices.Equal(d.typing, []string{"true", "false"})
	})
}

// The tick stands for "recorded": while Receive fails there is a nack, and a retry under the same key makes one message.
func TestAckAfterReceive(t *testing.T) {
	d := newDesk()
	_, _, base := account(t, d, shop)
	v := newVisitorAt(t, base)
	w := v.dial("")
	d.refuse = func(channels.Inbound) error { return channels.ErrUnrecorded }
	w.say(`{"t":"send","key":"key-0001","text":"one"}`)
	if f := w.next(); f.T != "nack" || !f.Retry || f.Code != "not_recorded" {
		t.Fatalf("%+v", f)
	}
	d.refuse, d.lose = nil, func(channels.Inbound) error { return errors.New("the reply is lost") }
	w.say(`{"t":"send","key":"key-0001","text":"one"}`)
	if f := w.until("nack"); !f.Retry {
		t.Fatalf("%+v", f)
	}
	d.lose = nil
	w.say(`{"t":"send","key":"key-0001","text":"one"}`)
	w.until("ack")
	if got := d.recorded(v.Visitor); !slices.Equal(got, []string{"one"}) {
		t.Errorf("recorded %q", got)
	}
	w.say(`{"t":"send","key":"key-0002","text":%q}`, strings.Repeat("x", maxText+1))
	if f := w.until("nack"); f.Retry || f.Code != "too_long" {
		t.Errorf("%+v", f)
	}
}

func TestResume(t *testing.T) {
	d := newDesk()
	_, _, base := account(t, d, shop)
	v := newVisitorAt(t, base)
	var want, ids []string
	for i := range 2*pageSize + 7 {
		want = append(want, fmt.Sprint("message ", i))
		ids = append(ids, d.say(v.Visitor, "Ali", want[i]).ID)
	}
	if got := v.dial("").items(len(want)); !slices.Equal(got, want) {
		t.Errorf("from the start: %d items, %q…", len(got), got[:3])
	}
	if got := v.dial(ids[4]).items(len(want) - 5); !slices.Equal(got, want[5:]) {
		t.Errorf("after the fifth: %d items, %q…", len(got), got[:3])
	}
	w := v.dial(ids[len(ids)-1])
	d.say(v.Visitor, "Ali", "news")
	if got := w.items(1); got[0] != "news" {
		t.Errorf("%q", got)
	}
	if got := newVisitorAt(t, base).dial(ids[4]); got == nil {
		t.Error("a stranger's id")
	}
}

// Messages that come while sockets open are seen by each of them once and in order.
func TestNoGapNoDouble(t *testing.T) {
	d := newDesk()
	_, _, base := account(t, d, shop)
	v := newVisitorAt(t, base)
	const n = 200 // fewer than a socket lets wait: on a busy machine its reader may not run until all are said
	var want []string
	for i := range n {
		want = append(want, fmt.Sprint(i))
	}
	go func() {
		for _, s := range want {
			d.say(v.Visitor, "Ali", s)
		}
	}()
	for range 8 {
		w := v.dial("")
		if got := w.items(n); !slices.Equal(got, want) {
			t.Fatalf("got %d items: %q", len(got), got)
		}
		w.Close()
	}
}

// Watch may bring late what History, on this node or on another, has told already: also what is older than what the visitor has seen last.
func TestLateWatch(t *testing.T) {
	d := newDesk()
	_, _, base := account(t, d, shop)
	v := newVisitorAt(t, base)
	one, two := d.say(v.Visitor, "Ali", "one"), d.say(v.Visitor, "Ali", "two")
	for i, after := range []string{"", one.ID, two.ID} {
		w := v.dial(after)
		w.items(2 - i)
		d.wait(t, "watching", func() bool { return len(d.watchers[v.Visitor]) == 1 })
		d.show(v.Visitor, one)
		d.show(v.Visitor, two)
		d.show(v.Visitor, channels.Item{Kind: "message", From: "agent", ID: "later", N: 1 << 40, Text: "three"})
		if got := w.items(1); got[0] != "three" {
			t.Errorf("after %q %q came twice", after, got)
		}
		w.Close()
		d.wait(t, "it has gone", func() bool { return len(d.watchers[v.Visitor]) == 0 })
	}
}

func TestBadFrames(t *testing.T) {
	d := newDesk()
	a, _, base := account(t, d, shop)
	v := newVisitorAt(t, base)
	for name, frame := range map[string]string{
		"no JSON": "hello", "unknown": `{"t":"reboot"}`, "no key": `{"t":"send","text":"x"}`, "huge": strings.Repeat("x", maxFrame+1), "empty": "",
		"very huge": strings.Repeat(" ", 1<<20),
	} {
		w := v.dial("")
		w.say("%s", frame)
		if f := w.next(); f.T != "error" || f.Code != "bad_frame" || f.Message == "" {
			t.Errorf("%s: %+v", name, f)
		}
		if code := w.closed(); code != closeBad {
			t.Errorf("%s: closed with %d", name, code)
		}
		w.Close()
	}
	w := v.dial("")
	w.WriteMessage(websocket.BinaryMessage, []byte(`{"t":"ping"}`))
	if code := w.closed(); code != closeBad {
		t.Errorf("binary: closed with %d", code)
	}
	w.Close()
	w = v.dial("")
	for range int(a.calls.burst) + 50 {
		if w.WriteMessage(websocket.TextMessage, []byte(`{"t":"typing","on":true}`)) != nil {
			break
		}
	}
	if code := w.closed(); code != closeTooFast {
		t.Errorf("a flood: closed with %d", code)
	}
	w.Close()
	d.wait(t, "nothing is left", func() bool { return len(d.watchers) == 0 })
}

func TestTooManySockets(t *testing.T) {
	d := newDesk()
	_, _, base := account(t, d, shop)
	v := newVisitorAt(t, base)
	var open []*wire
	for range maxConns {
		open = append(open, v.dial(""))
	}
	if _, resp, err := v.tryDial(""); err == nil || resp.StatusCode != 429 {
		t.Errorf("one too many: %v", err)
	}
	open[0].Close()
	d.wait(t, "one is gone", func() bool { return len(d.watchers[v.Visitor]) == maxConns-1 })
	newVisitorAt(t, base).dial("")
}

// A reader that stops reading is cut off with 4008 and never holds up who writes.
func TestSlowReader(t *testing.T) {
	d := newDesk()
	_, _, base := account(t, d, shop)
	v := newVisitorAt(t, base)
	slow, quick := v.dial(""), v.dial("")
	go func() {
		for {
			if _, _, err := quick.ReadMessage(); err != nil {
				return
			}
		}
	}()
	text := strings.Repeat("x", 60<<10)
	for range 400 { // 24 MB: more than all buffers between here and there
		d.show(v.Visitor, channels.Item{ID: fmt.Sprint(time.Now().UnixNano()), Kind: "message", From: "agent", Text: text})
	}
	// It reads again too late: the hub has given up and says so if the line is still there.
	slow.SetReadDeadline(time.Now().Add(time.Minute))
	var err error
	for err == nil {
		_, _, err = slow.ReadMessage()
	}
	var c *websocket.CloseError
	if !errors.As(err, &c) || c.Code != closeSlow {
		t.Errorf("ended with %v", err)
	}
}

func TestClose(t *testing.T) {
	d := newDesk()
	a, _, base := account(t, d, shop)
	v := newVisitorAt(t, base)
	w := v.dial("")
	poll := make(chan int)
	go func() { poll <- v.do("GET", "messages?wait=25", "", nil) }()
	d.wait(t, "both are there", func() bool { return len(d.watchers[v.Visitor]) == 2 })
	a.Close()
	if code := w.closed(); code != closeDown {
		t.Errorf("closed with %d", code)
	}
	if status := <-poll; status != 200 {
		t.Errorf("the poll ends with %d", status)
	}
	w.Close()
	d.wait(t, "nothing is left", func() bool { return len(d.watchers) == 0 })
	if _, _, err := v.tryDial(""); err == nil {
		t.Error("a closed account takes visitors")
	}
	if err := a.Run(t.Context()); err == nil {
		t.Error("a closed account runs")
	}
}
