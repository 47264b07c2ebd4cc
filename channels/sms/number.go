package sms

import (
	"strings"

	"tamas/channels"
)

// Normalise brings a phone number to E.164: see channels.Phone.
func Normalise(s, region string) (number string, ok bool) { return channels.Phone(s, region) }

func isLetter(r rune) bool { return (r >= 'a' && r <= 'z') || (r >= 'A' && r <= 'Z') }

// recipient is the number that a message goes to. Names of senders, as banks and shops use them, cannot be answered.
func (a *account) recipient(m channels.Outbound) (string, error) {
	to, ok := Normalise(m.Address, a.set.Region)
	if to == "" || !ok && !strings.Contains(to, ":") && strings.ContainsFunc(to, isLetter) {
		return "", &channels.SendError{Permanent: true, Unreachable: true, Reason: "The message came from a name instead of a number; it cannot be answered"}
	}
	return to, nil
}

// bounded cuts what becomes an address or a key.
func bounded(s string) string {
	if len(s) > channels.MaxKey {
		s = strings.ToValidUTF8(s[:channels.MaxKey], "")
	}
	return s
}
