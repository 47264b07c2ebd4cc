package record

import "testing"

func TestMaskedAddresses(t *testing.T) {
	for address, want := range map[string]string{"": "", "+989121234567": "+98912***4567", "+14155552671": "+1415***671", "ali@example.com": "a***@example.com", "a@example.com": "***@example.com",
		"آرش@example.com": "آ***@example.com", "123456789": "12***89", "7": "***", "+12": "+***", "a***@example.com": "a***@example.com", "+98912***4567": "+98912***4567", "@x": "***@x"} {
		got := MaskAddress(address)
		if got != want || MaskAddress(got) != got {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
	for text, want := range map[string]string{"": "", "Sara 12": "Sara 12", "called from +98 912 123 4567 at 10": "called from 98912***4567 at 10", "550 <ali@example.com>: unknown": "550 <a***@example.com>: unknown",
		"۰۹۱۲۱۲۳۴۵۶۷": "۰۹۱۲***۵۶۷", "order 123456": "order 123456"} {
		if got := maskText(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got := withoutAddresses("Sara <ali@example.com> 0912 123 4567 x"); got != "Sara < > x" && got != "Sara < >   x" {
		t.Errorf("%q", got)
	}
}
