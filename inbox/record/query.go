package record

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"tamas/persian"
)

// Query is what somebody searches for, as text: words, "phrases", and filters such as channel:telegram or از:علی.
type Query struct {
	Text    string        // the words, without the filters
	Filters []QueryFilter // in the order of the text

	words   []clause
	phrases []string // folded, without spaces
	pairs   []clause // what phrases are found by beside their words
	typing  bool     // the last word may not be complete
}

// QueryFilter is one filter of a query. One with an Error counts for nothing.
type QueryFilter struct {
	Key   string `json:"key"`   // from, channel, tag, before, after, kind, queue, status, in
	Value string `json:"value"` // as it is understood: an id, a date as 2026-11-22; else as it was written
	Raw   string `json:"raw"`   // as it was written
	Error string `json:"error"` // FilterEmpty, …; "": none

	marks [][]string // of touches: any of these, all of one
	at    Millis
}

// What is wrong with a filter.
const (
	FilterEmpty   = "empty"   // nothing behind the colon yet
	FilterDate    = "date"    // no date
	FilterUnknown = "unknown" // nothing of that name
)

// clause is one word or what stands for one: any of these, of which all words must be there. A word with * at its end is the beginning of one.
type clause struct {
	any    [][]string
	quoted bool      // of a phrase, which is marked as a whole
	ends   [2]string // the first and the last piece, as it was written
}

// maxClauses bounds a query; further words are ignored.
const maxClauses = 8

var filterKeys = map[string][]string{
	"from":    {"from", "by", "از", "فرستنده"},
	"channel": {"channel", "کانال"},
	"tag":     {"tag", "برچسب"},
	"before":  {"before", "until", "پیشاز", "پیش", "قبل", "قبلاز", "تا"},
	"after":   {"after", "since", "پساز", "پس", "بعد", "بعداز"},
	"kind":    {"kind", "نوع"},
	"queue":   {"queue", "صف"},
	"status":  {"status", "وضعیت"},
	"in":      {"in", "در"},
}

var filterNames = func() map[string]string {
	m := map[string]string{}
	for key, names := range filterKeys {
		for _, n := range names {
			m[plainWord(n)] = key
		}
	}
	return m
}()

// plainWord is a text folded, with nothing but letters and digits.
func plainWord(s string) string {
	var b strings.Builder
	for _, t := range tokens(s) {
		b.WriteString(t.text)
	}
	return b.String()
}

// ParseQuery understands a text. Dates are days of the zone; now tells what "today" is. Filters whose values are names are looked up by Search.
func ParseQuery(text string, zone *time.Location, now time.Time) Query {
	if zone == nil {
		zone = time.UTC
	}
	if len(text) > 512 {
		text = strings.ToValidUTF8(text[:512], "")
	}
	var q Query
	var plain []string
	last := false // the last words are no phrase
	add := func(words []clause) { q.words = append(q.words, words...) }
	flush := func() {
		if len(plain) > 0 {
			add(clausesOf(strings.Join(plain, " ")))
			plain = nil
		}
	}
	items := queryItems(text)
	var shown []string
	for i := 0; i < len(items); i++ {
		it := items[i]
		if it.key != "" {
			if it.value == "" && !it.quoted && i+1 < len(items) && items[i+1].key == "" { // from: ali
				i++
				it.raw, it.value = it.raw+" "+items[i].raw, items[i].value
			}
			q.Filters = append(q.Filters, readFilter(it, zone, now))
			continue
		}
		shown = append(shown, it.raw)
		if last = !it.quoted; it.quoted {
			flush()
			words := tokens(it.value)
			if p := oneWordOf(words); p != "" {
				q.phrases = append(q.phrases, p)
				quoted := clausesOf(it.value)
				for i := range quoted {
					quoted[i].quoted = true
				}
				q.pairs = append(q.pairs, pairsOf(quoted)...)
				add(quoted)
			}
			continue
		}
		plain = append(plain, it.raw)
	}
	flush()
	q.typing = last
	q.Text = strings.Join(shown, " ")
	q.words, q.pairs = q.words[:min(len(q.words), maxClauses)], q.pairs[:min(len(q.pairs), maxClauses)]
	q.Filters = q.Filters[:min(len(q.Filters), 20)]
	return q
}

func oneWordOf(list []token) string {
	var b strings.Builder
	for _, t := range list {
		b.WriteString(t.text)
	}
	return b.String()
}

// queryItem is a word of a query, a phrase, or a filter.
type queryItem struct {
	raw, key, value string
	quoted          bool
}

var closing = map[rune]rune{'"': '"', '“': '”', '„': '“', '«': '»'}

