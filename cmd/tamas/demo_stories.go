package main

import (
	"math/rand/v2"

	"tamas/inbox/record"
)

// story is what a customer of the demonstration wants.
type story struct {
	lang  string
	name  string
	about string // an email's subject
	lines []string
	photo int // the line that comes with a photo, where the channel carries one; 0: none
}

var stories = []story{
	{"en", "Emma Clarke", "Order 4821 has not arrived", []string{"Hi! My order 4821 was due on Monday and still isn't here. Can you check?", "It's the Darjeeling set, paid on the 12th.", "Wonderful, thank you!"}, 0},
	{"en", "Liam O'Connor", "Question about green tea", []string{"Which of your green teas has the least caffeine?", "And how hot should the water be?"}, 0},
	{"en", "Sofia Rossi", "Gift wrapping", []string{"Do you wrap gifts? I need two boxes by Friday.", "Great, please add a card that says “Happy birthday, Luca”.", "Perfect, grazie!"}, 0},
	{"en", "Noah Williams", "Damaged tin", []string{"One of the tins arrived dented and half of the tea was in the parcel.", "Here is a photo. A replacement would be fine."}, 1},
	{"en", "Aisha Khan", "Wholesale prices", []string{"Hello, we run a café in Leeds. Do you have wholesale prices for loose Assam?", "About 20 kg a month.", "Lovely, I'll wait for the list."}, 0},
	{"fa", "مریم احمدی", "سفارش نرسیده", []string{"سلام، سفارش ۲۳۴۵ من هنوز نرسیده. می‌شود پیگیری کنید؟", "بله، به نام مریم احمدی است. کد رهگیری ندارم.", "خیلی ممنون از پیگیری‌تان"}, 0},
	{"fa", "علی رضایی", "چای لاهیجان", []string{"سلام وقت بخیر. چای بهاره‌ی لاهیجان کی موجود می‌شود؟", "دو کیلو می‌خواهم، هزینه‌ی ارسال به شیراز چقدر است؟"}, 0},
	{"fa", "زهرا کریمی", "مرجوع کردن", []string{"می‌خواهم قوری‌ای را که دیروز خریدم پس بدهم، لبه‌اش پریدگی دارد.", "این عکسش است. بسته‌بندی‌اش را هم نگه داشته‌ام.", "ممنونم."}, 1},
	{"fa", "حسین نوری", "پرداخت دوبار", []string{"سلام. مبلغ سفارش دو بار از حسابم کم شده!", "شماره‌ی پیگیری ۸۸۱۲۰۳۴ است.", "تشکر، منتظرم."}, 0},
	{"fa", "نگار صادقی", "ساعت کار", []string{"سلام، جمعه‌ها هم باز هستید؟", "عالی، پس فردا سر می‌زنم."}, 0},
}

var answers = map[string][][]string{
	"en": {
		{"Hello and thanks for writing! Let me have a look for you.", "Hi! I'm on it, one moment please.", "Good to hear from you. I'll check that right away."},
		{"Thank you, I have found it. You will have an answer from us by this evening.", "That's arranged. You'll get a confirmation in a moment.", "Done! Is there anything else that I can do?"},
		{"You're welcome. Have a lovely day!", "My pleasure. Enjoy your tea!"},
	},
	"fa": {
		{"سلام و سپاس از پیام شما. همین حالا بررسی می‌کنم.", "سلام، وقت شما بخیر. چند لحظه اجازه بدهید.", "درود بر شما، پیگیری می‌کنم و خبر می‌دهم."},
		{"پیدا شد؛ تا عصر نتیجه را همین‌جا برایتان می‌نویسم.", "انجام شد. کار دیگری هست که بتوانم انجام دهم؟", "سپاس از شکیبایی شما؛ ثبت شد."},
		{"خواهش می‌کنم، روز خوبی داشته باشید.", "نوش جان! در خدمتیم."},
	},
}

func answerTo(lang string, turn int, rnd *rand.Rand) string {
	turns := answers[lang]
	if turns == nil {
		turns = answers["en"]
	}
	list := turns[min(turn, len(turns)-1)]
	return list[rnd.IntN(len(list))]
}

var demoCanned = []record.Canned{
	{Shortcut: "hello", Title: "Greeting", Text: "Hello and thank you for writing to us. How can I help?"},
	{Shortcut: "salam", Title: "خوشامد", Text: "سلام، به چای‌خانه‌ی تماس خوش آمدید. چه کمکی از من برمی‌آید؟"},
	{Shortcut: "shipping", Title: "Shipping times", Text: "We ship within one working day; parcels take two to four days."},
	{Shortcut: "hours", Title: "ساعت کار", Text: "هر روز از ۹ تا ۲۱ در خدمت شما هستیم؛ جمعه‌ها از ۱۶ تا ۲۱."},
}
