package inbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tamas/channels"
	"tamas/inbox/record"
)

// dumped is all that the record holds, as text.
func (r *rig) dumped(db *record.DB) string {
	r.t.Helper()
	var b bytes.Buffer
	if _, err := db.Dump(r.t.Context(), func(table record.Table, rows record.Rows) error {
		for row, err := range rows {
			if err != nil {
				return err
			}
			fmt.Fprint(&b, table.Name, " ")
			if err := json.NewEncoder(&b).Encode(row); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		r.t.Fatal(err)
	}
	return b.String()
}

// A person who is erased stands nowhere: not in the record, its index, the log, a file. Others are untouched, figures stay, and who writes from
// the old address is new.
func TestErase(t *testing.T) {
	eachStore(t, func(t *testing.T, r *rig) {
		ctx := t.Context()
		r.user("ann", 50)
		r.user("ben", 50)
		r.tune = func(h *Hub) { h.doomedAfter, h.scrubEvery = 0, 100*time.Millisecond }
		h, _ := r.hub()
		ann := record.Actor{Kind: "agent", ID: "ann"}
		// File is the erased customer's and another's; own only the erased customer's.
		both, err := h.StoreFile(ctx, channels.File{Name: "both.txt"}, strings.NewReader("of both"), 1000)
		if err != nil {
			t.Fatal(err)
		}
		own, err := h.StoreFile(ctx, channels.File{Name: "own.txt"}, strings.NewReader("of one"), 1000)
		if err != nil {
			t.Fatal(err)
		}
		receive := func(thread, key, text string, files ...channels.File) {
			t.Helper()
			if err := h.receive(ctx, r.account, channels.Batch{Messages: []channels.Inbound{{Key: key, Thread: thread, Address: thread, Name: "Name of " + thread, Text: text, Files: files}}}); err != nil {
				t.Fatal(err)
			}
		}
		receive("+98912000", "k1", "zahrasecret words", own, both)
		receive("other", "k2", "othersecret words", both)
		who := h.db.IdentityOf("probe", "+98912000", "")
		conv := r.touches(h.db, "+98912000")[0].Conversation
		do := func(c Command) record.Event {
			t.Helper()
			e, err := h.Do(ctx, c)
			if err != nil {
				t.Fatal(err)
			}
			return e
		}
		do(Command{By: ann, Action: Claim, Conversation: conv})
		do(Command{Key: "n1", By: ann, Action: Note, Conversation: conv, Text: "zahrasecret note"})
		for {
			n, err := h.db.IndexOnce(ctx, 100)
			if err != nil {
				t.Fatal(err)
			}
			if n == 0 {
				break
			}
		}

		if _, err := h.db.SetConversationAttributes(ctx, conv, record.Values{"a": []byte(`"zahrasecret field"`)}, record.Decided{At: h.Now(), By: "ann"}, nil); err != nil {
			t.Fatal(err)
		}

		erase := func() (record.Erasure, error) { return h.Erase(ctx, who.Customer, "asked for it", "ann", nil) }
		if _, err := erase(); !errors.Is(err, ErrOpen) {
			t.Fatalf("with an open conversation: %v", err)
		}
		do(Command{By: ann, Action: Resolve, Conversation: conv})
		if err := h.db.SetHold(ctx, record.Hold{Customer: who.Customer, At: h.Now(), By: "ann", Why: "a lawsuit"}); err != nil {
			t.Fatal(err)
		}
		if _, err := erase(); !errors.Is(err, record.ErrHeld) {
			t.Fatalf("with a hold: %v", err)
		}
		if err := h.db.SetHold(ctx, record.Hold{Customer: who.Customer}); err != nil {
			t.Fatal(err)
		}
		// What is logged by the customer's id is of an identity that is no address.
		if logged, err := h.Log(ctx, ann, []record.Entry{{ID: "e1", Kind: record.KindCall, Customer: record.Who{ID: who.Customer}, Text: "zahrasecret call"}}); err != nil || logged[0].Error != nil {
			t.Fatal(logged, err)
		}
		before, err := h.db.PreviewErase(ctx, who.Customer)
		if err != nil || before.Customers != 1 || before.Identities != 1 || before.Conversations != 1 || before.Touches < 2 || before.Files != 2 {
			t.Fatalf("%+v %v", before, err)
		}
		e, err := erase()
		if err != nil || e.Counts != before {
			t.Fatalf("%+v, foreseen %+v: %v", e, before, err)
		}
		if _, err := erase(); !errors.Is(err, record.ErrNotFound) {
			t.Errorf("erased twice: %v", err)
		}
		eventually(t, "the certificate is whole", func() bool {
			now, err := h.db.Erasure(ctx, e.ID)
			return err == nil && now.ScrubbedAt > 0
		})
		eventually(t, "the log is without it", func() bool {
			log, err := h.rdb.XRange(ctx, h.keys.events(), "-", "+").Result()
			return err == nil && !strings.Contains(fmt.Sprint(log), "zahrasecret")
		})
		text := r.dumped(h.db)
		for _, gone := range []string{"zahrasecret", "Name of +98912000", `"+98912000"`, "own.txt", who.Customer + `"`} {
			for line := range strings.Lines(text) {
				if strings.Contains(line, gone) && !strings.HasPrefix(line, "erasures") && !strings.HasPrefix(line, "audit") && (gone != who.Customer+`"` || !strings.HasPrefix(line, "events")) {
					t.Errorf("%q is left in %.300s", gone, line)
				}
			}
		}
		for _, stays := range []string{"othersecret", "Name of other", "both.txt"} {
			if !strings.Contains(text, stays) {
				t.Errorf("%q has gone, too", stays)
			}
		}
		for _, word := range []string{"zahrasecret", "98912000"} {
			hits, err := h.db.Search(ctx, word, 10)
			if err != nil || len(hits.Messages)+len(hits.Customers) > 0 {
				t.Errorf("search finds %s: %+v %v", word, hits, err)
			}
		}
		if c, err := h.db.Header(ctx, conv); err != nil || strings.Contains(c.Thread, "98912") || c.Identity == who.ID {
			t.Errorf("%+v %v", c, err)
		}

		for blob, want := range map[string]bool{own.Blob: false, both.Blob: true} {
			if has, err := h.blobs.Has(blob); has != want || err != nil {
				t.Errorf("a file that %v: %v", map[bool]string{true: "another has, too, is gone", false: "nobody has is there"}[want], err)
			}
		}

		receive("+98912000", "k9", "hello again")
		again, err := h.db.Customer(ctx, who.Customer)
		if err != nil || len(again.Conversations) != 1 || again.Conversations[0].ID == conv {
			t.Fatalf("who writes again has %+v, %v", again.Conversations, err)
		}
		receive("+98912000", "k1", "zahrasecret words") // delivered once more
		if got := r.touches(h.db, "+98912000"); len(got) != 1 {
			t.Errorf("%d touches after the erased message came again", len(got))
		}
	})
}

// Whoever was erased after a backup was made is erased again when it stands in for the record, whatever was under way then; whoever was not, is not. It is done
// once: who writes afterwards from the old address stays.
func TestErasedAgain(t *testing.T) {
	eachStore(t, func(t *testing.T, r *rig) {
		ctx := t.Context()
		r.user("ann", 50)
		ledger := filepath.Join(t.TempDir(), "erased.jsonl")
		h, stop := r.hub(func(o *Options) { o.Ledger = ledger })
		who := func(thread string) string { return h.db.IdentityOf("probe", thread, "").Customer }
		r.mustSay(h, "erased", "k1", "erased words")
		r.mustSay(h, "stays", "k2", "other words")
		origin, err := h.db.Origin(ctx)
		if err != nil || origin == "" {
			t.Fatal(origin, err)
		}
		// As the list would be, had "erased" been erased in a record of which this is an older copy, and somebody else in another record.
		lines := []record.Erased{{Record: origin, Erasure: "e1", At: h.Now(), Customers: []string{who("erased"), "c-unknown"}}, {Record: "another", Erasure: "e2", Customers: []string{who("stays")}},
			{Record: origin, Refused: "0123"}}
		if n, err := AddToLedger(ledger, lines); err != nil || n != 3 {
			t.Fatal(n, err)
		}
		if n, err := AddToLedger(ledger, lines); err != nil || n != 0 {
			t.Fatal(n, err)
		}
		if err := h.db.SetHold(ctx, record.Hold{Customer: who("erased"), Why: "lifted later"}); err != nil {
			t.Fatal(err)
		}
		there := func(h *Hub, thread string) bool {
			_, err := h.db.Customer(ctx, who(thread))
			return err == nil
		}
		stop()
		h, stop = r.hub(func(o *Options) { o.Ledger = ledger })
		eventually(t, "erased again", func() bool { return !there(h, "erased") })
		if !there(h, "stays") {
			t.Error("one of another record's list is gone")
		}
		eventually(t, "the list is taken over", func() bool {
			e, err := h.db.Erasure(ctx, "e1")
			list, more := ReadLedger(ledger)
			return err == nil && e.Customer == who("erased") && more == nil && len(list) == 4 // with the new certificate
		})
		r.mustSay(h, "erased", "k3", "new words")
		stop()
		if _, err := AddToLedger(ledger, []record.Erased{{Record: origin, Erasure: "e3", Customers: []string{who("stays")}}}); err != nil {
			t.Fatal(err)
		}
		h, _ = r.hub(func(o *Options) { o.Ledger = ledger })
		eventually(t, "the list is looked at again", func() bool { return !there(h, "stays") })
		if !there(h, "erased") {
			t.Error("one who wrote again was erased again")
		}
	})
}

// What was erased leaves the log in Redis also when the node that erased stops right then.
func TestErasedLeavesTheLog(t *testing.T) {
	t.Parallel()
	r := newRig(t, store{"redis-server", "sqlite"})
	ctx := t.Context()
	r.user("ann", 50)
	r.tune = func(h *Hub) { h.doomedAfter, h.scrubEvery = 0, 100*time.Millisecond }
	h, _ := r.hub()
	for i, thread := range []string{"zahra", "maryam"} { // the second one after the first has been seen to
		r.mustSay(h, thread, thread, thread+"secret words")
		conv := r.touches(h.db, thread)[0].Conversation
		for _, c := range []Command{{By: agentActor("ann"), Action: Resolve}, {By: privacyActor, Action: Close, On: true}} {
			c.Conversation = conv
			if _, err := h.Do(ctx, c); err != nil {
				t.Fatal(i, err)
			}
		}
		e, err := h.db.Erase(ctx, h.db.IdentityOf("probe", thread, "").Customer, "asked", record.Decided{At: h.Now()}, nil)
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, "the certificate is whole", func() bool {
			now, err := h.db.Erasure(ctx, e.ID)
			return err == nil && now.ScrubbedAt > 0
		})
		if log, err := h.rdb.XRange(ctx, h.keys.events(), "-", "+").Result(); err != nil || strings.Contains(fmt.Sprint(log), thread+"secret") {
			t.Errorf("certified, and the log has it: %v %v", log, err)
		}
	}
}

// One who cannot be erased again yet, and a list that cannot be read, are no reason to leave the others, or what rules of retention say.
func TestErasedAgainOneByOne(t *testing.T) {
	t.Parallel()
	r := newRig(t, stores[0])
	ctx := t.Context()
	r.user("ann", 50)
	ledger := filepath.Join(t.TempDir(), "erased.jsonl")
	if err := os.Mkdir(ledger, 0o700); err != nil { // no file
		t.Fatal(err)
	}
	db := r.openDB()
	rule := record.RetentionRule{ID: "r1", Name: "a year", Enabled: true, Days: 365, What: record.RetainText}
	if _, err := db.SetSetting(ctx, PrivacySetting, 0, record.PrivacySetting{Retention: []record.RetentionRule{rule}}); err != nil {
		t.Fatal(err)
	}
	r.tune = func(h *Hub) {
		h.doomedAfter, h.scrubEvery, h.retainEvery = 0, 100*time.Millisecond, 100*time.Millisecond
	}
	h, stop := r.hub()
	if err := h.receive(ctx, r.account, channels.Batch{Messages: []channels.Inbound{{Key: "k0", Thread: "ancient", Address: "ancient", Text: "old text", Imported: true, At: h.now().AddDate(-2, 0, 0)}}}); err != nil {
		t.Fatal(err)
	}
	stop()
	h, _ = r.hub(func(o *Options) { o.Ledger = ledger })
	eventually(t, "rules are carried out though the list cannot be read", func() bool { return r.touches(db, "ancient")[0].Body == nil })
	if err := os.Remove(ledger); err != nil {
		t.Fatal(err)
	}

	sending, goOn := make(chan struct{}), make(chan struct{})
	r.provider.onSend(func(channels.Outbound) error {
		close(sending)
		<-goOn
		return nil
	})
	who := func(thread string) string { return h.db.IdentityOf("probe", thread, "").Customer }
	r.mustSay(h, "stuck", "k1", "hello")
	r.mustSay(h, "gone", "k2", "hello")
	conv := r.touches(db, "stuck")[0].Conversation
	by := record.Actor{Kind: "agent", ID: "ann"}
	for _, c := range []Command{{By: by, Action: Claim, Conversation: conv}, {Key: "m1", By: by, Action: Reply, Conversation: conv, Text: "one"}} {
		if _, err := h.Do(ctx, c); err != nil {
			t.Fatal(err)
		}
	}
	<-sending
	origin, err := db.Origin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := AddToLedger(ledger, []record.Erased{{Record: origin, Erasure: "e1", Customers: []string{who("stuck")}}, {Record: origin, Erasure: "e2", Customers: []string{who("gone")}}}); err != nil {
		t.Fatal(err)
	}
	// The list is looked at when there is something to add to it.
	if err := db.NoteErased(ctx, record.Erased{Record: origin, Erasure: "e0", Customers: []string{"c-other"}}, h.Now()); err != nil {
		t.Fatal(err)
	}
	there := func(thread string) bool {
		_, err := db.Customer(ctx, who(thread))
		return err == nil
	}
	eventually(t, "the second is erased", func() bool { return !there("gone") })
	if !there("stuck") {
		t.Error("one was erased while a message to them was being sent")
	}
	close(goOn)
	eventually(t, "the first is erased", func() bool { return !there("stuck") })
}

// A refusal that was taken back stays so, unless the record is an older one.
func TestRefusalsOfAnOlderRecord(t *testing.T) {
	eachStore(t, func(t *testing.T, r *rig) {
		h, _ := r.hub()
		r.mustSay(h, "a", "k1", "hello")
		origin, err := h.db.Origin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		list := []record.Erased{{Record: origin, Erasure: "e1", Customers: []string{"c1"}}, {Record: origin, Refused: "0123"}}
		said := func() (out []string) {
			t.Helper()
			again, err := Outdated(t.Context(), h.db, list)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range again {
				out = append(out, e.Erasure+e.Refused)
			}
			return out
		}
		if got := said(); !slices.Equal(got, []string{"0123", "e1"}) {
			t.Errorf("of an older record: %q", got)
		}
		if err := h.db.NoteErased(t.Context(), list[0], h.Now()); err != nil {
			t.Fatal(err)
		}
		if got := said(); len(got) > 0 {
			t.Errorf("of one that knows the erasure: %q", got)
		}
	})
}

// Merged customers go together, queued messages do not go out, and rules of retention leave what is held or young.
func TestRetention(t *testing.T) {
	eachStore(t, func(t *testing.T, r *rig) {
		ctx := t.Context()
		r.user("ann", 50)
		h, _ := r.hub()
		old := func(thread, key string, days int) {
			t.Helper()
			if err := h.receive(ctx, r.account, channels.Batch{Messages: []channels.Inbound{{Key: key, Thread: thread, Address: thread, Name: thread, Text: "text of " + thread,
				Imported: true, At: h.now().Add(-time.Duration(days) * 24 * time.Hour)}}}); err != nil {
				t.Fatal(err)
			}
		}
		old("ancient", "k1", 400)
		old("held", "k2", 400)
		old("young", "k3", 10)
		customer := func(thread string) string { return h.db.IdentityOf("probe", thread, "").Customer }
		if err := h.db.SetHold(ctx, record.Hold{Customer: customer("held"), At: h.Now(), By: "ann", Why: "a lawsuit"}); err != nil {
			t.Fatal(err)
		}
		rule := record.RetentionRule{ID: "r1", Name: "a year", Enabled: true, Days: 365, What: record.RetainText}
		p, err := h.PreviewRetention(ctx, rule)
		if err != nil || p.Touches != 1 || p.Customers != 1 || p.Held != 1 {
			t.Errorf("%+v %v", p, err)
		}
		none := rule
		none.Kinds = []string{record.KindNote}
		if p, err := h.PreviewRetention(ctx, none); err != nil || p.Touches != 0 {
			t.Errorf("of notes: %+v %v", p, err)
		}
		without := rule
		without.Without = "news"
		if p, err := h.PreviewRetention(ctx, without); err != nil || p.Touches != 1 {
			t.Errorf("without consent: %+v %v", p, err)
		}
		r.private(h, record.PrivacySetting{Retention: []record.RetentionRule{rule}})
		if _, err := h.Retain(ctx, time.Time{}); err != nil {
			t.Fatal(err)
		}
		for thread, want := range map[string]bool{"ancient": false, "held": true, "young": true} {
			list := r.touches(h.db, thread)
			if len(list) != 1 || (list[0].Body != nil && list[0].Body.Text != "") != want {
				t.Errorf("%s: %+v", thread, list)
			}
		}

		// Of what others logged there may be no text, but an order and fields; what it came to stays.
		logged, err := h.Log(ctx, record.Actor{Kind: "agent", ID: "ann"}, []record.Entry{{ID: "p1", Source: "shop", Kind: record.KindPurchase, At: record.Moment(h.Now() - 400*24*3600_000), Customer: record.Who{Phone: "+989121112233"},
			Data: record.Data{Amount: 5_000_000, Currency: "IRT", Order: "secret order"}}})
		if err != nil || logged[0].Error != nil {
			t.Fatal(logged, err)
		}
		bought := rule
		bought.Kinds = []string{record.KindPurchase}
		eventually(t, "the purchase is seen", func() bool {
			p, err := h.PreviewRetention(ctx, bought)
			return err == nil && p.Touches == 1
		})
		if did, err := h.Retain(ctx, time.Time{}); err != nil || did.Touches != 1 || did.More {
			t.Errorf("%+v %v", did, err)
		}
		if text := r.dumped(h.db); strings.Contains(text, "secret order") || !strings.Contains(text, "IRT") {
			t.Error("the purchase is not as it should be")
		}
		if did, err := h.Retain(ctx, time.Time{}); err != nil || did != (Retained{}) {
			t.Errorf("once more: %+v %v", did, err)
		}

		rule.What = record.RetainCustomer
		if p, err := h.PreviewRetention(ctx, rule); err != nil || p.Customers != 2 || p.Held != 1 {
			t.Errorf("%+v %v", p, err)
		}
		r.private(h, record.PrivacySetting{Retention: []record.RetentionRule{rule}})
		if _, err := h.Retain(ctx, time.Time{}); err != nil {
			t.Fatal(err)
		}
		for thread, want := range map[string]bool{"ancient": false, "held": true, "young": true} {
			if _, err := h.db.Customer(ctx, customer(thread)); (err == nil) != want {
				t.Errorf("%s: %v", thread, err)
			}
		}

		// What is being sent is waited for; what is queued behind it is not sent.
		sending, goOn := make(chan struct{}), make(chan struct{})
		var once sync.Once
		r.provider.onSend(func(channels.Outbound) error {
			once.Do(func() { close(sending) })
			<-goOn
			return nil
		})
		r.mustSay(h, "queued", "k5", "hello")
		conv := r.touches(h.db, "queued")[0].Conversation
		ann := record.Actor{Kind: "agent", ID: "ann"}
		for _, c := range []Command{{By: ann, Action: Claim, Conversation: conv}, {Key: "m1", By: ann, Action: Reply, Conversation: conv, Text: "one"},
			{Key: "m2", By: ann, Action: Reply, Conversation: conv, Text: "two"}, {By: ann, Action: Resolve, Conversation: conv}} {
			if _, err := h.Do(ctx, c); err != nil {
				t.Fatal(err)
			}
		}
		<-sending
		if _, err := h.Erase(ctx, customer("queued"), "asked", "ann", nil); !errors.Is(err, record.ErrLive) {
			t.Errorf("while one is being sent: %v", err)
		}
		if c, err := h.db.Header(ctx, conv); err != nil || c.Identity != h.db.IdentityOf("probe", "queued", "").ID {
			t.Errorf("%+v %v", c, err)
		}
		close(goOn)
		eventually(t, "erased", func() bool {
			_, err := h.Erase(ctx, customer("queued"), "asked", "ann", nil)
			if err != nil && !errors.Is(err, record.ErrLive) {
				t.Fatal(err)
			}
			return err == nil
		})
		for _, m := range r.provider.list() {
			if m.Text == "two" {
				t.Error("a message was sent whose customer was being erased")
			}
		}
	})
}
