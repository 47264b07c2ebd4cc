package webchat

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"time"
)

// A visitor is 128 random bits, written in 26 lower-case letters and digits.
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
	tokenBytes = 16 + 8 + sha256.Size
	tokenLife  = 400 * 24 * time.Hour // a visitor who stays away longer is a new one
	tokenRenew = 24 * time.Hour       // a resumed session gets a fresh token after this
	clockSkew  = 5 * time.Minute      // between nodes
)

// signer makes and checks visitors' tokens: base64url(visitor, issued at in Unix seconds, HMAC-SHA256).
type signer struct {
	account string
	key     []byte
}

func (s signer) mac(head []byte) []byte {
	h := hmac.New(sha256.New, s.key)
	h.Write([]byte("webchat visitor 1\x00" + s.account + "\x00"))
	h.Write(head)
	return h.Sum(nil)
}

func (s signer) sign(v visitorID, issued time.Time) string {
	b := make([]byte, 24, tokenBytes)
	copy(b, v[:])
	binary.BigEndian.PutUint64(b[16:], uint64(issued.Unix()))
	return base64.RawURLEncoding.EncodeToString(append(b, s.mac(b)...))
}

// check returns whose token it is and when it was issued; !ok: forged, of another account, or too old.
func (s signer) check(token string, now time.Time) (v visitorID, issued time.Time, ok bool) {
	if len(token) != base64.RawURLEncoding.EncodedLen(tokenBytes) || strings.ContainsAny(token, "\r\n") {
		return v, issued, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(b) != tokenBytes || !hmac.Equal(b[24:], s.mac(b[:24])) {
		return v, issued, false
	}
	issued = time.Unix(int64(binary.BigEndian.Uint64(b[16:24])), 0)
	if age := now.Sub(issued); age > tokenLife || age < -clockSkew {
		return v, issued, false
	}
	copy(v[:], b)
	return v, issued, true
}
