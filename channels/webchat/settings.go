package webchat

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"tamas/channels"
)

const (
	defaultColor    = "#0f766e"
	defaultMessages = 60
	defaultSessions = 60
	defaultOffset   = 20

	maxOrigins   = 50
	maxTitle     = 80   // characters
	maxWelcome   = 1000 // characters
	maxLauncher  = 40   // characters
	maxRate      = 1_000_000
	maxOffset    = 400 // pixels
	minIdentity  = 32  // bytes of the secret
	maxOverrides = 200 // lines of texts
)

// settings of an account, as stored.
type settings struct {
	AllowedOrigins lines  `json:"allowed_origins"`
	Title          string `json:"title"`
	TitleFA        string `json:"title_fa"`
	Welcome        string `json:"welcome"`
	WelcomeFA      string `json:"welcome_fa"`
	Launcher       string `json:"launcher"`
	LauncherFA     string `json:"launcher_fa"`
	Texts          lines  `json:"texts"`
	Color          string `json:"color"`
	Theme          string `json:"theme"`
	Language       string `json:"language"`
	Position       string `json:"position"`
	OffsetX        *int   `json:"offset_x"`
	OffsetY        *int   `json:"offset_y"`
	AskName        ask    `json:"ask_name"`
	AskEmail       ask    `json:"ask_email"`
	AskPhone       ask    `json:"ask_phone"`
	AskQuestion    ask    `json:"ask_question"`
	Hours          lines  `json:"hours"`
	HoursZone      string `json:"hours_zone"`
	ClosedDays     lines  `json:"closed_days"`
	Files          *bool  `json:"files"`
	Sound          *bool  `json:"sound"`
	Rating         *bool  `json:"rating"`
	Later          *bool  `json:"later"`
	Visits         string `json:"visits"`
	VisitsQuery    bool   `json:"visits_query"`
	IdentitySecret string `json:"identity_secret"`
	Messages       int    `json:"messages_per_minute"`
	Sessions       int    `json:"sessions_per_minute"`

	hours hours
	texts map[string]map[string]string // by language
}

// ask is "off", "optional" or "required". An account from before there was a choice has a bool, and true asked for name and email.
type ask string

const askBoth ask = "name and email"

func (a *ask) UnmarshalJSON(b []byte) error {
	switch string(b) {
	case "true":
		*a = askBoth
	case "false":
		*a = "off"
	default:
		return json.Unmarshal(b, (*string)(a))
	}
	return nil
}

// lines is a list that may also come as one text with a line each.
type lines []string

func (l *lines) UnmarshalJSON(b []byte) error {
	var list []string
	if bytes.HasPrefix(b, []byte(`"`)) {
		var one string
		if err := json.Unmarshal(b, &one); err != nil {
			return err
		}
		list = strings.Split(one, "\n")
	} else if err := json.Unmarshal(b, &list); err != nil {
		return err
	}
	*l = nil
	for _, line := range list {
		if line = strings.TrimSpace(line); line != "" {
			*l = append(*l, line)
		}
	}
	return nil
}

var colorForm = regexp.MustCompile(`^#(?:[0-9a-f]{3}|[0-9a-f]{6})$`)

// read decodes settings, fills in what is left out and refuses what cannot work.
func read(raw json.RawMessage) (settings, error) {
	var s settings
	if err := channels.Decode(raw, &s); err != nil {
		return s, err
	}
	for _, step := range []func(*settings) error{readOrigins, readLook, readAsks, readHours, readRest} {
		if err := step(&s); err != nil {
			return s, err
		}
	}
	return s, nil
}

func fault(field, format string, args ...any) error {
	return &channels.FieldError{Field: field, Reason: fmt.Sprintf(format, args...)}
}

func readOrigins(s *settings) error {
	for i, line := range s.AllowedOrigins {
		o, err := parseOrigin(line)
		if err != nil {
			return fault("allowed_origins", "%v", err)
		}
		s.AllowedOrigins[i] = o
	}
	switch n := len(s.AllowedOrigins); {
	case n == 0:
		return fault("allowed_origins", "name at least one site, such as https://shop.example")
	case n > maxOrigins:
		return fault("allowed_origins", "at most %d sites", maxOrigins)
	}
	return nil
}

