package webchat

import "tamas/channels"

// Kind is the web chat.
func Kind() channels.Kind {
	return channels.Kind{
		Name:   "webchat",
		Label:  channels.Text{EN: "Web chat", FA: "گفتگوی وب"},
		Fields: fields(),
		Limits: channels.Limits{
			TextLength: 8000, Live: true, NoReplyTo: true, Quotes: true, Edits: true, Delivered: true, Read: true,
			Files: &channels.FileLimits{MaxSize: maxCarried, Most: maxFiles},
		},
		Weight: 1,
		Open:   func(c channels.Config) (channels.Adapter, error) { return open(c) },
	}
}

// maxCarried bounds one file from an agent to a visitor, in bytes; the account's own limit bounds the other way.
const maxCarried = 50 << 20

// field makes one setting.
func field(key, kind, en, fa string, more ...func(*channels.Field)) channels.Field {
	f := channels.Field{Key: key, Type: kind, Label: channels.Text{EN: en, FA: fa}}
	for _, m := range more {
		m(&f)
	}
	return f
}

func help(en, fa string) func(*channels.Field) {
	return func(f *channels.Field) { f.Help = channels.Text{EN: en, FA: fa} }
}

func preset(v any) func(*channels.Field) { return func(f *channels.Field) { f.Default = v } }

// of makes it a choice; the first is the default.
func of(choices ...string) func(*channels.Field) {
	return func(f *channels.Field) { f.Type, f.Choices, f.Default = "choice", choices, choices[0] }
}

func required(f *channels.Field) { f.Required = true }
func folded(f *channels.Field)   { f.Group = "more" }

