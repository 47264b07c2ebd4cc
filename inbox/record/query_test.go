package record

import (
	"testing"
	"time"
)

func TestParseQuery(t *testing.T) {
	tehran := must(time.LoadLocation("Asia/Tehran"))
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct{ text, words, filters string }{
		{"blue parcel", "blue parcel", ""},
		{"blue channel:telegram parcel", "blue parcel", "channel=telegram"},
		{"کانال:تلگرام سفارش", "سفارش", "channel=telegram"},
		{`from:"ali rezaei" late`, "late", "from=ali rezaei"},
		{"از:علی نوع:خرید صف:فروش", "", "from=علی kind=purchase queue=فروش"},
		{"from: ali", "", "from=ali"},
		{"late from:", "late", "from= empty"},
		{"before:2026-11-22", "", "before=2026-11-22"},
		{"پیش‌از:۱۴۰۵/۰۹/۰۱", "", "before=2026-11-22"},
		{"پیش از ظهر", "پیش از ظهر", ""},
		{"after:1405/9/1 تا:٢٠٢٦/١١/٢٣", "", "after=2026-11-22 before=2026-11-23"},
		{"after:1403/12/30", "", "after=2025-03-20"},
		{"after:1404/12/30", "", "after=1404/12/30 date"},
		{"after:soon before:2026-02-30", "", "after=soon date before=2026-02-30 date"},
		{"after:today before:7d", "", "after=2026-11-22 before=2026-11-15"},
		{"بعد:دیروز", "", "after=2026-11-21"},
		{"status:open status:حل‌شده status:lost", "", "status=open status=resolved status=lost unknown"},
		{"in:messages in:مشتریان in:nowhere", "", "in=messages in=customers in=nowhere unknown"},
		{"kind:x_survey kind:song", "", "kind=x_survey kind=song unknown"},
		{"at 10:30 see https://example.com", "at 10:30 see https://example.com", ""},
		{`"exact words" more`, `"exact words" more`, ""},
		{"«عین عبارت»", "«عین عبارت»", ""},
		{`"not closed`, `"not closed`, ""},
		{"channel：sms", "", "channel=sms"},
		{":", ":", ""},
	} {
		q := ParseQuery(c.text, tehran, now)
		filters := ""
		for _, f := range q.Filters {
			if filters != "" {
				filters += " "
			}
			filters += f.Key + "=" + f.Value
			if f.Error != "" {
				filters += " " + f.Error
			}
		}
		if q.Text != c.words || filters != c.filters {
			t.Errorf("%s: words %q, filters %q; want %q and %q", c.text, q.Text, filters, c.words, c.filters)
		}
	}
	if f := ParseQuery("after:1405/09/01", tehran, now).Filters[0]; f.at != At(time.Date(2026, 11, 21, 20, 30, 0, 0, time.UTC)) {
		t.Errorf("the day begins at %v", f.at.Time().UTC())
	}
}

func FuzzParseQuery(f *testing.F) {
	for _, s := range []string{`from:"a b" "c`, "از: در: in:x", "before:99999999999/1/1 after:-1d", "0912 123 4567", "«»\"\"::：", "a\u200c:b", "¼0", "½½ 0912¼123"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		q := ParseQuery(s, time.UTC, time.Unix(1_700_000_000, 0))
		if len(q.words) > maxClauses {
			t.Fatalf("%d clauses", len(q.words))
		}
		for _, c := range q.words {
			if len(c.any) == 0 || len(c.any[0]) == 0 {
				t.Fatalf("an empty clause in %q", s)
			}
		}
		// A filter's text is never searched for as well.
		if again := ParseQuery(q.Text, time.UTC, time.Unix(1_700_000_000, 0)); len(q.Filters) == 0 && len(again.Filters) > 0 {
			t.Fatalf("%q: words %q hold filters", s, q.Text)
		}
	})
}
