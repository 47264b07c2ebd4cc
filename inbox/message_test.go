package inbox

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tamas/channels"
	"tamas/inbox/record"
)

// can gives the probe channel more abilities.
func (r *rig) can(change func(*channels.Kind)) func(*Options) {
	return func(o *Options) {
		k := r.provider.kind()
		change(&k)
		o.Kinds = []channels.Kind{k}
	}
}

func TestWhatAMessageMayCarry(t *testing.T) {
	r := newRig(t, stores[0])
	r.user("ann", 5)
	h, _ := r.hub(r.can(func(k *channels.Kind) {
		k.Limits.Recipients = true
		k.Limits.Files = &channels.FileLimits{MaxSize: 1 << 20}
	}))
	plain, _ := r.hub()
	r.deliver(h, from("t", "1", "hi"), from("other", "2", "hi"))
	c, other := r.live(h, "t"), r.live(h, "other")
	mine, theirs := r.all(h.db, c.ID)[0].ID, r.all(h.db, other.ID)[0].ID
	file, err := h.StoreFile(t.Context(), channels.File{Name: "a.txt"}, strings.NewReader("content"), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	to := &channels.Envelope{To: []string{"b@c"}}
	many := make([]channels.File, maxFiles+1)
	for i := range many {
		many[i] = file
	}
	for _, tt := range []struct {
		name  string
		cmd   Command
		field string
	}{
		{"nothing", Command{}, "text"},
		{"a file that is not there", Command{Files: []channels.File{{Name: "x", Blob: strings.Repeat("1", 64)}}}, "files"},
		{"a path for a file", Command{Files: []channels.File{{Name: "x", Blob: "../../etc/passwd"}}}, "files"},
		{"too many files", Command{Files: many}, "files"},
		{"an answer to another thread", Command{Text: "x", ReplyTo: theirs}, "reply_to"},
		{"an answer to nothing", Command{Text: "x", ReplyTo: "zz"}, "reply_to"},
		{"another thread's message sent on", Command{Forward: theirs, Envelope: to}, "forward"},
		{"sent on to nobody", Command{Forward: mine}, "envelope"},
		{"files alone", Command{Files: []channels.File{file}}, ""},
		{"an answer to a message", Command{Text: "x", ReplyTo: mine}, ""},
		{"sent on without a word", Command{Forward: mine, Envelope: to}, ""},
		{"everything", Command{Text: "x", Subject: "A\nB", Files: []channels.File{file}, ReplyTo: mine, Envelope: &channels.Envelope{To: []string{"b@c"}, Bcc: []string{"d@e"}}}, ""},
	} {
		tt.cmd.By, tt.cmd.Action, tt.cmd.Conversation = agentActor("ann"), Reply, c.ID
		e, err := h.Do(t.Context(), tt.cmd)
		var ref *Refusal
		if errors.As(err, &ref); tt.field != "" && (ref == nil || ref.Field != tt.field) || tt.field == "" && err != nil {
			t.Errorf("%s: %v %+v", tt.name, err, ref)
		}
		if tt.field == "" && err == nil {
			x, err := h.db.Touch(t.Context(), e.Touch.ID)
			if err != nil || len(x.Body.Files) != len(tt.cmd.Files) || x.ReplyTo != tt.cmd.ReplyTo || x.Body.Forward != tt.cmd.Forward ||
				(x.Body.Envelope == nil) != (tt.cmd.Envelope == nil) || strings.Contains(x.Body.Subject, "\n") {
				t.Errorf("%s: %+v %+v, %v", tt.name, x, x.Body, err)
			}
		}
	}
	var ref *Refusal
	_, err = plain.Do(t.Context(), Command{By: agentActor("ann"), Action: Reply, Conversation: c.ID, Text: "x", Envelope: to})
	if !errors.As(err, &ref) || ref.Field != "envelope" {
		t.Errorf("recipients on a channel that has none: %v", err)
	}
	note := Command{By: agentActor("ann"), Action: Note, Conversation: c.ID, Files: []channels.File{file}}
	if _, err := h.Do(t.Context(), note); err != nil {
		t.Errorf("a note of a file: %v", err)
	}
}

// What is sent on to a third party answers nobody.
func TestAForwardIsNoAnswer(t *testing.T) {
	r := newRig(t, stores[0])
	r.user("ann", 5)
	h, _ := r.hub(r.can(func(k *channels.Kind) { k.Limits.Recipients = true }))
	r.deliver(h, from("t", "1", "hi"))
	c := r.live(h, "t")
	_, err := h.Do(t.Context(), Command{By: agentActor("ann"), Action: Reply, Conversation: c.ID, Forward: r.all(h.db, c.ID)[0].ID, Envelope: &channels.Envelope{To: []string{"b@c"}}})
	if err != nil {
		t.Fatal(err)
	}
	if c = r.live(h, "t"); c.Unanswered == 0 || c.FirstResponseAt != 0 || c.Owner != "ann" {
		t.Errorf("%+v", c)
	}
}

func TestChangingASentMessage(t *testing.T) {
	eachEnd(t, func(t *testing.T, r *rig) {
		r.user("ann", 5)
		r.user("bob", 5)
		h, _ := r.hub(r.can(func(k *channels.Kind) { k.Limits.Edits = true }))
		r.deliver(h, from("t", "1", "hi"))
		sent := r.reply(h, "t", "a1")
		eventually(t, "sent", func() bool { return r.stateOf(h.db, sent.Touch.ID) == record.StateSent })
		change := func(by, key, touch, text string) error {
			_, err := h.Do(t.Context(), Command{Key: key, By: agentActor(by), Action: Change, Touch: touch, Text: text})
			return err
		}
		inbound := r.all(h.db, sent.Touch.Conversation)[0].ID
		for _, tt := range []struct{ by, touch, text, want string }{
			{"ann", "zz", "x", "not_found"}, {"ann", inbound, "x", "conflict"}, {"ann", sent.Touch.ID, " ", "invalid"}, {"bob", sent.Touch.ID, "x", "not_yours"},
		} {
			if err := change(tt.by, "", tt.touch, tt.text); code(err) != tt.want {
				t.Errorf("%+v: %v", tt, err)
			}
		}
		var wg sync.WaitGroup
		for range 4 { // the button is pressed in a hurry
			wg.Go(func() {
				if err := change("ann", "e1", sent.Touch.ID, "hello, Bob"); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		list := r.all(r.openDB(), sent.Touch.Conversation)
		if len(list) != 3 || list[2].Kind != record.KindEdit || list[2].Of != sent.Touch.ID || list[2].Inbound || list[1].Body.Text != "hello" {
			t.Fatalf("%+v", list)
		}
		eventually(t, "changed at the provider", func() bool {
			return slices.ContainsFunc(r.provider.list(), func(m channels.Outbound) bool { return m.Edits == "p1" && m.Text == "hello, Bob" })
		})
		// A report names the message, also after its change was given the same id.
		d := &desk{h: h, acct: func() record.Account { return r.account }}
		if err := d.Status(t.Context(), "p1", record.StateRead, ""); err != nil {
			t.Fatal(err)
		}
		if s := r.stateOf(h.db, sent.Touch.ID); s != record.StateRead {
			t.Errorf("%s", s)
		}
	})
	r := newRig(t, stores[0])
	r.user("ann", 5)
	h, _ := r.hub()
	r.deliver(h, from("t", "1", "hi"))
	sent := r.reply(h, "t", "a1")
	eventually(t, "sent", func() bool { return r.stateOf(h.db, sent.Touch.ID) == record.StateSent })
	if _, err := h.Do(t.Context(), Command{By: agentActor("ann"), Action: Change, Touch: sent.Touch.ID, Text: "x"}); code(err) != "conflict" {
		t.Errorf("a channel that cannot: %v", err)
	}
}

func TestBeginningAConversation(t *testing.T) {
	eachEnd(t, func(t *testing.T, r *rig) {
		r.user("ann", 2)
		r.user("bob", 2)
		can := r.can(func(k *channels.Kind) {
			k.StartThread = func(_ json.RawMessage, address string) (string, string, error) {
				switch address {
				case "bad":
					return "", "", &channels.FieldError{Field: "address", Reason: "That is no address."}
				case "later":
					return "", address, nil
				}
				return strings.ToLower(address), strings.ToLower(address), nil
			}
		})
		a, _ := r.hub(can)
		b, _ := r.hub(can)
		start := func(h *Hub, by, key, address string) (record.Event, error) {
			return h.Do(t.Context(), Command{Key: key, By: agentActor(by), Action: Start, Account: r.account.ID, Address: address, Name: "New", Text: "hello"})
		}
		var wg sync.WaitGroup
		for i := range 6 { // repeated, on two nodes
			wg.Go(func() {
				if _, err := start([]*Hub{a, b}[i%2], "ann", "s1", "New"); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		c := r.live(a, "new")
		if c.Status != record.Active || c.Owner != "ann" || c.Number != 1 || c.Unanswered != 0 || len(a.mirror.agent("ann").Held) != 1 {
			t.Fatalf("%+v", c)
		}
		if list := r.all(r.openDB(), c.ID); len(list) != 1 || list[0].Inbound || list[0].Identity != a.db.IdentityOf("probe", "new", "").ID {
			t.Fatalf("%+v", list)
		}
		eventually(t, "sent", func() bool {
			l := r.provider.list()
			return len(l) == 1 && l[0].Address == "new" && l[0].Thread == "new"
		})
		// The customer's answer goes on in it.
		r.deliver(b, from("new", "m1", "hi"))
		if x := r.live(b, "new"); x.ID != c.ID || x.Owner != "ann" {
			t.Fatalf("%+v", x)
		}
		// Who has it answers in it; who has not hears who is in the way.
		if e, err := start(a, "ann", "s2", "NEW"); err != nil || e.Conversation == nil || e.Conversation.ID != c.ID {
			t.Errorf("%+v, %v", e, err)
		}
		_, err := start(a, "bob", "s3", "new")
		var ref *Refusal
		if !errors.As(err, &ref) || ref.Code != "conflict" || ref.Current == nil || ref.Current.ID != c.ID {
			t.Errorf("%v", err)
		}
		// Without an address that is its thread, the thread is the conversation's own.
		e, err := start(a, "ann", "s4", "later")
		if err != nil || !strings.HasPrefix(e.Conversation.Thread, "start/") {
			t.Errorf("%+v, %v", e, err)
		}
		again, err := start(b, "ann", "s4", "later")
		if err != nil || again.ID != e.ID {
			t.Errorf("%+v, %v", again, err)
		}
		if _, err := start(a, "ann", "s5", "third"); code(err) != "over_capacity" {
			t.Errorf("%v", err)
		}
		if _, err := start(a, "bob", "s6", "bad"); code(err) != "invalid" {
			t.Errorf("%v", err)
		}
		stop := from("quiet", "q1", "STOP")
		stop.Consent = "stop"
		r.deliver(a, stop)
		if _, err := start(a, "bob", "s7", "quiet"); code(err) != "invalid" {
			t.Errorf("%v", err)
		}
		if _, err := a.Do(t.Context(), Command{By: agentActor("bob"), Action: Block, Identity: c.Identity, On: true}); err != nil {
			t.Fatal(err)
		}
		if _, err := start(b, "bob", "s8", "new"); code(err) != "invalid" {
			t.Errorf("%v", err)
		}
		if _, err := b.Do(t.Context(), Command{By: agentActor("nobody"), Action: Start, Account: r.account.ID, Address: "fourth", Text: "x"}); code(err) != "not_yours" {
			t.Errorf("%v", err)
		}
	})
}

func TestRecipients(t *testing.T) {
	r := newRig(t, stores[0])
	r.user("ann", 5)
	h, _ := r.hub(r.can(func(k *channels.Kind) {
		k.Limits.Recipients = true
		k.OwnAddresses = func(json.RawMessage) []string { return []string{"Shop <us@shop.example>"} }
	}))
	m := from("cust@x.example", "1", "hi")
	m.Subject = "Tea"
	m.Envelope = &channels.Envelope{From: "Cust <cust@x.example>", To: []string{"US@shop.example", "Boss <boss@x.example>"}, Cc: []string{"boss@x.example", "c@x.example"}}
	r.deliver(h, m, from("plain@x.example", "2", "hi"))
	got, err := h.RecipientsOf(t.Context(), r.live(h, "cust@x.example").ID)
	if err != nil || !slices.Equal(got.Reply.To, []string{"Cust <cust@x.example>"}) || len(got.Reply.Cc) != 0 || got.Subject != "Tea" ||
		!slices.Equal(got.ReplyAll.To, []string{"Cust <cust@x.example>", "Boss <boss@x.example>"}) || !slices.Equal(got.ReplyAll.Cc, []string{"c@x.example"}) {
		t.Fatalf("%+v, %v", got, err)
	}
	m.Key, m.Envelope = "3", &channels.Envelope{From: "cust@x.example", ReplyTo: []string{"Desk <desk@x.example>"}, To: []string{"us@shop.example"}}
	r.deliver(h, m)
	if got, err = h.RecipientsOf(t.Context(), r.live(h, "cust@x.example").ID); err != nil || !slices.Equal(got.ReplyAll.To, []string{"Desk <desk@x.example>"}) {
		t.Fatalf("%+v, %v", got, err)
	}
	if got, err = h.RecipientsOf(t.Context(), r.live(h, "plain@x.example").ID); err != nil || !slices.Equal(got.Reply.To, []string{"plain@x.example"}) {
		t.Fatalf("%+v, %v", got, err)
	}
	if _, err = h.RecipientsOf(t.Context(), "zz"); !errors.Is(err, record.ErrNotFound) {
		t.Error(err)
	}
}

// A customer who watches sees messages, changes, reports and where the conversation stands, all once recorded.
func TestWatchShowsWhatIsRecorded(t *testing.T) {
	eachEnd(t, func(t *testing.T, r *rig) {
		r.user("ann", 5)
		h, _ := r.hub(r.can(func(k *channels.Kind) { k.Limits.Edits = true }))
		db := r.openDB()
		d := &desk{h: h, acct: func() record.Account { return r.account }}
		var mu sync.Mutex
		var seen []string
		places := map[string]uint64{}
		early := ""
		stop := d.Watch("t", func(it channels.Item) {
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, strings.TrimSpace(it.Kind+" "+it.From+" "+it.State+" "+it.Text))
			if it.ID != "" {
				places[it.ID] = it.N
				if _, err := db.Touch(t.Context(), it.ID); err != nil {
					early = it.ID
				}
			}
		})
		defer stop()
		saw := func(want string) func() bool {
			return func() bool { mu.Lock(); defer mu.Unlock(); return slices.Contains(seen, want) }
		}
		r.deliver(h, from("t", "1", "helo"), channels.Inbound{Kind: channels.Edit, Key: "e", Of: "1", Thread: "t", Address: "t", Text: "hello"},
			channels.Inbound{Kind: channels.Rating, Key: "r", Thread: "t", Address: "t", Score: 3})
		sent := r.reply(h, "t", "a1")
		eventually(t, "sent", func() bool { return r.stateOf(h.db, sent.Touch.ID) == record.StateSent })
		if err := d.Status(t.Context(), "p1", record.StateDelivered, ""); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Do(t.Context(), Command{By: agentActor("ann"), Action: Change, Touch: sent.Touch.ID, Text: "hello!"}); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Do(t.Context(), Command{By: agentActor("ann"), Action: Note, Conversation: sent.Conversation.ID, Text: "secret"}); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"message customer  helo", "edit customer  hello", "state system standing", "message agent  hello", "state system delivered", "edit agent  hello!"} {
			eventually(t, want, saw(want))
		}
		mu.Lock()
		defer mu.Unlock()
		if early != "" {
			t.Errorf("%s was shown before it was recorded", early)
		}
		for _, s := range seen {
			if strings.Contains(s, "secret") || strings.HasPrefix(s, "rating") {
				t.Errorf("a customer saw %q", s)
			}
		}
		items, at, err := d.History(t.Context(), "t", "", 100)
		if err != nil || len(items) != 4 || at != items[3].N || items[1].Kind != "edit" || items[1].Of != items[0].ID || items[3].Of != items[2].ID {
			t.Errorf("%+v, %v", items, err)
		}
		for _, it := range items {
			if it.N == 0 || places[it.ID] != it.N {
				t.Errorf("%s stands at %d, was shown at %d", it.ID, it.N, places[it.ID])
			}
		}
		if none, behind, err := d.History(t.Context(), "t", items[3].ID, 100); len(none) > 0 || behind != at || err != nil {
			t.Errorf("behind the last: %v, at %d of %d, %v", none, behind, at, err)
		}
	})
}

func TestStanding(t *testing.T) {
	r := newRig(t, stores[0])
	r.user("ann", 5)
	h, _ := r.hub()
	d := &desk{h: h, acct: func() record.Account { return r.account }}
	stand := func(thread string) channels.Standing {
		t.Helper()
		s, err := d.Standing(t.Context(), thread)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if s := stand("t1"); s != (channels.Standing{}) {
		t.Fatalf("%+v", s)
	}
	h.lines.waits = map[string]pace{"q1": {read: time.Now().Add(time.Hour), median: 10 * time.Minute}} // as the record would tell; it is not read meanwhile
	r.deliver(h, from("t1", "1", "hi"))
	r.deliver(h, from("t2", "2", "hi"))
	if s := stand("t1"); s.Status != "waiting" || s.Position != 1 || s.Staffed || s.Wait <= 9*time.Minute || s.Wait > 10*time.Minute {
		t.Errorf("%+v", s)
	}
	if s := stand("t2"); s.Position != 2 {
		t.Errorf("%+v", s)
	}
	// Priority goes first, as the router has it.
	if _, err := h.Do(t.Context(), Command{By: agentActor("ann"), Action: Priority, Conversation: r.live(h, "t2").ID, Priority: 5}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "first in line", func() bool { return stand("t2").Position == 1 && stand("t1").Position == 2 })
	h.Presence("ann", "s1", true)
	if _, err := h.Do(t.Context(), Command{By: agentActor("ann"), Action: SetState, Agent: "ann", State: record.Available}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "somebody is there", func() bool { return stand("t1").Staffed })
	r.reply(h, "t1", "a1")
	if s := stand("t1"); s.Status != "active" || s.Agent != "ann" || s.Position != 0 {
		t.Errorf("%+v", s)
	}
}
