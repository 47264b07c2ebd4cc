package record

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A second process reads beside the one that serves the record, and cannot write.
func TestOpenReadOnly(t *testing.T) {
	each(t, func(t *testing.T, db *DB, address string) {
		f := newFirm(t, db)
		f.receive("x", "k1", "text")
		f.write()
		ro, err := OpenReadOnly(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		defer ro.Close()
		f.receive("x", "k2", "more")
		f.write()
		if x, err := ro.TouchByKey(t.Context(), "a1", "k2"); err != nil || x.Body.Text != "more" {
			t.Errorf("%+v, %v", x, err)
		}
		f.receive("x", "k3", "by another")
		if err := ro.Write(t.Context(), f.at, f.events); err == nil {
			t.Error("a reader wrote")
		}
		if _, err := ro.SetSetting(t.Context(), "firm", 0, 1); err == nil {
			t.Error("a reader set a setting")
		}
		f.write()
		if err := db.write(t.Context(), func(q querier) error {
			_, err := q.ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, $1)", true)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if other, err := OpenReadOnly(t.Context(), address); err == nil || !strings.Contains(err.Error(), "99999") {
			if err == nil {
				other.Close()
			}
			t.Errorf("a record of another version: %v", err)
		}
	})
	if db, err := OpenReadOnly(t.Context(), filepath.Join(t.TempDir(), "none.db")); err == nil {
		db.Close()
		t.Error("opened a record that is not there")
	}
}

func TestAuditReads(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		ctx := t.Context()
		f := newFirm(t, db)
		begun := f.now
		for i, key := range []string{"k1", "k2", "k3"} {
			e := f.receive("x", key, "text")
			e.Touch.ProviderID = []string{"<a>", "<b>", "<a>"}[i]
		}
		one, two, three := *f.reply("x", "u1", "one").Touch, *f.reply("x", "u1", "two").Touch, *f.reply("x", "u1", "three").Touch
		f.state(&one, StateSent, func(t *Touch) { t.ProviderID, t.Parts = "p1", []string{"p1b", "p1c"} })
		f.state(&two, StateFailed, func(t *Touch) { t.ProviderID = "p2" })
		f.state(&three, StateDelivered, func(t *Touch) { t.ProviderID = "p3" })
		f.write()
		keys := func(since Millis, most int) (list []string) {
			if err := db.ReceivedKeys(ctx, "a1", since, func(key string) bool {
				list = append(list, key)
				return len(list) < most
			}); err != nil {
				t.Fatal(err)
			}
			return list
		}
		if got := keys(begun, 9); !slices.Equal(got, []string{"k1", "k2", "k3"}) {
			t.Errorf("keys %v", got)
		}
		if got := keys(begun, 2); !slices.Equal(got, []string{"k1", "k2"}) {
			t.Errorf("the first keys %v", got)
		}
		if got := keys(begun+2000, 9); !slices.Equal(got, []string{"k2", "k3"}) {
			t.Errorf("keys since then %v", got)
		}
		if got := must(db.ReceivedTwice(ctx, "a1", begun)); !slices.Equal(got, []string{"<a>"}) {
			t.Errorf("twice %v", got)
		}
		if got := must(db.ReceivedTwice(ctx, "a1", begun+2000)); len(got) != 0 {
			t.Errorf("twice since then %v", got)
		}
		sent := must(db.SentSince(ctx, "a1", begun, f.now+1))
		if len(sent) != 2 || sent[0].ProviderID != "p1" || !slices.Equal(sent[0].Parts, []string{"p1b", "p1c"}) || sent[1].ProviderID != "p3" {
			t.Errorf("sent %+v", sent)
		}
		if got := must(db.SentSince(ctx, "a2", begun, f.now)); len(got) != 0 {
			t.Errorf("of another account %+v", got)
		}
	})
}
