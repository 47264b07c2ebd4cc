package inbox

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"tamas/inbox/record"
	"tamas/persian"
)

// What imports say is made and kept in English. Whoever reads it, on the page or in a file of errors, reads it in their own language: ImportText says a
// sentence in it. A verb in a sentence of importTexts stands for whatever stands there; in Persian they keep their order.
var importTexts = [][2]string{
	// Of a file.
	{"The file is larger than 2 GB.", "این پرونده بزرگ‌تر از ۲ گیگابایت است."},
	{"There is no table in this file.", "در این پرونده جدولی نیست."},
	{"This is a workbook or a packed file: save the table as CSV, in UTF-8, and send that.", "این پروندهٔ اکسل یا پرونده‌ای فشرده است: جدول را با قالب CSV و کدگذاری UTF-8 ذخیره کنید و آن را بفرستید."},
	{"This is a list in JSON: one object a line is needed, without brackets around them.", "این یک فهرست JSON است: در هر سطر یک شیء لازم است، بی کروشه‌ای دور آن‌ها."},
	{"The file is gone; send it again.", "این پرونده دیگر نیست؛ دوباره بفرستیدش."},
	{"The file cannot be read to its end.", "این پرونده تا پایان خواندنی نیست."},
	{"What was kept of this import cannot be read.", "آنچه از این ورود نگه داشته شده خواندنی نیست."},
	{"The import is at another step meanwhile.", "این ورود در این میان به گام دیگری رسیده است."},
	{"Nothing of this file has been imported.", "چیزی از این پرونده وارد نشده است."},
	{"The import is being undone already.", "این ورود هم‌اکنون در حال برگشت است."},
	{"The import has been undone already.", "این ورود پیش‌تر برگردانده شده است."},
	{"A part of the file has been imported as it was read; undo that first.", "بخشی از پرونده آن‌گونه که خوانده شد وارد شده است؛ نخست آن را برگردانید."},
	// Of what people set.
	{"There is no such encoding or delimiter.", "چنین کدگذاری یا جداکننده‌ای نیست."},
	{"There is no column %q.", "ستونی به نام %s نیست."},
	{"There is no channel %q.", "کانالی به نام %s نیست."},
	{"There is no field %q.", "فیلدی به نام %s نیست."},
	{"The columns %q and %q are mapped to the same field.", "ستون‌های %s و %s هر دو به یک فیلد داده شده‌اند."},
	{"Map a column to the name, the phone, the email or another address of the customers.", "ستونی را به نام، تلفن، ایمیل یا نشانی دیگری از مشتریان بدهید."},
	{"Map a column to the name of the organisations.", "ستونی را به نام سازمان‌ها بدهید."},
	{"Map a column that says whose touches they are: phone, email, another address or an id.", "ستونی را که می‌گوید تماس از آن کیست برگزینید: تلفن، ایمیل، نشانی دیگر یا شناسه."},
	{"Map a column to the kind, or say of which kind all rows are.", "ستونی را به نوع بدهید، یا بگویید همهٔ سطرها از چه نوعی‌اند."},
	{"Two letters of a country are needed, like IR or DE.", "دو حرف کشور لازم است، مانند IR یا DE."},
	{"Dates are read in one of these ways: %s.", "تاریخ‌ها به یکی از این راه‌ها خوانده می‌شوند: %s."},
	{"Who is known is filled, overwritten or skipped: fill, overwrite, skip.", "آن‌که از پیش هست پر، بازنویسی یا رها می‌شود: fill، overwrite، skip."},
	{"A source has at most 40 small letters, digits, - and _.", "منبع حداکثر ۴۰ حرف کوچک لاتین، رقم، - و _ دارد."},
	{"There is no such kind.", "چنین نوعی نیست."},
	{"Three letters of ISO 4217 are needed, like EUR or IRR, or IRT for toman.", "سه حرف ISO 4217 لازم است، مانند EUR یا IRR، یا IRT برای تومان."},
	// Of rows and cells.
	{"The row holds bytes that are no text in this encoding.", "این سطر با این کدگذاری خواندنی نیست."},
	{"The row has %d fields, the table %d columns.", "این سطر %s خانه دارد و جدول %s ستون."},
	{"The row is too long, or a quotation mark in it is opened and not closed.", "این سطر بیش از اندازه بلند است، یا علامت نقلی در آن باز شده و بسته نشده."},
	{"The line is too long.", "این خط بیش از اندازه بلند است."},
	{"The line is no JSON object.", "این خط JSON نیست."},
	{"The record cannot keep this row.", "پایگاه داده این سطر را نگه نمی‌دارد."},
	{"It cannot be taken.", "پذیرفتنی نیست."},
	{"It cannot be kept.", "نگه داشتنی نیست."},
	{"It cannot be read.", "خواندنی نیست."},
	{"It is needed.", "لازم است."},
	{"A name or an address is needed.", "نام یا نشانی لازم است."},
	{"An organisation's name is needed.", "نام سازمان لازم است."},
	{"It is no telephone number.", "شمارهٔ تلفن نیست."},
	{"It is no email address.", "نشانی ایمیل نیست."},
	{"It is no number.", "عدد نیست."},
	{"It is no number, or one with more than four digits behind the point.", "عدد نیست، یا پس از ممیز بیش از چهار رقم دارد."},
	{"It is no amount.", "مبلغ نیست."},
	{"It is no date that can be read.", "تاریخی نیست که خوانده شود."},
	{"It is no duration: seconds, or like 2:30.", "مدت نیست: ثانیه، یا مانند ۲:۳۰."},
	{"It is neither yes nor no.", "نه آری است و نه نه."},
	{"It is none of the options.", "در میان گزینه‌ها نیست."},
	{"It is no JSON list of lines.", "فهرست JSON اقلام نیست."},
	{"It is no customer's id of a hub.", "شناسهٔ مشتری در سامانه نیست."},
	{"The row has not as many roles as organisations.", "شمار نقش‌های این سطر با شمار سازمان‌هایش یکی نیست."},
	{"It is no JSON list of consents.", "فهرست JSON رضایت‌ها نیست."},
	{"There is no such purpose.", "چنین هدفی نیست."},
	{"Consent is given or refused.", "رضایت یا داده شده (given) یا رد شده (refused)."},
	{"When it was said is needed, and it is not in the future.", "زمان گفتنش لازم است، و در آینده نیست."},
	{"It is longer than %d characters.", "بیش از %s نویسه است."},
	{"It is longer than %d KB.", "بیش از %s کیلوبایت است."},
	{"It is longer than %d bytes.", "بیش از %s بایت است."},
	{"It is larger than %d KB.", "بیش از %s کیلوبایت است."},
	{"A tag is longer than %d characters.", "یکی از برچسب‌ها بیش از %s نویسه است."},
	{"There is no such tier.", "چنین سطحی نیست."},
	{"There is no such stage.", "چنین مرحله‌ای نیست."},
	{"There is no such colleague.", "چنین همکاری نیست."},
	{"There is no such colleague; it is left out.", "چنین همکاری نیست؛ کنار گذاشته می‌شود."},
	{"The column is in no row of the file's beginning, and is left out.", "این ستون در هیچ سطری از آغاز پرونده نیست و کنار گذاشته می‌شود."},
	{"There is no such kind of touches.", "چنین نوعی از تماس نیست."},
	{"There is no such customer.", "چنین مشتری‌ای نیست."},
	{"There is no such channel.", "چنین کانالی نیست."},
	{"There is no such language; write it as in fa or en-GB.", "چنین زبانی نیست؛ مانند fa یا en-GB بنویسیدش."},
	{"There is no such time zone; write it as in Asia/Tehran.", "چنین منطقهٔ زمانی‌ای نیست؛ مانند Asia/Tehran بنویسیدش."},
	{"There is no such country; write its two letters, as in IR.", "چنین کشوری نیست؛ دو حرف آن را بنویسید، مانند IR."},
	// Of the rules for touches and the firm's own fields.
	{"Yours is needed, so that what is sent again is not logged again.", "شناسه لازم است تا آنچه دوباره می‌آید دوباره ثبت نشود."},
	{"At most 40 small letters, digits, - and _ are needed.", "حداکثر ۴۰ حرف کوچک لاتین، رقم، - و _ لازم است."},
	{"At most 32 small letters, digits, - and _ are needed.", "حداکثر ۳۲ حرف کوچک لاتین، رقم، - و _ لازم است."},
	{"There is no kind %q.", "نوعی به نام %s نیست."},
	{"This kind is archived and takes no more touches.", "این نوع بایگانی شده است و تماس تازه نمی‌پذیرد."},
	{"It is more than a day ahead.", "بیش از یک روز در آینده است."},
	{"It is before 1900; a time is milliseconds since 1970 or like 2026-11-22T09:30:00+03:30.", "پیش از سال ۱۹۰۰ است."},
	{"Say whose it is, with id, phone, email, or channel and address.", "بگویید از آن کیست: با شناسه، تلفن، ایمیل، یا کانال و نشانی."},
	{"Say in one way only whose it is: id, identity, phone, email, or channel and address.", "تنها از یک راه بگویید از آن کیست: شناسه، تلفن، ایمیل، یا کانال و نشانی."},
	{"It is needed with an address: phone, email, external, telegram, ….", "با نشانی لازم است: phone، email، external، telegram و مانند آن."},
	{"This is a part of an address only.", "این تنها بخشی از یک نشانی است."},
	{"This is no phone number; write it with its country's code, like +989121234567.", "شمارهٔ تلفن نیست؛ با کد کشور بنویسیدش، مانند +989121234567."},
	{"This is no email address.", "نشانی ایمیل نیست."},
	{"A touch of the kind %s does not have it.", "تماس از نوع %s این را ندارد."},
	{"A touch of the kind %s needs it.", "برای تماس از نوع %s لازم است."},
	{"A touch of the kind %s has no such field.", "تماس از نوع %s چنین فیلدی ندارد."},
	{"A number of seconds is needed, at most a year's.", "شمار ثانیه‌ها لازم است، حداکثر به اندازهٔ یک سال."},
	{"A step is one of %s, or one of your own: at most 40 small letters, digits and _.", "گام یکی از این‌هاست: %s؛ یا گامی از خودتان با حداکثر ۴۰ حرف کوچک لاتین، رقم و _."},
	{"A step is one of %s.", "گام یکی از این‌هاست: %s."},
	{"There are more than %d.", "بیش از %s تا است."},
	{"A product or a name is needed.", "شناسه یا نام کالا لازم است."},
	{"It is below nothing.", "کمتر از هیچ است."},
	{"It is below nothing; what comes back is a return.", "کمتر از هیچ است؛ آنچه پس داده شده از نوع مرجوعی است."},
	{"An amount needs its currency, like EUR, IRR or IRT for toman.", "مبلغ بی واحد پول نمی‌شود؛ مانند EUR، IRR یا IRT برای تومان."},
	{"It is no currency: three letters of ISO 4217 are needed, like EUR, IRR, or IRT for toman.", "واحد پول نیست: سه حرف ISO 4217 لازم است، مانند EUR، IRR یا IRT برای تومان."},
	{"It is archived and takes no more values.", "بایگانی شده است و مقدار تازه نمی‌پذیرد."},
	{"It holds a control character.", "نویسهٔ کنترلی دارد."},
	{"A text is needed.", "متن لازم است."},
	{"A number is needed, at most four digits behind the point.", "عدد لازم است، پس از ممیز حداکثر چهار رقم."},
	{`An amount and a currency are needed, like {"amount": 12.5, "currency": "EUR"}.`, "مبلغ و واحد پول لازم است، مانند 12.5 EUR."},
	{"A date like 2026-11-22 is needed.", "تاریخ لازم است، مانند 2026-11-22."},
	{"It is none of the choices.", "در میان گزینه‌ها نیست."},
	{"A list of choices is needed.", "فهرستی از گزینه‌ها لازم است."},
	{"One of them is none of the choices.", "یکی از آن‌ها در میان گزینه‌ها نیست."},
	{"True or false is needed.", "آری یا نه لازم است."},
	{"An address that begins with https:// is needed.", "نشانی‌ای لازم است که با https:// آغاز شود."},
	{"Its type is not known.", "نوع آن شناخته نیست."},
}

