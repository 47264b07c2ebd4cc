package inbox

import (
	"path"
	"strings"
	"unicode"
)

const (
	maxFileName  = 200 // bytes
	maxExtension = 20  // bytes, with the dot
)

// cleanFileName keeps a name's last part without what file systems, browsers or people could be misled by: path parts, control
// characters, characters that turn the direction of text (which make "gpj.exe" look like "exe.jpg"), reserved characters and names,
// dots and spaces at the ends. A long name is cut before its extension. "" when nothing is left.
func cleanFileName(name string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = cleanLine(name, 4096)
	name = strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune(`<>:"|?*`, r):
			return '_'
		// U+200C, the zero-width non-joiner, is a letter's part in Persian; U+200E and U+200F only mark a place.
		case r == '\u200b', r >= '\u202a' && r <= '\u202e', r >= '\u2060' && r <= '\u206f', r == '\ufeff', unicode.Is(unicode.Co, r):
			return -1
		}
		return r
	}, name)
	ends := func(r rune) bool { return r == '.' || unicode.IsSpace(r) }
	name = strings.TrimFunc(name, ends)
	if stem, _, _ := strings.Cut(name, "."); reserved(strings.TrimSpace(stem)) {
		name = "_" + name
	}
	if len(name) > maxFileName {
		ext := path.Ext(name)
		if len(ext) > maxExtension {
			ext = ""
		}
		name = strings.TrimRightFunc(cut(name[:len(name)-len(ext)], maxFileName-len(ext)), ends) + ext
	}
	return name
}

// reserved tells what Windows takes for a device, whatever the extension.
func reserved(stem string) bool {
	stem = strings.ToUpper(stem)
	switch stem {
	case "CON", "PRN", "AUX", "NUL":
		return true
	}
	return len(stem) == 4 && (strings.HasPrefix(stem, "COM") || strings.HasPrefix(stem, "LPT")) && stem[3] >= '0' && stem[3] <= '9'
}
