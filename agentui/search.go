package agentui

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"tamas/inbox/record"
)

// getSearch finds everything that can be found, newest first.
func (s *Server) getSearch(c echo.Context) error {
	what := record.SearchFor{Before: c.QueryParam("before")}
	for section := range strings.SplitSeq(c.QueryParam("in"), ",") {
		if section = strings.TrimSpace(section); section != "" {
			// Settings are the app's own; it may ask for them alone.
			if err := choice("in", section, append(slices.Clone(record.Sections), "settings")...); err != nil {
				return err
			}
			what.In = append(what.In, section)
		}
	}
	found, err := s.find(c, what)
	if err != nil {
		return badPosition(err)
	}
	return c.JSON(http.StatusOK, struct {
		record.Hits
		Settings []struct{} `json:"settings"`
	}{found, []struct{}{}})
}

// listCustomers finds customers only, or lists them when nothing is looked for.
func (s *Server) listCustomers(c echo.Context) error {
	if c.QueryParam("q") == "" {
		return s.listFixes(c)
	}
	found, err := s.find(c, record.SearchFor{In: []string{record.InCustomers}})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(found.Customers))
}

func (s *Server) find(c echo.Context, what record.SearchFor) (record.Hits, error) {
	q, err := queryText(c)
	if err != nil {
		return record.Hits{}, err
	}
	if what.Limit, err = queryInt(c, "limit", 20, 1, maxPage); err != nil {
		return record.Hits{}, err
	}
	zone, err := time.LoadLocation(s.hub.Settings().Firm.Timezone)
	if err != nil {
		zone = time.UTC
	}
	who := principalOf(c)
	what.Query = record.ParseQuery(q, zone, time.Now())
	what.Sight = s.sight(c)
	what.User, what.Supervisor = who.User.ID, who.atLeast(record.RoleSupervisor)
	return s.db.SearchFor(c.Request().Context(), what)
}

// getOpenAPI gives the document that describes all this.
func (s *Server) getOpenAPI(c echo.Context) error {
	return c.Blob(http.StatusOK, "application/yaml", openAPI)
}
