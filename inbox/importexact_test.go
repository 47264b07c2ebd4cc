package inbox

import (
	"errors"
	"strings"
	"testing"

	"tamas/inbox/record"
)

// What docs/import.md promises at the edges: skip adds nothing, an organisation that stands twice in a file goes with it, no spreadsheet runs what stands
// in the file of errors, and no row is lost between pieces of two leaders.
func TestImportKeepsItsWord(t *testing.T) {
	eachEnd(t, func(t *testing.T, r *rig) {
		h, _ := r.hub()
		run := func(of, file string, options func(*ImportOptions)) Import {
			i := upload(t, h, of, file)
			if options != nil {
				options(&i.Options)
				if _, err := h.EditImport(t.Context(), i.ID, ImportEdit{Version: i.Version, Options: &i.Options}); err != nil {
					t.Fatal(err)
				}
			}
			ask(t, h, i.ID, "run")
			return until(t, h, i.ID, record.ImportDone)
		}
		first := run(record.ImportCustomers, "name,phone,email\nA,+989120000001,\n=1+1,x,\n", nil)
		var out strings.Builder
		if err := h.WriteImportErrors(t.Context(), first.ID, "en", &out); err != nil || !strings.Contains(out.String(), "\r\n'=1+1,x,") {
			t.Errorf("%q %v", out.String(), err)
		}
		if i := run(record.ImportCustomers, "name,phone,email\nA,+989120000001,a@example.com\n", func(o *ImportOptions) { o.Existing = record.ExistingSkip }); i.Known != 1 || i.Updated != 0 {
			t.Errorf("skipped: %+v", i)
		}
		i := run(record.ImportOrganisations, "name,tags\nFirm,a\nFirm,b\n", nil)
		ask(t, h, i.ID, "undo")
		if i = until(t, h, i.ID, record.ImportUndone); i.LeftCount != 0 {
			t.Errorf("left: %+v", i.Left)
		}
		db := r.openDB()
		defer db.Close()
		err := db.WriteCustomers(t.Context(), record.CustomersChunk{Import: first.ID, First: 1, Last: 5})
		if !errors.Is(err, record.ErrConflict) {
			t.Errorf("a piece that overlaps: %v", err)
		}
		if err := db.WriteCustomers(t.Context(), record.CustomersChunk{Import: first.ID, First: 1, Last: 2}); err != nil {
			t.Errorf("the same piece: %v", err)
		}
	})
}
