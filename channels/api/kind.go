package api

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"time"

	"tamas/channels"
	"tamas/channels/provider"
)

// pace is what tests make faster.
type pace struct {
	look  time.Duration // between looks whether the system is there
	pull  time.Duration // the least between two pulls; 0: as the settings say
	fetch time.Duration // that a webhook waits for the content of files
}

// Kind is the channel's entry in the table of kinds.
func Kind() channels.Kind { return kind(pace{look: time.Minute, fetch: time.Minute}) }

func kind(p pace) channels.Kind {
	return channels.Kind{
		Name:   "api",
		Label:  channels.Text{EN: "Own channel (API)", FA: "کانال دلخواه (API)"},
		Fields: fields,
		Limits: channels.Limits{TextLength: 4096, Quotes: true, Edits: true, Delivered: true, Read: true,
			Files: &channels.FileLimits{MaxSize: 100 << 20, Most: 10}},
		Weight: 1,
		Import: true, // by pull_url
		Open:   func(c channels.Config) (channels.Adapter, error) { return open(c, p) },

		StartThread: startThread,
	}
}

// startThread begins a conversation in the thread of the address, as an event without a thread of its own does.
func startThread(_ json.RawMessage, address string) (thread, normalised string, err error) {
	address = strings.TrimSpace(strings.ToValidUTF8(address, ""))
	switch {
	case address == "":
		return "", "", errors.New("the customer's address in your system is needed")
	case len(address) > channels.MaxKey || strings.HasPrefix(address, "*"):
		return "", "", errors.New("this cannot be an address")
	}
	return address, address, nil
}

var fields = []channels.Field{
	{Key: "send_url", Type: "text", Required: true,
		Label: channels.Text{EN: "Your system's address", FA: "نشانی سامانهٔ شما"},
		Help:  channels.Text{EN: "Agents' messages are posted there as signed JSON.", FA: "پیام‌های کارشناسان به صورت JSON امضاشده به آن فرستاده می‌شود."}},
	{Key: "secret", Type: "secret", Required: true,
		Label: channels.Text{EN: "Shared secret", FA: "رمز مشترک"},
		Help:  channels.Text{EN: "At least 16 characters, as `openssl rand -hex 32` makes them; both directions are signed with it.", FA: "دست‌کم ۱۶ نویسه، مانند خروجی «openssl rand -hex 32»؛ هر دو سو با آن امضا می‌شود."}},
	{Key: "old_secret", Type: "secret", Group: "more",
		Label: channels.Text{EN: "Old secret", FA: "رمز پیشین"},
		Help:  channels.Text{EN: "Still accepted from your system while you change the secret there.", FA: "تا زمان تعویض رمز در سامانهٔ شما همچنان پذیرفته می‌شود."}},
	{Key: "pull_url", Type: "text", Group: "more",
		Label: channels.Text{EN: "Address to fetch events from", FA: "نشانی گرفتن رویدادها"},
		Help:  channels.Text{EN: "For systems that cannot call the hub: it asks there for what is new.", FA: "برای سامانه‌ای که نمی‌تواند هاب را فراخواند: هاب رویدادهای تازه را از آن می‌پرسد."}},
	{Key: "pull_seconds", Type: "number", Default: 5, Group: "more",
		Label: channels.Text{EN: "Seconds between fetches", FA: "فاصلهٔ پرسیدن (ثانیه)"}},
	{Key: "list_url", Type: "text", Group: "more",
		Label: channels.Text{EN: "Address of the list of messages", FA: "نشانی فهرست پیام‌ها"},
		Help:  channels.Text{EN: "With it `tamas verify` can prove that nothing was missed.", FA: "با آن «tamas verify» ثابت می‌کند چیزی جا نمانده است."}},
	{Key: "file_urls", Type: "list", Group: "more",
		Label: channels.Text{EN: "Addresses of files in your own network", FA: "نشانی پرونده‌ها در شبکهٔ خودتان"},
		Help:  channels.Text{EN: "One beginning a line, like http://media.internal/. Files are otherwise fetched over https from public addresses only.", FA: "هر خط یک آغاز نشانی، مانند http://media.internal/. جز این‌ها پرونده‌ها تنها با https و از نشانی‌های عمومی گرفته می‌شود."}},
	{Key: "typing", Type: "bool", Group: "more",
		Label: channels.Text{EN: "Tell when an agent is typing", FA: "خبر دادن از نوشتن کارشناس"}},
	{Key: "per_second", Type: "number", Group: "more",
		Label: channels.Text{EN: "Messages a second", FA: "پیام در ثانیه"},
		Help:  channels.Text{EN: "At most. Empty: as fast as they are written.", FA: "حداکثر. خالی: به همان سرعتی که نوشته می‌شود."}},
}

