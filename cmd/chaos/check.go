package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"tamas/inbox/record"
)

// violation is a law that was broken, with what shows it.
type violation struct {
	Law  string
	What string
	IDs  []string // of all that broke it in this way; the summary shows the first few
}

func (v violation) String() string {
	ids := v.IDs
	more := ""
	if len(ids) > 8 {
		ids, more = ids[:8], fmt.Sprintf(" … (%d in all)", len(v.IDs))
	}
	return fmt.Sprintf("%s: %s: %s%s", v.Law, v.What, strings.Join(ids, ", "), more)
}

// checker compares what was seen with what the record holds.
type checker struct {
	h        *history
	c        *contents
	doors    map[string]string // account → door
	capacity map[string]int    // agent → units

	found []violation

	byDoor    map[string][]*record.Touch // door + text → touches
	arrived   []arrival                  // what became of each delivery
	uncertain map[string]bool            // touches that were uncertain at some time
	retried   map[string]bool            // touches that a person sent again
	threads   map[string]string          // conversation → thread
}

// check judges the whole history; it runs when nothing moves any more. It is pure.
func check(h *history, c *contents, doors map[string]string, capacity map[string]int) []violation {
	h.mu.Lock()
	defer h.mu.Unlock()
	k := &checker{h: h, c: c, doors: doors, capacity: capacity, byDoor: map[string][]*record.Touch{},
		uncertain: map[string]bool{}, retried: map[string]bool{}, threads: map[string]string{}}
	for i := range c.touches {
		t := &c.touches[i]
		key := doors[t.Account] + "\x00" + t.Body.Text
		k.byDoor[key] = append(k.byDoor[key], t)
	}
	for i := range c.events {
		if t := c.events[i].Touch; t != nil && c.events[i].Kind == record.EvTouch {
			if t.State == record.StateUncertain {
				k.uncertain[t.ID] = true
			}
			if c.events[i].By.Kind == "agent" {
				k.retried[t.ID] = true
			}
		}
	}
	for i := range c.conversations {
		k.threads[c.conversations[i].ID] = c.conversations[i].Thread
	}
	k.arrived = k.arrivals()
	k.acknowledged()
	k.claims()
	k.sends()
	k.conversations()
	k.order()
	k.capacities()
	k.versions()
	k.desks()
	k.windows()
	return k.found
}

// fault gathers ids under one finding.
type fault struct {
	law, what string
	ids       []string
}

func (f *fault) add(format string, args ...any) { f.ids = append(f.ids, fmt.Sprintf(format, args...)) }

func (k *checker) judge(list ...*fault) {
	for _, f := range list {
		if len(f.ids) > 0 {
			k.found = append(k.found, violation{f.law, f.what, f.ids})
		}
	}
}

// acknowledged: what a client was told to be kept is in the record, once; and nothing is there that nobody wrote.
func (k *checker) acknowledged() {
	lost := &fault{law: "law 1", what: "acknowledged messages are not in the record"}
	twice := &fault{law: "law 2", what: "messages are in the record more than once"}
	elsewhere := &fault{law: "law 3", what: "messages are in another thread than they were written in"}
	invented := &fault{law: "law 2", what: "the record holds messages that nobody wrote"}
	lostReply := &fault{law: "law 1", what: "acknowledged replies are not in the record"}
	twiceReply := &fault{law: "law 2", what: "replies are in the record more than once"}
	written := map[string]bool{}
	for _, m := range k.h.messages {
		key := m.Door + "\x00" + m.Text
		written[key] = true
		in := 0
		for _, t := range k.byDoor[key] {
			if t.Inbound {
				in++
				if k.threads[t.Conversation] != m.Thread {
					elsewhere.add("%s (%s, conversation %s)", m.Text, t.ID, t.Conversation)
				}
			}
		}
		if in == 0 && !m.Acked.IsZero() {
			lost.add("%s %s by %s at %s", m.Door, m.Text, m.Hub, m.Acked.Format("15:04:05.000"))
		}
		if in > 1 {
			twice.add("%s %s (%d times)", m.Door, m.Text, in)
		}
	}
	for i := range k.c.touches {
		t := &k.c.touches[i]
		if t.Inbound && !written[k.doors[t.Account]+"\x00"+t.Body.Text] {
			invented.add("%s %q", t.ID, t.Body.Text)
		}
	}
	outbound := map[string]int{}
	for i := range k.c.touches {
		if t := &k.c.touches[i]; !t.Inbound && t.Kind == record.KindMessage {
			outbound[t.Body.Text]++
		}
	}
	for _, r := range k.h.replies {
		n := outbound[r.Text]
		if n == 0 && !r.Acked.IsZero() {
			lostReply.add("%s (touch %s, event %s) by %s", r.Text, r.Touch, r.Event, r.Agent)
		}
		if n > 1 {
			twiceReply.add("%s (%d times)", r.Text, n)
		}
	}
	k.judge(lost, twice, elsewhere, invented, lostReply, twiceReply)
}

// claims: every event that a hub called recorded, in an answer or on a live socket, is in the record under that very id.
func (k *checker) claims() {
	missing := &fault{law: "law 1", what: "events were called recorded and are not"}
	has := make(map[record.ID]bool, len(k.c.events))
	for i := range k.c.events {
		has[k.c.events[i].ID] = true
	}
	var ids []record.ID
	for id := range k.h.claims {
		if !has[id] {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b record.ID) int { return cmp.Compare(a.N, b.N) })
	for _, id := range ids {
		missing.add("%s (%s)", id, k.h.claims[id])
	}
	k.judge(missing)
}

