package inbox

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tamas/channels"
	"tamas/inbox/record"
)

func TestAlertsOf(t *testing.T) {
	now := time.UnixMilli(1_700_000_000_000)
	ago := func(d time.Duration) record.Millis { return record.At(now.Add(-d)) }
	on := record.Account{ID: "a", Name: "Support", Enabled: true, SilentMins: 60}
	never := on
	never.SilentMins = 0
	off := on
	off.Enabled = false
	tests := []struct {
		name string
		row  record.Account
		x    AccountHealth
		want string // kinds
	}{
		{"all is well", on, AccountHealth{State: "connected", FirstAt: ago(9 * time.Hour), MessageAt: ago(time.Minute)}, ""},
		{"silent", on, AccountHealth{State: "connected", FirstAt: ago(9 * time.Hour), MessageAt: ago(61 * time.Minute)}, "silent"},
		{"silent is allowed", never, AccountHealth{State: "connected", FirstAt: ago(9 * time.Hour)}, ""},
		{"no message yet", on, AccountHealth{State: "connected", FirstAt: ago(59 * time.Minute)}, ""},
		{"no message since it was connected", on, AccountHealth{State: "connected", FirstAt: ago(61 * time.Minute)}, "silent"},
		{"switched on anew", on, AccountHealth{State: "connected", FirstAt: ago(time.Minute), MessageAt: ago(9 * time.Hour)}, ""},
		{"never connected", on, AccountHealth{State: "connecting"}, ""},
		{"refused a moment ago", on, AccountHealth{State: "refused", TroubleAt: ago(119 * time.Second)}, ""},
		{"refused", never, AccountHealth{State: "refused", TroubleAt: ago(2 * time.Minute)}, "refused"},
		{"failing", on, AccountHealth{State: "failing", TroubleAt: ago(3 * time.Minute)}, "failing"},
		{"between two tries", on, AccountHealth{State: "connecting", TroubleAt: ago(3 * time.Minute)}, "failing"},
		{"both", on, AccountHealth{State: "refused", TroubleAt: ago(2 * time.Hour), MessageAt: ago(2 * time.Hour)}, "refused silent"},
		{"switched off", off, AccountHealth{State: "refused", TroubleAt: ago(2 * time.Hour), MessageAt: ago(2 * time.Hour)}, ""},
	}
	for _, tt := range tests {
		kinds := []string{}
		for _, a := range alertsOf(tt.row, tt.x, now) {
			kinds = append(kinds, a.Kind)
			if a.ID != a.Kind+":a" || a.Since == 0 || !strings.Contains(a.Text, "Support") {
				t.Errorf("%s: %+v", tt.name, a)
			}
		}
		if got := strings.Join(kinds, " "); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// Law of alerts: a trouble is shown to all nodes while it lasts, keeps its beginning and who saw it over a new leader and over an
// emptied Redis (which forgets who saw it), and goes when it is over.
func TestAlertsStandUntilOver(t *testing.T) {
	for _, s := range []store{{"in-process", "sqlite"}, {"redis-server", "sqlite"}} {
		t.Run(s.String(), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, s)
			r.tune = func(h *Hub) { h.alertEvery = 100 * time.Millisecond }
			r.user("ann", 3)
			o := running(r, func(ctx context.Context, d channels.Desk) error {
				<-ctx.Done()
				return ctx.Err()
			}, nil)
			h, stop := r.hub(o)
			other, _ := r.hub(o)
			var told atomic.Int32
			other.OnNews(func(b []byte) {
				if strings.Contains(string(b), `"t":"alerts"`) {
					told.Add(1)
				}
			})
			listens(t, h, other)
			since := record.At(time.Now().Add(-time.Hour))
			trouble := func(h *Hub, at record.Millis) {
				h.health.change(r.account.ID, func(x *AccountHealth, now record.Millis) bool {
					x.State, x.Detail, x.ReportedAt, x.TroubleAt = "refused", "wrong password", now, at
					return true
				})
			}
			trouble(h, since)
			eventually(t, "an alert on both", func() bool { return len(h.Alerts()) == 1 && len(other.Alerts()) == 1 && told.Load() > 0 })
			a := other.Alerts()[0]
			if a.Kind != "refused" || a.Since != since || a.Account != r.account.ID || !strings.Contains(a.Text, "wrong password") {
				t.Errorf("%+v", a)
			}
			if err := other.AckAlert(t.Context(), a.ID, "ann"); err != nil {
				t.Fatal(err)
			}
			if err := other.AckAlert(t.Context(), a.ID, "bob"); err != nil { // ann saw it first
				t.Fatal(err)
			}
			eventually(t, "seen", func() bool { return h.Alerts()[0].AckedBy == "ann" })
			if err := h.AckAlert(t.Context(), "silent:x", "ann"); code(err) != "not_found" {
				t.Error(err)
			}

			stop() // whether it leads or not: what it knows of the trouble would be heard again
			lead := other
			eventually(t, "the other leads", lead.Leading)
			trouble(lead, since+60_000) // a node that heard of it later does not make it younger
			if err := lead.keepAlerts(t.Context(), newAlertWatch()); err != nil {
				t.Fatal(err)
			}
			if list := lead.Alerts(); len(list) != 1 || list[0].Since != since || list[0].AckedBy != "ann" || list[0].AckedAt == 0 {
				t.Errorf("after the next leader: %+v", list)
			}

			if err := lead.rdb.Del(t.Context(), lead.keys.alerts(), lead.keys.health()).Err(); err != nil {
				t.Fatal(err)
			}
			eventually(t, "it is there again", func() bool {
				list := lead.Alerts()
				return len(list) == 1 && list[0].AckedBy == "" && list[0].Since == since+60_000
			})
			lead.health.report(r.account.ID, channels.Health{State: "connected"})
			eventually(t, "over", func() bool { return len(lead.Alerts()) == 0 })
			if n, err := lead.rdb.HLen(t.Context(), lead.keys.alerts()).Result(); n != 0 || err != nil {
				t.Errorf("%d are kept, %v", n, err)
			}
		})
	}
}
