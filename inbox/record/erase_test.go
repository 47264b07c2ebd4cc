package record

import (
	"testing"
)

// scrubAll does all that follows from erasures.
func scrubAll(t *testing.T, db *DB, now Millis) {
	t.Helper()
	for must(db.ScrubOnce(t.Context(), now, now, must(db.Unwiped(t.Context())))) {
	}
}

// The lists of words beside the full text lose what was one person's alone, and keep what others share.
func TestEraseForgetsWords(t *testing.T) {
	each(t, func(t *testing.T, db *DB, address string) {
		ctx := t.Context()
		f := newFirm(t, db)
		f.receive("1", "k1", "unspeakable words").Identity.Name = "Zahranoor Shared"
		f.receive("2", "k2", "ordinary words").Identity.Name = "Parvaneh Shared"
		for _, id := range []string{"1", "2"} {
			c := f.change(id)
			c.Status, c.ReopenUntil = Resolved, 1
			f.append(Event{Kind: EvResolved, Conversation: c})
		}
		f.write()
		indexAll(t, db)
		spelled := func(word string) int { return count(t, db, "SELECT count(*) FROM search_names WHERE word = $1", word) }
		for _, w := range []string{"zahranoor", "shared", "parvaneh"} {
			if spelled(w) == 0 {
				t.Fatalf("%s is not spelled", w)
			}
		}
		must(db.Erase(ctx, "c-1", "asked", Decided{At: f.now + 1, By: "u"}, nil))
		if spelled("zahranoor") > 0 || spelled("shared") == 0 || spelled("parvaneh") == 0 {
			t.Errorf("spelled: %d %d %d", spelled("zahranoor"), spelled("shared"), spelled("parvaneh"))
		}
		words := func(word string) int {
			return count(t, db, "SELECT count(*) FROM search_head WHERE words LIKE '%"+word+"%'")
		}
		if words("unspeakable") > 0 || words("words") == 0 || words("ordinary") == 0 {
			t.Errorf("words: %d %d %d", words("unspeakable"), words("words"), words("ordinary"))
		}
		if !db.d.oneConn {
			return
		}
		scrubAll(t, db, f.now+2)
		if left := found(t, address, []string{"unspeakable", "zahranoor", "Zahranoor"}); len(left) > 0 {
			t.Error(left)
		}
		sound(t, db)
	})
}

// However many are erased, the events are read once for all.
func TestScrubsManyAtOnce(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		ctx := t.Context()
		f := newFirm(t, db)
		for _, id := range []string{"1", "2", "3"} {
			f.receive(id, "k"+id, "hello")
			c := f.change(id)
			c.Status, c.ReopenUntil = Resolved, 1
			f.append(Event{Kind: EvResolved, Conversation: c})
		}
		f.write()
		const named = "SELECT count(*) FROM events WHERE conversation <> '' AND json NOT LIKE '%\"thread\":\"erased/%'"
		before := count(t, db, named)
		for _, id := range []string{"1", "2"} {
			must(db.Erase(ctx, "c-"+id, "asked", Decided{At: f.now + 1}, nil))
		}
		if !must(db.ScrubOnce(ctx, f.now+2, f.now+2, must(db.Unwiped(ctx)))) || count(t, db, "SELECT count(*) FROM erasures WHERE threads <> ''") != 0 {
			t.Error("one reading was not enough")
		}
		unflawed(t, db)
		if left := count(t, db, named); before == 0 || left != before/3 {
			t.Errorf("%d events name a thread, %d did", left, before)
		}
	})
}

// Who is erased while others are certified is not certified with them, but next: the log was not trimmed of that one.
func TestEraseWhileOthersAreCertified(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		ctx := t.Context()
		f := newFirm(t, db)
		for _, who := range []string{"1", "2"} {
			f.receive(who, "k"+who, "words")
			c := f.change(who)
			c.Status, c.ReopenUntil = Resolved, 1
			f.append(Event{Kind: EvResolved, Conversation: c})
		}
		f.write()
		erase := func(customer string) { must(db.Erase(ctx, customer, "asked", Decided{At: f.now + 1, By: "u"}, nil)) }
		erase("c-1")
		left := must(db.Unwiped(ctx))
		erase("c-2") // in the same millisecond
		now := f.now + 10
		for must(db.ScrubOnce(ctx, now, now, left)) && count(t, db, "SELECT count(*) FROM erasures WHERE scrubbed_at = 0") > 1 {
		}
		if n := count(t, db, "SELECT count(*) FROM erasures WHERE customer = 'c-2' AND scrubbed_at = 0"); n != 1 {
			t.Error("certified with the other")
		}
		if next := must(db.Unwiped(ctx)); next.Last <= left.Last {
			t.Errorf("nothing is left to be seen to: %v after %v", next, left)
		}
		scrubAll(t, db, now)
		if n := count(t, db, "SELECT count(*) FROM erasures WHERE scrubbed_at = 0"); n > 0 {
			t.Errorf("%d are never certified", n)
		}
	})
}

