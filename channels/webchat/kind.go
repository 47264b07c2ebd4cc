package webchat

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"tamas/channels"
)

// Kind is the web chat.
func Kind() channels.Kind {
	return channels.Kind{
		Name:  "webchat",
		Label: channels.Text{EN: "Web chat", FA: "گفتگوی وب"},
		Fields: []channels.Field{
			{Key: "allowed_origins", Type: "list", Required: true,
				Label: channels.Text{EN: "Sites that may show the chat", FA: "سایت‌هایی که گفتگو را نشان می‌دهند"},
				Help: channels.Text{
					EN: "One origin a line, exactly as the browser shows it: https://shop.example",
					FA: "هر خط یک نشانی، درست همان‌طور که مرورگر نشان می‌دهد: https://shop.example"}},
			{Key: "title", Type: "text",
				Label: channels.Text{EN: "Title", FA: "عنوان"},
				Help:  channels.Text{EN: "Stands at the top of the chat window.", FA: "بالای پنجره‌ی گفتگو دیده می‌شود."}},
			{Key: "welcome", Type: "text",
				Label: channels.Text{EN: "Welcome text", FA: "متن خوشامد"},
				Help:  channels.Text{EN: "The first thing a visitor reads.", FA: "نخستین چیزی که بازدیدکننده می‌خواند."}},
			{Key: "color", Type: "text", Default: defaultColor,
				Label: channels.Text{EN: "Colour", FA: "رنگ"},
				Help:  channels.Text{EN: "As #rrggbb.", FA: "به شکل ‎#rrggbb."}},
			{Key: "language", Type: "choice", Choices: []string{"auto", "en", "fa"}, Default: "auto",
				Label: channels.Text{EN: "Language", FA: "زبان"},
				Help:  channels.Text{EN: "auto follows the page, then the browser.", FA: "auto: زبان صفحه و سپس زبان مرورگر."}},
			{Key: "position", Type: "choice", Choices: []string{"auto", "right", "left"}, Default: "auto",
				Label: channels.Text{EN: "Side of the screen", FA: "کدام سوی صفحه"},
				Help:  channels.Text{EN: "auto: right, in Persian left.", FA: "auto: راست، و در فارسی چپ."}},
			{Key: "ask_name", Type: "bool", Default: false,
				Label: channels.Text{EN: "Ask for name and email", FA: "پرسیدن نام و ایمیل"},
				Help:  channels.Text{EN: "Visitors may leave both empty.", FA: "بازدیدکننده می‌تواند هر دو را خالی بگذارد."}},
			{Key: "messages_per_minute", Type: "number", Default: defaultMessages,
				Label: channels.Text{EN: "Messages of one visitor a minute", FA: "پیام‌های هر بازدیدکننده در دقیقه"}},
			{Key: "sessions_per_minute", Type: "number", Default: defaultSessions,
				Label: channels.Text{EN: "New visitors from one network address a minute", FA: "بازدیدکننده‌های تازه از هر نشانی شبکه در دقیقه"}},
		},
		Limits: channels.Limits{TextLength: 8000, Live: true, NoReplyTo: true},
		Weight: 1,
		Open:   func(c channels.Config) (channels.Adapter, error) { return open(c) },
	}
}

const (
	defaultColor    = "#0f766e"
	defaultMessages = 60
	defaultSessions = 60

	maxOrigins = 50
	maxTitle   = 80   // characters
	maxWelcome = 1000 // characters
	maxRate    = 1_000_000
)

// settings of an account, as stored.
type settings struct {
	AllowedOrigins lines  `json:"allowed_origins"`
	Title          string `json:"title"`
	Welcome        string `json:"welcome"`
	Color          string `json:"color"`
	Language       string `json:"language"`
	Position       string `json:"position"`
	AskName        bool   `json:"ask_name"`
	Messages       int    `json:"messages_per_minute"`
	Sessions       int    `json:"sessions_per_minute"`
}

// lines is a list that may also come as one text with a line each.
type lines []string

