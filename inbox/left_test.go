package inbox

import (
	"testing"

	"tamas/channels"
	"tamas/inbox/record"
)

// page is a visitor's open page on a node; close closes it.
func (r *chats) page(h *Hub, who string) (close func()) {
	return (&desk{h: h, acct: func() record.Account { return r.account }}).Watch(who, func(channels.Item) {})
}

// TestVisitorsWhoLeave: on two nodes, who leaves the page while waiting counts as abandoned after a minute, from when they went; the conversation stays in line and
// answerable, and who is back waits on with the age of before.
func TestVisitorsWhoLeave(t *testing.T) {
	for _, s := range []store{stores[0], {"redis-server", "postgres"}} {
		t.Run(s.String(), func(t *testing.T) {
			t.Parallel()
			r := newChats(t, s, "by-email")
			r.tune = byHand
			a, _ := r.hub(r.kinds)
			b, _ := r.hub(r.kinds)
			v := &visitors{h: a}
			start := a.Now()
			// look passes so many seconds: both nodes say who is there, then the leader looks.
			at := start
			look := func(seconds int) {
				t.Helper()
				at += record.Millis(seconds) * 1000
				for _, h := range []*Hub{a, b} {
					if err := h.sayVisitors(t.Context(), at); err != nil {
						t.Fatal(err)
					}
				}
				if err := v.look(t.Context(), at); err != nil {
					t.Fatal(err)
				}
			}
			close := map[string]func(){}
			for _, who := range []string{"left", "moved", "mail", "later", "stays", "answered"} {
				close[who] = r.page(b, who)
				r.mustSay(a, who, "k-"+who, "hello")
			}
			r.visits(a, "mail")               // who has an address to which the chat goes on
			r.mustSay(a, "never", "kn", "hi") // of whom no node ever saw a page
			everywhere := func(h *Hub) bool { _, ok := h.mirror.byThread(r.thread("never")); return ok }
			eventually(t, "both nodes know all", func() bool { return everywhere(a) && everywhere(b) })
			if _, err := (&desk{h: a, acct: func() record.Account { return r.account }}).Later(t.Context(), "later", "later@example.com"); err != nil {
				t.Fatal(err)
			}
			eventually(t, "one is answered later", func() bool { c, _ := b.mirror.byThread(r.thread("later")); return c.Later != "" })
			before := r.live(a, "left")

			look(0)
			for _, who := range []string{"left", "moved", "mail", "later", "answered"} {
				close[who]()
			}
			look(5) // says of each once more that it was there
			moved := r.page(a, "moved")
			defer moved()
			gone := at
			look(30)
			look(25)
			for who := range close {
				if c := r.live(a, who); c.LeftAt != 0 {
					t.Errorf("within the minute %s has left: %+v", who, c)
				}
			}
			r.answered(a, "answered", "Here I am.")
			for range 8 {
				look(20)
			}
			for who, want := range map[string]record.Millis{"left": gone, "moved": 0, "mail": 0, "later": 0, "stays": 0, "answered": 0, "never": 0} {
				if c := r.live(a, who); c.LeftAt != want {
					t.Errorf("%s: left at %d, not %d", who, c.LeftAt-start, want-start)
				}
			}
			c := r.live(a, "left")
			if c.Status != record.Waiting || c.WaitingSince != before.WaitingSince || c.QueuedAt != before.QueuedAt || c.Unanswered != before.Unanswered {
				t.Errorf("it left its place: %+v", c)
			}
			if q := a.Tally().Queues[r.queue.ID]; q.Left != 1 || q.Waiting != 6 || q.Longest == c.ID {
				t.Errorf("%+v", q)
			}
			ended := func(abandoned, offered int) {
				t.Helper()
				eventually(t, "the figures follow", func() bool {
					day, err := a.db.Today(t.Context(), start-24*3600_000)
					if err != nil {
						t.Fatal(err)
					}
					q := day.Queues[r.queue.ID]
					return q.Abandoned+q.AbandonedShort == abandoned && q.Offered == offered
				})
			}
			ended(1, 7)

			// Back on the other node.
			again := r.page(a, "left")
			look(5)
			if c := r.live(a, "left"); c.LeftAt != 0 || c.WaitingSince != before.WaitingSince || c.Status != record.Waiting {
				t.Errorf("back: %+v", c)
			}
			ended(1, 8)
			// And gone again; a word brings it back at once.
			again()
			for range 8 {
				look(20)
			}
			if c := r.live(a, "left"); c.LeftAt == 0 {
				t.Errorf("gone again: %+v", c)
			}
			ended(2, 8)
			r.mustSay(b, "left", "k-again", "still there?")
			if c := r.live(a, "left"); c.LeftAt != 0 || c.Unanswered != before.Unanswered {
				t.Errorf("who writes is there: %+v", c)
			}
			ended(2, 9)
			r.answered(a, "left", "Sorry.")
			close["stays"]()
			r.answered(a, "stays", "Yes?")
			look(0)
			// What waits no more is forgotten.
			look(60)
			look(60)
			if all := a.rdb.HGetAll(t.Context(), a.keys.visitors()).Val(); len(all) > 3 { // moved and mail wait still
				t.Errorf("still held: %v", all)
			}
		})
	}
}

// TestNobodyLeavesAClosedQueue: who writes while the queue is closed leaves a message, and waits for no answer before the page.
func TestNobodyLeavesAClosedQueue(t *testing.T) {
	t.Parallel()
	r := newChats(t, stores[0], "")
	r.tune = byHand
	db := r.openDB()
	r.queue.Routing.Closed = true
	var err error
	if r.queue, err = db.EditQueue(t.Context(), r.queue); err != nil {
		t.Fatal(err)
	}
	h, _ := r.hub(r.kinds)
	v := &visitors{h: h}
	stop := r.page(h, "night")
	r.mustSay(h, "night", "k", "hello")
	at := h.Now()
	look := func() {
		t.Helper()
		at += 30_000
		if err := h.sayVisitors(t.Context(), at); err != nil {
			t.Fatal(err)
		}
		if err := v.look(t.Context(), at); err != nil {
			t.Fatal(err)
		}
	}
	look()
	stop()
	for range 10 {
		look()
	}
	if c := r.live(h, "night"); c.LeftAt != 0 {
		t.Errorf("%+v", c)
	}
}

// TestVisitorsOfANewLeader: a leader that takes over, and one whose Redis was emptied, sends nobody away before all nodes had a minute to speak.
func TestVisitorsOfANewLeader(t *testing.T) {
	t.Parallel()
	r := newChats(t, stores[0], "")
	r.tune = byHand
	h, _ := r.hub(r.kinds)
	stop := r.page(h, "sara")
	r.mustSay(h, "sara", "k", "hello")
	now := h.Now()
	if err := h.sayVisitors(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	stop()
	v := &visitors{h: h}
	look := func(after record.Millis) record.Millis {
		t.Helper()
		if err := v.look(t.Context(), now+after*1000); err != nil {
			t.Fatal(err)
		}
		return r.live(h, "sara").LeftAt
	}
	if left := look(300); left != 0 {
		t.Error("sent away at first sight")
	}
	if left := look(350); left != 0 {
		t.Error("sent away before a minute")
	}
	if left := look(365); left != now {
		t.Errorf("left at %d, not %d", left, now)
	}
}
