package agentui

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"tamas/inbox/record"
)

func (s *Server) getCustomer(c echo.Context) error {
	page, err := s.db.Customer(c.Request().Context(), c.Param("id"))
	if err != nil {
		return missing(err, "customer")
	}
	return c.JSON(http.StatusOK, page)
}

// patchCustomer renames. The version is optional: the last one to write a name is right.
func (s *Server) patchCustomer(c echo.Context) error {
	in, err := decode[struct {
		Name    *string `json:"name"`
		Version int64   `json:"version"`
	}](c)
	if err != nil {
		return err
	}
	if in.Name == nil {
		return invalid("name", "name is needed.")
	}
	name, err := text("name", *in.Name, 0, 200, false)
	if err != nil {
		return err
	}
	ctx, id := c.Request().Context(), c.Param("id")
	row, err := s.db.RenameCustomer(ctx, id, in.Version, name)
	if err != nil {
		return stale(err, "customer", func() (any, error) {
			page, err := s.db.Customer(ctx, id)
			return page.Customer, err
		})
	}
	s.tellSettings(ctx, topicCustomers)
	return c.JSON(http.StatusOK, row)
}

func (s *Server) listCustomerTouches(c echo.Context) error {
	limit, err := queryInt(c, "limit", pageSize, 1, maxPage)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	line, err := s.db.Timeline(ctx, c.Param("id"), c.QueryParam("before"), limit)
	if err != nil {
		return badPosition(err)
	}
	if line.Items, err = heard(ctx, s, principalOf(c), line.Items, func(t *record.TimelineTouch) *record.Touch { return &t.Touch }); err != nil {
		return err
	}
	for i := range line.Items {
		lighten(&line.Items[i].Touch)
	}
	return c.JSON(http.StatusOK, line)
}
