package inbox

import (
	"bufio"
	"encoding/binary"
	"io"
)

// photo is what a JPEG says before its picture begins.
type photo struct {
	orientation int  // of EXIF, 1 to 8; 1: upright
	progressive bool // its decoder holds all coefficients
}

// jpegHeader reads as far as the picture; what cannot be read is as if it were not there.
func jpegHeader(r *bufio.Reader) photo {
	p := photo{orientation: 1}
	var b [4]byte
	if _, err := io.ReadFull(r, b[:2]); err != nil || b[0] != 0xff || b[1] != 0xd8 {
		return p
	}
	for {
		if _, err := io.ReadFull(r, b[:]); err != nil || b[0] != 0xff {
			return p
		}
		size := int(binary.BigEndian.Uint16(b[2:])) - 2
		switch marker := b[1]; {
		case size < 0 || marker == 0xda: // the picture
			return p
		case marker == 0xc2:
			p.progressive = true
		case marker == 0xe1 && p.orientation == 1:
			segment := make([]byte, size)
			if _, err := io.ReadFull(r, segment); err != nil {
				return p
			}
			p.orientation = exifOrientation(segment)
			continue
		}
		if _, err := r.Discard(size); err != nil {
			return p
		}
	}
}

// exifOrientation reads tag 0x0112 of a segment's first directory; 1 when there is none. (CIPA DC-008, 4.5 and 4.6)
func exifOrientation(segment []byte) int {
	const name = "Exif\x00\x00"
	if len(segment) < len(name)+8 || string(segment[:len(name)]) != name {
		return 1
	}
	tiff := segment[len(name):]
	var order binary.ByteOrder = binary.BigEndian
	if tiff[0] == 'I' {
		order = binary.LittleEndian
	}
	at := int64(order.Uint32(tiff[4:]))
	if at+2 > int64(len(tiff)) {
		return 1
	}
	entries := int(order.Uint16(tiff[at:]))
	tiff = tiff[at+2:]
	for ; entries > 0 && len(tiff) >= 12; entries, tiff = entries-1, tiff[12:] {
		if order.Uint16(tiff) == 0x0112 {
			if o := int(order.Uint16(tiff[8:])); o >= 1 && o <= 8 {
				return o
			}
			return 1
		}
	}
	return 1
}