// What was read to be indexed, or compared with others, before its person was erased does not come back afterwards.
func TestEraseWhileOthersRead(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		ctx := t.Context()
		f := newFirm(t, db)
		f.receive("1", "k1", "unspeakable words").Identity.Name = "Zahranoor"
		c := f.change("1")
		c.Status, c.ReopenUntil = Resolved, 1
		f.append(Event{Kind: EvResolved, Conversation: c})
		f.write()
		docs := must(collect(ctx, db.pool, scanDocument, readDocuments("")))
		var at searchCursor
		if err := at.read(ctx, db.pool); err != nil {
			t.Fatal(err)
		}
		s := sought{id: "c-1", seek: 1}
		if err := s.read(ctx, db.pool); err != nil || len(docs) != 1 || len(s.words) == 0 {
			t.Fatal(docs, s.words, err)
		}
		must(db.Erase(ctx, "c-1", "asked", Decided{At: f.now + 1, By: "u"}, nil))
		if err := db.write(ctx, func(q querier) error {
			if err := db.writeDocuments(ctx, q, at, docs); err != nil {
				return err
			}
			return s.write(ctx, q, f.now+2, db.d.lockRows)
		}); err != nil {
			t.Fatal(err)
		}
		if n := count(t, db, "SELECT count(*) FROM likenesses"); n > 0 {
			t.Errorf("%d likenesses", n)
		}
		if n := count(t, db, "SELECT count(*) FROM search_docs"); n > 0 {
			t.Errorf("%d documents", n)
		}
		indexAll(t, db)
		if h := must(db.Search(ctx, "unspeakable", 10)); len(h.Messages) > 0 {
			t.Errorf("%+v", h)
		}
	})
}

// Whoever had said that they must not be written to begins as refused when their address comes again after they were erased, by whatever way; of the address
// itself nothing is kept. One who says start afterwards may be written to.
func TestErasedStayRefused(t *testing.T) {
	each(t, func(t *testing.T, db *DB, address string) {
		ctx := t.Context()
		db.key = []byte("a key of the installation")
		f := newFirm(t, db)
		who := func(address string) Identity { return db.IdentityOf("email", address, "") }
		for _, a := range []string{"stopped@example.org", "refused@example.org", "friend@example.org"} {
			i := who(a)
			must(db.AddCustomer(ctx, a, []Identity{i}, Decided{At: f.now, By: "u"}, nil))
			switch a {
			case "stopped@example.org":
				if err := db.write(ctx, func(q querier) error {
					_, err := q.ExecContext(ctx, "UPDATE identities SET consent = 'stop', consent_at = 5 WHERE id = $1", i.ID)
					return err
				}); err != nil {
					t.Fatal(err)
				}
			case "refused@example.org":
				must(db.SayConsent(ctx, i.Customer, Consent{Purpose: "marketing", State: ConsentRefused}, Decided{At: f.now, By: "u"}, nil))
			}
			must(db.Erase(ctx, i.Customer, "asked", Decided{At: f.now + 1, By: "u"}, nil))
		}
		if n := count(t, db, "SELECT count(*) FROM refusals"); n != 2 {
			t.Errorf("%d refusals are kept", n)
		}
		consent := func(i Identity) string {
			return must(single(collect(ctx, db.pool, oneText, "SELECT consent FROM identities WHERE id = $1", i.ID)))
		}
		// By hand, in a file, in an event.
		must(db.AddCustomer(ctx, "Back", []Identity{who("stopped@example.org")}, Decided{At: f.now + 2, By: "u"}, nil))
		if err := db.WriteCustomers(ctx, CustomersChunk{Import: "im", First: 1, Last: 1, By: Decided{At: f.now + 2, By: "u"}, Rows: []ImportedCustomer{{Identities: []Identity{who("refused@example.org")}}}}); err != nil {
			t.Fatal(err)
		}
		i := who("friend@example.org")
		f.append(Event{Kind: EvLogged, Identity: &i, Touch: &Touch{Kind: KindCall, Identity: i.ID, State: StateLogged, Rev: 1}})
		f.write()
		for a, want := range map[string]string{"stopped@example.org": "stop", "refused@example.org": "stop", "friend@example.org": ""} {
			if got := consent(who(a)); got != want {
				t.Errorf("%s begins with %q", a, got)
			}
		}
		// Once more, when the one who was refused has said start.
		i = who("stopped@example.org")
		f.append(Event{Kind: EvReceived, By: Actor{Kind: "customer"}, Identity: &i, Marks: []Mark{{Kind: MarkConsent, Value: "start"}}, Touch: &Touch{Kind: KindMessage, Identity: i.ID, Rev: 1}})
		f.write()
		if got := consent(i); got != "start" {
			t.Errorf("after start: %q", got)
		}
		must(db.Erase(ctx, i.Customer, "asked", Decided{At: f.now + 3, By: "u"}, nil))
		f.append(Event{Kind: EvLogged, Identity: &i, Touch: &Touch{Kind: KindCall, Identity: i.ID, State: StateLogged, Rev: 1}})
		f.write()
		if got := consent(i); got != "" {
			t.Errorf("who said start, and was erased, begins with %q", got)
		}
		if n := count(t, db, "SELECT count(*) FROM refusals"); n != 1 {
			t.Errorf("%d refusals are kept", n)
		}
	})
}
