package webchat

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"tamas/channels"
)

var siteSecret = strings.Repeat("s", 32)

var withIdentity = `{"allowed_origins":["` + site + `"],"identity_secret":"` + siteSecret + `"}`

// proven makes what a site's server would.
func proven(t testing.TB, secret string, claims jwt.MapClaims) string {
	t.Helper()
	if claims["exp"] == nil {
		claims["exp"] = time.Now().Add(time.Hour).Unix()
	}
	s, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// signIn begins a session by a proof; v keeps the token.
func (v *visitor) signIn(body map[string]string) int {
	if v.Token != "" {
		body["token"] = v.Token
	}
	return v.do("POST", "session", mustJSON(body), &v.session)
}

func TestProof(t *testing.T) {
	now := time.Now()
	unsigned, _ := jwt.NewWithClaims(jwt.SigningMethodNone, jwt.MapClaims{"sub": "7", "exp": now.Add(time.Hour).Unix()}).SignedString(jwt.UnsafeAllowNoneSignatureType)
	hs512, _ := jwt.NewWithClaims(jwt.SigningMethodHS512, jwt.MapClaims{"sub": "7", "exp": now.Add(time.Hour).Unix()}).SignedString([]byte(siteSecret))
	noExp, _ := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"sub": "7"}).SignedString([]byte(siteSecret))
	good := proven(t, siteSecret, jwt.MapClaims{"sub": "7", "name": " Sara\nAhmadi ", "email": "Sara@X.example", "phone": "+989121234567"})
	parts := strings.Split(good, ".")
	other := proven(t, siteSecret, jwt.MapClaims{"sub": "8"})
	mac := func(id string) string {
		h := hmac.New(sha256.New, []byte(siteSecret))
		h.Write([]byte(id))
		return hex.EncodeToString(h.Sum(nil))
	}
	p, err := proof{Identity: good}.verify(siteSecret, now)
	if err != nil || p.ID != "7" || p.Name != "Sara Ahmadi" || p.Email != "sara@x.example" || p.Phone != "+989121234567" {
		t.Errorf("%+v %v", p, err)
	}
	if p, err := (proof{UserID: "7", UserHash: strings.ToUpper(mac("7"))}).verify(siteSecret, now); err != nil || p.ID != "7" || p.Name != "" {
		t.Errorf("%+v %v", p, err)
	}
	for name, bad := range map[string]proof{
		"another secret":         {Identity: proven(t, strings.Repeat("x", 32), jwt.MapClaims{"sub": "7"})},
		"no signature":           {Identity: unsigned},
		"an emptied signature":   {Identity: parts[0] + "." + parts[1] + "."},
		"another algorithm":      {Identity: hs512},
		"another's claims":       {Identity: parts[0] + "." + strings.Split(other, ".")[1] + "." + parts[2]},
		"no end":                 {Identity: noExp},
		"over":                   {Identity: proven(t, siteSecret, jwt.MapClaims{"sub": "7", "exp": now.Add(-time.Minute).Unix()})},
		"not yet":                {Identity: proven(t, siteSecret, jwt.MapClaims{"sub": "7", "nbf": now.Add(time.Hour).Unix()})},
		"nobody":                 {Identity: proven(t, siteSecret, jwt.MapClaims{"sub": ""})},
		"a number":               {Identity: proven(t, siteSecret, jwt.MapClaims{"sub": 7})},
		"a long id":              {Identity: proven(t, siteSecret, jwt.MapClaims{"sub": strings.Repeat("7", maxPersonID+1)})},
		"an id with a line":      {Identity: proven(t, siteSecret, jwt.MapClaims{"sub": "7\n8"})},
		"huge":                   {Identity: good + strings.Repeat("A", maxProof)},
		"nonsense":               {Identity: "x.y.z"},
		"another id's hash":      {UserID: "8", UserHash: mac("7")},
		"no hash":                {UserID: "7"},
		"a hash of nobody":       {UserHash: mac("")},
		"half a hash":            {UserID: "7", UserHash: mac("7")[:32]},
		"a hash that is no hash": {UserID: "7", UserHash: "zz"},
	} {
		if p, err := bad.verify(siteSecret, now); err == nil {
			t.Errorf("%s: taken as %+v", name, p)
		}
	}
	if _, err := (proof{Identity: proven(t, "", jwt.MapClaims{"sub": "7"})}).verify("", now); err == nil {
		t.Error("an account without a secret takes a proof under the empty one")
	}
	far, _ := proof{Identity: proven(t, siteSecret, jwt.MapClaims{"sub": "7", "exp": now.Add(1e5 * time.Hour).Unix()})}.verify(siteSecret, now)
	if far == nil || far.Until > now.Add(maxProven).Unix() {
		t.Errorf("a session lasts for ever: %+v", far)
	}
}

