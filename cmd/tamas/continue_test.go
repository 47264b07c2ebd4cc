package main

import (
	"testing"
)

// Every kind that can be written to after its customer has left is a place where a web chat may go on; no other is.
func TestWhereAWebChatMayGoOn(t *testing.T) {
	for _, k := range kinds() {
		live, reaches := k.Limits.Live, k.StartThread != nil
		if live == reaches {
			t.Errorf("%s: live %v, can be written to %v", k.Name, live, reaches)
		}
		if live && !k.Limits.Read {
			t.Errorf("%s: nobody knows what its visitors have read", k.Name)
		}
	}
}
