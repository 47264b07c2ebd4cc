package agentui

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"tamas/inbox/record"
)

// previewFor is how long a request looks at what a rule of stages would change.
const previewFor = 8 * time.Second

// previewStages tells what a rule of stages would change if it were switched on now.
func (s *Server) previewStages(c echo.Context) error {
	in, err := decode[struct {
		Rule record.StageRule `json:"stage_rule"`
	}](c)
	if err != nil {
		return err
	}
	if err := checkStageRule("stage_rule", &in.Rule); err != nil {
		return err
	}
	set := s.hub.Settings().Record
	set.StageRule = in.Rule
	moved, err := s.hub.PreviewStages(c.Request().Context(), &set, time.Now().Add(previewFor))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, moved)
}

func checkStageRule(field string, r *record.StageRule) error {
	for _, x := range []struct {
		name string
		n    int
		most int
	}{{"active", r.Active, 1000}, {"active_months", r.ActiveMonths, 120}, {"loyal", r.Loyal, 1000}, {"loyal_months", r.LoyalMonths, 120}, {"lapsed_months", r.LapsedMonths, 120}} {
		if err := between(field+"."+x.name, x.n, 0, x.most); err != nil {
			return err
		}
	}
	if r.Active > 0 && r.ActiveMonths == 0 {
		return invalid(field+".active_months", "Say within how many months.")
	}
	if r.Loyal > 0 && r.LoyalMonths == 0 {
		return invalid(field+".loyal_months", "Say within how many months.")
	}
	return nil
}
