package agentui

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"

	"tamas/channels"
	"tamas/inbox"
	"tamas/inbox/record"
)

// The page of a person's export says values as people do: amounts with their currency, choices by their names, days in the language's calendar.
func TestPersonPageSaysValues(t *testing.T) {
	options := []record.Option{{ID: "gold", Name: channels.Text{EN: "Golden", FA: "طلایی"}}, {ID: "web", Name: channels.Text{EN: "Web", FA: "وب"}}}
	fields := []record.KindField{{ID: "n", Type: record.TypeNumber, Name: channels.Text{EN: "Number", FA: "شمار"}}, {ID: "c", Type: record.TypeChoice, Options: options, Name: channels.Text{EN: "Choice", FA: "گزینه"}},
		{ID: "m", Type: record.TypeMoney, Name: channels.Text{EN: "Price", FA: "بها"}}}
	set := &inbox.Settings{Kinds: []record.Kind{{ID: "x_fitting", Fields: fields}}}
	for lang, want := range map[string][]string{
		"en": {"12500000.5", "1250000 IRT", "Golden", "Golden, Web", "21 Mar 2026", "2026-03-21", "✓", "Choice: Golden · Price: 12 EUR · Number: 12500000"},
		"fa": {"۱۲۵۰۰۰۰۰.۵", "۱۲۵۰۰۰۰ IRT", "طلایی", "طلایی، وب", "۱۴۰۵/۰۱/۰۱", "2026-03-21", "✓", "گزینه: طلایی · بها: ۱۲ EUR · شمار: ۱۲۵۰۰۰۰۰"},
	} {
		p := newPersonPrinter(lang, "UTC", set)
		got := []string{p.value(record.TypeNumber, nil, json.RawMessage("12500000.5")), p.value(record.TypeMoney, nil, json.RawMessage(`{"amount":1250000,"currency":"IRT"}`)),
			p.value(record.TypeChoice, options, json.RawMessage(`"gold"`)), p.value(record.TypeChoices, options, json.RawMessage(`["gold","web"]`)), p.value(record.TypeDate, nil, json.RawMessage(`"2026-03-21"`)),
			p.value(record.TypeText, nil, json.RawMessage(`"2026-03-21"`)), p.value(record.TypeYesNo, nil, json.RawMessage("true")),
			p.row(&portableTouch{Touch: record.Touch{Kind: "x_fitting", Data: &record.Data{Fields: map[string]any{"n": 12500000.0, "c": "gold", "m": map[string]any{"amount": 12.0, "currency": "EUR"}}}}}).More}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s: %q, not %q", lang, got, want)
		}
	}
}

// It has no words of programs, nor a place that says nothing; and when something happened is read in the language's direction.
func TestPersonPageSaysTouches(t *testing.T) {
	touch := portableTouch{Touch: record.Touch{Kind: "delivery", Channel: record.ChannelOther, At: 1774086300000, Data: &record.Data{Step: "delivered", Outcome: "answered"}}}
	for lang, want := range map[string][]string{
		"en": {"21 Mar 2026, 09:45", "Delivery", "Outcome: answered · Step: delivered"},
		"fa": {"۱۴۰۵/۰۱/۰۱، ساعت ۰۹:۴۵", "تحویل", "نتیجه: پاسخ داده شد · گام: رسید"},
	} {
		set := &inbox.Settings{Kinds: []record.Kind{{ID: "delivery", Name: channels.Text{EN: "Delivery", FA: "تحویل"}}}}
		row := newPersonPrinter(lang, "UTC", set).row(&touch)
		if got := []string{row.At, row.What, row.More}; !slices.Equal(got, want) {
			t.Errorf("%s: %q, not %q", lang, got, want)
		}
	}
}

func TestPersonLanguage(t *testing.T) {
	for _, x := range []struct {
		asked     string
		languages []string
		firm      string
		want      string
	}{{"", nil, "fa", "fa"}, {"", nil, "", "en"}, {"", []string{"de", "en-GB", "fa"}, "fa", "en"}, {"", []string{"de"}, "fa", "fa"}, {"", []string{"FA-IR"}, "en", "fa"}, {"en", []string{"fa"}, "fa", "en"}} {
		if got := personLanguage(x.asked, x.languages, x.firm); got != x.want {
			t.Errorf("%+v: %s", x, got)
		}
	}
}

// A person's export is in the language that is asked for, else in the person's, else in the firm's.
func TestPersonExportLanguage(t *testing.T) {
	b := boot(t).as("ada")
	var c record.Customer
	b.ok("POST", "/customers", map[string]any{"name": "Sara", "identities": []map[string]string{{"channel": "email", "address": "sara@example.com"}}}, &c)
	lang := func(query, want string) {
		t.Helper()
		a := b.call("GET", "/customers/"+c.ID+"/export"+query, nil)
		z, err := zip.NewReader(bytes.NewReader(a.body), int64(len(a.body)))
		if err != nil {
			t.Fatalf("%d %s", a.status, a.body)
		}
		f, err := z.Open("index.html")
		must(t, err)
		page, err := io.ReadAll(f)
		must(t, err)
		if !strings.Contains(string(page), `<html lang="`+want+`"`) {
			t.Errorf("%q: not %s: %.80s", query, want, page)
		}
	}
	lang("", "en")
	lang("?lang=fa", "fa")
	b.ok("PATCH", "/customers/"+c.ID, map[string]any{"version": c.Version, "languages": []string{"fa-IR"}}, nil)
	lang("", "fa")
	lang("?lang=en", "en")
	b.refused(422, codeInvalid, "lang", "GET", "/customers/"+c.ID+"/export?lang=de", nil)
}
