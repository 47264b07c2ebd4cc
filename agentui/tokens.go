package agentui

import (
	"context"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"tamas/inbox/record"
)

// tokenView is an API token. It has the rights of its user; Secret is there only in the answer that makes it.
type tokenView struct {
	ID         string        `json:"id"`
	Name       string        `json:"name"`
	User       string        `json:"user"`
	Role       string        `json:"role"` // of the user
	CreatedAt  record.Millis `json:"created_at"`
	LastUsedAt record.Millis `json:"last_used_at"`
	Secret     string        `json:"secret,omitempty"`
}

func (s *Server) viewToken(t record.Token) tokenView {
	return tokenView{ID: t.ID, Name: t.Name, User: t.User, Role: s.hub.Settings().Users[t.User].Role,
		CreatedAt: t.CreatedAt, LastUsedAt: t.SeenAt}
}

func (s *Server) listTokens(c echo.Context) error {
	rows, err := s.db.Tokens(c.Request().Context(), "")
	if err != nil {
		return err
	}
	out := []tokenView{}
	for _, t := range rows {
		out = append(out, s.viewToken(t))
	}
	return c.JSON(http.StatusOK, listOf(out))
}

// postToken makes a token for the caller or for another user: one with few rights, made for a program.
func (s *Server) postToken(c echo.Context) error {
	in, err := decode[struct {
		Name string `json:"name"`
		User string `json:"user"`
	}](c)
	if err != nil {
		return err
	}
	if in.Name, err = text("name", in.Name, 1, 120, false); err != nil {
		return err
	}
	who := principalOf(c)
	if who.Session == "" {
		return forbidden("An API token cannot make another one.")
	}
	if in.User == "" {
		in.User = who.User.ID
	}
	ctx := c.Request().Context()
	if err := s.canHold(ctx, in.User); err != nil {
		return err
	}
	secret := tokenPrefix + newSecret()
	t := record.Token{ID: record.NewID("k"), User: in.User, Name: in.Name, CreatedAt: s.hub.Now()}
	if t, err = s.db.AddToken(ctx, t, hashSecret(secret), s.note(c, "token.create", t.ID, nil, t)); err != nil {
		return err
	}
	view := s.viewToken(t)
	view.Secret = secret
	return c.JSON(http.StatusCreated, view)
}

func (s *Server) canHold(ctx context.Context, user string) error {
	u, err := s.db.User(ctx, user)
	if err == nil && u.Disabled {
		err = record.ErrNotFound
	}
	if errors.Is(err, record.ErrNotFound) {
		return invalid("user", "There is no such user.")
	}
	return err
}

func (s *Server) deleteToken(c echo.Context) error {
	ctx, id := c.Request().Context(), c.Param("id")
	if err := s.db.EndToken(ctx, id, s.note(c, "token.archive", id, map[string]string{"id": id}, nil)); err != nil {
		return missing(err, "token")
	}
	s.live.signOut(func(p *principal) bool { return p.Token == id })
	s.tellSettings(ctx, topicTokens)
	return c.NoContent(http.StatusNoContent)
}
