package record

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
)

func numbers(p Page) (list []int64) {
	for _, v := range p.Items {
		list = append(list, v.Number)
	}
	return list
}

func TestLists(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		ctx := t.Context()
		f := newFirm(t, db)
		for i := range 5 {
			f.receive(fmt.Sprint("c", i), fmt.Sprint("k", i), fmt.Sprint("  question\n", i))
		}
		f.reply("c1", "u1", "answer") // 2: active, u1
		c := f.change("c2")           // 3: offered to u1, in q2, tagged
		c.Status, c.OfferedTo, c.Queue, c.Tags = Offered, "u1", "q2", []string{"vip", "50%_off"}
		f.append(Event{Kind: EvOffered, Conversation: c, Reason: &Why{Code: "longest_idle", Candidates: []string{"u1"}}})
		c = f.change("c3") // 4: resolved
		c.Status, c.Owner, c.ReopenUntil = Resolved, "u1", f.now+1_000_000
		f.append(Event{Kind: EvResolved, Conversation: c})
		f.receive("c0", "k9", "once more") // 1: newest message, waits longest
		e := f.events[0]
		mail := f.receive("c4", "k10", "mail text") // 5
		mail.Touch.Body.Subject = "Subject"
		f.write()
		f.receive("c4", "k11", "<b> no subject")
		f.write()

		for _, c := range []struct {
			name string
			f    Filter
			want []int64
		}{
			{"all", Filter{}, []int64{5, 1, 2, 4, 3}},
			{"open", Filter{Open: true}, []int64{5, 1, 2, 3}},
			{"mine", Filter{Mine: "u1"}, []int64{2, 3}},
			{"mine of another", Filter{Mine: "u2"}, nil},
			{"waiting", Filter{Waiting: true}, []int64{1, 3, 5}},
			{"waiting in a queue", Filter{Waiting: true, Queues: []string{"q2"}}, []int64{3}},
			{"in no queue", Filter{Queues: []string{}}, nil},
			{"status", Filter{Status: Resolved}, []int64{4}},
			{"owner", Filter{Owner: "u1"}, []int64{2, 4}},
			{"account", Filter{Account: "a2"}, nil},
			{"channel", Filter{Channel: "sms", Status: Active}, []int64{2}},
			{"tag", Filter{Tag: "50%_off"}, []int64{3}},
			{"part of a tag", Filter{Tag: "50%"}, nil},
			{"number", Filter{Text: "#۴"}, []int64{4}},
		} {
			page, err := db.Conversations(ctx, c.f)
			if err != nil || !slices.Equal(numbers(page), c.want) || page.At != f.at || page.Next != "" {
				t.Errorf("%s: %v at %s next %q %v, want %v at %s", c.name, numbers(page), page.At, page.Next, err, c.want, f.at)
			}
		}
		for _, filter := range []Filter{{Limit: 2}, {Limit: 1, Waiting: true}} {
			whole := filter
			whole.Limit = 0
			want := numbers(must(db.Conversations(ctx, whole)))
			var got []int64
			for {
				page := must(db.Conversations(ctx, filter))
				got = append(got, numbers(page)...)
				if filter.Before = page.Next; page.Next == "" {
					break
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("pages %v, want %v", got, want)
			}
		}
		if _, err := db.Conversations(ctx, Filter{Before: "x"}); !errors.Is(err, ErrCursor) {
			t.Errorf("bad position: %v", err)
		}

		v := must(db.Conversations(ctx, Filter{Status: Active})).Items[0]
		if v.Customer != (CustomerName{"c-c1", "Name of c1"}) || v.Address != "+98c1" || v.Preview.Text != "answer" || v.Preview.Author.ID != "u1" {
			t.Errorf("view %+v %+v", v, v.Preview)
		}
		if !reflect.DeepEqual(v.Conversation, *f.convs["c1"]) {
			t.Errorf("header %+v", v.Conversation)
		}
		counts := must(db.Counts(ctx, "u1", []string{"u1"}))
		want := Counts{Mine: 2, MineUnread: 1, Waiting: 3, AllOpen: 4, Queues: map[string]int{"q1": 2, "q2": 1}, At: f.at}
		if !reflect.DeepEqual(counts, want) {
			t.Errorf("counts %+v, want %+v", counts, want)
		}

		d := must(db.Conversation(ctx, "c4", 2))
		if len(d.Touches) != 2 || !d.Earlier || d.Touches[0].Body.Text != "mail text" || d.Conversation.Subject != "Subject" || d.At != f.at {
			t.Errorf("detail %+v", d)
		}
		if list, earlier, err := db.Touches(ctx, "c4", d.Touches[0].N, 2); err != nil || len(list) != 1 || earlier {
			t.Errorf("earlier touches %+v %v %v", list, earlier, err)
		}
		if _, err := db.Conversation(ctx, "nothing", 2); !errors.Is(err, ErrNotFound) {
			t.Errorf("no conversation: %v", err)
		}
		if list := must(db.Decisions(ctx, "c2", 10)); len(list) != 1 || list[0].Reason.Code != "longest_idle" || list[0].Conversation.OfferedTo != "u1" {
			t.Errorf("decisions %+v", list)
		}
		if list := must(db.Events(ctx, 0, 1)); len(list) != 1 || list[0].ID != e.ID || list[0].Touch.N != 1 || list[0].Touch.Body != nil {
			t.Errorf("events %+v", list)
		}
	})
}