type settings struct {
	SendURL     string   `json:"send_url"`
	Secret      string   `json:"secret"`
	OldSecret   string   `json:"old_secret"`
	PullURL     string   `json:"pull_url"`
	PullSeconds float64  `json:"pull_seconds"`
	ListURL     string   `json:"list_url"`
	FileURLs    []string `json:"file_urls"`
	Typing      bool     `json:"typing"`
	PerSecond   float64  `json:"per_second"`
}

// adapter is one account.
type adapter struct {
	set   settings
	desk  channels.Desk
	log   *slog.Logger
	pace  pace
	sign  []byte // signs what the outside holds: names of uploaded files
	since time.Time
	api   *provider.Client // the system
	files *fetcher

	mu    sync.Mutex
	heard time.Time      // when the webhook's health was last reported
	tries map[string]int // fetches of an event's files that failed
}

var (
	_ channels.Webhook = (*adapter)(nil)
	_ channels.Uploads = (*adapter)(nil)
	_ channels.Typist  = (*adapter)(nil)
	_ channels.Pacer   = (*adapter)(nil)
)

func fault(field, reason string) error { return &channels.FieldError{Field: field, Reason: reason} }

func open(c channels.Config, p pace) (channels.Adapter, error) {
	a := &adapter{desk: c.Desk, log: c.Log, pace: p, sign: c.Secret, since: c.Since, tries: map[string]int{}}
	if err := channels.Decode(c.Settings, &a.set); err != nil {
		return nil, err
	}
	set := &a.set
	for _, s := range []*string{&set.SendURL, &set.PullURL, &set.ListURL} {
		*s = strings.TrimSpace(*s)
	}
	switch {
	case !address(set.SendURL):
		return nil, fault("send_url", "an address like https://shop.example.com/tamas is needed")
	case len(set.Secret) < 16:
		return nil, fault("secret", "a secret of at least 16 characters is needed")
	case set.OldSecret != "" && len(set.OldSecret) < 16:
		return nil, fault("old_secret", "a secret of at least 16 characters is needed")
	case set.PullURL != "" && !address(set.PullURL):
		return nil, fault("pull_url", "an address like https://shop.example.com/events is needed")
	case set.PullSeconds < 0 || set.PullSeconds > 3600:
		return nil, fault("pull_seconds", "1 to 3600 seconds are possible")
	case set.ListURL != "" && !address(set.ListURL):
		return nil, fault("list_url", "an address like https://shop.example.com/messages is needed")
	case set.PerSecond < 0 || set.PerSecond > 10_000:
		return nil, fault("per_second", "a number of messages is needed, like 1 or 0.5")
	}
	var own []*url.URL
	for _, line := range set.FileURLs {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		u, err := url.Parse(line)
		if err != nil || !address(line) || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
			return nil, fault("file_urls", "beginnings of addresses are needed, like http://media.internal/")
		}
		own = append(own, u)
	}
	if set.PullSeconds < 1 {
		set.PullSeconds = 5
	}
	a.api = provider.New("The system", c.Client, set.Secret, set.OldSecret)
	a.api.MaxAnswer = 8 << 20
	a.files = newFetcher(own, c.Client)
	if set.ListURL != "" {
		return &verifying{a}, nil
	}
	return a, nil
}

func address(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

// Pace implements channels.Pacer.
func (a *adapter) Pace() channels.Pace { return channels.Pace{PerSecond: a.set.PerSecond} }

// hear reports that the system was heard, at most once a second.
func (a *adapter) hear() {
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
