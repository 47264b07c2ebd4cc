package webchat

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"strings"
	"time"

	"tamas/channels"
)

// A visitor is 128 bits, written in 26 lower-case letters and digits: random ones, or of a visitor whom the site has proven a
// keyed digest of who it is, so that each of their devices is the same visitor.
type visitorID [16]byte

var visitorText = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

func newVisitor() (v visitorID) {
	rand.Read(v[:]) // never fails: crypto/rand ends the process first
	return v
}

func (v visitorID) String() string { return visitorText.EncodeToString(v[:]) }

// isVisitor tells whether s could be a visitor's id.
func isVisitor(s string) bool {
	if len(s) != visitorText.EncodedLen(len(visitorID{})) {
		return false
	}
	_, err := visitorText.DecodeString(s)
	return err == nil
}

const (
	headBytes  = 16 + 8
	maxToken   = 4 << 10              // bytes of its text
	tokenLife  = 400 * 24 * time.Hour // a visitor who stays away longer is a new one
	tokenRenew = 24 * time.Hour       // a resumed session gets a fresh token after this
	clockSkew  = 5 * time.Minute      // between nodes
)

// pass is what a visitor's token says.
type pass struct {
	visitor visitorID
	issued  time.Time
	who     *person // proven by the site; nil: nobody in particular
}

// signer makes and checks what visitors hold: tokens, base64url(visitor, issued at in Unix seconds, person as JSON if any,
// HMAC-SHA256), and the names of their files.
type signer struct {
	account string
	key     []byte
}

func (s signer) mac(of string, b []byte) []byte {
	h := hmac.New(sha256.New, s.key)
	h.Write([]byte("webchat " + of + " 1\x00" + s.account + "\x00"))
	h.Write(b)
	return h.Sum(nil)
}

// of is the visitor that a person is on every device.
func (s signer) of(p *person) (v visitorID) {
	copy(v[:], s.mac("person", []byte(p.ID)))
	return v
}

func (s signer) sign(p pass) string {
	b := make([]byte, headBytes)
	copy(b, p.visitor[:])
	binary.BigEndian.PutUint64(b[16:], uint64(p.issued.Unix()))
	if p.who != nil {
		who, _ := json.Marshal(p.who) // strings and a number
		b = append(b, who...)
	}
	return base64.RawURLEncoding.EncodeToString(append(b, s.mac("visitor", b)...))
}

// check reads a token; !ok: forged, of another account, or too old.
func (s signer) check(token string, now time.Time) (p pass, ok bool) {
	b, ok := s.opened("visitor", token)
	if !ok || len(b) < headBytes {
		return p, false
	}
	p.issued = time.Unix(int64(binary.BigEndian.Uint64(b[16:headBytes])), 0)
	if age := now.Sub(p.issued); age > tokenLife || age < -clockSkew {
		return p, false
	}
	copy(p.visitor[:], b)
	if who := b[headBytes:]; len(who) > 0 {
		p.who = new(person)
		if json.Unmarshal(who, p.who) != nil || now.Unix() > p.who.Until {
			return p, false
		}
	}
	return p, true
}

// opened decodes base64url(content, HMAC) and checks it.
func (s signer) opened(of, text string) ([]byte, bool) {
	if len(text) > maxToken || strings.ContainsAny(text, "\r\n") {
		return nil, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	n := len(b) - sha256.Size
	if err != nil || n < 0 || !hmac.Equal(b[n:], s.mac(of, b[:n])) {
		return nil, false
	}
	return b[:n], true
}

// named is the name under which a visitor, and nobody else, may fetch a file or send it.
func (s signer) named(visitor string, f channels.File) string {
	f.CID = ""
	b, _ := json.Marshal(f)
	return base64.RawURLEncoding.EncodeToString(append(b, s.mac("file "+visitor, b)...))
}

// file is what a name of a file stands for.
func (s signer) file(visitor, name string) (f channels.File, ok bool) {
	b, ok := s.opened("file "+visitor, name)
	if !ok || json.Unmarshal(b, &f) != nil {
		return channels.File{}, false
	}
	return f, true
}
