package sms

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"tamas/channels"
	"tamas/persian"
)

// What a customer's one word means.
const (
	stop  = "stop"
	start = "start"
	help  = "help"
)

// commonWords are understood always, folded. They are few: a message that is taken for a wish about messages wakes no agent.
var commonWords = map[string]string{
	"stop": stop, "stopall": stop, "unsubscribe": stop, "optout": stop, "لغو": stop, "لغو11": stop, "لغواشتراک": stop, "توقف": stop,
	"start": start, "unstop": start, "شروع": start,
	"help": help, "info": help, "راهنما": help, "کمک": help,
}

// twilioWords are those on which Twilio itself stops or starts sending to a customer, so the record has to say the same; it
// answers them too. YES, which it takes for START, is too often an answer to an agent.
var twilioWords = map[string]string{
	"stop": stop, "stopall": stop, "unsubscribe": stop, "optout": stop, "cancel": stop, "end": stop, "quit": stop, "revoke": stop,
	"start": start, "unstop": start, "help": help, "info": help,
}

// words is what an account understands, and what it answers.
type words struct {
	meaning map[string]string    // folded word → stop, start, help
	answer  map[string][2]string // meaning → English, Persian; "" answers nothing
	silent  map[string]bool      // words that the provider answers
}

func wordsOf(set settings) words {
	w := words{meaning: map[string]string{}, silent: map[string]bool{}}
	add := func(list map[string]string) {
		for word, meaning := range list {
			w.meaning[word] = meaning
		}
	}
	add(commonWords)
	if set.Provider == "twilio" {
		add(twilioWords)
	}
	for meaning, list := range map[string][]string{stop: set.StopWords, start: set.StartWords, help: set.HelpWords} {
		for _, word := range list {
			if word = fold(word); word != "" {
				w.meaning[word] = meaning
			}
		}
	}
	if set.Answers == "off" {
		return w
	}
	if set.Provider == "twilio" && set.Answers != "on" {
		for word := range twilioWords {
			w.silent[word] = true
		}
	}
	text := func(own, fallback string) string {
		if own = strings.TrimSpace(own); own != "" {
			return own
		}
		return fallback
	}
	w.answer = map[string][2]string{
		stop: {text(set.StopAnswer, "You will get no more messages from us. Send START to get them again."),
			text(set.StopAnswerFA, "دیگر پیامی از ما نمی‌گیرید. برای دریافت دوباره «شروع» را بفرستید.")},
		start: {text(set.StartAnswer, "You will get our messages again. Send STOP to end them."),
			text(set.StartAnswerFA, "پیام‌های ما دوباره برایتان می‌آید. برای پایان «لغو» را بفرستید.")},
		help: {text(set.HelpAnswer, "Write your question here and we will answer. Send STOP to get no more messages."),
			text(set.HelpAnswerFA, "پرسش خود را همین‌جا بنویسید تا پاسخ دهیم. برای دریافت نکردن پیام «لغو» را بفرستید.")},
	}
	return w
}

// read sets what a message says about the customer's consent, and the account's answer to it.
func (w words) read(in *channels.Inbound) {
	if in.Kind != channels.Message || in.Unreadable != "" || len(in.Text) > 200 {
		return
	}
	word := fold(in.Text)
	meaning := w.meaning[word]
	if meaning == stop || meaning == start {
		in.Consent = meaning
	}
	if in.Imported || w.silent[word] {
		return
	}
	if in.Answer = w.answer[meaning][0]; strings.ContainsFunc(word, func(r rune) bool { return unicode.Is(unicode.Arabic, r) }) {
		in.Answer = w.answer[meaning][1]
	}
}

// letters are written in more than one way on Persian and Arabic keyboards.
var letters = strings.NewReplacer("ي", "ی", "ى", "ی", "ك", "ک", "أ", "ا", "إ", "ا", "آ", "ا", "ٱ", "ا", "ة", "ه", "ۀ", "ه", "ـ", "")

// fold brings the ways in which a word is written to one: case, digits, letters, marks, half-spaces, and what
// surrounds it.
func fold(s string) string {
	s = letters.Replace(strings.ToLower(norm.NFKC.String(s)))
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.M, r) || unicode.Is(unicode.Cf, r) || r == '-' || r == '_' {
			return -1
		}
		return persian.Latin(r)
	}, s)
	return strings.TrimFunc(s, func(r rune) bool { return unicode.IsPunct(r) || unicode.IsSymbol(r) })
}
