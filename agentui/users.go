package agentui

import (
	"context"
	"errors"
	"net/http"
	"net/mail"
	"strings"

	"github.com/labstack/echo/v4"

	"tamas/inbox"
	"tamas/inbox/record"
)

// userChange is what may be set of a user; what is left out stays.
type userChange struct {
	Email      *string `json:"email"`
	Name       *string `json:"name"`
	PublicName *string `json:"public_name"`
	Signature  *string `json:"signature"`
	Role       *string `json:"role"`
	Locale     *string `json:"locale"`
	Capacity   *int    `json:"capacity"`
	Disabled   *bool   `json:"disabled"`
	Password   *string `json:"password"`
	Version    *int64  `json:"version"`

	Skills *map[string]int `json:"skills"` // whole
}

func (in userChange) apply(u *record.User, set *inbox.Settings) error {
	if in.Email != nil {
		email, err := cleanEmail(*in.Email)
		if err != nil {
			return err
		}
		u.Email = email
	}
	if err := setText("name", &u.Name, in.Name, 1, 120, false); err != nil {
		return err
	}
	if err := setText("public_name", &u.PublicName, in.PublicName, 0, 120, false); err != nil {
		return err
	}
	if err := setText("signature", &u.Signature, in.Signature, 0, 2000, true); err != nil {
		return err
	}
	if in.Role != nil {
		if err := choice("role", *in.Role, record.RoleAgent, record.RoleSupervisor, record.RoleAdmin); err != nil {
			return err
		}
		u.Role = *in.Role
	}
	if in.Locale != nil {
		if err := choice("locale", *in.Locale, "en", "fa"); err != nil {
			return err
		}
		u.Locale = *in.Locale
	}
	if in.Skills != nil {
		if err := checkSkills(*in.Skills, set); err != nil {
			return err
		}
		u.Skills = *in.Skills
	}
	if in.Disabled != nil {
		u.Disabled = *in.Disabled
	}
	return setNumber("capacity", &u.Capacity, in.Capacity, 0, 1000)
}

func cleanEmail(s string) (string, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || len(s) > 254 {
		return "", invalid("email", "This is no e-mail address.")
	}
	return s, nil
}

func (s *Server) listUsers(c echo.Context) error {
	rows, err := s.db.Users(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(rows))
}

func (s *Server) getUser(c echo.Context) error {
	u, err := s.db.User(c.Request().Context(), c.Param("id"))
	if err != nil {
		return missing(err, "user")
	}
	return c.JSON(http.StatusOK, u)
}

func (s *Server) postUser(c echo.Context) error {
	in, err := decode[userChange](c)
	if err != nil {
		return err
	}
	for _, needed := range []struct {
		field string
		value *string
	}{{"email", in.Email}, {"name", in.Name}, {"role", in.Role}, {"password", in.Password}} {
		if needed.value == nil {
			return invalid(needed.field, needed.field+" is needed.")
		}
	}
	if in.Version != nil {
		return invalid("version", "A new user has no version yet.")
	}
	ctx := c.Request().Context()
	u := record.User{Locale: s.firmLocale(ctx), Capacity: defaultCapacity}
	if err := in.apply(&u, s.hub.Settings()); err != nil {
		return err
	}
	hash, err := s.hashNew(ctx, *in.Password)
	if err != nil {
		return err
	}
	u.ID, u.CreatedAt = record.NewID("u"), s.hub.Now()
	if u, err = s.db.AddUser(ctx, u, hash, s.note(c, "user.create", u.ID, nil, u)); err != nil {
		return s.userProblem(ctx, "", err)
	}
	s.tellSettings(ctx, topicUsers)
	return c.JSON(http.StatusCreated, u)
}

// defaultCapacity is six units: what somebody can hold of conversations that weigh one.
const defaultCapacity = 6

