package agentui

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"tamas/inbox/record"
)

type cannedChange struct {
	Shortcut *string `json:"shortcut"`
	Title    *string `json:"title"`
	Text     *string `json:"text"`
	Version  *int64  `json:"version"`
}

func (in *cannedChange) apply(x *record.Canned) error {
	if in.Shortcut != nil {
		short := strings.TrimPrefix(strings.TrimSpace(*in.Shortcut), "/")
		if strings.ContainsAny(short, " \t\n\u200c/") {
			return invalid("shortcut", "A shortcut is one word, typed after a slash.")
		}
		if err := setText("shortcut", &x.Shortcut, &short, 1, 40, false); err != nil {
			return err
		}
	}
	if err := setText("title", &x.Title, in.Title, 0, 120, false); err != nil {
		return err
	}
	return setText("text", &x.Text, in.Text, 1, 10_000, true)
}

func (s *Server) listCanned(c echo.Context) error {
	rows, err := s.db.CannedAll(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(rows))
}

func (s *Server) postCanned(c echo.Context) error {
	in, err := decode[cannedChange](c)
	if err != nil {
		return err
	}
	if in.Version != nil {
		return invalid("version", "A new answer has no version yet.")
	}
	if in.Shortcut == nil {
		in.Shortcut = new(string)
	}
	if in.Text == nil {
		in.Text = new(string)
	}
	var x record.Canned
	if err := in.apply(&x); err != nil {
		return err
	}
	ctx := c.Request().Context()
	x.ID = record.NewID("n")
	if x, err = s.db.AddCanned(ctx, x, s.note(c, "canned.create", x.ID, nil, x)); err != nil {
		return taken(err, "shortcut", "Another answer has this shortcut.")
	}
	s.tellSettings(ctx, topicCanned)
	return c.JSON(http.StatusCreated, x)
}

func (s *Server) patchCanned(c echo.Context) error {
	in, err := decode[cannedChange](c)
	if err != nil {
		return err
	}
	if err := needVersion(in.Version); err != nil {
		return err
	}
	ctx, id := c.Request().Context(), c.Param("id")
	x, err := s.db.Canned(ctx, id)
	if err != nil {
		return missing(err, "prepared answer")
	}
	before := x
	if err := in.apply(&x); err != nil {
		return err
	}
	x.Version = *in.Version
	if x, err = s.db.EditCanned(ctx, x, s.note(c, "canned.change", id, before, x)); err != nil {
		return stale(taken(err, "shortcut", "Another answer has this shortcut."), "prepared answer",
			func() (record.Canned, error) { return s.db.Canned(ctx, id) })
	}
	s.tellSettings(ctx, topicCanned)
	return c.JSON(http.StatusOK, x)
}

func (s *Server) deleteCanned(c echo.Context) error {
	version, err := queryVersion(c)
	if err != nil {
		return err
	}
	ctx, id := c.Request().Context(), c.Param("id")
	before, err := s.db.Canned(ctx, id)
	if err != nil {
		return missing(err, "prepared answer")
	}
	if err := s.db.RemoveCanned(ctx, id, version, s.note(c, "canned.archive", id, before, nil)); err != nil {
		return stale(err, "prepared answer", func() (record.Canned, error) { return s.db.Canned(ctx, id) })
	}
	s.tellSettings(ctx, topicCanned)
	return c.NoContent(http.StatusNoContent)
}
