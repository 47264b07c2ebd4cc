package record

import (
	"bytes"
	"os"
	"testing"
)

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
		if db.d.labelled {
			return
		}
		words := func(word string) int { return count(t, db, "SELECT count(*) FROM search_words WHERE word = $1", word) }
		must(db.ScrubOnce(ctx, f.now+2))
		for _, end := range []string{"", "-wal"} {
			if b, err := os.ReadFile(address + end); err == nil && bytes.Contains(b, []byte("unspeakable words")) {
				t.Errorf("the text is still in the database's file %q", end)
			}
		}
		if words("unspeakable") > 0 || words("words") == 0 || words("ordinary") == 0 {
			t.Errorf("words: %d %d %d", words("unspeakable"), words("words"), words("ordinary"))
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
		docs := must(collect(ctx, db.pool, scanDocument, readDocuments))
		s := sought{id: "c-1", seek: 1}
		if err := s.read(ctx, db.pool); err != nil || len(docs) != 1 || len(s.words) == 0 {
			t.Fatal(docs, s.words, err)
		}
		must(db.Erase(ctx, "c-1", "asked", Decided{At: f.now + 1, By: "u"}, nil))
		if err := db.write(ctx, func(q querier) error {
			if err := db.writeDocuments(ctx, q, docs); err != nil {
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
