package inbox

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tamas/channels"
	"tamas/inbox/record"
)

// put queues a message of ann's in a thread's conversation, however it may have come to be.
func (r *rig) put(h *Hub, thread string, t record.Touch) string {
	r.t.Helper()
	c, ok := h.mirror.byThread(record.Thread{Account: r.account.ID, Channel: r.account.Kind, ID: thread})
	if !ok {
		r.t.Fatalf("no conversation of %s", thread)
	}
	if t.Kind == "" {
		t.Kind = record.KindMessage
	}
	if t.Author.Kind == "" {
		t.Author = agentActor("ann")
	}
	t.Conversation, t.Identity, t.Account, t.Channel, t.At, t.State = c.ID, c.Identity, c.Account, c.Channel, h.Now(), record.StateQueued
	e, epoch, err := h.commitSoon(r.t.Context(), "put/"+tokenText(newToken()), func() (*record.Event, bool, error) {
		x := t
		kind := record.EvQueued
		if t.Kind == record.KindEdit {
			kind = record.EvEdited
		}
		return &record.Event{Kind: kind, By: t.Author, Touch: &x}, false, nil
	})
	if err == nil {
		err = h.await(r.t.Context(), e.ID, epoch)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	return e.Touch.ID
}

// settled waits for a message that is not queued or being sent any more.
func (r *rig) settled(h *Hub, touch string) record.Touch {
	r.t.Helper()
	var x record.Touch
	eventually(r.t, "settled", func() bool {
		x, _ = h.db.Touch(r.t.Context(), touch)
		return x.State != record.StateQueued && x.State != record.StateSending && x.State != ""
	})
	return x
}

// mark puts a mark on a thread's identity.
func (r *rig) mark(h *Hub, thread string, m record.Mark) {
	r.t.Helper()
	i := h.db.IdentityOf(r.account.Kind, thread, "")
	e, epoch, err := h.commitSoon(r.t.Context(), "mark/"+tokenText(newToken()), func() (*record.Event, bool, error) {
		return &record.Event{Kind: record.EvIdentity, By: record.Actor{Kind: "system", ID: "test"}, Identity: &i, Marks: []record.Mark{m}}, false, nil
	})
	if err == nil {
		err = h.await(r.t.Context(), e.ID, epoch)
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

func limits(l channels.Limits) func(*Options) {
	return func(o *Options) { o.Kinds[0].Limits = l }
}

func (r *rig) blob(h *Hub, name, kind, content string) channels.File {
	r.t.Helper()
	blob, err := h.blobs.Put([]byte(content))
	if err != nil {
		r.t.Fatal(err)
	}
	return channels.File{Name: name, Type: kind, Kind: "file", Size: int64(len(content)), Blob: blob}
}

// Files that the channel carries go with the message; the others are reached by a link, or the message says why it cannot go.
func TestFilesGoOrAreLinked(t *testing.T) {
	r := newRig(t, store{"redis-server", "sqlite"})
	r.user("ann", 3)
	carry := limits(channels.Limits{Files: &channels.FileLimits{MaxSize: 100, Most: 2, Types: []string{"image/*", "text/plain"}}})
	h, _ := r.hub(carry, func(o *Options) { o.PublicURL = "https://help.example.com/" })
	r.mustSay(h, "t", "1", "hi")
	small, image := r.blob(h, "a.txt", "text/plain", "small"), r.blob(h, "b.png", "image/png", "image")
	third, large := r.blob(h, "c.png", "image/png", "third"), r.blob(h, "بزرگ.txt", "text/plain", strings.Repeat("x", 2_500_000))
	other := r.blob(h, "d.exe", "application/x-msdownload", "MZ")
	x := r.settled(h, r.put(h, "t", record.Touch{Body: &record.Body{Text: "see", Files: []channels.File{large, small, other, image, third,
		{Name: "e.mov", Missing: "larger than 25 MB"}}}}))
	if x.State != record.StateSent {
		t.Fatalf("%s: %s", x.State, x.Error)
	}
	out := r.provider.list()[0]
	if len(out.Files) != 2 || out.Files[0] != small || out.Files[1] != image {
		t.Errorf("carried: %+v", out.Files)
	}
	lines := strings.Split(out.Text, "\n")
	if len(lines) != 6 || lines[0] != "see" || lines[1] != "" || lines[5] != "e.mov (larger than 25 MB)" {
		t.Fatalf("the text is %q", out.Text)
	}
	for i, want := range map[int]channels.File{2: large, 3: other, 4: third} {
		text, link, _ := strings.Cut(lines[i], ": ")
		token, ok := strings.CutPrefix(link, "https://help.example.com/f/")
		if f, err := h.OpenLink(token); !ok || err != nil || f != want || !strings.HasPrefix(text, want.Name+" (") {
			t.Errorf("line %q opens %+v, %v", lines[i], f, err)
		}
	}
	if !strings.Contains(lines[2], "(2.5 MB)") {
		t.Errorf("the size in %q", lines[2])
	}

	r = newRig(t, store{"redis-server", "sqlite"})
	r.user("ann", 3)
	h, _ = r.hub(carry, func(o *Options) { o.LocalURL = "http://localhost:8080" })
	r.mustSay(h, "t", "1", "hi")
	x = r.settled(h, r.put(h, "t", record.Touch{Body: &record.Body{Files: []channels.File{r.blob(h, "d.exe", "x/y", "MZ")}}}))
	if x.State != record.StateFailed || !strings.Contains(x.Error, "d.exe") || !strings.Contains(x.Error, "--public-url") || len(r.provider.list()) != 0 {
		t.Errorf("without an address it is %s: %q", x.State, x.Error)
	}
}

// What a mail is made of comes out of the record: whom it answers, its history, its recipients and its signature.
func TestMailIsComposed(t *testing.T) {
	r := newRig(t, store{"redis-server", "sqlite"})
	r.user("ann", 3)
	h, _ := r.hub(limits(channels.Limits{Subject: true, Recipients: true, Files: &channels.FileLimits{MaxSize: 1 << 20}}))
	first := channels.Inbound{Key: "k1", ProviderID: "<one@x>", Thread: "t", Address: "t", Name: "Sara", Subject: "Order", Text: "first", HTML: "<p>first</p>"}
	second := first
	second.Key, second.ProviderID, second.Text, second.HTML, second.Subject = "k2", "<two@x>", "second", "", "Order (2)"
	if err := h.receive(t.Context(), r.account, channels.Batch{Messages: []channels.Inbound{first, second}}); err != nil {
		t.Fatal(err)
	}
	r.queue.Signature = "-- {agent}, {queue} of {firm}"
	if _, err := h.db.EditQueue(t.Context(), r.queue); err != nil {
		t.Fatal(err)
	}
	if _, err := h.db.SetSetting(t.Context(), FirmSetting, 0, Firm{Name: "Chai & Co", Locale: "en", Timezone: "UTC"}); err != nil {
		t.Fatal(err)
	}
	if err := h.readSettings(t.Context()); err != nil {
		t.Fatal(err)
	}
	touches := r.touches(h.db, "t")

	r.settled(h, r.put(h, "t", record.Touch{Body: &record.Body{Text: "an answer", Envelope: &channels.Envelope{To: []string{"sara@x"}, Cc: []string{"boss@x"}}}}))
	out := r.provider.list()[0]
	if out.InReplyTo != "<two@x>" || out.Quoted || out.Subject != "Order (2)" || out.Auto || out.Forwarded || out.Signature != "-- ann, General of Chai & Co" ||
		out.Envelope == nil || out.Envelope.Cc[0] != "boss@x" {
		t.Errorf("%+v", out)
	}
	if hist := out.History; hist == nil || hist.Text != "second" || hist.From != "Sara <t>" || hist.Subject != "Order (2)" || hist.At.IsZero() {
		t.Errorf("its history is %+v", hist)
	}

	r.settled(h, r.put(h, "t", record.Touch{ReplyTo: touches[0].ID, Body: &record.Body{Text: "on the first", Subject: "Other"}}))
	out = r.provider.list()[1]
	if out.InReplyTo != "<one@x>" || !out.Quoted || out.Subject != "Other" || out.History == nil || out.History.HTML != "<p>first</p>" {
		t.Errorf("%+v, %+v", out, out.History)
	}

	r.settled(h, r.put(h, "t", record.Touch{Author: record.Actor{Kind: "system", ID: "rule"}, Body: &record.Body{Text: "by itself"}}))
	if out = r.provider.list()[2]; !out.Auto || out.Signature != "" || out.From != "" {
		t.Errorf("%+v", out)
	}

	r.settled(h, r.put(h, "t", record.Touch{Body: &record.Body{Forward: touches[0].ID, Envelope: &channels.Envelope{To: []string{"third@x"}}}}))
	if out = r.provider.list()[3]; !out.Forwarded || out.InReplyTo != "" || out.History == nil || out.History.Text != "first" {
		t.Errorf("%+v, %+v", out, out.History)
	}

	x := r.settled(h, r.put(h, "t", record.Touch{Body: &record.Body{Forward: "nothing"}}))
	if x.State != record.StateFailed || len(r.provider.list()) != 4 {
		t.Errorf("what is not there is forwarded: %s %q", x.State, x.Error)
	}
}

// A change names the message that it changes, as its provider knows it.
func TestEditsNameTheirMessage(t *testing.T) {
	r := newRig(t, store{"redis-server", "sqlite"})
	r.user("ann", 3)
	h, _ := r.hub(limits(channels.Limits{Edits: true}))
	r.mustSay(h, "t", "1", "hi")
	r.provider.onSend(func(m channels.Outbound) error {
		if m.Text == "refused" {
			return &channels.SendError{Permanent: true, Reason: "no"}
		}
		return nil
	})
	sent := r.settled(h, r.put(h, "t", record.Touch{Body: &record.Body{Text: "one"}}))
	failed := r.settled(h, r.put(h, "t", record.Touch{Body: &record.Body{Text: "refused"}}))
	x := r.settled(h, r.put(h, "t", record.Touch{Kind: record.KindEdit, Of: sent.ID, Body: &record.Body{Text: "two"}}))
	if list := r.provider.list(); x.State != record.StateSent || len(list) != 2 || list[1].Edits != sent.ProviderID || list[1].Text != "two" {
		t.Errorf("%s %q, %+v", x.State, x.Error, list)
	}
	x = r.settled(h, r.put(h, "t", record.Touch{Kind: record.KindEdit, Of: failed.ID, Body: &record.Body{Text: "three"}}))
	if x.State != record.StateFailed || !strings.Contains(x.Error, "has not been sent") || len(r.provider.list()) != 2 {
		t.Errorf("a change of what was never sent is %s: %q", x.State, x.Error)
	}
}

// Law 7, consent: after STOP nothing goes out but the answer to it, whoever wrote it; after START all does.
func TestStopIsObeyed(t *testing.T) {
	eachEnd(t, func(t *testing.T, r *rig) {
		r.user("ann", 3)
		h, _ := r.hub()
		r.mustSay(h, "t", "1", "hi")
		r.mark(h, "t", record.Mark{Kind: record.MarkConsent, Value: "stop"})
		for _, author := range []record.Actor{agentActor("ann"), {Kind: "system", ID: "rule"}} {
			x := r.settled(h, r.put(h, "t", record.Touch{Author: author, Body: &record.Body{Text: "buy"}}))
			if x.State != record.StateFailed || x.Error != stopped {
				t.Errorf("of %v: %s %q", author, x.State, x.Error)
			}
		}
		if n := len(r.provider.list()); n != 0 {
			t.Fatalf("%d messages went out", n)
		}
		x := r.settled(h, r.put(h, "t", record.Touch{Author: channelActor, Body: &record.Body{Text: "You get no more messages."}}))
		if x.State != record.StateSent {
			t.Errorf("the confirmation is %s: %q", x.State, x.Error)
		}
		r.mark(h, "t", record.Mark{Kind: record.MarkConsent, Value: "start"})
		if x = r.settled(h, r.put(h, "t", record.Touch{Body: &record.Body{Text: "hello again"}})); x.State != record.StateSent {
			t.Errorf("after START it is %s: %q", x.State, x.Error)
		}
	})
}

// Who cannot be reached is not tried again, until they write.
func TestUnreachableUntilTheyWrite(t *testing.T) {
	eachEnd(t, func(t *testing.T, r *rig) {
		r.user("ann", 3)
		h, _ := r.hub()
		r.mustSay(h, "t", "1", "hi")
		var calls atomic.Int32
		var blocked atomic.Bool
		blocked.Store(true)
		r.provider.onSend(func(channels.Outbound) error {
			calls.Add(1)
			if blocked.Load() {
				return &channels.SendError{Permanent: true, Unreachable: true, Reason: "The customer has blocked the bot"}
			}
			return nil
		})
		for range 2 {
			x := r.settled(h, r.put(h, "t", record.Touch{Body: &record.Body{Text: "hello"}}))
			if x.State != record.StateFailed || x.Error != "The customer has blocked the bot" {
				t.Errorf("%s %q", x.State, x.Error)
			}
		}
		if n := calls.Load(); n != 1 {
			t.Errorf("the provider was called %d times", n)
		}
		blocked.Store(false)
		r.mustSay(h, "t", "2", "I am back")
		if x := r.settled(h, r.put(h, "t", record.Touch{Body: &record.Body{Text: "hello"}})); x.State != record.StateSent {
			t.Errorf("after they wrote it is %s: %q", x.State, x.Error)
		}
	})
}

// partsProbe sends each message as three.
type partsProbe struct{ *probe }

func (a partsProbe) Send(ctx context.Context, m channels.Outbound) (channels.Receipt, error) {
	r, err := a.probe.Send(ctx, m)
	r.Parts = []string{r.ProviderID + "b", r.ProviderID + "c"}
	return r, err
}

// A report about any part of a message is about that message; and no change replaces one part of it.
func TestPartsAreFound(t *testing.T) {
	r := newRig(t, store{"redis-server", "sqlite"})
	r.user("ann", 3)
	h, _ := r.hub(func(o *Options) {
		o.Kinds[0].Open = func(c channels.Config) (channels.Adapter, error) { return partsProbe{&probe{r.provider, c}}, nil }
	})
	r.mustSay(h, "t", "1", "hi")
	x := r.settled(h, r.put(h, "t", record.Touch{Body: &record.Body{Text: "long"}}))
	d := &desk{h: h, acct: func() record.Account { return r.account }}
	if err := d.Status(t.Context(), x.ProviderID+"c", record.StateDelivered, ""); err != nil {
		t.Fatal(err)
	}
	if s := r.stateOf(h.db, x.ID); s != record.StateDelivered {
		t.Errorf("it is %s", s)
	}
	change := r.settled(h, r.put(h, "t", record.Touch{Kind: record.KindEdit, Of: x.ID, Body: &record.Body{Text: "short"}}))
	if change.State != record.StateFailed || !strings.Contains(change.Error, "several parts") || len(r.provider.list()) != 1 {
		t.Errorf("its change is %s: %q", change.State, change.Error)
	}
}

// A hundred customers wait, some with long queues: each has a first message sent before anybody's third.
func TestNobodyWaitsForALongQueue(t *testing.T) {
	r := newRig(t, store{"redis-server", "sqlite"})
	r.user("ann", 3)
	h, _ := r.hub(func(o *Options) { o.Kinds[0].Pace = channels.Pace{PerSecond: 100, Burst: 1} })
	const people, each = 90, 4
	hold := make(chan struct{})
	r.provider.onSend(func(channels.Outbound) error { <-hold; return nil })
	for i := range people {
		r.mustSay(h, fmt.Sprint("t", i), fmt.Sprint("k", i), "hi")
	}
	for i := range people - 1 { // all of one, then all of the next
		for j := range each {
			r.put(h, fmt.Sprint("t", i), record.Touch{Body: &record.Body{Text: fmt.Sprint(j)}})
		}
	}
	last := r.put(h, fmt.Sprint("t", people-1), record.Touch{Body: &record.Body{Text: "0"}})
	close(hold)
	r.settled(h, last)
	for i, m := range r.provider.list() {
		if m.Text >= "2" && i < people {
			t.Fatalf("%s of %s is message %d of the account", m.Text, m.Thread, i)
		}
	}
	eventually(t, "all are sent", func() bool { return len(r.provider.list()) == (people-1)*each+1 })
	next := map[string]string{}
	for _, m := range r.provider.list() {
		if want := next[m.Thread]; m.Text < want {
			t.Errorf("%s of %s comes after %s", m.Text, m.Thread, want)
		}
		next[m.Thread] = m.Text
	}
}

// A provider that asks for a rest gets it: of the whole account, or of one thread; and the next worker keeps to what was asked.
func TestRests(t *testing.T) {
	r := newRig(t, store{"redis-server", "sqlite"})
	r.user("ann", 3)
	h, stop := r.hub()
	for _, thread := range []string{"a", "b", "c"} {
		r.mustSay(h, thread, thread, "hi")
	}
	r.provider.onSend(func(m channels.Outbound) error {
		if m.Thread == "a" {
			return &channels.SendError{RetryAfter: time.Hour, OneThread: true, Reason: "slow down"}
		}
		return nil
	})
	one := r.put(h, "a", record.Touch{Body: &record.Body{Text: "1"}})
	eventually(t, "put back", func() bool {
		x, _ := h.db.Touch(t.Context(), one)
		return x.State == record.StateQueued && x.RetryAt > h.Now()+3000_000 && x.Attempt == 0
	})
	if x := r.settled(h, r.put(h, "b", record.Touch{Body: &record.Body{Text: "2"}})); x.State != record.StateSent {
		t.Errorf("another thread is %s", x.State)
	}
	if x := h.Health(r.account.ID); x.LimitedUntil != 0 {
		t.Error("the account is said to rest")
	}

	r.provider.onSend(func(m channels.Outbound) error {
		if m.Thread == "b" {
			return &channels.SendError{RetryAfter: time.Hour, Reason: "slow down"}
		}
		return nil
	})
	two := r.put(h, "b", record.Touch{Body: &record.Body{Text: "3"}})
	eventually(t, "put back", func() bool {
		x, _ := h.db.Touch(t.Context(), two)
		return x.State == record.StateQueued && x.RetryAt > 0
	})
	eventually(t, "people are told", func() bool { return h.Health(r.account.ID).LimitedUntil > h.Now()+3000_000 })
	three := r.put(h, "c", record.Touch{Body: &record.Body{Text: "4"}})
	stop() // the rest ends with the worker, and what was put back waits
	r.provider.onSend(nil)
	h, _ = r.hub()
	if x := r.settled(h, three); x.State != record.StateSent {
		t.Errorf("it is %s: %q", x.State, x.Error)
	}
	for _, id := range []string{one, two} {
		if x, err := h.db.Touch(t.Context(), id); err != nil || x.State != record.StateQueued {
			t.Errorf("%s after the next worker's start, %v", x.State, err)
		}
	}
}

// A large file has the time that a slow line needs.
func TestCallTime(t *testing.T) {
	large := callTime([]channels.File{{Size: 50 << 20}})
	if none := callTime(nil); none != sendTimeout || large < none+5*time.Minute {
		t.Errorf("50 MB have %v, nothing %v", large, none)
	}
}

// What a provider says by itself holds for the next message: it is not tried, until the customer writes again.
func TestSaidToBeUnreachable(t *testing.T) {
	r := newRig(t, store{"redis-server", "sqlite"})
	r.user("ann", 3)
	h, _ := r.hub()
	r.mustSay(h, "t", "1", "hi")
	d := &desk{h: h, acct: func() record.Account { return r.account }}
	if err := d.Unreachable(t.Context(), "nobody", "gone"); err != nil {
		t.Errorf("of an address that is not known: %v", err)
	}
	if err := d.Unreachable(t.Context(), "t", "The customer has blocked the bot."); err != nil {
		t.Fatal(err)
	}
	e := r.reply(h, "t", "k")
	eventually(t, "failed", func() bool { return r.stateOf(h.db, e.Touch.ID) == record.StateFailed })
	if x, _ := h.db.Touch(t.Context(), e.Touch.ID); x.Error != "The customer has blocked the bot." || len(r.provider.list()) != 0 {
		t.Errorf("failed with %q after %d calls", x.Error, len(r.provider.list()))
	}
	r.mustSay(h, "t", "2", "back")
	e = r.reply(h, "t", "k2")
	eventually(t, "sent", func() bool { return r.stateOf(h.db, e.Touch.ID) == record.StateSent })
}
