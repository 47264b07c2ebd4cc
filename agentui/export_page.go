package agentui

import (
	"cmp"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"tamas/channels"
	"tamas/inbox"
	"tamas/inbox/record"
	"tamas/persian"
)

// The page of a person's export is for that person: in their language, without ids and words of programs.

var personWords = map[string]map[string]string{
	"en": {"title": "What is held about %s", "made": "Made on", "person": "You", "addresses": "Addresses", "profile": "Profile", "consents": "What you have agreed to or refused", "stages": "Stages",
		"organisations": "Organisations", "relations": "People you are linked with", "touches": "Everything that happened", "us": "we", "you": "you", "none": "Nothing.", "machine": "The same for other programs is in",
		"name": "Name", "tier": "Tier", "tags": "Tags", "languages": "Languages", "time_zone": "Time zone", "place": "Place", "stage": "Stage", "since": "known since",
		"given": "agreed", "refused": "refused", "start": "agreed", "stop": "refused", "every": "everything", "masked": "hidden: %s", "card": "card number", "national_id": "national id", "password": "password",
		"unreachable": "not reachable", "blocked": "blocked", "missing": "missing", "order": "Order", "amount": "Amount", "items": "Items", "outcome": "Outcome", "seconds": "Seconds", "programme": "Programme", "step": "Step",
		"message": "message", "note": "note of a colleague", "edit": "changed message", "deletion": "message taken back", "rating": "rating", "visit": "page of our site",
		"webchat": "chat", "email": "email", "sms": "text message", "telegram": "Telegram", "phone": "phone", "shop": "shop", "web": "our site", "external": "number in another system", "app": "app", "api": "another system", "other": "other", "comma": ", ", "at": ", ",
		"outcome.answered": "answered", "outcome.missed": "missed", "outcome.voicemail": "voicemail", "outcome.no_answer": "no answer", "outcome.busy": "busy",
		"step.sent": "sent", "step.opened": "opened", "step.clicked": "clicked", "step.bounced": "bounced", "step.unsubscribed": "unsubscribed", "step.converted": "converted",
		"step.shipped": "shipped", "step.delivered": "delivered", "step.failed": "failed", "step.returned": "returned"},
	"fa": {"title": "آنچه دربارهٔ %s نگه داشته‌ایم", "made": "ساخته‌شده در", "person": "شما", "addresses": "نشانی‌ها", "profile": "مشخصات", "consents": "آنچه پذیرفته‌اید یا نپذیرفته‌اید", "stages": "مرحله‌ها",
		"organisations": "سازمان‌ها", "relations": "کسانی که با شما نسبت دارند", "touches": "هر چه رخ داده است", "us": "ما", "you": "شما", "none": "هیچ.", "machine": "همین‌ها برای برنامه‌های دیگر در",
		"name": "نام", "tier": "رده", "tags": "برچسب‌ها", "languages": "زبان‌ها", "time_zone": "منطقهٔ زمانی", "place": "جا", "stage": "مرحله", "since": "آشنا از",
		"given": "پذیرفته‌اید", "refused": "نپذیرفته‌اید", "start": "پذیرفته‌اید", "stop": "نپذیرفته‌اید", "every": "همه چیز", "masked": "پوشیده: %s", "card": "شمارهٔ کارت", "national_id": "کد ملی", "password": "رمز",
		"unreachable": "در دسترس نیست", "blocked": "بسته‌شده", "missing": "نیست", "order": "سفارش", "amount": "مبلغ", "items": "کالاها", "outcome": "نتیجه", "seconds": "ثانیه", "programme": "برنامه", "step": "گام",
		"message": "پیام", "note": "یادداشت همکار", "edit": "پیام ویرایش‌شده", "deletion": "پیام پس‌گرفته", "rating": "امتیاز", "visit": "صفحه‌ای از سایت ما",
		"webchat": "گفت‌وگوی سایت", "email": "ایمیل", "sms": "پیامک", "telegram": "تلگرام", "phone": "تلفن", "shop": "فروشگاه", "web": "سایت ما", "external": "شماره در سامانه‌ای دیگر", "app": "اپ", "api": "سامانه‌ای دیگر", "other": "راه دیگر", "comma": "، ", "at": "، ساعت ",
		"outcome.answered": "پاسخ داده شد", "outcome.missed": "بی‌پاسخ", "outcome.voicemail": "پیام صوتی", "outcome.no_answer": "پاسخ نداد", "outcome.busy": "اشغال",
		"step.sent": "فرستاده شد", "step.opened": "باز شد", "step.clicked": "کلیک شد", "step.bounced": "برگشت خورد", "step.unsubscribed": "لغو اشتراک", "step.converted": "به نتیجه رسید",
		"step.shipped": "فرستاده شد", "step.delivered": "رسید", "step.failed": "نرسید", "step.returned": "برگشت"},
}

