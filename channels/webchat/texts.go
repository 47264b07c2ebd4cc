package webchat

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// What the widget says, by language and name. {0} stands for a name or a number. It travels with the account's settings, so
// that a firm can have its own words and the bundle carries neither language.
//
//go:embed strings.json
var stringsFile []byte

// ownTexts decodes a fresh copy of strings.json.
func ownTexts() map[string]map[string]string {
	var all map[string]map[string]string
	if err := json.Unmarshal(stringsFile, &all); err != nil {
		panic(err) // a test reads it
	}
	return all
}

// readTexts puts a firm's lines, "en.closed: We sleep until {0}", in place of ours.
func readTexts(overrides lines) (map[string]map[string]string, error) {
	all := ownTexts()
	if len(overrides) > maxOverrides {
		return nil, fmt.Errorf("at most %d lines", maxOverrides)
	}
	for _, line := range overrides {
		path, text, ok := strings.Cut(line, ":")
		lang, name, _ := strings.Cut(strings.TrimSpace(path), ".")
		if !ok || all[lang] == nil {
			return nil, fmt.Errorf("%q: write language.name: text, with the language en or fa", line)
		}
		if _, known := all[lang][name]; !known {
			return nil, fmt.Errorf("%q is no text; there are %s", name, strings.Join(slices.Sorted(maps.Keys(all[lang])), ", "))
		}
		if text = strings.TrimSpace(text); utf8.RuneCountInString(text) > maxWelcome {
			return nil, fmt.Errorf("%q has more than %d characters", name, maxWelcome)
		}
		all[lang][name] = text
	}
	return all, nil
}

// chooseLanguage takes the script tag's wish, then the account's setting, then what the page and the browser are in. Whatever is
// not Persian is answered in English. locale is for dates and numbers: English ones as the visitor's browser has them.
func chooseLanguage(setting string, wishes []string) (lang, locale string) {
	wishes = append(wishes, "", "", "")[:3]
	for _, w := range []string{wishes[0], setting, wishes[1], wishes[2]} {
		if w = strings.ToLower(strings.TrimSpace(w)); w != "" && w != "auto" {
			if w == "fa" || strings.HasPrefix(w, "fa-") {
				return "fa", "fa-IR-u-ca-persian"
			}
			break
		}
	}
	switch wishes[2] {
	case "en-GB", "en-AU", "en-CA", "en-IN", "en-IE", "en-NZ", "en-ZA":
		return "en", wishes[2]
	}
	return "en", "en"
}
