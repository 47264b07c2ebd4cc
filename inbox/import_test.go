package inbox

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"
	"time"

	"tamas/channels"
	"tamas/inbox/record"
)

// together lets all nodes of a rig have one folder of blobs, as those of an installation have.
func together(t *testing.T) func(*Options) {
	dir := t.TempDir()
	return func(o *Options) {
		blobs, err := OpenBlobs(dir)
		if err != nil {
			t.Fatal(err)
		}
		o.Blobs = blobs
	}
}

func purchases(rows int) string {
	var b strings.Builder
	b.WriteString("شناسه;نوع;تاریخ;موبایل;نام;مبلغ;واحد پول;توضیحات\n")
	for i := range rows {
		fmt.Fprintf(&b, "%d;خرید;۱۴۰۵/۰۱/%02d ۱۰:%02d;0912%07d;علی %d;۱٬۲۵۰;تومان;خرید شمارهٔ %d\n", i, i%29+1, i%60, i%97, i%97, i)
	}
	return b.String()
}

// upload sends a file and waits for what is asked of it.
func upload(t *testing.T, h *Hub, of, text string) Import {
	t.Helper()
	i, err := h.NewImport(t.Context(), "file.csv", of, "u1", strings.NewReader(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func ask(t *testing.T, h *Hub, id, what string) {
	t.Helper()
	if _, err := h.MoveImport(t.Context(), id, what, nil); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

func until(t *testing.T, h *Hub, id, state string) (i Import) {
	t.Helper()
	eventually(t, "the import is "+state, func() bool {
		var err error
		if i, err = h.Import(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if i.State == record.ImportFailed && state != record.ImportFailed {
			t.Fatalf("failed: %s", i.Error)
		}
		return i.State == state
	})
	return i
}

// A file of touches is tried, carried out once however often it is sent, and taken back; messages come in all the while.
func TestImportOfTouches(t *testing.T) {
	eachEnd(t, func(t *testing.T, r *rig) {
		h, _ := r.hub()
		const rows = 2500
		text := purchases(rows) + "bad;خرید;soon;0912;x;y;z\nalso bad,\n"
		i := upload(t, h, record.ImportTouches, text)
		if i.Format.Delimiter != ";" || i.Mapping["موبایل"] != "phone" || i.Mapping["تاریخ"] != "at" || i.Mapping["مبلغ"] != "amount" || i.Mapping["نوع"] != "kind" || i.Mapping["شناسه"] != "id" {
			t.Fatalf("%+v", i.Mapping)
		}
		preview, err := h.PreviewImport(t.Context(), i.ID, "en", 5)
		if err != nil || len(preview) != 5 || preview[0].Status != "made" {
			t.Fatalf("%+v %v", preview, err)
		}
		ask(t, h, i.ID, "check")
		i = until(t, h, i.ID, record.ImportChecked)
		if i.Made != rows || i.Bad != 2 || i.Customers != 97 || i.Rows != rows+2 || i.Estimated {
			t.Fatalf("tried: %+v", i)
		}
		if n := touchesOf(t, r); n != 0 {
			t.Fatalf("a dry run made %d touches", n)
		}

		ask(t, h, i.ID, "run")
		for n := range 20 { // while others write
			r.mustSay(h, "live", fmt.Sprint("m", n), "hello")
		}
		i = until(t, h, i.ID, record.ImportDone)
		if i.Made != rows || i.Known != 0 || i.Bad != 2 || i.Customers != 97 || i.Done != rows+2 {
			t.Fatalf("done: %+v", i)
		}
		if n := touchesOf(t, r); n != rows {
			t.Fatalf("%d touches", n)
		}
		db := r.openDB()
		who := h.db.IdentityOf("phone", "+989120000005", "")
		line, err := db.Timeline(t.Context(), who.Customer, "", 10)
		if err != nil || len(line.Items) != 10 || line.Items[0].Body.Text == "" || line.Items[0].Data.Amount != 1250*10_000 || line.Items[0].Data.Currency != "IRT" {
			t.Fatalf("%+v %v", line, err)
		}
		errs, err := h.ImportErrors(t.Context(), i.ID, "en", 0, 10)
		if err != nil || len(errs) != 2 || errs[0].Row != rows+2 || len(errs[0].Reasons) == 0 {
			t.Fatalf("%+v %v", errs, err)
		}
		var out strings.Builder
		if err := h.WriteImportErrors(t.Context(), i.ID, "en", &out); err != nil || !strings.Contains(out.String(), ";reason\r\nbad;خرید;soon;") {
			t.Fatalf("%q %v", out.String(), err)
		}
		if x := upload(t, h, record.ImportTouches, out.String()); !x.Remembered || !maps.Equal(x.Mapping, i.Mapping) {
			t.Errorf("the file of errors: remembered %v, %v instead of %v", x.Remembered, x.Mapping, i.Mapping)
		}

		again := upload(t, h, record.ImportTouches, purchases(rows+3))
		if !again.Remembered {
			t.Error("the mapping is not remembered")
		}
		ask(t, h, again.ID, "run")
		again = until(t, h, again.ID, record.ImportDone)
		if again.Made != 3 || again.Known != rows {
			t.Fatalf("sent again: %+v", again)
		}

		// Somebody writes from a number that only the first file had.
		r.mustSay(h, "+989120000005", "x", "it is me")
		ask(t, h, i.ID, "undo")
		i = until(t, h, i.ID, record.ImportUndone)
		if n := touchesOf(t, r); n != 3 {
			t.Fatalf("%d touches are left", n)
		}
		ask(t, h, again.ID, "undo")
		again = until(t, h, again.ID, record.ImportUndone)
		if n := touchesOf(t, r); n != 0 {
			t.Fatalf("%d touches are left", n)
		}
		if i.LeftCount == 0 {
			t.Errorf("nobody is left, though the second file's touches were theirs: %+v", i)
		}
	})
}

// touchesOf counts what is logged, and sees that no text is left without its touch.
func touchesOf(t *testing.T, r *rig) int {
	t.Helper()
	n := 0
	db := r.openDB()
	defer db.Close()
	known, err := db.Logged(t.Context(), "import", keysUpTo(4000))
	if err != nil {
		t.Fatal(err)
	}
	n = len(known)
	return n
}

func keysUpTo(n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprint(i))
	}
	return list
}

// The leader dies in the middle of an import; another goes on, and nothing is lost or there twice.
func TestImportOutlivesItsLeader(t *testing.T) {
	eachEnd(t, func(t *testing.T, r *rig) {
		if r.store.redis == "in-process" { // where there is one node
			return
		}
		shared := together(t)
		first, stop := r.hub(shared)
		second, stop2 := r.hub(shared)
		const rows = 3000
		i := upload(t, first, record.ImportTouches, withMessages(purchases(rows)))
		ask(t, first, i.ID, "run")
		leader, kill := first, stop
		eventually(t, "some of it is done", func() bool {
			now, err := second.Import(t.Context(), i.ID)
			return err == nil && now.Made > 0
		})
		if second.Leading() { // it came first, or the first has lost its lease
			leader, kill = second, stop2
		}
		kill()
		other := first
		if leader == first {
			other = second
		}
		i = until(t, other, i.ID, record.ImportDone)
		if i.Made != rows || i.Known != 0 || i.Bad != 0 || i.Messages != rows || i.Done != 2*rows {
			t.Fatalf("done: %+v", i)
		}
		if n := touchesOf(t, r); n != rows {
			t.Fatalf("%d touches", n)
		}
	})
}

// Redis is emptied while an import runs.
func TestImportOutlivesRedis(t *testing.T) {
	eachEnd(t, func(t *testing.T, r *rig) {
		h, _ := r.hub()
		const rows = 2000
		i := upload(t, h, record.ImportTouches, purchases(rows))
		ask(t, h, i.ID, "run")
		eventually(t, "some of it is done", func() bool {
			now, err := h.Import(t.Context(), i.ID)
			return err == nil && now.Made > 0
		})
		if err := h.rdb.FlushAll(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		i = until(t, h, i.ID, record.ImportDone)
		if i.Made != rows || i.Known != 0 || i.Done != rows {
			t.Fatalf("done: %+v", i)
		}
		r.mustSay(h, "live", "m", "hello")
	})
}

// A chunk whose rows are gone is kept raw and holds up nobody.
func TestChunkWithoutItsRows(t *testing.T) {
	eachEnd(t, func(t *testing.T, r *rig) {
		h, _ := r.hub()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		id, err := h.commitRecorded(ctx, "import/none/1/5", func() *record.Event {
			return &record.Event{Kind: record.EvImported, By: agentActor("u1"), Import: &record.Import{ID: "none", Blob: strings.Repeat("0", 64), Rows: 5, First: 1, Last: 5}}
		})
		if err != nil {
			t.Fatal(err)
		}
		r.mustSay(h, "live", "m", "hello")
		db := r.openDB()
		if raw, _, err := db.Unreadable(t.Context(), id.N); err != nil || !strings.Contains(string(raw), `"rows":5`) {
			t.Fatalf("%q %v", raw, err)
		}
		if last, err := db.ImportChunkEnd(t.Context(), "none", 1); err != nil || last != 0 {
			t.Fatalf("done up to %d, %v", last, err)
		}
	})
}

// What the record refuses of a chunk is an error of its row alone.
func TestRefusedRow(t *testing.T) {
	eachEnd(t, func(t *testing.T, r *rig) {
		if r.store.database != "postgres" { // SQLite takes it
			return
		}
		h, _ := r.hub()
		i := upload(t, h, record.ImportTouches, purchases(100))
		full, err := h.importByID(t.Context(), i.ID)
		if err != nil {
			t.Fatal(err)
		}
		reader, err := h.newRowReader(full)
		if err != nil {
			t.Fatal(err)
		}
		in, err := h.readRows(full)
		if err != nil {
			t.Fatal(err)
		}
		defer in.close()
		s, _, err := in.step(t.Context(), h, reader, 100)
		if err != nil {
			t.Fatal(err)
		}
		s.touches[37].Text = "a NUL \x00"
		blob, err := h.storeChunk(s.touches)
		if err != nil {
			t.Fatal(err)
		}
		bad := int64(0)
		if done, err := h.importTouches(t.Context(), full, s, blob, 0, newImportPace(h), &bad); err != nil || done != 100 || bad != 1 {
			t.Fatalf("%d %d %v", done, bad, err)
		}
		if n := touchesOf(t, r); n != 99 {
			t.Fatalf("%d touches", n)
		}
		errs, err := h.ImportErrors(t.Context(), i.ID, "en", 0, 10)
		if err != nil || len(errs) != 1 || errs[0].Row != 39 {
			t.Fatalf("%+v %v", errs, err)
		}
		if _, err := os.Stat(h.blobs.path(blob)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the chunk's file is still there: %v", err)
		}
	})
}

// A file of customers makes those who are new, fills those who are known, and is undone but for what was changed since.
func TestImportOfCustomers(t *testing.T) {
	eachEnd(t, func(t *testing.T, r *rig) {
		h, _ := r.hub()
		db := r.openDB()
		ctx := t.Context()
		file := "name,phone,email,city,tags,company\nAli Rezaei,09120000001,ali@example.com,Tehran,\"vip, north\",Acme\nSara,09120000002,,Shiraz,,Acme\nSara K.,0912 000 0002,sara@example.com,,new,\nNobody,12,,,,\n"
		i := upload(t, h, record.ImportCustomers, file)
		ask(t, h, i.ID, "check")
		if i = until(t, h, i.ID, record.ImportChecked); i.Made != 2 || i.Updated != 1 || i.Bad != 1 {
			t.Fatalf("tried: %+v", i)
		}
		ask(t, h, i.ID, "run")
		if i = until(t, h, i.ID, record.ImportDone); i.Made != 2 || i.Updated != 1 || i.Bad != 1 {
			t.Fatalf("done: %+v", i)
		}
		ali, sara := h.db.IdentityOf("phone", "+989120000001", "").Customer, h.db.IdentityOf("phone", "+989120000002", "").Customer
		page, err := db.Customer(ctx, ali)
		if err != nil || page.Customer.Name != "Ali Rezaei" || len(page.Identities) != 2 || page.Customer.Place.City != "Tehran" || len(page.Customer.Tags) != 2 {
			t.Fatalf("%+v %v", page, err)
		}
		page, err = db.Customer(ctx, sara)
		if err != nil || page.Customer.Name != "Sara" || len(page.Identities) != 2 || len(page.Customer.Tags) != 1 {
			t.Fatalf("%+v %v", page, err)
		}
		again := upload(t, h, record.ImportCustomers, file)
		ask(t, h, again.ID, "run")
		if again = until(t, h, again.ID, record.ImportDone); again.Made != 0 || again.Updated != 0 || again.Known != 3 {
			t.Fatalf("sent again: %+v", again)
		}

		overwrite := upload(t, h, record.ImportCustomers, "name,phone,city\nSara Karimi,09120000002,Isfahan\nAli R.,09120000001,Tabriz\n")
		options := overwrite.Options
		options.Existing = record.ExistingOverwrite
		if overwrite, err = h.EditImport(ctx, overwrite.ID, ImportEdit{Version: overwrite.Version, Options: &options}); err != nil {
			t.Fatal(err)
		}
		ask(t, h, overwrite.ID, "run")
		if overwrite = until(t, h, overwrite.ID, record.ImportDone); overwrite.Updated != 2 {
			t.Fatalf("overwritten: %+v", overwrite)
		}
		// One name is changed by hand since.
		name := "Dr Rezaei"
		if _, _, err := db.EditCustomer(ctx, ali, 0, record.CustomerEdit{Name: &name}, record.Decided{At: h.Now(), By: "u1"}, nil); err != nil {
			t.Fatal(err)
		}
		ask(t, h, overwrite.ID, "undo")
		if overwrite = until(t, h, overwrite.ID, record.ImportUndone); overwrite.LeftCount != 1 || overwrite.Left[0].Customer != ali || overwrite.Left[0].Reason != record.LeftChanged {
			t.Fatalf("undone: %+v", overwrite)
		}
		if page, err = db.Customer(ctx, ali); err != nil || page.Customer.Name != name || page.Customer.Place.City != "Tehran" {
			t.Fatalf("%+v %v", page.Customer, err)
		}
		if page, err = db.Customer(ctx, sara); err != nil || page.Customer.Name != "Sara" || page.Customer.Place.City != "Shiraz" {
			t.Fatalf("%+v %v", page.Customer, err)
		}

		ask(t, h, i.ID, "undo")
		if i = until(t, h, i.ID, record.ImportUndone); i.LeftCount != 2 || i.Left[0].Customer != ali || i.Left[0].Reason != record.LeftChanged || i.Left[1].Name != "Acme" {
			t.Fatalf("undone: %+v", i)
		}
		if page, err = db.Customer(ctx, ali); err != nil || len(page.Identities) != 2 {
			t.Fatalf("%+v %v", page, err)
		}
		if _, err := db.Customer(ctx, sara); !errors.Is(err, record.ErrNotFound) {
			t.Fatalf("Sara is there: %v", err)
		}
	})
}

// An import that is over holds nothing of people when that is asked for, keeps its figures, and can be undone.
func TestForgetImported(t *testing.T) {
	eachEnd(t, func(t *testing.T, r *rig) {
		h, _ := r.hub()
		i := upload(t, h, record.ImportTouches, purchases(5)+"bad;خرید;soon;0912;x;y;z\n")
		ask(t, h, i.ID, "run")
		i = until(t, h, i.ID, record.ImportDone)
		waits := upload(t, h, record.ImportCustomers, "name,phone\nAli,09121234567\n")
		eventually(t, "the import is over since a moment", func() bool { return h.Now() > i.EndedAt })
		if err := h.ForgetImported(t.Context()); err != nil {
			t.Fatal(err)
		}
		was := i
		i = until(t, h, i.ID, record.ImportDone)
		if i.Bad != 1 || i.Made != 5 || i.ForgottenAt == 0 || len(i.Columns) != len(was.Columns) || len(was.Columns[0].Samples) == 0 || len(i.Mapping) != len(was.Mapping) {
			t.Fatalf("%+v", i)
		}
		for _, c := range i.Columns {
			if len(c.Samples) > 0 {
				t.Errorf("cells of %s are kept", c.Name)
			}
		}
		if errs, err := h.ImportErrors(t.Context(), i.ID, "en", 0, 10); err != nil || len(errs) > 0 {
			t.Errorf("%+v %v", errs, err)
		}
		if _, err := h.PreviewImport(t.Context(), i.ID, "en", 5); err == nil {
			t.Error("the file is kept")
		}
		if _, err := h.PreviewImport(t.Context(), waits.ID, "en", 5); err != nil {
			t.Errorf("a file that waits is gone: %v", err)
		}
		ask(t, h, i.ID, "undo")
		until(t, h, i.ID, record.ImportUndone)
		if n := touchesOf(t, r); n != 0 {
			t.Errorf("%d touches are left", n)
		}
	})
}

// The file of an import that is forgotten or deleted goes, unless somebody had sent it as well.
func TestFilesOfImports(t *testing.T) {
	eachEnd(t, func(t *testing.T, r *rig) {
		r.tune = func(h *Hub) { h.doomedAfter, h.scrubEvery = 0, 100*time.Millisecond }
		h, _ := r.hub()
		const sent, forgotten, deleted = "name,phone\nAli,09121234567\n", "name,phone\nSara,09121234568\n", "name,phone\nOmid,09121234569\n"
		f, err := h.StoreFile(t.Context(), channels.File{Name: "customers.csv"}, strings.NewReader(sent), 1000)
		if err != nil {
			t.Fatal(err)
		}
		if err := h.receive(t.Context(), r.account, channels.Batch{Messages: []channels.Inbound{{Key: "k1", Thread: "a", Address: "a", Text: "our customers", Files: []channels.File{f}}}}); err != nil {
			t.Fatal(err)
		}
		blobs := map[string]bool{} // and whether it stays
		last := record.Millis(0)
		for text, stays := range map[string]bool{sent: true, forgotten: false} {
			i := upload(t, h, record.ImportCustomers, text)
			row, err := h.db.ImportByID(t.Context(), i.ID)
			if err != nil {
				t.Fatal(err)
			}
			blobs[row.Blob] = stays
			ask(t, h, i.ID, "run")
			last = max(last, until(t, h, i.ID, record.ImportDone).EndedAt)
		}
		i := upload(t, h, record.ImportCustomers, deleted)
		row, err := h.db.ImportByID(t.Context(), i.ID)
		if err != nil {
			t.Fatal(err)
		}
		blobs[row.Blob] = false
		if err := h.DeleteImport(t.Context(), i.ID, row.Version); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the imports are over since a moment", func() bool { return h.Now() > last })
		if err := h.ForgetImported(t.Context()); err != nil {
			t.Fatal(err)
		}
		eventually(t, "nothing is to be removed any more", func() bool {
			list, err := h.db.Doomed(t.Context(), h.Now()+1)
			return err == nil && len(list) == 0
		})
		if len(blobs) != 3 || !blobs[f.Blob] {
			t.Fatalf("%v, the message's is %s", blobs, f.Blob)
		}
		for blob, stays := range blobs {
			if has, err := h.blobs.Has(blob); has != stays || err != nil {
				t.Errorf("a file that is to stay (%v): there %v, %v", stays, has, err)
			}
		}
	})
}

// A file of organisations is tried, carried out, sent again without doing anything twice, and taken back but for what others have used or changed since.
func TestImportOfOrganisations(t *testing.T) {
	eachEnd(t, func(t *testing.T, r *rig) {
		h, _ := r.hub()
		by := record.Decided{At: h.Now(), By: "u1", Rules: h.FactRules()}
		name := "Old & Co."
		old, err := h.db.AddOrganisation(t.Context(), record.OrganisationEdit{Name: &name, Place: &record.Place{Country: "DE"}}, by, nil)
		if err != nil {
			t.Fatal(err)
		}
		const text = "شرکت;شهر;tags\nشركت آفتاب;تهران;vip\nUsed Ltd;Shiraz;\nold co;Berlin;partner\nChanged;Qom;\n;Yazd;\n"
		i := upload(t, h, record.ImportOrganisations, text)
		if i.Mapping["شرکت"] != "name" || i.Mapping["شهر"] != "city" || i.Mapping["tags"] != "tags" {
			t.Fatalf("%+v", i.Mapping)
		}
		overwrite := i.Options
		overwrite.Existing = record.ExistingOverwrite
		if i, err = h.EditImport(t.Context(), i.ID, ImportEdit{Version: i.Version, Options: &overwrite}); err != nil {
			t.Fatal(err)
		}
		preview, err := h.PreviewImport(t.Context(), i.ID, "en", 5)
		if err != nil || len(preview) != 5 || preview[0].Status != "made" || preview[2].Status != "updated" || preview[4].Status != "bad" {
			t.Fatalf("%+v %v", preview, err)
		}
		ask(t, h, i.ID, "check")
		if i = until(t, h, i.ID, record.ImportChecked); i.Made != 3 || i.Updated != 1 || i.Bad != 1 {
			t.Fatalf("tried: %+v", i)
		}
		ask(t, h, i.ID, "run")
		if i = until(t, h, i.ID, record.ImportDone); i.Made != 3 || i.Updated != 1 || i.Bad != 1 {
			t.Fatalf("done: %+v", i)
		}
		find := func(text string) record.Organisation {
			t.Helper()
			list, _, err := h.db.Organisations(t.Context(), text, "", 10)
			if err != nil || len(list) != 1 {
				t.Fatalf("%s: %+v %v", text, list, err)
			}
			return list[0]
		}
		if o := find("آفتاب"); o.Place == nil || o.Place.City != "تهران" || len(o.Tags) != 1 {
			t.Errorf("%+v", o)
		}
		if o := find("old co"); o.ID != old.ID || o.Name != "old co" || o.Place.City != "Berlin" || o.Place.Country != "DE" || len(o.Tags) != 1 {
			t.Errorf("%+v", o)
		}
		again := upload(t, h, record.ImportOrganisations, text)
		ask(t, h, again.ID, "run")
		if again = until(t, h, again.ID, record.ImportDone); again.Made != 0 || again.Updated != 0 || again.Known != 4 {
			t.Fatalf("sent again: %+v", again)
		}

		people := upload(t, h, record.ImportCustomers, "name,phone,organisation,role\nSara,09121234567,used ltd,CEO\n")
		ask(t, h, people.ID, "run")
		until(t, h, people.ID, record.ImportDone)
		changed := find("Changed")
		if _, _, err := h.db.EditOrganisation(t.Context(), changed.ID, changed.Version, record.OrganisationEdit{Owner: new("u1")}, by, nil); err != nil {
			t.Fatal(err)
		}
		ask(t, h, i.ID, "undo")
		i = until(t, h, i.ID, record.ImportUndone)
		reasons := map[string]string{}
		for _, l := range i.Left {
			reasons[l.Name] = l.Reason
		}
		if len(i.Left) != 2 || reasons["Used Ltd"] != record.LeftUsed || reasons["Changed"] != record.LeftChanged {
			t.Errorf("%+v", i.Left)
		}
		if o := find("old co"); o.Name != name || o.Place == nil || o.Place.Country != "DE" || o.Place.City != "" || len(o.Tags) != 0 {
			t.Errorf("%+v", o)
		}
		if list, _, err := h.db.Organisations(t.Context(), "آفتاب", "", 10); err != nil || len(list) != 0 {
			t.Errorf("%+v %v", list, err)
		}
		ask(t, h, people.ID, "undo") // the membership goes with its customer
		until(t, h, people.ID, record.ImportUndone)
		if o := find("used ltd"); o.Members != 0 {
			t.Errorf("%+v", o)
		}
	})
}
