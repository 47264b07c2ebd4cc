package email

import (
	"encoding/binary"
	"strconv"
	"strings"
)

// lzfuStart is what the window of compressed RTF holds at first (MS-OXRTFCP).
const lzfuStart = "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArial" +
	"Times New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"

// unpackRTF undoes the compression of RTF in mail; at most maxText bytes.
func unpackRTF(b []byte) []byte {
	if len(b) < 16 {
		return nil
	}
	magic, data := binary.LittleEndian.Uint32(b[8:]), b[16:]
	if magic == 0x414c454d { // not compressed
		return data[:min(len(data), maxText)]
	}
	if magic != 0x75465a4c {
		return nil
	}
	var window [4096]byte
	at := copy(window[:], lzfuStart)
	var out []byte
	put := func(c byte) {
		out = append(out, c)
		window[at] = c
		at = (at + 1) % len(window)
	}
	for i := 0; i < len(data) && len(out) < maxText; {
		flags := data[i]
		i++
		for bit := 0; bit < 8 && i < len(data); bit++ {
			if flags&(1<<bit) == 0 {
				put(data[i])
				i++
				continue
			}
			if i+1 >= len(data) {
				return out
			}
			from, n := int(data[i])<<4|int(data[i+1])>>4, int(data[i+1]&15)+2
			i += 2
			if from == at {
				return out
			}
			for range n {
				put(window[from])
				from = (from + 1) % len(window)
			}
		}
	}
	return out
}

// rtfText is the text of compressed RTF, without what only forms it.
func rtfText(packed []byte) string {
	src := unpackRTF(packed)
	var out strings.Builder
	var high []byte // letters of the document's charset, decoded together
	charset := "windows-1252"
	flush := func() {
		out.WriteString(toUTF8(high, charset))
		high = high[:0]
	}
	type group struct{ hidden bool }
	stack := []group{{}}
	top := func() *group { return &stack[len(stack)-1] }
	htmlrtf, skip := false, 0 // skip: letters that stand for one before, for old readers
	say := func(s string) {
		if skip > 0 {
			skip--
			return
		}
		if !top().hidden && !htmlrtf {
			flush()
			out.WriteString(s)
		}
	}
	for i := 0; i < len(src) && out.Len() < maxText; {
		switch c := src[i]; c {
		case '{':
			if len(stack) < 1000 {
				stack = append(stack, *top())
			}
			i++
		case '}':
			if len(stack) > 1 {
				stack = stack[:len(stack)-1]
			}
			i++
		case '\r', '\n':
			i++
		case '\\':
			i++
			if i >= len(src) {
				break
			}
			if !(src[i] >= 'a' && src[i] <= 'z' || src[i] >= 'A' && src[i] <= 'Z') {
				switch src[i] {
				case '\'':
					if i+2 < len(src) && unhex(src[i+1]) >= 0 && unhex(src[i+2]) >= 0 {
						if skip > 0 {
							skip--
						} else if !top().hidden && !htmlrtf {
							high = append(high, byte(unhex(src[i+1])<<4|unhex(src[i+2])))
						}
						i += 2
					}
				case '*':
					top().hidden = true
				case '~':
					say(" ")
				case '\\', '{', '}':
					say(string(src[i]))
				}
				i++
				break
			}
			word, arg, n := rtfWord(src[i:])
			i += n
			switch word {
			case "par", "line", "row", "sect":
				skip = 0
				say("\n")
			case "tab", "cell":
				say("\t")
			case "u":
				v, _ := strconv.Atoi(arg)
				skip = 0
				say(string(rune(uint16(v))))
				skip = 1
			case "ansicpg":
				charset = "windows-" + arg
			case "htmlrtf":
				htmlrtf = arg != "0"
			case "fonttbl", "colortbl", "stylesheet", "info", "pict", "object", "listtable", "generator":
				top().hidden = true
			}
		default:
			say(string(rune(c)))
			i++
		}
	}
	flush()
	return strings.TrimSpace(clean(out.String()))
}

// rtfWord reads a control word, its number and the space behind it.
func rtfWord(b []byte) (word, arg string, n int) {
	letter := func(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
	for n < len(b) && n < 40 && letter(b[n]) {
		n++
	}
	word = string(b[:n])
	begin := n
	for n < len(b) && n < begin+10 && (b[n] >= '0' && b[n] <= '9' || n == begin && b[n] == '-') {
		n++
	}
	arg = string(b[begin:n])
	if n < len(b) && b[n] == ' ' {
		n++
	}
	return word, arg, n
}
