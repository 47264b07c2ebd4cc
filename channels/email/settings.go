package email

//lint:file-ignore ST1018 Persian is written with zero-width non-joiners.

import "tamas/channels"

// Settings of an email account, as JSON.
type Settings struct {
	Address  string `json:"address"`   // the mailbox's own address, the sender of replies
	FromName string `json:"from_name"` // shown as sender beside the address; Outbound.From stands before it

	Auth         string   `json:"auth"`     // "password", or tokens: "google", "microsoft", "oauth2"
	Username     string   `json:"username"` // "": Address
	Password     string   `json:"password"` // auth=password
	ClientID     string   `json:"client_id"`
	ClientSecret string   `json:"client_secret"`
	RefreshToken string   `json:"refresh_token"` // "": with microsoft and oauth2 the program itself is who logs in (client credentials)
	Tenant       string   `json:"tenant"`        // auth=microsoft; "": common
	TokenURL     string   `json:"token_url"`     // auth=oauth2
	Scopes       []string `json:"scopes"`        // auth=oauth2

	IMAPHost     string   `json:"imap_host"`     // receiving
	IMAPPort     int      `json:"imap_port"`     // 0: 993 with TLS, else 143
	IMAPSecurity string   `json:"imap_security"` // "tls", "starttls" or "none"
	Folders      []string `json:"folders"`       // none: Mailbox
	PollSeconds  int      `json:"poll_seconds"`  // how often folders without IDLE are looked at; 0: 60
	Afterwards   string   `json:"afterwards"`    // what becomes of a mail that is recorded: "leave", "seen", "move"
	MoveTo       string   `json:"move_to"`       // afterwards=move

	SMTPHost     string `json:"smtp_host"` // sending
	SMTPPort     int    `json:"smtp_port"` // 0: 465 with TLS, else 587
	SMTPSecurity string `json:"smtp_security"`
	SMTPUsername string `json:"smtp_username"` // "": Username; "-": no login
	SMTPPassword string `json:"smtp_password"` // "": Password
	PerMinute    int    `json:"per_minute"`    // mails sent in a minute at most; 0: not bounded
	CopyToSent   bool   `json:"copy_to_sent"`
	SentFolder   string `json:"sent_folder"` // "": the one that the server says it is

	Plus           bool     `json:"plus_addressing"`
	Together       bool     `json:"together"`        // a mail to several of our accounts is one conversation
	FormSenders    []string `json:"form_senders"`    // addresses of web forms, whose Reply-To names the customer
	BlockedSenders []string `json:"blocked_senders"` // addresses, and @domains, whose mail wakes nobody
	AuthServ       string   `json:"authserv_id"`     // our own server's name in Authentication-Results; "": these are not believed
	Unencrypted    bool     `json:"unencrypted"`     // consent to security "none" beyond this machine
	CA             []string `json:"ca"`              // PEM lines of a certificate authority of one's own

	// Of accounts from before Folders and Config.Since.
	Mailbox    string `json:"mailbox"`
	ImportDays int    `json:"import_days"`
}

const (
	byPassword  = "password"
	byGoogle    = "google"
	byMicrosoft = "microsoft"
	byOAuth2    = "oauth2"

	leave    = "leave"
	markSeen = "seen"
	moveAway = "move"

	more = "more"
)

