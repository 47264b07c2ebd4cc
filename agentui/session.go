package agentui

import (
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"tamas/channels"
	"tamas/inbox/record"
)

// me is what the app needs to start.
type me struct {
	User     record.User     `json:"user"`
	Agent    record.Agent    `json:"agent"`
	CSRF     bool            `json:"csrf"` // whether changes need X-Tamas-CSRF
	Firm     Firm            `json:"firm"`
	Version  string          `json:"version"`
	Channels []channels.Kind `json:"channels"`
	MaxFile  int64           `json:"max_file"` // bytes of one file that may be sent up
}

func (s *Server) answerMe(c echo.Context, u record.User, session bool) error {
	firm, err := s.firm(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, me{User: u, Agent: s.hub.Agent(u.ID), CSRF: session, Firm: firm, Version: s.version, Channels: s.kinds, MaxFile: s.maxFile})
}

func (s *Server) getSession(c echo.Context) error {
	who := principalOf(c)
	return s.answerMe(c, who.User, who.Session != "")
}

// postSession signs in. Attempts are bounded by address and by e-mail; an e-mail that nobody has costs as much time
// as a wrong password.
func (s *Server) postSession(c echo.Context) error {
	in, err := decode[struct {
		Email    string `json:"email"`
		Password string `json:"password"`
	}](c)
	if err != nil {
		return err
	}
	email := strings.ToLower(strings.TrimSpace(in.Email))
	if email == "" || len(email) > 254 {
		return invalid("email", "Enter your e-mail address.")
	}
	if in.Password == "" || len(in.Password) > 4*maxPassword {
		return invalid("password", "Enter your password.")
	}
	now := s.hub.Now().Time()
	if wait, ok := s.byIP.take(c.RealIP(), now); !ok {
		s.metrics.signIns.WithLabelValues("limited").Inc()
		return slowDown(wait)
	}
	if wait, ok := s.byEmail.take(email, now); !ok {
		s.metrics.signIns.WithLabelValues("limited").Inc()
		return slowDown(wait)
	}
	ctx := c.Request().Context()
	u, hash, err := s.db.UserByEmail(ctx, email)
	if err != nil && !errors.Is(err, record.ErrNotFound) {
		return err
	}
	ok, err := s.hasher.check(ctx, hash, in.Password)
	if errors.Is(err, errBusy) {
		return slowDown(retrySoon)
	}
	if err != nil {
		return err
	}
	if !ok || u.Disabled {
		s.metrics.signIns.WithLabelValues("refused").Inc()
		return &problem{Status: http.StatusUnauthorized, Code: codeSignedOut, Message: "This e-mail address and password do not go together.", Field: "password"}
	}
	s.byEmail.forget(email)
	s.metrics.signIns.WithLabelValues("ok").Inc()
	return s.signIn(c, u)
}

// signIn begins a session: the browser gets the secret, the record its hash.
func (s *Server) signIn(c echo.Context, u record.User) error {
	secret, now := newSecret(), s.hub.Now()
	_, err := s.db.AddSession(c.Request().Context(), record.Session{User: u.ID, CreatedAt: now, SeenAt: now,
		ExpiresAt: now + record.Millis(sessionFor.Milliseconds()), Address: cut(c.RealIP(), 64),
		Browser: cut(strings.ToValidUTF8(c.Request().UserAgent(), ""), 300)}, hashSecret(secret))
	if err != nil {
		return err
	}
	s.setCookie(c, secret)
	return s.answerMe(c, u, true)
}

func (s *Server) deleteSession(c echo.Context) error {
	who := principalOf(c)
	if who.Session == "" {
		return forbidden("An API token is ended in the settings.")
	}
	s.setCookie(c, "")
	return s.dropSession(c, who.User.ID, who.Session)
}