type personView struct {
	Lang, Dir, Title, At string
	Words                map[string]string
	Sections             []personSection
	Rows                 []personRow
}

// personSection is a heading with lines: a name, which may be empty, and a text.
type personSection struct {
	Title string
	Lines [][2]string
}

type personRow struct {
	At, Who, What, Subject, Text, More string
	Files                              []personFile
	Masked                             string
}

type personFile struct{ Path, Name string }

// personPrinter writes a person's record in one language.
type personPrinter struct {
	lang  string
	words map[string]string
	zone  *time.Location
	set   *inbox.Settings
}

// personLanguage is the language of a person's export: the one that is asked for, else the first of the person's that there are words in, else the firm's.
func personLanguage(asked string, languages []string, firm string) string {
	list := []string{asked}
	for _, tag := range languages {
		base, _, _ := strings.Cut(strings.ToLower(tag), "-")
		list = append(list, base)
	}
	for _, lang := range append(list, firm) {
		if personWords[lang] != nil {
			return lang
		}
	}
	return "en"
}

func newPersonPrinter(lang, zone string, set *inbox.Settings) *personPrinter {
	p := &personPrinter{lang: lang, words: personWords[lang], set: set}
	var err error
	if p.zone, err = time.LoadLocation(zone); err != nil {
		p.zone = time.UTC
	}
	return p
}

func (p *personPrinter) word(id string) string { return cmp.Or(p.words[id], id) }

func (p *personPrinter) say(t channels.Text) string {
	if p.lang == "fa" {
		return cmp.Or(t.FA, t.EN)
	}
	return cmp.Or(t.EN, t.FA)
}

// option is the name of one of a list by its id.
func (p *personPrinter) option(list []record.Option, id string) string {
	for _, o := range list {
		if o.ID == id {
			return p.say(o.Name)
		}
	}
	return id
}

func (p *personPrinter) time(m record.Millis) string {
	if m == 0 {
		return ""
	}
	t := m.Time().In(p.zone)
	return p.day(t) + p.words["at"] + p.digits(t.Format("15:04"))
}

func (p *personPrinter) view(all *portable) personView {
	x := &all.Page
	name := cmp.Or(x.Customer.Name, x.Customer.ID)
	v := personView{Lang: p.lang, Dir: "ltr", Title: fmt.Sprintf(p.words["title"], name), At: p.time(record.At(all.MadeAt)), Words: p.words}
	if p.lang == "fa" {
		v.Dir = "rtl"
	}
	section := func(title string, lines [][2]string) {
		if len(lines) > 0 {
			v.Sections = append(v.Sections, personSection{p.words[title], lines})
		}
	}
	section("profile", p.profile(&x.Customer))
	var lines [][2]string
	for _, i := range x.Identities {
		if i.Channel == record.OwnChannel {
			continue
		}
		text := []string{i.Address, i.Name}
		if i.Unreachable != "" {
			text = append(text, p.words["unreachable"])
		}
		if i.Blocked {
			text = append(text, p.words["blocked"])
		}
		lines = append(lines, [2]string{p.word(i.Channel), joined(text...)})
	}
	section("addresses", lines)
	lines = nil
	for _, c := range all.Consents {
		about := p.words["every"]
		if c.Purpose != "" {
			about = p.option(p.set.Record.Purposes, c.Purpose)
		}
		if c.Channel != "" {
			about += " · " + p.word(c.Channel)
		}
		lines = append(lines, [2]string{about, joined(p.words[c.State], p.time(c.At), c.Evidence)})
	}
	section("consents", lines)
	lines = nil
	for _, m := range x.Organisations {
		lines = append(lines, [2]string{m.Name, m.Role})
	}
	section("organisations", lines)
	lines = nil
	for _, r := range x.Relations {
		kind := r.Kind
		for _, k := range p.set.Record.RelationKinds {
			if k.ID == r.Kind {
				kind = p.say(k.Name)
				if back := p.say(k.Back); r.Back && back != "" {
					kind = back
				}
			}
		}
		lines = append(lines, [2]string{kind, joined(r.Other.Name, r.Text)})
	}
	section("relations", lines)
	lines = nil
	for _, s := range x.Stages {
		lines = append(lines, [2]string{p.time(s.At), joined(p.option(p.set.Record.Stages, s.Stage), s.Why)})
	}
	section("stages", lines)
	for i := range all.Touches {
		v.Rows = append(v.Rows, p.row(&all.Touches[i]))
	}
	return v
}