// Kind is the email channel.
func Kind() channels.Kind {
	security := []string{"tls", "starttls", "none"}
	return channels.Kind{
		Name:   "email",
		Label:  channels.Text{EN: "Email", FA: "ایمیل"},
		Weight: 1,
		Import: true,
		Limits: limits(),
		Open:   Open,

		StartThread:  startThread,
		OwnAddresses: ownAddresses,
		Fields: []channels.Field{
			{Key: "address", Type: "text", Required: true, Label: channels.Text{EN: "Address", FA: "نشانی"},
				Help: channels.Text{EN: "The mailbox's own address, such as support@example.com.", FA: "نشانی خودِ صندوق، مانند support@example.com."}},
			{Key: "from_name", Type: "text", Label: channels.Text{EN: "Sender name", FA: "نام فرستنده"}},
			{Key: "auth", Type: "choice", Choices: []string{byPassword, byGoogle, byMicrosoft, byOAuth2}, Default: byPassword,
				Label: channels.Text{EN: "Login by", FA: "ورود با"},
				Help: channels.Text{EN: "A password (Gmail wants an app password), or tokens of Google, Microsoft 365 or another OAuth2 server.",
					FA: "گذرواژه (جیمیل گذرواژهٔ برنامه می‌خواهد)، یا توکن گوگل، مایکروسافت ۳۶۵ یا کارساز OAuth2 دیگر."}},
			{Key: "password", Type: "secret", When: "auth=password", Label: channels.Text{EN: "Password", FA: "گذرواژه"},
				Help: channels.Text{EN: "Gmail, Yahoo and iCloud want an app password here, not the account's own.", FA: "جیمیل، یاهو و آی‌کلود اینجا گذرواژهٔ برنامه می‌خواهند، نه گذرواژهٔ خود حساب."}},
			{Key: "client_id", Type: "text", When: "auth=google,microsoft,oauth2", Label: channels.Text{EN: "Client ID", FA: "شناسهٔ کارخواه (Client ID)"}},
			{Key: "client_secret", Type: "secret", When: "auth=google,microsoft,oauth2", Label: channels.Text{EN: "Client secret", FA: "رمز کارخواه (Client secret)"}},
			{Key: "refresh_token", Type: "secret", When: "auth=google,microsoft,oauth2", Label: channels.Text{EN: "Refresh token", FA: "توکن تازه‌سازی (Refresh token)"},
				Help: channels.Text{EN: "Empty for Microsoft 365 when the program itself was given the mailbox (app-only access).",
					FA: "برای مایکروسافت ۳۶۵ خالی، اگر دسترسی به خودِ برنامه داده شده است (app-only)."}},
			{Key: "tenant", Type: "text", When: "auth=microsoft", Label: channels.Text{EN: "Directory (tenant) ID", FA: "شناسهٔ دایرکتوری (tenant)"}},
			{Key: "token_url", Type: "text", When: "auth=oauth2", Label: channels.Text{EN: "Token endpoint", FA: "نشانی دریافت توکن"}},
			{Key: "scopes", Type: "list", When: "auth=oauth2", Label: channels.Text{EN: "Scopes", FA: "دامنه‌های دسترسی (scopes)"}},

			{Key: "imap_host", Type: "text", When: "auth=password,oauth2", Label: channels.Text{EN: "IMAP server", FA: "کارساز IMAP"}},
			{Key: "smtp_host", Type: "text", When: "auth=password,oauth2", Label: channels.Text{EN: "SMTP server", FA: "کارساز SMTP"}},
			{Key: "folders", Type: "list", Default: []string{"INBOX"}, Label: channels.Text{EN: "Folders", FA: "پوشه‌ها"},
				Help: channels.Text{EN: "From which mail is taken, one a line.", FA: "پوشه‌هایی که نامه از آن‌ها گرفته می‌شود، هر خط یکی."}},
			{Key: "afterwards", Type: "choice", Choices: []string{leave, markSeen, moveAway}, Default: leave, Label: channels.Text{EN: "Mail that is recorded", FA: "نامهٔ ثبت‌شده"},
				Help: channels.Text{EN: "leave: as it is; seen: marked as read; move: to the folder named below. Nothing is ever deleted.",
					FA: "leave: همان که هست؛ seen: خوانده‌شده؛ move: به پوشهٔ زیر. هیچ‌گاه چیزی پاک نمی‌شود."}},
			{Key: "move_to", Type: "text", When: "afterwards=move", Label: channels.Text{EN: "Move to folder", FA: "انتقال به پوشهٔ"}},
			{Key: "copy_to_sent", Type: "bool", Default: false, Label: channels.Text{EN: "Put a copy of replies into the Sent folder", FA: "رونوشت پاسخ‌ها در پوشهٔ ارسالی"},
				Help: channels.Text{EN: "Gmail and Microsoft 365 do so by themselves: leave it off there.", FA: "جیمیل و مایکروسافت ۳۶۵ خودشان این کار را می‌کنند: آنجا خاموش بماند."}},
			{Key: "plus_addressing", Type: "bool", Default: false, Label: channels.Text{EN: "Replies to a plus-address", FA: "پاسخ به نشانیِ مثبت‌دار"},
				Help: channels.Text{
					EN: "Replies go to address+token@…, which finds their conversation even when a mailer drops its references. The server must deliver such addresses to this mailbox.",
					FA: "پاسخ‌ها به address+token@… می‌روند تا گفت‌وگو حتی بی ارجاع‌ها پیدا شود. کارساز باید چنین نشانی‌هایی را به همین صندوق برساند."}},
			{Key: "together", Type: "bool", Default: false, Label: channels.Text{EN: "A mail to several of our mailboxes is one conversation", FA: "نامه به چند صندوق ما یک گفت‌وگوست"},
				Help: channels.Text{EN: "Each mailbox still logs its own touch. To be on in each of them.", FA: "هر صندوق باز تماسِ خود را ثبت می‌کند. باید در همهٔ آن‌ها روشن باشد."}},

			{Key: "imap_security", Type: "choice", Choices: security, Default: "tls", Group: more, Label: channels.Text{EN: "IMAP encryption", FA: "رمزگذاری IMAP"}},
			{Key: "imap_port", Type: "number", Default: 993, Group: more, Label: channels.Text{EN: "IMAP port", FA: "درگاه IMAP"}},
			{Key: "smtp_security", Type: "choice", Choices: security, Default: "starttls", Group: more, Label: channels.Text{EN: "SMTP encryption", FA: "رمزگذاری SMTP"}},
			{Key: "smtp_port", Type: "number", Default: 587, Group: more, Label: channels.Text{EN: "SMTP port", FA: "درگاه SMTP"}},
			{Key: "unencrypted", Type: "bool", Default: false, Group: more, Label: channels.Text{EN: "Allow the encryption “none”", FA: "اجازهٔ رمزگذاری «none»"},
				Help: channels.Text{EN: "Then everybody on the way can read the mail and the password.", FA: "آنگاه هر که در راه است نامه و گذرواژه را می‌خواند."}},
			{Key: "username", Type: "text", Group: more, Label: channels.Text{EN: "User name", FA: "نام کاربری"},
				Help: channels.Text{EN: "When it is not the address.", FA: "اگر همان نشانی نیست."}},
			{Key: "smtp_username", Type: "text", Group: more, Label: channels.Text{EN: "SMTP user name", FA: "نام کاربری SMTP"},
				Help: channels.Text{EN: "When it differs; “-” sends without a login.", FA: "اگر متفاوت است؛ «-» یعنی بدون ورود."}},
			{Key: "smtp_password", Type: "secret", When: "auth=password", Group: more, Label: channels.Text{EN: "SMTP password", FA: "گذرواژهٔ SMTP"},
				Help: channels.Text{EN: "When it differs.", FA: "اگر متفاوت است."}},
			{Key: "per_minute", Type: "number", Default: 0, Group: more, Label: channels.Text{EN: "Mails sent in a minute, at most", FA: "بیشترین ارسال در دقیقه"},
				Help: channels.Text{EN: "0: as many as the server takes.", FA: "۰: هر چه کارساز بپذیرد."}},
			{Key: "poll_seconds", Type: "number", Default: 60, Group: more, Label: channels.Text{EN: "Look for mail every … seconds", FA: "جست‌وجوی نامه هر … ثانیه"},
				Help: channels.Text{EN: "For servers without IDLE, and for folders beyond the first.", FA: "برای کارسازهای بدون IDLE و پوشه‌های پس از نخستین."}},
			{Key: "sent_folder", Type: "text", Group: more, Label: channels.Text{EN: "Sent folder", FA: "پوشهٔ ارسالی"},
				Help: channels.Text{EN: "Empty: the one that the server marks as such.", FA: "خالی: همان که کارساز نشان کرده است."}},
			{Key: "form_senders", Type: "list", Group: more, Label: channels.Text{EN: "Web form senders", FA: "فرستنده‌های فرم وب"},
				Help: channels.Text{EN: "Addresses from which web forms write: there the customer is who Reply-To names.", FA: "نشانی‌هایی که فرم‌های وب از آن‌ها می‌فرستند: آنجا مشتری همان Reply-To است."}},
			{Key: "blocked_senders", Type: "list", Group: more, Label: channels.Text{EN: "Blocked senders", FA: "فرستنده‌های مسدود"},
				Help: channels.Text{EN: "Addresses and @domains, one a line: their mail is recorded as spam and wakes nobody.", FA: "نشانی‌ها و @دامنه‌ها، هر خط یکی: نامه‌شان هرزنامه ثبت می‌شود و کسی را خبر نمی‌کند."}},
			{Key: "authserv_id", Type: "text", Group: more, Label: channels.Text{EN: "Own name in Authentication-Results", FA: "نام خودی در Authentication-Results"},
				Help: channels.Text{EN: "The name (authserv-id) that your mail server writes there, such as mx.example.com: a failed DMARC then counts as spam.",
					FA: "نامی (authserv-id) که کارساز ایمیل شما آنجا می‌نویسد، مانند mx.example.com: آنگاه DMARC ناموفق هرزنامه شمرده می‌شود."}},
			{Key: "ca", Type: "list", Group: more, Label: channels.Text{EN: "Own certificate authority (PEM)", FA: "مرجع گواهی خودی (PEM)"}},
		},
	}
}

// limits: files of 18 MB make a mail of 25 MB, which is what most servers take.
func limits() channels.Limits {
	return channels.Limits{Subject: true, Recipients: true, Files: &channels.FileLimits{MaxSize: 18 << 20, Most: 20}}
}
