package persian

import "strings"

// Latin is a Persian or Arabic digit as a Latin one; any other rune is itself.
func Latin(r rune) rune {
	switch {
	case r >= '۰' && r <= '۹':
		return r - '۰' + '0'
	case r >= '٠' && r <= '٩':
		return r - '٠' + '0'
	}
	return r
}

// LatinDigits writes Persian and Arabic digits as Latin ones.
func LatinDigits(s string) string { return strings.Map(Latin, s) }

// Digits writes Latin digits as Persian ones.
func Digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r - '0' + '۰'
		}
		return r
	}, s)
}
