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