func TestCustomerAndTimeline(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		ctx := t.Context()
		f := newFirm(t, db)
		f.receive("x", "k1", "first").Identity.Name = "" // nameless at first
		f.receive("y", "k2", "second")
		f.receive("x", "k3", "third").Touch.At -= 10_000 // said before the others, heard after
		f.write()
		if p := must(db.Customer(ctx, "c-x")); p.Customer.Name != "Name of x" || p.Identities[0].Name != "Name of x" || p.At != f.at {
			t.Errorf("customer %+v", p)
		}
		// As a merge will: the identity points to another customer.
		if err := db.write(ctx, func(q querier) error {
			_, err := q.ExecContext(ctx, "UPDATE identities SET home = 'c-x', customer = 'c-x' WHERE id = 'i-y'")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		p := must(db.Customer(ctx, "c-x"))
		if len(p.Identities) != 2 || len(p.Conversations) != 2 || p.Conversations[1].Number != 2 {
			t.Errorf("customer %+v", p)
		}
		var got []string
		for before := ""; ; {
			line := must(db.Timeline(ctx, "c-x", before, 2))
			for _, i := range line.Items {
				got = append(got, fmt.Sprint(i.Body.Text, i.Number))
			}
			if before = line.Next; before == "" {
				break
			}
		}
		if want := []string{"second2", "first1", "third1"}; !slices.Equal(got, want) {
			t.Errorf("timeline %v, want %v", got, want)
		}
		name, other := "علی", "other"
		_, c, err := db.EditCustomer(ctx, "c-x", 1, CustomerEdit{Name: &name}, Decided{}, nil)
		if err != nil || c.Name != "علی" || c.Version != 2 {
			t.Errorf("renamed %+v", c)
		}
		if _, _, err := db.EditCustomer(ctx, "c-x", 1, CustomerEdit{Name: &other}, Decided{}, nil); !errors.Is(err, ErrConflict) {
			t.Errorf("rename an old version: %v", err)
		}
		if _, _, err := db.EditCustomer(ctx, "nobody", 0, CustomerEdit{Name: &other}, Decided{}, nil); !errors.Is(err, ErrNotFound) {
			t.Errorf("rename nobody: %v", err)
		}
		if _, err := db.Customer(ctx, "nobody"); !errors.Is(err, ErrNotFound) {
			t.Errorf("nobody: %v", err)
		}
	})
}

