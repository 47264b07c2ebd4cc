package record

import (
	"testing"
)

func TestMaskedAddresses(t *testing.T) {
	for address, want := range map[string]string{"": "", "+989121234567": "+98912***4567", "+14155552671": "+1415***671", "ali@example.com": "a***@example.com", "a@example.com": "***@example.com",
		"آرش@example.com": "آ***@example.com", "123456789": "12***89", "7": "***", "+12": "+***", "a***@example.com": "a***@example.com", "+98912***4567": "+98912***4567", "@x": "***@x"} {
		got := MaskAddress(address)
		if got != want || MaskAddress(got) != got {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
	for text, want := range map[string]string{"": "", "Sara 12": "Sara 12", "called from +98 912 123 4567 at 10": "called from 98912***4567 at 10", "550 <ali@example.com>: unknown": "550 <a***@example.com>: unknown",
		"۰۹۱۲۱۲۳۴۵۶۷": "۰۹۱۲***۵۶۷", "order 123456": "order 123456",
		"021/88776655": "0218***655", "0912–345–6789": "0912***789", "\u200e0912\u00a0345\u202f6789": "\u200e0912***789", "۰۹۱۲_۳۴۵_۶۷۸۹": "۰۹۱۲***۷۸۹",
		"***ali@example.com***": "***a***@example.com***", "a***@example.com": "a***@example.com"} {
		if got := maskText(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got := withoutAddresses("Sara <ali@example.com> 0912 123 4567 x"); got != "Sara < > x" && got != "Sara < >   x" {
		t.Errorf("%q", got)
	}
}

// Neither the order of a list nor a count by a field tells of what is kept.
func TestWhatOrderAndCountsTell(t *testing.T) {
	set := DefaultRecordSetting()
	set.FieldRoles = map[string]Limit{FieldName: {See: []string{RoleAdmin}}, FieldStage: {See: []string{RoleAdmin}}}
	p := OrganisationPage{Members: []Member{{Customer: CustomerName{ID: "c", Name: "Ali"}}, {Customer: CustomerName{ID: "a", Name: "Zahra"}}, {Customer: CustomerName{ID: "b", Name: "Ava"}, Until: 7}}}
	moved := StagesMoved{Customers: 3, Stages: map[string]int{"loyal": 3}}
	for role, want := range map[string]string{RoleAdmin: "cab", RoleAgent: "acb"} {
		s, got := SightOf(role, &set, nil), ""
		for _, m := range CutTo(s, p).Members {
			if got += m.Customer.ID; (m.Customer.Name == "") != (role == RoleAgent) {
				t.Errorf("%s: %+v", role, m)
			}
		}
		if got != want {
			t.Errorf("%s: members are in the order %s, want %s", role, got, want)
		}
		if n := len(CutTo(s, moved).Stages); (n == 0) != (role == RoleAgent) {
			t.Errorf("%s: %d stages", role, n)
		}
	}
}
