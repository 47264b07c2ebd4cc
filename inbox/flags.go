package inbox

import (
	"context"
	"slices"
	"sync"
)

// flagsLeft are the flags on conversations that have left the live state, as last read.
type flagsLeft struct {
	mu   sync.Mutex
	list []Asked
}

// WholeTally is Tally with the flags that nobody answered before their conversation left the live state: the record knows them. While
// it does not answer they are those that it told last.
func (h *Hub) WholeTally(ctx context.Context) Tally {
	t := h.Tally()
	old, err := h.db.FlagsLeft(ctx, t.At, maxAsked)
	l := &h.flagsLeft
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		if ctx.Err() == nil {
			h.log.Debug("old flags could not be read", "err", err)
		}
	} else {
		l.list = nil
		for i := range old {
			if c := &old[i]; c.Flag != nil {
				l.list = append(l.list, Asked{c.ID, c.Number, c.Queue, *c.Flag})
			}
		}
	}
	for _, a := range l.list {
		_, live := h.mirror.conversation(a.Conversation) // then it is counted, or has just been answered
		if !live && !slices.ContainsFunc(t.Flags, func(f Asked) bool { return f.Conversation == a.Conversation }) {
			t.Flags = append(t.Flags, a)
		}
	}
	t.Flags = oldest(t.Flags)
	return t
}
