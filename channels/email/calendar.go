package email

import (
	"bytes"
	"fmt"
	"html"
	"strings"
	"time"
	"unicode"

	ics "github.com/arran4/golang-ical"
)

// meeting is what an invitation tells (RFC 5545, RFC 5546).
type meeting struct {
	method    string // "REQUEST", "CANCEL", "REPLY", …
	uid       string
	summary   string
	begin     string // as written there, with its zone
	end       string
	repeats   bool
	where     string
	organizer string
	people    []guest
}

type guest struct{ who, answer string }

const (
	maxGuests   = 30 // that are named
	maxMeetings = 5  // of one calendar
)

// calendar is an invitation: a file, and its words for people.
func (w *walker) calendar(p part) content {
	f := p.file()
	if p.name == "" {
		f.name = nameOf("text/calendar")
	}
	f.typ = "text/calendar"
	data := p.read(maxWhole)
	f.twin = digest(bytes.NewReader(data))
	return content{files: []*attachment{f}, meetings: meetings(toUTF8(data, p.params["charset"]), p.params["method"])}
}

// onceEach leaves out an invitation without a name when the mail has the same as a file too, as mailers send it.
func onceEach(files []*attachment) (out []*attachment) {
	last := map[string]int{}
	for i, f := range files {
		if f.twin != "" {
			last[f.twin] = i
		}
	}
	for i, f := range files {
		if f.twin == "" || last[f.twin] == i {
			out = append(out, f)
		}
	}
	return out
}

// meetings reads the events of a calendar line by line, so that what is wrong in it costs one line.
func meetings(src, method string) (out []meeting) {
	defer func() { recover() }() // the library's bugs cost the words, not the mail
	lines := ics.NewCalendarStream(bytes.NewReader([]byte(clean(src))))
	var m *meeting
	var inside []string
	for n := 0; n < 20000; n++ {
		line, err := lines.ReadLine()
		if line == nil {
			break
		}
		if p, bad := ics.ParseProperty(*line); bad == nil && p != nil {
			value := oneLine(ics.FromText(p.Value), 500)
			token := strings.ToUpper(p.IANAToken)
			switch {
			case token == "BEGIN":
				inside = append(inside, strings.ToUpper(value))
				if value := inside[len(inside)-1]; (value == "VEVENT" || value == "VTODO") && m == nil {
					if len(out) == maxMeetings {
						return out
					}
					out = append(out, meeting{})
					m = &out[len(out)-1]
				}
			case token == "END":
				if len(inside) > 0 {
					if last := inside[len(inside)-1]; last == "VEVENT" || last == "VTODO" {
						m = nil
					}
					inside = inside[:len(inside)-1]
				}
			case token == "METHOD":
				method = value
			case m != nil && len(inside) > 0 && (inside[len(inside)-1] == "VEVENT" || inside[len(inside)-1] == "VTODO"):
				m.property(token, value, p)
			}
		}
		if err != nil {
			break
		}
	}
	for i := range out {
		out[i].method = strings.ToUpper(method)
	}
	return out
}

func (m *meeting) property(token, value string, p *ics.BaseProperty) {
	param := func(name string) string {
		if l := p.ICalParameters[name]; len(l) > 0 {
			return strings.Trim(l[0], `"`)
		}
		return ""
	}
	switch token {
	case "UID":
		m.uid = value
	case "SUMMARY":
		m.summary = value
	case "LOCATION":
		m.where = value
	case "DTSTART":
		m.begin = moment(value, param("TZID"))
	case "DTEND", "DUE":
		m.end = moment(value, param("TZID"))
	case "RRULE", "RDATE":
		m.repeats = true
	case "STATUS":
		if strings.EqualFold(value, "CANCELLED") {
			m.method = "CANCEL"
		}
	case "ORGANIZER":
		m.organizer = person(param("CN"), value)
	case "ATTENDEE":
		if who := person(param("CN"), value); who != "" {
			m.people = append(m.people, guest{who, strings.ToUpper(param("PARTSTAT"))})
		}
	}
}

func person(name, value string) string {
	if len(value) > 7 && strings.EqualFold(value[:7], "mailto:") {
		value = value[7:]
	}
	addr, ok := normal(value)
	name = oneLine(name, 100)
	switch {
	case !ok:
		return orDefault(name, value)
	case name == "" || strings.EqualFold(name, addr):
		return addr
	}
	return name + " <" + addr + ">"
}

