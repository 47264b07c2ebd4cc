package agentui

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"tamas/inbox/record"
	"tamas/router"
)

// getWhy answers "why is this still waiting?" from the live state and "why did I get this?" from the record.
func (s *Server) getWhy(c echo.Context) error {
	ctx, id := c.Request().Context(), c.Param("id")
	decisions, err := s.db.Decisions(ctx, id, maxDecision)
	if err != nil {
		return err
	}
	var waiting *router.Explanation
	if header, live := s.hub.Conversation(id); live {
		waiting = s.explainer.Explain(s.hub, header, s.hub.Now())
	}
	if waiting == nil && len(decisions) == 0 {
		if _, err := s.db.Header(ctx, id); err != nil {
			return missing(err, "conversation")
		}
	}
	return c.JSON(http.StatusOK, struct {
		Waiting   *router.Explanation `json:"waiting"` // null: it does not wait
		Decisions []record.Event      `json:"decisions"`
	}{waiting, decisions})
}
