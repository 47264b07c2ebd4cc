package telegram

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"time"
)

// A start link is https://t.me/<bot>?start=<payload>; who opens it and presses Start sends "/start <payload>". Telegram allows a
// payload 64 characters of base64url, which are 48 bytes:
//
//	form (1: the customer's id as it is, 2: in hex) · expiry (Unix seconds, 4 bytes) · id (up to 27 bytes) · HMAC (16 bytes)
const (
	linkLasts = 30 * 24 * time.Hour
	linkBytes = 48
	linkMAC   = 16
)

// The record lets each link prove one account only (channels.Link.Once): whoever it is forwarded to is suggested to people, not linked. Links
// made within one second for one customer are one.

// StartLink implements channels.Linker. It is "" for an id that is too long, or while Telegram does not tell the bot's name.
func (a *adapter) StartLink(customer string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	me, ce := a.self(ctx)
	payload := a.payload(customer, time.Now().Add(linkLasts))
	if ce != nil || me.Username == "" || payload == "" {
		return ""
	}
	return "https://t.me/" + me.Username + "?start=" + payload
}

func (a *adapter) payload(customer string, expires time.Time) string {
	form, id := byte(1), []byte(customer)
	if raw, err := hex.DecodeString(customer); err == nil && hex.EncodeToString(raw) == customer {
		form, id = 2, raw
	}
	if len(id) == 0 || 5+len(id)+linkMAC > linkBytes {
		return ""
	}
	b := binary.BigEndian.AppendUint32([]byte{form}, uint32(expires.Unix()))
	b = append(b, id...)
	return base64.RawURLEncoding.EncodeToString(append(b, keyed(a.linked, string(b))[:linkMAC]...))
}

// customerOf is the customer for whom a payload was signed, and a name of the link that does not tell it; "" when it was not, or too long ago.
func (a *adapter) customerOf(payload string) (customer, link string) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(payload)
	if err != nil || len(b) > linkBytes || len(b) < 5+1+linkMAC {
		return "", ""
	}
	said, mac := b[:len(b)-linkMAC], b[len(b)-linkMAC:]
	if !hmac.Equal(mac, keyed(a.linked, string(said))[:linkMAC]) || time.Now().Unix() > int64(binary.BigEndian.Uint32(said[1:])) {
		return "", ""
	}
	sum := sha256.Sum256(append([]byte("start link\x00"), said...)) // not of the payload, which can be spelled in several ways
	link = hex.EncodeToString(sum[:16])
	switch said[0] {
	case 1:
		return string(said[5:]), link
	case 2:
		return hex.EncodeToString(said[5:]), link
	}
	return "", ""
}