// arrival says which message a delivery brought.
type arrival struct {
	touch  *record.Touch // nil: the record has none with this text
	astray bool          // it is another thread's
	again  bool          // all of that text in the thread had come before
}

// arrivals finds the message of each delivery. Agents' texts are unique; what the hub says by itself is not ("You are next."), so the
// second delivery of a text in a thread is the second message with it.
func (k *checker) arrivals() []arrival {
	sent := func(t *record.Touch) int {
		switch t.State {
		case record.StateFailed, record.StateQueued, record.StateSending:
			return 1
		}
		return 0
	}
	byThread := map[string][]*record.Touch{}
	for i := range k.c.touches {
		if t := &k.c.touches[i]; !t.Inbound && t.Kind == record.KindMessage {
			key := k.doors[t.Account] + "\x00" + k.threads[t.Conversation] + "\x00" + t.Body.Text
			byThread[key] = append(byThread[key], t)
		}
	}
	for _, list := range byThread {
		slices.SortStableFunc(list, func(a, b *record.Touch) int { return sent(a) - sent(b) })
	}
	list := make([]arrival, len(k.h.deliveries))
	came := map[string]int{}
	for i, d := range k.h.deliveries {
		a := &list[i]
		key := d.Door + "\x00" + d.Thread + "\x00" + d.Text
		of := byThread[key]
		if len(of) == 0 {
			for _, t := range k.byDoor[d.Door+"\x00"+d.Text] {
				if !t.Inbound {
					a.touch, a.astray = t, true
				}
			}
			continue
		}
		if n := came[key]; n < len(of) {
			a.touch = of[n]
		} else {
			a.touch, a.again = of[len(of)-1], true
			for _, t := range of {
				if k.uncertain[t.ID] || k.retried[t.ID] {
					a.touch = t
				}
			}
		}
		came[key]++
	}
	return list
}

// sends: what customers got is in the record, once unless it was uncertain; and nothing is left unsettled.
func (k *checker) sends() {
	unknown := &fault{law: "law 7", what: "customers got what the record does not hold"}
	twice := &fault{law: "law 7", what: "customers got a message twice that was never uncertain"}
	astray := &fault{law: "law 7", what: "customers got a message of another thread"}
	silent := &fault{law: "law 7", what: "replies are neither sent, failed nor uncertain"}
	never := &fault{law: "law 7", what: "replies are called sent, and no customer got them"}
	got := map[string]bool{}
	for i, d := range k.h.deliveries {
		a := k.arrived[i]
		switch {
		case a.touch == nil:
			unknown.add("%s %q", d.Door, d.Text)
			continue
		case a.astray:
			astray.add("%s to %s", a.touch.ID, d.Thread)
		case a.again && !k.uncertain[a.touch.ID] && !k.retried[a.touch.ID]:
			twice.add("%s %s (%s)", d.Door, d.Text, a.touch.ID)
		}
		got[a.touch.ID] = true
	}
	for i := range k.c.touches {
		t := &k.c.touches[i]
		if t.Inbound || t.Kind != record.KindMessage {
			continue
		}
		door := k.doors[t.Account]
		switch t.State {
		case record.StateQueued, record.StateSending:
			silent.add("%s %s %s rev %d %q", door, t.ID, t.State, t.Rev, t.Body.Text)
		case record.StateSent, record.StateDelivered, record.StateRead:
			if door != doorChat && !got[t.ID] {
				never.add("%s %s %q", door, t.ID, t.Body.Text)
			}
		}
	}
	k.judge(unknown, twice, astray, silent, never)
}

// conversations: those of one thread are a chain, of which at most the last is open.
func (k *checker) conversations() {
	two := &fault{law: "law 3", what: "threads have more than one open conversation"}
	forked := &fault{law: "law 3", what: "conversations of one thread do not follow one another"}
	numbers := &fault{law: "law 3", what: "conversations share a number"}
	open, first := map[string]int{}, map[string]int{}
	next := map[string][]string{} // previous → conversations
	of := map[string]*record.Conversation{}
	number := map[int64]string{}
	for i := range k.c.conversations {
		c := &k.c.conversations[i]
		of[c.ID] = c
		if other, ok := number[c.Number]; ok {
			numbers.add("#%d: %s and %s", c.Number, other, c.ID)
		}
		number[c.Number] = c.ID
	}
	for i := range k.c.conversations {
		c := &k.c.conversations[i]
		thread := c.Account + " " + c.Thread
		if c.Open() {
			open[thread]++
			if open[thread] == 2 {
				two.add("%s (%s …)", thread, c.ID)
			}
		}
		if c.Previous == "" {
			first[thread]++
			if first[thread] == 2 {
				forked.add("%s has two beginnings, %s is one", thread, c.ID)
			}
			continue
		}
		if p := of[c.Previous]; p == nil || p.Account != c.Account || p.Thread != c.Thread {
			forked.add("%s follows %s, which is not of its thread", c.ID, c.Previous)
		}
		next[c.Previous] = append(next[c.Previous], c.ID)
		if len(next[c.Previous]) == 2 {
			forked.add("%s is followed by both %s and %s", c.Previous, next[c.Previous][0], c.ID)
		}
	}
	k.judge(two, forked, numbers)
}
