package channeltest

import (
	"context"
	"fmt"
	"time"

	"tamas/channels"
)

// watcher is one call of Watch: what it has still to tell, and the goroutine that does.
type watcher struct {
	wake  chan struct{}
	queue []channels.Item // guarded by Desk.mu
}

// publish appends an item to its thread (typing is told, not kept) and returns its id. d.mu is held.
func (d *Desk) publish(thread string, it channels.Item) string {
	if it.ID == "" {
		d.nitems++
		it.ID = fmt.Sprintf("i%d", d.nitems)
	}
	if it.Kind != "typing" {
		d.placed++
		it.N = d.placed
		d.items[thread] = append(d.items[thread], it)
	}
	for w, of := range d.watchers {
		if of == thread {
			w.queue = append(w.queue, it)
			select {
			case w.wake <- struct{}{}:
			default:
			}
		}
	}
	return it.ID
}

// Say records an item of the thread as the hub does when an agent answers or types, and returns its id. An
// empty ID, Kind, From and At are filled in: an agent's message of now.
func (d *Desk) Say(thread string, it channels.Item) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if it.Kind == "" {
		it.Kind = "message"
	}
	if it.From == "" {
		it.From = "agent"
	}
	if it.At.IsZero() {
		it.At = time.Now()
	}
	defer d.touch()
	return d.publish(thread, it)
}

// Items lists all that a thread's customer may see.
func (d *Desk) Items(thread string) []channels.Item {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]channels.Item(nil), d.items[thread]...)
}

// Watchers counts the watches that are open; a good adapter leaves none.
func (d *Desk) Watchers() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.watchers)
}

// History implements channels.Desk.
func (d *Desk) History(_ context.Context, thread, after string, limit int) (list []channels.Item, at uint64, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if limit <= 0 || limit > 200 {
		limit = 200
	}
	all := d.items[thread]
	from := 0
	for i, it := range all {
		if after != "" && it.ID == after {
			from = i + 1
		}
	}
	to := min(len(all), from+limit)
	if to > 0 {
		at = all[to-1].N
	}
	return append([]channels.Item(nil), all[from:to]...), at, nil
}

// Watch implements channels.Desk. stop may be called more than once, also from f; f is not called after
// stop returned, but for the call that may be under way.
func (d *Desk) Watch(thread string, f func(channels.Item)) (stop func()) {
	w := &watcher{wake: make(chan struct{}, 1)}
	done := make(chan struct{})
	d.mu.Lock()
	d.watchers[w] = thread
	d.touch()
	d.mu.Unlock()
	go func() {
		for {
			select {
			case <-done:
				return
			case <-w.wake:
			}
			for {
				d.mu.Lock()
				if _, open := d.watchers[w]; !open || len(w.queue) == 0 {
					d.mu.Unlock()
					break
				}
				it := w.queue[0]
				w.queue = w.queue[1:]
				d.mu.Unlock()
				f(it)
			}
		}
	}()
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if _, open := d.watchers[w]; open {
			delete(d.watchers, w)
			close(done)
			d.touch()
		}
	}
}
