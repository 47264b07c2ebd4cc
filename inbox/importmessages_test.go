package inbox

import (
	"fmt"
	"strings"
	"testing"

	"tamas/inbox/record"
)

// What an export has of messages is left out and counted, before and after, and is no mistake; a touch of a customer without an address comes in where
// there is such a customer.
func TestImportOfMessages(t *testing.T) {
	eachEnd(t, func(t *testing.T, r *rig) {
		h, _ := r.hub()
		first := upload(t, h, record.ImportTouches, purchases(1))
		ask(t, h, first.ID, "run")
		until(t, h, first.ID, record.ImportDone)
		customer := h.db.IdentityOf("phone", "+989120000000", "").Customer
		text := "id,source,kind,at,customer.channel,customer.address,text\n" +
			"m1,acct,message,2026-03-21T10:00:00Z,phone,+989120000000,hello\n" +
			"r1,acct,rating,2026-03-21T10:05:00Z,phone,+989120000000,\n" +
			"c1,till,purchase,2026-03-21T11:00:00Z,customer," + customer + ",\n" +
			"c2,till,purchase,2026-03-21T11:00:00Z,customer,nobody,\n" +
			"k1,till,no such kind,2026-03-21T11:00:00Z,phone,+989120000000,\n"
		i := upload(t, h, record.ImportTouches, text)
		preview, err := h.PreviewImport(t.Context(), i.ID, "en", 10)
		if err != nil || len(preview) != 5 {
			t.Fatalf("%+v %v", preview, err)
		}
		for n, want := range []string{"message", "message", "made", "bad", "bad"} {
			if preview[n].Status != want {
				t.Errorf("%+v is not %s", preview[n], want)
			}
		}
		if e := preview[3].Errors; len(e) != 1 || e[0].Code != badCustomer || e[0].Column != "customer.address" || e[0].Value != "nobody" || e[0].Message != "There is no such customer." {
			t.Errorf("%+v", e)
		}
		ask(t, h, i.ID, "check")
		if i = until(t, h, i.ID, record.ImportChecked); i.Made != 1 || i.Bad != 2 || i.Messages != 2 {
			t.Fatalf("tried: %+v", i)
		}
		ask(t, h, i.ID, "run")
		if i = until(t, h, i.ID, record.ImportDone); i.Made != 1 || i.Bad != 2 || i.Messages != 2 || i.Customers != 0 {
			t.Fatalf("done: %+v", i)
		}
		db := r.openDB()
		defer db.Close()
		line, err := db.Timeline(t.Context(), customer, "", 10)
		if err != nil || len(line.Items) != 2 {
			t.Errorf("%+v %v", line, err)
		}
	})
}

// withMessages puts a message behind every touch of a file of purchases.
func withMessages(text string) string {
	var b strings.Builder
	for n, line := range strings.SplitAfter(text, "\n") {
		b.WriteString(line)
		if n > 0 && line != "" {
			fmt.Fprintf(&b, "m%d;message;;;;;;\n", n)
		}
	}
	return b.String()
}