func (p *personPrinter) profile(c *record.Customer) (lines [][2]string) {
	add := func(word, text string) {
		if text != "" {
			lines = append(lines, [2]string{p.words[word], text})
		}
	}
	add("name", c.Name)
	add("tier", c.Tier)
	add("stage", p.option(p.set.Record.Stages, c.Stage))
	add("tags", strings.Join(c.Tags, p.words["comma"]))
	add("languages", strings.Join(c.Languages, p.words["comma"]))
	add("time_zone", c.TimeZone)
	if c.Place != nil {
		add("place", joined(textsOf(c.Place)...))
	}
	add("since", p.time(c.CreatedAt))
	for _, id := range record.AttributeIDs(c.Attributes) {
		name, of := id, record.Attribute{}
		for _, a := range p.set.Attributes {
			if a.ID == id {
				name, of = p.say(a.Name), a
			}
		}
		lines = append(lines, [2]string{name, p.value(of.Type, of.Options, c.Attributes[id])})
	}
	return lines
}

// value is a field's of the firm's own, as people read it.
func (p *personPrinter) value(typ string, options []record.Option, raw json.RawMessage) string {
	var text string
	var list []string
	var yes bool
	var money record.Money
	switch {
	case json.Unmarshal(raw, &text) == nil:
		if day, err := time.Parse(time.DateOnly, text); typ == record.TypeDate && err == nil {
			return p.day(day)
		}
		return p.option(options, text)
	case json.Unmarshal(raw, &list) == nil:
		for i := range list {
			list[i] = p.option(options, list[i])
		}
		return strings.Join(list, p.words["comma"])
	case json.Unmarshal(raw, &yes) == nil:
		return map[bool]string{true: "✓", false: "✗"}[yes]
	case json.Unmarshal(raw, &money) == nil && money.Currency != "":
		return p.digits(money.Amount.String()) + " " + money.Currency
	}
	return p.digits(string(raw))
}

// digits writes a number's as the language does.
func (p *personPrinter) digits(s string) string {
	if p.lang == "fa" {
		return persian.Digits(s)
	}
	return s
}

func (p *personPrinter) day(t time.Time) string {
	if p.lang != "fa" {
		return t.Format("2 Jan 2006")
	}
	y, m, d := persian.Of(t.Date())
	return persian.Digits(fmt.Sprintf("%d/%02d/%02d", y, m, d))
}

func (p *personPrinter) row(t *portableTouch) personRow {
	what := p.words[t.Kind]
	if what == "" {
		what = t.Kind
		for _, k := range p.set.Kinds {
			if k.ID == t.Kind {
				what = p.say(k.Name)
			}
		}
	}
	where := p.word(t.Channel)
	if t.Channel == record.ChannelOther {
		where = ""
	}
	r := personRow{At: p.time(t.At), Who: p.words["us"], What: joined(what, where)}
	if t.Inbound {
		r.Who = p.words["you"]
	}
	if t.Score > 0 {
		r.What += " · " + p.digits(strconv.Itoa(t.Score))
	}
	for _, f := range t.Files {
		r.Files = append(r.Files, personFile{Path: strings.TrimSuffix(f, missingFile), Name: fileLabel(f, p.words["missing"])})
	}
	if b := t.Body; b != nil {
		r.Subject, r.Text = b.Subject, b.Text
		var list []string
		for _, kind := range b.Masked {
			list = append(list, p.word(kind))
		}
		if len(list) > 0 {
			r.Masked = fmt.Sprintf(p.words["masked"], strings.Join(list, p.words["comma"]))
		}
	}
	if d := t.Data; d != nil {
		var more []string
		add := func(word, text string) {
			if text != "" {
				more = append(more, p.words[word]+": "+text)
			}
		}
		add("order", d.Order)
		if d.Amount != 0 {
			add("amount", p.digits(d.Amount.String())+" "+d.Currency)
		}
		var items []string
		for _, i := range d.Items {
			items = append(items, cmp.Or(i.Name, i.Product))
		}
		add("items", strings.Join(items, p.words["comma"]))
		add("place", d.Place)
		add("outcome", cmp.Or(p.words["outcome."+d.Outcome], d.Outcome))
		add("programme", d.Programme)
		add("step", cmp.Or(p.words["step."+d.Step], d.Step))
		if d.Seconds > 0 {
			add("seconds", p.digits(strconv.Itoa(d.Seconds)))
		}
		for _, id := range slices.Sorted(maps.Keys(d.Fields)) {
			name, of := id, record.KindField{}
			for _, k := range p.set.Kinds {
				for _, f := range k.Fields {
					if k.ID == t.Kind && f.ID == id {
						name, of = p.say(f.Name), f
					}
				}
			}
			raw, _ := json.Marshal(d.Fields[id]) // it was read from JSON
			more = append(more, name+": "+p.value(of.Type, of.Options, raw))
		}
		r.More = strings.Join(more, " · ")
	}
	return r
}

