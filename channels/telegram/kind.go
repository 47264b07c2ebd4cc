package telegram

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/go-telegram/bot"

	"tamas/channels"
)

// pace is what tests make faster.
type pace struct {
	poll  time.Duration // of one long poll; whole seconds
	info  time.Duration // between looks at the webhook's state
	retry time.Duration // the first pause after a refused Receive or a failed part of a message; doubles
}

// Kind is the channel's entry in the table of kinds.
func Kind() channels.Kind {
	return kind(pace{poll: 25 * time.Second, info: 30 * time.Second, retry: 200 * time.Millisecond})
}

func kind(p pace) channels.Kind {
	return channels.Kind{
		Name:  "telegram",
		Label: channels.Text{EN: "Telegram", FA: "تلگرام"},
		Fields: []channels.Field{
			{Key: "token", Type: "secret", Required: true,
				Label: channels.Text{EN: "Bot token", FA: "توکن ربات"},
				Help:  channels.Text{EN: "From @BotFather, like 123456789:AAF…", FA: "از ‎@BotFather بگیرید؛ مانند ‎123456789:AAF…"}},
			{Key: "mode", Type: "choice", Choices: []string{"polling", "webhook"}, Default: "polling",
				Label: channels.Text{EN: "Receiving", FA: "شیوهٔ دریافت"},
				Help:  channels.Text{EN: "Polling needs no public address. Webhook needs the hub's public https address.", FA: "«polling» نشانی عمومی نمی‌خواهد؛ «webhook» به نشانی عمومی https سامانه نیاز دارد."}},
			{Key: "take_over", Type: "bool", Default: false,
				Label: channels.Text{EN: "Take the bot over", FA: "گرفتن ربات از برنامهٔ دیگر"},
				Help:  channels.Text{EN: "Removes the webhook of another program that uses this bot.", FA: "وب‌هوک برنامهٔ دیگری را که از این ربات استفاده می‌کند برمی‌دارد."}},
			{Key: "api_url", Type: "text",
				Label: channels.Text{EN: "Bot API server", FA: "سرور Bot API"},
				Help:  channels.Text{EN: "Only for a server of your own; empty is api.telegram.org.", FA: "فقط برای سرور شخصی؛ خالی یعنی api.telegram.org."}},
		},
		Limits: channels.Limits{TextLength: maxText, NoReplyTo: true},
		Weight: 1,
		Open:   func(c channels.Config) (channels.Adapter, error) { return open(c, p) },
	}
}

type settings struct {
	Token    string `json:"token"`
	Mode     string `json:"mode"`
	TakeOver bool   `json:"take_over"`
	APIURL   string `json:"api_url"`
}

const officialAPI = "https://api.telegram.org"

var tokenShape = regexp.MustCompile(`^[0-9]{3,20}:[A-Za-z0-9_-]{30,100}$`)

// adapter is one bot.
type adapter struct {
	id     string
	set    settings
	desk   channels.Desk
	log    *slog.Logger
	pace   pace
	api    *bot.Bot
	http   *wire
	hook   string // address of the webhook; "" in polling mode
	secret string // what Telegram proves itself with at the webhook

	mu    sync.Mutex
	heard time.Time // when the webhook's health was last reported
}

var (
	_ channels.Adapter = (*adapter)(nil)
	_ channels.Webhook = (*adapter)(nil)
)

func open(c channels.Config, p pace) (*adapter, error) {
	var set settings
	if err := channels.Decode(c.Settings, &set); err != nil {
		return nil, err
	}
	set.Token = strings.TrimSpace(set.Token)
	if set.Token == "" {
		return nil, &channels.FieldError{Field: "token", Reason: "the bot's token is needed; @BotFather gives it"}
	}
	if !tokenShape.MatchString(set.Token) {
		return nil, &channels.FieldError{Field: "token", Reason: "this is no bot token; it looks like 123456789:AAF… and comes from @BotFather"}
	}
	local := set.APIURL != ""
	if !local {
		set.APIURL = officialAPI
	}
	u, err := url.Parse(set.APIURL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.User != nil {
		return nil, &channels.FieldError{Field: "api_url", Reason: "an address like https://bots.example.com is needed"}
	}
	set.APIURL = strings.TrimRight(set.APIURL, "/")

	a := &adapter{id: c.ID, set: set, desk: c.Desk, log: c.Log, pace: p}
	mac := hmac.New(sha256.New, c.Secret)
	mac.Write([]byte("telegram webhook"))
	a.secret = hex.EncodeToString(mac.Sum(nil))
	switch set.Mode {
	case "", "polling":
	case "webhook":
		public, err := url.Parse(c.PublicURL)
		switch {
		case c.PublicURL == "" || err != nil || public.Host == "":
			return nil, &channels.FieldError{Field: "mode", Reason: "a webhook needs the hub's public address, which is not known; set it, or choose polling"}
		case public.Scheme != "https" && !local:
			return nil, &channels.FieldError{Field: "mode", Reason: "Telegram calls webhooks over https only, and the hub's public address is not https"}
		}
		a.hook = strings.TrimRight(c.PublicURL, "/") + hookPath(c.ID)
	default:
		return nil, &channels.FieldError{Field: "mode", Reason: `must be "polling" or "webhook"`}
	}

	client := http.Client{}
	if c.Client != nil {
		client = *c.Client
	}
	client.Timeout = 0 // a long poll outlives what is right for other calls; every call has a bound of its own
	client.CheckRedirect = func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // the token stands in the path and goes nowhere else
	}
	a.http = &wire{client: &client, token: set.Token}
	a.api, err = bot.New(set.Token, bot.WithSkipGetMe(), bot.WithServerURL(set.APIURL),
		bot.WithHTTPClient(p.poll, a.http),
		bot.WithErrorsHandler(func(err error) { a.log.Debug("telegram library", "err", a.http.clean(err)) }))
	if err != nil {
		return nil, a.http.clean(err)
	}
	return a, nil
}

// hookPath is the path below the public address at which an account's webhook stands.
func hookPath(id string) string { return "/hooks/" + id + "/" }
