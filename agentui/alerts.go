package agentui

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"
)

// listHealth tells how each account is doing: connected since when, what waits, what went wrong, and what to do.
func (s *Server) listHealth(c echo.Context) error {
	return c.JSON(http.StatusOK, map[string]any{"accounts": listOf(s.hub.AllHealth()).Items})
}

// postReconnect makes the node that runs the account connect anew at once, however long it would have waited.
func (s *Server) postReconnect(c echo.Context) error {
	if err := nothing(c); err != nil {
		return err
	}
	ctx := c.Request().Context()
	if _, err := s.account(ctx, c.Param("id")); err != nil {
		return err
	}
	if err := s.hub.Reconnect(ctx, c.Param("id")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// listAlerts tells which accounts have been silent or refused for too long.
func (s *Server) listAlerts(c echo.Context) error {
	return c.JSON(http.StatusOK, map[string]any{"alerts": s.hub.Alerts()})
}

// ackAlert says that somebody looks after it.
func (s *Server) ackAlert(c echo.Context) error {
	if err := nothing(c); err != nil {
		return err
	}
	// The router leaves a segment as the address writes it, and browsers write the colon of an alert's id as %3A.
	id, err := url.PathUnescape(c.Param("id"))
	if err != nil {
		return notFound("alert")
	}
	if err := s.hub.AckAlert(c.Request().Context(), id, principalOf(c).User.ID); err != nil {
		return missing(err, "alert")
	}
	return c.NoContent(http.StatusNoContent)
}
