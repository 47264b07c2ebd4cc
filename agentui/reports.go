package agentui

import (
	"encoding/csv"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"tamas/inbox/record"
	"tamas/persian"
)

// figureView is a figure that can be asked for.
type figureView struct {
	ID           string   `json:"id"`
	NameEn       string   `json:"name_en"`
	NameFa       string   `json:"name_fa"`
	Unit         string   `json:"unit"`
	DefinitionEn string   `json:"definition_en"`
	DefinitionFa string   `json:"definition_fa"`
	By           []string `json:"by"`
	Clocks       []string `json:"clocks"`
	Percentiles  bool     `json:"percentiles"`
	Business     bool     `json:"business"`
}

func viewFigure(f *record.Figure) figureView {
	t := figureTexts[f.ID]
	v := figureView{ID: f.ID, NameEn: t.nameEn, NameFa: t.nameFa, Unit: f.Unit, DefinitionEn: t.en, DefinitionFa: t.fa, By: f.By, Clocks: f.Clocks, Percentiles: f.Percentiles}
	for _, c := range f.Clocks {
		v.Business = v.Business || c == record.ClockBusiness
	}
	if f.Percentiles {
		v.DefinitionEn += percentilesEn
		v.DefinitionFa += percentilesFa
	}
	if v.Business {
		v.DefinitionEn += businessEn
		v.DefinitionFa += businessFa
	}
	return v
}

func (s *Server) listFigures(c echo.Context) error {
	out := struct {
		Figures []figureView `json:"figures"`
	}{[]figureView{}}
	for _, f := range record.ReportFigures {
		out.Figures = append(out.Figures, viewFigure(f))
	}
	return c.JSON(http.StatusOK, out)
}

// reportView is a report with what it means.
type reportView struct {
	record.Report
	Definition string        `json:"definition"` // in the reader's language
	From       record.Millis `json:"from"`       // as widened to whole days, hours or half hours
	To         record.Millis `json:"to"`
	At         record.Millis `json:"at"` // when it was asked for
}

// getReport answers a report as JSON, or, for "<figure>.csv", as a table for spreadsheets.
func (s *Server) getReport(c echo.Context) error {
	id, asCSV := strings.CutSuffix(c.Param("figure"), ".csv")
	q, err := s.reportQuery(c, id)
	if err != nil {
		return err
	}
	r, err := s.db.Report(c.Request().Context(), q)
	if err != nil {
		return reportProblem(err)
	}
	if asCSV {
		return s.reportCSV(c, q, &r)
	}
	f := viewFigure(record.FigureOf(id))
	v := reportView{Report: r, Definition: f.DefinitionEn, From: r.From, To: r.To, At: q.Now}
	if principalOf(c).User.Locale == "fa" {
		v.Definition = f.DefinitionFa
	}
	return c.JSON(http.StatusOK, v)
}

func (s *Server) listReportTouches(c echo.Context) error {
	q, err := s.reportQuery(c, c.Param("figure"))
	if err != nil {
		return err
	}
	limit, err := queryInt(c, "limit", 50, 1, 200)
	if err != nil {
		return err
	}
	_, hasKey := c.QueryParams()["key"]
	items, next, err := s.db.ReportItems(c.Request().Context(), q, c.QueryParam("key"), hasKey, c.QueryParam("after"), limit)
	if err != nil {
		return reportProblem(err)
	}
	return c.JSON(http.StatusOK, struct {
		Items []record.ReportItem `json:"items"`
		Next  string              `json:"next,omitempty"`
	}{items, next})
}

