package agentui

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"tamas/inbox/record"
)

const (
	pageSize    = 50  // items of a list, unless limit says otherwise
	maxPage     = 200 // items
	maxQuery    = 200 // bytes of what somebody searches for
	detailSize  = 50  // touches of an opened conversation
	maxDecision = 200
)

func (s *Server) listConversations(c echo.Context) error {
	f := record.Filter{Sight: s.sight(c), Channel: c.QueryParam("channel"), Account: c.QueryParam("account"), Owner: c.QueryParam("owner"),
		Tag: c.QueryParam("tag"), Before: c.QueryParam("before")}
	switch c.QueryParam("list") {
	case "mine":
		f.Mine = principalOf(c).User.ID
	case "asked":
		f.Asked = askedAs(principalOf(c))
	case "waiting":
		f.Waiting = true
	case "", "all":
	default:
		return invalid("list", "list must be one of mine, asked, waiting, all.")
	}
	if q := c.QueryParam("queue"); q != "" {
		f.Queues = []string{q}
	}
	switch status := c.QueryParam("status"); status {
	case "open":
		f.Open = true
	case "", string(record.Waiting), string(record.Offered), string(record.Active), string(record.Snoozed), string(record.Resolved):
		f.Status = record.Status(status)
	default:
		return invalid("status", "status must be one of open, waiting, offered, active, snoozed, resolved.")
	}
	var err error
	if f.Text, err = queryText(c); err != nil {
		return err
	}
	if f.Limit, err = queryInt(c, "limit", pageSize, 1, maxPage); err != nil {
		return err
	}
	page, err := s.db.Conversations(c.Request().Context(), f)
	if err != nil {
		return badPosition(err)
	}
	return c.JSON(http.StatusOK, page)
}

// askedAs are the names under which somebody is asked to look at conversations.
func askedAs(who *principal) []string {
	if who.atLeast(record.RoleSupervisor) {
		return []string{who.User.ID, record.AnySupervisor}
	}
	return []string{who.User.ID}
}

// queryText reads what somebody searches for.
func queryText(c echo.Context) (string, error) {
	q := strings.TrimSpace(c.QueryParam("q"))
	if len(q) > maxQuery {
		return "", invalid("q", "This is too long to search for.")
	}
	return strings.ToValidUTF8(q, ""), nil
}

// badPosition names a "before" that no list gave.
func badPosition(err error) error {
	if errors.Is(err, record.ErrCursor) {
		return invalid("before", "before is not of a list; take it from next.")
	}
	return err
}

func (s *Server) getCounts(c echo.Context) error {
	who := principalOf(c)
	counts, err := s.db.Counts(c.Request().Context(), who.User.ID, askedAs(who))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, counts)
}

func (s *Server) getConversation(c echo.Context) error {
	d, err := s.db.Conversation(c.Request().Context(), c.Param("id"), detailSize)
	if err != nil {
		return missing(err, "conversation")
	}
	if d.Touches, err = heard(c.Request().Context(), s, principalOf(c), d.Touches, itself); err != nil {
		return err
	}
	if id := d.Conversation.Customer.ID; id != "" {
		s.looked(c, record.SeenConversation, id)
	}
	withoutRaw(d.Touches)
	attributes, err := s.db.ConversationAttributes(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, struct {
		record.Detail
		Attributes record.Values `json:"attributes"`
	}{d, attributes})
}

func (s *Server) listTouches(c echo.Context) error {
	var before uint64
	if q := c.QueryParam("before"); q != "" {
		var err error
		if before, err = strconv.ParseUint(q, 10, 63); err != nil {
			return invalid("before", "before must be the n of a touch.")
		}
	}
	limit, err := queryInt(c, "limit", pageSize, 1, maxPage)
	if err != nil {
		return err
	}
	ctx, id := c.Request().Context(), c.Param("id")
	rows, earlier, err := s.db.Touches(ctx, id, before, limit)
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		if _, err := s.db.Conversation(ctx, id, 1); err != nil {
			return missing(err, "conversation")
		}
	}
	if rows, err = heard(ctx, s, principalOf(c), rows, itself); err != nil {
		return err
	}
	withoutRaw(rows)
	return c.JSON(http.StatusOK, struct {
		Items   []record.Touch `json:"items"`
		Earlier bool           `json:"earlier"`
	}{rows, earlier})
}

func (s *Server) listDecisions(c echo.Context) error {
	rows, err := s.db.Decisions(c.Request().Context(), c.Param("id"), maxDecision)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(rows))
}