// A visitor whom the site proves is the same visitor on each device, is linked once, and again when it changes.
func TestIdentityLinks(t *testing.T) {
	d := newDesk()
	a, _, base := account(t, d, withIdentity)
	sara := jwt.MapClaims{"sub": "cust-7", "name": "Sara", "email": "sara@x.example"}
	one, two := &visitor{t: t, base: base, origin: site}, &visitor{t: t, base: base, origin: site}
	for _, v := range []*visitor{one, two} {
		if got := v.signIn(map[string]string{"identity": proven(t, siteSecret, sara)}); got != 200 || v.User != "cust-7" {
			t.Fatalf("%d %+v", got, v.session)
		}
	}
	if one.Visitor != two.Visitor {
		t.Fatal("two devices are two visitors")
	}
	w := one.dial("")
	w.say(`{"t":"send","key":"key-0001","text":"one","name":"Somebody else"}`)
	w.until("ack")
	two.do("POST", "messages", `{"key":"key-0002","text":"two"}`, nil)
	changed := jwt.MapClaims{"sub": "cust-7", "name": "Sara A.", "email": "sara@x.example"}
	two.signIn(map[string]string{"identity": proven(t, siteSecret, changed)})
	two.do("POST", "messages", `{"key":"key-0003","text":"three"}`, nil)
	got := d.received(channels.Message)
	if len(got) != 3 {
		t.Fatalf("%+v", got)
	}
	want := channels.Link{Channel: "external", Address: "cust-7", Name: "Sara", Email: "sara@x.example", Evidence: "signed token of the site"}
	if got[0].Link == nil || *got[0].Link != want || got[0].Name != "Sara" {
		t.Errorf("the first message: %+v %+v", got[0], got[0].Link)
	}
	if got[1].Link != nil {
		t.Error("the link is said with each message")
	}
	if got[2].Link == nil || got[2].Link.Name != "Sara A." {
		t.Errorf("the change is not said: %+v", got[2].Link)
	}
	var feed struct{ Items []item }
	if two.do("GET", "messages?wait=0", "", &feed); len(feed.Items) != 3 {
		t.Errorf("the other device sees %+v", feed.Items)
	}

	// Not recorded: the link is said again.
	bob := &visitor{t: t, base: base, origin: site}
	bob.signIn(map[string]string{"identity": proven(t, siteSecret, jwt.MapClaims{"sub": "bob"})})
	d.refuse = func(channels.Inbound) error { return channels.ErrUnrecorded }
	bob.do("POST", "messages", `{"key":"key-0001","text":"x"}`, nil)
	d.refuse = nil
	bob.do("POST", "messages", `{"key":"key-0001","text":"x"}`, nil)
	if got = d.received(channels.Message); got[3].Link == nil || got[3].Link.Address != "bob" {
		t.Errorf("%+v", got[3])
	}

	// A session ends with its proof.
	over := a.sign.sign(pass{visitor: newVisitor(), issued: time.Now().Add(-2 * time.Hour), who: &person{ID: "7", Until: time.Now().Add(-time.Second).Unix()}})
	late := &visitor{t: t, base: base, origin: site, session: session{Token: over}}
	if got := late.do("GET", "messages?wait=0", "", nil); got != 401 {
		t.Errorf("a session whose proof is over: %d", got)
	}
}

