package sms

import "testing"

func TestWhereAConversationBegins(t *testing.T) {
	for address, want := range map[string]string{"0912 000 0001": "+989120000001", "۰۹۱۲۰۰۰۰۰۰۱": "+989120000001", "+15005550006": "+15005550006", "Bank": "", "": ""} {
		thread, number, err := Kind().StartThread([]byte(`{"region":"ir","provider":"twilio"}`), address)
		if number != want || thread != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %q, %v", address, thread, number, err)
		}
	}
}
