package record

import "testing"

// However far apart touches are, a rule finds the text of each once, the oldest first, and says when that was all.
func TestRetainTextGoesOn(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		f := newFirm(t, db)
		for _, k := range []string{"1", "2", "3", "4"} {
			f.receive(k, "k"+k, "text of "+k)
			c := f.change(k)
			c.Status, c.ReopenUntil = Resolved, 1
			f.append(Event{Kind: EvResolved, Conversation: c})
		}
		f.write()
		if err := db.write(t.Context(), func(q querier) (err error) {
			run := runner(t.Context(), q, &err)
			for _, table := range []string{"touches", "bodies"} { // two of them far behind, across windows with nothing in them
				for i := range 2 {
					run("UPDATE "+table+" SET n = n + $1 WHERE n = (SELECT max(n) FROM "+table+" WHERE n < 1000)", (i+2)*retainWindow)
				}
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		did, after, rounds := 0, int64(0), 0
		for ; rounds == 0 || after > 0; rounds++ {
			n, next, err := db.RetainText(t.Context(), RetentionRule{What: RetainText}, f.now+3600_000, f.now, after, 1)
			if err != nil || rounds > 10 {
				t.Fatal(rounds, err)
			}
			did, after = did+n, next
		}
		if left := count(t, db, "SELECT count(*) FROM bodies"); did != 4 || left != 0 {
			t.Errorf("took the text of %d away, %d are left", did, left)
		}
	})
}
