package agentui

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"tamas/inbox/record"
)

// getSearch finds customers and messages, newest first.
func (s *Server) getSearch(c echo.Context) error {
	hits, err := s.find(c)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, hits)
}

// listCustomers finds customers only.
func (s *Server) listCustomers(c echo.Context) error {
	hits, err := s.find(c)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(hits.Customers))
}

func (s *Server) find(c echo.Context) (record.Hits, error) {
	q, err := queryText(c)
	if err != nil {
		return record.Hits{}, err
	}
	limit, err := queryInt(c, "limit", 20, 1, maxPage)
	if err != nil {
		return record.Hits{}, err
	}
	return s.db.Search(c.Request().Context(), q, limit)
}

// getOpenAPI gives the document that describes all this.
func (s *Server) getOpenAPI(c echo.Context) error {
	return c.Blob(http.StatusOK, "application/yaml", openAPI)
}