const missingFile = " (missing)"

// fileLabel is a file's name as the person knows it: without the number that keeps names apart.
func fileLabel(path, missing string) string {
	name := strings.TrimPrefix(path, "files/")
	if _, rest, ok := strings.Cut(name, "-"); ok {
		name = rest
	}
	if whole, ok := strings.CutSuffix(name, missingFile); ok {
		return whole + " (" + missing + ")"
	}
	return name
}

// joined writes what is there of some texts.
func joined(list ...string) string {
	return strings.Join(slices.DeleteFunc(list, func(s string) bool { return strings.TrimSpace(s) == "" }), " · ")
}

// textsOf are the texts of something that JSON writes as an object.
func textsOf(v any) (list []string) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	var fields map[string]any
	if json.Unmarshal(b, &fields) != nil {
		return nil
	}
	for _, id := range slices.Sorted(maps.Keys(fields)) {
		if s, ok := fields[id].(string); ok {
			list = append(list, s)
		}
	}
	return list
}

var personPage = template.Must(template.New("person").Parse(`<!doctype html>
<html lang="{{.Lang}}" dir="{{.Dir}}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{.Title}}</title>
<style>
body { font: 16px/1.7 Vazirmatn, system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #1c1c1e; background: #fff }
h1 { font-size: 1.4rem; margin-bottom: .2rem } h2 { font-size: 1.1rem; margin: 2rem 0 .4rem }
dl { display: grid; grid-template-columns: minmax(6rem, auto) 1fr; gap: .2rem 1.2rem; margin: 0 } dt { color: #666 } dd { margin: 0; overflow-wrap: anywhere }
article { border-top: 1px solid #ddd; padding: .7rem 0 } small { color: #666 } p { white-space: pre-wrap; overflow-wrap: anywhere; margin: .2rem 0; text-align: left } html[dir=rtl] p { text-align: right }
@media (max-width: 30rem) { dl { grid-template-columns: 1fr } dd { margin-bottom: .4rem } }
@media (prefers-color-scheme: dark) { body { color: #eee; background: #161618 } article { border-color: #333 } small, dt { color: #aaa } a { color: #8ab4ff } }
@media print { article { break-inside: avoid } h2 { break-after: avoid } }
</style>
<h1><bdi>{{.Title}}</bdi></h1>
<small>{{.Words.made}} {{.At}}. {{.Words.machine}} <a href="data.json" dir="ltr">data.json</a>.</small>
{{range .Sections}}<h2>{{.Title}}</h2>
<dl>{{range .Lines}}<dt><bdi>{{index . 0}}</bdi></dt><dd><bdi>{{index . 1}}</bdi></dd>{{end}}</dl>
{{end}}<h2>{{.Words.touches}}</h2>
{{range .Rows}}<article><small>{{.At}} · {{.Who}} · {{.What}}{{with .Masked}} · {{.}}{{end}}</small>{{with .Subject}}<p dir="auto"><b>{{.}}</b></p>{{end}}{{with .Text}}<p dir="auto">{{.}}</p>{{end}}{{with .More}}<p><small><bdi>{{.}}</bdi></small></p>{{end}}{{range .Files}}<div><a href="{{.Path}}"><bdi>{{.Name}}</bdi></a></div>{{end}}</article>
{{else}}<p>{{.Words.none}}</p>{{end}}
</html>
`))
