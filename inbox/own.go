package inbox

import (
	"sync"

	"tamas/inbox/record"
)

// own are the events that this node is appending or has appended and not yet read back from the log. The tail takes
// them from here: to decode again what was just encoded costs more than everything else that it does with an event.
type own struct {
	mu   sync.Mutex
	list map[uint64]ownEvent // by token
}

type ownEvent struct {
	body  string // as it stands in the log; what is not the same is decoded
	event *record.Event
}

// add keeps a copy: the caller may go on with e. An event whose number is still to be counted differs from its
// entry in the log and is left out.
func (o *own) add(token uint64, body string, e *record.Event) {
	c := *e
	if e.Conversation != nil {
		if e.Conversation.Number == 0 {
			return
		}
		conv := *e.Conversation
		c.Conversation = &conv
	}
	if e.Touch != nil {
		t := *e.Touch
		c.Touch = &t
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.list == nil {
		o.list = map[uint64]ownEvent{}
	}
	o.list[token] = ownEvent{body, &c}
}

// take gives the event of an entry, when it is known; once.
func (o *own) take(token uint64, body string) *record.Event {
	o.mu.Lock()
	defer o.mu.Unlock()
	x, ok := o.list[token]
	if !ok {
		return nil
	}
	delete(o.list, token)
	if x.body != body {
		return nil
	}
	return x.event
}

func (o *own) drop(token uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.list, token)
}

// forget lets go of all: another history has begun.
func (o *own) forget() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.list = nil
}