func TestWorkersReads(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		ctx := t.Context()
		f := newFirm(t, db)
		in := f.receive("x", "<m1>", "question")
		in.Touch.Body.Subject = "Order"
		first := *f.reply("x", "u1", "one").Touch
		second := *f.reply("x", "u1", "two").Touch
		other := *f.reply("y", "u1", "three").Touch
		f.write()
		texts := func(list []Touch, err error) (s []string) {
			for _, v := range must(list, err) {
				s = append(s, v.Body.Text)
			}
			return s
		}
		told := func(list []Touch, _ uint64, err error) []string { return texts(list, err) }
		if got := texts(db.Queued(ctx, "a1", f.now, 0, 10)); !slices.Equal(got, []string{"one", "three"}) { // "two" waits for "one"
			t.Errorf("queued %v", got)
		}
		page := must(db.Queued(ctx, "a1", f.now, 0, 1))
		if got := texts(db.Queued(ctx, "a1", f.now, page[0].N, 1)); !slices.Equal(got, []string{"three"}) {
			t.Errorf("queued on the next page %v", got)
		}
		if got := texts(db.Queued(ctx, "a2", f.now, 0, 10)); got != nil {
			t.Errorf("queued of another account %v", got)
		}
		retry := f.now + 60_000
		f.state(&first, StateSending, nil)
		f.write()
		if got := texts(db.Queued(ctx, "a1", f.now, 0, 10)); !slices.Equal(got, []string{"three"}) {
			t.Errorf("queued behind what is being sent %v", got)
		}
		f.state(&first, StateQueued, func(t *Touch) { t.Rev, t.Attempt, t.RetryAt, t.Error = 3, 1, retry, "busy" })
		f.state(&other, StateSending, nil)
		f.write()
		if got := texts(db.Queued(ctx, "a1", f.now, 0, 10)); got != nil {
			t.Errorf("queued behind a retry %v", got)
		}
		if got := texts(db.Queued(ctx, "a1", retry, 0, 10)); !slices.Equal(got, []string{"one"}) {
			t.Errorf("queued later %v", got)
		}
		if got := texts(db.Sending(ctx, "a1")); !slices.Equal(got, []string{"three"}) || must(db.Backlog(ctx, "a1")) != 3 {
			t.Errorf("sending %v", got)
		}
		f.state(&first, StateUncertain, func(t *Touch) { t.Rev = 4 })
		f.write()
		if got := texts(db.Queued(ctx, "a1", f.now, 0, 10)); !slices.Equal(got, []string{"two"}) {
			t.Errorf("queued behind what is uncertain %v", got)
		}
		f.state(&second, StateSent, func(t *Touch) { t.Rev, t.ProviderID = 5, "<p2>" })
		f.write()
		if got := must(db.TouchByProviderID(ctx, "a1", "<p2>")); got.ID != second.ID {
			t.Errorf("by provider id %+v", got)
		}
		if _, err := db.TouchByProviderID(ctx, "a1", ""); !errors.Is(err, ErrNotFound) {
			t.Errorf("by no provider id: %v", err)
		}
		for ids, want := range map[string]string{"<p2>": "thread-x", "<m1>": "thread-x", "<?>": ""} {
			if got := must(db.ThreadOf(ctx, "a1", nil, []string{"<none>", ids})); got != want {
				t.Errorf("thread of %s: %q", ids, got)
			}
		}
		refs := must(db.ThreadRefs(ctx, "x"))
		if want := (Refs{[]string{"<m1>", "<p2>"}, "<m1>", "Order"}); !reflect.DeepEqual(refs, want) {
			t.Errorf("refs %+v, want %+v", refs, want)
		}
		f.append(Event{Kind: EvNoted, Conversation: f.change("x"), Touch: &Touch{Kind: KindNote, Conversation: "x", Account: "a1", Body: &Body{Text: "secret"}}})
		f.write()
		if got := told(db.History(ctx, Thread{"a1", "sms", "thread-x"}, "", 10)); !slices.Equal(got, []string{"question", "one", "two"}) {
			t.Errorf("history %v", got)
		}
		if got := told(db.History(ctx, Thread{"a1", "sms", "thread-x"}, first.ID, 10)); !slices.Equal(got, []string{"two"}) {
			t.Errorf("history after %v", got)
		}
		if got := told(db.History(ctx, Thread{"a1", "sms", "thread-x"}, other.ID, 1)); !slices.Equal(got, []string{"question"}) {
			t.Errorf("history after another thread's %v", got)
		}
		if _, err := db.LastConversation(ctx, Thread{"a1", "sms", "no thread"}); !errors.Is(err, ErrNotFound) {
			t.Errorf("no conversation: %v", err)
		}
	})
}

func TestLockFile(t *testing.T) {
	path := t.TempDir() + "/record.db"
	release, err := LockFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := LockFile(path); err == nil {
		t.Error("two locks")
	} else {
		t.Log(err)
	}
	release()
	release, err = LockFile(path)
	if err != nil {
		t.Fatal(err)
	}
	release()
}