func queryItems(text string) []queryItem {
	var list []queryItem
	for {
		text = strings.TrimLeftFunc(text, unicode.IsSpace)
		if text == "" {
			return list
		}
		var it queryItem
		rest := text
		word := text
		if i := strings.IndexFunc(word, unicode.IsSpace); i >= 0 {
			word = word[:i]
		}
		if i := strings.IndexFunc(word, func(r rune) bool { return r == ':' || r == '：' }); i > 0 && i < 40 {
			if key := filterNames[plainWord(word[:i])]; key != "" {
				it.key = key
				_, n := utf8.DecodeRuneInString(word[i:])
				rest = text[i+n:]
			}
		}
		first, n := utf8.DecodeRuneInString(rest)
		if end, ok := closing[first]; ok {
			it.quoted = true
			rest = rest[n:]
			if i := strings.IndexRune(rest, end); i >= 0 {
				it.value, rest = rest[:i], rest[i+utf8.RuneLen(end):]
			} else { // not closed yet
				it.value, rest = rest, ""
			}
		} else {
			i := strings.IndexFunc(rest, unicode.IsSpace)
			if i < 0 {
				i = len(rest)
			}
			it.value, rest = rest[:i], rest[i:]
		}
		it.raw, text = text[:len(text)-len(rest)], rest
		list = append(list, it)
	}
}

// clausesOf are what a text of a query must be found by.
func clausesOf(s string) []clause {
	var out []clause
	list := tokens(s)
	for i := 0; i < len(list); {
		rest := list[i:]
		if n, digits := telephone(s, rest); n > 0 {
			c := clause{any: [][]string{{digits}}}
			if line := lineOf(digits); line != "" {
				c.any = append(c.any, []string{line})
			}
			if d, ok := strings.CutPrefix(digits, "00"); ok {
				c.any = append(c.any, []string{d})
			}
			if n > 1 {
				c.any = append(c.any, texts(rest[:n]))
			}
			c.ends = [2]string{rest[0].text, rest[n-1].text}
			out = append(out, c)
			i += n
			continue
		}
		n := compound(rest)
		if n > 1 {
			c := clause{any: [][]string{{oneWord(rest, n)}}}
			// What is joined by verb prefixes and plurals is always one word; other ends and compounds may be written as several.
			if slices.ContainsFunc(rest[1:n], func(t token) bool { return !slices.Contains(pluralEnds, t.text) }) && !slices.Contains(verbPrefixes, rest[0].text) {
				c.any = append(c.any, texts(rest[:n]))
			}
			c.ends = [2]string{rest[0].text, rest[n-1].text}
			out = append(out, c)
			i += n
			continue
		}
		// Up to three words of Arabic script may be one that the text writes with non-joiners, or together.
		n = 1
		for n < 3 && i+n < len(list) && list[i+n].near && compound(list[i+n:]) == 1 && isArabic(list[i+n].text) && isArabic(rest[0].text) {
			n++
		}
		c := clause{ends: [2]string{rest[0].text, rest[n-1].text}}
		switch w := texts(rest[:n]); n {
		case 1:
			c.any = [][]string{w}
		case 2:
			c.any = [][]string{w, {w[0] + w[1]}}
		case 3:
			c.any = [][]string{w, {w[0] + w[1], w[2]}, {w[0], w[1] + w[2]}, {w[0] + w[1] + w[2]}}
		}
		out = append(out, c)
		i += n
	}
	return out
}

func texts(list []token) []string {
	out := make([]string, len(list))
	for i := range list {
		out[i] = list[i].text
	}
	return out
}

func isArabic(w string) bool {
	r, _ := utf8.DecodeRuneInString(w)
	return unicode.Is(unicode.Arabic, r)
}

// beginning makes the last word of each way the beginning of one.
func (c clause) beginning() clause {
	out := clause{quoted: c.quoted}
	for _, way := range c.any {
		way = slices.Clone(way)
		if last := &way[len(way)-1]; !strings.HasPrefix(*last, mark) {
			*last += "*"
		}
		out.any = append(out.any, way)
	}
	return out
}