func fields() []channels.Field {
	asks := []string{"off", "optional", "required"}
	return []channels.Field{
		field("allowed_origins", "list", "Sites that may show the chat", "سایت‌هایی که گفتگو را نشان می‌دهند", required,
			help("One origin a line, exactly as the browser shows it: https://shop.example",
				"هر خط یک نشانی، درست همان‌طور که مرورگر نشان می‌دهد: https://shop.example")),
		field("title", "text", "Title", "عنوان", help("Stands at the top of the chat window.", "بالای پنجره‌ی گفتگو دیده می‌شود.")),
		field("welcome", "text", "Welcome text", "متن خوشامد", help("The first thing a visitor reads.", "نخستین چیزی که بازدیدکننده می‌خواند.")),
		field("launcher", "text", "Text on the button", "نوشته‌ی دکمه", help("Empty: only the sign.", "خالی: تنها نشانه.")),
		field("title_fa", "text", "Title in Persian", "عنوان به فارسی", folded),
		field("welcome_fa", "text", "Welcome text in Persian", "متن خوشامد به فارسی", folded),
		field("launcher_fa", "text", "Text on the button in Persian", "نوشته‌ی دکمه به فارسی", folded),
		field("texts", "list", "Other texts", "متن‌های دیگر", folded,
			help("One a line, language.name: text. For example en.closed: We sleep until {0}. The names are in the documentation.",
				"هر خط یکی، به شکل زبان.نام: متن. برای نمونه fa.closed: تا {0} نیستیم. نام‌ها در مستندات است.")),

		field("color", "text", "Colour", "رنگ", preset(defaultColor), help("As #rrggbb.", "به شکل ‎#rrggbb.")),
		field("theme", "", "Light or dark", "روشن یا تیره", of("auto", "light", "dark"), folded,
			help("auto follows the visitor's system.", "auto: همان که دستگاه بازدیدکننده می‌خواهد.")),
		field("language", "", "Language", "زبان", of("auto", "en", "fa"),
			help("auto follows the page, then the browser.", "auto: زبان صفحه و سپس زبان مرورگر.")),
		field("position", "", "Side of the screen", "کدام سوی صفحه", of("auto", "right", "left"),
			help("auto: where lines end; right, in Persian left.", "auto: پایان سطر؛ راست، و در فارسی چپ.")),
		field("offset_x", "number", "Distance from the side, in pixels", "فاصله از کنار صفحه به پیکسل", preset(defaultOffset), folded),
		field("offset_y", "number", "Distance from the bottom, in pixels", "فاصله از پایین صفحه به پیکسل", preset(defaultOffset), folded),

		field("ask_name", "", "Ask for the name", "پرسیدن نام", of(asks...),
			help("Required: before the first message. What visitors type is shown to agents and never taken for proof.",
				"required: پیش از نخستین پیام. نوشته‌ی بازدیدکننده به کارشناس نشان داده می‌شود و هرگز مدرک شمرده نمی‌شود.")),
		field("ask_email", "", "Ask for the email", "پرسیدن ایمیل", of(asks...)),
		field("ask_phone", "", "Ask for the phone number", "پرسیدن شماره‌ی تلفن", of(asks...), folded),
		field("ask_question", "", "Ask for the question", "پرسیدن موضوع", of(asks...), folded,
			help("It is sent as the first message.", "همچون نخستین پیام فرستاده می‌شود.")),

		field("hours", "list", "Opening hours", "ساعت‌های کار",
			help("One line for each group of days: sat-wed 09:00-13:00, 14:00-17:30. Empty: always. Messages are taken at any hour.",
				"هر خط یک گروه از روزها: sat-wed 09:00-13:00, 14:00-17:30. خالی: همیشه. پیام در هر ساعتی پذیرفته می‌شود.")),
		field("hours_zone", "text", "Time zone of the hours", "منطقه‌ی زمانی ساعت‌ها", help("For example Asia/Tehran.", "برای نمونه Asia/Tehran.")),
		field("closed_days", "list", "Closed days", "روزهای تعطیل", folded,
			help("A date a line: 2026-12-25, 12-25 for each year, 2026-03-20..2026-04-02, or in the Iranian calendar 1405-01-13.",
				"هر خط یک تاریخ: 1405-01-13، یا 2026-12-25، یا 12-25 برای هر سال، یا از تا: 1405-01-01..1405-01-13.")),

		field("files", "bool", "Visitors may send files", "بازدیدکننده می‌تواند فایل بفرستد", preset(true)),
		field("sound", "bool", "Sound for new answers", "صدا برای پاسخ تازه", preset(true), folded,
			help("Visitors can mute it.", "بازدیدکننده می‌تواند آن را ببندد.")),
		field("rating", "bool", "Ask for a rating at the end", "نظرخواهی در پایان", preset(true), folded),
		field("later", "bool", "Who waits may ask to be answered elsewhere", "کسی که منتظر است می‌تواند پاسخ را جای دیگر بخواهد", preset(true), folded,
			help("By mail, SMS or Telegram, where there are such accounts; the place in line is kept.",
				"با ایمیل، پیامک یا تلگرام، اگر چنین حسابی باشد؛ نوبت محفوظ می‌ماند.")),
		field("visits", "", "Log the pages that visitors look at", "ثبت صفحه‌هایی که بازدیدکننده می‌بیند", of("off", "ask", "on"), folded,
			help("ask: only after the visitor agreed. on: the site has the visitor's consent already.",
				"ask: تنها پس از موافقت بازدیدکننده. on: سایت خود موافقت گرفته است.")),
		field("visits_query", "bool", "Keep what follows ? in their addresses", "نگه داشتن آنچه پس از ؟ در نشانی می‌آید", preset(false), folded),

		field("identity_secret", "secret", "Secret for signed-in visitors", "رمز برای بازدیدکنندگان واردشده", folded,
			help("At least 32 characters, known to your site's server and to the hub only. With it the site signs who its visitor is.",
				"دست‌کم ۳۲ نویسه، که تنها سرور سایت و این سامانه می‌دانند. سایت با آن امضا می‌کند که بازدیدکننده کیست.")),
		field("messages_per_minute", "number", "Messages of one visitor a minute", "پیام‌های هر بازدیدکننده در دقیقه", preset(defaultMessages), folded),
		field("sessions_per_minute", "number", "New visitors from one network address a minute", "بازدیدکننده‌های تازه از هر نشانی شبکه در دقیقه", preset(defaultSessions), folded),
	}
}
