package telegram

import (
	"context"
	"crypto/hmac"
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

// customerOf is the customer for whom a payload was signed; "" when it was not, or too long ago.
func (a *adapter) customerOf(payload string) string {
	b, err := base64.RawURLEncoding.Strict().DecodeString(payload)
	if err != nil || len(b) > linkBytes || len(b) < 5+1+linkMAC {
		return ""
	}
	said, mac := b[:len(b)-linkMAC], b[len(b)-linkMAC:]
	if !hmac.Equal(mac, keyed(a.linked, string(said))[:linkMAC]) || time.Now().Unix() > int64(binary.BigEndian.Uint32(said[1:])) {
		return ""
	}
	switch said[0] {
	case 1:
		return string(said[5:])
	case 2:
		return hex.EncodeToString(said[5:])
	}
	return ""
}
