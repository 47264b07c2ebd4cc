package record

import "testing"

func TestIsCountry(t *testing.T) {
	for _, s := range []string{"IR", "AF", "GB", "US", "AQ", "PS", "TW"} {
		if !IsCountry(s) {
			t.Errorf("%s is none", s)
		}
	}
	for _, s := range []string{"", "ZZ", "XX", "AA", "QQ", "UK", "EU", "SU", "DD", "YU", "ir", "IRN", "419", "I", "آی"} {
		if IsCountry(s) {
			t.Errorf("%q is one", s)
		}
	}
}
