package agentui

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// argon2id's cost: 19 MiB, two passes, one lane (OWASP's second choice, for small machines); about 25 ms.
const (
	argonMemory = 19 << 10 // KiB
	argonTime   = 2
	argonLanes  = 1
	argonKey    = 32
	argonSalt   = 16
)

// Bounds of a password, in characters and bytes. Long ones cost no more than short ones, but the body does.
const (
	minPassword = 10
	maxPassword = 256
)

// errBusy: more sign-ins are under way than the machine should hash at once.
var errBusy = errors.New("too many passwords are being checked")

// hasher bounds how many argon2id runs there are at once: each holds 19 MiB.
type hasher struct {
	running chan struct{} // held while hashing
	waiting chan struct{} // held while waiting or hashing
}

func newHasher(running, waiting int) *hasher {
	return &hasher{make(chan struct{}, running), make(chan struct{}, running+waiting)}
}

// run calls f in its turn; errBusy when too many wait already.
func (h *hasher) run(ctx context.Context, f func()) error {
	select {
	case h.waiting <- struct{}{}:
		defer func() { <-h.waiting }()
	default:
		return errBusy
	}
	select {
	case h.running <- struct{}{}:
		defer func() { <-h.running }()
	case <-ctx.Done():
		return ctx.Err()
	}
	f()
	return nil
}

// hash hashes a password in its turn.
func (h *hasher) hash(ctx context.Context, password string) (encoded string, err error) {
	runErr := h.run(ctx, func() { encoded, err = HashPassword(password) })
	return encoded, errors.Join(runErr, err)
}

// check tells whether the password is the hash's. An empty hash costs the same as a wrong password, so the
// time does not tell who has an account.
func (h *hasher) check(ctx context.Context, encoded, password string) (ok bool, err error) {
	err = h.run(ctx, func() {
		if encoded == "" {
			argon2.IDKey([]byte(password), make([]byte, argonSalt), argonTime, argonMemory, argonLanes, argonKey)
			return
		}
		ok = checkPassword(encoded, password)
	})
	return ok, err
}

// HashPassword returns the argon2id hash of a password in PHC form ("$argon2id$v=19$m=…,t=…,p=…$salt$key").
func HashPassword(password string) (string, error) {
	salt := make([]byte, argonSalt)
	if _, err := rand.Read(salt); err != nil {
		return "", err
	}
	key := argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonLanes, argonKey)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonLanes,
		b64.EncodeToString(salt), b64.EncodeToString(key)), nil
}

// checkPassword compares in constant time. Hashes with other costs than today's are checked with theirs, within bounds.
func checkPassword(encoded, password string) bool {
	parts := strings.Split(encoded, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false
	}
	var version int
	var memory, time uint32
	var lanes uint8
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return false
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &time, &lanes); err != nil {
		return false
	}
	if memory < 8 || memory > 1<<20 || time < 1 || time > 16 || lanes < 1 || lanes > 8 {
		return false
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	want, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(want) < 16 || len(want) > 64 {
		return false
	}
	got := argon2.IDKey([]byte(password), salt, time, memory, lanes, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1
}

// ValidPassword says what is wrong with a new password: nil, or an error for people.
func ValidPassword(password string) error {
	switch n := utf8.RuneCountInString(password); {
	case !utf8.ValidString(password):
		return invalid("password", "The password is not valid text.")
	case n < minPassword:
		return invalid("password", fmt.Sprintf("The password needs at least %d characters.", minPassword))
	case n > maxPassword:
		return invalid("password", fmt.Sprintf("The password is longer than %d characters.", maxPassword))
	}
	return nil
}
