package agentui

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"tamas/inbox/record"
)

// getSummary tells what follows from a customer's touches.
func (s *Server) getSummary(c echo.Context) error {
	id, err := rowID(c, "customer")
	if err != nil {
		return err
	}
	return s.summary(c, "customer", []string{id})
}

// getOrganisationSummary is getSummary of all members.
func (s *Server) getOrganisationSummary(c echo.Context) error {
	members, err := s.membersOf(c)
	if err != nil {
		return err
	}
	return s.summary(c, "organisation", members)
}

// listOrganisationTouches is the timeline of all members.
func (s *Server) listOrganisationTouches(c echo.Context) error {
	f, err := timelineFilter(c)
	if err != nil {
		return err
	}
	members, err := s.membersOf(c)
	if err != nil {
		return err
	}
	return s.answerTimeline(c, members, f)
}

// membersOf are the customers of the organisation in the path, as far as the caller may know them.
func (s *Server) membersOf(c echo.Context) ([]string, error) {
	id, err := rowID(c, "organisation")
	if err != nil {
		return nil, err
	}
	page, err := s.db.Organisation(c.Request().Context(), id)
	if err != nil {
		return nil, missing(err, "organisation")
	}
	page = record.CutTo(s.sight(c), page)
	members := []string{}
	for _, m := range page.Members {
		members = append(members, m.Customer.ID)
	}
	return members, nil
}

func (s *Server) summary(c echo.Context, what string, customers []string) error {
	firm := s.hub.Settings().Firm
	rules := record.SummaryRules{Now: s.hub.Now(), Jalali: firm.Locale == "fa"}
	switch c.QueryParam("calendar") {
	case "":
	case "jalali":
		rules.Jalali = true
	case "gregorian":
		rules.Jalali = false
	default:
		return invalid("calendar", "calendar must be one of gregorian, jalali.")
	}
	if zone, err := time.LoadLocation(firm.Timezone); err == nil {
		rules.Zone = zone
	}
	sum, err := s.db.Summary(c.Request().Context(), customers, rules)
	if err != nil {
		return missing(err, what)
	}
	return c.JSON(http.StatusOK, sum)
}
