package inbox

import (
	"maps"
	"testing"
)

// What is in a column names only fields that the file may have: the telephone numbers of organisations are no field.
func TestGuessedFieldsExist(t *testing.T) {
	columns := []ImportColumn{
		{Name: "name", Samples: []string{"Chaman Trading"}},
		{Name: "phone", Samples: []string{"+982188001122"}},
		{Name: "reached at", Samples: []string{"desk@chaman.example"}},
	}
	for _, x := range []struct {
		of     string
		fields []ImportField
		want   map[string]string
	}{
		{"organisations", organisationFields(), map[string]string{"name": "name"}},
		{"customers", customerFields(), map[string]string{"name": "name", "phone": "phone", "reached at": "email"}},
	} {
		got := guessMapping(x.fields, columns)
		maps.DeleteFunc(got, func(_, id string) bool { return id == "" })
		if !maps.Equal(got, x.want) {
			t.Errorf("%s: %v, not %v", x.of, got, x.want)
		}
	}
}

// A column called name beside one for the family's name is the first name: else the family's would be lost.
func TestGuessedNames(t *testing.T) {
	for name, family := range map[string]string{"نام": "نام خانوادگي", "Name": "Surname"} {
		got := guessMapping(customerFields(), []ImportColumn{{Name: name}, {Name: family}})
		if got[name] != "first_name" || got[family] != "last_name" {
			t.Error(got)
		}
	}
	if got := guessMapping(customerFields(), []ImportColumn{{Name: "Full name"}, {Name: "Surname"}}); got["Full name"] != "name" {
		t.Error(got)
	}
}

// A column that is called source is one only when what stands in it may be.
func TestGuessedSource(t *testing.T) {
	for sample, want := range map[string]string{"till": "source", "Google Ads": ""} {
		if got := guessMapping(touchFields(), []ImportColumn{{Name: "source", Samples: []string{"shop-2", sample}}}); got["source"] != want {
			t.Errorf("%s: %v", sample, got)
		}
	}
}

func TestDurations(t *testing.T) {
	for s, want := range map[string]int{"90": 90, "2:30": 150, "۱:۰۰:۰۱": 3601, "1.6": 2, "": -1, "-1": -1, "1:x": -1, "1:2:3:4": -1, "1000000:1000000:1000000:1000000:1000000": -1} {
		if n, ok := duration(s); ok != (want >= 0) || ok && n != want {
			t.Errorf("%q: %d %v", s, n, ok)
		}
	}
}
