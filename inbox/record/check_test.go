package record

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// unflawed fails a test whose record contradicts itself.
func unflawed(t *testing.T, db *DB) {
	t.Helper()
	for _, f := range must(db.Check(t.Context())) {
		t.Errorf("%d %s: %q", f.Count, f.What, f.Example)
	}
}

// Every flaw is found, and none where there is none.
func TestCheck(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		f := newFirm(t, db)
		for _, c := range []string{"a", "b", "d", "e"} {
			f.receive(c, "k"+c, "hello")
		}
		f.write()
		by := Decided{At: f.now, By: "u"}
		must(db.Merge(t.Context(), "c-a", "c-b", "", by, nil))
		unflawed(t, db)
		for i, plant := range []string{
			"UPDATE customers SET root = 'c-d' WHERE id = 'c-a'",
			"UPDATE customers SET root = 'c-b' WHERE id = 'c-d'; UPDATE customers SET root = 'c-d' WHERE id = 'c-a'",
			"UPDATE merges SET undone_at = 1",
			"UPDATE identities SET customer = 'c-a' WHERE id = 'i-d'",
			"INSERT INTO links (identity, step, id, from_home, to_home, happened_at, by_user, kind, evidence, verified) VALUES ('i-d', 1, 'l', '', 'c-e', 0, '', 'hand', '', 1)",
			"INSERT INTO hints (identity, other) VALUES ('i-d', 'i-nobody')",
			"INSERT INTO link_uses (name, identity, customer, change, first, happened_at) VALUES ('n', 'i-d', 'c-d', 'x', 1, 0), ('n', 'i-e', 'c-d', 'y', 1, 0)",
			"UPDATE touches SET identity = 'i-nobody' WHERE identity = 'i-d'",
			"UPDATE conversations SET identity = 'i-nobody' WHERE identity = 'i-d'",
			"UPDATE touches SET identity = 'i-a' WHERE identity = 'i-b'",
			"INSERT INTO touch_data (n, json) VALUES (9999, '{}'); INSERT INTO order_marks (n, mark) VALUES (9998, 'r')",
			"INSERT INTO pins (touch, identity, happened_at, by_user) VALUES ('t-nobody', 'i-a', 0, '')",
			"INSERT INTO tags (subject, tag) VALUES ('c-nobody', 'x')",
			"INSERT INTO members (organisation, customer, role, since, until) VALUES ('o-nobody', 'c-a', '', 0, 0)",
			"INSERT INTO likenesses (word, customer) VALUES ('name:x', 'c-nobody')",
			"INSERT INTO import_chunks (import, first, last, n_from, n_to, made, updated, known, customers) VALUES ('m', 1, 2, 9000, 9001, 2, 0, 0, 0)",
			"UPDATE customers SET erased_at = 1, name = 'Somebody' WHERE id = 'c-e'",
		} {
			back := errors.New("nothing of it stays")
			if err := db.write(t.Context(), func(q querier) error {
				for s := range strings.SplitSeq(plant, "; ") {
					if _, err := q.ExecContext(t.Context(), s); err != nil {
						return fmt.Errorf("%s: %w", s, err)
					}
				}
				var names []string
				for _, x := range must(db.flawed(t.Context(), q)) {
					names = append(names, x.What)
					if x.Count == 0 || len(x.Example) == 0 || x.Example[0] == "" {
						t.Errorf("%+v", x)
					}
				}
				if !slices.Contains(names, flaws[i].what) {
					t.Errorf("%s: not found as %s (%q)", plant, flaws[i].what, names)
				}
				return back
			}); !errors.Is(err, back) {
				t.Fatal(err)
			}
		}
	})
}

