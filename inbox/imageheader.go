package inbox

import (
	"bufio"
	"encoding/binary"
	"io"
)

// photo is what a JPEG says before its picture begins.
type photo struct {
	orientation int  // of EXIF, 1 to 8; 1: upright
	progressive bool // its decoder may hold all coefficients: it does not say that it is sequential
}

// jpegHeader reads as far as the picture; what cannot be read is as if it were not there. It is stricter than the decoder, which
// passes over bytes between the segments: so nothing can stand there that only the decoder sees.
func jpegHeader(r *bufio.Reader) photo {
	p := photo{orientation: 1, progressive: true}
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
		case marker <= 0x01 || marker == 0xff || marker >= 0xd0 && marker <= 0xd9: // have no size
			return p
		case marker == 0xc0 || marker == 0xc1:
			p.progressive = false
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
