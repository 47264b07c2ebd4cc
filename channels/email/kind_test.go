package email

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"tamas/channels"
	"tamas/channels/email/emailtest"
)

func TestFormMatchesSettings(t *testing.T) {
	fields := map[string]channels.Field{}
	for _, f := range Kind().Fields {
		fields[f.Key] = f
		if f.Label.EN == "" || f.Label.FA == "" || (f.Help.EN == "") != (f.Help.FA == "") {
			t.Errorf("%s is not in both languages", f.Key)
		}
	}
	s := reflect.TypeFor[Settings]()
	for i := range s.NumField() {
		key := s.Field(i).Tag.Get("json")
		if _, found := fields[key]; !found && key != "mailbox" && key != "import_days" {
			t.Errorf("the setting %s is not in the form", key)
		}
		delete(fields, key)
	}
	for key := range fields {
		t.Errorf("the form asks for %s, which is no setting", key)
	}
	for _, f := range Kind().Fields {
		if f.When == "" {
			continue
		}
		other, values, _ := strings.Cut(f.When, "=")
		i := slices.IndexFunc(Kind().Fields, func(o channels.Field) bool { return o.Key == other })
		if i < 0 {
			t.Errorf("%s is shown with %s, which is no field", f.Key, other)
			continue
		}
		for _, v := range strings.Split(values, ",") {
			if !slices.Contains(Kind().Fields[i].Choices, v) {
				t.Errorf("%s is shown when %s is %s, which it cannot be", f.Key, other, v)
			}
		}
	}
}

func TestFaultySettingsAreNamed(t *testing.T) {
	s := startServer(t)
	var many []string
	for i := range 60 {
		many = append(many, fmt.Sprintf("Folder %d with a name that is rather long", i))
	}
	for _, c := range []struct {
		field string
		set   map[string]any
	}{
		{"imap_security", map[string]any{"imap_host": "mail.example.com"}}, // "none" beyond this machine
		{"smtp_security", map[string]any{"smtp_host": "10.0.0.1"}},
		{"folders", map[string]any{"folders": many}},
		{"folders", map[string]any{"folders": []string{"a\r\nb"}}},
		{"afterwards", map[string]any{"afterwards": "delete"}},
		{"move_to", map[string]any{"afterwards": "move"}},
		{"move_to", map[string]any{"afterwards": "move", "move_to": "inbox"}},
		{"per_minute", map[string]any{"per_minute": -1}},
		{"poll_seconds", map[string]any{"poll_seconds": 1 << 30}},
		{"move_to", map[string]any{"afterwards": "move", "move_to": "x\ny"}},
	} {
		_, err := Kind().Open(channels.Config{Settings: with(s.Settings(emailtest.Password), c.set), Secret: testSecret})
		var fe *channels.FieldError
		if !errors.As(err, &fe) || fe.Field != c.field {
			t.Errorf("%v: %v, want a word about %s", c.set, err, c.field)
		}
	}
	for _, set := range []map[string]any{{"imap_host": "mail.example.com", "unencrypted": true}, {"imap_host": "localhost"}, {"smtp_host": "::1"}} {
		if _, err := Kind().Open(channels.Config{Settings: with(s.Settings(emailtest.Password), set), Secret: testSecret}); err != nil {
			t.Errorf("%v: %v", set, err)
		}
	}
}

func TestPace(t *testing.T) {
	s := startServer(t)
	if p := openBox(t, s.Settings(emailtest.Password), nil).Pace(); p != (channels.Pace{}) {
		t.Errorf("%+v", p)
	}
	if p := openBox(t, with(s.Settings(emailtest.Password), map[string]any{"per_minute": 30}), nil).Pace(); p.PerSecond != 0.5 || p.Burst != 1 {
		t.Errorf("%+v", p)
	}
}

// An account from before there were several folders and Config.Since goes on where it was.
func TestOlderAccountsGoOn(t *testing.T) {
	s := startServer(t)
	b := openBox(t, with(s.Settings(emailtest.Password), map[string]any{"mailbox": "INBOX", "import_days": 3}), nil)
	s.Deliver(customerMail(0, "taken before"))
	s.Deliver(customerMail(0, "new"))
	b.desk.SetCursor(fmt.Sprintf(`{"v":1,"uid":1,"at":%d}`, time.Now().Unix()-1000))
	b.run()
	b.awaitTexts(t, "new")
}

func TestBacklogIsTold(t *testing.T) {
	s := startServer(t)
	b := openBox(t, s.Settings(emailtest.Password), nil).run()
	b.stop()
	for range 2*batchMails + 50 {
		s.Deliver(customerMail(0, "x"))
	}
	b = openBox(t, s.Settings(emailtest.Password), b.desk).run()
	b.desk.AwaitMessages(t, 2*batchMails+50)
	b.desk.Await(t, "no backlog", func() bool {
		h := b.desk.Healths()
		return h[len(h)-1].Backlog == 0 && h[len(h)-1].State == "connected"
	})
	var told []int
	for _, h := range b.desk.Healths() {
		if h.Backlog > 0 {
			told = append(told, h.Backlog)
		}
		if h.State == "connected" && h.HeardAt.IsZero() {
			t.Errorf("health %+v", h)
		}
	}
	if !slices.Equal(told, []int{batchMails + 50, 50}) {
		t.Errorf("backlog %v", told)
	}
}

// No answer of a token endpoint makes its error show what stands in it.
func FuzzTokenEndpoint(f *testing.F) {
	f.Add(400, `{"error":"invalid_grant","error_description":"refresh-sesame-5678"}`)
	f.Add(200, `{"access_token":"","expires_in":"x"}`)
	f.Add(500, `<html>refresh-sesame-5678`)
	f.Add(200, `{"access_token":5}`)
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 200 || status > 599 || status == 204 || status == 304 || len(body) > 1<<16 {
			return
		}
		set := Settings{Auth: byOAuth2, ClientID: "c", ClientSecret: "s", RefreshToken: emailtest.RefreshToken, TokenURL: "http://token.test/"}
		tok := newTokens(set, &http.Client{Transport: answer{status, body + emailtest.RefreshToken}})
		a := &Adapter{set: set, tokens: tok}
		if _, err := tok.access(t.Context()); err != nil && strings.Contains(a.failure("x", err).Error(), emailtest.RefreshToken) {
			t.Errorf("%v", err)
		}
	})
}

// answer is a server that says one thing.
type answer struct {
	status int
	body   string
}

func (a answer) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: a.status, Status: fmt.Sprint(a.status), Body: io.NopCloser(strings.NewReader(a.body)), Request: r,
		Header: http.Header{"Content-Type": {"application/json"}}, ProtoMajor: 1, ProtoMinor: 1}, nil
}
