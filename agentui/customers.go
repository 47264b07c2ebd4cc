package agentui

import (
	"net/http"
	"slices"

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

// patchCustomer renames, or gives a tier, which the customer's open conversations take over. The version is optional: the last one to
// write is right.
func (s *Server) patchCustomer(c echo.Context) error {
	in, err := decode[struct {
		Name    *string `json:"name"`
		Tier    *string `json:"tier"`
		Version int64   `json:"version"`
	}](c)
	if err != nil {
		return err
	}
	if in.Name == nil && in.Tier == nil {
		return invalid("name", "name or tier is needed.")
	}
	if in.Name != nil {
		if err := setText("name", in.Name, in.Name, 0, 200, false); err != nil {
			return err
		}
	}
	if in.Tier != nil && *in.Tier != "" && !slices.Contains(s.hub.Settings().Routing.Tiers, *in.Tier) {
		return invalid("tier", "There is no such tier.")
	}
	ctx, id := c.Request().Context(), c.Param("id")
	before, row, err := s.db.EditCustomer(ctx, id, in.Version, in.Name, in.Tier, func(before, after record.Customer) record.Note {
		return s.note(c, "customer.change", id, map[string]string{"tier": before.Tier}, map[string]string{"tier": after.Tier})
	})
	if err != nil {
		return stale(err, "customer", func() (any, error) {
			page, err := s.db.Customer(ctx, id)
			return page.Customer, err
		})
	}
	if row.Tier != before.Tier {
		if err := s.hub.SetTier(ctx, record.Actor{Kind: "agent", ID: principalOf(c).User.ID}, id, row.Tier); err != nil {
			s.log.Warn("open conversations keep the customer's tier of before", "customer", id, "err", err)
		}
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
