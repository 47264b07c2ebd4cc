package sms

import (
	"time"

	"tamas/channels"
)

// pace is what tests make faster.
type pace struct {
	look  time.Duration // between looks at the provider
	grace time.Duration // how long the webhook has before the list is believed to know better
	again time.Duration // before a file that is not there yet is asked for again
}

// Kind is the channel's entry in the table of kinds.
func Kind() channels.Kind {
	return kind(pace{look: time.Minute, grace: 30 * time.Second, again: time.Second})
}

func kind(p pace) channels.Kind {
	return channels.Kind{
		Name:   "sms",
		Label:  channels.Text{EN: "SMS", FA: "پیامک"},
		Fields: fields,
		// Files go as links: few networks carry MMS, and those charge for it.
		Limits: channels.Limits{TextLength: 1600, Segments: true, Delivered: true},
		Weight: 1,
		Import: true, // Twilio and Kavenegar
		Open:   func(c channels.Config) (channels.Adapter, error) { return open(c, p) },

		StartThread: startThread,
	}
}

var fields = []channels.Field{
	{Key: "provider", Type: "choice", Choices: []string{"twilio", "vonage", "kavenegar", "generic"}, Required: true, Default: "twilio",
		Label: channels.Text{EN: "Provider", FA: "سرویس‌دهنده"},
		Help:  channels.Text{EN: "Generic: any gateway that speaks the documented JSON protocol.", FA: "«generic»: هر درگاهی که پروتکل JSON مستند را می‌داند."}},
	{Key: "number", Type: "text", Required: true,
		Label: channels.Text{EN: "Own number", FA: "شمارهٔ خط"},
		Help:  channels.Text{EN: "The number that customers write to and that answers come from, like +982100000000. A name instead of a number can only send: customers cannot answer it.", FA: "شماره‌ای که مشتری به آن پیامک می‌زند و پاسخ از آن می‌رود، مانند ‎+982100000000. نام به جای شماره فقط می‌فرستد و مشتری نمی‌تواند به آن پاسخ دهد."}},
	{Key: "region", Type: "text",
		Label: channels.Text{EN: "Country", FA: "کشور"},
		Help:  channels.Text{EN: "Two letters, like IR: for customers' numbers without a country code.", FA: "دو حرف، مانند IR: برای شماره‌های بدون پیش‌شمارهٔ کشور."}},

	{Key: "account_sid", Type: "text", When: "provider=twilio",
		Label: channels.Text{EN: "Account SID", FA: "شناسهٔ حساب (Account SID)"}},
	{Key: "auth_token", Type: "secret", When: "provider=twilio",
		Label: channels.Text{EN: "Auth Token", FA: "توکن (Auth Token)"},
		Help:  channels.Text{EN: "Twilio signs its calls with it. With an API key alone messages are fetched each minute.", FA: "Twilio فراخوانی‌هایش را با آن امضا می‌کند. تنها با کلید API پیام‌ها هر دقیقه گرفته می‌شود."}},
	{Key: "service_sid", Type: "text", When: "provider=twilio", Group: "more",
		Label: channels.Text{EN: "Messaging Service SID", FA: "شناسهٔ Messaging Service"},
		Help:  channels.Text{EN: "MG…: messages are sent through this service, from the own number.", FA: "MG…: پیام‌ها با این سرویس و از شمارهٔ خط فرستاده می‌شود."}},
	{Key: "api_key", Type: "text", When: "provider=twilio", Group: "more",
		Label: channels.Text{EN: "API key SID", FA: "شناسهٔ کلید API"},
		Help:  channels.Text{EN: "SK…: used for calls to Twilio instead of the Auth Token.", FA: "SK…: برای فراخوانی Twilio به جای توکن."}},
	{Key: "api_key_secret", Type: "secret", When: "provider=twilio", Group: "more",
		Label: channels.Text{EN: "API key secret", FA: "رمز کلید API"}},
	{Key: "webhook_url", Type: "text", When: "provider=twilio", Group: "more",
		Label: channels.Text{EN: "Webhook as Twilio calls it", FA: "نشانی وب‌هوک از دید Twilio"},
		Help:  channels.Text{EN: "Only when it differs from the address shown here.", FA: "فقط اگر با نشانی نمایش‌داده‌شده فرق دارد."}},

	{Key: "vonage_key", Type: "text", When: "provider=vonage",
		Label: channels.Text{EN: "API key", FA: "کلید API"}},
	{Key: "vonage_secret", Type: "secret", When: "provider=vonage",
		Label: channels.Text{EN: "API secret", FA: "رمز API"}},
	{Key: "vonage_signature", Type: "secret", When: "provider=vonage",
		Label: channels.Text{EN: "Signature secret", FA: "رمز امضا (Signature secret)"},
		Help:  channels.Text{EN: "From the API settings of the Vonage dashboard; Vonage signs its calls with it.", FA: "از تنظیمات API در داشبورد Vonage؛ فراخوانی‌ها با آن امضا می‌شود."}},

	{Key: "kavenegar_key", Type: "secret", When: "provider=kavenegar",
		Label: channels.Text{EN: "API key", FA: "کلید API"}},
	{Key: "hook_token", Type: "secret", When: "provider=kavenegar",
		Label: channels.Text{EN: "Webhook's token", FA: "رمز وب‌هوک"},
		Help:  channels.Text{EN: "Letters and digits of your choice, at least 16; they end the address that is entered at Kavenegar: …/TOKEN.", FA: "دست‌کم ۱۶ حرف و رقم لاتین به انتخاب شما؛ پایان نشانی‌ای است که در کاوه‌نگار وارد می‌شود: …/TOKEN."}},

	{Key: "send_url", Type: "text", When: "provider=generic",
		Label: channels.Text{EN: "Gateway's address", FA: "نشانی درگاه"}},
	{Key: "secret", Type: "secret", When: "provider=generic",
		Label: channels.Text{EN: "Shared secret", FA: "رمز مشترک"},
		Help:  channels.Text{EN: "At least 16 characters.", FA: "دست‌کم ۱۶ نویسه."}},
	{Key: "auth", Type: "choice", Choices: []string{"signature", "token"}, Default: "signature", When: "provider=generic", Group: "more",
		Label: channels.Text{EN: "How calls prove themselves", FA: "اثبات فراخوانی‌ها"},
		Help:  channels.Text{EN: "Signature: HMAC of each body. Token: the secret itself as Authorization: Bearer, for gateways that cannot sign.", FA: "امضا: HMAC هر بدنه. توکن: خود رمز به صورت Authorization: Bearer، برای درگاهی که امضا نمی‌کند."}},

	{Key: "api_url", Type: "text", When: "provider=twilio,vonage,kavenegar", Group: "more",
		Label: channels.Text{EN: "API address", FA: "نشانی API"},
		Help:  channels.Text{EN: "Empty is the provider's own.", FA: "خالی یعنی نشانی خود سرویس‌دهنده."}},
	{Key: "per_second", Type: "number", Group: "more",
		Label: channels.Text{EN: "Messages a second", FA: "پیام در ثانیه"},
		Help:  channels.Text{EN: "At most; what the provider allows the number. Empty: 1 at Twilio (a long code; 10 with a Messaging Service), 30 at Vonage, 10 at Kavenegar.", FA: "حداکثری که سرویس‌دهنده اجازه می‌دهد. خالی: ۱ در Twilio (با Messaging Service ۱۰)، ۳۰ در Vonage، ۱۰ در کاوه‌نگار."}},

	{Key: "answers", Type: "choice", Choices: []string{"auto", "on", "off"}, Default: "auto", Group: "more",
		Label: channels.Text{EN: "Answer STOP, START and HELP", FA: "پاسخ به «لغو»، «شروع» و «راهنما»"},
		Help:  channels.Text{EN: "The wish itself is always kept and obeyed. Auto answers, but for the English words at Twilio, which answers those itself.", FA: "خود خواسته همیشه ثبت و رعایت می‌شود. «auto» پاسخ می‌دهد، جز به واژه‌های انگلیسی در Twilio که خودش پاسخ می‌دهد."}},
	{Key: "stop_words", Type: "list", Group: "more",
		Label: channels.Text{EN: "More words for STOP", FA: "واژه‌های دیگر برای «لغو»"},
		Help:  channels.Text{EN: "One a line; a message that is just this word. STOP, UNSUBSCRIBE, لغو, لغو۱۱ and توقف are known.", FA: "هر خط یکی؛ پیامی که تنها همین واژه باشد. «لغو»، «لغو۱۱»، «توقف» و STOP شناخته است."}},
	{Key: "start_words", Type: "list", Group: "more",
		Label: channels.Text{EN: "More words for START", FA: "واژه‌های دیگر برای «شروع»"}},
	{Key: "help_words", Type: "list", Group: "more",
		Label: channels.Text{EN: "More words for HELP", FA: "واژه‌های دیگر برای «راهنما»"}},
	answerField("stop_answer", "Answer to STOP", "پاسخ به STOP"),
	answerField("stop_answer_fa", "Answer to لغو", "پاسخ به «لغو»"),
	answerField("start_answer", "Answer to START", "پاسخ به START"),
	answerField("start_answer_fa", "Answer to شروع", "پاسخ به «شروع»"),
	answerField("help_answer", "Answer to HELP", "پاسخ به HELP"),
	answerField("help_answer_fa", "Answer to راهنما", "پاسخ به «راهنما»"),
}

func answerField(key, en, fa string) channels.Field {
	return channels.Field{Key: key, Type: "text", Group: "more", Label: channels.Text{EN: en, FA: fa},
		Help: channels.Text{EN: "Empty: a sentence of ours.", FA: "خالی: جملهٔ آماده."}}
}
