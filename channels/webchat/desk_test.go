package webchat

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tamas/channels"
	"tamas/channels/channeltest"
)

// desk is a hub in memory: what is received is recorded and watched at once. Files are the suite's desk's.
type desk struct {
	*channeltest.Desk
	mu       sync.Mutex
	n        int
	items    map[string][]channels.Item
	keys     map[string]bool
	names    map[string]string
	watchers map[string]map[int]func(channels.Item)
	statuses []string
	typing   []string
	inbound  []channels.Inbound // all that was received, each once
	stands   map[string]channels.Standing
	mail     func(thread string) error
	health   []channels.Health
	refuse   func(channels.Inbound) error // called before recording
	lose     func(channels.Inbound) error // called after recording: the answer is lost
	changed  chan struct{}                // closed and replaced at every change
}

func newDesk() *desk {
	return &desk{Desk: channeltest.NewDesk(), stands: map[string]channels.Standing{}, items: map[string][]channels.Item{}, keys: map[string]bool{}, names: map[string]string{},
		watchers: map[string]map[int]func(channels.Item){}, changed: make(chan struct{})}
}

func (d *desk) change() { close(d.changed); d.changed = make(chan struct{}) }

func (d *desk) Receive(ctx context.Context, b channels.Batch) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, m := range b.Messages {
		if d.refuse != nil {
			if err := d.refuse(m); err != nil {
				return err
			}
		}
		if !d.keys[m.Key] {
			d.keys[m.Key] = true
			d.names[m.Thread] = m.Name
			d.inbound = append(d.inbound, m)
			if m.Kind == channels.Message {
				d.add(m.Thread, channels.Item{Kind: "message", From: "customer", Text: m.Text, Key: m.Key, At: m.At, Files: shownFiles(m.Files)})
			} else {
				d.change()
			}
		}
		if d.lose != nil {
			if err := d.lose(m); err != nil {
				return err
			}
		}
	}
	return nil
}

func shownFiles(files []channels.File) (list []channels.ItemFile) {
	for _, f := range files {
		list = append(list, channels.ItemFile{File: f})
	}
	return list
}

// stand sets where a thread stands and says that it has changed.
func (d *desk) stand(thread string, s channels.Standing) {
	d.mu.Lock()
	d.stands[thread] = s
	d.mu.Unlock()
	d.show(thread, channels.Item{Kind: "state", State: "standing"})
}

func (d *desk) Standing(_ context.Context, thread string) (channels.Standing, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s, ok := d.stands[thread]; ok || len(d.items[thread]) == 0 {
		return s, nil
	}
	return channels.Standing{Status: "active", Staffed: true}, nil
}

func (d *desk) Transcript(_ context.Context, thread string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.mail(thread)
}

// received lists what of a kind was received.
func (d *desk) received(kind string) (list []channels.Inbound) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, m := range d.inbound {
		if m.Kind == kind {
			list = append(list, m)
		}
	}
	return list
}

func (d *desk) lastID(thread string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.items[thread][len(d.items[thread])-1].ID
}

// add records an item and shows it to the watchers. d.mu is held.
func (d *desk) add(thread string, i channels.Item) channels.Item {
	d.n++
	i.ID, i.N = fmt.Sprintf("%d-7", d.n), uint64(d.n)
	if i.At.IsZero() {
		i.At = time.Now()
	}
	d.items[thread] = append(d.items[thread], i)
	for _, f := range d.watchers[thread] {
		f(i)
	}
	d.change()
	return i
}

func (d *desk) say(thread, name, text string) channels.Item {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.add(thread, channels.Item{Kind: "message", From: "agent", Name: name, Text: text})
}

func (d *desk) show(thread string, i channels.Item) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, f := range d.watchers[thread] {
		f(i)
	}
}

func (d *desk) History(_ context.Context, thread, after string, limit int) (list []channels.Item, at uint64, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := d.items[thread]
	from := slices.IndexFunc(all, func(i channels.Item) bool { return i.ID == after }) + 1
	to := min(len(all), from+limit)
	if to > 0 {
		at = all[to-1].N
	}
	return slices.Clone(all[from:to]), at, nil
}

func (d *desk) Watch(thread string, f func(channels.Item)) func() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.n++
	n := d.n
	if d.watchers[thread] == nil {
		d.watchers[thread] = map[int]func(channels.Item){}
	}
	d.watchers[thread][n] = f
	d.change()
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if delete(d.watchers[thread], n); len(d.watchers[thread]) == 0 {
			delete(d.watchers, thread)
		}
		d.change()
	}
}

func (d *desk) Status(_ context.Context, id, state, _ string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.statuses = append(d.statuses, id+" "+state)
	d.change()
	return nil
}

func (d *desk) Typing(thread string, on bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.typing = append(d.typing, fmt.Sprint(on))
	d.change()
}

func (d *desk) Health(h channels.Health) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.health = append(d.health, h)
	d.change()
}

func (d *desk) Cursor(context.Context) (string, error)             { return "", nil }
func (d *desk) ThreadOf(context.Context, []string) (string, error) { return "", nil }

// recorded lists the texts of a thread, in order.
func (d *desk) recorded(thread string) []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.texts(thread)
}

// texts is recorded for who holds d.mu.
func (d *desk) texts(thread string) (out []string) {
	for _, i := range d.items[thread] {
		out = append(out, i.Text)
	}
	return out
}

// wait returns once f holds; f is called with d.mu held.
func (d *desk) wait(t testing.TB, what string, f func() bool) {
	t.Helper()
	give := time.After(channeltest.Patience)
	for {
		d.mu.Lock()
		ok, changed := f(), d.changed
		d.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-give:
			t.Fatalf("never happened: %s", what)
		}
	}
}

const site = "https://shop.example"

// account opens an adapter with the given origins, behind a real server with the hub's prefix.
func account(t testing.TB, d channels.Desk, settings string) (*adapter, *httptest.Server, string) {
	t.Helper()
	ad, err := Kind().Open(channels.Config{
		ID: "acc1", Name: "Shop", Settings: []byte(settings), Secret: []byte(strings.Repeat("k", 32)),
		Desk: d, Log: slog.New(slog.DiscardHandler), Client: http.DefaultClient,
	})
	if err != nil {
		t.Fatal(err)
	}
	a := ad.(*adapter)
	srv := httptest.NewServer(http.StripPrefix("/hooks/acc1", a))
	t.Cleanup(func() { a.Close(); srv.Close() })
	return a, srv, srv.URL + "/hooks/acc1/"
}
