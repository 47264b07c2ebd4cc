package channels

import (
	"strings"

	"tamas/persian"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/net/idna"
)

// Phone brings a phone number to E.164; region (two letters) is assumed for numbers without a country code, and Persian
// and Arabic digits are read. What is no such number (a sender name, a short code, an address with a scheme like
// "whatsapp:+98…") comes back cleaned of white space at its ends, bounded, and with ok false.
func Phone(s, region string) (number string, ok bool) {
	s = strings.TrimSpace(strings.ToValidUTF8(s, ""))
	if strings.ContainsAny(s, ":@") || strings.ContainsFunc(s, func(r rune) bool { return (r >= 'a' && r <= 'z') || (r >= 'A' && r <= 'Z') }) {
		return boundAddress(s), false
	}
	s = persian.LatinDigits(s)
	if n, ok := iranianMobile(s, region); ok {
		return n, true
	}
	for _, try := range []string{s, "+" + strings.TrimPrefix(s, "00")} {
		if try != s && strings.HasPrefix(s, "+") {
			break
		}
		n, err := phonenumbers.Parse(try, region)
		if err == nil && phonenumbers.IsPossibleNumber(n) && (try == s || phonenumbers.IsValidNumber(n)) {
			e := phonenumbers.Format(n, phonenumbers.E164)
			if e == try {
				return e, true
			}
			if again, err := phonenumbers.Parse(e, ""); err == nil && phonenumbers.Format(again, phonenumbers.E164) == e { // unlike "000000"
				return e, true
			}
		}
	}
	return boundAddress(s), false
}

// iranianMobile is a short way for what most numbers here are: the library takes thirty times as long, which in a file of a million is half a minute.
func iranianMobile(s, region string) (string, bool) {
	rest, ok := strings.CutPrefix(s, "+98")
	if !ok && region == "IR" {
		if rest, ok = strings.CutPrefix(s, "0098"); !ok {
			rest, ok = strings.CutPrefix(s, "0")
		}
	}
	if !ok || len(rest) != 10 || rest[0] != '9' || strings.Trim(rest, "0123456789") != "" {
		return "", false
	}
	return "+98" + rest, true
}

func boundAddress(s string) string {
	if len(s) > MaxKey {
		s = strings.ToValidUTF8(s[:MaxKey], "")
	}
	return s
}

// Region tells whether two letters name a country whose phone numbers are known.
func Region(s string) bool { return phonenumbers.GetSupportedRegions()[s] }

// Email is an email address as the hub keeps it: lower-case, its domain as servers take it, without anything that is not one address.
func Email(s string) (address string, ok bool) {
	s = strings.ToLower(strings.Trim(s, " \t<>\"'"))
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at == len(s)-1 || len(s) > 254 || strings.ContainsAny(s, " \t\r\n\x00<>(),;\\") {
		return "", false
	}
	for _, r := range s {
		if r < ' ' || r == 0x7f || r == '\uFFFD' {
			return "", false
		}
	}
	local, domain := s[:at], s[at+1:]
	if strings.ContainsFunc(domain, func(r rune) bool { return r >= 0x80 }) { // one form of each: the one that servers take
		var err error
		if domain, err = idna.Lookup.ToASCII(domain); err != nil || len(local)+len(domain) > 253 {
			return "", false
		}
		s = local + "@" + domain
	}
	return s, true
}
