package inbox

import (
	"strings"
	"sync"

	"tamas/inbox/record"
)

// wordOf is a column's name as it is compared: folded, without what parts its words.
func wordOf(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" _-.:/()[]*#'\"\u200c", r) {
			return -1
		}
		return r
	}, record.Fold(s))
}

// wordTable compares what a cell says with the ids and names of a closed list.
type wordTable map[string]string

func (t wordTable) add(id string, names ...string) {
	t[exact+id] = id
	for _, n := range append(names, id) {
		if w := wordOf(n); w != "" && t[w] == "" {
			t[w] = id
		}
	}
}

func (t wordTable) find(s string) (string, bool) {
	if id, ok := t[exact+s]; ok {
		return id, true
	}
	id, ok := t[wordOf(s)]
	return id, ok
}

// exact begins the entry of an id as it is, which goes before what it and others are called: an export writes ids.
const exact = "\x00"

func optionTable(list []record.Option) wordTable {
	t := wordTable{}
	for _, o := range list {
		if !o.Archived {
			t.add(o.ID, o.Name.EN, o.Name.FA)
		}
	}
	return t
}

// languageWords are languages as people call them.
var languageWords = sync.OnceValue(func() wordTable {
	t := wordTable{}
	for id, names := range map[string][]string{"fa": {"persian", "farsi", "فارسی"}, "en": {"english", "انگلیسی"}, "ar": {"arabic", "عربی"}, "tr": {"turkish", "ترکی"}, "de": {"german", "آلمانی"},
		"fr": {"french", "فرانسوی", "فرانسه"}, "ru": {"russian", "روسی"}, "ku": {"kurdish", "کردی"}, "az": {"azerbaijani", "آذری"}, "ur": {"urdu", "اردو"}, "ps": {"pashto", "پشتو"}, "es": {"spanish", "اسپانیایی"}} {
		t.add(id, names...)
	}
	return t
})

var countryWords = sync.OnceValue(func() wordTable {
	t := wordTable{}
	for id, names := range map[string][]string{"IR": {"iran", "ایران", "islamic republic of iran"}, "AF": {"afghanistan", "افغانستان"}, "IQ": {"iraq", "عراق"}, "TR": {"turkey", "türkiye", "ترکیه"},
		"AE": {"uae", "united arab emirates", "امارات"}, "DE": {"germany", "deutschland", "آلمان"}, "GB": {"uk", "united kingdom", "england", "انگلستان"}, "US": {"usa", "united states", "آمریکا"},
		"FR": {"france", "فرانسه"}, "CA": {"canada", "کانادا"}, "TJ": {"tajikistan", "تاجیکستان"}, "AZ": {"azerbaijan", "آذربایجان"}, "AM": {"armenia", "ارمنستان"}, "NL": {"netherlands", "هلند"}, "SE": {"sweden", "سوئد"}} {
		t.add(id, names...)
	}
	return t
})
