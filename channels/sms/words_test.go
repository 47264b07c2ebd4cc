package sms

import (
	"strings"
	"testing"

	"tamas/channels"
)

func TestWords(t *testing.T) {
	own := settings{Provider: "generic", StopWords: []string{"11", " پایان "}, StopAnswerFA: "باشد"}
	for _, c := range []struct {
		set           settings
		text, consent string
		answer        string // what it begins with; "-": none
	}{
		{own, "STOP", "stop", "You will get no more"},
		{own, " Stop. ", "stop", "You will get no more"},
		{own, "stop all!", "stop", "You will get no more"},
		{own, "لغو", "stop", "باشد"},
		{own, "لغو۱۱", "stop", "باشد"},
		{own, "لغو ١١", "stop", "باشد"},
		{own, "لغو11", "stop", "باشد"},
		{own, "توقف\n", "stop", "باشد"},
		{own, "لغو اشتراك", "stop", "باشد"},
		{own, "«لغو»", "stop", "باشد"},
		{own, "\u200fلغـــو\u200f", "stop", "باشد"},
		{own, "۱۱", "stop", "You will"}, // a number is in neither language
		{own, "پايان", "stop", "باشد"},
		{own, "شروع", "start", "پیام‌های ما"},
		{own, "start", "start", "You will get our"},
		{own, "راهنما", "", "پرسش"},
		{own, "HELP", "", "Write your"},
		{own, "please stop calling me", "", "-"},
		{own, "سفارشم را لغو کنید", "", "-"},
		{own, "cancel", "", "-"},
		{own, "yes", "", "-"},
		{own, "", "", "-"},
		{own, strings.Repeat("stop ", 100), "", "-"},
		{settings{Provider: "twilio"}, "STOP", "stop", "-"},
		{settings{Provider: "twilio"}, "Cancel", "stop", "-"},
		{settings{Provider: "twilio"}, "لغو", "stop", "دیگر پیامی"}, // Twilio does not know it
		{settings{Provider: "twilio"}, "YES", "", "-"},
		{settings{Provider: "twilio"}, "HELP", "", "-"},
		{settings{Provider: "twilio", Answers: "on"}, "stop", "stop", "You will get no"},
		{settings{Provider: "twilio", Answers: "on"}, "لغو", "stop", "دیگر پیامی"},
		{settings{Provider: "generic", Answers: "off"}, "لغو", "stop", "-"},
	} {
		in := channels.Inbound{Text: c.text}
		wordsOf(c.set).read(&in)
		want := strings.TrimPrefix(c.answer, "-")
		if in.Consent != c.consent || !strings.HasPrefix(in.Answer, want) || (want == "") != (in.Answer == "") {
			t.Errorf("%q: consent %q, answer %q; want %q, %q", c.text, in.Consent, in.Answer, c.consent, c.answer)
		}
	}
	old := channels.Inbound{Text: "STOP", Imported: true}
	if wordsOf(own).read(&old); old.Consent != "stop" || old.Answer != "" {
		t.Errorf("an imported message: %+v", old)
	}
}
