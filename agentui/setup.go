package agentui

import (
	"context"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"tamas/inbox/record"
)

// SetupLink makes the one-time address where the first admin is made; an earlier one ends. "" when there are users already.
// Where the hub's own address is not known, base is what stands before the path.
func (s *Server) SetupLink(ctx context.Context, base string) (string, error) {
	secret := newSecret()
	err := s.db.NewSetup(ctx, hashSecret(secret))
	if errors.Is(err, record.ErrConflict) {
		return "", nil
	}
	if s.public != "" {
		base = s.public
	}
	return base + "/setup?token=" + secret, err
}

func (s *Server) getSetup(c echo.Context) error {
	needed, err := s.db.SetupNeeded(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]bool{"needed": needed})
}

// firstQueue is the only thing that a new hub has.
var firstQueue = map[string]string{"en": "General", "fa": "عمومی"}

// postSetup makes the first admin and signs in.
func (s *Server) postSetup(c echo.Context) error {
	in, err := decode[struct {
		Token    string `json:"token"`
		Name     string `json:"name"`
		Email    string `json:"email"`
		Password string `json:"password"`
		Locale   string `json:"locale"`
		Firm     string `json:"firm"`
		Timezone string `json:"timezone"` // the browser's
	}](c)
	if err != nil {
		return err
	}
	if wait, ok := s.byIP.take(c.RealIP(), s.hub.Now().Time()); !ok {
		return slowDown(wait)
	}
	if in.Token == "" || len(in.Token) > 200 {
		return badLink()
	}
	if in.Locale == "" {
		in.Locale = "en"
	}
	role := record.RoleAdmin
	u := record.User{Capacity: defaultCapacity}
	if err := (userChange{Email: &in.Email, Name: &in.Name, Role: &role, Locale: &in.Locale}).apply(&u, s.hub.Settings()); err != nil {
		return err
	}
	if in.Firm, err = text("firm", in.Firm, 0, 120, false); err != nil {
		return err
	}
	ctx := c.Request().Context()
	hash, err := s.hashNew(ctx, in.Password)
	if err != nil {
		return err
	}
	u.CreatedAt = s.hub.Now()
	queue := defaultQueue()
	queue.Name = firstQueue[u.Locale]
	u, queue, err = s.db.Setup(ctx, hashSecret(in.Token), u, hash, queue)
	switch {
	case errors.Is(err, record.ErrConflict):
		return &problem{Status: http.StatusConflict, Code: codeConflict, Message: "The first admin is there already. Please sign in."}
	case errors.Is(err, record.ErrNotFound):
		return badLink()
	case err != nil:
		return err
	}
	firm, err := s.firm(ctx)
	if err != nil {
		return err
	}
	if firm.Name = in.Firm; firm.Version == 0 {
		firm.Locale = u.Locale
		switch {
		case checkTimezone(in.Timezone) == nil:
			firm.Timezone = in.Timezone
		case u.Locale == "fa":
			firm.Timezone = "Asia/Tehran"
		}
	}
	if _, err := s.saveFirm(ctx, firm); err != nil && !errors.Is(err, record.ErrConflict) {
		return err
	}
	s.tellSettings(ctx, topicUsers)
	if s.onSetup != nil {
		if err := s.onSetup(ctx, s.origin(c), queue); err != nil {
			s.log.Warn("the first steps after the set-up failed", "err", err)
		}
	}
	return s.signIn(c, u)
}

func badLink() *problem {
	return &problem{Status: http.StatusForbidden, Code: codeForbidden, Field: "token", Message: "This link is no longer good. Start the hub again to get a new one."}
}
