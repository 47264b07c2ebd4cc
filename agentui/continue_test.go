package agentui

import "testing"

// Where a chat may go on is inbox.SaveAccount's to say; what it says arrives here under the setting's name.
func TestWhereAnAccountsChatsGoOn(t *testing.T) {
	r := boot(t)
	ada := r.as("ada")
	var all items[accountView]
	ada.ok("GET", "/accounts", nil, &all)
	a := all.Items[0]
	if a.ContinueOn != "" || a.ContinueAfter != 0 {
		t.Errorf("%+v", a.Account)
	}
	for field, v := range map[string]any{"continue_on": a.ID, "continue_after": 1441} {
		ada.refused(422, codeInvalid, field, "PATCH", "/accounts/"+a.ID, map[string]any{field: v, "version": a.Version})
	}
	ada.ok("PATCH", "/accounts/"+a.ID, map[string]any{"continue_on": "", "continue_after": 9, "version": a.Version}, &a)
	if a.ContinueOn != "" || a.ContinueAfter != 0 {
		t.Errorf("%+v", a.Account)
	}
}
