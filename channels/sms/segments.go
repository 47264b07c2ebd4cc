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
// takes two units is never cut in two: what would be split goes to the next segment whole. The composer counts the same
// way (agentui/web/src/lib/segments.ts); testdata/segments.json holds both to it.
func Segments(text string) Count {
	c := newCounter()
	for _, r := range text {
		c.add(r)
	}
	return c.count()
}

// counter counts a text that grows, in both alphabets at once.
type counter struct {
	gsm, ucs packing
	beyond   bool // a character is not in the GSM alphabet
}

func newCounter() counter {
	return counter{gsm: packing{one: 160, many: 153, segments: 1}, ucs: packing{one: 70, many: 67, segments: 1}}
}

func (c *counter) add(r rune) {
	c.ucs.add(max(1, utf16.RuneLen(r)))
	switch {
	case strings.ContainsRune(gsm7, r):
		c.gsm.add(1)
	case strings.ContainsRune(gsm7Extra, r):
		c.gsm.add(2)
	default:
		c.beyond = true
	}
}

func (c *counter) count() Count {
	p, encoding := c.gsm, "GSM-7"
	if c.beyond {
		p, encoding = c.ucs, "UCS-2"
	}
	out := Count{Encoding: encoding, Units: p.units}
	switch {
	case p.units == 0:
		out.Left = p.one
	case p.units <= p.one:
		out.Segments, out.Left = 1, p.one-p.units
	default:
		out.Segments, out.Left = p.segments, p.many-p.used
	}
	return out
}

// packing fills segments of many units each; a text of at most one units is one segment all the same.
type packing struct {
	one, many             int
	units, segments, used int
}

func (p *packing) add(n int) {
	p.units += n
	if p.used+n > p.many {
		p.segments++
		p.used = 0
	}
	p.used += n
}
