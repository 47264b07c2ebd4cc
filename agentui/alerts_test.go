package agentui

import (
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
