package main

import (
	"cmp"
	"fmt"
	"slices"

	"tamas/inbox/record"
)

// order: a thread's messages stand in the record in the order in which a sender, who waits for each
// acknowledgement, wrote them; and customers got answers in the record's order.
func (k *checker) order() {
	mixed := &fault{law: "law 4", what: "messages are not in the order in which they were written"}
	overtaken := &fault{law: "law 4", what: "customers got answers in another order than the record's"}
	seq := map[string]*message{}
	for _, m := range k.h.messages {
		seq[m.Door+"\x00"+m.Text] = m
	}
	last := map[string]*message{}
	for i := range k.c.touches { // by n
		t := &k.c.touches[i]
		m := seq[k.doors[t.Account]+"\x00"+t.Body.Text]
		if !t.Inbound || m == nil || m.Seq == 0 {
			continue
		}
		thread := m.Door + " " + m.Thread
		if before := last[thread]; before != nil && before.Seq > m.Seq {
			mixed.add("%s: %s after %s", thread, m.Text, before.Text)
		}
		last[thread] = m
	}

	got := map[string]uint64{}
	for i, d := range k.h.deliveries {
		a := k.arrived[i]
		t := a.touch
		if t == nil || a.astray || a.again || k.uncertain[t.ID] || k.retried[t.ID] {
			continue
		}
		thread := d.Door + " " + d.Thread
		if got[thread] > t.N {
			overtaken.add("%s: %s (n %d) came after n %d", thread, t.ID, t.N, got[thread])
		}
		got[thread] = max(got[thread], t.N)
	}
	k.judge(mixed, overtaken)
}

// capacities: no agent ever above capacity; in the end agents hold exactly what conversations say that they hold.
func (k *checker) capacities() {
	above := &fault{law: "law 5", what: "agents were above capacity"}
	apart := &fault{law: "law 5", what: "agents and conversations disagree about who holds what"}
	for i := range k.c.events {
		for _, a := range k.c.events[i].Agents {
			if capacity, ok := k.capacity[a.ID]; ok && a.Used() > capacity {
				above.add("%s held %d of %d after %s", a.ID, a.Used(), capacity, k.c.events[i].ID)
			}
		}
	}
	holds := map[string]string{} // conversation → agent, as conversations say
	for i := range k.c.conversations {
		switch c := &k.c.conversations[i]; c.Status {
		case record.Active:
			holds[c.ID] = c.Owner
		case record.Offered:
			holds[c.ID] = c.OfferedTo
		}
	}
	held := map[string]string{}
	for i := range k.c.agents {
		a := &k.c.agents[i]
		for id := range a.Held {
			if other, ok := held[id]; ok {
				apart.add("%s is held by %s and %s", id, other, a.ID)
			}
			held[id] = a.ID
			if holds[id] != a.ID {
				apart.add("%s is held by %s, its header says %q", id, a.ID, holds[id])
			}
		}
	}
	for id, agent := range holds {
		if held[id] == "" {
			apart.add("%s is with %s, who does not hold it", id, agent)
		}
	}
	slices.Sort(apart.ids)
	k.judge(above, apart)
}

// versions: the record is one history; each header's versions rise in the order of events.
func (k *checker) versions() {
	back := &fault{law: "law 8", what: "headers went back to an earlier version: two histories are in the record"}
	touches := &fault{law: "law 8", what: "messages changed state twice under one revision"}
	conv, agent, rev := map[string]int64{}, map[string]int64{}, map[string]int{}
	for i := range k.c.events {
		e := &k.c.events[i]
		if c := e.Conversation; c != nil {
			if c.Version <= conv[c.ID] {
				back.add("conversation %s version %d after %d at %s", c.ID, c.Version, conv[c.ID], e.ID)
			}
			conv[c.ID] = c.Version
		}
		for _, a := range e.Agents {
			if a.Version <= agent[a.ID] {
				back.add("agent %s version %d after %d at %s", a.ID, a.Version, agent[a.ID], e.ID)
			}
			agent[a.ID] = a.Version
		}
		if t := e.Touch; t != nil {
			if t.Rev <= rev[t.ID] {
				touches.add("%s revision %d after %d at %s", t.ID, t.Rev, rev[t.ID], e.ID)
			}
			rev[t.ID] = t.Rev
		}
	}
	for i := range k.c.conversations {
		if c := &k.c.conversations[i]; c.Version != conv[c.ID] {
			back.add("conversation %s is at version %d, its last event at %d", c.ID, c.Version, conv[c.ID])
		}
	}
	k.judge(back, touches)
}

// desks: what each agent's app holds after all reconnects is what the record holds.
func (k *checker) desks() {
	differ := &fault{law: "law 11", what: "agents' apps show something else than the record"}
	open := map[string]header{}
	for i := range k.c.conversations {
		if c := &k.c.conversations[i]; c.Open() {
			open[c.ID] = headerOf(c)
		}
	}
	for _, name := range sortedKeys(k.h.desks) {
		desk := k.h.desks[name]
		for _, id := range sortedKeys(open) {
			if have, ok := desk[id]; !ok {
				differ.add("%s lacks %s", name, id)
			} else if have != open[id] {
				differ.add("%s has %s as %+v, the record %+v", name, id, have, open[id])
			}
		}
		for _, id := range sortedKeys(desk) {
			if _, ok := open[id]; !ok {
				differ.add("%s still has %s", name, id)
			}
		}
	}
	k.judge(differ)
}

// windows: each visitor saw every message of the own thread once, in the record's order.
func (k *checker) windows() {
	missing := &fault{law: "law 11", what: "visitors do not see what the record holds"}
	twice := &fault{law: "law 11", what: "visitors were shown a message twice"}
	mixed := &fault{law: "law 11", what: "visitors see messages in another order than the record's"}
	early := &fault{law: "law 7", what: "visitors were shown what the record does not hold"}
	want := map[string][]string{}
	n := map[string]uint64{}
	for i := range k.c.touches {
		t := &k.c.touches[i]
		if k.doors[t.Account] == doorChat && t.Kind == record.KindMessage {
			visitor := k.c.addresses[t.Identity]
			want[visitor] = append(want[visitor], t.ID)
			n[t.ID] = t.N
		}
	}
	for _, visitor := range sortedKeys(k.h.visitors) {
		count := map[string]int{}
		var last uint64
		for _, s := range k.h.visitors[visitor] {
			count[s.ID]++
			if n[s.ID] == 0 {
				early.add("%s: %s %q (%s)", visitor, s.ID, s.Text, s.By)
				continue
			}
			if count[s.ID] == 2 {
				twice.add("%s: %s %q (%s)", visitor, s.ID, s.Text, s.By)
			}
			if n[s.ID] < last && count[s.ID] == 1 {
				mixed.add("%s: %s (n %d) after n %d", visitor, s.ID, n[s.ID], last)
			}
			last = max(last, n[s.ID])
		}
		for _, id := range want[visitor] {
			if count[id] == 0 {
				missing.add("%s: %s (n %d)", visitor, id, n[id])
			}
		}
	}
	k.judge(missing, twice, mixed, early)
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	list := make([]K, 0, len(m))
	for k := range m {
		list = append(list, k)
	}
	slices.Sort(list)
	return list
}

// laws counts violations by law, for the summary.
func laws(list []violation) string {
	n := map[string]int{}
	for _, v := range list {
		n[v.Law] += len(v.IDs)
	}
	text := ""
	for _, law := range sortedKeys(n) {
		text += fmt.Sprintf(" %s: %d", law, n[law])
	}
	return text
}
