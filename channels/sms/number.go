package sms

import (
	"strings"

	"github.com/nyaruka/phonenumbers"

	"tamas/channels"
)

// Normalise brings a phone number to E.164; region (two letters) is assumed for numbers without a country code, and Persian
// and Arabic digits are read. What is no such number (a sender name, a short code, an address with a scheme like
// "whatsapp:+98…") comes back cleaned of white space at its ends, bounded, and with ok false.
func Normalise(s, region string) (number string, ok bool) {
	s = strings.TrimSpace(strings.ToValidUTF8(s, ""))
	if strings.ContainsAny(s, ":@") || strings.ContainsFunc(s, isLetter) {
		return bounded(s), false
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= '۰' && r <= '۹':
			return r - '۰' + '0'
		case r >= '٠' && r <= '٩':
			return r - '٠' + '0'
		}
		return r
	}, s)
	for _, try := range []string{s, "+" + strings.TrimPrefix(s, "00")} {
		if try != s && strings.HasPrefix(s, "+") {
			break
		}
		n, err := phonenumbers.Parse(try, region)
		if err == nil && phonenumbers.IsPossibleNumber(n) && (try == s || phonenumbers.IsValidNumber(n)) {
			return phonenumbers.Format(n, phonenumbers.E164), true
		}
	}
	return bounded(s), false
}

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
