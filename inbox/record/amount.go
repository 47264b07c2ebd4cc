package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strconv"
	"strings"
	"unicode"

	"tamas/persian"
)

// Amount is an exact decimal number in ten-thousandths: 125000 is 12.5.
type Amount int64

const (
	amountUnit   = 10_000
	amountDigits = 4 // behind the point
	// MaxAmount is so small that a customer's may be summed.
	MaxAmount Amount = 10_000_000_000_000 * amountUnit
)

var errAmount = errors.New("a number like 1250 or 12.5 is needed")

// ParseAmount reads a decimal number with at most four digits behind the point, in Persian, Arabic or Latin digits. Thousands may be set apart by
// spaces, "," or "٬"; the point is "." or "٫".
func ParseAmount(s string) (Amount, error) {
	s = strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) })
	negative := false
	for _, sign := range []string{"-", "\u2212", "+"} {
		if rest, ok := strings.CutPrefix(s, sign); ok {
			s, negative = rest, sign != "+"
			break
		}
	}
	whole, behind := int64(0), int64(0)
	digits, decimals, group := 0, -1, -1 // group: digits since the last mark of thousands; -1: there was none
	for _, r := range s {
		switch d := DigitOf(r); {
		case d >= 0 && decimals >= amountDigits:
			if d != 0 {
				return 0, errors.New("at most four digits stand behind the point")
			}
		case d >= 0 && decimals >= 0:
			behind = behind*10 + int64(d)
			decimals++
		case d >= 0:
			if whole = whole*10 + int64(d); whole > int64(MaxAmount)/amountUnit {
				return 0, errors.New("the number is too large")
			}
			digits++
			if group >= 0 {
				group++
			}
		case (r == '.' || r == '٫') && decimals < 0:
			decimals = 0
		case (r == ',' || r == '٬' || r == '،' || r == '\'' || r == '\u2019' || unicode.IsSpace(r)) && decimals < 0 && digits > 0 && (group == 3 || group < 0 && digits <= 3):
			group = 0
		default:
			return 0, errAmount
		}
	}
	if group >= 0 && group != 3 || digits == 0 && decimals <= 0 {
		return 0, errAmount
	}
	for ; decimals >= 0 && decimals < amountDigits; decimals++ {
		behind *= 10
	}
	a := Amount(whole*amountUnit + behind)
	if a > MaxAmount {
		return 0, errors.New("the number is too large")
	}
	if negative {
		a = -a
	}
	return a, nil
}

// DigitOf is the value of a Latin, Persian or Arabic digit; -1 of another character.
func DigitOf(r rune) int {
	if r = persian.Latin(r); r >= '0' && r <= '9' {
		return int(r - '0')
	}
	return -1
}

// String writes the number as JSON does: "12.5", "-3", "0".
func (a Amount) String() string {
	sign, n := "", uint64(a)
	if a < 0 {
		sign, n = "-", uint64(-a)
	}
	text := sign + strconv.FormatUint(n/amountUnit, 10)
	if rest := n % amountUnit; rest > 0 {
		text += "." + strings.TrimRight(strconv.FormatUint(amountUnit+rest, 10)[1:], "0")
	}
	return text
}

// Float is the number as near as a float64 comes.
func (a Amount) Float() float64 { return float64(a) / amountUnit }

func (a Amount) MarshalJSON() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalJSON takes a number or a text that ParseAmount takes; null and "" are 0.
func (a *Amount) UnmarshalJSON(b []byte) error {
	text := string(b)
	switch {
	case text == "null", text == `""`:
		*a = 0
		return nil
	case len(b) > 0 && b[0] == '"':
		if err := json.Unmarshal(b, &text); err != nil {
			return err
		}
	case bytes.ContainsAny(b, "eE"):
		// The way in which some programs write 1250: exact as far as a float64 is.
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || math.Abs(f) > float64(MaxAmount)/amountUnit {
			return unfit[Amount](errAmount)
		}
		text = strconv.FormatFloat(f, 'f', -1, 64)
	}
	v, err := ParseAmount(text)
	if err != nil {
		return unfit[Amount](err)
	}
	*a = v
	return nil
}

// unfit is an error that encoding/json completes with the name of the field; its Value is what is wrong.
func unfit[T any](err error) error {
	return &json.UnmarshalTypeError{Value: err.Error(), Type: reflect.TypeFor[T]()}
}
