package agentui

import (
	"strings"
	"testing"

	"tamas/inbox"
)

// Supervisors see how each account is doing, and may make it connect anew; agents may not.
func TestAccountHealth(t *testing.T) {
	r := boot(t)
	sam, leyla := r.as("sam"), r.as("leyla")
	connected := func() (at int64) {
		var out struct{ Accounts []inbox.AccountHealth }
		sam.ok("GET", "/accounts/health", nil, &out)
		for _, x := range out.Accounts {
			if x.ID == r.account && x.State == "connected" {
				return int64(x.ConnectedAt)
			}
		}
		return 0
	}
	r.until("connected", func() bool { return connected() > 0 })
	before := connected()
	sam.ok("POST", "/accounts/"+r.account+"/reconnect", nil, nil)
	r.until("connected anew", func() bool { return connected() > before })
	sam.refused(404, codeNotFound, "", "POST", "/accounts/none/reconnect", nil)
	leyla.refused(403, codeForbidden, "", "GET", "/accounts/health", nil)
	leyla.refused(403, codeForbidden, "", "POST", "/accounts/"+r.account+"/reconnect", nil)
}

// Alerts are the supervisors'; one that is not there cannot be acknowledged.
func TestAlerts(t *testing.T) {
	r := boot(t)
	sam, leyla := r.as("sam"), r.as("leyla")
	var out struct{ Alerts []inbox.Alert }
	sam.ok("GET", "/alerts", nil, &out)
	if out.Alerts == nil || len(out.Alerts) != 0 {
		t.Errorf("alerts of a hub that is well: %+v", out.Alerts)
	}
	sam.refused(404, codeNotFound, "", "POST", "/alerts/silent:none/ack", nil)
	leyla.refused(403, codeForbidden, "", "GET", "/alerts", nil)
}

// An alert is acknowledged under its id as browsers write it in an address, and ends with its rule.
func TestAlertsOfRules(t *testing.T) {
	r := boot(t)
	sam := r.as("sam")
	sam.ok("PUT", "/settings/alerts", anyMap{"value": []any{anyMap{"id": "long", "kind": "queue_length", "value": 0}}, "version": 0}, nil)
	r.says("sara", "hello")
	var out struct{ Alerts []inbox.Alert }
	alerts := func() []inbox.Alert {
		sam.ok("GET", "/alerts", nil, &out)
		return out.Alerts
	}
	r.until("an alert", func() bool { return len(alerts()) == 1 })
	sam.ok("POST", "/alerts/"+strings.ReplaceAll(out.Alerts[0].ID, ":", "%3A")+"/ack", nil, nil)
	r.until("acknowledged", func() bool { return len(alerts()) == 1 && out.Alerts[0].AckedBy == r.users["sam"].ID })
	sam.ok("PUT", "/settings/alerts", anyMap{"value": []any{}, "version": 1}, nil)
	r.until("over", func() bool { return len(alerts()) == 0 })
}
