package agentui

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"tamas/inbox/record"
)

// listSuggestions lists who may be one person: supervisors the whole queue, agents those of a customer.
func (s *Server) listSuggestions(c echo.Context) error {
	limit, err := queryInt(c, "limit", pageSize, 1, maxPage)
	if err != nil {
		return err
	}
	f := record.SuggestionFilter{State: c.QueryParam("state"), Customer: c.QueryParam("customer"), Before: c.QueryParam("before"), Limit: limit}
	if f.State != "" {
		if err := choice("state", f.State, record.SuggestionOpen, record.SuggestionMerged, record.SuggestionDismissed); err != nil {
			return err
		}
	}
	if _, err := text("customer", f.Customer, 0, 256, false); err != nil {
		return err
	}
	if _, err := text("before", f.Before, 0, 64, false); err != nil {
		return err
	}
	if f.Customer == "" && !principalOf(c).atLeast(record.RoleSupervisor) {
		return forbidden("The whole list is for supervisors. Name a customer.")
	}
	page, err := s.db.Suggestions(c.Request().Context(), f)
	if err != nil {
		return badPosition(missing(err, "customer"))
	}
	return c.JSON(http.StatusOK, page)
}

func (s *Server) postSuggestionAccept(c echo.Context) error {
	in, id, err := decodeAbout[struct {
		Into string `json:"into"`
		Seen string `json:"seen"`
	}](c, "suggestion")
	if err != nil {
		return err
	}
	if err := setText("into", &in.Into, &in.Into, 1, 256, false); err != nil {
		return err
	}
	m, err := s.db.AcceptSuggestion(c.Request().Context(), id, in.Into, s.decided(c, in.Seen), s.mergeNote(c))
	if err != nil {
		return stale(same(err, "into", areOne), "suggestion", func() (any, error) { return nil, nil })
	}
	s.settle(c, m.Into)
	return s.answerMerge(c, m)
}

func (s *Server) postSuggestionDismiss(c echo.Context) error {
	if err := nothing(c); err != nil {
		return err
	}
	id, err := rowID(c, "suggestion")
	if err != nil {
		return err
	}
	err = s.db.DismissSuggestion(c.Request().Context(), id, s.decided(c, ""),
		s.note(c, "suggestion.dismiss", id, map[string]string{"state": record.SuggestionOpen}, map[string]string{"state": record.SuggestionDismissed}))
	if err != nil {
		return stale(err, "suggestion", func() (any, error) { return nil, nil })
	}
	s.tellSettings(c.Request().Context(), topicCustomers)
	return c.NoContent(http.StatusNoContent)
}
