package agentui

import (
	"testing"

	"tamas/inbox/record"
)

// What a rule of stages would change is told to supervisors, and changes nothing.
func TestStagesArePreviewed(t *testing.T) {
	r := boot(t)
	const path = "/settings/record/stages"
	rule := func(of record.StageRule) any { return map[string]any{"stage_rule": of} }
	ada := r.as("ada")
	bought := map[string]any{"id": "p1", "source": "test", "kind": "purchase", "at": "2024-01-01T10:00:00Z", "customer": map[string]string{"channel": "phone", "address": "+989121239876"},
		"data": map[string]any{"amount": 5, "currency": "EUR"}}
	ada.ok("POST", "/touches", bought, nil)
	preview := func(of record.StageRule) (moved record.StagesMoved) {
		ada.ok("POST", path, rule(of), &moved)
		return moved
	}
	r.until("the purchase counts", func() bool { return preview(record.StageRule{}).Stages[record.StageFirst] == 1 })
	if moved := preview(record.StageRule{LapsedMonths: 6}); moved.Customers != 1 || moved.Stages[record.StageLapsed] != 1 || moved.More {
		t.Errorf("%+v", moved)
	}
	if again := preview(record.StageRule{}); again.Customers != 1 {
		t.Errorf("a preview has changed what it tells: %+v", again)
	}
	ada.refused(422, codeInvalid, "stage_rule.active_months", "POST", path, rule(record.StageRule{Active: 2}))
	ada.refused(422, codeInvalid, "stage_rule.lapsed_months", "POST", path, rule(record.StageRule{LapsedMonths: 121}))
	r.as("leyla").refused(403, codeForbidden, "", "POST", path, rule(record.StageRule{}))
}
