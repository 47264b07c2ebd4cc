package record

import "testing"

// However many imports are over, all are forgotten at once.
func TestForgetImportedAll(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		ctx := t.Context()
		const n = 450
		if err := db.write(ctx, func(q querier) (err error) {
			run := runner(ctx, q, &err)
			run(`INSERT INTO imports (id, version, name, kind, state, blob, size, setup, progress, error, asked_at, created_at, by_user, checked_at, started_at, ended_at)
				WITH RECURSIVE k(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i < $1)
				SELECT 'im' || CAST(i AS TEXT), 1, 'file.csv', 'customers', CASE WHEN i = 1 THEN 'running' ELSE 'done' END, 'b' || CAST(i / 2 AS TEXT), 1, '{"columns": [{"name": "x", "samples": ["Sara"]}]}', '{}', '', 0, 0, 'u', 0, 0, 5 FROM k`, n)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if err := db.ForgetImported(ctx, 6, 0, 7); err != nil {
			t.Fatal(err)
		}
		if left := count(t, db, "SELECT count(*) FROM imports WHERE blob <> '' OR setup LIKE '%Sara%' OR forgotten_at <> 7"); left != 1 {
			t.Errorf("%d hold what they held, one of them works", left)
		}
		// The file of the one that works is kept, though another had it.
		if list := must(db.Doomed(ctx, 8)); len(list) != n/2 {
			t.Errorf("%d files are to be removed", len(list))
		}
	})
}

// What a customer has is kept while somebody holds them, also when the import that brought it is undone.
func TestHeldOutlastUndoneImports(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		ctx := t.Context()
		f := newFirm(t, db)
		f.receive("1", "k1", "hello")
		f.write()
		e := Event{Kind: EvImported, By: Actor{Kind: "agent", ID: "u"}, Import: &Import{ID: "im", Blob: "b", Rows: 2, First: 1, Last: 2}}
		for i, who := range []string{"held", "free"} {
			touch := Touch{Key: who, Kind: KindCall, At: f.now, Author: Actor{Kind: "agent", ID: "u"}, Account: "@file", Channel: "phone", Body: &Body{Text: "words of " + who}, Data: &Data{Seconds: i}}
			row := must(ImportedOf(&touch, &Identity{ID: "i-" + who, Customer: "c-" + who, Channel: "phone", Address: who}))
			e.Imported = append(e.Imported, row)
		}
		x := f.append(e)
		x.ID.N += 2 // its touches have the numbers below
		f.write()
		n := x.ID.N
		unflawed(t, db)
		indexAll(t, db)
		if err := db.SetHold(ctx, Hold{Customer: "c-held", At: 1, By: "u", Why: "a lawsuit"}); err != nil {
			t.Fatal(err)
		}
		f.append(Event{Kind: EvWithdrawn, By: Actor{Kind: "agent", ID: "u"}, Import: &Import{ID: "im", First: 1, From: n - 2, To: n - 1}})
		f.write()
		must(db.UndoImportIdentities(ctx, "im", "", 10, 1<<50))
		if _, _, err := db.UndoImportCustomers(ctx, "im", "", 10, 1<<50); err != nil {
			t.Fatal(err)
		}
		unflawed(t, db)
		for who, want := range map[string]int{"held": 1, "free": 0} {
			for _, q := range []string{"touches WHERE identity = 'i-" + who + "'", "bodies WHERE text = 'words of " + who + "'", "identities WHERE id = 'i-" + who + "'", "customers WHERE id = 'c-" + who + "'"} {
				if got := count(t, db, "SELECT count(*) FROM "+q); got != want {
					t.Errorf("%d %s, want %d", got, q, want)
				}
			}
		}
		if got := count(t, db, "SELECT count(*) FROM touch_data"); got != 1 {
			t.Errorf("data of %d touches", got)
		}
		indexAll(t, db)
		for who, want := range map[string]int{"held": 1, "free": 0} {
			if got := must(db.Search(ctx, "words of "+who, 10)).Touches; len(got) != want {
				t.Errorf("found of %s: %+v", who, got)
			}
		}
	})
}
