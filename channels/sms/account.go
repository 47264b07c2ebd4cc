package sms

import (
	"log/slog"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/nyaruka/phonenumbers"

	"tamas/channels"
	"tamas/channels/provider"
)

type settings struct {
	Provider  string  `json:"provider"`
	Number    string  `json:"number"`
	Region    string  `json:"region"`
	APIURL    string  `json:"api_url"`
	PerSecond float64 `json:"per_second"`

	AccountSID   string `json:"account_sid"`
	AuthToken    string `json:"auth_token"`
	ServiceSID   string `json:"service_sid"`
	APIKey       string `json:"api_key"`
	APIKeySecret string `json:"api_key_secret"`
	WebhookURL   string `json:"webhook_url"`

	VonageKey       string `json:"vonage_key"`
	VonageSecret    string `json:"vonage_secret"`
	VonageSignature string `json:"vonage_signature"`

	KavenegarKey string `json:"kavenegar_key"`
	HookToken    string `json:"hook_token"`

	SendURL string `json:"send_url"`
	Secret  string `json:"secret"`
	Auth    string `json:"auth"`

	Answers       string   `json:"answers"`
	StopWords     []string `json:"stop_words"`
	StartWords    []string `json:"start_words"`
	HelpWords     []string `json:"help_words"`
	StopAnswer    string   `json:"stop_answer"`
	StopAnswerFA  string   `json:"stop_answer_fa"`
	StartAnswer   string   `json:"start_answer"`
	StartAnswerFA string   `json:"start_answer_fa"`
	HelpAnswer    string   `json:"help_answer"`
	HelpAnswerFA  string   `json:"help_answer_fa"`
}

// account is what the providers share.
type account struct {
	set     settings
	id      string
	desk    channels.Desk
	log     *slog.Logger
	pace    pace
	api     *provider.Client
	words   words
	hook    string // where the hub is called, ending in "/"; "" when its public address is unknown
	proxies []netip.Prefix
	since   time.Time       // Config.Since
	rate    float64         // messages a second; 0: as fast as it goes
	polls   channels.Health // why messages are fetched alone, and what to do about it

	mu    sync.Mutex
	heard time.Time            // when the webhook's health was last reported
	seen  map[string]time.Time // messages handed over by this node, forgotten after a while
}

// Pace implements channels.Pacer.
func (a *account) Pace() channels.Pace {
	rate := a.rate
	if a.set.PerSecond > 0 {
		rate = a.set.PerSecond
	}
	return channels.Pace{PerSecond: rate}
}

func fault(field, reason string) error { return &channels.FieldError{Field: field, Reason: reason} }

// open makes the adapter of the provider that the settings name.
func open(c channels.Config, p pace) (channels.Adapter, error) {
	a := &account{id: c.ID, desk: c.Desk, log: c.Log, pace: p, proxies: c.Proxies, since: c.Since, seen: map[string]time.Time{}}
	if err := channels.Decode(c.Settings, &a.set); err != nil {
		return nil, err
	}
	set := &a.set
	for _, s := range []*string{&set.Number, &set.Region, &set.AccountSID, &set.AuthToken, &set.ServiceSID, &set.APIKey, &set.APIKeySecret,
		&set.APIURL, &set.WebhookURL, &set.VonageKey, &set.VonageSecret, &set.VonageSignature, &set.KavenegarKey, &set.HookToken, &set.SendURL} {
		*s = strings.TrimSpace(*s)
	}
	set.Region, set.APIURL = strings.ToUpper(set.Region), strings.TrimRight(set.APIURL, "/")
	if c.PublicURL != "" {
		a.hook = strings.TrimRight(c.PublicURL, "/") + "/hooks/" + c.ID + "/"
	}
	a.polls = channels.Health{Detail: "The hub's public address is unknown, so messages are fetched each minute instead of arriving at once", Do: "Start the hub with --public-url."}
	switch {
	case set.Region != "" && !phonenumbers.GetSupportedRegions()[set.Region]:
		return nil, fault("region", "two letters of a country are needed, like IR or DE")
	case set.Number == "":
		return nil, fault("number", "the number that customers write to is needed")
	case len(set.Number) > channels.MaxKey:
		return nil, fault("number", "this is no number")
	case set.APIURL != "" && !address(set.APIURL):
		return nil, fault("api_url", "an address like https://api.example.com is needed")
	case set.PerSecond < 0 || set.PerSecond > 10_000:
		return nil, fault("per_second", "a number of messages is needed, like 1 or 0.5")
	case set.Answers != "" && set.Answers != "auto" && set.Answers != "on" && set.Answers != "off":
		return nil, fault("answers", `must be "auto", "on" or "off"`)
	}
	a.words = wordsOf(*set)
	client := func(name string, secrets ...string) {
		a.api = provider.New(name, c.Client, secrets...)
		a.api.MaxAnswer = 16 << 20 // a page of a thousand messages
	}
	switch set.Provider {
	case "twilio":
		client("Twilio", set.AuthToken, set.APIKeySecret)
		return openTwilio(a)
	case "vonage":
		client("Vonage", set.VonageSecret, set.VonageSignature)
		return openVonage(a)
	case "kavenegar":
		client("Kavenegar", set.KavenegarKey, set.HookToken)
		return openKavenegar(a)
	case "generic":
		client("The gateway", set.Secret)
		return openGeneric(a)
	case "":
		return nil, fault("provider", "the provider is needed: twilio, vonage, kavenegar or generic")
	}
	return nil, fault("provider", `must be "twilio", "vonage", "kavenegar" or "generic"`)
}

var (
	sidShape     = regexp.MustCompile(`^AC[0-9a-f]{32}$`)
	keyShape     = regexp.MustCompile(`^SK[0-9a-f]{32}$`)
	serviceShape = regexp.MustCompile(`^MG[0-9a-f]{32}$`)
	tokenShape   = regexp.MustCompile(`^[A-Za-z0-9_-]{16,128}$`)
)

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
