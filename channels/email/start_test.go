package email

import (
	"slices"
	"testing"
)

func TestWhomAFirstMailGoesTo(t *testing.T) {
	for address, want := range map[string]string{"Ann@Example.ORG": "ann@example.org", "ann": "", "": ""} {
		thread, got, err := Kind().StartThread(nil, address)
		if thread != "" || got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %q, %v", address, thread, got, err)
		}
	}
	own := Kind().OwnAddresses([]byte(`{"address":"Support@Shop.example","username":"shop-login","imap_host":"x"}`))
	if !slices.Equal(own, []string{"support@shop.example"}) {
		t.Errorf("%q", own)
	}
}
