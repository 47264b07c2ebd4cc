package telegram

import "testing"

func TestPrivateChatOfAUser(t *testing.T) {
	start := Kind().StartThread
	if thread, address, err := start(nil, "4000"); err != nil || thread != "4000" || address != "4000" {
		t.Errorf("%q %q %v", thread, address, err)
	}
	for _, bad := range []string{"", "chat:-55", "-55", "0", "04000", "@ann", "4000 "} {
		if _, _, err := start(nil, bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
