package agentui

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"tamas/channels"
	"tamas/inbox"
	"tamas/inbox/record"
)

const maxTouches = 8 << 20 // bytes of what is logged at once

// postTouches logs what happened elsewhere: one touch, or {"touches": […]} with an answer to each. One that is alone and wrong is an error; in a
// list it holds up none of the others.
func (s *Server) postTouches(c echo.Context) error {
	body, err := readJSON(c, maxTouches)
	if err != nil {
		return err
	}
	by := record.Actor{Kind: "agent", ID: principalOf(c).User.ID}
	var list struct {
		Touches *[]json.RawMessage `json:"touches"`
	}
	if json.Unmarshal(body, &list); list.Touches == nil { //nolint:errcheck // what is wrong with it is found below
		var e record.Entry
		if err := decodeJSON(body, &e); err != nil {
			return err
		}
		out, err := s.hub.Log(c.Request().Context(), by, []record.Entry{e})
		if err != nil {
			return err
		}
		if wrong := out[0].Error; wrong != nil {
			return invalid(wrong.Field, wrong.Message)
		}
		return c.JSON(http.StatusOK, out[0])
	}
	if err := decodeJSON(body, &list); err != nil {
		return err
	}
	if n := len(*list.Touches); n > inbox.MaxLog {
		return invalid("touches", "At most 1,000 touches are taken at once.")
	}
	out := make([]inbox.Logged, len(*list.Touches))
	var entries []record.Entry
	var at []int // entries' places in out
	for i, raw := range *list.Touches {
		var e record.Entry
		err := decodeJSON(raw, &e)
		var wrong *problem
		switch {
		case errors.As(err, &wrong):
			var named struct {
				ID string `json:"id"`
			}
			_ = json.Unmarshal(raw, &named) // so that the sender knows which
			out[i] = inbox.Logged{ID: cut(named.ID, 256), Status: inbox.LogRefused, Error: &inbox.LogError{Field: wrong.Field, Message: wrong.Message}}
		case err != nil:
			return err
		default:
			entries, at = append(entries, e), append(at, i)
		}
	}
	logged, err := s.hub.Log(c.Request().Context(), by, entries)
	if err != nil {
		return err
	}
	for i, l := range logged {
		out[at[i]] = l
	}
	return c.JSON(http.StatusOK, listOf(out))
}

// listCustomerTouches is a customer's timeline, narrowed.
func (s *Server) listCustomerTouches(c echo.Context) error {
	f, err := timelineFilter(c)
	if err != nil {
		return err
	}
	return s.answerTimeline(c, []string{c.Param("id")}, f)
}

// timelineFilter reads what a timeline is narrowed to.
func timelineFilter(c echo.Context) (f record.TimelineFilter, err error) {
	f.Before, f.Agent = c.QueryParam("before"), c.QueryParam("agent")
	if f.Limit, err = queryInt(c, "limit", pageSize, 1, maxPage); err != nil {
		return f, err
	}
	if f.Text, err = text("text", c.QueryParam("text"), 0, 200, false); err != nil {
		return f, err
	}
	if _, err := text("agent", f.Agent, 0, 64, false); err != nil {
		return f, err
	}
	if f.Value, err = text("value", c.QueryParam("value"), 0, 8, false); err != nil {
		return f, err
	}
	for _, l := range []struct {
		field string
		into  *[]string
	}{{"kind", &f.Kinds}, {"channel", &f.Channels}} {
		v, err := text(l.field, c.QueryParam(l.field), 0, 400, false)
		if err != nil {
			return f, err
		}
		if v != "" {
			*l.into = strings.Split(v, ",")
		}
	}
	for _, l := range []struct {
		field string
		into  *record.Millis
	}{{"from", &f.From}, {"to", &f.To}} {
		if v := c.QueryParam(l.field); v != "" {
			n, err := strconv.ParseInt(v, 10, 64)
			if err != nil {
				return f, invalid(l.field, l.field+" must be a number.")
			}
			*l.into = record.Millis(n)
		}
	}
	return f, nil
}

// answerTimeline answers with the touches of customers, as far as the caller may see them.
func (s *Server) answerTimeline(c echo.Context, customers []string, f record.TimelineFilter) error {
	ctx := c.Request().Context()
	line, err := s.db.TimelineOf(ctx, customers, record.CutTo(s.sight(c), f))
	if err != nil {
		return missing(badPosition(err), "customer")
	}
	if line.Items, err = heard(ctx, s, principalOf(c), line.Items, func(t *record.TimelineTouch) *record.Touch { return &t.Touch }); err != nil {
		return err
	}
	if len(customers) == 1 && len(line.Items) > 0 {
		s.looked(c, record.SeenPage, customers[0])
	}
	for i := range line.Items {
		lighten(&line.Items[i].Touch)
	}
	return c.JSON(http.StatusOK, line)
}

// listKinds are the kinds of touches that are logged, the firm's own behind the hub's.
func (s *Server) listKinds(c echo.Context) error {
	return c.JSON(http.StatusOK, listOf(s.hub.Settings().Kinds))
}

var kindsSetting = &setting[[]record.Kind]{inbox.KindsSetting, func() []record.Kind { return []record.Kind{} }, checkKindsSetting}

// checkKindsSetting refuses kinds that touches could not be checked by. One that is left out is archived: what was logged keeps its name.
func checkKindsSetting(_ *Server, old, v *[]record.Kind) error {
	if *v == nil {
		*v = []record.Kind{}
	}
	for _, k := range *old {
		if !slices.ContainsFunc(*v, func(n record.Kind) bool { return n.ID == k.ID }) {
			k.Archived = true
			*v = append(*v, k)
		}
	}
	var wrong *channels.FieldError
	if err := record.CheckKinds("value", *v); errors.As(err, &wrong) {
		return invalid(wrong.Field, wrong.Field+": "+wrong.Reason+".")
	} else if err != nil {
		return err
	}
	return nil
}