// An address that was taken back with its import comes again after its customer was merged: it counts for whom the customer counts for.
func TestNewIdentitiesCountForTheRoot(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		f := newFirm(t, db)
		for _, c := range []string{"a", "b", "d"} {
			f.receive(c, "k"+c, "hello")
		}
		f.write()
		must(db.Merge(t.Context(), "c-a", "c-b", "", Decided{At: f.now, By: "u"}, nil))
		who := func(id string) Identity { return Identity{ID: id, Customer: "c-a", Channel: "phone", Address: id} }
		writes, logged := f.receive("x", "kx", "hello"), Touch{Kind: KindCall, Identity: "logged", Account: "@api", Channel: "phone", Author: Actor{Kind: "customer"}, Inbound: true, State: StateLogged, Key: "l"}
		writes.Identity.Customer = "c-a"
		i := who("logged")
		f.append(Event{Kind: EvLogged, By: Actor{Kind: "system", ID: "@api"}, Identity: &i, Touch: &logged})
		row := must(ImportedOf(&Touch{Key: "m", Kind: KindCall, At: f.now, Author: Actor{Kind: "agent", ID: "u"}, Account: "@file", Channel: "phone"}, new(Identity)))
		row.Identity = who("imported")
		f.append(Event{Kind: EvImported, By: Actor{Kind: "agent", ID: "u"}, Import: &Import{ID: "im", Blob: "b", Rows: 1, First: 1, Last: 1}, Imported: []Imported{row}}).ID.N++
		f.write()
		unflawed(t, db)
		if n := count(t, db, "SELECT count(*) FROM identities WHERE home = 'c-a' AND customer = 'c-b'"); n != 4 {
			t.Errorf("%d identities count for the root", n)
		}
	})
}

// Nobody makes anything of who stands for somebody who was erased.
func TestTheErasedAreLeftAlone(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		ctx := t.Context()
		f := newFirm(t, db)
		for _, c := range []string{"a", "b"} {
			f.receive(c, "k"+c, "hello")
			conv := f.change(c)
			conv.Status, conv.ReopenUntil = Resolved, 1
			f.append(Event{Kind: EvResolved, Conversation: conv})
		}
		f.write()
		by, name := Decided{At: f.now + 1, By: "u"}, "Somebody"
		x := must(db.Erase(ctx, "c-a", "asked", by, nil)).Stands
		firm := must(db.AddOrganisation(ctx, OrganisationEdit{Name: &name}, by, nil)).ID
		for what, do := range map[string]func() error{
			"merge":   func() error { _, err := db.Merge(ctx, x, "c-b", "", by, nil); return err },
			"into":    func() error { _, err := db.Merge(ctx, "c-b", x, "", by, nil); return err },
			"preview": func() error { _, err := db.PreviewMerge(ctx, "c-b", x); return err },
			"split": func() error {
				_, err := db.Split(ctx, "c-b", SplitOrder{Identities: []string{"i-b"}, Into: x}, by, nil)
				return err
			},
			"edit": func() error { _, _, err := db.EditCustomer(ctx, x, 0, CustomerEdit{Name: &name}, by, nil); return err },
			"address": func() error {
				_, err := db.AddIdentity(ctx, x, db.IdentityOf("email", "a@example.com", ""), "", by, nil)
				return err
			},
			"erase": func() error { _, err := db.Erase(ctx, x, "asked", by, nil); return err },
			"hold":  func() error { return db.SetHold(ctx, Hold{Customer: x, At: 1, By: "u", Why: "a lawsuit"}) },
			"consent": func() error {
				_, err := db.SayConsent(ctx, x, Consent{Channel: "email", Purpose: "news", State: "given"}, by, nil)
				return err
			},
			"member":   func() error { return db.SetMember(ctx, firm, x, Member{}, nil) },
			"relation": func() error { _, err := db.AddRelation(ctx, "c-b", x, "friend", "", by, nil); return err },
		} {
			if err := do(); !errors.Is(err, ErrNotFound) {
				t.Errorf("%s: %v", what, err)
			}
		}
		row := ImportedCustomer{ID: x, Name: name, Members: []Membership{{Name: name}}, Consents: []Consent{{Channel: "email", Purpose: "news", State: "given"}}}
		if err := db.WriteCustomers(ctx, CustomersChunk{Import: "im", First: 1, Last: 1, By: by, Rows: []ImportedCustomer{row}}); err != nil {
			t.Fatal(err)
		}
		unflawed(t, db)
	})
}