// moment writes a date or a time as it stands there: the reader's own zone is not known here.
func moment(value, zone string) string {
	if t, err := time.Parse("20060102", value); err == nil {
		return t.Format("2006-01-02")
	}
	if t, err := time.Parse("20060102T150405Z", value); err == nil {
		return t.Format("2006-01-02 15:04") + " (UTC)"
	}
	if t, err := time.Parse("20060102T150405", value); err == nil {
		if zone = oneLine(zone, 60); zone != "" {
			return t.Format("2006-01-02 15:04") + " (" + zone + ")"
		}
		return t.Format("2006-01-02 15:04")
	}
	return oneLine(value, 60)
}

// words are an invitation's in a language of its readers.
type words struct{ invitation, update, cancelled, accepted, declined, tentative, counter, when, where, organizer, guests, repeats, more string }

var (
	meetingEN = words{"Invitation", "Meeting", "Cancelled", "Accepted", "Declined", "Tentatively accepted", "New time proposed", "When", "Where", "Organizer",
		"Guests", "repeats", "and %d more"}
	meetingFA = words{"دعوت", "جلسه", "لغو شد", "پذیرفته شد", "رد شد", "شاید می‌آید", "زمان دیگری پیشنهاد شد", "زمان", "مکان", "برگزارکننده",
		"مهمانان", "تکرار می‌شود", "و %d نفر دیگر"}
)

// lines are the meeting in words.
func (m meeting) lines(w words) []string {
	title := w.update
	switch m.method {
	case "REQUEST", "ADD":
		title = w.invitation
	case "CANCEL":
		title = w.cancelled
	case "COUNTER":
		title = w.counter
	case "REPLY":
		if len(m.people) > 0 {
			switch m.people[0].answer {
			case "ACCEPTED":
				title = w.accepted
			case "DECLINED":
				title = w.declined
			case "TENTATIVE":
				title = w.tentative
			}
		}
	}
	out := []string{"📅 " + title + ": " + orDefault(m.summary, "—")}
	if m.begin != "" {
		when := m.begin
		if m.end != "" && m.end != m.begin {
			when += " – " + m.end
			// One zone is enough.
			if i := strings.LastIndex(m.begin, " ("); i > 0 && strings.HasSuffix(m.end, m.begin[i:]) {
				when = m.begin[:i] + " – " + m.end
			}
		}
		if m.repeats {
			when += " (" + w.repeats + ")"
		}
		out = append(out, w.when+": "+when)
	}
	if m.where != "" {
		out = append(out, w.where+": "+m.where)
	}
	if m.organizer != "" {
		out = append(out, w.organizer+": "+m.organizer)
	}
	if len(m.people) > 0 {
		var names []string
		for i, g := range m.people {
			if i == maxGuests {
				names = append(names, fmt.Sprintf(w.more, len(m.people)-i))
				break
			}
			names = append(names, g.who)
		}
		out = append(out, w.guests+": "+strings.Join(names, ", "))
	}
	return out
}

// withMeetings writes the meetings above a mail's words, each once.
func withMeetings(text, src string, list []meeting) (string, string) {
	seen := map[string]bool{}
	var blocks []string
	for _, m := range list {
		w := meetingEN
		if inArabic(m.summary + text) {
			w = meetingFA
		}
		block := strings.Join(m.lines(w), "\n")
		if seen[block] || len(blocks) == maxMeetings {
			continue
		}
		seen[block] = true
		blocks = append(blocks, block)
	}
	if len(blocks) == 0 {
		return text, src
	}
	above := strings.Join(blocks, "\n\n")
	if src != "" {
		src = "<div>" + strings.ReplaceAll(html.EscapeString(above), "\n", "<br>") + "</div><hr>" + src
	}
	return strings.TrimSpace(above + "\n\n" + text), src
}

// inArabic says that a text is written in Arabic letters, most of it.
func inArabic(s string) bool {
	arabic, other := 0, 0
	for _, r := range s {
		switch {
		case unicode.Is(unicode.Arabic, r):
			arabic++
		case unicode.IsLetter(r):
			other++
		}
	}
	return arabic > other
}
