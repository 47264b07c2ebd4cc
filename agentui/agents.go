package agentui

import (
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"tamas/inbox/record"
)

// listAgents gives the live side of all agents, for who wants to ask a colleague; changes come over the live socket. Users who were never
// at work have none.
func (s *Server) listAgents(c echo.Context) error {
	_, agents := s.hub.Live()
	slices.SortFunc(agents, func(a, b record.Agent) int { return strings.Compare(a.ID, b.ID) })
	if agents == nil {
		agents = []record.Agent{}
	}
	return c.JSON(http.StatusOK, struct {
		Items []record.Agent `json:"items"`
	}{agents})
}
