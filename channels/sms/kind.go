package sms

import (
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/nyaruka/phonenumbers"

	"tamas/channels"
)

// pace is what tests make faster.
type pace struct {
	look  time.Duration // between looks at the provider
	grace time.Duration // how long the webhook has before the list is believed to know better
}

// Kind is the channel's entry in the table of kinds.
func Kind() channels.Kind { return kind(pace{look: time.Minute, grace: 30 * time.Second}) }

func kind(p pace) channels.Kind {
	return channels.Kind{
		Name:  "sms",
		Label: channels.Text{EN: "SMS", FA: "پیامک"},
		Fields: []channels.Field{
			{Key: "provider", Type: "choice", Choices: []string{"twilio", "generic"}, Required: true, Default: "twilio",
				Label: channels.Text{EN: "Provider", FA: "سرویس‌دهنده"},
				Help:  channels.Text{EN: "Generic: any gateway that speaks the documented JSON protocol.", FA: "«generic»: هر درگاهی که پروتکل JSON مستند را می‌داند."}},
			{Key: "number", Type: "text", Required: true,
				Label: channels.Text{EN: "Own number", FA: "شمارهٔ خط"},
				Help:  channels.Text{EN: "The number that customers write to, like +982100000000; with Twilio also a Messaging Service (MG…).", FA: "شماره‌ای که مشتری به آن پیامک می‌زند، مانند ‎+982100000000؛ برای Twilio شناسهٔ MG… هم می‌شود."}},
			{Key: "region", Type: "text",
				Label: channels.Text{EN: "Country", FA: "کشور"},
				Help:  channels.Text{EN: "Two letters, like IR: for customers' numbers without a country code.", FA: "دو حرف، مانند IR: برای شماره‌های بدون پیش‌شمارهٔ کشور."}},
			{Key: "account_sid", Type: "text",
				Label: channels.Text{EN: "Twilio: Account SID", FA: "Twilio: شناسهٔ حساب"}},
			{Key: "auth_token", Type: "secret",
				Label: channels.Text{EN: "Twilio: Auth Token", FA: "Twilio: توکن"}},
			{Key: "api_url", Type: "text",
				Label: channels.Text{EN: "Twilio: API address", FA: "Twilio: نشانی API"},
				Help:  channels.Text{EN: "Empty is https://api.twilio.com.", FA: "خالی یعنی https://api.twilio.com."}},
			{Key: "webhook_url", Type: "text",
				Label: channels.Text{EN: "Twilio: webhook as Twilio calls it", FA: "Twilio: نشانی وب‌هوک از دید Twilio"},
				Help:  channels.Text{EN: "Only when it differs from the address shown here.", FA: "فقط اگر با نشانی نمایش‌داده‌شده فرق دارد."}},
			{Key: "send_url", Type: "text",
				Label: channels.Text{EN: "Generic: gateway's address", FA: "generic: نشانی درگاه"}},
			{Key: "secret", Type: "secret",
				Label: channels.Text{EN: "Generic: shared secret", FA: "generic: رمز مشترک"},
				Help:  channels.Text{EN: "At least 16 characters.", FA: "دست‌کم ۱۶ نویسه."}},
		},
		Limits: channels.Limits{TextLength: 1600, Segments: true},
		Weight: 1,
		Open:   func(c channels.Config) (channels.Adapter, error) { return open(c, p) },
	}
}

type settings struct {
	Provider   string `json:"provider"`
	Number     string `json:"number"`
	Region     string `json:"region"`
	AccountSID string `json:"account_sid"`
	AuthToken  string `json:"auth_token"`
	APIURL     string `json:"api_url"`
	WebhookURL string `json:"webhook_url"`
	SendURL    string `json:"send_url"`
	Secret     string `json:"secret"`
}

// account is what both providers share.
type account struct {
	set    settings
	desk   channels.Desk
	log    *slog.Logger
	pace   pace
	client *http.Client
	hook   string // where the hub is called, ending in "/"; "" when its public address is unknown

	mu    sync.Mutex
	heard time.Time // when the webhook's health was last reported
}

var sidShape = regexp.MustCompile(`^AC[0-9a-f]{32}$`)

func fault(field, reason string) error { return &channels.FieldError{Field: field, Reason: reason} }

func open(c channels.Config, p pace) (channels.Adapter, error) {
	a := account{desk: c.Desk, log: c.Log, pace: p}
	if err := channels.Decode(c.Settings, &a.set); err != nil {
		return nil, err
	}
	set := &a.set
	for _, s := range []*string{&set.Number, &set.Region, &set.AccountSID, &set.AuthToken, &set.APIURL, &set.WebhookURL, &set.SendURL} {
		*s = strings.TrimSpace(*s)
	}
	set.Region = strings.ToUpper(set.Region)
	if set.Region != "" && !phonenumbers.GetSupportedRegions()[set.Region] {
		return nil, fault("region", "two letters of a country are needed, like IR or DE")
	}
	if c.PublicURL != "" {
		a.hook = strings.TrimRight(c.PublicURL, "/") + "/hooks/" + c.ID + "/"
	}
	client := http.Client{}
	if c.Client != nil {
		client = *c.Client
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	a.client = &client

	switch {
	case set.Provider == "":
		return nil, fault("provider", "the provider is needed: twilio or generic")
	case set.Provider != "twilio" && set.Provider != "generic":
		return nil, fault("provider", `must be "twilio" or "generic"`)
	case set.Number == "":
		return nil, fault("number", "the number that customers write to is needed")
	case len(set.Number) > channels.MaxKey:
		return nil, fault("number", "this is no number")
	case set.Provider == "generic" && !address(set.SendURL):
		return nil, fault("send_url", "the gateway's address is needed, like https://sms.example.com/send")
	case set.Provider == "generic" && len(set.Secret) < 16:
		return nil, fault("secret", "a secret of at least 16 characters is needed")
	case set.Provider == "generic":
		return &generic{account: &a, key: []byte(set.Secret)}, nil
	case !sidShape.MatchString(set.AccountSID):
		return nil, fault("account_sid", "the Account SID is needed; it stands in the Twilio console and begins with AC")
	case set.AuthToken == "":
		return nil, fault("auth_token", "the Auth Token is needed; it stands in the Twilio console")
	case set.APIURL != "" && !address(set.APIURL):
		return nil, fault("api_url", "an address like https://api.twilio.com is needed")
	case set.WebhookURL != "" && !address(set.WebhookURL):
		return nil, fault("webhook_url", "an address like https://hub.example.com/hooks/… is needed")
	}
	set.Number, _ = Normalise(set.Number, set.Region)
	if set.APIURL == "" {
		set.APIURL = "https://api.twilio.com"
	}
	set.APIURL = strings.TrimRight(set.APIURL, "/")
	return &twilio{account: &a, base: set.APIURL + "/2010-04-01/Accounts/" + set.AccountSID, seen: map[string]time.Time{}}, nil
}

func address(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

// hear reports that the provider was heard, at most once a second.
func (a *account) hear() {
	now := time.Now()
	a.mu.Lock()
	due := now.Sub(a.heard) >= time.Second
	if due {
		a.heard = now
	}
	a.mu.Unlock()
	if due {
		a.desk.Health(channels.Health{State: "connected", HeardAt: now})
	}
}
