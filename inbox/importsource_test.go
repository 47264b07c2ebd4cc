package inbox

import (
	"testing"

	"tamas/inbox/record"
)

// Two sources may have the same id: as an export writes them, both come in, once, and a row that names no source has the import's.
func TestImportOfSeveralSources(t *testing.T) {
	eachEnd(t, func(t *testing.T, r *rig) {
		h, _ := r.hub()
		files := []string{
			"id,source,kind,at,phone\n1,till,purchase,2026-03-21T10:00:00Z,+989120000001\n1,shop-2,purchase,2026-03-21T11:00:00Z,+989120000001\n1,,purchase,2026-03-21T12:00:00Z,+989120000001\n",
			`{"id":"1","source":"till","kind":"purchase","at":"2026-03-21T10:00:00Z","phone":"+989120000001"}` + "\n" +
				`{"id":"1","source":"shop-2","kind":"purchase","at":"2026-03-21T11:00:00Z","phone":"+989120000001"}` + "\n" +
				`{"id":"1","kind":"purchase","at":"2026-03-21T12:00:00Z","phone":"+989120000001"}` + "\n",
		}
		for n, file := range []int{0, 1, 0} {
			i := upload(t, h, record.ImportTouches, files[file])
			if i.Mapping["source"] != "source" {
				t.Fatalf("%+v", i.Mapping)
			}
			want, status := int64(3), "made"
			if n == 2 { // sent again
				want, status = 0, "known"
			}
			preview, err := h.PreviewImport(t.Context(), i.ID, "en", 5)
			if err != nil || len(preview) != 3 {
				t.Fatalf("%+v %v", preview, err)
			}
			for _, row := range preview {
				if row.Status != status {
					t.Errorf("%d: %+v is not %s", n, row, status)
				}
			}
			ask(t, h, i.ID, "check")
			if i = until(t, h, i.ID, record.ImportChecked); i.Made != want || i.Known != 3-want || i.Bad != 0 {
				t.Fatalf("%d, tried: %+v", n, i)
			}
			ask(t, h, i.ID, "run")
			if i = until(t, h, i.ID, record.ImportDone); i.Made != want || i.Known != 3-want || i.Bad != 0 {
				t.Fatalf("%d, done: %+v", n, i)
			}
			db := r.openDB()
			for _, source := range []string{"till", "shop-2", "import"} {
				if known, err := db.Logged(t.Context(), source, []string{"1"}); err != nil || len(known) != 1 {
					t.Errorf("%d: %s has %v %v", n, source, known, err)
				}
			}
			db.Close()
			if n == 0 { // the other form begins anew
				ask(t, h, i.ID, "undo")
				until(t, h, i.ID, record.ImportUndone)
			}
		}
	})
}
