package email

import (
	"encoding/hex"
	"testing"
)

// The examples of MS-OXRTFCP 3.1 and 3.2: a run within the first window, and one that is longer than what it repeats.
func TestCompressedRTF(t *testing.T) {
	for packed, want := range map[string]string{
		"2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0": "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n",
		"1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0":                                       "{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}",
	} {
		b, err := hex.DecodeString(packed)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(unpackRTF(b)); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	for _, junk := range []string{"", "2d000000", "2d0000002b0000004c5a4675f1c5c7a7ffffffffffffffffffffff", "2d0000002b0000000000000000000000"} {
		b, _ := hex.DecodeString(junk)
		if got := rtfText(b); len(got) > 100 {
			t.Errorf("%s: %q", junk, got)
		}
	}
	b, _ := hex.DecodeString("2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0")
	if got := rtfText(b); got != "hello world" {
		t.Errorf("%q", got)
	}
}