// The values of filters that people may write in either language.
var (
	channelNames = named(map[string]string{"telegram": "telegram تلگرام", "email": "email mail ایمیل رایانامه", "sms": "sms text پیامک اس‌ام‌اس", "webchat": "webchat web chat وب چت گفتگوی‌وب",
		"api": "api", "phone": "phone call تلفن"})
	kindNames = named(map[string]string{KindMessage: "message پیام", KindNote: "note یادداشت", KindEdit: "edit ویرایش", KindDeletion: "deletion حذف", KindRating: "rating امتیاز نظر", KindCall: "call تماس تلفن",
		KindShopVisit: "shop_visit shopvisit shop حضوری مراجعه", KindPurchase: "purchase خرید", KindReturn: "return مرجوعی بازگشت", KindSelfService: "self_service selfservice سلف‌سرویس", KindProgramme: "programme program برنامه",
		KindDelivery: "delivery تحویل ارسال", KindEvent: "event رویداد", KindWhisper: "whisper نجوا", KindDraft: "draft پیش‌نویس", KindReview: "review بازبینی", KindVerdict: "verdict",
		KindFlag: "flag پرچم", KindAnswer: "answer پاسخ"})
	statusNames = named(map[string]string{string(Waiting): "waiting منتظر در‌انتظار", string(Offered): "offered پیشنهاد پیشنهادشده", string(Active): "active فعال جاری", string(Snoozed): "snoozed خفته معوق",
		string(Resolved): "resolved closed حل‌شده بسته", "open": "open باز"})
	sectionNames = named(map[string]string{"customers": "customers customer مشتری مشتریان", "organisations": "organisations organisation organizations organization سازمان سازمان‌ها شرکت",
		"conversations": "conversations conversation گفتگو گفتگوها", "messages": "messages message پیام پیام‌ها", "touches": "touches touch تماس تماس‌ها", "settings": "settings setting تنظیمات"})
)

// named turns words for ids into ids of plain words.
func named(names map[string]string) map[string]string {
	m := map[string]string{}
	for id, list := range names {
		m[plainWord(id)] = id
		for _, n := range strings.Fields(list) {
			m[plainWord(n)] = id
		}
	}
	return m
}

// readFilter understands the values that need no look into the record.
func readFilter(it queryItem, zone *time.Location, now time.Time) QueryFilter {
	f := QueryFilter{Key: it.key, Value: strings.TrimSpace(it.value), Raw: it.raw}
	if f.Value == "" {
		f.Error = FilterEmpty
		return f
	}
	choose := func(names map[string]string) {
		if id := names[plainWord(f.Value)]; id != "" {
			f.Value = id
		} else {
			f.Error = FilterUnknown
		}
	}
	switch f.Key {
	case "before", "after":
		day, ok := readDay(f.Value, zone, now)
		if !ok {
			f.Error = FilterDate
			break
		}
		f.at, f.Value = At(day), day.Format("2006-01-02")
	case "kind":
		if own := strings.ToLower(f.Value); strings.HasPrefix(own, "x_") {
			f.Value = own
		} else {
			choose(kindNames)
		}
		f.marks = [][]string{{markOf("kind", f.Value)}}
	case "channel":
		if id := channelNames[plainWord(f.Value)]; id != "" {
			f.Value = id
		}
		f.marks = [][]string{{markOf("channel", f.Value)}}
	case "tag":
		f.marks = [][]string{{markOf("tag", f.Value)}}
	case "status":
		choose(statusNames)
	case "in":
		choose(sectionNames)
	}
	return f
}

// readDay reads a day: 2026-11-22, 1405/9/1 and such in any digits, also without its day; today; 7d for so many days ago.
func readDay(s string, zone *time.Location, now time.Time) (time.Time, bool) {
	now = now.In(zone)
	today := func(days int) (time.Time, bool) {
		return time.Date(now.Year(), now.Month(), now.Day()-days, 0, 0, 0, 0, zone), true
	}
	switch w := plainWord(s); w {
	case "today", "امروز":
		return today(0)
	case "yesterday", "دیروز":
		return today(1)
	default:
		for _, unit := range []string{"d", "days", "روز"} {
			if digits, ok := strings.CutSuffix(w, unit); ok {
				if n, err := strconv.Atoi(digits); err == nil && n >= 0 && n < 40_000 {
					return today(n)
				}
			}
		}
	}
	parts := strings.FieldsFunc(Fold(s), func(r rune) bool { return r == '-' || r == '/' || r == '.' || r == '٫' || r == '،' })
	if len(parts) < 2 || len(parts) > 3 {
		return time.Time{}, false
	}
	n := []int{0, 0, 1}
	for i, p := range parts {
		v, err := strconv.Atoi(strings.TrimSpace(p))
		if err != nil {
			return time.Time{}, false
		}
		n[i] = v
	}
	if n[0] < 32 && n[2] > 1000 { // the day first
		n[0], n[2] = n[2], n[0]
	}
	y, m, d := n[0], n[1], n[2]
	if m < 1 || m > 12 || d < 1 || d > 31 {
		return time.Time{}, false
	}
	switch {
	case y >= 1200 && y < 1700:
		return jalaliDay(y, m, d, zone)
	case y >= 1900 && y < 3000:
		day := time.Date(y, time.Month(m), d, 0, 0, 0, 0, zone)
		return day, day.Day() == d
	}
	return time.Time{}, false
}

// jalaliDay is the beginning of a day of the Iranian calendar; ok is false when there is no such day.
func jalaliDay(year, month, day int, zone *time.Location) (t time.Time, ok bool) {
	y, m, d, ok := persian.ToGregorian(year, month, day)
	return time.Date(y, m, d, 0, 0, 0, 0, zone), ok
}
