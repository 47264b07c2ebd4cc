package agentui

import (
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"tamas/inbox"
	"tamas/inbox/calendar"
	"tamas/inbox/record"
)

var calendarsSetting = &setting[[]record.Calendar]{inbox.CalendarsSetting, func() []record.Calendar { return []record.Calendar{} }, checkCalendars}

// checkCalendars refuses what no clock could count by, and to take away a calendar that is in use.
func checkCalendars(s *Server, old, v *[]record.Calendar) error {
	if *v == nil {
		*v = []record.Calendar{}
	}
	if len(*v) > 100 {
		return invalid("value", "There are more than 100 calendars.")
	}
	seen := map[string]bool{}
	for i := range *v {
		c := &(*v)[i]
		if err := checkKey(at("value", i, "id"), c.ID, seen); err != nil {
			return err
		}
		var err error
		if c.Name, err = text(at("value", i, "name"), c.Name, 1, 120, false); err != nil {
			return err
		}
		if _, err := calendar.Of(*c); err != nil {
			return calendarProblem(at("value", i), err)
		}
	}
	set := s.hub.Settings()
	for _, c := range *old {
		if seen[c.ID] {
			continue
		}
		for _, q := range set.Queues {
			if q.Routing.Calendar == c.ID && !q.Archived {
				return invalid("value", "The queue "+q.Name+" follows the calendar "+c.Name+".")
			}
		}
		for _, p := range set.SLA {
			if p.Calendar == c.ID {
				return invalid("value", "The promise "+p.Name+" follows the calendar "+c.Name+".")
			}
		}
	}
	return nil
}

func calendarProblem(within string, err error) error {
	var e *calendar.Error
	if !errors.As(err, &e) {
		return err
	}
	name, _, _ := strings.Cut(e.Field, "[")
	return invalid(within+"."+e.Field, name+" "+e.Message+".")
}

type openSpan struct {
	From record.Millis `json:"from"`
	To   record.Millis `json:"to"`
}

type calendarDay struct {
	Date    string     `json:"date"`
	Open    []openSpan `json:"open"`
	Holiday string     `json:"holiday,omitempty"`
}

// previewCalendar shows the dates of a calendar that need not be saved yet.
func (s *Server) previewCalendar(c echo.Context) error {
	in, err := decode[struct {
		Calendar *record.Calendar `json:"calendar"`
		From     record.Millis    `json:"from"`
		Days     int              `json:"days"`
	}](c)
	switch {
	case err != nil:
		return err
	case in.Calendar == nil:
		return invalid("calendar", "calendar is needed.")
	}
	if err := between("days", in.Days, 1, 400); err != nil {
		return err
	}
	cal, err := calendar.Of(*in.Calendar)
	if err != nil {
		return calendarProblem("calendar", err)
	}
	days := []calendarDay{}
	for _, d := range cal.Days(in.From.Time(), in.Days) {
		day := calendarDay{Date: d.Date, Open: []openSpan{}, Holiday: d.Holiday}
		for _, o := range d.Open {
			day.Open = append(day.Open, openSpan{record.At(o.From), record.At(o.To)})
		}
		days = append(days, day)
	}
	return c.JSON(http.StatusOK, map[string]any{"days": days})
}
