package router

import "tamas/inbox/record"

// timer stands in a conversation or an agent, of which each has at most one.
type timer struct {
	due   record.Millis
	index int // in timers, +1; 0: not set
	conv  *conv
	agent *agent
}

// before orders by time; among equals the order does not matter, since what is due is sorted by id.
func (t *timer) before(u *timer) bool { return t.due < u.due }

// timers is a binary heap whose members know their place.
type timers []*timer

// set arms t for due, or disarms it for 0.
func (h *timers) set(t *timer, due record.Millis) {
	switch {
	case due == 0 && t.index == 0:
	case due == 0:
		h.drop(t)
	case t.index == 0:
		t.due = due
		*h = append(*h, t)
		t.index = len(*h)
		h.up(t.index - 1)
	case t.due != due:
		t.due = due
		h.fix(t.index - 1)
	}
}

func (h *timers) drop(t *timer) {
	i, n := t.index-1, len(*h)-1
	h.swap(i, n)
	(*h)[n] = nil
	*h = (*h)[:n]
	t.index = 0
	if i < n {
		h.fix(i)
	}
}

func (h timers) swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i+1, j+1
}

func (h timers) fix(i int) {
	if !h.down(i) {
		h.up(i)
	}
}

func (h timers) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if !h[i].before(h[parent]) {
			return
		}
		h.swap(i, parent)
		i = parent
	}
}

func (h timers) down(i int) (moved bool) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(h); child++ {
			if h[child].before(h[least]) {
				least = child
			}
		}
		if least == i {
			return moved
		}
		h.swap(i, least)
		i, moved = least, true
	}
}