func readLook(s *settings) error {
	if s.Color = strings.ToLower(or(s.Color, defaultColor)); !colorForm.MatchString(s.Color) {
		return fault("color", "write it as #rrggbb")
	}
	for _, c := range []struct {
		field string
		v     *string
		most  int
	}{
		{"title", &s.Title, maxTitle}, {"title_fa", &s.TitleFA, maxTitle},
		{"welcome", &s.Welcome, maxWelcome}, {"welcome_fa", &s.WelcomeFA, maxWelcome},
		{"launcher", &s.Launcher, maxLauncher}, {"launcher_fa", &s.LauncherFA, maxLauncher},
	} {
		if utf8.RuneCountInString(*c.v) > c.most {
			return fault(c.field, "at most %d characters", c.most)
		}
	}
	for _, c := range []struct {
		field   string
		v       *string
		choices []string
	}{
		{"theme", &s.Theme, []string{"auto", "light", "dark"}},
		{"language", &s.Language, []string{"auto", "en", "fa"}},
		{"position", &s.Position, []string{"auto", "right", "left"}},
		{"visits", &s.Visits, []string{"off", "ask", "on"}},
	} {
		if *c.v = or(*c.v, c.choices[0]); !slices.Contains(c.choices, *c.v) {
			return fault(c.field, "must be one of %s", strings.Join(c.choices, ", "))
		}
	}
	for _, c := range []struct {
		field string
		v     **int
	}{{"offset_x", &s.OffsetX}, {"offset_y", &s.OffsetY}} {
		if *c.v == nil {
			*c.v = new(int)
			**c.v = defaultOffset
		}
		if **c.v < 0 || **c.v > maxOffset {
			return fault(c.field, "must lie between 0 and %d", maxOffset)
		}
	}
	var err error
	if s.texts, err = readTexts(s.Texts); err != nil {
		return fault("texts", "%v", err)
	}
	s.setText("title", s.Title, s.TitleFA)
	s.setText("welcome", s.Welcome, s.WelcomeFA)
	s.setText("launcher", s.Launcher, s.LauncherFA)
	return nil
}

// setText puts a firm's own text in place; the one that names no language stands for all.
func (s *settings) setText(name, all, fa string) {
	for lang, own := range map[string]string{"en": all, "fa": or(fa, all)} {
		if own != "" {
			s.texts[lang][name] = own
		}
	}
}

func readAsks(s *settings) error {
	if s.AskName == askBoth {
		s.AskName, s.AskEmail = "optional", or(s.AskEmail, "optional")
	}
	for _, c := range []struct {
		field string
		v     *ask
	}{{"ask_name", &s.AskName}, {"ask_email", &s.AskEmail}, {"ask_phone", &s.AskPhone}, {"ask_question", &s.AskQuestion}} {
		if *c.v = or(*c.v, "off"); *c.v != "off" && *c.v != "optional" && *c.v != "required" {
			return fault(c.field, "must be off, optional or required")
		}
	}
	return nil
}

func readRest(s *settings) error {
	yes := true
	for _, v := range []**bool{&s.Files, &s.Sound, &s.Rating, &s.Later} {
		if *v == nil {
			*v = &yes
		}
	}
	if n := len(s.IdentitySecret); n > 0 && n < minIdentity {
		return fault("identity_secret", "at least %d characters", minIdentity)
	}
	if s.Messages = or(s.Messages, defaultMessages); s.Messages < 1 || s.Messages > maxRate {
		return fault("messages_per_minute", "must lie between 1 and %d", maxRate)
	}
	if s.Sessions = or(s.Sessions, defaultSessions); s.Sessions < 1 || s.Sessions > maxRate {
		return fault("sessions_per_minute", "must lie between 1 and %d", maxRate)
	}
	return nil
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
