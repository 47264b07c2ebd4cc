package webchat

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"tamas/channels"
)

func TestSettings(t *testing.T) {
	s, err := read([]byte(`{"allowed_origins":["https://Shop.Example/"," http://localhost:8080 ","https://x.example:443","https://فروشگاه.example",""]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"https://shop.example", "http://localhost:8080", "https://x.example", "https://xn--mgbsb0fyarb.example"}
	if len(s.AllowedOrigins) != 4 || !slices.Equal(s.AllowedOrigins[:3], want[:3]) || !strings.HasPrefix(s.AllowedOrigins[3], "https://xn--") {
		t.Errorf("origins %q", s.AllowedOrigins)
	}
	if s.Color != defaultColor || s.Language != "auto" || s.Messages != defaultMessages {
		t.Errorf("defaults are missing: %+v", s)
	}
	if s, err = read([]byte(`{"allowed_origins":"https://a.example\nhttps://b.example","color":"#ABC"}`)); err != nil || len(s.AllowedOrigins) != 2 {
		t.Errorf("lines of text: %v %v", s.AllowedOrigins, err)
	}

	for settings, field := range map[string]string{
		`{}`:                      "allowed_origins",
		`{"allowed_origins":[]}`:  "allowed_origins",
		`{"allowed_origins":"*"}`: "allowed_origins",
		`{"allowed_origins":["https://*.shop.example"]}`:                                      "allowed_origins",
		`{"allowed_origins":["https://shop.example/basket"]}`:                                 "allowed_origins",
		`{"allowed_origins":["shop.example"]}`:                                                "allowed_origins",
		`{"allowed_origins":["null"]}`:                                                        "allowed_origins",
		`{"allowed_origins":["ftp://shop.example"]}`:                                          "allowed_origins",
		`{"allowed_origins":["https://a@shop.example"]}`:                                      "allowed_origins",
		`{"allowed_origins":["https://a.example"],"color":"red;}"}`:                           "color",
		`{"allowed_origins":["https://a.example"],"language":"de"}`:                           "language",
		`{"allowed_origins":["https://a.example"],"position":"top"}`:                          "position",
		`{"allowed_origins":["https://a.example"],"sessions_per_minute":-1}`:                  "sessions_per_minute",
		`{"allowed_origins":["https://a.example"],"title":"` + strings.Repeat("t", 81) + `"}`: "title",
	} {
		_, err := read([]byte(settings))
		var f *channels.FieldError
		if !errors.As(err, &f) || f.Field != field {
			t.Errorf("%s: %v, want the field %s at fault", settings, err, field)
		}
	}
	if _, err := read([]byte(`{"allowed_origins":["https://a.example"],"colour":"#fff"}`)); err == nil {
		t.Error("an unknown setting passed")
	}
}

func TestKindFieldsAreSettings(t *testing.T) {
	for _, f := range Kind().Fields {
		if f.Label.EN == "" || f.Label.FA == "" {
			t.Errorf("%s has no label in both languages", f.Key)
		}
	}
}

func TestToken(t *testing.T) {
	now := time.Now()
	s := signer{"acc1", []byte(strings.Repeat("k", 32))}
	v := newVisitor()
	token := s.sign(pass{visitor: v, issued: now})
	if got, ok := s.check(token, now); !ok || got.visitor != v || got.who != nil {
		t.Fatal("an own token is refused")
	}
	if !isVisitor(v.String()) || isVisitor("x"+v.String()) || isVisitor(strings.Repeat("!", 26)) {
		t.Error("isVisitor")
	}
	for i := range len(token) {
		b := []byte(token)
		b[i] = 'A' + (b[i]+1)%26
		if string(b) == token {
			continue
		}
		if _, ok := s.check(string(b), now); ok {
			t.Fatalf("changed at %d, still accepted", i)
		}
	}
	for name, bad := range map[string]string{"empty": "", "short": token[1:], "long": token + "A", "line": token[:74] + "\n"} {
		if _, ok := s.check(bad, now); ok {
			t.Errorf("%s is accepted", name)
		}
	}
	if _, ok := (signer{"acc2", s.key}).check(token, now); ok {
		t.Error("another account's token is accepted")
	}
	if _, ok := (signer{"acc1", []byte(strings.Repeat("x", 32))}).check(token, now); ok {
		t.Error("a token under another key is accepted")
	}
	if _, ok := s.check(token, now.Add(tokenLife+time.Hour)); ok {
		t.Error("an old token is accepted")
	}
	if _, ok := s.check(s.sign(pass{visitor: v, issued: now.Add(time.Hour)}), now); ok {
		t.Error("a token of the future is accepted")
	}
}

func TestLimiter(t *testing.T) {
	l := newLimiter(1, 3)
	now := time.Now()
	for range 3 {
		if l.take("a", now, 1) != 0 {
			t.Fatal("refused inside the burst")
		}
	}
	if wait := l.take("a", now, 1); wait <= 0 || wait > time.Second {
		t.Errorf("wait %v", wait)
	}
	if l.take("b", now, 1) != 0 {
		t.Error("another key is refused too")
	}
	if l.take("a", now.Add(time.Second), 1) != 0 {
		t.Error("refused after the wait")
	}
	l.take("c", now.Add(3*time.Minute), 1)
	if len(l.m) != 1 {
		t.Errorf("%d keys are kept, want 1", len(l.m))
	}
}

func TestNetwork(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.7:4711": "192.0.2.7", "[2001:db8:1:2:3::4]:80": "2001:db8:1:2::/64", "[::ffff:192.0.2.7]:80": "192.0.2.7", "192.0.2.7": "192.0.2.7", "@": "@",
	} {
		if got := network(in); got != want {
			t.Errorf("network(%q) = %q, want %q", in, got, want)
		}
	}
}
