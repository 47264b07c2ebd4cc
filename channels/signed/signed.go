// Package signed proves that a call over HTTP comes from somebody who knows a shared secret, and is of now:
//
//	X-Tamas-Signature: t=1767225600,v1=<hex of HMAC-SHA256(secret, "1767225600" + "." + body)>
//
// t is in Unix seconds and may be off by five minutes, so that an old call cannot be played again.
package signed

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"
)

// Header is where the signature stands.
const Header = "X-Tamas-Signature"

// Window is how far the time of a signature may be off.
const Window = 5 * time.Minute

// Sign makes the header's value for a body sent at a moment.
func Sign(secret string, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(t + "."))
	mac.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

// Errors of Verify.
var (
	ErrShape = errors.New(Header + " must be t=<unix seconds>,v1=<hex>")
	ErrWrong = errors.New(Header + " does not fit the body and the secret")
	ErrStale = errors.New(Header + " is of another time: the clocks differ, or this is a replay")
)

// Verify checks a header's value against any of the secrets; empty ones prove nothing.
func Verify(header string, now time.Time, body []byte, secrets ...string) error {
	t, _, ok := strings.Cut(strings.TrimPrefix(header, "t="), ",v1=")
	unix, err := strconv.ParseInt(t, 10, 64)
	if !ok || err != nil {
		return ErrShape
	}
	at := time.Unix(unix, 0)
	right := false
	for _, secret := range secrets {
		if secret != "" && hmac.Equal([]byte(Sign(secret, at, body)), []byte(header)) {
			right = true
		}
	}
	if !right {
		return ErrWrong
	}
	if d := now.Sub(at); d > Window || d < -Window {
		return ErrStale
	}
	return nil
}
