package inbox

import (
	"testing"
	"time"

	"tamas/inbox/record"
)

// Stages follow from purchases while the rule is on, whoever leads, and from those that were recorded while nobody carried it out.
func TestStagesByRule(t *testing.T) {
	for _, s := range []store{{"redis-server", "sqlite"}, {"redis-server", "postgres"}} {
		t.Run(s.String(), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, s)
			r.user("u1", 5)
			r.tune = func(h *Hub) { h.stagesEvery = 50 * time.Millisecond }
			h, stop := r.hub()
			ctx := t.Context()
			set, version := record.DefaultRecordSetting(), int64(0)
			save := func(enabled bool) {
				t.Helper()
				set.StageRule = record.StageRule{Enabled: enabled, Active: 2, ActiveMonths: 12, Loyal: 3, LoyalMonths: 12, LapsedMonths: 12}
				var err error
				if version, err = h.db.SetSetting(ctx, RecordSetting, version, set); err != nil {
					t.Fatal(err)
				}
				if err := h.SettingsChanged(ctx, RecordSetting); err != nil {
					t.Fatal(err)
				}
			}
			customer := h.db.IdentityOf("phone", "+989121234567", "").Customer
			stage := func(want string) {
				t.Helper()
				eventually(t, "the customer's stage is "+want, func() bool {
					p, err := h.db.Customer(ctx, customer)
					return err == nil && p.Customer.Stage == want
				})
			}
			mustLog(t, h, purchase("1", 10_000)) // before there is a rule
			save(true)
			stage(record.StageFirst)
			mustLog(t, h, purchase("2", 10_000))
			stage(record.StageActive)
			save(false)
			mustLog(t, h, purchase("3", 10_000))
			stop()
			h, _ = r.hub()
			save(true)
			stage(record.StageLoyal)
		})
	}
}
