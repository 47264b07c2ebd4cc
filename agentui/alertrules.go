package agentui

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// postAlertTest tries a saved rule's addresses.
func (s *Server) postAlertTest(c echo.Context) error {
	if err := nothing(c); err != nil {
		return err
	}
	results, err := s.hub.TryAlert(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"results": results})
}
