package inbox

import (
	"bytes"
	"strings"
	"testing"

	"tamas/inbox/record"
)

// A row that was corrected in the file of errors is the same row as one that was corrected where it came from, though it has no id of its own.
func TestCorrectedTwiceIsOnce(t *testing.T) {
	eachEnd(t, func(t *testing.T, r *rig) {
		h, _ := r.hub()
		for of, file := range map[string]string{
			record.ImportTouches:   "phone,kind,at,text\n09120000001,call,2026-13-40,hello\n09120000001,call,2026-01-02,bye\n",
			record.ImportCustomers: "name,country,time_zone\nAli,IR,2026-13-40\nSara,IR,Asia/Tehran\n",
		} {
			right := strings.NewReplacer("hello", "hello", "2026-13-40", map[string]string{record.ImportTouches: "2026-01-03", record.ImportCustomers: "Asia/Tehran"}[of])
			first := upload(t, h, of, file)
			ask(t, h, first.ID, "run")
			if first = until(t, h, first.ID, record.ImportDone); first.Made != 1 || first.Bad != 1 {
				t.Fatalf("%s: %+v", of, first)
			}
			var errs bytes.Buffer
			if err := h.WriteImportErrors(t.Context(), first.ID, "en", &errs); err != nil {
				t.Fatal(err)
			}
			some := upload(t, h, of, right.Replace(errs.String()))
			ask(t, h, some.ID, "run")
			if some = until(t, h, some.ID, record.ImportDone); some.Made != 1 || some.Bad != 0 {
				t.Fatalf("%s, the errors corrected: %+v", of, some)
			}
			all := upload(t, h, of, right.Replace(file))
			ask(t, h, all.ID, "run")
			if all = until(t, h, all.ID, record.ImportDone); all.Made != 0 || all.Known != 2 {
				t.Errorf("%s, the whole file corrected: %+v", of, all)
			}
		}
	})
}

// Country, city and address are each for itself, for customers and organisations.
func TestImportOfPlaces(t *testing.T) {
	eachEnd(t, func(t *testing.T, r *rig) {
		h, _ := r.hub()
		db := r.openDB()
		send := func(of, existing, file string) {
			t.Helper()
			i := upload(t, h, of, file)
			options := i.Options
			options.Existing = existing
			if _, err := h.EditImport(t.Context(), i.ID, ImportEdit{Version: i.Version, Options: &options}); err != nil {
				t.Fatal(err)
			}
			ask(t, h, i.ID, "run")
			if i = until(t, h, i.ID, record.ImportDone); i.Bad != 0 || i.Made+i.Updated != 1 {
				t.Fatalf("%s %s: %+v", of, existing, i)
			}
		}
		place := map[string]func() record.Place{
			record.ImportCustomers: func() record.Place {
				page, err := db.Customer(t.Context(), h.db.IdentityOf("phone", "+989120000001", "").Customer)
				if err != nil {
					t.Fatal(err)
				}
				return *page.Customer.Place
			},
			record.ImportOrganisations: func() record.Place {
				list, _, err := db.Organisations(t.Context(), "", "", 5)
				if err != nil || len(list) != 1 {
					t.Fatal(list, err)
				}
				return *list[0].Place
			},
		}
		for of, key := range map[string]string{record.ImportCustomers: "phone", record.ImportOrganisations: "name"} {
			send(of, record.ExistingFill, key+",country,city\n09120000001,IR,Tehran\n")
			send(of, record.ExistingFill, key+",city,address\n09120000001,Tehran,Street 1\n")
			send(of, record.ExistingFill, key+",city,address,tags\n09120000001,Shiraz,Street 2,old\n") // another city's street
			if p := place[of](); p != (record.Place{Country: "IR", City: "Tehran", Address: "Street 1"}) {
				t.Errorf("%s filled: %+v", of, p)
			}
			send(of, record.ExistingOverwrite, key+",city,address\n09120000001,Isfahan,\n")
			if p := place[of](); p != (record.Place{Country: "IR", City: "Isfahan", Address: "Street 1"}) {
				t.Errorf("%s overwritten: %+v", of, p)
			}
		}
	})
}

// All rows that are not taken are counted, though not all are kept; and who undoes twice is told so.
func TestMoreErrorsThanAreKept(t *testing.T) {
	eachEnd(t, func(t *testing.T, r *rig) {
		const kept, bad = 1000, 1007
		r.tune = func(h *Hub) { h.keptErrors = kept }
		h, _ := r.hub()
		i := upload(t, h, record.ImportCustomers, "name,phone\nAli,09120000001\n"+strings.Repeat(",x\n", bad))
		ask(t, h, i.ID, "run")
		if i = until(t, h, i.ID, record.ImportDone); i.Bad != bad || i.BadKept != kept || i.Made != 1 {
			t.Fatalf("%+v", i)
		}
		ask(t, h, i.ID, "undo")
		until(t, h, i.ID, record.ImportUndone)
		if _, err := h.MoveImport(t.Context(), i.ID, "undo", nil); err == nil || err.Error() == "" || !strings.Contains(err.Error(), "undone already") {
			t.Errorf("undone again: %v", err)
		}
	})
}

// Cells that no column has come back in the file of errors, which is refused again as it is.
func TestCellsBeyondTheColumns(t *testing.T) {
	eachEnd(t, func(t *testing.T, r *rig) {
		h, _ := r.hub()
		file := "name,phone\nAli,09120000001,Tehran,VIP\nSara,09120000002\n"
		for range 2 {
			i := upload(t, h, record.ImportCustomers, file)
			ask(t, h, i.ID, "run")
			if i = until(t, h, i.ID, record.ImportDone); i.Bad != 1 {
				t.Fatalf("%+v", i)
			}
			var errs bytes.Buffer
			if err := h.WriteImportErrors(t.Context(), i.ID, "en", &errs); err != nil {
				t.Fatal(err)
			}
			if file = errs.String(); !strings.Contains(file, `Ali,09120000001,"The row has`) || !strings.Contains(file, ",Tehran,VIP") {
				t.Fatal(file)
			}
		}
	})
}
