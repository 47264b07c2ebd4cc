package channels

import (
	"fmt"
	"testing"

	"github.com/nyaruka/phonenumbers"
)

// The short way says what the library says.
func TestIranianMobile(t *testing.T) {
	for prefix := 900; prefix <= 999; prefix++ {
		for _, c := range []struct{ form, region string }{{"+98%d1234567", ""}, {"+98%d1234567", "DE"}, {"0098%d1234567", "IR"}, {"0%d1234567", "IR"}} {
			s := fmt.Sprintf(c.form, prefix)
			got, ok := iranianMobile(s, c.region)
			n, err := phonenumbers.Parse(s, c.region)
			if err != nil || !phonenumbers.IsPossibleNumber(n) {
				t.Fatalf("%s: %v", s, err)
			}
			if want := phonenumbers.Format(n, phonenumbers.E164); !ok || got != want {
				t.Errorf("%s in %q: %s %v, the library says %s", s, c.region, got, ok, want)
			}
		}
	}
	for _, c := range []struct{ s, region string }{{"09121234567", ""}, {"09121234567", "DE"}, {"+98912123456", "IR"}, {"+989 21234567", "IR"}, {"02188776655", "IR"}, {"+491711234567", "IR"}} {
		if n, ok := iranianMobile(c.s, c.region); ok {
			t.Errorf("%s in %q is taken for %s", c.s, c.region, n)
		}
	}
}
