package record

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func indexAll(t *testing.T, db *DB) {
	t.Helper()
	for {
		n, err := db.IndexOnce(t.Context(), 30)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

func TestSearch(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		ctx := t.Context()
		f := newFirm(t, db)
		f.receive("1", "k1", "سفارش کتاب\u200cهای من نرسيد").Identity.Name = "زهرا كاظمی"
		f.receive("2", "k2", "Where is my ORDER, it's late! OR NOT NEAR").Identity.Address = "+989121234567"
		f.receive("1", "k3", "سفارش ۱۲۳۴ را می\u200cخواهم").Identity.Address = "ali.rezaei@example.com"
		f.receive("3", "k4", "hostile ' \" \\ & | ! : * ( ) <-> \x01 text")
		f.receive("3", "k5", "")
		f.receive("3", "k6", strings.Repeat("long"+random(100)+" ", 1000))
		f.write()
		indexAll(t, db)
		find := func(text string) (customers, messages []string) {
			h, err := db.Search(ctx, text, 10)
			if err != nil {
				t.Errorf("search %q: %v", text, err)
			}
			for _, c := range h.Customers {
				customers = append(customers, c.ID)
			}
			for _, m := range h.Messages {
				messages = append(messages, must(db.Touch(ctx, m.Touch)).Key)
			}
			return customers, messages
		}
		for _, c := range []struct {
			text                string
			customers, messages []string
		}{
			{"سفارش", nil, []string{"k3", "k1"}},
			{"كتاب", nil, []string{"k1"}},
			{"کتاب\u200cهاي نرسید", nil, []string{"k1"}},
			{"1234", nil, []string{"k3"}},
			{"order late", nil, []string{"k2"}},
			{"or", nil, []string{"k2"}},
			{"NOT near", nil, []string{"k2"}},
			{"lat", nil, []string{"k2"}},
			{"order nothing", nil, nil},
			{"کاظ", []string{"c-1"}, nil},
			{"زهرا", []string{"c-1"}, nil},
			{"0912", []string{"c-2"}, nil},
			{"+98912123", []string{"c-2"}, nil},
			{"' \" \\ & | ! : *", nil, nil},
			{"hostile", nil, []string{"k4"}},
			{"", nil, nil},
			{"name of", []string{"c-3", "c-2"}, nil},
		} {
			customers, messages := find(c.text)
			slices.Sort(customers)
			slices.Sort(c.customers)
			if !slices.Equal(customers, c.customers) || !slices.Equal(messages, c.messages) {
				t.Errorf("search %q: %v %v, want %v %v", c.text, customers, messages, c.customers, c.messages)
			}
		}
		h := must(db.Search(ctx, "late", 10))
		if m := h.Messages[0]; m.Number != 2 || m.Customer.Name != "Name of 2" || !strings.Contains(m.Snippet, "it's late!") {
			t.Errorf("hit %+v", m)
		}
		if page := must(db.Conversations(ctx, Filter{Text: "سفارش"})); !slices.Equal(numbers(page), []int64{1}) {
			t.Errorf("list by message %v", numbers(page))
		}
		if page := must(db.Conversations(ctx, Filter{Text: "0912", Open: true})); !slices.Equal(numbers(page), []int64{2}) {
			t.Errorf("list by customer %v", numbers(page))
		}
		name := "مریم"
		if _, _, err := db.EditCustomer(ctx, "c-1", 0, CustomerEdit{Name: &name}, Decided{}, nil); err != nil {
			t.Fatal(err)
		}
		indexAll(t, db)
		if customers, _ := find("مریم"); !slices.Equal(customers, []string{"c-1"}) {
			t.Errorf("after a new name: %v", customers)
		}
	})
}

// Newest first, and never more than asked for.
func TestSearchManyIsBounded(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		f := newFirm(t, db)
		for i := range 500 {
			f.receive("x", fmt.Sprint("k", i), fmt.Sprint("common ", i%100))
		}
		f.write()
		indexAll(t, db)
		for text, want := range map[string]int{"common": 20, "common 7": 5} {
			h := must(db.Search(t.Context(), text, 20))
			if len(h.Messages) != want || !slices.IsSortedFunc(h.Messages, func(a, b MessageHit) int { return int(b.At - a.At) }) {
				t.Errorf("%s: %d hits, want %d newest first", text, len(h.Messages), want)
			}
		}
	})
}
