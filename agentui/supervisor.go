package agentui

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// getSupervisor tells the figures once, as of an event that is not after them; the live socket tells them on and on.
func (s *Server) getSupervisor(c echo.Context) error {
	at := s.hub.Head()
	v, err := s.figures(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, supervisorView{*v, at})
}
