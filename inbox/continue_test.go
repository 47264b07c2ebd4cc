package inbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tamas/channels"
	"tamas/inbox/record"
)

// chats is a rig whose probe is a live chat; its account goes on by mail, or on a messenger where only customers can begin.
type chats struct {
	*rig
	kinds   func(*Options)
	letters *provider
	notes   *provider
}

func newChats(t *testing.T, s store, on string) *chats {
	r := &chats{rig: newRig(t, s), letters: newProvider(), notes: newProvider()}
	kind := func(p *provider, name string, l channels.Limits, thread func(string) string) channels.Kind {
		return channels.Kind{Name: name, Weight: 1, Limits: l,
			StartThread: func(_ json.RawMessage, address string) (string, string, error) {
				if address == "" || strings.Contains(address, " ") || name == "email" && !strings.Contains(address, "@") {
					return "", "", errors.New("that is no address")
				}
				return thread(address), strings.ToLower(address), nil
			},
			Open: func(c channels.Config) (channels.Adapter, error) { return &probe{p, c}, nil }}
	}
	r.kinds = func(o *Options) {
		o.PublicURL = "https://hub.example"
		o.Kinds[0].Limits = channels.Limits{Live: true, NoReplyTo: true, Delivered: true, Read: true}
		o.Kinds = append(o.Kinds,
			kind(r.letters, "email", channels.Limits{Subject: true}, func(string) string { return "" }),
			kind(r.notes, "messenger", channels.Limits{NoReplyTo: true}, func(a string) string { return a }))
	}
	db := r.openDB()
	for _, k := range []string{"email", "messenger"} {
		if _, err := db.AddAccount(t.Context(), record.Account{ID: "by-" + k, Kind: k, Name: "By " + k, Queue: r.queue.ID, ReopenHours: 24, Enabled: true, Settings: []byte(`{}`)}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.SetSetting(t.Context(), "firm", 0, Firm{Name: "Rose", Timezone: "Asia/Tehran", Locale: "en"}); err != nil {
		t.Fatal(err)
	}
	r.account.ContinueOn, r.account.ContinueAfter = on, 5
	var err error
	if r.account, err = db.EditAccount(t.Context(), r.account); err != nil {
		t.Fatal(err)
	}
	r.user("ann", 9)
	return r
}

// visits is a visitor whom the site has proven, by an address of theirs.
func (r *chats) visits(h *Hub, who string) {
	r.t.Helper()
	err := h.receive(r.t.Context(), r.account, channels.Batch{Messages: []channels.Inbound{{Key: "hi-" + who, Thread: who, Address: who, Name: who, Text: "hello",
		Link: &channels.Link{Channel: "external", Address: who, Email: who + "@example.com", Evidence: "signed"}}}})
	if err != nil {
		r.t.Fatal(err)
	}
}

// answered is an answer of ann's that the chat has taken.
func (r *chats) answered(h *Hub, who, text string, files ...channels.File) record.Touch {
	r.t.Helper()
	c, _ := h.mirror.byThread(r.thread(who))
	e, err := h.Do(r.t.Context(), Command{Key: who + text, By: agentActor("ann"), Action: Reply, Conversation: c.ID, Text: text, Files: files})
	if err != nil {
		r.t.Fatal(err)
	}
	return r.settled(h, e.Touch.ID)
}

// later lets go on what is due in ten minutes.
func (r *chats) later(h *Hub) {
	r.t.Helper()
	if err := h.continueAll(r.t.Context(), h.Now()+10*60_000); err != nil {
		r.t.Fatal(err)
	}
}

// noted are the notes of a conversation.
func (r *chats) noted(h *Hub, conversation string) (list []string) {
	r.t.Helper()
	all, _, err := h.db.Touches(r.t.Context(), conversation, 0, 100)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, t := range all {
		if t.Kind == record.KindNote {
			list = append(list, t.Body.Text)
		}
	}
	return list
}

func TestUnseenAnswersGoOnOnce(t *testing.T) {
	for _, s := range []store{{"redis-server", "sqlite"}, {"redis-server", "postgres"}, {"in-process", "sqlite"}} {
		t.Run(s.String(), func(t *testing.T) {
			r := newChats(t, s, "by-email")
			a, _ := r.hub(r.kinds)
			b, _ := r.hub(r.kinds)
			r.visits(a, "sara")
			chat, _ := a.mirror.byThread(r.thread("sara"))
			picture := r.blob(a, "map.png", "image", "a picture")
			if _, err := b.blobs.Put([]byte("a picture")); err != nil { // nodes share their blobs
				t.Fatal(err)
			}
			r.answered(a, "sara", "At nine.")
			r.answered(a, "sara", "Here is the way.", picture)
			if err := a.continueAll(t.Context(), a.Now()+4*60_000); err != nil || len(r.letters.list()) != 0 {
				t.Fatalf("too early: %v %v", err, r.letters.list())
			}
			var wg sync.WaitGroup
			for i := range 6 { // two who both think that they lead, again and again
				wg.Go(func() { r.later([]*Hub{a, b}[i%2]) })
			}
			wg.Wait()
			eventually(t, "it is sent", func() bool { return len(r.letters.list()) > 0 })
			r.later(b)
			list := r.letters.list()
			m := list[0]
			if len(list) != 1 || m.Address != "sara@example.com" || m.Subject != "Your chat with Rose" || !m.Auto || len(m.Files) != 0 {
				t.Fatalf("%d: %+v", len(list), m)
			}
			if !strings.Contains(m.Text, "ann: At nine.\n\nHere is the way.\n") || !strings.Contains(m.Text, "https://hub.example/f/") || strings.Contains(m.Text, "hello") {
				t.Errorf("text: %s", m.Text)
			}
			there, ok := a.mirror.byThread(record.Thread{Account: "by-email", Channel: "email", ID: m.Thread})
			if !ok || there.Status != record.Resolved || there.Owner != "ann" || there.Queue != chat.Queue || there.ReopenUntil < a.Now()+23*3600_000 {
				t.Fatalf("%v %+v", ok, there)
			}
			if held := a.mirror.agent("ann").Held; len(held) != 1 {
				t.Errorf("ann holds %v", held)
			}
			if n := r.noted(a, chat.ID); len(n) != 1 || !strings.Contains(n[0], fmt.Sprintf("“By email” to sara@example.com: #%d", there.Number)) {
				t.Errorf("in the chat: %q", n)
			}
			if n := r.noted(a, there.ID); len(n) != 1 || !strings.Contains(n[0], fmt.Sprintf("#%d", chat.Number)) {
				t.Errorf("there: %q", n)
			}
			if c, _ := a.mirror.conversation(chat.ID); c.Status != record.Active || c.Owner != "ann" {
				t.Errorf("the chat: %+v", c)
			}

			// What comes later goes on by itself.
			r.answered(b, "sara", "One more thing.")
			r.later(a)
			eventually(t, "it is sent too", func() bool { return len(r.letters.list()) == 2 })
			if m := r.letters.list()[1]; strings.Contains(m.Text, "nine") || !strings.Contains(m.Text, "One more thing.") {
				t.Errorf("text: %s", m.Text)
			}

			// The customer's answer is for who had the chat.
			mail, _ := r.openDB().Account(t.Context(), "by-email")
			if err := a.receive(t.Context(), mail, channels.Batch{Messages: []channels.Inbound{{Key: "re", Thread: m.Thread, Address: "sara@example.com", Text: "Thanks!"}}}); err != nil {
				t.Fatal(err)
			}
			if c, _ := a.mirror.conversation(there.ID); c.Status != record.Waiting || c.Prefer != "ann" || c.Unread != 1 {
				t.Errorf("answered: %+v", c)
			}
		})
	}
}

func TestWhatDoesNotGoOn(t *testing.T) {
	r := newChats(t, store{"redis-server", "sqlite"}, "by-email")
	h, _ := r.hub(r.kinds)
	d := &desk{h, func() record.Account { return r.account }}
	for _, who := range []string{"reads", "writes", "stopped", "blocked", "partly"} {
		r.visits(h, who)
		if t := r.answered(h, who, "Yes."); who == "reads" || who == "partly" {
			if err := d.Status(r.t.Context(), t.ProviderID, record.StateRead, ""); err != nil {
				r.t.Fatal(err)
			}
		}
	}
	r.mustSay(h, "nobody", "n", "hi")
	r.answered(h, "nobody", "Yes.")
	r.mustSay(h, "writes", "w2", "Thank you.")
	if _, err := h.Do(t.Context(), Command{By: agentActor("ann"), Action: Block, Identity: h.db.IdentityOf("probe", "blocked", "").ID, On: true}); err != nil {
		t.Fatal(err)
	}
	mail, _ := r.openDB().Account(t.Context(), "by-email")
	stop := channels.Inbound{Key: "stop", Thread: "s", Address: "stopped@example.com", Text: "STOP", Consent: "stop"}
	if err := h.receive(t.Context(), mail, channels.Batch{Messages: []channels.Inbound{stop}}); err != nil {
		t.Fatal(err)
	}
	r.later(h)
	if list, err := h.db.Continued(t.Context(), 0); err != nil || len(list) != 0 {
		t.Fatalf("%v %+v", err, list)
	}
	// Of what was seen in part the rest goes on, as it reads now.
	e := r.answered(h, "partly", "And on Mondays.")
	if _, err := h.Do(t.Context(), Command{By: agentActor("ann"), Action: Note, Conversation: e.Conversation, Text: "a secret"}); err != nil {
		t.Fatal(err)
	}
	r.later(h)
	list, err := h.db.Continued(t.Context(), 0)
	if err != nil || len(list) != 1 || !strings.HasSuffix(list[0].Body.Text, "\n\nann: And on Mondays.") || list[0].ReplyTo != e.ID {
		t.Fatalf("%v %+v", err, list)
	}
	// Too late.
	r.answered(h, "reads", "Too late.")
	if err := h.continueAll(t.Context(), h.Now()+25*3600_000); err != nil {
		t.Fatal(err)
	}
	if list, _ := h.db.Continued(t.Context(), 0); len(list) != 1 {
		t.Fatalf("%+v", list)
	}
}

// A leader that ended between the message and its notes leaves the notes to the next one.
func TestTheNextLeaderNotesWhereAChatWentOn(t *testing.T) {
	r := newChats(t, store{"redis-server", "sqlite"}, "by-email")
	h, stop := r.hub(r.kinds)
	r.visits(h, "sara")
	first := r.answered(h, "sara", "سلام، از ساعت نه.")
	cmd := Command{Key: first.ID, By: record.Continuer, Action: Continue, Account: "by-email", Address: "sara@example.com", Text: first.Body.Text, ReplyTo: first.ID, Agent: "ann", Queue: r.queue.ID}
	e, err := h.Do(t.Context(), cmd)
	if err != nil {
		t.Fatal(err)
	}
	stop()
	h, _ = r.hub(r.kinds)
	for _, c := range []string{first.Conversation, e.Touch.Conversation} {
		eventually(t, "it is noted", func() bool { return len(r.noted(h, c)) == 1 })
		if n := r.noted(h, c); !strings.Contains(n[0], "گفتگو") && !strings.Contains(n[0], "بازدیدکننده") {
			t.Errorf("%q", n)
		}
	}
	r.later(h)
	if list, _ := h.db.Continued(t.Context(), 0); len(list) != 1 {
		t.Errorf("%d messages", len(list))
	}
	if again, err := h.Do(t.Context(), cmd); err != nil || again.Touch.ID != e.Touch.ID {
		t.Errorf("%v %+v", err, again.Touch)
	}
}

func TestAChatGoesOnWhereTheCustomerWritesAlready(t *testing.T) {
	r := newChats(t, store{"redis-server", "sqlite"}, "by-messenger")
	h, _ := r.hub(r.kinds)
	messenger, _ := r.openDB().Account(t.Context(), "by-messenger")
	link := &channels.Link{Channel: "external", Address: "sara", Evidence: "start link"}
	r.visits(h, "sara")
	r.answered(h, "sara", "Yes.")
	r.later(h)
	if len(r.notes.list()) != 0 {
		t.Fatal("a stranger was written to")
	}
	if err := h.receive(t.Context(), messenger, channels.Batch{Messages: []channels.Inbound{{Key: "m1", Thread: "4000", Address: "4000", Text: "hi", Link: link}}}); err != nil {
		t.Fatal(err)
	}
	in := record.Thread{Account: "by-messenger", Channel: "messenger", ID: "4000"}
	before, _ := h.mirror.byThread(in)
	r.later(h)
	eventually(t, "it is sent", func() bool { return len(r.notes.list()) == 1 })
	after, _ := h.mirror.byThread(in)
	if m := r.notes.list()[0]; m.Thread != "4000" || after.ID != before.ID || after.Status != record.Waiting || after.Unread != before.Unread || after.WaitingSince != before.WaitingSince || after.Unanswered == 0 {
		t.Errorf("%+v\n%+v", m, after)
	}
}

func TestTranscript(t *testing.T) {
	r := newChats(t, store{"redis-server", "sqlite"}, "by-email")
	h, _ := r.hub(r.kinds)
	d := &desk{h, func() record.Account { return r.account }}
	can := func(who string) bool {
		t.Helper()
		s, err := d.Standing(t.Context(), who)
		if err != nil {
			t.Fatal(err)
		}
		err = d.Transcript(t.Context(), who)
		if s.Transcript != !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: standing says %v, asking for it %v", who, s.Transcript, err)
		}
		return err == nil
	}
	r.visits(h, "sara")
	if can("sara") || can("stranger") {
		t.Error("before anybody has answered")
	}
	r.answered(h, "sara", "Here you are.", r.blob(h, "map.png", "image", "a picture"))
	wrote := channels.Inbound{Key: "w", Thread: "sara", Address: "sara", Text: "a mistake", ProviderID: "w", At: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	edit := channels.Inbound{Kind: channels.Edit, Key: "e", Of: "w", Thread: "sara", Address: "sara", Text: "no mistake"}
	if err := h.receive(t.Context(), r.account, channels.Batch{Messages: []channels.Inbound{wrote, edit}}); err != nil {
		t.Fatal(err)
	}
	minute := time.Now().Unix() / 60
	for range 2 {
		if !can("sara") {
			t.Error("it cannot")
		}
	}
	eventually(t, "it is sent", func() bool { return len(r.letters.list()) > 0 })
	m := r.letters.list()[0]
	if len(r.letters.list()) != 1 && minute == time.Now().Unix()/60 || m.Address != "sara@example.com" || m.Subject != "Your chat with Rose" {
		t.Fatalf("%+v", r.letters.list()) // asked for twice within a minute, it comes once
	}
	for _, want := range []string{"] You: hello\n", "] ann: Here you are.\nFile: map.png https://hub.example/f/", "[2026-03-01 15:30] You: no mistake"} {
		if !strings.Contains(m.Text, want) {
			t.Errorf("without %q:\n%s", want, m.Text)
		}
	}

	// Three a day to one address, whatever is asked for.
	for i := range 2 {
		if _, err := h.Do(t.Context(), Command{Key: fmt.Sprint(i), By: transcriber, Action: Continue, Account: "by-email", Address: "sara@example.com", Text: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Transcript(t.Context(), "sara"); !errors.Is(err, channels.ErrTooOften) {
		t.Error(err)
	}

	// To the address that was given before the first message, and to no other.
	for who, name := range map[string]string{"typed": "Bob (bob@example.com, +98912)", "silent": "Eve"} {
		in := channels.Inbound{Key: who, Thread: who, Address: who, Name: name, Text: "hi"}
		later := channels.Inbound{Key: who + "2", Thread: who, Address: who, Name: "X (victim@example.com)", Text: "hi"}
		if err := h.receive(t.Context(), r.account, channels.Batch{Messages: []channels.Inbound{in, later}}); err != nil {
			t.Fatal(err)
		}
		r.answered(h, who, "Yes.")
	}
	if !can("typed") || can("silent") {
		t.Error("to whom it goes")
	}
	eventually(t, "it is sent", func() bool {
		return slices.ContainsFunc(r.letters.list(), func(m channels.Outbound) bool { return m.Address == "bob@example.com" })
	})
	if slices.ContainsFunc(r.letters.list(), func(m channels.Outbound) bool { return m.Address == "victim@example.com" }) {
		t.Error("somebody else got it")
	}
}

func TestAnAccountSaysWhereItsChatsGoOn(t *testing.T) {
	r := newChats(t, store{"in-process", "sqlite"}, "")
	h, _ := r.hub(r.kinds)
	save := func(id, on string, after int) (record.Account, error) {
		a, err := h.db.Account(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		a.ContinueOn, a.ContinueAfter = on, after
		return h.SaveAccount(t.Context(), a, nil)
	}
	for _, bad := range []struct {
		id, on string
		after  int
	}{{"acct", "none", 5}, {"acct", "acct", 5}, {"acct", "by-email", 1441}, {"acct", "by-email", -1}, {"by-email", "by-messenger", 5}} {
		if _, err := save(bad.id, bad.on, bad.after); code(err) != "invalid" {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if a, err := save("acct", "by-messenger", 0); err != nil || a.ContinueAfter != 5 {
		t.Errorf("%v %+v", err, a)
	}
	if a, err := save("acct", "", 7); err != nil || a.ContinueOn != "" || a.ContinueAfter != 0 {
		t.Errorf("%v %+v", err, a)
	}
}
