package sms

import (
	"strings"
	"unicode/utf16"
)

// The GSM 03.38 default alphabet; the second takes two septets a character (escape and itself).
const (
	gsm7 = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsm7Extra = "\f^{}\\[~]|€"
)

// Count is how a text is sent as SMS.
type Count struct {
	Segments int    // that it takes; 0 for an empty text
	Encoding string // "GSM-7", or "UCS-2" as soon as one character needs it
	Units    int    // septets or UTF-16 units used
	Left     int    // units until another segment begins
}

// Segments counts a text. One segment holds 160 septets or 70 UTF-16 units, of several each 153 or 67. A character that
// takes two units is never cut in two: what would be split goes to the next segment whole.
func Segments(text string) Count {
	c := Count{Encoding: "GSM-7"}
	single, multi := 160, 153
	var sizes []int
	for _, r := range text {
		switch {
		case strings.ContainsRune(gsm7, r):
			sizes = append(sizes, 1)
		case strings.ContainsRune(gsm7Extra, r):
			sizes = append(sizes, 2)
		default:
			c.Encoding = "UCS-2"
		}
	}
	if c.Encoding == "UCS-2" {
		single, multi, sizes = 70, 67, sizes[:0]
		for _, r := range text {
			sizes = append(sizes, max(1, utf16.RuneLen(r)))
		}
	}
	for _, n := range sizes {
		c.Units += n
	}
	if c.Units <= single {
		c.Left = single - c.Units
		if c.Units > 0 {
			c.Segments = 1
		}
		return c
	}
	c.Segments = 1
	used := 0
	for _, n := range sizes {
		if used+n > multi {
			c.Segments++
			used = 0
		}
		used += n
	}
	c.Left = multi - used
	return c
}