func (l *lines) UnmarshalJSON(b []byte) error {
	var one string
	if bytes.HasPrefix(b, []byte(`"`)) {
		if err := json.Unmarshal(b, &one); err != nil {
			return err
		}
		*l = strings.Split(one, "\n")
		return nil
	}
	return json.Unmarshal(b, (*[]string)(l))
}

var colorForm = regexp.MustCompile(`^#(?:[0-9a-f]{3}|[0-9a-f]{6})$`)

// read decodes settings, fills in what is left out and refuses what cannot work.
func read(raw json.RawMessage) (settings, error) {
	var s settings
	if err := channels.Decode(raw, &s); err != nil {
		return s, err
	}
	var origins lines
	for _, line := range s.AllowedOrigins {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		o, err := parseOrigin(line)
		if err != nil {
			return s, &channels.FieldError{Field: "allowed_origins", Reason: err.Error()}
		}
		origins = append(origins, o)
	}
	switch n := len(origins); {
	case n == 0:
		return s, &channels.FieldError{Field: "allowed_origins", Reason: "name at least one site, such as https://shop.example"}
	case n > maxOrigins:
		return s, &channels.FieldError{Field: "allowed_origins", Reason: fmt.Sprintf("at most %d sites", maxOrigins)}
	}
	s.AllowedOrigins = origins

	s.Color = strings.ToLower(or(s.Color, defaultColor))
	if !colorForm.MatchString(s.Color) {
		return s, &channels.FieldError{Field: "color", Reason: "write it as #rrggbb"}
	}
	s.Language = or(s.Language, "auto")
	if s.Language != "auto" && s.Language != "en" && s.Language != "fa" {
		return s, &channels.FieldError{Field: "language", Reason: "must be auto, en or fa"}
	}
	s.Position = or(s.Position, "auto")
	if s.Position != "auto" && s.Position != "right" && s.Position != "left" {
		return s, &channels.FieldError{Field: "position", Reason: "must be auto, right or left"}
	}
	if utf8.RuneCountInString(s.Title) > maxTitle {
		return s, &channels.FieldError{Field: "title", Reason: fmt.Sprintf("at most %d characters", maxTitle)}
	}
	if utf8.RuneCountInString(s.Welcome) > maxWelcome {
		return s, &channels.FieldError{Field: "welcome", Reason: fmt.Sprintf("at most %d characters", maxWelcome)}
	}
	s.Messages = or(s.Messages, defaultMessages)
	if s.Messages < 1 || s.Messages > maxRate {
		return s, &channels.FieldError{Field: "messages_per_minute", Reason: fmt.Sprintf("must lie between 1 and %d", maxRate)}
	}
	s.Sessions = or(s.Sessions, defaultSessions)
	if s.Sessions < 1 || s.Sessions > maxRate {
		return s, &channels.FieldError{Field: "sessions_per_minute", Reason: fmt.Sprintf("must lie between 1 and %d", maxRate)}
	}
	return s, nil
}

// parseOrigin reads what a person wrote and returns it as browsers write it: lower case, punycode, no default
// port, nothing after the host.
func parseOrigin(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
		return "", fmt.Errorf("%q is not an origin: write it as https://shop.example", s)
	}
	if u.User != nil || (u.Path != "" && u.Path != "/") || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("%q says more than the origin: write only %s://%s", s, u.Scheme, u.Host)
	}
	if strings.Contains(u.Host, "*") {
		return "", fmt.Errorf("%q has a wildcard: name each site", s)
	}
	host := strings.ToLower(u.Hostname())
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	} else if host, err = idna.Lookup.ToASCII(host); err != nil {
		return "", fmt.Errorf("%q has no valid host name", s)
	}
	if p := u.Port(); p != "" && !(u.Scheme == "http" && p == "80") && !(u.Scheme == "https" && p == "443") {
		host += ":" + p
	}
	return strings.ToLower(u.Scheme) + "://" + host, nil
}

func or[T comparable](v, other T) T {
	var zero T
	if v == zero {
		return other
	}
	return v
}

var errNoSecret = errors.New("webchat: the account has no secret to sign visitors with")