func TestForgedIdentity(t *testing.T) {
	d := newDesk()
	_, _, base := account(t, d, withIdentity)
	sara := &visitor{t: t, base: base, origin: site}
	sara.signIn(map[string]string{"identity": proven(t, siteSecret, jwt.MapClaims{"sub": "sara"})})
	sara.do("POST", "messages", `{"key":"key-0001","text":"my card ends in 4242"}`, nil)

	evil := newVisitorAt(t, base)
	own := evil.Token
	for _, forged := range []string{
		proven(t, strings.Repeat("e", 32), jwt.MapClaims{"sub": "sara"}),
		proven(t, siteSecret, jwt.MapClaims{"sub": "sara", "exp": time.Now().Add(-time.Hour).Unix()}),
		"eyJhbGciOiJub25lIn0." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"sara","exp":9999999999}`)) + ".",
	} {
		resp, b := evil.call("POST", "session", mustJSON(map[string]string{"token": own, "identity": forged}))
		if resp.StatusCode != http.StatusForbidden || !strings.Contains(string(b), `"identity"`) || strings.Contains(string(b), "token") {
			t.Errorf("%d %s", resp.StatusCode, b)
		}
	}
	// A token of one's own with a claim pasted in is nobody's.
	raw, _ := base64.RawURLEncoding.DecodeString(own)
	pasted := base64.RawURLEncoding.EncodeToString(append(append(append([]byte{}, raw[:24]...), `{"id":"sara","u":9999999999}`...), raw[24:]...))
	evil.Token = pasted
	if got := evil.do("GET", "messages?wait=0", "", nil); got != 401 {
		t.Errorf("a pasted token: %d", got)
	}
	evil.Token = own
	var feed struct{ Items []item }
	evil.do("GET", "messages?wait=0", "", &feed)
	evil.do("POST", "messages", `{"key":"key-0009","text":"hello, this is sara"}`, nil)
	for _, m := range d.received(channels.Message) {
		if m.Thread == evil.Visitor && m.Link != nil {
			t.Errorf("linked: %+v", m.Link)
		}
	}
	if len(feed.Items) != 0 {
		t.Errorf("sees %+v", feed.Items)
	}
}

// What was begun before signing in goes on where it is while it is open; who signs out leaves nothing to the next one.
func TestIdentityAdopts(t *testing.T) {
	d := newDesk()
	a, _, base := account(t, d, withIdentity)
	v := newVisitorAt(t, base)
	guest := v.Visitor
	v.do("POST", "messages", `{"key":"key-0001","text":"where is my parcel?"}`, nil)
	d.stand(guest, channels.Standing{Status: "waiting", Position: 1})
	v.signIn(map[string]string{"identity": proven(t, siteSecret, jwt.MapClaims{"sub": "7"})})
	if v.Visitor != guest {
		t.Fatal("an open conversation was left behind")
	}
	v.do("POST", "messages", `{"key":"key-0002","text":"now signed in"}`, nil)
	if got := d.received(channels.Message); got[1].Thread != guest || got[1].Link == nil || got[1].Link.Address != "7" {
		t.Errorf("%+v", got[1])
	}
	// Somebody else signs in here: not their conversation.
	other := *v
	other.signIn(map[string]string{"identity": proven(t, siteSecret, jwt.MapClaims{"sub": "8"})})
	if other.Visitor == guest {
		t.Error("a conversation was handed to somebody else")
	}
	// It is over: from now on the customer's own.
	d.stand(guest, channels.Standing{})
	v.signIn(map[string]string{"identity": proven(t, siteSecret, jwt.MapClaims{"sub": "7"})})
	if want := a.sign.of(&person{ID: "7"}).String(); v.Visitor != want {
		t.Errorf("%s, want %s", v.Visitor, want)
	}
	// A page that names nobody gets no session out of a signed-in visitor's token.
	if got := v.do("POST", "session", mustJSON(map[string]string{"token": v.Token}), nil); got != 401 {
		t.Errorf("signed out, and yet %d", got)
	}
}

// FuzzProof: whatever a page says about its visitor, it is refused or signed.
func FuzzProof(f *testing.F) {
	// A fixed time: each of the fuzzer's processes builds its own good token, and a second later it is another one.
	now := time.Unix(1_800_000_000, 0)
	good := proven(f, siteSecret, jwt.MapClaims{"sub": "7", "name": "x", "exp": now.Add(time.Hour).Unix()})
	f.Add(good, "", "")
	f.Add("", "7", "00")
	f.Add("eyJhbGciOiJub25lIn0.eyJzdWIiOiI3In0.", "", "")
	f.Fuzz(func(t *testing.T, identity, id, hash string) {
		p, err := proof{Identity: identity, UserID: id, UserHash: hash}.verify(siteSecret, now)
		if err == nil && (p.ID == "" || len(p.ID) > maxPersonID || p.Until == 0) {
			t.Fatalf("%+v", p)
		}
		if err == nil && identity != "" && identity[:strings.LastIndex(identity, ".")] != good[:strings.LastIndex(good, ".")] {
			t.Fatalf("a forged token is taken: %q", identity)
		}
	})
}
