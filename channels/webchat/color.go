package webchat

import (
	"fmt"
	"math"
	"strconv"
)

// palette is what a firm's colour becomes so that everything stays readable: a contrast of at least 4.5 to 1 (WCAG AA).
type palette struct {
	Accent  string `json:"accent"`
	On      string `json:"on"`       // text on the accent
	Ink     string `json:"ink"`      // the accent as text on light ground
	InkDark string `json:"ink_dark"` // the accent as text on dark ground
}

type rgb [3]float64 // 0 to 1

// The grounds that inks stand on; see widget/src/style.css.
var lightGround, darkGround = parseColor("#f0f2f5"), parseColor("#252931")

func newPalette(color string) palette {
	c := parseColor(color)
	p := palette{Accent: c.String(), On: "#fff"}
	if contrast(c, rgb{1, 1, 1}) < 4.5 {
		p.On = "#000" // then black has more than 4.6
	}
	p.Ink = c.toward(rgb{}, lightGround).String()
	p.InkDark = c.toward(rgb{1, 1, 1}, darkGround).String()
	return p
}

// toward mixes c with end, as little as it takes to be readable on ground.
func (c rgb) toward(end, ground rgb) rgb {
	for share := 0.0; share < 1; share += 0.04 {
		var mixed rgb
		for i := range c {
			mixed[i] = math.Round((c[i]*(1-share)+end[i]*share)*255) / 255
		}
		if contrast(mixed, ground) >= 4.5 {
			return mixed
		}
	}
	return end
}

// parseColor reads #rgb or #rrggbb.
func parseColor(s string) (c rgb) {
	if len(s) == 4 {
		s = string([]byte{'#', s[1], s[1], s[2], s[2], s[3], s[3]})
	}
	for i := range c {
		v, _ := strconv.ParseUint(s[1+2*i:3+2*i], 16, 8) // colorForm has checked
		c[i] = float64(v) / 255
	}
	return c
}

func (c rgb) String() string {
	return fmt.Sprintf("#%02x%02x%02x", int(math.Round(c[0]*255)), int(math.Round(c[1]*255)), int(math.Round(c[2]*255)))
}

// contrast is WCAG's, from 1 to 21.
func contrast(a, b rgb) float64 {
	x, y := a.luminance(), b.luminance()
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func (c rgb) luminance() float64 {
	lin := func(v float64) float64 {
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*lin(c[0]) + 0.7152*lin(c[1]) + 0.0722*lin(c[2])
}
