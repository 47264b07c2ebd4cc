package agentui

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"tamas/inbox/record"
)

const (
	cookieName  = "tamas_session"
	sessionFor  = 30 * 24 * time.Hour // after the last use
	seenEvery   = 5 * time.Minute     // how often a use is written down
	tokenPrefix = "tms_"
)

// principal is who makes a request: a user by a session or by an API token.
type principal struct {
	User    record.User
	Session string // id; "" with a token
	Token   string // id; "" with a session
	hash    string // of the session's or token's secret, to ask again whether it stands
}

var ranks = map[string]int{record.RoleAgent: 1, record.RoleSupervisor: 2, record.RoleAdmin: 3}

// atLeast tells whether the principal has the rights of role.
func (p *principal) atLeast(role string) bool { return ranks[p.User.Role] >= ranks[role] }

func principalOf(c echo.Context) *principal {
	p, _ := c.Get(keyPrincipal).(*principal)
	return p
}

// newSecret makes 256 random bits as text.
func newSecret() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// hashSecret is what is stored of a cookie, a token or a link: they are random, so a fast hash is enough.
func hashSecret(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// anyone wraps a handler that nobody has to sign in for.
func (s *Server) anyone(h echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		switch c.Request().Method {
		case http.MethodGet, http.MethodHead:
		default:
			if !s.sameOrigin(c.Request()) {
				return crossSite()
			}
		}
		return h(c)
	}
}

func (s *Server) agent(h echo.HandlerFunc) echo.HandlerFunc { return s.role(record.RoleAgent, h) }
func (s *Server) supervisor(h echo.HandlerFunc) echo.HandlerFunc {
	return s.role(record.RoleSupervisor, h)
}
func (s *Server) admin(h echo.HandlerFunc) echo.HandlerFunc { return s.role(record.RoleAdmin, h) }

// role wraps a handler that needs somebody with the rights of role.
func (s *Server) role(role string, h echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		who, err := s.authenticate(c)
		if err != nil {
			return err
		}
		c.Set(keyPrincipal, who)
		if who.Session != "" {
			if err := s.guard(c); err != nil {
				return err
			}
		}
		if !who.atLeast(role) {
			return forbidden("This needs the role " + role + ".")
		}
		return h(c)
	}
}

// authenticate finds out who makes the request, by token when there is one, else by cookie.
func (s *Server) authenticate(c echo.Context) (*principal, error) {
	ctx := c.Request().Context()
	if bearer, ok := strings.CutPrefix(c.Request().Header.Get("Authorization"), "Bearer "); ok {
		if !strings.HasPrefix(bearer, tokenPrefix) || len(bearer) > 128 {
			return nil, signedOut()
		}
		hash := hashSecret(bearer)
		t, u, err := s.db.Token(ctx, hash)
		if err != nil {
			return nil, nobody(err)
		}
		if now := s.hub.Now(); now-t.SeenAt > record.Millis(seenEvery.Milliseconds()) {
			_ = s.db.SeenToken(ctx, t.ID, now) // only shown; not worth a refusal
		}
		return &principal{User: u, Token: t.ID, hash: hash}, nil
	}
	cookie, err := c.Cookie(cookieName)
	if err != nil || cookie.Value == "" || len(cookie.Value) > 128 {
		return nil, signedOut()
	}
	now := s.hub.Now()
	hash := hashSecret(cookie.Value)
	x, u, err := s.db.Session(ctx, hash, now)
	if err != nil {
		return nil, nobody(err)
	}
	if now-x.SeenAt > record.Millis(seenEvery.Milliseconds()) {
		_ = s.db.SeenSession(ctx, x.ID, now, now+record.Millis(sessionFor.Milliseconds()))
		s.setCookie(c, cookie.Value)
	}
	return &principal{User: u, Session: x.ID, hash: hash}, nil
}

// nobody turns a failed look-up into an answer: no such row means signed out, a record that is away is said as such.
func nobody(err error) error {
	if errors.Is(err, record.ErrNotFound) {
		return signedOut()
	}
	return err
}

// stands tells whether a live socket's session or token still does. A record that does not answer ends nobody's.
func (s *Server) stands(ctx context.Context, p *principal) bool {
	var err error
	if p.Token != "" {
		_, _, err = s.db.Token(ctx, p.hash)
	} else {
		_, _, err = s.db.Session(ctx, p.hash, s.hub.Now())
	}
	return !errors.Is(err, record.ErrNotFound)
}

// setCookie gives the browser its session; an empty secret takes it away.
func (s *Server) setCookie(c echo.Context, secret string) {
	cookie := &http.Cookie{Name: cookieName, Value: secret, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: s.overTLS(c.Request()), MaxAge: int(sessionFor.Seconds())}
	if secret == "" {
		cookie.MaxAge = -1
	}
	c.SetCookie(cookie)
}
