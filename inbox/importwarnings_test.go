package inbox

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"tamas/inbox/record"
)

// A row that names a colleague who is not here, or a column that nobody was asked about, is taken without it, and is counted.
func TestImportTakesRowsWithoutWhatIsNotHere(t *testing.T) {
	eachEnd(t, func(t *testing.T, r *rig) {
		h, _ := r.hub()
		// The customers first: those that touches make are known.
		for _, file := range []struct{ of, text string }{
			{record.ImportCustomers, "name,phone,owner\nA,+989120000001,who@example.com\nB,+989120000002,who@example.com\nC,+989120000003,\n"},
			{record.ImportTouches, "id,kind,at,phone,agent\n1,call,2026-03-21T10:00:00Z,+989120000001,who@example.com\n2,call,2026-03-21T11:00:00Z,+989120000002,who@example.com\n3,call,2026-03-21T11:00:00Z,+989120000002,\n"},
			{record.ImportOrganisations, "name,owner\nA,who@example.com\nB,who@example.com\nC,\n"},
		} {
			i := upload(t, h, file.of, file.text)
			preview, err := h.PreviewImport(t.Context(), i.ID, "fa", 5)
			if err != nil || len(preview) != 3 || preview[0].Status != "made" || len(preview[1].Warnings) != 1 || preview[1].Warnings[0].Message != "چنین همکاری نیست؛ کنار گذاشته می‌شود." || len(preview[2].Warnings) != 0 {
				t.Fatalf("%s: %+v %v", file.of, preview, err)
			}
			for _, what := range []struct{ ask, state string }{{"check", record.ImportChecked}, {"run", record.ImportDone}} {
				ask(t, h, i.ID, what.ask)
				i = until(t, h, i.ID, what.state)
				if i.Made != 3 || i.Bad != 0 || i.Warned != 2 || len(i.Warnings) != 1 || i.Warnings[0].Rows != 2 || i.Warnings[0].Value != "who@example.com" {
					t.Errorf("%s, %s: %+v", file.of, what.ask, i)
				}
			}
		}
		// The column is not in the rows that are read before anybody is asked.
		var b strings.Builder
		for n := range 20_002 {
			fmt.Fprintf(&b, `{"name":"n%d"`, n)
			if n == 300 {
				b.WriteString(`,"phone":"+989120000009"`)
			}
			if n > 20_000 {
				b.WriteString(`,"city":"Shiraz"`)
			}
			b.WriteString("}\n")
		}
		i := upload(t, h, record.ImportCustomers, b.String())
		if i.Mapping["phone"] != "phone" {
			t.Fatalf("%+v", i.Mapping)
		}
		ask(t, h, i.ID, "check")
		if i = until(t, h, i.ID, record.ImportChecked); i.Warned != 1 || i.Warnings[0].Column != "city" || i.Made != 20_002 {
			t.Errorf("%+v", i)
		}
	})
}

// A column for which there was no field when the mapping was remembered is suggested; one that somebody ignored stays ignored.
func TestImportSuggestsNewFields(t *testing.T) {
	eachEnd(t, func(t *testing.T, r *rig) {
		h, _ := r.hub()
		file := "id,source,kind,at,phone,text\n1,till,purchase,2026-03-21T10:00:00Z,+989120000001,x\n"
		i := upload(t, h, record.ImportTouches, file)
		x, err := h.importByID(t.Context(), i.ID)
		if err != nil {
			t.Fatal(err)
		}
		delete(x.setup.Mapping, "source")
		delete(x.setup.Mapping, "text")
		old, _ := json.Marshal(map[string]any{"mapping": x.setup.Mapping, "options": x.setup.Options}) // as it was kept before
		db := r.openDB()
		err = db.KeepImportMapping(t.Context(), x.signature(), old, h.Now())
		db.Close()
		if err != nil {
			t.Fatal(err)
		}
		i = upload(t, h, record.ImportTouches, file)
		if !i.Remembered || i.Mapping["source"] != "source" || i.Mapping["text"] != "" {
			t.Fatalf("%+v", i.Mapping)
		}
		mapping := i.Mapping
		delete(mapping, "source")
		if i, err = h.EditImport(t.Context(), i.ID, ImportEdit{Version: i.Version, Mapping: &mapping}); err != nil {
			t.Fatal(err)
		}
		ask(t, h, i.ID, "check")
		until(t, h, i.ID, record.ImportChecked)
		if i = upload(t, h, record.ImportTouches, file); !i.Remembered || i.Mapping["source"] != "" {
			t.Errorf("what was ignored is suggested: %+v", i.Mapping)
		}
	})
}
