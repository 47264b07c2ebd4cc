package webchat

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/mail"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"tamas/channels"
)

// person is who a visitor is, as the site has proven.
type person struct {
	ID    string `json:"id"` // the firm's own id of the customer
	Name  string `json:"n,omitempty"`
	Email string `json:"e,omitempty"`
	Phone string `json:"p,omitempty"`
	Until int64  `json:"u"` // Unix seconds: then the proof must be renewed
}

// Bounds of a proof.
const (
	maxProof    = 4 << 10             // bytes of a JWT
	maxPersonID = 128                 // bytes
	maxProven   = 30 * 24 * time.Hour // a session by it, however far away exp is
	hashLife    = 24 * time.Hour      // a session by a hash, which says no end
)

var errProof = errors.New("the identity is not valid")

// proof is what a page says about its visitor: a JWT, or the firm's id of the customer with its HMAC-SHA256 in hex.
type proof struct {
	Identity string `json:"identity"`
	UserID   string `json:"user_id"`
	UserHash string `json:"user_hash"`
}

func (p proof) empty() bool { return p.Identity == "" && p.UserID == "" && p.UserHash == "" }

// verify checks a proof. Only HS256 under the account's secret is taken, with an exp and a sub.
func (p proof) verify(secret string, now time.Time) (*person, error) {
	if secret == "" || len(p.Identity) > maxProof || len(p.UserHash) > 2*sha256.Size {
		return nil, errProof
	}
	if p.Identity == "" {
		h := hmac.New(sha256.New, []byte(secret))
		h.Write([]byte(p.UserID))
		if given, err := hex.DecodeString(p.UserHash); err != nil || !hmac.Equal(given, h.Sum(nil)) {
			return nil, errProof
		}
		return newPerson(person{ID: p.UserID, Until: now.Add(hashLife).Unix()})
	}
	var claims struct {
		jwt.RegisteredClaims
		Name  string `json:"name"`
		Email string `json:"email"`
		Phone string `json:"phone"`
	}
	_, err := jwt.ParseWithClaims(p.Identity, &claims, func(*jwt.Token) (any, error) { return []byte(secret), nil },
		jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired(), jwt.WithLeeway(30*time.Second),
		jwt.WithTimeFunc(func() time.Time { return now }))
	if err != nil {
		return nil, errProof
	}
	return newPerson(person{ID: claims.Subject, Name: claims.Name, Email: claims.Email, Phone: claims.Phone,
		Until: min(claims.ExpiresAt.Add(30*time.Second).Unix(), now.Add(maxProven).Unix())})
}

// newPerson bounds what was proven; a name or an address that makes no sense is left out.
func newPerson(p person) (*person, error) {
	if p.ID == "" || len(p.ID) > maxPersonID || p.ID != oneLine(p.ID) {
		return nil, errProof
	}
	p.Name, p.Phone = cut(oneLine(p.Name), maxPerson), cut(oneLine(p.Phone), 40)
	if a, err := mail.ParseAddress(p.Email); err != nil || a.Address != p.Email || len(p.Email) > maxPerson {
		p.Email = ""
	}
	p.Email = strings.ToLower(p.Email)
	return &p, nil
}

// link tells the hub whose identity this is.
func (p *person) link() *channels.Link {
	return &channels.Link{Channel: "external", Address: p.ID, Name: p.Name, Email: p.Email, Phone: p.Phone, Evidence: "signed token of the site"}
}

// same tells whether both are proven to be one person, or both are nobody in particular.
func (p *person) same(q *person) bool {
	return (p == nil) == (q == nil) && (p == nil || p.ID == q.ID)
}

// digest names what a link says, so that it need not be said with every message.
func (p *person) digest() [8]byte {
	q := *p
	q.Until = 0
	b, _ := json.Marshal(q)
	sum := sha256.Sum256(b)
	return [8]byte(sum[:8])
}
