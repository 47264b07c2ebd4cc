package agentui

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"tamas/inbox/record"
)

func (s *Server) getCustomer(c echo.Context) error {
	ctx, set := c.Request().Context(), s.hub.Settings()
	rules, attributes := s.sight(c).Asks(&set.Record, set.Attributes)
	page, err := s.db.CustomerRecord(ctx, c.Param("id"), rules, attributes, s.hub.Now())
	if err != nil {
		return missing(err, "customer")
	}
	s.saw(c, &page.CustomerPage)
	page.Limits = s.sight(c).Limits()
	if page.Pins, err = heard(ctx, s, principalOf(c), page.Pins, func(p *record.Pin) *record.Touch { return &p.Touch }); err != nil {
		return err
	}
	for i := range page.Pins {
		lighten(&page.Pins[i].Touch)
	}
	return c.JSON(http.StatusOK, page)
}

// patchCustomer changes what is sent. A tier is taken over by the customer's open conversations. The version is optional: the last one to
// write is right.
func (s *Server) patchCustomer(c echo.Context) error {
	in, err := decode[profileIn](c)
	if err != nil {
		return err
	}
	if in.empty() {
		return invalid("name", "Say what is to be changed.")
	}
	sight := s.sight(c)
	e, err := in.edit(s, sight)
	if err != nil {
		return err
	}
	id, err := rowID(c, "customer")
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	by := s.decided(c, "")
	before, row, err := s.db.EditCustomer(ctx, id, in.Version, e, by, func(before, after record.Customer) record.Note {
		was, is := auditedProfile(before), auditedProfile(after)
		if changed := record.Differing(before, after); len(changed) > 0 {
			is["fields"] = changed
		}
		return during(by.At, s.note(c, "customer.change", after.ID, was, is))
	})
	if err != nil {
		return stale(err, "customer", func() (any, error) {
			page, err := s.db.Customer(ctx, id)
			return page.Customer, err
		})
	}
	if row.Tier != before.Tier {
		if err := s.hub.SetTier(ctx, record.Actor{Kind: "agent", ID: principalOf(c).User.ID}, row.ID, row.Tier); err != nil {
			s.log.Warn("open conversations keep the customer's tier of before", "customer", id, "err", err)
		}
	}
	s.tellSettings(ctx, topicCustomers)
	return c.JSON(http.StatusOK, row)
}

// auditedProfile is what the audit keeps of a customer, which is nothing personal: of the rest it names the fields that were changed. What they
// were stands in the fields' own history.
func auditedProfile(c record.Customer) map[string]any {
	return map[string]any{"tier": c.Tier, "stage": c.Stage, "owner": c.Owner}
}
