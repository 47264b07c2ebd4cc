package inbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"tamas/channels"
	"tamas/inbox/record"
)

// deliver brings messages through the account's own door.
func (r *rig) deliver(h *Hub, list ...channels.Inbound) {
	r.t.Helper()
	if err := h.receive(r.t.Context(), r.account, channels.Batch{Messages: list}); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) live(h *Hub, thread string) record.Conversation {
	c, _ := h.mirror.byThread(r.thread(thread))
	return c
}

// all are the touches of a conversation in the record, in order.
func (r *rig) all(db *record.DB, conversation string) []record.Touch {
	r.t.Helper()
	list, _, err := db.Touches(r.t.Context(), conversation, 0, 200)
	if err != nil {
		r.t.Fatal(err)
	}
	return list
}

func (r *rig) forgetKeys(h *Hub) {
	for _, bucket := range h.keys.buckets(time.Now()) {
		h.rdb.Del(r.t.Context(), bucket)
	}
}

func from(thread, key, text string) channels.Inbound {
	return channels.Inbound{Key: key, Thread: thread, Address: thread, Text: text, At: time.Now()}
}

// While the store does not answer nobody knows whether a file is there: its message is not taken yet, rather than taken without it.
func TestFilesAreNotGivenUpWhileTheStoreIsAway(t *testing.T) {
	r := newRig(t, stores[0])
	h, _ := r.hub()
	f, err := h.StoreFile(t.Context(), channels.File{Name: "a.txt"}, strings.NewReader("hello"), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	m := from("t", "1", "see the file")
	m.Files = []channels.File{f}
	away := h.blobs.dir + ".away"
	if err := os.Rename(h.blobs.dir, away); err != nil {
		t.Fatal(err)
	}
	if err := h.receive(t.Context(), r.account, channels.Batch{Messages: []channels.Inbound{m}}); !errors.Is(err, channels.ErrUnrecorded) {
		t.Errorf("%v", err)
	}
	if err := os.Rename(away, h.blobs.dir); err != nil {
		t.Fatal(err)
	}
	r.deliver(h, m)
	if list := r.all(h.db, r.live(h, "t").ID); len(list) != 1 || len(list[0].Body.Files) != 1 || list[0].Body.Files[0].Blob != f.Blob {
		t.Errorf("%+v", list)
	}
}

// Law 2 for edits: each is its own touch, once, of the message that it changes; it wakes and moves nothing.
func TestEditsAreRecordedOnce(t *testing.T) {
	eachEnd(t, func(t *testing.T, r *rig) {
		r.user("ann", 3)
		h, _ := r.hub()
		first := from("t", "m1", "helo")
		edit := channels.Inbound{Kind: channels.Edit, Key: "m1/e1", Of: "m1", Thread: "t", Address: "t", Text: "hello", At: time.Now()}
		r.deliver(h, first, edit) // in one batch: the original is not recorded yet
		before := r.live(h, "t")
		if before.Unread != 2 {
			t.Errorf("%d unread", before.Unread)
		}
		r.reply(h, "t", "a1")
		before = r.live(h, "t")
		second := edit
		second.Key, second.Text = "m1/e2", "hello!"
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if err := h.receive(t.Context(), r.account, channels.Batch{Messages: []channels.Inbound{second}}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		after := r.live(h, "t")
		if after.Unread != 1 || after.Status != record.Active || after.LastMessageAt != before.LastMessageAt || after.LastMessage != before.LastMessage || after.Unanswered != 0 {
			t.Errorf("%+v", after)
		}
		gone := channels.Inbound{Kind: channels.Deletion, Key: "m1/d", Of: "m1", Thread: "t", Address: "t"}
		r.deliver(h, gone, gone)
		if _, err := h.Do(t.Context(), Command{By: agentActor("ann"), Action: Resolve, Conversation: after.ID}); err != nil {
			t.Fatal(err)
		}
		third := edit
		third.Key = "m1/e3"
		r.deliver(h, third) // an edit reopens nothing
		if c := r.live(h, "t"); c.Status != record.Resolved || c.Unread != 0 {
			t.Errorf("%+v", c)
		}
		r.closeNow(h, "t")
		fourth := edit
		fourth.Key, fourth.At = "m1/e4", time.Now().Add(-72*time.Hour)
		r.deliver(h, fourth) // nor brings anything back
		if c := r.live(h, "t"); c.ID != "" {
			t.Errorf("%+v", c)
		}
		r.forgetKeys(h)
		r.deliver(h, fourth)

		var kinds []string
		list := r.all(r.openDB(), before.ID)
		for _, x := range list {
			kinds = append(kinds, x.Kind)
			if x.Kind != record.KindMessage && x.Of != list[0].ID {
				t.Errorf("%s %s is of %q", x.Kind, x.Key, x.Of)
			}
		}
		if got := strings.Join(kinds, " "); got != "message edit message edit deletion edit edit" {
			t.Errorf("%s", got)
		}
		if list[0].Body.Text != "helo" || list[1].Body.Text != "hello" {
			t.Error("the original is not kept")
		}
		if h.db.Duplicates() != 0 {
			t.Error("only the unique index kept duplicates out")
		}
	})
}

// closeNow takes a resolved conversation out of the live state.
func (r *rig) closeNow(h *Hub, thread string) {
	r.t.Helper()
	c := r.live(h, thread)
	_, _, err := h.commitSoon(r.t.Context(), "close/test/"+tokenText(newToken()), func() (*record.Event, bool, error) {
		s := h.stateNow()
		s.conv, s.now = c, c.ReopenUntil+1
		e, err := s.command(&Command{By: record.Actor{Kind: "system", ID: "timer"}, Action: Close, Conversation: c.ID})
		return e, false, err
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

func TestEditsOfWhatIsNotKnown(t *testing.T) {
	eachEnd(t, func(t *testing.T, r *rig) {
		h, _ := r.hub()
		edit := channels.Inbound{Kind: channels.Edit, Key: "e1", Of: "m0", Thread: "t", Address: "t", Text: "what I meant", At: time.Now()}
		r.deliver(h, edit, edit)
		next := edit
		next.Key, next.Text = "e2", "what I really meant"
		r.deliver(h, next)
		gone := channels.Inbound{Kind: channels.Deletion, Key: "d1", Of: "m00", Thread: "t", Address: "t", At: time.Now()}
		r.deliver(h, gone, gone)
		list := r.all(h.db, r.live(h, "t").ID)
		if len(list) != 2 || list[0].Kind != record.KindMessage || list[1].Kind != record.KindEdit || list[1].Of != list[0].ID {
			t.Fatalf("%+v", list)
		}
		line, err := h.db.Timeline(t.Context(), h.db.IdentityOf("probe", "t", "").Customer, "", 10)
		if err != nil || len(line.Items) != 3 {
			t.Fatalf("%+v, %v", line, err)
		}
		// Nobody else's words are quoted or changed.
		r.deliver(h, from("other", "o1", "mine"))
		forged := channels.Inbound{Kind: channels.Deletion, Key: "d2", Of: "o1", Thread: "t", Address: "t", At: time.Now()}
		quoting := from("t", "q1", "look")
		quoting.ReplyTo = "o1"
		r.deliver(h, forged, quoting)
		if list := r.all(h.db, r.live(h, "other").ID); len(list) != 1 {
			t.Errorf("%+v", list)
		}
		list = r.all(h.db, r.live(h, "t").ID)
		if list[2].ReplyTo != "" {
			t.Errorf("%+v", list[2])
		}
		r.deliver(h, func() channels.Inbound { m := from("t", "q2", "this one"); m.ReplyTo = "q1"; return m }())
		if list = r.all(h.db, r.live(h, "t").ID); list[3].ReplyTo != list[2].ID {
			t.Errorf("%+v", list[3])
		}
	})
}

func TestRatingsAndVisitsChangeNothing(t *testing.T) {
	eachEnd(t, func(t *testing.T, r *rig) {
		h, _ := r.hub()
		visit := channels.Inbound{Kind: channels.Visit, Key: "v1", Thread: "t", Address: "t", Text: "Prices", Page: "https://shop.example/prices", At: time.Now()}
		r.deliver(h, visit, visit)
		if c := r.live(h, "t"); c.ID != "" {
			t.Fatalf("a visit began %+v", c)
		}
		r.deliver(h, from("t", "m1", "hi"))
		before := r.live(h, "t")
		rating := channels.Inbound{Kind: channels.Rating, Key: "r1", Thread: "t", Address: "t", Text: "fine", Score: 9, At: time.Now()}
		recommends := channels.Inbound{Kind: channels.Rating, Key: "r2", Thread: "t", Address: "t", Score: 0, Scale: 10, At: time.Now()}
		r.deliver(h, rating, rating, recommends)
		if c := r.live(h, "t"); c.Version != before.Version {
			t.Fatalf("%+v", c)
		}
		list := r.all(h.db, before.ID)
		if len(list) != 3 || list[2].Score != 0 || list[2].Body.Subject != record.ScaleOfTen || list[1].Kind != record.KindRating || list[1].Score != 5 || list[1].Body.Text != "fine" {
			t.Fatalf("%+v", list)
		}
		line, err := h.db.Timeline(t.Context(), h.db.IdentityOf("probe", "t", "").Customer, "", 10)
		if err != nil || len(line.Items) != 4 || line.Items[3].Body.Subject != visit.Page {
			t.Fatalf("%+v, %v", line, err)
		}
	})
}

// What wakes nobody: first it makes a conversation that is over, later it leaves status and routing alone.
func TestQuietMessagesWakeNobody(t *testing.T) {
	for what, mark := range map[string]func(*channels.Inbound){
		"spam":      func(m *channels.Inbound) { m.Spam = "X-Spam-Flag" },
		"imported":  func(m *channels.Inbound) { m.Imported, m.At = true, time.Now().Add(-20*24*time.Hour) },
		"automatic": func(m *channels.Inbound) { m.AutoReply = true },
		"stop":      func(m *channels.Inbound) { m.Consent = "stop" },
		"blocked":   func(m *channels.Inbound) {},
	} {
		for _, s := range []store{stores[0], stores[2]} {
			t.Run(what+"/"+s.String(), func(t *testing.T) {
				r := newRig(t, s)
				r.user("ann", 3)
				h, _ := r.hub()
				var two *Hub
				if what == "blocked" {
					r.deliver(h, channels.Inbound{Kind: channels.Visit, Key: "v", Address: "t", Text: "x", At: time.Now()})
					i := h.db.IdentityOf("probe", "t", "")
					if _, err := h.Do(t.Context(), Command{Key: "b", By: agentActor("ann"), Action: Block, Identity: i.ID, On: true}); err != nil {
						t.Fatal(err)
					}
					two, _ = r.hub() // one that starts later knows it too
				}
				quiet := func(key, text string) channels.Inbound {
					m := from("t", key, text)
					mark(&m)
					return m
				}
				r.deliver(h, quiet("1", "one"))
				c := r.live(h, "t")
				if c.Status != record.Resolved || c.Unread != 0 || c.Unanswered != 0 || c.WaitingSince != 0 || c.Number != 1 {
					t.Fatalf("%+v", c)
				}
				if x := r.all(h.db, c.ID); len(x) != 1 || (x[0].Spam != "") != (what == "spam" || what == "blocked") {
					t.Fatalf("%+v", x)
				}
				if (len(c.Tags) == 1) != (what == "spam") {
					t.Errorf("tags %q", c.Tags)
				}
				if what == "imported" && c.LastMessageAt > h.Now()-19*24*3600_000 {
					t.Error("an old mail stands above the new ones")
				}
				// Also when the first has left the live state there is one conversation.
				r.closeNow(h, "t")
				if two != nil {
					h = two
				}
				r.deliver(h, quiet("2", "two"))
				if again := r.live(h, "t"); again.ID != c.ID || again.Status != record.Resolved {
					t.Fatalf("%+v", again)
				}
				if what == "blocked" {
					if _, err := h.Do(t.Context(), Command{Key: "u", By: agentActor("ann"), Action: Block, Identity: c.Identity}); err != nil {
						t.Fatal(err)
					}
				}
				r.deliver(h, from("t", "3", "a real question"))
				if c = r.live(h, "t"); c.Status != record.Waiting || c.Unread != 1 {
					t.Fatalf("%+v", c)
				}
				r.reply(h, "t", "a1")
				before := r.live(h, "t")
				if what == "blocked" {
					if _, err := h.Do(t.Context(), Command{Key: "b2", By: agentActor("ann"), Action: Block, Identity: c.Identity, On: true}); err != nil {
						t.Fatal(err)
					}
				}
				r.deliver(h, quiet("4", "four"))
				after := r.live(h, "t")
				if after.Status != record.Active || after.Owner != "ann" || after.Unanswered != 0 {
					t.Fatalf("%+v", after)
				}
				if wants := what == "automatic" || what == "stop"; (after.Unread == 1) != wants || (after.LastMessageAt > before.LastMessageAt) != wants {
					t.Errorf("%+v", after)
				}
			})
		}
	}
}

// An import of many old mails leaves the live state as small as it was.
func TestAnImportDoesNotFillTheLiveState(t *testing.T) {
	r := newRig(t, stores[0])
	h, _ := r.hub()
	for b := range 3 {
		var batch []channels.Inbound
		for i := range 50 {
			m := from(fmt.Sprint("t", i), fmt.Sprint(b, "/", i), "old")
			m.Imported, m.At = true, time.Now().Add(-1000*time.Hour)
			batch = append(batch, m)
		}
		r.deliver(h, batch...)
	}
	convs, _ := h.Live()
	for _, c := range convs {
		if c.Open() || c.ReopenUntil > h.Now()+quietWindow {
			t.Fatalf("%+v", c)
		}
	}
	page, err := h.db.Conversations(t.Context(), record.Filter{Limit: 200})
	if err != nil || len(page.Items) != 50 {
		t.Fatalf("%d conversations of 50 threads, %v", len(page.Items), err)
	}
}

// Consent holds from the message on that brings it, and what the account answers to it goes out once.
func TestConsentAndTheAccountsOwnAnswer(t *testing.T) {
	eachEnd(t, func(t *testing.T, r *rig) {
		r.user("ann", 3)
		h, _ := r.hub()
		r.deliver(h, from("t", "1", "hi"))
		r.reply(h, "t", "a1")
		before := r.live(h, "t")
		stop := from("t", "2", "لغو")
		stop.Consent, stop.Answer = "stop", "You will hear from us no more."
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if err := h.receive(t.Context(), r.account, channels.Batch{Messages: []channels.Inbound{stop}}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if i, err := r.openDB().Identity(t.Context(), before.Identity); err != nil || i.Consent != "stop" || i.ConsentAt == 0 {
			t.Fatalf("%+v, %v", i, err)
		}
		c := r.live(h, "t")
		if c.Owner != "ann" || c.Status != record.Active || c.FirstResponseAt != before.FirstResponseAt {
			t.Fatalf("%+v", c)
		}
		list := r.all(r.openDB(), c.ID)
		if len(list) != 4 || list[3].Author != (record.Actor{Kind: "system", ID: "channel"}) || list[3].Body.Text != stop.Answer || list[3].Inbound {
			t.Fatalf("%+v", list)
		}
		eventually(t, "the answer is sent", func() bool {
			n := 0
			for _, m := range r.provider.list() {
				if m.Text == stop.Answer {
					n++
				}
			}
			return n == 1
		})
		start := from("t", "3", "START")
		start.Consent = "start"
		r.deliver(h, stop, start)
		if i, err := h.db.Identity(t.Context(), before.Identity); err != nil || i.Consent != "start" {
			t.Fatalf("%+v, %v", i, err)
		}
		auto := from("t", "4", "HELP")
		auto.Answer, auto.AutoReply = "never two machines", true
		r.deliver(h, auto)
		if n := len(r.all(h.db, c.ID)); n != 6 {
			t.Errorf("%d touches", n)
		}
	})
}

// A first message that is answered by the account itself waits like any other.
func TestTheAccountsAnswerIsNoFirstResponse(t *testing.T) {
	r := newRig(t, stores[0])
	h, _ := r.hub()
	m := from("t", "1", "HELP")
	m.Answer = "Call us at any time."
	r.deliver(h, m)
	c := r.live(h, "t")
	if c.Status != record.Waiting || c.FirstResponseAt != 0 || c.Unanswered == 0 || c.Unread != 1 || c.Owner != "" {
		t.Fatalf("%+v", c)
	}
}

func TestALinkComesWithItsMessage(t *testing.T) {
	eachEnd(t, func(t *testing.T, r *rig) {
		h, _ := r.hub()
		m := from("visitor", "1", "hi")
		m.Link = &channels.Link{Channel: "external", Address: "4711", Name: "Ann", Email: " Ann@Example.ORG ", Phone: "+98 912 000-0001", Evidence: "signed token"}
		r.deliver(h, m, m)
		who := h.db.IdentityOf("external", "4711", "").Customer
		p, err := r.openDB().Customer(t.Context(), who)
		if err != nil || p.Customer.Name != "Ann" || len(p.Identities) != 4 || len(p.Conversations) != 1 {
			t.Fatalf("%+v, %v", p, err)
		}
		for _, i := range p.Identities {
			if i.Channel == "email" && i.Address != "ann@example.org" || i.Channel == "sms" && i.Address != "+989120000001" {
				t.Errorf("%+v", i)
			}
		}
	})
}

// Law 3 for threads that all accounts of a channel share.
func TestOneConversationASharedThread(t *testing.T) {
	eachEnd(t, func(t *testing.T, r *rig) {
		other, err := r.openDB().AddAccount(t.Context(), record.Account{ID: "other", Kind: "probe", Name: "Other", Queue: "q1", ReopenHours: 24, Enabled: true, Settings: []byte(`{}`)})
		if err != nil {
			t.Fatal(err)
		}
		a, _ := r.hub()
		b, _ := r.hub()
		var wg sync.WaitGroup
		for i := range 40 {
			wg.Go(func() {
				h, acct := a, r.account
				if i%2 == 0 {
					h, acct = b, other
				}
				m := from("*root", fmt.Sprint("m", i/2), "to both of you")
				if err := h.receive(t.Context(), acct, channels.Batch{Messages: []channels.Inbound{m}}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		list := r.touches(r.openDB(), "*root")
		if len(list) != 40 {
			t.Fatalf("%d touches", len(list))
		}
		for _, x := range list {
			if x.Conversation != list[0].Conversation {
				t.Fatalf("two conversations: %s, %s", x.Conversation, list[0].Conversation)
			}
		}
		for _, acct := range []record.Account{r.account, other} {
			d := &desk{h: a, acct: func() record.Account { return acct }}
			if thread, err := d.ThreadOf(t.Context(), []string{"m7"}); err != nil || thread != "*root" {
				t.Errorf("%q, %v", thread, err)
			}
		}
		r.deliver(a, from("own", "k1", "only here"))
		d := &desk{h: b, acct: func() record.Account { return other }}
		if thread, err := d.ThreadOf(t.Context(), []string{"k1"}); err != nil || thread != "" {
			t.Errorf("%q, %v", thread, err)
		}
		// A rebuilt live state has it too.
		c := r.live(a, "*root")
		a.rdb.FlushAll(t.Context())
		eventually(t, "rebuilt", func() bool {
			x, ok := b.mirror.byThread(record.Thread{Account: "other", Channel: "probe", ID: "*root"})
			return ok && x.ID == c.ID
		})
	})
}

// A redelivery that says nothing of its time, or a time to come, is found in the record.
func TestUndatedRedelivery(t *testing.T) {
	eachEnd(t, func(t *testing.T, r *rig) {
		h, _ := r.hub()
		for _, at := range []time.Time{{}, time.Now().Add(48 * time.Hour)} {
			thread := "t" + fmt.Sprint(at.IsZero())
			m := channels.Inbound{Key: thread, Thread: thread, Address: thread, Text: "hi", At: at}
			r.deliver(h, m)
			r.forgetKeys(h)
			r.deliver(h, m)
			if c := r.live(h, thread); c.Unread != 1 || h.db.Duplicates() != 0 {
				t.Errorf("%d unread", c.Unread)
			}
		}
	})
}

// Law 10: what could not be read can be had as it came; what is too large or too much is bounded, and kept whole.
func TestUnreadableAndLargeMessages(t *testing.T) {
	r := newRig(t, stores[0])
	h, _ := r.hub()
	d := &desk{h: h, acct: func() record.Account { return r.account }}
	raw := bytes.Repeat([]byte("\x00\xff raw "), 100_000)
	bad := from("t", "1", "")
	bad.Unreadable, bad.Raw, bad.RawName = "it is garbled", raw, "../message.eml"
	for i := range 70 {
		bad.Files = append(bad.Files, channels.File{Name: fmt.Sprint(i), Blob: strings.Repeat("0", 64)})
	}
	html := "<p>" + strings.Repeat("x", 300<<10)
	long := from("t", "2", "hi")
	long.HTML = html
	stored, err := d.Store(t.Context(), channels.File{Name: "a.txt"}, strings.NewReader("content"))
	if err != nil {
		t.Fatal(err)
	}
	long.Files = []channels.File{stored}
	long.Envelope = &channels.Envelope{From: "A\r\nBcc: x <a@b>", To: make([]string, 1000)}
	for i := range long.Envelope.To {
		long.Envelope.To[i] = fmt.Sprint(i, "@x")
	}
	r.deliver(h, bad, long)
	list := r.touches(h.db, "t")
	files := list[0].Body.Files
	if list[0].Unreadable == "" || len(files) != maxFiles+1 || files[0].Blob != "" || files[0].Missing == "" || !strings.HasPrefix(files[maxFiles-1].Missing, "21 more") {
		t.Fatalf("%d files, %+v", len(files), files[0])
	}
	read := func(blob string) []byte {
		f, err := d.Open(t.Context(), blob)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		b, _ := io.ReadAll(f)
		return b
	}
	last := files[maxFiles]
	if last.Kind != "raw" || last.Name != "message.eml" || !bytes.Equal(read(last.Blob), raw) {
		t.Errorf("%+v", last)
	}
	b := list[1].Body
	if len(b.HTML) != maxHTML || string(read(b.HTMLBlob)) != html || string(read(b.Files[0].Blob)) != "content" {
		t.Errorf("%d bytes of HTML, whole in %q", len(b.HTML), b.HTMLBlob)
	}
	if len(b.Envelope.To) != maxAddresses || strings.ContainsAny(b.Envelope.From, "\r\n") {
		t.Errorf("%+v", b.Envelope.From)
	}
	known, err := d.Recorded(t.Context(), []string{"1", "2", "3"})
	if err != nil || !known["1"] || !known["2"] || known["3"] || len(known) != 3 {
		t.Errorf("%v, %v", known, err)
	}
}
