package record

import (
	"encoding/json"
	"errors"
	"testing"
)

// TestAuditIsOneList: what was changed and who was steered come as one, newest first, page by page, on both databases.
func TestAuditIsOneList(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		ctx := t.Context()
		was := map[string]json.RawMessage{"owner": json.RawMessage(`"ann"`), "prefer": json.RawMessage("null")}
		events := []Event{
			{V: EventVersion, Kind: EvAssigned, At: 1000, By: Actor{"agent", "sam"}, Was: was,
				Conversation: &Conversation{ID: "c1", Version: 1, Number: 7, Status: Active, Owner: "bob", Identity: "i", Account: "a", Channel: "x", Thread: "t"}},
			{V: EventVersion, Kind: EvAgent, At: 3000, By: Actor{"agent", "sam"}, Was: map[string]json.RawMessage{"state": json.RawMessage(`"available"`)},
				Agents: []Agent{{ID: "ann", Version: 1, State: Offline}}},
			{V: EventVersion, Kind: EvAgent, At: 3500, By: Actor{"agent", "ann"}, Agents: []Agent{{ID: "ann", Version: 2, State: Available}}},
		}
		at := ID{}
		for i := range events {
			events[i].ID = ID{uint64(i + 1), 5}
		}
		if err := db.Write(ctx, at, events); err != nil {
			t.Fatal(err)
		}
		for i, action := range []string{"queue.change", "settings_x", "settingsyx"} {
			entry := &Changed{At: Millis(2000 + i), By: "ada", Action: action, Subject: "q1", After: json.RawMessage(`{"n":1}`)}
			if _, err := db.SetSetting(ctx, action, 0, i, func() (*Changed, error) { return entry, nil }); err != nil {
				t.Fatal(err)
			}
		}
		ids := func(f AuditFilter) (out []string, more bool) {
			t.Helper()
			if f.Limit == 0 {
				f.Limit = 100
			}
			list, more, err := db.Changes(ctx, f)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range list {
				out = append(out, c.Action)
			}
			return out, more
		}
		equal := func(f AuditFilter, more bool, want ...string) {
			t.Helper()
			got, m := ids(f)
			a, _ := json.Marshal(got)
			b, _ := json.Marshal(want)
			if string(a) != string(b) || m != more {
				t.Errorf("%+v: %s (more: %v), want %s", f, a, m, b)
			}
		}
		equal(AuditFilter{}, false, EvAgent, "settingsyx", "settings_x", "queue.change", EvAssigned)
		equal(AuditFilter{Limit: 2}, true, EvAgent, "settingsyx")
		equal(AuditFilter{Limit: 2, Before: 2002}, true, "settings_x", "queue.change")
		equal(AuditFilter{Limit: 2, Before: 2000}, false, EvAssigned)
		equal(AuditFilter{By: "sam"}, false, EvAgent, EvAssigned)
		equal(AuditFilter{By: "ann"}, false)
		equal(AuditFilter{Action: "conversation."}, false, EvAssigned)
		equal(AuditFilter{Action: "settings_"}, false, "settings_x")
		equal(AuditFilter{Subject: "ann"}, false, EvAgent)
		equal(AuditFilter{Subject: "c1"}, false, EvAssigned)
		equal(AuditFilter{Subject: "%"}, false)

		list, _, err := db.Changes(ctx, AuditFilter{Subject: "c1", Limit: 1})
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		if c := list[0]; string(c.Before) != `{"owner":"ann","prefer":null}` || string(c.After) != `{"owner":"bob","prefer":null}` || c.Conversation.Number != 7 || c.By != "sam" {
			t.Errorf("%s %s %+v", c.Before, c.After, c)
		}
	})
}

// TestAuditStandsWithItsChange: what is refused is in no audit, and what cannot be noted is not changed.
func TestAuditStandsWithItsChange(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		ctx := t.Context()
		note := func() (*Changed, error) {
			return &Changed{At: 1, By: "ada", Action: "x", Subject: "s"}, nil
		}
		broken := errors.New("cannot be noted")
		cannot := func() (*Changed, error) { return nil, broken }
		noted := func(want int) {
			t.Helper()
			list, _, err := db.Changes(ctx, AuditFilter{Limit: 100})
			if err != nil || len(list) != want {
				t.Errorf("%d entries, want %d: %v", len(list), want, err)
			}
		}
		q, err := db.AddQueue(ctx, Queue{Name: "Sales", Members: []string{}}, note)
		if err != nil {
			t.Fatal(err)
		}
		noted(1)

		other := q
		other.Name = "Support"
		if _, err := db.EditQueue(ctx, other, cannot); !errors.Is(err, broken) {
			t.Error(err)
		}
		if got, err := db.Queue(ctx, q.ID); err != nil || got.Name != "Sales" || got.Version != q.Version {
			t.Errorf("changed without an entry: %+v %v", got, err)
		}
		if _, err := db.SetSetting(ctx, "s", 0, 1, cannot); !errors.Is(err, broken) {
			t.Error(err)
		}
		var v int
		if version, err := db.Setting(ctx, "s", &v); err != nil || version != 0 {
			t.Errorf("set without an entry: %d %v", version, err)
		}
		other.Version = 7
		if _, err := db.EditQueue(ctx, other, note); !errors.Is(err, ErrConflict) {
			t.Error(err)
		}
		if _, err := db.SetSetting(ctx, "s", 3, 1, note); !errors.Is(err, ErrConflict) {
			t.Error(err)
		}
		if err := db.EndToken(ctx, "none", note); !errors.Is(err, ErrNotFound) {
			t.Error(err)
		}
		noted(1)
		if _, err := db.SetSetting(ctx, "s", 0, 1, func() (*Changed, error) { return nil, nil }); err != nil {
			t.Error(err)
		}
		noted(1)
	})
}

func TestTiersOfCustomers(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		ctx := t.Context()
		i, j := db.IdentityOf("x", "one", "One"), db.IdentityOf("x", "two", "")
		var events []Event
		for n, id := range []Identity{i, j} {
			events = append(events, Event{V: EventVersion, ID: ID{uint64(n + 1), 5}, Kind: EvReceived, At: 1000, By: Actor{"customer", id.ID}, Identity: &id})
		}
		if err := db.Write(ctx, ID{}, events); err != nil {
			t.Fatal(err)
		}
		gold := "gold"
		before, after, err := db.EditCustomer(ctx, i.Customer, 0, CustomerEdit{Tier: &gold}, Decided{}, nil)
		if err != nil || before.Tier != "" || after.Tier != "gold" || after.Name != "One" || after.Version != before.Version+1 {
			t.Fatalf("%+v %+v %v", before, after, err)
		}
		if _, _, err := db.EditCustomer(ctx, i.Customer, before.Version, CustomerEdit{Tier: &gold}, Decided{}, nil); err != ErrConflict {
			t.Errorf("of an old version: %v", err)
		}
		if _, _, err := db.EditCustomer(ctx, "none", 0, CustomerEdit{Tier: &gold}, Decided{}, nil); err != ErrNotFound {
			t.Errorf("of nobody: %v", err)
		}
		tiers, err := db.Tiers(ctx, []string{i.ID, j.ID, "none"})
		if err != nil || len(tiers) != 1 || tiers[i.ID] != "gold" {
			t.Errorf("%v %v", tiers, err)
		}
	})
}
