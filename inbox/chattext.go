package inbox

import (
	"unicode"

	"tamas/inbox/record"
)

// chatTexts is what the hub itself says about a chat, by language: to its customer, and in notes to agents.
var chatTexts = map[string]struct {
	subject, subjectBare   string // with the firm's name, without it
	left                   string // why a message comes this way
	transcript             string // above a conversation that was asked for
	customer, file, system string // in it
	wentOn                 string // note: account, address, number
	cameFrom               string // note: number
	wantsLater             string // note: account, address
	asked                  string // why a message comes this way that its customer wanted so
}{
	"en": {
		subject: "Your chat with %s", subjectBare: "Your chat with us",
		left:       "This answer came after you had left our chat, so we send it here. You can simply reply to this message.",
		transcript: "Here is the conversation that you asked for.",
		customer:   "You", file: "File", system: "Automatic answer",
		wentOn:     "The visitor has left without seeing the last answers. They went on by “%s” to %s: #%d",
		cameFrom:   "Goes on from the chat #%d, which the customer had left.",
		wantsLater: "The visitor did not want to wait here and asks to be answered by “%s” at %s.",
		asked:      "Here is the answer that you asked us to send you. You can simply reply to this message.",
	},
	"fa": {
		subject: "گفتگوی شما با %s", subjectBare: "گفتگوی شما با ما",
		left:       "این پاسخ پس از رفتن شما از گفتگو رسید؛ برای همین آن را اینجا می‌فرستیم. کافی است به همین پیام پاسخ دهید.",
		transcript: "این گفتگویی است که خواسته بودید.",
		customer:   "شما", file: "فایل", system: "پاسخ خودکار",
		wentOn:     "بازدیدکننده پیش از دیدن آخرین پاسخ‌ها رفته است. پاسخ‌ها با «%s» به %s فرستاده شد: #%d",
		cameFrom:   "ادامهٔ گفتگوی #%d است که مشتری ترک کرده بود.",
		wantsLater: "بازدیدکننده نخواست اینجا منتظر بماند و پاسخ را با «%s» به %s می‌خواهد.",
		asked:      "این پاسخی است که خواسته بودید برایتان بفرستیم. کافی است به همین پیام پاسخ دهید.",
	},
}

// languageOf is the language in which the hub speaks beside these messages: theirs, else the firm's.
func languageOf(firm Firm, list []record.Touch) string {
	lang := ""
	for i := range list {
		if b := list[i].Body; b != nil {
			for _, r := range b.Text {
				switch {
				case unicode.Is(unicode.Arabic, r):
					return "fa"
				case lang == "" && unicode.IsLetter(r):
					lang = "en"
				}
			}
		}
	}
	if lang == "" && firm.Locale == "fa" {
		return "fa"
	}
	return "en"
}