type importPattern struct {
	en *regexp.Regexp
	fa string
}

// importPatterns are the sentences that have verbs; the others are found by themselves.
var importPatterns = sync.OnceValues(func() (plain map[string]string, list []importPattern) {
	plain = map[string]string{}
	verb := regexp.MustCompile(`%[dqs]`)
	for _, t := range importTexts {
		if !verb.MatchString(t[0]) {
			plain[t[0]] = t[1]
			continue
		}
		list = append(list, importPattern{regexp.MustCompile("^" + verb.ReplaceAllString(regexp.QuoteMeta(t[0]), "(.+?)") + "$"), t[1]})
	}
	return plain, list
})

// ImportText says in a language ("en", "fa") what an import says in English. What has no words there stays as it is.
func ImportText(locale, english string) string {
	if locale != "fa" {
		return english
	}
	plain, list := importPatterns()
	if fa := plain[english]; fa != "" {
		return fa
	}
	for _, p := range list {
		found := p.en.FindStringSubmatch(english)
		if found == nil {
			continue
		}
		fa := p.fa
		for _, s := range found[1:] {
			if s = strings.Trim(s, `"`); strings.Trim(s, "0123456789") == "" {
				s = persian.Digits(s)
			} else {
				s = isolate(s)
			}
			fa = strings.Replace(fa, "%s", s, 1)
		}
		return fa
	}
	return english
}

// Said says in a language what an import's own sentences say in English.
func (i Import) Said(locale string) Import {
	i.Error = ImportText(locale, i.Error)
	i.Warnings = slices.Clone(i.Warnings)
	for n := range i.Warnings {
		i.Warnings[n].Message = ImportText(locale, i.Warnings[n].Message)
	}
	return i
}

// sayReasons says why a row is not taken in a language.
func sayReasons(locale string, list []record.CellReason) {
	for i := range list {
		list[i].Message = ImportText(locale, list[i].Message)
	}
}
