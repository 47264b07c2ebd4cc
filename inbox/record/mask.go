package record

import (
	"encoding/json"
	"net/mail"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// hidden stands for what is left out of an address that may not be seen.
const hiddenPart = "***"

// Masked tells an address of which a part is left out. Nobody can be written to there.
func Masked(address string) bool { return strings.Contains(address, hiddenPart) }

// MaskAddress leaves so much of an address that somebody who knows it will know it again: +98912***4567, a***@example.com.
func MaskAddress(address string) string {
	if address == "" || Masked(address) {
		return address
	}
	if i := strings.LastIndexByte(address, '@'); i >= 0 {
		first, n := utf8.DecodeRuneInString(address)
		if n >= i {
			return hiddenPart + address[i:]
		}
		return string(first) + hiddenPart + address[i:]
	}
	r := []rune(address)
	sign := ""
	if r[0] == '+' {
		sign, r = "+", r[1:]
	}
	n := len(r)
	if n < 4 {
		return sign + hiddenPart
	}
	if sign == "" { // no telephone number: what begins like it is of the same kind
		return string(r[:min(2, n/4)]) + hiddenPart + string(r[n-min(2, n/4):])
	}
	return sign + string(r[:min(5, n/3+1)]) + hiddenPart + string(r[n-min(4, n/3):])
}

// addressLike finds mail addresses and telephone numbers in what people write, whatever spaces, dashes and marks of direction stand between digits. Stars
// are around an address, or have been put into it.
var addressLike = regexp.MustCompile(`[^\s<>"'(),;:\[\]«»،؛*]+@[^\s<>"'(),;:\[\]«»،؛*]+|\+?\p{Nd}[\p{Nd}\p{Zs}\p{Cf}\p{Pd}()./_]{5,}\p{Nd}`)

// maskText hides the addresses in a text.
func maskText(s string) string {
	return addressLike.ReplaceAllStringFunc(s, func(a string) string {
		if strings.Contains(a, "@") {
			return MaskAddress(a)
		}
		digits := strings.Map(func(r rune) rune {
			if unicode.IsDigit(r) || r == '+' {
				return r
			}
			return -1
		}, a)
		if utf8.RuneCountInString(strings.TrimPrefix(digits, "+")) < 7 {
			return a
		}
		return MaskAddress("+" + strings.TrimPrefix(digits, "+"))[1:]
	})
}

// withoutAddresses is a text without the addresses in it.
func withoutAddresses(s string) string {
	if hidden := maskText(s); hidden != s {
		return addressLike.ReplaceAllStringFunc(s, func(a string) string {
			if maskText(a) == a {
				return a
			}
			return " "
		})
	}
	return s
}

// address, name and text are what somebody sees of one.
func (s Sight) address(a string) string {
	if s.Sees(FieldAddress) {
		return a
	}
	return MaskAddress(a)
}

func (s Sight) name(n string) string {
	if !s.Sees(FieldName) {
		return ""
	}
	return s.text(n)
}

func (s Sight) text(t string) string {
	if s.Sees(FieldAddress) {
		return t
	}
	return maskText(t)
}

// line is a line of an envelope.
func (s Sight) line(l string) string {
	if l == "" || s.Sees(FieldAddress) && s.Sees(FieldName) {
		return l
	}
	a, err := mail.ParseAddress(l)
	if err != nil {
		return s.address(l)
	}
	if name := s.name(a.Name); name != "" {
		return name + " <" + s.address(a.Address) + ">"
	}
	return s.address(a.Address)
}

// said is a name in JSON.
func (s Sight) said(v json.RawMessage) json.RawMessage {
	var n string
	if v == nil || s.Sees(FieldAddress) && s.Sees(FieldName) || json.Unmarshal(v, &n) != nil {
		return v
	}
	out, err := json.Marshal(s.name(n))
	if err != nil {
		return nil
	}
	return out
}
