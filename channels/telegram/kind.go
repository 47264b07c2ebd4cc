package telegram

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-telegram/bot/models"

	"tamas/channels"
)

// pace is what tests make faster.
type pace struct {
	poll   time.Duration // of one long poll; whole seconds
	info   time.Duration // between looks at the webhook's state
	retry  time.Duration // the first pause after a refused Receive or a failed part of a message; doubles
	album  time.Duration // for the rest of an album; Telegram gives a call that repeats its offset within half a second one update
	part   time.Duration // between the parts of a long message
	giveUp time.Duration // after which a file that cannot be fetched is missing
}

// Kind is the channel's entry in the table of kinds.
func Kind() channels.Kind {
	return kind(pace{poll: 25 * time.Second, info: 30 * time.Second, retry: 200 * time.Millisecond,
		album: 700 * time.Millisecond, part: time.Second, giveUp: 10 * time.Minute})
}

func kind(p pace) channels.Kind {
	return channels.Kind{
		Name:         "telegram",
		Label:        channels.Text{EN: "Telegram", FA: "تلگرام"},
		TellsWaiting: true,
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
			{Key: "groups", Type: "choice", Choices: []string{"no", "addressed", "all"}, Default: "no", Group: "more",
				Label: channels.Text{EN: "Groups", FA: "گروه‌ها"},
				Help: channels.Text{EN: "“addressed”: commands, mentions of the bot and answers to it. “all” needs the privacy mode off: /setprivacy at @BotFather. All members read the answers.",
					FA: "«addressed»: فرمان‌ها، نام‌بردن از ربات و پاسخ به آن. «all» به خاموش بودن حالت حریم خصوصی نیاز دارد: ‎/setprivacy نزد ‎@BotFather. پاسخ‌ها را همهٔ اعضا می‌خوانند."}},
			{Key: "api_url", Type: "text", Group: "more",
				Label: channels.Text{EN: "Bot API server", FA: "سرور Bot API"},
				Help:  channels.Text{EN: "Only for a server of your own; empty is api.telegram.org.", FA: "فقط برای سرور شخصی؛ خالی یعنی api.telegram.org."}},
		},
		Limits: channels.Limits{
			TextLength: maxParts * maxText, NoReplyTo: true, Quotes: true, Edits: true,
			Files: &channels.FileLimits{MaxSize: maxUpload, Most: maxAlbum, Caption: maxCaption},
		},
		Weight:      1,
		Pace:        channels.Pace{PerSecond: 25, Burst: 5, PerThread: 1},
		StartThread: startThread,
		Open:        func(c channels.Config) (channels.Adapter, error) { return open(c, p) },
	}
}

type settings struct {
	Token    string `json:"token"`
	Mode     string `json:"mode"`
	TakeOver bool   `json:"take_over"`
	Groups   string `json:"groups"`
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
	api    *api
	reader reader
	hook   string // address of the webhook; "" in polling mode
	secret string // what Telegram proves itself with at the webhook
	linked []byte // the key of start links

	me     atomic.Pointer[models.User] // nil: not asked yet
	albums *memory[string, string]     // album → provider id of its message
	homes  *memory[int64, int64]       // supergroup → the group that it was
	moves  *memory[int64, int64]       // group → the supergroup that it is now
	away   *memory[string, time.Time]  // file → since when it cannot be fetched
	fileID *memory[string, string]     // blob and kind → file_id of what was sent before
	begun  *memory[string, [][]string] // message → ids of its parts that were sent, when it failed halfway
	typed  *memory[string, time.Time]  // thread → when its customer was last shown typing
	spent  *memory[int64, []time.Time] // group → when it was written to in the last minute

	mu     sync.Mutex
	heard  time.Time // when the webhook's health was last reported
	slowed int64     // the chat of the last 429
	until  time.Time // and how long it stands
}

var (
	_ channels.Adapter  = (*adapter)(nil)
	_ channels.Webhook  = (*adapter)(nil)
	_ channels.Typist   = (*adapter)(nil)
	_ channels.Linker   = (*adapter)(nil)
	_ channels.Verifier = (*adapter)(nil)
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

	switch set.Groups {
	case "", "no", "addressed", "all":
	default:
		return nil, &channels.FieldError{Field: "groups", Reason: `must be "no", "addressed" or "all"`}
	}

	a := &adapter{id: c.ID, set: set, desk: c.Desk, log: c.Log, pace: p,
		secret: hex.EncodeToString(keyed(c.Secret, "telegram webhook")), linked: keyed(c.Secret, "telegram start link"),
		albums: newMemory[string, string](1000), homes: newMemory[int64, int64](1000), moves: newMemory[int64, int64](1000),
		away: newMemory[string, time.Time](1000), fileID: newMemory[string, string](1000), begun: newMemory[string, [][]string](1000),
		typed: newMemory[string, time.Time](1000), spent: newMemory[int64, []time.Time](1000)}
	a.reader = reader{groups: set.Groups, known: a.customerOf,
		bot: func() models.User {
			if me := a.me.Load(); me != nil {
				return *me
			}
			return models.User{}
		},
		first: func(album string) string { id, _ := a.albums.get(album); return id }}
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

	a.api = newAPI(set.APIURL, set.Token, c.Client, p.poll)
	return a, nil
}

// keyed derives a key for one purpose.
func keyed(secret []byte, purpose string) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(purpose))
	return mac.Sum(nil)
}

// hookPath is the path below the public address at which an account's webhook stands.
func hookPath(id string) string { return "/hooks/" + id + "/" }