// sessionView is a session as its owner sees it.
type sessionView struct {
	ID        string        `json:"id"`
	CreatedAt record.Millis `json:"created_at"`
	SeenAt    record.Millis `json:"seen_at"`
	ExpiresAt record.Millis `json:"expires_at"`
	IP        string        `json:"ip"`
	UserAgent string        `json:"user_agent"`
	Current   bool          `json:"current"`
}

func (s *Server) listSessions(c echo.Context) error {
	who := principalOf(c)
	rows, err := s.db.Sessions(c.Request().Context(), who.User.ID, s.hub.Now())
	if err != nil {
		return err
	}
	out := []sessionView{}
	for _, x := range rows {
		out = append(out, sessionView{x.ID, x.CreatedAt, x.SeenAt, x.ExpiresAt, x.Address, x.Browser, x.ID == who.Session})
	}
	return c.JSON(http.StatusOK, listOf(out))
}

func (s *Server) endSession(c echo.Context) error {
	return s.dropSession(c, principalOf(c).User.ID, c.Param("id"))
}

// dropSession ends a session of the user's, with its sockets here at once and on other nodes as they hear of it.
func (s *Server) dropSession(c echo.Context, user, id string) error {
	ctx := c.Request().Context()
	if err := s.db.EndSession(ctx, user, id); err != nil {
		return missing(err, "session")
	}
	s.live.signOut(func(p *principal) bool { return p.Session == id })
	s.tellSettings(ctx, topicSessions)
	return c.NoContent(http.StatusNoContent)
}

// patchMe changes what everybody may change of themselves.
func (s *Server) patchMe(c echo.Context) error {
	in, err := decode[struct {
		Name        *string `json:"name"`
		PublicName  *string `json:"public_name"`
		Signature   *string `json:"signature"`
		Locale      *string `json:"locale"`
		Password    *string `json:"password"`
		OldPassword *string `json:"old_password"`
	}](c)
	if err != nil {
		return err
	}
	who := principalOf(c)
	u := who.User
	if err := (userChange{Name: in.Name, PublicName: in.PublicName, Signature: in.Signature, Locale: in.Locale}).apply(&u, s.hub.Settings()); err != nil {
		return err
	}
	ctx := c.Request().Context()
	hash := ""
	if in.Password != nil {
		if who.Session == "" {
			return forbidden("An API token cannot change its owner's password.")
		}
		if hash, err = s.newPassword(c, u, *in.Password, in.OldPassword); err != nil {
			return err
		}
	}
	if u, err = s.db.EditUser(ctx, u, hash, who.Session); err != nil {
		return s.userProblem(ctx, u.ID, err)
	}
	if hash != "" {
		s.signOutUser(u.ID, who.Session)
	}
	s.tellSettings(ctx, topicUsers)
	return s.answerMe(c, u, who.Session != "")
}

// newPassword checks the old password of who changes the own one, and hashes the new.
func (s *Server) newPassword(c echo.Context, u record.User, password string, old *string) (string, error) {
	if old == nil || *old == "" || len(*old) > 4*maxPassword {
		return "", invalid("old_password", "Enter the password that you have now.")
	}
	if err := ValidPassword(password); err != nil {
		return "", err
	}
	if wait, ok := s.byEmail.take(u.Email, s.hub.Now().Time()); !ok {
		return "", slowDown(wait)
	}
	ctx := c.Request().Context()
	hash, err := s.db.Password(ctx, u.ID)
	if err != nil {
		return "", err
	}
	ok, err := s.hasher.check(ctx, hash, *old)
	if err == nil && !ok {
		return "", invalid("old_password", "This is not the password that you have now.")
	}
	if err == nil {
		s.byEmail.forget(u.Email)
		hash, err = s.hasher.hash(ctx, password)
	}
	if errors.Is(err, errBusy) {
		return "", slowDown(retrySoon)
	}
	return hash, err
}

// signOutUser closes the sockets of a user's sessions but one. The sessions themselves ended with the change of the row.
func (s *Server) signOutUser(user, but string) {
	s.live.signOut(func(p *principal) bool { return p.User.ID == user && p.Session != "" && p.Session != but })
}
