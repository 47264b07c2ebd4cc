package record

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"tamas/channels"
)

// finds plants faults one after another, and wants each to be found under a name.
func finds(t *testing.T, db *DB, plants map[string]string) {
	t.Helper()
	back := errors.New("nothing of it stays")
	for plant, what := range plants {
		if err := db.write(t.Context(), func(q querier) error {
			for s := range strings.SplitSeq(plant, "; ") {
				res, err := q.ExecContext(t.Context(), s)
				if err != nil {
					return fmt.Errorf("%s: %w", s, err)
				}
				if n := must(res.RowsAffected()); n == 0 {
					t.Errorf("%s: nothing is planted", s)
				}
			}
			var names []string
			for _, f := range must(db.flawed(t.Context(), q)) {
				names = append(names, f.What)
				if f.Count == 0 || len(f.Example) == 0 || f.Example[0] == "" {
					t.Errorf("%+v", f)
				}
			}
			if !slices.Contains(names, what) {
				t.Errorf("%s: not found as %s (%q)", plant, what, names)
			}
			return back
		}); !errors.Is(err, back) {
			t.Fatal(err)
		}
	}
}

// The index is compared with what it is of: what it lacks, what it should not know any more, in its head and in its lists.
func TestCheckIndex(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		ctx := t.Context()
		f := newFirm(t, db)
		for i := range blockDocs + 40 {
			c := string('a' + rune(i%3))
			f.receive(c, fmt.Sprint("k", i), fmt.Sprintf("a parcel from %c and %d", 'x'+rune(i%3), i%50))
		}
		for _, c := range []string{"b", "c"} {
			conv := f.change(c)
			conv.Status, conv.ReopenUntil = Resolved, 1
			f.append(Event{Kind: EvResolved, Conversation: conv})
		}
		f.write()
		name := "Zayandeh Ltd"
		firm := must(db.AddOrganisation(ctx, OrganisationEdit{Name: &name}, Decided{At: f.now, By: "u"}, nil))
		brought := must(db.AddOrganisation(ctx, OrganisationEdit{Name: &name}, Decided{At: f.now, By: "u"}, nil))
		if err := db.write(ctx, func(q querier) error {
			_, err := q.ExecContext(ctx, "UPDATE organisations SET imported = 'm' WHERE id = $1", brought.ID)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		unflawed(t, db) // nothing of it is indexed
		indexAll(t, db)
		unflawed(t, db)
		if count(t, db, "SELECT settled FROM search_cursor") != blockDocs {
			t.Fatal("no block is settled")
		}
		gone, passed := "what is gone or erased, and can still be searched for", "what the search index has passed over"
		term := func(space int64, w string) string {
			return fmt.Sprint(listOf(space, int64(count(t, db, "SELECT id FROM search_terms WHERE space = $1 AND term = $2", space>>spaceBits, w))))
		}
		empty, bytes := "x''", "x'FF7F'"
		if !db.d.oneConn {
			empty, bytes = `'\x'`, `'\xFF7F'`
		}
		finds(t, db, map[string]string{
			"INSERT INTO search_docs (n, slot) VALUES (99999, 99999)":                                                            gone,
			"UPDATE search_head SET words = 'zahra', n = 99999 WHERE slot = (SELECT MAX(slot) FROM search_head)":                 gone,
			"INSERT INTO search_conversations (number, marks, rest, words) VALUES (99, '', '', 'zahra')":                         gone,
			"INSERT INTO customer_rows (customer, words) VALUES ('c-nobody', 'zahra')":                                           gone,
			"UPDATE customers SET erased_at = 1 WHERE id = 'c-a'":                                                                gone,
			"DELETE FROM search_docs WHERE n = 7":                                                                                passed,
			"DELETE FROM search_conversations WHERE number = 2":                                                                  passed,
			"DELETE FROM customer_rows WHERE customer = 'c-a'":                                                                   passed,
			"DELETE FROM customer_rows WHERE customer = '" + firm.ID + "'":                                                       passed,
			"UPDATE search_head SET words = words || ' zahra' WHERE slot = (SELECT MAX(slot) FROM search_head)":                  flawWords,
			"DELETE FROM search_postings WHERE id = " + term(ofTouches, "parcel"):                                                flawWords,
			"UPDATE search_postings SET docs = " + empty + " WHERE id = " + term(ofNames, "name"):                                flawWords,
			"UPDATE search_terms SET term = 'zahra' WHERE id = " + fmt.Sprint(term(ofTouches, "from")):                           flawWords,
			"UPDATE search_postings SET docs = docs || " + bytes + " WHERE id = " + term(ofTouches, "49"):                        flawForgotten,
			"UPDATE search_postings SET docs = docs || " + bytes + " WHERE id = " + term(ofConversations, markOf("queue", "q1")): flawForgotten,
			"UPDATE search_postings SET docs = docs || " + bytes + " WHERE id = " + term(ofNames, "zayandeh"):                    flawForgotten,
			"INSERT INTO import_changes (import, customer, field, before_json, after_json) VALUES ('m', 'c-a', 'name', '', '')":  "changes by an import that is gone, or of nobody",
		})
		// Erasing, retention and deleting leave nothing behind, before and after what is gone has been swept.
		must(db.Erase(ctx, "c-b", "asked", Decided{At: f.now, By: "u"}, nil))
		if _, _, err := db.RetainText(ctx, RetentionRule{What: RetainText}, f.now-1000_000, f.now, 0, 50); err != nil {
			t.Fatal(err)
		}
		if err := db.DeleteOrganisation(ctx, firm.ID, 0, nil); err != nil {
			t.Fatal(err)
		}
		if err := db.write(ctx, func(q querier) (err error) { // another import changed what this one had made
			run := runner(ctx, q, &err)
			run("INSERT INTO customers (id, name, created_at, imported) VALUES ('c-new', '', 1, 'm')")
			run("INSERT INTO import_changes (import, customer, field, before_json, after_json) VALUES ('m2', 'c-new', 'name', '', ''), ('m2', $1, 'name', '', '')", brought.ID)
			run("INSERT INTO imports (id, version, name, kind, state, blob, size, setup, progress, error, asked_at, created_at, by_user, checked_at, started_at, ended_at) VALUES ('m2', 1, '', 'customers', 'done', '', 0, '{}', '{}', '', 0, 0, '', 0, 0, 0)")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if left := must(db.UndoImportOrganisations(ctx, "m")); len(left) > 0 {
			t.Error(left)
		}
		if _, left, err := db.UndoImportCustomers(ctx, "m", "", 10, f.now); err != nil || len(left) > 0 {
			t.Error(left, err)
		}
		unflawed(t, db)
		indexAll(t, db)
		unflawed(t, db)
	})
}

// Files that are named are there, and one that is not is missed.
func TestCheckBlobs(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		f := newFirm(t, db)
		f.receive("a", "k1", "long").Touch.Body.Blob = "long"
		f.receive("a", "k2", "with files").Touch.Body.Files = []channels.File{{Blob: "one"}, {Blob: "two"}, {Name: "not kept"}}
		f.receive("a", "k3", "short")
		f.write()
		for _, missing := range []string{"", "long", "two"} {
			asked := 0
			list := must(db.CheckBlobs(t.Context(), func(name string) (bool, error) { asked++; return name != missing, nil }))
			if asked != 3 || (len(list) > 0) != (missing != "") || missing != "" && !strings.HasSuffix(list[0].Example[0], " "+missing) {
				t.Errorf("%q: %+v, asked %d", missing, list, asked)
			}
		}
	})
}

// The sums of a day are what its facts come to.
func TestCheckSums(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		zone := must(time.LoadLocation("Asia/Tehran"))
		rules := testRules(zone)
		h := newHistory(t, 5, time.Date(2026, 1, 3, 5, 0, 0, 0, time.UTC))
		for range 300 {
			h.step()
		}
		h.flush(db)
		catchUp(t, db, rules, h.now, h.rng)
		for must(db.RollUp(t.Context(), rules, h.now+30*24*3600_000)) {
		}
		for _, f := range must(db.Check(t.Context())) {
			if f.What == flawSums {
				t.Errorf("%+v", f)
			}
		}
		finds(t, db, map[string]string{
			"DELETE FROM rollups WHERE cut = 'queue' AND happened_at = (SELECT MAX(happened_at) FROM rollups WHERE cut = 'queue')": flawSums,
			"UPDATE facts SET value = value + 1000 WHERE kind = 'first'":                                                           flawSums,
		})
	})
}