// hashNew checks and hashes a password that an admin sets.
func (s *Server) hashNew(ctx context.Context, password string) (string, error) {
	if err := ValidPassword(password); err != nil {
		return "", err
	}
	hash, err := s.hasher.hash(ctx, password)
	if errors.Is(err, errBusy) {
		return "", slowDown(retrySoon)
	}
	return hash, err
}

// patchUser changes a user. Supervisors set skills, as they do those of queues and conversations; the rest is the admins'.
func (s *Server) patchUser(c echo.Context) error {
	in, err := decode[userChange](c)
	if err != nil {
		return err
	}
	if !principalOf(c).atLeast(record.RoleAdmin) && in != (userChange{Skills: in.Skills, Version: in.Version}) {
		return forbidden("A supervisor can change skills only.")
	}
	if err := needVersion(in.Version); err != nil {
		return err
	}
	ctx, id := c.Request().Context(), c.Param("id")
	old, err := s.db.User(ctx, id)
	if err != nil {
		return s.userProblem(ctx, id, err)
	}
	u := old
	if err := in.apply(&u, s.hub.Settings()); err != nil {
		return err
	}
	if err := s.keepsAnAdmin(ctx, old, u); err != nil {
		return err
	}
	hash := ""
	if in.Password != nil {
		if hash, err = s.hashNew(ctx, *in.Password); err != nil {
			return err
		}
	}
	u.Version = *in.Version
	return s.saveUser(c, old, u, hash)
}

// deleteUser disables: what the user did stays on record, under the name.
func (s *Server) deleteUser(c echo.Context) error {
	version, err := queryVersion(c)
	if err != nil {
		return err
	}
	ctx, id := c.Request().Context(), c.Param("id")
	old, err := s.db.User(ctx, id)
	if err != nil {
		return s.userProblem(ctx, id, err)
	}
	u := old
	u.Disabled, u.Version = true, version
	if err := s.keepsAnAdmin(ctx, old, u); err != nil {
		return err
	}
	return s.saveUser(c, old, u, "")
}

// saveUser stores a changed user. Who is disabled loses all sessions, whose password is new all but the caller's own.
func (s *Server) saveUser(c echo.Context, old, u record.User, hash string) error {
	ctx := c.Request().Context()
	keep := ""
	if who := principalOf(c); who.User.ID == u.ID {
		keep = who.Session
	}
	u, err := s.db.EditUser(ctx, u, hash, keep, s.note(c, "user.change", u.ID, old, withPassword(u, hash != "")))
	if err != nil {
		return s.userProblem(ctx, old.ID, err)
	}
	if hash != "" {
		s.signOutUser(u.ID, keep)
	}
	if u.Disabled {
		s.live.signOut(func(p *principal) bool { return p.User.ID == u.ID })
	}
	s.tellSettings(ctx, topicUsers)
	if c.Request().Method == http.MethodDelete {
		return c.NoContent(http.StatusNoContent)
	}
	return c.JSON(http.StatusOK, u)
}

// keepsAnAdmin refuses a change after which nobody could change anything any more.
func (s *Server) keepsAnAdmin(ctx context.Context, old, u record.User) error {
	if old.Role != record.RoleAdmin || old.Disabled || u.Role == record.RoleAdmin && !u.Disabled {
		return nil
	}
	all, err := s.db.Users(ctx)
	if err != nil {
		return err
	}
	for _, x := range all {
		if x.ID != u.ID && x.Role == record.RoleAdmin && !x.Disabled {
			return nil
		}
	}
	return invalid("role", "This is the only admin. Make another one first.")
}

func (s *Server) userProblem(ctx context.Context, id string, err error) error {
	return stale(taken(err, "email", "Somebody else has this e-mail address."), "user",
		func() (record.User, error) { return s.db.User(ctx, id) })
}

// withPassword is a user's row for the audit; a new password is said, not shown.
func withPassword(u record.User, set bool) any {
	if !set {
		return u
	}
	return struct {
		record.User
		Password string `json:"password"`
	}{u, "new"}
}
