package email

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"strings"
)

// A thread is 16 letters of base32 (80 bits), behind a "*" when the firm's accounts share it; its tag proves that we gave it
// away, and tells which of both it is. All are lower-case letters and digits because servers change the case of local parts.
const (
	threadLen = 16
	tagLen    = 12
	idLen     = 10
)

var base32Lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

func short(n int, parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return base32Lower.EncodeToString(sum[:])[:n]
}

// signer signs what the outside holds of an account's threads.
type signer struct {
	secret []byte
	local  string // of the account's address, lower-case
	domain string
}

func (s signer) tag(purpose, text string) string {
	mac := hmac.New(sha256.New, s.secret)
	mac.Write([]byte("email " + purpose + "\x00" + text))
	return base32Lower.EncodeToString(mac.Sum(nil))[:tagLen]
}

// bareThread is a thread's key as a token carries it, and what the token's tag is made for.
func bareThread(purpose, thread string) (key, kind string) {
	if key, shared := strings.CutPrefix(thread, "*"); shared {
		return key, purpose + "*"
	}
	return thread, purpose
}

// carries says that a thread's key has the form that a token can carry.
func carries(thread string) bool {
	thread = strings.TrimPrefix(thread, "*")
	if len(thread) != threadLen {
		return false
	}
	for _, c := range thread {
		if (c < 'a' || c > 'z') && (c < '2' || c > '7') {
			return false
		}
	}
	return true
}

// plusAddress is where replies of the thread are to go; "" when the thread or the address cannot carry it.
func (s signer) plusAddress(thread string) string {
	key, kind := bareThread("plus", thread)
	local := s.local + "+" + key + s.tag(kind, key)
	if !carries(thread) || len(local) > 64 {
		return ""
	}
	return local + "@" + s.domain
}

// ofAddress is the thread that a plus-address of ours proves; "" when it is none.
func (s signer) ofAddress(addr string) string {
	local, domain, _ := cutLast(strings.ToLower(addr), "@")
	base, token, found := cutLast(local, "+")
	if !found || domain != s.domain || base != s.local || len(token) != threadLen+tagLen {
		return ""
	}
	return s.proved("plus", token[:threadLen], token[:threadLen], token[threadLen:])
}

// messageID is the Message-ID, without brackets, of the outbound message with that id. It is the same
// whenever it is asked for.
func (s signer) messageID(id, thread string) string {
	if !carries(thread) {
		thread = strings.Repeat("x", threadLen) // found again by Desk.ThreadOf
	}
	part := short(idLen, "outbound", id)
	key, kind := bareThread("message", thread)
	return "tms." + key + "." + part + "." + s.tag(kind, key+"."+part) + "@" + s.domain
}

// ofMessageID reads a Message-ID: own when we made it, with its thread where it carries one.
func (s signer) ofMessageID(id string) (thread string, own bool) {
	local, _, _ := cutLast(strings.ToLower(id), "@")
	parts := strings.Split(local, ".")
	if len(parts) != 4 || parts[0] != "tms" || len(parts[1]) != threadLen || len(parts[2]) != idLen || len(parts[3]) != tagLen {
		return "", false
	}
	thread = s.proved("message", parts[1], parts[1]+"."+parts[2], parts[3])
	if thread == "" {
		return "", false
	}
	if parts[1] == strings.Repeat("x", threadLen) {
		return "", true
	}
	return thread, true
}

// proved is the thread whose tag it is; "" when it is of none. It takes the same time whatever is wrong with the tag.
func (s signer) proved(purpose, thread, text, tag string) string {
	alone := hmac.Equal([]byte(s.tag(purpose, text)), []byte(tag))
	shared := hmac.Equal([]byte(s.tag(purpose+"*", text)), []byte(tag))
	switch {
	case alone:
		return thread
	case shared:
		return "*" + thread
	}
	return ""
}

// providerID is how the record knows a Message-ID.
func providerID(id string) string {
	if len(id) <= 200 {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// key is the mail's name in the record: the same under whatever UID it is met.
func (m Mail) key() string {
	if m.ID == "" || len(m.ID) > 150 {
		return "raw:" + m.digest
	}
	return m.ID + "#" + m.digest[:16]
}

// newThread is the key of the thread that a mail begins, or continues when its root is not on record. Together it is the
// same for all accounts of the firm that get the mail.
func newThread(m Mail, sender string, together bool) string {
	root := m.key()
	switch {
	case len(m.References) > 0:
		root = m.References[0]
	case m.ID != "":
		root = m.ID
	}
	thread := short(threadLen, "thread", root, sender)
	if together {
		return "*" + thread
	}
	return thread
}

// lookup are the provider ids to ask the record for: the newest references first, at most 50.
func lookupIDs(refs []string) []string {
	var out []string
	for i := len(refs) - 1; i >= 0 && len(out) < 50; i-- {
		out = append(out, providerID(refs[i]))
	}
	return out
}