// reportQuery reads what both share.
func (s *Server) reportQuery(c echo.Context, id string) (record.ReportQuery, error) {
	q := record.ReportQuery{Figure: id, By: c.QueryParam("by"), Step: c.QueryParam("step"), Queue: c.QueryParam("queue"), Agent: c.QueryParam("agent"),
		Channel: c.QueryParam("channel"), Tag: c.QueryParam("tag"), Clock: c.QueryParam("clock"), Now: s.hub.Now()}
	if record.FigureOf(id) == nil {
		return q, notFound("figure")
	}
	if q.By == record.FieldTier && !s.sight(c).Sees(record.FieldTier) { // its lists tell of each conversation
		return q, forbidden("Your role may not see this field.")
	}
	if q.By == record.ByTime && q.Step == "" {
		q.Step = "day"
	}
	for name, into := range map[string]*record.Millis{"from": &q.From, "to": &q.To} {
		n, err := strconv.ParseInt(c.QueryParam(name), 10, 64)
		if id == "backlog" && c.QueryParam(name) == "" { // it is of this moment
			n, err = int64(q.Now), nil
			if name == "to" {
				n++
			}
		}
		if err != nil || n < 0 {
			return q, invalid(name, name+" must be a time in milliseconds.")
		}
		*into = record.Millis(n)
	}
	firm, err := s.firm(c.Request().Context())
	if err != nil {
		return q, err
	}
	if q.Zone, err = time.LoadLocation(firm.Timezone); err != nil {
		q.Zone = time.UTC
	}
	if principalOf(c).User.Locale == "fa" {
		q.Month = persian.MonthOf
	}
	if q.Weekday = time.Monday; firm.Locale == "fa" {
		q.Weekday = time.Saturday
	}
	return q, nil
}

func reportProblem(err error) error {
	var wrong *record.ReportError
	if errors.As(err, &wrong) {
		return invalid(wrong.Field, wrong.Message)
	}
	return err
}

// reportCSV writes a line a row, with the definition above. Durations are in seconds, keys of queues and agents are names.
func (s *Server) reportCSV(c echo.Context, q record.ReportQuery, r *record.Report) error {
	ctx := c.Request().Context()
	names := map[string]string{}
	switch q.By {
	case record.ByQueue:
		list, err := s.db.Queues(ctx)
		if err != nil {
			return err
		}
		for _, x := range list {
			names[x.ID] = x.Name
		}
	case record.ByAgent:
		list, err := s.db.Users(ctx)
		if err != nil {
			return err
		}
		for _, x := range list {
			names[x.ID] = x.Name
		}
	}
	if q.By == record.ByPolicy {
		for _, x := range s.hub.Settings().SLA {
			names[x.ID] = x.Name
		}
	}
	v := viewFigure(record.FigureOf(q.Figure))
	h := c.Response().Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="`+q.Figure+`.csv"`)
	c.Response().WriteHeader(http.StatusOK)
	if _, err := c.Response().Write([]byte("\xef\xbb\xbf")); err != nil { // spreadsheets take it for Latin otherwise
		return err
	}
	w := csv.NewWriter(c.Response())
	name, definition := v.NameEn, v.DefinitionEn
	if principalOf(c).User.Locale == "fa" {
		name, definition = v.NameFa, v.DefinitionFa
	}
	_ = w.Write([]string{name, definition, "", "", "", "", "", "", ""}) // every line has as many, or readers refuse it
	_ = w.Write([]string{q.Figure, r.From.Time().In(q.Zone).Format(time.RFC3339), r.To.Time().In(q.Zone).Format(time.RFC3339), r.Clock, "", "", "", "", ""})
	_ = w.Write([]string{"key", "count", "of", "value", "mean", "p50", "p90", "p95", "max"})
	number := func(n *float64, unit string) string {
		if n == nil {
			return ""
		}
		if unit == record.UnitMs {
			return strconv.FormatFloat(*n/1000, 'f', -1, 64)
		}
		return strconv.FormatFloat(*n, 'f', -1, 64)
	}
	r.Total.Key = "total"
	for i, row := range append(r.Rows, r.Total) {
		key := row.Key
		switch {
		case i == len(r.Rows):
		case q.By == record.ByTime:
			ms, _ := strconv.ParseInt(key, 10, 64)
			key = record.Millis(ms).Time().In(q.Zone).Format("2006-01-02 15:04")
		case names[key] != "":
			key = names[key]
		}
		of := ""
		if row.Of != nil {
			of = strconv.FormatInt(*row.Of, 10)
		}
		_ = w.Write([]string{plainCell(key), strconv.FormatInt(row.Count, 10), of, number(row.Value, v.Unit),
			number(row.Mean, record.UnitMs), number(row.P50, record.UnitMs), number(row.P90, record.UnitMs), number(row.P95, record.UnitMs), number(row.Max, record.UnitMs)})
	}
	w.Flush()
	return w.Error()
}

// plainCell keeps a spreadsheet from taking a name for a formula.
func plainCell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
